"""PlacesDisplay: what lists of any length find, and how many on them leave."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pumpurs_risk.evaluation.displays.canvas import (
    BLUE,
    GREY,
    ORANGE,
    axes_for,
    legend,
    name_of,
    positive,
    write_percent,
)
from pumpurs_risk.evaluation.figures.metrics import precision_recall_at_places
from pumpurs_risk.evaluation.figures.ranking import codes_of, rows_of
from pumpurs_risk.locale import number, text

SHARES = np.r_[np.arange(0.01, 0.10, 0.01), np.arange(0.10, 0.31, 0.02)]
"""Lengths of the lists that are looked at by default, as a share of each roll."""


def places_frame(y: Any, score: Any, school: Any, shares: Any = None, weight: Any = None) -> pd.DataFrame:
    """Precision and recall, best and worst under ties, at every length of the lists.

    Parameters
    ----------
    y, score, weight : array-like of float, shape (n,)
    school : array-like, shape (n,)
        The list of each row: its school, or school and day.
    shares : array-like of float in (0, 1], optional
        Lengths as a share of each list's roll.

    Returns
    -------
    pandas.DataFrame
        share_of_roll, places (in all), precision, recall, each with _best and _worst, recall_by_lot, lift.

    Examples
    --------
    >>> places_frame([1, 0, 0, 0], [0.9, 0.5, 0.4, 0.3], ["a"] * 4, [0.25])[["places", "recall", "precision"]].values.tolist()
    [[1.0, 1.0, 1.0]]
    """
    y, score, weight = rows_of(y, score, weight)
    lists = codes_of(school, len(y))
    roll = np.bincount(lists)[lists]
    rows = []
    for share in SHARES if shares is None else np.asarray(shares, dtype=float):
        found = precision_recall_at_places(y, score, lists, share * roll, weight)
        row = {"share_of_roll": float(share), "places": found.places}
        for what in ("precision", "recall"):
            row |= {f"{what}{end}": getattr(found, f"{what}{end}") for end in ("", "_best", "_worst")}
        rows.append(row | {"recall_by_lot": found.recall_by_lot, "lift": found.lift})
    return pd.DataFrame(rows)


class PlacesDisplay:
    """Precision and recall by the number of places.

    Parameters
    ----------
    curve : pandas.DataFrame
        share_of_roll, places, precision, recall, recall_by_lot; with _best and _worst where a band is wanted.
    now : float, optional
        Share of all pupils that have a place now; marked.
    name : str, optional
        Of the model.

    Attributes
    ----------
    curve : pandas.DataFrame
    ax_, figure_ : matplotlib objects
        After ``plot``.
    lines_ : dict of str to matplotlib line
        "recall", "precision", "by_lot".

    Examples
    --------
    >>> display = PlacesDisplay(places_frame([1, 0, 0, 0], [0.9, 0.5, 0.4, 0.3], ["a"] * 4))
    >>> bool(display.curve["recall"].is_monotonic_increasing)
    True
    """

    def __init__(self, curve: pd.DataFrame, *, now: float | None = None, name: str | None = None) -> None:
        self.curve, self.now, self.name = curve, now, name

    @classmethod
    def from_predictions(
        cls,
        y: Any,
        score: Any,
        *,
        school: Any = None,
        places: Any = None,
        shares: Any = None,
        sample_weight: Any = None,
        name: str | None = None,
        ax: Any = None,
        lang: str = "lv",
    ) -> PlacesDisplay:
        """Make and draw from outcomes and scores.

        Parameters
        ----------
        y, score, sample_weight : array-like of float, shape (n,)
        school : array-like, shape (n,), optional
            The list of each row: its school, or school and day; one list by default.
        places : float, or array-like of float, shape (n,), optional
            Places that each list has now.
        shares : array-like of float, optional
            As for ``places_frame``.
        name, ax, lang
            As for ``plot``.

        Returns
        -------
        PlacesDisplay
        """
        y, score, weight = rows_of(y, score, sample_weight)
        lists = codes_of(school, len(y))
        now = None
        if places is not None:
            each = np.broadcast_to(np.asarray(places, dtype=float), y.shape)
            roll = np.bincount(lists)
            now = float(np.minimum(each[np.unique(lists, return_index=True)[1]], roll).sum() / len(y))
        return cls(places_frame(y, score, lists, shares, weight), now=now, name=name).plot(ax, lang=lang)

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any, *, name: str | None = None, **options: Any
    ) -> PlacesDisplay:
        """Make and draw from a classifier; ``school`` comes from X (school_id, as_of) unless it is given."""
        options.setdefault("school", lists_in(X))
        return cls.from_predictions(y, positive(estimator, X), name=name_of(estimator, name), **options)

    @classmethod
    def from_evaluation(
        cls, evaluation: Any, model: str | None = None, *, ax: Any = None, lang: str = "lv"
    ) -> PlacesDisplay:
        """Make and draw from what ``evaluate`` found, of its model or another of its rows."""
        model = model or evaluation.model
        curve = evaluation.curves["places"]
        own = curve[curve["model"] == model].reset_index(drop=True)
        now = evaluation.counts.places / evaluation.counts.rows
        return cls(own, now=now, name=model).plot(ax, lang=lang)

    def plot(self, ax: Any = None, *, lang: str = "lv", **line: Any) -> PlacesDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            A new figure by default.
        lang : {"lv", "en"}
        **line
            For both curves' ``plot``.

        Returns
        -------
        PlacesDisplay
        """
        figure, ax = axes_for(ax, lang, (6.8, 4.9))
        curve, x = self.curve, self.curve["share_of_roll"].to_numpy()
        self.lines_ = {}
        for what, colour, dash in (("recall", BLUE, "-"), ("precision", ORANGE, "--")):
            if f"{what}_best" in curve:
                ax.fill_between(x, curve[f"{what}_worst"], curve[f"{what}_best"], color=colour, alpha=0.18, linewidth=0)
            style = {
                "color": colour,
                "linestyle": dash,
                "linewidth": 1.8,
                "label": text(f"displays.places.{what}", lang),
            }
            self.lines_[what] = ax.plot(x, curve[what], **{**style, **line})[0]
        label = text("displays.places.by_lot", lang)
        self.lines_["by_lot"] = ax.plot(
            x, curve["recall_by_lot"], color=GREY, linestyle=":", linewidth=1.4, label=label
        )[0]
        if self.now is not None and self.now <= x.max():
            ax.axvline(self.now, color="black", linewidth=0.8)
            ax.annotate(text("displays.places.now", lang), (self.now, 0.99), xycoords=("data", "axes fraction"),
                        xytext=(3, 0), textcoords="offset points", va="top", fontsize="small")  # fmt: skip
        if any(
            (curve[f"{w}_best"] - curve[f"{w}_worst"] > 0.002).any()
            for w in ("recall", "precision")
            if f"{w}_best" in curve
        ):
            ax.fill_between([], [], [], color=GREY, alpha=0.25, label=text("displays.places.band", lang))
        ax.set(xlim=(0, x.max()), ylim=(0, 1), title=_titled(text("displays.places.title", lang), self.name))
        ax.set(xlabel=text("displays.places.x", lang), ylabel=text("displays.places.y", lang))
        write_percent(ax.xaxis, lang, x.max())
        write_percent(ax.yaxis, lang, 1)
        legend(ax, loc="upper center", bbox_to_anchor=(0.48, -0.14), ncols=2)
        add_totals(ax, curve, lang)
        self.ax_, self.figure_ = ax, figure
        return self


def add_totals(ax: Any, curve: pd.DataFrame, lang: str) -> None:
    """Write the places in all along the top."""
    from matplotlib.ticker import FuncFormatter

    all_pupils = float((curve["places"] / curve["share_of_roll"]).median())
    top = ax.secondary_xaxis("top", functions=(lambda share: share * all_pupils, lambda places: places / all_pupils))
    top.set_xlabel(text("displays.places.total", lang), fontsize="small")
    top.tick_params(labelsize="small")
    top.xaxis.set_major_formatter(FuncFormatter(lambda places, _: number(places, lang)))


def lists_in(X: Any) -> Any:
    """The list of each row of a factor table: school and day as far as it says; None if it says neither."""
    from pumpurs_risk.model.inputs import as_frame

    frame = as_frame(X)
    by = [column for column in ("school_id", "as_of") if column in frame]
    return frame.groupby(by, dropna=False, sort=True).ngroup().to_numpy() if by else None


def _titled(title: str, name: str | None) -> str:
    return title if name is None else f"{title}\n{name}"
