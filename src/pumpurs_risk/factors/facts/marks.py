"""Facts about marks: which subjects, with which mark, and where it fell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pumpurs_risk.catalogue.subject_names import subject_in_sentence
from pumpurs_risk.factors.facts.rows import Asked, facts, printed, said
from pumpurs_risk.locale import sort_key, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_SOURCE = "marks"
PASS = 40
"""Tenths of a point from which a mark is sufficient."""
NAMED = 3
"""How many of the lowest marks, and of the greatest falls, are named (own default)."""
_NOT_ASSESSED, _LOWEST_LEVEL = "nv", "S"
_PROVISIONAL = "provisional"


def mark_facts(asked: Asked) -> Iterator[pd.DataFrame]:
    """Give the subjects behind the factors of marks.

    Parameters
    ----------
    asked : Asked
        With a table of marks.

    Yields
    ------
    pandas.DataFrame
        Rows of evidence; ``value`` is the mark in points, of a fall the change. The lowest mark stands first, equal ones
        in the order of the Latvian alphabet. A subject that has no final mark yet says so.
    """
    marks = asked.fetched(asked.known.subject_marks)
    names, rank = _names(marks["subject"])
    final = marks["kind"].ne(_PROVISIONAL).to_numpy()
    tenths = marks["tenths"].to_numpy(dtype=float, na_value=np.nan)
    before = marks["previous_tenths"].to_numpy(dtype=float, na_value=np.nan)
    sign = marks["sign"].to_numpy(dtype=object)
    order = np.lexsort([rank, np.where(np.isnan(tenths), np.inf, tenths)])
    fall = np.lexsort([rank, np.where(np.isnan(tenths - before), np.inf, tenths - before)])
    listed = {
        "failing_subjects": tenths < PASS,
        "not_assessed": sign == _NOT_ASSESSED,
        "low_levels": sign == _LOWEST_LEVEL,
    }
    for factor, which in listed.items():
        if asked.wants(factor):
            at = order[which[order]]
            detail = said(
                {"name": names[at], "final": final[at]},
                lambda name, final: name if final else text("evidence.so_far", asked.lang, subject=name),
            )
            yield _of_subjects(factor, marks, at, detail, tenths[at] / 10)
    if asked.wants("mean_mark"):
        at = _first_of_pupil(marks, order[~np.isnan(tenths)[order]])
        detail = said(
            {"name": names[at], "mark": tenths[at] / 10},
            lambda name, mark: text("evidence.mark", asked.lang, subject=name, mark=printed(mark, asked.lang)),
        )
        yield _of_subjects("mean_mark", marks, at, detail, tenths[at] / 10)
    if asked.wants("mark_trend"):
        at = _first_of_pupil(marks, fall[(tenths < before)[fall]])
        detail = said(
            {"name": names[at], "before": before[at] / 10, "mark": tenths[at] / 10},
            lambda name, earlier, mark: text(
                "evidence.fallen",
                asked.lang,
                subject=name,
                before=printed(earlier, asked.lang),
                mark=printed(mark, asked.lang),
            ),
        )
        yield _of_subjects("mark_trend", marks, at, detail, (tenths[at] - before[at]) / 10)


def _names(subjects: pd.Series[str]) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Write subjects as they stand in a sentence, and their places in the Latvian alphabet."""
    codes, distinct = pd.factorize(subjects)
    written = [subject_in_sentence(str(each)) for each in distinct]
    places = {name: place for place, name in enumerate(sorted(set(written), key=sort_key))}
    names = np.array([*written, ""], dtype=object)
    ranks = np.array([*(places[name] for name in written), -1], dtype=np.int64)
    return names[codes], ranks[codes]


def _first_of_pupil(marks: pd.DataFrame, order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of rows in order keep the first few of each pupil."""
    place = marks["pupil_id"].iloc[order].groupby(marks["pupil_id"].iloc[order], sort=False).cumcount().to_numpy()
    return order[place < NAMED]


def _of_subjects(
    factor: str, marks: pd.DataFrame, at: NDArray[np.int64], detail: NDArray[np.object_], value: NDArray[np.float64]
) -> pd.DataFrame:
    rows = marks.iloc[at]
    days = rows["date"].to_numpy()
    return facts(
        factor,
        rows["pupil_id"],
        detail,
        value=value,
        date_from=days,
        date_to=days,
        rank=np.arange(len(at)),
        source=_SOURCE,
    )
