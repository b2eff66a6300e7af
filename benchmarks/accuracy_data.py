"""The data sets of ``accuracy.py``: the columns that every model gets, and what is to be foreseen."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

CHECKOUT = Path(__file__).resolve().parents[1]
NOMINAL_697 = (
    "Marital status", "Application mode", "Course", "Previous qualification", "Nacionality", "Mother's qualification",
    "Father's qualification", "Mother's occupation", "Father's occupation",
)  # fmt: skip
"""Codes without an order: category for every model that can use it, one column per code for the others."""
LATER_FACTS_697 = ("Debtor", "Tuition fees up to date")
"""Known some time after the enrolment; when exactly is not documented."""


@dataclass(frozen=True)
class DataSet:
    """One view of one file: `X` as every model gets it, `happened` as 0/1, and how often it is cut into five folds."""

    name: str
    X: pd.DataFrame
    happened: np.ndarray
    seeds: tuple[int, ...]

    def folds(self) -> list[list[tuple[np.ndarray, np.ndarray]]]:
        """Rows to learn from and rows to foresee: one list of five per seed, the same for all models."""
        from sklearn.model_selection import StratifiedKFold

        return [
            list(StratifiedKFold(5, shuffle=True, random_state=seed).split(self.X, self.happened))
            for seed in self.seeds
        ]


def data_folder() -> Path:
    return Path(os.environ.get("PUMPURS_DATA", CHECKOUT.parent / "shared" / "data"))


def columns_for_all(table: pd.DataFrame, nominal: tuple[str, ...] = ()) -> pd.DataFrame:
    """Headings without brackets (LightGBM refuses them), two words as 0/1, other words and `nominal` as category."""
    columns = {}
    for heading, column in table.items():
        name = "".join(sign if sign.isalnum() else "_" for sign in str(heading)).strip("_")
        if heading in nominal:
            column = column.astype(str).astype("category")
        elif not pd.api.types.is_numeric_dtype(column):
            column = column.astype("category")
            if len(column.cat.categories) == 2:
                column = column.cat.codes.where(column.notna())
        columns[name] = column if isinstance(column.dtype, pd.CategoricalDtype) else column.astype(float)
    return pd.DataFrame(columns)


def uci_697() -> list[DataSet]:
    """A polytechnic, 4,424 students: Dropout against the rest, seen at enrolment and after each semester."""
    table = pd.read_csv(data_folder() / "uci-697/data.csv", sep=";", encoding="utf-8-sig")
    happened = (table.pop("Target") == "Dropout").to_numpy().astype(int)
    second = [name for name in table if "2nd sem" in name]
    first = [name for name in table if "1st sem" in name]
    views = {
        "697 enrolment": [*first, *second, *LATER_FACTS_697],
        "697 semester 1": second,
        "697 semester 2": [],
    }
    return [
        DataSet(name, columns_for_all(table.drop(columns=left_out), NOMINAL_697), happened, (0,))
        for name, left_out in views.items()
    ]


def uci_320() -> list[DataSet]:
    """Two secondary schools, 395 and 649 pupils: final mark below 10 of 20; never the second period's mark."""
    sets = []
    for subject in ("mat", "por"):
        table = pd.read_csv(data_folder() / f"uci-320/student-{subject}.csv", sep=";")
        happened = (table.pop("G3").astype(float) < 10).to_numpy().astype(int)
        first_mark = pd.to_numeric(table["G1"])
        without = table.drop(columns=["G1", "G2"])
        sets.append(DataSet(f"320 {subject}, no marks", columns_for_all(without), happened, (0, 1, 2)))
        sets.append(DataSet(f"320 {subject}, G1", columns_for_all(without.assign(G1=first_mark)), happened, (0, 1, 2)))
    return sets


def own_table(file: Path, outcome: str, nominal: tuple[str, ...]) -> DataSet:
    """A CSV or Parquet file of one's own; `outcome` is written COLUMN=VALUE."""
    table = pd.read_parquet(file) if file.suffix == ".parquet" else pd.read_csv(file, sep=None, engine="python")
    column, value = outcome.rsplit("=", 1)
    happened = (table.pop(column).astype(str) == value).to_numpy().astype(int)
    return DataSet(file.stem, columns_for_all(table, nominal), happened, (0,) if len(table) >= 4000 else (0, 1, 2))
