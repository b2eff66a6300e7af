"""Reads a plan back from Word: what stands in its controls, and what people wrote beside them.

Word and LibreOffice save the same plan quite differently, people copy rows, type dates by hand and correct with tracked
changes; none of it may cost a word. What is not the content of a field becomes an addition. Nothing is executed.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pumpurs_risk.errors import PlanError
from pumpurs_risk.plans import EditedPlan
from pumpurs_risk.plans.plan import PlanAddition
from pumpurs_risk.reports.docx import NOT_READ_BACK, own_tags, part_of, table_headings, unpacked_tags
from pumpurs_risk.reports.docx_controls import bookmark
from pumpurs_risk.reports.docx_package import DOCUMENT, W, parse, read_parts
from pumpurs_risk.reports.docx_segments import Piece, content_text, fingerprint, pieces, tag_of
from pumpurs_risk.reports.docx_values import Value, placeholder_styles, value_of
from pumpurs_risk.reports.docx_words import PLACES, SINGLE

_TERMS = "{http://purl.org/dc/terms/}modified"
_NOTES = ("word/footnotes.xml", "word/endnotes.xml")


def read_plan_docx(path: Path | str) -> EditedPlan:
    """Read a plan that was printed here and may have been edited since.

    Parameters
    ----------
    path : pathlib.Path or str
        The file, under any name, saved by Word or LibreOffice.

    Returns
    -------
    EditedPlan
        Fields by tag as `PlanField.value` holds them; rows that a person took out are absent. ``additions`` are all that
        people have added, also those that stood in the plan when it was printed.

    Raises
    ------
    PlanError
        If the file cannot be read, or is no plan of ours (``plan_not_ours``).
    """
    path = Path(path)
    parts = read_parts(path)
    return _Reading(parts, path.name).plan()


class _Reading:
    def __init__(self, parts: Mapping[str, bytes], file: str) -> None:
        self.parts, self.file = parts, file
        self.properties = _properties(parts, file)
        self.root = parse(parts[DOCUMENT], file)
        tags = unpacked_tags(self._joined("pumpurs_tags"))
        ours = own_tags(tags)
        self.body = pieces(self.root, ours, {bookmark(tag): tag for tag in (*SINGLE, *tags)})
        edges = [
            name for name in sorted(parts) if name.startswith(("word/header", "word/footer")) and name.endswith(".xml")
        ]
        self.edges = [piece for name in edges for piece in pieces(parse(parts[name], file), ours)]
        styles = parse(parts["word/styles.xml"], file) if "word/styles.xml" in parts else None
        self.styles = placeholder_styles(styles)
        words = self._joined("pumpurs_words")
        self.own = {words[start : start + 4] for start in range(0, len(words), 4)}
        entries = (entry.partition("=") for entry in self._joined("pumpurs_statuses").split(";"))
        self.statuses = {word: status for status, _, word in entries if word}
        self.lang = self.properties.get("pumpurs_lang", "lv")
        self.notes: list[tuple[str, dict[str, Any]]] = []
        self.additions: list[PlanAddition] = []

    def plan(self) -> EditedPlan:
        plan_id, version = self._identity()
        lost = sum(bool(piece.tag) and (piece.control is None or not tag_of(piece.control)) for piece in self.body)
        if lost:
            self.notes.append(("controls_lost", {"n": lost}))
        fields = self._fields()
        self._written_beside(fields)
        self._comments()
        if next(self.root.iter(W + "ins", W + "del", W + "moveFrom", W + "moveTo"), None) is not None:
            self.notes.append(("tracked_changes", {}))
        return EditedPlan(
            file=self.file, plan_id=plan_id, version=version, fields=fields, additions=tuple(self.additions),
            missing=self._missing(fields), modified=self._modified(), notes=tuple(self.notes),
        )  # fmt: skip

    def _joined(self, name: str) -> str:
        found: list[str] = []
        while (key := f"{name}_{len(found) + 1}") in self.properties:
            found.append(self.properties[key])
        return "".join(found)

    def _identity(self) -> tuple[str, int]:
        """Controls first: properties stay behind when a text is copied into another file."""
        printed: dict[str, str] = {}
        for piece in (*self.body, *self.edges):
            if piece.tag in ("plan_id", "plan_version") and piece.text.strip():
                printed.setdefault(piece.tag, piece.text.strip())
        plan_id = printed.get("plan_id") or self.properties.get("pumpurs_plan", "")
        if not plan_id:
            raise PlanError("plan_not_ours", file=self.file)
        version = printed.get("plan_version") or self.properties.get("pumpurs_version", "")
        return plan_id, int(version) if version.isdecimal() and len(version) < 10 else 1

    def _value(self, piece: Piece) -> Value:
        return value_of(piece, self.styles, self.statuses)

    def _fields(self) -> dict[str, str]:
        fields: dict[str, str] = {}
        copies: dict[tuple[int, int], bool] = {}
        for piece in self.body:
            if not piece.tag or piece.tag in NOT_READ_BACK or piece.tag.startswith("addition."):
                continue
            value = self._value(piece)
            if piece.tag not in fields:
                fields[piece.tag] = value.value
                if value.note:
                    self.notes.append((value.note, value.params))
            elif value.value != fields[piece.tag]:  # a copied row, or a paragraph copied
                if piece.row < 0:
                    self._add("text", [value.text])
                else:
                    copies[(piece.table, piece.row)] = True
        self._copied_rows(copies)
        self._draft_mark(fields)
        return fields

    def _draft_mark(self, fields: dict[str, str]) -> None:
        """The mark is gone where somebody took it out of the body or of a header, as control or as text."""
        marks = [piece for piece in self.edges if piece.tag == "draft_mark"]
        removed_above = bool(marks) and not any(self._value(piece).value.strip() for piece in marks)
        if "draft_mark" not in fields or removed_above or not fields["draft_mark"].strip():
            fields["draft_mark"] = ""

    def _copied_rows(self, rows: Iterable[tuple[int, int]]) -> None:
        for at in rows:
            row = [piece for piece in self.body if (piece.table, piece.row) == at]
            self._add(self._place(row[0].table), _cells(row, self._shown))

    def _shown(self, piece: Piece) -> str:
        return self._value(piece).text if piece.tag else piece.text

    def _written_beside(self, fields: Mapping[str, str]) -> None:
        """Turn texts that the template did not print into additions, a row at a time."""
        rows: dict[int, list[Piece]] = defaultdict(list)
        for piece in self.body:
            if piece.row >= 0:
                rows[piece.row].append(piece)
        done: set[int] = set()
        headings = {rows[row][0].table: row for row in sorted(rows, reverse=True)}
        again: dict[str, list[str]] = defaultdict(list)
        for piece in (*self.body, *self.edges):
            if piece.tag.startswith("addition."):
                again[piece.tag.rpartition(".")[0]].append(self._value(piece).value)
            elif not piece.tag and fingerprint(piece.text) not in self.own and piece.row not in done:
                row = rows.get(piece.row, [])
                ours = headings.get(piece.table) == piece.row and any(fingerprint(one.text) in self.own for one in row)
                if row and not ours and not any(one.tag for one in row):
                    done.add(piece.row)
                    self._add(self._place(piece.table), _cells(row, self._shown))
                else:
                    self._add(self._place(piece.table) if piece.table >= 0 else "text", [piece.text.strip("\n")])
        for stem, cells in again.items():
            if any(cell.strip() for cell in cells):
                self.additions.append(PlanAddition(place=stem.split(".")[1], cells=tuple(cells), by=self.file))

    def _place(self, table: int) -> str:
        counts: dict[str, int] = defaultdict(int)
        for piece in self.body:
            if piece.table == table and part_of(piece.tag):
                counts[part_of(piece.tag)] += 1
        if counts:
            return max(counts, key=lambda part: counts[part])
        heading = table_headings(self.body).get(table, "")
        return next((part for part, known in self._parts().items() if known and known == heading), "text")

    def _parts(self) -> dict[str, str]:
        entries = (entry.partition("=") for entry in self._joined("pumpurs_parts").split())
        return {part: heading for part, _, heading in entries}

    def _missing(self, fields: Mapping[str, str]) -> tuple[str, ...]:
        """What the plan had and the copy has not; if the copy does not say what it had, all that it has not."""
        there = {part_of(tag) for tag in fields}
        if not self._parts():
            return tuple(part for part in (*PLACES, *SINGLE) if part not in there and part != "draft_mark")
        headings = set(table_headings(self.body).values())
        gone = [
            part
            for part, heading in self._parts().items()
            if part not in there and part != "draft_mark" and not (heading and heading in headings)
        ]
        return tuple(gone) + tuple(self._joined("pumpurs_unprinted").split())

    def _add(self, place: str, cells: Sequence[str]) -> None:
        self.additions.append(PlanAddition(place=place, cells=tuple(cells), by=self.file))

    def _comments(self) -> None:
        comments = 0
        if "word/comments.xml" in self.parts:
            for comment in parse(self.parts["word/comments.xml"], self.file).iter(W + "comment"):
                written = content_text(comment).strip()
                if written:
                    comments += 1
                    self.additions.append(PlanAddition(place="comment", cells=(written,), by=self.file))
        if comments:
            self.notes.append(("comments_kept", {"n": comments}))
        for name in _NOTES:
            if name in self.parts:
                for note in parse(self.parts[name], self.file):
                    written = content_text(note).strip() if note.get(W + "type") is None else ""
                    if written:
                        self.additions.append(PlanAddition(place="text", cells=(written,), by=self.file))

    def _modified(self) -> dt.datetime | None:
        if "docProps/core.xml" not in self.parts:
            return None
        written = parse(self.parts["docProps/core.xml"], self.file).findtext(_TERMS) or ""
        try:
            return dt.datetime.fromisoformat(written)
        except ValueError:
            return None


def _cells(row: Sequence[Piece], shown: Any) -> list[str]:
    cells: dict[int, list[str]] = defaultdict(list)
    for piece in row:
        cells[piece.cell].append(shown(piece).strip("\n"))
    return ["\n".join(filter(None, cells.get(number, []))) for number in range(max(cells) + 1)]


def _properties(parts: Mapping[str, bytes], file: str) -> dict[str, str]:
    if not parts.get("docProps/custom.xml"):
        return {}
    root = parse(parts["docProps/custom.xml"], file)
    return {entry.get("name", ""): "".join(entry.itertext()) for entry in root if entry.get("name")}
