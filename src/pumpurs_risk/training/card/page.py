"""The point card on paper: one HTML page that prints on A4 and needs nothing but a pencil."""

from __future__ import annotations

from html import escape
from itertools import zip_longest
from math import ceil, inf, isinf
from typing import TYPE_CHECKING

import numpy as np

from pumpurs_risk.locale import has_text, number, text
from pumpurs_risk.training.card.lines import FactorLine, Line, PairLine, Scale

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.training.points import PointScorecard

_BANDS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.10, 0.15, 0.20, 0.30, 0.40, 0.60)
"""Risks at which a new column of the risk table begins."""
_SIZES = (9.5, 9.0, 8.5, 8.0, 7.6, 7.2, 6.8, 6.4, 6.0, 5.6)
"""Sizes of type in points; the largest with which the card fits on a page is taken."""
_PAGE_HIGH, _PAGE_WIDE = 274.0, 190.0
"""Millimetres inside the margins."""
_MM, _LETTER = 0.3528, 0.57
"""Millimetres of a point; mean width of a letter in em, of a wide font (DejaVu Sans), so that others fit as well."""
_MANY = 18
"""Lines from which on points stand beside their values instead of below them."""

_STYLE = """
@page { size: A4; margin: 9mm 10mm; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 190mm; font: %(size)spt/1.25 "Segoe UI", "Noto Sans", "DejaVu Sans", Arial, sans-serif;
  color: #111; background: #fff; }
h1 { font-size: 1.6em; margin: 0 0 .3em; }
h2 { font-size: 1.15em; margin: .7em 0 .3em; }
p { margin: .25em 0; }
.fields { display: flex; gap: 5mm; margin: .5em 0 .6em; }
.fields span { flex: 1; border-bottom: 1px solid #555; padding-bottom: .15em; min-height: 1.9em; color: #444; }
table { border-collapse: collapse; width: 100%%; }
th, td { border: 1px solid #999; padding: .2em .4em; text-align: left; vertical-align: middle; }
th { background: #eee; font-weight: 600; }
tr { break-inside: avoid; }
td.name { width: 27%%; }
td.name small { color: #444; display: block; font-size: .88em; }
td.mine, th.mine { width: 12mm; text-align: center; }
td.values { padding: .15em .25em; }
.cell { display: inline-block; border: 1px solid #bbb; border-radius: 2px; margin: .07em .08em; padding: .03em .35em;
  text-align: center; vertical-align: top; min-width: 2.6em; }
.cell b { display: block; font-size: 1.1em; }
.years + .years { margin-top: .2em; }
.years .cell { min-width: 2em; }
.dense .cell b { display: inline; font-size: 1em; }
.dense .cell b::before { content: "\\00a0\\2192\\00a0"; font-weight: 400; }
.dense td, .dense th { padding-top: .08em; padding-bottom: .08em; }
.dense td.name { width: 36%%; }
.dense td.name small { display: inline; margin-left: .6em; }
.dense td.values { padding-top: 0; padding-bottom: 0; }
.cell.unknown { border-style: dashed; border-color: #555; font-style: italic; }
.cell.unknown b { font-style: normal; }
table.pair { width: auto; }
table.pair th, table.pair td { text-align: center; padding: .05em .4em; border-color: #bbb; font-weight: 400; }
table.pair td { font-weight: 700; }
.total td { font-weight: 700; font-size: 1.1em; text-align: right; }
.risk th { text-align: left; width: 22%%; }
.risk td { text-align: center; }
.risk tr.estimate td { font-weight: 700; }
.notes { font-size: .92em; color: #333; margin-top: .6em; }
.notes p.strong { color: #111; font-weight: 600; }
@media screen { body { padding: 8mm 4mm; } }
"""


def card_page(card: PointScorecard, lang: str) -> str:
    """Write the page.

    Parameters
    ----------
    card : PointScorecard
        The card.
    lang : {"lv", "en"}
        The reader's language.

    Returns
    -------
    str
        HTML.
    """
    title = text("points.title", lang)
    fields = "".join(f"<span>{escape(text(f'points.field.{name}', lang))}:</span>" for name in ("who", "date", "by"))
    head = "".join(
        f'<th class="{name}">{escape(text(f"points.column.{name}", lang))}</th>'
        for name in ("factor", "values", "mine")
    )
    lines = "\n".join(_row(line, card.catalogue, lang) for line in card.lines)
    total = (
        f'<tr class="total"><td colspan="2">{escape(text("points.total.name", lang))}</td><td class="mine"></td></tr>'
    )
    return f"""<!DOCTYPE html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{_STYLE % {"size": _size(card, lang)}}</style>
</head>
<body{' class="dense"' if len(card.lines) > _MANY else ""}>
<h1>{escape(title)}</h1>
<p>{escape(text("points.how", lang))}</p>
<div class="fields">{fields}</div>
<table>
<thead><tr>{head}</tr></thead>
<tbody>
{lines}
{total}
</tbody>
</table>
{_risks(card, lang)}
{_notes(card, lang)}
</body>
</html>
"""


def _size(card: PointScorecard, lang: str) -> float:
    return next((size for size in _SIZES if _height(card, lang, size) <= _PAGE_HIGH), _SIZES[-1])


def _height(card: PointScorecard, lang: str, size: float) -> float:
    """About how many millimetres the page is high; browsers differ, so it is reckoned on the safe side."""
    em = size * _MM
    dense = len(card.lines) > _MANY
    name_wide = (0.36 if dense else 0.27) * _PAGE_WIDE / em - 1
    values_wide = (0.56 if dense else 0.64) * _PAGE_WIDE / em - 1
    total = 32.0  # title, fields, heads, risks and notes
    for line in card.lines:
        if isinstance(line, PairLine):
            total += 1.5 * (line.left.n_parts + 3)
            continue
        heading = _LETTER * len(_heading(line.scale.factor, card.catalogue, lang).replace("<small></small>", ""))
        names = 1.25 * ceil(heading / name_wide)
        rows = [[words for words, _ in cells] for cells in _cell_rows(line, card.catalogue, lang)]
        cell = 1.5 if dense else 2.75
        high = sum(cell * _rows_needed(row, values_wide, dense) for row in rows)
        total += max(names, high + 1.25 * (len(rows) - 1)) + (0.2 if dense else 0.5)
    return total * em


def _rows_needed(words: list[str], wide: float, dense: bool) -> int:
    rows, used = 1, 0.0
    for word in words:
        needed = max(2.6, _LETTER * (len(word) + (4 if dense else 0)) + 0.8) + 0.45
        if used and used + needed > wide:
            rows, used = rows + 1, 0.0
        used += needed
    return rows


def _cell_rows(line: FactorLine, catalogue: Catalogue, lang: str) -> list[list[tuple[str, int]]]:
    """The cells of a line, "not recorded" last; a row per programme for levels of programmes."""
    unknown = (text("points.cell.unknown", lang), line.points[-1])
    programmes = _by_programme(line)
    if not programmes:
        return [[*_cells(line, catalogue, lang), unknown]]
    return [
        *(
            [
                (year or text(f"points.year_unknown.{programme}", lang), points[year])
                for year in (*(y for y in points if y), *(y for y in points if not y))
            ]
            for programme, points in programmes.items()
        ),
        [unknown],
    ]


def _row(line: Line, catalogue: Catalogue, lang: str) -> str:
    if isinstance(line, PairLine):
        left, right = (escape(_name(scale.factor, catalogue, lang)) for scale in (line.left, line.right))
        name = text("points.pair.title", lang, left=left, right=right)
        grid = _grid(line, catalogue, lang)
        return f'<tr><td class="name">{_capital(name)}</td><td class="values">{grid}</td><td class="mine"></td></tr>'
    scale = line.scale
    unknowns = {
        text("points.cell.unknown", lang),
        *(text(f"points.year_unknown.{p}", lang) for p in _by_programme(line)),
    }
    rows = [
        "".join(_cell(*cell, " unknown" if cell[0] in unknowns else "") for cell in cells)
        for cells in _cell_rows(line, catalogue, lang)
    ]
    programmes = [f"{escape(text(f'points.level.{name}', lang))}:<br>" for name in _by_programme(line)]
    values = "".join(
        f'<div class="years">{name}{row}</div>' for name, row in zip_longest(programmes, rows, fillvalue="")
    )
    return (
        f'<tr><td class="name">{_heading(scale.factor, catalogue, lang)}</td>'
        f'<td class="values">{values}</td><td class="mine"></td></tr>'
    )


def _cell(words: str, points: int, kind: str = "") -> str:
    return f'<span class="cell{kind}">{escape(words)}<b>{points}</b></span> '


def _cells(line: FactorLine, catalogue: Catalogue, lang: str) -> list[tuple[str, int]]:
    if line.scale.levels:
        groups: dict[int, list[str]] = {}
        for level, points in zip(line.scale.levels, line.points, strict=False):
            groups.setdefault(points, []).append(level)
        return [(", ".join(groups[points]), points) for points in sorted(groups)]
    return [(part_text(line.scale, i, catalogue, lang), line.points[i]) for i in range(line.scale.n_parts)]


def _by_programme(line: FactorLine) -> dict[str, dict[str, int]]:
    """Points per programme and year, as the levels' names say; the year is empty where it is not known."""
    found: dict[str, dict[str, int]] = {}
    for level, points in zip(line.scale.levels, line.points, strict=False):
        programme, _, year = level.partition("-")
        if not has_text(f"points.level.{programme}", "en") or not (year.isdigit() or not year):
            return {}
        found.setdefault(programme, {})[year] = points
    return found


def part_text(scale: Scale, part: int, catalogue: Catalogue, lang: str) -> str:
    """Say which values a part of a scale holds, in the factor's unit.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> share = Scale(factor="absence_share", cuts=(0.03, 0.06), decimals=3)
    >>> [part_text(share, part, Catalogue.load(), "lv") for part in range(3)]
    ['0–2,9', '3,0–5,9', '6,0 un vairāk']
    """
    if scale.levels:
        programme, _, year = scale.levels[part].partition("-")
        known = has_text(f"points.level.{programme}", lang)
        return f"{text(f'points.level.{programme}', lang)} {year}".strip() if known else scale.levels[part]
    entry = catalogue.factors.get(scale.factor)
    times = 100.0 if entry is not None and entry.kind == "share" else 1.0
    decimals = scale.decimals - 2 if times == 100.0 else scale.decimals
    low, high = scale.bounds(part)
    least, most = entry.range if entry is not None and entry.range is not None else (-inf, inf)
    first = max(low, least)
    last = min(high - 10.0**-scale.decimals, most) if not isinf(high) else most

    def shown(value: float) -> str:
        whole = value in (least, most) and float(times * value).is_integer()
        return number(times * value, lang, 0 if whole else decimals)

    if entry is not None and scale.decimals == 0 and not isinf(first) and not isinf(last):
        if entry.kind == "yes_no":
            return "/".join(text(f"points.cell.{'yes' if v else 'no'}", lang) for v in range(int(first), int(last) + 1))
        if lang in entry.scale and first == last:
            word = entry.scale[lang][int(first - least)]
            return text("points.cell.word", lang, n=shown(first), word=word)
    if not isinf(last) and round(last - first, 9) == 0:
        return shown(first)
    if isinf(high) and not (entry is not None and lang in entry.scale):
        return text("points.cell.from", lang, low=shown(first)) if not isinf(first) else "…"
    if isinf(first) or (first < 0 and part == 0):
        return text("points.cell.up_to", lang, high=shown(last))
    signed = "_signed" if first < 0 else ""
    return text(f"points.cell.between{signed}", lang, low=shown(first), high=shown(last))


def _grid(line: PairLine, catalogue: Catalogue, lang: str) -> str:
    def heads(scale: Scale) -> list[str]:
        parts = [part_text(scale, i, catalogue, lang) for i in range(scale.n_parts)]
        return [escape(words) for words in (*parts, text("points.cell.unknown", lang))]

    top = "".join(f"<th>{words}</th>" for words in heads(line.right))
    rows = "".join(
        f"<tr><th>{words}</th>{''.join(f'<td>{points}</td>' for points in row)}</tr>"
        for words, row in zip(heads(line.left), line.points, strict=True)
    )
    return f'<table class="pair"><tr><th></th>{top}</tr>{rows}</table>'


def _risks(card: PointScorecard, lang: str) -> str:
    table = card.risk_table
    band = np.searchsorted(_BANDS, table["risk"].to_numpy(), side="right")
    groups = [table[band == b] for b in np.unique(band)]
    points, estimate, interval = [], [], []
    for group in groups:
        first, last = int(group["total"].iloc[0]), int(group["total"].iloc[-1])
        if last == card.max_total and first != last:
            points.append(text("points.risk.from", lang, low=first))
        else:
            points.append(str(first) if first == last else text("points.risk.between", lang, low=first, high=last))
        estimate.append(_of_100(group["risk"].iloc[0], group["risk"].iloc[-1], lang))
        interval.append(_of_100(group["lower"].iloc[0], group["upper"].iloc[-1], lang))
    rows = "".join(
        f'<tr class="{name}"><th>{escape(text(f"points.risk.{name}", lang))}</th>'
        f"{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
        for name, cells in (("points", points), ("estimate", estimate), ("interval", interval))
    )
    title = f"points.risk.title.{card.model.horizon}"
    heading = text(title if has_text(title, lang) else "points.risk.estimate", lang)
    return f'<h2>{escape(heading)}</h2>\n<table class="risk">{rows}</table>'


def _of_100(low: float, high: float, lang: str) -> str:
    first, last = round(100 * low), round(100 * high)
    if last < 1:
        return text("points.risk.below_one", lang)
    if first == last:
        return str(first)
    return text("points.risk.between", lang, low=first, high=last)


def _notes(card: PointScorecard, lang: str) -> str:
    outcomes = card.model.provenance.outcomes
    if outcomes:
        source = text("points.source.local", lang, count=outcomes, n=outcomes)
    else:
        source = text(f"points.source.{'evidence_points' if card.fitted else 'evidence'}", lang)
    said = [f'<p class="strong">{escape(source)}</p>']
    if card.fitted and not outcomes:
        said.append(f"<p>{escape(text('points.source.fitted', lang, count=card.leavers_, n=card.leavers_))}</p>")
    if card.model.schools is not None:
        said.append(f"<p>{escape(text('points.schools', lang))}</p>")
    said += [f"<p>{escape(text(f'points.{name}', lang))}</p>" for name in ("use", "confidential")]
    unit = number(card.log_odds_per_point, lang, 3)
    said.append(f"<p>{escape(text('points.made', lang, model=card.model.name, unit=unit))}</p>")
    return f'<div class="notes">{"".join(said)}</div>'


def _heading(factor: str, catalogue: Catalogue, lang: str) -> str:
    entry = catalogue.factors.get(factor)
    name = escape(_capital(_name(factor, catalogue, lang)))
    if entry is None or entry.kind in ("yes_no", "level") or lang in entry.scale:
        return name
    if entry.unit[lang].casefold() in entry.name[lang].casefold():
        return name
    return f"{name}<small>{escape(entry.unit[lang])}</small>"


def _name(factor: str, catalogue: Catalogue, lang: str) -> str:
    entry = catalogue.factors.get(factor)
    return factor if entry is None else entry.name[lang]


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
