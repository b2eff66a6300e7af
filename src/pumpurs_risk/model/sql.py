"""The same model as one SQL expression: whoever has the table in a database needs no Python to score it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pumpurs_risk.model.shapes import Levels, PiecewiseLinear

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
    column = _name(shape.factor)
    cases = " ".join(f"WHEN {_word(w)} THEN {_number(v)}" for w, v in zip(shape.levels, shape.values, strict=True))
    return f"CASE CAST({column} AS VARCHAR) {cases} ELSE {_number(shape.unknown)} END"


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _word(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _number(value: float) -> str:
    written = repr(float(value))
    return written if "e" in written else written + "e0"  # without an exponent DuckDB would read a DECIMAL
