"""The literature prior: published odds ratios, damped and split over a construct's factors, as an AdditiveModel.

Nothing here is fitted. The curve of a factor is 0 up to its contrast's low point, ``share x 0.6 x log(odds ratio of the
construct)`` at the high point, 1.5 times that at the extreme one, straight between and flat beyond, centred on what is typical.
Run ``python -m pumpurs_risk.training.prior`` to write ``models/literature-prior/`` again from the catalogue.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pumpurs_risk.model.additive import AdditiveModel, CovarianceBlock, Provenance, RateRange, logit
from pumpurs_risk.model.shapes import Floats, Levels, PiecewiseLinear, Shape

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue, RiskFactor
    from pumpurs_risk.catalogue.entries import Typical

DAMPING = 0.6
"""Published odds ratios are mostly univariate; joint ones are about 0.6 times as large on the log scale."""
EXTREME = 1.5
"""The curve at the contrast's extreme point, as a multiple of its value at the high point."""
WIDTH = 0.5
"""Prior sd of a numeric factor's total effect, in log-odds; three independent routes led to it."""
LEVEL_WIDTH = 0.67
"""The same per level of a factor of words, as a multiple of `WIDTH`."""
LINE = 0.8
"""Share of a curve's prior variance that lies in its straight line; the rest in deviations from it."""
BASE_VARIANCE = 1.0
"""Prior variance of the base while no local outcomes exist."""


def build_prior(catalogue: Catalogue | None = None) -> AdditiveModel:
    """Make the model that needs no outcomes: published evidence as the catalogue records it.

    Parameters
    ----------
    catalogue : Catalogue, optional
        Factors, constructs, base rates. Default: the shipped one.

    Returns
    -------
    AdditiveModel
        One shape per factor with a prior share; the others are learned from data only. With every factor unknown, its
        log-odds are logit(base rate of the programme and level).

    Examples
    --------
    >>> model = build_prior()
    >>> model.has_local_outcomes
    False
    """
    if catalogue is None:
        from pumpurs_risk.catalogue import Catalogue

        catalogue = Catalogue.load()
    shapes: list[Shape] = []
    covariance: list[CovarianceBlock] = []
    start = 0
    factors = [f for f in catalogue.factors.values() if f.prior_share > 0]  # share 0: learned from data only
    for factor in factors:
        shape = _levels(factor, catalogue) if factor.kind == "level" else _curve(factor, catalogue)
        shapes.append(shape)
        matrix = _level_covariance(shape) if isinstance(shape, Levels) else _curve_covariance(shape)
        covariance.append(CovarianceBlock(start=start, matrix=tuple(map(tuple, matrix.tolist()))))
        start += shape.n_coefficients
    mean = catalogue.national_mean
    return AdditiveModel(
        name="literature-prior",
        horizon="1y",
        base=logit(mean),
        national_mean=mean,
        features=tuple(factor.id for factor in factors),
        shapes=tuple(shapes),
        covariance=tuple(covariance),
        base_variance=BASE_VARIANCE,
        rate_range=_rate_range(catalogue),
        provenance=Provenance(
            made_by="pumpurs_risk.training.prior",
            made_from="published odds ratios and base rates, as cited in the catalogue; no pupil's data",
            population="grades 1-12 and vocational years 1-4 in Latvia, by published rates",
            intended_uses=(
                "finding pupils to talk with at the start of a semester, decided by a person",
                "preparing the draft of an individual support plan",
            ),
            forbidden_uses=(
                "discipline, admission, tracking or funding",
                "any decision about a pupil without a person",
                "ranking of schools, classes or teachers",
            ),
        ),
    )


def curve_values(factor: RiskFactor, odds_ratio: float) -> Floats:
    """Log-odds at the factor's knots, 0 up to the contrast's low point.

    Parameters
    ----------
    factor : RiskFactor
        With its knots and contrast.
    odds_ratio : float
        Of the factor's construct.

    Returns
    -------
    ndarray of float, shape (K + 1,)
        Rising for direction +1; for -1 the contrast's points fall and the curve is mirrored.
    """
    knots = np.asarray(factor.knots, float)
    if factor.contrast is None:
        return np.zeros(len(knots))
    effect = factor.prior_share * DAMPING * float(np.log(odds_ratio))
    way = -1 if factor.contrast.high < factor.contrast.low else 1
    points, heights = [factor.contrast.low, factor.contrast.high], [0.0, effect]
    if factor.contrast.extreme != factor.contrast.high:
        points.append(factor.contrast.extreme)
        heights.append(EXTREME * effect)
    values: Floats = np.interp(way * knots, way * np.asarray(points), heights)
    return values


def typical_points(typical: Typical) -> tuple[Floats, Floats]:
    """Values that an ordinary pupil may have, and their weights.

    Parameters
    ----------
    typical : Typical
        A share of "yes", shares of whole values, or five quantiles (straight between them, flat outside).

    Returns
    -------
    values, weights : ndarray of float
        Weights sum to 1.

    Examples
    --------
    >>> from pumpurs_risk.catalogue.entries import Typical
    >>> values, weights = typical_points(Typical(source="example", share=0.25))
    >>> values.tolist(), weights.tolist()
    ([0.0, 1.0], [0.75, 0.25])
    """
    if typical.share is not None:
        return np.array([0.0, 1.0]), np.array([1 - typical.share, typical.share])
    if typical.shares is not None:
        return np.arange(len(typical.shares), dtype=float), np.asarray(typical.shares, float)
    middles = (np.arange(1000) + 0.5) / 1000
    return np.interp(middles, (0.05, 0.25, 0.5, 0.75, 0.95), typical.quantiles or ()), np.full(1000, 1 / 1000)


def _curve(factor: RiskFactor, catalogue: Catalogue) -> PiecewiseLinear:
    raw = curve_values(factor, catalogue.constructs[factor.construct].odds_ratio)
    knots = np.asarray(factor.knots, float)
    values, weights = typical_points(factor.typical) if factor.typical else (knots[:1], np.ones(1))
    f = np.interp(values, knots, raw)
    mean = float(weights @ f)
    rows = np.clip((values[:, None] - knots[:-1]) / np.diff(knots), 0, 1)
    return PiecewiseLinear(
        factor=factor.id,
        version=factor.version,
        construct=factor.construct,
        direction=factor.direction,
        knots=tuple(knots.tolist()),
        values=tuple(_tidy(raw - mean)),
        unknown=0.0,
        mean_row=tuple(_tidy(weights @ rows)),
        variance=_tidy([float(weights @ (f - mean) ** 2)])[0],
        prior_share=factor.prior_share,
    )


def _levels(factor: RiskFactor, catalogue: Catalogue) -> Levels:
    rates = [catalogue.base_rate(level) for level in factor.levels]
    pupils = np.array([rate.share_of_pupils for rate in rates])
    values = np.array([logit(rate.central) - logit(catalogue.national_mean) for rate in rates])
    mean = float(pupils @ values)
    return Levels(
        factor=factor.id,
        version=factor.version,
        construct=factor.construct,
        levels=factor.levels,
        values=tuple(_tidy(values)),
        unknown=0.0,
        mean_row=tuple(_tidy(pupils)),
        variance=_tidy([float(pupils @ (values - mean) ** 2)])[0],
        prior_share=None,
    )


def _curve_covariance(shape: PiecewiseLinear) -> Floats:
    """Prior covariance of the increments: a straight line plus deviations, total sd `WIDTH` whatever K is."""
    knots = np.asarray(shape.knots)
    v = np.diff(knots) / (knots[-1] - knots[0])
    k = len(v)
    return _rounded(WIDTH**2 * ((1 - LINE) * np.eye(k) / k + LINE * np.outer(v, v)))


def _level_covariance(shape: Levels) -> Floats:
    return _rounded((WIDTH * LEVEL_WIDTH) ** 2 * np.eye(len(shape.levels)))


def _rate_range(catalogue: Catalogue) -> RateRange | None:
    level = next((f for f in catalogue.factors.values() if f.kind == "level"), None)
    if level is None:
        return None
    rates = {name: catalogue.base_rate(name) for name in level.levels}
    return RateRange(
        factor=level.id,
        low={name: _tidy([logit(r.low) - logit(r.central)])[0] for name, r in rates.items()},
        high={name: _tidy([logit(r.high) - logit(r.central)])[0] for name, r in rates.items()},
    )


def _rounded(matrix: Floats) -> Floats:
    return np.round(matrix, 10)


def _tidy(numbers: Floats | list[float]) -> list[float]:
    """Round to 12 decimals, so that the file is readable and the same on every machine; never "-0.0"."""
    return [float(v) + 0.0 for v in np.round(np.asarray(numbers, float), 12)]


def main(folder: str | None = None) -> None:
    """Write model.json and MODEL_CARD.md of the literature prior."""
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.resources import resource
    from pumpurs_risk.training.prior_card import prior_card

    target = Path(folder) if folder else resource("models", "literature-prior")
    target.mkdir(parents=True, exist_ok=True)
    catalogue = Catalogue.load()
    model = build_prior(catalogue)
    model.save(target / "model.json")
    (target / "MODEL_CARD.md").write_text(prior_card(model, catalogue), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:2])
