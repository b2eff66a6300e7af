"""Small pictures of a model's shapes: one curve or row of levels each, with its posterior band and the unknown."""

from __future__ import annotations

from math import exp, log
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from pumpurs_risk.locale import text
from pumpurs_risk.model.shapes import Levels, PiecewiseLinear
from pumpurs_risk.reports.chart import GREY, ORANGE, Chart
from pumpurs_risk.reports.factor_words import factor_name, factor_unit, factor_value, level_name, odds_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.model.additive import AdditiveModel
    from pumpurs_risk.model.shapes import Floats, Shape

CERTAINTY = 0.9
"""Posterior probability of a band."""
_REACH = NormalDist().inv_cdf(0.5 + CERTAINTY / 2)
_FEW = 7
"""Levels that find room in a small picture."""
_LEAST, _MOST = log(1.6), log(12.0)
"""How far the axis of odds reaches at least and at most, so that small effects look small and one large one hides none."""


def importance(model: AdditiveModel) -> dict[str, float]:
    """Sd of each factor's shape over the pupils that the model speaks of, the greatest first."""
    spread = {shape.factor: float(np.sqrt(shape.variance)) for shape in model.shapes}
    return dict(sorted(spread.items(), key=lambda each: (-each[1], each[0])))


def band_sd(model: AdditiveModel, shape: Shape, basis: Floats) -> Floats:
    """Posterior sd of a shape at some of its values, against the average pupil: basis rows (n, K) to (n,)."""
    start = 0
    for other in model.shapes:
        if other is shape:
            break
        start += other.n_coefficients
    for block in model.covariance:
        inside = start - block.start
        if inside >= 0 and inside + shape.n_coefficients <= len(block.matrix):
            part = slice(inside, inside + shape.n_coefficients)
            away = basis - np.asarray(shape.mean_row)
            variance: Floats = np.einsum("ij,jk,ik->i", away, np.asarray(block.matrix)[part, part], away)
            return np.asarray(np.sqrt(np.maximum(variance, 0.0)), np.float64)
    return np.zeros(len(basis))


class ShapePictures:
    """Pictures of one model, all with the same axis of odds.

    Parameters
    ----------
    model : AdditiveModel
        Whose shapes are drawn; its curves for two years are drawn beside them.
    catalogue : Catalogue
        Names and units.
    lang : {"lv", "en"}
        The reader's language.
    """

    def __init__(self, model: AdditiveModel, catalogue: Catalogue, lang: str) -> None:
        self.model, self.catalogue, self.lang = model, catalogue, lang
        self.later: dict[str, Shape] = {} if model.two_years is None else {s.factor: s for s in model.two_years.shapes}
        self.y = _reach_of([s for s in [*model.shapes, *self.later.values()] if not self.is_wide(s)])

    def is_wide(self, shape: Shape) -> bool:
        """Whether a shape has too many levels for a small picture; it then has an axis of odds of its own."""
        return isinstance(shape, Levels) and len(shape.levels) > _FEW

    def picture(self, shape: Shape) -> str:
        """Draw one shape."""
        return self._curve(shape) if isinstance(shape, PiecewiseLinear) else self._levels(shape)

    def caption(self, shape: Shape) -> str:
        """Name, unit, direction, and what "not recorded" counts as."""
        name = factor_name(shape.factor, self.catalogue, self.lang)
        unit = factor_unit(shape.factor, self.catalogue, self.lang)
        arrow = {1: "↑ ", -1: "↓ "}.get(shape.direction, "")
        unknown = text("explain_model.shapes.unknown", self.lang, times=odds_text(shape.unknown, self.lang))
        said = f"{arrow}{name[:1].upper()}{name[1:]}{', ' + unit if unit else ''} ({unknown})"
        training = self.model.training
        if training is not None and shape.factor in training.freed:
            said += " " + text("explain_model.shapes.freed", self.lang)
        if training is not None and shape.factor in training.protected:
            said += " " + text("explain_model.shapes.protected", self.lang)
        return said

    def description(self, shape: Shape) -> str:
        """What can be seen in the picture, in a sentence."""
        if isinstance(shape, PiecewiseLinear):
            return text(
                "explain_model.shapes.says", self.lang, first=self._value(shape, shape.knots[0]),
                last=self._value(shape, shape.knots[-1]), low=odds_text(shape.values[0], self.lang),
                high=odds_text(shape.values[-1], self.lang),
            )  # fmt: skip
        low, high = int(np.argmin(shape.values)), int(np.argmax(shape.values))
        return text(
            "explain_model.shapes.says_levels", self.lang, low=odds_text(shape.values[low], self.lang),
            low_level=level_name(shape.levels[low], self.lang), high=odds_text(shape.values[high], self.lang),
            high_level=level_name(shape.levels[high], self.lang),
        )  # fmt: skip

    def _chart(self, shape: Shape, x: tuple[float, float], ticks: list[float], said: Any, **size: Any) -> Chart:
        y = _reach_of([shape]) if self.is_wide(shape) else self.y
        marks = [t for t in map(log, (0.1, 0.25, 0.5, 1, 2, 4, 10)) if y[0] <= t <= y[1]]
        return Chart(
            x, y, title=factor_name(shape.factor, self.catalogue, self.lang), description=self.description(shape),
            x_ticks=ticks, x_format=said, y_ticks=marks, y_format=lambda t: odds_text(t, self.lang), **size,
        )  # fmt: skip

    def _curve(self, shape: PiecewiseLinear) -> str:
        knots = np.asarray(shape.knots)
        first, last = float(knots[0]), float(knots[-1])
        edge = last + 0.13 * (last - first)
        middle = float(knots[len(knots) // 2]) if len(knots) > 4 else None
        ticks = [first, last] if middle is None else [first, middle, last]
        if middle is not None and not 0.3 < (middle - first) / (last - first) < 0.7:
            ticks = [first, last]
        chart = self._chart(shape, (first, edge), ticks, lambda v: self._value(shape, v), width=150, height=102, font=9)
        chart.line([first, last], [0.0, 0.0], colour=GREY, width=0.8)
        x = np.unique(np.concatenate([knots, np.linspace(first, last, 33)]))
        y, sd = shape.evaluate(x), band_sd(self.model, shape, shape.basis(x))
        chart.band(x.tolist(), (y - _REACH * sd).tolist(), (y + _REACH * sd).tolist())
        later = self.later.get(shape.factor)
        if isinstance(later, PiecewiseLinear):
            chart.line(x.tolist(), later.evaluate(x).tolist(), colour=ORANGE, width=1.2)
        chart.line(x.tolist(), y.tolist(), width=1.8)
        chart.points([edge - 0.03 * (last - first)], [shape.unknown], colour=GREY, radius=2.6)
        return chart.svg()

    def _levels(self, shape: Levels) -> str:
        n = len(shape.levels)
        at = np.arange(n, dtype=float)
        words = {float(i): level_name(level, self.lang) for i, level in enumerate(shape.levels)}
        wide = self.is_wide(shape)
        size = {"width": 700, "height": 175, "font": 10} if wide else {"width": 150, "height": 102, "font": 9}
        chart = self._chart(
            shape, (-0.6, n + 0.4), [float(i) for i in range(n)], words.__getitem__, upright=wide, **size
        )
        chart.line([-0.6, n - 0.4], [0.0, 0.0], colour=GREY, width=0.8)
        y, sd = np.asarray(shape.values), band_sd(self.model, shape, np.eye(n))
        chart.points(at.tolist(), y.tolist(), (y - _REACH * sd).tolist(), (y + _REACH * sd).tolist(), radius=2.6)
        later = self.later.get(shape.factor)
        if isinstance(later, Levels):
            by_level = dict(zip(later.levels, later.values, strict=True))
            there = [i for i, level in enumerate(shape.levels) if level in by_level]
            chart.points([i + 0.22 for i in there], [by_level[shape.levels[i]] for i in there], colour=ORANGE, radius=2)
        chart.points([n + 0.1], [shape.unknown], colour=GREY, radius=2.6)
        return chart.svg()

    def _value(self, shape: Shape, value: float) -> str:
        return factor_value(value, shape.factor, self.catalogue, self.lang)


def odds_reach(log_odds_sd: float) -> float:
    """How many times the odds may be greater or smaller, at the certainty of the bands."""
    return exp(_REACH * log_odds_sd)


def _reach_of(shapes: Sequence[Shape]) -> tuple[float, float]:
    """Ends of the axis of odds for these shapes."""
    seen = np.array([0.0, *(value for shape in shapes for value in (*shape.values, shape.unknown))])
    low, high = float(seen.min()), float(seen.max())
    return -min(max(-low, _LEAST), _MOST), min(max(1.25 * high, _LEAST), _MOST)
