"""Pictures: scikit-learn's convention, the numbers as frames, both languages, matplotlib only when one is drawn."""

import subprocess
import sys

import matplotlib
import numpy as np
import pandas as pd
import pytest

matplotlib.use("Agg")

from matplotlib.figure import Figure

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.evaluation.displays import (
    DecisionCurveDisplay,
    LeadTimeDisplay,
    LiftDisplay,
    PlacesDisplay,
    ReliabilityDisplay,
    ShapeDisplay,
)
from pumpurs_risk.evaluation.displays.decision_curve import decision_frame
from pumpurs_risk.evaluation.displays.places import places_frame
from pumpurs_risk.evaluation.displays.shape_frames import shape_frames
from pumpurs_risk.evaluation.figures.metrics import decision_curve
from pumpurs_risk.model import load_model


@pytest.fixture(autouse=True)
def _close():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


@pytest.fixture(scope="module")
def made():
    rng = np.random.default_rng(0)
    n = 1200
    X = pd.DataFrame(
        {
            "pupil_id": np.tile(np.arange(n // 2), 2).astype(str),
            "school_id": np.tile(rng.integers(0, 4, n // 2), 2).astype(str),
            "as_of": np.repeat(pd.to_datetime(["2025-01-15", "2026-01-15"]), n // 2),
            "absence_share": rng.beta(1, 8, n),
            "teacher_concern": rng.integers(0, 4, n).astype(float),
            "programme_level": rng.choice(["general-9", "vocational-1", None], n),
            "repeated_level": rng.choice([0.0, 1.0, np.nan], n),
        }
    )
    model = load_model("literature-prior")
    return model, X, (rng.random(n) < model.predict_proba(X)[:, 1]).astype(float)


def drawn(figure):
    figure.canvas.draw()  # every label, tick and layout is worked out
    return figure


MAKERS = {
    "reliability": lambda model, X, y, **o: ReliabilityDisplay.from_estimator(model, X, y, **o),
    "places": lambda model, X, y, **o: PlacesDisplay.from_estimator(model, X, y, places=12, **o),
    "lift": lambda model, X, y, **o: LiftDisplay.from_estimator(model, X, y, **o),
    "lead": lambda model, X, y, **o: LeadTimeDisplay.from_estimator(model, X, y, places=12, **o),
    "decision": lambda model, X, y, **o: DecisionCurveDisplay.from_estimator(model, X, y, resamples=20, **o),
    "shape": lambda model, X, y, **o: ShapeDisplay.from_estimator(model, "absence_share", X, **o),
    "levels": lambda model, X, y, **o: ShapeDisplay.from_estimator(model, "programme_level", X, **o),
    "yes_no": lambda model, X, y, **o: ShapeDisplay.from_estimator(model, "repeated_level", X, **o),
}


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("lang", ["lv", "en"])
def test_every_display_draws_on_its_own_figure_and_on_axes_that_are_given(made, name, lang):
    import matplotlib.pyplot as plt

    own = MAKERS[name](*made, lang=lang)
    assert isinstance(drawn(own.figure_), Figure)
    assert own.ax_.get_title()
    figure, ax = plt.subplots()
    given = MAKERS[name](*made, lang=lang, ax=ax)
    assert given.ax_ is ax and given.figure_ is figure
    drawn(figure)
    again = given.plot(lang=lang)
    assert again is given and again.ax_ is not ax


def test_latvian_pictures_have_decimal_commas_and_a_space_before_percent(made):
    display = MAKERS["decision"](*made, lang="lv")
    drawn(display.figure_)
    labels = [each.get_text() for each in display.ax_.get_xticklabels()]
    assert "10\N{NO-BREAK SPACE}%" in labels
    shape = MAKERS["shape"](*made, lang="lv")
    drawn(shape.figure_)
    assert any("," in each.get_text() for each in shape.ax_.get_yticklabels())
    assert not any("." in each.get_text() for each in shape.ax_.get_yticklabels())


def test_the_numbers_are_there_without_matplotlib():
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "import numpy as np\n"
        "from pumpurs_risk.evaluation.displays import PlacesDisplay, ShapeDisplay\n"
        "from pumpurs_risk.evaluation.displays.places import places_frame\n"
        "from pumpurs_risk.model import load_model\n"
        "made = ShapeDisplay.of(load_model('literature-prior'), 'mean_mark')\n"
        "assert len(made.curve) > 100 and len(made.unknown) == 1\n"
        "display = PlacesDisplay(places_frame([1, 0], [0.9, 0.1], ['a', 'a']))\n"
        "try:\n    display.plot(lang='en')\n"
        "except ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install" in done.stdout and "pumpurs-risk[notebooks]" in done.stdout


def test_importing_displays_does_not_load_matplotlib():
    code = "import sys, pumpurs_risk.evaluation.displays; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_reliability_histogram_counts_every_row_with_an_outcome(made):
    model, X, y = made
    y = y.copy()
    y[:100] = np.nan
    display = ReliabilityDisplay.from_estimator(model, X, y)
    assert display.histogram["rows"].sum() == display.curve["rows"].sum() == len(y) - 100
    assert (
        (display.curve["lower"] <= display.curve["observed"]) & (display.curve["observed"] <= display.curve["upper"])
    ).all()


def test_ties_make_a_band_and_none_without_ties():
    y, lists = np.tile([1.0, 0.0], 50), np.zeros(100)
    tied = places_frame(y, np.zeros(100), lists)
    assert (tied["recall_best"] > tied["recall"]).all() and (tied["recall"] > tied["recall_worst"]).all()
    plain = places_frame(y, np.arange(100.0), lists, shares=[0.1, 0.2])
    assert plain["recall_best"].tolist() == plain["recall_worst"].tolist() == plain["recall"].tolist()
    assert plain["places"].tolist() == [10.0, 20.0]


def test_places_now_are_marked_at_their_share_of_all_pupils(made):
    model, X, y = made
    display = MAKERS["places"](model, X, y)
    lists = X.groupby(["school_id", "as_of"]).size()
    assert display.now == pytest.approx(12 * len(lists) / len(X))


def test_the_decision_curve_has_an_interval_around_the_models_own_benefit(made):
    model, X, y = made
    p = model.predict_proba(X)[:, 1]
    frame = decision_frame(y, p, clusters=X["pupil_id"], thresholds=[0.05, 0.1], resamples=200)
    assert frame["net_benefit"].tolist() == pytest.approx(
        decision_curve(y, p, thresholds=[0.05, 0.1])["model"].tolist()
    )
    assert (frame["lower"] < frame["net_benefit"]).all() and (frame["net_benefit"] < frame["upper"]).all()


def test_a_shape_is_the_models_own_with_the_band_of_its_posterior():
    model = load_model("literature-prior")
    for shape in model.shapes:
        curve, unknown = shape_frames(model, shape.factor, level=0.9)
        assert curve["log_odds"].to_numpy() == pytest.approx(shape.evaluate(curve["value"].to_numpy()))
        sd = model.contribution_sd(pd.DataFrame({shape.factor: curve["value"]}), [shape.factor])
        assert (curve["upper"] - curve["log_odds"]).to_numpy() == pytest.approx(1.6448536 * sd, abs=1e-6)
        assert unknown["log_odds"].item() == shape.unknown


def test_pupils_below_a_shape_are_all_who_have_a_value(made):
    model, X, _ = made
    for factor in ("absence_share", "teacher_concern", "programme_level", "repeated_level"):
        display = ShapeDisplay.of(model, factor, X)
        assert display.pupils["rows"].sum() == X[factor].notna().sum()
        assert display.known == pytest.approx(X[factor].notna().mean())


def test_every_factor_of_the_catalogue_can_be_drawn(made):
    import matplotlib.pyplot as plt

    model, X, _ = made
    catalogue = Catalogue.load()
    for factor in catalogue.factors:
        if factor in model.features:
            assert ShapeDisplay.from_model(model, factor, X, catalogue=catalogue, lang="lv").line_ is not None
            plt.close("all")


def test_small_multiples_share_one_scale_and_one_figure(made):
    model, X, _ = made
    displays = ShapeDisplay.grid_from_model(model, X=X, most=7, columns=3, lang="en")
    assert len(displays) == 7 and len({id(each.figure_) for each in displays}) == 1
    assert len({each.ax_.get_ylim() for each in displays}) == 1
    assert not any(each.words for each in displays)
    drawn(displays[0].figure_)
    named = ShapeDisplay.grid_from_model(model, ["programme_level", "absence_share"], X, columns=2)
    assert named[0].words and named[0].ax_.get_ylim() != named[1].ax_.get_ylim()


def test_a_factor_that_the_model_does_not_have_is_said():
    with pytest.raises(ValueError, match="no such factor: shoe_size"):
        ShapeDisplay.from_model(load_model("literature-prior"), "shoe_size")


def test_displays_take_what_evaluate_found(made):
    from pumpurs_risk.evaluation import evaluate

    model, X, y = made
    result = evaluate(model, (X, y), bootstrap=10)
    for display in (ReliabilityDisplay, PlacesDisplay, LiftDisplay, DecisionCurveDisplay, LeadTimeDisplay):
        drawn(display.from_evaluation(result, lang="en").figure_)
