"""A grid of cells between the file it came from and the table it becomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from pumpurs_risk.records.raw_table import Notice


@dataclass(frozen=True, slots=True)
class RawGrid:
    """Headings, columns and the lines above them, not yet tidied.

    Parameters
    ----------
    headings : sequence of str
        As written; blank and doubled ones still there.
    columns : sequence of pyarrow.Array
        One per heading, text or primitive, each of length n.
    rows : numpy.ndarray of int64, shape (n,)
        Row numbers as a person sees them.
    above : sequence of sequence of str
        Cells of the lines above the headings.
    first_column : int
        Number of the first column (A is 0).
    notices : sequence of Notice
        What to mention.
    """

    headings: Sequence[str]
    columns: Sequence[pa.Array[Any]]
    rows: np.ndarray[Any, Any]
    above: Sequence[Sequence[str]] = ()
    first_column: int = 0
    notices: Sequence[Notice] = ()
