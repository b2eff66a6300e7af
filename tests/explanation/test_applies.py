import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.catalogue import Applies
from pumpurs_risk.explanation import applies_to


@pytest.fixture
def pupils():
    return pd.DataFrame(
        {"programme": ["general", "vocational", None], "level": [9, 1, np.nan], "age": [15.0, 18.0, np.nan]}
    )


def test_a_lower_age_limit_is_included_and_an_upper_one_is_not(pupils):
    assert applies_to(Applies(min_age=15, max_age=18), pupils).tolist() == [True, False, True]


def test_levels_are_included_at_both_ends(pupils):
    assert applies_to(Applies(min_level=9, max_level=9), pupils).tolist() == [True, False, True]


def test_an_unknown_level_or_programme_counts_only_where_that_is_asked_for(pupils):
    about_vocational = Applies(programmes=("vocational",))
    assert applies_to(about_vocational, pupils).tolist() == [False, True, True]
    assert applies_to(about_vocational, pupils, unknown_level=False).tolist() == [False, True, False]


def test_a_signal_may_say_that_an_unknown_age_is_not_meant(pupils, catalogue):
    assert applies_to(catalogue.signals["working_hours_under_15"], pupils).tolist() == [False, False, False]


def test_columns_that_are_not_there_are_unknown():
    assert applies_to(Applies(min_level=5, min_age=13), pd.DataFrame({"pupil_id": ["a"]})).tolist() == [True]


def test_vocational_years_follow_grade_9_unless_the_entry_names_them():
    pupils = pd.DataFrame({"level": [1.0, 3.0, 3.0], "programme": ["vocational", "vocational", "general"]})
    assert applies_to(Applies(min_level=4), pupils).tolist() == [True, True, False]
    assert applies_to(Applies(max_level=3), pupils).tolist() == [False, False, True]
    assert applies_to(Applies(programmes=("vocational",), max_level=1), pupils).tolist() == [True, False, False]
