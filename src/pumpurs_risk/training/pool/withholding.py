"""What a summary must not tell: values and levels that too few pupils have are solved out of the likelihood.

The information matrix is a table of sums over pupils. A diagonal entry that only three pupils enter tells of these three,
and because a factor's levels exhaust the pupils, leaving out a row and a column is not enough: the rest would give it back.
Therefore the value of every such cell is *profiled out*, as the intercept is: the likelihood is maximised over a free effect
of these few pupils. What remains no longer compares them with anyone else; of a single pupil nothing remains at all. No
matrix between 0 and the full one that is silent about the cell holds more (the Schur complement is the largest).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from pumpurs_risk.model.shapes import Floats
from pumpurs_risk.training.information import FactorInfo, Information

FEWEST_PUPILS = 5
"""A level, or a value between two knots, held by fewer pupils is not shared."""
_NOTHING = 1e-10  # of the largest information: what is solved out of less is rounding error


def cells(factor: FactorInfo) -> tuple[str, ...]:
    """Names of a factor's cells: its levels, or its knots as texts."""
    return factor.levels or tuple(f"{knot:g}" for knot in factor.knots)


def rare_cells(factor: FactorInfo) -> tuple[int, ...]:
    """Positions of the cells that too few pupils hold.

    A curve's cell is a knot, with the values down to the knot before. A knot that nobody reaches is kept if enough pupils
    stand right above it: of them alone it speaks then.

    Parameters
    ----------
    factor : FactorInfo

    Returns
    -------
    tuple of int

    Examples
    --------
    >>> info = FactorInfo(factor="f", construct="f", version=1, direction=1, knots=(0.0, 1.0, 2.0), levels=(),
    ...                   mean_row=(0.5, 0.1), variance=0.1, known=60.0, pupils=(50, 7, 3))
    >>> rare_cells(info)
    (2,)
    """
    counts = factor.pupils
    above = (*counts[1:], 0) if factor.knots else (0,) * len(counts)
    return tuple(
        cell
        for cell, (here, next_one) in enumerate(zip(counts, above, strict=True))
        if here < FEWEST_PUPILS and not (here == 0 and next_one >= FEWEST_PUPILS)
    )


def tells_something(factor: FactorInfo) -> bool:
    """Whether at least two cells remain: one alone has nothing to be compared with."""
    return len(factor.pupils) - len(rare_cells(factor)) >= 2


def directions(factor: FactorInfo, positions: Sequence[int]) -> Floats:
    """What raising the value of one cell does to the coefficients: one column per cell.

    Parameters
    ----------
    factor : FactorInfo
    positions : sequence of int, length r
        The cells.

    Returns
    -------
    ndarray, shape (n_coefficients, r)
        For a level a one; for a knot the step up to it rises and the step from it falls.
    """
    k = factor.n_coefficients
    if factor.levels:
        return np.eye(k)[:, list(positions)]
    raised: Floats = np.eye(k + 1)[1:] - np.eye(k + 1)[:-1]
    return raised[:, list(positions)]


def without(information: Information, left_out: Collection[str]) -> tuple[Floats, Floats]:
    """Solve factors and rare cells out of a likelihood.

    Parameters
    ----------
    information : Information
        With k coefficients.
    left_out : collection of str
        Factors that are not shared at all.

    Returns
    -------
    matrix : ndarray, shape (k, k)
        Information; 0 for the factors left out, and along every rare cell.
    linear : ndarray, shape (k,)
        So that the log-likelihood of coefficients d is ``linear' d - d' matrix d / 2`` and a constant.
    """
    G, g = information.matrix, information.score
    ends = np.cumsum([0, *(f.n_coefficients for f in information.factors)])
    columns = []
    for factor, start, stop in zip(information.factors, ends, ends[1:], strict=False):
        own = np.eye(stop - start) if factor.factor in left_out else directions(factor, rare_cells(factor))
        columns.append(np.zeros((len(g), own.shape[1])))
        columns[-1][start:stop] = own
    Q = np.hstack([np.zeros((len(g), 0)), *columns])
    GQ = G @ Q
    inside = Q.T @ GQ
    values, vectors = np.linalg.eigh((inside + inside.T) / 2)
    kept = values > _NOTHING * max(float(values.max(initial=0.0)), 1e-300)
    solved = GQ @ (vectors[:, kept] / values[kept]) @ vectors[:, kept].T
    matrix = G - solved @ GQ.T
    matrix = (matrix + matrix.T) / 2
    linear = g - solved @ (Q.T @ g) + matrix @ information.mode
    silent = np.flatnonzero(np.isin(np.repeat([f.factor for f in information.factors], np.diff(ends)), list(left_out)))
    matrix[silent], matrix[:, silent], linear[silent] = 0.0, 0.0, 0.0
    return matrix, linear


def coarse_mean_row(factor: FactorInfo, withheld: Collection[int]) -> tuple[float, ...]:
    """Mean basis row with the share of the withheld cells given to the nearest cell that is shared.

    Parameters
    ----------
    factor : FactorInfo
    withheld : collection of int
        Positions of cells; not all of them.

    Returns
    -------
    tuple of float, length n_coefficients
        Rounded to four decimals.

    Examples
    --------
    >>> info = FactorInfo(factor="f", construct="f", version=1, direction=0, knots=(), levels=("a", "b", "c"),
    ...                   mean_row=(0.5, 0.45, 0.05), variance=0.1, known=60.0, pupils=(30, 27, 3))
    >>> coarse_mean_row(info, [2])
    (0.5263, 0.4737, 0.0)
    """
    shares = cell_shares(factor.mean_row, bool(factor.levels))
    kept = [cell for cell in range(len(shares)) if cell not in withheld]
    if factor.levels:
        shares[list(withheld)] = 0.0
        rows = shares / shares.sum() if shares.sum() > 0 else shares
    else:
        for cell in withheld:
            nearest = min(kept, key=lambda other: (abs(other - cell), other))
            shares[nearest] += shares[cell]
            shares[cell] = 0.0
        rows = np.cumsum(shares[::-1])[::-1][1:]
    return tuple(float(v) + 0.0 for v in np.round(np.clip(rows, 0.0, 1.0), 4))


def cell_shares(mean_row: Sequence[float], of_levels: bool) -> Floats:
    """Share of pupils at each cell, as if every value lay on a knot: from a mean basis row.

    Parameters
    ----------
    mean_row : sequence of float, length K
    of_levels : bool
        Levels are cells themselves; a curve of K steps has K + 1.

    Returns
    -------
    ndarray
        Sums to 1 for a curve.
    """
    row = np.asarray(mean_row, float)
    if of_levels:
        return row.copy()
    shares: Floats = np.append(1.0, row) - np.append(row, 0.0)
    return shares
