"""Understands what people type into a list: decisions, answers, what became of a pupil, dates; in any of the languages."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from pumpurs_risk.locale import LANGUAGES, text
from pumpurs_risk.reports.paper import DECISIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from pumpurs_risk.records.contract import Field, SheetContract

OUTCOMES = (
    "dropped_out", "graduated", "transferred", "emigrated", "still_enrolled", "repeating", "died", "unclear",
)  # fmt: skip
"""What can have become of a pupil who is on no roster any more, in the order in which the list offers it."""
_NOTE = re.compile(r"\s*[–—:;,.(]\s*|\s+-\s*")
"""What stands between a word and the remark behind it."""
_LONGEST_WORDS = 200
_FIRST_YEAR, _LAST_YEAR = 1990, 2100
_DAY = re.compile(r"(\d{1,2})\s*\.\s*(\d{1,2})\s*\.\s*(\d{4})\s*\.?|(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T].*)?")


def read_decision(typed: str) -> tuple[str, str]:
    """Read a decision and its note as people type them.

    Parameters
    ----------
    typed : str
        What stands in the cell, in any of the languages.

    Returns
    -------
    decision : str
        confirmed, dismissed, deferred or added; empty if it is none of them.
    note : str
        What follows the word; the whole text if there is no such word.

    Examples
    --------
    >>> read_decision("Noraidīts – mācās citā skolā"), read_decision("jāpadomā")
    (('dismissed', 'mācās citā skolā'), ('', 'jāpadomā'))
    """
    tidy = " ".join(typed.split())
    seen = _without_invisible_start(tidy)
    folded = seen.casefold()
    for word, decision, exact in _known_decisions():
        if not folded.startswith(word):
            continue
        rest = seen[len(word) :]
        # a short everyday word ("no", "ja") is a decision only if nothing or a mark follows
        follows = r"\s*[–—:;,.(-]" if exact else r"[\W_]"
        if not rest or re.match(follows, rest):
            return decision, _note(rest)
    return "", tidy


def read_outcome(typed: str, meaning: Callable[[str], str | None]) -> tuple[str, str]:
    """Read what became of a pupil, and the remark behind it.

    Parameters
    ----------
    typed : str
        What stands in the cell.
    meaning : callable
        Gives the code of a word, or None: `outcome_words`.

    Returns
    -------
    outcome : str
        One of `OUTCOMES`; empty if it is none of them.
    note : str
        What follows the word; the whole text if there is no such word.

    Examples
    --------
    >>> read_outcome("Nomira", outcome_words()), read_outcome("pārtrauca mācības – strādā", outcome_words())
    (('died', ''), ('dropped_out', 'strādā'))
    >>> read_outcome("jāpajautā", outcome_words())
    ('', 'jāpajautā')
    """
    tidy = " ".join(typed.split())
    seen = _without_invisible_start(tidy)
    within = seen[:_LONGEST_WORDS]
    for end in (len(seen), *(mark.start() for mark in reversed(list(_NOTE.finditer(within))))):
        found = meaning(_visible(seen[:end])) if end <= _LONGEST_WORDS else None
        if found in OUTCOMES:
            return str(found), _note(seen[end:])
    return "", tidy


@cache
def outcome_words() -> Callable[[str], str | None]:
    """Give the meaning of what people write for an outcome: the list's own words, and those of the table of outcomes."""
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.tables.codes import CodeWords, normal_word
    from pumpurs_risk.records.tables.contract import table_contracts

    own = {normal_word(text(f"workbook.outcome.{kind}", lang)): kind for lang in LANGUAGES for kind in OUTCOMES}
    contract = CodeWords(table_contracts(Catalogue.load())["outcomes"].fields["outcome"])
    return lambda typed: own.get(normal_word(typed)) or contract.code(typed)


def read_day(typed: str) -> dt.date | None:
    """Read a day as people type it into a list, or as a spreadsheet program gives it back.

    Examples
    --------
    >>> read_day("3.2.2027."), read_day("2027-02-03"), read_day("februārī")
    (datetime.date(2027, 2, 3), datetime.date(2027, 2, 3), None)
    """
    found = _DAY.fullmatch(_visible(typed).strip())
    if not found:
        return None
    day, month, year, *iso = found.groups()
    parts = iso if year is None else [year, month, day]
    try:
        read = dt.date(*map(int, parts))
    except ValueError:
        return None
    return read if _FIRST_YEAR <= read.year <= _LAST_YEAR else None


def is_reference(typed: str) -> bool:
    """Whether the cell holds nothing but our own "see the sheet ..." of a pupil whose decision is asked elsewhere."""
    for lang in LANGUAGES:
        start, _, end = text("workbook.list.see", lang, sheet="\0").partition("\0")
        if typed.startswith(start) and typed.endswith(end):
            return True
    return False


def answer_numbers(
    typed: list[str], field: Field, contract: SheetContract
) -> tuple[np.ndarray[Any, np.dtype[np.float64]], list[str]]:
    """Read answers to one question as its factor demands.

    Returns
    -------
    numbers : numpy.ndarray of float64
        NaN where an answer is not understood, or says that it is not known.
    codes : list of str
        Why it is not understood: ``answer_out_of_range``, ``answer_not_understood`` or empty.
    """
    import pyarrow as pa

    from pumpurs_risk.records.validation.parsing import parse

    parsed = parse(pa.array(typed, pa.string()), field, contract.words)
    values = np.asarray(parsed.values, np.float64)
    outside = parsed.faults.get("out_of_range", np.zeros(len(typed), bool))
    wrong = np.logical_or.reduce([np.zeros(len(typed), bool), *parsed.faults.values()])
    codes = np.where(outside, "answer_out_of_range", np.where(wrong, "answer_not_understood", ""))
    return values, codes.tolist()


def answer_expected(field: Field, code: str, lang: str) -> str:
    """Say what would have been understood: the limits, or the words."""
    lang = lang if lang in LANGUAGES else "lv"
    if code == "answer_out_of_range":
        known = field.minimum is not None and field.maximum is not None
        return f"{field.minimum:g}–{field.maximum:g}" if known else "–"
    if field.kind == "yes_no":
        return f"{text('template.words.yes', lang)}, {text('template.words.no', lang)}"
    if field.kind == "share":
        return text("workbook.returned.expected_share", lang)
    return ", ".join(field.scale.get(lang, ())) or text("workbook.returned.expected_number", lang)


def expected_words(code: str, lang: str) -> str:
    """List the words that a cell offers, for a problem's sentence."""
    room, names = ("decision", DECISIONS) if code == "decision_not_understood" else ("outcome", OUTCOMES)
    return ", ".join(text(f"workbook.{room}.{name}", lang) for name in names)


def plain(shown: str) -> str:
    """Bring a name into the form in which two are compared.

    Examples
    --------
    >>> plain("  Anna   BĒRZIŅA ")
    'anna bērziņa'
    """
    return " ".join(shown.split()).casefold()


def _visible(typed: str) -> str:
    """Leave out marks of direction and other signs that nobody sees."""
    return "".join(c for c in typed if unicodedata.category(c) != "Cf")


def _without_invisible_start(typed: str) -> str:
    """Leave them out before the first word; those within a remark belong to what a person wrote."""
    shown = next((i for i, c in enumerate(typed) if unicodedata.category(c) != "Cf"), len(typed))
    return typed[shown:].lstrip()


def _note(rest: str) -> str:
    note = rest.strip(" –—:;,.-")
    return note if _visible(note).strip() else ""


@cache
def _known_decisions() -> tuple[tuple[str, str, bool], ...]:
    words = []
    for lang in LANGUAGES:
        for decision in (*DECISIONS, "added"):
            words.append((text(f"workbook.decision.{decision}", lang).casefold(), decision, False))
            also = text(f"workbook.decision.also.{decision}", lang).split("|")
            words += [(word.casefold(), decision, len(word) < 5) for word in also]
    return tuple(sorted(words, key=lambda known: -len(known[0])))
