"""The shipped risk factors keep every promise that model, reasons and sheet rely on."""

from __future__ import annotations

import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from string import Formatter

import msgspec
import pytest

from pumpurs_risk.catalogue.entries import Construct, Forms, RiskFactor, RiskGroup, Sentences
from pumpurs_risk.locale import form
from pumpurs_risk.resources import resource

RAW = tomllib.loads(resource("catalogue", "factors.toml").read_text(encoding="utf-8"))
FACTORS = msgspec.convert(RAW["factors"], dict[str, RiskFactor], strict=True)
CONSTRUCTS = msgspec.convert(RAW["constructs"], dict[str, Construct], strict=True)
GROUPS = msgspec.convert(RAW["groups"], dict[str, RiskGroup], strict=True)

LANGUAGES = ("lv", "en")
PEER_RELATIVE = {"absence_share_vs_peers", "mean_mark_vs_peers", "failing_subjects_vs_peers"}
FIRST_GRADES = {"low_levels"}
CAUSES = {
    *("many_absences", "failing_subjects", "workload", "peer_conflicts", "teacher_conflicts"),
    *("motivation", "health", "pregnancy", "marriage", "paid_work"),
}
SHARES = {
    "attendance": {"absence_share": 0.45, "unexcused_lessons": 0.30, "absence_recent": 0.10, "absence_trend": 0.10}
    | {"lateness": 0.05},
    "grades": {"failing_subjects": 0.45, "mean_mark": 0.35, "mark_trend": 0.10, "not_assessed": 0.10},
    "progress": {"repeated_level": 0.5, "over_age": 0.5},
    "conduct": {"rule_breaches": 0.35, "teacher_conflicts": 0.35, "peer_conflicts": 0.30},
    "safety": {"bullying": 0.5, "violence": 0.5},
    "motivation": {"motivation": 0.7, "teacher_concern": 0.3},
    "learning": {"learning_difficulty": 0.7, "learning_gaps": 0.3},
    "workload": {"workload_school": 0.5, "workload_outside": 0.5},
    "health": {"health_problem": 0.4, "mental_health": 0.6},
    "addiction": {"addiction": 1},
    "pregnancy": {"pregnancy": 1},
    "marriage": {"marriage": 1},
    "work": {"paid_work_hours": 0.6, "wants_paid_work": 0.4},
    "poverty": {"low_income": 0.8, "no_internet": 0.1, "lodging": 0.1},
    "access": {"distance": 1},
    "family": {"family_conflict": 0.35, "weak_parent_support": 0.25, "parents_absent": 0.2, "parental_addiction": 0.2},
    "care": {"home_duties": 0.4, "sibling_care": 0.3, "sick_relative": 0.3},
    "out_of_home_care": {"out_of_home_care": 1},
    "mobility": {"school_changes": 1},
    "transition": {"transition_year": 1},
    "programme": {"programme_level": 1},
}
ROLES = {
    *("class_teacher", "social_pedagogue", "psychologist", "speech_therapist", "special_educator", "nurse", "head"),
    *("subject_teacher", "career_adviser", "mentor", "support_team", "municipality"),
}
MEASURES = {
    *("subject_consultation", "psychologist", "social_pedagogue", "special_teacher", "speech_therapist"),
    *("teacher_assistant", "assistant", "ergotherapist", "sign_interpreter", "transport", "special_transport"),
    *("lodging", "meals", "materials", "personal_items", "mentor", "flexible_timetable", "career_guidance"),
    *("parents_meeting", "nurse_referral"),
}
TABLES = {"absences", "marks", "pupils", "incidents", "assessments"}
LEARNER = {"learner", "Learner", "learner_acc", "learner_dat", "learner_ins"}
SAID = {"value", "period", "peer", "word", "top", "limit", *LEARNER}
NEVER_A_FACTOR = (
    *("dzimum", "tautīb", "nacional", "etnisk", "pilsonīb", "valod", "reliģ", "īpašas vajadz", "speciālās izglīt"),
    *("invalid", "gender", "ethnic", "nationality", "citizen", "language", "religio", "special need"),
    *("special educ", "disab"),
)
WORDS_FOR_A_TRY = {
    "value": "3",
    "period": "pārskata periodā",
    "peer": "",
    "word": "zema",
    "top": "3",
    "limit": "",
    "role": "klases audzinātājs",
    "learner": "skolēns",
    "Learner": "Skolēns",
    "learner_acc": "skolēnu",
    "learner_dat": "skolēnam",
    "learner_ins": "skolēnu",
}

every_factor = pytest.mark.parametrize("factor", [pytest.param(f, id=name) for name, f in FACTORS.items()])
numbered = pytest.mark.parametrize(
    "factor", [pytest.param(f, id=name) for name, f in FACTORS.items() if f.kind != "level"]
)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def forms_of(entry: Forms) -> list[str]:
    return [entry] if isinstance(entry, str) else list(entry.values())


def said(sentences: Sentences) -> Iterator[tuple[str, Forms]]:
    for name in ("risk", "risk_raw", "strength", "strength_raw"):
        entry = getattr(sentences, name)
        if entry is not None:
            yield name, entry


def all_texts(factor: RiskFactor, lang: str) -> Iterator[str]:
    yield from (factor.name[lang], factor.heading[lang], factor.meaning[lang], factor.question[lang])
    yield factor.sentences[lang].unknown
    for _, entry in said(factor.sentences[lang]):
        yield from forms_of(entry)


def normal(heading: str) -> str:
    """As the sheet compares headings: case, spaces, final marks and a hint in brackets aside."""
    return re.sub(r"\s*\([^()]*\)$", "", " ".join(heading.casefold().replace("_", " ").split())).rstrip(" :*.")


def test_the_four_official_groups_and_every_construct_have_names_in_both_languages() -> None:
    assert RAW["schema_version"] == 1
    assert set(GROUPS) == {"learning_school", "economic", "family", "social_health"}
    assert set(CONSTRUCTS) == set(SHARES)
    for entry in (*GROUPS.values(), *CONSTRUCTS.values()):
        assert set(entry.name) == {"lv", "en"}
    assert CONSTRUCTS["programme"].odds_ratio == 1.0


def test_the_published_effect_of_each_construct_is_split_as_agreed() -> None:
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for name, factor in FACTORS.items():
        if factor.prior_share > 0:
            found[factor.construct][name] = factor.prior_share
    assert found == SHARES
    for construct, shares in found.items():
        assert sum(shares.values()) == pytest.approx(1), construct
    assert {name for name, factor in FACTORS.items() if factor.prior_share == 0} == PEER_RELATIVE | FIRST_GRADES


def test_each_of_the_ten_causes_moves_the_estimate_on_day_one() -> None:
    moving = {f.cause for f in FACTORS.values() if f.prior_share > 0 and CONSTRUCTS[f.construct].odds_ratio > 1}
    assert moving - {""} == CAUSES
    assert {f.cause for f in FACTORS.values()} - {""} == CAUSES


def test_the_standard_sheet_asks_seven_factors() -> None:
    core = {name for name, factor in FACTORS.items() if factor.core}
    assert core == {"absence_share", "unexcused_lessons", "mean_mark", "failing_subjects", "not_assessed"} | {
        "repeated_level",
        "teacher_concern",
    }
    assert all(FACTORS[name].sensitivity == "ordinary" for name in core)


@every_factor
def test_it_points_only_to_things_that_exist(factor: RiskFactor) -> None:
    assert factor.version == 1
    assert factor.construct in CONSTRUCTS
    assert factor.group in GROUPS
    assert factor.ask in ROLES
    assert set(factor.measures) <= MEASURES
    assert len(set(factor.measures)) == len(factor.measures)
    assert factor.tables
    assert set(factor.tables) <= TABLES
    assert factor.raw in ("", "unexcused_raw")
    assert set(factor.applies.programmes) <= {"general", "evening", "vocational"}


def test_every_reason_has_a_first_step() -> None:
    assert [name for name, factor in FACTORS.items() if not factor.measures] == ["programme_level"]
    for name in PEER_RELATIVE:
        assert FACTORS[name].measures == FACTORS[name.removesuffix("_vs_peers")].measures


@numbered
def test_its_curve_bends_where_the_contrast_says(factor: RiskFactor) -> None:
    assert factor.range is not None
    assert factor.contrast is not None
    low, high, extreme = factor.contrast.low, factor.contrast.high, factor.contrast.extreme
    assert {low, high, extreme} <= set(factor.knots)
    assert 2 <= len(factor.knots) <= 9
    assert all(one < other for one, other in pairwise(factor.knots))
    assert factor.range[0] <= factor.knots[0]
    assert factor.knots[-1] <= factor.range[1]
    assert factor.direction * (high - low) > 0
    assert factor.direction * (extreme - high) >= 0
    assert factor.contrast.reason.endswith(".")
    if factor.kind == "yes_no":
        assert (factor.range, factor.knots, (low, high, extreme)) == ((0, 1), (0, 1), (0, 1, 1))
    if factor.kind == "score":
        assert (factor.range, factor.knots, (low, high, extreme)) == ((0, 3), (0, 1, 2, 3), (0, 2, 3))


@pytest.mark.parametrize("name", ["absence_trend", "mark_trend"])
def test_a_change_for_the_better_is_never_said_as_one_for_the_worse(name: str) -> None:
    """Both sides of 0 exist, but the curve is flat on the good side: only the bad side can be a risk."""
    factor = FACTORS[name]
    assert factor.range is not None
    assert factor.range[0] < 0 < factor.range[1]
    assert min(factor.direction * knot for knot in factor.knots) == 0
    for lang in LANGUAGES:
        assert "value" not in placeholders(str(factor.sentences[lang].strength))


@numbered
def test_what_unknown_means_is_a_proper_distribution(factor: RiskFactor) -> None:
    typical = factor.typical
    assert typical is not None
    assert factor.range is not None
    given = [name for name in ("share", "shares", "quantiles") if getattr(typical, name) is not None]
    wanted = {"yes_no": "share", "score": "shares", "count": "shares"}.get(factor.kind, "quantiles")
    assert given == [wanted]
    assert typical.source
    if typical.share is not None:
        assert 0 < typical.share < 0.5
    if typical.shares is not None:
        assert sum(typical.shares) == pytest.approx(1, abs=1e-9)
        assert min(typical.shares) > 0
        assert len(typical.shares) <= factor.range[1] - factor.range[0] + 1
        assert factor.kind != "score" or len(typical.shares) == 4
    if typical.quantiles is not None:
        assert list(typical.quantiles) == sorted(typical.quantiles)
        assert factor.range[0] <= typical.quantiles[0]
        assert typical.quantiles[-1] <= factor.range[1]


@every_factor
def test_no_source_is_left_open(factor: RiskFactor) -> None:
    sources = [factor.published.source, CONSTRUCTS[factor.construct].source]
    sources += [factor.typical.source] if factor.typical else []
    for source in sources:
        assert len(source) > 10
        assert not re.search(r"\[(s|r|own)\b|domain\.md|methods\.md", source)
    if factor.published.odds_ratio is not None:
        assert factor.published.odds_ratio > 1
        assert "own default" in factor.published.source or re.search(r"(19|20)\d\d", factor.published.source)


def test_a_heading_leads_to_one_column_only() -> None:
    fields = json.loads(resource("data_schema", "factor_sheet.json").read_text(encoding="utf-8"))["fields"]
    owner: dict[str, str] = {}
    for column in (column for column in fields if not column.get("factor")):
        for heading in (column["name"], *column["titles"].values(), *column["aliases"]):
            owner[normal(heading)] = column["name"]
    assert owner["neattaisnoti kavētās stundas"] == "unexcused_raw"
    for name, factor in FACTORS.items():
        for heading in (name, *factor.heading.values(), *factor.aliases):
            assert owner.setdefault(normal(heading), name) == name, heading
    for lang in LANGUAGES:
        assert len({normal(factor.heading[lang]) for factor in FACTORS.values()}) == len(FACTORS)


@every_factor
def test_both_languages_say_everything_without_stray_braces_or_spaces(factor: RiskFactor) -> None:
    for field in (factor.name, factor.heading, factor.meaning, factor.unit, factor.question, factor.sentences):
        assert set(field) == {"lv", "en"}
    for lang in LANGUAGES:
        for text in all_texts(factor, lang):
            assert text
            assert text == " ".join(text.split(" ")).strip()
            assert "  " not in text
        assert factor.question[lang].endswith("?")
        assert placeholders(factor.question[lang]) <= LEARNER
        assert factor.meaning[lang].endswith(".")
        assert not placeholders(factor.name[lang] + factor.heading[lang] + factor.meaning[lang])


@every_factor
def test_its_sentences_use_known_placeholders_and_have_their_number_forms(factor: RiskFactor) -> None:
    for lang in LANGUAGES:
        sentences = factor.sentences[lang]
        assert placeholders(sentences.unknown) <= {"role", "period", *LEARNER}
        assert "role" in placeholders(sentences.unknown)
        for name, entry in said(sentences):
            assert all(placeholders(text) <= SAID for text in forms_of(entry)), name
            assert all(text.endswith(".") for text in forms_of(entry)), name
            if isinstance(entry, dict):
                assert {"one", "other"} <= set(entry) <= {"one", "other", "none"}, name
                assert "value" not in placeholders(entry.get("none", "")), name
            if "value" in placeholders("".join(forms_of(entry))) and factor.range is not None and factor.range[0] <= 0:
                assert isinstance(entry, dict), name
                assert "none" in entry, f"{name} would print 0"
            if not factor.raw:
                assert not name.endswith("_raw")
        if factor.kind != "level":
            opening = {"lv": "Atbalstošs apstāklis: ", "en": "Supporting circumstance: "}[lang]
            for name in ("strength", "strength_raw"):
                entry = getattr(sentences, name)
                assert all(text.startswith(opening) for text in forms_of(entry or opening + "."))
            assert not any(text.startswith(opening) for text in forms_of(sentences.risk))
        if lang == "en":  # the period starts with a small "in"
            assert not any(text.startswith("{period}") for _, entry in said(sentences) for text in forms_of(entry))


@every_factor
def test_the_latvian_text_is_latvian(factor: RiskFactor) -> None:
    for text in all_texts(factor, "lv"):
        assert not re.search(r"\b(the|of|is|and|pupil|not|lesson|marks?)\b", text), text
        assert '"' not in text
        shown = text.format_map(WORDS_FOR_A_TRY)
        if len(shown) > 40:  # as long as a sentence, and no Latvian letter: written without its marks
            assert re.search("[āčēģīķļņšūž]", shown.replace("Atbalstošs apstāklis", "").lower()), shown
        assert not re.search(r"\b(kavējis|kavējusi|iesaistīts|cietis|viņš|viņa|viņam)\b", shown), shown


def test_latvian_numbers_agree_with_what_they_count() -> None:
    def lv(name: str, kind: str, value: float) -> str:
        entry = getattr(FACTORS[name].sentences["lv"], kind)
        shown = f"{value:g}".replace(".", ",")
        return form(entry, "lv", value).format_map(
            WORDS_FOR_A_TRY | {"value": shown, "period": "2026./2027. m. g. 1. semestrī"}
        )

    law = "ja to ir vairāk par 20, skola informē pašvaldību (MK noteikumi Nr. 89)."
    period = "2026./2027. m. g. 1. semestrī"
    assert lv("unexcused_lessons", "risk_raw", 21) == f"{period} neattaisnoti kavēta 21 stunda; {law}"
    assert lv("unexcused_lessons", "risk_raw", 23) == f"{period} neattaisnoti kavētas 23 stundas; {law}"
    assert lv("unexcused_lessons", "risk_raw", 11) == f"{period} neattaisnoti kavētas 11 stundas; {law}"
    nothing = f"Atbalstošs apstāklis: {period} neattaisnotu kavējumu nav."
    assert lv("unexcused_lessons", "strength_raw", 0) == lv("unexcused_lessons", "strength", 0) == nothing
    assert lv("failing_subjects", "risk", 1) == "Semestra vērtējums ir zemāks par 4 ballēm 1 mācību priekšmetā."
    assert lv("failing_subjects", "risk", 3) == "Semestra vērtējums ir zemāks par 4 ballēm 3 mācību priekšmetos."
    fall = "Kopš iepriekšējā semestra vidējais vērtējums ir pazeminājies par"
    assert lv("mark_trend", "risk", 1) == f"{fall} 1 balli."
    assert lv("mark_trend", "risk", 1.2) == f"{fall} 1,2 ballēm."
    assert lv("peer_conflicts", "risk", 1) == f"{period} reģistrēts 1 konflikts ar klasesbiedriem."
    assert lv("peer_conflicts", "risk", 3) == f"{period} reģistrēti 3 konflikti ar klasesbiedriem."
    assert lv("motivation", "risk", 2) == "Mācību motivācija novērtēta kā zema (2 no 3)."
    assert lv("paid_work_hours", "risk", 1) == "Skolēns strādā algotu darbu 1 stundu nedēļā."
    assert lv("paid_work_hours", "risk", 14) == "Skolēns strādā algotu darbu 14 stundas nedēļā."
    assert lv("over_age", "risk", 1) == "Vecums par 1 gadu pārsniedz šajā klasē vai kursā ierasto."
    assert lv("over_age", "risk", 2) == "Vecums par 2 gadiem pārsniedz šajā klasē vai kursā ierasto."


@every_factor
def test_a_rated_factor_has_a_word_for_every_value(factor: RiskFactor) -> None:
    if factor.kind != "score":
        assert factor.scale == {}
        return
    for lang in LANGUAGES:
        assert len(set(factor.scale[lang])) == 4
        assert {"word", "top"} <= placeholders(factor.sentences[lang].risk["other"])  # type: ignore[index]
        assert "word" not in placeholders(factor.sentences[lang].risk["none"])  # type: ignore[index]
    assert not set(factor.scale["lv"]) & set(factor.scale["en"])


@every_factor
def test_words_that_give_a_sensitive_factor_away_are_listed(factor: RiskFactor) -> None:
    if factor.sensitivity == "ordinary":
        assert factor.revealing_words == {}
        return
    for lang in LANGUAGES:
        words = factor.revealing_words[lang]
        assert all(word == word.lower() and len(word) >= 4 for word in words)
        for text in (factor.name[lang], factor.question[lang], *forms_of(factor.sentences[lang].risk)):
            assert any(word in text.lower() for word in words), text


def test_ordinary_sentences_hold_no_revealing_word_of_a_special_one() -> None:
    for lang in LANGUAGES:
        words = {w for f in FACTORS.values() if f.sensitivity == "special" for w in f.revealing_words[lang]}
        for name, factor in FACTORS.items():
            if factor.sensitivity == "ordinary":
                for text in all_texts(factor, lang):
                    assert not [word for word in words if word in text.lower()], (name, text)


@every_factor
def test_nobody_is_scored_by_who_they_are(factor: RiskFactor) -> None:
    labels = " | ".join((*factor.name.values(), *factor.heading.values(), *factor.aliases)).lower()
    assert not [word for word in NEVER_A_FACTOR if word in labels]
    assert not re.search(r"\b(sex|race|boy|girl)\b", labels)


def test_levels_instead_of_marks_are_of_the_first_three_grades_only() -> None:
    assert FACTORS["low_levels"].applies.max_level == 3
    assert FACTORS["low_levels"].prior_share == 0


def test_marks_are_asked_from_grade_4_and_paid_work_from_13_years() -> None:
    for name in ("mean_mark", "failing_subjects", "mark_trend", "mean_mark_vs_peers", "failing_subjects_vs_peers"):
        assert FACTORS[name].applies.min_level == 4
    ages = {name: factor.applies.min_age for name, factor in FACTORS.items() if factor.applies.min_age is not None}
    assert ages == {"paid_work_hours": 13, "wants_paid_work": 13, "pregnancy": 12, "marriage": 16}
    assert FACTORS["over_age"].applies.programmes == ("general", "vocational")


def test_programme_and_level_together_are_no_reason() -> None:
    factor = FACTORS["programme_level"]
    assert (factor.direction, factor.kind, factor.measures, factor.knots) == (0, "level", (), ())
    assert (factor.range, factor.contrast, factor.typical) == (None, None, None)
    assert len(factor.levels) == len(set(factor.levels)) == 12 + 6 + 4 + 3
    assert {"general-1", "general-12", "evening-7", "evening-12", "vocational-1", "vocational-4"} <= set(factor.levels)
