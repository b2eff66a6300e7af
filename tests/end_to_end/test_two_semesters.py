"""A school's two semesters: a hand-made Latvian workbook with thirty pupils and a dozen mistakes, answered, run again."""

import json
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter

import pumpurs_risk as pr
from pumpurs_risk.records.workbook.reader import read_workbook

HEADINGS = [
    "Vārds, uzvārds", "Klase", "Dzimšanas gads", "Notikušās stundas", "Kavētās stundas", "Neattaisnoti kavētās stundas",
    "Vidējais vērtējums", "Priekšmeti ar vērtējumu zem 4", "Atkārtoti tajā pašā klasē", "Skolotāja bažas", "Piezīmes",
]  # fmt: skip
FIRST = ["Anna", "Bruno", "Cēzars", "Dace", "Elza", "Fēlikss", "Ģirts", "Helēna", "Ivars", "Jānis"]
LAST = ["Āboliņš", "Bērziņa", "Čakstiņš"]


def pupil(i):
    low = i % 7 == 0
    return [
        f"{FIRST[i % 10]} {LAST[i // 10]}", f"{7 + i % 3}.a", 2026 - 13 - i % 3, 480, 140 if low else 10 + i,
        25 if low else i % 4, 4.2 if low else 6.5 + (i % 5) / 2, 3 if low else 0, "nē", "lielas" if low else "", "",
    ]  # fmt: skip


def write_sheet(path: Path, rows) -> None:
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet("9. klases")
        page.write(0, 0, "Kazdangas pamatskola, 2026./2027. m. g.")  # a title, as people put above a table
        page.write_row(2, 0, HEADINGS)
        for r, row in enumerate(rows, start=3):
            page.write_row(r, 0, row)


@pytest.fixture
def school(tmp_path):
    rows = [pupil(i) for i in range(30)]
    rows[1][6] = 11  # no such mark
    rows[2][6] = "7,5"  # decimal comma: fine
    rows[3][4] = -5  # negative
    rows[4][4] = 500  # more than held
    rows[5][5] = 60  # more unexcused than missed
    rows[6][2] = 2031  # born in the future
    rows[8][8] = "varbūt"  # neither yes nor no
    rows[9][9] = "milzīgas"  # no word of the scale
    rows[10][7] = 2.5  # half a subject
    rows[11][6] = "#DIV/0!"
    rows[12][0] = ""  # nobody
    rows[13][1] = "zaļā"  # a class without a level
    rows.append(list(rows[15]))  # the same row twice
    rows.append([*rows[16][:6], 3.1, *rows[16][7:]])  # the same pupil with another mark
    rows.append(["Kopā", "", "", "", 777, 60, "", "", "", "", ""])  # a footer
    folder = tmp_path / "skola"
    folder.mkdir()
    write_sheet(folder / "skoleni.xlsx", rows)
    return folder


def workbook_of(run_folder: Path) -> Path:
    return next(run_folder.glob("schools/*/support_staff/*.xlsx"))


def sheet_named(path, name):
    return next(s for s in read_workbook(path) if s.name == name)


def test_thirty_pupils_and_a_dozen_mistakes(run, school):
    said = run(school / "skoleni.xlsx", "--as-of", "15.01.2027.")
    assert said.code == 1, said
    made = pr.open_run(school / "skoleni_2027-01-15")
    assert len(made.flags) == 29  # thirty, less the one without a name
    assert "check" in said.err  # a terminal shows the first dozen, and says where the rest stands
    checked = run("check", school / "skoleni.xlsx", "--as-of", "2027-01-15")
    assert checked.code == 1
    lines = checked.out.splitlines()
    for row, value in [
        (5, "11"),
        (7, "-5"),
        (8, "500"),
        (9, "60"),
        (10, "2031"),
        (12, "varbūt"),
        (13, "milzīgas"),
        (14, "2.5"),
    ]:
        assert any(f"row {row}," in line and value in line for line in lines), (row, value, checked.out)
    for row in (5, 7, 8, 9, 10, 12, 13, 14, 15, 16, 17, 19, 20, 34, 35):
        assert f"row {row}" in checked.out, (row, checked.out)
    assert "Anna" not in checked.out + said.out + said.err  # no name in what is printed
    manifest = json.loads((made.path / "run.json").read_text(encoding="utf-8"))
    [counts] = manifest["schools"]
    assert counts["pupils_in"] == counts["scored"] + counts["out_of_scope"]
    [table] = manifest["inputs"]
    assert table["rows_in"] == table["used"] + table["not_used"] + table["rejected"]


def test_names_stand_in_the_workbook_and_the_key_only(run, school):
    assert run(school / "skoleni.xlsx", "--as-of", "2027-01-15").code == 1
    folder = school / "skoleni_2027-01-15"
    assert (school / "pumpurs.key.json").is_file()
    for path in [*folder.rglob("*.parquet"), *folder.rglob("*.json"), *folder.rglob("*.csv")]:
        content = path.read_bytes()
        for name in ("Āboliņš", "Čakstiņš"):
            assert name.encode() not in content, path
    listed = sheet_named(workbook_of(folder), "Saraksts")
    assert any("Āboliņš" in cell or "Čakstiņš" in cell or "Bērziņa" in cell for cell in map(str, listed.columns[1]))


def test_answers_and_decisions_reach_the_next_semester(run, school, type_into):
    source = school / "skoleni.xlsx"
    assert run(source, "--as-of", "2027-01-15", "--places", 4).code == 1
    first = pr.open_run(school / "skoleni_2027-01-15")
    book = workbook_of(first.path)
    listed, asked = sheet_named(book, "Saraksts"), sheet_named(book, "Jautājumi")
    pupil_id = first.flags.sort_values("order")["pupil_id"].iloc[0]
    row = int(listed.rows[[str(c) for c in listed.columns[0]].index(pupil_id)])
    ids, factors = [str(c) for c in asked.columns[0]], [str(c) for c in asked.columns[1]]
    place = next(i for i, f in enumerate(factors) if f in first.factors and first.factors[f].dtype == float and ids[i])
    about, factor = ids[place], factors[place]
    answer_row = int(asked.rows[place])
    answer = {"yes_no": "jā"}.get(pr.Catalogue.load().factors[factor].kind, "2")
    type_into(
        book,
        {
            ("Saraksts", f"I{row}"): "apstiprināts – sāk ar sarunu",
            ("Jautājumi", f"I{answer_row}"): answer,
        },
    )
    said = run(source, "--as-of", "2027-02-15", "--places", 4)
    assert said.code == 1
    assert "skoleni_2027-01-15" in said.out  # says whose answers it took
    second = pr.open_run(school / "skoleni_2027-02-15")
    decided = second.decisions.set_index("pupil_id").loc[pupil_id]
    assert decided["decision"] == "confirmed"
    assert decided["note"] == "sāk ar sarunu"
    before = first.factors.set_index("pupil_id").at[about, factor]
    after = second.factors.set_index("pupil_id").at[about, factor]
    assert pd.isna(before)
    assert after == (1.0 if answer == "jā" else 2.0)
    again = sheet_named(workbook_of(second.path), "Saraksts")
    cells = [str(c) for column in again.columns for c in column]
    assert any(c.startswith("apstiprināts") for c in cells)
    # and the third run still knows both, though nobody wrote anything into the second
    assert run(source, "--as-of", "2027-03-15", "--places", 4).code == 1
    third = pr.open_run(school / "skoleni_2027-03-15")
    assert third.decisions.equals(second.decisions)
    assert third.factors.set_index("pupil_id").at[about, factor] == after


def test_a_list_of_an_earlier_day_does_not_know_later_answers(run, school):
    source = school / "skoleni.xlsx"
    assert run(source, "--as-of", "2027-02-15").code == 1
    said = run(source, "--as-of", "2027-01-15", "--previous", school / "skoleni_2027-02-15")
    assert said.code == 2
    assert "after 2027-01-15" in said.err
    assert not (school / "skoleni_2027-01-15").exists()


def test_the_same_input_gives_the_same_bytes(run, school, tmp_path):
    source = school / "skoleni.xlsx"
    assert run(source, "--as-of", "2027-01-15", "--no-previous", "--out", tmp_path / "a" / "run").code == 1
    assert run(source, "--as-of", "2027-01-15", "--no-previous", "--out", tmp_path / "b" / "run").code == 1
    first, second = tmp_path / "a" / "run", tmp_path / "b" / "run"
    names = sorted(p.relative_to(first) for p in first.rglob("*") if p.is_file())
    assert names == sorted(p.relative_to(second) for p in second.rglob("*") if p.is_file())
    for name in names:
        a, b = (first / name).read_bytes(), (second / name).read_bytes()
        if name.name == "run.json":
            a, b = ({k: v for k, v in json.loads(x).items() if k != "made_at"} for x in (a, b))
        assert a == b, name


def test_scoring_in_memory_touches_no_disk(school, tmp_path, monkeypatch):
    records = pr.read_records(school / "skoleni.xlsx", as_of="2027-01-15")
    before = sorted(p for p in tmp_path.rglob("*"))
    made = pr.score(records, as_of="2027-01-15")
    document = made.to_dict()
    json.dumps(document, allow_nan=False)
    assert sorted(p for p in tmp_path.rglob("*")) == before
    assert len(document["flags"]["flags"]) == 29


def test_documents_fit_their_published_schemas(school):
    import jsonschema

    from pumpurs_risk.resources import resource

    made = pr.score(pr.read_records(school / "skoleni.xlsx", as_of="2027-01-15"))
    document = json.loads(json.dumps(made.to_dict()))
    for name in ("flags", "reasons"):
        schema = json.loads(resource("data_schema", f"{name}.json").read_text(encoding="utf-8"))
        jsonschema.validate(document[name], schema)


def test_run_json_fits_its_published_schema(run, school):
    import jsonschema

    from pumpurs_risk.resources import resource

    run(school / "skoleni.xlsx", "--as-of", "2027-01-15")
    schema = json.loads(resource("data_schema", "run.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads((school / "skoleni_2027-01-15" / "run.json").read_text(encoding="utf-8")), schema)


def test_published_schemas_are_those_of_the_code():
    from pumpurs_risk.batch.manifest import schemas
    from pumpurs_risk.resources import resource

    for name, schema in schemas().items():
        published = json.loads(resource("data_schema", name).read_text(encoding="utf-8"))
        assert published == json.loads(json.dumps(schema)), name


def test_another_schools_runs_beside_it_are_not_its_own(run, school):
    other = school / "skoleni_vidus.xlsx"
    other.write_bytes((school / "skoleni.xlsx").read_bytes())
    assert run(other, "--as-of", "2027-01-15").code == 1
    said = run(school / "skoleni.xlsx", "--as-of", "2027-02-15")
    assert "skoleni_vidus" not in said.out
    assert pr.open_run(school / "skoleni_2027-02-15").manifest.previous == ()


def test_a_damaged_earlier_run_is_named_and_not_passed_over(run, school):
    assert run(school / "skoleni.xlsx", "--as-of", "2027-01-15").code == 1
    (school / "skoleni_2027-01-15" / "run.json").write_text("{", encoding="utf-8")
    said = run(school / "skoleni.xlsx", "--as-of", "2027-02-15")
    assert said.code == 2
    assert "skoleni_2027-01-15" in said.err
    assert run(school / "skoleni.xlsx", "--as-of", "2027-02-15", "--no-previous").code == 1


def test_a_run_from_disk_gives_the_same_document_as_in_memory(run, school):
    run(school / "skoleni.xlsx", "--as-of", "2027-01-15")
    opened = pr.open_run(school / "skoleni_2027-01-15")
    memory = pr.score(pr.read_records(school / "skoleni.xlsx", as_of="2027-01-15"), as_of="2027-01-15")
    first, second = json.loads(json.dumps(opened.to_dict())), json.loads(json.dumps(memory.to_dict()))
    assert first == second


def test_run_json_quotes_no_cell(run, school, type_into):
    assert run(school / "skoleni.xlsx", "--as-of", "2027-01-15").code == 1
    book = workbook_of(school / "skoleni_2027-01-15")
    listed = sheet_named(book, "Saraksts")
    first = pr.open_run(school / "skoleni_2027-01-15")
    pupil_id = first.flags.sort_values("order")["pupil_id"].iloc[0]
    row = int(listed.rows[[str(c) for c in listed.columns[0]].index(pupil_id)])
    type_into(book, {("Saraksts", f"I{row}"): "Anna Ozola pārcēlusies"})
    said = run(school / "skoleni.xlsx", "--as-of", "2027-02-15")
    assert said.code == 1
    text = (school / "skoleni_2027-02-15" / "run.json").read_text(encoding="utf-8")
    assert "Ozola" not in text
    assert json.loads(text)["not_understood"] == 1
