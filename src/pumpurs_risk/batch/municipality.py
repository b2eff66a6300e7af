"""The municipality's page and table, made from the schools' counts alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pumpurs_risk.batch.papers import expiry
from pumpurs_risk.locale import text
from pumpurs_risk.plans.storing import plans_frame
from pumpurs_risk.reports.municipality import municipality_csv, municipality_page
from pumpurs_risk.reports.municipality_counts import summarise_plans

if TYPE_CHECKING:
    from pumpurs_risk.batch.manifest import SchoolCounts
    from pumpurs_risk.batch.papers import PaperMaker
    from pumpurs_risk.plans import SupportPlanDraft


def write_municipality(
    folder: Path, counts: Sequence[SchoolCounts], papers: PaperMaker, plans: Iterable[SupportPlanDraft] = ()
) -> list[Path]:
    """Write ``municipality/``: a page, and a table for a spreadsheet.

    Parameters
    ----------
    folder : Path
        The run, or a folder of papers.
    counts : sequence of SchoolCounts
        Of every school.
    papers : PaperMaker
        Words, day and threshold; no pupil of it is looked at.
    plans : iterable of SupportPlanDraft
        As far as there are any: counted by state and measure.

    Returns
    -------
    list of Path
        What was written.
    """
    run, catalogue, lang = papers.run, papers.catalogue, papers.run.lang
    made = list(plans)
    given = run.support if len(run.support) else None
    summary = summarise_plans(plans_frame((plan, "") for plan in made), given) if made else None
    missing = papers.settings.not_received
    place = folder / "municipality"
    place.mkdir(parents=True, exist_ok=True)
    day = run.as_of.isoformat()
    page = place / f"{text('pages.file.report', lang)}_{day}.html"
    table = place / f"{text('pages.file.schools', lang)}_{day}.csv"
    page.write_text(
        municipality_page(
            counts, summary, catalogue=catalogue, as_of=run.as_of, expires=expiry(catalogue, run.as_of), lang=lang,
            municipality=papers.settings.municipality, threshold=papers.policy.threshold, not_received=missing,
            run=papers.name,
        ),
        encoding="utf-8", newline="\n",
    )  # fmt: skip
    table.write_text(
        municipality_csv(counts, catalogue=catalogue, lang=lang, not_received=missing), encoding="utf-8", newline=""
    )
    return [page, table]
