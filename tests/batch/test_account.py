"""A finished model judged on later days; pooled models as a start; pages that are never overwritten."""

import json

import pytest

from pumpurs_risk.batch.account import account_page, evaluate_model
from pumpurs_risk.batch.explaining import explain_model_file, new_page
from pumpurs_risk.batch.pooling import pool_summaries
from pumpurs_risk.batch.training import train_model
from pumpurs_risk.errors import EvaluationError, RunError
from pumpurs_risk.model import load_model

QUICK = {"bootstrap": 0, "lang": "en"}


@pytest.fixture(scope="module")
def early(made_past, tmp_path_factory):
    """A model that has learned from the first day alone, for one year and for two."""
    past = made_past(days=["2024-01-19"])
    return train_model(past, out=tmp_path_factory.mktemp("models") / "early", **QUICK).folder


def test_a_finished_model_is_judged_on_later_days_and_written_down(made_past, early, tmp_path):
    past = made_past(days=["2025-01-20", "2025-09-15"])
    account = evaluate_model(early, past, out=tmp_path / "judged.html", **QUICK)
    assert account.evaluation.model == "early" and account.page.exists()
    figures = json.loads(account.figures.read_text("utf-8"))
    assert figures["split"] == "temporal" and figures["train_as_of"] == []
    assert account.evaluation.first_line("en") in account.lines("en")


def test_days_that_nobody_named_are_left_out_where_the_model_has_learned_from_them(made_past, early, tmp_path):
    past = made_past()
    past.days_assumed = True
    account = evaluate_model(early, past, out=tmp_path / "judged.html", **QUICK)
    assert [str(day) for day in account.evaluation.as_of] == ["2025-01-20", "2025-09-15"]


def test_named_days_that_the_model_has_learned_from_are_refused(made_past, early, tmp_path):
    with pytest.raises(EvaluationError, match="not known yet"):
        evaluate_model(early, made_past(days=["2024-01-19", "2024-09-16"]), out=tmp_path / "judged.html", **QUICK)
    assert not list(tmp_path.iterdir())


def test_two_years_are_judged_by_their_own_curves_or_not_at_all(made_past, early, tmp_path):
    past = made_past(days=["2026-01-19"], leavers=12)
    with pytest.raises(RunError) as caught:
        evaluate_model("literature-prior", past, horizon="2y", out=tmp_path / "a.html", **QUICK)
    assert caught.value.code == "no_two_years"
    account = evaluate_model(early, past, horizon="2y", out=tmp_path / "b.html", **QUICK)
    assert account.evaluation.horizon == "2y" and account.evaluation.counts.leavers == 12
    with pytest.raises(EvaluationError, match="not known yet"):
        evaluate_model(early, made_past(days=["2025-09-15"]), horizon="2y", out=tmp_path / "c.html", **QUICK)


def test_a_pooled_model_is_a_start_for_training(made_past, trained, tmp_path):
    pooled = pool_summaries([trained.folder / "summary.json"], out=tmp_path / "pooled", lang="en")
    assert "Summaries pooled: Mežnovads." in pooled.lines("en") and not pooled.failures
    made = train_model(made_past(seed=1), out=tmp_path / "m", prior=str(pooled.folder), horizon="1y", **QUICK)
    training = load_model(made.folder).training
    assert training.prior == "pooled" and training.width_by == "pool"
    again = pool_summaries([trained.folder / "summary.json"], out=tmp_path / "pooled")
    assert again.folder.name == "pooled-2"


def test_a_training_may_start_from_nothing(made_past, tmp_path):
    made = train_model(made_past(), out=tmp_path / "m", prior="none", horizon="1y", **QUICK)
    assert load_model(made.folder).training.prior == ""


def test_no_page_is_overwritten(early, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "page.html"
    page.write_text("mine", "utf-8")
    for refused in (lambda: explain_model_file(early, out=page), lambda: account_page(page, "lv")):
        with pytest.raises(RunError, match=r"page\.html"):
            refused()
    (tmp_path / "other.json").write_text("{}", "utf-8")
    with pytest.raises(RunError, match=r"other\.json"):
        account_page(tmp_path / "other.html", "lv")
    assert page.read_text("utf-8") == "mine"
    first, _ = explain_model_file(early, lang="en")
    second, _ = explain_model_file(early / "model.json", lang="en")
    assert (first.name, second.name) == ("model_early.html", "model_early_2.html")
    assert new_page(None, "fresh").name == "fresh.html"


def test_cards_are_only_made_in_a_models_folder(tmp_path):
    with pytest.raises(RunError) as caught:
        explain_model_file("literature-prior", out=tmp_path / "page.html", cards=True)
    assert caught.value.code == "cards_need_folder" and not list(tmp_path.iterdir())
