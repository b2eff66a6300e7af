"""Personal codes are found in any cell, and other numbers are left alone."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pumpurs_risk.records.identity.personal_codes import find_personal_codes


@pytest.mark.parametrize(
    "cell",
    [
        "150309-21234",
        "150309 - 21234",
        "150309–21234",
        "15030921234",
        "290204-11234",
        "321234-56789",
        "32123456789",
        "39999999999",
        "Jānis 150309-21234, 9.a",
    ],
)
def test_a_code_is_found_alone_and_within_text(cell):
    assert find_personal_codes([cell]).tolist() == [True]


@pytest.mark.parametrize(
    "cell",
    [
        "",
        None,
        "310209-2123",
        "000109-21234",
        "310209-21234",
        "151309-21234",
        "15030991234",  # without a dash the century must be one
        "31123456789",
        "3212345678",
        "321234567890",
        "1150309-21234",
        "150309-212345",
        "2026-09-01",
    ],
)
def test_other_numbers_are_no_codes(cell):
    assert find_personal_codes([cell]).tolist() == [False]


def test_numbers_and_missing_cells_of_any_frame_are_understood():
    assert find_personal_codes(pa.array([32123456789, None])).tolist() == [True, False]
    assert find_personal_codes(np.array([32123456789.0, np.nan])).tolist() == [True, False]
    assert find_personal_codes(pd.Series(["a", None, "32123456789"])).tolist() == [False, False, True]
    assert find_personal_codes(pd.Series(["a", 32123456789.0, pd.NA], dtype=object)).tolist() == [False, True, False]
    assert find_personal_codes(pa.chunked_array([["a"], ["32123456789"]])).tolist() == [False, True]
    assert find_personal_codes(pa.nulls(2)).tolist() == [False, False]
    assert find_personal_codes([]).tolist() == []
