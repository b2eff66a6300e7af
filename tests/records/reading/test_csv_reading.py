"""Text files: encoding, delimiter and headings by rule, every cell as text, no row lost without a word."""

import pytest

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.records.reading.csv_reading import read_csv

KNOWN = {"Klase", "Vārds, uzvārds", "Kavētās stundas", "Vidējā atzīme"}.__contains__
TEXT = "Klase;Vārds, uzvārds;Kavētās stundas\r\n9.a;Šarlote Ķēniņa;007\r\n9.b;Ģirts Žagars;\r\n"


def cells(grid):
    return [column.to_pylist() for column in grid.columns]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1257", "utf-16"])
def test_latvian_letters_arrive_whole_in_every_encoding_that_excel_writes(encoding):
    grid = read_csv(TEXT.encode(encoding), "a.csv")
    assert grid.headings == ["Klase", "Vārds, uzvārds", "Kavētās stundas"]
    assert cells(grid) == [["9.a", "9.b"], ["Šarlote Ķēniņa", "Ģirts Žagars"], ["007", ""]]
    assert grid.rows.tolist() == [2, 3]
    assert not grid.notices


def test_a_stated_encoding_wins_over_the_rule():
    grid = read_csv("Klase;X\n9.a;é\n".encode("latin-1"), "a.csv", encoding="latin-1")
    assert cells(grid)[1] == ["é"]


@pytest.mark.parametrize(
    ("content", "encoding", "code", "params"),
    [
        (
            b"Klase;X\n9.a;\xe2\n9.b;\x81\n",
            None,
            "encoding_wrong",
            {"byte": "0x81", "line": 3, "offset": 19, "encoding": "windows-1257"},
        ),
        (b"Klase;X\n9.a;\xe2\n", "utf-8", "encoding_wrong", {"byte": "0xE2", "line": 2, "encoding": "utf-8"}),
        (b"Klase;X\n", "klingon", "encoding_unknown", {"encoding": "klingon"}),
        (b"Klase;X\n9.a;\0\n", None, "csv_nul", {"line": 2}),
        (b"\xff\xfe\0\0K\0\0\0", None, "csv_nul", {"line": 1}),
        (b"\xff\xfeK", None, "encoding_wrong", {}),
        (b"\xef\xbb\xbf\r\n", None, "file_empty", {}),
    ],
)
def test_bytes_that_are_no_text_are_named_by_place(content, encoding, code, params):
    with pytest.raises(RecordsError) as caught:
        read_csv(content, "a.csv", encoding=encoding)
    assert caught.value.code == code
    assert params.items() <= caught.value.params.items()
    assert caught.value.message("lv")


def test_two_encodings_in_one_file_are_mentioned():
    grid = read_csv("Klase;X\n9.a;ķ\n".encode() + "9.b;ķ\n".encode("cp1257"), "a.csv")
    assert [notice.code for notice in grid.notices] == ["encoding_mixed"]


@pytest.mark.parametrize("delimiter", [";", "\t", ",", "|"])
def test_the_delimiter_is_the_most_frequent_one_of_the_heading_row(delimiter):
    name = '"Vārds, uzvārds"' if delimiter == "," else "Vārds, uzvārds"
    text = delimiter.join([name, "Klase", "Vidējā atzīme"]) + "\n" + delimiter.join(['"A, B"', "9.a", '"7,5"']) + "\n"
    assert cells(read_csv(text.encode(), "a.csv")) == [["A, B"], ["9.a"], ["7,5"]]


def test_one_column_needs_no_delimiter():
    grid = read_csv(b"id\n1\n\n3\n", "a.csv")
    assert cells(grid) == [["1", "", "3"]]
    assert grid.rows.tolist() == [2, 3, 4]


def test_the_sep_line_of_excel_sets_the_delimiter_and_is_no_row():
    grid = read_csv(b"sep=|\r\nKlase|a;b;c\r\n9.a|1\r\n", "a.csv")
    assert grid.headings == ["Klase", "a;b;c"]
    assert grid.rows.tolist() == [2]


def test_title_lines_above_the_headings_are_passed_over_and_kept():
    text = "Skola;Tukuma 2. vidusskola\n\nSaraksts, izdruka, kopija\nKlase;Kavētās stundas\n9.a;3\n"
    grid = read_csv(text.encode(), "a.csv", heading_known=KNOWN)
    assert grid.headings == ["Klase", "Kavētās stundas"]
    assert grid.rows.tolist() == [5]
    assert grid.above[0] == ["Skola", "Tukuma 2. vidusskola"]


def test_no_known_heading_is_an_error_that_prints_no_cell():
    with pytest.raises(RecordsError) as caught:
        read_csv("Jānis;9.a\nAnna;9.b\n".encode(), "a.csv", heading_known=KNOWN)
    assert caught.value.code == "heading_row_missing"
    assert "Jānis" not in str(caught.value)


def test_a_cell_with_line_breaks_is_one_row_and_shifts_no_number():
    grid = read_csv(b'Klase;X\r\n9.a;"a\r\nb\r\nc"\r\n9.b;d\r\n', "a.csv")
    assert cells(grid)[1] == ["a\r\nb\r\nc", "d"]
    assert grid.rows.tolist() == [2, 3]


def test_rows_with_a_wrong_number_of_cells_are_named_and_the_rest_is_read():
    grid = read_csv(b'a;b;c\n1;2;3\n4;5\n\n"6\n7";8;9\n1;2;3;4\n7;8;9\n', "a.csv")
    assert grid.rows.tolist() == [2, 4, 5, 7]
    assert [(notice.code, notice.detail, notice.value) for notice in grid.notices] == [
        ("row_rejected_cells", "3", "2"),
        ("row_rejected_cells", "6", "4"),
    ]


def test_a_delimiter_at_the_end_of_a_line_is_no_wrong_row():
    grid = read_csv(b'a;b\n1;2;\n3;4\n"5;";"6""";;\n', "a.csv")
    assert cells(grid) == [["1", "3", "5;"], ["2", "4", '6"']]
    assert grid.rows.tolist() == [2, 3, 4]
    assert not grid.notices


def test_a_delimiter_that_fits_no_row_is_an_error():
    with pytest.raises(RecordsError) as caught:
        read_csv(b"a;b\n1,2,3\n4,5,6\n", "a.csv")
    assert caught.value.code == "csv_no_row_fits"


@pytest.mark.parametrize(
    ("body", "row"),
    [
        ('1;2;3\n4;5;"6\n7;8;9\n', 3),  # in the last column the number of cells is right
        ('1;2;3\n4;"5;6\n7;8;9\n', 3),
        ('1;2;3\n4;5;6\n7;8;"9', 4),
        ('1;2;3\n"4;5;6\n' + "7;8;9\n" * 1_000_000, 3),  # larger than a block of the reader
    ],
)
def test_a_quotation_mark_that_is_never_closed_swallows_no_row_silently(body, row):
    with pytest.raises(RecordsError) as caught:
        read_csv(("a;b;c\n" + body).encode(), "a.csv")
    assert (caught.value.code, caught.value.params["row"]) == ("csv_quote_open", row)


def test_two_open_marks_that_close_each_other_swallow_no_row_silently():
    row = "1;2;3;4;5;6\n"
    with pytest.raises(RecordsError) as caught:
        read_csv(("a;b;c;d;e;f\n" + row + '1;2;3;4;5;"6\n' + row + '1;2;3;4;5;6"\n' + row).encode(), "a.csv")
    assert (caught.value.code, caught.value.params["row"]) == ("csv_quote_open", 3)
    narrow = read_csv(b'a;b;c\n1;2;"x\n1;2;3"\n', "a.csv")
    assert [(notice.code, notice.detail) for notice in narrow.notices] == [("cell_holds_rows", "2")]


def test_a_mark_inside_a_cell_is_a_letter_like_others():
    assert cells(read_csv(b'a;b\n5" x;"y ""z"""\n', "a.csv")) == [['5" x'], ['y "z"']]


def test_only_headings_give_no_rows():
    grid = read_csv(b"a;b\r\n\r\n", "a.csv")
    assert [len(column) for column in grid.columns] == [0, 0]
    assert grid.rows.tolist() == []


def test_old_mac_line_ends_are_line_ends():
    assert cells(read_csv(b"a;b\r1;2\r3;4\r", "a.csv")) == [["1", "3"], ["2", "4"]]


def test_a_quote_that_swallows_much_is_found_without_a_change_to_other_readers(monkeypatch):
    def forbidden(*limit):
        raise AssertionError("a limit of the whole process")

    monkeypatch.setattr("csv.field_size_limit", forbidden)
    body = 'Klase;Vārds, uzvārds\n9.a;A\n9.b;"B\n' + "9.c;C\n" * 60_000
    with pytest.raises(RecordsError) as caught:
        read_csv(body.encode(), "a.csv", heading_known=KNOWN)
    assert (caught.value.code, caught.value.params["row"]) == ("csv_quote_open", 3)
