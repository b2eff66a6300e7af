"""model.json: the model as a file that people can read and compare, and that nobody can change unseen.

The file is JSON with a SHA-256 digest over its own bytes, the digest's characters counted as zeros. Nothing in it could be
executed. Reading checks, in this order: size, version, digest, types, consistency.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from pumpurs_risk.errors import ModelFileError
from pumpurs_risk.model.additive import AdditiveModel
from pumpurs_risk.resources import resource

SCHEMA_VERSION = 1
_LARGEST_FILE = 64_000_000
_DIGEST = re.compile(rb'"digest": "([0-9a-f]{64})"')
_ZEROS = b"0" * 64


class _Header(msgspec.Struct):
    schema_version: int


class _ModelFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands in model.json."""

    schema_version: int
    digest: str
    model: AdditiveModel


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
    data = msgspec.to_builtins(model)
    if _first_not_finite(data):
        raise ModelFileError("model_not_finite", where=_first_not_finite(data))
    _check_consistent(model)
    whole = {"schema_version": SCHEMA_VERSION, "digest": "0" * 64, "model": data}
    empty = (_write(whole) + "\n").encode()
    return empty.replace(_ZEROS, _sha256(empty).encode(), 1)


def digest_of(file_bytes: bytes) -> str:
    """Digest that a model file carries.

    Raises
    ------
    ModelFileError
        If it carries none.
    """
    found = _DIGEST.search(file_bytes)
    if found is None:
        raise ModelFileError("model_damaged", detail="no digest")
    return found[1].decode()


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
        or does not fit together.

    Examples
    --------
    >>> load_model("literature-prior").classes_.tolist()
    [0, 1]
    """
    path = _find(name_or_path)
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise ModelFileError("model_too_large", path=path.name, limit=_LARGEST_FILE // 1_000_000)
        written = path.read_bytes()
    except OSError as error:
        raise ModelFileError("model_unreadable", path=str(path), detail=error.strerror or "") from None
    return read_model(written)


def read_model(written: bytes) -> AdditiveModel:
    """Read a model from the bytes of its file; see `load_model`."""
    if len(written) > _LARGEST_FILE:
        raise ModelFileError("model_too_large", path="model.json", limit=_LARGEST_FILE // 1_000_000)
    try:
        version = msgspec.json.decode(written, type=_Header).schema_version
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise ModelFileError("model_damaged", detail=_short(error)) from None
    if version > SCHEMA_VERSION:
        raise ModelFileError("model_newer", found=version, known=SCHEMA_VERSION)
    stated = digest_of(written)
    if _sha256(_DIGEST.sub(b'"digest": "' + _ZEROS + b'"', written, count=1)) != stated:
        raise ModelFileError("model_altered")
    try:
        model = msgspec.json.decode(written, type=_ModelFile).model
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise ModelFileError("model_damaged", detail=_short(error)) from None
    _check_consistent(model)
    return model


def model_schema() -> dict[str, Any]:
    """JSON Schema of model.json, as ``data_schema/model.json`` holds it."""
    return msgspec.json.schema(_ModelFile)


def _find(name_or_path: str | Path) -> Path:
    path = Path(name_or_path)
    try:
        if path.is_dir():
            path = path / "model.json"
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


def _check_consistent(model: AdditiveModel) -> None:
    def refuse(detail: str) -> None:
        raise ModelFileError("model_inconsistent", detail=detail)

    if model.features != tuple(shape.factor for shape in model.shapes):
        refuse("its list of features and its shapes differ")
    if not model.features or len(set(model.features)) != len(model.features):
        refuse("its features must be different names, at least one")
    if not 0 < model.national_mean < 1 or model.base_variance < 0:
        refuse("its national mean must be a share and its base variance not negative")
    for shape in model.shapes:
        problem = shape.problem()
        if problem:
            refuse(f"{shape.factor}: {problem}")
    if model.rate_range and model.rate_range.factor not in model.features:
        refuse("its rate range speaks of a factor that it does not have")
    _check_covariance(model, refuse)


def _check_covariance(model: AdditiveModel, refuse: Any) -> None:
    bounds = {0, *np.cumsum([shape.n_coefficients for shape in model.shapes]).tolist()}
    end = 0
    for block in model.covariance:
        size = len(block.matrix)
        whole = {block.start, block.start + size} <= bounds  # of whole factors
        if block.start < end or not whole or not size or any(len(row) != size for row in block.matrix):
            refuse("a covariance block does not lie on the coefficients of whole factors")
        end = block.start + size
        matrix = np.asarray(block.matrix, float).reshape(size, size)
        scale = float(np.abs(matrix).max(initial=0.0))
        if not np.allclose(matrix, matrix.T, rtol=0, atol=1e-9 * scale):
            refuse("a covariance block is not symmetric")
        if float(np.linalg.eigvalsh(matrix)[0]) < -1e-9 * scale:
            refuse("a covariance block is not positive")


def _first_not_finite(data: Any, where: str = "model") -> str:
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
