"""Marks as journals write them."""

import pytest

from pumpurs_risk.records.tables.mark_cells import MarkWords, OneMark, read_cells


@pytest.fixture(scope="module")
def words(contracts):
    marks = contracts["marks"]
    return MarkWords(marks.fields["sign"], marks.fields["kind"], marks.words["unknown"])


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("7", [OneMark(7)]),
        ("7,5", [OneMark(7.5)]),
        ("7.5", [OneMark(7.5)]),
        ("10", [OneMark(10)]),
        ("7(p.d.)", [OneMark(7, kind="test")]),
        ("7 (PD)", [OneMark(7, kind="test")]),
        ("7( p. d. )", [OneMark(7, kind="test")]),
        ("8(MD)", [OneMark(8, kind="daily")]),
        ("4|7", [OneMark(4, corrected_mark=7)]),
        ("4(p.d.)|7", [OneMark(4, corrected_mark=7, kind="test")]),
        ("2 | 3 | 6", [OneMark(2, corrected_mark=6)]),
        ("nv|6", [OneMark(sign="nv", corrected_mark=6)]),
        ("n|6", [OneMark(corrected_mark=6)]),
        ("6|nv", [OneMark(6, corrected_sign="nv")]),
        ("7 8(p.d.) nv", [OneMark(7), OneMark(8, kind="test"), OneMark(sign="nv")]),
        ("7, 8", [OneMark(7), OneMark(8)]),
        ("7,5, 8;9", [OneMark(7.5), OneMark(8), OneMark(9)]),
        ("7,", [OneMark(7)]),
        ("85%", [OneMark(percent=85)]),
        ("85,5 %", [OneMark(percent=85.5)]),
        ("7/10", [OneMark(percent=70)]),
        ("7 / 10", [OneMark(percent=70)]),
        ("60%|80%", [OneMark(percent=80)]),
        ("nv", [OneMark(sign="nv")]),
        ("NV", [OneMark(sign="nv")]),
        ("nav vērtējuma", [OneMark(sign="nv")]),
        ("i", [OneMark(sign="pass")]),
        ("ni", [OneMark(sign="fail")]),
        ("a", [OneMark(sign="exempt")]),
        ("atb.", [OneMark(sign="exempt")]),
        ("A", [OneMark(sign="A")]),
        ("S T", [OneMark(sign="S"), OneMark(sign="T")]),
        ("apguvis padziļināti", [OneMark(sign="P")]),
        ("-", []),
        ("", []),
        ("11", [OneMark(fault="out_of_range")]),
        ("0", [OneMark(fault="out_of_range")]),
        ("-3", [OneMark(fault="out_of_range")]),
        ("120%", [OneMark(fault="share_out_of_range")]),
        ("12/10", [OneMark(fault="share_out_of_range")]),
        ("3/0", [OneMark(fault="share_out_of_range")]),
        ("abc", [OneMark(fault="not_a_mark")]),
        ("7(4)", [OneMark(fault="not_a_mark")]),
        ("4|", [OneMark(fault="not_a_mark")]),
        ("7(p.d.", [OneMark(fault="not_a_mark")]),
        ("7 zz", [OneMark(7), OneMark(fault="not_a_mark")]),
        ("7(olimpiāde)", [OneMark(7, unknown_kind="olimpiāde")]),
    ],
)
def test_a_cell_and_its_marks(words, written, expected):
    assert words.read(written) == expected


def test_work_that_is_not_handed_in_is_no_mark(words):
    cells = read_cells(["n", "7 n", "N"], words)
    assert cells.count.tolist() == [0, 1, 0]
    assert cells.not_handed_in.tolist() == [True, True, True]


def test_marks_of_distinct_cells_stand_in_order(words):
    cells = read_cells(["7 8", None, "4|7", "abc"], words)
    assert cells.start.tolist() == [0, 2, 2, 3] and cells.count.tolist() == [2, 0, 1, 1]
    assert cells.columns["mark"].tolist() == [7.0, 8.0, 4.0, None]
    assert cells.columns["corrected_mark"].tolist() == [None, None, 7.0, None]
    assert cells.fault.tolist() == ["", "", "", "not_a_mark"]
