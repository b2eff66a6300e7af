import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.flags import flag, questions


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


def test_only_unknown_factors_are_asked_about(asked, X):
    table = X.set_index("pupil_id")
    assert all(
        np.isnan(table.loc[pupil, factor]) for pupil, factor in zip(asked["pupil_id"], asked["factor"], strict=True)
    )


def test_at_most_three_questions_the_most_telling_first_one_of_a_construct(asked, model, catalogue):
    assert asked["order"].max() == 3
    telling = asked["factor"].map(model.unknown_sd)
    assert (telling.groupby(asked["pupil_id"]).diff().dropna() <= 1e-9).all()
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
