"""A small history whose factor tables are made by hand, so that a training takes a moment."""

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pumpurs_risk.batch.past import Past
from pumpurs_risk.records import SchoolRecords

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
