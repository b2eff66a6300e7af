from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.explanation import MATERIAL, reasons
from pumpurs_risk.model.additive import AdditiveModel, CovarianceBlock, Provenance
from pumpurs_risk.model.shapes import PiecewiseLinear


@pytest.fixture(scope="module")
def told(model, X, peers):
    return reasons(model, X, "lv", reference=peers)


@pytest.fixture(scope="module")
def added_up(model, X, peers):
    return reasons(model, X, "lv", reference=peers, details=True)


def lines_of(told, kind, pupil="p00"):
    return told[(told["pupil_id"] == pupil) & (told["kind"] == kind)]


def test_risks_stand_first_and_are_ranked_by_what_they_add(told):
    risks = told[told["kind"] == "risk"]
    assert risks["rank"].max() == 3
    assert (risks.groupby("pupil_id")["contribution"].diff().dropna() <= 0).all()
    assert (risks["contribution"] >= MATERIAL).all()


def test_strengths_are_told_apart_ranked_and_capped(model, X, peers, told):
    helps = told[told["kind"] == "strength"]
    assert helps["rank"].max() == 2
    assert (helps.groupby("pupil_id")["contribution"].diff().dropna() >= 0).all()
    assert (helps["contribution"] <= -MATERIAL).all()
    assert (reasons(model, X, reference=peers, strengths=0)["kind"] != "strength").all()


def test_a_construct_is_told_once(told):
    told_as_reason = told[told["kind"].isin(["risk", "strength"])]
    assert not told_as_reason.duplicated(["pupil_id", "construct"]).any()


def test_programme_and_level_are_never_a_reason(model, X):
    everything = reasons(model, X, reference="population", top=None, strengths=None, details=True)
    assert not (everything["construct"] == "programme").any()


def test_top_none_tells_every_risk(model, X, peers, told):
    everything = reasons(model, X, reference=peers, top=None)
    assert everything["rank"].max() > told["rank"].max()


def test_the_lines_add_up_to_the_log_odds(model, X, added_up):
    counted = added_up[(added_up["line"] == 0) & (added_up["kind"] != "unknown")]
    total = counted.groupby("pupil_id")["contribution"].sum().loc[X["pupil_id"]]
    np.testing.assert_allclose(total, model.log_odds(X), atol=1e-9, rtol=0)


def test_detail_lines_add_up_to_their_reason(added_up):
    key = ["pupil_id", "kind", "rank"]
    details = added_up[added_up["line"] > 0].groupby(key)["contribution"].sum()
    assert len(details) > 50
    sums = added_up[added_up["line"] == 0].set_index(key)["contribution"].loc[details.index]
    np.testing.assert_allclose(details, sums, atol=1e-9, rtol=0)


def test_pupils_keep_the_order_of_the_table(told, X):
    assert told["pupil_id"].drop_duplicates().tolist() == [p for p in X["pupil_id"] if p in set(told["pupil_id"])]


def test_a_reason_speaks_of_a_recorded_factor_only(told, X):
    reasoned = told[told["kind"].isin(["risk", "strength"])]
    assert reasoned["value"].notna().all()


def test_what_only_an_unknown_value_adds_is_no_risk(model, class_of):
    table = class_of(absence_share=np.nan, unexcused_lessons=np.nan)
    table.loc[1:, "absence_share"] = 0.0  # so "unknown" lies above the peers
    assert model.contributions(table, "peers").loc[0, "absence_share"] > MATERIAL
    assert "attendance" not in set(lines_of(reasons(model, table), "risk")["construct"])


def test_core_factors_that_are_not_recorded_have_one_line_per_construct(model, class_of):
    table = class_of(absence_share=np.nan, unexcused_lessons=np.nan, mean_mark=np.nan)
    unknown = lines_of(reasons(model, table, "en"), "unknown")
    assert unknown["construct"].is_unique
    assert unknown.iloc[0]["code"] == "absence_share.unknown"  # the most telling first
    assert unknown["contribution"].isna().all()
    assert "class teacher can find out" in unknown.iloc[0]["sentence"]


def test_a_factor_that_is_not_about_the_level_is_not_missed(model, class_of):
    marks = {"mean_mark": np.nan, "failing_subjects": np.nan, "not_assessed": 0.0}
    missed = {level: set(reasons(model, class_of(level=level, **marks))["code"]) for level in (3, 4)}
    assert "failing_subjects.unknown" not in missed[3]
    assert "failing_subjects.unknown" in missed[4]


def test_one_class_with_the_school_s_peers_is_told_as_in_the_school(model, X, peers, told):
    of_class = X[X["class_id"] == X["class_id"].iloc[0]]
    alone = reasons(model, of_class, "lv", reference=peers)
    in_school = told[told["pupil_id"].isin(of_class["pupil_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, in_school)


def two_factor_model(sd):
    shapes = tuple(
        PiecewiseLinear(
            factor=f"f{j}", version=1, construct="c", direction=0, knots=(0.0, 1.0), values=(0.0, value), unknown=0.0,
            mean_row=(0.0,), variance=0.1,
        )
        for j, value in enumerate((0.8, -0.3))
    )  # fmt: skip
    return AdditiveModel(
        name="two", horizon="1y", base=-3.0, national_mean=0.05, features=("f0", "f1"), shapes=shapes,
        covariance=(CovarianceBlock(start=0, matrix=((sd**2 / 2, 0.0), (0.0, sd**2 / 2))),), base_variance=1.0,
        provenance=Provenance(made_by="a test", made_from="nothing", population="nobody"),
    )  # fmt: skip


@pytest.mark.parametrize(("margin", "shown"), [(1.05, True), (0.95, False)])
def test_mixed_factors_are_told_when_the_sign_is_more_than_80_percent_sure(margin, shown):
    sd = 0.5 / NormalDist().inv_cdf(0.8) / margin  # the sum is 0.8 - 0.3
    table = pd.DataFrame({"pupil_id": ["p00"], "f0": [1.0], "f1": [1.0]})
    risks = lines_of(reasons(two_factor_model(sd), table, reference="population"), "risk")
    assert bool(len(risks)) is shown


def test_a_factor_that_only_the_model_knows_still_has_a_sentence():
    table = pd.DataFrame({"pupil_id": ["p00"], "f0": [1.0], "f1": [0.0]})
    told = reasons(two_factor_model(0.1), table, "en", reference="population")
    assert lines_of(told, "risk")["sentence"].tolist() == ["F0: 1."]


def test_an_empty_table_gives_an_empty_frame(model, X, peers, told):
    nobody = reasons(model, X.iloc[:0], reference=peers, details=True)
    assert len(nobody) == 0
    assert list(nobody.columns) == list(told.columns)
