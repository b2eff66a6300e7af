"""What-if: exact, the smallest, plausible, possible; and said as a score, never as a fate."""

import msgspec
import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.explanation import as_if, what_if
from pumpurs_risk.explanation.what_if_steps import best_value, effort_unit, step_size
from pumpurs_risk.locale import text
from pumpurs_risk.model.pairs import PairAxis, PairShape

CHANGED = ["factor", "factor_2", "to", "to_2"]


@pytest.fixture(scope="module")
def paired(model):
    """The prior with two pairs: one of two changeable factors, one with what follows a factor."""
    grid = ((0.0, 0.0, 0.0), (0.9, 0.1, 0.3), (0.1, 0.0, 0.0))
    first = PairShape(
        left=PairAxis(factor="absence_share", knots=(0.0, 0.3)), right=PairAxis(factor="mean_mark", knots=(3.0, 9.0)),
        values=grid, mean_row=(1 / 9,) * 9,
    )  # fmt: skip
    second = PairShape(
        left=PairAxis(factor="mark_trend", knots=(-2.0, 0.0)),
        right=PairAxis(factor="programme_level", levels=("general-9",)),
        values=((0.6, 0.0), (0.0, 0.0), (0.1, 0.0)), mean_row=(1 / 6,) * 6,
    )  # fmt: skip
    return msgspec.structs.replace(model, pairs=(first, second), covariance=())


@pytest.fixture(scope="module")
def pupils():
    """Pupils with much that could be otherwise, some facts unknown."""
    rng = np.random.default_rng(4)
    n = 60
    table = pd.DataFrame(
        {
            "pupil_id": [f"p{i:02d}" for i in range(n)],
            "programme_level": "general-9",
            "programme": "general",
            "semester": "2026/2027-1",
            "absence_share": np.round(rng.uniform(0.02, 0.45, n), 3),
            "unexcused_raw": rng.integers(0, 30, n).astype(float),
            "mean_mark": np.round(rng.uniform(2.5, 8.5, n), 2),
            "mark_trend": np.round(rng.uniform(-2, 1, n), 1),
            "failing_subjects": rng.integers(0, 5, n).astype(float),
            "motivation": rng.integers(0, 4, n).astype(float),
        }
    )
    table["unexcused_lessons"] = table["unexcused_raw"] / 4
    factors = ["absence_share", "mean_mark", "mark_trend", "failing_subjects", "motivation", "unexcused_lessons"]
    return table.assign(**{f: table[f].mask(rng.random(n) < 0.15) for f in factors})


def walk(pupil, factor, catalogue):
    """Values that a factor may take, by hand: from the recorded one in whole steps to the best plausible one."""
    x, raw = pupil[factor.id], pupil[factor.raw] if factor.raw else np.nan
    if np.isnan(x):
        return []
    way, best = -factor.direction, best_value(factor)
    if factor.change is not None and factor.change.most:
        best = max(best, x - factor.change.most) if way < 0 else min(best, x + factor.change.most)
    if raw > 0 and x > 0:
        return [k * x / raw for k in range(int(raw) - 1, -1, -1) if k * x / raw >= best - 1e-9]
    step = step_size(factor)
    found = [
        round(k * step, 6)
        for k in range(-2000, 2001)
        if way * (k * step - x) > 1e-7 and way * (best - k * step) > -1e-7
    ]
    return sorted(found, key=lambda v: way * v)


def possible(before, after):
    """The two rules of the shipped catalogue, by hand."""
    if (
        after["absence_share"] < before["absence_share"]
        and after["absence_share"] < after["unexcused_lessons"] / 100 - 1e-9
    ):
        return False
    fewer = after["failing_subjects"] < before["failing_subjects"]
    return not (fewer and after["failing_subjects"] == 0 and after["mean_mark"] < 4 - 1e-9)


def changed(pupil, changes):
    """The pupil's row with changes; the trend of marks moves with the mean."""
    after = pupil.copy()
    for factor, value in changes.items():
        after[factor] = value
        if factor == "mean_mark":
            after["mark_trend"] = np.clip(pupil["mark_trend"] + value - pupil["mean_mark"], -9, 9)
    return after


def scored(model, rows):
    return model.risk(pd.DataFrame(rows).reset_index(drop=True))


def by_hand(model, pupil, below, catalogue):
    """Smallest sufficient single changes and pairs, found by trying everything."""
    ids = ["absence_share", "unexcused_lessons", "mean_mark", "failing_subjects", "motivation"]
    ways = {f: walk(pupil, catalogue.factors[f], catalogue) for f in ids}
    cost = {f: lambda v, f=f: abs(v - pupil[f]) / effort_unit(catalogue.factors[f]) for f in ids}
    single = {}
    for f, values in ways.items():
        rows = [changed(pupil, {f: v}) for v in values]
        fits = [possible(pupil, row) for row in rows]
        good = [
            v for v, r, ok in zip(values, scored(model, rows) if rows else [], fits, strict=True) if ok and r < below
        ]
        if good:
            single[f] = min(good, key=cost[f])
    pairs = {}
    for i, f in enumerate(ids):
        for g in ids[i + 1 :]:
            if f in single or g in single or not ways[f] or not ways[g]:
                continue
            options = [(u, v) for u in ways[f] for v in ways[g]]
            rows = [changed(pupil, {f: u, g: v}) for u, v in options]
            fits = np.array([possible(pupil, row) for row in rows])
            good = np.flatnonzero(fits & (scored(model, rows) < below))
            if len(good):
                efforts = [cost[f](options[k][0]) + cost[g](options[k][1]) for k in good]
                pairs[f, g] = min(efforts)
    return single, pairs


@pytest.mark.parametrize("which", ["prior", "paired"])
def test_the_changes_are_those_that_trying_everything_finds(which, model, paired, pupils, catalogue):
    chosen = model if which == "prior" else paired
    some = pupils.iloc[:14]
    risk = chosen.risk(some)
    told = what_if(chosen, some, below=0.55 * risk, catalogue=catalogue, top=99)
    for row, (_, pupil) in enumerate(some.iterrows()):
        single, pairs = by_hand(chosen, pupil, 0.55 * risk[row], catalogue)
        mine = told[(told["pupil_id"] == pupil["pupil_id"]) & told["reached"]]
        one = mine[mine["factor_2"] == ""].set_index("factor")["to"]
        assert one.to_dict() == pytest.approx(single)
        two = {frozenset((r.factor, r.factor_2)): r.effort for r in mine[mine["factor_2"] != ""].itertuples()}
        assert two == pytest.approx({frozenset(k): v for k, v in pairs.items()}, abs=1e-6)


def test_reached_is_what_the_changed_row_scores(paired, pupils, catalogue):
    below = np.linspace(0.02, 0.4, len(pupils))
    told = what_if(paired, pupils, below=below, catalogue=catalogue, top=5)
    again = paired.risk(as_if(pupils, told, catalogue))
    limit = dict(zip(pupils["pupil_id"], below, strict=True))
    np.testing.assert_array_equal(again, told["risk_after"])
    np.testing.assert_array_equal(told["reached"], again < told["pupil_id"].map(limit))
    assert told["reached"].any() and not told["reached"].all()


def test_pupils_below_already_are_not_spoken_of_and_all_others_are(model, pupils, catalogue):
    risk = model.risk(pupils)
    told = what_if(model, pupils, below=float(np.median(risk)), catalogue=catalogue)
    assert set(told["pupil_id"]) == set(pupils.loc[risk >= np.median(risk), "pupil_id"])
    assert told.groupby("pupil_id")["rank"].first().eq(1).all()
    assert told.groupby("pupil_id").size().max() <= 3
    alone = told[~told["reached"]]
    assert not alone.duplicated("pupil_id").any()  # one line says that nothing suffices


def test_single_changes_stand_before_pairs_and_less_effort_before_more(model, pupils, catalogue):
    told = what_if(model, pupils, below=0.5 * model.risk(pupils), catalogue=catalogue, top=9)
    partly = {f.id for f in catalogue.factors.values() if f.changeable == "partly"}
    told = told.assign(
        pair=told["factor_2"] != "",
        partly=told["factor"].isin(partly) | told["factor_2"].isin(partly),
        effort=told["effort"].round(9),
    )
    order = told.sort_values(["pupil_id", "pair", "partly", "effort"], kind="stable")
    assert order[["pupil_id", "rank"]].values.tolist() == told[["pupil_id", "rank"]].values.tolist()


def test_what_a_school_can_change_in_part_comes_after_what_it_can_change(model, catalogue):
    X = pd.DataFrame({"pupil_id": ["a"], "family_conflict": [3.0], "motivation": [3.0], "learning_gaps": [3.0]})
    told = what_if(model, X, below=0.97 * model.risk(X)[0], catalogue=catalogue, top=9)
    assert told["factor"].iloc[-1] == "family_conflict"
    assert len(told) == 3


@pytest.mark.parametrize("factor", ["pregnancy", "teacher_concern", "violence", "repeated_level", "marriage"])
def test_what_is_no_lever_is_never_offered(factor, model, catalogue):
    X = pd.DataFrame({"pupil_id": ["a"], factor: [1.0]})
    told = what_if(model, X, below=0.001, catalogue=catalogue)
    assert told[["factor", "factor_2", "reached"]].values.tolist() == [["", "", False]]
    assert told["effort"].tolist() == [0.0]
    assert told["risk_after"].tolist() == told["risk"].tolist()


def test_what_is_not_recorded_is_not_changed(model, pupils, catalogue):
    told = what_if(model, pupils, below=0.3 * model.risk(pupils), catalogue=catalogue, top=99)
    table = pupils.set_index("pupil_id")
    for factor in ("factor", "factor_2"):
        some = told[told[factor] != ""]
        assert all(pd.notna(table.loc[p, f]) for p, f in zip(some["pupil_id"], some[factor], strict=True))


def test_raw_counts_are_whole_lessons_and_said_as_such(model, catalogue):
    X = pd.DataFrame(
        {"pupil_id": ["a"], "semester": "2026/2027-1", "unexcused_lessons": [23 / 4.37], "unexcused_raw": [23.0]}
    )
    told = what_if(model, X, below=0.8 * model.risk(X)[0], catalogue=catalogue, lang="lv")
    lessons = as_if(X, told, catalogue)["unexcused_raw"].iloc[0]
    assert told["to"].iloc[0] == pytest.approx(lessons / 4.37)
    share = text("what_if.now", "lv", value="23")
    assert f"neattaisnoti kavēto stundu skaits nepārsniegtu {lessons:.0f}{share}" in told["sentence"].iloc[0]


def test_a_raw_count_of_another_semester_is_not_used(model, catalogue):
    X = pd.DataFrame(
        {
            "pupil_id": ["a"],
            "semester": "2026/2027-1+2026/2027-2",
            "unexcused_semester": "2026/2027-1",
            "unexcused_lessons": [6.3],
            "unexcused_raw": [23.0],
        }
    )
    told = what_if(model, X, below=0.8 * model.risk(X)[0], catalogue=catalogue, lang="en")
    assert told["to"].iloc[0] == round(told["to"].iloc[0], 1)
    assert "of every 100 lessons" in told["sentence"].iloc[0]


def test_lessons_missed_never_fall_below_those_missed_without_excuse(model, catalogue):
    X = pd.DataFrame({"pupil_id": ["a"], "absence_share": [0.2], "unexcused_lessons": [12.0]})
    risk = model.risk(X)[0]
    told = what_if(model, X, below=0.4 * risk, catalogue=catalogue, top=9)
    after = as_if(X, told, catalogue)
    assert (after["absence_share"] >= after["unexcused_lessons"] / 100 - 1e-9).all()
    assert {"absence_share", "unexcused_lessons"} <= set(told[["factor", "factor_2"]].to_numpy().ravel())


def test_no_failing_mark_needs_a_mean_of_at_least_4(model, catalogue):
    X = pd.DataFrame({"pupil_id": ["a"], "failing_subjects": [1.0], "mean_mark": [3.4], "motivation": [3.0]})
    told = what_if(model, X, below=0.85 * model.risk(X)[0], catalogue=catalogue, top=9)
    after = as_if(X, told, catalogue)
    assert not ((after["failing_subjects"] == 0) & (after["mean_mark"] < 4)).any()


def test_what_is_reckoned_from_a_factor_moves_with_it(model, catalogue):
    X = pd.DataFrame({"pupil_id": ["a"], "mean_mark": [4.0], "mark_trend": [-1.5]})
    told = what_if(model, X, below=0.8 * model.risk(X)[0], catalogue=catalogue)
    assert told["factor"].unique().tolist() == ["mean_mark"]  # the trend is not a lever of its own
    by = told["to"].iloc[0] - 4.0
    assert as_if(X, told, catalogue)["mark_trend"].iloc[0] == pytest.approx(-1.5 + by)


def test_nothing_is_changed_beyond_what_is_good_and_usual(model, pupils, catalogue):
    told = what_if(model, pupils, below=0.2 * model.risk(pupils), catalogue=catalogue, top=99)
    for name, to, value in (("factor", "to", "value"), ("factor_2", "to_2", "value_2")):
        for factor_id, some in told[told[name] != ""].groupby(name):
            factor = catalogue.factors[factor_id]
            better = -factor.direction * (some[to] - some[value])
            assert (better > 0).all()
            assert (factor.direction * (some[to] - best_value(factor)) >= -1e-9).all()
            if factor.change is not None and factor.change.most:
                assert (better <= factor.change.most + 1e-9).all()


def test_a_curve_without_a_known_direction_is_not_touched(model, catalogue):
    shapes = tuple(msgspec.structs.replace(s, direction=0) if s.factor == "motivation" else s for s in model.shapes)
    freed = msgspec.structs.replace(model, shapes=shapes)
    X = pd.DataFrame({"pupil_id": ["a"], "motivation": [3.0]})
    assert what_if(freed, X, below=0.9 * freed.risk(X)[0], catalogue=catalogue)["factor"].tolist() == [""]


def test_only_what_the_audience_sees_is_changed(model, catalogue):
    X = pd.DataFrame({"pupil_id": ["a"], "mental_health": [3.0], "learning_difficulty": [3.0], "motivation": [2.0]})
    below = 0.9 * model.risk(X)[0]

    class Teacher:
        def sees(self, factor):
            return factor != "mental_health"

    told = [set(what_if(model, X, below, catalogue=catalogue, audience=a, top=9)["factor"])
            for a in (None, Teacher(), ("ordinary",))]  # fmt: skip
    assert "mental_health" in told[0]
    assert told[1] == told[0] - {"mental_health"}
    assert told[2] == {"motivation"}


def test_one_change_at_a_time_where_that_is_asked_for(model, pupils, catalogue):
    told = what_if(model, pupils, below=0.2 * model.risk(pupils), catalogue=catalogue, max_changes=1)
    assert (told["factor_2"] == "").all()
    assert not told["reached"].all()


@pytest.mark.parametrize("lang", ["lv", "en"])
def test_sentences_speak_of_the_score_and_are_filled_in(lang, model, pupils, catalogue):
    told = what_if(model, pupils, below=0.3 * model.risk(pupils), catalogue=catalogue, lang=lang, top=9)
    of_score = {"lv": "aplēstais risks", "en": "the estimated risk would"}[lang]
    assert told["sentence"].str.contains(of_score).all()
    assert not told["sentence"].str.contains(r"[{}]|nan|  ").any()
    assert told["sentence"].str.endswith(".").all()
    assert told["sentence"].str[0].str.isupper().all()
    assert text("what_if.note", lang)


def test_number_forms_and_decimals_are_latvian(model, catalogue):
    X = pd.DataFrame({"pupil_id": ["a", "b"], "absence_share": [0.124, np.nan], "mean_mark": [np.nan, 4.75]})
    told = what_if(model, X, below=0.93 * model.risk(X), catalogue=catalogue, lang="lv")
    first = told.set_index("pupil_id")["sentence"]
    assert "(pašlaik – 12,4\N{NO-BREAK SPACE}%)" in first["a"]
    assert " balle" in first["b"] and "(pašlaik – 4,8)" in first["b"]


def test_a_factor_of_ones_own_works_without_a_word_about_changes(model, catalogue):
    from pumpurs_risk.training.prior import build_prior

    like = catalogue.factors["learning_gaps"]
    bare = {k: msgspec.structs.replace(v, what_if=None, shared=None) for k, v in like.sentences.items()}
    clubs = msgspec.structs.replace(
        like,
        id="clubs",
        construct="own",
        prior_share=1.0,
        heading={"lv": "Savs", "en": "Own"},
        aliases=(),
        sentences=bare,
    )
    named = {"lv": "savs", "en": "own"}
    own = catalogue.extend({"constructs": {"own": {"name": named, "odds_ratio": 6.0, "source": "own"}}}).extend(
        msgspec.structs.replace(clubs, change=None)
    )
    changed_model = build_prior(own)
    X = pd.DataFrame({"pupil_id": ["a"], "clubs": [3.0]})
    told = what_if(changed_model, X, below=0.8 * changed_model.risk(X)[0], catalogue=own, lang="lv")
    assert told["factor"].iloc[0] == "clubs"
    assert "„" in told["sentence"].iloc[0]


def test_a_model_of_two_years_is_asked_about_one_year(model, pupils, catalogue):
    two = msgspec.structs.replace(model, horizon="2y")
    told = what_if(two, pupils, below=0.5 * two.risk(pupils), catalogue=catalogue)
    limit = dict(zip(pupils["pupil_id"], 0.5 * two.risk(pupils), strict=True))
    again = two.risk(as_if(pupils, told, catalogue))
    assert (told["reached"] == (again < told["pupil_id"].map(limit))).all()
    assert told["reached"].any()


def test_nobody_asked_about_gives_an_empty_frame_with_all_columns(model, pupils, catalogue):
    told = what_if(model, pupils, below=0.1, catalogue=catalogue)
    for nobody in (
        what_if(model, pupils.iloc[:0], catalogue=catalogue),
        what_if(model, pupils, below=np.full(60, np.nan)),
    ):
        assert len(nobody) == 0
        assert list(nobody.columns) == list(told.columns)
    assert len(as_if(pupils, nobody)) == 0


def test_missing_and_nullable_columns_are_unknown(model, catalogue):
    X = pd.DataFrame(
        {
            "pupil_id": ["a"],
            "motivation": pd.array([3], dtype="Int64"),
            "absence_share": pd.array([None], dtype="Float64"),
        }
    )
    told = what_if(model, X, below=0.8 * model.risk(X)[0], catalogue=catalogue)
    assert told["factor"].tolist() == ["motivation"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"below": 0.0}, "between 0 and 1"),
        ({"below": 1.5}, "between 0 and 1"),
        ({"below": [0.1, 0.2]}, "one per pupil: 60"),
        ({"max_changes": 3}, "1 or 2; got 3"),
        ({"top": 0}, "1 or more; got 0"),
        ({"lang": "de"}, "lang must be"),
    ],
)
def test_what_cannot_be_asked_is_said(changes, said, model, pupils):
    with pytest.raises(ValueError, match=said):
        what_if(model, pupils, **changes)


def test_the_shipped_catalogue_has_words_for_every_change():
    for factor in Catalogue.load().factors.values():
        change = factor.change
        offered = factor.changeable != "no" and (change is None or (change.offered and not change.follows))
        for lang in ("lv", "en"):
            assert (factor.sentences[lang].what_if is not None) == (offered and factor.kind != "level"), factor.id
        assert change is None or change.reason


def test_today_and_the_target_are_never_printed_as_the_same_number():
    import pumpurs_risk as pr

    X = pd.DataFrame(
        {
            "pupil_id": ["a", "b"],
            "programme_level": "general-10",
            "mean_mark": [5.06, 4.96],
            "absence_share": [0.118, 0.1249],
        }
    )
    model = pr.load_model("literature-prior")
    below = model.risk(X) * 0.97
    told = pr.what_if(model, X, below=below, lang="en")
    import re

    for sentence in told.loc[told["reached"], "sentence"]:
        found = re.search(r"([\d.]+)[^\d]*\(now ([\d.]+)", sentence)
        assert found is None or found[1] != found[2], sentence
