"""From a fit to the artefact: coefficients become shapes, the posterior becomes its covariance."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from pumpurs_risk.model.additive import AdditiveModel
from pumpurs_risk.model.pairs import PairShape
from pumpurs_risk.model.parts import CovarianceBlock, SchoolLevels
from pumpurs_risk.model.shapes import Floats, Levels, PiecewiseLinear, Shape
from pumpurs_risk.training.fit.columns import Words
from pumpurs_risk.training.fit.design import TermDesign
from pumpurs_risk.training.fit.posterior import Fit
from pumpurs_risk.training.fit.terms import Term, step_values, whole_covariance
from pumpurs_risk.training.information import FactorInfo


def fitted_shapes(design: TermDesign, fit: Fit, covariance: Floats, weight: Floats) -> tuple[Shape, ...]:
    """Make a shape of every term, centred on the training rows.

    Parameters
    ----------
    design : TermDesign
    fit : Fit
    covariance : ndarray, shape (k, k)
        Posterior of all coefficients.
    weight : ndarray, shape (n,)
        Of the rows.

    Returns
    -------
    tuple of Shape
    """
    shapes: list[Shape] = []
    for j, term in enumerate(design.terms):
        d = term.sign * fit.beta[design.parts[j]]
        heights = step_values(term, d)
        heights = heights - float(design.mean_rows[j] @ d)
        at = design.unknown_at[j]
        unknown = float(fit.beta[at]) if at is not None else term.unknown_mean
        learned = float(covariance[at, at]) if at is not None else 0.0
        shapes.append(_shape(term, heights, unknown, learned, design.mean_rows[j], weight))
    return tuple(shapes)


def shape_transform(terms: Sequence[Term]) -> Floats:
    """Matrix that takes the fit's coefficients of terms to those of their shapes.

    Parameters
    ----------
    terms : sequence of Term

    Returns
    -------
    ndarray, shape (coefficients of shapes, coefficients of terms)
        Signs turned back; a step between two levels becomes two levels.
    """
    blocks = []
    for term in terms:
        k = term.column.n_columns
        two = isinstance(term.column, Words) and term.column.as_step
        blocks.append(term.sign * (np.array([[0.0], [1.0]]) if two else np.eye(k)))
    rows, columns = sum(b.shape[0] for b in blocks), sum(b.shape[1] for b in blocks)
    out = np.zeros((rows, columns))
    r = c = 0
    for block in blocks:
        out[r : r + block.shape[0], c : c + block.shape[1]] = block
        r, c = r + block.shape[0], c + block.shape[1]
    return out


def covariance_blocks(
    shapes: Sequence[Shape], fitted: Floats, kept: Sequence[tuple[int, CovarianceBlock]]
) -> tuple[CovarianceBlock, ...]:
    """Lay the posterior of the fitted shapes first, then what is kept of the prior's.

    Parameters
    ----------
    shapes : sequence of Shape
        The fitted ones.
    fitted : ndarray, shape (m, m)
        Covariance of their coefficients.
    kept : sequence of (int, CovarianceBlock)
        New start and block of shapes that were not fitted.

    Returns
    -------
    tuple of CovarianceBlock
    """
    blocks = [CovarianceBlock(start=0, matrix=_rows(fitted))] if len(fitted) else []
    return (*blocks, *(msgspec.structs.replace(block, start=start) for start, block in kept))


def kept_of_prior(
    prior: AdditiveModel | None, fitted: Sequence[str], start: int
) -> tuple[tuple[Shape, ...], list[tuple[int, CovarianceBlock]]]:
    """Shapes of the prior that these data say nothing about, and their covariance.

    A construct that was learned about no longer has prior shares: what is not recorded of it must not carry it alone later.

    Parameters
    ----------
    prior : AdditiveModel, optional
    fitted : sequence of str
        Factors that were fitted.
    start : int
        Number of coefficients before them.

    Returns
    -------
    shapes : tuple of Shape
    blocks : list of (int, CovarianceBlock)
    """
    if prior is None:
        return (), []
    done = set(fitted)
    learned = {s.construct for s in prior.shapes if s.factor in done}
    ends = np.cumsum([s.n_coefficients for s in prior.shapes])
    whole = whole_covariance(prior)
    shapes: list[Shape] = []
    blocks = []
    for shape, end in zip(prior.shapes, ends, strict=True):
        if shape.factor in done:
            continue
        part = slice(int(end) - shape.n_coefficients, int(end))
        share = None if shape.construct in learned else shape.prior_share
        shapes.append(msgspec.structs.replace(shape, prior_share=share))
        if whole[part, part].any():
            blocks.append((start, CovarianceBlock(start=start, matrix=_rows(whole[part, part]))))
        start += shape.n_coefficients
    return tuple(shapes), blocks


def kept_pair_blocks(prior: AdditiveModel, kept: Sequence[PairShape], start: int) -> tuple[CovarianceBlock, ...]:
    """Covariance of the prior's pairs that go on as they are, laid from `start` on, pair by pair.

    Parameters
    ----------
    prior : AdditiveModel
    kept : sequence of PairShape
    start : int
        Number of coefficients before them.

    Returns
    -------
    tuple of CovarianceBlock
    """
    whole = whole_covariance(prior)
    at = sum(shape.n_coefficients for shape in prior.shapes)
    blocks = []
    for pair in prior.pairs:
        part = slice(at, at + pair.n_coefficients)
        at = part.stop
        if pair in kept:
            if whole[part, part].any():
                blocks.append(CovarianceBlock(start=start, matrix=_rows(whole[part, part])))
            start += pair.n_coefficients
    return tuple(blocks)


def school_levels(fit: Fit, schools: Sequence[str], part: slice, covariance: Floats) -> SchoolLevels | None:
    """Levels of the schools, by id; None if there are none."""
    if not len(schools):
        return None
    variances = np.diag(covariance)[part]
    return SchoolLevels(
        sd=fit.widths.school_sd,
        levels={school: float(v) for school, v in zip(schools, fit.beta[part], strict=True)},
        variances={school: float(v) for school, v in zip(schools, variances, strict=True)},
    )


def likelihood_information(
    design: TermDesign, fit: Fit, shapes: Sequence[Shape], pupils: Sequence[tuple[int, ...]]
) -> tuple[tuple[FactorInfo, ...], Floats, Floats, Floats]:
    """Information, score and mode over the shapes' coefficients, everything else profiled out.

    Parameters
    ----------
    design : TermDesign
    fit : Fit
    shapes : sequence of Shape
        As `fitted_shapes` gives them.
    pupils : sequence of tuple of int
        Distinct pupils behind each coefficient, as `FactorInfo.pupils`.

    Returns
    -------
    factors : tuple of FactorInfo
    matrix, score, mode : ndarray
    """
    k = design.parts[-1].stop if design.parts else 1
    keep = np.arange(1, k)
    rest = np.concatenate([[0], np.arange(k, design.n_coefficients)]).astype(int)
    G = fit.information
    cross = G[np.ix_(keep, rest)]
    inner = G[np.ix_(rest, rest)] + fit.precision[np.ix_(rest, rest)]
    inner[0, 0] = G[0, 0]  # the level is each place's own: profiled out without its prior
    matrix = G[np.ix_(keep, keep)] - cross @ np.linalg.solve(inner, cross.T)
    pull = np.zeros(len(rest))
    pull[0] = fit.score[0]  # what the level's own prior holds back
    turn = _to_levels(design.terms)
    matrix = turn @ ((matrix + matrix.T) / 2) @ turn.T
    score = turn @ (fit.score[keep] - cross @ np.linalg.solve(inner, pull))
    mode = shape_transform(design.terms) @ fit.beta[keep]
    factors = tuple(
        FactorInfo(
            factor=term.factor,
            version=term.version,
            construct=term.construct,
            direction=term.direction,
            knots=shape.knots if isinstance(shape, PiecewiseLinear) else (),
            levels=shape.levels if isinstance(shape, Levels) else (),
            mean_row=shape.mean_row,
            variance=shape.variance,
            known=float(known),
            pupils=held,
        )
        for term, shape, known, held in zip(design.terms, shapes, design.known, pupils, strict=True)
    )
    return factors, matrix, score, mode


def _to_levels(terms: Sequence[Term]) -> Floats:
    """Information of a step between two levels, spread over the two: what one gains the other loses."""
    out = shape_transform(terms)
    r = 0
    for term in terms:
        if isinstance(term.column, Words) and term.column.as_step:
            c = int(np.flatnonzero(out[r + 1])[0])
            out[r, c] = -out[r + 1, c]
            r += 2
        else:
            r += term.column.n_columns
    return out


def _shape(
    term: Term, heights: Floats, unknown: float, unknown_variance: float, mean_row: Floats, weight: Floats
) -> Shape:
    column = term.column
    if isinstance(column, Words):
        row = np.array([1 - mean_row[0], mean_row[0]]) if column.as_step else mean_row
        held = column.codes >= 0
        counts: Floats = np.bincount(column.codes[held], weights=weight[held], minlength=len(column.levels)).astype(
            float
        )
        return Levels(
            factor=term.factor,
            version=term.version,
            construct=term.construct,
            levels=column.levels,
            values=_floats(heights),
            unknown=unknown,
            mean_row=_floats(row),
            variance=_variance(heights, counts),
            unknown_variance=unknown_variance,
        )
    known = ~column.unknown & (weight > 0)
    f = np.interp(column.values[known], column.knots, heights)
    return PiecewiseLinear(
        factor=term.factor,
        version=term.version,
        construct=term.construct,
        direction=-1 if term.direction < 0 else 1 if term.direction > 0 else 0,
        knots=column.knots,
        values=_in_order(heights, term.direction),
        unknown=unknown,
        mean_row=_floats(mean_row),
        variance=_variance(f, weight[known]),
        unknown_variance=unknown_variance,
    )


def _in_order(heights: Floats, direction: int) -> tuple[float, ...]:
    """Take away the last bit by which a sum of steps that are 0 may go the wrong way."""
    if direction > 0:
        heights = np.maximum.accumulate(heights)
    elif direction < 0:
        heights = np.minimum.accumulate(heights)
    return _floats(heights)


def _variance(values: Floats, weight: Floats) -> float:
    total = float(weight.sum())
    if total <= 0:
        return 0.0
    mean = float(weight @ values) / total
    return float(weight @ (values - mean) ** 2) / total


def _floats(values: Floats) -> tuple[float, ...]:
    return tuple(float(v) for v in values)


def _rows(matrix: Floats) -> tuple[tuple[float, ...], ...]:
    return tuple(map(tuple, ((matrix + matrix.T) / 2).tolist()))


__all__ = [
    "covariance_blocks",
    "fitted_shapes",
    "kept_of_prior",
    "kept_pair_blocks",
    "likelihood_information",
    "school_levels",
    "shape_transform",
]
