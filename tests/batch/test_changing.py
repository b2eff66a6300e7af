from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest

import pumpurs_risk as pr
from pumpurs_risk.batch.changing import changes_of, redefined, standing_of
from pumpurs_risk.errors import RunError
from pumpurs_risk.flags.changes import COLUMNS


@pytest.fixture(scope="module")
def cohort():
    return pr.make_cohort(n_pupils=300, random_state=1)


@pytest.fixture(scope="module")
def autumn(cohort):
    return pr.score(cohort, as_of="2026-09-15")


@pytest.fixture(scope="module")
def winter(cohort):
    return pr.score(cohort, as_of="2027-01-15")


def decisions_of(run, decision, note, n=1):
    listed = run.flags[run.flags["listed"]].head(n)
    return listed[["pupil_id", "school_id"]].assign(decision=decision, note=note, as_of=run.as_of.isoformat())


def standing(run, decisions, earlier, added=None):
    added = run.added if added is None else added
    return standing_of(
        run.model, run.factors, run.flags, decisions, added, earlier, as_of=run.as_of, peers=run.peers
    )  # fmt: skip


def test_a_run_in_memory_and_its_folder_say_the_same(cohort, autumn, winter, tmp_path):
    found = changes_of(winter, autumn)
    assert len(found) > 20
    assert list(found.columns) == COLUMNS
    pr.score(cohort, as_of="2026-09-15", out=tmp_path / "autumn")
    pd.testing.assert_frame_equal(changes_of(winter, pr.open_run(tmp_path / "autumn")), found)
    pd.testing.assert_frame_equal(changes_of(winter, tmp_path / "autumn"), found)


def test_the_earlier_facts_are_read_with_todays_model(autumn, winter):
    found = changes_of(winter, autumn).dropna(subset=["model_moved"]).set_index("pupil_id")
    facts = autumn.factors.set_index("pupil_id").loc[found.index].reset_index()
    before = autumn.flags.set_index("pupil_id").loc[found.index, "log_odds"]
    np.testing.assert_allclose(found["model_moved"], winter.model.log_odds(facts) - before, atol=1e-9)


def test_a_later_list_is_no_earlier_one(autumn, winter):
    with pytest.raises(RunError, match="winter"):
        changes_of(replace(autumn, as_of=autumn.as_of), replace(winter, path=Path("RUN/winter")))


def test_a_school_that_sent_nothing_has_lost_nobody(autumn, winter):
    silent = winter.flags["school_id"].iloc[0]
    without = replace(
        winter,
        flags=winter.flags[winter.flags["school_id"] != silent].reset_index(drop=True),
        factors=winter.factors[winter.factors["school_id"] != silent].reset_index(drop=True),
    )
    assert silent not in set(changes_of(without, autumn).query("change == 'left'")["school_id"])


def test_a_pupil_out_of_scope_today_is_on_the_roster(autumn, winter):
    listed = autumn.flags.loc[autumn.flags["listed"], "pupil_id"].iloc[0]
    flags, factors = (
        table[table["pupil_id"] != listed].reset_index(drop=True) for table in (winter.flags, winter.factors)
    )
    outside = pd.DataFrame({"pupil_id": [listed], "school_id": "x", "class_id": "", "reason": "level"})
    run = replace(winter, flags=flags, factors=factors, records=None, out_of_scope=outside)
    assert changes_of(run, autumn).set_index("pupil_id").loc[listed, "code"] == "out_of_scope"
    gone = replace(winter, flags=flags, factors=factors, records=None)
    assert changes_of(gone, autumn).set_index("pupil_id").loc[listed, "change"] == "left"


def test_own_ids_are_matched_across_schools_only_when_told(autumn, winter):
    listed = autumn.flags.loc[autumn.flags["listed"], ["pupil_id", "school_id"]].iloc[0]
    other = next(s for s in winter.flags["school_id"].unique() if s != listed["school_id"])
    then = {listed["pupil_id"]: f"{listed['school_id']}:17"}
    now = {listed["pupil_id"]: f"{other}:17"}
    before, today = (
        replace(run, flags=run.flags.replace({"pupil_id": ids}), factors=run.factors.replace({"pupil_id": ids}))
        for run, ids in ((autumn, then), (winter, now))
    )
    today = replace(
        today,
        flags=today.flags.assign(
            school_id=today.flags["school_id"].where(today.flags["pupil_id"] != f"{other}:17", other)
        ),
    )
    apart = changes_of(today, before).set_index("pupil_id")
    assert apart.loc[f"{listed['school_id']}:17", "change"] == "left"
    found = changes_of(today, before, match_own_id=True).set_index("pupil_id")
    row = found.loc[f"{other}:17"]
    assert (row["change"], row["previous_id"], row["previous_school"]) == (
        "moved_school", f"{listed['school_id']}:17", listed["school_id"],
    )  # fmt: skip
    assert np.isfinite(row["pupil_moved"])
    assert f"{listed['school_id']}:17" not in found.index


def test_a_factor_of_another_version_is_the_models_change(winter):
    model = winter.model
    newer = msgspec.structs.replace(
        model,
        shapes=tuple(msgspec.structs.replace(s, version=s.version + (s.factor == "mean_mark")) for s in model.shapes),
    )
    assert redefined(newer, model) == {"mean_mark"}
    table = winter.factors.assign(mean_mark=4.0)
    today = replace(winter, factors=table, model=newer, flags=pr.flag(newer, table, as_of=winter.as_of))
    assert changes_of(today, winter)["pupil_moved"].abs().max() < 1e-9


def test_a_dismissed_pupil_is_set_aside_until_something_changes(autumn, winter):
    decisions = decisions_of(winter, "dismissed", "pāriet mācīties uz ārzemēm")
    pupil = decisions["pupil_id"].iloc[0]
    found = standing(winter, decisions, [winter])
    assert (found.set_aside, found.added, found.kept, bool(found)) == ((pupil,), (), (), True)
    table = winter.factors.copy()
    table.loc[table["pupil_id"] == pupil, ["absence_share", "unexcused_lessons", "failing_subjects"]] = (0.9, 90.0, 9.0)
    table.loc[table["pupil_id"] == pupil, "unexcused_raw"] = 300.0
    flags = pr.flag(winter.model, table, as_of=winter.as_of)
    back = standing_of(
        winter.model, table, flags, decisions, winter.added, [winter], as_of=winter.as_of, peers=winter.peers
    )  # fmt: skip
    assert back.set_aside == ()
    assert back.judged["verdict"].tolist() == ["comes_back"]


def test_a_decision_is_compared_with_the_list_that_it_was_made_on(autumn, winter):
    decisions = decisions_of(autumn, "dismissed", "ir pamatots iemesls", n=5)
    both = standing(winter, decisions, [winter, autumn]).judged
    pd.testing.assert_frame_equal(both, standing(winter, decisions, [autumn]).judged)


def test_without_an_earlier_run_nobody_is_hidden(winter):
    found = standing(winter, decisions_of(winter, "dismissed", "ir pamatots iemesls", n=3), [])
    assert found.set_aside == ()
    assert set(found.judged["code"]) == {"nothing_to_compare"}


def test_without_decisions_there_is_nothing_to_do(winter):
    found = standing(winter, winter.decisions, [winter])
    assert not found
    assert len(found.judged) == 0


def test_whom_staff_added_stays_added_until_dismissed_with_a_reason(winter):
    pupil, school = winter.flags.loc[winter.flags["tier"] == "none", ["pupil_id", "school_id"]].iloc[0]
    added = pd.DataFrame(
        {"school_id": school, "pupil_id": [pupil, "", None], "shown": "x", "class_id": "", "why": "", "as_of": "2026-09-15"}
    )  # fmt: skip
    assert standing(winter, winter.decisions, [winter], added).added == (pupil,)
    row = {"pupil_id": [pupil], "school_id": school, "decision": "dismissed", "as_of": "2027-01-15"}
    for note, kept in (("viss kārtībā", ()), ("", (pupil,))):
        decided = pd.DataFrame({**row, "note": [note]})
        assert standing(winter, decided, [winter], added).added == kept


def test_a_confirmed_pupil_is_kept_in_view(autumn, winter):
    decisions = decisions_of(autumn, "confirmed", "", n=30)
    found = standing(winter, decisions, [autumn])
    still_here = set(decisions["pupil_id"]) & set(winter.flags["pupil_id"])
    assert set(found.kept) == still_here
    flags = pr.flag(winter.model, winter.factors, as_of=winter.as_of, kept=found.kept)
    assert not (flags.loc[flags["pupil_id"].isin(still_here), "tier"] == "none").any()
    run = replace(winter, flags=flags)
    told = changes_of(run, autumn, judged=found.judged).set_index("pupil_id").loc[list(found.kept)]
    assert told["why"].str.contains("paliek uzmanības lokā, kamēr tiek sniegts atbalsts").all()
    assert not (told["change"] == "resolved").any()
