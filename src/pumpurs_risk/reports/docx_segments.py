"""Walks through a Word document as a reader sees it: pieces of text between controls, and the controls.

The same walk reads a plan when it is printed (to remember which words are the template's own) and when it comes back, so
that what is compared was obtained in the same way. Inserted text counts, deleted text does not.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from pumpurs_risk.reports.docx_package import W

P, R, T, TBL, TR, TC, SDT = (W + name for name in ("p", "r", "t", "tbl", "tr", "tc", "sdt"))
CONTENT, PROPERTIES, TAG, VAL = (W + name for name in ("sdtContent", "sdtPr", "tag", "val"))
_DELETED = frozenset(
    W + name for name in ("del", "moveFrom", "sdtPr", "sdtEndPr", "pPr", "rPr", "tblPr", "tblGrid", "trPr", "tcPr")
)
"""What is deleted, and what describes instead of saying something."""
START, END, NAME, ID = (W + name for name in ("bookmarkStart", "bookmarkEnd", "name", "id"))
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_MATH_TEXT = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_BOX = W + "txbxContent"
_CHARACTERS = {
    W + "br": "\n", W + "cr": "\n", W + "tab": "\t", W + "ptab": "\t", W + "noBreakHyphen": "\u2011", W + "softHyphen": "\u00ad",
}  # fmt: skip
_COMPUTED = re.compile(r"\s*(PAGE|NUMPAGES|SECTIONPAGES|DATE|TIME|TOC|STYLEREF|FILENAME)\b", re.IGNORECASE)


class Piece(NamedTuple):
    """A control of ours, or a text that stands outside of them.

    ``table``, ``row`` and ``cell`` count from 0 over the whole part; -1 outside of tables.
    """

    tag: str
    text: str
    table: int
    row: int
    cell: int
    control: Any = None


def pieces(root: Any, ours: Callable[[str], bool], bookmarks: Mapping[str, str] | None = None) -> list[Piece]:
    """Return a part's texts and controls in reading order.

    Parameters
    ----------
    root : lxml.etree._Element
        Root of ``document.xml``, of a header or a footer.
    ours : callable
        Says whether a tag is one of the plan's fields; the content of other controls is text.
    bookmarks : mapping of str to str, optional
        Tags by the names of their bookmarks, for fields whose controls a program has dropped.

    Returns
    -------
    list of Piece
        Controls with their text, texts that are not blank.
    """
    walk = _Walk(ours, bookmarks)
    walk.blocks(root)
    walk.flush()
    return walk.found


class _Bookmark(NamedTuple):
    """The bookmark of a field in which the walk is; its control has not been met."""

    tag: str
    id: str


class _Walk:
    def __init__(self, ours: Callable[[str], bool], bookmarks: Mapping[str, str] | None = None) -> None:
        self.ours = ours
        self.bookmarks = bookmarks or {}
        self.open = _Bookmark("", "")
        self.found: list[Piece] = []
        self.buffer: list[str] = []
        self.tables = self.rows = -1
        self.at = (-1, -1, -1)
        self.field = _Field()

    def flush(self, *, paragraph: bool = False) -> None:
        if self.open.tag:
            if paragraph:
                self.buffer.append("\n")
                return
            self.close()
        written = "".join(self.buffer)
        self.buffer.clear()
        if not written.isspace() and written:
            self.found.append(Piece("", written, *self.at))

    def start(self, bookmark: Any) -> None:
        """A field's bookmark opens: what follows is the field, if no control says so itself."""
        tag = self.bookmarks.get(bookmark.get(NAME, ""), "")
        if tag:
            self.flush()
            self.open = _Bookmark(tag, bookmark.get(ID, ""))

    def close(self) -> None:
        tag, self.open = self.open.tag, _Bookmark("", "")
        written = "".join(self.buffer)
        self.buffer.clear()
        self.found.append(Piece(tag, written.removesuffix("\n"), *self.at))

    def blocks(self, element: Any) -> None:
        for child in element:
            tag = child.tag
            if tag == P:
                self.inline(child)
                self.flush(paragraph=True)
            elif tag == START:
                self.start(child)
            elif tag == END:
                if child.get(ID) == self.open.id and self.open.tag:
                    self.close()
            elif tag == SDT:
                self.control(child, self.blocks)
            elif tag == TBL and self.at[0] < 0:
                self.table(child)
            elif tag not in _DELETED and isinstance(tag, str) and tag != _FALLBACK and not _is_deleted_row(child):
                self.blocks(child)

    def table(self, table: Any) -> None:
        self.tables += 1
        for row in _inside(table, TR):
            if _is_deleted_row(row):
                continue
            self.rows += 1
            for number, cell in enumerate(_inside(row, TC)):
                self.at = (self.tables, self.rows, number)
                wrapped = cell.getparent().getparent() if cell.getparent().tag == CONTENT else None
                if wrapped is not None and self.ours(tag_of(wrapped)):
                    self.control(wrapped, self.blocks)
                else:
                    self.blocks(cell)
                self.flush()
        self.at = (-1, -1, -1)

    def control(self, control: Any, within: Callable[[Any], None]) -> None:
        content = control.find(CONTENT)
        if content is None:
            return
        tag = self.tag_of(control, content)
        if not tag:
            within(content)
            return
        if self.open.tag == tag:
            self.open = _Bookmark("", "")
            self.buffer.clear()
        self.flush()
        self.found.append(Piece(tag, content_text(content), *self.at, control))

    def tag_of(self, control: Any, content: Any) -> str:
        """A field's tag: the control's own, or that of the bookmark around it or in it (LibreOffice 7 drops tags)."""
        tag = tag_of(control)
        if tag and self.ours(tag):
            return tag
        if self.open.tag and not "".join(self.buffer).strip():
            return self.open.tag
        if self.bookmarks and content.find(f".//{SDT}") is None:
            inside = [found for mark in content.iter(START) if (found := self.bookmarks.get(mark.get(NAME, "")))]
            return inside[0] if len(inside) == 1 else ""
        return ""

    def inline(self, element: Any) -> None:
        for child in element:
            tag = child.tag
            if tag == R:
                self.run(child)
            elif tag == SDT:
                self.control(child, self.inline)
            elif tag == START:
                self.start(child)
            elif tag == END:
                if child.get(ID) == self.open.id and self.open.tag:
                    self.close()
            elif tag == W + "fldSimple":
                if not _COMPUTED.match(child.get(W + "instr", "")):
                    self.inline(child)
            elif tag == _MATH_TEXT:
                self.buffer.append(child.text or "")
            elif tag not in _DELETED and isinstance(tag, str) and tag != _FALLBACK:
                self.inline(child)

    def run(self, run: Any) -> None:
        for child in run:
            tag = child.tag
            if tag == T:
                if not self.field.hidden:
                    self.buffer.append(child.text or "")
            elif tag in _CHARACTERS:
                if not self.field.hidden:
                    self.buffer.append(_CHARACTERS[tag])
            elif not self.field.take(child):
                self.buffer.extend(_symbol(child))
                for box in _boxes(child):
                    self.flush()
                    self.blocks(box)


class _Field:
    """Where in a complex field (page number, link) the walk is; what Word computes is not text."""

    def __init__(self) -> None:
        self.code: list[str] = []
        self.depth = 0
        self.hidden = False

    def take(self, element: Any) -> bool:
        if element.tag == W + "instrText":
            self.code.append(element.text or "")
            return True
        if element.tag != W + "fldChar":
            return False
        kind = element.get(W + "fldCharType")
        if kind == "begin":
            self.depth += 1
            self.code, self.hidden = [], True
        elif kind == "separate":
            self.hidden = bool(_COMPUTED.match("".join(self.code)))
        else:
            self.depth = max(self.depth - 1, 0)
            self.hidden = False
        return True


def content_text(content: Any) -> str:
    """Return the text inside a control, a cell or a comment; paragraphs become lines.

    Parameters
    ----------
    content : lxml.etree._Element
        Its content, at the level of runs, paragraphs, cells or rows.

    Returns
    -------
    str
        As a reader sees it.
    """
    lines = _Walk(lambda tag: False)
    paragraphs = list(_paragraphs(content))
    if not paragraphs:
        lines.inline(content)
        return "".join(lines.buffer)
    out: list[str] = []
    joined = True
    for paragraph in paragraphs:
        lines.inline(paragraph)
        out.append(("" if joined else "\n") + "".join(lines.buffer))
        lines.buffer.clear()
        joined = paragraph.find(f"{W}pPr/{W}rPr/{W}del") is not None
    return "".join(out)


def _paragraphs(element: Any) -> Iterator[Any]:
    for child in element:
        tag = child.tag
        if tag == P:
            yield child
        elif tag == TR and _is_deleted_row(child):
            continue
        elif tag not in _DELETED and tag != R and isinstance(tag, str) and tag != _FALLBACK:
            yield from _paragraphs(child)


def _inside(element: Any, wanted: str) -> Iterator[Any]:
    """Rows of a table or cells of a row, also those that a control or a tracked change wraps."""
    for child in element:
        if child.tag == wanted:
            yield child
        elif child.tag in (SDT, CONTENT, W + "ins", W + "moveTo", W + "customXml"):
            yield from _inside(child, wanted)


def _is_deleted_row(element: Any) -> bool:
    return element.tag == TR and element.find(f"{W}trPr/{W}del") is not None


def _symbol(element: Any) -> Iterator[str]:
    if element.tag == W + "sym":
        code = int(element.get(W + "char", "0"), 16)
        yield chr(code) if code else ""


def _boxes(element: Any) -> Iterator[Any]:
    if not len(element):
        return
    for child in element:
        if child.tag == _BOX:
            yield child
        elif child.tag != _FALLBACK and isinstance(child.tag, str):
            yield from _boxes(child)


def tag_of(control: Any) -> str:
    """Return a control's tag, empty for one without."""
    found = control.find(f"{PROPERTIES}/{TAG}")
    return "" if found is None else found.get(VAL, "")


@lru_cache(4096)
def fingerprint(written: str) -> str:
    """Return four characters by which a text is recognised, whatever its blanks.

    Examples
    --------
    >>> fingerprint("Riski  un pamatojums ") == fingerprint("Riski un pamatojums")
    True
    """
    digest = hashlib.blake2b(" ".join(written.split()).encode("utf-8", "replace"), digest_size=3).digest()
    return base64.urlsafe_b64encode(digest).decode()
