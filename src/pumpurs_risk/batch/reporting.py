"""Writes what each audience is handed: ``schools/ID/AUDIENCE/...``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pumpurs_risk.batch.folder import distinct_names
from pumpurs_risk.batch.pages import PageMaker
from pumpurs_risk.batch.papers import expiry, looked_up
from pumpurs_risk.catalogue import Audience
from pumpurs_risk.locale import text

if TYPE_CHECKING:
    from pumpurs_risk.batch.papers import PaperMaker

PAGES = ("support_staff", "class_teacher", "head")
"""Audiences that get a page of their school or class."""
FAMILIES = ("family_pupil", "family_parent")
"""Audiences that get a page of one pupil."""


def write_audiences(
    papers: PaperMaker,
    folders: Mapping[str, Path],
    audiences: Collection[str] = (*PAGES, *FAMILIES),
    *,
    plans: dict[str, str] | None = None,
    also: Mapping[str, Sequence[str]] | None = None,
) -> list[Path]:
    """Write what may be handed out as it is, each audience's in a folder of its own.

    Parameters
    ----------
    papers : PaperMaker
        The run's papers.
    folders : mapping of str to Path
        By school id, its folder; the audiences' folders are made in it.
    audiences : collection of str
        Whom to serve.
    plans : dict of str to str, optional
        By pupil, the state of the support plan in words.
    also : mapping of str to sequence of str, optional
        By pupil, constructs that support staff ticked for the family's page.

    Returns
    -------
    list of Path
        What was written.
    """
    written: list[Path] = []
    for name in audiences:
        if name in PAGES:
            written += _pages(papers, folders, Audience.load(name, papers.catalogue), plans)
        elif name in FAMILIES:
            written += _families(papers, folders, name, also)
    if "head" in audiences:
        written += _notices(papers, folders)
    return written


def _pages(
    papers: PaperMaker, folders: Mapping[str, Path], audience: Audience, plans: dict[str, str] | None
) -> list[Path]:
    from pumpurs_risk.reports.school_page import write_school_page

    run = papers.run
    word, day = text("pages.file.report", run.lang), run.as_of.isoformat()
    reports = list(PageMaker(papers, audience, plans).reports())
    classes = distinct_names({report.group: report.group for report in reports})
    written = []
    for report in reports:
        school = folders[report.school_id]
        place, called = school / audience.id, school.name
        if audience.class_only:
            called = classes[report.group] if report.group else text("pages.file.no_class", run.lang)
            place = place / called
        place.mkdir(parents=True, exist_ok=True)
        written.append(place / f"{word}_{called}_{day}.html")
        write_school_page(written[-1], report)
    return written


def _families(
    papers: PaperMaker, folders: Mapping[str, Path], audience: str, also: Mapping[str, Sequence[str]] | None
) -> list[Path]:
    """Write one page for each pupil whom the list is about, and of whom there is something that the family may read.

    A page that names nothing would tell that something else is known, so there is none.
    """
    from pumpurs_risk.reports.family import family_pages

    run = papers.run
    known = run.factors.drop_duplicates("pupil_id").set_index("pupil_id")
    chosen = papers.pupils[papers.pupils["section"].isin(("listed", "added"))]
    chosen = chosen[["pupil_id", "school_id", "shown", "class_id"]].assign(
        programme=looked_up(known["programme"], chosen["pupil_id"]), age=chosen["pupil_id"].map(known["age"])
    )
    readers = Audience.load(audience, papers.catalogue)
    told = papers.told[papers.told["pupil_id"].isin(set(chosen["pupil_id"]))]
    seen = readers.filter_frames({"reasons": told}, run.lang, also=also)["reasons"]
    chosen = chosen[chosen["pupil_id"].isin(set(seen.loc[seen["kind"].eq("risk"), "pupil_id"]))]
    written = []
    for school in run.schools.itertuples(index=False):
        pupils = chosen[chosen["school_id"] == school.school_id]
        offers = run.offers.loc[run.offers["school_id"] == school.school_id, "measure"].unique()
        pages = family_pages(
            pupils, papers.told, papers.catalogue, audience, run.lang,
            school=str(school.title or school.school_id), as_of=run.as_of, expires=expiry(papers.catalogue, run.as_of),
            also=also, offered=offers if len(offers) else None, evidence=run.evidence,
        )  # fmt: skip
        if not pages:
            continue
        place = folders[str(school.school_id)] / audience
        place.mkdir(parents=True, exist_ok=True)
        names = _file_names(papers, pages)
        for pupil, page in pages.items():
            written.append(place / f"{names[pupil]}.html")
            written[-1].write_text(page, encoding="utf-8", newline="\n")
    return written


def _notices(papers: PaperMaker, folders: Mapping[str, Path]) -> list[Path]:
    """Write the general notice for the school's site, for the head to publish."""
    from pumpurs_risk.reports.notice import notice

    run, written = papers.run, []
    for school in run.schools.itertuples(index=False):
        place = folders[str(school.school_id)] / "head"
        place.mkdir(parents=True, exist_ok=True)
        html, plain = notice(str(school.title or school.school_id), run.lang)
        for ending, said in (("html", html), ("txt", plain)):
            written.append(place / f"{text('pages.file.notice', run.lang)}.{ending}")
            written[-1].write_text(said, encoding="utf-8", newline="\n")
    return written


def _file_names(papers: PaperMaker, pupils: Collection[str]) -> dict[str, str]:
    """Name a pupil's file by class and the school's own id, never by name: such files lie in lists of files."""
    from pumpurs_risk.batch.papers import own_id

    some = papers.pupils[papers.pupils["pupil_id"].isin(set(pupils))]
    classes = some["class_id"].fillna("").astype(str)
    called = [f"{class_id}_{own}" if class_id else own for class_id, own in zip(classes, own_id(some), strict=True)]
    return distinct_names(dict(zip(some["pupil_id"], called, strict=True)))
