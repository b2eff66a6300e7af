"""A new draft, a kept plan and edited copies become one plan, and no word is lost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import msgspec

from pumpurs_risk.plans import EditedPlan, SupportPlanDraft, merge
from pumpurs_risk.plans.plan import PlanAddition, PlanField, PlanMeasure
from pumpurs_risk.plans.printed import as_written, row_of

Maker = Callable[..., SupportPlanDraft]


def copy_of(plan: SupportPlanDraft, file: str = "a.docx", without: tuple[str, ...] = (), **words: str) -> EditedPlan:
    fields = {tag: field.value for tag, field in plan.fields.items() if not tag.startswith(without or ("\0",))}
    fields |= {tag.replace("__", "."): text for tag, text in words.items()}
    return EditedPlan(file=file, plan_id=plan.plan_id, version=plan.version, fields=fields, additions=plan.additions)


def test_without_news_the_kept_plan_stays_as_it_is(small_plan: Maker) -> None:
    kept = small_plan()
    assert merge(small_plan(), kept, [copy_of(kept)]) is kept


def test_an_untouched_field_follows_the_draft_and_a_touched_one_stays(small_plan: Maker) -> None:
    kept = merge(small_plan(), small_plan(), [copy_of(small_plan(), notes="Mans teksts.")])
    new = small_plan(notes="Jauns melnraksts.", measure__mentor__who="Cits mentors")
    merged = merge(new, kept)
    assert merged.value("notes") == "Mans teksts." and merged.value("measure.mentor.who") == "Cits mentors"
    assert {(c.tag, c.kind, c.after) for c in merged.changes} == {
        ("notes", "kept", "Jauns melnraksts."), ("measure.mentor.who", "redrafted", "Cits mentors"),
    }  # fmt: skip
    assert merged.version == kept.version + 1
    assert merge(new, merged) is merged


def test_a_field_that_a_person_emptied_stays_empty(small_plan: Maker) -> None:
    kept = merge(small_plan(), small_plan(), [copy_of(small_plan(), notes="")])
    assert merge(small_plan(notes="Atkal."), kept).value("notes") == ""


def test_two_peoples_words_both_stay_marked_by_file(small_plan: Maker) -> None:
    kept = small_plan()
    edits = [copy_of(kept, "b.docx", notes="Otrais."), copy_of(kept, "a.docx", notes="Pirmais.")]
    merged = merge(small_plan(), kept, edits)
    assert merged.value("notes") == "[a.docx] Pirmais.\n[b.docx] Otrais."
    assert [change.kind for change in merged.changes] == ["conflict"]
    assert merge(small_plan(), kept, edits[::-1]) == merged
    assert merge(small_plan(), merged, edits) is merged


def test_a_resolved_conflict_does_not_come_back(small_plan: Maker) -> None:
    kept = small_plan()
    edits = [copy_of(kept, "a.docx", notes="Pirmais."), copy_of(kept, "b.docx", notes="Otrais.")]
    merged = merge(small_plan(), kept, edits)
    settled = merge(small_plan(), merged, [*edits, copy_of(merged, notes="Pirmais.")])
    assert settled.value("notes") == "Pirmais."


def test_the_same_words_of_two_people_are_no_conflict(small_plan: Maker) -> None:
    kept = small_plan()
    merged = merge(small_plan(), kept, [copy_of(kept, "a.docx", notes="Es."), copy_of(kept, "b.docx", notes="Es.")])
    assert merged.value("notes") == "Es." and [c.kind for c in merged.changes] == ["person"]


def test_a_late_copy_of_an_old_version_changes_only_what_its_writer_changed(small_plan: Maker) -> None:
    first = small_plan()
    second = merge(small_plan(notes="Jauns."), first)
    late = copy_of(first, measure__mentor__who="Anna")
    merged = merge(small_plan(notes="Jauns."), second, [late], older={1: first})
    assert merged.value("notes") == "Jauns." and merged.value("measure.mentor.who") == "Anna"


def test_a_late_copy_and_what_was_written_since_both_stay(small_plan: Maker) -> None:
    first = small_plan()
    second = merge(small_plan(), first, [copy_of(first, "a.docx", notes="Pirmais.")])
    merged = merge(small_plan(), second, [copy_of(first, "b.docx", notes="Otrais.")], older={1: first})
    assert "Pirmais." in merged.value("notes") and "[b.docx] Otrais." in merged.value("notes")


def test_of_two_dates_the_later_copys_holds_and_the_other_is_noted(small_plan: Maker) -> None:
    kept = small_plan()
    early, late = dt.datetime(2027, 2, 1, tzinfo=dt.UTC), dt.datetime(2027, 2, 2)
    edits = [
        msgspec.structs.replace(copy_of(kept, "a.docx", next_review="2027-03-08"), modified=late),
        msgspec.structs.replace(copy_of(kept, "b.docx", next_review="2027-03-09"), modified=early),
    ]
    merged = merge(small_plan(), kept, edits)
    assert merged.value("next_review") == "2027-03-08"
    assert PlanAddition(place="text", cells=("next_review", "2027-03-09"), by="b.docx") in merged.additions


def test_a_row_that_a_person_took_out_is_not_proposed_again(small_plan: Maker) -> None:
    kept = merge(small_plan(), small_plan(), [copy_of(small_plan(), without=("measure.mentor.",))])
    assert [measure.id for measure in kept.measures] == ["own"] and kept.removed == ("measure.mentor",)
    assert kept.changes[0].kind == "removed" and kept.changes[0].before == "Mentora atbalsts"
    again = merge(small_plan(notes="Jauns."), kept)
    assert [measure.id for measure in again.measures] == ["own"] and "measure.mentor.what" not in again.fields


def test_a_row_that_another_person_wrote_into_stays(small_plan: Maker) -> None:
    kept = small_plan()
    edits = [copy_of(kept, "a.docx", ("measure.mentor.",)), copy_of(kept, "b.docx", measure__mentor__who="Anna")]
    merged = merge(small_plan(), kept, edits)
    assert merged.value("measure.mentor.who") == "Anna" and merged.removed == ()


def test_a_table_that_was_taken_out_whole_loses_nothing(small_plan: Maker) -> None:
    kept = small_plan()
    edit = msgspec.structs.replace(copy_of(kept, without=("measure.",)), missing=("measures",))
    assert merge(small_plan(), kept, [edit]) is kept


def test_a_row_that_the_draft_no_longer_has_goes_unless_a_person_wrote_in_it(small_plan: Maker) -> None:
    def without_mentor(plan: SupportPlanDraft) -> SupportPlanDraft:
        fields = {tag: field for tag, field in plan.fields.items() if row_of(tag) != ("measures", "mentor")}
        return msgspec.structs.replace(plan, measures=plan.measures[1:], fields=fields)

    new = without_mentor(small_plan())
    assert [m.id for m in merge(new, small_plan()).measures] == ["own"]
    touched = merge(small_plan(), small_plan(), [copy_of(small_plan(), measure__mentor__who="Anna")])
    merged = merge(new, touched)
    assert [m.id for m in merged.measures] == ["own", "mentor"] and merged.value("measure.mentor.who") == "Anna"


def test_additions_stay_once_and_go_when_their_writer_takes_them_out(small_plan: Maker) -> None:
    added = PlanAddition(place="measures", cells=("Peldēšana", "Treneris"), by="a.docx")
    edit = msgspec.structs.replace(copy_of(small_plan()), additions=(added, added))
    kept = merge(small_plan(), small_plan(), [edit])
    assert kept.additions == (added,)
    printed = msgspec.structs.replace(
        copy_of(kept), additions=(PlanAddition(place="measures", cells=added.cells, by="x"),)
    )
    assert merge(small_plan(), kept, [printed]) is kept
    assert merge(small_plan(), kept, [msgspec.structs.replace(copy_of(kept), additions=())]).additions == ()


def test_additions_stay_where_the_program_lost_the_marks_of_fields(small_plan: Maker) -> None:
    added = PlanAddition(place="text", cells=("Teksts",))
    kept = msgspec.structs.replace(small_plan(), additions=(added,))
    edit = msgspec.structs.replace(copy_of(kept), additions=(), notes=(("controls_lost", {"n": 3}),))
    assert merge(small_plan(), kept, [edit]).additions == (added,)


def test_what_was_approved_is_not_drafted_anew_but_can_be_corrected(small_plan: Maker) -> None:
    approved = merge(small_plan(), small_plan(), [copy_of(small_plan(), status="approved")])
    assert approved.status == "approved" and approved.changes[0].kind == "status"
    assert merge(small_plan(notes="Jauns."), approved) is approved
    corrected = merge(small_plan(notes="Jauns."), approved, [copy_of(approved, notes="Labots.")])
    assert corrected.value("notes") == "Labots." and corrected.status == "approved"


def test_a_plan_whose_mark_draft_was_taken_away_is_no_longer_drafted(small_plan: Maker) -> None:
    final = merge(small_plan(notes="Jauns."), small_plan(), [copy_of(small_plan(), draft_mark="")])
    assert not final.is_draft and final.value("notes") == "Piezīme."


def test_a_copy_without_its_json_is_taken_in(small_plan: Maker) -> None:
    edit = msgspec.structs.replace(copy_of(small_plan(), notes="Mans."), version=4)
    merged = merge(small_plan(), None, [edit])
    assert merged.value("notes") == "Mans." and merged.version == 5


def test_a_copy_of_another_plan_is_left_alone(small_plan: Maker) -> None:
    other = msgspec.structs.replace(copy_of(small_plan(), notes="Cits."), plan_id="IAP-2")
    kept = small_plan()
    assert merge(small_plan(), kept, [other]) is kept


def test_words_in_a_field_that_is_nowhere_any_more_become_an_addition(small_plan: Maker) -> None:
    merged = merge(small_plan(), small_plan(), [copy_of(small_plan(), measure__gone__what="Vecs pasākums")])
    assert PlanAddition(place="text", cells=("measure.gone.what", "Vecs pasākums"), by="a.docx") in merged.additions


def test_hostile_words_come_through(small_plan: Maker) -> None:
    words = "<script>alert(1)</script> =1+1 {{ 7*7 }} \u202e\U0001f600 " + "x" * 10_000
    merged = merge(small_plan(), small_plan(), [copy_of(small_plan(), pupil_view=words)])
    assert merged.value("pupil_view") == words
    noisy = copy_of(small_plan(), notes="Piezīme.\x0b\r\n")
    assert merge(small_plan(), small_plan(), [noisy]) == small_plan()


def in_json(plan: SupportPlanDraft, **words: str) -> SupportPlanDraft:
    """Change values in a plan's JSON, beside files that were written before."""
    plan = as_written(plan)
    told = {tag.replace("__", "."): text for tag, text in words.items()}
    fields = {t: msgspec.structs.replace(f, value=told.get(t, f.value)) for t, f in plan.fields.items()}
    return msgspec.structs.replace(plan, fields=fields)


def test_what_was_written_into_the_json_stays_beside_an_untouched_document(small_plan: Maker) -> None:
    document = copy_of(small_plan())
    merged = merge(small_plan(), in_json(small_plan(), pupil_view="Gribu.", status="agreed"), [document])
    assert (merged.value("pupil_view"), merged.value("status"), merged.status) == ("Gribu.", "agreed", "agreed")
    assert {(c.tag, c.kind) for c in merged.changes} == {("pupil_view", "person"), ("status", "status")}
    written = as_written(merged)
    assert merge(small_plan(), written, [copy_of(written)]) is written


def test_words_of_the_json_are_not_emptied_by_a_document_that_was_emptied(small_plan: Maker) -> None:
    merged = merge(small_plan(), in_json(small_plan(), notes="No rīka."), [copy_of(small_plan(), notes="")])
    assert merged.value("notes") == "No rīka." and [c.kind for c in merged.changes] == ["conflict"]


def test_the_status_at_the_top_of_the_json_counts_as_the_plans_status(small_plan: Maker) -> None:
    kept = msgspec.structs.replace(as_written(small_plan()), status="approved")
    merged = merge(small_plan(notes="Jauns."), kept, [copy_of(small_plan())])
    assert (merged.status, merged.value("status"), merged.value("notes")) == ("approved", "approved", "Piezīme.")
    assert [(c.tag, c.kind, c.before, c.after) for c in merged.changes] == [("status", "status", "draft", "approved")]
    written = as_written(merged)
    assert merge(small_plan(notes="Jauns."), written, [copy_of(written)]) is written


def test_an_addition_of_the_json_stays_and_one_taken_out_of_the_document_that_printed_it_goes(
    small_plan: Maker,
) -> None:
    old, new = (PlanAddition(place="measures", cells=(words, "Treneris")) for words in ("Peldēšana", "Šahs"))
    first = as_written(msgspec.structs.replace(small_plan(), additions=(old,)))
    document = copy_of(first)
    merged = merge(small_plan(), msgspec.structs.replace(first, additions=(old, new)), [document])
    assert merged.additions == (old, new) and merged.version == 2
    written = as_written(merged)
    assert merge(small_plan(), written, [copy_of(written)]) is written
    taken_out = msgspec.structs.replace(copy_of(written), additions=(new,))
    assert merge(small_plan(), written, [taken_out]).additions == (new,)


def test_a_row_of_the_json_is_not_taken_out_by_a_document_that_never_had_it(small_plan: Maker) -> None:
    first = as_written(small_plan())
    fields = first.fields | {"measure.chess.what": PlanField(drafted="Šahs", value="Šahs, otrdienās")}
    measures = (*first.measures, PlanMeasure(id="chess", measure="", risks=("attendance",)))
    kept = msgspec.structs.replace(first, fields=fields, measures=measures)
    merged = merge(small_plan(), kept, [copy_of(first)])
    assert merged.value("measure.chess.what") == "Šahs, otrdienās" and merged.removed == ()


def test_a_row_that_the_json_wrote_into_stays_when_the_document_lost_it(small_plan: Maker) -> None:
    kept = in_json(small_plan(), measure__mentor__who="Anna")
    merged = merge(small_plan(), kept, [copy_of(small_plan(), without=("measure.mentor.",))])
    assert merged.value("measure.mentor.who") == "Anna" and merged.removed == ()
