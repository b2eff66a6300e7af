"""One run is one folder: it never exists before, is made beside itself, and appears whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pumpurs_risk.errors import RunError

PARTIAL = ".partial"
_LOCK = ".lock"
_NO_SPACE = {28, 122}  # ENOSPC, EDQUOT: the same numbers wherever they exist
_READ_ONLY = {1, 13, 30}  # EPERM, EACCES, EROFS


def free_name(wanted: Path) -> Path:
    """Give `wanted`, or with _2, _3 ... behind it the first that is neither there nor being made."""
    candidate, n = wanted, 1
    while candidate.exists() or (partial_of(candidate).exists() and _held(partial_of(candidate))):
        n += 1
        candidate = wanted.with_name(f"{wanted.name}_{n}")
    return candidate


def partial_of(run: Path) -> Path:
    """Where a run is made before it is renamed."""
    return run.with_name(run.name + PARTIAL)


@contextmanager
def new_folder(run: Path) -> Iterator[Path]:
    """Make a run: write into the folder that is given; it becomes `run` at the end, or disappears.

    Parameters
    ----------
    run : Path
        The folder to be; must not exist.

    Yields
    ------
    Path
        An empty folder ``RUN.partial`` on the same disk.

    Raises
    ------
    RunError
        If `run` exists, another process is making it, the disk is full or the place may not be written to.
    """
    if run.exists() or run.is_symlink():
        raise RunError("run_exists", path=str(run))
    partial = partial_of(run)
    lock: IO[bytes] | None = None
    ours = False
    try:
        if partial.exists():
            if not (partial / _LOCK).exists() and any(partial.iterdir()):
                raise RunError("partial_not_ours", path=str(partial))
            if _held(partial):
                raise RunError("run_in_use", path=str(run))
            shutil.rmtree(partial)  # left behind by a crash: our lock is in it, and nobody holds it
        run.parent.mkdir(parents=True, exist_ok=True)
        partial.mkdir()
        ours = True
        lock = _lock(partial)
        if lock is None:
            ours = False
            raise RunError("run_in_use", path=str(run))
        yield partial
        lock.close()
        (partial / _LOCK).unlink()
        if run.exists():
            raise RunError("run_exists", path=str(run))
        partial.rename(run)
    except BaseException as error:
        if lock is not None:
            lock.close()
        if ours:
            shutil.rmtree(partial, ignore_errors=True)
        if isinstance(error, OSError):
            raise _as_run_error(error, run) from error
        raise


def _as_run_error(error: OSError, run: Path) -> RunError:
    if error.errno in _NO_SPACE:
        return RunError("disk_full", path=str(run))
    if error.errno in _READ_ONLY:
        return RunError("read_only", path=str(run.parent))
    return RunError("cannot_write", path=str(run), detail=error.strerror or str(error))


def _held(partial: Path) -> bool:
    """Whether a living process is making this run: only its lock tells, a number could be anybody's."""
    if not (partial / _LOCK).exists():
        return False
    lock = _lock(partial)
    if lock is None:
        return True
    lock.close()
    return False


def _lock(partial: Path) -> IO[bytes] | None:
    handle = (partial / _LOCK).open("ab")
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        return None
    return handle
