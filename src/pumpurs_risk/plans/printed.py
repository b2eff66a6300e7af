"""What a plan's files say at the moment they are written: what tells, later, where a person has changed something."""

from __future__ import annotations

import hashlib
import re

import msgspec

from pumpurs_risk.plans.plan import PlanAddition, SupportPlanDraft

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
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")


def as_written(plan: SupportPlanDraft) -> SupportPlanDraft:
    """Give a plan as it goes to disk: it knows what its fields say, and which rows and additions it has, at that moment."""
    touched = {tag: field.value for tag, field in plan.fields.items() if field.touched}
    rows = [f"{start}.{row.id}" for table, (start, _) in PARTS.items() for row in getattr(plan, table)]
    return msgspec.structs.replace(plan, printed=touched, printed_parts=(*rows, *map(name_of, plan.additions)))


def name_of(added: PlanAddition) -> str:
    """What an addition is called among the printed parts of a plan."""
    return f"addition.{hashlib.sha256(msgspec.json.encode(key_of(added))).hexdigest()[:16]}"


def was_printed(plan: SupportPlanDraft, part: str) -> bool:
    """Whether a row or an addition stood in the files when they were written; where that is not known, it did."""
    return plan.printed_parts is None or part in plan.printed_parts


def has_other_status(plan: SupportPlanDraft) -> bool:
    """Whether the status at the top of a plan was changed and its field was not."""
    field = plan.fields.get("status")
    return field is not None and plan.status != field.value == plan.printed_value("status") and bool(plan.status)


def with_status(plan: SupportPlanDraft) -> SupportPlanDraft:
    """Give a plan whose field says the status that stands at its top."""
    field = msgspec.structs.replace(plan.fields["status"], value=plan.status)
    printed = {"status": plan.value("status")} if plan.printed is None else plan.printed
    return msgspec.structs.replace(plan, fields=plan.fields | {"status": field}, printed=printed)


def key_of(added: PlanAddition) -> tuple[str, ...]:
    """Place and words of an addition: two that have them alike are one."""
    return (added.place, *(plain(cell) for cell in added.cells))


def plain(words: str) -> str:
    r"""Words as every format can carry them: without characters that XML forbids, line ends alike, without outer space.

    Examples
    --------
    >>> plain("a\r\nb\x01 ")
    'a\nb'
    """
    return _FORBIDDEN.sub("", words.replace("\r\n", "\n").replace("\r", "\n")).strip()


def spellings(words: str) -> tuple[str, str]:
    """How copies may give words back: without what XML forbids, or with its pictures, as a document shows it."""
    return plain(words), plain(_FORBIDDEN.sub(_picture, words.replace("\r\n", "\n").replace("\r", "\n")))


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    return "\u2421" if code == 0x7F else chr(0x2400 + code) if code < 0x20 else "\ufffd"


def row_of(tag: str) -> tuple[str, str] | None:
    """Table and row that a tag belongs to: ``measure.mentor.what`` to ``("measures", "mentor")``; None outside tables."""
    for table, (start, _) in PARTS.items():
        if tag.startswith(f"{start}."):
            name, dot, _ = tag[len(start) + 1 :].rpartition(".")
            return (table, name) if dot else None
    return None
