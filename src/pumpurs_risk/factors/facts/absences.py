"""Facts about absences: how many lessons on how many days, the longest time in a row, the worst month, what is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.factors.facts.rows import Asked, as_days, facts, said
from pumpurs_risk.locale import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from pumpurs_risk.factors.known import Frame

_SOURCE = "absences"
_SUMS = ("missed", "unexcused", "open", "late")


def absence_facts(asked: Asked) -> Iterator[pd.DataFrame]:
    """Give the facts behind absences of the review window and of the last 30 days.

    Parameters
    ----------
    asked : Asked
        With a table of absences.

    Yields
    ------
    pandas.DataFrame
        Rows of evidence. Of ``unexcused_lessons`` they are of the one semester whose raw count the factor table holds.
    """
    known = asked.known
    window = _by_day(asked, known.absences)
    if asked.wants("absence_share"):
        yield from _missed(asked, window, "absence_share", "missed", by_month=True)
    if asked.wants("unexcused_lessons"):
        named = window[window["semester"] == _semester_of_most(window)]
        yield from _missed(asked, named, "unexcused_lessons", "unexcused", by_month=True, all_open=window)
    if asked.wants("lateness"):
        yield from _late(asked, window)
    if asked.wants("absence_recent"):
        recent = _by_day(asked, _recent(asked))
        yield from _missed(asked, recent, "absence_recent", "missed")


def _recent(asked: Asked) -> Frame:
    """Rows of the last 30 days, in lessons."""
    import narwhals as nw

    from pumpurs_risk.factors.expressions.absences import HUNDREDTHS, lessons_of_rows

    known = asked.known
    rows = lessons_of_rows(known, known.window.recent, known.window.as_of)
    lessons = {name: nw.col(name).cast(nw.Float64) / HUNDREDTHS for name in _SUMS}
    return rows.select("pupil_id", "date", **lessons, semester=nw.lit(known.window.latest))


def _by_day(asked: Asked, rows: Frame) -> pd.DataFrame:
    """Lessons of each pupil and day, computed where the records are."""
    import narwhals as nw

    mine = rows.join(asked.pupils, on="pupil_id", how="semi")
    sums = mine.group_by("pupil_id", "date", "semester").agg(*(nw.col(name).sum() for name in _SUMS))
    sums = sums.filter((nw.col("missed") > 0) | (nw.col("open") > 0) | (nw.col("late") > 0) | (nw.col("unexcused") > 0))
    found = asked.table(sums.select("pupil_id", "date", "semester", *_SUMS))
    found = found.astype(dict.fromkeys(_SUMS, float))
    return found.sort_values(["pupil_id", "date"], kind="stable", ignore_index=True)


def _semester_of_most(window: pd.DataFrame) -> NDArray[np.object_]:
    """Of each row's pupil the semester with most unexcused lessons, the earlier of two that have as many."""
    sums = window.groupby(["pupil_id", "semester"])["unexcused"].sum().reset_index()
    sums = sums.sort_values(["unexcused", "semester"], ascending=[False, True], kind="stable")
    most = sums.drop_duplicates("pupil_id").set_index("pupil_id")["semester"]
    return np.asarray(window["pupil_id"].map(most), dtype=object)


def _missed(
    asked: Asked,
    by_day: pd.DataFrame,
    factor: str,
    what: str,
    *,
    by_month: bool = False,
    all_open: pd.DataFrame | None = None,
) -> Iterator[pd.DataFrame]:
    """Lessons and days, the longest time in a row, the worst month, and how many lessons may still be excused."""
    rows = by_day[by_day[what] > 0]
    sums = _summed(rows, what)
    sentences = {"absence_share": _lessons_on_days, "absence_recent": _lessons_on_days}
    how = sentences.get(factor, _on_days)
    yield facts(
        factor,
        sums.index,
        said({"lessons": sums["lessons"].to_numpy(), "days": sums["days"].to_numpy()}, lambda n, d: how(asked, n, d)),
        value=sums["lessons"].to_numpy(),
        date_from=sums["first"].to_numpy(),
        date_to=sums["last"].to_numpy(),
        rank=0,
        source=_SOURCE,
    )
    runs = _longest_runs(rows, asked)
    yield facts(
        factor,
        runs["pupil_id"],
        said(
            {name: runs[name].to_numpy() for name in ("days", "first", "last")},
            lambda n, first, last: asked.says("run", n, span=asked.span(first, last)),
        ),
        value=runs["days"].to_numpy(),
        date_from=runs["first"].to_numpy(),
        date_to=runs["last"].to_numpy(),
        rank=1,
        source=_SOURCE,
    )
    if by_month:
        yield _worst_month(asked, rows, factor, what, "most_missed")
    waiting = _summed((by_day if all_open is None else all_open).query("open > 0"), "open")
    waiting = waiting[waiting.index.isin(sums.index)]
    yield facts(
        factor,
        waiting.index,
        said({"lessons": waiting["lessons"].to_numpy()}, lambda n: asked.says("open", n)),
        value=waiting["lessons"].to_numpy(),
        date_from=waiting["first"].to_numpy(),
        date_to=waiting["last"].to_numpy(),
        rank=3,
        source=_SOURCE,
    )


def _late(asked: Asked, window: pd.DataFrame) -> Iterator[pd.DataFrame]:
    rows = window[window["late"] > 0]
    sums = _summed(rows, "late")
    yield facts(
        "lateness",
        sums.index,
        said(
            {"times": sums["lessons"].to_numpy(), "days": sums["days"].to_numpy()},
            lambda n, days: _joined(asked, asked.says("late", n), days),
        ),
        value=sums["lessons"].to_numpy(),
        date_from=sums["first"].to_numpy(),
        date_to=sums["last"].to_numpy(),
        rank=0,
        source=_SOURCE,
    )
    yield _worst_month(asked, rows, "lateness", "late", "most_late")


def _summed(rows: pd.DataFrame, what: str) -> pd.DataFrame:
    """Lessons, days, first and last day of each pupil."""
    grouped = rows.groupby("pupil_id", sort=False)
    return pd.DataFrame(
        {
            "lessons": grouped[what].sum(),
            "days": grouped["date"].nunique(),
            "first": grouped["date"].min(),
            "last": grouped["date"].max(),
        }
    )


def _lessons_on_days(asked: Asked, lessons: float, days: float) -> str:
    return _joined(asked, asked.says("missed", lessons), days)


def _on_days(asked: Asked, lessons: float, days: float) -> str:
    """Say the days alone: the sentence itself says the lessons."""
    return asked.says("days", days)


def _joined(asked: Asked, lessons: str, days: float) -> str:
    return text("evidence.lessons_on_days", asked.lang, lessons=lessons, days=asked.says("days", days))


def _longest_runs(rows: pd.DataFrame, asked: Asked) -> pd.DataFrame:
    """Of each pupil the longest time of school days in a row, from two days on; of two equal ones the later."""
    dates = rows[["pupil_id", "date"]].drop_duplicates(ignore_index=True)
    pupil = pd.factorize(dates["pupil_id"])[0]
    distinct, place = np.unique(as_days(dates["date"]), return_inverse=True)
    day = asked.known.window.days_before(distinct)[place]
    starts = np.ones(len(dates), dtype=bool)
    starts[1:] = (pupil[1:] != pupil[:-1]) | (day[1:] > day[:-1] + 1)
    first = np.flatnonzero(starts)
    last = np.append(first[1:], len(dates)) - 1 if len(first) else first
    runs = pd.DataFrame(
        {
            "pupil_id": dates["pupil_id"].to_numpy(dtype=object)[first],
            "days": day[last] - day[first] + 1,
            "first": dates["date"].to_numpy()[first],
            "last": dates["date"].to_numpy()[last],
        }
    )
    runs = runs[runs["days"] > 1].sort_values(["days", "last"], ascending=False, kind="stable")
    return runs.drop_duplicates("pupil_id")


def _worst_month(asked: Asked, rows: pd.DataFrame, factor: str, what: str, key: str) -> pd.DataFrame:
    """Of each pupil with several months the one with most; of two equal ones the later."""
    month = as_days(rows["date"]).astype("datetime64[M]")
    by_month = rows.assign(month=month.astype("datetime64[s]")).groupby(["pupil_id", "month"])
    sums = by_month.agg(lessons=(what, "sum"), first=("date", "min"), last=("date", "max")).reset_index()
    sums = sums[sums["pupil_id"].duplicated(keep=False)]
    worst: Any = sums.sort_values(["lessons", "month"], ascending=False, kind="stable").drop_duplicates("pupil_id")
    return facts(
        factor,
        worst["pupil_id"],
        said(
            {"lessons": worst["lessons"].to_numpy(), "month": worst["month"].dt.month.to_numpy()},
            lambda n, number: asked.says(key, n, month=text(f"evidence.month.{number}", asked.lang)),
        ),
        value=worst["lessons"].to_numpy(),
        date_from=worst["first"].to_numpy(),
        date_to=worst["last"].to_numpy(),
        rank=2,
        source=_SOURCE,
    )
