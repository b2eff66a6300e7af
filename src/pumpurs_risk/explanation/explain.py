"""Exact contributions: as a shap.Explanation, so that every shap plot works, and summed by construct."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.model import AdditiveModel, PeerReference
from pumpurs_risk.model.inputs import as_frame

if TYPE_CHECKING:
    import shap
    from numpy.typing import NDArray

    from pumpurs_risk.catalogue import Catalogue


def explain(
    model: AdditiveModel,
    X: Any,
    reference: Any = "peers",
    *,
    lang: str | None = None,
    catalogue: Catalogue | None = None,
) -> shap.Explanation:
    """Give the contributions of every factor as a ``shap.Explanation``.

    The values are read off the model's shapes: no background sample and no second model, so they are exact. With
    ``reference="population"`` they are interventional SHAP values.

    Parameters
    ----------
    model : AdditiveModel
        What scored the pupils.
    X : table with named columns, n rows
        The factor table. With ``reference="peers"`` it must hold the whole run, or the peers are only the rows given:
        pass the run's ``PeerReference`` to explain one class or one pupil.
    reference : {"peers", "population"}, PeerReference, or one row of factor values
        Against whom the contributions are measured.
    lang : {"lv", "en"}, optional
        Name the features in this language; by default they keep their factor ids.
    catalogue : Catalogue, optional
        Where the names come from; the shipped one by default.

    Returns
    -------
    shap.Explanation
        ``values`` of shape (n, p) and ``base_values`` of shape (n,) in log-odds: they sum to ``model.log_odds(X)``.
        ``data`` is an array, never a frame (shap's waterfall cannot index a frame by position).

    Raises
    ------
    ValueError
        If the reference is none of these, or X holds none of the model's factors.

    Examples
    --------
    >>> import pandas as pd
    >>> from pumpurs_risk.model import load_model
    >>> model = load_model("literature-prior")
    >>> X = pd.DataFrame({"absence_share": [0.02, 0.25], "mean_mark": [8.0, 4.5]})
    >>> found = explain(model, X, reference="population")
    >>> bool(abs(found.base_values + found.values.sum(axis=1) - model.log_odds(X)).max() < 1e-9)
    True
    """
    shap = _shap()
    frame = as_frame(X)
    against = resolve_reference(model, frame, reference)
    contributions = model.contributions(frame, against)
    names = list(contributions.columns)
    return shap.Explanation(
        values=contributions.to_numpy(),
        base_values=np.array(model.base_values(frame, against)),
        data=_recorded_values(frame, names),
        feature_names=_feature_names(names, lang, catalogue),
    )


def _shap() -> Any:
    # Seconds and 190 MiB to import: only those who ask for it pay. Its colour maps warn about matplotlib's plans
    # while it is imported, which is nothing that a user of ours could mend.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        import shap
    return shap


def contributions_by_construct(model: AdditiveModel, X: Any, reference: Any = "peers") -> tuple[pd.DataFrame, Any]:
    """Sum the contributions of each construct's factors.

    Parameters
    ----------
    model : AdditiveModel
    X : table with named columns, n rows
    reference : {"peers", "population"}, PeerReference, or one row of factor values
        As in `explain`.

    Returns
    -------
    by_construct : pandas.DataFrame, shape (n, n_constructs)
        Log-odds; one column per construct in the order of the model's shapes.
    base_values : ndarray of float, shape (n,)
        ``base_values + by_construct.sum(axis=1)`` is the pupil's log-odds.

    Examples
    --------
    >>> import pandas as pd
    >>> from pumpurs_risk.model import load_model
    >>> model = load_model("literature-prior")
    >>> X = pd.DataFrame({"absence_share": [0.02, 0.25], "mean_mark": [8.0, 4.5]})
    >>> by_construct, base = contributions_by_construct(model, X, reference="population")
    >>> bool(abs(base + by_construct.sum(axis=1) - model.log_odds(X)).max() < 1e-9)
    True
    """
    frame = as_frame(X)
    against = resolve_reference(model, frame, reference)
    contributions = model.contributions(frame, against)
    return sum_by_construct(model, contributions), model.base_values(frame, against)


def sum_by_construct(model: AdditiveModel, contributions: pd.DataFrame) -> pd.DataFrame:
    """Sum contributions that are already there by construct; columns in the order of the model's shapes."""
    values = contributions.to_numpy()
    members = members_of_constructs(model)
    sums = np.empty((len(contributions), len(members)), order="F")
    for c, columns in enumerate(members.values()):
        sums[:, c] = values[:, columns].sum(axis=1)
    return pd.DataFrame(sums, index=contributions.index, columns=list(members))


def members_of_constructs(model: AdditiveModel) -> dict[str, list[int]]:
    """Positions of each construct's factors among the model's shapes."""
    members: dict[str, list[int]] = {}
    for j, shape in enumerate(model.shapes):
        members.setdefault(shape.construct, []).append(j)
    return members


def resolve_reference(model: AdditiveModel, frame: pd.DataFrame, reference: Any) -> Any:
    """Compute the peers once where they were only named, so that base term and contributions share them."""
    if isinstance(reference, str) and reference == "peers":
        return PeerReference.from_table(model, frame)
    return reference


def _recorded_values(frame: pd.DataFrame, names: list[str]) -> NDArray[Any]:
    columns = frame.reindex(columns=names)
    if all(pd.api.types.is_numeric_dtype(kind) for kind in columns.dtypes):
        return columns.to_numpy(dtype=float, na_value=np.nan)
    return columns.astype(object).where(columns.notna(), np.nan).to_numpy(dtype=object)


def _feature_names(names: list[str], lang: str | None, catalogue: Catalogue | None) -> list[str]:
    if lang is None:
        return names
    from pumpurs_risk.catalogue import Catalogue

    factors = (catalogue or Catalogue.load()).factors
    return [factors[name].name[lang] if name in factors else name for name in names]
