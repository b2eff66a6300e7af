"""The simple rules as data: what ``baselines.toml`` says."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import pandas as pd

from pumpurs_risk.errors import EvaluationError
from pumpurs_risk.evaluation.figures.ranking import Floats
from pumpurs_risk.model.inputs import numeric_column

_FILE = Path(__file__).with_name("baselines.toml")


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One comparison of a factor with a threshold, or the factor's value itself."""

    factor: str
    comparison: Literal[">=", ">", "<=", "<", "value"]
    threshold: float = 0.0

    def holds(self, frame: pd.DataFrame) -> Floats:
        """1, 0, or NaN where the factor is not recorded; for "value" the number itself."""
        values = numeric_column(frame, self.factor)
        if self.comparison == "value":
            return values
        compared = {
            ">=": values >= self.threshold,
            ">": values > self.threshold,
            "<=": values <= self.threshold,
            "<": values < self.threshold,
        }[self.comparison]
        return np.where(np.isnan(values), np.nan, compared.astype(float))


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A simple rule.

    Parameters
    ----------
    conditions : tuple of Condition
        What it looks at.
    combine : {"count", "any", "value"}
        How many hold, whether any does, or the value of the one factor.
    partial : bool
        Whether it may be worked out from those factors that are recorded.
    id, family, source : str
        Its key in the file, what it belongs to, and where it comes from.
    published : dict, optional
        Published figures.
    """

    conditions: tuple[Condition, ...]
    combine: Literal["count", "any", "value"] = "count"
    partial: bool = False
    id: str = ""
    family: str = "single"
    source: str = "own"
    published: dict[str, Any] | None = None

    @property
    def factors(self) -> tuple[str, ...]:
        """Factors that it looks at, each once."""
        return tuple(dict.fromkeys(condition.factor for condition in self.conditions))


@cache
def shipped_rules() -> dict[str, Rule]:
    """Rules of ``baselines.toml`` by id, in the file's order.

    Examples
    --------
    >>> shipped_rules()["chronic_absence"].conditions[0].threshold
    0.1
    """
    with _FILE.open("rb") as handle:
        read = tomllib.load(handle)
    sources = read["sources"]
    found = {}
    for name, entry in read["rules"].items():
        source = sources.get(entry.get("source", ""), entry.get("source", ""))
        found[name] = msgspec.convert({**entry, "id": name, "source": source}, Rule)
    return found


def rule_of(rule: str | Rule) -> Rule:
    """Find a shipped rule, or take one as it is.

    Raises
    ------
    EvaluationError
        If no shipped rule has this id.
    """
    if isinstance(rule, Rule):
        return rule
    if rule not in shipped_rules():
        raise EvaluationError("rule_unknown", rule=str(rule), known=", ".join(shipped_rules()))
    return shipped_rules()[rule]


def not_recorded(rule: Rule, frame: pd.DataFrame) -> tuple[str, ...]:
    """Factors of a rule that the table has not, or of nobody."""
    return tuple(name for name in rule.factors if name not in frame or not frame[name].notna().any())
