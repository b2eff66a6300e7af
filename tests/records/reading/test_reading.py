"""Files and folders become raw tables; one bad file never stops the others."""

import datetime as dt
import hashlib
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.locale import has_text, text
from pumpurs_risk.records.raw_table import RawTable
from pumpurs_risk.records.reading.discovery import Unreadable, read_raw

KNOWN = {"Vārds, uzvārds", "Klase", "Kavētās stundas", "Vecums"}.__contains__
CSV = "Klase;Kavētās stundas\n9.a;3\n"


def codes(table):
    for notice in table.notices:
        for lang in ("lv", "en"):
            assert has_text(f"reading.notices.{notice.code}", lang)
            assert text(
                f"reading.notices.{notice.code}", lang, column=notice.column, value=notice.value, detail=notice.detail
            )
    return [notice.code for notice in table.notices]


def plain(table):
    return {heading: column.to_pylist() for heading, column in table.columns.items()}


def workbook(path, **sheets):
    """Write a workbook; a sheet whose name starts with h_ is hidden."""
    with xlsxwriter.Workbook(path) as book:
        day = book.add_format({"num_format": "d.m"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            if name.startswith(("h_", "_")):
                sheet.hide()
            for row, cells in enumerate(rows):
                for column, cell in enumerate(cells):
                    if isinstance(cell, dt.date):
                        sheet.write_datetime(row, column, cell, day)
                    elif cell != "":
                        sheet.write(row, column, cell)
    return path


def test_a_school_workbook_gives_its_cover_to_every_class(tmp_path):
    path = workbook(
        tmp_path / "skola.xlsx",
        Sākums=[
            ["Pumpurs"],
            ["Skola:", "Tukuma 2."],
            ["Datums", dt.date(2027, 1, 15)],
            ["Vietas (atbalsta plāni)", 12],
        ],
        Norādes=[["Aizpildiet lapas pa klasēm."]],
        A=[["9.a klase"], ["Skola", "Filiāle"], ["Klase", "Vecums"], ["9.a", 15], [], ["9.a", ""]],
        B=[["Klase", "Vecums"], ["9.b", 16]],
        C=[["Klase", "Vecums"]],
        _izveles=[["Klase", "Vecums"], ["9.c", 1]],
        h_saraksti=[["jā"], ["nē"]],
    )
    first, second = read_raw(path, heading_known=KNOWN)
    assert (first.file, first.sheet, first.school) == ("skola.xlsx", "A", "")
    assert plain(first) == {"Klase": ["9.a", "9.a"], "Vecums": ["15", ""]}
    assert first.rows.tolist() == [4, 6]
    assert first.cover == {"school": "Filiāle", "as_of": "2027-01-15", "places": "12"}
    assert second.cover["school"] == "Tukuma 2."
    assert codes(first) == ["sheet_without_pupils", "sheet_without_rows"]
    assert first.sha256 == hashlib.sha256(path.read_bytes()).hexdigest() == second.sha256


def test_a_hidden_sheet_with_pupils_is_read_and_mentioned(tmp_path):
    path = workbook(tmp_path / "a.xlsx", Tukša=[], h_veci=[["Klase", "Vecums"], ["9.a", 15]])
    [table] = read_raw(path, heading_known=KNOWN)
    assert (table.sheet, codes(table)) == ("h_veci", ["hidden_sheet_read"])


def test_only_the_wanted_sheets_are_read_and_a_missing_one_is_an_error(tmp_path):
    path = workbook(tmp_path / "a.xlsx", A=[["Klase", "Vecums"], ["9.a", 1]], B=[["Klase", "Vecums"], ["9.b", 1]])
    assert [table.sheet for table in read_raw(path, heading_known=KNOWN, sheets=["B"])] == ["B"]
    with pytest.raises(RecordsError, match=r'no sheet "X"\. It has: A, B'):
        read_raw(path, sheets=["X"])


def test_without_known_headings_the_first_row_names_the_columns_and_the_cover_is_still_found(tmp_path):
    path = workbook(
        tmp_path / "a.xlsx", Sākums=[["Skola", "X"], ["Semestris", "2026/2027-1"]], A=[["foo", "bar"], [1, 2]]
    )
    [table] = read_raw(path)
    assert plain(table) == {"foo": ["1"], "bar": ["2"]}
    assert table.cover == {"school": "X", "semester": "2026/2027-1"}


def test_a_class_that_excel_took_for_a_date_is_written_back(tmp_path):
    path = workbook(tmp_path / "a.xlsx", A=[["Klase", "Vecums"], [dt.date(2026, 9, 1), 7], ["9.a", 15]])
    [table] = read_raw(path, heading_known=KNOWN)
    assert plain(table)["Klase"] == ["1.9", "9.a"]
    assert codes(table) == ["class_from_date"]


def test_columns_without_or_with_doubled_headings_are_named(tmp_path):
    path = workbook(
        tmp_path / "a.xlsx", A=[["Klase", "", "Vecums", "Vecums", ""], ["9.a", "x", 1, 2, ""], ["", "y", "", "", ""]]
    )
    [table] = read_raw(path, heading_known=KNOWN)
    assert plain(table) == {"Klase": ["9.a", ""], "Vecums": ["1", ""], "Vecums (2)": ["2", ""]}
    assert [(n.code, n.column) for n in table.notices] == [
        ("heading_doubled", "Vecums"),
        ("column_without_heading", "B"),
    ]
    assert codes(table)


def test_a_cell_merged_over_rows_is_mentioned(tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.merge_range("A1:B1", "Virsraksts")
        sheet.write_row("A2", ["Klase", "Vecums"])
        sheet.merge_range("A3:A4", "9.a")
        sheet.write_column("B3", [15, 16])
    [table] = read_raw(path, heading_known=KNOWN)
    assert plain(table)["Klase"] == ["9.a", ""]
    assert [(n.code, n.detail) for n in table.notices] == [("cells_merged", "A3")]
    assert codes(table)


def test_macros_are_mentioned_and_not_run(tmp_path):
    path = tmp_path / "a.xlsm"
    (tmp_path / "vba.bin").write_bytes(b"no macro at all")
    with xlsxwriter.Workbook(path) as book:
        book.add_vba_project(str(tmp_path / "vba.bin"))
        sheet = book.add_worksheet()
        sheet.write_row("A1", ["Klase", "Vecums"])
        sheet.write_row("A2", ["9.a", 15])
    [table] = read_raw(path, heading_known=KNOWN)
    assert codes(table) == ["macros_not_run"]


def test_a_wrong_ending_is_mentioned_and_the_content_decides(tmp_path):
    book = workbook(tmp_path / "a.xlsx", A=[["Klase", "Vecums"], ["9.a", 15]])
    (tmp_path / "b.csv").write_bytes(book.read_bytes())
    (tmp_path / "c.xls").write_bytes(book.read_bytes())
    (tmp_path / "d.xls").write_text(CSV.replace(";", "\t"), encoding="cp1257")
    for name in ("b.csv", "d.xls"):
        [table] = read_raw(tmp_path / name, heading_known=KNOWN)
        assert codes(table) == ["ending_wrong"]
        assert plain(table)["Klase"] == ["9.a"]
    [table] = read_raw(tmp_path / "c.xls", heading_known=KNOWN)
    assert plain(table)["Vecums"] == ["15"]


def test_a_csv_drops_empty_rows_keeps_numbers_and_reads_lines_above(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Skola;Tukuma 2.\n" + CSV + " ; \n\n9.b;4\n;;;\n", encoding="cp1257")
    [table] = read_raw(path, heading_known=KNOWN)
    assert plain(table) == {"Klase": ["9.a", "9.b"], "Kavētās stundas": ["3", "4"]}
    assert table.rows.tolist() == [3, 6]
    assert table.cover == {"school": "Tukuma 2."}
    assert codes(table) == []


def test_parquet_keeps_its_types_and_drops_empty_rows(tmp_path):
    pq.write_table(pa.table({"n": [1, None, 3], "t": ["a", " ", None]}), tmp_path / "a.parquet")
    [table] = read_raw(tmp_path / "a.parquet")
    assert plain(table) == {"n": [1, 3], "t": ["a", None]}
    assert table.rows.tolist() == [1, 3]


def test_a_folder_of_schools_is_read_in_a_stable_order_and_says_what_it_passed_over(tmp_path):
    for name in ("b_skola/9b.csv", "b_skola/9a.csv", "A skola/x.txt", "top.tsv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(CSV, encoding="utf-8")
    for name in (
        "run/run.json",
        "run/x.csv",
        "new.partial/x.csv",
        "b_skola/deep/x.csv",
        "b_skola/out/run.json",
        "tukša/a.pdf",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(CSV, encoding="utf-8")
    for name in (".hidden.csv", "~$a.xlsx", "pumpurs.toml", "pumpurs.key.json", "notes.docx", "a.csv.partial"):
        (tmp_path / name).write_text(CSV, encoding="utf-8")
    tables = read_raw(tmp_path, heading_known=KNOWN)
    assert [(table.file, table.school) for table in tables] == [
        ("top.tsv", ""),
        ("A skola/x.txt", "A skola"),
        ("b_skola/9a.csv", "b_skola"),
        ("b_skola/9b.csv", "b_skola"),
    ]
    assert {(notice.code, notice.value) for notice in tables[0].notices} == {
        ("folder_ignored", "b_skola/deep"),
        ("file_ignored", "tukša/a.pdf"),
        ("file_ignored", "notes.docx"),
        ("school_folder_empty", "tukša"),
    }
    assert codes(tables[0])


def test_one_unreadable_file_of_a_folder_stops_no_other(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"")
    (tmp_path / "b.csv").write_text(CSV, encoding="utf-8")
    (tmp_path / "c.xlsx").write_bytes(b"PK\x03\x04 broken")
    (tmp_path / "d.csv").write_text("Klase;Kavētās stundas\n\n", encoding="utf-8")
    (tmp_path / "e.zip").write_bytes(b"")
    found = read_raw(tmp_path, heading_known=KNOWN)
    assert [type(entry) for entry in found] == [Unreadable, RawTable, Unreadable, Unreadable]
    assert [entry.error.code for entry in found if isinstance(entry, Unreadable)] == [
        "file_empty",
        "workbook_damaged",
        "table_without_rows",
    ]
    assert codes(found[0]) == ["file_ignored"]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.csv", b"", "file_empty"),
        ("a.csv", "Klase;Kavētās stundas\n".encode(), "table_without_rows"),
        ("a.csv", b"<html><body>", "file_is_web_page"),
        ("a.csv", b"\x89PNG\r\n\x1a\n", "file_not_a_table"),
        ("a.parquet", b"hello", "parquet_damaged"),
        ("a.parquet", b"PAR1 hello", "parquet_damaged"),
        ("a.csv", b"a;b\n1;2\n", "heading_row_missing"),
    ],
)
def test_a_single_file_that_cannot_be_read_is_an_error_with_its_name(tmp_path, name, content, code):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RecordsError) as caught:
        read_raw(tmp_path / name, heading_known=KNOWN)
    assert caught.value.code == code
    assert name in caught.value.message("lv")


def test_a_workbook_without_pupils_or_rows_is_an_error(tmp_path):
    for sheets, code in (
        ({"A": []}, "file_empty"),
        ({"A": [["x", "y"], [1, 2]]}, "heading_row_missing"),
        ({"A": [["Klase", "Vecums"]]}, "table_without_rows"),
    ):
        with pytest.raises(RecordsError) as caught:
            read_raw(workbook(tmp_path / "a.xlsx", **sheets), heading_known=KNOWN)
        assert caught.value.code == code


def test_a_path_that_leads_nowhere_or_to_nothing_is_an_error(tmp_path):
    with pytest.raises(RecordsError) as caught:
        read_raw(tmp_path / "nav.csv")
    assert caught.value.code == "folder_missing"
    with pytest.raises(RecordsError) as caught:
        read_raw(tmp_path)
    assert caught.value.code == "folder_without_tables"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="rights do not stop this user")
def test_a_file_that_may_not_be_opened_is_an_error(tmp_path):
    (tmp_path / "a.csv").write_text(CSV, encoding="utf-8")
    (tmp_path / "a.csv").chmod(0)
    with pytest.raises(RecordsError) as caught:
        read_raw(tmp_path / "a.csv")
    assert caught.value.code == "file_closed"


@pytest.mark.parametrize("ending", [".xlsx", ".ods", ".xls"])
@pytest.mark.parametrize("content", [bytes(range(1, 256)) * 4, b"\x00\x01\x02garbage", b"just some words\n"])
def test_bytes_that_are_no_workbook_are_said_to_be_none(tmp_path, ending, content):
    (tmp_path / f"a{ending}").write_bytes(content)
    with pytest.raises(RecordsError) as caught:
        read_raw(tmp_path / f"a{ending}", heading_known=KNOWN)
    assert caught.value.code == "not_a_workbook"
    for lang in ("lv", "en"):
        said = caught.value.message(lang)
        assert f"a{ending}" in said and "XLSX" in said and "CSV" in said and "1257" not in said


def test_a_text_file_in_a_strange_encoding_is_still_told_its_byte(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"Klase;Vecums\n9.a;\x81\n")
    with pytest.raises(RecordsError) as caught:
        read_raw(tmp_path / "a.csv", heading_known=KNOWN)
    assert caught.value.code == "encoding_wrong"
