"""What the shipped measures, base rates and signals promise."""

from __future__ import annotations

import re

import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.locale import form


def test_all_roles_of_the_contract_exist_with_both_cases(catalogue: Catalogue) -> None:
    assert set(catalogue.roles) == {
        "class_teacher",
        "social_pedagogue",
        "psychologist",
        "speech_therapist",
        "special_educator",
        "nurse",
        "head",
        "subject_teacher",
        "career_adviser",
        "mentor",
        "support_team",
        "municipality",
    }
    for role in catalogue.roles.values():
        assert role.dative["lv"] != role.name["lv"]
        assert role.dative["en"] == role.name["en"]


def test_every_factor_that_support_can_change_has_a_measure(catalogue: Catalogue) -> None:
    without = [f.id for f in catalogue.factors.values() if f.changeable != "no" and not f.measures]
    assert without == []


def test_every_measure_but_the_open_one_answers_a_factor(catalogue: Catalogue) -> None:
    assert [m.id for m in catalogue.measures.values() if not m.answers] == ["own"]


def test_a_measure_answers_every_factor_that_names_it(catalogue: Catalogue) -> None:
    for factor in catalogue.factors.values():
        for measure in factor.measures:
            assert factor.id in catalogue.measures[measure].answers


def test_an_evidence_grade_above_practice_names_a_paper(catalogue: Catalogue) -> None:
    for measure in catalogue.measures.values():
        if measure.evidence == "practice":
            assert measure.evidence_source == "own judgement"
        else:
            assert re.search(r"\b(19|20)\d\d\b", measure.evidence_source), measure.id


def test_a_step_stands_alone_in_a_cell(catalogue: Catalogue) -> None:
    for entry in (*catalogue.measures.values(), *catalogue.signals.values()):
        for lang, step in entry.step.items():
            assert step[0].isupper(), (entry.id, lang)
            assert not step.endswith("."), (entry.id, lang)
            assert "{" not in step, (entry.id, lang)


def test_partners_with_same_day_duties_name_the_law(catalogue: Catalogue) -> None:
    for partner in ("police", "orphans_court"):
        assert "73. pants" in catalogue.partners[partner].legal_ground["lv"]


def test_the_mentor_is_for_those_of_13_and_older(catalogue: Catalogue) -> None:
    assert catalogue.measures["mentor"].min_age == catalogue.programme.mentor_min_age == 13


def test_base_rates_cover_every_level_of_the_three_programmes(catalogue: Catalogue) -> None:
    expected = [f"general-{level}" for level in range(1, 13)]
    expected += [f"evening-{level}" for level in range(7, 13)] + [f"vocational-{year}" for year in range(1, 5)]
    assert list(catalogue.base_rates) == expected
    level = next(factor for factor in catalogue.factors.values() if factor.kind == "level")
    assert set(level.levels) == {*expected, "general", "evening", "vocational"}  # and each programme as a whole


@pytest.mark.parametrize(
    ("levels", "smallest", "largest"),
    [
        ([f"general-{level}" for level in range(5, 9)], 0.001, 0.003),
        ([f"general-{level}" for level in range(9, 13)], 0.005, 0.010),
        ([f"evening-{level}" for level in range(7, 13)], 0.01, 0.02),
        ([f"vocational-{year}" for year in range(1, 5)], 0.01, 0.02),
    ],
)
def test_one_year_rates_are_two_semesters_within_the_published_range(
    catalogue: Catalogue, levels: list[str], smallest: float, largest: float
) -> None:
    for level in levels:
        rate = catalogue.base_rates[level]
        assert 1 - (1 - smallest) ** 2 - 5e-5 <= rate.central <= 1 - (1 - largest) ** 2 + 5e-5
        assert rate.low < rate.central < rate.high


def test_the_first_vocational_year_has_the_highest_vocational_rate(catalogue: Catalogue) -> None:
    rates = [catalogue.base_rates[f"vocational-{year}"].central for year in range(1, 5)]
    assert rates == sorted(rates, reverse=True)


def test_the_national_mean_weighs_the_rates_by_pupils(catalogue: Catalogue) -> None:
    rates = catalogue.base_rates.values()
    assert sum(rate.share_of_pupils for rate in rates) == pytest.approx(1)
    assert catalogue.national_mean == pytest.approx(sum(rate.central * rate.share_of_pupils for rate in rates))
    assert 0.005 < catalogue.national_mean < 0.015
    raised = catalogue.extend({"base_rates": {"general-9": {"central": 0.02}}})
    gain = (0.02 - catalogue.base_rates["general-9"].central) * catalogue.base_rates["general-9"].share_of_pupils
    assert raised.national_mean - catalogue.national_mean == pytest.approx(gain)


def test_signals_hold_above_the_legal_thresholds(catalogue: Catalogue) -> None:
    above = {name: signal.above for name, signal in catalogue.signals.items()}
    assert above["unexcused_over_20"] == 20
    assert above["failing_two_grades_4_8"] == 1
    assert above["failing_grades_10_11"] == 0
    assert above["working_hours_under_15"] == above["working_hours_basic_education"] == 10
    assert above["working_hours_secondary"] == 35 - 36 * 40 / 60
    assert catalogue.signals["repeating_grade_9"].min_level == catalogue.signals["repeating_grade_9"].max_level == 9


def test_a_school_with_fewer_lessons_leaves_more_hours_for_work(catalogue: Catalogue) -> None:
    change = {"work_limits": {"secondary": {"weekly_lessons": 30}}}
    assert catalogue.extend(change).signals["working_hours_secondary"].above == 15


def test_every_pupil_under_18_falls_under_one_signal_on_work(catalogue: Catalogue) -> None:
    signals = [signal for signal in catalogue.signals.values() if signal.work_limit]

    def holds(signal, programme: str, level: int, age: float | None) -> bool:
        low, high = signal.min_level or 0, signal.max_level or 99
        of_age = signal.unknown_age if age is None else (signal.min_age or 0) <= age < (signal.max_age or 99)
        return (not signal.programmes or programme in signal.programmes) and low <= level <= high and of_age

    levels = [key.rpartition("-") for key in catalogue.base_rates]
    for programme, _, level in levels:
        for age in (None, 12.0, 14.99, 15.0, 17.99):
            found = [signal.id for signal in signals if holds(signal, programme, int(level), age)]
            assert len(found) == 1, (programme, level, age, found)
        assert not any(holds(signal, programme, int(level), 18.0) for signal in signals)


def test_signal_sentences_agree_with_their_number(catalogue: Catalogue) -> None:
    sentence = catalogue.signals["unexcused_over_20"].sentence
    period = catalogue.calendar.period_text("2026/2027-1", "lv")
    said = form(sentence["lv"], "lv", 21).format(value="21", limit="20", period=period, open="")
    assert said.startswith("2026./2027. m. g. 1. semestrī neattaisnoti kavēta 21 stunda; ja to ir vairāk par 20, ")
    said = form(sentence["lv"], "lv", 23).format(value="23", limit="20", period=period, open="")
    assert "neattaisnoti kavētas 23 stundas" in said


def test_every_signal_sentence_uses_known_placeholders_and_ends_with_a_full_stop(catalogue: Catalogue) -> None:
    for signal in catalogue.signals.values():
        for lang in ("lv", "en"):
            entry = signal.sentence[lang]
            for sentence in [entry] if isinstance(entry, str) else entry.values():
                assert set(re.findall(r"{(\w+)}", sentence)) <= {"value", "limit", "period", "details", "open"}
                assert sentence.endswith(".")
        assert signal.source
        assert signal.valid_from


def test_violence_points_to_the_report_and_is_sensitive(catalogue: Catalogue) -> None:
    signal = catalogue.signals["violence"]
    assert signal.sensitivity == "sensitive"
    assert "this list is not a channel for reporting" in signal.sentence["en"]


def test_a_work_limits_clause_ends_a_sentence(catalogue: Catalogue) -> None:
    assert catalogue.work_limits["secondary"].clause["lv"] == (
        "; mācībām un darbam kopā atļautas ne vairāk kā 35 stundas nedēļā"
    )
    for limit in catalogue.work_limits.values():
        for clause in limit.clause.values():
            assert clause.startswith("; ")
            assert not clause.endswith(".")
