"""What a text needs before it stands in a workbook: room in its cell, an allowed sheet name, storable characters."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

MAX_SHEET_NAME = 31
MAX_CELL = 32_767
_WIDTH_OF = {
    **dict.fromkeys("ijlīļ'|", 222),
    **dict.fromkeys(" .,:;!/\\I[]ftĪ\u00a0", 278),
    **dict.fromkeys('()-r„”“"', 340),
    **dict.fromkeys("ckķsvxyzčšž", 500),
    **dict.fromkeys("wCDHNRUČŅŪ", 722),
    **dict.fromkeys("GOQ", 778),
    **dict.fromkeys("ABEKPSVXYĀĒĶŠ", 667),
    **dict.fromkeys("FTZŽ", 611),
    **dict.fromkeys("mM", 833),
    **dict.fromkeys("%@W—", 950),
}
"""Advance widths of Arial in thousandths of the font size; every other character is 556 (a digit)."""


@lru_cache(maxsize=65_536)  # a workbook says the same few thousand words again and again
def _text_width(text: str, size: float, bold: bool) -> float:
    pixels = sum(_WIDTH_OF.get(c, 556) for c in text) / 1000 * size * 96 / 72
    return pixels * (1.08 if bold else 1.0)


@lru_cache(maxsize=16_384)
def lines_needed(text: str, width: float, *, size: float = 10, bold: bool = False) -> int:
    """Count the lines that a wrapped text takes in a column.

    Parameters
    ----------
    text : str
        The cell's text; its own line breaks count.
    width : float
        Width of the column, in characters as spreadsheet programs count them.
    size : float
        Font size in points.
    bold : bool
        Whether the text is bold, which is wider.

    Returns
    -------
    int
        At least 1.

    Examples
    --------
    >>> lines_needed("Kavēto stundu īpatsvars 2026./2027. m. g. 1. semestrī ir 12,4 %", 30)
    3
    """
    room = width * 7.15  # a character of width is 7 pixels; Excel draws 10 points as 13 pixels, not 13.3
    lines = 0
    for paragraph in text.split("\n"):
        lines += 1
        used = 0.0
        for word in paragraph.split(" "):
            needed = _text_width(word, size, bold)
            space = _text_width(" ", size, bold) if used else 0.0
            if used and used + space + needed > room:
                lines += 1
                used, space = 0.0, 0.0
            if needed > room:  # a word longer than the line is broken anywhere
                lines += math.ceil(needed / room) - 1
                needed %= room
            used += space + needed
    return max(1, lines)


def safe_sheet_name(name: str, taken: Iterable[str] = ()) -> str:
    r"""Make a name that every spreadsheet program accepts: at most 31 characters, none of ``[]:*?/\``, unique.

    Parameters
    ----------
    name : str
        The name wished for.
    taken : iterable of str
        Names already used in the workbook; upper and lower case count as the same.

    Returns
    -------
    str
        The name itself where it is fine, else the nearest one that is.

    Examples
    --------
    >>> safe_sheet_name("9.a/9.b", ["9.A-9.B"])
    '9.a-9.b (2)'
    """
    allowed = "".join("-" if c in "[]:*?/\\" or not c.isprintable() else c for c in name).strip(" '") or "-"
    used = {other.casefold() for other in taken} | {"history"}  # reserved by Excel
    attempt, n = allowed[:MAX_SHEET_NAME].strip(" '"), 1
    while attempt.casefold() in used:
        n += 1
        ending = f" ({n})"
        attempt = allowed[: MAX_SHEET_NAME - len(ending)].rstrip(" '") + ending
    return attempt


def clean_text(value: str) -> str:
    """Make a text that a workbook can hold: nothing a file cannot encode, at most 32,767 characters.

    Examples
    --------
    >>> clean_text("=cmd|' /C calc'!A0")
    "=cmd|' /C calc'!A0"
    """
    encodable = value.encode("utf-8", "replace").decode("utf-8")
    if len(encodable.encode("utf-16-le")) // 2 <= MAX_CELL:
        return encodable
    return encodable[: MAX_CELL // 2 - 1] + "…"


def shorten(value: str, limit: int) -> str:
    """Cut a text to a number of characters, at a word where possible.

    Examples
    --------
    >>> shorten("Neattaisnoti kavētās stundas", 20)
    'Neattaisnoti…'
    """
    if len(value) <= limit:
        return value
    cut = value[: limit - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut).rstrip(" ,;:–-") + "…"


def is_blank(value: Any) -> bool:
    """Whether a value is none, not a number, not a time, or an empty text.

    Examples
    --------
    >>> is_blank(float("nan")), is_blank(0)
    (True, False)
    """
    if value is None:
        return True
    try:
        return bool(value == "" or value != value)
    except TypeError:  # pandas.NA refuses to be true or false
        return True
