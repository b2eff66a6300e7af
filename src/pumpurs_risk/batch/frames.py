"""What a run keeps as tables: their names, and what those hold that older runs do not have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

LATER: dict[str, dict[str, str]] = {
    "schools": {
        "school_id": "str", "title": "str", "municipality": "str", "programme": "str", "places": "float64",
    },
    "out_of_scope": {"pupil_id": "str", "school_id": "str", "class_id": "str", "reason": "str"},
    "not_assessed": {
        "school_id": "str", "file": "str", "sheet": "str", "row": "float64", "column": "str", "value": "str", "message": "str",
    },
    "offers": {"school_id": "str", "measure": "str", "role": "str", "hours": "float64", "places": "float64"},
    "support": {
        "pupil_id": "str", "date_from": "datetime64[ns]", "date_to": "datetime64[ns]", "measure": "str", "goal_met": "float64",
        "recorded_on": "datetime64[ns]", "record_id": "str",
    },
    "outcomes": {
        "pupil_id": "str", "school_id": "str", "outcome": "str", "date": "str", "as_of": "str", "note": "str",
    },
    "changes": {
        "pupil_id": "str", "school_id": "str", "class_id": "str", "change": "str", "tier": "str", "previous_tier": "str",
        "previous_risk": "float64", "risk": "float64", "pupil_moved": "float64", "model_moved": "float64", "why": "str",
        "why_plain": "str", "sensitivity": "str", "code": "str", "previous_school": "str", "previous_id": "str",
    },
    "patterns": {
        "school_id": "str", "scope": "str", "group": "str", "n": "int64", "construct": "str", "factor": "str",
        "observed": "int64", "expected": "float64", "share": "float64", "expected_share": "float64", "lower": "float64",
        "upper": "float64", "p_value": "float64", "q_value": "float64", "sentence": "str", "proposal": "str",
        "measure": "str", "role": "str", "role_name": "str", "due": "str", "sensitivity": "str",
    },
    "what_if": {
        "pupil_id": "str", "rank": "int64", "factor": "str", "factor_2": "str", "value": "float64", "to": "float64",
        "value_2": "float64", "to_2": "float64", "risk": "float64", "risk_after": "float64", "effort": "float64",
        "reached": "bool", "sentence": "str",
    },
    "missing": {
        "pupil_id": "str", "school_id": "str", "class_id": "str", "last_seen": "str", "outcome": "str", "note": "str",
    },
    "trend": {"pupil_id": "str", "as_of": "str", "semester": "str", "risk": "float64", "source": "str"},
}  # fmt: skip
"""Tables that runs of the first version do not have, with their columns: such runs open with them empty."""

FRAMES = (
    "flags", "reasons", "factors", "evidence", "questions", "next_steps", "signals", "summary", "answers", "decisions",
    "added", *LATER,
)  # fmt: skip
"""All tables of a run, each ``data/NAME.parquet``."""


def shaped(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Bring a table into the form in which a run keeps it; texts that are not there are empty.

    Parameters
    ----------
    frame : pandas.DataFrame
        With any of the columns.
    name : str
        Which of the later tables it is.

    Returns
    -------
    pandas.DataFrame
        With exactly the columns of `LATER`, numbered from 0.

    Examples
    --------
    >>> shaped(pd.DataFrame({"pupil_id": ["7"], "risk": [0.2]}), "trend").astype(object).iloc[0].tolist()
    ['7', '', '', 0.2, '']
    """
    frame = frame.reset_index(drop=True)
    columns: dict[str, pd.Series[Any]] = {}
    for column, kind in LATER[name].items():
        found = frame[column] if column in frame else pd.Series([None] * len(frame), dtype=object)
        if kind == "str":
            texts = found.astype(object)
            columns[column] = texts.where(texts.notna(), "").astype(str).astype("str")
        elif kind.startswith("datetime"):
            columns[column] = pd.to_datetime(found)
        elif kind == "float64":
            columns[column] = pd.to_numeric(found, errors="coerce").astype("float64")
        else:
            columns[column] = found.astype(np.dtype(kind))
    return pd.DataFrame(columns)


def empty(name: str) -> pd.DataFrame:
    """Give one of the later tables without rows.

    Examples
    --------
    >>> list(empty("trend"))
    ['pupil_id', 'as_of', 'semester', 'risk', 'source']
    """
    return pd.DataFrame({column: pd.Series(dtype=kind) for column, kind in LATER[name].items()})
