"""By group: right figures, dependent rows together, small groups named and never dropped, tiny ones not shown."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pumpurs_risk.evaluation.figures.metrics import auroc
from pumpurs_risk.evaluation.groups.audit import audit_attributes
from pumpurs_risk.evaluation.groups.fairness import FIGURES, by_group, placements
from pumpurs_risk.evaluation.groups.shrinkage import shrunken_ratio
from pumpurs_risk.evaluation.groups.wording import fairness_sentences, group_label
from pumpurs_risk.locale import LANGUAGES
from pumpurs_risk.records import SchoolRecords


def made_rows(n=4000, seed=0, missed="b", share=0.3):
    """Made rows of two groups; the list is blind to what makes pupils of the group `missed` leave."""
    rng = np.random.default_rng(seed)
    group = np.where(rng.random(n) < share, "b", "a")
    p = rng.uniform(0, 0.4, n)
    y = (rng.random(n) < p).astype(float)
    score = np.where(group == missed, rng.uniform(0, 0.4, n), p)
    return y, p, score > 0.3, pd.DataFrame({"sex": group})


def row(table, group, attribute="sex"):
    return table[(table["attribute"] == attribute) & (table["group"] == group)].iloc[0]


def test_rates_are_those_of_fairlearn():
    metrics = pytest.importorskip("fairlearn.metrics")
    y, p, listed, groups = made_rows()
    weight = np.random.default_rng(1).uniform(0.5, 1, len(y))
    found = by_group(y, p, listed, groups, sample_weight=weight, resamples=2).set_index("group")
    names = {
        "selection_rate": metrics.selection_rate,
        "false_alarm_rate": metrics.false_positive_rate,
        "miss_rate": metrics.false_negative_rate,
    }
    frame = metrics.MetricFrame(
        metrics=names,
        y_true=y.astype(int),
        y_pred=listed.astype(int),
        sensitive_features=groups["sex"],
        sample_params={name: {"sample_weight": weight} for name in names},
    )
    for name in names:
        assert found[name].to_dict() == pytest.approx(frame.by_group[name].to_dict(), abs=1e-12)


def test_auroc_of_a_group_is_that_of_its_rows_ties_and_weights_included():
    y, p, listed, groups = made_rows(800)
    p = np.round(p, 1)
    weight = np.random.default_rng(2).uniform(0.2, 1, len(y))
    found = by_group(y, p, listed, groups, sample_weight=weight, resamples=50)
    for name in ("a", "b"):
        inside = (groups["sex"] == name).to_numpy()
        assert row(found, name)["auroc"] == pytest.approx(auroc(y[inside], p[inside], weight[inside]), abs=1e-12)
        assert row(found, name)["auroc_lower"] < row(found, name)["auroc"] < row(found, name)["auroc_upper"]


def test_placements_average_to_the_area():
    rng = np.random.default_rng(0)
    y, score, weight = (rng.random(200) < 0.3).astype(float), rng.integers(0, 9, 200) / 9, rng.uniform(0.1, 1, 200)
    placed, area = placements(y, score, weight)
    assert area == pytest.approx(auroc(y, score, weight))
    for kind in (0, 1):
        assert np.average(placed[y == kind], weights=weight[y == kind]) == pytest.approx(area)


def test_a_group_that_is_missed_more_is_said_so_with_an_interval():
    found = by_group(*made_rows(), resamples=300)
    worse = row(found, "b")
    assert 0 < worse["miss_rate_difference_lower"] < worse["miss_rate_difference"] < worse["miss_rate_difference_upper"]
    assert row(found, "a")["miss_rate_difference"] == pytest.approx(-worse["miss_rate_difference"])
    said = fairness_sentences(found, "en")
    assert said[0].startswith("“sex: b”: of those who left the list missed")
    assert not any("“sex: a”: of those who left" in each for each in said)


def test_equal_treatment_is_rarely_called_unequal():
    wrong = [
        row(by_group(*made_rows(1500, seed, missed="nobody", share=0.5), resamples=200), "b")[
            "miss_rate_difference_lower"
        ]
        > 0
        for seed in range(40)
    ]
    assert np.mean(wrong) <= 0.1


def test_groups_under_30_leavers_are_named_too_few_to_judge_and_keep_their_figures():
    y, p, listed, groups = made_rows(2000)
    groups.loc[:60, "sex"] = "c"
    found = by_group(y, p, listed, groups, resamples=50)
    small = row(found, "c")
    assert small["leavers"] < 30
    assert small["judged"] == "too few to judge"
    assert np.isfinite(small["miss_rate"])
    assert any("sex: c" in said and "fewer than 30" in said for said in fairness_sentences(found, "en"))
    assert any("dzimums: c" in said and "mazāk nekā 30" in said for said in fairness_sentences(found, "lv"))


def test_few_leavers_give_no_figures_and_no_intervals_that_pretend():
    y, p, listed, groups = made_rows(2000)
    groups.loc[:60, "sex"] = "c"
    outcome = ["miss_rate", "false_alarm_rate", "observed_by_expected", "auroc", "miss_rate_difference",
               "false_alarm_rate_difference", "observed_by_expected_ratio", "observed_by_expected_shrunken"]  # fmt: skip
    for leavers in (0, 1, 4, 5, 9, 10):
        y[:61] = np.arange(61) < leavers
        small = row(by_group(y, p, listed, groups, resamples=50), "c")
        assert small["judged"] == "too few to judge" and small["leavers"] == leavers
        assert small[outcome].isna().all() == (leavers < 5)
        assert small[outcome].notna().all() == (leavers >= 5)
        ends = [f"{name}_{end}" for name in ("selection_rate", *outcome[:-1]) for end in ("lower", "upper")]
        assert leavers >= 10 or small[ends].isna().all()
        assert np.isfinite(small["selection_rate"])


def test_an_interval_without_width_is_blank_and_few_leavers_on_the_other_side_blank_the_difference():
    y, p, _, groups = made_rows(1000)
    found = by_group(
        y, p, np.zeros(1000, dtype=bool), groups, resamples=50
    )  # nobody listed: everybody missed, for sure
    assert row(found, "a")["miss_rate"] == 1.0
    assert np.isnan(row(found, "a")[["miss_rate_lower", "miss_rate_upper"]].astype(float)).all()
    y[(groups["sex"] == "b").to_numpy()] = 0
    y[np.flatnonzero(groups["sex"] == "b")[:3]] = 1
    one = row(by_group(y, p, p > 0.3, groups, resamples=50), "a")
    assert np.isfinite(one["miss_rate_lower"]) and np.isnan(one["miss_rate_difference"])


def test_groups_of_fewer_than_5_pupils_are_named_without_figures_and_nothing_gives_them_away():
    y, p, listed, groups = made_rows(2000)
    groups.loc[:3, "sex"] = "d"
    groups.loc[4:300, "sex"] = "c"
    found = by_group(y, p, listed, groups, resamples=20)
    hidden = found[found["judged"] == "not shown"]
    assert hidden["group"].tolist() == ["c", "d"]  # the rest of c could be told from all minus the others
    assert hidden[["n", "leavers", *FIGURES]].isna().all(axis=None)
    assert set(found[found["judged"] != "not shown"]["group"]) == {"a", "b"}


def test_two_tiny_groups_hide_each_other_only_together():
    y, p, listed, groups = made_rows(2000)
    groups.loc[:2, "sex"] = "d"
    groups.loc[3:5, "sex"] = "e"
    found = by_group(y, p, listed, groups, resamples=20)
    assert found[found["judged"] == "not shown"]["group"].tolist() == ["d", "e"]


def test_a_group_that_some_resamples_do_not_draw_does_not_break_the_others():
    y, p, listed, groups = made_rows(300)
    groups.loc[:5, "sex"] = "c"
    found = by_group(y, p, listed, groups, resamples=200)
    assert set(found["group"]) == {"a", "b", "c"}
    assert np.isfinite(row(found, "a")[["miss_rate_lower", "miss_rate_upper"]].astype(float)).all()


def test_a_pupil_counts_once_and_rows_of_one_pupil_are_drawn_together():
    y, p, listed, groups = made_rows(600)
    twice = {"sample_weight": np.full(1200, 0.5), "clusters": np.tile(np.arange(600), 2)}
    both = by_group(
        np.tile(y, 2),
        np.tile(p, 2),
        np.tile(listed, 2),
        pd.concat([groups] * 2, ignore_index=True),
        resamples=200,
        **twice,
    )
    once = by_group(y, p, listed, groups, clusters=np.arange(600), resamples=200)
    pd.testing.assert_frame_equal(both, once)


def test_the_number_of_workers_changes_nothing():
    rows = made_rows(400)
    pd.testing.assert_frame_equal(by_group(*rows, resamples=60), by_group(*rows, resamples=60, n_jobs=2))


def test_unknown_outcomes_count_for_the_selection_alone():
    y, p, listed, groups = made_rows(1000)
    y[:200] = np.nan
    found = by_group(y, p, listed, groups, resamples=10)
    without = by_group(y[200:], p[200:], listed[200:], groups.iloc[200:].reset_index(drop=True), resamples=10)
    for name in ("false_alarm_rate", "miss_rate", "observed_by_expected", "auroc"):
        assert found.set_index("group")[name].to_dict() == pytest.approx(without.set_index("group")[name].to_dict())
    assert row(found, "a")["missing_outcomes"] == pytest.approx(np.isnan(y[(groups["sex"] == "a")]).mean())


def test_risks_that_are_too_low_for_a_group_are_named():
    y, p, listed, groups = made_rows(6000, missed="nobody")
    p = np.where(groups["sex"] == "b", 0.5 * p, p)
    found = by_group(y, p, listed, groups, resamples=200)
    assert row(found, "b")["observed_by_expected_ratio_lower"] > 1.5
    assert any(said.startswith("“sex: b”: the estimated risks are too low") for said in fairness_sentences(found, "en"))


def test_those_not_recorded_are_a_group_and_no_part_of_the_others():
    y, p, listed, groups = made_rows(2000)
    groups.loc[:900, "sex"] = None
    found = by_group(y, p, listed, groups, resamples=10)
    recorded = np.flatnonzero(groups["sex"].notna())
    assert row(found, "unknown")["judged"] == "judged"
    assert row(found, "a")["leavers_rest"] == y[recorded][(groups["sex"].iloc[recorded] == "b").to_numpy()].sum()


def test_small_groups_are_drawn_towards_the_others_and_large_ones_are_not():
    ratio, lower, upper = shrunken_ratio([6, 200, 210], [2.0, 205.0, 205.0])
    assert 1 < ratio[0] < 2
    assert ratio[1:] == pytest.approx([200 / 205, 210 / 205], abs=0.02)
    assert (lower < ratio).all() and (ratio < upper).all()
    nothing = shrunken_ratio([0.0], [0.0])
    assert nothing[0][0] == pytest.approx(1.0)


def test_the_shrunken_interval_holds_the_truth_about_95_times_in_100():
    rng = np.random.default_rng(0)
    inside = []
    for _ in range(150):
        truth = np.exp(rng.normal(0, 0.25, 4))
        expected = np.array([5.0, 20.0, 60.0, 150.0])
        _, lower, upper = shrunken_ratio(rng.poisson(truth * expected), expected)
        inside.append((lower <= truth) & (truth <= upper))
    assert 0.91 <= np.mean(inside) <= 0.99


def test_lengths_that_differ_are_refused():
    with pytest.raises(ValueError, match="rows of attributes"):
        by_group([0, 1], [0.1, 0.2], [True, False], pd.DataFrame({"sex": ["a"]}))


def test_every_group_of_the_audit_has_a_name_in_both_languages():
    for lang in LANGUAGES:
        for attribute, group in (
            ("sex", "male"),
            ("rural", "yes"),
            ("school_size", "over_300"),
            ("programme", "evening"),
        ):
            assert "_" not in group_label(attribute, group, lang)
        assert group_label("sex", "unknown", lang).endswith({"lv": "nav ziņu", "en": "not recorded"}[lang])


def test_nothing_recorded_is_said():
    assert fairness_sentences(by_group([1], [0.5], [True], pd.DataFrame(index=[0]), resamples=2), "en") == [
        "Nothing is recorded by which groups could be compared."
    ]


# ------------------------------------------------------------------ attributes
def test_attributes_come_from_the_semester_of_the_list_and_fall_back_on_others():
    pupils = pa.table(
        {
            "pupil_id": ["1", "1", "2", "2"],
            "school_id": ["a"] * 4,
            "semester": ["2025/2026-1", "2026/2027-1"] * 2,
            "sex": ["female", None, None, "male"],
            "special_education": [0.0, 1.0, None, 0.0],
        }
    )
    schools = pa.table({"school_id": ["a"], "rural": [1.0]})
    records = SchoolRecords.of({"pupils": pupils, "schools": schools})
    X = pd.DataFrame(
        {
            "pupil_id": ["1", "2", "1", "3"],
            "school_id": ["a", "a", "a", "b"],
            "as_of": pd.to_datetime(["2025-11-15", "2025-11-15", "2026-11-15", "2026-11-15"]),
            "programme": ["general"] * 3 + [None],
        },
        index=[5, 6, 7, 8],
    )
    found = audit_attributes(records, X)
    assert found.index.tolist() == [5, 6, 7, 8]
    assert found["sex"].tolist() == ["female", "male", "female", "unknown"]
    assert found["special_education"].tolist() == ["no", "no", "yes", "unknown"]
    assert found["rural"].tolist() == ["yes", "yes", "yes", "unknown"]
    assert found["programme"].tolist() == ["general", "general", "general", "unknown"]
    assert found["school_size"].tolist() == ["up_to_100"] * 4


def test_attributes_of_which_nothing_is_recorded_are_left_out():
    sheet = pd.DataFrame({"pupil_id": ["1"], "class_id": ["9.a"], "mean_mark": [7]})
    records = SchoolRecords.from_tables(sheet, as_of="2027-01-15")
    assert audit_attributes(records, pd.DataFrame({"pupil_id": ["1"]})).shape == (1, 0)


def test_sizes_of_schools_are_counted_by_day():
    X = pd.DataFrame({"pupil_id": np.arange(500).astype(str), "school_id": ["a"] * 400 + ["b"] * 100})
    X["as_of"] = pd.Timestamp("2026-01-15")
    records = SchoolRecords.from_tables(pd.DataFrame({"pupil_id": ["1"], "class_id": ["9.a"]}), as_of="2026-01-15")
    assert audit_attributes(records, X)["school_size"].value_counts().to_dict() == {"over_300": 400, "up_to_100": 100}
