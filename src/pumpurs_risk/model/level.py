"""The level of a model: the same curves at another prevalence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from pumpurs_risk.model.odds import expit, logit, shift_to

if TYPE_CHECKING:
    from pumpurs_risk.model.additive import AdditiveModel


def at_prevalence(model: AdditiveModel, prevalence: float, X: Any = None) -> AdditiveModel:
    """Shift a model to a stated prevalence; see `AdditiveModel.at_prevalence`."""
    eta = np.array([logit(model.national_mean)]) if X is None else model.log_odds(X)
    shift = shift_to(eta, prevalence)
    over = "" if X is None else " over a run"
    return shifted(model, shift, f"base shifted by {shift:+.4f} to a prevalence of {prevalence:.4f}{over}")


def shifted(model: AdditiveModel, shift: float, note: str) -> AdditiveModel:
    """Move a model's base, and that of its curves for two years, by one constant.

    Parameters
    ----------
    model : AdditiveModel
        What to move.
    shift : float
        Log-odds.
    note : str
        Why, for the provenance.

    Returns
    -------
    AdditiveModel
    """
    mean = float(expit(np.array([logit(model.national_mean) + shift]))[0])
    two_years = model.two_years and shifted(model.two_years, shift, note)
    return msgspec.structs.replace(
        model, base=model.base + shift, national_mean=mean, two_years=two_years, provenance=model._noted(note)
    )
