"""Code words: what people write for a status, a kind, an outcome, a factor or a role, to the code of it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from pumpurs_risk.records.contract import Field, normal_heading, without_diacritics

_SIGNS = re.compile(r"[()\[\]{}.,:;/\\|\u2013\u2014\u2212\"„”“-]+")
_SEARCHED = 200  # a column of free text has as many wrong words as rows: the nearest is told for the first ones


def normal_word(written: str) -> str:
    """Fold case, spaces and the signs between words.

    Examples
    --------
    >>> normal_word("Attaisnots  (slimība)"), normal_word("attaisnots – slimība.")
    ('attaisnots slimība', 'attaisnots slimība')
    """
    return " ".join(_SIGNS.sub(" ", normal_heading(written)).split())


class CodeWords:
    """The words of a code column, looked up without regard to case, spaces, signs and, failing that, diacritics.

    Parameters
    ----------
    column : Field
        With ``words``: code, to what people write for it; of ``allowed`` codes alone the nearest word is told, if given.

    Examples
    --------
    >>> status = Field("status", "code", {}, words={"absent_open": ("n", "kavējums"), "excused_illness": ("ns",)})
    >>> words = CodeWords(status)
    >>> words.code("N"), words.code("Kavejums"), words.code("absent_open"), words.code("x")
    ('absent_open', 'absent_open', 'absent_open', None)
    >>> words.nearest(["kavējms"])
    ['kavējums']
    """

    def __init__(self, column: Field) -> None:
        said = [(word, code) for code, words in column.words.items() for word in (code, *words)]
        hinted = [(word, code) for word, code in said if not column.allowed or code in column.allowed]
        self._cased = dict(said)  # "A" is a level of learning, "a" is exempt
        self.written: dict[str, str] = {}
        for word, _ in hinted:
            self.written.setdefault(without_diacritics(normal_word(word)), word)
        self._exact = _index([(normal_word(word), code) for word, code in said])
        self._bare = _index([(without_diacritics(normal_word(word)), code) for word, code in said])

    def code(self, written: str) -> str | None:
        """The code that a word means; None if it means none, or more than one."""
        plain = normal_word(written) or written.strip()
        return self._cased.get(written) or self._exact.get(plain) or self._bare.get(without_diacritics(plain)) or None

    def nearest(self, wrong: Sequence[str]) -> list[str]:
        """For each unknown word the known one that resembles it most; "" if none does."""
        known = list(self.written)
        found = []
        for word in wrong[:_SEARCHED]:
            close = difflib.get_close_matches(without_diacritics(normal_word(word[:60])), known, n=1, cutoff=0.7)
            found.append(self.written[close[0]] if close else "")
        return found + [""] * (len(wrong) - len(found))


def _index(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Word to code; "" for a word of two codes."""
    index: dict[str, str] = {}
    for word, code in pairs:
        index[word] = code if index.get(word, code) == code else ""
    return index
