"""Enter and leave: the only place that knows DuckDB, Polars, Spark, pandas and Arrow."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from os import PathLike
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import narwhals as nw
import pandas as pd
import pyarrow as pa

if TYPE_CHECKING:
    from pumpurs_risk.records.school_records import SchoolRecords

Frame = nw.LazyFrame[Any]
Kind = type[nw.String] | type[nw.Date] | type[nw.Float64]
ROW_GROUP = 65_536
"""Rows of a group in Parquet: what scoring reads at a time."""


@dataclass(frozen=True)
class Engine:
    """Where the tables of one set of records are computed: DuckDB, Polars or Spark.

    Parameters
    ----------
    kind : {"pandas", "arrow", "polars", "duckdb", "spark"}
        What the records came from, which is what comes out. pandas and Arrow are computed in a DuckDB of our own.
    connection : duckdb.DuckDBPyConnection, optional
        Ours, or the one that the records' relations live on.
    sample : native frame, optional
        One of the records' frames: what small tables are made beside.
    lazy : bool
        Whether the records' Polars frames are lazy.
    settles : bool
        Whether parts of a plan are put aside in temporary tables, named in ``settled``.
    limited : bool
        Whether memory is limited.
    """

    kind: str
    connection: Any = field(default=None, repr=False)
    sample: Any = field(default=None, repr=False)
    lazy: bool = False
    settles: bool = False
    limited: bool = False
    settled: list[str] = field(default_factory=list, repr=False)

    @classmethod
    @contextmanager
    def of(cls, records: SchoolRecords, memory_limit: str | None = None, *, settles: bool = True) -> Iterator[Engine]:
        """Open the engine of some records, and close what was opened.

        Parameters
        ----------
        records : SchoolRecords
            Whose tables are to be computed with.
        memory_limit : str, optional
            Of DuckDB, such as ``"300MB"``; what does not fit goes to its temporary folder.
        settles : bool
            Whether all is computed before the engine is closed; not where a relation is handed out that is computed later.

        Examples
        --------
        >>> import pyarrow as pa
        >>> from pumpurs_risk.records import SchoolRecords
        >>> pupils = pa.table({"pupil_id": ["7"], "school_id": ["a"], "semester": ["2026/2027-1"]})
        >>> with Engine.of(SchoolRecords.of({"pupils": pupils}, engine="arrow")) as engine:
        ...     engine.leave(engine.enter(pupils, {"pupil_id": nw.String, "level": nw.Float64})).to_pylist()
        [{'pupil_id': '7', 'level': None}]
        """
        native = next(iter(records.tables.values()), None)
        if records.engine in ("polars", "spark"):
            yield cls(records.engine, None, native, type(native).__name__ == "LazyFrame")
        elif records.engine == "duckdb":
            settles = settles and records.connection is not None
            engine = cls("duckdb", records.connection, native, settles=settles, limited=bool(memory_limit))
            # Whose connection it is decides how it works, unless a limit is asked for.
            with _set(records.connection, memory_limit) if settles and memory_limit else nullcontext():
                try:
                    yield engine
                finally:
                    for name in engine.settled:
                        records.connection.execute(f"DROP TABLE IF EXISTS {name}")
        else:
            import duckdb

            with tempfile.TemporaryDirectory(prefix="pumpurs-") as folder, duckdb.connect() as connection:
                quoted = folder.replace("'", "''")
                connection.execute(f"SET temp_directory = '{quoted}'")
                with _set(connection, memory_limit):
                    yield cls(records.engine, connection, settles=True, limited=bool(memory_limit))

    def enter(self, native: Any, types: Mapping[str, Kind]) -> Frame:
        """Take a native frame: columns of the types given, missing ones as unknown, NaN as unknown.

        Parameters
        ----------
        native : native frame or path
            Of this engine's kind; pandas, Arrow and Parquet files enter our own DuckDB.
        types : mapping of str to narwhals type
            The columns wanted.

        Returns
        -------
        narwhals.LazyFrame
            With exactly these columns.
        """
        frame = self._lazy(native)
        schema = frame.collect_schema()
        return frame.select(**{name: _as_type(schema, name, kind) for name, kind in types.items()})

    def columns(self, native: Any) -> list[str]:
        """Return the columns that a native frame has."""
        names: list[str] = self._lazy(native).collect_schema().names()
        return names

    def _lazy(self, native: Any) -> Frame:
        if isinstance(native, str | PathLike):
            native = self.connection.read_parquet(str(native))
        if isinstance(native, pd.DataFrame):
            native = pa.Table.from_pandas(native, preserve_index=False)
        if isinstance(native, pa.Table) and self.kind == "polars":
            import polars as pl

            native = pl.from_arrow(native)
        elif isinstance(native, pa.Table) and self.kind == "spark":
            native = self.sample.sparkSession.createDataFrame(native)
        elif isinstance(native, pa.Table):
            native = self._relation(native)
        frame: Frame = nw.from_native(native).lazy()
        return frame

    def _relation(self, table: pa.Table) -> Any:
        if self.connection is not None:
            return self.connection.from_arrow(table)
        rows = [tuple(_sql_value(value) for value in row.values()) for row in table.to_pylist()]
        names = [f'"{name}"' for name in table.column_names]
        kinds = [_sql_type(kind) for kind in table.schema.types]
        head = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in zip(names, kinds, strict=True))
        values = ", ".join(f"({', '.join(row)})" for row in rows) or f"({', '.join('NULL' for _ in names)})"
        where = "" if rows else " WHERE false"
        return self.sample.query("pumpurs_small", f"SELECT {head} FROM (VALUES {values}) t({', '.join(names)}){where}")

    def small(self, columns: Mapping[str, Sequence[Any]], schema: Mapping[str, pa.DataType]) -> Frame:
        """Make a small table beside the others, to be joined to them.

        Parameters
        ----------
        columns : mapping of str to sequence
            The values.
        schema : mapping of str to pyarrow type
            Texts, dates, whole numbers or floats.
        """
        arrays = [pa.array(columns[name], kind) for name, kind in schema.items()]
        return self._lazy(pa.table(arrays, names=list(schema)))

    def settle(self, frame: Frame, *, if_limited: bool = False) -> Frame:
        """Compute a part of the plan now, where that bounds memory: in DuckDB, which can put it aside on disk.

        Parameters
        ----------
        frame : LazyFrame
            Small beside the tables it is made of, such as one row per pupil.
        if_limited : bool
            Whether it is put aside only where memory is limited, as it costs time and saves memory only then.

        Returns
        -------
        LazyFrame
            The same rows.
        """
        if not self.settles or (if_limited and not self.limited):
            return frame
        name = f"pumpurs_{uuid4().hex}"
        self.connection.execute(f"CREATE TEMP TABLE {name} AS {frame.to_native().sql_query()}")
        self.settled.append(name)
        settled: Frame = nw.from_native(self.connection.table(name)).lazy()
        return settled

    def leave(self, frame: Frame) -> Any:
        """Hand out a frame as what the records came from."""
        if self.kind in ("duckdb", "spark") or (self.kind == "polars" and self.lazy):
            return frame.to_native()
        if self.kind == "polars":
            return frame.collect("polars").to_native()
        table = frame.collect("pyarrow").to_native()
        return table if self.kind == "arrow" else to_pandas(table)

    def arrow(self, frame: Frame) -> pa.Table:
        """Compute a frame, whatever the engine."""
        if self.kind == "spark":
            return frame.to_native().toArrow()
        return frame.collect("pyarrow").to_native()

    def of_pandas(self, frame: pd.DataFrame) -> Any:
        """Hand out a pandas frame as what the records came from."""
        if self.kind == "pandas":
            return frame
        table = pa.Table.from_pandas(frame, preserve_index=False)
        return table if self.kind == "arrow" else self.leave(self._lazy(table))

    def write(self, frame: Frame, path: str | PathLike[str]) -> None:
        """Write a frame to Parquet while it is computed; Spark writes a folder of files."""
        if self.kind == "spark":
            frame.to_native().write.mode("overwrite").parquet(str(path))
        elif self.kind == "polars":
            frame.to_native().sink_parquet(path, row_group_size=ROW_GROUP)
        else:
            frame.to_native().to_parquet(str(path), row_group_size=ROW_GROUP)


@contextmanager
def _set(connection: Any, memory_limit: str | None) -> Iterator[None]:
    """Let DuckDB forget the order of rows, which saves memory, and hold the limit, for a while."""
    names = ("preserve_insertion_order", *(["memory_limit"] if memory_limit else []))
    row = connection.execute("SELECT " + ", ".join(f"current_setting('{name}')" for name in names)).fetchall()[0]
    connection.execute("SET preserve_insertion_order = false")
    if memory_limit:
        connection.execute(f"SET memory_limit = '{memory_limit}'")
    try:
        yield
    finally:
        for name, value in zip(names, row, strict=True):
            connection.execute(f"SET {name} = '{_as_told(value)}'")


def _as_told(value: Any) -> str:
    """A setting as it was: DuckDB cuts sizes to tenths when it tells them, so that each time less would come back."""
    number, _, unit = str(value).partition(" ")
    return f"{float(number) + 0.05:.2f} {unit}" if unit else number


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """Make a pandas frame as a sheet's factor table is: floats with NaN, texts as objects with None."""
    columns: dict[str, Any] = {}
    for name in table.column_names:
        column = table[name]
        floats = pa.types.is_floating(column.type)
        columns[name] = column.to_numpy() if floats else pd.Series(column.to_pylist(), dtype=object)
    return pd.DataFrame(columns)


def _as_type(schema: Mapping[str, Any], name: str, kind: Kind) -> nw.Expr:
    found = schema.get(name)
    if found is None or found == nw.Unknown:
        return nw.lit(None, kind)
    column = nw.col(name)
    if found.is_float():
        column = nw.when(~column.is_nan()).then(column)
    if found == kind:
        return column
    if kind == nw.Date and found == nw.Datetime:
        return column.dt.date()
    return column.cast(kind)


def _sql_value(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str | dt.date):
        return "'" + str(value).replace("'", "''") + "'"
    return repr(value)


def _sql_type(kind: pa.DataType) -> str:
    if pa.types.is_date(kind):
        return "DATE"
    if pa.types.is_integer(kind):
        return "BIGINT"
    return "DOUBLE" if pa.types.is_floating(kind) else "VARCHAR"
