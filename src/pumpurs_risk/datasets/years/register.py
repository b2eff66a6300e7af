"""The rolls, the schools, the semesters, and what became of pupils: tables that a register keeps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pumpurs_risk.datasets.years.columns import days, numbers, record_ids, text, words
from pumpurs_risk.datasets.years.places import PROGRAMMES, Places
from pumpurs_risk.datasets.years.states import Chance
from pumpurs_risk.datasets.years.term_roll import TermRoll

Array = np.ndarray[Any, Any]
_OUTCOMES = ["dropped_out", "graduated", "transferred", "emigrated", "repeating", "still_enrolled", "died", "unclear"]
_STAGES = ["basic", "secondary", "vocational"]
_MAY_BE_UNCLEAR = ("dropped_out", "transferred")
_AT_ONCE = ("still_enrolled", "graduated", "repeating")  # entered on the day
_WRITTEN_LATE = 40  # days, at most, until a leaving status is entered
_NEVER = np.datetime64("NaT", "D")


def pupils(roll: TermRoll) -> pa.Table:
    """Write one semester's roll, in the form of the table ``pupils``."""
    who = np.flatnonzero(roll.end > roll.first)
    values, school = roll.values, roll.school[who]
    birth_year = values["birth_year"][who]
    january = (birth_year - 1970).astype("datetime64[Y]").astype("datetime64[D]")
    full_dates = roll.books.birth_dates[school]
    arrival = values["arrival"][who]
    undated = roll.books.undated[school]
    keeps_history = roll.books.interviews[school]
    return pa.table(
        {
            "pupil_id": roll.pupil_ids(who),
            "school_id": words(list(roll.places.schools["school_id"]), school),
            "semester": text(roll.term.semester, len(who)),
            "programme": words(list(PROGRAMMES), roll.places.programme[school]),
            "level": numbers(values["level"][who]),
            "class_id": pa.array(roll.class_id[who], pa.string()),
            "birth_date": days(np.where(full_dates, january + values["born"][who], _NEVER)),
            "birth_year": numbers(np.where(full_dates, np.nan, birth_year)),
            "enrolled_from": days(arrival),
            "distance": numbers(np.minimum(values["distance"][who], 3)),
            "lodging": numbers(values["lodging"][who]),
            "repeated_level": numbers(np.minimum(values["repeated_level"][who], 1)),
            "school_changes": numbers(np.where(keeps_history, values["school_changes"][who], np.nan)),
            "sex": words(["female", "male"], values["male"][who].astype(np.int64)),
            "instruction_language": text("lv", len(who)),
            "special_education": numbers(values["special"][who]),
            "recorded_on": days(np.where(undated, _NEVER, np.maximum(arrival, roll.term.days[0]))),
            "record_id": text(None, len(who)),
        }
    )


def schools(places: Places) -> pa.Table:
    """Write the schools, in the form of the table ``schools``."""
    frame = places.schools
    return pa.table(
        {
            "school_id": pa.array(frame["school_id"].to_numpy(), pa.string()),
            "title": pa.array(frame["title"].to_numpy(), pa.string()),
            "programme": pa.array(frame["programme"].to_numpy(), pa.string()),
            "municipality": pa.array(frame["municipality"].to_numpy(), pa.string()),
            "rural": numbers(frame["rural"].to_numpy()),
            "places": numbers(frame["places"].to_numpy()),
            "expected": numbers(np.ones(len(frame))),
        }
    )


def semesters(roll: TermRoll) -> pa.Table:
    """Write one semester's days and the lessons held in each class, in the form of the table ``semesters``."""
    school_id = roll.places.schools["school_id"].to_numpy()
    planned = roll.places.lessons[roll.code] * len(roll.term.days) / 5
    frame = pd.DataFrame({"school": roll.school, "class_id": roll.class_id, "planned": planned})
    classes = frame.groupby(["school", "class_id"], as_index=False)["planned"].first()
    size = len(classes)
    held = np.rint(classes["planned"] * roll.chance("lessons held").uniform(0.96, 1.0, size))
    return pa.table(
        {
            "school_id": words(list(school_id), classes["school"].to_numpy()),
            "programme": words(list(PROGRAMMES), roll.places.programme[classes["school"].to_numpy()]),
            "class_id": pa.array(classes["class_id"].to_numpy(), pa.string()),
            "semester": text(roll.term.semester, size),
            "date_from": days(np.full(size, roll.term.first)),
            "date_to": days(np.full(size, roll.term.last)),
            "school_days": numbers(np.full(size, len(roll.term.days))),
            "lessons_held": numbers(held),
        }
    )


def outcomes(exits: list[tuple[Array, str, Array]], ids: pa.Array, unclear: float, chance: Chance) -> pa.Table:
    """Write what became of pupils, in the form of the table ``outcomes``; a few statuses are entered as unclear.

    Parameters
    ----------
    exits : list of (rows, status, days)
        "graduated" is followed by its stage.
    ids : pyarrow.Array
        Ids of all pupils.
    unclear : float
        Share of leaving statuses that are entered as unclear.
    chance : callable
        Generators by name.
    """
    rows = np.concatenate([rows for rows, _, _ in exits]).astype(np.int64)
    status = np.repeat([status.partition(" ")[0] for _, status, _ in exits], [len(rows) for rows, _, _ in exits])
    stage = np.repeat([status.partition(" ")[2] for _, status, _ in exits], [len(rows) for rows, _, _ in exits])
    date = np.concatenate([dates.astype("datetime64[D]") for _, _, dates in exits])
    blurred = np.isin(status, _MAY_BE_UNCLEAR) & (chance("unclear").random(len(rows)) < unclear)
    status = np.where(blurred, "unclear", status)
    late = np.where(np.isin(status, _AT_ONCE), 0, chance("entered").integers(3, _WRITTEN_LATE, len(rows)))
    return pa.table(
        {
            "pupil_id": ids.take(pa.array(rows)),
            "date": days(date),
            "outcome": words(_OUTCOMES, pd.Index(_OUTCOMES).get_indexer(pd.Index(status))),
            "stage": words(_STAGES, pd.Index(_STAGES).get_indexer(pd.Index(stage))),
            "recorded_on": days(date + late),
            "record_id": record_ids("r", np.arange(len(rows))),
        }
    )
