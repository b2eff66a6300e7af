"""What is wrong with a municipality's own template, said in the reader's language and not in Jinja's."""

from __future__ import annotations

import re

from pumpurs_risk.errors import PlanError
from pumpurs_risk.locale import text

_ENDS = {"print statement": "}}", "statement block": "%}"}
_CODE = {
    "Call": "call", "CallBlock": "macro", "Macro": "macro", "Block": "macro", "FilterBlock": "macro", "Mul": "arithmetic",
    "Pow": "arithmetic", "Mod": "arithmetic", "Import": "other_file", "FromImport": "other_file", "Include": "other_file",
    "Extends": "other_file", "Assign": "assignment", "AssignBlock": "assignment",
}  # fmt: skip
"""Kinds of Jinja's nodes, and what a person would call them."""
_SYNTAX = (
    (r"innermost block that needs to be closed is '(\w+)'", "block_open"),
    (r"unexpected end of template, expected 'end of ([\w ]+)'", "tag_open"),
    (r"Encountered unknown tag '(\w+)'", "tag_unknown"),
    (r"unexpected char (.+) at \d+", "character"),
    (r"(?:got|unexpected) '(?:end of |\)')|^unexpected end of template", "unfinished"),
    (r"got '(.+)'$", "unexpected"),
    (r"unexpected '(.+?)'", "unexpected"),
)
"""Jinja's sentences, the most telling first. A value is printed in brackets of ours: one that ends too early is unfinished."""


class TemplateError(PlanError):
    """A template that cannot be used: where, and why in the reader's words.

    Parameters
    ----------
    code : {"template_syntax", "template_code", "template_unknown"}
        Key of the sentence.
    **params
        ``file``; ``where``: the words around it, may be ""; ``fault``: key in ``docx.fault`` or "" where the cause has no words
        of ours; ``shown``: what the fault speaks of; ``detail``: what the machine says, for those who look for it (in English).

    Examples
    --------
    >>> error = TemplateError("template_code", file="a.docx", where="", fault="vba", detail="vbaProject")
    >>> error.message("en")[:73]
    'The template a.docx holds something that a template may not do: a Word ma'
    """

    def message(self, lang: str = "en") -> str:
        """Say the error; without words of ours for the cause, English shows the machine's, and other languages none."""
        where, fault = self.params.get("where", ""), self.params.get("fault", "")
        said = text(f"docx.fault.{fault}", lang, shown=self.params.get("shown", "")) if fault else ""
        if not fault and lang == "en":
            said = self.params.get("detail", "")
        place = text("docx.fault.place", lang, where=where) if where else ""
        cause = text("docx.fault.cause", lang, said=said) if said else ""
        return text(f"errors.{self.code}", lang, place=place, cause=cause, **self.params)


def syntax_fault(said: str) -> dict[str, str]:
    """Give the fault that one of Jinja's sentences speaks of; an empty one for a sentence that is not known.

    Examples
    --------
    >>> syntax_fault("Encountered unknown tag 'endfor'.")
    {'fault': 'tag_unknown', 'shown': '{% endfor %}'}
    >>> syntax_fault("something new")
    {'fault': '', 'shown': ''}
    """
    for pattern, fault in _SYNTAX:
        found = re.search(pattern, said)
        if found:
            shown = found[1] if found.re.groups else ""
            named = {"block_open": f"{{% end{shown} %}}", "tag_unknown": f"{{% {shown} %}}"}
            return {"fault": fault, "shown": _ENDS.get(shown, named.get(fault, shown))}
    return {"fault": "", "shown": ""}


def code_fault(node: str) -> str:
    """Give the fault for a kind of Jinja's nodes."""
    return _CODE.get(node, "")
