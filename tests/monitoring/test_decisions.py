import datetime as dt
import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.monitoring.decisions import differences_of_use
from pumpurs_risk.monitoring.groups import groupings

_spec = importlib.util.spec_from_file_location("lists_by_hand", Path(__file__).with_name("lists_by_hand.py"))
by_hand = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(by_hand)
compared, made, roll, semester_of = by_hand.compared, by_hand.made, by_hand.roll, by_hand.semester_of
SPRING = dt.date(2027, 6, 1)


@pytest.fixture
def lists():
    pupils = roll(800)
    return made(semester_of(pupils, 1), places=0.25), made(semester_of(pupils, 2), SPRING, places=0.25)


def decided(first, kinds):
    """Decisions on the listed pupils, in the order of the list."""
    listed = first.flags.loc[first.flags["listed"], "pupil_id"].to_numpy()
    frame = pd.DataFrame({"pupil_id": listed, "decision": np.resize(kinds, len(listed))})
    return replace(first, decisions=frame[frame["decision"] != ""].reset_index(drop=True))


def use_of(found, by, group=""):
    [row] = [row for row in found.decisions if (row.by, row.group) == (by, group)]
    return row


def test_every_listed_pupil_is_counted_once(lists):
    first, second = lists
    found = compared(decided(first, ["confirmed", "dismissed", "deferred", ""]), second)
    row = use_of(found, "all")
    assert row.listed == 200
    assert (row.confirmed, row.dismissed, row.deferred, row.undecided, row.added) == (50, 50, 50, 50, 0)
    assert row.dismissed_share == pytest.approx(1 / 3)
    assert row.dismissed_lower < 1 / 3 < row.dismissed_upper
    assert sum(each.listed for each in found.decisions if each.by == "school_id") == 200


def test_no_decision_at_all_needs_attention_once_there_was_time(lists):
    first, second = lists
    assert [a.params for a in compared(first, second).attention if a.code == "no_decisions"] == [{"n": 200}]
    soon = replace(second, as_of=first.as_of + dt.timedelta(days=7))
    assert not [a for a in compared(first, soon).attention if a.code == "no_decisions"]


def test_a_school_that_leaves_half_undecided_is_reminded(lists):
    first, second = lists
    listed = first.flags[first.flags["listed"]]
    slow = listed["school_id"].eq("school-2")
    frame = pd.DataFrame({"pupil_id": listed.loc[~slow, "pupil_id"], "decision": "confirmed"})
    found = compared(replace(first, decisions=frame.reset_index(drop=True)), second)
    [alarm] = [a for a in found.attention if a.code == "undecided"]
    assert alarm.params == {"schools": ["school-2"]}  # how many there are would tell a school's hidden count


def test_pupils_whom_staff_added_are_counted_known_or_not(lists):
    first, second = lists
    others = first.flags.loc[~first.flags["listed"], "pupil_id"].head(24)
    added = pd.DataFrame({"pupil_id": [*others, ""], "school_id": ["school-0"] * 25})
    found = compared(replace(first, added=added), second)
    assert use_of(found, "all").added == 25
    assert {a.code for a in found.attention} >= {"no_decisions"}
    found = compared(replace(decided(first, ["confirmed"]), added=added), second)
    assert [a.params["n"] for a in found.attention if a.code == "many_added"] == [25]
    listed = first.flags.loc[first.flags["listed"], "pupil_id"].head(6)
    again = pd.DataFrame({"pupil_id": listed, "school_id": "school-0"})
    assert use_of(compared(replace(first, added=again), second), "all").added == 0  # the list had not missed them


def attributes_of(first, kinds):
    return pd.DataFrame({"pupil_id": first.factors["pupil_id"], "sex": np.resize(kinds, len(first.factors))})


def test_a_group_that_is_dismissed_more_often_is_asked_about(lists):
    first, second = lists
    attributes = attributes_of(first, ["female", "male"])
    sex = attributes.set_index("pupil_id")["sex"]
    listed = first.flags.loc[first.flags["listed"], "pupil_id"]
    male = sex.reindex(listed).eq("male").to_numpy()
    rng = np.random.default_rng(0)
    kinds = np.where(rng.random(len(listed)) < np.where(male, 0.6, 0.15), "dismissed", "confirmed")
    first = replace(first, decisions=pd.DataFrame({"pupil_id": listed.to_numpy(), "decision": kinds}))
    found = compared(first, second, attributes=attributes)
    [row] = [row for row in found.differences if row.verdict == "changed" and row.by == "sex"]
    assert (row.share, row.lowest, row.highest) == ("dismissed", "female", "male")
    [alarm] = [a for a in found.attention if a.code == "dismissed_differs"]
    assert (alarm.params["lowest"], alarm.params["highest"]) == ("female", "male")
    [said] = [said for said, _ in found.sentences("en") if said.startswith("Sex")]
    assert "girls" in said and "boys" in said


def test_groups_that_are_decided_on_alike_raise_no_alarm(lists):
    first = lists[0]
    groups = groupings(first, attributes_of(first, ["female", "male", "male"]))
    listed = first.flags.loc[first.flags["listed"], "pupil_id"].to_numpy()
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(200):
        kinds = rng.choice(["confirmed", "dismissed", "deferred"], len(listed), p=[0.5, 0.3, 0.2])
        some = rng.random(len(listed)) < 0.8
        frame = pd.DataFrame({"pupil_id": listed[some], "decision": kinds[some]})
        rows = differences_of_use(replace(first, decisions=frame), groups)
        alarms += any(row.verdict == "changed" for row in rows)
    assert alarms / 200 <= 0.09  # nominal: one in twenty, for all shares and attributes together


def test_a_group_of_fewer_than_thirty_listed_gets_no_share(lists):
    first, second = lists
    attributes = attributes_of(first, ["no"] * 19 + ["yes"])
    found = compared(
        decided(first, ["confirmed", "dismissed"]),
        second,
        attributes=attributes.rename(columns={"sex": "special_education"}),
    )
    row = use_of(found, "special_education", "yes")
    assert row.listed < 30 and not row.judged
    assert row.dismissed_share is None and row.undecided_share is None


def test_an_attribute_that_all_share_and_unknown_pupils_make_no_groups(lists):
    first, second = lists
    attributes = attributes_of(first, ["female", "male"]).assign(instruction_language="lv").head(500)
    found = compared(first, second, attributes=attributes)
    assert {row.by for row in found.decisions} == {"all", "school_id", "sex"}
    assert use_of(found, "sex", "").pupils == 300


def test_attributes_without_ids_or_with_a_pupil_twice_are_refused(lists):
    first, second = lists
    with pytest.raises(ValueError, match="pupil_id"):
        compared(first, second, attributes=pd.DataFrame({"sex": ["female"]}))
    with pytest.raises(ValueError, match="once"):
        compared(first, second, attributes=pd.DataFrame({"pupil_id": ["a", "a"], "sex": ["female", "male"]}))


def test_a_group_with_few_dismissals_is_asked_about_without_telling_how_many(lists):
    first, second = lists
    attributes = attributes_of(first, ["female", "male"])
    listed = first.flags.loc[first.flags["listed"], "pupil_id"]
    male = attributes.set_index("pupil_id")["sex"].reindex(listed).eq("male").to_numpy()
    kinds = np.where(male & (np.arange(len(listed)) % 5 > 0), "dismissed", "confirmed")
    kinds[np.flatnonzero(~male)[:3]] = "dismissed"
    first = replace(first, decisions=pd.DataFrame({"pupil_id": listed.to_numpy(), "decision": kinds}))
    found = compared(first, second, attributes=attributes)
    [row] = [row for row in found.differences if row.by == "sex" and row.share == "dismissed"]
    assert row.verdict == "changed" and row.lowest_share is None and row.highest_share is None
    [alarm] = [a for a in found.attention if a.code == "dismissed_differs" and a.params["by"] == "sex"]
    assert alarm.params["lowest_share"] is None
    [said] = [said for said, _ in found.sentences("en") if said.startswith("Sex")]
    assert "too small to be shown" in said and "%" not in said


def test_a_small_school_is_not_given_away_by_the_total_of_its_column(lists):
    first, second = lists
    school = first.factors["school_id"].to_numpy(dtype=object).copy()
    listed = first.factors["pupil_id"].isin(first.flags.loc[first.flags["listed"], "pupil_id"]).to_numpy()
    school[np.flatnonzero(listed)[:4]] = "small"  # 4 listed: the total less the other schools
    frames = {"factors": first.factors.assign(school_id=school), "flags": first.flags}
    found = compared(replace(first, **frames), second)
    hidden = [row.group for row in found.decisions if row.by == "school_id" and row.listed is None]
    assert "small" in hidden and len(hidden) >= 2
