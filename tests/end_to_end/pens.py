"""What people do: run a command, type into a list's tables, into a plan in Word, and into a plan's JSON."""

from __future__ import annotations

import contextlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from lxml import etree
from tests.conftest import write_into

from pumpurs_risk.records.workbook.reader import read_workbook

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
NEW_ROW = ""
"""Instead of a pupil's id: the first row of a table, such as the one for pupils whom staff add."""


def said(*args: object, codes: tuple[int, ...] = (0,)) -> str:
    """Run ``pumpurs-risk ARGS`` in the English terminal: what it prints. For fixtures that serve a whole file."""
    from pumpurs_risk import cli

    out, code = io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        patch.setattr(cli, "LANG", "en")
        patch.setattr("sys.argv", ["pumpurs-risk", *map(str, args)])
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
    assert code in codes, out.getvalue()
    return out.getvalue()


def fill_list(book: Path, typed: Mapping[tuple[str, str, str], str]) -> None:
    """Type into a list: (table, pupil id or `NEW_ROW`, column id) to text. A question's table is ``questions:FACTOR``."""
    cells = {}
    for sheet in read_workbook(book):
        ids: list[str] = []
        for number, row in zip(sheet.rows, sheet.top(len(sheet.rows)), strict=True):
            if row[0].startswith("pumpurs_risk:"):
                ids, mark, start = row, row[0].removeprefix("pumpurs_risk:"), int(number)
                columns = {(table, column) for table, who, column in typed if who == NEW_ROW and table == mark}
                for table, column in columns:
                    cells[table, NEW_ROW, column] = (sheet.name, f"{_letter(ids, column)}{start + 2}")
            elif ids and row[0]:
                factor = row[ids.index("factor")] if "factor" in ids else ""
                for table, who, column in typed:
                    if who == row[0] and table == (f"{mark}:{factor}" if factor else mark):
                        cells.setdefault((table, who, column), (sheet.name, f"{_letter(ids, column)}{number}"))
    assert set(cells) == set(typed), f"not there to type into: {set(typed) - set(cells)}"
    write_into(book, {cells[place]: text for place, text in typed.items()})


def _letter(ids: list[str], column: str) -> str:
    return "ABCDEFGHIJKLMN"[ids.index(column)]


def fill_json(path: Path, typed: Mapping[str, str]) -> None:
    """Change values of fields in a plan's JSON, as another tool does."""
    plan = json.loads(path.read_text(encoding="utf-8"))
    for tag, text in typed.items():
        plan["fields"][tag]["value"] = text
    path.write_text(json.dumps(plan, ensure_ascii=False), encoding="utf-8")


def fill_docx(path: Path, typed: Mapping[str, str]) -> None:
    """Type into controls of a plan in Word."""
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    root = etree.fromstring(parts["word/document.xml"])
    found = set()
    for control in root.iter(f"{W}sdt"):
        tag = control.find(f"{W}sdtPr/{W}tag")
        name = "" if tag is None else str(tag.get(f"{W}val"))
        if name not in typed:
            continue
        found.add(name)
        for placeholder in control.findall(f"{W}sdtPr/{W}showingPlcHdr"):
            placeholder.getparent().remove(placeholder)
        texts = list(control.find(f"{W}sdtContent").iter(f"{W}t"))
        texts[0].text = typed[name]
        texts[0].set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
        for other in texts[1:]:
            other.text = ""
    assert found == set(typed), f"not there to type into: {set(typed) - found}"
    parts["word/document.xml"] = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
