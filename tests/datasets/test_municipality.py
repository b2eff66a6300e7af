"""What write_municipality() promises: files that schools could have written, read back, plainly made up."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from pumpurs_risk.datasets import write_municipality
from pumpurs_risk.errors import RecordsError
from pumpurs_risk.records import read_records


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("municipality")
    write_municipality(folder)
    return folder


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clean") / "below" / "that"
    write_municipality(folder, mistakes=False, lang="en", random_state=3)
    return folder


def cells(path: Path) -> str:
    if path.suffix != ".xlsx":
        return path.read_bytes().decode("cp1257" if path.suffix == ".csv" else "utf-8")
    book = CalamineWorkbook.from_path(path)
    return "\n".join(str(row) for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python())


def test_every_file_says_that_it_is_made_up(folder: Path, clean: Path) -> None:
    for where, words in ((folder, ("izdomāt", "made-up data")), (clean, ("made-up data",))):
        files = [path for path in where.rglob("*") if path.is_file()]
        assert len(files) >= 8
        for path in files:
            assert any(word in cells(path).casefold() for word in words), path.name


def test_seven_schools_hand_in_and_an_eighth_is_waited_for(folder: Path) -> None:
    settings = tomllib.loads((folder / "pumpurs.toml").read_text(encoding="utf-8"))
    assert str(settings["as_of"]) == "2027-01-15"
    assert settings["semester"] == "2026/2027-1"
    expected = {school["folder"] for school in settings["schools"].values()}
    handed_in = {path.name for path in folder.iterdir() if path.is_dir()}
    assert len(handed_in) == 7
    assert len(expected - handed_in) == 1
    assert handed_in < expected
    assert all(school["places"] > 0 and school["title"] for school in settings["schools"].values())


def test_without_mistakes_everything_is_read_and_nothing_set_aside(clean: Path) -> None:
    records = read_records(clean)
    assert records.report.ok, str(records.report)
    assert len(records.sheet) == 1500
    assert records.sheet["school_id"].nunique() == 7
    assert records.sheet["level"].notna().all()
    assert set(records.sheet["programme"]) == {"general", "evening", "vocational"}
    assert len(list(clean.iterdir())) == 8


def test_what_is_read_back_is_what_was_written(clean: Path) -> None:
    from pumpurs_risk.datasets import make_cohort

    made, read = make_cohort(random_state=3).sheet, read_records(clean).sheet
    for column in (
        "lessons_missed",
        "unexcused_raw",
        "mean_mark",
        "failing_subjects",
        "repeated_level",
        "teacher_concern",
        "birth_year",
    ):
        for school, pupils in made.groupby("school_id"):
            back = read.loc[read["school_id"] == school, column]
            assert sorted(back.dropna()) == pytest.approx(sorted(pupils[column].dropna())), (school, column)
            assert back.isna().sum() == pupils[column].isna().sum()


def test_mistakes_are_named_and_cost_no_pupil(folder: Path) -> None:
    records = read_records(folder)
    problems = records.report.problems
    assert not records.report.ok
    assert len(problems) < 40
    values = set(problems["value"])
    assert {"11", "5400", "1911", "-2"} <= values
    assert problems["value"].str.contains("2027-09-01").any()
    assert not problems["value"].isin(["7,5", "6.4"]).any()  # read as they are meant
    assert len(records.sheet) == 1500
    assert (problems["severity"] == "notice").any()  # the column that nobody knows


def test_one_school_has_english_headings_and_one_excel_csv(folder: Path) -> None:
    [csv] = folder.rglob("*.csv")
    text = csv.read_bytes().decode("cp1257")
    assert text.splitlines()[1].count(";") == 13
    assert "\r\n" in text
    headings = {cells(path).find("Lessons missed") >= 0 for path in folder.rglob("*.xlsx")}
    assert headings == {True, False}


def test_the_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    again = write_municipality(tmp_path / "again")
    for path in again:
        assert path.read_bytes() == (folder / path.relative_to(tmp_path / "again")).read_bytes(), path.name
    other = write_municipality(tmp_path / "other", random_state=1)
    assert {path.name for path in other if path.suffix == ".xlsx"}
    assert other[1].read_bytes() != again[1].read_bytes()


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "pumpurs.toml").write_text("mine = 1\n", encoding="utf-8")
    with pytest.raises(RecordsError):
        write_municipality(tmp_path)
    assert (tmp_path / "pumpurs.toml").read_text(encoding="utf-8") == "mine = 1\n"
    assert list(tmp_path.iterdir()) == [tmp_path / "pumpurs.toml"]
