import numpy as np
import pytest

from pumpurs_risk.explanation import reasons
from pumpurs_risk.explanation.wording import SAYS, UNKNOWN, Lines, Writer

NBSP = "\u00a0"


def sentence_of(model, table, factor, lang="lv", kind="risk", **options):
    told = reasons(model, table, lang, top=None, strengths=None, details=True, **options)
    mine = told[(told["pupil_id"] == "p00") & (told["factor"] == factor) & (told["code"] == f"{factor}.{kind}")]
    return mine["sentence"].iloc[0]


def test_a_share_stands_beside_the_median_of_the_same_grade(model, class_of):
    table = class_of(absence_share=0.124)
    assert sentence_of(model, table, "absence_share") == (
        f"Kavēto stundu īpatsvars 2026./2027. m. g. 1. semestrī ir 12,4{NBSP}% (9. klašu mediāna – 5,1{NBSP}%)."
    )
    assert sentence_of(model, table, "absence_share", "en") == (
        "The share of lessons missed in semester 1 of 2026/2027 is 12.4% (median of grade 9: 5.1%)."
    )


def test_vocational_pupils_are_compared_by_course_year(model, class_of):
    table = class_of("vocational", level=1, absence_share=0.124)
    assert f"(1. kursu mediāna – 5,1{NBSP}%)" in sentence_of(model, table, "absence_share")
    assert "(median of year 1: 5.1%)" in sentence_of(model, table, "absence_share", "en")


def test_no_median_of_fewer_than_five_others_is_printed(model, class_of):
    table = class_of(absence_share=0.124)
    table.loc[5:, "absence_share"] = np.nan
    assert "mediāna" not in sentence_of(model, table, "absence_share")
    table.loc[5, "absence_share"] = 0.051
    assert "mediāna" in sentence_of(model, table, "absence_share")


def test_without_peers_no_median_is_printed(model, class_of):
    assert "mediāna" not in sentence_of(model, class_of(absence_share=0.124), "absence_share", reference="population")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (21, "neattaisnoti kavēta 21 stunda;"),
        (23, "neattaisnoti kavētas 23 stundas;"),
        (11, "neattaisnoti kavētas 11 stundas;"),
    ],
)
def test_the_raw_count_is_said_and_its_form_agrees(model, class_of, raw, words):
    table = class_of(unexcused_raw=raw, unexcused_lessons=6.0)
    assert f"2026./2027. m. g. 1. semestrī {words}" in sentence_of(model, table, "unexcused_lessons")


def test_a_raw_count_is_of_the_one_semester_that_is_named(model, class_of):
    table = class_of(semester="2026/2027-1+2026/2027-2", unexcused_raw=23, unexcused_lessons=6.0, absence_share=0.124)
    table["unexcused_semester"] = "2026/2027-2"
    assert sentence_of(model, table, "unexcused_lessons").startswith(
        "2026./2027. m. g. 2. semestrī neattaisnoti kavētas 23"
    )
    assert "2026./2027. m. g. 1. un 2. semestrī ir 12,4" in sentence_of(model, table, "absence_share")
    told = reasons(model, table, details=True)
    params = told[(told["pupil_id"] == "p00") & (told["line"] > 0)].set_index("code")["params"]
    assert params["unexcused_lessons.risk"]["period"] == "2026/2027-2"
    assert params["absence_share.risk"]["period"] == "2026/2027-1+2026/2027-2"
    table["unexcused_raw"] = np.nan
    assert sentence_of(model, table, "unexcused_lessons").startswith("2026./2027. m. g. 1. un 2. semestrī")


def test_without_a_raw_count_the_rate_is_said(model, class_of):
    assert "no katrām 100" in sentence_of(model, class_of(unexcused_lessons=6.0), "unexcused_lessons")


def test_a_raw_count_never_stands_beside_the_median_of_the_rate(model, catalogue, class_of):
    own = {"factors": {"unexcused_lessons": {"sentences": {"en": {"risk_raw": "{value} lessons{peer}."}}}}}
    table = class_of(unexcused_raw=30, unexcused_lessons=6.0)
    said = sentence_of(model, table, "unexcused_lessons", "en", catalogue=catalogue.extend(own))
    assert said == "30 lessons."


def test_zero_has_its_own_sentence(model, class_of):
    table = class_of(unexcused_raw=0, unexcused_lessons=0.0)
    table.loc[1:, "unexcused_lessons"] = 4.0
    said = sentence_of(model, table, "unexcused_lessons", kind="strength")
    assert said == "Atbalstošs apstāklis: 2026./2027. m. g. 1. semestrī neattaisnotu kavējumu nav."


@pytest.mark.parametrize(("change", "words"), [(-1.0, "par 1 balli"), (-1.2, "par 1,2 ballēm")])
def test_a_fall_is_said_without_its_sign(model, class_of, change, words):
    assert sentence_of(model, class_of(mark_trend=change), "mark_trend").endswith(f"pazeminājies {words}.")


def test_without_a_semester_the_review_period_is_named(model, class_of):
    table = class_of(semester="", absence_share=0.124)
    assert "īpatsvars pārskata periodā ir" in sentence_of(model, table, "absence_share")
    assert "missed in the review period is" in sentence_of(model, table, "absence_share", "en")
    table = class_of(semester="", unexcused_raw=30, unexcused_lessons=6.0)
    assert sentence_of(model, table, "unexcused_lessons").startswith("Pārskata periodā neattaisnoti kavētas 30 stundas")


@pytest.mark.parametrize(
    ("age", "level", "words"),
    [
        (16.5, 10, "ne vairāk kā 35 stundas nedēļā."),
        (14.5, 8, "ne vairāk kā 10 stundas nedēļā."),
        (19.0, 12, "20 stundas nedēļā."),
    ],
)
def test_the_limit_on_work_is_that_of_age_and_stage(model, class_of, age, level, words):
    table = class_of(level=level, age=age, paid_work_hours=20)
    assert sentence_of(model, table, "paid_work_hours").endswith(words)


def test_learners_and_tutors_are_called_as_in_their_programme(model, class_of):
    table = class_of("vocational", level=1, absence_share=np.nan, paid_work_hours=20)
    assert sentence_of(model, table, "paid_work_hours").startswith("Audzēknis strādā")
    assert "grupas audzinātājs" in sentence_of(model, table, "absence_share", kind="unknown")


def test_a_rating_is_said_in_words_of_its_scale(model, class_of):
    assert sentence_of(model, class_of(motivation=2), "motivation") == "Mācību motivācija novērtēta kā zema (2 no 3)."


def test_params_are_typed_numbers_as_printed(model, class_of):
    told = reasons(model, class_of(absence_share=0.12449, unexcused_raw=21, unexcused_lessons=6.04))
    params = told[told["pupil_id"] == "p00"].set_index("factor")["params"]
    lead = params.get("absence_share", params.get("unexcused_lessons"))
    assert lead["period"] == "2026/2027-1"
    assert isinstance(lead["value"], float)
    details = reasons(model, class_of(absence_share=0.12449, unexcused_raw=21, unexcused_lessons=6.04), details=True)
    by_code = details[(details["pupil_id"] == "p00") & (details["line"] > 0)].set_index("code")["params"]
    assert by_code["absence_share.risk"] == {"value": 0.124, "peer": 0.051, "period": "2026/2027-1"}
    assert by_code["unexcused_lessons.risk"] == {"value": 6.0, "peer": 0.2, "period": "2026/2027-1", "raw": 21.0}


def test_equal_lines_share_one_sentence_and_one_params(model, class_of):
    table = class_of()
    table.loc[:9, "failing_subjects"] = 2.0
    told = reasons(model, table)
    same = told[told["code"] == "failing_subjects.risk"]
    assert len(same) == 10
    assert len({id(p) for p in same["params"]}) == 1


@pytest.mark.parametrize("lang", ["lv", "en"])
@pytest.mark.parametrize("programme", ["general", "vocational", ""])
def test_every_factor_can_be_said_in_every_way(catalogue, class_of, lang, programme):
    said = [f for f in catalogue.factors.values() if f.kind != "level"]
    for share_of_range in (0.0, 0.2, 1.0):
        table = class_of(others=0, programme=programme or "general").iloc[[0]]
        table["programme"] = programme
        for factor in said:
            low, high = factor.range
            table[factor.id] = np.round(low + share_of_range * (high - low), 2 if factor.kind == "share" else 0)
        writer = Writer(table, [f.id for f in said], catalogue, lang, None)
        n = len(said)
        lines = Lines(np.zeros(3 * n, int), np.tile(np.arange(n), 3), np.repeat(np.arange(3), n))
        sentences, params = writer.write(lines)
        for sentence, facts, says in zip(sentences, params, lines.says, strict=True):
            assert sentence.endswith("."), sentence
            assert sentence[0].isupper() or sentence[0].isdigit(), sentence
            assert not set("{}") & set(sentence), sentence
            assert "  " not in sentence, sentence
            assert (facts["value"] is None) == (says == UNKNOWN), SAYS[says]
