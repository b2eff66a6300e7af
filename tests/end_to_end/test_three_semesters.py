"""Three semesters of two schools of the made municipality, with people at work in between: nothing they wrote is lost."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from lxml import html
from tests.end_to_end.pens import NEW_ROW, fill_docx, fill_json, fill_list, said

import pumpurs_risk as pr
from pumpurs_risk.batch.names import names_from
from pumpurs_risk.batch.plan_files import read_plans
from pumpurs_risk.datasets import write_semesters
from pumpurs_risk.records.workbook.reader import read_workbook

UDRU, KAMOLU = "udru-pamatskola", "kamolu-pamatskola"  # both hand in nothing but a sheet
REASON = "mācās tālmācībā, <b>vienojāmies</b> ar vecākiem"
VIEW = "Gribu pabeigt 9. klasi.\nBet matemātikā man vajag palīdzību; {{ 7*7 }} „nav joks”."


@dataclass
class Work:
    """What people did, to be looked for in the third list."""

    runs: list[Path]
    names: dict[str, str]
    confirmed: str = ""
    dismissed: list[str] = field(default_factory=list)
    added: str = ""
    answered: tuple[str, str, float] = ("", "", 0.0)
    by_mail: str = ""
    outcome: str = ""
    typed_json: dict[str, str] = field(default_factory=dict)
    typed_docx: dict[str, str] = field(default_factory=dict)
    evaluated: list[str] = field(default_factory=list)

    def run(self, number: int) -> pr.Run:
        return pr.open_run(self.runs[number - 1])

    @property
    def plans(self) -> dict[str, pr.SupportPlanDraft]:
        return {plan.plan_id: plan for plan, _ in read_plans(self.runs[0].parent / "plans")}


def only(folder: Path, schools: tuple[str, ...]) -> None:
    """Leave a made municipality with these schools."""
    for school in folder.iterdir():
        if school.is_dir() and school.name not in schools:
            shutil.rmtree(school)
    head, *stated = (folder / "pumpurs.toml").read_text(encoding="utf-8").split("\n[schools.")
    kept = "".join(f"\n[schools.{one}" for one in stated if one.split("]")[0] in schools)
    (folder / "pumpurs.toml").write_text(head + kept, encoding="utf-8")


def names_in(folder: Path) -> set[str]:
    """What stands in the cells of the sheets that schools handed in."""
    sheets = [sheet for book in folder.glob("*/*.xlsx") for sheet in read_workbook(book)]
    return {cell for sheet in sheets for row in sheet.top(999) for cell in row}


def book_of(run: Path, school: str) -> Path:
    return next((run / "schools" / school / "support_staff").glob("*.xlsx"))


def plan_of(runs: list[Path], pupil: str, semester: str) -> Path:
    """JSON of a pupil's plan."""
    [found] = [
        path
        for path in (runs[0].parent / "plans").glob("*/*.json")
        if (plan := json.loads(path.read_text(encoding="utf-8")))["pupil_id"] == pupil and plan["semester"] == semester
    ]
    return found


def evaluate(path: Path) -> str:
    """Fill in the evaluation of a plan's first measure and its risks as done and eased; gives the measure."""
    plan = json.loads(path.read_text(encoding="utf-8"))
    measure = plan["measures"][0]
    fill_json(
        path,
        {f"measure.{measure['id']}.result": "done", f"measure.{measure['id']}.result_text": "Notika katru nedēļu."}
        | {f"risk.{risk}.result": "eased" for risk in measure["risks"]},
    )
    return str(measure["measure"])


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Work:
    home = tmp_path_factory.mktemp("year")
    handed_in = [folder for folder, _ in write_semesters(home / "data", n=3, mistakes=False)]
    for folder in handed_in:
        only(folder, (UDRU, KAMOLU))
    work = Work([home / "runs" / name for name in ("first", "second", "third")], {})
    first, second, third = work.runs

    said(handed_in[0], "--out", first)
    said("plans", first)
    run = work.run(1)
    work.names = names_from(home / "data" / "pumpurs.key.json", run.manifest)
    flags = run.flags.sort_values("order")
    udru = flags[flags["school_id"] == UDRU]
    listed = flags[flags["listed"]]
    stays = listed["pupil_id"].map(work.names).isin(names_in(handed_in[1]) & names_in(handed_in[2]))
    work.confirmed = listed.loc[(listed["school_id"] == KAMOLU) & stays, "pupil_id"].iloc[0]
    work.dismissed = listed.loc[listed["pupil_id"] != work.confirmed, "pupil_id"].tolist()
    quiet = udru[(udru["tier"] == "none") & (udru["always_look"] == "") & udru["class_id"].isin(["5.", "6."])]
    work.added = quiet["pupil_id"].iloc[-1]
    unrecorded = run.factors.columns[run.factors.isna().all()]  # an answer about what no sheet has stays the only word
    asked = run.questions[run.questions["factor"].isin(unrecorded) & run.questions["kind"].eq("score")]
    asked = asked[~asked["pupil_id"].isin(work.dismissed)]
    asked = asked[asked["pupil_id"].map(work.names).isin(names_in(handed_in[1]) & names_in(handed_in[2]))].iloc[0]
    work.answered = (asked["pupil_id"], asked["factor"], 3.0)
    by_school = dict(zip(flags["pupil_id"], flags["school_id"], strict=True))
    fill_list(
        book_of(first, UDRU),
        {
            ("added", NEW_ROW, "shown"): work.names[work.added],
            ("added", NEW_ROW, "class_id"): str(quiet["class_id"].iloc[-1]),
            ("added", NEW_ROW, "why"): "māsa pārtrauca mācības",
        }
        | {("list", p, "decision"): f"noraidīts – {REASON}" for p in work.dismissed if by_school[p] == UDRU},
    )
    fill_list(
        book_of(first, by_school[work.answered[0]]),
        {(f"questions:{work.answered[1]}", work.answered[0], "answer"): "3"},
    )
    fill_list(
        book_of(first, KAMOLU),
        {("list", work.confirmed, "decision"): "apstiprināts – saruna ar vecākiem otrdien"}
        | {("list", p, "decision"): f"noraidīts – {REASON}" for p in work.dismissed if by_school[p] == KAMOLU},
    )
    written = plan_of(work.runs, work.confirmed, "2025/2026-2")
    fill_docx(written.with_suffix(".docx"), {"pupil_view": VIEW, "parents_view": "Piekrītam."})
    work.typed_docx = {"pupil_view": VIEW, "parents_view": "Piekrītam."}
    said("plans", first)
    work.evaluated.append(evaluate(written))

    said(handed_in[1], "--out", second, "--previous", first)
    said("plans", second)
    newer = plan_of(work.runs, work.confirmed, "2026/2027-1")
    work.typed_json = {"notes": "Tikāmies 3. oktobrī. =1+1", "next_review": "2026-11-02"}
    fill_json(newer, work.typed_json)
    said("plans", second)
    work.evaluated.append(evaluate(newer))
    run = work.run(2)
    gone = run.missing[run.missing["school_id"] == UDRU]
    work.outcome = gone["pupil_id"].iloc[0]
    fill_list(book_of(second, KAMOLU), {("list", work.confirmed, "decision"): "apstiprināts – turpinām arī pavasarī"})
    fill_list(
        book_of(second, UDRU),
        {("missing", work.outcome, "outcome"): "pārtrauca mācības", ("missing", work.outcome, "date"): "03.06.2026."},
    )
    on_list = run.flags[(run.flags["school_id"] == KAMOLU) & run.flags["listed"]]
    work.by_mail = on_list.loc[~on_list["pupil_id"].isin([*work.dismissed, work.confirmed]), "pupil_id"].iloc[0]
    copy = home / "mail" / "Re Fwd saraksts (2).xlsx"
    copy.parent.mkdir()
    shutil.copy(book_of(second, KAMOLU), copy)
    fill_list(copy, {("list", work.by_mail, "decision"): "atlikts – gaidām ziņu no slimnīcas"})
    said("collect", second, copy)

    said(handed_in[2], "--out", third, "--previous", first, "--previous", second)
    said("plans", third)
    for number in (2, 3):
        work.names |= names_from(home / "data" / "pumpurs.key.json", work.run(number).manifest)
    return work


def test_decisions_and_their_notes_are_in_the_third_list(year: Work) -> None:
    before = year.run(2).decisions.set_index("pupil_id")
    assert before.loc[year.confirmed, ["decision", "note"]].tolist() == ["confirmed", "saruna ar vecākiem otrdien"]
    decided = year.run(3).decisions.set_index("pupil_id")
    assert decided.loc[year.confirmed, ["decision", "note"]].tolist() == ["confirmed", "turpinām arī pavasarī"]
    assert decided.loc[year.by_mail, ["decision", "note"]].tolist() == ["deferred", "gaidām ziņu no slimnīcas"]
    assert set(decided.loc[year.dismissed, "note"]) == {REASON}


def test_an_answer_is_a_known_fact_from_then_on(year: Work) -> None:
    pupil, factor, value = year.answered
    for number in (2, 3):
        answers = year.run(number).answers.set_index(["pupil_id", "factor"])
        assert answers.loc[(pupil, factor), "value"] == value
        assert year.run(number).factors.set_index("pupil_id").at[pupil, factor] == value
    questions = year.run(2).questions
    assert not ((questions["pupil_id"] == pupil) & (questions["factor"] == factor)).any()


@pytest.mark.parametrize("number", [2, 3])
def test_one_dismissed_with_a_reason_stays_away_or_it_is_said_what_changed(year: Work, number: int) -> None:
    run = year.run(number)
    flags = run.flags.set_index("pupil_id")
    there = [pupil for pupil in year.dismissed if pupil in flags.index]
    away = [pupil for pupil in there if flags.loc[pupil, "set_aside"]]
    assert away
    assert not flags.loc[away, "listed"].any()
    told = run.changes.set_index("pupil_id")
    assert (told.loc[away, "code"] == "set_aside").all()
    for pupil in set(there) - set(away):
        assert flags.loc[pupil, "tier"] == "none" or "tomēr situācija jāizvērtē vēlreiz: " in told.loc[pupil, "why"]


@pytest.mark.parametrize("number", [2, 3])
def test_whom_staff_added_stays_added(year: Work, number: int) -> None:
    run = year.run(number)
    assert run.flags.set_index("pupil_id").at[year.added, "added"]
    assert run.added.set_index("pupil_id").at[year.added, "why"] == "māsa pārtrauca mācības"
    book = read_workbook(book_of(run.path, UDRU))
    assert any("māsa pārtrauca mācības" in str(cell) for sheet in book for row in sheet.top(99) for cell in row)


def test_missing_pupils_are_asked_about_until_somebody_tells(year: Work) -> None:
    second, third = year.run(2), year.run(3)
    [told] = third.outcomes.loc[third.outcomes["pupil_id"] == year.outcome].to_dict("records")
    assert (told["outcome"], told["date"], told["as_of"]) == ("dropped_out", "2026-06-03", "2026-09-15")
    still = set(second.missing["pupil_id"]) - {year.outcome} - set(third.factors["pupil_id"])
    asked = third.missing.set_index("pupil_id")["outcome"]
    assert still and (asked[sorted(still)] == "").all()
    assert asked[year.outcome] == "dropped_out"  # stands there once more, so that it can be mended
    [row] = [row for row in missing_rows(book_of(third.path, UDRU)) if row[0] == year.outcome]
    assert "pārtrauca mācības" in row


def missing_rows(book: Path) -> list[list[str]]:
    for sheet in read_workbook(book):
        rows = [[str(cell) for cell in row] for row in sheet.top(999)]
        if any(row[0] == "pumpurs_risk:missing" for row in rows):
            return rows
    return []


def test_what_people_wrote_is_in_the_plans_after_three_semesters(year: Work) -> None:
    by_semester = {plan.semester: plan for plan in year.plans.values() if plan.pupil_id == year.confirmed}
    assert sorted(by_semester) == ["2025/2026-2", "2026/2027-1", "2026/2027-2"]
    first, second, third = (by_semester[semester] for semester in sorted(by_semester))
    for tag, text in year.typed_docx.items():
        assert first.value(tag).split() == text.split()
    for tag, text in year.typed_json.items():
        assert second.value(tag) == text
    assert (second.follows, third.follows) == (first.plan_id, second.plan_id)
    for plan, docx in (
        (p, next(year.runs[0].parent.glob(f"plans/*/*{p.semester.replace('/', '-')}.docx"))) for p in (first,)
    ):
        assert docx.is_file() and plan.version > 1


def test_an_evaluation_comes_back_as_support(year: Work) -> None:
    second, third = year.run(2).support, year.run(3).support
    assert second["measure"].tolist() == year.evaluated[:1]
    assert sorted(third["measure"]) == sorted(year.evaluated)
    assert set(third["pupil_id"]) == {year.confirmed} and (third["goal_met"] == 1).all()


def test_last_semesters_plan_feeds_the_next(year: Work) -> None:
    second, third = (plan for s in ("2026/2027-1", "2026/2027-2") for plan in year.plans.values()
                     if plan.pupil_id == year.confirmed and plan.semester == s)  # fmt: skip
    for plan in (second, third):
        assert {risk.state for risk in plan.risks} & {"new", "persisting", "eased"}


@pytest.mark.parametrize("number", [1, 2, 3])
def test_everyone_on_any_list_has_a_next_step_a_role_and_a_date(year: Work, number: int) -> None:
    run = year.run(number)
    flags = run.flags
    on_list = set(flags.loc[flags["tier"].ne("none") | flags["always_look"].ne("") | flags["added"], "pupil_id"])
    assert on_list >= set(flags.loc[flags["listed"], "pupil_id"])
    steps = run.next_steps.set_index("pupil_id")
    assert on_list == set(steps.index)
    assert steps[["step", "role", "role_name"]].map(lambda cell: bool(str(cell).strip())).all().all()
    assert steps["due"].notna().all() and (steps["due"].astype(str) > run.as_of.isoformat()).all()


@pytest.mark.parametrize("number", [1, 2, 3])
def test_everyone_on_a_schools_page_has_a_next_step_with_role_and_date(year: Work, number: int) -> None:
    run = year.run(number)
    steps = run.next_steps.set_index("pupil_id")
    schools = run.flags.set_index("pupil_id")["school_id"]
    for school in (UDRU, KAMOLU):
        [path] = (run.path / "schools" / school / "support_staff").glob("*.html")
        page = html.fromstring(path.read_text(encoding="utf-8"))
        shown: dict[str, list[str]] = {}
        for pupil in page.xpath("//table[@class='pupils']/tbody"):
            [name] = pupil.xpath("./tr[1]/th")
            [step] = pupil.xpath(".//td[@class='next']")
            shown.setdefault(name.text_content().strip(), []).append(" ".join(step.text_content().split()))
            if pupil.get("data-status") != "set_aside":
                assert pupil.get("data-due") > run.as_of.isoformat()
        for pupil in steps.index[steps.index.map(schools) == school]:
            told = shown[year.names[pupil]]
            row = steps.loc[pupil]
            assert any(row["step"] in one and row["role_name"] in one and "līdz" in one for one in told), (told, row)


def test_the_plans_of_the_third_semester_are_unchanged_when_drafted_again(year: Work) -> None:
    files = {path: path.read_bytes() for path in (year.runs[0].parent / "plans").rglob("*") if path.is_file()}
    said("plans", year.runs[2])
    again = {path: path.read_bytes() for path in (year.runs[0].parent / "plans").rglob("*") if path.is_file()}
    assert {path for path in files if path not in again} == set()
    said("plans", year.runs[2])
    assert {path: path.read_bytes() for path in (year.runs[0].parent / "plans").rglob("*") if path.is_file()} == again
