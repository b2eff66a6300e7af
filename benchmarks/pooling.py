"""What a small municipality gains from its neighbours' summaries, beside what it may not have: their rows.

    python benchmarks/pooling.py
    python benchmarks/pooling.py --seeds 40 --difference 0.3

Everything is made. Six municipalities are made at once (``make_cohort(n_municipalities=6, difference=...)``); five of them have
1,000 to 3,000 pupils and share a summary, the sixth has 300 pupils of its own to learn from, and the rest of its pupils are
to be ranked. Since the made world knows every pupil's true risk, AUROC and log loss are computed in expectation over it (each
pupil counts as a leaver with that probability), which leaves out the noise of who happens to leave. For each number it prints
the mean over seeds, and for each way the mean paired difference to the joint table with its standard error.

The ways, all fitted by ``DropoutScorer`` with its defaults:

- own: the 300 pupils, no prior (``prior=None``);
- literature: the 300 pupils around the shipped prior, and the shipped prior as it is;
- pooled: the 300 pupils around ``pool_models`` of the five summaries, and the pool as it is;
- joint: the rows of all six in one table around the shipped prior, which nobody may have: with school levels (the
  default), and without.
"""

from __future__ import annotations

import argparse
import warnings
from typing import Any

import numpy as np
import pandas as pd

import pumpurs_risk as pr
from pumpurs_risk.errors import TrainingError, TrainingWarning
from pumpurs_risk.training import pool_models

MADE_PUPILS = 6 * 3_300
MEMBERS = 5
SIZES = (1_000, 3_000)
OWN = 300
JOINT = "joint table of all six"


def expected_auroc(risk: np.ndarray, score: np.ndarray) -> float:
    """Chance that a leaver scores higher than one who stays, where each pupil leaves with its true risk."""
    found = pd.DataFrame({"leaves": risk, "stays": 1 - risk}).groupby(score).sum()  # ties together
    below = found["stays"].cumsum() - found["stays"]
    pairs = (found["leaves"] * (below + found["stays"] / 2)).sum()
    return float(pairs / (found["leaves"].sum() * found["stays"].sum()))


def expected_log_loss(risk: np.ndarray, p: np.ndarray) -> float:
    """Mean log loss where each pupil leaves with its true risk."""
    return float(-(risk * np.log(p) + (1 - risk) * np.log1p(-p)).mean())


def made(seed: int, difference: float) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Give the factor table, the truth in the same order, and each pupil's municipality."""
    records = pr.make_cohort(MADE_PUPILS, random_state=seed, n_municipalities=6, difference=difference, form="sheet")
    X = pr.factor_table(records)
    truth = records.truth.set_index("pupil_id").loc[X["pupil_id"]].reset_index()
    place = records.schools.set_index("school_id")["municipality"].reindex(X["school_id"]).to_numpy()
    return X, truth, place


def one_draw(seed: int, difference: float, between: list[float]) -> list[dict[str, Any]]:
    """Measure all ways once."""
    X, truth, place = made(seed, difference)
    risk, left = truth["risk"].to_numpy(float), truth["dropped_out"].to_numpy(float)
    rng = np.random.default_rng(seed)
    names = rng.permutation(np.unique(place))
    drawn = [rng.choice(np.flatnonzero(place == n), int(rng.integers(*SIZES, endpoint=True)), False) for n in names[:5]]
    there = rng.permutation(np.flatnonzero(place == names[5]))
    own, test = there[:OWN], there[OWN:]
    summaries, refused = [], 0
    for rows in drawn:
        try:
            summaries.append(fitted(X, left, rows).summary_)
        except TrainingError:
            refused += 1
    joint = np.concatenate([*drawn, own])
    ways: dict[str, Any] = {
        "own 300 only": fitted(X, left, own, prior=None),
        "literature, nothing of its own": pr.load_model("literature-prior").for_recorded(X.iloc[test]),
        "literature + own 300": fitted(X, left, own),
        JOINT: fitted(X, left, joint),
        "joint table without school levels": fitted(X, left, joint, school_levels=False),
    }
    pools: dict[str, Any] = {"pooled": pool_models(summaries)}
    pools |= {f"pooled, between {sd:g}": pool_models(summaries, between_sd=sd) for sd in between}
    for title, pool in pools.items():
        ways[f"{title}, nothing of its own"] = pool
        ways[f"{title} + own 300"] = fitted(X, left, own, prior=pool)
    out = []
    for way, model in ways.items():
        p = model.predict_proba(X.iloc[test])[:, 1]
        out.append(
            {
                "seed": seed,
                "difference": difference,
                "way": way,
                "auroc": expected_auroc(risk[test], p),
                "log_loss": 1000 * expected_log_loss(risk[test], p),
                "leavers": int(left[np.concatenate(drawn)].sum()),
                "own_leavers": int(left[own].sum()),
                "refused": refused,
                "between_sd": pools["pooled"].pooling.between_sd,
                "best": expected_auroc(risk[test], risk[test]),
            }
        )
    return out


def fitted(X: pd.DataFrame, left: np.ndarray, rows: np.ndarray, **options: Any) -> pr.DropoutScorer:
    """Fit to some rows; what the scorer warns of is the benchmark's matter, not its reader's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingWarning)
        return pr.DropoutScorer(**options).fit(X.iloc[rows].reset_index(drop=True), left[rows])


def report(found: pd.DataFrame) -> None:
    """Print means, and paired differences to the joint table."""
    for difference, part in found.groupby("difference"):
        one = part.groupby("seed").first()
        print(
            f"\ndifference {difference:g}: {len(one)} draws; leavers of the five {one.leavers.mean():.0f}, own "
            f"{one.own_leavers.mean():.1f}; summaries refused {one.refused.sum()}; between-sd chosen "
            f"{one.between_sd.mean():.3f} ({one.between_sd.min():.2f}-{one.between_sd.max():.2f}); "
            f"AUROC of the truth itself {one.best.mean():.4f}"
        )
        print(f"{'way':44} AUROC   minus joint (SE)    LLx1000  minus joint (SE)")
        wide = {m: part.pivot(index="seed", columns="way", values=m) for m in ("auroc", "log_loss")}
        for way in part["way"].unique():
            cells = []
            for measure, form, wider in (("auroc", ".4f", "+.4f"), ("log_loss", ".2f", "+.2f")):
                column = wide[measure][way]
                away = column - wide[measure][JOINT]
                error = away.std() / max(len(away), 1) ** 0.5
                cells.append(f"{column.mean():{form}}  {away.mean():{wider}} ({error:{form}})")
            print(f"{way:44} {cells[0]:26} {cells[1]}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seeds", type=int, default=20)
    options.add_argument("--first", type=int, default=0, help="first seed")
    options.add_argument("--difference", type=float, nargs="*", default=[0.0, 0.3, 0.6])
    options.add_argument("--between", type=float, nargs="*", default=[], help="further between-municipality sds to try")
    given = options.parse_args()
    rows = [
        row
        for difference in given.difference
        for seed in range(given.first, given.first + given.seeds)
        for row in one_draw(seed, difference, given.between)
    ]
    report(pd.DataFrame(rows))


if __name__ == "__main__":
    main()
