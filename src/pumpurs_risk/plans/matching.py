"""Which of the measures that a school really has answer a pupil's risks, and which bodies outside it are worth asking."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pumpurs_risk.plans.plan import LONGEST_TAG, PlanMeasure, PlanPartner, Sensitivity

if TYPE_CHECKING:
    import pandas as pd

    from pumpurs_risk.catalogue import Catalogue, SupportMeasure

SECOND_MEASURES = 2
"""Of how many leading risks a second measure is proposed. Our own choice: a plan of ten measures is not carried out."""
_MENTOR = "mentor"  # role whose age limit the programme states
_OPENNESS: dict[Sensitivity, int] = {"ordinary": 0, "sensitive": 1, "special": 2}
_LONGEST_ID = LONGEST_TAG - len("measure..justification")


@dataclass(frozen=True)
class Need:
    """A risk as measures see it.

    Parameters
    ----------
    id : str
        Id of the plan's risk.
    factors : tuple of str
        The leading factor first.
    signals : tuple of str
        Signals that hold.
    sensitivity : str
        Who may see it.
    """

    id: str
    factors: tuple[str, ...]
    signals: tuple[str, ...] = ()
    sensitivity: Sensitivity = "ordinary"


@dataclass(frozen=True)
class Offer:
    """A measure that a school offers: who gives it, and to how many."""

    measure: str
    role: str = ""
    places: int | None = None


@dataclass(frozen=True)
class Learner:
    """What decides whether a measure is meant for a pupil; unknown values are NaN or empty."""

    age: float = math.nan
    programme: str = ""
    level: float = math.nan


@dataclass(frozen=True)
class Match:
    """What is proposed for one pupil.

    Parameters
    ----------
    measures : tuple of PlanMeasure
        In the order of the risks that they answer first.
    partners : tuple of PlanPartner
        Those that the law asks for first.
    answered : dict of str to tuple of str
        By risk the ids of the plan's measures; an empty tuple is an uncovered need.
    offers : dict of str to Offer
        By measure what the school stated of it.
    """

    measures: tuple[PlanMeasure, ...]
    partners: tuple[PlanPartner, ...]
    answered: dict[str, tuple[str, ...]]
    offers: dict[str, Offer] = field(default_factory=dict)


def offers_by_school(offers: pd.DataFrame) -> dict[str, dict[str, Offer]]:
    """Read what schools offer.

    Parameters
    ----------
    offers : pandas.DataFrame
        ``school_id``, ``measure``, ``role``, ``places``.

    Returns
    -------
    dict of str to dict of str to Offer
        By school and measure; a measure given by several roles has the places of all, and the first's role.

    Examples
    --------
    >>> import pandas as pd
    >>> stated = pd.DataFrame({"school_id": "a", "measure": "mentor", "role": ["mentor", "head"], "places": [2, 1]})
    >>> offers_by_school(stated)["a"]["mentor"]
    Offer(measure='mentor', role='mentor', places=3)
    """
    found: dict[str, dict[str, Offer]] = {}
    for row in offers.itertuples(index=False):
        known = found.setdefault(str(row.school_id), {})
        measure, role = str(row.measure), row.role if isinstance(row.role, str) else ""
        places: Any = row.places
        count = None if places is None or places != places else int(places)
        before = known.get(measure)
        if before is None:
            known[measure] = Offer(measure, role, count)
        else:
            both = [one for one in (before.places, count) if one is not None]
            known[measure] = Offer(measure, before.role or role, sum(both) if both else None)
    return found


def match(
    needs: Sequence[Need],
    learner: Learner,
    catalogue: Catalogue,
    offers: Mapping[str, Offer] | None = None,
    go_on: Iterable[str] = (),
    without: Iterable[str] = (),
) -> Match:
    """Find measures and partners for a pupil's risks.

    Every risk gets the first measure that fits it: those that its leading factor names in the catalogue's order, then
    those of its further factors, then any other that answers them. The `SECOND_MEASURES` leading risks get a second one.
    A measure that is there answers every risk that it can.

    Parameters
    ----------
    needs : sequence of Need
        The risks, the leading one first.
    learner : Learner
        Age, programme and level: a measure with a limit of age is not proposed where the age is unknown. What is for
        special needs only is never proposed: nobody's special needs are known here.
    catalogue : Catalogue
        Measures, partners, and the programme's age limit for mentors.
    offers : mapping of str to Offer, optional
        What the school offers; only that is proposed. None: nobody stated what it offers.
    go_on : iterable of str
        Measures of the last plan that are not finished: they come first.
    without : iterable of str
        Measures that people took out.

    Returns
    -------
    Match

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> found = match([Need("motivation", ("motivation",))], Learner(age=12), Catalogue.load(), {"mentor": Offer("mentor")})
    >>> found.measures, found.answered
    ((), {'motivation': ()})
    """
    refused = set(without)
    fitting = {need.id: [m for m in _candidates(need, catalogue, go_on) if m not in refused] for need in needs}
    allowed = {
        measure: _meant_for(catalogue.measures[measure], learner, catalogue) and (offers is None or measure in offers)
        for measures in fitting.values()
        for measure in measures
    }
    fitting = {need: [m for m in measures if allowed[m]] for need, measures in fitting.items()}
    chosen: list[str] = []
    for place in range(2):
        for need in needs if place == 0 else needs[:SECOND_MEASURES]:
            there = [m for m in chosen if m in fitting[need.id]]
            if len(there) <= place:
                chosen += [m for m in fitting[need.id] if m not in chosen][:1]
    answered = {need.id: tuple(m for m in chosen if m in fitting[need.id]) for need in needs}
    partners = _partners(needs, catalogue)
    ids = {m: short_id(m) for m in chosen}
    measures = tuple(
        _measure(catalogue.measures[m], [need for need in needs if m in answered[need.id]], partners, offers)
        for m in chosen
    )
    return Match(
        measures=measures,
        partners=partners,
        answered={need: tuple(ids[m] for m in known) for need, known in answered.items()},
        offers={m: offers[m] for m in chosen} if offers is not None else {},
    )


def _candidates(need: Need, catalogue: Catalogue, go_on: Iterable[str]) -> list[str]:
    """Measures that answer a risk, the most fitting first."""
    named = [m for f in need.factors if f in catalogue.factors for m in catalogue.factors[f].measures]
    others = [m.id for m in catalogue.measures.values() if any(f in m.answers for f in need.factors)]
    known = dict.fromkeys((*named, *others))
    return [*(m for m in go_on if m in known), *(m for m in known if m not in go_on)]


def _meant_for(measure: SupportMeasure, learner: Learner, catalogue: Catalogue) -> bool:
    if measure.special_needs_only or (measure.programmes and learner.programme not in measure.programmes):
        return False
    min_age = measure.min_age
    if measure.role == _MENTOR and catalogue.programme.mentor_min_age is not None:
        min_age = catalogue.programme.mentor_min_age
    if min_age is not None and not learner.age >= min_age:
        return False
    if measure.max_age is not None and not learner.age < measure.max_age:
        return False
    level = math.inf if learner.programme == "vocational" else learner.level  # beyond all grades, as in `Applies`
    low, high = measure.min_level, measure.max_level
    return (low is None or level >= low) and (high is None or level <= high)


def _measure(
    measure: SupportMeasure,
    needs: Sequence[Need],
    partners: Sequence[PlanPartner],
    offers: Mapping[str, Offer] | None,
) -> PlanMeasure:
    known = [partner.id for partner in partners]
    return PlanMeasure(
        id=short_id(measure.id),
        measure=measure.id,
        risks=tuple(need.id for need in needs),
        role=(offers[measure.id].role if offers is not None else "") or measure.role,
        evidence=measure.evidence,
        offered=None if offers is None else True,
        partners=tuple(p for p in measure.partners if p in known),
        sensitivity=_most_open(needs),
    )


def _partners(needs: Sequence[Need], catalogue: Catalogue) -> tuple[PlanPartner, ...]:
    """Bodies that a signal or a risk asks for; those that the law asks for first."""
    found = []
    for partner in catalogue.partners.values():
        by_law = [need for need in needs if set(partner.signals) & set(need.signals)]
        about = by_law + [need for need in needs if need not in by_law and set(partner.factors) & set(need.factors)]
        if about:
            found.append(
                PlanPartner(
                    id=short_id(partner.id),
                    risks=tuple(need.id for need in about),
                    required_by_law=bool(by_law),
                    sensitivity=_most_open(about),
                )
            )
    return tuple(sorted(found, key=lambda partner: not partner.required_by_law))


def _most_open(needs: Sequence[Need]) -> Sensitivity:
    """Who may see what answers several risks: whoever may see the most open of them."""
    return min((need.sensitivity for need in needs), key=lambda each: _OPENNESS[each], default="ordinary")


def short_id(name: str) -> str:
    """Give an id that fits into a tag of Word: a long one is cut and told apart by its digest.

    Examples
    --------
    >>> short_id("mentor"), len(short_id("x" * 99))
    ('mentor', 42)
    """
    if len(name) <= _LONGEST_ID:
        return name
    import hashlib

    return f"{name[: _LONGEST_ID - 7]}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"
