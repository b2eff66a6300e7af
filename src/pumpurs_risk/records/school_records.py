"""`SchoolRecords`: what one or more schools handed in, typed and checked, one row per pupil."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping as Lookup
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from pumpurs_risk.records.uniting.accounting import OUT_OF_SCOPE_COLUMNS
from pumpurs_risk.records.uniting.answers import no_answers
from pumpurs_risk.records.uniting.gathering import Gathering
from pumpurs_risk.records.uniting.row_owners import NAME_COLUMNS
from pumpurs_risk.records.uniting.schools import StatedSchool
from pumpurs_risk.records.validation.report import ProblemLog, ValidationReport

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.identity.key_file import KeyFile


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
    tables : dict of str to data frame
        The event tables that were handed in, by name, each in its contract's columns and of one engine's kind. A table
        that is not there is unknown; one without rows says "none".
    engine : {"pandas", "arrow", "polars", "duckdb", "spark"}
        What the tables came from, which is what is made of them.
    supplied : dict of str to tuple of str
        Tables that only some schools handed in, with these schools: elsewhere such a table is unknown, as one that nobody
        handed in. A table that is not named here speaks for all schools.
    undated : dict of str to dict of str to int
        By table and school how many rows of the files do not say when they were recorded; empty where nobody counted.
    scope : dict of str to (float, float)
        By programme, the lowest and the highest level that lists are about; empty where they are about everybody. Pupils of
        the tables are looked at as they are on the list's day.
    connection : duckdb.DuckDBPyConnection, optional
        Where DuckDB relations among the tables live.

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
    tables: dict[str, Any] = field(default_factory=dict)
    engine: str = "pandas"
    supplied: dict[str, tuple[str, ...]] = field(default_factory=dict)
    scope: dict[str, tuple[float, float]] = field(default_factory=dict)
    undated: dict[str, dict[str, int]] = field(default_factory=dict)
    connection: Any = None

    @classmethod
    def of(
        cls,
        tables: Lookup[str, Any],
        *,
        engine: str = "pandas",
        schools: pd.DataFrame | None = None,
        connection: Any = None,
    ) -> SchoolRecords:
        """Take event tables that are in their contract's form already; nothing is checked, and no pupil is left out.

        Parameters
        ----------
        tables : mapping of str to data frame
            By name, all of one engine's kind.
        engine : {"pandas", "arrow", "polars", "duckdb", "spark"}
            What is made of them.
        schools : pandas.DataFrame, optional
            As ``SchoolRecords.schools``; else made of the schools that the pupils are in.
        connection : duckdb.DuckDBPyConnection, optional
            Where DuckDB relations live.

        Returns
        -------
        SchoolRecords
            Without a sheet.

        Examples
        --------
        >>> import pyarrow as pa
        >>> pupils = pa.table({"pupil_id": ["a:1"], "school_id": ["a"], "semester": ["2026/2027-1"], "level": [9.0]})
        >>> SchoolRecords.of({"pupils": pupils}).school_ids
        ('a',)
        """
        from pumpurs_risk.records.uniting.overview import known_pupils
        from pumpurs_risk.records.uniting.rows import no_sheet
        from pumpurs_risk.records.uniting.schools import plain_schools

        sheet = no_sheet()
        if schools is None:
            schools = plain_schools(known_pupils(sheet, tables)["school_id"].unique())
        return cls(
            sheet=sheet,
            schools=schools,
            names=pd.DataFrame({name: pd.Series(dtype=object) for name in NAME_COLUMNS}),
            report=ValidationReport.of(ProblemLog()),
            tables=dict(tables),
            engine=engine,
            connection=connection,
        )

    @classmethod
    def from_tables(
        cls,
        sheet: Any = None,
        *,
        pupils: Any = None,
        absences: Any = None,
        marks: Any = None,
        incidents: Any = None,
        assessments: Any = None,
        outcomes: Any = None,
        support: Any = None,
        offers: Any = None,
        decisions: Any = None,
        semesters: Any = None,
        as_of: dt.date | str | None = None,
        schools: Any = None,
        answers: Any = None,
        semester: str | None = None,
        id_scope: str | None = None,
        key: KeyFile | str | os.PathLike[str] | None = None,
        catalogue: Catalogue | None = None,
        lang: str = "lv",
        lower_grades: bool = False,
        connection: Any = None,
    ) -> SchoolRecords:
        """Take tables that are there already.

        Frames in memory (pandas, Arrow, Polars) are checked cell by cell, as files are. Lazy ones (a Polars LazyFrame, a
        DuckDB relation, a Spark frame, a path to Parquet) stay where they are: their columns and types must be the
        contract's, values outside its limits are counted and become unknown when the frame is computed.

        Parameters
        ----------
        sheet : data frame, optional
            One row per pupil: pandas, Polars, Arrow, or anything with ``to_pandas`` or ``to_arrow``. Headings in Latvian or
            English, aliases or ids; a saved factor table is a sheet too.
        pupils, absences, marks, incidents, assessments, outcomes, support, offers, decisions, semesters : optional
            Event tables, all of one kind; headed like the sheet. One without rows says "none", one that is left out is
            unknown. Without a sheet the table of pupils is needed.
        as_of : date or ISO text, optional
            The list's day: rows that do not say theirs speak of it, later ones are not used.
        schools : data frame, optional
            school_id with any of title, municipality, programme, places, semester.
        answers : data frame, optional
            pupil_id, factor, value, as_of, role. The pupil_id is the sheet's, or the one that the records make of it. An
            answer that fits no pupil or no factor, or is outside the factor's limits, is named and not used.
        semester : str, optional
            Such as ``"2026/2027-1"``, where the rows have no such column.
        id_scope : {"school", "municipality"}, optional
            Within what ids are unique: school by default where there is a sheet (the pupil_id then is ``school_id:id``),
            municipality where there are event tables alone. Ids of lazy frames stay as they are.
        key, catalogue, lang, lower_grades
            As in ``read_records``; rows with a name and no id, or with a personal code as id, need a key.
        connection : duckdb.DuckDBPyConnection, optional
            The one that the relations are of; one of our own reads Parquet.

        Returns
        -------
        SchoolRecords
            Rows are numbered from 1 in its report. Its ``engine`` is that of the tables.

        Raises
        ------
        RecordsError
            If no column says who a row is about, names or personal codes come without a key, a needed column is missing or
            of another type, or the tables are of several kinds.

        Examples
        --------
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"pupil_id": ["007"], "class_id": ["9.a"], "mean_mark": ["6,5"]})
        >>> SchoolRecords.from_tables(frame, as_of="2027-01-15").sheet[["pupil_id", "level", "mean_mark"]].values.tolist()
        [['school:007', 9.0, 6.5]]
        >>> roll = pd.DataFrame({"pupil_id": ["007"], "semester": ["2026/2027-1"], "level": [9]})
        >>> missed = pd.DataFrame({"ID": ["007", "008"], "Datums": ["05.10.2026.", "5.10.2026"], "Statuss": ["n", "ns"]})
        >>> records = SchoolRecords.from_tables(pupils=roll, absences=missed)
        >>> records.absences["pupil_id"].to_pylist(), records.report.problems["code"].tolist()
        (['007'], ['uniting.pupil_not_on_roll'])
        """
        from pumpurs_risk.catalogue import Catalogue
        from pumpurs_risk.records.uniting.given_frames import gather_frames

        given = {
            "pupils": pupils,
            "absences": absences,
            "marks": marks,
            "incidents": incidents,
            "assessments": assessments,
            "outcomes": outcomes,
            "support": support,
            "offers": offers,
            "decisions": decisions,
            "semesters": semesters,
        }
        gathering = Gathering(
            catalogue or Catalogue.load(),
            _stated_frame(schools),
            as_of,
            semester or "",
            id_scope,
            key,
            lang,
            lower_grades,
        )
        tables = {name: frame for name, frame in given.items() if frame is not None}
        return cls(**gather_frames(gathering, sheet, tables, schools=schools, answers=answers, connection=connection))

    @property
    def as_of(self) -> dt.date | None:
        """The latest day that the rows speak of; None if no row says."""
        latest = self.sheet["as_of"].max() if len(self.sheet) else pd.NaT
        return None if pd.isna(latest) else latest.date()

    @property
    def pupils(self) -> Any:
        """Table of pupils per semester; None if none was handed in, as with every table."""
        return self.tables.get("pupils")

    @property
    def absences(self) -> Any:
        """Table of absences, or None."""
        return self.tables.get("absences")

    @property
    def marks(self) -> Any:
        """Table of marks, or None."""
        return self.tables.get("marks")

    @property
    def incidents(self) -> Any:
        """Table of incidents, or None."""
        return self.tables.get("incidents")

    @property
    def assessments(self) -> Any:
        """Table of what staff judged, or None."""
        return self.tables.get("assessments")

    @property
    def outcomes(self) -> Any:
        """Table of who left, graduated or stayed, or None."""
        return self.tables.get("outcomes")

    @property
    def support(self) -> Any:
        """Table of support that was given, or None."""
        return self.tables.get("support")

    @property
    def offers(self) -> Any:
        """Table of what schools can give, or None."""
        return self.tables.get("offers")

    @property
    def decisions(self) -> Any:
        """Table of what staff decided, or None."""
        return self.tables.get("decisions")

    @property
    def semesters(self) -> Any:
        """Table of schools' own semesters, or None."""
        return self.tables.get("semesters")

    @cached_property
    def pupils_known(self) -> pd.DataFrame:
        """Everybody on a sheet or in the table of pupils: pupil_id and school_id, each pair once."""
        from pumpurs_risk.records.uniting.overview import known_pupils

        return known_pupils(self.sheet, self.tables)

    @cached_property
    def school_ids(self) -> tuple[str, ...]:
        """All schools of which anything was handed in, in order; those with pupils out of scope alone included."""
        outside = self.out_of_scope["school_id"]
        return tuple(sorted({*map(str, self.pupils_known["school_id"]), *map(str, outside)}))

    @cached_property
    def last_record(self) -> dt.date | None:
        """The latest day on which anything happened that an event table tells of; None without one."""
        from pumpurs_risk.records.uniting.overview import last_event

        return last_event(self.tables)

    @cached_property
    def without_dates(self) -> tuple[str, ...]:
        """Tables in which some rows do not say when they were recorded: there the event's own date decides."""
        from pumpurs_risk.records.uniting.overview import tables_without_dates

        return tables_without_dates(self.tables)

    @property
    def key_fingerprint(self) -> str:
        """Fingerprint of the key that made ids from names; empty without one."""
        return self.key.fingerprint if self.key is not None else ""

    def keep_names(self) -> None:
        """Write the key file, so that the same names get the same ids next time. Does nothing without names."""
        if self.key is not None:
            self.key.save()

    def __repr__(self) -> str:
        named = "".join(f", {name}" for name in self.tables)
        return f"SchoolRecords({len(self.sheet)} rows, {len(self.schools)} schools{named}, ok={self.report.ok})"


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
    if "school_id" not in frame:  # headed otherwise: read as a table of schools
        return {}
    facts: list[dict[str, Any]] = frame.drop(columns="school_id").to_dict("records")  # type: ignore[assignment]
    return {str(name): StatedSchool.of(str(name), fact) for name, fact in zip(frame["school_id"], facts, strict=True)}
