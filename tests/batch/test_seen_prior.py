"""A start that has learned from the days that judge would flatter: it is found out."""

import datetime as dt

import msgspec
import pytest

import pumpurs_risk as pr
from pumpurs_risk.batch.evaluating import has_seen
from pumpurs_risk.model.parts import Pooling, Training

PRIOR = pr.load_model("literature-prior")


@pytest.fixture
def trained():
    training = Training(
        rows=9, rows_without_outcome=0, pupils=9, leavers=3, weight=9.0, as_of=("2024-09-15", "2025-09-15")
    )
    return msgspec.structs.replace(PRIOR, name="earlier", training=training)


def test_a_model_has_seen_what_became_of_pupils_until_its_horizon_ended(trained):
    assert has_seen(trained, dt.date(2026, 1, 15)) == "earlier"
    assert has_seen(trained, dt.date(2026, 9, 15)) == "" and has_seen(PRIOR, dt.date(2020, 1, 1)) == ""


def test_so_has_a_pool_by_the_periods_of_its_members():
    pooling = Pooling(
        members=("a", "b"),
        periods=("2022-09-15/2024-01-15", "2025-09-15"),
        leavers=(10, 10),
        distances=(1.0, 1.0),
        between_sd=0.2,
    )
    pool = msgspec.structs.replace(PRIOR, name="pool", pooling=pooling)
    assert has_seen(pool, dt.date(2026, 1, 15)) == "pool" and has_seen(pool, dt.date(2026, 9, 15)) == ""
