"""What a person wrote into a plan survives every drafting again."""

from __future__ import annotations

import datetime as dt
from random import Random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pumpurs_risk.plans import EditedPlan, PlanField, SupportPlanDraft, merge
from pumpurs_risk.plans.plan import PlanAddition, PlanMeasure
from pumpurs_risk.plans.printed import plain

DAY = dt.date(2027, 1, 15)
MEASURES = ("mentor", "psychologist", "transport")
TAGS = ("pupil_view", "notes", *(f"measure.{name}.{part}" for name in MEASURES for part in ("what", "who")))

words = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12).filter(lambda w: plain(w) != "")
"""Anything that a person may type, hostile or not."""
numbered = st.lists(st.tuples(st.sampled_from(TAGS), words), max_size=6)


def plan_of(measures: tuple[str, ...], salt: str) -> SupportPlanDraft:
    """A draft with these measures; its own words differ with `salt`."""
    fields = {
        tag: PlanField(drafted=f"{salt} {tag}", value=f"{salt} {tag}")
        for tag in TAGS
        if not tag.startswith("measure.") or tag.split(".")[1] in measures
    }
    fields["pupil_view"] = PlanField(required=True)
    return SupportPlanDraft(
        plan_id="IAP-1", pupil_id="7", school_id="s", as_of=DAY, expires=DAY, review=DAY, status="draft", fields=fields,
        measures=tuple(PlanMeasure(id=name, measure=name, risks=()) for name in measures),
    )  # fmt: skip


drafts = st.builds(
    plan_of, st.lists(st.sampled_from(MEASURES), unique=True).map(tuple), st.sampled_from(("old", "new", "other"))
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[SupportPlanDraft, SupportPlanDraft, list[EditedPlan]]:
    """A new draft, a kept plan that people may have written into, and copies of it that they edited."""
    kept = draw(drafts)
    for tag, text in draw(numbered):
        if tag in kept.fields:
            field = msgspec.structs.replace(kept.fields[tag], value=text)
            kept = msgspec.structs.replace(kept, fields=kept.fields | {tag: field})
    edits = []
    for number in range(draw(st.integers(0, 3))):
        fields = {tag: field.value for tag, field in kept.fields.items()}
        fields |= {tag: text for tag, text in draw(numbered) if tag in fields}
        added = [PlanAddition(place="measures", cells=(text,)) for text in draw(st.lists(words, max_size=2))]
        edits.append(
            EditedPlan(file=f"{number}.docx", plan_id="IAP-1", version=1, fields=fields, additions=tuple(added))
        )
    return draw(drafts), kept, edits


def everything(plan: SupportPlanDraft) -> str:
    """All words of a plan."""
    parts = [field.value for field in plan.fields.values()]
    return "\n".join(plain(part) for part in (*parts, *(cell for added in plan.additions for cell in added.cells)))


@given(histories())
def test_nothing_that_a_person_wrote_is_ever_lost(
    history: tuple[SupportPlanDraft, SupportPlanDraft, list[EditedPlan]],
) -> None:
    new, kept, edits = history
    merged = everything(merge(new, kept, edits))
    changed = {tag for edit in edits for tag, text in edit.fields.items() if plain(text) != plain(kept.value(tag))}
    for edit in edits:
        for tag, text in edit.fields.items():
            if plain(text) != plain(kept.value(tag)):
                assert plain(text) in merged
        for added in edit.additions:
            assert all(plain(cell) in merged for cell in added.cells)
    for tag, field in kept.fields.items():
        if field.touched and tag not in changed:
            assert plain(field.value) in merged


@given(histories())
def test_merging_again_without_news_changes_nothing(
    history: tuple[SupportPlanDraft, SupportPlanDraft, list[EditedPlan]],
) -> None:
    new, kept, edits = history
    merged = merge(new, kept, edits)
    assert merge(new, merged, edits) is merged
    printed = {tag: field.value for tag, field in merged.fields.items()}
    copy = EditedPlan(
        file="again.docx", plan_id="IAP-1", version=merged.version, fields=printed, additions=merged.additions
    )
    assert merge(new, merged, [copy]) is merged


@given(histories())
def test_what_nobody_touched_follows_the_new_draft(
    history: tuple[SupportPlanDraft, SupportPlanDraft, list[EditedPlan]],
) -> None:
    new, kept, edits = history
    merged = merge(new, kept, edits)
    touched = {tag for tag, field in kept.fields.items() if field.touched}
    touched |= {tag for edit in edits for tag, text in edit.fields.items() if plain(text) != plain(kept.value(tag))}
    for tag, field in new.fields.items():
        if tag not in touched:
            assert merged.value(tag) == field.value


@given(histories(), st.randoms())
def test_the_order_of_copies_changes_nothing(
    history: tuple[SupportPlanDraft, SupportPlanDraft, list[EditedPlan]],
    random: Random,
) -> None:
    new, kept, edits = history
    shuffled = list(edits)
    random.shuffle(shuffled)
    assert merge(new, kept, shuffled) == merge(new, kept, edits)


@given(histories())
def test_what_changed_is_what_is_listed(
    history: tuple[SupportPlanDraft, SupportPlanDraft, list[EditedPlan]],
) -> None:
    new, kept, edits = history
    merged = merge(new, kept, edits)
    if merged is kept:
        return
    listed = {change.tag for change in merged.changes}
    for tag in kept.fields.keys() & merged.fields.keys():
        if kept.value(tag) != merged.value(tag):
            assert tag in listed
