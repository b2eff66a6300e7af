"""The groups by which use and outcomes are told apart: schools, programmes, and the attributes that serve auditing alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pumpurs_risk.monitoring.lists import MadeList

UNKNOWN = ""
"""Group of the pupils of whom an attribute is not known."""


def groupings(made: MadeList, attributes: pd.DataFrame | None) -> dict[str, Any]:
    """Give, per attribute, the group of each pupil in the order of the list's factor table.

    Parameters
    ----------
    made : MadeList
        The list.
    attributes : pandas.DataFrame, optional
        ``pupil_id`` and one column per attribute; pupils whom it does not hold are unknown.

    Returns
    -------
    dict of str to ndarray of str
        ``school_id`` and ``programme`` first, then the attributes in their order; one that all pupils share is left out.

    Raises
    ------
    ValueError
        If `attributes` has no column ``pupil_id``, or a pupil twice.
    """
    found: dict[str, Any] = {"school_id": made.factors["school_id"].astype(str).to_numpy(dtype=object)}
    if "programme" in made.factors:
        found["programme"] = _words(made.factors["programme"])
    if attributes is None:
        attributes = made.factors[["pupil_id"]]
    if "pupil_id" not in attributes:
        raise ValueError("attributes must hold a column pupil_id beside one column per attribute")
    ids = pd.Index(attributes["pupil_id"].astype(str))
    if ids.has_duplicates:
        raise ValueError("attributes must hold every pupil once")
    at = ids.get_indexer(pd.Index(made.factors["pupil_id"].astype(str)))
    for name in attributes.columns.drop("pupil_id"):
        if name in found:
            continue
        words = np.append(_words(attributes[name]), UNKNOWN)
        found[str(name)] = words[at]
    return {by: group for by, group in found.items() if by == "school_id" or len({*group} - {UNKNOWN}) > 1}


def _words(column: pd.Series[Any]) -> Any:
    """Values as text: true and false as yes and no, whole numbers without decimals, unknown as an empty text."""
    spoken: Mapping[Any, str] = {True: "yes", False: "no"}
    if column.dropna().isin([0, 1, True, False]).all() and column.notna().any() and column.dtype.kind in "fiubO":
        column = column.map(lambda v: spoken[bool(v)], na_action="ignore")
    elif column.dtype.kind == "f":
        column = column.map(lambda v: f"{v:g}", na_action="ignore")
    return column.astype(object).where(column.notna(), UNKNOWN).astype(str).to_numpy(dtype=object)
