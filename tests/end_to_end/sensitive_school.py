"""A made school in which several pupils live through what few people may know: a sheet with every factor."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from pumpurs_risk.catalogue import Catalogue

SECRETS = {
    "01": {"pregnancy": 1}, "02": {"parental_addiction": 1}, "03": {"family_conflict": 3}, "04": {"violence": 3},
    "05": {"addiction": 1}, "06": {"marriage": 1}, "07": {"mental_health": 3}, "08": {"low_income": 3},
    "09": {"sick_relative": 1},    "10": {"out_of_home_care": 1, "parents_absent": 1}, "11": {"health_problem": 3},
    "12": {"bullying": 3, "learning_difficulty": 3},
}  # fmt: skip
"""What is recorded of some pupils, by their own id; each also has what everybody may see."""

TWIN = "99"
"""Own id of a pupil whose journal is that of 01, and who has no secret."""


def write_sensitive_school(folder: Path, n: int = 60) -> Path:
    """Write the school's sheet as CSV; nobody in it exists."""
    catalogue = Catalogue.load()
    rng = np.random.default_rng(6)
    factors = sorted({factor for known in SECRETS.values() for factor in known})
    headings = [
        "Identifikators", "Vārds, uzvārds", "Klase", "Dzimšanas gads", "Notikušās stundas", "Kavētās stundas",
        "Neattaisnoti kavētās stundas", "Vidējais vērtējums", *(catalogue.factors[f].heading["lv"] for f in factors),
    ]  # fmt: skip
    rows = []
    for i in range(1, n + 1):
        own = f"{i:02}"
        secrets = SECRETS.get(own, {})
        missed = int(rng.integers(60, 140)) if secrets else int(rng.integers(0, 30))
        rows.append(
            [own, f"Izdomātais{i} Skolēns{i}", f"{8 + i % 3}.{'ab'[i % 2]}", 2027 - 14 - i % 3, 480, missed, missed // 4,
             f"{rng.uniform(3.5, 9):.1f}".replace(".", ","), *(secrets.get(f, 0) for f in factors)]
        )  # fmt: skip
    twin = list(rows[0])  # as the first pupil in all that the journal says, and nothing else is known
    twin[0], twin[1] = TWIN, "Izdomātais Dvīnis"
    twin[8:] = [0] * len(factors)
    rows.append(twin)
    path = folder / "skola.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as handle:
        csv.writer(handle, delimiter=";").writerows([headings, *rows])
    return path
