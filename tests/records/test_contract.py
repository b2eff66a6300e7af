"""The sheet's columns, how headings are recognised, and the published schema."""

import json
from itertools import combinations
from pathlib import Path

import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.errors import CatalogueError
from pumpurs_risk.records.contract import Field, SheetContract, normal_heading, without_diacritics
from pumpurs_risk.records.sheet_schema import records_package, sheet_schema
from pumpurs_risk.resources import resource


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


@pytest.fixture(scope="module")
def contract(catalogue):
    return SheetContract.load(catalogue)


def ways(field):
    return [field.id, *field.titles.values(), *field.aliases]


def test_every_heading_alias_and_id_means_its_own_column(contract):
    for field in contract.fields.values():
        for heading in ways(field):
            assert contract.recognise(heading) == field.id, heading


def test_case_spaces_marks_hints_and_diacritics_do_not_matter(contract):
    for field in contract.fields.values():
        for heading in field.titles.values():
            for changed in (
                heading.upper(),
                f"  {heading} : ",
                f"{heading}*",
                heading.replace(" ", "\u00a0 "),
                f"{heading} (piem.)",
            ):
                assert contract.recognise(changed) == field.id, changed
    assert contract.recognise("Videjais vertejums") == "mean_mark"
    assert contract.recognise("KAVETAS STUNDAS:") == "lessons_missed"


def test_no_two_columns_share_an_id_or_heading(contract):
    for one, other in combinations(contract.fields.values(), 2):
        strong = [{normal_heading(text) for text in (field.id, *field.titles.values())} for field in (one, other)]
        assert not strong[0] & strong[1], (one.id, other.id)
        bare = [{without_diacritics(text) for text in texts} for texts in strong]
        assert not bare[0] & bare[1], (one.id, other.id)


def test_a_heading_that_two_columns_could_mean_is_not_guessed():
    one = Field("one", "number", {"lv": "Pirmā", "en": "First"}, aliases=("tas pats",))
    two = Field("two", "number", {"lv": "Otrā", "en": "Second"}, aliases=("Tas pats",))
    contract = SheetContract(fields={"one": one, "two": two})
    assert contract.recognise("tas pats") is None
    assert contract.recognise("pirmā") == "one"


def test_an_alias_that_would_take_another_columns_heading_is_refused(catalogue):
    greedy = {"factors": {"motivation": {"aliases": ["klase"]}}}
    with pytest.raises(CatalogueError, match="klase"):
        catalogue.extend(greedy)


def test_an_unknown_heading_means_nothing_and_the_nearest_is_named(contract):
    assert contract.recognise("Mīļākā krāsa") is None
    assert contract.recognise("") is None
    assert contract.nearest("Kavētas stunds") == "Kavētās stundas"
    assert contract.nearest("qqqq") is None


def test_protected_attributes_are_told_apart_from_school_facts(contract):
    assert contract.is_protected("Dzimums") and contract.is_protected("Nationality")
    assert not contract.is_protected("Kavētās stundas")


def test_a_users_factor_becomes_a_column(catalogue):
    own = catalogue.extend({"factors": {"motivation": {"heading": {"lv": "Griba", "en": "Drive"}}}})
    assert SheetContract.load(own).recognise("griba") == "motivation"
    assert SheetContract.load(catalogue).recognise("griba") is None


def test_limits_are_the_factors_plausible_range(catalogue, contract):
    for factor in catalogue.factors.values():
        field = contract.fields[factor.id]
        assert (field.minimum, field.maximum) == (factor.range or (None, None))


def test_the_published_schema_is_what_the_catalogue_gives(catalogue):
    stored = json.loads(resource("data_schema", "factor_sheet.json").read_text(encoding="utf-8"))
    assert stored == json.loads(json.dumps(sheet_schema(catalogue))), "run: python -m pumpurs_risk.records.sheet_schema"
    package = json.loads(resource("data_schema", "datapackage.json").read_text(encoding="utf-8"))
    assert package == json.loads(json.dumps(records_package(catalogue))), (
        "run: python -m pumpurs_risk.records.sheet_schema"
    )


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
def test_frictionless_finds_the_package_valid():
    frictionless = pytest.importorskip("frictionless")
    report = frictionless.validate(str(resource("data_schema", "datapackage.json")))
    assert report.valid, report.flatten(["rowNumber", "fieldName", "type", "message"])


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
def test_frictionless_and_this_library_refuse_the_same_cells(tmp_path: Path):
    frictionless = pytest.importorskip("frictionless")
    from pumpurs_risk.records import read_records

    table = tmp_path / "sheet.csv"
    table.write_text(
        "pupil_id,class_id,mean_mark,failing_subjects,repeated_level,birth_date,lessons_held\n"
        "001,9.a,7.5,0,nē,2011-03-05,500\n"
        "002,9.a,11,0,jā,2011-03-05,500\n"
        "003,9.a,abc,2.5,maybe,2011-02-31,-1\n"
        "004,9.a,,,,,\n",
        encoding="utf-8",
    )
    schema = frictionless.Schema.from_descriptor(str(resource("data_schema", "factor_sheet.json")))
    kept = table.read_text(encoding="utf-8").splitlines()[0].split(",")
    schema.fields = [schema.get_field(name) for name in kept]
    theirs = frictionless.Resource(path="sheet.csv", basepath=str(tmp_path), schema=schema).validate()
    named = {(row, name) for row, name in theirs.flatten(["rowNumber", "fieldName"])}
    ours = read_records(table, as_of="2027-01-15").report.problems
    assert {(row, column) for row, column in zip(ours["row"], ours["column"], strict=True)} == named
    assert len(named) == 6
