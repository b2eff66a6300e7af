"""The shipped mappings on files as journals write them: windows-1257, semicolons, decimal commas, several marks in a cell."""

import datetime as dt
import tomllib
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
import xlsxwriter

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.errors import MappingError
from pumpurs_risk.records.mapping.mapping import Mapping, shipped_mappings
from pumpurs_risk.records.reading.discovery import read_raw
from pumpurs_risk.records.tables.contract import table_contracts
from pumpurs_risk.records.validation.report import ProblemLog

CONTRACTS = table_contracts(Catalogue.load())


def made(name, tmp_path, file, text, *lines, encoding="cp1257", log=None, sheet=""):
    """What a shipped mapping makes of one file: {table: list of rows}, each row its known cells."""
    mapping = Mapping.load(name)
    path = tmp_path / file
    path.write_bytes(text.replace("\n", "\r\n").encode(encoding))
    [raw] = read_raw(path, heading_known=mapping.asks_for)
    raw = replace(raw, above=lines, sheet=sheet)
    found = {}
    for table in mapping.apply_all(raw, log):
        columns = {target: cells.to_pylist() for target, cells in table.columns.items()}
        rows = [
            {target: cell for target, cell in zip(columns, cells, strict=True) if cell is not None}
            for cells in zip(*columns.values(), strict=True)
        ]
        found.setdefault(table.table, []).extend(rows)
    return found


def notices(name, tmp_path, file, text, *lines):
    mapping = Mapping.load(name)
    path = tmp_path / file
    path.write_text(text, "utf-8")
    [raw] = read_raw(path, heading_known=mapping.asks_for)
    return {notice.code for table in mapping.apply_all(replace(raw, above=lines)) for notice in table.notices}


JOURNAL = """Nr.;Skolēns;05.10.;05.10.;06.10. PD;12.01.;Vid.
1;Ozola, Anna;n;7 8;6(p.d.);4|7;6,5
2;Bērziņš, Jānis;;ns;n;nv 85%;
"""
YEAR = ("2026./2027. m. g.",)


@pytest.mark.parametrize("name", shipped_mappings())
def test_a_shipped_mapping_says_that_it_is_unconfirmed_in_its_header_and_in_its_report(name):
    text = (Path(Mapping.load.__func__.__code__.co_filename).parent / "shipped" / f"{name}.toml").read_text("utf-8")
    assert "NOT CONFIRMED BY THE VENDOR" in text.split("\n\n")[0]
    assert tomllib.loads(text)["notices"] == ["unconfirmed"]
    assert all(section.table in CONTRACTS for section in Mapping.load(name).sections)


def test_a_shipped_mapping_is_found_by_name_unless_a_file_is_called_so(tmp_path, monkeypatch):
    assert Mapping.load("e-klase").makes_tables
    monkeypatch.chdir(tmp_path)
    Path("e-klase").write_text('[columns]\npupil_id = "No"', "utf-8")
    assert not Mapping.load("e-klase").makes_tables


def test_a_mapping_that_is_not_there_names_the_shipped_ones():
    with pytest.raises(MappingError) as caught:
        Mapping.load("eklase")
    for lang in ("lv", "en"):
        assert "e-klase, mykoob" in caught.value.message(lang)


def test_a_wide_journal_melts_into_absences_and_marks_with_the_day_of_the_heading(tmp_path):
    found = made("e-klase", tmp_path, "9a_zurnals.csv", JOURNAL, YEAR, ("Priekšmets: Matemātika",))
    assert found["absences"] == [
        {"name": "Ozola, Anna", "date": "2026-10-05", "status": "n", "subject": "Matemātika", "lesson": "Matemātika 1"},
        {
            "name": "Bērziņš, Jānis", "date": "2026-10-05", "status": "ns", "subject": "Matemātika",
            "lesson": "Matemātika 2",
        },
    ]  # fmt: skip
    assert [(row["name"], row["date"], row["mark"], row.get("kind")) for row in found["marks"]] == [
        ("Ozola, Anna", "2026-10-05", "7", None),
        ("Ozola, Anna", "2026-10-05", "8", None),
        ("Ozola, Anna", "2027-01-12", "4|7", None),
        ("Bērziņš, Jānis", "2027-01-12", "nv", None),
        ("Bērziņš, Jānis", "2027-01-12", "85%", None),
        ("Ozola, Anna", "2026-10-06", "6(p.d.)", "test"),
        ("Bērziņš, Jānis", "2026-10-06", "n", "test"),
    ]
    assert {row["subject"] for row in found["marks"]} == {"Matemātika"}


def test_n_in_a_column_of_marks_never_becomes_an_absence(tmp_path):
    found = made("e-klase", tmp_path, "9a vērtējumi.csv", JOURNAL, YEAR, encoding="utf-8-sig")
    assert set(found) == {"marks"}
    assert [row["mark"] for row in found["marks"]].count("n") == 2
    found = made("e-klase", tmp_path, "9a zurnals.csv", JOURNAL, YEAR)
    assert ("2026-10-06", "n") not in [(row["date"], row["status"]) for row in found["absences"]]


def test_the_absence_report_counts_every_lesson_of_a_day(tmp_path):
    text = "Uzvārds, vārds;Klase;05.10.2026.;06.10.2026.\nOzola, Anna;9.a;n n ns;\nLiepa, Ēriks;9.a;;n\n"
    found = made("e-klase", tmp_path, "Kavējumi 9a.csv", text)
    assert set(found) == {"absences"}
    rows = [(row["name"], row["date"], row["lesson"], row["status"]) for row in found["absences"]]
    assert rows == [
        ("Ozola, Anna", "2026-10-05", "1", "n"),
        ("Ozola, Anna", "2026-10-05", "2", "n"),
        ("Ozola, Anna", "2026-10-05", "3", "ns"),
        ("Liepa, Ēriks", "2026-10-06", "1", "n"),
    ]


def test_the_name_of_the_sheet_is_the_subject_where_no_line_says_it(tmp_path):
    found = made("e-klase", tmp_path, "zurnals 2026-2027.csv", JOURNAL, sheet="Fizika")
    assert {row["subject"] for row in found["marks"]} == {"Fizika"}
    assert found["absences"][0]["lesson"] == "Fizika 1"


IZRAKSTS = """Priekšmets;1. sem.;2. sem.;Gads;Vid.
Matemātika;7 8(p.d.) nv;6;;7,0
Fizika;4|7;n;7;5,5
Kavētās stundas;12;3;15;
"""


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("izraksts.csv", ("Skolēns:", "Anna Ozola")),
        ("Sekmju_izraksts_Anna_Ozola.csv", ()),
        ("Sekmju izraksts 2026-2027 Anna Ozola.csv", ()),
    ],
)
def test_a_report_of_one_pupil_gives_marks_by_period_and_the_sum_of_lessons_missed(tmp_path, file, line):
    found = made("e-klase", tmp_path, file, IZRAKSTS, YEAR, line)
    assert {row["name"] for rows in found.values() for row in rows} == {"Anna Ozola"}
    assert [(row["subject"], row["mark"], row["kind"], row.get("semester"), row["date"]) for row in found["marks"]] == [
        ("Matemātika", "7", "daily", "2026/2027-1", "2026-12-18"),
        ("Matemātika", "8(p.d.)", "daily", "2026/2027-1", "2026-12-18"),
        ("Matemātika", "nv", "daily", "2026/2027-1", "2026-12-18"),
        ("Matemātika", "6", "semester", "2026/2027-2", "2027-05-31"),
        ("Fizika", "4|7", "semester", "2026/2027-1", "2026-12-18"),
        ("Fizika", "n", "semester", "2026/2027-2", "2027-05-31"),
        ("Fizika", "7", "year", None, "2027-05-31"),
    ]
    assert [(row["lessons_missed"], row["date"], row["status"]) for row in found["absences"]] == [
        ("12", "2026-12-18", "excused_other"),
        ("3", "2027-05-31", "excused_other"),
    ]


def test_the_report_says_what_a_mapping_had_to_take(tmp_path):
    said = notices("e-klase", tmp_path, "izraksts.csv", IZRAKSTS, YEAR, ("Skolēns:", "Anna Ozola"))
    assert {"mapping.unconfirmed", "mapping.excuse_not_told", "mapping.dated_by_period"} <= said


SUMS = """Skolēns;Priekšmets;Mēnesis;Notikušās stundas;Neattaisnoti kavētas;Attaisnoti kavētas;Nokavētas;Aizgājis ātrāk
Anna Ozola;Matemātika;oktobris;16;2;3;2;0
Anna Ozola;Fizika;11.2026;12;0;0;0;1
"""


def test_sums_per_subject_give_the_lessons_attended_and_every_kind_of_absence(tmp_path):
    found = made("mykoob", tmp_path, "kavejumi.csv", SUMS, YEAR)["absences"]
    held = [(row["subject"], row["date"], row["lessons_held"]) for row in found if row["status"] == "present"]
    assert held == [("Matemātika", "2026-10-31", 11.0), ("Fizika", "2026-11-30", 12.0)]
    missed = [(row["status"], row["lessons_missed"]) for row in found if row["status"] == "absent_open"]
    assert missed == [("absent_open", "2")]
    excused = [row for row in found if row["status"] == "excused_other"]
    assert [(row["lessons_missed"], row["excused_on"]) for row in excused] == [("3", "2026-10-31")]
    assert {row["lessons_held"] for row in found if row["status"] in ("late", "left_early")} == {0.0}
    events = [(row["status"], row["lesson"]) for row in found if row["status"] in ("late", "left_early")]
    assert events == [
        ("late", "Matemātika Nokavētas 1"),
        ("late", "Matemātika Nokavētas 2"),
        ("left_early", "Fizika Aizgājis ātrāk 1"),
    ]


def test_a_sum_of_a_running_month_is_of_the_day_before_the_data(tmp_path):
    mapping = Mapping.load("mykoob")
    path = tmp_path / "kavejumi.csv"
    path.write_text(SUMS, "utf-8")
    [raw] = read_raw(path, heading_known=mapping.asks_for)
    raw = replace(raw, above=(YEAR,), cover={"as_of": "20.11.2026."})
    tables = mapping.apply_all(raw)
    assert tables[0].columns["date"].to_pylist() == ["2026-10-31", "2026-11-19"]


def test_marks_by_month_take_the_last_day_of_the_month(tmp_path):
    text = "Priekšmets;Septembris;Oktobris\nMatemātika;7 8;9(PD)\nFizika;;a\n"
    found = made("mykoob", tmp_path, "Atzīmes Anna Ozola.csv", text, YEAR)["marks"]
    assert [(row["subject"], row["date"], row["mark"], row["name"]) for row in found] == [
        ("Matemātika", "2026-09-30", "7", "Anna Ozola"),
        ("Matemātika", "2026-09-30", "8", "Anna Ozola"),
        ("Matemātika", "2026-10-31", "9(PD)", "Anna Ozola"),
        ("Fizika", "2026-10-31", "a", "Anna Ozola"),
    ]


def test_a_list_of_lessons_feeds_absences_and_marks(tmp_path):
    text = "date,subject,attendance_type,grade,grade_type,corrected_grade,user_id\n"
    text += "2026-10-05,Fizika,absent,,,,u1\n2026-10-06,Fizika,,4,PD,7,u1\n2026-10-07,Fizika,3,8,,,u2\n"
    found = made("mykoob", tmp_path, "lessons.csv", text, encoding="utf-8-sig")
    assert [(row["pupil_id"], row["status"]) for row in found["absences"]] == [("u1", "absent"), ("u2", "3")]
    assert [(row["date"], row["mark"], row.get("kind")) for row in found["marks"]] == [
        ("2026-10-06", "4|7", "PD"),
        ("2026-10-07", "8", None),
    ]


def test_a_journal_whose_year_nobody_says_is_refused_with_the_ways_to_say_it(tmp_path):
    with pytest.raises(MappingError) as caught:
        made("e-klase", tmp_path, "zurnals.csv", JOURNAL)
    assert caught.value.code == "mapping_year_missing"
    for lang in ("lv", "en"):
        assert "05.10." in caught.value.message(lang) and "2026/2027-1" in caught.value.message(lang)


def test_a_day_that_the_calendar_does_not_have_is_named_and_its_entries_stay(tmp_path):
    log = ProblemLog()
    text = "Skolēns;05.10.2026.;31.02.2027.\nAnna Ozola;n;n\n"
    found = made("e-klase", tmp_path, "kavejumi.csv", text, log=log)
    assert [row.get("date") for row in found["absences"]] == ["2026-10-05", None]
    assert log.frame()[["code", "column"]].values.tolist() == [["mapping.heading_not_a_date", "31.02.2027."]]


def test_a_table_that_no_section_is_for_comes_back_as_it_is_with_a_notice(tmp_path):
    path = tmp_path / "9a.csv"
    path.write_text("Klase;Vārds, uzvārds;Kavētās stundas\n9.a;Anna Ozola;7\n", "utf-8")
    [raw] = read_raw(path)
    [same] = Mapping.load("e-klase").apply_all(raw)
    assert same.columns == raw.columns and same.table == ""
    assert [notice.code for notice in same.notices] == ["mapping.no_section"]


def test_a_workbook_with_a_sheet_per_subject_and_a_cover_is_read_whole(tmp_path):
    path = tmp_path / "zurnals_9a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        day = book.add_format({"num_format": "dd.mm."})
        cover = book.add_worksheet("Sākums")
        for row, cells in enumerate(
            (("Skola", "Kalvenes vidusskola"), ("Semestris", "2026/2027-1"), ("Datums", "20.11.2026."))
        ):
            cover.write_row(row, 0, cells)
        for subject, entry in (("Matemātika", "n"), ("Fizika", 7)):
            sheet = book.add_worksheet(subject)
            sheet.write_row(0, 0, ("Skolēns", "Klase"))
            sheet.write_datetime(0, 2, dt.datetime(2026, 10, 5), day)
            sheet.write_string(0, 3, "06.10.")
            sheet.write_row(1, 0, ("Anna Ozola", "9.a", entry, "8(p.d.)"))
    mapping = Mapping.load("e-klase")
    tables = [made for raw in read_raw(path, heading_known=mapping.asks_for) for made in mapping.apply_all(raw)]
    absences = [table for table in tables if table.table == "absences"]
    assert [table.columns["lesson"].to_pylist() for table in absences] == [["Matemātika 1"], []]
    marks = [
        (t.sheet, d, m)
        for t in tables
        if t.table == "marks"
        for d, m in zip(*map(pa.Array.to_pylist, (t.columns["date"], t.columns["mark"])), strict=True)
    ]
    assert marks == [
        ("Matemātika", "2026-10-06", "8(p.d.)"),
        ("Fizika", "2026-10-05", "7"),
        ("Fizika", "2026-10-06", "8(p.d.)"),
    ]
    assert {table.cover["school"] for table in tables} == {"Kalvenes vidusskola"}


@pytest.mark.parametrize("encoding", ["cp1257", "utf-8-sig", "utf-16"])
def test_title_lines_of_a_file_tell_subject_and_school_year(tmp_path, encoding):
    path = tmp_path / "zurnals.csv"
    text = f"Kalvenes vidusskola;;;\r\n2026./2027. m. g.;;;\r\nPriekšmets: Matemātika;;;\r\n;;;\r\n{JOURNAL}"
    path.write_bytes(text.encode(encoding))
    mapping = Mapping.load("e-klase")
    [raw] = read_raw(path, heading_known=mapping.asks_for)
    absences, *marks = mapping.apply_all(raw)
    assert absences.columns["lesson"].to_pylist() == ["Matemātika 1", "Matemātika 2"]
    assert {subject for table in marks for subject in table.columns["subject"].to_pylist()} == {"Matemātika"}
    assert absences.rows.tolist() == [6, 7]
