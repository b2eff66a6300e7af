"""What is said about a table outside its cells: on the cover, in lines above it, by the names of sheet and file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pumpurs_risk.records.mapping.patterns import PART, part_of
from pumpurs_risk.records.mapping.periods import Period, cover_day, school_year_of
from pumpurs_risk.records.mapping.plan import folded

if TYPE_CHECKING:
    from pumpurs_risk.records.mapping.plan import Column
    from pumpurs_risk.records.raw_table import RawTable


@dataclass(frozen=True)
class Surroundings:
    """What stands around a table.

    Parameters
    ----------
    raw : RawTable
        The table; of its cover, of the lines above it and of its names.
    stated : mapping of str to str
        What the mapping file says a cover would say; the file's own cover wins.

    Examples
    --------
    >>> import numpy as np
    >>> from pumpurs_risk.records.raw_table import RawTable
    >>> raw = RawTable("2. vidusskola/Žurnāls 2026-2027.xlsx", "Fizika", "", {}, np.arange(0))
    >>> Surroundings(raw, {}).school_year
    '2026/2027'
    """

    raw: RawTable
    stated: Mapping[str, str]

    @cached_property
    def cover(self) -> dict[str, str]:
        """What the cover says, or else the mapping file."""
        return dict(self.stated) | {key: value for key, value in self.raw.cover.items() if value.strip()}

    @cached_property
    def lines(self) -> tuple[tuple[str, ...], ...]:
        """The filled cells of the lines above the headings."""
        return tuple(tuple(cell.strip() for cell in line if cell.strip()) for line in self.raw.above)

    @cached_property
    def file(self) -> str:
        """Name of the file, without folder and ending."""
        return PurePosixPath(self.raw.file).stem

    @cached_property
    def school_year(self) -> str:
        """Such as ``"2026/2027"``; "" if nothing says."""
        said = [" ".join(line) for line in self.lines]
        return school_year_of(self.cover, [*said, self.raw.sheet, self.file])

    def text_of(self, column: Column) -> str | None:
        """The text that a column is made of; None if it is not there."""
        if column.place == "cover":
            return self._labelled(column)
        if column.place == "sheet":
            return part_of(self.raw.sheet, column.take) if self.raw.sheet else None
        # People write "Sekmju_izraksts_Anna_Ozola" because some system did not take spaces.
        return part_of(self.file.replace("_", " "), [pattern.replace("_", " ") for pattern in column.take])

    def of_period(self, period: Period, wanted: str) -> str | None:
        """Semester, first or last day of a period.

        The last day is never after the day that the data is of: a sum of a running month is known up to the day before.
        """
        if wanted == "semester":
            return period.semester or None
        day = cover_day(self.cover)
        last = period.last if day is None else min(period.last, max(day - dt.timedelta(days=1), period.first))
        return (period.first if wanted == "first_day" else last).isoformat()

    def _labelled(self, column: Column) -> str | None:
        for label in column.labels:
            found = self.cover.get(label) or self._beside(label)
            if found:
                return part_of(found, column.take) if column.take else found
        return None

    def _beside(self, label: str) -> str | None:
        """The cell after a label, what follows it in the same cell, or the part of a line that fits a pattern."""
        wanted = folded(label).rstrip(": ")
        for line in self.lines:
            if PART in label:  # a title without a label: "Mācību priekšmets matemātika, 9.a klase"
                found = [part for cell in line if (part := part_of(cell, (label,)))]
                if found:
                    return found[0]
                continue
            for place, cell in enumerate(line):
                said, colon, rest = cell.partition(":")
                if folded(cell).rstrip(": ") == wanted and place + 1 < len(line):
                    return line[place + 1]
                if colon and folded(said) == wanted and rest.strip():
                    return rest.strip()
        return None
