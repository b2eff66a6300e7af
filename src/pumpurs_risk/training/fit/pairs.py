"""Pairs of factors: which surfaces the data ask for beyond the curves, and how a surface is kept monotone.

A pair is a sum of products of simple functions of its two factors, with coefficients that may not be negative where a
direction is declared: so the surface rises in that direction everywhere, by construction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from pumpurs_risk.errors import TrainingError
from pumpurs_risk.model.pairs import PairAxis, PairShape
from pumpurs_risk.model.parts import CovarianceBlock
from pumpurs_risk.model.shapes import Floats, Shape
from pumpurs_risk.training.fit.columns import ENDS, Words, weighted_quantiles
from pumpurs_risk.training.fit.terms import LEVEL_TAU, Term
from pumpurs_risk.training.likelihood import Rows

if TYPE_CHECKING:
    from pumpurs_risk.training.fit.design import TermDesign
    from pumpurs_risk.training.fit.posterior import Fit

FEWEST_ROWS = 5_000
"""Summed weight from which pairs are looked for; below, false ones cost more than true ones bring."""
MOST_PAIRS = 24
LEAST_GAIN = 10.0
"""Nats a candidate must promise."""
LEAST_Z = 4.0
SEGMENTS = 3
_BINS = 5
_LEVELS = 7
_TOTAL = 2.0  # total sd of a pair, as a multiple of the width
_SHRUNK = 4.0  # curvature added to every cell of residuals


@dataclass
class PairTerm:
    """A pair as it is fitted.

    Parameters
    ----------
    left, right : Term
        Its factors, as they are fitted alone.
    axes : (PairAxis, PairAxis)
        The grid.
    nodes : ndarray, shape (cells, m)
        Value of each of the m products at each node of the grid; between nodes they are bilinear, so that this says all.
    lower : ndarray, shape (m,)
        0 where a direction is declared, else ``-inf``.
    spread : ndarray, shape (m, m)
        Prior covariance at width 1.
    """

    left: Term
    right: Term
    axes: tuple[PairAxis, PairAxis]
    nodes: Floats
    lower: Floats
    spread: Floats
    mean: Floats

    @property
    def n_columns(self) -> int:
        """Products."""
        return int(self.nodes.shape[1])

    def grid_rows(self, part: slice) -> Floats:
        """Weight of each node for rows of the data: shape (rows, cells)."""
        a, b = (_axis_weights(axis, term, part) for axis, term in zip(self.axes, (self.left, self.right), strict=True))
        return (a[:, :, None] * b[:, None, :]).reshape(len(a), -1)

    def centre(self, weight: Floats) -> None:
        """Take the weighted mean over the training rows as each product's zero."""
        total = np.zeros(len(self.nodes))
        for start in range(0, len(weight), 65_536):
            part = slice(start, start + 65_536)
            total += weight[part] @ self.grid_rows(part)
        self.mean = total / weight.sum()

    def centred(self, part: slice) -> Floats:
        """Columns of the design: shape (rows, m)."""
        centred: Floats = (self.grid_rows(part) - self.mean) @ self.nodes
        return centred


def make_pairs(wanted: Any, design: TermDesign, found: Fit, rows: Rows) -> tuple[PairTerm, ...]:
    """Make the pairs that were asked for, or that the residuals of a fit without pairs show.

    Parameters
    ----------
    wanted : "auto" or sequence of (str, str)
    design : TermDesign
        Of the fit without pairs.
    found : Fit
    rows : Rows

    Returns
    -------
    tuple of PairTerm

    Raises
    ------
    TrainingError
        If "auto" is asked of fewer than 5,000 rows, or a pair names no factor.
    ValueError
        If `wanted` is something else.
    """
    terms = {term.factor: term for term in design.terms}
    if isinstance(wanted, str):
        if wanted != "auto":
            raise ValueError(f"pairs must be None, 'auto' or a list of pairs of factors, got {wanted!r}")
        if rows.weight.sum() < FEWEST_ROWS:
            raise TrainingError("training_pairs_few", needed=FEWEST_ROWS, rows=int(rows.weight.sum()))
        named = promising_pairs(design, found, rows)
    else:
        named = [(str(a), str(b)) for a, b in wanted]
        for a, b in named:
            if a not in terms or b not in terms or a == b:
                raise TrainingError("training_pair_unknown", pair=f"{a}, {b}", columns=", ".join(list(terms)[:12]))
    return tuple(_pair(terms[a], terms[b], rows.weight) for a, b in named)


def promising_pairs(design: TermDesign, found: Fit, rows: Rows) -> list[tuple[str, str]]:
    """Find pairs whose table of residuals is rougher than chance allows.

    Per cell of two factors' bins, R is the sum of residuals and V of variances. What rows and columns of the table have in
    common is the curves' business and is taken out. Half of ``sum R^2 / (V + 4)``, less what chance gives, is the gain in
    nats that a surface promises.

    Parameters
    ----------
    design : TermDesign
    found : Fit
        Without pairs.
    rows : Rows

    Returns
    -------
    list of (str, str)
        At most 24, the most promising first; a gain of 10 nats and 4 standard deviations at least.
    """
    p = expit(design.predict(found.beta))
    residual, variance = rows.weight * (rows.y - p), rows.weight * p * (1 - p)
    binned = [_binned(term, rows.weight) for term in design.terms]
    promised = []
    for (i, a), (j, b) in combinations(enumerate(binned), 2):
        cell = a[0] * b[1] + b[0]
        cells = a[1] * b[1]
        R = np.bincount(cell, weights=residual, minlength=cells)
        V = np.bincount(cell, weights=variance, minlength=cells)
        gain, z = _roughness(*(table.reshape(a[1], b[1]).astype(float) for table in (R, V)))
        if gain >= LEAST_GAIN and z >= LEAST_Z:
            promised.append((gain, design.terms[i].factor, design.terms[j].factor))
    promised.sort(key=lambda found: (-found[0], found[1], found[2]))
    return [(a, b) for _, a, b in promised[:MOST_PAIRS]]


def fitted_pairs(
    design: TermDesign,
    found: Fit,
    covariance: Floats,
    turn: Floats,
    shapes: Sequence[Shape],
    kept: Sequence[tuple[int, CovarianceBlock]],
) -> tuple[tuple[PairShape, ...], tuple[CovarianceBlock, ...]]:
    """Make surfaces of the fitted pairs, and one covariance over all shapes and cells.

    Parameters
    ----------
    design : TermDesign
    found : Fit
    covariance : ndarray, shape (k, k)
        Posterior of the fit's coefficients.
    turn : ndarray
        From the terms' coefficients to the shapes'.
    shapes : sequence of Shape
        All, those not fitted last.
    kept : sequence of (int, CovarianceBlock)
        Covariance of those not fitted.

    Returns
    -------
    pairs : tuple of PairShape
    covariance : tuple of CovarianceBlock
    """
    n_shapes = sum(s.n_coefficients for s in shapes)
    cells = sum(len(pair.nodes) for pair in design.pairs)
    terms = design.parts[-1].stop - 1
    to_model = np.zeros((n_shapes + cells, covariance.shape[0]))
    to_model[: len(turn), 1 : 1 + terms] = turn
    made, at = [], n_shapes
    for pair, part in zip(design.pairs, design.pair_parts, strict=True):
        to_model[at : at + len(pair.nodes), part] = pair.nodes
        at += len(pair.nodes)
        values = pair.nodes @ found.beta[part]
        values = values - float(pair.mean @ values)
        grid = values.reshape(pair.axes[0].size, pair.axes[1].size)
        made.append(
            PairShape(
                left=pair.axes[0],
                right=pair.axes[1],
                values=tuple(map(tuple, grid.tolist())),
                mean_row=tuple(map(float, pair.mean)),
            )
        )
    whole = to_model @ covariance @ to_model.T
    for start, block in kept:
        end = start + len(block.matrix)
        whole[start:end, start:end] += np.asarray(block.matrix)
    whole = (whole + whole.T) / 2
    return tuple(made), (CovarianceBlock(start=0, matrix=tuple(map(tuple, whole.tolist()))),)


# ---------------------------------------------------------------------- looking
def _roughness(R: Floats, V: Floats) -> tuple[float, float]:
    """Gain in nats, and in standard deviations of chance, of a table of residuals beyond its rows and columns."""
    there = V > 0
    i, j = np.nonzero(there)
    if len(i) < 4:
        return 0.0, 0.0
    margins = np.zeros((len(i), V.shape[0] + V.shape[1]))
    margins[np.arange(len(i)), i] = 1.0
    margins[np.arange(len(i)), V.shape[0] + j] = 1.0
    v, root = V[there], np.sqrt(V[there])
    common, _, rank, _ = np.linalg.lstsq(margins * root[:, None], R[there] / root, rcond=None)
    rest = R[there] - v * (margins @ common)
    share = v / (v + _SHRUNK)
    left = 1 - int(rank) / len(i)
    if left <= 0:
        return 0.0, 0.0
    excess = float((rest**2 / (v + _SHRUNK)).sum() - left * share.sum())
    return excess / 2, excess / float(np.sqrt(2 * left * (share**2).sum()))


def _binned(term: Term, weight: Floats) -> tuple[npt.NDArray[np.int64], int]:
    """Bin of each row, unknown last, and the number of bins."""
    column = term.column
    if isinstance(column, Words):
        held = np.bincount(column.codes[column.codes >= 0], minlength=len(column.levels))
        place = np.full(len(column.levels) + 1, min(len(column.levels), _LEVELS))
        largest = np.argsort(-held, kind="stable")[:_LEVELS]
        place[largest] = np.arange(len(largest))
        return place[column.codes].astype(np.int64), min(len(column.levels), _LEVELS) + 1
    known = ~column.unknown
    x = column.values
    if not known.any():
        return np.zeros(len(x), dtype=np.int64), 1
    edges = np.unique(weighted_quantiles(x[known], weight[known], np.linspace(0, 1, _BINS + 1)[1:-1]))
    place = np.where(known, np.searchsorted(edges, np.where(known, x, edges[0]), side="left"), len(edges) + 1)
    return place.astype(np.int64), len(edges) + 2


# ---------------------------------------------------------------------- building
def _pair(left: Term, right: Term, weight: Floats) -> PairTerm:
    axes = _axis(left, weight), _axis(right, weight)
    (ramps_a, hats_a), (ramps_b, hats_b) = (
        _functions(axis, term) for axis, term in zip(axes, (left, right), strict=True)
    )
    if left.direction and right.direction:
        columns = [np.outer(u, v) for u in ramps_a.T for v in ramps_b.T]
        columns += [_either(u, v) for u in ramps_a.T for v in ramps_b.T]
        bound = [True] * len(columns)
    elif left.direction or right.direction:
        a, b = (ramps_a, hats_b) if left.direction else (hats_a, ramps_b)
        columns = [np.outer(u, v) for u in a.T for v in b.T]
        bound = [True] * len(columns)
    else:
        columns = [np.outer(u, v) for u in hats_a.T for v in hats_b.T]
        bound = [False] * len(columns)
    n_both = len(columns)
    for functions, unknown, directed, first in (
        (ramps_a, _only_unknown(axes[1]), left.direction, True),
        (ramps_b, _only_unknown(axes[0]), right.direction, False),
    ):
        for u in functions.T:
            columns.append(np.outer(u, unknown) if first else np.outer(unknown, u))
            bound.append(bool(directed))
    nodes = np.column_stack([c.ravel() for c in columns])
    used = nodes.any(axis=0)
    products = bool(left.direction and right.direction)
    variance = np.full(len(columns), _TOTAL**2 / SEGMENTS)
    variance[:n_both] = _TOTAL**2 / n_both if products else (_TOTAL * LEVEL_TAU) ** 2 / 2
    return PairTerm(
        left=left,
        right=right,
        axes=axes,
        nodes=nodes[:, used],
        lower=np.where(bound, 0.0, -np.inf)[used],
        spread=np.diag(variance[used]),
        mean=np.zeros(len(nodes)),
    )


def _axis(term: Term, weight: Floats) -> PairAxis:
    column = term.column
    if isinstance(column, Words):
        return PairAxis(factor=term.factor, levels=column.levels)
    used = ~column.unknown & (weight > 0)
    distinct = np.unique(column.values[used])
    if len(distinct) > SEGMENTS + 1:
        shares = np.linspace(0, 1, SEGMENTS + 1)
        shares[0], shares[-1] = ENDS, 1 - ENDS
        spread = np.unique(weighted_quantiles(column.values[used], weight[used], shares))
        distinct = spread if len(spread) > 1 else distinct[[0, -1]]
    if len(distinct) < 2:
        start = float(distinct[0]) if len(distinct) else 0.0
        distinct = np.array([start, start + 1.0])
    return PairAxis(factor=term.factor, knots=tuple(map(float, distinct)))


def _functions(axis: PairAxis, term: Term) -> tuple[Floats, Floats]:
    """Ramps (rising with the risk) and hats of an axis, at its nodes: shapes (size, k); 0 at "unknown"."""
    n = axis.size - 1
    hats = np.vstack([np.eye(n), np.zeros(n)])
    if axis.levels:
        return hats, hats
    ramps = np.vstack([np.tril(np.ones((n, n)))[:, 1:], np.zeros(n - 1)])  # at node i the steps before it are climbed
    if term.direction < 0:
        ramps[:-1] = 1 - ramps[:-1]
    return ramps, hats


def _either(u: Floats, v: Floats) -> Floats:
    """One or the other: 1 - (1 - u)(1 - v) where both are known, 0 elsewhere."""
    out = 1 - np.outer(1 - u, 1 - v)
    out[-1, :] = 0.0
    out[:, -1] = 0.0
    return out


def _only_unknown(axis: PairAxis) -> Floats:
    out = np.zeros(axis.size)
    out[-1] = 1.0
    return out


def _axis_weights(axis: PairAxis, term: Term, part: slice) -> Floats:
    column = term.column
    if isinstance(column, Words):
        table = np.eye(axis.size)
        weights: Floats = table[column.codes[part]]
        return weights
    return axis.weights(column.values[part])
