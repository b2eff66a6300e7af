"""Which table is it: by its name where that fits, else by its headings."""

import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.records.contract import SheetContract
from pumpurs_risk.records.tables import TABLES
from pumpurs_risk.records.tables.recognise import named_tables, recognised, settle_doubtful, which_table


def columns(*headings, **cells):
    return {each: ["1"] for each in headings} | {name: [cell] for name, cell in cells.items()}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("lang", ["lv", "en", "id"])
def test_a_table_with_all_its_columns_is_that_table(name, lang, contracts, raw_table):
    contract = contracts[name]
    headings = [each if lang == "id" else contract.fields[each].titles[lang] for each in contract.columns]
    assert which_table(raw_table(columns(*headings)), contracts) == name


@pytest.mark.parametrize(
    ("headings", "name"),
    [
        (("Skolēns", "Datums", "Priekšmets", "Atzīme"), "marks"),
        (("ID", "Priekšmets", "Semestris", "Vērtējums"), "marks"),
        (("ID", "Datums", "Kavējuma veids"), "absences"),
        (("ID", "Datums", "Stunda", "Kavējuma kods", "Ierakstīts"), "absences"),
        (("ID", "Datums", "Riska faktors", "Vērtība"), "assessments"),
        (("ID", "No", "Līdz", "Pasākums"), "support"),
        (("Skola", "Atbalsta pasākums", "Stundas nedēļā"), "offers"),
        (("Semestris", "Sākums", "Beigas"), "semesters"),
    ],
)
def test_headings_as_schools_write_them(headings, name, contracts, raw_table):
    assert which_table(raw_table(columns(*headings)), contracts) == name


def test_equal_headings_are_told_apart_by_the_words_in_the_cells(contracts, raw_table):
    for words, name in ((["n", "ns"], "absences"), (["atskaitīts", "absolvējis"], "outcomes"), (["?", "-"], None)):
        raw = raw_table({"ID": ["1", "2"], "Datums": ["05.10.2026.", "06.10.2026."], "Statuss": words})
        assert which_table(raw, contracts) == name


def test_a_factor_sheet_is_no_event_table(contracts, raw_table):
    sheet = SheetContract.load(Catalogue.load())
    titles = [each.titles["lv"] for each in sheet.fields.values()]
    assert which_table(raw_table(columns(*titles)), contracts) is None
    assert which_table(raw_table(columns(*titles), sheet="Skolēni"), contracts) is None
    few = ("Vārds, uzvārds", "Klase", "Kavētās stundas", "Notikušās stundas", "Neattaisnoti kavētās stundas")
    assert which_table(raw_table(columns(*few), file="kavejumi.csv"), contracts) is None
    ambiguous = ("ID", "Datums", "Kavētās stundas", "Notikušās stundas")
    assert which_table(raw_table(columns(*ambiguous)), contracts) is None
    assert which_table(raw_table(columns(*ambiguous), file="Kavējumi 2026.csv"), contracts) == "absences"


@pytest.mark.parametrize(
    ("file", "sheet", "names"),
    [
        ("kalvene/kavejumi_2026.csv", "", ["absences"]),
        ("9a.xlsx", "Vērtējumi", ["marks"]),
        ("marks.xlsx", "Kavējumi", ["absences"]),
        ("absences.parquet", "", ["absences"]),
        ("Sekmju izraksts 9.a.csv", "", ["marks"]),
        ("9a.csv", "Lapa1", []),
    ],
)
def test_names_of_files_and_worksheets(file, sheet, names, contracts, raw_table):
    assert named_tables(raw_table(columns("ID"), file=file, sheet=sheet), contracts) == names


def test_a_name_alone_makes_no_table(contracts, raw_table):
    raw = raw_table(columns("ID", "Zirgi"), file="absences.csv")
    assert which_table(raw, contracts) is None
    assert contracts["absences"].lacking({"pupil_id"}) == ("date", "status")


@pytest.mark.parametrize(
    ("cells", "meant"),
    [
        (["05.10.2026.", None], {"excused_on": "Attaisnots"}),
        (["slimība", None], {"status": "Attaisnots"}),
        ([None, ""], {"excused_on": "Attaisnots"}),
    ],
)
def test_a_heading_that_may_mean_a_day_or_a_kind_is_read_by_its_cells(cells, meant, contracts, raw_table):
    raw = raw_table({"ID": ["7", "8"], "Datums": ["05.10.2026."] * 2, "Attaisnots": cells})
    found = settle_doubtful(raw, contracts["absences"], {"excused_on": "Attaisnots"})
    assert found == meant and recognised(raw, contracts["absences"]) == {"pupil_id", "date", *meant}


def test_a_kind_with_a_heading_of_its_own_is_not_replaced(contracts, raw_table):
    raw = raw_table({"ID": ["7"], "Datums": ["05.10.2026."], "Kavējums": ["n"], "Attaisnots": ["jā"]})
    assert recognised(raw, contracts["absences"]) == {"pupil_id", "date", "status", "excused_on"}
