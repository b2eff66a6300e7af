"""The factor table from event tables, as one lazy plan on the records' own engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import narwhals as nw

from pumpurs_risk.factors.expressions.absences import absence_columns
from pumpurs_risk.factors.expressions.assessments import assessment_columns
from pumpurs_risk.factors.expressions.computed import computed_columns
from pumpurs_risk.factors.expressions.lessons import INTERVALS, LEAST_DAYS, lessons_stated_or_usual
from pumpurs_risk.factors.expressions.marks import mark_columns
from pumpurs_risk.factors.expressions.peers import PEERS, peer_columns, peer_factors
from pumpurs_risk.factors.expressions.roll import days_before_enrolment, person_columns, roll
from pumpurs_risk.factors.levels import TEXT_COLUMNS

if TYPE_CHECKING:
    from pumpurs_risk.factors.engines import Frame
    from pumpurs_risk.factors.known import KnownRecords

Own = Mapping[str, Callable[["KnownRecords"], Any]]
"""Factors of one's own: what makes pupil_id and value of what was known."""
_KEY = "pupil_id"


def event_factors(groups: tuple[KnownRecords, ...], own: Own, *, compared: bool = True) -> Frame:
    """Make the factor table of all schools.

    Parameters
    ----------
    groups : tuple of KnownRecords
        What was known, one for each window.
    own : mapping of str to callable
        Factors of one's own.
    compared : bool
        Whether pupils are compared with their peers; not where a sheet has yet to fill what the tables leave unknown.

    Returns
    -------
    LazyFrame
        Columns as ``factor_table`` has them; in no order of rows.
    """
    tables = [_of_window(known, own, compared) for known in groups]
    return nw.concat(tables) if len(tables) > 1 else tables[0]


def factor_columns(known: KnownRecords, own: Own) -> list[str]:
    """Columns of the factor table: who, where, every factor of the catalogue, own ones that the catalogue has not."""
    factors = list(known.catalogue.factors)
    return [_KEY, *known.catalogue.context, *factors, *(name for name in own if name not in known.catalogue.factors)]


def _of_window(known: KnownRecords, own: Own, compared: bool) -> Frame:
    rows = roll(known).with_columns(programme=nw.col("programme").fill_null("general"))
    rows = person_columns(known, days_before_enrolment(known, rows))
    rows = known.engine.settle(lessons_stated_or_usual(known, rows))
    peers = peer_factors(known.catalogue.factors) if compared else {}
    late = {name: other for name, other in peers.items() if _is_filled(other, known, own)}
    early = {name: other for name, other in peers.items() if name not in late}
    rows = rows.join(_journal_columns(known, rows, early), on=_KEY, how="left")
    rows = computed_columns(known, rows)
    if known.has("assessments"):
        assessed = [name for name, factor in known.catalogue.factors.items() if "assessments" in factor.tables]
        # This join alone makes the table wide; what is joined before and sorted after it takes its memory another time.
        narrow = known.engine.settle(rows, if_limited=True)
        rows = known.engine.settle(assessment_columns(known, narrow, assessed), if_limited=True)
    for name, make in own.items():
        rows = rows.join(_own_values(known, name, make), on=_KEY, how="left")
    given = set(rows.collect_schema().names())
    values: dict[str, nw.Expr] = {name: _value(name, known, given, own) for name in factor_columns(known, own)[1:]}
    return peer_columns(rows.select(_KEY, **values), late)


def _journal_columns(known: KnownRecords, rows: Frame, compared: dict[str, str]) -> Frame:
    """Factors from absences and marks, beside peers where nothing later fills them: few columns, so windows cost little."""
    spans = [f"_{what}_{name}" for what in ("days", "held") for name in INTERVALS]
    rows = rows.select(_KEY, *PEERS, *spans)
    if known.has("absences"):
        rows = absence_columns(known, rows)
    else:
        rows = rows.with_columns(**{f"_lessons_{name}": _stated(name) for name in INTERVALS})
    if known.has("marks"):
        rows = mark_columns(known, rows)
    given = set(rows.collect_schema().names())
    rows = peer_columns(rows, {name: other for name, other in compared.items() if other in given})
    found = rows.collect_schema().names()
    return known.engine.settle(rows.select(_KEY, "_lessons_window", *(each for each in found if _is_column(each))))


def _stated(interval: str) -> nw.Expr:
    lessons = nw.col(f"_held_{interval}")
    return nw.when((nw.col(f"_days_{interval}") >= LEAST_DAYS) & (lessons > 0)).then(lessons)


def _is_column(name: str) -> bool:
    return not name.startswith("_") and name not in (_KEY, *PEERS)


def _is_filled(factor: str, known: KnownRecords, own: Own) -> bool:
    """Whether a factor may come from elsewhere than absences and marks."""
    entry = known.catalogue.factors[factor]
    return factor in own or entry.compute is not None or not {"absences", "marks"}.issuperset(entry.tables)


def _own_values(known: KnownRecords, name: str, make: Callable[[KnownRecords], Any]) -> Frame:
    made = make(known)
    if not {_KEY, "value"}.issubset(columns := known.engine.columns(made)):
        raise ValueError(f"own[{name!r}] must give pupil_id and value, got {', '.join(columns)}")
    found = known.engine.enter(made, {_KEY: nw.String, "value": nw.Float64})
    return found.group_by(_KEY).agg(nw.col("value").max().alias(f"_own_{name}"))


def _value(name: str, known: KnownRecords, given: set[str], own: Own) -> nw.Expr:
    """Make a column of the factor table of what there is: one's own value, the computed, the assessed one."""
    if name == "semester":
        return nw.lit(known.window.label)
    if name in TEXT_COLUMNS or name == "programme_level":
        return nw.col(name) if name in given else nw.lit(None, nw.String)
    factor = known.catalogue.factors.get(name)
    compute, assessed = f"_computed_{name}", f"_assessed_{name}"
    found = [f"_own_{name}"] if name in own else []
    found += [each for each in (compute, name) if each in given]
    if assessed in given and factor is not None and factor.kind == "count" and compute in given:
        greater = nw.max_horizontal(compute, assessed)
        return nw.coalesce(nw.col(found[0]), greater) if name in own else greater
    found += [assessed] if assessed in given else []
    if not found:
        return nw.lit(None, nw.Float64)
    columns = [nw.col(each).cast(nw.Float64) for each in found]
    return nw.coalesce(*columns) if len(columns) > 1 else columns[0]
