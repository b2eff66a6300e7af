"""What became of the first list's pupils, beside what the list had said: calibration, and whom it found."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from pumpurs_risk.catalogue.suppression import hidden_groups
from pumpurs_risk.evaluation.figures.calibration import calibration_line, log_odds, wilson
from pumpurs_risk.model.odds import expit, shift_to
from pumpurs_risk.monitoring.groups import UNKNOWN
from pumpurs_risk.monitoring.lists import MadeList
from pumpurs_risk.monitoring.noise import Bools, Floats, adjusted
from pumpurs_risk.monitoring.result import Followed, Outcomes

LEAST_LEAVERS = 30
"""Leavers below which nothing is concluded of a group."""
BANDS = (0.0, 0.01, 0.02, 0.05, 0.10, 0.20, 0.30, 1.0)
"""Limits of the bands of estimated risk."""
TIERS = ("act_now", "watch", "ask_first", "none")
CERTAINTIES = ("sure", "unsure", "not_enough_data")
_OURS = ("all", "tier", "band", "certainty")


def followed_up(made: MadeList, y: Floats, horizon: str, end: dt.date, groupings: Mapping[str, Any]) -> Outcomes:
    """Set what happened beside what was expected.

    Parameters
    ----------
    made : MadeList
        The list.
    y : ndarray of float, shape (pupils,)
        1 left, 0 stayed, NaN not known; in the order of the factor table.
    horizon : str
        ``"1y"`` or ``"2y"``: which of the list's risks is judged.
    end : datetime.date
        First day that no longer belongs to the horizon.
    groupings : mapping of str to ndarray
        Per attribute, the group of each pupil.

    Returns
    -------
    Outcomes
        Per tier, band, certainty and group; a group below 30 leavers is shown without a conclusion, a count below 5, and
        what would give it away, not at all.
    """
    flags = made.flags.set_index(made.flags["pupil_id"].astype(str)).reindex(made.factors["pupil_id"].astype(str))
    p = flags["risk_2y" if horizon == "2y" else "risk"].to_numpy(dtype=np.float64)
    listed = flags["listed"].fillna(False).to_numpy(dtype=bool)
    known = ~np.isnan(y)
    left, risk = y[known], np.clip(p[known], 1e-9, 1 - 1e-9)
    shift = _level(log_odds(risk), left)
    slope = _slope(left, risk)
    tables = {
        "all": np.full(len(p), "", dtype=object),
        "tier": flags["tier"].to_numpy(dtype=object),
        "band": np.asarray([_band(i) for i in range(len(BANDS) - 1)], dtype=object)[
            np.clip(np.searchsorted(BANDS, p, side="right") - 1, 0, len(BANDS) - 2)
        ],
        "certainty": _certainty(flags, listed),
        **groupings,
    }
    rows = _all_rows({by: group[known] for by, group in tables.items()}, left, risk, listed[known])
    shown = any(row.by == "all" and row.left is not None for row in rows) or not known.any()
    if not shown:  # the level would tell how many left
        shift = (None, None, None)
    return Outcomes(
        state="judged", horizon=horizon, horizon_end=end.isoformat(), pupils=len(p), known=int(known.sum()),
        left=int(left.sum()) if shown else None, expected=float(risk.sum()), missing_listed=_share(~known, listed),
        missing_others=_share(~known, ~listed), intercept=shift[0], intercept_lower=shift[1], intercept_upper=shift[2],
        slope=slope[0], slope_lower=slope[1], slope_upper=slope[2], rows=tuple(rows),
    )  # fmt: skip


def group_gaps(
    made: MadeList, y: Floats, horizon: str, groupings: Mapping[str, Any]
) -> list[tuple[str, str, int, float, float]]:
    """Find groups whose risks are wrong even after the level of all is put right.

    Returns
    -------
    list of (attribute, group, left, expected, q)
        Groups with at least 30 leavers, q adjusted for their number.
    """
    flags = made.flags.set_index(made.flags["pupil_id"].astype(str)).reindex(made.factors["pupil_id"].astype(str))
    p = flags["risk_2y" if horizon == "2y" else "risk"].to_numpy(dtype=np.float64)
    known = ~np.isnan(y)
    left, risk = y[known], np.clip(p[known], 1e-9, 1 - 1e-9)
    if not 0 < left.mean() < 1:
        return []
    eta = log_odds(risk)
    risk = expit(eta + shift_to(eta, float(left.mean())))
    found, tests = [], []
    for by, group in groupings.items():
        codes, names = pd.factorize(group[known], sort=True)
        seen = np.bincount(codes, weights=left, minlength=len(names))
        expected = np.bincount(codes, weights=risk, minlength=len(names))
        variance = np.bincount(codes, weights=risk * (1 - risk), minlength=len(names))
        for i, name in enumerate(names):
            if seen[i] >= LEAST_LEAVERS and name != UNKNOWN:
                found.append((by, str(name), int(seen[i]), float(expected[i])))
                tests.append(float(2 * stats.norm.sf(abs(seen[i] - expected[i]) / np.sqrt(variance[i]))))
    return [(*row, float(q)) for row, q in zip(found, adjusted(tests), strict=True)]


def found_by_list(made: MadeList, y: Floats) -> tuple[int, int, int, int]:
    """Count pupils who left, those of them on the list, the list's pupils, and all; of whom the outcome is known."""
    flags = made.flags.set_index(made.flags["pupil_id"].astype(str)).reindex(made.factors["pupil_id"].astype(str))
    listed, known = flags["listed"].fillna(False).to_numpy(dtype=bool), ~np.isnan(y)
    left = y == 1
    return int(left.sum()), int((left & listed).sum()), int((known & listed).sum()), int(known.sum())


def _all_rows(tables: Mapping[str, Any], left: Floats, risk: Floats, listed: Bools) -> list[Followed]:
    """Rows of every table; what is hidden in one is not told by another."""
    factored = {by: pd.factorize(group, sort=True) for by, group in tables.items()}
    codes = {by: code for by, (code, _) in factored.items()}
    gone = left == 1
    pupils = hidden_groups(codes, np.zeros(len(left), dtype=np.int64))
    fates = hidden_groups(codes, np.where(gone, 0, 1), pupils)
    by_tier = dict(zip((str(name) for name in factored["tier"][1]), fates["tier"], strict=True))
    before = {**fates, "all": fates["all"] | by_tier.get("act_now", False)}  # who left of the list is its row's count
    hits = hidden_groups(codes, np.where(gone, np.where(listed, 0, 1), -1), before)
    rows: list[Followed] = []
    for by, (code, names) in factored.items():
        secret = np.stack([pupils[by], fates[by], hits[by]], axis=1)
        rows += _rows(by, code, [str(name) for name in names], left, risk, listed, secret)
    return rows


def _rows(
    by: str, codes: Any, names: list[str], left: Floats, risk: Floats, listed: Bools, secret: Bools
) -> list[Followed]:  # fmt: skip
    n = np.bincount(codes, minlength=len(names))
    seen = np.bincount(codes, weights=left, minlength=len(names)).astype(np.int64)
    expected = np.bincount(codes, weights=risk, minlength=len(names))
    hits = np.bincount(codes, weights=left * listed, minlength=len(names)).astype(np.int64)
    rows = []
    for i in _order(by, names):
        lower, upper = (float(v) for v in wilson(seen[i] / n[i], n[i]))
        few, hide, untold = (bool(each) for each in secret[i])
        told = bool(seen[i] >= LEAST_LEAVERS and not hide and not untold and by not in _OURS[1:])
        recall = (hits[i] / seen[i], *wilson(hits[i] / seen[i], seen[i])) if told else (None, None, None)
        rows.append(
            Followed(
                by=by, group=names[i], pupils=None if few else int(n[i]), left=None if hide else int(seen[i]),
                expected=None if few else float(expected[i]), share_left=None if hide else float(seen[i] / n[i]),
                lower=None if hide else lower, upper=None if hide else upper,
                leavers_listed=None if hide or untold else int(hits[i]),
                recall=_number(recall[0]), recall_lower=_number(recall[1]), recall_upper=_number(recall[2]),
                judged=bool(n[i] >= LEAST_LEAVERS) if by in _OURS[1:] else bool(seen[i] >= LEAST_LEAVERS),
            )
        )  # fmt: skip
    return rows


def _order(by: str, names: list[str]) -> list[int]:
    wanted = {"tier": list(TIERS), "band": [_band(i) for i in range(len(BANDS) - 1)]}.get(by)
    if by == "certainty":
        wanted = [f"{c}_{place}" for place in ("listed", "not_listed") for c in CERTAINTIES]
    return (
        list(range(len(names))) if wanted is None else sorted(range(len(names)), key=lambda i: wanted.index(names[i]))
    )


def _band(i: int) -> str:
    """Id of a band: its limits in per cent."""
    return f"{100 * BANDS[i]:g}-{100 * BANDS[i + 1]:g}"


def _certainty(flags: pd.DataFrame, listed: Bools) -> npt.NDArray[np.object_]:
    sure = flags["certainty"].astype(object).to_numpy()
    return np.asarray(sure + np.where(listed, "_listed", "_not_listed").astype(object), dtype=object)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _share(which: Bools, of: Bools) -> float | None:
    return float(which[of].mean()) if of.any() else None


def _level(eta: Floats, left: Floats) -> tuple[float | None, float | None, float | None]:
    """Shift of the log-odds that makes the mean risk equal the share who left, with the interval of that share."""
    if not len(left):
        return None, None, None
    share = float(left.mean())
    lower, upper = (float(v) for v in wilson(share, len(left)))
    return tuple(shift_to(eta, s) if 0 < s < 1 else None for s in (share, lower, upper))  # type: ignore[return-value]


def _slope(left: Floats, risk: Floats) -> tuple[float | None, float | None, float | None]:
    """Calibration slope with its interval; every pupil is one row, so that the likelihood's own information will do."""
    if left.sum() < LEAST_LEAVERS:
        return None, None, None
    intercept, slope = (float(v) for v in calibration_line(left, risk))
    if np.isnan(slope):
        return None, None, None
    eta = log_odds(risk)
    fitted = expit(intercept + slope * eta)
    weight = fitted * (1 - fitted)
    middle = float(weight @ eta / weight.sum())
    reach = float(stats.norm.isf(0.025) / np.sqrt(weight @ (eta - middle) ** 2))
    return slope, slope - reach, slope + reach
