"""Who takes part in a pool, and on which factors: summaries brought together before anything is computed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pumpurs_risk.errors import TrainingError
from pumpurs_risk.model.additive import AdditiveModel
from pumpurs_risk.model.shapes import Floats, Levels, Shape
from pumpurs_risk.training.pool.random_effects import solved_out
from pumpurs_risk.training.pool.shared_factor import SharedFactor
from pumpurs_risk.training.summary import ShapeSummary, load_summary, period_end

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue


@dataclass(frozen=True)
class Place:
    """A factor's place among the pool's coefficients.

    Parameters
    ----------
    factor, construct : str
    version : int
    direction : {-1, 0, 1}
    knots : tuple of float
        Empty for levels.
    levels : tuple of str
        Empty for a curve.
    members : tuple of str
        Names of those who share it on these knots or levels; none for a factor that only the prior has.
    """

    factor: str
    construct: str
    version: int
    direction: int
    knots: tuple[float, ...]
    levels: tuple[str, ...]
    members: tuple[str, ...]

    @property
    def n_coefficients(self) -> int:
        """Steps of the curve, or levels."""
        return len(self.levels) or len(self.knots) - 1

    def has_form_of(self, shape: Shape | SharedFactor) -> bool:
        """Whether a shape has the same knots or levels."""
        return self.levels == getattr(shape, "levels", ()) and self.knots == getattr(shape, "knots", ())


@dataclass(frozen=True)
class Member:
    """A municipality of the pool.

    Parameters
    ----------
    name : str
        Its id, or "unnamed 1" and so on.
    summary : ShapeSummary
    """

    name: str
    summary: ShapeSummary

    @property
    def weight(self) -> float:
        """Summed weight of its rows, as far as the best recorded factor tells."""
        return max(factor.known for factor in self.summary.factors)

    def shares(self, place: Place) -> SharedFactor | None:
        """What it says of a place's factor; None if it is silent."""
        if self.name not in place.members:
            return None
        return next((f for f in self.summary.factors if f.factor == place.factor), None)

    def on(self, places: Sequence[Place]) -> tuple[Floats, Floats]:
        """Its matrix and linear term on the pool's coefficients, zeros where it is silent.

        Factors of another form than the pool's are solved out first.
        """
        wanted = {place.factor for place in places if self.name in place.members}
        width = [factor.n_coefficients for factor in self.summary.factors]
        silent = np.repeat([factor.factor not in wanted for factor in self.summary.factors], width)
        matrix, linear = solved_out(self.summary.matrix, np.asarray(self.summary.linear), silent)
        ends = np.cumsum([0, *(place.n_coefficients for place in places)])
        begin = {place.factor: int(a) for place, a in zip(places, ends, strict=False)}
        at = [
            begin[factor.factor] + step
            for factor in self.summary.factors
            if factor.factor in wanted
            for step in range(factor.n_coefficients)
        ]
        G, h = np.zeros((int(ends[-1]), int(ends[-1]))), np.zeros(int(ends[-1]))
        G[np.ix_(at, at)], h[at] = matrix, linear
        return G, h


def members_of(summaries: Iterable[ShapeSummary | str | Path]) -> list[Member]:
    """Read summaries; of each municipality the newest counts.

    Parameters
    ----------
    summaries : iterable of ShapeSummary or path

    Returns
    -------
    list of Member
        In the order given.

    Raises
    ------
    TrainingError
        If there is none, one is a full model, two are of one municipality and the same time, or horizons differ.
    ModelFileError
        If a file cannot be used.
    """
    if isinstance(summaries, ShapeSummary | str | Path | AdditiveModel):
        summaries = [summaries]
    read = [_read(each) for each in summaries]
    if not read:
        raise TrainingError("pool_empty")
    newest: dict[str, ShapeSummary] = {}
    written: dict[str, str] = {}  # "Vizbuļu novads" and " vizbuļu novads" are one municipality
    unnamed = 0
    for summary in read:
        name = " ".join(summary.municipality.split())
        name = written.setdefault(name.casefold(), name)
        if not name:
            if any(summary.linear == other.linear and summary.factors == other.factors for other in newest.values()):
                raise TrainingError("pool_same_twice")
            unnamed += 1
            name = f"unnamed {unnamed}"
        earlier = newest.get(name)
        if earlier is None or _age(summary) > _age(earlier):
            newest[name] = summary
        elif _age(summary) == _age(earlier):
            raise TrainingError("pool_same_period", municipality=name, period=summary.period or "-")
    horizons = {summary.horizon for summary in newest.values()}
    if len(horizons) > 1:
        found = "; ".join(f"{name}: {summary.horizon}" for name, summary in newest.items())
        raise TrainingError("pool_horizons", found=found)
    return [Member(name, summary) for name, summary in newest.items()]


def _read(given: Any) -> ShapeSummary:
    if isinstance(given, str | Path):
        return load_summary(given)
    if isinstance(given, AdditiveModel) or hasattr(given, "predict_proba"):
        raise TrainingError("pool_full_model", name=getattr(given, "name", type(given).__name__))
    if not isinstance(given, ShapeSummary):
        raise TypeError(f"summaries must be ShapeSummary objects or paths of summary.json, got {type(given).__name__}")
    if problem := given.problem():
        raise TrainingError("pool_inconsistent", municipality=given.municipality or "-", detail=problem)
    return given


def _age(summary: ShapeSummary) -> tuple[str, str]:
    return (period_end(summary.period).isoformat() if summary.period else "", summary.made_on)


def places_of(
    members: Sequence[Member], prior: AdditiveModel, catalogue: Catalogue
) -> tuple[tuple[Place, ...], list[str]]:
    """Say which factors the pool has, in which form, and from whom: first the prior's, then the catalogue's, then others.

    Parameters
    ----------
    members : sequence of Member
    prior : AdditiveModel
    catalogue : Catalogue

    Returns
    -------
    places : tuple of Place
    notes : list of str
        Factors that not all share, and forms that could not be pooled.

    Raises
    ------
    TrainingError
        If a summary has a catalogue factor in another version or on other knots, the prior has one in another version, or
        a summary has no factor in the form that is pooled.
    """
    offered: dict[str, list[tuple[str, SharedFactor]]] = {}
    for member in members:
        for factor in member.summary.factors:
            offered.setdefault(factor.factor, []).append((member.name, factor))
    before = {shape.factor: shape for shape in prior.shapes}
    order = [*before, *(f for f in catalogue.factors if f in offered), *offered]
    places: list[Place] = []
    notes: list[str] = []
    for name in dict.fromkeys(order):
        place, left = _place(name, offered.get(name, []), before.get(name), catalogue)
        places.append(place)
        if left:
            notes.append(f"{name}: not pooled with {', '.join(left)}, whose knots, levels or version differ")
        others = [m.name for m in members if m.name not in place.members and m.name not in left]
        if place.members and others:
            notes.append(f"{name}: from {', '.join(place.members)} only")
    for member in members:
        if not any(member.name in place.members for place in places):
            own = ", ".join(factor.factor for factor in member.summary.factors[:8])
            raise TrainingError("pool_nothing_in_common", municipality=member.name, factors=own)
    return tuple(places), notes


def _place(
    name: str, offered: Sequence[tuple[str, SharedFactor]], shape: Shape | None, catalogue: Catalogue
) -> tuple[Place, list[str]]:
    entry = catalogue.factors.get(name)
    if entry is not None:
        form: tuple[Any, ...] = (entry.version, tuple(map(float, entry.knots)), tuple(entry.levels))
        for member, factor in offered:
            _check_standard(member, factor, form)
        if shape is not None and offered and shape.version != entry.version:
            raise TrainingError(
                "pool_version", factor=name, municipality="prior", found=shape.version, expected=entry.version
            )
    elif shape is not None:
        form = _form(shape)
    else:  # the form that most of them have; of equals the first
        form = Counter(_form(factor) for _, factor in offered).most_common(1)[0][0]
    if entry is not None and not offered and shape is not None:
        form = _form(shape)
    sharing = tuple(member for member, factor in offered if _form(factor) == form)
    left = [member for member, factor in offered if _form(factor) != form]
    if entry is not None:
        direction: int = entry.direction
    elif shape is not None:
        direction = shape.direction
    else:
        stated = {factor.direction for member, factor in offered if member in sharing} - {0}
        direction = stated.pop() if len(stated) == 1 else 0
    construct = entry.construct if entry else shape.construct if shape else offered[0][1].construct
    version, knots, levels = form
    return Place(name, construct, version, 0 if levels else direction, knots, levels, sharing), left


def _form(thing: Shape | SharedFactor) -> tuple[int, tuple[float, ...], tuple[str, ...]]:
    if isinstance(thing, Levels):
        return thing.version, (), thing.levels
    return thing.version, thing.knots, getattr(thing, "levels", ())


def _check_standard(member: str, factor: SharedFactor, form: tuple[Any, ...]) -> None:
    version, knots, levels = form
    if factor.version != version:
        raise TrainingError(
            "pool_version", factor=factor.factor, municipality=member, found=factor.version, expected=version
        )
    if factor.knots != knots or factor.levels != levels:
        raise TrainingError("pool_knots", factor=factor.factor, municipality=member)
