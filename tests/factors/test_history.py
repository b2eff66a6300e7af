"""Training tables: stacked over days, weights, what is taught where a day cannot be used."""

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.factors.history import stack_tables, training_table_of, window_weights
from pumpurs_risk.factors.horizon import Horizon
from pumpurs_risk.records import SchoolRecords

SEMESTERS = ["2024/2025-1", "2024/2025-2", "2025/2026-1", "2025/2026-2", "2026/2027-1", "2026/2027-2"]
DAYS = ["2025-01-20", "2026-01-20"]


def records(**tables):
    """Pupil 1 is there all the time; 2 drops out in 2025; 3 comes in autumn 2025 and is transferred."""
    rows = (
        [("1", name) for name in SEMESTERS]
        + [("2", name) for name in SEMESTERS[:2]]
        + [("3", name) for name in SEMESTERS[2:4]]
    )
    pupils = pa.table(
        {
            "pupil_id": [row[0] for row in rows],
            "semester": [row[1] for row in rows],
            "school_id": ["a"] * len(rows),
            "programme": ["general"] * len(rows),
            "level": [9.0] * len(rows),
        }
    )
    return SchoolRecords.of({"pupils": pupils, "outcomes": outcomes(), **tables})


def outcomes():
    left = [("2", dt.date(2025, 4, 1), "dropped_out"), ("3", dt.date(2026, 2, 2), "transferred")]
    return pa.table({name: [row[i] for row in left] for i, name in enumerate(("pupil_id", "date", "outcome"))})


def frame(*ids, **columns):
    return pd.DataFrame({"pupil_id": list(ids), **columns})


def test_the_days_stand_one_below_the_other_in_order_with_their_labels():
    X, y, weight, groups = training_table_of(records(), DAYS[::-1])
    assert list(zip(X["as_of"].dt.strftime("%Y-%m-%d"), groups, strict=True)) == [
        ("2025-01-20", "1"),
        ("2025-01-20", "2"),
        ("2026-01-20", "1"),
        ("2026-01-20", "3"),
    ]
    assert X.columns[:2].tolist() == ["pupil_id", "as_of"]
    assert y.fillna(-1).tolist() == [0, 1, 0, -1]
    assert weight.tolist() == [1, 1, 1, 1]


def test_every_day_sees_its_own_past_alone():
    from pumpurs_risk.factors.table import factor_frame

    X, *_ = training_table_of(records(), DAYS)
    for day in DAYS:
        own = factor_frame(records(), day)
        part = X[X["as_of"] == pd.Timestamp(day)].drop(columns="as_of").reset_index(drop=True)
        pd.testing.assert_frame_equal(part, own, check_dtype=False)


def test_rows_without_a_label_are_left_out_if_asked():
    X, y, weight, groups = training_table_of(records(), DAYS, drop_missing=True)
    assert groups.tolist() == ["1", "2", "1"]
    assert y.notna().all()
    assert len(X) == len(y) == len(weight) and X.index.equals(y.index)


def test_a_day_whose_horizon_the_records_do_not_reach_has_no_labels_and_keeps_its_rows():
    _, y, _, _ = training_table_of(records(), ["2026-01-20", "2026-09-20"])
    assert y.fillna(-1).tolist() == [0, -1, -1]


def test_overlapping_windows_weigh_less_so_that_no_leaver_counts_twice():
    _, _, weight, _ = training_table_of(records(), ["2025-01-20", "2025-09-20", "2026-01-20"], "1y")
    assert sorted(set(weight)) == [0.5]


@pytest.mark.parametrize(
    ("days", "horizon", "expected"),
    [
        (["2025-01-15", "2026-01-15"], "1y", [1, 1]),
        (["2025-01-15", "2025-09-15"], "1y", [1 / 2, 1 / 2]),
        (["2025-01-15", "2025-09-15", "2026-01-15", "2026-09-15"], "1y", [1 / 2] * 4),
        (["2025-01-15", "2025-07-15", "2026-01-15", "2026-07-15"], "2y", [1 / 4] * 4),
        (["2020-01-15", "2025-01-15", "2025-09-15"], "1y", [1, 1 / 2, 1 / 2]),
    ],
)
def test_a_weight_is_one_over_the_windows_that_overlap_at_one_time(days, horizon, expected):
    assert window_weights([dt.date.fromisoformat(day) for day in days], Horizon.of(horizon)) == expected


def test_outcomes_may_come_as_a_frame_beside_the_records():
    alone = SchoolRecords.of({"pupils": records().pupils})
    frame = outcomes().to_pandas()
    frame["Iznākums"] = ["atskaitīts", "pārgājis uz citu skolu"]  # as a school writes it
    _, y, _, _ = training_table_of(alone, DAYS, outcomes=frame.drop(columns="outcome"))
    assert y.fillna(-1).tolist() == [0, 1, 0, -1]


def test_outcomes_may_come_from_records_of_a_later_day():
    early = SchoolRecords.of({"pupils": records().pupils.slice(0, 2)})
    _, y, _, _ = training_table_of(early, ["2025-01-20"], outcomes=records())
    assert y.tolist() == [0]


def test_who_is_on_a_later_list_was_still_there():
    runs = [("2026-01-20", frame("1", x=[3.0])), ("2025-01-20", frame("1", "2", "4", x=[1.0, 2.0, 4.0]))]
    X, y, _, _ = stack_tables(runs, SchoolRecords.of({"outcomes": outcomes()}))
    assert X["x"].tolist() == [1, 2, 4, 3]
    assert y.fillna(-1).tolist() == [0, 1, -1, -1]


def test_a_list_that_still_has_somebody_who_left_days_before_does_not_bring_them_back():
    left = outcomes().set_column(1, "date", pa.array([dt.date(2025, 9, 10), dt.date(2026, 2, 2)]))
    lists = [("2025-01-20", frame("1", "2")), ("2025-09-20", frame("1", "2")), ("2026-02-20", frame("1"))]
    _, y, _, _ = stack_tables(lists, SchoolRecords.of({"outcomes": left}))
    assert y.fillna(-1).tolist()[:2] == [0, 1]


def test_a_factor_that_an_earlier_list_did_not_have_is_unknown_there():
    lists = [("2025-01-20", frame("2", old=[1.0])), ("2026-01-20", frame("3", new=["9"]))]
    X, *_ = stack_tables(lists, SchoolRecords.of({"outcomes": outcomes()}))
    assert X.columns.tolist() == ["pupil_id", "as_of", "old", "new"]
    assert X["new"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("days", "code", "said"),
    [
        ([], "as_of_needed", "as_of=["),
        (["2025-01-20", "2025-01-20"], "as_of_twice", "2025-01-20"),
        (["2025-01-20", "2024-02-01"], "as_of_nobody", "2024-02-01"),
        (["2026-09-20"], "horizon_not_reached", "2027-05-31"),
    ],
)
def test_a_day_that_cannot_be_used_is_named(days, code, said):
    with pytest.raises(RecordsError) as error:
        training_table_of(records(), days)
    assert error.value.code == code
    assert said in str(error.value)
    assert said in error.value.message("lv")


def test_if_nothing_is_known_of_anybody_the_error_says_what_is_missing():
    silent = outcomes().set_column(2, "outcome", pa.array(["unclear", "unclear"]))
    with pytest.raises(RecordsError, match="later semesters") as error:
        stack_tables([("2025-01-20", frame("2", "3"))], SchoolRecords.of({"outcomes": silent}), follow_up="2027-01-01")
    assert error.value.code == "outcomes_all_missing"


def test_outcomes_of_other_pupils_are_told_apart_from_none():
    with pytest.raises(RecordsError) as error:
        stack_tables([("2025-01-20", frame("a:1", "a:2"))], SchoolRecords.of({"outcomes": outcomes()}))
    assert error.value.code == "outcomes_of_others"
    assert "a:2" not in str(error.value)


def test_without_outcomes_nothing_is_stacked():
    with pytest.raises(RecordsError) as error:
        training_table_of(SchoolRecords.of({"pupils": records().pupils}), DAYS)
    assert error.value.code == "outcomes_needed"


def test_the_table_is_ready_for_a_scorer():
    X, y, weight, groups = training_table_of(records(), DAYS)
    assert X.index.equals(y.index) and X.index.equals(weight.index) and X.index.equals(groups.index)
    assert (y.name, weight.name) == ("dropped_out", "weight")
    assert y.dtype == weight.dtype == np.float64


def test_outcomes_that_cannot_be_used_are_refused_and_named():
    X = pd.DataFrame({"pupil_id": ["p"]})
    wrong = pd.DataFrame({"pupil_id": ["p"], "date": ["2026-03-02"], "outcome": ["left school"]})
    with pytest.raises(RecordsError, match="left school"):
        stack_tables([("2025-01-15", X)], wrong)
