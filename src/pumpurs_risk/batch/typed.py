"""Puts what people typed into a workbook back into its paper, so that it can be written anew without losing a word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from pumpurs_risk.reports import Returned, SchoolPaper

_LISTS = ("listed", "ask_first", "not_covered", "watch", "set_aside", "uncertain", "signals")


def with_typed(paper: SchoolPaper, returned: Sequence[Returned]) -> SchoolPaper:
    """Fill decisions, answers, outcomes and added pupils into a paper.

    Parameters
    ----------
    paper : SchoolPaper
        As the run makes it.
    returned : sequence of Returned
        Workbooks of this school, the later one's word counting.

    Returns
    -------
    SchoolPaper
        A pupil in ``returned`` who is not on the paper leaves no trace.
    """
    decisions = _latest([each.decisions for each in returned], ["pupil_id"])
    answers = _latest([each.answers for each in returned], ["pupil_id", "factor"])
    outcomes = _latest([each.outcomes for each in returned], ["pupil_id"])
    added = pd.concat([paper.added, *(each.added for each in returned)], ignore_index=True)
    filled: dict[str, Any] = {
        name: _filled(getattr(paper, name), decisions, {"decision": "decision", "note": "note"}, ["pupil_id"])
        for name in _LISTS
    }
    filled["questions"] = _filled(paper.questions, answers, {"answer": "value"}, ["pupil_id", "factor"])
    filled["missing"] = _filled(paper.missing, outcomes, {"outcome": "outcome", "note": "note"}, ["pupil_id"])
    filled["added"] = added.drop_duplicates(["shown", "class_id", "why"]).reset_index(drop=True)
    return replace(paper, **filled)


def _latest(frames: Sequence[pd.DataFrame], key: list[str]) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True).drop_duplicates(key, keep="last") if frames else pd.DataFrame()


def _filled(frame: pd.DataFrame, typed: pd.DataFrame, columns: dict[str, str], key: list[str]) -> pd.DataFrame:
    """Overwrite columns of the rows that somebody typed something about."""
    if not len(frame) or not len(typed):
        return frame
    by = typed.set_index(key if len(key) > 1 else key[0])
    at = pd.MultiIndex.from_frame(frame[key]) if len(key) > 1 else pd.Index(frame[key[0]])
    frame = frame.copy()
    for column, source in columns.items():
        found = by[source].reindex(at).to_numpy(dtype=object)
        frame[column] = pd.Series(found, index=frame.index, dtype=object).where(pd.notna(found), frame[column])
    return frame
