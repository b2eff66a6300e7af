"""Which unknown facts to ask a person about: few, ordinary, and only where an answer matters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.explanation.applies import applies_to, number_column, word_column
from pumpurs_risk.explanation.placeholders import capitalised, learner_words, role_name
from pumpurs_risk.locale import text
from pumpurs_risk.model import AdditiveModel
from pumpurs_risk.model.inputs import as_frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pumpurs_risk.catalogue import Catalogue, RiskFactor

COLUMNS = [
    "pupil_id", "school_id", "class_id", "order", "factor", "question", "ask", "ask_name", "why", "why_text", "kind",
    "scale",
]  # fmt: skip
_WHY = ("newcomer", "not_enough_data", "near_cut")


def questions(
    model: AdditiveModel, X: Any, flags: pd.DataFrame, catalogue: Catalogue, lang: str = "lv", per_pupil: int = 3
) -> pd.DataFrame:
    """Choose the questions whose answers would tell most.

    Pupils of the tier ``ask_first`` are asked about, and others where the answer to a question could by itself carry
    them over the cut. A question is about a factor that is not recorded, concerns the pupil's level and age, and is
    ordinary: sensitive and special facts are entered unasked, never asked for. Of one construct only the most telling
    factor is asked; the rest of it waits for the next list.

    Parameters
    ----------
    model : AdditiveModel
        The one that `flags` were made with.
    X : table with named columns, n rows
        The factor table that `flags` were made from.
    flags : pandas.DataFrame
        From `flag`, in any order.
    catalogue : Catalogue
        Factors with their questions, roles.
    lang : {"lv", "en"}
        Language of the questions.
    per_pupil : int, default=3
        Most questions for one pupil.

    Returns
    -------
    pandas.DataFrame
        ``pupil_id``, ``school_id``, ``class_id``, ``order`` (from 1, the most telling first: by the sd of the
        factor's shape over typical pupils), ``factor``, ``question``, ``ask`` (role id) and ``ask_name``, ``why``
        (newcomer, not_enough_data, near_cut) and ``why_text``, ``kind`` of the factor, ``scale`` (the words to choose
        from; empty for a number).

    Examples
    --------
    >>> import pumpurs_risk as pr
    >>> X = pd.DataFrame({"pupil_id": ["a"], "programme_level": ["general-8"], "mean_mark": [5.0]})
    >>> model = pr.load_model("literature-prior")
    >>> flags = pr.flag(model, X, pr.FlagPolicy(places=0))
    >>> asked = questions(model, X, flags, pr.Catalogue.load(), lang="en", per_pupil=2)
    >>> asked[["order", "why"]].values.tolist()
    [[1, 'not_enough_data'], [2, 'not_enough_data']]
    """
    frame = as_frame(X).reset_index(drop=True)
    of = _aligned(flags, frame)
    asked, factors = _choose(model, frame, of, catalogue, lang, per_pupil)
    at, order, which = asked[:, 0], asked[:, 1], asked[:, 2]
    programme = word_column(frame, "programme")
    why = np.select(
        [of["tier"] != "ask_first", of["certainty"] == "not_enough_data"], [_WHY[2], _WHY[1]], _WHY[0]
    ).astype(object)
    worded = _worded(factors, which, programme[at], catalogue, lang)
    why_text = {code: text(f"flags.why.{code}", lang) for code in _WHY}
    columns: dict[str, Any] = {
        "pupil_id": of["pupil_id"].to_numpy(dtype=object)[at],
        "school_id": of["school_id"].to_numpy(dtype=object)[at],
        "class_id": of["class_id"].to_numpy(dtype=object)[at],
        "order": order,
        "why": why[at],
        "why_text": [why_text[code] for code in why[at]],
        **worded,
    }
    return pd.DataFrame(columns)[COLUMNS]


def _choose(
    model: AdditiveModel, frame: pd.DataFrame, of: pd.DataFrame, catalogue: Catalogue, lang: str, per_pupil: int
) -> tuple[NDArray[np.int64], list[RiskFactor]]:
    """Rows of (pupil, order, factor) by pupil and order, and the factors that the last column points to."""
    shapes = {shape.factor: shape for shape in model.shapes}
    telling = model.unknown_sd
    can_be_asked = [f for f in catalogue.factors.values() if telling.get(f.id, 0) > 0 and _may_ask(f, lang)]
    factors = sorted(can_be_asked, key=lambda f: -round(telling[f.id], 9))  # stable: equal ones as in the catalogue
    too_little_known = (of["tier"] == "ask_first").to_numpy(dtype=bool)
    behind, ahead = _distance_to_cut(of)
    count = np.zeros(len(frame), dtype=np.int64)
    taken: dict[str, NDArray[np.bool_]] = {}
    chosen = []
    for which, factor in enumerate(factors):
        shape = shapes[factor.id]
        crosses = (behind <= max(shape.values) - shape.unknown) | (ahead <= shape.unknown - min(shape.values))
        asked = taken.setdefault(factor.construct, np.zeros(len(frame), dtype=bool))
        unknown = np.isnan(number_column(frame, factor.id)) & applies_to(factor.applies, frame)
        now = np.flatnonzero(unknown & (crosses | too_little_known) & ~asked & (count < per_pupil))
        count[now] += 1
        asked[now] = True
        chosen.append(np.column_stack([now, count[now], np.full(len(now), which)]))
    rows = np.concatenate(chosen) if chosen else np.empty((0, 3), dtype=np.int64)
    return rows[np.lexsort([rows[:, 1], rows[:, 0]])], factors


def _distance_to_cut(of: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Log-odds that those outside the list lack and those inside have to spare; infinite where they are on the other side."""
    cut = of["cut"].to_numpy(dtype=float)
    with np.errstate(divide="ignore"):
        spare = of["log_odds"].to_numpy(dtype=float) - (np.log(cut) - np.log1p(-cut))
    listed = of["listed"].to_numpy(dtype=bool)
    return np.where(listed, np.inf, -spare), np.where(listed, spare, np.inf)


def _may_ask(factor: RiskFactor, lang: str) -> bool:
    return factor.sensitivity == "ordinary" and factor.kind != "level" and bool(factor.question.get(lang))


def _worded(
    factors: list[RiskFactor],
    which: NDArray[np.int64],
    programme: NDArray[np.object_],
    catalogue: Catalogue,
    lang: str,
) -> dict[str, NDArray[np.object_]]:
    """Give what depends on factor and programme alone, built once for each pair of them."""
    codes, programmes = pd.factorize(programme)
    pair, inverse = np.unique(which * max(len(programmes), 1) + codes, return_inverse=True)
    columns: dict[str, list[Any]] = {name: [] for name in ("factor", "question", "ask", "ask_name", "kind", "scale")}
    for factor_at, programme_at in zip(*np.divmod(pair, max(len(programmes), 1)), strict=True):
        factor, of_pupil = factors[factor_at], programmes[programme_at]
        columns["factor"].append(factor.id)
        columns["question"].append(
            capitalised(factor.question[lang].format(**learner_words(of_pupil, catalogue, lang)))
        )
        columns["ask"].append(factor.ask)
        columns["ask_name"].append(role_name(factor.ask, of_pupil, catalogue, lang))
        columns["kind"].append(factor.kind)
        columns["scale"].append(_answers(factor, lang))
    taken = {}
    for name, distinct in columns.items():
        column = np.empty(len(distinct), dtype=object)
        column[:] = distinct  # element by element: a scale is a tuple, and numpy would make a table of tuples
        taken[name] = column[inverse]
    return taken


def _answers(factor: RiskFactor, lang: str) -> tuple[str, ...]:
    if factor.kind == "yes_no":
        return text("flags.answers.no", lang), text("flags.answers.yes", lang)
    return tuple(factor.scale.get(lang, ()))


def _aligned(flags: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """Give the flags in the order of the factor table."""
    ids = frame["pupil_id"]
    if len(flags) == len(ids) and (flags["pupil_id"].to_numpy(dtype=object) == ids.to_numpy(dtype=object)).all():
        return flags.reset_index(drop=True)
    return flags.set_index("pupil_id").loc[ids.to_numpy(dtype=object)].reset_index()
