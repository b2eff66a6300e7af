"""Drift of factors and scores between two lists, chance told apart from change and small changes from large ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np
import pandas as pd

from pumpurs_risk.model.inputs import numeric_column, word_column
from pumpurs_risk.monitoring.lists import Aligned, MadeList
from pumpurs_risk.monitoring.noise import (
    Floats,
    Ints,
    Null,
    PairedCounts,
    adjusted,
    earth_moved,
    largest_step,
    stability_index,
    total_variation,
)
from pumpurs_risk.monitoring.result import FactorChange, ScoreChange, ScoreDistance, Verdict

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue, RiskFactor

ALPHA = 0.05
"""Level of every test, after adjusting for their number."""
LARGE_INDEX = 0.10
"""Stability index from which a change matters: the usual limit between "stable" and "moderate" in credit scoring."""
LARGE_SD = 0.2
"""Standard deviations from which a change matters: a "small" effect in Cohen's terms; anything less is left alone."""
LARGE_LOG_ODDS = 0.1
"""Change of the mean log-odds from which a change matters to the scores whatever its size otherwise: about 10 % of the odds."""
LEAST_KNOWN = 30
"""Known values in each list below which nothing is judged."""
FEWEST_SHOWN = 5
"""A mean that fewer pupils than this stand behind is not shown."""
MOST_BINS = 24
_SCORE_RISKS = np.array([0.0025, 0.005, 0.01, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5])
SCORE_KNOTS = np.log(_SCORE_RISKS / (1 - _SCORE_RISKS))
Scope = Literal["same_schools", "all"]


@dataclass(frozen=True)
class Spread:
    """How far two sets of values of the same pupils lie apart, and how far chance alone would carry them."""

    first_known: int
    second_known: int
    known_in_both: int
    distance: float
    distance_sd: float | None
    index: float
    p: float

    def verdict(self, q: float, log_odds: float = 0.0) -> Verdict:
        """Judge by the adjusted p and by size."""
        if min(self.first_known, self.second_known) < LEAST_KNOWN:
            return "too_few"
        if not q <= ALPHA:
            return "chance"
        moved = self.distance if self.distance_sd is None else 0.0
        large = self.index >= LARGE_INDEX or (self.distance_sd or 0.0) >= LARGE_SD or moved >= LARGE_INDEX
        return "changed" if large or abs(log_odds) >= LARGE_LOG_ODDS else "small"


def spread_of_numbers(first: Floats, second: Floats, knots: Floats, repeats: int, rng: np.random.Generator) -> Spread:
    """Compare two columns of numbers, one entry per pupil of either list, NaN where not known.

    Parameters
    ----------
    first, second : ndarray of float, shape (pupils,)
        Values in the first and in the second list.
    knots : ndarray of float
        Where the bins meet, ascending; a value that equals a knot belongs to the bin below it.
    repeats : int
        Draws under chance alone.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    Spread
        With p = 1 where a list holds no known value, or all values are one.
    """
    known = [~np.isnan(v) for v in (first, second)]
    pooled = np.concatenate([first[known[0]], second[known[1]]])
    binned = [
        np.where(k, np.searchsorted(knots, v, side="left"), -1) for k, v in zip(known, (first, second), strict=True)
    ]
    n_bins = len(knots) + 1
    in_bins = np.searchsorted(knots, pooled, side="left")
    n = np.bincount(in_bins, minlength=n_bins)
    used = n > 0
    places = np.bincount(in_bins, weights=pooled, minlength=n_bins)[used] / n[used]
    closer = np.cumsum(used) - 1  # empty bins are left out: they cost draws and say nothing
    one, two = (np.where(b >= 0, closer[b], -1) for b in binned)
    counts = PairedCounts.of(one, two, max(int(used.sum()), 1))
    sd = float(pooled.std()) if len(pooled) else 0.0
    return _spread(counts, ordered=True, places=places, sd=sd, repeats=repeats, rng=rng)


def spread_of_levels(
    first: Sequence[object], second: Sequence[object], repeats: int, rng: np.random.Generator
) -> Spread:
    """Compare two columns of words, one entry per pupil of either list, None where not known."""
    codes, words = pd.factorize(np.concatenate([np.asarray(first, object), np.asarray(second, object)]), sort=False)
    half = len(first)
    counts = PairedCounts.of(codes[:half], codes[half:], max(len(words), 1))
    return _spread(counts, ordered=False, places=np.arange(len(words), dtype=float), sd=0.0, repeats=repeats, rng=rng)


def _spread(
    counts: PairedCounts, *, ordered: bool, places: Floats, sd: float, repeats: int, rng: np.random.Generator
) -> Spread:
    n1, n2, both = int(counts.first.sum()), int(counts.second.sum()), int(counts.both.sum())
    if not n1 or not n2 or len(places) < 2:
        return Spread(n1, n2, both, 0.0, 0.0 if ordered else None, 0.0, 1.0)
    null = Null.of(counts, repeats, rng)
    test = largest_step if ordered else total_variation
    return Spread(
        n1, n2, both,
        distance=float(test(*null.seen)[0]),
        distance_sd=null.beyond_chance(earth_moved(places)) / sd if ordered and sd > 0 else (0.0 if ordered else None),
        index=null.beyond_chance(stability_index(0.5 / min(n1, n2))),
        p=null.p_value(test),
    )  # fmt: skip


def knots_of(factor: RiskFactor | None, pooled: Floats) -> Floats:
    """Where a factor's bins meet: the catalogue's own knots, else the pooled quantiles of a factor it does not know."""
    if factor is not None and factor.knots:
        return np.asarray(factor.knots, dtype=np.float64)
    if not len(pooled):
        return np.empty(0)
    values = np.unique(pooled)
    if len(values) <= MOST_BINS:
        return values[:-1]
    return np.unique(np.quantile(pooled, np.linspace(0, 1, MOST_BINS + 1)[1:-1]))


def factor_changes(
    first: MadeList, second: MadeList, aligned: Aligned, names: Sequence[str], redefined: Sequence[str], *,
    scope: Scope, seasonal: bool, catalogue: Catalogue, repeats: int, rng: np.random.Generator,
) -> tuple[FactorChange, ...]:  # fmt: skip
    """Compare every factor's distribution.

    Parameters
    ----------
    first, second, aligned
        The lists, and their pupils under one numbering.
    names : sequence of str
        Factors to compare.
    redefined : sequence of str
        Factors that mean something else in the second list.
    scope : {"same_schools", "all"}
        What `aligned` holds; told in the rows.
    seasonal : bool
        Whether the lists count different halves of the school year.
    catalogue : Catalogue
        For knots, kinds and look-back.
    repeats, rng
        Draws under chance alone.

    Returns
    -------
    tuple of FactorChange
        In order of `names`; a factor that one of the lists never knows is left to the account of what is missing.
    """
    pushes = _mean_contributions(first, second, aligned)
    found: list[FactorChange] = []
    spreads: list[Spread] = []
    for name in names:
        factor = catalogue.factors.get(name)
        words = factor.kind == "level" if factor else first.factors[name].dtype.kind not in "fiub"
        if words:
            one, two = (_at(word_column(m.factors, name), r) for m, r in _sides(first, second, aligned))
            spread = spread_of_levels(one, two, repeats, rng)
            means: tuple[float | None, float | None] = (None, None)
        else:
            x, y = (_at(numeric_column(m.factors, name), r) for m, r in _sides(first, second, aligned))
            pooled = np.concatenate([x[~np.isnan(x)], y[~np.isnan(y)]])
            spread = spread_of_numbers(x, y, knots_of(factor, pooled), repeats, rng)
            means = (_shown_mean(x), _shown_mean(y))
        if not spread.first_known or not spread.second_known:
            continue
        spreads.append(spread)
        found.append(
            FactorChange(
                factor=name, scope=scope, first_known=spread.first_known, second_known=spread.second_known,
                known_in_both=spread.known_in_both, first_mean=means[0], second_mean=means[1], distance=spread.distance,
                distance_sd=spread.distance_sd, stability_index=spread.index, log_odds=pushes.get(name, 0.0), p=spread.p,
                q=float("nan"), seasonal=seasonal and (factor is None or factor.look_back not in ("ever", "school_year")),
                verdict="chance",
            )
        )  # fmt: skip
    tested = [
        np.nan if min(s.first_known, s.second_known) < LEAST_KNOWN or row.factor in redefined else s.p
        for s, row in zip(spreads, found, strict=True)
    ]
    judged = []
    for row, spread, q in zip(found, spreads, adjusted(tested), strict=True):
        verdict = "definition" if row.factor in redefined else spread.verdict(q, row.log_odds)
        judged.append(msgspec.structs.replace(row, q=float(q) if np.isfinite(q) else 1.0, verdict=verdict))
    return tuple(judged)


def score_changes(
    first: MadeList, second: MadeList, aligned: Aligned, *, scope: Scope, repeats: int, rng: np.random.Generator
) -> tuple[tuple[ScoreChange, ...], ScoreDistance]:
    """Compare the scores; the second list's model scores both lists, so that its own change and the pupils' stay apart.

    Returns
    -------
    changes : tuple of ScoreChange
        Mean risk, and the share above the threshold.
    distance : ScoreDistance
        How far the pupils' scores lie apart under one model.
    """
    said = _log_odds(first), _log_odds(second)
    again = second.model.log_odds(first.factors) if len(first.factors) else np.empty(0)
    limit = float(np.log(second.threshold / (1 - second.threshold)))
    now = _at(said[1], aligned.second)
    before, before_again = _at(said[0], aligned.first), _at(again, aligned.first)
    changes = []
    measures: dict[Literal["mean_risk", "share_above"], list[float]] = {
        "mean_risk": [_mean(_probability(eta)) for eta in (before, before_again, now)],
        "share_above": [
            _mean(np.where(np.isnan(eta), np.nan, np.where(eta >= limit, 1.0, 0.0)))
            for eta in (before, before_again, now)
        ],
    }
    above = spread_of_numbers(before_again, now, np.array([np.nextafter(limit, -np.inf)]), repeats, rng)
    for measure, (then, rescored, present) in measures.items():
        changes.append(
            ScoreChange(
                measure=measure, scope=scope, first=then, first_by_second_model=rescored, second=present,
                by_model=rescored - then, by_pupils=present - rescored, p=above.p if measure == "share_above" else None,
            )
        )  # fmt: skip
    spread = spread_of_numbers(before_again, now, np.asarray(SCORE_KNOTS), repeats, rng)
    return tuple(changes), ScoreDistance(
        scope=scope, distance=spread.distance, distance_sd=spread.distance_sd or 0.0, stability_index=spread.index,
        p=spread.p, verdict=spread.verdict(spread.p),
    )  # fmt: skip


def _sides(first: MadeList, second: MadeList, aligned: Aligned) -> tuple[tuple[MadeList, Ints], tuple[MadeList, Ints]]:
    return (first, aligned.first), (second, aligned.second)


def _at(column: Any, rows: Ints) -> Any:
    """Values of the pupils in common numbering; NaN (words: None) for whoever is not in the list."""
    nothing = np.nan if column.dtype.kind == "f" else None
    if not len(column):
        return np.full(len(rows), nothing, dtype=column.dtype)
    return np.where(rows >= 0, column[rows], nothing)


def _log_odds(made: MadeList) -> Floats:
    """As the list said it, in the order of its factor table."""
    flags = made.flags.set_index(made.flags["pupil_id"].astype(str))["log_odds"]
    return flags.reindex(made.factors["pupil_id"].astype(str)).to_numpy(dtype=np.float64)


def _probability(eta: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-eta)), dtype=np.float64)


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else 0.0


def _shown_mean(values: Floats) -> float | None:
    known = values[~np.isnan(values)]
    other = int((known != 0).sum())
    return None if 0 < other < FEWEST_SHOWN or len(known) < FEWEST_SHOWN else float(known.mean())


def _mean_contributions(first: MadeList, second: MadeList, aligned: Aligned) -> dict[str, float]:
    """Per factor, by how much its mean contribution over known values differs, by the second list's model alone."""
    means = []
    for made, rows in _sides(first, second, aligned):
        used = made.factors.iloc[rows[rows >= 0]]
        if not len(used):
            return {}
        part = second.model.contributions(used, reference="population")
        held = [name for name in part if name in used]
        means.append(part[held].where(used[held].notna()).mean())
    return {str(name): float(value) for name, value in (means[1] - means[0]).dropna().items()}
