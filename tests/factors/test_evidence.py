"""The facts behind factors: right by hand, and never at odds with the factor table."""

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.factors import evidence, factor_frame
from pumpurs_risk.records import SchoolRecords
from pumpurs_risk.records.tables.contract import table_contracts

CATALOGUE = Catalogue.load()
DAY = dt.date(2027, 1, 15)
SEMESTERS = ("2025/2026-1", "2025/2026-2", "2026/2027-1", "2026/2027-2")


def table(name, rows):
    """Rows in a table's contract; what a row does not say is unknown."""
    return pa.Table.from_pylist(rows, schema=table_contracts(CATALOGUE)[name].arrow_schema)


def day(text):
    return dt.date.fromisoformat(text)


def absence(date, status="absent_unexcused", lesson="1", pupil="p", **more):
    return {"pupil_id": pupil, "date": day(date), "lesson": lesson, "status": status} | more


def mark(subject, value=None, sign=None, semester="2026/2027-1", kind="semester", date="2026-12-18", pupil="p", **more):
    said = {"pupil_id": pupil, "subject": subject, "date": day(date), "kind": kind, "semester": semester}
    return said | {"mark": value, "sign": sign} | more


def records(pupils=(), schools=("a",), **tables):
    ids = sorted({"p", *pupils, *(row["pupil_id"] for rows in tables.values() for row in rows)})
    roll = [
        {
            "pupil_id": one,
            "school_id": schools[0],
            "semester": name,
            "level": 8.0 + (name > "2026"),
            "programme": "general",
        }
        for one in ids
        for name in SEMESTERS
    ]
    made = {name: table(name, rows) for name, rows in tables.items()}
    return SchoolRecords.of({"pupils": table("pupils", roll), **made})


def told(made, factor, as_of=DAY, column="detail", **options):
    found = evidence(made, as_of, **options)
    return found.loc[found["factor"] == factor, column].tolist()


def test_subjects_below_4_stand_from_the_lowest_mark_in_the_order_of_the_alphabet():
    made = records(marks=[mark("Vēsture", 3), mark("Ķīmija", 3), mark("Fizika", 2), mark("Sports", 9), mark("DZM", 4)])
    assert told(made, "failing_subjects") == ["fizika", "ķīmija", "vēsture"]
    assert told(made, "failing_subjects", column="value") == [2.0, 3.0, 3.0]
    assert told(made, "mean_mark") == ["fizika (2)", "ķīmija (3)", "vēsture (3)"]
    assert set(told(made, "failing_subjects", column="date_from")) == {pd.Timestamp("2026-12-18")}


def test_a_subject_without_a_final_mark_says_that_it_is_so_only_so_far():
    made = records(marks=[mark("Ķīmija", 3, None, None, "daily", f"2026-10-0{n}") for n in (1, 2, 5)])
    assert told(made, "failing_subjects") == ["ķīmija (pagaidām)"]
    assert told(made, "failing_subjects", lang="en") == ["ķīmija (so far)"]


def test_what_is_not_assessed_and_the_lowest_level_are_named_and_are_no_marks():
    made = records(marks=[mark("Fizika", None, "nv"), mark("Matemātika", None, "S"), mark("Mūzika", None, "A")])
    assert told(made, "not_assessed") == ["fizika"]
    assert told(made, "low_levels") == ["matemātika"]
    assert told(made, "failing_subjects") == told(made, "mean_mark") == []


def test_the_greatest_falls_are_told_from_mark_to_mark():
    before = {"semester": "2025/2026-2", "date": "2026-05-29"}
    made = records(
        marks=[mark("Fizika", 4), mark("Fizika", 7, **before), mark("Sports", 9), mark("Sports", 8, **before)]
    )
    assert told(made, "mark_trend") == ["fizika (no 7 uz 4)"]
    assert told(made, "mark_trend", column="value") == [-3.0]


def test_a_correction_made_later_does_not_change_the_facts_of_the_day():
    made = records(marks=[mark("Fizika", 3, corrected_mark=6.0, corrected_on=day("2027-01-20"))])
    assert told(made, "failing_subjects") == ["fizika"]
    assert told(made, "failing_subjects", dt.date(2027, 1, 21)) == []


def test_absences_are_told_by_lessons_days_the_longest_stretch_and_the_worst_month():
    days = ["2026-10-05", "2026-11-05", "2026-11-06", "2026-11-09"]
    made = records(absences=[absence(date, lesson=lesson) for date in days for lesson in "12"])
    assert told(made, "absence_share") == [
        "kavētas 8 stundas 4 dienās",
        "visilgāk 3 mācību dienas pēc kārtas (05.11.2026.–09.11.2026.)",
        "visvairāk novembrī (6 stundas)",
    ]
    assert told(made, "unexcused_lessons")[0] == "4 dienās"
    assert told(made, "unexcused_lessons", column="value")[0] == 8
    assert (
        told(made, "absence_share", lang="en")[1]
        == "longest stretch 3 school days (5 November 2026 to 9 November 2026)"
    )


def test_a_weekend_and_the_autumn_break_do_not_end_a_stretch_but_a_school_day_does():
    over_break = [absence("2026-10-16"), absence("2026-10-26")]
    assert told(records(absences=over_break), "absence_share", column="value")[1] == 2
    apart = [absence("2026-10-12"), absence("2026-10-14")]
    assert told(records(absences=apart), "absence_share") == ["kavētas 2 stundas 2 dienās"]


def test_one_lesson_on_one_day_agrees_in_number():
    assert told(records(absences=[absence("2026-10-12")]), "absence_share") == ["kavēta 1 stunda 1 dienā"]
    late = records(absences=[absence("2026-10-12", "late")])
    assert told(late, "lateness") == ["pavisam 1 kavējums 1 dienā"]
    assert told(late, "absence_share") == []


def test_lessons_that_may_still_be_excused_are_counted():
    made = records(absences=[absence("2027-01-12", lesson=lesson) for lesson in "12"])
    assert told(made, "absence_recent") == ["kavētas 2 stundas 1 dienā", "attaisnojuma vēl nav 2 stundām"]


def test_an_excuse_that_came_later_is_not_known_yet():
    excused = absence("2026-11-05", "excused_illness", excused_on=day("2027-01-20"))
    assert told(records(absences=[excused]), "unexcused_lessons") == ["1 dienā"]
    assert told(records(absences=[excused]), "unexcused_lessons", dt.date(2027, 1, 21)) == []


def test_unexcused_lessons_are_those_of_the_one_semester_that_the_raw_count_is_of():
    rows = [absence("2026-11-05", lesson=lesson) for lesson in "12"]
    rows += [absence("2027-01-13", lesson=lesson) for lesson in "123"]
    made = records(absences=rows)
    later = dt.date(2027, 2, 22)
    X = factor_frame(made, later)
    assert X[["semester", "unexcused_raw", "unexcused_semester"]].values.tolist() == [
        ["2026/2027-1+2026/2027-2", 3.0, "2026/2027-2"]
    ]
    assert told(made, "unexcused_lessons", later, "value")[0] == 3
    assert told(made, "absence_share", later, "value")[0] == 5


def test_incidents_have_their_dates_and_their_severity_in_words():
    rows = [
        {"pupil_id": "p", "date": day("2026-12-03"), "kind": "peer_conflict", "severity": 3.0},
        {"pupil_id": "p", "date": day("2026-11-12"), "kind": "peer_conflict", "severity": None},
        {"pupil_id": "p", "date": day("2026-11-12"), "kind": "violence", "severity": None},
    ]
    made = records(incidents=rows)
    assert told(made, "peer_conflicts") == ["12.11.2026.", "03.12.2026. – smags"]
    assert told(made, "violence") == ["12.11.2026."]


def test_of_counted_and_judged_conflicts_the_greater_number_is_told():
    incidents = [{"pupil_id": "p", "date": day("2026-11-12"), "kind": "peer_conflict"}]
    judged = {"pupil_id": "p", "date": day("2026-12-10"), "factor": "peer_conflicts", "role": "social_pedagogue"}
    for value, sources in ((4.0, ["assessments"]), (1.0, ["incidents"])):
        made = records(incidents=incidents, assessments=[judged | {"value": value}])
        assert told(made, "peer_conflicts", column="source") == sources
        assert factor_frame(made, DAY)["peer_conflicts"].tolist() == [value]


def test_a_judgement_has_its_word_its_role_and_its_date():
    judged = {"pupil_id": "p", "date": day("2027-01-11"), "factor": "motivation", "value": 2.0, "role": "class_teacher"}
    found = evidence(records(assessments=[judged, judged | {"date": day("2026-12-11"), "value": 3.0}]), DAY)
    assert found[["detail", "value", "source", "role"]].values.tolist() == [
        ["zema", 2.0, "assessments", "class_teacher"]
    ]
    assert found["date_to"].tolist() == [pd.Timestamp("2027-01-11")]


def test_a_judgement_of_what_the_journal_counts_is_not_told():
    judged = {"pupil_id": "p", "date": day("2027-01-11"), "factor": "failing_subjects", "value": 5.0, "role": "nurse"}
    made = records(marks=[mark("Fizika", 3)], assessments=[judged])
    assert told(made, "failing_subjects", column="source") == ["marks"]


def test_repeating_and_changes_of_school_say_since_when():
    rows = [
        {"pupil_id": "p", "school_id": school, "semester": name, "level": 9.0, "programme": "general"}
        for school, name in zip("bbaa", SEMESTERS, strict=True)
    ]
    made = SchoolRecords.of({"pupils": table("pupils", rows)})
    assert told(made, "repeated_level") == ["2026./2027. m. g."]
    assert told(made, "school_changes") == ["2026./2027. m. g. 1. semestrī"]
    assert told(made, "school_changes", column="date_from") == [pd.Timestamp("2026-09-01")]


def test_nothing_recorded_on_the_day_or_later_is_told():
    rows = [absence("2026-11-05", recorded_on=DAY), absence("2026-11-06", recorded_on=day("2027-01-14"))]
    assert told(records(absences=rows), "absence_share", column="value") == [1.0]


def test_only_the_pupils_asked_for_are_told():
    made = records(absences=[absence("2026-11-05", pupil=pupil) for pupil in ("p", "q", "r")])
    found = evidence(made, DAY, ["q", "nobody"])
    assert set(found["pupil_id"]) == {"q"}
    everybody = evidence(made, DAY)
    pd.testing.assert_frame_equal(found, everybody[everybody["pupil_id"] == "q"].reset_index(drop=True))


def test_schools_with_semesters_of_their_own_are_told_by_their_own_window():
    own = {"school_id": "a", "semester": "2026/2027-1", "date_from": day("2026-09-01"), "date_to": day("2026-11-05")}
    rows = [absence("2026-11-05"), absence("2026-11-12")]
    made = records(absences=rows)
    made = SchoolRecords.of({**made.tables, "semesters": table("semesters", [own])})
    assert told(made, "absence_share", column="value") == [1.0]


def test_an_answer_is_told_where_neither_table_nor_sheet_says_it():
    sheet = pd.DataFrame({"pupil_id": ["7", "8"], "class_id": "9.a", "motivation": [np.nan, 1.0]})
    answers = pd.DataFrame({"pupil_id": ["7", "7", "8"], "factor": "motivation", "value": [1, 2, 3], "role": "nurse"})
    answers["as_of"] = ["2027-01-10", "2027-01-11", "2027-01-11"]
    made = SchoolRecords.from_tables(sheet, as_of="2027-01-15", answers=answers)
    found = evidence(made, lang="en")
    assert found[["pupil_id", "factor", "detail", "value", "source", "role"]].values.tolist() == [
        ["school:7", "motivation", "low", 2.0, "answers", "nurse"]
    ]
    assert factor_frame(made)["motivation"].tolist() == [2.0, 1.0]


def test_pupils_of_a_sheet_have_the_facts_of_the_tables_beside_it():
    sheet = pd.DataFrame({"pupil_id": ["7", "8"], "class_id": "9.a", "motivation": [2.0, np.nan]})
    journal = pd.DataFrame({"pupil_id": ["7"], "date": ["2026-11-03"], "status": ["absent_unexcused"]})
    answers = pd.DataFrame(
        {"pupil_id": ["8"], "factor": "motivation", "value": 3, "as_of": ["2027-01-12"], "role": "nurse"}
    )
    made = SchoolRecords.from_tables(sheet, as_of="2027-01-15", absences=journal, answers=answers, id_scope="school")
    found = evidence(made)
    told_of = found["pupil_id"].str[-1] + ":" + found["factor"]
    assert told_of.tolist() == ["7:absence_share", "7:unexcused_lessons", "8:motivation"]
    assert factor_frame(made)[["unexcused_raw", "motivation"]].values.tolist() == [[1.0, 2.0], [0.0, 3.0]]


def test_without_facts_the_frame_is_empty_and_has_its_columns():
    empty = evidence(records(), DAY)
    assert len(empty) == 0
    assert list(empty) == ["pupil_id", "factor", "date_from", "date_to", "detail", "value", "source", "role"]
    assert [str(empty[name].dtype)[:10] for name in ("date_from", "date_to", "value")] == ["datetime64"] * 2 + [
        "float64"
    ]


def test_an_unknown_language_is_refused():
    with pytest.raises(ValueError, match="lang must be one of lv, en"):
        evidence(records(), DAY, lang="de")


def made_by_chance(seed, n=40):
    """A school with every kind of record, corrections, late excuses and late entries among them."""
    rng = np.random.default_rng(seed)
    pupils = [f"p{i:02d}" for i in range(n)]
    start = np.datetime64("2026-01-05")

    def some(k):
        return zip(rng.choice(pupils, k), (start + rng.integers(0, 420, k)).tolist(), strict=True)

    statuses = list(table_contracts(CATALOGUE)["absences"].fields["status"].words)
    absences = [
        {"pupil_id": who, "date": when, "lesson": str(rng.integers(1, 9)), "status": str(rng.choice(statuses))}
        | {"lessons_missed": float(rng.choice([1, 2, 0.5])) if rng.random() < 0.2 else None}
        | {"excused_on": when + dt.timedelta(days=int(rng.integers(0, 40))) if rng.random() < 0.3 else None}
        | {"recorded_on": when + dt.timedelta(days=int(rng.integers(0, 20))) if rng.random() < 0.5 else None}
        for who, when in some(900)
    ]
    subjects = ["Matemātika", "Fizika", "Latviešu valoda", "Sports", "DZM"]
    marks = [
        mark(
            str(rng.choice(subjects)),
            None,
            None,
            None,
            str(rng.choice(["daily", "test", "semester", "year"])),
            str(when),
            who,
        )
        | (
            {"mark": float(rng.integers(1, 11))}
            if rng.random() < 0.8
            else {"sign": str(rng.choice(["nv", "S", "A", "pass"]))}
        )
        for who, when in some(1500)
    ]
    kinds = ["peer_conflict", "teacher_conflict", "violence", "bullying", "rule_breach"]
    incidents = [{"pupil_id": who, "date": when, "kind": str(rng.choice(kinds))} for who, when in some(200)]
    judged = ["motivation", "peer_conflicts", "violence", "pregnancy", "mean_mark", "distance"]
    assessments = [
        {
            "pupil_id": who,
            "date": when,
            "factor": str(rng.choice(judged)),
            "value": float(rng.integers(0, 2)),
            "role": "nurse",
        }
        for who, when in some(300)
    ]
    roll = [
        {"pupil_id": who, "school_id": str(rng.choice(["a", "b"])), "semester": name, "programme": "general"}
        | {"level": float(9 - (name < "2026" and rng.random() < 0.8))}
        for who in pupils
        for name in SEMESTERS
    ]
    rows = {"absences": absences, "marks": marks, "incidents": incidents, "assessments": assessments, "pupils": roll}
    return SchoolRecords.of({name: table(name, each) for name, each in rows.items()})


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("as_of", ["2027-01-15", "2027-02-22", "2026-09-20"])
def test_facts_and_the_factor_table_never_disagree(seed, as_of):
    made = made_by_chance(seed)
    X = factor_frame(made, as_of).set_index("pupil_id")
    facts = evidence(made, as_of)
    assert set(facts["pupil_id"]) <= set(X.index)
    stated = facts["source"] == "assessments"
    for one in facts[stated].itertuples():
        assert X.loc[one.pupil_id, one.factor] == one.value
    listed = facts[~stated].groupby(["factor", "pupil_id"])
    sizes, first = listed.size(), listed["value"].first()
    counted = ["failing_subjects", "not_assessed", "low_levels", "school_changes"]
    counted += [name for name, factor in CATALOGUE.factors.items() if factor.compute is not None]
    checked = 0
    for name in counted:
        of_facts = sizes.get(name, pd.Series(dtype=float)).reindex(X.index)
        judged = facts[stated & (facts["factor"] == name)]["pupil_id"]
        known = X[name].notna() & ~X.index.isin(judged)
        assert of_facts.fillna(0)[known].eq(X.loc[known, name]).all(), name
        assert of_facts[X[name].isna()].isna().all(), name
        checked += int(of_facts.notna().sum())
    assert checked > 20
    raw = first.get("unexcused_lessons", pd.Series(dtype=float)).reindex(X.index).fillna(0)
    np.testing.assert_allclose(raw, X["unexcused_raw"], atol=1e-9)
    again = sizes.get("repeated_level", pd.Series(dtype=float)).reindex(X.index).fillna(0)
    assert again.eq((X["repeated_level"] == 1).astype(float)).all()
    share = X["absence_share"].gt(0)
    assert share.eq(first.get("absence_share", pd.Series(dtype=float)).reindex(X.index).notna())[
        X["absence_share"].notna()
    ].all()
