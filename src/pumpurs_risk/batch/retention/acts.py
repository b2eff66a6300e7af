"""The record of acts: that somebody's data were erased or runs purged, and when; never whose."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Literal

import msgspec

from pumpurs_risk import __version__
from pumpurs_risk.errors import RunError

FILE_NAME = "erasures.json"
SCHEMA_VERSION = 1


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """One act."""

    act: Literal["erase", "purge"]
    at: str
    """Moment, ISO."""
    tool: str
    runs: int
    plans: int
    files_changed: int
    files_removed: int
    key_entry_removed: bool = False


class _Header(msgspec.Struct):
    schema_version: int = 1


class Acts(msgspec.Struct, frozen=True, kw_only=True):
    """``erasures.json`` beside the runs."""

    schema_version: int = SCHEMA_VERSION
    acts: tuple[Act, ...] = ()


def read_acts(folder: Path) -> Acts:
    """Read the acts of a folder; none if there is no record.

    Raises
    ------
    RunError
        If the record is damaged, or of a newer version: it is never begun anew over an old one.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return Acts()
    try:
        written = path.read_bytes()
        version = msgspec.json.decode(written, type=_Header).schema_version
        if version > SCHEMA_VERSION:
            raise RunError("acts_newer", path=str(path), found=version, known=SCHEMA_VERSION)
        return msgspec.json.decode(written, type=Acts)
    except (msgspec.MsgspecError, OSError) as error:
        raise RunError("acts_damaged", path=str(path), detail=str(error)) from None


def with_act(
    folder: Path,
    act: Literal["erase", "purge"],
    *,
    runs: int,
    plans: int,
    changed: int,
    removed: int,
    key: bool = False,
) -> bytes:
    """Give the record with one act more, as it shall lie in the folder."""
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    done = Act(
        act=act, at=now, tool=f"pumpurs-risk {__version__}", runs=runs, plans=plans, files_changed=changed,
        files_removed=removed, key_entry_removed=key,
    )  # fmt: skip
    acts = Acts(acts=(*read_acts(folder).acts, done))
    return msgspec.json.format(msgspec.json.encode(acts), indent=2) + b"\n"
