"""The municipality's page and table, from the schools' summaries alone: no pupil, no small group, no ranking."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pumpurs_risk.locale import check_language, date_text, has_text, number, percent, text
from pumpurs_risk.reports.family import environment, printable
from pumpurs_risk.reports.municipality_counts import MunicipalityCounts, SchoolRow, municipality_counts, summarise_plans

if TYPE_CHECKING:
    import pandas as pd

    from pumpurs_risk.catalogue import Catalogue

__all__ = ["municipality_csv", "municipality_page", "summarise_plans"]


def municipality_page(
    summaries: Iterable[Any],
    plans_summary: pd.DataFrame | None = None,
    *,
    catalogue: Catalogue,
    as_of: dt.date,
    expires: dt.date,
    lang: str = "lv",
    municipality: str = "",
    threshold: float = 0.1,
    not_received: Sequence[str] = (),
    run: str = "",
) -> str:
    """Write the municipality's page.

    Schools stand in the order of the Latvian alphabet, whatever their numbers. A number of 1 to 4 pupils is not shown, nor is
    any from which one could be worked out.

    Parameters
    ----------
    summaries : iterable of SchoolCounts or mapping
        One per school, as in run.json.
    plans_summary : pandas.DataFrame, optional
        ``what``, ``id``, ``n``, from `summarise_plans`.
    catalogue : Catalogue
        Names of risk groups, measures and plan statuses.
    as_of, expires : datetime.date
        Day of the lists, and the last day on which the page may be used.
    lang : {"lv", "en"}
        Language of the page.
    municipality : str
        Its name.
    threshold : float in (0, 1)
        The action threshold of the lists.
    not_received : sequence of str
        Titles of schools that were expected but sent nothing.
    run : str
        Short name of the run, for the footer.

    Returns
    -------
    str
        A whole HTML page: no script, nothing from elsewhere, prints on A4 across.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> school = {"title": "Oak School", "pupils_in": 200, "scored": 200, "above": 23, "places": 10}
    >>> page = municipality_page([school], catalogue=Catalogue.load(), as_of=dt.date(2027, 1, 15), expires=dt.date(2027, 5, 31),
    ...     lang="en", not_received=["Elm School"])
    >>> page.index("Elm School") < page.index("Oak School"), "23 learners of the 200 assessed" in page
    (True, True)
    """
    check_language(lang)
    counts = municipality_counts(summaries, plans_summary, not_received=not_received)
    say = _Say(lang)
    words = {
        "title": say("title"),
        "of": say("of", municipality=printable(municipality) or say("schools.title"), as_of=date_text(as_of, lang)),
        "received_line": say("received_line", count=counts.received, n=counts.received, of=counts.expected),
        "total_line": _total_line(counts, threshold, say),
        "places_line": _places_line(counts, say),
    }
    sections = [
        _schools(counts, say),
        *_groups(counts, catalogue, say),
        _plans(counts, catalogue, say),
        _measures(counts, catalogue, say),
        _need(counts, say),
        {"title": say("reading.title"), "bullets": say.lines("reading")},
    ]
    footer = [say("expires", expires=date_text(expires, lang)), *([say("run", run=printable(run))] if run else [])]
    blank: dict[str, Any] = {"lines": [], "table": None, "bullets": [], "small": ""}
    return (
        environment()
        .get_template("municipality.html.j2")
        .render(lang=lang, words=words, sections=[{**blank, **section} for section in sections], footer=footer)
    )


def municipality_csv(
    summaries: Iterable[Any], *, catalogue: Catalogue, lang: str = "lv", not_received: Sequence[str] = ()
) -> str:
    """Write the table of schools as CSV for a spreadsheet.

    Parameters
    ----------
    summaries, catalogue, lang, not_received
        As for `municipality_page`.

    Returns
    -------
    str
        With a byte order mark, semicolons, decimal commas in Latvian; a text that a spreadsheet would take for a formula begins
        with an apostrophe. To be written as UTF-8 with ``newline=""``.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> school = {"title": "=Oak", "pupils_in": 200, "scored": 200, "above": 23, "places": 10}
    >>> municipality_csv([school], catalogue=Catalogue.load(), lang="en").splitlines()[1].split(";")[:4]
    ["'=Oak", 'received', '200', '100.0']
    """
    check_language(lang)
    say, counts = _Say(lang), municipality_counts(summaries, not_received=not_received)
    names = (
        "school",
        "state",
        "scored",
        "coverage",
        "missing",
        "above",
        "expected",
        "expected_low",
        "expected_high",
        "places",
    )
    headings = [
        say(f"schools.{name}") + (", %" if name in ("coverage", "missing") else "") for name in (*names, "lacking")
    ]
    groups = list(counts.groups)
    written = io.StringIO()
    table = csv.writer(written, delimiter=";", lineterminator="\r\n")
    table.writerow(
        [*headings, *(catalogue.groups[group].name[lang] if group in catalogue.groups else group for group in groups)]
    )
    for row in counts.schools:
        table.writerow([_neutral(printable(cell)) for cell in _csv_cells(row, groups, say)])
    return "\ufeff" + written.getvalue()


class _Say:
    """The page's texts in one language."""

    def __init__(self, lang: str) -> None:
        self.lang = lang

    def __call__(self, key: str, *, count: float | None = None, **params: Any) -> str:
        return text(f"municipality.{key}", self.lang, count=count, **params)

    def lines(self, section: str) -> list[str]:
        found: list[str] = []
        while has_text(f"municipality.{section}.{len(found) + 1}", self.lang):
            found.append(self(f"{section}.{len(found) + 1}"))
        return found

    def n(self, count: int | None) -> str:
        return self("few") if count is None else number(count, self.lang)

    def share(self, share: float | None) -> str:
        return self("none") if share is None else percent(share, self.lang, 0)


def _total_line(counts: MunicipalityCounts, threshold: float, say: _Say) -> str:
    at = percent(threshold, say.lang, 0)
    if counts.above is None:
        return say("total_line.hidden", threshold=at)
    return say("total_line", count=counts.above, threshold=at, n=say.n(counts.above), of=say.n(counts.scored))


def _places_line(counts: MunicipalityCounts, say: _Say) -> str:
    how = "least" if counts.lacking_least else "exact"
    return say(f"places_line.{how}", places=say.n(counts.places), lacking=say.n(counts.lacking))


def _lacking(counts: MunicipalityCounts, say: _Say) -> str:
    shown = say.n(counts.lacking)
    return say("least", n=shown) if counts.lacking_least else shown


def _schools(counts: MunicipalityCounts, say: _Say) -> dict[str, Any]:
    names = ("school", "state", "scored", "coverage", "missing", "above", "expected", "places", "lacking")
    total = ["", say.n(counts.scored), "", "", say.n(counts.above), "", say.n(counts.places), _lacking(counts, say)]
    return {
        "title": say("schools.title"),
        "lines": [say("schools.intro")],
        "table": {
            "caption": say("schools.title"),
            "headings": [say(f"schools.{name}") for name in names],
            "rows": [_school_cells(row, say) for row in counts.schools],
            "total": [say("schools.total"), *total],
            "words": [1],
            "wide": [6],
            "narrow": False,
        },
        "small": say("schools.notes"),
    }


def _school_cells(row: SchoolRow, say: _Say) -> list[str]:
    title = printable(row.title)
    if not row.received:
        return [title, say("not_received"), *[""] * 7]
    coverage = say("few") if row.hidden else say("nearly_all") if row.nearly_all else say.share(row.coverage)
    places, lacking = say.n(row.places), say.n(row.lacking)
    return [
        title, say("received"), say.n(row.scored), coverage, say.share(row.missing), say.n(row.above), _expected(row, say),
        places, lacking,
    ]  # fmt: skip


def _expected(row: SchoolRow, say: _Say) -> str:
    if row.hidden:
        return say("few")
    if row.expected is None:
        return say("no_others")
    n, low, high = map(say.n, row.expected)
    if row.compared is None:
        return say("schools.interval", n=n, low=low, high=high)
    compared, seen = map(say.n, row.compared)
    return say("schools.compared", n=n, low=low, high=high, compared=compared, seen=seen)


def _groups(counts: MunicipalityCounts, catalogue: Catalogue, say: _Say) -> list[dict[str, Any]]:
    groups = list(counts.groups)
    if not groups:
        return []
    names = [catalogue.groups[g].name[say.lang] if g in catalogue.groups else g for g in groups]
    title = say("groups.title")
    table = {
        "caption": title,
        "headings": [say("schools.school"), *(name[:1].upper() + name[1:] for name in names)],
        "rows": [
            [printable(row.title), *(say.n(row.groups.get(g, 0)) for g in groups)]
            for row in counts.schools
            if row.received
        ],
        "total": [say("schools.total"), *(say.n(counts.groups[g]) for g in groups)],
        "words": [],
        "wide": [],
        "narrow": False,
    }
    return [{"title": title, "lines": [say("groups.intro")], "table": table}]


def _plans(counts: MunicipalityCounts, catalogue: Catalogue, say: _Say) -> dict[str, Any]:
    title = say("plans.title")
    if not counts.has_plans:
        return {"title": title, "lines": [say("plans.none")]}
    names = {status.id: status.name[say.lang] for status in catalogue.programme.statuses}
    order = sorted(counts.statuses, key=lambda id: list(names).index(id) if id in names else len(names))
    rows = [[names.get(id, id), say.n(counts.statuses[id])] for id in order]
    if counts.together is not None:
        rows.append([say("plans.together"), say.n(counts.together)])
    total = [say("plans.total"), say.n(counts.plans)]
    table = _narrow(title, [say("plans.status"), say("plans.n")], rows, total)
    return {"title": title, "table": table}


def _measures(counts: MunicipalityCounts, catalogue: Catalogue, say: _Say) -> dict[str, Any]:
    title, ids = say("measures.title"), dict.fromkeys([*counts.planned, *counts.given])
    if not ids:
        return {"title": title, "lines": [say("measures.none")]}
    order = {id: at for at, id in enumerate(catalogue.measures)}
    rows = []
    for id in sorted(ids, key=lambda m: order.get(m, len(order))):
        name = catalogue.measures[id].name[say.lang] if id in catalogue.measures else printable(id)
        rows.append([name[:1].upper() + name[1:], say.n(counts.planned.get(id, 0)), say.n(counts.given.get(id, 0))])
    headings = [say("measures.measure"), say("measures.planned"), say("measures.given")]
    return {"title": title, "lines": [say("measures.intro")], "table": _narrow(title, headings, rows, [])}


def _need(counts: MunicipalityCounts, say: _Say) -> dict[str, Any]:
    lines = [say("need.places", n=_lacking(counts, say))]
    if counts.has_plans:
        told = counts.uncovered is not None
        lines.append(
            say("need.plans", n=say.n(counts.uncovered), of=say.n(counts.plans)) if told else say("need.plans_hidden")
        )
    return {"title": say("need.title"), "bullets": lines}


def _narrow(caption: str, headings: list[str], rows: list[list[str]], total: list[str]) -> dict[str, Any]:
    return {
        "caption": caption, "headings": headings, "rows": rows, "total": total, "words": [], "wide": [], "narrow": True,
    }  # fmt: skip


def _csv_cells(row: SchoolRow, groups: Sequence[str], say: _Say) -> list[str]:
    if not row.received:
        return [row.title, say("not_received"), *[""] * (9 + len(groups))]
    plain: Mapping[bool, str] = {True: say("few"), False: ""}

    def count(n: int | None) -> str:
        return plain[row.hidden or n is None] if n is None else str(n)

    def share(part: float | None) -> str:
        shown = "" if part is None else f"{100 * part:.1f}"
        return shown.replace(".", ",") if say.lang == "lv" else shown

    expected = [str(n) for n in row.expected] if row.expected and row.compared is None else [plain[row.hidden]] * 3
    coverage = say("nearly_all") if row.nearly_all else plain[True] if row.hidden else share(row.coverage)
    return [
        row.title, say("received"), count(row.scored), coverage, share(row.missing), count(row.above), *expected,
        count(row.places), count(row.lacking), *(count(row.groups.get(group, 0)) for group in groups),
    ]  # fmt: skip


def _neutral(cell: str) -> str:
    """Keep a spreadsheet from reading a text as a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
