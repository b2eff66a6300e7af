"""ShapeDisplay: what a factor's value adds, how sure that is, which values pupils have, and what "not recorded" adds."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.evaluation.displays.canvas import (
    BLUE,
    GREY,
    LIGHT,
    ORANGE,
    axes_for,
    legend,
    pyplot,
    write_numbers,
    write_percent,
)
from pumpurs_risk.evaluation.displays.shape_frames import pupils_frame, shape_frames, shape_of
from pumpurs_risk.locale import percent, text
from pumpurs_risk.model.inputs import as_frame
from pumpurs_risk.model.shapes import Levels

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue, RiskFactor
    from pumpurs_risk.model import AdditiveModel

_FLAT = 1e-6
_SMALL_TITLE = 34  # letters in a line


class ShapeDisplay:
    """One factor's shape with its posterior band.

    Parameters
    ----------
    factor : str
        Id.
    curve : pandas.DataFrame
        value (number or word), log_odds, lower, upper.
    unknown : pandas.DataFrame
        log_odds, lower, upper of "not recorded", one row.
    pupils : pandas.DataFrame, optional
        Of a curve: from, to, rows; of levels: value, rows. How many pupils have which values.
    known : float, optional
        Share of pupils of whom the value is recorded.
    level : float, default=0.9
        Of the band.
    entry : RiskFactor, optional
        The catalogue's entry, for name and unit.

    Attributes
    ----------
    curve, unknown, pupils : pandas.DataFrame
    ax_, figure_ : matplotlib objects
        After ``plot``.
    line_, odds_ax_ : matplotlib objects
        The curve (or points); the axis on the right, in odds.

    Notes
    -----
    The band is about the difference from the mean pupil of the training (on day one: the typical pupil), as ``model.sd`` is:
    it is narrow where most pupils are. What all pupils have in common, the base, is not in it, and neither are pairs.

    Examples
    --------
    >>> from pumpurs_risk.model import load_model
    >>> curve, unknown = shape_frames(load_model("literature-prior"), "absence_share")
    >>> bool((curve["lower"] <= curve["log_odds"]).all() and curve["log_odds"].is_monotonic_increasing), len(unknown)
    (True, 1)
    """

    def __init__(
        self,
        factor: str,
        curve: pd.DataFrame,
        unknown: pd.DataFrame,
        pupils: pd.DataFrame | None = None,
        *,
        known: float | None = None,
        level: float = 0.9,
        entry: RiskFactor | None = None,
    ) -> None:
        self.factor, self.curve, self.unknown, self.pupils = factor, curve, unknown, pupils
        self.known, self.level, self.entry = known, level, entry

    @classmethod
    def of(
        cls,
        model: AdditiveModel,
        factor: str,
        X: Any = None,
        *,
        level: float = 0.9,
        catalogue: Catalogue | None = None,
    ) -> ShapeDisplay:
        """Make without drawing; parameters as for ``from_model``."""
        from pumpurs_risk.catalogue import Catalogue

        curve, unknown = shape_frames(model, factor, level)
        pupils, known = (None, None) if X is None else pupils_frame(shape_of(model, factor), as_frame(X))
        entry = (catalogue or Catalogue.load()).factors.get(factor)
        return cls(factor, curve, unknown, pupils, known=known, level=level, entry=entry)

    @classmethod
    def from_model(
        cls,
        model: AdditiveModel,
        factor: str,
        X: Any = None,
        *,
        level: float = 0.9,
        catalogue: Catalogue | None = None,
        ax: Any = None,
        lang: str = "lv",
    ) -> ShapeDisplay:
        """Make and draw.

        Parameters
        ----------
        model : AdditiveModel
        factor : str
            Id of one of its factors.
        X : table, n rows, optional
            Pupils whose values are shown below the curve.
        level : float, default=0.9
            Of the band.
        catalogue : Catalogue, optional
            For name and unit; the shipped one by default.
        ax : matplotlib Axes, optional
        lang : {"lv", "en"}

        Returns
        -------
        ShapeDisplay

        Raises
        ------
        ValueError
            If the model has no such factor.
        """
        return cls.of(model, factor, X, level=level, catalogue=catalogue).plot(ax, lang=lang)

    @classmethod
    def from_estimator(cls, estimator: Any, factor: str, X: Any = None, **options: Any) -> ShapeDisplay:
        """Make and draw from a fitted ``DropoutScorer`` (or a model); options as for ``from_model``."""
        return cls.from_model(getattr(estimator, "model_", estimator), factor, X, **options)

    @classmethod
    def grid_from_model(
        cls,
        model: AdditiveModel,
        factors: Sequence[str] | None = None,
        X: Any = None,
        *,
        columns: int = 3,
        most: int = 12,
        level: float = 0.9,
        catalogue: Catalogue | None = None,
        lang: str = "lv",
    ) -> tuple[ShapeDisplay, ...]:
        """Draw several shapes beside each other, on one scale.

        Parameters
        ----------
        model : AdditiveModel
        factors : sequence of str, optional
            By default the curves that tell pupils apart most (largest variance), at most `most`. Factors of levels are drawn
            on a scale of their own.
        X, level, catalogue, lang
            As for ``from_model``.
        columns, most : int
            Pictures in a row; how many in all.

        Returns
        -------
        tuple of ShapeDisplay
            All with the same ``figure_``.

        Raises
        ------
        ValueError
            If no shape differs from 0, or the model has no such factor.
        """
        if factors is None:
            telling = sorted(
                (s for s in model.shapes if s.variance > 0 and not isinstance(s, Levels)), key=lambda s: -s.variance
            )
            factors = [shape.factor for shape in telling[:most]]
        if not factors:
            raise ValueError(text("displays.shape.nothing", lang))
        from pumpurs_risk.catalogue import Catalogue

        catalogue = catalogue or Catalogue.load()
        made = [cls.of(model, factor, X, level=level, catalogue=catalogue) for factor in factors]
        plt = pyplot(lang)
        rows = -(-len(made) // columns)
        size = (3.3 * columns, 2.7 * rows)
        figure, axes = plt.subplots(rows, columns, figsize=size, layout="constrained", squeeze=False)
        ends = [
            frame[["lower", "upper"]].to_numpy()
            for each in made
            if not each.words
            for frame in (each.curve, each.unknown)
        ]
        low, high = (min(float(e.min()) for e in ends), max(float(e.max()) for e in ends)) if ends else (0.0, 1.0)
        margin = 0.06 * (high - low)
        for ax, display in zip(axes.flat, made, strict=False):
            limits = None if display.words else (low - margin, high + margin)
            display.plot(ax, lang=lang, limits=limits, small=True)
            ax.set_ylabel("")
            display.odds_ax_.set_ylabel("")
        for ax in axes.flat[len(made) :]:
            ax.set_visible(False)
        figure.supylabel(text("displays.shape.y_both", lang), fontsize="medium")
        handles, labels = axes.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper right", ncols=2, frameon=False, fontsize="small")
        return tuple(made)

    def plot(
        self,
        ax: Any = None,
        *,
        lang: str = "lv",
        limits: tuple[float, float] | None = None,
        small: bool = False,
        **line: Any,
    ) -> ShapeDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            A new figure by default.
        lang : {"lv", "en"}
        limits : (float, float), optional
            Of the axis, in log-odds.
        small : bool, default=False
            Without a legend, for one of many.
        **line
            For the curve's ``plot``.

        Returns
        -------
        ShapeDisplay
        """
        figure, ax = axes_for(ax, lang)
        ax.axhline(0, color=GREY, linewidth=0.8)
        frames = pd.concat([self.curve[["lower", "upper"]], self.unknown[["lower", "upper"]]])
        low, high = limits or (float(frames["lower"].min()), float(frames["upper"].max()))
        if high - low < _FLAT:
            low, high = low - 0.5, high + 0.5
        elif limits is None:
            low, high = low - 0.08 * (high - low), high + 0.08 * (high - low)
        share = 0.16 if self.pupils is not None else 0.0
        floor = low - share * (high - low) / (1 - share)
        points = self.words or self._kind == "yes_no"
        at_unknown = self._draw_points(ax, lang, line) if points else self._draw_curve(ax, lang, line)
        self._draw_unknown(ax, at_unknown, lang)
        ax.set_ylim(floor, high)
        if self.pupils is not None:
            self._draw_pupils(ax, floor, low)
        title = self._title(lang)
        ax.set_title(fill(title, _SMALL_TITLE) if small else title, fontsize="medium" if small else None)
        ax.set_ylabel(text("displays.shape.y", lang))
        write_numbers(ax.yaxis, lang)
        self.odds_ax_ = self._odds(ax, lang)
        if not small:
            legend(ax, loc="best")
        self.ax_, self.figure_ = ax, figure
        return self

    @property
    def words(self) -> bool:
        """Whether the factor's values are words: levels, not numbers."""
        return not pd.api.types.is_numeric_dtype(self.curve["value"])

    @property
    def _kind(self) -> str:
        return "number" if self.entry is None else self.entry.kind

    def _title(self, lang: str) -> str:
        if self.entry is None:
            return self.factor
        name: str = self.entry.name[lang]
        return name[:1].upper() + name[1:]

    def _draw_curve(self, ax: Any, lang: str, line: dict[str, Any]) -> float:
        x = self.curve["value"].to_numpy(dtype=float)
        band = text("displays.shape.band", lang, level=percent(self.level, lang, 0))
        ax.fill_between(x, self.curve["lower"], self.curve["upper"], color=BLUE, alpha=0.18, linewidth=0, label=band)
        self.line_ = ax.plot(x, self.curve["log_odds"], **{"color": BLUE, "linewidth": 1.8, **line})[0]
        width = x[-1] - x[0]
        at = x[-1] + 0.12 * width
        first = x[0] if self.pupils is None else min(x[0], float(self.pupils["from"].iloc[0]))
        ax.set_xlim(first - 0.03 * width, at + 0.08 * width)
        ax.axvspan(x[-1] + 0.045 * width, at + 0.08 * width, color="#F3F3F3", zorder=0, linewidth=0)
        if self._kind in ("score", "count"):
            from matplotlib.ticker import MaxNLocator

            ax.xaxis.set_major_locator(MaxNLocator(nbins="auto", integer=True))
        ax.set_xticks([each for each in ax.get_xticks() if x[0] - 1e-9 <= each <= x[-1] + 0.02 * width])
        if self._kind == "share":
            write_percent(ax.xaxis, lang, width)
        else:
            write_numbers(ax.xaxis, lang)
        if self.entry is not None and self.entry.unit.get(lang):
            ax.set_xlabel(self.entry.unit[lang])
        return float(at)

    def _draw_points(self, ax: Any, lang: str, line: dict[str, Any]) -> float:
        curve = self.curve if self.words else self.curve.iloc[[0, -1]]
        x = np.arange(len(curve))
        band = text("displays.shape.band", lang, level=percent(self.level, lang, 0))
        middle = curve["log_odds"].to_numpy()
        reach = np.abs(curve[["lower", "upper"]].to_numpy().T - middle)
        style = {"fmt": "o", "color": BLUE, "markersize": 4, "elinewidth": 3, "ecolor": "#9CC4DD", "label": band}
        self.line_ = ax.errorbar(x, middle, reach, **{**style, **line})
        if self.words:
            size = "small" if len(x) <= 30 and ax.get_position().width > 0.5 else "xx-small"
            ax.set_xticks(x, [str(value) for value in curve["value"]], rotation=90, fontsize=size)
        else:
            ax.set_xticks(x, [text(f"displays.shape.{word}", lang) for word in ("no", "yes")])
        at = len(x) - 0.6 + max(0.4, 0.045 * len(x))
        end = at + max(0.3, 0.03 * len(x))
        ax.axvspan(len(x) - 0.55, end, color="#F3F3F3", zorder=0, linewidth=0)
        ax.set_xlim(-0.8, end)
        return float(at)

    def _draw_unknown(self, ax: Any, at: float, lang: str) -> None:
        middle = self.unknown["log_odds"].to_numpy()
        reach = np.abs(self.unknown[["lower", "upper"]].to_numpy().T - middle)
        label = text("displays.shape.unknown", lang)
        ax.errorbar([at], middle, reach, fmt="D", color=ORANGE, markersize=5, elinewidth=1.2, capsize=3, label=label)

    def _draw_pupils(self, ax: Any, floor: float, low: float) -> None:
        """Draw how many pupils have which values, as bars along the bottom."""
        assert self.pupils is not None
        rows = self.pupils["rows"].to_numpy(dtype=float)
        height = 0.9 * (low - floor) * np.sqrt(rows / max(rows.max(initial=0), 1))
        style = {"bottom": floor, "color": LIGHT, "edgecolor": "white", "linewidth": 0.3, "zorder": 1}
        if self.words:
            ax.bar(np.arange(len(rows)), height, 0.7, **style)
        else:
            ax.bar(self.pupils["from"], height, self.pupils["to"] - self.pupils["from"], align="edge", **style)

    def _odds(self, ax: Any, lang: str) -> Any:
        """The axis on the right: by how much the odds are multiplied."""
        from matplotlib.ticker import FixedFormatter, FixedLocator

        from pumpurs_risk.locale import number

        right = ax.secondary_yaxis("right")
        low, high = ax.get_ylim()
        times = [t for t in (0.1, 0.2, 0.5, 0.8, 1, 1.25, 2, 5, 10, 20, 50) if low <= np.log(t) <= high]
        if high - low > 1.2:
            times = [t for t in times if t not in (0.8, 1.25)]
        right.yaxis.set_major_locator(FixedLocator([float(np.log(t)) for t in times]))
        right.yaxis.set_major_formatter(
            FixedFormatter(
                ["×\u2009" + number(t, lang, 0 if t >= 1 and t == int(t) else 2 if t == 1.25 else 1) for t in times]
            )
        )
        right.set_ylabel(text("displays.shape.odds", lang), fontsize="small")
        right.tick_params(labelsize="small")
        right.spines["right"].set_visible(False)
        return right
