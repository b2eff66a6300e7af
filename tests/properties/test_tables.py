"""Laws of the event tables: every row of any mess is accounted for, with a reason; no order decides anything."""

import re
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.records import KeyFile, Mapping, SchoolRecords, describe_data
from pumpurs_risk.records.raw_table import RawTable
from pumpurs_risk.records.uniting.gathering import Gathering

DAY = "2027-01-15"
CATALOGUE = Catalogue.load()
IDS = st.sampled_from(["1", "2", "3", " 4 ", "99", "150309-21234", "", "Kopā", "pupil_id", "#N/A"])
DAYS = st.sampled_from(
    ["2026-10-05", "05.10.2026.", "6.10.2026", "31.02.2026", "", "2026-10-05T08:00:00+03:00", "x", "2051-01-01"]
)
STATUSES = st.sampled_from(["n", "ns", "late", "present", "absent_open", "7", "", "kas", "excused_illness"])
MARKS = st.sampled_from(
    ["7", "7,5", "7(p.d.)", "4|7", "7 8(p.d.) nv", "n", "nv", "85%", "11", "", "7/10", "S", "7; 8", "joks"]
)
KINDS = st.sampled_from(["daily", "semester", "", "test", "kas"])
SCHOOLS = st.sampled_from(["a", "b", ""])


def a_table(draw, most, **columns):
    n = draw(st.integers(0, most))
    return pd.DataFrame(
        {name: draw(st.lists(each, min_size=n, max_size=n)) for name, each in columns.items()}, dtype=object
    )


@st.composite
def rolls(draw):
    """A table of pupils as people leave it: repeated, in two schools, of levels that nobody looks at."""
    semesters = st.sampled_from(["2026/2027-1", "2025/2026-2", "", "2026/2027-9"])
    levels = st.sampled_from(["9", "9.", "3", "12", "", "x"])
    return a_table(draw, 8, pupil_id=IDS, school_id=SCHOOLS, semester=semesters, level=levels)


@st.composite
def messes(draw):
    """Event tables in which anything may be wrong."""
    return {
        "absences": a_table(draw, 12, pupil_id=IDS, date=DAYS, lesson=st.sampled_from(["1", "2", ""]), status=STATUSES),
        "marks": a_table(
            draw, 12, pupil_id=IDS, subject=st.sampled_from(["Fizika", ""]), date=DAYS, kind=KINDS, mark=MARKS
        ),
    }


KEY = KeyFile.open_or_new(Path(tempfile.gettempdir(), "none-of-this-is-written.key.json"))


def taken(pupils, tables):
    return SchoolRecords.from_tables(pupils=pupils, **tables, as_of=DAY, catalogue=CATALOGUE, key=KEY)


def conserved(records, sizes):
    counts = records.report.counts
    assert (counts["rows_in"] == counts["used"] + counts["not_used"] + counts["rejected"]).all()
    assert (counts[["used", "not_used", "rejected"]] >= 0).all(axis=None)
    assert counts.groupby("table")["rows_in"].sum().to_dict() == sizes


@given(rolls(), messes(), st.sampled_from(["lv", "en"]))
def test_every_row_of_any_mess_is_accounted_for(pupils, tables, lang):
    records = taken(pupils, tables)
    conserved(records, {"pupils": len(pupils)} | {name: len(frame) for name, frame in tables.items()})
    known = set(records.pupils_known["pupil_id"])
    for name in tables:
        assert set(records.tables[name]["pupil_id"].to_pylist()) <= known
    assert known == set(records.pupils["pupil_id"].to_pylist())
    assert not known & set(records.out_of_scope["pupil_id"])
    assert records.out_of_scope["pupil_id"].is_unique
    messages = records.report.messages(lang)
    assert len(messages) == len(records.report.problems) and all(messages)
    assert not any(re.search(r"\{\w+\}", message) for message in messages)


@given(rolls(), messes())
def test_every_row_that_is_not_used_has_a_reason(pupils, tables):
    records = taken(pupils, tables)
    told = describe_data(records, "en")
    for name in ("absences", "pupils"):
        part = told[told["table"] == name]
        reasons = sum(int(n) for why in part["why"] for n in re.findall(r"\((\d+)\)", why))
        assert reasons == part["not_used"].sum() + part["rejected"].sum() - (
            len(pupils_left_out(records)) if name == "pupils" else 0
        )


def pupils_left_out(records):
    """Rows of the roll about pupils out of scope: these stand in ``out_of_scope``, one per pupil."""
    counts = records.report.counts
    mine = counts[counts["table"] == "pupils"]
    collapsed = (records.report.problems["action"] == "row_collapsed") & (records.report.problems["file"] == "pupils")
    return range(int(mine["not_used"].sum()) - int(collapsed.sum()))


@given(rolls(), messes(), st.randoms(use_true_random=False))
def test_no_order_of_rows_decides_anything(pupils, tables, random):
    def shuffled(frame):
        order = list(range(len(frame)))
        random.shuffle(order)
        return frame.iloc[order].reset_index(drop=True)

    def facts(records):
        return {name: sorted(map(str, table.to_pylist())) for name, table in records.tables.items()}

    one = taken(pupils, tables)
    other = taken(shuffled(pupils), {name: shuffled(frame) for name, frame in tables.items()})
    assert facts(one) == facts(other)
    assert sorted(one.out_of_scope["pupil_id"]) == sorted(other.out_of_scope["pupil_id"])


MAPPING = Mapping.from_text(
    """
[[tables]]
table = "absences"
where = { Veids = ["n", "ns", "late"] }
[tables.columns]
pupil_id = "Nr"
date = "Diena"
status = "Veids"
[[tables]]
table = "marks"
[tables.columns]
pupil_id = "Nr"
date = "Diena"
subject = "Stunda"
mark = "Atzīme"
"""
)


@st.composite
def exports(draw):
    return a_table(draw, 12, Nr=IDS, Diena=DAYS, Stunda=st.sampled_from(["Fizika", ""]), Veids=STATUSES, Atzīme=MARKS)


@given(rolls(), exports())
def test_rows_that_a_mapping_leaves_out_are_counted_in_every_table_it_makes(pupils, export):
    def raw(file, frame, table=""):
        columns = {name: pa.array(frame[name].tolist(), pa.string()) for name in frame}
        return RawTable(file, "", "", columns, np.arange(2, len(frame) + 2), table=table)

    gathering = Gathering(CATALOGUE, as_of=DAY, key=KEY, mapping=MAPPING)
    records = SchoolRecords(**gathering.gather([raw("pupils.csv", pupils, "pupils"), raw("export.csv", export)]))
    conserved(records, {"pupils": len(pupils), "absences": len(export), "marks": len(export)})
