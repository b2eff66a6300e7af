"""What to ask: the missing fact likeliest to cross the cut, pairs included; sensitive ones only where they are allowed."""

import msgspec
import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.explanation import most_useful_unknown
from pumpurs_risk.model.odds import logit
from pumpurs_risk.model.pairs import PairAxis, PairShape
from pumpurs_risk.training.prior import typical_points


@pytest.fixture(scope="module")
def paired(model):
    """The prior, where little motivation weighs much more if much is missed."""
    pair = PairShape(
        left=PairAxis(factor="motivation", knots=(0.0, 3.0)), right=PairAxis(factor="absence_share", knots=(0.0, 0.3)),
        values=((0.0, 0.0, 0.0), (0.0, 2.0, 0.2), (0.0, 0.1, 0.0)), mean_row=(1 / 9,) * 9,
    )  # fmt: skip
    return msgspec.structs.replace(model, pairs=(pair,), covariance=())


@pytest.fixture(scope="module")
def pupils():
    rng = np.random.default_rng(2)
    n = 40
    table = pd.DataFrame(
        {
            "pupil_id": [f"p{i}" for i in range(n)],
            "programme_level": "general-9",
            "programme": "general",
            "level": 9.0,
            "absence_share": rng.uniform(0, 0.4, n),
            "mean_mark": rng.uniform(3, 8, n),
        }
    )
    return table.assign(absence_share=table["absence_share"].mask(rng.random(n) < 0.3))


def probability_by_hand(model, pupil, factor, cut):
    """Score the pupil once per possible answer, and add up how common those are that cross."""
    values, weights = typical_points(factor.typical)
    rows = pd.DataFrame([pupil] * len(values)).reset_index(drop=True)
    rows[factor.id] = values
    now = model.risk(pd.DataFrame([pupil]).reset_index(drop=True))[0] >= cut
    return float(weights[(model.risk(rows) >= cut) != now].sum())


@pytest.mark.parametrize("which", ["prior", "paired"])
def test_the_probability_is_that_of_scoring_every_answer(which, model, paired, pupils, catalogue):
    chosen = model if which == "prior" else paired
    risk = chosen.risk(pupils)
    cut = np.clip(risk * np.where(np.arange(len(pupils)) % 2, 1.3, 0.95), 1e-4, 0.9)
    told = most_useful_unknown(chosen, pupils, cut, catalogue=catalogue, per_pupil=99)
    assert set(told["direction"]) == {"up", "down"}
    rows = pupils.set_index("pupil_id", drop=False)
    limit = dict(zip(pupils["pupil_id"], cut, strict=True))
    for line in told.itertuples():
        factor = catalogue.factors[line.factor]
        expected = probability_by_hand(chosen, rows.loc[line.pupil_id], factor, limit[line.pupil_id])
        assert line.probability == pytest.approx(expected, abs=1e-9)


def test_a_pair_makes_another_question_the_most_useful(model, paired, catalogue):
    X = pd.DataFrame({"pupil_id": ["a"], "absence_share": [0.3], "programme_level": ["general-9"], "mean_mark": [6.0],
                      "failing_subjects": [0.0], "teacher_concern": [0.0]})  # fmt: skip
    cut = 1 / (1 + np.exp(-(paired.log_odds(X)[0] + 0.9)))
    alone = most_useful_unknown(model, X, 1 / (1 + np.exp(-(model.log_odds(X)[0] + 0.9))), catalogue=catalogue)
    assert most_useful_unknown(paired, X, cut, catalogue=catalogue)["factor"].tolist() == ["motivation"]
    assert alone["factor"].tolist() != ["motivation"]


def test_likeliest_first_and_one_of_a_construct(model, pupils, catalogue):
    told = most_useful_unknown(model, pupils, 1.2 * model.risk(pupils), catalogue=catalogue, per_pupil=9)
    assert (told.groupby("pupil_id")["probability"].diff().dropna() <= 1e-9).all()
    construct = told["factor"].map(lambda f: catalogue.factors[f].construct)
    assert not told.assign(construct=construct).duplicated(["pupil_id", "construct"]).any()
    one = most_useful_unknown(model, pupils, 1.2 * model.risk(pupils), catalogue=catalogue)
    pd.testing.assert_frame_equal(one, told[told["order"] == 1].reset_index(drop=True))


def test_nobody_is_asked_where_no_answer_matters(model, pupils, catalogue):
    assert len(most_useful_unknown(model, pupils, 0.999, catalogue=catalogue)) == 0
    assert len(most_useful_unknown(model, pupils.iloc[:0], catalogue=catalogue)) == 0


class Staff:
    """An audience that sees everything, or not bullying."""

    def __init__(self, hides=()):
        self.hides = set(hides)

    def sees(self, factor):
        return factor not in self.hides


def everything_asked(model, pupils, catalogue, **how):
    asked = most_useful_unknown(model, pupils, 1.05 * model.risk(pupils), catalogue=catalogue, per_pupil=99, **how)
    return {catalogue.factors[f].sensitivity for f in asked["factor"]}, set(asked["factor"])


def test_support_staff_who_see_all_are_still_not_told_to_ask_about_sensitive_facts(model, pupils, catalogue):
    assert everything_asked(model, pupils, catalogue, audience=Staff())[0] == {"ordinary"}


def test_sensitive_facts_are_asked_only_if_allowed_by_name_askable_and_seen(model, pupils, catalogue):
    every = ("ordinary", "sensitive", "special")
    kinds, factors = everything_asked(model, pupils, catalogue, sensitivities=every)
    assert kinds == {"ordinary", "sensitive"}  # the shipped catalogue marks no special fact askable
    sensitive = {f for f in factors if catalogue.factors[f].sensitivity != "ordinary"}
    assert sensitive <= {f.id for f in catalogue.factors.values() if f.askable}
    assert "bullying" in sensitive
    hidden = everything_asked(model, pupils, catalogue, sensitivities=every, audience=Staff({"bullying"}))[1]
    assert "bullying" not in hidden


def test_no_special_fact_is_askable_as_shipped(catalogue):
    assert {f.sensitivity for f in catalogue.factors.values() if f.askable} == {"sensitive"}


@pytest.mark.parametrize("lang", ["lv", "en"])
def test_question_role_and_reason_are_said(lang, model, pupils, catalogue):
    told = most_useful_unknown(model, pupils, 1.3 * model.risk(pupils), catalogue=catalogue, lang=lang)
    assert told["question"].str.endswith("?").all()
    assert (told["ask"].map(lambda r: catalogue.roles[r].name[lang]) == told["ask_name"]).all()
    assert not told["why"].str.contains(r"[{}]|nan").any()
    assert told["why"].str.contains("100").all()


def test_a_question_about_another_age_or_grade_is_not_asked(model, catalogue):
    X = pd.DataFrame({"pupil_id": ["a", "b"], "level": [3.0, 8.0], "age": [9.0, 14.0], "absence_share": 0.1})
    X["programme"] = "general"
    told = most_useful_unknown(model, X, 1.02 * model.risk(X), catalogue=catalogue, per_pupil=99)
    of = told.groupby("pupil_id")["factor"].agg(set)
    assert not {"paid_work_hours", "failing_subjects", "mean_mark"} & of["a"]
    assert {"paid_work_hours", "wants_paid_work"} & of["b"]
    assert {"failing_subjects", "mean_mark"} & of["b"]


def test_the_direction_is_the_side_on_which_the_pupil_is_not(model, catalogue):
    X = pd.DataFrame({"pupil_id": ["a"], "absence_share": [0.2], "programme_level": ["general-9"]})
    risk = float(model.risk(X)[0])
    assert most_useful_unknown(model, X, 1.2 * risk, catalogue=catalogue)["direction"].tolist() == ["up"]
    assert most_useful_unknown(model, X, 0.9 * risk, catalogue=catalogue)["direction"].tolist() == ["down"]
    assert logit(risk) == pytest.approx(model.log_odds(X)[0])


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"cut": 0.0}, "between 0 and 1"), ({"per_pupil": 0}, "1 or more"), ({"lang": "xx"}, "lang must be")],
)
def test_what_cannot_be_asked_is_said(changes, said, model, pupils):
    with pytest.raises(ValueError, match=said):
        most_useful_unknown(model, pupils, **changes)
