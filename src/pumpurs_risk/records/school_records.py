"""`SchoolRecords`: what one or more schools handed in, typed and checked, one row per pupil."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Mapping as Lookup
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.errors import MappingError, RecordsError
from pumpurs_risk.locale import text
from pumpurs_risk.records.contract import SheetContract
from pumpurs_risk.records.parsing import as_day
from pumpurs_risk.records.raw_table import Notice, RawTable
from pumpurs_risk.records.report import ProblemLog, ValidationReport
from pumpurs_risk.records.row_owners import IDENTITY, RowOwners, find_owners, give_ids
from pumpurs_risk.records.schools import SchoolsRead, StatedSchool
from pumpurs_risk.records.uniting import TABLE
from pumpurs_risk.records.validation import CheckedTable, find_columns

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.identity import KeyFile
    from pumpurs_risk.records.mapping import Mapping
    from pumpurs_risk.records.reading import Unreadable

ANSWER_COLUMNS = ("pupil_id", "factor", "value", "as_of", "role")
_OUT_COLUMNS = ("pupil_id", "school_id", "class_id", "reason")


def _no_answers() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "pupil_id": pd.Series(dtype=object),
            "factor": pd.Series(dtype=object),
            "value": pd.Series(dtype=float),
            "as_of": pd.Series(dtype="datetime64[s]"),
            "role": pd.Series(dtype=object),
        }
    )


@dataclass(frozen=True)
class SchoolRecords:
    """What schools handed in.

    Parameters
    ----------
    sheet : pandas.DataFrame
        One row per pupil and day, columns by id: pupil_id, school_id, class_id, level, programme, semester, as_of, and
        every column of the contract that was handed in. Numbers are floats with NaN for unknown; yes is 1, no is 0.
    schools : pandas.DataFrame
        school_id, title, municipality, programme, places, expected, semester, as_of; one row per school.
    names : pandas.DataFrame
        pupil_id, school_id, name, own_id (the id that the school uses): for showing, never for scoring.
    answers : pandas.DataFrame
        pupil_id, factor, value, as_of, role: what people answered later; fills unknown factors only.
    out_of_scope : pandas.DataFrame
        pupil_id, school_id, class_id, reason: pupils whom the list is not about.
    report : ValidationReport
        What was found wrong, and the counts of rows.
    inventory : list of dict
        file, sheet, school_id, rows, sha256 of every table.
    key : KeyFile, optional
        Leads ids back to names; kept by ``keep_names``.
    truth : pandas.DataFrame, optional
        Of a made cohort: the true risks.
    """

    sheet: pd.DataFrame
    schools: pd.DataFrame
    names: pd.DataFrame
    report: ValidationReport
    answers: pd.DataFrame = field(default_factory=_no_answers)
    out_of_scope: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(_OUT_COLUMNS), dtype=object))
    inventory: list[dict[str, Any]] = field(default_factory=list)
    key: KeyFile | None = None
    truth: pd.DataFrame | None = None

    @classmethod
    def from_tables(
        cls,
        sheet: Any,
        *,
        as_of: dt.date | str | None = None,
        schools: Any = None,
        answers: Any = None,
        semester: str | None = None,
        id_scope: str | None = None,
        key: KeyFile | str | os.PathLike[str] | None = None,
        catalogue: Catalogue | None = None,
        lang: str = "lv",
        lower_grades: bool = False,
    ) -> SchoolRecords:
        """Take tables that are in memory already.

        Parameters
        ----------
        sheet : data frame
            One row per pupil: pandas, Polars, Arrow, or anything with ``to_pandas`` or ``to_arrow``. Headings in Latvian or
            English, aliases or ids; a saved factor table is a sheet too.
        as_of : date or ISO text, optional
            Day that the rows speak of, where they have no such column.
        schools : data frame, optional
            school_id with any of title, municipality, programme, places, semester.
        answers : data frame, optional
            pupil_id, factor, value, as_of, role.
        semester : str, optional
            Such as ``"2026/2027-1"``, where the rows have no such column.
        id_scope, key, catalogue, lang, lower_grades
            As in ``read_records``; rows with a name and no id need a key.

        Returns
        -------
        SchoolRecords
            Rows are numbered from 1 in its report.

        Raises
        ------
        RecordsError
            If no column says who a row is about, or names come without a key.

        Examples
        --------
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"pupil_id": ["007"], "class_id": ["9.a"], "mean_mark": ["6,5"]})
        >>> SchoolRecords.from_tables(frame, as_of="2027-01-15").sheet[["pupil_id", "level", "mean_mark"]].values.tolist()
        [['school:007', 9.0, 6.5]]
        """
        from pumpurs_risk.records.frames import as_columns

        columns = as_columns(sheet)
        size = len(next(iter(columns.values()))) if columns else 0
        stated = _stated_frame(schools)
        only = next(iter(stated)) if len(stated) == 1 else "school"
        raw = RawTable("sheet", "", only, columns, np.arange(1, size + 1))
        records = _unite_all(
            [raw],
            stated=stated,
            as_of=as_of,
            semester=semester,
            id_scope=id_scope,
            key=key,
            catalogue=catalogue,
            lang=lang,
            lower_grades=lower_grades,
        )
        if answers is None:
            return records
        from dataclasses import replace

        return replace(records, answers=_typed_answers(answers))

    @property
    def as_of(self) -> dt.date | None:
        """The latest day that the rows speak of; None if no row says."""
        latest = self.sheet["as_of"].max() if len(self.sheet) else pd.NaT
        return None if pd.isna(latest) else latest.date()

    @property
    def key_fingerprint(self) -> str:
        """Fingerprint of the key that made ids from names; empty without one."""
        return self.key.fingerprint if self.key is not None else ""

    def keep_names(self) -> None:
        """Write the key file, so that the same names get the same ids next time. Does nothing without names."""
        if self.key is not None:
            self.key.save()

    def __repr__(self) -> str:
        return f"SchoolRecords({len(self.sheet)} rows, {len(self.schools)} schools, ok={self.report.ok})"


def read_records(
    path: str | os.PathLike[str],
    mapping: Mapping | str | os.PathLike[str] | None = None,
    *,
    key: KeyFile | str | os.PathLike[str] | None = None,
    id_scope: str | None = None,
    lang: str = "lv",
    encoding: str | None = None,
    catalogue: Catalogue | None = None,
    as_of: dt.date | str | None = None,
    semester: str | None = None,
    schools: Lookup[str, Lookup[str, Any]] | None = None,
    lower_grades: bool = False,
) -> SchoolRecords:
    """Read a file or a folder: sheets, several files of one school, a sub-folder per school. Nothing is written.

    Parameters
    ----------
    path : path
        XLSX, XLS, ODS, CSV or Parquet, or a folder of them.
    mapping : Mapping or path, optional
        Turns another system's export into the sheet.
    key : KeyFile or path, optional
        Where names lead to ids; by default ``pumpurs.key.json`` beside the data. Written by ``keep_names`` only.
    id_scope : {"school", "municipality"}, optional
        Within what ids are unique; school by default: the pupil_id then is ``school_id:id``.
    lang : {"lv", "en"}
        Language of reasons and of headings in messages.
    encoding : str, optional
        Of text files.
    catalogue : Catalogue, optional
        With own factors.
    as_of : date or ISO text, optional
        Day that the rows speak of, where neither they nor a cover say so.
    semester : str, optional
        Semester that the counts cover, where neither rows nor a cover say so.
    schools : mapping of str to mapping, optional
        By school id: title, folder (sub-folder or file of its sheets), programme, places, semester, mapping, lessons_held.
        What a cover says is stronger.
    lower_grades : bool
        Whether the levels that are looked at on request only (grades 1 to 4) are in scope.

    Returns
    -------
    SchoolRecords
        With everything that was found wrong in ``report``.

    Raises
    ------
    RecordsError, MappingError
        If nothing can be read at all; one unusable file among several is named in the report instead.
    """
    from pumpurs_risk.records.identity import KEY_FILE_NAME
    from pumpurs_risk.records.mapping import Mapping
    from pumpurs_risk.records.reading import read_raw

    path = Path(path)
    catalogue = catalogue or _shipped()
    contract = SheetContract.load(catalogue)
    stated = {name: StatedSchool.of(name, facts) for name, facts in (schools or {}).items()}

    def loaded(given: Any) -> Mapping | None:
        return given if given is None or isinstance(given, Mapping) else Mapping.load(Path(given), contract=contract)

    whole = loaded(mapping)
    own = {name: found for name, school in stated.items() if (found := loaded(school.mapping)) is not None}
    maps = [each for each in (whole, *own.values()) if each is not None]

    def known(heading: str) -> bool:
        return contract.recognise(heading) is not None or any(each.asks_for(heading) for each in maps)

    stated_encoding = next((each.reading.encoding for each in maps if each.reading.encoding), None)
    found = read_raw(path, encoding=encoding or stated_encoding, heading_known=known)
    folder = path if path.is_dir() else path.parent
    return _unite_all(
        found,
        stated=stated,
        mapping=whole,
        mappings=own,
        as_of=as_of,
        semester=semester,
        id_scope=id_scope,
        key=key if key is not None else folder / KEY_FILE_NAME,
        catalogue=catalogue,
        contract=contract,
        lang=lang,
        lower_grades=lower_grades,
    )


def validate(records: SchoolRecords) -> ValidationReport:
    """Say what is wrong with records.

    Parameters
    ----------
    records : SchoolRecords
        As read or made.

    Returns
    -------
    ValidationReport
        Its ``problems`` are a data frame; ``messages(lang)`` says them in words.
    """
    return records.report


def _unite_all(
    found: Sequence[RawTable | Unreadable],
    *,
    stated: Lookup[str, StatedSchool],
    as_of: dt.date | str | None,
    semester: str | None,
    id_scope: str | None,
    key: KeyFile | str | os.PathLike[str] | None,
    catalogue: Catalogue | None,
    lang: str,
    lower_grades: bool,
    mapping: Mapping | None = None,
    mappings: Lookup[str, Mapping] | None = None,
    contract: SheetContract | None = None,
) -> SchoolRecords:
    """All tables of one reading, from as written to one row per pupil."""
    if id_scope not in (None, "school", "municipality"):
        raise ValueError(f"id_scope must be 'school' or 'municipality', got {id_scope!r}")
    catalogue = catalogue or _shipped()
    contract = contract or SheetContract.load(catalogue)
    day = None if as_of is None else as_day(as_of)
    log = ProblemLog()
    schools = SchoolsRead(contract, stated, lang)
    tables: list[RawTable] = []
    headings: list[dict[str, str]] = []
    owners: list[RowOwners] = []
    errors: list[RecordsError | MappingError] = []
    left_out: dict[tuple[str, str], int] = {}
    for each in found:
        school_id = schools.of_table(each.school, each.file, getattr(each, "cover", {}))
        _pass_on(each.notices, each, school_id, log)
        try:
            raw = _usable(each, mapping, (mappings or {}).get(school_id), school_id, log)
            if raw is None:
                continue
            row_schools = schools.of_rows(raw)
            school_id = row_schools[0] if len(set(row_schools)) == 1 else school_id
            columns = find_columns(raw, contract, log, school_id)
            if not columns.keys() & set(IDENTITY):
                raise RecordsError("no_id_column", file=raw.file, headings=", ".join(list(raw.columns)[:12]))
        except (RecordsError, MappingError) as error:
            errors.append(error)
            detail = json.dumps({"code": error.code} | {name: str(value) for name, value in error.params.items()})
            log.add("table_rejected", file=each.file, school_id=school_id, detail=detail, action="table_rejected")
            continue
        left_out[raw.file, raw.sheet] = _left_out(raw)
        tables.append(raw)
        headings.append(columns)
        owners.append(find_owners(raw, columns, row_schools, contract, log))
    if not tables:
        raise errors[0] if errors else RecordsError("nothing_to_read")
    has_names = any(columns.keys() & {"name", "given_name", "surname"} for columns in headings)
    key_file = _key_file(key) if has_names else None
    owners, ids, names = give_ids(tables, headings, owners, id_scope=id_scope or "school", key=key_file, log=log)


def _usable(
    each: RawTable | Unreadable, mapping: Mapping | None, own: Mapping | None, school_id: str, log: ProblemLog
) -> RawTable | None:
    """The table as a sheet; None for a worksheet that the mapping does not ask for."""
    if not isinstance(each, RawTable):
        raise each.error
    chosen = own or mapping
    if chosen is None:
        return each
    if not chosen.wants(each.sheet):
        return None
    found = ProblemLog()
    made = chosen.apply(each, found)
    log.take(found, school_id)
    _pass_on(made.notices[len(each.notices) :], each, school_id, log)
    return made


def _pass_on(notices: Sequence[Notice], each: RawTable | Unreadable, school_id: str, log: ProblemLog) -> None:
    """Take the reader's notices into the report; a row that does not fit its headings is a rejected row."""
    for notice in notices:
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


def _in_scope(
    merged: pd.DataFrame, catalogue: Catalogue, lang: str, lower_grades: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split off the pupils whose level the programme does not look at; an unknown level stays in."""
    programme = catalogue.programme
    outside = np.zeros(len(merged), bool)
    reason = np.full(len(merged), "", dtype=object)
    level = merged["level"].to_numpy()
    for name, (low, high) in programme.scope.items():
        on_request = programme.on_request.get(name) if lower_grades else None
        lowest, highest = (min(low, on_request[0]), max(high, on_request[1])) if on_request else (low, high)
        mine = (merged["programme"] == name).to_numpy() & ((level < lowest) | (level > highest))
        outside |= mine
        for value in np.unique(level[mine]):
            said = text(f"problems.out_of_scope.{name}", lang, level=int(value), low=lowest, high=highest)
            reason[mine & (level == value)] = said
    left = merged.loc[~outside]
    out = merged.loc[outside, ["pupil_id", "school_id", "class_id"]].assign(reason=reason[outside])
    if len(out):
        out = out[~out["pupil_id"].isin(set(left["pupil_id"]))].drop_duplicates("pupil_id", ignore_index=True)
    return left, out[list(_OUT_COLUMNS)]


def _left_out(raw: RawTable) -> int:
    """Rows of the file that the mapping left out, or brought together with another row of the same pupil."""
    counts = {notice.code: notice for notice in raw.notices}
    gone = 0
    if "mapping.rows_left_out" in counts:
        gone += int(counts["mapping.rows_left_out"].value)
    if "mapping.rows_grouped" in counts:
        gone += int(counts["mapping.rows_grouped"].detail) - int(counts["mapping.rows_grouped"].value)
    return gone


def _counts(
    checked: Sequence[CheckedTable],
    rows: pd.DataFrame,
    sheet: pd.DataFrame,
    log: ProblemLog,
    left_out: Lookup[tuple[str, str], int],
) -> list[tuple[Any, ...]]:
    """Per school and table: rows in = used + not used + rejected."""
    rejected = log.rejected_rows()
    used, kept = (frame.groupby([TABLE, "school_id"], sort=False).size().to_dict() for frame in (sheet, rows))
    by_place: dict[tuple[str, str, str], list[int]] = {}
    for (number, school_id), n in kept.items():
        raw = checked[number].where.raw
        n_used = used.get((number, school_id), 0)
        by_place[raw.file, raw.sheet, school_id] = [n_used, n - n_used]
    for (file, name), gone in left_out.items():
        first = next((place for place in (*by_place, *rejected) if place[:2] == (file, name)), None)
        if first is not None and gone:
            by_place.setdefault(first, [0, 0])[1] += gone
    counts = []
    for place in dict.fromkeys((*by_place, *rejected)):
        n_used, not_used = by_place.get(place, [0, 0])
        file, name, school_id = place
        n_rejected = rejected.get(place, 0)
        counts.append((school_id, file, name, n_used + not_used + n_rejected, n_used, not_used, n_rejected))
    return counts


def _key_file(key: KeyFile | str | os.PathLike[str] | None) -> KeyFile | None:
    """The key file, or a new key that nobody has written yet."""
    import secrets

    from pumpurs_risk.records.identity import KeyFile

    if key is None or isinstance(key, KeyFile):
        return key
    return KeyFile.open(key) if Path(key).exists() else KeyFile(Path(key), secrets.token_bytes(32))


def _stated_frame(schools: Any) -> dict[str, StatedSchool]:
    if schools is None:
        return {}
    from pumpurs_risk.records.frames import as_pandas

    frame = as_pandas(schools)
    facts = frame.drop(columns="school_id").to_dict("records")
    return {str(name): StatedSchool.of(str(name), fact) for name, fact in zip(frame["school_id"], facts, strict=True)}


def _typed_answers(answers: Any) -> pd.DataFrame:
    from pumpurs_risk.records.frames import as_pandas

    frame = as_pandas(answers).reindex(columns=list(ANSWER_COLUMNS))
    return frame.assign(
        pupil_id=frame["pupil_id"].astype(str),
        value=pd.to_numeric(frame["value"]).astype(float),
        as_of=pd.to_datetime(frame["as_of"]).astype("datetime64[s]"),
    )


def _shipped() -> Catalogue:
    from pumpurs_risk.catalogue import Catalogue

    return Catalogue.load()
