import datetime as dt
import io
import re
import zipfile

import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.records.workbook.reader import read_workbook
from pumpurs_risk.records.workbook.text_layout import clean_text, is_blank, lines_needed, safe_sheet_name, shorten
from pumpurs_risk.records.workbook.writer import STYLES, WorkbookWriter

DAY = dt.date(2027, 1, 15)


def sheet_xml(buffer, number=1):
    with zipfile.ZipFile(buffer) as archive:
        return archive.read(f"xl/worksheets/sheet{number}.xml").decode()


@pytest.mark.parametrize("name", ["9.a/9.b", "", "'", "x" * 60, "[a]:*?/\\", "History", "a\nb", "\t", "Ā" * 31])
def test_any_name_becomes_one_that_excel_accepts(name):
    taken = []
    for _ in range(12):
        made = safe_sheet_name(name, taken)
        assert 1 <= len(made) <= 31
        assert not set(made) & set("[]:*?/\\\n\t")
        assert made.strip("'") == made
        assert made.casefold() not in {"history", *(other.casefold() for other in taken)}
        taken.append(made)


def test_a_row_is_as_high_as_its_longest_text():
    buffer = io.BytesIO()
    text = "Semestra vērtējums ir zemāks par 4 ballēm 3 mācību priekšmetos: matemātika, fizika, svešvaloda (angļu)."
    with WorkbookWriter(buffer, created=DAY) as book:
        sheet = book.sheet("a", [10, 30])
        sheet.row(0, ["īss", text])
        sheet.row(1, ["īss", "īss"])
    heights = [float(h) for h in re.findall(r'<row [^>]* ht="([\d.]+)"', sheet_xml(buffer))]
    assert lines_needed(text, 30) == 4
    assert heights[0] > 3 * heights[1]


def test_lines_follow_line_breaks_and_break_long_words():
    assert lines_needed("a\nb\n\nc", 10) == 4
    assert lines_needed("n" * 100, 10) >= 10
    assert lines_needed("", 10) == 1


@pytest.mark.parametrize(
    "text",
    ["=1+1", "=cmd|' /C calc'!A0", "+371", "-1", "@SUM(A1)", "<script>alert(1)</script>", "http://x.lv", "007", "{=1}",
     "a\x00b\x0b", "\ud800", "\ufffe", "_x0041_", " x "],
)  # fmt: skip
def test_a_text_stays_the_text_that_was_typed(tmp_path, text):
    path = tmp_path / "a.xlsx"
    with WorkbookWriter(path, created=DAY) as book:
        book.sheet("a", [10]).row(0, [text], "typed")
    with zipfile.ZipFile(path) as archive:
        xml = archive.read("xl/worksheets/sheet1.xml").decode()
    assert 't="s"' in xml
    assert "<f>" not in xml
    assert "hyperlink" not in xml
    if text.isprintable():
        assert read_workbook(path)[0].columns[0] == [text]


def test_a_text_longer_than_a_cell_is_cut_and_not_refused():
    cut = clean_text("ā" * 40_000)
    assert len(cut) < 32_767
    assert cut.endswith("…")
    assert len(clean_text("😀" * 32_000).encode("utf-16-le")) // 2 <= 32_767


def test_numbers_dates_and_unknown_keep_their_kind(tmp_path):
    path = tmp_path / "a.xlsx"
    values = [
        6.5,
        np.float64(7.25),
        np.int64(3),
        4,
        DAY,
        pd.Timestamp("2027-01-16"),
        True,
        None,
        pd.NA,
        pd.NaT,
        float("nan"),
    ]
    with WorkbookWriter(path, created=DAY) as book:
        sheet = book.sheet("a", [10] * len(values))
        for column, value in enumerate(values):
            sheet.cell(0, column, value, "typed_date" if isinstance(value, dt.date) else "typed_number")
    [read] = read_workbook(path)
    assert [column[0] for column in read.columns][:7] == ["6.5", "7.25", "3", "4", "2027-01-15", "2027-01-16", "True"]
    assert all(is_blank(value) for value in values[7:])


def test_a_drop_down_of_any_length_stands_behind_a_defined_name(tmp_path):
    path = tmp_path / "a.xlsx"
    words = [f"ļoti garš vārds numur {n}" for n in range(60)]
    with WorkbookWriter(path, created=DAY) as book:
        sheet = book.sheet("a", [10, 10])
        sheet.choose(
            (1, 9),
            0,
            words,
            ("Virsraksts, kas ir daudz par garu šai vietai", "teksts " * 60),
            refuse=("x" * 50, "y" * 500),
        )
        sheet.choose((1, 9), 1, words)
    with zipfile.ZipFile(path) as archive:
        xml, book_xml = archive.read("xl/worksheets/sheet1.xml").decode(), archive.read("xl/workbook.xml").decode()
    assert book_xml.count("<definedName ") == 1
    assert "'_choices'!$A$1:$A$60" in book_xml.replace("&#39;", "'").replace("_choices!", "'_choices'!")
    assert '<sheet name="_choices" sheetId="2" state="hidden"' in book_xml
    assert xml.count("<formula1>choice_1</formula1>") == 2
    assert [sheet.name for sheet in read_workbook(path)] == ["a"]


def test_the_same_input_gives_the_same_bytes():
    def one():
        buffer = io.BytesIO()
        with WorkbookWriter(buffer, created=DAY, title="t") as book:
            sheet = book.sheet("a", [10])
            sheet.row(0, ["x"])
            sheet.comment(0, 0, "paskaidrojums")
            sheet.choose((1, 2), 0, ["jā", "nē"])
        return buffer.getvalue()

    assert one() == one()


def test_an_error_while_writing_leaves_no_file(tmp_path):
    path = tmp_path / "a.xlsx"

    def stop_halfway():
        with WorkbookWriter(path, created=DAY) as book:
            book.sheet("a", [10])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        stop_halfway()
    assert not path.exists()


def test_a_file_that_cannot_be_written_is_an_oserror(tmp_path):
    with (
        pytest.raises(OSError, match="no such folder"),
        WorkbookWriter(tmp_path / "no such folder" / "a.xlsx", created=DAY) as book,
    ):
        book.sheet("a", [10])


def test_a_cell_outside_the_sheet_is_an_error_and_not_a_warning():
    with pytest.raises(ValueError, match="refused"), WorkbookWriter(io.BytesIO(), created=DAY) as book:
        book.sheet("a", [10]).cell(2_000_000, 0, "x")


def test_shorten_cuts_at_a_word():
    assert shorten("īss", 10) == "īss"
    assert shorten("Neattaisnoti kavētās stundas", 22) == "Neattaisnoti kavētās…"
    assert len(shorten("x" * 50, 20)) == 20


def test_the_font_is_our_own_and_not_the_themes():
    assert all(look["font_scheme"] == "none" for look in STYLES.values())
