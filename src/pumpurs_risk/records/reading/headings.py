"""Finds the row of headings, and gives every column one name that no other column has."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache

from pumpurs_risk.locale import LANGUAGES, text
from pumpurs_risk.records.raw_table import Notice

SEARCHED_ROWS = 20
ISO_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


def plain_label(written: str) -> str:
    """Bring a label or heading to the form in which labels are compared.

    Parameters
    ----------
    written : str
        As a person wrote it.

    Returns
    -------
    str
        Composed letters, lower case, single spaces, without a colon at the end.

    Examples
    --------
    >>> plain_label("  Notikušās  stundas: ")
    'notikušās stundas'
    """
    return " ".join(unicodedata.normalize("NFC", written).replace("\ufeff", "").casefold().split()).rstrip(": ")


@cache
def labels(key: str) -> frozenset[str]:
    """All ways, in every language, of writing a label that the reader itself must know.

    Parameters
    ----------
    key : str
        Entry of ``locale/<lang>/reading.toml``, such as ``"headings.class_id"``.

    Returns
    -------
    frozenset of str
        Labels as :func:`plain_label` gives them.
    """
    return frozenset(plain_label(way) for lang in LANGUAGES for way in text(f"reading.{key}", lang).split("|"))


def find_heading_row(rows: Sequence[Sequence[str]], heading_known: Callable[[str], bool] | None) -> int | None:
    """Find the row that holds the headings of a table of pupils.

    Parameters
    ----------
    rows : sequence of sequence of str
        The table's first rows; more than 20 are not looked at.
    heading_known : callable or None
        Whether a heading is known. Without it the first row that holds anything is taken.

    Returns
    -------
    int or None
        Index of the row with most known headings (the first of several): two at least, or one that names the pupils.
        None if there is no such row.

    Examples
    --------
    >>> rows = [["Tukuma 2. vidusskola", ""], ["Klase", "Kavētās stundas"], ["9.a", "12"]]
    >>> find_heading_row(rows, {"Klase", "Kavētās stundas"}.__contains__)
    1
    """
    searched = rows[:SEARCHED_ROWS]
    if heading_known is None:
        return next((index for index, row in enumerate(searched) if any(cell.strip() for cell in row)), None)
    best, most = None, 0
    for index, row in enumerate(searched):
        known = known_headings(row, heading_known)
        if known > most and (known > 1 or any(plain_label(cell) in labels("headings.identity") for cell in row)):
            best, most = index, known
    return best


def known_headings(row: Sequence[str], heading_known: Callable[[str], bool]) -> int:
    """Count the different headings of a row that are known.

    Parameters
    ----------
    row : sequence of str
        Cells of the row.
    heading_known : callable
        Whether a heading is known.

    Returns
    -------
    int
        Their number, a heading written twice counted once.
    """
    return len({plain_label(cell) for cell in row if cell.strip() and heading_known(cell.strip("\ufeff \t\r\n"))})


def column_letters(index: int) -> str:
    """Letters that a spreadsheet shows above a column.

    Examples
    --------
    >>> column_letters(0), column_letters(27)
    ('A', 'AB')
    """
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def class_from_date(written: str) -> str:
    """Write back a class such as "1.9" that a spreadsheet took for the first of September.

    Parameters
    ----------
    written : str
        A class as it was read.

    Returns
    -------
    str
        Day and month if it is a date, else the class unchanged.

    Examples
    --------
    >>> class_from_date("2026-09-01"), class_from_date("9.a")
    ('1.9', '9.a')
    """
    return f"{int(written[8:])}.{int(written[5:7])}" if re.match(ISO_DATE, written) else written


def column_names(headings: Sequence[str]) -> tuple[list[str], list[Notice]]:
    """Give each column a name of its own: the heading as written, or with a number if it stands there twice.

    Parameters
    ----------
    headings : sequence of str
        The heading row, blank where there is none.

    Returns
    -------
    names : list of str
        "" where the heading is blank; the first of equal headings keeps its name.
    notices : list of Notice
        ``heading_doubled`` for every renamed column.

    Examples
    --------
    >>> column_names(["Klase", "Klase", ""])[0]
    ['Klase', 'Klase (2)', '']
    """
    names: list[str] = []
    notices: list[Notice] = []
    written = [heading.strip("\ufeff \t\r\n\xa0") for heading in headings]
    taken = set(written)
    for heading in written:
        name, number = heading, 1
        while (name and name in names) or (number > 1 and name in taken):
            number += 1
            name = f"{heading} ({number})"
        if name != heading:
            notices.append(Notice("heading_doubled", column=heading, value=name))
        names.append(name)
    return names, notices
