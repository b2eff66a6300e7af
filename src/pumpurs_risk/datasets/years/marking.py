"""Marks: the level of each subject, semester and year marks, and the single marks of a journal."""

from __future__ import annotations

from typing import Any

import numpy as np

from pumpurs_risk.datasets.world import logistic
from pumpurs_risk.datasets.years.parameters import Marks
from pumpurs_risk.datasets.years.places import Places, State
from pumpurs_risk.datasets.years.subjects import Subjects

Array = np.ndarray[Any, Any]
NOT_ASSESSED = -1
NOT_TAUGHT = 0
PASS = 4


def subject_levels(rules: Marks, subjects: Subjects, places: Places, values: State, rng: np.random.Generator) -> Array:
    """How good each pupil is in each subject this semester.

    Parameters
    ----------
    rules : Marks
        Parameters.
    subjects : Subjects
        Who is taught what.
    places : Places
        Schools.
    values : dict of str to numpy.ndarray
        State with mean_mark, gifts of shape (n, n_columns), school and level.
    rng : numpy.random.Generator
        Where chance comes from.

    Returns
    -------
    numpy.ndarray of float32, shape (n, n_columns)
        Points; NaN where a subject is not taught.
    """
    programme = places.programme[values["school"]]
    luck = rng.standard_normal(values["gifts"].shape, dtype=np.float32)
    levels = values["mean_mark"].astype(np.float32)[:, None] + subjects.easier[programme].astype(np.float32)
    levels += np.float32(rules.gift_sd) * values["gifts"] + np.float32(rules.luck_sd) * luck
    levels[~subjects.taught(programme, values["level"])] = np.nan
    return np.asarray(levels)


def final_marks(rules: Marks, values: State, levels: Array, rng: np.random.Generator) -> Array:
    """Semester marks: 1 to 10, 0 for a subject not taught, -1 for nv; shape as `levels`."""
    chance = rules.not_assessed
    absent = values["excused_per_100"] + values["unexcused_per_100"]
    score = chance.base + chance.disengagement * values["disengagement"] + chance.absent_per_100 * absent
    unknown = logistic(score + chance.evening * values["evening"]).astype(np.float32)
    taught = ~np.isnan(levels)
    marks = np.where(taught, np.clip(np.floor(np.where(taught, levels, 0) + 0.5), 1, 10), NOT_TAUGHT)
    due = rng.random(levels.shape, dtype=np.float32) < unknown[:, None]
    return np.where(taught & due, NOT_ASSESSED, marks).astype(np.int8)


def year_marks(first: Array, second: Array) -> Array:
    """Year marks from two semesters' marks: the mean rounded half up; nv where the second is nv."""
    both = (first > 0) & (second > 0)
    mean = np.where(both, (first.astype(np.int16) + second + 1) // 2, second)
    return np.asarray(mean, dtype=np.int8)
