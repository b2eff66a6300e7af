"""Reads the XML of a worksheet with the place of every row and cell in it, so that rows can be emptied and nothing else moves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.parsers import expat

from pumpurs_risk.errors import RunError

_TAG = re.compile(rb"<[^>]*>")


@dataclass
class CellXml:
    """One cell: where it stands in the bytes, its place, style and text."""

    start: int
    end: int
    ref: str
    style: str
    kind: str
    text: str = ""

    @property
    def column(self) -> str:
        """Letters of its column."""
        return self.ref.rstrip("0123456789")


@dataclass
class RowXml:
    """One row of a worksheet."""

    start: int
    number: int
    hidden: bool
    cells: list[CellXml] = field(default_factory=list)


class _Places:
    """Walks through one part and tells where elements begin and end; prefixes of names do not matter."""

    def __init__(self, part: bytes) -> None:
        self.part = part
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.EntityDeclHandler = self._entity
        self.raw: list[str] = []

    def _entity(self, *_: object) -> None:
        raise RunError("erase_workbook_odd")  # no spreadsheet program writes entities: a bomb, or somebody's trick

    @property
    def index(self) -> int:
        return self.parser.CurrentByteIndex

    def end_of(self, name: str) -> int:
        """Where the element that is ending ends: a tag of its own, or the empty tag that began it."""
        at = self.index
        if re.match(rb"</" + re.escape(name.encode()) + rb"\s*>", self.part[at : at + len(name) + 40]):
            return self.part.index(b">", at) + 1
        found = _TAG.match(self.part, at) if self.part[at : at + 1 + len(name)] == b"<" + name.encode() else None
        return found.end() if found and found.group().endswith(b"/>") else at

    def walk(self) -> None:
        try:
            self.parser.Parse(self.part, True)
        except expat.ExpatError:
            raise RunError("erase_workbook_odd") from None


def rows_of_sheet(part: bytes, strings: list[str]) -> list[RowXml]:
    """Read the rows of a worksheet.

    Parameters
    ----------
    part : bytes
        ``xl/worksheets/sheetN.xml``.
    strings : list of str
        Shared strings by number.

    Returns
    -------
    list of RowXml

    Raises
    ------
    RunError
        If the XML is damaged or holds entities.
    """
    rows: list[RowXml] = []
    places = _Places(part)
    open_: list[str] = []
    cell: CellXml | None = None
    pieces: list[str] = []

    def started(name: str, attributes: dict[str, str]) -> None:
        nonlocal cell
        local = name.rpartition(":")[2]
        open_.append(local)
        if local == "row":
            number = int(attributes.get("r", rows[-1].number + 1 if rows else 1))
            rows.append(RowXml(places.index, number, attributes.get("hidden") in ("1", "true")))
        elif local == "c" and rows:
            ref = attributes.get("r") or f"{_letters(len(rows[-1].cells))}{rows[-1].number}"
            cell = CellXml(places.index, 0, ref, attributes.get("s", ""), attributes.get("t", "n"))
            pieces.clear()

    def said(words: str) -> None:
        if cell is not None and open_[-1] in ("v", "t") and "rPh" not in open_:
            pieces.append(words)

    def ended(name: str) -> None:
        nonlocal cell
        local = open_.pop()
        if local == "c" and cell is not None:
            cell.end = places.end_of(name)
            words = "".join(pieces)
            cell.text = strings[int(words)] if cell.kind == "s" and words.strip().isdigit() else words
            rows[-1].cells.append(cell)
            cell = None

    places.parser.StartElementHandler = started
    places.parser.CharacterDataHandler = said
    places.parser.EndElementHandler = ended
    places.walk()
    return rows


def texts_of(part: bytes, element: str) -> list[tuple[int, int, dict[str, str], str]]:
    """Read every ``element`` of a part: where it begins and ends, its attributes, the text in it."""
    found: list[tuple[int, int, dict[str, str], str]] = []
    places = _Places(part)
    open_: list[str] = []
    inside: list[tuple[int, dict[str, str]]] = []
    pieces: list[str] = []

    def started(name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        open_.append(local)
        if local == element:
            inside.append((places.index, attributes))
            pieces.clear()

    def said(words: str) -> None:
        if inside and open_[-1] in ("t", "text") and "rPh" not in open_:
            pieces.append(words)

    def ended(name: str) -> None:
        if open_.pop() == element:
            start, attributes = inside.pop()
            found.append((start, places.end_of(name), attributes, "".join(pieces)))

    places.parser.StartElementHandler = started
    places.parser.CharacterDataHandler = said
    places.parser.EndElementHandler = ended
    places.walk()
    return found


def with_replaced(part: bytes, replacements: Iterable[tuple[int, int, bytes]]) -> bytes:
    """Put other bytes in the place of some; everything else stays as it is."""
    kept: list[bytes] = []
    at = 0
    for start, end, new in sorted(replacements):
        kept += [part[at:start], new]
        at = end
    return b"".join([*kept, part[at:]])


def emptied(part: bytes, row: RowXml, *, hide: bool) -> list[tuple[int, int, bytes]]:
    """Say what to replace so that a row says nothing; its cells keep their looks."""
    found = _TAG.match(part, row.start)
    assert found is not None
    tag = found.group()
    name = re.match(rb"<([\w:.-]+)", tag)
    assert name is not None
    prefix = name[1].rpartition(b":")[0]
    cell_name = (prefix + b":" if prefix else b"") + b"c"
    changes: list[tuple[int, int, bytes]] = []
    if hide and not row.hidden:
        shown = re.sub(rb'\shidden="[^"]*"', b"", tag)
        changes.append((row.start, found.end(), shown[: len(name[0])] + b' hidden="1"' + shown[len(name[0]) :]))
    for cell in row.cells:
        style = f' s="{cell.style}"'.encode() if cell.style else b""
        changes.append((cell.start, cell.end, b"<" + cell_name + b' r="' + cell.ref.encode() + b'"' + style + b"/>"))
    return changes


def _letters(number: int) -> str:
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
