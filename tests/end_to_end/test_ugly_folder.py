"""An ugly folder of seven schools: right figures out, worked out by hand for twenty pupils, and every bad thing named once.

The list is of 15 January 2027. Since 4 January 9 school days have passed (5 in the week of the 4th, 4 in that of the
11th), fewer than 20: the figures cover the last completed semester, 1 September to 18 December 2026.

School days, Monday to Friday: September 22, October 22 - 5 of the break (19th to 23rd) = 17, November 21 - 1 (the 18th) =
20, December to the 18th 14; together 73. The last 30 days begin on 16 December: 3 + 9 = 12 school days. The 30 days before
begin on 16 November: 4 + 5 + 1 in November (without the 18th), 4 + 5 + 2 in December = 21.
"""

import importlib.util
import json
import tomllib
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

import pumpurs_risk as pr
from pumpurs_risk.records.workbook.reader import read_workbook

_spec = importlib.util.spec_from_file_location("ugly_folder", Path(__file__).with_name("ugly_folder.py"))
ugly = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(ugly)

UNKNOWN = float("nan")

# Lessons held where nobody says how many: 6.8 a day in grade 9, 6.4 in grade 7.
HELD_9 = 6.8 * 73  # 496.4
HELD_7 = 6.4 * 73  # 467.2
RECENT_9, BEFORE_9 = 6.8 * 12, 6.8 * 21  # 81.6 and 142.8

# Ābolu pamatskola hands in no register and no number of lessons: the defaults above hold. It hands in no incidents and no
# assessments: those are unknown, whatever other schools hand in. Grade 9 has 7 pupils there: 0101 to 0106 and 0109 (0107 is
# on the later school's list). Missed: 0, 12, 30, 2, 7, 3.5, 0; in order 0, 0, 2, 3.5, 7, 12, 30: the median is 3.5.
# Mean marks of the six who have one: 8, 13/3, 4, 6.5, 6.25, 5; in order 4, 4.33, 5, 6.25, 6.5, 8: the median is
# (5 + 6.25) / 2 = 5.625. Subjects below 4: 0, 1, 2, 0, 0, 0: the median is 0.
NOT_HANDED_IN = dict.fromkeys(
    ["peer_conflicts", "teacher_conflicts", "rule_breaches", "bullying", "violence", "motivation", "teacher_concern"],
    UNKNOWN,
)
ABOLU = {
    "0101": {
        "absence_share": 0, "unexcused_lessons": 0, "unexcused_raw": 0, "absence_recent": 0, "absence_trend": 0, "lateness": 0,
        "absence_share_vs_peers": -3.5 / HELD_9,
        "mean_mark": 8,  # (8 + 9 + 7) / 3
        "failing_subjects": 0, "not_assessed": 0,
        "mark_trend": -1 / 3,  # ((8 - 7) + (9 - 9) + (7 - 9)) / 3
        "mean_mark_vs_peers": 8 - 5.625, "failing_subjects_vs_peers": 0,
        "repeated_level": 0, "over_age": 0, "school_changes": 0, "days_known": 82,
    },
    "0102": {
        "absence_share": 12 / HELD_9,  # 5 + 5 excused, 2 not
        "unexcused_lessons": 100 * 2 / HELD_9, "unexcused_raw": 2,
        "absence_recent": 0, "absence_trend": 0, "lateness": 0,  # 9 November lies before both 30 days
        "absence_share_vs_peers": (12 - 3.5) / HELD_9,
        "mean_mark": 13 / 3,  # 3, 4 and, from 5, 6 and 4 corrected to 7, 6; two marks in English are too few
        "failing_subjects": 1, "not_assessed": 1, "mark_trend": UNKNOWN,
        "mean_mark_vs_peers": 13 / 3 - 5.625, "failing_subjects_vs_peers": 1,
        "repeated_level": UNKNOWN, "over_age": 1,  # 2026 - 2010 = 16, usual 15
        "school_changes": UNKNOWN,
    },
    "0103": {
        "absence_share": 30 / HELD_9,  # 4 x 6, 4 and 2; the 3 of January are after the semester
        "unexcused_lessons": 100 * 30 / HELD_9, "unexcused_raw": 30,
        "absence_recent": 5 / RECENT_9,  # 2 on 17 December, 3 on 12 January
        "absence_trend": 5 / RECENT_9 - 4 / BEFORE_9,
        "absence_share_vs_peers": (30 - 3.5) / HELD_9,
        "mean_mark": 4,  # 1, 3 and, from 7, 8, 7, 8 = 7.5, 8; the 11 is no mark
        "failing_subjects": 2, "not_assessed": 0, "mark_trend": UNKNOWN,
        "mean_mark_vs_peers": 4 - 5.625, "failing_subjects_vs_peers": 2,
        "repeated_level": 0, "over_age": 2, "school_changes": 1,  # last year at Bērzu vidusskola, in grade 8
    },
    "0104": {
        "absence_share": 2 / HELD_9,  # left early, 2 lessons missed; being late misses none
        "unexcused_lessons": 0, "unexcused_raw": 0, "lateness": 100 * 6 / HELD_9,
        "absence_recent": 0, "absence_trend": -2 / BEFORE_9,
        "absence_share_vs_peers": (2 - 3.5) / HELD_9,
        "mean_mark": 6.5, "failing_subjects": 0, "not_assessed": 0,
        "mark_trend": 1,  # 8 against the year mark of 5 June, 7, which is newer than the semester's 6
        "mean_mark_vs_peers": 6.5 - 5.625, "failing_subjects_vs_peers": 0,
        "repeated_level": 0, "over_age": 0, "school_changes": 0,
    },
    "0105": {
        "absence_share": 7 / HELD_9,  # 3 and 4; the school's own event is not missed
        "unexcused_lessons": 100 * 3 / HELD_9, "unexcused_raw": 3,  # their excuse is of 20 January: not known yet
        "open_raw": 0,  # older than seven days: their time for an excuse is over, they count as unexcused
        "absence_recent": 0, "absence_trend": -7 / BEFORE_9,
        "absence_share_vs_peers": (7 - 3.5) / HELD_9,
        "mean_mark": 6.25,  # 5, written down on 7 January, and 7.5
        "failing_subjects": 0, "not_assessed": 0, "mark_trend": UNKNOWN,
        "mean_mark_vs_peers": 6.25 - 5.625, "failing_subjects_vs_peers": 0, "over_age": 0,  # a year younger than usual
    },
    "0106": {
        "absence_share": 3.5 / HELD_9,  # 2.5, and 1 where the number is unusable; 31 February and the mark count nothing
        "unexcused_lessons": 100 * 3.5 / HELD_9, "unexcused_raw": 3.5, "absence_recent": 0, "absence_trend": 0,
        "absence_share_vs_peers": 0,
        "mean_mark": UNKNOWN, "failing_subjects": UNKNOWN, "not_assessed": UNKNOWN, "mark_trend": UNKNOWN,  # nobody marked
        "mean_mark_vs_peers": UNKNOWN, "failing_subjects_vs_peers": UNKNOWN, "over_age": UNKNOWN,
    },
    "0108": {
        "absence_share": 4 / HELD_7, "unexcused_lessons": 0, "unexcused_raw": 0,
        "absence_share_vs_peers": UNKNOWN,  # alone in grade 7
        "mean_mark": 5,  # 4 and 6
        "failing_subjects": 0, "not_assessed": 1,  # mathematics; in Latvian the 6 came later than the nv
        "mean_mark_vs_peers": UNKNOWN,
        "repeated_level": 1, "over_age": 1, "school_changes": 0,  # usual 13, reached 14
    },
    "0109": {
        "absence_share": 0, "unexcused_lessons": 0, "unexcused_raw": 0, "lateness": 0, "absence_share_vs_peers": -3.5 / HELD_9,
        "mean_mark": 5, "failing_subjects": 0, "not_assessed": 0, "mark_trend": UNKNOWN,  # (5 + 4 + 6) / 3; 85% is no mark
        "mean_mark_vs_peers": 5 - 5.625, "failing_subjects_vs_peers": 0, "repeated_level": UNKNOWN, "over_age": 0,
    },
}  # fmt: skip

# Bērzu vidusskola keeps a register: 8 lessons a day, 73 x 8 = 584 in the semester, 12 x 8 = 96 and 21 x 8 = 168 in the two
# spans of 30 days. It hands in incidents: who has none has 0. No assessments.
BERZU = {
    "201": {
        "absence_share": 45 / 584,  # 5 x 8 excused, 3, 2
        "unexcused_lessons": 100 * 5 / 584, "unexcused_raw": 5, "lateness": 0,
        "absence_recent": 2 / 96, "absence_trend": 2 / 96 - 3 / 168, "absence_share_vs_peers": UNKNOWN,
        "mean_mark": 9, "failing_subjects": 0, "not_assessed": 0,
        "peer_conflicts": 0, "teacher_conflicts": 0, "rule_breaches": 0, "bullying": 0, "violence": 0, "motivation": UNKNOWN,
        "repeated_level": 0, "over_age": 0, "school_changes": 0, "transition_year": 0,
    },
    "202": {
        "absence_share": 8 / 312,  # enrolled on 26 October: 5 + 20 + 14 = 39 days of 8
        "unexcused_lessons": 0, "unexcused_raw": 0, "absence_recent": 0, "absence_trend": 0,
        "mean_mark": 11 / 3, "failing_subjects": 2, "not_assessed": 0,
        "peer_conflicts": 2, "teacher_conflicts": 1, "rule_breaches": 0, "bullying": 0, "violence": 0,
        "repeated_level": UNKNOWN, "over_age": 0, "transition_year": 1, "days_known": 48,  # 39 + 9
    },
    "203": {
        "absence_share": 0, "unexcused_lessons": 0, "lateness": 100 * 4 / 584,
        "mean_mark": 6.5, "failing_subjects": 0,
        "bullying": 1, "violence": 1, "rule_breaches": 2,  # those of June and of January lie outside the semester
        "peer_conflicts": 0, "teacher_conflicts": 0, "repeated_level": 1, "over_age": 1, "school_changes": 0,
    },
    "0107": {
        "absence_share": 4 / 272,  # enrolled on 2 November: 20 + 14 = 34 days of 8
        "unexcused_lessons": 100 * 4 / 272, "unexcused_raw": 4, "absence_recent": 0, "absence_trend": 0,
        "mean_mark": 5.5,  # 5 and 6; the pass in sports is no mark
        "failing_subjects": 0, "not_assessed": 0, "peer_conflicts": 0, "over_age": 0, "days_known": 43,  # 34 + 9
    },
}  # fmt: skip

# Ceriņu tehnikums states the lessons of each semester: 511 and 686, in the class 1.A 584 and 784; 7 and 8 a school day.
CERU = {
    "ce01": {
        "absence_share": 43 / 584,  # 12 excused, 25 not, 6 of the corrected record; that of 15 January is not known yet
        "unexcused_lessons": 100 * 25 / 584, "unexcused_raw": 25,
        "absence_recent": 0, "absence_trend": -4 / 168,  # 21 x 8
        "mean_mark": 3, "failing_subjects": 2, "peer_conflicts": 0, "paid_work_hours": 12.5, "motivation": UNKNOWN,
        "over_age": 2,  # 18, usual 16
        "school_changes": 0,  # from grade 9 to course year 1: a new stage
        "transition_year": 1,
    },
    "ce02": {
        "absence_share": 7 / 343,  # enrolled on 5 October: 49 of 73 days, 511 x 49 / 73
        "unexcused_lessons": 0, "unexcused_raw": 0,
        "absence_recent": 5 / 84, "absence_trend": 5 / 84 - 7 / 147,  # 3 x 7 + 9 x 7; 21 x 7
        "mean_mark": 4,  # 3 corrected to 5 in time, 3 corrected too late
        "failing_subjects": 1, "over_age": 0, "days_known": 58,  # 49 + 9
    },
    "ce03": {
        "absence_share": 0, "lateness": 100 * 2 / 511, "mean_mark": 7, "mark_trend": 2, "failing_subjects": 0,
        "peer_conflicts": 3,  # recorded once, judged to be 3
        "rule_breaches": 0, "motivation": 3, "teacher_concern": 2, "paid_work_hours": UNKNOWN, "out_of_home_care": 1,
        "pregnancy": UNKNOWN, "repeated_level": 0, "over_age": 0, "school_changes": 0, "transition_year": 0,
    },
    "ce04": {
        "absence_share": 0, "unexcused_lessons": 0, "mean_mark": UNKNOWN, "failing_subjects": UNKNOWN, "motivation": UNKNOWN,
        "peer_conflicts": 0, "repeated_level": 1, "school_changes": 2, "distance": 2, "lodging": 1, "over_age": 1,
    },
}  # fmt: skip

# Dadžu pamatskola fills in the sheet.
DADZU = {
    "801": {
        "absence_share": 0.25, "unexcused_lessons": 5, "unexcused_raw": 24, "mean_mark": 3.8, "failing_subjects": 3,
        "teacher_concern": 2, "over_age": 0, "absence_recent": UNKNOWN, "mark_trend": UNKNOWN, "lateness": UNKNOWN,
        "peer_conflicts": UNKNOWN, "absence_share_vs_peers": UNKNOWN,
    },
    "802": {
        "absence_share": 0.025, "unexcused_lessons": 0, "unexcused_raw": 0, "mean_mark": 7.5, "failing_subjects": 0,
        "teacher_concern": UNKNOWN, "over_age": 1, "bullying": UNKNOWN,
    },
}  # fmt: skip

# Egļu pamatskola: a journal's page, read by a mapping. 6 lessons a day in grade 6, 73 x 6 = 438.
EGLES = {
    "601": {
        "absence_share": 1 / 438, "unexcused_lessons": 100 / 438, "unexcused_raw": 1, "absence_recent": 0, "lateness": 0,
        "mean_mark": 7,  # from 7, 8, 6 and 5 = 6.5, upwards
        "failing_subjects": 0, "over_age": 0, "peer_conflicts": UNKNOWN, "motivation": UNKNOWN,
    },
    "602": {
        "absence_share": 1 / 438,  # ns; the n of the test is no absence
        "unexcused_lessons": 0, "unexcused_raw": 0,
        "mean_mark": 8,  # from 7 (corrected), 8, 9 and 9 = 8.25
        "failing_subjects": 0,
        "over_age": 1,
    },
}  # fmt: skip

BY_HAND = {
    **{pupil: {**NOT_HANDED_IN, **known} for pupil, known in ABOLU.items()},
    **BERZU,
    **CERU,
    **DADZU,
    **EGLES,
}
SCHOOL = {
    **dict.fromkeys(ABOLU, "abolu"), **dict.fromkeys(BERZU, "berzu"), **dict.fromkeys(CERU, "ceru"),
    **dict.fromkeys(DADZU, "dadzu"), **dict.fromkeys(EGLES, "egles"),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return ugly.write(tmp_path_factory.mktemp("novads") / "novads")


def read(folder, lang="lv"):
    settings = tomllib.loads(ugly.SETTINGS)
    schools = {
        name: {**school, **({"mapping": folder / school["mapping"]} if "mapping" in school else {})}
        for name, school in settings["schools"].items()
    }
    return pr.read_records(folder, as_of=ugly.AS_OF, id_scope="municipality", schools=schools, lang=lang)


@pytest.fixture(scope="module")
def records(folder):
    return read(folder)


@pytest.fixture(scope="module")
def factors(records):
    return pr.factor_table(records, as_of=ugly.AS_OF).set_index("pupil_id")


def test_exactly_the_pupils_who_are_there_on_the_day(factors):
    assert sorted(factors.index) == sorted(BY_HAND)
    assert factors["school_id"].to_dict() == SCHOOL


@pytest.mark.parametrize("pupil", BY_HAND)
def test_every_figure_of_a_pupil_is_as_worked_out_by_hand(factors, pupil):
    found, wrong = factors.loc[pupil], {}
    for factor, expected in BY_HAND[pupil].items():
        value = UNKNOWN if pd.isna(found[factor]) else float(found[factor])
        if value != pytest.approx(expected, abs=1e-9, rel=0, nan_ok=True):
            wrong[factor] = (value, expected)
    assert not wrong, f"(found, by hand): {wrong}"


def test_counts_name_the_semester_that_they_cover(factors):
    of_tables = factors.loc[[pupil for pupil, school in SCHOOL.items() if school != "dadzu"]]
    assert set(of_tables["semester"]) == {"2026/2027-1"}
    assert factors.at["0103", "unexcused_semester"] == "2026/2027-1"


def test_levels_and_programmes_come_from_the_schools_files(factors):
    found = factors["programme_level"].to_dict()
    assert found["0101"] == "general-9" and found["0108"] == "general-7" and found["201"] == "general-12"
    assert found["0107"] == "general-9" and found["ce02"] == "vocational-1" and found["801"] == "general-8"


# --- every bad thing, one sentence

BAD = {  # what -> (file, row as the person sees it or None, what the sentence quotes)
    "31 February": ("kavejumi.csv", "31.02.2026."),
    "a mark in the absence table": ("kavejumi.csv", "7"),
    "negative lessons": ("kavejumi.csv", "-2"),
    "a time with its zone": ("kavejumi.csv", "2026-10-05T08:30:00+03:00"),
    "a mark of 11": ("vertejumi.csv", "11"),
    "a semester that nobody defined": ("skoleni.csv", "2026/2027-3"),
}


def row_of(file: str, part: str) -> int:
    """Number of the line that holds a cell, as an editor shows it."""
    lines = {"kavejumi.csv": ugly.abolu_absences(), "vertejumi.csv": ugly.ABOLU_MARKS, "skoleni.csv": ugly.ABOLU_PUPILS}
    [row] = [n for n, line in enumerate(lines[file], start=1) if part in line.split(";")[1:]]
    return row


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("lang", ["lv", "en"])
def test_every_bad_cell_is_named_in_one_sentence(records, what, lang):
    file, value = BAD[what]
    row = row_of(file, value)
    problems = records.report.problems.reset_index(drop=True)
    messages = pd.Series(records.report.messages(lang))
    here = (
        problems["file"].str.endswith(f"/{file}")
        & (problems["row"] == row)
        & ~problems["file"].str.contains("1", regex=False)
    )
    assert here.sum() == 1, messages[here].tolist()
    [message] = messages[here]
    assert value in message and str(row) in message and file in message
    assert "{" not in message


@pytest.mark.parametrize("lang", ["lv", "en"])
def test_a_file_of_no_use_and_a_pupil_in_two_schools_are_named(records, lang):
    messages = records.report.messages(lang)
    assert len([m for m in messages if "gobu" in m]) == 1
    twice = [m for m in messages if ("abolu" in m or "Ābolu" in m) and ("berzu" in m or "Bērzu" in m)]
    assert len(twice) == 1, twice


@pytest.mark.parametrize("lang", ["lv", "en"])
def test_what_needs_no_mending_is_a_notice_at_most(records, lang):
    """Spaces, leading zeros, test marks, corrections, several marks, nv, levels, a pass: nobody is asked to mend them."""
    problems = records.report.problems.reset_index(drop=True)
    aside = problems[problems["severity"] == "set_aside"]
    bad = {value for _, value in BAD.values()}
    others = aside[~aside["value"].astype(str).isin(bad)]
    said = pd.Series(records.report.messages(lang))[others.index].tolist()
    said = [
        m for m in said if not (("abolu" in m or "Ābolu" in m) and ("berzu" in m or "Bērzu" in m))
    ]  # 0107, told elsewhere
    assert len(said) == 2, said  # the file of no use, and the pupil whom no school knows


def test_a_copy_of_a_file_counts_once_and_is_told_as_one_thing(records):
    problems = records.report.problems
    of_copy = problems[problems["file"].astype(str).str.contains("kavejumi (1).csv", regex=False)]
    assert len(of_copy) == 1
    assert of_copy["severity"].tolist() == ["notice"]


def test_a_pupil_whom_no_school_knows_is_told_and_counted(records):
    assert len([m for m in records.report.messages("en") if "“9999”" in m]) == 1
    counts = records.report.counts
    [absences] = counts[counts["file"].astype(str).str.endswith("/kavejumi.csv")].to_dict("records")
    assert absences["rows_in"] == len(ugly.abolu_absences()) - 1
    assert absences["rejected"] == 2  # 31 February, the mark
    assert absences["not_used"] >= 1


def test_no_row_of_any_file_is_lost(records):
    counts = records.report.counts
    assert (counts["rows_in"] == counts["used"] + counts["not_used"] + counts["rejected"]).all(), counts
    found = Counter()
    for row in counts.to_dict("records"):
        found[row["file"], row["sheet"] or ""] += row["rows_in"]
    tables = ugly.ceru_tables()
    expected = {
        ("abolu/skoleni.csv", ""): len(ugly.ABOLU_PUPILS) - 1,
        ("abolu/kavejumi.csv", ""): len(ugly.abolu_absences()) - 1,
        ("abolu/kavejumi (1).csv", ""): len(ugly.abolu_absences()) - 1,
        ("abolu/vertejumi.csv", ""): len(ugly.ABOLU_MARKS) - 1,
        ("berzu/E-žurnāls.xlsx", "Skolēni"): 8,
        ("berzu/E-žurnāls.xlsx", "Kavējumi"): len(ugly.berzu_register()),
        ("berzu/E-žurnāls.xlsx", "Vērtējumi"): 13,
        ("berzu/E-žurnāls.xlsx", "Uzvedība"): 9,
        **{(f"ceru/{name}.parquet", ""): table.num_rows for name, table in tables.items()},
        ("dadzu/8b.csv", ""): 2,
        ("egles/skoleni.csv", ""): 2,
    }
    assert {key: found.get(key) for key in expected} == expected


# --- through the command line


@pytest.fixture(scope="module")
def once():
    return {}


@pytest.fixture
def done(run, folder, once):
    """What the command said, and the folder it made; run once."""
    if not once:
        once["said"] = run(folder)
    return once["said"], folder.with_name(f"novads_{ugly.AS_OF}")


def test_the_list_comes_out_though_a_school_is_missing_and_one_is_unusable(done):
    said, out = done
    assert said.code == 1, said
    first = said.out.splitlines()[0]
    assert "5 of 7" in first and "Ievu pamatskola" in first and "Gobu pamatskola" in first, said.out
    manifest = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert {school["school_id"] for school in manifest["schools"]} >= set(SCHOOL.values())
    for table in manifest["inputs"]:
        assert table["rows_in"] == table["used"] + table["not_used"] + table["rejected"], table
    for school in manifest["schools"]:
        assert school["pupils_in"] == school["scored"] + school["out_of_scope"] + school["not_on_roll"], school
    not_on_roll = {school["school_id"]: school["not_on_roll"] for school in manifest["schools"]}
    assert not_on_roll == {"abolu": 2, "berzu": 1, "ceru": 1, "dadzu": 0, "egles": 0}  # 0107 and ce01, 0103, ce05
    assert len(pr.open_run(out).flags) == len(BY_HAND)


def test_reasons_on_paper_name_the_subject_and_the_period(done):
    _, out = done
    [book] = (out / "schools" / "abolu" / "support_staff").glob("*.xlsx")
    cells = [str(c) for sheet in read_workbook(book) for column in sheet.columns for c in column]
    failing = [c for c in cells if "zemāks par 4 ballēm" in c and "matemātika" in c]
    assert failing and any("latviešu valoda" in c for c in failing)
    assert any("2026./2027. m. g. 1. semestrī" in c for c in cells)
    assert not any("{" in c for c in cells)


def test_evidence_of_the_failing_subjects_stands_beside_the_list(done):
    _, out = done
    evidence = pd.read_parquet(out / "data" / "evidence.parquet")
    of_pupil = evidence[(evidence["pupil_id"] == "0103") & (evidence["factor"] == "failing_subjects")]
    assert {"matemātika", "latviešu valoda"} <= {word for d in of_pupil["detail"] for word in [d, *str(d).split(", ")]}


def test_evidence_says_subjects_dates_and_source(records):
    evidence = pr.evidence(records, as_of=ugly.AS_OF, pupils=["0103", "ce03"])
    assert {"pupil_id", "factor", "date_from", "date_to", "detail", "source", "role"} <= set(evidence.columns)
    failing = evidence[(evidence["pupil_id"] == "0103") & (evidence["factor"] == "failing_subjects")]
    said = " ".join(map(str, failing["detail"]))
    assert "matemātika" in said and "latviešu valoda" in said and "vēsture" not in said
    motivation = evidence[(evidence["pupil_id"] == "ce03") & (evidence["factor"] == "motivation")]
    assert motivation["role"].tolist() == ["class_teacher"]
    assert (
        str(motivation["date_from"].iloc[0])[:10] == "2026-12-01"
        or str(motivation["date_to"].iloc[0])[:10] == "2026-12-01"
    )
