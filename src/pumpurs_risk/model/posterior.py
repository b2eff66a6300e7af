"""How sure: quadratic forms of the posterior, in row batches, so that memory stays flat."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from pumpurs_risk.model.inputs import shape_column
from pumpurs_risk.model.pairs import PairShape
from pumpurs_risk.model.shapes import Floats, Shape
from pumpurs_risk.model.terms import term_columns

if TYPE_CHECKING:
    from pumpurs_risk.model.contents import ModelContents

Term = Shape | PairShape
Rows = Callable[[Term, slice], Floats]
"""Reference basis rows of a shape or pair for a slice of pupils: shape (K,), (1, K) or (length of the slice, K)."""

_ROWS_AT_ONCE = 65_536
_NUMBERS_AT_ONCE = 4_000_000  # basis rows of one batch: 32 MB


def mean_rows(term: Term, part: slice) -> Floats:
    """Compare with what is typical."""
    return np.asarray(term.mean_row)


def one_row(other: pd.DataFrame) -> Rows:
    """Compare with one pupil."""
    return lambda term, part: term.basis(*term_columns(other, term))


def missing_variance(shapes: Iterable[Shape], frame: pd.DataFrame) -> Floats:
    """Variance of the log-odds that comes from factors that are not recorded, shape (n,)."""
    total = np.zeros(len(frame))
    for shape in shapes:
        total += (shape.variance + shape.unknown_variance) * shape.unknown_at(shape_column(frame, shape))
    return total


def evidence_share(
    shapes: Sequence[Shape], frame: pd.DataFrame, factors: Sequence[str] | None, applies: npt.NDArray[np.bool_] | None
) -> Floats:
    """Share of what the factors could tell that is recorded; see `AdditiveModel.evidence_share`."""
    by_factor = {shape.factor: shape for shape in shapes}
    known = np.zeros(len(frame))
    total = np.zeros(len(frame))
    for factor in [f for f in factors or () if f in by_factor] or by_factor:
        shape = by_factor[factor]
        about = np.ones(len(frame), bool)
        if applies is not None and factors is not None and factor in factors:
            about = applies[:, list(factors).index(factor)]
        total += shape.variance * about
        known += shape.variance * (about & ~shape.unknown_at(shape_column(frame, shape)))
    return np.divide(known, total, out=np.ones(len(frame)), where=total > 0)


def quadratic(model: ModelContents, frame: pd.DataFrame, rows: Rows, factors: Collection[str] | None = None) -> Floats:
    """Give ``(x - r)' V (x - r)`` per pupil.

    Parameters
    ----------
    model : ModelContents
        Whose posterior V is meant; its blocks are independent of each other.
    frame : pandas.DataFrame, n rows
        The pupils x.
    rows : callable
        The reference r.
    factors : collection of str, optional
        Leave the other factors' coefficients out; a pair counts half where one of its two factors is among these.

    Returns
    -------
    ndarray of float, shape (n,)
    """
    total = np.zeros(len(frame))
    terms = [*model.shapes, *model.pairs]
    ends = np.cumsum([term.n_coefficients for term in terms])
    starts = ends - [term.n_coefficients for term in terms]
    for block in model.covariance:
        end = block.start + len(block.matrix)
        members = [t for t, a, b in zip(terms, starts, ends, strict=True) if a < end and b > block.start]
        shares = [_share(term, factors) for term in members]
        if not any(shares):
            continue
        matrix = np.asarray(block.matrix)
        columns = [term_columns(frame, term) for term in members]
        step = max(1, min(_ROWS_AT_ONCE, _NUMBERS_AT_ONCE // len(matrix)))
        for first in range(0, len(frame), step):
            part = slice(first, first + step)
            n = len(total[part])
            away = [
                share * (term.basis(*(column[part] for column in found)) - rows(term, part))
                if share
                else np.zeros((n, term.n_coefficients))
                for term, found, share in zip(members, columns, shares, strict=True)
            ]
            d = np.hstack(away)
            total[part] += np.einsum("ij,jk,ik->i", d, matrix, d, optimize=True)
    return np.maximum(total, 0.0)


def _share(term: Term, factors: Collection[str] | None) -> float:
    if factors is None:
        return 1.0
    if isinstance(term, PairShape):
        return 0.5 * sum(factor in factors for factor in term.factors)
    return float(term.factor in factors)
