"""A pupil's hidden state: how it begins, moves from semester to semester, and shows in a semester's facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pumpurs_risk.datasets.world import MadeWorld, Variable, draw_variables, logistic
from pumpurs_risk.datasets.years.marking import final_marks, subject_levels
from pumpurs_risk.datasets.years.parameters import YearsWorld
from pumpurs_risk.datasets.years.places import Places, State
from pumpurs_risk.datasets.years.subjects import Subjects

Array = np.ndarray[Any, Any]
Chance = Callable[[str], np.random.Generator]
_LIFE = ("pregnancy", "marriage", "paid_work_hours")
_SHOWN = ("excused_per_100", "unexcused_per_100", "mean_mark")
_CONDUCT = ("rule_breaches", "teacher_conflicts", "peer_conflicts")
_MOST_FAILED, _MOST_CONFLICTS = 4.0, 3.0  # beyond, one more changes nothing
CARRIED = ("failing_subjects", "excused_per_100", "unexcused_per_100", "teacher_conflicts", "peer_conflicts")
"""Facts of a semester that move the next one's state."""


@dataclass(frozen=True)
class Facts:
    """What a semester shows of each pupil.

    Parameters
    ----------
    values : dict of str to numpy.ndarray
        The state, with the semester's rates and counts.
    marks : numpy.ndarray of int, shape (n, n_subjects)
        Semester marks: 1 to 10, 0 for a subject not taught, -1 for nv.
    subject_level : numpy.ndarray of float, shape (n, n_subjects)
        What single marks scatter around.
    """

    values: State
    marks: Array
    subject_level: Array


@dataclass(frozen=True)
class Course:
    """How states move in the made world; pure functions of state and chance.

    Parameters
    ----------
    world, years : MadeWorld, YearsWorld
        Parameters.
    places : Places
        Schools.
    subjects : Subjects
        Who is taught what.
    """

    world: MadeWorld
    years: YearsWorld
    places: Places
    subjects: Subjects

    def variable(self, name: str) -> Variable:
        """A variable's entry: that of the years where there is one, else the made world's."""
        return self.years.semester.get(name) or self.world.pupil[name]

    def draw(self, names: tuple[str, ...], state: State, chance: Chance) -> State:
        """Draw variables by name."""
        return draw_variables({name: self.variable(name) for name in names}, state, chance)

    def own_level(self, state: State) -> Array:
        """The disengagement that a pupil returns to, given the surroundings."""
        entry = self.world.pupil["disengagement"]
        passing = ("illness", "crisis")
        level: Array = np.full(len(state["ses"]), entry.base)
        for cause, effect in entry.on.items():
            if cause not in passing:
                level += effect * state[cause]
        return level

    def enter(self, state: State, chance: Chance) -> State:
        """State of pupils whom nobody here has seen before, their last semester elsewhere included."""
        rules = self.years.course
        full = state | self.places.surroundings(state)
        n = len(full["ses"])
        for name in ("illness", "crisis"):
            onset, stays = getattr(rules, f"{name}_onset"), getattr(rules, f"{name}_stays")
            full[name] = (chance(f"enter {name}").random(n) < onset / (1 - stays + onset)).astype(float)
        rng = chance("enter disengagement")
        drift = full["slope"] / (1 - rules.keep)
        spread = rules.innovation / np.sqrt(1 - rules.keep**2)
        full["disengagement"] = self.own_level(full) + drift + spread * rng.standard_normal(n)
        full = self.draw(_LIFE, full, chance)
        shown = self.show(full, chance).values
        return state | {name: shown[name] for name in ("illness", "crisis", "disengagement", *_LIFE, *CARRIED)}

    def begin(self, state: State, chance: Chance) -> State:
        """State at the start of the next semester, given last semester's facts and the new surroundings."""
        rules = self.years.course
        full = state | self.places.surroundings(state)
        n = len(full["ses"])
        rng = chance("begin")
        new_crisis = rng.random(n) < rules.crisis_onset * np.exp(-0.3 * full["ses"])
        full["crisis"] = (new_crisis | ((full["crisis"] == 1) & (rng.random(n) < rules.crisis_stays))).astype(float)
        ill = (full["illness"] == 1) & (rng.random(n) < rules.illness_stays)
        full["illness"] = (ill | (rng.random(n) < rules.illness_onset)).astype(float)
        conflicts = np.minimum(full["teacher_conflicts"] + full["peer_conflicts"], _MOST_CONFLICTS)
        level = self.own_level(full)
        full["disengagement"] = (
            level
            + rules.keep * (full["disengagement"] - level)
            + rules.drift
            + full["slope"]
            + rules.per_failed_subject * np.minimum(full["failing_subjects"], _MOST_FAILED)
            + rules.per_conflict * conflicts
            + rules.moved_or_new_stage * np.maximum(full["moved"], full["starts"])
            + rules.crisis * new_crisis
            + rules.supported * full["supported"]
            + rules.innovation * rng.standard_normal(n)
        )
        drawn = self.draw(_LIFE, full, chance)
        for name, stays in zip(_LIFE, (rules.pregnancy_stays, rules.marriage_stays, rules.work_stays), strict=True):
            kept = rng.random(n) < stays
            full[name] = np.where(kept, full[name], drawn[name])
        return full

    def show(self, full: State, chance: Chance) -> Facts:
        """Draw a semester's rates, marks and conflicts; `full` is a state with its surroundings."""
        values = self.draw(_SHOWN, full, chance)
        rng = chance("marks")
        levels = subject_levels(self.years.marks, self.subjects, self.places, values, rng)
        marks = final_marks(self.years.marks, values, levels, rng)
        values["failing_subjects"] = ((marks > 0) & (marks < 4)).sum(axis=1).astype(float)
        values["not_assessed"] = (marks < 0).sum(axis=1).astype(float)
        return Facts(self.draw(_CONDUCT, values, chance), marks, levels)

    def hazard(self, full: State, stretch: dict[str, Array] | None = None) -> Array:
        """Probability of leaving within the semester, from the state at its start.

        Parameters
        ----------
        full : dict of str to numpy.ndarray of float, shape (n,)
            State with its surroundings.
        stretch : dict of str to numpy.ndarray of float, shape (n_municipalities,), optional
            Per term, what its coefficient is multiplied by in each municipality.
        """
        names = list(self.world.levels)
        intercepts = np.array([self.years.levels[name].intercept for name in names])
        score: Array = intercepts[self.places.code(full["school"], full["level"])]
        municipality = self.places.municipality[full["school"]]
        for name, term in self.years.leaving.terms.items():
            part = term.per_unit * np.minimum(full[name], term.most)
            score = score + (part if stretch is None or name not in stretch else part * stretch[name][municipality])
        floor = self.years.leaving.floor
        return np.asarray(floor + (1 - floor) * logistic(score))
