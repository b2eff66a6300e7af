"""PeerReference: what is usual for a level and programme, so that reasons compare a pupil with pupils alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pumpurs_risk.model.inputs import as_frame, shape_column, word_column
from pumpurs_risk.model.pairs import PairAxis, PairShape
from pumpurs_risk.model.shapes import Floats, Levels, Shape
from pumpurs_risk.model.terms import pair_halves, term_columns

if TYPE_CHECKING:
    from pumpurs_risk.model.contents import ModelContents

SMALLEST_GROUP = 20
"""Pupils a group needs; smaller ones are compared with their programme, else with what is typical."""
SMALLEST_MEDIAN = 6
"""Pupils whose value must be known before a median is printed: one's own and 5 others'."""
TYPICAL = ""
"""Label of the group without peers: its reference is the model's own ``typical``."""


class PeerReference:
    """Medians of a whole run, computed once and passed along: scoring one class then equals scoring the school.

    Parameters
    ----------
    features : sequence of str
        Factor ids of the model it was made with.
    contributions, values : mapping of str to sequence of float
        Per group, the median contribution and the median recorded value of every factor (NaN: fewer than 5 others).
    rows : mapping of str to mapping of str to sequence of float
        Per group and factor, the median basis row (for how sure a reason is); per pair, the row of the usual values.
    sizes : mapping of str to int
        Pupils per group.

    Examples
    --------
    >>> import pandas as pd
    >>> from pumpurs_risk.model import load_model
    >>> model = load_model("literature-prior")
    >>> X = pd.DataFrame({"absence_share": [0.02] * 19 + [0.3], "programme_level": "general-9", "programme": "general"})
    >>> peers = PeerReference.from_table(model, X)
    >>> peers.sizes["general-9"], peers.value("general-9", "absence_share")
    (20, 0.02)
    """

    def __init__(
        self,
        features: tuple[str, ...],
        contributions: Mapping[str, Floats],
        values: Mapping[str, Floats],
        rows: Mapping[str, Mapping[str, Floats]],
        sizes: Mapping[str, int],
    ) -> None:
        self.features = features
        self.contributions = dict(contributions)
        self.values = dict(values)
        self.rows = {group: dict(factors) for group, factors in rows.items()}
        self.sizes = dict(sizes)

    @classmethod
    def from_table(cls, model: ModelContents, X: Any) -> PeerReference:
        """Take the medians of every group of at least 20 pupils: level within programme, and whole programmes.

        Parameters
        ----------
        model : AdditiveModel
            Whose contributions are meant.
        X : table with named columns, n rows
            All pupils of the run, with ``programme_level`` and, if there, ``programme``.

        Returns
        -------
        PeerReference
        """
        frame = as_frame(X)
        labels = pd.concat([_levels(frame), _programmes(frame)])
        positions = np.tile(np.arange(len(frame)), 2)
        groups = pd.Series(positions).groupby(labels.to_numpy(), sort=True).indices
        alike = {
            str(g): np.unique(positions[i]) for g, i in groups.items()
        }  # a pupil of unknown level stands under both
        members = {g: pupils for g, pupils in alike.items() if len(pupils) >= SMALLEST_GROUP}
        contributions = {g: np.empty(len(model.shapes)) for g in members}
        values = {g: np.full(len(model.shapes), np.nan) for g in members}
        rows: dict[str, dict[str, Floats]] = {g: {} for g in members}
        halves = pair_halves(model, frame)
        for j, shape in enumerate(model.shapes):
            column = shape_column(frame, shape)
            f = shape.evaluate(column) + halves.get(shape.factor, 0.0)
            for group, who in members.items():
                contributions[group][j] = np.median(f[who])
                rows[group][shape.factor] = np.median(shape.basis(column[who]), axis=0)
                if not isinstance(shape, Levels):
                    known = column[who][~np.isnan(column[who])]
                    if len(known) >= SMALLEST_MEDIAN:
                        values[group][j] = np.median(known)
        for pair in model.pairs:
            left, right = term_columns(frame, pair)
            for group, who in members.items():
                usual = _usual(pair.left, left[who]), _usual(pair.right, right[who])
                rows[group][_key(pair)] = pair.basis(*usual)[0]
        return cls(model.features, contributions, values, rows, {g: len(w) for g, w in members.items()})

    def group_of(self, X: Any) -> npt.NDArray[np.object_]:
        """Say which group each pupil is compared with.

        Parameters
        ----------
        X : table with named columns, n rows
            Pupils, with ``programme_level`` and, if there, ``programme``.

        Returns
        -------
        ndarray of str (object), shape (n,)
            A level, else a programme, else ``""``: the model's own typical pupil.

        Examples
        --------
        >>> peers = PeerReference((), {}, {}, {}, {"general-9": 24, "general": 200})
        >>> peers.group_of({"programme_level": ["general-9", "general-7", "vocational-1"]}).tolist()
        ['general-9', 'general', '']
        """
        frame = as_frame(X)
        level, programme = _levels(frame), _programmes(frame)
        known = pd.Index(list(self.sizes))
        found = level.where(level.isin(known), programme.where(programme.isin(known), TYPICAL))
        return found.fillna(TYPICAL).to_numpy(dtype=object)

    def value(self, group: str, factor: str) -> float:
        """Median recorded value of a factor in a group.

        Parameters
        ----------
        group : str
            As `group_of` gives it.
        factor : str
            Factor id.

        Returns
        -------
        float
            In the factor's unit; NaN if too few others know it, and for a group or factor that is not there.
        """
        if group not in self.values or factor not in self.features:
            return float("nan")
        return float(self.values[group][self.features.index(factor)])

    def reference_values(self, model: ModelContents, X: Any) -> Floats:
        """Median contributions each pupil is compared with.

        Parameters
        ----------
        model : AdditiveModel
            With the factors that the reference was made with.
        X : table with named columns, n rows
            Pupils, with ``programme_level`` and, if there, ``programme``.

        Returns
        -------
        ndarray of float, shape (n, n_features)
            Log-odds; 0 for those without peers.

        Raises
        ------
        ValueError
            If the model has other factors.

        Examples
        --------
        >>> import pandas as pd
        >>> from pumpurs_risk.model import load_model
        >>> model = load_model("literature-prior")
        >>> X = pd.DataFrame({"absence_share": [0.02] * 20, "programme_level": "general-9"})
        >>> usual = PeerReference.from_table(model, X).reference_values(model, X)
        >>> bool((usual[0] == model.contributions(X).iloc[0]).all())
        True
        """
        self._check(model)
        codes, groups = pd.factorize(self.group_of(X))
        zero = np.zeros(len(self.features))
        table = np.array([self.contributions.get(g, zero) for g in groups]).reshape(len(groups), len(self.features))
        return table[codes]

    def basis_rows(self, model: ModelContents, X: Any) -> Callable[[Shape | PairShape, slice], Floats]:
        """Give the median basis rows each pupil is compared with, for `AdditiveModel.contribution_sd`.

        Parameters
        ----------
        model : AdditiveModel
            With the factors that the reference was made with.
        X : table with named columns, n rows
            Pupils, with ``programme_level`` and, if there, ``programme``.

        Returns
        -------
        callable
            ``rows(term, part)``: for a shape or pair of K coefficients and a slice of m pupils, their rows, shape (m, K).

        Raises
        ------
        ValueError
            If the model has other factors.
        """
        self._check(model)
        codes, groups = pd.factorize(self.group_of(X))

        def rows(term: Shape | PairShape, part: slice) -> Floats:
            table = [self.rows.get(g, {}).get(_key(term), term.mean_row) for g in groups]
            return np.array(table).reshape(len(groups), term.n_coefficients)[codes[part]]

        return rows

    def to_dict(self) -> dict[str, Any]:
        """Give the reference as JSON-able data.

        Returns
        -------
        dict
            ``schema_version``, ``features`` and ``groups``; NaN is None.

        Examples
        --------
        >>> peers = PeerReference(("f",), {"g": np.zeros(1)}, {"g": np.array([np.nan])}, {"g": {"f": np.ones(2)}}, {"g": 20})
        >>> peers.to_dict()["groups"]["g"]["values"]
        [None]
        >>> PeerReference.from_dict(peers.to_dict()).sizes
        {'g': 20}
        """
        return {
            "schema_version": 1,
            "features": list(self.features),
            "groups": {
                group: {
                    "pupils": self.sizes[group],
                    "contributions": self.contributions[group].tolist(),
                    "values": [None if np.isnan(v) else float(v) for v in self.values[group]],
                    "rows": {factor: np.asarray(row).tolist() for factor, row in self.rows[group].items()},
                }
                for group in self.sizes
            },
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PeerReference:
        """Read what `to_dict` wrote.

        Parameters
        ----------
        data : mapping
            With ``features`` and ``groups``; the version is not looked at.

        Returns
        -------
        PeerReference

        Raises
        ------
        KeyError
            If something is not there.
        """
        groups = data["groups"]
        return cls(
            tuple(data["features"]),
            {g: np.array(d["contributions"], float) for g, d in groups.items()},
            {g: np.array([np.nan if v is None else v for v in d["values"]], float) for g, d in groups.items()},
            {g: {f: np.array(r, float) for f, r in d["rows"].items()} for g, d in groups.items()},
            {g: int(d["pupils"]) for g, d in groups.items()},
        )

    def _check(self, model: ModelContents) -> None:
        if self.features != model.features:
            raise ValueError(
                "this PeerReference was made with a model of other factors; make it with from_table(model, X)"
            )


def _key(term: Shape | PairShape) -> str:
    return " x ".join(term.factors) if isinstance(term, PairShape) else term.factor


def _usual(axis: PairAxis, column: Any) -> Any:
    """The median recorded value or the most frequent word, as an array of one; unknown where most do not have it."""
    unknown = pd.isna(column)
    if not len(column) or unknown.mean() > 0.5:
        return np.array([None], dtype=object) if axis.levels else np.array([np.nan])
    known = column[~unknown]
    return np.array([pd.Series(known).mode()[0]], dtype=object) if axis.levels else np.array([np.median(known)])


def _levels(frame: pd.DataFrame) -> pd.Series[Any]:
    return pd.Series(word_column(frame, "programme_level"), dtype=object)


def _programmes(frame: pd.DataFrame) -> pd.Series[Any]:
    given = pd.Series(word_column(frame, "programme"), dtype=object)
    levels = _levels(frame)
    programme_of = {level: level.rsplit("-", 1)[0] for level in levels.dropna().unique()}
    return given.where(given.notna(), levels.map(programme_of))


__all__ = ["SMALLEST_GROUP", "SMALLEST_MEDIAN", "TYPICAL", "PeerReference"]
