"""Makes the papers of a finished run anew, outside its folder, with names joined at the last moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pumpurs_risk.batch.folder import folder_names, free_name, new_folder
from pumpurs_risk.batch.municipality import write_municipality
from pumpurs_risk.batch.names import names_table, refuse_inside_run
from pumpurs_risk.batch.opening import open_run
from pumpurs_risk.batch.papers import maker_of
from pumpurs_risk.batch.plans_beside import plan_words, plans_beside, ticked_for_families
from pumpurs_risk.batch.reporting import FAMILIES, PAGES, write_audiences
from pumpurs_risk.batch.typed import with_typed
from pumpurs_risk.batch.writing import workbook_name
from pumpurs_risk.errors import RunError
from pumpurs_risk.reports import read_returned, write_support_staff_workbook

if TYPE_CHECKING:
    from pumpurs_risk.batch.papers import PaperMaker
    from pumpurs_risk.batch.run import Run
    from pumpurs_risk.catalogue import Catalogue

EVERYBODY = (*PAGES, *FAMILIES, "municipality")
"""Audiences that there are papers for."""


def write_reports(
    run: Run | str | Path,
    audience: str | Sequence[str] | None = None,
    *,
    out: str | Path | None = None,
    names: str | Path | None = None,
    catalogue: Catalogue | None = None,
) -> list[Path]:
    """Make the papers of a finished run anew: for one audience, several or all.

    A run is never written again, so they lie in a folder of their own: ``schools/ID/AUDIENCE/...``, each audience's part to be
    handed out as it is. The pages say how far the support plans beside the run have come; what staff ticked in a plan stands on
    the family's page; what was typed into the run's workbooks stands in the new ones.

    Parameters
    ----------
    run : Run, str or Path
        Opened from disk, or its folder.
    audience : str or sequence of str, optional
        Of ``support_staff``, ``class_teacher``, ``head``, ``family_pupil``, ``family_parent``, ``municipality``; all of them
        by default.
    out : str or Path, optional
        Folder to make; it must not exist, and must not lie in a run. By default ``RUN_papers`` beside the run, with a number
        behind it if that is there already.
    names : str or Path, optional
        The key file that leads ids back to names; without it pupils stand with the schools' own ids.
    catalogue : Catalogue, optional
        The one that the run was made with, if it had factors of its own.

    Returns
    -------
    list of Path
        What was written, in order.

    Raises
    ------
    RunError
        If there is no such audience, the run was never written, the key is another one's, or the folder cannot be made.

    Examples
    --------
    >>> import tempfile
    >>> import pumpurs_risk as pr
    >>> records = pr.make_cohort(n_pupils=60, random_state=0, form="sheet")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = pr.score(records, as_of="2027-01-15", out=f"{folder}/run", lang="en", lists_only=True)
    ...     written = pr.write_reports(run, audience="head")
    ...     sorted({path.suffix for path in written})
    ['.html', '.txt']
    """
    opened = open_run(run) if isinstance(run, str | Path) else run
    asked = list(EVERYBODY) if audience is None else [audience] if isinstance(audience, str) else list(audience)
    for name in asked:
        if name not in EVERYBODY:
            raise RunError("audience_unknown", audience=name, known=", ".join(EVERYBODY))
    if opened.path is None or opened.manifest is None:
        raise RunError("run_in_memory")
    target = Path(out) if out is not None else free_name(opened.path.with_name(f"{opened.path.name}_papers"))
    refuse_inside_run(target)
    known = None if names is None else names_table(names, opened.manifest)
    papers = maker_of(opened, catalogue, known)
    plans = plans_beside(opened, papers.catalogue)
    with new_folder(target) as folder:
        called = folder_names(opened.schools["school_id"])
        folders = {school: folder / "schools" / name for school, name in called.items()}
        written = write_audiences(papers, folders, asked, plans=plan_words(plans, papers.catalogue, opened.lang),
                                  also=ticked_for_families(plans))  # fmt: skip
        if "support_staff" in asked:
            written += _workbooks(papers, folders)
        if "municipality" in asked:
            written += write_municipality(folder, opened.manifest.schools, papers, plans)
        return [target / path.relative_to(folder) for path in written]


def _workbooks(papers: PaperMaker, folders: Mapping[str, Path]) -> list[Path]:
    """Write the support staff's workbooks, with what was typed into those of the run."""
    run, written = papers.run, []
    assert run.path is not None
    typed: dict[str, list[object]] = {}
    for path in sorted(run.path.glob("schools/*/support_staff/*.xlsx")):
        returned = read_returned(path, catalogue=papers.catalogue)
        typed.setdefault(returned.school_id, []).append(returned)
    for paper in papers.papers():
        place = folders[paper.school_id] / "support_staff"
        place.mkdir(parents=True, exist_ok=True)
        written.append(place / workbook_name(paper, folders[paper.school_id].name))
        write_support_staff_workbook(written[-1], with_typed(paper, typed.get(paper.school_id, ())))  # type: ignore[arg-type]
    return written
