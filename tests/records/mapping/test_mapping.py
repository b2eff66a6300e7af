"""What a mapping makes of a foreign table."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from pumpurs_risk.errors import MappingError
from pumpurs_risk.records.mapping.mapping import Mapping
from pumpurs_risk.records.raw_table import RawTable
from pumpurs_risk.records.validation.report import ProblemLog, ValidationReport


def table(rows=None, **columns):
    arrays = {
        heading.replace("_", " "): cells if isinstance(cells, pa.Array) else pa.array(cells)
        for heading, cells in columns.items()
    }
    size = len(next(iter(arrays.values())))
    return RawTable("export.csv", "", "", arrays, np.arange(2, size + 2) if rows is None else np.array(rows))


def mapped(text, raw, log=None):
    result = Mapping.from_text(text, path="map.toml").apply(raw, log)
    return {name: cells.to_pylist() for name, cells in result.columns.items()}


def column(text, raw, log=None, before=""):
    """One column made beside the id."""
    return mapped(f'{before}\n[columns]\npupil_id = "No"\n[columns.mean_mark]\n{text}', raw, log)["mean_mark"]


def problems(log):
    return log.frame()[["code", "row", "column", "value"]].values.tolist()


# One cell


def test_renamed_cells_pass_through_untouched():
    raw = table(No=["007", " 8 "], Born=pa.array([dt.date(2011, 3, 1), None]))
    result = Mapping.from_text('[columns]\npupil_id = "No"\nbirth_date = "Born"').apply(raw)
    assert result.columns["birth_date"].equals(raw.columns["Born"])
    assert result.columns["pupil_id"].to_pylist() == ["007", "8"]
    assert list(result.columns) == ["pupil_id", "birth_date"]


def test_headings_are_found_without_regard_to_case_and_spaces_unless_one_is_exact():
    assert mapped('[columns]\npupil_id = "pupil no"', table(**{"Pupil__No": ["1"]})) == {"pupil_id": ["1"]}
    raw = table(no=["lower"], No=["exact"])
    assert mapped('[columns]\npupil_id = "No"', raw) == {"pupil_id": ["exact"]}


def test_an_ambiguous_heading_is_refused():
    with pytest.raises(MappingError, match=r"map\.toml, line 2: “NO” fits several headings of export\.csv: no, No"):
        mapped('[columns]\npupil_id = "NO"', table(no=["1"], No=["2"]))


def test_a_heading_the_file_lacks_is_refused_with_line_and_nearest():
    with pytest.raises(MappingError) as caught:
        column('from = "Attendence"', table(No=["1"], Attendance=["1"], Mark=["2"]))
    assert caught.value.params == {
        "path": "map.toml", "line": 5, "heading": "Attendence", "file": "export.csv", "nearest": "Attendance",
    }  # fmt: skip


def test_an_optional_heading_that_is_absent_is_unknown_with_a_notice():
    raw = table(No=["1", "2"])
    result = Mapping.from_text('[columns]\npupil_id = "No"\n[columns.age]\nfrom = "Age"\noptional = true').apply(raw)
    assert result.columns["age"].to_pylist() == [None, None]
    assert [(notice.code, notice.column, notice.detail) for notice in result.notices] == [
        ("mapping.heading_absent", "Age", "age")
    ]


def test_an_optional_pair_with_one_column_is_unknown():
    assert column('from = ["A", "B"]\ncombine = "add"\noptional = true', table(No=["1"], A=["1"])) == [None]


@pytest.mark.parametrize(
    ("cell", "decimal", "value"),
    [
        ("7,5", "", 7.5),
        ("7.5", "", 7.5),
        (" 1 234 ", "", 1234.0),
        ("1\u00a0234,5", "", 1234.5),
        ("1.234,5", "", 1234.5),
        ("1,234.5", "", 1234.5),
        ("1.234", "", 1.234),
        ("1.234", ",", 1234.0),
        ("1,234", ".", 1234.0),
        ("1.234.567", ",", 1234567.0),
        ("\u22123", "", -3.0),
        ("85 %", "", 85.0),
        ("+2", "", 2.0),
        ("2e3", "", 2000.0),
    ],
)
def test_numbers_are_read_as_people_write_them(cell, decimal, value):
    before = f'[file]\ndecimal = "{decimal}"' if decimal else ""
    assert column(
        'from = "M"\nmultiply = 1\nadd = -0.0\nempty = 0\n' + "[columns.age]\nvalue = 1", table(No=["1"], M=["1"])
    ) == ["1"]
    assert column('from = "M"\nadd = 1', table(No=["1"], M=[cell]), before=before) == [value + 1]


@pytest.mark.parametrize("cell", ["sick", "7,5,1", "1/2", "--3", "inf", "nan", "1e999", "9" * 50, "=1+1", "7.5"])
def test_what_is_no_number_becomes_unknown_and_is_named(cell):
    log = ProblemLog()
    before = '[file]\ndecimal = ","'
    assert column('from = "M"\nmultiply = 2', table(No=["1", "2"], M=["4", cell]), log, before) == [8.0, None]
    assert problems(log) == [["mapping.not_a_number", 3, "M", cell]]


def test_every_report_is_a_sentence_in_both_languages():
    log = ProblemLog()
    raw = table(No=["1", "1", "2"], M=["x", "1", "Q"], D=["0", "0", "0"], C=["a", "b", "c"])
    text = '[group]\nby = "No"\n[columns]\npupil_id = "No"\nclass_id = "C"\n[columns.mean_mark]\nfrom = ["M", "D"]\n'
    text += 'combine = "divide"\naggregate = "mean"\n[columns.age]\nfrom = "M"\nrecode = { x = 2 }\naggregate = "max"'
    mapped(text, raw, log)
    frame = log.frame()
    assert set(frame["code"]) == {
        "mapping.not_a_number", "mapping.division_by_zero", "mapping.rows_differ", "mapping.uncoded",
    }  # fmt: skip
    report = ValidationReport.of(log)
    for lang in ("lv", "en"):
        messages = report.messages(lang)
        assert len(messages) == len(frame)
        assert all(message.startswith("export.csv, ") and "{" not in message for message in messages)


def test_words_for_unknown_are_no_problem():
    log = ProblemLog()
    assert column('from = "M"\nadd = 0.5', table(No=list("1234"), M=["n/a", "-", "?", ""]), log) == [None] * 4
    assert problems(log) == []


def test_numbers_from_a_workbook_are_numbers():
    raw = table(No=pa.array([7.0, 8.0]), M=pa.array([6, None], pa.int64()))
    assert column('from = "M"\nmultiply = 2.5', raw) == [15.0, None]


def test_scaling_gives_the_decimal_number_that_one_would_write():
    marks = [str(mark) for mark in range(1, 7)]
    assert column('from = "M"\nmultiply = -1.8\nadd = 11.8', table(No=marks, M=marks)) == [
        10.0,
        8.2,
        6.4,
        4.6,
        2.8,
        1.0,
    ]
    counts = [str(count) for count in range(0, 90)]
    shares = column('from = "M"\nmultiply = 0.0125', table(No=counts, M=counts))
    assert shares == [float(f"{n * 125}e-4") for n in range(90)]


@pytest.mark.parametrize(
    ("text", "cells", "value"),
    [
        ('combine = "divide"', ("1", "3"), 0.333333333333),
        ('combine = "sum"', ("12.4", "25.2"), 37.6),
        ('combine = "sum"', ("0.1", "0.2"), 0.3),
        ('combine = "sum"', ("36.89999999999999", "0.1"), 37.0),
        ('combine = "subtract"', ("1.1", "1"), 0.1),
        ('combine = "subtract"', ("100000.1", "100000"), 0.1),
        ('combine = "mean"', ("1.1", "2.2"), 1.65),
        ('combine = "sum"', ("1234567890123", "1"), 1234567890124.0),
        ('combine = "sum"', ("0", "-0.5"), -0.5),
    ],
)
def test_a_calculated_number_has_twelve_significant_digits_and_no_noise(text, cells, value):
    raw = table(No=["1"], A=[cells[0]], B=[cells[1]])
    assert column(f'from = ["A", "B"]\n{text}', raw) == [value]


def test_sums_down_rows_have_no_noise():
    raw = table(No=["1", "1", "1"], M=["12.4", "12.5", "12.7"])
    assert column('from = "M"\naggregate = "sum"', raw, before='[group]\nby = "No"') == [37.6]


@pytest.mark.parametrize(("decimals", "expected"), [(0, [3.0, -3.0, 2.0, 0.0, None]), (1, [2.5, -2.5, 2.4, 0.3, None])])
def test_the_result_is_rounded_half_away_from_zero(decimals, expected):
    raw = table(No=list("12345"), M=["2.5", "-2.5", "2.4", "0.25", ""])
    assert column(f'from = "M"\nround = {decimals}', raw) == expected


def test_rounding_comes_after_multiplying_and_adding_and_sees_the_decimal_number():
    raw = table(No=list("123"), M=["1", "2.85", "1.005"])
    assert column('from = "M"\nmultiply = 0.1\nround = 2', raw) == [0.1, 0.29, 0.1]
    assert column('from = "M"\nmultiply = 100\nadd = 0.5\nround = 0', raw) == [101.0, 286.0, 101.0]


def test_the_value_of_an_empty_cell_is_final_and_needs_no_code():
    log = ProblemLog()
    raw = table(No=list("1234"), M=["Y", "", "?", None])
    assert column('from = "M"\nempty = false\nrecode = { Y = true }\nother = "unknown"', raw, log) == [1, 0, None, 0]
    assert column('from = "M"\nempty = 0\nrecode = { Y = 1, "?" = "unknown" }', raw, log) == [1, 0, None, 0]
    assert column('from = "M"\nempty = "none"\nrecode = { Y = 1, "?" = 2 }', raw, log) == ["1", "none", "2", "none"]
    assert column('from = "M"\nempty = 0\nrecode = { Y = 1, "?" = 2 }\nmultiply = 2\nadd = 1', raw) == [3, 1, 5, 1]
    assert problems(log) == []


@pytest.mark.parametrize("nothing", [None, float("nan"), 7.0])
def test_a_value_that_is_no_text_is_said_as_nothing(nothing):
    log = ProblemLog()
    log.add("out_of_range", file="9a.csv", column="Mark", rows=[4], values=[nothing], detail="1–10")
    assert ValidationReport.of(log).messages("en")[0].startswith("9a.csv, row 4, column “Mark”: “” is outside")


def test_an_empty_cell_may_stand_for_a_day_whatever_the_order_of_the_others():
    text = '[columns]\npupil_id = "No"\n[columns.birth_date]\nfrom = "B"\ndate_order = "mdy"\nempty = 2011-09-01'
    assert mapped(text, table(No=list("12"), B=["03/14/2011", ""]))["birth_date"] == ["2011-03-14", "2011-09-01"]


def test_an_empty_divisor_is_reported_as_what_it_stands_for():
    log = ProblemLog()
    column('from = ["A", "B"]\nempty = 0\ncombine = "divide"', table(No=["1"], A=["1"], B=[""]), log)
    assert problems(log) == [["mapping.division_by_zero", 2, "B", "0"]]


def test_a_per_cent_sign_is_left_off_in_a_column_of_numbers_that_is_only_copied():
    log = ProblemLog()
    cells = ["9.4%", "0 %", "7,5", "n/a", "ill %", ""]
    raw = table(**{"No": list("123456"), "% Unauthorised absence": cells})
    heading = '"% Unauthorised absence"'
    text = f'[columns]\npupil_id = "No"\nunexcused_lessons = {heading}\nabsence_share = {heading}\nclass_id = {heading}'
    made = mapped(text, raw, log)
    assert made["unexcused_lessons"] == [9.4, 0.0, 7.5, None, None, None]
    assert made["absence_share"] == made["class_id"] == [*cells[:5], None]
    assert problems(log) == [["mapping.not_a_number", 6, "% Unauthorised absence", "ill %"]]


def test_numbers_without_a_per_cent_sign_are_copied_untouched():
    assert mapped('[columns]\npupil_id = "No"\nmean_mark = "M"', table(No=["1"], M=["4|7"]))["mean_mark"] == ["4|7"]


def test_missing_words_are_empty_in_text_and_numbers():
    before = '[file]\nmissing = ["NULL", "99"]'
    assert column('from = "M"\nempty = 0\nadd = 1', table(No=list("123"), M=["null", "99", "5"]), before=before) == [
        1,
        1,
        6,
    ]
    assert column('from = "M"', table(No=list("12"), M=pa.array([99.0, 5.0])), before=before) == [None, 5.0]


def test_recode_takes_codes_as_written_then_without_case_then_as_numbers():
    log = ProblemLog()
    raw = table(No=list("123456"), M=["A", "a", " b ", "3.0", "X", ""])
    text = 'from = "M"\nrecode = { A = 10, a = 9, B = 8, "3" = true }'
    assert column(text, raw, log) == [10.0, 9.0, 8.0, 1.0, None, None]
    assert problems(log) == [["mapping.uncoded", 6, "M", "X"]]


@pytest.mark.parametrize(
    ("other", "expected"), [('"keep"', ["1", "x", None]), ('"unknown"', [1.0, None, None]), ("0", [1.0, 0.0, None])]
)
def test_other_says_what_becomes_of_uncoded_values_without_a_report(other, expected):
    log = ProblemLog()
    raw = table(No=list("123"), M=["yes", "x", ""])
    assert column(f'from = "M"\nrecode = {{ yes = 1 }}\nother = {other}', raw, log) == expected
    assert problems(log) == []


def test_kept_values_may_still_be_scaled():
    raw = table(No=list("123"), M=["0", "14.5", "0.0"])
    text = 'from = "M"\nrecode = { "0" = "unknown" }\nother = "keep"\nmultiply = 0.6\nadd = -2'
    assert column(text, raw) == [None, 6.7, None]


def test_constants_and_row_numbers_need_no_column():
    text = '[columns.pupil_id]\nrow_number = true\nprefix = "{file}-"\n[columns.programme]\nvalue = "general"\n'
    raw = table(rows=[5, 9], X=["a", "b"])
    assert mapped(text + "[columns.level]\nvalue = 9", raw) == {
        "pupil_id": ["export-5", "export-9"],
        "programme": ["general", "general"],
        "level": [9.0, 9.0],
    }


def test_dates_are_read_in_the_stated_order_and_become_iso_text():
    log = ProblemLog()
    raw = table(No=list("1234"), Born=["03/04/2011", "3-14-2011 00:00", "14/03/2011", ""])
    text = '[columns]\npupil_id = "No"\n[columns.birth_date]\nfrom = "Born"\ndate_order = "mdy"'
    assert mapped(text, raw, log)["birth_date"] == ["2011-03-04", "2011-03-14", None, None]
    assert problems(log) == [["mapping.not_a_date", 4, "Born", "14/03/2011"]]
    stored = table(No=["1"], Born=pa.array([dt.date(2011, 3, 4)]))
    assert mapped(text, stored)["birth_date"] == [dt.date(2011, 3, 4)]


# Several columns


@pytest.mark.parametrize(
    ("combine", "expected"),
    [
        ('"mean"', [5.0, 7.0, None]),
        ('"sum"', [15.0, None, None]),
        ('"min"', [3.0, 6.0, None]),
        ('"max"', [8.0, 8.0, None]),
        ('"count"', [3.0, 2.0, 0.0]),
        ("{ count_below = 4 }", [1.0, 0.0, None]),
        ("{ count_at_least = 6 }", [1.0, 2.0, None]),
        ('"any"', [1.0, 1.0, None]),
        ('"first"', ["3", "6", None]),
        ('"join"', ["3 4 8", "6 8", None]),
    ],
)
def test_columns_are_combined_row_by_row(combine, expected):
    raw = table(No=list("123"), A=["3", "6", ""], B=["4", None, ""], C=["8", "8", ""])
    assert column(f'from = ["A", "B", "C"]\ncombine = {combine}', raw) == expected


@pytest.mark.parametrize(
    ("combine", "expected"), [("add", [8.0, None, 6.0]), ("subtract", [4.0, None, 6.0]), ("divide", [3.0, None, None])]
)
def test_two_columns_are_added_subtracted_and_divided(combine, expected):
    log = ProblemLog()
    raw = table(No=list("123"), A=["6", "", "6"], B=["2", "0", "0"])
    assert column(f'from = ["A", "B"]\ncombine = "{combine}"', raw, log) == expected
    assert problems(log) == ([["mapping.division_by_zero", 4, "B", "0"]] if combine == "divide" else [])


def test_a_star_stands_for_any_heading_and_a_heading_may_contain_a_star():
    raw = table(**{"No": ["1"], "Mark A": ["4"], "mark B": ["8"], "Markings": ["9"], "Name*": ["Ann"]})
    assert column('from = "Mark *"\ncombine = "mean"', raw) == [6.0]
    assert mapped('[columns]\npupil_id = "Name*"', raw) == {"pupil_id": ["Ann"]}


def test_steps_are_made_in_order_and_can_use_each_other():
    raw = table(No=["1"], Days=["2"], Half=["1"])
    before = '[steps.a]\nfrom = "Days"\nmultiply = 2\n[steps.b]\nfrom = ["a", "Half"]\ncombine = "add"'
    assert column('from = "b"\nmultiply = 3', raw, before=before) == [15.0]


def test_a_bad_cell_is_reported_once_however_many_columns_use_it():
    log = ProblemLog()
    text = 'from = "M"\nadd = 1\n[columns.age]\nfrom = "M"\nadd = 2'
    column(text, table(No=["1"], M=["x"]), log)
    assert problems(log) == [["mapping.not_a_number", 2, "M", "x"]]


# Rows


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ('"active"', ["1", "4"]),
        ('["active", "new"]', ["1", "2", "4"]),
        ('{ not = "left" }', ["1", "2", "4", "5"]),
        ("{ filled = true }", ["1", "2", "3", "4"]),
        ("{ filled = false }", ["5"]),
    ],
)
def test_rows_are_kept_by_value(condition, kept):
    raw = table(No=list("12345"), Status=["active", "New", "left", "ACTIVE", ""])
    assert mapped(f'[where]\nStatus = {condition}\n[columns]\npupil_id = "No"', raw) == {"pupil_id": kept}


def test_rows_are_kept_by_number_and_their_number_in_the_file_stays():
    raw = table(No=list("1234"), Year=["4", "5", "12", "13"])
    mapping = Mapping.from_text('[where]\nYear = { at_least = 5, below = 13 }\n[columns]\npupil_id = "No"')
    result = mapping.apply(raw)
    assert result.rows.tolist() == [3, 4]
    assert [(notice.code, notice.value, notice.detail) for notice in result.notices] == [
        ("mapping.rows_left_out", "2", "4")
    ]


LONG = {
    "No": ["b", "a", "b", "a", "c", "b"],
    "Mark": ["3", "8", "5", "", "", "9"],
    "Kind": ["test", "test", "year", "year", "test", "test"],
}


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [
        ('"first"', ["3", "8", None]),
        ('"last"', ["9", "8", None]),
        ('"mean"', [5.66666666667, 8.0, None]),
        ('"sum"', [17.0, None, None]),
        ('"sum"\nempty = 0', [17.0, 8.0, 0.0]),
        ('"min"', [3.0, 8.0, None]),
        ('"max"', [9.0, 8.0, None]),
        ('"count"', [3.0, 1.0, 0.0]),
        ("{ count_below = 6 }", [2.0, 0.0, None]),
        ("{ count_at_least = 5 }", [2.0, 1.0, None]),
        ('"any"', [1.0, 1.0, None]),
        ('"sum"\nwhere = { Kind = "year" }', [5.0, None, 0.0]),
        ('"count"\nwhere = { Kind = "year" }', [1.0, 0.0, 0.0]),
        ('"any"\nwhere = { Kind = "year" }', [1.0, None, 0.0]),
        ('"mean"\nwhere = { Kind = "year" }', [5.0, None, None]),
        ('{ count_below = 4 }\nwhere = { Kind = "year" }', [0.0, None, None]),
        ('"last"\nwhere = { Kind = "test" }', ["9", "8", None]),
    ],
)
def test_the_rows_of_a_pupil_become_one_in_order_of_first_appearance(aggregate, expected):
    text = (
        f'[group]\nby = "No"\n[columns]\npupil_id = "No"\n[columns.mean_mark]\nfrom = "Mark"\naggregate = {aggregate}'
    )
    assert mapped(text, table(**LONG)) == {"pupil_id": ["b", "a", "c"], "mean_mark": expected}


def test_a_grouped_row_bears_the_number_of_its_first_row_and_says_how_many_there_were():
    result = Mapping.from_text('[group]\nby = "No"\n[columns]\npupil_id = "No"').apply(table(**LONG))
    assert result.rows.tolist() == [2, 3, 6]
    assert result.notices[0].code == "mapping.rows_grouped"
    assert (result.notices[0].value, result.notices[0].detail) == ("3", "6")


def test_rows_that_disagree_without_an_aggregate_are_named_and_the_first_counts():
    log = ProblemLog()
    raw = table(No=["a", "a", "b", "a"], Class=["9a", "", "9b", "9c"])
    text = '[group]\nby = "No"\n[columns]\npupil_id = "No"\nclass_id = "Class"'
    assert mapped(text, raw, log)["class_id"] == ["9a", "9b"]
    assert problems(log) == [["mapping.rows_differ", 5, "Class", "9c"]]


def test_a_key_of_several_columns_tells_pupils_apart_and_rows_without_a_key_stay_single():
    raw = table(School=["x", "x", "y", "", ""], No=["1", "1", "1", "1", "1"], M=["1", "2", "3", "4", "5"])
    text = '[group]\nby = ["School", "No"]\n[columns]\npupil_id = "No"\n'
    text += '[columns.mean_mark]\nfrom = "M"\naggregate = "sum"'
    assert mapped(text, raw)["mean_mark"] == [3.0, 3.0, 4.0, 5.0]


def test_sums_and_means_do_not_depend_on_the_order_of_rows():
    rng = np.random.default_rng(0)
    keys, marks = rng.integers(0, 7, 500), rng.uniform(1, 10, 500)
    text = '[group]\nby = "No"\n[columns]\npupil_id = "No"\n[columns.mean_mark]\nfrom = "M"\naggregate = "mean"'

    def means(order):
        result = mapped(text, table(No=keys[order].astype(str).tolist(), M=pa.array(marks[order])))
        return dict(zip(result["pupil_id"], result["mean_mark"], strict=True))

    first = means(np.arange(500))
    assert all(means(rng.permutation(500)) == first for _ in range(5))


def test_melted_columns_become_rows_and_a_bad_cell_is_named_by_its_own_heading():
    log = ProblemLog()
    raw = table(No=["1", "2"], Class=["9a", "9b"], Maths=["3", "x"], Art=["9", ""], Note=["-", "-"])
    before = '[melt]\ncolumns = ["Maths", "A*"]\nname = "Subject"\nvalue = "Mark"\n[group]\nby = "No"'
    assert column('from = "Mark"\naggregate = { count_below = 4 }', raw, log, before) == [1.0, None]
    assert problems(log) == [["mapping.not_a_number", 3, "Maths", "x"]]
    where = 'from = "Mark"\naggregate = "max"\nwhere = { Subject = "Art" }'
    assert column(where, raw, before=before) == [9.0, None]


def test_all_columns_but_the_named_ones_can_be_melted():
    raw = table(No=["1"], Class=["9a"], Maths=["3"], Art=["9"])
    before = '[melt]\nexcept = ["No", "Class"]\nname = "s"\nvalue = "m"\n[group]\nby = "No"'
    assert column('from = "m"\naggregate = "mean"', raw, before=before) == [6.0]


def test_workbook_numbers_and_text_can_be_melted_together():
    raw = table(No=["1"], Maths=pa.array([3.0]), Art=["9"])
    before = '[melt]\ncolumns = ["Maths", "Art"]\nname = "s"\nvalue = "m"\n[group]\nby = "No"'
    assert column('from = "m"\naggregate = "mean"', raw, before=before) == [6.0]


def test_a_step_made_of_one_column_is_reported_under_its_heading():
    log = ProblemLog()
    before = '[steps.half_days]\nfrom = "Days"\nmultiply = 2'
    column('from = ["A", "half_days"]\ncombine = "divide"', table(No=["1"], A=["1"], Days=["0"]), log, before)
    assert problems(log) == [["mapping.division_by_zero", 2, "Days", "0"]]


# The table as a whole


def test_the_cover_of_the_file_wins_over_the_mappings():
    raw = RawTable("f", "", "", {"No": pa.array(["1"])}, np.array([2]), cover={"school": "Own", "semester": " "})
    text = '[cover]\nschool = "Default"\nsemester = "2026/2027-1"\nplaces = 12\nas_of = 2027-01-15\n'
    result = Mapping.from_text(text + '[columns]\npupil_id = "No"').apply(raw)
    assert result.cover == {"school": "Own", "semester": "2026/2027-1", "places": "12", "as_of": "2027-01-15"}


def test_columns_that_are_not_used_are_named_and_do_not_reach_the_sheet():
    result = Mapping.from_text('[columns]\npupil_id = "No"').apply(table(No=["1"], Sex=["F"], G1=["9"]))
    assert list(result.columns) == ["pupil_id"]
    assert [(notice.code, notice.detail) for notice in result.notices] == [("mapping.columns_unused", "Sex, G1")]


def test_an_empty_table_stays_empty():
    raw = table(No=pa.array([], pa.string()), M=pa.array([], pa.string()))
    for before in ("", '[group]\nby = "No"', '[melt]\ncolumns = "M"\nname = "s"\nvalue = "M"\n[group]\nby = "No"'):
        aggregate = '\naggregate = "mean"' if before else ""
        assert column(f'from = "M"{aggregate}', raw, before=before) == []


def test_a_million_rows_are_no_loop_in_python(monkeypatch):
    calls = 0
    real = ProblemLog.add

    def counted(self, *args, **kwargs):
        nonlocal calls
        calls += 1
        return real(self, *args, **kwargs)

    monkeypatch.setattr(ProblemLog, "add", counted)
    size = 200_000
    raw = table(No=pa.array(np.arange(size) // 4).cast(pa.string()), M=pa.array(np.arange(size) % 12).cast(pa.string()))
    log = ProblemLog()
    text = 'from = "M"\nrecode = { "11" = "none" }\nother = "keep"\naggregate = "mean"'
    values = column(text, raw, log, '[group]\nby = "No"')
    assert len(values) == size // 4
    assert values[:3] == [1.5, 5.5, 9.0]
    assert (calls, len(log.frame())) == (1, size // 12)
