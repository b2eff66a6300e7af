"""Takes one pupil out of tables and documents: Parquet, CSV, JSON. Other rows stay as they are, in their order."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pumpurs_risk.batch.retention.traces import Traces
from pumpurs_risk.errors import RunError

_LINE = ("file", "sheet", "row")
_CELLS = ("value", "message", "note", "why")
"""Columns of free text; a row in which a pupil's name stands there, and no other pupil's id, goes."""


def without_rows(source: Path, target: Path, pupil: Traces) -> int:
    """Write a Parquet file again without a pupil's rows.

    Parameters
    ----------
    source, target : Path
        The file, and the new one; not written where nothing goes.
    pupil : Traces
        Whose rows.

    Returns
    -------
    int
        Rows that went.

    Raises
    ------
    RunError
        If the file cannot be read.
    """
    try:
        with pq.ParquetFile(source) as file:
            counts = [theirs(file, number, pupil) for number in range(file.num_row_groups)]
            gone = sum(int(pc.sum(mask).as_py() or 0) for mask in counts)
            if not gone:
                return 0
            with pq.ParquetWriter(target, file.schema_arrow) as writer:
                for number, mask in enumerate(counts):
                    part = file.read_row_group(number).filter(pc.invert(mask))
                    writer.write_table(part, row_group_size=max(len(mask), 1))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise RunError("erase_unreadable", file=source.name, detail=str(error)) from None
    return gone


def theirs(file: pq.ParquetFile, group: int, pupil: Traces) -> Any:
    """Say for each row of a row group whether it is the pupil's."""
    names = set(file.schema_arrow.names)
    rows = file.metadata.row_group(group).num_rows
    mine = np.zeros(rows, bool)
    unowned = np.ones(rows, bool)
    if "pupil_id" in names:
        ids = file.read_row_group(group, columns=["pupil_id"])["pupil_id"].cast(pa.string())
        mine = np.asarray(pc.is_in(ids, value_set=pa.array(sorted(pupil.ids), pa.string())))
        unowned = np.asarray(pc.equal(pc.fill_null(ids, ""), ""))
    wanted = [name for name in ("school_id", "shown", "class_id", *_LINE, *_CELLS) if name in names]
    if unowned.any() and "school_id" in wanted:
        cells = file.read_row_group(group, columns=wanted).to_pandas()
        here = unowned & cells["school_id"].isin(pupil.schools).to_numpy()
        mine = mine | (here & _named(cells, pupil))
    return pa.array(mine)


def _named(cells: pd.DataFrame, pupil: Traces) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Say of rows without an id whether they are about the pupil: by name and class, or with name or id in a cell."""
    found = np.zeros(len(cells), bool)
    if "shown" in cells:
        called = cells["shown"].map({word: pupil.calls(word) for word in cells["shown"].unique()}).astype(bool)
        full = cells["shown"].isin(pupil.names)
        if "class_id" in cells:
            full |= (
                cells["class_id"].map({word: pupil.in_class(word) for word in cells["class_id"].unique()}).astype(bool)
            )
        found |= (called & full).to_numpy()
    for name in _CELLS:
        if name in cells:
            words = cells[name].fillna("").astype(str)
            found |= words.map({said: pupil.told_in(said) for said in words.unique()}).to_numpy(bool)
    if found.any() and {*_LINE} <= {*cells}:  # other cells of the same line of the same file are the pupil's too
        lines = pd.MultiIndex.from_frame(cells[[*_LINE]])
        found |= lines.isin(lines[found])
    return found


def without_lines(content: bytes, pupil: Traces) -> tuple[bytes, int]:
    """Give a CSV file (semicolons, UTF-8) without the records in which the pupil's id or name stands.

    Parameters
    ----------
    content : bytes
        The file.
    pupil : Traces
        Whose records.

    Returns
    -------
    content : bytes
        The remaining records as they were written.
    int
        Records that went, with those about the same line of the same file.
    """
    said = content.decode("utf-8-sig")
    records = list(csv.reader(io.StringIO(said, newline=""), delimiter=";"))
    head, *rest = records or [[]]
    about = {tuple(row[:3]) for row in rest if _mentions(row, pupil)}
    kept = [row for row in rest if not _mentions(row, pupil) and tuple(row[:3]) not in about]
    if len(kept) == len(rest):
        return content, 0
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=";").writerows([head, *kept])
    mark = b"\xef\xbb\xbf" if content.startswith(b"\xef\xbb\xbf") else b""
    return mark + written.getvalue().encode(), len(rest) - len(kept)


def _mentions(cells: list[str], pupil: Traces) -> bool:
    return any(pupil.told_in(cell) for cell in cells)


def without_records(content: bytes, pupil: Traces) -> tuple[bytes, int] | None:
    """Give a JSON document without the records about a pupil; None if the document itself is one.

    Parameters
    ----------
    content : bytes
        The document.
    pupil : Traces
        Whose records: objects with the pupil's ``pupil_id`` or ``plan_id``.

    Returns
    -------
    (bytes, int) or None
        The remaining document, and how many records went.
    """
    try:
        document = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError):
        return content, 0
    if is_record_of(document, pupil):
        return None
    kept, gone = _pruned(document, pupil)
    if not gone:
        return content, 0
    return msgspec.json.format(msgspec.json.encode(kept), indent=2) + b"\n", gone


def is_record_of(record: Any, pupil: Traces) -> bool:
    """Whether a JSON object is about the pupil."""
    return isinstance(record, dict) and (record.get("pupil_id") in pupil.ids or record.get("plan_id") in pupil.plans)


def _pruned(value: Any, pupil: Traces) -> tuple[Any, int]:
    if isinstance(value, list):
        kept = [_pruned(each, pupil) for each in value if not is_record_of(each, pupil)]
        return [each for each, _ in kept], len(value) - len(kept) + sum(n for _, n in kept)
    if isinstance(value, dict):
        left = {k: _pruned(v, pupil) for k, v in value.items() if not is_record_of(v, pupil) and k not in pupil.ids}
        return {k: v for k, (v, _) in left.items()}, len(value) - len(left) + sum(n for _, n in left.values())
    return value, 0
