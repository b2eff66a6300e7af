"""The contract of the factor sheet: which columns there are, how they are called, what their cells may hold.

The sheet's own columns stand in ``data_schema/factor_sheet.json`` (a Frictionless Table Schema with keys of our own);
the factors' columns are made from the catalogue, a user's own factors included.
"""

from __future__ import annotations

import difflib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from pumpurs_risk.resources import resource

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.catalogue.entries import RiskFactor

Quantity = Literal["number", "whole", "share", "mark", "rated", "yes_no", "year"]
CellKind = Literal["text", "name", "date", "level", "programme", "semester", "code", "mark_cell"] | Quantity
_FACTOR_KINDS: dict[str, CellKind] = {
    "count": "whole",
    "share": "share",
    "score": "number",
    "number": "number",
    "yes_no": "yes_no",
    "level": "text",
}
_HINT = re.compile(r"\s*(\([^()]*\)|\[[^\[\]]*\])$")


@dataclass(frozen=True, slots=True)
class Field:
    """One column of the sheet.

    Parameters
    ----------
    id : str
        Name in the typed table: a column of the sheet or a factor id.
    kind : str
        How its cells are read; see ``records/validation/parsing.py``.
    titles, unit, meaning : mapping of str to str
        By language.
    aliases : tuple of str
        Other headings under which it is recognised.
    minimum, maximum : float or None
        Limits, both allowed.
    allowed : tuple of str
        The values a text may take; empty for any.
    scale : mapping of str to tuple of str
        Words for 0, 1, 2, ... of a rated factor, by language.
    earliest : str
        First plausible day of a date column, ISO.
    factor : bool
        Whether it is a factor of the catalogue.
    words : mapping of str to tuple of str
        What people write for each code of a code column; the code itself need not be repeated.
    """

    id: str
    kind: CellKind
    titles: Mapping[str, str]
    aliases: tuple[str, ...] = ()
    unit: Mapping[str, str] = field(default_factory=dict)
    meaning: Mapping[str, str] = field(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str, ...] = ()
    scale: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    earliest: str = ""
    factor: bool = False
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ratio:
    """A factor that is computed from two columns: ``per * part / of``."""

    part: str
    of: str
    per: float


@dataclass(frozen=True)
class SheetContract:
    """What a factor sheet may hold, and how its headings are recognised.

    Parameters
    ----------
    fields : mapping of str to Field
        By id: the sheet's own columns, then the factors in catalogue order.
    words : mapping
        What people write for yes, no, unknown, the programmes, footers and formula errors (lower case).
    computed : mapping of str to Ratio
        Factors that are computed from two columns wherever both are known.
    not_more_than : tuple of (str, str)
        Pairs of columns of which the first cannot exceed the second.
    protected : callable, optional
        Tells which protected attribute, if any, a heading speaks of; such a column is never used.

    Examples
    --------
    >>> from pumpurs_risk.records.contract import SheetContract, read_own_fields
    >>> contract = SheetContract(fields=read_own_fields())
    >>> contract.recognise(" KAVĒTĀS stundas* "), contract.recognise("kavetas stundas"), contract.recognise("Zirgi")
    ('lessons_missed', 'lessons_missed', None)
    >>> contract.nearest("Kavētas stundas kopa")
    'Kavētās stundas kopā'
    """

    fields: Mapping[str, Field]
    words: Mapping[str, Any] = field(default_factory=dict)
    computed: Mapping[str, Ratio] = field(default_factory=dict)
    not_more_than: tuple[tuple[str, str], ...] = ()
    protected: Callable[[str], str | None] | None = None
    _keys: tuple[dict[str, str], dict[str, str]] = field(init=False, repr=False, default=({}, {}))

    def __post_init__(self) -> None:
        object.__setattr__(self, "_keys", _recognition(self.fields.values()))

    @classmethod
    def load(cls, catalogue: Catalogue) -> SheetContract:
        """Read the sheet's own columns and add the catalogue's factors.

        Parameters
        ----------
        catalogue : Catalogue
            Whose factors the sheet may hold, a user's own included.

        Returns
        -------
        SheetContract
            Never changed afterwards.
        """
        document = sheet_document()
        fields = read_own_fields() | {factor.id: factor_field(factor) for factor in catalogue.factors.values()}
        computed = {
            factor: Ratio(**ratio) for factor, ratio in document["computed"].items() if factor in catalogue.factors
        }
        return cls(
            fields=fields,
            words=document["words"],
            computed=computed,
            not_more_than=tuple((first, second) for first, second in document["not_more_than"]),
            protected=catalogue.protected_attribute,
        )

    def recognise(self, heading: str) -> str | None:
        """Find the column that a heading means.

        Case, spaces, a final ``:`` or ``*`` do not matter; failing that a bracketed hint is left off, then diacritics.

        Parameters
        ----------
        heading : str
            As written: Latvian, English, an alias or an id.

        Returns
        -------
        str or None
            Field id, or None if it means no column, or more than one.
        """
        exact, bare = self._keys
        plain = normal_heading(heading)
        for key in (plain, _without_hint(plain)):
            target = exact.get(key) or bare.get(without_diacritics(key))
            if key and target:
                return target
        return None

    def is_protected(self, heading: str) -> bool:
        """Whether a heading names an attribute that is never used for scoring (sex, language and so on)."""
        return self.protected is not None and self.protected(heading) is not None

    def nearest(self, heading: str) -> str | None:
        """Known heading that an unknown one resembles most, as people write it; None if none does.

        Parameters
        ----------
        heading : str
            A heading that ``recognise`` does not know.

        Returns
        -------
        str or None
            For example ``"Kavētās stundas"``.
        """
        names = (text for each in self.fields.values() for text in _names(each))
        written = {without_diacritics(normal_heading(text)): text for text in names}
        wanted = without_diacritics(_without_hint(normal_heading(heading)))
        close = difflib.get_close_matches(wanted, list(written), n=1, cutoff=0.7)
        return written[close[0]] if close else None


def normal_heading(text: str) -> str:
    """Fold case, spaces, Unicode forms and final marks of a heading.

    Examples
    --------
    >>> normal_heading("  Vidējais   VĒRTĒJUMS: ")
    'vidējais vērtējums'
    """
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.replace("\ufeff", "").replace("_", " ").split()).rstrip(" :*.").strip()


def without_diacritics(text: str) -> str:
    """Leave off the marks above and below letters.

    Examples
    --------
    >>> without_diacritics("kavētās stundas")
    'kavetas stundas'
    """
    return "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))


def read_own_fields() -> dict[str, Field]:
    """Read the sheet's own columns (those that are no factor) from ``data_schema/factor_sheet.json``.

    Returns
    -------
    dict of str to Field
        By id, in the file's order.
    """
    return {entry["name"]: described_field(entry) for entry in sheet_document()["fields"] if not entry.get("factor")}


def factor_field(factor: RiskFactor) -> Field:
    """Make the sheet's column of a factor.

    Parameters
    ----------
    factor : RiskFactor
        An entry of the catalogue.

    Returns
    -------
    Field
        Its limits are the factor's plausible range.
    """
    kind = "rated" if factor.scale else _FACTOR_KINDS[factor.kind]
    low, high = factor.range or (None, None)
    if "marks" in factor.tables and kind in ("number", "mark") and low is not None and low > 0:
        kind = "mark"
    return Field(
        id=factor.id,
        kind=kind,
        titles=factor.heading,
        aliases=factor.aliases,
        unit=factor.unit,
        meaning=factor.meaning,
        minimum=low,
        maximum=high,
        allowed=factor.levels,
        scale=factor.scale,
        factor=True,
    )


@cache
def sheet_document() -> dict[str, Any]:
    """Read ``data_schema/factor_sheet.json`` as it is; not to be changed by who gets it."""
    loaded: dict[str, Any] = json.loads(resource("data_schema", "factor_sheet.json").read_text(encoding="utf-8"))
    return loaded


def described_field(entry: Mapping[str, Any]) -> Field:
    """Make a column of its description in ``data_schema/``.

    Parameters
    ----------
    entry : mapping
        A field of a Table Schema with our keys: kind, titles, aliases, unit, meaning, and words for a code.

    Returns
    -------
    Field
        Never changed afterwards.
    """
    limits = entry.get("constraints", {})
    low, high = limits.get("minimum"), limits.get("maximum")
    is_date = entry["kind"] == "date"
    return Field(
        id=entry["name"],
        kind=entry["kind"],
        titles=entry["titles"],
        aliases=tuple(entry["aliases"]),
        unit=entry["unit"],
        meaning=entry["meaning"],
        minimum=None if is_date or low is None else float(low),
        maximum=None if is_date or high is None else float(high),
        earliest=(low or "") if is_date else "",
        words={code: tuple(said) for code, said in entry.get("words", {}).items()},
    )


def _names(column: Field) -> tuple[str, ...]:
    return (*column.titles.values(), *column.aliases, column.id)


def _without_hint(plain: str) -> str:
    return _HINT.sub("", plain).rstrip(" :*.")


def _recognition(fields: Iterable[Field]) -> tuple[dict[str, str], dict[str, str]]:
    """Two indexes of headings, with and without diacritics; "" marks a heading that several columns could mean.

    Ids and headings come before aliases and these before headings without their hint, so that an alias never takes
    another column's heading away.
    """
    fields = tuple(fields)
    titles = [(normal_heading(text), each.id) for each in fields for text in (each.id, *each.titles.values())]
    aliases = [(normal_heading(text), each.id) for each in fields for text in each.aliases]
    hintless = [(_without_hint(key), target) for key, target in (*titles, *aliases)]
    exact: dict[str, str] = {}
    bare: dict[str, str] = {}
    for tier in (titles, aliases, hintless):
        exact = _index(tier) | exact
        bare = _index((without_diacritics(key), target) for key, target in tier) | bare
    return exact, bare


def _index(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    distinct = set(pairs)
    uses = Counter(key for key, _ in distinct)
    return {key: target if uses[key] == 1 else "" for key, target in distinct}
