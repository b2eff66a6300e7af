"""Raw rows to typed rows: a bad cell becomes unknown and is named, a row goes only where its key is unusable."""

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pumpurs_risk.locale import LANGUAGES

DAY = dt.date(2026, 10, 5)


def absences(n=1, **columns):
    return {"pupil_id": ["7"] * n, "date": ["2026-10-05"] * n, "status": ["n"] * n} | columns


def marks(*cells, **columns):
    n = len(cells)
    base = {"pupil_id": ["7"] * n, "subject": ["Matemātika"] * n, "date": ["2026-10-05"] * n, "mark": list(cells)}
    return base | columns


def test_a_row_as_a_latvian_journal_writes_it(read):
    found = read(
        "absences",
        {
            "Skolēna ID": ["007"],
            "Datums": ["05.10.2026."],
            "Stunda": ["3"],
            "Mācību priekšmets": ["Fizika"],
            "Kavējuma veids": ["Attaisnots (slimība)"],
            "Kavētās stundas": ["1,0"],
            "Attaisnojuma datums": ["09.10.2026"],
            "Ierakstīts": ["05.10.2026. 08:30"],
        },
    )
    assert not len(found.problems)
    assert found["date"] == [DAY] and found["status"] == ["excused_illness"] and found["lesson"] == ["3"]
    assert found["lessons_missed"] == [1.0] and found["excused_on"] == [dt.date(2026, 10, 9)] == [
        found["recorded_on"][0] + dt.timedelta(days=4)
    ]
    assert "pupil_id" not in found.rows.columns and "record_id" not in found.rows.columns


def test_columns_come_in_the_contracts_order_and_types(read, contracts):
    found = read("absences", absences(recorded_on=["2026-10-05"], lessons_held=["7"], lesson=["1"]))
    schema = contracts["absences"].arrow_schema
    assert list(found.rows.columns) == [each for each in schema.names if each in found.rows.columns]
    assert all(values.type == schema.field(name).type for name, values in found.rows.columns.items())


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("31.02.2026", "row_not_a_date"),
        ("", "row_empty"),
        ("1985-01-01", "row_out_of_range"),
        ("2206-10-05", "row_date_beyond"),
        ("#REF!", "row_formula_error"),
        ("rīt", "row_not_a_date"),
    ],
)
def test_a_row_without_a_usable_date_is_rejected_and_named_once(read, cell, code):
    found = read("absences", absences(2, date=["2026-10-05", cell]))
    assert found.named() == [(f"tables.{code}", 3, cell)]
    assert found.problems["action"].tolist() == ["row_rejected"]
    assert found.rows.source.tolist() == [0] and found.rows.rejected.tolist() == [1]


def test_a_day_before_the_known_semesters_is_kept_and_said_once(read):
    found = read("absences", absences(3, date=["1999-05-05", "1999-05-06", "2026-10-05"]))
    assert found.named() == [("tables.date_outside", 2, "1999-05-05")]
    assert found.problems["detail"].tolist() == ["2"] and found.report.ok
    assert len(found.rows.source) == 3


def test_a_time_with_a_zone_is_the_date_as_written_and_said_once(read):
    zoned = ["2026-10-05T00:30:00+03:00", "2026-10-05T23:30:00Z", "2026-10-05T23:30:00-0500", "2026-10-05 08:30"]
    found = read("absences", absences(4, date=zoned))
    assert found["date"] == [DAY] * 4
    assert found.named() == [("tables.time_with_zone", 2, zoned[0])] and found.problems["detail"].tolist() == ["3"]
    moment = pd.Timestamp("2026-10-05T00:30:00", tz="Europe/Riga")
    typed = read("absences", absences(date=pa.array([moment], pa.timestamp("us", "Europe/Riga"))))
    assert typed["date"] == [DAY] and typed.problems["code"].tolist() == ["tables.time_with_zone"]


def test_negative_lessons_become_unknown_and_are_named(read):
    found = read("absences", absences(2, lessons_missed=["-2", "2"]))
    assert found["lessons_missed"] == [None, 2.0]
    assert found.named() == [("out_of_range", 2, "-2")]


def test_more_lessons_missed_than_held_are_both_unknown(read):
    found = read("absences", absences(2, lessons_missed=["8", "7"], lessons_held=["7", "7"]))
    assert found["lessons_missed"] == [None, 7.0] and found["lessons_held"] == [None, 7.0]
    assert found.named() == [("more_than_other", 2, "8")]


def test_an_unknown_word_is_named_with_the_nearest(read):
    found = read("absences", absences(3, status=["neataisnots", "zirgs", "-"]))
    assert len(found.rows.source) == 0 and found.rows.rejected.tolist() == [0, 1]  # of row 4 nothing was said
    assert found.named() == [
        ("tables.row_unknown_word", 2, "neataisnots"),
        ("tables.row_unknown_word_alone", 3, "zirgs"),
        ("tables.rows_that_say_nothing", 4, "-"),
    ]
    assert found.problems["detail"][0] == "neattaisnots"
    kept = read("absences", absences(2, status=["neataisnots", "zirgs"], lessons_missed=["1", "2"]))
    assert kept["status"] == [None, None] and kept["lessons_missed"] == [1.0, 2.0]
    assert [code for code, *_ in kept.named()] == ["tables.unknown_word", "tables.unknown_word_alone"]


def test_example_words_are_told_in_the_readers_language(read):
    found = read("absences", absences(status=["zirgs"]), lang="lv")
    lv, en = found.report.messages("lv")[0], found.report.messages("en")[0]
    assert "absent_open" in en and "absent_open" not in lv and "{" not in lv + en
    late = read("absences", absences(excused_on=["2026-10-01"]), lang="lv")
    assert "2026" in late.report.messages("lv")[0] and "05.10.2026." in late.report.messages("lv")[0]
    assert "date: " in late.report.messages("en")[0] and "05.10.2026." not in late.report.messages("en")[0]
    early = read("absences", absences(recorded_on=["1980-01-01"]))
    assert "01.01.1990." in early.report.messages("lv")[0] and "01.01.1990." not in early.report.messages("en")[0]


def test_a_row_that_says_nothing_is_not_used_and_told_once(read):
    found = read("absences", absences(4, status=["", None, "n", "?"], lessons_held=["", "7", "", ""]))
    assert found.rows.source.tolist() == [1, 2] and found.rows.rejected.tolist() == []
    assert found.named() == [("tables.rows_that_say_nothing", 2, "")] and found.problems["detail"].tolist() == ["2"]
    assert found.problems["severity"].tolist() == ["notice"]


def test_a_part_beyond_its_whole_rejects_a_row_without_anything_else(read):
    found = read("absences", absences(2, status=["", "n"], lessons_missed=["8", "8"], lessons_held=["7", "7"]))
    assert found.rows.source.tolist() == [1] and found.rows.rejected.tolist() == [0]
    assert found.named() == [("tables.row_more_than_other", 2, "8"), ("more_than_other", 3, "8")]


@pytest.mark.parametrize("cell", ["late", "lateness", "tardy", "nokavējums", "kavēts stundas sākums", "Tardiness"])
def test_lateness_has_many_nouns(read, cell):
    assert read("absences", absences(status=[cell]))["status"] == ["late"]


def test_an_incident_may_be_headed_event(read):
    found = read("incidents", {"pupil_id": ["7"], "Datums": ["05.10.2026."], "Notikums": ["mobings"]})
    assert found["kind"] == ["bullying"] and not len(found.problems)


def test_marks_in_the_table_of_absences_are_one_sentence(read):
    found = read("absences", absences(6, status=["7", "8(p.d.)", "nv", "4|7", "n", "85%"]))
    assert found["status"] == ["absent_open"] and found.rows.rejected.tolist() == [0, 1, 2, 3, 5]
    assert found.named() == [("tables.row_marks_in_absences", 2, "7")]
    assert found.problems["detail"].tolist() == ["5"] and not found.report.ok
    assert found.problems["action"].tolist() == ["row_rejected"]
    kept = read("absences", absences(2, status=["7", "8"], lessons_missed=["1", "1"]))
    assert kept["status"] == [None, None] and kept["lessons_missed"] == [1.0, 1.0]
    assert kept.named() == [("tables.marks_in_absences", 2, "7")] and kept.problems["detail"].tolist() == ["2"]


def test_numbers_in_a_column_of_statuses_are_one_sentence_too(read):
    found = read("absences", absences(3, status=pa.array([7, 8, None])))
    assert found.problems["code"].tolist() == ["tables.row_marks_in_absences", "tables.rows_that_say_nothing"]


def test_absences_in_the_column_of_marks_are_one_sentence(read):
    found = read("marks", marks("ns", "neattaisnots", "7"))
    assert found.named() == [("tables.absences_in_marks", 2, "ns")] and found.problems["detail"].tolist() == ["2"]
    assert found["mark"] == [None, None, 7.0]


def test_work_not_handed_in_and_empty_cells_give_no_mark(read):
    found = read("marks", marks("n", "", None, "7 n"))
    assert found["mark"] == [7.0] and found.rows.source.tolist() == [3]
    assert found.named() == [("tables.not_handed_in", 2, "n"), ("tables.rows_without_mark", 3, "")]
    assert found.problems["detail"].tolist() == ["2", "2"] and found.report.ok
    assert not len(found.rows.rejected)


def test_a_cell_with_three_marks_gives_three_rows_of_one_row(read):
    found = read("marks", marks("9", "7 8(p.d.) nv", "4|7"))
    assert found.rows.source.tolist() == [0, 1, 1, 1, 2]
    assert found["mark"] == [9.0, 7.0, 8.0, None, 4.0] and found["sign"] == [None, None, None, "nv", None]
    assert found["kind"] == ["daily", "daily", "test", "daily", "daily"]
    assert found["corrected_mark"] == [None] * 4 + [7.0] and "corrected_sign" not in found.rows.columns


def test_a_percentage_beyond_its_limits_is_told_with_those_of_percentages(read):
    found = read("marks", marks("150%", "12/10", "11", corrected_mark=["", "", "200%"]))
    assert [message.split("(")[1].split(")")[0] for message in found.report.messages("en")] == [
        *["0–100\u00a0%"] * 2,
        *["0–100\u00a0%", "1–10"],
    ]


def test_a_mark_of_11_becomes_unknown_and_is_named(read):
    found = read("marks", marks("11", "abc"))
    assert found["mark"] == [None, None]
    assert found.named() == [("out_of_range", 2, "11"), ("tables.not_a_mark", 3, "abc")]


def test_a_column_of_kinds_comes_before_what_the_cell_says(read):
    found = read("marks", marks("7(p.d.)", "7(p.d.)", "7", kind=["semestra vērtējums", "ikdienas", ""]))
    assert found["kind"] == ["semester", "test", "daily"]


def test_a_final_mark_without_a_day_is_of_its_semesters_last_day(read):
    columns = marks("7", "8", "9", date=["", "", ""], semester=["2026/2027-1", "2026./2027. m. g. 2. sem.", ""])
    found = read("marks", columns | {"kind": ["", "gada", ""]})
    assert found["date"] == [dt.date(2026, 12, 18), dt.date(2027, 5, 31)]
    assert found["kind"] == ["semester", "year"] and found["semester"] == ["2026/2027-1", "2026/2027-2"]
    assert found.named() == [("tables.row_empty", 4, "")]


def test_a_final_mark_of_no_known_semester_is_told_once_at_its_semester(read):
    columns = marks("7", "8", "9", date=["", "", "31.02.2027."], semester=["2026/2027-3", "2041/2042-1", "2026/2027-1"])
    found = read("marks", columns | {"kind": ["semestra"] * 3})
    assert found.named() == [
        ("tables.row_not_a_semester", 2, "2026/2027-3"),
        ("tables.row_semester_undefined", 3, "2041/2042-1"),
        ("not_a_date", 4, "31.02.2027."),
    ]
    assert found["date"] == [dt.date(2026, 12, 18)] and found.rows.rejected.tolist() == [0, 1]


def test_a_mark_of_no_subject_is_rejected(read):
    found = read("marks", marks("7", "8", subject=["", "Fizika"], kind=["ikdienas", "zirgs"]))
    assert [(code, row) for code, row, _ in found.named()] == [
        ("tables.row_empty", 2),
        ("tables.row_unknown_word_alone", 3),
    ]
    assert found["mark"] == []


def test_marks_in_the_contracts_own_form_stay_what_they_are(read):
    columns = marks(
        *[7.0, None, None, 4.0],
        sign=[None, "nv", None, None],
        percent=[None, None, 62.5, None],
        corrected_mark=[None, None, None, 7.0],
        corrected_sign=[None, "pass", None, None],
    )
    found = read("marks", columns)
    assert not len(found.problems)
    for each in ("sign", "percent", "corrected_mark", "corrected_sign", "mark"):
        assert found[each] == columns[each], each


def test_a_column_of_corrected_marks_holds_one_mark_a_cell(read):
    found = read("marks", marks("4", "4", "4", "4", corrected_mark=["7", "nv", "7 8", "12"]))
    assert found["corrected_mark"] == [7.0, None, None, None] and found["corrected_sign"] == [None, "nv", None, None]
    assert found.named() == [("tables.not_a_mark", 4, "7 8"), ("out_of_range", 5, "12")]


def test_percentages_in_a_column_of_their_own(read):
    found = read("marks", marks("", "", "", percent=["85 %", "62,5", "120%"]))
    assert found["percent"] == [85.0, 62.5] and found.rows.source.tolist() == [0, 1]


def test_a_semester_that_nobody_defined_is_named_with_the_known_ones(read):
    columns = {"pupil_id": ["7", "8"], "class_id": ["9.a"] * 2, "semester": ["2026/2027-1", "2041/2042-1"]}
    found = read("pupils", columns)
    assert found.named() == [("tables.row_semester_undefined", 3, "2041/2042-1")]
    assert "2026/2027" in found.report.messages("en")[0] or "2027/2028-2" in found.report.messages("en")[0]
    own = {"2041/2042-1": (dt.date(2041, 9, 2), dt.date(2041, 12, 20))}
    assert not len(read("pupils", columns, semesters=own).problems)
    later = absences(date=["2041-10-01"])
    assert len(read("absences", later).problems) and not len(read("absences", later, semesters=own).problems)


def test_a_table_of_semesters_defines_them(read):
    columns = {"semester": ["2041/2042-1"], "date_from": ["2041-09-02"], "date_to": ["2041-12-20"]}
    found = read("semesters", columns)
    assert not len(found.problems) and found["semester"] == ["2041/2042-1"]
    backwards = read("semesters", columns | {"date_to": ["2041-08-20"]})
    assert backwards.problems["code"].tolist() == ["tables.row_before_other"]


def test_semester_and_programme_come_from_the_cover_where_the_row_is_silent(read):
    columns = {"pupil_id": ["1", "2", "3"], "class_id": ["9.a", "1. kurss", "zz"], "programme": ["", "", "vakara"]}
    stated = {
        "semester": np.array(["2026/2027-1"] * 3),
        "programme": np.array(["general", "", "general"], dtype=object),
    }
    found = read("pupils", columns, stated=stated)
    assert found["semester"] == ["2026/2027-1"] * 3
    assert found["programme"] == ["general", "vocational", "evening"] and found["level"] == [9.0, 1.0, None]
    assert found.problems["code"].tolist() == ["class_without_level"]


def test_an_excuse_before_the_absence_becomes_unknown_a_record_before_it_is_said(read):
    found = read(
        "absences", absences(2, excused_on=["2026-10-01", "2026-10-06"], recorded_on=["2026-10-04", "2026-10-05"])
    )
    assert found["excused_on"] == [None, dt.date(2026, 10, 6)] and found["recorded_on"] == [dt.date(2026, 10, 4), DAY]
    assert sorted(found.named()) == [
        ("tables.before_other", 2, "2026-10-01"),
        ("tables.recorded_before", 2, "2026-10-04"),
    ]


def test_an_assessment_is_read_as_its_factor_demands(read):
    columns = {
        "pupil_id": ["7"] * 6,
        "date": ["2026-10-05"] * 6,
        "factor": ["motivation", "Mācību motivācija", "paid_work_hours", "wants_paid_work", "zirgi", "absence_share"],
        "value": ["ļoti zema", "9", "7,5", "jā", "1", "12,4 %"],
        "role": ["klases audzinātāja", "psychologist", "", "x", "", ""],
    }
    found = read("assessments", columns)
    assert found["factor"] == ["motivation", "motivation", "paid_work_hours", "wants_paid_work", "absence_share"]
    assert found["value"] == [3.0, None, 7.5, 1.0, 0.124]
    assert found["role"] == ["class_teacher", "psychologist", None, None, None]
    assert [(code, value) for code, _, value in found.named()] == [
        ("not_on_scale", "9"),
        ("tables.unknown_word_alone", "x"),
        ("tables.row_unknown_factor_alone", "zirgi"),
    ]


def test_an_unknown_factor_is_answered_with_factors_that_people_judge(read, catalogue):
    columns = {"pupil_id": ["7"] * 3, "date": ["2026-10-05"] * 3, "value": ["1"] * 3}
    found = read("assessments", columns | {"factor": ["laime", "mean_mrak", "motivatoin"]})
    _, near_a_count, near = found.problems.sort_values("row")["detail"]
    assert near == "motivation" and near_a_count != "mean_mark"
    proposed = found.report.messages("en")[0].rpartition(": ")[2].removesuffix(".").split(", ")
    assert len(proposed) > 3 and all("assessments" in catalogue.factors[each].tables for each in proposed)


def test_a_decision_may_be_followed_by_its_reason(read):
    said = ["noraidīts – nav vajadzīgs", "Noraidīts: pāries pats", "noraidīts - jā", "apstiprināts", "zirgs – x"]
    columns = {"pupil_id": ["7"] * 5, "semester": ["2026/2027-1"] * 5, "decision": said}
    found = read("decisions", columns)
    assert found["decision"] == ["dismissed"] * 3 + ["confirmed"]
    assert found["why"] == ["nav vajadzīgs", "pāries pats", "jā", None]
    assert found.named() == [("tables.row_unknown_word_alone", 6, "zirgs – x")]
    own = read("decisions", columns | {"why": ["cits", "", "", "", ""]})
    assert own["why"] == ["cits", "pāries pats", "jā", None]


def test_the_stage_that_a_graduate_finished_may_stand_in_the_outcome(read):
    columns = {
        "pupil_id": ["7"] * 3,
        "date": ["2027-06-10"] * 3,
        "outcome": ["ieguvis pamatizglītību", "absolvējis", "ieguvusi profesionālo kvalifikāciju"],
        "stage": ["", "vidusskola", ""],
    }
    found = read("outcomes", columns)
    assert found["outcome"] == ["graduated"] * 3 and found["stage"] == ["basic", "secondary", "vocational"]


def test_an_unknown_outcome_or_kind_rejects_its_row(read):
    found = read("incidents", {"pupil_id": ["7"] * 2, "date": ["2026-10-05"] * 2, "kind": ["mobings", "mobngs"]})
    assert found["kind"] == ["bullying"] and found.named() == [("tables.row_unknown_word", 3, "mobngs")]


def test_only_the_kept_rows_are_typed_and_positions_are_among_them(read):
    found = read("absences", absences(4, date=["x", "2026-10-05", "y", "2026-10-06"]), kept=[1, 2, 3])
    assert found.rows.source.tolist() == [0, 2] and found.rows.rejected.tolist() == [1]
    assert found.named() == [("tables.row_not_a_date", 4, "y")]


def test_typed_columns_are_read_as_they_are(read):
    columns = absences(
        2,
        date=pa.array([DAY, None], pa.date32()),
        lessons_missed=pa.array([1, 2], pa.int8()),
        status=pa.array(["late", "late"]).dictionary_encode(),
    )
    found = read("absences", columns)
    assert found["date"] == [DAY] and found["lessons_missed"] == [1.0] and found["status"] == ["late"]


def test_an_empty_table_gives_empty_columns(read, contracts):
    for name, contract in contracts.items():
        found = read(name, {each: pa.array([], pa.string()) for each in contract.columns})
        assert len(found.rows.source) == 0 and not len(found.problems)
        assert set(contract.columns) - set(found.rows.columns) <= {
            "pupil_id",
            "school_id",
            "corrected_sign",
        }


def test_personal_codes_in_texts_and_record_numbers_are_not_kept(read):
    codes = ["150309-21234", "150309-21235", "150309-21234"]
    found = read("absences", absences(3, subject=codes, record_id=codes))
    assert not any("150309" in cell for cell in (*found["subject"], *found["record_id"]))
    assert found["record_id"][0] == found["record_id"][2] != found["record_id"][1]


def test_every_problem_is_said_in_both_languages(read):
    from pumpurs_risk.locale.texts import _room

    rooms = [_room(lang, "tables")["problems"] for lang in LANGUAGES]
    assert rooms[0].keys() == rooms[1].keys()
    found = read("absences", absences(3, date=["31.02.2026", "2026-10-05", "2026-10-05"], status=["n", "zirgs", "7"]))
    for lang in LANGUAGES:
        assert all("{" not in message for message in found.report.messages(lang))


def test_a_column_of_free_text_costs_no_search_for_each_cell(read):
    found = read("absences", absences(5000, status=[f"piezīme nummur {n} x" for n in range(5000)]))
    assert len(found.problems) == 5000
