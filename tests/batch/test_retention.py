"""Access, erasure and the end of keeping, over a folder as a municipality has it: runs, plans, returned copies."""

import datetime as dt
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

import pumpurs_risk as pr
from pumpurs_risk.batch.retention import erase_pupil, extract_pupil, purge
from pumpurs_risk.batch.retention.swap import PLACE
from pumpurs_risk.batch.retention.workbooks import Workbook
from pumpurs_risk.errors import RunError
from pumpurs_risk.plans import PlanField, SupportPlanDraft, plan_id
from pumpurs_risk.records import read_records
from pumpurs_risk.records.workbook.reader import read_workbook
from pumpurs_risk.reports import read_returned

FIRST = ["Anna", "Bruno", "Cēzars", "Dace", "Elza", "Fēlikss", "Ģirts", "Helēna", "Ivars", "Jānis"]
LAST = {"liepas": ["Āboliņš", "Bērziņa", "Čakstiņš"], "ozoli": ["Kalniņš", "Lapsa", "Ūdris"]}
HEADINGS = [
    "Vārds, uzvārds", "Klase", "Notikušās stundas", "Kavētās stundas", "Neattaisnoti kavētās stundas",
    "Vidējais vērtējums", "Priekšmeti ar vērtējumu zem 4",
]  # fmt: skip


def write_sheet(path, school):
    rows = [HEADINGS]
    for i in range(30):
        low = i % 5 == 0
        cells = [
            f"{FIRST[i % 10]} {LAST[school][i // 10]}",
            f"{7 + i % 3}.a",
            480,
            (150 if school == "liepas" else 200) + i if low else 10 + i,
        ]
        rows.append([*cells, 25 if low else i % 4, 4.2 if low else 7.5, 3 if low else 0])
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [";".join(map(str, row)) for row in rows]
    path.write_text("\n".join(lines), encoding="utf-8-sig")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two runs of two schools, made once; key and source data lie elsewhere."""
    home = tmp_path_factory.mktemp("home")
    for school in ("liepas", "ozoli"):
        write_sheet(home / "dati" / school / "skoleni.csv", school)
    key = home / "pumpurs.key.json"
    for day, back in (("2027-01-15", ()), ("2027-06-10", ("glabatava/2027-01-15",))):
        records = read_records(home / "dati", key=key, as_of=day)
        previous = [home / each for each in back]
        pr.score(
            records, as_of=day, out=home / "glabatava" / day, policy=pr.FlagPolicy(places=4), previous=previous,
            lists_only=day == "2027-06-10",
        )  # fmt: skip
    return home


def listed_pupil(folder):
    flags = pr.open_run(folder / "2027-01-15").flags
    return flags[flags["listed"] & flags["school_id"].eq("liepas")].sort_values("order").iloc[0]


def typed_cells(book, pupil_id, decision):
    """Where in the workbook to type the decision about a pupil, and one answer."""
    listed = next(s for s in read_workbook(book) if s.name == "Saraksts")
    row = int(listed.rows[[str(c) for c in listed.columns[0]].index(pupil_id)])
    return {("Saraksts", f"I{row}"): decision}


@pytest.fixture
def kept(made, tmp_path, type_into):
    """A copy of the folder, with decisions about three pupils, a collected copy and a plan."""
    folder = tmp_path / "glabatava"
    shutil.copytree(made / "glabatava", folder)
    run = pr.open_run(folder / "2027-01-15")
    mine = run.flags[run.flags["listed"] & run.flags["school_id"].eq("liepas")].sort_values("order")
    book = next(folder.glob("2027-01-15/schools/liepas/support_staff/*.xlsx"))
    said = {}
    for pupil, decision in zip(
        mine["pupil_id"].head(3), ["apstiprināts – jau ir saruna", "noraidīts – mainīja skolu", "atlikts – slimo"], strict=True
    ):  # fmt: skip
        said |= typed_cells(book, pupil, decision)
    type_into(book, said)
    copy = folder / "decisions" / "2027-01-15" / "liepas" / "Kopija no Ilzes.xlsx"
    copy.parent.mkdir(parents=True)
    shutil.copyfile(book, copy)
    for number, pupil in enumerate(mine["pupil_id"].head(2)):
        write_plan(folder / "plans" / "liepas" / f"IAP_{number}.json", pupil)
    return folder


def write_plan(path, pupil_id, semester="2026/2027-2", run="2027-01-15"):
    import msgspec

    day = dt.date(2027, 1, 15)
    plan = SupportPlanDraft(
        plan_id=plan_id(pupil_id, "liepas", semester), pupil_id=pupil_id, school_id="liepas", as_of=day, expires=day,
        review=day, status="draft", semester=semester, run=run, fields={"notes": PlanField(value="Saruna pirmdien.")},
    )  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.encode(plan))


def everything_in(folder):
    """Every byte below a folder, parts of zipped files and cells of tables included."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        if path.suffix == ".parquet":
            yield path, pq.read_table(path).to_pandas().to_csv().encode()
        elif zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    yield path, archive.read(name)
        else:
            yield path, path.read_bytes()


def files_with(folder, words):
    return {path.relative_to(folder).as_posix() for path, content in everything_in(folder) if words.encode() in content}


def name_of(made, pupil_id):
    names = json.loads((made / "pumpurs.key.json").read_text(encoding="utf-8"))["names"]
    return next(entry["name"] for entry in names if entry["pupil_id"] == pupil_id)


def test_after_erasing_no_file_holds_the_id_the_name_or_the_sentences(made, kept):
    pupil = listed_pupil(kept).pupil_id
    name = name_of(made, pupil)
    run = pr.open_run(kept / "2027-01-15")
    others = set(run.reasons.loc[run.reasons["pupil_id"] != pupil, "sentence"])
    sentences = set(run.reasons.loc[run.reasons["pupil_id"] == pupil, "sentence"]) - others
    assert files_with(kept, pupil)
    assert files_with(kept, name)
    assert sentences
    done = erase_pupil(kept, pupil)
    assert (done.runs, done.plans, done.mentions) == (2, 1, ())
    for words in (pupil, name, "jau ir saruna", *sentences):
        assert files_with(kept, words) == set(), words


def test_what_concerns_others_stays_as_it_was(kept):
    pupil = listed_pupil(kept).pupil_id
    before = {
        name: getattr(pr.open_run(kept / "2027-01-15"), name) for name in ("flags", "factors", "reasons", "evidence")
    }
    [book] = (kept / "2027-01-15/schools/liepas/support_staff").glob("*.xlsx")
    catalogue = pr.Catalogue.load()
    was = read_returned(book, catalogue=catalogue)
    untouched = {p: p.read_bytes() for p in kept.rglob("*") if p.is_file() and "ozoli" in p.parts}
    erase_pupil(kept, pupil)
    after = pr.open_run(kept / "2027-01-15")
    for name, frame in before.items():
        left = frame[frame["pupil_id"] != pupil].reset_index(drop=True)
        pd.testing.assert_frame_equal(getattr(after, name), left)
    assert {p: p.read_bytes() for p in untouched} == untouched
    now = read_returned(book, catalogue=catalogue)
    said = was.decisions[was.decisions["pupil_id"] != pupil].reset_index(drop=True)
    pd.testing.assert_frame_equal(now.decisions.reset_index(drop=True), said)
    assert len(said) == 2
    assert not len(now.problems)
    assert (kept / "plans" / "liepas" / "IAP_1.json").exists()
    assert not (kept / "plans" / "liepas" / "IAP_0.json").exists()


def test_staffs_own_sheets_and_notes_in_a_workbook_survive_to_the_byte(kept):
    pupil = listed_pupil(kept).pupil_id
    [book] = (kept / "2027-01-15/schools/liepas/support_staff").glob("*.xlsx")
    with zipfile.ZipFile(book, "a") as archive:
        archive.writestr("xl/worksheets/sheet99.xml", "<worksheet><sheetData><row r='1'><c r='A1' t='inlineStr'><is>"
                         "<t>Mūsu piezīmes par klasi</t></is></c></row></sheetData></worksheet>")  # fmt: skip
        archive.writestr("xl/media/zīmējums.bin", b"\x00\x01")
    with zipfile.ZipFile(book) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    erase_pupil(kept, pupil)
    with zipfile.ZipFile(book) as archive:
        assert archive.namelist() == list(parts)
        for name in ("xl/worksheets/sheet99.xml", "xl/media/zīmējums.bin", "xl/styles.xml", "xl/workbook.xml"):
            assert archive.read(name) == parts[name]


def test_the_run_says_that_somebody_was_taken_out_and_the_log_says_when_but_never_whom(kept):
    pupil = listed_pupil(kept).pupil_id
    erase_pupil(kept, pupil, today=dt.date(2027, 3, 1))
    manifest = pr.open_run(kept / "2027-01-15").manifest
    assert [each.on for each in manifest.erasures] == [dt.date(2027, 3, 1)]
    assert manifest.schools == pr.open_run(kept / "2027-01-15").manifest.schools  # counts of the day stay
    [act] = json.loads((kept / "erasures.json").read_text(encoding="utf-8"))["acts"]
    assert (act["act"], act["runs"], act["plans"]) == ("erase", 2, 1)
    assert pupil not in (kept / "erasures.json").read_text(encoding="utf-8")


def test_the_next_list_carries_on_from_a_run_that_somebody_was_taken_out_of(made, kept, tmp_path):
    pupil = listed_pupil(kept).pupil_id
    erase_pupil(kept, pupil)
    records = read_records(made / "dati", key=made / "pumpurs.key.json", as_of="2027-09-15")
    run = pr.score(records, as_of="2027-09-15", out=tmp_path / "next", previous=[kept / "2027-01-15"], lists_only=True)
    assert set(run.decisions["decision"]) >= {"dismissed", "deferred"}
    assert pupil not in set(run.decisions["pupil_id"])


def test_a_dry_run_says_the_same_and_changes_nothing(kept):
    pupil = listed_pupil(kept).pupil_id
    before = {path: path.read_bytes() for path in kept.rglob("*") if path.is_file()}
    would = erase_pupil(kept, pupil, dry_run=True)
    assert {path: path.read_bytes() for path in kept.rglob("*") if path.is_file()} == before
    did = erase_pupil(kept, pupil)
    assert (would.changed, would.removed, would.remade) == (did.changed, did.removed, did.remade)
    assert "--dry-run" in would.lines("en")[0]


def test_a_name_in_what_staff_wrote_about_others_is_pointed_out_and_left(made, kept, type_into):
    flags = pr.open_run(kept / "2027-01-15").flags
    mine = flags[flags["listed"] & flags["school_id"].eq("liepas")].sort_values("order")["pupil_id"].tolist()
    name = name_of(made, mine[0])
    [book] = (kept / "2027-01-15/schools/liepas/support_staff").glob("*.xlsx")
    type_into(book, typed_cells(book, mine[1], f"apstiprināts – brālis ir {name}"))
    done = erase_pupil(kept, mine[0])
    assert done.mentions == (book.relative_to(kept).as_posix(),)
    notes = read_returned(book, catalogue=pr.Catalogue.load()).decisions["note"]
    assert any(name in note for note in notes)


def test_the_name_goes_from_the_key_file_only_if_it_is_given(made, kept, tmp_path):
    key = tmp_path / "key.json"
    shutil.copyfile(made / "pumpurs.key.json", key)
    pupil = listed_pupil(kept).pupil_id
    before = key.read_bytes()
    dry = erase_pupil(kept, pupil, key=key, dry_run=True)
    assert dry.key_entry
    assert key.read_bytes() == before
    erase_pupil(kept, pupil, key=key)
    left = json.loads(key.read_text(encoding="utf-8"))
    assert pupil not in {entry["pupil_id"] for entry in left["names"]}
    assert left["secret"] == json.loads(before)["secret"]
    assert len(left["names"]) == len(json.loads(before)["names"]) - 1


def test_an_unknown_id_is_refused_without_repeating_it(kept):
    with pytest.raises(RunError) as raised:
        erase_pupil(kept, "P-NOBODY")
    assert raised.value.code == "pupil_not_found"
    assert "NOBODY" not in str(raised.value)


def own_ids(folder, ids):
    """A run of two schools that use the same ids of their own."""
    rows = [
        {"pupil_id": own, "school_id": school, "class_id": "9.a", "mean_mark": 4.0, "absence_share": 0.3}
        for school in ("liepas", "ozoli")
        for own in ids
    ]
    sheet = pd.DataFrame(rows).assign(pupil_id=lambda f: f["school_id"] + ":" + f["pupil_id"])
    records = pr.SchoolRecords.from_tables(sheet, as_of="2027-01-15")
    pr.score(records, as_of="2027-01-15", out=folder / "run", lists_only=True)


def test_the_schools_own_id_is_enough_unless_two_schools_use_it(tmp_path):
    own_ids(tmp_path, ["07", "08", "09"])
    with pytest.raises(RunError) as raised:
        erase_pupil(tmp_path, "07")
    assert raised.value.code == "pupil_ambiguous"
    assert "liepas, ozoli" in str(raised.value)
    erase_pupil(tmp_path, "ozoli:07")
    assert set(pr.open_run(tmp_path / "run").flags["pupil_id"]) == {
        "liepas:07", "liepas:08", "liepas:09", "ozoli:08", "ozoli:09",
    }  # fmt: skip
    erase_pupil(tmp_path, "07")  # now only one is left
    assert "liepas:07" not in set(pr.open_run(tmp_path / "run").flags["pupil_id"])


def test_a_namesake_in_the_same_class_makes_it_refuse_rather_than_guess(kept):
    pupil = listed_pupil(kept)
    [book] = (kept / "2027-01-15/schools/liepas/support_staff").glob("*.xlsx")
    people = Workbook(book).people
    other = next(each for each in people if each != pupil.pupil_id)
    shown, class_id = people[pupil.pupil_id]
    rename(book, people[other][0], shown)
    rename_class(book, other, class_id)
    before = {path: path.read_bytes() for path in kept.rglob("*") if path.is_file()}
    with pytest.raises(RunError) as raised:
        erase_pupil(kept, pupil.pupil_id)
    assert raised.value.code == "erase_namesakes"
    assert {path: path.read_bytes() for path in kept.rglob("*") if path.is_file()} == before


def rename(book, old, new):
    with zipfile.ZipFile(book) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(book, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part.replace(f">{old}<".encode(), f">{new}<".encode()))


def rename_class(book, pupil_id, class_id):
    """Put another class behind a pupil on the hidden sheet that says who is who."""
    found = Workbook(book)
    strings = [said for *_, said in found._strings]
    with zipfile.ZipFile(book) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    row = next(r for r in found.sheets[found.about] if [c.text for c in r.cells][1:2] == [pupil_id])
    cell, part = row.cells[3], parts[found.about]
    number = strings.index(class_id)
    parts[found.about] = part[: cell.start] + f'<c r="{cell.ref}" t="s"><v>{number}</v></c>'.encode() + part[cell.end :]
    with zipfile.ZipFile(book, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)


def test_a_returned_copy_of_another_kind_is_refused_with_what_to_do(kept, needs_program):
    office = needs_program("soffice")
    pupil = listed_pupil(kept).pupil_id
    copy = next((kept / "decisions").rglob("*.xlsx"))
    command = [office, "--headless", "--convert-to", "ods", "--outdir", str(copy.parent), str(copy)]
    subprocess.run(command, check=True, capture_output=True)
    copy.unlink()
    with pytest.raises(RunError) as raised:
        erase_pupil(kept, pupil)
    assert raised.value.code == "erase_other_workbook"
    assert files_with(kept / "2027-01-15" / "data", pupil)  # nothing was erased


def test_a_crash_half_way_is_finished_by_the_next_command(kept):
    pupil = listed_pupil(kept).pupil_id
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom pumpurs_risk.batch.retention import erase_pupil\n"
        "real, calls = Path.replace, []\n"
        "def replace(self, target):\n"
        "    calls.append(target)\n"
        "    if len(calls) == 4: os._exit(9)\n"
        "    return real(self, target)\n"
        "Path.replace = replace\n"
        "erase_pupil(sys.argv[1], sys.argv[2])\n"
    )
    crashed = subprocess.run([sys.executable, "-c", code, str(kept), pupil], check=False)
    assert crashed.returncode == 9
    assert (kept / PLACE / "journal.json").exists()
    assert purge(kept, today=dt.date(2027, 2, 1)).runs == ()  # any command here finishes first what was begun
    assert files_with(kept, pupil) == set()
    assert not (kept / PLACE).exists()


def test_a_crash_before_that_leaves_everything_as_it_was(kept):
    pupil = listed_pupil(kept).pupil_id
    before = {path: path.read_bytes() for path in kept.rglob("*") if path.is_file()}
    code = (
        "import os, sys\nfrom pumpurs_risk.batch.retention import erase_pupil, swap\n"
        "swap.Swap.commit = lambda self: os._exit(9)\nerase_pupil(sys.argv[1], sys.argv[2])\n"
    )
    subprocess.run([sys.executable, "-c", code, str(kept), pupil], check=False)
    purge(kept, today=dt.date(2027, 2, 1))
    assert {path: path.read_bytes() for path in kept.rglob("*") if path.is_file()} == before


def test_an_extract_holds_everything_and_nobody_else(made, kept, tmp_path):
    pupil = listed_pupil(kept).pupil_id
    made_extract = extract_pupil(kept, pupil, out=tmp_path / "izraksts", today=dt.date(2027, 3, 1))
    data = json.loads((made_extract.path / "data.json").read_text(encoding="utf-8"))
    assert [each["run"] for each in data["runs"]] == ["2027-01-15", "2027-06-10"]
    assert data["plans"][0]["fields"]["notes"]["value"] == "Saruna pirmdien."
    assert {"flags", "factors", "reasons", "next_steps"} <= data["runs"][0]["tables"].keys()
    assert any("jau ir saruna" in cell for row in data["papers"] for cell in row["cells"])
    assert any(row["file"].startswith("decisions/") for row in data["papers"])
    page = (made_extract.path / "izraksts.html").read_text(encoding="utf-8")
    assert "Kavēto stundu" in page
    assert "01.03.2027." in page
    names = json.loads((made / "pumpurs.key.json").read_text(encoding="utf-8"))["names"]
    for entry in names:
        if entry["pupil_id"] != pupil:
            assert files_with(made_extract.path, entry["pupil_id"]) == set()
            if entry["school_id"] == "liepas":
                assert files_with(made_extract.path, entry["name"]) == set()


def test_an_extract_never_lands_in_a_run(kept):
    with pytest.raises(RunError) as raised:
        extract_pupil(kept, listed_pupil(kept).pupil_id, out=kept / "2027-01-15" / "izraksts")
    assert raised.value.code == "names_inside_run"


def test_purging_removes_what_has_passed_and_nothing_else(kept):
    (kept / "mans.xlsx").write_bytes(b"mine")
    (kept / "2027-01-15" / "piezimes").mkdir()
    (kept / "2027-01-15" / "piezimes" / "mans.xlsx").write_bytes(b"mine")
    (kept / "2027-09-01.partial").mkdir()
    (kept / "2027-09-01.partial" / "half.json").write_text("{}", encoding="utf-8")
    keep = pr.open_run(kept / "2027-01-15").manifest.keep_until
    later = pr.open_run(kept / "2027-06-10").manifest.keep_until
    assert keep < later
    assert purge(kept, today=keep, dry_run=False).runs == ()  # the last day still counts
    day = keep + dt.timedelta(days=1)
    would = purge(kept, today=day)
    assert [run.name for run in would.runs] == ["2027-01-15"]
    assert pr.open_run(kept / "2027-01-15") is not None
    done = purge(kept, today=day, dry_run=False)
    assert done.kept == ("2027-01-15/piezimes/mans.xlsx",)
    left = {path.relative_to(kept).as_posix() for path in kept.rglob("*") if path.is_file()}
    assert {path.partition("/")[0] for path in left} == {
        "2027-06-10", "2027-01-15", "mans.xlsx", "2027-09-01.partial", "erasures.json",
    }  # fmt: skip
    assert [path for path in left if path.startswith("2027-01-15")] == ["2027-01-15/piezimes/mans.xlsx"]
    [act] = json.loads((kept / "erasures.json").read_text(encoding="utf-8"))["acts"]
    assert (act["act"], act["runs"], act["plans"]) == ("purge", 1, 2)


def test_a_plan_that_a_later_run_drafted_again_outlives_its_first_run(kept):
    write_plan(kept / "plans" / "liepas" / "IAP_2.json", "P-OTHER", run="2027-06-10")
    day = pr.open_run(kept / "2027-01-15").manifest.keep_until + dt.timedelta(days=1)
    purge(kept, today=day, dry_run=False)
    assert [path.name for path in Path(kept / "plans" / "liepas").iterdir()] == ["IAP_2.json"]


@pytest.mark.parametrize("name", ["IAP_{id}.docx", "IAP_{id}.json", "kopija.docx", "earlier/IAP_0_v1.json"])
def test_a_plan_that_cannot_be_read_stops_the_erasure_and_is_named(kept, name):
    pupil = listed_pupil(kept).pupil_id
    path = kept / "plans" / "liepas" / name.format(id=pupil)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"PK\x03\x04 cut off")
    before = dict(everything_in(kept))
    with pytest.raises(RunError) as raised:
        erase_pupil(kept, pupil)
    assert raised.value.code == "erase_unreadable"
    assert path.relative_to(kept).as_posix() in raised.value.message("lv")
    assert dict(everything_in(kept)) == before
    path.unlink()
    assert erase_pupil(kept, pupil).plans == 1


@pytest.mark.parametrize("name", ["{id}.docx", "saruna par {id}.xlsx"])
def test_a_damaged_file_elsewhere_stops_the_erasure_only_if_its_name_holds_the_pupil(kept, name):
    pupil = listed_pupil(kept).pupil_id
    (kept / "vestule.docx").write_bytes(b"PK\x03\x04 cut off")
    (kept / name.format(id=pupil)).write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(RunError) as raised:
        erase_pupil(kept, pupil)
    assert raised.value.params["file"] == name.format(id=pupil)
    (kept / name.format(id=pupil)).unlink()
    assert erase_pupil(kept, pupil).runs == 2


def test_a_letter_among_the_plans_that_is_no_plan_does_not_stop_the_erasure(kept):
    letter = kept / "plans" / "liepas" / "vestule.docx"
    body = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body/></w:document>'
    with zipfile.ZipFile(letter, "w") as archive:
        archive.writestr("word/document.xml", body)
    assert erase_pupil(kept, listed_pupil(kept).pupil_id).plans == 1
    assert letter.exists()


def print_plan(path, plan):
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.plans import plan_from_json
    from pumpurs_risk.reports.docx import PlanTemplate

    drafted = plan_from_json(plan.read_bytes(), plan.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(PlanTemplate.load(lang="lv").render(drafted, Catalogue.load()))


def test_purging_removes_renamed_copies_of_the_plans_too(kept):
    plans = kept / "plans" / "liepas"
    write_plan(plans / "IAP_2.json", "P-OTHER", run="2027-06-10")
    write_plan(plans / "earlier" / "IAP_2_v1.json", "P-OTHER", run="2027-01-15")
    renamed = [kept / "plans" / "no Ilzes.docx", plans / "sarunai.docx"]
    living = plans / "mans.docx"
    for path, number in zip([*renamed, living], (0, 1, 2), strict=True):
        print_plan(path, plans / f"IAP_{number}.json")
    day = pr.open_run(kept / "2027-01-15").manifest.keep_until + dt.timedelta(days=1)
    purge(kept, today=day, dry_run=False)
    assert [path.exists() for path in (*renamed, living)] == [False, False, True]


def test_a_record_of_acts_of_a_newer_version_is_left_as_it_is(kept):
    newer = b'{"schema_version": 99, "acts": {}}'
    (kept / "erasures.json").write_bytes(newer)
    with pytest.raises(RunError) as raised:
        erase_pupil(kept, listed_pupil(kept).pupil_id)
    assert raised.value.code == "acts_newer"
    assert (kept / "erasures.json").read_bytes() == newer
