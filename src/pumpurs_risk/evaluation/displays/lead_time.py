"""LeadTimeDisplay: how long before leaving the leavers were first on a list."""

from __future__ import annotations

from typing import Any

import numpy as np

from pumpurs_risk.evaluation.displays.canvas import BLUE, LIGHT, axes_for, positive, write_percent
from pumpurs_risk.evaluation.displays.places import lists_in
from pumpurs_risk.evaluation.figures.lead import LeadTime, lead_time
from pumpurs_risk.evaluation.figures.ranking import first_in_each_list
from pumpurs_risk.locale import number, percent, text


class LeadTimeDisplay:
    """Share of leavers who were on a list so many semesters before leaving, or earlier.

    Parameters
    ----------
    lead : LeadTime
        From ``lead_time``, or ``Evaluation.lead_time``.

    Attributes
    ----------
    lead : LeadTime
        ``lead.table`` is the frame behind the picture.
    ax_, figure_, bars_ : matplotlib objects
        After ``plot``.

    Examples
    --------
    >>> left_on = {"a": "2026-04-01", "b": "2026-05-01"}
    >>> lead = lead_time([1, 1], [True, False], ["a", "b"], ["2026-01-15"] * 2, left_on)
    >>> LeadTimeDisplay(lead).lead.table["share_at_least"].tolist()
    [0.5]
    """

    def __init__(self, lead: LeadTime) -> None:
        self.lead = lead

    @classmethod
    def from_predictions(
        cls, y: Any, listed: Any, *, pupil: Any, day: Any, left_on: Any = None, ax: Any = None, lang: str = "lv"
    ) -> LeadTimeDisplay:
        """Make and draw from outcomes and lists.

        Parameters
        ----------
        y, listed, pupil, day, left_on
            As for ``lead_time``.
        ax : matplotlib Axes, optional
        lang : {"lv", "en"}

        Returns
        -------
        LeadTimeDisplay
        """
        return cls(lead_time(y, listed, pupil, day, left_on)).plot(ax, lang=lang)

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any, *, places: Any, left_on: Any = None, ax: Any = None, lang: str = "lv"
    ) -> LeadTimeDisplay:
        """Make and draw from a classifier: each list (school_id and as_of of X) has so many places."""
        listed = first_in_each_list(positive(estimator, X), lists_in(X), places, X["pupil_id"])
        return cls.from_predictions(y, listed, pupil=X["pupil_id"], day=X["as_of"], left_on=left_on, ax=ax, lang=lang)

    @classmethod
    def from_evaluation(cls, evaluation: Any, *, ax: Any = None, lang: str = "lv") -> LeadTimeDisplay:
        """Make and draw from what ``evaluate`` found."""
        return cls(evaluation.lead_time).plot(ax, lang=lang)

    def plot(self, ax: Any = None, *, lang: str = "lv", **bar: Any) -> LeadTimeDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            A new figure by default.
        lang : {"lv", "en"}
        **bar
            For matplotlib's ``bar``.

        Returns
        -------
        LeadTimeDisplay
        """
        figure, ax = axes_for(ax, lang)
        table = self.lead.table
        missed = 1 - self.lead.found / max(self.lead.leavers, 1)
        x = np.arange(len(table) + 1)
        height = np.r_[missed, table["share_at_least"].to_numpy()]
        style = {
            "color": [LIGHT] + [BLUE] * len(table),
            "width": 0.7,
            "hatch": ["///"] + [""] * len(table),
            "edgecolor": "white",
        }
        self.bars_ = ax.bar(x, height, **{**style, **bar})
        ax.bar_label(self.bars_, [percent(share, lang, 0) for share in height], fontsize="small", padding=2)
        ax.set_xticks(x, [text("displays.lead.never", lang), *(number(each, lang) for each in table["semesters"])])
        ax.set(ylim=(0, 1), title=text("displays.lead.title", lang))
        ax.set(xlabel=text("displays.lead.x", lang), ylabel=text("displays.lead.y", lang))
        found, leavers = number(self.lead.found, lang), number(self.lead.leavers, lang)
        said = text("displays.lead.found", lang, found=found, leavers=leavers)
        ax.text(0.98, 0.97, said, transform=ax.transAxes, ha="right", va="top", fontsize="small")
        ax.grid(False, axis="x")
        write_percent(ax.yaxis, lang, 1)
        self.ax_, self.figure_ = ax, figure
        return self
