"""The table of pupils: who is on a roll, in which school and semester, and who of them is looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from pumpurs_risk.records.uniting.accounting import OUT_OF_SCOPE_COLUMNS, split_scope
from pumpurs_risk.records.uniting.event_tables import ROLL, EventTable, TypedTable, Typing
from pumpurs_risk.records.uniting.overview import schools_of_pupils
from pumpurs_risk.records.uniting.roll import name_two_schools
from pumpurs_risk.records.validation.report import ProblemLog

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue

_ABOUT = ("pupil_id", "school_id", "class_id", "semester", "programme", "level")


@dataclass(frozen=True)
class Roll:
    """The table of pupils, typed.

    Parameters
    ----------
    tables : dict of str to pyarrow.Table
        The table of pupils, without those who never are in scope; empty if none was handed in.
    known : pandas.DataFrame
        pupil_id and school_id of everybody on it, once.
    inside : frozenset of str
        Pupils who are in scope in their latest semester or any other.
    outside : pandas.DataFrame
        The others: pupil_id, school_id, class_id, reason.
    rows : pandas.DataFrame
        What the latest semester of each school says of it: school_id, programme, semester, as_of (unknown).
    """

    tables: dict[str, pa.Table]
    known: pd.DataFrame
    inside: frozenset[str]
    outside: pd.DataFrame
    rows: pd.DataFrame


def take_roll(
    rolls: Sequence[EventTable],
    typing: Typing,
    log: ProblemLog,
    stated: Callable[[EventTable], Mapping[str, Any]],
    catalogue: Catalogue,
    lower_grades: bool,
    lang: str,
) -> Roll:
    """Type the table of pupils and split off those whom the list is not about.

    Parameters
    ----------
    rolls : sequence of EventTable
        The files of that table.
    typing : Typing
        How tables are typed.
    log : ProblemLog
        Gets the problems, and the pupils who are in two schools in one semester.
    stated : callable
        Semester and programme of a file's rows, where something beside the rows says them.
    catalogue : Catalogue
        Whose support programme says which levels are looked at.
    lower_grades : bool
        Whether the levels on request are in scope.
    lang : {"lv", "en"}
        Language of reasons.

    Returns
    -------
    Roll
        A pupil with any row in scope keeps all rows: earlier levels say whether a level was repeated.
    """
    if not rolls:
        nobody = pd.DataFrame(columns=list(OUT_OF_SCOPE_COLUMNS), dtype=object)
        return Roll({}, nobody[["pupil_id", "school_id"]], frozenset(), nobody, nobody)
    typed = typing.type_table(rolls, log, stated)
    about = _about(typed)
    name_two_schools(about.assign(**typed.whereabouts()), log)
    in_order = ["semester", "school_id", "class_id", "level"]
    latest = about.sort_values(in_order, ascending=False, kind="stable", na_position="last")
    schools = schools_of_pupils(about.head(0), {ROLL: typed.rows})
    inside, outside = split_scope(latest, catalogue, lang, lower_grades)
    looked_at = ~about["pupil_id"].isin(set(outside["pupil_id"])).to_numpy(dtype=bool)
    kept = typed.only(looked_at)
    kept.mark_used()
    newest = about["semester"] == about.groupby("school_id")["semester"].transform("max")
    rows = about.loc[newest, ["school_id", "programme", "semester"]].drop_duplicates()
    return Roll(
        {ROLL: kept.rows},
        schools,
        frozenset(inside["pupil_id"]),
        outside.sort_values("pupil_id", ignore_index=True),
        rows.assign(as_of=pd.Series(pd.NaT, index=rows.index, dtype="datetime64[s]")),
    )


def _about(typed: TypedTable) -> pd.DataFrame:
    """What is needed to know who is on the roll, with every column there."""
    rows, size = typed.rows, len(typed.file)
    missing = {name: pa.nulls(size, pa.float64() if name == "level" else pa.string()) for name in _ABOUT}
    columns = {name: rows[name] if name in rows.column_names else missing[name] for name in _ABOUT}
    frame: pd.DataFrame = pa.table(columns).to_pandas()
    return frame.astype({"level": float})
