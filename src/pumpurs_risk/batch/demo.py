"""The demonstration: a made municipality, handed in as people would, scored in two semesters as schools would."""

from __future__ import annotations

from pathlib import Path

from pumpurs_risk.batch.folder import free_name
from pumpurs_risk.batch.scoring import Progress
from pumpurs_risk.batch.semester import MadeSemester, run_semester
from pumpurs_risk.errors import RunError


def run_demo(out: Path, *, seed: int = 0, lang: str = "lv", progress: Progress | None = None) -> list[MadeSemester]:
    """Make what a municipality's schools hand in for two semesters, and score one after the other.

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
    list of MadeSemester
        In order of time; all of it made data, and said so in every file.

    Raises
    ------
    RunError
        If the place cannot be written to.
    """
    from pumpurs_risk.datasets import write_semesters

    folder = free_name(out)
    try:
        folder.mkdir(parents=True)
        handed_in = write_semesters(folder, random_state=seed, lang=lang)
    except OSError as error:
        raise RunError("cannot_write", path=str(folder), detail=error.strerror or str(error)) from None
    made: list[MadeSemester] = []
    for data, as_of in handed_in:
        earlier = [each.run.path for each in made if each.run.path is not None]
        made.append(
            run_semester(
                data, as_of=as_of.isoformat(), previous=earlier, no_previous=True, lang=lang, progress=progress
            )
        )
    return made
