import datetime as dt
import io
import re
import zipfile

import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.errors import RecordsError
from pumpurs_risk.records.contract import SheetContract
from pumpurs_risk.records.reading.discovery import read_raw
from pumpurs_risk.records.template.column_words import ColumnWords
from pumpurs_risk.records.template.template import template_columns, write_template
from pumpurs_risk.records.validation.parsing import parse

DAY = dt.date(2027, 1, 15)
STANDARD = [
    "name", "class_id", "birth_year", "enrolled_from", "lessons_held", "lessons_missed", "unexcused_raw", "mean_mark",
    "failing_subjects", "not_assessed", "repeated_level", "teacher_concern",
]  # fmt: skip


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


@pytest.fixture(scope="module")
def contract(catalogue):
    return SheetContract.load(catalogue)


def read(path, contract):
    return read_raw(path, heading_known=lambda heading: contract.recognise(heading) is not None)


def parts_of(target):
    with zipfile.ZipFile(target) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.mark.parametrize("lang", ["lv", "en"])
def test_the_standard_sheet_is_read_back_with_its_twelve_columns(tmp_path, catalogue, contract, lang):
    path = tmp_path / "a.xlsx"
    row = {
        "name": "=1+1",
        "class_id": "1.9",
        "enrolled_from": dt.date(2024, 9, 1),
        "mean_mark": 6.5,
        "lessons_missed": 7,
    }
    write_template(path, catalogue=catalogue, lang=lang, as_of=DAY, rows=[row])
    [table] = read(path, contract)
    assert sorted(contract.recognise(heading) for heading in table.columns) == sorted(STANDARD)
    cells = {contract.recognise(heading): cells.to_pylist() for heading, cells in table.columns.items()}
    assert cells["name"] == ["=1+1"]
    assert cells["class_id"] == ["1.9"]
    assert cells["enrolled_from"] == ["2024-09-01"]
    assert cells["mean_mark"] == ["6.5"]
    assert cells["lessons_missed"] == ["7"]
    assert table.rows.tolist() == [2]


@pytest.mark.parametrize("lang", ["lv", "en"])
@pytest.mark.parametrize("all_factors", [False, True])
def test_what_the_cover_says_is_read_back(tmp_path, catalogue, contract, lang, all_factors):
    path = tmp_path / "a.xlsx"
    write_template(
        path, catalogue=catalogue, lang=lang, all_factors=all_factors, school="Liepas vidusskola", municipality="Kalnu novads",
        as_of=DAY, semester="2026/2027-1", programme="evening", places=12, lessons_held=512,
        rows=[{"name": "A", "class_id": "9.a"}],
    )  # fmt: skip
    [table] = read(path, contract)
    cover = dict(table.cover)
    for key in ("semester", "programme"):
        [cover[key]] = parse_one(contract, key, cover[key])
    assert cover == {
        "school": "Liepas vidusskola", "municipality": "Kalnu novads", "as_of": "2027-01-15", "semester": "2026/2027-1",
        "programme": "evening", "places": "12", "lessons_held": "512",
    }  # fmt: skip


def parse_one(contract, column, text):
    import pyarrow as pa

    parsed = parse(pa.array([text]), contract.fields[column], contract.words)
    return parsed.values.to_pylist()


def test_lessons_held_by_class_on_the_cover_are_read_back(tmp_path, catalogue, contract):
    path = tmp_path / "a.xlsx"
    write_template(path, catalogue=catalogue, as_of=DAY, rows=[{"name": "A", "class_id": "9.a"}])
    parts = parts_of(path)
    cover = parts["xl/worksheets/sheet1.xml"]
    heading = next(
        int(row) for row, cells in re.findall(r'<row r="(\d+)"(.*?)</row>', cover) if cells.count('t="s"') == 2
    )
    for cell, content in ((f"A{heading + 1}", "<is><t>9.a</t></is>"), (f"B{heading + 1}", "<is><t>480</t></is>")):
        cover, done = re.subn(rf'<c r="{cell}"( s="\d+")/>', rf'<c r="{cell}"\1 t="inlineStr">{content}</c>', cover)
        assert done == 1
    parts["xl/worksheets/sheet1.xml"] = cover
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    [table] = read(path, contract)
    assert table.cover["lessons_held:9.a"] == "480"


def test_the_whole_sheet_asks_for_every_factor_once_and_never_for_a_computed_one(catalogue, contract):
    columns = [column.id for column in template_columns(catalogue, contract, all_factors=True)]
    asked = {factor.id for factor in catalogue.factors.values() if factor.kind != "level"} - set(contract.computed)
    assert len(columns) == len(set(columns))
    assert asked < set(columns)
    assert not set(contract.computed) & set(columns)
    assert [column.id for column in template_columns(catalogue, contract)].count("teacher_concern") == 1
    assert len(template_columns(catalogue, contract)) == 12


def test_sensitive_columns_stand_last_are_marked_and_say_when_not_to_collect(tmp_path, catalogue, contract):
    columns = template_columns(catalogue, contract, all_factors=True)
    say = ColumnWords(catalogue, "lv")
    kinds = [say.sensitivity(column) for column in columns]
    assert kinds == sorted(kinds, key=["ordinary", "sensitive", "special"].index)
    assert {"sensitive", "special"} < set(kinds)
    for column, kind in zip(columns, kinds, strict=True):
        assert ("atstājiet tukšu" in say.help(column)) == (kind != "ordinary"), column.id
    path = tmp_path / "a.xlsx"
    write_template(path, catalogue=catalogue, all_factors=True, as_of=DAY)
    first_row = re.search(r'<row r="1".*?</row>', parts_of(path)["xl/worksheets/sheet2.xml"])[0]
    looks = re.findall(r'<c r="[A-Z]+1" s="(\d+)"', first_row)
    assert len(set(looks)) == 2
    assert looks.count(looks[-1]) == sum(kind != "ordinary" for kind in kinds)


@pytest.mark.parametrize("lang", ["lv", "en"])
def test_every_column_is_explained_and_an_empty_cell_is_never_zero(catalogue, contract, lang):
    say = ColumnWords(catalogue, lang)
    empty = {"lv": "Tukša šūna = nav zināms, nevis 0.", "en": "An empty cell = not known, not 0."}[lang]
    for column in template_columns(catalogue, contract, all_factors=True):
        assert say.meaning(column), column.id
        assert say.filling(column), column.id
        assert say.period(column), column.id
        assert say.example(column), column.id
        assert empty in say.help(column)
        prompt = say.prompt(column)
        assert prompt.endswith(empty)
        assert len(prompt) <= 255


@pytest.mark.parametrize("lang", ["lv", "en"])
def test_every_example_and_every_offered_word_is_understood_by_the_reader(catalogue, contract, lang):
    import pyarrow as pa

    say = ColumnWords(catalogue, lang)
    for column in template_columns(catalogue, contract, all_factors=True):
        for text in {say.example(column), *say.choices(column)}:
            parsed = parse(pa.array([text]), column, contract.words)
            assert not any(fault.any() for fault in parsed.faults.values()), (column.id, text)
            value = parsed.values.to_pylist()[0] if hasattr(parsed.values, "to_pylist") else parsed.values[0]
            assert value == value, (column.id, text)
            assert value is not None, (column.id, text)


def test_every_column_of_numbers_refuses_what_cannot_be(tmp_path, catalogue, contract):
    path = tmp_path / "a.xlsx"
    write_template(path, catalogue=catalogue, all_factors=True, as_of=DAY, n_rows=40)
    parts = parts_of(path)
    rules = re.findall(r"<dataValidation (.*?)>", parts["xl/worksheets/sheet2.xml"])
    columns = template_columns(catalogue, contract, all_factors=True)
    assert len(rules) == len(columns)
    for column, rule in zip(columns, rules, strict=True):
        assert "showInputMessage" in rule
        assert ("showErrorMessage" in rule and "error=" in rule) == (column.kind not in ("text", "name")), column.id
        assert re.search(r'sqref="([A-Z]+)2:\1(41)"', rule)
    assert parts["xl/workbook.xml"].count('state="hidden"') == 1
    assert not any("vba" in name.lower() for name in parts)


def test_the_help_sheet_and_the_cover_are_never_read_as_pupils(tmp_path, catalogue, contract):
    path = tmp_path / "a.xlsx"
    write_template(path, catalogue=catalogue, as_of=DAY, rows=[{"name": "A", "class_id": "9.a"}])
    assert [table.sheet for table in read(path, contract)] == ["Skolēni"]


def test_the_same_wish_gives_the_same_bytes(catalogue):
    one, two = io.BytesIO(), io.BytesIO()
    write_template(one, catalogue=catalogue, as_of=DAY)
    write_template(two, catalogue=catalogue, as_of=DAY)
    assert one.getvalue() == two.getvalue()


def test_an_existing_file_is_never_overwritten(tmp_path, catalogue):
    path = tmp_path / "a.xlsx"
    path.write_text("aizpildīts")
    with pytest.raises(RecordsError, match=r"a\.xlsx.*not overwritten"):
        write_template(path, catalogue=catalogue)
    assert path.read_text() == "aizpildīts"


def test_a_folder_that_is_not_there_is_named(tmp_path, catalogue):
    with pytest.raises(RecordsError, match=r"missing.*folder"):
        write_template(tmp_path / "missing" / "a.xlsx", catalogue=catalogue)


def test_the_first_sheet_opens_first_and_pages_are_a4_landscape(tmp_path, catalogue):
    path = tmp_path / "a.xlsx"
    write_template(path, catalogue=catalogue, as_of=DAY, school="Jāņa & Annas skola")
    parts = parts_of(path)
    for number in (1, 2, 3):
        xml = parts[f"xl/worksheets/sheet{number}.xml"]
        assert 'paperSize="9"' in xml
        assert 'orientation="landscape"' in xml
        assert "Jāņa &amp;&amp; Annas skola" in xml
    assert 'tabSelected="1"' in parts["xl/worksheets/sheet1.xml"]
    assert 'state="frozen"' in parts["xl/worksheets/sheet2.xml"]
