"""What had been written down before a day: what schools could hand in then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

_OPEN_DAYS = 7  # without a date of the excuse, absences of the last days are still open
_EVENT = {"support": "date_from", "pupils": "enrolled_from"}
_EXCUSED = ("excused_illness", "excused_other", "excused_school_event")


def known_before(parts: Mapping[str, Sequence[pa.Table]], day: dt.date, semester: str) -> dict[str, pa.Table]:
    """Leave out of made tables what happened, or was written down, on a day or later.

    Parameters
    ----------
    parts : mapping of str to sequence of pyarrow.Table
        Canonical tables in parts, one of each semester.
    day : datetime.date
        First day that nothing is known of.
    semester : str
        The semester that the day belongs to: later ones have not begun.

    Returns
    -------
    dict of str to pyarrow.Table
        Excuses, corrections and goals that came later are taken back, too.
    """
    limit = pa.scalar(day, pa.date32())
    return {
        name: pa.concat_tables([_known(name, part, limit, day, semester) for part in tables])
        for name, tables in parts.items()
    }


def _known(name: str, table: pa.Table, limit: pa.Scalar, day: dt.date, semester: str) -> pa.Table:
    if name in ("schools", "offers"):
        return table
    if name in ("pupils", "semesters"):
        table = _kept(table, pc.less_equal(table["semester"], pa.scalar(semester)))
    when = _EVENT.get(name, "date")
    if when in table.column_names:
        table = _kept(table, pc.less(table[when], limit))
    if "recorded_on" in table.column_names:
        table = _kept(table, pc.fill_null(pc.less(table["recorded_on"], limit), True))
    if name == "absences":
        table = _excuses_taken_back(table, limit, pa.scalar(day - dt.timedelta(days=_OPEN_DAYS), pa.date32()))
    if name == "marks":
        late = _on_or_after(table["corrected_on"], limit)
        undated = pc.and_(pc.is_null(table["corrected_on"]), pc.is_null(table["recorded_on"]))
        fresh = pc.and_(undated, pc.greater_equal(table["date"], pa.scalar(day - dt.timedelta(days=21), pa.date32())))
        table = _emptied(table, "corrected_mark", pc.or_(late, fresh))
        table = _emptied(table, "corrected_on", late)
    if name == "support":
        table = _emptied(table, "goal_met", _on_or_after(table["date_to"], limit))
    return table


def _excuses_taken_back(table: pa.Table, limit: pa.Scalar, recent: pa.Scalar) -> pa.Table:
    """Excuses to come, and those without any date among the last days' absences."""
    excused = pc.is_in(table["status"], pa.array(_EXCUSED))
    late = _on_or_after(table["excused_on"], limit)
    undated = pc.and_(pc.is_null(table["recorded_on"]), pc.is_null(table["excused_on"]))
    fresh = pc.and_(undated, pc.greater_equal(table["date"], recent))
    taken_back = pc.or_(late, pc.and_(excused, fresh))
    if not pc.any(taken_back).as_py():
        return table
    status = pc.if_else(taken_back, pa.scalar("absent_open"), table["status"])
    table = table.set_column(table.column_names.index("status"), "status", status)
    return _emptied(table, "excused_on", late)


def _kept(table: pa.Table, where: pa.ChunkedArray) -> pa.Table:
    """Filter, without copying a table of which every row stays: most semesters are long past."""
    return table if pc.all(where).as_py() else table.filter(where)


def _on_or_after(column: pa.ChunkedArray, limit: pa.Scalar) -> pa.ChunkedArray:
    return pc.fill_null(pc.greater_equal(column, limit), False)


def _emptied(table: pa.Table, name: str, where: pa.ChunkedArray) -> pa.Table:
    if not pc.any(where).as_py():
        return table
    column = table[name]
    return table.set_column(
        table.column_names.index(name), name, pc.if_else(where, pa.scalar(None, column.type), column)
    )
