"""Taking one pupil out loses nothing of anybody else, whatever people wrote."""

import datetime as dt
import io
import re
import zipfile

import msgspec
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pumpurs_risk.batch.retention.tables import without_records
from pumpurs_risk.batch.retention.traces import Traces, stands_in
from pumpurs_risk.batch.retention.workbooks import Workbook
from pumpurs_risk.reports import SchoolPaper, write_support_staff_workbook

HOSTILE = ("=1+1", "<b>&amp;</b>", "{{ 7*7 }}", "\u202eabc", "😀", "a" * 500, "', ]]>", "Anna", "")
words = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30))
summary = {"above": 0, "places": 3, "not_covered": 0, "threshold": 0.1}


def paper(people):
    columns = ["pupil_id", "shown", "class_id", "decision", "note", "reason_1"]
    listed = pd.DataFrame(people, columns=columns).assign(
        tier="act_now", certainty="sure", reason_2="", step="", role_name="", due=dt.date(2027, 1, 29), always_look="",
        order=range(len(people)), change="",
    )  # fmt: skip
    details = listed[["pupil_id", "shown", "class_id"]].assign(kind="total", sentence="", contribution=-1.0)
    base = details.assign(kind="base")
    both = pd.concat([base, details]).sort_values("pupil_id", kind="stable")
    return SchoolPaper("s", "Skola", dt.date(2027, 1, 15), dt.date(2027, 5, 28), summary, listed=listed, details=both)


def cells(path_or_buffer):
    book = Workbook(path_or_buffer)
    return {
        (sheet, row.number, cell.ref): cell.text
        for sheet, rows in book.sheets.items()
        for row in rows
        for cell in row.cells
    }, book


@given(st.lists(st.tuples(words, words, words), min_size=2, max_size=5), st.data())
def test_every_cell_of_others_is_what_it_was(said, data):
    people = [
        (f"mezs:pupil{i}", f"{name} Nr{i}", "9.a", "confirmed", note, reason)
        for i, (name, note, reason) in enumerate(said)
    ]
    gone = data.draw(st.integers(0, len(people) - 1))
    written = io.BytesIO()
    write_support_staff_workbook(written, paper(people))
    before, book = cells(io.BytesIO(written.getvalue()))
    pupil = Traces(frozenset([people[gone][0]])).also(
        schools=["s"], classes=["9.a"], shown=[book.people[people[gone][0]][0]]
    )
    rows = {(sheet, row.number) for sheet, row, _ in book.rows_about(pupil)}
    cleaned = book.without(pupil)
    after, _ = cells(io.BytesIO(cleaned.content))
    assert after == {place: "" if place[:2] in rows else words for place, words in before.items()}
    assert {people[gone][0]} == {i for i in book.people if not any(i == words for words in after.values())}
    with zipfile.ZipFile(io.BytesIO(cleaned.content)) as archive:
        assert not any(people[gone][0].encode() in archive.read(name) for name in archive.namelist())
        for name in archive.namelist():
            if not re.search(r"worksheets/|sharedStrings", name):
                assert archive.read(name) == book.parts[name]


@given(st.recursive(st.one_of(st.integers(), words), lambda inner: st.one_of(
    st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)), max_leaves=8))  # fmt: skip
def test_a_document_loses_records_of_the_pupil_and_nothing_else(document):
    pupil = Traces(frozenset(["mezs:pupil1"]))
    mine = {"pupil_id": "mezs:pupil1", "x": document}
    theirs = {"pupil_id": "mezs:pupil2", "x": document}
    whole = msgspec.json.encode({"all": [mine, theirs, document], "rest": document})
    left, gone = without_records(whole, pupil)
    assert gone == 1
    assert msgspec.json.decode(left) == {"all": [theirs, document], "rest": document}
    assert without_records(msgspec.json.encode(mine), pupil) is None
    assert without_records(msgspec.json.encode([theirs]), pupil) == (msgspec.json.encode([theirs]), 0)


@given(words, words, words)
def test_a_name_is_found_as_a_whole_and_only_so(before, name, after):
    name = f"A{name}b".strip()
    assert stands_in(name, f"{before} {name} {after}")
    assert not stands_in(name, f"x{name}y")
