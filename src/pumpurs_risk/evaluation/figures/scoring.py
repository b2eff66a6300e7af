"""One model's scores on the test rows, and all its figures, for the table itself and for any resample of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pumpurs_risk.evaluation.figures.calibration import CalibrationLine, expected_calibration_error
from pumpurs_risk.evaluation.figures.metrics import mean_of, negative_log_likelihood, squared_error
from pumpurs_risk.evaluation.figures.ranking import Floats, Ints, Listed, Lists, Ranking, in_order, ratio, starts_of

Key = tuple[str, ...]
"""(model, metric, scope)."""

ALL, WITHIN = "all", "within_school"
_BINS = 500  # of probabilities, for the lines of resamples


@dataclass(frozen=True)
class TestRows:
    """The rows that everything is judged on.

    Parameters
    ----------
    X : pandas.DataFrame, n rows
        What was known.
    y, weight : ndarray of float, shape (n,)
        Outcome (NaN: not known) and weight.
    pupil : ndarray of object, shape (n,)
        Whose row it is.
    school, day, lists : ndarray, shape (n,)
        School, day, and the list of the row: one school on one day.
    places : ndarray of float, shape (n,)
        Places of the row's list.
    """

    __test__ = False  # no test case, whatever its name begins with

    X: pd.DataFrame
    y: Floats
    weight: Floats
    pupil: NDArray[np.object_]
    school: NDArray[np.object_]
    day: NDArray[np.datetime64]
    lists: NDArray[np.int64]
    places: Floats

    @property
    def known(self) -> NDArray[np.bool_]:
        """Rows of which it is known what became of the pupil."""
        return ~np.isnan(self.y)

    @property
    def leavers(self) -> int:
        """Distinct pupils who left."""
        return int(pd.unique(pd.Series(self.pupil[self.y == 1])).size)


@dataclass(frozen=True)
class Scored:
    """Scores of one model.

    Parameters
    ----------
    name : str
        What the tables call it.
    kind : {"model", "challenger", "rule", "context", "staff"}
        What it is; only a ``rule`` can be "enough".
    score : ndarray of float, shape (n,)
        What ranks.
    p : ndarray of float, shape (n,), optional
        Probabilities, if it has any.
    """

    name: str
    kind: str
    score: Floats
    p: Floats | None


class JudgedScores:
    """Everything that is worked out of one model's scores, prepared so that a resample costs a few sums.

    Parameters
    ----------
    rows : TestRows
    scored : Scored
    """

    def __init__(self, rows: TestRows, scored: Scored) -> None:
        self.rows, self.scored = rows, scored
        self._order, self._starts = _cells(rows, scored)
        first = self._order[self._starts]
        y, score, weight, lists = rows.y[first], scored.score[first], rows.weight[first], rows.lists[first]
        self._count = np.diff([*self._starts, len(rows.y)]).astype(float)
        self._weight = weight
        self._over_all = Ranking(y, score, weight)
        self._inside = Ranking(y, score, weight, lists)
        self.lists = Lists(y, score, lists, rows.places[first], weight, self._count)
        self._left = y
        if scored.p is not None:
            p = scored.p[first]
            self._error = squared_error(y, p)
            self._loss = negative_log_likelihood(y, p)
            self._expected = np.where(np.isnan(y), np.nan, p)
            self._line = CalibrationLine(y, p, weight)
            self._line_of_resamples = CalibrationLine(y, p, weight, most=_BINS)

    def cells(self, copies: Any = 1.0) -> Floats:
        """How often each cell of equal rows stands in each resample."""
        if np.ndim(copies) == 0:
            return float(copies) * self._count
        counted: Floats = np.add.reduceat(in_order(copies, self._order), self._starts, axis=-1)
        return counted

    def figures(self, copies: Any = 1.0) -> dict[Key, Floats]:
        """All figures, per resample."""
        rows, scored, name, weight = self.rows, self.scored, self.scored.name, self._weight
        whole, copies = np.ndim(copies) == 0, self.cells(copies)
        listed = self.lists.listed(copies)
        found = {(ALL, "auroc"): self._over_all.auroc(copies), (WITHIN, "auroc"): self._inside.auroc(copies)}
        found[ALL, "average_precision"] = self._over_all.average_precision(copies)
        found |= _at_places(listed, mean_of(self._left, weight, copies))
        if scored.p is not None:
            found[ALL, "brier"] = mean_of(self._error, weight, copies)
            found[ALL, "log_loss"] = mean_of(self._loss, weight, copies)
            line = self._line if whole else self._line_of_resamples
            found[ALL, "calibration_intercept"], found[ALL, "calibration_slope"] = line.fit(copies)
            share, expected = (mean_of(each, weight, copies) for each in (self._left, self._expected))
            found[ALL, "observed_by_expected"] = ratio(share, expected)
            if whole:  # resampling adds noise to it: an interval would lie above the value
                found[ALL, "ece"] = expected_calibration_error(rows.y, scored.p, rows.weight)
        return {(name, metric, scope): values for (scope, metric), values in found.items()}


def _cells(rows: TestRows, scored: Scored) -> tuple[Ints, Ints]:
    """Put together rows that no figure can tell apart: a rule has few scores, so that there are few cells."""
    p = np.zeros(len(rows.y)) if scored.p is None else scored.p
    keys = (rows.lists, scored.score, p, np.nan_to_num(rows.y, nan=-1.0), rows.weight)
    order = np.lexsort(keys[::-1])
    return order.astype(np.int64), starts_of(*(key[order] for key in keys))


def _at_places(listed: Listed, share: Floats) -> dict[tuple[str, str], Floats]:
    found = {
        (ALL, f"{metric}_at_places{end}"): getattr(listed, f"{metric}{end}")
        for metric in ("recall", "precision")
        for end in ("", "_best", "_worst")
    }
    found[ALL, "lift_at_places"] = ratio(listed.precision, share)
    found[WITHIN, "recall_by_lot"] = listed.recall_by_lot
    found[WITHIN, "recall_above_lot"] = listed.recall - listed.recall_by_lot
    return found


def all_figures(judged: Sequence[JudgedScores], copies: Any = 1.0) -> Mapping[Key, Floats]:
    """Figures of several models on the same resamples."""
    found: dict[Key, Floats] = {}
    for each in judged:
        found |= each.figures(copies)
    return found
