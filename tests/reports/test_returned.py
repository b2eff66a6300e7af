import datetime as dt
import shutil
import subprocess
import zipfile

import pytest

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.locale import text
from pumpurs_risk.records.workbook.reader import read_workbook
from pumpurs_risk.reports import read_returned, write_support_staff_workbook
from pumpurs_risk.reports.returned_words import OUTCOMES, outcome_words, read_decision, read_outcome

LIST, QUESTIONS, SIGNS = "Saraksts", "Jautājumi", "Obligāti pārbaudīt"
MISSING, SET_ASIDE = "Nav klašu sarakstā", "Agrāk noraidīti"
RIGHT_TO_LEFT = "\u202eaktšir\u202c"
HOSTILE = (
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "{{ 7*7 }}",
    "&amp; ]]> \"'",
    f"{RIGHT_TO_LEFT} 👩‍👧 \u200f",
    "ļoti garš " * 1000,
)


def rows_of(path, sheet):
    """Number of the row in which each pupil stands first."""
    found = next(each for each in read_workbook(path) if each.name == sheet)
    first = {}
    for number, cell in zip(found.rows, found.columns[0], strict=True):
        first.setdefault(cell, int(number))
    return first


@pytest.fixture
def filled(workbook, type_into):
    """The workbook after a person has worked with it."""
    listed, asked, signs = (rows_of(workbook, sheet) for sheet in (LIST, QUESTIONS, SIGNS))
    room = listed["pumpurs_risk:added"] + 3  # mark, headings, one pupil added earlier
    type_into(
        workbook,
        {
            (LIST, f"I{listed['s:000']}"): "apstiprināts",
            (LIST, f"I{listed['s:001']}"): "Atlikts, runāsim ar vecākiem",
            (SIGNS, f"G{signs['s:090']}"): "apstiprināts",
            (QUESTIONS, f"I{asked['s:012']}"): "14,5",
            (QUESTIONS, f"I{asked['s:012'] + 1}"): "Jā",
            (QUESTIONS, f"I{asked['s:013'] + 2}"): "zema",
            (LIST, f"B{room}"): "Ilze Jauna",
            (LIST, f"C{room}"): "7.a",
            (LIST, f"D{room}"): "Vairs negrib nākt uz skolu.",
        },
    )
    return workbook


def assert_nothing_is_lost(returned):
    decided = dict(zip(returned.decisions["pupil_id"], returned.decisions["decision"], strict=True))
    assert decided == {"s:000": "confirmed", "s:001": "deferred", "s:002": "dismissed", "s:090": "confirmed"}
    notes = dict(zip(returned.decisions["pupil_id"], returned.decisions["note"], strict=True))
    assert notes == {"s:000": "", "s:001": "runāsim ar vecākiem", "s:002": "mācās citur", "s:090": ""}
    answers = returned.answers.set_index(["pupil_id", "factor"])
    assert answers["number"].to_dict() == {
        ("s:012", "paid_work_hours"): 14.5,
        ("s:012", "lodging"): 1.0,
        ("s:013", "motivation"): 2.0,
    }
    assert answers["value"].to_list() == ["14,5", "Jā", "zema"]
    assert set(answers["as_of"]) == {dt.date(2027, 1, 15)}
    assert set(answers["role"]) == {"class_teacher"}
    assert returned.added[["shown", "class_id", "why"]].to_numpy().tolist() == [
        ["Inga Iesala", "8.b", "Skolotāji ziņo par ilgstošu nomāktību."],
        ["Ilze Jauna", "7.a", "Vairs negrib nākt uz skolu."],
    ]
    assert returned.problems.empty
    assert (returned.school_id, returned.as_of, returned.run) == ("liepas-vsk", dt.date(2027, 1, 15), "or_2027-01-15")


def test_what_people_wrote_comes_back(filled, catalogue):
    assert_nothing_is_lost(read_returned(filled, catalogue=catalogue))


def test_a_copy_under_another_name_says_the_same(filled, catalogue, tmp_path):
    copy = shutil.copy(filled, tmp_path / "Kopija (2) – galīgā.xlsx")
    returned = read_returned(copy, catalogue=catalogue)
    assert_nothing_is_lost(returned)
    assert set(returned.answers["file"]) == {"Kopija (2) – galīgā.xlsx"}


@pytest.mark.parametrize("ending", ["xlsx", "ods", "xls"])
def test_saved_again_by_another_program_it_says_the_same(filled, catalogue, tmp_path, needs_program, ending):
    soffice = needs_program("soffice")
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    out = tmp_path / "saved"
    command = [soffice, profile, "--headless", "--convert-to", ending, "--outdir", str(out), str(filled)]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    assert_nothing_is_lost(read_returned(out / f"saraksts.{ending}", catalogue=catalogue))


def test_an_untouched_list_gives_only_what_it_carried(workbook, catalogue):
    returned = read_returned(workbook, catalogue=catalogue)
    assert returned.decisions["pupil_id"].to_list() == ["s:002"]
    assert returned.answers.empty
    assert returned.problems.empty


def test_english_words_are_read_from_an_english_list(example_paper, tmp_path, catalogue, type_into):
    path = tmp_path / "list.xlsx"
    write_support_staff_workbook(path, example_paper("en"))
    listed, asked = rows_of(path, "List"), rows_of(path, "Questions")
    typed = {("List", f"I{listed['s:003']}"): "Confirmed", ("Questions", f"I{asked['s:014'] + 1}"): "no"}
    type_into(path, typed)
    returned = read_returned(path, catalogue=catalogue)
    assert returned.decisions.set_index("pupil_id").loc["s:003", "decision"] == "confirmed"
    assert returned.answers[["pupil_id", "factor", "number"]].to_numpy().tolist() == [["s:014", "lodging", 0.0]]


def test_a_decision_that_is_not_understood_is_kept_as_a_note_and_named(workbook, catalogue, type_into):
    row = rows_of(workbook, LIST)["s:003"]
    type_into(workbook, {(LIST, f"I{row}"): "jāpadomā vēl"})
    returned = read_returned(workbook, catalogue=catalogue)
    kept = returned.decisions.set_index("pupil_id").loc["s:003"]
    assert (kept["decision"], kept["note"]) == ("", "jāpadomā vēl")
    assert returned.problems["code"].to_list() == ["decision_not_understood"]
    [said] = returned.messages("lv")
    assert said == (
        f"lapa „Saraksts”, {row}. rinda, „jāpadomā vēl”: lēmums nav saprotams; der viens no vārdiem: apstiprināts, "
        "noraidīts, atlikts; teksts saglabāts piezīmē"
    )


def test_answers_that_cannot_be_are_named_and_left_out(workbook, catalogue, type_into):
    row = rows_of(workbook, QUESTIONS)["s:012"]
    typed = {(QUESTIONS, f"I{row}"): "900", (QUESTIONS, f"I{row + 1}"): "varbūt", (QUESTIONS, f"I{row + 2}"): "nezinu"}
    type_into(workbook, typed)
    returned = read_returned(workbook, catalogue=catalogue)
    assert returned.answers.empty
    assert returned.problems[["code", "row", "value"]].to_numpy().tolist() == [
        ["answer_out_of_range", row, "900"],
        ["answer_not_understood", row + 1, "varbūt"],
    ], '"nezinu" is an honest answer: unknown'
    assert all(len(returned.messages(lang)) == 2 for lang in ("lv", "en"))


def test_a_name_pasted_over_another_row_takes_its_decision_along(workbook, catalogue, type_into):
    row = rows_of(workbook, LIST)["s:004"]
    typed = {(LIST, f"B{row}"): "Paula Ķirse", (LIST, f"I{row}"): "apstiprināts"}
    type_into(workbook, typed)
    returned = read_returned(workbook, catalogue=catalogue)
    assert returned.decisions.set_index("pupil_id")["decision"].to_dict() == {
        "s:002": "dismissed",
        "s:006": "confirmed",
    }
    assert returned.problems["code"].to_list() == ["pupil_moved"]


def test_a_corrected_spelling_does_not_cut_a_pupil_off(workbook, catalogue, type_into):
    row = rows_of(workbook, LIST)["s:005"]
    type_into(workbook, {(LIST, f"B{row}"): "Ēriks Žagars-Ozols", (LIST, f"I{row}"): "apstiprināts"})
    returned = read_returned(workbook, catalogue=catalogue)
    assert returned.decisions.set_index("pupil_id").loc["s:005", "decision"] == "confirmed"
    assert returned.problems.empty


def test_a_decision_whose_pupil_cannot_be_told_is_named(workbook, catalogue, type_into):
    row = rows_of(workbook, LIST)["s:007"]
    typed = {(LIST, f"A{row}"): "", (LIST, f"B{row}"): "Cits Cilvēks", (LIST, f"I{row}"): "apstiprināts"}
    type_into(workbook, typed)
    returned = read_returned(workbook, catalogue=catalogue)
    assert "s:007" not in set(returned.decisions["pupil_id"])
    assert returned.problems[["code", "row", "value"]].to_numpy().tolist() == [["pupil_not_known", row, "apstiprināts"]]


def test_two_decisions_about_one_pupil_are_named_and_the_first_counts(workbook, catalogue, type_into):
    listed, signs = rows_of(workbook, LIST), rows_of(workbook, SIGNS)
    type_into(
        workbook,
        {(LIST, f"I{listed['s:001']}"): "apstiprināts", (SIGNS, f"G{signs['s:001']}"): "noraidīts"},
    )
    returned = read_returned(workbook, catalogue=catalogue)
    assert returned.decisions.set_index("pupil_id").loc["s:001", "decision"] == "confirmed"
    assert returned.problems["code"].to_list() == ["decisions_contradict"]


def test_sheets_in_another_order_say_the_same(filled, catalogue):
    """Sheets are moved within the workbook's own list of sheets, as dragging their tabs does."""
    with zipfile.ZipFile(filled) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    book = parts["xl/workbook.xml"].decode()
    inside = book[book.index("<sheets>") + 8 : book.index("</sheets>")]
    tabs = [tab + "/>" for tab in inside.split("/>") if tab]
    parts["xl/workbook.xml"] = book.replace(inside, "".join(reversed(tabs))).encode()
    with zipfile.ZipFile(filled, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    returned = read_returned(filled, catalogue=catalogue)
    assert set(returned.decisions["pupil_id"]) == {"s:000", "s:001", "s:002", "s:090"}
    assert len(returned.answers) == 3
    assert len(returned.added) == 2


def test_a_workbook_that_is_not_ours_is_refused_with_a_sentence(tmp_path, catalogue):
    import xlsxwriter

    path = tmp_path / "cits.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("Saraksts").write_string(0, 0, "apstiprināts")
    with pytest.raises(RecordsError, match=r"cits\.xlsx"):
        read_returned(path, catalogue=catalogue)


@pytest.mark.parametrize(
    ("typed", "decision", "note"),
    [
        ("apstiprināts", "confirmed", ""),
        ("  APSTIPRINĀTS ", "confirmed", ""),
        ("apstiprinu", "confirmed", ""),
        ("noraidīts: pārcēlies uz Rīgu", "dismissed", "pārcēlies uz Rīgu"),
        ("noraidīts – jau ir plāns", "dismissed", "jau ir plāns"),
        ("atlikt", "deferred", ""),
        ("added", "added", ""),
        ("nē", "dismissed", ""),
        ("no", "dismissed", ""),
        ("no 1. marta mācās citur", "", "no 1. marta mācās citur"),
        ("ja vecāki piekritīs", "", "ja vecāki piekritīs"),
        ("apstiprinātsais", "", "apstiprinātsais"),
        ("?", "", "?"),
    ],
)
def test_decisions_are_understood_as_people_write_them(typed, decision, note):
    assert read_decision(typed) == (decision, note)


@pytest.fixture
def asked(later_workbook, type_into):
    """The next semester's workbook, with what became of two pupils typed in."""
    rows = rows_of(later_workbook, MISSING)
    type_into(
        later_workbook,
        {
            (MISSING, f"E{rows['s:040']}"): "pārtrauca mācības – strādā",
            (MISSING, f"F{rows['s:040']}"): "3.2.2027.",
            (MISSING, f"G{rows['s:040']}"): "Māte zina.",
            (MISSING, f"E{rows['s:042']}"): "Mācās citā skolā",
        },
    )
    return later_workbook


def told(returned):
    return returned.outcomes.set_index("pupil_id")[["outcome", "date", "note"]].T.to_dict("list")


def test_what_became_of_missing_pupils_comes_back(asked, catalogue):
    returned = read_returned(asked, catalogue=catalogue)
    assert told(returned) == {
        "s:040": ["dropped_out", "2027-02-03", "strādā; Māte zina."],
        "s:041": ["graduated", "2026-06-12", "Saņemts atestāts."],
        "s:042": ["", "", "Mācās citā skolā"],
    }
    assert set(returned.outcomes["sheet"]) == {MISSING}
    [problem] = returned.problems.itertuples()
    assert problem.code == "outcome_not_understood"
    [said] = returned.messages("lv")
    assert "der: pārtrauca mācības, pabeidza izglītības programmu" in said


@pytest.mark.parametrize("lang", ["lv", "en"])
def test_every_outcome_that_the_list_offers_is_understood(lang):
    for kind in OUTCOMES:
        assert read_outcome(text(f"workbook.outcome.{kind}", lang), outcome_words()) == (kind, "")


@pytest.mark.parametrize(
    ("typed", "outcome", "note"),
    [
        ("PĀRTRAUCA MĀCĪBAS", "dropped_out", ""),
        ("dropped_out", "dropped_out", ""),
        ("atskaitīta", "dropped_out", ""),
        ("turpina mācīties šeit (datos trūkst)", "still_enrolled", ""),
        ("mācās citā izglītības iestādē – Rīgā, 5. vidusskolā", "transferred", "Rīgā, 5. vidusskolā"),
        ("izbrauca no valsts: uz Īriju", "emigrated", "uz Īriju"),
        ("\u200fnomira\u200f", "died", ""),
        ("nezinu", "", "nezinu"),
        ("=1+1", "", "=1+1"),
    ],
)
def test_outcomes_are_understood_as_people_write_them(typed, outcome, note):
    assert read_outcome(typed, outcome_words()) == (outcome, note)


def test_a_date_that_is_not_understood_is_kept_as_a_note_and_named(asked, catalogue, type_into):
    type_into(asked, {(MISSING, f"F{rows_of(asked, MISSING)['s:040']}"): "kaut kad ziemā"})
    returned = read_returned(asked, catalogue=catalogue)
    assert told(returned)["s:040"] == ["dropped_out", "", "strādā; Māte zina.; kaut kad ziemā"]
    assert "outcome_date_not_understood" in set(returned.problems["code"])


def test_dismissed_pupils_can_be_decided_on_anew(later_workbook, catalogue, type_into):
    row = rows_of(later_workbook, SET_ASIDE)["s:030"]
    type_into(later_workbook, {(SET_ASIDE, f"H{row}"): "apstiprināts – tagad vajag"})
    decided = read_returned(later_workbook, catalogue=catalogue).decisions.set_index("pupil_id")
    assert decided.loc["s:030", ["decision", "note"]].tolist() == ["confirmed", "tagad vajag"]
    assert decided.loc["s:031", ["decision", "note"]].tolist() == ["dismissed", "mācās citur"]


def test_a_decision_about_a_pupil_who_left_is_kept_and_named(later_workbook, catalogue, type_into):
    rows, listed = rows_of(later_workbook, MISSING), rows_of(later_workbook, LIST)
    row = listed["s:005"]
    typed = {
        (LIST, f"A{row}"): "s:040", (LIST, f"B{row}"): "Zigfrīds Zars", (LIST, f"C{row}"): "9.b",
        (LIST, f"I{row}"): "apstiprināts", (MISSING, f"E{rows['s:040']}"): "nomira",
    }  # fmt: skip
    type_into(later_workbook, typed)
    returned = read_returned(later_workbook, catalogue=catalogue)
    assert told(returned)["s:040"][0] == "died"
    assert returned.decisions.set_index("pupil_id").loc["s:040", "decision"] == "confirmed"
    assert returned.problems["code"].tolist() == ["decided_about_gone"]
    assert returned.messages("lv") == [
        f"lapa „Nav klašu sarakstā”, {rows['s:040']}. rinda, „nomira”: par to pašu cilvēku lapā „Saraksts”, {row}. rindā, ir "
        "lēmums „apstiprināts”; saglabāts abējais, pārbaudiet, kas ir pareizi"
    ]
    assert '"confirmed" about the same person' in returned.messages("en")[0]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_in_any_cell_comes_back_as_text(later_workbook, catalogue, type_into, hostile):
    listed, asked, missing = (rows_of(later_workbook, sheet) for sheet in (LIST, QUESTIONS, MISSING))
    room = listed["pumpurs_risk:added"] + 3
    type_into(
        later_workbook,
        {
            (LIST, f"I{listed['s:003']}"): hostile,
            (LIST, f"I{listed['s:004']}"): f"apstiprināts – {hostile}",
            (QUESTIONS, f"I{asked['s:012']}"): hostile,
            (MISSING, f"E{missing['s:040']}"): hostile,
            (MISSING, f"F{missing['s:040']}"): hostile,
            (MISSING, f"G{missing['s:040']}"): hostile,
            (MISSING, f"G{missing['s:042']}"): hostile,
            **{(LIST, f"{column}{room}"): hostile for column in "BCD"},
        },
    )
    returned = read_returned(later_workbook, catalogue=catalogue)
    tidy = " ".join(hostile.split())
    notes = returned.decisions.set_index("pupil_id")["note"]
    assert notes["s:003"] == tidy
    assert notes["s:004"].strip("- –.") == tidy.strip("- –.")
    assert told(returned)["s:040"] == ["", "", "; ".join([tidy, hostile.strip(), hostile.strip()])]
    assert told(returned)["s:042"] == ["", "", hostile.strip()]
    assert returned.added[["shown", "class_id", "why"]].iloc[1].tolist() == [hostile.strip()] * 3
    assert returned.answers.empty
    assert {"decision_not_understood", "outcome_not_understood", "answer_not_understood"} <= set(
        returned.problems["code"]
    )
    assert all(returned.messages(lang) for lang in ("lv", "en"))


@pytest.mark.parametrize("ending", ["ods", "xls"])
def test_outcomes_saved_by_another_program_say_the_same(asked, catalogue, tmp_path, needs_program, ending):
    soffice = needs_program("soffice")
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    out = tmp_path / "saved"
    command = [soffice, profile, "--headless", "--convert-to", ending, "--outdir", str(out), str(asked)]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    before, after = (read_returned(path, catalogue=catalogue) for path in (asked, out / f"saraksts_2.{ending}"))
    assert told(before) == told(after)
    assert before.decisions["decision"].tolist() == after.decisions["decision"].tolist()


def test_outcomes_in_an_english_list_are_read(later_paper, tmp_path, catalogue, type_into):
    path = tmp_path / "list.xlsx"
    write_support_staff_workbook(path, later_paper("en"))
    row = rows_of(path, "Not on the rosters")["s:040"]
    type_into(
        path, {("Not on the rosters", f"E{row}"): "Left the country", ("Not on the rosters", f"F{row}"): "2027-02-03"}
    )
    assert told(read_returned(path, catalogue=catalogue))["s:040"] == ["emigrated", "2027-02-03", ""]


def test_a_workbook_of_the_first_version_is_still_read(example_paper, tmp_path, catalogue, type_into, monkeypatch):
    monkeypatch.setattr("pumpurs_risk.reports.xlsx.FORMAT_VERSION", 1)
    path = tmp_path / "old.xlsx"
    write_support_staff_workbook(path, example_paper())
    type_into(path, {(LIST, f"I{rows_of(path, LIST)['s:000']}"): "apstiprināts"})
    returned = read_returned(path, catalogue=catalogue)
    assert returned.decisions.set_index("pupil_id")["decision"].to_dict() == {
        "s:000": "confirmed",
        "s:002": "dismissed",
    }
    assert returned.outcomes.empty


def test_a_workbook_of_a_later_version_is_refused_with_a_sentence(example_paper, tmp_path, catalogue, monkeypatch):
    monkeypatch.setattr("pumpurs_risk.reports.xlsx.FORMAT_VERSION", 99)
    path = tmp_path / "later.xlsx"
    write_support_staff_workbook(path, example_paper())
    with pytest.raises(RecordsError, match="newer version"):
        read_returned(path, catalogue=catalogue)
