"""Reads the keys of a mapping file by type; each refusal names the line, what stands there and what was expected."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from typing import Any, NoReturn

from pumpurs_risk.errors import MappingError
from pumpurs_risk.records.mapping.patterns import PART
from pumpurs_risk.records.mapping.plan import Heading, Value, folded

MOST_DECIMALS = 10


def nearest(word: str, known: Iterable[str]) -> str:
    """Find the known word most like this one; "" if there are none."""
    plain = folded(word)
    return max(known, key=lambda other: SequenceMatcher(None, plain, folded(other)).ratio(), default="")


class Keys:
    """Typed reading of tables whose lines are known.

    Parameters
    ----------
    path : str
        Name of the file, for the messages.
    lines : mapping of tuple of str to int
        Line of every key of the file.
    above : tuple of str
        Path of the tables that are read here: ``("tables", "1")`` of the second of ``[[tables]]``.
    """

    def __init__(self, path: str, lines: Mapping[tuple[str, ...], int], above: tuple[str, ...] = ()) -> None:
        self.path = path
        self.lines = lines
        self.above = above

    def table(self, parent: Mapping[str, Any], at: tuple[str, ...], key: str) -> Mapping[str, Any]:
        """Read a table; an empty one if the key is not there."""
        return self.typed(parent, at, key, dict, "mapping_expected_table") or {}

    def text(self, table: Mapping[str, Any], at: tuple[str, ...], key: str) -> str | None:
        """Read a text."""
        given: str | None = self.typed(table, at, key, str, "mapping_expected_text")
        return given

    def yes_no(self, table: Mapping[str, Any], at: tuple[str, ...], key: str) -> bool:
        """Read true or false; false if the key is not there."""
        return bool(self.typed(table, at, key, bool, "mapping_expected_yes_no"))

    def number(self, table: Mapping[str, Any], at: tuple[str, ...], key: str) -> float | None:
        """Read a finite number."""
        given = table.get(key)
        if given is None:
            return None
        if isinstance(given, bool) or not isinstance(given, int | float):
            self.refuse("mapping_expected_number", (*at, key), name=key, value=as_toml(given))
        return self.finite(given, (*at, key), key)

    def finite(self, given: float, at: tuple[str, ...], key: str) -> float:
        """Refuse what is no number to calculate with."""
        if not math.isfinite(given):
            self.refuse("mapping_not_finite", at, name=key, value=as_toml(given))
        return float(given)

    def decimals(self, table: Mapping[str, Any], at: tuple[str, ...], key: str) -> int | None:
        """Read a number of decimals."""
        given = table.get(key)
        if given is not None and (type(given) is not int or not 0 <= given <= MOST_DECIMALS):
            self.refuse("mapping_expected_decimals", (*at, key), name=key, value=as_toml(given), most=MOST_DECIMALS)
        return given

    def choice(self, table: Mapping[str, Any], at: tuple[str, ...], key: str, names: tuple[str, ...]) -> str | None:
        """Read one of several words."""
        given = self.text(table, at, key)
        if given is not None and given not in names:
            near = nearest(given, names)
            self.refuse("mapping_choice", (*at, key), name=key, value=given, nearest=near, known=", ".join(names))
        return given

    def headings(self, table: Mapping[str, Any], at: tuple[str, ...], key: str) -> tuple[Heading, ...]:
        """Read one or several texts."""
        given = table.get(key)
        if given is None:
            return ()
        several = given if isinstance(given, list) else [given]
        if not several or not all(isinstance(name, str) and name.strip() for name in several):
            self.refuse("mapping_expected_headings", (*at, key), name=key, value=as_toml(given))
        return tuple(Heading(name, self.line((*at, key))) for name in several)

    def patterns(self, table: Mapping[str, Any], at: tuple[str, ...], key: str) -> tuple[str, ...]:
        """Read one or several texts, each with the sign for the part that is taken."""
        found = tuple(heading.name for heading in self.headings(table, at, key))
        for pattern in found:
            if pattern.count(PART) != 1:
                self.refuse("mapping_part", (*at, key), name=key, value=as_toml(pattern), part=PART)
        return found

    def value(self, given: Any, at: tuple[str, ...], key: str) -> Value:
        """Read a value that a cell may take."""
        if isinstance(given, dt.date):
            return given.isoformat()
        if isinstance(given, str):
            return given
        if not isinstance(given, int | float):
            self.refuse("mapping_expected_value", at, name=key, value=as_toml(given))
        return self.finite(given, at, key)

    def values(self, given: Any, at: tuple[str, ...], key: str) -> tuple[Value, ...]:
        """Read one or several values."""
        several = given if isinstance(given, list) else [given]
        if not several:
            self.refuse("mapping_expected_value", at, name=key, value="[]")
        for one in several:
            if isinstance(one, list | dict):
                self.refuse("mapping_list_of_values", at, name=key, value=as_toml(one))
        return tuple(self.value(one, at, key) for one in several)

    def typed(self, table: Mapping[str, Any], at: tuple[str, ...], key: str, kind: type, code: str) -> Any:
        """Read a value of one type; None if the key is not there."""
        given = table.get(key)
        if given is not None and not isinstance(given, kind):
            self.refuse(code, (*at, key), name=key, value=as_toml(given))
        return given

    def only(self, table: Mapping[str, Any], at: tuple[str, ...], known: tuple[str, ...]) -> None:
        """Refuse keys that nobody knows here."""
        for key in table:
            if key not in known:
                near = nearest(key, known)
                self.refuse("mapping_key_unknown", (*at, key), name=key, nearest=near, known=", ".join(known))

    def line(self, at: tuple[str, ...]) -> int:
        """Line of a key, or of the nearest table around it."""
        at = (*self.above, *at)
        while at and at not in self.lines:
            at = at[:-1]
        return self.lines.get(at, 1)

    def refuse(self, code: str, at: tuple[str, ...], **params: Any) -> NoReturn:
        """Raise the error of a key."""
        raise MappingError(code, path=self.path, line=self.line(at), **params)


def as_written(value: Any) -> str:
    """Write a value as a person writes it on a cover."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_toml(value: Any) -> str:
    """Write a value as the mapping file has it, for a message: text in its quotation marks."""
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return f"[{', '.join(map(as_toml, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {as_toml(one)}' for key, one in value.items())} }}"
    return as_written(value)
