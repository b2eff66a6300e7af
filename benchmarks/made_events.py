"""Made journal tables of any size, as Parquet in the form of the contract: the material of ``events.py``.

Per 300,000 pupils: 15 M absences, 6 M marks, 1.2 M assessments, 0.3 M incidents, two semesters of pupils. Ids are texts
with leading zeros; 5 to 15 % of the pupils have no row in a table; many dates are equal; about a tenth of the rows is dated
after the day; excuses and corrections arrive late; one pupil has a twentieth of all marks; one school in fifty keeps a
register of lessons held. Made chunk by chunk in whole arrays, so memory does not grow with the number of pupils.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import pumpurs_risk as pr

AS_OF = dt.date(2026, 1, 15)
FIRST, LAST = "2025-02-03", "2026-02-06"
BEFORE, COVERED = "2024/2025-2", "2025/2026-1"
FULL_SIZE = 300_000
PER_SCHOOL = 600
CHUNK = 15_000
ROW_GROUP = 122_880
REGISTER_EVERY = 50
SUBJECTS = (
    "Matemātika", "Latviešu valoda", "Angļu valoda", "Fizika", "Ķīmija", "Bioloģija", "Vēsture",
    "Ģeogrāfija", "Datorika", "Literatūra", "Mūzika", "Sports", "Vizuālā māksla", "Sociālās zinības",
)  # fmt: skip
STATUSES = (
    "absent_open", "absent_unexcused", "excused_illness", "excused_other", "excused_school_event", "late",
    "left_early", "present",
)  # fmt: skip
STATUS_SHARES = (0.04, 0.18, 0.48, 0.14, 0.06, 0.07, 0.03, 0.0)
KINDS = ("daily", "test", "semester")
INCIDENTS = ("peer_conflict", "teacher_conflict", "bullying", "violence", "rule_breach")
INCIDENT_SHARES = (0.3, 0.2, 0.12, 0.08, 0.3)
ASSESSED = (
    "motivation", "teacher_concern", "learning_gaps", "health_problem", "workload_outside", "weak_parent_support",
    "paid_work_hours", "peer_conflicts",
)  # fmt: skip
ROLES = ("class_teacher", "social_pedagogue", "psychologist")

Ints = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Roster:
    """Who is there: one entry per pupil, schools in order."""

    pupil_id: pa.Array
    school: Ints
    programme: Ints
    level: Ints
    has_absences: np.ndarray
    has_marks: np.ndarray

    @classmethod
    def of(cls, n_pupils: int, seed: int) -> Roster:
        """Draw who is there."""
        rng = np.random.default_rng([seed, 0])
        school = np.arange(n_pupils) // PER_SCHOOL
        vocational = school % 9 == 8
        evening = school % 31 == 30
        programme = np.where(evening, 1, np.where(vocational, 2, 0))
        level = np.select([evening, vocational], [rng.integers(10, 13, n_pupils), rng.integers(1, 5, n_pupils)],
                          rng.integers(5, 13, n_pupils))  # fmt: skip
        numbers = (np.arange(n_pupils, dtype=np.int64) * 7919 + 13) % 10_000_000
        return cls(
            zero_padded(numbers, 7),
            school,
            programme,
            level,
            rng.random(n_pupils) > 0.10,
            rng.random(n_pupils) > 0.06,
        )

    def __len__(self) -> int:
        return len(self.school)


def zero_padded(numbers: Ints, width: int, prefix: str = "") -> pa.Array:
    import pyarrow.compute as pc

    texts = pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), width, "0")
    return pc.binary_join_element_wise(prefix, texts, "") if prefix else texts


def chosen(words: tuple[str, ...], codes: Ints, known: np.ndarray | None = None) -> pa.Array:
    indices = pa.array(codes.astype(np.int32), mask=None if known is None else ~known)
    return pa.DictionaryArray.from_arrays(indices, pa.array(words, pa.string())).cast(pa.string())


def dates(days: np.ndarray, known: np.ndarray | None = None) -> pa.Array:
    return pa.array(days.astype("datetime64[D]"), pa.date32(), mask=None if known is None else ~known)


def school_days() -> np.ndarray:
    days = np.arange(np.datetime64(FIRST), np.datetime64(LAST) + 1)
    calendar = pr.Catalogue.load().calendar
    return days[np.asarray(calendar.school_days(days, days + 1)) == 1]


def pupils_table(roster: Roster, seed: int) -> pa.Table:
    """Two semesters: 2 % are gone in the second, 4 % new in it, 3 % in another school, 3 % at the same level again."""
    rng = np.random.default_rng([seed, 1])
    n = len(roster)
    fate = rng.random(n)
    gone, new, moved, again = fate < 0.02, (fate >= 0.02) & (fate < 0.06), (fate >= 0.06) & (fate < 0.09), fate > 0.97
    entry = np.where(roster.programme == 2, 1, np.where(roster.programme == 1, 10, 1))
    earlier_level = np.maximum(np.where(again, roster.level, roster.level - 1), entry)
    n_schools = int(roster.school[-1]) + 1
    earlier_school = np.where(moved, (roster.school + 1) % n_schools, roster.school)
    letter = rng.integers(0, 4, n)
    born = (2025 - roster.level - np.where(roster.programme == 2, 15, 6) - again).astype(int)
    birth = (born - 1970).astype("datetime64[Y]").astype("datetime64[D]") + rng.integers(0, 365, n)
    enrolled = np.where(
        new | moved,
        np.datetime64("2025-09-01") + np.where(rng.random(n) < 0.2, rng.integers(0, 90, n), 0),
        np.datetime64("2023-09-01") + rng.integers(0, 2, n),
    )
    born_known, distance_known = rng.random(n) > 0.03, rng.random(n) > 0.4
    distance, lodging = rng.integers(0, 4, n).astype(float), (rng.random(n) < 0.05).astype(float)
    letters = tuple(f"{level}.{name}" for level in range(13) for name in "abcd")

    def rows(keep: np.ndarray, semester: str, school: Ints, level: Ints) -> pa.Table:
        at = np.flatnonzero(keep)
        return pa.table(
            {
                "pupil_id": roster.pupil_id.take(pa.array(at)),
                "school_id": zero_padded(school[at], 4),
                "semester": pa.repeat(semester, len(at)),
                "programme": chosen(("general", "evening", "vocational"), roster.programme[at]),
                "level": level[at].astype(float),
                "class_id": chosen(letters, level[at] * 4 + letter[at]),
                "birth_date": dates(birth[at], born_known[at]),
                "enrolled_from": dates(enrolled[at]),
                "distance": pa.array(distance[at], mask=~distance_known[at]),
                "lodging": pa.array(lodging[at], mask=~distance_known[at]),
            }
        )

    return pa.concat_tables(
        [rows(~new, BEFORE, earlier_school, earlier_level), rows(~gone, COVERED, roster.school, roster.level)]
    )


def outcomes_table(roster: Roster, seed: int) -> pa.Table:
    """Who had left by the day, and what became of others later."""
    rng = np.random.default_rng([seed, 2])
    n = len(roster)
    gone = np.random.default_rng([seed, 1]).random(n) < 0.02
    later = rng.random(n) < 0.06
    at = np.flatnonzero(gone | later)
    kinds = ("dropped_out", "graduated", "transferred", "emigrated", "still_enrolled", "unclear")
    code = rng.choice(6, len(at), p=(0.3, 0.15, 0.2, 0.1, 0.2, 0.05))
    day = np.where(gone[at], np.datetime64("2025-06-02"), np.datetime64("2026-01-20")) + rng.integers(0, 200, len(at))
    return pa.table(
        {
            "pupil_id": roster.pupil_id.take(pa.array(at)),
            "date": dates(day),
            "outcome": chosen(kinds, code),
            "stage": pa.array(np.where(code == 1, "secondary", None), pa.string()),
        }
    )


def spread(known: np.ndarray, mean: float, shape: float, rng: np.random.Generator) -> Ints:
    """Counts per pupil as journals have them: most few, some very many; none where nothing is known."""
    counts = rng.poisson(rng.gamma(shape, mean / shape, len(known)))
    return np.where(known, counts, 0)


def absences(roster: Roster, at: Ints, days: np.ndarray, rng: np.random.Generator) -> pa.Table:
    """One row per lesson missed; a register of lessons held in some schools; 1 % of the rows corrected later."""
    n_days = len(days)
    spells = np.minimum(spread(roster.has_absences[at], 11.6, 1.1, rng), n_days)
    key = np.unique(np.repeat(at, spells) * n_days + rng.integers(0, n_days, int(spells.sum())))
    pupil, day = key // n_days, key % n_days
    status = rng.choice(8, len(key), p=STATUS_SHARES)
    lessons = np.where(status == 5, 1, np.minimum(rng.integers(1, 12, len(key)), 7))
    lessons[status == 6] = 2
    spell = np.repeat(np.arange(len(key)), lessons)
    within = np.arange(len(spell)) - np.repeat(np.cumsum(lessons) - lessons, lessons)
    registered = np.flatnonzero(roster.school[at] % REGISTER_EVERY == 0)
    present = np.setdiff1d((at[registered][:, None] * n_days + np.arange(n_days)).ravel(), key)
    pupil = np.concatenate([pupil[spell], present // n_days])
    day_of = np.concatenate([day[spell], present % n_days])
    status = np.concatenate([status[spell], np.full(len(present), 7)])
    lesson = np.concatenate([within + 1, np.zeros(len(present), np.int64)])
    in_register = (roster.school[pupil] % REGISTER_EVERY == 0) & (status != 5)
    date = days[day_of]
    lag = rng.choice([0, 0, 1, 3, 30], len(pupil), p=(0.5, 0.2, 0.2, 0.09, 0.01))
    corrected = np.flatnonzero(rng.random(len(pupil)) < 0.01)
    numbered = rng.random(len(pupil)) < 0.01
    numbered[corrected] = True
    version = np.concatenate([np.arange(len(pupil)), corrected])
    late = np.concatenate([np.zeros(len(pupil), np.int64), np.full(len(corrected), 6)])
    final = status[version]
    final[len(pupil) :] = np.where(final[len(pupil) :] < 2, 2, final[len(pupil) :])
    excused = (final >= 2) & (final <= 4)
    given = excused & (rng.random(len(version)) < 0.65)
    recorded = (rng.random(len(version)) < 0.85) | (late > 0)
    order = np.argsort(date[version], kind="stable")
    version, late, final, given, recorded = (a[order] for a in (version, late, final, given, recorded))
    day_known, held = date[version], np.where(final == 7, 7.0, 1.0)
    missed_known = rng.random(len(version)) < 0.3
    missed = np.where((final == 7) | (final == 5), 0.0, 1.0)
    return pa.table(
        {
            "pupil_id": roster.pupil_id.take(pa.array(pupil[version])),
            "date": dates(day_known),
            "lesson": chosen(tuple(str(i) for i in range(12)), lesson[version], lesson[version] > 0),
            "subject": chosen(SUBJECTS, rng.integers(0, len(SUBJECTS), len(version)), rng.random(len(version)) < 0.7),
            "lessons_missed": pa.array(missed, mask=~missed_known & (final != 7)),
            "lessons_held": pa.array(held, mask=~in_register[version]),
            "status": chosen(STATUSES, final),
            "excused_on": dates(day_known + rng.integers(0, 13, len(version)), given),
            "recorded_on": dates(day_known + lag[version] + late, recorded),
            "record_id": record_ids(version, numbered[version], int(at[0])),
        }
    )


def record_ids(number: Ints, known: np.ndarray, chunk: int) -> pa.Array:
    import pyarrow.compute as pc

    return pc.if_else(pa.array(known), zero_padded(number, 8, f"r{chunk}-"), pa.scalar(None, pa.string()))


def marks(roster: Roster, at: Ints, days: np.ndarray, rng: np.random.Generator, of_one: int) -> pa.Table:
    """Semester marks in about seven subjects, marks of the semester beside them; the first pupil has ``of_one`` more."""
    subjects = np.where(roster.has_marks[at], rng.integers(5, 10, len(at)), 0)
    pupil = np.repeat(at, subjects)
    first = rng.integers(0, len(SUBJECTS), len(at))
    subject = (np.arange(len(pupil)) - np.repeat(np.cumsum(subjects) - subjects - first, subjects)) % len(SUBJECTS)
    ability = rng.normal(6.3, 1.4, len(at))
    own = np.repeat(ability, subjects)
    none = rng.random(len(pupil)) < 0.05  # no semester mark yet: a provisional one is made from the others
    tests = np.where(
        none, rng.integers(2, 7, len(pupil)), rng.integers(0, 2, len(pupil)) * rng.integers(0, 4, len(pupil))
    )
    ends = (np.datetime64("2025-05-28"), np.datetime64("2025-12-17"))
    parts = [  # pupil, subject, level of the mark, kind, date, semester given
        (pupil, subject, own, np.full(len(pupil), 2), np.full(len(pupil), ends[0]), 0),
        (pupil[~none], subject[~none], own[~none], np.full((~none).sum(), 2), np.full((~none).sum(), ends[1]), 1),
    ]
    many = np.repeat(np.arange(len(pupil)), tests)
    parts.append(
        (pupil[many], subject[many], own[many], rng.integers(0, 2, len(many)), rng.choice(days, len(many)), -1)
    )
    one = np.full(of_one, at[0])
    parts.append((one, rng.integers(0, 14, of_one), np.full(of_one, 5.5), rng.integers(0, 2, of_one),
                  rng.choice(days, of_one), -1))  # fmt: skip
    semester = np.concatenate([np.full(len(part[0]), part[5]) for part in parts])
    pupil, subject, mean, kind, date = (np.concatenate([part[i] for part in parts]) for i in range(5))
    size = len(pupil)
    points = np.clip(np.rint(mean + rng.normal(0, 1.2, size)), 1, 10)
    halves = (kind < 2) & (rng.random(size) < 0.05) & (points < 10)
    points = points + np.where(halves, 0.5, 0.0)
    signed = rng.random(size) < 0.03
    corrected = ~signed & (rng.random(size) < 0.03)
    corrected_days = date + rng.integers(1, 40, size)
    order = np.argsort(date, kind="stable")
    table = pa.table(
        {
            "pupil_id": roster.pupil_id.take(pa.array(pupil)),
            "subject": chosen(SUBJECTS, subject),
            "date": dates(date),
            "kind": chosen(KINDS, kind),
            "semester": chosen((BEFORE, COVERED), np.maximum(semester, 0), (semester >= 0) & (rng.random(size) < 0.5)),
            "mark": pa.array(points, mask=signed),
            "sign": chosen(("nv", "exempt"), (rng.random(size) < 0.2).astype(int), signed),
            "corrected_mark": pa.array(np.minimum(np.floor(points) + 1, 10), mask=~corrected),
            "corrected_on": dates(corrected_days, corrected & (rng.random(size) < 0.8)),
            "recorded_on": dates(date + rng.integers(0, 3, size), rng.random(size) < 0.85),
        }
    )
    return table.take(pa.array(order))


def assessments(roster: Roster, at: Ints, days: np.ndarray, rng: np.random.Generator) -> pa.Table:
    """Four judgements a pupil, two roles on one day among them."""
    pupil = np.repeat(at, spread(rng.random(len(at)) > 0.12, 4.5, 4.0, rng))
    size = len(pupil)
    factor = rng.integers(0, len(ASSESSED), size)
    value = np.where(factor == 6, rng.integers(0, 30, size), rng.integers(0, 4, size)).astype(float)
    weekly = days[::5]
    date = rng.choice(weekly, size)
    key = np.unique(
        np.stack([pupil, factor, (date - days[0]).astype(int), rng.integers(0, 3, size)]), axis=1, return_index=True
    )
    kept, role = key[1], key[0][3]
    return pa.table(
        {
            "pupil_id": roster.pupil_id.take(pa.array(pupil[kept])),
            "date": dates(date[kept]),
            "factor": chosen(ASSESSED, factor[kept]),
            "value": value[kept],
            "role": chosen(ROLES, role),
            "recorded_on": dates(date[kept] + rng.integers(0, 5, len(kept)), rng.random(len(kept)) < 0.8),
        }
    )


def incidents(roster: Roster, at: Ints, days: np.ndarray, rng: np.random.Generator) -> pa.Table:
    """One a pupil on average, and none for most."""
    pupil = np.repeat(at, spread(rng.random(len(at)) < 0.4, 2.5, 0.8, rng))
    size = len(pupil)
    date = rng.choice(days, size)
    return pa.table(
        {
            "pupil_id": roster.pupil_id.take(pa.array(pupil)),
            "date": dates(date),
            "kind": chosen(INCIDENTS, rng.choice(len(INCIDENTS), size, p=INCIDENT_SHARES)),
            "severity": pa.array(rng.integers(1, 4, size).astype(float), mask=rng.random(size) < 0.3),
            "recorded_on": dates(date + rng.integers(0, 4, size), rng.random(size) < 0.9),
        }
    )


def make(folder: Path, n_pupils: int = FULL_SIZE, seed: int = 0) -> dict[str, int]:
    """Write the tables; return the rows of each."""
    folder.mkdir(parents=True, exist_ok=True)
    roster, days = Roster.of(n_pupils, seed), school_days()
    written = {"pupils": 0, "outcomes": 0, "absences": 0, "marks": 0, "assessments": 0, "incidents": 0}
    for name, table in (("pupils", pupils_table(roster, seed)), ("outcomes", outcomes_table(roster, seed))):
        pq.write_table(table, folder / f"{name}.parquet", row_group_size=ROW_GROUP)
        written[name] = table.num_rows
    writers: dict[str, pq.ParquetWriter] = {}
    for at in chunks(n_pupils):
        rng = np.random.default_rng([seed, 3, int(at[0])])
        of_one = n_pupils if at[0] == 0 else 0
        made = {
            "absences": absences(roster, at, days, rng),
            "marks": marks(roster, at, days, rng, of_one),
            "assessments": assessments(roster, at, days, rng),
            "incidents": incidents(roster, at, days, rng),
        }
        for name, table in made.items():
            if name not in writers:
                writers[name] = pq.ParquetWriter(folder / f"{name}.parquet", table.schema)
            writers[name].write_table(table, row_group_size=ROW_GROUP)
            written[name] += table.num_rows
    for writer in writers.values():
        writer.close()
    return written


def chunks(n_pupils: int) -> Iterator[Ints]:
    for start in range(0, n_pupils, CHUNK):
        yield np.arange(start, min(start + CHUNK, n_pupils))
