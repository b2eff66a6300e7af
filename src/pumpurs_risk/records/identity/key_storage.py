"""Stores the key and the names: one JSON file, written whole or not at all, for its owner's eyes only."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import msgspec

from pumpurs_risk.errors import RecordsError

SECRET_BYTES = 32
_SCHEMA_VERSION = 1


class KeyedName(msgspec.Struct, frozen=True):
    """One pupil in the key file.

    Parameters
    ----------
    pupil_id : str
        The id that all outputs bear.
    school_id : str
        The pupil's school.
    name : str
        As the school wrote it.
    birth : str
        Date (2010-05-03) or year of birth, as far as it was told; it tells namesakes apart.
    own_id : str
        The id that the school itself uses, if it has one that is no personal code.
    """

    pupil_id: str
    school_id: str
    name: str
    birth: str = ""
    own_id: str = ""


class StoredKey(msgspec.Struct, forbid_unknown_fields=True):
    """What the file holds: the secret in hexadecimal digits, and the names."""

    schema_version: int
    secret: str
    names: list[KeyedName] = []


class _Version(msgspec.Struct):
    schema_version: int


def read_key(path: Path) -> StoredKey:
    """Read a key file.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    StoredKey
        Checked.

    Raises
    ------
    RecordsError
        If it is missing, closed to us, damaged, or of a newer version.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise RecordsError("key_missing", path=str(path)) from None
    except OSError:
        raise RecordsError("file_closed", file=str(path)) from None
    try:
        version = msgspec.json.decode(content, type=_Version).schema_version
        if version > _SCHEMA_VERSION:
            raise RecordsError("key_newer", path=str(path), version=version)
        stored = msgspec.json.decode(content, type=StoredKey)
        whole = len(bytes.fromhex(stored.secret)) == SECRET_BYTES
    except (msgspec.DecodeError, ValueError):
        whole = False
    if not whole:
        raise RecordsError("key_damaged", path=str(path))
    return stored


def write_key(path: Path, secret: bytes, names: Iterable[KeyedName]) -> None:
    """Write a key file in place of what lies there, readable by its owner only.

    Parameters
    ----------
    path : pathlib.Path
        Where.
    secret : bytes
        The key.
    names : iterable of KeyedName
        The names, in the order in which they are to stand.

    Raises
    ------
    RecordsError
        If the place cannot be written.
    """
    content = msgspec.json.encode(StoredKey(_SCHEMA_VERSION, secret.hex(), list(names)))
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=".", suffix=".key.json", dir=path.parent)  # mode 0600
        with os.fdopen(handle, "wb") as stream:
            stream.write(msgspec.json.format(content, indent=1))
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except OSError:
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
        raise RecordsError("key_not_written", path=str(path)) from None


def refuse_run(path: Path) -> None:
    """Refuse a place inside a folder of results: those are handed on, a key never is.

    Parameters
    ----------
    path : pathlib.Path
        Where a key file lies or shall lie.

    Raises
    ------
    RecordsError
        If a folder above is a run, finished or not.
    """
    for folder in path.resolve().parents:
        if folder.name.endswith(".partial") or (folder / "run.json").exists():
            raise RecordsError("key_in_run", path=str(path))
