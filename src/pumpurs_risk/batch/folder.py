"""One run is one folder: it never exists before, is made beside itself, and appears whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
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
    while candidate.exists() or (partial_of(candidate).exists() and is_held(partial_of(candidate))):
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
            if is_held(partial):
                raise RunError("run_in_use", path=str(run))
            shutil.rmtree(partial)  # left behind by a crash: our lock is in it, and nobody holds it
        run.parent.mkdir(parents=True, exist_ok=True)
        partial.mkdir()
        ours = True
        lock = lock_in(partial)
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


def is_held(partial: Path) -> bool:
    """Whether a living process is making this run: only its lock tells, a number could be anybody's."""
    if not (partial / _LOCK).exists():
        return False
    lock = lock_in(partial)
    if lock is None:
        return True
    lock.close()
    return False


def lock_in(partial: Path) -> IO[bytes] | None:
    """Take the lock of a folder that is being made; None if another process holds it."""
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


def distinct_names(wanted: Mapping[str, str]) -> dict[str, str]:
    """Give every file or folder a name of its own, on any file system: letters' case does not tell two apart there.

    Parameters
    ----------
    wanted : mapping of str to str
        What each would be called, by anything that tells them apart.

    Returns
    -------
    dict of str to str
        Names without marks that a system forbids, in the same order.

    Examples
    --------
    >>> distinct_names({school: school for school in ["a.b", "a/b", "A.B", "con"]})
    {'a.b': 'a.b', 'a/b': 'a_b', 'A.B': 'A.B_2', 'con': '_con'}
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for key, called in wanted.items():
        plain = _plain_name(called)
        name, n = plain, 1
        while name.casefold() in taken:
            n += 1
            name = f"{plain}_{n}"
        taken.add(name.casefold())
        names[key] = name
    return names


def folder_names(ids: Iterable[str]) -> dict[str, str]:
    """Give every school or class a folder's name by its id; see `distinct_names`."""
    return distinct_names({str(each): str(each) for each in ids})


def _plain_name(called: str) -> str:
    kept = "".join(c if c.isalnum() or c in "-_. " else "_" for c in called).strip(" .")[:80].rstrip(" .") or "_"
    reserved = {"con", "prn", "aux", "nul", *(f"com{i}" for i in range(10)), *(f"lpt{i}" for i in range(10))}
    return f"_{kept}" if kept.split(".")[0].casefold() in reserved else kept
