"""A list of an old day, made again a year later from all that was written down since, is the same to the last bit.

30 January 2026: 19 school days of the second semester have passed, the figures cover the first one. 2 February: 20 have
passed, they cover both.
"""

import datetime as dt
import functools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pumpurs_risk as pr

DAYS = ["2026-01-30", "2026-02-02"]
SUBJECTS = ["matemātika", "latviešu valoda", "vēsture"]
PUPILS = [f"{number:03}" for number in range(1, 25)]
SPRING = "2025/2026-2"


def day(text: str, shift: int = 0) -> dt.date:
    return dt.date.fromisoformat(text) + dt.timedelta(days=shift)


def as_recorded(seed: int = 0) -> dict[str, pd.DataFrame]:
    """What two schools had written down by 1 February 2026, every row with the day on which it was."""
    rng = np.random.default_rng(seed)
    made: dict[str, list[dict]] = {
        name: [] for name in ("pupils", "absences", "marks", "incidents", "assessments", "outcomes")
    }
    for number, pupil in enumerate(PUPILS):
        school = "ozolu" if number % 2 else "liepu"
        level = 9 if number < 16 else 10
        for semester, recorded, at in (
            ("2024/2025-2", "2025-01-06", level - 1 if number % 5 else level),
            ("2025/2026-1", "2025-09-01", level),
            (SPRING, "2026-01-05", level),
        ):
            made["pupils"].append(
                {"pupil_id": pupil, "school_id": school, "semester": semester, "programme": "general", "level": at,
                 "class_id": f"{at}.a", "birth_year": 2016 - level - number % 3, "recorded_on": day(recorded)}
            )  # fmt: skip
        taken = set()
        for _ in range(rng.integers(0, 25)):
            when, lesson = day("2025-09-01", int(rng.integers(0, 153))), str(rng.integers(1, 8))
            if (when, lesson) in taken:
                continue
            taken.add((when, lesson))
            status = rng.choice(
                ["absent_open", "absent_unexcused", "excused_illness", "late", "left_early", "excused_school_event"]
            )
            made["absences"].append(
                {"pupil_id": pupil, "date": when, "lesson": lesson, "subject": SUBJECTS[int(rng.integers(3))], "status": status,
                 "excused_on": when + dt.timedelta(days=3) if status.startswith("excused") and rng.random() < 0.7 else None,
                 "recorded_on": when, "record_id": f"a{len(made['absences'])}"}
            )  # fmt: skip
        for subject in SUBJECTS:
            for semester, last in (("2024/2025-2", "2025-05-30"), ("2025/2026-1", "2025-12-19")):
                made["marks"].append(
                    {"pupil_id": pupil, "subject": subject, "date": day(last), "kind": "semester", "semester": semester,
                     "mark": str(rng.integers(2, 11)) if rng.random() < 0.9 else "nv",
                     "corrected_mark": None, "corrected_on": None, "recorded_on": day(last),
                     "record_id": f"m{len(made['marks'])}"}
                )  # fmt: skip
            for shift in range(3, 25, 7):
                made["marks"].append(
                    {"pupil_id": pupil, "subject": subject, "date": day("2026-01-05", shift), "kind": "daily", "semester": None,
                     "mark": str(rng.integers(2, 11)), "corrected_mark": None, "corrected_on": None,
                     "recorded_on": day("2026-01-05", shift), "record_id": f"m{len(made['marks'])}"}
                )  # fmt: skip
        for _ in range(rng.integers(0, 3)):
            when = day("2025-09-01", int(rng.integers(0, 153)))
            made["incidents"].append(
                {"pupil_id": pupil, "date": when, "kind": str(rng.choice(["peer_conflict", "bullying"])), "recorded_on": when,
                 "record_id": f"i{len(made['incidents'])}"}
            )  # fmt: skip
        when = day("2025-10-01", int(rng.integers(0, 120)))
        made["assessments"].append(
            {"pupil_id": pupil, "date": when, "factor": "motivation", "value": float(rng.integers(0, 4)), "role": "class_teacher",
             "recorded_on": when, "record_id": f"v{len(made['assessments'])}"}
        )  # fmt: skip
    made["outcomes"].append(
        {
            "pupil_id": PUPILS[3],
            "date": day("2026-01-12"),
            "outcome": "dropped_out",
            "recorded_on": day("2026-01-13"),
            "record_id": "o1",
        }
    )
    return {name: pd.DataFrame(rows) for name, rows in made.items()}


def a_year_later(known: dict[str, pd.DataFrame], as_of: str, seed: int = 1) -> dict[str, pd.DataFrame]:
    """The same tables after a year of late excuses, corrections, additions and another order of rows."""
    rng = np.random.default_rng(seed)
    later = {name: frame.copy() for name, frame in known.items()}

    absences, start = later["absences"], day(as_of)
    before = np.array([d < start for d in absences["date"]])
    excused = (absences["status"] == "absent_open") & before & (rng.random(len(absences)) < 0.6)
    absences.loc[excused, "status"] = "excused_other"
    absences.loc[excused, "excused_on"] = [
        start + dt.timedelta(days=int(rng.integers(0, 300))) for _ in range(excused.sum())
    ]

    marks = later["marks"]
    corrected = rng.random(len(marks)) < 0.3
    marks.loc[corrected, "corrected_mark"] = "10"
    marks.loc[corrected, "corrected_on"] = [
        start + dt.timedelta(days=int(rng.integers(0, 300))) for _ in range(corrected.sum())
    ]

    for name, change in {
        "absences": {"status": "absent_unexcused", "lesson": "9"},
        "marks": {"mark": "1"},
        "incidents": {"kind": "violence"},
        "assessments": {"value": 3.0},
        "outcomes": {"outcome": "still_enrolled"},
    }.items():
        frame = later[name]
        again = frame.sample(frac=0.5, random_state=seed).assign(
            **change
        )  # corrected records: the id again, a later day
        again["recorded_on"] = [start + dt.timedelta(days=int(rng.integers(0, 300))) for _ in range(len(again))]
        backdated = frame.sample(frac=0.3, random_state=seed + 1).assign(
            **change
        )  # happened then, written down only now
        backdated["record_id"] = [f"new-{name}-{number}" for number in range(len(backdated))]
        backdated["recorded_on"] = start
        fresh = frame.sample(frac=0.3, random_state=seed + 2).assign(**change)  # happened and written down since
        fresh["date"] = [start + dt.timedelta(days=int(rng.integers(0, 300))) for _ in range(len(fresh))]
        fresh["recorded_on"] = fresh["date"]
        fresh["record_id"] = [f"fresh-{name}-{number}" for number in range(len(fresh))]
        later[name] = pd.concat([frame, again, backdated, fresh])

    left = pd.DataFrame(
        {"pupil_id": PUPILS[:6], "date": [start] * 6, "outcome": ["dropped_out", "transferred"] * 3, "recorded_on": [start] * 6,
         "record_id": [f"o-late-{n}" for n in range(6)]}
    )  # fmt: skip
    later["outcomes"] = pd.concat([later["outcomes"], left])
    moved = known["pupils"][known["pupils"]["semester"] == SPRING].assign(
        semester="2026/2027-1", level=11, class_id="11.b", recorded_on=day("2026-09-01")
    )
    elsewhere = (
        known["pupils"][known["pupils"]["semester"] == SPRING].head(5).assign(school_id="kalnu", recorded_on=start)
    )
    later["pupils"] = pd.concat([later["pupils"], moved, elsewhere])
    return {name: frame.sample(frac=1, random_state=seed).reset_index(drop=True) for name, frame in later.items()}


def only_before(frames: dict[str, pd.DataFrame], as_of: str) -> dict[str, pd.DataFrame]:
    """Delete what was dated or written down on that day or later."""
    start, kept = day(as_of), {}
    for name, frame in frames.items():
        row = np.array([d < start for d in frame["recorded_on"]])
        if "date" in frame:
            row &= np.array([d < start for d in frame["date"]])
        kept[name] = frame[row]
    return kept


def factors(frames: dict[str, pd.DataFrame], as_of: str) -> pd.DataFrame:
    return pr.factor_table(pr.SchoolRecords.from_tables(**frames), as_of=as_of)


@functools.cache
def first_made(as_of: str) -> pd.DataFrame:
    return factors(as_recorded(), as_of)


@pytest.mark.parametrize("as_of", DAYS)
def test_a_year_of_late_excuses_and_corrections_changes_no_bit(as_of):
    first = first_made(as_of)
    assert len(first) == len(PUPILS) - 1  # one had left
    assert first["absence_share"].gt(0).sum() > 10 and first["mean_mark"].notna().sum() > 20
    assert set(first["semester"]) == {"2025/2026-1" if as_of == DAYS[0] else "2025/2026-1+2025/2026-2"}
    pd.testing.assert_frame_equal(factors(a_year_later(as_recorded(), as_of), as_of), first, check_exact=True)


def test_deleting_what_came_later_changes_no_bit():
    as_of = DAYS[1]
    everything = a_year_later(as_recorded(2), as_of, 3)
    pd.testing.assert_frame_equal(
        factors(only_before(everything, as_of), as_of), factors(everything, as_of), check_exact=True
    )


def test_the_facts_behind_the_factors_are_the_same_too():
    as_of, known = DAYS[1], as_recorded()
    first = pr.evidence(pr.SchoolRecords.from_tables(**known), as_of=as_of)
    again = pr.evidence(pr.SchoolRecords.from_tables(**a_year_later(known, as_of)), as_of=as_of)
    assert len(first)
    pd.testing.assert_frame_equal(again, first, check_exact=True)


def test_the_later_list_does_see_what_came_later():
    as_of, known = DAYS[1], as_recorded()
    later = a_year_later(known, as_of)
    assert not factors(later, "2026-05-20").equals(factors(known, "2026-05-20"))


def test_a_later_entry_for_the_same_lesson_does_not_displace_the_one_that_was_known():
    """Not every system gives its records a number: then a second row for the same pupil, day and lesson is all one sees."""
    as_of = DAYS[1]
    known = {name: frame.drop(columns="record_id", errors="ignore") for name, frame in as_recorded().items()}
    first = factors(only_before(known, as_of), as_of)
    later = {name: frame.copy() for name, frame in only_before(known, as_of).items()}
    changes = {"absences": {"status": "excused_other", "excused_on": day(as_of)}, "marks": {"mark": "1"},
               "assessments": {"value": 3.0}, "pupils": {"level": 12.0, "class_id": "12.z"},
               "outcomes": {"outcome": "still_enrolled"}}  # fmt: skip
    for name, change in changes.items():
        again = later[name].assign(**change, recorded_on=day(as_of, 30))
        later[name] = pd.concat([again, later[name]], ignore_index=True)
    pd.testing.assert_frame_equal(factors(later, as_of), first, check_exact=True)


def test_without_the_day_of_recording_the_event_decides_and_later_ones_change_nothing():
    as_of = DAYS[1]
    drop = ["recorded_on", "record_id"]
    known = {
        name: frame.drop(columns=drop, errors="ignore") for name, frame in only_before(as_recorded(), as_of).items()
    }
    first = factors(known, as_of)
    later = dict(known)
    for name in ("absences", "marks", "incidents", "assessments", "outcomes"):
        fresh = known[name].assign(date=[day(as_of, n % 90) for n in range(len(known[name]))])
        later[name] = pd.concat(
            [
                fresh.drop_duplicates([c for c in ("pupil_id", "date", "lesson", "subject", "kind") if c in fresh]),
                known[name],
            ]
        )
    pd.testing.assert_frame_equal(factors(later, as_of), first, check_exact=True)


# --- whatever is added on the day or later


_on_or_after = st.integers(0, 400).map(lambda shift: day(DAYS[1], shift))
_before = st.integers(1, 150).map(lambda shift: day(DAYS[1], -shift))
_any_day = st.one_of(_before, _on_or_after)
_absence = st.fixed_dictionaries(
    {"pupil_id": st.sampled_from(PUPILS), "date": _any_day, "lesson": st.sampled_from(["1", "2", "11"]),
     "status": st.sampled_from(["absent_open", "absent_unexcused", "excused_illness", "late", "present"]),
     "excused_on": st.none() | _on_or_after, "recorded_on": _on_or_after, "record_id": st.sampled_from(["a0", "a1", "a2", "z"])}
)  # fmt: skip
_mark = st.fixed_dictionaries(
    {"pupil_id": st.sampled_from(PUPILS), "subject": st.sampled_from(SUBJECTS), "date": _any_day,
     "kind": st.sampled_from(["daily", "semester", "year"]), "mark": st.sampled_from(["1", "10", "nv", "7(p.d.)", "4|7"]),
     "recorded_on": _on_or_after, "record_id": st.sampled_from(["m0", "m1", "z"])}
)  # fmt: skip
_pupil = st.fixed_dictionaries(
    {"pupil_id": st.sampled_from([*PUPILS, "new"]), "school_id": st.sampled_from(["ozolu", "liepu", "kalnu"]),
     "semester": st.sampled_from(["2024/2025-2", "2025/2026-1", SPRING, "2026/2027-1"]),
     "programme": st.just("general"), "level": st.sampled_from([9.0, 10.0, 11.0]), "class_id": st.just("9.z"),
     "birth_year": st.just(2005), "recorded_on": _on_or_after}
)  # fmt: skip
_outcome = st.fixed_dictionaries(
    {"pupil_id": st.sampled_from(PUPILS), "date": _any_day,
     "outcome": st.sampled_from(["dropped_out", "transferred", "still_enrolled"]),
     "recorded_on": _on_or_after, "record_id": st.sampled_from(["o1", "z"])}
)  # fmt: skip


@functools.cache
def _known():
    known = only_before(as_recorded(4), DAYS[1])
    return known, factors(known, DAYS[1])


@settings(max_examples=5, deadline=None)
@given(
    absences=st.lists(_absence, max_size=8), marks=st.lists(_mark, max_size=8), pupils=st.lists(_pupil, max_size=5),
    outcomes=st.lists(_outcome, max_size=5),
)  # fmt: skip
def test_no_record_written_down_on_the_day_or_later_changes_anything(absences, marks, pupils, outcomes):
    added = {"absences": absences, "marks": marks, "pupils": pupils, "outcomes": outcomes}
    known, first = _known()
    later = {
        name: pd.concat([frame, pd.DataFrame(added[name])], ignore_index=True) if added.get(name) else frame
        for name, frame in known.items()
    }
    pd.testing.assert_frame_equal(factors(later, DAYS[1]), first, check_exact=True)
