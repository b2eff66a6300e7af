"""Markdown that a person can read as it is: headings, lists, tables, and blanks that only people may fill."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_BAR = re.compile(r"(?<!\\)\|")
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#])")


def plain(said: str) -> str:
    r"""Take the meaning from signs that Markdown or HTML would read, in a text that somebody else wrote.

    Examples
    --------
    >>> plain("Skola <b>|x")
    'Skola \\<b\\>\\|x'
    """
    return _SPECIAL.sub(r"\\\1", " ".join(said.split()))


def bullets(items: Iterable[str]) -> list[str]:
    """Lines of a list, with an empty one behind."""
    return [*(f"- {item}" for item in items), ""]


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table, with an empty one behind."""
    body = [[_BAR.sub(r"\\|", cell) for cell in row] for row in rows]
    lines = [f"| {' | '.join(headings)} |", f"|{'---|' * len(headings)}", *(f"| {' | '.join(row)} |" for row in body)]
    return [*lines, ""]


def blank(who: str, what: str) -> str:
    """A place that only people may fill, with who and what."""
    return f"[ ] **{who}:** {what} ________________"
