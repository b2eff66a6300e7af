"""Reads what the cover sheet says about the school and the semester."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from pumpurs_risk.records.reading.headings import class_from_date, labels, plain_label

COVER_KEYS = ("school", "municipality", "as_of", "semester", "programme", "places", "lessons_held")


def read_cover(rows: Sequence[Sequence[str]]) -> dict[str, str]:
    """Read labels and the values beside them.

    Parameters
    ----------
    rows : sequence of sequence of str
        Cells of the cover sheet, or of the lines above a table's headings. A label is the first cell of its row that
        holds anything, the value the next one; "Skola: Tukuma 2. vidusskola" in one cell is read too. Below the two
        headings "Klase" and "Notikušās stundas" each class may have its own number of lessons.

    Returns
    -------
    dict of str to str
        By key of :data:`COVER_KEYS`, in Latvian or English alike; "" where a label has no value. The lessons of one
        class bear its name: ``"lessons_held:9.a"``. Of a label that stands there twice the first value counts.

    Examples
    --------
    >>> read_cover([["Skola:", "Tukuma 2. vidusskola"], ["Klase", "Notikušās stundas"], ["9.a", "480"]])
    {'school': 'Tukuma 2. vidusskola', 'lessons_held:9.a': '480'}
    """
    known = {label: key for key in COVER_KEYS for label in labels(f"cover.{key}")}
    found: dict[str, str] = {}
    class_column: int | None = None
    for row in rows:
        cells = [cell.strip() for cell in row]
        if class_column is not None:
            class_id, lessons = [*cells, "", ""][class_column : class_column + 2]
            if class_id and plain_label(class_id) not in known:
                found.setdefault(f"lessons_held:{class_from_date(class_id)}", lessons)
                continue
            class_column = None
        class_column = _class_table(cells)
        if class_column is None:
            _read_pair([cell for cell in cells if cell], known, found)
    return found


def _class_table(cells: Sequence[str]) -> int | None:
    """Column of the heading "Klase" if "Notikušās stundas" stands beside it."""
    plain = [plain_label(cell) for cell in cells]
    for column, (left, right) in enumerate(pairwise(plain)):
        if left in labels("headings.class_id") and right in labels("cover.lessons_held"):
            return column
    return None


def _read_pair(filled: Sequence[str], known: dict[str, str], found: dict[str, str]) -> None:
    if not filled:
        return
    label, value = filled[0], filled[1] if len(filled) > 1 else ""
    if plain_label(label) not in known and not value:
        label, _, value = label.partition(":")
    key = known.get(plain_label(label))
    if key and not found.get(key):
        found[key] = value.strip()
