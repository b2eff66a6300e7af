"""Writes the records' contract as Frictionless Table Schemas and a Data Package, for tools that do not use this library.

``python -m pumpurs_risk.records.sheet_schema`` brings the factors' fields in ``data_schema/`` up to date with the
catalogue; a test compares them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pumpurs_risk.locale import LANGUAGES
from pumpurs_risk.records.contract import Field, factor_field, sheet_document
from pumpurs_risk.records.tables.contract import TABLES, table_document
from pumpurs_risk.resources import resource

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue

_JSON_TYPES = {"text": "string", "whole": "integer", "year": "integer", "yes_no": "boolean", "date": "date"}


def sheet_schema(catalogue: Catalogue) -> dict[str, Any]:
    """Write the whole contract of the sheet as a Frictionless Table Schema.

    Parameters
    ----------
    catalogue : Catalogue
        Whose factors to describe.

    Returns
    -------
    dict
        What ``data_schema/factor_sheet.json`` holds for the shipped catalogue.
    """
    document = dict(sheet_document())
    own = [entry for entry in document["fields"] if not entry.get("factor")]
    factors = [_described(factor_field(factor)) for factor in catalogue.factors.values()]
    return document | {"fields": own + factors}


def records_package(catalogue: Catalogue) -> dict[str, Any]:
    """Write the Frictionless Data Package that lists the sheet and the event tables, each with made rows as an example.

    Parameters
    ----------
    catalogue : Catalogue
        Whose factors the example's header names.

    Returns
    -------
    dict
        What ``data_schema/datapackage.json`` holds for the shipped catalogue.
    """
    example = {
        "pupil_id": "007",
        "class_id": "9.a",
        "birth_year": "2011",
        "lessons_held": "512",
        "lessons_missed": "40",
        "unexcused_raw": "6",
    }
    header = [entry["name"] for entry in sheet_schema(catalogue)["fields"]]
    return {
        "name": "pumpurs-risk-records",
        "title": "Skolas dati agrīnai brīdināšanai / School records for early warning",
        "licenses": [{"name": "MIT"}],
        "resources": [
            {
                "name": "factor_sheet",
                "title": "Riska faktoru lapa / Factor sheet",
                "type": "table",
                "data": [header, [example.get(name, "") for name in header]],
                "schema": "factor_sheet.json",
            },
            *(_table_resource(name) for name in TABLES),
        ],
    }


def _table_resource(name: str) -> dict[str, Any]:
    document = table_document(name)
    header = [entry["name"] for entry in document["fields"]]
    return {
        "name": name,
        "title": " / ".join(document["titles"][lang] for lang in LANGUAGES),
        "type": "table",
        "data": [header, *document["examples"]],
        "schema": f"{name}.json",
    }


def _described(column: Field) -> dict[str, Any]:
    json_type = _JSON_TYPES.get(column.kind, "number")
    entry: dict[str, Any] = {
        "name": column.id,
        "type": json_type,
        "title": column.titles["lv"],
        "description": column.meaning["lv"],
    }
    if json_type == "boolean":
        entry |= {
            "trueValues": ["1", "1.0", "jā", "yes", "true"],
            "falseValues": ["0", "0.0", "nē", "no", "false"],
        }
    limits: dict[str, Any] = {}
    if json_type in ("integer", "number"):
        whole = json_type == "integer"
        limits = {
            name: int(limit) if whole else limit
            for name, limit in (("minimum", column.minimum), ("maximum", column.maximum))
            if limit is not None
        }
    if column.allowed:
        limits = {"enum": list(column.allowed)}
    if limits:
        entry["constraints"] = limits
    entry |= {
        "factor": True,
        "kind": column.kind,
        "titles": dict(column.titles),
        "aliases": list(column.aliases),
        "unit": dict(column.unit),
        "meaning": dict(column.meaning),
    }
    if column.scale:
        entry["scale"] = {lang: list(words) for lang, words in column.scale.items()}
    return entry


def _main() -> None:
    """Write the catalogue's factors into ``data_schema/`` (part of the project's build, run by hand)."""
    from pumpurs_risk.catalogue import Catalogue

    catalogue = Catalogue.load()
    folder = resource("data_schema")
    folder.joinpath("factor_sheet.json").write_text(_as_json(sheet_schema(catalogue)), encoding="utf-8")
    folder.joinpath("datapackage.json").write_text(_as_json(records_package(catalogue)), encoding="utf-8")


def _as_json(document: Mapping[str, Any]) -> str:
    """JSON with one key of a field per line: readable, and a changed factor is a small difference."""

    def line(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False)

    def block(value: Any, depth: int) -> str:
        pad = "  " * depth
        if isinstance(value, dict) and value and (depth < 2 or "kind" in value):
            inside = ",\n".join(f"{pad}  {line(key)}: {block(each, depth + 1)}" for key, each in value.items())
            return f"{{\n{inside}\n{pad}}}"
        if isinstance(value, list) and value and isinstance(value[0], dict):
            inside = ",\n".join(f"{pad}  {block(each, depth + 1)}" for each in value)
            return f"[\n{inside}\n{pad}]"
        return line(value)

    return block(dict(document), 0) + "\n"


if __name__ == "__main__":
    _main()
