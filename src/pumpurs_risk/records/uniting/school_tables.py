"""Tables about schools, not pupils: which schools there are, their own semesters, what they can offer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from pumpurs_risk.records.uniting.event_tables import EventTable, Typing, find_rows
from pumpurs_risk.records.uniting.schools import SchoolsRead, StatedSchool
from pumpurs_risk.records.uniting.sorting import SortedTable
from pumpurs_risk.records.validation.report import ProblemLog

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.tables.contract import TableContract

_FIRST = ("schools", "semesters")  # the others speak of schools and semesters that these define
_STATED = ("title", "municipality", "programme", "places")


@dataclass(frozen=True)
class SchoolTables:
    """The tables that must be read before others can be.

    Parameters
    ----------
    tables : dict of str to pyarrow.Table
        Typed.
    events : list of EventTable
        Their files, every row's state settled.
    others : list of SortedTable
        The tables that are still to be read.
    typing : Typing
        Knows the schools' own semesters.
    """

    tables: dict[str, pa.Table]
    events: list[EventTable]
    others: list[SortedTable]
    typing: Typing

    @classmethod
    def of(
        cls,
        every: Sequence[SortedTable],
        contracts: Mapping[str, TableContract],
        schools: SchoolsRead,
        catalogue: Catalogue,
        lang: str,
        log: ProblemLog,
    ) -> SchoolTables:
        """Read the schools and their semesters.

        Parameters
        ----------
        every : sequence of SortedTable
            All event tables.
        contracts : mapping of str to TableContract
            By table.
        schools : SchoolsRead
            Learns what a table of schools says.
        catalogue : Catalogue
            Whose words the cells may hold.
        lang : {"lv", "en"}
            Language of details.
        log : ProblemLog
            Gets the problems.

        Returns
        -------
        SchoolTables
        """
        tables: dict[str, pa.Table] = {}
        events: list[EventTable] = []
        typing = Typing(catalogue, lang)
        for name in _FIRST:
            mine = [find_rows(each, contracts[name], schools, log) for each in every if each.name == name]
            if not mine:
                continue
            typed = typing.type_table(mine, log)
            typed.mark_used()
            tables[name] = typed.rows
            events += mine
            if name == "schools":
                schools.learn(_stated(typed.rows))
            else:
                typing = Typing(catalogue, lang, _bounds(typed.rows))
        return cls(tables, events, [each for each in every if each.name not in _FIRST], typing)

    def name_missing(self, received: Set[str], log: ProblemLog) -> None:
        """Name the schools of which data are expected, and there are none."""
        rows = self.tables.get("schools")
        if rows is None or "expected" not in rows.column_names:
            return
        wanted = rows.filter(pc.equal(rows["expected"], 1.0))["school_id"].to_pylist()
        missing = sorted({each for each in wanted if each} - received)
        files = [each.raw for each in self.events if each.name == "schools"]
        log.add(
            "uniting.school_without_data",
            file=files[0].file,
            sheet=files[0].sheet,
            school_id=missing,
            rows=[0] * len(missing),
            severity="notice",
            action="none",
        )


def _stated(rows: pa.Table) -> dict[str, StatedSchool]:
    known = [name for name in ("school_id", *_STATED) if name in rows.column_names]
    facts = rows.select(known).to_pylist()
    return {fact["school_id"]: StatedSchool.of(fact["school_id"], fact) for fact in facts if fact["school_id"]}


def _bounds(rows: pa.Table) -> dict[str, tuple[Any, Any]]:
    """First and last day of every semester that the table defines: the widest that any school has."""
    if not {"semester", "date_from", "date_to"} <= set(rows.column_names):
        return {}
    whole = rows.filter(pc.and_(pc.is_valid(rows["date_from"]), pc.is_valid(rows["date_to"])))
    widest = whole.group_by("semester").aggregate([("date_from", "min"), ("date_to", "max")]).to_pylist()
    return {each["semester"]: (each["date_from_min"], each["date_to_max"]) for each in widest if each["semester"]}
