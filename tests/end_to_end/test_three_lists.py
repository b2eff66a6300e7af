"""A school that has nothing but its sheets: three lists, what became of those who left typed in, a model learned from it."""

import shutil

import pandas as pd
import pytest
import xlsxwriter

import pumpurs_risk as pr
from pumpurs_risk.batch.past import read_past
from pumpurs_risk.records.workbook.reader import read_workbook

HEADINGS = [
    "Vārds, uzvārds", "Klase", "Dzimšanas gads", "Notikušās stundas", "Kavētās stundas", "Neattaisnoti kavētās stundas",
    "Vidējais vērtējums", "Priekšmeti ar vērtējumu zem 4", "Atkārtoti tajā pašā klasē", "Skolotāja bažas",
]  # fmt: skip
FIRST = ["Anna", "Bruno", "Cēzars", "Dace", "Elza", "Fēlikss", "Ģirts", "Helēna", "Ivars", "Jānis"]
LAST = ["Āboliņš", "Bērziņa", "Čakstiņš", "Dreimane", "Eglītis", "Freimane", "Grīnbergs", "Holste"]
PUPILS = 80
LEFT = {0: "pārtrauca mācības", 7: "pārtrauca mācības", 14: "pārtrauca mācības", 21: "pārtrauca mācības – strādā",
        3: "mācās citā izglītības iestādē", 79: "pabeidza izglītības programmu"}  # fmt: skip
MISSING = "Nav klašu sarakstā"


def pupil(i):
    low = i % 7 == 0
    level = 12 if i == 79 else 7 + i % 3
    return [
        f"{FIRST[i % 10]} {LAST[i // 10]}", f"{level}.a", 2026 - 6 - level, 480, 150 if low else 10 + i % 30,
        25 if low else i % 4, 4.2 if low else 6.5 + (i % 5) / 2, 3 if low else 0, "nē", "lielas" if low else "",
    ]  # fmt: skip


@pytest.fixture
def school(tmp_path):
    folder = tmp_path / "skola"
    folder.mkdir()

    def hand_in(without=()):
        with xlsxwriter.Workbook(folder / "skoleni.xlsx") as book:
            page = book.add_worksheet("Skolēni")
            page.write_row(0, 0, HEADINGS)
            for row, i in enumerate((i for i in range(PUPILS) if i not in without), start=1):
                page.write_row(row, 0, pupil(i))
        return folder / "skoleni.xlsx"

    return hand_in


def list_of(folder):
    return next(folder.glob("schools/*/support_staff/*.xlsx"))


def asked_about(book):
    """Row of each missing pupil's name on the sheet that asks about them."""
    sheet = next((s for s in read_workbook(book) if s.name == MISSING), None)
    if sheet is None:
        return {}
    rows, named = sheet.top(len(sheet.rows)), {}
    start = next(i for i, row in enumerate(rows) if row[0] == "pumpurs_risk:missing")
    for number, row in zip(sheet.rows[start + 2 :], rows[start + 2 :], strict=True):
        if row[0]:
            named[row[1]] = int(number)
    return named


@pytest.fixture
def lists(run, school, type_into):
    """Three lists; on the second one it is asked who left, and somebody answers in the copy that came back."""
    source = school()
    assert run(source, "--as-of", "2026-01-19").code == 0
    school(without=LEFT)
    assert run(source, "--as-of", "2026-09-15").code == 0
    folders = [source.parent / f"skoleni_{day}" for day in ("2026-01-19", "2026-09-15", "2027-02-15")]
    copy = source.parent / "mail" / "atbilde.xlsx"
    copy.parent.mkdir()
    shutil.copy(list_of(folders[1]), copy)
    rows = asked_about(copy)
    assert set(rows) == {pupil(i)[0] for i in LEFT}
    typed = {(MISSING, f"E{rows[pupil(i)[0]]}"): told for i, told in LEFT.items()}
    type_into(copy, typed | {(MISSING, f"F{rows[pupil(0)[0]]}"): "02.03.2026."})
    said = run("collect", folders[1], copy)
    assert said.code == 0, said
    assert run(source, "--as-of", "2027-02-15").code == 0
    return folders


def test_missing_pupils_are_asked_about_and_what_became_of_them_is_carried_on(lists):
    second, third = (pr.open_run(folder) for folder in lists[1:])
    assert len(second.missing) == len(LEFT)
    assert sorted(third.outcomes["outcome"]) == ["dropped_out"] * 4 + ["graduated", "transferred"]
    dates = third.outcomes.set_index("outcome")["date"]
    assert sorted(dates["dropped_out"]) == ["", "", "", "2026-03-02"]
    assert set(third.outcomes["as_of"]) == {"2026-09-15"}


def test_a_school_on_sheets_learns_from_its_own_lists(run, lists, tmp_path):
    past = read_past(lists)
    stages = past.outcomes.set_index("outcome")["stage"]
    assert stages["graduated"] == "secondary"
    X, y, _, _ = past.stacked("1y")
    labels = pd.Series(y.to_numpy()[(X["as_of"] == "2026-01-19").to_numpy()])
    assert (labels == 1).sum() == 4
    assert (
        labels == 0
    ).sum() == PUPILS - 5  # everybody else but the one at another school; who graduated stayed till then
    said = run("train", *lists, "--out", tmp_path / "models" / "skola", "--horizon", "1y", "--lang", "en")
    assert said.code in (0, 1), said
    assert (tmp_path / "models" / "skola" / "model.json").is_file()


def test_lists_without_a_word_about_those_who_left_teach_nothing(run, school, tmp_path):
    source = school()
    assert run(source, "--as-of", "2026-01-19").code == 0
    school(without=LEFT)
    assert run(source, "--as-of", "2027-02-15").code == 0
    folders = [source.parent / f"skoleni_{day}" for day in ("2026-01-19", "2027-02-15")]
    said = run("train", *folders, "--out", tmp_path / "models" / "skola")
    assert said.code == 2
    assert "Not on the rosters" in said.err


def test_two_copies_that_disagree_teach_nothing_about_that_pupil_and_are_named(run, lists, type_into, tmp_path):
    own = list_of(lists[1])
    rows = asked_about(own)
    type_into(own, {(MISSING, f"E{rows[pupil(7)[0]]}"): "izbrauca no valsts"})
    past = read_past(lists)
    assert len(past.outcomes) == len(LEFT) - 1
    assert not past.all_well
    assert any("Until the school has agreed" in line for line in past.messages("en"))
