"""How good probabilities are, and by how much two models differ on the same pupils.

Predictions have shape (seeds, n): each row holds every pupil once, foreseen by a model that had not seen him. What belongs to
a pupil (his placement among the others, his log loss) is averaged over the seeds first, so that a standard error is one
over pupils.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit
from scipy.stats import rankdata

BINS = 20


def placements(happened: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each pupil the share of the other kind that he is ranked rightly against (DeLong et al. 1988), mean over seeds.

    Their means are the AUROC; shapes (positives,), (negatives,).
    """
    yes, no = happened == 1, happened == 0
    above, below = [], []
    for seed in p:
        everywhere = rankdata(seed)
        above.append((everywhere[yes] - rankdata(seed[yes])) / no.sum())
        below.append(1 - (everywhere[no] - rankdata(seed[no])) / yes.sum())
    return np.mean(above, axis=0), np.mean(below, axis=0)


def auroc(happened: np.ndarray, p: np.ndarray) -> float:
    return float(placements(happened, p)[0].mean())


def auroc_difference(happened: np.ndarray, p: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """AUROC of `p` less that of `other`, and its paired standard error."""
    yes, no = (a - b for a, b in zip(placements(happened, p), placements(happened, other), strict=True))
    return float(yes.mean()), float(np.sqrt(yes.var(ddof=1) / yes.size + no.var(ddof=1) / no.size))


def losses(happened: np.ndarray, p: np.ndarray, kind: str) -> np.ndarray:
    """Log loss or Brier of each pupil, mean over seeds."""
    if kind == "brier":
        return ((p - happened) ** 2).mean(axis=0)
    p = np.clip(p, 1e-9, 1 - 1e-9)
    return -np.where(happened == 1, np.log(p), np.log1p(-p)).mean(axis=0)


def loss_difference(happened: np.ndarray, p: np.ndarray, other: np.ndarray, kind: str) -> tuple[float, float]:
    """Loss of `p` less that of `other` (below 0 is better), and its paired standard error."""
    difference = losses(happened, p, kind) - losses(happened, other, kind)
    return float(difference.mean()), float(difference.std(ddof=1) / np.sqrt(difference.size))


def calibration(happened: np.ndarray, p: np.ndarray) -> tuple[float, float]:
    """Intercept and slope of the outcome on logit(p), mean over seeds; 0 and 1 are right."""
    fits = []
    for seed in p:
        x = logit(np.clip(seed, 1e-9, 1 - 1e-9))

        def objective(c: np.ndarray, x: np.ndarray = x) -> tuple[float, np.ndarray]:
            eta = c[0] + c[1] * x
            residual = expit(eta) - happened
            return float((np.logaddexp(0, eta) - happened * eta).mean()), np.array(
                [residual.mean(), (residual * x).mean()]
            )

        fits.append(minimize(objective, np.array([0.0, 1.0]), jac=True).x)
    intercept, slope = np.mean(fits, axis=0)
    return float(intercept), float(slope)


def expected_calibration_error(happened: np.ndarray, p: np.ndarray) -> float:
    """Mean distance of frequency and probability over 20 bins of equally many pupils, mean over seeds."""
    found = []
    for seed in p:
        parts = np.array_split(np.argsort(seed, kind="stable"), BINS)
        found.append(sum(abs(happened[part].sum() - seed[part].sum()) for part in parts) / happened.size)
    return float(np.mean(found))


def noise_floor(p: np.ndarray, draws: int = 50) -> float:
    """Mean ECE that `p` would have if every probability in it were exactly right."""
    made = np.random.default_rng(0).random((draws, p.shape[1])) < p[0]
    return float(np.mean([expected_calibration_error(outcome.astype(int), p[:1]) for outcome in made]))
