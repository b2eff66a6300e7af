"""A table as it was found: headings and cells as written, nothing interpreted yet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Notice:
    """Something worth saying about a file that hinders nothing (an .xlsm's macros, a sheet without pupils)."""

    code: str
    column: str = ""
    value: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class RawTable:
    """One table of one file.

    Parameters
    ----------
    file : str
        Path below the folder that was read, as its owner knows it.
    sheet : str
        Name of the worksheet; empty for CSV and Parquet.
    school : str
        Name of the sub-folder that stands for a school; empty if there is none.
    columns : mapping of str to pyarrow.Array
        Heading as written, to its cells: text or a primitive type; null and "" are empty cells. All of one length.
    rows : numpy.ndarray of int64, shape (n,)
        Row number of each row as a person sees it in the file (the heading row of a plain CSV is 1).
    cover : mapping of str to str
        What the workbook's first sheet says: school, municipality, as_of, semester, programme, places, lessons_held.
    notices : tuple of Notice
        What to mention.
    sha256 : str
        Digest of the file's bytes.
    origins : mapping of str to str
        After a mapping file: heading here, to the one heading of the file that it was made from.
    table : str
        Name of the event table that it is, where its maker knows; "" where its headings tell.
    above : tuple of tuple of str
        Cells of the lines above the headings.
    """

    file: str
    sheet: str
    school: str
    columns: Mapping[str, pa.Array[Any]]
    rows: np.ndarray[Any, Any]
    cover: Mapping[str, str] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    sha256: str = ""
    origins: Mapping[str, str] = field(default_factory=dict)
    table: str = ""
    above: tuple[tuple[str, ...], ...] = ()


def readable(name: str) -> str:
    r"""Put a replacement sign where a name holds bytes that are no text, as a file's name may on some systems.

    Parameters
    ----------
    name : str
        As the system gives it.

    Returns
    -------
    str
        Fit to be shown and written.

    Examples
    --------
    >>> readable("9a_\udce2.csv") == "9a_\ufffd.csv"
    True
    """
    return re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", name)
