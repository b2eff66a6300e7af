"""Arrow columns from NumPy arrays: what a made table is built of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Array = np.ndarray[Any, Any]


def words(choices: Sequence[str] | pa.Array, code: Array) -> pa.Array:
    """Text by position in a list; empty where the position is negative.

    Examples
    --------
    >>> words(["late", "present"], np.array([1, -1])).to_pylist()
    ['present', None]
    """
    values = choices if isinstance(choices, pa.Array) else pa.array(choices, pa.string())
    return values.take(pa.array(code, pa.int32(), mask=code < 0))


def text(value: str | None, size: int) -> pa.Array:
    """The same text in every row."""
    return pa.nulls(size, pa.string()) if value is None else pa.repeat(pa.scalar(value, pa.string()), size)


def days(values: Array) -> pa.Array:
    """Dates; empty where there is no time."""
    missing = np.isnat(values)
    return pa.array(values.astype("datetime64[D]").astype(np.int32), pa.int32(), mask=missing).cast(pa.date32())


def numbers(values: Array) -> pa.Array:
    """Floats; empty where they are not a number."""
    floats = np.asarray(values, dtype=float)
    return pa.array(floats, pa.float64(), mask=np.isnan(floats))


def record_ids(prefix: str, number: Array) -> pa.Array:
    """Ids such as "k000012"; empty where the number is negative."""
    mask = number < 0
    digits = pc.utf8_lpad(pa.array(np.where(mask, 0, number), pa.int64()).cast(pa.string()), 7, "0")
    joined = pc.binary_join_element_wise(pa.scalar(prefix), digits, "")
    return pc.if_else(pa.array(mask), pa.scalar(None, pa.string()), joined)
