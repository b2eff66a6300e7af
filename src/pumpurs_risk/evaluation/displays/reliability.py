"""ReliabilityDisplay: observed shares beside estimated risks, with intervals and how many pupils have each risk."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pumpurs_risk.evaluation.displays.canvas import BLUE, GREY, LIGHT, axes_for, legend, name_of, positive
from pumpurs_risk.evaluation.figures.calibration import calibration_curve
from pumpurs_risk.evaluation.figures.ranking import rows_of
from pumpurs_risk.locale import percent, text


class ReliabilityDisplay:
    """Calibration: how many pupils left of those with each estimated risk.

    Parameters
    ----------
    curve : pandas.DataFrame
        expected, observed, lower, upper, one row per bin: from ``calibration_curve``.
    histogram : pandas.DataFrame, optional
        from, to, rows: how many rows have each risk.
    name : str, optional
        Of the model.
    level : float, default=0.95
        Of the intervals.

    Attributes
    ----------
    curve, histogram : pandas.DataFrame
    ax_, figure_ : matplotlib objects
        After ``plot``.
    line_, histogram_ax_ : matplotlib objects
        The points with their intervals; the small axes below (None without a histogram).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> p = rng.uniform(0, 0.3, 1000)
    >>> display = ReliabilityDisplay(calibration_curve(rng.random(1000) < p, p))
    >>> display.curve.shape[0]
    10
    """

    def __init__(
        self,
        curve: pd.DataFrame,
        histogram: pd.DataFrame | None = None,
        *,
        name: str | None = None,
        level: float = 0.95,
    ) -> None:
        self.curve, self.histogram, self.name, self.level = curve, histogram, name, level

    @classmethod
    def from_predictions(
        cls,
        y: Any,
        p: Any,
        *,
        sample_weight: Any = None,
        bins: int = 10,
        level: float = 0.95,
        name: str | None = None,
        ax: Any = None,
        lang: str = "lv",
    ) -> ReliabilityDisplay:
        """Make and draw from outcomes and probabilities.

        Parameters
        ----------
        y, p, sample_weight : array-like of float, shape (n,)
            Outcomes (NaN: not known), probabilities, weights.
        bins : int, default=10
            Of about equal weight.
        level, name
            As the class takes them.
        ax : matplotlib Axes, optional
        lang : {"lv", "en"}

        Returns
        -------
        ReliabilityDisplay
        """
        y, p, weight = rows_of(y, p, sample_weight)
        known = ~np.isnan(y)
        edges = np.linspace(0, float(p[known].max(initial=1e-9)) ** 0.5, 31) ** 2  # as even as the axis is drawn
        counts = np.histogram(p[known], edges)[0]
        histogram = pd.DataFrame({"from": edges[:-1], "to": edges[1:], "rows": counts})
        return cls(calibration_curve(y, p, weight, bins, level), histogram, name=name, level=level).plot(ax, lang=lang)

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any, *, name: str | None = None, **options: Any
    ) -> ReliabilityDisplay:
        """Make and draw from a classifier; options as for ``from_predictions``."""
        return cls.from_predictions(y, positive(estimator, X), name=name_of(estimator, name), **options)

    @classmethod
    def from_evaluation(
        cls, evaluation: Any, model: str | None = None, *, ax: Any = None, lang: str = "lv"
    ) -> ReliabilityDisplay:
        """Make and draw from what ``evaluate`` found, of its model or another of its rows."""
        model = model or evaluation.model
        curve = evaluation.curves["calibration"]
        own = curve[curve["model"] == model].reset_index(drop=True)
        return cls(own, name=model, level=evaluation.level).plot(ax, lang=lang)

    def plot(self, ax: Any = None, *, lang: str = "lv", **errorbar: Any) -> ReliabilityDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            A new figure by default.
        lang : {"lv", "en"}
        **errorbar
            For matplotlib's ``errorbar``.

        Returns
        -------
        ReliabilityDisplay
        """
        figure, ax = axes_for(ax, lang, (5.6, 5.4))
        curve = self.curve
        end = 1.06 * float(np.nanmax([curve["expected"].max(), curve["upper"].max()])) if len(curve) else 1.0
        ax.plot(
            [0, end],
            [0, end],
            color=GREY,
            linestyle="--",
            linewidth=1,
            label=text("displays.reliability.perfect", lang),
        )
        middle = curve["observed"].to_numpy()
        reach = np.abs(np.stack([curve["lower"].to_numpy(), curve["upper"].to_numpy()]) - middle)
        interval = text("displays.reliability.interval", lang, level=percent(self.level, lang, 0))
        style = {"fmt": "o-", "color": BLUE, "markersize": 4, "linewidth": 1.2, "elinewidth": 1, "capsize": 2}
        label = interval if self.name is None else f"{self.name}, {interval}"
        self.line_ = ax.errorbar(curve["expected"], middle, reach, label=label, **{**style, **errorbar})
        for scale in (
            ax.set_xscale,
            ax.set_yscale,
        ):  # most risks are small: a square-root axis shows them apart, and 0 too
            scale("function", functions=(_root, np.square))
        marks = _marks(end)
        ax.set(xticks=marks, yticks=marks)
        ax.set(xlim=(0, end), ylim=(0, end), title=text("displays.reliability.title", lang))
        ax.set_ylabel(text("displays.reliability.y", lang))
        ax.set_xlabel(text("displays.reliability.x", lang))
        words = [percent(mark, lang, _decimals(mark)) for mark in marks]
        ax.set(xticklabels=words, yticklabels=words)
        legend(ax, loc="upper left")
        self.histogram_ax_ = None
        if self.histogram is not None:
            self.histogram_ax_ = self._below(ax, lang)
        self.ax_, self.figure_ = ax, figure
        return self

    def _below(self, ax: Any, lang: str) -> Any:
        assert self.histogram is not None
        below = ax.inset_axes((0, -0.34, 1, 0.17), sharex=ax)
        width = self.histogram["to"] - self.histogram["from"]
        below.bar(
            self.histogram["from"],
            self.histogram["rows"],
            width,
            align="edge",
            color=LIGHT,
            edgecolor="white",
            linewidth=0.4,
        )
        below.set_ylabel(text("displays.reliability.pupils", lang))
        below.set_yscale("log")
        below.set_ylim(0.8, None)
        for side in ("top", "right"):
            below.spines[side].set_visible(False)
        below.tick_params(bottom=False, labelbottom=False)
        ax.xaxis.set_label_coords(0.5, -0.09)
        return below


def _root(x: Any) -> Any:
    return np.sqrt(np.maximum(x, 0))


def _marks(end: float) -> Any:
    """Marks that stand apart on a square-root axis."""
    marks = [0.0]
    for mark in (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0):
        if mark <= end and (mark / end) ** 0.5 - (marks[-1] / end) ** 0.5 > 0.085:
            marks.append(mark)
    return np.array(marks if len(marks) > 1 else [0.0, end])


def _decimals(share: float) -> int:
    return next(d for d in range(6) if d == 5 or abs(round(100 * share, d) - 100 * share) < 1e-9)
