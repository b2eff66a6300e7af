"""Many files change as one: new ones are written beside first, then all are put in place; a crash leaves the old or the new."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from pumpurs_risk.batch.folder import lock_in
from pumpurs_risk.errors import RunError

PLACE = ".pumpurs-erasing"
_JOURNAL = "journal.json"


class Change(msgspec.Struct, frozen=True):
    """One file that is replaced (by the staged file of that number) or removed (no number)."""

    target: str
    staged: int | None


class Swap:
    """What shall change below a folder.

    Parameters
    ----------
    folder : Path
        Everything that changes lies below it.
    place : Path
        Where new files wait.
    """

    def __init__(self, folder: Path, place: Path) -> None:
        self.folder, self.place = folder, place
        self.changes: dict[str, int | None] = {}
        self._next = 0

    def new_file(self, target: Path) -> Path:
        """Give the path at which to write what shall stand at `target`; on Windows, look whether `target` is open."""
        self._check_free(target)
        number = self.changes.get(self._name(target))
        if number is None:
            number, self._next = self._next, self._next + 1
        self.changes[self._name(target)] = number
        return self.place / str(number)

    def put(self, target: Path, content: bytes) -> None:
        """Replace `target`."""
        self.new_file(target).write_bytes(content)

    def remove(self, target: Path) -> None:
        """Remove `target`."""
        self._check_free(target)
        self.changes[self._name(target)] = None

    def leave(self, target: Path) -> None:
        """Leave `target` as it is after all."""
        self.changes.pop(self._name(target), None)

    def now(self, target: Path) -> Path:
        """Where to read what will stand at `target`."""
        number = self.changes.get(self._name(target))
        return target if number is None else self.place / str(number)

    def removes(self, target: Path) -> bool:
        """Whether `target` goes."""
        return self.changes.get(self._name(target), -1) is None

    def commit(self) -> None:
        """Put everything in place; from the moment the journal lies there, it will be done even after a crash."""
        for number in self.changes.values():
            if number is not None:
                _to_disk(self.place / str(number))
        journal = [Change(target, number) for target, number in self.changes.items()]
        written = self.place / (_JOURNAL + ".new")
        written.write_bytes(msgspec.json.encode(journal))
        _to_disk(written)
        written.replace(self.place / _JOURNAL)
        _finish(self.folder, self.place)

    def _name(self, target: Path) -> str:
        return target.relative_to(self.folder).as_posix()

    def _check_free(self, target: Path) -> None:
        if target.exists():
            try:
                with target.open("r+b"):
                    pass
            except OSError:
                raise RunError("erase_file_open", file=self._name(target)) from None


@contextmanager
def swapping(folder: Path) -> Iterator[Swap]:
    """Begin a change of files below a folder; what an earlier one left unfinished is finished first.

    Parameters
    ----------
    folder : Path
        The folder.

    Yields
    ------
    Swap
        Nothing changes until its `commit`.

    Raises
    ------
    RunError
        If another process is at it, a file is open elsewhere, or the disk refuses.
    """
    place = folder / PLACE
    lock: IO[bytes] | None = None
    try:
        place.mkdir(exist_ok=True)
        lock = lock_in(place)
        if lock is None:
            raise RunError("erase_in_use", path=str(folder))
        if (place / _JOURNAL).exists():
            _finish(folder, place)
        _clear(place)
        yield Swap(folder, place)
    except OSError as error:
        raise RunError("cannot_write", path=str(folder), detail=error.strerror or str(error)) from error
    finally:
        if lock is not None:
            lock.close()
            if not (place / _JOURNAL).exists():
                shutil.rmtree(place, ignore_errors=True)


def _finish(folder: Path, place: Path) -> None:
    """Do what the journal says; doing it twice does no harm."""
    for change in msgspec.json.decode((place / _JOURNAL).read_bytes(), type=list[Change]):
        target = folder / change.target
        try:
            if change.staged is None:
                target.unlink(missing_ok=True)
                _drop_empty(target.parent, folder)
            elif (place / str(change.staged)).exists():
                (place / str(change.staged)).replace(target)
        except PermissionError:
            raise RunError("erase_half", file=change.target) from None
    (place / _JOURNAL).unlink()


def _drop_empty(folder: Path, top: Path) -> None:
    """Remove folders that hold nothing any more."""
    while folder != top and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _clear(place: Path) -> None:
    for left in place.iterdir():
        if left.name != ".lock":
            left.unlink()


def _to_disk(path: Path) -> None:
    with path.open("rb+") as handle:
        os.fsync(handle.fileno())
