"""Melting loses no entry and makes none up."""

import re

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pumpurs_risk.records.mapping.melting import melt_cells, number_of_entry, read_headings
from pumpurs_risk.records.mapping.plan import Melt

ENTRIES = ("7", "7,5", "8(p.d.)", "4|7", "nv", "n", "ns", "85%", "7/10", "10")
CELL = st.one_of(
    st.none(),
    st.just(""),
    st.lists(st.sampled_from(ENTRIES), min_size=1, max_size=4).flatmap(
        lambda some: st.sampled_from([" ", "; ", ", ", ";", "\n", "  "]).map(lambda between: between.join(some))
    ),
)
HEADINGS = ("05.10.", "05.10. (2)", "06.10. PD", "12.01.")
MELT = Melt(1, (), (), "day", "entry", dates=True, split=True, keep_empty=False)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[CELL] * len(HEADINGS)), min_size=1, max_size=6))
def test_every_entry_of_every_cell_becomes_one_row_in_order_with_a_number_of_its_own(rows):
    columns = [pa.array(cells, pa.string()) for cells in zip(*rows, strict=True)]
    made = melt_cells(columns, MELT, (), None)
    wanted = [
        (row, column, entry)
        for row, cells in enumerate(rows)
        for column, cell in enumerate(cells)
        for entry in re.split(r"[;\s]+|, ", cell or "")
        if entry
    ]
    wanted = [(row, column, entry.rstrip(",")) for row, column, entry in wanted]
    assert list(zip(made.row.tolist(), made.column.tolist(), made.values.to_pylist(), strict=True)) == wanted
    read = read_headings(HEADINGS, MELT, "2026/2027")
    day = np.array(read.names)[made.column] if made.row.size else []
    numbered = list(zip(made.row.tolist(), day, number_of_entry(made, read).tolist(), strict=True))
    assert len(set(numbered)) == len(numbered)


def test_signs_that_belong_together_stay_together():
    cells = [pa.array(["7 (p.d.)", "4 | 7", "85 %", "7 / 10", "7,5; 8"])]
    made = melt_cells(cells, MELT, (), None)
    assert made.values.to_pylist() == ["7 (p.d.)", "4 | 7", "85 %", "7 / 10", "7,5", "8"]
    assert made.entries.tolist() == [1, 1, 1, 1, 2, 2]


def test_a_table_without_rows_melts_into_one_without_rows():
    made = melt_cells([pa.array([], pa.string())], MELT, (), None)
    assert (made.row.size, made.values.to_pylist()) == (0, [])
    assert number_of_entry(made, read_headings(["05.10."], MELT, "2026/2027")).size == 0
