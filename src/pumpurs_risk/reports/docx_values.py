"""What a control of Word holds, as a plan's field keeps it: an ISO date, the id of a choice, "yes", or the text."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pumpurs_risk.locale import LANGUAGES, date_text, text
from pumpurs_risk.reports.docx_controls import CHOICES, TICKED, choice_group, label
from pumpurs_risk.reports.docx_package import W14, W
from pumpurs_risk.reports.docx_segments import CONTENT, PROPERTIES, VAL, Piece
from pumpurs_risk.reports.docx_words import kind_of

_PLACEHOLDER_NAMES = ("placeholder text", "vietturateksts", "placeholder_20_text")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_DOTTED = re.compile(r"(\d{1,2})[./\s]\s*(\d{1,2})[./\s]\s*(\d{4})\s*\.?\s*(?:g\.?|gada?)?")
_NAMED = re.compile(r"(\d{1,2})\.?\s+([^\W\d]{3,})\s+(\d{4})")
_LATVIAN = re.compile(r"(\d{4})\.?\s*(?:g\.|gada)\s*(\d{1,2})\.\s*([^\W\d]{3,})")


@dataclass(frozen=True)
class Value:
    """A field's value, the text as it stands in the file, and a note where it was not understood."""

    value: str
    text: str
    note: str = ""
    params: dict[str, Any] = field(default_factory=dict)


def value_of(piece: Piece, placeholder_styles: frozenset[str], statuses: Mapping[str, str]) -> Value:
    """Read a control.

    Parameters
    ----------
    piece : Piece
        The control.
    placeholder_styles : frozenset of str
        Ids of the style in which Word shows what stands in an empty control.
    statuses : mapping of str to str
        Ids of the programme's statuses by their words.

    Returns
    -------
    Value
        What it holds.
    """
    control = piece.control
    properties = None if control is None else control.find(PROPERTIES)
    kind = _kind(piece, properties)
    if kind == "tick":
        return _tick(piece, properties)
    if properties is not None and _is_empty(piece, control, properties, placeholder_styles):
        return Value("", "")
    if properties is None and piece.text in placeholders():
        return Value("", "")
    if kind == "choice":
        return _choice(piece, properties, statuses)
    return _date(piece) if kind == "date" else Value(piece.text, piece.text)


def placeholder_styles(styles: Any) -> frozenset[str]:
    """Return the ids that a file gives to the style of placeholders; programs rename ids, not names."""
    if styles is None:
        return frozenset({"PlaceholderText"})
    return frozenset(
        style.get(f"{W}styleId", "")
        for style in styles.iter(f"{W}style")
        if (name := style.find(f"{W}name")) is not None and name.get(VAL, "").lower() in _PLACEHOLDER_NAMES
    )


@cache
def placeholders() -> frozenset[str]:
    """Return all texts that stand in empty controls, in every language."""
    keys = ("text", "date", "choice", "pupil_view", "parents_view")
    return frozenset(text(f"docx.placeholders.{key}", lang) for key in keys for lang in LANGUAGES)


def _kind(piece: Piece, properties: Any) -> str:
    if properties is not None:
        if properties.find(f"{W14}checkbox") is not None:
            return "tick"
        if properties.find(f"{W}dropDownList") is not None or properties.find(f"{W}comboBox") is not None:
            return "choice"
        if properties.find(f"{W}date") is not None:
            return "date"
    return kind_of(piece.tag)


def _is_empty(piece: Piece, control: Any, properties: Any, styles: frozenset[str]) -> bool:
    """An empty control shows a hint; a program may forget to take the hint's mark away when somebody types."""
    if piece.text == "" or piece.text in placeholders():
        return True
    return properties.find(f"{W}showingPlcHdr") is not None and _all_in(control, styles)


def _all_in(control: Any, styles: frozenset[str]) -> bool:
    runs = [run for run in control.find(CONTENT).iter(f"{W}r") if run.find(f"{W}t") is not None]
    return bool(runs) and all(
        (style := run.find(f"{W}rPr/{W}rStyle")) is not None and style.get(VAL) in styles for run in runs
    )


def _tick(piece: Piece, properties: Any) -> Value:
    checked = None if properties is None else properties.find(f"{W14}checkbox/{W14}checked")
    if checked is not None:
        ticked = checked.get(f"{W14}val", "1") in ("1", "true", "on")
    else:
        ticked = any(mark in piece.text for mark in (TICKED, "☑", "✓", "✔", "✗", "✘", "x", "X"))
    return Value("yes" if ticked else "", piece.text)


def _choice(piece: Piece, properties: Any, statuses: Mapping[str, str]) -> Value:
    written = " ".join(piece.text.split())
    ids = {word.casefold(): status for word, status in statuses.items()} if piece.tag == "status" else {}
    group = choice_group(piece.tag)
    for choice in CHOICES.get(group, ()):
        for lang in LANGUAGES:
            ids[text(f"docx.choices.{group}.{choice}", lang).casefold()] = choice
    shown = []
    if properties is not None:
        for item in properties.iter(f"{W}listItem"):
            word = item.get(f"{W}displayText") or item.get(f"{W}value", "")
            shown.append(word)
            ids[" ".join(word.split()).casefold()] = item.get(f"{W}value", "")
    if written.casefold() in ids:
        return Value(ids[written.casefold()], piece.text)
    if written in ids.values():
        return Value(written, piece.text)
    params = {"label": label(piece.tag, "lv"), "tag": piece.tag, "value": piece.text, "choices": ", ".join(shown)}
    return Value(piece.text, piece.text, "choice_not_understood", params)


def _date(piece: Piece) -> Value:
    day = read_day(piece.text)
    if day is not None:
        return Value(day.isoformat(), piece.text)
    params = {"label": label(piece.tag, "lv"), "tag": piece.tag, "value": piece.text}
    return Value(piece.text, piece.text, "date_not_understood" if piece.text.strip() else "", params)


def read_day(written: str) -> dt.date | None:
    """Understand a date as people type it.

    Parameters
    ----------
    written : str
        Such as "15.01.2027.", "2027-01-15", "2027. gada 15. janvārī", "15 January 2027".

    Returns
    -------
    datetime.date or None
        None if it is not understood.

    Examples
    --------
    >>> read_day("15.1.2027"), read_day("2027. gada 15. janvārī"), read_day("drīz")
    (datetime.date(2027, 1, 15), datetime.date(2027, 1, 15), None)
    """
    words = " ".join(written.split()).casefold()
    try:
        if found := _ISO.fullmatch(words):
            return dt.date(int(found[1]), int(found[2]), int(found[3]))
        if found := _DOTTED.fullmatch(words):
            return dt.date(int(found[3]), int(found[2]), int(found[1]))
        if found := _NAMED.fullmatch(words):
            return dt.date(int(found[3]), _month(found[2]), int(found[1]))
        if found := _LATVIAN.fullmatch(words):
            return dt.date(int(found[1]), _month(found[3]), int(found[2]))
    except (ValueError, KeyError):
        pass
    return None


def _month(word: str) -> int:
    """By the first three letters, which tell all months apart; jūnijs and jūlijs by four."""
    return _months()[word[:4] if word.startswith("jū") else word[:3]]


@cache
def _months() -> dict[str, int]:
    latvian = ("jan", "feb", "mar", "apr", "mai", "jūni", "jūli", "aug", "sep", "okt", "nov", "dec")
    english = {date_text(dt.date(2027, month, 1), "en").split()[1].casefold()[:3]: month for month in range(1, 13)}
    return english | {name: month for month, name in enumerate(latvian, 1)}
