"""Nobody is on a list without a next step, whatever the sheet says and whatever people answered and decided."""

from __future__ import annotations

import datetime as dt
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import pumpurs_risk as pr
from pumpurs_risk.batch.previous import ADDED, ANSWERS, DECISIONS
from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.records.contract import SheetContract

DAYS = ("2026-09-15", "2027-01-15")
PUPILS = [f"{i:02}" for i in range(12)]
DECIDED = ("confirmed", "dismissed", "deferred", "")
TYPES = {
    "absence_share": st.floats(0, 1), "mean_mark": st.floats(1, 10), "failing_subjects": st.integers(0, 12),
    "unexcused_raw": st.integers(0, 90), "teacher_concern": st.integers(0, 3), "repeated_level": st.integers(0, 1),
    "violence": st.integers(0, 3), "pregnancy": st.integers(0, 1), "distance": st.floats(0, 60),
}  # fmt: skip
"""Columns of the sheet with what may stand in them; any may be empty."""


@cache
def catalogue() -> Catalogue:
    return Catalogue.load()


@st.composite
def sheets(draw: st.DrawFn) -> pd.DataFrame:
    """A school's sheet of a few pupils; any cell may be empty."""
    n = draw(st.integers(1, len(PUPILS)))
    known = SheetContract.load(catalogue()).fields
    columns = draw(st.lists(st.sampled_from([c for c in TYPES if c in known]), unique=True, max_size=6))
    table = pd.DataFrame({"pupil_id": PUPILS[:n], "school_id": "s"})
    table["class_id"] = [f"{draw(st.integers(5, 12))}.a" for _ in range(n)]
    for column in columns:
        cells = draw(st.lists(st.none() | TYPES[column], min_size=n, max_size=n))
        table[column] = pd.array([np.nan if cell is None else float(cell) for cell in cells], dtype="float64")
    return table


@st.composite
def written(draw: st.DrawFn) -> dict[str, pd.DataFrame]:
    """What people answered, decided and added on the first list."""
    some = st.lists(st.sampled_from(PUPILS), unique=True, max_size=5)
    decided = [
        (p, "s", draw(st.sampled_from(DECIDED)), draw(st.sampled_from(("", "–", "slimoja")))) for p in draw(some)
    ]
    asked = [f for f in ("teacher_concern", "distance", "failing_subjects") if f in catalogue().factors]
    answers = [(p, draw(st.sampled_from(asked)), float(draw(st.integers(0, 3)))) for p in draw(some)]
    frames = {
        "decisions": pd.DataFrame([(*row, DAYS[0]) for row in decided], columns=list(DECISIONS)),
        "answers": pd.DataFrame([(*row, DAYS[0], "class_teacher") for row in answers], columns=list(ANSWERS)),
        "added": pd.DataFrame([("s", p, p, "", "", DAYS[0]) for p in draw(some)], columns=list(ADDED)),
    }
    text = {"decisions": DECISIONS, "answers": (*ANSWERS[:2], *ANSWERS[3:]), "added": ADDED}
    return {name: frame.astype(dict.fromkeys(text[name], "str")) for name, frame in frames.items()}


def nobody_without_a_step(run: pr.Run) -> None:
    flags = run.flags
    on_list = flags[flags["tier"].ne("none") | flags["always_look"].ne("") | flags["added"] | flags["listed"]]
    steps = run.next_steps
    assert steps["pupil_id"].is_unique
    assert set(on_list["pupil_id"]) == set(steps["pupil_id"]), flags
    for row in steps.itertuples():
        assert isinstance(row.step, str) and row.step.strip()
        assert row.role in catalogue().roles and row.role_name.strip()
        assert isinstance(row.due, dt.date) and row.due >= run.as_of  # violence waits for no day


@settings(
    max_examples=12, phases=[Phase.explicit, Phase.reuse, Phase.generate]
)  # making an example smaller would score for minutes
@given(sheets(), sheets(), written(), st.sampled_from(["lv", "en"]), st.sampled_from([None, 0, 3]))
def test_everyone_on_a_list_has_a_step_a_role_and_a_day(
    first: pd.DataFrame, second: pd.DataFrame, work: dict[str, pd.DataFrame], lang: str, places: int | None
) -> None:
    policy = pr.FlagPolicy(places=places)
    with tempfile.TemporaryDirectory() as folder:
        before = pr.score(
            pr.SchoolRecords.from_tables(first, as_of=DAYS[0]), policy=policy, lang=lang, out=Path(folder) / "first",
            lists_only=True,
        )  # fmt: skip
        nobody_without_a_step(before)
        for name, frame in work.items():  # as if the first list had carried on what people wrote before
            frame.assign(pupil_id="s:" + frame["pupil_id"]).to_parquet(
                Path(folder) / "first" / "data" / f"{name}.parquet"
            )
        now = pr.score(
            pr.SchoolRecords.from_tables(second, as_of=DAYS[1]), policy=policy, lang=lang, lists_only=True,
            previous=[Path(folder) / "first"],
        )  # fmt: skip
    nobody_without_a_step(now)
    assert set(before.flags["pupil_id"].head(1)) <= {f"s:{own}" for own in PUPILS}
    added = set(now.added["pupil_id"]) & set(now.flags["pupil_id"])
    dismissed = set(now.decisions.loc[now.decisions["decision"] == "dismissed", "pupil_id"])
    assert added - dismissed <= set(now.flags.loc[now.flags["added"], "pupil_id"])
