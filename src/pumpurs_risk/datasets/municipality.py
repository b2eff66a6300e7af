"""Writes the made municipality as its schools would hand it in: workbooks, a CSV file, and a few mistakes."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.datasets.cohort import MadePupils, draw_municipalities
from pumpurs_risk.datasets.names import place_title
from pumpurs_risk.datasets.recording import write_down
from pumpurs_risk.datasets.world import made_world
from pumpurs_risk.locale import text

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.contract import Field, SheetContract

_AS_OF = dt.date(2027, 1, 15)
_PUPILS = 1500
_ONE_FILE = 250  # pupils; larger schools hand in a file for every two grades

Row = dict[str, Any]


def write_municipality(
    folder: str | Path, *, random_state: int = 0, lang: str = "lv", mistakes: bool = True
) -> list[Path]:
    """Write a made municipality as a folder that schools have filled in.

    Seven schools have a sub-folder each: five hand in workbooks (the largest ones a file for every two grades), one of them
    with English headings whatever the language, one a CSV file as Latvian Excel writes it (semicolons, decimal commas,
    windows-1257). ``pumpurs.toml`` stands beside them. Every file says that its data are made up.

    Parameters
    ----------
    folder : str or pathlib.Path
        Where to write; made if it does not exist. An existing file is never overwritten.
    random_state : int
        Seed; the same seed gives the same bytes.
    lang : {"lv", "en"}
        Language of headings and settings.
    mistakes : bool
        Whether people made mistakes: a mark of 11, a day to come, more lessons missed than held, one pupil twice with
        different marks, "7,5" as text, a column that nobody knows, stray spaces; and whether an eighth school, which the
        settings expect, has not handed anything in.

    Returns
    -------
    list of pathlib.Path
        The files written, ``pumpurs.toml`` first.

    Raises
    ------
    RecordsError
        If a file exists or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = write_municipality(folder)
    >>> files[0].name, len({file.parent for file in files[1:]})
    ('pumpurs.toml', 7)
    """
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.errors import RecordsError
    from pumpurs_risk.records.contract import SheetContract

    folder = Path(folder)
    catalogue = Catalogue.load()
    contract = SheetContract.load(catalogue)
    world = made_world()
    made = draw_municipalities(_PUPILS, random_state, 1, 0.0, _AS_OF, catalogue)
    sheet = write_down(world, made.schools, made.sheet, catalogue, random_state).assign(name=made.names)
    semester = str(sheet["semester"].iloc[0])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        settings = folder / "pumpurs.toml"
        with settings.open("x", encoding="utf-8", newline="\n") as handle:
            handle.write(_settings(made, semester, lang, mistakes))
        written = [settings]
        for school in _schools(made):
            rows = _rows(sheet[sheet["school_id"] == school["school_id"]])
            if mistakes:
                rows = _with_mistakes(rows, str(school["kind"]))
            (folder / school["school_id"]).mkdir(exist_ok=True)
            written += _hand_in(folder / school["school_id"], school, rows, semester, catalogue, contract, lang)
    except OSError as error:
        path = error.filename or folder
        raise RecordsError("template_not_written", path=path, reason=error.strerror or str(error)) from None
    return written


def _schools(made: MadePupils) -> list[Row]:
    return [{str(name): cell for name, cell in school.items()} for school in made.schools.to_dict("records")]


def _settings(made: MadePupils, semester: str, lang: str, mistakes: bool) -> str:
    """The text of ``pumpurs.toml``."""

    def entry(key: str, value: str | int) -> str:
        return f"{key} = {json.dumps(value, ensure_ascii=False)}"  # a JSON text is a TOML text

    municipality = text("datasets.made_title", lang, title=made.schools["municipality"].iloc[0])
    lines = [
        f"# {text('datasets.settings_note', lang)}",
        entry("as_of", _AS_OF.isoformat()).replace('"', ""),  # a date, not a text
        entry("semester", semester),
        entry("lang", lang),
        entry("municipality", municipality),
        entry("purpose", text("datasets.purpose", lang)),
    ]
    schools = _schools(made)
    if mistakes:
        from pumpurs_risk.records.uniting.schools import school_slug

        title = place_title(len(schools), made_world().schools["small_rural_basic"].title)
        schools.append({"school_id": school_slug(title), "title": title, "programme": "general", "places": 4})
    for number, school in enumerate(schools):
        lines += ["", f"[schools.{school['school_id']}]"]
        if number == len(made.schools):
            lines.append(f"# {text('datasets.settings_expected', lang)}")
        lines += [
            entry("title", text("datasets.made_title", lang, title=school["title"])),
            entry("folder", school["school_id"]),
            entry("programme", school["programme"]),
            entry("places", int(school["places"])),
        ]
    return "\n".join(lines) + "\n"


def _rows(pupils: pd.DataFrame) -> list[Row]:
    """The school's pupils as a person types them: by class and name, own ids, whole numbers without decimals."""
    from pumpurs_risk.locale import sort_key

    columns = {str(name): [_typed(value) for value in pupils[name].tolist()] for name in pupils}
    rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    rows.sort(key=lambda row: (row["level"], row["class_id"], sort_key(row["name"])))
    return [row | {"pupil_id": row["pupil_id"].rpartition(":")[2]} for row in rows]


def _typed(value: Any) -> Any:
    """A cell as a person would type it; None where nothing is known."""
    if isinstance(value, pd.Timestamp):
        return value.date()
    if isinstance(value, float):
        return None if np.isnan(value) else int(value) if value.is_integer() else value
    return value


def _with_mistakes(rows: list[Row], kind: str) -> list[Row]:
    """Make the mistakes that the made world lists for a kind of school; a text may quote the row's own cells."""
    spoilt = [dict(row) for row in rows]
    for mistake in made_world().mistakes:
        if mistake.school == kind:
            row = spoilt[int(mistake.at * len(rows))]
            cells = {
                name: cell.format(**row) if isinstance(cell, str) else cell for name, cell in mistake.cells.items()
            }
            if mistake.again is None:
                row.update(cells)
            else:
                spoilt.insert(int(mistake.again * len(rows)), row | cells)
    return spoilt


def _hand_in(
    folder: Path,
    school: Row,
    rows: list[Row],
    semester: str,
    catalogue: Catalogue,
    contract: SheetContract,
    lang: str,
) -> Iterator[Path]:
    """Write a school's files in the way this kind of school does."""
    from pumpurs_risk.records.template.template import write_template

    kind = made_world().schools[school["kind"]]
    municipality = text("datasets.made_title", lang, title=school["municipality"])
    lang = "en" if kind.hands_in == "english" else lang
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
            municipality=municipality,
            as_of=_AS_OF,
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
    for first, last in zip(levels[::2], levels[1::2], strict=True):
        part = [row for row in rows if first <= row["level"] <= last]
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
    """Write what Latvian Excel saves as CSV, with a line above the headings and a column of remarks."""
    from pumpurs_risk.records.template.template import template_columns

    shown = [contract.fields["pupil_id"], *template_columns(catalogue, contract)]
    headings = [column.titles[lang] for column in shown]
    lines = [[text("datasets.made_note", lang)], [*headings, text("datasets.remarks", lang)]]
    for row in rows:
        words = _in_words(row, contract, lang)
        lines.append([*(_cell(words.get(column.id)) for column in shown), text("datasets.remark", lang)])
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=";", lineterminator="\r\n").writerows(lines)
    with path.open("xb") as handle:
        handle.write(buffer.getvalue().encode("cp1257"))


def _cell(value: Any) -> str:
    if isinstance(value, dt.date):
        return f"{value:%d.%m.%Y}."
    if value is None:
        return ""
    return str(value).replace(".", ",") if isinstance(value, float) else str(value)
