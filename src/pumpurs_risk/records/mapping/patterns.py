"""Takes a part out of a text: ``Kavējumi {} klase*`` finds "9.a" in "Kavējumi 9.a klase 2026"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from pumpurs_risk.records.mapping.cells import Bools, Cells, Whole, known, take, texts

PART = "{}"
"""Stands for the part that is taken; ``*`` stands for anything else."""


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    pieces = re.split(r"(\{\}|\*)", " ".join(pattern.split()))
    signs = {PART: "(.+?)", "*": ".*?"}
    return re.compile("".join(signs.get(piece) or re.escape(piece) for piece in pieces), re.IGNORECASE | re.DOTALL)


def part_of(text: str, patterns: Sequence[str]) -> str | None:
    """Take a part out of a text.

    Parameters
    ----------
    text : str
        Such as a file's name; capital letters and the number of spaces do not matter.
    patterns : sequence of str
        Each with ``{}`` once; the first that fits the whole text is taken.

    Returns
    -------
    str or None
        The part, trimmed; None if no pattern fits.

    Examples
    --------
    >>> part_of("Sekmju izraksts - Anna Ozola", ["sekmju izraksts - {}", "{}"])
    'Anna Ozola'
    >>> part_of("Kavējumi 9.a klase 2026", ["kavējumi {} klase*"])
    '9.a'
    >>> part_of("Kavējumi", ["{}_kavējumi"]) is None
    True
    """
    plain = " ".join(text.split())
    for pattern in patterns:
        found = _compiled(pattern).fullmatch(plain)
        if found:
            return found[1].strip()
    return None


def parts_of(cells: Cells, patterns: Sequence[str]) -> tuple[Cells, Bools]:
    """Take a part out of every cell.

    Parameters
    ----------
    cells : pyarrow.Array or ndarray
        Text or numbers.
    patterns : sequence of str
        As in `part_of`.

    Returns
    -------
    cells : pyarrow.Array of str
        Null where no pattern fits.
    unfit : ndarray of bool, shape (n,)
        Where there is something that no pattern fits.
    """
    import pyarrow as pa

    encoded = texts(cells).dictionary_encode()
    parts = pa.array([part_of(word, patterns) for word in encoded.dictionary.to_pylist()], pa.string())
    index: Whole = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype("int64")
    taken = take(parts, index) if len(parts) else texts(cells)
    return taken, (index >= 0) & ~known(taken)
