"""Writes a school's journal tables as files: CSV of Latvian Excel, one workbook, or Parquet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pumpurs_risk.datasets.journals import as_journal, headed, typed_cell, with_mistakes
from pumpurs_risk.datasets.sheets import write_excel_csv
from pumpurs_risk.locale import text

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.tables.contract import TableContract

_WIDTH = 16


def write_exports(
    folder: Path,
    kind: str,
    way: str,
    tables: Mapping[str, pd.DataFrame],
    contracts: Mapping[str, TableContract],
    catalogue: Catalogue,
    as_of: dt.date,
    lang: str,
    mistakes: bool,
) -> Iterator[Path]:
    """Write a school's tables.

    Parameters
    ----------
    folder : pathlib.Path
        The school's folder.
    kind : str
        Kind of school: which mistakes.
    way : {"journal_csv", "journal_workbook", "parquet"}
        How.
    tables : mapping of str to pandas.DataFrame
        As `of_school` returns them.
    contracts, catalogue : mapping of str to TableContract, Catalogue
        Headings and words.
    as_of : datetime.date
        Day of the export.
    lang : {"lv", "en"}
        Of headings and words.
    mistakes : bool
        Whether to put in the made world's mistakes.

    Yields
    ------
    pathlib.Path
        Every file written.
    """
    if way == "parquet":
        for name, frame in (with_mistakes(tables, kind) if mistakes else dict(tables)).items():
            path = folder / f"{name}.parquet"
            _write_parquet(path, frame, contracts[name], lang)
            yield path
        return
    journal = as_journal(tables, contracts, catalogue, lang)
    if mistakes:
        journal = with_mistakes(journal, kind)
    shown = {name: headed(frame, contracts[name], lang) for name, frame in journal.items()}
    if way == "journal_csv":
        for table, frame in shown.items():
            path = folder / f"{text(f'datasets.table_files.{table}', lang)}.csv"
            write_excel_csv(path, {str(name): _typed(frame[name]).tolist() for name in frame}, lang)
            yield path
        return
    path = folder / f"{text('datasets.files.journal', lang)}.xlsx"
    _write_workbook(path, shown, as_of, lang)
    yield path


def _typed(column: pd.Series) -> np.ndarray[Any, Any]:
    """A column's cells as a spreadsheet holds them, worked out once for each distinct cell."""
    codes, distinct = pd.factorize(column, use_na_sentinel=True)
    cells = np.empty(len(distinct) + 1, dtype=object)
    cells[:-1] = [typed_cell(value) for value in distinct]
    return np.asarray(cells[codes])  # -1, what is not known, takes the last one: None


def _write_workbook(path: Path, tables: Mapping[str, pd.DataFrame], as_of: dt.date, lang: str) -> None:
    """One worksheet a table; above the headings a line that says that all is made up."""
    from pumpurs_risk.records.workbook.writer import WorkbookWriter

    note = text("datasets.made_note", lang)
    with path.open("xb") as handle, WorkbookWriter(handle, created=as_of, title=note, comments=note) as book:
        for name, frame in tables.items():
            sheet = book.sheet(text(f"datasets.tables.{name}", lang), widths=[_WIDTH] * len(frame.columns))
            sheet.page.write_string(0, 0, note)
            sheet.page.write_row(1, 0, list(frame))
            for column, cells in enumerate(frame):
                values = _typed(frame[cells]).tolist()
                dates = any(isinstance(value, dt.date) for value in values)
                look = book.style("typed_date") if dates else None
                sheet.page.write_column(2, column, ["" if value is None else value for value in values], look)


def _write_parquet(path: Path, frame: pd.DataFrame, contract: TableContract, lang: str) -> None:
    """Columns by id and typed; the file's own metadata say that all is made up."""
    types = {field.name: field.type for field in contract.arrow_schema}
    types["mark"] = pa.float64()  # points; what is no number stands in the other columns
    schema = pa.schema([(str(name), types.get(str(name), pa.string())) for name in frame])
    table = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
    note = text("datasets.made_note", lang)
    with path.open("xb") as handle:
        pq.write_table(table.replace_schema_metadata({"note": note}), handle)
