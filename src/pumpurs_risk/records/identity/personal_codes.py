"""Finds Latvian personal codes, which the library never needs and nobody should send."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_DAY_AND_MONTH = "(?:(?:0[1-9]|[12][0-9])(?:0[1-9]|1[0-2])|30(?:0[13-9]|1[0-2])|31(?:0[13578]|1[02]))"
_DASH = "[-‐‑–]"
# Until 2017 DDMMYY-NNNNN, the first of the five digits being the century (0, 1, 2): asked for where the dash is
# missing, so that fewer other numbers of eleven digits look alike. Since then eleven digits, the first 3, the second
# 2 to 9, the dash optional.
CODE = (
    f"(?:{_DAY_AND_MONTH}[0-9]{{2}}(?: ?{_DASH} ?[0-9]{{5}}|[0-2][0-9]{{4}})"
    f"|3[2-9][0-9]{{4}}(?: ?{_DASH} ?)?[0-9]{{5}})"
)
_ANYWHERE = f"(?:^|[^0-9]){CODE}(?:$|[^0-9])"


def find_personal_codes(
    values: pa.Array[Any] | np.ndarray[Any, Any] | Sequence[Any],
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Find the cells that hold a personal code, alone or within other text.

    Parameters
    ----------
    values : array of str or int, shape (n,)
        Cells; empty ones may be None.

    Returns
    -------
    numpy.ndarray of bool, shape (n,)
        True where a code of the old form (its date possible) or of the new form stands.

    Notes
    -----
    Forms of the code: aluksne.lv, tvnet.lv 2023 (new codes have been issued since 1 July 2017 and begin with 32).

    Examples
    --------
    >>> find_personal_codes(["150309-21234", "990309-21234", "32123456789", "321234-56789", "12", None]).tolist()
    [True, False, True, True, False, False]
    """
    column = text_column(values)
    if not len(column):
        return np.zeros(0, bool)
    written: Any = column.dictionary_encode()
    known = np.append(np.asarray(pc.match_substring_regex(written.dictionary, _ANYWHERE), bool), False)
    found: np.ndarray[Any, np.dtype[np.bool_]] = known[np.asarray(written.indices.fill_null(-1))]
    return found


def text_column(values: pa.Array[Any] | np.ndarray[Any, Any] | Sequence[Any]) -> pa.Array[Any]:
    """Write any column as text.

    Parameters
    ----------
    values : array, shape (n,)
        Text, numbers or dates; None, NaN and NaT are empty.

    Returns
    -------
    pyarrow.Array of str, shape (n,)
        Whole numbers without a decimal point.

    Examples
    --------
    >>> text_column([7.0, None, "a"]).to_pylist()
    ['7', None, 'a']
    """
    column: Any = values
    if not isinstance(values, pa.Array | pa.ChunkedArray):
        try:
            column = pa.array(values, from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError):  # several types in one column
            column = pa.array([_as_text(value) for value in values], pa.string())
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_floating(column.type):
        return _whole_numbers_plain(column)
    written: pa.Array[Any] = column.cast(pa.string())
    return written


def _whole_numbers_plain(column: Any) -> pa.Array[Any]:
    """Write 7.0 as 7, and 32123456789.0 without an exponent."""
    column = pc.if_else(pc.is_finite(column), column.cast(pa.float64()), None)
    whole = pc.and_(pc.equal(column, pc.floor(column)), pc.less(pc.abs(column), pa.scalar(1e15)))
    digits = pc.if_else(whole, column, 0).cast(pa.int64()).cast(pa.string())
    written: pa.Array[Any] = pc.if_else(whole, digits, column.cast(pa.string()))
    return written


def _as_text(value: Any) -> str | None:
    if value is None or value is pd.NA or value != value:
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
