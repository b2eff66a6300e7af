"""Takes data frames of other libraries in: pandas, Polars, Arrow, or anything that turns into one of them."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa

from pumpurs_risk.records.cell_texts import cell_texts


def as_pandas(frame: Any) -> pd.DataFrame:
    """Turn any data frame, or a mapping of columns, into a pandas one.

    Examples
    --------
    >>> import pyarrow as pa
    >>> as_pandas(pa.table({"a": [1]}))["a"].tolist()
    [1]
    """
    if isinstance(frame, pd.DataFrame):
        return frame
    for way in ("to_pandas", "df"):  # Arrow and Spark; a DuckDB relation
        if callable(getattr(frame, way, None)) and not hasattr(frame, "to_arrow"):
            made: pd.DataFrame = getattr(frame, way)()
            return made
    if hasattr(frame, "to_arrow"):
        arrow: pd.DataFrame = _table(frame).to_pandas()
        return arrow
    return pd.DataFrame(frame)


def as_columns(frame: Any) -> dict[str, pa.Array[Any]]:
    """Turn any data frame into columns as a reader gives them: text or a primitive type, unknown as null.

    Parameters
    ----------
    frame : data frame
        pandas, Polars, Arrow, or anything with ``to_pandas`` or ``to_arrow``.

    Returns
    -------
    dict of str to pyarrow.Array
        By heading. A column of mixed types is text.

    Examples
    --------
    >>> import pandas as pd
    >>> as_columns(pd.DataFrame({"a": ["1", 2.5, None]}))["a"].to_pylist()
    ['1', '2.5', None]
    """
    if hasattr(frame, "to_arrow") or isinstance(frame, pa.Table):
        table = frame if isinstance(frame, pa.Table) else _table(frame)
        return {str(name): _plain(table.column(name)) for name in table.column_names}
    frame = as_pandas(frame)
    return {str(name): _column(frame.iloc[:, place]) for place, name in enumerate(frame.columns)}


def _table(frame: Any) -> pa.Table:
    made = frame.to_arrow()
    return made.read_all() if isinstance(made, pa.RecordBatchReader) else made


def _column(cells: pd.Series[Any]) -> pa.Array[Any]:
    try:
        return _plain(pa.Array.from_pandas(cells))
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        return cell_texts(cells)


def _plain(column: Any) -> pa.Array[Any]:
    """One array of a type that ``validation.cells.typed_column`` reads."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):  # of no chunk, or of several where the type cannot be joined
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_string_view(array.type):
        return _without_views(array)
    if pa.types.is_null(array.type) or pa.types.is_large_string(array.type):
        return array.cast(pa.string())
    if pa.types.is_decimal(array.type):
        return array.cast(pa.float64())
    return array


def _without_views(array: pa.Array[Any]) -> pa.Array[Any]:
    try:
        return array.cast(pa.string())
    except pa.ArrowNotImplementedError:  # pyarrow before 18
        return pa.array(array.to_pylist(), pa.string())
