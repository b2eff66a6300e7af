"""Opens a finished run from disk."""

from __future__ import annotations

from pathlib import Path

from pumpurs_risk.batch.manifest import read_manifest
from pumpurs_risk.batch.run import Run
from pumpurs_risk.batch.writing import read_run_frames
from pumpurs_risk.model import load_model


def open_run(path: str | Path) -> Run:
    """Open a finished run from disk.

    Parameters
    ----------
    path : str or Path
        The run's folder.

    Returns
    -------
    Run
        With everybody's reasons; without ``records``.

    Raises
    ------
    RunError
        If there is no finished run, or it is damaged.
    ModelFileError
        If its model was altered.

    Examples
    --------
    >>> import tempfile
    >>> import pumpurs_risk as pr
    >>> records = pr.make_cohort(n_pupils=60, random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = pr.score(records, as_of="2027-01-15", out=f"{folder}/run")
    ...     opened = pr.open_run(f"{folder}/run")
    >>> set(opened.flags["pupil_id"]) == set(made.flags["pupil_id"])
    True
    """
    folder = Path(path)
    manifest = read_manifest(folder)
    frames, peers = read_run_frames(folder)
    return Run(
        **frames,  # type: ignore[arg-type]
        model=load_model(folder / "data" / "model.json"),
        peers=peers,
        as_of=manifest.as_of,
        lang=manifest.lang,
        path=folder,
        manifest=manifest,
    )
