"""Laws of outcomes: order decides nothing, knowing less only makes labels unknown, no leaver counts for more than one."""

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.factors.history import stack_tables, window_weights
from pumpurs_risk.factors.horizon import Horizon
from pumpurs_risk.factors.outcomes import STATUSES, judge, labels, outcome
from pumpurs_risk.factors.seen import Seen
from pumpurs_risk.records import SchoolRecords

AS_OF, HORIZON = dt.date(2026, 1, 15), "1y"
END = dt.date(2027, 1, 15)
PUPILS = [str(number) for number in range(6)]
SEMESTERS = ("2025/2026-1", "2025/2026-2", "2026/2027-1", "2026/2027-2", "2027/2028-1")
KINDS = ("dropped_out", "graduated", "transferred", "emigrated", "repeating", "still_enrolled", "died", "unclear")
CATALOGUE = Catalogue.load()

days = st.integers(-60, 800).map(lambda shift: AS_OF + dt.timedelta(days=shift))
event = st.tuples(
    st.sampled_from(PUPILS), days, st.sampled_from(KINDS), st.sampled_from((None, "basic", "secondary", "vocational"))
)
row = st.tuples(st.sampled_from(PUPILS), st.sampled_from(SEMESTERS), st.sampled_from("ab"), st.none() | days)
lives = st.tuples(st.lists(event, max_size=14), st.lists(row, max_size=24))


def records_of(events, rows):
    def columns(names, made, types):
        return pa.table({name: pa.array([each[i] for each in made], types[i]) for i, name in enumerate(names)})

    text, date = pa.string(), pa.date32()
    outcomes = columns(("pupil_id", "date", "outcome", "stage"), events, (text, date, text, text))
    pupils = columns(("pupil_id", "semester", "school_id", "enrolled_from"), rows, (text, text, text, date))
    return SchoolRecords.of({"outcomes": outcomes, "pupils": pupils})


def labels_of(events, rows, **options):
    records = records_of(events, rows)
    return outcome(records, AS_OF, HORIZON, X=pd.DataFrame({"pupil_id": PUPILS}), catalogue=CATALOGUE, **options)


@given(lives, st.randoms(use_true_random=False))
def test_the_order_of_rows_decides_nothing(life, random):
    events, rows = life
    before = labels_of(events, rows)
    random.shuffle(events)
    random.shuffle(rows)
    pd.testing.assert_series_equal(labels_of(events, rows), before)


@given(lives, days, days, st.sampled_from(("stayed", "left")))
def test_knowing_less_of_what_came_after_only_makes_labels_unknown(life, one, other, returned):
    earlier, later = sorted((one, other))
    less = labels_of(*life, follow_up=earlier, returned=returned).to_numpy()
    more = labels_of(*life, follow_up=later, returned=returned).to_numpy()
    changed = ~((less == more) | (np.isnan(less) & np.isnan(more)))
    assert np.isnan(less[changed]).all()
    if earlier >= END:
        assert not (more[changed] == 1).any()


@given(lives, st.sampled_from(("stayed", "left")))
def test_every_pupil_of_x_has_exactly_one_label_that_fits_a_status(life, returned):
    y = labels_of(*life, returned=returned)
    assert y.index.tolist() == PUPILS
    assert y.dropna().isin([0.0, 1.0]).all()
    ids = pd.Index(PUPILS)
    seen = Seen.of(records_of(*life), ids, catalogue=CATALOGUE)
    judged = judge(seen, ids, AS_OF, END, returned)
    assert set(judged.status) <= set(STATUSES)
    pd.testing.assert_series_equal(labels(judged), y)


@given(lives)
def test_a_1_has_dropped_out_within_the_horizon_and_a_0_without_dropping_out_is_seen_there(life):
    events, _ = life
    y = labels_of(*life)
    dropped = {pupil for pupil, day, kind, _ in events if kind == "dropped_out" and AS_OF <= day < END}
    assert set(y.index[y == 1]) <= dropped
    assert not set(labels_of(*life, returned="left").index[labels_of(*life, returned="left") == 0]) & dropped


@given(lives)
def test_what_happened_to_one_pupil_changes_no_other_label(life):
    events, rows = life
    follow_up = dt.date(2028, 6, 1)
    everybody = labels_of(events, rows, follow_up=follow_up)
    own_events, own_rows = ([each for each in made if each[0] == PUPILS[0]] for made in (events, rows))
    alone = labels_of(own_events, own_rows, follow_up=follow_up)
    pd.testing.assert_series_equal(alone.iloc[:1], everybody.iloc[:1])


@given(st.lists(days, min_size=1, max_size=8, unique=True), st.sampled_from(("1 semester", "1y", "2y")))
def test_at_any_time_the_weights_of_the_windows_that_hold_it_sum_to_1_at_most(as_of, horizon):
    span = Horizon.of(horizon)
    weights = window_weights(as_of, span)
    assert all(0 < weight <= 1 for weight in weights)
    for shift in range(0, 1700, 7):
        time = AS_OF + dt.timedelta(days=shift - 70)
        held = [weight for day, weight in zip(as_of, weights, strict=True) if day <= time < span.end(day)]
        assert sum(held) <= 1 + 1e-12
    apart = all(day >= span.end(other) or other >= span.end(day) for day in as_of for other in as_of if day != other)
    assert apart == (weights == [1.0] * len(as_of))


@given(lives, st.lists(days, min_size=1, max_size=4, unique=True), st.randoms(use_true_random=False))
def test_a_stacked_table_has_each_pupil_of_each_day_once_whatever_the_order(life, as_of, random):
    gone = ("0", min(as_of), "dropped_out", None)  # so that something is known of somebody
    later = records_of([*life[0], gone], life[1])
    X = pd.DataFrame({"pupil_id": PUPILS, "value": np.arange(6.0)})
    tables = [(day, X) for day in as_of]
    options = {"follow_up": dt.date(2031, 1, 1), "catalogue": CATALOGUE, "returned": "left"}
    first = stack_tables(tables, later, HORIZON, **options)
    shuffled = [(day, X.sample(frac=1, random_state=random.randrange(1000))) for day, X in tables]
    random.shuffle(shuffled)
    second = stack_tables(shuffled, later, HORIZON, **options)
    assert len(first[0]) == len(PUPILS) * len(as_of)
    assert first[1].index.equals(first[0].index)

    def rows(stacked):
        return sorted(zip(stacked[0]["as_of"], stacked[3], stacked[1].fillna(-1), stacked[2], strict=True))

    assert rows(first) == rows(second)
