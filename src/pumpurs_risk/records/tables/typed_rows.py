"""What typing gives: the typed rows of one table, and from which of its rows each comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


@dataclass(frozen=True)
class TypedRows:
    """Typed rows of one table of one file.

    Parameters
    ----------
    columns : mapping of str to pyarrow.Array, each of shape (n,)
        By column id, in the contract's order and of the types of its ``arrow_schema``; without ``pupil_id`` and
        ``school_id``, and without the columns that the file does not have. Unknown is null.
    source : numpy.ndarray of int64, shape (n,)
        Position, among the rows that were given, of the row that each typed row comes from; ascending. A row of marks may
        give several typed rows, or none.
    rejected : numpy.ndarray of int64
        Positions of the rows whose key is unusable; each is named once in the log with the action ``row_rejected``.
    """

    columns: Mapping[str, pa.Array[Any]]
    source: np.ndarray[Any, Any]
    rejected: np.ndarray[Any, Any]
