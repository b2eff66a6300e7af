"""Gathers all tables of one reading: factor sheets to one typed row per pupil, event tables to typed rows.

The order: turn each table into ours (mapping), say which table it is and what its headings mean, find whose each row is,
give ids over all tables at once, type and check the cells, unite the rows of one pupil, split off who is out of scope,
leave out the events of nobody known, account for every row.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Sequence, Set
from collections.abc import Mapping as Lookup
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pumpurs_risk.errors import CatalogueError, RecordsError
from pumpurs_risk.records.cell_texts import cell_texts
from pumpurs_risk.records.raw_table import RawTable
from pumpurs_risk.records.uniting.accounting import (
    OUT_OF_SCOPE_COLUMNS,
    SHEET_TABLE,
    RowCount,
    count_rows,
    scope_of,
    split_later,
    split_scope,
)
from pumpurs_risk.records.uniting.answers import no_answers, place_answers
from pumpurs_risk.records.uniting.event_tables import (
    ROLL,
    EventTable,
    TypedTable,
    Typing,
    find_rows,
    keep_known,
    place_in_schools,
)
from pumpurs_risk.records.uniting.roll_table import take_roll
from pumpurs_risk.records.uniting.row_owners import NAMES, RowOwners, find_owners, give_ids
from pumpurs_risk.records.uniting.rows import POSITION, TABLE, no_sheet, stack, unite
from pumpurs_risk.records.uniting.school_tables import SchoolTables
from pumpurs_risk.records.uniting.schools import SchoolsRead, StatedSchool
from pumpurs_risk.records.uniting.sorting import SHEET, SortedTable, Sorting, contracts_of
from pumpurs_risk.records.validation.cells import CheckedTable, Whereabouts, check_cells
from pumpurs_risk.records.validation.parsing import as_day, is_course
from pumpurs_risk.records.validation.report import ProblemLog, ValidationReport

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.contract import SheetContract
    from pumpurs_risk.records.identity.key_file import KeyFile
    from pumpurs_risk.records.mapping.mapping import Mapping
    from pumpurs_risk.records.reading.discovery import Unreadable


@dataclass(frozen=True)
class Gathering:
    """How the tables of a reading are to be taken.

    Parameters
    ----------
    catalogue : Catalogue
        Whose factors the sheet may hold, and whose programme says who is in scope.
    stated : mapping of str to StatedSchool
        What is known of schools beforehand, by id.
    as_of : date or text, optional
        Day of rows that do not say theirs.
    semester : str
        Semester of rows that do not say theirs.
    id_scope : {"school", "municipality"}, optional
        Within what own ids are unique: by default schools where any sheet is read, else the municipality.
    key : KeyFile or path, optional
        Leads names to ids. A path where nothing lies gives a new key, which nobody has written yet.
    lang : {"lv", "en"}
        Language of reasons and missing headings.
    lower_grades : bool
        Whether the levels on request are in scope.
    mapping : Mapping, optional
        For every table that has none of its own.
    mappings : mapping of str to Mapping
        By school id.
    home : str
        Name of the folder that is read; empty for a single file.
    """

    catalogue: Catalogue
    stated: Lookup[str, StatedSchool] = field(default_factory=dict)
    as_of: Any = None
    semester: str = ""
    id_scope: str | None = None
    key: KeyFile | str | os.PathLike[str] | None = None
    lang: str = "lv"
    lower_grades: bool = False
    mapping: Mapping | None = None
    mappings: Lookup[str, Mapping] = field(default_factory=dict)
    home: str = ""

    def __post_init__(self) -> None:
        if self.id_scope not in (None, "school", "municipality"):
            raise ValueError(f"id_scope must be 'school' or 'municipality', got {self.id_scope!r}")

    def gather(self, found: Sequence[RawTable | Unreadable], answers: Any = None) -> dict[str, Any]:
        """Make typed rows of raw tables.

        Parameters
        ----------
        found : sequence of RawTable or Unreadable
            As ``read_raw`` returns them.
        answers : data frame, optional
            What people answered later, see ``place_answers``.

        Returns
        -------
        dict
            What `SchoolRecords` is made of: sheet, schools, names, answers, report, out_of_scope, inventory, key, tables, by
            whom they were supplied and how many of their rows do not say when they were recorded.

        Raises
        ------
        RecordsError, MappingError
            If no table can be used, the first table's error; if no table says who the pupils are.
        """
        contract, contracts = contracts_of(self.catalogue)
        log = ProblemLog()
        schools = SchoolsRead(contract, self.stated, self.lang, self.home)
        sorting = Sorting(contract, contracts, schools, lambda name: self.mappings.get(name, self.mapping), log)
        done = sorting.sort(found)
        every, errors = done.tables, done.errors
        sheets = [each for each in every if each.name == SHEET]
        if not sheets and not any(each.name == ROLL for each in every):
            if errors or not every:
                raise errors[0] if errors else RecordsError("nothing_to_read")
            told = ", ".join(dict.fromkeys(contracts[each.name].titles[self.lang] for each in every))
            raise RecordsError("no_pupils", tables=told, table=contracts[ROLL].titles[self.lang])
        scope = self.id_scope or ("school" if sheets else "municipality")
        facts = SchoolTables.of(
            [each for each in every if each.name != SHEET], contracts, schools, self.catalogue, self.lang, log
        )
        row_schools = [schools.of_rows(each.raw) for each in sheets]
        events = [find_rows(each, contracts[each.name], schools, log) for each in facts.others]
        owners = [
            find_owners(each.raw, each.headings, of_rows, contract, log)
            for each, of_rows in zip(sheets, row_schools, strict=True)
        ]
        rolls = [each for each in events if each.name == ROLL]
        place_in_schools(events, [*owners, *(each.owners for each in rolls)], scope, log)
        owners, ids, names, key = self._identified(sheets, owners, events, scope, log)
        read = self._sheet(sheets, owners, ids, contract, schools, log)
        roll = take_roll(
            rolls, facts.typing, log, self._stated_of(rolls, schools, log), self.catalogue, self.lower_grades, self.lang
        )
        inside = {*read.sheet["pupil_id"], *roll.inside}
        outside = pd.concat([read.outside, roll.outside], ignore_index=True) if len(roll.outside) else read.outside
        outside = outside[~outside["pupil_id"].isin(inside)].drop_duplicates("pupil_id", ignore_index=True)
        tables = facts.tables | roll.tables
        both = [each[["pupil_id", "school_id"]] for each in (roll.known, read.rows) if len(each)]
        known = pd.concat(both or [roll.known], ignore_index=True).drop_duplicates("pupil_id")
        undated: dict[str, dict[str, int]] = {}
        for name in contracts:
            mine = [each for each in events if each.name == name and name not in tables]
            if mine:
                typed = self._events(mine, known, outside["pupil_id"].tolist(), facts.typing, log)
                tables[name], undated[name] = typed.rows, typed.without_recorded_on()
        placed = no_answers()
        if answers is not None:
            placed = place_answers(answers, names, contract, log, id_scope=scope, key=key)
        counts = [
            RowCount.of(each, of_rows, kept.kept, kept.kept[used])
            for each, of_rows, kept, used in zip(sheets, row_schools, owners, read.used, strict=True)
        ]
        facts.name_missing({*known["school_id"], *outside["school_id"]}, log)
        counts += [RowCount.unused(each) for each in done.copies]
        said = pd.concat([read.told, roll.rows], ignore_index=True) if len(roll.rows) else read.told
        return {
            "sheet": read.sheet.drop(columns=[TABLE, POSITION], errors="ignore").reset_index(drop=True),
            "schools": schools.frame(said, log),
            "names": names,
            "answers": placed,
            "report": ValidationReport.of(log, count_rows(counts, [*facts.events, *events])),
            "out_of_scope": outside,
            "inventory": [_inventory(each) for each in (*every, *done.copies)],
            "key": key,
            "scope": scope_of(self.catalogue, self.lower_grades),
            "supplied": _supplied(events, {*known["school_id"], *outside["school_id"]}),
            "tables": {name: tables[name] for name in contracts if name in tables},
            "undated": undated,
        }

    def _identified(
        self,
        sheets: Sequence[SortedTable],
        owners: Sequence[RowOwners],
        events: Sequence[EventTable],
        scope: str,
        log: ProblemLog,
    ) -> tuple[list[RowOwners], list[pa.Array[Any]], pd.DataFrame, KeyFile | None]:
        """Give ids over all tables at once; those of event tables are put into them."""
        owned = [each for each in events if each.contract.owned]
        raws = [*(each.raw for each in sheets), *(each.raw for each in owned)]
        headings = [*(each.headings for each in sheets), *(each.sorted.headings for each in owned)]
        whose = [*owners, *(each.owners for each in owned)]
        keyed = any(columns.keys() & set(NAMES) for columns in headings) or any(each.coded.any() for each in whose)
        key = _key_file(self.key) if keyed else None
        tells = [*(True for _ in sheets), *(each.name == ROLL for each in owned)]
        left, ids, names = give_ids(raws, headings, whose, id_scope=scope, key=key, log=log, tells_names=tells)
        for each, kept, pupil_id in zip(owned, left[len(sheets) :], ids[len(sheets) :], strict=True):
            each.owners, each.pupil_id = kept, pupil_id
        return left[: len(sheets)], ids[: len(sheets)], names, key

    def _sheet(
        self,
        sheets: Sequence[SortedTable],
        owners: Sequence[RowOwners],
        ids: Sequence[pa.Array[Any]],
        contract: SheetContract,
        schools: SchoolsRead,
        log: ProblemLog,
    ) -> _SheetRead:
        """Type the factor sheets, unite the rows of each pupil, split off who is out of scope."""
        if not sheets:
            nothing = no_sheet()
            return _SheetRead(nothing, nothing, nothing, nothing[list(OUT_OF_SCOPE_COLUMNS[:3])].assign(reason=""), [])
        day = None if self.as_of is None else as_day(self.as_of)
        checked: list[CheckedTable] = []
        for each, owner in zip(sheets, owners, strict=True):
            facts = schools.facts(each.raw, owner.school_id, log)
            facts["semester"] = np.where(facts["semester"] == "", self.semester, facts["semester"])
            where = Whereabouts(each.raw, owner.kept, owner.school_id, each.headings, log)
            checked.append(check_cells(where, contract, facts, day, self.lang))
            _name_later(checked[-1], day, log)
        rows = stack(checked, ids, contract)
        united = unite(rows, checked, contract, log, self.lang)
        told, later = split_later(united, day, self.lang)
        sheet, outside = split_scope(told, self.catalogue, self.lang, self.lower_grades)
        later = later[~later["pupil_id"].isin({*sheet["pupil_id"], *outside["pupil_id"]})]
        outside = pd.concat([outside, later], ignore_index=True) if len(later) else outside
        used = [sheet.loc[sheet[TABLE] == number, POSITION].to_numpy() for number in range(len(sheets))]
        return _SheetRead(sheet, rows, _not_later(rows, day), outside, used)

    def _events(
        self,
        events: Sequence[EventTable],
        known: pd.DataFrame,
        outside: Sequence[str],
        typing: Typing,
        log: ProblemLog,
    ) -> TypedTable:
        for each in events:
            if each.contract.owned:
                keep_known(each, known, outside, log)
        typed = typing.type_table(events, log)
        typed.mark_used()
        return typed

    def _stated_of(
        self, rolls: Sequence[EventTable], schools: SchoolsRead, log: ProblemLog
    ) -> Callable[[EventTable], dict[str, Any]]:
        """What cover, settings and caller say of the rows of a roll that do not say it themselves.

        A roll without a column of semesters is of the latest one that another roll of the school names, else of the day's.
        """
        running = _semester_of(self.as_of, self.catalogue)
        latest = _latest_semesters(rolls, running)

        def stated(each: EventTable) -> dict[str, Any]:
            facts = schools.facts(each.raw, each.owners.school_id, log)
            semester = np.where(facts["semester"] == "", self.semester, facts["semester"])
            if "semester" not in each.sorted.headings and (semester == "").any():
                of_school = pd.Series(each.owners.school_id).map(latest).astype(object)
                assumed = of_school.where(of_school.notna(), running).to_numpy(dtype=object)
                semester = np.where(semester == "", assumed, semester)
                log.add(
                    "uniting.semester_assumed",
                    file=each.raw.file,
                    sheet=each.raw.sheet,
                    school_id=each.sorted.school_id,
                    values=", ".join(sorted(set(semester))),
                    severity="notice",
                    action="none",
                )
            told = np.where(facts["programme"] == "", _usual_programme(each, schools.contract), facts["programme"])
            return {"semester": semester, "programme": told}

        return stated


@dataclass(frozen=True)
class _SheetRead:
    """The factor sheets, typed.

    Parameters
    ----------
    sheet : pandas.DataFrame
        Rows in scope.
    rows : pandas.DataFrame
        All rows of somebody, before they were united.
    told : pandas.DataFrame
        Those of them that tell of their school on the day.
    outside : pandas.DataFrame
        Pupils out of scope.
    used : list of numpy.ndarray of int64
        By sheet, which of its kept rows stand in ``sheet``.
    """

    sheet: pd.DataFrame
    rows: pd.DataFrame
    told: pd.DataFrame
    outside: pd.DataFrame
    used: list[np.ndarray[Any, Any]]


def _name_later(table: CheckedTable, day: np.datetime64 | None, log: ProblemLog) -> None:
    """Say where rows speak of a later day than the list's: a list of that day does not use them."""
    later = 0 if day is None else int((table.columns["as_of"] > day).sum())
    if later:
        raw, schools = table.where.raw, table.where.school_id
        log.add(
            "rows_later_than_list",
            file=raw.file,
            sheet=raw.sheet,
            school_id=schools[0],
            values=str(later),
            detail=str(day),
            severity="notice",
            action="none",
        )


def _not_later(rows: pd.DataFrame, day: np.datetime64 | None) -> pd.DataFrame:
    """Rows that say what a school is like on the day; of a school that has later ones only, all."""
    if day is None:
        return rows
    told = ~(rows["as_of"] > day)
    return rows[told | ~rows["school_id"].isin(rows.loc[told, "school_id"])]


def _usual_programme(each: EventTable, contract: SheetContract) -> np.ndarray[Any, Any]:
    """Programme of pupils of whom nothing says it, as on a sheet: vocational in a course, else general."""
    heading = each.sorted.headings.get("class_id")
    if heading is None or not len(each.owners.kept):
        return np.full(len(each.owners.kept), "general", dtype=object)
    classes = cell_texts(each.raw.columns[heading].take(pa.array(each.owners.kept))).dictionary_encode()
    course = np.append(is_course(classes.dictionary, contract.words), False)
    mine = course[np.asarray(classes.indices.fill_null(len(classes.dictionary)))]
    return np.where(mine, "vocational", "general").astype(object)


def _latest_semesters(rolls: Sequence[EventTable], running: str) -> dict[str, str]:
    """By school the latest semester, up to the running one, that any of its rolls names."""
    parts = [
        pd.DataFrame(
            {
                "school": each.owners.school_id,
                "semester": cell_texts(each.raw.columns[each.sorted.headings["semester"]])
                .take(pa.array(each.owners.kept))
                .to_pandas(),
            }
        ).drop_duplicates()
        for each in rolls
        if "semester" in each.sorted.headings
    ]
    if not parts:
        return {}
    named = pd.concat(parts, ignore_index=True)
    named = named[named["semester"].str.fullmatch(r"\d{4}/\d{4}-[12]").fillna(False).astype(bool)]
    named = named[(named["semester"] <= running) | (running == "")]
    return {str(school): str(semester) for school, semester in named.groupby("school")["semester"].max().items()}


def _supplied(events: Sequence[EventTable], school_ids: Set[str]) -> dict[str, tuple[str, ...]]:
    """Tables about pupils that not every school handed in, with the schools that did."""
    by_table: dict[str, set[str]] = {}
    for each in events:
        if each.contract.owned and each.name != ROLL:
            placed = {*each.handed_in, *each.owners.school_id} - {""} if each.handed_in else school_ids
            by_table.setdefault(each.name, set()).update(placed)
    return {name: tuple(sorted(schools)) for name, schools in by_table.items() if not schools >= school_ids}


def _semester_of(day: Any, catalogue: Catalogue) -> str:
    """Semester that a list of this day speaks of (today's where there is none); "" outside the known semesters."""
    try:
        return catalogue.calendar.semester_of(dt.date.today() if day is None else str(as_day(day)))
    except CatalogueError:
        return ""


def _inventory(each: SortedTable) -> dict[str, Any]:
    raw = each.raw
    return {
        "file": raw.file,
        "sheet": raw.sheet,
        "table": each.name or SHEET_TABLE,
        "school_id": each.school_id,
        "rows": len(raw.rows),
        "sha256": raw.sha256,
    }


def _key_file(key: KeyFile | str | os.PathLike[str] | None) -> KeyFile | None:
    """The key file, or a new key that nobody has written yet."""
    from pumpurs_risk.records.identity.key_file import KeyFile

    return key if key is None or isinstance(key, KeyFile) else KeyFile.open_or_new(key)
