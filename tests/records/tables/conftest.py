"""A table as it is read, and what becomes of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.records.raw_table import RawTable
from pumpurs_risk.records.tables import table_contracts
from pumpurs_risk.records.tables.typing import TypedRows, type_rows
from pumpurs_risk.records.validation.cells import Whereabouts, find_columns
from pumpurs_risk.records.validation.report import ProblemLog, ValidationReport


@dataclass
class Read:
    rows: TypedRows
    report: ValidationReport
    where: Whereabouts

    def __getitem__(self, column: str) -> list[Any]:
        return self.rows.columns[column].to_pylist()

    @property
    def problems(self) -> pd.DataFrame:
        return self.report.problems

    def named(self) -> list[tuple[str, int, str]]:
        """Code, row as a person sees it, and value of every problem."""
        return list(self.problems[["code", "row", "value"]].itertuples(index=False, name=None))


@pytest.fixture(scope="session")
def catalogue():
    return Catalogue.load()


@pytest.fixture(scope="session")
def contracts(catalogue):
    return table_contracts(catalogue)


@pytest.fixture
def raw_table():
    def make(columns, *, file="f.csv", sheet="", first=2):
        cells = {heading: each if isinstance(each, pa.Array) else pa.array(each) for heading, each in columns.items()}
        size = len(next(iter(cells.values())))
        return RawTable(file, sheet, "", cells, np.arange(first, first + size))

    return make


@pytest.fixture
def read(catalogue, raw_table):
    def typed(name, columns, *, lang="en", file="f.csv", catalogue=catalogue, kept=None, **more):
        raw, log = raw_table(columns, file=file), ProblemLog()
        contract = table_contracts(catalogue)[name]
        headings = find_columns(raw, contract, log)
        kept = np.arange(len(raw.rows)) if kept is None else np.asarray(kept)
        school = np.full(len(kept), "kalvene", dtype=object)
        rows = type_rows(raw, contract, headings, kept, school, log, lang=lang, catalogue=catalogue, **more)
        return Read(rows, ValidationReport.of(log), Whereabouts(raw, kept, school, headings, log))

    return typed
