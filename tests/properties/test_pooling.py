"""The library's laws about what municipalities share and what a pool makes of it."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import lsq_linear

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.model import Levels, load_model
from pumpurs_risk.training import pool_models
from pumpurs_risk.training.fit.terms import LEVEL_TAU, line_and_deviation
from pumpurs_risk.training.information import FactorInfo, Information
from pumpurs_risk.training.pool.withholding import directions, rare_cells, without
from pumpurs_risk.training.summary import read_summary, summary_bytes, summary_of

PRIOR = load_model("literature-prior")
CATALOGUE = Catalogue.load()
NAMES = ("absence_share", "mean_mark", "failing_subjects", "repeated_level", "programme_level")


@st.composite
def likelihoods(draw, least=5, names=NAMES):
    """What a fit might know of some catalogue factors: any likelihood, with any number of pupils from `least` per cell."""
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    factors = []
    for name in chosen:
        entry = CATALOGUE.factors[name]
        n = len(entry.levels or entry.knots)
        counts = (9, 9, *(int(c) for c in rng.integers(least, 60, n - 2)))  # something is left to share
        shares = np.array(counts) / sum(counts)
        row = shares if entry.levels else np.cumsum(shares[::-1])[::-1][1:]
        factors.append(
            FactorInfo(
                factor=name,
                version=entry.version,
                construct=entry.construct,
                direction=entry.direction,
                knots=tuple(map(float, entry.knots)),
                levels=tuple(entry.levels),
                mean_row=tuple(row.tolist()),
                variance=0.1,
                known=float(rng.integers(20, 900)),  # fewer than half: the prior's shares stay as they are
                pupils=counts,
            )
        )
    k = sum(f.n_coefficients for f in factors)
    rows = rng.normal(size=(k + 3, k)) * rng.uniform(0.1, 4)
    matrix = rows.T @ rows
    linear = rows.T @ rng.normal(size=k + 3) * rng.uniform(0, 3)
    mode = own_mode(factors, matrix, linear)
    return Information(
        factors=tuple(factors),
        matrix=matrix,
        score=linear - matrix @ mode,
        mode=mode,
        rows=1000,
        pupils=1000,
        leavers=50,
        weight=1000.0,
        horizon="1y",
        prior="literature-prior",
    )


def pool(summaries, **given):
    return pool_models(summaries, prior=PRIOR, catalogue=CATALOGUE, **given)


def prior_of(factors):
    """Prior mean and covariance, and signs, of these factors as methods say: recorded factors carry their construct."""
    most = max(5 * round(f.known / 5) for f in factors)
    there = {
        f.factor: [f.levels[0] if f.levels else f.knots[0]] if 5 * round(f.known / 5) >= most / 2 else [None]
        for f in factors
    }
    shapes = {s.factor: s for s in PRIOR.for_recorded(pd.DataFrame(there)).shapes}
    means, blocks, signs = [], [], []
    for f in factors:
        shape = shapes[f.factor]
        means.append(np.asarray(shape.values) if isinstance(shape, Levels) else np.diff(shape.values))
        blocks.append(LEVEL_TAU**2 * np.eye(len(f.levels)) if f.levels else line_and_deviation(f.knots))
        signs.append(np.full(f.n_coefficients, float(f.direction)))
    covariance = np.zeros((sum(map(len, blocks)),) * 2)
    at = 0
    for block in blocks:
        covariance[at : at + len(block), at : at + len(block)] = 0.25 * block
        at += len(block)
    return np.concatenate(means), covariance, np.concatenate(signs)


def own_mode(factors, matrix, linear):
    """Where a municipality's own posterior is highest: by another solver, as bounded least squares."""
    mean, covariance, sign = prior_of(factors)
    precision = np.linalg.inv(covariance)
    root = np.linalg.cholesky(matrix + precision)
    target = np.linalg.solve(root, linear + precision @ mean)
    lower = np.where(sign > 0, 0.0, -np.inf)
    upper = np.where(sign < 0, 0.0, np.inf)
    return lsq_linear(root.T, target, (lower, upper), method="bvls", tol=1e-14).x


def coefficients(model, names):
    shapes = {s.factor: s for s in model.shapes}
    return np.concatenate(
        [
            np.asarray(shapes[n].values) - shapes[n].values[0] if isinstance(shapes[n], Levels) else np.diff(shapes[n].values)
            for n in names
        ]
    )  # fmt: skip


def as_shown(factors, d):
    """Coefficients as a model shows them: levels against the first."""
    parts = np.split(d, np.cumsum([f.n_coefficients for f in factors])[:-1])
    return np.concatenate([p - p[0] if f.levels else p for f, p in zip(factors, parts, strict=True)])


@given(information=likelihoods())
def test_one_summary_with_nothing_between_gives_that_municipalitys_own_mode(information):
    model = pool([summary_of(information)], between_sd=0.0)
    found = coefficients(model, [f.factor for f in information.factors])
    assert np.abs(found - as_shown(information.factors, information.mode)).max() < 1e-6


@given(members=st.lists(likelihoods(least=0), min_size=2, max_size=4), seed=st.integers(0, 99))
def test_the_order_of_summaries_changes_no_curve(members, seed):
    summaries = [summary_of(m, f"M{i}", "2026-01-15") for i, m in enumerate(members)]
    order = np.random.default_rng(seed).permutation(len(summaries))
    one, other = pool(summaries), pool([summaries[i] for i in order])
    assert one.features == other.features
    assert np.abs(coefficients(one, one.features) - coefficients(other, one.features)).max() < 1e-9


@given(members=st.lists(likelihoods(least=0), min_size=1, max_size=3), between=st.sampled_from([0.0, 0.25, 1.0]))
def test_every_pooled_curve_goes_only_in_its_direction(members, between):
    model = pool([summary_of(m, f"M{i}", "2026-01-15") for i, m in enumerate(members)], between_sd=between)
    for shape in model.shapes:
        assert (shape.direction * np.diff(shape.values) >= 0).all()


@given(information=likelihoods(least=0))
def test_along_every_cell_of_fewer_than_five_pupils_a_summary_is_silent(information):
    matrix, linear = without(information, ())
    scale = np.abs(information.matrix).max()
    at = 0
    for factor in information.factors:
        for q in directions(factor, rare_cells(factor)).T:
            whole = np.zeros(len(linear))
            whole[at : at + factor.n_coefficients] = q
            assert np.abs(matrix @ whole).max() < 1e-8 * scale
            assert abs(linear @ whole) < 1e-6 * max(1.0, np.abs(linear).max())
        at += factor.n_coefficients
    assert np.linalg.eigvalsh(matrix)[0] > -1e-8 * scale


@given(information=likelihoods(least=0))
def test_a_summary_never_claims_to_know_more_than_the_likelihood(information):
    matrix, _ = without(information, [information.factors[0].factor])
    assert np.linalg.eigvalsh(information.matrix - matrix)[0] > -1e-8 * np.abs(information.matrix).max()


@given(information=likelihoods())
def test_saved_and_loaded_it_pools_to_the_same_bits(information):
    summary = summary_of(information, "A", "2026-01-15")
    again = read_summary(summary_bytes(summary))
    assert again == summary
    assert pool([again]) == pool([summary])


@given(information=likelihoods(), narrow=st.floats(0, 1), more=st.floats(0.01, 1))
def test_more_room_between_municipalities_never_makes_the_pool_surer(information, narrow, more):
    summary = summary_of(information)
    sure, open_ = (pool([summary], between_sd=sd).covariance[0].matrix for sd in (narrow, narrow + more))
    assert np.linalg.eigvalsh(np.subtract(open_, sure))[0] > -1e-9
