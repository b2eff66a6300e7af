"""The first line: each of the seven, from figures that allow it, and none from figures that do not."""

import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.evaluation.account.verdict import CODES, best_rule, judge
from pumpurs_risk.locale import LANGUAGES, has_text, text

METRICS = ["model", "kind", "metric", "scope", "value", "lower", "upper"]


def metrics(inside=(0.7, 0.8)):
    rows = [
        ("own", "model", "auroc", "all", 0.8, 0.75, 0.85),
        ("own", "model", "recall_at_places", "all", 0.4, 0.3, 0.5),
        ("own", "model", "auroc", "within_school", np.mean(inside), *inside),
        ("abc", "rule", "auroc", "all", 0.7, 0.6, 0.8),
        ("abc", "rule", "recall_at_places", "all", 0.35, 0.3, 0.5),
        ("ac", "rule", "auroc", "all", 0.69, 0.6, 0.8),
        ("ac", "rule", "recall_at_places", "all", 0.36, 0.3, 0.5),
        ("staff_list", "staff", "recall_at_places", "all", 0.9, 0.8, 1.0),
        ("school_and_programme", "context", "recall_at_places", "all", 0.9, 0.8, 1.0),
    ]
    return pd.DataFrame(rows, columns=METRICS)


def comparisons(rule_recall, rule_auroc, school=(0.05, 0.2), rule_inside=None):
    rows = [
        ("own", "ac", "rule", "recall_at_places", "all", 0.0, *rule_recall),
        ("own", "ac", "rule", "auroc", "all", 0.0, *rule_auroc),
        ("own", "ac", "rule", "auroc", "within_school", 0.0, *(rule_auroc if rule_inside is None else rule_inside)),
        ("own", "abc", "rule", "auroc", "all", 0.0, 0.2, 0.3),
        ("own", "school_and_programme", "context", "auroc", "all", 0.0, *school),
    ]
    return pd.DataFrame(rows, columns=["model", "against", "kind", "metric", "scope", "difference", "lower", "upper"])


def verdict(
    rule_recall=(0.1, 0.2), rule_auroc=(0.05, 0.1), school=(0.05, 0.2), inside=(0.7, 0.8), rule_inside=None, **given
):
    about = {"leavers": 100, "schools": 5, "contexts": 9} | given
    compared = comparisons(rule_recall, rule_auroc, school, rule_inside)
    return judge(metrics(inside), compared, model="own", **about)


def test_the_best_rule_finds_most_at_the_places_and_is_a_rule_not_a_list_of_staff():
    assert best_rule(metrics()) == "ac"
    assert best_rule(metrics()[lambda frame: frame["kind"] != "rule"]) == ""


def test_a_model_beyond_all_intervals_is_worth_having():
    assert verdict().code == "list_worth_having"
    in_order_only = verdict(rule_recall=(-0.05, 0.1))
    assert in_order_only.code == "list_worth_having"
    assert in_order_only.reasons[0][0] == "beats_in_order"


def test_order_over_all_schools_is_not_enough_where_lists_are_cut_inside_schools():
    assert verdict(rule_recall=(-0.05, 0.1), rule_inside=(-0.01, 0.1)).code == "cannot_tell_yet"
    assert verdict(rule_recall=(-0.2, 0.1)).code == "cannot_tell_yet"  # the rule finds more at the places


@pytest.mark.parametrize(
    ("recall", "auroc", "code"),
    [
        ((-0.03, 0.04), (-0.01, 0.015), "rule_is_enough"),
        ((-0.20, -0.01), (-0.05, -0.01), "rule_is_enough"),
        ((-0.03, 0.20), (-0.01, 0.015), "cannot_tell_yet"),
        ((-0.03, 0.04), (-0.01, 0.090), "cannot_tell_yet"),
    ],
)
def test_a_rule_is_enough_only_where_the_interval_is_narrow_enough_to_say_so(recall, auroc, code):
    assert verdict(recall, auroc).code == code


@pytest.mark.parametrize(
    ("school", "inside", "code"),
    [
        ((-0.02, 0.015), (0.6, 0.7), "support_this_school"),
        ((0.05, 0.1), (0.42, 0.58), "support_this_school"),
        ((-0.02, 0.08), (0.6, 0.7), "cannot_tell_yet"),
        ((0.05, 0.1), (0.42, 0.75), "cannot_tell_yet"),
    ],
)
def test_support_the_school_only_where_ignorance_is_not_the_reason(school, inside, code):
    assert verdict(school=school, inside=inside).code == code


def test_the_school_goes_before_the_rule():
    assert verdict((-0.03, 0.04), (-0.01, 0.015), (-0.02, 0.01)).code == "support_this_school"


def test_few_leavers_are_never_judged_whatever_the_figures_say():
    assert verdict(leavers=9).code == "too_few_leavers"
    assert verdict(leavers=10).code == "list_worth_having"


def test_what_is_suspicious_goes_before_everything_and_no_places_before_the_rest():
    assert verdict(suspicious=["mean_mark"], places=0, leavers=3).code == "suspicious"
    assert verdict(places=0).code == "no_places"


def test_a_score_that_orders_nobody_does_not_point_at_the_school():
    found = judge(
        metrics((0.5, 0.5)).assign(lower=lambda m: m["lower"].where(m["value"] != 0.8, 0.4)),
        comparisons((0.1, 0.2), (0.1, 0.2)),
        model="own",
        leavers=100,
        schools=5,
        contexts=9,
    )
    assert (found.code, found.reasons[0][0]) == ("cannot_tell_yet", "no_order")
    assert verdict(inside=(0.5, 0.5)).code == "support_this_school"


def test_one_school_of_one_programme_has_no_inside_to_compare():
    assert verdict(school=(-0.02, 0.01), schools=1, contexts=1).code == "list_worth_having"
    assert verdict(school=(-0.02, 0.01), schools=1, contexts=3).code == "support_this_school"


def test_where_no_rule_was_computed_none_has_been_beaten():
    alone = metrics()[lambda frame: frame["kind"] != "rule"]
    found = judge(alone, comparisons((0.1, 0.2), (0.1, 0.2)), model="own", leavers=100, schools=5, contexts=9)
    assert (found.code, found.reasons[0][0]) == ("cannot_tell_yet", "no_rule")


def test_without_intervals_nothing_is_claimed():
    nothing = (np.nan, np.nan)
    assert verdict(nothing, nothing, nothing, nothing).code == "cannot_tell_yet"


def test_every_code_and_reason_has_its_words_in_both_languages():
    reasons = {
        reason
        for given in (
            {},
            {"rule_recall": (-0.05, 0.1)},
            {"rule_recall": (-0.03, 0.04), "rule_auroc": (-0.01, 0.015)},
            {"rule_recall": (-0.03, 0.2), "rule_auroc": (-0.01, 0.015)},
            {"rule_recall": (-0.3, -0.2), "rule_auroc": (-0.01, 0.015)},
            {"school": (-0.02, 0.015)},
            {"school": (-0.02, 0.08)},
            {"inside": (0.42, 0.58)},
            {"inside": (0.42, 0.75)},
            {"rule_recall": (np.nan, np.nan)},
        )
        for reason, _ in verdict(**given).reasons
    }
    assert len(reasons) >= 9
    for lang in LANGUAGES:
        assert all(has_text(f"evaluation.reasons.{reason}", lang) for reason in reasons)
        assert len({text(f"evaluation.verdict.{code}", lang) for code in CODES}) == len(CODES) == 7
