"""Sheets as schools hand them in: workbooks of our own form, and CSV as Latvian Excel saves it."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.datasets.journals import typed_cell
from pumpurs_risk.datasets.world import SchoolKind, made_world
from pumpurs_risk.locale import text

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.contract import Field, SheetContract

_ONE_FILE = 200  # pupils; larger schools hand in a file for every two grades

Row = dict[str, Any]


def typed_rows(pupils: pd.DataFrame) -> list[Row]:
    """The school's pupils as a person types them: by class and name, own ids, whole numbers without decimals."""
    from pumpurs_risk.locale import sort_key

    columns = {str(name): [typed_cell(value) for value in pupils[name].tolist()] for name in pupils}
    rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    rows.sort(key=lambda row: (row["level"], row["class_id"], sort_key(row["name"])))
    return rows


def with_sheet_mistakes(rows: list[Row], kind: str) -> list[Row]:
    """Make the mistakes that the made world lists for a kind of school's sheet; a text may quote the row's own cells."""
    spoilt = [dict(row) for row in rows]
    for mistake in made_world().mistakes:
        if mistake.school == kind and not mistake.table:
            row = spoilt[int(mistake.at * len(rows))]
            cells = {
                name: cell.format(**row) if isinstance(cell, str) else cell for name, cell in mistake.cells.items()
            }
            if mistake.again is None:
                row.update(cells)
            else:
                spoilt.insert(int(mistake.again * len(rows)), row | cells)
    return spoilt


def write_sheets(
    folder: Path,
    school: Row,
    kind: SchoolKind,
    rows: list[Row],
    as_of: dt.date,
    semester: str,
    catalogue: Catalogue,
    contract: SheetContract,
    lang: str,
) -> Iterator[Path]:
    """Write a school's sheets in the way this kind of school does.

    Parameters
    ----------
    folder : pathlib.Path
        The school's folder.
    school : dict
        school_id, title, municipality, programme, places.
    kind : SchoolKind
        How it hands in, and which columns beside the standard ones.
    rows : list of dict
        As `typed_rows` returns them.
    as_of, semester : datetime.date, str
        Day of the list, and the semester that the counts cover.
    catalogue, contract : Catalogue, SheetContract
        Factors, headings.
    lang : {"lv", "en"}
        Of headings and words.

    Yields
    ------
    pathlib.Path
        Every file written.
    """
    from pumpurs_risk.records.template.template import write_template

    if kind.hands_in == "csv":
        path = folder / f"{text('datasets.files.all', lang)}.csv"
        _write_csv(path, rows, catalogue, contract, lang)
        yield path
        return
    core = [factor for factor, entry in catalogue.factors.items() if entry.core]
    asked = catalogue.subset([*core, *(name for name in kind.more if name in catalogue.factors)])
    for name, part in _files(rows, str(school["programme"]), lang):
        path = folder / f"{name}.xlsx"
        write_template(
            path,
            catalogue=asked,
            lang=lang,
            all_factors=bool(kind.more),
            school=text("datasets.made_title", lang, title=school["title"]),
            municipality=text("datasets.made_title", lang, title=school["municipality"]),
            as_of=as_of,
            semester=semester,
            programme=school["programme"],
            places=int(school["places"]),
            rows=[_in_words(row, contract, lang) for row in part],
            n_rows=len(part),
        )
        yield path


def _files(rows: list[Row], programme: str, lang: str) -> Iterator[tuple[str, list[Row]]]:
    """One file for all, or in a large school one for every two grades or courses."""
    if len(rows) <= _ONE_FILE:
        yield text("datasets.files.all", lang), rows
        return
    levels = sorted({row["level"] for row in rows})
    word = "courses" if programme == "vocational" else "grades"
    for first in levels[::2]:
        part = [row for row in rows if first <= row["level"] <= first + 1]
        last = max(row["level"] for row in part)
        yield text(f"datasets.files.{word}", lang, first=int(first), last=int(last)), part


def _in_words(row: Row, contract: SheetContract, lang: str) -> Row:
    """Yes, no and rated values in the words that the sheet offers; a mistake stays as it was typed."""
    return {name: _word(value, contract.fields[name], lang) for name, value in row.items() if name in contract.fields}


def _word(value: Any, column: Field, lang: str) -> Any:
    if value is None or isinstance(value, str):
        return value
    if column.kind == "yes_no":
        return text(f"template.words.{'yes' if value else 'no'}", lang)
    return column.scale[lang][int(value)] if column.scale else value


def _write_csv(path: Path, rows: Sequence[Row], catalogue: Catalogue, contract: SheetContract, lang: str) -> None:
    """Write a sheet as CSV, with a line above the headings and a column of remarks."""
    from pumpurs_risk.records.template.template import template_columns

    shown = [contract.fields["pupil_id"], *template_columns(catalogue, contract)]
    words = [_in_words(row, contract, lang) for row in rows]
    columns = {column.titles[lang]: [row.get(column.id) for row in words] for column in shown}
    write_excel_csv(path, columns | {text("datasets.remarks", lang): [text("datasets.remark", lang)] * len(rows)}, lang)


def write_excel_csv(path: Path, columns: Mapping[str, Sequence[Any]], lang: str) -> None:
    """Write what Latvian Excel saves as CSV: semicolons, decimal commas, windows-1257; first a line that says it is made up."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";", lineterminator="\r\n")
    writer.writerow([text("datasets.made_note", lang)])
    writer.writerow(columns)
    writer.writerows(zip(*(_texts(cells) for cells in columns.values()), strict=True))
    with path.open("xb") as handle:
        handle.write(buffer.getvalue().encode("cp1257"))


def _texts(cells: Sequence[Any]) -> Sequence[str]:
    """A column as text, worked out once for each distinct cell."""
    codes, distinct = pd.factorize(np.array([*cells, None], dtype=object)[:-1], use_na_sentinel=True)
    written = np.array([*map(_cell, distinct), ""], dtype=object)
    return list(written[codes])


def _cell(value: Any) -> str:
    if isinstance(value, dt.date):
        return f"{value:%d.%m.%Y}."
    return str(value).replace(".", ",") if isinstance(value, float) else str(value)
