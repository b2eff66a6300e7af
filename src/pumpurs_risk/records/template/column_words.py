"""What a person needs to know to fill in a column of the sheet: its meaning, its values, its period, an example."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pumpurs_risk.locale import has_text, number, percent, text
from pumpurs_risk.records.contract import Field
from pumpurs_risk.records.workbook.text_layout import shorten
from pumpurs_risk.records.workbook.writer import MAX_PROMPT

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue

PROGRAMMES = ("general", "evening", "vocational")
WHOLE_KINDS = ("whole", "year", "level")


@dataclass(frozen=True)
class ColumnWords:
    """Says what a column is about, in one language.

    Parameters
    ----------
    catalogue : Catalogue
        For period, sensitivity and typical value of a factor.
    lang : {"lv", "en"}
        The reader's language.
    """

    catalogue: Catalogue
    lang: str

    def choices(self, column: Field) -> list[str]:
        """Words that the column is chosen from: yes and no, programmes, a scale; empty for anything else."""
        if column.kind == "yes_no":
            return [text("template.words.yes", self.lang), text("template.words.no", self.lang)]
        if column.kind == "programme":
            return [text(f"template.programmes.{name}", self.lang) for name in PROGRAMMES]
        return list(column.scale.get(self.lang, ()))

    def sensitivity(self, column: Field) -> str:
        """Return ordinary, sensitive or special (GDPR Article 9)."""
        return self.catalogue.factors[column.id].sensitivity if column.factor else "ordinary"

    def meaning(self, column: Field) -> str:
        """Say what the column means and how it is counted."""
        key = f"template.count.{column.id}"
        counted = text(key, self.lang) if has_text(key, self.lang) else ""
        return f"{column.meaning.get(self.lang, '')} {counted}".strip()

    def warning(self, column: Field) -> str:
        """Say when not to collect it; empty for ordinary data."""
        sensitivity = self.sensitivity(column)
        return "" if sensitivity == "ordinary" else text(f"template.help.{sensitivity}", self.lang)

    def filling(self, column: Field) -> str:
        """Say which values the column takes, and in which unit."""
        words = self.choices(column)
        if words:
            return text("template.fill.choose", self.lang, words=", ".join(words))
        if column.kind in ("text", "name", "date"):
            return text(f"template.fill.{column.kind}", self.lang)
        said = ""
        if column.minimum is not None and column.maximum is not None:
            low, high = self.limits(column)
            said = text(f"template.fill.{number_kind(column)}", self.lang, low=low, high=high)
        unit = column.unit.get(self.lang, "")
        if unit and column.kind not in ("share", "year", "level"):
            said = f"{said} {text('template.fill.unit', self.lang, unit=unit)}".strip()
        return said

    def limits(self, column: Field) -> tuple[str, str]:
        """Write the smallest and the largest value as a person would."""
        return self._value(column.minimum or 0.0, column), self._value(column.maximum or 0.0, column)

    def period(self, column: Field) -> str:
        """Say over which period the column counts."""
        if column.factor:
            return text(f"template.period.{self.catalogue.factors[column.id].look_back}", self.lang)
        counted = has_text(f"template.count.{column.id}", self.lang) and column.kind == "whole"
        return text("template.period.semester" if counted else "template.period.none", self.lang)

    def example(self, column: Field) -> str:
        """Show what could stand in the column: for a factor what is typical of pupils."""
        key = f"template.examples.{column.id}"
        if has_text(key, self.lang):
            return text(key, self.lang)
        words = self.choices(column)
        if words or not column.factor:
            return words[min(1, len(words) - 1)] if words else ""
        factor = self.catalogue.factors[column.id]
        median = factor.typical.quantiles[2] if factor.typical and factor.typical.quantiles else 1.0
        if column.kind == "share":
            return percent(median, self.lang, factor.decimals)
        return number(median, self.lang, 0 if column.kind == "whole" else max(factor.decimals, 1))

    def help(self, column: Field) -> str:
        """Say all of it in a few sentences, and that an empty cell means "not known"."""
        parts = (
            self.meaning(column),
            self.filling(column),
            text("template.words.empty", self.lang),
            self.warning(column),
        )
        return " ".join(part for part in parts if part)

    def prompt(self, column: Field) -> str:
        """Say as much as a prompt holds: always what an empty cell means, and a warning rather than the values."""
        empty = text("template.words.empty", self.lang)
        meaning, filling, warning = column.meaning.get(self.lang, ""), self.filling(column), self.warning(column)
        room = MAX_PROMPT - len(empty) - 1
        for parts in ((meaning, filling, warning), (meaning, warning), (meaning, filling), (meaning,)):
            said = " ".join(part for part in parts if part)
            if len(said) <= room:
                return f"{said} {empty}".strip()
        return f"{shorten(meaning, room)} {empty}"

    def _value(self, value: float, column: Field) -> str:
        if column.kind == "share":
            return percent(value, self.lang, 0)
        if column.kind == "year":
            return str(int(value))
        return number(value, self.lang, 0 if float(value).is_integer() else 1)


def number_kind(column: Field) -> str:
    """Return share, whole or number: how the values of a column of numbers are spoken of.

    Examples
    --------
    >>> number_kind(Field("birth_year", "year", {}))
    'whole'
    """
    return "share" if column.kind == "share" else "whole" if column.kind in WHOLE_KINDS else "number"
