"""A pupil beside the others of the same school, programme and level."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import narwhals as nw

if TYPE_CHECKING:
    from pumpurs_risk.factors.engines import Frame

AGAINST_PEERS = "_vs_peers"
LEAST_KNOWN = 6
"""Members of a group, oneself included, of whom a value must be known: five others."""
PEERS = ("school_id", "programme", "level")


def peer_factors(names: Iterable[str]) -> dict[str, str]:
    """Factors that compare another one with peers, and which one each compares.

    Examples
    --------
    >>> peer_factors(["mean_mark", "mean_mark_vs_peers", "tall_vs_peers"])
    {'mean_mark_vs_peers': 'mean_mark'}
    """
    known = list(names)
    compared = {name: name.removesuffix(AGAINST_PEERS) for name in known if name.endswith(AGAINST_PEERS)}
    return {name: other for name, other in compared.items() if other in known}


def peer_columns(rows: Frame, compared: dict[str, str]) -> Frame:
    """Add the value minus the median of the group, where at least six of it are known, oneself included.

    Parameters
    ----------
    rows : LazyFrame
        With the compared factors, school_id, programme and level.
    compared : dict of str to str
        New column to the factor that it compares.
    """
    whole = ~nw.col("programme").is_null() & ~nw.col("level").is_null()
    columns = {}
    for name, other in compared.items():
        value = nw.col(other)
        enough = whole & (value.count().over(*PEERS) >= LEAST_KNOWN)
        columns[name] = nw.when(enough).then(value - value.median().over(*PEERS))
    return rows.with_columns(**columns) if columns else rows
