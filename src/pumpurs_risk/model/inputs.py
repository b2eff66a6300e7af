"""Takes the columns a model needs out of whatever table it is handed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pumpurs_risk.model.shapes import Floats, Levels, Shape


def as_frame(X: Any) -> pd.DataFrame:
    """Give a table as a pandas DataFrame, without copying one that already is.

    Parameters
    ----------
    X : pandas.DataFrame, pyarrow.Table, polars.DataFrame or mapping of columns
        One row per pupil, columns named as factor ids.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    TypeError
        For an array: a model needs the columns' names.
    """
    if isinstance(X, pd.DataFrame):
        return X
    if hasattr(X, "to_pandas"):
        return X.to_pandas()  # type: ignore[no-any-return]
    if isinstance(X, dict):
        return pd.DataFrame(X)
    raise TypeError(
        f"X must be a table with named columns (a pandas DataFrame, an Arrow table, ...), got {type(X).__name__}: "
        "the model finds its factors by their names, so an array of numbers is not enough."
    )


def check_known(frame: pd.DataFrame, names: Iterable[str]) -> None:
    """Refuse a table that holds none of the model's factors.

    Raises
    ------
    ValueError
        Naming some of the columns that were found and some that were expected.
    """
    expected = list(names)
    if not any(name in frame.columns for name in expected):
        found = ", ".join(map(str, frame.columns[:6])) or "none"
        raise ValueError(
            f"X holds none of the model's factors. Columns found: {found}. Expected factor ids such as "
            f"{', '.join(expected[:6])}. Make X with factor_table(), or rename its columns."
        )


def numeric_column(frame: pd.DataFrame, name: str) -> Floats:
    """Give a column as floats with NaN for unknown; a column that is not there is all unknown.

    Raises
    ------
    ValueError
        If the column holds words.
    """
    if name not in frame.columns:
        return np.full(len(frame), np.nan)
    column = frame[name]
    try:
        return column.to_numpy(dtype=float, na_value=np.nan)
    except (ValueError, TypeError):
        found = next((v for v in column if isinstance(v, str)), "something that is no number")
        raise ValueError(f"Column {name!r} of X must hold numbers (NaN for unknown), but holds {found!r}.") from None


def word_column(frame: pd.DataFrame, name: str) -> npt.NDArray[np.object_]:
    """Give a column as words, None for unknown; a column that is not there is all unknown. Codes are words, too: 9 is "9"."""
    if name not in frame.columns:
        return np.full(len(frame), None, dtype=object)
    column = frame[name]
    if isinstance(column.dtype, pd.CategoricalDtype):
        table = np.array([*map(str, column.cat.categories), None], dtype=object)
        return table[column.cat.codes.to_numpy()]
    if pd.api.types.infer_dtype(column, skipna=True) not in ("string", "empty"):
        column = column.astype(object).map(str, na_action="ignore")
    return column.astype(object).where(column.notna(), None).to_numpy(dtype=object)


def shape_column(frame: pd.DataFrame, shape: Shape) -> Any:
    """Give the column that a shape speaks about, in the type its kind needs."""
    return word_column(frame, shape.factor) if isinstance(shape, Levels) else numeric_column(frame, shape.factor)
