"""What y may look like: 1 and 0, with NaN for unknown, or two labels."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pumpurs_risk.errors import TrainingError, TrainingWarning
from pumpurs_risk.model.shapes import Floats

LEFT = "dropped_out"
ALSO_LEFT = ("left", "leaver", "yes", "jā", "true")
"""Words for leaving that a table of outcomes need not know."""


@dataclass(frozen=True)
class Outcomes:
    """Outcomes as numbers.

    Parameters
    ----------
    known : ndarray of bool, shape (n,)
        Where it is known what became of the pupil.
    left : ndarray of float, shape (n,)
        1 left, 0 stayed; 0 where it is not known.
    classes : ndarray, shape (2,)
        The two labels, sorted.
    positive : int
        Position of the label that means leaving.
    """

    known: npt.NDArray[np.bool_]
    left: Floats
    classes: npt.NDArray[Any]
    positive: int


def read_outcomes(y: Any, pos_label: Any = None) -> Outcomes:
    """Read labels.

    Parameters
    ----------
    y : array-like, shape (n,)
        1/0, booleans, or two labels; NaN, None and NA are unknown.
    pos_label : optional
        The label that means leaving; by default 1, or the word that says so, or the second of two words, with a warning.

    Returns
    -------
    Outcomes

    Raises
    ------
    ValueError
        For more than two labels, numbers that are no labels, or infinity.
    TrainingError
        If nothing is known, or there is one label only and it is neither 0 nor 1.

    Examples
    --------
    >>> found = read_outcomes(["stayed", "left", None], pos_label="left")
    >>> found.left.tolist(), found.known.tolist(), found.classes.tolist()
    ([0.0, 1.0, 0.0], [True, True, False], ['left', 'stayed'])
    """
    from sklearn.utils import column_or_1d
    from sklearn.utils.multiclass import check_classification_targets, type_of_target

    if isinstance(y, pd.Series):
        values = y.to_numpy(dtype=float, na_value=np.nan) if _numbers_with_gaps(y) else y.to_numpy()
    else:
        values = np.asarray(y.to_pandas() if hasattr(y, "to_pandas") else y)
    values = column_or_1d(values, warn=True)
    known = ~np.asarray(pd.isna(values), dtype=bool)
    labels = values[known]
    if labels.dtype.kind == "f" and np.isinf(labels).any():
        raise ValueError("Input y contains infinity or a value too large for dtype('float64').")
    if not len(labels):
        raise TrainingError("training_no_outcome", rows=len(values))
    if labels.dtype == object and all(isinstance(v, bool | int | float | np.number | np.bool_) for v in labels):
        labels = labels.astype(float)
    check_classification_targets(labels)
    classes = np.unique(labels)
    if len(classes) > 2:
        kind = type_of_target(labels)
        raise ValueError(f"Only binary classification is supported. The type of the target is {kind}.")
    numeric = classes.dtype.kind in "biuf"
    if len(classes) == 1:
        if not (numeric and classes[0] in (0, 1)):
            raise TrainingError("training_one_class", rows=len(labels), label=classes[0])
        classes = np.array([0, 1]).astype(classes.dtype)
    positive = _position(classes, pos_label)
    left = np.zeros(len(values))
    left[known] = labels == classes[positive]
    return Outcomes(known, left, classes, positive)


def _position(classes: npt.NDArray[Any], pos_label: Any) -> int:
    if pos_label is None and classes.dtype.kind in "biuf":
        return 1
    if pos_label is None:
        return _meant(classes)
    found = np.flatnonzero(classes == pos_label)
    if not len(found):
        raise ValueError(f"pos_label is {pos_label!r}, but y holds {classes[0]!r} and {classes[1]!r}")
    return int(found[0])


def _meant(classes: npt.NDArray[Any]) -> int:
    """Which of two words means leaving: one that a table of outcomes would understand so, else the second, and say it."""
    from pumpurs_risk.resources import resource

    fields = json.loads(resource("data_schema", "outcomes.json").read_text("utf-8"))["fields"]
    words = next(field["words"] for field in fields if field["name"] == "outcome")
    leaving = {word.casefold().replace("_", " ") for word in (*words[LEFT], LEFT, *ALSO_LEFT)}
    known = [str(label).strip().casefold().replace("_", " ") in leaving for label in classes]
    if sum(known) == 1:
        return known.index(True)
    warnings.warn(
        f"y holds the words {str(classes[0])!r} and {str(classes[1])!r}: {str(classes[1])!r} is taken to mean leaving, the "
        "second in sorted order. Say pos_label=... if it is the other, or hand in 1 and 0.",
        TrainingWarning,
        stacklevel=5,
    )
    return 1


def _numbers_with_gaps(y: pd.Series[Any]) -> bool:
    numeric = pd.api.types.is_numeric_dtype(y.dtype) or pd.api.types.is_bool_dtype(y.dtype)
    return numeric and bool(y.isna().any())
