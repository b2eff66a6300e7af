"""Compares two finished lists, and what happened afterwards with what was said."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pumpurs_risk.monitoring.attention import from_decisions, from_lists, from_outcomes, in_order
from pumpurs_risk.monitoring.decisions import decision_use, differences_of_use, slow_schools, without_hidden
from pumpurs_risk.monitoring.drift import Scope, factor_changes, score_changes
from pumpurs_risk.monitoring.followup import followed_up, found_by_list, group_gaps
from pumpurs_risk.monitoring.groups import groupings
from pumpurs_risk.monitoring.lists import Aligned, MadeList, compared, factor_names
from pumpurs_risk.monitoring.missingness import missing_changes
from pumpurs_risk.monitoring.noise import Floats
from pumpurs_risk.monitoring.result import (
    Attention,
    Compared,
    FactorChange,
    FactorWords,
    Monitoring,
    Outcomes,
    ScoreChange,
    ScoreDistance,
)
from pumpurs_risk.monitoring.schools import school_changes

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue


def compare_lists(
    first: MadeList, second: MadeList, *, catalogue: Catalogue, y: Floats | None = None, outcomes_given: bool = False,
    horizon: str = "1y", horizon_end: dt.date, attributes: pd.DataFrame | None = None, repeats: int = 1999,
    random_state: int = 0,
) -> Monitoring:  # fmt: skip
    """Compare two lists.

    Parameters
    ----------
    first, second : MadeList
        The earlier and the later list.
    catalogue : Catalogue
        For the factors' names, knots and kinds.
    y : ndarray of float, shape (pupils of the first list,), optional
        What became of them: 1 left, 0 stayed, NaN not known. None: nobody knows yet.
    outcomes_given : bool
        Whether outcomes were handed in, even if they end too early to be used.
    horizon : {"1y", "2y"}
        Which of the list's risks is judged.
    horizon_end : datetime.date
        First day that no longer belongs to the horizon of the first list.
    attributes : pandas.DataFrame, optional
        ``pupil_id`` and columns such as sex, by which use and outcomes are told apart; never used otherwise.
    repeats : int
        Draws under chance alone, per factor.
    random_state : int
        Seed of every draw.

    Returns
    -------
    Monitoring
    """
    rng = np.random.default_rng(random_state)
    everybody = Aligned.of(first, second)
    about = compared(first, second, everybody)
    names = factor_names(first, second)
    factors, scores, distances = _changes(first, second, everybody, about, names, catalogue, repeats, rng)
    changes = school_changes(first, second, everybody, [n for n in names if n not in about.redefined], catalogue)
    missing = missing_changes(first, second, everybody, names)
    groups = groupings(first, attributes)
    uses = decision_use(first, groups)
    differences = without_hidden(differences_of_use(first, groups), uses)
    if y is None:
        outcomes = Outcomes(
            state="too_early" if outcomes_given else "not_given",
            horizon=horizon,
            horizon_end=horizon_end.isoformat(),
            pupils=len(first.factors),
        )
        gaps, by_list = [], (0, 0, 0, 0)
    else:
        outcomes = followed_up(first, y, horizon, horizon_end, groups)
        gaps, by_list = group_gaps(first, y, horizon, groups), found_by_list(first, y)
    scored = {shape.factor for shape in second.model.shapes if shape.variance > 0}
    found = [
        *from_lists(about, factors, changes, scores, distances, missing, scored),
        *from_decisions(uses, differences, (second.as_of - first.as_of).days, slow_schools(first, uses)),
        *from_outcomes(outcomes, gaps, first.model.has_local_outcomes, by_list),
    ]
    return Monitoring(
        compared=about, attention=in_order(found), factors=factors, school_changes=changes, scores=scores,
        score_distances=distances, missing=missing, decisions=uses, differences=differences, outcomes=outcomes,
        notes=tuple(_notes(about, scores, outcomes, first.made_up or second.made_up)),
        titles={s: str({**first.titles, **second.titles}.get(s, s)) for s in everybody.schools},
        factor_words=_words(names, catalogue),
    )  # fmt: skip


def _changes(
    first: MadeList, second: MadeList, everybody: Aligned, about: Compared, names: Sequence[str], catalogue: Catalogue,
    repeats: int, rng: np.random.Generator,
) -> tuple[tuple[FactorChange, ...], tuple[ScoreChange, ...], tuple[ScoreDistance, ...]]:  # fmt: skip
    """Compare the pupils of the schools that both lists have; all pupils beside them where schools joined or left."""
    scopes: dict[Scope, Aligned] = {"same_schools": everybody.within_common()}
    if about.schools_left or about.schools_joined:
        scopes["all"] = everybody
    factors: tuple[FactorChange, ...] = ()
    scores: tuple[ScoreChange, ...] = ()
    distances: tuple[ScoreDistance, ...] = ()
    for scope, aligned in scopes.items():
        factors += factor_changes(
            first, second, aligned, names, about.redefined, scope=scope, seasonal=about.season == "other",
            catalogue=catalogue, repeats=repeats, rng=rng,
        )  # fmt: skip
        changed, distance = score_changes(first, second, aligned, scope=scope, repeats=repeats, rng=rng)
        scores += changed
        distances += (distance,)
    return factors, scores, distances


def _notes(
    about: Compared, scores: Sequence[ScoreChange], outcomes: Outcomes, made_up: bool
) -> list[Attention]:  # fmt: skip
    found = [_note("made")] if made_up else []
    found += [_note("lists", first_on=about.first_as_of, second_on=about.second_as_of, first=about.first_pupils,
                   second=about.second_pupils, both=about.in_both)]  # fmt: skip
    if not about.in_both and about.schools_in_both:
        found.append(_note("nobody_in_both"))
    if about.schools_joined:
        found.append(_note("schools_joined", schools=list(about.schools_joined)))
    if about.schools_left or about.schools_joined:
        found.append(_note("two_scopes"))
    if about.season == "other":
        found.append(_note("season"))
    mean = next((row for row in scores if row.measure == "mean_risk" and row.scope == "same_schools"), None)
    if about.same_model:
        found.append(_note("same_model"))
    elif mean is not None:
        code = "adapted_model" if about.first_model == about.second_model else "other_model"
        found.append(_note(code, first=mean.first, again=mean.first_by_second_model, second=mean.second))
    if outcomes.state != "judged":
        found.append(_note(outcomes.state, until=outcomes.horizon_end))
    return found


def _note(code: str, **params: object) -> Attention:
    return Attention(code=code, weight=3, params=dict(params))


def _words(names: Sequence[str], catalogue: Catalogue) -> dict[str, FactorWords]:
    found = {}
    for name in names:
        factor = catalogue.factors.get(name)
        if factor is None:
            found[name] = FactorWords(name={"lv": name, "en": name}, kind="number")
        else:
            found[name] = FactorWords(name=dict(factor.name), kind=factor.kind)
    return found
