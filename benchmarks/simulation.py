"""The trained scorer where the truth is known: made data, so that the distance to the truth itself can be measured.

    python benchmarks/simulation.py                    # all; about a quarter of an hour
    python benchmarks/simulation.py recovery coverage  # some
    python benchmarks/simulation.py --repeats 3        # quick

recovery  16 yes/no factors with one common cause, 3 to 8 % leave, true effects = literature + N(0, .5): the excess log loss
          over the truth, x1000, beside LASSO with its strength by cross-validation
conflict  the same with the signs of 40 % of the literature's effects turned round: how much is lost, and is it said
coverage  an additive world of curves drawn from the prior itself: how often the 90 % interval holds the truth
sure      of the pupils who are surely above a risk of .10, how many truly are
few       made municipalities: the published prior recalibrated on 20 leavers against 300
reasons   made municipalities: how often age or programme is the first reason, and whether two samples agree on it

Each table has its target beside it. Nothing here is a statement about real pupils.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, logit, ndtr

import pumpurs_risk as pr
from pumpurs_risk.model import AdditiveModel, PiecewiseLinear
from pumpurs_risk.model.parts import CovarianceBlock, Provenance

SIZES = (100, 300, 1000, 3000, 10000)
REPEATS = {100: 25, 300: 25, 1000: 25, 3000: 25, 10000: 10}
TEST_ROWS = 20_000
NATIONAL_RATE = 0.05
EFFECT_SD = 0.5
"""Sd of a true total effect around the literature's; the prior's width where it is given."""
N_FACTORS = 16
COMMON = 0.35
"""Share of a factor's latent variance that the common cause explains."""


# ---------------------------------------------------------------------------------------------- yes/no factors
@dataclass(frozen=True)
class World:
    """A made population: what is published of each factor, what is true, and how often each is there."""

    published: np.ndarray
    effects: np.ndarray
    shares: np.ndarray
    base: float

    def rows(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw n pupils, shape (n, 16) of 0 and 1."""
        common = rng.standard_normal((n, 1))
        latent = np.sqrt(COMMON) * common + np.sqrt(1 - COMMON) * rng.standard_normal((n, N_FACTORS))
        return (ndtr(latent) > 1 - self.shares).astype(float)

    def log_odds(self, rows: np.ndarray) -> np.ndarray:
        """True log-odds of leaving, shape (n,)."""
        return np.asarray(self.base + rows @ self.effects)

    def leavers(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw who leaves, shape (n,) of 0 and 1."""
        return (rng.random(len(rows)) < expit(self.log_odds(rows))).astype(int)


def yes_no_world(rng: np.random.Generator, turned: float = 0.0) -> World:
    """Published effects .1 to 1.1 (damped log odds ratios), a share of them with the wrong sign; 3 to 8 % leave."""
    published = rng.uniform(0.1, 1.1, N_FACTORS)
    effects = published + rng.normal(0, EFFECT_SD, N_FACTORS)
    signs = np.ones(N_FACTORS)
    signs[rng.permutation(N_FACTORS)[: round(turned * N_FACTORS)]] = -1
    world = World(published * signs, effects, rng.uniform(0.05, 0.4, N_FACTORS), 0.0)
    eta = world.log_odds(world.rows(TEST_ROWS, rng))
    rate = rng.uniform(0.03, 0.08)
    base = brentq(lambda b: expit(eta + b).mean() - rate, -15, 10)
    return World(world.published, effects, world.shares, float(base))


def as_frame(rows: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[f"f{j:02d}" for j in range(rows.shape[1])])


def published_model(world: World) -> AdditiveModel:
    """The literature of this world as a model, at the national rate."""
    shapes = tuple(
        PiecewiseLinear(
            factor=f"f{j:02d}", version=1, construct=f"f{j:02d}", direction=0, knots=(0.0, 1.0),
            values=(-effect * share, effect * (1 - share)), unknown=0.0, mean_row=(share,),
            variance=effect**2 * share * (1 - share),
        )
        for j, (effect, share) in enumerate(zip(world.published.tolist(), world.shares.tolist(), strict=True))
    )  # fmt: skip
    covariance = tuple(CovarianceBlock(start=j, matrix=((EFFECT_SD**2,),)) for j in range(N_FACTORS))
    eta = world.rows(TEST_ROWS, np.random.default_rng(0)) @ world.published - world.published @ world.shares
    return AdditiveModel(
        name="made-literature", horizon="1y", national_mean=NATIONAL_RATE, base_variance=1.0, covariance=covariance,
        base=float(brentq(lambda b: expit(eta + b).mean() - NATIONAL_RATE, -15, 10)), shapes=shapes,
        features=tuple(shape.factor for shape in shapes),
        provenance=Provenance(made_by="benchmarks/simulation.py", made_from="made", population="made"),
    )  # fmt: skip


def excess(truth: np.ndarray, eta: np.ndarray) -> float:
    """Log loss over that of the truth, expected over outcomes, x1000."""
    p = expit(truth)
    return 1000 * float((p * (np.logaddexp(0, -eta) - np.logaddexp(0, -truth))
                         + (1 - p) * (np.logaddexp(0, eta) - np.logaddexp(0, truth))).mean())  # fmt: skip


def lasso(rows: np.ndarray, left: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Log-odds by LASSO, its strength by cross-validated log loss."""
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.model_selection import StratifiedKFold

    folds = StratifiedKFold(int(min(5, left.sum())), shuffle=True, random_state=0)
    model = LogisticRegressionCV(
        Cs=np.geomspace(0.01, 100, 12), l1_ratios=(1,), solver="liblinear", intercept_scaling=100, cv=folds,
        scoring="neg_log_loss", use_legacy_attributes=False, max_iter=1000,
    )  # fmt: skip
    return np.asarray(model.fit(rows, left).decision_function(test))


def drawn(world: World, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Rows of which at least two left (a cross-validation needs two)."""
    while True:
        rows = world.rows(n, rng)
        left = world.leavers(rows, rng)
        if left.sum() >= 2:
            return rows, left


def fitted(
    rows: np.ndarray, left: np.ndarray, prior: AdditiveModel | None, width: float | None
) -> tuple[AdditiveModel, set[str]]:
    """Our model, and the names of the warnings that it gave."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        model = pr.DropoutScorer(prior=prior, width=width).fit(as_frame(rows), left).model_
    return model, {warning.category.__name__ for warning in told}


def mean_and_error(values: list[float], digits: int = 1) -> str:
    return f"{np.mean(values):.{digits}f} ({np.std(values, ddof=1) / np.sqrt(len(values)):.{digits}f})"


def recovery(repeats: int | None, turned: float = 0.0) -> None:
    target = {100: 20, 300: 15, 1000: 7, 3000: 3, 10000: 1.1}
    print(
        "\n| n | ours | ours, width given | ours, no prior | published + own level | LASSO-CV | ours by LASSO | target |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for n in SIZES:
        found: dict[str, list[float]] = {}
        told = 0
        for repeat in range(min(repeats or 99, REPEATS[n])):
            rng = np.random.default_rng([5, n, repeat, round(turned * 100)])
            world = yes_no_world(rng, turned)
            rows, left = drawn(world, n, rng)
            test = world.rows(TEST_ROWS, rng)
            truth, prior = world.log_odds(test), published_model(world)
            model, names = fitted(rows, left, prior, None)
            told += "PriorConflictWarning" in names
            level = prior.log_odds(as_frame(rows))
            shift = brentq(lambda b, level=level, left=left: expit(level + b).sum() - left.sum(), -20, 20)
            for name, eta in {
                "ours": model.log_odds(as_frame(test)),
                "given": fitted(rows, left, prior, EFFECT_SD)[0].log_odds(as_frame(test)),
                "none": fitted(rows, left, None, None)[0].log_odds(as_frame(test)),
                "published": prior.log_odds(as_frame(test)) + shift,
                "lasso": lasso(rows, left, test),
            }.items():
                found.setdefault(name, []).append(excess(truth, eta))
        ratio = np.mean(found["ours"]) / np.mean(found["lasso"])
        wanted = f"<= {target[n]}" + (", <= .9 x LASSO" if n <= 1000 else "")
        if turned:
            wanted = f"warned in {told} of {len(found['ours'])}" + ("; <= 8, all" if n == 1000 else "")
        cells = " | ".join(mean_and_error(values) for values in found.values())
        print(f"| {n:,} | {cells} | {ratio:.2f} | {wanted} |", flush=True)


def conflict(repeats: int | None) -> None:
    recovery(repeats, turned=0.4)


# ---------------------------------------------------------------------------------------------- curves
STEPS = 6
N_CURVES, N_FLAGS = 6, 6


def curve_covariance(steps: int) -> np.ndarray:
    """A straight line plus deviation, total sd 1: the prior's own words."""
    line = np.full(steps, 1 / steps)
    return np.asarray(0.2 * np.eye(steps) / steps + 0.8 * np.outer(line, line))


def curve_world(rng: np.random.Generator) -> tuple[AdditiveModel, AdditiveModel]:
    """The prior, and one world drawn from it: six curves on [0, 1], six yes/no factors."""
    shapes, true_shapes = [], []
    for j in range(N_CURVES + N_FLAGS):
        steps = STEPS if j < N_CURVES else 1
        knots = tuple(np.linspace(0, 1, steps + 1).tolist())
        mean = np.full(steps, rng.uniform(0.1, 1.1) / steps)
        truth = rng.multivariate_normal(mean, EFFECT_SD**2 * (curve_covariance(steps) if steps > 1 else np.eye(1)))
        for increments, into in ((mean, shapes), (truth, true_shapes)):
            values = np.concatenate([[0], np.cumsum(increments)])
            into.append(
                PiecewiseLinear(
                    factor=f"f{j:02d}", version=1, construct=f"f{j:02d}", direction=0, knots=knots,
                    values=tuple(values.tolist()), unknown=0.0, mean_row=(0.0,) * steps, variance=0.1,
                )
            )  # fmt: skip
    names = tuple(shape.factor for shape in shapes)
    made = Provenance(made_by="benchmarks/simulation.py", made_from="made", population="made")
    test = curve_rows(TEST_ROWS, np.random.default_rng(1))
    both = []
    for parts, rate in ((shapes, NATIONAL_RATE), (true_shapes, rng.uniform(0.03, 0.08))):
        model = AdditiveModel(
            name="made", horizon="1y", national_mean=NATIONAL_RATE, base_variance=1.0, covariance=(), base=0.0,
            shapes=tuple(parts), features=names, provenance=made,
        )  # fmt: skip
        both.append(model.at_prevalence(rate, test))
    return both[0], both[1]


def curve_rows(n: int, rng: np.random.Generator) -> pd.DataFrame:
    common = rng.standard_normal((n, 1))
    latent = np.sqrt(COMMON) * common + np.sqrt(1 - COMMON) * rng.standard_normal((n, N_CURVES + N_FLAGS))
    rows = ndtr(latent)
    rows[:, N_CURVES:] = rows[:, N_CURVES:] > 0.75
    return as_frame(rows)


def coverage(repeats: int | None) -> None:
    print("\n| n | 90 % interval holds the truth, width given | width by evidence | target |\n|---|---|---|---|")
    for n in SIZES:
        held: dict[float | None, list[float]] = {EFFECT_SD: [], None: []}
        for repeat in range(min(repeats or 99, REPEATS[n])):
            rng = np.random.default_rng([6, n, repeat])
            prior, world = curve_world(rng)
            X = curve_rows(n, rng)
            left = (rng.random(n) < expit(world.log_odds(X))).astype(int)
            if left.sum() < 2:
                continue
            test = curve_rows(5000, rng)
            truth = expit(world.log_odds(test))
            for width, into in held.items():
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    model = pr.DropoutScorer(prior=prior, width=width).fit(X, left).model_
                bounds = model.interval(test, level=0.9)
                into.append(float(((bounds["lower"] <= truth) & (truth <= bounds["upper"])).mean()))
        print(
            f"| {n:,} | {mean_and_error(held[EFFECT_SD], 3)} | {mean_and_error(held[None], 3)} | .83-.96 (width given) |",
            flush=True,
        )


def sure(repeats: int | None) -> None:
    threshold = logit(0.10)
    print(
        "\n| n | share surely above | of them truly above | share surely below | of them truly below | target (above) |"
    )
    print("|---|---|---|---|---|---|")
    for n in (0, *SIZES):
        counts = np.zeros(5)
        for repeat in range(min(repeats or 99, REPEATS.get(n, 25))):
            rng = np.random.default_rng([12, n, repeat])
            world = yes_no_world(rng)
            model = published_model(world)
            if n:
                model = fitted(*drawn(world, n, rng), model, None)[0]
            rows = world.rows(TEST_ROWS, rng)
            eta, truth = model.log_odds(as_frame(rows)), world.log_odds(rows) > threshold
            above = ndtr((eta - threshold) / model.sd(as_frame(rows)))
            high, low = above >= 0.9, above <= 0.1
            counts += [high.sum(), (high & truth).sum(), low.sum(), (low & ~truth).sum(), len(truth)]
        rows_high, right_high, rows_low, right_low, everyone = counts
        print(
            f"| {n:,} | {rows_high / everyone:.3f} | {right_high / max(rows_high, 1):.3f} | {rows_low / everyone:.3f} "
            f"| {right_low / max(rows_low, 1):.3f} | >= .90 |",
            flush=True,
        )


# ---------------------------------------------------------------------------------------------- made municipalities
def made_pupils(n: int, seed: int) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Factor table, who left, and each one's true risk."""
    records = pr.make_cohort(n, random_state=seed, form="sheet")
    truth = records.truth.set_index("pupil_id")
    X = pr.factor_table(records, as_of="2027-01-15")
    truth = truth.loc[X["pupil_id"]]
    return X, truth["dropped_out"].to_numpy(), truth["risk"].to_numpy()


def log_loss(left: np.ndarray, eta: np.ndarray) -> float:
    return float((np.logaddexp(0, eta) - left * eta).mean()) * 1000


def some_with(left: np.ndarray, leavers: int, rng: np.random.Generator) -> np.ndarray:
    """Rows in random order until that many leavers are among them."""
    order = rng.permutation(len(left))
    return order[: int(np.searchsorted(np.cumsum(left[order]), leavers)) + 1]


def few(repeats: int | None) -> None:
    X, left, _ = made_pupils(60_000, 10)
    test, test_left, _ = made_pupils(30_000, 11)
    prior = pr.load_model("literature-prior").for_recorded(X)
    shapes: dict[str, Callable[[np.ndarray], AdditiveModel]] = {
        "published prior, recalibrated": lambda rows: pr.recalibrate(prior, X.iloc[rows], left[rows]),
        "trained": lambda rows: pr.DropoutScorer().fit(X.iloc[rows], left[rows]).model_,
    }
    print(
        f"\n| log loss x1000 on {len(test):,} others | "
        + " | ".join(f"{k} leavers" for k in (5, 20, 50, 300))
        + " | 20 less 300 | target |"
    )
    print("|---|" + "---|" * 6)
    untouched = log_loss(test_left, prior.log_odds(test))
    print(f"| published prior as it is: {untouched:.2f} |  |  |  |  |  |  |")
    for name, make in shapes.items():
        found = {}
        for leavers in (5, 20, 50, 300):
            found[leavers] = []
            for repeat in range(min(repeats or 99, 15)):
                rows = some_with(left, leavers, np.random.default_rng([10, leavers, repeat]))
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    found[leavers].append(log_loss(test_left, make(rows).log_odds(test)))
        cells = " | ".join(mean_and_error(values, 2) for values in found.values())
        less = np.mean(found[20]) - np.mean(found[300])
        print(f"| {name} | {cells} | {less:+.2f} | {'<= 2.5' if 'recal' in name else '-'} |", flush=True)


AGE_AND_PROGRAMME = (["over_age"], ["programme_level"])


def first_reasons(model: AdditiveModel, X: pd.DataFrame, peers: pr.PeerReference, what: str) -> list[list[str]]:
    """For each pupil the constructs (or their leading factors) of the first three reasons, in order."""
    found = pr.reasons(model, X, lang="en", top=3, reference=peers)
    found = found[(found["kind"] == "risk") & (found["line"] == 0)].sort_values("rank")
    by_pupil = found.groupby("pupil_id")[what].agg(list)
    return [by_pupil.get(pupil, []) for pupil in X["pupil_id"]]


def reasons(repeats: int | None) -> None:
    test, _, risk = made_pupils(6_000, 14)
    flagged = test.loc[np.sort(np.argsort(-risk)[: len(risk) // 20])]
    print(
        "\n| learned from | age or programme is first | the same first in two samples | three first, Jaccard | target |"
    )
    print("|---|---|---|---|---|")
    for n in (300, 1000, 3000):
        told, about_age = [], []
        for repeat in range(min(repeats or 99, 6)):
            X, left, _ = made_pupils(n, 1000 + repeat)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = pr.DropoutScorer().fit(X, left).model_
            peers = pr.PeerReference.from_table(model, test)
            its_own = test.loc[np.argsort(-model.risk(test))[: len(test) // 20]]
            about_age += [first[:1] in AGE_AND_PROGRAMME for first in first_reasons(model, its_own, peers, "factor")]
            told.append(first_reasons(model, flagged, peers, "construct"))
        same, jaccard = [], []
        for a, b in combinations(told, 2):
            for one, other in zip(a, b, strict=True):
                same.append(one[:1] == other[:1])
                jaccard.append(len(set(one) & set(other)) / max(len(set(one) | set(other)), 1))
        shares = f"{np.mean(about_age):.3f} | {np.mean(same):.2f} | {np.mean(jaccard):.2f}"
        print(f"| {n:,} pupils | {shares} | < .05; >= .55 at 300 |", flush=True)


PARTS: dict[str, Callable[[int | None], None]] = {
    "recovery": recovery, "conflict": conflict, "coverage": coverage, "sure": sure, "few": few, "reasons": reasons,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all by default")
    parser.add_argument("--repeats", type=int, help="at most so many draws")
    chosen = parser.parse_args()
    for name in chosen.parts or PARTS:
        print(f"\n{name}")
        PARTS[name](chosen.repeats)


if __name__ == "__main__":
    main()
