"""Judges a way of training on a place's own history: later days where there are any, else folds of pupils, and says which."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pumpurs_risk.errors import PumpursError
from pumpurs_risk.factors.horizon import Horizon

if TYPE_CHECKING:
    from pumpurs_risk.batch.past import Past
    from pumpurs_risk.evaluation.account.result import Evaluation
    from pumpurs_risk.factors.history import Stacked
    from pumpurs_risk.records.school_records import SchoolRecords

ENOUGH = 30
"""Distinct leavers with whom a test is worth having: earlier days join the test until it has them."""


@dataclass(frozen=True)
class Judged:
    """How something was judged, and what came of it.

    Parameters
    ----------
    by : {"later", "folds", "failed", "none"}
        Later days, folds of pupils (an estimate that flatters), or nothing.
    evaluation : Evaluation, optional
        The account.
    train, test : tuple of datetime.date
        Days that were learned from, and days that judged.
    error : Exception, optional
        Why there is no account.
    """

    by: str
    evaluation: Evaluation | None = None
    train: tuple[dt.date, ...] = ()
    test: tuple[dt.date, ...] = ()
    error: Exception | None = field(default=None, compare=False)

    def because(self, lang: str) -> str:
        """Why there is no account, in the reader's words where we have them."""
        if self.error is None:
            return ""
        return self.error.message(lang) if isinstance(self.error, PumpursError) else " ".join(str(self.error).split())


def split_days(
    leavers: Mapping[dt.date, Collection[Any]], horizon: str
) -> tuple[tuple[dt.date, ...], tuple[dt.date, ...]]:
    """Divide days into those that are learned from and later ones that judge.

    The last day judges, with those before it as long as fewer than 30 leavers do, and as long as a day with a leaver remains
    of which everything was known on the first judging day.

    Parameters
    ----------
    leavers : mapping of date to pupil_ids
        Who left after each day, days in order.
    horizon : str
        Length of the windows.

    Returns
    -------
    train, test : tuple of datetime.date
        Both empty if the history is too short for it.

    Examples
    --------
    >>> days = [dt.date(2024, 1, 15), dt.date(2024, 9, 15), dt.date(2025, 1, 15), dt.date(2025, 9, 15)]
    >>> split_days({days[0]: "ab", days[1]: "bc", days[2]: "de", days[3]: range(40)}, "1y")
    ((datetime.date(2024, 1, 15), datetime.date(2024, 9, 15)), (datetime.date(2025, 9, 15),))
    >>> split_days({days[0]: "ab", days[1]: "bc"}, "1y")
    ((), ())
    """
    span = Horizon.of(horizon)
    days = list(leavers)
    found: tuple[tuple[dt.date, ...], tuple[dt.date, ...]] = ((), ())
    for first in range(len(days) - 1, 0, -1):
        train = tuple(day for day in days[:first] if span.end(day) <= days[first])
        if not any(leavers[day] for day in train):
            break
        test = tuple(days[first:])
        found = (train, test)
        if len({pupil for day in test for pupil in leavers[day]}) >= ENOUGH:
            break
    return found


def judge_training(scorer: Any, past: Past, stacked: Stacked, horizon: str, **options: Any) -> Judged:
    """Judge a way of training; a failure is told, never raised.

    Parameters
    ----------
    scorer : estimator
        Not fitted: what the final model is fitted with.
    past : Past
        Schools, places and groups.
    stacked : X, y, weight, groups
        The training table of `horizon`.
    horizon : str
        ``"1y"`` or ``"2y"``.
    **options
        For `pumpurs_risk.evaluation.evaluate`.

    Returns
    -------
    Judged
    """
    from sklearn.base import clone

    X, y, _, pupils = stacked
    day = X["as_of"].dt.date
    left = {each: set(pupils[(y == 1) & (day == each)]) for each in sorted(day.unique())}
    train, test = split_days(left, horizon)
    way: dict[str, Any] = {"as_of": test, "train_as_of": train} if train else {"split": "random"}
    by = "later" if train else "folds"
    seen = has_seen(scorer.prior, min(test or left))
    if seen:  # a start that has learned from these days would flatter whatever is learned around it
        scorer = clone(scorer).set_params(prior="literature-prior")
    try:
        found = judge(scorer, past, stacked, horizon, **way, **options)
        if seen:
            found = replace(found, notes=(("prior_left_out", {"prior": seen}), *found.notes))
    except Exception as error:  # the model is made all the same; why it could not be judged is said
        return Judged("failed", train=train, test=test, error=error)
    return Judged(by, found, train, test or tuple(left))


def has_seen(prior: Any, first: dt.date) -> str:
    """Name a prior that has learned what became of pupils on or after a day; empty for one that has not.

    Parameters
    ----------
    prior : AdditiveModel, str or None
        Where a training starts.
    first : datetime.date
        The first day that judges.

    Returns
    -------
    str

    Examples
    --------
    >>> has_seen("literature-prior", dt.date(2026, 1, 15))
    ''
    """
    days: list[str] = []
    if getattr(prior, "training", None) is not None:
        days += prior.training.as_of[-1:]
    if getattr(prior, "pooling", None) is not None:
        days += [period.split("/")[-1] for period in prior.pooling.periods]
    known = [Horizon.of(prior.horizon).end(dt.date.fromisoformat(day)) for day in days if day]
    return prior.name if any(end > first for end in known) else ""


def judge(model: Any, past: Past, stacked: Stacked, horizon: str, **options: Any) -> Evaluation:
    """Evaluate a model, or a way of training, on a training table.

    What the table does not hold comes from the records: the schools' places, the groups of an audit, when leavers left, whom
    staff had chosen.

    Parameters
    ----------
    model : AdditiveModel or estimator
        As for `pumpurs_risk.evaluation.evaluate`.
    past : Past
        Where the table comes from.
    stacked : X, y, weight, groups
        The training table of `horizon`.
    horizon : str
        Its horizon.
    **options
        For `evaluate`.

    Returns
    -------
    Evaluation

    Raises
    ------
    EvaluationError
        As `evaluate`.
    """
    from pumpurs_risk.evaluation import evaluate

    if past.source is not None:
        options = {**_from_records(past.source, past, stacked), **options}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what training warns of is told of the final model
        return evaluate(model, stacked, horizon=horizon, catalogue=past.catalogue, **options)


def _from_records(records: SchoolRecords, past: Past, stacked: Stacked) -> dict[str, Any]:
    from pumpurs_risk.batch.scoring import places_of
    from pumpurs_risk.evaluation.figures.lead import leaving_days
    from pumpurs_risk.evaluation.groups.audit import audit_attributes
    from pumpurs_risk.evaluation.table import staff_decisions

    X, y, _, pupils = stacked
    days = list(past.days)
    found: dict[str, Any] = {
        "places": places_of(records) or None,
        "left_on": leaving_days(records, pupils[y == 1], days[0], catalogue=past.catalogue),
    }
    latest = X.sort_values("as_of", kind="stable").drop_duplicates("pupil_id", keep="last")
    attributes = audit_attributes(records, latest, catalogue=past.catalogue)
    if len(attributes.columns):
        found["groups"] = attributes.assign(pupil_id=latest["pupil_id"])
    chosen = staff_decisions(records, days, past.catalogue)
    if len(chosen):
        found["previous_list"] = chosen
    return found
