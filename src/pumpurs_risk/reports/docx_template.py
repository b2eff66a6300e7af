"""Makes the Word templates that ship with the library: ``python -m pumpurs_risk.reports.docx_template``.

Words come from ``docx.template`` of the locale files. Who wants other words edits the Word file instead; see
docs/plan-template.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from pumpurs_risk.locale import LANGUAGES, text
from pumpurs_risk.reports.docx_package import DOCUMENT, Packing
from pumpurs_risk.reports.docx_template_parts import (
    CONTENT_TYPES,
    DOCUMENT_RELATIONS,
    FONTS,
    FOOTER_ID,
    HEAD,
    HEADER_ID,
    LIGHT,
    RELATIONS,
    ROOT,
    settings,
    styles,
)

WIDTH = 10205
"""Between the margins of A4, in twentieths of a point: 18 cm."""
_LEARNER = {
    case: f"{{{{ learner.{case.lower()}{' | capitalize' if case[0].isupper() else ''} }}}}"
    for case in ("nominative", "genitive", "accusative", "Nominative", "Genitive", "Accusative")
}


class _Template:
    """The pieces from which the body is put together, in one language."""

    def __init__(self, lang: str) -> None:
        self.lang = lang

    def word(self, key: str, **params: str) -> str:
        return text(f"docx.template.{key}", self.lang, **(_LEARNER | params))  # type: ignore[arg-type]

    def heading(self, key: str, level: int = 1) -> str:
        return paragraph(self.word(key), f"Heading{level}")

    def table(self, key: str, columns: Sequence[tuple[str, int]], rows: str, place: str, of: str = "") -> str:
        """A table with a repeated heading row; below its rows stand those that people added, or an empty one to write in."""
        header = "".join(
            cell(paragraph(self.word(name) if name else "", "CellLabel"), width, fill=True) for name, width in columns
        )
        added = (
            repeat(f"for row in added.{place}", len(columns))
            + row(cell(each("for cell in row.cells", paragraph("{{ cell }}", "Cell")), WIDTH, span=len(columns)))
            + repeat("endfor", len(columns))
        )
        if of:
            blank = row("".join(cell(paragraph("", "Cell"), width) for _, width in columns))
            added += repeat(f"if not {of} and not added.{place}", len(columns)) + blank + repeat("endif", len(columns))
        return table(self.word(key), [width for _, width in columns], row(header, header=True) + rows + added)

    def body(self) -> str:
        return "".join((
            self.top(), self.risks(), self.strengths(), self.goals(), self.measures(), self.partners(), self.views(),
            self.review(), self.evaluation(), self.signatures(), self.rest(),
        ))  # fmt: skip

    def top(self) -> str:
        facts = (
            ("pupil", "{{ plan.shown }}", "class", "{{ plan.class_name }}"),
            ("school", "{{ plan.school }}", "municipality", "{{ plan.municipality }}"),
            ("semester", "{{ plan.semester }}", "status", "{{ status }}"),
            ("plan_number", "{{ plan.id }}, " + f"{self.word('version')} {{{{ plan.version }}}}", "preparer", "{{ preparer }}"),
            ("programme", "{{ plan.programme }}", "application",
             f"{{{{ application.on_file }}}} {self.word('application_on_file')} {{{{ application.date }}}}"),
        )  # fmt: skip
        rows = "".join(
            row(
                cell(paragraph(self.word(left), "CellLabel"), 1900, fill=True) + cell(paragraph(value, "Cell"), 3400)
                + cell(paragraph(self.word(right), "CellLabel"), 1700, fill=True) + cell(paragraph(other, "Cell"), 3205)
            )
            for left, value, right, other in facts
        )  # fmt: skip
        return (
            paragraph("{{ draft_mark }}", "DraftMark")
            + each("if plan.is_draft", paragraph(self.word("draft_note"), "Guidance"), "endif")
            + paragraph("{{ plan.title }}", "Title")
            + paragraph("{{ plan.school }}{% if plan.semester %}, {{ plan.semester }}{% endif %}", "Subtitle")
            + table(self.word("document"), [1900, 3400, 1700, 3205], rows, first_row=False)
            + paragraph("{{ plan.application_note }}", "CellNote")
        )

    def risks(self) -> str:
        columns = (("risk", 2300), ("justification", 4905), ("since", 1700), ("tell_parents", 1300))
        title = paragraph("{{ risk.title }}", "CellLabel")
        state = each("if risk.state", paragraph("{{ risk.state }}", "CellNote"), "endif")
        rows = (
            repeat("for group in groups", 4)
            + row(cell(paragraph("{{ group.box }} {{ group.name }}", "CellLabel"), WIDTH, span=4), keep=True)
            + repeat("for risk in group.risks", 4)
            + row(
                cell(title, 2300)
                + cell(paragraph("{{ risk.justification }}", "Cell"), 4905)
                + cell(paragraph("{{ risk.since }}", "Cell") + state, 1700)
                + cell(paragraph("{{ risk.tell_parents }}", "Cell", centre=True), 1300)
            )
            + repeat("endfor", 4)
            + repeat("endfor", 4)
        )  # fmt: skip
        return (
            self.heading("risks")
            + paragraph(self.word("risks_note"), "Guidance")
            + self.table("risks", columns, rows, "risks")
        )

    def strengths(self) -> str:
        strength = (
            repeat("for strength in strengths", 1)
            + row(cell(paragraph("{{ strength.text }}", "Cell"), WIDTH))
            + repeat("endfor", 1)
        )
        unknown = (
            repeat("for gap in unknown", 2)
            + row(cell(paragraph("{{ gap.text }}", "Cell"), 7205) + cell(paragraph("{{ gap.role }}", "Cell"), 3000))
            + repeat("endfor", 2)
        )
        return (
            self.heading("strengths")
            + self.table("strengths", (("strength", WIDTH),), strength, "strengths", "strengths")
            + self.heading("unknown")
            + self.table("unknown", (("unknown_what", 7205), ("unknown_role", 3000)), unknown, "unknown", "unknown")
        )  # fmt: skip

    def goals(self) -> str:
        rows = (
            repeat("for goal in goals", 3)
            + row(
                cell(paragraph("{{ goal.text }}", "Cell"), 6305)
                + cell(paragraph("{{ goal.risk }}", "Cell"), 2300)
                + cell(paragraph("{{ goal.by }}", "Cell"), 1600)
            )
            + repeat("endfor", 3)
        )
        return self.heading("goals") + self.table(
            "goals", (("goal", 6305), ("goal_risk", 2300), ("goal_by", 1600)), rows, "goals", "goals"
        )

    def measures(self) -> str:
        columns = (
            ("answers", 1550),
            ("what", 2555),
            ("who", 1450),
            ("frequency", 1250),
            ("when", 1400),
            ("success", 2000),
        )
        note = each(
            "if m.evidence or m.offered",
            paragraph("{{ m.evidence }}{% if m.evidence and m.offered %}; {% endif %}{{ m.offered }}", "CellNote"),
            "endif",
        )
        rows = (
            repeat("for m in measures", 6)
            + row(
                cell(paragraph("{{ m.risks }}", "Cell"), 1550)
                + cell(paragraph("{{ m.what }}", "Cell") + note, 2555)
                + cell(paragraph("{{ m.who }}", "Cell"), 1450)
                + cell(paragraph("{{ m.frequency }}", "Cell"), 1250)
                + cell(paragraph("{{ m.from }} –", "Cell") + paragraph("{{ m.to }}", "Cell"), 1400)
                + cell(paragraph("{{ m.success }}", "Cell"), 2000)
            )
            + repeat("endfor", 6)
        )
        uncovered = each("if uncovered", paragraph(self.word("uncovered", risks="{{ uncovered }}")), "endif")
        return (
            self.heading("measures") + paragraph(self.word("measures_note"), "Guidance")
            + self.table("measures", columns, rows, "measures", "measures") + uncovered
        )  # fmt: skip

    def partners(self) -> str:
        rows = (
            repeat("for partner in partners", 3)
            + row(
                cell(paragraph("{{ partner.name }}", "CellLabel"), 2600)
                + cell(paragraph("{{ partner.reason }}", "Cell"), 4105)
                + cell(paragraph("{{ partner.ground }}", "Cell"), 3500)
            )
            + repeat("endfor", 3)
        )
        return self.heading("partners") + self.table(
            "partners", (("partner", 2600), ("reason", 4105), ("ground", 3500)), rows, "partners", "partners"
        )

    def views(self) -> str:
        return (
            self.heading("views") + self.heading("pupil_view", 2) + paragraph(self.word("pupil_view_note"), "Guidance")
            + paragraph("{{ pupil_view }}", "Answer")
            + paragraph(f"{self.word('readiness')}: {{{{ readiness }}}}")
            + self.heading("parents_view", 2) + paragraph(self.word("parents_view_note"), "Guidance")
            + paragraph("{{ parents_view }}", "Answer")
        )  # fmt: skip

    def review(self) -> str:
        return (
            self.heading("review")
            + paragraph(self.word("review_note"), "Guidance")
            + paragraph("{{ review }}", "Answer")
            + self.heading("stop_reason", 2)
            + paragraph("{{ stop_reason }}", "Answer")
        )

    def evaluation(self) -> str:
        def part(name: str, each_of: str, first: str, rest: str) -> str:
            columns = ((name, 3700), ("result", 2200), (rest, 4305))
            rows = (
                repeat(f"for one in {each_of}", 3)
                + row(
                    cell(paragraph(f"{{{{ one.{first} }}}}", "Cell"), 3700)
                    + cell(paragraph("{{ one.result }}", "Cell"), 2200)
                    + cell(paragraph("{{ one.result_text }}", "Cell"), 4305)
                )
                + repeat("endfor", 3)
            )
            return self.table(name, columns, rows, f"evaluation_{each_of}")

        return (
            self.heading("evaluation") + paragraph(self.word("evaluation_note"), "Guidance")
            + part("what", "measures", "name", "result_text") + paragraph("", "CellNote")
            + part("risk", "risks", "title", "evaluation_risk")
            + self.heading("evaluation_whole", 2) + paragraph("{{ evaluation }}", "Answer")
            + paragraph(f"{self.word('next_review')}: {{{{ next_review }}}}")
        )  # fmt: skip

    def signatures(self) -> str:
        columns = (("signer", 3300), ("signer_name", 2905), ("date", 1900), ("signature", 2100))
        rows = (
            repeat("for signer in signers", 4)
            + row(
                cell(paragraph("{{ signer.role }}", "Cell"), 3300)
                + cell(paragraph("{{ signer.name }}", "Cell"), 2905)
                + cell(paragraph("{{ signer.date }}", "Cell"), 1900)
                + cell(paragraph("", "Cell"), 2100),
                height=480,
            )
            + repeat("endfor", 4)
        )
        return self.heading("signatures") + self.table("signatures", columns, rows, "signatures")

    def rest(self) -> str:
        added = self.heading("added", 2) + each(
            "for row in added.text",
            each("if row.kind", paragraph("{{ row.kind }}:", "CellNote"), "endif")
            + each("for cell in row.cells", paragraph("{{ cell }}", "Answer")),
        )
        other = self.heading("other", 2) + each("for field in other", paragraph("{{ field.tag }}: {{ field.control }}"))
        return (
            self.heading("notes") + paragraph("{{ notes }}", "Answer")
            + each("if added.text", added, "endif") + each("if other", other, "endif")
        )  # fmt: skip

    def header(self) -> str:
        start = paragraph("{{ plan.short }}, {{ plan.id }}\t", "Header").removesuffix("</w:p>")
        return f"{start}<w:r><w:rPr><w:b/><w:bCs/><w:caps/></w:rPr><w:t>{{{{ draft_mark }}}}</w:t></w:r></w:p>"

    def footer(self) -> str:
        plan = self.word("footer_plan", id="{{ plan.id }}", version="{{ plan.version }}")
        run = self.word("footer_run", run="{{ plan.run }}")
        expires = self.word("footer_expires", expires="{{ plan.expires }}")
        days = f"{self.word('footer_as_of', as_of='{{ plan.as_of }}')}; {expires}"
        pages = _run(self.word("page_before")) + _field("PAGE") + _run(self.word("page_between")) + _field("NUMPAGES")
        start = _run(f"{self.word('confidential')}; {plan}")
        first = f'<w:p><w:pPr><w:pStyle w:val="Footer"/></w:pPr>{start}<w:r><w:tab/></w:r>{pages}</w:p>'
        return first + paragraph(f"{{% if plan.run %}}{run}; {{% endif %}}{days}", "Footer")


def template(lang: str) -> bytes:
    """Make the template of one language.

    Parameters
    ----------
    lang : {"lv", "en"}
        Which.

    Returns
    -------
    bytes
        A ``.docx`` with tags; the same bytes each time.
    """
    made = _Template(lang)
    section = (
        f'<w:sectPr><w:headerReference w:type="default" r:id="{HEADER_ID}"/>'
        f'<w:footerReference w:type="default" r:id="{FOOTER_ID}"/>'
        '<w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1134" w:right="850" w:bottom="1021" w:left="851" w:header="510"'
        ' w:footer="454" w:gutter="0"/></w:sectPr>'
    )
    parts = {
        "[Content_Types].xml": CONTENT_TYPES,
        "_rels/.rels": RELATIONS,
        DOCUMENT: f"{HEAD}<w:document {ROOT}><w:body>{made.body()}{section}</w:body></w:document>",
        "word/_rels/document.xml.rels": DOCUMENT_RELATIONS,
        "word/header1.xml": f"{HEAD}<w:hdr {ROOT}>{made.header()}</w:hdr>",
        "word/footer1.xml": f"{HEAD}<w:ftr {ROOT}>{made.footer()}</w:ftr>",
        "word/styles.xml": styles(lang),
        "word/settings.xml": settings(lang),
        "word/fontTable.xml": FONTS,
    }
    return Packing({name: xml.encode() for name, xml in parts.items()}).pack({})


def paragraph(written: str, style: str = "", *, centre: bool = False) -> str:
    """Return a paragraph; a tab in its text becomes a tab stop."""
    layout = (f'<w:pStyle w:val="{style}"/>' if style else "") + ('<w:jc w:val="center"/>' if centre else "")
    properties = f"<w:pPr>{layout}</w:pPr>" if layout else ""
    runs = "<w:r><w:tab/></w:r>".join(_run(part) for part in written.split("\t"))
    return f"<w:p>{properties}{runs}</w:p>"


def each(opening: str, inside: str, closing: str = "endfor") -> str:
    """Return paragraphs between two tags that vanish with their own paragraphs."""
    return f"{paragraph(f'{{%p {opening} %}}')}{inside}{paragraph(f'{{%p {closing} %}}')}"


def repeat(tag: str, columns: int) -> str:
    """Return a table row that only holds a tag and vanishes."""
    return row(cell(paragraph(f"{{%tr {tag} %}}", "Cell"), WIDTH, span=columns))


def row(cells: str, *, header: bool = False, keep: bool = False, height: int = 0) -> str:
    """Return a table row that no page break splits."""
    tall = f'<w:trHeight w:val="{height}" w:hRule="atLeast"/>' if height else ""
    repeated = "<w:tblHeader/>" if header else ""
    if keep or header:
        cells = cells.replace('"/></w:pPr>', '"/><w:keepNext/></w:pPr>')
    return f"<w:tr><w:trPr><w:cantSplit/>{tall}{repeated}</w:trPr>{cells}</w:tr>"


def cell(inside: str, width: int, *, span: int = 1, fill: bool = False) -> str:
    """Return a table cell."""
    spanned = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    shade = f'<w:shd w:val="clear" w:color="auto" w:fill="{LIGHT}"/>' if fill else ""
    return f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{spanned}{shade}</w:tcPr>{inside}</w:tc>'


def table(title: str, widths: Sequence[int], rows: str, *, first_row: bool = True) -> str:
    """Return a table with a title for screen readers."""
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    look = (
        f'<w:tblLook w:val="{"0020" if first_row else "0000"}" w:firstRow="{int(first_row)}" w:lastRow="0"'
        ' w:firstColumn="0" w:lastColumn="0" w:noHBand="1" w:noVBand="1"/>'
    )
    return (
        f'<w:tbl><w:tblPr><w:tblStyle w:val="PlanTable"/><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:tblLayout w:type="fixed"/>'
        f'{look}<w:tblCaption w:val="{escape(title)}"/></w:tblPr><w:tblGrid>{grid}</w:tblGrid>{rows}</w:tbl>'
    )


def _run(written: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{escape(written)}</w:t></w:r>' if written else ""


def _field(code: str) -> str:
    return f'<w:fldSimple w:instr=" {code} "><w:r><w:t>1</w:t></w:r></w:fldSimple>'


def main() -> None:
    """Write both templates beside this file."""
    folder = Path(__file__).parent / "templates"
    folder.mkdir(exist_ok=True)
    for lang in LANGUAGES:
        (folder / f"plan_{lang}.docx").write_bytes(template(lang))


if __name__ == "__main__":
    main()
