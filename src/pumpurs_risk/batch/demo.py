"""The demonstration: a made municipality, handed in as people would, scored as a school would."""

from __future__ import annotations

from pathlib import Path

from pumpurs_risk.batch.folder import free_name
from pumpurs_risk.batch.scoring import Progress
from pumpurs_risk.batch.semester import MadeSemester, run_semester
from pumpurs_risk.errors import RunError
from pumpurs_risk.locale import text


def run_demo(out: Path, *, seed: int = 0, lang: str = "lv", progress: Progress | None = None) -> MadeSemester:
    """Make a municipality's sheets in a new folder and score them beside it.

    Parameters
    ----------
    out : Path
        Folder to make; if it exists, the next free name is taken.
    seed : int
        Which municipality is made.
    lang : {"lv", "en"}
        Language of sheets and papers.
    progress : callable, optional
        Told each step.

    Returns
    -------
    MadeSemester
        All of it made data, and said so in every file.

    Raises
    ------
    RunError
        If the place cannot be written to.
    """
    from pumpurs_risk.datasets import write_municipality

    folder = free_name(out)
    try:
        data = folder / text("cli.demo_data", lang)
        data.mkdir(parents=True)
        write_municipality(data, random_state=seed, lang=lang)
    except OSError as error:
        raise RunError("cannot_write", path=str(folder), detail=error.strerror or str(error)) from None
    return run_semester(data, lang=lang, progress=progress)
