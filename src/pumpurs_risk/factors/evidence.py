"""The facts behind factors, which sentences need and the factor table cannot hold: subjects, dates, source, role."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    import pandas as pd

    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.school_records import SchoolRecords


def evidence(
    records: SchoolRecords,
    as_of: dt.date | str | None = None,
    pupils: Iterable[str] | None = None,
    *,
    catalogue: Catalogue | None = None,
    lang: str = "lv",
) -> pd.DataFrame:
    """Give the facts behind the factors of some pupils: what a sentence or a justification names.

    Parameters
    ----------
    records : SchoolRecords
        As read or made. They are read as `factor_table` reads them: nothing that was not known on the day counts.
    as_of : date or ISO text, optional
        The day; by default the latest that the records bear, else today.
    pupils : iterable of str, optional
        Ids of the pupils asked about; all of them by default.
    catalogue : Catalogue, optional
        Which factors; the shipped ones by default.
    lang : {"lv", "en"}
        Language of ``detail``.

    Returns
    -------
    pandas.DataFrame
        ``pupil_id``, ``factor``, ``date_from``, ``date_to`` (datetime64), ``detail`` (a subject, a date, "9 dienās"; the
        word of a rating), ``value`` (the number behind it: a mark in points, lessons, days, a severity, a rating; NaN
        where there is none), ``source`` (name of the table, or ``answers``), ``role`` (id of who judged, or ""). Several
        facts of one factor stand in the order in which they are told; pupils are in order of their ids.

    Raises
    ------
    ValueError
        If there are no texts in the language.

    Examples
    --------
    >>> import pandas as pd
    >>> from pumpurs_risk.records import SchoolRecords
    >>> sheet = pd.DataFrame({"pupil_id": ["7"], "class_id": ["9.a"]})
    >>> answers = pd.DataFrame({"pupil_id": ["7"], "factor": "motivation", "value": 2, "as_of": "2027-01-10", "role": "nurse"})
    >>> records = SchoolRecords.from_tables(sheet, as_of="2027-01-15", answers=answers)
    >>> evidence(records, lang="en")[["factor", "detail", "source", "role"]].values.tolist()
    [['motivation', 'low', 'answers', 'nurse']]
    """
    from pumpurs_risk.factors.facts.gathering import gathered

    return gathered(records, as_of, pupils, catalogue, lang)
