"""Sealed JSON: a file that people can read and compare, and that nobody can change unseen.

The file carries a SHA-256 digest over its own bytes, the digest's characters counted as zeros. Nothing in it could be
executed. Reading checks, in this order: size, version, digest, types; whether it fits together is its kind's own matter.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np

from pumpurs_risk.errors import ModelFileError

_DIGEST = re.compile(rb'"digest": "([0-9a-f]{64})"')
_ZEROS = b"0" * 64
_File = TypeVar("_File")


class _Header(msgspec.Struct):
    schema_version: int


@dataclass(frozen=True)
class Seal:
    """A kind of sealed file.

    Parameters
    ----------
    kind : str
        What the file holds, as its only key beside version and digest; begins its error codes (``model_altered``).
    version : int
        Of its schema, the newest that can be read.
    largest : int
        Bytes; no file of this kind is larger.
    """

    kind: str
    version: int
    largest: int

    def write(self, content: Any) -> bytes:
        """Give the file's bytes: the same for the same content.

        Parameters
        ----------
        content : msgspec.Struct
            What the file holds.

        Returns
        -------
        bytes

        Raises
        ------
        ModelFileError
            If a number is not finite: such a file could not be read again.
        """
        data = msgspec.to_builtins(content)
        where = _first_not_finite(data, self.kind)
        if where:
            raise self.error("not_finite", where=where)
        whole = {"schema_version": self.version, "digest": "0" * 64, self.kind: data}
        empty = (_write(whole) + "\n").encode()
        return empty.replace(_ZEROS, _sha256(empty).encode(), 1)

    def read_path(self, path: Path) -> bytes:
        """Read a file's bytes, unless they are too many.

        Raises
        ------
        ModelFileError
            If the file is too large or cannot be read.
        """
        try:
            if path.stat().st_size > self.largest:
                raise self.error("too_large", path=path.name, limit=self.largest // 1_000_000)
            return path.read_bytes()
        except OSError as error:
            raise self.error("unreadable", path=str(path), detail=error.strerror or "") from None

    def open(self, written: bytes, file_type: type[_File]) -> _File:
        """Check the bytes of a file and give what stands in it.

        Parameters
        ----------
        written : bytes
            The whole file.
        file_type : type
            A msgspec struct of ``schema_version``, ``digest`` and what the kind names.

        Returns
        -------
        object of type `file_type`

        Raises
        ------
        ModelFileError
            If it is too large, of a newer version, altered, or no such file.
        """
        if len(written) > self.largest:
            raise self.error("too_large", path=f"{self.kind}.json", limit=self.largest // 1_000_000)
        try:
            version = msgspec.json.decode(written, type=_Header).schema_version
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            raise self.error("damaged", detail=_short(error)) from None
        if version > self.version:
            raise self.error("newer", found=version, known=self.version)
        stated = self.digest(written)
        if _sha256(_DIGEST.sub(b'"digest": "' + _ZEROS + b'"', written, count=1)) != stated:
            raise self.error("altered")
        try:
            return msgspec.json.decode(written, type=file_type)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            raise self.error("damaged", detail=_short(error)) from None

    def digest(self, written: bytes) -> str:
        """Digest that a file carries, 64 hexadecimal characters.

        Raises
        ------
        ModelFileError
            If it carries none.
        """
        found = _DIGEST.search(written)
        if found is None:
            raise self.error("damaged", detail="no digest")
        return found[1].decode()

    def error(self, what: str, **params: Any) -> ModelFileError:
        """Make the error of this kind of file."""
        return ModelFileError(f"{self.kind}_{what}", **params)


def _first_not_finite(data: Any, where: str) -> str:
    if isinstance(data, float):
        return "" if np.isfinite(data) else where
    if isinstance(data, dict):
        parts = [(f"{where}.{key}", value) for key, value in data.items()]
    elif isinstance(data, list | tuple):
        parts = [(f"{where}[{i}]", value) for i, value in enumerate(data)]
    else:
        return ""
    return next((found for place, value in parts if (found := _first_not_finite(value, place))), "")


def _write(data: Any, indent: int = 0) -> str:
    """JSON with one line per row of numbers, so that people can read and compare it."""
    pad = "  " * (indent + 1)
    if isinstance(data, dict) and data:
        inside = ",\n".join(
            f"{pad}{json.dumps(key, ensure_ascii=False)}: {_write(v, indent + 1)}" for key, v in data.items()
        )
        return "{\n" + inside + "\n" + "  " * indent + "}"
    if isinstance(data, list | tuple) and any(isinstance(v, dict | list | tuple) for v in data):
        return "[\n" + ",\n".join(pad + _write(v, indent + 1) for v in data) + "\n" + "  " * indent + "]"
    return json.dumps(data, ensure_ascii=False, allow_nan=False)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
