"""What is known of early school leaving holds in the made municipality: published figures, tolerances, made figures."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pumpurs_risk.datasets import make_cohort
from pumpurs_risk.records import SchoolRecords

AS_OF = dt.date(2027, 1, 15)
PROGRAMME_SHARES = {
    "general": 0.60,
    "vocational": 0.36,
    "evening": 0.04,
}  # own: where a Latvian age group goes after grade 9
MISSED = ("absent_open", "absent_unexcused", "excused_illness", "excused_other", "left_early")
UNEXCUSED = ("absent_open", "absent_unexcused")


@dataclass(frozen=True)
class Fact:
    """One figure beside the published one."""

    name: str
    published: str
    low: float
    high: float
    made: float

    @property
    def holds(self) -> bool:
        return self.low <= self.made <= self.high


def per_semester(records: SchoolRecords) -> pd.DataFrame:
    """One row per pupil and semester: roll, facts of the semester, and whether the pupil left in it or the year after."""
    rows = records.pupils.select(
        ["pupil_id", "school_id", "semester", "programme", "level", "class_id", "sex", "birth_date", "birth_year"]
    ).to_pandas()
    bounds = records.semesters.to_pandas().groupby("semester")[["date_from", "date_to"]].first().astype("datetime64[s]")
    held = records.semesters.select(["school_id", "class_id", "semester", "lessons_held"]).to_pandas()
    rows = rows.merge(held, on=["school_id", "class_id", "semester"], how="left").join(bounds, on="semester")
    rural = records.tables["schools"].select(["school_id", "rural"]).to_pandas()
    rows = rows.merge(rural, on="school_id")
    facts = pd.concat([lessons(records, bounds), failed(records), breaches(records, bounds)], axis=1)
    rows = rows.join(facts, on=["pupil_id", "semester"]).fillna(
        {"missed": 0.0, "unexcused": 0.0, "failing": 0.0, "breaches": 0.0}
    )
    born = pd.to_datetime(rows["birth_date"]).dt.year.fillna(rows["birth_year"])
    begins = rows["semester"].str[:4].astype(int)
    stage = rows["level"] + np.where(rows["programme"] == "vocational", 9, 0)
    rows["years_over"] = begins - 6 - stage - born
    rows["age"] = begins - born
    left = leavers(records)
    start = rows["date_from"]
    next_start = start.map(dict(zip(bounds["date_from"], [*bounds["date_from"][1:], pd.NaT], strict=True)))
    day = rows["pupil_id"].map(left)
    summer = (rows["level"] == 9) & (
        rows["semester"].str[-1] == "2"
    )  # who finishes grade 9 and does not come in September
    next_start += pd.to_timedelta(np.where(summer, 14, 0), unit="D")
    rows["left_here"] = (day >= start) & ((day < next_start) | next_start.isna())
    rows["left_after"] = (day > rows["date_to"]) & (day <= rows["date_to"] + pd.Timedelta(days=365))
    rows["left_on"] = day
    return rows


def leavers(records: SchoolRecords) -> pd.Series:
    outcomes = records.outcomes.select(["pupil_id", "date", "outcome"]).to_pandas()
    gone = outcomes[outcomes["outcome"] == "dropped_out"]
    return pd.to_datetime(gone.groupby("pupil_id")["date"].min())


def semester_of(dates: pa.ChunkedArray, bounds: pd.DataFrame) -> np.ndarray:
    days = dates.cast(pa.int32()).to_numpy()
    starts = bounds["date_from"].to_numpy().astype("datetime64[D]").astype(np.int32)
    return bounds.index.to_numpy()[np.searchsorted(starts, days, side="right") - 1]


def counted(table: pa.Table, bounds: pd.DataFrame, value: str) -> pd.Series:
    """Sum of a column by pupil and semester."""
    semester = pd.Categorical(semester_of(table["date"], bounds))
    codes = pa.array(semester.codes.astype(np.int32))
    sums = (
        pa.table({"pupil_id": table["pupil_id"], "code": codes, "value": table[value]})
        .group_by(["pupil_id", "code"])
        .aggregate([("value", "sum")])
        .to_pandas()
    )
    sums["semester"] = np.asarray(semester.categories)[sums["code"]]
    return sums.set_index(["pupil_id", "semester"])["value_sum"]


def lessons(records: SchoolRecords, bounds: pd.DataFrame) -> pd.DataFrame:
    """Lessons missed and unexcused, by what is known of each absence in the end."""
    table = records.absences
    first = pc.and_(pc.is_valid(table["record_id"]), pc.equal(table["status"], "absent_open"))
    table = table.filter(pc.invert(first))
    missed = table.filter(pc.is_in(table["status"], pa.array(MISSED)))
    unexcused = table.filter(pc.is_in(table["status"], pa.array(UNEXCUSED)))
    return pd.DataFrame(
        {
            "missed": counted(missed, bounds, "lessons_missed"),
            "unexcused": counted(unexcused, bounds, "lessons_missed"),
        }
    )


def failed(records: SchoolRecords) -> pd.Series:
    table = records.marks.filter(pc.equal(records.marks["kind"], "semester"))
    table = table.filter(pc.fill_null(pc.less(table["mark"], 4), False))
    return table.to_pandas().groupby(["pupil_id", "semester"]).size().rename("failing")


def breaches(records: SchoolRecords, bounds: pd.DataFrame) -> pd.Series:
    table = records.incidents.filter(pc.equal(records.incidents["kind"], "rule_breach"))
    return counted(table.append_column("one", pa.array(np.ones(len(table)))), bounds, "one").rename("breaches")


def odds_ratio(flag: pd.Series, left: pd.Series) -> float:
    yes, no = left[flag].mean(), left[~flag].mean()
    return float(yes / (1 - yes) / (no / (1 - no)))


def leaving_shares(rows: pd.DataFrame) -> pd.Series:
    """Share of a programme and level that leaves within a semester."""
    return rows.groupby(["programme", "level"])["left_here"].mean()


def cumulative(rows: pd.DataFrame) -> float:
    """Share of an age group that leaves between grade 5 and the end: a life table over programmes and levels."""
    hazard = leaving_shares(rows)

    def stays(programme: str, first: int, last: int) -> float:
        return float(np.prod([(1 - hazard[programme, level]) ** 2 for level in range(first, last + 1)]))

    basic = stays("general", 5, 9)
    later = {
        "general": stays("general", 10, 12),
        "vocational": stays("vocational", 1, 4),
        "evening": stays("evening", 10, 12),
    }
    return 1 - basic * sum(share * later[programme] for programme, share in PROGRAMME_SHARES.items())


def in_two_weeks(records: SchoolRecords) -> float:
    """Share of those on the roll who missed any lesson in two ordinary weeks of November 2026."""
    table = records.absences
    within = pc.and_(
        pc.and_(
            pc.greater_equal(table["date"], pa.scalar(dt.date(2026, 11, 2), pa.date32())),
            pc.less(table["date"], pa.scalar(dt.date(2026, 11, 16), pa.date32())),
        ),
        pc.is_in(table["status"], pa.array(MISSED)),
    )
    missed = len(table.filter(within)["pupil_id"].unique())
    return missed / len(records.pupils.filter(pc.equal(records.pupils["semester"], "2026/2027-1")))


def poor(records: SchoolRecords) -> pd.Series:
    """Whether a pupil's home was ever judged poor, of those whose home was judged."""
    table = records.assessments.filter(pc.equal(records.assessments["factor"], "low_income")).to_pandas()
    return table.groupby("pupil_id")["value"].max() >= 2


def expecting(records: SchoolRecords, rows: pd.DataFrame) -> float:
    """Share of girls of 13 to 17 who were asked in a school year and expected or had a child."""
    table = records.assessments.filter(pc.equal(records.assessments["factor"], "pregnancy")).to_pandas()
    girls = rows[(rows["sex"] == "female") & rows["age"].between(13, 17)]
    asked = table[table["pupil_id"].isin(set(girls["pupil_id"]))]
    return float(asked.groupby("pupil_id")["value"].max().mean())


def facts_of(records: SchoolRecords) -> list[Fact]:
    rows = per_semester(records)
    rows = rows[rows["semester"] < rows["semester"].max()]  # the records end within the last one
    whole = rows[rows["semester"] <= "2026/2027-1"]  # one year of follow-up after its end
    year_after = whole[~whole["left_here"]]
    stays = year_after["left_after"]
    absent = year_after["missed"] / year_after["lessons_held"] >= 0.10
    general, basic = rows["programme"] == "general", rows["level"] <= 9
    over_20 = rows["unexcused"] > 20
    before = rows[rows["semester"] <= "2026/2027-1"]
    long_absent = before["missed"] / before["lessons_held"] >= 0.10
    hazards = leaving_shares(rows)
    left = rows[rows["left_here"]]
    sex = rows.groupby("sex")["left_here"].mean()
    by_rural = rows[general & basic].groupby("rural")["left_here"].mean()
    poor_home = year_after["pupil_id"].map(poor(records))
    judged = poor_home.notna()
    low_income = odds_ratio(poor_home[judged].astype(bool), stays[judged])
    flags = {
        "absent": absent,
        "failing": year_after["failing"] >= 1,
        "over age": year_after["years_over"] >= 1,
        "breaches": year_after["breaches"] >= 2,
        "unexcused": year_after["unexcused"] > 20,
    }
    sensitivity = [float(flag[stays].mean()) for flag in flags.values()]
    specificity = [float(1 - flag[~stays].mean()) for flag in flags.values()]
    evening = rows["programme"] == "evening"
    vocational = rows["programme"] == "vocational"
    basic_done = (left["programme"] == "vocational") | (left["level"] >= 10)
    basic_done |= (left["level"] == 9) & (left["left_on"].dt.month == 9) & (left["semester"].str[-1] == "2")
    one_sign = flags["absent"] | flags["failing"] | (year_after["breaches"] >= 2) | (year_after["unexcused"] > 20)
    upper = general & ~basic
    f = Fact
    return [
        f("early leavers, of an age group", "7.7 % (2023), 6.7 % (2022)", 0.06, 0.095, cumulative(rows)),
        f("men to women", "10.0 / 5.5 = 1.8", 1.4, 2.3, sex["male"] / sex["female"]),
        f("countryside to town (grades 5-9)", "12.5 / 7.1 = 1.8; 9.5 / 7.7", 1.2, 2.2, by_rural[1.0] / by_rural[0.0]),
        f("> 20 unexcused, basic", "0.3-1.6 %", 0.003, 0.016, over_20[general & basic].mean()),
        f("> 20 unexcused, upper secondary", "1.4-3.5 % (2018: 0.3 %)", 0.010, 0.035, over_20[upper].mean()),
        f("> 20 unexcused, vocational", "3-4.2 %", 0.028, 0.045, over_20[vocational].mean()),
        f("absent for 10 % or more", "13-19 %", 0.13, 0.19, long_absent.mean()),
        f("OR of absence >= 10 %", "7.4 (Utah); flags 3.5-25", 3.5, 12.0, odds_ratio(absent, stays)),
        f("OR of a failing mark", "3.8-5.5", 3.5, 6.0, odds_ratio(flags["failing"], stays)),
        f("OR of over-age", "2.2-10", 2.2, 10.0, odds_ratio(flags["over age"], stays)),
        f("OR of two rule breaches", "2.4-5.9", 2.4, 5.9, odds_ratio(flags["breaches"], stays)),
        f("OR of a poor home", "2.5-2.9", 2.0, 3.5, low_income),
        f("least sensitive single flag", ".1-.6", 0.03, 0.6, min(sensitivity)),
        f("most sensitive single flag", ".1-.6", 0.1, 0.65, max(sensitivity)),
        f("least specific single flag", ".7-.98", 0.7, 0.99, min(specificity)),
        f("most specific single flag", ".7-.98", 0.7, 0.995, max(specificity)),
        f("missed any lesson in two weeks", "18 % (OECD) to 62.8 % (Latvia)", 0.18, 0.628, in_two_weeks(records)),
        f(
            "leave a semester, grades 5-8",
            "0.1-0.3 %",
            0.0008,
            0.003,
            rows[general & (rows["level"] <= 8)]["left_here"].mean(),
        ),
        f(
            "leave a semester, grades 9-12",
            "0.5-1 %",
            0.0045,
            0.01,
            rows[general & (rows["level"] >= 9)]["left_here"].mean(),
        ),
        f("leave a semester, vocational", "1-2 %", 0.01, 0.02, rows[vocational]["left_here"].mean()),
        f("leave a semester, evening", "1-2 %", 0.01, 0.02, rows[evening]["left_here"].mean()),
        f("leavers aged 15 to 18", "most", 0.5, 0.95, left["age"].between(15, 18).mean()),
        f("leavers who had finished grade 9", "77 %", 0.6, 0.9, basic_done.mean()),
        f(
            "leavers with a sign a semester before",
            "absence, marks, conflicts named first",
            0.4,
            0.9,
            one_sign[stays].mean(),
        ),
        f(
            "girls of 13-17 expecting, of those asked",
            "85-145 births a year to mothers up to 17",
            0.0002,
            0.01,
            expecting(records, rows),
        ),
        f(
            "highest hazard: vocational 1 to 4",
            "year 1 leads",
            1.0,
            3.0,
            hazards["vocational", 1] / hazards["vocational", 4],
        ),
    ]


@pytest.mark.slow
def test_the_made_municipality_looks_like_what_is_published(capsys: pytest.CaptureFixture[str]) -> None:
    facts = facts_of(make_cohort(40_000, random_state=1, form="tables", as_of=AS_OF))
    with capsys.disabled():
        print(f"\n{'fact':44}{'published':44}{'tolerance':>16}{'made':>9}  holds")
        for fact in facts:
            span = f"{fact.low:g}-{fact.high:g}"
            print(f"{fact.name:44}{fact.published:44}{span:>16}{fact.made:9.4f}  {'yes' if fact.holds else 'NO'}")
    missed = [fact.name for fact in facts if not fact.holds]
    assert not missed
