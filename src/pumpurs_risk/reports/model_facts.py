"""What a model's papers are made from: the model, who answers for it, how it was judged."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.model.additive import AdditiveModel

SHOWN_DIGITS = 12
"""Characters of a digest that people compare."""


class OwnerCard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """card.toml: what only people can say of a model. Every new version carries it over."""

    owner: str = ""
    contact: str = ""
    approved_by: str = ""
    approved_on: str = ""
    approved_version: str = ""
    """First characters of the approved model's digest; empty: the version that the card was written for."""
    intended_uses: tuple[str, ...] = ()
    forbidden_uses: tuple[str, ...] = ()
    notes: str = ""

    def approves(self, digest: str) -> bool:
        """Whether the approval that stands in it is of this version."""
        if not self.approved_by:
            return False
        stated = self.approved_version.strip().lower()
        return not stated or (len(stated) >= 8 and digest.startswith(stated))


@dataclass(frozen=True)
class ModelFacts:
    """All that the papers of one model say.

    Parameters
    ----------
    model : AdditiveModel
        The model.
    digest : str
        Of its file.
    card : OwnerCard
        What people said of it.
    catalogue : Catalogue
        Names of its factors.
    evaluation : dict, optional
        ``Evaluation.to_dict()`` of a model trained in the same way on earlier days; None where there is none.
    judged_by : {"later", "folds", "failed", "none"}
        Whether later days, folds of pupils, or nothing judged it.
    made_on : datetime.date, optional
        Day of the training.
    failed_because : str
        Why nothing judged it.
    """

    model: AdditiveModel
    digest: str
    card: OwnerCard
    catalogue: Catalogue
    evaluation: dict[str, Any] | None = None
    judged_by: str = "none"
    made_on: dt.date | None = None
    failed_because: str = ""
