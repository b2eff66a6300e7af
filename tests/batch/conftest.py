"""A small history whose factor tables are made by hand, and lists handed out without scoring: both take a moment."""

import datetime as dt
import shutil
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pumpurs_risk.batch.manifest import Manifest, ModelUsed, SchoolCounts, write_manifest
from pumpurs_risk.batch.past import Past
from pumpurs_risk.batch.previous import EarlierWork
from pumpurs_risk.records import SchoolRecords
from pumpurs_risk.records.workbook.reader import read_workbook
from pumpurs_risk.reports import SchoolPaper, write_support_staff_workbook
from pumpurs_risk.reports.paper import LIST_COLUMNS

DAYS = ("2024-01-19", "2024-09-16", "2025-01-20", "2025-09-15")
SEMESTERS = [f"{year}/{year + 1}-{half}" for year in range(2023, 2028) for half in (1, 2)]


def past_of(n=400, leavers=40, days=DAYS, schools=("a", "b"), leaver_schools=None, support=(), seed=0, **factors):
    """Pupils of whom the first `leavers` left, spread evenly over the days' years; the more absent, the sooner."""
    rng = np.random.default_rng(seed)
    ids = np.array([f"p{i:04d}" for i in range(n)])
    left = np.arange(n) < leavers
    school = np.array([schools[i % len(schools)] for i in range(n)], dtype=object)
    if leaver_schools:
        school[left] = [leaver_schools[i % len(leaver_schools)] for i in range(leavers)]
    parsed = [dt.date.fromisoformat(day) for day in days]
    gone = {ids[i]: parsed[i % len(parsed)] + dt.timedelta(days=30 + i % 90) for i in range(leavers)}
    tables = {}
    for day in parsed:
        there = np.array([gone.get(each, dt.date.max) > day for each in ids])
        share = np.clip(rng.beta(1, 12, n) + 0.15 * left * rng.random(n), 0, 1)
        X = pd.DataFrame({"pupil_id": ids, "school_id": school, "programme": "general", "level": 9.0})
        X["absence_share"], X["failing_subjects"] = share, rng.poisson(0.3 + 0.8 * left, n).astype(float)
        for name, value in factors.items():
            X[name] = value(left, rng) if callable(value) else value
        tables[day] = X[there].reset_index(drop=True)
    outcomes = pa.table({"pupil_id": list(gone), "date": list(gone.values()), "outcome": ["dropped_out"] * len(gone)})
    if not gone:
        outcomes = pa.table({"pupil_id": [ids[0]], "date": [dt.date(2027, 1, 1)], "outcome": ["still_enrolled"]})
    begins = {name: dt.date(int(name[:4]) + (name[-1] == "2"), 9 if name[-1] == "1" else 1, 1) for name in SEMESTERS}
    enrolled = [
        (each, place, name)
        for each, place in zip(ids, school, strict=True)
        for name, begun in begins.items()
        if begun < gone.get(each, dt.date.max)
    ]
    pupils = pa.table(
        {name: [row[i] for row in enrolled] for i, name in enumerate(("pupil_id", "school_id", "semester"))}
    )
    given = {"pupils": pupils, "outcomes": outcomes}
    if support:
        begun = [dt.date(2023, 10, 2)] * len(support)
        given["support"] = pa.table(
            {"pupil_id": list(support), "date_from": begun, "measure": ["mentor"] * len(support)}
        )
    records = SchoolRecords.of(given)
    past = Past.of_records(records, days, name="mezs", municipality="Mežnovads")
    past._tables.update(tables)
    return past


@pytest.fixture(scope="session")
def made_past():
    """Make a history: see `past_of`."""
    return past_of


@pytest.fixture(scope="session")
def trained(made_past, tmp_path_factory):
    """One training with everything in it, into the folder ``models/mezs``."""
    from pumpurs_risk.batch.training import train_model

    out = tmp_path_factory.mktemp("models") / "mezs"
    past = made_past(support=[f"p{i:04d}" for i in range(60)])
    return train_model(past, out=out, shareable=True, lang="en", made_on=dt.date(2028, 3, 1), bootstrap=20)


AUTUMN, WINTER = dt.date(2026, 9, 15), dt.date(2027, 1, 15)


def hand_out(place, day, *, schools=("liepas", "kalnu"), missing=(), carried=None, name=None):
    """Write the folder of a run by hand: each school's list names a to d (``liepas:a``), decided as `carried` says."""
    run = place / (name or f"or_{day.isoformat()}")
    (run / "data").mkdir(parents=True)
    facts: dict[str, Any] = {
        "schema_version": 1, "tool": "", "made_at": "", "as_of": day, "semester": "", "expires": day, "keep_until": day,
        "municipality": "Kalnu novads", "purpose": "", "intended_uses": (), "forbidden_uses": (), "lang": "lv",
        "settings": {}, "model": ModelUsed(**dict.fromkeys(("name", "digest", "two_year_risk"), ""), notes=(),
        has_local_outcomes=False, national_mean=0.01), "inputs": (), "not_received": (), "key_fingerprint": "",
        "previous": (), "not_understood": 0, "problems": {}, "warnings": (),
    }  # fmt: skip
    numbers = [
        f.name for f in msgspec.structs.fields(SchoolCounts) if f.required and f.name not in ("school_id", "title")
    ]
    counts = tuple(SchoolCounts(school_id=s, title=f"{s.title()} skola", **dict.fromkeys(numbers, 0)) for s in schools)
    write_manifest(Manifest(**facts, schools=counts), run / "run.json")
    work = carried or EarlierWork()
    for frame in ("answers", "decisions", "added", "outcomes", "support"):
        getattr(work, frame).to_parquet(run / "data" / f"{frame}.parquet")
    decided = {row.pupil_id: {"decision": row.decision, "note": row.note} for row in work.decisions.itertuples()}
    summary = {"above": 1, "places": 1, "not_covered": 0, "threshold": 0.1}
    for school in schools:
        place = run / "schools" / school / "support_staff"
        place.mkdir(parents=True)
        listed = pd.DataFrame(
            [(f"{school}:{i}", f"{i.upper()} {school}", "9.a") for i in "abcd"], columns=list(LIST_COLUMNS[:3])
        )
        texts = dict.fromkeys(LIST_COLUMNS[3:], "") | {"tier": "act_now", "certainty": "sure", "order": 1}
        listed = listed.assign(**texts)
        for column in ("decision", "note"):
            listed[column] = [decided.get(pupil, {}).get(column, "") for pupil in listed["pupil_id"]]
        asked = listed.iloc[:2].assign(
            factor="lodging", question="Vai dzīvo kopmītnē?", role="class_teacher", kind="yes_no", scale=None, unit="",
            low=np.nan, high=np.nan, answer="",
        )  # fmt: skip
        gone = pd.DataFrame(
            [(f"{school}:{i}", f"{i.upper()} {school}", "9.a", AUTUMN, "", "") for i in missing],
            columns=["pupil_id", "shown", "class_id", "last_seen", "outcome", "note"],
        )
        paper = SchoolPaper(
            school, f"{school.title()} skola", day, day, summary, run=run.name, listed=listed, questions=asked, missing=gone,
            added=work.added[work.added["school_id"] == school],
        )  # fmt: skip
        write_support_staff_workbook(place / f"saraksts_{school}_{day}.xlsx", paper)
    return run


@pytest.fixture
def handed_out(tmp_path):
    """Make runs by hand: see `hand_out`."""

    def make(day=WINTER, **given):
        return hand_out(tmp_path / "runs", day, **given)

    return make


@pytest.fixture
def list_of():
    """Find a school's own workbook in a run."""
    return lambda run, school: next((run / "schools" / school / "support_staff").glob("*.xlsx"))


@pytest.fixture
def fill_in(type_into):
    """Type into a list: (table, pupil id, column id) to text; pupil 0 is a table's first row."""

    def fill(path, typed):
        cells = {}
        for sheet in read_workbook(path):
            ids, mark, places = [], "", {}
            for number, row in zip(sheet.rows, sheet.top(len(sheet.rows)), strict=True):
                if row[0].startswith("pumpurs_risk:"):
                    ids, mark = row, row[0].removeprefix("pumpurs_risk:")
                    places[mark, 0] = int(number) + 2, ids
                elif ids:
                    places.setdefault((mark, row[0]), (int(number), ids))
            for (table, who, column), typed_text in typed.items():
                if (table, who) in places:
                    number, ids = places[table, who]
                    cells[sheet.name, f"{'ABCDEFGHIJ'[ids.index(column)]}{number}"] = typed_text
        assert len(cells) == len(typed), "something is not there to type into"
        type_into(path, cells)

    return fill


@pytest.fixture
def copied(tmp_path):
    """Copy a list as a person would who sends it by e-mail, under another name."""

    def copy(path, name):
        target = tmp_path / "mail" / name
        target.parent.mkdir(exist_ok=True)
        shutil.copy(path, target)
        return target

    return copy
