"""evaluate(): a model on lists of later days, beside the rules, the school and the staff, with intervals and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from pumpurs_risk.errors import EvaluationError
from pumpurs_risk.evaluation.account.frames import (
    comparison_frame,
    far_from_expected,
    group_frame,
    metric_frame,
    notes_of,
    school_frame,
)
from pumpurs_risk.evaluation.account.result import Counts, Evaluation
from pumpurs_risk.evaluation.account.verdict import FEWEST_LEAVERS, judge
from pumpurs_risk.evaluation.figures.bootstrap import Resampled
from pumpurs_risk.evaluation.figures.bootstrap import bootstrap as draw
from pumpurs_risk.evaluation.figures.lead import LeadTime, lead_time, leaving_days
from pumpurs_risk.evaluation.figures.metrics import calibration_curve, decision_curve, places_curve
from pumpurs_risk.evaluation.figures.ranking import first_in_each_list
from pumpurs_risk.evaluation.figures.scoring import JudgedScores, Scored, TestRows, all_figures
from pumpurs_risk.evaluation.leaks import suspicious_factors
from pumpurs_risk.evaluation.opponents import line_up as op
from pumpurs_risk.evaluation.refusals import check_level, check_names
from pumpurs_risk.evaluation.table import StackedRows, places_of, school_list, stacked_rows, staff_decisions
from pumpurs_risk.evaluation.temporal import as_days, check_days, check_pupils_apart, grouped_folds
from pumpurs_risk.flags import FlagPolicy

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue

_FOLDS = 5


def evaluate(
    model: Any,
    records_or_table: Any,
    as_of: Any = None,
    horizon: str = "1y",
    *,
    train_as_of: Any = None,
    policy: FlagPolicy | None = None,
    places: int | Mapping[str, int] | None = None,
    baselines: bool | Sequence[str] = True,
    challengers: Mapping[str, Any] | None = None,
    ceiling: bool = False,
    groups: pd.DataFrame | None = None,
    previous_list: Any = None,
    outcomes: Any = None,
    follow_up: Any = None,
    left_on: Any = None,
    bootstrap: int = 1000,
    level: float = 0.95,
    random_state: int = 0,
    n_jobs: int = 1,
    split: Literal["temporal", "random"] = "temporal",
    pos_label: Any = None,
    name: str | None = None,
    catalogue: Catalogue | None = None,
) -> Evaluation:
    """Judge a model by what became of the pupils on the lists of certain days.

    Parameters
    ----------
    model : AdditiveModel, or scikit-learn classifier
        Fitted, or not yet fitted with `train_as_of`: then a clone learns from these days. Estimators of this library get
        the table as it is, others its factors as numbers (a level of a word becomes a column ``factor=level``).
    records_or_table : SchoolRecords, or tuple
        Records with outcomes, or (X, y, weight, groups) as ``training_table`` gives it; weight and groups may be left out.
    as_of : day, or sequence of days, optional
        Whose lists are judged; of a table, by default, all days that are not learned from.
    horizon : str
        How far ahead outcomes were looked for.
    train_as_of : day, or sequence of days, optional
        To learn from: the model if it is not fitted, and the rules' rates. Each of them plus the horizon must not be later
        than the first test day.
    policy : FlagPolicy, optional
        Places, and the share of the roll where nobody states any (5 %).
    places : int, or mapping of school to int, optional
        Places of each list, never more than its roll; by default the policy's, else the schools' own, else the share of the
        roll, rounded up.
    baselines : bool, or sequence of str
        Whether, or which, simple rules stand beside.
    challengers : mapping of str to classifier, optional
        Other classifiers, fitted or not, to stand beside; never used for scoring.
    ceiling : bool
        Whether a HistGradientBoostingClassifier shows what a black box makes of the same days.
    groups : pandas.DataFrame, optional
        pupil_id and attributes, to judge by group; by default what the records say.
    previous_list : table, optional
        Lists that staff made: pupil_id, and as_of; by default the decisions "confirmed" and "added" of the records.
    outcomes, follow_up : optional
        As in ``training_table``, for records.
    left_on : mapping or Series of pupil_id to date, optional
        When leavers left, for the lead time; records know it.
    bootstrap : int
        Resamples of pupils; 0 for none. Very large tables get fewer, never under 100.
    level : float
        Of the intervals.
    random_state : int
        Seed of resamples and folds.
    n_jobs : int
        Threads.
    split : {"temporal", "random"}
        "random" only for estimators that are not fitted: 5 folds by pupil. It flatters, and the result says so.
    pos_label : optional
        Which of two labels means that a pupil left.
    name : str, optional
        What the frames call the model.
    catalogue : Catalogue, optional
        The shipped one by default.

    Returns
    -------
    Evaluation

    Raises
    ------
    EvaluationError
        If days overlap (it names the first that is allowed), nothing is known of what became of the pupils, rows of one pupil
        and day contradict each other (identical ones are counted once), a school or baseline is not known, or the table or
        the model cannot be used.
    RecordsError
        As from ``training_table``.

    Examples
    --------
    >>> import pumpurs_risk as pr
    >>> rng = np.random.default_rng(0)
    >>> share = rng.uniform(0, 0.4, 600)
    >>> X = pd.DataFrame({"pupil_id": np.arange(600).astype(str), "absence_share": share, "school_id": ["a", "b"] * 300})
    >>> result = evaluate(pr.load_model("literature-prior"), (X, rng.random(600) < share / 2), bootstrap=100)
    >>> result.verdict in ("rule_is_enough", "cannot_tell_yet", "list_worth_having")
    True
    """
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.evaluation.opponents.baselines import baseline_classifiers

    catalogue = catalogue or Catalogue.load()
    check_level(level)
    if not isinstance(baselines, bool):
        baselines = [baselines] if isinstance(baselines, str) else list(baselines)
        check_names("baselines", baselines, [*baseline_classifiers(), op.SCHOOL])
    test_days, train_days = as_days(as_of), as_days(train_as_of)
    if split == "temporal":
        check_days(train_days, test_days, horizon)
    stacked = stacked_rows(
        records_or_table,
        sorted({*test_days, *train_days}),
        horizon,
        outcomes=outcomes,
        follow_up=follow_up,
        pos_label=pos_label,
        catalogue=catalogue,
    )
    division = _divide(model, stacked, test_days, train_days, horizon, split, random_state)
    at = division.test
    if np.isnan(stacked.y[at]).all():
        raise EvaluationError("nothing_known")
    schools = getattr(records_or_table, "schools", None)
    lists, room = places_of(stacked, at, places, policy, schools)
    rows = TestRows(
        X=stacked.X.iloc[at].reset_index(drop=True),
        y=stacked.y[at],
        weight=stacked.weight[at],
        pupil=stacked.pupil[at],
        school=stacked.school[at],
        day=stacked.day[at],
        lists=lists,
        places=room,
    )
    own = name or _name_of(model)
    main = op.score_estimator(own, "model", model, division, catalogue, pos_label)
    beside = op.Opponents([main])
    for each, estimator in op.named(challengers, ceiling).items():
        beside.add(each, "challenger", _scorer_of(each, estimator, division, catalogue, pos_label))
    partial = _add_rules(beside, division, rows, baselines)
    _add_staff(beside, rows, previous_list, records_or_table, catalogue)
    judged = [JudgedScores(rows, each) for each in beside.scored]
    drawn = _resampled(judged, rows, bootstrap, level, random_state, n_jobs)
    metrics = metric_frame(judged, rows, drawn)
    comparisons = comparison_frame(judged, metrics, drawn)
    n_schools, contexts = op.number_of_contexts(stacked, at)
    suspicious = _suspicious(stacked, division, catalogue, random_state)
    verdict = judge(
        metrics,
        comparisons,
        model=own,
        leavers=rows.leavers,
        schools=n_schools,
        contexts=contexts,
        suspicious=suspicious["factor"].tolist(),
        places=float(rows.places.sum()),
    )
    listed = first_in_each_list(main.score, rows.lists, rows.places, rows.pupil)
    counts = _counts(rows, main, listed, division, n_schools)
    lead = _lead(rows, listed, records_or_table, left_on, catalogue, follow_up)
    notes = notes_of(
        model, stacked, division, counts, metrics, drawn, own, split, bootstrap, contexts, lead, train_days
    )
    if rows.leavers < FEWEST_LEAVERS and "horizon_differs" not in dict(notes):
        notes += far_from_expected(rows, main, level)
    return Evaluation(
        model=own,
        horizon=str(horizon),
        as_of=tuple(day for day in stacked.days if len(np.intersect1d(stacked.on([day]), at))),
        train_as_of=train_days if split == "temporal" else (),
        split=split,
        counts=counts,
        metrics=metrics,
        comparisons=comparisons,
        by_school=school_frame(rows, judged[0]),
        judgement=verdict,
        curves=_curves(judged, verdict.best_rule, level),
        lead_time=lead,
        groups=group_frame(rows, main, listed, groups, records_or_table, catalogue, drawn, random_state, n_jobs),
        not_computable=beside.not_computable,
        suspicious=suspicious,
        notes=notes,
        resamples=drawn.resamples if drawn else 0,
        level=level,
        random_state=random_state,
        partial=partial,
    )


def _divide(
    model: Any, rows: StackedRows, test: Any, train: Any, horizon: str, split: str, random_state: int
) -> op.Split:
    """Which rows are learned from, and which judge."""
    if (test or train) and not rows.days:
        raise EvaluationError("evaluation_no_days_column")
    absent = [day for day in (*test, *train) if day not in rows.days]
    if absent:
        raise EvaluationError(
            "evaluation_no_day", days=", ".join(map(str, absent)), known=", ".join(map(str, rows.days))
        )
    if split == "random":
        return _at_random(model, rows, test, horizon, random_state)
    test = test or tuple(day for day in rows.days if day not in train)
    check_days(train, test, horizon)
    learned = op.additive_model_in(model)
    if learned is not None and learned.training is not None and op.is_fitted(model):
        check_days(as_days(learned.training.as_of), test, learned.horizon)
        later = learned.two_years
        if later is not None and later.training is not None and op.asks_for_two_years(learned, horizon):
            check_days(as_days(later.training.as_of), test, later.horizon)
    judging = rows.on(test) if rows.days else np.arange(len(rows.X))
    if not len(judging):
        raise EvaluationError("evaluation_days")
    return op.Split(
        rows, [(rows.on(train) if train else np.empty(0, dtype=np.int64), judging)], "temporal", str(horizon)
    )


def _at_random(model: Any, rows: StackedRows, test: Any, horizon: str, random_state: int) -> op.Split:
    if op.is_fitted(model):
        raise EvaluationError("evaluation_random_fitted")
    if not rows.pupils_given:
        raise EvaluationError("evaluation_pupils_needed")
    used = rows.on(test) if test else np.arange(len(rows.X))
    fold = grouped_folds(rows.pupil[used], _FOLDS, random_state)
    parts = [(used[fold != i], used[fold == i]) for i in range(_FOLDS) if (fold == i).any()]
    for train, judging in parts:
        check_pupils_apart(rows.pupil[train], rows.pupil[judging])
    return op.Split(rows, parts, "random", str(horizon))


def _scorer_of(name: str, estimator: Any, division: op.Split, catalogue: Catalogue, pos_label: Any) -> Any:
    return lambda: op.score_estimator(name, "challenger", estimator, division, catalogue, pos_label)


def _name_of(model: Any) -> str:
    own = getattr(model, "name", None)
    return own if isinstance(own, str) and own else type(model).__name__


def _add_rules(
    beside: op.Opponents, division: op.Split, rows: TestRows, wanted: bool | Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Score the simple rules, and school and programme; say which rules go without some of their factors."""
    from pumpurs_risk.evaluation.opponents.baselines import SchoolProgrammeClassifier, baseline_classifiers
    from pumpurs_risk.evaluation.opponents.rules import not_recorded, rule_of

    if wanted is False:
        return {}
    partial = {}
    for name, classifier in baseline_classifiers().items():
        if wanted is not True and name not in wanted:
            continue
        beside.add(name, "rule", lambda n=name, c=classifier: op.score_rule(n, "rule", c, division))  # type: ignore[misc]
        missing = not_recorded(rule_of(name), rows.X)
        if missing and beside.scored[-1].name == name:
            partial[name] = missing
    if wanted is True or op.SCHOOL in wanted:
        if division.can_train:
            opponent = SchoolProgrammeClassifier()
            beside.add(op.SCHOOL, "context", lambda: op.score_rule(op.SCHOOL, "context", opponent, division))
        else:
            beside.add(op.SCHOOL, "context", lambda: op.programme_rates(op.SCHOOL, rows.X))
    return partial


def _add_staff(beside: op.Opponents, rows: TestRows, previous: Any, records: Any, catalogue: Catalogue) -> None:
    if previous is None and getattr(records, "tables", {}).get("decisions") is not None:
        days = as_days(np.unique(rows.day).tolist())
        previous = staff_decisions(records, days, catalogue)
    if previous is not None:
        listed = school_list(previous, rows.pupil, rows.day)
        beside.add("staff_list", "staff", lambda: op.staff_scores("staff_list", listed))


def _resampled(
    judged: Sequence[JudgedScores], rows: TestRows, resamples: int, level: float, random_state: int, n_jobs: int
) -> Resampled | None:
    """Draw pupils again; None where there are so few leavers that an interval would only pretend."""
    if resamples < 2 or rows.leavers < FEWEST_LEAVERS:
        return None
    return draw(
        lambda copies: all_figures(judged, copies),
        rows.pupil,
        resamples,
        level=level,
        random_state=random_state,
        n_jobs=n_jobs,
    )


def _counts(rows: TestRows, main: Scored, listed: Any, division: op.Split, schools: int) -> Counts:
    known, left = rows.known, rows.y == 1
    p = main.p if main.p is not None else np.full(len(rows.y), np.nan)
    learned = np.unique(np.concatenate([train for train, _ in division.parts]).astype(np.int64))
    y = division.rows.y[learned]
    first = np.unique(rows.lists, return_index=True)[1]
    return Counts(
        rows=len(rows.y),
        rows_known=int(known.sum()),
        rows_missing=int((~known).sum()),
        pupils=len(pd.unique(pd.Series(rows.pupil))),
        leavers=rows.leavers,
        schools=schools,
        lists=len(first),
        places=int(rows.places[first].sum()),
        listed=int(listed.sum()),
        listed_known=int((listed & known).sum()),
        listed_left=int((listed & left).sum()),
        listed_stayed=int((listed & known & ~left).sum()),
        expected_staying=float((1 - p[listed & known]).sum()),
        expected_leavers=float(p[known].sum()),
        rows_learned=int((~np.isnan(y)).sum()),
        leavers_learned=len(pd.unique(pd.Series(division.rows.pupil[learned][y == 1]))),
    )


def _lead(rows: TestRows, listed: Any, records: Any, left_on: Any, catalogue: Catalogue, follow_up: Any) -> LeadTime:
    days = as_days([day for day in np.unique(rows.day) if not np.isnat(day)])
    if left_on is None and getattr(records, "tables", {}).get("outcomes") is not None and days:
        left_on = leaving_days(records, rows.pupil[rows.y == 1], days[0], catalogue=catalogue, follow_up=follow_up)
    return lead_time(rows.y, listed, rows.pupil, rows.day, left_on)


def _suspicious(stacked: StackedRows, division: op.Split, catalogue: Catalogue, random_state: int) -> pd.DataFrame:
    from pumpurs_risk.training.fit.columns import choose_columns

    used = np.unique(np.concatenate([each for part in division.parts for each in part]).astype(np.int64))
    factors = choose_columns([str(column) for column in stacked.X], catalogue, op.APART).factors
    return suspicious_factors(stacked.X.iloc[used], stacked.y[used], factors, random_state)


def _curves(judged: Sequence[JudgedScores], best: str, level: float) -> dict[str, pd.DataFrame]:
    """Curves of the model, its challengers, the best rule, and school and programme."""
    shown = [
        each for each in judged if each.scored.kind in ("model", "challenger") or each.scored.name in (best, op.SCHOOL)
    ]
    found: dict[str, list[pd.DataFrame]] = {"calibration": [], "places": [], "decision": []}
    for each in shown:
        rows, scored = each.rows, each.scored
        curves = {"places": places_curve(rows.y, scored.score, rows.lists, None, rows.weight)}
        if scored.p is not None:
            curves["calibration"] = calibration_curve(rows.y, scored.p, rows.weight, level=level)
            curves["decision"] = decision_curve(rows.y, scored.p, rows.weight)
        for name, curve in curves.items():
            curve = curve.rename(
                columns={"model": "net_benefit"}
            )  # of the decision curve, where all and none stand beside
            curve.insert(0, "model", scored.name)
            found[name].append(curve)
    return {name: pd.concat(curves, ignore_index=True) for name, curves in found.items() if curves}
