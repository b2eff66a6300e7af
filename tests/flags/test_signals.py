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


def test_a_raw_count_is_told_with_the_one_semester_that_it_is_of_and_with_what_is_still_open(catalogue):
    both = "2026/2027-1+2026/2027-2"
    table = pupil(semester=both, unexcused_raw=23, unexcused_semester="2026/2027-2", open_raw=5)
    lv, en = (signals(table, catalogue, AS_OF, lang)["sentence"].iloc[0] for lang in ("lv", "en"))
    assert lv == (
        "2026./2027. m. g. 2. semestrī neattaisnoti kavētas 23 stundas; ja to ir vairāk par 20, skola informē pašvaldību "
        "(MK noteikumi Nr. 89); attaisnojuma vēl nav 5 stundām."
    )
    assert en.startswith("23 lessons were missed without excuse in semester 2 of 2026/2027; above 20,")
    assert en.endswith("; 5 lessons still have no excuse.")


@pytest.mark.parametrize(
    ("still", "end"), [(1, "vēl nav 1 stundai."), (21, "vēl nav 21 stundai."), (0, "(MK noteikumi Nr. 89).")]
)
def test_lessons_without_an_excuse_agree_in_number_and_none_are_not_told(catalogue, still, end):
    said = signals(pupil(unexcused_raw=23, open_raw=still), catalogue, AS_OF)["sentence"].iloc[0]
    assert said.endswith(end)


def test_two_semesters_with_many_lessons_together_and_few_in_each_are_no_signal(catalogue):
    both = "2026/2027-1+2026/2027-2"
    assert found(catalogue, semester=both, unexcused_raw=15, unexcused_semester="2026/2027-1", open_raw=30) == []


def test_violence_is_told_with_its_dates_and_subjects_with_their_names(catalogue):
    facts = pd.DataFrame(
        {
            "pupil_id": "p1",
            "factor": ["violence", "violence", "failing_subjects", "failing_subjects", "mean_mark"],
            "detail": ["12.11.2026.", "03.12.2026.", "fizika", "ķīmija", "sports (9)"],
        }
    )
    table = pupil(level=8.0, violence=2, failing_subjects=2)
    lv = signals(table, catalogue, AS_OF, evidence=facts).set_index("signal")["sentence"]
    assert lv["violence"].startswith(
        "Ir ieraksts par vardarbību (12.11.2026., 03.12.2026.). Pārbaudiet, vai par to ir ziņots;"
    )
    assert "2 mācību priekšmetos: fizika, ķīmija; lai pārceltu nākamajā klasē" in lv["failing_two_grades_4_8"]
    en = signals(table, catalogue, AS_OF, "en", facts).set_index("signal")["sentence"]
    assert en["violence"].startswith(
        "Violence is on record (12.11.2026., 03.12.2026.). Check that it was reported the same day"
    )


def test_who_told_of_violence_is_named(catalogue):
    day = dt.date(2026, 12, 3)
    facts = {
        "pupil_id": ["p1"],
        "factor": ["violence"],
        "detail": ["1"],
        "source": ["answers"],
        "role": ["social_pedagogue"],
    }
    said = signals(pupil(violence=1), catalogue, AS_OF, evidence=pd.DataFrame(facts | {"date_to": [day]}))["sentence"]
    assert said.iloc[0].startswith("Ir ieraksts par vardarbību (sociālais pedagogs, 03.12.2026.). Pārbaudiet,")


def test_without_facts_of_the_pupil_a_signal_is_told_as_before(catalogue):
    others = pd.DataFrame({"pupil_id": ["x"], "factor": ["violence"], "detail": ["12.11.2026."]})
    table = pupil(violence=1)
    pd.testing.assert_frame_equal(signals(table, catalogue, AS_OF, evidence=others), signals(table, catalogue, AS_OF))
    pd.testing.assert_frame_equal(
        signals(table, catalogue, AS_OF, evidence=others[:0]), signals(table, catalogue, AS_OF)
    )
