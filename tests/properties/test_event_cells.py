"""Laws of event tables: what is written in the journal's way is what is read; every row is accounted for; order is nothing."""

import datetime as dt

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.records.raw_table import RawTable
from pumpurs_risk.records.tables import TABLES, table_contracts
from pumpurs_risk.records.tables.keys import Places, collapse
from pumpurs_risk.records.tables.mark_cells import OneMark
from pumpurs_risk.records.tables.typing import type_rows
from pumpurs_risk.records.validation.cells import Whereabouts, find_columns
from pumpurs_risk.records.validation.report import ProblemLog, ValidationReport

CATALOGUE = Catalogue.load()
CONTRACTS = table_contracts(CATALOGUE)
SEMESTERS = list(CATALOGUE.calendar)
DAYS = st.dates(CATALOGUE.calendar.bounds(SEMESTERS[0])[0], CATALOGUE.calendar.bounds(SEMESTERS[-1])[1])
TESTS = ["p.d.", "PD", "kd", "ieskaite", "tests"]
SIGNS = {"nv": "nv", "NV": "nv", "i": "pass", "ni": "fail", "a": "exempt", "atb": "exempt"} | dict(
    zip("STAP", "STAP", strict=True)
)
JUNK = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)


def typed(name, columns, *, lang="lv", file="f.csv"):
    arrays = {each: pa.array(cells) for each, cells in columns.items()}
    size = len(next(iter(arrays.values())))
    raw, log = RawTable(file, "", "", arrays, np.arange(2, size + 2)), ProblemLog()
    headings = find_columns(raw, CONTRACTS[name], log)
    kept, school = np.arange(size), np.full(size, "s", dtype=object)
    rows = type_rows(raw, CONTRACTS[name], headings, kept, school, log, lang=lang, catalogue=CATALOGUE)
    return rows, log, Whereabouts(raw, kept, school, headings, log)


def plain(points):
    return f"{points:g}".replace(".", ",")


@st.composite
def one_mark(draw):
    """A mark, and how a journal writes it."""
    points = st.integers(1, 10).map(float) | st.sampled_from([4.5, 7.5, 9.25])
    way = draw(st.sampled_from(["plain", "test", "corrected", "percent", "points", "sign"]))
    gap = draw(st.sampled_from(["", " "]))
    if way == "plain":
        mark = draw(points)
        return OneMark(mark), plain(mark)
    if way == "test":
        mark = draw(points)
        return OneMark(mark, kind="test"), f"{plain(mark)}{gap}({draw(st.sampled_from(TESTS))})"
    if way == "corrected":
        before, after = draw(points), draw(points)
        return OneMark(before, corrected_mark=after), f"{plain(before)}{gap}|{gap}{plain(after)}"
    if way == "percent":
        percent = float(draw(st.integers(0, 100)))
        return OneMark(percent=percent), f"{plain(percent)}{gap}%"
    if way == "points":
        whole = draw(st.integers(1, 60))
        part = draw(st.integers(0, whole))
        return OneMark(percent=100 * part / whole), f"{part}{gap}/{gap}{whole}"
    written = draw(st.sampled_from(sorted(SIGNS)))
    return OneMark(sign=SIGNS[written]), written


@st.composite
def journals(draw):
    """Cells of marks and what they hold."""
    cells = draw(st.lists(st.lists(one_mark(), min_size=1, max_size=4), min_size=1, max_size=8))
    between = st.sampled_from([" ", ", ", "; ", ";", "  ", ",\u00a0"])
    texts = []
    for marks in cells:
        text = marks[0][1]
        for _, written in marks[1:]:
            text += draw(between) + written
        texts.append(draw(st.sampled_from(["", " "])) + text)
    return [[mark for mark, _ in marks] for marks in cells], texts


@given(journals())
def test_marks_written_in_the_journals_way_are_read_back(journal):
    cells, texts = journal
    n = len(texts)
    rows, log, _ = typed(
        "marks", {"ID": ["7"] * n, "Priekšmets": ["F"] * n, "Datums": ["05.10.2026."] * n, "Atzīme": texts}
    )
    assert not len(log.frame())
    flat = [(at, mark) for at, marks in enumerate(cells) for mark in marks]
    assert rows.source.tolist() == [at for at, _ in flat]
    for each in ("mark", "sign", "percent", "corrected_mark", "corrected_sign"):
        told = rows.columns[each].to_pylist() if each in rows.columns else [None] * len(flat)
        assert told == [getattr(mark, each) for _, mark in flat], each
    assert rows.columns["kind"].to_pylist() == [mark.kind or "daily" for _, mark in flat]


def values_of(name, each):
    """Typed values of a column that no rule between columns forbids."""
    field = CONTRACTS[name].fields[each]
    if each == "factor":
        return st.just("motivation")
    if each == "value":
        return st.sampled_from([0.0, 1.0, 2.0, 3.0])
    if field.kind == "code":
        return st.sampled_from(sorted(field.words))
    if field.kind in ("text", "name"):
        return st.text("abcdeĀž 123", min_size=1, max_size=6).map(lambda text: " ".join(text.split())).filter(bool)
    if field.kind == "date":
        return DAYS
    if field.kind == "semester":
        return st.sampled_from(SEMESTERS)
    if field.kind == "programme":
        return st.sampled_from(["general", "evening", "vocational"])
    if field.kind == "yes_no":
        return st.sampled_from([0.0, 1.0])
    low, high = field.minimum or (1.0 if field.kind == "mark_cell" else 0.0), min(field.maximum or 10.0, 2050.0)
    if field.kind in ("whole", "rated", "year", "level"):
        return st.integers(int(low), int(high)).map(float)
    return st.floats(low, high, allow_subnormal=False).filter(lambda value: "e" not in repr(value))


@st.composite
def whole_tables(draw):
    name = draw(st.sampled_from(TABLES))
    n = draw(st.integers(1, 6))
    contract = CONTRACTS[name]
    columns = {}
    for each in contract.columns:
        if each in ("pupil_id", "school_id"):
            continue
        strategy = values_of(name, each)
        columns[each] = draw(
            st.lists(
                strategy if each in (*contract.needed_in_row, "mark") else st.none() | strategy, min_size=n, max_size=n
            )
        )
    for late, early, _ in contract.not_before:
        columns[late] = [a and b and max(a, b) for a, b in zip(columns[late], columns[early], strict=True)]
    for part, whole in contract.not_more_than:
        both = zip(columns[part], columns[whole], strict=True)
        columns[part] = [a if a is None or b is None else min(a, b) for a, b in both]
    return name, columns


@given(whole_tables())
def test_typed_rows_typed_again_stay_what_they_are(whole):
    name, columns = whole
    if name == "pupils":  # a class says the level where the row does not
        columns["class_id"] = [None] * len(columns["class_id"])
    types = CONTRACTS[name].arrow_schema
    arrays = {each: pa.array(cells, types.field(each).type) for each, cells in columns.items()}
    rows, log, _ = typed(name, arrays)
    assert not (log.frame()["severity"] == "set_aside").any(), ValidationReport.of(log).messages("en")
    for each, cells in arrays.items():
        assert rows.columns[each].to_pylist() == cells.to_pylist(), each


@st.composite
def messy_tables(draw):
    """Anything in any cell, good values among it."""
    name = draw(st.sampled_from(TABLES))
    n = draw(st.integers(1, 6))
    good = {
        "date": ["05.10.2026.", "2026-10-05"],
        "mark_cell": ["7 8(p.d.) nv", "4|7", "n"],
        "semester": ["2026/2027-1"],
    }
    columns = {}
    for each in CONTRACTS[name].columns:
        field = CONTRACTS[name].fields[each]
        words = [word for said in field.words.values() for word in said][:20]
        known = st.sampled_from(good.get(field.kind, []) + words + ["1", "", "-1", "31.02.2026", "zz", "#REF!", "nv"])
        columns[each] = draw(st.lists(known | JUNK, min_size=n, max_size=n))
    return name, columns


@given(messy_tables(), st.sampled_from(["lv", "en"]))
def test_whatever_stands_in_the_cells_every_row_is_typed_rejected_or_said_to_be_without_mark(messy, lang):
    name, columns = messy
    rows, log, _ = typed(name, columns, lang=lang)
    n = len(next(iter(columns.values())))
    used, rejected = set(rows.source.tolist()), set(rows.rejected.tolist())
    assert not used & rejected and used | rejected <= set(range(n))
    problems = log.frame()
    named = problems[problems["action"] == "row_rejected"]["row"].tolist()
    assert sorted(named) == sorted(at + 2 for at in rejected)
    if name != "marks":
        assert used | rejected == set(range(n))
    elif len(used) + len(rejected) < n:
        assert problems["code"].isin(["tables.rows_without_mark", "tables.not_handed_in"]).any()
    for each, values in rows.columns.items():
        assert values.type == CONTRACTS[name].arrow_schema.field(each).type and len(values) == len(rows.source)
    assert all(ValidationReport.of(log).messages(lang))


@st.composite
def repeated_absences(draw):
    row = st.tuples(
        st.sampled_from(["1", "2"]),
        st.sampled_from(["2026-10-05", "2026-10-06"]),
        st.sampled_from(["", "1", "2"]),
        st.sampled_from(["n", "ns", "late"]),
        st.sampled_from(["", "2026-10-07", "2026-10-08"]),
    )
    return draw(st.lists(st.lists(row, min_size=1, max_size=6), min_size=1, max_size=3))


@given(repeated_absences(), st.randoms(use_true_random=False))
def test_what_is_left_of_repeated_rows_does_not_depend_on_the_order_of_files(files, random):
    def left(order):
        parts, wheres, sources = [], [], []
        for number, rows in enumerate(order):
            columns = dict(
                zip(
                    ["pupil_id", "date", "lesson", "status", "recorded_on"],
                    map(list, zip(*rows, strict=True)),
                    strict=True,
                )
            )
            found, _, where = typed("absences", columns, file=f"{number}.csv")
            parts.append(
                pa.table({"pupil_id": pa.array(columns["pupil_id"]).take(pa.array(found.source)), **found.columns})
            )
            wheres.append(where)
            sources.append(found.source)
        table = np.repeat(np.arange(len(order)), [len(source) for source in sources])
        places = Places(wheres, table, np.concatenate(sources))
        made = collapse(pa.concat_tables(parts), CONTRACTS["absences"], places, ProblemLog())
        columns = [
            each
            for each in ("pupil_id", "date", "lesson", "status", "recorded_on", "record_id")
            if each in made.column_names
        ]
        rows = made.select(columns).to_pylist()
        return sorted(repr([row.get(each) for each in (*columns, "record_id")]) for row in rows), made

    one, made = left(files)
    shuffled = list(files)
    random.shuffle(shuffled)
    assert left(shuffled)[0] == one
    twice, _ = left([*files, files[0]])
    assert twice == one
    assert made.num_rows <= sum(len(rows) for rows in files)


@given(DAYS)
def test_a_day_is_the_same_day_however_it_is_written(day):
    ways = [
        day.isoformat(),
        f"{day:%d.%m.%Y.}",
        f"{day:%d.%m.%Y}",
        f"{day.day}.{day.month}.{day.year}.",
        f"{day}T23:59:00+03:00",
    ]
    rows, _, _ = typed("absences", {"ID": ["7"] * 5, "Datums": ways, "Kavējums": ["n"] * 5})
    assert rows.columns["date"].to_pylist() == [day] * 5
    assert all(isinstance(each, dt.date) for each in rows.columns["date"].to_pylist())
