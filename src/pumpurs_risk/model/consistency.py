"""Whether the parts of a model fit together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pumpurs_risk.model.additive import AdditiveModel


def inconsistency(model: AdditiveModel) -> str | None:
    """Say what does not fit together, or None.

    Parameters
    ----------
    model : AdditiveModel
        With finite numbers.

    Returns
    -------
    str or None
        The first thing found, in words that complete "the model does not fit together: ...".
    """
    return next(_problems(model), None)


def _problems(model: AdditiveModel) -> Iterator[str]:
    if model.features != tuple(shape.factor for shape in model.shapes):
        yield "its list of features and its shapes differ"
    if not model.features or len(set(model.features)) != len(model.features):
        yield "its features must be different names, at least one"
    if not 0 < model.national_mean < 1 or model.base_variance < 0:
        yield "its national mean must be a share and its base variance not negative"
    for shape in model.shapes:
        problem = shape.problem()
        if problem:
            yield f"{shape.factor}: {problem}"
    if model.rate_range and model.rate_range.factor not in model.features:
        yield "its rate range speaks of a factor that it does not have"
    yield from _of_pairs(model)
    yield from _of_covariance(model)
    for part in (model.schools, model.pooling):
        of_part = None if part is None else part.problem()
        if of_part:
            yield of_part
    if model.two_years is not None:
        yield from _of_two_years(model, model.two_years)


def _of_pairs(model: AdditiveModel) -> Iterator[str]:
    met = set()
    for pair in model.pairs:
        named = " and ".join(pair.factors)
        if not set(pair.factors) <= set(model.features):
            yield f"the pair {named} speaks of a factor that the model does not have"
        problem = pair.problem()
        if problem:
            yield f"the pair {named}: {problem}"
        if frozenset(pair.factors) in met:
            yield f"the pair {named} is there twice"
        met.add(frozenset(pair.factors))


def _of_covariance(model: AdditiveModel) -> Iterator[str]:
    bounds = {0, *np.cumsum([term.n_coefficients for term in (*model.shapes, *model.pairs)]).tolist()}
    end = 0
    for block in model.covariance:
        size = len(block.matrix)
        whole = {block.start, block.start + size} <= bounds  # of whole factors and pairs
        if block.start < end or not whole or not size or any(len(row) != size for row in block.matrix):
            yield "a covariance block does not lie on the coefficients of whole factors"
            return
        end = block.start + size
        matrix = np.asarray(block.matrix, float).reshape(size, size)
        scale = float(np.abs(matrix).max(initial=0.0))
        if not np.allclose(matrix, matrix.T, rtol=0, atol=1e-9 * scale):
            yield "a covariance block is not symmetric"
        if float(np.linalg.eigvalsh(matrix)[0]) < -1e-9 * scale:
            yield "a covariance block is not positive"


def _of_two_years(model: AdditiveModel, two_years: AdditiveModel) -> Iterator[str]:
    if two_years.features != model.features:
        yield "its curves for two years have other factors"
    if two_years.covariance or two_years.two_years is not None:
        yield "its curves for two years must not carry a covariance or further curves"
    for problem in _problems(two_years):
        yield f"its curves for two years: {problem}"
