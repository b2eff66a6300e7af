"""From a school's history to a model that scores, is judged, explained and pooled, by the command line."""

import json

import pyarrow.parquet as pq
import pytest

import pumpurs_risk as pr

DAYS = ["2024-09-16", "2026-01-19"]


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """A folder of tables over years, as a municipality would keep it."""
    folder = tmp_path_factory.mktemp("history") / "Mežs"
    folder.mkdir()
    for name, table in pr.make_cohort(450, form="tables", years=3, random_state=4).tables.items():
        pq.write_table(table, folder / f"{name}.parquet")
    (folder / "pumpurs.toml").write_text('municipality = "Mežnovads"\nid_scope = "municipality"\n', "utf-8")
    return folder


@pytest.fixture
def train(run, history):
    def command(*args):
        return run("train", history, *(word for day in DAYS for word in ("--as-of", day)), *args)

    return command


def test_a_history_becomes_a_model_that_scores_and_is_explained(run, train, history, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = train("--lang", "en")
    assert said.code == 0, said.err
    folder = tmp_path / "models" / "mezs"
    names = {path.name for path in folder.iterdir()}
    assert {"model.json", "MODEL_CARD.md", "TECHNICAL_DOCUMENTATION.md", "evaluation.html", "card.toml"} <= names
    assert "Tested on later days" in said.out and "Days: 16 September 2024" in said.out

    scored = run(
        "score", history, "--model", folder, "--as-of", "2027-01-15", "--out", tmp_path / "run", "--no-previous"
    )
    assert scored.code == 0, scored.err
    used = json.loads((tmp_path / "run" / "run.json").read_text("utf-8"))["model"]
    assert used["name"] == "mezs" and used["has_local_outcomes"]

    shown = run("explain-model", folder, "--lang", "en", "--cards")
    assert shown.code == 0 and (tmp_path / "model_mezs.html").exists()


def test_a_model_is_judged_on_days_that_it_did_not_learn_from(run, history, tmp_path):
    model = tmp_path / "early"
    learned = run("train", history, "--as-of", "2024-09-16", "--horizon", "1y", "--out", model, "--lang", "en")
    assert learned.code == 0, learned.err
    page = tmp_path / "judged.html"
    said = run("evaluate", model, history, "--as-of", "2026-01-19", "--out", page, "--lang", "en")
    assert said.code == 0 and page.exists() and page.with_suffix(".json").exists()
    seen = run("evaluate", model, history, "--as-of", "2025-01-20", "--out", tmp_path / "seen.html")
    assert seen.code == 2 and "not known yet" in seen.err and not (tmp_path / "seen.html").exists()
    twice = run("evaluate", model, tmp_path, "--out", page)
    assert twice.code == 2 and "not overwritten" in twice.err


def test_lists_and_later_records_are_a_history_too(run, history, tmp_path):
    runs = [tmp_path / "run1", tmp_path / "run2"]
    for folder, day in zip(runs, ["2025-09-15", "2026-01-19"], strict=True):
        assert run("score", history, "--as-of", day, "--out", folder, "--no-previous").code == 0
    silent = run("train", *runs, "--out", tmp_path / "m")
    assert silent.code == 2 and "--outcomes" in silent.err and not (tmp_path / "m").exists()
    said = run("train", *runs, "--outcomes", history, "--out", tmp_path / "m", "--lang", "en")
    assert said.code == 0 and "too short to test on later days" in said.out
    bare = tmp_path / "outcomes.csv"
    pq.read_table(history / "outcomes.parquet").to_pandas().to_csv(bare, sep=";", index=False)
    alone = run("train", *runs, "--outcomes", bare, "--out", tmp_path / "bare", "--horizon", "1y", "--lang", "en")
    assert alone.code == 0 and (tmp_path / "bare" / "model.json").exists(), alone.err
    wrong = run("train", *runs, "--outcomes", history, "--as-of", "2020-01-15", "--out", tmp_path / "n")
    assert wrong.code == 2 and "2025-09-15, 2026-01-19" in wrong.err
    mixed = run("train", runs[0], history, "--out", tmp_path / "n")
    assert mixed.code == 2 and "cannot be used together" in mixed.err


def test_a_full_model_is_not_pooled(run, tmp_path):
    pr.load_model("literature-prior").save(tmp_path / "model.json")
    said = run("pool", tmp_path / "model.json", "--out", tmp_path / "pooled")
    assert said.code == 2 and "summary.json" in said.err and not (tmp_path / "pooled").exists()


def test_a_summary_is_pooled_into_a_model_to_start_from(run, trained_summary, tmp_path):
    said = run("pool", trained_summary, "--out", tmp_path / "pooled", "--lang", "en")
    assert said.code == 0, said.err
    assert pr.load_model(tmp_path / "pooled").pooling.members == ("Mežnovads",)
    card = (tmp_path / "pooled" / "MODEL_CARD.md").read_text("utf-8")
    assert "Mežnovads" in card and "**Not tested.**" in card


@pytest.fixture(scope="module")
def trained_summary(tmp_path_factory):
    """A summary.json of a training on hand-made rows."""
    import numpy as np
    import pandas as pd

    from pumpurs_risk.training import DropoutScorer

    rng = np.random.default_rng(0)
    X = pd.DataFrame({"pupil_id": np.arange(600).astype(str), "absence_share": rng.beta(1, 9, 600)})
    scorer = DropoutScorer().fit(X, rng.random(600) < 0.02 + X["absence_share"])
    path = tmp_path_factory.mktemp("summary") / "summary.json"
    scorer.summary_.named("Mežnovads", "2026-01-15").save(path)
    return path
