"""How every workbook of this library is written: text stays text, rows fit their text, pages fit A4.

The idioms that keep a sheet safe and readable, apart from what any one sheet says:

- text is written as text, so that ``=cmd|...`` or ``<script>`` in a pupil's name is shown and never run;
- a choice stands as a drop-down list on a hidden sheet behind a defined name (a list in the cell itself ends at 255
  characters);
- a row is as high as its longest wrapped cell, counted from the text and the column's width (LibreOffice overlaps
  otherwise);
- the same input gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
import numbers
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from pumpurs_risk.records.workbook.text_layout import clean_text, is_blank, lines_needed, safe_sheet_name, shorten

MAX_FOOTER = 255
MAX_PROMPT_TITLE = 32
MAX_PROMPT = 255
MAX_ROW_HEIGHT = 400.0
_SURE_FIT = 5.2  # characters x points that fit in a column of width 1, if each is as wide as a bold "W"
# Arial: free fonts of the same widths exist, so that counted heights hold everywhere. Without "none" Excel takes the theme's
# font instead.
_FONT = {"font_name": "Arial", "font_size": 10, "font_scheme": "none"}
_BODY = {**_FONT, "valign": "top", "text_wrap": True, "border": 1, "border_color": "#B7BDC4"}
_TYPED = {**_BODY, "bg_color": "#FFFBE6", "locked": False, "num_format": "@"}

STYLES: Mapping[str, Mapping[str, Any]] = {
    "title": {**_FONT, "font_size": 14, "bold": True, "valign": "top", "text_wrap": True},
    "lead": {**_FONT, "font_size": 12, "bold": True, "valign": "top", "text_wrap": True, "font_color": "#1F3A5F"},
    "note": {**_FONT, "valign": "top", "text_wrap": True, "font_color": "#444B54"},
    "plain": {**_FONT, "valign": "top", "text_wrap": True},
    "section": {**_FONT, "font_size": 11, "bold": True, "valign": "top", "text_wrap": True, "font_color": "#1F3A5F"},
    "header": {**_BODY, "bold": True, "bg_color": "#1F3A5F", "font_color": "#FFFFFF", "valign": "vcenter"},
    "header_sensitive": {**_BODY, "bold": True, "bg_color": "#6B4C7A", "font_color": "#FFFFFF", "valign": "vcenter"},
    "body": _BODY,
    "text": {**_BODY, "num_format": "@"},
    "strong": {**_BODY, "bold": True},
    "weight": {**_BODY, "num_format": "+0.00;-0.00;0.00", "align": "right"},
    "total": {**_BODY, "bold": True, "bg_color": "#EEF1F4"},
    "total_weight": {**_BODY, "bold": True, "bg_color": "#EEF1F4", "num_format": "+0.00;-0.00;0.00", "align": "right"},
    "typed": _TYPED,
    "typed_number": {**_TYPED, "num_format": "General"},
    "typed_date": {**_TYPED, "num_format": "dd.mm.yyyy"},
    "typed_share": {**_TYPED, "num_format": "0.0%"},
    "label": {**_BODY, "bold": True, "bg_color": "#EEF1F4"},
    # a light tint of the tier's colour under dark text; the tier's word always stands in the cell
    "act_now": {**_BODY, "bg_color": "#F8D9C4"},
    "watch": {**_BODY, "bg_color": "#FBEFC4"},
    "ask_first": {**_BODY, "bg_color": "#D6E6F5"},
    "none": {**_BODY, "bg_color": "#EEF1F4"},
    "risk": _BODY,
    "strength": {**_BODY, "bg_color": "#E3F1E4"},
    "unknown": {**_BODY, "font_color": "#444B54", "italic": True},
}
"""Named looks of cells. Colour is never the only sign."""


class WorkbookWriter(AbstractContextManager["WorkbookWriter"]):
    """A workbook being written; closing it writes the file.

    Parameters
    ----------
    target : pathlib.Path or binary file
        Where to write.
    created : datetime.date
        Date in the file's properties; fixed, so that the same input gives the same bytes.
    title : str
        Title in the file's properties.
    comments : str
        What else the properties should say (confidential, who it is for).

    Raises
    ------
    OSError
        On closing, if the file cannot be written (open in Excel, no space, no right).

    Examples
    --------
    >>> import io, datetime
    >>> buffer = io.BytesIO()
    >>> with WorkbookWriter(buffer, created=datetime.date(2027, 1, 15)) as book:
    ...     sheet = book.sheet("9.a/9.b", widths=[20, 40])
    ...     sheet.row(0, ["=1+1", "teksts"], "text")
    >>> sheet.name
    '9.a-9.b'
    """

    def __init__(self, target: Path | BinaryIO, *, created: dt.date, title: str = "", comments: str = "") -> None:
        import xlsxwriter

        self._book = xlsxwriter.Workbook(
            str(target) if isinstance(target, Path) else target,
            {
                "in_memory": True,  # no temporary files
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "default_format_properties": dict(_FONT),
            },
        )
        moment = dt.datetime(created.year, created.month, created.day, tzinfo=dt.UTC)
        self._book.set_properties({"title": title, "comments": comments, "created": moment, "author": "pumpurs_risk"})
        self._formats: dict[str, Any] = {}
        self._lists: dict[tuple[str, ...], str] = {}
        self._names: list[str] = []

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is None:
            self.close()
        else:
            self._book.fileclosed = True  # an unfinished workbook is not written

    def style(self, name: str) -> Any:
        """Return the XlsxWriter format of a named look (``STYLES``)."""
        if name not in self._formats:
            self._formats[name] = self._book.add_format(dict(STYLES[name]))
        return self._formats[name]

    def sheet(self, name: str, widths: Sequence[float], *, hidden_columns: int = 0) -> SheetWriter:
        """Add a sheet, A4 landscape, one page wide.

        Parameters
        ----------
        name : str
            Its name; made safe and unique.
        widths : sequence of float
            Column widths in characters.
        hidden_columns : int
            How many of the first columns carry identifiers and are hidden.

        Returns
        -------
        SheetWriter
            The sheet to write on.
        """
        page = self._book.add_worksheet(self._name(name))
        page.set_landscape()
        page.set_paper(9)  # A4
        page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.7)
        page.fit_to_pages(1, 0)
        page.hide_gridlines(2)
        for column, width in enumerate(widths):
            hidden = column < hidden_columns
            page.set_column(column, column, width, self.style("text") if hidden else None, {"hidden": hidden})
        return SheetWriter(self, page, tuple(widths), hidden_columns)

    def hidden_sheet(self, name: str, rows: Iterable[Sequence[Any]]) -> None:
        """Add a hidden sheet of plain text, for what only a program reads."""
        page = self._book.add_worksheet(self._name(name))
        page.hide()
        for number, cells in enumerate(rows):
            for column, value in enumerate(cells):
                _done(page.write_string(number, column, clean_text("" if is_blank(value) else str(value))))

    def choices(self, words: Sequence[str]) -> str:
        """Name a list of words that a drop-down offers.

        Returns
        -------
        str
            A reference such as ``=choice_1``, to be used as the source of a validation.
        """
        key = tuple(words)
        if key not in self._lists:
            self._lists[key] = f"choice_{len(self._lists) + 1}"
        return "=" + self._lists[key]

    def close(self) -> None:
        """Write the file."""
        from xlsxwriter.exceptions import FileCreateError

        if self._lists:
            self._write_lists()
        try:
            self._book.close()
        except FileCreateError as error:
            self._book.fileclosed = True
            cause = error.args[0]
            raise (cause if isinstance(cause, OSError) else OSError(str(cause))) from None

    def _write_lists(self) -> None:
        from xlsxwriter.utility import xl_col_to_name

        name = self._name("_choices")  # readers of this library skip hidden sheets named so
        page = self._book.add_worksheet(name)
        page.hide()
        for column, (words, defined) in enumerate(self._lists.items()):
            for row, word in enumerate(words):
                _done(page.write_string(row, column, clean_text(word)))
            letter = xl_col_to_name(column)
            self._book.define_name(defined, f"='{name}'!${letter}$1:${letter}${len(words)}")

    def _name(self, wished: str) -> str:
        name = safe_sheet_name(wished, self._names)
        self._names.append(name)
        return name


@dataclass
class SheetWriter:
    """One sheet of a workbook being written.

    Attributes
    ----------
    page : xlsxwriter worksheet
        For what this class does not cover.
    """

    book: WorkbookWriter
    page: Any
    widths: tuple[float, ...]
    hidden_columns: int = 0
    _heights: dict[int, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The sheet's name as it stands in the workbook."""
        return str(self.page.get_name())

    def cell(self, row: int, column: int, value: Any, style: str = "body") -> None:
        """Write one value: text as text, dates as dates, unknown as an empty cell."""
        look = self.book.style(style)
        if type(value) is str and value:  # most cells by far
            _done(self.page.write_string(row, column, clean_text(value), look))
            if column >= self.hidden_columns:
                self._grow(row, value, self.widths[column], style)
            return
        if is_blank(value):
            done = self.page.write_blank(row, column, None, look)
        elif isinstance(value, str):
            done = self.page.write_string(row, column, clean_text(value), look)
        elif isinstance(value, dt.date):
            done = self.page.write_datetime(row, column, dt.datetime(value.year, value.month, value.day), look)
        elif isinstance(value, numbers.Real) and not isinstance(value, bool):
            done = self.page.write_number(row, column, float(value), look)
        else:
            done = self.page.write_string(row, column, clean_text(str(value)), look)
        _done(done)
        if column >= self.hidden_columns and isinstance(value, str):
            self._grow(row, value, self.widths[column], style)

    def row(self, row: int, values: Sequence[Any], styles: str | Sequence[str] = "body", *, start: int = 0) -> None:
        """Write the cells of a row; the row becomes as high as its longest text."""
        for offset, value in enumerate(values):
            style = styles if isinstance(styles, str) else styles[offset]
            self.cell(row, start + offset, value, style)

    def line(
        self, row: int, text: str, style: str = "plain", *, start: int | None = None, end: int | None = None
    ) -> None:
        """Write one text across several columns (all that are visible unless told otherwise)."""
        first = self.hidden_columns if start is None else start
        last = len(self.widths) - 1 if end is None else end
        if first == last:
            self.cell(row, first, text, style)
            return
        _done(self.page.merge_range(row, first, row, last, "", self.book.style(style)))
        shown = clean_text(text)
        if shown:
            _done(self.page.write_string(row, first, shown, self.book.style(style)))
        self._grow(row, shown, sum(self.widths[first : last + 1]), style)

    def hide_row(self, row: int) -> None:
        """Hide a row that only a program reads."""
        self.page.set_row(row, None, None, {"hidden": True})

    def choose(
        self,
        rows: tuple[int, int],
        column: int,
        words: Sequence[str],
        prompt: tuple[str, str] | None = None,
        *,
        refuse: tuple[str, str] | None = None,
    ) -> None:
        """Offer words in a drop-down list.

        Parameters
        ----------
        rows : (int, int)
            First and last row.
        column : int
            The column.
        words : sequence of str
            What to offer.
        prompt : (title, message), optional
            Shown when the cell is chosen.
        refuse : (title, message), optional
            Refuse anything else, with this message; without it any text may be typed.
        """
        rule: dict[str, Any] = {"validate": "list", "source": self.book.choices(words), "ignore_blank": True}
        self._validate(rows, column, rule, prompt, refuse)

    def limit(
        self,
        rows: tuple[int, int],
        column: int,
        kind: str,
        low: float | dt.date,
        high: float | dt.date,
        prompt: tuple[str, str] | None = None,
        *,
        refuse: tuple[str, str] | None = None,
    ) -> None:
        """Accept only numbers or dates from ``low`` to ``high`` (``kind``: ``integer``, ``decimal`` or ``date``)."""
        rule: dict[str, Any] = {
            "validate": kind,
            "criteria": "between",
            "minimum": low,
            "maximum": high,
            "ignore_blank": True,
        }
        self._validate(rows, column, rule, prompt, refuse)

    def prompt(self, rows: tuple[int, int], column: int, prompt: tuple[str, str]) -> None:
        """Show a message when a cell is chosen; anything may be typed."""
        self._validate(rows, column, {"validate": "any"}, prompt, None)

    def comment(self, row: int, column: int, text: str) -> None:
        """Attach a text that shows when the cell is pointed at, in a box large enough for it."""
        box = {
            "width": 280,
            "height": 15 * lines_needed(text, 36) + 14,
            "author": "",
            "font_name": "Arial",
            "font_size": 9,
        }
        _done(self.page.write_comment(row, column, clean_text(text), box))

    def table(self, header_row: int, last_row: int, *, filters: bool = True) -> None:
        """Freeze and repeat the header row, and offer filters for the rows below it."""
        self.page.freeze_panes(header_row + 1, min(self.hidden_columns + 1, len(self.widths) - 1))
        self.page.repeat_rows(header_row)
        if filters and last_row > header_row:
            _done(self.page.autofilter(header_row, 0, last_row, len(self.widths) - 1))

    def lock(self) -> None:
        """Protect everything but the cells to type in, without a password; filters and sizes stay usable."""
        allowed = (
            "autofilter",
            "sort",
            "format_rows",
            "format_columns",
            "select_locked_cells",
            "select_unlocked_cells",
        )
        self.page.protect("", dict.fromkeys(allowed, True))

    def footer(self, left: str, centre: str, pages: str) -> None:
        """Write the footer: two texts and the page (``"page {page} of {pages}"``), within the format's 255 characters."""
        ending = "&R&8 " + pages.format(page="&P", pages="&N")
        room = (MAX_FOOTER - len(ending) - len("&L&8 &C&8 ")) // 2
        shown = [" ".join(part.split()) for part in (left, centre)]
        fitting = [
            part[: next((n for n in range(len(part), 0, -1) if _escaped_length(part[:n]) <= room), 0)] for part in shown
        ]
        text = "&L&8 {}&C&8 {}".format(*(part.replace("&", "&&") for part in fitting)) + ending
        self.page.set_footer(text)

    def _grow(self, row: int, text: str, width: float, style: str) -> None:
        look = STYLES[style]
        size = float(look.get("font_size", 10))
        if (
            len(text) * size <= width * _SURE_FIT
            and "\n" not in text
            and self._heights.get(row, 0.0) >= size * 1.29 + 3
        ):
            return
        lines = lines_needed(text, width, size=size, bold=bool(look.get("bold")))
        height = min(MAX_ROW_HEIGHT, lines * size * 1.29 + 3)
        if height > self._heights.get(row, 0.0):
            self._heights[row] = height
            self.page.set_row(row, height)

    def _validate(
        self,
        rows: tuple[int, int],
        column: int,
        rule: dict[str, Any],
        prompt: tuple[str, str] | None,
        refuse: tuple[str, str] | None,
    ) -> None:
        if prompt is not None:
            rule |= {
                "input_title": shorten(prompt[0], MAX_PROMPT_TITLE),
                "input_message": shorten(prompt[1], MAX_PROMPT),
            }
        if refuse is not None:
            rule |= {
                "error_title": shorten(refuse[0], MAX_PROMPT_TITLE),
                "error_message": shorten(refuse[1], MAX_PROMPT),
            }
        elif rule["validate"] != "any":
            rule["show_error"] = False
        _done(self.page.data_validation(rows[0], column, rows[1], column, rule))


def _escaped_length(text: str) -> int:
    """Length in a footer, as the format counts: UTF-16 units, with "&" doubled."""
    return len(text.replace("&", "&&").encode("utf-16-le")) // 2


def _done(code: Any) -> None:
    """Turn XlsxWriter's negative return codes, which it only warns about, into an error."""
    if isinstance(code, int) and code < 0:
        raise ValueError(f"XlsxWriter refused a cell or rule (code {code})")
