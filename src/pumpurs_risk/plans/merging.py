"""Brings a new draft, the plan that is kept and copies that people edited together: what a person wrote stays.

The rules, field by field:

1. What a copy says differently than the version it was printed from is a person's wish; it holds.
2. Two people's different wishes about a text stay both, each marked by the name of its file. Where a field can hold one value
   only (a date, a choice, a tick), the later copy's holds and the other is added to the plan as a note.
3. Where nobody has a wish, what a person wrote earlier stays; the draft's own words follow the new draft.
4. A row that a person took out is not proposed again, unless somebody else wrote into it.
5. A plan that is no longer a draft (its status or the mark "draft" was changed) is a person's paper: nothing of it is
   drafted anew.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from pumpurs_risk.plans.plan import EditedPlan, PlanAddition, PlanChange, PlanField, SupportPlanDraft
from pumpurs_risk.plans.printed import (
    PARTS,
    has_other_status,
    key_of,
    name_of,
    plain,
    row_of,
    spellings,
    was_printed,
    with_status,
)

_IN_DOCUMENTS = {"signers": "signatures"}
"""What a table is called among the missing parts of a document, where that differs."""
_NOT_NEWS = (
    "version",
    "changes",
    "run",
    "model",
    "as_of",
    "merged",
    "printed",
    "printed_parts",
    "tier",
    "certainty",
    "age",
)
_LOST = "controls_lost"
"""Note on a copy whose office program dropped the marks of fields: what is not found in it may still be there."""
_MIN = dt.datetime.min


@dataclass(frozen=True)
class _Wish:
    """What one copy wants a field to say."""

    file: str
    text: str
    modified: dt.datetime | None

    @property
    def order(self) -> tuple[dt.datetime, str]:
        """By time, then by name."""
        return (_MIN if self.modified is None else self.modified.replace(tzinfo=None)), self.file


def merge(
    new: SupportPlanDraft,
    kept: SupportPlanDraft | None,
    edits: Sequence[EditedPlan] = (),
    older: Mapping[int, SupportPlanDraft] | None = None,
) -> SupportPlanDraft:
    """Bring together what the draft would say now, what is kept, and what people changed in copies.

    Parameters
    ----------
    new : SupportPlanDraft
        Drafted now.
    kept : SupportPlanDraft or None
        As it was kept last; None if there is none.
    edits : sequence of EditedPlan
        Copies as they were found; their order does not matter.
    older : mapping of int to SupportPlanDraft, optional
        Earlier versions by number: what a copy of an earlier version was printed from. Without it such a copy is compared
        with `kept`, and more of it counts as a person's words.

    Returns
    -------
    SupportPlanDraft
        ``kept`` itself if there are no news; otherwise its version is one more, and ``changes`` lists what changed.

    Examples
    --------
    >>> import datetime as dt
    >>> day = dt.date(2027, 1, 15)
    >>> def drafted(words):
    ...     field = PlanField(drafted=words, value=words)
    ...     return SupportPlanDraft(plan_id="x", pupil_id="7", school_id="s", as_of=day, expires=day, review=day,
    ...                             status="draft", fields={"notes": field})
    >>> copy = EditedPlan(file="plan.docx", plan_id="x", version=1, fields={"notes": "Ours."})
    >>> merged = merge(drafted("Newer."), drafted("Old."), [copy])
    >>> merged.value("notes"), merged.version, [change.kind for change in merged.changes]
    ('Ours.', 2, ['person'])
    >>> merge(drafted("Newer."), merged, [copy]) is merged
    True
    """
    if kept is None:
        if not edits:
            return new
        kept = msgspec.structs.replace(new, version=max(1, *(edit.version for edit in edits)))
    known = dict(older or {}) | {kept.version: kept}
    fresh = sorted(
        (e for e in edits if e.plan_id == kept.plan_id and digest(e) not in kept.merged),
        key=lambda e: (e.file, digest(e)),
    )
    return _Merging(new, kept, fresh, known).result()


def digest(edit: EditedPlan) -> str:
    """Digest of what an edited copy says, whatever its file is called."""
    told = {
        "version": edit.version,
        "fields": {tag: plain(value) for tag, value in sorted(edit.fields.items())},
        "additions": sorted((a.place, *a.cells) for a in edit.additions),
    }
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:16]


def as_drafted(plan: SupportPlanDraft) -> SupportPlanDraft:
    """Give a plan as its draft had it: what stands for a new draft where none is made."""
    fields = {tag: msgspec.structs.replace(field, value=field.drafted) for tag, field in plan.fields.items()}
    return msgspec.structs.replace(plan, fields=fields)


class _Merging:
    """One merge; see `merge`."""

    def __init__(
        self,
        new: SupportPlanDraft,
        kept: SupportPlanDraft,
        fresh: Sequence[EditedPlan],
        known: Mapping[int, SupportPlanDraft],
    ) -> None:
        self.status_beside = has_other_status(kept)
        self.kept = kept = with_status(kept) if self.status_beside else kept
        known = {**known, kept.version: kept}
        self.fresh = fresh
        self.base = {id(edit): known.get(edit.version, kept) for edit in fresh}
        self.wishes = self._wishes()
        self.new = as_drafted(kept) if self._is_paper() else new
        self.stray: list[PlanAddition] = []
        self.changes: list[PlanChange] = []
        self.sources = [self.new, kept, *(self.base[id(edit)] for edit in fresh)]

    def result(self) -> SupportPlanDraft:
        """Merge, and count a version more if there are news."""
        removed = self._removed()
        rows = {table: self._rows(table, removed) for table in PARTS}
        there = {(table, row.id) for table, found in rows.items() for row in found}
        fields = self._fields(there, removed)
        additions = self._additions()
        status = fields["status"].value if "status" in fields else ""
        merged = msgspec.structs.replace(
            self.new,
            version=self.kept.version,
            fields=fields,
            additions=additions,
            removed=tuple(sorted(removed)),
            status=status or self.kept.status,
            changes=self.kept.changes,
            printed=self.kept.printed,
            printed_parts=self.kept.printed_parts,
            **rows,
        )
        if _news_of(merged) == _news_of(self.kept) and not self._changed_beside():
            return self.kept
        news = [digest(edit) for edit in self.fresh]
        newest = max([self.kept.version, *(edit.version for edit in self.fresh)])
        return msgspec.structs.replace(
            merged,
            version=newest + 1,
            changes=tuple(self._row_changes(rows) + self.changes),
            merged=tuple(dict.fromkeys((*self.kept.merged, *news))),
        )

    def _changed_beside(self) -> bool:
        """Whether the kept plan itself was changed, by a tool that writes JSON, since its files were written."""
        said = self.status_beside or any(self._said_beside(tag) for tag in self.kept.fields)
        return said or any(not was_printed(self.kept, name_of(added)) for added in self.kept.additions)

    def _said_beside(self, tag: str) -> bool:
        """Whether the JSON says of a field what its files, when they were written, did not."""
        return plain(self.kept.printed_value(tag)) != plain(self.kept.value(tag))

    def _is_paper(self) -> bool:
        """Whether people have made the plan their own: another status, or no mark "draft" any more."""
        for tag in ("status", "draft_mark"):
            field = self.kept.fields.get(tag)
            if field is not None and (field.touched or self.wishes.get(tag)):
                return True
        return False

    def _wishes(self) -> dict[str, list[_Wish]]:
        """What copies say differently than the version they were printed from, and than what is kept."""
        found: dict[str, list[_Wish]] = {}
        for edit in self.fresh:
            base = self.base[id(edit)]
            for tag, words in edit.fields.items():
                told = plain(words)
                if told in (*spellings(base.printed_value(tag)), *spellings(self.kept.value(tag))):
                    continue
                found.setdefault(tag, []).append(_Wish(edit.file, told, edit.modified))
        return found

    def _removed(self) -> set[str]:
        """Rows that people took out: gone from a copy whose table is still there, and nobody wrote into them."""
        written = {row for tag, wishes in self.wishes.items() if any(w.text for w in wishes) and (row := row_of(tag))}
        gone: set[str] = set(self.kept.removed)
        for edit in self.fresh:
            base = self.base[id(edit)]
            for table, (start, main) in PARTS.items():
                if {table, _IN_DOCUMENTS.get(table, table)} & set(edit.missing):
                    continue
                for row in getattr(base, table):
                    tag = f"{start}.{row.id}.{main}"
                    printed = was_printed(base, f"{start}.{row.id}")
                    if tag in base.fields and tag not in edit.fields and printed:
                        others = self._written_since(base, table, row.id)
                        if (table, row.id) not in written and not others:
                            gone.add(f"{start}.{row.id}")
        return {name for name in gone if row_of(f"{name}.x") not in written}

    def _written_since(self, base: SupportPlanDraft, table: str, name: str) -> bool:
        """Whether somebody wrote into a row after the version that a copy was printed from."""
        return any(
            field.touched and plain(field.value) != plain(base.printed_value(tag))
            for tag, field in self.kept.fields.items()
            if row_of(tag) == (table, name)
        )

    def _rows(self, table: str, removed: set[str]) -> tuple[Any, ...]:
        """Rows of a table: the draft's, then those kept because a person wrote into them."""
        start = PARTS[table][0]
        rows: dict[str, Any] = {row.id: row for row in getattr(self.new, table)}
        written = {name for tag in self.wishes if (at := row_of(tag)) and at[0] == table for name in [at[1]]}
        written |= {
            name
            for tag, field in self.kept.fields.items()
            if field.touched and (at := row_of(tag)) and at[0] == table
            for name in [at[1]]
        }
        for plan in self.sources[1:]:
            for row in getattr(plan, table):
                if row.id in written:
                    rows.setdefault(row.id, row)
        return tuple(row for name, row in rows.items() if f"{start}.{name}" not in removed)

    def _fields(self, there: set[tuple[str, str]], removed: set[str]) -> dict[str, PlanField]:
        tags = dict.fromkeys(tag for plan in self.sources for tag in plan.fields)
        found: dict[str, PlanField] = {}
        for tag in tags:
            row = row_of(tag)
            if row is not None and row not in there:
                continue
            field = next(plan.fields[tag] for plan in self.sources if tag in plan.fields)
            if row is None and tag not in self.new.fields and tag not in self.kept.fields:
                continue
            found[tag] = self._field(tag, field)
        for tag, wishes in self.wishes.items():
            row = row_of(tag)
            taken_out = row is not None and f"{PARTS[row[0]][0]}.{row[1]}" in removed
            if tag not in found and not taken_out:
                self.stray += [PlanAddition(place="text", cells=(tag, w.text), by=w.file) for w in wishes if w.text]
        return found

    def _field(self, tag: str, field: PlanField) -> PlanField:
        """One field by the rules of this module."""
        drafted = self.new.fields[tag].drafted if tag in self.new.fields else field.drafted
        before = self.kept.fields.get(tag)
        wishes = self.wishes.get(tag)
        if wishes:
            value, kind = self._wished(tag, field, wishes)
            if before is None or value != before.value or kind == "conflict":
                self._changed(tag, kind, self.kept.printed_value(tag), value)
        elif before is not None and before.touched:
            value = before.value
            if self._said_beside(tag):
                self._changed(tag, "person", self.kept.printed_value(tag), value)
            elif drafted not in (before.drafted, value):
                self._changed(tag, "kept", value, drafted)
        else:
            value = drafted
            printed = "" if before is None else self.kept.printed_value(tag)
            if before is not None and plain(printed) != plain(before.value):
                self._changed(tag, "person", printed, value)  # set back to the draft's own words
            elif before is not None and before.value != value:
                self._changed(tag, "redrafted", before.value, value)
        return msgspec.structs.replace(field, drafted=drafted, value=value)

    def _wished(self, tag: str, field: PlanField, wishes: Sequence[_Wish]) -> tuple[str, str]:
        """What stands in a field about which people have wishes, and whether they agree."""
        earlier = self.kept.fields.get(tag)
        texts: dict[str, _Wish] = {}
        for wish in sorted(wishes, key=lambda each: each.order):
            if wish.text:
                texts.setdefault(wish.text, wish)
        by_person = earlier is not None and (earlier.touched or self._said_beside(tag))
        stands = plain(earlier.value) if earlier is not None and by_person and self._unseen(tag, earlier) else ""
        if not texts:
            return stands, "conflict" if stands else "person"
        if field.kind != "text":
            last = list(texts.values())[-1]
            others = [w for w in texts.values() if w is not last]
            self.stray += [PlanAddition(place="text", cells=(tag, w.text), by=w.file) for w in others]
            if stands and stands != last.text:
                self.stray.append(PlanAddition(place="text", cells=(tag, stands)))
            return last.text, "conflict" if others or (stands and stands != last.text) else "person"
        kept = [one for one in texts if not any(one != other and one in other for other in texts)]
        if stands and not any(stands in one for one in kept):
            marked = [stands, *(f"[{texts[one].file}] {one}" for one in sorted(kept, key=lambda t: (texts[t].file, t)))]
            return "\n".join(marked), "conflict"
        if len(kept) == 1:
            return kept[0], "person"
        return "\n".join(
            f"[{texts[one].file}] {one}" for one in sorted(kept, key=lambda t: (texts[t].file, t))
        ), "conflict"

    def _unseen(self, tag: str, field: PlanField) -> bool:
        """Whether a copy with a wish was printed before what now stands there was written."""
        return any(
            plain(self.base[id(edit)].printed_value(tag)) != plain(field.value)
            for edit in self.fresh
            if any(wish.file == edit.file for wish in self.wishes.get(tag, ()))
        )

    def _additions(self) -> tuple[PlanAddition, ...]:
        """Everything that people added, each once; what a person took out of a copy that it was printed in is gone."""
        gone: set[tuple[str, ...]] = set()
        for edit in self.fresh:
            if any(key == _LOST for key, _ in edit.notes):
                continue
            there = {key_of(added) for added in edit.additions}
            base = self.base[id(edit)]
            had = (a for a in base.additions if a.place not in edit.missing and was_printed(base, name_of(a)))
            gone |= {key_of(added) for added in had} - there
        found: dict[tuple[str, ...], PlanAddition] = {}
        for added in (*self.kept.additions, *(a for edit in self.fresh for a in edit.additions), *self.stray):
            if key_of(added) not in gone and any(key_of(added)[1:]):
                found.setdefault(key_of(added), added)
        return tuple(found.values())

    def _changed(self, tag: str, kind: str, before: str, after: str) -> None:
        if tag == "status":
            kind = "status"
        self.changes.append(PlanChange(tag=tag, kind=kind, before=before, after=after))  # type: ignore[arg-type]

    def _row_changes(self, rows: Mapping[str, tuple[Any, ...]]) -> list[PlanChange]:
        """Rows that came or went."""
        changes = []
        for table, (start, main) in PARTS.items():
            before, after = ({row.id for row in plan} for plan in (getattr(self.kept, table), rows[table]))
            for name in sorted(after - before):
                changes.append(PlanChange(tag=f"{start}.{name}", kind="added"))
            for name in sorted(before - after):
                said = self.kept.value(f"{start}.{name}.{main}")
                changes.append(PlanChange(tag=f"{start}.{name}", kind="removed", before=said))
        return changes


def _news_of(plan: SupportPlanDraft) -> dict[str, Any]:
    """What of a plan is news if it differs."""
    told = msgspec.structs.asdict(plan)
    for name in _NOT_NEWS:
        del told[name]
    return told
