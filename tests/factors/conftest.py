"""Made event tables in the contract's form, for the tests of factors."""

import datetime as dt
from types import SimpleNamespace

import pyarrow as pa
import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.factors import factor_frame
from pumpurs_risk.records import SchoolRecords
from pumpurs_risk.records.tables.contract import table_contracts

CATALOGUE = Catalogue.load()
SCHEMAS = {name: contract.arrow_schema for name, contract in table_contracts(CATALOGUE).items()}
DATES = ("date", "excused_on", "recorded_on", "corrected_on", "birth_date", "enrolled_from", "date_from", "date_to")
DAY = "2026-01-15"
AUTUMN = "2025/2026-1"


def table(name, rows):
    """Rows in a table's contract; a column that no row has is absent."""
    rows = [{key: dt.date.fromisoformat(v) if key in DATES and v else v for key, v in row.items()} for row in rows]
    given = [field for field in SCHEMAS[name] if any(field.name in row for row in rows)]
    return pa.Table.from_pylist(rows, schema=pa.schema(given or list(SCHEMAS[name])))


def records(engine="pandas", pupils=None, **tables):
    """Records of pupils "p" (9.a of general school "s" in autumn) and whatever else is given, one table a keyword."""
    pupils = [pupil()] if pupils is None else pupils
    made = {"pupils": pupils, **tables}
    return SchoolRecords.of({name: table(name, rows) for name, rows in made.items()}, engine=engine)


def pupil(pupil_id="p", semester=AUTUMN, **more):
    usual = {"school_id": "s", "programme": "general", "level": 9.0, "class_id": "9.a"}
    return {"pupil_id": pupil_id, "semester": semester} | usual | more


def absence(date="2025-10-01", status="absent_unexcused", pupil_id="p", **more):
    return {"pupil_id": pupil_id, "date": date, "status": status} | more


def mark(mark=None, subject="Fizika", date="2025-12-15", kind="semester", pupil_id="p", **more):
    return {"pupil_id": pupil_id, "subject": subject, "date": date, "kind": kind, "mark": mark} | more


def values(made, *names, as_of=DAY, catalogue=None, **options):
    """Values of the first pupil, None for unknown."""
    X = factor_frame(made, as_of, catalogue=catalogue or CATALOGUE, **options)
    found = [X.loc[0, name] for name in names]
    found = [None if value is None or value != value else value for value in found]
    return found[0] if len(names) == 1 else found


@pytest.fixture(scope="session")
def made():
    """What makes records and asks for values."""
    return SimpleNamespace(
        records=records,
        table=table,
        pupil=pupil,
        absence=absence,
        mark=mark,
        values=values,
        catalogue=CATALOGUE,
        day=DAY,
        autumn=AUTUMN,
    )
