"""Gathers everything that is held about one pupil below a folder, as plain records."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pumpurs_risk.batch.manifest import Manifest, read_manifest
from pumpurs_risk.batch.retention.find import OTHER_WORKBOOKS, WORKBOOKS, Holdings
from pumpurs_risk.batch.retention.mentions import is_own_page, plan_in_document
from pumpurs_risk.batch.retention.tables import is_record_of, theirs
from pumpurs_risk.batch.retention.traces import Traces
from pumpurs_risk.errors import PumpursError, RunError


@dataclass(frozen=True)
class HeldInRun:
    """What one run holds about the pupil: rows of its tables."""

    name: str
    manifest: Manifest
    tables: dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class HeldOnPaper:
    """One row of a workbook that is about the pupil."""

    file: str
    sheet: str
    row: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Held:
    """Everything that is held about one pupil.

    Parameters
    ----------
    pupil : Traces
        Whom it is about.
    runs : list of HeldInRun
        The oldest first.
    papers : list of HeldOnPaper
        Rows of workbooks and rejected.csv.
    plans : list of dict
        Plans as they are stored.
    whole : list of Path
        Files that are about this pupil alone: plans, the pupil's and the family's pages.
    unread : list of str
        Files that could not be looked into, below the folder.
    """

    pupil: Traces
    runs: list[HeldInRun] = field(default_factory=list)
    papers: list[HeldOnPaper] = field(default_factory=list)
    plans: list[dict[str, Any]] = field(default_factory=list)
    whole: list[Path] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def everything_held(holdings: Holdings, pupil: Traces) -> Held:
    """Look through all runs, plans and kept copies.

    Parameters
    ----------
    holdings : Holdings
        Where to look.
    pupil : Traces
        Whom to look for.

    Returns
    -------
    Held

    Raises
    ------
    RunError
        If a run is damaged.
    """
    held = Held(pupil)
    for run in holdings.runs:
        tables = {}
        for path in sorted((run / "data").glob("*.parquet")):
            rows = _rows(path, pupil)
            if rows:
                tables[path.stem] = rows
        if tables:
            held.runs.append(HeldInRun(holdings.name_of(run), read_manifest(run), tables))
    held.runs.sort(key=lambda each: each.manifest.as_of)
    for path in holdings.all_files():
        kind = path.suffix.lower()
        if kind in WORKBOOKS:
            book = holdings.workbook(path)
            if book:
                for sheet, row, _ in book.rows_about(pupil):
                    if sheet != book.about:
                        cells = tuple(cell.text for cell in row.cells if cell.text)
                        held.papers.append(HeldOnPaper(holdings.name_of(path), book.title(sheet), row.number, cells))
        elif kind in OTHER_WORKBOOKS:
            _take_other(path, holdings, held)
        elif kind == ".json":
            document = _json(path)
            if is_record_of(document, pupil):
                held.plans.append(document)
                held.whole.append(path)
        elif (kind == ".docx" and plan_in_document(path, pupil.plans)) or (
            kind in (".html", ".txt") and is_own_page(path, pupil)
        ):
            held.whole.append(path)
    return held


def _take_other(path: Path, holdings: Holdings, held: Held) -> None:
    from pumpurs_risk.records.workbook.reader import read_workbook

    try:
        sheets = read_workbook(path)
    except PumpursError:
        held.unread.append(holdings.name_of(path))
        return
    for sheet in sheets:
        for number, cells in zip(sheet.rows.tolist(), sheet.top(len(sheet.rows)), strict=True):
            if any(map(held.pupil.told_in, cells)):
                said = tuple(cell for cell in cells if cell)
                held.papers.append(HeldOnPaper(holdings.name_of(path), sheet.name, number, said))


def _rows(path: Path, pupil: Traces) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    try:
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                mask = theirs(file, group, pupil)
                if pc.any(mask).as_py():
                    found += file.read_row_group(group).filter(mask).to_pylist()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise RunError("erase_unreadable", file=path.name, detail=str(error)) from None
    return found


def _json(path: Path) -> Any:
    try:
        return msgspec.json.decode(path.read_bytes())
    except (msgspec.DecodeError, RecursionError, OSError):
        return None
