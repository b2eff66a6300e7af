"""The same model as one SQL expression: whoever has the table in a database needs no Python to score it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pumpurs_risk.model.pairs import PairAxis, PairShape
from pumpurs_risk.model.shapes import Levels, PiecewiseLinear
from pumpurs_risk.model.terms import SCHOOL

if TYPE_CHECKING:
    from pumpurs_risk.model.additive import AdditiveModel

_DIALECTS = ("duckdb",)


def log_odds_sql(model: AdditiveModel, dialect: str = "duckdb") -> str:
    """Write the log-odds as an expression over columns named as the factors.

    Parameters
    ----------
    model : AdditiveModel
        The model.
    dialect : {"duckdb"}
        Which database will read it.

    Returns
    -------
    str
        An expression such as ``(-4.5e0 + CASE ... END + ...)``; every factor's column must exist, NULL and NaN are unknown.
        A model with school levels reads the column ``school_id`` too.

    Raises
    ------
    ValueError
        For a dialect that was not tested.

    Examples
    --------
    >>> from pumpurs_risk.model import load_model
    >>> sql = log_odds_sql(load_model("literature-prior"))
    >>> '"absence_share"' in sql
    True
    """
    if dialect not in _DIALECTS:
        raise ValueError(f"dialect must be one of {', '.join(_DIALECTS)}, got {dialect!r}")
    terms = [_levels(s) if isinstance(s, Levels) else _curve(s) for s in model.shapes]
    terms += [_pair(pair) for pair in model.pairs]
    if model.schools is not None and model.schools.levels:
        terms.append(_words(SCHOOL, model.schools.levels, 0.0))
    return "(" + "\n + ".join([_number(model.base), *terms]) + ")"


def _curve(shape: PiecewiseLinear) -> str:
    column = f"CAST({_name(shape.factor)} AS DOUBLE)"
    lines = [f"CASE WHEN {column} IS NULL OR isnan({column}) THEN {_number(shape.unknown)}"]
    lines.append(f"WHEN {column} <= {_number(shape.knots[0])} THEN {_number(shape.values[0])}")
    pieces = zip(shape.knots, shape.knots[1:], shape.values, shape.values[1:], strict=False)
    for left, right, low, high in pieces:
        slope = (high - low) / (right - left)
        step = f"{_number(low)} + ({column} - {_number(left)}) * {_number(slope)}"
        lines.append(f"WHEN {column} < {_number(right)} THEN {step}")
    lines.append(f"ELSE {_number(shape.values[-1])} END")
    return " ".join(lines)


def _levels(shape: Levels) -> str:
    return _words(shape.factor, dict(zip(shape.levels, shape.values, strict=True)), shape.unknown)


def _words(column: str, values: dict[str, float], otherwise: float) -> str:
    cases = " ".join(f"WHEN {_word(w)} THEN {_number(v)}" for w, v in values.items())
    return f"CASE CAST({_name(column)} AS VARCHAR) {cases} ELSE {_number(otherwise)} END"


class _Piece(NamedTuple):
    """A part of an axis: when it holds, between which nodes it lies, and how far a value is on the way."""

    condition: str
    below: int
    above: int
    share: str


def _pair(pair: PairShape) -> str:
    outer = []
    for left in _pieces(pair.left):
        inner = []
        for right in _pieces(pair.right):
            low = _between(
                _number(pair.values[left.below][right.below]), _number(pair.values[left.below][right.above]), right
            )
            high = _between(
                _number(pair.values[left.above][right.below]), _number(pair.values[left.above][right.above]), right
            )
            inner.append(f"WHEN {right.condition} THEN {_between(low, high, left)}")
        outer.append(f"WHEN {left.condition} THEN CASE {' '.join(inner)} END")
    return f"CASE {' '.join(outer)} END"


def _between(low: str, high: str, piece: _Piece) -> str:
    return low if piece.below == piece.above else f"({low} * (1e0 - {piece.share}) + {high} * {piece.share})"


def _pieces(axis: PairAxis) -> list[_Piece]:
    unknown = axis.size - 1
    if axis.levels:
        word = f"CAST({_name(axis.factor)} AS VARCHAR)"
        found = [_Piece(f"{word} = {_word(level)}", i, i, "") for i, level in enumerate(axis.levels)]
        return [*found, _Piece("TRUE", unknown, unknown, "")]
    column = f"CAST({_name(axis.factor)} AS DOUBLE)"
    within = f"LEAST(GREATEST({column}, {_number(axis.knots[0])}), {_number(axis.knots[-1])})"
    found = [_Piece(f"{column} IS NULL OR isnan({column})", unknown, unknown, "")]
    for i, (left, right) in enumerate(zip(axis.knots, axis.knots[1:], strict=False)):
        share = f"(({within} - {_number(left)}) / {_number(right - left)})"
        last = i == len(axis.knots) - 2
        found.append(_Piece("TRUE" if last else f"{column} < {_number(right)}", i, i + 1, share))
    return found


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _word(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _number(value: float) -> str:
    written = repr(float(value))
    return written if "e" in written else written + "e0"  # without an exponent DuckDB would read a DECIMAL
