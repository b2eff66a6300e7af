import datetime as dt

import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.flags import signals

AS_OF = dt.date(2027, 1, 15)


def pupil(**values):
    usual = {"pupil_id": "p1", "programme": "general", "level": 9.0, "age": 15.5, "semester": "2026/2027-1"}
    return pd.DataFrame([usual | values])


def found(catalogue, as_of=AS_OF, **values):
    return signals(pupil(**values), catalogue, as_of)["signal"].tolist()


@pytest.mark.parametrize(("lessons", "told"), [(20, []), (21, ["unexcused_over_20"]), (np.nan, [])])
def test_more_than_20_unexcused_lessons_reach_a_person(catalogue, lessons, told):
    assert found(catalogue, unexcused_raw=lessons) == told


@pytest.mark.parametrize(
    ("level", "failing", "told"),
    [
        (7, 1, []), (7, 2, ["failing_two_grades_4_8"]), (8, 2, ["failing_two_grades_4_8"]), (9, 5, []),
        (10, 1, ["failing_grades_10_11"]), (12, 1, []), (np.nan, 5, []),
    ],
)  # fmt: skip
def test_marks_below_4_are_a_signal_by_grade(catalogue, level, failing, told):
    assert found(catalogue, level=level, failing_subjects=failing) == told


def test_vocational_year_1_is_not_grade_1(catalogue):
    assert found(catalogue, level=10.0, programme="vocational", failing_subjects=5) == []


def test_repeating_grade_9_is_a_signal(catalogue):
    assert found(catalogue, repeated_level=1) == ["repeating_grade_9"]
    assert found(catalogue, repeated_level=1, level=8.0) == []


@pytest.mark.parametrize(
    ("level", "age", "hours", "told"),
    [
        (9, 15.5, 10, 0), (9, 15.5, 11, 1), (8, 14.5, 11, 1), (10, 16.5, 10, 0), (10, 16.5, 20, 1), (12, 18.0, 40, 0),
    ],
)  # fmt: skip
def test_working_hours_have_the_limit_of_age_and_stage(catalogue, level, age, hours, told):
    assert len(found(catalogue, level=level, age=age, paid_work_hours=hours)) == told


def test_a_signal_holds_only_while_its_rule_is_in_force(catalogue):
    ended = catalogue.extend({"signals": {"unexcused_over_20": {"valid_until": "2026-12-31"}}})
    assert found(ended, dt.date(2026, 12, 31), unexcused_raw=30) == ["unexcused_over_20"]
    assert found(ended, dt.date(2027, 1, 1), unexcused_raw=30) == []
    assert found(ended, None, unexcused_raw=30) == ["unexcused_over_20"]


def test_a_signal_is_said_with_its_count_period_and_limit(catalogue):
    lv, en = (signals(pupil(unexcused_raw=21), catalogue, AS_OF, lang).iloc[0] for lang in ("lv", "en"))
    assert lv["sentence"] == (
        "2026./2027. m. g. 1. semestrī neattaisnoti kavēta 21 stunda; ja to ir vairāk par 20, skola informē pašvaldību "
        "(MK noteikumi Nr. 89)."
    )
    assert en["sentence"].startswith("21 lessons were missed without excuse in semester 1 of 2026/2027; above 20,")
    assert (lv["role"], lv["sensitivity"], lv["value"]) == ("social_pedagogue", "ordinary", 21)


def test_every_signal_can_be_said(catalogue):
    for signal in catalogue.signals.values():
        level = signal.min_level or signal.max_level or 9
        age = signal.min_age or 14.0
        programme = signal.programmes[0] if signal.programmes else "general"
        table = pupil(level=float(level), age=age, programme=programme, **{signal.column: signal.above + 1})
        for lang in ("lv", "en"):
            told = signals(table, catalogue, AS_OF, lang)
            assert signal.id in told["signal"].tolist()
            assert not told["sentence"].str.contains("[{}]").any()
            assert told["sentence"].str.endswith(".").all()


def test_without_signals_the_frame_is_empty_and_has_its_columns(catalogue):
    nothing = signals(pupil(), catalogue, AS_OF)
    assert len(nothing) == 0
    assert list(nothing.columns) == list(signals(pupil(unexcused_raw=30), catalogue, AS_OF).columns)
