"""The trained scorer against logistic regression, boosting, a forest and EBM, on real data and the same folds.

    pip install lightgbm catboost interpret-core        # peers, for this benchmark alone
    python benchmarks/accuracy.py --cache /tmp/accuracy # predictions are kept there; peers take about half an hour once
    python benchmarks/accuracy.py --cache /tmp/accuracy --again ours
    python benchmarks/accuracy.py --table own.csv --outcome left=1 --nominal school,course

Reads ``uci-320`` and ``uci-697`` from the folder in ``PUMPURS_DATA`` (default ``../shared/data`` beside the checkout). Five
folds, stratified, shuffled by seed 0 (seeds 0, 1, 2 below 4,000 rows); all models get the same columns. Ours has no prior here
(``prior=None``): nothing that anybody published about pupils is used, only the columns. Pairs are on from 5,000 rows.
Prints Markdown, then for each target whether it is met. Time is CPU time of the fits, one thread wanted.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from accuracy_data import DataSet, data_folder, own_table, uci_320, uci_697
from accuracy_metrics import (
    auroc,
    auroc_difference,
    calibration,
    expected_calibration_error,
    loss_difference,
    losses,
    noise_floor,
)
from accuracy_peers import BLACK_BOXES, PEERS, VERSION
from threadpoolctl import threadpool_limits

OURS, WITH_PAIRS = "DropoutScorer", "DropoutScorer, pairs"
MANY = 4000
"""Rows from which on single sets are judged."""
PAIRS_FROM = 5000


def our_models(data: DataSet) -> dict[str, Callable[[pd.DataFrame], Any]]:
    from pumpurs_risk import DropoutScorer

    models: dict[str, Callable[[pd.DataFrame], Any]] = {OURS: lambda X: DropoutScorer(prior=None)}
    if len(data.X) * 0.8 >= PAIRS_FROM:
        models[WITH_PAIRS] = lambda X: DropoutScorer(prior=None, pairs="auto")
    return models


def foresee(data: DataSet, make: Callable[[pd.DataFrame], Any]) -> tuple[np.ndarray, float]:
    """Probability of each pupil by a model that had not seen him, shape (seeds, n), and the CPU seconds of one fit."""
    p = np.full((len(data.seeds), len(data.X)), np.nan)
    seconds = []
    for seed, folds in enumerate(data.folds()):
        for learn, rest in folds:
            model = make(data.X)
            with warnings.catch_warnings(), threadpool_limits(1):
                warnings.simplefilter("ignore")  # ours warn of protected columns, others of their own upkeep
                began = time.process_time()
                model.fit(data.X.iloc[learn], data.happened[learn])
                seconds.append(time.process_time() - began)
                p[seed, rest] = model.predict_proba(data.X.iloc[rest])[:, 1]
    return p, float(np.median(seconds))


def predictions(
    data: DataSet, cache: Path | None, again: set[str], kept_only: bool = False
) -> dict[str, tuple[np.ndarray, float]]:
    """Ours and every peer's, from the cache where they are there."""
    found = {}
    ours = our_models(data)
    for name, make in {**ours, **PEERS}.items():
        words = f"{data.name} {name}" + ("" if name in ours else f" {VERSION}")
        kept = None if cache is None else cache / f"{''.join(c if c.isalnum() else '-' for c in words)}.npz"
        forced = name in again or ("ours" in again and name in ours)
        if kept is not None and kept.is_file() and not forced:
            stored = np.load(kept)
            found[name] = stored["p"], float(stored["seconds"])
            continue
        if kept_only and name not in ours:
            continue
        print(f"{data.name}: {name} ...", file=sys.stderr, flush=True)
        found[name] = foresee(data, make)
        if kept is not None:
            np.savez(kept, p=found[name][0], seconds=found[name][1])
    return found


def measures(data: DataSet, name: str, p: np.ndarray, seconds: float, ours: np.ndarray) -> dict[str, Any]:
    """One row of the long table; differences are ours less this peer's."""
    y = data.happened
    row: dict[str, Any] = {"set": data.name, "n": len(y), "model": name, "auroc": auroc(y, p)}
    row["d_auroc"], row["se_auroc"] = auroc_difference(y, ours, p)
    for kind in ("log_loss", "brier"):
        row[kind] = losses(y, p, kind).mean()
        row[f"d_{kind}"], row[f"se_{kind}"] = loss_difference(y, ours, p, kind)
    row["intercept"], row["slope"] = calibration(y, p)
    row["ece"], row["floor"], row["seconds"] = expected_calibration_error(y, p), noise_floor(p), seconds
    return row


def as_markdown(rows: pd.DataFrame) -> list[str]:
    lines = [
        "| set | model | AUROC | ours less it (SE) | log loss x1000 | ours less it (SE) | Brier x1000 | ours less it (SE) "
        "| slope | intercept | ECE (its noise) | fit, CPU s |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows.to_dict("records"):

        def less(kind: str, factor: int, digits: int, row: dict[str, Any] = row) -> str:
            if row["model"] == row["ours"]:
                return "-"
            return f"{row[f'd_{kind}'] * factor:+.{digits}f} ({row[f'se_{kind}'] * factor:.{digits}f})"

        name = f"**{row['model']}**" if row["model"] == row["ours"] else row["model"]
        lines.append(
            f"| {row['set']} | {name} | {row['auroc']:.4f} | {less('auroc', 1, 4)} | {row['log_loss'] * 1000:.1f} "
            f"| {less('log_loss', 1000, 1)} | {row['brier'] * 1000:.1f} | {less('brier', 1000, 1)} | {row['slope']:.3f} "
            f"| {row['intercept']:+.3f} | {row['ece']:.3f} ({row['floor']:.3f}) | {row['seconds']:.2f} |"
        )
    return lines


def means(rows: pd.DataFrame) -> list[str]:
    """Means over the sets, ours first."""
    shown = rows.assign(model=np.where(rows["model"] == rows["ours"], OURS, rows["model"]))
    shown = shown[(shown["model"] == OURS) | shown["model"].isin(PEERS)]
    mean = shown.groupby("model", sort=False)[["auroc", "log_loss", "brier", "seconds"]].mean()
    lines = ["| mean over the sets | AUROC | log loss x1000 | Brier x1000 | fit, CPU s |", "|---|---|---|---|---|"]
    return lines + [
        f"| {name} | {row.auroc:.4f} | {row.log_loss * 1000:.1f} | {row.brier * 1000:.1f} | {row.seconds:.2f} |"
        for name, row in mean.iterrows()
    ]


def targets(rows: pd.DataFrame) -> list[str]:
    """Each target, whether it is met, and what decided it."""
    mine = rows[rows["model"] == rows["ours"]].set_index("set")
    peers = rows[rows["model"].isin(PEERS)]
    lines = []

    def say(met: bool, target: str, seen: str) -> None:
        lines.append(f"- {'met' if met else '**NOT met**'}: {target}: {seen}")

    for kind, title, sign in (("auroc", "AUROC", 1), ("log_loss", "log loss", -1), ("brier", "Brier", -1)):
        by_peer = peers.groupby("model")[f"d_{kind}"].mean() * sign
        say(
            bool((by_peer > 0).all()),
            f"mean {title} better than every single peer's mean",
            f"least ahead of {by_peer.idxmin()}, by {by_peer.min():+.4f}",
        )
        many = peers[peers["n"] >= MANY]
        if len(many):
            z = sign * many[f"d_{kind}"] / many[f"se_{kind}"]
            worst = many.loc[z.idxmin()]
            say(
                bool(z.min() >= -2),
                f"no peer's {title} better by more than 2 paired SE on a set of at least {MANY:,} rows",
                f"worst {z.min():+.1f} SE: {worst['model']} on {worst['set']} ({sign * worst[f'd_{kind}']:+.4f})",
            )
        if kind == "auroc":
            boxes = peers[peers["model"].isin(BLACK_BOXES)]
            best = boxes.loc[boxes.groupby("set")["auroc"].idxmax()]
            room = best["d_auroc"] + 2 * best["se_auroc"] + 0.005
            worst = best.loc[room.idxmin()]
            say(
                bool(room.min() >= 0),
                "AUROC never more than .005 below the best black box beyond 2 SE",
                f"nearest to it {worst['d_auroc']:+.4f} (SE {worst['se_auroc']:.4f}): {worst['model']} on {worst['set']}",
            )
    large = mine[mine["n"] >= MANY]
    if len(large):
        say(
            bool(large["slope"].between(0.93, 1.07).all()),
            "calibration slope .93 to 1.07",
            ", ".join(f"{slope:.3f}" for slope in large["slope"]),
        )
        say(bool((large["ece"] <= 0.03).all()), "ECE at most .03", ", ".join(f"{ece:.3f}" for ece in large["ece"]))
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, help="folder that keeps predictions")
    parser.add_argument(
        "--again", nargs="*", default=[], help="models to run again although they are kept; 'ours' for ours"
    )
    parser.add_argument("--only", help="sets whose name contains this")
    parser.add_argument("--without", nargs="*", default=[], help="peers to leave out")
    parser.add_argument("--kept-only", action="store_true", help="peers only where their predictions are kept")
    parser.add_argument("--table", type=Path, help="a CSV or Parquet file instead")
    parser.add_argument("--outcome", help="COLUMN=VALUE of that file")
    parser.add_argument("--nominal", default="", help="its columns of codes without order, by comma")
    chosen = parser.parse_args()
    if chosen.table:
        sets = [own_table(chosen.table, chosen.outcome, tuple(filter(None, chosen.nominal.split(","))))]
    elif not (data_folder() / "uci-697").is_dir():
        sys.exit(
            f"skipped: uci-697 and uci-320 not in {data_folder()} (set PUMPURS_DATA to the folder that holds them)"
        )
    else:
        sets = [*uci_697(), *uci_320()]
    if chosen.cache:
        chosen.cache.mkdir(parents=True, exist_ok=True)
    for name in chosen.without:
        del PEERS[name]
    rows = []
    for data in sets:
        if chosen.only and chosen.only not in data.name:
            continue
        made = predictions(data, chosen.cache, set(chosen.again), chosen.kept_only)
        ours = WITH_PAIRS if WITH_PAIRS in made else OURS
        rows += [{**measures(data, name, *both, made[ours][0]), "ours": ours} for name, both in made.items()]
    table = pd.DataFrame(rows)
    print("\n".join([*as_markdown(table), "", *means(table), "", *targets(table)]))


if __name__ == "__main__":
    main()
