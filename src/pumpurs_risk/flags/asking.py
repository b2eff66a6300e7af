"""Which unknown facts to ask a person about: few, ordinary, and only where an answer matters."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.explanation.applies import applies_to, number_column, word_column
from pumpurs_risk.explanation.what_to_ask import ORDINARY, askable_factors, choose, likely_to_cross, worded
from pumpurs_risk.locale import text
from pumpurs_risk.model import AdditiveModel
from pumpurs_risk.model.inputs import as_frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pumpurs_risk.catalogue import Catalogue, RiskFactor

COLUMNS = [
    "pupil_id", "school_id", "class_id", "order", "factor", "question", "ask", "ask_name", "probability", "why", "why_text",
    "kind", "scale", "sensitivity",
]  # fmt: skip
_ROWS_AT_ONCE = 131_072  # bounds memory
_WHY = ("newcomer", "not_enough_data", "near_cut")


def questions(
    model: AdditiveModel,
    X: Any,
    flags: pd.DataFrame,
    catalogue: Catalogue,
    lang: str = "lv",
    per_pupil: int = 3,
    *,
    audience: Any = None,
    sensitivities: Collection[str] = ORDINARY,
) -> pd.DataFrame:
    """Choose the questions whose answers would tell most.

    Pupils of the tier ``ask_first`` are asked about, and others, but for those whom staff set aside, where the answer to a
    question could by itself carry them over the cut. A question is about a factor that is not recorded, concerns the
    pupil's level and age, and is ordinary: sensitive and special facts are entered unasked, and asked for only where they
    are allowed by name, marked ``askable`` and seen by the audience. Of one construct only the most useful factor is
    asked; the rest of it waits for the next list.

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
    audience : Audience, optional
        Who asks: nothing is asked about a factor that they do not see.
    sensitivities : collection of str, default=("ordinary",)
        What may be asked about, as in `most_useful_unknown`.

    Returns
    -------
    pandas.DataFrame
        ``pupil_id``, ``school_id``, ``class_id``, ``order`` (from 1: the likeliest to carry the pupil over the
        cut first, then by the sd of the factor's shape over typical pupils), ``factor``, ``question``, ``ask`` (role id) and
        ``ask_name``, ``probability`` (that the answer crosses the cut, pairs included), ``why`` (newcomer, not_enough_data,
        near_cut) and ``why_text``, ``kind`` of the factor, ``scale`` (the words to choose from; empty for a number),
        ``sensitivity``.

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
    factors = askable_factors(model, catalogue, lang, audience, sensitivities)
    parts = []
    for start in range(0, max(len(frame), 1), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        chosen, likely = _choose(model, frame.iloc[rows], of.iloc[rows], factors, per_pupil)
        parts.append((chosen + np.array([start, 0, 0]), likely))
    asked, probability = (np.concatenate(part) for part in zip(*parts, strict=True))
    at, order, which = asked[:, 0], asked[:, 1], asked[:, 2]
    why = np.select(
        [of["tier"] != "ask_first", of["certainty"] == "not_enough_data"], [_WHY[2], _WHY[1]], _WHY[0]
    ).astype(object)
    why_text = {code: text(f"flags.why.{code}", lang) for code in _WHY}
    columns: dict[str, Any] = {
        "pupil_id": of["pupil_id"].to_numpy(dtype=object)[at],
        "school_id": of["school_id"].to_numpy(dtype=object)[at],
        "class_id": of["class_id"].to_numpy(dtype=object)[at],
        "order": order,
        "probability": probability,
        "why": why[at],
        "why_text": [why_text[code] for code in why[at]],
        **worded(factors, which, word_column(frame, "programme")[at], catalogue, lang),
    }
    return pd.DataFrame(columns)[COLUMNS]


def _choose(
    model: AdditiveModel, frame: pd.DataFrame, of: pd.DataFrame, factors: list[RiskFactor], per_pupil: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rows of (pupil, order, factor) by pupil and order, and how likely the answer is to cross the cut."""
    n = len(frame)
    lacking, to_spare = _distance_to_cut(of)
    told = likely_to_cross(model, frame, factors, lacking, to_spare)
    likely, may = np.zeros((n, len(factors))), np.zeros((n, len(factors)), dtype=bool)
    little = (of["tier"] == "ask_first").to_numpy(dtype=bool)
    for which, (factor, found) in enumerate(zip(factors, told, strict=True)):
        likely[:, which] = found.probability
        unknown = np.isnan(number_column(frame, factor.id)) & applies_to(factor.applies, frame)
        may[:, which] = found.possible | (unknown & little)
    # equally likely ones, as where no answer crosses, in the order of the factors: the most telling first
    chosen = choose(likely, may, factors, per_pupil)
    return chosen, likely[chosen[:, 0], chosen[:, 2]]


def _distance_to_cut(of: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Log-odds that those outside the list lack and those inside have to spare; infinite where they are on the other side."""
    cut = of["cut"].to_numpy(dtype=float)
    with np.errstate(divide="ignore"):
        spare = of["log_odds"].to_numpy(dtype=float) - (np.log(cut) - np.log1p(-cut))
    listed = of["listed"].to_numpy(dtype=bool)
    lacking, to_spare = np.where(listed, np.inf, -spare), np.where(listed, spare, np.inf)
    if "set_aside" in of:  # staff have answered already: no answer would put these on the list
        lacking[of["set_aside"].to_numpy(dtype=bool)] = np.inf
    return lacking, to_spare


def _aligned(flags: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """Give the flags in the order of the factor table."""
    ids = frame["pupil_id"]
    if len(flags) == len(ids) and (flags["pupil_id"].to_numpy(dtype=object) == ids.to_numpy(dtype=object)).all():
        return flags.reset_index(drop=True)
    return flags.set_index("pupil_id").loc[ids.to_numpy(dtype=object)].reset_index()
