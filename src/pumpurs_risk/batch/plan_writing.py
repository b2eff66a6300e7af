"""Writes the plans of a run one by one: only what has news, never over what a person has open, and says what changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from pumpurs_risk.batch.folder import distinct_names
from pumpurs_risk.batch.papers import own_id
from pumpurs_risk.batch.plan_files import KeptPlan, PlansFolder, is_open, plan_stem, put_away, replace_files
from pumpurs_risk.batch.run import Run
from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.errors import PlanError
from pumpurs_risk.locale import date_text, has_text, text
from pumpurs_risk.plans import SupportPlanDraft, advance, merge, plan_to_json
from pumpurs_risk.plans.merging import digest
from pumpurs_risk.plans.printed import as_written

if TYPE_CHECKING:
    from pumpurs_risk.plans.plan import PlanChange
    from pumpurs_risk.reports.docx import PlanTemplate

PLAN_FILE = "IAP"
"""How the names of plans' files begin."""


@dataclass(frozen=True)
class PlansWritten:
    """What `write_plans` did.

    Parameters
    ----------
    folder : Path
        Where the plans lie.
    lines : tuple of str
        What changed, plan by plan, in words.
    written, unchanged, conflicts : int
        Plans made or renewed; left as they were; in which two people wrote different things.
    problems : tuple of str
        What could not be done, and how to mend it.
    """

    folder: Path
    lines: tuple[str, ...] = ()
    written: int = 0
    unchanged: int = 0
    conflicts: int = 0
    problems: tuple[str, ...] = ()

    @property
    def all_well(self) -> bool:
        """Whether nothing waits for a person."""
        return not self.problems and not self.conflicts


def merge_loose(plan: SupportPlanDraft, lying: PlansFolder) -> SupportPlanDraft:
    """Take in copies of a plan whose JSON is lost: whatever they say differently than the draft counts as a person's."""
    return merge(plan, None, [edit for edit, _ in lying.loose.get(plan.plan_id, [])])


@dataclass
class PlanWriting:
    """Writes plans one by one and keeps account."""

    run: Run
    catalogue: Catalogue
    lying: PlansFolder
    lang: str
    shown: dict[str, str]
    templates: dict[str, PlanTemplate]
    own_template: Path | None
    lines: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    written: int = 0
    unchanged: int = 0
    conflicts: int = 0

    def __post_init__(self) -> None:
        flags = self.run.flags
        schools = sorted({*flags["school_id"], *self.run.schools["school_id"]})
        self.folders = distinct_names({school: school for school in schools})
        self.own = dict(zip(flags["pupil_id"], own_id(flags), strict=True))
        self.taken = {kept.path.with_suffix("") for kept in self.lying.kept.values()}
        self.problems += [error.message(self.lang) for _, error in self.lying.problems]
        self.notes: dict[str, str] = {}
        for row in self.run.outcomes.itertuples(index=False):
            self.notes[str(row.pupil_id)] = str(row.outcome)

    def write(self, kept: KeptPlan | None, plan: SupportPlanDraft) -> None:
        """Write a plan if it has news, or its DOCX is missing or older than it."""
        if kept is not None and self.lying.unreadable(kept):
            return
        path = kept.path if kept is not None else self._path(plan)
        docx = path.with_suffix(".docx")
        news = kept is None or plan is not kept.plan
        copies = [] if kept is None else kept.copies
        if kept is None:
            copies = self.lying.loose.get(plan.plan_id, [])
        printed = next((edit.version for edit, file in copies if file == docx), None)
        contents = {path: plan_to_json(as_written(plan))} if news else {}
        if news or printed != plan.version or self.shown:
            data = self._template(plan).render(plan, self.catalogue, self.shown.get(plan.pupil_id, ""))
            if not docx.exists() or docx.read_bytes() != data:
                contents[docx] = data
        if contents:
            if is_open(docx) or (kept is not None and is_open(path)):
                self.problems.append(PlanError("plan_file_open", file=docx.name).message(self.lang))
                return
            try:
                replace_files(contents, plan.version if kept is None else kept.plan.version)
            except PlanError as error:
                self.problems.append(error.message(self.lang))
                return
            self.written += 1
        else:
            self.unchanged += 1
        put_away((file for edit, file in copies if file != docx and digest(edit) in plan.merged), plan.version)
        if news and kept is not None:
            self._tell(docx.name, kept.plan, plan)
        for edit, file in copies:
            self._remark(file.name, edit.missing, edit.notes)

    def noted(self, plan: SupportPlanDraft, running: bool) -> SupportPlanDraft:
        """Note on a plan that its pupil is gone; once, whatever else stands there."""
        gone = plan.pupil_id not in self.own
        if not running or not gone or "notes" not in plan.fields:
            return plan
        day, outcome = date_text(self.run.as_of, plan.lang), self.notes.get(plan.pupil_id, "")
        key = f"outcomes.names.{outcome}"
        if outcome and has_text(key, plan.lang):
            sentence = text("plans.earlier_outcome", plan.lang, day=day, outcome=text(key, plan.lang))
        elif outcome:
            sentence = text("plans.earlier_outcome", plan.lang, day=day, outcome=outcome)
        else:
            sentence = text("plans.earlier_left", plan.lang, day=day)
        notes = plan.fields["notes"]
        if sentence in notes.value:
            return plan
        said = "\n".join(part for part in (notes.value, sentence) if part)
        drafted = said if not notes.touched else notes.drafted
        fields = plan.fields | {"notes": msgspec.structs.replace(notes, drafted=drafted, value=said)}
        change = _change("notes", "redrafted", notes.value, said)
        return msgspec.structs.replace(plan, version=plan.version + 1, fields=fields, changes=(*plan.changes, change))

    def alone(self, drafted: set[str]) -> None:
        """Name documents of plans that have no JSON and are not drafted: nothing is known of them but what they say."""
        for key, copies in self.lying.loose.items():
            if key not in drafted:
                self.problems += [text("plans.alone_line", self.lang, file=file.name) for _, file in copies]

    def account(self) -> PlansWritten:
        """Sum up."""
        return PlansWritten(
            folder=self.lying.path,
            lines=tuple(self.lines),
            written=self.written,
            unchanged=self.unchanged,
            conflicts=self.conflicts,
            problems=tuple(dict.fromkeys(self.problems)),
        )

    def _path(self, plan: SupportPlanDraft) -> Path:
        """A name of its own for a new plan."""
        folder = self.lying.path / self.folders[plan.school_id]
        stem = plan_stem(PLAN_FILE, plan.class_id, str(self.own.get(plan.pupil_id, "")), plan.semester)
        found = folder / stem
        if found in self.taken or found.with_name(f"{stem}.json").exists():
            found = folder / f"{stem}_{plan.plan_id.rpartition('-')[2]}"
        self.taken.add(found)
        return found.with_name(f"{found.name}.json")

    def _template(self, plan: SupportPlanDraft) -> PlanTemplate:
        from pumpurs_risk.reports.docx import PlanTemplate

        if plan.lang not in self.templates:
            self.templates[plan.lang] = PlanTemplate.load(self.own_template, plan.lang)
        return self.templates[plan.lang]

    def _tell(self, name: str, before: SupportPlanDraft, plan: SupportPlanDraft) -> None:
        """Say what changed in a plan, and whether the programme's order allows its new status."""
        kinds = Counter(change.kind for change in plan.changes)
        said = [text(f"plans.change.{kind}", self.lang, count=n, n=n) for kind, n in kinds.items()]
        if said:
            self.lines.append(text("plans.change_line", self.lang, file=name, said="; ".join(said)))
        if kinds["conflict"]:
            self.conflicts += 1
            tags = ", ".join(change.tag for change in plan.changes if change.kind == "conflict")
            self.problems.append(text("plans.conflict_line", self.lang, file=name, fields=tags))
        if plan.status != before.status:
            try:
                advance(msgspec.structs.replace(plan, status=before.status), plan.status, self.catalogue)
            except PlanError as error:
                self.problems.append(text("plans.status_line", self.lang, file=name, said=error.message(self.lang)))

    def _remark(self, name: str, missing: Sequence[str], notes: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Say which tables of a copy are gone, and what in it could not be read."""
        if missing:
            parts = []
            for part in missing:
                key = f"plans.parts.{part}"
                parts.append(text(key, self.lang) if has_text(key, self.lang) else part)
            self.problems.append(text("plans.missing_line", self.lang, file=name, parts=", ".join(parts)))
        for key, params in notes:
            if has_text(f"docx.read.{key}", self.lang):
                self.problems.append(f"{name}: {text(f'docx.read.{key}', self.lang, **params)}")


def _change(tag: str, kind: Any, before: str, after: str) -> PlanChange:
    from pumpurs_risk.plans.plan import PlanChange

    return PlanChange(tag=tag, kind=kind, before=before, after=after)
