"""Any column as text, written in one way wherever cells are read, compared, searched or quoted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_EXACT_WHOLE = 2.0**53  # beyond it a float no longer tells neighbouring whole numbers apart


def cell_texts(values: pa.Array[Any] | np.ndarray[Any, Any] | Sequence[Any]) -> pa.Array[Any]:
    """Write any column as text.

    Parameters
    ----------
    values : array, shape (n,)
        Text, numbers or dates; None, NaN and NaT are empty.

    Returns
    -------
    pyarrow.Array of str, shape (n,)
        A whole number has neither decimal point nor exponent, a time at midnight is its date; null where empty.

    Examples
    --------
    >>> cell_texts([7.0, None, "a"]).to_pylist(), cell_texts([32123456789.0, 0.5]).to_pylist()
    (['7', None, 'a'], ['32123456789', '0.5'])
    """
    column: Any = values
    if not isinstance(values, pa.Array | pa.ChunkedArray):
        try:
            column = pa.array(values, from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):  # several types in one column
            column = pa.array([_one_text(value) for value in values], pa.string())
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
        if isinstance(column, pa.ChunkedArray):  # of no chunk, or of several where the type cannot be joined
            column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_floating(column.type):
        return _whole_numbers_plain(column.cast(pa.float64()))
    written: pa.Array[Any] = column.cast(pa.string())
    if pa.types.is_timestamp(column.type):
        return pc.replace_substring_regex(written, r" 00:00:00(\.0+)?$", "")
    if pa.types.is_decimal(column.type):
        return pc.replace_substring_regex(written, r"\.0+$", "")
    return written


def _whole_numbers_plain(column: Any) -> pa.Array[Any]:
    """Write 7.0 as 7, and 32123456789.0 without an exponent."""
    numbers = column.to_numpy(zero_copy_only=False)
    whole = (numbers == np.floor(numbers)) & (np.abs(numbers) < _EXACT_WHOLE)
    digits = pa.array(np.where(whole, numbers, 0).astype(np.int64)).cast(pa.string())
    written: pa.Array[Any] = pc.if_else(pa.array(whole), digits, pa.array(numbers, from_pandas=True).cast(pa.string()))
    return written


def _one_text(value: Any) -> str | None:
    if value is None or value is pd.NA or value != value:
        return None
    return str(int(value)) if isinstance(value, float | np.floating) and float(value).is_integer() else str(value)
