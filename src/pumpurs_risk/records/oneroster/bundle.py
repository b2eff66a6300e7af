"""Opens a OneRoster CSV bundle: a folder or ZIP with manifest.csv and one file per kind of record.

Nothing is ever unpacked onto the disk: a ZIP's files are read where they are, by the names that the standard gives them.

References
----------
1EdTech OneRoster 1.1 CSV Tables and OneRoster 1.2 CSV Binding (imsglobal.org/spec/oneroster).
"""

from __future__ import annotations

import hashlib
import os
import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile, ZipFile, ZipInfo

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.records.raw_table import Notice, readable

if TYPE_CHECKING:
    import pandas as pd

MANIFEST = "manifest"
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "academicSessions": ("sourcedId", "title", "type", "startDate", "endDate"),
    "categories": ("sourcedId", "title"),
    "classes": ("sourcedId", "title", "courseSourcedId", "schoolSourcedId"),
    "courses": ("sourcedId", "title"),
    "demographics": ("sourcedId",),
    "enrollments": ("classSourcedId", "userSourcedId", "role"),
    "lineItems": ("sourcedId", "title", "classSourcedId"),
    "orgs": ("sourcedId", "name", "type"),
    "results": ("lineItemSourcedId", "studentSourcedId"),
    "roles": ("userSourcedId", "role", "orgSourcedId"),
    "users": ("sourcedId", "givenName", "familyName"),
}
"""The files that are read, with the columns without which each cannot be."""
NEEDED = ("orgs", "users", "academicSessions")
LARGEST_BYTES = 1_000_000_000
_BOMB_FROM_BYTES, _BOMB_RATIO = 50_000_000, 250
_FAULTS = (BadZipFile, EOFError, NotImplementedError, ValueError, OSError, zlib.error)  # of a damaged ZIP or file
_BY_LOWER = {f"{name}.csv".lower(): name for name in (*COLUMNS, MANIFEST)}
_VERSION = re.compile(r"^\d[\d.]*$")


@dataclass(frozen=True)
class Bundle:
    """A bundle, read as text.

    Parameters
    ----------
    file : str
        Name of the folder or ZIP.
    version : str
        Of the standard, as the manifest says: ``"1.1"``, ``"1.2"``.
    tables : mapping of str to pandas.DataFrame
        By file of the standard, such as ``"users"``: text columns by the standard's names, "" where empty, and ``row``, the row
        number that a person sees. Records to be deleted are left out. A file that is not there has no entry.
    notices : tuple of Notice
        What to mention.
    sha256 : mapping of str to str
        Digest of each file's bytes.
    """

    file: str
    version: str
    tables: Mapping[str, pd.DataFrame]
    notices: tuple[Notice, ...] = ()
    sha256: Mapping[str, str] = field(default_factory=dict)


def is_oneroster(path: str | os.PathLike[str]) -> bool:
    r"""Whether a path is a OneRoster CSV bundle.

    Parameters
    ----------
    path : path
        A folder or a ZIP file; anything else is none.

    Returns
    -------
    bool
        Whether a manifest.csv that speaks of OneRoster is in it. Never raises: a damaged one is named when it is read.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> is_oneroster(folder)
    False
    >>> _ = (folder / "manifest.csv").write_text("propertyName,value\noneroster.version,1.1\n")
    >>> is_oneroster(folder)
    True
    """
    with suppress(*_FAULTS, RecordsError, RuntimeError), _Source.open(Path(path)) as source:
        content = source.read(MANIFEST, most=1 << 16)
        return content is not None and b"oneroster.version" in content.lower()
    return False


def open_bundle(path: str | os.PathLike[str]) -> Bundle:
    """Read the files of a bundle.

    Parameters
    ----------
    path : path
        A folder or a ZIP file.

    Returns
    -------
    Bundle
        With what its manifest says is there.

    Raises
    ------
    RecordsError
        If it is damaged, too large, protected, lacks a file or a column, or if its ZIP holds paths that lead out of it.
    """
    path = Path(path)
    name = readable(path.name)
    try:
        with _Source.open(path) as source:
            return _read(source, name)
    except _FAULTS as error:
        raise RecordsError("oneroster_damaged", file=name, detail=type(error).__name__) from None


def _read(source: _Source, name: str) -> Bundle:
    notices: list[Notice] = []
    told = _manifest(source, name)
    tables: dict[str, pd.DataFrame] = {}
    digests: dict[str, str] = {}
    for kind, needed in COLUMNS.items():
        mode = told.get(f"file.{kind}".lower(), "")
        if mode == "absent":
            continue
        content = source.read(kind)
        if content is None:
            if mode in ("bulk", "delta") or kind in NEEDED:
                raise RecordsError("oneroster_file_missing", file=name, missing=f"{kind}.csv")
            continue
        if mode == "delta":
            notices.append(Notice("oneroster.delta", value=f"{kind}.csv"))
        digests[kind] = hashlib.sha256(content).hexdigest()
        tables[kind] = _table(content, f"{name}/{kind}.csv", needed, notices)
    version = told.get("oneroster.version", "")
    return Bundle(name, version if _VERSION.match(version) else "", tables, tuple(notices), digests)


def _manifest(source: _Source, name: str) -> dict[str, str]:
    """What the manifest says, names in lower case."""
    content = source.read(MANIFEST)
    if content is None:
        raise RecordsError("oneroster_file_missing", file=name, missing="manifest.csv")
    table = _table(content, f"{name}/manifest.csv", ("propertyName", "value"), [])
    said = zip(table["propertyName"], table["value"], strict=True)
    return {key.strip().lower(): value.strip().lower() for key, value in said}


def _table(content: bytes, file: str, needed: tuple[str, ...], notices: list[Notice]) -> pd.DataFrame:
    """One file as text columns by the standard's names, without the records to be deleted."""
    import pandas as pd
    import pyarrow.compute as pc

    from pumpurs_risk.records.cell_texts import cell_texts
    from pumpurs_risk.records.reading.csv_reading import read_csv

    grid = read_csv(content, file)
    known = {each.lower(): each for each in _STANDARD}
    columns: dict[str, Any] = {}
    for heading, cells in zip(grid.headings, grid.columns, strict=True):
        name = known.get(heading.strip("\ufeff \t").lower())
        if name is not None and name not in columns:  # addresses, phones and passwords are not even looked at
            trimmed: Any = pc.utf8_trim_whitespace(cell_texts(cells).fill_null(""))
            columns[name] = trimmed.to_numpy(zero_copy_only=False)
    missing = [each for each in needed if each not in columns]
    if missing:
        raise RecordsError("oneroster_column_missing", file=file, columns=", ".join(missing))
    table = pd.DataFrame(columns, dtype=object)
    table["row"] = grid.rows
    misfits = sum(each.code == "row_rejected_cells" for each in grid.notices)
    if misfits:
        notices.append(Notice("oneroster.misfits", value=str(misfits), detail=PurePosixPath(file).name))
    table = table[(table[list(needed)] != "").any(axis=1)]
    if "status" in table:
        deleted = table["status"].str.lower() == "tobedeleted"
        if deleted.any():
            notices.append(Notice("oneroster.deleted", value=str(int(deleted.sum())), detail=PurePosixPath(file).name))
        table = table[~deleted]
    return table.reset_index(drop=True)


_STANDARD = (
    "propertyName", "value",
    "sourcedId", "status", "dateLastModified", "title", "name", "type", "identifier", "parentSourcedId", "startDate", "endDate",
    "schoolYear", "courseCode", "grades", "orgSourcedId", "subjects", "courseSourcedId", "classCode", "classType",
    "schoolSourcedId", "termSourcedIds", "role", "roleType", "orgSourcedIds", "primaryOrgSourcedId", "givenName", "familyName",
    "middleName", "classSourcedId", "userSourcedId", "beginDate", "birthDate", "sex", "categorySourcedId",
    "gradingPeriodSourcedId", "academicSessionSourcedId", "assignDate", "dueDate", "resultValueMin", "resultValueMax",
    "lineItemSourcedId", "studentSourcedId", "scoreStatus", "score", "textScore", "scoreDate",
)  # fmt: skip
"""The columns that are used, as both versions of the standard spell them."""


class _Source:
    """Where the files are: a folder or an open ZIP. Names are compared without regard to case."""

    def __init__(self, folder: Path | None, archive: ZipFile | None, name: str) -> None:
        self.archive = archive
        self.found: dict[str, Path | ZipInfo] = {}
        if folder is not None:
            for entry in sorted(folder.iterdir()):
                if entry.name.lower() in _BY_LOWER and entry.is_file():
                    self.found.setdefault(_BY_LOWER[entry.name.lower()], entry)
        if archive is not None:
            self._search(archive, name)

    @classmethod
    def open(cls, path: Path) -> _Source:
        """Open a folder or ZIP; to be used in a ``with``."""
        if path.is_dir():
            return cls(path, None, readable(path.name))
        if not path.is_file():
            raise RecordsError("folder_missing", path=readable(str(path)))
        return cls(None, ZipFile(path), readable(path.name))

    def _search(self, archive: ZipFile, name: str) -> None:
        """Take the standard's files, from the top or from the one folder that they are in."""
        wanted: dict[str, ZipInfo] = {}
        folders = set()
        for entry in _members(archive):
            where = PurePosixPath(entry.filename.replace("\\", "/"))
            if where.is_absolute() or ".." in where.parts or re.match(r"^[A-Za-z]:", entry.filename):
                raise RecordsError("oneroster_unsafe", file=name)
            kind = _BY_LOWER.get(where.name.lower())
            if kind is None or len(where.parts) > 2 or where.parts[0] == "__MACOSX":
                continue
            if kind in wanted:
                raise RecordsError("oneroster_damaged", file=name, detail=where.name)
            wanted[kind] = entry
            folders.add(where.parent)
        unpacked, packed = (
            sum(getattr(each, size) for each in wanted.values()) for size in ("file_size", "compress_size")
        )
        if unpacked > LARGEST_BYTES or unpacked > max(_BOMB_FROM_BYTES, _BOMB_RATIO * packed):
            raise RecordsError("oneroster_too_large", file=name, megabytes=unpacked // 1_000_000)
        if any(each.flag_bits & 1 for each in wanted.values()):
            raise RecordsError("oneroster_password", file=name)
        if len(folders) > 1:
            raise RecordsError("oneroster_damaged", file=name, detail=", ".join(sorted(map(str, folders))))
        self.found.update(wanted)

    def read(self, kind: str, most: int | None = None) -> bytes | None:
        """Bytes of a file, or its first ones; None if it is not there."""
        entry = self.found.get(kind)
        if entry is None:
            return None
        if isinstance(entry, Path):
            if most is None and entry.stat().st_size > LARGEST_BYTES:
                raise RecordsError("oneroster_too_large", file=entry.name, megabytes=entry.stat().st_size // 1_000_000)
            with entry.open("rb") as handle:
                return handle.read() if most is None else handle.read(most)
        if self.archive is None:
            return None
        with self.archive.open(entry) as packed:
            return packed.read() if most is None else packed.read(most)

    def __enter__(self) -> _Source:
        return self

    def __exit__(self, *_: object) -> None:
        if self.archive is not None:
            self.archive.close()


def _members(archive: ZipFile) -> Iterator[ZipInfo]:
    return (entry for entry in archive.infolist() if not entry.is_dir())
