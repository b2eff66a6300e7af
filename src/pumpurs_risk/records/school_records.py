"""`SchoolRecords`: what one or more schools handed in, typed and checked, one row per pupil."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping as Lookup
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.records.contract import SheetContract
from pumpurs_risk.records.raw_table import RawTable
from pumpurs_risk.records.uniting.accounting import OUT_OF_SCOPE_COLUMNS
from pumpurs_risk.records.uniting.answers import no_answers
from pumpurs_risk.records.uniting.gathering import Gathering
from pumpurs_risk.records.uniting.schools import StatedSchool
from pumpurs_risk.records.validation.report import ValidationReport

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.identity.key_file import KeyFile
    from pumpurs_risk.records.mapping.mapping import Mapping


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
        pupil_id, school_id, class_id, reason: pupils whom the list is not about, those included of whom every row speaks
        of a later day than the list's.
    report : ValidationReport
        What was found wrong, and the counts of rows.
    inventory : list of dict
        file, sheet, school_id, rows, sha256 of every table.
    key : KeyFile, optional
        Leads ids back to names; kept by ``keep_names``.
    truth : pandas.DataFrame, optional
        Of a made cohort: the true risks.

    Examples
    --------
    >>> frame = pd.DataFrame({"pupil_id": ["007", "008"], "class_id": ["9.a", "9.a"], "mean_mark": [6.5, 8.1]})
    >>> records = SchoolRecords.from_tables(frame, as_of="2027-01-15")
    >>> records
    SchoolRecords(2 rows, 1 schools, ok=True)
    >>> records.as_of
    datetime.date(2027, 1, 15)
    """

    sheet: pd.DataFrame
    schools: pd.DataFrame
    names: pd.DataFrame
    report: ValidationReport
    answers: pd.DataFrame = field(default_factory=no_answers)
    out_of_scope: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=list(OUT_OF_SCOPE_COLUMNS), dtype=object)
    )
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
            The list's day: rows that do not say theirs speak of it, later ones are not used.
        schools : data frame, optional
            school_id with any of title, municipality, programme, places, semester.
        answers : data frame, optional
            pupil_id, factor, value, as_of, role. The pupil_id is the sheet's, or the one that the records make of it. An
            answer that fits no pupil or no factor, or is outside the factor's limits, is named and not used.
        semester : str, optional
            Such as ``"2026/2027-1"``, where the rows have no such column.
        id_scope, key, catalogue, lang, lower_grades
            As in ``read_records``; rows with a name and no id, or with a personal code as id, need a key.

        Returns
        -------
        SchoolRecords
            Rows are numbered from 1 in its report.

        Raises
        ------
        RecordsError
            If no column says who a row is about, or names or personal codes come without a key.

        Examples
        --------
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"pupil_id": ["007"], "class_id": ["9.a"], "mean_mark": ["6,5"]})
        >>> SchoolRecords.from_tables(frame, as_of="2027-01-15").sheet[["pupil_id", "level", "mean_mark"]].values.tolist()
        [['school:007', 9.0, 6.5]]
        """
        from pumpurs_risk.records.uniting.frames import as_columns

        columns = as_columns(sheet)
        size = len(next(iter(columns.values()))) if columns else 0
        stated = _stated_frame(schools)
        only = next(iter(stated)) if len(stated) == 1 else "school"
        gathering = Gathering(
            catalogue or _shipped(),
            stated,
            as_of,
            semester or "",
            id_scope or "school",
            key,
            lang,
            lower_grades,
        )
        return cls(**gathering.gather([RawTable("sheet", "", only, columns, np.arange(1, size + 1))], answers))

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
        Where names and personal codes lead to ids; by default ``pumpurs.key.json`` beside the data. Written by
        ``keep_names`` only.
    id_scope : {"school", "municipality"}, optional
        Within what ids are unique; school by default: the pupil_id then is ``school_id:id``.
    lang : {"lv", "en"}
        Language of reasons and of headings in messages.
    encoding : str, optional
        Of text files.
    catalogue : Catalogue, optional
        With own factors.
    as_of : date or ISO text, optional
        The list's day: rows that do not say theirs, and have no cover that does, speak of it; later ones are not used.
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

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     frame = pd.DataFrame({"pupil_id": ["007"], "class_id": ["9.a"], "mean_mark": [6.5]})
    ...     frame.to_csv(f"{folder}/9a.csv", index=False)
    ...     records = read_records(folder, as_of="2027-01-15")
    >>> records.sheet[["class_id", "level", "mean_mark"]].values.tolist()
    [['9.a', 9.0, 6.5]]
    """
    from pumpurs_risk.records.identity.key_file import KEY_FILE_NAME
    from pumpurs_risk.records.mapping.mapping import Mapping
    from pumpurs_risk.records.reading.discovery import read_raw

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

    encoding = encoding or next((each.reading.encoding for each in maps if each.reading.encoding), None)
    sheets = whole.reading.sheets if whole is not None and not own else ()
    try:
        tables = read_raw(path, encoding=encoding, heading_known=known, sheets=sheets or None)
    except RecordsError as error:
        if error.code != "heading_row_missing" or not maps:
            raise
        # With no heading known, the mapping says which of its lines finds none.
        tables = read_raw(path, encoding=encoding, sheets=sheets or None)
    folder = path if path.is_dir() else path.parent
    gathering = Gathering(
        catalogue,
        stated,
        as_of,
        semester or "",
        id_scope or "school",
        key if key is not None else folder / KEY_FILE_NAME,
        lang,
        lower_grades,
        whole,
        own,
        path.resolve().name if path.is_dir() else "",
    )
    return SchoolRecords(**gathering.gather(tables))


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

    Examples
    --------
    >>> frame = pd.DataFrame({"pupil_id": ["007"], "class_id": ["9.a"], "mean_mark": [11]})
    >>> report = validate(SchoolRecords.from_tables(frame, as_of="2027-01-15"))
    >>> report.ok, report.problems["code"].tolist()
    (False, ['out_of_range'])
    """
    return records.report


def _stated_frame(schools: Any) -> dict[str, StatedSchool]:
    if schools is None:
        return {}
    from pumpurs_risk.records.uniting.frames import as_pandas

    frame = as_pandas(schools)
    facts: list[dict[str, Any]] = frame.drop(columns="school_id").to_dict("records")  # type: ignore[assignment]
    return {str(name): StatedSchool.of(str(name), fact) for name, fact in zip(frame["school_id"], facts, strict=True)}


def _shipped() -> Catalogue:
    from pumpurs_risk.catalogue import Catalogue

    return Catalogue.load()
