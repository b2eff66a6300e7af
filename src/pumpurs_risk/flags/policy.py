"""FlagPolicy: what a school wants its list to be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Literal, get_args

from pumpurs_risk.errors import RunError

if TYPE_CHECKING:
    from pumpurs_risk.model import AdditiveModel

CutBy = Literal["places", "probability", "both"]


@dataclass(frozen=True)
class FlagPolicy:
    """How a list is cut and when its maker is sure; checked when it is made.

    Parameters
    ----------
    threshold : float in (0, 1), default=0.10
        Risk of leaving within one year from which a pupil should be looked at; what "above" counts. Also the two-year
        risk from which a pupil is watched.
    places : int, mapping of school id to int, or None, default=None
        How many pupils each school can take on; None, or a school that the mapping leaves out, means `share_of_roll`.
    cut_by : {"places", "probability", "both"}, optional
        What ends the list: the school's places, the threshold, or the higher of the two. By default places while the
        model has no local outcomes (its level is then published evidence only), and both afterwards.
    sure : float in (0.5, 1), default=0.9
        Posterior probability of being on this side of the cut from which a pupil counts as sure.
    change_places : float in (0, 0.5], default=1/3
        Posterior probability from which two pupils on either side of the cut could change places.
    share_of_roll : float in [0, 1], default=0.05
        Places where none are stated, as a share of the roll, rounded up: about what the programme's schools took on.
    newcomer_days : float, default=30
        School days that a first-year pupil must be known for before the score is believed to be low.
    enough_evidence : float in [0, 1], default=0.5
        Share of what the standard sheet's factors could tell that must be recorded.
    most_missing_sd : float, default=1.0
        Largest sd of the log-odds that may come from what is not recorded. Both limits are a judgement, not tuned
        on data.

    Raises
    ------
    RunError
        If a value is impossible; the message says which, and what is allowed.

    Examples
    --------
    >>> policy = FlagPolicy(places={"kalvene": 4})
    >>> policy.places_of("kalvene", roll=120), policy.places_of("dzerve", roll=61)
    (4, 4)
    """

    threshold: float = 0.10
    places: int | Mapping[str, int | None] | None = None
    cut_by: CutBy | None = None
    sure: float = 0.9
    change_places: float = 1 / 3
    share_of_roll: float = 0.05
    newcomer_days: float = 30
    enough_evidence: float = 0.5
    most_missing_sd: float = 1.0

    def __post_init__(self) -> None:
        _check_number("threshold", self.threshold, 0, 1)
        _check_number("sure", self.sure, 0.5, 1)
        _check_number("change_places", self.change_places, 0, 0.5, with_upper=True)
        _check_number("share_of_roll", self.share_of_roll, 0, 1, with_lower=True, with_upper=True)
        _check_number("enough_evidence", self.enough_evidence, 0, 1, with_lower=True, with_upper=True)
        _check_number("newcomer_days", self.newcomer_days, 0, math.inf, with_lower=True)
        _check_number("most_missing_sd", self.most_missing_sd, 0, math.inf)
        if self.cut_by is not None and self.cut_by not in get_args(CutBy):
            raise RunError("policy_cut_by", value=self.cut_by, allowed=", ".join(get_args(CutBy)))
        stated = list(self.places.values()) if isinstance(self.places, Mapping) else [self.places]
        for number in stated:
            if number is not None and (isinstance(number, bool) or not isinstance(number, Integral) or number < 0):
                raise RunError("policy_places", value=repr(number))
        if isinstance(self.places, Mapping):
            plain = {str(school): None if n is None else int(n) for school, n in self.places.items()}
            object.__setattr__(self, "places", plain)
        elif self.places is not None:
            object.__setattr__(self, "places", int(self.places))

    def places_of(self, school_id: str, roll: int) -> int:
        """Places of one school.

        Parameters
        ----------
        school_id : str
            As in the column ``school_id``.
        roll : int
            Its pupils on the list's day.

        Returns
        -------
        int
            0 or more; may be larger than the roll.
        """
        stated = self.places.get(school_id) if isinstance(self.places, Mapping) else self.places
        if stated is not None:
            return int(stated)
        return math.ceil(round(self.share_of_roll * roll, 9))  # .07 * 100 is 7, not 7.000000000000001

    def cut_by_for(self, model: AdditiveModel) -> CutBy:
        """Say what ends the list under a model: the policy's own word, else by whether the model knows local outcomes.

        Parameters
        ----------
        model : AdditiveModel
            The model that scores the list.

        Returns
        -------
        {"places", "probability", "both"}

        Examples
        --------
        >>> from pumpurs_risk.model import load_model
        >>> FlagPolicy().cut_by_for(load_model("literature-prior"))
        'places'
        """
        return self.cut_by or ("both" if model.has_local_outcomes else "places")


def _check_number(
    name: str, value: object, low: float, high: float, *, with_lower: bool = False, with_upper: bool = False
) -> None:
    if isinstance(value, Real) and not isinstance(value, bool):
        number = float(value)
        above = number >= low if with_lower else number > low
        below = number <= high if with_upper else number < high
        if above and below and math.isfinite(number):
            return
    raise RunError("policy_number", name=name, value=repr(value), low=f"{low:g}", high=f"{high:g}")
