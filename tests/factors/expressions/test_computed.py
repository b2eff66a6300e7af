"""Factors that say in their entry how they are counted: the shipped counts of incidents, and a user's own."""

import json

import msgspec
import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.errors import CatalogueError

NAMES = ("peer_conflicts", "teacher_conflicts", "rule_breaches", "bullying", "violence")


def incident(kind, date="2025-10-01", **more):
    return {"pupil_id": "p", "date": date, "kind": kind} | more


def test_incidents_of_the_window_are_counted_by_kind(made):
    kinds = ("peer_conflict", "peer_conflict", "rule_breach", "violence")
    some = [incident(kind) for kind in kinds] + [incident("bullying", day) for day in ("2025-08-31", "2026-01-08")]
    assert made.values(made.records(incidents=some), *NAMES) == [2, 0, 1, 0, 1]
    assert made.values(made.records(incidents=[]), *NAMES) == [0] * 5
    assert made.values(made.records(), *NAMES) == [None] * 5


def test_of_a_count_and_a_judgement_of_it_the_greater_counts(made):
    def judged(value):
        return [{"pupil_id": "p", "date": "2025-10-01", "factor": "bullying", "value": value, "role": "nurse"}]

    one = [incident("bullying")]
    assert made.values(made.records(incidents=one, assessments=judged(3.0)), "bullying") == 3
    assert made.values(made.records(incidents=one, assessments=judged(0.0)), "bullying") == 1
    assert made.values(made.records(assessments=judged(3.0)), "bullying", "violence") == [3, None]


def with_rule(made, rule, name="own"):
    """The catalogue with a factor of one's own that is counted by a rule."""
    like = made.catalogue.factors["peer_conflicts"]
    entry = msgspec.to_builtins(like) | {"id": name, "prior_share": 0.0, "compute": rule, "cause": "", "aliases": []}
    entry |= {"name": {"lv": "savs", "en": "own"}, "heading": {"lv": "Savs faktors", "en": "Own factor"}}
    entry |= {"tables": [rule["table"]], "range": [0, 1000], "knots": [0, 1, 3, 5], "contrast": None, "typical": None}
    entry = {key: value for key, value in entry.items() if value is not None and key != "id"}
    return made.catalogue.extend({"factors": {name: entry}})


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"table": "incidents", "aggregate": "count"}, 3),
        ({"table": "incidents", "aggregate": "sum", "column": "severity"}, 4),
        ({"table": "incidents", "aggregate": "max", "column": "severity"}, 3),
        ({"table": "incidents", "aggregate": "latest", "column": "severity"}, 1),
        ({"table": "incidents", "aggregate": "share", "where": {"kind": ["bullying", "violence"]}}, 2 / 3),
        ({"table": "incidents", "aggregate": "count", "window": "ever"}, 4),
        ({"table": "incidents", "aggregate": "count", "window": "30_days"}, 0),
        ({"table": "incidents", "aggregate": "max", "column": "severity", "window": "30_days"}, None),
        ({"table": "absences", "aggregate": "count", "where": {"status": ["absent_open"]}}, 1),
        ({"table": "absences", "aggregate": "sum", "column": "lessons_missed"}, 3),
        ({"table": "absences", "aggregate": "count", "where": {"subject": ["Sports"]}, "per": "lessons_held"}, 100 / (74 * 6.8)),
        ({"table": "marks", "aggregate": "count", "where": {"kind": ["test"]}}, None),
        ({"table": "assessments", "aggregate": "latest", "column": "value", "where": {"factor": ["motivation"]}}, None),
    ],
)  # fmt: skip
def test_a_factor_of_ones_own_is_counted_as_its_entry_says(made, rule, expected):
    some = made.records(
        incidents=[
            incident("bullying", severity=3.0),
            incident("violence", "2025-10-02", severity=1.0),
            incident("rule_breach", "2025-10-02"),
            incident("violence", "2025-05-02", severity=2.0),
        ],
        absences=[
            made.absence(subject="Sports", lessons_missed=2.0),
            made.absence("2025-10-02", "excused_illness", excused_on="2026-02-01"),
        ],
        marks=[made.mark(7.0, pupil_id="q")],
        assessments=[],
    )
    found = made.values(some, "own", catalogue=with_rule(made, rule))
    assert found == (None if expected is None else pytest.approx(expected, abs=1e-12))


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"table": "incidents", "aggregate": "sum"}, "catalogue_compute_column"),
        ({"table": "incidents", "aggregate": "sum", "column": "kind"}, "catalogue_compute_column"),
        ({"table": "incidents", "aggregate": "count", "where": {"colour": ["red"]}}, "catalogue_compute_column"),
        ({"table": "incidents", "aggregate": "count", "where": {"kind": ["fight"]}}, "catalogue_compute_value"),
        ({"table": "lessons", "aggregate": "count"}, "catalogue_field_choice"),
    ],
)
def test_a_rule_that_cannot_be_counted_is_refused_with_what_was_expected(made, rule, code):
    with pytest.raises(CatalogueError) as refused:
        with_rule(made, rule)
    assert refused.value.code == code and "own" in str(refused.value)


def test_a_users_catalogue_file_may_count_a_factor(made, tmp_path):
    rule = {"table": "incidents", "aggregate": "count", "where": {"kind": ["violence"]}}
    entry = msgspec.to_builtins(with_rule(made, rule).factors["own"])
    path = tmp_path / "own.toml"
    path.write_text(f"factors.own = {as_toml(entry)}", encoding="utf-8")
    some = made.records(incidents=[incident("violence"), incident("bullying")])
    assert made.values(some, "own", catalogue=Catalogue.load(path)) == 1


def as_toml(value):
    if isinstance(value, dict):
        said = {key: each for key, each in value.items() if each is not None and key != "id"}
        return "{" + ", ".join(f'"{key}" = {as_toml(each)}' for key, each in said.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
