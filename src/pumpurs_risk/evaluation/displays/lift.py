"""LiftDisplay: how many times more leavers a list holds than chance would put there."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pumpurs_risk.evaluation.displays.canvas import (
    BLUE,
    GREY,
    axes_for,
    legend,
    name_of,
    positive,
    write_numbers,
    write_percent,
)
from pumpurs_risk.evaluation.displays.places import add_totals, lists_in, places_frame
from pumpurs_risk.locale import text


class LiftDisplay:
    """Lift by the number of places.

    Parameters
    ----------
    curve : pandas.DataFrame
        share_of_roll, places, lift: from ``places_frame``.
    name : str, optional
        Of the model.

    Attributes
    ----------
    curve : pandas.DataFrame
    ax_, figure_, line_ : matplotlib objects
        After ``plot``.

    Examples
    --------
    >>> LiftDisplay(places_frame([1, 0, 0, 0], [0.9, 0.5, 0.4, 0.3], ["a"] * 4, [0.25])).curve["lift"].tolist()
    [4.0]
    """

    def __init__(self, curve: pd.DataFrame, *, name: str | None = None) -> None:
        self.curve, self.name = curve, name

    @classmethod
    def from_predictions(
        cls,
        y: Any,
        score: Any,
        *,
        school: Any = None,
        shares: Any = None,
        sample_weight: Any = None,
        name: str | None = None,
        ax: Any = None,
        lang: str = "lv",
    ) -> LiftDisplay:
        """Make and draw from outcomes and scores; parameters as for ``PlacesDisplay.from_predictions``."""
        return cls(places_frame(y, score, school, shares, sample_weight), name=name).plot(ax, lang=lang)

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: Any, *, name: str | None = None, **options: Any) -> LiftDisplay:
        """Make and draw from a classifier; ``school`` comes from X (school_id, as_of) unless it is given."""
        options.setdefault("school", lists_in(X))
        return cls.from_predictions(y, positive(estimator, X), name=name_of(estimator, name), **options)

    @classmethod
    def from_evaluation(
        cls, evaluation: Any, model: str | None = None, *, ax: Any = None, lang: str = "lv"
    ) -> LiftDisplay:
        """Make and draw from what ``evaluate`` found, of its model or another of its rows."""
        model = model or evaluation.model
        curve = evaluation.curves["places"]
        return cls(curve[curve["model"] == model].reset_index(drop=True), name=model).plot(ax, lang=lang)

    def plot(self, ax: Any = None, *, lang: str = "lv", **line: Any) -> LiftDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            A new figure by default.
        lang : {"lv", "en"}
        **line
            For the curve's ``plot``.

        Returns
        -------
        LiftDisplay
        """
        figure, ax = axes_for(ax, lang)
        x = self.curve["share_of_roll"].to_numpy()
        ax.axhline(1, color=GREY, linestyle="--", linewidth=1, label=text("displays.lift.chance", lang))
        style = {"color": BLUE, "linewidth": 1.8, "marker": "o", "markersize": 3, "label": self.name}
        self.line_ = ax.plot(x, self.curve["lift"], **{**style, **line})[0]
        ax.set(xlim=(0, x.max()), ylim=(0, None), title=text("displays.lift.title", lang))
        ax.set(xlabel=text("displays.lift.x", lang), ylabel=text("displays.lift.y", lang))
        write_percent(ax.xaxis, lang, x.max())
        write_numbers(ax.yaxis, lang)
        legend(ax, loc="upper right")
        add_totals(ax, self.curve, lang)
        self.ax_, self.figure_ = ax, figure
        return self
