"""A mapping makes event tables: several of one file, days from headings, texts from around the table, nothing lost."""

import numpy as np
import pyarrow as pa
import pytest

from pumpurs_risk.errors import MappingError
from pumpurs_risk.locale import text as said
from pumpurs_risk.records.mapping.grammar import NOTICES
from pumpurs_risk.records.mapping.mapping import Mapping
from pumpurs_risk.records.raw_table import Notice, RawTable
from pumpurs_risk.records.validation.report import ProblemLog, ValidationReport

MELT = '[tables.melt]\ncolumns = "dates"\nname = "Day"\nvalue = "Entry"\n'
HEAD = '[[tables]]\ntable = "absences"\n'
COLUMNS = '[tables.columns]\npupil_id = "No"\ndate = "Day"\nstatus = "Entry"\n'


def table(file="export.csv", sheet="", cover=None, notices=(), **columns):
    arrays = {heading: pa.array(cells) for heading, cells in columns.items()}
    size = len(next(iter(arrays.values())))
    return RawTable(file, sheet, "", arrays, np.arange(2, size + 2), cover or {}, notices)


def journal(**more):
    return table(**{"No": ["1", "2"], "05.10.2026.": ["n", None], "06.10.2026.": ["ns n", "n"]}, **more)


def made(text, raw, log=None):
    return Mapping.from_text(text, path="map.toml").apply_all(raw, log)


def cells(table):
    return {heading: values.to_pylist() for heading, values in table.columns.items()}


def codes(table):
    return [notice.code for notice in table.notices]


def refusal(text, raw=None):
    with pytest.raises(MappingError) as caught:
        mapping = Mapping.from_text(text, path="map.toml")
        mapping.apply_all(raw)
    for lang in ("lv", "en"):
        assert caught.value.message(lang).startswith("map.toml") and "{" not in caught.value.message(lang).replace(
            "{}", ""
        )
    return caught.value


def test_a_mapping_without_tables_makes_the_factor_sheet_as_before():
    text = '[columns]\npupil_id = "No"\n'
    mapping, raw = Mapping.from_text(text), table(No=["1"])
    assert not mapping.makes_tables
    [one] = mapping.apply_all(raw)
    assert (one.table, cells(one)) == ("", cells(mapping.apply(raw)))


def test_one_file_feeds_several_tables_each_with_its_name_and_the_rows_of_the_file():
    text = f'{HEAD}{MELT}{COLUMNS}[[tables]]\ntable = "pupils"\n[tables.columns]\npupil_id = "No"\n'
    text += 'semester = { value = "2026/2027-1" }\nlevel = { value = 9 }\n'
    absences, pupils = made(text, journal())
    assert (absences.table, pupils.table) == ("absences", "pupils")
    assert absences.rows.tolist() == [2, 2, 3]
    assert cells(absences) == {
        "pupil_id": ["1", "1", "2"], "date": ["2026-10-05", "2026-10-06", "2026-10-06"], "status": ["n", "ns n", "n"],
    }  # fmt: skip
    assert cells(pupils)["pupil_id"] == ["1", "2"]


def test_apply_refuses_a_mapping_that_may_make_several_tables():
    with pytest.raises(ValueError, match="apply_all"):
        Mapping.from_text(HEAD + MELT + COLUMNS).apply(journal())


def test_a_section_may_make_the_factor_sheet_too():
    text = f'{HEAD}{MELT}{COLUMNS}[[tables]]\ntable = "sheet"\n[tables.columns]\npupil_id = "No"\n'
    assert [each.table for each in made(text, journal())] == ["absences", ""]


@pytest.mark.parametrize(
    ("keys", "file", "sheet", "fits"),
    [
        ('files = ["*kavej*"]', "skola/Kavejumi_9a.csv", "", True),
        ('files = ["*kavej*"]', "kavejumi/9a.csv", "", False),
        ('sheets = ["kavej*"]', "9a.xlsx", "KAVĒJUMI", False),
        ('sheets = ["kavē*"]', "9a.xlsx", "KAVĒJUMI", True),
        ('files = ["x*"]\nsheets = ["kavē*"]', "9a.xlsx", "Kavējumi", True),
        ('headings = ["dates"]', "9a.csv", "", True),
        ('headings = ["dates", ["Name", "NO"]]', "9a.csv", "", True),
        ('headings = ["dates", "Name"]', "9a.csv", "", False),
        ('files = ["9a*"]\nheadings = ["Name"]', "9a.csv", "", False),
    ],
)
def test_a_section_is_for_the_files_sheets_and_headings_that_it_names(keys, file, sheet, fits):
    [one] = made(f"{HEAD}{keys}\n{MELT}{COLUMNS}", journal(file=file, sheet=sheet))
    assert (one.table == "absences") is fits
    assert ("mapping.no_section" in codes(one)) is not fits


def test_what_no_section_is_for_comes_back_untouched_and_names_what_there_is():
    raw = journal(file="other.csv", notices=(Notice("macros_not_run"),))
    [same] = made(f'{HEAD}files = ["*kavej*"]\n{MELT}{COLUMNS}', raw)
    assert same.columns == raw.columns
    assert [(n.code, n.value, n.detail) for n in same.notices[1:]] == [("mapping.no_section", "map.toml", "*kavej*")]


def test_every_table_begins_with_the_notices_of_the_file_and_columns_unused_are_those_that_no_section_uses():
    text = f'{HEAD}{MELT}{COLUMNS}[[tables]]\ntable = "pupils"\n[tables.columns]\npupil_id = "No"\nclass_id = "Form"\n'
    text += 'semester = { value = "2026/2027-1" }\n'
    raw = journal(Form=["9.a", "9.a"], Tutor=["x", "y"], notices=(Notice("macros_not_run"),))
    tables = made(text, raw)
    assert [each.notices[0].code for each in tables] == ["macros_not_run"] * 2
    assert [n.detail for each in tables for n in each.notices if n.code == "mapping.columns_unused"] == ["Tutor"]


def test_rows_and_entries_that_are_left_out_are_counted_per_table():
    text = f'{HEAD}[tables.where]\nNo = {{ not = "2" }}\n{MELT}split = true\nwhere = {{ Entry = "n" }}\n{COLUMNS}'
    [one] = made(text, journal())
    assert cells(one)["status"] == ["n", "n"]
    assert [(n.code, n.value, n.detail) for n in one.notices] == [
        ("mapping.rows_left_out", "1", "2"),
        ("mapping.cells_left_out", "1", "3"),
    ]


def test_nothing_left_is_an_empty_table_and_not_a_missing_one():
    [one] = made(f'{HEAD}{MELT}where = {{ Entry = "x" }}\n{COLUMNS}', journal())
    assert (one.table, one.rows.size, cells(one)["status"]) == ("absences", 0, [])


def test_entries_of_a_cell_become_rows_with_numbers_of_their_own_on_equal_days():
    raw = table(**{"No": ["1"], "05.10.2026.": ["n n"], "05.10.2026. (2)": ["ns n n"]})
    text = f'{HEAD}{MELT}split = true\nnumber = "Nr"\nentries = "Of"\n{COLUMNS}lesson = "Nr"\nlessons_missed = "Of"\n'
    [one] = made(text, raw)
    assert cells(one)["lesson"] == [1, 3, 2, 4, 6]
    assert cells(one)["lessons_missed"] == [2, 2, 3, 3, 3]
    assert len(set(cells(one)["lesson"])) == 5


def test_numbers_of_times_become_as_many_rows_and_what_is_none_is_named():
    log = ProblemLog()
    raw = table(No=["1", "2", "3", "4"], Late=["2", "0", "often", "1,5"])
    text = f'{HEAD}[tables.melt]\ncolumns = "Late"\nname = "Kind"\nvalue = "Times"\nrepeat = true\nnumber = "Nr"\n'
    text += '[tables.columns]\npupil_id = "No"\nlesson = "Nr"\nstatus = { value = "late" }\n'
    text += 'date = { value = "2026-10-05" }\n'
    [one] = made(text, raw, log)
    assert cells(one)["pupil_id"] == ["1", "1", "3", "4"]
    assert cells(one)["lesson"] == [1, 2, 1, 1]
    problems = log.frame()[["code", "row", "column", "value"]].values.tolist()
    assert problems == [["mapping.not_a_count", 4, "Late", "often"], ["mapping.not_a_count", 5, "Late", "1,5"]]
    for lang in ("lv", "en"):
        assert all("{" not in message for message in ValidationReport.of(log).messages(lang))


def test_empty_cells_make_rows_where_they_are_asked_for():
    text = f"{HEAD}{MELT}keep_empty = true\n{COLUMNS}".replace(
        'status = "Entry"', 'status = { from = "Entry", empty = "present" }'
    )
    [one] = made(text, journal())
    assert cells(one)["status"] == ["n", "ns n", "present", "n"]


def test_texts_come_from_the_sheet_the_file_and_the_cover():
    text = f'{HEAD}{MELT}{COLUMNS}subject = {{ from_sheet = "Journal {{}}" }}\n'
    text += 'class_id = { from_file = ["* of {}", "{}"] }\n'
    text += 'school_id = { from_cover = "school" }\n'
    [one] = made(text, journal(file="x/Absences_of_9.a.csv", sheet="journal  Physics", cover={"school": "Kalvene"}))
    assert [cells(one)[each][0] for each in ("subject", "class_id", "school_id")] == ["Physics", "9.a", "Kalvene"]


@pytest.mark.parametrize(
    ("column", "code"),
    [
        ('subject = { from_sheet = "Journal {}" }', "mapping_sheet_silent"),
        ('subject = { from_file = "Journal {}" }', "mapping_file_silent"),
        ('subject = { from_cover = "Subject" }', "mapping_cover_silent"),
    ],
)
def test_a_text_that_is_not_there_is_refused_unless_it_is_optional(column, code):
    assert refusal(f"{HEAD}{MELT}{COLUMNS}{column}", journal(sheet="X")).code == code
    [one] = made(f"{HEAD}{MELT}{COLUMNS}{column.replace(' }', ', optional = true }')}", journal(sheet="X"))
    assert "subject" not in cells(one)
    assert "mapping.heading_absent" in codes(one)


def test_a_column_that_nobody_supplied_is_not_there_instead_of_empty():
    steps = '[tables.steps.above]\nfrom_cover = "Subject"\noptional = true\n'
    column = 'subject = { from = ["Subject", "above"], combine = "first", optional = true }\n'
    [one] = made(f"{HEAD}{MELT}{steps}{COLUMNS}{column}", journal())
    assert "subject" not in cells(one)
    [one] = made(f"{HEAD}{MELT}{steps}{COLUMNS}{column}", journal(Subject=["x", None]))
    assert cells(one)["subject"] == ["x", "x", None]


def test_a_part_of_a_cell_is_taken_and_a_cell_without_it_is_named():
    log = ProblemLog()
    raw = table(No=["1", "2"], Day=["2026-10-05"] * 2, Entry=["n (lesson 3)", "n"])
    text = f'{HEAD}{COLUMNS}lesson = {{ from = "Entry", take = "*(lesson {{}})" }}\n'
    [one] = made(text, raw, log)
    assert cells(one)["lesson"] == ["3", None]
    assert log.frame()[["code", "row", "column", "value"]].values.tolist() == [
        ["mapping.part_missing", 3, "Entry", "n"]
    ]


def test_a_file_without_days_in_its_headings_is_refused_with_its_first_heading():
    error = refusal(HEAD + MELT + COLUMNS, table(No=["1"], Mark=["7"]))
    assert (error.code, error.params["line"], error.params["heading"]) == ("mapping_no_dates", 3, "No")


@pytest.mark.parametrize(
    ("text", "code", "line", "named"),
    [
        ('[[tables]]\ntable = "absence"\n', "mapping_choice", 2, "nearest is “absences”"),
        ("[[tables]]\n[tables.columns]\n", "mapping_needs", 1, "table ("),
        ("tables = 3", "mapping_expected_tables", 1, "double brackets"),
        ('[tables]\ntable = "absences"', "mapping_expected_tables", 1, "[[tables]]"),
        (f'[columns]\npupil_id = "No"\n{HEAD}', "mapping_beside_tables", 1, "[tables.columns]"),
        (f'{HEAD}file = "x"\n', "mapping_key_unknown", 3, "nearest is “files”"),
        (f'{HEAD}notices = ["sure"]\n', "mapping_choice", 3, "unconfirmed"),
        (f"{HEAD}files = [3]\n", "mapping_expected_headings", 3, "files"),
        (f"{HEAD}", "mapping_no_columns", 1, "columns"),
        (f'{HEAD}[tables.columns]\nstatusses = "A"\n', "mapping_table_column", 4, "nearest is “status”"),
        (f'{HEAD}[tables.columns]\npupil_id = "A"\nstatus = "B"\n', "mapping_table_lacks", 3, "date"),
        (f'{HEAD}[tables.columns]\ndate = "A"\nstatus = "B"\n', "mapping_table_lacks", 3, "pupil_id"),
        (f'{HEAD}{COLUMNS}[tables.columns.subject]\nfrom = "A"\nfrom_sheet = "{{}}"', "mapping_exactly_one", 7, "from_sheet"),
        (f'{HEAD}{COLUMNS}[tables.columns.subject]\nfrom_sheet = "Journal"', "mapping_part", 8, "exactly once"),
        (f'{HEAD}{COLUMNS}[tables.columns.subject]\nfrom_file = "{{}} {{}}"', "mapping_part", 8, "exactly once"),
        (f'{HEAD}{COLUMNS}[tables.columns.subject]\nfrom_sheet = "{{}}"\nadd = 1', "mapping_contradiction", 9, "from_sheet, add"),
        (f'{HEAD}{COLUMNS}[tables.columns.subject]\nfrom = "A"\nperiod = "month"', "mapping_choice", 9, "semester"),
        (
            f'{HEAD}{COLUMNS}[tables.columns.subject]\nfrom = "A"\nperiod = "semester"\ndate_order = "dmy"',
            "mapping_contradiction", 10, "date_order, period",
        ),
        (f'{HEAD}{MELT}value = "x"', "mapping_syntax", 7, "value"),
        (f'{HEAD}{MELT}number = "day"\n{COLUMNS}', "mapping_same_name", 7, "number"),
        (f'{HEAD}{MELT}split = true\nrepeat = true\n{COLUMNS}', "mapping_contradiction", 8, "split, repeat"),
        (f'{HEAD}{MELT}beside = "B"\n{COLUMNS}'.replace('"dates"', '"A"'), "mapping_needs", 7, "dates"),
        (
            '[[tables]]\ntable = "assessments"\n[tables.columns]\npupil_id = "N"\ndate = "D"\nfactor = "F"\nvalue = "Sex"',
            "mapping_protected", 7, "Sex",
        ),
    ],
)  # fmt: skip
def test_a_section_that_cannot_be_followed_is_refused_with_its_own_line(text, code, line, named):
    error = refusal(text)
    assert (error.code, error.params["line"]) == (code, line)
    assert named in error.message("en")


def test_what_the_reports_say_is_there_in_both_languages():
    for code in ("cells_left_out", "no_section", *NOTICES):
        for lang in ("lv", "en"):
            assert "{" not in said(f"mapping.problems.{code}", lang, value="v", detail="d", column="c")


def test_the_line_of_the_second_section_is_its_own():
    text = f"{HEAD}{MELT}{COLUMNS}\n{HEAD}{MELT}{COLUMNS}stat = 3\n"
    assert refusal(text).params["line"] == text.rstrip("\n").count("\n") + 1


def test_the_reader_is_told_that_days_are_headings():
    mapping = Mapping.from_text(HEAD + MELT + COLUMNS)
    assert [mapping.asks_for(each) for each in ("05.10.", "No", "Day", "Other")] == [True, True, False, False]
