"""Cells as people write them."""

from unicodedata import normalize

import numpy as np
import pyarrow as pa
import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.errors import RecordsError
from pumpurs_risk.records.contract import SheetContract
from pumpurs_risk.records.validation.parsing import as_day, calendar_days, is_course, parse, tidy

CONTRACT = SheetContract.load(Catalogue.load())


def read(field_id, *cells):
    parsed = parse(pa.array(list(cells), pa.string()), CONTRACT.fields[field_id], CONTRACT.words)
    codes = [next((code for code, bad in parsed.faults.items() if bad[i]), None) for i in range(len(cells))]
    values = parsed.values.to_pylist() if isinstance(parsed.values, pa.Array) else parsed.values.tolist()
    return values, codes


def same(found, wanted):
    np.testing.assert_array_equal(np.array(found, float), np.array(wanted, float))


def test_decimal_comma_and_point_spaces_and_apostrophes_are_read():
    values, codes = read("mean_mark", "7,5", "7.5", " 7,5 ", "7,5\u00a0", "'7,5", "+7,5", "7", "7,")
    same(values, [7.5] * 6 + [7, 7])
    assert not any(codes)


def test_marks_as_the_journal_writes_them_are_read():
    values, codes = read("mean_mark", "7(p.d.)", "4|7", "7 (PD)", "4 | 7,5", "nv", "10")
    same(values, [7, 7, 7, 7.5, np.nan, 10])
    assert not any(codes)


def test_two_marks_in_a_cell_are_not_made_into_one():
    values, codes = read("mean_mark", "7 8", "7; 8", "7/10")
    same(values, [np.nan] * 3)
    assert set(codes) == {"not_a_number"}


@pytest.mark.parametrize("cell", ["11", "0", "-1", "0,99", "10,01"])
def test_a_mark_outside_1_to_10_is_unknown_and_named(cell):
    assert read("mean_mark", cell)[1] == ["out_of_range"]


def test_endless_numbers_are_refused():
    values, codes = read("lateness", "inf", "-inf", "nan", "1e999", "Infinity", "1e3")
    same(values, [np.nan] * 6)
    assert codes == ["not_a_number"] * 5 + ["out_of_range"]


def test_a_share_takes_percent_or_a_part_of_one_exactly():
    values, codes = read("absence_share", "12,4 %", "12.4%", "12,4\u00a0%", "0,124", ",124", "100 %", "0%", "1")
    assert values == [0.124] * 5 + [1.0, 0.0, 1.0]
    assert not any(codes)


def test_a_share_above_1_without_percent_is_named_with_the_way_to_write_it():
    values, codes = read("absence_share", "12,4", "100", "101", "120 %", "-5 %")
    same(values, [np.nan] * 5)
    assert codes == ["share_without_percent", "share_without_percent", "out_of_range", "out_of_range", "out_of_range"]


def test_percent_is_refused_where_no_share_is_asked():
    assert read("mean_mark", "75 %")[1] == ["not_a_number"]


def test_whole_columns_refuse_fractions_and_negative_numbers():
    values, codes = read("failing_subjects", "2,5", "2.0", "-1", "3")
    same(values, [np.nan, 2, np.nan, 3])
    assert codes == ["not_whole", None, "out_of_range", None]


def test_thousands_may_be_parted_by_a_space():
    assert read("lessons_held", "1 024", "1\u00a0024")[0] == [1024, 1024]


def test_yes_and_no_in_both_languages_and_in_signs():
    for cell in ("jā", "Jā", "JA", "yes", "TRUE", "1", "x", "X", "+", "1.0"):
        assert read("pregnancy", cell) == ([1.0], [None]), cell
    for cell in ("nē", "Nē", "ne", "no", "false", "0", "-", "0.0"):
        assert read("pregnancy", cell) == ([0.0], [None]), cell
    for cell in ("varbūt", "2", "0,5", "nav zināms?"):
        assert read("pregnancy", cell)[1] == ["not_yes_no"], cell


def test_words_of_a_scale_are_read_in_both_languages_and_with_their_number():
    factor = Catalogue.load().factors["motivation"]
    for words in factor.scale.values():
        for value, word in enumerate(words):
            for cell in (word, word.upper(), f"{value} – {word}", f"{value} - {word}", str(value)):
                assert read("motivation", cell) == ([float(value)], [None]), cell
    assert read("motivation", "4", "briesmīga")[1] == ["not_on_scale", "not_on_scale"]


def test_the_documented_words_for_unknown_are_unknown_without_a_word():
    for cell in ("nv", "-", "n/a", "nav", "nezināms", "?", "–", "", "  ", "Nezināms"):
        (value,), codes = read("mean_mark", cell)
        assert np.isnan(value) and codes == [None], cell


def test_what_the_scale_calls_none_is_zero_and_not_unknown():
    assert read("teacher_concern", "nav")[0] == [0.0]


@pytest.mark.parametrize(
    "cell",
    [
        "2011-03-05",
        "05.03.2011.",
        "5.3.2011",
        "05. 03. 2011.",
        "05/03/2011",
        "2011-03-05 00:00:00",
        "2011-03-05T00:00:00",
    ],
)
def test_dates_are_read(cell):
    values, codes = read("birth_date", cell)
    assert str(values[0]) == "2011-03-05" and codes == [None]


@pytest.mark.parametrize(
    "cell", ["31.02.", "31.02.2011.", "2011", "05.03.11", "03/25/2011", "vakar", "0000-00-00", "40607", "2011-13-01"]
)
def test_what_is_no_date_is_named(cell):
    assert read("birth_date", cell)[1] == ["not_a_date"]


def test_a_date_before_the_first_plausible_day_is_out_of_range():
    assert read("birth_date", "05.03.1011.")[1] == ["out_of_range"]


def test_a_date_of_birth_in_the_column_of_years_gives_the_year():
    assert read("birth_year", "05.03.2011.", "2011")[0] == [2011, 2011]


@pytest.mark.parametrize("cell", ["#DIV/0!", "#N/A", "#REF!", "#VALUE!", "#name?", "#####", "Err:502"])
@pytest.mark.parametrize(
    "field", ["mean_mark", "class_id", "birth_date", "pregnancy", "programme", "level", "semester"]
)
def test_formula_errors_are_unknown_and_named(cell, field):
    values, codes = read(field, cell)
    assert codes == ["formula_error"] and (values[0] is None or values[0] != values[0])


@pytest.mark.parametrize(
    ("cell", "level"),
    [
        ("9.a", 9),
        ("9a", 9),
        ("9", 9),
        ("10.b klase", 10),
        ("12. klase", 12),
        ("1. kurss", 1),
        ("III kurss", 3),
        ("IV", 4),
        ("9-B", 9),
        ("9.0", 9),
        ("7 c", 7),
        ("xii", 12),
    ],
)
def test_levels_are_read_from_classes(cell, level):
    assert read("level", cell) == ([float(level)], [None])


@pytest.mark.parametrize("cell", ["DT-21", "13.a", "0", "2026", "sākumskola", "21-DT"])
def test_what_names_no_level_is_not_guessed(cell):
    assert read("level", cell)[1] == ["not_a_level"]


def test_a_course_is_told_from_a_class():
    assert is_course(pa.array(["1. kurss", "II KURSS", "9.a klase", None, "kursants"]), CONTRACT.words).tolist() == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_programmes_are_read_in_both_languages():
    values, codes = read(
        "programme", "Vispārējā", "vakara (neklātienes)", "Profesionālā izglītība", "vocational", "sporta"
    )
    assert values == ["general", "evening", "vocational", "vocational", None]
    assert codes == [None] * 4 + ["not_a_programme"]


def test_semesters_are_read_as_people_write_them():
    values, codes = read(
        "semester",
        "2026/2027-1",
        "2026./2027. m. g. 2. semestris",
        "2026/2027, semester 1",
        "2026/27 1",
        "pavasaris",
        "2026/2029-1",
    )
    assert values == ["2026/2027-1", "2026/2027-2", "2026/2027-1", "2026/2027-1", None, None]
    assert codes == [None] * 4 + ["not_a_semester"] * 2


def test_every_day_of_a_leap_year_exists_and_no_other():
    month, day = np.meshgrid(np.arange(0, 15), np.arange(0, 35))
    found = calendar_days(np.full(month.size, 2028), month.ravel(), day.ravel())
    assert np.array_equal(np.unique(found[~np.isnat(found)]), np.arange("2028-01-01", "2029-01-01", dtype="M8[D]"))
    assert (~np.isnat(found)).sum() == 366


def test_a_day_given_by_a_caller_is_read_or_refused():
    assert as_day("15.01.2027.") == as_day("2027-01-15") == np.datetime64("2027-01-15")
    with pytest.raises(RecordsError) as caught:
        as_day("rīt")
    assert caught.value.code == "date_needed"


def test_a_letter_and_its_mark_become_one_letter_whatever_the_reader_of_columns_does(monkeypatch):
    def apart(texts, form):
        return pa.array([None if text is None else normalize("NFD", text) for text in texts.to_pylist()])

    monkeypatch.setattr("pyarrow.compute.utf8_normalize", apart)
    written = pa.array([normalize("NFD", "Ābols"), "Ābols", None, "x"])
    assert tidy(written).to_pylist() == ["Ābols", "Ābols", None, "x"]
