"""What a run must say about how well it knows what was known on its day."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from pumpurs_risk.locale import date_text, text

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.school_records import SchoolRecords

OLD_AFTER_SCHOOL_DAYS = 15
"""Records that end three weeks of school before the list's day are perhaps not the newest (own default)."""


def known_when_notes(records: SchoolRecords, as_of: dt.date, catalogue: Catalogue, lang: str) -> tuple[str, ...]:
    """Say which tables do not tell when they were written down, and whether the records end long before the day.

    Parameters
    ----------
    records : SchoolRecords
        As read.
    as_of : datetime.date
        The list's day.
    catalogue : Catalogue
        For the names of tables.
    lang : {"lv", "en"}
        Language of the sentences.

    Returns
    -------
    tuple of str
        Empty where there is nothing to say, as for a sheet.
    """
    from pumpurs_risk.records.tables.contract import table_contracts
    from pumpurs_risk.records.uniting.overview import last_event

    notes = []
    last = last_event(records.tables, as_of)
    known_since = catalogue.calendar.bounds(min(catalogue.calendar))[0]
    if last is not None:
        following = max(last, known_since) + dt.timedelta(days=1)
        if catalogue.calendar.school_days(following, as_of) > OLD_AFTER_SCHOOL_DAYS:
            notes.append(text("cli.records_end", lang, last=date_text(last, lang), as_of=date_text(as_of, lang)))
    if records.without_dates:
        contracts = table_contracts(catalogue)
        names = ", ".join(contracts[name].titles[lang] for name in records.without_dates)
        notes.append(text("cli.event_date_decides", lang, tables=names))
    return tuple(notes)
