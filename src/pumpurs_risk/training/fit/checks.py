"""What a person should know of a fit: directions that the data contradict, a prior that does not fit them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import chi2

from pumpurs_risk.errors import DirectionWarning, LeakWarning, PriorConflictWarning
from pumpurs_risk.model.shapes import Floats
from pumpurs_risk.training.fit.columns import Numbers
from pumpurs_risk.training.fit.gaussian import USUAL_WIDTH, GaussianPrior, Quadratic, Widths
from pumpurs_risk.training.fit.posterior import WIDTH_NEEDS, Fit
from pumpurs_risk.training.fit.quadratic import Mask
from pumpurs_risk.training.fit.terms import step_values
from pumpurs_risk.training.likelihood import Rows

if TYPE_CHECKING:
    from pumpurs_risk.model import AdditiveModel
    from pumpurs_risk.training.fit.design import TermDesign

CONTRADICTED = 4.0
"""Pull against a declared direction, in standard deviations, from which the data contradict it; right ones stayed below 2.1."""
UNLIKELY = 0.01
"""Probability of data this far from the prior, were the prior right, below which it is doubted."""
NATS = 3.0
"""By how much a prior that knows nothing must explain the data better, at the usual width, for the same doubt."""
_NAMED = 3  # factors that a warning names
TOO_GOOD = 0.98
"""AUROC of one factor alone that nothing known on the day comes near."""
TELLTALE = 0.9
"""AUROC of whether a factor is recorded at all."""
_LOOKED_AT = 3  # factors, those of the widest shapes: one that gives the outcome away is among them


@dataclass(frozen=True)
class Conflict:
    """How a prior and the data get on.

    Parameters
    ----------
    nats : float
        By how much a prior that knows nothing explains the data better, at the usual width; negative: worse.
    p : float
        Probability of data at least this far from the prior, were it right.
    factors : tuple of str
        Those that lie furthest from it, if the whole does.
    """

    nats: float = 0.0
    p: float = 1.0
    factors: tuple[str, ...] = ()


def contradicted_directions(design: TermDesign, found: Fit) -> str | None:
    """Name the factor whose direction the data contradict most clearly, and warn; None if there is none.

    ``z = sqrt(g_B' S^-1 g_B)``: the gradient on the factor's bound increments, in the metric of the Schur complement of the
    Hessian given the free coefficients.

    Parameters
    ----------
    design : TermDesign
    found : Fit

    Returns
    -------
    str or None
        Factor id.
    """
    A = found.curvature
    free = np.flatnonzero(found.free)
    worst, at = CONTRADICTED, None
    for term, part in zip(design.terms, design.parts, strict=True):
        if not term.direction:
            continue
        bound = np.arange(part.start, part.stop)[~found.free[part]]
        if not len(bound):
            continue
        cross = A[np.ix_(bound, free)]
        S = A[np.ix_(bound, bound)] - cross @ np.linalg.solve(A[np.ix_(free, free)], cross.T)
        g = found.gradient[bound]
        z = float(np.sqrt(max(0.0, float(g @ np.linalg.solve(S, g)))))
        if z > worst:
            worst, at = z, term.factor
    if at is not None:
        warnings.warn(
            f"The data contradict the declared direction of {at!r} (z = {worst:.1f}): it was fitted without a direction. Ask "
            "how it is counted; pupils who have left stop collecting absences, for example.",
            DirectionWarning,
            stacklevel=5,
        )
    return at


def telling_factors(design: TermDesign, found: Fit, rows: Rows, leavers: float) -> tuple[str, ...]:
    """Name factors that alone tell who left almost without error, and warn: an outcome copied into a factor looks so.

    Parameters
    ----------
    design : TermDesign
    found : Fit
    rows : Rows
    leavers : float
        Below 10, chance does the same.

    Returns
    -------
    tuple of str
    """
    stayed = float(rows.weight @ (1 - rows.y))
    if leavers < WIDTH_NEEDS or stayed < WIDTH_NEEDS:
        return ()
    added = []
    for j, (term, part) in enumerate(zip(design.terms, design.parts, strict=True)):
        d = term.sign * found.beta[part]
        at = design.unknown_at[j]
        unknown = float(design.mean_rows[j] @ d) + (float(found.beta[at]) if at is not None else 0.0)
        f = np.where(design.missing[j], unknown, term.column.at(step_values(term, d)))
        added.append((float(np.cov(f, aweights=rows.weight)), j, f))
    added.sort(key=lambda one: -one[0])
    telling = tuple(
        design.terms[j].factor for _, j, f in added[:_LOOKED_AT] if _auroc(rows.y, f, rows.weight) > TOO_GOOD
    )
    for term, missing in zip(design.terms, design.missing, strict=True):  # recorded, or not, of those who left alone
        told = _auroc(rows.y, missing.astype(float), rows.weight)
        if max(told, 1 - told) > TELLTALE and term.factor not in telling:
            telling = (*telling, term.factor)
    for factor in telling:
        warnings.warn(
            f"The factor {factor!r}, or whether it is recorded, alone tells who left almost without error. Ask how that can be "
            "known on the day of the list; "
            "what is only known afterwards does not belong into a training.",
            LeakWarning,
            stacklevel=6,
        )
    return telling


def _auroc(y: Floats, score: Floats, weight: Floats) -> float:
    """Weighted chance that a leaver scores higher than one who stayed; ties count half."""
    _, place = np.unique(score, return_inverse=True)
    left = np.bincount(place, weights=weight * y)
    stayed = np.bincount(place, weights=weight * (1 - y))
    below = np.cumsum(stayed) - stayed / 2
    return float(left @ below / (left.sum() * stayed.sum()))


def prior_conflict(
    design: TermDesign, found: Fit, gaussian: GaussianPrior, leavers: float, prior: AdditiveModel | None
) -> Conflict:
    """Ask whether data like these could have been expected of the prior, and warn if hardly.

    Box's prior predictive check (J. R. Stat. Soc. A 143, 1980) on the total effects, at the usual width: where the prior is
    right, the posterior mean moves from the prior's with covariance P - V, so ``e' (P - V)^+ e`` is chi-squared. Beside it
    stands the evidence of the same prior without a mean.

    Parameters
    ----------
    design : TermDesign
    found : Fit
    gaussian : GaussianPrior
    leavers : float
        Below 10 nothing can be said.
    prior : AdditiveModel, optional

    Returns
    -------
    Conflict
    """
    if prior is None or leavers < WIDTH_NEEDS or not design.terms:
        return Conflict()
    widths = Widths(USUAL_WIDTH, np.ones(len(gaussian.blocks)), found.widths.school_sd)
    terms = slice(1, design.parts[-1].stop)
    flat = replace(gaussian, mean=np.where(_within(terms, len(gaussian.mean)), 0.0, gaussian.mean), _inverses=[])
    quadratic = found.expansion()
    nats = quadratic.evidence(flat, quadratic.mode(flat, widths)) - quadratic.evidence(
        gaussian, quadratic.mode(gaussian, widths)
    )
    p, by_factor = _prior_predictive(design, quadratic, gaussian, widths, terms)
    if nats <= NATS and p >= UNLIKELY:
        return Conflict(nats, p)
    furthest = [factor for factor, own in sorted(by_factor.items(), key=lambda pair: pair[1]) if own < UNLIKELY]
    conflict = Conflict(nats, p, tuple(furthest[:_NAMED] or sorted(by_factor, key=by_factor.__getitem__)[:1]))
    warnings.warn(_words(prior.name, conflict), PriorConflictWarning, stacklevel=6)
    return conflict


def _prior_predictive(
    design: TermDesign, quadratic: Quadratic, gaussian: GaussianPrior, widths: Widths, terms: slice
) -> tuple[float, dict[str, float]]:
    """Probability of the data's distance from the prior, in all and factor by factor."""
    precision = gaussian.precision(widths)
    V = np.linalg.inv(quadratic.information + precision)
    gradient = quadratic.score + quadratic.information @ (quadratic.centre - gaussian.mean)
    moved = (V @ gradient)[terms]
    spread = np.linalg.inv(precision[terms, terms]) - V[terms, terms]
    rows, of = [], []
    for term, part in zip(design.terms, design.parts, strict=True):
        own = (
            np.zeros((1, len(moved)))
            if isinstance(term.column, Numbers)
            else np.zeros((term.column.n_columns, len(moved)))
        )
        at = np.arange(part.start - 1, part.stop - 1)
        own[0 if len(own) == 1 else np.arange(len(own)), at] = 1.0  # a curve's total effect; every level by itself
        rows.append(own)
        of += [term.factor] * len(own)
    L = np.vstack(rows)
    effect, covariance = L @ moved, L @ spread @ L.T
    names = np.array(of)
    by_factor = {f: _tail(effect[names == f], covariance[np.ix_(names == f, names == f)]) for f in dict.fromkeys(of)}
    return _tail(effect, covariance), by_factor


def _tail(effect: Floats, covariance: Floats) -> float:
    """Chi-squared tail of an effect; directions of which the data say nothing do not count."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    told = values > 1e-4 * USUAL_WIDTH**2
    if not told.any():
        return 1.0
    along = vectors[:, told].T @ effect
    return float(chi2.sf(float((along**2 / values[told]).sum()), int(told.sum())))


def _within(part: slice, n: int) -> Mask:
    inside = np.zeros(n, bool)
    inside[part] = True
    return inside


def _words(name: str, conflict: Conflict) -> str:
    said = [f"The data contradict the prior {name!r}: data this far from it have a probability of {conflict.p:.2g}"]
    if conflict.nats > NATS:
        said[0] += f", and a prior that knows nothing explains them better by {conflict.nats:.1f} nats"
    said[0] += "."
    said.append(f"Furthest from it: {', '.join(conflict.factors)}.")
    said.append("Check how these factors are counted here and what 0 means; or train with prior=None.")
    return " ".join(said)
