"""Content controls of Word: what a person may change stands in one, tagged with the field's name.

A control is text for Word's XML. It is written with f-strings, because a municipality prints thousands of plans.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from zlib import crc32

from pumpurs_risk.locale import date_text, has_text, text
from pumpurs_risk.plans import PlanField

PLACEHOLDER_STYLE = "PlaceholderText"
TICKED, UNTICKED = "☒", "☐"
CHOICES = {
    "readiness": ("ready", "hesitant", "not_ready"),
    "risk_result": ("prevented", "eased", "unchanged", "worse"),
    "measure_result": ("done", "partly", "not"),
}
"""Ids of choices by the group in which their words stand (``docx.choices``)."""
DATE_FORMATS = {"lv": ("dd.MM.yyyy.", "lv-LV"), "en": ("d MMMM yyyy", "en-GB")}

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_LINE_ENDS = re.compile("\r\n?")
_HINT = f'<w:rStyle w:val="{PLACEHOLDER_STYLE}"/><w:color w:val="595959"/>'
_SYMBOL_FONT = '<w:rFonts w:ascii="MS Gothic" w:eastAsia="MS Gothic" w:hAnsi="MS Gothic" w:hint="eastAsia"/>'


def visible(written: str) -> str:
    r"""Return a text as XML can hold it: every forbidden character becomes a visible one, line ends become ``\n``.

    Parameters
    ----------
    written : str
        Anything.

    Returns
    -------
    str
        Control characters as their pictures (U+2400 onwards), lone surrogates and non-characters as U+FFFD.

    Examples
    --------
    >>> visible("bell\x07, two\r\nlines")
    'bell␇, two\nlines'
    """
    return _FORBIDDEN.sub(_picture, _LINE_ENDS.sub("\n", written))


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    return "\u2421" if code == 0x7F else chr(0x2400 + code) if code < 0x20 else "\ufffd"


def escape(written: str) -> str:
    """Return a text for XML, in an element or in an attribute."""
    return written.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def run_xml(written: str, look: str = "") -> str:
    """Return a run of Word's XML that shows a text, with line breaks and tabs.

    Parameters
    ----------
    written : str
        The text.
    look : str, optional
        What stands inside ``w:rPr``.

    Returns
    -------
    str
        ``<w:r>...</w:r>``; empty for an empty text.
    """
    if not written:
        return ""
    properties = f"<w:rPr>{look}</w:rPr>" if look else ""
    escaped = escape(visible(written))
    if "\n" in escaped or "\t" in escaped:
        escaped = escaped.replace("\n", '</w:t><w:br/><w:t xml:space="preserve">')
        escaped = escaped.replace("\t", '</w:t><w:tab/><w:t xml:space="preserve">')
    return f'<w:r>{properties}<w:t xml:space="preserve">{escaped}</w:t></w:r>'


class Control:
    """A field of the plan as it stands in Word; in a template, ``{{ m.what }}`` prints it.

    Parameters
    ----------
    tag : str
        The field's tag.
    field : PlanField
        What stands in it, and of which kind it is.
    lang : {"lv", "en"}
        Of the words at the control.
    words : mapping of str to str
        What to show for each choice.
    locked : bool
        Whether nobody can change or remove it in Word.
    """

    __slots__ = ("field", "lang", "locked", "printed", "tag", "words")

    def __init__(
        self,
        tag: str,
        field: PlanField,
        lang: str,
        words: Mapping[str, str] | None = None,
        *,
        locked: bool = False,
    ) -> None:
        self.tag = tag
        self.field = field
        self.lang = lang
        self.words = words or {}
        self.locked = locked
        self.printed = 0

    def __html__(self) -> str:
        """Close the run of the template in which the tag stands, print the control, and open a run again."""
        return f'</w:t></w:r>{self.xml()}<w:r><w:t xml:space="preserve">'

    def __bool__(self) -> bool:
        """Whether something stands in it, so that ``{% if stop_reason %}`` means what it says."""
        return self.field.value != ""

    def __str__(self) -> str:
        return shown_value(self.field, self.lang, self.words)

    def xml(self, look: str = "") -> str:
        """Return the control as Word's XML, within a bookmark by which its text is found where a program drops the control.

        Parameters
        ----------
        look : str, optional
            Properties of the run in whose place it stands.

        Returns
        -------
        str
            ``<w:sdt>...</w:sdt>``.
        """
        number = (crc32(self.tag.encode()) + self.printed) & 0x7FFFFFFF or 1
        self.printed += 1
        control = self._control(look, number)
        if self.printed > 1:
            return control
        start = f'<w:bookmarkStart w:id="{number}" w:name="{bookmark(self.tag)}"/>'
        return f'{start}{control}<w:bookmarkEnd w:id="{number}"/>'

    def _control(self, look: str, number: int) -> str:
        field = self.field
        properties = f"<w:rPr>{look}</w:rPr>" if look else ""
        alias = label(self.tag, self.lang)
        lock = '<w:lock w:val="sdtContentLocked"/>' if self.locked else ""
        temporary = "<w:temporary/>" if self.tag == "draft_mark" else ""
        shown = str(self)
        if field.kind == "tick":
            return (
                f'<w:sdt><w:sdtPr>{properties}<w:alias w:val="{escape(alias)}"/><w:tag w:val="{escape(self.tag)}"/>'
                f'<w:id w:val="{number}"/>{lock}<w14:checkbox><w14:checked w14:val="{int(shown == TICKED)}"/>'
                '<w14:checkedState w14:val="2612" w14:font="MS Gothic"/>'
                '<w14:uncheckedState w14:val="2610" w14:font="MS Gothic"/></w14:checkbox></w:sdtPr>'
                f"<w:sdtContent><w:r><w:rPr>{_SYMBOL_FONT}</w:rPr><w:t>{shown}</w:t></w:r></w:sdtContent></w:sdt>"
            )
        empty = shown == ""
        content = run_xml(placeholder(self.tag, field, self.lang), _HINT) if empty else run_xml(shown, look)
        return (
            f'<w:sdt><w:sdtPr>{properties}<w:alias w:val="{escape(alias)}"/><w:tag w:val="{escape(self.tag)}"/>'
            f'<w:id w:val="{number}"/>{lock}{temporary}{"<w:showingPlcHdr/>" if empty else ""}'
            f"{self._kind(shown)}</w:sdtPr><w:sdtContent>{content}</w:sdtContent></w:sdt>"
        )

    def _kind(self, shown: str) -> str:
        field = self.field
        if field.kind == "choice":
            items = "".join(
                f'<w:listItem w:displayText="{escape(visible(self.words.get(choice, choice)))}"'
                f' w:value="{escape(choice)}"/>'
                for choice in field.choices
            )
            return f"<w:dropDownList>{items}</w:dropDownList>"
        if field.kind == "date":
            form, language = DATE_FORMATS[self.lang]
            day = _iso_day(field.value)
            full = f' w:fullDate="{day.isoformat()}T00:00:00Z"' if day else ""
            return (
                f'<w:date{full}><w:dateFormat w:val="{form}"/><w:lid w:val="{language}"/>'
                '<w:storeMappedDataAs w:val="dateTime"/><w:calendar w:val="gregorian"/></w:date>'
            )
        return "<w:richText/>"


def bookmark(tag: str) -> str:
    """Return the name of a field's bookmark; the underscore hides it in Word.

    Examples
    --------
    >>> bookmark("pupil_view")
    '_p0745107b'
    """
    return f"_p{crc32(tag.encode()):08x}"


def shown_value(field: PlanField, lang: str, words: Mapping[str, str]) -> str:
    """Return what a reader sees in a field: the day, the choice's words, a ticked box, or the text.

    Examples
    --------
    >>> shown_value(PlanField(value="2027-01-15", kind="date"), "lv", {})
    '15.01.2027.'
    """
    if field.kind == "tick":
        return TICKED if field.value else UNTICKED
    if field.kind == "date":
        day = _iso_day(field.value)
        return date_text(day, lang) if day else field.value
    if field.kind == "choice":
        return words.get(field.value, field.value)
    return field.value


@lru_cache(4096)
def label(tag: str, lang: str) -> str:
    """Say what a field is called, such as "Pamatojums" for ``risk.attendance.justification``.

    Examples
    --------
    >>> label("risk.attendance.justification", "lv")
    'Pamatojums'
    """
    last = "application_date" if tag == "application.date" else tag.rpartition(".")[2]
    if tag.startswith("addition."):
        last = "addition"
    key = f"docx.labels.{last}"
    return text(key, lang) if has_text(key, lang) else tag


def placeholder(tag: str, field: PlanField, lang: str) -> str:
    """Say what stands in an empty field."""
    key = f"docx.placeholders.{tag}"
    return text(key if has_text(key, lang) else f"docx.placeholders.{field.kind}", lang)


def choice_words(tag: str, lang: str, statuses: Mapping[str, str]) -> Mapping[str, str]:
    """Return the words of a field's choices by their ids.

    Parameters
    ----------
    tag : str
        The field's tag.
    lang : {"lv", "en"}
        Language of the words.
    statuses : mapping of str to str
        Words of the programme's statuses.

    Returns
    -------
    mapping of str to str
        Empty for a field whose choices have no words.
    """
    if tag == "status":
        return statuses
    group = choice_group(tag)
    return _choices(group, lang) if group else {}


def choice_group(tag: str) -> str:
    """Return where the words of a field's choices stand in ``docx.choices``; empty for none."""
    if tag == "readiness":
        return "readiness"
    first, _, rest = tag.partition(".")
    return f"{first}_result" if rest.endswith(".result") and first in ("risk", "measure") else ""


@cache
def _choices(group: str, lang: str) -> Mapping[str, str]:
    return {choice: text(f"docx.choices.{group}.{choice}", lang) for choice in CHOICES[group]}


def _iso_day(value: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(value) if len(value) == 10 else None
    except ValueError:
        return None
