"""Reads Parquet files: primitive columns as they are, everything else as text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.records.raw_table import Notice
from pumpurs_risk.records.reading.raw_grid import RawGrid

MOST_CELLS = 4_000_000_000  # a few kB of Parquet can claim more rows than any memory holds


def read_parquet(path: Path, file: str) -> RawGrid:
    """Read a Parquet file.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    file : str
        Its name as the owner knows it, for the errors.

    Returns
    -------
    RawGrid
        Numbers, truth values, dates and times keep their type; dictionaries are decoded; decimals and other scalars
        become text; lists and structures are left out and named by a notice ``column_nested``. The first row bears the
        number 1.

    Raises
    ------
    RecordsError
        If the file is damaged, or claims more cells than memory holds.
    """
    try:
        with pq.ParquetFile(path) as parquet:
            about = parquet.metadata
            if about.num_rows * about.num_columns > MOST_CELLS:
                raise RecordsError("table_too_large", file=file, rows=about.num_rows, columns=about.num_columns)
            table = parquet.read()
    except (pa.ArrowException, OSError):
        raise RecordsError("parquet_damaged", file=file) from None
    headings: list[str] = []
    columns: list[pa.Array[Any]] = []
    notices: list[Notice] = []
    for heading, column in zip(table.column_names, table.columns, strict=True):
        plain = _plain(column.combine_chunks() if column.num_chunks != 1 else column.chunk(0))
        if plain is None:
            notices.append(Notice("column_nested", column=heading))
            continue
        headings.append(heading)
        columns.append(plain)
    return RawGrid(headings, columns, np.arange(1, table.num_rows + 1), notices=notices)


def _plain(column: Any) -> pa.Array[Any] | None:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not (pa.types.is_primitive(column.type) or pa.types.is_string(column.type)):
        try:
            column = column.cast(pa.string())
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
            return None
    plain: pa.Array[Any] = column
    return plain
