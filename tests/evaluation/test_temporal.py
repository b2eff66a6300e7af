"""Later cohorts only: days that overlap are refused by name, and a pupil is never on both sides."""

import datetime as dt

import numpy as np
import pytest

from pumpurs_risk.errors import EvaluationError
from pumpurs_risk.evaluation.temporal import (
    as_days,
    check_days,
    check_pupils_apart,
    first_allowed_day,
    grouped_folds,
)


def day(text):
    return dt.date.fromisoformat(text)


def test_days_are_read_in_any_form_once_each_and_in_order():
    given = [np.datetime64("2026-01-15"), "2025-01-15", dt.date(2026, 1, 15)]
    assert as_days(given) == (day("2025-01-15"), day("2026-01-15"))
    assert as_days("2025-01-15") == (day("2025-01-15"),)
    assert as_days(None) == ()


def test_a_test_on_the_first_day_that_is_known_is_allowed():
    check_days([day("2024-01-15"), day("2025-01-15")], [day("2026-01-15")], "1y")


@pytest.mark.parametrize(
    ("horizon", "test", "allowed", "last"),
    [
        ("1y", "2026-01-14", "2026-01-15", "2025-01-14"),
        ("2y", "2026-01-15", "2027-01-15", "2024-01-15"),
        ("1 semester", "2025-07-01", "2025-07-15", "2025-01-01"),
    ],
)
def test_an_overlap_names_the_days_the_first_allowed_one_and_the_last_to_learn_from(horizon, test, allowed, last):
    with pytest.raises(EvaluationError) as refused:
        check_days([day("2025-01-15")], [day(test)], horizon)
    for lang in ("lv", "en"):
        said = refused.value.message(lang)
        assert all(each in said for each in ("2025-01-15", test, allowed, last)), said
    assert first_allowed_day([day("2025-01-15")], horizon) == day(allowed)
    check_days([day("2025-01-15")], [day(allowed)], horizon)
    check_days([day(last)], [day(test)], horizon)


def test_only_the_days_that_overlap_are_named():
    with pytest.raises(EvaluationError) as refused:
        check_days([day("2023-01-15"), day("2025-01-15")], [day("2025-09-15"), day("2026-01-15")], "1y")
    assert refused.value.params["train"] == "2025-01-15"
    assert refused.value.params["test"] == "2025-09-15"


def test_all_rows_of_a_pupil_are_in_one_fold_and_folds_are_even():
    pupils = np.repeat(np.arange(103).astype(str), 2)
    folds = grouped_folds(pupils, 5, 0)
    assert all(len(set(folds[pupils == one])) == 1 for one in np.unique(pupils))
    sizes = np.bincount(folds[::2])
    assert sizes.max() - sizes.min() <= 1
    assert (folds != grouped_folds(pupils, 5, 1)).any()


def test_a_pupil_on_both_sides_is_refused_without_being_named():
    check_pupils_apart(["a", "b"], ["c"])
    with pytest.raises(EvaluationError) as refused:
        check_pupils_apart(["secret-7", "b"], ["secret-7", "c"])
    assert refused.value.params["n"] == 1
    assert "secret" not in str(refused.value)
