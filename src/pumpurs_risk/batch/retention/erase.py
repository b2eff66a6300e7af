"""Takes one pupil out of everything that is kept: runs, papers, plans, kept copies. What concerns others stays."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path

import msgspec

from pumpurs_risk.batch.manifest import Erasure, read_manifest
from pumpurs_risk.batch.retention.acts import FILE_NAME, with_act
from pumpurs_risk.batch.retention.find import OTHER_WORKBOOKS, WORKBOOKS, Holdings, find_pupil
from pumpurs_risk.batch.retention.mentions import holds, is_of_their_school, is_own_page, plan_in_document
from pumpurs_risk.batch.retention.pages import PAGES, remade_pages
from pumpurs_risk.batch.retention.plan_places import unreadable_plans
from pumpurs_risk.batch.retention.swap import Swap, swapping
from pumpurs_risk.batch.retention.tables import without_lines, without_records, without_rows
from pumpurs_risk.batch.retention.traces import Traces
from pumpurs_risk.errors import PumpursError, RunError
from pumpurs_risk.locale import text


@dataclass(frozen=True)
class Erased:
    """What was done, or would be.

    Parameters
    ----------
    changed : dict of str to int
        Files made anew, below the folder, with how many rows or records went from each.
    removed : tuple of str
        Files that went whole: plans, pages of the pupil and the family.
    remade : tuple of str
        Pages of schools and classes that were made anew.
    mentions : tuple of str
        Files that stay in which the name or id still stands: in other people's words, or in files that are not of this
        library. A person must look.
    runs, plans : int
        How many were touched.
    key_entry : bool
        Whether the name went from the key file.
    done : bool
        False for a dry run.
    """

    changed: dict[str, int]
    removed: tuple[str, ...]
    remade: tuple[str, ...]
    mentions: tuple[str, ...]
    runs: int
    plans: int
    key_entry: bool
    done: bool

    def lines(self, lang: str) -> list[str]:
        """Say it.

        Parameters
        ----------
        lang : {"lv", "en"}
            The reader's language.

        Returns
        -------
        list of str
            Names of files may hold the pupil's own id: for the terminal of the one who asked, not for a log.
        """
        head = text(f"retention.erase.{'done' if self.done else 'would'}", lang, runs=self.runs, plans=self.plans)
        said = [head]
        said += [f"  {text('retention.erase.changed', lang, file=f, count=n, n=n)}" for f, n in self.changed.items()]
        said += [f"  {text('retention.erase.remade', lang, file=file)}" for file in self.remade]
        said += [f"  {text('retention.erase.removed', lang, file=file)}" for file in self.removed]
        if self.mentions:
            said.append(text("retention.erase.mentions", lang))
            said += [f"  {file}" for file in self.mentions]
        said.append(text("retention.erase.free_text", lang))
        said.append(text(f"retention.erase.key_{'gone' if self.key_entry else 'left'}", lang))
        return said


def erase_pupil(
    folder: str | Path,
    pupil: str,
    *,
    key: str | Path | None = None,
    dry_run: bool = False,
    today: dt.date | None = None,
) -> Erased:
    """Take a pupil out of every run, plan and kept copy below a folder.

    Parameters
    ----------
    folder : path
        Where runs, ``plans/`` and ``decisions/`` lie.
    pupil : str
        Id, as in `find_pupil`.
    key : path, optional
        The key file; the pupil's entry goes from it too.
    dry_run : bool, default=False
        Only say what would go.
    today : datetime.date, optional
        Day for the manifests.

    Returns
    -------
    Erased

    Raises
    ------
    RunError
        If the pupil is not found or the id is ambiguous; if a file that holds the pupil cannot be cleaned without losing what
        others wrote; if a file is open elsewhere. Nothing is changed then.

    Notes
    -----
    Rows are found by id; in tables of a workbook that carry no id, by name and class. Rows of others stay byte for byte.
    All new files are written before the first old one goes, and a journal finishes the work after a crash.

    Examples
    --------
    >>> import tempfile
    >>> import pumpurs_risk as pr
    >>> records = pr.make_cohort(n_pupils=60, random_state=0, form="sheet")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = pr.score(records, as_of="2027-01-15", out=f"{folder}/run", lang="en")
    ...     pupil = run.flags["pupil_id"].iloc[0]
    ...     done = erase_pupil(folder, pupil)
    ...     left = pr.open_run(f"{folder}/run")
    >>> done.runs, len(left.flags), pupil in set(left.factors["pupil_id"])
    (1, 59, False)
    """
    top = Path(folder)
    if not top.is_dir():
        raise RunError("folder_of_runs_missing", path=str(top))
    with swapping(top) as swap:
        holdings = Holdings.below(top)
        traces = find_pupil(holdings, pupil, key)
        for path, detail in unreadable_plans(holdings, traces):
            raise RunError("erase_unreadable", file=holdings.name_of(path), detail=detail)
        work = _Erasing(holdings, traces, swap)
        for run in holdings.runs:
            work.clean_run(run, today or dt.date.today())
        for path in holdings.files:
            work.clean_file(path)
        mentions = work.mentions(key)
        done = Erased(
            changed=work.changed, removed=tuple(work.removed), remade=tuple(work.remade), mentions=mentions,
            runs=len(work.runs), plans=len(work.plans), key_entry=key is not None and work.in_key(key),
            done=not dry_run,
        )  # fmt: skip
        if dry_run:
            return done
        log = with_act(
            top, "erase", runs=done.runs, plans=done.plans, changed=len(done.changed) + len(done.remade),
            removed=len(done.removed), key=done.key_entry,
        )  # fmt: skip
        swap.put(top / FILE_NAME, log)
        swap.commit()
    if key is not None and done.key_entry:
        _forget(Path(key), traces)
    return done


class _Erasing:
    """One erasure while it is prepared; nothing is put in place here."""

    def __init__(self, holdings: Holdings, pupil: Traces, swap: Swap) -> None:
        self.holdings, self.pupil, self.swap = holdings, pupil, swap
        self.changed: dict[str, int] = {}
        self.removed: list[str] = []
        self.remade: list[str] = []
        self.runs: set[Path] = set()
        self.plans: set[str] = set()

    def clean_run(self, run: Path, today: dt.date) -> None:
        """Clean one run, make its pages anew, and say in its run.json that somebody was taken out."""
        before = self._touched
        pages: list[Path] = []
        for path in sorted(path for path in run.rglob("*") if path.is_file() and not path.name.startswith("~$")):
            if path.suffix.lower() in (".html", ".txt"):
                if is_own_page(path, self.pupil):
                    self._remove(path)
                elif self._is_page_of_school(run, path):
                    pages.append(path)
            elif path.name not in ("run.json", "model.json", "peers.json", "summary.json"):
                self.clean_file(path)
        if self._touched == before and not any(self._mentions(path) for path in pages):
            return
        self.runs.add(run)
        names = self._names_in(run)
        for path, content in remade_pages(run, pages, self.swap, names).items():
            if content is None:
                self._remove(path)
            elif content != path.read_bytes():
                self.swap.put(path, content)
                self.remade.append(self.holdings.name_of(path))
        manifest = read_manifest(run)
        sealed = msgspec.structs.replace(
            manifest, erasures=(*manifest.erasures, Erasure(on=today, files=self._touched - before))
        )
        document = json.dumps(msgspec.to_builtins(sealed), ensure_ascii=False, indent=2) + "\n"
        self.swap.put(run / "run.json", document.encode())

    def clean_file(self, path: Path) -> None:
        """Clean one file, if it is of a kind that holds pupils."""
        kind = path.suffix.lower()
        if kind == ".parquet" and self._is_ours(path):
            self._took(path, without_rows(path, self.swap.new_file(path), self.pupil))
        elif kind == ".csv" and self._is_ours(path):
            self._put(path, *without_lines(path.read_bytes(), self.pupil))
        elif kind == ".json" and path.name != FILE_NAME and not _is_key(path):
            left = without_records(path.read_bytes(), self.pupil)
            if left is None:
                self._remove_plan(path, str(json.loads(path.read_bytes()).get("plan_id") or path.stem))
            else:
                self._put(path, *left)
        elif kind == ".docx":
            self._remove_plan(path, plan_in_document(path, self.pupil.plans))
        elif kind in (".html", ".txt"):
            if self._is_outside_page(path):
                self._remove(path)
        elif kind in WORKBOOKS:
            book = self.holdings.workbook(path)
            cleaned = book.without(self.pupil) if book else None
            if cleaned is not None:
                self._put(path, cleaned.content, cleaned.rows)
        elif kind in OTHER_WORKBOOKS:
            self._refuse_if_held(path)

    @property
    def _touched(self) -> int:
        return len(self.changed) + len(self.removed) + len(self.remade)

    def _is_outside_page(self, path: Path) -> bool:
        """Whether it is a page of papers made again outside of a run, about the pupil; such papers can be made once more."""
        mine = is_own_page(path, self.pupil) or self._mentions(path)
        return mine and is_of_their_school(path, self.pupil)

    def _is_ours(self, path: Path) -> bool:
        return any(run in path.parents for run in self.holdings.runs)

    def _put(self, path: Path, content: bytes, gone: int) -> None:
        if gone:
            self.swap.put(path, content)
            self.changed[self.holdings.name_of(path)] = gone

    def _took(self, path: Path, gone: int) -> None:
        if gone:
            self.changed[self.holdings.name_of(path)] = gone
        else:
            self.swap.leave(path)

    def _remove(self, path: Path) -> None:
        self.swap.remove(path)
        self.removed.append(self.holdings.name_of(path))

    def _remove_plan(self, path: Path, plan: str) -> None:
        if plan:
            self._remove(path)
            self.plans.add(plan)

    def _refuse_if_held(self, path: Path) -> None:
        """Another kind of workbook cannot be cleaned in place; one that holds the pupil must be saved as .xlsx first."""
        from pumpurs_risk.records.workbook.reader import read_workbook

        try:
            sheets = read_workbook(path)
        except PumpursError:
            if self._is_ours(path):
                raise RunError("erase_unreadable", file=path.name, detail=path.suffix) from None
            return
        cells = (cell for sheet in sheets for column in sheet.columns for cell in column)
        if any(map(self.pupil.told_in, cells)):
            raise RunError("erase_other_workbook", file=self.holdings.name_of(path))

    def _is_page_of_school(self, run: Path, path: Path) -> bool:
        """Whether the page is one of those that name pupils, of a school in which the pupil was."""
        parts = path.relative_to(run).parts
        return len(parts) > 3 and parts[2] in PAGES and is_of_their_school(path, self.pupil)

    def _names_in(self, run: Path) -> dict[str, str]:
        """What the run's own workbooks call everybody: pages that are made anew call them the same."""
        names: dict[str, str] = {}
        for path in run.glob("schools/*/support_staff/*"):
            if path.suffix.lower() in WORKBOOKS and not path.name.startswith("~$"):
                book = self.holdings.workbook(path)
                names |= {pupil_id: shown for pupil_id, (shown, _) in book.people.items()} if book else {}
        return names

    def in_key(self, key: str | Path) -> bool:
        from pumpurs_risk.records.identity.key_file import KeyFile

        return bool(KeyFile.open(key).names["pupil_id"].isin(self.pupil.ids).any())

    def mentions(self, key: str | Path | None) -> tuple[str, ...]:
        """Files that stay as they will be, in which the pupil's name or id still stands."""
        skip = Path(key).resolve() if key is not None else None
        found = []
        for path in self.holdings.all_files():
            if not self.swap.removes(path) and path.resolve() != skip and self._mentions(self.swap.now(path), path):
                found.append(self.holdings.name_of(path))
        return tuple(found)

    def _mentions(self, path: Path, known_as: Path | None = None) -> bool:
        return holds(path, (known_as or path).suffix.lower(), self.pupil.telling)


def _is_key(path: Path) -> bool:
    return path.name.endswith(".key.json")


def _forget(key: Path, pupil: Traces) -> None:
    """Take the pupil's entries out of the key file."""
    from pumpurs_risk.records.identity.key_storage import read_key, write_key

    stored = read_key(key)
    left = [
        entry for entry in stored.names
        if entry.pupil_id not in pupil.ids
        and not (entry.school_id in pupil.schools and entry.own_id and f"{entry.school_id}:{entry.own_id}" in pupil.ids)
    ]  # fmt: skip
    write_key(key, bytes.fromhex(stored.secret), left)
