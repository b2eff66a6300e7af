from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.training.fit.columns import choose_columns, found_knots, read_numbers, read_words
from pumpurs_risk.training.fit.terms import line_and_deviation

CATALOGUE = Catalogue.load()


def test_context_and_protected_columns_are_no_factors_of_a_factor_table():
    columns = ["pupil_id", "as_of", "support_given", "school_id", *CATALOGUE.context, "sex", "mean_mark", "own_figure"]
    chosen = choose_columns(columns, CATALOGUE)
    assert chosen.factors == ("mean_mark", "own_figure")
    assert "sex" in chosen.left_out and "age" in chosen.left_out and chosen.protected == ("sex",)


def test_a_table_of_other_columns_is_taken_as_it_is_but_for_ids():
    chosen = choose_columns(["pupil_id", "age", "gender", "income"], CATALOGUE)
    assert chosen.factors == ("age", "gender", "income") and chosen.protected == ("gender",) and not chosen.of_catalogue


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=80), st.integers(0, 1000))
def test_knots_are_values_of_the_data_and_do_not_depend_on_order_or_halved_duplicates(values, seed):
    x = np.asarray(values, float)
    w = np.random.default_rng(seed).uniform(0.5, 2, len(x))
    knots = found_knots(x, w)
    turned = np.random.default_rng(seed).permutation(len(x))
    assert knots == found_knots(x[turned], w[turned]) == found_knots(np.r_[x, x], np.r_[w, w] / 2)
    assert 2 <= len(knots) <= 9 and all(b > a for a, b in pairwise(knots))
    if len(set(values)) > 1:
        assert set(knots) <= set(x)


def test_a_typing_error_does_not_stretch_the_knots():
    x = np.append(np.linspace(0, 10, 2000), 9e6)
    assert max(found_knots(x, np.ones(len(x)))) <= 10


def test_rare_levels_count_as_unknown_by_weight():
    frame = pd.DataFrame({"a": ["x"] * 5 + ["y"] * 3 + ["z"] * 3})
    assert read_words(frame, "a", np.ones(11), None).levels == ("x", "y", "z")
    light = read_words(frame, "a", np.r_[np.ones(8), np.full(3, 0.5)], None)
    assert light.levels == ("x", "y") and light.unknown.sum() == 3


def test_codes_of_a_category_are_words():
    frame = pd.DataFrame({"a": pd.Categorical([9, 9, 9, 33, 33, 33])})
    assert read_words(frame, "a", np.ones(6), None).levels == ("33", "9")


def test_dates_and_infinity_are_refused_by_name():
    with pytest.raises(ValueError, match=r"'day'.*dates"):
        read_numbers(pd.DataFrame({"day": pd.to_datetime(["2026-01-01"])}), "day", np.ones(1), None)
    with pytest.raises(ValueError, match=r"'a'.*infinity"):
        read_numbers(pd.DataFrame({"a": [np.inf, 1.0]}), "a", np.ones(2), None)


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=12))
def test_the_total_effect_has_the_same_width_whatever_the_knots(steps):
    assert line_and_deviation(np.append(0, np.cumsum(steps))).sum() == pytest.approx(1.0)
