"""What to ask first: the missing fact whose answer is most likely to carry a pupil over the cut, as a question."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.explanation.applies import applies_to, number_column, word_column
from pumpurs_risk.explanation.crossing import Crossing, crossing
from pumpurs_risk.explanation.placeholders import capitalised, learner_words, role_name
from pumpurs_risk.explanation.what_if import known_sensitivities, who_sees
from pumpurs_risk.locale import check_language, number, percent, text
from pumpurs_risk.model.inputs import as_frame
from pumpurs_risk.model.shapes import PiecewiseLinear

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pumpurs_risk.catalogue import Catalogue, RiskFactor
    from pumpurs_risk.model import AdditiveModel

    Integers = NDArray[np.int64]
    Floats = NDArray[np.float64]

ORDINARY = ("ordinary",)
"""What is asked about unless more is allowed by name."""
COLUMNS = (
    "pupil_id", "order", "factor", "question", "ask", "ask_name", "probability", "direction", "why", "sensitivity", "kind",
    "scale",
)  # fmt: skip


def most_useful_unknown(
    model: AdditiveModel,
    X: Any,
    cut: float | Any = 0.10,
    *,
    catalogue: Catalogue | None = None,
    lang: str = "lv",
    audience: Any = None,
    sensitivities: Collection[str] = ORDINARY,
    per_pupil: int = 1,
) -> pd.DataFrame:
    """Say which missing fact is most likely to carry a pupil over the cut, as a question to a person.

    Parameters
    ----------
    model : AdditiveModel
        What scored the pupils.
    X : table with named columns, n rows
        Their factor table, context columns included.
    cut : float in (0, 1), or array-like of shape (n,)
        One-year risk that decides, one number or one per pupil; NaN asks nothing of a pupil.
    catalogue : Catalogue, optional
        Questions, and how answers are spread; the shipped one by default.
    lang : {"lv", "en"}
        Language of the questions.
    audience : Audience or name of one, optional
        Who asks: nothing is asked about a factor that they do not see.
    sensitivities : collection of str, default=("ordinary",)
        What may be asked about. Naming ``sensitive`` or ``special`` allows only those factors that the catalogue marks
        ``askable``: whom the law protects is not asked at all because a score would like to know.
    per_pupil : int, default=1
        Most questions for one pupil; of one construct only the most telling fact is asked.

    Returns
    -------
    pandas.DataFrame
        One line per question, pupils in the order of X; nobody whose answer cannot matter. ``pupil_id``, ``order`` (from 1, the
        likeliest to cross first), ``factor``, ``question``, ``ask`` (role id), ``ask_name``, ``probability`` (that the answer
        carries the pupil over, if answers are spread as the factor's ``typical``), ``direction`` ("up": over the cut, "down":
        below it), ``why`` (a sentence), ``sensitivity``, ``kind``, ``scale`` (words to choose from; empty for a number).

    Raises
    ------
    ValueError
        If `cut` is not between 0 and 1 or not as long as X, `per_pupil` is below 1, or the language is not there.

    Examples
    --------
    >>> import pandas as pd
    >>> from pumpurs_risk.model import load_model
    >>> X = pd.DataFrame({"pupil_id": ["a"], "absence_share": [0.15], "mean_mark": [5.0], "programme_level": ["general-9"]})
    >>> told = most_useful_unknown(load_model("literature-prior"), X, cut=0.03, lang="en")
    >>> told[["factor", "question", "direction"]].values.tolist()
    [['failing_subjects', 'In how many subjects is the semester mark below 4?', 'up']]
    """
    from pumpurs_risk.catalogue import Catalogue

    check_language(lang)
    if per_pupil < 1:
        raise ValueError(f"per_pupil is how many questions at most, 1 or more; got {per_pupil!r}")
    frame = as_frame(X).reset_index(drop=True)
    catalogue = catalogue or Catalogue.load()
    limit = np.broadcast_to(np.asarray(cut, dtype=float), len(frame))
    if ((limit <= 0) | (limit >= 1)).any():
        raise ValueError("cut is a risk between 0 and 1, such as 0.10")
    p = 1 - (1 - limit) ** 2 if model.horizon == "2y" else limit
    over = model.log_odds(frame) - (np.log(p) - np.log1p(-p)) if len(frame) else np.empty(0)
    lacking = np.where(over < 0, -over, np.inf)
    to_spare = np.where(over >= 0, over, np.inf)
    factors = askable_factors(model, catalogue, lang, audience, sensitivities)
    told = likely_to_cross(model, frame, factors, lacking, to_spare)
    least = np.column_stack([c.probability for c in told]) if told else np.empty((len(frame), 0))
    asked = choose(least, least > 0, factors, per_pupil)
    return _frame(frame, factors, asked, least, limit, over >= 0, catalogue, lang)


def askable_factors(
    model: AdditiveModel, catalogue: Catalogue, lang: str, audience: Any, sensitivities: Collection[str]
) -> list[RiskFactor]:
    """Factors of a model that may be asked about, those that tell most first.

    Ordinary ones by default; sensitive and special ones only where they are allowed by name, the catalogue marks them
    ``askable`` and the audience sees them.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> from pumpurs_risk.model import load_model
    >>> asked = askable_factors(load_model("literature-prior"), Catalogue.load(), "lv", None, ("ordinary", "special"))
    >>> {factor.sensitivity for factor in asked}
    {'ordinary'}
    """
    telling, shapes = model.unknown_sd, {shape.factor: shape for shape in model.shapes}
    sees = who_sees(audience, catalogue)
    allowed = known_sensitivities(sensitivities)
    found = [
        f
        for f in catalogue.factors.values()
        if telling.get(f.id, 0) > 0
        and isinstance(shapes[f.id], PiecewiseLinear)
        and f.question.get(lang)
        and f.sensitivity in allowed
        and (f.sensitivity == "ordinary" or f.askable)
        and sees(f.id)
    ]
    return sorted(found, key=lambda f: -round(telling[f.id], 9))  # stable: equal ones as in the catalogue


def likely_to_cross(
    model: AdditiveModel, frame: pd.DataFrame, factors: list[RiskFactor], lacking: Floats, to_spare: Floats
) -> list[Crossing]:
    """Per factor what its answer may do, for the pupils of whom it is unknown and whom it is about; else nothing."""
    told = []
    for factor in factors:
        partners = {name for pair in model.pairs if factor.id in pair.factors for name in pair.factors}
        columns = [name for name in frame if name == factor.id or name in partners]
        open_ = np.flatnonzero(np.isnan(number_column(frame, factor.id)) & applies_to(factor.applies, frame))
        found = Crossing(np.zeros(len(frame)), np.zeros(len(frame), dtype=bool))
        if len(open_):
            part = crossing(model, frame[columns].iloc[open_], factor, lacking[open_], to_spare[open_])
            found.probability[open_], found.possible[open_] = part
        told.append(found)
    return told


def choose(deserves: Floats, may: NDArray[np.bool_], factors: list[RiskFactor], most: int) -> Integers:
    """Choose for every pupil the factors that deserve it most, one of a construct.

    Parameters
    ----------
    deserves : ndarray, shape (n, n_factors)
        Equal ones are taken in the order of the factors.
    may : ndarray of bool, shape (n, n_factors)
    factors : list of RiskFactor
    most : int
        Per pupil.

    Returns
    -------
    ndarray of int, shape (n_chosen, 3)
        Rows of (pupil, order from 1, factor), by pupil and order.
    """
    constructs = np.array([factor.construct for factor in factors], dtype=object)
    left = np.where(may, np.round(deserves, 9), -np.inf)  # rounded: the last digit must not decide an order
    chosen = []
    rows = np.arange(len(left))
    for order in range(1, most + 1):
        rows = rows[np.isfinite(left[rows]).any(axis=1)] if left.shape[1] else rows[:0]
        if not len(rows):
            break
        best = left[rows].argmax(axis=1)
        chosen.append(np.column_stack([rows, np.full(len(rows), order), best]))
        for which in np.unique(best):
            same = np.flatnonzero(constructs == constructs[which])
            left[np.ix_(rows[best == which], same)] = -np.inf
    found: Integers = np.concatenate(chosen) if chosen else np.empty((0, 3), dtype=np.int64)
    return found[np.lexsort([found[:, 1], found[:, 0]])]


def worded(
    factors: list[RiskFactor], which: Integers, programme: NDArray[np.object_], catalogue: Catalogue, lang: str
) -> dict[str, NDArray[np.object_]]:
    """Give the columns that depend on factor and programme alone, built once for each pair of them."""
    codes, programmes = pd.factorize(programme)
    pair, inverse = np.unique(which * max(len(programmes), 1) + codes, return_inverse=True)
    names = ("factor", "question", "ask", "ask_name", "kind", "scale", "sensitivity")
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for factor_at, programme_at in zip(*np.divmod(pair, max(len(programmes), 1)), strict=True):
        factor, of_pupil = factors[factor_at], programmes[programme_at]
        columns["factor"].append(factor.id)
        columns["question"].append(
            capitalised(factor.question[lang].format(**learner_words(of_pupil, catalogue, lang)))
        )
        columns["ask"].append(factor.ask)
        columns["ask_name"].append(role_name(factor.ask, of_pupil, catalogue, lang))
        columns["kind"].append(factor.kind)
        columns["scale"].append(_scale(factor, lang))
        columns["sensitivity"].append(factor.sensitivity)
    taken = {}
    for name, distinct in columns.items():
        column = np.empty(len(distinct), dtype=object)
        column[:] = distinct  # element by element: a scale is a tuple, and numpy would make a table of tuples
        taken[name] = column[inverse]
    return taken


def _scale(factor: RiskFactor, lang: str) -> tuple[str, ...]:
    if factor.kind == "yes_no":
        return text("flags.answers.no", lang), text("flags.answers.yes", lang)
    return tuple(factor.scale.get(lang, ()))


def _frame(
    frame: pd.DataFrame,
    factors: list[RiskFactor],
    asked: Integers,
    likely: Floats,
    limit: Floats,
    above: NDArray[np.bool_],
    catalogue: Catalogue,
    lang: str,
) -> pd.DataFrame:
    pupil, order, which = asked[:, 0], asked[:, 1], asked[:, 2]
    ids = frame["pupil_id"] if "pupil_id" in frame else frame.index.astype(str)
    probability = likely[pupil, which]
    direction = np.where(above[pupil], "down", "up").astype(object)
    columns: dict[str, Any] = {
        "pupil_id": np.asarray(ids, dtype=object)[pupil],
        "order": order,
        "probability": probability,
        "direction": direction,
        "why": _why(direction, limit[pupil], np.round(100 * probability), lang),
        **worded(factors, which, word_column(frame, "programme")[pupil], catalogue, lang),
    }
    return pd.DataFrame(columns)[list(COLUMNS)]


def _why(direction: NDArray[np.object_], limit: Floats, of_100: Floats, lang: str) -> NDArray[np.object_]:
    key = pd.DataFrame({"direction": direction, "limit": limit, "of_100": of_100})
    distinct = key.drop_duplicates()
    said = [
        text(f"what_if.ask.{way}", lang, count=n, n=number(n, lang), below=percent(at, lang, _decimals(at)))
        for way, at, n in distinct.itertuples(index=False)
    ]
    found: NDArray[np.object_] = key.merge(distinct.assign(said=said), how="left")["said"].to_numpy(dtype=object)
    return found


def _decimals(share: float) -> int:
    return 0 if abs(round(100 * share) - 100 * share) < 1e-9 else 1
