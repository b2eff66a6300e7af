"""How sure: quadratic forms of the posterior, in row batches, so that memory stays flat."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from pumpurs_risk.model.inputs import shape_column
from pumpurs_risk.model.shapes import Floats, Shape

if TYPE_CHECKING:
    from pumpurs_risk.model.additive import AdditiveModel

Rows = Callable[[Shape, slice], Floats]
"""Reference basis rows of a shape for a slice of pupils: shape (K,), (1, K) or (length of the slice, K)."""

_ROWS_AT_ONCE = 65_536


def mean_rows(shape: Shape, part: slice) -> Floats:
    """Compare with what is typical."""
    return np.asarray(shape.mean_row)


def one_row(other: pd.DataFrame) -> Rows:
    """Compare with one pupil."""
    return lambda shape, part: shape.basis(shape_column(other, shape))


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


def quadratic(model: AdditiveModel, frame: pd.DataFrame, rows: Rows, factors: Collection[str] | None = None) -> Floats:
    """Give ``(x - r)' V (x - r)`` per pupil.

    Parameters
    ----------
    model : AdditiveModel
        Whose posterior V is meant; its blocks are independent of each other.
    frame : pandas.DataFrame, n rows
        The pupils x.
    rows : callable
        The reference r.
    factors : collection of str, optional
        Leave the other factors' coefficients out.

    Returns
    -------
    ndarray of float, shape (n,)
    """
    total = np.zeros(len(frame))
    ends = np.cumsum([shape.n_coefficients for shape in model.shapes])
    starts = ends - [shape.n_coefficients for shape in model.shapes]
    for block in model.covariance:
        end = block.start + len(block.matrix)
        members = [s for s, a, b in zip(model.shapes, starts, ends, strict=True) if a < end and b > block.start]
        if factors is not None and not any(shape.factor in factors for shape in members):
            continue
        matrix = np.asarray(block.matrix)
        columns = [shape_column(frame, shape) for shape in members]
        for first in range(0, len(frame), _ROWS_AT_ONCE):
            part = slice(first, first + _ROWS_AT_ONCE)
            away = [
                shape.basis(column[part]) - rows(shape, part)
                if factors is None or shape.factor in factors
                else np.zeros((len(column[part]), shape.n_coefficients))
                for shape, column in zip(members, columns, strict=True)
            ]
            d = np.hstack(away)
            total[part] += np.einsum("ij,jk,ik->i", d, matrix, d, optimize=True)
    return np.maximum(total, 0.0)
