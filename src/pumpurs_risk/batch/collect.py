"""Takes copies of a list that came back under any name: knows whose they are, and keeps them beside the run."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pumpurs_risk.batch.folder import distinct_names
from pumpurs_risk.batch.manifest import Manifest, read_manifest
from pumpurs_risk.batch.previous import EarlierWork, carried_by, written_into
from pumpurs_risk.batch.written import ListCopy, decisions_folder, label_of, own_workbooks, workbooks_in
from pumpurs_risk.errors import PumpursError, RecordsError, RunError
from pumpurs_risk.locale import date_text, text
from pumpurs_risk.reports import Returned, read_returned

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue

_WRITTEN = ("decisions", "answers", "added", "outcomes")


@dataclass(frozen=True)
class Kept:
    """One copy that was taken."""

    file: str
    """Its name as it was given."""
    label: str
    """Where it lies now."""
    school_id: str
    counts: dict[str, int] = field(default_factory=dict)
    """How many decisions, answers, added pupils and outcomes people wrote into it."""


@dataclass(frozen=True)
class Aside:
    """One file that was not taken, or of which something must be said."""

    file: str
    code: str
    """Key in ``collect.aside``; empty where `error` says it."""
    params: dict[str, Any] = field(default_factory=dict)
    error: PumpursError | None = None


@dataclass(frozen=True, eq=False)
class Collected:
    """What came of collecting.

    Parameters
    ----------
    path : Path
        The run.
    as_of : datetime.date
        Day of its list.
    titles : dict of str to str
        Its schools.
    received : tuple of str
        Ids of schools whose copy was received, now or before, or who wrote into the run's own workbook.
    kept : tuple of Kept
        Copies taken now.
    known : tuple of str
        Files of which the very same copy had been taken before.
    aside : tuple of Aside
        Files that were not taken, and why; files that may not be complete yet.
    work : EarlierWork
        What all copies of this list say now, with contradictions and cells that cannot be used.
    """

    path: Path
    as_of: dt.date
    titles: dict[str, str]
    received: tuple[str, ...]
    kept: tuple[Kept, ...]
    known: tuple[str, ...]
    aside: tuple[Aside, ...]
    work: EarlierWork

    @property
    def missing(self) -> tuple[str, ...]:
        """Ids of schools of which nothing was received yet."""
        return tuple(school for school in self.titles if school not in self.received)

    @property
    def all_well(self) -> bool:
        """Whether every school is there, every file was taken, and nothing contradicts."""
        return not (self.missing or self.aside or len(self.work.conflicts) or self.work.messages("en"))

    @property
    def nothing(self) -> bool:
        """Whether none of the files belongs to this list."""
        return not self.kept and not self.known

    def lines(self, lang: str) -> list[str]:
        """Say the result.

        Parameters
        ----------
        lang : {"lv", "en"}
            The reader's language.

        Returns
        -------
        list of str
            Schools received and not received, what was taken, what was not and why, what contradicts.
        """
        n, expected = len(self.received), len(self.titles)
        missing = ", ".join(self.titles[school] for school in self.missing)
        first = "received_some" if missing else "received_all"
        lines = [
            text(f"collect.{first}", lang, n=n, expected=expected, missing=missing, day=date_text(self.as_of, lang))
        ]
        for copy in self.kept:
            title = self.titles[copy.school_id]
            lines.append(text("collect.kept", lang, title=title, file=copy.file, place=copy.label, **copy.counts))
        lines += [text("collect.known", lang, file=file) for file in self.known]
        lines += [_said(aside, lang) for aside in self.aside]
        return lines + [f"  - {line}" for line in self.work.messages(lang)]


def collect(run: str | Path, files: Sequence[str | Path], *, catalogue: Catalogue | None = None) -> Collected:
    """Take copies of a run's lists that came back, for example by e-mail.

    They are kept in ``decisions/RUN/SCHOOL`` beside the run, where the next list, training and evaluation find them. What
    lies there is never overwritten, and the same copy is kept once.

    Parameters
    ----------
    run : str or Path
        The run whose lists were handed out.
    files : sequence of str or Path
        Workbooks, or folders of them, under any names.
    catalogue : Catalogue, optional
        For the answers; default the shipped one.

    Returns
    -------
    Collected
        Which schools are there, what was taken, what not and why, and where copies contradict each other.

    Raises
    ------
    RunError
        If there is no such run, or the copies cannot be written; none of them is left half written then.
    """
    from pumpurs_risk.catalogue import Catalogue

    known_catalogue = catalogue or Catalogue.load()
    run = Path(run)
    manifest = read_manifest(run)
    collecting = _Collecting(run, manifest, known_catalogue)
    for file in files:
        collecting.look_at(Path(file))
    collecting.keep()
    return collecting.result()


class _Collecting:
    """One collection; nothing is written before every file has been looked at."""

    def __init__(self, run: Path, manifest: Manifest, catalogue: Catalogue) -> None:
        self.run, self.manifest, self.catalogue = run, manifest, catalogue
        self.titles = {school.school_id: school.title or school.school_id for school in manifest.schools}
        self.folders = distinct_names({school: school for school in self.titles})
        self.place = decisions_folder(run)
        self.aside: list[Aside] = []
        self.own = self._read(own_workbooks(run))
        self.before = self._read(workbooks_in(self.place))
        self.names = {run.resolve().name, *(copy.returned.run for copy in self.own)}
        self.here = {copy.path.resolve() for copy in (*self.own, *self.before)}
        self.taken = {_digest(copy.path.read_bytes()): copy.path.name for copy in self.before}
        self.fresh: list[tuple[Path, bytes, Returned]] = []
        self.known: list[str] = []
        self.kept: list[ListCopy] = []
        self.sources: dict[Path, str] = {}

    def _read(self, paths: Sequence[Path]) -> list[ListCopy]:
        """Read workbooks that lie beside the run already; one that cannot be read is named."""
        copies = []
        for path in paths:
            try:
                returned = read_returned(path, catalogue=self.catalogue)
            except (RecordsError, OSError) as error:
                self._set_aside(path, error, label_of(path, self.run))
                continue
            copies.append(ListCopy(path, label_of(path, self.run), returned))
        return copies

    def look_at(self, given: Path) -> None:
        """Look at a file, or at every workbook of a folder."""
        if not given.exists():
            self.aside.append(Aside(str(given), "no_file"))
            return
        if given.is_dir():
            inside = workbooks_in(given)
            if not inside:
                self.aside.append(Aside(str(given), "empty_folder"))
            for path in inside:
                self._look_at(path)
            return
        self._look_at(given)

    def _look_at(self, path: Path) -> None:
        if path.resolve() in self.here:
            self.known.append(label_of(path, self.run))
            return
        try:
            content = path.read_bytes()
            returned = read_returned(path, catalogue=self.catalogue)
        except (RecordsError, OSError) as error:
            self._set_aside(path, error, path.name)
            return
        code = self._strange(returned)
        if code:
            day = returned.as_of
            self.aside.append(Aside(path.name, code, {"list": returned.run, "day": day}))
            return
        if _is_open(path):
            self.aside.append(Aside(path.name, "open"))
        digest = _digest(content)
        if digest in self.taken:
            self.known.append(path.name)
            return
        self.taken[digest] = path.name
        self.fresh.append((path, content, returned))

    def _strange(self, returned: Returned) -> str:
        """Say why a workbook is no copy of this run's list; "" if it is one."""
        if not returned.school_id or returned.as_of is None:
            return "no_about"
        if returned.as_of != self.manifest.as_of or (returned.run and returned.run not in self.names):
            return "other_list"
        return "" if returned.school_id in self.titles else "other_school"

    def _set_aside(self, path: Path, error: Exception, file: str) -> None:
        if isinstance(error, PumpursError):
            self.aside.append(Aside(file, "", error=error))
        else:
            reason = getattr(error, "strerror", None) or str(error)
            self.aside.append(Aside(file, "not_readable", {"detail": reason}))

    def keep(self) -> None:
        """Write the copies: all of them, or none."""
        made: list[Path] = []
        try:
            for source, content, returned in self.fresh:
                folder = self.place / self.folders[returned.school_id]
                folder.mkdir(parents=True, exist_ok=True)
                target = _write_anew(folder / source.name, content)
                made.append(target)
                self.sources[target] = source.name
                self.kept.append(ListCopy(target, label_of(target, self.run), returned))
        except OSError as error:
            for target in made:
                target.unlink(missing_ok=True)
            raise RunError("cannot_write", path=str(self.place), detail=error.strerror or str(error)) from None

    def result(self) -> Collected:
        copies = [*self.own, *self.before, *self.kept]
        carried = carried_by(self.run)
        work = written_into(self.run, self.manifest, carried, copies)
        wrote = {copy.returned.school_id for copy in self.own if any(self._counts(copy, carried).values())}
        there = wrote | {copy.returned.school_id for copy in (*self.before, *self.kept)}
        return Collected(
            path=self.run,
            as_of=self.manifest.as_of,
            titles=self.titles,
            received=tuple(school for school in self.titles if school in there),
            kept=tuple(
                Kept(self.sources[c.path], c.label, c.returned.school_id, self._counts(c, carried)) for c in self.kept
            ),
            known=tuple(self.known),
            aside=tuple(self.aside),
            work=work,
        )

    def _counts(self, copy: ListCopy, carried: EarlierWork) -> dict[str, int]:
        """How much people wrote into one copy."""
        work = written_into(self.run, self.manifest, carried, [copy])
        return {name: len(getattr(work, name)) for name in _WRITTEN}


def _write_anew(wanted: Path, content: bytes) -> Path:
    """Write a file whole under a name that is free: behind an existing one stands _2, _3 and so on."""
    partial = wanted.with_name(f".{wanted.name}.partial")
    try:
        with partial.open("wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        for target in _names(wanted):
            if not target.exists():
                partial.rename(target)
                return target
    finally:
        partial.unlink(missing_ok=True)
    raise FileExistsError(str(wanted))


def _names(wanted: Path) -> Iterator[Path]:
    yield wanted
    for n in range(2, 10_000):
        yield wanted.with_name(f"{wanted.stem}_{n}{wanted.suffix}")


def _is_open(path: Path) -> bool:
    """Whether a spreadsheet program has left its lock beside the file: what is typed there may not be saved yet."""
    return any((path.parent / lock).exists() for lock in (f"~${path.name}", f".~lock.{path.name}#"))


def _said(aside: Aside, lang: str) -> str:
    if aside.error is not None:
        return text("collect.aside.error", lang, file=aside.file, said=aside.error.message(lang))
    day = aside.params.get("day")
    words = aside.params | {"day": date_text(day, lang) if day else "–"}
    return text(f"collect.aside.{aside.code}", lang, file=aside.file, **words)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
