"""The factor table X: one row per pupil, what was known on a day, unknown never zero."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.factors.engines import to_pandas
from pumpurs_risk.factors.events import Own, event_factors, factor_columns
from pumpurs_risk.factors.expressions.roll import pupils_so_far
from pumpurs_risk.factors.known import EVENTS, KnownRecords, known_records
from pumpurs_risk.factors.sheet import compare_with_peers, fill_from_answers, latest_rows, sheet_factors
from pumpurs_risk.records.validation.parsing import as_day

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.school_records import SchoolRecords

TOLERANCE = 1e-9
"""Two sources that differ by more contradict each other."""
_KEY = "pupil_id"


def factor_table(
    records: SchoolRecords,
    as_of: dt.date | str | None = None,
    *,
    catalogue: Catalogue | None = None,
    own: Own | None = None,
) -> Any:
    """Say what was known of every pupil on a day.

    From event tables (pupils, absences, marks, incidents, assessments) every factor is computed of what had happened and
    had been recorded before the day; from a sheet it is taken as its row says. Where both speak the tables win and the
    sheet fills what they leave unknown; ``conflicts`` counts where they contradict each other.

    Parameters
    ----------
    records : SchoolRecords
        As read or made. Rows of a sheet and answers that bear a later day are not used; of several rows of a pupil the
        latest counts.
    as_of : date or ISO text, optional
        The day; by default the latest that the sheet bears, else today.
    catalogue : Catalogue, optional
        Which factors; the shipped ones by default.
    own : mapping of str to callable, optional
        Factors of one's own: each function gets what was known (``KnownRecords``) and gives a frame (narwhals, pandas, Arrow,
        or native to the engine) with pupil_id and value. The column follows the catalogue's, or fills the catalogue's of that id.

    Returns
    -------
    data frame
        As the records' tables came: pandas from files and sheets, else pandas, Arrow, Polars, DuckDB or Spark. One row per
        pupil: pupil_id, the catalogue's context columns, every factor in catalogue order. Floats, unknown where missing
        (yes is 1); ``programme_level`` is text such as ``general-9`` or missing. With tables, rows are in the order of
        pupil_id.

    Raises
    ------
    RecordsError
        If there are event tables, but neither a table of pupils nor a sheet.
    CatalogueError
        If the day lies outside the semesters that the calendar knows.

    Examples
    --------
    >>> import pandas as pd
    >>> from pumpurs_risk.records import SchoolRecords
    >>> sheet = pd.DataFrame({"pupil_id": ["7"], "class_id": ["9.a"], "lessons_missed": [60], "lessons_held": [480]})
    >>> X = factor_table(SchoolRecords.from_tables(sheet, as_of="2027-01-15"))
    >>> X[["absence_share", "programme_level", "mean_mark"]].values.tolist()
    [[0.125, 'general-9', nan]]

    >>> import pyarrow as pa
    >>> pupils = pa.table({"pupil_id": ["7"], "school_id": ["a"], "semester": ["2026/2027-1"], "level": [9.0]})
    >>> incidents = pa.table({"pupil_id": ["7"], "date": [dt.date(2026, 11, 3)], "kind": ["bullying"]})
    >>> records = SchoolRecords.of({"pupils": pupils, "incidents": incidents})
    >>> factor_table(records, "2027-01-15")[["bullying", "violence", "absence_share"]].values.tolist()
    [[1.0, 0.0, nan]]
    """
    job = _Job.of(records, as_of, catalogue, own)
    if not job.from_events:
        return job.sheet()
    with job.known(settles=not job.plain) as groups:
        if job.plain:
            return groups[0].engine.leave(event_factors(groups, job.own).sort(_KEY))
        return groups[0].engine.of_pandas(job.united(groups))


def factor_frame(
    records: SchoolRecords,
    as_of: dt.date | str | None = None,
    *,
    catalogue: Catalogue | None = None,
    own: Own | None = None,
) -> pd.DataFrame:
    """Make the factor table as a pandas frame, whatever the records came as.

    Parameters
    ----------
    records, as_of, catalogue, own
        As for ``factor_table``.

    Returns
    -------
    pandas.DataFrame
        With a RangeIndex.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from pumpurs_risk.records import SchoolRecords
    >>> pupils = pa.table({"pupil_id": ["7"], "school_id": ["a"], "semester": ["2026/2027-1"], "level": [9.0]})
    >>> X = factor_frame(SchoolRecords.of({"pupils": pupils}, engine="arrow"), "2027-01-15")
    >>> X["programme_level"].tolist()
    ['general-9']
    """
    job = _Job.of(records, as_of, catalogue, own)
    if not job.from_events:
        return job.sheet()
    with job.known() as groups:
        return job.united(groups)


def write_factor_table(
    records: SchoolRecords,
    path: str | PathLike[str],
    as_of: dt.date | str | None = None,
    *,
    catalogue: Catalogue | None = None,
    memory_limit: str | None = None,
) -> None:
    """Write the factor table to Parquet while it is computed: memory does not grow with the number of pupils.

    Parameters
    ----------
    records, as_of, catalogue
        As for ``factor_table``.
    path : path
        File to write, in groups of 65,536 rows in the order of pupil_id; from Spark tables a folder of files.
    memory_limit : str, optional
        Of DuckDB while it writes, such as ``"300MB"``; what does not fit goes to its temporary folder.

    Examples
    --------
    >>> import tempfile
    >>> import pyarrow as pa
    >>> from pumpurs_risk.records import SchoolRecords
    >>> pupils = pa.table({"pupil_id": ["7"], "school_id": ["a"], "semester": ["2026/2027-1"], "level": [9.0]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_factor_table(SchoolRecords.of({"pupils": pupils}), f"{folder}/X.parquet", "2027-01-15")
    ...     pd.read_parquet(f"{folder}/X.parquet")["level"].tolist()
    [9.0]
    """
    job = _Job.of(records, as_of, catalogue, None)
    if job.from_events and job.plain:
        with job.known(memory_limit) as groups:
            groups[0].engine.write(event_factors(groups, job.own).sort(_KEY), path)
        return
    from pyarrow import parquet

    from pumpurs_risk.factors.engines import ROW_GROUP

    X = factor_frame(records, as_of, catalogue=catalogue).sort_values(_KEY, kind="stable")
    parquet.write_table(pa.Table.from_pandas(X, preserve_index=False), path, row_group_size=ROW_GROUP)


def conflicts(
    records: SchoolRecords, as_of: dt.date | str | None = None, *, catalogue: Catalogue | None = None
) -> pd.DataFrame:
    """Count where event tables and a sheet contradict each other; in the factor table the tables win.

    Parameters
    ----------
    records, as_of, catalogue
        As for ``factor_table``.

    Returns
    -------
    pandas.DataFrame
        factor, n: pupils of whom both know the factor and say something else; no row where none does.

    Examples
    --------
    >>> import pandas as pd
    >>> from pumpurs_risk.records import SchoolRecords
    >>> sheet = pd.DataFrame({"pupil_id": ["7"], "class_id": ["9.a"], "bullying": [2]})
    >>> conflicts(SchoolRecords.from_tables(sheet, as_of="2027-01-15"))
    Empty DataFrame
    Columns: [factor, n]
    Index: []
    """
    job = _Job.of(records, as_of, catalogue, None)
    found: dict[str, int] = {}
    if job.from_events and len(records.sheet):
        with job.known() as groups:
            tables = to_pandas(groups[0].engine.arrow(event_factors(groups, {}, compared=False)))
        told = sheet_factors(records, job.day, job.catalogue).set_index(_KEY).reindex(tables[_KEY])
        for name, factor in job.catalogue.factors.items():
            mine, theirs = tables[name].reset_index(drop=True), told[name].reset_index(drop=True)
            both = mine.notna() & theirs.notna()
            unlike = mine.ne(theirs) if factor.kind == "level" else (mine - theirs).abs() > TOLERANCE
            found[name] = int((both & unlike).sum())
    differ = {name: n for name, n in found.items() if n}
    return pd.DataFrame({"factor": list(differ), "n": list(differ.values())})


@dataclasses.dataclass(frozen=True)
class _Job:
    """One factor table to be made."""

    records: SchoolRecords
    day: np.datetime64
    catalogue: Catalogue
    own: Own

    @classmethod
    def of(
        cls, records: SchoolRecords, as_of: dt.date | str | None, catalogue: Catalogue | None, own: Own | None
    ) -> _Job:
        if catalogue is None:
            from pumpurs_risk.catalogue import Catalogue

            catalogue = Catalogue.load()
        return cls(records, as_day(as_of or records.as_of or dt.date.today()), catalogue, own or {})

    @property
    def from_events(self) -> bool:
        return bool(self.own) or any(name in self.records.tables for name in EVENTS)

    @property
    def plain(self) -> bool:
        """Whether the event tables alone say everything."""
        return not len(self.records.sheet) and not len(self.records.answers)

    @contextmanager
    def known(self, memory_limit: str | None = None, *, settles: bool = True) -> Iterator[tuple[KnownRecords, ...]]:
        records = self.records
        if "pupils" not in records.tables:
            if not len(records.sheet):
                raise RecordsError("no_pupils", tables=", ".join(sorted(records.tables)), table="pupils")
            records = _with_pupils_of_the_sheet(records, self.day, self.catalogue)
        day: dt.date = self.day.astype("datetime64[D]").astype(object)
        with known_records(records, day, self.catalogue, memory_limit=memory_limit, settles=settles) as groups:
            yield groups

    def sheet(self) -> pd.DataFrame:
        X = sheet_factors(self.records, self.day, self.catalogue)
        fill_from_answers(X, self.records.answers, self.day, self.catalogue)
        compare_with_peers(X, self.catalogue)
        return X

    def united(self, groups: tuple[KnownRecords, ...]) -> pd.DataFrame:
        """Tables first; what they leave unknown from the sheet, then from answers; peers at last."""
        engine = groups[0].engine
        X = to_pandas(engine.arrow(event_factors(groups, self.own, compared=self.plain).sort(_KEY)))
        if self.plain:
            return X
        X = X[factor_columns(groups[0], self.own)]
        if len(self.records.sheet):
            X = _filled(X, sheet_factors(self.records, self.day, self.catalogue), self._gone(groups, X))
        fill_from_answers(X, self.records.answers, self.day, self.catalogue)
        compare_with_peers(X, self.catalogue)
        return X

    def _gone(self, groups: tuple[KnownRecords, ...], X: pd.DataFrame) -> set[str]:
        """Pupils whom rolls up to the day name and who are on none now: a sheet does not bring them back."""
        if "pupils" not in self.records.tables:
            return set()
        known = groups[0].engine.arrow(pupils_so_far(groups[0]))
        return set(known[_KEY].to_pylist()) - set(X[_KEY])


def _with_pupils_of_the_sheet(records: SchoolRecords, day: np.datetime64, catalogue: Catalogue) -> SchoolRecords:
    """Take the pupils from the sheet where there is no table of them; their semester is the running one."""
    from pumpurs_risk.records.tables.contract import table_contracts

    schema = table_contracts(catalogue)["pupils"].arrow_schema
    rows = latest_rows(records.sheet, day)
    names = [name for name in schema.names if name in rows and name not in ("semester", "recorded_on", "record_id")]
    arrays = [pa.array(rows[name], schema.field(name).type, from_pandas=True) for name in names]
    return dataclasses.replace(records, tables={**records.tables, "pupils": pa.table(arrays, names=names)})


def _filled(tables: pd.DataFrame, sheet: pd.DataFrame, gone: set[str]) -> pd.DataFrame:
    sheet = sheet[~sheet[_KEY].isin(gone)].drop_duplicates(_KEY, keep="last")
    every = pd.Index(sorted({*tables[_KEY], *sheet[_KEY]}), name=_KEY)
    mine, theirs = tables.set_index(_KEY).reindex(every), sheet.set_index(_KEY).reindex(every)
    columns: dict[str, Any] = {_KEY: pd.Series(every.to_list(), dtype=object)}
    for name in map(str, mine):
        column = mine[name]
        if name in theirs:
            column = column.where(column.notna(), theirs[name].astype(column.dtype))
        columns[name] = column.reset_index(drop=True)
    return pd.DataFrame(columns)
