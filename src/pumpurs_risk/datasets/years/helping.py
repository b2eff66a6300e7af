"""What schools offer, whom they support, and what staff decide about a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pumpurs_risk.datasets.years.columns import days, numbers, record_ids, text, words
from pumpurs_risk.datasets.years.parameters import Help
from pumpurs_risk.datasets.years.places import Places
from pumpurs_risk.datasets.years.term_roll import TermRoll

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue

Array = np.ndarray[Any, Any]
_DECISIONS = ["confirmed", "dismissed", "deferred", "added"]
_CONFIRMED, _DISMISSED, _DEFERRED, _ADDED = range(len(_DECISIONS))
_SHARES = (0.55, 0.8)  # own: of pupils listed, shares confirmed, and confirmed or deferred
_EVERYWHERE = ("subject_consultation", "social_pedagogue")  # own: every made school offers these
_OFFERED = 0.55  # own: chance that a made school offers any other measure
_WEEKS = 12  # of support within a semester


def offers(places: Places, catalogue: Catalogue, rng: np.random.Generator) -> pa.Table:
    """Draw what each school can give, in the form of the table ``offers``."""
    measures = [measure for measure in catalogue.measures.values() if not measure.special_needs_only]
    every = rng.random((len(places.schools), len(measures))) < _OFFERED
    for column, measure in enumerate(measures):
        every[:, column] |= measure.id in _EVERYWHERE
    school, measure_number = np.nonzero(every)
    room = places.room.sum(axis=1)[school]
    return pa.table(
        {
            "school_id": words(list(places.schools["school_id"]), school),
            "measure": words([measure.id for measure in measures], measure_number),
            "role": words([measure.role for measure in measures], measure_number),
            "hours": numbers(np.round(rng.gamma(4.0, 1.5, len(school)), 0) + 1),
            "places": numbers(np.maximum(np.round(room * rng.uniform(0.01, 0.04, len(school))), 2)),
        }
    )


def listed(roll: TermRoll, rules: Help) -> Array:
    """Pupils for whom a plan is made in this semester: those who worry a teacher, some of them."""
    worried = roll.values["teacher_concern"] >= rules.from_concern
    chosen = worried & (roll.chance("listed").random(len(worried)) < rules.chance)
    return np.flatnonzero(chosen & ~roll.leaves & (roll.end - roll.first == len(roll.term.days)))


def support(roll: TermRoll, rules: Help, who: Array, offered: pa.Table) -> pa.Table:
    """Write the support that these pupils had, one or two measures that their school offers each."""
    rng = roll.chance("support")
    school_id = roll.places.schools["school_id"].to_numpy()
    of_school = offered.to_pandas()
    of_school = of_school.assign(at=pd.Index(school_id).get_indexer(of_school["school_id"])).sort_values("at")
    first = np.searchsorted(of_school["at"], np.arange(len(school_id)))
    count = np.bincount(of_school["at"], minlength=len(school_id))
    again = np.concatenate([who, who[rng.random(len(who)) < 0.4]])
    chosen = first[roll.school[again]] + (rng.random(len(again)) * count[roll.school[again]]).astype(np.int64)
    pairs = pd.DataFrame({"who": again, "measure": of_school["measure"].to_numpy()[chosen]}).drop_duplicates()
    pupil = pairs["who"].to_numpy()
    size = len(pupil)
    start = roll.term.days[rng.integers(10, 25, size)]
    undated = roll.books.undated[roll.school[pupil]]
    return pa.table(
        {
            "pupil_id": roll.pupil_ids(pupil),
            "date_from": days(start),
            "date_to": days(np.minimum(start + 7 * _WEEKS, roll.term.last)),
            "measure": pa.array(pairs["measure"].to_numpy(), pa.string()),
            "goal_met": numbers((rng.random(size) < rules.goal_met).astype(float)),
            "recorded_on": days(np.where(undated, np.datetime64("NaT", "D"), start + rng.integers(0, 7, size))),
            "record_id": record_ids(roll.record_prefix("a"), np.arange(size)),
        }
    )


def decisions(roll: TermRoll, rules: Help, who: Array) -> pa.Table:
    """Write what staff decided on the semester's list: about those supported, some others, and some they added."""
    rng = roll.chance("decisions")
    n = len(roll.rows)
    others = np.flatnonzero((roll.values["teacher_concern"] >= 1) & (rng.random(n) < 0.02))
    added = np.flatnonzero((rng.random(n) < rules.added) & (roll.end > roll.first))
    pupil = np.concatenate([who, np.setdiff1d(others, who)])
    decided = np.where(np.arange(len(pupil)) < len(who), _CONFIRMED, np.searchsorted(_SHARES, rng.random(len(pupil))))
    decided = np.select([decided == 1, decided == 2], [_DEFERRED, _DISMISSED], decided)
    added = np.setdiff1d(added, pupil)
    pupil = np.concatenate([pupil, added])
    decided = np.concatenate([decided, np.full(len(added), _ADDED)])
    date = roll.term.days[rng.integers(12, 22, len(pupil))]
    return pa.table(
        {
            "pupil_id": roll.pupil_ids(pupil),
            "semester": text(roll.term.semester, len(pupil)),
            "decision": words(_DECISIONS, decided),
            "role": text("social_pedagogue", len(pupil)),
            "date": days(date),
            "recorded_on": days(date),
        }
    )
