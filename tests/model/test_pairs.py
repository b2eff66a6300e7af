import msgspec
import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.errors import ModelFileError
from pumpurs_risk.model import PeerReference
from pumpurs_risk.model.additive import CovarianceBlock
from pumpurs_risk.model.pairs import PairAxis
from pumpurs_risk.model.store import model_bytes, read_model

ROWS = pd.DataFrame(
    {
        "absence": [0.05, 0.4, np.nan, 0.9],
        "unexcused": [0.0, 2.0, np.nan, 9.0],
        "mark": [8.0, 4.0, np.nan, np.nan],
        "programme_level": ["general-9", "vocational-1", None, "general-9"],
        "school_id": ["a", "o'b", None, "elsewhere"],
    }
)


def without_pairs(model):
    return msgspec.structs.replace(model, pairs=(), covariance=())


def test_a_surface_is_straight_between_its_nodes_and_flat_outside(whole):
    pair = whole.pairs[0]
    found = pair.evaluate(np.array([0.05, 0.4, np.nan, 0.9]), np.array([8.0, 4.0, np.nan, np.nan]))
    v = np.array(pair.values)
    assert found == pytest.approx([(v[0, 2] + v[1, 2]) / 2, (v[2, 0] + v[2, 1]) / 2, v[3, 3], v[2, 3]])


def test_its_basis_gives_the_same_surface(whole):
    rng = np.random.default_rng(3)
    for pair in whole.pairs:
        left = np.where(rng.random(200) < 0.2, np.nan, rng.uniform(-1, 9, 200))
        right = rng.uniform(0, 10, 200)
        if pair.right.levels:
            right = rng.choice(np.array([*pair.right.levels, None, "other"], dtype=object), 200)
        basis = pair.basis(left, right)
        assert basis.sum(axis=1) == pytest.approx(np.ones(200))
        assert basis @ np.array(pair.values).ravel() == pytest.approx(pair.evaluate(left, right), abs=1e-12)


def test_each_factor_gets_half_of_what_a_pair_adds(whole):
    plain = without_pairs(whole).contributions(ROWS)
    added = whole.contributions(ROWS) - plain
    pair = whole.pairs[0].evaluate(ROWS["absence"].to_numpy(), ROWS["mark"].to_numpy())
    assert added["absence"].to_numpy() == pytest.approx(pair / 2)
    assert added["mark"].to_numpy() == pytest.approx(pair / 2)
    whole_sum = whole.log_odds(ROWS) - without_pairs(whole).log_odds(ROWS)
    assert added.sum(axis=1).to_numpy() == pytest.approx(whole_sum)


def test_sd_counts_the_pairs_coefficients(whole):
    matrix = np.array(whole.covariance[0].matrix)
    known = ROWS.iloc[[1]]
    rows = [shape.basis(known[shape.factor].to_numpy())[0] for shape in whole.shapes]
    rows += [pair.basis(*(known[f].to_numpy() for f in pair.factors))[0] for pair in whole.pairs]
    means = [np.array(term.mean_row) for term in (*whole.shapes, *whole.pairs)]
    d = np.concatenate(rows) - np.concatenate(means)
    assert whole.sd(known)[0] == pytest.approx(np.sqrt(d @ matrix @ d))
    ends = np.cumsum([len(m) for m in means])
    weight = np.zeros(len(d))
    weight[:2] = 1  # absence
    weight[ends[3] : ends[4]] = 0.5  # half of its pair
    assert whole.contribution_sd(known, ["absence"])[0] == pytest.approx(np.sqrt((weight * d) @ matrix @ (weight * d)))
    every = whole.contribution_sd(ROWS, list(whole.features))
    assert every[1] == pytest.approx(whole.sd(ROWS)[1])


def test_a_double_differs_by_nothing(whole):
    assert whole.difference_sd(ROWS.iloc[[1]], ROWS.iloc[[1]]) == pytest.approx([0])


def test_peers_know_the_usual_surface(whole):
    X = pd.concat([ROWS.iloc[[0]]] * 24, ignore_index=True)
    peers = PeerReference.from_table(whole, X)
    assert whole.contributions(X, peers).to_numpy() == pytest.approx(np.zeros((24, 4)))
    assert whole.contribution_sd(X, ["absence", "mark"], peers) == pytest.approx(np.zeros(24))
    again = PeerReference.from_dict(peers.to_dict())
    assert (whole.contribution_sd(ROWS, ["absence"], again) == whole.contribution_sd(ROWS, ["absence"], peers)).all()


def test_a_schools_level_is_in_the_base_values_and_never_a_reason(whole):
    alone = msgspec.structs.replace(whole, schools=None)
    assert whole.log_odds(ROWS) - alone.log_odds(ROWS) == pytest.approx([0.2, -0.1, 0, 0])
    assert whole.base_values(ROWS) - alone.base_values(ROWS) == pytest.approx([0.2, -0.1, 0, 0])
    assert whole.contributions(ROWS).equals(alone.contributions(ROWS))
    assert (whole.log_odds(ROWS.drop(columns="school_id")) == alone.log_odds(ROWS)).all()


def test_an_interval_counts_the_schools_own_uncertainty(whole):
    interval = whole.interval(ROWS)
    eta = whole.log_odds(ROWS)
    reach = 1.6448536 * np.sqrt(whole.sd(ROWS) ** 2 + 1.0 + np.array([0.02, 0.04, 0.09, 0.09]))
    assert np.log(interval["lower"] / (1 - interval["lower"])).to_numpy() == pytest.approx(eta - reach, rel=1e-6)


def test_a_school_id_read_as_a_number_is_the_school_of_that_name(whole):
    named = msgspec.structs.replace(
        whole, schools=msgspec.structs.replace(whole.schools, levels={"101": 0.2}, variances={"101": 0.02})
    )
    assert named.base_values(ROWS.assign(school_id=101)) - without_schools(named, ROWS) == pytest.approx([0.2] * 4)


def without_schools(model, X):
    return model.base_values(X.drop(columns="school_id"))


def test_two_years_have_their_own_curves_and_are_never_less_than_one(whole):
    one, two = whole.risk(ROWS), whole.two_years.risk(ROWS, "2y")
    assert whole.risk(ROWS, "2y") == pytest.approx(np.maximum(one, two))
    assert (one > two).any()
    assert (one < two).any()


def test_a_stated_prevalence_shifts_both_horizons_alike(whole):
    moved = whole.at_prevalence(0.1, ROWS)
    shift = moved.base - whole.base
    assert moved.two_years.base - whole.two_years.base == pytest.approx(shift)
    assert moved.risk(ROWS).mean() == pytest.approx(0.1)


def test_shares_are_renormalised_for_both_horizons(whole):
    rows = ROWS.drop(columns="unexcused")
    adapted = whole.for_recorded(rows)
    assert adapted.shapes[0].share_scale == adapted.two_years.shapes[0].share_scale == pytest.approx(2)
    assert adapted.for_recorded(rows) is adapted


def test_everything_survives_saving(whole):
    written = model_bytes(whole)
    again = read_model(written)
    assert again == whole
    assert model_bytes(again) == written
    for horizon in ("1y", "2y"):
        assert (again.risk(ROWS, horizon) == whole.risk(ROWS, horizon)).all()
    assert (again.sd(ROWS) == whole.sd(ROWS)).all()
    rng = np.random.default_rng(1)
    for place in rng.choice(len(written), 200, replace=False):
        damaged = bytearray(written)
        damaged[place] ^= 1 << int(rng.integers(8))
        with pytest.raises(ModelFileError):
            read_model(bytes(damaged))


def test_what_a_model_does_not_have_is_not_in_its_file(model, whole):
    for name in (b"pairs", b"schools", b"two_years", b"training", b"pooling"):
        assert name not in model_bytes(model)
        assert name in model_bytes(whole)


def replaced(model, path, value):
    """The model with one field changed: path such as ("schools", "sd")."""
    if len(path) == 1:
        return msgspec.structs.replace(model, **{path[0]: value})
    return msgspec.structs.replace(model, **{path[0]: replaced(getattr(model, path[0]), path[1:], value)})


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        (("schools", "levels"), {"a": 0.1}, "not of the same schools"),
        (("schools", "sd"), -0.1, "must not be negative"),
        (("schools", "variances"), {"a": -0.1, "o'b": 0.1}, "must not be negative"),
        (("pooling", "members"), ("x",), "for every member"),
        (("pooling", "between_sd"), -1.0, "must not be negative"),
        (("two_years", "features"), ("absence",), "other factors"),
        (("two_years", "covariance"), (CovarianceBlock(start=0, matrix=((0.1, 0.0), (0.0, 0.2))),), "covariance"),
        (("two_years", "base_variance"), -1.0, "for two years: its national mean"),
        (("schools", "sd"), float("nan"), "schools.sd"),
    ],
)
def test_parts_that_do_not_fit_are_not_saved(whole, path, value, why):
    with pytest.raises(ModelFileError, match=why):
        model_bytes(replaced(whole, path, value))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"right": PairAxis(factor="absence", knots=(3.0, 5.0, 8.0))}, "are the same"),
        ({"right": PairAxis(factor="height", knots=(3.0, 5.0, 8.0))}, "does not have"),
        ({"right": PairAxis(factor="mark", knots=(3.0, 3.0, 8.0))}, "increase"),
        ({"right": PairAxis(factor="mark", knots=(3.0, 8.0))}, "rows of 3 numbers"),
        ({"right": PairAxis(factor="mark")}, "either knots or levels"),
        ({"right": PairAxis(factor="mark", levels=("a", "a", "b"))}, "must be different"),
        ({"mean_row": (1.0,)}, "mean row"),
        ({"values": ((float("inf"),) * 4,) * 4}, "values"),
    ],
)
def test_a_pair_that_is_none_is_not_saved(whole, change, why):
    bad = msgspec.structs.replace(whole.pairs[0], **change)
    with pytest.raises(ModelFileError, match=why):
        model_bytes(msgspec.structs.replace(whole, pairs=(bad, whole.pairs[1])))


def test_a_pair_that_is_there_twice_is_not_saved(whole):
    with pytest.raises(ModelFileError, match="twice"):
        model_bytes(msgspec.structs.replace(whole, pairs=(*whole.pairs, whole.pairs[0]), covariance=()))


def test_a_covariance_block_lies_on_whole_pairs(whole):
    cut = CovarianceBlock(start=7, matrix=((0.1,),))
    with pytest.raises(ModelFileError, match="whole factors"):
        model_bytes(msgspec.structs.replace(whole, covariance=(cut,)))
