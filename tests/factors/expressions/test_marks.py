"""Factors from marks, by hand."""

import pytest

from pumpurs_risk.factors import factor_frame, known_records

NAMES = ("failing_subjects", "mean_mark", "mark_trend", "not_assessed", "low_levels")


def test_final_marks_of_the_window_make_mean_and_failing_subjects(made):
    some = [made.mark(3.0, "a"), made.mark(4.0, "b"), made.mark(8.0, "c"), made.mark(1.0, "d", date="2025-05-28")]
    assert made.values(made.records(marks=some), *NAMES) == [1, 5, None, 0, None]


def test_a_pupil_without_marks_is_unknown_even_where_the_table_is_there(made):
    assert made.values(made.records(marks=[made.mark(3.0, pupil_id="q")]), *NAMES) == [None] * 5
    assert made.values(made.records(marks=[]), *NAMES) == [None] * 5
    assert made.values(made.records(), *NAMES) == [None] * 5


@pytest.mark.parametrize(
    ("more", "mean"),
    [
        ({"corrected_mark": 7.0, "corrected_on": "2026-01-14"}, 7),
        ({"corrected_mark": 7.0, "corrected_on": "2026-01-15"}, 4),
        ({"corrected_mark": 7.0}, 7),
        ({"corrected_sign": "exempt", "corrected_on": "2026-01-14"}, None),
        ({"corrected_sign": "exempt", "corrected_on": "2026-02-14"}, 4),
        ({"recorded_on": "2026-01-15"}, None),
        ({"recorded_on": "2026-01-14"}, 4),
    ],
)
def test_a_correction_counts_from_the_day_after_it(made, more, mean):
    assert made.values(made.records(marks=[made.mark(4.0, **more)]), "mean_mark") == mean


def test_nv_of_a_semester_is_a_warning_and_nv_of_daily_work_is_not(made):
    daily = made.mark(subject="a", sign="nv", kind="daily", date="2025-10-01")
    some = made.records(marks=[daily, made.mark(6.0, "b")])
    assert made.values(some, "failing_subjects", "mean_mark", "not_assessed") == [0, 6, 0]
    some = made.records(
        marks=[made.mark(subject="a", sign="nv"), made.mark(6.0, "b"), made.mark(subject="c", sign="nv")]
    )
    assert made.values(some, "failing_subjects", "mean_mark", "not_assessed") == [0, 6, 2]


def test_a_mark_given_after_nv_settles_it(made):
    some = [made.mark(subject="a", sign="nv", date="2025-12-15"), made.mark(5.0, "a", date="2025-12-19")]
    assert made.values(made.records(marks=some), "not_assessed", "mean_mark") == [0, 5]
    of_one_day = [made.mark(subject="a", sign="nv"), made.mark(5.0, "a")]
    assert made.values(made.records(marks=of_one_day), "not_assessed", "mean_mark") == [0, 5]


def test_a_final_mark_dated_late_belongs_to_the_semester_before(made):
    in_time, too_late = made.mark(3.0, date="2026-01-09"), made.mark(3.0, date="2026-01-10")
    assert made.values(made.records(marks=[in_time]), "failing_subjects") == 1
    assert made.values(made.records(marks=[too_late]), "failing_subjects") is None
    named = made.mark(3.0, date="2026-01-12", semester="2025/2026-1")
    assert made.values(made.records(marks=[named]), "failing_subjects") == 1
    of_the_next = made.mark(3.0, date="2025-12-19", semester="2025/2026-2")
    assert made.values(made.records(marks=[of_the_next]), "failing_subjects") is None


def test_a_year_mark_counts_when_it_is_newer(made):
    spring = [made.pupil(semester="2025/2026-2")]

    def mean(year_date):
        semester, year = made.mark(5.0, date="2026-05-27"), made.mark(7.0, kind="year", date=year_date)
        return made.values(made.records(pupils=spring, marks=[semester, year]), "mean_mark", as_of="2026-06-20")

    assert [mean(day) for day in ("2026-05-26", "2026-05-27", "2026-05-28")] == [5, 5, 7]


def test_three_daily_marks_make_a_provisional_one_rounded_half_up(made):
    def mean(*points, kinds=("daily", "test")):
        some = [made.mark(p, date=f"2025-10-{n:02}", kind=kinds[n % 2]) for n, p in enumerate(points, start=1)]
        return made.values(made.records(marks=some), "mean_mark", "not_assessed")

    assert mean(4.0, 5.0) == [None, None]
    assert mean(4.0, 4.0, 5.0) == [4, None]
    assert mean(4.0, 5.0, 4.0, 5.0) == [5, None]  # 4.5
    assert mean(3.5, 3.5, 3.5) == [4, None]
    assert mean(4.0, 4.0, 4.0, kinds=("exam", "exam")) == [None, None]


def test_a_final_mark_wins_over_daily_ones_and_nv_does_too(made):
    daily = [made.mark(9.0, date=f"2025-10-0{n}", kind="daily") for n in range(1, 6)]
    assert made.values(made.records(marks=[*daily, made.mark(5.0)]), "mean_mark") == 5
    assert made.values(made.records(marks=[*daily, made.mark(sign="nv")]), "mean_mark", "not_assessed") == [None, 1]


def test_daily_marks_outside_the_window_make_nothing(made):
    some = [made.mark(9.0, date=day, kind="daily") for day in ("2025-10-01", "2025-10-02", "2026-01-08")]
    assert made.values(made.records(marks=some), "mean_mark") is None


def test_the_trend_is_over_subjects_known_in_both_semesters(made):
    spring = [made.mark(7.0, "a", "2025-05-28"), made.mark(9.0, "b", "2025-05-28"), made.mark(4.0, "c", "2025-05-28")]
    autumn = [made.mark(6.0, "a"), made.mark(7.0, "b"), made.mark(10.0, "d")]
    assert made.values(made.records(marks=spring + autumn), "mark_trend") == -1.5
    assert made.values(made.records(marks=spring), "mark_trend") is None
    sign = made.mark(subject="a", date="2025-05-28", sign="nv")
    assert made.values(made.records(marks=[sign, made.mark(6.0, "a")]), "mark_trend") is None


def test_a_mark_of_the_running_semester_is_compared_with_the_completed_one(made):
    some = [made.mark(6.0, "a"), made.mark(8.0, "a", "2026-02-10", semester="2025/2026-2"), made.mark(5.0, "b")]
    some.append(made.mark(9.0, "b", "2025-05-28"))
    some = made.records(pupils=[made.pupil(semester="2025/2026-2")], marks=some)
    assert made.values(some, "mean_mark", "mark_trend", as_of="2026-03-02") == [6.5, -1]  # (8 - 6 + 5 - 9) / 2


def test_levels_of_the_first_grades_are_counted_and_never_made_into_marks(made):
    some = [made.mark(subject=name, sign=sign) for name, sign in zip("abcde", "SSTAP", strict=True)]
    found = made.values(made.records(pupils=[made.pupil(level=2.0)], marks=some), *NAMES)
    assert found == [None, None, None, 0, 2]


def test_pass_and_exempt_are_neither_marks_nor_missing(made):
    some = [made.mark(subject=name, sign=name) for name in ("pass", "fail", "exempt")]
    assert made.values(made.records(marks=some), *NAMES) == [None, None, None, 0, None]


def test_tenths_are_added_up_exactly(made):
    some = [made.mark(tenths / 10, f"subject {n}") for n, tenths in enumerate((71, 72, 73, 55, 10, 100))]
    assert made.values(made.records(marks=some), "mean_mark") == 381 / 60


def test_subject_marks_say_where_each_mark_came_from(made):
    some = [
        made.mark(7.0, "a", "2025-05-28"),
        made.mark(6.0, "a"),
        made.mark(subject="b", sign="nv", date="2025-12-16"),
        *(made.mark(5.0, "c", f"2025-10-0{n}", kind="daily") for n in (1, 2, 3)),
        made.mark(5.0, "d", "2025-05-28"),
    ]
    with known_records(made.records(marks=some, engine="arrow"), made.day, made.catalogue) as (known,):
        rows = known.engine.leave(known.subject_marks.sort("subject")).to_pylist()
    shown = [tuple(str(value) if name == "date" else value for name, value in row.items()) for row in rows]
    assert shown == [
        ("p", "a", 60, 70, None, "2025-12-15", "semester"),
        ("p", "b", None, None, "nv", "2025-12-16", "semester"),
        ("p", "c", 50, None, None, "None", "provisional"),
    ]


def test_peers_are_six_known_of_one_school_programme_and_level(made):
    pupils = [made.pupil(f"p{n}", level=9.0 if n < 6 else 8.0) for n in range(11)]
    some = [made.mark(float(n % 6 + 4), pupil_id=f"p{n}") for n in range(11)]
    X = factor_frame(made.records(pupils=pupils, marks=some), made.day).set_index("pupil_id")
    assert X.loc[[f"p{n}" for n in range(6)], "mean_mark_vs_peers"].tolist() == [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]
    assert X.loc[[f"p{n}" for n in range(6, 11)], "mean_mark_vs_peers"].isna().all()
