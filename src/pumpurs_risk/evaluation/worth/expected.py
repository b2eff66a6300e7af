"""How many stay in any case: the expected number beside the observed one, so that nobody is counted as saved."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_EXACT = 3000  # pupils up to which the distribution is worked out exactly


@dataclass(frozen=True)
class ExpectedAndObserved:
    """Pupils who stayed and who left, beside what their risks let expect.

    Parameters
    ----------
    pupils, unknown : int
        Of whom it is known, and of whom it is not known, what became of them.
    observed_staying, observed_leaving : int
    expected_staying, expected_leaving : float
        Sums of the probabilities.
    lower_staying, upper_staying : int
        What chance allows for, at `level`, if the risks are right.
    level : float
    """

    pupils: int
    unknown: int
    observed_staying: int
    observed_leaving: int
    expected_staying: float
    expected_leaving: float
    lower_staying: int
    upper_staying: int
    level: float

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    def sentence(self, lang: str = "lv") -> str:
        """Say it in words, without claiming an effect.

        Parameters
        ----------
        lang : {"lv", "en"}

        Returns
        -------
        str
        """
        from pumpurs_risk.locale import number, text

        if not self.pupils:
            return text("worth.staying.nobody", lang)
        key = "as_expected"
        if self.observed_staying > self.upper_staying:
            key = "more"
        elif self.observed_staying < self.lower_staying:
            key = "fewer"
        return text(
            f"worth.staying.{key}",
            lang,
            n=number(self.pupils, lang),
            staying=number(self.observed_staying, lang),
            expected=number(self.expected_staying, lang, 1),
            lower=number(self.lower_staying, lang),
            upper=number(self.upper_staying, lang),
        )


def expected_and_observed(p: Any, y: Any, *, level: float = 0.95) -> ExpectedAndObserved:
    """Put how many pupils were expected to stay beside how many did.

    Parameters
    ----------
    p : array-like of float, shape (n,)
        Estimated probability of leaving: of the listed pupils, say.
    y : array-like of float, shape (n,)
        1 left, 0 stayed, NaN not known (counted apart).
    level : float, default=0.95
        Of the interval.

    Returns
    -------
    ExpectedAndObserved

    Raises
    ------
    ValueError
        If lengths differ or a probability is none.

    Notes
    -----
    The number who stay is Poisson-binomial: worked out exactly up to 3,000 pupils, by the normal distribution with the same
    mean and variance beyond. What the risks themselves may be off by is not in the interval.

    Examples
    --------
    >>> found = expected_and_observed([0.2] * 10, [1, 0, 0, 0, 0, 0, 0, 0, 0, None])
    >>> found.observed_staying, round(found.expected_staying, 1), found.lower_staying, found.upper_staying
    (8, 7.2, 5, 9)
    >>> found.sentence("en")
    'Of 9 pupils 8 stayed; by the estimated risks 7.2 were expected to stay in any case (5 to 9). That is no sign of an effect.'
    """
    p, y = np.asarray(p, dtype=float).ravel(), np.asarray(y, dtype=float).ravel()
    if len(p) != len(y):
        raise ValueError(f"probabilities and outcomes differ in length: {len(p)}, {len(y)}")
    known = ~np.isnan(y)
    staying = 1 - p[known]
    if not ((staying >= 0) & (staying <= 1)).all():
        raise ValueError("probabilities must lie from 0 to 1")
    lower, upper = _interval(staying, level)
    return ExpectedAndObserved(
        pupils=int(known.sum()),
        unknown=int((~known).sum()),
        observed_staying=int((y[known] == 0).sum()),
        observed_leaving=int((y[known] == 1).sum()),
        expected_staying=float(staying.sum()),
        expected_leaving=float(p[known].sum()),
        lower_staying=lower,
        upper_staying=upper,
        level=level,
    )


def _interval(p: Floats, level: float) -> tuple[int, int]:
    tail = (1 - level) / 2
    if len(p) > _EXACT:
        reach = NormalDist().inv_cdf(1 - tail) * float(np.sqrt((p * (1 - p)).sum()))
        return max(0, round(float(p.sum()) - reach)), min(len(p), round(float(p.sum()) + reach))
    below = np.cumsum(poisson_binomial(p))
    return int(np.searchsorted(below, tail)), int(np.searchsorted(below, 1 - tail))


def poisson_binomial(p: Floats) -> Floats:
    """Distribution of the number of successes among independent trials of different probabilities.

    Parameters
    ----------
    p : ndarray of float, shape (n,)

    Returns
    -------
    ndarray of float, shape (n + 1,)
        Probability of 0, 1, ... n, by convolving halves.

    Examples
    --------
    >>> poisson_binomial(np.array([0.5, 0.5])).tolist()
    [0.25, 0.5, 0.25]
    """
    if len(p) == 0:
        return np.ones(1)
    if len(p) == 1:
        return np.array([1 - p[0], p[0]])
    half = len(p) // 2
    return np.convolve(poisson_binomial(p[:half]), poisson_binomial(p[half:]))
