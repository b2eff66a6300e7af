"""Answers that come beside a sheet: each to its pupil and factor; what fits none is named and not used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pumpurs_risk.records.cell_texts import cell_texts
from pumpurs_risk.records.identity.personal_codes import find_personal_codes
from pumpurs_risk.records.uniting.frames import as_columns
from pumpurs_risk.records.validation.cells import fault_detail, typed_column
from pumpurs_risk.records.validation.parsing import BoolArray, tidy

if TYPE_CHECKING:
    from pumpurs_risk.records.contract import SheetContract
    from pumpurs_risk.records.identity.key_file import KeyFile
    from pumpurs_risk.records.validation.report import ProblemLog

ANSWER_COLUMNS = ("pupil_id", "factor", "value", "as_of", "role")
_FILE = "answers"


def no_answers() -> pd.DataFrame:
    """Make the table of answers without a row."""
    return pd.DataFrame(columns=list(ANSWER_COLUMNS), dtype=object).astype({"value": float, "as_of": "datetime64[s]"})


def place_answers(
    answers: Any,
    names: pd.DataFrame,
    contract: SheetContract,
    log: ProblemLog,
    *,
    id_scope: str,
    key: KeyFile | None,
) -> pd.DataFrame:
    """Type answers and find whose they are.

    Parameters
    ----------
    answers : data frame
        pupil_id (of the records, or the school's own id where one pupil has it), factor, value, as_of, role.
    names : pandas.DataFrame
        pupil_id, school_id and own_id of every pupil of the records.
    contract : SheetContract
        What a factor's values may be.
    log : ProblemLog
        Gets every answer that cannot be used: its pupil or factor is not known, or its value or day cannot be.
    id_scope : {"school", "municipality"}
        Within what own ids are unique.
    key : KeyFile or None
        Leads personal codes to pupils.

    Returns
    -------
    pandas.DataFrame
        The columns of ``ANSWER_COLUMNS``: the answers that can be used; an empty value stays, as "not answered".
    """
    columns = as_columns(answers)
    size = len(next(iter(columns.values()))) if columns else 0
    cells = {name: columns.get(name, pa.nulls(size, pa.string())) for name in ANSWER_COLUMNS}
    given = _Given(cells, np.ones(size, bool), log)
    pupil_id, shared = _pupils(tidy(cell_texts(cells["pupil_id"])), names, id_scope, key)
    given.refuse("answer_pupil_shared", "pupil_id", shared)
    given.refuse("answer_pupil_unknown", "pupil_id", np.asarray(pc.is_null(pupil_id)) & ~shared)
    factor = np.asarray(tidy(cell_texts(cells["factor"])).to_numpy(zero_copy_only=False), dtype=object)
    answerable = [name for name, field in contract.fields.items() if field.factor and field.kind != "text"]
    given.refuse("answer_factor_unknown", "factor", ~pd.Series(factor).isin(answerable).to_numpy(dtype=bool))
    value = np.full(size, np.nan)
    for name in pd.unique(factor[given.good]):
        mine = np.flatnonzero((factor == name) & given.good)
        value[mine], faults, details = typed_column(
            cells["value"].take(pa.array(mine)), contract.fields[name], contract.words
        )
        for code, bad in faults.items():
            given.refuse(code, "value", _spread(mine[bad], size), fault_detail(code, details, contract.fields[name]))
    days, faults, details = typed_column(cells["as_of"], contract.fields["as_of"], contract.words)
    for code, bad in faults.items():
        given.refuse(code, "as_of", bad, fault_detail(code, details, contract.fields["as_of"]))
    frame = pd.DataFrame(
        {
            "pupil_id": pupil_id.to_numpy(zero_copy_only=False),
            "factor": factor,
            "value": value,
            "as_of": np.asarray(days).astype("datetime64[s]"),
            "role": cell_texts(cells["role"]).to_numpy(zero_copy_only=False),
        }
    )
    return frame[given.good].reset_index(drop=True)


@dataclass
class _Given:
    """Answers as given, and which of them are good so far."""

    cells: dict[str, pa.Array[Any]]
    good: BoolArray
    log: ProblemLog

    def refuse(self, code: str, column: str, bad: BoolArray, detail: str = "") -> None:
        """Name bad answers that were good so far."""
        where = np.flatnonzero(bad & self.good)
        self.good = self.good & ~bad
        values = pc.fill_null(cell_texts(self.cells[column].take(pa.array(where))), "")
        shown = values.to_numpy(zero_copy_only=False)
        self.log.add(code, file=_FILE, column=column, rows=where + 1, values=shown, detail=detail, action="ignored")


def _pupils(
    written: pa.Array[Any], names: pd.DataFrame, id_scope: str, key: KeyFile | None
) -> tuple[pa.Array[Any], BoolArray]:
    """Pupil of each id: as it stands, else as the own id of one pupil alone; and which ids several pupils have."""
    ids = pa.array(names["pupil_id"].to_numpy(dtype=object), pa.string())
    whole = ids.take(pc.index_in(written, value_set=ids))
    own = names.loc[names["own_id"].notna(), ["own_id", "pupil_id"]]
    coded = pa.array(find_personal_codes(written))
    if key is not None and pc.any(coded, min_count=0).as_py():
        codes = pc.unique(written.filter(coded))
        scopes = names["school_id"].unique().tolist() if id_scope == "school" else [""]
        made = [pd.DataFrame({"own_id": codes.to_pylist(), "pupil_id": key.pseudonym(codes, each)}) for each in scopes]
        own = pd.concat([own, *(each[each["pupil_id"].isin(names["pupil_id"])] for each in made)], ignore_index=True)
    shared_ids = own.loc[own["own_id"].duplicated(keep=False), "own_id"].unique()
    single = own.drop_duplicates("own_id", keep=False)
    place = pc.index_in(written, value_set=pa.array(single["own_id"].to_numpy(dtype=object), pa.string()))
    resolved = pa.array(single["pupil_id"].to_numpy(dtype=object), pa.string()).take(place)
    found = pc.coalesce(whole, resolved)
    several = np.asarray(pc.is_in(written, value_set=pa.array(list(shared_ids), pa.string())))
    unknown = np.asarray(pc.is_null(found))
    return found, several & unknown & np.asarray(pc.is_valid(written))


def _spread(at: np.ndarray[Any, Any], size: int) -> BoolArray:
    mask = np.zeros(size, bool)
    mask[at] = True
    return mask
