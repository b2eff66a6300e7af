"""Two runs of a made municipality, compared on the command line as a specialist would."""

import json
import shutil
from dataclasses import replace

import msgspec
import pandas as pd
import pytest

import pumpurs_risk as pr
from pumpurs_risk.records.workbook.reader import read_workbook


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The runs of two semesters; in the second one school handed in no marks, another nothing at all."""
    folder = tmp_path_factory.mktemp("runs")
    records = pr.make_cohort(700, form="tables", random_state=3)
    first = pr.score(records, as_of="2025-09-15", out=folder / "autumn", lang="en")
    marks = records.marks.to_pandas()
    pupils = records.pupils.to_pandas()
    sizes = first.factors.groupby("school_id").size().sort_values()
    silent, gone = sizes.index[-1], sizes.index[0]
    marks = marks[~marks["pupil_id"].isin(pupils.loc[pupils["school_id"] == silent, "pupil_id"])]
    later = replace(records, tables={**records.tables, "marks": marks, "pupils": pupils[pupils["school_id"] != gone]})
    later = pr.SchoolRecords.of(
        {k: (v if isinstance(v, pd.DataFrame) else v.to_pandas()) for k, v in later.tables.items() if v is not None},
        schools=records.schools,
    )
    second = pr.score(later, as_of="2026-01-15", out=folder / "winter", lang="en")
    return folder, first, second, silent, gone, records


def test_the_first_line_names_what_needs_a_person_and_the_page_lies_beside_the_runs(run, runs):
    folder, _, _, silent, gone, _ = runs
    said = run("monitor", folder / "winter", folder / "autumn", "--lang", "en")  # in any order
    assert said.code == 0, said
    titles = pr.open_run(folder / "autumn").manifest.schools
    names = {each.school_id: each.title for each in titles}
    first_line = said.out.splitlines()[0]
    assert "need" in first_line and names[gone] in first_line
    assert f"{names[silent]}” no longer supplies" in said.out or f"{names[silent]}” knows less" in said.out
    page = (folder / "monitoring_2025-09-15_2026-01-15.html").read_text(encoding="utf-8")
    assert names[gone] in page and "What became of the pupils was not handed in" in page
    again = run("monitor", folder / "autumn", folder / "winter", "--lang", "en")
    assert "monitoring_2025-09-15_2026-01-15_2.html" in again.out  # nothing is written over


def test_no_pupil_is_named(run, runs):
    folder, first, _, _, _, _ = runs
    said = run("monitor", folder / "autumn", folder / "winter", "--out", folder / "named.json")
    written = (folder / "named.json").read_text(encoding="utf-8") + said.out
    assert not [pupil for pupil in first.factors["pupil_id"] if f'"{pupil}"' in written]


def test_an_existing_file_and_a_folder_that_is_no_run_are_refused(run, runs, tmp_path):
    folder = runs[0]
    there = tmp_path / "there.html"
    there.write_text("mine", encoding="utf-8")
    said = run("monitor", folder / "autumn", folder / "winter", "--out", there)
    assert said.code == 2 and there.read_text(encoding="utf-8") == "mine"
    said = run("monitor", folder / "autumn", tmp_path)
    assert said.code == 2 and "Traceback" not in said.err


def test_decisions_are_read_from_the_workbooks(runs, type_into):
    _, first, second, _, _, _ = runs
    flags = first.flags
    school = flags[flags["listed"]].groupby("school_id").size().idxmax()
    book = next((first.path / "schools" / school).glob("support_staff/*.xlsx"))
    listed = next(sheet for sheet in read_workbook(book) if sheet.name == "List")
    rows = [int(r) for r, p in zip(listed.rows, listed.columns[0], strict=True) if str(p) in set(flags["pupil_id"])][:6]
    before = {row.by: row for row in pr.monitor(first, second).decisions}["all"]
    assert before.undecided == before.listed
    type_into(book, {("List", f"I{row}"): "confirmed" for row in rows})
    after = {row.by: row for row in pr.monitor(first, second).decisions}["all"]
    assert after.confirmed == 6 or after.confirmed is None  # six of them, or too few to be shown
    assert after != before


def test_outcomes_come_from_records_and_from_a_file_that_says_nothing_else(run, runs, tmp_path):
    folder, first, second, _, _, records = runs
    whole = pr.monitor(first, second, records)
    assert whole.outcomes.state == "judged" and whole.outcomes.left > 0
    outcomes = records.outcomes.to_pandas()
    still = pd.DataFrame({"pupil_id": first.factors["pupil_id"], "date": "2026-10-01", "outcome": "still_enrolled"})
    left = outcomes[outcomes["outcome"] == "dropped_out"]
    left = left[pd.to_datetime(left["date"]).between("2025-09-15", "2026-09-14")]
    still = still[~still["pupil_id"].isin(left["pupil_id"])]
    table = pd.concat([left[["pupil_id", "date", "outcome"]].astype(str), still])
    table.to_csv(tmp_path / "left.csv", index=False)
    said = run(
        "monitor",
        folder / "autumn",
        folder / "winter",
        "--outcomes",
        tmp_path / "left.csv",
        "--out",
        tmp_path / "m.json",
    )
    assert said.code == 0, said
    found = json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))["found"]["outcomes"]
    assert found["state"] == "judged"
    assert found["left"] == len(set(left["pupil_id"]) & set(first.factors["pupil_id"]))
    assert found["known"] == len(first.factors)


def test_outcomes_that_end_too_early_say_from_when_on_they_can_be_judged(run, runs, tmp_path):
    folder, first, _, _, _, _ = runs
    early = pd.DataFrame(
        {"pupil_id": first.factors["pupil_id"].head(3), "date": "2025-12-01", "outcome": "dropped_out"}
    )
    early.to_csv(tmp_path / "left.csv", index=False)
    out = tmp_path / "m.html"
    said = run(
        "monitor",
        folder / "autumn",
        folder / "winter",
        "--outcomes",
        tmp_path / "left.csv",
        "--out",
        out,
        "--lang",
        "en",
    )
    assert said.code == 0, said
    assert "too early" in out.read_text(encoding="utf-8") and "15 September 2026" in out.read_text(encoding="utf-8")


def test_outcomes_of_other_pupils_are_refused(run, runs, tmp_path):
    folder = runs[0]
    (tmp_path / "left.csv").write_text("pupil_id,date,outcome\nx1,2026-03-01,dropped_out\n", encoding="utf-8")
    said = run(
        "monitor",
        folder / "autumn",
        folder / "winter",
        "--outcomes",
        tmp_path / "left.csv",
        "--out",
        tmp_path / "m.html",
    )
    assert said.code == 2 and not (tmp_path / "m.html").exists()


def test_a_run_compared_with_itself_or_with_its_copy_is_refused(run, runs, tmp_path):
    folder, first, _, _, _, _ = runs
    shutil.copytree(folder / "autumn", tmp_path / "copy")
    for other in (folder / "autumn", tmp_path / "copy"):
        said = run("monitor", folder / "autumn", other, "--out", tmp_path / "m.html", "--lang", "en")
        assert said.code == 2 and "same run (2025-09-15) was given twice" in said.err, said
        assert not (tmp_path / "m.html").exists()
    with pytest.raises(pr.RunError) as refused:
        pr.monitor(first, first)
    assert refused.value.code == "monitor_same_run"


def test_the_page_says_that_data_are_made_when_the_run_or_the_model_says_so(runs):
    _, first, second, _, _, _ = runs
    assert "made" not in {note.code for note in pr.monitor(quiet(first), quiet(second)).notes}
    school = first.manifest.schools[0]
    titled = msgspec.structs.replace(school, title="Liepu pamatskola (izdomāti dati)")
    manifest = msgspec.structs.replace(quiet(first).manifest, schools=(titled,))
    assert "made" in {note.code for note in pr.monitor(replace(quiet(first), manifest=manifest), quiet(second)).notes}
    told = msgspec.structs.replace(
        second.model.provenance, notes=("made data: the pupils, schools and outcomes do not exist",)
    )
    later = replace(quiet(second), model=msgspec.structs.replace(second.model, provenance=told))
    assert "made" in {note.code for note in pr.monitor(quiet(first), later).notes}


def quiet(run):
    """The run as if nothing in it said that its data are made."""
    schools = tuple(msgspec.structs.replace(school, title=school.school_id) for school in run.manifest.schools)
    manifest = msgspec.structs.replace(run.manifest, schools=schools, municipality="", purpose="", warnings=())
    return replace(run, manifest=manifest, records=None)
