"""Any column is written as text in one way, wherever it is read."""

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pumpurs_risk.records.cell_texts import cell_texts


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (pa.array([32123456789.0, 7.0, 0.5, None]), ["32123456789", "7", "0.5", None]),
        (np.array([1e15, np.nan, np.inf]), ["1000000000000000", None, "inf"]),
        (pd.Series([32123456789.0, "a", pd.NA, pd.NaT], dtype=object), ["32123456789", "a", None, None]),
        (pa.array([dt.datetime(2010, 5, 3), dt.datetime(2010, 5, 3, 1)]), ["2010-05-03", "2010-05-03 01:00:00"]),
        (pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"]),
        (pa.chunked_array([["a"], ["b"]]), ["a", "b"]),
        (pa.chunked_array([], pa.float64()), []),
        (pa.array([True, False]), ["true", "false"]),
        ([], []),
    ],
)
def test_whole_numbers_have_no_exponent_dates_no_midnight_and_unknowns_are_null(values, wanted):
    found = [text.removesuffix(".000000") if text else text for text in cell_texts(values).to_pylist()]
    assert found == wanted
