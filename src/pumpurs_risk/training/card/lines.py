"""Lines of a point card: a factor's values, cut where its points change, and the whole-number points of each part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import ceil, floor, inf, log10
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from pumpurs_risk.model.inputs import numeric_column, word_column
from pumpurs_risk.model.pairs import PairAxis, PairShape
from pumpurs_risk.model.shapes import Levels, PiecewiseLinear, Shape

_STEPS_PER_RANGE = 100
"""Values of a factor that the catalogue does not know are read to a hundredth of its range or better."""


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """A factor's values in parts; "not recorded" is the part behind the last.

    Parameters
    ----------
    factor : str
        Factor id.
    cuts : tuple of float
        Numbers at which a new part begins, increasing.
    decimals : int
        Values are rounded to so many before they are looked up, as they are when people read them.
    levels : tuple of str
        For words instead of numbers: each word is a part.
    """

    factor: str
    cuts: tuple[float, ...] = ()
    decimals: int = 0
    levels: tuple[str, ...] = ()

    @property
    def n_parts(self) -> int:
        """Number of parts, without "not recorded"."""
        return len(self.levels) or len(self.cuts) + 1

    def parts(self, frame: pd.DataFrame) -> npt.NDArray[np.int64]:
        """Position of each pupil's part, shape (n,); `n_parts` where it is not recorded or a word that is not known."""
        if self.levels:
            found = pd.Index(self.levels).get_indexer(pd.Index(word_column(frame, self.factor), dtype=object))
            return np.where(found < 0, self.n_parts, found).astype(np.int64)
        values = numeric_column(frame, self.factor)
        unknown = np.isnan(values)
        found = np.searchsorted(self.cuts, np.round(np.where(unknown, 0.0, values), self.decimals), side="right")
        return np.where(unknown, self.n_parts, found).astype(np.int64)

    def bounds(self, part: int) -> tuple[float, float]:
        """First value of a part and the first that no longer belongs to it; infinite at the ends."""
        return (self.cuts[part - 1] if part else -inf), (self.cuts[part] if part < len(self.cuts) else inf)


class FactorLine(msgspec.Struct, frozen=True, kw_only=True, tag="factor"):
    """One factor of the card.

    Parameters
    ----------
    scale : Scale
        Its values in parts.
    points : tuple of int, length n_parts + 1
        Of each part, and last of "not recorded".
    """

    scale: Scale
    points: tuple[int, ...]

    @property
    def factors(self) -> tuple[str, ...]:
        """Factor id, as a tuple of one."""
        return (self.scale.factor,)

    @property
    def largest(self) -> int:
        """Most points that the line can give."""
        return max(self.points)

    def look_up(self, frame: pd.DataFrame) -> npt.NDArray[np.int64]:
        """Points of each pupil, shape (n,)."""
        return np.asarray(self.points)[self.scale.parts(frame)]


class PairLine(msgspec.Struct, frozen=True, kw_only=True, tag="pair"):
    """Two factors together: a table of its own on the card.

    Parameters
    ----------
    left, right : Scale
        The two factors' values in parts.
    points : tuple of tuple of int, shape (left.n_parts + 1, right.n_parts + 1)
        Last row and column: "not recorded".
    """

    left: Scale
    right: Scale
    points: tuple[tuple[int, ...], ...]

    @property
    def factors(self) -> tuple[str, ...]:
        """The two factor ids."""
        return self.left.factor, self.right.factor

    @property
    def largest(self) -> int:
        """Most points that the line can give."""
        return max(max(row) for row in self.points)

    def look_up(self, frame: pd.DataFrame) -> npt.NDArray[np.int64]:
        """Points of each pupil, shape (n,)."""
        return np.asarray(self.points)[self.left.parts(frame), self.right.parts(frame)]


Line = FactorLine | PairLine
Decimals = Callable[[str], int | None]
"""How many decimals people read of a factor's values; None if nobody says."""


def lowest(term: Shape | PairShape) -> float:
    """Smallest log-odds that a term can add, "unknown" included."""
    return min(_numbers(term))


def farthest(term: Shape | PairShape) -> float:
    """Log-odds of the largest distance from what is typical, up or down, that a term can add."""
    return max(abs(v) for v in _numbers(term))


def line_of(term: Shape | PairShape, unit: float, decimals: Decimals) -> Line:
    """Round a shape or pair to whole points above its lowest value.

    Parameters
    ----------
    term : PiecewiseLinear, Levels or PairShape
        What adds log-odds. A curve's points are those of its own value, read to the given decimals; a pair's are those of the
        nearest node of its grid.
    unit : float
        Log-odds of one point.
    decimals : callable
        ``decimals(factor)``.

    Returns
    -------
    FactorLine or PairLine

    Examples
    --------
    >>> curve = PiecewiseLinear(factor="f", version=1, construct="c", direction=1, knots=(0.0, 4.0), values=(-1.0, 1.0),
    ...                         unknown=0.0, mean_row=(0.5,), variance=0.1)
    >>> line = line_of(curve, 1.0, lambda factor: 0)
    >>> line.scale.cuts, line.points  # 0 from the start, 1 from 1, 2 from 3; 1 where it is not recorded
    ((1.0, 3.0), (0, 1, 2, 1))
    """
    low = lowest(term)

    def points(value: float) -> int:
        return floor((value - low) / unit + 0.5)

    if isinstance(term, PairShape):
        return PairLine(
            left=_scale_of_axis(term.left, decimals),
            right=_scale_of_axis(term.right, decimals),
            points=tuple(tuple(points(v) for v in row) for row in term.values),
        )
    if isinstance(term, Levels):
        scale = Scale(factor=term.factor, levels=term.levels)
        return FactorLine(scale=scale, points=tuple(points(v) for v in (*term.values, term.unknown)))
    digits = _digits(term.factor, term.knots, decimals)
    cuts: list[float] = []
    found = [points(term.values[0])]
    for cut, level in _changes(term, low, unit):
        cut = ceil(round(cut * 10**digits, 6)) / 10**digits  # the first value, as it is read, that has the new points
        if cuts and cuts[-1] == cut:
            found[-1] = level
        else:
            cuts.append(cut)
            found.append(level)
    kept = [i for i in range(len(cuts)) if found[i] != found[i + 1]]
    return FactorLine(
        scale=Scale(factor=term.factor, cuts=tuple(cuts[i] for i in kept), decimals=digits),
        points=(found[0], *(found[i + 1] for i in kept), points(term.unknown)),
    )


def _changes(curve: PiecewiseLinear, low: float, unit: float) -> Iterator[tuple[float, int]]:
    """Where along a curve its rounded points change, and to what."""
    heights = [(v - low) / unit for v in curve.values]
    for x0, x1, q0, q1 in zip(curve.knots, curve.knots[1:], heights, heights[1:], strict=False):
        first, last = floor(q0 + 0.5), floor(q1 + 0.5)
        step = 1 if last > first else -1
        for level in range(first + step, last + step, step) if last != first else ():
            at = level - 0.5 if step > 0 else level + 0.5
            yield x0 + (x1 - x0) * min(max((at - q0) / (q1 - q0), 0.0), 1.0), level


def _scale_of_axis(axis: PairAxis, decimals: Decimals) -> Scale:
    if axis.levels:
        return Scale(factor=axis.factor, levels=axis.levels)
    digits = _digits(axis.factor, axis.knots, decimals)
    middles = [(a + b) / 2 for a, b in zip(axis.knots, axis.knots[1:], strict=False)]
    return Scale(
        factor=axis.factor, cuts=tuple(ceil(round(m * 10**digits, 6)) / 10**digits for m in middles), decimals=digits
    )


def _digits(factor: str, knots: tuple[float, ...], decimals: Decimals) -> int:
    given = decimals(factor)
    if given is not None:
        return given
    return max(0, ceil(-log10((knots[-1] - knots[0]) / _STEPS_PER_RANGE)))


def _numbers(term: Shape | PairShape) -> list[float]:
    if isinstance(term, PairShape):
        return [v for row in term.values for v in row]
    return [*term.values, term.unknown]


def line_rows(line: Line, number: int) -> list[dict[str, Any]]:
    """The rows of a line in a table of points: one per part, or per pair of parts; see `PointScorecard.points_table`."""
    if isinstance(line, FactorLine):
        return [
            {"line": number, **_part(line.scale, i, ""), **_part(None, 0, "with_"), "points": points}
            for i, points in enumerate(line.points)
        ]
    return [
        {"line": number, **_part(line.left, i, ""), **_part(line.right, j, "with_"), "points": points}
        for i, row in enumerate(line.points)
        for j, points in enumerate(row)
    ]


def _part(scale: Scale | None, part: int, prefix: str) -> dict[str, Any]:
    if scale is None:
        cells: list[Any] = [None, np.nan, np.nan, None, None]
    elif part == scale.n_parts:
        cells = [scale.factor, np.nan, np.nan, None, False]
    elif scale.levels:
        cells = [scale.factor, np.nan, np.nan, scale.levels[part], True]
    else:
        cells = [scale.factor, *scale.bounds(part), None, True]
    return dict(zip((f"{prefix}{name}" for name in ("factor", "from", "to", "value", "recorded")), cells, strict=True))


def line_dict(line: Line) -> dict[str, Any]:
    """The line as JSON-able data; see `PointScorecard.to_dict`."""
    if isinstance(line, PairLine):
        sides = {"left": _scale_dict(line.left), "right": _scale_dict(line.right)}
        return {**sides, "points": [list(row) for row in line.points]}
    return {**_scale_dict(line.scale), "points": list(line.points)}


def _scale_dict(scale: Scale) -> dict[str, Any]:
    if scale.levels:
        return {"factor": scale.factor, "levels": list(scale.levels)}
    return {"factor": scale.factor, "cuts": list(scale.cuts), "decimals": scale.decimals}
