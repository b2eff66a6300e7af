"""Assessments: what people judge of a pupil, when, and in which role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pumpurs_risk.datasets.world import MadeWorld
from pumpurs_risk.datasets.years.columns import days, numbers, record_ids, words
from pumpurs_risk.datasets.years.parameters import Judgements
from pumpurs_risk.datasets.years.term_roll import TermRoll

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue, RiskFactor

Array = np.ndarray[Any, Any]
_LAST_WEEKS = 20  # school days at the end of a semester


def assessed_factors(catalogue: Catalogue, world: MadeWorld) -> list[RiskFactor]:
    """Factors that the made world knows and people judge; what incidents count already is not judged again."""
    return [
        factor
        for factor in catalogue.factors.values()
        if factor.id in world.pupil and "assessments" in factor.tables and "incidents" not in factor.tables
    ]


def assessments(
    roll: TermRoll, world: MadeWorld, rules: Judgements, factors: list[RiskFactor], share_unknown: float | None
) -> pa.Table:
    """Write one semester's assessments.

    Parameters
    ----------
    roll : TermRoll
        Who was there; its values hold what is true of each factor.
    world : MadeWorld
        Who has what written down.
    rules : Judgements
        How often.
    factors : list of RiskFactor
        What is judged.
    share_unknown : float, optional
        Share that nobody judges, wholly by chance; None for the made world's schools.

    Returns
    -------
    pyarrow.Table
        In the form of the table ``assessments``.
    """
    who, number, value, position = [], [], [], []
    fade = world.unknown_per_concern ** roll.values["teacher_concern"]
    there = roll.end > roll.first
    for at, factor in enumerate(factors):
        rng = roll.chance(f"assessed {factor.id}")
        u = rng.random(len(there))
        asked = there & (u >= (share_unknown or 0.0))
        if share_unknown is None:
            recording = world.recorded.get(factor.id)
            share = 1.0 if recording is None else recording.share
            habit = "" if recording is None else recording.habit
            often = 1.0 if factor.core else rules.a_semester
            asked = there & (u >= 1 - often * (1 - (1 - share) * fade)) & _concerned(roll, factor)
            if habit:
                asked &= getattr(roll.books, habit)[roll.school]
        chosen = np.flatnonzero(asked)
        late = np.maximum(roll.end[chosen] - _LAST_WEEKS, roll.first[chosen])
        first = np.where(rng.random(len(chosen)) < rules.end_of_semester, late, roll.first[chosen])
        span = np.maximum(roll.end[chosen] - first, 1)
        who.append(chosen)
        number.append(np.full(len(chosen), at))
        value.append(_in_range(roll.values[factor.id][chosen], factor))
        position.append(first + (rng.random(len(chosen)) * span).astype(np.int64))
    pupil, factor_number = np.concatenate(who), np.concatenate(number)
    rng = roll.chance("assessments written")
    date = roll.term.days[np.minimum(np.concatenate(position), len(roll.term.days) - 1)]
    undated = roll.books.undated[roll.school[pupil]]
    recorded = np.where(undated, np.datetime64("NaT", "D"), date + rng.integers(0, 4, len(pupil)))
    return pa.table(
        {
            "pupil_id": roll.pupil_ids(pupil),
            "date": days(date),
            "factor": words([factor.id for factor in factors], factor_number),
            "value": numbers(np.concatenate(value)),
            "role": words([factor.ask for factor in factors], factor_number),
            "recorded_on": days(recorded),
            "record_id": record_ids(roll.record_prefix("n"), np.arange(len(pupil))),
        }
    )


def _in_range(value: Array, factor: RiskFactor) -> Array:
    low, high = factor.range if factor.range is not None else (-np.inf, np.inf)
    return np.asarray(np.clip(value, low, min(high, 1.0) if factor.kind == "yes_no" else high))


def _concerned(roll: TermRoll, factor: RiskFactor) -> Array:
    """Whether a factor is about each pupil's programme and age."""
    applies = factor.applies
    age = roll.term.begins + roll.term.number - 1 - roll.values["birth_year"]
    concerned = np.ones(len(age), dtype=bool)
    if applies.programmes:
        programme = roll.places.schools["programme"].to_numpy()[roll.school]
        concerned &= np.isin(programme, applies.programmes)
    if applies.min_age is not None:
        concerned &= age >= applies.min_age
    if applies.max_age is not None:
        concerned &= age < applies.max_age
    return concerned
