"""The design of a fit: every term's columns, centred, made block by block, and kept if they are small enough."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from pumpurs_risk.model.shapes import Floats
from pumpurs_risk.training.fit.terms import Term, step_values
from pumpurs_risk.training.likelihood import Ints

if TYPE_CHECKING:
    from pumpurs_risk.training.fit.pairs import PairTerm

_BLOCK = 8_192  # rows whose columns stay in the processor's cache
_KEPT_BYTES = 400_000_000


class TermDesign:
    """Intercept, terms, their unknowns, pairs, further columns; schools as groups.

    Columns of a term are centred on their weighted mean over the rows that know the value, and turned by the term's
    direction; a row that does not know it has zeros there (the mean row) and a one in the term's unknown column, which is
    not centred.

    Parameters
    ----------
    terms : sequence of Term
    weight : ndarray of float, shape (n,)
        Of the rows.
    groups : ndarray of int, shape (n,) or (0,)
        Each row's school, -1 for none.
    n_groups : int
    pairs : sequence of PairTerm
    beside : ndarray of float, shape (n, e)
        Further columns, centred by the caller.
    offset : ndarray of float, shape (n,), optional
        Log-odds that are given and not fitted: what the prior's pairs add.
    """

    def __init__(
        self,
        terms: Sequence[Term],
        weight: Floats,
        groups: Ints,
        n_groups: int,
        pairs: Sequence[PairTerm] = (),
        beside: Floats | None = None,
        offset: Floats | None = None,
    ) -> None:
        self.terms = tuple(terms)
        self.pairs = tuple(pairs)
        self.n_rows = len(weight)
        self.groups = groups
        self.n_groups = n_groups
        self.beside = np.zeros((self.n_rows, 0)) if beside is None else beside
        self.offset = offset
        self.missing = [t.column.unknown for t in self.terms]
        self.known = np.array([float(weight[~m].sum()) for m in self.missing])
        total = float(weight.sum())
        self.has_unknown = [bool(0 < k < total and m.any()) for k, m in zip(self.known, self.missing, strict=True)]
        ends = np.cumsum([1, *(t.column.n_columns for t in self.terms)])
        self.parts = [slice(a, b) for a, b in pairwise(ends.tolist())]
        self.unknown_at: list[int | None] = []
        at = int(ends[-1])
        for there in self.has_unknown:
            self.unknown_at.append(at if there else None)
            at += there
        pair_ends = np.cumsum([at, *(p.n_columns for p in self.pairs)])
        self.pair_parts = [slice(a, b) for a, b in pairwise(pair_ends.tolist())]
        at = int(pair_ends[-1])
        self.beside_part = slice(at, at + self.beside.shape[1])
        self.n_columns = at + int(self.beside.shape[1])
        self.mean_rows = self._means(weight)
        self._kept: list[tuple[slice, Floats]] | None = None
        if self.n_rows * self.n_columns * 8 <= _KEPT_BYTES:
            self._kept = list(self._made())

    @property
    def n_coefficients(self) -> int:
        """Columns and groups."""
        return self.n_columns + self.n_groups

    def blocks(self) -> Iterator[tuple[slice, Floats]]:
        """Give the rows and their columns, block by block."""
        return iter(self._kept) if self._kept is not None else self._made()

    def _means(self, weight: Floats) -> list[Floats]:
        sums = [np.zeros(t.column.n_columns) for t in self.terms]
        for part in _parts(self.n_rows):
            for total, term, missing in zip(sums, self.terms, self.missing, strict=True):
                rows = term.column.basis(part)
                used = np.where(missing[part], 0.0, weight[part])
                total += used @ np.nan_to_num(rows)
        means = [s / k if k > 0 else s for s, k in zip(sums, self.known, strict=True)]
        for pair in self.pairs:
            pair.centre(weight)
        return means

    def predict(self, beta: Floats) -> Floats:
        """Log-odds of every row from the curves themselves, without making their columns: shape (n,)."""
        eta = np.full(self.n_rows, float(beta[0]))
        if self.offset is not None:
            eta += self.offset
        for j, term in enumerate(self.terms):
            d = term.sign * beta[self.parts[j]]
            if d.any():
                heights = step_values(term, d) - float(self.mean_rows[j] @ d)
                eta += np.where(self.missing[j], 0.0, term.column.at(heights))
            at = self.unknown_at[j]
            if at is not None:
                eta[self.missing[j]] += beta[at]
        for pair, columns in zip(self.pairs, self.pair_parts, strict=True):
            for part in _parts(self.n_rows):
                eta[part] += pair.centred(part) @ beta[columns]
        eta += self.beside @ beta[self.beside_part]
        if self.n_groups:
            eta += np.append(beta[self.n_columns :], 0.0)[self.groups]
        return eta

    def _made(self) -> Iterator[tuple[slice, Floats]]:
        for part in _parts(self.n_rows):
            out = np.empty((part.stop - part.start, self.n_columns))
            out[:, 0] = 1.0
            for j, term in enumerate(self.terms):
                rows = out[:, self.parts[j]]
                term.column.basis(part, out=rows)
                rows -= self.mean_rows[j]
                if term.sign < 0:
                    np.negative(rows, out=rows)
                missing = self.missing[j][part]
                if missing.any():
                    rows[missing] = 0.0
                at = self.unknown_at[j]
                if at is not None:
                    out[:, at] = missing
            for pair, columns in zip(self.pairs, self.pair_parts, strict=True):
                out[:, columns] = pair.centred(part)
            out[:, self.beside_part] = self.beside[part]
            yield part, out


def _parts(n: int) -> Iterator[slice]:
    for start in range(0, n, _BLOCK):
        yield slice(start, min(start + _BLOCK, n))
