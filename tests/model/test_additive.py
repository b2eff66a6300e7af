import msgspec
import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.model import load_model
from pumpurs_risk.model.additive import CovarianceBlock, expit, logit

ROWS = pd.DataFrame(
    {
        "absence": [0.05, 0.4, np.nan],
        "unexcused": [0.0, 4.0, np.nan],
        "mark": [8.0, 4.0, np.nan],
        "programme_level": ["general-9", "vocational-1", None],
    }
)


def test_log_odds_equal_the_sum_worked_out_by_hand(model):
    by_hand = logit(0.02) + np.array([0.1 - 0.1 - 0.3 - 0.5, 1.0 + 0.5 + 0.9 + 1.0, 0.0])
    assert model.log_odds(ROWS) == pytest.approx(by_hand, abs=1e-12)


def test_with_every_factor_unknown_the_risk_is_the_base(model):
    assert model.predict_proba(ROWS)[2, 1] == pytest.approx(0.02, abs=1e-12)


def test_it_looks_like_a_fitted_scikit_learn_classifier(model):
    assert model.classes_.tolist() == [0, 1]
    assert model.feature_names_in_.tolist() == list(model.features)
    assert model.n_features_in_ == 4
    assert model.predict_proba(ROWS).sum(axis=1) == pytest.approx(1)


def test_columns_may_come_in_any_order_and_others_are_ignored(model):
    shuffled = ROWS[["programme_level", "mark", "unexcused", "absence"]].assign(name="nobody")
    assert (model.log_odds(shuffled) == model.log_odds(ROWS)).all()


def test_a_missing_column_is_unknown(model):
    without = ROWS.drop(columns="mark")
    assert (model.log_odds(without) == model.log_odds(ROWS.assign(mark=np.nan))).all()


def test_a_word_the_model_has_not_met_is_unknown(model):
    assert model.log_odds(ROWS.assign(programme_level="evening-12")) == pytest.approx(
        model.log_odds(ROWS.assign(programme_level=None))
    )


def test_arrow_and_nullable_tables_score_like_pandas(model):
    import pyarrow as pa

    nullable = ROWS.convert_dtypes()
    assert (model.log_odds(nullable) == model.log_odds(ROWS)).all()
    assert (model.log_odds(pa.Table.from_pandas(ROWS)) == model.log_odds(ROWS)).all()


def test_an_array_is_refused_with_what_was_expected(model):
    with pytest.raises(TypeError, match="named columns"):
        model.log_odds(np.zeros((2, 4)))


def test_a_table_of_something_else_is_refused(model):
    with pytest.raises(ValueError, match="none of the model's factors"):
        model.log_odds(pd.DataFrame({"a": [1]}))


def test_words_where_numbers_belong_are_named(model):
    with pytest.raises(ValueError, match=r"'mark' of X must hold numbers.*'five'"):
        model.log_odds(ROWS.assign(mark="five"))


def test_contributions_against_one_row_are_differences_from_it(model):
    row = ROWS.iloc[[0]]
    given = model.contributions(ROWS, reference=row)
    assert given.iloc[0].to_numpy() == pytest.approx(np.zeros(4))
    assert model.base_values(ROWS, reference=row) == pytest.approx(np.full(3, model.log_odds(row)[0]))
    assert (given == model.contributions(ROWS, reference=ROWS.iloc[0])).all(axis=None)


def test_an_unknown_reference_is_refused(model):
    with pytest.raises(ValueError, match="reference must be"):
        model.contributions(ROWS, reference="friends")


def test_sd_equals_the_quadratic_form_written_out_in_full(model):
    full = np.zeros((7, 7))
    for block in model.covariance:
        k = len(block.matrix)
        full[block.start : block.start + k, block.start : block.start + k] = block.matrix
    m = np.concatenate([shape.mean_row for shape in model.shapes])
    x = np.array([[0.5, 0, 0, 1, 1, 1, 0], [1, 1, 1, 0.5, 0, 0, 1]])
    by_hand = np.sqrt(np.einsum("ij,jk,ik->i", x - m, full, x - m))
    assert model.sd(ROWS)[:2] == pytest.approx(by_hand)
    assert model.sd(ROWS)[2] == pytest.approx(np.sqrt(0.09 + 0.04 + 0.2 + 0.2))
    assert model.missing_sd(ROWS)[:2] == pytest.approx([0, 0])


def test_a_block_over_two_shapes_counts_their_covariance(model):
    joint = CovarianceBlock(start=0, matrix=((0.1, 0.0, 0.05), (0.0, 0.2, 0.0), (0.05, 0.0, 0.05)))
    changed = msgspec.structs.replace(model, covariance=(joint, *model.covariance[2:]))
    d = np.array([0.5 - 0.3, 0 - 0.05, 0 - 0.2])
    expected = d @ np.array(joint.matrix) @ d
    assert changed.contribution_sd(ROWS, ["absence", "unexcused"])[0] ** 2 == pytest.approx(expected)
    assert changed.contribution_sd(ROWS, ["absence"])[0] ** 2 == pytest.approx(0.1 * 0.04 + 0.2 * 0.05**2)


def test_a_pupil_compared_with_a_double_differs_by_nothing(model):
    assert model.difference_sd(ROWS.iloc[[0]], ROWS.iloc[[0]]) == pytest.approx([0])
    unknown = model.difference_sd(ROWS.iloc[[2]], ROWS.iloc[[2]])
    assert unknown == pytest.approx([np.sqrt(2 * 0.53)])  # neither is known, and they need not be alike


def test_interval_includes_the_bases_own_uncertainty(model):
    interval = model.interval(ROWS, level=0.9)
    reach = 1.6448536 * np.sqrt(model.sd(ROWS) ** 2 + 1.0)
    assert interval["lower"].to_numpy() == pytest.approx(expit(model.log_odds(ROWS) - reach), rel=1e-6)
    assert interval["upper"].to_numpy() == pytest.approx(expit(model.log_odds(ROWS) + reach), rel=1e-6)
    with pytest.raises(ValueError, match="between 0 and 1"):
        model.interval(ROWS, level=90)


def test_evidence_share_counts_what_is_known_among_what_applies(model):
    half = ROWS.assign(unexcused=np.nan)
    assert model.evidence_share(half)[:2] == pytest.approx(np.full(2, (0.53 - 0.04) / 0.53))
    assert model.evidence_share(half, ["absence", "unexcused"])[0] == pytest.approx(0.09 / 0.13)
    applies = np.array([[True, False]] * 3)
    assert model.evidence_share(half, ["absence", "unexcused"], applies).tolist() == [1, 1, 0]
    assert (model.evidence_share(ROWS, ["nothing_it_has"]) == model.evidence_share(ROWS)).all()


def test_rate_shift_takes_the_widest_range_where_the_level_is_unknown(model):
    low, high = model.rate_shift(ROWS)
    assert low.tolist() == [-0.5, -0.4, -0.5]
    assert high.tolist() == [0.6, 0.3, 0.6]


def test_at_prevalence_shifts_the_base_by_one_constant(model):
    moved = model.at_prevalence(0.05)
    assert moved.log_odds(ROWS) - model.log_odds(ROWS) == pytest.approx(np.full(3, logit(0.05) - logit(0.02)))
    assert "0.0500" in moved.provenance.notes[-1]


def test_at_prevalence_over_a_run_gives_its_mean(model):
    moved = model.at_prevalence(0.07, ROWS)
    assert moved.predict_proba(ROWS)[:, 1].mean() == pytest.approx(0.07, abs=1e-9)


@pytest.mark.parametrize("p", [0, 1, 2.0, -0.1])
def test_a_prevalence_that_is_no_share_is_refused(model, p):
    with pytest.raises(ValueError, match="share of pupils"):
        model.at_prevalence(p)


def test_shares_are_renormalised_over_what_at_least_half_of_the_pupils_have(model):
    rows = pd.DataFrame({"absence": [0.4, 0.0, 0.1, 0.2], "unexcused": [4.0, np.nan, np.nan, np.nan]})
    adapted = model.for_recorded(rows)
    contributions = adapted.contributions(rows)
    assert contributions.loc[0, "absence"] == pytest.approx(1.0 / 0.5)  # carries the construct alone
    assert contributions.loc[0, "unexcused"] == pytest.approx(0.5)  # one pupil's answer keeps its share
    assert model.for_recorded(ROWS.iloc[:0]) is model


def test_learned_shapes_are_not_renormalised(model):
    learned = msgspec.structs.replace(
        model, shapes=tuple(msgspec.structs.replace(s, prior_share=None) for s in model.shapes)
    )
    assert (learned.for_recorded(ROWS).log_odds(ROWS) == learned.log_odds(ROWS)).all()


def test_two_years_without_a_curve_of_their_own_are_two_times_one(model):
    p = model.risk(ROWS)
    assert model.risk(ROWS, "2y") == pytest.approx(1 - (1 - p) ** 2)


def test_no_overflow_at_the_ends():
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        assert expit(np.array([-800.0, 0.0, 800.0])).tolist() == pytest.approx([0, 0.5, 1])


def test_the_shipped_prior_loads_and_ranks_more_absence_higher():
    model = load_model("literature-prior")
    X = pd.DataFrame({"absence_share": [0.0, 0.1, 0.3], "programme_level": "general-9"})
    assert (np.diff(model.log_odds(X)) > 0).all()


def test_renormalising_again_changes_nothing_and_the_last_run_decides(model):
    one = pd.DataFrame({"absence": [0.4, 0.0], "mark": [5.0, 7.0]})
    two = one.assign(unexcused=[4.0, 0.0])
    adapted = model.for_recorded(one)
    assert adapted.for_recorded(one) is adapted
    assert adapted.for_recorded(two).log_odds(two) == pytest.approx(model.for_recorded(two).log_odds(two), abs=1e-12)
    assert adapted.for_recorded(two).sd(two) == pytest.approx(model.for_recorded(two).sd(two), abs=1e-12)


def test_a_stated_prevalence_stated_again_changes_nothing(model):
    moved = model.at_prevalence(0.05)
    assert moved.at_prevalence(0.05).base == pytest.approx(moved.base, abs=1e-12)
    assert moved.national_mean == pytest.approx(0.05)


def test_a_word_the_model_has_not_met_is_as_uncertain_as_unknown(model):
    strange, unknown = ROWS.assign(programme_level="evening-12"), ROWS.assign(programme_level=None)
    assert (model.sd(strange) == model.sd(unknown)).all()
    assert (model.evidence_share(strange) == model.evidence_share(unknown)).all()


def test_it_prints_in_one_line(model):
    assert repr(model) == "AdditiveModel('small', 4 factors, horizon '1y', base -3.8918)"


def test_a_horizon_or_reference_that_is_none_is_refused(model):
    with pytest.raises(ValueError, match="'1y' or '2y'"):
        model.risk(ROWS, "5y")
    with pytest.raises(ValueError, match="reference must be"):
        model.contribution_sd(ROWS, ["absence"], "friends")


def test_a_model_for_two_years_halves_the_way_to_one(make_model):
    two = make_model(horizon="2y")
    p = two.predict_proba(ROWS)[:, 1]
    assert two.risk(ROWS, "2y") == pytest.approx(p)
    assert 1 - (1 - two.risk(ROWS, "1y")) ** 2 == pytest.approx(p)
