"""Plans as people keep them: a folder beside the runs, per school a DOCX and a JSON of each plan; nothing is ever deleted.

A file is replaced only after a copy of it lies in ``earlier/``; the new one appears whole. The JSON goes first: if the machine
stops in between, the DOCX is an older version, and what people wrote into it is still read.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pumpurs_risk.batch.folder import distinct_names
from pumpurs_risk.errors import PlanError
from pumpurs_risk.plans import merge, plan_from_json
from pumpurs_risk.plans.merging import as_drafted

if TYPE_CHECKING:
    from pumpurs_risk.plans import EditedPlan, SupportPlanDraft

EARLIER = "earlier"
FOLDER = "plans"
_LONGEST_NAME = 120


@dataclass
class KeptPlan:
    """A plan as it lies on disk.

    Parameters
    ----------
    plan : SupportPlanDraft
        From its JSON.
    path : Path
        The JSON; the DOCX of the same name lies beside it.
    copies : list of (EditedPlan, Path)
        Every DOCX with the plan's id, under whatever name.
    """

    plan: SupportPlanDraft
    path: Path
    copies: list[tuple[EditedPlan, Path]] = field(default_factory=list)

    @property
    def docx(self) -> Path:
        """The DOCX that we write."""
        return self.path.with_suffix(".docx")

    @property
    def edits(self) -> list[EditedPlan]:
        """What the copies say."""
        return [edit for edit, _ in self.copies]

    def older(self) -> dict[int, SupportPlanDraft]:
        """Earlier versions that a copy was printed from, where they still lie in ``earlier/``."""
        wanted = {edit.version for edit in self.edits} - {self.plan.version}
        found: dict[int, SupportPlanDraft] = {}
        for version in wanted:
            for path in sorted((self.path.parent / EARLIER).glob(f"*_v{version}*.json")):
                try:
                    plan = plan_from_json(path.read_bytes(), path.name)
                except (PlanError, OSError):
                    continue
                if plan.plan_id == self.plan.plan_id and plan.version == version:
                    found[version] = plan
                    break
        return found

    def merged(self, new: SupportPlanDraft | None = None) -> SupportPlanDraft:
        """Bring the kept plan, its edited copies and a new draft together; without one the plan stays as it was drafted."""
        return merge(new or as_drafted(self.plan), self.plan, self.edits, self.older())


@dataclass
class PlansFolder:
    """Everything that lies in a folder of plans.

    Parameters
    ----------
    path : Path
        The folder.
    kept : dict of str to KeptPlan
        By plan id.
    loose : dict of str to list of (EditedPlan, Path)
        Edited copies of plans whose JSON is not there.
    problems : list of (str, PlanError)
        Files that could not be read, and why.
    """

    path: Path
    kept: dict[str, KeptPlan] = field(default_factory=dict)
    loose: dict[str, list[tuple[EditedPlan, Path]]] = field(default_factory=dict)
    problems: list[tuple[Path, PlanError]] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> PlansFolder:
        """Read all plans of a folder, with what people changed in DOCX files.

        Raises
        ------
        PlanError
            If a JSON is no plan, damaged or of a newer version: drafting over it would lose what people wrote.
        """
        from pumpurs_risk.reports.docx_reading import read_plan_docx

        found = cls(path)
        schools = sorted(p for p in path.iterdir() if p.is_dir() and p.name != EARLIER) if path.is_dir() else []
        for school in schools:
            for file in sorted(school.glob("*.json")):
                plan = plan_from_json(file.read_bytes(), file.name)
                before = found.kept.get(plan.plan_id)
                if before is None or before.plan.version < plan.version:
                    found.kept[plan.plan_id] = KeptPlan(plan, file)
        for file in _documents(path):
            try:
                edit = read_plan_docx(file)
            except PlanError as error:
                found.problems.append((file, error))
                continue
            except OSError:
                found.problems.append((file, PlanError("plan_file_open", file=file.name)))
                continue
            kept = found.kept.get(edit.plan_id)
            copies = kept.copies if kept is not None else found.loose.setdefault(edit.plan_id, [])
            copies.append((edit, file))
        return found

    def unreadable(self, kept: KeptPlan) -> bool:
        """Whether the plan's own DOCX could not be read: then it is left alone."""
        return any(path == kept.docx for path, _ in self.problems)


def _documents(folder: Path) -> list[Path]:
    """Every Word file, however deep a person laid it; not what was put away, nor what an office program keeps for itself."""
    found = []
    for place, inner, names in os.walk(folder):
        inner[:] = [name for name in inner if name != EARLIER and not name.startswith(".")]
        found += [Path(place, n) for n in names if n.lower().endswith(".docx") and not n.startswith(("~", "."))]
    return sorted(found)


def read_plans(folder: str | Path) -> list[tuple[SupportPlanDraft, str]]:
    """Read all plans of a folder as people left them; what they changed in Word is in them. Nothing is written.

    Parameters
    ----------
    folder : path
        The folder of plans, usually ``plans`` beside the runs; need not exist.

    Returns
    -------
    list of (SupportPlanDraft, str)
        Plans with the names of their JSON files, in order of their ids.

    Raises
    ------
    PlanError
        If a plan is damaged or of a newer version.

    Examples
    --------
    >>> read_plans("no-such-folder")
    []
    """
    found = PlansFolder.read(Path(folder))
    return [(kept.merged(), kept.path.name) for _, kept in sorted(found.kept.items())]


def plan_stem(short: str, class_id: str, own_id: str, semester: str) -> str:
    """Name of a plan's files without their ending.

    Examples
    --------
    >>> plan_stem("IAP", "9.a", "7/b", "2026/2027-2")
    'IAP_9.a_7_b_2026-2027-2'
    """
    parts = [part for part in (short, class_id, own_id, semester.replace("/", "-")) if part]
    name = "_".join(parts)[:_LONGEST_NAME]
    return distinct_names({name: name})[name]


def is_open(path: Path) -> bool:
    """Whether somebody has a document open, or it may not be changed: office programs lay a lock file beside it."""
    name = path.name
    locks = (f"~${name}", f"~${name[2:]}", f".~lock.{name}#")
    if any((path.parent / lock).exists() for lock in locks):
        return True
    if not path.exists():
        return False
    try:
        with path.open("r+b"):
            return False
    except OSError:
        return True


def replace_files(contents: Mapping[Path, bytes], version: int) -> None:
    """Put new files in the place of old ones, of which a copy goes to ``earlier/`` first.

    Parameters
    ----------
    contents : mapping of Path to bytes
        What to write, in this order.
    version : int
        Of the plan that is replaced, for the names of the copies.

    Raises
    ------
    PlanError
        If a file is open elsewhere or the place cannot be written to; every file is then either old or new.
    """
    made: list[tuple[Path, Path]] = []
    try:
        for path, data in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            half = path.with_name(f".{path.name}.tmp")
            half.write_bytes(data)
            made.append((half, path))
        for _, path in made:
            if path.exists():
                shutil.copy2(path, _free(path, version))
        for half, path in made:
            half.replace(path)
    except OSError as error:
        for half, _ in made:
            half.unlink(missing_ok=True)
        code = "plan_file_open" if isinstance(error, PermissionError) else "plan_cannot_write"
        name = next((path.name for half, path in made if error.filename in (str(half), str(path))), "")
        raise PlanError(code, file=name or next(iter(contents)).name, detail=error.strerror or "") from error


def put_away(paths: Iterable[Path], version: int) -> None:
    """Move edited copies whose news were taken in to ``earlier/``, so that they are not read again."""
    for path in paths:
        try:
            path.replace(_free(path, version))
        except OSError:
            continue  # open elsewhere: it stays, and is known to be taken in


def _free(path: Path, version: int) -> Path:
    """A free name in ``earlier/``."""
    folder = path.parent / EARLIER
    folder.mkdir(parents=True, exist_ok=True)
    n, found = 1, folder / f"{path.stem}_v{version}{path.suffix}"
    while found.exists():
        n += 1
        found = folder / f"{path.stem}_v{version}_{n}{path.suffix}"
    return found


def latest_before(
    plans: Iterable[SupportPlanDraft], starts: Mapping[str, Any], semester: str
) -> dict[str, SupportPlanDraft]:
    """Give every pupil's last plan of a semester before this one.

    Parameters
    ----------
    plans : iterable of SupportPlanDraft
        Plans of any semesters.
    starts : mapping of str to Any
        First day of every semester.
    semester : str
        The one that plans are drafted for.
    """
    now = starts.get(semester)
    found: dict[str, SupportPlanDraft] = {}
    for plan in sorted(plans, key=lambda each: str(starts.get(each.semester, ""))):
        start = starts.get(plan.semester)
        if start is not None and now is not None and start < now:
            found[plan.pupil_id] = plan
    return found
