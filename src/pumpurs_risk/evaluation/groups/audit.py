"""Who belongs to which group: attributes that are looked at to audit a list, and never score anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.school_records import SchoolRecords

UNKNOWN = "unknown"
"""Group of those of whom the attribute is not recorded."""
ATTRIBUTES = ("sex", "instruction_language", "special_education", "programme", "rural", "school_size")
_FROM_PUPILS = ("sex", "instruction_language", "special_education")
_BANDS = (100, 300)
_BAND_NAMES = ("up_to_100", "101_to_300", "over_300")


def audit_attributes(records: SchoolRecords, X: pd.DataFrame, *, catalogue: Catalogue | None = None) -> pd.DataFrame:
    """Find out of each row of a factor table which groups the pupil belongs to.

    Parameters
    ----------
    records : SchoolRecords
        Its tables of pupils and of schools are looked at.
    X : pandas.DataFrame, n rows
        Factor table or training table: pupil_id, and school_id, programme and as_of where there are such columns.
    catalogue : Catalogue, optional
        For the dates of semesters; the shipped one by default.

    Returns
    -------
    pandas.DataFrame, n rows
        The index of X; one column of words for each of ``sex``, ``instruction_language``, ``special_education`` (yes, no),
        ``programme``, ``rural`` (yes, no: the school's place) and ``school_size`` (pupils of the school on that day's list:
        up_to_100, 101_to_300, over_300) of which anything is recorded; "unknown" where it is not.

    Notes
    -----
    What counts is the pupil's row of the latest semester begun by ``as_of``; where that says nothing, any other row. Looking
    ahead is allowed here, because nothing is estimated from it.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from pumpurs_risk.records import SchoolRecords
    >>> pupils = pa.table({"pupil_id": ["1"], "school_id": ["a"], "semester": ["2026/2027-1"], "sex": ["female"]})
    >>> X = pd.DataFrame({"pupil_id": ["1", "2"], "school_id": ["a", "a"]})
    >>> audit_attributes(SchoolRecords.of({"pupils": pupils}), X).to_dict("list")
    {'sex': ['female', 'unknown'], 'school_size': ['up_to_100', 'up_to_100']}
    """
    from pumpurs_risk.catalogue import Catalogue

    frame = X.reset_index(drop=True)
    found = _of_pupils(records, frame, catalogue or Catalogue.load())
    if "programme" in frame:
        found["programme"] = frame["programme"].to_numpy(dtype=object)
    rural = _rural(records)
    if rural is not None and "school_id" in frame:
        found["rural"] = _yes_no(frame["school_id"].map(rural))
    if "school_id" in frame:
        by = [column for column in ("school_id", "as_of") if column in frame]
        roll = frame.groupby(by, dropna=False)["pupil_id"].transform("size").to_numpy()
        found["school_size"] = np.array(_BAND_NAMES, dtype=object)[np.searchsorted(_BANDS, roll)]
    columns = {
        name: pd.Series(found[name], dtype=object).where(pd.notna(found[name]), UNKNOWN).astype(str).to_numpy()
        for name in ATTRIBUTES
        if name in found and pd.notna(found[name]).any()
    }
    return pd.DataFrame(columns, index=X.index, dtype=object)


def _of_pupils(records: SchoolRecords, frame: pd.DataFrame, catalogue: Catalogue) -> dict[str, Any]:
    from pumpurs_risk.records.uniting.overview import columns_of, opened, taken

    if records.pupils is None:
        return {}
    names = columns_of(records.pupils)
    wanted = [name for name in _FROM_PUPILS if name in names]
    if not wanted:
        return {}
    roll = taken(opened(records.pupils).select("pupil_id", "semester", *wanted))
    roll = roll[roll["pupil_id"].isin(frame["pupil_id"])].sort_values(["pupil_id", "semester"], kind="stable")
    values = roll[wanted].astype(object)
    filled = values.groupby(roll["pupil_id"]).ffill().groupby(roll["pupil_id"]).bfill()
    roll = roll[["pupil_id", "semester"]].join(filled)
    if "as_of" in frame:
        semester = {day: catalogue.calendar.semester_of(day) for day in frame["as_of"].dropna().unique()}
        until = frame["as_of"].map(semester)
    else:
        until = pd.Series("9999", index=frame.index)
    asked = pd.DataFrame({"pupil_id": frame["pupil_id"], "until": until, "row": np.arange(len(frame))})
    both = asked.merge(roll, on="pupil_id")
    both["later"] = both["semester"] > both["until"].fillna("9999")
    both = both.sort_values(["row", "later", "semester"], ascending=[True, True, False], kind="stable")
    chosen = both.drop_duplicates("row").set_index("row")[wanted].reindex(np.arange(len(frame)))
    return {
        name: _yes_no(chosen[name]) if name == "special_education" else chosen[name].to_numpy(dtype=object)
        for name in wanted
    }


def _rural(records: SchoolRecords) -> dict[str, float] | None:
    from pumpurs_risk.records.uniting.overview import columns_of, opened, taken

    table = records.tables.get("schools")
    if table is None or "rural" not in columns_of(table):
        return None
    schools = taken(opened(table).select("school_id", "rural"))
    return dict(zip(schools["school_id"].astype(str), schools["rural"].astype(float), strict=True))


def _yes_no(values: pd.Series[Any]) -> np.ndarray[Any, np.dtype[np.object_]]:
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float)
    words = np.where(numbers > 0, "yes", "no").astype(object)
    words[np.isnan(numbers)] = None
    return words
