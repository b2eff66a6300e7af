"""Recognises attributes that say who a pupil is: they serve to audit the library and are never a factor."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from unicodedata import combining, normalize

from pumpurs_risk.catalogue.entries import ProtectedAttribute

_WORD = re.compile(r"[a-z]+|\d+")
_CAMEL = re.compile(r"(?<=[a-zāčēģīķļņšūž])(?=[A-ZĀČĒĢĪĶĻŅŠŪŽ])")


def words_of(label: str) -> str:
    """Write a heading as plain words with single spaces: case, accents, underscores and punctuation aside.

    Examples
    --------
    >>> words_of("Mācību_valoda (1)"), words_of("homeLanguage")
    ('macibu valoda 1', 'home language')
    """
    folded = normalize("NFKD", _CAMEL.sub(" ", label)).casefold()
    return " ".join(_WORD.findall("".join(mark for mark in folded if not combining(mark))))


class Recogniser:
    """Tells which protected attribute, if any, a heading, name or id speaks of.

    Parameters
    ----------
    attributes : mapping of str to ProtectedAttribute
        By id.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> recogniser = Recogniser(Catalogue.load().protected)
    >>> recogniser.attribute("Dzimums"), recogniser.attribute("Sekmes"), recogniser.attribute("Laulība")
    ('sex', None, None)
    """

    def __init__(self, attributes: Mapping[str, ProtectedAttribute]) -> None:
        self._patterns = [
            (
                name,
                _pattern(_all(one.words), whole=False),
                _pattern(_all(one.whole), whole=True),
                _pattern(_all(one.unless), whole=False),
            )
            for name, one in attributes.items()
        ]

    def attribute(self, label: str) -> str | None:
        """Id of the attribute that a label speaks of, or None."""
        plain = words_of(label)
        for name, anywhere, whole, unless in self._patterns:
            if (anywhere.search(plain) or whole.search(plain)) and not unless.search(plain):
                return name
        return None


def _all(words: Mapping[str, Iterable[str]]) -> list[str]:
    return [word for language in words.values() for word in language]


def _pattern(phrases: list[str], *, whole: bool) -> re.Pattern[str]:
    if not phrases:
        return re.compile(r"(?!)")  # matches nothing
    parts = [
        " ".join(re.escape(words_of(word)) + ("[a-z]*" if word.endswith("*") else "") for word in phrase.split())
        for phrase in phrases
    ]
    bounds = (r"\A", r"\Z") if whole else (r"(?<!\S)", r"(?!\S)")
    return re.compile(f"{bounds[0]}(?:{'|'.join(parts)}){bounds[1]}")
