"""Turns raw tables into typed entries, and what ``msgspec`` refuses into a sentence that names file, line and field."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from pumpurs_risk.catalogue.sources import EntryError

Entry = TypeVar("Entry", bound=msgspec.Struct)
Fail = Callable[..., EntryError]
"""``fail(code, field_path, **params)`` makes the error for one entry."""
_MESSAGE = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<path>.*)`)?$", re.DOTALL)
_STEP = re.compile(r"\[\.\.\.\]|\[(\d+)\]|([^.\[]+)")
_LIMIT = re.compile(r"(>=|<=|>|<) ([-\d.]+)")


@cache
def _type_info(kind: type) -> Any:
    return inspect.type_info(kind)


def to_entry(raw: Mapping[str, Any], kind: type[Entry], fail: Fail) -> Entry:
    """Convert one raw entry.

    Parameters
    ----------
    raw : mapping
        The entry as TOML has it.
    kind : type
        The entry's type, from `pumpurs_risk.catalogue.entries`.
    fail : callable
        Makes the error: ``fail(code, path, **params)`` with the path of keys inside the entry.

    Returns
    -------
    Entry
        The entry; fields that may be None and are not given are None (TOML has no null).

    Raises
    ------
    EntryError
        Naming the field and what was expected of it.
    """
    info = _type_info(kind)
    if not isinstance(raw, Mapping):
        raise fail("catalogue_field_type", [], expected=_words(info), got=_shown(raw))
    _refuse_endless_numbers(raw, [], fail)
    filled = _with_nulls(raw, info)
    try:
        return msgspec.convert(filled, kind)
    except msgspec.ValidationError as error:
        raise _explain(error, filled, kind, fail) from None


def _refuse_endless_numbers(value: Any, path: list[str], fail: Fail) -> None:
    if isinstance(value, Mapping):
        for key, item in value.items():
            _refuse_endless_numbers(item, [*path, key], fail)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_endless_numbers(item, path, fail)
    elif isinstance(value, float) and not math.isfinite(value):
        raise fail("catalogue_field_type", path, expected=_type_words("number"), got=_shown(value))


def _with_nulls(raw: Any, info: Any) -> Any:
    if isinstance(info, inspect.UnionType):
        info = next((one for one in info.types if isinstance(one, inspect.StructType)), info)
    if not isinstance(info, inspect.StructType) or not isinstance(raw, Mapping):
        return raw
    filled = dict(raw)
    for field in info.fields:
        name = field.encode_name
        if name in filled:
            filled[name] = _with_nulls(filled[name], field.type)
        elif field.required and isinstance(field.type, inspect.UnionType) and field.type.includes_none:
            filled[name] = None
    return filled


def _explain(error: msgspec.ValidationError, raw: Any, kind: type, fail: Fail) -> EntryError:
    """Turn msgspec's message into one of ours."""
    match = _MESSAGE.match(str(error))
    what, place = (match["what"], match["path"] or "") if match else (str(error), "")
    path, info, value = _follow(str(error), place, raw, kind)
    if missing := re.search(r"missing required field `(.+)`", what):
        field = next((one for one in getattr(info, "fields", ()) if one.encode_name == missing[1]), None)
        expected = _words(field.type) if field else _type_words("text")
        return fail("catalogue_field_missing", path, missing=missing[1], expected=expected)
    if unknown := re.search(r"unknown field `(.+)`", what):
        known = [field.encode_name for field in getattr(info, "fields", ()) if field.encode_name != "id"]
        return fail(
            "catalogue_field_unknown", [*path, unknown[1]], unknown=unknown[1], known=nearest(unknown[1], known)
        )
    if limit := _LIMIT.search(what):
        return fail("catalogue_field_limit", path, limit=f"{limit[1]} {float(limit[2]):g}", got=_shown(value))
    choice = info.type if isinstance(info, inspect.Metadata) else info
    if isinstance(choice, inspect.LiteralType):
        choices = [str(one) for one in sorted(choice.values, key=str)]
        return fail("catalogue_field_choice", path, known=choices, got=_shown(value))
    if length := re.search(r"of length (\d+), got (\d+)", what):
        return fail("catalogue_field_length", path, expected=length[1], got=length[2])
    return fail("catalogue_field_type", path, expected=_words(info), got=_shown(value))


def _follow(message: str, place: str, raw: Any, kind: type) -> tuple[list[str], Any, Any]:
    """Walk from the entry to the field the message names: its path of keys, its type and its value."""
    path: list[str] = []
    info, value = _type_info(kind), raw
    for step in _STEP.finditer(place):
        info = _branch(info, value)
        if step[0] == "[...]":
            info = getattr(info, "value_type", info)
            if not isinstance(value, Mapping) or not value:
                break
            key = _culprit(message, path, value, raw, kind)
            path.append(key)
            value = value[key]
        elif step[1] is not None:
            index = int(step[1])
            items = getattr(info, "item_types", None)
            info = items[index] if items else getattr(info, "item_type", info)
            value = value[index]
        else:
            info = next((field.type for field in getattr(info, "fields", ()) if field.encode_name == step[2]), info)
            path.append(step[2])
            value = value.get(step[2]) if isinstance(value, Mapping) else None
    branch = _branch(info, value)
    return path, branch if isinstance(branch, inspect.StructType) else info, value


def _branch(info: Any, value: Any) -> Any:
    """Choose the member of a union that a value seems meant for."""
    if not isinstance(info, inspect.UnionType):
        return info
    if isinstance(value, Mapping):
        wanted: tuple[type, ...] = (inspect.StructType, inspect.DictType)
    elif isinstance(value, list | tuple):
        wanted = (inspect.VarTupleType, inspect.TupleType, inspect.ListType)
    else:
        return info
    return next((one for one in info.types if isinstance(one, wanted)), info)


def _culprit(message: str, path: list[str], value: Mapping[str, Any], raw: Any, kind: type) -> str:
    """Find the free key that msgspec writes as ``[...]`` by leaving the others out."""
    keys = list(value)
    for key in keys:
        try:
            msgspec.convert(_replaced(raw, path, {key: value[key]}), kind)
        except msgspec.ValidationError as error:
            if str(error) == message:
                return key
    return keys[0]


def _replaced(raw: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    return {**raw, path[0]: _replaced(raw[path[0]], path[1:], value)}


def nearest(word: str, known: list[str]) -> list[str]:
    """Up to three known words that look like this one; if none does, the first twelve."""
    from difflib import get_close_matches

    return get_close_matches(word, known, n=3, cutoff=0.6) or [*known[:12], *(["..."] if len(known) > 12 else [])]


def _shown(value: Any) -> str:
    shown = "true" if value is True else "false" if value is False else str(value)
    shown = f'"{shown}"' if isinstance(value, str) else shown
    return shown if len(shown) <= 40 else shown[:39] + "…"


def _type_words(key: str) -> dict[str, str]:
    from pumpurs_risk.locale import LANGUAGES, text

    return {lang: text(f"catalogue.types.{key}", lang) for lang in LANGUAGES}


def _words(info: Any) -> Any:
    """Say what a type is called in a sentence."""
    if isinstance(info, inspect.Metadata):
        info = info.type
    if isinstance(info, inspect.UnionType):
        members = [one for one in info.types if not isinstance(one, inspect.NoneType)]
        info = members[0]
    names = {
        inspect.FloatType: "number",
        inspect.IntType: "whole_number",
        inspect.StrType: "text",
        inspect.LiteralType: "text",
        inspect.BoolType: "yes_no",
        inspect.DictType: "texts",
        inspect.StructType: "table",
    }
    return _type_words(next((name for kind, name in names.items() if isinstance(info, kind)), "list"))
