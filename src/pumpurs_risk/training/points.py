"""PointScorecard: an additive model as whole-number points that a person can add up on paper."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pumpurs_risk.errors import TrainingError
from pumpurs_risk.model.additive import AdditiveModel
from pumpurs_risk.model.inputs import as_frame, check_known
from pumpurs_risk.model.odds import expit
from pumpurs_risk.model.pairs import PairShape
from pumpurs_risk.model.shapes import Floats
from pumpurs_risk.training.card.choice import chosen_terms, decimals_read
from pumpurs_risk.training.card.lines import (
    FactorLine,
    Line,
    PairLine,
    farthest,
    line_dict,
    line_of,
    line_rows,
    lowest,
)
from pumpurs_risk.training.fit.outcomes import read_outcomes
from pumpurs_risk.training.recalibration import Line as Recalibration
from pumpurs_risk.training.recalibration import level_and_slope, row_weights

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue

SLOPE_SD = 0.25
"""How far the spread of published risks may be off, as a multiple: the slope's prior of `recalibrate`."""


class PointScorecard:
    """A score card in whole points, made from any AdditiveModel, with its table from points to risk.

    Made by `from_model`. Points are the model's own curves above their lowest value, rounded: what costs accuracy is cutting
    factors into a few bins, not rounding. "Not recorded" is a line of every factor with points of its own. School levels
    are left out: a card speaks of a school of the usual level until `fit` has seen outcomes. Pairs keep tables of their own.

    Parameters
    ----------
    model : AdditiveModel
        Whose points these are.
    lines : tuple of FactorLine or PairLine
        The table.
    unit : float
        Log-odds of one point.
    intercept : float
        Log-odds of a total of 0 points.
    recalibration : Line
        From those log-odds to the risk that is shown.
    catalogue : Catalogue
        Names and units for the printed page.

    Attributes
    ----------
    classes_, feature_names_in_, n_features_in_
        As scikit-learn's classifiers name them; the factors of the card alone.
    unit : float
        Log-odds of one point as it was rounded.
    max_total : int
        The highest total there is.
    fitted : bool
        Whether `fit` has seen outcomes.
    leavers_ : int
        Rows with a leaver that `fit` saw.

    Examples
    --------
    >>> import pandas as pd
    >>> from pumpurs_risk.model import load_model
    >>> card = PointScorecard.from_model(load_model("literature-prior"), factors=["absence_share", "mean_mark"])
    >>> X = pd.DataFrame({"absence_share": [0.02, 0.30, None], "mean_mark": [8.0, 4.5, None]})
    >>> card.total(X).tolist()
    [0, 36, 10]
    >>> risk = card.predict_proba(X)[:, 1]
    >>> bool(risk[0] < risk[2] < risk[1])
    True
    """

    def __init__(
        self,
        model: AdditiveModel,
        lines: tuple[Line, ...],
        unit: float,
        intercept: float,
        recalibration: Recalibration,
        catalogue: Catalogue,
    ) -> None:
        self.model = model
        self.lines = lines
        self.unit = unit
        self.intercept = intercept
        self.recalibration = recalibration
        self.catalogue = catalogue
        self.fitted = False
        self.leavers_ = 0

    @classmethod
    def from_model(
        cls,
        model: AdditiveModel,
        X: Any = None,
        max_points: int = 20,
        *,
        factors: int | Sequence[str] | None = None,
        catalogue: Catalogue | None = None,
    ) -> PointScorecard:
        """Round a model to points.

        Parameters
        ----------
        model : AdditiveModel
            The model.
        X : table with named columns, n rows, optional
            Pupils that the card is for. Prior shares are renormalised over what they record, factors that nobody has are left
            out, and the table of risks meets the model's own risks for them; without X it is the rounding turned round.
        max_points : int
            Points of the largest distance from what is typical; lines are counted from their lowest value, so the longest
            may have some more. On made data (5 worlds of 10,000 pupils, AUROC expected from the true risks) 20 points cost
            .0005 with the shipped prior and with a model trained on the standard sheet's factors, .0019 with one trained on 46
            (25 points: .0007); 10 points cost .0025 to .0048, 5 points .0091 to .0104.
        factors : int or sequence of str, optional
            Only these, or so many: those whose log-odds vary most over X, or over typical pupils. For a page that people
            use, 8 to 12 are enough; all that the model has by default.
        catalogue : Catalogue, optional
            Says how precisely a value is read, and names for the page. The shipped one by default.

        Returns
        -------
        PointScorecard
            Factors that round to no points are not on it.

        Raises
        ------
        TrainingError
            If a factor is not one of the model's, or `max_points` or `factors` is no positive whole number.

        Examples
        --------
        >>> from pumpurs_risk.model import load_model
        >>> card = PointScorecard.from_model(load_model("literature-prior"), factors=8)
        >>> card.n_features_in_, max(line.largest for line in card.lines)
        (8, 31)
        """
        if isinstance(max_points, bool) or not isinstance(max_points, int | np.integer) or max_points < 1:
            raise TrainingError("points_whole", name="max_points", value=max_points)
        frame = None if X is None else as_frame(X)
        if frame is not None:
            model = model.for_recorded(frame)
        if catalogue is None:
            from pumpurs_risk.catalogue import Catalogue

            catalogue = Catalogue.load()
        terms = chosen_terms(model, frame, factors)
        unit = max((farthest(term) for term in terms), default=0.0) / max_points or 1.0
        digits = decimals_read(catalogue, frame)
        lines, intercept = [], model.base
        for term in terms:
            line = line_of(term, unit, digits)
            if line.largest:
                lines.append(line)
                intercept += lowest(term)
            else:
                intercept += term.unknown if not isinstance(term, PairShape) else 0.0
        trust = np.diag([model.base_variance, 0.0 if model.has_local_outcomes else SLOPE_SD**2])
        card = cls(model, tuple(lines), unit, intercept, Recalibration(0.0, 1.0, trust, model.base), catalogue)
        if frame is not None and len(frame) and lines:
            found = level_and_slope(
                card._rounded(frame),
                expit(model.log_odds(frame)),
                np.ones(len(frame)),
                (0.0, 10.0),
                (1.0, 1.0),
                model.base,
            )
            card.recalibration = Recalibration(found.level, found.slope, trust, model.base)
        return card

    def __repr__(self) -> str:
        return f"PointScorecard({self.model.name!r}, {self.n_features_in_} factors, 0 to {self.max_total} points)"

    # ------------------------------------------------------------------ named as scikit-learn's classifiers name it
    @property
    def classes_(self) -> npt.NDArray[np.int64]:
        """The two outcomes: 0 stays, 1 leaves."""
        return np.array([0, 1])

    @property
    def feature_names_in_(self) -> npt.NDArray[np.object_]:
        """Ids of the factors on the card, in order."""
        return np.array(list(dict.fromkeys(f for line in self.lines for f in line.factors)), dtype=object)

    @property
    def n_features_in_(self) -> int:
        """Number of factors on the card."""
        return len(self.feature_names_in_)

    @property
    def max_total(self) -> int:
        """The highest total there is."""
        return sum(line.largest for line in self.lines)

    @property
    def log_odds_per_point(self) -> float:
        """Log-odds that one more point adds, as the risks are shown."""
        return self.unit * self.recalibration.slope

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> PointScorecard:
        """Recalibrate the table of risks to outcomes, by level and slope with a prior; the points stay.

        Parameters
        ----------
        X : table with named columns, n rows
            Factor values.
        y : array-like, shape (n,)
            1 left, 0 did not, missing where it is not known.
        sample_weight : array-like, shape (n,), optional
            Weights of the rows.

        Returns
        -------
        PointScorecard
            The same card.

        Raises
        ------
        TrainingError
            If no outcome is known, or lengths differ.
        """
        frame = self._checked(X)
        outcomes = read_outcomes(y)
        weight = row_weights(sample_weight, len(frame), len(outcomes.known))
        known = outcomes.known
        if not weight[known].sum() > 0:
            raise TrainingError("training_no_outcome", rows=len(frame))
        eta = self._rounded(frame)[known]
        self.recalibration = level_and_slope(
            eta, outcomes.left[known], weight[known], (0.0, 1.0), (1.0, SLOPE_SD), self.model.base
        )
        self.fitted = True
        self.leavers_ = int((outcomes.left[known] == 1).sum())
        return self

    # ------------------------------------------------------------------ scores
    def total(self, X: Any) -> npt.NDArray[np.int64]:
        """Points of each pupil, summed over the lines as a person would.

        Parameters
        ----------
        X : table with named columns, n rows
            Factor values; missing is "not recorded".

        Returns
        -------
        ndarray of int, shape (n,)
        """
        frame = self._checked(X)
        points = np.zeros(len(frame), dtype=np.int64)
        for line in self.lines:
            points += line.look_up(frame)
        return points

    def log_odds(self, X: Any) -> Floats:
        """Log-odds that the table of risks gives each pupil's total.

        Parameters
        ----------
        X : table with named columns, n rows
            Factor values.

        Returns
        -------
        ndarray of float, shape (n,)
        """
        return self.recalibration.apply(self._rounded(self._checked(X)))

    def predict_proba(self, X: Any) -> Floats:
        """Probability of staying and of leaving within the horizon.

        Parameters
        ----------
        X : table with named columns, n rows
            Factor values.

        Returns
        -------
        ndarray of float, shape (n, 2)
        """
        p = expit(self.log_odds(X))
        return np.column_stack([1 - p, p])

    # ------------------------------------------------------------------ tables
    @property
    def points_table(self) -> pd.DataFrame:
        """The card itself, one row per line and part.

        Columns: line (number), factor, from (included) and to (not included) or value (a word), recorded (False in the row
        "not recorded"), the same with ``with_`` before it for the second factor of a pair, points.
        """
        rows = [row for number, line in enumerate(self.lines) for row in line_rows(line, number)]
        sides = [f"{w}{c}" for w in ("", "with_") for c in ("factor", "from", "to", "value", "recorded")]
        return pd.DataFrame(rows, columns=["line", *sides, "points"])

    @property
    def risk_table(self) -> pd.DataFrame:
        """The risk of every total from 0 up; columns total, risk, lower, upper.

        The interval is about 90 % and speaks of level and spread, not of how much one pupil differs from another.
        """
        total = np.arange(self.max_total + 1)
        old = self._back(total)
        eta, sd = self.recalibration.apply(old), np.sqrt(self.recalibration.variance(old))
        reached = NormalDist().inv_cdf(0.95) * sd
        columns = {"risk": expit(eta), "lower": expit(eta - reached), "upper": expit(eta + reached)}
        return pd.DataFrame({"total": total, **columns})

    def to_dict(self) -> dict[str, Any]:
        """Give the card as JSON-able data.

        Returns
        -------
        dict
            ``schema_version``, ``model`` (its name), ``horizon``, ``unit`` (log-odds of a point before recalibration),
            ``log_odds_at_zero`` and ``log_odds_per_point`` (as the risks are), ``max_total``, ``leavers``, ``school_levels``
            ("left out" or "none"), ``lines`` (``factor``, ``points``, and ``cuts`` with ``decimals`` or ``levels``; for pairs
            ``left`` and ``right``; the last of the points is "not recorded"), ``risks`` (``total``, ``risk``, ``lower``,
            ``upper``).
        """
        return {
            "schema_version": 1,
            "model": self.model.name,
            "horizon": self.model.horizon,
            "unit": self.unit,
            "log_odds_at_zero": float(self.recalibration.apply(np.array([self.intercept]))[0]),
            "log_odds_per_point": self.log_odds_per_point,
            "max_total": self.max_total,
            "leavers": self.leavers_,
            "school_levels": "left out" if self.model.schools else "none",
            "lines": [line_dict(line) for line in self.lines],
            "risks": self.risk_table.to_dict("records"),
        }

    # ------------------------------------------------------------------ on paper
    def to_html(self, lang: str = "lv") -> str:
        """Write the card as one page that prints on A4 and needs nothing but a pencil.

        Parameters
        ----------
        lang : {"lv", "en"}
            The reader's language.

        Returns
        -------
        str
            HTML with its own style; no script, nothing loaded from elsewhere.
        """
        from pumpurs_risk.training.card.page import card_page

        return card_page(self, lang)

    def save_page(self, path: str | Path, lang: str = "lv") -> None:
        """Write `to_html` into a file; an existing one is replaced.

        Parameters
        ----------
        path : str or Path
            The file, such as ``card.html``.
        lang : {"lv", "en"}
            The reader's language.
        """
        Path(path).write_text(self.to_html(lang), encoding="utf-8")

    # ------------------------------------------------------------------ inside
    def _checked(self, X: Any) -> pd.DataFrame:
        frame = as_frame(X)
        check_known(frame, self.feature_names_in_)
        return frame

    def _rounded(self, frame: pd.DataFrame) -> Floats:
        return self._back(self.total(frame))

    def _back(self, total: npt.NDArray[np.int64]) -> Floats:
        return np.asarray(self.intercept + self.unit * total, dtype=np.float64)


__all__ = ["FactorLine", "PairLine", "PointScorecard"]
