"""What a mapping file asks for, checked: how to read the file, and how each column of the sheet is made from it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

UNKNOWN = "unknown"
"""Written as a value in a mapping file, it makes the cell unknown."""
KEEP = "keep"
TEXT_REDUCTIONS = ("first", "last", "join", "count")
NUMBER_REDUCTIONS = ("mean", "sum", "min", "max", "any")
PAIR_OPERATIONS = ("add", "subtract", "divide")
THRESHOLDS = ("count_below", "count_at_least")
DATE_ORDERS = ("dmy", "mdy", "ymd")
PERIODS = ("semester", "first_day", "last_day")
DATES = "dates"
"""In place of headings to melt: all that are dates."""
SHEET = "sheet"
"""Name, in ``[[tables]]``, of the factor sheet."""
COMBINATIONS = ("first", "join", "count", *NUMBER_REDUCTIONS, *PAIR_OPERATIONS, *THRESHOLDS)
AGGREGATES = ("first", "last", "count", *NUMBER_REDUCTIONS, *THRESHOLDS)
Value = str | float


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of the foreign file, and the line of the mapping that asks for it."""

    name: str
    line: int

    @property
    def is_pattern(self) -> bool:
        """Whether it may stand for several headings."""
        return "*" in self.name

    def matches(self, heading: str) -> bool:
        """Whether a heading of the file fits the pattern; ``*`` stands for any characters."""
        pattern = ".*".join(re.escape(part) for part in folded(self.name).split("*"))
        return re.fullmatch(pattern, folded(heading), re.DOTALL) is not None


@dataclass(frozen=True, slots=True)
class Condition:
    """Which rows count: those whose cell under ``heading`` passes the test."""

    heading: Heading
    test: str
    """``is``, ``not``, ``at_least``, ``below`` or ``filled``."""
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Reduction:
    """Several cells become one: by name, with the threshold of ``count_below`` and ``count_at_least``."""

    name: str
    threshold: float = math.nan

    @property
    def is_numeric(self) -> bool:
        """Whether the cells must be numbers."""
        return self.name not in TEXT_REDUCTIONS


@dataclass(frozen=True, slots=True)
class Column:
    """How one column is made. The steps come in the order of the fields, but `empty` fills after recoding."""

    target: str
    line: int
    sources: tuple[Heading, ...] = ()
    constant: Value | None = None
    row_number: bool = False
    prefix: str = ""
    place: str = ""
    """Where the one text for all rows stands: ``cover``, ``sheet``, ``file``, or "" if it comes from columns."""
    labels: tuple[str, ...] = ()
    """On the cover, or above the table: the labels before the text."""
    take: tuple[str, ...] = ()
    """Patterns of which the first that fits says which part of the text counts."""
    empty: Value | None = None
    recode: Mapping[str, Value] | None = None
    other: Value | None = None
    """What an uncoded cell becomes; None reports it."""
    date_order: str = ""
    period: str = ""
    """What becomes of a period such as "1. sem.": its ``semester``, ``first_day`` or ``last_day``."""
    combine: Reduction | None = None
    separator: str = " "
    where: tuple[Condition, ...] = ()
    aggregate: Reduction | None = None
    multiply: float = 1.0
    add: float = 0.0
    round: int | None = None
    """To how many decimals the result is rounded, half away from zero; None does not round."""
    optional: bool = False
    percent: bool = False
    """Whether "9.4 %" is the number 9.4 in the sheet's column (in a column of shares it is 0.094)."""

    @property
    def is_scaled(self) -> bool:
        """Whether the result is multiplied, added to or rounded."""
        return (self.multiply, self.add) != (1.0, 0.0) or self.round is not None

    @property
    def needs_numbers(self) -> bool:
        """Whether the cells must be numbers for what is done to them."""
        for reduction in (self.combine, self.aggregate):
            if reduction is not None and reduction.is_numeric:
                return True
            if reduction is not None and reduction.name in ("count", "join"):
                return False
        return self.is_scaled

    @property
    def counts_cells(self) -> bool:
        """Whether cells are counted or joined, so that what they hold is not looked at."""
        return any(how is not None and how.name in ("count", "join") for how in (self.combine, self.aggregate))


@dataclass(frozen=True, slots=True)
class Melt:
    """Several columns of one row become several rows."""

    line: int
    columns: tuple[Heading, ...]
    all_but: tuple[Heading, ...]
    name: str
    value: str
    dates: bool = False
    """Whether all headings that are dates are melted; `name` then holds the day."""
    number: str = ""
    """Name of a column that counts equal headings: the second lesson of a day is 2."""
    entries: str = ""
    """Name of a column for the number of entries in the cell."""
    beside: str = ""
    """Name of a column for what stands beside the date in the heading."""
    where: tuple[Condition, ...] = ()
    split: bool = False
    """Whether the entries of a cell become rows of their own."""
    repeat: bool = False
    """Whether a cell is a number of times, and makes as many rows."""
    keep_empty: bool = True
    """Whether empty cells make rows too."""
    optional: bool = False
    """Whether the file may lack some of the headings."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How the foreign file is to be read; None and empty mean: find out."""

    encoding: str | None = None
    sheets: tuple[str, ...] = ()
    decimal: str | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A mapping file, checked."""

    path: str
    title: str = ""
    reading: Reading = field(default_factory=Reading)
    cover: Mapping[str, str] = field(default_factory=dict)
    where: tuple[Condition, ...] = ()
    melt: Melt | None = None
    steps: tuple[Column, ...] = ()
    group: tuple[Heading, ...] = ()
    columns: tuple[Column, ...] = ()
    table: str = ""
    """The event table that is made; "" for the factor sheet."""
    files: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()
    headings: tuple[tuple[str, ...], ...] = ()
    """Of each group of headings the file must have one, or the section is not for it."""
    notices: tuple[str, ...] = ()
    """What the report says whenever the section is used."""
    sections: tuple[Plan, ...] = ()
    """The plans of ``[[tables]]``; a plan that has some makes nothing itself."""
    unknown_words: tuple[str, ...] = ()
    """What the sheet's contract reads as unknown ("n/a", "-"): no number, and nothing to report."""


def folded(heading: str) -> str:
    """Leave off the differences between headings that people do not see: case, spaces, soft hyphens.

    Examples
    --------
    >>> folded(" Pupil  ID ") == folded("PUPIL id")
    True
    """
    return " ".join(heading.replace("\xad", "").split()).casefold()
