"""Whose is a row of an event table? Finds each row's school and pupil among those who stand on a roll or a sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pumpurs_risk.records.identity.names import plain_name
from pumpurs_risk.records.raw_table import RawTable
from pumpurs_risk.records.uniting.row_owners import RowOwners
from pumpurs_risk.records.validation.parsing import BoolArray
from pumpurs_risk.records.validation.report import ProblemLog


@dataclass(frozen=True)
class RollSchools:
    """In which school each pupil of the rolls and sheets is, by what the school calls the pupil.

    Parameters
    ----------
    called : pyarrow.Array of string, shape (n,)
        Own ids and names, each once; those of several schools included.
    school : numpy.ndarray of object, shape (n,)
        The school; None where it is several.
    only : str
        The school, if there is but one; else "".
    """

    called: pa.Array[Any]
    school: np.ndarray[Any, Any]
    only: str

    @classmethod
    def of(cls, rolls: Sequence[RowOwners]) -> RollSchools:
        """Learn from the rows of rolls and sheets."""
        frames = [
            pd.DataFrame({"called": called.to_pandas(), "school": each.school_id}).dropna().drop_duplicates()
            for each in rolls
            for called in (_called(each.own_id, each.coded), _called_by_name(each.name))
        ]
        pairs = pd.concat(frames, ignore_index=True).drop_duplicates()
        several = pairs["called"].duplicated(keep=False)
        school = pairs["school"].where(~several, None)
        first = ~pairs["called"].duplicated()
        schools = {school for each in rolls for school in each.school_id.tolist()}
        return cls(
            pa.array(pairs.loc[first, "called"].to_numpy(dtype=object), pa.string()),
            school[first].to_numpy(dtype=object),
            schools.pop() if len(schools) == 1 else "",
        )

    def find(self, owners: RowOwners) -> tuple[np.ndarray[Any, Any], BoolArray]:
        """Find the school of rows that do not say theirs.

        Parameters
        ----------
        owners : RowOwners
            The rows.

        Returns
        -------
        school_id : numpy.ndarray of object, shape (n,)
            "" where it was not found.
        several : numpy.ndarray of bool, shape (n,)
            Rows whose id or name several schools have.
        """
        if self.only:
            return np.full(len(owners.kept), self.only, dtype=object), np.zeros(len(owners.kept), bool)
        called = pc.coalesce(_called(owners.own_id, owners.coded), _called_by_name(owners.name))
        place = pc.fill_null(pc.index_in(called, value_set=self.called), -1).to_numpy(zero_copy_only=False)
        found = np.append(self.school, "")[place]
        several = pd.isna(found)
        found[several] = ""
        return found, several


def name_pupils(
    code: str,
    raw: RawTable,
    owners: RowOwners,
    bad: BoolArray,
    column: str,
    school_id: np.ndarray[Any, Any],
    log: ProblemLog,
) -> None:
    """Name the rows of an event table that cannot be used because of whom they are about: once per pupil.

    Parameters
    ----------
    code : str
        What is wrong.
    raw : RawTable
        The table.
    owners : RowOwners
        Its rows.
    bad : numpy.ndarray of bool, shape (n,)
        Which of them.
    column : str
        Heading under which the id or name stands.
    school_id : numpy.ndarray of object, shape (n,)
        Schools, as far as known.
    log : ProblemLog
        Gets one problem per pupil, at the first row, with the number of rows; the id as written, and no name.
    """
    where = np.flatnonzero(bad)
    if not len(where):
        return
    some = pa.array(where)
    own_id = owners.own_id.take(some)
    called = pc.fill_null(pc.coalesce(own_id, owners.name.take(some)), "").dictionary_encode()
    codes = np.asarray(called.indices)
    _, first, counts = np.unique(codes, return_index=True, return_counts=True)
    log.add(
        code,
        file=raw.file,
        sheet=raw.sheet,
        school_id=school_id[where[first]],
        column=column,
        rows=raw.rows[owners.kept[where[first]]],
        values=pc.fill_null(own_id.take(pa.array(first)), "").to_numpy(zero_copy_only=False),
        detail=counts.astype("U20").astype(object),
        action="ignored",
    )


def name_two_schools(pupils: pd.DataFrame, log: ProblemLog) -> None:
    """Name the pupils who are on the rolls of two schools in one semester, with the rule that applies.

    Parameters
    ----------
    pupils : pandas.DataFrame
        pupil_id, school_id, semester, and file, sheet, row of each row of a roll.
    log : ProblemLog
        Gets a notice per pupil and semester.
    """
    once = pupils.drop_duplicates(["pupil_id", "semester", "school_id"])
    twice = once[once.duplicated(["pupil_id", "semester"], keep=False) & once["semester"].notna()]
    if twice.empty:
        return
    listed = twice.sort_values(["pupil_id", "semester", "school_id"], kind="stable")
    schools = listed.groupby(["pupil_id", "semester"], sort=False)["school_id"].agg(", ".join)
    first = listed.drop_duplicates(["pupil_id", "semester"])
    for (file, sheet), part in first.assign(schools=schools.to_numpy()).groupby(["file", "sheet"], sort=False):
        log.add(
            "uniting.pupil_in_two_schools",
            file=str(file),
            sheet=str(sheet),
            school_id=part["school_id"].to_numpy(),
            rows=part["row"].to_numpy(),
            values=part["semester"].to_numpy(dtype=object),
            detail=part["schools"].to_numpy(dtype=object),
            severity="notice",
            action="none",
        )


def _called(own_id: pa.Array[Any], coded: BoolArray) -> pa.Array[Any]:
    """Own ids as they are compared: a personal code may be written with or without its dash."""
    if not coded.any():
        return own_id
    return pc.if_else(pa.array(coded), pc.replace_substring_regex(own_id, "[^0-9]", ""), own_id)


def _called_by_name(name: pa.Array[Any]) -> pa.Array[Any]:
    """Names as they are compared; a sign keeps them apart from ids."""
    encoded = name.dictionary_encode()
    plain = [f"\0{plain_name(each)}" for each in encoded.dictionary.to_pylist()]
    return pa.array(plain, pa.string()).take(encoded.indices)
