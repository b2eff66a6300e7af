"""The page "how to use this list": stands alone, on one sheet of paper, in every workbook."""

from __future__ import annotations

from pumpurs_risk.locale import date_text, has_text, text
from pumpurs_risk.records.workbook.writer import WorkbookWriter
from pumpurs_risk.reports.paper import SchoolPaper, SchoolReport
from pumpurs_risk.reports.sheet_top import open_sheet, write_top

GUIDANCE_SECTIONS = ("what", "steps", "use", "never", "today", "certainty", "origin", "access", "evidence")
"""In reading order; ``origin`` has one text before and one after local outcomes are known."""


def guidance_sections(paper: SchoolPaper | SchoolReport) -> list[tuple[str, list[str]]]:
    """Return the page's sections: title and lines.

    Parameters
    ----------
    paper : SchoolPaper or SchoolReport
        For the language, the day of expiry, and whether the numbers were checked on local outcomes; a report's audience
        has its own wording where it may not see everything (``guidance.AUDIENCE.SECTION``).

    Returns
    -------
    list of (str, list of str)
        In reading order.
    """
    lang, expires = paper.lang, date_text(paper.expires, paper.lang)
    origin = "origin_local" if paper.summary.get("has_local_outcomes", False) else "origin_published"
    own = f"guidance.{paper.audience}" if isinstance(paper, SchoolReport) else "guidance"
    whole = own.endswith(
        "support_staff"
    )  # sees everything: the page in the workbook, but for what speaks of its sheets
    sections = []
    for name in GUIDANCE_SECTIONS:
        section = origin if name == "origin" else name
        key = f"guidance.{section}" if whole and not has_text(f"{own}.{section}", lang) else f"{own}.{section}"
        if not has_text(key, lang):
            continue
        lines: list[str] = []
        while has_text(f"{key}.{len(lines) + 1}", lang):
            lines.append(text(f"{key}.{len(lines) + 1}", lang, expires=expires))
        sections.append((text(f"{key}.title", lang), lines))
    return sections


def write_guidance(book: WorkbookWriter, paper: SchoolPaper) -> None:
    """Write the page, with a cell for the school to fill in who is responsible."""
    sheet = open_sheet(book, paper, "guidance", [28, 124])
    row = write_top(sheet, paper, text("guidance.title", paper.lang))
    for title, lines in guidance_sections(paper):
        for number, line in enumerate(lines):
            sheet.row(row, ["" if number else title, line], ["section", "plain"])
            row += 1
    sheet.row(row, [text("guidance.contact.title", paper.lang), ""], ["label", "typed"])
    sheet.page.fit_to_pages(1, 1)
    sheet.page.set_tab_color("#1F3A5F")
    sheet.lock()
