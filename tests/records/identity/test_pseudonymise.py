"""A table that leaves the house holds no name and no personal code."""

import pyarrow as pa
import pytest

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.records.identity.key_file import KeyFile
from pumpurs_risk.records.identity.pseudonymise import pseudonymise_table


@pytest.fixture
def key(tmp_path):
    return KeyFile.create(tmp_path / "k.key.json")


def everything(table):
    return str({heading: column.to_pylist() for heading, column in table.columns.items()})


def test_names_go_into_the_key_file_and_ids_take_their_place(key):
    columns = {
        "Vārds": pa.array(["Jānis", "Anna", "Jānis", "Jānis"]),
        "Uzvārds": pa.array(["Bērziņš", "Liepa", "Kalns", "Kalns"]),
        "Klase": pa.array(["9.a", "9.a", "9.a", "9.b"]),
        "Identifikators": pa.array(["1", "2", "3", "4"]),
    }
    table = pseudonymise_table(columns, key, name_headings=["Vārds", "Uzvārds"], class_heading="Klase", school_id="x")
    assert list(table.columns) == ["Identifikators (2)", "Klase", "Identifikators"]
    ids = table.columns["Identifikators (2)"].to_pylist()
    assert ids == [*key.names_to_ids(["Jānis Bērziņš", "anna liepa"], "x")[0], "", ""]
    assert table.ambiguous.tolist() == [False, False, True, True]
    assert "Bērziņš" not in everything(table)
    assert sorted(key.names["name"]) == ["Anna Liepa", "Jānis Bērziņš"]


def test_ids_and_personal_codes_become_pseudonyms_wherever_they_stand(key):
    columns = {
        "Personas kods": pa.array(["321234-56789", "150309-21234", None]),
        "Vārds, uzvārds": pa.array(["Jānis", "Anna", ""]),
        "Lietotājs": pa.array(["32123456789", "anna", None]),
        "Piezīmes": pa.array(["brālis 150309-21234, māsa 32123456789", "nav", None]),
        "Stundas": pa.array([1, 2, None]),
    }
    table = pseudonymise_table(columns, key, id_heading="Personas kods", name_headings=["Vārds, uzvārds"], scope="")
    first, second = key.pseudonym(["32123456789", "15030921234"])
    assert table.columns["Personas kods"].to_pylist() == [first, second, ""]
    assert table.columns["Lietotājs"].to_pylist() == [first, "anna", ""]
    assert table.columns["Piezīmes"].to_pylist() == ["brālis [...], māsa [...]", "nav", ""]
    assert table.columns["Stundas"].to_pylist() == [1, 2, None]
    assert table.codes_found == {"Personas kods": 2, "Lietotājs": 1, "Piezīmes": 1}
    assert "21234" not in everything(table)
    assert key.names[["pupil_id", "own_id"]].to_numpy().tolist() in (
        [[first, ""], [second, ""]],
        [[second, ""], [first, ""]],
    )


def test_two_codes_side_by_side_are_both_cut_out(key):
    columns = {"id": pa.array(["1"]), "x": pa.array(["150309-21234 160309-21234"])}
    assert pseudonymise_table(columns, key, id_heading="id").columns["x"].to_pylist() == ["[...] [...]"]


def test_ids_of_two_schools_are_kept_apart_unless_the_scope_says_otherwise(key):
    columns = {"id": pa.array([7, 7])}
    apart = pseudonymise_table(columns, key, id_heading="id", school_id=["x", "y"]).columns["id"].to_pylist()
    together = (
        pseudonymise_table(columns, key, id_heading="id", school_id=["x", "y"], scope="").columns["id"].to_pylist()
    )
    assert apart[0] != apart[1]
    assert together[0] == together[1]


@pytest.mark.parametrize(
    ("headings", "code"),
    [
        ({}, "no_pupil_column"),
        ({"id_heading": "nav"}, "column_missing"),
        ({"name_headings": ["nav"]}, "column_missing"),
    ],
)
def test_a_table_without_the_named_columns_is_refused(key, headings, code):
    with pytest.raises(RecordsError) as caught:
        pseudonymise_table({"Klase": pa.array(["9.a"])}, key, **headings)
    assert caught.value.code == code
    assert caught.value.message("lv")
