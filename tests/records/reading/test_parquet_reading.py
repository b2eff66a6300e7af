"""Parquet keeps its types; what cannot be one value per cell is named."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.records.reading import parquet_reading
from pumpurs_risk.records.reading.parquet_reading import read_parquet


def test_primitive_columns_keep_their_type_and_others_become_text(tmp_path):
    table = pa.table(
        {
            "n": pa.array([1, None], pa.int16()),
            "d": [dt.date(2026, 9, 1), None],
            "t": pa.array(["a", "b"], pa.large_string()),
            "k": pa.array(["x", "x"]).dictionary_encode(),
            "m": [Decimal("7.50"), None],
            "l": [[1], [2]],
            "e": pa.nulls(2),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    grid = read_parquet(tmp_path / "a.parquet", "a.parquet")
    types = dict(zip(grid.headings, (str(column.type) for column in grid.columns), strict=True))
    assert types == {"n": "int16", "d": "date32[day]", "t": "string", "k": "string", "m": "string", "e": "string"}
    assert grid.columns[4].to_pylist() == ["7.50", None]
    assert grid.rows.tolist() == [1, 2]
    assert [(notice.code, notice.column) for notice in grid.notices] == [("column_nested", "l")]


def test_a_flipped_or_cut_file_is_called_damaged(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": [1, 2]}), path)
    path.write_bytes(path.read_bytes()[:-6])
    with pytest.raises(RecordsError) as caught:
        read_parquet(path, "a.parquet")
    assert caught.value.code == "parquet_damaged"


def test_a_file_that_claims_more_cells_than_memory_holds_is_not_read(tmp_path, monkeypatch):
    pq.write_table(pa.table({"a": [1] * 11}), tmp_path / "a.parquet")
    monkeypatch.setattr(parquet_reading, "MOST_CELLS", 10)
    with pytest.raises(RecordsError) as caught:
        read_parquet(tmp_path / "a.parquet", "a.parquet")
    assert caught.value.code == "table_too_large"
