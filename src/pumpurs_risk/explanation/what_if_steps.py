"""Which changes of a factor are plausible, and what each would add: whole steps, in the known direction only.

A change is counted in steps that people can see: whole lessons, whole percentage points, tenths of a mark, one word of a
scale. It never goes beyond what is good and usual at once: the better end of the contrast or of the typical spread,
whichever comes first. What is reckoned from a factor (a trend, a distance from peers) moves with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from pumpurs_risk.catalogue import Change
from pumpurs_risk.explanation.applies import number_column, word_column
from pumpurs_risk.explanation.placeholders import semester_of
from pumpurs_risk.model.shapes import PiecewiseLinear
from pumpurs_risk.model.terms import axis_column

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from pumpurs_risk.catalogue import Catalogue, RiskFactor
    from pumpurs_risk.model import AdditiveModel

    Floats = NDArray[np.float64]

_ROUNDING = 1e-9  # of values and log-odds: floats of the same number
_MOST_STEPS = 1_000  # bounds memory: a longer way than this is walked in larger steps


@dataclass(frozen=True)
class Steps:
    """The steps of one factor for some pupils; step 1 is the smallest change, NaN where there is no such step.

    Parameters
    ----------
    factor : RiskFactor
    values : ndarray, shape (n, n_steps)
        The factor's value after each step.
    adds : ndarray, shape (n, n_steps)
        Log-odds that the step adds, what follows the factor and the pairs included; +inf where there is no step.
    effort : ndarray, shape (n, n_steps)
        Units of effort.
    alone : ndarray of bool, shape (n, n_steps)
        Whether the step is possible while every other factor stays as it is.
    by_raw : ndarray of bool, shape (n,)
        Whether the pupil's steps are whole numbers of the raw count.
    """

    factor: RiskFactor
    values: Floats
    adds: Floats
    effort: Floats
    alone: NDArray[np.bool_]
    by_raw: NDArray[np.bool_]


@dataclass
class Changeable:
    """The factors of a model that can be changed, with what hangs on each.

    Parameters
    ----------
    model : AdditiveModel
    catalogue : Catalogue
    sees : callable
        Whether a factor may be spoken of.
    """

    model: AdditiveModel
    catalogue: Catalogue
    sees: Callable[[str], bool]
    factors: list[RiskFactor] = field(init=False)
    followers: dict[str, list[str]] = field(init=False)
    links: list[set[str]] = field(init=False)

    def __post_init__(self) -> None:
        shapes = {shape.factor: shape for shape in self.model.shapes}
        known = [f for f in self.catalogue.factors.values() if isinstance(shapes.get(f.id), PiecewiseLinear)]
        self.factors = [f for f in known if _may_change(f, shapes[f.id].direction) and self.sees(f.id)]
        self.followers = {}
        for factor in known:
            if factor.change is not None and factor.change.follows:
                self.followers.setdefault(factor.change.follows, []).append(factor.id)
        self.shapes = shapes
        self.links = [{f.id, other} for f in known if f.change for other in (f.change.part_of, f.change.needs) if other]

    def moved(self, frame: pd.DataFrame, factor: str, values: Floats) -> dict[str, Floats]:
        """Give the columns that change when a factor takes other values: its own, and what is reckoned from it.

        Parameters
        ----------
        frame : pandas.DataFrame, n rows
        factor : str
        values : ndarray, shape (n,)

        Returns
        -------
        dict of str to ndarray, shape (n,)
        """
        by = values - number_column(frame, factor)
        moved = {factor: values}
        for follower in self.followers.get(factor, []):
            limits = self.catalogue.factors[follower].range or (-np.inf, np.inf)
            moved[follower] = np.clip(number_column(frame, follower) + by, *limits)
        return moved

    def adds(self, frame: pd.DataFrame, moved: dict[str, Floats]) -> Floats:
        """Log-odds that changed columns add to what the pupils have now, pairs included; shape (n,)."""
        total = np.zeros(len(frame))
        for name, values in moved.items():
            if name in self.shapes:
                shape: Any = self.shapes[name]
                total += shape.evaluate(values) - shape.evaluate(number_column(frame, name))
        for pair in self.model.pairs:
            if not set(pair.factors).isdisjoint(moved):
                now = [axis_column(frame, axis) for axis in (pair.left, pair.right)]
                then = [moved.get(name, column) for name, column in zip(pair.factors, now, strict=True)]
                total += pair.evaluate(*then) - pair.evaluate(*now)
        return total

    def steps(self, frame: pd.DataFrame, factor: RiskFactor) -> Steps | None:
        """Walk from each pupil's value to the best plausible one; None where nobody has a step to go."""
        values, by_raw = _walk(frame, factor, self.catalogue)
        if not values.shape[1]:
            return None
        n, s = values.shape
        there = ~np.isnan(values)
        row, _ = np.nonzero(there)
        some = frame[self.columns(frame, factor.id)].iloc[row].reset_index(drop=True)
        adds = np.full((n, s), np.inf)
        adds[there] = self.adds(some, self.moved(some, factor.id, values[there]))
        alone = np.zeros((n, s), dtype=bool)
        alone[there] = self.possible(some, {factor.id: values[there]})
        x = number_column(frame, factor.id)
        effort = np.abs(values - x[:, None]) / effort_unit(factor)
        return Steps(factor, values, adds, effort, alone, by_raw)

    def columns(self, frame: pd.DataFrame, *factors: str) -> list[str]:
        """Columns of the table that decide what a change of these factors adds, and whether it is possible."""
        wanted = {name for factor in factors for name in (factor, *self.followers.get(factor, []))}
        pairs = [set(pair.factors) for pair in self.model.pairs if not wanted.isdisjoint(pair.factors)]
        links = [link for link in self.links if not link.isdisjoint(factors)]
        wanted = wanted.union(*pairs, *links)
        return [name for name in frame if name in wanted]

    def together(self, one: str, other: str) -> bool:
        """Whether two changes are more than the sum of each: a pair of the model joins them, or one bounds the other."""
        if {one, other} in self.links:
            return True
        moved = [{factor, *self.followers.get(factor, [])} for factor in (one, other)]
        return any(all(not reached.isdisjoint(pair.factors) for reached in moved) for pair in self.model.pairs)

    def possible(self, frame: pd.DataFrame, changed: dict[str, Floats]) -> NDArray[np.bool_]:
        """Whether pupils could have these values together with the rest of theirs.

        A whole is at least its part, and the best value of a factor may need another one (no failing mark needs a mean of
        at least 4). What does not hold already is not asked for, as long as the change does not make it worse.

        Parameters
        ----------
        frame : pandas.DataFrame, n rows
        changed : dict of str to ndarray, shape (n,)

        Returns
        -------
        ndarray of bool, shape (n,)
        """
        fits = np.ones(len(frame), dtype=bool)
        for factor in self.catalogue.factors.values():
            change = factor.change
            if change is None:
                continue
            if change.part_of and not {factor.id, change.part_of}.isdisjoint(changed):
                whole, part = (changed.get(f, number_column(frame, f)) for f in (change.part_of, factor.id))
                lowered = whole < number_column(frame, change.part_of) - _ROUNDING
                fits &= ~(lowered & (whole < change.part_share * part - _ROUNDING))
            if change.needs and factor.id in changed:
                best = best_value(factor)
                needed = changed.get(change.needs, number_column(frame, change.needs))
                fits &= ~((np.abs(changed[factor.id] - best) < _ROUNDING) & (needed < change.needs_least - _ROUNDING))
        return fits


def step_size(factor: RiskFactor) -> float:
    """Give the smallest change of a factor, in its own unit.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> factors = Catalogue.load().factors
    >>> step_size(factors["absence_share"]), step_size(factors["mean_mark"]), step_size(factors["motivation"])
    (0.01, 0.1, 1.0)
    """
    change = factor.change or Change()
    if change.step is not None:
        return change.step
    return 10.0 ** -(factor.decimals + (2 if factor.kind == "share" else 0))


def effort_unit(factor: RiskFactor) -> float:
    """Give how large a change of a factor counts as one unit of effort, in its own unit.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> effort_unit(Catalogue.load().factors["learning_gaps"])
    1.0
    """
    change = factor.change or Change()
    if change.effort is not None:
        return change.effort
    if factor.contrast is None or factor.kind in ("score", "yes_no"):
        return 1.0
    return abs(factor.contrast.high - factor.contrast.low) / 3


def best_value(factor: RiskFactor) -> float:
    """Give the best plausible value: of the contrast's better end and of the better end of the spread, the less good one.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> factors = Catalogue.load().factors
    >>> best_value(factors["absence_share"]), best_value(factors["mean_mark"])
    (0.03, 8.0)
    """
    worse = max if factor.direction > 0 else min
    bounds = [factor.range[0 if factor.direction > 0 else 1]] if factor.range else []
    if factor.contrast is not None:
        bounds.append(factor.contrast.low)
    if factor.typical is not None and factor.typical.quantiles is not None:
        bounds.append(factor.typical.quantiles[0 if factor.direction > 0 else -1])
    return worse(bounds)


def _may_change(factor: RiskFactor, direction: int) -> bool:
    change = factor.change or Change()
    return (
        factor.changeable != "no"
        and change.offered
        and not change.follows
        and factor.kind != "level"
        and direction != 0
        and direction == factor.direction
    )


def _walk(frame: pd.DataFrame, factor: RiskFactor, catalogue: Catalogue) -> tuple[Floats, NDArray[np.bool_]]:
    """Values after step 1, 2, ... of every pupil, NaN beyond the last; and whose steps are of the raw count."""
    x = number_column(frame, factor.id)
    change = factor.change or Change()
    way, best = -factor.direction, best_value(factor)
    if change.most is not None:
        best_of = np.maximum(best, x - change.most) if way < 0 else np.minimum(best, x + change.most)
    else:
        best_of = np.full(len(x), float(best))
    raw = _raw_count(frame, factor, catalogue)
    by_raw = ~np.isnan(raw) & (raw > 0) & (x > 0)
    step = np.full(len(x), step_size(factor))
    step[by_raw] = x[by_raw] / raw[by_raw]
    # steps are whole multiples of the step: 12.4 % goes to 12 %, 11 %, ...
    at = np.where(by_raw, raw, x / step)
    with np.errstate(invalid="ignore"):
        first = np.ceil(at - _ROUNDING * 100) - 1 if way < 0 else np.floor(at + _ROUNDING * 100) + 1
        end = np.ceil(best_of / step - 1e-6) if way < 0 else np.floor(best_of / step + 1e-6)
        count = np.where(np.isnan(x), 0, np.maximum(way * (end - first) + 1, 0))
    stride = np.maximum(np.ceil(count / _MOST_STEPS), 1)
    width = int(np.ceil(count / stride).max(initial=0))
    k = np.arange(width)
    multiple = first[:, None] + way * stride[:, None] * k
    values = np.where(k < np.ceil(count / stride)[:, None], multiple * step[:, None], np.nan)
    plain = np.round(values, 10)  # 0.07, not 7 * 0.01 = 0.07000000000000001
    return np.where(by_raw[:, None], values, plain) + 0.0, by_raw


def _raw_count(frame: pd.DataFrame, factor: RiskFactor, catalogue: Catalogue) -> Floats:
    """Raw count that a factor is made from; NaN where there is none, or where it is of another time than the value."""
    if not factor.raw:
        return np.full(len(frame), np.nan)
    raw = number_column(frame, factor.raw)
    same = semester_of(frame, factor.raw, catalogue) == word_column(frame, "semester")
    return np.where(same & (raw == np.round(raw)), raw, np.nan)
