"""Finds in a workbook that came back what this library wrote there: marked tables, and the hidden sheet about the list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pumpurs_risk.reports.paper import ABOUT_SHEET, MARK
from pumpurs_risk.reports.returned_words import plain

if TYPE_CHECKING:
    from pumpurs_risk.records.workbook.reader import RawSheet


@dataclass(frozen=True)
class About:
    """The hidden sheet: which list it is, and whose row is whose.

    Parameters
    ----------
    facts : mapping of str to str
        ``school_id``, ``as_of``, ``run``, ``lang``, and the version of the format behind the sheet's own name.
    people : mapping of str to (str, str)
        Name and class of every pupil of the workbook, as they are compared, by identifier.
    """

    facts: Mapping[str, str]
    people: Mapping[str, tuple[str, str]]

    @classmethod
    def read(cls, sheets: Sequence[RawSheet]) -> About:
        """Read it; empty where the sheet is gone."""
        facts: dict[str, str] = {}
        people: dict[str, tuple[str, str]] = {}
        for sheet in sheets:
            if sheet.hidden and sheet.name == ABOUT_SHEET:
                for row in sheet.top(len(sheet.rows)):
                    key, first, shown, class_id = [*row, "", "", ""][:4]
                    if key == "pupil":
                        people[first] = (plain(shown), plain(class_id))
                    else:
                        facts[key] = first
        return cls(facts, people)

    @property
    def as_of(self) -> dt.date | None:
        """Date of the list."""
        return iso_day(self.facts.get("as_of", ""))

    @property
    def version(self) -> int:
        """Version of the format; 1 where it is not told."""
        said = self.facts.get(ABOUT_SHEET, "")
        return int(said) if said.isdecimal() else 1

    def pupil_of(self, pupil_id: str, shown: str, class_id: str) -> tuple[str, str]:
        """Tell whose row it is, and a problem code; the visible name counts more than an identifier apart from it."""
        seen = (plain(shown), plain(class_id))
        if not self.people or self.people.get(pupil_id) == seen:
            return pupil_id, ("" if pupil_id else "pupil_not_known")
        named = self.named(shown, class_id)
        if len(named) == 1:
            return named[0], ("pupil_moved" if pupil_id else "")
        return (pupil_id, "") if pupil_id in self.people and not named else ("", "pupil_not_known")

    def named(self, shown: str, class_id: str) -> list[str]:
        """Identifiers of everybody who bears this name in this class."""
        seen = (plain(shown), plain(class_id))
        return [known for known, person in self.people.items() if person == seen]


@dataclass(frozen=True)
class MarkedTable:
    """One marked table: its rows as mappings from column id to text."""

    mark: str
    sheet: str
    rows: list[tuple[int, dict[str, str]]]


def marked_tables(sheet: RawSheet) -> Iterator[MarkedTable]:
    """Find the marked tables of a sheet; each goes from its marked row to the next one."""
    grid = sheet.top(len(sheet.rows))
    marks = [
        (index, column) for index, row in enumerate(grid) for column, cell in enumerate(row) if cell.startswith(MARK)
    ]
    for number, (index, column) in enumerate(marks):
        end = marks[number + 1][0] if number + 1 < len(marks) else len(grid)
        ids = {place: cell for place, cell in enumerate(grid[index]) if cell}
        ids[column] = "pupil_id"
        rows = [
            (int(sheet.rows[line]), {name: grid[line][place].strip() for place, name in ids.items()})
            for line in range(index + 2, end)  # the heading row stands between
        ]
        yield MarkedTable(grid[index][column].removeprefix(MARK), sheet.name, rows)


def iso_day(written: str) -> dt.date | None:
    """Read a date as this library writes it into hidden cells.

    Examples
    --------
    >>> iso_day("2027-01-15"), iso_day("")
    (datetime.date(2027, 1, 15), None)
    """
    try:
        return dt.date.fromisoformat(written[:10])
    except ValueError:
        return None
