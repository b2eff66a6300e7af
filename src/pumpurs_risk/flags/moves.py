"""How far each pupil's risk moved between two lists, both read by one model, and what moved it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.explanation.applies import number_column, word_column
from pumpurs_risk.explanation.explain import members_of_constructs
from pumpurs_risk.model import AdditiveModel
from pumpurs_risk.model.inputs import as_frame
from pumpurs_risk.model.posterior import quadratic
from pumpurs_risk.model.terms import term_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pumpurs_risk.catalogue import Catalogue

    Floats = NDArray[np.float64]

_NAMED = 0.05  # log-odds from which a construct's change is worth a name; as for reasons


def moves(
    model: AdditiveModel,
    X: Any,
    before: Any,
    catalogue: Catalogue | None = None,
    *,
    redefined: Collection[str] = (),
    least: float = 0.25,
) -> pd.DataFrame:
    """Read the earlier facts of every pupil with today's model, and say what the difference is made of.

    Parameters
    ----------
    model : AdditiveModel
        Today's.
    X, before : tables with named columns
        The factor table of today's list and that of the earlier one; pupils are matched by ``pupil_id``.
    catalogue : Catalogue, optional
        Which factors are levels; the shipped one by default.
    redefined : collection of str, optional
        Factors whose definition changed in between: their earlier values mean something else, so that today's are put in
        their place, and what they move belongs to the model.
    least : float, default=0.25
        Log-odds by which a construct must have risen to be in ``risen``.

    Returns
    -------
    pandas.DataFrame
        One row per pupil of both tables, in the order of X; log-odds throughout. ``pupil_id``, ``rescored`` (the earlier
        facts with today's model), ``moved`` (today less rescored), ``sd`` (posterior sd of ``moved``, of the model's
        coefficients: a fact that has become known counts as it is), ``level_moved`` and ``school_moved`` (parts of
        ``moved`` that come from another grade or course and from another school), ``lost`` (0 or less: the fall that comes
        only from facts that are no
        longer recorded), ``up``, ``up_factor``, ``up_new`` (the construct that rose most, its leading factor, and whether that
        was not known before; "" where none rose), ``down``, ``down_factor``, ``risen`` (constructs that rose by more than
        `least`, joined by ";"), ``programme``, ``level``, ``new_level`` (bool: another grade or course than before).

    Raises
    ------
    ValueError
        If a table holds none of the model's factors.

    Examples
    --------
    >>> from pumpurs_risk.model import load_model
    >>> before = pd.DataFrame({"pupil_id": ["a", "b"], "absence_share": [0.05, 0.30], "mean_mark": [7.0, 7.0]})
    >>> now = pd.DataFrame({"pupil_id": ["a", "b"], "absence_share": [0.30, None], "mean_mark": [7.0, 7.0]})
    >>> found = moves(load_model("literature-prior"), now, before)
    >>> found["up"].tolist(), [bool(x) for x in found["lost"] < 0], found["moved"].gt(0).tolist()
    (['attendance', ''], [False, True], [True, False])
    """
    from pumpurs_risk.catalogue import Catalogue

    catalogue = catalogue or Catalogue.load()
    now, old = _aligned(as_frame(X), as_frame(before), [f for f in redefined if f in model.features])
    if not len(now):
        return _columns(_Difference.none(), now, old)
    return _columns(_Difference.of(model, now, old, catalogue, least), now, old)


def _aligned(X: pd.DataFrame, before: pd.DataFrame, redefined: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of pupils whom both tables know, in the order of X."""
    ids = X["pupil_id"].astype(str).to_numpy(dtype=object)
    at = pd.Index(before["pupil_id"].astype(str).to_numpy(dtype=object)).get_indexer(ids)
    now = X.iloc[np.flatnonzero(at >= 0)].reset_index(drop=True)
    old = before.iloc[at[at >= 0]].reset_index(drop=True)
    for factor in redefined:
        old[factor] = now.get(factor, np.nan)
    return now, old


class _Difference:
    """Arrays with one entry per pupil of both tables."""

    def __init__(self, n: int) -> None:
        self.rescored, self.moved, self.sd, self.level, self.school, self.lost = (np.zeros(n) for _ in range(6))
        self.up, self.up_factor, self.down, self.down_factor, self.risen = (
            np.full(n, "", dtype=object) for _ in range(5)
        )
        self.up_new = np.zeros(n, dtype=bool)

    @classmethod
    def none(cls) -> _Difference:
        """Nobody's."""
        return cls(0)

    @classmethod
    def of(
        cls, model: AdditiveModel, now: pd.DataFrame, old: pd.DataFrame, catalogue: Catalogue, least: float
    ) -> _Difference:
        """Calculate everything from the model's terms."""
        found = cls(len(now))
        factors = list(model.features)
        found.rescored = model.log_odds(old)
        found.moved = model.log_odds(now) - found.rescored
        by_factor = model.contributions(now).to_numpy() - model.contributions(old).to_numpy()
        known, knew = (_known(model, table) for table in (now, old))
        found.sd = _sd(model, now, old)
        is_level = np.array([f in catalogue.factors and catalogue.factors[f].kind == "level" for f in factors])
        found.level = by_factor[:, is_level].sum(axis=1)
        found.school = found.moved - by_factor.sum(axis=1)
        found.lost = np.where(knew & ~known & ~is_level, np.minimum(by_factor, 0.0), 0.0).sum(axis=1)
        found._lead(model, np.where(is_level, 0.0, by_factor), known & ~knew, least)
        return found

    def _lead(self, model: AdditiveModel, by_factor: Floats, newly: NDArray[np.bool_], least: float) -> None:
        """Find the constructs that rose and fell most, and the factor that moved each most."""
        members = members_of_constructs(model)
        constructs = np.array([*members, ""], dtype=object)
        factors = np.array([*model.features, ""], dtype=object)
        sums = np.column_stack([by_factor[:, columns].sum(axis=1) for columns in members.values()])
        rows = np.arange(len(sums))
        for way, name in ((1.0, "up"), (-1.0, "down")):
            which = np.round(way * sums, 9).argmax(axis=1)
            lead = np.empty(len(sums), dtype=np.int64)
            for k, columns in enumerate(members.values()):
                at = np.flatnonzero(which == k)
                lead[at] = np.asarray(columns)[(way * by_factor[at][:, columns]).argmax(axis=1)]
            some = way * sums[rows, which] >= _NAMED
            setattr(self, name, constructs[np.where(some, which, -1)])
            setattr(self, f"{name}_factor", factors[np.where(some, lead, -1)])
            if name == "up":
                self.up_new = some & newly[rows, lead]
        for k, construct in enumerate(members):
            rose = sums[:, k] > least
            self.risen[rose] = [f"{said};{construct}" if said else construct for said in self.risen[rose]]


def _known(model: AdditiveModel, table: pd.DataFrame) -> NDArray[np.bool_]:
    return np.column_stack([~shape.unknown_at(*term_columns(table, shape)) for shape in model.shapes])


def _sd(model: AdditiveModel, now: pd.DataFrame, old: pd.DataFrame) -> Floats:
    """Posterior sd of the difference: the coefficients are common to both days, so what did not change cancels."""
    columns = {id(term): term_columns(old, term) for term in [*model.shapes, *model.pairs]}
    variance = quadratic(
        model, now, lambda term, part: term.basis(*(column[part] for column in columns[id(term)]))
    )  # fmt: skip
    sd: Floats = np.sqrt(variance)
    return sd


def _columns(found: _Difference, now: pd.DataFrame, old: pd.DataFrame) -> pd.DataFrame:
    level = number_column(now, "level")
    earlier = number_column(old, "level")
    return pd.DataFrame(
        {
            "pupil_id": now["pupil_id"].astype(str).to_numpy(dtype=object),
            "rescored": found.rescored,
            "moved": found.moved,
            "sd": found.sd,
            "level_moved": found.level,
            "school_moved": found.school,
            "lost": found.lost,
            "up": found.up,
            "up_factor": found.up_factor,
            "up_new": found.up_new,
            "down": found.down,
            "down_factor": found.down_factor,
            "risen": found.risen,
            "programme": word_column(now, "programme"),
            "level": level,
            "new_level": (np.isfinite(level) & np.isfinite(earlier) & (level != earlier))
            | (word_column(now, "programme") != word_column(old, "programme")),
        }
    )
