"""The sheet that a school fills in: a cover, one row per pupil, and what each column means. No macros."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.locale import date_text, number, text
from pumpurs_risk.records.contract import Field, SheetContract
from pumpurs_risk.records.template.column_words import PROGRAMMES, WHOLE_KINDS, ColumnWords, number_kind
from pumpurs_risk.records.workbook.writer import SheetWriter, WorkbookWriter

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue

OWN_COLUMNS = ("name", "class_id", "birth_year", "enrolled_from", "lessons_held", "lessons_missed", "unexcused_raw")
"""Columns of the standard sheet that are no factors; the catalogue's core factors follow them."""
OWN_COLUMNS_ALL = ("pupil_id", "name", "class_id", "level", *OWN_COLUMNS[2:])
COVER_ROWS = ("school", "municipality", "as_of", "semester", "programme", "places", "lessons_held")
_CLASSES_ON_COVER = 12
_MOST_LESSONS = 3_000
_SENSITIVITY_ORDER = {"ordinary": 0, "sensitive": 1, "special": 2}
_WIDTHS = {"name": 26, "date": 13, "rated": 16, "text": 14}
_FIRST_DAY = dt.date(2000, 1, 1)
_LAST_DAY = dt.date(2100, 12, 31)
_WIDEST_PAGE = 230
"""Characters that one A4 page beside the other can hold and still be read."""


def write_template(
    target: Path | BinaryIO,
    *,
    catalogue: Catalogue,
    lang: str = "lv",
    all_factors: bool = False,
    school: str = "",
    municipality: str = "",
    as_of: dt.date | None = None,
    semester: str = "",
    programme: str = "",
    places: int | None = None,
    lessons_held: int | None = None,
    rows: Sequence[Mapping[str, Any]] = (),
    n_rows: int = 200,
) -> None:
    """Write the sheet to fill in.

    Parameters
    ----------
    target : pathlib.Path or binary file
        Where to write the ``.xlsx``; an existing file is never overwritten.
    catalogue : Catalogue
        Whose factors to ask for.
    lang : {"lv", "en"}
        Language of headings, words and help.
    all_factors : bool
        Ask for every factor that a sheet can carry, instead of the standard twelve columns at most.
    school, municipality, semester : str
        What the cover says already; the semester as ``"2026/2027-1"``.
    as_of : datetime.date, optional
        Date of the list; also dates the file and bounds the dates that can be typed.
    programme : {"", "general", "evening", "vocational"}
        What the cover says already.
    places, lessons_held : int, optional
        What the cover says already.
    rows : sequence of mappings
        Rows filled in beforehand: column id to what stands in the cell.
    n_rows : int
        Number of rows prepared for typing; more may be added by hand.

    Raises
    ------
    RecordsError
        If the file exists or cannot be written.

    Examples
    --------
    >>> from io import BytesIO
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> sheet = BytesIO()
    >>> write_template(sheet, catalogue=Catalogue.load(), lang="en", school="Kalvene")
    >>> sheet.getvalue()[:2]  # a workbook is a zip file
    b'PK'
    """
    if isinstance(target, Path) and target.exists():
        raise RecordsError("template_exists", path=target)
    day = as_of or dt.date.today()
    contract = SheetContract.load(catalogue)
    columns = template_columns(catalogue, contract, all_factors=all_factors)
    title, comments = text("template.file.title", lang), text("template.file.comments", lang)
    try:
        with WorkbookWriter(target, created=day, title=title, comments=comments) as book:
            filled = {
                "school": school,
                "municipality": municipality,
                "as_of": as_of,
                "semester": _semester_word(semester, lang) if semester else "",
                "programme": text(f"template.programmes.{programme}", lang) if programme else "",
                "places": places,
                "lessons_held": lessons_held,
            }
            say = ColumnWords(catalogue, lang)
            cover = _write_cover(book, lang, filled, day)
            pupils = _write_pupils(book, say, columns, rows, max(n_rows, len(rows)))
            for sheet in (cover, pupils, _write_help(book, say, columns)):
                left, centre = (
                    text("template.file.footer_left", lang),
                    text("template.file.footer_centre", lang, school=school),
                )
                sheet.footer(left, centre, text("template.file.pages", lang))
    except OSError as error:
        raise RecordsError("template_not_written", path=target, reason=error.strerror or str(error)) from None


def template_columns(catalogue: Catalogue, contract: SheetContract, *, all_factors: bool = False) -> list[Field]:
    """List the sheet's columns.

    Parameters
    ----------
    catalogue : Catalogue
        Whose factors to ask for.
    contract : SheetContract
        For headings, kinds and limits.
    all_factors : bool
        Every factor that a sheet can carry, sensitive ones last; otherwise the core ones.

    Returns
    -------
    list of Field
        Factors that are computed from other columns, or from class and programme, are not asked for.
    """
    own = OWN_COLUMNS_ALL if all_factors else OWN_COLUMNS
    asked = [
        factor
        for factor in catalogue.factors.values()
        if (all_factors or factor.core) and factor.kind != "level" and factor.id not in contract.computed
    ]
    asked.sort(key=lambda factor: (not factor.core, _SENSITIVITY_ORDER[factor.sensitivity]))
    return [contract.fields[column] for column in (*own, *(factor.id for factor in asked))]


def _semester_word(semester: str, lang: str) -> str:
    years, half = semester.split("-")
    from_year, to_year = years.split("/")
    return text("template.semester.word", lang, from_year=from_year, to_year=to_year, number=half)


def _write_cover(book: WorkbookWriter, lang: str, filled: Mapping[str, Any], day: dt.date) -> SheetWriter:
    """Write the cover: label beside value, read back by ``records/reading/cover.py``; nothing else stands in a label's row."""
    sheet = book.sheet(text("template.sheets.cover", lang), [26, 40, 60])
    sheet.line(0, text("template.cover.title", lang), "title")
    for offset in (1, 2, 3):
        sheet.line(offset, text(f"template.cover.how_{offset}", lang), "plain")
    year = day.year if day.month >= 8 else day.year - 1  # the school year that the day belongs to
    semesters = [_semester_word(f"{y}/{y + 1}-{half}", lang) for y in (year - 1, year, year + 1) for half in (1, 2)]
    programmes = [text(f"template.programmes.{name}", lang) for name in PROGRAMMES]
    row = 4
    for key in COVER_ROWS:
        row += 1
        label, value = text(f"template.cover.labels.{key}", lang), filled[key]
        prompt = (label, text(f"template.cover.prompts.{key}", lang))
        style = "typed_date" if key == "as_of" else "typed_number" if key in ("places", "lessons_held") else "typed"
        sheet.row(row, [label, value], ["label", style])
        if key in ("semester", "programme"):
            words = semesters if key == "semester" else programmes
            sheet.choose((row, row), 1, words, prompt, refuse=_refuse("choose", lang))
        elif key == "as_of":
            _limit_dates(sheet, (row, row), 1, _FIRST_DAY, prompt, lang)
        elif key in ("places", "lessons_held"):
            _limit_whole(sheet, (row, row), prompt, lang)
        else:
            sheet.prompt((row, row), 1, prompt)
    by_class = text("template.cover.labels.lessons_by_class", lang)
    if by_class:
        sheet.line(row + 2, text("template.cover.by_class", lang), "plain")
        _write_class_table(sheet, row + 3, by_class, lang)
    sheet.page.activate()
    return sheet


def _write_class_table(sheet: SheetWriter, row: int, heading: str, lang: str) -> None:
    """Write a small table: lessons held in each class."""
    label = text("template.cover.labels.class_id", lang)
    sheet.row(row, [label, heading], "label")
    first, last = row + 1, row + _CLASSES_ON_COVER
    for line in range(first, last + 1):
        sheet.row(line, ["", ""], ["typed", "typed_number"])
    sheet.prompt((first, last), 0, (label, text("template.cover.prompts.class_id", lang)))
    _limit_whole(sheet, (first, last), None, lang)


def _limit_whole(sheet: SheetWriter, cells: tuple[int, int], prompt: tuple[str, str] | None, lang: str) -> None:
    low, high = (number(limit, lang) for limit in (0, _MOST_LESSONS))
    sheet.limit(cells, 1, "integer", 0, _MOST_LESSONS, prompt, refuse=_refuse("whole", lang, low=low, high=high))


def _write_pupils(
    book: WorkbookWriter, say: ColumnWords, columns: Sequence[Field], rows: Sequence[Mapping[str, Any]], n_rows: int
) -> SheetWriter:
    """Write the sheet with one row per pupil; rules of a column hold for all prepared rows."""
    lang = say.lang
    sheet = book.sheet(text("template.sheets.pupils", lang), [_width(column, lang) for column in columns])
    for index, column in enumerate(columns):
        ordinary = say.sensitivity(column) == "ordinary"
        sheet.cell(0, index, column.titles[lang], "header" if ordinary else "header_sensitive")
        sheet.comment(0, index, say.help(column))
        _write_rule(sheet, (1, n_rows), index, column, say)
    styles = [_cell_style(column) for column in columns]
    for line in range(1, n_rows + 1):
        values = rows[line - 1] if line <= len(rows) else {}
        sheet.row(line, [values.get(column.id) for column in columns], styles)
    name = [column.id for column in columns].index("name")
    sheet.page.freeze_panes(1, name + 1)
    sheet.page.repeat_rows(0)
    sheet.page.autofilter(0, 0, n_rows, len(columns) - 1)
    if sum(sheet.widths) > _WIDEST_PAGE:
        sheet.page.set_print_scale(70)  # several pages beside each other rather than letters too small to read
        sheet.page.repeat_columns(0, name)
    return sheet


def _write_rule(sheet: SheetWriter, cells: tuple[int, int], index: int, column: Field, say: ColumnWords) -> None:
    """Write what a column accepts, what it says when a cell is chosen, and when something else is typed."""
    lang, words = say.lang, say.choices(column)
    prompt = (column.titles[lang], say.prompt(column))
    if words:
        sheet.choose(cells, index, words, prompt, refuse=_refuse("choose", lang))
    elif column.kind == "date":
        earliest = dt.date.fromisoformat(column.earliest) if column.earliest else _FIRST_DAY
        _limit_dates(sheet, cells, index, earliest, prompt, lang)
    elif column.kind in ("text", "name") or column.minimum is None or column.maximum is None:
        sheet.prompt(cells, index, prompt)
    else:
        low, high = say.limits(column)
        refuse = _refuse(number_kind(column), lang, low=low, high=high)
        kind = "integer" if column.kind in WHOLE_KINDS else "decimal"
        sheet.limit(cells, index, kind, column.minimum, column.maximum, prompt, refuse=refuse)


def _limit_dates(
    sheet: SheetWriter, cells: tuple[int, int], index: int, earliest: dt.date, prompt: tuple[str, str], lang: str
) -> None:
    low, high = (date_text(day, lang).rstrip(".") for day in (earliest, _LAST_DAY))
    sheet.limit(cells, index, "date", earliest, _LAST_DAY, prompt, refuse=_refuse("date", lang, low=low, high=high))


def _write_help(book: WorkbookWriter, say: ColumnWords, columns: Sequence[Field]) -> SheetWriter:
    """Write the sheet that explains every column."""
    from xlsxwriter.utility import xl_col_to_name

    lang = say.lang
    sheet = book.sheet(text("template.sheets.help", lang), [30, 58, 42, 16, 14])
    sheet.line(0, text("template.help.title", lang), "title")
    for offset in (1, 2, 3):
        sheet.line(offset, text(f"template.help.empty_{offset}", lang), "plain")
    names = ("column", "meaning", "fill", "period", "example")
    header = 5
    sheet.row(header, [text(f"template.help.columns.{name}", lang) for name in names], "header")
    row, cover = header, text("template.sheets.cover", lang)
    for key in COVER_ROWS:
        row += 1
        meaning = text(f"template.cover.prompts.{key}", lang)
        label = text(f"template.cover.labels.{key}", lang)
        sheet.row(row, [f"{cover} · {label}", meaning, "", "", ""], ["strong", "body", "body", "body", "text"])
    for index, column in enumerate(columns):
        row += 1
        # a heading alone in its cell would make this sheet look like a table of pupils to a reader
        heading = f"{xl_col_to_name(index)} · {column.titles[lang]}"
        meaning = "\n".join(part for part in (say.meaning(column), say.warning(column)) if part)
        cells = [heading, meaning, say.filling(column), say.period(column), say.example(column)]
        sheet.row(row, cells, ["strong", "body", "body", "body", "text"])
    sheet.table(header, row, filters=False)
    return sheet


def _refuse(key: str, lang: str, **params: str) -> tuple[str, str]:
    words: dict[str, Any] = dict(params)
    return text("template.refuse.title", lang), text(f"template.refuse.{key}", lang, **words)


def _cell_style(column: Field) -> str:
    if column.kind in ("number", "mark", *WHOLE_KINDS):
        return "typed_number"
    return {"date": "typed_date", "share": "typed_share"}.get(column.kind, "typed")


def _width(column: Field, lang: str) -> float:
    longest = max(len(word) for word in column.titles[lang].replace("/", " ").split())
    return max(_WIDTHS.get(column.kind, 12), longest + 5)  # room for the filter's arrow
