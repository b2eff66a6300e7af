"""The catalogue as a table to read: on a terminal, in a notebook, as a data frame."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from pumpurs_risk.locale import number, percent, text

if TYPE_CHECKING:
    import pandas as pd

    from pumpurs_risk.catalogue.catalogue import Catalogue
    from pumpurs_risk.catalogue.entries import RiskFactor

_COLUMNS = ("factor", "name", "construct", "share", "odds_ratio", "sheet", "sensitivity")


def as_text(catalogue: Catalogue, lang: str) -> str:
    """Write the catalogue as lines of text, grouped by risk group.

    Parameters
    ----------
    catalogue : Catalogue
        What to write.
    lang : {"lv", "en"}
        Language of names and headings.

    Returns
    -------
    str
        A title line, the headings, then each group with its factors.
    """
    groups = _groups(catalogue, lang)
    headings = [text(f"catalogue.table.{column}", lang) for column in _COLUMNS]
    rows = [row for _, rows in groups for row in rows]
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]

    def line(cells: list[str]) -> str:
        return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()

    lines = [_title(catalogue, lang), "", line(headings), line(["-" * width for width in widths])]
    for name, members in groups:
        lines += [name, *(line(row) for row in members)]
    return "\n".join(lines)


def as_html(catalogue: Catalogue, lang: str) -> str:
    """Write the catalogue as one HTML table, grouped by risk group."""
    head = "".join(f"<th>{escape(text(f'catalogue.table.{column}', lang))}</th>" for column in _COLUMNS)
    body = ""
    for name, members in _groups(catalogue, lang):
        body += f'<tr><th colspan="{len(_COLUMNS)}" scope="rowgroup" style="text-align:left">{escape(name)}</th></tr>'
        body += "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in members)
    caption = escape(_title(catalogue, lang))
    return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def as_frame(catalogue: Catalogue, lang: str) -> pd.DataFrame:
    """Make a data frame with one row per factor, in catalogue order."""
    import pandas as pd

    rows = [
        {
            "id": factor.id,
            "name": factor.name[lang],
            "heading": factor.heading[lang],
            "group": catalogue.groups[factor.group].name[lang],
            "construct": catalogue.constructs[factor.construct].name[lang],
            "prior_share": factor.prior_share,
            "odds_ratio": catalogue.constructs[factor.construct].odds_ratio,
            "direction": factor.direction,
            "kind": factor.kind,
            "unit": factor.unit[lang],
            "smallest": factor.range[0] if factor.range else float("nan"),
            "largest": factor.range[1] if factor.range else float("nan"),
            "core": factor.core,
            "changeable": factor.changeable,
            "sensitivity": factor.sensitivity,
            "ask": catalogue.roles[factor.ask].name[lang],
            "measures": "; ".join(catalogue.measures[measure].name[lang] for measure in factor.measures),
            "source": factor.published.source,
        }
        for factor in catalogue.factors.values()
    ]
    return pd.DataFrame(rows)


def _title(catalogue: Catalogue, lang: str) -> str:
    return text(
        "catalogue.title",
        lang,
        factors=len(catalogue.factors),
        constructs=len(catalogue.constructs),
        measures=len(catalogue.measures),
        programme=catalogue.programme.title[lang],
    )


def _groups(catalogue: Catalogue, lang: str) -> list[tuple[str, list[list[str]]]]:
    groups = []
    for group in catalogue.groups.values():
        members = [_row(catalogue, factor, lang) for factor in catalogue.factors.values() if factor.group == group.id]
        if members:
            groups.append((group.name[lang], members))
    return groups


def _row(catalogue: Catalogue, factor: RiskFactor, lang: str) -> list[str]:
    construct = catalogue.constructs[factor.construct]
    return [
        factor.id,
        factor.name[lang],
        construct.name[lang],
        percent(factor.prior_share, lang, 0),
        number(construct.odds_ratio, lang, 1),
        text("catalogue.table.core", lang) if factor.core else "",
        text(f"catalogue.sensitivity.{factor.sensitivity}", lang),
    ]
