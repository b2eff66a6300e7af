"""Gathers all tables of one reading: from cells as written to one typed row per pupil.

The order: turn each table into a sheet (mapping), recognise its headings, find whose each row is, give ids over all tables
at once, type and check the cells, unite the rows of one pupil, split off who is out of scope, account for every row.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping as Lookup
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.errors import MappingError, RecordsError
from pumpurs_risk.locale import LANGUAGES, text
from pumpurs_risk.records.contract import SheetContract
from pumpurs_risk.records.identity.personal_codes import hide_codes
from pumpurs_risk.records.raw_table import Notice, RawTable
from pumpurs_risk.records.uniting.accounting import count_rows, split_later, split_scope
from pumpurs_risk.records.uniting.answers import no_answers, place_answers
from pumpurs_risk.records.uniting.row_owners import (
    IDENTITY,
    NAMES,
    RowOwners,
    find_owners,
    give_ids,
    name_coded_columns,
)
from pumpurs_risk.records.uniting.rows import POSITION, TABLE, stack, unite
from pumpurs_risk.records.uniting.schools import SchoolsRead, StatedSchool
from pumpurs_risk.records.validation.cells import CheckedTable, Whereabouts, check_cells, find_columns
from pumpurs_risk.records.validation.parsing import as_day
from pumpurs_risk.records.validation.report import ProblemLog, ValidationReport

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
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
    id_scope : {"school", "municipality"}
        Within what own ids are unique.
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
    id_scope: str = "school"
    key: KeyFile | str | os.PathLike[str] | None = None
    lang: str = "lv"
    lower_grades: bool = False
    mapping: Mapping | None = None
    mappings: Lookup[str, Mapping] = field(default_factory=dict)
    home: str = ""

    def __post_init__(self) -> None:
        if self.id_scope not in ("school", "municipality"):
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
            What `SchoolRecords` is made of: sheet, schools, names, answers, report, out_of_scope, inventory, key.

        Raises
        ------
        RecordsError, MappingError
            If no table can be used: the first table's error.
        """
        contract = SheetContract.load(self.catalogue)
        day = None if self.as_of is None else as_day(self.as_of)
        log = ProblemLog()
        schools = SchoolsRead(contract, self.stated, self.lang, self.home)
        tables, headings, owners = self._usable_tables(found, contract, schools, log)
        keyed = any(columns.keys() & set(NAMES) for columns in headings) or any(each.coded.any() for each in owners)
        key = _key_file(self.key) if keyed else None
        owners, ids, names = give_ids(tables, headings, owners, id_scope=self.id_scope, key=key, log=log)
        checked: list[CheckedTable] = []
        for raw, columns, owner in zip(tables, headings, owners, strict=True):
            facts = schools.facts(raw, owner.school_id, log)
            facts["semester"] = np.where(facts["semester"] == "", self.semester, facts["semester"])
            where = Whereabouts(raw, owner.kept, owner.school_id, columns, log)
            checked.append(check_cells(where, contract, facts, day, self.lang))
            _name_later(checked[-1], day, log)
        rows = stack(checked, ids, contract)
        united = unite(rows, checked, contract, log, self.lang)
        told, later = split_later(united, day, self.lang)
        sheet, outside = split_scope(told, self.catalogue, self.lang, self.lower_grades)
        placed = no_answers()
        if answers is not None:
            placed = place_answers(answers, names, contract, log, id_scope=self.id_scope, key=key, lang=self.lang)
        later = later[~later["pupil_id"].isin({*sheet["pupil_id"], *outside["pupil_id"]})]
        return {
            "sheet": sheet.drop(columns=[TABLE, POSITION]).reset_index(drop=True),
            "schools": schools.frame(_not_later(rows, day), log),
            "names": names,
            "answers": placed,
            "report": ValidationReport.of(log, count_rows(tables, rows, sheet, log)),
            "out_of_scope": pd.concat([outside, later], ignore_index=True) if len(later) else outside,
            "inventory": [_inventory(raw, schools) for raw in tables],
            "key": key,
        }

    def _usable_tables(
        self, found: Sequence[RawTable | Unreadable], contract: SheetContract, schools: SchoolsRead, log: ProblemLog
    ) -> tuple[list[RawTable], list[dict[str, str]], list[RowOwners]]:
        """Tables with recognised headings and the rows that are somebody's; one unusable table never stops the others."""
        tables: list[RawTable] = []
        headings: list[dict[str, str]] = []
        owners: list[RowOwners] = []
        errors: list[RecordsError | MappingError] = []
        for each in found:
            school_id = schools.of_table(each.school, each.file, getattr(each, "cover", {}))
            _pass_on(each.notices, each, school_id, log)
            try:
                raw = self._as_sheet(each, school_id, log)
                if raw is None:
                    continue
                row_schools = schools.of_rows(raw)
                school_id = row_schools[0] if len(set(row_schools)) == 1 else school_id
                columns = find_columns(raw, contract, log, school_id)
                if not columns.keys() & set(IDENTITY):
                    shown = hide_codes(", ".join(list(raw.columns)[:12]))
                    raise RecordsError("no_id_column", file=raw.file, headings=shown)
            except (RecordsError, MappingError) as error:
                errors.append(error)
                detail = json.dumps({"code": error.code} | {name: str(value) for name, value in error.params.items()})
                log.add("table_rejected", file=each.file, school_id=school_id, detail=detail, action="table_rejected")
                continue
            tables.append(raw)
            headings.append(columns)
            owners.append(find_owners(raw, columns, row_schools, contract, log))
        if not tables:
            raise errors[0] if errors else RecordsError("nothing_to_read")
        return tables, headings, owners

    def _as_sheet(self, each: RawTable | Unreadable, school_id: str, log: ProblemLog) -> RawTable | None:
        """The table as a sheet; None for a worksheet that the mapping does not ask for."""
        if not isinstance(each, RawTable):
            raise each.error
        mapping = self.mappings.get(school_id, self.mapping)
        if mapping is not None and not mapping.wants(each.sheet):
            return None
        name_coded_columns(each, school_id, log)
        if mapping is None:
            return each
        found = ProblemLog()
        made = mapping.apply(each, found)
        log.take(found, school_id)
        _pass_on(made.notices[len(each.notices) :], each, school_id, log)
        return made


def _pass_on(notices: Sequence[Notice], each: RawTable | Unreadable, school_id: str, log: ProblemLog) -> None:
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


def _inventory(raw: RawTable, schools: SchoolsRead) -> dict[str, Any]:
    school_id = schools.of_table(raw.school, raw.file, raw.cover)
    return {"file": raw.file, "sheet": raw.sheet, "school_id": school_id, "rows": len(raw.rows), "sha256": raw.sha256}


def _key_file(key: KeyFile | str | os.PathLike[str] | None) -> KeyFile | None:
    """The key file, or a new key that nobody has written yet."""
    from pumpurs_risk.records.identity.key_file import KeyFile

    return key if key is None or isinstance(key, KeyFile) else KeyFile.open_or_new(key)
