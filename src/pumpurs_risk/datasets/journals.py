"""A school's journal as it exports it: event tables in the school's own words, with the mess that journals have."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pumpurs_risk.datasets.world import made_world
from pumpurs_risk.locale import text

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.tables.contract import TableContract

_HANDED_IN = ("pupils", "absences", "marks", "incidents", "assessments", "outcomes", "support", "semesters")
_LEFT_OUT = {"pupils": ("sex", "instruction_language", "special_education")}  # nobody needs them for a list
_NAMED = {"factor": "factors", "role": "roles", "measure": "measures"}
_TEST_SIGN = {"test": "(p.d.)"}
_SPOKEN = {"pass": "i", "fail": "ni"}
_FINAL = ("semester", "year")
_ONE_CELL = ["pupil_id", "subject", "date"]


def of_school(
    known: Mapping[str, pa.Table], school_id: str, names: pd.DataFrame, judged: Collection[str]
) -> dict[str, pd.DataFrame]:
    """What one school has in its books: rows of its pupils while they were its pupils.

    Parameters
    ----------
    known : mapping of str to pyarrow.Table
        Canonical tables as known on a day.
    school_id : str
        Whose.
    names : pandas.DataFrame
        pupil_id and name.
    judged : collection of str
        Factors that people of this school judge.

    Returns
    -------
    dict of str to pandas.DataFrame
        By table, canonical columns that hold anything; the pupils with their names.
    """
    pupils = known["pupils"].to_pandas()
    mine = pupils[pupils["school_id"] == school_id]
    starts = known["semesters"].to_pandas().groupby("semester")["date_from"].first()
    history = pupils[pupils["pupil_id"].isin(mine["pupil_id"])][["pupil_id", "school_id", "semester"]]
    history = history.assign(since=pd.to_datetime(history["semester"].map(starts))).sort_values("since")
    named = mine.merge(names[["pupil_id", "name"]], on="pupil_id").drop(columns="school_id")
    tables = {"pupils": named.sort_values(["semester", "level", "class_id", "name"], ignore_index=True)}
    semesters = known["semesters"].to_pandas()
    tables["semesters"] = semesters[semesters["school_id"] == school_id].drop(columns=["school_id", "programme"])
    offered = known["offers"].to_pandas()
    tables["offers"] = offered[offered["school_id"] == school_id].drop(columns="school_id").reset_index(drop=True)
    for name in _HANDED_IN:
        if name in tables:
            continue
        table = known[name]
        rows = table.filter(pa.compute.is_in(table["pupil_id"], pa.array(mine["pupil_id"].unique()))).to_pandas()
        if name == "assessments":
            rows = rows[rows["factor"].isin(judged)]
        when = "date_from" if name == "support" else "date"
        rows = rows.assign(_when=pd.to_datetime(rows[when]), _order=np.arange(len(rows))).sort_values("_when")
        rows = pd.merge_asof(
            rows, history[["pupil_id", "school_id", "since"]], left_on="_when", right_on="since", by="pupil_id"
        )
        rows = rows[rows["school_id"] == school_id].sort_values(["_when", "_order"], ignore_index=True)
        tables[name] = rows.drop(columns=["_when", "_order", "school_id", "since"])
    return {
        name: frame.drop(columns=[*_LEFT_OUT.get(name, ())]).dropna(axis=1, how="all").reset_index(drop=True)
        for name, frame in tables.items()
        if len(frame)
    }


def with_mistakes(tables: Mapping[str, pd.DataFrame], kind: str) -> dict[str, pd.DataFrame]:
    """Put in the mistakes that the made world lists for a kind of school's tables."""
    spoilt = dict(tables)
    for mistake in made_world().mistakes:
        if mistake.school != kind or mistake.table not in spoilt:
            continue
        frame = spoilt[mistake.table].copy()
        at = int(mistake.at * len(frame))
        if mistake.again is not None:
            again = int(mistake.again * len(frame))
            frame = pd.concat([frame.iloc[:again], frame.iloc[[at]], frame.iloc[again:]], ignore_index=True)
            at = again
        for column, cell in mistake.cells.items():
            if column in frame:
                frame[column] = frame[column].astype(object)
                frame.loc[at, column] = cell
        spoilt[mistake.table] = frame
    return spoilt


def as_journal(
    tables: Mapping[str, pd.DataFrame], contracts: Mapping[str, TableContract], catalogue: Catalogue, lang: str
) -> dict[str, pd.DataFrame]:
    """Write tables as a journal shows them: its own words, several marks in a cell, "7(p.d.)", "4|7".

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        As `of_school` returns them.
    contracts : mapping of str to TableContract
        For the words.
    catalogue : Catalogue
        For the names of factors, measures and roles.
    lang : {"lv", "en"}
        Of the words.

    Returns
    -------
    dict of str to pandas.DataFrame
        Columns still by id; dates are dates, everything else text or a number.
    """
    shown = {}
    for name, frame in tables.items():
        journal = _mark_cells(frame) if name == "marks" else frame.copy()
        for column in journal:
            codes = _words(str(column), contracts[name], catalogue, lang)
            if codes:
                journal[column] = journal[column].map(codes).where(journal[column].notna(), None)
        shown[name] = journal
    return shown


def headed(frame: pd.DataFrame, contract: TableContract, lang: str) -> pd.DataFrame:
    """Put the contract's headings over the columns, in the contract's order; names and classes stand where they stood."""
    order = sorted(frame, key=lambda name: contract.columns.index(name) if name in contract.columns else 0)
    return frame[order].rename(columns={name: contract.fields[str(name)].titles[lang] for name in frame})


def _words(column: str, contract: TableContract, catalogue: Catalogue, lang: str) -> dict[Any, str]:
    """What a journal writes for each code of a column; empty for columns without codes."""
    if column in _NAMED:
        entries: Mapping[str, Any] = getattr(catalogue, _NAMED[column])
        return {name: entry.name[lang] for name, entry in entries.items()}
    if column == "programme":
        return {name: text(f"template.programmes.{name}", lang) for name in ("general", "evening", "vocational")}
    if contract.fields[column].kind == "yes_no":
        return {value: text(f"template.words.{word}", lang) for value, word in ((1.0, "yes"), (0.0, "no"))}
    words = contract.fields[column].words or {}
    return {code: said[0] if lang == "lv" and said else code for code, said in words.items()}


def _mark_cells(marks: pd.DataFrame) -> pd.DataFrame:
    """One cell for all marks of a pupil, subject and day; a final mark stands alone."""
    known = {
        name: marks[name] if name in marks else pd.Series(np.nan, marks.index, dtype=object) for name in _MARK_COLUMNS
    }
    cell = known["mark"].map(_number)
    cell = cell.where(known["percent"].isna(), known["percent"].map(_number) + "%")
    cell = cell.where(known["sign"].isna(), known["sign"].map(lambda sign: _SPOKEN.get(sign, sign)))
    corrected = known["corrected_mark"].notna()
    cell = cell.where(~corrected, cell + "|" + known["corrected_mark"].map(_number))
    cell = cell + marks["kind"].map(_TEST_SIGN).fillna("")
    journal = marks.drop(columns=[name for name in _MARK_COLUMNS if name in marks]).assign(mark=cell)
    final = journal["kind"].isin(_FINAL)
    single = journal[~final & journal.get("record_id", pd.Series(index=journal.index, dtype=object)).isna()]
    rest = journal.drop(index=single.index)
    alone = ~single.duplicated(_ONE_CELL, keep=False)
    several = single[~alone].groupby(_ONE_CELL, as_index=False, sort=False)
    rules = {name: "first" for name in single if name not in _ONE_CELL}
    together = several.agg(rules | {"mark": " ".join} | ({"recorded_on": "max"} if "recorded_on" in single else {}))
    merged = pd.concat([single[alone], together], ignore_index=True)
    return pd.concat([merged, rest], ignore_index=True)[list(journal)]


_MARK_COLUMNS = ("mark", "percent", "sign", "corrected_mark")


def _number(value: Any) -> str:
    """A whole number without decimals; a text, which is a mistake, as it is."""
    if isinstance(value, str):
        return value
    return "" if pd.isna(value) else f"{value:g}"


def typed_cell(value: Any) -> Any:
    """A cell as a spreadsheet holds it; None where nothing is known."""
    if isinstance(value, pd.Timestamp | dt.datetime):
        return value.date()
    if isinstance(value, float):
        return None if np.isnan(value) else int(value) if value.is_integer() else value
    return None if value is pd.NaT or value is pd.NA else value
