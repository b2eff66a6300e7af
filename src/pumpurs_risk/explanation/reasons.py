"""Reasons in words: by construct, risks and strengths told apart, what is not recorded on its own lines."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.explanation.applies import applies_to, number_column
from pumpurs_risk.explanation.details import add_details
from pumpurs_risk.explanation.explain import members_of_constructs, resolve_reference
from pumpurs_risk.explanation.wording import RISK, SAYS, STRENGTH, UNKNOWN, Lines, Writer
from pumpurs_risk.locale import check_language, text
from pumpurs_risk.model import AdditiveModel, PeerReference
from pumpurs_risk.model.inputs import as_frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pumpurs_risk.catalogue import Catalogue

MATERIAL = 0.05
"""Log-odds a construct must move a pupil to be named: 5 % of the odds. Our own choice; below it the order is noise."""
SURE_OF_SIGN = 0.8
"""Posterior probability from which the sign of a construct of mixed or undirected factors is sure; a suggestion, not tuned."""
_NOTHING = 1e-9  # contributions this small are rounding
_ROWS_AT_ONCE = 131_072  # bounds memory; peers are computed before, so the split changes nothing
_KINDS = ("risk", "strength", "unknown", "base", "rest")
_BASE, _REST = 3, 4


def reasons(
    model: AdditiveModel,
    X: Any,
    lang: str = "lv",
    top: int | None = 3,
    evidence: pd.DataFrame | None = None,
    *,
    reference: Any = "peers",
    catalogue: Catalogue | None = None,
    strengths: int | None = 2,
    details: bool = False,
) -> pd.DataFrame:
    """Say why each pupil's risk is what it is.

    A reason is one construct with the sum of its factors' contributions. It is told when the sum and its recorded
    part are at least `MATERIAL` and its sign is sure: all its factors have a known direction and push one way, or the
    posterior probability of the sign is above `SURE_OF_SIGN`. The sentence is about the recorded factor that moves
    the sum most. The factor made from programme and level is never a reason.

    Parameters
    ----------
    model : AdditiveModel
        What scored the pupils.
    X : table with named columns, n rows
        The factor table with its context columns.
    lang : {"lv", "en"}
        Language of the sentences.
    top : int or None, default=3
        Most risks told per pupil; None tells all.
    evidence : pandas.DataFrame, optional
        Facts behind a factor, as `evidence` gives them: ``pupil_id``, ``factor``, ``detail`` (subjects, dates),
        ``source``, ``role``, ``date_to``; put into the sentences. Without it every sentence stands alone.
    reference : {"peers", "population"}, PeerReference, or one row of factor values
        Against whom. For one class or one pupil pass the run's ``PeerReference``.
    catalogue : Catalogue, optional
        The shipped one by default.
    strengths : int or None, default=2
        Most strengths told per pupil.
    details : bool, default=False
        Also give what lets a reader add the lines up to the log-odds: under each reason of several factors one line
        per factor (``line`` 1, 2, ...), and the kinds ``base`` (the reference's log-odds) and ``rest`` (all that is
        not told).

    Returns
    -------
    pandas.DataFrame
        ``pupil_id``, ``kind`` (risk, strength, unknown; with details base, rest), ``rank`` (from 1 within a kind),
        ``line``, ``construct``, ``factor``, ``value``, ``contribution`` (log-odds; on line 0 of the construct, NaN on
        unknown lines, which are part of their construct's sum), ``code`` (stable, such as ``"absence_share.risk"``),
        ``params`` (typed), ``sentence``, ``sensitivity``. Pupils stand in the order of X.

    Raises
    ------
    ValueError
        If `top` or `strengths` is negative, the language is not there, the reference is none of these, or X holds none
        of the model's factors.

    Notes
    -----
    ``unknown`` lines name the core factors (those of the standard sheet; all of the model's if it has none of them)
    that are not recorded though they are about the pupil's level and age, one per construct, the most telling first.

    Examples
    --------
    >>> import pandas as pd
    >>> from pumpurs_risk.model import load_model
    >>> X = pd.DataFrame({"pupil_id": ["a"], "absence_share": [0.25], "programme_level": ["general-9"]})
    >>> told = reasons(load_model("literature-prior"), X, lang="en")
    >>> told.loc[told["kind"] == "risk", "code"].tolist()
    ['absence_share.risk']
    """
    from pumpurs_risk.catalogue import Catalogue

    check_language(lang)
    for name, most in (("top", top), ("strengths", strengths)):
        if most is not None and most < 0:
            raise ValueError(f"{name} is how many to tell at most: 0 or more, or None for all; got {most!r}")
    frame = as_frame(X).reset_index(drop=True)
    catalogue = catalogue or Catalogue.load()
    against = resolve_reference(model, frame, reference)
    parts = []
    for start in range(0, max(len(frame), 1), _ROWS_AT_ONCE):
        part = frame.iloc[start : start + _ROWS_AT_ONCE]
        weighed = _Weighed(model, part, catalogue, against)
        parts.append(_told(weighed, lang, top, strengths, details))
    told = parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
    return told if evidence is None else add_details(told, evidence, frame, catalogue, lang)


class _Weighed:
    """The contributions of some pupils, and which constructs may be told of them."""

    def __init__(self, model: AdditiveModel, frame: pd.DataFrame, catalogue: Catalogue, against: Any) -> None:
        self.model, self.frame, self.catalogue, self.against = model, frame, catalogue, against
        self.factors = [str(f) for f in model.feature_names_in_]
        self.members = list(members_of_constructs(model).values())
        self.constructs = list(members_of_constructs(model))
        self.values: NDArray[np.float64] = model.contributions(frame, against).to_numpy()
        recorded = frame.reindex(columns=self.factors).notna().to_numpy()
        can_lead = [f not in catalogue.factors or catalogue.factors[f].kind != "level" for f in self.factors]
        self.recorded: NDArray[np.bool_] = recorded
        self.leading: NDArray[np.bool_] = recorded & np.array(can_lead, dtype=bool)
        n, c = len(frame), len(self.members)
        self.sums = np.empty((n, c))
        self.told_sums = np.empty((n, c))
        self.lead_up = np.empty((n, c), dtype=np.int64)
        self.lead_down = np.empty((n, c), dtype=np.int64)
        for k, columns in enumerate(self.members):
            values = self.values[:, columns]
            said = np.where(self.leading[:, columns], values, 0.0)
            self.sums[:, k] = values.sum(axis=1)
            self.told_sums[:, k] = said.sum(axis=1)
            self.lead_up[:, k] = np.asarray(columns)[said.argmax(axis=1)]
            self.lead_down[:, k] = np.asarray(columns)[said.argmin(axis=1)]

    @cached_property
    def sure(self) -> NDArray[np.bool_]:
        """Whether the sign of each construct's sum is sure, shape (n, n_constructs)."""
        sure = np.ones(self.sums.shape, dtype=bool)
        z = NormalDist().inv_cdf(SURE_OF_SIGN)
        for k, columns in enumerate(self.members):
            values = self.values[:, columns]
            undirected = np.array([self.model.shapes[j].direction == 0 for j in columns])
            mixed = (values > _NOTHING).any(axis=1) & (values < -_NOTHING).any(axis=1)
            free = (np.abs(values[:, undirected]) > _NOTHING).any(axis=1)
            asked = np.flatnonzero((mixed | free) & (np.abs(self.sums[:, k]) >= MATERIAL))
            if len(asked):
                ids = [self.factors[j] for j in columns]
                sd = self.model.contribution_sd(self.frame.iloc[asked], ids, self.against)
                sure[asked, k] = np.abs(self.sums[asked, k]) > z * sd
        return sure

    def strength_of(self, kind: int) -> NDArray[np.float64]:
        """How much each construct deserves to be told as a risk or as a strength; -inf where it may not be."""
        way = 1.0 if kind == RISK else -1.0
        may = (way * self.sums >= MATERIAL) & (way * self.told_sums >= MATERIAL) & self.sure
        return np.where(may, np.round(way * self.sums, 9), -np.inf)  # rounded: the last digit must not decide an order

    def missing(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """How telling each construct's most telling unrecorded factor is (-inf: none is missing), and which it is."""
        core = [j for j, f in enumerate(self.factors) if f in self.catalogue.factors and self.catalogue.factors[f].core]
        asked = core or list(range(len(self.factors)))
        telling = np.full(self.values.shape, -np.inf)
        for j in asked:
            factor = self.catalogue.factors.get(self.factors[j])
            if factor is not None and factor.kind == "level":
                continue
            about = np.ones(len(self.frame), bool) if factor is None else applies_to(factor.applies, self.frame)
            sd = self.model.unknown_sd[self.factors[j]]
            telling[about & ~self.recorded[:, j], j] = sd
        best = np.empty(self.sums.shape)
        which = np.empty(self.sums.shape, dtype=np.int64)
        for k, columns in enumerate(self.members):
            which[:, k] = np.asarray(columns)[telling[:, columns].argmax(axis=1)]
            best[:, k] = telling[:, columns].max(axis=1)
        return best, which


@dataclass
class _Table:
    """Lines under construction: equally long arrays, put together in chunks."""

    pupil: NDArray[np.int64]
    kind: NDArray[np.int64]
    rank: NDArray[np.int64]
    line: NDArray[np.int64]
    construct: NDArray[np.int64]
    factor: NDArray[np.int64]
    says: NDArray[np.int64]
    contribution: NDArray[np.float64]

    @classmethod
    def joined(cls, tables: list[_Table]) -> _Table:
        names = cls.__dataclass_fields__
        columns = {name: np.concatenate([getattr(table, name) for table in tables]) for name in names}
        order = np.lexsort([columns[name] for name in ("line", "rank", "kind", "pupil")])
        return cls(**{name: column[order] for name, column in columns.items()})


def _told(weighed: _Weighed, lang: str, top: int | None, strengths: int | None, details: bool) -> pd.DataFrame:
    risks = _ranked(weighed, RISK, weighed.strength_of(RISK), weighed.lead_up, top)
    helps = _ranked(weighed, STRENGTH, weighed.strength_of(STRENGTH), weighed.lead_down, strengths)
    tables = [risks, helps, _ranked(weighed, UNKNOWN, *weighed.missing(), None)]
    if details:
        tables += [
            _detail_lines(weighed, risks),
            _detail_lines(weighed, helps),
            *_base_and_rest(weighed, [risks, helps]),
        ]
    return _frame(weighed, _Table.joined(tables), lang)


def _ranked(
    weighed: _Weighed, kind: int, deserves: NDArray[np.float64], lead: NDArray[np.int64], most: int | None
) -> _Table:
    order = np.argsort(-deserves, axis=1, kind="stable")[:, :most]
    pupil, place = np.nonzero(np.isfinite(np.take_along_axis(deserves, order, axis=1)))
    construct = order[pupil, place]
    says = np.full(len(pupil), kind)
    contribution = np.full(len(pupil), np.nan) if kind == UNKNOWN else weighed.sums[pupil, construct]
    return _Table(
        pupil, says, place + 1, np.zeros_like(pupil), construct, lead[pupil, construct], says.copy(), contribution
    )


def _detail_lines(weighed: _Weighed, told: _Table) -> _Table:
    """One line per factor under each reason that several factors make up; they sum to the reason's line."""
    rows = np.arange(len(told.pupil))
    found_rows, found_factors = [], []
    for k, columns in enumerate(weighed.members):
        at = rows[told.construct == k]
        moves = np.abs(weighed.values[np.ix_(told.pupil[at], columns)]) > _NOTHING
        moves &= (moves.sum(axis=1) > 1)[:, None]
        i, j = np.nonzero(moves)
        found_rows.append(at[i])
        found_factors.append(np.asarray(columns)[j])
    row, factor = np.concatenate(found_rows), np.concatenate(found_factors)
    contribution = weighed.values[told.pupil[row], factor]
    way = np.where(told.kind[row] == RISK, 1.0, -1.0)
    order = np.lexsort([factor, -np.round(way * contribution, 9), row])
    row, factor, contribution = row[order], factor[order], contribution[order]
    starts = np.flatnonzero(np.diff(row, prepend=-1))
    line = np.arange(len(row)) - np.repeat(starts, np.diff(starts, append=len(row))) + 1
    pupil = told.pupil[row]
    says = np.where(weighed.recorded[pupil, factor], np.where(contribution > 0, RISK, STRENGTH), UNKNOWN)
    return _Table(pupil, told.kind[row], told.rank[row], line, told.construct[row], factor, says, contribution)


def _base_and_rest(weighed: _Weighed, told: list[_Table]) -> list[_Table]:
    n = len(weighed.frame)
    base = np.asarray(weighed.model.base_values(weighed.frame, weighed.against), dtype=float)
    rest = weighed.sums.sum(axis=1)
    for table in told:
        np.subtract.at(rest, table.pupil, table.contribution)
    none = np.full(n, -1)
    return [
        _Table(np.arange(n), np.full(n, kind), np.ones(n, int), np.zeros(n, int), none, none, none, amount)
        for kind, amount in ((_BASE, base), (_REST, rest))
    ]


def _frame(weighed: _Weighed, table: _Table, lang: str) -> pd.DataFrame:
    catalogue, factors = weighed.catalogue, weighed.factors
    peers = weighed.against if isinstance(weighed.against, PeerReference) else None
    sentence = np.empty(len(table.pupil), dtype=object)
    params = np.empty(len(table.pupil), dtype=object)
    written = table.factor >= 0
    lines = Lines(table.pupil[written], table.factor[written], table.says[written])
    sentence[written], params[written] = Writer(weighed.frame, factors, catalogue, lang, peers).write(lines)
    for kind in (_BASE, _REST):
        about = table.kind == kind
        sentence[about] = text(f"reasons.{_KINDS[kind]}", lang)
        params[about] = {}
    said = np.where(written, table.factor * len(SAYS) + table.says, len(factors) * len(SAYS) + table.kind - _BASE)
    codes = np.array([*(f"{f}.{s}" for f in factors for s in SAYS), "base", "rest"], dtype=object)
    names = [catalogue.factors[f].sensitivity if f in catalogue.factors else "ordinary" for f in factors]
    return pd.DataFrame(
        {
            "pupil_id": _pupil_ids(weighed.frame)[table.pupil],
            "kind": np.array(_KINDS, dtype=object)[table.kind],
            "rank": table.rank,
            "line": table.line,
            "construct": np.array([*weighed.constructs, ""], dtype=object)[table.construct],
            "factor": np.array([*factors, ""], dtype=object)[table.factor],
            "value": _values(weighed, table),
            "contribution": table.contribution,
            "code": codes[said],
            "params": params,
            "sentence": sentence,
            "sensitivity": np.array([*names, "ordinary"], dtype=object)[table.factor],
        }
    )


def _values(weighed: _Weighed, table: _Table) -> NDArray[np.float64]:
    """Give the recorded value of each line's factor; NaN where it is unknown or the line has none."""
    values = np.full(len(table.pupil), np.nan)
    for j in np.unique(table.factor[table.factor >= 0]):
        at = table.factor == j
        values[at] = number_column(weighed.frame, weighed.factors[j])[table.pupil[at]]
    return values


def _pupil_ids(frame: pd.DataFrame) -> NDArray[Any]:
    if "pupil_id" in frame:
        return frame["pupil_id"].to_numpy(dtype=object)
    return np.array([str(i) for i in frame.index], dtype=object)
