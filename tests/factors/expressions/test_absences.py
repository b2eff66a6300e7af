"""Factors from absences, by hand. Autumn 2025 has 74 school days; grade 9 has 6.8 lessons a day where nobody says more."""

import pytest

from pumpurs_risk.factors import factor_frame

HELD = 74 * 6.8


def test_a_share_is_lessons_missed_of_the_usual_lessons_of_days_enrolled(made):
    some = [made.absence("2025-10-01"), made.absence("2025-10-02", "excused_illness", lessons_missed=4.0)]
    share, unexcused, raw = made.values(
        made.records(absences=some), "absence_share", "unexcused_lessons", "unexcused_raw"
    )
    assert share == pytest.approx(5 / HELD, abs=1e-12)
    assert unexcused == pytest.approx(100 / HELD, abs=1e-12) and raw == 1


def test_lessons_are_held_for_a_pupil_from_the_enrolment_on(made):
    late = made.records(pupils=[made.pupil(enrolled_from="2025-12-08")], absences=[made.absence("2025-12-09")])
    assert made.values(late, "absence_share") == pytest.approx(1 / (10 * 6.8), abs=1e-12)
    too_late = made.records(pupils=[made.pupil(enrolled_from="2025-12-16")], absences=[made.absence("2025-12-17")])
    assert made.values(too_late, "absence_share", "unexcused_raw") == [None, 1]


def test_no_row_is_none_and_no_table_is_unknown(made):
    names = ("absence_share", "absence_recent", "absence_trend", "lateness", "unexcused_raw", "open_raw")
    assert made.values(made.records(absences=[]), *names) == [0] * 6
    assert made.values(made.records(), *names) == [None] * 6


@pytest.mark.parametrize(
    ("row", "missed", "unexcused", "still_open"),
    [
        ({"status": "absent_open"}, 1, 1, 0),
        ({"status": "absent_unexcused"}, 1, 1, 0),
        ({"status": "excused_illness"}, 1, 0, 0),
        ({"status": "excused_other", "lessons_missed": 6.0}, 6, 0, 0),
        ({"status": "excused_school_event"}, 0, 0, 0),
        ({"status": "late"}, 0, 0, 0),
        ({"status": "left_early"}, 0, 0, 0),
        ({"status": "left_early", "lessons_missed": 2.0}, 2, 0, 0),
        ({"status": "excused_illness", "excused_on": "2026-01-14"}, 1, 0, 0),
        ({"status": "excused_illness", "excused_on": "2026-01-15"}, 1, 1, 0),
        ({"status": "excused_illness", "excused_on": "2026-02-20"}, 1, 1, 0),
        ({"status": "excused_school_event", "excused_on": "2026-02-20"}, 1, 1, 0),
        ({"status": "absent_open", "excused_on": "2026-01-14"}, 1, 0, 0),
        ({"status": "absent_open", "excused_on": "2026-01-15"}, 1, 1, 0),
    ],
)
def test_an_old_absence_is_excused_only_by_what_was_known_on_the_day(made, row, missed, unexcused, still_open):
    found = made.values(made.records(absences=[made.absence() | row]), "absence_share", "unexcused_raw", "open_raw")
    assert found == [pytest.approx(missed / HELD, abs=1e-12), unexcused, still_open]


@pytest.mark.parametrize(
    ("row", "unexcused", "still_open"),
    [
        ({"status": "absent_unexcused"}, 0, 1),
        ({"status": "absent_open"}, 0, 1),
        ({"status": "excused_illness"}, 0, 1),
        ({"status": "excused_illness", "excused_on": "2025-12-09"}, 0, 0),
        ({"status": "excused_illness", "excused_on": "2025-12-12"}, 0, 1),
        ({"status": "late"}, 0, 0),
    ],
)
def test_an_absence_of_the_last_seven_days_is_open_unless_its_excuse_is_dated(made, row, unexcused, still_open):
    some = made.records(absences=[made.absence("2025-12-08") | row], pupils=[made.pupil()])
    # On 12 December autumn is running and counts beside spring; 8 December is one of the last seven days.
    found = made.values(some, "unexcused_raw", "open_raw", as_of="2025-12-12")
    assert found == [unexcused, still_open]


def test_the_eighth_day_is_settled(made):
    some = made.records(absences=[made.absence("2025-12-04"), made.absence("2025-12-05")])
    assert made.values(some, "unexcused_raw", "open_raw", as_of="2025-12-12") == [1, 1]


def test_late_arrivals_count_per_100_lessons(made):
    some = made.records(absences=[made.absence(f"2025-10-0{n}", "late") for n in (1, 2, 3)])
    assert made.values(some, "lateness", "absence_share") == [pytest.approx(300 / HELD, abs=1e-12), 0]


def test_the_running_semester_counts_once_twenty_of_its_school_days_have_passed(made):
    some = made.records(
        pupils=[made.pupil(), made.pupil(semester="2025/2026-2")],
        absences=[made.absence("2025-10-01"), made.absence("2026-01-20"), made.absence("2026-01-21")],
    )
    before, after = "2026-01-30", "2026-02-02"  # 19 and 20 school days of spring
    names = ("semester", "absence_share", "unexcused_raw", "unexcused_semester")
    assert made.values(some, *names, as_of=before) == ["2025/2026-1", pytest.approx(1 / HELD), 1, "2025/2026-1"]
    both = "2025/2026-1+2025/2026-2"
    assert made.values(some, *names, as_of=after) == [both, pytest.approx(3 / (94 * 6.8)), 2, "2025/2026-2"]


def test_of_two_semesters_with_as_many_unexcused_lessons_the_earlier_is_named(made):
    some = made.records(
        pupils=[made.pupil(semester="2025/2026-2")], absences=[made.absence("2025-10-01"), made.absence("2026-01-20")]
    )
    found = made.values(some, "unexcused_raw", "unexcused_semester", as_of="2026-02-02")
    assert found == [1, "2025/2026-1"]


def test_what_happens_on_the_day_itself_does_not_count(made):
    some = made.records(absences=[made.absence("2026-01-14"), made.absence("2026-01-15")])
    recent = made.values(some, "absence_recent")
    assert recent == pytest.approx(1 / (12 * 6.8))  # 16 to 19 December and 5 to 14 January


def test_the_trend_is_the_last_30_days_against_the_30_before(made):
    some = [made.absence("2025-12-16"), made.absence("2025-12-15"), made.absence("2025-12-15", lesson="2")]
    recent, trend = made.values(made.records(absences=some), "absence_recent", "absence_trend")
    assert recent == pytest.approx(1 / (12 * 6.8)) and trend == pytest.approx(1 / (12 * 6.8) - 2 / (20 * 6.8))


def test_fewer_than_five_school_days_say_nothing(made):
    some = made.records(pupils=[made.pupil(semester="2025/2026-1")], absences=[made.absence("2025-09-02")])
    assert made.values(some, "absence_recent", "absence_trend", as_of="2025-09-05") == [None, None]
    assert made.values(some, "absence_recent", as_of="2025-09-08") == pytest.approx(1 / (5 * 6.8))


def test_a_share_is_never_more_than_everything(made):
    some = made.records(absences=[made.absence("2025-10-01", lessons_missed=900.0)])
    assert made.values(some, "absence_share", "unexcused_lessons", "unexcused_raw") == [1, 100, 900]


def semester(**more):
    return {"semester": "2025/2026-1"} | more


def test_lessons_that_a_school_states_win_over_the_usual_ones(made):
    def share(*stated):
        some = made.records(absences=[made.absence()], semesters=list(stated))
        return made.values(some, "absence_share")

    school, of_class = semester(school_id="s", lessons_held=370.0), semester(class_id="9.a", lessons_held=296.0)
    assert share(school) == pytest.approx(1 / 370)
    assert share(school, of_class, semester(lessons_held=740.0)) == pytest.approx(1 / 296)
    assert share(semester(school_id="s", programme="vocational", lessons_held=100.0)) == pytest.approx(1 / HELD)
    assert share(semester(school_id="other", lessons_held=100.0)) == pytest.approx(1 / HELD)
    both = semester(school_id="s", class_id="9.a", lessons_held=148.0)
    assert share(both, of_class, school) == pytest.approx(1 / 148)
    assert share(semester(school_id="s", lessons_held=400.0, school_days=80.0)) == pytest.approx(1 / (74 * 5))


def test_stated_lessons_count_by_the_school_days_enrolled(made):
    late = made.records(
        pupils=[made.pupil(enrolled_from="2025-12-08")],
        absences=[made.absence("2025-12-09")],
        semesters=[semester(school_id="s", lessons_held=370.0)],
    )
    assert made.values(late, "absence_share") == pytest.approx(1 / 50)


def test_a_register_of_lessons_held_wins_over_what_is_stated(made):
    register = [made.absence(f"2025-10-{n:02}", "present", lessons_held=6.0) for n in (1, 2, 3)]
    some = made.records(
        pupils=[made.pupil(), made.pupil("q")],
        absences=[*register, made.absence("2025-10-06", lessons_missed=2.0, lessons_held=7.0)],
        semesters=[semester(school_id="s", lessons_held=370.0)],
    )
    X = factor_frame(some, made.day)
    assert X["absence_share"][0] == 2 / 25  # 18 lessons present and 7 of the day on which two were missed
    assert X["absence_share"].isna().tolist() == [
        False,
        True,
    ]  # q is in the register's school and never in the register


def test_lessons_held_beside_absences_alone_are_no_register(made):
    some = made.records(absences=[made.absence(lessons_missed=2.0, lessons_held=7.0)])
    assert made.values(some, "absence_share") == pytest.approx(2 / HELD)
    sums = made.records(absences=[made.absence(status="late", lessons_missed=0.0, lessons_held=80.0)])
    assert made.values(sums, "lateness") == pytest.approx(100 / 80)


def test_schools_with_other_semesters_are_counted_by_their_own(made):
    pupils = [made.pupil(), made.pupil("q", school_id="t")]
    own = [
        {"school_id": "t", "semester": "2025/2026-1", "date_from": "2025-09-01", "date_to": "2025-11-28"},
        {"school_id": "t", "semester": "2025/2026-2", "date_from": "2025-12-01", "date_to": "2026-05-29"},
    ]
    some = [made.absence("2025-12-09", pupil_id=name) for name in ("p", "q")]
    X = factor_frame(made.records(pupils=pupils, absences=some, semesters=own), made.day)
    assert X["pupil_id"].tolist() == ["p", "q"]
    assert X["semester"].tolist() == ["2025/2026-1", "2025/2026-1+2025/2026-2"]
    assert X["unexcused_semester"].tolist() == ["2025/2026-1", "2025/2026-2"]
    assert X["absence_share"].round(12).tolist() == [round(1 / (74 * 6.8), 12), round(1 / (82 * 6.8), 12)]


def test_without_programme_or_level_a_share_is_unknown_and_the_raw_count_is_not(made):
    some = made.records(pupils=[made.pupil(level=None)], absences=[made.absence()])
    assert made.values(some, "absence_share", "unexcused_raw") == [None, 1]
