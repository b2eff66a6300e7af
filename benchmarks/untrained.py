"""How well the shipped score ranks real pupils it has never seen: no training, no local data.

    python benchmarks/untrained.py

Reads ``uci-320`` and ``uci-697`` from the folder in ``PUMPURS_DATA`` (default ``../shared/data`` beside the checkout). For
each it prints the AUROC of the untrained score, as a run makes it (``for_recorded``) and as shipped; of a logistic
regression that was trained on the same columns of the same data (5-fold cross-validation: the yardstick); and of each
factor alone in the direction of the catalogue. All have a 95 % bootstrap interval over pupils (2,000 resamples, fixed
seed). The mapping files in ``examples/`` were decided by what the columns mean before anything was measured.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import pumpurs_risk as pr

CHECKOUT = Path(__file__).resolve().parents[1]
RESAMPLES = 2000
SEED = 0
AS_OF = "2027-01-15"  # the files have no dates; no factor in them depends on it


@dataclass(frozen=True)
class Task:
    """One file, its mapping, and what was to be foreseen."""

    title: str
    file: str
    mapping: str
    outcome: str
    level: Any
    """The outcome happened where the column is below this number, or equals this text."""

    def happened(self, table: pd.DataFrame) -> np.ndarray:
        """Say for each row of the file whether it happened."""
        column = table[self.outcome]
        return np.asarray(column == self.level if isinstance(self.level, str) else column < self.level)


TASKS = (
    Task("UCI 320, Portuguese: G3 < 10", "uci-320/student-por.csv", "uci-320.toml", "G3", 10),
    Task("UCI 320, mathematics: G3 < 10", "uci-320/student-mat.csv", "uci-320-mat.toml", "G3", 10),
    Task("UCI 697 after semester 1: Dropout", "uci-697/data.csv", "uci-697.toml", "Target", "Dropout"),
)


def data_folder() -> Path:
    return Path(os.environ.get("PUMPURS_DATA", CHECKOUT.parent / "shared" / "data"))


def auroc(happened: np.ndarray, score: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Chance that a pupil to whom it happened scores higher than one to whom it did not; ties count half.

    ``weight`` has shape (resamples, n): how often each pupil is in each resample.
    """
    _, group = np.unique(score, return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    pos = np.add.reduceat((weight * happened)[:, order], starts, axis=1)
    neg = np.add.reduceat((weight * ~happened)[:, order], starts, axis=1)
    below = np.cumsum(neg, axis=1) - neg
    return (pos * (below + neg / 2)).sum(axis=1) / (pos.sum(axis=1) * neg.sum(axis=1))


def with_interval(happened: np.ndarray, score: np.ndarray) -> tuple[float, float, float]:
    """AUROC and its 95 % percentile interval."""
    there = ~np.isnan(score)
    happened, score = happened[there], score[there]
    once = np.ones((1, score.size))
    draws = np.random.default_rng(SEED).multinomial(score.size, once[0] / score.size, size=RESAMPLES).astype(float)
    resampled = auroc(happened, score, draws)
    low, high = np.quantile(resampled, [0.025, 0.975])
    return float(auroc(happened, score, once)[0]), float(low), float(high)


def trained_score(X: pd.DataFrame, happened: np.ndarray) -> np.ndarray:
    """Score each pupil by a logistic regression that was fitted on the other four fifths."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    levels = X.columns[[not pd.api.types.is_numeric_dtype(kind) for kind in X.dtypes]]
    columns = pd.get_dummies(X, columns=list(levels), dtype=float)
    model = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True), StandardScaler(), LogisticRegression(max_iter=1000)
    )
    folds = StratifiedKFold(5, shuffle=True, random_state=SEED)
    return cross_val_predict(model, columns, happened, cv=folds, method="decision_function")


def measure(task: Task) -> pd.DataFrame:
    """Measure one task: one row per way of scoring."""
    file = data_folder() / task.file
    records = pr.read_records(file, mapping=CHECKOUT / "examples" / task.mapping)
    X = pr.factor_table(records, as_of=AS_OF)
    table = pd.read_csv(file, sep=";", encoding="utf-8-sig")
    row_in_file = X["pupil_id"].str.rsplit(":", n=1).str[-1].astype(int)  # the mapping's row_number: headings are row 1
    happened = task.happened(table)[row_in_file.to_numpy() - 2]
    shipped = pr.load_model("literature-prior")
    model = shipped.for_recorded(X)
    recorded = [name for name in model.feature_names_in_ if X[name].nunique() > 1]
    scores = {
        "untrained score": model.log_odds(X),
        "the same, shares not renormalised": shipped.log_odds(X),
        "logistic regression, 5-fold CV": trained_score(X[recorded], happened),
    }
    factors = pr.Catalogue.load().factors
    for name in recorded:
        if factors[name].direction:
            scores[name] = factors[name].direction * X[name].to_numpy(dtype=float)
    rows = []
    for name, score in scores.items():
        value, low, high = with_interval(happened, score)
        rows.append((task.title, name, int((~np.isnan(score)).sum()), value, low, high))
    result = pd.DataFrame(rows, columns=["task", "score", "n", "auroc", "low", "high"])
    result.attrs = {"n": len(X), "share": float(happened.mean())}
    return result


def main() -> None:
    missing = [task.file for task in TASKS if not (data_folder() / task.file).is_file()]
    if missing:
        sys.exit(
            f"skipped: {', '.join(missing)} not in {data_folder()} (set PUMPURS_DATA to the folder that holds them)"
        )
    for task in TASKS:
        result = measure(task)
        print(f"\n{task.title}  ({result.attrs['n']} pupils, {result.attrs['share']:.1%} of them)")
        print(f"{'':34}{'known':>6}  AUROC  95 % interval")
        for row in result.itertuples():
            print(f"{row.score:34}{row.n:6}  {row.auroc:5.3f}  {row.low:5.3f} - {row.high:5.3f}")


if __name__ == "__main__":
    main()
