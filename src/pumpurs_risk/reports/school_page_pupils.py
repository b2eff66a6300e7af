"""One pupil on a school's page: the row of the table, and the page behind it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from math import isfinite
from typing import Any, NamedTuple

import pandas as pd

from pumpurs_risk.locale import number, sort_key, text
from pumpurs_risk.reports.paper import DECISIONS, SchoolReport
from pumpurs_risk.reports.school_page_pictures import trend_line, waterfall
from pumpurs_risk.reports.school_page_sections import Row, as_number, class_key, first_reasons, row_texts, rows
from pumpurs_risk.reports.school_page_words import CERTAINTIES, CHANGES, SECTIONS, Words, as_day, said
from pumpurs_risk.reports.support_sheets import sum_lines

_ADDED_UP = ("base", "risk", "strength", "unknown", "total")


class _Line(NamedTuple):
    kind: str
    sentence: str
    contribution: float
    details: tuple[str, ...] = ()


def sorted_pupils(report: SchoolReport) -> list[Row]:
    """Pupils in the order of the page: by what is to be done, then by risk; by name where a rank may not be told."""
    found = rows(report.pupils)
    if report.numbers == "full":
        found.sort(key=lambda row: as_number(row, "order", 0.0))
    else:
        found.sort(key=lambda row: (class_key(said(row, "class_id")), sort_key(said(row, "shown"))))
    return sorted(found, key=lambda row: _place(SECTIONS, row["section"]))


class PupilPages:
    """Makes what the template shows of each pupil.

    Parameters
    ----------
    report : SchoolReport
        The school's report.
    words : Words
        Its words.
    """

    def __init__(self, report: SchoolReport, words: Words) -> None:
        self.report, self.words, self.lang = report, words, report.lang
        self.exact = report.numbers == "full"
        self._first = first_reasons(report)
        self._of = {
            name: _by_pupil(getattr(report, name)) for name in ("reasons", "what_if", "questions", "signals", "trend")
        }

    def page(self, row: Mapping[str, Any], anchor: str) -> Row:
        """Give one pupil's texts and pictures.

        Parameters
        ----------
        row : mapping
            A row of ``SchoolReport.pupils``.
        anchor : str
            Where on the page it stands; says nothing of the pupil.

        Returns
        -------
        dict
            What ``templates/school_pupil.html.j2`` reads.
        """
        words, pupil = self.words, str(row["pupil_id"])
        section, certainty, change = (said(row, name) for name in ("section", "certainty", "change"))
        due = as_day(row.get("due"))
        decision = said(row, "decision")
        return {
            **row_texts(row, "shown", "class_id", "programme", "always_look", "note", "step", "role_name", "plan"),
            "anchor": anchor,
            "section": section,
            "status": words.say(f"section.{section}") if section in SECTIONS else section,
            "status_rank": _place(SECTIONS, section),
            "certainty": certainty,
            "certainty_word": text(f"workbook.certainty.{certainty}", self.lang) if certainty in CERTAINTIES else certainty,
            "certainty_rank": _place(CERTAINTIES, certainty),
            "certainty_text": words.say(f"certainty_text.{certainty}") if certainty in CERTAINTIES else "",
            "border": _is_true(row, "uncertain_cut"),
            "tie": _is_true(row, "tie"),
            "change": change or "none",
            "change_word": words.change(change),
            "change_rank": _place(CHANGES, change),
            "change_text": said(row, "change_text"),
            "decision": text(f"workbook.decision.{decision}", self.lang) if decision in (*DECISIONS, "added") else decision,
            "due": words.day(due),
            "due_iso": due.isoformat() if due else "",
            "chance": self._chance(row),
            "first": (self._first.get(pupil) or [""])[0],
            **self._reasons(pupil),
            "signals": [row_texts(sign, "sentence", "source") for sign in self._of["signals"].get(pupil, ())],
            "questions": self._questions(pupil),
            "what_if": self._what_if(pupil),
            **self._trend(pupil),
        }  # fmt: skip

    def _chance(self, row: Mapping[str, Any]) -> str:
        """Say how likely it is, as exactly as the audience may know."""
        if self.report.numbers == "full" and isfinite(per_100 := as_number(row, "per_100")):
            return self.words.of_100(per_100)
        band = said(row, "band")
        return self.words.band(band) if self.report.numbers == "band" and band else ""

    def _what_if(self, pupil: str) -> list[str]:
        """What would change the estimate; its sentences state a risk exactly, so only for those who may know it so."""
        return [said(would, "sentence") for would in self._of["what_if"].get(pupil, ())] if self.exact else []

    def _questions(self, pupil: str) -> list[tuple[str, list[Row]]]:
        """Questions with their answers, those to one role together."""
        asked = [row_texts(row, "question", "role_name", "answer") for row in self._of["questions"].get(pupil, ())]
        return [(role, list(some)) for role, some in groupby(asked, key=lambda row: str(row["role_name"]))]

    def _reasons(self, pupil: str) -> Row:
        lines, hidden = self._lines(pupil)
        kinds = {kind: [line for line in lines if line.kind == kind] for kind in _ADDED_UP}
        whole = self.exact and all(
            len(kinds[end]) == 1 and isfinite(kinds[end][0].contribution) for end in ("base", "total")
        )
        unknown = [line for line in kinds["unknown"] if not (whole and isfinite(line.contribution))]
        told = {"risks": kinds["risk"], "strengths": kinds["strength"], "unknown": unknown, "hidden": hidden, "sum": []}
        if whole:
            told["sum"] = self._sum([line for kind in _ADDED_UP for line in kinds[kind] if line not in unknown])
        return told

    def _lines(self, pupil: str) -> tuple[list[_Line], list[str]]:
        """One line per construct with its details below it; and what is only known to the support staff."""
        found = sorted(
            self._of["reasons"].get(pupil, ()),
            key=lambda row: (str(row["kind"]), as_number(row, "rank", 0.0), as_number(row, "line", 0.0)),
        )
        hidden = [said(row, "sentence") for row in found if row["kind"] == "hidden"]
        lines = []
        for (kind, _), group in groupby(found, key=lambda row: (str(row["kind"]), as_number(row, "rank", 0.0))):
            parts = list(group)
            whole = [row for row in parts if not as_number(row, "line", 0.0)]
            told = {said(row, "sentence") for row in whole}  # a construct speaks with its first factor's sentence
            below = dict.fromkeys(said(row, "sentence") for row in parts if as_number(row, "line", 0.0))
            details = tuple(sentence for sentence in below if sentence not in told)
            if kind in _ADDED_UP:
                lines += [
                    _Line(
                        kind, said(row, "sentence"), as_number(row, "contribution"), details if row is whole[0] else ()
                    )
                    for row in whole
                ]
        return lines, hidden

    def _sum(self, lines: list[_Line]) -> list[Row]:
        """Lines that add up as printed, each with its step of the waterfall."""
        details = {(line.kind, line.sentence): line.details for line in lines}
        own = {kind: self.words.say(f"one.{kind}") for kind in ("base", "other", "total")}
        summed = [
            (kind, own.get(kind, sentence), weight or 0.0) for kind, sentence, weight in sum_lines(lines, self.lang)
        ]
        bars = waterfall([(kind, weight) for kind, _, weight in summed])
        return [
            {
                "kind": kind,
                "sentence": sentence,
                "weight": self._weight(kind, weight),
                "bar": bar,
                "details": details.get((kind, sentence), ()),
            }
            for (kind, sentence, weight), bar in zip(summed, bars, strict=True)
        ]

    def _weight(self, kind: str, weight: float) -> str:
        sign = "+" if weight > 0 and kind not in ("base", "total") else ""
        return sign + number(weight, self.lang, 2)

    def _trend(self, pupil: str) -> Row:
        """Risk at earlier semester starts, as a line and in words; only where numbers are told."""
        points = [row for row in self._of["trend"].get(pupil, ()) if isfinite(as_number(row, "risk"))]
        points.sort(key=lambda row: as_day(row.get("as_of")) or self.report.as_of)
        if not self.exact or len(points) < 2:
            return {"trend": "", "trend_lines": []}
        risks = [as_number(row, "risk") for row in points]
        when = [self.words.semester(said(row, "semester"), row.get("as_of")) for row in points]
        lines = [
            self.words.say("one.trend_text", when=name, n=self.words.count(round(100 * risk)))
            if round(100 * risk)
            else self.words.say("one.trend_low", when=name)
            for name, risk in zip(when, risks, strict=True)
        ]
        threshold = float(self.report.summary.get("threshold", 0.1))
        return {"trend": trend_line(risks, threshold), "trend_lines": lines}


def _by_pupil(frame: pd.DataFrame) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows(frame):
        found.setdefault(str(row["pupil_id"]), []).append(row)
    return found


def _place(order: tuple[str, ...], name: Any) -> int:
    return order.index(name) if name in order else len(order)


def _is_true(row: Mapping[str, Any], name: str) -> bool:
    value = row.get(name)
    return value is not None and not pd.isna(value) and bool(value)
