"""What a run keeps of the records beside the factors: schools, who is not meant, what to mend, offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.batch.frames import shaped
from pumpurs_risk.records.uniting.overview import opened, taken

if TYPE_CHECKING:
    from pumpurs_risk.records.school_records import SchoolRecords


def handed_in(records: SchoolRecords, lang: str, municipality: str = "") -> dict[str, pd.DataFrame]:
    """Give the tables of a run that come from the records as they are.

    Parameters
    ----------
    records : SchoolRecords
        As read.
    lang : {"lv", "en"}
        Language of what to mend.
    municipality : str
        Whose schools they are, where they do not say.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``schools``, ``out_of_scope``, ``not_assessed``, ``offers``.
    """
    report = records.report
    aside = (report.problems["severity"] == "set_aside").to_numpy()
    words = np.array(report.messages(lang, where=False), dtype=object)[aside]
    to_mend = report.problems.loc[aside].assign(message=words)
    schools = shaped(records.schools, "schools")
    schools["municipality"] = schools["municipality"].where(schools["municipality"] != "", municipality)
    return {
        "schools": schools,
        "out_of_scope": shaped(records.out_of_scope, "out_of_scope"),
        "not_assessed": shaped(to_mend, "not_assessed"),
        "offers": shaped(_fetched(records.offers), "offers"),
    }


def _fetched(table: Any) -> pd.DataFrame:
    """Fetch a table of any engine; one that was not handed in has no rows."""
    if table is None:
        return pd.DataFrame()
    return table if isinstance(table, pd.DataFrame) else taken(opened(table))
