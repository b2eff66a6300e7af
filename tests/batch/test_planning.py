"""Plans of a run on disk: nothing is lost, nothing half-written, nothing rewritten without need."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

import jsonschema
import msgspec
import pytest
from lxml import etree

import pumpurs_risk as pr
from pumpurs_risk.batch.opening import open_run
from pumpurs_risk.batch.plan_files import is_open, plan_stem, read_plans, replace_files
from pumpurs_risk.batch.planning import draft_plans, write_plans
from pumpurs_risk.errors import PlanError, RunError
from pumpurs_risk.plans import SupportPlanDraft, plan_from_json
from pumpurs_risk.plans.plan import PlanAddition
from pumpurs_risk.reports.docx_reading import read_plan_docx

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run with its plans, to be copied."""
    home = tmp_path_factory.mktemp("made")
    pr.score(
        pr.make_cohort(n_pupils=80, random_state=3), as_of="2027-01-15", lang="lv", out=home / "run", lists_only=True
    )
    write_plans(home / "run")
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    """A copy of the run and its plans that a test may change."""
    return Path(shutil.copytree(made, tmp_path / "home"))


def first_plan(home: Path) -> Path:
    return sorted((home / "plans").glob("*/*.docx"))[0]


def typed_into(docx: Path, words: Mapping[str, str], target: Path | None = None, rows: tuple[str, ...] = ()) -> Path:
    """Type into controls of a document as a person does, and take rows out."""
    with zipfile.ZipFile(docx) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    root = etree.fromstring(parts["word/document.xml"])
    for control in list(root.iter(f"{W}sdt")):
        tag = control.find(f"{W}sdtPr/{W}tag")
        name = "" if tag is None else tag.get(f"{W}val")
        if name in words:
            content = control.find(f"{W}sdtContent")
            shown = control.find(f"{W}sdtPr/{W}showingPlcHdr")
            if shown is not None:
                shown.getparent().remove(shown)
            texts = list(content.iter(f"{W}t"))
            texts[0].text = words[name]
            for style in list(content.iter(f"{W}rStyle")):
                style.getparent().remove(style)
            for other in texts[1:]:
                other.text = ""
        if name.startswith(rows or ("\0",)):
            row = next(control.iterancestors(f"{W}tr"), None)
            if row is not None and row.getparent() is not None:
                row.getparent().remove(row)
    parts["word/document.xml"] = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    out = target or docx
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in parts.items():
            packed.writestr(name, data)
    return out


def kept(home: Path, docx: Path) -> SupportPlanDraft:
    return plan_from_json(docx.with_suffix(".json").read_bytes())


def test_every_plan_is_a_document_and_a_json_that_fits_its_schema(home: Path) -> None:
    schema = json.loads((Path(__file__).parents[2] / "data_schema" / "plan.json").read_text(encoding="utf-8"))
    files = sorted((home / "plans").glob("*/*.json"))
    assert files
    for file in files:
        jsonschema.validate(json.loads(file.read_text(encoding="utf-8")), schema)
        assert file.with_suffix(".docx").is_file()


def test_drafting_again_without_news_rewrites_no_file(home: Path) -> None:
    before = {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in (home / "plans").rglob("*.*")}
    again = write_plans(home / "run")
    assert (again.written, again.unchanged) == (0, len(before) // 2) and again.all_well
    assert {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in (home / "plans").rglob("*.*")} == before


def test_what_a_person_typed_stays_and_the_replaced_files_lie_in_earlier(home: Path) -> None:
    docx = typed_into(first_plan(home), {"pupil_view": "Gribu palikt. <b>{{ 7*7 }}</b>", "notes": "Mana piezīme."})
    typed = docx.read_bytes()
    again = write_plans(home / "run")
    plan = kept(home, docx)
    assert plan.value("pupil_view") == "Gribu palikt. <b>{{ 7*7 }}</b>" and plan.value("notes") == "Mana piezīme."
    assert plan.version == 2 and again.written == 1
    assert "pārņemti 2 cilvēka labojumi" in again.lines[0]
    earlier = docx.parent / "earlier"
    assert (earlier / f"{docx.stem}_v1.docx").read_bytes() == typed and (earlier / f"{docx.stem}_v1.json").is_file()
    assert write_plans(home / "run").written == 0


def test_what_a_tool_wrote_into_the_json_stays_and_reaches_the_document(home: Path) -> None:
    docx = first_plan(home)
    for number, (field, words) in enumerate((("notes", "No rīka."), ("pupil_view", "Gribu."), ("notes", ""))):
        raw = json.loads(docx.with_suffix(".json").read_text(encoding="utf-8"))
        raw["fields"][field]["value"] = words
        docx.with_suffix(".json").write_text(json.dumps(raw), encoding="utf-8")
        assert write_plans(home / "run").written == 1
        plan = kept(home, docx)
        assert (plan.value(field), plan.version) == (words, number + 2)
        assert [(change.tag, change.kind) for change in plan.changes] == [(field, "person")]
        assert read_plan_docx(docx).fields[field] == words
        assert write_plans(home / "run").written == 0


def test_a_tool_and_a_person_who_write_at_once_both_stay(home: Path) -> None:
    docx = typed_into(first_plan(home), {"notes": "Cilvēka.", "pupil_view": "Gribu."})
    raw = json.loads(docx.with_suffix(".json").read_text(encoding="utf-8"))
    raw["fields"]["notes"]["value"], raw["fields"]["evaluation"]["value"] = "Rīka.", "Izdevās."
    docx.with_suffix(".json").write_text(json.dumps(raw), encoding="utf-8")
    assert write_plans(home / "run").conflicts == 1
    plan = kept(home, docx)
    assert plan.value("notes") == f"Rīka.\n[{docx.name}] Cilvēka."
    assert (plan.value("pupil_view"), plan.value("evaluation")) == ("Gribu.", "Izdevās.")
    assert write_plans(home / "run").written == 0


def test_a_copy_under_any_name_is_taken_in_once(home: Path) -> None:
    docx = first_plan(home)
    typed_into(docx, {"notes": "No e-pasta."}, docx.with_name("Re FW plāns (3).docx"))
    assert write_plans(home / "run").written == 1
    assert kept(home, docx).value("notes") == "No e-pasta."
    assert not docx.with_name("Re FW plāns (3).docx").exists()
    assert list((docx.parent / "earlier").glob("Re FW plāns (3)_v2.docx"))


def test_two_peoples_words_both_stay_and_are_named(home: Path) -> None:
    docx = first_plan(home)
    typed_into(docx, {"notes": "Otrais."}, docx.with_name("b.docx"))
    typed_into(docx, {"notes": "Pirmais."}, docx.with_name("a.docx"))
    again = write_plans(home / "run")
    assert kept(home, docx).value("notes") == "[a.docx] Pirmais.\n[b.docx] Otrais."
    assert again.conflicts == 1 and not again.all_well and any("divi cilvēki" in one for one in again.problems)


def test_a_row_that_was_taken_out_is_not_proposed_again(home: Path) -> None:
    docx = next(d for d in sorted((home / "plans").glob("*/*.docx")) if len(kept(home, d).measures) > 1)
    measure = kept(home, docx).measures[0].id
    typed_into(docx, {}, rows=(f"measure.{measure}.what",))
    write_plans(home / "run")
    plan = kept(home, docx)
    assert f"measure.{measure}" in plan.removed and measure not in [m.id for m in plan.measures]
    assert write_plans(home / "run").written == 0


def test_an_open_document_is_left_alone_and_the_rest_is_written(home: Path) -> None:
    one, other = sorted((home / "plans").glob("*/*.docx"))[:2]
    typed_into(one, {"notes": "Atvērts."})
    typed_into(other, {"notes": "Aizvērts."})
    lock = one.with_name(f".~lock.{one.name}#")
    lock.write_text("")
    before = one.read_bytes()
    again = write_plans(home / "run")
    assert one.read_bytes() == before and kept(home, one).version == 1
    assert any("Aizveriet to" in problem for problem in again.problems)
    assert kept(home, other).value("notes") == "Aizvērts."
    lock.unlink()
    write_plans(home / "run")
    assert kept(home, one).value("notes") == "Atvērts."


def test_a_document_that_was_deleted_is_printed_again_and_a_damaged_one_is_named(home: Path) -> None:
    one, other = sorted((home / "plans").glob("*/*.docx"))[:2]
    one.unlink()
    other.write_bytes(b"no document")
    again = write_plans(home / "run")
    assert one.is_file() and other.read_bytes() == b"no document"
    assert any(other.name in problem for problem in again.problems)


def test_a_damaged_or_newer_json_stops_everything(home: Path) -> None:
    file = first_plan(home).with_suffix(".json")
    raw = json.loads(file.read_text(encoding="utf-8"))
    for text, code in (("{", "plan_json_damaged"), (json.dumps(raw | {"schema_version": 99}), "plan_newer")):
        file.write_text(text, encoding="utf-8")
        before = {path: path.read_bytes() for path in (home / "plans").rglob("*.*")}
        with pytest.raises(PlanError) as refused:
            write_plans(home / "run")
        assert refused.value.code == code
        assert {path: path.read_bytes() for path in (home / "plans").rglob("*.*")} == before


def test_a_lost_json_costs_no_word(home: Path) -> None:
    docx = typed_into(first_plan(home), {"pupil_view": "Manējais."})
    docx.with_suffix(".json").unlink()
    write_plans(home / "run")
    assert kept(home, docx).value("pupil_view") == "Manējais."


def test_a_pupil_who_is_gone_gets_a_note_once(home: Path) -> None:
    docx = first_plan(home)
    file = docx.with_suffix(".json")
    raw = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(raw | {"pupil_id": "gone", "plan_id": "IAP-X"}), encoding="utf-8")
    docx.unlink()
    write_plans(home / "run")
    plan = plan_from_json(file.read_bytes())
    assert "jaunākajā sarakstā (15.01.2027.) vairs nav atrodams" in plan.value("notes")
    write_plans(home / "run")
    assert plan_from_json(file.read_bytes()).version == plan.version


def test_one_pupils_plan_can_be_asked_for_by_the_schools_own_id(home: Path, tmp_path: Path) -> None:
    plan = kept(home, first_plan(home))
    own = plan.pupil_id.removeprefix(f"{plan.school_id}:")
    alone = write_plans(home / "run", out=tmp_path / "one", pupil=[own])
    assert alone.written == 1 and [p.pupil_id for p, _ in read_plans(tmp_path / "one")] == [plan.pupil_id]
    with pytest.raises(PlanError) as refused:
        write_plans(home / "run", out=tmp_path / "two", pupil=["no such"])
    assert refused.value.code == "plan_pupil_unknown" and not (tmp_path / "two").exists()


def test_plans_in_another_language_keep_what_people_wrote(home: Path) -> None:
    docx = typed_into(first_plan(home), {"notes": "Mana piezīme."})
    write_plans(home / "run", lang="en")
    plan = kept(home, docx)
    assert plan.lang == "en" and plan.value("notes") == "Mana piezīme."
    assert plan.value("draft_mark") == "Draft"


def test_a_wrong_key_is_refused_before_anything_is_written(home: Path, tmp_path: Path) -> None:
    from pumpurs_risk.records.identity.key_file import KeyFile

    key = KeyFile.create(tmp_path / "pumpurs.key.json")
    with pytest.raises(RunError):
        write_plans(home / "run", out=tmp_path / "named", names=key.path)
    assert not (tmp_path / "named").exists()


def test_names_stand_in_the_documents_and_never_in_the_data(home: Path, tmp_path: Path) -> None:
    from pumpurs_risk.records.identity.key_file import KeyFile

    docx = first_plan(home)
    plan = kept(home, docx)
    key = KeyFile.create(tmp_path / "pumpurs.key.json")
    key.remember_names([plan.pupil_id], [plan.school_id], ["Žanete Ķirse"])
    key.save()
    manifest = home / "run" / "run.json"
    raw = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps(raw | {"key_fingerprint": key.fingerprint}), encoding="utf-8")
    write_plans(home / "run", names=key.path)
    with zipfile.ZipFile(docx) as packed:
        assert any("Žanete Ķirse" in packed.read(name).decode("utf-8", "ignore") for name in packed.namelist())
    assert write_plans(home / "run", names=key.path).written == 0
    typed_into(docx, {"notes": "Vārds paliek ārpus datiem."})
    write_plans(home / "run", names=key.path)
    assert kept(home, docx).value("notes") == "Vārds paliek ārpus datiem."
    assert not any("Žanete" in path.read_text(encoding="utf-8") for path in (home / "plans").rglob("*.json"))


def test_plans_with_names_do_not_go_into_a_run(home: Path) -> None:
    with pytest.raises(RunError):
        write_plans(home / "run", out=home / "run" / "plans")


def test_the_last_semesters_plans_feed_the_next(home: Path, tmp_path: Path) -> None:
    plans = [plan for plan, _ in read_plans(home / "plans")]
    later = pr.score(pr.make_cohort(n_pupils=80, random_state=3), as_of="2027-09-15", lang="lv", lists_only=True)
    found = draft_plans(later, previous=plans)
    assert {plan.semester for plan in found} == {"2027/2028-1"}
    following = [plan for plan in found if plan.follows]
    assert following and {plan.follows for plan in following} <= {plan.plan_id for plan in plans}
    assert all(plan.fields[tag].value == "" for plan in found for tag in ("pupil_view", "evaluation"))


def test_the_earlier_run_tells_since_when(home: Path) -> None:
    run = open_run(home / "run")
    later = pr.score(pr.make_cohort(n_pupils=80, random_state=3), as_of="2027-02-15", lang="lv", lists_only=True)
    states = {risk.state for plan in draft_plans(later, previous=run) for risk in plan.risks}
    assert "persisting" in states and states <= {"persisting", "new", "not_known"}


def test_files_are_either_old_or_new(tmp_path: Path) -> None:
    path = tmp_path / "a" / "x.json"
    replace_files({path: b"1"}, 1)
    replace_files({path: b"2"}, 1)
    replace_files({path: b"3"}, 1)
    assert path.read_bytes() == b"3"
    assert sorted(p.name for p in (tmp_path / "a" / "earlier").iterdir()) == ["x_v1.json", "x_v1_2.json"]
    blocked = tmp_path / "b"
    blocked.write_text("a file where a folder should be")
    with pytest.raises(PlanError) as refused:
        replace_files({path: b"4", blocked / "y.json": b"4"}, 1)
    assert refused.value.code == "plan_cannot_write"
    assert path.read_bytes() == b"3" and not list((tmp_path / "a").glob("*.tmp"))


def test_lock_files_of_word_and_libreoffice_say_that_a_document_is_open(tmp_path: Path) -> None:
    path = tmp_path / "IAP_9.docx"
    path.write_bytes(b"x")
    assert not is_open(path) and not is_open(tmp_path / "other.docx")
    for lock in ("~$P_9.docx", ".~lock.IAP_9.docx#"):
        (tmp_path / lock).touch()
        assert is_open(path)
        (tmp_path / lock).unlink()


def test_a_plans_file_name_fits_any_disk() -> None:
    assert plan_stem("IAP", "9/a:*", "A" * 300, "2026/2027-2").startswith("IAP_9_a")
    assert len(plan_stem("IAP", "9.a", "A" * 300, "2026/2027-2")) <= 120


def test_a_status_and_a_tick_set_in_the_json_stay_beside_an_untouched_document(home: Path) -> None:
    docx = first_plan(home)
    file = docx.with_suffix(".json")
    raw = json.loads(file.read_text(encoding="utf-8"))
    raw["fields"]["parents_view"]["value"] = "Piekrīt."
    raw["fields"]["application.on_file"]["value"] = "yes"
    raw["status"] = "agreed"
    file.write_text(json.dumps(raw), encoding="utf-8")
    write_plans(home / "run")
    plan, printed = kept(home, docx), read_plan_docx(docx).fields
    for said in (plan.value, printed.get):
        assert [said(t) for t in ("parents_view", "application.on_file", "status")] == ["Piekrīt.", "yes", "agreed"]
    assert plan.status == "agreed" and write_plans(home / "run").written == 0


def test_an_addition_written_into_the_json_is_printed(home: Path) -> None:
    docx = first_plan(home)
    file = docx.with_suffix(".json")
    raw = json.loads(file.read_text(encoding="utf-8"))
    raw["additions"] = [{"place": "measures", "cells": ["Kavējumi", "Šaha pulciņš", "Treneris"]}]
    file.write_text(json.dumps(raw), encoding="utf-8")
    assert write_plans(home / "run").written == 1
    for found in (kept(home, docx), read_plan_docx(docx)):
        assert [(a.place, a.cells) for a in found.additions] == [("measures", ("Kavējumi", "Šaha pulciņš", "Treneris"))]
    assert write_plans(home / "run").written == 0


@pytest.mark.parametrize("place", ["../atsutits.docx", "no_epasta/vecāki/a.DOCX"])
def test_a_returned_copy_is_found_wherever_it_lies(home: Path, place: str) -> None:
    docx = first_plan(home)
    copy = docx.parent / place
    copy.parent.mkdir(parents=True, exist_ok=True)
    typed_into(docx, {"notes": "No e-pasta."}, copy)
    assert write_plans(home / "run").written == 1
    assert kept(home, docx).value("notes") == "No e-pasta." and not copy.exists()
    assert write_plans(home / "run").written == 0


def test_a_returned_copy_of_no_known_plan_is_named_wherever_it_lies(home: Path) -> None:
    docx = first_plan(home)
    shutil.copy(docx, home / "plans" / "sveša.docx")
    docx.with_suffix(".json").unlink()
    docx.unlink()
    run = home / "other"
    pr.score(pr.make_cohort(n_pupils=20, random_state=8), as_of="2027-01-15", lang="lv", out=run, lists_only=True)
    assert any("sveša.docx" in problem for problem in write_plans(run).problems)
    assert (home / "plans" / "sveša.docx").is_file()


def test_a_measure_that_a_person_added_last_semester_is_in_the_next_plan(home: Path) -> None:
    added = PlanAddition(place="measures", cells=("Kavējumi", "Šaha pulciņš"), by="a.docx")
    other = PlanAddition(place="text", cells=("Tikai toreiz.",))
    plans = [msgspec.structs.replace(plan, additions=(added, other)) for plan, _ in read_plans(home / "plans")]
    later = pr.score(pr.make_cohort(n_pupils=80, random_state=3), as_of="2027-09-15", lang="lv", lists_only=True)
    following = [plan for plan in draft_plans(later, previous=plans) if plan.follows]
    assert following
    for plan in following:
        assert [(a.place, a.cells, a.by) for a in plan.additions] == [(added.place, added.cells, plan.follows)]


def test_a_language_that_is_none_of_ours_is_refused_before_anything_is_drafted(home: Path) -> None:
    with pytest.raises(ValueError, match="xx"):
        draft_plans(home / "run", lang="xx")
