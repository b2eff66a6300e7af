"""One semester from the command line: settings found, data read, earlier runs found, the folder named, the run made."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from pumpurs_risk.batch.folder import free_name
from pumpurs_risk.batch.known_when import known_when_notes
from pumpurs_risk.batch.manifest import read_manifest
from pumpurs_risk.batch.run import Run, RunSettings
from pumpurs_risk.batch.scoring import Progress, as_date, places_of, score
from pumpurs_risk.batch.settings import FILE_NAME, FoundSettings, find_settings
from pumpurs_risk.catalogue.toml_lines import key_lines
from pumpurs_risk.errors import RecordsError, RunError
from pumpurs_risk.flags import FlagPolicy
from pumpurs_risk.locale import date_text, number, text

if TYPE_CHECKING:
    import pandas as pd

    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.school_records import SchoolRecords


@dataclass(frozen=True)
class ReadSemester:
    """What was read, before anything is scored."""

    records: SchoolRecords
    catalogue: Catalogue
    found: FoundSettings
    as_of: dt.date
    as_of_assumed: bool
    settings: RunSettings

    def lines(self, lang: str) -> list[str]:
        """Say what was read, per school."""
        from pumpurs_risk.records.tables.contract import table_contracts

        contracts = table_contracts(self.catalogue)
        counts = self.records.report.counts
        lines = []
        if self.settings.expected:
            lines.append(self.settings.received(lang))
        for row in counts.itertuples(index=False):
            where = f"{row.file!s} [{row.sheet!s}]" if row.sheet else str(row.file)
            if row.table != "sheet":
                where += f" – {contracts[str(row.table)].titles[lang]}"
            lines.append(
                text(
                    "cli.table_read",
                    lang,
                    where=where,
                    rows=row.rows_in,
                    used=row.used,
                    not_used=row.not_used,
                    rejected=row.rejected,
                )
            )
        aside = int((self.records.report.problems["severity"] == "set_aside").sum())
        notices = len(self.records.report.problems) - aside
        lines.append(text("cli.problems", lang, aside=aside, notices=notices))
        return lines


@dataclass(frozen=True)
class MadeSemester:
    """A run and what to tell of it."""

    run: Run
    read: ReadSemester
    previous: tuple[Path, ...] = field(default=())
    """Earlier runs whose answers and decisions were carried over."""
    unused: tuple[Path, ...] = field(default=())
    """Earlier runs of the same schools beside the data that belong to other data and were not used."""

    @property
    def all_well(self) -> bool:
        """Whether nothing was set aside and every expected school is there."""
        assert self.run.records is not None
        return self.run.records.report.ok and not self.read.settings.not_received and not self.run.not_understood

    def lines(self, lang: str) -> list[str]:
        """Say the result: per school one line, then the files to open."""
        run = self.run
        assert run.path is not None and run.manifest is not None
        lines = [self.read.settings.received(lang)] if self.read.settings.expected else []
        lines += [text("cli.previous_read", lang, run=path.name) for path in self.previous]
        if self.unused:
            names = ", ".join(path.name for path in self.unused)
            lines.append(text("cli.previous_unused", lang, runs=names))
        lines += [f"  - {said}" for said in run.not_understood]
        if self.read.as_of_assumed:
            lines.append(text("cli.as_of_assumed", lang, date=date_text(run.as_of, lang)))
        lines += known_when_notes(self.read.records, run.as_of, self.read.catalogue, lang)
        scored = sum(school.scored for school in run.manifest.schools)
        outside = sum(school.out_of_scope for school in run.manifest.schools)
        rejected = sum(school.rows_rejected for school in run.manifest.schools)
        lines.append(
            text("cli.scored", lang, count=scored, scored=number(scored, lang), outside=outside, rejected=rejected,
                 date=date_text(run.as_of, lang))
        )  # fmt: skip
        for school in run.manifest.schools:
            low, high = school.above_low, school.above_high
            span = "" if low == high == school.above else text("cli.above_span", lang, low=low, high=high)
            lines.append(
                text("cli.school_line", lang, title=school.title, above=school.above, span=span,
                     places=school.places, not_covered=school.not_covered,
                     listed=school.listed, ask=school.ask_first)
            )  # fmt: skip
        lines.append(text("cli.open", lang))
        lines += [f"  {path}" for path in sorted((run.path / "schools").glob("*/support_staff/*.*"))]
        lines += [f"  {path}" for path in sorted((run.path / "municipality").glob("*.html"))]
        if any((run.path / "schools").glob("*/class_teacher")):
            lines.append(text("cli.by_audience", lang, path=run.path / "schools"))
        lines.append(text("cli.plans_next", lang, path=run.path))
        lines.append(text("cli.for_analysts", lang, path=run.path / "data"))
        return lines


def read_semester(
    data: Path,
    *,
    as_of: str | None = None,
    mapping: Path | None = None,
    lang: str | None = None,
    key: Path | None = None,
    id_scope: str | None = None,
    catalogue: Sequence[Path] = (),
    encoding: str | None = None,
) -> ReadSemester:
    """Read a file or folder with the settings found above it; nothing is written.

    Parameters
    ----------
    data : Path
        What was handed in.
    as_of, mapping, lang, key, id_scope, catalogue, encoding
        Overrule ``pumpurs.toml``.

    Returns
    -------
    ReadSemester

    Raises
    ------
    RecordsError, MappingError, CatalogueError, RunError
        If it cannot be read at all.
    """
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records import read_records

    if not data.exists():
        raise RecordsError("folder_missing", path=str(data))
    found = find_settings(data)
    stated = found.settings
    own = [*(found.path(p) for p in stated.catalogue), *catalogue]
    known = Catalogue.load(*own, programme=stated.programme or "pumpurs")
    _check_semesters(found, known)
    day = as_date(as_of) or stated.as_of
    schools = {name: msgspec.structs.asdict(school) for name, school in stated.schools.items()}
    for school in schools.values():
        school["mapping"] = found.path_or_name(school["mapping"]) if school["mapping"] else None
    records = read_records(
        data,
        mapping=mapping or (found.path_or_name(stated.mapping) if stated.mapping else None),
        key=key or (found.path(stated.key) if stated.key else None),
        id_scope=id_scope or stated.id_scope or None,
        lang=lang or stated.lang or "lv",
        encoding=encoding or stated.encoding or None,
        catalogue=known,
        as_of=day,
        semester=stated.semester or None,
        lower_grades=stated.lower_grades,
        schools=schools,
    )
    assumed = day is None and records.as_of is None
    missing = tuple(s.title or name for name, s in stated.schools.items() if name not in records.school_ids)
    return ReadSemester(
        records=records,
        catalogue=known,
        found=found,
        as_of=day or records.as_of or dt.date.today(),
        as_of_assumed=assumed,
        settings=RunSettings(
            municipality=stated.municipality or _only(records.schools["municipality"]),
            purpose=stated.purpose,
            keep_until=stated.keep_until,
            not_received=missing,
            expected=len(stated.schools),
        ),
    )


def run_semester(
    data: Path,
    *,
    out: Path | None = None,
    places: int | None = None,
    threshold: float | None = None,
    cut_by: str | None = None,
    prevalence: float | None = None,
    model: str | None = None,
    previous: Sequence[Path] = (),
    no_previous: bool = False,
    lists_only: bool = False,
    without: str | None = None,
    no_names: bool = False,
    progress: Progress | None = None,
    lang: str | None = None,
    **reading: Any,
) -> MadeSemester:
    """Make a run beside the data (or at `out`); see `read_semester` and `pumpurs_risk.batch.scoring.score`.

    Raises
    ------
    PumpursError
        If nothing can be scored or written; nothing is left behind then.
    """
    if out is not None and (out.exists() or out.is_symlink()):
        raise RunError("run_exists", path=str(out))
    read = read_semester(data, lang=lang, **reading)
    stated = read.found.settings
    language = lang or stated.lang or "lv"
    target = out or free_name(default_name(data, read.as_of))
    earlier = list(previous) or ([] if no_previous else earlier_runs(data, read.as_of))
    unused = [] if no_previous else unused_runs(data, read.as_of, read.records.school_ids, previous)
    stated_places: int | dict[str, int] | None = places if places is not None else stated.places
    if stated_places is None:
        stated_places = places_of(read.records)
    policy = FlagPolicy(
        places=stated_places,
        threshold=threshold or stated.threshold or FlagPolicy.threshold,
        cut_by=cut_by or stated.cut_by or None,  # type: ignore[arg-type]
    )
    chosen = model or (str(read.found.path_or_name(stated.model)) if stated.model else "literature-prior")
    run = score(
        read.records,
        as_of=read.as_of,
        model=chosen,
        out=target,
        policy=policy,
        lang=language,
        prevalence=prevalence or stated.prevalence,
        previous=earlier,
        catalogue=read.catalogue,
        settings=read.settings,
        progress=progress,
        lists_only=lists_only,
        without=without or "",  # type: ignore[arg-type]
        with_names=not no_names,
    )
    return MadeSemester(run=run, read=read, previous=tuple(earlier), unused=tuple(unused))


def default_name(data: Path, as_of: dt.date) -> Path:
    """Where the result lies by default: beside the data, as NAME_2027-01-15."""
    whole = data.resolve()
    stem = whole.name if whole.is_dir() else whole.stem
    return whole.parent / f"{stem}_{as_of.isoformat()}"


def earlier_runs(data: Path, as_of: dt.date) -> list[Path]:
    """Finished runs of the same data beside it, not later than `as_of`, the oldest first.

    Raises
    ------
    RunError
        If one of them is damaged: what people wrote into it would be lost silently.
    """
    whole = data.resolve()
    ours = _names_of_runs(whole)
    found = []
    for path in whole.parent.iterdir():
        if ours.fullmatch(path.name) and (path / "run.json").is_file():
            manifest = read_manifest(path)
            if manifest.as_of <= as_of:
                found.append((manifest.as_of, manifest.made_at, path.name, path))
    return [path for *_, path in sorted(found)]


def unused_runs(data: Path, as_of: dt.date, schools: Iterable[str], named: Sequence[Path] = ()) -> list[Path]:
    """Finished runs beside the data that were made from other data of the same schools: what people decided there is not read.

    Parameters
    ----------
    data : Path
        What was handed in.
    as_of : datetime.date
        Day of the new list; only earlier ones count.
    schools : iterable of str
        Ids of its schools.
    named : sequence of Path
        Runs that the user named; if one of these is among those found, the choice was made and nothing is said.

    Returns
    -------
    list of Path
        The oldest first. A run that cannot be read is nobody's business here.
    """
    whole = data.resolve()
    ours, here = _names_of_runs(whole), {*schools}
    found = []
    for path in whole.parent.iterdir():
        if path == whole or ours.fullmatch(path.name) or not (path / "run.json").is_file():
            continue
        try:
            manifest = read_manifest(path)
        except RunError:
            continue
        if manifest.as_of < as_of and here & {school.school_id for school in manifest.schools}:
            found.append((manifest.as_of, manifest.made_at, path.name, path))
    if {path.resolve() for path in named} & {path for *_, path in found}:
        return []
    return [path for *_, path in sorted(found)]


def _names_of_runs(data: Path) -> re.Pattern[str]:
    """How runs of the data are called by default, see `default_name`."""
    stem = data.name if data.is_dir() else data.stem
    return re.compile(re.escape(stem) + r"_\d{4}-\d{2}-\d{2}(_\d+)?")


def _check_semesters(found: FoundSettings, catalogue: Catalogue) -> None:
    """Refuse a semester that nobody defined, with the line of the settings file."""
    stated: dict[tuple[str, ...], str] = {("semester",): found.settings.semester}
    stated |= {("schools", name, "semester"): school.semester for name, school in found.settings.schools.items()}
    for keys, semester in stated.items():
        if semester and semester not in catalogue.calendar:
            text_of_file = found.path(FILE_NAME).read_text(encoding="utf-8-sig")
            known = ", ".join(list(catalogue.calendar)[-4:])
            raise RunError(
                "settings_value", path=FILE_NAME, line=key_lines(text_of_file).get(keys, 1),
                detail=f"{'.'.join(keys)} = {semester}: {known}",
            )  # fmt: skip


def _only(words: pd.Series[Any]) -> str:
    """The one word that all schools share; "" if they differ or say nothing."""
    said = {str(word) for word in words.dropna() if str(word)}
    return said.pop() if len(said) == 1 else ""
