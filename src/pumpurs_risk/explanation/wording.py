"""Values -> sentences: every distinct sentence is built once, then taken by position.

A sentence depends on the printed value, not on the pupil, so a hundred thousand pupils need a few thousand sentences.
The placeholders that the sentences in ``factors.toml`` may use:

``{value}``
    The value as printed: ``decimals`` places, a share as a percentage, a change without its sign; in ``risk_raw``
    and ``strength_raw`` the raw count. It also chooses the number form.
``{period}``
    The semester that the value covers, or two of them, in the locative; of a raw count the one semester that it is of.
``{peer}``
    The median of the same level, in brackets with a leading space, or nothing where too few others know it.
``{word}``, ``{top}``
    The word for a rated value, and the scale's highest number.
``{learner}``, ``{Learner}``, ``{learner_acc}``, ``{learner_dat}``, ``{learner_ins}``
    What pupils of the programme are called, in the case that is needed.
``{role}``
    Who can find out what is unknown.
``{limit}``
    The clause on the legal limit of working hours at the pupil's age and stage, or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from pumpurs_risk.explanation.applies import number_column, word_column
from pumpurs_risk.explanation.placeholders import (
    LEARNER,
    capitalised,
    learner_words,
    peer_text,
    period_text,
    placeholders,
    role_name,
    semester_of,
    work_limit_ids,
)
from pumpurs_risk.locale import form, number, percent, text
from pumpurs_risk.model import PeerReference

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pumpurs_risk.catalogue import Catalogue, RiskFactor

    Integers = NDArray[np.int64]
    Objects = NDArray[np.object_]

RISK, STRENGTH, UNKNOWN = 0, 1, 2
SAYS = ("risk", "strength", "unknown")


@dataclass(frozen=True)
class Lines:
    """What is to be said: one entry per line, all arrays of the same length."""

    pupil: Integers
    """Row of the factor table."""
    factor: Integers
    """Position in the list of factor ids."""
    says: Integers
    """RISK, STRENGTH or UNKNOWN."""


class _Facts(NamedTuple):
    """All that a sentence of one pattern depends on."""

    printed: float | None
    """The number that is printed, rounded as printed."""
    value: float | None
    """The factor's value, rounded as printed; the same as `printed` unless a raw count is printed."""
    group: str | None
    semester: str | None
    programme: str | None
    limit: str | None


@dataclass(frozen=True)
class _Pattern:
    """One factor said in one way: its template and how its numbers are printed."""

    factor_id: str
    factor: RiskFactor | None
    says: int
    by_raw: bool
    lang: str
    template: str | Mapping[str, str] = field(init=False)
    uses: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "template", self._template())
        object.__setattr__(self, "uses", placeholders(self.template))

    def _template(self) -> str | Mapping[str, str]:
        if self.factor is None:  # a factor that only the model knows: its id and the number
            return text(f"reasons.other.{SAYS[self.says]}", self.lang, name="{name}", value="{value}", peer="{peer}")
        sentences = self.factor.sentences[self.lang]
        if self.says == UNKNOWN:
            return sentences.unknown
        if self.by_raw:
            raw = sentences.risk_raw if self.says == RISK else sentences.strength_raw
            return raw or ""
        return sentences.risk if self.says == RISK else sentences.strength

    @property
    def is_share(self) -> bool:
        return self.factor is not None and self.factor.kind == "share"

    @property
    def is_change(self) -> bool:
        """Below zero too (a trend, a distance from peers): the sentence says which way, so the sign is left out."""
        return self.factor is not None and self.factor.range is not None and self.factor.range[0] < 0

    def round_value(self, values: Any) -> Any:
        """Round values of the factor to what is printed."""
        decimals = 2 if self.factor is None else self.factor.decimals
        return np.round(values, decimals + 2 if self.is_share else decimals)

    def print(self, value: float) -> str:
        """Print a value of the factor."""
        decimals = 2 if self.factor is None else self.factor.decimals
        shown = abs(value) if self.is_change else value
        if self.is_share:
            return percent(shown, self.lang, decimals)
        return number(shown, self.lang, 0 if float(shown).is_integer() else decimals)

    def count(self, printed: float) -> float:
        """Give the number that the sentence's form must agree with."""
        if self.is_share and not self.by_raw:
            return float(np.round(100 * abs(printed), 6))
        return abs(printed)


class Writer:
    """Writes the sentences of one table in one language.

    Parameters
    ----------
    X : pandas.DataFrame
        The factor table, context columns included.
    factors : list of str
        Factor ids; `Lines.factor` are positions in it.
    catalogue : Catalogue
        Sentences, scales, roles, calendar, learner words.
    lang : {"lv", "en"}
    peers : PeerReference or None
        Whose medians are printed; None prints none.
    """

    def __init__(
        self, X: pd.DataFrame, factors: list[str], catalogue: Catalogue, lang: str, peers: PeerReference | None
    ) -> None:
        self.X, self.factors, self.catalogue, self.lang, self.peers = X, factors, catalogue, lang, peers
        self.group = _coded(peers.group_of(X) if peers else np.full(len(X), "", dtype=object))
        self.semester = _coded(word_column(X, "semester"))
        self._raw_semester: dict[str, tuple[Integers, list[Any]]] = {}
        self.programme = _coded(word_column(X, "programme"))
        self.limit = _coded(work_limit_ids(X, catalogue))

    def write(self, lines: Lines) -> tuple[Objects, Objects]:
        """Write the sentences and their parameters.

        Parameters
        ----------
        lines : Lines
            n_lines lines.

        Returns
        -------
        sentences, params : ndarray of object, shape (n_lines,)
            Text, and a dict of typed numbers; equal lines share one object.
        """
        sentences = np.empty(len(lines.pupil), dtype=object)
        params = np.empty(len(lines.pupil), dtype=object)
        kind = lines.factor * len(SAYS) + lines.says
        order = np.argsort(kind, kind="stable")
        starts = np.flatnonzero(np.diff(kind[order], prepend=-1))
        for at in np.split(order, starts[1:]) if len(order) else []:
            factor_id, says = self.factors[int(lines.factor[at[0]])], int(lines.says[at[0]])
            factor = self.catalogue.factors.get(factor_id)
            pupil = lines.pupil[at]
            value = self._column(factor_id if says != UNKNOWN else "", pupil)
            raw = self._column(self._raw_column(factor, says), pupil)
            for by_raw in (False, True):
                some = np.isnan(raw) != by_raw
                if some.any():
                    pattern = _Pattern(factor_id, factor, says, by_raw, self.lang)
                    printed = raw[some] if by_raw else pattern.round_value(value[some])
                    found = self._distinct(pattern, pupil[some], printed, pattern.round_value(value[some]))
                    sentences[at[some]], params[at[some]] = found
        return sentences, params

    def _column(self, name: str, pupil: Integers) -> NDArray[np.float64]:
        return number_column(self.X, name)[pupil]

    def _raw_column(self, factor: RiskFactor | None, says: int) -> str:
        if factor is None or says == UNKNOWN:
            return ""
        sentences = factor.sentences[self.lang]
        return "" if (sentences.risk_raw if says == RISK else sentences.strength_raw) is None else factor.raw

    def _semester(self, pattern: _Pattern) -> tuple[Integers, list[Any]]:
        """Semester that a pattern's number is of: a raw count is of one semester, however many its factor covers."""
        raw = pattern.factor.raw if pattern.by_raw and pattern.factor is not None else ""
        if not raw or not self.catalogue.context_columns[raw].semester_in:
            return self.semester
        if raw not in self._raw_semester:
            self._raw_semester[raw] = _coded(semester_of(self.X, raw, self.catalogue))
        return self._raw_semester[raw]

    def _distinct(
        self, pattern: _Pattern, pupil: Integers, printed: NDArray[np.float64], value: NDArray[np.float64]
    ) -> tuple[Objects, Objects]:
        """Build each distinct sentence of a pattern once and hand every line its own."""
        nothing: tuple[Integers, list[Any]] = (np.full(len(pupil), -1), [None])
        says_value = pattern.says != UNKNOWN
        columns = [
            _coded(printed) if says_value else nothing,
            _coded(value) if says_value else nothing,
            _of(self.group, pupil) if says_value else nothing,
            _of(self._semester(pattern), pupil),
            _of(self.programme, pupil) if pattern.uses & {*LEARNER, "role"} else nothing,
            _of(self.limit, pupil) if "limit" in pattern.uses else nothing,
        ]
        key = reduce(lambda so_far, column: so_far * len(column[1]) + column[0] + 1, columns, np.zeros(len(pupil), int))
        _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
        sentences, params = np.empty(len(first), dtype=object), np.empty(len(first), dtype=object)
        for i, facts in enumerate(zip(*([values[c] for c in codes[first]] for codes, values in columns), strict=True)):
            sentences[i], params[i] = self._say(pattern, _Facts(*facts))
        return sentences[inverse], params[inverse]

    def _say(self, pattern: _Pattern, facts: _Facts) -> tuple[str, dict[str, Any]]:
        peer = self._peer(pattern, facts.group)
        words = self._words(pattern, facts, peer)
        params: dict[str, Any] = {"value": facts.value, "peer": peer, "period": facts.semester or None}
        if pattern.by_raw:
            params["raw"] = facts.printed
        if facts.limit:
            params["limit"] = self.catalogue.work_limits[facts.limit].work_hours
        count = None if facts.printed is None else pattern.count(facts.printed)
        return capitalised(form(pattern.template, self.lang, count).format_map(words)), params

    def _peer(self, pattern: _Pattern, group: str | None) -> float | None:
        if self.peers is None or not group or pattern.is_change:  # without its sign a median would mislead
            return None
        median = self.peers.value(group, pattern.factor_id)
        return None if np.isnan(median) else float(pattern.round_value(median))

    def _words(self, pattern: _Pattern, facts: _Facts, peer: float | None) -> dict[str, str]:
        factor, lang, uses = pattern.factor, self.lang, pattern.uses
        words = {"name": factor.name[lang] if factor else pattern.factor_id}
        if facts.printed is not None:
            words["value"] = number(facts.printed, lang) if pattern.by_raw else pattern.print(facts.printed)
        if "peer" in uses:
            shown = not (peer is None or pattern.by_raw) and facts.group  # a raw count has no median beside it
            words["peer"] = peer_text(str(facts.group), pattern.print(peer or 0.0), lang) if shown else ""
        if "period" in uses:
            words["period"] = period_text(facts.semester, self.catalogue, lang)
        if uses & LEARNER:
            words |= learner_words(facts.programme, self.catalogue, lang)
        if factor is None:
            return words
        if uses & {"word", "top"} and factor.range is not None and facts.value is not None:
            scale = factor.scale[lang]
            words["word"] = scale[min(max(round(facts.value - factor.range[0]), 0), len(scale) - 1)]
            words["top"] = number(factor.range[1], lang)
        if "role" in uses:
            words["role"] = role_name(factor.ask, facts.programme, self.catalogue, lang)
        if "limit" in uses:
            words["limit"] = self.catalogue.work_limits[facts.limit].clause[lang] if facts.limit else ""
        return words


def _coded(column: Any) -> tuple[Integers, list[Any]]:
    """Give a column as positions in its few distinct values; -1 finds the last, None."""
    codes, values = pd.factorize(column, use_na_sentinel=True)
    return codes.astype(np.int64), [*values.tolist(), None]


def _of(coded: tuple[Integers, list[Any]], pupil: Integers) -> tuple[Integers, list[Any]]:
    return coded[0][pupil], coded[1]
