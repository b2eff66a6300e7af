"""Counts of few pupils are not shown, nor what would give them away: by subtraction from a total or from another table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
FEWEST = 5
"""A count below this, other than 0, is not shown."""


def hidden_groups(
    tables: Mapping[str, Any], kinds: Any, already: Mapping[str, Any] | None = None
) -> dict[str, npt.NDArray[np.bool_]]:
    """Tell which groups' counts must not be shown, in several tables of the same pupils.

    A group is shown with all its kinds or not at all. What remains of a total, or of a shown group of another table,
    after the shown groups inside it are taken away, never holds 1 to 4 pupils of a kind and is never one hidden group
    alone; where no other group is left to hide, the total itself is hidden.

    Parameters
    ----------
    tables : mapping of str to array of int, shape (pupils,)
        Per table, the number of each pupil's group, -1 for none; ``"all"`` has one group of everybody.
    kinds : array of int, shape (pupils,)
        What is counted: the number of each pupil's kind, -1 for a pupil who is not counted.
    already : mapping of str to array of bool, optional
        Groups that are hidden for another reason.

    Returns
    -------
    dict of str to ndarray of bool, shape (groups,)

    Examples
    --------
    >>> school = np.repeat([0, 1, 2], [40, 9, 2])
    >>> hidden_groups({"all": np.zeros(51, int), "school_id": school}, np.zeros(51, int))["school_id"].tolist()
    [False, True, True]
    """
    return _Linked.of(tables, np.asarray(kinds, dtype=np.int64), already or {}).settled()


def merged_kinds(totals: Any) -> npt.NDArray[np.bool_] | None:
    """Tell which kinds are shown in no group, because everybody together holds too few of them.

    Parameters
    ----------
    totals : array of int, shape (kinds,)
        Pupils of each kind in all.

    Returns
    -------
    ndarray of bool, shape (kinds,), or None
        None where nothing can be shown at all. Otherwise the hidden kinds are at least two and together five or more.

    Examples
    --------
    >>> merged_kinds([0, 2, 30, 8]).tolist()
    [False, True, False, True]
    """
    counts = np.asarray(totals, dtype=np.int64)
    merged = (counts > 0) & (counts < FEWEST)
    while merged.any() and (merged.sum() < 2 or counts[merged].sum() < FEWEST):
        others = np.where(merged | (counts == 0), np.iinfo(np.int64).max, counts)
        if merged[others.argmin()] or counts[others.argmin()] == 0:
            return None
        merged[others.argmin()] = True
    return merged


def _telling(counts: Ints) -> Any:
    """Whether any count is of 1 to 4 pupils, per row."""
    return ((counts > 0) & (counts < FEWEST)).any(axis=-1)


@dataclass
class _Linked:
    """Tables of the same pupils, and what is hidden in them so far; hiding only ever grows."""

    counts: dict[str, Ints]
    overlaps: dict[tuple[str, str], Ints]
    hidden: dict[str, Bools]
    total: Ints
    given_up: bool = field(default=False)

    @classmethod
    def of(cls, tables: Mapping[str, Any], kinds: Ints, already: Mapping[str, Any]) -> _Linked:
        width = int(kinds.max(initial=0)) + 1
        counted = kinds >= 0
        codes = {by: np.asarray(code, dtype=np.int64) for by, code in tables.items()}
        sizes = {by: int(code.max(initial=-1)) + 1 for by, code in codes.items()}
        counts, overlaps = {}, {}
        for by, code in codes.items():
            there = counted & (code >= 0)
            cells = np.bincount(code[there] * width + kinds[there], minlength=sizes[by] * width)
            counts[by] = cells.reshape(sizes[by], width).astype(np.int64)
            for other, second in codes.items():
                both = there & (second >= 0)
                shared = np.bincount(code[both] * sizes[other] + second[both], minlength=sizes[by] * sizes[other])
                overlaps[by, other] = shared.reshape(sizes[by], sizes[other])
        hidden = {by: _telling(rows) | np.asarray(already.get(by, False)) for by, rows in counts.items()}
        return cls(counts, overlaps, hidden, np.bincount(kinds[counted], minlength=width).astype(np.int64))

    def settled(self) -> dict[str, Bools]:
        """Hide until nothing gives a hidden group away."""
        if self.hidden["all"].any() or _telling(self.total):
            self.given_up = True
        pairs = [(fine, coarse) for coarse in self.counts for fine in self.counts if fine not in ("all", coarse)]
        while not self.given_up and any(self._covered(fine, coarse) for fine, coarse in pairs):
            pass
        if self.given_up:
            return {by: hidden | (self.counts[by].sum(axis=1) > 0) for by, hidden in self.hidden.items()}
        return self.hidden

    def _covered(self, fine: str, coarse: str) -> bool:
        """Hide what the groups of one table tell about those of another; whether anything had to be."""
        changed = False
        for counts, inside in self._known(fine, coarse):
            while not self._safe(fine, counts, inside):
                changed = True
                shown = inside & ~self.hidden[fine]
                if shown.any():
                    self._hide_smallest(fine, shown)
                    continue
                larger = ~self.hidden[coarse] & (self.counts[coarse].sum(axis=1) > 0)
                if coarse == "all" or not larger.any():
                    self.given_up = True
                else:  # the group that tells it, if it is one; what that one's table tells has changed, so begin anew
                    self._hide_smallest(coarse, larger & (self.counts[coarse] == counts).all(axis=1), larger)
                return True
        return changed

    def _known(self, fine: str, coarse: str) -> Iterator[tuple[Ints, Bools]]:
        """Give counts that one table tells, each with the other table's groups that lie wholly inside."""
        rows, shared, size = self.counts[coarse], self.overlaps[fine, coarse], self.counts[fine].sum(axis=1)
        shown = ~self.hidden[coarse]
        unions = [shown] if shown.any() else []
        if coarse != "all":
            unions += [np.arange(len(rows)) == i for i in np.flatnonzero(shown & (rows.sum(axis=1) > 0))]
        for union in unions:
            known, within = rows[union].sum(axis=0), shared[:, union].sum(axis=1)
            yield known, (within == size) & (size > 0)
            yield self.total - known, (within == 0) & (size > 0)
        if not unions:
            yield self.total, size > 0

    def _safe(self, fine: str, counts: Ints, inside: Bools) -> bool:
        concealed = inside & self.hidden[fine]
        rest = counts - self.counts[fine][inside & ~self.hidden[fine]].sum(axis=0)
        beside = rest - self.counts[fine][concealed].sum(axis=0)
        parts = int(concealed.sum()) + bool(beside.any())
        return not _telling(rest) and (parts >= 2 or not concealed.any())

    def _hide_smallest(self, by: str, *wanted: Bools) -> None:
        among = next(mask for mask in wanted if mask.any())
        size = np.where(among, self.counts[by].sum(axis=1), np.iinfo(np.int64).max)
        self.hidden[by][size.argmin()] = True
