"""The end of keeping: runs whose day has passed go, with their papers and the plans and kept copies that belong to them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import msgspec

from pumpurs_risk.batch.manifest import Manifest, read_manifest
from pumpurs_risk.batch.retention.acts import FILE_NAME, with_act
from pumpurs_risk.batch.retention.find import WORKBOOKS, Holdings
from pumpurs_risk.batch.retention.swap import swapping
from pumpurs_risk.errors import RunError
from pumpurs_risk.locale import date_text, number, text

_OF_A_RUN = (".parquet", ".json", ".csv", ".xlsx", ".xlsm", ".xls", ".ods", ".html", ".txt", ".docx", ".md", ".pdf")
"""Kinds of files that this library writes into a run, or that staff save a workbook as."""


@dataclass(frozen=True)
class ExpiredRun:
    """One run that may no longer be kept.

    Parameters
    ----------
    name : str
        Path below the folder.
    keep_until : datetime.date
        Last day on which it might be kept.
    files : tuple of str
        What goes: the run's files, the plans drafted from it alone, and the copies collected for it.
    """

    name: str
    keep_until: dt.date
    files: tuple[str, ...]


@dataclass(frozen=True)
class Purged:
    """What was removed, or would be.

    Parameters
    ----------
    runs : tuple of ExpiredRun
        The runs.
    kept : tuple of str
        Files in their folders that this library does not know and did not touch.
    day : datetime.date
        The day that counted as today.
    done : bool
        False if nothing was removed.
    """

    runs: tuple[ExpiredRun, ...]
    kept: tuple[str, ...]
    day: dt.date
    done: bool

    def lines(self, lang: str) -> list[str]:
        """Say it, in the reader's language."""
        day = date_text(self.day, lang)
        if not self.runs:
            return [text("retention.purge.none", lang, day=day)]
        said = [text(f"retention.purge.{'done' if self.done else 'would'}", lang, day=day)]
        for run in self.runs:
            until, files = date_text(run.keep_until, lang), number(len(run.files), lang)
            said.append(text("retention.purge.run", lang, run=run.name, until=until, files=files))
        if self.kept:
            said.append(text("retention.purge.left", lang, n=number(len(self.kept), lang)))
            said += [text("retention.purge.kept", lang, file=file) for file in self.kept]
        return said


def purge(folder: str | Path, *, today: dt.date | None = None, dry_run: bool = True) -> Purged:
    """Remove runs whose `keep_until` has passed.

    Parameters
    ----------
    folder : path
        Where runs, ``plans/`` and ``decisions/`` lie.
    today : datetime.date, optional
        The day that counts; a run may be kept on its last day still.
    dry_run : bool, default=True
        Only say what would go.

    Returns
    -------
    Purged

    Raises
    ------
    RunError
        If there is no such folder, or a run in it cannot be read. Nothing is removed then.

    Notes
    -----
    A plan belongs to the run that it names, and so does every Word document with the plan's id, under whatever name; a plan
    that a later run drafted again stays. A copy belongs to the run whose
    list it is. Whatever else lies there (the schools' own files, models, the key file, runs that are being made) is
    never touched.

    Examples
    --------
    >>> import datetime as dt, tempfile
    >>> import pumpurs_risk as pr
    >>> records = pr.make_cohort(n_pupils=60, random_state=0, form="sheet")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = pr.score(records, as_of="2027-01-15", out=f"{folder}/run")
    ...     early = purge(folder, today=dt.date(2027, 6, 1), dry_run=False)
    ...     late = purge(folder, today=dt.date(2029, 6, 1), dry_run=False)
    ...     left = (Path(folder) / "run").exists()
    >>> len(early.runs), len(late.runs), left
    (0, 1, False)
    """
    top = Path(folder)
    if not top.is_dir():
        raise RunError("folder_of_runs_missing", path=str(top))
    day = today or dt.date.today()
    with swapping(top) as swap:
        holdings = Holdings.below(top)
        manifests = {run: read_manifest(run) for run in holdings.runs}
        expired = {run: manifest for run, manifest in manifests.items() if manifest.keep_until < day}
        found, kept = [], []
        plans = 0
        for run, manifest in expired.items():
            mine, others = _files_of(run)
            kept += [holdings.name_of(path) for path in others]
            belonging, with_it = _belonging(holdings, run, manifest, set(manifests) - set(expired))
            plans += with_it
            files = [*mine, *belonging]
            for path in files:
                swap.remove(path)
            found.append(ExpiredRun(holdings.name_of(run), manifest.keep_until, tuple(map(holdings.name_of, files))))
        done = Purged(tuple(found), tuple(kept), day, bool(found) and not dry_run)
        if done.done:
            removed = sum(len(run.files) for run in found)
            swap.put(top / FILE_NAME, with_act(top, "purge", runs=len(found), plans=plans, changed=0, removed=removed))
            swap.commit()
    return done


def _files_of(run: Path) -> tuple[list[Path], list[Path]]:
    """Files of a run that this library knows, run.json last (while it is there, the rest can be found again); others."""
    known: list[Path] = []
    others: list[Path] = []
    for path in sorted(path for path in run.rglob("*") if path.is_file()):
        place = path.relative_to(run).parts[0]
        ours = path.suffix.lower() in _OF_A_RUN and (place in ("data", "schools", "municipality", "run.json"))
        (known if ours else others).append(path)
    known.sort(key=lambda path: path.name == "run.json" and path.parent == run)
    return known, others


def _belonging(holdings: Holdings, run: Path, manifest: Manifest, living: set[Path]) -> tuple[list[Path], int]:
    """Plans and copies outside of a run that belong to it; how many plans."""
    names = {each.name for each in living}
    jsons = [path for path in holdings.files if path.suffix.lower() == ".json"]
    plans: dict[Path, str] = {}
    copies: list[Path] = []
    for path in holdings.files:
        kind = path.suffix.lower()
        if kind == ".json":
            plan = _plan(path)
            if plan and plan.get("run") == run.name and run.name not in names and _semester_is(plan, manifest):
                plans[path] = str(plan["plan_id"])
        elif kind in WORKBOOKS and run.name not in names:
            book = holdings.workbook(path)
            if book and book.facts.get("run") == run.name and book.facts.get("as_of") == manifest.as_of.isoformat():
                copies.append(path)
    gone = {*plans.values()}
    kept = {str(plan["plan_id"]) for path in jsons if path not in plans and (plan := _plan(path))} if gone else set()
    documents = [
        path
        for path in holdings.files
        if path.suffix.lower() == ".docx" and gone
        if path.with_suffix(".json") in plans or holdings.plan_of(path) in gone - kept
    ]
    return [*plans, *documents, *copies], len(set(plans.values()))


def _plan(path: Path) -> dict[str, object] | None:
    try:
        document = msgspec.json.decode(path.read_bytes())
    except (msgspec.DecodeError, RecursionError, OSError):
        return None
    return document if isinstance(document, dict) and {"plan_id", "pupil_id", "run"} <= document.keys() else None


def _semester_is(plan: dict[str, object], manifest: Manifest) -> bool:
    return not plan.get("semester") or not manifest.semester or plan["semester"] == manifest.semester
