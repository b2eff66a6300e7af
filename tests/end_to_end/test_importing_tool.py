"""A tool that knows nothing but ``data_schema/`` can take everything in, and show what a school needs to see."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

import pumpurs_risk as pr

SCHEMAS = Path(__file__).parents[2] / "data_schema"
PARTS = ("flags", "reasons", "changes", "patterns", "what_if")
LATER = {
    "flags.json": {"FlagRecord": {"set_aside": False, "added": False}},
    "run.json": {
        "Manifest": {"data_inventory": [], "erasures": []},
        "SchoolCounts": {"compared": 0, "expected": None, "risk_groups": {}},
    },
}
"""Fields that older documents do not have, and what they mean there."""


def schema(name: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(told)
    return told


def fits(document: Any, name: str) -> None:
    jsonschema.Draft202012Validator(
        schema(name), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    ).validate(document)


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> pr.Run:
    """The second of two semesters of one cohort, written to disk."""
    home = tmp_path_factory.mktemp("runs")
    cohort = pr.make_cohort(n_pupils=150, random_state=4)
    pr.score(cohort, as_of="2026-09-15", lang="en", out=home / "autumn", lists_only=True)
    return pr.score(cohort, as_of="2027-01-15", lang="en", out=home / "winter", previous=[home / "autumn"])


@pytest.fixture(scope="module")
def handed_over(scored: pr.Run) -> dict[str, Any]:
    """What another program gets: JSON and nothing else."""
    document = scored.to_dict()
    document["plans"] = [msgspec.to_builtins(plan) for plan in pr.draft_plans(scored)]
    told: dict[str, Any] = json.loads(json.dumps(document, allow_nan=False))
    return told


@pytest.mark.parametrize("part", PARTS)
def test_every_part_of_a_run_fits_its_schema_and_says_something(handed_over: dict[str, Any], part: str) -> None:
    fits(handed_over[part], part)
    if part != "patterns":  # a cohort drawn at random has none but by chance
        assert handed_over[part][part]


@pytest.mark.parametrize("part", PARTS)
def test_every_property_of_a_record_is_described(handed_over: dict[str, Any], part: str) -> None:
    told = schema(part)
    [record] = [definition for name, definition in told["$defs"].items() if not name.endswith("Document")]
    for row in handed_over[part][part]:
        assert set(row) <= set(record["properties"])


def test_patterns_that_are_there_fit_their_schema() -> None:
    X = pr.factor_table(pr.make_cohort(600, random_state=2, form="sheet"), as_of="2027-01-15")
    own = X["school_id"] == X["school_id"].value_counts().index[0]
    X["distance"] = X["distance"].mask(own, 3.0).astype(float)
    found = pr.patterns(pr.load_model("literature-prior").for_recorded(X), X, lang="en", as_of="2027-01-15")
    assert len(found)
    rows = json.loads(found.astype({"due": str}).to_json(orient="records"))
    fits({"schema_version": 1, "patterns": rows}, "patterns")


def test_plans_fit_their_schema(handed_over: dict[str, Any]) -> None:
    assert len(handed_over["plans"]) > 3
    for plan in handed_over["plans"]:
        fits(plan, "plan")


def test_run_json_and_every_schools_summary_fit_their_schemas(scored: pr.Run) -> None:
    fits(json.loads((scored.path / "run.json").read_text(encoding="utf-8")), "run")
    summaries = list(scored.path.glob("schools/*/summary.json"))
    assert summaries
    counts = schema("run")["$defs"]["SchoolCounts"]
    for path in summaries:
        jsonschema.validate(json.loads(path.read_text(encoding="utf-8")), counts)


def dashboard(handed_over: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What a small tool shows of each pupil with a plan, by names of the schemas alone."""
    tiers = {row["pupil_id"]: row["tier"] for row in handed_over["flags"]["flags"]}
    risks = [row for row in handed_over["reasons"]["reasons"] if (row["kind"], row["line"]) == ("risk", 0)]
    first = {row["pupil_id"]: row["sentence"] for row in sorted(risks, key=lambda row: -row["rank"])}
    change = {row["pupil_id"]: row["change"] for row in handed_over["changes"]["changes"]}
    step = {row["pupil_id"]: (row["step"], row["role_name"], row["due"]) for row in handed_over["next_steps"]}
    shown = {}
    for plan in handed_over["plans"]:
        fields = {tag: field["value"] for tag, field in plan["fields"].items()}
        risk = {one["id"]: fields[f"risk.{one['id']}.justification"] for one in plan["risks"]}
        shown[plan["pupil_id"]] = {
            "tier": tiers[plan["pupil_id"]],
            "reason": first.get(plan["pupil_id"], ""),
            "change": change.get(plan["pupil_id"], ""),
            "step": step[plan["pupil_id"]],
            "risks": risk,
            "measures": {fields[f"measure.{one['id']}.what"]: one["risks"] for one in plan["measures"]},
        }
    return shown


def test_a_dashboard_can_be_built_from_what_the_schemas_describe(handed_over: dict[str, Any]) -> None:
    shown = dashboard(handed_over)
    assert len(shown) == len(handed_over["plans"])
    for of in shown.values():
        assert of["tier"] in ("act_now", "watch", "ask_first", "none")
        assert of["reason"] and of["change"] and all(of["step"])
        assert of["risks"] and all(of["risks"].values())
        for what, risks in of["measures"].items():
            assert what
            assert risks and set(risks) <= set(of["risks"])


def test_a_risk_names_its_measures_as_they_name_it(handed_over: dict[str, Any]) -> None:
    for plan in handed_over["plans"]:
        by_measure = {(m["id"], risk) for m in plan["measures"] for risk in m["risks"]}
        assert by_measure == {(m, risk["id"]) for risk in plan["risks"] for m in risk["measures"]}


@pytest.mark.parametrize(("name", "record"), [(name, record) for name, parts in LATER.items() for record in parts])
def test_a_field_that_came_later_has_a_default_and_is_not_required(name: str, record: str) -> None:
    told = schema(name.removesuffix(".json"))["$defs"][record]
    for field, default in LATER[name][record].items():
        assert field not in told["required"]
        assert told["properties"][field]["default"] == default


def test_documents_of_before_stay_valid(handed_over: dict[str, Any], scored: pr.Run) -> None:
    later = LATER["flags.json"]["FlagRecord"]
    rows = [{key: v for key, v in row.items() if key not in later} for row in handed_over["flags"]["flags"]]
    fits(handed_over["flags"] | {"flags": rows}, "flags")
    manifest = json.loads((scored.path / "run.json").read_text(encoding="utf-8"))
    for field in LATER["run.json"]["Manifest"]:
        del manifest[field]
    required = set(schema("run")["$defs"]["SchoolCounts"]["required"])
    manifest["schools"] = [{key: v for key, v in one.items() if key in required} for one in manifest["schools"]]
    fits(manifest, "run")


def test_a_plan_with_a_typing_error_does_not_fit(handed_over: dict[str, Any]) -> None:
    plan = handed_over["plans"][0]
    with pytest.raises(jsonschema.ValidationError):
        fits(plan | {"feilds": {}}, "plan")


def test_what_a_tool_wrote_into_a_plan_is_read_back(handed_over: dict[str, Any]) -> None:
    plan = json.loads(json.dumps(handed_over["plans"][0]))
    plan["fields"]["pupil_view"]["value"] = "Gribu palikt."
    fits(plan, "plan")
    assert msgspec.convert(plan, pr.SupportPlanDraft).value("pupil_view") == "Gribu palikt."
