"""Incidents: conflicts, bullying, violence and breaches of the rules, in schools that write them down."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from pumpurs_risk.datasets.years.columns import days, numbers, record_ids, words
from pumpurs_risk.datasets.years.term_roll import TermRoll

Array = np.ndarray[Any, Any]
_FACT_OF = {
    "peer_conflict": "peer_conflicts",
    "teacher_conflict": "teacher_conflicts",
    "bullying": "bullying",
    "violence": "violence",
    "rule_breach": "rule_breaches",
}
_SEVERITY = (0.7, 0.93)  # own: shares of incidents of severity 1, and of 1 or 2


def incidents(roll: TermRoll) -> pa.Table:
    """Write one semester's incidents, in the form of the table ``incidents``."""
    rng = roll.chance("incidents")
    written = roll.books.conduct[roll.school] & (roll.end > roll.first)
    who, kind = [], []
    for number, fact in enumerate(_FACT_OF.values()):
        count = np.where(written, roll.values[fact], 0).astype(np.int64)
        who.append(np.repeat(np.arange(len(count)), count))
        kind.append(np.full(len(who[-1]), number))
    pupil, kinds = np.concatenate(who), np.concatenate(kind)
    size = len(pupil)
    date = roll.term.days[roll.some_day(pupil, rng)]
    undated = roll.books.undated[roll.school[pupil]]
    recorded = np.where(undated, np.datetime64("NaT", "D"), date + np.minimum(rng.geometric(0.5, size) - 1, 7))
    return pa.table(
        {
            "pupil_id": roll.pupil_ids(pupil),
            "date": days(date),
            "kind": words(list(_FACT_OF), kinds),
            "severity": numbers(np.searchsorted(_SEVERITY, rng.random(size)) + 1),
            "recorded_on": days(recorded),
            "record_id": record_ids(roll.record_prefix("i"), np.arange(size)),
        }
    )
