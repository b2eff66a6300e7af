"""Does being on the list change anything? An estimate at the cut, offered only where an effect could be seen at all.

Pupils just inside a list and just outside it are alike in everything but the list (a regression discontinuity). Counting
listed pupils who stayed would show nothing: most of them stay anyway. No function here does it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
import pandas as pd

from pumpurs_risk.errors import EvaluationError
from pumpurs_risk.evaluation.worth.jump import Floats, Ints, Jump, best_bandwidth, jump

_FEWEST_LEAVERS = 10  # near the cut: below, a normal interval for a difference of shares means nothing
_FEWEST_ROWS = 20  # near the cut, on each side
_LEAST_JUMP = 0.5  # by how much being listed must jump at the cut, else it is not the list that is compared


@dataclass(frozen=True)
class CutoffEffect:
    """What can be said about the effect of the list on pupils at its cut.

    Parameters
    ----------
    code : {"estimated", "cannot_be_seen", "too_few", "no_cut"}
        Only with "estimated" are there numbers for the effect.
    rows, near, leavers_near, schools : int
        Rows used; rows and leavers within the bandwidth; schools with a cut.
    bandwidth : float
        How far from the cut rows count, in units of the score; NaN with "too_few".
    base_rate : float
        Share of pupils who leave among those just outside the list, within the bandwidth.
    smallest_detectable : float
        Effect on the share of leavers (0 to 1) that would be found with the stated power; NaN with "too_few".
    effect, lower, upper : float, optional
        Change in the share of leavers by being just inside the list; negative: fewer leave.
    listed_jump : float
        By how much the share of listed pupils jumps at the cut: 1 where the list follows the score alone.
    level, power : float
        Of the interval and of the smallest detectable effect.
    """

    code: Literal["estimated", "cannot_be_seen", "too_few", "no_cut"]
    rows: int
    near: int
    leavers_near: int
    schools: int
    bandwidth: float
    base_rate: float
    smallest_detectable: float
    effect: float | None
    lower: float | None
    upper: float | None
    listed_jump: float
    level: float
    power: float

    def to_dict(self) -> dict[str, Any]:
        """As plain values, NaN as None."""
        return {
            key: None if isinstance(value, float) and value != value else value for key, value in asdict(self).items()
        }

    def sentences(self, lang: str = "lv") -> list[str]:
        """Say it in words.

        Parameters
        ----------
        lang : {"lv", "en"}

        Returns
        -------
        list of str
        """
        from pumpurs_risk.locale import number, percent, text

        def points(share: float | None) -> str:
            return number(100 * share, lang, 1) if share is not None and share == share else ""

        key: str = self.code
        if self.effect is not None and self.lower is not None and self.upper is not None:
            key = "fewer" if self.upper < 0 else "more" if self.lower > 0 else "no_difference"
        said = text(
            f"worth.cutoff.{key}",
            lang,
            effect=points(None if self.effect is None else abs(self.effect)),
            lower=points(self.lower),
            upper=points(self.upper),
            smallest=points(self.smallest_detectable),
            base=points(self.base_rate),
            level=percent(self.level, lang, 0),
            power=percent(self.power, lang, 0),
            near=number(self.near, lang),
            leavers=number(self.leavers_near, lang),
        )
        return [said, text("worth.cutoff.what_it_means", lang)]


def effect_at_cutoff(
    rows: pd.DataFrame,
    *,
    score: str = "log_odds",
    listed: str = "listed",
    left: str = "dropped_out",
    school: str = "school_id",
    as_of: str = "as_of",
    pupil: str = "pupil_id",
    cut: str | None = None,
    bandwidth: float | None = None,
    level: float = 0.95,
    power: float = 0.80,
) -> CutoffEffect:
    """Estimate what being on the list changes for pupils at its cut, or say that it cannot be seen.

    Parameters
    ----------
    rows : pandas.DataFrame
        One row per pupil and list: what ``flag`` returned, with what became of the pupils.
    score, listed, left, school, as_of, pupil : str
        Names of its columns: the score that the list was cut by (log-odds, so that distances mean the same at every risk),
        whether the pupil was listed, whether the pupil left (1, 0, missing), school, day, pupil. The last three may be
        absent: then all rows are one list of different pupils.
    cut : str, optional
        Column with each row's cut, on the score's scale. Without it a list of K pupils is cut halfway between the K-th and
        the next highest score; who has exactly that score is left out.
    bandwidth : float, optional
        By default the one that makes the mean squared error smallest.
    level : float, default=0.95
        Of the interval.
    power : float, default=0.80
        With which the smallest detectable effect would be found.

    Returns
    -------
    CutoffEffect
        Without an effect where the smallest detectable one is larger than the share of pupils who leave next to the cut
        ("cannot_be_seen": no list can do more than keep all of them), where fewer than 10 leavers or 20 rows a side are
        near ("too_few"), or where being listed does not jump at the cut ("no_cut").

    Raises
    ------
    EvaluationError
        If a column is missing, or nobody or everybody is listed.

    Notes
    -----
    A local line on each side, triangular kernel, bandwidth by mean squared error, and the robust bias-corrected interval of
    Calonico, Cattaneo and Titiunik, Econometrica 82 (2014); schools' cuts are put on top of each other (Cattaneo, Keele,
    Titiunik and Vazquez-Bare, Journal of Politics 78 (2016)). One pupil's rows count as dependent. The smallest detectable
    effect is (z of the level + z of the power) standard errors, the standard error taken as the larger of the robust one and
    the one that the base rate implies.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> eta = rng.normal(-3, 1, 4000)
    >>> rows = pd.DataFrame({"log_odds": eta, "listed": eta > -1.6, "dropped_out": rng.random(4000) < 1 / (1 + np.exp(-eta))})
    >>> found = effect_at_cutoff(rows)
    >>> found.code, round(found.smallest_detectable, 2) > 0.1, found.effect
    ('cannot_be_seen', True, None)
    """
    for name in (score, listed, left, *([cut] if cut else [])):
        if name not in rows:
            raise EvaluationError("cutoff_column", column=name)
    used = rows[rows[left].notna() & rows[score].notna() & rows[listed].notna()]
    distance, keep, schools = _distances(used, score, listed, [c for c in (school, as_of) if c in used], cut)
    if schools == 0:
        raise EvaluationError("cutoff_nobody")
    used, distance = used[keep], distance[keep]
    y, inside = used[left].to_numpy(dtype=float), used[listed].to_numpy(dtype=float)
    clusters = pd.factorize(used[pupil])[0].astype(np.int64) if pupil in used else None
    return _estimated(distance, y, inside, clusters, schools, bandwidth, level, power)


def _distances(
    rows: pd.DataFrame, score: str, listed: str, by: list[str], cut: str | None
) -> tuple[Floats, np.ndarray[Any, np.dtype[np.bool_]], int]:
    """Distance of each row to its list's cut, which rows count, and how many lists have a cut."""
    value = rows[score].to_numpy(dtype=float)
    inside = rows[listed].to_numpy(dtype=float)
    group = (
        rows.groupby(by, sort=False, dropna=False).ngroup().to_numpy() if by else np.zeros(len(rows), dtype=np.int64)
    )
    n_groups = int(group.max(initial=-1)) + 1
    size = np.bincount(group, minlength=n_groups)
    places = np.rint(np.bincount(group, inside, minlength=n_groups)).astype(np.int64)
    has_cut = (places > 0) & (places < size)
    if cut is not None:
        at = rows[cut].to_numpy(dtype=float)
    else:
        order = np.lexsort((-value, group))
        first = np.cumsum(size) - size
        ranked = value[order]
        last_in = ranked[np.where(has_cut, first + places - 1, 0)]
        first_out = ranked[np.where(has_cut, first + places, 0)]
        at = ((last_in + first_out) / 2)[group]
    distance = value - at
    keep = has_cut[group] & np.isfinite(distance) & (distance != 0)
    return distance, keep, int(has_cut.sum())


def _estimated(
    distance: Floats,
    y: Floats,
    inside: Floats,
    clusters: Ints | None,
    schools: int,
    bandwidth: float | None,
    level: float,
    power: float,
) -> CutoffEffect:
    try:
        h = best_bandwidth(distance, y, clusters) if bandwidth is None else bandwidth
        found, on_list = jump(distance, y, 2, h, clusters), jump(distance, inside, 1, h, clusters)
    except np.linalg.LinAlgError:
        h, found, on_list = np.nan, Jump(np.nan, np.nan, np.zeros(len(y))), Jump(np.nan, np.nan, np.zeros(len(y)))
    near = np.abs(distance) < h
    outside = near & (distance <= 0)
    base_rate = float(y[outside].mean()) if outside.any() else np.nan
    z = NormalDist().inv_cdf(0.5 + level / 2)
    overall = float(y[near].mean()) if near.any() else np.nan
    implied = np.sqrt(overall * (1 - overall) * (found.pull @ found.pull))
    smallest = (z + NormalDist().inv_cdf(power)) * max(found.standard_error, float(implied))
    few = min(near[distance > 0].sum(), outside.sum()) < _FEWEST_ROWS or y[near].sum() < _FEWEST_LEAVERS
    code: Literal["estimated", "cannot_be_seen", "too_few", "no_cut"] = "estimated"
    if few:
        code, smallest = "too_few", np.nan
    elif not on_list.size >= _LEAST_JUMP:
        code = "no_cut"
    elif not smallest <= base_rate:
        code = "cannot_be_seen"
    told = code == "estimated"
    return CutoffEffect(
        code=code,
        rows=len(y),
        near=int(near.sum()),
        leavers_near=int(y[near].sum()),
        schools=schools,
        bandwidth=float(h),
        base_rate=base_rate,
        smallest_detectable=float(smallest),
        effect=found.size if told else None,
        lower=found.size - z * found.standard_error if told else None,
        upper=found.size + z * found.standard_error if told else None,
        listed_jump=on_list.size,
        level=level,
        power=power,
    )
