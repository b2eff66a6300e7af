"""Makes the pages of schools and classes anew after somebody was taken out; people write nothing into pages."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pumpurs_risk.errors import PumpursError

if TYPE_CHECKING:
    from pumpurs_risk.batch.retention.swap import Swap

PAGES = ("support_staff", "class_teacher", "head")


def remade_pages(run: Path, pages: Sequence[Path], swap: Swap, names: Mapping[str, str]) -> dict[Path, bytes | None]:
    """Make some of a run's pages anew from its tables as they will be.

    Parameters
    ----------
    run : Path
        The run.
    pages : sequence of Path
        The pages.
    swap : Swap
        Knows the tables as they will be.
    names : mapping of str to str
        By pupil id what the run's papers call everybody.

    Returns
    -------
    dict of Path to bytes or None
        None for a page that has nothing to say any more, or that this version cannot make (a catalogue of one's own, a run of
        another version): it goes, and can be made again with ``reports``.
    """
    if not pages:
        return {}
    with tempfile.TemporaryDirectory(dir=swap.place) as place:
        copy = Path(place) / run.name
        for path in sorted((run / "data").glob("*")):
            target = copy / "data" / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            _link(swap.now(path), target)
        _link(run / "run.json", copy / "run.json")
        try:
            made = _made(run, copy, names, {page.relative_to(run).parts[1] for page in pages})
        except (PumpursError, KeyError, ValueError, ImportError, AttributeError, TypeError):
            made = {}
        return {page: made.get(page.relative_to(run).as_posix()) for page in pages}


def _made(run: Path, copy: Path, names: Mapping[str, str], schools: set[str]) -> dict[str, bytes]:
    """Pages of some schools (names of their folders), by their place in the run."""
    import pandas as pd

    from pumpurs_risk.batch.opening import open_run
    from pumpurs_risk.batch.papers import maker_of
    from pumpurs_risk.batch.reporting import write_audiences

    opened = open_run(copy)
    shown = pd.DataFrame({"pupil_id": list(names), "name": list(names.values()), "own_id": ""}, dtype=object)
    folders = {}
    for summary in run.glob("schools/*/summary.json"):
        if summary.parent.name in schools:
            school = json.loads(summary.read_text(encoding="utf-8"))["school_id"]
            folders[school] = copy / "schools" / summary.parent.name
    opened = replace(opened, schools=opened.schools[opened.schools["school_id"].isin(folders)])
    written = write_audiences(maker_of(opened, None, shown), folders, PAGES)
    return {path.relative_to(copy).as_posix(): path.read_bytes() for path in written}


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
