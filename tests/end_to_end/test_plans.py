"""From the list to a plan, as people do it at the terminal."""

from __future__ import annotations

import json

import pytest

import pumpurs_risk as pr


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    home = tmp_path_factory.mktemp("plans")
    pr.score(
        pr.make_cohort(n_pupils=60, random_state=5, form="sheet"),
        as_of="2027-01-15",
        lang="lv",
        out=home / "run",
        lists_only=True,
    )
    return home


def test_plans_are_drafted_and_drafting_again_says_that_nothing_changed(run, made, tmp_path):
    first = run("plans", made / "run", "--out", tmp_path / "plans")
    assert first.code == 0 and "unchanged: 0" in first.out
    documents = sorted((tmp_path / "plans").glob("*/*.docx"))
    assert documents and all(path.name.startswith("IAP_") for path in documents)
    again = run("plans", made / "run", "--out", tmp_path / "plans")
    assert again.code == 0 and f"renewed: 0; unchanged: {len(documents)}" in again.out


def test_an_unknown_pupil_and_no_run_are_refused_in_a_sentence(run, made, tmp_path):
    unknown = run("plans", made / "run", "--pupil", "nobody", "--out", tmp_path / "plans")
    assert unknown.code == 2 and "no pupil with this id" in unknown.err
    nothing = run("plans", tmp_path / "no run")
    assert nothing.code == 2 and nothing.err
    assert not (tmp_path / "plans").exists()


def test_a_run_of_a_newer_version_is_refused(run, made, tmp_path):
    import shutil

    newer = shutil.copytree(made / "run", tmp_path / "run")
    manifest = json.loads((newer / "run.json").read_text(encoding="utf-8"))
    (newer / "run.json").write_text(json.dumps(manifest | {"schema_version": 99}), encoding="utf-8")
    refused = run("plans", newer)
    assert refused.code == 2 and not (tmp_path / "plans").exists()
    assert "newer version of the program" in refused.err and "Nothing is wrong with it" in refused.err


def test_a_template_that_is_no_document_is_refused_before_anything_is_written(run, made, tmp_path):
    template = tmp_path / "own.docx"
    template.write_text("no document")
    refused = run("plans", made / "run", "--template", template, "--out", tmp_path / "plans")
    assert refused.code == 2 and "own.docx" in refused.err
    assert not (tmp_path / "plans").exists()


def test_own_measures_of_a_municipality_come_into_the_plans(run, made, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text('[measures.parents_meeting]\nplan = { lv = "Tēja pie direktora", en = "Tea" }\n', encoding="utf-8")
    assert run("plans", made / "run", "--catalogue", own, "--out", tmp_path / "plans").code == 0
    texts = [path.read_text(encoding="utf-8") for path in (tmp_path / "plans").glob("*/*.json")]
    assert any("Tēja pie direktora" in text for text in texts)


def test_damaged_plans_end_with_a_sentence_and_a_problem_with_exit_code_1(run, made, tmp_path):
    assert run("plans", made / "run", "--out", tmp_path / "plans").code == 0
    document = sorted((tmp_path / "plans").glob("*/*.docx"))[0]
    document.write_bytes(b"x")
    problem = run("plans", made / "run", "--out", tmp_path / "plans")
    assert problem.code == 1 and document.name in problem.err
    document.with_suffix(".json").write_text("{", encoding="utf-8")
    damaged = run("plans", made / "run", "--out", tmp_path / "plans")
    assert damaged.code == 2 and document.with_suffix(".json").name in damaged.err
