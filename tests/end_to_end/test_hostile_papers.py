"""Whatever people type, in names, ids, classes, titles, notes, answers or plans: on every paper it is text, and nothing else."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from tests.end_to_end.pens import fill_docx, fill_json, fill_list, said
from tests.reports import conftest as browsers

import pumpurs_risk as pr
from pumpurs_risk.batch.plan_files import read_plans
from pumpurs_risk.records.workbook.reader import read_workbook

chromium = browsers.chromium
HIT = "window.hit=1"
NAMES = (
    f"<script>{HIT}</script>",
    f"\"><img src=x onerror='{HIT}'>",
    '=HYPERLINK("http://example.invalid";"šeit")',
    "{{ 7*7 }}{% raw %}${7*7}",
    "\u202eatpakaļ\u200f 👩‍🎓 Ļ̣",
    "ļ" * 10_000,
    "</style></script><svg onload=alert(1)>",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "]]><!--&amp;&lt;",
    "javascript:alert(document.cookie)",
)
TITLE = f"=1+1 <b onmouseover={HIT}>Skola</b> {{{{ 7*7 }}}}"
NOTE = f"</td><script>{HIT}</script> {{{{ config }}}} =1+1 \u202e👩‍🎓"
ANSWER = f"ļoti <img src=x onerror={HIT}> =2+2"
FIELD = (
    f"{{{{ 7*7 }}}} {{% for x in y %}} <w:p/> <script>{HIT}</script> ]]> =cmd|'/C calc'!A0 \u202e👩‍🎓 " + "ļ" * 10_000
)
CONTROL = "a\x01b\x0bc"


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two lists in a row, a note and an answer in between, plans with hostile fields; all beside each other."""
    home = tmp_path_factory.mktemp("papers")
    data = home / "data"
    (data / "s").mkdir(parents=True)
    (data / "pumpurs.toml").write_text(
        f'as_of = 2026-09-15\n[schools.s]\ntitle = {json.dumps(TITLE)}\nfolder = "s"\nplaces = 8\n', encoding="utf-8"
    )
    with (data / "s" / "skola.csv").open("w", encoding="utf-8-sig", newline="") as handle:
        rows = csv.writer(handle, delimiter=";")
        rows.writerow(
            ["Identifikators", "Vārds, uzvārds", "Klase", "Dzimšanas gads", "Notikušās stundas", "Kavētās stundas",
             "Vidējais vērtējums", "Priekšmeti ar vērtējumu zem 4"]
        )  # fmt: skip
        for i, name in enumerate(NAMES):
            rows.writerow([f"{name[:60]}{i}", name, f"9.<b>{i % 2}", 2011, 480, 200 - 10 * i, 4, 3])
        for i in range(20):
            rows.writerow([f"p{i}", f"Skolēns {i}", "9.a", 2011, 480, i, 8, 0])
    first, second = home / "runs" / "first", home / "runs" / "second"
    said(data, "--as-of", "2026-09-15", "--out", first, codes=(0, 1))
    run = pr.open_run(first)
    on_list = run.flags[run.flags["listed"]].sort_values("order")["pupil_id"].tolist()
    typed = {("list", on_list[0], "decision"): f"apstiprināts – {NOTE}", ("list", on_list[1], "decision"): NOTE}
    asked = run.questions
    if len(asked):
        row = asked.iloc[0]
        typed[f"questions:{row['factor']}", row["pupil_id"], "answer"] = ANSWER
    fill_list(next(first.glob("schools/*/support_staff/*.xlsx")), typed)
    said("plans", first)
    in_word, in_json = sorted((home / "runs" / "plans").glob("*/*.docx"))[:2]
    fill_docx(in_word, {"pupil_view": FIELD, "notes": NOTE})
    fill_json(in_json.with_suffix(".json"), {"pupil_view": CONTROL})
    in_json.unlink()  # a tool keeps the JSON; the document is made from it
    said("plans", first)
    said(data, "--as-of", "2027-01-15", "--out", second, "--previous", first, codes=(0, 1))
    return home


def test_no_page_runs_anything_opens_anything_or_complains(papers: Path, chromium: Any) -> None:
    heard: list[str] = []
    pages = sorted(papers.rglob("*.html"))
    assert len(pages) > 10
    context = chromium.new_context()
    page = context.new_page()
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("dialog", lambda dialog: (heard.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: request.url.startswith(("file:", "data:")) or heard.append(request.url))
    for path in pages:
        page.goto(path.as_uri())
        assert page.evaluate("typeof window.hit") == "undefined", path.name
        assert page.locator("img, iframe, object, embed, form[action], [onerror], [onmouseover]").count() == 0, (
            path.name
        )
    context.close()
    assert heard == []


def test_a_schools_page_shows_names_titles_and_notes_as_they_were_typed(papers: Path, chromium: Any) -> None:
    [path] = (papers / "runs" / "second" / "schools").glob("*/support_staff/*.html")
    context = chromium.new_context()
    page = context.new_page()
    page.goto(path.as_uri())
    shown = page.evaluate("document.body.textContent")
    context.close()
    assert TITLE in shown
    assert " ".join(NOTE.split()) in " ".join(shown.split())
    names = set(page_names(papers))
    assert names
    for name in names:
        assert " ".join(name.split()) in " ".join(shown.split())


def page_names(papers: Path) -> list[str]:
    """Names of those with a place on the second list."""
    run = pr.open_run(papers / "runs" / "second")
    listed = run.flags.loc[run.flags["listed"], "pupil_id"]
    return [name for i, name in enumerate(NAMES) if any(p.endswith(f"{name[:60]}{i}") for p in listed)]


def test_a_workbook_holds_no_formula_link_or_markup(papers: Path) -> None:
    books = list((papers / "runs").glob("*/schools/*/support_staff/*.xlsx"))
    assert len(books) == 2
    for book in books:
        with zipfile.ZipFile(book) as packed:
            for name in packed.namelist():
                content = packed.read(name).decode("utf-8")
                assert "<script>" not in content and "<img" not in content, name
                if name.startswith("xl/worksheets/sheet"):
                    assert "<f>" not in content and "<f " not in content and "hyperlink" not in content.casefold()


def test_a_note_comes_through_two_lists_as_it_was_typed(papers: Path) -> None:
    second = pr.open_run(papers / "runs" / "second")
    assert " ".join(NOTE.split()) in second.decisions["note"].tolist()
    [book] = second.path.glob("schools/*/support_staff/*.xlsx")
    cells = {str(cell) for sheet in read_workbook(book) for row in sheet.top(999) for cell in row}
    assert any(" ".join(NOTE.split()) in cell for cell in cells)


def test_a_plan_opens_in_word_with_its_texts_intact(papers: Path) -> None:
    docx = pytest.importorskip("docx")
    found = sorted((papers / "runs" / "plans").glob("*/*.docx"))
    assert len(found) > 2
    texts = []
    for path in found:
        document = docx.Document(str(path))
        texts.append("".join(node.text or "" for node in document.element.body.iter() if node.tag.endswith("}t")))
        with zipfile.ZipFile(path) as packed:
            assert not any("vba" in name.casefold() for name in packed.namelist())
            relations = packed.read("word/_rels/document.xml.rels").decode()
            assert "example.invalid" not in relations and 'TargetMode="External"' not in relations
    assert any(FIELD.strip() in text for text in texts)
    assert any(TITLE in text for text in texts)
    assert not any("49" in text and "7*7" not in text for text in texts)


def test_a_plan_goes_round_without_losing_a_character(papers: Path) -> None:
    plans = [plan for plan, _ in read_plans(papers / "runs" / "plans")]
    assert [plan.value("notes") for plan in plans if plan.value("pupil_view") == FIELD.strip()] == [NOTE.strip()]
    assert [plan.value("pupil_view") for plan in plans].count(CONTROL) == 1
    assert "renewed: 0" in said("plans", papers / "runs" / "first")


def test_no_cell_of_a_csv_begins_a_formula(papers: Path) -> None:
    files = [*papers.glob("runs/*/municipality/*.csv"), *papers.glob("runs/*/schools/**/*.csv")]
    assert files
    told = []
    for path in files:
        for row in csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig")), delimiter=";"):
            for cell in row:
                assert not re.match(r"[=+@\t\r]|-[^\d]", cell), (path.name, cell)
                told.append(cell)
    assert any(TITLE in cell for cell in told)


def test_files_keep_to_their_folders(papers: Path) -> None:
    for path in papers.rglob("*"):
        assert re.fullmatch(r"[\w .()-]+", path.name), path
        assert len(path.name.encode()) <= 255
    assert {path.name for path in papers.iterdir()} == {"data", "runs"}
