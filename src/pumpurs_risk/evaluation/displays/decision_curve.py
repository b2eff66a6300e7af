"""DecisionCurveDisplay: from which risk on acting by the list gains more than supporting everybody or nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pumpurs_risk.evaluation.displays.canvas import (
    BLUE,
    GREY,
    ORANGE,
    Floats,
    axes_for,
    legend,
    name_of,
    positive,
    write_numbers,
    write_percent,
)
from pumpurs_risk.evaluation.figures.bootstrap import Key, bootstrap
from pumpurs_risk.evaluation.figures.metrics import decision_curve
from pumpurs_risk.evaluation.figures.ranking import ratio, rows_of
from pumpurs_risk.locale import percent, text

_THRESHOLDS = np.r_[np.arange(0.01, 0.10, 0.005), np.arange(0.10, 0.31, 0.01)]


def decision_frame(
    y: Any,
    p: Any,
    *,
    sample_weight: Any = None,
    clusters: Any = None,
    thresholds: Any = None,
    resamples: int = 500,
    level: float = 0.95,
    random_state: int = 0,
) -> pd.DataFrame:
    """Net benefit by threshold, with the interval of the model's.

    Parameters
    ----------
    y, p, sample_weight : array-like of float, shape (n,)
    clusters : array-like, shape (n,), optional
        pupil_id.
    thresholds : array-like of float in (0, 1), optional
        1 % to 30 % by default.
    resamples, level, random_state
        Of the bootstrap over pupils.

    Returns
    -------
    pandas.DataFrame
        threshold, net_benefit, lower, upper, all, none: per pupil, see ``decision_curve``.

    Examples
    --------
    >>> frame = decision_frame([1, 0, 0, 0], [0.9, 0.1, 0.1, 0.1], thresholds=[0.5], resamples=20)
    >>> frame[["net_benefit", "all", "none"]].values.tolist()
    [[0.25, -0.5, 0.0]]
    """
    y, p, weight = rows_of(y, p, sample_weight)
    at = _THRESHOLDS if thresholds is None else np.asarray(thresholds, dtype=float)
    curve = decision_curve(y, p, weight, at).rename(columns={"model": "net_benefit"})
    known = ~np.isnan(y)
    pupil = np.arange(len(y)) if clusters is None else pd.factorize(np.asarray(clusters))[0]
    pupil = np.unique(pupil[known], return_inverse=True)[1].ravel()
    y, p, weight = y[known], p[known], weight[known]
    gain = np.stack(
        [np.bincount(pupil, weight * (p >= t) * (y - t / (1 - t) * (1 - y))) for t in at]
        + [np.bincount(pupil, weight)],
        axis=1,
    )

    def figures(copies: Floats) -> Mapping[Key, Floats]:
        sums = copies @ gain
        return {(str(i),): ratio(sums[:, i], sums[:, -1]) for i in range(len(at))}

    drawn = bootstrap(figures, np.arange(len(gain)), resamples, level=level, random_state=random_state)
    ends = np.array([drawn.interval((str(i),)) for i in range(len(at))])
    curve.insert(2, "lower", ends[:, 0])
    curve.insert(3, "upper", ends[:, 1])
    return curve


class DecisionCurveDisplay:
    """Net benefit by the risk from which one would act.

    Parameters
    ----------
    curve : pandas.DataFrame
        threshold, net_benefit, all, none; lower and upper where an interval is wanted.
    name : str, optional
        Of the model.
    level : float, default=0.95
        Of the interval.

    Attributes
    ----------
    curve : pandas.DataFrame
    ax_, figure_ : matplotlib objects
        After ``plot``.
    lines_ : dict of str to matplotlib line
        "model", "all", "none".

    References
    ----------
    Vickers, A. J., & Elkin, E. B. (2006). Decision curve analysis. Medical Decision Making 26(6),
    doi 10.1177/0272989X06295361.

    Examples
    --------
    >>> DecisionCurveDisplay(decision_frame([1, 0], [0.9, 0.1], thresholds=[0.5], resamples=10)).curve["net_benefit"].tolist()
    [0.5]
    """

    def __init__(self, curve: pd.DataFrame, *, name: str | None = None, level: float = 0.95) -> None:
        self.curve, self.name, self.level = curve, name, level

    @classmethod
    def from_predictions(
        cls,
        y: Any,
        p: Any,
        *,
        sample_weight: Any = None,
        clusters: Any = None,
        thresholds: Any = None,
        resamples: int = 500,
        level: float = 0.95,
        random_state: int = 0,
        name: str | None = None,
        ax: Any = None,
        lang: str = "lv",
    ) -> DecisionCurveDisplay:
        """Make and draw from outcomes and probabilities; parameters as for ``decision_frame`` and ``plot``."""
        curve = decision_frame(
            y,
            p,
            sample_weight=sample_weight,
            clusters=clusters,
            thresholds=thresholds,
            resamples=resamples,
            level=level,
            random_state=random_state,
        )
        return cls(curve, name=name, level=level).plot(ax, lang=lang)

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any, *, name: str | None = None, **options: Any
    ) -> DecisionCurveDisplay:
        """Make and draw from a classifier; options as for ``from_predictions``."""
        return cls.from_predictions(y, positive(estimator, X), name=name_of(estimator, name), **options)

    @classmethod
    def from_evaluation(
        cls, evaluation: Any, model: str | None = None, *, ax: Any = None, lang: str = "lv"
    ) -> DecisionCurveDisplay:
        """Make and draw from what ``evaluate`` found, of its model or another of its rows; without an interval."""
        model = model or evaluation.model
        curve = evaluation.curves["decision"]
        own = curve[curve["model"] == model].reset_index(drop=True)
        return cls(own, name=model, level=evaluation.level).plot(ax, lang=lang)

    def plot(self, ax: Any = None, *, lang: str = "lv", **line: Any) -> DecisionCurveDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            A new figure by default.
        lang : {"lv", "en"}
        **line
            For the model's ``plot``.

        Returns
        -------
        DecisionCurveDisplay
        """
        figure, ax = axes_for(ax, lang)
        curve, x = self.curve, self.curve["threshold"].to_numpy()
        own = 1000 * curve["net_benefit"]
        self.lines_ = {}
        if "lower" in curve:
            band = text("displays.decision.interval", lang, level=percent(self.level, lang, 0))
            ax.fill_between(
                x, 1000 * curve["lower"], 1000 * curve["upper"], color=BLUE, alpha=0.18, linewidth=0, label=band
            )
        label = self.name or text("displays.decision.model", lang)
        self.lines_["model"] = ax.plot(x, own, **{"color": BLUE, "linewidth": 1.8, "label": label, **line})[0]
        for what, colour, dash in (("all", ORANGE, "--"), ("none", GREY, ":")):
            label = text(f"displays.decision.{what}", lang)
            self.lines_[what] = ax.plot(
                x, 1000 * curve[what], color=colour, linestyle=dash, linewidth=1.4, label=label
            )[0]
        top = 1000 * float(np.nanmax(curve[[c for c in ("net_benefit", "upper", "all") if c in curve]].to_numpy()))
        ax.set(xlim=(0, x.max()), ylim=(-0.25 * top, 1.08 * top), title=text("displays.decision.title", lang))
        ax.set(xlabel=text("displays.decision.x", lang), ylabel=text("displays.decision.y", lang))
        write_percent(ax.xaxis, lang, x.max())
        write_numbers(ax.yaxis, lang)
        legend(ax, loc="upper right")
        self.ax_, self.figure_ = ax, figure
        return self
