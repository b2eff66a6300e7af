"""Exit 2: one sentence, nothing written. Exit 1: set aside and named. Exit 0: all well, notices allowed."""

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

GOOD = "Identifikators;Klase;Kavētās stundas;Notikušās stundas;Vidējais vērtējums\n" + "".join(
    f"{i:03};9.a;{i % 40};480;{4 + i % 6},5\n" for i in range(1, 31)
)


@pytest.fixture
def sheet(tmp_path):
    path = tmp_path / "skola" / "9a.csv"
    path.parent.mkdir()
    path.write_text(GOOD, encoding="utf-8")
    return path


def everything(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


def refused(run, tmp_path, *args):
    """Exit 2, exactly one sentence or two on one line, nothing new on disk."""
    before = everything(tmp_path)
    said = run(*args, "--as-of", "2027-01-15")
    assert said.code == 2, said
    assert said.out == ""
    assert len(said.err.strip().splitlines()) == 1, said.err
    assert "Traceback" not in said.err
    assert everything(tmp_path) == before
    return said.err


def test_a_missing_folder(run, tmp_path):
    assert "no file or folder" in refused(run, tmp_path, tmp_path / "nothing.xlsx")


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.parquet", "a.ods", "a.xls"])
def test_an_empty_file(run, tmp_path, name):
    (tmp_path / name).touch()
    assert name in refused(run, tmp_path, tmp_path / name)


def test_only_a_heading(run, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(GOOD.splitlines()[0], encoding="utf-8")
    refused(run, tmp_path, path)


def test_bytes_that_are_neither_utf_8_nor_windows_1257(run, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(GOOD.encode("cp1257") + b"\x81\x8d;9.a;1;480;5\n")
    assert "1257" in refused(run, tmp_path, path)


def test_no_id_column_names_what_was_found_and_expected(run, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Klase;Kavētās stundas\n9.a;3\n", encoding="utf-8")
    said = refused(run, tmp_path, path)
    assert "Klase" in said
    assert "Identifier" in said


def test_a_password(run, tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(
        bytes.fromhex("D0CF11E0A1B11AE1") + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(600)
    )
    assert "password" in refused(run, tmp_path, path)


def test_a_zip_bomb(run, tmp_path):
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * 310_000_000)
    assert path.stat().st_size < 1_000_000
    refused(run, tmp_path, path)


def test_a_workbook_that_claims_17_thousand_million_cells(run, tmp_path):
    path = tmp_path / "a.xlsx"
    book = io.BytesIO()
    with xlsxwriter.Workbook(book) as workbook:
        page = workbook.add_worksheet()
        page.write(0, 0, "Identifikators")
        page.write(1_048_575, 16_383, "x")
    path.write_bytes(book.getvalue())
    refused(run, tmp_path, path)


def test_a_run_that_exists_is_left_as_it_is(run, tmp_path, sheet):
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    assert "exists already" in refused(run, tmp_path, sheet, "--out", out)


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "nothing"])
def test_a_damaged_model(run, tmp_path, sheet, damage):
    from pumpurs_risk.resources import resource

    whole = resource("models", "literature-prior", "model.json").read_bytes()
    path = tmp_path / "model.json"
    if damage != "nothing":
        path.write_bytes(
            {"flip": whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:], "cut": whole[:9000], "empty": b""}[damage]
        )
    assert "model" in refused(run, tmp_path, sheet, "--model", path)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_read_only_target(run, tmp_path, sheet):
    place = tmp_path / "closed"
    place.mkdir(mode=0o500)
    assert "--out" in refused(run, tmp_path, sheet, "--out", place / "run")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_leaves_nothing(run, tmp_path, sheet, monkeypatch):
    import pumpurs_risk.batch.writing as writing

    def full(target, paper):
        with Path("/dev/full").open("wb") as handle:
            handle.write(bytes(1_000_000))

    monkeypatch.setattr(writing, "write_support_staff_workbook", full)
    assert "disk is full" in refused(run, tmp_path, sheet)


def test_an_impossible_date(run, tmp_path, sheet):
    before = everything(tmp_path)
    said = run(sheet, "--as-of", "31.02.2027.")
    assert said.code == 2
    assert "31.02.2027." in said.err
    assert everything(tmp_path) == before


def test_all_well_is_0_and_names_the_files_to_open(run, tmp_path, sheet):
    said = run(sheet, "--as-of", "2027-01-15")
    assert said.code == 0, said
    files = [line.strip() for line in said.out.splitlines() if line.strip().endswith(".xlsx")]
    assert len(files) == 1
    assert Path(files[0]).is_file()
    assert said.err == ""


def test_a_second_run_gets_the_next_name(run, tmp_path, sheet):
    assert run(sheet, "--as-of", "2027-01-15").code == 0
    assert run("score", sheet, "--as-of", "2027-01-15").code == 0
    assert {p.name for p in sheet.parent.iterdir()} >= {"9a_2027-01-15", "9a_2027-01-15_2"}


def test_an_unknown_column_is_a_notice_and_names_the_nearest_heading(run, sheet):
    text = sheet.read_text(encoding="utf-8")
    sheet.write_text(text.replace("Vidējais vērtējums", "Vidējais vērtejumms"), encoding="utf-8")
    said = run(sheet, "--as-of", "2027-01-15")
    assert said.code == 0, said
    assert "Vidējais vērtējums" in said.err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("004;9.a;4;480;8,5", "004;9.a;4;480;11", "11"),
        ("004;9.a;4;480;8,5", "004;9.a;-4;480;8,5", "-4"),
        ("004;9.a;4;480;8,5", "004;9.a;490;480;8,5", "490"),
        ("004;9.a;4;480;8,5", "004;9.a;4;480;8,5\n004;9.a;4;480;6,5", "004"),
        ("004;9.a;4;480;8,5", ";9.a;4;480;8,5", "row 5"),
    ],
)
def test_what_is_wrong_is_set_aside_and_named(run, sheet, old, new, said):
    text = sheet.read_text(encoding="utf-8")
    assert old in text
    sheet.write_text(text.replace(old, new), encoding="utf-8")
    told = run(sheet, "--as-of", "2027-01-15")
    assert told.code == 1, told
    assert "9a.csv, row" in told.err
    assert said in told.err or said == "004"
    folder = next(p for p in sheet.parent.iterdir() if p.is_dir())
    assert list(folder.glob("schools/*/rejected.csv"))


def test_one_unusable_school_does_not_stop_the_others(run, tmp_path):
    for name in ("ozolu", "liepu"):
        (tmp_path / "novads" / name).mkdir(parents=True)
        (tmp_path / "novads" / name / "a.csv").write_text(GOOD, encoding="utf-8")
    (tmp_path / "novads" / "kalnu").mkdir()
    (tmp_path / "novads" / "kalnu" / "a.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    said = run(tmp_path / "novads", "--as-of", "2027-01-15")
    assert said.code == 1, said
    assert "kalnu" in said.err
    made = tmp_path / "novads_2027-01-15" / "schools"
    assert {"ozolu", "liepu"} <= {p.name for p in made.iterdir()}


def test_a_sheet_per_class_in_one_folder_is_one_school(run, sheet):
    (sheet.parent / "9b.csv").write_text(GOOD.replace("9.a", "9.b").replace("\n0", "\n9"), encoding="utf-8")
    said = run(sheet.parent, "--as-of", "2027-01-15")
    assert said.code == 0, said
    [school] = (sheet.parent.parent / "skola_2027-01-15" / "schools").iterdir()
    assert school.name == "skola"


@pytest.mark.parametrize(
    ("one", "other"),
    [("Школа 1", "Гимназия 1"), ("Ø skole", "Æ skole"), ("Ļoti gara skola " * 5, "Ļoti gara skola " * 5 + "filiāle")],
)
def test_schools_whose_names_look_alike_stay_apart(run, tmp_path, one, other):
    for name in (one, other):
        (tmp_path / "novads" / name.strip()).mkdir(parents=True)
        (tmp_path / "novads" / name.strip() / "a.csv").write_text(GOOD, encoding="utf-8")
    said = run(tmp_path / "novads", "--as-of", "2027-01-15")
    assert said.code == 0, said
    assert len(list((tmp_path / "novads_2027-01-15" / "schools").iterdir())) == 2


def test_lower_grades_are_out_of_scope_unless_asked_for(run, sheet):
    sheet.write_text(sheet.read_text(encoding="utf-8").replace("9.a", "3.a", 5), encoding="utf-8")
    assert "Out of scope: 5" in run(sheet, "--as-of", "2027-01-15").out
    (sheet.parent / "pumpurs.toml").write_text("lower_grades = true\n", encoding="utf-8")
    assert "Out of scope: 0" in run(sheet, "--as-of", "2027-01-15").out


def test_the_terminal_says_it_in_latvian_too(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "pumpurs_risk", "--lang", "lv", str(tmp_path / "nav.xlsx")],
        capture_output=True, text=True, encoding="utf-8", check=False, env=os.environ | {"PUMPURS_LANG": "lv"},
    )  # fmt: skip
    assert done.returncode == 2


def test_help_names_every_command_and_needs_no_manual(run):
    said = run("--help")
    assert said.code == 0
    for command in ("score", "template", "check", "pseudonymise", "demo", "schema"):
        assert command in said.out
        assert run(command, "--help").code == 0


def test_pseudonymise_says_which_rows_were_left_out_and_how_many_codes_were_replaced(run, tmp_path):
    data = tmp_path / "x.csv"
    data.write_text("Vārds, uzvārds;Klase;P\nA B;9.a;150309-21234\nC D;9.a;\nC D;9.b;\n", encoding="utf-8")
    said = run("pseudonymise", data, "--out", tmp_path / "y.csv", "--key", tmp_path / "k.key.json")
    assert said.code == 1 and "3, 4" in said.err and "21234" not in said.out + said.err
    assert "Rows pseudonymised: 1." in said.out and "replaced: 1." in said.out
    data.write_text("Vārds, uzvārds;Klase\nA B;9.a\n", encoding="utf-8")
    assert run("pseudonymise", data, "--out", tmp_path / "z.csv", "--key", tmp_path / "k.key.json").code == 0


def test_a_pupil_in_two_schools_stays_on_one_list_and_is_named(run, tmp_path):
    for name in ("a-skola", "b-skola"):
        (tmp_path / "novads" / name).mkdir(parents=True)
        (tmp_path / "novads" / name / "a.csv").write_text(
            GOOD if name == "a-skola" else GOOD.replace("\n0", "\n5").replace("\n501;", "\n001;"), encoding="utf-8"
        )
    said = run(tmp_path / "novads", "--as-of", "2027-01-15", "--id-scope", "municipality")
    assert said.code == 1, said
    assert "also in another school" in said.err
    import pumpurs_risk as pr

    made = pr.open_run(tmp_path / "novads_2027-01-15")
    assert made.flags.set_index("pupil_id").at["001", "school_id"] == "a-skola"
    assert len(made.flags) == 59


def test_a_mapped_column_is_named_as_the_file_names_it(run, tmp_path):
    data = tmp_path / "export.csv"
    data.write_text("Adm No,Days off,Mean\n1,3,11\n2,4,7\n", encoding="utf-8")
    (tmp_path / "map.toml").write_text(
        '[columns]\npupil_id = "Adm No"\nmean_mark = "Mean"\nlessons_missed = { from = "Days off", multiply = 8 }\n',
        encoding="utf-8",
    )
    said = run(data, "--as-of", "2027-01-15", "--mapping", tmp_path / "map.toml", "--out", tmp_path / "run")
    assert said.code == 1, said
    assert "“Mean”" in said.err
    assert "mean_mark" not in said.err
