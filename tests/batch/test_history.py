"""Training tables through the public name: from records over years, and from the runs that a school has made."""

import pandas as pd
import pytest

import pumpurs_risk as pr


@pytest.fixture(scope="module")
def records():
    return pr.make_cohort(200, random_state=4, form="tables", years=1)


def test_records_give_a_row_per_pupil_and_day_with_what_came_after(records):
    X, y, weight, groups = pr.training_table(records, as_of=["2026-01-15", "2026-09-15"])
    assert len(X) == len(y) == len(weight) == len(groups)
    assert X.groupby("as_of").size().gt(100).all()
    assert set(y.dropna()) <= {0.0, 1.0}
    assert weight.eq(0.5).all()  # two windows of one year overlap


def test_runs_are_stacked_as_they_were(records):
    run = pr.score(records, as_of="2026-01-15")
    X, y, _, groups = pr.training_table([run], outcomes=records)
    pd.testing.assert_frame_equal(X.drop(columns=["as_of", "support_given"]), run.factors, check_exact=True)
    direct = pr.training_table(records, as_of=["2026-01-15"])
    pd.testing.assert_series_equal(y, direct[1])
    assert groups.tolist() == run.factors["pupil_id"].tolist()


def test_days_are_refused_for_runs_and_outcomes_asked_for(records):
    run = pr.score(records, as_of="2026-01-15")
    with pytest.raises(ValueError, match="their own days"):
        pr.training_table([run], as_of=["2026-01-15"], outcomes=records)
    with pytest.raises(pr.RecordsError):
        pr.training_table([run])
