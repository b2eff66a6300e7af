"""Support given before a day: what was known of it then, and nowhere a factor."""

import datetime as dt

import pandas as pd
import pyarrow as pa
import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.factors.support import SUPPORT_GIVEN, support_given
from pumpurs_risk.records import SchoolRecords
from pumpurs_risk.training.fit.columns import choose_columns

PUPILS = pd.DataFrame({"pupil_id": ["1", "2", "3", "4"], "school_id": ["a", "a", "a", "b"]})


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


def records(**columns):
    given = {
        "pupil_id": ["1", "2", "3"],
        "date_from": [dt.date(2026, 10, 1), dt.date(2027, 1, 15), dt.date(2026, 10, 1)],
        "measure": ["mentor"] * 3,
        "recorded_on": [dt.date(2026, 10, 1), dt.date(2026, 12, 1), dt.date(2027, 2, 1)],
    }
    return SchoolRecords.of({"support": pa.table(given | columns)})


def test_support_counts_if_it_had_begun_and_was_written_down_before_the_day(catalogue):
    found = support_given(records(), "2027-01-15", PUPILS, catalogue)
    assert found.tolist() == [1.0, 0.0, 0.0, 0.0]  # 2 begins on the day; 3 was written down later
    assert support_given(records(), "2027-02-02", PUPILS, catalogue).tolist() == [1.0, 1.0, 1.0, 0.0]


def test_support_that_has_ended_was_given_all_the_same(catalogue):
    ended = records(date_to=[dt.date(2026, 11, 1)] * 3)
    assert support_given(ended, "2027-01-15", PUPILS, catalogue).tolist() == [1.0, 0.0, 0.0, 0.0]


def test_a_school_that_handed_in_no_support_is_unknown_not_without(catalogue):
    from dataclasses import replace

    some = replace(records(), supplied={"support": ("a",)})
    found = support_given(some, "2027-01-15", PUPILS, catalogue)
    assert found[:3].tolist() == [1.0, 0.0, 0.0] and pd.isna(found[3])


def test_without_the_table_nothing_is_said(catalogue):
    assert support_given(SchoolRecords.of({}), "2027-01-15", PUPILS, catalogue) is None


def test_support_is_never_a_factor(catalogue):
    assert choose_columns(["pupil_id", SUPPORT_GIVEN, "absence_share"], catalogue).factors == ("absence_share",)
    assert choose_columns(["pupil_id", SUPPORT_GIVEN, "income"], catalogue).factors == ("income",)
