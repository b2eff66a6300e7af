"""How sure a model is of a pupil's log-odds, and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pumpurs_risk.model.contents import ModelContents
from pumpurs_risk.model.posterior import evidence_share, mean_rows, missing_variance, one_row, quadratic
from pumpurs_risk.model.reference import reference_rows
from pumpurs_risk.model.shapes import Floats

if TYPE_CHECKING:
    from pumpurs_risk.model.reference import Reference


class ModelCertainty(ModelContents, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the posterior of the coefficients says of each pupil; `AdditiveModel` is the whole."""

    def sd(self, X: Any) -> Floats:
        """Posterior sd of the log-odds without the base's own, which is common to all, and without the school's.

        ``sd^2 = (x - m)' V (x - m) + sum of var_j over missing factors``.

        Parameters
        ----------
        X : table, n rows, as in `AdditiveModel.log_odds`

        Returns
        -------
        ndarray of float, shape (n,)
        """
        frame = self._checked(X)
        return np.sqrt(quadratic(self, frame, mean_rows) + missing_variance(self.shapes, frame))

    def missing_sd(self, X: Any) -> Floats:
        """The part of `sd` that comes from factors that are not recorded.

        Parameters
        ----------
        X : table, n rows, as in `AdditiveModel.log_odds`

        Returns
        -------
        ndarray of float, shape (n,)
        """
        return np.sqrt(missing_variance(self.shapes, self._checked(X)))

    def contribution_sd(self, X: Any, factors: Sequence[str], reference: Reference = "population") -> Floats:
        """Posterior sd of the summed contributions of some factors, log-odds.

        Parameters
        ----------
        X, reference : as in `AdditiveModel.contributions`
        factors : sequence of str
            Ids of the factors to sum; of a pair, half belongs to each of its factors.

        Returns
        -------
        ndarray of float, shape (n,)
        """
        frame = self._checked(X)
        return np.sqrt(quadratic(self, frame, reference_rows(self, frame, reference), set(factors)))

    def difference_sd(self, X: Any, other: pd.DataFrame) -> Floats:
        """Posterior sd of the difference in log-odds between each pupil and one other.

        Coefficients are common to both, so what they share cancels; what is not recorded of either does not.

        Parameters
        ----------
        X : table, n rows, as in `AdditiveModel.log_odds`
        other : pandas.DataFrame, one row
            The other pupil's factor values.

        Returns
        -------
        ndarray of float, shape (n,)
        """
        frame = self._checked(X)
        missing = missing_variance(self.shapes, frame) + missing_variance(self.shapes, self._checked(other))
        return np.sqrt(quadratic(self, frame, one_row(other)) + missing)

    def evidence_share(
        self, X: Any, factors: Sequence[str] | None = None, applies: npt.NDArray[np.bool_] | None = None
    ) -> Floats:
        """Share of what the factors could tell that is recorded: var(f_j) over known factors by var(f_j) over all.

        Parameters
        ----------
        X : table, n rows, as in `AdditiveModel.log_odds`
        factors : sequence of str, optional
            Which factors to count; those the model does not have are left out; all of the model's if none is left.
        applies : ndarray of bool, shape (n, len(factors)), optional
            Whom each factor is about; what does not apply counts neither way.

        Returns
        -------
        ndarray of float, shape (n,)
            1 where nothing applies.
        """
        return evidence_share(self.shapes, self._checked(X), factors, applies)
