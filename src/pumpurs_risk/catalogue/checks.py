"""What must hold between measures, signals, base rates, semesters and programme beyond their types."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable, Mapping
from itertools import pairwise
from typing import Any

from pumpurs_risk.catalogue.entries import Programme
from pumpurs_risk.catalogue.entry_types import nearest
from pumpurs_risk.catalogue.sentences import CLAUSE, GOAL, MEASURE, SIGNAL, check_sentence
from pumpurs_risk.catalogue.tables import Tables
from pumpurs_risk.locale import LANGUAGES

_SEMESTER = re.compile(r"(\d{4})/(\d{4})-[1-9]")
_SUM_TOLERANCE = 1e-6
_POINTERS = (
    ("measures", "role", "roles"),
    ("measures", "answers", "factors"),
    ("measures", "partners", "partners"),
    ("partners", "signals", "signals"),
    ("partners", "factors", "factors"),
    ("goals", "id", "factors"),
    ("signals", "role", "roles"),
    ("signals", "work_limit", "work_limits"),
)
_TEXTS = {
    "groups": ("name",),
    "constructs": ("name",),
    "roles": ("name", "dative"),
    "partners": ("name", "dative", "when"),
    "measures": ("name", "step"),
    "goals": ("text",),
    "work_limits": ("clause",),
    "signals": ("name", "sentence"),
    "protected": ("name",),
}


def check_rest(known: Mapping[str, Mapping[str, Any]], tables: Tables) -> None:
    """Check every table but the factors.

    Parameters
    ----------
    known : mapping of str to mapping
        Typed entries by table and id.
    tables : Tables
        Knows where everything was written.

    Raises
    ------
    EntryError
        For the first problem, in one sentence that names file, line, entry and field.
    """
    _check_languages(known, tables)
    _check_pointers(known, tables)
    _check_signals(known, tables)
    _check_plan_texts(known, tables)
    for limit in known["work_limits"].values():
        for lang, clause in limit.clause.items():
            check_sentence(clause, CLAUSE, tables, "work_limits", limit.id, "clause", lang)
    _check_base_rates(known["base_rates"], tables)
    _check_semesters(known["semesters"], tables)


def check_programme(programme: Programme, tables: Tables) -> None:
    """Check the support programme: words in every language, and approvers that are named.

    Raises
    ------
    EntryError
        For the first problem.
    """
    for lang in LANGUAGES:
        for field in ("title", "plan", "application"):
            if not getattr(programme, field).get(lang):
                raise tables.error("catalogue_language_missing", "programme", None, [field], language=lang)
        for education in ("general", *programme.learner):
            if lang not in programme.learner.get(education, {}):
                path = ["learner", education]
                raise tables.error("catalogue_language_missing", "programme", None, path, language=lang)
    chains = [("approval", name, chain) for name, chain in programme.approval.items()]
    chains += [("signatures", name, chain) for name, chain in programme.signatures.items()]
    for field, education, chain in (*chains, ("signer_ages", "", tuple(programme.signer_ages))):
        _refuse_unknown(chain, programme.approvers, "programme.approvers", [field, education], tables)
    statuses = [status.id for status in programme.statuses]
    for status in programme.statuses:
        _refuse_unknown(status.next or (), statuses, "programme.statuses", ["statuses"], tables)


def _refuse_unknown(ids: Iterable[str], known: Collection[str], target: str, path: list[str], tables: Tables) -> None:
    for one in ids:
        if one not in known:
            near = nearest(one, list(known))
            raise tables.error(
                "catalogue_reference", "programme", None, [p for p in path if p], value=one, target=target, known=near
            )


def _check_languages(known: Mapping[str, Mapping[str, Any]], tables: Tables) -> None:
    for table, fields in _TEXTS.items():
        for entry_id, entry in known[table].items():
            for field in fields:
                for lang in LANGUAGES:
                    if not getattr(entry, field).get(lang):
                        raise tables.error("catalogue_language_missing", table, entry_id, [field], language=lang)


def _check_pointers(known: Mapping[str, Mapping[str, Any]], tables: Tables) -> None:
    for table, field, target in _POINTERS:
        for entry_id, entry in known[table].items():
            value = getattr(entry, field)
            for pointer in (value,) if isinstance(value, str) else value:
                if pointer and pointer not in known[target]:
                    raise tables.error(
                        "catalogue_reference",
                        table,
                        entry_id,
                        [field],
                        value=pointer,
                        target=target,
                        known=nearest(pointer, list(known[target])),
                    )


def _check_signals(known: Mapping[str, Mapping[str, Any]], tables: Tables) -> None:
    columns = [*known["context"], *known["factors"]]
    for signal in known["signals"].values():
        if signal.column not in columns:
            raise tables.error(
                "catalogue_signal_column",
                "signals",
                signal.id,
                ["column"],
                value=signal.column,
                known=nearest(signal.column, columns),
            )
        for lang, sentence in signal.sentence.items():
            check_sentence(sentence, SIGNAL, tables, "signals", signal.id, "sentence", lang)
        for field in ("valid_from", "valid_until"):
            if (day := getattr(signal, field)) and not _is_date(day):
                raise tables.error("catalogue_date", "signals", signal.id, [field], value=day)


def _check_plan_texts(known: Mapping[str, Mapping[str, Any]], tables: Tables) -> None:
    """Check what a support plan says of measures, partners and goals: every language or none, and fillable sentences."""
    optional = (("measures", ("plan", "frequency", "success")), ("partners", ("duty",)))
    for table, fields in optional:
        for entry_id, entry in known[table].items():
            for field in fields:
                said = getattr(entry, field)
                for lang in LANGUAGES if said else ():
                    if not said.get(lang):
                        raise tables.error("catalogue_language_missing", table, entry_id, [field], language=lang)
    for measure in known["measures"].values():
        for field in ("plan", "success"):
            for lang, sentence in getattr(measure, field).items():
                check_sentence(sentence, MEASURE, tables, "measures", measure.id, field, lang)
    for goal in known["goals"].values():
        for lang, sentence in goal.text.items():
            check_sentence(sentence, GOAL, tables, "goals", goal.id, "text", lang)


def _check_base_rates(rates: Mapping[str, Any], tables: Tables) -> None:
    for level, rate in rates.items():
        if not 0 < rate.low <= rate.central <= rate.high < 1:
            raise tables.error(
                "catalogue_rate_order",
                "base_rates",
                level,
                ["central"],
                low=f"{rate.low:g}",
                central=f"{rate.central:g}",
                high=f"{rate.high:g}",
            )
    total = sum(rate.share_of_pupils for rate in rates.values())
    if abs(total - 1) > _SUM_TOLERANCE:
        newest = max(rates, key=lambda level: tables.age("base_rates", level))
        raise tables.error("catalogue_rate_shares", "base_rates", newest, ["share_of_pupils"], total=f"{total:.6g}")


def _check_semesters(semesters: Mapping[str, Any], tables: Tables) -> None:
    for semester in semesters.values():
        years = _SEMESTER.fullmatch(semester.id)
        if not years or int(years[2]) != int(years[1]) + 1:
            raise tables.error("catalogue_semester_id", "semesters", semester.id, value=semester.id)
        for day in (semester.from_, semester.to, *(day for one in semester.breaks for day in one)):
            if not _is_date(day):
                field = "from" if day == semester.from_ else "to" if day == semester.to else "breaks"
                raise tables.error("catalogue_date", "semesters", semester.id, [field], value=day)
        if not semester.from_ < semester.to:
            raise tables.error(
                "catalogue_semester_order", "semesters", semester.id, ["to"], first=semester.from_, last=semester.to
            )
        for first, last in semester.breaks:
            if not semester.from_ <= first <= last <= semester.to:
                raise tables.error(
                    "catalogue_semester_break", "semesters", semester.id, ["breaks"], first=first, last=last
                )
    ordered = sorted(semesters.values(), key=lambda semester: semester.from_)
    for one, other in pairwise(ordered):
        if other.from_ <= one.to:
            newer, older = sorted((one, other), key=lambda semester: -tables.age("semesters", semester.id))
            field = "from" if newer is other else "to"
            raise tables.error("catalogue_semester_overlap", "semesters", newer.id, [field], other=older.id)


def _is_date(day: str) -> bool:
    try:
        return dt.date.fromisoformat(day).isoformat() == day
    except ValueError:
        return False
