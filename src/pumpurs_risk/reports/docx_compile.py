"""Turns the parts of a Word template into compiled templates that cannot run code.

docxtpl mends what Word split and knows ``{%tr %}`` and ``{%p %}``; the tags themselves are compiled here, once, in Jinja's
sandbox. On top of the sandbox, a template may only name, compare, repeat and choose: it can call nothing.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import StrictUndefined, nodes
from jinja2.exceptions import SecurityError, TemplateSyntaxError, UndefinedError
from jinja2.sandbox import SandboxedEnvironment

from pumpurs_risk.errors import PlanError
from pumpurs_risk.reports.docx_controls import Control, run_xml
from pumpurs_risk.reports.docx_faults import TemplateError, code_fault, syntax_fault
from pumpurs_risk.reports.docx_package import DOCUMENT, W, parse

LARGEST_PART = 4 * 2**20
"""Characters of a template's body; the shipped one has 60,000."""
FILTERS = frozenset(
    {"capitalize", "count", "default", "d", "first", "in_run", "join", "last", "length", "lower", "trim", "upper"}
)
DEEPEST_LOOP = 4

_PRINTED = re.compile(r"word/(document|header\d*|footer\d*)\.xml")
_RUN = re.compile(r"<w:r(?: [^>]*)?>(?:<w:rPr>((?:(?!</w:rPr>).)*)</w:rPr>)?<w:t(?: [^>]*)?>([^<]*{{[^<]*)</w:t></w:r>")
_OUTPUT = re.compile(r"{{-?r?\s*(.*?)\s*-?}}", re.DOTALL)
_CODE = (
    nodes.Import, nodes.FromImport, nodes.Include, nodes.Extends, nodes.Block, nodes.Macro, nodes.Call, nodes.CallBlock,
    nodes.Mul, nodes.Pow, nodes.Mod, nodes.Assign, nodes.AssignBlock, nodes.FilterBlock,
)  # fmt: skip
_W14 = 'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"'
_MC = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'


class _Xml(str):
    """Text that is XML already and is not escaped again."""

    __slots__ = ()

    def __html__(self) -> str:
        return self


class CompiledPart:
    """Body, header or footer of a template.

    Parameters
    ----------
    source : str
        Its XML with tags, mended.
    file, name : str
        Name of the template and of the part, for errors.
    """

    def __init__(self, source: str, file: str, name: str) -> None:
        self._file = file
        self._looks: list[str] = []
        self._source = re.sub(r"<w:p([ >])", r"\n<w:p\1", _RUN.sub(self._split, with_w14(source)))
        environment = SandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
        environment.filters["in_run"] = self._in_run
        environment.globals.clear()
        try:
            tree = environment.parse(self._source)
            self._refuse_code(tree)
            self.places = frozenset(_places(tree))
            self._template = environment.from_string(self._source)
        except TemplateSyntaxError as error:
            said = error.message or ""
            raise TemplateError(
                "template_syntax", file=file, where=self._line(error.lineno), detail=said, **syntax_fault(said)
            ) from None

    def render(self, words: Mapping[str, Any]) -> str:
        """Return the part's XML for one plan.

        Raises
        ------
        PlanError
            If it asks for what there is not, or tries what the sandbox forbids.
        """
        try:
            rendered = self._template.render(words)
        except SecurityError as error:
            raise TemplateError(
                "template_code", file=self._file, where=self._raised_at(error), detail=str(error)
            ) from None
        except UndefinedError as error:
            name = _undefined_name(error)
            raise TemplateError("template_unknown", file=self._file, where=self._raised_at(error), name=name) from None
        except (TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
            raise TemplateError(
                "template_syntax", file=self._file, where=self._raised_at(error), fault="value", detail=str(error)
            ) from None
        return rendered.replace("\n<w:p", "<w:p")

    def _split(self, found: re.Match[str]) -> str:
        """Give each printed value a run of its own, with the look of the run in which it was written."""
        look, written = found[1] or "", found[2]
        self._looks.append(look)
        properties = f"<w:rPr>{look}</w:rPr>" if look else ""
        opened = f'<w:r>{properties}<w:t xml:space="preserve">'
        inside = _OUTPUT.sub(rf"</w:t></w:r>{{{{ (\1) | in_run({len(self._looks) - 1}) }}}}{opened}", written)
        return f"{opened}{inside}</w:t></w:r>".replace(f"{opened}</w:t></w:r>", "")

    def _in_run(self, value: Any, look: int) -> _Xml:
        if isinstance(value, Control):
            return _Xml(value.xml(self._looks[look]))
        return _Xml("" if value is None else run_xml(str(value), self._looks[look]))

    def _refuse_code(self, tree: nodes.Template) -> None:
        for node in tree.find_all(_CODE):
            kind = type(node).__name__
            raise TemplateError(
                "template_code", file=self._file, where=self._line(node.lineno), fault=code_fault(kind), detail=kind
            )
        for node in tree.find_all(nodes.Getattr):
            if node.attr.startswith("_"):
                raise TemplateError(
                    "template_code", file=self._file, where=self._line(node.lineno), fault="inner", shown=node.attr,
                    detail=node.attr,
                )  # fmt: skip
        for node in tree.find_all(nodes.Filter):
            if node.name not in FILTERS:
                raise TemplateError(
                    "template_unknown", file=self._file, where=self._line(node.lineno), name=f"|{node.name}"
                )
        if _depth(tree) > DEEPEST_LOOP:
            raise TemplateError("template_code", file=self._file, where="", fault="depth", detail="for")

    def _line(self, number: int) -> str:
        lines = self._source.split("\n")
        shown = re.sub(r"<[^>]+>", " ", lines[min(max(number, 1), len(lines)) - 1])
        shown = re.sub(r"{{ \((.*?)\) \| in_run\(\d+\) }}", r"{{ \1 }}", shown)
        return " ".join(shown.split())[:90]

    def _raised_at(self, error: BaseException) -> str:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == "<template>"]
        return self._line(frames[-1].lineno or 1) if frames else ""


def compile_parts(parts: Mapping[str, bytes], file: str) -> dict[str, CompiledPart]:
    """Compile body, headers and footers of a template.

    Parameters
    ----------
    parts : mapping of str to bytes
        The template's parts.
    file : str
        Its name, for errors.

    Returns
    -------
    dict of str to CompiledPart
        By part; parts without tags are there too, because they are checked.

    Raises
    ------
    PlanError
        If a tag is not understood, is code, or the template links to something outside.
    """
    from docxtpl import DocxTemplate
    from lxml import etree

    _refuse_links(parts, file)
    mend = DocxTemplate(None).patch_xml
    compiled = {}
    for name in parts:
        if _PRINTED.fullmatch(name):
            if len(parts[name]) > LARGEST_PART:
                raise PlanError("plan_too_large", file=file, limit=LARGEST_PART // 2**20)
            root = parse(parts[name], file)
            _refuse_open_tags(root, file)
            source = etree.tostring(root, encoding="unicode")
            compiled[name] = CompiledPart(mend(source), file, name)
    if DOCUMENT not in compiled:
        raise PlanError("plan_not_word", file=file)
    return compiled


def with_w14(source: str) -> str:
    """Declare Word's namespace of tick boxes where a template does not know it."""
    root = re.search(r"<w:(document|hdr|ftr)\b[^>]*>", source)
    if root is None or "xmlns:w14=" in root[0]:
        return source
    opening = root[0][:-1]
    if "mc:Ignorable=" in opening:
        opening = re.sub(r'mc:Ignorable="([^"]*)"', r'mc:Ignorable="\1 w14"', opening)
    else:
        opening += (f" {_MC}" if "xmlns:mc=" not in opening else "") + ' mc:Ignorable="w14"'
    return source.replace(root[0], f"{opening} {_W14}>", 1)


def _refuse_open_tags(root: Any, file: str) -> None:
    """A tag that is not closed in its paragraph would swallow what follows."""
    for paragraph in root.iter(f"{W}p"):
        told = "".join(run.text or "" for run in paragraph.iter(f"{W}t"))
        for opening, closing in (("{{", "}}"), ("{%", "%}"), ("{#", "#}")):
            if told.count(opening) != told.count(closing):
                missing = closing if told.count(opening) > told.count(closing) else opening
                raise TemplateError(
                    "template_syntax", file=file, where=told[:90], fault="tag_open", shown=missing,
                    detail=f"{opening} {closing}",
                )  # fmt: skip


def _refuse_links(parts: Mapping[str, bytes], file: str) -> None:
    """A template that loads something from elsewhere, or runs macros, would do so on every school's computer."""
    if any("vbaProject" in name or name.startswith("word/activeX") for name in parts):
        raise TemplateError("template_code", file=file, where="", fault="vba", detail="vbaProject")
    for name in parts:
        if name.endswith(".rels"):
            for relation in parse(parts[name], file):
                kind = relation.get("Type", "").rpartition("/")[2]
                if relation.get("TargetMode") == "External" and kind != "hyperlink":
                    where = relation.get("Target", "")[:90]
                    raise TemplateError("template_code", file=file, where=where, fault="link", detail=kind)


def _places(tree: nodes.Template) -> Iterator[str]:
    """Tables to which the template adds people's rows: ``for row in added.measures``."""
    for loop in tree.find_all(nodes.For):
        rows = loop.iter
        if isinstance(rows, nodes.Getattr) and isinstance(rows.node, nodes.Name) and rows.node.name == "added":
            yield rows.attr


def _depth(node: nodes.Node) -> int:
    deepest = max((_depth(child) for child in node.iter_child_nodes()), default=0)
    return deepest + isinstance(node, nodes.For)


def _undefined_name(error: UndefinedError) -> str:
    quoted = re.findall(r"'([^']+)'", str(error))
    return quoted[-1] if quoted else str(error)
