"""What people wrote into lists about those who are gone, as the table of outcomes that a training looks back on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from pumpurs_risk.batch.previous import EarlierWork
    from pumpurs_risk.batch.run import Run

FIRST_SECONDARY_LEVEL = 10


def gathered_outcomes(work: EarlierWork, runs: Sequence[Run]) -> pd.DataFrame | None:
    """Make a table of outcomes of what came back in lists.

    Parameters
    ----------
    work : EarlierWork
        As read from the runs and the copies beside them.
    runs : sequence of Run
        The same runs, the oldest first: they say in which programme and grade a graduate was last.

    Returns
    -------
    pandas.DataFrame or None
        ``pupil_id``, ``date`` (ISO text; where nobody wrote a day, that of the list that asked: by then it had happened),
        ``outcome``, ``stage`` (of graduates: basic, secondary or vocational). None where nobody has said anything.

    Examples
    --------
    >>> from pumpurs_risk.batch.previous import EarlierWork
    >>> gathered_outcomes(EarlierWork(), []) is None
    True
    """
    told = work.outcomes[work.outcomes["outcome"].ne("")].reset_index(drop=True)
    if not len(told):
        return None
    date = told["date"].where(told["date"].ne(""), told["as_of"])
    graduated = told["outcome"].eq("graduated").to_numpy()
    stage = np.where(graduated, _stages(told["pupil_id"], runs), "")
    return pd.DataFrame({"pupil_id": told["pupil_id"], "date": date, "outcome": told["outcome"], "stage": stage})


def _stages(pupil_ids: pd.Series[Any], runs: Sequence[Run]) -> np.ndarray[Any, np.dtype[np.object_]]:
    """What somebody finishes who was in this programme and grade when last seen."""
    tables = [run.factors[["pupil_id", "level", "programme"]] for run in runs]
    wanted = [table[table["pupil_id"].isin(pupil_ids)] for table in tables]
    if not wanted:
        return np.full(len(pupil_ids), "", dtype=object)
    last = pd.concat(wanted).drop_duplicates("pupil_id", keep="last").set_index("pupil_id")
    last = last.reindex(pupil_ids.to_numpy())
    level = last["level"].to_numpy(float)
    vocational = last["programme"].eq("vocational").to_numpy(bool)
    conditions = [vocational, level >= FIRST_SECONDARY_LEVEL, level < FIRST_SECONDARY_LEVEL]
    return np.select(conditions, ["vocational", "secondary", "basic"], "").astype(object)
