"""Evaluation: what was found, as frames for a statistician, as sentences for a head teacher, as JSON for other tools."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
import numpy as np
import pandas as pd

from pumpurs_risk.evaluation.account.document import SCHEMA_VERSION, EvaluationDocument
from pumpurs_risk.evaluation.account.verdict import Verdict
from pumpurs_risk.evaluation.figures.lead import LeadTime


@dataclass(frozen=True)
class Counts:
    """How many there were of everything; rows are pupils on days.

    Parameters
    ----------
    rows, rows_known, rows_missing : int
        Rows judged; those of which it is known what became of the pupil, and not known.
    pupils, leavers : int
        Distinct pupils, and distinct ones who left.
    schools, lists : int
        Schools; lists, one per school and day.
    places, listed, listed_known : int
        Places of all lists; rows on a list; those of them of whom it is known what became of them.
    listed_left, listed_stayed : int
        Of these, who left and who stayed.
    expected_staying, expected_leavers : float
        How many of ``listed_known`` the model expected to stay, and how many of ``rows_known`` to leave.
    rows_learned, leavers_learned : int
        Rows with a known outcome that were learned from, and distinct leavers among them.
    """

    rows: int
    rows_known: int
    rows_missing: int
    pupils: int
    leavers: int
    schools: int
    lists: int
    places: int
    listed: int
    listed_known: int
    listed_left: int
    listed_stayed: int
    expected_staying: float
    expected_leavers: float
    rows_learned: int
    leavers_learned: int

    @property
    def share_missing(self) -> float:
        """Share of rows of which it is not known what became of the pupil."""
        return self.rows_missing / self.rows if self.rows else math.nan


@dataclass(frozen=True)
class Evaluation:
    """What a model is worth on lists of later days, beside everything that it has to beat.

    Parameters
    ----------
    model : str
        Name of the model in the frames.
    horizon : str
        How far ahead outcomes were looked for.
    as_of, train_as_of : tuple of datetime.date
        Days whose lists were judged; days that rules learned their rates from, and the model if it was not fitted before.
    split : {"temporal", "random"}
        Later days, or at random by pupil, which flatters.
    counts : Counts
        Rows, leavers, places, missing outcomes.
    metrics : pandas.DataFrame
        model, kind, metric, scope ("all" or "within_school"), value, lower, upper, n, leavers.
    comparisons : pandas.DataFrame
        Model minus each opponent on the same resamples: model, against, kind, metric, scope, difference, lower, upper.
    by_school : pandas.DataFrame
        school_id, rows, leavers (rows that left), expected_leavers, places, found, recall, recall_by_lot; in alphabetical
        order.
    judgement : Verdict
        What the first line says, and why.
    curves : dict of str to pandas.DataFrame
        "calibration", "places" and "decision", each with a column model.
    lead_time : LeadTime
        How early leavers were listed.
    groups : pandas.DataFrame, optional
        By groups of pupils, see ``by_group``.
    not_computable : list of dict
        Opponents that could not be scored: name, kind, code and params of the reason.
    suspicious : pandas.DataFrame
        Factors that know too much, see ``suspicious_factors``.
    notes : tuple of (code, params)
        What else a reader must know.
    resamples, level, random_state : int, float, int
        Of the bootstrap; 0 resamples where no intervals were drawn.
    partial : dict of str to tuple of str
        Rules that were worked out without some of their factors.

    Examples
    --------
    >>> import pumpurs_risk as pr
    >>> from pumpurs_risk.evaluation import evaluate
    >>> rng = np.random.default_rng(0)
    >>> share = rng.uniform(0, 0.4, 400)
    >>> X = pd.DataFrame({"pupil_id": np.arange(400).astype(str), "absence_share": share})
    >>> result = evaluate(pr.load_model("literature-prior"), (X, rng.random(400) < share), bootstrap=50)
    >>> result.value("auroc")[0] > 0.6
    True
    >>> result.sentences("en")[0] == result.first_line("en")
    True
    """

    model: str
    horizon: str
    as_of: tuple[dt.date, ...]
    train_as_of: tuple[dt.date, ...]
    split: Literal["temporal", "random"]
    counts: Counts
    metrics: pd.DataFrame
    comparisons: pd.DataFrame
    by_school: pd.DataFrame
    judgement: Verdict
    curves: dict[str, pd.DataFrame]
    lead_time: LeadTime
    groups: pd.DataFrame | None
    not_computable: list[dict[str, Any]]
    suspicious: pd.DataFrame
    notes: tuple[tuple[str, dict[str, Any]], ...]
    resamples: int
    level: float
    random_state: int
    partial: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """Code of the first line.

        Returns
        -------
        str
            ``suspicious`` (do not trust this account), ``no_places``, ``list_worth_having``, ``rule_is_enough``,
            ``support_this_school``, ``cannot_tell_yet`` or ``too_few_leavers``.
        """
        return self.judgement.code

    @property
    def share_missing(self) -> float:
        """Share of rows of which it is not known what became of the pupil."""
        return self.counts.share_missing

    def value(self, metric: str, model: str | None = None, scope: str = "all") -> tuple[float, float, float]:
        """One figure with its interval.

        Parameters
        ----------
        metric : str
            Such as ``"auroc"`` or ``"recall_at_places"``.
        model : str, optional
            This model by default.
        scope : {"all", "within_school"}

        Returns
        -------
        value, lower, upper : float
            NaN where it could not be worked out.
        """
        frame = self.metrics
        row = frame[(frame["model"] == (model or self.model)) & (frame["metric"] == metric) & (frame["scope"] == scope)]
        if not len(row):
            return math.nan, math.nan, math.nan
        return float(row["value"].iloc[0]), float(row["lower"].iloc[0]), float(row["upper"].iloc[0])

    def first_line(self, lang: str = "lv") -> str:
        """The verdict in one sentence.

        Parameters
        ----------
        lang : {"lv", "en"}

        Returns
        -------
        str
        """
        from pumpurs_risk.evaluation.account.sentences import first_line

        return first_line(self, lang)

    def sentences(self, lang: str = "lv") -> list[str]:
        """Say the result in words that a head teacher understands; the first is the verdict, the last what nobody can know.

        Parameters
        ----------
        lang : {"lv", "en"}

        Returns
        -------
        list of str
        """
        from pumpurs_risk.evaluation.account.sentences import sentences

        return sentences(self, lang)

    def __str__(self) -> str:
        return "\n".join(self.sentences("en"))

    def to_dict(self) -> dict[str, Any]:
        """Plain data with stable keys, fit for JSON and for the schema ``evaluation.json``; what is not a number is None.

        Returns
        -------
        dict
        """
        document = msgspec.convert(_plain(self._content()), EvaluationDocument, strict=False)
        plain: dict[str, Any] = msgspec.to_builtins(document)
        return plain

    def _content(self) -> dict[str, Any]:
        lead = self.lead_time
        return {
            "schema_version": SCHEMA_VERSION,
            "model": self.model,
            "horizon": self.horizon,
            "as_of": self.as_of,
            "train_as_of": self.train_as_of,
            "split": self.split,
            "verdict": self.verdict,
            "best_rule": self.judgement.best_rule,
            "verdict_reasons": [{"code": code, "params": params} for code, params in self.judgement.reasons],
            "counts": {**vars(self.counts), "share_missing": self.share_missing},
            "metrics": self.metrics.to_dict("records"),
            "comparisons": self.comparisons.to_dict("records"),
            "by_school": self.by_school.to_dict("records"),
            "curves": {name: curve.to_dict("records") for name, curve in self.curves.items()},
            "lead_time": {**vars(lead), "table": lead.table.to_dict("records")},
            "groups": None if self.groups is None else self.groups.to_dict("records"),
            "not_computable": self.not_computable,
            "partial": self.partial,
            "suspicious": self.suspicious.to_dict("records"),
            "notes": [{"code": code, "params": params} for code, params in self.notes],
            "resamples": self.resamples,
            "level": self.level,
            "random_state": self.random_state,
            "sentences": {lang: self.sentences(lang) for lang in ("lv", "en")},
        }


def _plain(value: Any) -> Any:
    """Bring NumPy and pandas values to what JSON knows; NaN becomes None."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(each) for each in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, dt.date):
        return value.isoformat()[:10]
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value
