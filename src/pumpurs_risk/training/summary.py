"""ShapeSummary: the only thing of a municipality that pooling needs. One matrix, one vector, no row.

Of the likelihood of its pupils' outcomes it holds the second-order view over the curves' coefficients: intercept, school
levels and unknown terms are solved out, and so is whatever fewer than five pupils stand behind. What it could reveal all the
same stands in ``docs/pooling.md``.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np

from pumpurs_risk.errors import TrainingError
from pumpurs_risk.model.sealed import Seal
from pumpurs_risk.model.shapes import Floats
from pumpurs_risk.training.information import FactorInfo, Information
from pumpurs_risk.training.pool.shared_factor import SharedFactor, spread
from pumpurs_risk.training.pool.withholding import (
    FEWEST_PUPILS,
    cell_shares,
    cells,
    coarse_mean_row,
    rare_cells,
    tells_something,
    without,
)

FEWEST_LEAVERS = 10
SCHEMA_VERSION = 1
MADE_OF = (
    "second-order likelihood of the recorded outcomes over the factors' coefficients; no pupil's row, no name, no "
    "identifier, no school, no level of risk"
)
_SEAL = Seal(kind="summary", version=SCHEMA_VERSION, largest=64_000_000)
_DAY = r"\d{4}-\d{2}-\d{2}"
_MOST_COEFFICIENTS = 3_000


class ShapeSummary(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a municipality shares, so that others learn from it: see `pool_models`.

    With d the coefficients of the factors in order (increments of a curve, values of levels), the log-likelihood of the
    municipality's outcomes is ``linear' d - d' information d / 2`` and a constant.

    Parameters
    ----------
    municipality : str
        Whose; needed to save it.
    period : str
        First and last day on which pupils were looked at, ``"2024-09-15/2026-01-15"``, or one day; needed to save it.
    horizon : str
        What leaving is counted over: ``"1y"`` or ``"2y"``.
    made_on : str
        Day, ISO.
    made_of : str
        What the numbers are, in words.
    pupils, leavers : int
        Distinct pupils and leavers, rounded down to tens and to fives.
    factors : tuple of SharedFactor
        In the order of the coefficients.
    left_out : tuple of str
        Factors that are not shared: too few pupils, or by choice.
    information : tuple of tuple of float
        The upper triangle of the k x k matrix, row by row: k numbers, k - 1, ..., 1.
    linear : tuple of float, length k
        Score plus information times mode.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from pumpurs_risk import DropoutScorer
    >>> made = np.random.default_rng(0)
    >>> X = pd.DataFrame({"mean_mark": made.uniform(3, 9, 400)})  # made data
    >>> y = made.random(400) < 0.3 * (X["mean_mark"] < 5) + 0.02
    >>> summary = DropoutScorer(prior=None).fit(X, y).summary_.named("example", "2025-09-15/2026-01-15")
    >>> summary.factors[0].factor, summary.matrix.shape == (summary.factors[0].n_coefficients,) * 2
    ('mean_mark', True)
    """

    municipality: str = ""
    period: str = ""
    horizon: str
    made_on: str = ""
    made_of: str = MADE_OF
    pupils: int
    leavers: int
    factors: tuple[SharedFactor, ...]
    left_out: tuple[str, ...] = ()
    information: tuple[tuple[float, ...], ...]
    linear: tuple[float, ...]

    def __repr__(self) -> str:
        whose = self.municipality or "unnamed"
        return (
            f"ShapeSummary({whose!r}, {self.period or 'no period'!r}, {len(self.factors)} factors, "
            f"{self.leavers} or more leavers, horizon {self.horizon!r})"
        )

    @property
    def matrix(self) -> Floats:
        """The information, whole: ndarray of shape (k, k)."""
        k = len(self.linear)
        out = np.zeros((k, k))
        for i, row in enumerate(self.information):
            out[i, i:] = row
            out[i:, i] = row
        return out

    def named(self, municipality: str, period: str) -> ShapeSummary:
        """Say whose it is and of what time.

        Parameters
        ----------
        municipality : str
            Its id, under which a later summary replaces this one.
        period : str
            ``"2024-09-15/2026-01-15"``, or one day.

        Returns
        -------
        ShapeSummary

        Raises
        ------
        TrainingError
            If the id is empty or the period no such text.
        """
        if not municipality.strip():
            raise TrainingError("summary_unnamed")
        period_end(period)
        return msgspec.structs.replace(self, municipality=municipality.strip(), period=period)

    def save(self, path: str | Path) -> None:
        """Write ``summary.json``, which `load_summary` and `pool_models` read; an existing file is replaced.

        Parameters
        ----------
        path : str or Path
            The file.

        Raises
        ------
        TrainingError
            If nobody has said whose summary it is and of what time (`named`).
        ModelFileError
            If it holds a number that is not finite.
        """
        named = self.named(self.municipality, self.period)
        if not named.made_on:
            named = msgspec.structs.replace(named, made_on=dt.date.today().isoformat())
        Path(path).write_bytes(summary_bytes(named))

    def problem(self) -> str | None:
        """Say what is inconsistent, or None.

        Returns
        -------
        str or None
        """
        names = [factor.factor for factor in self.factors]
        k = sum(factor.n_coefficients for factor in self.factors)
        if not names or len(set(names)) != len(names):
            return "its factors must be different names, at least one"
        for factor in self.factors:
            if problem := factor.problem():
                return f"{factor.factor}: {problem}"
        if not 0 < k <= _MOST_COEFFICIENTS or len(self.linear) != k:
            return f"its factors have {k} coefficients, its vector {len(self.linear)}"
        if [len(row) for row in self.information] != list(range(k, 0, -1)):
            return f"its matrix must be the upper triangle of {k} rows"
        if self.leavers < FEWEST_LEAVERS or self.pupils < self.leavers:
            return f"it must speak of at least {FEWEST_LEAVERS} leavers, and of no fewer pupils"
        eigenvalues = np.linalg.eigvalsh(self.matrix)
        if eigenvalues[0] < -1e-8 * max(1.0, eigenvalues[-1]):
            return "its matrix is not positive"
        return None


class _SummaryFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands in summary.json."""

    schema_version: int
    digest: str
    summary: ShapeSummary


class _Content(msgspec.Struct):
    """What a file turns out to hold."""

    model: msgspec.Raw = msgspec.Raw(b"")


def summary_of(
    information: Information,
    municipality: str = "",
    period: str = "",
    *,
    leave_out: Collection[str] = (),
    rare: Literal["withhold", "refuse"] = "withhold",
) -> ShapeSummary:
    """Make what may leave the house from what a fit knows.

    Parameters
    ----------
    information : Information
        Of a fit.
    municipality, period : str
        Whose it is, and of what time; may be said later (`ShapeSummary.named`).
    leave_out : collection of str
        Factors that are not to be shared.
    rare : {"withhold", "refuse"}
        What happens to a level, or a value between two knots, that fewer than five pupils hold: its effect is solved out of
        the summary, which then no longer compares these pupils with anyone; or nothing is shared at all.

    Returns
    -------
    ShapeSummary

    Raises
    ------
    TrainingError
        If there are fewer than 10 leavers, if `leave_out` names what is no factor, if nothing remains, or, with
        ``rare="refuse"``, if fewer than five pupils hold a level.
    """
    if information.leavers < FEWEST_LEAVERS:
        raise TrainingError("summary_few_leavers", leavers=information.leavers, needed=FEWEST_LEAVERS)
    known = {factor.factor for factor in information.factors}
    strange = sorted(set(leave_out) - known)
    if strange:
        raise TrainingError("summary_no_such_factor", factors=", ".join(strange), known=", ".join(sorted(known)))
    offered = [factor for factor in information.factors if factor.factor not in leave_out]
    if rare == "refuse":
        few = [f"{f.factor} ({', '.join(cells(f)[i] for i in rare_cells(f))})" for f in offered if rare_cells(f)]
        if few:
            raise TrainingError("summary_rare_level", needed=FEWEST_PUPILS, levels="; ".join(few))
    elif rare != "withhold":
        raise ValueError(f'rare must be "withhold" or "refuse", got {rare!r}')
    shared = [factor for factor in offered if tells_something(factor)]
    if not shared:
        raise TrainingError("summary_nothing_left", needed=FEWEST_PUPILS)
    left_out = known - {factor.factor for factor in shared}
    matrix, linear = without(information, left_out)
    width = [factor.n_coefficients for factor in information.factors]
    kept = np.repeat([factor.factor not in left_out for factor in information.factors], width)
    matrix, linear = matrix[np.ix_(kept, kept)], linear[kept]
    mode = np.split(information.mode, np.cumsum(width)[:-1])
    modes = {factor.factor: d for factor, d in zip(information.factors, mode, strict=True)}
    summary = ShapeSummary(
        horizon=information.horizon,
        pupils=information.pupils // 10 * 10,
        leavers=information.leavers // 5 * 5,
        factors=tuple(_shared(factor, modes[factor.factor]) for factor in shared),
        left_out=tuple(f.factor for f in information.factors if f.factor in left_out),
        information=tuple(tuple(row[i:].tolist()) for i, row in enumerate(matrix)),
        linear=tuple(linear.tolist()),
    )
    return summary.named(municipality, period) if municipality or period else summary


def load_summary(path: str | Path) -> ShapeSummary:
    """Read a municipality's summary.

    Parameters
    ----------
    path : str or Path
        A ``summary.json``, or a folder that holds one.

    Returns
    -------
    ShapeSummary

    Raises
    ------
    TrainingError
        If the file is a whole model, which nobody should send.
    ModelFileError
        If there is no such file, or it is damaged, altered, too large, of a newer version, or does not fit together.

    Examples
    --------
    >>> load_summary("no-such-folder")
    Traceback (most recent call last):
    pumpurs_risk.errors.ModelFileError: ...
    """
    file = Path(path)
    if file.is_dir():
        file = file / "summary.json"
    if not file.is_file():
        raise _SEAL.error("missing", path=str(path)[:200])
    return read_summary(_SEAL.read_path(file), file.name)


def read_summary(written: bytes, name: str = "summary.json") -> ShapeSummary:
    """Read a summary from the bytes of its file; see `load_summary`."""
    try:
        holds_model = bool(bytes(msgspec.json.decode(written, type=_Content).model))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        holds_model = False  # said below, as damage
    if holds_model:
        raise TrainingError("pool_full_model", name=name)
    summary = _SEAL.open(written, _SummaryFile).summary
    if problem := summary.problem():
        raise _SEAL.error("inconsistent", detail=problem)
    if not summary.municipality:
        raise _SEAL.error("inconsistent", detail="it does not say whose it is")
    period_end(summary.period)
    return summary


def summary_bytes(summary: ShapeSummary) -> bytes:
    """Give the bytes of ``summary.json``: the same for the same summary."""
    written = _SEAL.write(summary)
    if problem := summary.problem():
        raise _SEAL.error("inconsistent", detail=problem)
    return written


def summary_schema() -> dict[str, Any]:
    """JSON Schema of summary.json, as ``data_schema/summary.json`` holds it."""
    return msgspec.json.schema(_SummaryFile)


def period_end(period: str) -> dt.date:
    """Last day of a period.

    Parameters
    ----------
    period : str
        ``"2024-09-15/2026-01-15"``, or one day.

    Returns
    -------
    datetime.date

    Raises
    ------
    TrainingError
        If it is no such text, or ends before it begins.

    Examples
    --------
    >>> period_end("2024-09-15/2026-01-15")
    datetime.date(2026, 1, 15)
    """
    try:
        if not re.fullmatch(f"{_DAY}(/{_DAY})?", period):
            raise ValueError
        days = [dt.date.fromisoformat(day) for day in period.split("/")]
    except ValueError:
        raise TrainingError("summary_period", period=period[:60]) from None
    if days[-1] < days[0]:
        raise TrainingError("summary_period", period=period)
    return days[-1]


def _shared(factor: FactorInfo, mode: Floats) -> SharedFactor:
    withheld = rare_cells(factor)
    row = coarse_mean_row(factor, withheld)
    heights = mode if factor.levels else np.append(0.0, np.cumsum(mode))
    on_knots = spread(cell_shares(factor.mean_row, bool(factor.levels)), heights)
    direction: Literal[-1, 0, 1] = 1 if factor.direction > 0 else -1 if factor.direction < 0 else 0
    return SharedFactor(
        factor=factor.factor,
        version=factor.version,
        construct=factor.construct,
        direction=direction,
        knots=factor.knots,
        levels=factor.levels,
        mean_row=row,
        known=float(5 * round(factor.known / 5)),
        within=round(min(1.0, factor.variance / on_knots), 2) if on_knots > 0 else 1.0,
        withheld=withheld,
    )
