"""Municipalities' summaries become one prior, and no row is exchanged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from pumpurs_risk.errors import TrainingError
from pumpurs_risk.model.additive import AdditiveModel
from pumpurs_risk.model.odds import expit, logit
from pumpurs_risk.model.parts import CovarianceBlock, Pooling, Provenance
from pumpurs_risk.model.shapes import Floats, Levels, PiecewiseLinear, Shape
from pumpurs_risk.model.store import load_model
from pumpurs_risk.training.fit.terms import LEVEL_TAU, line_and_deviation
from pumpurs_risk.training.pool.members import Member, Place, members_of, places_of
from pumpurs_risk.training.pool.random_effects import EVIDENCE_NEEDS, USUAL_BETWEEN_SD, RandomEffects
from pumpurs_risk.training.pool.shared_factor import spread
from pumpurs_risk.training.pool.withholding import cell_shares
from pumpurs_risk.training.summary import ShapeSummary, period_end

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue

_PRIOR_WIDTH = 0.5  # sd of a total effect around the prior, as everywhere before there are data
_RECORDED_BY = 0.5  # a factor counts as recorded by the members if at least half of their pupils have it


def pool_models(
    summaries: Iterable[ShapeSummary | str | Path],
    *,
    prior: str | Path | AdditiveModel = "literature-prior",
    between_sd: float | None = None,
    name: str = "pooled",
    catalogue: Catalogue | None = None,
) -> AdditiveModel:
    """Make one prior of what several municipalities learned, none of which shows a row to anyone.

    The result is meant as ``DropoutScorer(prior=...)`` of any municipality, a member or not: it brings the curves, and how far
    a municipality may lie from them; the level each learns from its own pupils. It can also score as it is; its level is then
    published evidence, carried to the pool's average pupil.

    Parameters
    ----------
    summaries : iterable of ShapeSummary or path
        One per municipality (``summary.json``, or a folder that holds one). A later one of the same municipality replaces the
        earlier, by the end of its period and then by the day it was made; those without a municipality are each taken
        for one of their own. Factors may differ: each is pooled over those who have it.
    prior : str, Path or AdditiveModel
        What the pool starts from, by name, path or itself.
    between_sd : float, optional
        Sd of a total effect between municipalities, in log-odds; 0 takes them for parts of one population. By default .25
        below five summaries, and from five on what they themselves tell.
    name : str
        Of the model.
    catalogue : Catalogue, optional
        Standard knots and versions that summaries must fit; the shipped one by default.

    Returns
    -------
    AdditiveModel
        With ``pooling`` (members, distances) and ``covariance``: the pool's uncertainty and what lies between municipalities.

    Raises
    ------
    TrainingError
        If there is no summary, one is a full model, or they do not fit together: two of one municipality for the same
        time, different horizons, another version or other knots of a catalogue factor, or none of a
        summary's factors on the knots that the others have.
    ModelFileError
        If a file is damaged, altered, too large or newer.

    References
    ----------
    DerSimonian R, Laird N (1986), Meta-analysis in clinical trials, Controlled Clinical Trials 7:177-188, for effects that
    differ between places; here they are whole curves, and the places' likelihoods are kept as they are.

    Examples
    --------
    >>> from pumpurs_risk.training.pool.shared_factor import SharedFactor
    >>> shared = SharedFactor(factor="chess", construct="chess", version=1, direction=0, knots=(0.0, 1.0), levels=(),
    ...                       mean_row=(0.2,), known=600.0, within=1.0)
    >>> a, b = (ShapeSummary(municipality=m, period="2026-01-15", horizon="1y", pupils=600, leavers=30, factors=(shared,),
    ...                      information=((4.0,),), linear=(h,)) for m, h in [("A", 6.0), ("B", 2.0)])
    >>> model = pool_models([a, b], between_sd=0.0)
    >>> effect = model.shapes[-1].values[1] - model.shapes[-1].values[0]
    >>> round(effect, 4) == round((6.0 + 2.0) / (4.0 + 4.0 + 1 / 0.25), 4)  # the prior knows nothing of it: 0, sd .5
    True
    >>> model.pooling.members
    ('A', 'B')
    """
    if catalogue is None:
        from pumpurs_risk.catalogue import Catalogue

        catalogue = Catalogue.load()
    if between_sd is not None and not 0 <= between_sd < np.inf:
        raise ValueError(f"between_sd is a standard deviation and cannot be {between_sd}")
    members = members_of(summaries)
    start = prior if isinstance(prior, AdditiveModel) else load_model(prior)
    start = _of_horizon(start, members[0].summary.horizon)
    places, notes = places_of(members, start, catalogue)
    start = start.for_recorded(_recorded(members, places, start))
    parts = _Coefficients(places, start)
    with threadpool_limits(limits=1, user_api="blas"):  # matrices so small that threads only wait for each other
        effects = RandomEffects(
            [member.on(places) for member in members], parts.spread, parts.precision, parts.mean, parts.sign
        )
        how = "given"
        if between_sd is None:
            told = len(members) >= EVIDENCE_NEEDS
            between_sd = effects.likely_between_sd() if told else USUAL_BETWEEN_SD
            how = "as the summaries tell" if told else f"usual below {EVIDENCE_NEEDS} summaries"
        d = effects.mean(between_sd)
        covariance = effects.covariance(between_sd) + between_sd**2 * parts.spread * parts.pooled
        distances = tuple(round(effects.distance(i, between_sd), 2) for i in range(len(members)))
    shapes = _shapes(places, members, start, d)
    level = sum(_at_mean_row(_prior_shape(start, p.factor), _mean_row(p, members)) for p in places if p.members)
    notes = [f"between-municipality sd of a total effect {between_sd:g}, {how}", *notes]
    return AdditiveModel(
        name=name,
        horizon=start.horizon,
        base=start.base + level,
        national_mean=start.national_mean,
        features=tuple(shape.factor for shape in shapes),
        shapes=shapes,
        covariance=(CovarianceBlock(start=0, matrix=tuple(map(tuple, covariance.tolist()))),),
        base_variance=max(1.0, start.base_variance),
        rate_range=start.rate_range,
        provenance=_provenance(members, start, notes),
        pooling=Pooling(
            members=tuple(member.name for member in members),
            periods=tuple(member.summary.period for member in members),
            leavers=tuple(member.summary.leavers for member in members),
            distances=distances,
            between_sd=between_sd,
        ),
    )


@dataclass(frozen=True)
class _Coefficients:
    """Prior and limits of all places' coefficients, in order."""

    places: Sequence[Place]
    start: AdditiveModel

    @property
    def mean(self) -> Floats:
        """The prior's coefficients; 0 where it does not have the factor. Steps against the direction start from 0."""
        found = np.concatenate([_coefficients(p, _prior_shape(self.start, p.factor)) for p in self.places])
        return np.where(self.sign * found < 0, 0.0, found)

    @property
    def sign(self) -> Floats:
        return np.repeat([float(p.direction) for p in self.places], [p.n_coefficients for p in self.places])

    @property
    def pooled(self) -> Floats:
        """1 where both coefficients are some member's: only of those is it known how municipalities differ."""
        by = np.repeat([float(bool(p.members)) for p in self.places], [p.n_coefficients for p in self.places])
        return np.outer(by, by)

    @property
    def spread(self) -> Floats:
        """Covariance for a total effect of sd 1."""
        return _blocks(
            [LEVEL_TAU**2 * np.eye(len(p.levels)) if p.levels else line_and_deviation(p.knots) for p in self.places]
        )

    @property
    def precision(self) -> Floats:
        """Of the prior: the usual width, or what an earlier pool has learned."""
        covariance: Floats = _PRIOR_WIDTH**2 * self.spread
        if self.start.pooling is not None:
            _put_covariance(self.start, self.places, covariance)
        return cast("Floats", np.linalg.inv(covariance))


def _put_covariance(start: AdditiveModel, places: Sequence[Place], target: Floats) -> None:
    """Write an earlier pool's covariance over the coefficients of the factors that have the same form."""
    ends = np.cumsum([0, *(shape.n_coefficients for shape in start.shapes)])
    whole = np.zeros((int(ends[-1]), int(ends[-1])))
    for block in start.covariance:
        part = slice(block.start, block.start + len(block.matrix))
        whole[part, part] = np.asarray(block.matrix)
    at = {shape.factor: range(a, b) for shape, a, b in zip(start.shapes, ends, ends[1:], strict=False)}
    mine: list[int] = []
    theirs: list[int] = []
    begin = 0
    for place in places:
        shape = _prior_shape(start, place.factor)
        if shape is not None and place.has_form_of(shape):
            mine.extend(range(begin, begin + place.n_coefficients))
            theirs.extend(at[place.factor])
        begin += place.n_coefficients
    target[np.ix_(mine, mine)] = whole[np.ix_(theirs, theirs)]


def _of_horizon(start: AdditiveModel, horizon: str) -> AdditiveModel:
    """The prior for another horizon: its own second curve, else its level carried over two years of the same risk."""
    if start.horizon == horizon:
        return start
    if start.two_years is not None and start.two_years.horizon == horizon:
        return start.two_years
    if (start.horizon, horizon) != ("1y", "2y"):
        raise TrainingError("pool_prior_horizon", prior=start.name, found=start.horizon, horizon=horizon)

    def twice(log_odds: float) -> float:
        return logit(1 - (1 - float(expit(np.array([log_odds]))[0])) ** 2)

    mean = 1 - (1 - start.national_mean) ** 2
    return msgspec.structs.replace(start, horizon=horizon, base=twice(start.base), national_mean=mean)


def _recorded(members: Sequence[Member], places: Sequence[Place], start: AdditiveModel) -> pd.DataFrame:
    """One made pupil who has what at least half of the members' pupils have: over these, prior shares are renormalised."""
    everyone = sum(member.weight for member in members)
    row: dict[str, Any] = {}
    for place in places:
        shape = _prior_shape(start, place.factor)
        if shape is None:
            continue
        known = sum(f.known for member in members if (f := member.shares(place)))
        there = shape.levels[0] if isinstance(shape, Levels) else shape.knots[0]
        row[place.factor] = [there if known >= _RECORDED_BY * everyone else None]
    return pd.DataFrame(row)


def _shapes(places: Sequence[Place], members: Sequence[Member], start: AdditiveModel, d: Floats) -> tuple[Shape, ...]:
    learned = {place.construct for place in places if place.members}
    shapes: list[Shape] = []
    begin = 0
    for place in places:
        own = d[begin : begin + place.n_coefficients]
        begin += place.n_coefficients
        before = _prior_shape(start, place.factor)
        if not place.members:
            assert before is not None  # a place is the prior's or some member's
            # what is left of a construct whose other curves were learned must not be renormalised to carry all of it
            shapes.append(msgspec.structs.replace(before, prior_share=None) if place.construct in learned else before)
            continue
        row = _mean_row(place, members)
        heights = own if place.levels else np.append(0.0, np.cumsum(own))
        stated: dict[str, Any] = {
            "factor": place.factor,
            "version": place.version,
            "construct": place.construct,
            "values": tuple((heights - float(row @ own) + 0.0).tolist()),
            "unknown": before.unknown if before else 0.0,
            "unknown_variance": before.unknown_variance if before else 0.0,
            "mean_row": tuple(row.tolist()),
            "variance": _variance(place, members, heights),
        }
        if place.levels:
            shapes.append(Levels(levels=place.levels, **stated))
        else:
            shapes.append(PiecewiseLinear(knots=place.knots, direction=cast("Any", place.direction), **stated))
    return tuple(shapes)


def _mean_row(place: Place, members: Sequence[Member]) -> Floats:
    shared = [f for member in members if (f := member.shares(place))]
    weights = np.array([max(f.known, 1.0) for f in shared])
    row: Floats = weights @ np.array([f.mean_row for f in shared]) / weights.sum()
    return row / row.sum() if place.levels and row.any() else row  # shares that were rounded


def _variance(place: Place, members: Sequence[Member], heights: Floats) -> float:
    """Variance of the pool's curve over the members' pupils: within each, and between their means."""
    shared = [f for member in members if (f := member.shares(place))]
    shares = [cell_shares(f.mean_row, bool(place.levels)) for f in shared]
    weights = np.array([max(f.known, 1.0) for f in shared])
    within = np.array([f.within * spread(s, heights) for f, s in zip(shared, shares, strict=True)])
    means = np.array([float(s @ heights) for s in shares])
    return float(weights @ within + weights @ (means - weights @ means / weights.sum()) ** 2) / float(weights.sum())


def _prior_shape(start: AdditiveModel, factor: str) -> Shape | None:
    return next((shape for shape in start.shapes if shape.factor == factor), None)


def _coefficients(place: Place, shape: Shape | None) -> Floats:
    if isinstance(shape, Levels):
        known = dict(zip(shape.levels, shape.values, strict=True))
        return np.array([known.get(level, 0.0) for level in place.levels])
    if isinstance(shape, PiecewiseLinear):
        return np.diff(np.interp(place.knots, shape.knots, shape.values))
    return np.zeros(place.n_coefficients)


def _at_mean_row(shape: Shape | None, row: Floats) -> float:
    """What the prior's shape adds for the pool's average pupil."""
    if shape is None:
        return 0.0
    if isinstance(shape, Levels):
        return float(row @ np.asarray(shape.values))
    return shape.values[0] + float(row @ np.diff(shape.values))


def _blocks(parts: Sequence[Floats]) -> Floats:
    ends = np.cumsum([0, *(len(part) for part in parts)])
    out = np.zeros((int(ends[-1]), int(ends[-1])))
    for part, a, b in zip(parts, ends, ends[1:], strict=False):
        out[a:b, a:b] = part
    return out


def _provenance(members: Sequence[Member], start: AdditiveModel, notes: Sequence[str]) -> Provenance:
    days = sorted(day for member in members for day in member.summary.period.split("/") if day)
    last = max((period_end(m.summary.period) for m in members if m.summary.period), default=None)
    count = len(members)
    whose = ", ".join(f"{m.name} ({m.summary.leavers} or more leavers)" for m in members)
    return Provenance(
        made_by="pumpurs_risk.training.pooling",
        made_from=f"summaries of {count} {'municipality' if count == 1 else 'municipalities'}: {whose}; around {start.name}",
        population="pupils of " + ", ".join(member.name for member in members),
        outcomes=0,
        period=f"{days[0]}/{last}" if days else "",
        intended_uses=start.provenance.intended_uses,
        forbidden_uses=start.provenance.forbidden_uses,
        notes=(*start.provenance.notes, *notes),
    )
