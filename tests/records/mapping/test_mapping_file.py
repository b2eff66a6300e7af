"""What a mapping file may say: every refusal names file, line and the nearest that would be right."""

import pytest

from pumpurs_risk.errors import MappingError
from pumpurs_risk.records.mapping.mapping import Mapping

ID = '[columns]\npupil_id = "No"\n'
LINE_3 = f"{ID}[columns.mean_mark]\n"


def refusal(text):
    with pytest.raises(MappingError) as caught:
        Mapping.from_text(text, path="map.toml")
    for lang in ("lv", "en"):
        assert caught.value.message(lang).startswith("map.toml")
    return caught.value


@pytest.mark.parametrize(
    ("text", "code", "line", "named"),
    [
        ("[columns]\npupil_id = No", "mapping_syntax", 2, "pupil_id = No"),
        ('[columns]\npupil_id = "No"\npupil_id = "Nr"', "mapping_syntax", 3, "pupil_id"),
        ('[columns]\npupil_id = "No', "mapping_syntax", 2, '"No'),
        (f"{ID}[reading]\nx = 1", "mapping_key_unknown", 3, "“reading”"),
        (f'[file]\nencodng = "utf-8"\n{ID}', "mapping_key_unknown", 2, "nearest is “encoding”"),
        (f'[file]\nencoding = "latin-99"\n{ID}', "mapping_encoding_unknown", 2, "latin-99"),
        (f'[file]\ndecimal = ";"\n{ID}', "mapping_choice", 2, "decimal"),
        (f"[cover]\n\nschol = 1\n{ID}", "mapping_key_unknown", 3, "nearest is “school”"),
        (f'{ID}mean_marks = "Mark"', "mapping_column_unknown", 3, "nearest is “mean_mark”"),
        (f'{ID}Identifikators = "Nr"', "mapping_column_twice", 3, "line 2"),
        (f'{ID}[columns.low_income]\n\nfrom = "Sex"', "mapping_protected", 3, "Sex"),
        (f"{ID}mean_mark = 5", "mapping_expected_column", 3, "mean_mark = 5"),
        (f'{LINE_3}from = "Mark"\nmultiplier = 2', "mapping_key_unknown", 5, "nearest is “multiply”"),
        (f'{LINE_3}from = "Mark"\nmultiply = "2"', "mapping_expected_number", 5, 'quotation marks, not "2".'),
        (f'{LINE_3}from = "Mark"\nmultiply = true', "mapping_expected_number", 5, "true"),
        (f'{LINE_3}from = "Mark"\nadd = nan', "mapping_not_finite", 5, "add = nan is not a number to calculate with"),
        (f'{LINE_3}from = "Mark"\nadd = -inf', "mapping_not_finite", 5, "add = -inf"),
        (f"{LINE_3}value = inf", "mapping_not_finite", 4, "value = inf"),
        (f'{LINE_3}from = "Mark"\nround = 1.5', "mapping_expected_decimals", 5, "from 0 to 10, not 1.5"),
        (f'{LINE_3}from = "Mark"\nround = -1', "mapping_expected_decimals", 5, "not -1"),
        (f'{LINE_3}from = "Mark"\nround = true', "mapping_expected_decimals", 5, "not true"),
        (f'{LINE_3}from = "A"\nround = 0\ndate_order = "mdy"', "mapping_contradiction", 6, "date_order, round"),
        (f'{LINE_3}from = ["A", "B"]\ncombine = "join"\nround = 1', "mapping_contradiction", 3, "round"),
        (f'[cover]\nas_of = "2027-13-15"\n{ID}', "mapping_cover_date", 2, 'as_of = "2027-13-15" is not a date'),
        (f'[cover]\n\nsemester = "autumn"\n{ID}', "mapping_cover_semester", 3, 'as "2026/2027-1"'),
        (f'[cover]\nprogramme = "generall"\n{ID}', "mapping_cover_programme", 2, 'Write "general"'),
        (f"[cover]\nplaces = -1\n{ID}", "mapping_cover_whole", 2, "a whole number from 0 to 100000, not -1"),
        (f"[cover]\nplaces = 2.5\n{ID}", "mapping_cover_whole", 2, "not 2.5"),
        (f"[cover]\nplaces = true\n{ID}", "mapping_cover_whole", 2, "not true"),
        (f"[cover]\nlessons_held = 9999\n{ID}", "mapping_cover_whole", 2, "from 0 to 3000"),
        (f'{LINE_3}from = "Mark"\noptional = "yes"', "mapping_expected_yes_no", 5, "optional"),
        (f"{LINE_3}from = 7", "mapping_expected_headings", 4, "from"),
        (f'{LINE_3}from = ["A", 7]\ncombine = "mean"', "mapping_expected_headings", 4, "from"),
        (f'{LINE_3}from = "Mark"\nrecode = {{}}', "mapping_expected_recode", 5, "recode"),
        (f'{LINE_3}from = "Mark"\nrecode = "A"', "mapping_expected_table", 5, "recode"),
        (f'{LINE_3}from = "Mark"\n[columns.mean_mark.recode]\nA = 9\nB = [8]', "mapping_expected_value", 7, "B needs"),
        (f'{LINE_3}from = "Mark"\nrecode = {{ "" = 0 }}', "mapping_recode_empty", 5, "empty"),
        (f'{LINE_3}from = "Mark"\nother = 1', "mapping_needs", 5, "recode"),
        (f"{LINE_3}multiply = 2", "mapping_exactly_one", 3, "from, value, row_number"),
        (f'{LINE_3}from = "Mark"\nvalue = 2', "mapping_exactly_one", 3, "mean_mark"),
        (f"{LINE_3}value = 2\nmultiply = 2", "mapping_contradiction", 5, "value, multiply"),
        (f'{LINE_3}from = "Mark"\nprefix = "x"', "mapping_needs", 5, "row_number"),
        (f'{LINE_3}from = ["A", "B"]', "mapping_needs", 4, "combine"),
        (f'{LINE_3}from = "A"\ndate_order = "MDY"', "mapping_choice", 5, "nearest is “mdy”"),
        (f'{LINE_3}from = "A"\nadd = 1\ndate_order = "mdy"', "mapping_contradiction", 6, "date_order, add"),
        (f'{LINE_3}from = ["A", "B"]\ncombine = "average"', "mapping_choice", 5, "“average”"),
        (f'{LINE_3}from = ["A", "B"]\ncombine = "count_below"', "mapping_threshold", 5, "combine = { count_below = 4 }"),
        (f'{LINE_3}from = ["A", "B"]\ncombine = {{ below = 4 }}', "mapping_key_unknown", 5, "count_below"),
        (f'{LINE_3}from = ["A", "B", "C"]\ncombine = "divide"', "mapping_two_columns", 5, "exactly two"),
        (f'{LINE_3}from = "A"\ncombine = "divide"', "mapping_two_columns", 5, "names 1"),
        (f'{LINE_3}from = "A"\ncombine = "mean"', "mapping_several_columns", 5, "mean"),
        (f'{LINE_3}from = ["A", "B"]\ncombine = "mean"\nseparator = ","', "mapping_needs", 6, "join"),
        (f'{LINE_3}from = ["A", "B"]\ncombine = "join"\nadd = 1', "mapping_contradiction", 3, "add"),
        (f'{LINE_3}from = "Mark"\naggregate = "mean"', "mapping_needs", 5, "[group]"),
        (f'[group]\nby = "No"\n{LINE_3}from = "M"\nwhere = {{ K = 1 }}', "mapping_needs", 7, "aggregate"),
        (f'[group]\nby = "No"\n{LINE_3}from = "M"\naggregate = "median"', "mapping_choice", 7, "median"),
        (f'[steps.a]\nfrom = "A"\naggregate = "sum"\n[group]\nby = "No"\n{ID}', "mapping_not_in_steps", 3, "steps"),
        (f"[group]\n{ID}", "mapping_needs", 1, "by"),
        (f'[melt]\ncolumns = ["A"]\nname = "s"\nvalue = "m"\n{ID}', "mapping_needs", 1, "[group]"),
        (f'[group]\nby = "No"\n[melt]\nname = "s"\nvalue = "m"\n{ID}', "mapping_exactly_one", 3, "columns, except"),
        (f'[group]\nby = "No"\n[melt]\ncolumns = "A"\nname = "s"\n{ID}', "mapping_needs", 3, "value"),
        (f'[group]\nby = "No"\n[melt]\ncolumns = "A"\nname = "m"\nvalue = "M"\n{ID}', "mapping_same_name", 6, "name"),
        (f'[where]\nStatus = {{ is = "x" }}\n{ID}', "mapping_key_unknown", 2, "nearest"),
        (f'[where]\nStatus = ["a", {{ not = "b" }}]\n{ID}', "mapping_list_of_values", 2, 'values only, not { not = "b" }'),
        (f'[where]\nStatus = {{ not = [["a"]] }}\n{ID}', "mapping_list_of_values", 2, 'not ["a"]'),
        (f"[where]\nStatus = []\n{ID}", "mapping_expected_value", 2, "Status"),
        (f'[where]\nYear = {{ below = "9" }}\n{ID}', "mapping_expected_number", 2, "below"),
        ('title = "x"', "mapping_no_columns", 1, "[columns]"),
        ('[columns]\nmean_mark = "Mark"', "mapping_no_id", 1, "pupil_id"),
        ("columns = 3", "mapping_expected_table", 1, "columns"),
    ],
)  # fmt: skip
def test_a_mapping_that_cannot_be_followed_is_refused_with_its_line(text, code, line, named):
    error = refusal(text)
    assert (error.code, error.params["line"]) == (code, line)
    assert named in error.message("en")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MappingError) as caught:
        Mapping.load(tmp_path / "none.toml")
    assert caught.value.code == "mapping_missing"
    assert "none.toml" in caught.value.message("lv")


def test_a_file_in_another_encoding_is_refused_at_the_line_of_the_first_foreign_byte(tmp_path):
    path = tmp_path / "map.toml"
    path.write_bytes('[columns]\npupil_id = "No"\nclass_id = "Pārbaude"\n'.encode("windows-1257"))
    with pytest.raises(MappingError) as caught:
        Mapping.load(path)
    assert (caught.value.code, caught.value.params["line"]) == ("mapping_not_utf8", 3)


def test_a_file_saved_by_notepad_is_read(tmp_path):
    path = tmp_path / "map.toml"
    path.write_bytes('[columns]\r\npupil_id = "№"\r\n'.encode("utf-8-sig"))
    assert Mapping.load(path).asks_for("№")


def test_a_column_may_be_called_by_its_latvian_heading():
    mapping = Mapping.from_text('[columns]\nIdentifikators = "No"\n"Vidējais vērtējums" = "Mark"')
    assert [column.target for column in mapping.plan.columns] == ["pupil_id", "mean_mark"]


def test_a_subject_that_is_a_language_is_no_protected_attribute_when_marks_are_combined():
    text = f'{LINE_3}from = ["Language", "Maths"]\ncombine = "mean"'
    assert Mapping.from_text(text).plan.columns[1].combine.name == "mean"


def test_a_cover_may_be_written_as_people_write_it():
    text = '[cover]\nschool = "S"\nas_of = "15.01.2027."\nsemester = "2026./2027. m. g. 1. semestris"\n'
    text += f'programme = "vispārējā"\nplaces = 12\nlessons_held = 480\n{ID}'
    assert Mapping.from_text(text).plan.cover["programme"] == "vispārējā"


def test_reading_options_are_kept():
    reading = Mapping.from_text(f'[file]\nencoding = "cp1252"\nsheet = "A"\nmissing = "-"\ndecimal = ","\n{ID}').reading
    assert (reading.encoding, reading.sheets, reading.missing, reading.decimal) == ("cp1252", ("A",), ("-",), ",")


def test_the_reader_is_told_which_headings_to_look_for():
    mapping = Mapping.from_text(
        '[where]\nStatus = "x"\n[steps.days]\nfrom = "Mark *"\ncombine = "sum"\n'
        f'{ID}[columns.lessons_missed]\nfrom = "days"\nmultiply = 6'
    )
    assert [mapping.asks_for(name) for name in ("NO", "mark  Oct", "status", "days", "Other")] == [True] * 3 + [
        False
    ] * 2
