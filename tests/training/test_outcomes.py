import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.errors import TrainingError
from pumpurs_risk.training.fit.outcomes import read_outcomes


@pytest.mark.parametrize("unknown", [np.nan, None, pd.NA])
@pytest.mark.parametrize("kind", [list, lambda v: pd.Series(v, dtype=object), lambda v: pd.Series(v).astype("Int64")])
def test_unknown_outcomes_are_told_apart(unknown, kind):
    found = read_outcomes(kind([1, 0, unknown, 0]))
    assert found.known.tolist() == [True, True, False, True] and found.left.tolist() == [1, 0, 0, 0]


def test_booleans_and_labels():
    assert read_outcomes(np.array([True, False])).left.tolist() == [1, 0]
    found = read_outcomes(["turpina", "pārtraucis", "turpina"], pos_label="pārtraucis")
    assert found.left.tolist() == [0, 1, 0] and found.positive == 0


def test_nobody_left_is_a_history_but_one_label_is_not():
    assert read_outcomes([0, 0, 0]).classes.tolist() == [0, 1]
    with pytest.raises(TrainingError, match="one class"):
        read_outcomes(["stayed", "stayed"])


def test_what_cannot_be_labels_is_refused():
    with pytest.raises(ValueError, match="Only binary"):
        read_outcomes([0, 1, 2])
    with pytest.raises(ValueError, match="Unknown label type"):
        read_outcomes([0.3, 0.7, 0.1])
    with pytest.raises(ValueError, match="infinity"):
        read_outcomes([0.0, np.inf])
    with pytest.raises(TrainingError, match="nothing to learn"):
        read_outcomes([np.nan, np.nan])
    with pytest.raises(ValueError, match="pos_label"):
        read_outcomes(["a", "b"], pos_label="c")
