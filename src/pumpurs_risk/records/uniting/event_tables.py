"""From raw event tables to typed ones: whose each row is, its cells typed, equal tables stacked, every row accounted for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pumpurs_risk.records.raw_table import RawTable
from pumpurs_risk.records.uniting.roll import RollSchools, name_pupils
from pumpurs_risk.records.uniting.row_owners import IDENTITY, RowOwners, find_owners
from pumpurs_risk.records.uniting.sorting import SortedTable
from pumpurs_risk.records.validation.cells import Whereabouts
from pumpurs_risk.records.validation.parsing import BoolArray
from pumpurs_risk.records.validation.report import ProblemLog

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.tables.contract import TableContract
    from pumpurs_risk.records.uniting.schools import SchoolsRead

REJECTED, NOT_USED, USED = 0, 1, 2
ROLL = "pupils"
_NUMBER = "_number"
_FOR_ALL = ("semesters",)  # a row without a school is about every school


@dataclass
class EventTable:
    """An event table of one file on its way.

    Parameters
    ----------
    sorted : SortedTable
        What it is.
    contract : TableContract
        What it may hold.
    school_id : numpy.ndarray of object, shape (n,)
        School of each row; "" where it is not known (yet).
    state : numpy.ndarray of int8, shape (n,)
        What becomes of each row: ``REJECTED``, ``NOT_USED`` or ``USED``.
    owners : RowOwners
        The rows that may be used so far, and whose they are.
    handed_in : frozenset of str
        Schools that the file speaks for, as folder, cover, name or a column of schools say; empty if it is of all.
    pupil_id : pyarrow.Array of string
        Of these rows; nulls for a table that is not about pupils.
    """

    sorted: SortedTable
    contract: TableContract
    school_id: np.ndarray[Any, Any]
    state: np.ndarray[Any, Any]
    owners: RowOwners
    handed_in: frozenset[str] = frozenset()
    pupil_id: pa.Array[Any] = field(default_factory=lambda: pa.array([], pa.string()))

    @property
    def raw(self) -> RawTable:
        """The table as read."""
        return self.sorted.raw

    @property
    def name(self) -> str:
        """Which table it is."""
        return self.sorted.name

    @property
    def owner_heading(self) -> str:
        """Heading of the column that says whose a row is."""
        return next((self.sorted.headings[each] for each in IDENTITY if each in self.sorted.headings), "")

    def leave(self, mask: BoolArray, state: int) -> None:
        """Take rows out of those that may be used, for good."""
        self.state[self.owners.kept[mask]] = state
        self.owners = self.owners.at(~mask)
        if len(self.pupil_id):
            self.pupil_id = self.pupil_id.filter(pa.array(~mask))


def find_rows(table: SortedTable, contract: TableContract, schools: SchoolsRead, log: ProblemLog) -> EventTable:
    """Find the school and owner of every row.

    Parameters
    ----------
    table : SortedTable
        The table.
    contract : TableContract
        Its contract.
    schools : SchoolsRead
        Knows schools by their titles, folders and files.
    log : ProblemLog
        Gets the rows that are nobody's.

    Returns
    -------
    EventTable
        Rows of a table of pupils have a school; others where something says it.
    """
    raw = table.raw
    stated = schools.stated_of_table(raw)
    if table.name == ROLL or (not contract.owned and table.name not in _FOR_ALL):
        stated = stated or schools.of_table(raw.school, raw.file, raw.cover)
    school_id = schools.said_of_rows(raw, table.headings.get("school_id"), stated)
    state = np.full(len(raw.rows), REJECTED, np.int8)
    if contract.owned:
        owners = find_owners(raw, table.headings, school_id, contract, log)
    else:
        nobody = pa.nulls(len(raw.rows), pa.string())
        owners = RowOwners(np.arange(len(raw.rows)), school_id, nobody, nobody, np.zeros(len(raw.rows), bool))
    handed_in = frozenset(map(str, pd.unique(school_id))) - {""} or frozenset({stated} - {""})
    return EventTable(table, contract, school_id, state, owners, handed_in)


def place_in_schools(events: Sequence[EventTable], rolls: Sequence[RowOwners], id_scope: str, log: ProblemLog) -> None:
    """Give a school to the rows that need one before ids can be given; rows of nobody known are not used, and named."""
    known = RollSchools.of(rolls)
    for each in events:
        unsaid = (each.owners.school_id == "") & each.contract.owned
        if id_scope == "municipality":  # there an id needs no school
            unsaid &= np.asarray(pc.is_null(each.owners.own_id))
        if not unsaid.any():
            continue
        found, several = known.find(each.owners)
        school_id = np.where(unsaid, found, each.owners.school_id)
        _place(each, school_id)
        several &= unsaid
        nobody = unsaid & ~several & (found == "")
        for code, bad in (("uniting.pupil_shared", several), ("uniting.pupil_not_on_roll", nobody)):
            name_pupils(code, each.raw, each.owners, bad, each.owner_heading, school_id, log)
        each.leave(several | nobody, NOT_USED)


def keep_known(each: EventTable, known: pd.DataFrame, outside: Sequence[str], log: ProblemLog) -> None:
    """Leave out the rows whose pupil is on no roll and no sheet, or is not looked at.

    Parameters
    ----------
    each : EventTable
        With the ids of its pupils.
    known : pandas.DataFrame
        pupil_id and school_id of everybody on a roll or sheet.
    outside : sequence of str
        Those of them whom the list is not about.
    log : ProblemLog
        Gets each unknown pupil once, and a notice with the number of rows about pupils out of scope.
    """
    ids = pa.array(known["pupil_id"].to_numpy(dtype=object), pa.string())
    place = pc.fill_null(pc.index_in(each.pupil_id, value_set=ids), -1).to_numpy(zero_copy_only=False)
    there = place >= 0
    unsaid = (each.owners.school_id == "") & there
    if unsaid.any():
        schools = np.append(known["school_id"].to_numpy(dtype=object), "")
        _place(each, np.where(unsaid, schools[place], each.owners.school_id))
    name_pupils(
        "uniting.pupil_not_on_roll", each.raw, each.owners, ~there, each.owner_heading, each.owners.school_id, log
    )
    out = np.asarray(pc.is_in(each.pupil_id, value_set=pa.array(list(outside), pa.string())), dtype=bool)
    schools, counts = np.unique(each.owners.school_id[out].astype(str), return_counts=True)
    log.add(
        "uniting.rows_out_of_scope",
        file=each.raw.file,
        sheet=each.raw.sheet,
        school_id=schools.astype(object),
        rows=np.zeros(len(schools), np.int64),
        values=counts.astype("U20").astype(object),
        severity="notice",
        action="none",
    )
    each.leave(~there | out, NOT_USED)


@dataclass(frozen=True)
class TypedTable:
    """All rows of one event table, typed, and where each comes from.

    Parameters
    ----------
    rows : pyarrow.Table
        The contract's columns as far as any file has them.
    events : sequence of EventTable
        The files.
    file : numpy.ndarray of int64, shape (n,)
        Position among ``events`` of each row's file.
    position : numpy.ndarray of int64, shape (n,)
        Position of each row in its raw table.
    """

    rows: pa.Table
    events: Sequence[EventTable]
    file: np.ndarray[Any, Any]
    position: np.ndarray[Any, Any]

    def only(self, mask: BoolArray) -> TypedTable:
        """Only some of the rows."""
        return TypedTable(self.rows.filter(pa.array(mask)), self.events, self.file[mask], self.position[mask])

    def mark_used(self) -> None:
        """Settle that these rows are used."""
        for number, each in enumerate(self.events):
            each.state[self.position[self.file == number]] = USED

    def without_recorded_on(self) -> dict[str, int]:
        """By school how many rows of the files do not say when they were recorded; a row of three marks is one row."""
        lacks = np.ones(len(self.file), dtype=bool)
        if "recorded_on" in self.rows.column_names:
            lacks = np.asarray(pc.is_null(self.rows["recorded_on"]).to_numpy(), dtype=bool)
        of_rows = pd.DataFrame({"file": self.file[lacks], "position": self.position[lacks]}).drop_duplicates()
        found: dict[str, int] = {}
        for number, each in enumerate(self.events):
            mine = each.school_id[of_rows.loc[of_rows["file"] == number, "position"].to_numpy()]
            for school, rows in zip(*np.unique(mine.astype(str), return_counts=True), strict=True):
                found[str(school)] = found.get(str(school), 0) + int(rows)
        return found

    def whereabouts(self) -> pd.DataFrame:
        """File, sheet and row number of each row."""
        size = len(self.file)
        frame = pd.DataFrame({"file": [""] * size, "sheet": [""] * size, "row": np.zeros(size, np.int64)}, dtype=object)
        for number, each in enumerate(self.events):
            mine = self.file == number
            frame.loc[mine, "file"], frame.loc[mine, "sheet"] = each.raw.file, each.raw.sheet
            frame.loc[mine, "row"] = each.raw.rows[self.position[mine]]
        return frame


@dataclass(frozen=True)
class Typing:
    """How event tables are typed.

    Parameters
    ----------
    catalogue : Catalogue
        Whose words the cells may hold.
    lang : {"lv", "en"}
        Language of headings that a file itself does not have.
    semesters : mapping of str to (date, date)
        Semesters that schools define themselves.
    """

    catalogue: Catalogue
    lang: str
    semesters: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)

    def type_table(
        self,
        events: Sequence[EventTable],
        log: ProblemLog,
        stated: Callable[[EventTable], Mapping[str, np.ndarray[Any, Any]]] | None = None,
    ) -> TypedTable:
        """Type all files of one table, put them below one another, and make one row of those that say the same.

        Subjects are compared without regard to case and spaces: all rows of the reading get the most frequent spelling.

        Parameters
        ----------
        events : sequence of EventTable
            All of one table.
        log : ProblemLog
            Gets bad cells, rejected rows and duplicates.
        stated : callable, optional
            Semester and programme of a file's rows, where something beside the rows says them.

        Returns
        -------
        TypedTable
            The rows that are left; their files' rows that are not are settled.
        """
        from pumpurs_risk.records.tables.keys import Places, collapse
        from pumpurs_risk.records.tables.spelling import spell_alike
        from pumpurs_risk.records.tables.typing import type_rows

        contract = events[0].contract
        parts: list[pa.Table] = []
        sources: list[np.ndarray[Any, Any]] = []
        for each in events:
            kept, school_id = each.owners.kept, each.owners.school_id
            typed = type_rows(
                each.raw,
                contract,
                each.sorted.headings,
                kept,
                school_id,
                log,
                lang=self.lang,
                catalogue=self.catalogue,
                semesters=self.semesters,
                stated=stated(each) if stated is not None else None,
            )
            each.state[kept] = NOT_USED
            each.state[kept[typed.rejected]] = REJECTED
            columns = dict(typed.columns)
            if contract.owned:
                columns["pupil_id"] = each.pupil_id.take(pa.array(typed.source))
            if "school_id" in contract.columns:
                said = pa.array(school_id[typed.source], pa.string())
                columns["school_id"] = pc.if_else(pc.equal(said, ""), pa.scalar(None, pa.string()), said)
            named = [name for name in contract.columns if name in columns]
            parts.append(pa.table([columns[name] for name in named], names=named))
            sources.append(typed.source)
        rows = spell_alike(stack_tables(parts, contract), contract.spelt_alike)
        file = np.repeat(np.arange(len(events)), [len(source) for source in sources])
        position = np.concatenate(sources)
        tables = [
            Whereabouts(each.raw, each.owners.kept, each.owners.school_id, each.sorted.headings, log) for each in events
        ]
        numbered = rows.append_column(_NUMBER, pa.array(np.arange(len(rows))))
        left = collapse(numbered, contract, Places(tables, file, position), log, lang=self.lang)
        number = left.column(_NUMBER).to_numpy()
        at = np.concatenate([each.kept[source] for each, source in zip(tables, sources, strict=True)])
        return TypedTable(left.drop_columns([_NUMBER]), events, file[number], at[number])


def stack_tables(parts: Sequence[pa.Table], contract: TableContract) -> pa.Table:
    """Put tables with differing columns below one another; what one lacks is unknown there.

    Parameters
    ----------
    parts : sequence of pyarrow.Table
        With columns of the contract.
    contract : TableContract
        Gives order and types.

    Returns
    -------
    pyarrow.Table
        The columns that any part has.
    """
    whole = pa.concat_tables(parts, promote_options="default")
    schema = contract.arrow_schema
    fields = [schema.field(name) for name in schema.names if name in whole.column_names]
    return whole.select([each.name for each in fields]).cast(pa.schema(fields))


def _place(each: EventTable, school_id: np.ndarray[Any, Any]) -> None:
    owners = each.owners
    each.school_id[owners.kept] = school_id
    each.owners = RowOwners(owners.kept, school_id, owners.own_id, owners.name, owners.coded)
