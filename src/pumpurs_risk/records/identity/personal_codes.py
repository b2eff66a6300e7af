"""Finds Latvian personal codes, which the library never needs, and keeps them out of all that it says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pumpurs_risk.records.cell_texts import cell_texts

_DAY_AND_MONTH = "(?:(?:0[1-9]|[12][0-9])(?:0[1-9]|1[0-2])|30(?:0[13-9]|1[0-2])|31(?:0[13578]|1[02]))"
_DASH = "[-‐‑–]"
# Until 2017 DDMMYY-NNNNN, the first of the five digits being the century (0, 1, 2): asked for where the dash is
# missing, so that fewer other numbers of eleven digits look alike. Since then eleven digits, the first 3, the second
# 2 to 9, the dash optional.
CODE = (
    f"(?:{_DAY_AND_MONTH}[0-9]{{2}}(?: ?{_DASH} ?[0-9]{{5}}|[0-2][0-9]{{4}})"
    f"|3[2-9][0-9]{{4}}(?: ?{_DASH} ?)?[0-9]{{5}})"
)
_ANYWHERE = f"(?:^|[^0-9]){CODE}(?:$|[^0-9])"
_IN_TEXT = re.compile(f"(?<![0-9]){CODE}(?![0-9])")
_LEAST = 1e9  # a number below it has too few digits
HIDDEN = "******-*****"
"""Stands where a personal code stood."""


def find_personal_codes(
    values: pa.Array[Any] | np.ndarray[Any, Any] | Sequence[Any],
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Find the cells that hold a personal code, alone or within other text.

    Parameters
    ----------
    values : array of str or int, shape (n,)
        Cells; empty ones may be None.

    Returns
    -------
    numpy.ndarray of bool, shape (n,)
        True where a code of the old form (its date possible) or of the new form stands.

    Notes
    -----
    Forms of the code: aluksne.lv, tvnet.lv 2023 (new codes have been issued since 1 July 2017 and begin with 32).

    Examples
    --------
    >>> find_personal_codes(["150309-21234", "990309-21234", "32123456789", "321234-56789", "12", None]).tolist()
    [True, False, True, True, False, False]
    """
    if isinstance(values, pa.Array) and _holds_small_values(values):
        return np.zeros(len(values), bool)
    column = cell_texts(values)
    if not len(column):
        return np.zeros(0, bool)
    written: Any = column.dictionary_encode()
    known = np.append(np.asarray(pc.match_substring_regex(written.dictionary, _ANYWHERE), bool), False)
    found: np.ndarray[Any, np.dtype[np.bool_]] = known[np.asarray(written.indices.fill_null(-1))]
    return found


def hide_codes(values: Any, sign: str = HIDDEN) -> Any:
    """Put a sign in the place of every personal code, so that the text may be shown.

    Parameters
    ----------
    values : str, or array of str, shape (n,)
        Texts.
    sign : str
        What stands for a code.

    Returns
    -------
    str, or array of str, shape (n,)
        As given where there is no code; a pyarrow array for a pyarrow array, else an object array.

    Examples
    --------
    >>> hide_codes("brālis 150309-21234"), hide_codes(["32123456789", "7"]).tolist()
    ('brālis ******-*****', ['******-*****', '7'])
    """
    if isinstance(values, str):
        return _IN_TEXT.sub(sign, values)
    if not find_personal_codes(values).any():
        return values
    cut: Any = cell_texts(values)
    for _ in range(2):  # of codes side by side every second one is left by the first pass
        cut = pc.replace_substring_regex(cut, rf"(^|[^0-9]){CODE}($|[^0-9])", rf"\1{sign}\2")
    return cut if isinstance(values, pa.Array) else np.asarray(cut.to_numpy(zero_copy_only=False), dtype=object)


def _holds_small_values(column: pa.Array[Any]) -> bool:
    """Whether a column's type or size rules codes out, without writing its cells as text."""
    kind = column.type
    if pa.types.is_boolean(kind) or pa.types.is_temporal(kind):
        return True
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        greatest = pc.max(column).as_py()
        return greatest is None or greatest < _LEAST
    return False
