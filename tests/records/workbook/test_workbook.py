"""Workbooks are read as text, and a hostile one costs its own process only."""

import datetime as dt
import re
import sys
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest
import xlsxwriter

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.records.workbook import reader as workbook
from pumpurs_risk.records.workbook.reader import read_workbook


def write(path: Path, rows, **formats) -> Path:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Skolēni")
        day = book.add_format({"num_format": formats.get("day", "dd.mm.yyyy")})
        for row, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                if isinstance(cell, dt.date):
                    sheet.write_datetime(row, column, cell, day)
                else:
                    sheet.write(row, column, cell)
    return path


def edit(path: Path, part: str, old: str, new: str, target: Path) -> Path:
    """Copy a workbook with one part's XML changed."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy:
        for name in source.namelist():
            content = source.read(name)
            if name == part:
                assert old.encode() in content
                content = content.replace(old.encode(), new.encode())
            copy.writestr(name, content)
    return target


def zip_of(path: Path, **parts) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return path


def code_of(path: Path) -> str:
    with pytest.raises(RecordsError) as caught:
        read_workbook(path)
    assert path.name in caught.value.message("lv")
    assert path.name in caught.value.message("en")
    return caught.value.code


def test_cells_read_as_a_person_would_type_them(tmp_path):
    path = write(
        tmp_path / "a.xlsx",
        [["Klase", 123.0, 7.5, True, False, dt.date(2026, 9, 1), dt.datetime(2026, 9, 1, 8, 30), -0.0, 1e15, "007"]],
    )
    [sheet] = read_workbook(path)
    first_row = sheet.top(1)[0]
    assert first_row[:6] == ["Klase", "123", "7.5", "TRUE", "FALSE", "2026-09-01"]
    assert first_row[6:] == ["2026-09-01 08:30:00", "0", "1000000000000000", "007"]


def test_row_numbers_and_columns_are_those_that_excel_shows(tmp_path):
    path = tmp_path / "b.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Skolēni")
        sheet.write("B3", "Klase")
        sheet.write("C3", "Vecums")
        sheet.write("B7", "9.a")
        sheet.merge_range("C7:C8", 15)
    [sheet] = read_workbook(path)
    assert sheet.rows.tolist() == [3, 7]
    assert sheet.first_column == 1
    assert sheet.columns == [["Klase", "9.a"], ["Vecums", "15"]]
    assert sheet.merged == [(7, 2, 8, 2)]


def test_a_failed_formula_is_kept_as_its_text_and_not_taken_for_unknown(tmp_path):
    path = tmp_path / "errors.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Skolēni")
        sheet.write_row("A1", ["Klase", "Vidējā atzīme"])
        sheet.write("A2", "9.a")
        sheet.write_formula("B2", "=1/0", value="#DIV/0!")
        sheet.write_formula("A3", "=nav()", value="#NAME?")
    [sheet] = read_workbook(path)
    assert sheet.columns == [["Klase", "9.a", "#NAME?"], ["Vidējā atzīme", "#DIV/0!", ""]]


def test_hidden_sheets_are_marked_and_our_own_lists_left_out(tmp_path):
    path = tmp_path / "hidden.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Skolēni").write("A1", "x")
        for name in ("_izveles", "Vecie"):
            sheet = book.add_worksheet(name)
            sheet.write("A1", "x")
            sheet.hide()
        book.add_chartsheet("Diagramma")
    assert [(sheet.name, sheet.hidden) for sheet in read_workbook(path)] == [("Skolēni", False), ("Vecie", True)]


def test_a_workbook_with_cells_in_both_corners_ends_in_a_sentence_that_names_the_sheet(tmp_path):
    plain = write(tmp_path / "plain.xlsx", [["Klase", "x"]])
    path = edit(
        plain,
        "xl/worksheets/sheet1.xml",
        "</sheetData>",
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>',
        tmp_path / "corners.xlsx",
    )
    assert code_of(path) == "workbook_too_many_cells"
    with pytest.raises(RecordsError, match="Sheet 1 "):
        read_workbook(path)


def test_a_zip_that_says_it_unpacks_to_more_than_300_mb_is_not_unpacked(tmp_path, monkeypatch):
    path = tmp_path / "big.xlsx"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part,
    ):
        for _ in range(301):
            part.write(b"<c/>" * 250_000)
    monkeypatch.setattr(workbook.subprocess, "run", None)  # no child may be started
    assert code_of(path) == "workbook_too_large"


def test_a_zip_that_shrinks_a_thousandfold_is_refused_below_the_limit_too(tmp_path, monkeypatch):
    path = zip_of(tmp_path / "bomb.xlsx", xl__workbook_dot_xml=b"0" * 60_000_000)
    monkeypatch.setattr(workbook.subprocess, "run", None)
    assert code_of(path) == "workbook_too_large"


def test_a_zip_that_lies_about_its_size_is_called_damaged(tmp_path):
    plain = write(tmp_path / "plain.xlsx", [["Klase", "x"]])
    row = "<row>" + "<c><v>1</v></c>" * 16_000 + "</row>"
    path = edit(plain, "xl/worksheets/sheet1.xml", "</sheetData>", row * 40 + "</sheetData>", tmp_path / "liar.xlsx")
    content = bytearray(path.read_bytes())
    start = content.rfind(b"PK\x01\x02", 0, content.rfind(b"xl/worksheets/sheet1.xml"))
    content[start + 24 : start + 28] = (1000).to_bytes(4, "little")  # uncompressed size in the directory
    path.write_bytes(content)
    assert code_of(path) == "workbook_damaged"


def test_reading_that_takes_too_long_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "TIME_LIMIT_SECONDS", 1e-6)
    assert code_of(write(tmp_path / "slow.xlsx", [["x"]])) == "workbook_too_slow"


def test_a_child_that_fails_without_a_word_is_no_traceback(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook._child, "__file__", str(tmp_path / "missing.py"))
    assert code_of(write(tmp_path / "a.xlsx", [["x"]])) == "workbook_reader_failed"


@pytest.mark.parametrize("kept", [60, 2000])
def test_a_half_copied_workbook_is_called_damaged(tmp_path, kept):
    path = write(tmp_path / "half.xlsx", [["x"]])
    path.write_bytes(path.read_bytes()[:kept])
    assert code_of(path) == "workbook_damaged"


def test_an_entity_bomb_does_not_go_off(tmp_path):
    plain = write(tmp_path / "plain.xlsx", [["Klase", "x"]])
    names = "abcdefghijkl"
    steps = "".join(f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in pairwise(names))
    bomb = f'<!DOCTYPE x [<!ENTITY a "Klase">{steps}]><worksheet'
    path = edit(plain, "xl/worksheets/sheet1.xml", "<worksheet", bomb, tmp_path / "declared.xlsx")
    cell = '<row r="2"><c r="A2" t="e"><v>&l;</v></c></row></sheetData>'
    path = edit(path, "xl/worksheets/sheet1.xml", "</sheetData>", cell, tmp_path / "entities.xlsx")
    assert len(str(read_workbook(path))) < 1000


def test_a_workbook_encrypted_by_excel_is_told_from_a_damaged_one(tmp_path):
    path = tmp_path / "secret.xlsx"
    path.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 512
    )
    assert code_of(path) == "workbook_password"


def test_an_encrypted_open_document_is_told_from_a_damaged_one(tmp_path):
    path = tmp_path / "secret.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml", '<m:file-entry m:full-path="content.xml"><m:encryption-data/></m:file-entry>'
        )
        archive.writestr("content.xml", b"\x93\x11")
    assert code_of(path) == "workbook_password"


def test_a_web_page_with_the_ending_xls_is_called_a_web_page(tmp_path):
    path = tmp_path / "export.xls"
    path.write_text("\ufeff<html><table><tr><td>Klase</td></tr></table></html>", encoding="utf-8")
    assert code_of(path) == "file_is_web_page"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.xlsx", b"", "file_empty"),
        ("a.xls", b"%PDF-1.7 ...", "file_not_a_table"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"), "file_not_a_table"),
    ],
)
def test_what_is_no_workbook_is_named(tmp_path, name, content, code):
    path = tmp_path / name
    path.write_bytes(content)
    assert code_of(path) == code


def test_a_word_document_is_no_workbook(tmp_path):
    assert code_of(zip_of(tmp_path / "a.xlsx", word__document_dot_xml="<w/>")) == "file_not_a_table"


NAMESPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{prefix}:1.0"' for prefix in ("office", "table", "text")
)
CALC = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'


def ods_cell(text, **facts):
    named = "".join(f' {key.replace("__", ":").replace("_", "-")}="{value}"' for key, value in facts.items())
    return f"<table:table-cell{named}><text:p>{text}</text:p></table:table-cell>"


ODS = (
    f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {NAMESPACES} {CALC}><office:body>'
    '<office:spreadsheet><table:table table:name="Skolēni"><table:table-row>'
    + ods_cell("Klase", office__value_type="string")
    + ods_cell("Kavētās stundas", office__value_type="string")
    + '</table:table-row><table:table-row table:number-rows-repeated="2">'
    '<table:table-cell table:number-columns-repeated="2"/></table:table-row><table:table-row>'
    + ods_cell("9.a", office__value_type="string")
    + ods_cell("12", office__value_type="float", office__value="12")
    + "</table:table-row><table:table-row>"
    + ods_cell("1.9", office__value_type="date", office__date_value="2026-09-01")
    + ods_cell("#DIV/0!", office__value_type="string", office__string_value="", calcext__value_type="error")
    + "</table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"
)


def test_an_open_document_reads_like_a_workbook(tmp_path):
    path = tmp_path / "a.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr("content.xml", ODS)
    [sheet] = read_workbook(path)
    assert sheet.name == "Skolēni"
    assert sheet.rows.tolist() == [1, 4, 5]
    assert sheet.columns == [["Klase", "9.a", "2026-09-01"], ["Kavētās stundas", "12", "#DIV/0!"]]


def test_cells_without_references_still_give_their_failed_formulas(tmp_path):
    plain = write(tmp_path / "plain.xlsx", [["Klase", "x"]])
    with zipfile.ZipFile(plain) as archive:
        xml = archive.read("xl/worksheets/sheet1.xml").decode()
    data = re.search("<sheetData>.*</sheetData>", xml)[0]
    rows = '<sheetData><row><c t="inlineStr"><is><t>Klase</t></is></c></row><row><c t="e"><v>#REF!</v></c></row></sheetData>'
    path = edit(plain, "xl/worksheets/sheet1.xml", data, rows, tmp_path / "bare.xlsx")
    [sheet] = read_workbook(path)
    assert sheet.columns == [["Klase", "#REF!"]]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space of a process")
@pytest.mark.parametrize("rows", [90_000, 1_000_000])  # the reader itself refuses the second
def test_an_open_document_that_repeats_a_cell_without_end_meets_a_limit(tmp_path, monkeypatch, rows):
    child = tmp_path / "child.py"
    source = Path(workbook._child.__file__).read_text(encoding="utf-8")
    assert "2 << 30" in source
    child.write_text(source.replace("2 << 30", "192 << 20"), encoding="utf-8")  # a small limit is met sooner
    monkeypatch.setattr(workbook._child, "__file__", str(child))
    row = f'<table:table-row table:number-rows-repeated="{rows}">'
    cell = ods_cell("1", table__number_columns_repeated="1000", office__value_type="float", office__value="1")
    path = tmp_path / "bomb.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr(
            "content.xml", re.sub("<table:table-row>.*</table:table-row>", f"{row}{cell}</table:table-row>", ODS)
        )
    assert code_of(path) == "workbook_too_many_cells"
