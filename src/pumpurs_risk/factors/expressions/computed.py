"""Factors whose entry says how they are counted: which rows of which table, added up how, over what time."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import narwhals as nw

from pumpurs_risk.factors.expressions.absences import is_whole, statuses_of_the_day
from pumpurs_risk.factors.expressions.marks import marks_of_the_day

if TYPE_CHECKING:
    from pumpurs_risk.catalogue.entries import Computed
    from pumpurs_risk.factors.engines import Frame
    from pumpurs_risk.factors.known import KnownRecords

_THOUSANDTHS = 1000
_PER = 100.0
_UNKNOWN_WITHOUT_ROWS = ("max", "latest", "share")


def computed_columns(known: KnownRecords, rows: Frame) -> Frame:
    """Add ``_computed_<factor>`` for every factor whose entry has ``compute`` and whose table was supplied.

    Parameters
    ----------
    known : KnownRecords
        The day and the catalogue.
    rows : LazyFrame
        The roll; with ``_lessons_window``, lessons held.

    Returns
    -------
    LazyFrame
        A pupil without a row counts none; without any mark in that time a pupil is unknown, because nobody marked.
    """
    together: dict[tuple[str, str], dict[str, Computed]] = {}
    for name, factor in known.catalogue.factors.items():
        if factor.compute is not None and known.has(factor.compute.table):
            together.setdefault((factor.compute.table, factor.compute.window), {})[name] = factor.compute
    for (table, window), some in together.items():
        source = _rows_of_time(known, table, window)
        summed = {name: each for name, each in some.items() if each.aggregate != "latest"}
        if summed:
            rows = _joined(rows, known.engine.settle(_sums(source, summed)), summed, table)
        for name in some.keys() - summed.keys():
            rows = rows.join(_latest(source, name, some[name]), on="pupil_id", how="left")
    return rows


def _rows_of_time(known: KnownRecords, table: str, window: str) -> Frame:
    since, until = known.window.covers(window)
    if table == "absences":
        usual = nw.when(is_whole()).then(nw.lit(1.0)).otherwise(nw.lit(0.0))
        lessons = nw.coalesce(nw.col("lessons_missed"), usual)
        return statuses_of_the_day(known, since, until).with_columns(lessons_missed=lessons)
    rows = marks_of_the_day(known) if table == "marks" else known.rows(table)
    rows = rows.filter(nw.col("date") < nw.lit(until, nw.Date))
    return rows if since is None else rows.filter(nw.col("date") >= nw.lit(since, nw.Date))


def _wanted(rule: Computed) -> nw.Expr:
    chosen = [nw.col(column).is_in(list(values)) for column, values in rule.where.items()]
    return reduce(lambda one, other: one & other, chosen, nw.lit(True)).fill_null(False)


def _sums(source: Frame, rules: dict[str, Computed]) -> Frame:
    columns: dict[str, nw.Expr] = {"_rows": nw.lit(1)}
    aggregates = [nw.col("_rows").sum()]
    for name, rule in rules.items():
        wanted = _wanted(rule)
        if rule.aggregate in ("count", "share"):
            columns[name] = nw.when(wanted).then(nw.lit(1)).otherwise(nw.lit(0))
        elif rule.aggregate == "sum":
            whole = (nw.col(rule.column) * _THOUSANDTHS).round().cast(nw.Int64)
            columns[name] = nw.when(wanted).then(whole.fill_null(0)).otherwise(nw.lit(0))
        else:
            columns[name] = nw.when(wanted).then(nw.col(rule.column))
        aggregates.append(nw.col(name).max() if rule.aggregate == "max" else nw.col(name).sum())
    return source.select("pupil_id", **columns).group_by("pupil_id").agg(*aggregates)


def _joined(rows: Frame, sums: Frame, rules: dict[str, Computed], table: str) -> Frame:
    found: dict[str, nw.Expr] = {}
    for name, rule in rules.items():
        value = nw.col(name).cast(nw.Float64)
        if rule.aggregate == "share":
            value = value / nw.col("_rows").cast(nw.Float64)
        elif rule.aggregate == "sum":
            value = value / _THOUSANDTHS
        found[f"_computed_{name}"] = value
    rows = rows.join(sums.select("pupil_id", **found), on="pupil_id", how="left")
    filled: dict[str, nw.Expr] = {}
    for name, rule in rules.items():
        value = nw.col(f"_computed_{name}")
        if table != "marks" and rule.aggregate not in _UNKNOWN_WITHOUT_ROWS:
            value = value.fill_null(0.0)
        filled[f"_computed_{name}"] = _PER * value / nw.col("_lessons_window") if rule.per else value
    return rows.with_columns(**filled)


def _latest(source: Frame, name: str, rule: Computed) -> Frame:
    """Value of the latest row; of one day the greatest."""
    kept = source.filter(_wanted(rule) & ~nw.col(rule.column).is_null()).select("pupil_id", "date", rule.column)
    last = kept.unique("pupil_id", keep="last", order_by=["date", rule.column])
    return last.select("pupil_id", **{f"_computed_{name}": nw.col(rule.column).cast(nw.Float64)})
