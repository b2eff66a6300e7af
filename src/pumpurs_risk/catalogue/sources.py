"""Where an entry was written: TOML files and mappings with their lines, so that an error can name the place."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pumpurs_risk.catalogue.toml_lines import key_lines
from pumpurs_risk.errors import CatalogueError

Table = dict[str, Any]
_TOML_PLACE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")


class EntryError(CatalogueError):
    """A catalogue entry that cannot be used: file, line, entry and field stand before what is wrong.

    Parameters
    ----------
    code : str
        Key in ``errors.toml``; its sentence begins with ``{where}``.
    file : str
        Name of the file, or of what was handed over in Python.
    line : int or None
        Line of the file.
    entry, field : str
        What the error is about, such as ``factors.motivation`` and ``prior_share``; may be empty.
    **params
        Further placeholders. A mapping with the key ``lv`` is a text per language; a list is joined with commas.
    """

    def __init__(
        self, code: str, *, file: str, line: int | None = None, entry: str = "", field: str = "", **params: Any
    ) -> None:
        super().__init__(code, file=file, line=line, entry=entry, field=field, **params)

    def message(self, lang: str = "en") -> str:
        """Say the error in a language; see `PumpursError.message`."""
        from pumpurs_risk.locale import text

        parts = {key: self.params[key] for key in ("file", "line", "entry", "field") if self.params[key]}
        where = ", ".join(text(f"catalogue.where.{key}", lang, value=value) for key, value in parts.items())
        said = {key: _in_language(value, lang) for key, value in self.params.items()}
        return text(f"errors.{self.code}", lang, where=where, **said)


def _in_language(value: Any, lang: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(lang, value.get("en", ""))
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(str(_in_language(item, lang)) for item in value)
    return value


@dataclass(frozen=True)
class Source:
    """One TOML file, or one mapping handed over in Python."""

    name: str
    tables: Table
    text: str | None = None
    replaces: bool = False
    """Whether its entries take the place of earlier ones instead of completing them."""

    def line(self, path: Sequence[str]) -> int | None:
        """Line (from 1) that comes nearest to a path of keys; None where there is no text."""
        return None if self.text is None else line_of(self.text, path)


def read_source(path: str | Path) -> Source:
    """Read a catalogue TOML.

    Parameters
    ----------
    path : str or pathlib.Path
        The file, in UTF-8; a byte-order mark is allowed.

    Returns
    -------
    Source
        Its tables (dates turned into ISO text) and its text.

    Raises
    ------
    CatalogueError
        If the file is missing, not UTF-8, or not TOML; the line is named.
    """
    path = Path(path)
    try:
        raw = path.read_bytes()
    except OSError:
        raise CatalogueError("catalogue_file_missing", path=str(path)) from None
    try:
        content = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise EntryError("catalogue_file_encoding", file=path.name, line=line) from None
    try:
        tables = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(path.name, content, str(error)) from None
    return Source(path.name, _dates_as_text(tables), content)


def _syntax_error(file: str, content: str, reason: str) -> EntryError:
    place = _TOML_PLACE.search(reason)
    line = int(place[1]) if place and place[1] else content.rstrip().count("\n") + 1
    twice = reason.startswith(("Cannot overwrite", "Cannot declare", "Cannot mutate", "Duplicate inline"))
    code = "catalogue_toml_twice" if twice else "catalogue_toml_syntax"
    return EntryError(code, file=file, line=line, reason=_TOML_PLACE.sub("", reason))


def _dates_as_text(value: Any) -> Any:
    """TOML reads 2026-09-01 without quotes as a date; the catalogue keeps ISO text."""
    if isinstance(value, dict):
        return {key: _dates_as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_dates_as_text(item) for item in value]
    return value.isoformat() if isinstance(value, dt.date | dt.time) else value


def line_of(content: str, path: Sequence[str]) -> int | None:
    r"""Find the line of a TOML text that comes nearest to a path of keys.

    Parameters
    ----------
    content : str
        A text that ``tomllib`` accepts.
    path : sequence of str
        Keys from the outermost table inwards.

    Returns
    -------
    int or None
        The first line (from 1) that names the longest beginning of the path; None if no line names any of it.

    Examples
    --------
    >>> line_of("[factors.x]\nkind = 'count'\nname.lv = 'X'\n", ["factors", "x", "name", "lv"])
    3
    >>> line_of("[factors.x]\nkind = 'count'\n", ["factors", "x", "unit"])
    1
    """
    lines = key_lines(content)
    found = (lines[tuple(path[:end])] for end in range(len(path), 0, -1) if tuple(path[:end]) in lines)
    return next(found, None)
