import json
import re
from html import unescape

import msgspec
import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.datasets import make_cohort
from pumpurs_risk.errors import TrainingError
from pumpurs_risk.factors import factor_table
from pumpurs_risk.model import load_model
from pumpurs_risk.model.pairs import PairAxis, PairShape
from pumpurs_risk.model.parts import SchoolLevels
from pumpurs_risk.model.shapes import Levels, PiecewiseLinear
from pumpurs_risk.training.card.lines import Scale, line_of
from pumpurs_risk.training.card.page import part_text
from pumpurs_risk.training.points import PointScorecard

PRIOR = load_model("literature-prior")
SHORT = [
    "absence_share",
    "failing_subjects",
    "mean_mark",
    "repeated_level",
    "motivation",
    "mark_trend",
    "programme_level",
]


@pytest.fixture(scope="module")
def made():
    records = make_cohort(4000, random_state=3, form="sheet")
    X = factor_table(records, as_of="2027-01-15")
    return X, records.truth.set_index("pupil_id").loc[X["pupil_id"], "dropped_out"].to_numpy(float)


def expected_auroc(risk, score):
    """AUROC that the true risks make one expect: every pupil once as leaver and once as stayer, by probability."""
    from sklearn.metrics import roc_auc_score

    n = len(risk)
    y = np.repeat([1, 0], n)
    return roc_auc_score(y, np.tile(score, 2), sample_weight=np.concatenate([risk, 1 - risk]))


@pytest.fixture
def card():
    return PointScorecard.from_model(PRIOR, factors=SHORT)


def a_curve(**changes):
    fields = {"knots": (0.0, 4.0, 8.0), "values": (-1.0, 1.0, 1.0), "unknown": 0.0, "mean_row": (0.5, 0.0)}
    return PiecewiseLinear(factor="f", version=1, construct="c", direction=1, variance=0.1, **(fields | changes))


def test_points_change_where_the_curve_passes_half_a_point():
    line = line_of(a_curve(), 1.0, lambda factor: 2)
    assert line.scale.cuts == (1.0, 3.0)
    assert line.points == (0, 1, 2, 1)
    fine = line_of(a_curve(), 0.5, lambda factor: 2)
    assert fine.points == (0, 1, 2, 3, 4, 2)
    assert fine.scale.cuts == (0.5, 1.5, 2.5, 3.5)


def test_a_part_begins_at_the_first_value_as_people_read_it():
    assert line_of(a_curve(), 0.5, lambda factor: 0).scale.cuts == (1.0, 2.0, 3.0, 4.0)
    coarse = line_of(a_curve(knots=(0.0, 1.0, 2.0)), 0.5, lambda factor: 0)
    assert coarse.scale.cuts == (1.0,)
    assert coarse.points == (0, 4, 2)


def test_a_curve_that_turns_keeps_every_step():
    line = line_of(a_curve(values=(0.0, 2.0, 0.0)), 1.0, lambda factor: 1)
    assert line.points == (0, 1, 2, 1, 0, 0)
    assert line.scale.cuts == (1.0, 3.0, 5.0, 7.0)


def test_an_unknown_below_every_value_still_gives_no_negative_points():
    line = line_of(a_curve(unknown=-3.0), 1.0, lambda factor: 0)
    assert line.points == (2, 3, 4, 0)


def test_without_a_catalogue_entry_values_are_read_to_a_hundredth_of_the_range():
    assert line_of(a_curve(), 1.0, lambda factor: None).scale.decimals == 2
    assert line_of(a_curve(knots=(0.0, 400.0, 800.0)), 1.0, lambda factor: None).scale.decimals == 0


def test_words_have_points_of_their_own_and_a_strange_word_is_not_recorded():
    shape = Levels(
        factor="f",
        version=1,
        construct="c",
        levels=("a", "b"),
        values=(-1.0, 2.0),
        unknown=0.1,
        mean_row=(0.5, 0.5),
        variance=1.0,
    )
    line = line_of(shape, 1.0, lambda factor: None)
    assert line.points == (0, 3, 1)
    assert line.look_up(pd.DataFrame({"f": ["b", "a", None, "z"]})).tolist() == [3, 0, 1, 1]


def test_the_largest_distance_from_typical_has_twenty_points(card):
    farthest = max(max(map(abs, (*s.values, s.unknown))) for s in PRIOR.shapes if s.factor in SHORT)
    assert card.unit == pytest.approx(farthest / 20)


def test_without_pupils_the_risks_are_the_rounding_turned_round(card):
    X = pd.DataFrame({"absence_share": [0.0, 0.3], "mean_mark": [9.0, 4.0], "programme_level": "general-9"})
    assert card.log_odds(X) == pytest.approx(PRIOR.log_odds(X), abs=len(card.lines) * card.unit / 2)


def test_rounding_to_twenty_points_costs_next_to_nothing():
    records = make_cohort(4000, random_state=3, form="sheet")
    X = factor_table(records, as_of="2027-01-15")
    risk = records.truth.set_index("pupil_id").loc[X["pupil_id"], "risk"].to_numpy()
    model = PRIOR.for_recorded(X)
    card = PointScorecard.from_model(PRIOR, X)
    assert expected_auroc(risk, card.total(X)) > expected_auroc(risk, model.log_odds(X)) - 0.0016
    assert card.predict_proba(X)[:, 1].mean() == pytest.approx(model.risk(X).mean(), rel=1e-3)


def test_the_most_telling_factors_are_chosen(made):
    X, _ = made
    card = PointScorecard.from_model(PRIOR, X, factors=5)
    contributions = PRIOR.for_recorded(X).contributions(X)
    assert set(card.feature_names_in_) == set(contributions.var().nlargest(5).index)


def test_a_factor_that_nobody_has_is_not_on_the_card(made):
    X, _ = made
    card = PointScorecard.from_model(PRIOR, X.drop(columns="mean_mark"))
    assert "mean_mark" not in card.feature_names_in_
    assert "mean_mark" in PointScorecard.from_model(PRIOR, X).feature_names_in_


def test_outcomes_move_the_risks_and_not_the_points(made):
    X, y = made
    card = PointScorecard.from_model(PRIOR, X)
    before, total = card.risk_table, card.total(X)
    assert card.fit(X, np.where(np.arange(len(y)) < 5, np.nan, y)) is card
    assert (card.total(X) == total).all()
    assert card.predict_proba(X)[:, 1].mean() == pytest.approx(y.mean(), rel=0.1)
    assert card.leavers_ == int(y[5:].sum())
    after = card.risk_table
    width = np.log(after["upper"] / after["lower"]) / np.log(before["upper"] / before["lower"])
    assert (width < 0.8).all()
    assert ((after["lower"] < after["risk"]) & (after["risk"] < after["upper"])).all()


def test_a_pair_is_a_table_of_its_own():
    grid = ((0.0, 0.0, 0.0), (0.9, 0.1, 0.3), (0.1, 0.0, 0.0))
    pair = PairShape(
        left=PairAxis(factor="absence_share", knots=(0.0, 0.3)),
        right=PairAxis(factor="mean_mark", knots=(3.0, 9.0)),
        values=grid,
        mean_row=(1 / 9,) * 9,
    )
    model = msgspec.structs.replace(PRIOR, pairs=(pair,), covariance=())
    card = PointScorecard.from_model(model, factors=["absence_share", "mean_mark"])
    line = card.lines[-1]
    assert line.factors == ("absence_share", "mean_mark")
    assert line.points[1][0] == round(0.9 / card.unit)
    alone = PointScorecard.from_model(model, factors=["absence_share"])
    assert len(alone.lines) == 1  # its other factor is not on the card
    X = pd.DataFrame({"absence_share": [0.3, 0.3, np.nan], "mean_mark": [3.0, np.nan, np.nan]})
    assert line.look_up(X).tolist() == [round(0.9 / card.unit), round(0.3 / card.unit), 0]
    assert card.to_html("lv").count('class="pair"') == 1


def test_school_levels_are_left_out_and_it_says_so(card):
    schools = SchoolLevels(sd=0.3, levels={"a": 1.0}, variances={"a": 0.1})
    with_schools = PointScorecard.from_model(msgspec.structs.replace(PRIOR, schools=schools), factors=SHORT)
    X = pd.DataFrame({"absence_share": [0.1], "school_id": ["a"]})
    assert (with_schools.log_odds(X) == card.log_odds(X)).all()
    assert with_schools.to_dict()["school_levels"] == "left out"
    assert "school's own general level" in unescape(with_schools.to_html("en"))
    assert "school's own general level" not in unescape(card.to_html("en"))


def test_to_dict_is_json_and_enough_to_score_with(card):
    data = json.loads(json.dumps(card.to_dict(), allow_nan=False))
    assert set(data) == {
        "schema_version", "model", "horizon", "unit", "log_odds_at_zero", "log_odds_per_point", "max_total", "leavers",
        "school_levels", "lines", "risks",
    }  # fmt: skip
    X = pd.DataFrame({"absence_share": [0.2], "mean_mark": [4.5], "programme_level": ["vocational-1"]})
    total = 0
    for line in data["lines"]:
        value = X[line["factor"]][0] if line["factor"] in X else None
        if value is None:
            total += line["points"][-1]
        elif "levels" in line:
            total += line["points"][line["levels"].index(value)]
        else:
            total += line["points"][sum(round(value, line["decimals"]) >= cut for cut in line["cuts"])]
    assert total == card.total(X)[0]
    assert data["log_odds_at_zero"] + total * data["log_odds_per_point"] == pytest.approx(card.log_odds(X)[0])
    assert data["risks"][total]["risk"] == pytest.approx(card.predict_proba(X)[0, 1])


@pytest.mark.parametrize("lang", ["lv", "en"])
def test_the_page_says_every_line_and_its_points_once(card, lang):
    page = card.to_html(lang)
    for line in card.lines:
        name = card.catalogue.factors[line.scale.factor].name[lang]
        assert page.lower().count(f">{name.lower()}<") == 1
    cells = [int(points) for points in re.findall(r"<b>(\d+)</b>", page)]
    assert sorted(cells) == sorted(points for line in card.lines for points in line.points)
    assert page.count("unknown") > len(card.lines)
    assert "http" not in page
    assert "<script" not in page
    assert "{" not in page.split("</style>")[1]


def test_the_latvian_page_reads_as_latvian(card):
    page = card.to_html("lv")
    for words in (
        "Punktu karte",
        "Kavēto stundu īpatsvars",
        "nav zināms",
        "2 – zema",
        '<html lang="lv">',
        "vispārējā izglītība, klase",
    ):
        assert words in page
    assert not re.search(r"\d\.\d", page.split("</style>")[1])  # a decimal comma


def test_values_are_said_as_a_school_reads_them(card):
    catalogue = card.catalogue
    share = Scale(factor="absence_share", cuts=(0.043, 0.346), decimals=3)
    assert [part_text(share, i, catalogue, "lv") for i in range(3)] == ["0–4,2", "4,3–34,5", "34,6 un vairāk"]
    count = Scale(factor="failing_subjects", cuts=(1.0, 2.0, 5.0))
    assert [part_text(count, i, catalogue, "en") for i in range(4)] == ["0", "1", "2–4", "5 or more"]
    rated = Scale(factor="motivation", cuts=(1.0, 3.0))
    assert [part_text(rated, i, catalogue, "lv") for i in range(3)] == ["0 – augsta", "1–2", "3 – ļoti zema"]
    asked = Scale(factor="repeated_level", cuts=(1.0,))
    assert [part_text(asked, i, catalogue, "lv") for i in range(2)] == ["nē", "jā"]
    trend = Scale(factor="mark_trend", cuts=(-2.0, -0.5), decimals=1)
    assert [part_text(trend, i, catalogue, "lv") for i in range(3)] == [
        "līdz −2,1",
        "no −2,0 līdz −0,6",
        "−0,5 un vairāk",
    ]
    other = Scale(factor="height", cuts=(1.5,), decimals=1)
    assert [part_text(other, i, catalogue, "en") for i in range(2)] == ["up to 1.4", "1.5 or more"]


def test_every_line_fits_on_one_page_by_reckoning(made):
    from pumpurs_risk.training.card import page as points_page

    X, _ = made
    for factors in (None, 20, 12, 5):
        card = PointScorecard.from_model(PRIOR, X, factors=factors)
        for lang in ("lv", "en"):
            size = points_page._size(card, lang)
            assert points_page._height(card, lang, size) <= points_page._PAGE_HIGH
            assert f"font: {size}pt" in card.to_html(lang)


def test_a_page_is_written(card, tmp_path):
    card.save_page(tmp_path / "card.html", "lv")
    assert (tmp_path / "card.html").read_text(encoding="utf-8") == card.to_html("lv")


def test_a_fitted_card_says_how_many_leavers_it_saw(made):
    X, y = made
    card = PointScorecard.from_model(PRIOR, X, factors=SHORT).fit(X, y)
    assert f"{int(y.sum())} learners in them left" in card.to_html("en")
    assert "has not been checked here" not in card.to_html("en")
    nobody = PointScorecard.from_model(PRIOR, X, factors=SHORT).fit(X, 0 * y)
    assert "neviens" in nobody.to_html("lv")


def test_a_model_without_effects_gives_an_empty_card():
    flat = msgspec.structs.replace(
        PRIOR,
        shapes=tuple(msgspec.structs.replace(s, values=(0.0,) * len(s.values), unknown=0.0) for s in PRIOR.shapes),
    )
    card = PointScorecard.from_model(flat)
    assert card.lines == ()
    assert card.max_total == 0
    assert card.risk_table["risk"][0] == pytest.approx(PRIOR.national_mean)
    assert "<table" in card.to_html("en")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"max_points": 0}, "max_points must be a whole number"),
        ({"max_points": 2.5}, "max_points must be a whole number"),
        ({"factors": 0}, "factors must be a whole number"),
        ({"factors": ["height"]}, 'no factor "height"'),
    ],
)
def test_what_makes_no_card_is_named(arguments, why):
    with pytest.raises(TrainingError, match=why):
        PointScorecard.from_model(PRIOR, **arguments)


def test_outcomes_that_are_not_known_are_refused(card):
    X = pd.DataFrame({"absence_share": [0.1, 0.2]})
    with pytest.raises(TrainingError, match="known outcome"):
        card.fit(X, [np.nan, np.nan])
    with pytest.raises(TrainingError, match="2 rows, but y has 1"):
        card.fit(X, [1])


def test_it_prints_in_one_line(card):
    assert repr(card) == f"PointScorecard('literature-prior', 7 factors, 0 to {card.max_total} points)"
