import msgspec
import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.errors import ModelFileError, TrainingError
from pumpurs_risk.model import Levels, load_model
from pumpurs_risk.model.store import model_bytes, read_model
from pumpurs_risk.training import DropoutScorer, pool_models
from pumpurs_risk.training.pool.account import pooling_account
from pumpurs_risk.training.pool.random_effects import USUAL_BETWEEN_SD, RandomEffects
from pumpurs_risk.training.pool.shared_factor import SharedFactor
from pumpurs_risk.training.summary import ShapeSummary

pytestmark = pytest.mark.filterwarnings(
    "ignore::pumpurs_risk.errors.PriorConflictWarning"
)  # made pupils owe it nothing
PRIOR = load_model("literature-prior")
CATALOGUE = Catalogue.load()
LEVELS = ["general-7", "general-8", "general-9", "vocational-1"]


def pupils(n, seed, effect=1.0, columns=("absence_share", "mean_mark", "repeated_level", "programme_level")):
    rng = np.random.default_rng(seed)
    absent = np.clip(rng.gamma(1.2, 0.05, n), 0, 0.6)
    mark = np.clip(rng.normal(6.5, 1.2, n), 2.5, 9.8)
    again = (rng.random(n) < 0.15).astype(float)
    level = rng.choice(LEVELS, n)
    eta = -3 + effect * (9 * absent - 0.6 * (mark - 6.5) + again) + 0.8 * (level == "vocational-1")
    X = pd.DataFrame({"absence_share": absent, "mean_mark": mark, "repeated_level": again, "programme_level": level})
    return X[list(columns)], (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)


def summary(seed, *, n=900, named=True, **given):
    found = DropoutScorer().fit(*pupils(n, seed, **given)).summary_
    return found.named(f"municipality {seed}", "2026-01-15") if named else found


@pytest.fixture(scope="module")
def five():
    return [summary(seed) for seed in range(5)]


@pytest.fixture(scope="module")
def pooled(five):
    return pool_models(five)


def simple(municipality="A", *, linear=1.0, information=4.0, period="2026-01-15", **given):
    """A summary of one yes/no factor that the catalogue does not know."""
    stated = {"factor": "chess", "construct": "chess", "version": 1, "direction": 0, "knots": (0.0, 1.0), "levels": ()}
    other = {key: given.pop(key) for key in ("horizon", "made_on") if key in given}
    shared = SharedFactor(**(stated | {"mean_row": (0.2,), "known": 600.0, "within": 1.0} | given))
    k = shared.n_coefficients
    return ShapeSummary(
        municipality=municipality,
        period=period,
        horizon=other.get("horizon", "1y"),
        made_on=other.get("made_on", ""),
        pupils=600,
        leavers=30,
        factors=(shared,),
        information=tuple(tuple([information] + [0.0] * (k - 1 - i)) for i in range(k)),
        linear=(linear,) * k,
    )


def effect(model, factor="chess"):
    shape = next(s for s in model.shapes if s.factor == factor)
    return shape.values[-1] - shape.values[0]


# ------------------------------------------------------------------ the mathematics
def test_random_effects_agree_with_the_joint_gaussian_written_out():
    rng = np.random.default_rng(0)
    k, tau = 4, 0.4
    roots = [rng.normal(size=(6, k)) for _ in range(3)]
    Gs, hs = [r.T @ r for r in roots], [r.T @ rng.normal(size=6) for r in roots]
    C = np.cov(rng.normal(size=(k, 20)))
    P0, m0 = 3 * np.eye(k), rng.normal(size=k)
    pool = RandomEffects(list(zip(Gs, hs, strict=True)), C, P0, m0, np.zeros(k))
    # unknowns (mu, d_1, d_2, d_3) in one system: d_i around mu with precision (tau^2 C)^-1
    T = np.linalg.inv(tau**2 * C)
    A, b = np.zeros((4 * k, 4 * k)), np.zeros(4 * k)
    A[:k, :k], b[:k] = P0 + 3 * T, P0 @ m0
    for i, (G, h) in enumerate(zip(Gs, hs, strict=True)):
        at = slice((i + 1) * k, (i + 2) * k)
        A[at, at], A[:k, at], A[at, :k], b[at] = G + T, -T, -T, h
    assert pool.mean(tau) == pytest.approx(np.linalg.solve(A, b)[:k], abs=1e-9)
    assert pool.covariance(tau) == pytest.approx(np.linalg.inv(A)[:k, :k], abs=1e-9)

    def written_out(sd):
        S = np.linalg.inv(sd**2 * C)
        A[:k, :k] = P0 + 3 * S
        for i, G in enumerate(Gs):
            at = slice((i + 1) * k, (i + 2) * k)
            A[at, at], A[:k, at], A[at, :k] = G + S, -S, -S
        return (b @ np.linalg.solve(A, b) + 3 * np.linalg.slogdet(S)[1] - np.linalg.slogdet(A)[1]) / 2

    assert pool.log_evidence(0.7) - pool.log_evidence(0.2) == pytest.approx(
        written_out(0.7) - written_out(0.2), abs=1e-8
    )


def test_one_summary_without_room_between_gives_that_municipalitys_own_curves():
    scorer = DropoutScorer(width=0.5, relevance=False).fit(*pupils(3000, 1))
    own, pool = scorer.model_, pool_models([scorer.summary_], between_sd=0.0)
    for shape in own.shapes:
        if shape.factor in pupils(9, 0)[0] and not any(
            s.withheld for s in scorer.summary_.factors if s.factor == shape.factor
        ):
            again = next(s for s in pool.shapes if s.factor == shape.factor)
            assert np.subtract(again.values, again.values[0]) == pytest.approx(
                np.subtract(shape.values, shape.values[0]), abs=0.01
            )


def test_no_room_between_shrinks_towards_nothing_but_the_prior():
    model = pool_models([simple("A", linear=3.0), simple("B", linear=1.0)], between_sd=0.0)
    assert effect(model) == pytest.approx(4.0 / (8.0 + 1 / 0.25))


def test_with_room_between_each_summary_counts_for_less_and_the_target_may_differ_more():
    both = [simple("A", linear=30.0, information=40.0), simple("B", linear=10.0, information=40.0)]
    narrow, wide = pool_models(both, between_sd=0.0), pool_models(both, between_sd=0.5)
    tau2 = 0.25
    A = 4 + 2 * 40 / (1 + 40 * tau2)
    assert effect(wide) == pytest.approx(40 / (1 + 40 * tau2) / A)
    last = len(wide.covariance[0].matrix) - 1
    assert wide.covariance[0].matrix[last][last] == pytest.approx(1 / A + tau2)
    assert narrow.covariance[0].matrix[last][last] == pytest.approx(1 / 84)


def test_below_five_summaries_the_usual_room_is_left_from_five_on_they_tell(five):
    assert pool_models(five[:4]).pooling.between_sd == USUAL_BETWEEN_SD
    alike = pool_models([simple(f"M{i}", linear=40.0, information=40.0) for i in range(8)])
    apart = pool_models([simple(f"M{i}", linear=40.0 * (-1) ** i, information=40.0) for i in range(8)])
    assert 0 < alike.pooling.between_sd < 0.25 < apart.pooling.between_sd


def test_the_pool_of_five_has_curves_nearer_to_the_truth_than_each_member(five, pooled):
    def error(shape):  # of the total effect of the mark, which is .6 a point
        return abs(np.interp(4, shape.knots, shape.values) - np.interp(9, shape.knots, shape.values) - 3.0)

    def of(model):
        return next(s for s in model.shapes if s.factor == "mean_mark")

    alone = [error(of(pool_models([s], between_sd=0.0))) for s in five]
    assert error(of(pooled)) < np.mean(alone)


def test_directions_are_kept():
    up = simple("A", linear=-5.0, factor="absence_days", construct="x", direction=1)
    falling = pool_models([up], between_sd=0.0)
    assert effect(falling, "absence_days") == 0.0
    assert next(s for s in falling.shapes if s.factor == "absence_days").direction == 1


def test_a_municipality_that_differs_lies_further_than_the_others():
    same = [simple(f"M{i}", linear=40.0 + i % 3, information=40.0) for i in range(9)]
    model = pool_models([*same, simple("far", linear=-40.0, information=40.0)], between_sd=0.1)
    assert max(model.pooling.distances[:9]) < 1.75 < model.pooling.distances[9]
    assert "far" in pooling_account(model, "en")[-1].rpartition("Further than chance")[2]


def test_parts_of_one_population_lie_about_as_far_as_chance_gives(pooled):
    assert 0.5 < np.mean(pooled.pooling.distances) < 1.3
    assert "None lies further" in pooling_account(pooled, "en")[-1]


# ------------------------------------------------------------------ who takes part
def test_a_newer_summary_of_the_same_municipality_replaces_the_older_in_any_order():
    old, new = simple("A", linear=1.0, period="2025-01-15"), simple("A", linear=3.0, period="2025-01-15/2026-01-15")
    alone = pool_models([new])
    assert pool_models([old, new]) == alone == pool_models([new, old])
    assert alone.pooling.members == ("A",)


def test_a_name_typed_in_another_way_is_the_same_municipality():
    older, newer = (
        simple("Vizbuļu novads", period="2025-01-15"),
        simple(" vizbuļu  novads", linear=3.0, period="2026-01-15"),
    )
    assert pool_models([older, newer]).pooling.members == ("Vizbuļu novads",)


def test_of_the_same_period_the_later_made_counts_and_without_that_neither():
    first, later = simple("A", linear=1.0, made_on="2026-02-01"), simple("A", linear=3.0, made_on="2026-02-02")
    assert pool_models([later, first]) == pool_models([later])
    with pytest.raises(TrainingError, match="two summaries of A for the same time"):
        pool_models([first, simple("A", linear=2.0, made_on="2026-02-01")])


def test_summaries_without_a_municipality_count_each_but_not_twice(five):
    unnamed = [simple("", period="", linear=1.0), simple("", period="", linear=2.0)]
    assert pool_models(unnamed).pooling.members == ("unnamed 1", "unnamed 2")
    with pytest.raises(TrainingError, match="given twice"):
        pool_models([unnamed[0], unnamed[0]])


def test_files_and_objects_may_be_mixed(five, tmp_path):
    for name, each in zip("ab", five, strict=False):
        (tmp_path / name).mkdir()
        msgspec.structs.replace(each, made_on="2026-02-01").save(tmp_path / name / "summary.json")
    read = pool_models([tmp_path / "a", str(tmp_path / "b" / "summary.json"), five[2]])
    assert read == pool_models(five[:3])


def test_whole_models_are_refused_and_what_to_send_is_said(tmp_path):
    PRIOR.save(tmp_path / "model.json")
    for whole in (PRIOR, tmp_path / "model.json", DropoutScorer()):
        with pytest.raises(TrainingError, match=r"whole model.*should send summary\.json"):
            pool_models([whole])


def test_nothing_and_what_is_no_summary_are_refused(tmp_path):
    with pytest.raises(TrainingError, match="no summary to pool"):
        pool_models([])
    with pytest.raises(TypeError, match="ShapeSummary"):
        pool_models([3])
    with pytest.raises(ModelFileError, match="There is no summary"):
        pool_models([tmp_path / "nowhere"])
    with pytest.raises(TrainingError, match="does not fit together"):
        pool_models([msgspec.structs.replace(simple(), linear=())])
    with pytest.raises(ValueError, match="standard deviation"):
        pool_models([simple()], between_sd=-1)


def test_different_horizons_are_told_by_name():
    with pytest.raises(TrainingError, match="A: 1y; B: 2y"):
        pool_models([simple("A"), simple("B", horizon="2y")])


def test_for_two_years_the_published_level_is_carried_over_two():
    model = pool_models([simple("A", horizon="2y")], between_sd=0.0)
    assert model.horizon == "2y"
    assert model.national_mean == pytest.approx(1 - (1 - PRIOR.national_mean) ** 2)
    with pytest.raises(TrainingError, match="looks ahead over 2y"):
        pool_models([simple("A")], prior=model)


# ------------------------------------------------------------------ which factors
def test_a_catalogue_factor_of_another_version_or_on_other_knots_is_refused_by_name():
    entry = CATALOGUE.factors["mean_mark"]
    knots = tuple(map(float, entry.knots))
    given = {
        "factor": "mean_mark",
        "construct": entry.construct,
        "direction": -1,
        "mean_row": (0.5,) * (len(knots) - 1),
    }
    with pytest.raises(TrainingError, match=rf"A has mean_mark in version {entry.version + 1}"):
        pool_models([simple("A", version=entry.version + 1, knots=knots, linear=0.0, **given)])
    moved = (knots[0] - 1, *knots[1:])
    with pytest.raises(TrainingError, match="A has mean_mark on other knots"):
        pool_models([simple("A", version=entry.version, knots=moved, linear=0.0, **given)])


def test_each_factor_is_pooled_over_those_who_have_it():
    some = summary(7, columns=("absence_share", "programme_level"))
    every = summary(8)
    model = pool_models([some, every], between_sd=0.0)
    assert "mean_mark: from municipality 8 only" in model.provenance.notes
    alone = pool_models([every], between_sd=0.0)
    mark = [next(s for s in m.shapes if s.factor == "mean_mark") for m in (model, alone)]
    assert mark[0].mean_row == mark[1].mean_row
    assert effect(model, "mean_mark") == pytest.approx(effect(alone, "mean_mark"), abs=0.2)


def test_other_factors_are_pooled_on_equal_knots_only_and_the_rest_is_told():
    a, b = simple("A", linear=2.0), simple("B", linear=2.0)
    other = simple("C", linear=9.0, knots=(0.0, 2.0))
    with pytest.raises(TrainingError, match=r"C has no factor on the knots .* \(chess\)"):
        pool_models([a, b, other])
    drama = msgspec.structs.replace(other.factors[0], factor="drama")
    other = msgspec.structs.replace(
        other, factors=(*other.factors, drama), information=((4.0, 0.0), (4.0,)), linear=(9.0, 1.0)
    )
    model = pool_models([a, b, other], between_sd=0.0)
    assert effect(model) == effect(pool_models([a, b], between_sd=0.0))
    assert any(note.startswith("chess: not pooled with C") for note in model.provenance.notes)


def test_what_no_member_has_stays_as_the_prior_has_it():
    model = pool_models([simple("A")])
    for shape, before in zip(model.shapes, PRIOR.shapes, strict=False):
        assert shape == before
    assert model.features == (*PRIOR.features, "chess")


def test_an_unshared_factor_of_a_learned_construct_is_not_made_to_carry_the_whole_of_it(pooled):
    learned = {s.construct for s in pooled.shapes if s.factor in ("absence_share", "mean_mark", "repeated_level")}
    rest = [s for s in pooled.shapes if s.construct in learned]
    assert len(rest) > 3
    assert all(s.prior_share is None for s in rest)


# ------------------------------------------------------------------ the model that comes out
def test_the_level_at_the_pools_average_pupil_is_the_published_one(pooled):
    row = {s.factor: s.mean_row for s in pooled.shapes}
    prior = PRIOR.for_recorded(pupils(50, 0)[0])
    expected = prior.base
    for shape in prior.shapes:
        if shape.factor in pupils(9, 0)[0]:
            mean = np.asarray(row[shape.factor])
            expected += (
                mean @ shape.values if isinstance(shape, Levels) else shape.values[0] + mean @ np.diff(shape.values)
            )
    assert pooled.base == pytest.approx(expected)
    assert not pooled.has_local_outcomes
    assert pooled.rate_range == PRIOR.rate_range


def test_curves_are_centred_on_the_members_pupils(pooled):
    for shape in pooled.shapes:
        if shape.factor in pupils(9, 0)[0]:
            row = np.asarray(shape.mean_row)
            mean = row @ shape.values if isinstance(shape, Levels) else shape.values[0] + row @ np.diff(shape.values)
            assert mean == pytest.approx(0, abs=1e-9)


def test_its_variance_is_that_of_the_curve_over_the_members_pupils(pooled):
    everyone = pd.concat([pupils(900, seed)[0] for seed in range(5)])
    for name in ("absence_share", "mean_mark", "repeated_level"):
        shape = next(s for s in pooled.shapes if s.factor == name)
        assert shape.variance == pytest.approx(np.var(shape.evaluate(everyone[name].to_numpy())), rel=0.15)


def test_it_scores_is_saved_and_says_what_it_is(pooled, five):
    X, _ = pupils(200, 99)
    added = pooled.base_values(X) + pooled.contributions(X).sum(axis=1)
    assert np.abs(added - pooled.log_odds(X)).max() < 1e-9
    assert read_model(model_bytes(pooled)) == pooled
    assert pooled.provenance.made_from.startswith("summaries of 5 municipalities: municipality 0")
    assert pooled.pooling.leavers == tuple(s.leavers for s in five)
    for lang in ("lv", "en"):
        assert len(pooling_account(pooled, lang)) == 4
    assert pooling_account(PRIOR, "en") == []


def test_it_is_a_prior_for_a_small_neighbour_and_for_the_next_pool(pooled, five):
    X, y = pupils(300, 50)
    scorer = DropoutScorer(prior=pooled).fit(X, y)
    assert scorer.model_.training.width_by == "pool"
    again = pool_models([summary(6)], prior=pooled, between_sd=0.0)
    diagonal = [np.diag(m.covariance[0].matrix)[: len(pooled.covariance[0].matrix)] for m in (again, pooled)]
    assert (diagonal[0] <= diagonal[1] + 1e-9).all()
