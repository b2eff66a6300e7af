"""Facts in sentences: what is listed, how a long list ends, who judged and when."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.explanation import reasons
from pumpurs_risk.explanation.details import detail_pieces, put_in


def facts(factor, details, **more):
    return pd.DataFrame({"pupil_id": "p00", "factor": factor, "detail": details} | more)


def sentence_of(model, table, factor, evidence, lang="lv", kind="risk"):
    told = reasons(model, table, lang, top=None, strengths=None, evidence=evidence, details=True)
    mine = told[(told["pupil_id"] == "p00") & (told["code"] == f"{factor}.{kind}")]
    return mine["sentence"].iloc[0]


def test_failing_subjects_are_named(model, class_of):
    evidence = facts("failing_subjects", ["matemātika", "fizika", "vēsture"])
    assert sentence_of(model, class_of(failing_subjects=3), "failing_subjects", evidence) == (
        "Semestra vērtējums ir zemāks par 4 ballēm 3 mācību priekšmetos: matemātika, fizika, vēsture."
    )


@pytest.mark.parametrize(
    ("n", "end"),
    [(5, "d, e."), (6, "d, e un vēl 1 mācību priekšmets."), (7, "d, e un vēl 2 mācību priekšmeti.")],
)
def test_a_long_list_ends_with_how_many_more_there_are(model, class_of, n, end):
    evidence = facts("failing_subjects", list("abcdefghijklmnopqrstuvwxyz"[:n]))
    assert sentence_of(model, class_of(failing_subjects=n), "failing_subjects", evidence).endswith(f": a, b, c, {end}")


def test_a_long_list_agrees_in_number_with_21(model, class_of):
    evidence = facts("peer_conflicts", [str(n) for n in range(26)])
    said = sentence_of(model, class_of(peer_conflicts=26), "peer_conflicts", evidence)
    assert said.endswith("(0, 1, 2, 3, 4 un vēl 21 konflikts).")
    english = sentence_of(model, class_of(peer_conflicts=26), "peer_conflicts", evidence, "en")
    assert english.endswith("(0, 1, 2, 3, 4 and 21 more conflicts).")


def test_facts_stand_before_the_second_clause(model, class_of):
    table = class_of(not_assessed=2)
    said = sentence_of(model, table, "not_assessed", facts("not_assessed", ["ķīmija", "fizika"]))
    assert said == (
        "Semestra vērtējuma nav (nv) 2 mācību priekšmetos: ķīmija, fizika; ar pedagogu jāvienojas par darbu nokārtošanu."
    )


def test_lowest_marks_and_greatest_falls_have_words_of_their_own(model, class_of):
    table = class_of(mean_mark=4.2, mark_trend=-1.2)
    assert sentence_of(model, table, "mean_mark", facts("mean_mark", ["fizika (2)", "ķīmija (3)"])).endswith(
        "(9. klašu mediāna – 6,7); zemākie vērtējumi: fizika (2), ķīmija (3)."
    )
    assert sentence_of(model, table, "mark_trend", facts("mark_trend", ["fizika (no 7 uz 4)"])).endswith(
        "pazeminājies par 1,2 ballēm; visvairāk: fizika (no 7 uz 4)."
    )


def test_who_judged_and_when_stands_in_the_brackets_of_the_rating(model, class_of):
    evidence = facts("motivation", ["zema"], source="assessments", role="class_teacher", date_to=dt.date(2027, 1, 15))
    assert sentence_of(model, class_of(motivation=2), "motivation", evidence) == (
        "Mācību motivācija novērtēta kā zema (2 no 3; klases audzinātājs, 15.01.2027.)."
    )
    assert sentence_of(model, class_of(motivation=2), "motivation", evidence, "en").endswith(
        "(2 of 3; class teacher, 15 January 2027)."
    )


def test_without_brackets_who_judged_opens_some_before_the_second_clause(model, class_of):
    evidence = facts("paid_work_hours", ["14"], source="answers", role="class_teacher", date_to=dt.date(2027, 1, 15))
    assert sentence_of(model, class_of(paid_work_hours=14), "paid_work_hours", evidence) == (
        "Skolēns strādā algotu darbu 14 stundas nedēļā (klases audzinātājs, 15.01.2027.); "
        "darbam mācību laikā atļautas ne vairāk kā 10 stundas nedēļā."
    )


def test_a_tutor_is_called_as_in_vocational_education(model, class_of):
    evidence = facts("motivation", ["zema"], source="answers", role="class_teacher", date_to=pd.NaT)
    table = class_of("vocational", level=1, motivation=2)
    assert sentence_of(model, table, "motivation", evidence).endswith("(2 no 3; grupas audzinātājs).")


def test_who_judged_is_told_of_strengths_too_but_lists_are_not(model, class_of):
    table = class_of(motivation=0, failing_subjects=0)
    table.loc[1:, ["motivation", "failing_subjects"]] = 3.0
    judged = facts("motivation", ["augsta"], source="answers", role="nurse", date_to=dt.date(2027, 1, 15))
    assert sentence_of(model, table, "motivation", judged, kind="strength").endswith("(skolas medmāsa, 15.01.2027.).")
    listed = facts("failing_subjects", ["fizika"])
    assert "fizika" not in sentence_of(model, table, "failing_subjects", listed, kind="strength")


def test_a_judgement_of_another_value_than_the_one_told_is_left_out(model, class_of):
    day = dt.date(2027, 1, 15)
    evidence = facts("motivation", ["zema"], source="answers", role="nurse", date_to=day, value=1.0)
    assert sentence_of(model, class_of(motivation=2), "motivation", evidence).endswith("(2 no 3).")


def test_a_date_at_the_end_has_one_full_stop():
    sentences = np.array(["Reģistrēts 1 gadījums."], dtype=object)
    assert put_in(sentences, np.array([": 03.12.2026."], dtype=object), np.array([False])).tolist() == [
        "Reģistrēts 1 gadījums: 03.12.2026."
    ]


def test_a_semicolon_in_brackets_is_no_second_clause():
    sentences = np.array(["Vērtējums (2; 3) ir zems; tālāk."], dtype=object)
    assert put_in(sentences, np.array([": a"], dtype=object), np.array([False])).tolist() == [
        "Vērtējums (2; 3) ir zems: a; tālāk."
    ]


def test_without_facts_every_sentence_is_as_before(model, class_of):
    table = class_of(failing_subjects=3, motivation=2)
    alone = reasons(model, table)
    nothing = pd.DataFrame({"pupil_id": [], "factor": [], "detail": [], "value": []})
    pd.testing.assert_frame_equal(reasons(model, table, evidence=nothing), alone)
    others = facts("failing_subjects", ["fizika"]).assign(pupil_id="somebody else")
    pd.testing.assert_frame_equal(reasons(model, table, evidence=others), alone)


def test_each_pupil_has_one_piece_per_factor_and_the_rest_of_the_frame_is_untouched(model, class_of, catalogue):
    table = class_of(failing_subjects=2)
    evidence = pd.concat([facts("failing_subjects", ["a", "b"]), facts("peer_conflicts", ["12.11.2026."])])
    pieces = detail_pieces(evidence, table, catalogue, "lv")
    assert pieces["piece"].tolist() == [": a, b", " (12.11.2026.)"]
    told, alone = reasons(model, table, evidence=evidence), reasons(model, table)
    pd.testing.assert_frame_equal(told.drop(columns="sentence"), alone.drop(columns="sentence"))


@pytest.mark.parametrize("lang", ["lv", "en"])
def test_a_factor_of_the_user_s_own_lists_its_facts_without_words_of_its_own(catalogue, lang):
    evidence = facts("chess", list("abcdefg"))
    assert detail_pieces(evidence, pd.DataFrame({"pupil_id": ["p00"]}), catalogue, lang)["piece"].tolist() == [
        ": a, b, c, d, e + 2"
    ]


@pytest.mark.parametrize("lang", ["lv", "en"])
@pytest.mark.parametrize("source", ["marks", "answers"])
def test_every_sentence_takes_facts_and_stays_a_sentence(catalogue, lang, source):
    table = pd.DataFrame({"pupil_id": ["p00"], "programme": ["general"]})
    for factor in catalogue.factors.values():
        if factor.kind == "level":
            continue
        evidence = facts(factor.id, list("abcdefg"), source=source, role="nurse", date_to=dt.date(2027, 1, 15))
        piece = detail_pieces(evidence, table, catalogue, lang)["piece"].to_numpy(dtype=object)
        for entry in (factor.sentences[lang].risk, factor.sentences[lang].risk_raw):
            for template in [entry] if isinstance(entry, str) else (entry or {}).values():
                said = put_in(np.array([template], dtype=object), piece, np.array([source == "answers"]))[0]
                assert said.endswith(".") and not said.endswith(".."), said
                assert said.count("(") == said.count(")"), said
                assert "  " not in said and piece[0] in said, said
