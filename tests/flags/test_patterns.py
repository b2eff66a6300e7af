"""Patterns: one proposal for a group instead of many names, found where there is one and seldom where there is none."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pumpurs_risk.flags import patterns
from pumpurs_risk.flags.expectation import (
    Strata,
    adjusted_for_looks,
    beta_binomial_tail,
    look,
    share_interval,
)
from pumpurs_risk.locale import has_text

CURVES = {
    "absence_share": ((0.01, 0.15), lambda level: 0.03 + 0.03 * (level - 5)),
    "failing_subjects": ((0.0, 1.0), lambda level: 0.05 + 0.04 * (level - 5)),
    "motivation": ((0.0, 2.0), lambda level: 0.10 + 0.05 * (level - 5)),
    "peer_conflicts": ((0.0, 2.0), lambda level: 0.06 + 0 * level),
    "distance": ((0.0, 2.0), lambda level: 0.10 + 0 * level),
}


def run_of(rng, schools=4, classes=2, size=22, planted=None, whole_school=False):
    """A run without any pattern: every pupil is affected by level alone; a planted one raises one class or one school."""
    rows = [(f"s{s}", f"{level}.{'abc'[c]}", float(level)) for s in range(schools) for level in range(5, 10)
            for c in range(classes) for _ in range(size)]  # fmt: skip
    X = pd.DataFrame(rows, columns=["school_id", "class_id", "level"])
    X.insert(0, "pupil_id", [f"p{i}" for i in range(len(X))])
    X["programme"] = "general"
    level = X["level"].to_numpy()
    for factor, ((fine, affected), share) in CURVES.items():
        p = np.asarray(share(level), dtype=float).copy()
        if planted and planted[0] == factor:
            where = (X["school_id"] == "s0") & (whole_school or (X["class_id"] == "7.a"))
            p[where.to_numpy()] = planted[1]
        X[factor] = np.where(rng.random(len(X)) < p, affected, fine)
    return X


@pytest.mark.parametrize("schools", [1, 3])
def test_where_there_is_no_pattern_one_is_seldom_told(schools, model, catalogue):
    rng = np.random.default_rng(schools)
    false = [len(patterns(model, run_of(rng, schools), catalogue=catalogue)) > 0 for _ in range(25)]
    assert np.mean(false) <= 0.10  # the nominal share; less is expected, because counts are whole


def test_rare_facts_are_seldom_a_pattern_where_there_is_none():
    rng = np.random.default_rng(4)
    classes, level = np.repeat(np.arange(30), 20), np.repeat(np.tile(np.arange(5), 6), 20)
    false = []
    for _ in range(60):
        seen = []
        for share in (0.01, 0.02, 0.04, 0.08):
            affected = rng.random(600) < share * np.exp(rng.normal(0, 0.4, 5))[level]
            for groups, count in ((classes, 30), (classes // 10, 3)):
                strata = Strata(groups, level, np.zeros(5, dtype=np.int64), count)
                seen.append(look(strata, np.ones(600, dtype=bool), affected, 0.1))
        q = adjusted_for_looks(np.concatenate([s.p_value for s in seen]))
        told = np.concatenate([(s.observed >= 3) & (s.observed - s.n * s.expected_share >= 2) for s in seen])
        false.append((told & (q <= 0.1)).any())
    assert np.mean(false) <= 0.10


@pytest.mark.parametrize("schools", [1, 4])
def test_a_planted_class_is_found(schools, model, catalogue):
    found = []
    for seed in range(10):
        X = run_of(np.random.default_rng(seed), schools, planted=("absence_share", 0.6))
        told = patterns(model, X, catalogue=catalogue)
        found.append(
            ((told["school_id"] == "s0") & (told["group"] == "7.a") & (told["factor"] == "absence_share")).any()
        )
    assert np.mean(found) >= 0.8


def test_a_planted_school_is_told_once_and_not_again_of_each_class(model, catalogue):
    X = run_of(np.random.default_rng(3), 6, planted=("distance", 0.5), whole_school=True)
    told = patterns(model, X, catalogue=catalogue)
    mine = told[told["factor"] == "distance"]
    assert mine[["school_id", "scope", "group"]].values.tolist()[0] == ["s0", "school", ""]
    assert (
        mine["share"].iloc[1:] > mine["share"].iloc[0]
    ).all()  # a class is told besides only if it stands out from it


def test_a_school_whose_excess_is_one_class_is_told_as_that_class(model, catalogue):
    X = run_of(np.random.default_rng(3), 4, planted=("absence_share", 0.95))
    told = patterns(model, X, catalogue=catalogue)
    assert told.loc[told["factor"] == "absence_share", ["scope", "group"]].values.tolist() == [["class", "7.a"]]


@pytest.mark.parametrize("factor", ["bullying", "low_income", "peer_conflicts"])
def test_a_class_that_makes_up_its_schools_pattern_is_told_alone_though_a_few_others_are_affected(
    factor, model, catalogue
):
    X = run_of(np.random.default_rng(3), 4, size=33)
    high = catalogue.factors[factor].contrast.high
    rng = np.random.default_rng(8)
    X[factor] = np.where(rng.random(len(X)) < 0.045, high, 0.0)
    school, in_class = X["school_id"] == "s0", X["class_id"] == "9.b"
    rest = X.index[school & ~in_class]
    X.loc[X.index[school], factor] = 0.0
    X.loc[rest[::12][:25], factor] = high  # a little more than elsewhere, and no pattern by itself
    X.loc[X.index[school & in_class][:31], factor] = high
    assert (X.loc[school, factor] == high).sum() == 56
    told = patterns(model, X, catalogue=catalogue).query("school_id == 's0' and factor == @factor")
    assert told[["scope", "group"]].values.tolist() == [["class", "9.b"]]


def test_what_happens_at_home_is_never_a_matter_for_a_class(model, catalogue):
    for factor in ("family_conflict", "weak_parent_support", "parents_absent", "marriage", "out_of_home_care"):
        entry = catalogue.factors[factor]
        assert catalogue.constructs[entry.construct].together is None
        told = patterns(model, one_class(22, 20, factor, entry.contrast.high), catalogue=catalogue)
        assert factor not in set(told["factor"])
    assert "low_income" in set(patterns(model, one_class(22, 20, "low_income", 2.0), catalogue=catalogue)["factor"])


def test_a_level_that_is_usual_for_its_composition_is_no_pattern(model, catalogue):
    X = run_of(np.random.default_rng(0), 8)
    X["absence_share"] = np.where(
        (X["level"] == 9.0) & (np.arange(len(X)) % 2 == 0), 0.2, 0.01
    )  # half of every grade 9
    assert "absence_share" not in set(patterns(model, X, catalogue=catalogue)["factor"])


def test_p_values_are_those_of_scipy():
    rng = np.random.default_rng(0)
    n = rng.integers(1, 400, 200)
    k = rng.integers(0, n + 1)
    a, b = rng.uniform(0.05, 40, 200), rng.uniform(0.05, 400, 200)
    found = beta_binomial_tail(k, n, a, b)
    np.testing.assert_allclose(found, stats.betabinom.sf(k - 1, n, a, b), atol=1e-10, rtol=0)
    added = [stats.betabinom.pmf(np.arange(k[i], n[i] + 1), n[i], a[i], b[i]).sum() for i in range(200)]
    np.testing.assert_allclose(found, added, rtol=1e-8)  # far out in the tail, too, where sf() is only rounding


def test_with_a_certain_expectation_the_p_value_is_the_binomial_one():
    found = beta_binomial_tail(np.array([9]), np.array([22]), np.array([0.15e7]), np.array([0.85e7]))
    assert found[0] == pytest.approx(stats.binomtest(9, 22, 0.15, alternative="greater").pvalue, rel=1e-3)


def two_groups(k, n, b, m, typical):
    """The p-value of k of n beside b of m of the same level."""
    groups = Strata(np.repeat([0, 1], [n, m]), np.zeros(n + m, dtype=np.int64), np.zeros(1, dtype=np.int64), 2)
    affected = np.r_[np.arange(n) < k, np.arange(m) < b]
    return look(groups, np.ones(n + m, dtype=bool), affected, typical).p_value[0]


@pytest.mark.parametrize("typical", [0.01, 0.1, 0.5])
def test_of_two_plain_groups_the_p_value_is_that_of_fisher_s_exact_test(typical):
    sizes = (5, 12, 30, 200)
    for n, m in ((n, m) for n in sizes for m in sizes):
        for k in sorted({1, 3, n // 3, n // 2, n - 1, n}):
            for b in sorted({0, 1, 2, m // 4, m // 2, m - 1, m}):
                exact = stats.fisher_exact([[k, n - k], [b, m - b]], alternative="greater").pvalue
                assert two_groups(k, n, b, m, typical) == pytest.approx(exact, rel=1e-3), (k, n, b, m)


def test_a_levels_own_pupils_are_counted_once_however_many_levels_there_are():
    # two schools of five like grades: the others are never worth more than their number
    for size, k, b in ((40, 3, 0), (40, 12, 2), (8, 6, 0)):
        n = 5 * size
        level = np.tile(np.arange(5), 2 * size)
        schools = Strata(np.repeat([0, 1], n), level, np.zeros(5, dtype=np.int64), 2)
        affected = np.r_[np.arange(n) < k, np.arange(n) < b]
        p = look(schools, np.ones(2 * n, dtype=bool), affected, 0.02).p_value[0]
        assert p >= 0.5 * stats.fisher_exact([[k, n - k], [b, n - b]], alternative="greater").pvalue


def test_three_of_200_beside_none_of_200_are_no_pattern(model, catalogue):
    level = np.tile([5.0, 6.0, 7.0, 8.0, 9.0], 80)
    X = pd.DataFrame({"pupil_id": [f"p{i}" for i in range(400)], "school_id": np.repeat(["a", "b"], 200), "level": level,
                      "programme": "general", "peer_conflicts": np.where(np.arange(400) < 3, 2.0, 0.0)})  # fmt: skip
    assert len(patterns(model, X, catalogue=catalogue)) == 0


def test_q_values_are_benjamini_and_hochberg_s():
    p = np.random.default_rng(1).random(50) ** 3
    np.testing.assert_allclose(adjusted_for_looks(p), stats.false_discovery_control(p, method="bh"))
    assert len(adjusted_for_looks(np.empty(0))) == 0


def test_the_interval_is_wilson_s():
    lower, upper = share_interval(np.array([0, 9, 22]), np.array([22, 22, 22]), 0.9)
    for i, k in enumerate((0, 9, 22)):
        expected = stats.binomtest(k, 22).proportion_ci(0.9, method="wilson")
        assert (lower[i], upper[i]) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_the_group_itself_is_no_part_of_its_expectation():
    classes = Strata(np.repeat([0, 1], 30), np.zeros(60, dtype=np.int64), np.zeros(1, dtype=np.int64), 2)
    affected = np.arange(60) < 15
    more = np.arange(60) < 30
    one, other = (look(classes, np.ones(60, dtype=bool), chosen, 0.1) for chosen in (affected, more))
    assert one.expected_share[0] == other.expected_share[0]
    assert one.expected_share[1] < other.expected_share[1]


def test_with_many_others_the_expectation_is_their_share_and_with_none_it_is_vague():
    n = 4_000
    groups = Strata(np.r_[np.zeros(20, int), np.ones(n, int)], np.zeros(n + 20, int), np.zeros(1, int), 2)
    affected = np.r_[np.zeros(20, bool), np.arange(n) % 4 == 0]
    seen = look(groups, np.ones(n + 20, dtype=bool), affected, 0.05)
    assert seen.expected_share[0] == pytest.approx(0.25, abs=0.002)
    assert seen.precision[0] > 1_000
    alone = look(groups, np.arange(n + 20) < 20, affected, 0.05)
    assert alone.expected_share[0] == pytest.approx(0.05)
    assert alone.precision[0] < 10


def subject_run(subject="fizika", share=0.5):
    """Four schools; in one of them, many fail in one subject."""
    rng = np.random.default_rng(5)
    X = run_of(rng, 4)
    failing = {s: rng.random(len(X)) < 0.03 for s in ("matemātika", "vēsture", "bioloģija", "fizika")}
    here = ((X["school_id"] == "s0") & (X["level"] >= 8)).to_numpy()
    failing[subject] = np.where(here, rng.random(len(X)) < share, failing[subject])
    X["failing_subjects"] = np.sum(list(failing.values()), axis=0).astype(float)
    rows = [(X["pupil_id"][i], name) for name, who in failing.items() for i in np.flatnonzero(who)]
    facts = pd.DataFrame(rows, columns=["pupil_id", "detail"]).assign(factor="failing_subjects")
    return X, facts


def test_a_subject_is_found_by_its_evidence(model, catalogue):
    X, facts = subject_run()
    told = patterns(model, X, catalogue=catalogue, evidence=facts, lang="lv")
    mine = told[told["scope"] == "subject"]
    assert mine[["school_id", "group", "role"]].values.tolist() == [["s0", "fizika", "subject_teacher"]]
    assert mine["sentence"].iloc[0].startswith("Mācību priekšmetā „fizika” ")


def test_a_subject_without_a_final_mark_is_the_same_subject(model, catalogue):
    from pumpurs_risk.locale import text

    X, facts = subject_run()
    some = facts.index % 3 == 0
    facts.loc[some, "detail"] = [text("evidence.so_far", "lv", subject=d) for d in facts.loc[some, "detail"]]
    told = patterns(model, X, catalogue=catalogue, evidence=facts, lang="lv")
    assert told.loc[told["scope"] == "subject", "group"].tolist() == ["fizika"]


def test_subjects_are_not_looked_at_where_the_evidence_of_some_is_missing(model, catalogue):
    X, facts = subject_run()
    of_school = facts["pupil_id"].isin(X.loc[X["school_id"] == "s0", "pupil_id"])
    partial = facts[~of_school | (facts.index % 5 != 0)]
    told = patterns(model, X, catalogue=catalogue, evidence=partial)
    assert "subject" not in set(told["scope"])


def one_class(n=20, affected=12, factor="bullying", value=1.0):
    """One class of many in which a fact is common."""
    X = run_of(np.random.default_rng(9), 5)
    X[factor] = 0.0
    rows = X.index[(X["school_id"] == "s0") & (X["class_id"] == "7.a")][:n]
    X.loc[rows[:affected], factor] = value
    return X


def test_special_facts_never_make_a_pattern(model, catalogue):
    X = one_class(22, 15, "mental_health", 3.0)
    told = patterns(model, X, catalogue=catalogue, sensitivities=("ordinary", "sensitive", "special"))
    assert "mental_health" not in set(told["factor"])
    assert "bullying" in set(patterns(model, one_class(), catalogue=catalogue)["factor"])


def test_a_sensitive_pattern_never_tells_of_everyone_or_of_few(model, catalogue):
    for affected, told_of in ((4, False), (12, True), (20, True), (21, False), (22, False)):
        told = patterns(model, one_class(22, affected), catalogue=catalogue)
        assert ((told["factor"] == "bullying") & (told["scope"] == "class")).any() == told_of, affected
    ordinary = patterns(model, one_class(22, 22, "distance", 2.0), catalogue=catalogue)
    assert "distance" in set(ordinary["factor"])


def test_sensitive_patterns_can_be_left_out_and_say_what_they_are(model, catalogue):
    told = patterns(model, one_class(), catalogue=catalogue)
    assert set(told.loc[told["factor"] == "bullying", "sensitivity"]) == {"sensitive"}
    assert "bullying" not in set(
        patterns(model, one_class(), catalogue=catalogue, sensitivities=("ordinary",))["factor"]
    )


def test_small_groups_and_few_affected_are_not_told(model, catalogue):
    X = one_class(22, 22, "distance", 2.0)
    rows = X.index[(X["school_id"] == "s0") & (X["class_id"] == "7.a")]
    X.loc[rows[4:], "distance"] = np.nan  # known of four
    told = patterns(model, X, catalogue=catalogue)
    assert not ((told["scope"] == "class") & (told["factor"] == "distance")).any()
    every = patterns(model, run_of(np.random.default_rng(0), 3, planted=("distance", 0.9)), catalogue=catalogue, q=0.9)
    assert (every["observed"] >= 3).all() and (every["observed"] - every["expected"] >= 2).all()


def test_unknown_values_are_neither_affected_nor_counted(model, catalogue):
    X = one_class(22, 12, "distance", 2.0)
    rows = X.index[(X["school_id"] == "s0") & (X["class_id"] == "7.a")]
    X.loc[rows[-6:], "distance"] = np.nan
    line = patterns(model, X, catalogue=catalogue).query("factor == 'distance' and scope == 'class'").iloc[0]
    assert (line["n"], line["observed"]) == (16, 12)
    assert line["share"] == 12 / 16
    assert line["lower"] < line["share"] < line["upper"]


@pytest.mark.parametrize("lang", ["lv", "en"])
@pytest.mark.parametrize("factor", ["absence_share", "unexcused_lessons", "lateness", "failing_subjects", "mean_mark",
                                    "not_assessed", "learning_gaps", "workload_school", "motivation", "paid_work_hours",
                                    "low_income", "no_internet", "peer_conflicts", "home_duties"])  # fmt: skip
def test_every_pattern_is_said_whole_with_its_step(lang, factor, model, catalogue):
    entry = catalogue.factors[factor]
    X = one_class(22, 15, factor, entry.contrast.high)
    X[factor] = X[factor].mask(X[factor] == 0, entry.contrast.low)
    told = patterns(model, X, catalogue=catalogue, lang=lang, as_of="2027-01-15").query("factor == @factor").iloc[0]
    for name in ("sentence", "proposal", "role_name"):
        assert told[name] and "{" not in told[name] and "nan" not in told[name].split()
    assert told["sentence"].endswith(".") and "15" in told["sentence"] and "22" in told["sentence"]
    assert told["due"] == dt.date(2027, 1, 29)
    assert told["measure"] in {*catalogue.measures, ""}
    assert told["role_name"] == catalogue.roles[told["role"]].name[lang]


def test_number_forms_are_latvian_and_trainees_are_called_so(model, catalogue):
    X = one_class(22, 21, "distance", 2.0)
    told = patterns(model, X, catalogue=catalogue).query("factor == 'distance'")
    assert told["sentence"].iloc[0] == (
        "7.a klasē 21 skolēnam no 22 ir grūtības nokļūt skolā (vērtējums – vismaz „ievērojamas”); "
        "pēc klases sastāva tas būtu gaidāms mazāk nekā 1 skolēnam."
    )
    trainees = patterns(model, X.assign(programme="vocational", level=X["level"] - 4), catalogue=catalogue)
    said = trainees.query("factor == 'distance'")["sentence"].iloc[0]
    assert said.startswith("7.a grupā 21 audzēknim no 22 ")


def test_hostile_class_ids_come_through_as_text(model, catalogue):
    for name in ("<script>{{ 7*7 }}</script>", "=1+1", "\u202e7.a", "{group}", "7.a\N{PILE OF POO}"):
        X = one_class(22, 12, "distance", 2.0)
        X.loc[(X["school_id"] == "s0") & (X["class_id"] == "7.a"), "class_id"] = name
        told = patterns(model, X, catalogue=catalogue).query("scope == 'class'")
        assert told["group"].tolist() == [name]
        assert name[1:] in told["sentence"].iloc[0]


def test_classes_of_the_same_name_in_two_schools_are_two_classes(model, catalogue):
    told = patterns(model, one_class(22, 12, "distance", 2.0), catalogue=catalogue)
    assert told.loc[told["scope"] == "class", "school_id"].tolist() == ["s0"]


def test_the_order_of_pupils_changes_nothing(model, catalogue):
    X, facts = subject_run()
    mixed = X.sample(frac=1, random_state=1)
    first, second = (
        patterns(model, t, catalogue=catalogue, evidence=f)
        for t, f in ((X, facts), (mixed, facts.sample(frac=1, random_state=2)))
    )
    pd.testing.assert_frame_equal(first, second)


def test_an_empty_table_and_one_without_classes_have_all_columns(model, catalogue):
    X = run_of(np.random.default_rng(0))
    whole = patterns(model, one_class(), catalogue=catalogue)
    for nobody in (X.iloc[:0], X.drop(columns=["class_id", "school_id"]), X.assign(class_id=None)):
        told = patterns(model, nobody, catalogue=catalogue, evidence=subject_run()[1].iloc[:0])
        assert list(told.columns) == list(whole.columns)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"level": 1.0}, "level must lie"),
        ({"q": 0}, "q must lie"),
        ({"min_group": 4}, "5 or more"),
        ({"lang": "x"}, "lang"),
    ],
)
def test_what_cannot_be_asked_is_said(changes, said, model):
    with pytest.raises(ValueError, match=said):
        patterns(model, run_of(np.random.default_rng(0), 1), **changes)


def test_words_for_pupils_and_trainees_are_there_in_both_languages():
    for lang in ("lv", "en"):
        assert all(has_text(f"patterns.{key}.{kind}", lang) for key in ("affected", "of_all", "expected", "group")
                   for kind in ("pupils", "trainees"))  # fmt: skip
