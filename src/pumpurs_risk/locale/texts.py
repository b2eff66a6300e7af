"""Looks up a text by key and language and fills it in."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pumpurs_risk.locale.numbers import plural_category

LANGUAGES = ("lv", "en")
_HERE = Path(__file__).resolve().parent


@cache
def _room(lang: str, room: str) -> dict[str, Any]:
    check_language(lang)
    with (_HERE / lang / f"{room}.toml").open("rb") as handle:
        return tomllib.load(handle)


def _lookup(key: str, lang: str) -> str | Mapping[str, str]:
    room, *path = key.split(".")
    entry: Any = _room(lang, room)
    for part in path:
        entry = entry[part]
    return entry  # type: ignore[no-any-return]


def check_language(lang: str) -> None:
    """Refuse a language that there are no texts for.

    Raises
    ------
    ValueError
        Naming those that there are.
    """
    if lang not in LANGUAGES:
        raise ValueError(f"lang must be one of {', '.join(LANGUAGES)}, got {lang!r}")


def has_text(key: str, lang: str) -> bool:
    """Whether the locale files hold this key."""
    try:
        _lookup(key, lang)
    except (KeyError, FileNotFoundError, TypeError):
        return False
    return True


def form(entry: str | Mapping[str, str], lang: str, count: float | None = None) -> str:
    """Choose the form of a text that agrees with a number.

    Parameters
    ----------
    entry : str or mapping of str to str
        A plain text, or its forms by CLDR category (``one``, ``other`` and so on).
    lang : {"lv", "en"}
        Whose plural rules to follow.
    count : float, optional
        The number that the text must agree with, as it is printed.

    Returns
    -------
    str
        The form, not filled in yet.

    Examples
    --------
    >>> form({"one": "stunda", "other": "stundas"}, "lv", 21)
    'stunda'
    """
    if isinstance(entry, str):
        return entry
    category = "other" if count is None else plural_category(count, lang)
    if count == 0 and "none" in entry:
        return entry["none"]
    return entry.get(category, entry["other"])


def text(key: str, lang: str = "lv", /, *, count: float | None = None, **params: Any) -> str:
    """Say a text from the locale files.

    Parameters
    ----------
    key : str
        ``"room.name"``: the file and the entry in it, such as ``"errors.folder_missing"``.
    lang : {"lv", "en"}
        The reader's language.
    count : float, optional
        Chooses the number form where the entry has several; the text ``none`` is taken at exactly 0 if the entry has it.
    **params
        Values for the placeholders.

    Returns
    -------
    str
        The filled-in text.

    Raises
    ------
    KeyError
        If the key is not in the locale files.

    Examples
    --------
    >>> text("words.pupils", "lv", count=21, n="21")
    '21 skolēns'
    """
    try:
        entry = _lookup(key, lang)
    except (KeyError, FileNotFoundError, TypeError):
        raise KeyError(f"no text {key!r} in locale/{lang}") from None
    return form(entry, lang, count).format(**params)
