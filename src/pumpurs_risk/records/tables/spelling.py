"""One spelling for one thing: subjects that differ in case or spaces only are the same subject."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc


def spell_alike(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    """Write texts that differ in case and spaces only as most of the rows write them.

    Held tables are spelt alike as a whole, over all files of a reading; the rows of lazy frames are taken as they are.

    Parameters
    ----------
    table : pyarrow.Table
        All typed rows of one table.
    columns : sequence of str
        Text columns; one that the table does not have is passed over.

    Returns
    -------
    pyarrow.Table
        Of equally frequent spellings the first in sort order stands, so that the order of files does not matter.

    Examples
    --------
    >>> rows = pa.table({"subject": ["matemātika", "Matemātika", " MATEMĀTIKA", "Matemātika", "Fizika", None]})
    >>> spell_alike(rows, ["subject"])["subject"].to_pylist()
    ['Matemātika', 'Matemātika', 'Matemātika', 'Matemātika', 'Fizika', None]
    """
    for each in columns:
        if each in table.column_names:
            table = table.set_column(table.column_names.index(each), each, _alike(table[each]))
    return table


def _alike(values: Any) -> pa.Array[Any]:
    column = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    encoded = pc.dictionary_encode(column)
    counts = pc.value_counts(encoded.indices.drop_null())
    sizes = dict(zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True))
    spelt = pd.DataFrame({"written": [" ".join(text.split()) for text in encoded.dictionary.to_pylist()]})
    spelt["rows"] = [sizes.get(place, 0) for place in range(len(spelt))]
    totals = spelt.groupby("written")["rows"].sum()  # what differs in spaces only is one spelling
    said = pd.DataFrame({"written": totals.index, "rows": -totals.to_numpy()})
    said["folded"] = said["written"].map(str.casefold)
    best = said.sort_values(["rows", "written"]).drop_duplicates("folded")
    chosen = spelt["written"].map(str.casefold).map(best.set_index("folded")["written"])
    return pa.array(chosen.tolist(), column.type).take(encoded.indices)
