"""No reader finds a word that gives away what is not theirs to know."""

import datetime as dt
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import pumpurs_risk as pr
from pumpurs_risk.catalogue import AUDIENCES, Audience
from pumpurs_risk.flags.signals import signals
from pumpurs_risk.reports.municipality_counts import municipality_counts

FEW = settings(max_examples=max(8, settings().max_examples // 4))
"""Each example scores some pupils several times."""

CATALOGUE = pr.Catalogue.load()
MODEL = pr.load_model("literature-prior")
AS_OF = dt.date(2027, 1, 15)
TELLING = (
    "pregnancy", "parental_addiction", "family_conflict", "violence", "bullying", "addiction", "marriage", "mental_health",
    "health_problem", "sick_relative", "low_income", "parents_absent", "out_of_home_care", "learning_difficulty",
    "weak_parent_support", "absence_share", "unexcused_lessons", "failing_subjects", "motivation", "paid_work_hours",
    "home_duties", "sibling_care", "no_internet", "lodging", "distance", "peer_conflicts",
)  # fmt: skip
PROGRAMMES = ("general-9", "general-11", "vocational-2", "evening-10")
HOSTILE = ("", "<script>alert(1)</script>", "{{ 7*7 }} grūtniecība", "ALKOHOLS un vardarbība", "x" * 10_000, "=1+1")


def values_of(factor):
    low, high = CATALOGUE.factors[factor].range
    return st.one_of(st.just(float("nan")), st.just(float(high)), st.just(float(low)))


@st.composite
def factor_tables(draw):
    rows = draw(st.integers(1, 4))
    columns = {factor: draw(st.lists(values_of(factor), min_size=rows, max_size=rows)) for factor in TELLING}
    programme = draw(st.lists(st.sampled_from(PROGRAMMES), min_size=rows, max_size=rows))
    return pd.DataFrame(
        {
            "pupil_id": [f"p{i}" for i in range(rows)],
            "school_id": "s",
            "class_id": "9.a",
            "level": 9.0,
            "programme": [p.partition("-")[0] for p in programme],
            "age": 16.0,
            "semester": "2026/2027-1",
            "programme_level": programme,
            **columns,
        }
    )


@cache
def readers(name):
    return Audience.load(name, CATALOGUE)


def reasons_of(X, lang):
    return pr.reasons(MODEL, X, lang, None, catalogue=CATALOGUE, strengths=None, details=True)


def frames_of(X, lang, remark):
    flags = pr.flag(MODEL, X, pr.FlagPolicy(places=2), catalogue=CATALOGUE)
    told = reasons_of(X, lang)
    asked = pr.questions(MODEL, X, flags, CATALOGUE, lang=lang)
    steps = pr.next_steps(flags, told, asked, CATALOGUE, AS_OF, lang, X=X)
    known = [f for f in TELLING if f in X]
    pairs = [(p, f) for p in X["pupil_id"] for f in known]
    facts = pd.DataFrame(pairs, columns=["pupil_id", "factor"]).assign(detail=remark)
    name = {f: CATALOGUE.factors[f].name[lang] for f in known}
    measures = {f: CATALOGUE.factors[f].measures[0] for f in known}
    patterns = pd.DataFrame({"scope": "class", "group": "9.a", "factor": known})
    patterns["measure"] = patterns["factor"].map(measures)
    patterns["proposal"] = patterns["measure"].map(lambda m: CATALOGUE.measures[m].step[lang])
    patterns["sentence"] = patterns["factor"].map(name)
    return {
        "flags": flags,
        "reasons": told.assign(name=[CATALOGUE.constructs[c].name[lang] if c else "" for c in told["construct"]]),
        "factors": X,
        "evidence": facts,
        "questions": asked,
        "next_steps": steps,
        "signals": signals(X, CATALOGUE, AS_OF, lang).assign(note=remark),
        "what_if": pd.DataFrame(pairs, columns=["pupil_id", "factor"]).assign(
            rank=1, factor_2="", risk_after=0.1, sentence=remark
        ),
        "patterns": patterns,
        "decisions": X[["pupil_id"]].assign(decision="confirmed", note=remark),
        "changes": X[["pupil_id"]].assign(change="worse", why=remark, text=remark, risk=0.2),
    }


def texts_in(frame):
    for column in frame.columns:
        yield str(column)
        yield from (
            (str(value) for value in frame[column].unique() if isinstance(value, str))
            if column != "params"
            else (str(value) for value in frame[column])
        )


@pytest.mark.parametrize("lang", ["lv", "en"])
@FEW
@given(X=factor_tables(), remark=st.sampled_from(HOSTILE))
def test_no_text_that_leaves_the_filter_holds_a_word_that_gives_a_hidden_factor_away(lang, X, remark):
    frames = frames_of(X, lang, remark)
    for name in AUDIENCES:
        audience = readers(name)
        words = [word.casefold() for word in audience.revealing_words(lang)]
        for table, frame in audience.filter_frames(frames, lang).items():
            for said in texts_in(frame):
                assert not [word for word in words if word in said.casefold()], (name, table, said[:200])
            if "factor" in frame:
                assert all(factor == "" or audience.sees(factor) for factor in frame["factor"])
            assert "violence" not in set(frame.get("signal", ())) or audience.sees("violence")
    for table, frame in readers("support_staff").filter_frames(frames, lang).items():  # staff gets everything as it was
        pd.testing.assert_frame_equal(frame, frames[table].reset_index(drop=True))


@FEW
@given(X=factor_tables())
def test_whoever_has_a_hidden_risk_gets_exactly_one_neutral_line_and_no_gap_in_the_ranks(X):
    told = reasons_of(X, "lv")
    for name in ("class_teacher", "head"):
        audience = readers(name)
        seen = audience.filter_reasons(told, "lv")
        risks = told[(told["kind"] == "risk") & (told["line"] == 0)]
        concealed = {p for p, f in zip(risks["pupil_id"], risks["factor"], strict=True) if not audience.sees(f)}
        lines = seen[seen["kind"] == "hidden"]
        assert sorted(lines["pupil_id"]) == sorted(concealed)
        assert set(lines["sentence"]) <= {"Zināms atbalsta personālam."}
        assert seen["contribution"].isna().all()
        for _, ranks in seen[seen["line"] == 0].groupby(["pupil_id", "kind"])["rank"]:
            assert sorted(ranks) == list(range(1, len(ranks) + 1))
        last = seen.groupby("pupil_id").tail(1)
        assert set(last.loc[last["kind"] == "hidden", "pupil_id"]) == concealed


@FEW
@given(X=factor_tables(), ticked=st.sampled_from(["motivation", "health", "care", "pregnancy"]))
def test_what_is_ticked_for_one_family_stays_hidden_from_the_others(X, ticked):
    audience = readers("family_parent")
    frames = {"reasons": reasons_of(X, "lv")}
    kept = audience.filter_frames(frames, "lv", also={"p0": [ticked]})
    others = kept["reasons"][kept["reasons"]["pupil_id"] != "p0"]
    assert set(others["construct"]) <= {"attendance", "grades", ""}
    own = frames["reasons"][(frames["reasons"]["pupil_id"] == "p0") & (frames["reasons"]["line"] == 0)]
    wanted = own[(own["construct"] == ticked) & own["kind"].isin(["risk", "strength", "unknown"])]
    got = kept["reasons"][(kept["reasons"]["pupil_id"] == "p0") & (kept["reasons"]["line"] == 0)]
    assert set(wanted["factor"]) <= set(got["factor"])


@st.composite
def municipalities(draw):
    """Schools with few and many pupils above the threshold, in one or more risk groups."""
    schools = []
    for at in range(draw(st.integers(1, 7))):
        scored = draw(st.one_of(st.integers(0, 12), st.integers(20, 200)))
        above = draw(st.integers(0, min(scored, draw(st.sampled_from([4, 12, 60])))))
        groups = {g: draw(st.integers(0, above)) for g in ("learning_school", "family")}
        schools.append(
            {
                "title": f"s{at}",
                "pupils_in": scored,
                "scored": scored,
                "above": above,
                "places": 3,
                "risk_groups": groups,
            }
        )
    return schools


@given(schools=municipalities())
def test_no_hidden_number_of_the_municipality_can_be_worked_out_from_those_shown(schools):
    """Everything shown is an equation, every hidden number an unknown: its least and greatest value must differ."""
    counts = municipality_counts(schools)
    known = {s["title"]: s for s in schools if s["scored"]}
    names, groups = list(known), ["learning_school", "family"]
    width = 2 + len(groups)  # scored, above, and each group
    n = width * len(names)
    equations, values, secrets = [], [], []

    def cell(school, what):
        row = np.zeros(n)
        row[names.index(school) * width + what] = 1
        return row

    def state(row, shown, true):
        if shown is None:
            secrets.append((row, true))
        else:
            assert shown == true and not 0 < true < 5
            equations.append(row)
            values.append(true)

    for seen in counts.schools:
        true = known[seen.title]
        scored, above = cell(seen.title, 0), cell(seen.title, 1)
        state(scored, seen.scored, true["scored"])
        state(above, seen.above, true["above"])
        if seen.above is not None:
            assert not 0 < true["scored"] - true["above"] < 5
        for at, group in enumerate(groups):
            state(cell(seen.title, 2 + at), seen.groups[group], true["risk_groups"][group])
    everybody = [sum(cell(name, what) for name in names) for what in range(width)] if names else []
    totals = [("scored", counts.scored), ("above", counts.above)] + [(g, counts.groups.get(g)) for g in groups]
    for row, (what, shown) in zip(everybody, totals, strict=False):
        true = sum(s["risk_groups"][what] if what in groups else s[what] for s in known.values())
        if shown is not None:
            assert shown == true and not 0 < true < 5
            equations.append(row)
            values.append(true)
    within = [cell(name, what) - cell(name, min(what - 1, 1)) for name in names for what in range(1, width)]
    for row, true in secrets if equations else ():
        known_all = {
            "A_ub": np.array(within),
            "b_ub": np.zeros(len(within)),
            "A_eq": np.array(equations),
            "b_eq": values,
        }
        ends = [linprog(sign * row, **known_all, bounds=(0, None), method="highs") for sign in (1, -1)]
        low, high = (np.inf if end.status == 3 else abs(end.fun) for end in ends)
        assert high - low > 0.5 or not 0 < true < 5, (schools, true)
