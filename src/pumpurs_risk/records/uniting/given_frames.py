"""Frames that a caller holds: those in memory are checked like files; lazy ones stay where they are."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
import pandas as pd
import pyarrow as pa

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.records.raw_table import RawTable
from pumpurs_risk.records.uniting.accounting import scope_of, split_scope
from pumpurs_risk.records.uniting.answers import place_answers
from pumpurs_risk.records.uniting.event_tables import ROLL
from pumpurs_risk.records.uniting.frames import as_columns
from pumpurs_risk.records.uniting.gathering import Gathering
from pumpurs_risk.records.uniting.native_frames import LazyTable, common_family, family_of, take_lazy
from pumpurs_risk.records.uniting.overview import columns_of, known_pupils, opened, taken
from pumpurs_risk.records.uniting.row_owners import NAME_COLUMNS
from pumpurs_risk.records.uniting.rows import no_sheet
from pumpurs_risk.records.uniting.schools import SchoolsRead
from pumpurs_risk.records.uniting.sorting import contracts_of
from pumpurs_risk.records.validation.report import COUNT_COLUMNS, ProblemLog, ValidationReport

if TYPE_CHECKING:
    import narwhals as nw


_SCOPE = ("pupil_id", "school_id", "class_id", "programme", "level")
_OF_SCHOOL = ("school_id", "programme", "semester")
_STATED_ONLY = ("semester", "as_of")  # columns of ``SchoolRecords.schools`` that the table of schools does not have


def gather_frames(
    gathering: Gathering,
    sheet: Any,
    tables: Mapping[str, Any],
    *,
    schools: Any = None,
    answers: Any = None,
    connection: Any = None,
) -> dict[str, Any]:
    """Make of frames what `SchoolRecords` is made of.

    Parameters
    ----------
    gathering : Gathering
        How they are to be taken.
    sheet : data frame or None
        A factor sheet, held in memory.
    tables : mapping of str to data frame
        Event tables by name, all of one kind.
    schools : data frame, optional
        What is known of the schools.
    answers : data frame, optional
        What people answered.
    connection : duckdb.DuckDBPyConnection, optional
        Where DuckDB relations live.

    Returns
    -------
    dict
        As ``Gathering.gather``, with ``engine`` and ``connection``.

    Raises
    ------
    RecordsError
        If the frames are of several kinds, or a column that is needed is missing or of the wrong type.
    """
    if sheet is None and not tables:
        raise RecordsError("no_frame")
    family = common_family(tables, gathering.lang) if tables else "eager"
    if family not in ("eager", "polars"):
        return _lazily(gathering, sheet, tables, answers, connection)
    only = next(iter(gathering.stated)) if len(gathering.stated) == 1 else ""
    found = [] if sheet is None else [_raw("sheet", sheet, only or "school")]
    for name, frame in tables.items():
        found.append(replace(_raw(name, frame, only or ("school" if name == ROLL else "")), table=name))
    if tables and schools is not None and family_of(schools) in ("eager", "polars"):
        found.append(replace(_raw("schools", schools, only, leave=_STATED_ONLY), table="schools"))
    made = gathering.gather(found, answers)
    if family == "polars":
        import polars as pl

        made["tables"] = {name: pl.from_arrow(table) for name, table in made["tables"].items()}
        return made | {"engine": "polars"}
    arrow = bool(tables) and all(isinstance(frame, pa.Table) for frame in tables.values())
    return made | {"engine": "arrow" if arrow else "pandas"}


def _raw(name: str, frame: Any, school: str, leave: tuple[str, ...] = ()) -> RawTable:
    columns = {heading: cells for heading, cells in as_columns(frame).items() if heading not in leave}
    size = len(next(iter(columns.values()))) if columns else 0
    return RawTable(name, "", school, columns, np.arange(1, size + 1))


def _lazily(
    gathering: Gathering, sheet: Any, tables: Mapping[str, Any], answers: Any, connection: Any
) -> dict[str, Any]:
    if gathering.id_scope == "school":
        raise RecordsError("lazy_id_scope")
    if ROLL not in tables and sheet is None:
        raise RecordsError("no_pupils", tables=", ".join(tables), table=ROLL)
    gathering = replace(gathering, id_scope="municipality")
    catalogue, lang = gathering.catalogue, gathering.lang
    engine = {"polars_lazy": "polars"}.get(family := common_family(tables, lang), family)
    if (
        engine == "duckdb"
        and connection is None
        and any(isinstance(each, str | os.PathLike) for each in tables.values())
    ):
        connection = _our_connection()
    contract, contracts = contracts_of(catalogue)
    log = ProblemLog()
    read = {name: take_lazy(name, tables[name], contracts[name], catalogue, log, connection)
            for name in contracts if name in tables}  # fmt: skip
    made = _sheet_only(gathering, sheet)
    native = {name: each.native for name, each in read.items()}
    left_out, outside = 0, made["out_of_scope"]
    if ROLL in native:
        native[ROLL], out = _in_scope(native[ROLL], gathering)
        left_out = len(out)
        outside = pd.concat([outside, split_scope(out, catalogue, lang, gathering.lower_grades)[1]], ignore_index=True)
        outside = outside[~outside["pupil_id"].isin(set(made["sheet"]["pupil_id"]))].drop_duplicates("pupil_id")
    if answers is not None:
        known = known_pupils(made["sheet"], native)
        people = known.assign(name=None, own_id=known["pupil_id"])
        made["answers"] = place_answers(answers, people, contract, log, id_scope="municipality", key=None)
    report = ValidationReport.of(
        log, [_count(name, each, left_out if name == ROLL else 0) for name, each in read.items()]
    )
    if sheet is not None:
        report = _joined(made["report"], report)
    return made | {
        "schools": _schools(gathering, made["sheet"], native, outside, log),
        "out_of_scope": outside.reset_index(drop=True),
        "report": report,
        "tables": native,
        "engine": engine,
        "scope": scope_of(catalogue, gathering.lower_grades),
        "connection": connection,
        "inventory": [
            *made["inventory"],
            *(
                {"file": name, "sheet": "", "table": name, "school_id": "", "rows": each.rows, "sha256": ""}
                for name, each in read.items()
            ),
        ],
    }


def _our_connection() -> Any:
    """Open a DuckDB that reads Parquet: what does not fit in its memory goes to the system's folder for such files.

    DuckDB makes that folder when it needs it, and removes it when the connection is closed; a connection that nobody
    closed leaves it, with pupils' data in it, so that it is removed at the end of the program too.
    """
    import duckdb

    folder = Path(tempfile.gettempdir()) / f"pumpurs-{uuid4().hex}"
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return duckdb.connect(config={"temp_directory": str(folder), "preserve_insertion_order": False})


def _sheet_only(gathering: Gathering, sheet: Any) -> dict[str, Any]:
    if sheet is not None:
        only = next(iter(gathering.stated)) if len(gathering.stated) == 1 else "school"
        return gathering.gather([_raw("sheet", sheet, only)])
    nobody = pd.DataFrame({name: pd.Series(dtype=object) for name in NAME_COLUMNS})
    outside = pd.DataFrame({name: pd.Series(dtype=object) for name in ("pupil_id", "school_id", "class_id", "reason")})
    return {"sheet": no_sheet(), "names": nobody, "out_of_scope": outside, "inventory": []}


def _in_scope(native: Any, gathering: Gathering) -> tuple[Any, pd.DataFrame]:
    """The table of pupils without those who never are in scope, lazily; and these, as they are few."""
    import narwhals as nw

    if not {"programme", "level"} <= set(columns_of(native)):
        return native, pd.DataFrame({name: [] for name in _SCOPE})
    outside = _outside(gathering)
    if not taken(opened(native).filter(outside).select(_rows=nw.len()))["_rows"].iloc[0]:
        return native, pd.DataFrame({name: [] for name in _SCOPE})
    frame = opened(native).with_columns(_in=nw.when(outside).then(nw.lit(0)).otherwise(nw.lit(1)))
    frame = frame.with_columns(_ever=nw.col("_in").max().over("pupil_id"))
    there = [name for name in _SCOPE if name in columns_of(native)]
    out = taken(frame.filter(nw.col("_ever") == 0).select(*there))
    out = out.reindex(columns=list(_SCOPE)).astype({"level": float})
    if out.empty:
        return native, out
    return frame.filter(nw.col("_ever") == 1).drop("_in", "_ever").to_native(), out


def _outside(gathering: Gathering) -> nw.Expr:
    import narwhals as nw

    whole = nw.lit(False)
    for name, (lowest, highest) in scope_of(gathering.catalogue, gathering.lower_grades).items():
        level = nw.col("level")
        whole = whole | ((nw.col("programme") == name) & ((level < lowest) | (level > highest))).fill_null(False)
    return whole


def _schools(
    gathering: Gathering, sheet: pd.DataFrame, native: Mapping[str, Any], outside: pd.DataFrame, log: ProblemLog
) -> pd.DataFrame:
    import narwhals as nw

    rows = [sheet[[*_OF_SCHOOL, "as_of"]]] if len(sheet) else []
    if ROLL in native:
        there = [name for name in _OF_SCHOOL if name in columns_of(native[ROLL])]
        rows.append(taken(opened(native[ROLL]).group_by(*there).agg(_rows=nw.len())).drop(columns="_rows"))
    rows.append(outside[["school_id"]])
    said = pd.concat(rows, ignore_index=True).reindex(columns=[*_OF_SCHOOL, "as_of"])
    said["as_of"] = pd.to_datetime(said["as_of"]).astype("datetime64[s]")
    latest = said.groupby("school_id")["semester"].transform("max")
    said = said[(said["semester"] == latest) | latest.isna()]
    return SchoolsRead(contracts_of(gathering.catalogue)[0], gathering.stated, gathering.lang).frame(said, log)


def _count(name: str, each: LazyTable, left_out: int) -> tuple[Any, ...]:
    return ("", name, "", name, each.rows, each.rows - each.rejected - left_out, left_out, each.rejected)


def _joined(first: ValidationReport, second: ValidationReport) -> ValidationReport:
    counts = pd.concat([first.counts, second.counts], ignore_index=True)[list(COUNT_COLUMNS)]
    return ValidationReport(pd.concat([first.problems, second.problems], ignore_index=True), counts)
