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
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from pumpurs_risk.plans.plan import EditedPlan, PlanAddition, PlanChange, PlanField, SupportPlanDraft

PARTS: dict[str, tuple[str, str]] = {
    "risks": ("risk", "justification"),
    "strengths": ("strength", "text"),
    "unknown": ("unknown", "text"),
    "goals": ("goal", "text"),
    "measures": ("measure", "what"),
    "partners": ("partner", "reason"),
    "signers": ("sign", "name"),
}
"""Tables of a plan: how the tags of a row begin, and the field without which a row is no row."""
_IN_DOCUMENTS = {"signers": "signatures"}
"""What a table is called among the missing parts of a document, where that differs."""
_NOT_NEWS = ("version", "changes", "run", "model", "as_of", "merged", "tier", "certainty", "age")
_LOST = "controls_lost"
"""Note on a copy whose office program dropped the marks of fields: what is not found in it may still be there."""
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
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


def plain(words: str) -> str:
    r"""Words as every format can carry them: without characters that XML forbids, line ends alike, without outer space.

    Examples
    --------
    >>> plain("a\r\nb\x01 ")
    'a\nb'
    """
    return _FORBIDDEN.sub("", words.replace("\r\n", "\n").replace("\r", "\n")).strip()


def row_of(tag: str) -> tuple[str, str] | None:
    """Table and row that a tag belongs to: ``measure.mentor.what`` to ``("measures", "mentor")``; None outside tables."""
    for table, (start, _) in PARTS.items():
        if tag.startswith(f"{start}."):
            name, dot, _ = tag[len(start) + 1 :].rpartition(".")
            return (table, name) if dot else None
    return None


class _Merging:
    """One merge; see `merge`."""

    def __init__(
        self,
        new: SupportPlanDraft,
        kept: SupportPlanDraft,
        fresh: Sequence[EditedPlan],
        known: Mapping[int, SupportPlanDraft],
    ) -> None:
        self.kept, self.fresh = kept, fresh
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
            **rows,
        )
        if _news_of(merged) == _news_of(self.kept):
            return self.kept
        news = [digest(edit) for edit in self.fresh]
        newest = max([self.kept.version, *(edit.version for edit in self.fresh)])
        return msgspec.structs.replace(
            merged,
            version=newest + 1,
            changes=tuple(self._row_changes(rows) + self.changes),
            merged=tuple(dict.fromkeys((*self.kept.merged, *news))),
        )

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
                if told == plain(base.value(tag)) or told == plain(self.kept.value(tag)):
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
                    if tag in base.fields and tag not in edit.fields:
                        others = base is not self.kept and self._written_since(base, table, row.id)
                        if (table, row.id) not in written and not others:
                            gone.add(f"{start}.{row.id}")
        return {name for name in gone if row_of(f"{name}.x") not in written}

    def _written_since(self, base: SupportPlanDraft, table: str, name: str) -> bool:
        """Whether somebody wrote into a row after the version that a copy was printed from."""
        return any(
            field.touched and plain(field.value) != plain(base.value(tag))
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
            if before is None or value != before.value:
                self._changed(tag, kind, "" if before is None else before.value, value)
        elif before is not None and before.touched:
            value = before.value
            if drafted not in (before.drafted, value):
                self._changed(tag, "kept", value, drafted)
        else:
            value = drafted
            if before is not None and before.value != value:
                self._changed(tag, "redrafted", before.value, value)
        return msgspec.structs.replace(field, drafted=drafted, value=value)

    def _wished(self, tag: str, field: PlanField, wishes: Sequence[_Wish]) -> tuple[str, str]:
        """What stands in a field about which people have wishes, and whether they agree."""
        earlier = self.kept.fields.get(tag)
        texts: dict[str, _Wish] = {}
        for wish in sorted(wishes, key=lambda each: each.order):
            if wish.text:
                texts.setdefault(wish.text, wish)
        if not texts:
            return "", "person"
        by_person = earlier is not None and earlier.touched and bool(plain(earlier.value))
        stands = plain(earlier.value) if earlier is not None and by_person and self._unseen(tag, earlier) else ""
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
            plain(self.base[id(edit)].value(tag)) != plain(field.value)
            for edit in self.fresh
            if any(wish.file == edit.file for wish in self.wishes.get(tag, ()))
        )

    def _additions(self) -> tuple[PlanAddition, ...]:
        """Everything that people added, each once; what a person took out of a copy that it was printed in is gone."""
        gone: set[tuple[str, ...]] = set()
        for edit in self.fresh:
            if any(key == _LOST for key, _ in edit.notes):
                continue
            there = {_key(added) for added in edit.additions}
            printed = (added for added in self.base[id(edit)].additions if added.place not in edit.missing)
            gone |= {_key(added) for added in printed} - there
        found: dict[tuple[str, ...], PlanAddition] = {}
        for added in (*self.kept.additions, *(a for edit in self.fresh for a in edit.additions), *self.stray):
            if _key(added) not in gone and any(_key(added)[1:]):
                found.setdefault(_key(added), added)
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


def _key(added: PlanAddition) -> tuple[str, ...]:
    return (added.place, *(plain(cell) for cell in added.cells))


def _news_of(plan: SupportPlanDraft) -> dict[str, Any]:
    """What of a plan is news if it differs."""
    told = msgspec.structs.asdict(plan)
    for name in _NOT_NEWS:
        del told[name]
    return told
