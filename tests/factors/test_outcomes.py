"""What became of each pupil: one case per status, re-enrolment, short follow-up, corrected records, every engine."""

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pumpurs_risk.errors import CatalogueError, RecordsError
from pumpurs_risk.factors.horizon import Horizon
from pumpurs_risk.factors.outcomes import outcome, outcome_summary
from pumpurs_risk.records import SchoolRecords

AS_OF = "2026-01-15"
NOW, SPRING, AUTUMN, NEXT_SPRING = "2025/2026-1", "2025/2026-2", "2026/2027-1", "2026/2027-2"


def day(text):
    return None if text is None else dt.date.fromisoformat(text)


def pupils(*rows):
    """Rows of pupil_id, semester, then school_id and enrolled_from if they matter."""
    full = [(*row, "a", None)[:4] if len(row) == 2 else (*row, None)[:4] for row in rows]
    return pa.table(
        {
            "pupil_id": [row[0] for row in full],
            "semester": [row[1] for row in full],
            "school_id": [row[2] for row in full],
            "enrolled_from": pa.array([day(row[3]) for row in full], pa.date32()),
        }
    )


def outcomes(*rows, **more):
    """Rows of pupil_id, date, outcome, then the stage."""
    return pa.table(
        {
            "pupil_id": pa.array([row[0] for row in rows], pa.string()),
            "date": pa.array([day(row[1]) for row in rows], pa.date32()),
            "outcome": pa.array([row[2] for row in rows], pa.string()),
            "stage": pa.array([row[3] if len(row) > 3 else None for row in rows], pa.string()),
            **more,
        }
    )


def labels_of(enrolled, events, ids=("1",), horizon="1y", **options):
    records = SchoolRecords.of({"pupils": enrolled, "outcomes": events})
    y = outcome(records, AS_OF, horizon, X=pd.DataFrame({"pupil_id": list(ids)}), **options)
    return [None if np.isnan(each) else int(each) for each in y]


# A pupil "0" who is still there at the end, so that the records reach it.
REACH = (("0", NOW), ("0", NEXT_SPRING))


def label(enrolled=(), events=(), **options):
    return labels_of(pupils(*REACH, *enrolled), outcomes(*events), **options)[0]


@pytest.mark.parametrize("left_on", ["2026-01-15", "2026-05-02", "2027-01-14"])
def test_who_dropped_out_within_the_horizon_is_1(left_on):
    assert label([("1", NOW)], [("1", left_on, "dropped_out")]) == 1


def test_who_dropped_out_on_the_day_after_the_horizon_stayed_within_it():
    assert label([("1", NOW)], [("1", "2027-01-15", "dropped_out")]) == 0


def test_who_is_in_a_semester_that_ends_after_the_horizon_is_0():
    assert label([("1", NOW), ("1", SPRING), ("1", AUTUMN), ("1", NEXT_SPRING)]) == 0


def test_who_is_last_seen_in_a_semester_that_ends_before_the_horizon_is_missing():
    assert label([("1", NOW), ("1", SPRING), ("1", AUTUMN)]) is None


@pytest.mark.parametrize("status", ["still_enrolled", "repeating"])
def test_who_is_recorded_as_there_on_the_last_day_or_later_is_0_and_before_it_missing(status):
    assert label([("1", NOW)], [("1", "2027-01-15", status)]) == 0
    assert label([("1", NOW)], [("1", "2027-01-14", status)]) is None


@pytest.mark.parametrize("stage", ["secondary", "vocational"])
def test_who_finished_a_last_stage_is_0(stage):
    assert label([("1", NOW)], [("1", "2026-06-12", "graduated", stage)]) == 0


@pytest.mark.parametrize("stage", ["basic", None])
def test_who_finished_basic_education_is_0_only_with_a_next_enrolment(stage):
    finished = [("1", "2026-06-12", "graduated", stage)]
    assert label([("1", NOW), ("1", SPRING)], finished) is None
    assert label([("1", NOW), ("1", SPRING), ("1", AUTUMN, "b")], finished) == 0


def test_who_finished_basic_education_and_dropped_out_of_the_next_school_is_1():
    events = [("1", "2026-06-12", "graduated", "basic"), ("1", "2026-11-02", "dropped_out")]
    assert label([("1", NOW), ("1", AUTUMN, "b")], events) == 1


@pytest.mark.parametrize("status", ["transferred", "emigrated", "died", "unclear"])
def test_who_left_for_elsewhere_is_missing(status):
    assert label([("1", NOW), ("1", SPRING)], [("1", "2026-03-02", status)]) is None


@pytest.mark.parametrize("status", ["died", "unclear"])
def test_what_happens_on_the_first_day_after_the_horizon_is_outside_it(status):
    assert label([("1", NOW), ("1", NEXT_SPRING)], [("1", "2027-01-15", status)]) == 0
    assert label([("1", NOW), ("1", NEXT_SPRING)], [("1", "2027-01-14", status)]) is None


def test_who_died_stays_missing_whatever_later_rows_say():
    assert label([("1", NOW), ("1", AUTUMN), ("1", NEXT_SPRING)], [("1", "2026-03-02", "died")]) is None


def test_a_word_that_is_no_status_is_unclear():
    assert label([("1", NOW)], [("1", "2026-03-02", "moved to the moon")]) is None


def test_who_transferred_and_is_found_in_another_school_is_followed():
    moved = [("1", "2026-03-02", "transferred")]
    assert label([("1", NOW), ("1", AUTUMN, "b"), ("1", NEXT_SPRING, "b")], moved) == 0
    late = [("1", "2027-01-08", "transferred")]  # written down some days after the new school's semester began
    assert label([("1", NOW), ("1", NEXT_SPRING, "b")], late) == 0
    assert label([("1", NOW), ("1", NEXT_SPRING, "a")], late) is None


def test_a_row_of_the_semester_in_which_somebody_left_does_not_show_them_there_later():
    assert label([("1", NOW), ("1", SPRING)], [("1", "2026-03-02", "emigrated")], horizon="3 months") is None


def test_who_came_back_before_the_end_stayed_or_left_as_asked():
    enrolled = [("1", NOW), ("1", AUTUMN), ("1", NEXT_SPRING)]
    left = [("1", "2026-03-02", "dropped_out")]
    assert label(enrolled, left) == 0
    assert label(enrolled, left, returned="left") == 1


def test_who_came_back_by_a_new_enrolment_within_the_same_semester_stayed():
    back = [("1", NOW), ("1", NEXT_SPRING, "b", "2027-01-12")]
    assert label(back, [("1", "2027-01-08", "dropped_out")]) == 0


def test_who_came_back_after_the_end_left():
    enrolled = [("1", NOW), ("1", "2027/2028-1")]
    assert label(enrolled, [("1", "2026-03-02", "dropped_out")]) == 1


def test_who_came_back_and_is_not_followed_to_the_end_is_missing():
    assert label([("1", NOW), ("1", AUTUMN)], [("1", "2026-03-02", "dropped_out")]) is None


def test_who_came_back_and_dropped_out_again_is_1():
    enrolled = [("1", NOW), ("1", AUTUMN), ("1", NEXT_SPRING)]
    assert label(enrolled, [("1", "2026-03-02", "dropped_out"), ("1", "2027-01-10", "dropped_out")]) == 1


def test_who_dropped_out_and_then_emigrated_is_1():
    assert label([("1", NOW)], [("1", "2026-03-02", "dropped_out"), ("1", "2026-08-02", "emigrated")]) == 1


def test_who_had_left_before_the_day_is_not_followed_by_the_semester_in_which_they_left():
    gone = [("1", "2026-01-12", "dropped_out")]
    assert label([("1", NOW), ("1", SPRING)], gone, horizon="3 months") is None


def test_nobody_has_a_label_if_the_records_end_before_the_horizon():
    enrolled = pupils(("0", NOW), ("0", SPRING), ("1", NOW), ("2", NOW))
    events = outcomes(("1", "2026-03-02", "dropped_out"), ("2", "2026-06-12", "graduated", "vocational"))
    assert labels_of(enrolled, events, ["0", "1", "2"]) == [None, None, None]
    assert labels_of(enrolled, events, ["0", "1", "2"], follow_up="2027-01-15") == [None, 1, 0]


def test_a_semester_of_which_the_journals_hold_only_the_beginning_is_not_over():
    tables = {"pupils": pupils(("1", NOW), ("1", NEXT_SPRING)), "outcomes": outcomes()}
    X = pd.DataFrame({"pupil_id": ["1"]})
    for last, known in (("2027-01-06", False), ("2027-01-15", True), ("2027-05-20", True)):
        absences = pa.table({"pupil_id": ["1"], "date": [day(last)], "status": ["late"]})
        y = outcome(SchoolRecords.of({**tables, "absences": absences}), AS_OF, X=X)
        assert y.notna().item() is known


def test_nothing_dated_after_the_end_of_follow_up_counts():
    assert label([("1", NOW)], [("1", "2027-02-01", "still_enrolled")], follow_up="2027-02-02") == 0
    assert label([("1", NOW)], [("1", "2027-02-01", "still_enrolled")], follow_up="2027-02-01") is None
    assert label([("1", NOW), ("1", "2027/2028-1")], follow_up="2027-09-02") == 0
    assert label([("1", NOW), ("1", "2027/2028-1")], follow_up="2027-09-01") is None


def test_nothing_recorded_after_the_end_of_follow_up_counts():
    late = {"recorded_on": pa.array([day("2027-03-01")], pa.date32())}
    events = outcomes(("1", "2026-12-02", "dropped_out"), **late)
    enrolled = pupils(*REACH, ("1", NOW))
    assert labels_of(enrolled, events) == [1]
    assert labels_of(enrolled, events, follow_up="2027-02-01") == [None]


def test_of_a_corrected_record_the_last_version_counts():
    both = outcomes(
        ("1", "2026-03-02", "transferred"),
        ("1", "2026-03-02", "dropped_out"),
        recorded_on=pa.array([day("2026-06-01"), day("2026-03-05")], pa.date32()),
        record_id=["r1", "r1"],
    )
    enrolled = pupils(*REACH, ("1", NOW))
    assert labels_of(enrolled, both) == [None]
    assert labels_of(enrolled, both, horizon="3 months", follow_up="2026-05-01") == [1]


def test_a_school_s_own_semesters_decide_how_long_somebody_was_followed():
    own = pa.table(
        {
            "school_id": ["a", None],
            "programme": pa.nulls(2, pa.string()),
            "class_id": pa.nulls(2, pa.string()),
            "semester": [AUTUMN, AUTUMN],
            "date_from": [day("2026-09-01")] * 2,
            "date_to": [day("2027-01-22"), day("2026-12-11")],
        }
    )
    enrolled = pupils(*REACH, ("1", NOW), ("1", AUTUMN), ("2", NOW, "b"), ("2", AUTUMN, "b"))
    records = SchoolRecords.of({"pupils": enrolled, "outcomes": outcomes(), "semesters": own})
    y = outcome(records, AS_OF, X=pd.DataFrame({"pupil_id": ["1", "2"]}))
    assert y["1"] == 0
    assert np.isnan(y["2"])


def test_a_semester_that_nobody_defined_is_named():
    with pytest.raises(CatalogueError) as error:
        label([("1", "2031/2032-1")])
    assert "2031/2032-1" in str(error.value)


def test_the_labels_are_in_the_order_of_x():
    enrolled = pupils(*REACH, ("1", NOW), ("1", NEXT_SPRING), ("2", NOW))
    events = outcomes(("2", "2026-03-02", "dropped_out"))
    assert labels_of(enrolled, events, ["2", "9", "1"]) == [1, None, 0]


def test_without_x_the_labels_are_of_the_roll():
    enrolled = pupils(("2", NOW), ("1", NOW), ("1", NEXT_SPRING), ("3", AUTUMN), ("3", NEXT_SPRING))
    records = SchoolRecords.of({"pupils": enrolled, "outcomes": outcomes(("2", "2026-03-02", "dropped_out"))})
    y = outcome(records, AS_OF)
    assert y.to_dict() == {"1": 0.0, "2": 1.0}
    assert (y.name, y.index.name) == ("dropped_out", "pupil_id")


def _polars(table, lazy):
    import polars as pl

    frame = pl.from_arrow(table)
    return frame.lazy() if lazy else frame


@pytest.mark.parametrize("engine", ["pandas", "arrow", "polars", "polars lazy", "duckdb", "parquet"])
def test_every_engine_gives_the_same_labels(engine, tmp_path):
    import duckdb
    import pyarrow.parquet as pq

    tables = {
        "pupils": pupils(*REACH, ("1", NOW), ("1", NEXT_SPRING), ("2", NOW), ("3", NOW, "b", "2025-10-01")),
        "outcomes": outcomes(("2", "2026-03-02", "dropped_out"), ("3", "2026-03-02", "transferred")),
    }
    with duckdb.connect() as connection:
        enter = {
            "pandas": lambda name: tables[name].to_pandas(),
            "arrow": lambda name: tables[name],
            "polars": lambda name: _polars(tables[name], False),
            "polars lazy": lambda name: _polars(tables[name], True),
            "duckdb": lambda name: connection.from_arrow(tables[name]),
            "parquet": lambda name: _written(pq, tables[name], tmp_path / f"{name}.parquet"),
        }[engine]
        kind = engine.split()[0]
        kind = "pandas" if kind == "parquet" else kind
        native = {name: enter(name) for name in tables}
        records = SchoolRecords.of(native, engine=kind, connection=connection, schools=pd.DataFrame())
        y = outcome(records, AS_OF, X=pd.DataFrame({"pupil_id": ["1", "2", "3"]}))
    assert y.fillna(-1).tolist() == [0, 1, -1]


def _written(pq, table, path):
    pq.write_table(table, path)
    return path


def test_the_summary_counts_every_status_and_says_what_is_missing():
    enrolled = pupils(*REACH, ("1", NOW), ("2", NOW), ("3", NOW), ("4", NOW), ("4", AUTUMN), ("4", NEXT_SPRING))
    events = outcomes(
        ("1", "2026-03-02", "dropped_out"), ("2", "2026-03-02", "transferred"), ("4", "2026-04-02", "dropped_out")
    )
    counted = outcome_summary(SchoolRecords.of({"pupils": enrolled, "outcomes": events}), [AS_OF]).iloc[0]
    assert counted[["pupils", "left", "stayed", "missing"]].tolist() == [5, 1, 2, 2]
    assert counted[["dropped_out", "returned", "still_enrolled", "transferred", "not_followed"]].tolist() == [1] * 5
    assert counted["share_missing"] == pytest.approx(0.4)
    assert counted["horizon_end"] == dt.date(2027, 1, 15)
    assert counted["followed_until"] == dt.date(2027, 6, 1)


@pytest.mark.parametrize(
    ("written", "months"),
    [
        ("1y", 12),
        ("2 years", 24),
        ("18 months", 18),
        ("1 semester", 6),
        ("2 semestri", 12),
        ("1 gads", 12),
        ("3 MĒN.", 3),
    ],
)
def test_a_horizon_is_read_as_people_write_it(written, months):
    assert Horizon.of(written) == Horizon(months)


@pytest.mark.parametrize("written", ["", "y", "0y", "-1y", "1.5y", "11 years", "1 week", "soon"])
def test_a_horizon_that_cannot_be_read_is_refused_with_examples(written):
    with pytest.raises(RecordsError) as error:
        Horizon.of(written)
    assert '"18 months"' in str(error.value)


def test_without_outcomes_the_error_says_which_table_is_needed():
    with pytest.raises(RecordsError) as error:
        outcome(SchoolRecords.of({"pupils": pupils(*REACH)}), AS_OF)
    assert "still_enrolled" in str(error.value)
    assert "still_enrolled" in error.value.message("lv")


def test_an_unknown_way_to_count_those_who_returned_is_refused():
    with pytest.raises(RecordsError, match="stayed"):
        label([("1", NOW)], returned="maybe")
