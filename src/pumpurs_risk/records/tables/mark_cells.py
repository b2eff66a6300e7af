"""Cells of marks as journals write them: ``7``, ``7,5``, ``7(p.d.)``, ``4|7``, ``85%``, ``7/10``, ``nv``, and several in a cell.

Works on the *distinct* cells of a column; ``typing.py`` spreads the marks over the rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pumpurs_risk.records.contract import Field
from pumpurs_risk.records.tables.codes import CodeWords

NOT_HANDED_IN = "n"  # in a column of marks: the work is not handed in, which is neither a mark nor an absence
_LOWEST, _HIGHEST = 1.0, 10.0
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
_PERCENT = re.compile(r"[+-]?\d+(?:[.,]\d+)?%")
_POINTS = re.compile(r"(\d+(?:[.,]\d+)?)/(\d+(?:[.,]\d+)?)")
_PART = re.compile(r"([^()]*)(?:\(([^()]*)\))?")
_AROUND = re.compile(r"\s*([|/])\s*|\s+(?=[(%])")
_BRACKETS = re.compile(r"\([^()]*\)")
_BETWEEN = re.compile(r"[;\s]+|,(?:\s+|$)")


@dataclass(frozen=True)
class OneMark:
    """One mark: points, a sign or a percentage; all None where the cell holds nothing that can be used."""

    mark: float | None = None
    sign: str | None = None
    percent: float | None = None
    corrected_mark: float | None = None
    corrected_sign: str | None = None
    kind: str | None = None
    fault: str = ""
    """``not_a_mark``, ``out_of_range`` or, of a percentage, ``share_out_of_range``."""
    not_handed_in: bool = False
    unknown_kind: str = ""


class MarkWords:
    """The words that a column of marks may hold.

    Parameters
    ----------
    sign, kind : Field
        Code columns of the table of marks.
    unknown : iterable of str
        What people write for "not known".

    Examples
    --------
    >>> sign = Field("sign", "code", {}, words={"nv": (), "exempt": ("a",), "A": ("apguvis",)})
    >>> kind = Field("kind", "code", {}, words={"test": ("p.d.", "pārbaudes darbs")})
    >>> words = MarkWords(sign, kind)
    >>> [(each.mark, each.sign, each.kind) for each in words.read("7 8(p.d.) nv A a")]
    [(7.0, None, None), (8.0, None, 'test'), (None, 'nv', None), (None, 'A', None), (None, 'exempt', None)]
    >>> words.read("4|7")[0].corrected_mark, words.read("7/10")[0].percent, words.read("11")[0].fault
    (7.0, 70.0, 'out_of_range')
    """

    def __init__(self, sign: Field, kind: Field, unknown: Iterable[str] = ()) -> None:
        self._signs, self._kinds = CodeWords(sign), CodeWords(kind)
        self._unknown = {word for word in unknown if self._signs.code(word) is None}

    def read(self, written: str) -> list[OneMark]:
        """Read the marks of one cell.

        Parameters
        ----------
        written : str
            The cell.

        Returns
        -------
        list of OneMark
            In the order written; empty if the cell says that nothing is known.
        """
        whole = " ".join(written.split())
        if not whole or whole.casefold() in self._unknown:
            return []
        if (sign := self._signs.code(whole)) is not None:  # "nav vērtējuma": a sign of several words
            return [OneMark(sign=sign)]
        tight = _AROUND.sub(lambda found: found[1] or "", whole)
        tight = _BRACKETS.sub(lambda found: re.sub(r"[\s;]+", "", found[0]), tight)
        tokens = [token for token in _BETWEEN.split(tight) if token]
        return [self._one(token) for token in tokens if token.casefold() not in self._unknown]

    def _one(self, token: str) -> OneMark:
        parts = [self._part(part) for part in token.split("|")]
        first, last = parts[0], parts[-1]
        fault = next((part.fault for part in (first, last) if part.fault), "")
        if fault:
            return OneMark(fault=fault)
        kind = next((part.kind for part in parts if part.kind), None)
        unknown = next((part.unknown_kind for part in parts if part.unknown_kind), "")
        if len(parts) == 1:
            return OneMark(first.mark, first.sign, first.percent, None, None, kind, "", first.not_handed_in, unknown)
        percent = first.percent if last.percent is None else last.percent  # of a percentage no earlier value is kept
        return OneMark(first.mark, first.sign, percent, last.mark, last.sign, kind, "", last.not_handed_in, unknown)

    def _part(self, part: str) -> OneMark:
        found = _PART.fullmatch(part)
        if not found:
            return OneMark(fault="not_a_mark")
        body, suffix = found[1], found[2]
        kind, unknown = None, ""
        if suffix:
            kind = self._kinds.code(suffix)
            unknown = "" if kind else suffix
            if unknown and not any(letter.isalpha() for letter in unknown):
                return OneMark(fault="not_a_mark")
        if body.casefold() == NOT_HANDED_IN:
            return OneMark(not_handed_in=True, kind=kind)
        if _NUMBER.fullmatch(body):
            mark = _float(body)
            good = _LOWEST <= mark <= _HIGHEST
            return OneMark(mark=mark, kind=kind, unknown_kind=unknown) if good else OneMark(fault="out_of_range")
        share = _share(body)
        if share is not None:
            good = 0 <= share <= 100
            if not good:
                return OneMark(fault="share_out_of_range")
            return OneMark(percent=share, kind=kind, unknown_kind=unknown)
        sign = self._signs.code(body)
        return OneMark(fault="not_a_mark") if sign is None else OneMark(sign=sign, kind=kind, unknown_kind=unknown)


@dataclass(frozen=True)
class MarkCells:
    """The marks of distinct cells, one below another.

    Parameters
    ----------
    start, count : numpy.ndarray of int64, shape (k,)
        Where each cell's marks begin, and how many it has.
    columns : mapping of str to numpy.ndarray of object, each of shape (m,)
        mark, sign, percent, corrected_mark, corrected_sign, kind of every mark; None where there is none.
    fault : numpy.ndarray of object, shape (k,)
        First fault within each cell, or "".
    not_handed_in : numpy.ndarray of bool, shape (k,)
        Cells with work that is not handed in.
    unknown_kind : numpy.ndarray of object, shape (k,)
        A kind of work that is not known, or "".
    """

    start: np.ndarray[Any, Any]
    count: np.ndarray[Any, Any]
    columns: Mapping[str, np.ndarray[Any, Any]]
    fault: np.ndarray[Any, Any]
    not_handed_in: np.ndarray[Any, Any]
    unknown_kind: np.ndarray[Any, Any]


MARK_COLUMNS = ("mark", "sign", "percent", "corrected_mark", "corrected_sign", "kind")


def read_cells(distinct: Iterable[str | None], words: MarkWords) -> MarkCells:
    """Read the marks of all distinct cells of a column.

    Parameters
    ----------
    distinct : iterable of str or None, shape (k,)
        Cells, tidied.
    words : MarkWords
        What signs and kinds are called.

    Returns
    -------
    MarkCells
        Work that is not handed in gives no mark; a mark that cannot be read gives one of which nothing is known.

    Examples
    --------
    >>> sign = Field("sign", "code", {}, words={"nv": ()})
    >>> cells = read_cells(["7 8", "n", "nv"], MarkWords(sign, Field("kind", "code", {})))
    >>> cells.count.tolist(), cells.columns["mark"].tolist()
    ([2, 0, 1], [7.0, 8.0, None])
    """
    read = [words.read(cell or "") for cell in distinct]
    kept = [[each for each in marks if not each.not_handed_in or each.mark or each.sign] for marks in read]
    count = np.array([len(marks) for marks in kept], dtype=np.int64)
    flat = [each for marks in kept for each in marks]
    return MarkCells(
        start=np.cumsum(count) - count,
        count=count,
        columns={name: _objects(getattr(each, name) for each in flat) for name in MARK_COLUMNS},
        fault=_objects(next((each.fault for each in marks if each.fault), "") for marks in read),
        not_handed_in=np.array([any(each.not_handed_in for each in marks) for marks in read], dtype=bool),
        unknown_kind=_objects(next((each.unknown_kind for each in marks if each.unknown_kind), "") for marks in read),
    )


def _objects(values: Iterable[Any]) -> np.ndarray[Any, Any]:
    listed = list(values)
    made = np.empty(len(listed), dtype=object)
    made[:] = listed
    return made


def _share(body: str) -> float | None:
    if _PERCENT.fullmatch(body):
        return _float(body[:-1])
    points = _POINTS.fullmatch(body)
    if not points:
        return None
    part, whole = _float(points[1]), _float(points[2])
    return 100 * part / whole if whole > 0 else -1.0


def _float(digits: str) -> float:
    return float(digits.replace(",", "."))
