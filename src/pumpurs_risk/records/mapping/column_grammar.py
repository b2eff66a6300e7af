"""The keys of one column of a mapping file, and the conditions that rows are chosen by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pumpurs_risk.records.contract import SheetContract
from pumpurs_risk.records.mapping.keys import Keys, as_toml
from pumpurs_risk.records.mapping.plan import (
    AGGREGATES,
    COMBINATIONS,
    DATE_ORDERS,
    PAIR_OPERATIONS,
    PERIODS,
    THRESHOLDS,
    Column,
    Condition,
    Heading,
    Reduction,
    Value,
)

ORIGINS = ("from", "value", "row_number", "from_cover", "from_sheet", "from_file")
COLUMN_KEYS = (
    *ORIGINS, "prefix", "take", "recode", "other", "empty", "date_order", "period", "combine", "separator", "where",
    "aggregate", "multiply", "add", "round", "optional",
)  # fmt: skip
CONDITION_KEYS = ("not", "at_least", "below", "filled")
_SCALING = ("multiply", "add", "round")
_PLAIN_NUMBERS = ("number", "whole", "mark")
_OF_TEXT = {"recode", "other", "empty", "date_order", "period", "optional"}
_ALLOWED = {
    "from": set(COLUMN_KEYS) - {*ORIGINS, "prefix"},
    "value": set[str](),
    "row_number": {"prefix"},
    "from_cover": {"take", *_OF_TEXT},
    "from_sheet": _OF_TEXT,
    "from_file": _OF_TEXT,
}


class ColumnGrammar(Keys):
    """Turns checked tables into columns.

    Parameters
    ----------
    path, lines, above
        As of `Keys`.
    contract : SheetContract
        The columns that can be made.
    """

    def __init__(
        self,
        path: str,
        lines: Mapping[tuple[str, ...], int],
        contract: SheetContract,
        above: tuple[str, ...] = (),
    ) -> None:
        super().__init__(path, lines, above)
        self.contract = contract

    def column(self, tables: Mapping[str, Any], section: str, name: str, target: str, *, grouped: bool) -> Column:
        """Read one column."""
        at = (section, name)
        table = tables[name]
        if isinstance(table, str):  # pupil_id = "Admission No" is short for a table with from
            return Column(
                target, self.line(at), (Heading(table, self.line(at)),), percent=self.percent(section, target)
            )
        if not isinstance(table, dict):
            self.refuse("mapping_expected_column", at, name=name, value=as_toml(table))
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
            place=next((place for place in ("cover", "sheet", "file") if f"from_{place}" in table), ""),
            labels=tuple(heading.name for heading in self.headings(table, at, "from_cover")),
            take=self.part(table, at),
            empty=self.value(table["empty"], (*at, "empty"), "empty") if "empty" in table else None,
            recode=self.recode(table, at),
            other=self.value(table["other"], (*at, "other"), "other") if "other" in table else None,
            date_order=self.choice(table, at, "date_order", DATE_ORDERS) or "",
            period=self.choice(table, at, "period", PERIODS) or "",
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
        """Whether a percent sign is left off in the column."""
        return section == "columns" and self.contract.fields[target].kind in _PLAIN_NUMBERS

    def part(self, table: Mapping[str, Any], at: tuple[str, ...]) -> tuple[str, ...]:
        """Read which part of a text counts, wherever it is stated."""
        key = next((key for key in ("from_sheet", "from_file") if key in table), "take")
        return self.patterns(table, at, key)

    def agree(self, table: Mapping[str, Any], at: tuple[str, ...], *, grouped: bool) -> None:
        """Refuse keys that contradict each other, or that need one that is not there."""
        origins = [key for key in ORIGINS if key in table]
        if len(origins) != 1:
            self.refuse("mapping_exactly_one", at, table=at[-1], keys=", ".join(ORIGINS))
        origin = origins[0]
        for key in table:
            if key not in _ALLOWED[origin] | {origin}:
                if key == "prefix":
                    self.refuse("mapping_needs", (*at, key), name=key, other="row_number")
                self.refuse("mapping_contradiction", (*at, key), table=at[-1], keys=f"{origin}, {key}")
        counted = [key for key in _SCALING if key in table]
        read_as = [key for key in ("date_order", "period") if key in table]
        if read_as and (counted or len(read_as) > 1):
            others = [*read_as, *counted]
            self.refuse("mapping_contradiction", (*at, others[0]), table=at[-1], keys=f"{others[0]}, {others[1]}")
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
        """Read a table of codes."""
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
        """Read how several cells become one."""
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
        """Read which rows count."""
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
