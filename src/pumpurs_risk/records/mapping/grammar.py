"""The grammar of a mapping file: reads the TOML, checks every key, and says on which line something is wrong.

Nothing here looks at a pupil's data; ``mapping.py`` applies what is read here. The grammar is explained for its users
in ``docs/mapping.md``.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from typing import Any, NoReturn

import pyarrow as pa

from pumpurs_risk.catalogue.toml_lines import key_lines
from pumpurs_risk.errors import MappingError
from pumpurs_risk.records.contract import Field, SheetContract
from pumpurs_risk.records.mapping.plan import (
    AGGREGATES,
    COMBINATIONS,
    DATE_ORDERS,
    PAIR_OPERATIONS,
    THRESHOLDS,
    Column,
    Condition,
    Heading,
    Melt,
    Plan,
    Reading,
    Reduction,
    Value,
    folded,
)
from pumpurs_risk.records.validation.parsing import parse

COVER_KEYS = ("school", "municipality", "as_of", "semester", "programme", "places", "lessons_held")
SECTIONS = ("title", "file", "cover", "where", "melt", "steps", "group", "columns")
FILE_KEYS = ("encoding", "sheet", "decimal", "missing")
COLUMN_KEYS = (
    "from", "value", "row_number", "prefix", "recode", "other", "empty", "date_order", "combine", "separator", "where",
    "aggregate", "multiply", "add", "round", "optional",
)  # fmt: skip
CONDITION_KEYS = ("not", "at_least", "below", "filled")
MOST_DECIMALS = 10
_SCALING = ("multiply", "add", "round")
_PLAIN_NUMBERS = ("number", "whole", "mark")
_PLACES = Field("places", "whole", {}, minimum=0, maximum=100_000)


def nearest(word: str, known: Iterable[str]) -> str:
    """Find the known word most like this one; "" if there are none."""
    plain = folded(word)
    return max(known, key=lambda other: SequenceMatcher(None, plain, folded(other)).ratio(), default="")


def read_plan(text: str, path: str, contract: SheetContract) -> Plan:
    """Read and check the text of a mapping file.

    Parameters
    ----------
    text : str
        The TOML.
    path : str
        Name of the file, for the messages.
    contract : SheetContract
        The columns a sheet can have.

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
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = re.search(r"line (\d+)", str(error))
        line = int(said[1]) if said else text.count("\n") + 1
        shown = text.replace("\r\n", "\n").split("\n")[line - 1].strip()
        raise MappingError("mapping_syntax", path=path, line=line, shown=shown) from None
    return _Grammar(path, key_lines(text), contract).plan(tables)


class _Grammar:
    """Turns checked tables into a plan; every refusal knows its line."""

    def __init__(self, path: str, lines: Mapping[tuple[str, ...], int], contract: SheetContract) -> None:
        self.path = path
        self.lines = lines
        self.contract = contract

    # The sections

    def plan(self, tables: Mapping[str, Any]) -> Plan:
        self.only(tables, (), SECTIONS)
        sections = {name: self.table(tables, (), name) for name in SECTIONS if name != "title"}
        grouped = "group" in tables
        if not sections["columns"]:
            self.refuse("mapping_no_columns", ("columns",))
        group = self.section_group(sections["group"]) if grouped else ()
        if "melt" in tables and not grouped:
            self.refuse("mapping_needs", ("melt",), name="[melt]", other="[group]")
        columns = self.section_columns(sections["columns"], grouped=grouped)
        return Plan(
            path=self.path,
            title=self.text(tables, (), "title") or "",
            reading=self.section_file(sections["file"]),
            cover=self.section_cover(sections["cover"]),
            where=self.conditions(sections["where"], ("where",)),
            melt=self.section_melt(sections["melt"]) if "melt" in tables else None,
            steps=tuple(
                self.column(sections["steps"], "steps", name, name, grouped=False) for name in sections["steps"]
            ),
            group=group,
            columns=columns,
            unknown_words=tuple(self.contract.words.get("unknown", ())),
        )

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
        return {key: _as_written(self.value(table[key], (*at, key), key)) for key in table}

    def cover_value(self, given: Any, at: tuple[str, ...], key: str) -> None:
        """Refuse what the sheet's own rules would not understand on a cover."""
        field = _PLACES if key == "places" else self.contract.fields.get(key)
        self.value(given, at, key)
        if field is None or field.kind not in ("date", "semester", "programme", "whole"):
            return
        written = given.isoformat() if isinstance(given, dt.date) else _as_written(given)
        parsed = parse(pa.array([written], pa.string()), field, self.contract.words)
        if any(bad[0] for bad in parsed.faults.values()):
            limits = {"low": f"{field.minimum or 0:g}", "high": f"{field.maximum or 0:g}"}
            self.refuse(f"mapping_cover_{field.kind}", at, name=key, value=_as_toml(given), **limits)

    def section_melt(self, table: Mapping[str, Any]) -> Melt:
        at = ("melt",)
        self.only(table, at, ("columns", "except", "name", "value"))
        if ("columns" in table) == ("except" in table):
            self.refuse("mapping_exactly_one", at, table="melt", keys="columns, except")
        for key in ("name", "value"):
            if key not in table:
                self.refuse("mapping_needs", at, name="[melt]", other=key)
        name, value = self.text(table, at, "name") or "", self.text(table, at, "value") or ""
        if folded(name) == folded(value):
            self.refuse("mapping_same_name", (*at, "value"), name="value", other="name")
        columns, all_but = self.headings(table, at, "columns"), self.headings(table, at, "except")
        return Melt(self.line(at), columns, all_but, name, value)

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
                known = self.contract.fields
                self.refuse("mapping_column_unknown", ("columns", name), column=name, nearest=nearest(name, known))
            if target in columns:
                self.refuse("mapping_column_twice", ("columns", name), column=target, first=columns[target].line)
            columns[target] = column = self.column(table, "columns", name, target, grouped=grouped)
            if self.contract.fields[target].factor and column.combine is None:
                for source in column.sources:
                    if self.contract.is_protected(source.name):
                        self.refuse("mapping_protected", ("columns", name), column=target, heading=source.name)
        if not {"pupil_id", "name"} & columns.keys():
            self.refuse("mapping_no_id", ("columns",))
        return tuple(columns.values())

    # One column

    def column(self, tables: Mapping[str, Any], section: str, name: str, target: str, *, grouped: bool) -> Column:
        at = (section, name)
        table = tables[name]
        if isinstance(table, str):  # pupil_id = "Admission No" is short for a table with from
            return Column(
                target, self.line(at), (Heading(table, self.line(at)),), percent=self.percent(section, target)
            )
        if not isinstance(table, dict):
            self.refuse("mapping_expected_column", at, name=name, value=_as_toml(table))
        self.only(table, at, COLUMN_KEYS)
        self.agree(table, at, grouped=grouped)
        sources = self.headings(table, at, "from")
        combine = self.reduction(table, at, "combine", COMBINATIONS)
        if combine is None and len(sources) > 1:
            self.refuse("mapping_needs", (*at, "from"), name="from", other="combine")
        if combine is not None and combine.name in PAIR_OPERATIONS and len(sources) != 2:
            self.refuse("mapping_two_columns", (*at, "combine"), value=combine.name, found=len(sources))
        if (
            combine is not None
            and combine.name not in PAIR_OPERATIONS
            and len(sources) == 1
            and not sources[0].is_pattern
        ):
            self.refuse("mapping_several_columns", (*at, "combine"), value=combine.name)
        if "separator" in table and (combine is None or combine.name != "join"):
            self.refuse("mapping_needs", (*at, "separator"), name="separator", other='combine = "join"')
        aggregate = self.reduction(table, at, "aggregate", AGGREGATES)
        if combine is not None and combine.name == "join":
            counts = set(_SCALING) & table.keys() | ({"aggregate"} if aggregate and aggregate.is_numeric else set())
            if counts:
                self.refuse("mapping_contradiction", at, table=name, keys=f'combine = "join", {min(counts)}')
        number_of = {key: self.number(table, at, key) for key in ("multiply", "add")}
        return Column(
            target=target,
            line=self.line(at),
            sources=sources,
            constant=self.value(table["value"], (*at, "value"), "value") if "value" in table else None,
            row_number=self.yes_no(table, at, "row_number"),
            prefix=self.text(table, at, "prefix") or "",
            empty=self.value(table["empty"], (*at, "empty"), "empty") if "empty" in table else None,
            recode=self.recode(table, at),
            other=self.value(table["other"], (*at, "other"), "other") if "other" in table else None,
            date_order=self.choice(table, at, "date_order", DATE_ORDERS) or "",
            combine=combine,
            separator=" " if "separator" not in table else self.text(table, at, "separator") or "",
            where=self.conditions(self.table(table, at, "where"), (*at, "where")),
            aggregate=aggregate,
            multiply=1.0 if number_of["multiply"] is None else number_of["multiply"],
            add=0.0 if number_of["add"] is None else number_of["add"],
            round=self.decimals(table, at, "round"),
            optional=self.yes_no(table, at, "optional"),
            percent=self.percent(section, target),
        )

    def percent(self, section: str, target: str) -> bool:
        return section == "columns" and self.contract.fields[target].kind in _PLAIN_NUMBERS

    def agree(self, table: Mapping[str, Any], at: tuple[str, ...], *, grouped: bool) -> None:
        """Refuse keys that contradict each other, or that need one that is not there."""
        origins = [key for key in ("from", "value", "row_number") if key in table]
        if len(origins) != 1:
            self.refuse("mapping_exactly_one", at, table=at[-1], keys="from, value, row_number")
        origin = origins[0]
        allowed = {"from": set(COLUMN_KEYS) - {"prefix"}, "value": {"value"}, "row_number": {"row_number", "prefix"}}
        for key in table:
            if key not in allowed[origin] | {origin}:
                if key == "prefix":
                    self.refuse("mapping_needs", (*at, key), name=key, other="row_number")
                self.refuse("mapping_contradiction", (*at, key), table=at[-1], keys=f"{origin}, {key}")
        counted = [key for key in _SCALING if key in table]
        if "date_order" in table and counted:
            self.refuse("mapping_contradiction", (*at, "date_order"), table=at[-1], keys=f"date_order, {counted[0]}")
        if "other" in table and "recode" not in table:
            self.refuse("mapping_needs", (*at, "other"), name="other", other="recode")
        for key in ("aggregate", "where"):
            if key in table and at[0] == "steps":
                self.refuse("mapping_not_in_steps", (*at, key), name=key)
            if key in table and not grouped:
                self.refuse("mapping_needs", (*at, key), name=key, other="[group]")
        if "where" in table and "aggregate" not in table:
            self.refuse("mapping_needs", (*at, "where"), name="where", other="aggregate")

    def recode(self, table: Mapping[str, Any], at: tuple[str, ...]) -> dict[str, Value] | None:
        if "recode" not in table:
            return None
        at = (*at, "recode")
        codes = self.table(table, at[:-1], "recode")
        if not codes:
            self.refuse("mapping_expected_recode", at)
        if "" in codes:
            self.refuse("mapping_recode_empty", (*at, ""))
        return {key: self.value(codes[key], (*at, key), key) for key in codes}

    def reduction(
        self, table: Mapping[str, Any], at: tuple[str, ...], key: str, names: tuple[str, ...]
    ) -> Reduction | None:
        given = table.get(key)
        if given is None:
            return None
        if isinstance(given, dict):
            self.only(given, (*at, key), THRESHOLDS)
            if len(given) != 1:
                self.refuse("mapping_exactly_one", (*at, key), table=key, keys=", ".join(THRESHOLDS))
            name = next(iter(given))
            return Reduction(name, self.number(given, (*at, key), name) or 0.0)
        name = self.choice(table, at, key, names) or ""
        if name in THRESHOLDS:
            self.refuse("mapping_threshold", (*at, key), name=key, value=name)
        return Reduction(name)

    def conditions(self, table: Mapping[str, Any], at: tuple[str, ...]) -> tuple[Condition, ...]:
        found = []
        for heading in table:
            here = (*at, heading)
            asked = Heading(heading, self.line(here))
            given = table[heading]
            if not isinstance(given, dict):
                found.append(Condition(asked, "is", self.values(given, here, heading)))
                continue
            self.only(given, here, CONDITION_KEYS)
            for test in given:
                if test == "filled":
                    values: tuple[Value, ...] = (float(self.yes_no(given, here, test)),)
                elif test == "not":
                    values = self.values(given[test], (*here, test), test)
                else:
                    values = (self.number(given, here, test) or 0.0,)
                found.append(Condition(asked, test, values))
        return tuple(found)

    # Types, each with its own refusal

    def table(self, parent: Mapping[str, Any], at: tuple[str, ...], key: str) -> Mapping[str, Any]:
        return self.typed(parent, at, key, dict, "mapping_expected_table") or {}

    def text(self, table: Mapping[str, Any], at: tuple[str, ...], key: str) -> str | None:
        given: str | None = self.typed(table, at, key, str, "mapping_expected_text")
        return given

    def yes_no(self, table: Mapping[str, Any], at: tuple[str, ...], key: str) -> bool:
        return bool(self.typed(table, at, key, bool, "mapping_expected_yes_no"))

    def number(self, table: Mapping[str, Any], at: tuple[str, ...], key: str) -> float | None:
        given = table.get(key)
        if given is None:
            return None
        if isinstance(given, bool) or not isinstance(given, int | float):
            self.refuse("mapping_expected_number", (*at, key), name=key, value=_as_toml(given))
        return self.finite(given, (*at, key), key)

    def finite(self, given: float, at: tuple[str, ...], key: str) -> float:
        if not math.isfinite(given):
            self.refuse("mapping_not_finite", at, name=key, value=_as_toml(given))
        return float(given)

    def decimals(self, table: Mapping[str, Any], at: tuple[str, ...], key: str) -> int | None:
        given = table.get(key)
        if given is not None and (type(given) is not int or not 0 <= given <= MOST_DECIMALS):
            self.refuse("mapping_expected_decimals", (*at, key), name=key, value=_as_toml(given), most=MOST_DECIMALS)
        return given

    def choice(self, table: Mapping[str, Any], at: tuple[str, ...], key: str, names: tuple[str, ...]) -> str | None:
        given = self.text(table, at, key)
        if given is not None and given not in names:
            near = nearest(given, names)
            self.refuse("mapping_choice", (*at, key), name=key, value=given, nearest=near, known=", ".join(names))
        return given

    def headings(self, table: Mapping[str, Any], at: tuple[str, ...], key: str) -> tuple[Heading, ...]:
        given = table.get(key)
        if given is None:
            return ()
        several = given if isinstance(given, list) else [given]
        if not several or not all(isinstance(name, str) and name.strip() for name in several):
            self.refuse("mapping_expected_headings", (*at, key), name=key, value=_as_toml(given))
        return tuple(Heading(name, self.line((*at, key))) for name in several)

    def value(self, given: Any, at: tuple[str, ...], key: str) -> Value:
        if isinstance(given, dt.date):
            return given.isoformat()
        if isinstance(given, str):
            return given
        if not isinstance(given, int | float):
            self.refuse("mapping_expected_value", at, name=key, value=_as_toml(given))
        return self.finite(given, at, key)

    def values(self, given: Any, at: tuple[str, ...], key: str) -> tuple[Value, ...]:
        several = given if isinstance(given, list) else [given]
        if not several:
            self.refuse("mapping_expected_value", at, name=key, value="[]")
        for one in several:
            if isinstance(one, list | dict):
                self.refuse("mapping_list_of_values", at, name=key, value=_as_toml(one))
        return tuple(self.value(one, at, key) for one in several)

    def typed(self, table: Mapping[str, Any], at: tuple[str, ...], key: str, kind: type, code: str) -> Any:
        given = table.get(key)
        if given is not None and not isinstance(given, kind):
            self.refuse(code, (*at, key), name=key, value=_as_toml(given))
        return given

    def only(self, table: Mapping[str, Any], at: tuple[str, ...], known: tuple[str, ...]) -> None:
        for key in table:
            if key not in known:
                near = nearest(key, known)
                self.refuse("mapping_key_unknown", (*at, key), name=key, nearest=near, known=", ".join(known))

    def line(self, at: tuple[str, ...]) -> int:
        while at and at not in self.lines:
            at = at[:-1]
        return self.lines.get(at, 1)

    def refuse(self, code: str, at: tuple[str, ...], **params: Any) -> NoReturn:
        raise MappingError(code, path=self.path, line=self.line(at), **params)


def _as_written(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _as_toml(value: Any) -> str:
    """Write a value as the mapping file has it, for a message: text in its quotation marks."""
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return f"[{', '.join(map(_as_toml, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_as_toml(one)}' for key, one in value.items())} }}"
    return _as_written(value)
