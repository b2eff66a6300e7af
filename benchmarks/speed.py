"""What a fit of the trained scorer costs, beside logistic regression and EBM, and how much memory millions of rows take.

    python benchmarks/speed.py                       # 10,000 and 100,000 rows x 25; peers where they are installed
    python benchmarks/speed.py --rows 2000000 --only DropoutScorer

Each fit is a process of its own; models take turns within a round, and a ratio is that of CPU seconds in one round. Making the
data and importing do not count as time, but the data count as memory. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import warnings
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

OURS = "DropoutScorer"
SEED = 0


def made_table(n: int) -> tuple[pd.DataFrame, np.ndarray]:
    """25 columns: 12 continuous, 6 counts, 5 yes/no, 2 of words; a tenth unknown in eight of them; 6 % leave."""
    rng = np.random.default_rng(SEED)
    common = rng.standard_normal(n)
    columns: dict[str, Any] = {}
    eta = np.full(n, -5.0)
    for j in range(23):
        latent = 0.4 * common + 0.9 * rng.standard_normal(n)
        if j < 12:
            columns[f"measure_{j}"] = values = latent
            eta += 0.15 * latent + (0.3 * np.maximum(latent - 1, 0) if j % 3 == 0 else 0)
        elif j < 18:
            columns[f"count_{j}"] = values = np.floor(np.exp(0.7 * latent) * 2)
            eta += 0.08 * np.minimum(values, 10)
        else:
            columns[f"yes_{j}"] = values = (latent > 1).astype(float)
            eta += 0.4 * values
        if j % 3 == 1:
            values[rng.random(n) < 0.1] = np.nan
    for name, levels in (("programme_word", 6), ("place_word", 20)):
        codes = rng.integers(0, levels, n)
        columns[name] = pd.Categorical.from_codes(codes, [f"level {i}" for i in range(levels)])
        eta = eta + rng.normal(0, 0.3, levels)[codes]
    return pd.DataFrame(columns), (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(int)


def model_of(name: str, X: pd.DataFrame) -> Any:
    if name == OURS:
        from pumpurs_risk import DropoutScorer

        return DropoutScorer(prior=None)
    if name == "LogisticRegression":
        from accuracy_peers import _one_hot
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        return make_pipeline(_one_hot(X, scale=True), LogisticRegression(max_iter=1000))
    from accuracy_peers import ebm

    return ebm(X)


def one(name: str, rows: int) -> dict[str, float]:
    """Fit once in this process."""
    X, left = made_table(rows)
    model = model_of(name, X)
    model_of(name, X.iloc[:400]).fit(X.iloc[:400], left[:400])  # what is imported late is there now
    began, cpu = time.perf_counter(), time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, left)
    found = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}
    try:
        import resource

        found["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    except ImportError:  # Windows has no such module
        found["peak_mib"] = float("nan")
    found["data_mib"] = X.memory_usage(deep=True).sum() / 2**20
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--only", nargs="*", help="models")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(one(chosen.one, chosen.rows[0])))
        return
    models = chosen.only or [OURS, "LogisticRegression", "EBM"]
    if "EBM" in models and not chosen.only:
        try:
            import interpret.glassbox  # noqa: F401
        except ImportError:
            models.remove("EBM")
    print("| rows x 25 | model | s by the clock, median | CPU s | ours by it, CPU (range) | peak MiB (the data) |")
    print("|---|---|---|---|---|---|")
    for rows in chosen.rows:
        found: dict[str, list[dict[str, float]]] = {name: [] for name in models}
        for _ in range(chosen.rounds):
            for name in models:
                command = [sys.executable, __file__, "--one", name, "--rows", str(rows)]
                found[name].append(
                    json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                )
        for name, runs in found.items():
            ratios = [ours["cpu"] / it["cpu"] for ours, it in zip(found.get(OURS, runs), runs, strict=True)]
            against = "1" if name == OURS else f"{median(ratios):.2g} ({min(ratios):.2g}-{max(ratios):.2g})"
            middle = {key: median(run[key] for run in runs) for key in runs[0]}
            print(
                f"| {rows:,} | {name} | {middle['seconds']:.2f} | {middle['cpu']:.2f} | {against} "
                f"| {middle['peak_mib']:,.0f} ({middle['data_mib']:,.0f}) |",
                flush=True,
            )


if __name__ == "__main__":
    main()
