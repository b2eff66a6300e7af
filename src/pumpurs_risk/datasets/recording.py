"""What of a made cohort gets written down, and how people mistake it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.datasets.world import MadeWorld, stream

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue

Array = np.ndarray[Any, Any]
_ATTENDANCE = ("lessons_held", "lessons_missed", "unexcused_raw")
_SHARE_MISTAKEN = 0.01


def write_down(
    world: MadeWorld,
    schools: pd.DataFrame,
    sheet: pd.DataFrame,
    catalogue: Catalogue,
    random_state: int,
    share_unknown: float | None = None,
) -> pd.DataFrame:
    """Leave empty what nobody wrote down.

    Parameters
    ----------
    world : MadeWorld
        Who writes what down.
    schools : pandas.DataFrame
        As `made_schools` returns it.
    sheet : pandas.DataFrame
        One row per pupil, everything known.
    catalogue : Catalogue
        Whose factors the sheet has.
    random_state : int
        Seed.
    share_unknown : float, optional
        Share of cells of counts and factors that are unknown, wholly by chance; None for the made world's schools.

    Returns
    -------
    pandas.DataFrame
        A copy with empty cells; keys are always known.

    Notes
    -----
    By default a factor's habit decides first whether the school writes it down at all. Then each pupil's cell is unknown
    with chance (1 - share) * unknown_per_concern ** concern, so that what is unknown is not a fair sample. What does not
    concern a pupil (paid work of a ten-year-old) is not asked.
    """
    written = sheet.copy()
    recorded = {name: np.ones(len(sheet), dtype=bool) for name in (*_ATTENDANCE, *catalogue.factors) if name in sheet}
    if share_unknown is not None:
        for name in recorded:
            recorded[name] = stream(random_state, f"recorded {name}").random(len(sheet)) >= share_unknown
    else:
        school = pd.Index(schools["school_id"]).get_indexer(sheet["school_id"])
        keeps = {
            habit: (stream(random_state, f"habit {habit}").random(len(schools)) < share)[school]
            for habit, share in world.habits.items()
        }
        fade = world.unknown_per_concern ** sheet.get("teacher_concern", pd.Series(0.0, sheet.index)).to_numpy()
        for name, recording in world.recorded.items():
            known = stream(random_state, f"recorded {name}").random(len(sheet)) >= (1 - recording.share) * fade
            known &= keeps.get(recording.habit, True)
            for column in _ATTENDANCE if name == "attendance" else (name,):
                if column in recorded:
                    recorded[column] = known
        for name in recorded:
            recorded[name] = recorded[name] & _concerned(sheet, catalogue, name)
    for name, known in recorded.items():
        written[name] = written[name].where(known)
    return written


def _concerned(sheet: pd.DataFrame, catalogue: Catalogue, column: str) -> Array | bool:
    """Whether a factor is about each pupil's programme and age; the sheet's own columns are about everyone."""
    if column not in catalogue.factors:
        return True
    applies = catalogue.factors[column].applies
    age = (pd.to_datetime(sheet["as_of"]).dt.year - sheet["birth_year"]).to_numpy()
    concerned = np.ones(len(sheet), dtype=bool)
    if applies.programmes:
        concerned &= sheet["programme"].isin(applies.programmes).to_numpy()
    if applies.min_age is not None:
        concerned &= age >= applies.min_age
    if applies.max_age is not None:
        concerned &= age < applies.max_age
    return concerned


def make_mistakes(sheet: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Mistake cells as people do, about one in a hundred of the columns that people mistake most.

    Parameters
    ----------
    sheet : pandas.DataFrame
        As `write_down` returns it.
    rng : numpy.random.Generator
        Where chance comes from.

    Returns
    -------
    pandas.DataFrame
        The sheet with object columns where cells became text, and one pupil in a hundred repeated with another mark.

    Examples
    --------
    >>> sheet = pd.DataFrame({"mean_mark": [7.5] * 500, "unexcused_raw": [4.0] * 500})
    >>> sorted(map(str, make_mistakes(sheet, np.random.default_rng(0))["mean_mark"].unique()))
    ['11', '4', '7,5', '7.5']
    """
    mistaken = sheet.copy()

    def put(column: str, written: Any) -> None:
        """Write a mistake into a hundredth of the known cells; a function of the cell, or the same for all."""
        if column not in mistaken:
            return
        cells = mistaken[column].astype(object)
        hit = (rng.random(len(cells)) < _SHARE_MISTAKEN) & cells.notna().to_numpy()
        mistaken[column] = cells.mask(hit, cells[hit].map(written) if callable(written) else written)

    put("mean_mark", lambda mark: str(mark).replace(".", ","))
    put("mean_mark", "11")
    put("unexcused_raw", "-3")
    put("lessons_missed", lambda lessons: f" {lessons:.0f} st. ")
    put("birth_year", lambda year: year % 100)
    put("enrolled_from", dt.date(2072, 9, 1))
    put("repeated_level", "laikam")
    put("class_id", lambda name: f"  {str(name).upper()} ")
    twice = mistaken[rng.random(len(mistaken)) < _SHARE_MISTAKEN].copy()
    if "mean_mark" in twice:
        twice["mean_mark"] = "4"
    return pd.concat([mistaken, twice], ignore_index=True)
