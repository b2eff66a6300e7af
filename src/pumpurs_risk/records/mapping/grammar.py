"""The grammar of a mapping file: reads the TOML, checks every key, and says on which line something is wrong.

Nothing here looks at a pupil's data; ``mapping.py`` applies what is read here. The grammar is explained for its users
in ``docs/mapping.md``.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import pyarrow as pa

from pumpurs_risk.catalogue.toml_lines import key_lines
from pumpurs_risk.errors import MappingError
from pumpurs_risk.records.contract import Field, SheetContract
from pumpurs_risk.records.mapping.column_grammar import COLUMN_KEYS, CONDITION_KEYS, ColumnGrammar
from pumpurs_risk.records.mapping.keys import Keys, as_toml, as_written, nearest
from pumpurs_risk.records.mapping.plan import DATES, SHEET, Column, Heading, Melt, Plan, Reading, folded
from pumpurs_risk.records.validation.parsing import parse

if TYPE_CHECKING:
    from pumpurs_risk.records.tables.contract import TableContract

__all__ = [
    "COLUMN_KEYS", "CONDITION_KEYS", "COVER_KEYS", "FILE_KEYS", "MELT_KEYS", "NOTICES", "SECTIONS", "TABLE_KEYS",
    "nearest", "read_plan",
]  # fmt: skip

COVER_KEYS = ("school", "municipality", "as_of", "semester", "programme", "places", "lessons_held")
_MAKING = ("where", "melt", "steps", "group", "columns")
SECTIONS = ("title", "notices", "file", "cover", *_MAKING, "tables")
TABLE_KEYS = ("table", "files", "sheets", "headings", "notices", *_MAKING)
FILE_KEYS = ("encoding", "sheet", "decimal", "missing")
MELT_KEYS = (
    "columns", "except", "name", "value", "number", "entries", "beside", "where", "split", "repeat", "keep_empty",
    "optional",
)  # fmt: skip
NOTICES = ("unconfirmed", "excuse_not_told", "dated_by_period")
"""What a mapping may ask the report to say when it is used."""
_PLACES = Field("places", "whole", {}, minimum=0, maximum=100_000)


def read_plan(
    text: str,
    path: str,
    contract: SheetContract,
    tables: Callable[[], Mapping[str, TableContract]] | None = None,
) -> Plan:
    """Read and check the text of a mapping file.

    Parameters
    ----------
    text : str
        The TOML.
    path : str
        Name of the file, for the messages.
    contract : SheetContract
        The columns a sheet can have.
    tables : callable, optional
        Gives the event tables that can be made, by name; asked only if the mapping makes any.

    Returns
    -------
    Plan
        What to do.

    Raises
    ------
    MappingError
        At the first thing that cannot be followed; names the line, the key, and what was expected.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = re.search(r"line (\d+)", str(error))
        line = int(said[1]) if said else text.count("\n") + 1
        shown = text.replace("\r\n", "\n").split("\n")[line - 1].strip()
        raise MappingError("mapping_syntax", path=path, line=line, shown=shown) from None
    return _Document(path, key_lines(text), contract, tables).plan(document)


class _Document(Keys):
    """The whole file: what is said once, and what makes a table."""

    def __init__(
        self,
        path: str,
        lines: Mapping[tuple[str, ...], int],
        contract: SheetContract,
        tables: Callable[[], Mapping[str, TableContract]] | None,
    ) -> None:
        super().__init__(path, lines)
        self.contract = contract
        self.tables = tables

    def plan(self, document: Mapping[str, Any]) -> Plan:
        self.only(document, (), SECTIONS)
        facts: dict[str, Any] = {
            "path": self.path,
            "title": self.text(document, (), "title") or "",
            "reading": self.section_file(self.table(document, (), "file")),
            "cover": self.section_cover(self.table(document, (), "cover")),
            "notices": _notices(self, document),
            "unknown_words": tuple(self.contract.words.get("unknown", ())),
        }
        if "tables" not in document:
            return _Section(self.path, self.lines, self.contract).plan(document, facts)
        for key in _MAKING:
            if key in document:
                self.refuse("mapping_beside_tables", (key,), name=key)
        sections = document["tables"]
        if not isinstance(sections, list) or not sections or not all(isinstance(each, dict) for each in sections):
            self.refuse("mapping_expected_tables", ("tables",))
        plans = tuple(self.section_table(each, str(index), facts) for index, each in enumerate(sections))
        return Plan(**facts, sections=plans)

    def section_table(self, section: Mapping[str, Any], index: str, facts: Mapping[str, Any]) -> Plan:
        """One of ``[[tables]]``."""
        above = ("tables", index)
        keys = Keys(self.path, self.lines, above)
        keys.only(section, (), TABLE_KEYS)
        contracts: dict[str, SheetContract] = {SHEET: self.contract, **(self.tables() if self.tables else {})}
        if "table" not in section:
            keys.refuse("mapping_needs", (), name="[[tables]]", other=f"table ({', '.join(contracts)})")
        name = keys.choice(section, (), "table", tuple(contracts)) or ""
        own = {
            "table": "" if name == SHEET else name,
            "files": tuple(each.name for each in keys.headings(section, (), "files")),
            "sheets": tuple(each.name for each in keys.headings(section, (), "sheets")),
            "headings": _alternatives(keys, section),
            "notices": (*facts["notices"], *_notices(keys, section)),
        }
        return _Section(self.path, self.lines, contracts[name], above).plan(section, {**facts, **own})

    def section_file(self, table: Mapping[str, Any]) -> Reading:
        at = ("file",)
        self.only(table, at, FILE_KEYS)
        encoding = self.text(table, at, "encoding")
        if encoding is not None:
            try:
                "".encode(encoding)
            except LookupError:
                self.refuse("mapping_encoding_unknown", (*at, "encoding"), value=encoding)
        return Reading(
            encoding=encoding,
            sheets=tuple(heading.name for heading in self.headings(table, at, "sheet")),
            decimal=self.choice(table, at, "decimal", (",", ".")),
            missing=tuple(heading.name for heading in self.headings(table, at, "missing")),
        )

    def section_cover(self, table: Mapping[str, Any]) -> dict[str, str]:
        at = ("cover",)
        self.only(table, at, COVER_KEYS)
        for key in table:
            self.cover_value(table[key], (*at, key), key)
        return {key: as_written(self.value(table[key], (*at, key), key)) for key in table}

    def cover_value(self, given: Any, at: tuple[str, ...], key: str) -> None:
        """Refuse what the sheet's own rules would not understand on a cover."""
        field = _PLACES if key == "places" else self.contract.fields.get(key)
        self.value(given, at, key)
        if field is None or field.kind not in ("date", "semester", "programme", "whole"):
            return
        written = given.isoformat() if isinstance(given, dt.date) else as_written(given)
        parsed = parse(pa.array([written], pa.string()), field, self.contract.words)
        if any(bad[0] for bad in parsed.faults.values()):
            limits = {"low": f"{field.minimum or 0:g}", "high": f"{field.maximum or 0:g}"}
            self.refuse(f"mapping_cover_{field.kind}", at, name=key, value=as_toml(given), **limits)


class _Section(ColumnGrammar):
    """The sections that make one table out of one raw table."""

    def plan(self, section: Mapping[str, Any], facts: Mapping[str, Any]) -> Plan:
        parts = {name: self.table(section, (), name) for name in _MAKING}
        grouped = "group" in section
        if not parts["columns"]:
            self.refuse("mapping_no_columns", ("columns",))
        group = self.section_group(parts["group"]) if grouped else ()
        if "melt" in section and not grouped and not facts.get("table"):
            self.refuse("mapping_needs", ("melt",), name="[melt]", other="[group]")
        columns = self.section_columns(parts["columns"], grouped=grouped)
        return Plan(
            **facts,
            where=self.conditions(parts["where"], ("where",)),
            melt=self.section_melt(parts["melt"], events=bool(facts.get("table"))) if "melt" in section else None,
            steps=tuple(self.column(parts["steps"], "steps", name, name, grouped=False) for name in parts["steps"]),
            group=group,
            columns=columns,
        )

    def section_melt(self, table: Mapping[str, Any], *, events: bool) -> Melt:
        at = ("melt",)
        self.only(table, at, MELT_KEYS)
        if ("columns" in table) == ("except" in table):
            self.refuse("mapping_exactly_one", at, table="melt", keys="columns, except")
        for key in ("name", "value"):
            if key not in table:
                self.refuse("mapping_needs", at, name="[melt]", other=key)
        made: dict[str, str] = {}
        for key in ("name", "value", "number", "entries", "beside"):
            given = self.text(table, at, key)
            if given is None:
                continue
            if folded(given) in made:
                self.refuse("mapping_same_name", (*at, key), name=key, other=made[folded(given)])
            made[folded(given)] = key
        dates = table.get("columns") == DATES
        if "beside" in table and not dates:
            self.refuse("mapping_needs", (*at, "beside"), name="beside", other=f'columns = "{DATES}"')
        if table.get("split") and table.get("repeat"):
            self.refuse("mapping_contradiction", (*at, "repeat"), table="melt", keys="split, repeat")
        return Melt(
            self.line(at),
            self.headings(table, at, "columns"),
            self.headings(table, at, "except"),
            self.text(table, at, "name") or "",
            self.text(table, at, "value") or "",
            dates=dates,
            number=self.text(table, at, "number") or "",
            entries=self.text(table, at, "entries") or "",
            beside=self.text(table, at, "beside") or "",
            where=self.conditions(self.table(table, at, "where"), (*at, "where")),
            split=self.yes_no(table, at, "split"),
            repeat=self.yes_no(table, at, "repeat"),
            keep_empty=self.yes_no(table, at, "keep_empty") if "keep_empty" in table else not events,
            optional=self.yes_no(table, at, "optional"),
        )

    def section_group(self, table: Mapping[str, Any]) -> tuple[Heading, ...]:
        self.only(table, ("group",), ("by",))
        if not table.get("by"):
            self.refuse("mapping_needs", ("group",), name="[group]", other="by")
        return self.headings(table, ("group",), "by")

    def section_columns(self, table: Mapping[str, Any], *, grouped: bool) -> tuple[Column, ...]:
        columns: dict[str, Column] = {}
        for name in table:
            target = self.contract.recognise(name)
            if target is None:
                self.refuse_column(name)
            if target in columns:
                self.refuse("mapping_column_twice", ("columns", name), column=target, first=columns[target].line)
            columns[target] = column = self.column(table, "columns", name, target, grouped=grouped)
            if self.is_judged(target) and column.combine is None:
                for source in column.sources:
                    if self.contract.is_protected(source.name):
                        self.refuse("mapping_protected", ("columns", name), column=target, heading=source.name)
        self.complete(columns)
        return tuple(columns.values())

    def is_judged(self, target: str) -> bool:
        """Whether a column can end in an estimate: a factor of the sheet, or an assessed value."""
        return self.contract.fields[target].factor or (self.table_name == "assessments" and target == "value")

    @property
    def table_name(self) -> str:
        """Name of the event table; "" of the factor sheet."""
        return getattr(self.contract, "name", "")

    def refuse_column(self, name: str) -> NoReturn:
        """Refuse a column that the table does not have."""
        near, known = nearest(name, self.contract.fields), ", ".join(self.contract.fields)
        if self.table_name:
            self.refuse(
                "mapping_table_column", ("columns", name), table=self.table_name, column=name, nearest=near, known=known
            )
        self.refuse("mapping_column_unknown", ("columns", name), column=name, nearest=near)

    def complete(self, columns: Mapping[str, Column]) -> None:
        """Refuse a table that lacks what it cannot be used without."""
        lacking = getattr(self.contract, "lacking", None)
        if lacking is None:
            if not {"pupil_id", "name"} & columns.keys():
                self.refuse("mapping_no_id", ("columns",))
            return
        # A folder may stand for the school, a cover or the settings for the semester of a roll.
        missing = [each for each in lacking(columns) if each not in ("school_id", "semester")]
        if missing:
            self.refuse("mapping_table_lacks", ("columns",), table=self.table_name, columns=", ".join(missing))


def _notices(keys: Keys, table: Mapping[str, Any]) -> tuple[str, ...]:
    found = keys.headings(table, (), "notices")
    for each in found:
        keys.choice({"notices": each.name}, (), "notices", NOTICES)
    return tuple(each.name for each in found)


def _alternatives(keys: Keys, section: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    """``headings = ["Datums", ["Stunda", "Nr."]]``: all of the list, of an inner list one."""
    given = section.get("headings", [])
    groups = given if isinstance(given, list) else [given]
    return tuple(tuple(each.name for each in keys.headings({"headings": group}, (), "headings")) for group in groups)
