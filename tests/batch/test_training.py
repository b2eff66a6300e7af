"""Training on one's own history: the folder that comes of it, what is said of it, and what is refused."""

import datetime as dt
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import pumpurs_risk as pr
from pumpurs_risk.batch import evaluating, model_papers
from pumpurs_risk.batch.past import Past, read_past
from pumpurs_risk.batch.training import train_model
from pumpurs_risk.errors import RecordsError, RunError, TrainingError
from pumpurs_risk.locale import text
from pumpurs_risk.model import load_model
from pumpurs_risk.model.store import digest_of

FILES = {
    "model.json", "MODEL_CARD.md", "TECHNICAL_DOCUMENTATION.md", "evaluation.html", "evaluation.json", "card.toml",
}  # fmt: skip
QUICK = {"horizon": "1y", "bootstrap": 0, "lang": "en", "made_on": dt.date(2028, 3, 1)}


def said(made):
    return "\n".join(made.lines("en"))


def test_a_training_writes_model_cards_evaluation_and_what_may_be_shared(trained):
    assert {path.name for path in trained.folder.iterdir()} == FILES | {"summary.json"}
    model = load_model(trained.folder)
    assert model.training.leavers == 40 and model.provenance.outcomes == 40
    assert model.two_years is not None and model.two_years.covariance == ()
    assert model.name == "mezs" and trained.all_well


def test_earlier_days_train_and_later_ones_judge(trained):
    found = json.loads((trained.folder / "evaluation.json").read_text("utf-8"))
    assert found["split"] == "temporal" and found["train_as_of"] == ["2024-01-19"]
    assert min(found["as_of"]) >= "2025-01-19"
    assert model_days(trained) == ["2024-01-19", "2024-09-16", "2025-01-20", "2025-09-15"]


def model_days(made):
    return list(load_model(made.folder).training.as_of)


def test_support_given_is_counted_and_said_but_is_no_factor(trained):
    model = load_model(trained.folder)
    assert model.training.rows_with_support > 0 and "support_given" not in model.features
    assert "had been given support already" in said(trained)


def test_the_summary_names_the_municipality_and_no_school(trained):
    summary = json.loads((trained.folder / "summary.json").read_text("utf-8"))["summary"]
    assert summary["municipality"] == "Mežnovads" and summary["period"] == "2024-01-19/2025-09-15"
    assert "school" not in json.dumps(summary["factors"])


def test_the_papers_bear_day_version_and_verdict(trained):
    digest = digest_of((trained.folder / "model.json").read_bytes())
    for name in ("MODEL_CARD.md", "TECHNICAL_DOCUMENTATION.md"):
        written = (trained.folder / name).read_text("utf-8")
        assert digest[:12] in written and "1 March 2028" in written and "**not approved**" in written
    page = (trained.folder / "evaluation.html").read_text("utf-8")
    assert trained.judged.evaluation.first_line("en") in page and "1 March 2028" in page


def test_no_pupil_stands_in_any_file_of_the_model(trained):
    for path in trained.folder.iterdir():
        assert "p0000" not in path.read_text("utf-8"), path.name


def test_an_existing_model_is_never_overwritten_and_the_new_one_says_what_it_replaces(made_past, tmp_path):
    out, past = tmp_path / "mezs", made_past()
    first = train_model(past, out=out, **QUICK)
    before = {path.name: path.read_bytes() for path in first.folder.iterdir()}
    second, third = train_model(past, out=out, **QUICK), train_model(past, out=out, **QUICK)
    assert (second.folder.name, third.folder.name) == ("mezs-2", "mezs-3")
    assert {path.name: path.read_bytes() for path in first.folder.iterdir()} == before
    assert load_model(third.folder).training.supersedes == digest_of((second.folder / "model.json").read_bytes())
    assert "Replaces version" in said(third)


def test_what_people_wrote_into_the_card_survives_but_an_approval_is_of_one_version(made_past, tmp_path):
    out, past = tmp_path / "mezs", made_past()
    first = train_model(past, out=out, **QUICK)
    card = first.folder / "card.toml"
    written = card.read_text("utf-8").replace('owner = ""', 'owner = "Board | <b>"  # our own words')
    card.write_text(written.replace('approved_by = ""', 'approved_by = "Head"'), "utf-8")
    model_papers.rewrite_cards(first.folder, past.catalogue, "en")
    assert "| approved | Head, no date given |" in (first.folder / "MODEL_CARD.md").read_text("utf-8")
    second = train_model(past, out=out, **QUICK)
    carried = (second.folder / "card.toml").read_text("utf-8")
    assert "# our own words" in carried and f'approved_version = "{first.facts.digest[:12]}"' in carried
    paper = (second.folder / "MODEL_CARD.md").read_text("utf-8")
    assert "**not this one**" in paper and r"Board \| \<b\>" in paper
    assert "approval carried over" in said(second)
    third = train_model(past, out=out, **QUICK)
    assert (third.folder / "card.toml").read_text("utf-8") == carried


def test_a_card_that_cannot_be_read_stops_before_anything_is_made(made_past, tmp_path):
    out, past = tmp_path / "mezs", made_past()
    train_model(past, out=out, **QUICK)
    (out / "card.toml").write_text("owner = Board", "utf-8")
    with pytest.raises(RunError, match=r"card\.toml"):
        train_model(past, out=out, **QUICK)
    assert [path.name for path in tmp_path.iterdir()] == ["mezs"]


def test_without_days_all_beginnings_of_semesters_are_used_and_it_is_said():
    past = Past.of_records(pr.make_cohort(300, form="tables", years=2, random_state=0))
    assert past.days_assumed and len(past.days) >= 3
    assert all(day.month in (1, 9) for day in past.days)


def test_a_history_too_short_for_later_days_gets_an_estimate_that_is_called_one(made_past, tmp_path):
    made = train_model(made_past(days=["2024-01-19", "2024-09-16"]), out=tmp_path / "m", **QUICK)
    assert made.judged.by == "folds" and "too short to test on later days" in said(made)
    assert "**Not tested on later days**" in (made.folder / "MODEL_CARD.md").read_text("utf-8")
    assert "five times the model learned" in (made.folder / "evaluation.html").read_text("utf-8")


def test_a_factor_that_copies_the_outcome_is_on_the_first_line(made_past, tmp_path):
    past = made_past()
    X, y, _, _ = past.stacked("1y")
    for day, table in past._tables.items():
        past._tables[day] = table.assign(violence=y[X["as_of"].dt.date == day].to_numpy())
    made = train_model(past, out=tmp_path / "m", **QUICK)
    assert made.lines("en")[0].startswith("Suspicious")
    assert "violence" in made.lines("en")[0]


def test_nobody_left_is_refused_with_what_to_do_and_nothing_is_written(made_past, tmp_path):
    past = made_past(leavers=0)
    with pytest.raises(TrainingError) as caught:
        train_model(past, out=tmp_path / "m", **QUICK)
    assert caught.value.code == "training_no_leavers" and "--prevalence" in caught.value.message("en")
    assert not list(tmp_path.iterdir())


def test_one_leaver_trains_and_says_how_little_that_is(made_past, tmp_path):
    made = train_model(
        made_past(leavers=1, days=["2024-01-19", "2025-01-20"]), out=tmp_path / "m", shareable=True, **QUICK
    )
    assert load_model(made.folder).training.leavers == 1
    assert "stays close to its starting point" in said(made)
    assert "Nothing is shared" in said(made) and not (made.folder / "summary.json").exists() and not made.all_well


def test_leavers_of_one_school_alone_are_named_as_such(made_past, tmp_path):
    made = train_model(made_past(leaver_schools=["a"]), out=tmp_path / "m", **QUICK)
    assert "All who left are from one school (a)" in said(made)
    assert "All who left are from one school" not in said(train_model(made_past(), out=tmp_path / "n", **QUICK))


def test_records_without_outcomes_say_what_to_add():
    records = pr.make_cohort(60, form="tables", years=1, random_state=0)
    without = replace(records, tables={name: table for name, table in records.tables.items() if name != "outcomes"})
    with pytest.raises(RecordsError, match="outcomes"):
        Past.of_records(without)


def test_a_day_on_which_nobody_was_there_is_named():
    records = pr.make_cohort(300, form="tables", years=1, random_state=0)
    past = Past.of_records(records, ["2021-01-15"])
    with pytest.raises(RecordsError) as caught:
        past.stacked("1y")
    assert caught.value.code == "as_of_nobody" and "2021" in caught.value.message("en")


def test_a_day_whose_horizon_the_records_do_not_reach_is_named(made_past):
    past = made_past(days=["2027-01-18"])
    with pytest.raises(RecordsError) as caught:
        past.stacked("2y")
    assert caught.value.code == "horizon_not_reached"


def test_a_failed_evaluation_never_loses_the_model(made_past, tmp_path, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("made to fail")

    monkeypatch.setattr(evaluating, "judge", broken)
    made = train_model(made_past(), out=tmp_path / "m", **QUICK)
    assert load_model(made.folder).training.leavers == 40 and not made.all_well
    assert "The model was made, but not tested: made to fail" in said(made)
    assert "**Not tested:** made to fail" in (made.folder / "MODEL_CARD.md").read_text("utf-8")


def test_a_failed_paper_never_loses_the_model(made_past, tmp_path, monkeypatch):
    monkeypatch.setattr(model_papers, "technical_documentation", lambda *_, **__: 1 / 0)
    made = train_model(made_past(), out=tmp_path / "m", **QUICK)
    assert {path.name for path in made.folder.iterdir()} == FILES - {"TECHNICAL_DOCUMENTATION.md"}
    assert not made.all_well and "TECHNICAL_DOCUMENTATION.md" in said(made)


def test_two_rows_of_a_pupil_on_a_day_are_said(made_past, tmp_path):
    past = made_past()
    first = past.days[0]
    past._tables[first] = past._tables[first].iloc[np.r_[0:200, 0:200]].reset_index(drop=True)
    made = train_model(past, out=tmp_path / "m", **QUICK)
    assert "several rows on one day" in said(made) and load_model(made.folder).training.leavers <= 40


def test_the_support_design_is_refused_where_nobody_wrote_support_down(made_past, tmp_path):
    with pytest.raises(TrainingError, match="support"):
        train_model(made_past(), out=tmp_path / "m", support_design=True, **QUICK)


def test_the_support_design_says_whether_the_order_changes(made_past, tmp_path):
    past = made_past(support=[f"p{i:04d}" for i in range(0, 400, 3)])
    made = train_model(past, out=tmp_path / "m", support_design=True, **QUICK)
    training = load_model(made.folder).training
    assert training.design == ("support_given",) and training.ranking_with_design is not None
    assert "If the support given is taken into account" in said(made)


def test_a_name_that_would_leave_the_folder_is_refused(made_past, tmp_path):
    with pytest.raises(RunError, match="name"):
        train_model(made_past(), out=tmp_path, name="../elsewhere", **QUICK)


def test_runs_and_records_are_not_mixed(tmp_path):
    run, records = tmp_path / "run", tmp_path / "records"
    for folder in (run, records):
        folder.mkdir()
    (run / "run.json").write_text("{}", "utf-8")
    with pytest.raises(RunError) as caught:
        read_past([run, records])
    assert caught.value.code == "past_mixed"
    with pytest.raises(RunError) as caught:
        read_past([records, tmp_path])
    assert caught.value.code == "past_several"


def test_the_same_history_gives_the_same_model_to_the_byte(made_past, tmp_path):
    first, second = (train_model(made_past(), out=tmp_path / name / "m", **QUICK) for name in "ab")
    assert first.facts.digest == second.facts.digest
    for name in FILES:
        assert (first.folder / name).read_bytes() == (second.folder / name).read_bytes(), name


@pytest.mark.parametrize("counts", [[40, 40, 40, 40], [5, 5, 5, 5], [0, 3, 40, 1], [9]])
@pytest.mark.parametrize("horizon", ["1y", "2y"])
def test_what_is_learned_from_is_always_over_when_the_test_begins(counts, horizon):
    days = [dt.date(2023, 1, 16), dt.date(2023, 9, 15), dt.date(2024, 1, 15), dt.date(2026, 1, 15)][: len(counts)]
    left = {day: {f"{day}{i}" for i in range(n)} for day, n in zip(days, counts, strict=True)}
    train, test = evaluating.split_days(left, horizon)
    if train:
        years = int(horizon[0])
        assert all(day.replace(year=day.year + years) <= min(test) for day in train)
        assert sum(len(left[day]) for day in train) and max(days) in test


def test_what_is_suspicious_is_not_all_well(trained):
    doubt = {"factor": "absence_share", "sign": "separates", "auroc": 0.999, "rows": 900, "leavers": 40}
    assert trained.all_well
    assert not replace(trained, counted=replace(trained.counted, suspicious=(doubt,))).all_well


@pytest.mark.parametrize("lang", ["lv", "en"])
def test_a_judged_group_without_a_counterpart_is_not_called_unjudged(lang):
    row = {"attribute": "sex", "group": "female", "judged": "judged", "leavers": 40.0, "leavers_rest": 3.0}
    rest = row | {"group": "male", "judged": "too few to judge", "leavers": 3.0, "leavers_rest": 40.0}
    said = model_papers.groups_said({"groups": [row, rest], "level": 0.95}, lang)
    few = model_papers.groups_said({"groups": [rest], "level": 0.95}, lang)
    assert said[0] == text("model_card.groups.not_compared", lang)
    assert few[0] == text("fairness.found.nothing", lang)


def test_where_no_rejected_rows_are_written_none_are_promised(capsys):
    from pumpurs_risk.cli.terminal import show_problems

    records = pr.SchoolRecords.from_tables(
        pd.DataFrame(
            {"pupil_id": [f"p{i}" for i in range(30)], "class_id": "9.a", "mean_mark": [11 + i for i in range(30)]}
        ),
        as_of="2027-01-15",
    )
    show_problems(records, most=0, written=False)
    assert "rejected.csv" not in capsys.readouterr().out
    show_problems(records, most=0)
    assert "rejected.csv" in capsys.readouterr().out
