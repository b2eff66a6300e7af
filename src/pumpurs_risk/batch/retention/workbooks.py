"""Takes one pupil out of a school's workbook in place: what others wrote there, wherever they wrote it, stays byte for byte."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from html import unescape
from pathlib import Path, PurePosixPath

from pumpurs_risk.batch.retention.sheet_xml import RowXml, emptied, rows_of_sheet, texts_of, with_replaced
from pumpurs_risk.batch.retention.traces import Traces, folded
from pumpurs_risk.errors import RunError
from pumpurs_risk.reports.paper import ABOUT_SHEET, MARK

_SHEET = re.compile(r"(?:^|/)worksheets/[^/]+\.xml$")
_STRINGS = re.compile(r"(?:^|/)sharedStrings\.xml$", re.IGNORECASE)
_LARGEST = 1 << 29
"""Bytes of one part, unpacked; a school's workbook has a few hundred thousand."""


@dataclass(frozen=True)
class CleanedWorkbook:
    """A workbook without a pupil.

    Parameters
    ----------
    content : bytes
        The new file.
    rows : int
        Rows that were emptied.
    """

    content: bytes
    rows: int


class Workbook:
    """One ``.xlsx`` of ours, opened by its parts.

    Parameters
    ----------
    path : Path
        The file.

    Attributes
    ----------
    ours : bool
        Whether it is a list of this library (it holds the hidden sheet that says so).
    facts : dict of str to str
        ``school_id``, ``as_of``, ``run``, ``lang``.
    people : dict of str to (str, str)
        By pupil id what the list calls the pupil, and the class.

    Raises
    ------
    RunError
        If the file is no workbook that can be looked into.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with zipfile.ZipFile(path) as archive:
                self.members = archive.infolist()
                if any(member.file_size > _LARGEST for member in self.members):
                    raise RunError("erase_workbook_odd")
                self.parts = {member.filename: archive.read(member) for member in self.members}
        except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, ValueError):
            raise RunError("erase_workbook_odd") from None
        self._strings_part = next((name for name in self.parts if _STRINGS.search(name)), "")
        self._strings = texts_of(self.parts[self._strings_part], "si") if self._strings_part else []
        words = [said for *_, said in self._strings]
        self.sheets = {name: rows_of_sheet(part, words) for name, part in self.parts.items() if _SHEET.search(name)}
        self.about = next((name for name, rows in self.sheets.items() if _first_cell(rows) == ABOUT_SHEET), "")
        self.facts: dict[str, str] = {}
        self.people: dict[str, tuple[str, str]] = {}
        for row in self.sheets.get(self.about, []):
            key, first, shown, class_id = [*(cell.text for cell in row.cells), "", "", "", ""][:4]
            if key == "pupil":
                self.people[first] = (shown, class_id)
            elif key:
                self.facts[key] = first

    @property
    def ours(self) -> bool:
        """Whether it is a list of this library."""
        return bool(self.about)

    def title(self, sheet: str) -> str:
        """Name of a sheet as people see it."""
        number = "".join(c for c in PurePosixPath(sheet).name if c.isdigit())
        names = re.findall(rb"<(?:[\w.-]+:)?sheet\s[^>]*?name=\"([^\"]*)\"", self.parts.get("xl/workbook.xml", b""))
        at = int(number) - 1 if number else -1
        return unescape(names[at].decode()) if 0 <= at < len(names) else PurePosixPath(sheet).stem

    def rows_about(self, pupil: Traces) -> list[tuple[str, RowXml, bool]]:
        """Find the rows about a pupil.

        Parameters
        ----------
        pupil : Traces
            Whom to look for.

        Returns
        -------
        list of (sheet's part, row, bool)
            The bool: whether people type into the row (it stays visible when it is emptied).

        Raises
        ------
        RunError
            If a row that has a name but no id could be another pupil's of the same name and class.
        """
        others = {folded(shown): class_id for each, (shown, class_id) in self.people.items() if each not in pupil.ids}
        found = []
        for name, rows in self.sheets.items():
            id_column, mark = "", ""
            for row in rows:
                texts = {cell.column: cell.text for cell in row.cells if cell.text}
                marked = [column for column, words in texts.items() if words.startswith(MARK)]
                if marked:
                    id_column, mark = marked[0], texts[marked[0]].removeprefix(MARK)
                elif name == self.about:
                    if [*texts.values()][:1] == ["pupil"] and pupil.ids & {*list(texts.values())[1:2]}:
                        found.append((name, row, False))
                elif texts.get(id_column) in pupil.ids or self._by_name(texts, id_column, pupil, others):
                    found.append((name, row, mark == "added" and texts.get(id_column) not in pupil.ids))
        return found

    def _by_name(self, texts: dict[str, str], id_column: str, pupil: Traces, others: dict[str, str]) -> bool:
        """Whether a row without an id of its own is about the pupil: name and class, or a full name that is nobody else's."""
        if texts.get(id_column) in self.people:
            return False  # another pupil's
        called = [words for words in texts.values() if pupil.calls(words)]
        if not called or self.facts.get("school_id") not in pupil.schools:
            return False
        if any(pupil.in_class(words) for words in texts.values()):
            namesake = others.get(folded(called[0]))
            if namesake is not None and pupil.in_class(namesake):
                raise RunError("erase_namesakes", file=self.path.name)
            return True
        named = pupil.names & {" ".join(words.split()) for words in called}
        return bool(named) and folded(called[0]) not in others and not any(folded(w) in others for w in texts.values())

    def without(self, pupil: Traces) -> CleanedWorkbook | None:
        """Give the workbook without a pupil; None where it says nothing about that pupil.

        Raises
        ------
        RunError
            As `rows_about`.
        """
        found = self.rows_about(pupil)
        if not found:
            return None
        replaced: dict[str, list[tuple[int, int, bytes]]] = {}
        gone: dict[str, set[int]] = {}
        for name, row, typed in found:
            changes = emptied(self.parts[name], row, hide=not typed and name != self.about)
            replaced.setdefault(name, []).extend(changes)
            gone.setdefault(name, set()).add(row.number)
        if self._strings_part:
            replaced[self._strings_part] = self._unused_strings(gone)
        for name, numbers in gone.items():
            for notes in self._notes_of(name):
                replaced.setdefault(notes, []).extend(_without_notes(self.parts[notes], numbers))
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            for member in self.members:
                part = with_replaced(self.parts[member.filename], replaced.get(member.filename, ()))
                archive.writestr(member, part, compress_type=member.compress_type)
        return CleanedWorkbook(content.getvalue(), len({(name, row.number) for name, row, _ in found}))

    def _unused_strings(self, gone: dict[str, set[int]]) -> list[tuple[int, int, bytes]]:
        """Empty the shared strings that no remaining cell uses; their numbers stay."""
        used = {
            cell.text
            for name, rows in self.sheets.items()
            for row in rows
            if row.number not in gone.get(name, ())
            for cell in row.cells
            if cell.kind == "s"
        }
        part = self.parts[self._strings_part]
        empty = []
        for start, end, _, said in self._strings:
            if said and said not in used:
                tag = re.match(rb"<([\w.-]+:)?si\b", part[start:])
                prefix = tag[1] if tag and tag[1] else b""
                empty.append((start, end, b"<%bsi><%bt></%bt></%bsi>" % (prefix, prefix, prefix, prefix)))
        return empty

    def _notes_of(self, sheet: str) -> list[str]:
        """Parts with the notes and threads that hang on the cells of a sheet."""
        place = PurePosixPath(sheet)
        links = self.parts.get(str(place.parent / "_rels" / f"{place.name}.rels"), b"")
        found = []
        for target in re.findall(rb'Target="([^"]+)"', links):
            words = target.decode()
            steps = PurePosixPath(words.lstrip("/")) if words.startswith("/") else place.parent / words
            whole: list[str] = []
            for step in steps.parts:
                whole = whole[:-1] if step == ".." else [*whole, step]
            name = "/".join(whole)
            if name in self.parts and "omments" in name:
                found.append(name)
        return found


def _first_cell(rows: list[RowXml]) -> str:
    return next((cell.text for row in rows[:1] for cell in row.cells[:1]), "")


def _without_notes(part: bytes, rows: set[int]) -> list[tuple[int, int, bytes]]:
    """Empty the notes on cells of some rows."""
    changes = []
    for element in ("comment", "threadedComment"):
        for start, end, attributes, _ in texts_of(part, element):
            number = re.sub(r"^[A-Z]+", "", attributes.get("ref", ""))
            if number.isdigit() and int(number) in rows:
                note = re.sub(rb"(<(?:[\w.-]+:)?(?:t|text)(?:\s[^>]*)?>)[^<]*", rb"\1", part[start:end])
                changes.append((start, end, note))
    return changes
