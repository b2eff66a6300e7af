"""What stands on the cover and in the heading row is found whatever language and order it is written in."""

import pytest

from pumpurs_risk.records.reading.cover import COVER_KEYS, read_cover
from pumpurs_risk.records.reading.headings import column_names, find_heading_row

KNOWN = {"Klase", "Vecums", "Identifikators", "pupil_id"}.__contains__


def test_every_label_is_read_in_both_languages():
    latvian = [
        "Skola",
        "Pašvaldība",
        "Datums",
        "Semestris",
        "Programma",
        "Vietas (atbalsta plāni)",
        "Notikušās stundas",
    ]
    english = ["SCHOOL:", "Municipality", "Date", "Semester", "Programme", "Places (support plans)", " lessons  held :"]
    for words in (latvian, english):
        rows = [[word, str(number)] for number, word in enumerate(words)]
        assert read_cover(rows) == {key: str(number) for number, key in enumerate(COVER_KEYS)}


def test_each_class_may_have_its_own_number_of_lessons():
    rows = [
        ["Skola", "Tukuma 2."],
        ["", ""],
        ["", "Klase", "Notikušās stundas"],
        ["", "9.a", "480"],
        ["", "2026-09-01", "470"],
        ["", "", ""],
        ["Datums", "2027-01-15"],
    ]
    assert read_cover(rows) == {
        "school": "Tukuma 2.",
        "lessons_held:9.a": "480",
        "lessons_held:1.9": "470",
        "as_of": "2027-01-15",
    }


def test_label_and_value_in_one_cell_are_parted_and_the_first_value_counts():
    assert read_cover([["Skola: A:B"], ["Skola", "C"], ["Kaut kas: cits"]]) == {"school": "A:B"}
    assert read_cover([["Skola", ""], ["Skola", "C"]]) == {"school": "C"}


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        ([["Skola", "X"], ["", ""], ["Klase", "Vecums"], ["9.a", "15"]], 2),
        ([["Klase", "x"], ["Klase", "Vecums"]], 1),
        ([["Klase", "Klase"]], None),  # one heading twice is one
        ([["Identifikators", "?"]], 0),
        ([["Klase", "?"]], None),
        ([["", ""]] * 20 + [["Klase", "Vecums"]], None),
        ([], None),
    ],
)
def test_the_heading_row_is_the_one_with_most_known_headings(rows, index):
    assert find_heading_row(rows, KNOWN) == index


def test_without_known_headings_the_first_row_that_holds_anything_is_taken():
    assert find_heading_row([["", " "], ["x", ""]], None) == 1


def test_equal_headings_get_names_of_their_own_and_none_is_lost():
    names, notices = column_names([" Klase", "Klase", "Klase (2)", "", "Klase", ""])
    assert names == ["Klase", "Klase (3)", "Klase (2)", "", "Klase (4)", ""]
    assert [notice.value for notice in notices] == ["Klase (3)", "Klase (4)"]
