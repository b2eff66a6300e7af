"""Sorts what was read: which raw table is a factor sheet, which an event table, and which of its headings mean what."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

from pumpurs_risk.errors import MappingError, RecordsError
from pumpurs_risk.locale import LANGUAGES, text
from pumpurs_risk.records.identity.personal_codes import hide_codes
from pumpurs_risk.records.raw_table import Notice, RawTable
from pumpurs_risk.records.uniting.row_owners import IDENTITY, name_coded_columns
from pumpurs_risk.records.validation.cells import find_columns

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.contract import SheetContract
    from pumpurs_risk.records.mapping.mapping import Mapping as MappingFile
    from pumpurs_risk.records.reading.discovery import Unreadable
    from pumpurs_risk.records.tables.contract import TableContract
    from pumpurs_risk.records.uniting.schools import SchoolsRead
    from pumpurs_risk.records.validation.report import ProblemLog

_SAID_ELSEWHERE = {"pupils": ("semester",)}  # a cover, the settings or the day say it
SHEET = ""
"""Name of the factor sheet among the tables."""


@lru_cache(maxsize=4)
def contracts_of(catalogue: Catalogue) -> tuple[SheetContract, dict[str, TableContract]]:
    """Contracts of the sheet and of the event tables; made once per catalogue, not to be changed by who gets them."""
    from pumpurs_risk.records.contract import SheetContract
    from pumpurs_risk.records.tables.contract import table_contracts

    return SheetContract.load(catalogue), table_contracts(catalogue)


@dataclass(frozen=True)
class SortedTable:
    """A raw table, and what it is.

    Parameters
    ----------
    raw : RawTable
        As read, or as a mapping made it.
    name : str
        Of the event table that it is; ``SHEET`` for a factor sheet.
    headings : mapping of str to str
        Field id, to its heading as written.
    school_id : str
        Whose table it is, as far as folder, cover and file tell.
    unfit : int
        Rows of the file that the reader rejected because they do not fit its headings; they are not in ``raw``.
    """

    raw: RawTable
    name: str
    headings: Mapping[str, str]
    school_id: str = ""
    unfit: int = 0

    @property
    def of_pupils(self) -> bool:
        """Whether its rows are each about a pupil."""
        return bool(self.headings.keys() & set(IDENTITY))


@dataclass(frozen=True)
class Sorted:
    """Raw tables, sorted.

    Parameters
    ----------
    tables : list of SortedTable
        Those with recognised headings.
    copies : list of SortedTable
        Event tables whose file is the same, byte for byte, as another one of the school.
    errors : list of RecordsError or MappingError
        What was wrong with the others.
    """

    tables: list[SortedTable]
    copies: list[SortedTable]
    errors: list[RecordsError | MappingError]


@dataclass(frozen=True)
class Sorting:
    """How raw tables are sorted.

    Parameters
    ----------
    contract : SheetContract
        Of the factor sheet.
    contracts : mapping of str to TableContract
        Of the event tables.
    schools : SchoolsRead
        Knows whose a table is.
    mapping_of : callable
        The mapping file of a school's tables, or None.
    log : ProblemLog
        Gets what was passed over, and every table that cannot be used.
    """

    contract: SheetContract
    contracts: Mapping[str, TableContract]
    schools: SchoolsRead
    mapping_of: Callable[[str], MappingFile | None]
    log: ProblemLog

    def sort(self, found: Sequence[RawTable | Unreadable]) -> Sorted:
        """Sort all tables; one unusable table never stops the others.

        Parameters
        ----------
        found : sequence of RawTable or Unreadable
            As ``read_raw`` returns them.

        Returns
        -------
        Sorted
        """
        done = Sorted([], [], [])
        originals = _originals(found)
        copies = [
            (each, originals[at]) for at, each in enumerate(found) if at in originals and isinstance(each, RawTable)
        ]
        for at, each in enumerate(found):
            if at not in originals:
                self._take(each, done)
        for each, original in copies:
            same = [table for table in done.tables if (table.raw.file, table.raw.sheet) == (original, each.sheet)]
            if same and all(table.name != SHEET for table in same):
                done.copies.extend(self._copied(each, original, same))
            else:
                self._take(each, done)
        return done

    def _take(self, each: RawTable | Unreadable, done: Sorted) -> None:
        school_id = self.schools.of_table(each.school, each.file, getattr(each, "cover", {}))
        _pass_on(each.notices, each, school_id, self.log)
        unfit = sum(notice.code == "row_rejected_cells" for notice in each.notices)
        try:
            for raw in self._as_ours(each, school_id):
                done.tables.append(self._sorted(raw, school_id, unfit))
                unfit = 0
        except (RecordsError, MappingError) as error:
            done.errors.append(error)
            detail = json.dumps({"code": error.code} | {name: str(value) for name, value in error.params.items()})
            self.log.add("table_rejected", file=each.file, school_id=school_id, detail=detail, action="table_rejected")

    def _copied(self, each: RawTable, original: str, same: Sequence[SortedTable]) -> list[SortedTable]:
        """Say once that a file is a copy; nothing of it is used."""
        self.log.add(
            "uniting.file_copied",
            file=each.file,
            sheet=each.sheet,
            school_id=same[0].school_id,
            values=str(len(same[0].raw.rows)),
            detail=original,
            severity="notice",
            action="none",
        )
        return [replace(table, raw=replace(table.raw, file=each.file)) for table in same]

    def _as_ours(self, each: RawTable | Unreadable, school_id: str) -> list[RawTable]:
        """The tables that a mapping makes of one; none for a worksheet that it does not ask for."""
        from pumpurs_risk.records.validation.report import ProblemLog

        if not isinstance(each, RawTable):
            raise each.error
        mapping = self.mapping_of(school_id)
        if mapping is not None and not mapping.wants(each.sheet):
            return []
        name_coded_columns(each, school_id, self.log)
        if mapping is None or each.table:
            return [each]
        found = ProblemLog()
        made = mapping.apply_all(each, found)
        self.log.take(found, school_id)
        more = dict.fromkeys(notice for raw in made for notice in raw.notices[len(each.notices) :])
        _pass_on(tuple(more), each, school_id, self.log)
        return made

    def _sorted(self, raw: RawTable, school_id: str, unfit: int) -> SortedTable:
        from pumpurs_risk.records.tables.recognise import named_tables, settle_doubtful, which_table

        name = raw.table or which_table(raw, self.contracts) or SHEET
        if name == SHEET:
            meant = named_tables(raw, self.contracts)
            contract = self.contracts[meant[0]] if len(meant) == 1 else None
            if contract is not None and not self._says_more(raw, contract):
                name = meant[0]
        if name == SHEET:
            headings = find_columns(raw, self.contract, self.log, self._only_school(raw, school_id))
            if not headings.keys() & set(IDENTITY):
                shown = hide_codes(", ".join(list(raw.columns)[:12]))
                raise RecordsError("no_id_column", file=raw.file, headings=shown)
            return SortedTable(raw, SHEET, headings, school_id, unfit)
        contract = self.contracts[name]
        headings = settle_doubtful(raw, contract, find_columns(raw, contract, self.log, school_id))
        if set(contract.lacking(headings)) - set(_SAID_ELSEWHERE.get(name, ())):
            self._refuse(raw, contract)
        return SortedTable(raw, name, headings, school_id, unfit)

    def _says_more(self, raw: RawTable, contract: TableContract) -> bool:
        """Whether a table, taken as a factor sheet, would say what the table that it is named after does not have."""
        meant = {self.contract.recognise(heading) for heading in raw.columns} - {None}
        return bool(meant & set(IDENTITY)) and bool(meant - {*contract.fields, "as_of"})

    def _refuse(self, raw: RawTable, contract: TableContract) -> NoReturn:
        """Say which columns a table lacks."""
        found = {target for heading in raw.columns if (target := contract.recognise(heading))}
        lang = self.schools.lang
        raise RecordsError(
            "table_column_missing",
            file=f"{raw.file} / {raw.sheet}" if raw.sheet else raw.file,
            table=contract.titles[lang],
            columns=", ".join(contract.fields[each].titles[lang] for each in contract.lacking(found)),
            headings=hide_codes(", ".join(list(raw.columns)[:12])),
        )

    def _only_school(self, raw: RawTable, school_id: str) -> str:
        """The one school that all rows of a sheet are of, else the table's own."""
        row_schools = self.schools.of_rows(raw)
        return row_schools[0] if len(set(row_schools)) == 1 else school_id


def _originals(found: Sequence[RawTable | Unreadable]) -> dict[int, str]:
    """By position of each copy the file that it is a copy of: of equal files of a school the one with the shortest name."""
    files: dict[tuple[str, str], set[str]] = {}
    for each in found:
        if isinstance(each, RawTable) and each.sha256:
            files.setdefault((each.school, each.sha256), set()).add(each.file)
    first = {place: min(names, key=lambda name: (len(name), name)) for place, names in files.items()}
    return {
        at: first[each.school, each.sha256]
        for at, each in enumerate(found)
        if isinstance(each, RawTable) and each.sha256 and first[each.school, each.sha256] != each.file
    }


def _pass_on(notices: Sequence[Notice], each: Any, school_id: str, log: ProblemLog) -> None:
    """Take the reader's notices into the report; a row that does not fit its headings is a rejected row."""
    own_help = {text("template.sheets.help", lang) for lang in LANGUAGES}
    for notice in notices:
        if notice.code == "sheet_without_pupils" and notice.value in own_help:
            continue  # every filled-in template has that sheet
        rejected = notice.code == "row_rejected_cells"
        log.add(
            notice.code,
            file=each.file,
            sheet=getattr(each, "sheet", ""),
            school_id=school_id,
            column=notice.column,
            values=notice.value,
            detail=notice.detail,
            rows=[int(notice.detail) if rejected else 0],
            severity="set_aside" if rejected else "notice",
            action="row_rejected" if rejected else "none",
        )
