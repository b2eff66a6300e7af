"""Takes tables that stay where they are: Polars lazy frames, DuckDB relations, Spark frames, Parquet files.

Only their columns and types are looked at, and what is outside the limits is counted; where there is any, such values become
unknown, and rows without a key are left out, whenever the frame is computed.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.records.identity.personal_codes import CODE
from pumpurs_risk.records.uniting.overview import taken

if TYPE_CHECKING:
    import narwhals as nw

    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.contract import Field
    from pumpurs_risk.records.tables.contract import TableContract
    from pumpurs_risk.records.validation.report import ProblemLog

Family = Literal["eager", "polars", "polars_lazy", "duckdb", "spark"]
_MARKS = (1.0, 10.0)  # a typed mark is in points
_BAD, _EMPTY = "_bad_", "_empty_"
_SHORTEST_CODE = 11
"""Digits of a personal code."""


def family_of(frame: Any) -> Family:
    """Say of which kind a frame is; pandas, Arrow and plain columns are one kind, all of them held in memory.

    Parameters
    ----------
    frame : data frame or path
        A path leads to Parquet, which DuckDB reads.

    Returns
    -------
    {"eager", "polars", "polars_lazy", "duckdb", "spark"}

    Examples
    --------
    >>> import pandas as pd
    >>> family_of(pd.DataFrame()), family_of("absences.parquet")
    ('eager', 'duckdb')
    """
    if isinstance(frame, str | os.PathLike):
        return "duckdb"
    package = type(frame).__module__.partition(".")[0]
    if package == "polars":
        return "polars_lazy" if type(frame).__name__ == "LazyFrame" else "polars"
    if package in ("duckdb", "_duckdb"):
        return "duckdb"
    return "spark" if package in ("pyspark", "sqlframe") else "eager"


def common_family(tables: Mapping[str, Any], lang: str) -> Family:
    """Say of which one kind all frames of a call are.

    Raises
    ------
    RecordsError
        If they are of several.
    """
    families = {name: family_of(frame) for name, frame in tables.items()}
    if len(set(families.values())) > 1:
        from pumpurs_risk.locale import text

        listed = [f"{name} ({text(f'uniting.frames.{family}', lang)})" for name, family in families.items()]
        raise RecordsError("frames_of_several_kinds", tables=", ".join(listed))
    return next(iter(families.values()))


@dataclass(frozen=True)
class LazyTable:
    """A table that stays where it is, in its contract's columns.

    Parameters
    ----------
    native : native frame
        To be computed later.
    rows, rejected : int
        Rows in it, and those of them without a usable key, which it leaves out.
    """

    native: Any
    rows: int
    rejected: int


def take_lazy(
    name: str, native: Any, contract: TableContract, catalogue: Catalogue, log: ProblemLog, connection: Any
) -> LazyTable:
    """Check a table's columns and types and bring it into its contract's form; nothing but counts is computed.

    Parameters
    ----------
    name : str
        Of the table.
    native : native frame or path
        Headed by ids, headings or aliases; a path leads to a Parquet file, or a folder of them.
    contract : TableContract
        What it may hold.
    catalogue : Catalogue
        Whose factors, measures and roles the codes may be.
    log : ProblemLog
        Gets unknown columns, and per column the number of values outside its limits.
    connection : duckdb.DuckDBPyConnection or None
        Reads Parquet.

    Returns
    -------
    LazyTable

    Raises
    ------
    RecordsError
        If a column is missing or of the wrong type, or ids are personal codes.
    """
    import narwhals as nw

    if in_file := isinstance(native, str | os.PathLike):
        path = Path(native)
        if not path.exists():
            raise RecordsError("folder_missing", path=str(path))
        native = connection.read_parquet(str(path / "*.parquet") if path.is_dir() else str(path))
    frame = nw.from_native(native)
    schema = frame.collect_schema()
    found = _columns(name, schema, contract, log)
    floats = [target for target, given in found.items() if schema[given].is_float()]
    in_duckdb = frame.implementation.is_duckdb()
    with_nan = _with_nan(frame, {target: found[target] for target in floats}) if in_duckdb else floats
    if with_nan and in_file:
        connection.execute("SET disabled_optimizers = 'statistics_propagation'")  # see _with_nan
    renamed = frame.select(**{target: _as_type(nw.col(given), schema[given], contract.fields[target], name, given,
                                               target in with_nan)
                              for target, given in found.items()})  # fmt: skip
    checks = {target: _unfit(contract.fields[target]) for target in found}
    bad = {target: check for target, check in checks.items() if check is not None}
    needed = [each for each in dict.fromkeys((*_owner(contract), *contract.needed_in_row)) if each in found]
    coded = _is_code(nw.col("pupil_id")) if "pupil_id" in found else nw.lit(False)
    empty = {each: nw.col(each).is_null() for each in needed}
    rows, counts = _counted(renamed, {"_coded": coded, **{f"{_BAD}{target}": check for target, check in bad.items()},
                                      **{f"{_EMPTY}{each}": check for each, check in empty.items()}}, in_file)  # fmt: skip
    if counts["_coded"]:
        raise RecordsError("codes_in_lazy_frame", table=name, column=found["pupil_id"])
    for target in bad:
        _name_unfit(counts[f"{_BAD}{target}"], target, found[target], name, contract, log)
    # What is compared with limits is read in full: only columns that need it are.
    bad = {target: check for target, check in bad.items() if counts[f"{_BAD}{target}"]}
    fit = {target: nw.when(~check).then(nw.col(target)) for target, check in bad.items()}
    kept = renamed.with_columns(**fit) if fit else renamed
    lacking = [each for each in needed if each in bad or counts[f"{_EMPTY}{each}"]]
    without = 0
    if lacking:
        any_of = _any([empty[each] | bad.get(each, nw.lit(False)) for each in lacking])
        without = _counted(renamed, {"_without": any_of}, in_file)[1]["_without"]
        kept = kept.filter(*(~nw.col(each).is_null() for each in lacking))
        log.add(
            "uniting.lazy_rows_without_key",
            file=name,
            values=str(without),
            detail=", ".join(needed),
            action="row_rejected",
        )
    return LazyTable(kept.to_native(), rows, without)


def _with_nan(frame: Any, floats: Mapping[str, str]) -> list[str]:
    """Columns that hold NaN: their sum is NaN.

    DuckDB believes the statistics of Parquet, which pass over NaN: it takes ``isnan`` for false without looking.
    """
    import narwhals as nw

    if not floats:
        return []
    sums = taken(
        frame.select(**{target: nw.col(given).cast(nw.Float64).sum() for target, given in floats.items()})
    ).iloc[0]
    return [target for target in floats if pd.isna(sums[target])]


def _counted(frame: Any, conditions: Mapping[str, nw.Expr], in_file: bool) -> tuple[int, dict[str, int]]:
    """Count the rows, and those that meet each condition.

    In a file each condition is a filter of its own, which the statistics of Parquet mostly answer; a frame that may be dear
    to compute is gone through once.
    """
    import narwhals as nw

    if in_file:
        each = {"_rows": frame} | {name: frame.filter(condition) for name, condition in conditions.items()}
        rows = taken(nw.concat([some.select(_what=nw.lit(name), _rows=nw.len()) for name, some in each.items()]))
        totals = dict(zip(rows["_what"], rows["_rows"], strict=True))
    else:
        flags = frame.select(**{name: _flag(each) for name, each in conditions.items()})
        totals = (
            taken(flags.select(nw.len().alias("_rows"), *(nw.col(name).sum() for name in conditions))).iloc[0].to_dict()
        )
    found: dict[str, int] = {name: 0 if pd.isna(count) else int(count) for name, count in totals.items()}
    return found.pop("_rows"), found


def _owner(contract: TableContract) -> tuple[str, ...]:
    return ("pupil_id",) if contract.owned else ()


def _columns(name: str, schema: Mapping[str, Any], contract: TableContract, log: ProblemLog) -> dict[str, str]:
    """Contract's columns, to the frame's; those that only tell names are left where they are."""
    found: dict[str, str] = {}
    for heading in schema:
        target = contract.recognise(heading)
        code, detail = "", ""
        if target is None and contract.is_protected(heading):
            code = "protected_column"
        elif target is None:
            detail = contract.nearest(heading) or ""
            code = "unknown_column" if detail else "unknown_column_alone"
        elif target not in contract.columns:
            code = "uniting.lazy_column_left"
        elif target in found:
            code, detail = "column_twice", found[target]
        else:
            found[target] = heading
        if code:
            log.add(code, file=name, column=heading, detail=detail, severity="notice", action="ignored")
    lacking = contract.lacking(found)
    if contract.owned and "pupil_id" not in found:
        lacking = ("pupil_id", *(each for each in lacking if each != "pupil_id"))
    if lacking:
        raise RecordsError(
            "table_column_missing",
            file=name,
            table=contract.titles["en"],
            columns=", ".join(lacking),
            headings=", ".join(list(schema)[:12]),
        )
    return {target: found[target] for target in contract.columns if target in found}


def _as_type(column: nw.Expr, kind: Any, field: Field, name: str, heading: str, with_nan: bool) -> nw.Expr:
    """The column in its contract's type, where its own can become that without reading text; NaN becomes unknown."""
    import narwhals as nw
    import pyarrow as pa

    from pumpurs_risk.records.tables.contract import arrow_type

    wanted = arrow_type(field)
    unknown = kind == nw.Unknown
    if pa.types.is_date(wanted):
        if kind == nw.Date or unknown:
            return column if kind == nw.Date else column.cast(nw.Date)
        if kind == nw.Datetime:
            return column.dt.date()
        expected = "date"
    elif pa.types.is_floating(wanted):
        if kind.is_float():
            typed = column if kind == nw.Float64 else column.cast(nw.Float64)
            return nw.when(~column.is_nan()).then(typed) if with_nan else typed
        if kind.is_numeric() or kind == nw.Boolean or unknown:
            return column.cast(nw.Float64)
        expected = "number"
    else:
        if kind == nw.String:
            return column
        if kind in (nw.Categorical, nw.Enum) or unknown:
            return column.cast(nw.String)
        if kind.is_integer() and field.kind in ("text", "name"):
            return column.cast(nw.String)
        expected = "text"
    raise RecordsError("lazy_column_type", table=name, column=heading, found=str(kind), expected=expected)


def _unfit(field: Field) -> nw.Expr | None:
    """Where a value is outside its column's limits, unknown where it is; None where a column has none."""
    import narwhals as nw

    column = nw.col(field.id)
    low, high = _MARKS if field.kind == "mark_cell" else (field.minimum, field.maximum)
    wrong: list[nw.Expr] = []
    if field.kind == "code" and field.words:
        wrong.append(~column.is_in(list(field.words)))
    elif field.kind == "programme":
        wrong.append(~column.is_in(["general", "evening", "vocational"]))
    elif field.kind == "semester":
        wrong.append(~column.str.contains(r"^\d{4}/\d{4}-[12]$"))
    elif field.kind == "yes_no":
        wrong.append((column != 0) & (column != 1))
    elif field.kind == "date" and field.earliest:
        wrong.append(column < dt.date.fromisoformat(field.earliest))
    elif field.kind not in ("text", "name", "date", "code"):
        wrong += [column < low] if low is not None else []
        wrong += [column > high] if high is not None else []
    return _any(wrong) if wrong else None


def _is_code(column: nw.Expr) -> nw.Expr:
    long = column.str.len_chars() >= _SHORTEST_CODE  # looked at first: it costs a tenth of the pattern
    return long & column.str.contains(f"^{CODE}$")


def _flag(condition: nw.Expr) -> nw.Expr:
    import narwhals as nw

    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0))


def _any(conditions: list[nw.Expr]) -> nw.Expr:
    whole = conditions[0]
    for each in conditions[1:]:
        whole = whole | each
    return whole


def _name_unfit(count: int, target: str, heading: str, name: str, contract: TableContract, log: ProblemLog) -> None:
    if count:
        field = contract.fields[target]
        limits = _MARKS if field.kind == "mark_cell" else (field.minimum, field.maximum)
        said = "–".join(f"{each:g}" for each in limits if each is not None) or ", ".join(list(field.words)[:8])
        log.add("uniting.lazy_values_unfit", file=name, column=heading, values=str(count), detail=said)
