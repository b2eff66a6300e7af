"""Ids, names and cells that hold paths, formulas or tags are text wherever they are written, and lead nowhere."""

import csv
import re
import zipfile

import pytest

import pumpurs_risk as pr

HOSTILE = [
    "../../x",
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "CON",
    "a/b\\c",
    "%s{0}{{7*7}}",
    "@SUM(1)",
    "1'; DROP TABLE x; --",
]


@pytest.fixture
def scored(run, tmp_path):
    folder = tmp_path / "skola"
    folder.mkdir()
    path = folder / "dati.csv"
    with path.open("w", encoding="utf-8", newline="") as handle:
        rows = csv.writer(handle, delimiter=";")
        rows.writerow(
            ["Identifikators", "Skola", "Klase", "Kavētās stundas", "Notikušās stundas", "Vidējais vērtējums"]
        )
        for i, text in enumerate(HOSTILE):
            rows.writerow([text, HOSTILE[(i + 1) % len(HOSTILE)], text, 300, 480, 4])
            rows.writerow([f"{text} 2", HOSTILE[(i + 1) % len(HOSTILE)], "9.a", text, 480, text])
    said = run(path, "--as-of", "2027-01-15", "--out", tmp_path / "run")
    assert said.code == 1, said
    return tmp_path


def test_no_id_leads_out_of_the_run(scored):
    assert {p.name for p in scored.iterdir()} == {"skola", "run"}
    assert {p.name for p in (scored / "run").iterdir()} == {"run.json", "data", "schools", "municipality"}
    names = [p.name for p in (scored / "run" / "schools").iterdir()]
    assert len(names) == len(HOSTILE)
    for name in names:
        assert re.fullmatch(r"[\w .-]+", name), name
        assert name.split(".")[0].casefold() not in {"con", "nul", "aux", "prn"}


def test_every_pupil_is_scored_under_the_id_as_written(scored):
    run = pr.open_run(scored / "run")
    own = {p.split(":", 1)[1] for p in run.flags["pupil_id"]}
    assert own == {*HOSTILE, *(f"{text} 2" for text in HOSTILE)}


def test_no_workbook_holds_a_formula_a_link_or_markup(scored):
    books = list((scored / "run").rglob("*.xlsx"))
    assert books
    for book in books:
        with zipfile.ZipFile(book) as archive:
            for name in archive.namelist():
                content = archive.read(name).decode("utf-8")
                if name.startswith("xl/worksheets/sheet"):
                    assert "<f>" not in content
                    assert "hyperlink" not in content
                assert "<script>" not in content, name


def test_no_csv_cell_starts_as_a_formula(scored):
    files = list((scored / "run").rglob("rejected.csv"))
    assert files
    for path in files:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            for row in csv.reader(handle, delimiter=";"):
                for cell in row:
                    assert not cell.startswith(("=", "+", "@", "\t")), cell
                    assert not re.match(r"-[^\d]", cell), cell
