"""Who stood on the last roster and is on none now: asked about until somebody says what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pumpurs_risk.batch.frames import empty, shaped

if TYPE_CHECKING:
    from pumpurs_risk.batch.run import Run
    from pumpurs_risk.records.school_records import SchoolRecords


def missing_pupils(X: pd.DataFrame, last: Run | None, known: pd.DataFrame, records: SchoolRecords) -> pd.DataFrame:
    """Find the pupils whom the last run knew, and this one does not.

    Parameters
    ----------
    X : pandas.DataFrame
        Today's factor table.
    last : Run or None
        The last earlier run; those whom it missed itself are asked about again.
    known : pandas.DataFrame
        What people said became of pupils, as `Run.outcomes`.
    records : SchoolRecords
        Pupils out of scope are there, and are not missing; its outcomes say of some what became of them.

    Returns
    -------
    pandas.DataFrame
        ``pupil_id``, ``school_id``, ``class_id``, ``last_seen`` (day of the list that had them), ``outcome``, ``note``;
        pupils of whom an outcome is known keep a row with it, so that it can be mended, in the list after they left.
    """
    if last is None:
        return empty("missing")
    were = last.factors[["pupil_id", "school_id", "class_id"]].assign(last_seen=last.as_of.isoformat())
    before = last.missing[last.missing["outcome"] == ""]
    asked = pd.concat([were, before[["pupil_id", "school_id", "class_id", "last_seen"]]], ignore_index=True)
    here = {*X["pupil_id"], *records.out_of_scope["pupil_id"]}
    handed_in = set(X["school_id"])  # of a school that handed in nothing, nobody is missing
    gone = asked[~asked["pupil_id"].isin(here) & asked["school_id"].isin(handed_in)].drop_duplicates("pupil_id")
    words = zip(known["outcome"].astype(str), known["note"].astype(str), strict=True)
    said = dict(zip(known["pupil_id"].astype(str), words, strict=True))
    told = [said.get(str(pupil), ("", "")) for pupil in gone["pupil_id"]]
    gone = gone.assign(outcome=[outcome for outcome, _ in told], note=[note for _, note in told])
    return shaped(gone.sort_values(["school_id", "class_id", "pupil_id"], kind="stable"), "missing")
