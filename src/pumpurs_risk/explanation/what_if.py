"""What would bring a pupil's risk below a number: the smallest changes, exact, from the model's own shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pandas as pd

from pumpurs_risk.catalogue import AUDIENCES, Audience
from pumpurs_risk.catalogue.entries import Sensitivity
from pumpurs_risk.explanation.applies import number_column
from pumpurs_risk.explanation.what_if_search import Found, search
from pumpurs_risk.explanation.what_if_steps import Changeable
from pumpurs_risk.explanation.what_if_wording import write_what_if
from pumpurs_risk.locale import check_language
from pumpurs_risk.model.inputs import as_frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.model import AdditiveModel

COLUMNS = (
    "pupil_id", "rank", "factor", "factor_2", "value", "to", "value_2", "to_2", "risk", "risk_after", "effort",
    "reached", "sentence",
)  # fmt: skip
_ROWS_AT_ONCE = 2_048  # bounds memory: a pupil has some thousand steps


def what_if(
    model: AdditiveModel,
    X: Any,
    below: float | Any = 0.10,
    *,
    catalogue: Catalogue | None = None,
    lang: str = "lv",
    max_changes: int = 2,
    top: int = 3,
    audience: Any = None,
) -> pd.DataFrame:
    """Say what would bring the one-year risk below a number: the smallest single changes, then pairs of changes.

    The score would be lower, which is not to say that the pupil would stay: the model knows what goes with leaving, not what
    causes it (``what_if.note`` in the texts says so for readers). Only the pupils handed in are asked about.

    Parameters
    ----------
    model : AdditiveModel
        What scored the pupils.
    X : table with named columns, n rows
        Their factor table, context columns included.
    below : float in (0, 1), or array-like of shape (n,)
        The risk to come below, one number or one per pupil; NaN asks nothing of a pupil.
    catalogue : Catalogue, optional
        Steps, efforts and words; the shipped one by default.
    lang : {"lv", "en"}
        Language of the sentences.
    max_changes : {1, 2}, default=2
        Most changes at a time.
    top : int, default=3
        Most lines per pupil.
    audience : Audience, name of one, or collection of sensitivities, optional
        Only factors that it sees are changed; all by default.

    Returns
    -------
    pandas.DataFrame
        One line per pupil and way out, pupils in the order of X; those whose risk is below already have none. ``pupil_id``,
        ``rank`` (from 1: single changes before pairs, what a school can change before what it can change in part, less
        effort first), ``factor``, ``factor_2`` ("" for a single change), ``value``, ``to``, ``value_2``, ``to_2`` (in the
        factors' units), ``risk``, ``risk_after``, ``effort`` (units, see Notes), ``reached``, ``sentence``. Where nothing
        suffices there is one line with ``reached`` False: the two changes that do most, or none if nothing can be changed.

    Raises
    ------
    ValueError
        If `below` is not between 0 and 1 or not as long as X, `max_changes` is not 1 or 2, `top` is below 1, or the language
        is not there.

    Notes
    -----
    *Exact*: every step is scored by the model's own shapes and pairs, and each line's ``risk_after`` is the risk of the
    changed row (`as_if`). One step less would not do. *Plausible*: recorded factors only, in the direction that the model
    records, in whole steps, not beyond what is good and usual at once (`best_value`) nor further than ``Change.most``; a
    special case such as pregnancy is never offered. *Possible*: what is reckoned from a factor moves with it; a whole is
    never below its part (lessons missed, and those missed without excuse); no failing mark needs a mean of at least 4.
    A part may fall by itself: the lessons then count as excused. The effort is the sum of the changes, each divided by
    its ``Change.effort``, our own judgement of what is equally hard.

    Examples
    --------
    >>> import pandas as pd
    >>> from pumpurs_risk.model import load_model
    >>> X = pd.DataFrame({"pupil_id": ["a"], "absence_share": [0.25], "mean_mark": [5.0], "failing_subjects": [1.0],
    ...                   "programme_level": ["general-9"]})
    >>> told = what_if(load_model("literature-prior"), X, below=0.03, lang="en", top=2)
    >>> told[["factor", "value", "to", "reached"]].values.tolist()
    [['failing_subjects', 1.0, 0.0, True], ['mean_mark', 5.0, 5.9, True]]
    >>> told["sentence"][1]
    'If the mean mark were at least 5.9 (now 5), the estimated risk would be below 3%.'
    """
    from pumpurs_risk.catalogue import Catalogue

    check_language(lang)
    if max_changes not in (1, 2):
        raise ValueError(f"max_changes is how many changes at a time, 1 or 2; got {max_changes!r}")
    if top < 1:
        raise ValueError(f"top is how many ways to tell at most, 1 or more; got {top!r}")
    frame = as_frame(X).reset_index(drop=True)
    catalogue = catalogue or Catalogue.load()
    limit = _limits(below, len(frame))
    changeable = Changeable(model, catalogue, who_sees(audience, catalogue))
    risk = model.risk(frame) if len(frame) else np.empty(0)
    asked = np.flatnonzero(risk >= limit)  # NaN asks nothing
    parts = []
    for start in range(0, len(asked), _ROWS_AT_ONCE):
        rows = asked[start : start + _ROWS_AT_ONCE]
        some = frame.iloc[rows].reset_index(drop=True)
        found = search(changeable, some, _log_odds_below(model, limit[rows]), max_changes, top)
        parts.append(_told(changeable, some, found, risk[rows], limit[rows], lang))
    return pd.concat(parts, ignore_index=True) if parts else _nothing()


def as_if(X: Any, told: pd.DataFrame, catalogue: Catalogue | None = None) -> pd.DataFrame:
    """Give the rows of the factor table as they would be, one per line of `what_if`: scoring them gives ``risk_after``.

    Parameters
    ----------
    X : table with named columns
        The factor table that `what_if` was asked of, with ``pupil_id``.
    told : pandas.DataFrame
        From `what_if`.
    catalogue : Catalogue, optional
        The one that was used; the shipped one by default.

    Returns
    -------
    pandas.DataFrame
        As many rows as `told`, the columns of X.

    Examples
    --------
    >>> import pandas as pd
    >>> from pumpurs_risk.model import load_model
    >>> model = load_model("literature-prior")
    >>> X = pd.DataFrame({"pupil_id": ["a"], "absence_share": [0.4], "mark_trend": [-1.0], "mean_mark": [4.0]})
    >>> told = what_if(model, X, below=model.risk(X)[0] * 0.9, lang="en")
    >>> bool((model.risk(as_if(X, told)) == told["risk_after"]).all())
    True
    """
    from pumpurs_risk.catalogue import Catalogue

    frame = as_frame(X).reset_index(drop=True)
    at = pd.Index(_pupil_ids(frame)).get_indexer(pd.Index(told["pupil_id"].to_numpy(dtype=object)))
    return _changed(frame.iloc[at].reset_index(drop=True), told, catalogue or Catalogue.load())


def who_sees(audience: Any, catalogue: Catalogue) -> Callable[[str], bool]:
    """Give the question whether a factor may be spoken of: to an audience, or by a collection of sensitivities.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> sees = who_sees(("ordinary",), Catalogue.load())
    >>> sees("absence_share"), sees("pregnancy")
    (True, False)
    """
    if audience is None:
        return lambda factor: True
    if hasattr(audience, "sees"):
        return lambda factor: bool(audience.sees(factor))
    if isinstance(audience, str) and audience in AUDIENCES:
        return Audience.load(audience, catalogue).sees
    allowed = known_sensitivities(audience)
    return lambda factor: factor in catalogue.factors and catalogue.factors[factor].sensitivity in allowed


def known_sensitivities(named: Any) -> frozenset[str]:
    """Give a collection of sensitivities as a set; a single name stands for itself.

    Raises
    ------
    ValueError
        If there is no such sensitivity.

    Examples
    --------
    >>> sorted(known_sensitivities(("ordinary", "special")))
    ['ordinary', 'special']
    """
    asked = {named} if isinstance(named, str) else set(named)
    if unknown := asked - set(get_args(Sensitivity)):
        known = ", ".join(get_args(Sensitivity))
        raise ValueError(
            f"there is no sensitivity or audience {', '.join(map(repr, sorted(unknown)))}; sensitivities: {known}"
        )
    return frozenset(asked)


def _limits(below: Any, n: int) -> NDArray[np.float64]:
    limit = np.asarray(below, dtype=float)
    if limit.ndim > 1 or (limit.ndim == 1 and len(limit) != n):
        raise ValueError(f"below is one number, or one per pupil: {n} of them; got an array of shape {limit.shape}")
    limit = np.broadcast_to(limit, n)
    if ((limit <= 0) | (limit >= 1)).any():
        raise ValueError("below is a risk between 0 and 1, such as 0.10")
    return limit


def _log_odds_below(model: AdditiveModel, limit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-odds of the model that one-year risks stand for."""
    p = 1 - (1 - limit) ** 2 if model.horizon == "2y" else limit
    return np.log(p) - np.log1p(-p)


def _told(
    changeable: Changeable,
    frame: pd.DataFrame,
    found: Found,
    risk: NDArray[np.float64],
    limit: NDArray[np.float64],
    lang: str,
) -> pd.DataFrame:
    """Put what was found into columns, scored again as changed rows."""
    ids = np.array([*(f.id for f in changeable.factors), ""], dtype=object)
    factor, factor_2 = ids[found.factor], ids[found.factor_2]
    told = pd.DataFrame(
        {
            "pupil_id": _pupil_ids(frame)[found.pupil],
            "rank": found.rank,
            "factor": factor,
            "factor_2": factor_2,
            "value": _values_of(frame, found.pupil, factor),
            "to": found.to,
            "value_2": _values_of(frame, found.pupil, factor_2),
            "to_2": found.to_2,
            "risk": risk[found.pupil],
            "effort": found.effort,
        }
    )
    changed = _changed(frame.iloc[found.pupil].reset_index(drop=True), told, changeable.catalogue)
    told["risk_after"] = changeable.model.risk(changed) if len(told) else np.empty(0)
    told["reached"] = (told["risk_after"] < limit[found.pupil]).to_numpy(dtype=bool)
    before = frame.iloc[found.pupil].reset_index(drop=True)
    told["sentence"] = write_what_if(told, before, changed, limit[found.pupil], changeable.catalogue, lang)
    return told[list(COLUMNS)]


def _changed(before: pd.DataFrame, told: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """Rows after their changes, what follows a factor and its raw count included."""
    changed = before.copy()
    factors = catalogue.factors
    for name, to in (("factor", "to"), ("factor_2", "to_2")):
        column = told[name].to_numpy(dtype=object)
        for factor_id in pd.unique(column[column != ""]):
            at = np.flatnonzero(column == factor_id)
            x, then = number_column(before, factor_id)[at], told[to].to_numpy(dtype=float)[at]
            _put(changed, factor_id, at, then)
            for other in factors.values():
                if other.change is not None and other.change.follows == factor_id and other.id in changed:
                    moved = number_column(before, other.id)[at] + (then - x)
                    _put(changed, other.id, at, np.clip(moved, *(other.range or (-np.inf, np.inf))))
            raw = factors[factor_id].raw
            if raw and raw in changed:
                with np.errstate(divide="ignore", invalid="ignore"):
                    _put(changed, raw, at, np.round(number_column(before, raw)[at] * then / x))
    return changed


def _put(frame: pd.DataFrame, column: str, at: NDArray[np.int64], values: NDArray[np.float64]) -> None:
    whole = number_column(frame, column).copy()
    whole[at] = values
    frame[column] = whole


def _values_of(frame: pd.DataFrame, pupil: NDArray[np.int64], factor: NDArray[np.object_]) -> NDArray[np.float64]:
    values = np.full(len(pupil), np.nan)
    for name in pd.unique(factor[factor != ""]):
        at = factor == name
        values[at] = number_column(frame, name)[pupil[at]]
    return values


def _pupil_ids(frame: pd.DataFrame) -> NDArray[np.object_]:
    if "pupil_id" in frame:
        return frame["pupil_id"].to_numpy(dtype=object)
    return np.array([str(i) for i in frame.index], dtype=object)


def _nothing() -> pd.DataFrame:
    words = {"pupil_id", "factor", "factor_2", "sentence"}
    types = {name: object if name in words else float for name in COLUMNS} | {"rank": np.int64, "reached": bool}
    return pd.DataFrame({name: np.empty(0, dtype=types[name]) for name in COLUMNS})
