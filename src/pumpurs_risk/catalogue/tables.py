"""Merges the shipped tables with the user's: a later entry completes or overrides an earlier one, field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pumpurs_risk.catalogue.entries import (
    BaseRate,
    CalendarRules,
    Construct,
    ContextColumn,
    Goal,
    Partner,
    Programme,
    ProtectedAttribute,
    RiskFactor,
    RiskGroup,
    Role,
    Semester,
    Signal,
    SupportMeasure,
    WorkLimit,
)
from pumpurs_risk.catalogue.entry_types import nearest, to_entry
from pumpurs_risk.catalogue.sources import EntryError, Source, Table

ENTRY_TYPES: dict[str, type[msgspec.Struct]] = {
    "groups": RiskGroup,
    "constructs": Construct,
    "factors": RiskFactor,
    "roles": Role,
    "partners": Partner,
    "measures": SupportMeasure,
    "goals": Goal,
    "base_rates": BaseRate,
    "work_limits": WorkLimit,
    "signals": Signal,
    "semesters": Semester,
    "context": ContextColumn,
    "protected": ProtectedAttribute,
}
"""Tables of entries, by the name they have in TOML."""
SINGLE_TYPES: dict[str, type[msgspec.Struct]] = {"calendar": CalendarRules, "programme": Programme}
"""Tables that are one entry."""
FIXED = ("context", "protected")
"""Tables whose shipped entries nobody may change; protected attributes may be added, columns of the factor table not."""
SCHEMA_VERSION = 1
_TEXTS_INSIDE = {"sentences": 2, "typical": 0, "learner": 2, "together": 2}
"""How deep a field is completed rather than replaced; 1 where nothing is said (a text per language, a contrast)."""


def source_of(entry: msgspec.Struct) -> Source:
    """Treat one entry made in Python as if it stood in a file of its own.

    Raises
    ------
    TypeError
        If it is no catalogue entry.
    ValueError
        If its id is empty.
    """
    table = next((name for name, kind in ENTRY_TYPES.items() if type(entry) is kind), None)
    entry_id = getattr(entry, "id", "")
    if table is None:
        raise TypeError(f"a catalogue is extended with paths, mappings and entries, got {type(entry).__name__}")
    if not entry_id:
        raise ValueError(f"a {type(entry).__name__} needs an id to be added to a catalogue")
    raw = {key: value for key, value in msgspec.to_builtins(entry).items() if key != "id" and value is not None}
    return Source(f"{type(entry).__name__}({entry_id!r})", {table: {entry_id: raw}}, replaces=True)


class Tables:
    """Raw tables of several sources, merged in order; knows where everything was written.

    Parameters
    ----------
    sources : sequence of Source
        The shipped files first, then the user's.
    n_shipped : int
        How many of them are shipped.

    Raises
    ------
    EntryError
        If a table is unknown, or a user's source changes what is fixed.
    """

    def __init__(self, sources: Sequence[Source], n_shipped: int) -> None:
        self.sources = tuple(sources)
        self.n_shipped = n_shipped
        self.merged: dict[str, Table] = {name: {} for name in (*ENTRY_TYPES, *SINGLE_TYPES)}
        for position, source in enumerate(self.sources):
            self._add(source, shipped=position < n_shipped)

    def _add(self, source: Source, *, shipped: bool) -> None:
        for table, content in source.tables.items():
            if table == "schema_version":
                if content != SCHEMA_VERSION:
                    raise self._error_in(
                        source, "catalogue_schema_version", [table], found=content, known=SCHEMA_VERSION
                    )
                continue
            if table not in self.merged:
                known = [name for name in self.merged if name not in FIXED]
                raise self._error_in(
                    source, "catalogue_table_unknown", [table], table=table, known=nearest(table, known)
                )
            if not isinstance(content, Mapping):
                raise self._error_in(source, "catalogue_no_table", [table], table=table)
            if table in SINGLE_TYPES:
                self.merged[table] = _completed(self.merged[table], content)
                continue
            for entry, raw in content.items():
                if not isinstance(raw, Mapping):
                    raise self._error_in(source, "catalogue_no_table", [table, entry], table=f"{table}.{entry}")
                before = self.merged[table].get(entry)
                if not shipped and (table == "context" or (table in FIXED and before is not None)):
                    raise self._error_in(source, "catalogue_entry_fixed", [table, entry])
                earlier: Mapping[str, Any] = {} if before is None or source.replaces else before
                self.merged[table][entry] = _completed(earlier, raw)

    def entries(self, table: str) -> dict[str, Any]:
        """Convert one table to typed entries, in order of appearance.

        Raises
        ------
        EntryError
            Naming file, line, entry and field of the first that does not fit its type.
        """
        kind = ENTRY_TYPES[table]
        return {
            entry: to_entry(
                raw, kind, lambda code, path, entry=entry, **params: self.error(code, table, entry, path, **params)
            )
            for entry, raw in self.with_ids(table).items()
        }

    def single(self, table: str) -> Any:
        """Convert a table that is one entry."""
        return to_entry(
            self.merged[table],
            SINGLE_TYPES[table],
            lambda code, path, **params: self.error(code, table, None, path, **params),
        )

    def with_ids(self, table: str) -> dict[str, Table]:
        """Raw entries of a table, each with its id where its type has one."""
        has_id = "id" in ENTRY_TYPES[table].__struct_fields__
        raw_entries = self.merged[table]
        for entry, raw in raw_entries.items():
            if "id" in raw:
                raise self.error("catalogue_id_given", table, entry, ["id"])
        return {entry: {**raw, "id": entry} if has_id else raw for entry, raw in raw_entries.items()}

    def error(self, code: str, table: str, entry: str | None, path: Sequence[str] = (), **params: Any) -> EntryError:
        """Make an error about an entry; the newest source that wrote of the entry is named, with the nearest line."""
        full = [table, *([entry] if entry is not None else []), *path]
        return self._error_in(self.newest(table, entry), code, full, **params)

    def newest(self, table: str, entry: str | None) -> Source:
        """Find the last source that says anything of an entry."""
        for source in reversed(self.sources):
            content = source.tables.get(table)
            if content is not None and (entry is None or entry in content):
                return source
        return self.sources[-1]

    def age(self, table: str, entry: str) -> int:
        """Position of the last source that says anything of an entry: the larger, the newer."""
        return self.sources.index(self.newest(table, entry))

    @staticmethod
    def _error_in(source: Source, code: str, path: Sequence[str], **params: Any) -> EntryError:
        depth = 1 if path[0] in SINGLE_TYPES else 2
        return EntryError(
            code,
            file=source.name,
            line=source.line(path),
            entry=".".join(path[:depth]),
            field=".".join(path[depth:]),
            **params,
        )


def _completed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Table:
    """Override single fields of an entry; texts per language and small tables are completed key by key."""
    result = dict(before)
    for field, value in after.items():
        result[field] = _merged(result.get(field), value, _TEXTS_INSIDE.get(field, 1))
    return result


def _merged(before: Any, after: Any, depth: int) -> Any:
    if depth == 0 or not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return after
    return {**before, **{key: _merged(before.get(key), value, depth - 1) for key, value in after.items()}}
