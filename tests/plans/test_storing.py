"""Plans as JSON, and as support that was given."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import msgspec
import pytest

from pumpurs_risk.errors import PlanError
from pumpurs_risk.plans import (
    PlanField,
    SupportPlanDraft,
    plan_from_json,
    plan_schema,
    plan_to_json,
    plans_frame,
    plans_support,
)

Maker = Callable[..., SupportPlanDraft]
ROOT = Path(__file__).parents[2]


def evaluated(plan: SupportPlanDraft, **values: str) -> SupportPlanDraft:
    fields = dict(plan.fields)
    for tag, value in values.items():
        fields[tag.replace("__", ".")] = PlanField(value=value)
    return msgspec.structs.replace(plan, fields=fields)


def test_a_plan_fits_its_published_schema(small_plan: Maker) -> None:
    published = json.loads((ROOT / "data_schema" / "plan.json").read_text(encoding="utf-8"))
    assert published == json.loads(json.dumps(plan_schema()))
    jsonschema.validate(json.loads(plan_to_json(small_plan())), published)


def test_a_newer_plan_is_refused_and_an_older_one_opens(small_plan: Maker) -> None:
    raw = json.loads(plan_to_json(small_plan()))
    with pytest.raises(PlanError) as refused:
        plan_from_json(json.dumps(raw | {"schema_version": 2, "new_field": 1}).encode(), "a.json")
    assert refused.value.code == "plan_newer" and "a.json" in refused.value.message("lv")
    older = {key: value for key, value in raw.items() if key not in ("merged", "removed", "additions")}
    assert plan_from_json(json.dumps(older).encode()) == small_plan()


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"plan_id": 1}', b"[" * 50_000])
def test_what_is_no_plan_is_refused_in_a_sentence(data: bytes) -> None:
    with pytest.raises(PlanError) as refused:
        plan_from_json(data, "x.json")
    assert refused.value.code == "plan_json_damaged" and "x.json" in refused.value.message("en")


def test_a_misspelt_field_is_refused_rather_than_lost(small_plan: Maker) -> None:
    raw = json.loads(plan_to_json(small_plan()))
    with pytest.raises(PlanError):
        plan_from_json(json.dumps(raw | {"feilds": {}}).encode())


def test_evaluated_measures_become_support(small_plan: Maker) -> None:
    plan = evaluated(
        small_plan(), measure__mentor__result="done", measure__own__result="not", risk__attendance__result="eased",
        measure__mentor__from="2027-01-25", measure__mentor__to="2027-05-28",
    )  # fmt: skip
    rows = plans_support([plan])
    assert rows[["pupil_id", "measure", "goal_met", "record_id"]].values.tolist() == [
        ["7", "mentor", 1.0, "IAP-1:mentor"]
    ]
    assert (
        str(rows["date_from"].iloc[0].date()) == "2027-01-25"
        and str(rows["recorded_on"].iloc[0].date()) == "2027-05-28"
    )


def test_whether_a_goal_was_met_is_unknown_where_nobody_said(small_plan: Maker) -> None:
    given = {"measure__mentor__result": "partly"}
    assert plans_support([evaluated(small_plan(), **given)])["goal_met"].isna().all()
    worse = evaluated(small_plan(), **given, risk__attendance__result="worse")
    assert plans_support([worse])["goal_met"].tolist() == [0.0]


def test_support_has_the_columns_of_its_schema(small_plan: Maker) -> None:
    schema = json.loads((ROOT / "data_schema" / "support.json").read_text(encoding="utf-8"))
    assert plans_support([]).columns.tolist() == [field["name"] for field in schema["fields"]]


def test_a_measure_whose_first_day_is_no_date_counts_from_the_day_of_the_plan(small_plan: Maker) -> None:
    plan = evaluated(small_plan(), measure__mentor__result="done", measure__mentor__from="drīz")
    assert str(plans_support([plan])["date_from"].iloc[0].date()) == "2027-01-15"


def test_the_account_counts_what_no_measure_answers(small_plan: Maker) -> None:
    plan = small_plan()
    bare = msgspec.structs.replace(plan, risks=(msgspec.structs.replace(plan.risks[0], measures=()),))
    frame = plans_frame([(plan, "a.json"), (bare, "b.json")])
    assert frame["uncovered"].tolist() == [0, 1]
    assert frame.loc[0, ["measures", "groups", "file"]].tolist() == ["mentor;own", "learning_school", "a.json"]
    assert frame["ready"].tolist() == [True, True]


def test_support_given_in_part_or_with_a_risk_that_did_not_ease_met_no_goal(small_plan: Maker) -> None:
    plan = small_plan()
    risks = tuple(msgspec.structs.replace(plan.risks[0], id=name) for name in ("a", "b", "c"))
    measures = (msgspec.structs.replace(plan.measures[0], risks=("a", "b", "c")),)
    plan = msgspec.structs.replace(plan, risks=risks, measures=measures)

    def met(**values: str) -> list[float]:
        return plans_support([evaluated(plan, **values)])["goal_met"].tolist()

    assert met(measure__mentor__result="partly", risk__a__result="eased") == [0.0]
    assert met(measure__mentor__result="done", risk__a__result="eased", risk__b__result="unchanged") == [0.0]
    assert met(measure__mentor__result="done", risk__a__result="eased", risk__b__result="prevented") == [1.0]
