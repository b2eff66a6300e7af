"""Says what a file holds by its first bytes, because endings lie."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from zipfile import BadZipFile, ZipFile

from pumpurs_risk.errors import RecordsError

Kind = Literal["text", "workbook", "parquet"]

KIND_OF_ENDING: dict[str, Kind] = {
    ".csv": "text", ".txt": "text", ".tsv": "text",
    ".xlsx": "workbook", ".xlsm": "workbook", ".xls": "workbook", ".ods": "workbook",
    ".parquet": "parquet",
}  # fmt: skip

UNPACKED_LIMIT_BYTES = 300_000_000
_BOMB_FROM_BYTES, _BOMB_RATIO = 50_000_000, 250  # a real sheet shrinks 5 to 30 times; DEFLATE ends at 1032
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_FOREIGN = (
    b"%PDF",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"{\\rtf",
    b"\x1f\x8b",
    b"7z\xbc\xaf",
    b"Rar!",
    b"MZ",
    b"SQLite format",
)
_WEB_PAGE = re.compile(
    rb"^(\xef\xbb\xbf)?\s*(<(!doctype|html|head|body|table|meta|\?xml|style)|MIME-Version:)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class FileKind:
    """What a file holds, and whether it carries macros (which nobody runs)."""

    kind: Kind
    macros: bool = False


def kind_of(path: Path, file: str) -> FileKind:
    """Look into a file and say how it must be read.

    Parameters
    ----------
    path : pathlib.Path
        An existing file.
    file : str
        Its name as the owner knows it, for the errors.

    Returns
    -------
    FileKind
        By content, whatever the ending says.

    Raises
    ------
    RecordsError
        If the file is empty, protected with a password, damaged, a bomb, a web page, or nothing that holds a table.
    """
    with path.open("rb") as handle:
        head = handle.read(1024)
    if not head.strip():
        raise RecordsError("file_empty", file=file)
    if head.startswith(b"PAR1"):
        return FileKind("parquet")
    if head.startswith(b"PK"):
        return _kind_of_zip(path, file)
    if head.startswith(_OLE):
        return _kind_of_ole(path, file)
    if _WEB_PAGE.match(head):
        raise RecordsError("file_is_web_page", file=file)
    if head.startswith(_FOREIGN):
        raise RecordsError("file_not_a_table", file=file)
    if KIND_OF_ENDING.get(path.suffix.lower()) == "parquet":
        raise RecordsError("parquet_damaged", file=file)
    return FileKind("text")


def _kind_of_zip(path: Path, file: str) -> FileKind:
    try:
        with ZipFile(path) as archive:
            entries = {entry.filename: entry for entry in archive.infolist()}
            unpacked = sum(entry.file_size for entry in entries.values())
            packed = sum(entry.compress_size for entry in entries.values())
            if unpacked > UNPACKED_LIMIT_BYTES or unpacked > max(_BOMB_FROM_BYTES, _BOMB_RATIO * packed):
                raise RecordsError("workbook_too_large", file=file, megabytes=unpacked // 1_000_000)
            if any(entry.flag_bits & 1 for entry in entries.values()):
                raise RecordsError("workbook_password", file=file)
            if any(name.startswith("xl/") for name in entries):
                return FileKind("workbook", macros="xl/vbaProject.bin" in entries)
            if "content.xml" in entries or "mimetype" in entries:
                return _kind_of_open_document(archive, entries, file)
    except (BadZipFile, OSError, EOFError, NotImplementedError, ValueError):
        raise RecordsError("workbook_damaged", file=file) from None
    raise RecordsError("file_not_a_table", file=file)


def _kind_of_open_document(archive: ZipFile, entries: Mapping[str, object], file: str) -> FileKind:
    if "META-INF/manifest.xml" in entries and b"encryption-data" in archive.read("META-INF/manifest.xml"):
        raise RecordsError("workbook_password", file=file)
    if "mimetype" in entries and b"spreadsheet" not in archive.read("mimetype"):
        raise RecordsError("file_not_a_table", file=file)
    return FileKind("workbook")


def _kind_of_ole(path: Path, file: str) -> FileKind:
    """Judge a container of old Office by the names in its directory: .xls, a protected .xlsx, or something else."""
    content = path.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise RecordsError("workbook_password", file=file)
    if not any(f"{name}\0".encode("utf-16-le") in content for name in ("Workbook", "WORKBOOK", "Book", "BOOK")):
        raise RecordsError("file_not_a_table", file=file)
    return FileKind("workbook", macros="_VBA_PROJECT_CUR".encode("utf-16-le") in content)
