"""``pumpurs.toml``: what a place states once, so that nobody has to type it every semester."""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from pumpurs_risk.catalogue.toml_lines import key_lines
from pumpurs_risk.errors import RunError

FILE_NAME = "pumpurs.toml"


class SchoolSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is stated of one school; the table's name is the school's id."""

    title: str = ""
    folder: str = ""
    """Sub-folder or file in which its sheets are handed in; its id if empty."""
    programme: Literal["", "general", "evening", "vocational"] = ""
    places: Annotated[int, msgspec.Meta(ge=0)] | None = None
    semester: str = ""
    mapping: str = ""
    lessons_held: float | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file. Everything may be left out; what stands here is overruled by options of the command line."""

    as_of: dt.date | None = None
    semester: str = ""
    lang: Literal["", "lv", "en"] = ""
    municipality: str = ""
    purpose: str = ""
    programme: str = ""
    """Programme profile, such as ``pumpurs`` or ``skola-kopiena``."""
    catalogue: tuple[str, ...] = ()
    """Files of own factors, relative to this file."""
    mapping: str = ""
    model: str = ""
    key: str = ""
    id_scope: Literal["", "school", "municipality"] = ""
    encoding: str = ""
    threshold: float | None = None
    places: Annotated[int, msgspec.Meta(ge=0)] | None = None
    cut_by: Literal["", "places", "probability", "both"] = ""
    prevalence: float | None = None
    keep_until: dt.date | None = None
    lower_grades: bool = False
    """Whether grades 1-4, which are looked at on request only, are in scope."""
    schools: dict[str, SchoolSettings] = {}


@dataclass(frozen=True, slots=True)
class FoundSettings:
    """Settings and the folder that their relative paths start from."""

    settings: Settings = field(default_factory=Settings)
    folder: Path | None = None

    def path(self, written: str) -> Path:
        """Give a path that stands in the file."""
        return (self.folder or Path()) / written

    def path_or_name(self, written: str) -> Path | str:
        """Give a path that stands in the file, or what was written if nothing lies there: the name of a shipped one."""
        path = self.path(written)
        return path if path.exists() else written


def find_settings(data: Path) -> FoundSettings:
    """Look for ``pumpurs.toml`` in the data's folder and upwards.

    Parameters
    ----------
    data : Path
        The file or folder that is read.

    Returns
    -------
    FoundSettings
        Empty settings if there is no such file.

    Raises
    ------
    RunError
        If the file cannot be read; names its line.
    """
    start = data.resolve()
    for folder in [start, *start.parents] if start.is_dir() else start.parents:
        path = folder / FILE_NAME
        if path.is_file():
            return FoundSettings(read_settings(path), folder)
    return FoundSettings()


def read_settings(path: Path) -> Settings:
    """Read one ``pumpurs.toml``; see `find_settings`."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise RunError("settings_syntax", path=path.name, detail=str(error)) from None
    settings: Settings = _checked(data, Settings, (), text, path)
    for key in ("threshold", "prevalence"):
        share = getattr(settings, key)
        if share is not None and not 0 < share < 1:
            line = key_lines(text)[(key,)]
            raise RunError("settings_value", path=path.name, line=line, detail=f"{key} = {share:g}: 0 < {key} < 1")
    return settings


def _checked(data: Any, kind: Any, at: tuple[str, ...], text: str, path: Path) -> Any:
    """Convert a table; an error names the line of its key."""
    if kind is Settings and isinstance(data.get("schools"), dict):
        for name, school in data["schools"].items():  # one by one, because an error does not say which school
            _checked(school, SchoolSettings, ("schools", name), text, path)
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        said, _, where = str(error).partition(" - at `")
        keys = (*at, *(key for key in where.rstrip("`").removeprefix("$").split(".") if key))
        if "unknown field" in said:
            keys = (*at, said.split("`")[1])
        line = key_lines(text).get(keys, key_lines(text).get(at, 1))
        named = ".".join(keys)
        raise RunError(
            "settings_value", path=path.name, line=line, detail=f"{named}: {said}" if named else said
        ) from None
