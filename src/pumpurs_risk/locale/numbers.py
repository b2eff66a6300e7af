"""Numbers, dates, plural categories and the alphabet, Latvian and English."""

from __future__ import annotations

import datetime as dt
from typing import Any
from unicodedata import normalize

NBSP = "\u00a0"
_BASE = dict(zip("āēīōūy", "aeioui", strict=True))
_RANK = {letter: rank for rank, letter in enumerate(" -abcčdefgģhijkķlļmnņopqrŗsštuvwxzž")}
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip
_EXTRA = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ß": "ss", "æ": "ae"})


def plural_category(n: float, lang: str) -> str:
    """CLDR plural category of a number as it is printed.

    Parameters
    ----------
    n : float
        The number; decimals are looked at as printed without trailing zeros (1.2, 0.1).
    lang : {"lv", "en"}
        Whose rules.

    Returns
    -------
    str
        ``zero``, ``one`` or ``other`` in Latvian; ``one`` or ``other`` in English. Source: Unicode CLDR 46, plural rules.

    Examples
    --------
    >>> [plural_category(n, "lv") for n in (0, 1, 2, 11, 21, 1.1, 1.2)]
    ['zero', 'one', 'other', 'zero', 'one', 'one', 'other']
    """
    if lang == "en":
        return "one" if n == 1 else "other"
    whole, _, decimals = f"{abs(n):.6f}".rstrip("0").partition(".")
    if not decimals:
        i = int(whole)
        if i % 10 == 0 or 11 <= i % 100 <= 19:
            return "zero"
        return "one" if i % 10 == 1 else "other"
    f = int(decimals)
    if len(decimals) == 2:
        if 11 <= f % 100 <= 19:
            return "zero"
        return "one" if f % 10 == 1 and f % 100 != 11 else "other"
    return "one" if f % 10 == 1 else "other"


def number(x: float, lang: str, decimals: int = 0) -> str:
    """Write a number: decimal comma and no-break thousands in Latvian.

    Examples
    --------
    >>> number(12.4, "lv", 1), number(1500, "en")
    ('12,4', '1,500')
    """
    plain = f"{x:,.{decimals}f}"
    if float(plain.replace(",", "")) == 0:
        plain = plain.lstrip("-")  # never "-0"
    plain = plain.replace("-", "\N{MINUS SIGN}")
    if lang == "en":
        return plain
    return plain.replace(",", NBSP).replace(".", ",")


def percent(share: float, lang: str, decimals: int = 1) -> str:
    """Write a share (0 to 1) as a percentage, with a no-break space in Latvian.

    Examples
    --------
    >>> percent(0.124, "en")
    '12.4%'
    """
    shown = number(100 * share, lang, decimals)
    return f"{shown}%" if lang == "en" else f"{shown}{NBSP}%"


def date_text(day: dt.date, lang: str) -> str:
    """Write a date: 15.01.2027. in Latvian, 15 January 2027 in English.

    Examples
    --------
    >>> import datetime
    >>> date_text(datetime.date(2027, 1, 15), "lv"), date_text(datetime.date(2027, 1, 15), "en")
    ('15.01.2027.', '15 January 2027')
    """
    if lang == "lv":
        return f"{day:%d.%m.%Y}."
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def sort_key(word: str) -> tuple[Any, ...]:
    """Key that sorts words in the order of the Latvian alphabet, as ICU's ``lv`` does.

    Examples
    --------
    >>> sorted(["Čakste", "Cīrulis", "Bērziņš", "Zariņš", "Žagars"], key=sort_key)
    ['Bērziņš', 'Cīrulis', 'Čakste', 'Zariņš', 'Žagars']
    """
    folded = word.casefold().translate(_EXTRA)
    bases = [c if c in _RANK else normalize("NFD", c)[0] for c in (_BASE.get(c, c) for c in folded)]
    first = [_RANK.get(c, 100 + ord(c)) for c in bases]
    second = [2 if c == "y" else int(c in _BASE) for c in folded]
    return first, second, word
