"""A place's own history, read once: records over years, or earlier runs, with what became of the pupils."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from pumpurs_risk.errors import RecordsError, RunError
from pumpurs_risk.factors.history import Stacked, label_tables, list_days, stack_tables
from pumpurs_risk.locale import LANGUAGES, text

if TYPE_CHECKING:
    from pumpurs_risk.batch.previous import EarlierWork
    from pumpurs_risk.batch.run import Run
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.school_records import SchoolRecords


@dataclass
class Past:
    """What a training or an evaluation looks back on.

    Parameters
    ----------
    name : str
        Of the file or folder it was read from; plain letters, digits and dashes.
    catalogue : Catalogue
        Which factors.
    records : SchoolRecords, optional
        Records over years; None for runs.
    runs : tuple of Run
        Earlier runs; their factor tables are taken as they were.
    outcomes : SchoolRecords or data frame, optional
        What became of the pupils, where `records` do not say.
    days : tuple of datetime.date
        Days from which to look ahead.
    days_assumed : bool
        Whether nobody named the days.
    municipality : str
        As the settings or the runs state it.
    made : bool
        Whether the data are known to be made up.
    all_well : bool
        Whether nothing was set aside while reading.
    work : EarlierWork, optional
        What people wrote into the lists of the runs, where the outcomes come from there.
    """

    name: str
    catalogue: Catalogue
    records: SchoolRecords | None = None
    runs: tuple[Run, ...] = ()
    outcomes: SchoolRecords | pd.DataFrame | None = None
    days: tuple[dt.date, ...] = ()
    days_assumed: bool = False
    municipality: str = ""
    made: bool = False
    all_well: bool = True
    work: EarlierWork | None = field(default=None, repr=False)
    _tables: dict[dt.date, pd.DataFrame] = field(default_factory=dict, repr=False)

    @classmethod
    def of_records(
        cls,
        records: SchoolRecords,
        as_of: Sequence[dt.date | str] = (),
        *,
        outcomes: SchoolRecords | pd.DataFrame | None = None,
        catalogue: Catalogue | None = None,
        name: str = "trained",
        municipality: str = "",
        made: bool = False,
    ) -> Past:
        """Look back on records; without days on as many beginnings of semesters as they allow.

        Examples
        --------
        >>> import pumpurs_risk as pr
        >>> past = Past.of_records(pr.make_cohort(300, form="tables", random_state=0))
        >>> past.days_assumed, len(past.days) >= 2
        (True, True)
        """
        from pumpurs_risk.batch.scoring import as_date
        from pumpurs_risk.catalogue import Catalogue

        known = catalogue or Catalogue.load()
        named = sorted({day for each in as_of if (day := as_date(each)) is not None})
        days = named or list_days(records, known, outcomes=outcomes)
        if not days:
            raise RecordsError("as_of_needed")
        return cls(
            name=name, catalogue=known, records=records, outcomes=outcomes, days=tuple(days), days_assumed=not named,
            municipality=municipality, made=made or records.truth is not None,
            all_well=records.report.ok and _all_used(outcomes),
        )  # fmt: skip

    def messages(self, lang: str) -> list[str]:
        """Say what people wrote into the lists and could not be used, and what contradicts there."""
        return [] if self.work is None else self.work.messages(lang)

    @property
    def titles(self) -> dict[str, str]:
        """Titles of the schools by their ids."""
        later = self.outcomes if not isinstance(self.outcomes, pd.DataFrame) else None
        frames = [each.schools for each in (self.records, later) if each is not None]
        titles = {
            str(school): str(title)
            for frame in frames
            for school, title in zip(frame["school_id"], frame["title"], strict=True)
            if isinstance(title, str) and title
        }
        for run in self.runs:
            if run.manifest is not None:
                titles |= {school.school_id: school.title for school in run.manifest.schools if school.title}
        return titles

    @property
    def source(self) -> SchoolRecords | None:
        """Records that say more than outcomes: schools, places, groups, support; None for runs with a bare table of outcomes."""
        if self.records is not None:
            return self.records
        return None if isinstance(self.outcomes, pd.DataFrame) else self.outcomes

    def stacked(self, horizon: str) -> Stacked:
        """Make the training table of one horizon, of those days of which it is known what became of anybody.

        Raises
        ------
        RecordsError
            If there are no outcomes, or of no day it is known.
        """
        tables = self._on(self.days)
        X, y, _, _ = whole = self._labelled(tables, horizon)
        known = y.notna().groupby(X["as_of"].to_numpy()).any()
        told = [(day, table) for day, table in tables if known.get(pd.Timestamp(day), False)]
        if len(told) == len(tables):
            return whole
        days = {day for day, _ in told}
        return self._labelled(told, horizon, rolls=[each for each in tables if each[0] not in days])

    def _labelled(
        self,
        tables: list[tuple[dt.date, pd.DataFrame]],
        horizon: str,
        rolls: Sequence[tuple[dt.date, pd.DataFrame]] = (),
    ) -> Stacked:
        if self.records is not None:
            return label_tables(self.records, tables, horizon, outcomes=self.outcomes, catalogue=self.catalogue)
        if self.outcomes is None:
            raise RecordsError("past_outcomes_needed")
        return stack_tables(tables, self.outcomes, horizon, rolls=rolls, catalogue=self.catalogue)

    def _on(self, days: Iterable[dt.date]) -> list[tuple[dt.date, pd.DataFrame]]:
        """Factor tables of these days, each made once."""
        if self.records is None:
            return [(run.as_of, run.factors) for run in self.runs]
        from pumpurs_risk.factors.table import factor_frame

        for day in days:
            if day not in self._tables:
                self._tables[day] = factor_frame(self.records, day, catalogue=self.catalogue)
        return [(day, self._tables[day]) for day in days]


def read_past(
    given: Sequence[Path],
    as_of: Sequence[str] = (),
    *,
    outcomes: Path | None = None,
    mapping: Path | None = None,
    key: Path | None = None,
    catalogue: Sequence[Path] = (),
    lang: str | None = None,
    id_scope: str | None = None,
    encoding: str | None = None,
) -> Past:
    """Read a folder of records, or several earlier runs.

    Parameters
    ----------
    given : sequence of Path
        One file or folder of records, or folders of runs.
    as_of : sequence of str
        Days, for records; of runs, those to be used. By default all that there are.
    outcomes : Path, optional
        File or folder that says what became of the pupils, where the records do not. Of runs it is otherwise taken from what
        people wrote into their lists and the copies beside them (``decisions/``).
    mapping, key, catalogue, lang, id_scope, encoding
        As for `pumpurs_risk.batch.semester.read_semester`.

    Returns
    -------
    Past

    Raises
    ------
    RunError
        If records and runs are mixed, or several folders of records are given, or no run bears a day that was asked for.
    PumpursError
        If something cannot be read.
    """
    from pumpurs_risk.batch.semester import read_semester
    from pumpurs_risk.records.uniting.overview import known_pupils

    runs = [path for path in given if (path / "run.json").is_file()]
    if runs and len(runs) < len(given):
        mixed = next(path for path in given if path not in runs)
        raise RunError("past_mixed", run=str(runs[0]), records=str(mixed))
    if not runs and len(given) > 1:
        raise RunError("past_several", folders=", ".join(map(str, given)))
    reading: dict[str, Any] = {
        "key": key,
        "catalogue": catalogue,
        "lang": lang,
        "id_scope": id_scope,
        "encoding": encoding,
    }
    if runs:
        past = _past_of_runs(runs, as_of, catalogue, gather=outcomes is None)
        if outcomes is None:
            return past
        ids = pd.concat([run.factors["pupil_id"] for run in past.runs])
        told = _read_outcomes(outcomes, pd.Index(ids.unique()), past.catalogue, mapping=mapping, **reading)
        return replace(past, outcomes=told, all_well=_all_used(told))
    read = read_semester(given[0], mapping=mapping, **reading)
    later: SchoolRecords | pd.DataFrame | None = None
    if outcomes is not None:
        ids = known_pupils(read.records.sheet, read.records.tables)["pupil_id"]
        later = _read_outcomes(outcomes, pd.Index(ids.unique()), read.catalogue, mapping=None, **reading)
    return Past.of_records(
        read.records, as_of, catalogue=read.catalogue, name=_slug(given[0].resolve()), outcomes=later,
        municipality=read.settings.municipality, made=_is_made(read.settings.purpose),
    )  # fmt: skip


def _past_of_runs(paths: Sequence[Path], as_of: Sequence[str], own: Sequence[Path], *, gather: bool) -> Past:
    from pumpurs_risk.batch.gathered import gathered_outcomes
    from pumpurs_risk.batch.opening import open_run
    from pumpurs_risk.batch.previous import EarlierWork
    from pumpurs_risk.batch.scoring import as_date
    from pumpurs_risk.catalogue import Catalogue

    known = Catalogue.load(*own)
    runs = sorted((open_run(path) for path in paths), key=lambda run: run.as_of)
    work = EarlierWork.read([run.path for run in runs if run.path], known, dt.date.max) if gather else None
    told = gathered_outcomes(work, runs) if work is not None else None
    wanted = [day for each in as_of if (day := as_date(each)) is not None]
    there = {run.as_of for run in runs}
    for day in wanted:
        if day not in there:
            raise RunError("past_no_run", day=str(day), days=", ".join(map(str, sorted(there))))
    runs = [run for run in runs if not wanted or run.as_of in wanted]
    places = {run.manifest.municipality for run in runs if run.manifest and run.manifest.municipality}
    return Past(
        name=_slug(paths[-1].resolve()), catalogue=known, runs=tuple(runs), outcomes=told, work=work,
        all_well=work is None or not work.messages("en"),
        days=tuple(run.as_of for run in runs), municipality=places.pop() if len(places) == 1 else "",
        made=any(_is_made(run.manifest.purpose) for run in runs if run.manifest),
    )  # fmt: skip


def _read_outcomes(
    path: Path, pupil_ids: pd.Index[Any], known: Catalogue, *, encoding: str | None, **reading: Any
) -> SchoolRecords | pd.DataFrame:
    """Read later records, which say more, or a file that holds nothing but outcomes."""
    from pumpurs_risk.batch.outcomes_file import read_outcomes_file
    from pumpurs_risk.batch.semester import read_semester

    try:
        later = read_semester(path, encoding=encoding, **reading).records
    except RecordsError as error:
        if error.code != "no_pupils":
            raise
        return read_outcomes_file(path, pupil_ids, known, encoding=encoding)
    if later.outcomes is None:
        raise RecordsError("past_no_outcomes", path=str(path))
    return later


def _all_used(outcomes: SchoolRecords | pd.DataFrame | None) -> bool:
    """Whether nothing was set aside; what a bare table of outcomes sets aside is refused where it is used."""
    return outcomes is None or isinstance(outcomes, pd.DataFrame) or outcomes.report.ok


def _is_made(purpose: str) -> bool:
    """Whether the settings are those of the made municipality."""
    return bool(purpose) and purpose in {text("datasets.purpose", lang) for lang in LANGUAGES}


def _slug(path: Path) -> str:
    """Name of a file or folder without its day, in plain letters: ``Mežnovads_2027-01-15`` gives ``meznovads``."""
    from unicodedata import normalize

    stem = re.sub(r"_\d{4}-\d{2}-\d{2}(_\d+)?$", "", path.stem if path.is_file() else path.name)
    plain = "".join(c for c in normalize("NFKD", stem.casefold()) if c.isascii())
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "trained"
