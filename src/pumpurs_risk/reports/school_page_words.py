"""Words of a school's page: which wording an audience and a kind of learner get, dates, natural frequencies."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any, Literal

import pandas as pd

from pumpurs_risk.locale import date_text, has_text, number, percent, text
from pumpurs_risk.reports.guidance import guidance_sections
from pumpurs_risk.reports.paper import SchoolReport
from pumpurs_risk.reports.sheet_top import semester_text
from pumpurs_risk.reports.xlsx import first_line

Line = Literal["listed", "not_covered", "ask_first", "watch", "added", "set_aside", "signal"]
SECTIONS: tuple[Line, ...] = ("listed", "not_covered", "ask_first", "watch", "added", "set_aside", "signal")
"""In reading order: each pupil stands in one of them, and its word is what is to be done."""
CERTAINTIES = ("sure", "unsure", "not_enough_data")
CHANGES = ("new", "worse", "same", "better", "resolved", "left", "moved_school")
_GLOSSARY = ("risk", "threshold", "listed", "not_covered", "ask_first", "watch", "signal", "strength")


class Words:
    """Says everything that a page says by itself, in the report's language.

    Parameters
    ----------
    report : SchoolReport
        For language, audience, learner and the days.

    Examples
    --------
    >>> import datetime as dt
    >>> report = SchoolReport("head", "liepas", "Liepas vidusskola", dt.date(2027, 1, 15), dt.date(2027, 5, 28), {}, lang="en")
    >>> words = Words(report)
    >>> words.change("new"), words.day("2027-01-29"), words.day(None)
    ('new on the list', '29 January 2027', '')
    """

    def __init__(self, report: SchoolReport) -> None:
        self.report, self.lang = report, report.lang

    def say(self, key: str, /, **params: Any) -> str:
        """Say a text of the page; trainees' own wording (``key_trainee``) goes first where there is one."""
        own = f"school_page.{key}_trainee"
        if self.report.learner == "trainee" and has_text(own, self.lang):
            return text(own, self.lang, **params)
        return text(f"school_page.{key}", self.lang, **params)

    def learner(self, key: str) -> str:
        """Say what a learner, a group or all of them are called: ``one``, ``group``, ``all``."""
        return text(f"school_page.learner.{self.report.learner}.{key}", self.lang)

    def audience(self) -> str:
        """Say whose page it is."""
        if self.one_class and not self.report.group:
            return self.say("audience.no_class")
        return self.say(f"audience.{self.report.audience}", group=self.report.group)

    @property
    def one_class(self) -> bool:
        """Whether the page knows one class alone, which may be that of those whose class is not stated."""
        return bool(self.report.group) or self.report.audience == "class_teacher"

    def change(self, code: str) -> str:
        """Say a change since the last list in two or three words; a code that nobody knows as it is."""
        key = f"changes.change.{code}"
        return text(key, self.lang) if code and has_text(key, self.lang) else code

    def top(self) -> list[str]:
        """School, municipality, semester and date, those that are known."""
        report = self.report
        about = [
            report.municipality,
            semester_text(report.semester, self.lang),
            text("workbook.top.date", self.lang, day=self.day(report.as_of)),
        ]
        return [part for part in about if part]

    def lead(self) -> str:
        """Say how many are above the threshold, how many places there are, how many are left without one.

        A class teacher's page, which knows one class only, says of how many pupils it speaks.
        """
        report = self.report
        if self.one_class:
            n = len(report.pupils)
            key = f"school_page.{'class_line' if report.group else 'no_class_line'}.{report.learner}"
            return text(key, self.lang, count=n, n=self.count(n), group=report.group)
        return first_line(report)

    def guidance(self) -> list[tuple[str, list[str]]]:
        """Give "how to use this list" as the audience may read it."""
        return guidance_sections(self.report)

    def guidance_title(self) -> str:
        """Give the heading of that page."""
        return text("guidance.title", self.lang)

    def glossary(self) -> list[tuple[str, str]]:
        """Explain the words that this audience's page uses."""
        words = [*_GLOSSARY]
        if self.report.numbers == "full":
            words.append("weight")
        if "hidden" in set(self.report.reasons["kind"]):
            words.append("hidden")
        threshold = self.count(round(100 * float(self.report.summary.get("threshold", 0.1))))
        return [
            (self.say(f"glossary.{word}.word"), self.say(f"glossary.{word}.means", threshold=threshold))
            for word in words
        ]

    def count(self, n: float) -> str:
        """Write a whole number."""
        return number(n, self.lang)

    def share(self, share: float) -> str:
        """Write a share as a percentage without decimals."""
        return percent(share, self.lang, 0)

    def day(self, day: Any) -> str:
        """Write a day; nothing for none."""
        found = as_day(day)
        return "" if found is None else date_text(found, self.lang)

    def semester(self, semester: str, day: Any) -> str:
        """Say a semester in short, else the day."""
        found = re.fullmatch(r"(\d{4})/(\d{4})-(\d)", semester)
        if not found:
            return semester or self.day(day)
        return self.say("trend_semester.short", from_year=found[1], to_year=found[2], number=found[3])

    def of_100(self, per_100: float) -> str:
        """Say of how many in 100 like this a leaving is known, or expected as long as nothing was checked here."""
        n = round(per_100)
        key = f"school_page.of_100.{self.report.learner}.{self.known()}"
        return text(key, self.lang, count=n, n=self.count(n))

    def band(self, band: str) -> str:
        """Say a band in a sentence."""
        return self.say(f"band.{self.known()}", band=band)

    def known(self) -> str:
        """Whether the numbers were checked on local outcomes: ``left``, else ``expected``."""
        return "left" if self.report.summary.get("has_local_outcomes", False) else "expected"


def as_day(day: Any) -> dt.date | None:
    """Read a day from a date, a timestamp or ISO text; None for none.

    Examples
    --------
    >>> as_day("2027-01-29"), as_day(float("nan")), as_day("")
    (datetime.date(2027, 1, 29), None, None)
    """
    if is_blank(day):
        return None
    found = pd.to_datetime(day, errors="coerce")
    return None if pd.isna(found) else found.date()


def is_blank(value: Any) -> bool:
    """Whether a cell holds nothing: None, NaN, NaT or empty text."""
    return value is None or (isinstance(value, str) and not value.strip()) or bool(pd.isna(value))


def said(row: Mapping[str, Any], name: str) -> str:
    """Text of a cell, empty where it holds nothing."""
    value = row.get(name)
    return "" if is_blank(value) else str(value).strip()
