"""Gathers the facts of all kinds of records, and leaves out what the factor table does not use."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pumpurs_risk.factors.facts.absences import absence_facts
from pumpurs_risk.factors.facts.events import assessment_facts, greater_of_the_two, incident_facts, stated_facts
from pumpurs_risk.factors.facts.marks import mark_facts
from pumpurs_risk.factors.facts.pupils import pupil_facts
from pumpurs_risk.factors.facts.rows import COLUMNS, Asked, no_facts
from pumpurs_risk.factors.sheet import latest_rows
from pumpurs_risk.locale import check_language
from pumpurs_risk.records.validation.parsing import as_day

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.factors.known import KnownRecords
    from pumpurs_risk.records.school_records import SchoolRecords

_TABLES = ("pupils", "absences", "marks", "incidents", "assessments")
_COUNTED_FROM = ("absences", "marks")  # where these were supplied, what they say is stronger than a judgement


def gathered(
    records: SchoolRecords,
    as_of: dt.date | str | None,
    pupils: Iterable[str] | None,
    catalogue: Catalogue | None,
    lang: str,
) -> pd.DataFrame:
    """Gather the evidence: see `pumpurs_risk.factors.evidence.evidence`."""
    check_language(lang)
    if catalogue is None:
        from pumpurs_risk.catalogue import Catalogue

        catalogue = Catalogue.load()
    day = as_day(as_of or records.as_of or dt.date.today())
    wanted = None if pupils is None else pd.unique(np.asarray(list(pupils), dtype=object))
    parts: list[pd.DataFrame] = []
    if any(name in records.tables for name in _TABLES):
        from pumpurs_risk.factors.known import known_records

        with known_records(records, day.astype("datetime64[D]").astype(object), catalogue) as groups:
            for known in groups:
                parts += _of_tables(_asked(known, wanted, lang))
    parts += _of_answers(records, day, wanted, parts, catalogue, lang)
    found = pd.concat([no_facts(), *(part for part in parts if len(part))], ignore_index=True)
    places = {name: place for place, name in enumerate(catalogue.factors)}
    found = found.assign(place=found["factor"].map(places))
    found = found.sort_values(["pupil_id", "place", "rank"], kind="stable", ignore_index=True)
    return found[list(COLUMNS)]


def _of_tables(asked: Asked) -> list[pd.DataFrame]:
    """Facts of every table that was supplied."""
    known = asked.known
    parts: list[pd.DataFrame] = []
    if known.has("absences"):
        parts += absence_facts(asked)
    if known.has("marks"):
        parts += mark_facts(asked)
    counted = list(incident_facts(asked)) if known.has("incidents") else []
    stated = [_stronger(asked, part) for part in assessment_facts(asked)] if known.has("assessments") else []
    if counted and stated:
        parts += greater_of_the_two(pd.concat(counted, ignore_index=True), pd.concat(stated, ignore_index=True))
    else:
        parts += counted + stated
    if known.has("pupils"):
        parts += pupil_facts(asked)
    return parts


def _stronger(asked: Asked, stated: pd.DataFrame) -> pd.DataFrame:
    """Leave out judgements of what the factor table takes from elsewhere: absences, marks, the table of pupils."""
    known = asked.known
    supplied = {name for name in _COUNTED_FROM if known.has(name)}
    factors = known.catalogue.factors
    overruled = stated["factor"].map(lambda name: bool(supplied.intersection(factors[name].tables)))
    stated = stated[~overruled.to_numpy(dtype=bool)]
    name = stated["factor"].iloc[0] if len(stated) else ""
    if name not in asked.roll:
        return stated
    return stated[stated["pupil_id"].map(asked.roll[name]).isna().to_numpy()]


def _asked(known: KnownRecords, wanted: np.ndarray[Any, Any] | None, lang: str) -> Asked:
    """Find those asked about who are at the schools of this window: on the roll, or on a sheet and on no other roll."""
    sheet = latest_rows(known.records.sheet, np.datetime64(known.window.as_of))
    rows = pd.DataFrame(index=pd.Index([], dtype=object))
    if known.has("pupils"):
        roll = known.roll
        if wanted is not None:
            ids = known.engine.small({"pupil_id": wanted.tolist()}, {"pupil_id": pa.string()})
            roll = roll.join(ids, on="pupil_id", how="semi")
        rows = known.engine.arrow(roll).to_pandas(date_as_object=False).set_index("pupil_id")
        if wanted is None and not len(sheet):
            return Asked(known, roll.select("pupil_id"), rows, lang)
    schools = sheet["school_id"].astype(object)
    here = schools.isin(known.schools) if known.schools else ~schools.isin(known.other_schools)
    on_sheet = sheet.loc[here, "pupil_id"]
    on_sheet = on_sheet if wanted is None else on_sheet[on_sheet.isin(wanted)]
    if known.has("pupils") and len(on_sheet):
        rolls = [known.engine.arrow(each.roll.select("pupil_id")) for each in known.everywhere if each is not known]
        on_sheet = on_sheet[~on_sheet.isin([pupil for roll in rolls for pupil in roll["pupil_id"].to_pylist()])]
    every = sorted({*rows.index, *on_sheet})
    return Asked(known, known.engine.small({"pupil_id": every}, {"pupil_id": pa.string()}), rows, lang)


def _of_answers(
    records: SchoolRecords,
    day: np.datetime64,
    wanted: np.ndarray[Any, Any] | None,
    found: list[pd.DataFrame],
    catalogue: Catalogue,
    lang: str,
) -> Iterator[pd.DataFrame]:
    """Facts of answers that fill what neither tables nor a sheet say; the latest answer counts, of one day the highest."""
    answers = records.answers
    if wanted is not None:
        answers = answers[answers["pupil_id"].isin(wanted)]
    dated = answers["as_of"].to_numpy().astype("datetime64[D]")
    answers = answers[(np.isnat(dated) | (dated <= day)) & answers["value"].notna().to_numpy()]
    if not len(answers):
        return
    answers = answers.sort_values(["as_of", "value"], na_position="first", kind="stable")
    answers = answers.drop_duplicates(["pupil_id", "factor"], keep="last").rename(columns={"as_of": "date"})
    known = pd.concat([no_facts(), *(part for part in found if len(part))], ignore_index=True)[["pupil_id", "factor"]]
    told = pd.MultiIndex.from_frame(known.astype(object))
    there = pd.MultiIndex.from_frame(answers[["pupil_id", "factor"]].astype(object)).isin(told)
    there |= _on_sheet(records.sheet, day, answers)
    yield from stated_facts(answers[~there], catalogue, lang, "answers")


def _on_sheet(sheet: pd.DataFrame, day: np.datetime64, answers: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Whether a pupil's latest row of a sheet says itself what an answer says."""
    said = np.zeros(len(answers), dtype=bool)
    if not len(sheet):
        return said
    dated = sheet["as_of"].to_numpy().astype("datetime64[D]")
    rows = sheet[np.isnat(dated) | (dated <= day)].sort_values("as_of", na_position="first", kind="stable")
    rows = rows.drop_duplicates("pupil_id", keep="last").set_index("pupil_id")
    factor = answers["factor"].to_numpy(dtype=object)
    for name in pd.unique(factor):
        if name in rows:
            mine = factor == name
            said[mine] = answers.loc[mine, "pupil_id"].map(rows[name].notna()).eq(True).to_numpy()
    return said
