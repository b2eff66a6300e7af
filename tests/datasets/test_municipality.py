"""What write_municipality() promises: files that schools could have written, read back, plainly made up."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path

import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from pumpurs_risk.datasets import write_municipality, write_semesters
from pumpurs_risk.errors import RecordsError
from pumpurs_risk.records import SchoolRecords, read_records

AS_OF = "2027-01-15"


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


@pytest.fixture(scope="module")
def read(folder: Path) -> SchoolRecords:
    return read_records(folder, as_of=AS_OF)


@pytest.fixture(scope="module")
def read_clean(clean: Path) -> SchoolRecords:
    return read_records(clean, as_of=AS_OF)


def cells(path: Path) -> str:
    if path.suffix == ".parquet":
        return str(pq.read_schema(path).metadata[b"note"], "utf-8")
    if path.suffix != ".xlsx":
        return path.read_bytes().decode("cp1257" if path.suffix == ".csv" else "utf-8")
    book = CalamineWorkbook.from_path(path)
    return "\n".join(str(row) for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python()[:200])


def test_every_file_says_that_it_is_made_up(folder: Path, clean: Path) -> None:
    for where, words in ((folder, ("izdomāt", "made-up data")), (clean, ("made-up data",))):
        files = [path for path in where.rglob("*") if path.is_file()]
        assert len(files) >= 8
        for path in files:
            assert any(word in cells(path).casefold() for word in words), path.name


def test_seven_schools_hand_in_and_an_eighth_is_waited_for(folder: Path) -> None:
    settings = tomllib.loads((folder / "pumpurs.toml").read_text(encoding="utf-8"))
    assert str(settings["as_of"]) == AS_OF
    assert settings["semester"] == "2026/2027-1"
    expected = {school["folder"] for school in settings["schools"].values()}
    handed_in = {path.name for path in folder.iterdir() if path.is_dir()}
    assert len(handed_in) == 7
    assert len(expected - handed_in) == 1
    assert handed_in < expected
    assert all(school["places"] > 0 and school["title"] for school in settings["schools"].values())


def test_four_schools_fill_in_sheets_and_three_hand_in_their_journals(read_clean: SchoolRecords) -> None:
    counts = read_clean.report.counts
    by_table = counts.groupby("school_id")["table"].agg(set)
    sheets = by_table.map(lambda tables: tables == {"sheet"})
    assert sheets.sum() == 4
    assert by_table[~sheets].map(lambda tables: {"pupils", "absences", "marks", "outcomes"} <= tables).all()
    endings = {Path(file).suffix for file in counts.loc[counts["table"] == "marks", "file"]}
    assert endings == {".csv", ".xlsx", ".parquet"}


def test_without_mistakes_everything_is_read_and_nothing_set_aside(read_clean: SchoolRecords, clean: Path) -> None:
    assert read_clean.report.ok, str(read_clean.report)
    assert len(read_clean.school_ids) == 7
    counts = read_clean.report.counts
    assert (counts["rows_in"] == counts["used"]).all()
    assert 500 < len(read_clean.sheet) < 700
    roll = read_clean.pupils.filter(pc.equal(read_clean.pupils["semester"], "2026/2027-2"))
    assert 850 < len(roll) < 1050
    assert len(list(clean.iterdir())) == 8


def test_the_sheet_counts_what_the_journal_would(folder: Path, read: SchoolRecords) -> None:
    sheet = read.sheet
    assert (sheet["lessons_missed"] <= sheet["lessons_held"]).sum() > 500
    assert 0.02 < (sheet["lessons_missed"] / sheet["lessons_held"]).mean() < 0.10
    assert 5.5 < sheet["mean_mark"].mean() < 7.5
    assert 0 < (sheet["unexcused_raw"] > 20).mean() < 0.03


def test_mistakes_are_named_and_cost_few_rows(read: SchoolRecords) -> None:
    problems, counts = read.report.problems, read.report.counts
    assert not read.report.ok
    assert len(problems) < 50
    values = set(problems["value"])
    assert {"11", "12", "5400", "1911", "-2", "-3", "31.02.2026.", "2035/2036-1", "kaut kur", "7"} <= values
    assert problems["value"].str.contains("2031-09-01").any()
    assert not problems["value"].isin(["7,5", "6.4", "7/10", "7 8(p.d.) nv"]).any()  # read as they are meant
    assert (counts["rows_in"] == counts["used"] + counts["not_used"] + counts["rejected"]).all()
    assert counts["rejected"].sum() == 3  # two 31 February, one semester that nobody defined
    assert (problems["severity"] == "notice").any()  # the column that nobody knows


def test_marks_are_written_as_journals_write_them(folder: Path, read: SchoolRecords) -> None:
    [path] = folder.rglob("vertejumi.csv")
    written = path.read_bytes().decode("cp1257")
    for sign in ("(p.d.)", "|", ";nv;", "%"):
        assert sign in written
    lines = [line.split(";") for line in written.splitlines()[1:]]
    at = lines[0].index("Vērtējums")
    assert any(" " in line[at] for line in lines[1:] if "(p.d.)" in line[at])
    marks = read.marks
    assert pc.sum(pc.equal(marks["kind"], "test")).as_py() > 1000
    assert pc.sum(pc.is_valid(marks["corrected_mark"])).as_py() > 100


def test_one_school_has_english_headings_and_some_excel_csv(folder: Path) -> None:
    found = list(folder.rglob("*.csv"))
    assert len(found) > 5
    for path in found:
        lines = path.read_bytes().decode("cp1257").splitlines()
        assert "Izdomāti dati" in lines[0]
        assert lines[1].count(";") >= 3
    headings = {cells(path).find("Lessons missed") >= 0 for path in folder.rglob("*.xlsx")}
    assert headings == {True, False}


def test_the_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    again = write_municipality(tmp_path / "again")
    for path in again:
        assert path.read_bytes() == (folder / path.relative_to(tmp_path / "again")).read_bytes(), path.name


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "pumpurs.toml").write_text("mine = 1\n", encoding="utf-8")
    with pytest.raises(RecordsError):
        write_municipality(tmp_path)
    assert (tmp_path / "pumpurs.toml").read_text(encoding="utf-8") == "mine = 1\n"
    assert list(tmp_path.iterdir()) == [tmp_path / "pumpurs.toml"]


def test_two_lists_in_a_row_are_about_the_same_pupils(tmp_path: Path) -> None:
    (autumn, september), (winter, january) = write_semesters(tmp_path, mistakes=False)
    assert (september, january) == (dt.date(2026, 9, 15), dt.date(2027, 1, 15))
    first, second = (read_records(path, as_of=day) for path, day in ((autumn, september), (winter, january)))
    assert first.report.ok and second.report.ok, f"{first.report}\n{second.report}"
    before, after = set(first.sheet["pupil_id"]), set(second.sheet["pupil_id"])
    shared = tomllib.loads((autumn / "pumpurs.toml").read_text(encoding="utf-8"))["key"]
    assert (autumn / shared).resolve() == (winter / shared).resolve()
    with_ids = {pupil for pupil in before if ":P" in pupil}
    assert with_ids
    assert len(with_ids & after) / len(with_ids) > 0.95
    gone = second.outcomes.filter(pc.equal(second.outcomes["outcome"], "dropped_out"))
    assert len(gone) > len(first.outcomes.filter(pc.equal(first.outcomes["outcome"], "dropped_out")))
    assert pc.max(first.marks["date"]).as_py() < september
    assert pc.max(second.marks["date"]).as_py() < january
    new = first.sheet[first.sheet["enrolled_from"] >= "2026-09-01"]  # nothing is known of them yet
    assert len(new) > 0
    assert new[["mean_mark", "lessons_held"]].isna().all().all()
    assert "2025/2026-2" in set(first.sheet["semester"]) <= {"2025/2026-2", ""}
    kept = ["pupil_id", "subject", "date", "kind"]  # what was handed in earlier is still there later
    early, late = (
        pd.concat(pd.read_parquet(p)[kept] for p in where.rglob("marks.parquet")) for where in (autumn, winter)
    )
    assert len(early.merge(late.drop_duplicates(), on=kept)) == len(early)


@pytest.mark.parametrize("n", [0, 9])
def test_no_lists_and_too_many_are_refused(tmp_path: Path, n: int) -> None:
    with pytest.raises(ValueError, match=r"1 to 5"):
        write_semesters(tmp_path, n)
