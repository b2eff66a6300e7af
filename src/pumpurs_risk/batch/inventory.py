"""The data inventory of a run: what is kept, of what kind, from where, for what purpose, until when, and who sees it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import msgspec

from pumpurs_risk.locale import has_text, text

if TYPE_CHECKING:
    import pandas as pd

    from pumpurs_risk.catalogue import Catalogue

CATEGORIES = ("ordinary", "sensitive", "special")
_FACTOR_TABLES = ("evidence", "reasons", "questions", "answers", "what_if")
"""Tables whose rows each speak of one factor: what is kept there has the factor's own category."""
_WRITTEN = {"decisions": "note", "outcomes": "note", "missing": "note", "added": "why"}
"""Columns in which staff write freely, so that anything may stand there."""


class DataItem(msgspec.Struct, frozen=True, kw_only=True):
    """One column that a run keeps, or a factor that rows of a table speak of."""

    table: str
    """``data/TABLE.parquet``."""
    column: str
    """Name of the column; ``factor=ID`` for what the table's rows say of one factor."""
    what: str
    """In the run's language."""
    category: Literal["ordinary", "sensitive", "special"]
    """``special``: special categories of personal data (GDPR Article 9)."""
    source: tuple[str, ...]
    """Tables of the schools' records that it comes from; ``answers`` and ``lists`` for what staff wrote."""
    purpose: str
    keep_until: dt.date
    seen_by: tuple[str, ...]
    """Audiences whose papers may show it."""
    legal_basis: str
    """To be stated by the controller; until then it says so."""


def data_inventory(
    frames: Mapping[str, pd.DataFrame],
    catalogue: Catalogue,
    *,
    purpose: str,
    keep_until: dt.date,
    lang: str,
    legal_basis: str = "",
) -> tuple[DataItem, ...]:
    """List everything about pupils that a run keeps.

    Parameters
    ----------
    frames : mapping of str to pandas.DataFrame
        The run's tables by name. Tables and columns without a pupil (``schools``, ``summary``) are left out.
    catalogue : Catalogue
        Says what each factor is, where it comes from and how sensitive it is; nothing of that is written by hand.
    purpose : str
        The run's.
    keep_until : datetime.date
        Last day on which the run may be kept.
    lang : {"lv", "en"}
        Language of the words.
    legal_basis : str, optional
        As the controller states it.

    Returns
    -------
    tuple of DataItem
        In the order of tables and columns; the same for the same run.

    Examples
    --------
    >>> import datetime as dt
    >>> import pandas as pd
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> X = pd.DataFrame({"pupil_id": ["a"], "school_id": ["mezs"], "mean_mark": [6.0], "pregnancy": [float("nan")]})
    >>> until = dt.date(2028, 5, 31)
    >>> kept = data_inventory({"factors": X}, Catalogue.load(), purpose="support", keep_until=until, lang="en")
    >>> [(item.column, item.category, "head" in item.seen_by) for item in kept]  # nothing is known of a pregnancy
    [('pupil_id', 'ordinary', True), ('school_id', 'ordinary', True), ('mean_mark', 'ordinary', True)]
    """
    basis = legal_basis or text("retention.inventory.basis_open", lang)
    seers = _Seers(catalogue)
    items = []
    for table, frame in frames.items():
        if "pupil_id" not in frame or not len(frame):
            continue
        for column in frame.columns:
            factor = catalogue.factors.get(str(column))
            written = _WRITTEN.get(table) == column
            if factor is not None and not frame[column].notna().any():
                continue  # a factor of which nothing is known is not kept
            items.append(
                DataItem(
                    table=table,
                    column=str(column),
                    what=_what(table, str(column), catalogue, lang),
                    category=factor.sensitivity if factor else "sensitive" if written else "ordinary",
                    source=_sources(table) if factor is None else factor.tables,
                    purpose=purpose,
                    keep_until=keep_until,
                    seen_by=seers.of_notes if written else seers.of(str(column) if factor else ""),
                    legal_basis=basis,
                )
            )
        if table in _FACTOR_TABLES and "factor" in frame:
            named = set(frame["factor"].astype(str))
            for factor_id, factor in catalogue.factors.items():
                if factor_id in named:
                    items.append(
                        DataItem(
                            table=table,
                            column=f"factor={factor_id}",
                            what=factor.meaning[lang],
                            category=factor.sensitivity,
                            source=_sources(table) if table == "answers" else factor.tables,
                            purpose=purpose,
                            keep_until=keep_until,
                            seen_by=seers.of(factor_id),
                            legal_basis=basis,
                        )
                    )
    return tuple(items)


class _Seers:
    """Which audiences see a factor; data about a pupil as such ("") are seen by all whose papers name pupils."""

    def __init__(self, catalogue: Catalogue) -> None:
        from pumpurs_risk.catalogue import AUDIENCES, Audience

        self._audiences = {name: Audience.load(name, catalogue) for name in AUDIENCES}
        self._found: dict[str, tuple[str, ...]] = {}

    @property
    def of_notes(self) -> tuple[str, ...]:
        return tuple(name for name, each in self._audiences.items() if each.pupils and each.notes)

    def of(self, factor: str) -> tuple[str, ...]:
        if factor not in self._found:
            self._found[factor] = tuple(
                name for name, each in self._audiences.items() if each.pupils and (not factor or each.sees(factor))
            )
        return self._found[factor]


def _what(table: str, column: str, catalogue: Catalogue, lang: str) -> str:
    if column in catalogue.factors:
        return catalogue.factors[column].meaning[lang]
    if column in catalogue.context_columns:
        return catalogue.context_columns[column].meaning[lang]
    for key in (f"retention.columns.{table}_{column}", f"retention.columns.{column}"):
        if has_text(key, lang):
            return text(key, lang)
    return text(f"retention.tables.{table}", lang) if has_text(f"retention.tables.{table}", lang) else column


def _sources(table: str) -> tuple[str, ...]:
    """Where a table of the run comes from: what staff wrote, what the records say, or the calculation."""
    if table in ("answers", "decisions", "added", "outcomes"):
        return ("lists",)
    if table == "support":
        return ("support", "plans")
    return ("pupils",) if table in ("factors", "out_of_scope", "missing") else ("calculated",)
