"""model.json: the model as a file that people can read and compare, and that nobody can change unseen.

How the file is sealed stands in `pumpurs_risk.model.sealed`; here is what fits together in a model.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from pumpurs_risk.errors import ModelFileError
from pumpurs_risk.model.additive import AdditiveModel
from pumpurs_risk.model.consistency import inconsistency
from pumpurs_risk.model.sealed import Seal
from pumpurs_risk.resources import resource

SCHEMA_VERSION = 1
_SEAL = Seal(kind="model", version=SCHEMA_VERSION, largest=64_000_000)


class _ModelFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands in model.json."""

    schema_version: int
    digest: str
    model: AdditiveModel


class _Kinds(msgspec.Struct):
    """Which kind of sealed file it is."""

    model: msgspec.Raw = msgspec.Raw()
    summary: msgspec.Raw = msgspec.Raw()


def save_model(model: AdditiveModel, path: str | Path) -> str:
    """Write a model.

    Parameters
    ----------
    model : AdditiveModel
        What to write.
    path : str or Path
        The file; an existing one is replaced.

    Returns
    -------
    str
        The digest, 64 hexadecimal characters.

    Raises
    ------
    ModelFileError
        If the model holds a number that is not finite or is inconsistent: such a file could not be read again.
    """
    written = model_bytes(model)
    Path(path).write_bytes(written)
    return digest_of(written)


def model_bytes(model: AdditiveModel) -> bytes:
    """Give the bytes of ``model.json``: the same for the same model."""
    written = _SEAL.write(model)  # first: what is not finite cannot be checked further
    _refuse_inconsistent(model)
    return written


def digest_of(file_bytes: bytes) -> str:
    """Digest that a model file carries.

    Raises
    ------
    ModelFileError
        If it carries none.
    """
    return _SEAL.digest(file_bytes)


def load_model(name_or_path: str | Path) -> AdditiveModel:
    """Read a model, by the name of a shipped one or by path.

    Parameters
    ----------
    name_or_path : str or Path
        ``"literature-prior"``, or a ``model.json``, or a folder that holds one.

    Returns
    -------
    AdditiveModel

    Raises
    ------
    ModelFileError
        If there is no such file, or it is damaged, altered, too large, of a newer version, holds numbers that are not finite,
        does not fit together, or is a summary for pooling.

    Examples
    --------
    >>> load_model("literature-prior").classes_.tolist()
    [0, 1]
    """
    return read_model(_SEAL.read_path(_find(name_or_path)))


def read_model(written: bytes) -> AdditiveModel:
    """Read a model from the bytes of its file; see `load_model`."""
    _refuse_summary(written)
    model = _SEAL.open(written, _ModelFile).model
    _refuse_inconsistent(model)
    return model


def model_schema() -> dict[str, Any]:
    """JSON Schema of model.json, as ``data_schema/model.json`` holds it."""
    return msgspec.json.schema(_ModelFile)


def _find(name_or_path: str | Path) -> Path:
    path = Path(name_or_path)
    try:
        if path.is_dir():
            alone = (path / "summary.json").is_file() and not (path / "model.json").is_file()
            path = path / ("summary.json" if alone else "model.json")
        if path.is_file():
            return path
    except (OSError, ValueError):  # a name too long, or with a NUL
        raise ModelFileError("model_missing", path=str(name_or_path)[:200]) from None
    if isinstance(name_or_path, str) and re.fullmatch(r"[a-z0-9][a-z0-9-]*", name_or_path):
        try:
            return resource("models", name_or_path, "model.json")
        except FileNotFoundError:
            pass
    raise ModelFileError("model_missing", path=str(name_or_path)[:200])


def _refuse_summary(written: bytes) -> None:
    try:
        found = msgspec.json.decode(written, type=_Kinds)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return  # damaged, and said to be when it is opened
    if bytes(found.summary) and not bytes(found.model):
        raise ModelFileError("model_is_summary")


def _refuse_inconsistent(model: AdditiveModel) -> None:
    problem = inconsistency(model)
    if problem:
        raise ModelFileError("model_inconsistent", detail=problem)
