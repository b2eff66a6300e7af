"""How a school subject is written inside a sentence: as the school writes it, without the capital of a list."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

_DATA = Path(__file__).with_name("subject_names.toml")


def subject_in_sentence(subject: str) -> str:
    """Write a subject's name as it stands inside a sentence.

    Parameters
    ----------
    subject : str
        As the school wrote it.

    Returns
    -------
    str
        The first letter is small, unless the word is an abbreviation or a proper noun; a name written in capitals
        throughout is written small. Nothing else is changed.

    Examples
    --------
    >>> [subject_in_sentence(name) for name in ("Matemātika", "Latviešu valoda", "DZM", "Latvijas vēsture", "FIZIKA")]
    ['matemātika', 'latviešu valoda', 'DZM', 'Latvijas vēsture', 'fizika']
    """
    words = subject.split()
    proper = _data()["proper"]
    shouted = subject.isupper() and any(_is_word(word) for word in words)
    if shouted:
        words = [_small(word) for word in words]
    elif words and words[0] not in proper and not _is_abbreviation(words[0]):
        words[0] = words[0][:1].lower() + words[0][1:]
    return " ".join(words)


def _small(word: str) -> str:
    if not _is_word(word):
        return word
    capital = word.capitalize()
    return capital if capital in _data()["proper"] else word.lower()


def _is_word(word: str) -> bool:
    return len(word) > int(_data()["longest_abbreviation"])


def _is_abbreviation(word: str) -> bool:
    """Two capital letters or more, as in DZM, IT or E-klase's "IKT/DAT": no small letter follows the first."""
    return sum(letter.isupper() for letter in word) > 1


@cache
def _data() -> dict[str, Any]:
    data = tomllib.loads(_DATA.read_text(encoding="utf-8"))
    return data | {"proper": frozenset(data["proper"])}
