"""From a table and outcomes to a model: the order in which terms, widths, directions, pairs and provenance come about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from pumpurs_risk.errors import TrainingError
from pumpurs_risk.factors.support import SUPPORT_GIVEN
from pumpurs_risk.model.additive import AdditiveModel
from pumpurs_risk.model.odds import expit, logit
from pumpurs_risk.model.pairs import PairShape
from pumpurs_risk.model.parts import Provenance, Training
from pumpurs_risk.model.shapes import Floats
from pumpurs_risk.model.terms import term_columns
from pumpurs_risk.training.fit.assemble import (
    covariance_blocks,
    fitted_shapes,
    kept_of_prior,
    kept_pair_blocks,
    likelihood_information,
    school_levels,
    shape_transform,
)
from pumpurs_risk.training.fit.checks import Conflict, contradicted_directions, prior_conflict, telling_factors
from pumpurs_risk.training.fit.columns import Choice, Words, named
from pumpurs_risk.training.fit.design import TermDesign
from pumpurs_risk.training.fit.gaussian import USUAL_WIDTH, GaussianPrior
from pumpurs_risk.training.fit.outcomes import Outcomes
from pumpurs_risk.training.fit.posterior import Fit, fit
from pumpurs_risk.training.fit.terms import Term, make_terms, prior_covariance
from pumpurs_risk.training.information import Information
from pumpurs_risk.training.likelihood import Ints, Rows

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.training.fit.pairs import PairTerm

UNKNOWN_SD = 0.4
"""Prior sd of what "unknown" adds to the mean row, at every number of rows, where a pupil has one unknown factor or fewer.

Where pupils lack many (an answer that was only asked of some), all of them together have this sd: with forty factors half
recorded, 0.4 for each would let the reporting habits of a few leavers outweigh what is published of all of them."""
LEVEL_SD = 10.0
"""Prior sd of the level once anybody has left; 1 before."""


class Options(Protocol):
    """The parameters of `DropoutScorer`."""

    monotonic_cst: Any
    knots: Any
    pairs: Any
    width: float | None
    relevance: bool
    school_levels: bool
    design: Sequence[str] | None
    horizon: str
    name: str


@dataclass(frozen=True)
class Task:
    """Everything a training is made from; parameters as for `DropoutScorer`."""

    frame: pd.DataFrame
    outcomes: Outcomes
    weight: Floats
    chosen: Choice
    prior: AdditiveModel | None
    catalogue: Catalogue
    options: Options


@dataclass(frozen=True)
class Learned:
    """A model, and what the data alone say of its curves."""

    model: AdditiveModel
    information: Information | None
    leavers: int


def learn(task: Task) -> Learned:
    """Fit the model.

    Parameters
    ----------
    task : Task

    Returns
    -------
    Learned
    """
    with threadpool_limits(limits=1, user_api="blas"):  # two threads wait for each other longer than they help
        return _learn(task)


def _learn(task: Task) -> Learned:
    used = np.flatnonzero(task.outcomes.known & (task.weight > 0))
    frame = task.frame if len(used) == len(task.frame) else task.frame.iloc[used]
    frame = frame.reset_index(drop=True) if len(used) != len(task.frame) else frame
    rows = Rows(task.outcomes.left[used], task.weight[used])
    if not len(used):
        raise TrainingError("training_no_outcome", rows=len(task.frame))
    leavers = _leavers(frame, rows)
    prior = _fitting_prior(task, frame)
    names = task.chosen.factors
    directions = {
        k: int(v) for k, v in named(task.options.monotonic_cst, names, "monotonic_cst").items() if v is not None
    }
    knots = named(task.options.knots, names, "knots")
    groups, schools = _schools(frame, task.options.school_levels)
    beside = _beside(frame, task.options.design, rows.weight)
    kept_pairs = _prior_pairs(prior, task.options.pairs)
    offset = sum((pair.evaluate(*term_columns(frame, pair)) for pair in kept_pairs), np.zeros(len(frame)))

    def fitted(
        directions: dict[str, int], pairs: Sequence[PairTerm], beside: Floats
    ) -> tuple[TermDesign, Fit, GaussianPrior]:
        terms = make_terms(frame, names, rows.weight, prior, task.catalogue, directions, knots)
        design = TermDesign(terms, rows.weight, groups, len(schools), pairs, beside, offset if kept_pairs else None)
        gaussian = _gaussian(design, prior, rows, leavers)
        found = fit(design, rows, gaussian, leavers, width=task.options.width, relevance=task.options.relevance)
        return design, found, gaussian

    design, found, gaussian = fitted(directions, (), beside)
    freed: list[str] = []
    while wrong := contradicted_directions(design, found):
        freed.append(wrong)
        directions = {**directions, wrong: 0}
        design, found, gaussian = fitted(directions, (), beside)
    if task.options.pairs is not None:
        from pumpurs_risk.training.fit.pairs import make_pairs

        taken = {frozenset(pair.factors) for pair in kept_pairs}
        made = make_pairs(task.options.pairs, design, found, rows)
        pairs = tuple(p for p in made if frozenset((p.left.factor, p.right.factor)) not in taken)
        if pairs:
            design, found, gaussian = fitted(directions, pairs, beside)
    conflict = prior_conflict(design, found, gaussian, leavers, prior)
    telling = telling_factors(design, found, rows, leavers)
    model, information = _assembled(task, frame, rows, prior, design, found, schools, leavers)
    training = _training(task, frame, rows, found, design, schools, leavers, freed, conflict, prior)
    if beside.shape[1]:
        plain = _assembled(
            task, frame, rows, prior, *fitted(directions, design.pairs, beside[:, :0])[:2], schools, leavers
        )[0]
        same = _rank_correlation(model.log_odds(frame), plain.log_odds(frame))
        training = msgspec.structs.replace(training, ranking_with_design=same)
    training = msgspec.structs.replace(training, suspicious=telling)
    return Learned(msgspec.structs.replace(model, training=training), information, round(leavers))


# ---------------------------------------------------------------------- what goes in
def _leavers(frame: pd.DataFrame, rows: Rows) -> float:
    """Distinct leavers; without ids, the summed weight of rows who left."""
    if "pupil_id" in frame:
        return float(frame["pupil_id"][rows.y == 1].nunique())
    return float(rows.weight[rows.y == 1].sum())


def _fitting_prior(task: Task, frame: pd.DataFrame) -> AdditiveModel | None:
    """Let the prior's recorded factors carry their constructs; leave it out where it knows none of the columns."""
    prior = task.prior
    if prior is None or not set(prior.features) & set(task.chosen.factors):
        return None
    return prior.for_recorded(frame)


def _prior_pairs(prior: AdditiveModel | None, wanted: Any) -> tuple[PairShape, ...]:
    """The prior's surfaces, which stay as they are; a pair that is fitted anew is not among them."""
    if prior is None:
        return ()
    anew = set() if wanted is None or isinstance(wanted, str) else {frozenset(map(str, pair)) for pair in wanted}
    return tuple(pair for pair in prior.pairs if frozenset(pair.factors) not in anew)


def _schools(frame: pd.DataFrame, wanted: bool) -> tuple[Ints, list[str]]:
    if not wanted or "school_id" not in frame:
        return np.zeros(0, dtype=np.intp), []
    codes, found = pd.factorize(frame["school_id"], sort=True)
    if len(found) < 2:
        return np.zeros(0, dtype=np.intp), []
    return codes.astype(np.intp), [str(s) for s in found]


def _beside(frame: pd.DataFrame, names: Sequence[str] | None, weight: Floats) -> Floats:
    """Columns that are fitted but never scored, centred; unknown is their mean."""
    columns = []
    for name in names or ():
        if name not in frame:
            raise TrainingError("training_design_missing", column=name, columns=", ".join(map(str, frame.columns[:12])))
        x = frame[name].to_numpy(dtype=float, na_value=np.nan)
        known = ~np.isnan(x)
        mean = float(np.average(x[known], weights=weight[known])) if known.any() else 0.0
        columns.append(np.where(known, x - mean, 0.0))
    return np.column_stack(columns) if columns else np.zeros((len(frame), 0))


def _gaussian(design: TermDesign, prior: AdditiveModel | None, rows: Rows, leavers: float) -> GaussianPrior:
    k = design.n_coefficients
    mean, fixed, lower = np.zeros(k), np.full(k, np.nan), np.full(k, -np.inf)
    share = float(rows.weight @ rows.y / rows.weight.sum())
    mean[0] = prior.base if prior is not None else logit(min(max(share, 1e-3), 1 - 1e-3))
    fixed[0] = (LEVEL_SD if leavers else 1.0) ** 2
    blocks: list[tuple[slice, Floats]] = []
    lacking = float(
        (1 - design.known[design.has_unknown] / rows.weight.sum()).sum()
    )  # factors a pupil lacks, on average
    for j, term in enumerate(design.terms):
        part = design.parts[j]
        mean[part] = term.sign * term.mean
        blocks.append((part, term.spread))
        if term.direction:
            lower[part] = 0.0
        at = design.unknown_at[j]
        if at is not None:
            mean[at], fixed[at] = term.unknown_mean, UNKNOWN_SD**2 / max(1.0, lacking)
    for pair, part in zip(design.pairs, design.pair_parts, strict=True):
        blocks.append((part, pair.spread))
        lower[part] = pair.lower
    fixed[design.beside_part] = 1.0
    given = None
    if prior is not None and prior.pooling is not None:
        whole = slice(1, design.parts[-1].stop)
        sign = np.concatenate([np.full(t.column.n_columns, float(t.sign)) for t in design.terms])
        given = (whole, prior_covariance(design.terms, prior) * np.outer(sign, sign))
        blocks = blocks[len(design.terms) :]
    schools = slice(design.n_columns, k)
    return GaussianPrior(mean, blocks, fixed, schools, lower, given)


# ---------------------------------------------------------------------- what comes out
def _assembled(
    task: Task,
    frame: pd.DataFrame,
    rows: Rows,
    prior: AdditiveModel | None,
    design: TermDesign,
    found: Fit,
    schools: Sequence[str],
    leavers: float,
) -> tuple[AdditiveModel, Information]:
    covariance = found.covariance()
    shapes = fitted_shapes(design, found, covariance, rows.weight)
    terms = slice(1, design.parts[-1].stop)
    turn = shape_transform(design.terms)
    posterior = turn @ covariance[terms, terms] @ turn.T
    kept, blocks = kept_of_prior(prior, [s.factor for s in shapes], len(turn))
    p = expit(design.predict(found.beta))
    mean_risk = float(rows.weight @ p / rows.weight.sum())
    n_leavers = round(leavers)
    all_shapes = (*shapes, *kept)
    pairs: tuple[Any, ...] = ()
    layout = covariance_blocks(shapes, posterior, blocks)
    base = float(found.beta[0])
    kept_pairs = _prior_pairs(prior, task.options.pairs)
    if design.pairs:
        from pumpurs_risk.training.fit.pairs import fitted_pairs

        pairs, layout = fitted_pairs(design, found, covariance, turn, all_shapes, blocks)
    if prior is not None and kept_pairs:
        cells = sum(term.n_coefficients for term in (*all_shapes, *pairs))
        layout = (*layout, *kept_pair_blocks(prior, kept_pairs, cells))
        pairs = (*pairs, *kept_pairs)
    model = AdditiveModel(
        name=task.options.name,
        horizon=task.options.horizon,
        base=base,
        national_mean=min(max(mean_risk, 1e-9), 1 - 1e-9),
        features=tuple(s.factor for s in all_shapes),
        shapes=all_shapes,
        covariance=layout,
        base_variance=float(covariance[0, 0]),
        rate_range=prior.rate_range if prior is not None and not n_leavers else None,
        pairs=pairs,
        schools=school_levels(found, schools, slice(design.n_columns, design.n_coefficients), covariance),
        provenance=_provenance(task, frame, n_leavers, prior),
    )
    infos, matrix, score, mode = likelihood_information(design, found, shapes, _pupils_behind(frame, design.terms))
    information = Information(
        factors=infos,
        matrix=matrix,
        score=score,
        mode=mode,
        rows=len(frame),
        pupils=_distinct(frame),
        leavers=n_leavers,
        weight=float(rows.weight.sum()),
        horizon=task.options.horizon,
        prior=task.prior.name if task.prior is not None else "",
    )
    return model, information


def _provenance(task: Task, frame: pd.DataFrame, leavers: int, prior: AdditiveModel | None) -> Provenance:
    days = _days(frame)
    old = prior.provenance if prior is not None else None
    return Provenance(
        made_by="pumpurs_risk.DropoutScorer",
        made_from=f"{len(frame)} rows with a known outcome" + (f", around the prior {prior.name}" if prior else ""),
        population=f"{_distinct(frame)} pupils"
        + (f", {frame['school_id'].nunique()} schools" if "school_id" in frame else ""),
        outcomes=leavers,
        period=f"{days[0]} – {days[-1]}" if days else "",
        intended_uses=old.intended_uses if old else (),
        forbidden_uses=old.forbidden_uses if old else (),
    )


def _training(
    task: Task,
    frame: pd.DataFrame,
    rows: Rows,
    found: Fit,
    design: TermDesign,
    schools: Sequence[str],
    leavers: float,
    freed: Sequence[str],
    conflict: Conflict,
    prior: AdditiveModel | None,
) -> Training:
    relevance = found.widths.relevance if found.width_by != "pool" else np.zeros(0)
    support = frame.get(SUPPORT_GIVEN)
    return Training(
        rows=len(frame),
        rows_without_outcome=int((~task.outcomes.known).sum()),
        pupils=_distinct(frame),
        leavers=round(leavers),
        weight=float(rows.weight.sum()),
        schools=len(schools) or (int(frame["school_id"].nunique()) if "school_id" in frame else 0),
        as_of=tuple(_days(frame)),
        prior=prior.name if prior is not None else "",
        width=found.widths.width if found.width_by != "pool" else USUAL_WIDTH,
        width_by=found.width_by,
        relevance={
            t.factor: float(r) for t, r in zip(design.terms, relevance[: len(design.terms)], strict=False) if r != 1.0
        },
        freed=tuple(freed),
        conflict_nats=conflict.nats,
        conflict_p=conflict.p,
        conflict=conflict.factors,
        rows_with_support=None if support is None or support.isna().all() else int((support == 1).sum()),
        design=tuple(task.options.design or ()),
        left_out=task.chosen.left_out,
        protected=() if task.chosen.of_catalogue else task.chosen.protected,
    )


def _days(frame: pd.DataFrame) -> list[str]:
    if "as_of" not in frame:
        return []
    return sorted({str(pd.Timestamp(day).date()) for day in frame["as_of"].dropna().unique()})


def _distinct(frame: pd.DataFrame) -> int:
    return int(frame["pupil_id"].nunique()) if "pupil_id" in frame else len(frame)


def _pupils_behind(frame: pd.DataFrame, terms: Sequence[Term]) -> list[tuple[int, ...]]:
    """Distinct pupils at each level, or before and within each step, of every term."""
    who = pd.factorize(frame["pupil_id"])[0] if "pupil_id" in frame else None
    found = []
    for term in terms:
        column = term.column
        if isinstance(column, Words):
            place, n = np.asarray(column.codes), len(column.levels)
        else:
            place = np.searchsorted(np.asarray(column.knots[:-1]), column.values)  # 0: at or below the first knot
            place = np.where(np.isnan(column.values), -1, place)
            n = len(column.knots)
        held = place >= 0
        at = place[held].astype(np.int64)
        if who is not None:  # a pupil counts once at each place
            at = pd.unique(who[held].astype(np.int64) * n + at) % n
        found.append(tuple(np.bincount(at, minlength=n).tolist()))
    return found


def _rank_correlation(a: Floats, b: Floats) -> float:
    if len(a) < 2:
        return 1.0
    found = pd.Series(a).corr(pd.Series(b), method="spearman")
    return 1.0 if np.isnan(found) else float(found)
