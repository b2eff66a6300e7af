"""A card is its own total: whoever adds up the printed rows gets what the computer gets, and reads the same risk."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpurs_risk.model import load_model
from pumpurs_risk.model.shapes import Levels
from pumpurs_risk.training.points import PointScorecard

_PLACE = Path(__file__).parents[1] / "model" / "conftest.py"
_SPEC = importlib.util.spec_from_file_location("small_models", _PLACE)
_MODULE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_MODULE)
CARDS = [PointScorecard.from_model(load_model("literature-prior")), PointScorecard.from_model(_MODULE.whole_model())]


@st.composite
def card_and_pupils(draw):
    card = draw(st.sampled_from(CARDS))
    shapes = [s for s in card.model.shapes if s.factor in set(card.feature_names_in_)]
    chosen = draw(st.lists(st.sampled_from(shapes), min_size=1, max_size=8, unique_by=lambda s: s.factor))
    row = {}
    for shape in chosen:
        if isinstance(shape, Levels):
            row[shape.factor] = st.sampled_from([*shape.levels, None, "other"])
        else:
            reach = shape.knots[-1] - shape.knots[0]
            inside = st.floats(shape.knots[0] - reach, shape.knots[-1] + reach)
            row[shape.factor] = st.one_of(st.none(), inside, st.sampled_from(shape.knots))
    rows = draw(st.lists(st.fixed_dictionaries(row), min_size=1, max_size=6))
    X = pd.DataFrame(rows)
    return card, X.astype({c: float for c in X if c != "programme_level"})


def holds(row, side, value, decimals):
    """Whether a printed row speaks of this value."""
    unknown = value is None or value != value
    if isinstance(row[f"{side}value"], str):
        return value == row[f"{side}value"]
    if not row[f"{side}recorded"]:
        return unknown
    return not unknown and row[f"{side}from"] <= round(value, decimals) < row[f"{side}to"]


def added_by_hand(card, pupil):
    """Add up the rows of the table of points, one line after the other, as a person does."""
    table = card.points_table
    total = 0
    for number, line in enumerate(card.lines):
        rows = table[table["line"] == number].to_dict("records")
        scales = [line.scale] if hasattr(line, "scale") else [line.left, line.right]
        for side, scale in zip(("", "with_"), scales, strict=False):
            value = pupil.get(scale.factor)
            if scale.levels and value not in scale.levels:
                value = None
            rows = [row for row in rows if holds(row, side, value, scale.decimals)]
        assert len(rows) == 1  # every value stands in exactly one row
        total += rows[0]["points"]
    return total


@given(drawn=card_and_pupils())
def test_the_card_is_its_own_total(drawn):
    card, X = drawn
    assert card.total(X).tolist() == [added_by_hand(card, pupil) for pupil in X.to_dict("records")]


@given(drawn=card_and_pupils())
def test_the_table_of_risks_holds_every_total(drawn):
    card, X = drawn
    total = card.total(X)
    assert (total >= 0).all()
    assert (total <= card.max_total).all()
    risks = card.risk_table.set_index("total")["risk"]
    assert card.predict_proba(X)[:, 1] == pytest.approx(risks.loc[total].to_numpy(), abs=1e-12)


@given(drawn=card_and_pupils(), data=st.data())
def test_raising_a_factor_moves_the_total_only_in_its_direction(drawn, data):
    card, X = drawn
    curves = [s for s in card.model.shapes if s.factor in set(card.feature_names_in_) and s.direction]
    shape = data.draw(st.sampled_from(curves))
    reach = st.floats(shape.knots[0] - 1, shape.knots[-1] + 1)
    a, b = sorted([data.draw(reach), data.draw(reach)])
    rise = card.total(X.assign(**{shape.factor: b})) - card.total(X.assign(**{shape.factor: a}))
    assert (shape.direction * rise >= 0).all()


@given(drawn=card_and_pupils())
def test_points_are_the_models_own_contributions_rounded(drawn):
    card, X = drawn
    for line in card.lines:
        if not hasattr(line, "scale"):
            continue
        shape = next(s for s in card.model.shapes if s.factor == line.scale.factor)
        column = X[shape.factor].to_numpy() if shape.factor in X else None
        if column is None:
            continue
        read = column if isinstance(shape, Levels) else np.round(column, line.scale.decimals)
        exact = (shape.evaluate(read) - min(*shape.values, shape.unknown)) / card.unit
        assert np.abs(line.look_up(X) - exact).max() <= 0.5 + 1e-6
