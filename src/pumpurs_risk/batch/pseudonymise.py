"""A file without names and personal codes, before it leaves the house."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from pumpurs_risk.errors import RecordsError, RunError
from pumpurs_risk.records.contract import SheetContract
from pumpurs_risk.records.identity.key_file import KeyFile
from pumpurs_risk.records.identity.pseudonymise import pseudonymise_table
from pumpurs_risk.records.raw_table import RawTable
from pumpurs_risk.records.reading.discovery import Unreadable, read_raw
from pumpurs_risk.records.uniting.row_owners import NAMES


@dataclass(frozen=True, slots=True)
class Pseudonymised:
    """What was done.

    Parameters
    ----------
    rows : int
        Rows written.
    ambiguous_rows : tuple of int
        Row numbers of the old file, as a person sees them, that were left out: their name may mean several pupils.
    codes : int
        Cells in which a personal code stood and was replaced.
    copied : tuple of str
        Headings that are not known and were copied as they are: a person must look whether they name somebody.
    fingerprint : str
        Says which key, not what it is.
    """

    rows: int
    ambiguous_rows: tuple[int, ...]
    codes: int
    copied: tuple[str, ...]
    fingerprint: str


def pseudonymise_file(
    data: Path,
    out: Path,
    key_path: Path,
    *,
    id_column: str | None = None,
    encoding: str | None = None,
    lang: str = "lv",
) -> Pseudonymised:
    """Replace ids and personal codes by keyed pseudonyms, move names into the key file, write the rest.

    Parameters
    ----------
    data : Path
        One table: a sheet of a workbook, CSV or Parquet.
    out : Path
        The new file, CSV (semicolons, UTF-8 with a byte-order mark) or, by its ending, Parquet. Must not exist.
    key_path : Path
        The key file; made if it does not exist, never inside a run.
    id_column : str, optional
        Heading of the column with ids, if it is not one that the sheet knows.
    encoding : str, optional
        Of a CSV file.
    lang : {"lv", "en"}
        Language of the heading of a new id column.

    Returns
    -------
    Pseudonymised
        A row whose name may mean several pupils is not in the new file, but named here.

    Raises
    ------
    RecordsError
        If the file cannot be read, holds several tables, or has neither ids nor names.
    RunError
        If the new file exists or cannot be written.
    """
    from pumpurs_risk.catalogue import Catalogue

    if out.exists():
        raise RunError("file_exists", path=str(out))
    contract = SheetContract.load(Catalogue.load())
    tables = read_raw(data, encoding=encoding, heading_known=lambda heading: contract.recognise(heading) is not None)
    for table in tables:
        if isinstance(table, Unreadable):
            raise table.error
    if len(tables) != 1 or not isinstance(tables[0], RawTable):
        raise RecordsError("one_table_needed", path=str(data), found=len(tables))
    raw = tables[0]
    meant = {contract.recognise(heading): heading for heading in reversed(list(raw.columns))}
    names = [heading for heading in raw.columns if contract.recognise(heading) in NAMES]
    key = KeyFile.open_or_new(key_path)
    school = raw.school or raw.cover.get("school", "")
    done = pseudonymise_table(
        raw.columns,
        key,
        id_heading=id_column or meant.get("pupil_id"),
        name_headings=names,
        school_id=school,
        birth_heading=meant.get("birth_date") or meant.get("birth_year"),
        class_heading=meant.get("class_id"),
        lang=lang,
    )
    kept = {heading: _defused(column) for heading, column in done.columns.items()}
    _write(pa.table(kept).filter(pa.array(~done.ambiguous)), out)
    key.save()
    copied = tuple(heading for heading in raw.columns if contract.recognise(heading) is None and heading != id_column)
    left_out = tuple(raw.rows[done.ambiguous].tolist())
    return Pseudonymised(
        len(raw.rows) - len(left_out), left_out, sum(done.codes_found.values()), copied, key.fingerprint
    )


def _defused(column: Any) -> Any:
    """Text that a spreadsheet would take for a formula begins with an apostrophe."""
    if not pa.types.is_string(column.type):
        return column
    return pc.replace_substring_regex(column, r"^([=+@\t\r]|-[^\d])", r"'\1")


def _write(table: Any, out: Path) -> None:
    try:
        if out.suffix.lower() == ".parquet":
            pq.write_table(table, out)
            return
        with out.open("wb") as handle:
            handle.write(b"\xef\xbb\xbf")
            pa_csv.write_csv(table, handle, pa_csv.WriteOptions(delimiter=";"))
    except OSError as error:
        out.unlink(missing_ok=True)
        raise RunError("cannot_write", path=str(out), detail=error.strerror or str(error)) from None
