"""One HTML page for a browser or a printer: escaped throughout, one style sheet, nothing from elsewhere, no script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Literal

from pumpurs_risk.errors import RunError

_STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
html { font: 11pt/1.45 "Segoe UI", "Noto Sans", "DejaVu Sans", Arial, sans-serif; color: #1c2229; background: #fff; }
body { max-width: 186mm; margin: 0 auto; padding: 10mm 6mm; }
h1 { font-size: 17pt; line-height: 1.2; margin: 0 0 2mm; }
h2 { font-size: 13pt; line-height: 1.25; margin: 8mm 0 2mm; border-bottom: .4mm solid #1b4965; padding-bottom: 1mm; }
h2, h3 { break-after: avoid; }
h3 { font-size: 11pt; margin: 5mm 0 1mm; }
p, ul { margin: 0 0 2.5mm; }
ul { padding-left: 5mm; }
li { margin-bottom: .8mm; }
.verdict { font-size: 13pt; font-weight: 600; line-height: 1.35; margin: 3mm 0 4mm; padding: 3mm 4mm; }
.verdict { border-left: 2mm solid #1b4965; background: #eef3f7; }
.warning { border-left: 2mm solid #9c4500; background: #fdf3ea; padding: 2mm 4mm; margin: 2mm 0 3mm; }
.small { font-size: 9pt; color: #444d57; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: 1mm 0 4mm; font-size: 9.5pt; }
caption { text-align: left; font-weight: 600; padding: 1mm 0; }
th, td { text-align: left; vertical-align: top; padding: .8mm 2mm .8mm 0; border-bottom: .2mm solid #b8c1ca; }
thead th { border-bottom: .4mm solid #1b4965; }
tbody th { font-weight: 400; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
td.number { white-space: nowrap; }
figure { margin: 2mm 0 5mm; break-inside: avoid; }
figcaption { font-size: 9.5pt; color: #333c45; }
svg { max-width: 100%; height: auto; display: block; }
.pairs figure { display: inline-block; width: 48%; min-width: 76mm; margin-right: 1.5%; vertical-align: top; }
.many { display: grid; grid-template-columns: repeat(auto-fill, minmax(42mm, 1fr)); gap: 2mm 3mm; }
.many figure { margin: 0; }
.many figcaption { font-size: 8pt; line-height: 1.25; color: #1c2229; }
footer { margin-top: 8mm; border-top: .2mm solid #b8c1ca; padding-top: 2mm; font-size: 9pt; color: #444d57; }
@page { size: A4; margin: 12mm; }
@media print {
  html { font-size: 10pt; }
  body { max-width: none; padding: 0; }
  thead { display: table-header-group; }
  tr { break-inside: avoid; }
  .scroll { overflow: visible; }
}
"""


class Page:
    """A page that is filled from top to bottom; every text that is handed in is text, never markup.

    Parameters
    ----------
    title : str
        The page's heading and its title in the browser.
    lang : {"lv", "en"}
        Language of the page, for those who have it read aloud.
    style : str
        Rules behind those of all pages, such as a smaller print for a page with many pictures.

    Examples
    --------
    >>> page = Page("Modelis <1>", "lv")
    >>> page.table(["Klase", "Skolēni"], [["9.a", "23"]], caption="Klases", numbers=[1])
    >>> html = page.html()
    >>> "<h1>Modelis &lt;1&gt;</h1>" in html, '<html lang="lv">' in html, '<td class="number">23</td>' in html
    (True, True, True)
    """

    def __init__(self, title: str, lang: str, *, style: str = "") -> None:
        self.title = title
        self.lang = lang
        self.style = style
        self._parts: list[str] = []
        self._footer: list[str] = []

    def verdict(self, said: str) -> None:
        """Put what matters most into a frame."""
        self._add("p", said, "verdict")

    def warning(self, said: str) -> None:
        """Put something that a reader must not miss into a frame."""
        self._add("p", said, "warning")

    def heading(self, said: str, level: int = 2) -> None:
        """Begin a section; level 2 or 3, below the page's own heading."""
        self._add(f"h{level}", said)

    def text(self, *paragraphs: str) -> None:
        """Add paragraphs."""
        for said in paragraphs:
            self._add("p", said)

    def small(self, *paragraphs: str) -> None:
        """Add paragraphs in small print."""
        for said in paragraphs:
            self._add("p", said, "small")

    def bullets(self, items: Iterable[str]) -> None:
        """Add a list."""
        inside = "".join(f"<li>{escape(item)}</li>" for item in items)
        if inside:
            self._parts.append(f"<ul>{inside}</ul>")

    def table(
        self, headings: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str, numbers: Sequence[int] = ()
    ) -> None:
        """Add a table.

        Parameters
        ----------
        headings : sequence of str
            One per column.
        rows : iterable of sequence of str
            Cells as they are to be read; the first of each row is its heading.
        caption : str
            What the table shows.
        numbers : sequence of int
            Columns that are set to the right.
        """
        kind = ['class="number"' if column in numbers else "" for column in range(len(headings))]
        head = "".join(_cell("th", cell, f'scope="col" {k}') for cell, k in zip(headings, kind, strict=True))
        body = []
        for row in rows:
            cells = [_cell("th", row[0], f'scope="row" {kind[0]}')]
            cells += [_cell("td", cell, k) for cell, k in zip(row[1:], kind[1:], strict=True)]
            body.append(f"<tr>{''.join(cells)}</tr>")
        self._parts.append(
            f'<div class="scroll"><table><caption>{escape(caption)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
        )

    def picture(self, svg: str, caption: str) -> None:
        """Add a picture made by `pumpurs_risk.reports.chart`, with the sentence that says what it shows."""
        self._parts.append(_figure(svg, caption))

    def pictures(self, pictures: Iterable[tuple[str, str, str]], *, across: Literal["many", "pairs"] = "many") -> None:
        """Add pictures side by side, many small ones or two: title (may be empty), picture, caption."""
        figures = "".join(_figure(svg, caption, title) for title, svg, caption in pictures)
        self._parts.append(f'<div class="{across}">{figures}</div>')

    def footer(self, *lines: str) -> None:
        """Say at the foot what the page was made from and when."""
        self._footer += [f"<p>{escape(line)}</p>" for line in lines]

    def html(self) -> str:
        """Give the whole page."""
        footer = f"<footer>{''.join(self._footer)}</footer>" if self._footer else ""
        body = "\n".join(self._parts)
        return (
            f'<!DOCTYPE html>\n<html lang="{escape(self.lang)}">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
            f"<title>{escape(self.title)}</title>\n<style>{_STYLE}{self.style}</style>\n</head>\n"
            f"<body>\n<main>\n<h1>{escape(self.title)}</h1>\n{body}\n</main>\n{footer}\n</body>\n</html>\n"
        )

    def save(self, path: str | Path) -> None:
        """Write the page.

        Raises
        ------
        RunError
            If the file cannot be written.
        """
        try:
            Path(path).write_text(self.html(), encoding="utf-8", newline="\n")
        except OSError as error:
            raise RunError("cannot_write", path=str(path), detail=error.strerror or "") from None

    def _add(self, tag: str, said: str, kind: str = "") -> None:
        marked = f' class="{kind}"' if kind else ""
        self._parts.append(f"<{tag}{marked}>{escape(said)}</{tag}>")


def _cell(tag: str, said: str, attributes: str) -> str:
    attributes = attributes.strip()
    return f"<{tag}{' ' + attributes if attributes else ''}>{escape(str(said))}</{tag}>"


def _figure(svg: str, caption: str, title: str = "") -> str:
    named = f"<strong>{escape(title)}.</strong> " if title else ""
    return f"<figure>{svg}<figcaption>{named}{escape(caption)}</figcaption></figure>"
