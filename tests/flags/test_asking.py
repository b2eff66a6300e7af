import msgspec
import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.flags import FlagPolicy, flag, questions
from pumpurs_risk.model.pairs import PairAxis, PairShape
from pumpurs_risk.model.shapes import PiecewiseLinear
from pumpurs_risk.training.prior import typical_points


@pytest.fixture(scope="module")
def flags(model, X, catalogue):
    return flag(model, X, catalogue=catalogue)


@pytest.fixture(scope="module")
def asked(model, X, flags, catalogue):
    return questions(model, X, flags, catalogue)


def newcomer(catalogue, model, X, **changes):
    """One pupil of whom nothing is known, in the school of the others."""
    table = X.copy()
    table.loc[0, [f for f in catalogue.factors if catalogue.factors[f].kind != "level"]] = np.nan
    for name, value in changes.items():
        table.loc[0, name] = value
    return table, flag(model, table, catalogue=catalogue)


def test_nothing_sensitive_is_ever_asked(model, X, catalogue):
    table = X.copy()
    table[list(catalogue.factors)[:-1]] = np.nan
    asked = questions(model, table, flag(model, table, catalogue=catalogue), catalogue, per_pupil=99)
    assert {catalogue.factors[f].sensitivity for f in asked["factor"].unique()} == {"ordinary"}
    assert "programme_level" not in set(asked["factor"])


def test_sensitive_facts_are_asked_only_where_they_are_allowed_by_name_and_seen(model, X, catalogue):
    table = X.copy()
    table[list(catalogue.factors)[:-1]] = np.nan
    flags = flag(model, table, catalogue=catalogue)

    class Nobody:
        def sees(self, factor):
            return catalogue.factors[factor].sensitivity == "ordinary"

    every = ("ordinary", "sensitive", "special")
    asked = questions(model, table, flags, catalogue, per_pupil=99, sensitivities=every)
    assert set(asked["sensitivity"]) == {"ordinary", "sensitive"}
    assert {f for f in asked["factor"] if catalogue.factors[f].sensitivity != "ordinary"} == {
        f.id for f in catalogue.factors.values() if f.askable
    }
    unseen = questions(model, table, flags, catalogue, per_pupil=99, sensitivities=every, audience=Nobody())
    assert set(unseen["sensitivity"]) == {"ordinary"}


def test_the_probability_is_that_of_changing_the_list(asked, flags, X, model, catalogue):
    by_pupil, table = flags.set_index("pupil_id"), X.set_index("pupil_id", drop=False)
    for line in asked.head(12).itertuples():
        values, weights = typical_points(catalogue.factors[line.factor].typical)
        rows = pd.DataFrame([table.loc[line.pupil_id]] * len(values)).reset_index(drop=True)
        rows[line.factor] = values
        pupil = by_pupil.loc[line.pupil_id]
        eta, cut = model.log_odds(rows), np.log(pupil["cut"] / (1 - pupil["cut"]))
        crosses = eta >= cut - 1e-9 if not pupil["listed"] else eta < cut + 1e-9
        assert line.probability == pytest.approx(weights[crosses].sum(), abs=1e-9)


def test_a_pair_of_the_model_decides_what_is_asked(dictated, catalogue):
    concern = PiecewiseLinear(
        factor="motivation", version=1, construct="motivation", direction=1, knots=(0.0, 3.0), values=(-0.01, 0.02),
        unknown=0.0, mean_row=(0.3,), variance=0.0001,
    )  # fmt: skip
    pair = PairShape(
        left=PairAxis(factor="motivation", knots=(0.0, 3.0)), right=PairAxis(factor="absence_share", knots=(0.0, 1.0)),
        values=((0.0, 0.0, 0.0), (6.0, 6.0, 0.0), (0.0, 0.0, 0.0)), mean_row=(1 / 9,) * 9,
    )  # fmt: skip
    model, X = dictated([2.0, 0.0, -9.0], first_year=0.0)
    model = msgspec.structs.replace(
        model, features=(*model.features, "motivation"), shapes=(*model.shapes, concern), pairs=(pair,), covariance=()
    )
    alone = msgspec.structs.replace(model, pairs=())
    of = []
    for chosen in (model, alone):
        flags = flag(chosen, X, FlagPolicy(places=1, enough_evidence=0.0), catalogue=catalogue)
        told = questions(chosen, X, flags, catalogue)
        of.append(set(told.loc[told["factor"] == "motivation", "pupil_id"]))
    assert "p01" in of[0]
    assert "p01" not in of[1]  # the curve alone could not carry the pupil over


def test_only_unknown_factors_are_asked_about(asked, X):
    table = X.set_index("pupil_id")
    assert all(
        np.isnan(table.loc[pupil, factor]) for pupil, factor in zip(asked["pupil_id"], asked["factor"], strict=True)
    )


def test_at_most_three_questions_the_likeliest_to_cross_first_one_of_a_construct(asked, model, catalogue):
    assert asked["order"].max() == 3
    likely = asked["probability"].groupby(asked["pupil_id"]).diff()
    assert (likely.dropna() <= 1e-9).all()
    telling = asked["factor"].map(model.unknown_sd).groupby(asked["pupil_id"]).diff()
    assert (telling[likely.abs() < 1e-9] <= 1e-9).all()  # where they are equally likely, the more telling one
    construct = asked["factor"].map(lambda f: catalogue.factors[f].construct)
    assert not pd.DataFrame({"pupil": asked["pupil_id"], "construct": construct}).duplicated().any()


def test_an_answer_could_change_the_tier_or_too_little_is_known(asked, flags, model):
    shapes = {shape.factor: shape for shape in model.shapes}
    by_pupil = flags.set_index("pupil_id")
    for _, line in asked.iterrows():
        pupil, shape = by_pupil.loc[line["pupil_id"]], shapes[line["factor"]]
        if pupil["tier"] == "ask_first":
            continue
        answers = pupil["log_odds"] - shape.unknown + np.array([min(shape.values), max(shape.values)])
        listed = answers >= np.log(pupil["cut"] / (1 - pupil["cut"])) - 1e-9
        assert listed[0] != listed[1]


def test_everyone_to_ask_first_about_has_questions_if_something_can_be_asked(model, X, catalogue):
    table = X.copy()
    table.loc[:9, [f.id for f in catalogue.factors.values() if f.core]] = np.nan
    flags = flag(model, table, catalogue=catalogue)
    first = set(flags.loc[flags["tier"] == "ask_first", "pupil_id"])
    assert len(first) >= 5
    assert first <= set(questions(model, table, flags, catalogue)["pupil_id"])


def test_the_reason_for_asking_is_said(model, X, catalogue):
    table, flags = newcomer(catalogue, model, X, first_year=1.0, days_known=5.0)
    assert set(questions(model, table, flags, catalogue).query("pupil_id == @table.pupil_id[0]")["why"]) == {
        "not_enough_data"
    }
    table = X.assign(first_year=0.0, days_known=60.0)
    quiet = flag(model, table, catalogue=catalogue)["risk"].idxmin()
    table.loc[quiet, ["first_year", "days_known"]] = (1.0, 5.0)
    asked = questions(model, table, flag(model, table, catalogue=catalogue), catalogue, "en")
    why = asked.loc[asked["pupil_id"] == table.loc[quiet, "pupil_id"], ["why", "why_text"]].drop_duplicates()
    assert why["why"].tolist() == ["newcomer"]
    assert why["why_text"].tolist() == ["First year in this school or stage, known for a short time only."]


def test_a_question_about_another_age_is_not_asked(model, X, catalogue):
    for age, asked_of in ((12.0, False), (16.0, True)):
        table, flags = newcomer(catalogue, model, X, age=age)
        factors = questions(model, table, flags, catalogue, per_pupil=99).query("pupil_id == @table.pupil_id[0]")[
            "factor"
        ]
        assert bool({"paid_work_hours", "wants_paid_work"} & set(factors)) is asked_of


def test_the_question_names_who_can_find_out_and_what_to_choose_from(model, X, catalogue):
    table, flags = newcomer(catalogue, model, X, programme="vocational")
    asked = questions(model, table, flags, catalogue, per_pupil=99).query("pupil_id == @table.pupil_id[0]")
    by_factor = asked.set_index("factor")
    assert by_factor.loc["motivation", "scale"] == ("augsta", "pietiekama", "zema", "ļoti zema")
    assert by_factor.loc["transition_year", "scale"] == ("nē", "jā")
    assert by_factor.loc["transition_year", "question"].startswith("Vai audzēknis")
    assert by_factor.loc["motivation", "ask_name"] == "grupas audzinātājs"
    assert asked["question"].str.endswith("?").all()


def test_flags_in_another_order_give_the_same_questions(model, X, flags, asked, catalogue):
    pd.testing.assert_frame_equal(questions(model, X, flags.iloc[::-1], catalogue), asked)


def test_an_empty_table_has_no_questions(model, X, flags, asked, catalogue):
    nobody = questions(model, X.iloc[:0], flags.iloc[:0], catalogue)
    assert len(nobody) == 0
    assert list(nobody.columns) == list(asked.columns)


def test_nobody_is_asked_about_a_pupil_whom_staff_set_aside():
    import pumpurs_risk as pr

    X = pr.factor_table(pr.make_cohort(n_pupils=120, random_state=3, form="sheet"), as_of="2027-01-15")
    X["teacher_concern"] = np.nan
    model, catalogue = pr.load_model("literature-prior").for_recorded(X), pr.Catalogue.load()
    first = pr.flag(model, X, pr.FlagPolicy(places=4))
    dismissed = first.loc[first["listed"], "pupil_id"].tolist()
    flags = pr.flag(model, X, pr.FlagPolicy(places=4), set_aside=dismissed)
    asked = pr.questions(model, X, flags, catalogue)
    assert set(pr.questions(model, X, first, catalogue)["pupil_id"]) & set(dismissed)
    assert not set(asked["pupil_id"]) & set(dismissed)
