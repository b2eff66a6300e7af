"""Marks as journals have them: daily work, tests and their corrections, semester and year marks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from pumpurs_risk.datasets.years.columns import days, numbers, record_ids, text, words
from pumpurs_risk.datasets.years.marking import NOT_ASSESSED, NOT_TAUGHT
from pumpurs_risk.datasets.years.parameters import Marks
from pumpurs_risk.datasets.years.subjects import Subjects
from pumpurs_risk.datasets.years.term_roll import TermRoll

Array = np.ndarray[Any, Any]
_KINDS = ["daily", "test", "semester", "year"]
_DAILY, _TEST, _SEMESTER, _YEAR = range(len(_KINDS))
_SIGNS = ["nv", "pass", "fail"]
_NV, _PASS, _FAIL = range(len(_SIGNS))
_NEVER = np.datetime64("NaT", "D")
_FINAL_WEEK = 5  # school days at the end of a semester in which final marks are written
_RETEST_DAY = np.datetime64("1970-08-24").astype(np.int64)  # day of the year on which August's re-tests are written
_MENDED = 4.0


def marks(
    roll: TermRoll, rules: Marks, subjects: Subjects, year: Array | None = None, mended: Array | None = None
) -> list[pa.Table]:
    """Write one semester's marks.

    Parameters
    ----------
    roll : TermRoll
        Who was there; its facts hold the semester marks.
    rules : Marks
        Parameters.
    subjects : Subjects
        Names of subjects.
    year, mended : numpy.ndarray, shape (n, n_columns), optional
        Year marks, and which of them a re-test in August mended.

    Returns
    -------
    list of pyarrow.Table
        In the form of the table ``marks``: single marks, then final ones.
    """
    return [_single(roll, rules, subjects), *_final(roll, subjects, year, mended)]


def _single(roll: TermRoll, rules: Marks, subjects: Subjects) -> pa.Table:
    rng = roll.chance("single marks")
    level = roll.facts.subject_level
    n, columns = level.shape
    share = np.maximum(roll.end - roll.first, 0) / len(roll.term.days)
    taught = np.where(np.isnan(level), 0.0, share[:, None]).astype(np.float32)
    cell, kind = [], []
    for code, mean in ((_DAILY, rules.daily), (_TEST, rules.tests)):
        count = rng.poisson(mean * taught).ravel()
        cell.append(np.repeat(np.arange(n * columns, dtype=np.int64), count))
        kind.append(np.full(len(cell[-1]), code))
    cells, kinds = np.concatenate(cell), np.concatenate(kind)
    position = roll.some_day(cells // columns, rng)
    key = np.unique((cells * 256 + position) * 2 + kinds)  # one mark of a kind, subject and day
    kinds, position, cells = key % 2, (key // 2) % 256, key // 512
    who, size = cells // columns, len(cells)
    scattered = level.ravel()[cells] + np.float32(rules.daily_sd) * rng.standard_normal(size, dtype=np.float32)
    mark = np.clip(np.floor(scattered + 0.5), 1, 10).astype(float)
    u = rng.random(size)
    daily = kinds == _DAILY
    percent = daily & (u < rules.percent)
    passing = daily & (u >= rules.percent) & (u < rules.percent + rules.pass_fail)
    missing = daily & (u >= 1 - rules.daily_nv)
    sign = np.where(missing, _NV, np.where(passing, np.where(mark >= 4, _PASS, _FAIL), -1))
    percents = np.where(percent, np.clip(np.round(10 * scattered), 0, 100), np.nan)
    mark[percent | (sign >= 0)] = np.nan
    date = roll.term.days[position]
    undated = roll.books.undated[roll.school[who]]
    retry = (kinds == _TEST) & (mark < 5) & (rng.random(size) < rules.corrected)
    corrected = np.where(retry, np.minimum(mark + rng.integers(1, 4, size), 10), np.nan)
    corrected_on = np.where(retry & ~undated, date + rng.integers(7, 21, size), _NEVER)
    recorded = np.where(undated, _NEVER, date + np.minimum(rng.geometric(0.6, size) - 1, 5))
    mistaken = np.flatnonzero((kinds == _TEST) & ~undated & ~retry & (rng.random(size) < rules.versions))
    number = np.full(size, -1)
    number[mistaken] = np.arange(len(mistaken))
    first_written = mark.copy()
    first_written[mistaken] = np.clip(mark[mistaken] + rng.choice([-2, 2], len(mistaken)), 1, 10)
    mended_on = recorded[mistaken] + rng.integers(3, 30, len(mistaken))
    order = np.concatenate([np.arange(size), mistaken])
    return _table(
        roll,
        who[order],
        subjects.number[roll.places.programme[roll.school[who]], cells % columns][order],
        date[order],
        kinds[order],
        np.concatenate([first_written, mark[mistaken]]),
        subjects.names,
        sign=sign[order],
        percent=percents[order],
        corrected=corrected[order],
        corrected_on=corrected_on[order],
        recorded=np.concatenate([recorded, mended_on]),
        record=record_ids(roll.record_prefix("v"), number[order]),
    )


def _final(roll: TermRoll, subjects: Subjects, year: Array | None, mended: Array | None) -> list[pa.Table]:
    """Semester marks, and year marks where there are any, of those who were there to the end."""
    stays = ~roll.leaves & (roll.end > roll.first)
    tables = []
    for kind, values in ((_SEMESTER, roll.facts.marks), (_YEAR, year)):
        if values is None:
            continue
        who, column = np.nonzero((values != NOT_TAUGHT) & stays[:, None])
        mark = values[who, column].astype(float)
        rng = roll.chance(f"final {_KINDS[kind]}")
        date = roll.term.days[-1 - rng.integers(0, _FINAL_WEEK, len(who))]
        undated = roll.books.undated[roll.school[who]]
        again = np.zeros(len(who), dtype=bool) if kind == _SEMESTER or mended is None else mended[who, column]
        autumn = np.datetime64(f"{roll.term.begins + 1}-01-01") + _RETEST_DAY
        nv = mark == NOT_ASSESSED
        tables.append(
            _table(
                roll,
                who,
                subjects.number[roll.places.programme[roll.school[who]], column],
                date,
                np.full(len(who), kind),
                np.where(nv, np.nan, mark),
                subjects.names,
                semester=roll.term.semester,
                sign=np.where(nv, _NV, -1),
                corrected=np.where(again, _MENDED, np.nan),
                corrected_on=np.where(again, autumn, _NEVER),
                recorded=np.where(undated, _NEVER, np.minimum(date + 1, roll.term.last)),
            )
        )
    return tables


def _table(
    roll: TermRoll,
    who: Array,
    subject: Array,
    date: Array,
    kind: Array,
    mark: Array,
    names: list[str],
    *,
    semester: str | None = None,
    sign: Array,
    percent: Array | None = None,
    corrected: Array,
    corrected_on: Array,
    recorded: Array,
    record: pa.Array | None = None,
) -> pa.Table:
    size = len(who)
    return pa.table(
        {
            "pupil_id": roll.pupil_ids(who),
            "subject": words(names, subject),
            "date": days(date),
            "kind": words(_KINDS, kind),
            "semester": text(semester, size),
            "mark": numbers(mark),
            "sign": words(_SIGNS, sign),
            "percent": numbers(np.full(size, np.nan) if percent is None else percent),
            "corrected_mark": numbers(corrected),
            "corrected_on": days(corrected_on),
            "recorded_on": days(recorded),
            "record_id": text(None, size) if record is None else record,
        }
    )
