import datetime as dt
from dataclasses import replace

import pandas as pd
import pytest

import pumpurs_risk as pr
from pumpurs_risk.batch.previous import ADDED, EarlierWork
from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.errors import RecordsError, RunError

AUTUMN, WINTER, LATER = dt.date(2026, 9, 15), dt.date(2027, 1, 15), dt.date(2027, 9, 15)


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


@pytest.fixture
def read(catalogue):
    return lambda *runs: EarlierWork.read(runs, catalogue, LATER)


@pytest.fixture
def keep(tmp_path):
    """Put a copy where collected copies lie."""

    def put(run, path, school, name):
        folder = run.parent / "decisions" / run.name / school
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / name
        target.write_bytes(path.read_bytes())
        return target

    return put


def decided(work):
    return {row.pupil_id: (row.decision, row.note) for row in work.decisions.itertuples()}


def told(work):
    return {row.pupil_id: (row.outcome, row.date, row.note) for row in work.outcomes.itertuples()}


def test_a_cell_changed_in_one_copy_only_counts(handed_out, list_of, fill_in, keep, read):
    run = handed_out(missing="x")
    own = list_of(run, "liepas")
    first, second = (keep(run, own, "liepas", name) for name in ("a.xlsx", "b.xlsx"))
    fill_in(first, {("list", "liepas:a", "decision"): "apstiprināts", ("questions", "liepas:a", "answer"): "jā"})
    fill_in(
        second,
        {("list", "liepas:b", "decision"): "noraidīts – mācās citur", ("missing", "liepas:x", "outcome"): "nomira"},
    )
    fill_in(
        own, {("list", "liepas:c", "decision"): "atlikts", ("added", 0, "shown"): "Ilze", ("added", 0, "why"): "Vajag."}
    )
    work = read(run)
    assert decided(work) == {
        "liepas:a": ("confirmed", ""),
        "liepas:b": ("dismissed", "mācās citur"),
        "liepas:c": ("deferred", ""),
    }
    assert work.answers[["pupil_id", "value"]].to_numpy().tolist() == [["liepas:a", 1.0]]
    assert told(work) == {"liepas:x": ("died", "", "")}
    assert work.outcomes[["school_id", "as_of"]].to_numpy().tolist() == [["liepas", "2027-01-15"]]
    assert work.added[["shown", "why"]].to_numpy().tolist() == [["Ilze", "Vajag."]]
    assert work.conflicts.empty
    assert work.messages("lv") == []


def test_of_contradicting_decisions_the_more_cautious_counts_and_both_are_kept(
    handed_out, list_of, fill_in, keep, read
):
    run = handed_out()
    own = list_of(run, "liepas")
    copy = keep(run, own, "liepas", "Kopija.xlsx")
    fill_in(
        own, {("list", "liepas:a", "decision"): "noraidīts – mācās citur", ("list", "liepas:b", "decision"): "atlikts"}
    )
    fill_in(copy, {("list", "liepas:a", "decision"): "apstiprināts", ("list", "liepas:b", "decision"): "noraidīts"})
    work = read(run)
    assert decided(work) == {
        "liepas:a": ("confirmed", "citā kopijā: noraidīts – mācās citur"),
        "liepas:b": ("deferred", "citā kopijā: noraidīts"),
    }
    first, second = work.messages("lv")
    assert "decisions/or_2027-01-15/liepas/Kopija.xlsx" in first
    assert "or_2027-01-15/schools/liepas/support_staff/saraksts_liepas_2027-01-15.xlsx" in first
    assert "„apstiprināts”" in first
    assert "„noraidīts – mācās citur”" in first
    assert "izmantots „atlikts”" in second
    assert not any(name in line for line in work.messages("en") for name in ("A liepas", "liepas:a"))


def test_of_contradicting_answers_and_outcomes_neither_is_used(handed_out, list_of, fill_in, keep, read):
    run = handed_out(missing="xyz")
    own = list_of(run, "kalnu")
    copy = keep(run, own, "kalnu", "Kopija.xlsx")
    fill_in(
        own,
        {
            ("questions", "kalnu:a", "answer"): "jā",
            ("missing", "kalnu:x", "outcome"): "pārtrauca mācības",
            ("missing", "kalnu:x", "note"): "Strādā.",
            ("missing", "kalnu:y", "outcome"): "nomira",
            ("missing", "kalnu:y", "date"): "01.02.2027.",
            ("missing", "kalnu:z", "outcome"): "nomira",
        },
    )
    fill_in(
        copy,
        {
            ("questions", "kalnu:a", "answer"): "nē",
            ("missing", "kalnu:x", "outcome"): "izbrauca no valsts",
            ("missing", "kalnu:y", "outcome"): "nomira",
            ("missing", "kalnu:y", "date"): "02.02.2027.",
            ("missing", "kalnu:z", "date"): "03.02.2027.",
            ("missing", "kalnu:z", "outcome"): "nomira",
        },
    )
    work = read(run)
    assert work.answers.empty
    assert told(work) == {
        "kalnu:x": ("", "", "pārtrauca mācības; izbrauca no valsts; Strādā."),
        "kalnu:y": ("died", "", "2027-02-01; 2027-02-02"),
        "kalnu:z": ("died", "2027-02-03", ""),
    }
    assert sorted(work.conflicts["kind"]) == ["answer", "outcome", "outcome_date"]
    for lang in ("lv", "en"):
        assert len(work.messages(lang)) == 3


def test_the_same_words_in_two_copies_are_no_contradiction_and_notes_are_joined(
    handed_out, list_of, fill_in, keep, read
):
    run = handed_out()
    own = list_of(run, "liepas")
    copy = keep(run, own, "liepas", "Kopija.xlsx")
    fill_in(
        own, {("list", "liepas:a", "decision"): "apstiprināts – runāja māte", ("questions", "liepas:a", "answer"): "Jā"}
    )
    fill_in(
        copy, {("list", "liepas:a", "decision"): "apstiprināts: sākam martā", ("questions", "liepas:a", "answer"): "jā"}
    )
    work = read(run)
    assert decided(work) == {"liepas:a": ("confirmed", "runāja māte; sākam martā")}
    assert work.answers["value"].tolist() == [1.0]
    assert work.conflicts.empty


def test_what_a_list_only_repeats_is_no_change(handed_out, list_of, fill_in, keep, read):
    first = handed_out(AUTUMN)
    fill_in(list_of(first, "liepas"), {("list", "liepas:a", "decision"): "apstiprināts  –  sākam\u00a0 martā"})
    second = handed_out(WINTER, carried=read(first))
    own = list_of(second, "liepas")
    copy = keep(second, own, "liepas", "Kopija.xlsx")
    fill_in(copy, {("list", "liepas:a", "decision"): "noraidīts – pārcēlies"})
    work = read(first, second)
    assert decided(work) == {"liepas:a": ("dismissed", "pārcēlies")}
    assert work.conflicts.empty


def test_a_contradiction_is_said_until_people_have_had_a_say(handed_out, list_of, fill_in, keep, read):
    first = handed_out(AUTUMN)
    own = list_of(first, "liepas")
    copy = keep(first, own, "liepas", "Kopija.xlsx")
    fill_in(own, {("list", "liepas:a", "decision"): "noraidīts", ("questions", "liepas:b", "answer"): "jā"})
    fill_in(copy, {("list", "liepas:a", "decision"): "apstiprināts", ("questions", "liepas:b", "answer"): "nē"})
    before = read(first)
    assert len(before.messages("en")) == 2
    second = handed_out(WINTER, carried=before)
    now = read(first, second)
    assert now.conflicts["kind"].tolist() == [
        "answer"
    ]  # the second list shows which decision counts; nobody answered yet
    assert decided(now)["liepas:a"][0] == "confirmed"
    fill_in(
        list_of(second, "liepas"),
        {("questions", "liepas:b", "answer"): "nē", ("list", "liepas:a", "decision"): "noraidīts"},
    )
    settled = read(first, second)
    assert settled.conflicts.empty
    assert decided(settled)["liepas:a"] == ("dismissed", "")
    assert settled.answers["value"].tolist() == [0.0]


def test_an_outcome_stays_and_its_date_and_word_are_not_lost_when_only_a_note_is_added(
    handed_out, list_of, fill_in, read
):
    first = handed_out(AUTUMN, missing="x")
    fill_in(
        list_of(first, "liepas"),
        {("missing", "liepas:x", "outcome"): "nomira", ("missing", "liepas:x", "date"): "2.9.2026."},
    )
    second = handed_out(WINTER, missing="x", carried=read(first))
    fill_in(list_of(second, "liepas"), {("missing", "liepas:x", "outcome"): "kā rakstīts iepriekš"})
    work = read(first, second)
    assert told(work) == {"liepas:x": ("died", "2026-09-02", "kā rakstīts iepriekš")}
    assert len(work.messages("lv")) == 1


def test_a_decision_about_a_pupil_who_left_is_kept_and_said(handed_out, list_of, fill_in, read):
    first = handed_out(AUTUMN, missing="a")
    fill_in(list_of(first, "liepas"), {("missing", "liepas:a", "outcome"): "mācās citā izglītības iestādē"})
    second = handed_out(WINTER, carried=read(first))
    fill_in(list_of(second, "liepas"), {("list", "liepas:a", "decision"): "apstiprināts"})
    work = read(first, second)
    assert decided(work) == {"liepas:a": ("confirmed", "")}
    assert told(work)["liepas:a"][0] == "transferred"
    assert work.messages("lv") == [
        "1 jauns lēmums ir par izglītojamo, par kuru norādīts, ka šeit vairs nemācās. Lēmums un norādītais saglabāts."
    ]


def test_a_copy_of_another_list_among_the_copies_is_named_and_not_used(handed_out, list_of, fill_in, keep, read):
    first, second = handed_out(AUTUMN), handed_out(WINTER)
    fill_in(list_of(first, "liepas"), {("list", "liepas:a", "decision"): "apstiprināts"})
    keep(second, list_of(first, "liepas"), "liepas", "vecais.xlsx")
    work = read(second)
    assert decided(work) == {}
    [said] = work.messages("lv")
    assert "decisions/or_2027-01-15/liepas/vecais.xlsx" in said
    assert "2026-09-15" in said


def test_a_damaged_copy_is_refused_and_a_lock_file_passed_over(handed_out, list_of, keep, read):
    run = handed_out()
    folder = keep(run, list_of(run, "liepas"), "liepas", "a.xlsx").parent
    (folder / "~$a.xlsx").write_bytes(b"lock")
    assert read(run).messages("lv") == []
    (folder / "b.xlsx").write_bytes(b"PK\x03\x04 no workbook")
    with pytest.raises(RecordsError, match=r"b\.xlsx"):
        read(run)


def test_a_run_of_the_first_version_has_no_outcomes_and_opens(handed_out, list_of, fill_in, read):
    run = handed_out()
    for name in ("outcomes", "support"):
        (run / "data" / f"{name}.parquet").unlink()
    fill_in(list_of(run, "liepas"), {("list", "liepas:a", "decision"): "apstiprināts"})
    work = read(run)
    assert decided(work) == {"liepas:a": ("confirmed", "")}
    assert list(work.outcomes) == ["pupil_id", "school_id", "outcome", "date", "as_of", "note"]
    assert work.support.empty


def test_a_later_list_is_not_known_yet(handed_out, catalogue):
    with pytest.raises(RunError, match="after 2026-09-15"):
        EarlierWork.read([handed_out(WINTER)], catalogue, AUTUMN)


def test_support_that_evaluated_plans_tell_of_comes_back(handed_out, read):
    from pumpurs_risk.plans import plan_to_json
    from pumpurs_risk.plans.plan import PlanField, PlanMeasure, SupportPlanDraft

    run = handed_out()
    measures = tuple(PlanMeasure(id=name, measure=name, risks=("attendance",)) for name in ("mentor", "consultations"))
    fields = {"measure.mentor.result": "done", "measure.mentor.from": "2027-02-01", "measure.mentor.to": "2027-05-20"}
    plan = SupportPlanDraft(
        plan_id="liepas-a-2", pupil_id="liepas:a", school_id="liepas", as_of=WINTER, expires=WINTER, review=WINTER,
        status="draft", measures=measures, fields={tag: PlanField(value=value) for tag, value in fields.items()},
    )  # fmt: skip
    folder = run.parent / "plans" / "liepas"
    folder.mkdir(parents=True)
    (folder / "IAP_9.a_a.json").write_bytes(plan_to_json(plan))
    [given] = read(run).support.itertuples()
    assert (given.pupil_id, given.measure) == ("liepas:a", "mentor")
    assert str(given.date_to)[:10] == "2027-05-20"


def test_whom_staff_added_is_found_among_the_schools_pupils_not_only_among_those_printed():
    cohort = pr.make_cohort(n_pupils=60, random_state=0, form="sheet")
    X = pr.factor_table(cohort, as_of="2027-01-15")
    first, twin, other = X[["pupil_id", "school_id", "class_id"]].iloc[:3].to_dict("records")
    called = {first["pupil_id"]: "Anna  Bērziņa", twin["pupil_id"]: "Jānis Kalns", other["pupil_id"]: "Jānis Kalns"}
    rows = [(pupil, X.set_index("pupil_id").at[pupil, "school_id"], name, "") for pupil, name in called.items()]
    records = replace(cohort, names=pd.DataFrame(rows, columns=["pupil_id", "school_id", "name", "own_id"]))
    X = X.assign(school_id=first["school_id"]).assign(class_id=["7.a", "8.a", "9.a", *X["class_id"][3:]])
    typed = [("anna bērziņa", ""), ("Jānis Kalns", "9.a."), ("Jānis Kalns", ""), ("Nezināms", "7.a")]
    added = pd.DataFrame([(first["school_id"], "", *who, "", "2026-09-15") for who in typed], columns=list(ADDED))
    found = replace(EarlierWork(), added=added).recognised(records, X).added["pupil_id"].tolist()
    assert found == [first["pupil_id"], other["pupil_id"], "", ""]
