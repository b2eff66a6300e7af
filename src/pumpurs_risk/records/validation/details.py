"""What belongs to a problem, kept without a language: places, days and words become a sentence's part when it is said."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from pumpurs_risk.locale import LANGUAGES, date_text, text

_DAYS = ("date_in_future", "rows_later_than_list")
_ROWS = ("contradicting_duplicates", "duplicate_row")
_PLACES = (
    "tables.duplicate_row",
    "tables.contradiction",
    "tables.contradiction_unclear",
    "tables.contradiction_absent",
)
_HEADED_DAYS = ("tables.before_other", "tables.row_before_other")
_WORDED = f'{{"{LANGUAGES[0]}": '


def in_languages(say: Callable[[str], str]) -> str:
    """Keep what is said in every language; the reader's is chosen when the sentence is made.

    Parameters
    ----------
    say : callable
        ``say(lang)``.

    Returns
    -------
    str
        JSON; as it is where all languages say the same.

    Examples
    --------
    >>> in_languages(lambda lang: {"lv": "jā, nē", "en": "yes, no"}[lang])
    '{"lv": "jā, nē", "en": "yes, no"}'
    >>> in_languages(lambda lang: "1–10")
    '1–10'
    """
    said = {lang: say(lang) for lang in LANGUAGES}
    return json.dumps(said, ensure_ascii=False) if len(set(said.values())) > 1 else said[LANGUAGES[0]]


def places(file: str, sheet: str, rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """File, sheet and row of some rows; row 0 for a whole file.

    Examples
    --------
    >>> places("k.csv", "", np.array([5, 0])).tolist()
    ['k.csv::5', 'k.csv::0']
    """
    told: np.ndarray[Any, Any] = f"{file}:{sheet}:" + rows.astype("U20").astype(object)
    return told


def detail_in(code: str, detail: str, lang: str) -> str:
    """Put what belongs to a problem into words.

    Parameters
    ----------
    code : str
        The problem's.
    detail : str
        As the log keeps it.
    lang : {"lv", "en"}
        The reader's language.

    Returns
    -------
    str

    Examples
    --------
    >>> detail_in("tables.duplicate_row", "k.csv::5", "en"), detail_in("date_in_future", "2027-01-15", "lv")
    ('k.csv, row 5', '15.01.2027.')
    >>> detail_in("tables.unknown_word_alone", '{"lv": "jā, nē", "en": "yes, no"}', "en")
    'yes, no'
    """
    if code in _ROWS:
        file, _, row = detail.rpartition(":")
        return f"{file}, {text('problems.where.row', lang, row=row)}"
    if code in _PLACES:
        return _place(detail, lang)
    if code in _DAYS:
        return date_text(dt.date.fromisoformat(detail), lang)
    if code in _HEADED_DAYS:
        heading, _, day = detail.rpartition(": ")
        return f"{heading}: {date_text(dt.date.fromisoformat(day), lang)}"
    return _worded(detail, lang)


def _place(detail: str, lang: str) -> str:
    file, sheet, row = detail.rsplit(":", 2)
    parts = [file]
    if sheet:
        parts.append(text("problems.where.sheet", lang, sheet=sheet))
    if row != "0":
        parts.append(text("problems.where.row", lang, row=row))
    return ", ".join(parts)


def _worded(detail: str, lang: str) -> str:
    if not isinstance(detail, str) or not detail.startswith(_WORDED):  # nothing, in a log that was read back
        return detail
    try:
        return str(json.loads(detail)[lang])
    except (ValueError, KeyError):  # a heading that looks like ours
        return detail
