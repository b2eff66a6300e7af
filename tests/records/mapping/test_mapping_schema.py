"""data_schema/mapping.json describes the same grammar as the reader, for editors that check TOML while it is written."""

import json
import re
import tomllib
from pathlib import Path

import jsonschema
import pytest

from pumpurs_risk.records.mapping import grammar as mapping_file
from pumpurs_risk.records.mapping import plan as mapping_plan
from pumpurs_risk.records.tables.contract import TABLES
from pumpurs_risk.resources import resource

TOP = Path(__file__).parents[3]
SCHEMA = json.loads(resource("data_schema", "mapping.json").read_text(encoding="utf-8"))
PAGE = (TOP / "docs" / "mapping.md").read_text(encoding="utf-8")
MAPPINGS = [path.read_text(encoding="utf-8") for path in sorted((TOP / "examples").glob("uci-*.toml"))]
MAPPINGS += re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
MAPPINGS += [
    path.read_text(encoding="utf-8") for path in sorted(Path(mapping_file.__file__).parent.glob("shipped/*.toml"))
]


def test_the_schema_is_a_schema_and_every_shipped_mapping_fits_it():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert len(MAPPINGS) >= 12
    for text in MAPPINGS:
        jsonschema.validate(tomllib.loads(text), SCHEMA, jsonschema.Draft202012Validator)


def test_the_schema_knows_exactly_the_keys_and_operations_of_the_reader():
    column = SCHEMA["$defs"]["column"]["anyOf"][1]["properties"]
    assert set(SCHEMA["properties"]) == set(mapping_file.SECTIONS)
    assert set(SCHEMA["properties"]["file"]["properties"]) == set(mapping_file.FILE_KEYS)
    assert set(SCHEMA["properties"]["cover"]["properties"]) == set(mapping_file.COVER_KEYS)
    assert set(column) == set(mapping_file.COLUMN_KEYS)
    assert set(SCHEMA["$defs"]["melt"]["properties"]) == set(mapping_file.MELT_KEYS)
    assert set(SCHEMA["$defs"]["table"]["properties"]) == set(mapping_file.TABLE_KEYS)
    assert set(SCHEMA["$defs"]["table"]["properties"]["table"]["enum"]) == {mapping_plan.SHEET, *TABLES}
    assert set(SCHEMA["$defs"]["notices"]["items"]["enum"]) == set(mapping_file.NOTICES)
    assert set(column["period"]["enum"]) == set(mapping_plan.PERIODS)
    for key, operations in (("combine", mapping_plan.COMBINATIONS), ("aggregate", mapping_plan.AGGREGATES)):
        named = set(column[key]["anyOf"][0]["enum"]) | set(SCHEMA["$defs"]["threshold"]["properties"])
        assert named == set(operations)


@pytest.mark.parametrize(
    "text",
    [
        "title = 'no columns'",
        "[columns]\npupil_id = 3",
        "[columns.pupil_id]\nfrom = 'No'\nvalue = 1",
        "[columns.age]\nfrom = 'Age'\nmultiplier = 2",
        "[columns.age]\nfrom = 'Age'\nother = 2",
        "[columns.age]\nfrom = 'Age'\nround = 0.5",
        "[columns.age]\nfrom = 'Age'\nround = -1",
        "[columns.age]\nfrom = ['A', 'B']\ncombine = 'average'",
        "[melt]\ncolumns = 'A'\nname = 's'\nvalue = 'm'\n[columns]\npupil_id = 'No'",
        "[[tables]]\ntable = 'absence'\n[tables.columns]\ndate = 'D'",
        "[[tables]]\ntable = 'absences'",
        "[where]\nA = 1\n[[tables]]\ntable = 'absences'\n[tables.columns]\ndate = 'D'",
        "[columns.age]\nfrom_file = 'no part'",
        "[columns.age]\nfrom = 'A'\nperiod = 'month'",
        "[columns.age]\nfrom = 'A'\nfrom_sheet = '{}'",
    ],
)
def test_what_the_reader_refuses_does_not_fit_the_schema(text):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(text), SCHEMA, jsonschema.Draft202012Validator)
