import datetime as dt
import importlib.util
from pathlib import Path

import numpy as np
import pytest

_spec = importlib.util.spec_from_file_location("lists_by_hand", Path(__file__).with_name("lists_by_hand.py"))
by_hand = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(by_hand)
compared, made, roll, semester_of = by_hand.compared, by_hand.made, by_hand.roll, by_hand.semester_of
NEXT_YEAR = dt.date(2028, 1, 15)


@pytest.fixture
def semesters():
    pupils = roll()
    return semester_of(pupils, 1), semester_of(pupils, 2)


def verdict_of(found, school, factor):
    [row] = [row for row in found.missing if (row.school_id, row.factor) == (school, factor)]
    return row.verdict


def test_a_factor_that_a_school_stopped_supplying_is_named_with_the_school(semesters):
    one, two = semesters
    two.loc[two["school_id"] == "school-1", ["mean_mark", "failing_subjects"]] = np.nan
    found = compared(made(one), made(two, NEXT_YEAR))
    assert verdict_of(found, "school-1", "mean_mark") == "stopped"
    [alarm] = [a for a in found.attention if a.code == "stopped"]
    assert alarm.params == {"schools": ["school-1"], "factors": ["mean_mark", "failing_subjects"]}
    assert found.attention[0] == alarm  # missing data come first
    assert verdict_of(found, "school-0", "mean_mark") == "chance"


def test_schools_that_stopped_supplying_the_same_share_one_alarm(semesters):
    one, two = semesters
    two.loc[two["school_id"].isin(["school-1", "school-3"]), "mean_mark"] = np.nan
    found = compared(made(one), made(two, NEXT_YEAR))
    [alarm] = [a for a in found.attention if a.code == "stopped"]
    assert alarm.params["schools"] == ["school-1", "school-3"]
    assert "no longer supply" in found.headline("en")


def test_a_class_whose_column_is_empty_is_more_missing(semesters):
    one, two = semesters
    there = np.flatnonzero(two["school_id"] == "school-2")
    two.loc[there[:40], "absence_share"] = np.nan
    found = compared(made(one), made(two, NEXT_YEAR))
    assert verdict_of(found, "school-2", "absence_share") == "more"
    [alarm] = [a for a in found.attention if a.code == "more"]
    assert alarm.params == {"schools": ["school-2"], "factors": ["absence_share"]}
    back = compared(made(two), made(one, NEXT_YEAR))
    assert verdict_of(back, "school-2", "absence_share") == "less"
    assert not [a for a in back.attention if a.code in ("more", "stopped")]


def test_empty_cells_here_and_there_are_chance(semesters):
    rng = np.random.default_rng(0)
    one, two = (
        table.mask(rng.random(table.shape) < np.where([c in ("absence_share", "mean_mark") for c in table], 0.3, 0))
        for table in semesters
    )
    found = compared(made(one), made(two, NEXT_YEAR))
    assert {row.verdict for row in found.missing} == {"chance"}


def test_a_school_that_is_not_in_the_later_list_is_asked_for_its_data(semesters):
    one, two = semesters
    found = compared(made(one), made(two[two["school_id"] != "school-3"].reset_index(drop=True), NEXT_YEAR))
    assert found.attention[0].code == "school_absent"
    assert found.attention[0].params == {"schools": ["school-3"]}
    assert "school-3" not in {row.school_id for row in found.missing}  # not "stopped supplying everything"


def test_a_school_of_four_pupils_is_not_judged():
    pupils = roll()
    pupils.loc[:3, "school_id"] = "tiny"
    one, two = semester_of(pupils, 1), semester_of(pupils, 2)
    two.loc[two["school_id"] == "tiny", "mean_mark"] = np.nan
    assert verdict_of(compared(made(one), made(two, NEXT_YEAR)), "tiny", "mean_mark") == "too_few"


def test_a_pupil_who_changed_school_counts_in_both():
    pupils = roll()
    moved = pupils.copy()
    moved.loc[:9, "school_id"] = "school-3"
    found = compared(made(semester_of(pupils, 1)), made(semester_of(moved, 2), NEXT_YEAR))
    sizes = {row.school_id: (row.first_pupils, row.second_pupils) for row in found.missing if row.factor == "mean_mark"}
    assert sizes["school-0"] == (100, 97)
    assert sizes["school-3"] == (100, 108)
