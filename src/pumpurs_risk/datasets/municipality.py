"""Writes the made municipality as its schools would hand it in: sheets, journal exports, and what is wrong with them."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from pumpurs_risk.datasets.names import place_title
from pumpurs_risk.datasets.recording import write_down
from pumpurs_risk.datasets.sheets import Row, typed_rows, with_sheet_mistakes, write_sheets
from pumpurs_risk.datasets.world import made_world
from pumpurs_risk.locale import text

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.datasets.years.happening import MadeYears

_AS_OF = dt.date(2027, 1, 15)
_PUPILS = 1500
_EXPORTS = ("journal_csv", "journal_workbook", "parquet")
_LIST_DAYS = ((1, 15), (9, 15))  # lists are made when a semester has begun
_KEY_FILE = "pumpurs.key.json"


def write_municipality(
    folder: str | Path,
    *,
    random_state: int = 0,
    lang: str = "lv",
    mistakes: bool = True,
    as_of: str | dt.date = _AS_OF,
) -> list[Path]:
    """Write a made municipality as a folder that schools have filled in.

    Seven schools have a sub-folder each. Four hand in sheets: three as workbooks (the largest one a file for every two
    grades, one with English headings whatever the language), one as a CSV file of Latvian Excel (semicolons, decimal commas,
    windows-1257). Three hand in what their journals export, of this school year and the last: one as CSV files, one as a
    workbook with a worksheet for each table, one as Parquet. ``pumpurs.toml`` stands beside them. Every file says that its
    data are made up.

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
        different marks, "7,5" as text, a column that nobody knows, stray spaces, the 31st of February, lessons below 0, a
        mark among the absences, a semester that nobody defined; and whether an eighth school, which the settings expect,
        has not handed anything in. What journals always write ("7(p.d.)", "4|7", several marks in a cell, "nv") is there
        in any case.
    as_of : str or datetime.date
        Day of the list: nothing that happened or was written down later is in the files.

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

    day = dt.date.fromisoformat(as_of) if isinstance(as_of, str) else as_of
    catalogue = Catalogue.load()
    made = _lived(day, random_state, 1, catalogue)
    return _HandingIn(Path(folder), made, day, catalogue, random_state, lang, mistakes).write()


def write_semesters(
    folder: str | Path, n: int = 2, *, random_state: int = 0, lang: str = "lv", mistakes: bool = True
) -> list[tuple[Path, dt.date]]:
    """Write what the same schools hand in for several lists in a row, one of each semester.

    The pupils are the same: from list to list they have more behind them, some have left, in September the grades have moved
    up. Each list's folder is as `write_municipality` writes it.

    Parameters
    ----------
    folder : str or pathlib.Path
        Where to write; made if it does not exist.
    n : int
        Lists; the last is that of 15 January 2027.
    random_state, lang, mistakes
        As in `write_municipality`.

    Returns
    -------
    list of (pathlib.Path, datetime.date)
        Folder and day of each list, in order of time. All lists share one key file, which lies above their folders.

    Raises
    ------
    RecordsError
        If a file exists or cannot be written.
    ValueError
        If no list is asked for, or more than the calendar has semesters for.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [str(day) for _, day in write_semesters(folder)]
    ['2026-09-15', '2027-01-15']
    """
    from pumpurs_risk.catalogue import Catalogue

    if not 1 <= n <= 5:
        raise ValueError(f"n is a number of lists, from 1 to 5, got {n}")
    folder = Path(folder)
    catalogue = Catalogue.load()
    days = _list_days(n)
    begins = int(catalogue.calendar.semester_of(days[0])[:4])
    made = _lived(_AS_OF, random_state, _AS_OF.year - begins, catalogue)  # the school year before the first list, too
    written = []
    for number, day in enumerate(days, start=1):
        where = folder / text("datasets.semester_folder", lang, number=number)
        _HandingIn(where, made, day, catalogue, random_state, lang, mistakes, key=f"../{_KEY_FILE}").write()
        written.append((where, day))
    return written


def _list_days(n: int) -> list[dt.date]:
    """The last n list days up to the usual one."""
    every = sorted(
        dt.date(year, month, day) for year in range(_AS_OF.year - n, _AS_OF.year + 1) for month, day in _LIST_DAYS
    )
    return [day for day in every if day <= _AS_OF][-n:]


def _lived(as_of: dt.date, random_state: int, years: int, catalogue: Catalogue) -> MadeYears:
    from pumpurs_risk.datasets.years.happening import live_years

    return live_years(
        _PUPILS,
        random_state,
        1,
        0.0,
        as_of,
        years,
        written_until=as_of,
        followed_until=None,
        lived_until=as_of,
        catalogue=catalogue,
        keep_rolls=True,
        with_truth=False,
    )


class _HandingIn:
    """One list's folder being written."""

    def __init__(
        self,
        folder: Path,
        made: MadeYears,
        as_of: dt.date,
        catalogue: Catalogue,
        random_state: int,
        lang: str,
        mistakes: bool,
        key: str = "",
    ) -> None:
        from pumpurs_risk.datasets.years.known import known_before

        self.folder, self.made, self.as_of, self.catalogue = folder, made, as_of, catalogue
        self.random_state, self.lang, self.mistakes, self.key = random_state, lang, mistakes, key
        self.semester = catalogue.calendar.last_completed(as_of)
        self.known = known_before(made.tables, as_of, catalogue.calendar.semester_of(as_of))
        columns = [str(name) for name in made.schools]
        self.schools: list[Row] = [dict(zip(columns, row, strict=True)) for row in made.schools.itertuples(index=False)]

    def write(self) -> list[Path]:
        """Write everything; an error of the system names the file."""
        from pumpurs_risk.errors import RecordsError

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            settings = self.folder / "pumpurs.toml"
            with settings.open("x", encoding="utf-8", newline="\n") as handle:
                handle.write(self._settings())
            written = [settings]
            sheet = self._sheet()
            for school in self.schools:
                (self.folder / school["school_id"]).mkdir(exist_ok=True)
                written += self._hand_in(school, sheet)
        except OSError as error:
            path = error.filename or self.folder
            raise RecordsError("template_not_written", path=path, reason=error.strerror or str(error)) from None
        return written

    def _sheet(self) -> pd.DataFrame:
        from pumpurs_risk.datasets.years.sheet_rows import sheet_rows

        sheet = sheet_rows(self.made.rolls, self.known, self.as_of, self.catalogue)
        sheet = write_down(made_world(), self.made.schools, sheet, self.catalogue, self.random_state)
        return sheet.merge(self.made.names[["pupil_id", "name"]], on="pupil_id")

    def _hand_in(self, school: Row, sheet: pd.DataFrame) -> list[Path]:
        from pumpurs_risk.datasets.exports import write_exports
        from pumpurs_risk.datasets.journals import of_school
        from pumpurs_risk.records.contract import SheetContract
        from pumpurs_risk.records.tables.contract import table_contracts

        kind = made_world().schools[school["kind"]]
        where = self.folder / school["school_id"]
        if kind.hands_in in _EXPORTS:
            core = [name for name, factor in self.catalogue.factors.items() if factor.core]
            tables = of_school(self.known, school["school_id"], self.made.names, {*core, *kind.more})
            contracts = table_contracts(self.catalogue)
            return list(
                write_exports(
                    where,
                    school["kind"],
                    kind.hands_in,
                    tables,
                    contracts,
                    self.catalogue,
                    self.as_of,
                    self.lang,
                    self.mistakes,
                )
            )
        rows = typed_rows(sheet[sheet["school_id"] == school["school_id"]])
        if self.mistakes:
            rows = with_sheet_mistakes(rows, school["kind"])
        contract = SheetContract.load(self.catalogue)
        lang = "en" if kind.hands_in == "english" else self.lang
        return list(write_sheets(where, school, kind, rows, self.as_of, self.semester, self.catalogue, contract, lang))

    def _settings(self) -> str:
        """The text of ``pumpurs.toml``."""
        lang = self.lang
        municipality = text("datasets.made_title", lang, title=self.schools[0]["municipality"])
        lines = [
            f"# {text('datasets.settings_note', lang)}",
            _entry("as_of", self.as_of.isoformat()).replace('"', ""),  # a date, not a text
            _entry("semester", self.semester),
            _entry("lang", lang),
            _entry("municipality", municipality),
            _entry("purpose", text("datasets.purpose", lang)),
        ]
        if self.key:
            lines.append(_entry("key", self.key))
        schools = list(self.schools)
        if self.mistakes:
            from pumpurs_risk.records.uniting.schools import school_slug

            title = place_title(len(schools), made_world().schools["small_rural_basic"].title)
            schools.append({"school_id": school_slug(title), "title": title, "programme": "general", "places": 4})
        for number, school in enumerate(schools):
            lines += ["", f"[schools.{school['school_id']}]"]
            if number == len(self.schools):
                lines.append(f"# {text('datasets.settings_expected', lang)}")
            lines += [
                _entry("title", text("datasets.made_title", lang, title=school["title"])),
                _entry("folder", school["school_id"]),
                _entry("programme", school["programme"]),
                _entry("places", int(school["places"])),
            ]
        return "\n".join(lines) + "\n"


def _entry(key: str, value: Any) -> str:
    return f"{key} = {json.dumps(value, ensure_ascii=False)}"  # a JSON text is a TOML text
