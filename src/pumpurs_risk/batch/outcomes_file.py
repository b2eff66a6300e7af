"""A file that says no more than what became of the pupils, under their own identifiers: matched to those of earlier runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from pumpurs_risk.errors import RecordsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.raw_table import RawTable
    from pumpurs_risk.records.tables.contract import TableContract

COLUMNS = ("pupil_id", "date", "outcome", "stage", "recorded_on", "record_id")


def read_outcomes_file(
    path: Path, pupil_ids: pd.Index[Any], catalogue: Catalogue, *, encoding: str | None = None
) -> pd.DataFrame:
    """Read tables of outcomes that come without a table of pupils.

    Parameters
    ----------
    path : Path
        A file, or a folder with one sub-folder per school, with the columns of the table ``outcomes``.
    pupil_ids : pandas.Index
        Pupils of the runs. An identifier of the file is one of theirs as it is, or behind the school's id (``school:7``):
        that of the sub-folder, or the only school that has such a pupil.
    catalogue : Catalogue
        For the contract.
    encoding : str, optional
        Of CSV files.

    Returns
    -------
    pandas.DataFrame
        Columns of the table ``outcomes`` as they are written; rows whose pupil is in no run are left out.

    Raises
    ------
    RecordsError
        If no table of outcomes is found, or none of its rows is of a pupil of the runs.
    """
    from pumpurs_risk.records.raw_table import RawTable
    from pumpurs_risk.records.reading.discovery import read_raw
    from pumpurs_risk.records.tables.contract import table_contracts

    contract = table_contracts(catalogue)["outcomes"]
    raw = read_raw(path, encoding=encoding, heading_known=lambda heading: contract.recognise(heading) is not None)
    frames = [_frame(table, contract) for table in raw if isinstance(table, RawTable)]
    found = pd.concat([f for f in frames if {"pupil_id", "date", "outcome"} <= {*f}] or [pd.DataFrame()])
    if not len(found):
        raise RecordsError("outcomes_needed")
    theirs = _owners(found["pupil_id"], found["_school"], pupil_ids)
    matched = found.assign(pupil_id=theirs)[pd.notna(theirs)]
    if not len(matched):
        raise RecordsError("outcomes_of_others", rows=len(found))
    told: pd.DataFrame = matched.drop(columns="_school").reset_index(drop=True)
    return told


def _frame(table: RawTable, contract: TableContract) -> pd.DataFrame:
    names: dict[str, str] = {}
    for heading in table.columns:
        field = contract.recognise(heading)
        if field in COLUMNS and field not in names:
            names[field] = heading
    read: Mapping[str, Any] = {field: table.columns[heading].to_pandas() for field, heading in names.items()}
    return pd.DataFrame(read).assign(_school=table.school)


def _owners(written: pd.Series[Any], school: pd.Series[Any], pupil_ids: pd.Index[Any]) -> Any:
    """Give each row the id of its pupil in the runs; None where there is no such pupil, or more than one school has one."""
    own = written.astype(str).str.strip()
    known = pd.Index(pupil_ids.astype(str))
    behind = pd.Series(known, index=known.str.rpartition(":").get_level_values(2))
    alone = behind[~behind.index.duplicated(keep=False)]
    in_school = (school.astype(str) + ":" + own).where(school.astype(str) != "")
    found = own.where(own.isin(known)).astype(object)
    for candidate in (in_school.where(in_school.isin(known)), own.map(alone)):
        found = found.where(found.notna(), candidate)
    return found.where(found.notna(), None).to_numpy(dtype=object)
