"""Every table's columns, headings and words: recognised as people write them, none of them twice."""

import pyarrow as pa
import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.locale import LANGUAGES
from pumpurs_risk.records.contract import normal_heading, without_diacritics
from pumpurs_risk.records.sheet_schema import sheet_schema
from pumpurs_risk.records.tables import TABLES, table_contracts
from pumpurs_risk.records.tables.codes import CodeWords, normal_word
from pumpurs_risk.records.tables.contract import table_document

CONTRACTS = table_contracts(Catalogue.load())
FIELDS = [(name, each) for name, contract in CONTRACTS.items() for each in contract.columns]
CODES = [(name, each) for name, each in FIELDS if CONTRACTS[name].fields[each].kind == "code"]


@pytest.mark.parametrize("name", TABLES)
def test_every_heading_alias_and_id_means_its_own_column(name):
    contract = CONTRACTS[name]
    for each in contract.columns:
        field = contract.fields[each]
        for heading in (field.id, *field.titles.values(), *field.aliases):
            assert contract.recognise(heading) == each, heading
            assert contract.recognise(without_diacritics(heading).upper() + " :") == each, heading


@pytest.mark.parametrize("name", TABLES)
def test_no_heading_stands_twice_in_a_list(name):
    for field in CONTRACTS[name].fields.values():
        own = [normal_heading(heading) for heading in (*set(field.titles.values()), *field.aliases)]
        assert len(own) == len(set(own)), field.id


@pytest.mark.parametrize("name", TABLES)
def test_every_table_and_column_is_told_in_both_languages(name):
    contract, document = CONTRACTS[name], table_document(name)
    assert set(contract.titles) == set(LANGUAGES)
    for entry in document["fields"]:
        assert set(entry["titles"]) == set(entry["meaning"]) == set(entry["unit"]) == set(LANGUAGES), entry["name"]
        assert entry["title"] == entry["titles"]["lv"] and entry["description"] == entry["meaning"]["lv"]


@pytest.mark.parametrize("name", TABLES)
def test_whatever_the_contract_names_is_a_column(name):
    contract = CONTRACTS[name]
    named = [*contract.key, *contract.required, *contract.needed_in_row, *contract.dated, *contract.open_key]
    named += [each for group in contract.any_of for each in group] + [
        each for pair in contract.not_more_than for each in pair
    ]
    named += [each for late, early, _ in contract.not_before for each in (late, early)]
    named += [each for group in contract.needs_any_in_row for each in group]
    named += [*contract.settled_among, *contract.spelt_alike, *contract.followed_by, *contract.followed_by.values()]
    named += [*contract.otherwise, *contract.otherwise.values()]
    assert all(contract.recognise(heading) in contract.otherwise for heading in contract.doubtful)
    named += [*contract.several, *contract.settled, *contract.implied, *contract.read_as, *contract.mistaken_for]
    assert set(named) <= set(contract.columns)


@pytest.mark.parametrize(("name", "column"), CODES)
def test_every_word_means_its_code_and_no_word_two_codes(name, column):
    field = CONTRACTS[name].fields[column]
    words = CodeWords(field)
    for code, said in field.words.items():
        for word in (code, *said):
            assert words.code(word) == code, word
            assert words.code(without_diacritics(word)) == code, word


def test_case_signs_and_brackets_within_words_do_not_matter():
    status = CodeWords(CONTRACTS["absences"].fields["status"])
    for written in ("Attaisnots (slimība)", "ATTAISNOTS – SLIMĪBA", "attaisnots: slimiba", " Attaisnots  slimība. "):
        assert status.code(written) == "excused_illness", written
    assert normal_word("P. D.") == normal_word("p.d.")


@pytest.mark.parametrize(
    ("table", "column", "written", "code"),
    [
        ("absences", "status", "n", "absent_open"),
        ("absences", "status", "ns", "excused_illness"),
        ("absences", "status", "nc", "excused_other"),
        ("absences", "status", "neattaisnots", "absent_unexcused"),
        ("absences", "status", "kavējis stundas sākumu", "late"),
        ("absences", "status", "aizgājusi agrāk", "left_early"),
        ("absences", "status", "attaisnots (olimpiāde)", "excused_school_event"),
        ("outcomes", "outcome", "Atskaitīts", "dropped_out"),
        ("outcomes", "outcome", "pārtraukusi mācības", "dropped_out"),
        ("outcomes", "outcome", "absolvējis", "graduated"),
        ("outcomes", "outcome", "pārcelts uz citu izglītības iestādi", "transferred"),
        ("outcomes", "outcome", "izbraucis no valsts", "emigrated"),
        ("incidents", "kind", "Konflikts ar klasesbiedru", "peer_conflict"),
        ("marks", "kind", "PD", "test"),
        ("marks", "kind", "semestra vērtējums", "semester"),
        ("marks", "kind", "Gada vērtējums", "year"),
        ("marks", "sign", "A", "A"),
        ("marks", "sign", "a", "exempt"),
        ("assessments", "factor", "Mācību motivācija", "motivation"),
        ("assessments", "role", "sociālā pedagoģe", "social_pedagogue"),
        ("support", "measure", "psihologa konsultācijas", "psychologist"),
        ("decisions", "decision", "noraidīts", "dismissed"),
    ],
)
def test_the_words_of_journals_and_of_the_state_register(table, column, written, code):
    assert CodeWords(CONTRACTS[table].fields[column]).code(written) == code


def test_a_factor_of_the_users_own_can_be_assessed():
    own = Catalogue.load().extend({"factors": {"motivation": {"heading": {"lv": "Griba", "en": "Drive"}}}})
    assert CodeWords(table_contracts(own)["assessments"].fields["factor"]).code("griba") == "motivation"
    assert CodeWords(CONTRACTS["assessments"].fields["factor"]).code("griba") is None


def test_attributes_for_auditing_are_never_factors():
    catalogue = Catalogue.load()
    assert not {"sex", "instruction_language", "special_education"} & set(catalogue.factors)
    assert {"sex", "instruction_language", "special_education"} <= set(CONTRACTS["pupils"].columns)
    assert CONTRACTS["absences"].recognise("Dzimums") is None and CONTRACTS["absences"].is_protected("Dzimums")


def test_columns_that_say_whose_row_it_is_are_known_everywhere_and_typed_nowhere():
    for contract in CONTRACTS.values():
        if contract.owned:
            assert contract.recognise("Vārds, uzvārds") == "name" and contract.recognise("Klase") == "class_id"
            assert "name" not in contract.arrow_schema.names
    assert "class_id" not in CONTRACTS["absences"].columns


def test_types_are_text_float64_and_date32():
    schema = CONTRACTS["marks"].arrow_schema
    assert {str(kind) for kind in schema.types} == {"string", "double", "date32[day]"}
    assert schema.field("mark").type == pa.float64() and schema.field("corrected_on").type == pa.date32()


def test_what_a_table_lacks_is_told():
    absences = CONTRACTS["absences"]
    assert absences.lacking({"date"}) == ("pupil_id", "status")
    assert absences.lacking({"name", "date", "lessons_missed"}) == ()


def test_factors_that_stand_in_the_roll_are_described_as_in_the_sheet():
    catalogue = Catalogue.load()
    sheet = {entry["name"]: entry for entry in sheet_schema(catalogue)["fields"]}
    shared = [entry for entry in table_document("pupils")["fields"] if entry["name"] in catalogue.factors]
    assert {entry["name"] for entry in shared} == {"distance", "lodging", "repeated_level", "school_changes"}
    for entry in shared:
        for key in ("type", "constraints", "kind", "titles", "unit", "meaning"):
            assert entry.get(key) == sheet[entry["name"]].get(key), (entry["name"], key)
