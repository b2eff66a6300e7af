"""Rows that repeat a key: equal ones collapse, versions stay, contradicting ones are named, in any order of files."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from pumpurs_risk.records.tables.keys import Places, collapse
from pumpurs_risk.records.validation.report import ProblemLog, ValidationReport


@pytest.fixture
def together(read, contracts):
    """Type some files of one table, stack them and collapse."""

    def of(name, *files):
        found = [read(name, columns, file=f"{number}.csv") for number, columns in enumerate(files)]
        parts = []
        for each, columns in zip(found, files, strict=True):
            owners = pa.array(columns["pupil_id"]).take(pa.array(each.rows.source))
            parts.append(pa.table({"pupil_id": owners, **each.rows.columns}))
        rows = pa.concat_tables(parts, promote_options="default")
        table = np.repeat(np.arange(len(files)), [len(each.rows.source) for each in found])
        position = np.concatenate([each.rows.source for each in found])
        log = ProblemLog()
        made = collapse(rows, contracts[name], Places([each.where for each in found], table, position), log, lang="en")
        return made, ValidationReport.of(log)

    return of


def absences(n=1, **columns):
    base = {"pupil_id": ["7"] * n, "date": ["2026-10-05"] * n, "lesson": ["1"] * n, "status": ["n"] * n}
    return base | columns


def told(report):
    return list(report.problems[["code", "file", "row", "value"]].itertuples(index=False, name=None))


def test_identical_rows_collapse_and_are_named(together):
    rows, report = together("absences", absences(2))
    assert rows.num_rows == 1
    assert told(report) == [("tables.duplicate_row", "0.csv", 3, "")] and report.ok
    assert report.messages("en") == ["0.csv, row 3: the row repeats another one (0.csv, row 2); one of them is used."]


def test_a_file_handed_in_twice_counts_once(together):
    columns = absences(3, lesson=["1", "2", "3"])
    rows, report = together("absences", columns, columns)
    assert rows.num_rows == 3
    assert [(code, file) for code, file, *_ in told(report)] == [("tables.duplicate_row", "1.csv")] * 3
    assert (report.problems["action"] == "row_collapsed").all()


def test_contradicting_cells_become_unknown_whatever_the_order_of_files(together):
    one, other = absences(lessons_missed=["1"]), absences(status=["late"], lessons_missed=["1"])
    first, report = together("absences", one, other)
    second, _ = together("absences", other, one)
    assert first.to_pylist() == second.to_pylist()
    assert first["status"].to_pylist() == [None] and first["lessons_missed"].to_pylist() == [1.0]
    assert told(report) == [("tables.contradiction", "1.csv", 2, "late")]  # one sentence for the two rows
    assert "0.csv, row 2" in report.messages("en")[0] and "0.csv, 2. rinda" in report.messages("lv")[0]


@pytest.mark.parametrize("others", [["ns"], ["neattaisnots", "ns"], ["attaisnots", "n"]])
def test_absences_that_contradict_each_other_stay_an_absence_without_excuse_so_far(together, others):
    columns = absences(1 + len(others), status=["n", *others], lessons_missed=["", "2", *[""] * (len(others) - 1)])
    rows, report = together("absences", columns)
    assert rows["status"].to_pylist() == ["absent_open"] and rows["lessons_missed"].to_pylist() == [2.0]
    named = [row for code, _, row, _ in told(report) if code == "tables.contradiction_absent"]
    assert named == [3 + at for at, status in enumerate(others) if status != "n"]
    assert {"tables.contradiction_absent"} >= {code for code, _, row, _ in told(report) if row not in (4,)}
    for lang in ("lv", "en"):
        assert all("{" not in message and "None" not in message for message in report.messages(lang))


@pytest.mark.parametrize("other", ["ir", "late", "skolas pasākums", "left_early"])
def test_an_absence_and_anything_else_are_unknown(together, other):
    rows, report = together("absences", absences(2, status=["n", other]))
    assert rows["status"].to_pylist() == [None]
    assert [code for code, *_ in told(report)] == ["tables.contradiction"]


def test_a_row_of_a_key_that_repeats_the_first_is_a_repeat_and_no_contradiction(together):
    rows, report = together("absences", absences(3, status=["n", "ns", "n"], lessons_held=["", "7", "7"]))
    assert rows.num_rows == 1
    assert told(report) == [("tables.contradiction_absent", "0.csv", 3, "ns"), ("tables.duplicate_row", "0.csv", 4, "")]


def test_places_are_told_in_the_readers_language_with_their_sheet(together):
    _, report = together("absences", absences(2))
    assert report.problems["detail"].tolist() == ["0.csv::2"]
    assert "(0.csv, 2. rinda)" in report.messages("lv")[0] and "(0.csv, row 2)" in report.messages("en")[0]
    from pumpurs_risk.records.validation.details import detail_in

    assert detail_in("tables.contradiction", "a:b.xlsx:Kavējumi:7", "lv") == "a:b.xlsx, lapa „Kavējumi”, 7. rinda"
    assert detail_in("tables.duplicate_row", "a.csv::0", "en") == "a.csv"


def test_a_known_cell_completes_an_unknown_one(together):
    rows, report = together("absences", absences(2, lessons_held=["", "7"]))
    assert rows["lessons_held"].to_pylist() == [7.0]
    assert [code for code, *_ in told(report)] == ["tables.duplicate_row"]


def test_contradicting_outcomes_are_unclear(together):
    columns = {
        "pupil_id": ["7", "7", "8"],
        "date": ["2027-02-01"] * 3,
        "outcome": ["atskaitīts", "absolvējis", "miris"],
    }
    rows, report = together("outcomes", columns)
    assert rows["outcome"].to_pylist() == ["unclear", "died"]
    assert [code for code, *_ in told(report)] == ["tables.contradiction_unclear"]


def test_versions_of_a_record_stay(together):
    columns = absences(2, status=["n", "ns"], recorded_on=["2026-10-05", "2026-10-09"], record_id=["k1", "k1"])
    rows, report = together("absences", columns)
    assert rows.num_rows == 2 and not len(report.problems)


def test_rows_of_one_key_recorded_on_different_days_are_versions_and_get_an_id(together):
    columns = absences(
        3, lesson=["1", "1", "2"], status=["n", "ns", "n"], recorded_on=["2026-10-05", "2026-10-09", "2026-10-05"]
    )
    rows, report = together("absences", columns)
    assert not len(report.problems) and rows["status"].to_pylist() == ["absent_open", "excused_illness", "absent_open"]
    assert rows["record_id"].to_pylist() == ["7|2026-10-05|1"] * 2 + [None]
    assert rows["recorded_on"].to_pylist()[1] == dt.date(2026, 10, 9)


def test_several_marks_of_a_day_are_no_contradiction_but_two_final_marks_are(together):
    columns = {
        "pupil_id": ["7"] * 4,
        "subject": ["Fizika"] * 4,
        "date": ["2026-10-05"] * 4,
        "kind": ["daily", "daily", "semester", "semester"],
        "mark": ["7 7", "8", "5", "6"],
    }
    rows, report = together("marks", columns)
    assert rows["mark"].to_pylist() == [7.0, 7.0, 8.0, None]
    assert [(code, row) for code, _, row, _ in told(report)] == [("tables.contradiction", 5)]


def test_equal_marks_of_one_cell_stay_several_also_when_the_file_comes_twice(together):
    columns = {"pupil_id": ["7"], "subject": ["Fizika"], "date": ["2026-10-05"], "mark": ["7 7 8"]}
    rows, report = together("marks", columns, columns)
    assert rows["mark"].to_pylist() == [7.0, 7.0, 8.0]
    assert told(report) == [("tables.duplicate_row", "1.csv", 2, "")]


def test_absences_that_do_not_say_their_lesson_are_counted_within_a_file_and_not_between_files(together):
    columns = {"pupil_id": ["7"] * 3, "date": ["2026-10-05"] * 3, "status": ["n", "n", "ns"]}
    rows, report = together("absences", columns)
    assert rows.num_rows == 3 and [code for code, *_ in told(report)] == ["tables.lesson_unsaid"]
    rows, report = together("absences", columns, columns)
    assert rows.num_rows == 3
    assert [code for code, *_ in told(report)].count("tables.duplicate_row") == 3


def test_absences_of_a_day_with_their_number_of_lessons_collapse(together):
    columns = {"pupil_id": ["7"] * 2, "date": ["2026-10-05"] * 2, "status": ["n"] * 2, "lessons_missed": ["6"] * 2}
    assert together("absences", columns)[0].num_rows == 1


def test_two_incidents_of_a_day_that_differ_are_two(together):
    columns = {"pupil_id": ["7"] * 3, "date": ["2026-10-05"] * 3, "kind": ["mobings"] * 3, "severity": ["1", "2", "2"]}
    rows, _ = together("incidents", columns)
    assert rows["severity"].to_pylist() == [1.0, 2.0]


def test_rows_that_repeat_nothing_are_left_as_they_are(together):
    rows, report = together("absences", absences(2, lesson=["1", "2"]))
    assert rows.num_rows == 2 and not len(report.problems)


def test_columns_beyond_the_contract_are_carried_along(contracts, read):
    found = read("absences", absences(3, lesson=["1", "1", "2"]))
    rows = pa.table({"pupil_id": ["7"] * 3, **found.rows.columns, "_number": [10, 11, 12]})
    places = Places([found.where], np.zeros(3, dtype=int), np.arange(3))
    assert collapse(rows, contracts["absences"], places, ProblemLog())["_number"].to_pylist() == [10, 12]
