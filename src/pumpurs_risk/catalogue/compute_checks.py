"""What must hold of an entry that says how a factor is counted: its table has the columns, and the columns such values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from pumpurs_risk.catalogue.entries import Computed
from pumpurs_risk.catalogue.entry_types import nearest
from pumpurs_risk.resources import resource

_NUMBERS = {
    "absences": ("lessons_missed", "lessons_held"),
    "marks": ("mark", "percent"),
    "incidents": ("severity",),
    "assessments": ("value",),
}
"""By table, the columns that can be summed up."""
_NEVER = ("pupil_id", "record_id")
_NEEDS_COLUMN = ("sum", "max", "latest")


def compute_problems(rule: Computed) -> Iterator[tuple[str, tuple[str, ...], dict[str, Any]]]:
    """Find what is wrong with a rule.

    Parameters
    ----------
    rule : Computed
        The entry's ``compute``.

    Yields
    ------
    tuple of (str, tuple of str, dict)
        Code of the error, path of keys inside the entry, what its sentence needs.

    Examples
    --------
    >>> rule = Computed(table="incidents", aggregate="count", where={"kind": ("fight",)})
    >>> [(code, path) for code, path, _ in compute_problems(rule)]
    [('catalogue_compute_value', ('compute', 'where', 'kind'))]
    """
    words = _words(rule.table)
    for column, values in rule.where.items():
        if column not in words:
            yield _unknown(column, ("compute", "where", column), rule.table, list(words))
            continue
        known = words[column]
        for value in values:
            if known and value not in known:
                params = {"value": value, "column": column, "known": nearest(value, list(known))}
                yield "catalogue_compute_value", ("compute", "where", column), params
    if rule.aggregate in _NEEDS_COLUMN and rule.column not in _NUMBERS[rule.table]:
        yield _unknown(rule.column, ("compute", "column"), rule.table, list(_NUMBERS[rule.table]))


def _unknown(
    column: str, path: tuple[str, ...], table: str, known: list[str]
) -> tuple[str, tuple[str, ...], dict[str, Any]]:
    return "catalogue_compute_column", path, {"column": column, "rows": table, "known": nearest(column, known)}


@cache
def _words(table: str) -> dict[str, tuple[str, ...]]:
    """Columns of words of a table, each with the values that it may hold; empty where any may stand."""
    document = json.loads(resource("data_schema", f"{table}.json").read_text(encoding="utf-8"))
    texts = [
        field for field in document["fields"] if field["type"] == "string" and field["name"] not in _NUMBERS[table]
    ]
    return {field["name"]: tuple(field.get("words") or ()) for field in texts}
