from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.flags import FlagPolicy, flag, summarise
from pumpurs_risk.model.additive import expit, logit


def listed_of(flags):
    return set(flags.loc[flags["listed"], "pupil_id"])


def test_the_list_ends_with_the_places(dictated):
    model, X = dictated([-3.0, -1.0, -2.0, -4.0])
    flags = flag(model, X, FlagPolicy(places=2))
    assert listed_of(flags) == {"p01", "p02"}
    assert flags["tier"].tolist()[1:3] == ["act_now", "act_now"]
    assert flags["order"].tolist() == [3, 1, 2, 4]
    np.testing.assert_allclose(flags["cut"], np.full(4, expit(np.array(-2.0))))


def test_each_school_has_its_own_cut(dictated):
    model, X = dictated([-3.0, -1.0, -2.0, -4.0], school_id=["a", "a", "b", "b"])
    flags = flag(model, X, FlagPolicy(places={"a": 1, "b": 1}))
    assert listed_of(flags) == {"p01", "p02"}
    assert flags.groupby("school_id")["cut"].nunique().tolist() == [1, 1]


def test_by_probability_the_list_ends_at_the_threshold(dictated):
    model, X = dictated([logit(0.10) + 1e-6, logit(0.10) - 1e-6, -5.0])
    assert listed_of(flag(model, X, FlagPolicy(cut_by="probability", places=0))) == {"p00"}


@pytest.mark.parametrize(("places", "listed"), [(1, {"p00"}), (3, {"p00", "p01"})])
def test_by_both_the_higher_cut_holds(dictated, places, listed):
    model, X = dictated([-0.5, -1.0, -3.0, -4.0])
    assert listed_of(flag(model, X, FlagPolicy(cut_by="both", places=places))) == listed


def test_places_alone_cut_the_list_until_there_are_local_outcomes(dictated):
    risks = [-4.0, -5.0]  # nobody is above the threshold
    assert len(listed_of(flag(*dictated(risks), FlagPolicy(places=1)))) == 1
    assert len(listed_of(flag(*dictated(risks, outcomes=12), FlagPolicy(places=1)))) == 0


def test_ties_never_overfill_the_places_and_are_shown(dictated):
    model, X = dictated([-1.0, -2.0, -2.0, -2.0, -3.0])
    flags = flag(model, X, FlagPolicy(places=2))
    assert listed_of(flags) == {"p00", "p01"}
    assert flags["tie"].tolist() == [False, True, True, True, False]


def test_equally_risky_pupils_who_all_fit_are_no_tie(dictated):
    model, X = dictated([-2.0, -2.0, -3.0])
    assert not flag(model, X, FlagPolicy(places=2))["tie"].any()


def test_a_tie_is_broken_alike_in_any_order_of_rows(dictated):
    model, X = dictated([-2.0] * 9)
    for seed in range(5):
        assert listed_of(flag(model, X.sample(frac=1, random_state=seed), FlagPolicy(places=2))) == {"p00", "p01"}


def test_without_places_nobody_is_listed_and_need_is_still_counted(dictated):
    model, X = dictated([0.0, -1.0, -5.0])
    flags = flag(model, X, FlagPolicy(places=0))
    assert not flags["listed"].any()
    assert not flags["uncertain_cut"].any()
    assert summarise(flags, FlagPolicy(places=0))[["above", "places", "not_covered"]].to_numpy().tolist() == [[2, 0, 2]]


def test_with_a_place_for_everyone_all_are_listed_and_surely_so(dictated):
    model, X = dictated([0.0, -5.0], sd_per_unit=3.0)
    flags = flag(model, X, FlagPolicy(places=9))
    assert flags["listed"].all()
    assert (flags["certainty"] == "sure").all()
    assert not flags["uncertain_cut"].any()


def test_a_run_without_pupils_gives_empty_frames(model, X, catalogue):
    flags = flag(model, X.iloc[:0], catalogue=catalogue)
    assert len(flags) == 0
    assert len(summarise(flags)) == 0
    assert list(flags.columns) == list(flag(model, X.iloc[:5], catalogue=catalogue).columns)


def test_a_table_without_context_is_one_school(dictated):
    flags = flag(*dictated([-1.0, -2.0]), FlagPolicy(places=1))
    assert flags["school_id"].tolist() == ["", ""]
    assert flags["class_id"].isna().all()


def test_two_years_above_the_threshold_is_watched(dictated):
    just_above = logit(1 - np.sqrt(0.9)) + 1e-6
    model, X = dictated([2.0, just_above, just_above - 1e-5])
    flags = flag(model, X, FlagPolicy(places=1))
    assert flags["tier"].tolist() == ["act_now", "watch", "none"]
    np.testing.assert_allclose(flags["risk_2y"], 1 - (1 - flags["risk"]) ** 2)


@pytest.mark.parametrize(("days", "tier"), [(29, "ask_first"), (30, "none"), (np.nan, "ask_first")])
def test_a_newcomer_is_never_called_low(dictated, days, tier):
    model, X = dictated([0.0, -6.0], first_year=[1.0, 1.0], days_known=[days, days])
    flags = flag(model, X, FlagPolicy(places=1))
    assert flags["tier"].tolist() == ["act_now", tier]


def test_a_pupil_of_whom_nothing_is_known_is_asked_about(model, X, catalogue):
    table = X.copy()
    lowest = flag(model, X, catalogue=catalogue)["risk"].idxmin()
    table.loc[lowest, [f for f in catalogue.factors if catalogue.factors[f].kind != "level"]] = np.nan
    found = flag(model, table, catalogue=catalogue).loc[lowest]
    assert (found["tier"], found["certainty"], found["evidence_share"]) == ("ask_first", "not_enough_data", 0.0)


def test_a_filled_in_standard_sheet_is_enough_data(catalogue, X):
    from pumpurs_risk.model import load_model

    core = [f for f in catalogue.factors if catalogue.factors[f].core]
    sheet = X[[*X.columns[:10], *core, "programme_level"]].dropna(subset=core)
    for model in (load_model("literature-prior"), load_model("literature-prior").for_recorded(sheet)):
        flags = flag(model, sheet, catalogue=catalogue)
        assert (flags["certainty"] != "not_enough_data").all()
        assert (flags["evidence_share"] == 1).all()


def test_a_standard_sheet_of_grade_3_is_enough_without_marks(catalogue, model, X):
    sheet = X.assign(level=3.0, programme="general", programme_level="general-3")
    core = [f for f in catalogue.factors if catalogue.factors[f].core]
    sheet = sheet.dropna(subset=core)
    sheet[[f for f in core if catalogue.factors[f].applies.min_level == 4]] = np.nan
    assert (flag(model, sheet, catalogue=catalogue)["evidence_share"] == 1).all()


def test_sure_means_this_side_of_the_cut_with_90_percent(dictated):
    z = NormalDist().inv_cdf(0.9)
    cut = logit(0.10)
    inside, outside = (np.array([cut, cut, cut]) + sign * np.array([1.02, 0.98, 0.5]) * z * 0.4 for sign in (1, -1))
    # sd of the log-odds is sd_per_unit times the distance of the basis (the absence share) from its mean .5
    for eta in (inside, outside):
        for value, expected in zip(eta, ["sure", "unsure", "unsure"], strict=True):
            away = abs((value + 10) / 20 - 0.5)
            model, X = dictated([value], sd_per_unit=0.4 / away)
            found = flag(model, X, FlagPolicy(cut_by="probability")).iloc[0]
            assert (round(found["sd"], 9), found["certainty"]) == (0.4, expected)


def test_the_uncertain_cut_is_who_could_change_places(model, X, catalogue):
    school = X[X["school_id"] == X["school_id"].iloc[0]].reset_index(drop=True)
    flags = flag(model, school, FlagPolicy(places=8), catalogue=catalogue)
    last, following = (flags.index[flags["order"] == k][0] for k in (8, 9))
    passes = NormalDist().cdf
    for i, pupil in flags.iterrows():
        other, way = (following, -1) if pupil["listed"] else (last, 1)
        apart = model.difference_sd(school.iloc[[i]], school.iloc[[other]])[0]
        chance = passes(way * (pupil["log_odds"] - flags.loc[other, "log_odds"]) / apart)
        assert pupil["uncertain_cut"] == (chance >= 1 / 3), i
    assert flags.loc[[last, following], "uncertain_cut"].all()
    assert set(flags.loc[flags["uncertain_cut"] & ~flags["listed"], "tier"]) <= {"watch", "ask_first"}


def test_the_range_of_those_above_holds_the_number_itself(model, X, catalogue):
    table = summarise(flag(model, X, catalogue=catalogue))
    assert (table["above_low"] <= table["above"]).all()
    assert (table["above"] <= table["above_high"]).all()
    assert (table["above_low"] < table["above_high"]).any()
    for which in ("", "_low", "_high"):
        expected = np.maximum(0, table[f"above{which}"] - table["places"])
        assert (table[f"not_covered{which}"] == expected).all()


def test_the_range_closes_once_there_are_local_outcomes(dictated):
    model, X = dictated([-2.0, -2.4, -3.0], outcomes=20)
    table = summarise(flag(model, X)).iloc[0]
    assert table["above_low"] == table["above"] == table["above_high"]


def test_the_summary_counts_each_school_by_itself(model, X, catalogue):
    flags = flag(model, X, catalogue=catalogue)
    table = summarise(flags).set_index("school_id")
    assert table["roll"].to_dict() == X["school_id"].value_counts().sort_index().to_dict()
    assert table["listed"].equals(table["places"].rename("listed"))
    assert table["ask_first"].sum() == (flags["tier"] == "ask_first").sum()
    assert table["uncertain"].sum() == flags["uncertain_cut"].sum()


def test_signals_stand_beside_the_tier_whatever_the_score(dictated):
    model, X = dictated([0.0, -8.0], unexcused_raw=[0.0, 25.0], semester="2026/2027-1")
    flags = flag(model, X, FlagPolicy(places=1))
    assert flags["always_look"].tolist() == ["", "unexcused_over_20"]
    assert flags["tier"].tolist() == ["act_now", "none"]


def test_the_index_of_the_table_does_not_matter(model, X, catalogue):
    shifted = X.set_axis(np.arange(len(X)) * 7 + 3)
    pd.testing.assert_frame_equal(flag(model, shifted, catalogue=catalogue), flag(model, X, catalogue=catalogue))


def test_who_is_set_aside_leaves_the_place_to_the_next_and_still_counts(dictated):
    model, X = dictated([0.0, -1.0, -2.0, -5.0])
    policy = FlagPolicy(places=2)
    flags = flag(model, X, policy, set_aside=["p00", "nobody"])
    assert listed_of(flags) == {"p01", "p02"}
    assert flags["set_aside"].tolist() == [True, False, False, False]
    assert flags["tier"].tolist() == ["none", "act_now", "act_now", "none"]
    assert flags["order"].tolist() == [1, 2, 3, 4]  # everyone counted
    np.testing.assert_allclose(flags["cut"], np.full(4, expit(np.array(-2.0))))
    counts = summarise(flags, policy).iloc[0]
    assert counts[["above", "places", "not_covered", "listed", "set_aside", "added"]].tolist() == [3, 2, 1, 2, 1, 0]


def test_who_is_set_aside_is_sure_where_their_risk_is(dictated):
    model, X = dictated([3.0, -1.0, -1.2], sd_per_unit=1.0)
    flags = flag(model, X, FlagPolicy(places=1), set_aside=["p00"])
    assert (flags.loc[0, "certainty"], flags.loc[0, "uncertain_cut"], flags.loc[0, "tie"]) == ("sure", False, False)


def test_with_everyone_set_aside_nobody_is_listed(dictated):
    model, X = dictated([0.0, -1.0])
    flags = flag(model, X, FlagPolicy(places=1), set_aside=X["pupil_id"])
    assert not flags["listed"].any()
    assert (flags["tier"] == "none").all()


def test_a_signal_speaks_for_those_set_aside_too(model, X, catalogue):
    loud = X.assign(unexcused_raw=30.0)
    aside = loud["pupil_id"].tolist()[:5]
    flags = flag(model, loud, catalogue=catalogue, set_aside=aside)
    assert flags.loc[flags["set_aside"], "always_look"].str.contains("unexcused_over_20").all()


@pytest.mark.parametrize("column", ["added", "kept"])
def test_whom_staff_want_in_view_is_watched_and_takes_no_place(dictated, column):
    model, X = dictated([0.0, -1.0, -8.0])
    flags = flag(model, X, FlagPolicy(places=1), **{column: ["p00", "p02"]})
    assert listed_of(flags) == {"p00"}
    assert flags["tier"].tolist()[2] == "watch"
    assert flags["added"].tolist() == [column == "added", False, column == "added"]


def test_who_is_both_added_and_set_aside_is_added(dictated):
    model, X = dictated([0.0, -1.0])
    flags = flag(model, X, FlagPolicy(places=1), set_aside=["p00"], added=["p00"])
    assert flags.loc[0, ["tier", "set_aside", "added"]].tolist() == ["act_now", False, True]
