"""Frames of the account: figures with intervals, differences, schools, and what a reader must know beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.evaluation.account.result import Counts
from pumpurs_risk.evaluation.account.verdict import FEWEST_LEAVERS
from pumpurs_risk.evaluation.figures.bootstrap import Resampled
from pumpurs_risk.evaluation.figures.calibration import noise_of_ece
from pumpurs_risk.evaluation.figures.lead import LeadTime
from pumpurs_risk.evaluation.figures.ranking import ratio
from pumpurs_risk.evaluation.figures.scoring import ALL, WITHIN, JudgedScores, Scored, TestRows
from pumpurs_risk.evaluation.opponents import line_up as op
from pumpurs_risk.evaluation.table import StackedRows
from pumpurs_risk.evaluation.worth.expected import expected_and_observed
from pumpurs_risk.factors.horizon import Horizon

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue

_COMPARED = (
    (ALL, "auroc"),
    (WITHIN, "auroc"),
    (ALL, "average_precision"),
    (ALL, "recall_at_places"),
    (ALL, "precision_at_places"),
    (ALL, "brier"),
    (ALL, "log_loss"),
)
_MUCH_MISSING = 0.20
_METRICS = ["model", "kind", "metric", "scope", "value", "lower", "upper", "n", "leavers"]
_COMPARISONS = ["model", "against", "kind", "metric", "scope", "difference", "lower", "upper"]


def metric_frame(judged: Sequence[JudgedScores], rows: TestRows, drawn: Resampled | None) -> pd.DataFrame:
    """Every figure of every model, with its interval.

    Parameters
    ----------
    judged : sequence of JudgedScores
    rows : TestRows
    drawn : Resampled, optional
        None: no intervals.

    Returns
    -------
    pandas.DataFrame
        As `Evaluation.metrics`.
    """
    n, leavers = int(rows.known.sum()), rows.leavers
    found: list[dict[str, Any]] = []
    for each in judged:
        kind = each.scored.kind
        for key, value in each.figures().items():
            name, metric, scope = key
            lower, upper = drawn.interval(key) if drawn and key in drawn.values else (np.nan, np.nan)
            found.append(
                dict(zip(_METRICS, (name, kind, metric, scope, float(value), lower, upper, n, leavers), strict=True))
            )
        if each.scored.p is not None and kind in ("model", "challenger"):
            noise = noise_of_ece(each.scored.p[rows.known], rows.weight[rows.known], draws=50)
            row = (each.scored.name, kind, "ece_if_perfect", ALL, noise, np.nan, np.nan, n, leavers)
            found.append(dict(zip(_METRICS, row, strict=True)))
    return pd.DataFrame(found, columns=_METRICS)


def comparison_frame(judged: Sequence[JudgedScores], metrics: pd.DataFrame, drawn: Resampled | None) -> pd.DataFrame:
    """The first of the judged minus each of the others, on the same resamples.

    Parameters
    ----------
    judged : sequence of JudgedScores
        The model first.
    metrics : pandas.DataFrame
    drawn : Resampled, optional

    Returns
    -------
    pandas.DataFrame
        As `Evaluation.comparisons`.
    """
    value = {
        (name, metric, scope): found
        for name, metric, scope, found in metrics[["model", "metric", "scope", "value"]].itertuples(index=False)
    }
    main = judged[0].scored.name
    found = []
    for each in judged[1:]:
        other, kind = each.scored.name, each.scored.kind
        for scope, metric in _COMPARED:
            own, theirs = (main, metric, scope), (other, metric, scope)
            if own not in value or theirs not in value:
                continue
            lower, upper = drawn.difference(own, theirs) if drawn else (np.nan, np.nan)
            row = (main, other, kind, metric, scope, value[own] - value[theirs], lower, upper)
            found.append(dict(zip(_COMPARISONS, row, strict=True)))
    return pd.DataFrame(found, columns=_COMPARISONS)


def school_frame(rows: TestRows, judged: JudgedScores) -> pd.DataFrame:
    """Each school over all its lists, in alphabetical order; never ranked.

    Parameters
    ----------
    rows : TestRows
    judged : JudgedScores
        Of the model.

    Returns
    -------
    pandas.DataFrame
        As `Evaluation.by_school`.
    """
    from pumpurs_risk.locale import sort_key

    lists = judged.lists
    found = lists.listed(judged.cells(), per_list=True)
    first = np.unique(rows.lists, return_index=True)[1]
    p = judged.scored.p if judged.scored.p is not None else np.full(len(rows.y), np.nan)
    own = pd.DataFrame(
        {
            "school_id": rows.school.astype(str),
            "rows": 1,
            "leavers": (rows.y == 1).astype(np.int64),
            "expected_leavers": np.where(rows.known, p, 0.0),
        }
    )
    own = own.groupby("school_id", as_index=False).sum()
    per_list = pd.DataFrame(
        {
            "school_id": rows.school[first].astype(str),
            "places": lists.places,
            "found": found.found,
            "weight": found.leavers,
            "by_lot": found.found_by_lot,
        }
    )
    own = own.merge(per_list.groupby("school_id", as_index=False).sum(), on="school_id")
    own["recall"], own["recall_by_lot"] = ratio(own["found"], own["weight"]), ratio(own["by_lot"], own["weight"])
    own = own.drop(columns=["weight", "by_lot"])
    return own.sort_values("school_id", key=lambda names: names.map(sort_key)).reset_index(drop=True)


def group_frame(
    rows: TestRows,
    main: Scored,
    listed: Any,
    groups: pd.DataFrame | None,
    records: Any,
    catalogue: Catalogue,
    drawn: Resampled | None,
    random_state: int,
    n_jobs: int,
) -> pd.DataFrame | None:
    """Judge the list by groups of pupils, those given or those that the records tell of; None where there are none.

    Without resamples there are no intervals either.

    Returns
    -------
    pandas.DataFrame or None
        As from `by_group`.
    """
    from pumpurs_risk.evaluation.groups.audit import audit_attributes
    from pumpurs_risk.evaluation.groups.fairness import by_group

    if groups is None:
        if not hasattr(records, "tables"):
            return None
        attributes = audit_attributes(records, rows.X, catalogue=catalogue)
    else:
        one = groups.drop_duplicates("pupil_id").set_index(groups.drop_duplicates("pupil_id")["pupil_id"].astype(str))
        attributes = one.drop(columns="pupil_id").reindex(rows.pupil.astype(str)).reset_index(drop=True)
    if not attributes.shape[1] or main.p is None:
        return None
    table = by_group(
        rows.y,
        main.p,
        listed,
        attributes,
        sample_weight=rows.weight,
        clusters=rows.pupil,
        resamples=drawn.resamples if drawn else 2,
        random_state=random_state,
        n_jobs=n_jobs,
    )
    if drawn is None:
        table.loc[:, table.columns.str.endswith(("_lower", "_upper"))] = np.nan
    return table


def notes_of(
    model: Any,
    stacked: StackedRows,
    division: op.Split,
    counts: Counts,
    metrics: pd.DataFrame,
    drawn: Resampled | None,
    name: str,
    split: str,
    wanted: int,
    contexts: int,
    lead: LeadTime,
    train_days: Sequence[Any],
) -> tuple[tuple[str, dict[str, Any]], ...]:
    """What a reader must know beside the figures, by code; the words are in the locale files.

    Returns
    -------
    tuple of (code, params)
    """
    found: list[tuple[str, dict[str, Any]]] = []
    if split == "random":
        found.append(("random_split", {}))
    if counts.share_missing > _MUCH_MISSING:
        found.append(("much_missing", {"share": counts.share_missing}))
    if stacked.repeated:
        found.append(("repeated_rows", {"repeated": stacked.repeated}))
    nobody_stayed = 0 < counts.rows_known == np.nansum(stacked.y[division.test])
    if nobody_stayed:
        found.append(("nobody_stayed", {}))
    if counts.leavers == 0:
        found.append(("nobody_left", {}))
    elif counts.leavers < FEWEST_LEAVERS:
        found.append(("no_intervals", {"leavers": counts.leavers}))
    elif wanted < 2:
        found.append(("no_intervals_asked", {}))
    if counts.schools <= 1:
        found.append(("one_school", {}))
    if drawn is not None:
        lost = drawn.not_possible((name, "auroc", ALL))
        if lost and not nobody_stayed:
            fewer_stayed = 2 * np.nansum(stacked.y[division.test]) > counts.rows_known
            code = "resamples_lost_stayers" if fewer_stayed else "resamples_lost"
            found.append((code, {"lost": lost, "drawn": drawn.resamples}))
        if drawn.resamples < wanted:
            found.append(("fewer_resamples", {"drawn": drawn.resamples, "wanted": wanted}))
    if not division.can_train:
        found.append(("opponent_untrained", {}))
    learned = op.additive_model_in(model)
    knows_days = learned is not None and (learned.training is None or bool(learned.training.as_of))
    if split == "temporal" and op.is_fitted(model) and not knows_days:
        found.append(("days_not_checked", {}))
    same = learned is None or Horizon.of(learned.horizon) == Horizon.of(division.horizon)
    if learned is not None and not same and not op.asks_for_two_years(learned, division.horizon):
        found.append(("horizon_differs", {}))
    if not stacked.pupils_given:
        found.append(("pupils_unknown", {}))
    if lead.leavers and lead.at_least and not np.isnan(lead.median):
        found.append(("lead_at_least", {}))
    return tuple(found)


def far_from_expected(rows: TestRows, main: Scored, level: float) -> tuple[tuple[str, dict[str, Any]], ...]:
    """Say where the number who left is further from the expected one than chance allows, day by day.

    Rows of one pupil on several days are not independent, so that each day is looked at alone, at a level that allows for
    their number.

    Returns
    -------
    tuple of (code, params)
        At most one: of the first such day.
    """
    if main.p is None:
        return ()
    days = np.unique(rows.day.astype("datetime64[D]").astype(np.int64))
    for each in days:
        at = (rows.day.astype("datetime64[D]").astype(np.int64) == each) & rows.known
        found = expected_and_observed(main.p[at], rows.y[at], level=1 - (1 - level) / len(days))
        if not found.lower_staying <= found.observed_staying <= found.upper_staying:
            lower, upper = found.pupils - found.upper_staying, found.pupils - found.lower_staying
            figures: dict[str, Any] = {"lower": lower, "upper": upper, "left": found.observed_leaving}
            if len(days) > 1:
                return (("level_far_on_day", figures | {"day": str(np.datetime64(int(each), "D"))}),)
            return (("level_far", figures),)
    return ()
