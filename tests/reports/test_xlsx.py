import datetime as dt
import io
import os
import re
import subprocess
import zipfile
from html import unescape
from pathlib import Path

import pandas as pd
import pytest

from pumpurs_risk.records.workbook.reader import read_workbook
from pumpurs_risk.reports import write_support_staff_workbook
from pumpurs_risk.reports.paper import ABOUT_SHEET
from pumpurs_risk.reports.sheet_top import MAX_ROWS
from pumpurs_risk.reports.support_sheets import sum_lines
from pumpurs_risk.reports.xlsx import _about_lines, first_line

GOLDEN = Path(__file__).parents[1] / "golden"


def written(paper, tmp_path):
    path = tmp_path / "list.xlsx"
    write_support_staff_workbook(path, paper)
    return path


def parts_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def sheets_of(path):
    return {sheet.name: sheet for sheet in read_workbook(path)}


def words_of(sheet):
    """Rows of a sheet that a person sees, as lines of text."""
    return [" | ".join(cell.replace("\n", " / ") for cell in row if cell) for row in sheet.top(len(sheet.rows))]


@pytest.mark.parametrize("lang", ["lv", "en"])
@pytest.mark.parametrize("semester", ["first", "later"])
def test_the_words_of_the_workbook_are_those_agreed(example_paper, later_paper, tmp_path, lang, semester):
    paper = example_paper(lang) if semester == "first" else later_paper(lang)
    sheets = sheets_of(written(paper, tmp_path))
    said = "\n".join(f"[{name}]\n" + "\n".join(words_of(sheet)) for name, sheet in sheets.items()) + "\n"
    golden = GOLDEN / f"workbook_{'' if semester == 'first' else 'later_'}{lang}.txt"
    if os.environ.get("PUMPURS_WRITE_GOLDEN"):
        golden.write_text(said, encoding="utf-8")
    assert said == golden.read_text(encoding="utf-8")


def test_the_first_line_says_need_places_and_who_is_left_without(example_paper):
    assert first_line(example_paper("lv")) == (
        "15 skolēni virs rīcības sliekšņa (9–24), 12 atbalsta vietas, bez vietas paliek 3 skolēni (0–12)"
        " – pēc publicētiem pētījumiem, šeit vēl nepārbaudīts"
    )
    assert first_line(example_paper("en")) == (
        "15 pupils above the action threshold (9–24), 12 places for support, 3 pupils left without a place (0–12)"
        " – from published evidence, not yet checked here"
    )


@pytest.mark.parametrize(
    ("above", "places", "uncovered", "said"),
    [
        (1, 1, 0, "1 skolēns virs rīcības sliekšņa, 1 atbalsta vieta, bez vietas nepaliek neviens"),
        (21, 0, 21, "21 skolēns virs rīcības sliekšņa, atbalsta vietu nav, bez vietas paliek 21 skolēns"),
        (11, 10, 1, "11 skolēni virs rīcības sliekšņa, 10 atbalsta vietas, bez vietas paliek 1 skolēns"),
        (0, 3, 0, "Virs rīcības sliekšņa nav neviena skolēna, 3 atbalsta vietas, bez vietas nepaliek neviens"),
    ],
)
def test_numbers_and_words_agree_and_a_model_with_local_outcomes_has_no_range(
    example_paper, above, places, uncovered, said
):
    summary = {"above": above, "places": places, "not_covered": uncovered, "threshold": 0.1, "has_local_outcomes": True}
    assert first_line(example_paper(summary=summary)) == said


def test_a_vocational_school_reads_of_trainees_and_groups(example_paper, tmp_path):
    paper = example_paper(learner="trainee")
    assert "15 audzēkņi virs rīcības sliekšņa" in first_line(paper)
    assert "Audzēknis | Grupa | Rīcība" in "\n".join(words_of(sheets_of(written(paper, tmp_path))["Saraksts"]))


def test_the_list_has_at_most_eight_columns_in_sight_and_no_rank_or_percentage(workbook):
    xml = parts_of(workbook)["xl/worksheets/sheet1.xml"]
    columns = re.findall(r'<col min="(\d+)" max="(\d+)"([^>]*)/>', xml)
    seen = sum(int(last) - int(first) + 1 for first, last, rest in columns if "hidden" not in rest)
    assert seen == 8
    sheet = sheets_of(workbook)["Saraksts"]
    rows = sheet.top(len(sheet.rows))
    start = next(index for index, row in enumerate(rows) if row[0] == "pumpurs_risk:list") + 2
    pupils = rows[start : start + 12]
    assert [row[1] for row in pupils][:2] == ["Anna Bērziņa", "Kristiāns Ozoliņš-Kalniņš"]
    assert not any(re.fullmatch(r"[\d.,]+ ?%?", cell) for row in pupils for cell in row)
    assert all(row[3].startswith("rīkoties tagad") and row[7].endswith("līdz 29.01.2027.") for row in pupils)


@pytest.mark.parametrize("lang", ["lv", "en"])
def test_every_sheet_and_every_page_says_that_it_is_for_support_staff_only(example_paper, tmp_path, lang):
    path = written(example_paper(lang), tmp_path)
    only = {"lv": "Tikai skolas atbalsta personālam", "en": "For support staff only"}[lang]
    shown = [sheet for sheet in read_workbook(path) if not sheet.hidden]
    assert all(any(line.startswith(only) for line in words_of(sheet)[:4]) for sheet in shown)
    pages = [xml for name, xml in parts_of(path).items() if name.startswith("xl/worksheets/sheet")][: len(shown)]
    footer = {"lv": "tikai atbalsta personālam", "en": "support staff only"}[lang]
    for xml in pages:
        foot = unescape(re.search("<oddFooter>(.*?)</oddFooter>", xml)[1])
        assert footer in foot
        assert "or_2027-01-15" in foot
        assert len(foot) <= 255


def test_pages_are_a4_landscape_one_page_wide_with_a_frozen_repeated_header(workbook):
    parts = parts_of(workbook)
    for number in (1, 3, 4, 5, 6, 7, 8, 9, 10, 11):  # all but the guidance
        xml = parts[f"xl/worksheets/sheet{number}.xml"]
        assert 'paperSize="9"' in xml
        assert 'orientation="landscape"' in xml
        assert '<pageSetUpPr fitToPage="1"/>' in xml
        assert 'state="frozen"' in xml
        assert "<autoFilter " in xml
        assert '<sheetProtection sheet="1"' in xml
    assert parts["xl/workbook.xml"].count("_xlnm.Print_Titles") == 10


def test_what_people_typed_is_never_a_formula_a_link_or_markup(workbook):
    parts = parts_of(workbook)
    sheets = [xml for name, xml in parts.items() if name.startswith("xl/worksheets/")]
    assert not any("<f>" in xml or "<hyperlink" in xml for xml in sheets)
    assert "<t>=cmd|' /C calc'!A0</t>" in parts["xl/sharedStrings.xml"].replace("&#39;", "'")
    assert "<script>" not in parts["xl/sharedStrings.xml"]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in parts["xl/sharedStrings.xml"]
    assert not any("vba" in name.lower() for name in parts)


def test_the_same_paper_gives_the_same_bytes(example_paper):
    one, two = io.BytesIO(), io.BytesIO()
    write_support_staff_workbook(one, example_paper())
    write_support_staff_workbook(two, example_paper())
    assert one.getvalue() == two.getvalue()


def test_sheets_without_rows_are_left_out_but_the_list_and_the_guidance_stay(example_paper, tmp_path):
    none = {
        name: getattr(example_paper(), name).iloc[:0]
        for name in ("listed", "ask_first", "not_covered", "watch", "uncertain", "questions", "signals", "details",
                     "not_assessed", "out_of_scope", "added")
    }  # fmt: skip
    sheets = sheets_of(written(example_paper(**none), tmp_path))
    assert list(sheets) == ["Saraksts", "Kā lietot šo sarakstu", ABOUT_SHEET]
    assert "Sarakstā šoreiz nav neviena." in "\n".join(words_of(sheets["Saraksts"]))


def test_each_pupil_is_decided_on_in_one_place_only(workbook):
    sheets = sheets_of(workbook)
    signs = words_of(sheets["Obligāti pārbaudīt"])
    assert sum("sk. lapu „Saraksts”" in line for line in signs) == 1
    xml = parts_of(workbook)["xl/worksheets/sheet7.xml"]
    typed = [re.search(r'<c r="G\d+" s="(\d+)"', row)[1] for row in re.findall(r"<row .*?</row>", xml)[-3:]]
    assert typed[1] != typed[0] == typed[2], "only the first row of Zane Ābele is open for a decision"


def test_the_lines_of_a_pupil_add_up_to_the_total_as_printed(example_paper):
    for _, lines in example_paper().details.groupby("pupil_id"):
        shown = sum_lines(list(lines.itertuples(index=False)), "lv")
        *parts, (kind, said, total) = shown
        assert kind == "total"
        assert round(sum(weight for _, _, weight in parts if weight is not None), 2) == total == -1.3
        assert "apmēram 20 no 100" in said
        assert [kind for kind, _, _ in parts] == ["base", "risk", "risk", "strength", "unknown", "other"]


@pytest.mark.parametrize(
    ("log_odds", "said"),
    [
        (-6.0, "mazāk nekā 1 no 100"),
        (-3.5, "apmēram 3 no 100"),
        (-2.2, "apmēram 10 no 100"),
        (0.9, "apmēram 70 no 100"),
    ],
)
def test_a_probability_is_said_with_one_digit(log_odds, said):
    lines = pd.DataFrame({"kind": ["base", "total"], "sentence": "", "contribution": [log_odds, log_odds]})
    assert said in sum_lines(list(lines.itertuples(index=False)), "lv")[-1][1]


def test_a_frame_without_a_needed_column_is_named(example_paper):
    paper = example_paper(listed=example_paper().listed.drop(columns=["due", "tier"]))
    with pytest.raises(ValueError, match=r"SchoolPaper\.listed lacks the columns tier, due"):
        write_support_staff_workbook(io.BytesIO(), paper)


def test_a_very_long_sheet_shows_its_first_rows_and_says_so(example_paper, tmp_path):
    many = pd.concat([example_paper().ask_first] * (MAX_ROWS // 4 + 1), ignore_index=True)
    many["pupil_id"] = [f"s:{i}" for i in range(len(many))]
    many["order"] = range(len(many))
    sheet = sheets_of(written(example_paper(ask_first=many), tmp_path))["Vispirms jautāt"]
    assert sum(cell.startswith("s:") for cell in sheet.columns[0]) == MAX_ROWS
    assert any("pirmās 5\u00a0000 rindas no 5\u00a0004" in line for line in words_of(sheet))


def test_a_school_name_with_ampersands_and_300_letters_fits_the_footer(example_paper, tmp_path):
    path = written(example_paper(title="Jāņa & Annas " * 25, run="&P" * 100), tmp_path)
    foot = unescape(re.search("<oddFooter>(.*?)</oddFooter>", parts_of(path)["xl/worksheets/sheet1.xml"])[1])
    assert len(foot) <= 255
    assert foot.endswith("&P. lpp. no &N")
    assert "Jāņa && Annas" in foot
    assert foot.count("&P.") == 1


def test_missing_values_leave_empty_cells(example_paper, tmp_path):
    listed = example_paper().listed
    listed["reason_2"] = pd.NA
    listed["due"] = pd.NaT
    listed["class_id"] = float("nan")
    listed["role_name"] = None
    rows = sheets_of(written(example_paper(listed=listed), tmp_path))["Saraksts"].top(40)
    first = next(row for row in rows if row[0] == "s:000")
    assert first[2] == ""
    assert first[5] == ""
    assert not any(re.search(r"\b(nan|NaT|None|<NA>)\b", cell) for row in rows for cell in row)


def test_the_guidance_stands_alone_and_names_allowed_and_forbidden_uses(example_paper, tmp_path):
    said = "\n".join(words_of(sheets_of(written(example_paper("en"), tmp_path))["How to use this list"]))
    for needed in ("not a diagnosis", "A person always decides", "support", "punishment", "funds", "tracking", "admission",
                   "same day", "orphans' court", "valid until 28 May 2027", "published research"):  # fmt: skip
        assert needed in said


def test_libreoffice_prints_the_workbook_and_the_guidance_takes_one_page(needs_program, workbook, tmp_path):
    soffice = needs_program("soffice")
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = [soffice, profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), str(workbook)]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    pdf = workbook.with_suffix(".pdf").read_bytes()
    pages = len(re.findall(rb"/Type\s*/Page[^s]", pdf))
    assert 11 <= pages <= 13, "one page for a sheet, two for the list"
    boxes = {tuple(round(float(x)) for x in box.split()) for box in re.findall(rb"/MediaBox\s*\[([^\]]*)\]", pdf)}
    assert boxes == {(0, 0, 842, 595)}


def test_a_list_may_be_dated_on_any_day(example_paper, tmp_path):
    path = written(example_paper(as_of=dt.date(2027, 9, 1)), tmp_path)
    assert "saraksts uz 01.09.2027." in words_of(sheets_of(path)["Saraksts"])[1]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"cut_by": "both"}, "no more of them than there are places"),
        ({"cut_by": "both", "places_given": False}, "no more of them than there are places"),
        ({"roll": 5, "places": 12}, "everybody is on the list"),
        ({"roll": 200, "places": 12}, "as many names as there are places"),
        ({"cut_by": "probability"}, "everyone whose estimated risk"),
    ],
)
def test_how_long_the_list_is_follows_what_ended_it(example_paper, changed, said):
    paper = example_paper("en")
    summary = dict(paper.summary) | changed
    length = " ".join(_about_lines(example_paper("en", summary=summary)))
    assert said in length
    assert ("as many names" in length) == ("as many names" in said)


def columns_in_sight(path, number):
    columns = re.findall(r'<col min="(\d+)" max="(\d+)"([^>]*)/>', parts_of(path)[f"xl/worksheets/sheet{number}.xml"])
    return sum(int(last) - int(first) + 1 for first, last, rest in columns if "hidden" not in rest)


def test_a_later_list_says_what_changed_and_still_has_eight_columns(later_workbook):
    assert columns_in_sight(later_workbook, 1) == 8
    rows = sheets_of(later_workbook)["Saraksts"].top(40)
    shown = {row[0]: row for row in rows}
    assert shown["pumpurs_risk:list"][4] == "change"
    assert shown["s:001"][3:5] == [
        "rīkoties tagad\nnav droši\nobligāti pārbaudīt: neattaisnoti kavējumi",
        "jauns sarakstā",
    ]
    assert shown["s:000"][4] == ""
    assert shown["s:011"][3] == "pievienots pēc personāla ierosinājuma\ndroši"


def test_missing_pupils_have_one_drop_down_with_every_outcome(later_workbook):
    parts = parts_of(later_workbook)
    names = re.findall(r'<sheet name="([^"]*)"', parts["xl/workbook.xml"])
    xml = parts[f"xl/worksheets/sheet{names.index('Nav klašu sarakstā') + 1}.xml"]
    assert xml.count('<dataValidation type="list"') == 1
    assert "derīgs līdz 28.05.2027." in "\n".join(words_of(sheets_of(later_workbook)["Nav klašu sarakstā"]))


def test_who_is_known_to_be_gone_and_asked_about_stands_there_once(later_paper, tmp_path):
    paper = later_paper()
    gone = pd.concat([paper.gone, paper.missing.iloc[[1]][["shown", "class_id"]].assign(text="pabeidza")])
    lines = words_of(sheets_of(written(later_paper(gone=gone), tmp_path))["Nav klašu sarakstā"])
    assert sum("=1+1" in line for line in lines) == 1
    assert sum("Otto Ābols" in line for line in lines) == 1


def test_a_sheet_with_none_but_pupils_who_are_gone_asks_nothing(later_paper, tmp_path):
    paper = later_paper(missing=later_paper().missing.iloc[:0])
    said = "\n".join(words_of(sheets_of(written(paper, tmp_path))["Nav klašu sarakstā"]))
    assert "Otto Ābols" in said
    assert "pumpurs_risk:missing" not in said


@pytest.mark.parametrize(
    ("lang", "title", "reason", "comes_back"),
    [
        ("lv", "Jūsu lēmums", "noraidīts – ", "Bez iemesla noraidītais nākamajā sarakstā atgriežas"),
        ("en", "Your decision", "dismissed – ", "Without a reason the pupil comes back in the next list"),
    ],
)
def test_every_decision_cell_says_that_a_dismissal_needs_a_reason(
    example_paper, tmp_path, lang, title, reason, comes_back
):
    parts = parts_of(written(example_paper(lang), tmp_path))
    rules = [rule for xml in parts.values() for rule in re.findall(r"<dataValidation [^>]*>", xml) if title in rule]
    assert rules
    for rule in rules:
        shown = unescape(re.search(r' prompt="([^"]*)"', rule)[1])
        assert reason in shown and comes_back in shown and shown.endswith(".") and len(shown) <= 255
    assert any(reason.strip() in xml for name, xml in parts.items() if "sharedStrings" in name)
