"""Prints a support plan into a Word template: compiled once, printed for every plan; the same plan gives the same bytes.

The template is a Word document with tags (``{{ plan.title }}``, ``{%tr for m in measures %}``); docs/plan-template.md says
which. It may come from outside, so it runs in a sandbox and is tried out when it is loaded.
"""

from __future__ import annotations

import base64
import datetime as dt
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from pumpurs_risk.errors import PlanError
from pumpurs_risk.locale import check_language, text
from pumpurs_risk.plans import SupportPlanDraft
from pumpurs_risk.reports.docx_controls import visible
from pumpurs_risk.reports.docx_package import DOCUMENT, Packing, W, parse, read_parts
from pumpurs_risk.reports.docx_segments import Piece, fingerprint, pieces
from pumpurs_risk.reports.docx_words import PARTS, SINGLE, PlanWords

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.reports.docx_compile import CompiledPart

_SHIPPED = Path(__file__).parent / "templates"
_CORE, _CUSTOM = "docProps/core.xml", "docProps/custom.xml"
PROPERTY_LENGTH = 240
"""Word keeps 255 characters of a property."""
NOT_READ_BACK = ("plan_id", "plan_version", "shown")
"""Controls that nobody's words are taken from: a name never gets into a plan's data."""


class PlanTemplate:
    """A Word template for support plans, checked and compiled; obtained with `load`.

    Parameters
    ----------
    parts : mapping of str to bytes
        The template's parts.
    compiled : mapping of str to CompiledPart
        Body, headers and footers.
    lang : {"lv", "en"}
        Language of the plans.
    """

    def __init__(self, parts: Mapping[str, bytes], compiled: Mapping[str, CompiledPart], lang: str) -> None:
        self.lang = lang
        self._packing = Packing(parts)
        self._compiled = dict(compiled)
        self.tables: dict[str, str] = {}
        """Heading of each part's table, also of one that is empty in a plan."""
        self.places = frozenset().union(*(part.places for part in compiled.values()))

    @classmethod
    def load(cls, path: Path | str | None = None, lang: str = "lv") -> PlanTemplate:
        """Open a template and try it out on a full plan and on an almost empty one.

        Parameters
        ----------
        path : pathlib.Path or str, optional
            A ``.docx`` with tags; by default the template that ships with the library.
        lang : {"lv", "en"}
            Language of the plans.

        Returns
        -------
        PlanTemplate
            Ready to print.

        Raises
        ------
        PlanError
            If it is no Word document, a tag is not understood or asks for what there is not, it holds code, or lacks what a
            plan must have.

        Examples
        --------
        >>> PlanTemplate.load(lang="lv").lang
        'lv'
        """
        from pumpurs_risk.reports.docx_checks import try_out
        from pumpurs_risk.reports.docx_compile import compile_parts

        check_language(lang)
        path = _SHIPPED / f"plan_{lang}.docx" if path is None else Path(path)
        parts = with_properties(read_parts(path), path.name)
        template = cls(parts, compile_parts(parts, path.name), lang)
        template.tables = try_out(template, path.name)
        return template

    def render(self, plan: SupportPlanDraft, catalogue: Catalogue, shown: str = "") -> bytes:
        """Print a plan.

        Parameters
        ----------
        plan : SupportPlanDraft
            The plan; in whatever language it was drafted, the controls speak it.
        catalogue : Catalogue
            For the names of risks, roles, partners and statuses.
        shown : str, optional
            The pupil's name, where it may stand on paper; else the pupil's own id is printed. It is not read back.

        Returns
        -------
        bytes
            A ``.docx``.

        Raises
        ------
        PlanError
            If the template asks for something that this plan does not have.
        """
        return self.pack(plan, self.rendered(plan, catalogue, shown))

    def rendered(self, plan: SupportPlanDraft, catalogue: Catalogue, shown: str = "") -> dict[str, str]:
        """Return body, headers and footers as XML, by part."""
        words = PlanWords(plan, catalogue, shown, self.places).context()
        body_first = sorted(self._compiled, key=lambda name: name != DOCUMENT)
        return {name: self._compiled[name].render(words) for name in body_first}

    def pack(self, plan: SupportPlanDraft, rendered: Mapping[str, str]) -> bytes:
        """Put rendered parts into a file that says which plan it is."""
        encoded = {name: xml.encode() for name, xml in rendered.items()}
        ours = own_tags(tag for tag in plan.fields if not is_field(tag))
        roots = {name: parse(xml, name) for name, xml in encoded.items()}
        found = {name: pieces(root, ours) for name, root in roots.items()}
        printed = self.tables | parts_printed(found[DOCUMENT])
        edges = [piece for name, root in roots.items() if name != DOCUMENT for piece in pieces(root, _nothing)]
        properties = {
            "pumpurs_plan": plan.plan_id,
            "pumpurs_version": str(plan.version),
            "pumpurs_lang": plan.lang,
            **_in_pieces("pumpurs_tags", packed_tags(piece.tag for piece in found[DOCUMENT] if piece.tag)),
            **_in_pieces("pumpurs_parts", " ".join(f"{part}={heading}" for part, heading in printed.items())),
            **_in_pieces("pumpurs_unprinted", " ".join(sorted({*map(part_of, plan.fields)} - {*printed}))),
            **_in_pieces("pumpurs_words", _own_words((*(piece for part in found.values() for piece in part), *edges))),
            **_in_pieces("pumpurs_statuses", _statuses(found[DOCUMENT])),
        }
        encoded[_CORE] = core_properties(plan).encode()
        encoded[_CUSTOM] = custom_properties(properties).encode()
        return self._packing.pack(encoded)


def is_field(tag: str) -> bool:
    """Whether a tag is one that every plan knows: a single field, or a part's.

    Examples
    --------
    >>> is_field("measure.mentor.what"), is_field("phone")
    (True, False)
    """
    if tag in SINGLE:
        return True
    part, _, rest = tag.partition(".")
    return rest.rpartition(".")[2] in PARTS.get(part, ()) and "." in rest


class own_tags:  # noqa: N801 - used like a function
    """Says whether a control is the plan's.

    Parameters
    ----------
    further : iterable of str
        Tags of this plan that not every plan has.
    """

    def __init__(self, further: Iterable[str] = ()) -> None:
        self._known = {*further, *NOT_READ_BACK}

    def __call__(self, tag: str) -> bool:
        """Whether it is."""
        return tag in self._known or tag.startswith("addition.") or is_field(tag)


def table_headings(body: Iterable[Piece]) -> dict[int, str]:
    """Return a fingerprint of each table's first row; empty where a control of ours stands in it."""
    first: dict[int, int] = {}
    words: dict[int, list[str]] = {}
    for piece in body:
        if piece.table >= 0 and first.setdefault(piece.table, piece.row) == piece.row:
            words.setdefault(piece.table, []).append("\0" if piece.tag else piece.text)
    return {table: "" if "\0" in told else fingerprint("|".join(told)) for table, told in words.items()}


def parts_printed(body: Sequence[Piece]) -> dict[str, str]:
    """Return the parts with the heading of the table they stand in, so that a table taken out is told from rows taken out."""
    headings = table_headings(body)
    parts: dict[str, str] = {}
    for piece in body:
        if part_of(piece.tag):
            parts.setdefault(part_of(piece.tag), headings.get(piece.table, ""))
    return parts


def part_of(tag: str) -> str:
    """Return the part of the document to which a field belongs: a table, or the field itself.

    Examples
    --------
    >>> part_of("measure.mentor.what"), part_of("measure.mentor.result"), part_of("pupil_view")
    ('measures', 'evaluation_measures', 'pupil_view')
    """
    if not tag or tag in NOT_READ_BACK or tag.startswith("addition."):
        return ""
    first, _, rest = tag.partition(".")
    if first in ("risk", "measure") and rest.rpartition(".")[2] in ("result", "result_text"):
        return f"evaluation_{first}s"
    plural = {"risk": "risks", "strength": "strengths", "unknown": "unknown", "goal": "goals", "measure": "measures",
              "partner": "partners", "sign": "signatures"}  # fmt: skip
    return plural.get(first, tag) if rest else tag


def packed_tags(tags: Iterable[str]) -> str:
    """Return tags in few characters, as a property of the file.

    Examples
    --------
    >>> unpacked_tags(packed_tags(["pupil_view", "notes"]))
    ('notes', 'pupil_view')
    """
    return base64.b85encode(zlib.compress(" ".join(sorted(set(tags))).encode(), 9)).decode()


def unpacked_tags(packed: str) -> tuple[str, ...]:
    """Return the tags again; none if the property was damaged."""
    try:
        unpack = zlib.decompressobj()
        return tuple(unpack.decompress(base64.b85decode(packed), 2**20).decode().split())
    except (ValueError, zlib.error):
        return ()


def _nothing(tag: str) -> bool:
    """Header and footer are also remembered as whole lines, because some programs drop the controls in them."""
    return False


def _statuses(body: Iterable[Piece]) -> str:
    """Words of the programme's statuses, which are not in the locale files."""
    control = next((piece.control for piece in body if piece.tag == "status"), None)
    items = [] if control is None else control.iter(f"{W}listItem")
    return ";".join(f"{item.get(f'{W}value')}={item.get(f'{W}displayText')}" for item in items)


def _own_words(found: Iterable[Piece]) -> str:
    return "".join(sorted({fingerprint(piece.text) for piece in found if not piece.tag}))


def _in_pieces(name: str, value: str) -> dict[str, str]:
    return {
        f"{name}_{number}": value[start : start + PROPERTY_LENGTH]
        for number, start in enumerate(range(0, len(value), PROPERTY_LENGTH), 1)
    }


def custom_properties(properties: Mapping[str, str]) -> str:
    """Return Word's part for a document's own properties."""
    rows = "".join(
        f'<property fmtid="{{D5CDD505-2E9C-101B-9397-08002B2CF9AE}}" pid="{number}" name={quoteattr(name)}>'
        f"<vt:lpwstr>{escape(visible(value))}</vt:lpwstr></property>"
        for number, (name, value) in enumerate(properties.items(), 2)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"'
        f' xmlns:vt="http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes">{rows}</Properties>'
    )


def core_properties(plan: SupportPlanDraft) -> str:
    """Return Word's part for title, language and dates; no person stands in it."""
    title = f"{text('docx.template.document', plan.lang)}, {plan.plan_id}"
    day = dt.datetime.combine(plan.as_of, dt.time()).isoformat() + "Z"
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<cp:coreProperties'
        ' xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{escape(visible(title))}</dc:title><dc:creator>pumpurs_risk</dc:creator>"
        f'<dcterms:created xsi:type="dcterms:W3CDTF">{day}</dcterms:created>'
        f'<dcterms:modified xsi:type="dcterms:W3CDTF">{day}</dcterms:modified>'
        f"<dc:language>{plan.lang}</dc:language></cp:coreProperties>"
    )


def with_properties(parts: Mapping[str, bytes], file: str) -> dict[str, bytes]:
    """Return a template's parts with a place for its properties, where it had none."""
    parts = dict(parts)
    types, relations = parts.get("[Content_Types].xml", b"").decode(), parts.get("_rels/.rels", b"").decode()
    if "</Types>" not in types or "</Relationships>" not in relations:
        raise PlanError("plan_damaged", file=file)
    package = "http://schemas.openxmlformats.org/package/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006"
    for name, kind, relation in (
        (_CORE, "vnd.openxmlformats-package.core-properties", f"{package}/relationships/metadata/core-properties"),
        (_CUSTOM, "vnd.openxmlformats-officedocument.custom-properties", f"{office}/relationships/custom-properties"),
    ):
        if name not in types:
            override = f'<Override PartName="/{name}" ContentType="application/{kind}+xml"/></Types>'
            types = types.replace("</Types>", override)
        if relation not in relations:
            number = name.partition("/")[2].partition(".")[0]
            entry = f'<Relationship Id="pumpurs_{number}" Type="{relation}" Target="{name}"/></Relationships>'
            relations = relations.replace("</Relationships>", entry)
        parts.setdefault(name, b"")
    return parts | {"[Content_Types].xml": types.encode(), "_rels/.rels": relations.encode()}
