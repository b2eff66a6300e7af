import json

import jsonschema
import msgspec
import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.errors import ModelFileError, TrainingError
from pumpurs_risk.model import load_model
from pumpurs_risk.resources import resource
from pumpurs_risk.training import DropoutScorer, load_summary
from pumpurs_risk.training.information import FactorInfo, Information
from pumpurs_risk.training.pool.account import summary_account
from pumpurs_risk.training.pool.withholding import coarse_mean_row, rare_cells, without
from pumpurs_risk.training.summary import ShapeSummary, read_summary, summary_bytes, summary_of, summary_schema

# made pupils owe the literature nothing
pytestmark = pytest.mark.filterwarnings("ignore::pumpurs_risk.errors.PriorConflictWarning")
PERIOD = "2024-09-15/2026-01-15"


def pupils(n=600, seed=0, pregnant=0):
    rng = np.random.default_rng(seed)
    absent = np.clip(rng.gamma(1.2, 0.05, n), 0, 0.6)
    mark = np.clip(rng.normal(6.5, 1.2, n), 4.2, 9.8)
    again = (rng.random(n) < 0.1).astype(float)
    level = rng.choice(["general-7", "general-9", "vocational-1"], n, p=[0.4, 0.4, 0.2])
    eta = -2.5 + 6 * absent - 0.4 * (mark - 6.5) + again + (level == "vocational-1")
    X = pd.DataFrame({"absence_share": absent, "mean_mark": mark, "repeated_level": again, "programme_level": level})
    if pregnant:
        X["pregnancy"] = (np.arange(n) < pregnant).astype(float)
    return X, (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)


@pytest.fixture(scope="module")
def scorer():
    return DropoutScorer().fit(*pupils())


@pytest.fixture(scope="module")
def summary(scorer):
    return scorer.summary_.named("Ezera novads", PERIOD)


def of_rows(columns, outcomes, risk, factors):
    """Information by its definition, from rows: everything but the intercept is a shape's coefficient."""
    Z = np.column_stack([np.ones(len(columns)), columns])
    G, g = (Z * (risk * (1 - risk))[:, None]).T @ Z, Z.T @ (outcomes - risk)
    return Information(
        factors=factors,
        matrix=G[1:, 1:] - np.outer(G[1:, 0], G[0, 1:]) / G[0, 0],
        score=g[1:] - G[1:, 0] * g[0] / G[0, 0],
        mode=np.linspace(0.1, 0.5, columns.shape[1]),
        rows=len(columns),
        pupils=len(columns),
        leavers=20,
        weight=float(len(columns)),
        horizon="1y",
        prior="literature-prior",
    )


def factor(name="f", pupils=(50, 40), **given):
    stated = {
        "knots": tuple(map(float, range(len(pupils)))),
        "levels": (),
        "construct": name,
        "version": 1,
        "direction": 0,
    }
    stated |= given
    k = len(stated["levels"]) or len(stated["knots"]) - 1
    return FactorInfo(
        factor=name, mean_row=stated.pop("mean_row", (0.3,) * k), variance=0.1, known=90.0, pupils=pupils, **stated
    )


# ------------------------------------------------------------------ what may be shared at all
def test_nine_leavers_share_nothing_and_ten_do(scorer):
    few = Information(**{**vars(scorer.information_), "leavers": 9})
    with pytest.raises(TrainingError, match="from 9 pupils who left, and a summary needs at least 10"):
        summary_of(few)
    assert summary_of(Information(**{**vars(scorer.information_), "leavers": 10})).leavers == 10


def test_counts_are_rounded_down(scorer, summary):
    assert summary.leavers == scorer.information_.leavers // 5 * 5
    assert summary.pupils == 600
    assert all(shared.known % 5 == 0 for shared in summary.factors)


def test_a_yes_that_four_pupils_have_is_not_shared_and_one_that_five_have_is():
    shared = {n: DropoutScorer().fit(*pupils(pregnant=n)).summary_ for n in (4, 5)}
    assert "pregnancy" in shared[4].left_out
    assert "pregnancy" not in [f.factor for f in shared[4].factors]
    assert "pregnancy" in [f.factor for f in shared[5].factors]


def test_on_request_a_level_that_few_hold_refuses_the_whole_and_says_which():
    information = DropoutScorer().fit(*pupils(pregnant=3)).information_
    with pytest.raises(TrainingError, match=r"fewer than 5 pupils hold.*pregnancy \(1\)"):
        summary_of(information, rare="refuse")
    kept = [f for f in information.factors if rare_cells(f)]
    assert summary_of(information, rare="refuse", leave_out=[f.factor for f in kept]).factors
    with pytest.raises(ValueError, match="rare must be"):
        summary_of(information, rare="hide")


def test_what_is_left_out_by_choice_is_in_no_number(scorer):
    shared = summary_of(scorer.information_, leave_out=["mean_mark"])
    assert "mean_mark" in shared.left_out
    assert "mean_mark" not in [f.factor for f in shared.factors]
    assert len(shared.linear) == sum(f.n_coefficients for f in shared.factors)


def test_leaving_out_what_is_not_there_names_what_is(scorer):
    with pytest.raises(TrainingError, match=r"shoe_size: no factor of this training.*absence_share"):
        summary_of(scorer.information_, leave_out=["shoe_size"])


def test_with_nothing_left_nothing_is_shared(scorer):
    with pytest.raises(TrainingError, match="nothing is left to share"):
        summary_of(scorer.information_, leave_out=[f.factor for f in scorer.information_.factors])


def test_before_any_outcome_there_is_nothing_to_share():
    with pytest.raises(TrainingError):
        _ = DropoutScorer().fit(pupils()[0].iloc[:0], []).summary_


# ------------------------------------------------------------------ what few pupils hold
@pytest.mark.parametrize(
    ("counts", "rare"),
    [
        ((50, 40), ()),
        ((50, 4), (1,)),
        ((4, 50), (0,)),
        ((50, 9, 3, 1), (2, 3)),
        ((50, 3, 9), (1,)),
        ((0, 9, 60), ()),  # nobody at or below the first knot: it speaks of the nine above it
        ((0, 3, 60), (0, 1)),
        ((50, 9, 0), (2,)),  # nobody: not told apart from a few
    ],
)
def test_cells_of_fewer_than_five_pupils_are_found(counts, rare):
    assert rare_cells(factor(pupils=counts)) == rare


def test_of_levels_only_the_count_decides():
    assert rare_cells(factor(pupils=(0, 9, 4), levels=("a", "b", "c"), knots=())) == (0, 2)


def test_of_a_single_pupil_in_a_cell_neither_outcome_nor_risk_can_be_read():
    rng = np.random.default_rng(1)
    steps = rng.integers(0, 3, 60)
    steps[steps == 2], steps[7] = 1, 2  # one pupil alone on the highest value
    other = rng.random(60)
    columns = np.column_stack([steps >= 1, steps >= 2, other]).astype(float)
    factors = (factor("steps", (20, 39, 1)), factor("other", (30, 30)))
    found = []
    for left, risk_there in ((0.0, 0.1), (1.0, 0.1), (1.0, 0.4)):
        outcomes, risk = (rng := np.random.default_rng(2)).integers(0, 2, 60).astype(float), rng.uniform(0.05, 0.3, 60)
        outcomes[7], risk[7] = left, risk_there
        found.append(without(of_rows(columns, outcomes, risk, factors), ()))
    for matrix, linear in found[1:]:
        assert matrix == pytest.approx(found[0][0], abs=1e-9)
        assert linear == pytest.approx(found[0][1], abs=1e-9)


def test_a_withheld_level_cannot_be_made_from_the_others():
    rng = np.random.default_rng(3)
    level = np.repeat([0, 1, 2], [30, 27, 3])
    info = of_rows(
        np.eye(3)[level],
        rng.integers(0, 2, 60).astype(float),
        rng.uniform(0.1, 0.4, 60),
        (factor(pupils=(30, 27, 3), levels=("a", "b", "c"), knots=()),),
    )
    kept = info.matrix[:2, :2]  # what crossing out its row and column would leave
    assert abs(kept.sum() - info.matrix[2, 2]) < 1e-9  # it gives the crossed-out number back
    matrix, linear = without(info, ())
    assert matrix[2] == pytest.approx(0, abs=1e-9)
    assert matrix[:2, :2].sum() == pytest.approx(0, abs=1e-9)
    assert linear[2] == pytest.approx(0, abs=1e-9)
    assert linear.sum() == pytest.approx(0, abs=1e-9)


def test_the_mean_row_does_not_show_a_share_of_few_either():
    curve = factor(pupils=(50, 40, 7, 3), mean_row=(0.5, 0.1, 0.03))
    assert coarse_mean_row(curve, [3]) == (0.5, 0.1, 0.0)  # those on the highest value count with the one below
    assert coarse_mean_row(curve, [0]) == (1.0, 0.1, 0.03)
    levels = factor(pupils=(50, 37, 3), levels=("a", "b", "c"), knots=(), mean_row=(0.5, 0.4, 0.1))
    assert coarse_mean_row(levels, [2]) == (0.5556, 0.4444, 0.0)


# ------------------------------------------------------------------ the file
def test_saved_and_loaded_it_is_the_same(summary, tmp_path):
    dated = msgspec.structs.replace(summary, made_on="2026-02-01")
    dated.save(tmp_path / "summary.json")
    assert load_summary(tmp_path) == dated
    assert load_summary(tmp_path / "summary.json") == dated


def test_saving_says_the_day(summary, tmp_path):
    summary.save(tmp_path / "summary.json")
    assert len(load_summary(tmp_path).made_on) == 10


def test_nothing_of_schools_levels_names_or_peers_is_in_the_file(summary):
    fields = json.loads(summary_bytes(summary))["summary"]
    assert set(fields) == {
        "municipality", "period", "horizon", "made_on", "made_of", "pupils", "leavers", "factors", "left_out",
        "information", "linear",
    }  # fmt: skip
    assert set(fields["factors"][0]) == {
        "factor", "construct", "version", "direction", "knots", "levels", "mean_row", "known", "within", "withheld",
    }  # fmt: skip


def test_the_published_schema_is_that_of_the_code_and_fits_the_file(summary):
    published = json.loads(resource("data_schema", "summary.json").read_text(encoding="utf-8"))
    assert published == json.loads(msgspec.json.encode(summary_schema()))
    jsonschema.validate(json.loads(summary_bytes(summary)), published)


def test_any_changed_byte_is_refused(summary):
    written = summary_bytes(summary)
    for place in np.random.default_rng(0).integers(0, len(written) - 1, 40):
        with pytest.raises(ModelFileError):
            read_summary(written[:place] + bytes([written[place] ^ 1]) + written[place + 1 :])


@pytest.mark.parametrize("written", [b"", b"[]", b"{}", b'{"schema_version": 1}', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_summary_is_refused(written):
    with pytest.raises(ModelFileError, match="damaged"):
        read_summary(written)


def test_a_newer_version_is_told_from_damage(summary):
    newer = summary_bytes(summary).replace(b'"schema_version": 1', b'"schema_version": 2')
    with pytest.raises(ModelFileError, match="Install a newer"):
        read_summary(newer)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelFileError, match=r"There is no summary .*nowhere\.json"):
        load_summary(tmp_path / "nowhere.json")


def test_a_whole_model_is_refused_and_what_to_send_is_said(tmp_path):
    load_model("literature-prior").save(tmp_path / "model.json")
    with pytest.raises(TrainingError, match=r"model\.json is a whole model.*summary\.json"):
        load_summary(tmp_path / "model.json")


def test_numbers_that_are_not_finite_are_not_saved(summary, tmp_path):
    broken = msgspec.structs.replace(summary, linear=(float("nan"), *summary.linear[1:]))
    with pytest.raises(ModelFileError, match="not finite"):
        broken.save(tmp_path / "summary.json")
    assert not (tmp_path / "summary.json").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: {"leavers": 5}, "at least 10 leavers"),
        (lambda s: {"linear": s.linear[1:]}, "coefficients"),
        (lambda s: {"factors": s.factors[:1] * 2}, "different names"),
        (lambda s: {"information": s.information[1:]}, "upper triangle"),
        (lambda s: {"information": ((-9.0, *s.information[0][1:]), *s.information[1:])}, "not positive"),
    ],
)
def test_what_does_not_fit_together_is_refused(summary, change, said):
    with pytest.raises(ModelFileError, match=said):
        summary_bytes(msgspec.structs.replace(summary, **change(summary)))


@pytest.mark.parametrize("period", ["", "2026", "2026-13-01", "2026-01-15/2025-01-15", "2026-01-15 / 2026-02-01"])
def test_a_period_that_cannot_be_compared_is_refused(summary, period):
    with pytest.raises(TrainingError, match="not understood"):
        summary.named("Ezera novads", period)


def test_without_a_municipality_it_is_not_saved(scorer, tmp_path):
    with pytest.raises(TrainingError, match="whose it is"):
        scorer.summary_.save(tmp_path / "summary.json")


def test_it_says_in_words_what_is_shared(summary):
    lv, en = summary_account(summary, "lv"), summary_account(summary, "en")
    assert len(lv) == len(en)
    assert "Ezera novads (15.09.2024.–15.01.2026.)" in lv[0]
    assert "mean mark: 2 / 3" in " ".join(en)
    assert "not anonymous" in en[-1]


def test_its_representation_is_short(summary):
    assert isinstance(summary, ShapeSummary)
    assert len(repr(summary)) < 200
