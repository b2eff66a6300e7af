"""What is wrong with a table is named by file, row, column and value, all at once."""

import json
from unicodedata import normalize

import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.errors import RecordsError
from pumpurs_risk.locale import text
from pumpurs_risk.records import SchoolRecords, SheetContract
from pumpurs_risk.records.identity.key_file import KeyFile
from pumpurs_risk.records.validation.report import PROBLEM_COLUMNS, ProblemLog, ValidationReport

DAY = "2027-01-15"


def take(rows, as_of=DAY, **options):
    frame = pd.DataFrame(rows)
    if "pupil_id" not in frame and "Identifikators" not in frame:
        frame.insert(0, "pupil_id", [f"p{i}" for i in range(len(frame))])
    return SchoolRecords.from_tables(frame, as_of=as_of, **options)


def named(records, *columns):
    return list(records.report.problems[list(columns)].itertuples(index=False, name=None))


def test_a_mark_of_11_becomes_unknown_and_is_named():
    records = take({"mean_mark": ["7", "11"]})
    assert records.sheet["mean_mark"].tolist()[0] == 7 and np.isnan(records.sheet["mean_mark"][1])
    assert named(records, "severity", "code", "row", "column", "value", "action") == [
        ("set_aside", "out_of_range", 2, "mean_mark", "11", "cell_unknown")
    ]
    assert not records.report.ok


def test_all_problems_are_named_at_once():
    records = take(
        {"mean_mark": ["11", "abc"], "failing_subjects": ["2,5", "-1"], "birth_date": ["31.02.2011.", "rīt"]}
    )
    assert len(records.report.problems) == 6
    assert set(records.report.problems["row"]) == {1, 2}


def test_a_date_in_the_future_becomes_unknown_and_is_named():
    records = take(
        {
            "birth_date": ["2011-01-01", "2028-01-01"],
            "enrolled_from": ["2027-01-16", "2027-01-15"],
            "birth_year": ["2028", "2010"],
        }
    )
    assert sorted(named(records, "code", "row", "column")) == [
        ("date_in_future", 1, "birth_year"),
        ("date_in_future", 1, "enrolled_from"),
        ("date_in_future", 2, "birth_date"),
    ]
    assert records.sheet[["birth_date", "enrolled_from", "birth_year"]].isna().to_numpy().tolist() == [
        [False, True, True],
        [True, False, False],
    ]


def test_a_newborn_pupil_is_named():
    records = take({"birth_year": ["2026"]})
    assert named(records, "code", "value") == [("too_young", "2026")]
    assert records.sheet["birth_year"].isna().all()


def test_more_missed_than_held_makes_both_unknown_and_names_both_columns():
    records = take({"Kavētās stundas": ["40", "4"], "Notikušās stundas": ["30", "30"]})
    assert named(records, "code", "column", "value", "detail") == [
        ("more_than_other", "Kavētās stundas", "40", "Notikušās stundas: 30")
    ]
    assert records.sheet[["lessons_missed", "lessons_held"]].isna().to_numpy().tolist() == [
        [True, True],
        [False, False],
    ]


def test_more_unexcused_than_missed_makes_both_unknown():
    records = take({"lessons_missed": [4], "unexcused_raw": [5], "lessons_held": [100]})
    assert records.sheet[["lessons_missed", "unexcused_raw", "lessons_held"]].isna().iloc[0].tolist() == [
        True,
        True,
        False,
    ]


def test_negative_lessons_are_unknown_and_named():
    assert named(take({"lessons_missed": ["-3"]}), "code", "value") == [("out_of_range", "-3")]


def test_a_given_share_that_differs_from_the_lessons_is_noticed():
    records = take({"lessons_missed": [50, 50], "lessons_held": [500, 500], "absence_share": ["30 %", "10 %"]})
    assert named(records, "severity", "code", "row") == [("notice", "given_and_computed", 1)]
    assert records.report.ok


def test_an_unknown_column_is_ignored_and_named_with_the_nearest_heading():
    records = take({"Kavētas stunds": [1], "Mīļākā krāsa": ["zila"]})
    assert set(named(records, "severity", "code", "column", "detail", "action")) == {
        ("notice", "unknown_column", "Kavētas stunds", "Kavētās stundas", "ignored"),
        ("notice", "unknown_column_alone", "Mīļākā krāsa", "", "ignored"),
    }
    assert records.report.ok


def test_a_protected_attribute_is_not_read_and_said_so():
    records = take({"Dzimums": ["s"], "mean_mark": [7]})
    assert named(records, "severity", "code", "column") == [("notice", "protected_column", "Dzimums")]
    assert "Dzimums" not in records.sheet


def test_of_two_columns_with_one_meaning_the_first_counts_and_the_second_is_named():
    records = take({"Vidējais vērtējums": [7], "mean mark": [8]})
    assert records.sheet["mean_mark"].tolist() == [7]
    assert named(records, "code", "column", "detail") == [("column_twice", "mean mark", "Vidējais vērtējums")]


def test_a_row_without_id_is_rejected_and_nothing_else_of_it_is_named():
    records = take({"pupil_id": ["a", "", None, "  "], "mean_mark": ["7", "11", "12", "13"]})
    assert records.sheet["pupil_id"].tolist() == ["school:a"]
    assert named(records, "code", "row", "action") == [("row_without_id", row, "row_rejected") for row in (2, 3, 4)]
    assert records.report.counts.iloc[0].tolist() == ["school", "sheet", "", "sheet", 4, 1, 0, 3]


def test_an_id_that_is_a_formula_error_is_rejected():
    assert named(take({"pupil_id": ["#REF!", "b"], "mean_mark": [7, 7]}), "code", "value") == [("bad_id", "#REF!")]


@pytest.mark.parametrize("label", ["Kopā", "KOPĀ:", "Vidēji", "Vidēji klasē", "Total", "average", "Vid."])
def test_a_footer_is_rejected_with_a_notice_and_not_counted_as_a_mistake(label):
    records = take({"pupil_id": ["a", label], "lessons_missed": ["7", "70000"]})
    assert named(records, "severity", "code", "row", "value") == [("notice", "footer_row", 2, label)]
    assert records.report.ok and records.report.counts["rejected"].tolist() == [1]


def test_a_footer_beside_an_empty_id_is_seen_too():
    records = take({"Nr.": ["1.", "Kopā"], "pupil_id": ["a", ""], "lessons_missed": ["7", "70000"]})
    assert ("footer_row", 2) in named(records, "code", "row")


def test_a_pupil_whose_id_only_begins_like_a_footer_stays():
    assert take({"pupil_id": ["Vidējs-7", "Kopārs"], "mean_mark": [7, 7]}).report.ok


def test_headings_repeated_among_the_rows_are_no_pupil():
    records = take({"Identifikators": ["a", "Identifikators"], "Vidējais vērtējums": ["7", "Vidējais vērtējums"]})
    assert named(records, "code", "row") == [("heading_row", 2)]


@pytest.mark.parametrize("own", ["007", "../../x", "=cmd|' /C calc'!A0", "<script>", "Ā-1", "1e5", "12.0", "nav", "-"])
def test_ids_stay_the_text_they_are(own):
    records = take({"pupil_id": [own, "zz"], "mean_mark": [7, 8]})
    assert records.sheet["pupil_id"].tolist() == [f"school:{own}", "school:zz"]
    assert records.names["own_id"].tolist() == [own, "zz"]


def test_whole_ids_that_became_floats_are_written_back():
    assert take({"pupil_id": [17.0, np.nan, 3.0], "mean_mark": [1, 2, 3]}).sheet["pupil_id"].tolist() == [
        "school:17",
        "school:3",
    ]


def test_accents_composed_in_another_way_are_the_same_id():
    records = take({"pupil_id": [normalize("NFC", "Ērika"), normalize("NFD", "Ērika")], "mean_mark": [7, 7]})
    assert len(records.sheet) == 1


def test_a_class_without_a_level_is_a_notice_and_the_level_unknown():
    records = take({"class_id": ["DT-21", "9.a"]})
    assert named(records, "severity", "code", "value", "action") == [("notice", "class_without_level", "DT-21", "none")]
    assert np.isnan(records.sheet["level"][0]) and records.sheet["level"][1] == 9


def test_a_level_given_beside_an_unclear_class_needs_no_notice():
    records = take({"class_id": ["DT-21"], "level": [2], "programme": ["profesionālā"]})
    assert records.report.problems.empty and records.sheet[["level", "programme"]].iloc[0].tolist() == [2, "vocational"]


def test_a_course_is_vocational_unless_the_programme_says_otherwise():
    records = take({"class_id": ["1. kurss", "II kurss", "9.a"], "programme": ["", "vakara", ""]})
    assert records.sheet["programme"].tolist()[0] == "vocational"
    assert records.sheet[["programme", "level"]].iloc[-1].tolist() == ["general", 9]


# --- The report itself


def test_every_code_has_words_in_both_languages_and_says_value_and_place():
    log = ProblemLog()
    from pumpurs_risk.locale.texts import _room

    codes = list(_room("lv", "problems")["codes"])
    assert codes == list(_room("en", "problems")["codes"])
    for code in codes:
        detail = {
            "date_in_future": DAY,
            "rows_later_than_list": DAY,
            "duplicate_row": "a.csv:3",
            "contradicting_duplicates": "a.csv:3",
        }.get(code, "DETAIL")
        log.add(code, file="a.csv", sheet="9.a", column="Kolonna", rows=[12], values=["VALUE"], detail=detail)
    report = ValidationReport.of(log)
    for lang in ("lv", "en"):
        for message in report.messages(lang):
            assert (
                message.startswith("a.csv, ")
                and "12" in message
                and "{" not in message
                and message.endswith((".", "..."))
            ), message
    assert len(set(report.messages("lv"))) == len(codes)


def test_latvian_and_english_say_the_same_placeholders():
    from string import Formatter

    from pumpurs_risk.locale.texts import _room

    def holes(entry):
        if isinstance(entry, str):
            return {name for _, name, _, _ in Formatter().parse(entry) if name}
        return {key: holes(value) for key, value in entry.items()}

    assert holes(_room("lv", "problems")) == holes(_room("en", "problems"))


def test_a_message_says_where_what_and_how_to_mend_it():
    records = take({"Vidējais vērtējums": ["11"]})
    assert records.report.messages("lv") == [
        "sheet, 1. rinda, kolonna „Vidējais vērtējums”: "
        "„11” ir ārpus robežām (1–10); vērtība uzskatīta par nezināmu. Izlabojiet to."
    ]
    assert records.report.messages("en") == [
        "sheet, row 1, column “Vidējais vērtējums”: “11” is outside the limits (1–10); the value counts as unknown. Correct it."
    ]


def test_cells_with_braces_and_line_breaks_do_not_break_a_message():
    records = take({"mean_mark": ["{x}\n{0}", "y" * 5000]})
    first, second = records.report.messages("lv")
    assert "{x} {0}" in first and len(second) < 300


def test_the_report_is_plain_data_for_programs():
    records = take({"mean_mark": ["11", "7"]})
    plain = json.loads(json.dumps(records.report.to_dict("en"), allow_nan=False))
    assert plain["ok"] is False and plain["problems"][0]["row"] == 1
    assert set(plain["problems"][0]) == {*PROBLEM_COLUMNS, "message"}
    assert plain["counts"] == [
        {
            "school_id": "school",
            "file": "sheet",
            "sheet": "",
            "table": "sheet",
            "rows_in": 2,
            "used": 2,
            "not_used": 0,
            "rejected": 0,
        }
    ]


def test_what_is_to_be_mended_is_listed_and_no_spreadsheet_takes_it_for_a_formula(tmp_path):
    records = take({"mean_mark": ["=1+1", "7", "@x"], "failing_subjects": ["0", "-1", "0"], "Krāsa": ["a", "b", "c"]})
    listed = records.report.rejected("lv")
    assert listed["value"].tolist() == ["'=1+1", "'-1", "'@x"]
    assert list(listed) == ["school_id", "file", "sheet", "row", "column", "value", "message"]
    listed.to_csv(tmp_path / "rejected.csv", index=False)
    again = pd.read_csv(tmp_path / "rejected.csv", dtype=str, keep_default_na=False)
    assert again["message"].tolist() == listed["message"].tolist()


def test_a_rejected_table_is_said_in_the_readers_language():
    log = ProblemLog()
    detail = json.dumps({"code": "no_id_column", "file": "b.csv", "headings": "x, y"})
    log.add("table_rejected", file="b.csv", detail=detail, action="table_rejected")
    (lv,), (en,) = (ValidationReport.of(log).messages(lang) for lang in ("lv", "en"))
    assert lv.endswith(text("errors.no_id_column", "lv", file="b.csv", headings="x, y"))
    assert en.endswith(text("errors.no_id_column", "en", file="b.csv", headings="x, y"))


def test_str_is_short_and_names_mistakes_before_notices():
    records = take({"Krāsa": ["a"] * 30, "mean_mark": ["11"] * 30})
    lines = str(records.report).splitlines()
    assert lines[0] == "Rows read: 30, used: 30; to correct: 30, notices: 1." and len(lines) == 7
    assert "mean_mark" in lines[1]


def test_a_hundred_thousand_bad_cells_are_all_named():
    n = 100_000
    records = take({"mean_mark": pd.Series(np.arange(n) + 11).astype(str)})
    assert len(records.report.problems) == n
    messages = records.report.messages("en")
    assert len(set(messages)) == n


CODES = ["150309-21234", "32123456789"]
FIELDS = [name for name in SheetContract.load(Catalogue.load()).fields if name not in ("pupil_id", "class_id", "name")]


@pytest.fixture
def key(tmp_path):
    return KeyFile.create(tmp_path / "k.key.json")


def said_of(records):
    """Everything that may be shown or written, in one text."""
    frames = (records.sheet, records.names, records.schools, records.out_of_scope, records.report.rejected("lv"))
    tables = [frame.to_csv() for frame in (*frames, records.report.problems)]
    whole = json.dumps(records.report.to_dict("lv")) + "".join(records.report.messages("en")) + "".join(tables)
    return whole + str(records.inventory)


@pytest.mark.parametrize("column", [*FIELDS, "Piezīmes", "Tautība"])
@pytest.mark.parametrize("code", [*CODES, 32123456789.0])
def test_a_personal_code_in_any_column_is_named_by_column_and_never_repeated(column, code, key):
    frame = pd.DataFrame({"pupil_id": ["1", "2"], "class_id": ["9.a", "9.a"], "Stundas": [1.0, 2.0]})
    frame[column] = [code, None] if isinstance(code, float) else [f"skat. {code}", "x"]
    records = SchoolRecords.from_tables(frame, as_of=DAY, key=key)
    warned = records.report.problems[records.report.problems["code"] == "personal_codes"]
    assert warned[["severity", "column", "detail", "value"]].to_numpy().tolist() == [["notice", column, "1", ""]]
    assert "21234" not in said_of(records) and "2123456789" not in said_of(records)


def test_codes_in_headings_are_hidden_too():
    with pytest.raises(RecordsError) as caught:
        SchoolRecords.from_tables(pd.DataFrame({"150309-21234": ["x"], "9.a": ["y"]}))
    assert "21234" not in str(caught.value) and "******-*****" in str(caught.value)
    assert "21234" not in said_of(take({"pupil_id": ["1"], "150309-21234": ["x"]}))


def test_ids_that_are_personal_codes_become_pseudonyms_which_stay(key, tmp_path):
    frame = pd.DataFrame({"pupil_id": [*CODES, "7"], "name": ["Anna", "Jānis", "Ilze"], "class_id": ["9.a"] * 3})
    records = SchoolRecords.from_tables(frame, as_of=DAY, key=key)
    ids = records.sheet["pupil_id"].tolist()
    assert ids == [*key.pseudonym(CODES, "school"), "school:7"]
    assert records.names["own_id"].isna().tolist() == [True, True, False]
    assert records.names["name"].tolist() == ["Anna", "Jānis", "Ilze"] and list(records.names) == [
        "pupil_id",
        "school_id",
        "name",
        "own_id",
    ]
    assert [*named(records, "code", "detail")] == [("personal_codes", "2"), ("personal_codes_keyed", "2")]
    records.keep_names()
    kept = (tmp_path / "k.key.json").read_text(encoding="utf-8")
    assert "21234" not in kept and "32123456789" not in kept and "Anna" in kept
    dashed = frame.assign(pupil_id=["15030921234", "321234-56789", "7"])
    again = SchoolRecords.from_tables(dashed, as_of=DAY, key=tmp_path / "k.key.json")
    assert again.sheet["pupil_id"].tolist() == ids and again.key_fingerprint == key.fingerprint


def test_codes_in_a_column_of_numbers_are_found_and_keyed(key):
    records = SchoolRecords.from_tables(pd.DataFrame({"pupil_id": [32123456789.0, np.nan]}), as_of=DAY, key=key)
    assert records.sheet["pupil_id"].tolist() == [*key.pseudonym(["32123456789"], "school")]


def test_codes_as_ids_without_a_key_are_refused():
    with pytest.raises(RecordsError) as caught:
        take({"pupil_id": CODES})
    assert caught.value.code == "codes_without_key"
    assert "key=" in caught.value.message("lv") and "pseudonymise" in caught.value.message("lv")
    assert "21234" not in str(caught.value)


def test_a_code_within_a_name_is_cut_out_and_is_the_id_where_there_is_none(key):
    frame = pd.DataFrame({"name": ["Anna Ozola, 150309-21234", "Jānis (32123456789)", "Ilze"], "class_id": ["9.a"] * 3})
    records = SchoolRecords.from_tables(frame, as_of=DAY, key=key)
    assert sorted(records.names["name"]) == ["Anna Ozola", "Ilze", "Jānis"]
    assert records.sheet["pupil_id"].tolist()[:2] == [*key.pseudonym(CODES, "school")]
    assert "21234" not in said_of(records)
