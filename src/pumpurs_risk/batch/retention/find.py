"""Finds runs below a folder, and what one pupil is known by in all that lies there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pumpurs_risk.batch.folder import PARTIAL
from pumpurs_risk.batch.manifest import read_manifest
from pumpurs_risk.batch.retention.swap import PLACE
from pumpurs_risk.batch.retention.traces import Traces
from pumpurs_risk.batch.retention.workbooks import Workbook
from pumpurs_risk.errors import PumpursError, RunError
from pumpurs_risk.plans import plan_id

WORKBOOKS = (".xlsx", ".xlsm")
OTHER_WORKBOOKS = (".xls", ".ods", ".xlsb")


@dataclass(frozen=True)
class Holdings:
    """Everything that lies below a folder.

    Parameters
    ----------
    folder : Path
        Where runs, plans and kept copies lie.
    runs : tuple of Path
        Finished runs.
    files : tuple of Path
        All files outside of runs.
    """

    folder: Path
    runs: tuple[Path, ...]
    files: tuple[Path, ...]
    _plans_read: dict[Path, str] = field(default_factory=dict, repr=False, compare=False)
    _books: dict[Path, Workbook | None] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def below(cls, folder: str | Path) -> Holdings:
        """Look through a folder.

        Raises
        ------
        RunError
            If there is no such folder, nothing of this library in it, or a run that cannot be read: it might hold the
            pupil.
        """
        top = Path(folder)
        if not top.is_dir():
            raise RunError("folder_of_runs_missing", path=str(top))
        runs: list[Path] = []
        files: list[Path] = []
        for place, folders, names in os.walk(top):
            here = Path(place)
            if "run.json" in names:
                read_manifest(here)
                runs.append(here)
                folders.clear()
                continue
            folders[:] = sorted(f for f in folders if f != PLACE and not f.endswith(PARTIAL))
            files += [here / name for name in sorted(names) if not name.startswith(("~$", "."))]
        if not runs and not files:
            raise RunError("folder_of_runs_empty", path=str(top))
        return cls(top, tuple(sorted(runs)), tuple(files))

    def all_files(self) -> Iterator[Path]:
        """Every file: those of the runs, then the others."""
        for run in self.runs:
            yield from sorted(path for path in run.rglob("*") if path.is_file() and not path.name.startswith("~$"))
        yield from self.files

    def workbook(self, path: Path) -> Workbook | None:
        """A list of this library as a workbook; None for a workbook of somebody else's."""
        if path not in self._books:
            try:
                book = Workbook(path)
            except RunError:
                if any(run in path.parents for run in self.runs):
                    raise RunError("erase_unreadable", file=path.name, detail="xlsx") from None
                self._books[path] = None
                return None
            self._books[path] = book if book.ours else None
        return self._books[path]

    def plan_of(self, path: Path) -> str:
        """Which plan a Word document is, under whatever name; "" for every other document and for one that cannot be read."""
        from pumpurs_risk.reports.docx_reading import read_plan_docx

        if path not in self._plans_read:
            try:
                self._plans_read[path] = read_plan_docx(path).plan_id
            except (PumpursError, OSError):
                self._plans_read[path] = ""
        return self._plans_read[path]

    def name_of(self, path: Path) -> str:
        """Path below the folder, for messages."""
        return path.relative_to(self.folder).as_posix()


def find_pupil(holdings: Holdings, given: str, key: str | Path | None = None) -> Traces:
    """Find out whom an id means, and what else that pupil is known by.

    Parameters
    ----------
    holdings : Holdings
        Where to look.
    given : str
        The pupil's id as files hold it (also a pseudonym), the school's own id, or ``school:id``.
    key : path, optional
        The key file: it knows own ids and names.

    Returns
    -------
    Traces

    Raises
    ------
    RunError
        If nobody is found (``pupil_not_found``), or pupils of several schools bear the id (``pupil_ambiguous``, which
        names the schools).
    """
    wanted = given.strip()
    school, colon, own = wanted.partition(":")
    owners: dict[tuple[str, str], set[str]] = {}  # (id, school) -> classes
    for run in holdings.runs:
        for pupil_id, where, class_id in _ids_like(run, wanted, own if colon else wanted):
            owners.setdefault((pupil_id, where), set()).add(class_id)
    for plan in _plans(holdings):
        pupil_id, where = plan["pupil_id"], str(plan.get("school_id", ""))
        if _is_like(pupil_id, wanted, own if colon else wanted):
            owners.setdefault((pupil_id, where), set()).add(str(plan.get("class_id", "")))
    names = _key_names(key)
    for pupil_id, where, _, own_id in names:
        if wanted in (pupil_id, own_id, f"{where}:{own_id}" if own_id else pupil_id):
            owners.setdefault((pupil_id, where), set())
    if colon:  # the school is said: an id of the same own id elsewhere is somebody else's
        owners = {k: v for k, v in owners.items() if k[0] == wanted or (k[1] == school and k[0] != wanted)}
    elif any(pupil_id == wanted for pupil_id, _ in owners):
        schools = {where for pupil_id, where in owners if pupil_id == wanted}
        same = {k: v for k, v in owners.items() if k[0] == wanted or k[1] in schools}
        if len(same) < len(owners):
            raise _ambiguous(owners)
        owners = same
    elif len({where for _, where in owners}) > 1:
        raise _ambiguous(owners)
    if not owners:
        raise RunError("pupil_not_found", path=str(holdings.folder), runs=len(holdings.runs))
    found = Traces(frozenset(pupil_id for pupil_id, _ in owners))
    found = found.also(schools=[where for _, where in owners], classes=[c for each in owners.values() for c in each])
    found = found.also(
        shown=[word for pupil_id, _, name, own_id in names if pupil_id in found.ids for word in (name, own_id)]
    )
    return _known_on_papers(holdings, found)


def _known_on_papers(holdings: Holdings, found: Traces) -> Traces:
    """Add what lists and plans call the pupil."""
    own = [each.removeprefix(f"{school}:") for each in found.ids for school in found.schools]
    found = found.also(shown=own)
    for path in holdings.all_files():
        if path.suffix.lower() in WORKBOOKS:
            book = holdings.workbook(path)
            for pupil_id in found.ids & set(book.people if book else ()):
                assert book is not None
                shown, class_id = book.people[pupil_id]
                found = found.also(shown=[shown], classes=[class_id], schools=[book.facts.get("school_id", "")])
    plans = [plan for plan in _plans(holdings) if plan["pupil_id"] in found.ids]
    semesters = {read_manifest(run).semester for run in holdings.runs} - {""}
    drafted = [plan_id(i, school, each) for i in found.ids for school in found.schools for each in semesters]
    return found.also(
        plans=[*drafted, *(str(plan["plan_id"]) for plan in plans)],
        classes=[str(plan.get("class_id") or "") for plan in plans],
        schools=[str(plan.get("school_id") or "") for plan in plans],
    )


def _ambiguous(owners: dict[tuple[str, str], set[str]]) -> RunError:
    schools = sorted({where for _, where in owners})
    return RunError("pupil_ambiguous", schools=", ".join(schools), example=schools[0])


def _ids_like(run: Path, wanted: str, own: str) -> set[tuple[str, str, str]]:
    """Pupils of a run whose id is the wanted one, or a school's own id behind the school."""
    found: set[tuple[str, str, str]] = set()
    for path in sorted((run / "data").glob("*.parquet")):
        try:
            names = pq.read_schema(path).names
            if "pupil_id" not in names:
                continue
            columns = [name for name in ("pupil_id", "school_id", "class_id") if name in names]
            table = pq.read_table(path, columns=columns)
        except (pa.ArrowException, OSError) as error:
            raise RunError("run_damaged", path=str(run), detail=str(error)) from None
        ids = table["pupil_id"].cast(pa.string())
        like = pc.or_(pc.is_in(ids, value_set=pa.array([wanted, own])), pc.ends_with(ids, f":{own}"))
        for row in table.filter(pc.fill_null(like, False)).to_pylist():
            if _is_like(row["pupil_id"], wanted, own):
                found.add((row["pupil_id"], row.get("school_id") or "", row.get("class_id") or ""))
    placed = {pupil_id for pupil_id, school, _ in found if school}
    return {each for each in found if each[1] or each[0] not in placed}


def _is_like(pupil_id: str, wanted: str, own: str) -> bool:
    return pupil_id in (wanted, own) or pupil_id.partition(":")[2] == own


def _plans(holdings: Holdings) -> Iterator[dict[str, Any]]:
    """Plans stored as JSON, wherever they lie."""
    for path in holdings.all_files():
        if path.suffix.lower() == ".json":
            try:
                document = msgspec.json.decode(path.read_bytes())
            except (msgspec.DecodeError, RecursionError, OSError):
                continue
            if isinstance(document, dict) and {"pupil_id", "plan_id"} <= document.keys():
                yield document


def _key_names(key: str | Path | None) -> list[tuple[str, str, str, str]]:
    if key is None:
        return []
    from pumpurs_risk.records.identity.key_file import KeyFile

    names = KeyFile.open(key).names
    return list(names[["pupil_id", "school_id", "name", "own_id"]].itertuples(index=False, name=None))
