"""evaluate() end to end: on tables whose truth is known, on made records, and on data that allow little."""

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from jsonschema import Draft202012Validator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

import pumpurs_risk as pr
from pumpurs_risk.errors import EvaluationError
from pumpurs_risk.evaluation import evaluate, evaluation_schema
from pumpurs_risk.evaluation.figures.metrics import average_precision, precision_recall_at_places, within_auroc
from pumpurs_risk.locale import LANGUAGES

TRAIN, TEST = "2025-01-15", "2026-01-15"
PRIOR = pr.load_model("literature-prior")


def made_table(n=900, seed=0, base=-3.2, effect=14.0, school_sd=0.0, n_schools=4, noise_only=False, days=(TRAIN, TEST)):
    """Two days of pupils whose log-odds are known: absences tell, the school may, nothing else does."""
    rng = np.random.default_rng(seed)
    levels = rng.normal(0, school_sd, n_schools)
    parts = []
    for day in days:
        school = rng.integers(0, n_schools, n)
        absent = rng.beta(1.2, 12, n)
        eta = base + levels[school] + (0 if noise_only else effect) * (absent - 0.09)
        parts.append(
            pd.DataFrame(
                {
                    "pupil_id": [f"{day}-{i}" for i in range(n)],
                    "as_of": pd.Timestamp(day),
                    "school_id": [f"school {s}" for s in school],
                    "programme_level": "general-9",
                    "absence_share": absent,
                    "failing_subjects": rng.poisson(0.4, n).astype(float),
                    "mean_mark": np.round(rng.normal(6.5, 1.2, n), 1),
                    "_y": (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float),
                }
            )
        )
    X = pd.concat(parts, ignore_index=True)
    return X.drop(columns="_y"), X["_y"], None, X["pupil_id"]


def logistic():
    return make_pipeline(SimpleImputer(keep_empty_features=True), LogisticRegression(max_iter=5000, C=1.0))


@pytest.fixture(scope="module")
def table():
    return made_table()


@pytest.fixture(scope="module")
def result(table):
    return evaluate(
        logistic(), table, TEST, train_as_of=TRAIN, bootstrap=120, challengers={"prior": PRIOR}, ceiling=True, n_jobs=2
    )


# --- what is judged, and on which days ---------------------------------------------------------------------------------
def test_an_unfitted_classifier_learns_from_earlier_days_and_is_judged_on_later_ones(table, result):
    X, y, _, _ = table
    early, late = X["as_of"] == pd.Timestamp(TRAIN), X["as_of"] == pd.Timestamp(TEST)
    columns = X[["absence_share", "failing_subjects", "mean_mark"]].assign(general=1.0)
    fitted = logistic().fit(columns[early], y[early])
    expected = roc_auc_score(y[late], fitted.predict_proba(columns[late])[:, 1])
    assert result.value("auroc")[0] == pytest.approx(expected, abs=2e-3)
    assert result.as_of == (dt.date(2026, 1, 15),)
    assert result.counts.rows == 900 and result.counts.rows_learned == 900


def test_days_that_overlap_are_refused_before_anything_is_worked_out(table):
    with pytest.raises(EvaluationError, match="2026-01-15 on"):
        evaluate(logistic(), table, "2025-09-15", train_as_of=TRAIN)
    with pytest.raises(EvaluationError, match="2027-01-15"):
        evaluate(logistic(), table, TEST, "2y", train_as_of=TRAIN)


@pytest.mark.filterwarnings("ignore::pumpurs_risk.errors.TrainingWarning")  # the made factors have effects of their own
def test_a_fitted_scorer_is_not_judged_by_days_whose_outcomes_it_has_seen(table):
    X, y, _, _ = table
    scorer = pr.DropoutScorer().fit(X, y)
    with pytest.raises(EvaluationError, match="2027-01-15"):
        evaluate(scorer, table, TEST)
    with pytest.raises(EvaluationError, match="2027-01-15"):
        evaluate(scorer.model_, table, TEST)


@pytest.mark.filterwarnings("ignore::pumpurs_risk.errors.TrainingWarning")  # the made factors have effects of their own
def test_a_scorer_of_ours_learns_and_is_judged(table):
    found = evaluate(pr.DropoutScorer(), table, TEST, train_as_of=TRAIN, bootstrap=0, baselines=False)
    assert 0.6 < found.value("auroc")[0] < 0.9
    assert found.value("observed_by_expected")[0] == pytest.approx(1, abs=0.5)


def test_a_random_split_is_by_pupil_only_on_request_and_says_so(table):
    X, y, _, groups = table
    found = evaluate(logistic(), (X, y, None, groups), split="random", bootstrap=0, baselines=["ac"])
    assert found.split == "random" and found.counts.rows == 1800
    assert "random_split" in dict(found.notes)
    assert any("at random" in said for said in found.sentences("en"))
    with pytest.raises(EvaluationError, match="not fitted yet"):
        evaluate(PRIOR, table, split="random")
    with pytest.raises(EvaluationError, match="groups"):
        evaluate(logistic(), (X.drop(columns="pupil_id"), y), split="random")


def test_a_fitted_model_of_which_no_days_are_known_is_judged_with_a_warning(table):
    X, y, _, _ = table
    columns = ["absence_share", "failing_subjects"]
    fitted = LogisticRegression().fit(X[columns], y)
    found = evaluate(fitted, table, TEST, bootstrap=0, baselines=False)
    assert "days_not_checked" in dict(found.notes)
    expected = fitted.predict_proba(X.loc[X["as_of"] == TEST, columns])[:, 1]
    assert found.counts.expected_leavers == pytest.approx(expected.sum())


def test_outcomes_of_two_years_are_judged_by_the_risk_of_two_years(table):
    X = table[0][table[0]["as_of"] == pd.Timestamp(TEST)]
    found = evaluate(PRIOR, table, TEST, "2y", bootstrap=0, baselines=False)
    assert found.counts.expected_leavers == pytest.approx(PRIOR.for_recorded(X).risk(X, "2y").sum())
    assert "horizon_differs" not in dict(found.notes)
    assert "horizon_differs" in dict(evaluate(PRIOR, table, TEST, "1 semester", bootstrap=0, baselines=False).notes)
    assert "within two years" in " ".join(found.sentences("en"))


def test_days_and_tables_that_cannot_be_used_are_refused_in_words(table):
    X, y, _, _ = table
    with pytest.raises(EvaluationError, match="2030-01-15"):
        evaluate(PRIOR, table, "2030-01-15")
    with pytest.raises(EvaluationError, match="train_as_of"):
        evaluate(logistic(), table, TEST)
    with pytest.raises(EvaluationError, match="equally many rows"):
        evaluate(PRIOR, (X, y[:-1]))
    with pytest.raises(EvaluationError, match="what became"):
        evaluate(PRIOR, (X, y * np.nan))
    with pytest.raises(EvaluationError, match="pos_label"):
        evaluate(PRIOR, (X, np.where(y == 1, "out", "in")))
    with pytest.raises(EvaluationError, match="no column as_of"):
        evaluate(PRIOR, (X.drop(columns="as_of"), y), TEST)
    with pytest.raises(EvaluationError, match="whole number"):
        evaluate(PRIOR, table, TEST, places=-1)


def test_string_labels_work_with_the_label_that_means_leaving(table):
    X, y, _, _ = table
    named = np.where(y == 1, "out", "in")
    late = X["as_of"] == pd.Timestamp(TEST)
    fitted = LogisticRegression().fit(X[["absence_share"]], named)
    found = evaluate(fitted, (X[late], named[late]), bootstrap=0, baselines=False, pos_label="out")
    assert found.value("auroc")[0] == pytest.approx(roc_auc_score(y[late], X.loc[late, "absence_share"]))


# --- figures and intervals ---------------------------------------------------------------------------------------------
def test_figures_of_equal_rows_put_together_are_those_of_the_rows(table, result):
    X, y, _, _ = table
    late = X["as_of"] == pd.Timestamp(TEST)
    own, left, school = X[late], y[late], X.loc[late, "school_id"]
    score = (own["absence_share"] >= 0.1).astype(float) + (own["failing_subjects"] >= 1)
    places = school.map(school.value_counts().map(lambda roll: -(-roll * 5 // 100)))
    found = precision_recall_at_places(left, score, school, places)
    for metric in ("recall", "precision", "lift"):
        assert result.value(f"{metric}_at_places", "ac")[0] == pytest.approx(getattr(found, metric), abs=1e-12)
    assert result.value("recall_at_places_worst", "ac")[0] == pytest.approx(found.recall_worst, abs=1e-12)
    assert result.value("average_precision", "ac")[0] == pytest.approx(average_precision(left, score), abs=1e-12)
    assert result.value("auroc", "ac", "within_school")[0] == pytest.approx(
        within_auroc(left, score, school), abs=1e-12
    )


def test_every_figure_has_an_interval_that_holds_it_and_a_count(result):
    drawn = result.metrics[result.metrics["lower"].notna()]
    assert (drawn["lower"] <= drawn["upper"]).all()
    own = drawn[(drawn["model"] == result.model) & drawn["metric"].isin(["auroc", "brier", "recall_at_places"])]
    assert len(own) == 4
    assert ((own["lower"] < own["value"]) & (own["value"] < own["upper"])).all()
    assert (result.metrics["n"] == 900).all()
    assert set(result.metrics["scope"]) == {"all", "within_school"}


def test_comparisons_are_the_differences_and_narrower_than_unpaired_ones(result):
    comparison = result.comparisons.query("against == 'prior' and metric == 'auroc' and scope == 'all'").iloc[0]
    own, other = result.value("auroc"), result.value("auroc", "prior")
    assert comparison["difference"] == pytest.approx(own[0] - other[0])
    unpaired = np.hypot(own[2] - own[1], other[2] - other[1])
    assert comparison["upper"] - comparison["lower"] < 0.9 * unpaired


def test_challengers_and_the_ceiling_stand_beside_and_never_replace_the_model(result):
    kinds = result.metrics.groupby("model")["kind"].first()
    assert kinds["prior"] == kinds["ceiling"] == "challenger"
    assert kinds[result.model] == "model" and kinds["school_and_programme"] == "context"
    assert set(result.curves["calibration"]["model"]) >= {result.model, "prior", "ceiling"}


def test_a_challenger_that_fails_is_named_and_the_others_go_on(table):
    broken = {
        "broken": make_pipeline(LogisticRegression(max_iter=5000)),
        "tree": DecisionTreeClassifier(max_depth=3),
    }
    X, y, _, groups = table
    X = X.assign(mean_mark=X["mean_mark"].where(X.index % 5 > 0))
    found = evaluate(PRIOR, (X, y, None, groups), TEST, train_as_of=TRAIN, challengers=broken, bootstrap=0)
    assert [each["name"] for each in found.not_computable if each["kind"] == "challenger"] == ["broken"]
    assert "tree" in set(found.metrics["model"])


def test_places_are_the_schools_own_or_a_share_of_the_roll_rounded_up(table):
    late = table[0][table[0]["as_of"] == pd.Timestamp(TEST)]
    rolls = late["school_id"].value_counts()
    by_share = evaluate(PRIOR, table, TEST, bootstrap=0, baselines=False)
    assert by_share.counts.places == sum(-(-n * 5 // 100) for n in rolls)
    stated = evaluate(PRIOR, table, TEST, bootstrap=0, baselines=False, places=dict.fromkeys(rolls.index, 3))
    assert stated.counts.places == stated.counts.listed == 12
    policy = pr.FlagPolicy(places=7)
    assert evaluate(PRIOR, table, TEST, bootstrap=0, baselines=False, policy=policy).counts.places == 28
    assert stated.by_school["places"].tolist() == [3.0] * 4
    assert stated.by_school["school_id"].is_monotonic_increasing


def test_the_same_seed_gives_the_same_account_and_workers_change_nothing(table):
    one, two = (
        evaluate(PRIOR, table, TEST, bootstrap=60, baselines=["ac"], n_jobs=n, random_state=3).to_dict() for n in (1, 2)
    )
    assert one == two


# --- opponents ---------------------------------------------------------------------------------------------------------
def test_rules_without_their_factors_are_listed_as_not_computable_with_the_factor(result):
    listed = {each["name"]: each["params"]["factors"] for each in result.not_computable}
    assert listed["bowers_poverty"] == "low_income"
    assert listed["abc"] == "rule_breaches"
    assert "ac" in set(result.metrics["model"])
    assert "low_income" not in result.partial and "rule_breaches" in result.partial["last_year"]
    for lang in LANGUAGES:
        assert any("Bowers 2013" in said and "ABC" in said for said in result.sentences(lang))


def test_school_and_programme_learns_from_earlier_days_or_stands_on_published_rates(table):
    trained = evaluate(PRIOR, table, TEST, train_as_of=TRAIN, bootstrap=0)
    assert "opponent_untrained" not in dict(trained.notes)
    untrained = evaluate(PRIOR, table, TEST, bootstrap=0)
    assert "opponent_untrained" in dict(untrained.notes)
    assert untrained.value("auroc", "school_and_programme")[0] == 0.5  # one programme, published rates, no schools
    assert np.isnan(untrained.value("brier", "ac")[0])  # a rule that has learned no rate only ranks


def test_the_staffs_own_list_is_judged_like_the_others(table):
    X, y, _, _ = table
    perfect = pd.DataFrame({"pupil_id": X.loc[y == 1, "pupil_id"]})
    found = evaluate(PRIOR, table, TEST, bootstrap=0, previous_list=perfect, baselines=False)
    assert found.value("auroc", "staff_list")[0] == 1.0
    nobody = evaluate(PRIOR, table, TEST, bootstrap=0, previous_list={TEST: ["x"]}, baselines=False)
    assert [each["code"] for each in nobody.not_computable] == ["no_staff_list"]


# --- the first line ----------------------------------------------------------------------------------------------------
def test_a_good_model_among_poor_rules_is_worth_having():
    X, y, _, groups = made_table(1500, base=-2.5)
    noise = np.random.default_rng(9)
    X = X.assign(paid_work_hours=X["absence_share"] * 100, absence_share=noise.beta(1.2, 12, len(X)))
    found = evaluate(logistic(), (X, y, None, groups), TEST, train_as_of=TRAIN, bootstrap=200)
    assert found.verdict == "list_worth_having", found.sentences("en")


def test_where_absences_are_all_there_is_the_rule_is_enough():
    found = evaluate(logistic(), made_table(5000, base=-2.0), TEST, train_as_of=TRAIN, bootstrap=150)
    assert found.judgement.best_rule == "absences_alone"
    assert found.verdict == "rule_is_enough", found.sentences("en")


@pytest.mark.filterwarnings("ignore::pumpurs_risk.errors.TrainingWarning")  # the made factors have effects of their own
def test_where_only_the_school_matters_support_belongs_to_the_school():
    table = made_table(4000, base=-2.5, school_sd=1.2, noise_only=True, n_schools=8, seed=1)
    found = evaluate(pr.DropoutScorer(), table, TEST, train_as_of=TRAIN, bootstrap=150)
    assert found.value("auroc")[1] > 0.55
    assert found.verdict == "support_this_school", found.sentences("en")


# --- data that allow little --------------------------------------------------------------------------------------------
def test_few_leavers_give_no_intervals_that_pretend(table):
    X, y, _, groups = table
    y = y.where(y.cumsum() <= 0, 0.0)
    late = X.index[X["as_of"] == pd.Timestamp(TEST)]
    for leavers in (0, 1, 5):
        few = y.copy()
        few[late[:leavers]] = 1.0
        found = evaluate(PRIOR, (X, few, None, groups), TEST, bootstrap=100)
        assert found.verdict == "too_few_leavers"
        assert found.metrics["lower"].isna().all() and found.comparisons["lower"].isna().all()
        assert ("nobody_left" if leavers == 0 else "no_intervals") in dict(found.notes)
        assert np.isnan(found.value("auroc")[0]) == (leavers == 0)
        for lang in LANGUAGES:
            assert len(found.sentences(lang)) > 4
            assert not any("nan" in said.split() for said in found.sentences(lang))
        json.dumps(found.to_dict(), allow_nan=False)


def test_one_school_allows_nothing_about_between_and_within(table):
    X, y, _, groups = table
    found = evaluate(PRIOR, (X.assign(school_id="a"), y, None, groups), TEST, bootstrap=50)
    assert "one_school" in dict(found.notes)
    assert not any("of the same school" in said for said in found.sentences("en"))
    without = evaluate(PRIOR, (X.drop(columns="school_id"), y, None, groups), TEST, bootstrap=0)
    assert without.counts.schools == 1


def test_a_table_without_days_has_a_list_and_no_lead_time(table):
    X, y, _, groups = table
    found = evaluate(PRIOR, (X.drop(columns="as_of"), y, None, groups), bootstrap=0)
    assert found.lead_time.found == found.counts.listed_left > 0
    assert np.isnan(found.lead_time.median) and len(found.lead_time.table) == 0
    assert found.as_of == ()
    assert not any("before leaving" in said for said in found.sentences("en"))


def test_missing_outcomes_are_counted_and_many_are_a_warning(table):
    X, y, _, groups = table
    gaps = y.where(np.random.default_rng(0).random(len(y)) > 0.3)
    found = evaluate(PRIOR, (X, gaps, None, groups), TEST, bootstrap=0)
    late = X["as_of"] == pd.Timestamp(TEST)
    assert found.share_missing == pytest.approx(gaps[late].isna().mean())
    assert "much_missing" in dict(found.notes)
    assert found.counts.listed > found.counts.listed_known
    few = evaluate(PRIOR, (X, y.where(X.index % 50 > 0), None, groups), TEST, bootstrap=0)
    assert "much_missing" not in dict(few.notes) and few.share_missing > 0


def test_constant_and_empty_factors_and_repeated_rows_do_not_stop_it(table):
    X, y, _, groups = table
    X = X.assign(mean_mark=6.0, failing_subjects=np.nan)
    twice = pd.concat([X, X], ignore_index=True)
    both = (twice, pd.concat([y, y], ignore_index=True), np.full(len(twice), 0.5), pd.concat([groups, groups]))
    found = evaluate(logistic(), both, TEST, train_as_of=TRAIN, bootstrap=100)
    once = evaluate(logistic(), (X, y, None, groups), TEST, train_as_of=TRAIN, bootstrap=100)
    assert found.value("auroc") == pytest.approx(once.value("auroc"), abs=0.01)
    assert found.counts.pupils == once.counts.pupils and found.counts.leavers == once.counts.leavers


# --- leaks -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("sign", "leak"),
    [
        ("outcome", lambda y, rng: y),
        ("separates", lambda y, rng: y + 0.2 * rng.random(len(y))),
        ("one_end", lambda y, rng: np.where((y == 1) & (rng.random(len(y)) < 0.5), 9.0, rng.integers(0, 5, len(y)))),
        ("recorded", lambda y, rng: np.where(y == 1, np.nan, rng.random(len(y)))),
    ],
)
def test_a_factor_that_knows_the_outcome_is_named_loudly(table, sign, leak):
    X, y, _, groups = table
    X = X.assign(mean_mark=leak(y.to_numpy(), np.random.default_rng(0)))
    found = evaluate(PRIOR, (X, y, None, groups), TEST, bootstrap=0)
    assert found.suspicious[["factor", "sign"]].values.tolist() == [["mean_mark", sign]]
    for lang, word in (("lv", "Aizdomīgi"), ("en", "Suspicious")):
        assert found.sentences(lang)[1].startswith(word)


def test_honest_factors_are_not_suspected(result):
    assert len(result.suspicious) == 0


# --- in words, and as JSON ---------------------------------------------------------------------------------------------
def test_the_first_sentence_is_the_verdict_and_the_last_ones_say_what_nobody_can_know(result):
    for lang in LANGUAGES:
        said = result.sentences(lang)
        assert said[0] == result.first_line(lang)
        assert ("helps" if lang == "en" else "palīdz") in said[-2]
        assert all(sentence[0].isupper() or sentence[0].isdigit() for sentence in said)
    assert str(result).startswith(result.first_line("en"))


def test_latvian_sentences_agree_with_their_numbers(table):
    X, y, _, groups = table
    late = X.index[X["as_of"] == pd.Timestamp(TEST)]
    for leavers, start in ((21, "No 21 skolēna, kas "), (30, "No 30 skolēniem, kas ")):
        few = pd.Series(0.0, index=y.index)
        few[late[:leavers]] = 1.0
        said = " ".join(evaluate(PRIOR, (X, few, None, groups), TEST, bootstrap=0).sentences("lv"))
        assert start in said
        assert f"pārtrauca {leavers}" in said


def test_nobody_who_stayed_is_counted_as_saved(result):
    c = result.counts
    assert c.listed_left + c.listed_stayed == c.listed_known
    assert 0 < c.expected_staying < c.listed_known
    assert any("is not the list's doing" in said for said in result.sentences("en"))


def test_the_dictionary_fits_its_published_schema_and_holds_no_pupil(result, table):
    document = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    Draft202012Validator(evaluation_schema()).validate(document)
    published = json.loads((Path(__file__).parents[2] / "data_schema" / "evaluation.json").read_text(encoding="utf-8"))
    assert published == evaluation_schema()
    assert not any(pupil in json.dumps(document) for pupil in table[3][:50])


# --- records -----------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def of_records():
    records = pr.make_cohort(250, form="tables", years=1, follow_up=1, random_state=4)
    return records, evaluate(PRIOR, records, ["2026-01-15", "2027-01-15"], bootstrap=0)


def test_records_are_judged_at_their_schools_places_with_real_leaving_days(of_records):
    records, found = of_records
    places = records.schools.set_index("school_id")["places"]
    assert found.counts.places == 2 * places[found.by_school["school_id"]].sum()
    assert not found.lead_time.at_least
    school = found.by_school["school_id"].iloc[0]
    other = evaluate(PRIOR, records, "2027-01-15", bootstrap=0, baselines=False, places={school: 1})
    assert other.by_school["places"].tolist() == [1, *places[found.by_school["school_id"]].iloc[1:]]
    assert found.counts.share_missing < 0.2


def test_records_bring_the_staffs_list_and_groups(of_records):
    _, found = of_records
    assert "staff_list" in set(found.metrics["model"])
    assert {"sex", "programme"} <= set(found.groups["attribute"])
    assert found.groups.filter(like="_lower").isna().all(axis=None)


def test_true_risks_of_the_made_world_rank_well(of_records):
    records, _ = of_records
    truth = records.truth.rename(columns={"dropped_out": "left"})
    frame = truth.assign(absence_share=truth["risk"], school_id="a")
    found = evaluate(PRIOR, (frame, truth["left"], None, truth["pupil_id"]), bootstrap=0, baselines=False)
    assert found.value("auroc")[0] > 0.7
