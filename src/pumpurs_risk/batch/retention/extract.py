"""Answers a request for access: everything held about one pupil, in plain words and as data."""

from __future__ import annotations

import datetime as dt
import math
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from pumpurs_risk.batch.folder import free_name, new_folder
from pumpurs_risk.batch.names import refuse_inside_run
from pumpurs_risk.batch.retention.find import Holdings, find_pupil
from pumpurs_risk.batch.retention.held import Held, HeldInRun, everything_held
from pumpurs_risk.locale import check_language, date_text, has_text, number, text
from pumpurs_risk.reports.factor_words import factor_name, factor_value, level_name
from pumpurs_risk.reports.page import Page

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue

_WRITTEN = {
    "answers": ("factor", "value", "as_of", "role"),
    "decisions": ("decision", "note", "as_of"),
    "added": ("why", "as_of"),
    "outcomes": ("outcome", "date", "note"),
}
"""Tables with what staff wrote, and their columns that a reader needs; data.json has all."""
_OTHER = {
    "questions": ("question", "ask_name"),
    "next_steps": ("step", "role_name", "due"),
    "signals": ("sentence",),
    "changes": ("change", "why"),
    "what_if": ("sentence",),
    "trend": ("as_of", "risk"),
    "support": ("measure", "date_from", "date_to"),
    "out_of_scope": ("reason",),
    "missing": ("last_seen", "outcome", "note"),
    "not_assessed": ("file", "row", "column", "value", "message"),
}


@dataclass(frozen=True)
class Extracted:
    """What was handed out.

    Parameters
    ----------
    path : Path
        The folder.
    held : Held
        What stands in it.
    """

    path: Path
    held: Held


def extract_pupil(
    folder: str | Path,
    pupil: str,
    *,
    out: str | Path | None = None,
    key: str | Path | None = None,
    catalogue: Iterable[str | Path] = (),
    lang: str = "lv",
    today: dt.date | None = None,
) -> Extracted:
    """Write everything held about a pupil into a folder: a page to read, the data, copies of files about this pupil alone.

    Parameters
    ----------
    folder : path
        Where runs, ``plans/`` and ``decisions/`` lie.
    pupil : str
        Id, as in `find_pupil`.
    out : path, optional
        The folder to be, outside of every run; by default beside `folder`, named by the day alone.
    key : path, optional
        The key file: finds a pupil by the school's own id, and rows that bear a name alone.
    catalogue : iterable of paths, optional
        Files of own factors.
    lang : {"lv", "en"}
        The reader's language.
    today : datetime.date, optional
        Day of the extract.

    Returns
    -------
    Extracted

    Raises
    ------
    RunError
        If the pupil is not found, the id is ambiguous, or the folder cannot be made.

    Examples
    --------
    >>> import tempfile
    >>> import pumpurs_risk as pr
    >>> records = pr.make_cohort(n_pupils=60, random_state=0, form="sheet")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = pr.score(records, as_of="2027-01-15", out=f"{folder}/runs/run", lang="en")
    ...     made = extract_pupil(f"{folder}/runs", run.flags["pupil_id"].iloc[0], lang="en")
    ...     files = sorted(path.name for path in made.path.iterdir())
    >>> files
    ['data.json', 'extract.html']
    """
    from pumpurs_risk.catalogue import Catalogue

    check_language(lang)
    words = Catalogue.load(*catalogue)
    day = today or dt.date.today()
    holdings = Holdings.below(folder)
    held = everything_held(holdings, find_pupil(holdings, pupil, key))
    name = text("retention.extract.folder", lang)
    target = Path(out) if out is not None else free_name(Path(folder).resolve().parent / f"{name}_{day.isoformat()}")
    refuse_inside_run(target)
    with new_folder(target) as made:
        _page(held, words, lang, day).save(made / f"{name}.html")
        (made / "data.json").write_bytes(msgspec.json.format(msgspec.json.encode(_data(held, day)), indent=1) + b"\n")
        for path in held.whole:
            copy = made / "files" / holdings.name_of(path)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    return Extracted(target, held)


def _data(held: Held, day: dt.date) -> dict[str, Any]:
    """Everything, as other programs read it."""
    data: dict[str, Any] = _plain(
        {
            "schema_version": 1,
            "made_on": day.isoformat(),
            "ids": sorted(held.pupil.ids),
            "schools": sorted(held.pupil.schools),
            "runs": [
                {
                    "run": each.name,
                    "as_of": each.manifest.as_of.isoformat(),
                    "purpose": each.manifest.purpose,
                    "keep_until": each.manifest.keep_until.isoformat(),
                    "model": each.manifest.model.name,
                    "inventory": [
                        msgspec.to_builtins(item) for item in each.manifest.data_inventory if item.table in each.tables
                    ],
                    "tables": each.tables,
                }
                for each in held.runs
            ],
            "papers": [
                {"file": each.file, "sheet": each.sheet, "row": each.row, "cells": list(each.cells)}
                for each in held.papers
            ],
            "plans": held.plans,
            "not_looked_into": held.unread,
        }
    )
    return data


def _plain(value: Any) -> Any:
    """Bring values into what JSON holds: unknown is null, days are ISO texts."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value.isoformat() if isinstance(value, dt.date) else value


def _page(held: Held, catalogue: Catalogue, lang: str, day: dt.date) -> Page:
    page = Page(_say("title", lang), lang)
    page.text(_say("intro", lang))
    schools = ", ".join(sorted(held.pupil.schools)) or _say("nothing", lang)
    page.text(_say("whose", lang, ids=", ".join(sorted(held.pupil.ids)), schools=schools))
    page.text(_say("rights", lang))
    for each in held.runs:
        _run_section(page, each, catalogue, lang)
    page.heading(_say("plans", lang))
    if held.plans:
        page.bullets(path.name for path in held.whole)
    else:
        page.text(_say("no_plans", lang))
    if held.papers:
        page.heading(_say("papers", lang))
        for row in held.papers:
            page.small(_say("papers_rows", lang, file=row.file, sheet=row.sheet, row=row.row))
            page.bullets([" · ".join(row.cells)])
    page.footer(_say("made", lang, day=date_text(day, lang)))
    return page


def _run_section(page: Page, held: HeldInRun, catalogue: Catalogue, lang: str) -> None:
    manifest, tables = held.manifest, held.tables
    page.heading(_say("run", lang, day=date_text(manifest.as_of, lang)))
    until = date_text(manifest.keep_until, lang)
    page.text(_say("about_run", lang, purpose=manifest.purpose, semester=manifest.semester or "–", until=until))
    bases = dict.fromkeys(item.legal_basis for item in manifest.data_inventory)
    basis = "; ".join(bases) or text("retention.inventory.basis_open", lang)
    page.text(_say("basis", lang, basis=basis))
    for flag in tables.get("flags", []):
        tier = text(f"workbook.tier.{flag['tier']}", lang)
        page.text(_say("tier", lang, tier=tier, certainty=text(f"workbook.certainty.{flag['certainty']}", lang)))
        of_100 = 100 * float(flag["risk"])
        page.text(_say("risk", lang, n=number(of_100, lang, 0 if of_100 >= 1 else 1)))
    _facts(page, held, catalogue, lang)
    reasons = [row["sentence"] for row in tables.get("reasons", []) if row.get("sentence")]
    if reasons:
        page.heading(_say("reasons", lang), 3)
        page.bullets(reasons)
    for title, chosen in (("written", _WRITTEN), ("other", _OTHER)):
        rows = [
            [text(f"retention.tables.{name}", lang), _joined(row, columns, catalogue, lang)]
            for name, columns in chosen.items()
            for row in tables.get(name, [])
        ]
        if rows:
            page.table([_say("table", lang), _say("detail", lang)], rows, caption=_say(title, lang))


def _facts(page: Page, held: HeldInRun, catalogue: Catalogue, lang: str) -> None:
    """The factors that are known, with their source, kind and readers; then the facts behind them."""
    seen = {(item.table, item.column): item.seen_by for item in held.manifest.data_inventory}
    rows = []
    for record in held.tables.get("factors", []):
        for column, value in record.items():
            if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
                continue
            factor, context = catalogue.factors.get(column), catalogue.context_columns.get(column)
            if factor is None and context is None:
                continue
            name = factor.name[lang] if factor else context.name[lang] if context else column
            sources = factor.tables if factor else ("pupils",)
            rows.append(
                [
                    name,
                    _value(value, column, catalogue, lang),
                    ", ".join(_source(each, lang) for each in sources),
                    _say(factor.sensitivity if factor else "ordinary", lang),
                    ", ".join(_audience(each, catalogue, lang) for each in seen.get(("factors", column), ())) or "–",
                ]
            )
    if rows:
        headings = [_say(key, lang) for key in ("fact", "value", "source", "category", "seen_by")]
        page.table(headings, rows, caption=_say("facts", lang))
    facts = [
        [
            factor_name(str(row["factor"]), catalogue, lang),
            " – ".join(_day(row[each], lang) for each in ("date_from", "date_to") if row.get(each) is not None),
            str(row.get("detail") or ""),
            "" if row.get("value") is None else _value(row["value"], "", catalogue, lang),
            _source(str(row.get("source") or ""), lang),
        ]
        for row in held.tables.get("evidence", [])
    ]
    if facts:
        headings = [_say(key, lang) for key in ("fact", "since", "detail", "value", "source")]
        page.table(headings, facts, caption=text("retention.tables.evidence", lang))


def _joined(row: dict[str, Any], columns: Iterable[str], catalogue: Catalogue, lang: str) -> str:
    said = []
    for column in columns:
        value = row.get(column)
        if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
            continue
        if column == "factor":
            said.append(factor_name(str(value), catalogue, lang))
        elif column == "decision" and has_text(f"workbook.decision.{value}", lang):
            said.append(text(f"workbook.decision.{value}", lang))
        elif column == "risk":
            said.append(f"{number(100 * float(value), lang, 1)} / 100")
        elif column == "measure" and value in catalogue.measures:
            said.append(catalogue.measures[str(value)].name[lang])
        elif column == "role" and value in catalogue.roles:
            said.append(catalogue.roles[str(value)].name[lang])
        elif column == "value" and isinstance(value, float):
            said.append(_value(value, str(row.get("factor", "")), catalogue, lang))
        else:
            said.append(_day(value, lang))
    return " · ".join(said)


def _value(value: Any, factor: str, catalogue: Catalogue, lang: str) -> str:
    if isinstance(value, str):
        return level_name(value, lang) if factor == "programme_level" else value
    entry = catalogue.factors.get(factor)
    if entry is not None and entry.scale.get(lang) and entry.range:
        scale = entry.scale[lang]
        return scale[min(max(round(float(value) - entry.range[0]), 0), len(scale) - 1)]
    if isinstance(value, dt.date):
        return date_text(value, lang)
    return factor_value(float(value), factor, catalogue, lang)


def _day(value: Any, lang: str) -> str:
    if isinstance(value, dt.date):
        return date_text(value, lang)
    try:
        return date_text(dt.date.fromisoformat(str(value)), lang)
    except ValueError:
        return str(value)


def _source(name: str, lang: str) -> str:
    key = f"retention.extract.sources.{name}"
    return text(key, lang) if name and has_text(key, lang) else name


def _audience(name: str, catalogue: Catalogue, lang: str) -> str:
    from pumpurs_risk.catalogue import Audience

    return Audience.load(name, catalogue).rules.name[lang]


def _say(key: str, lang: str, **params: Any) -> str:
    return text(f"retention.extract.{key}", lang, **params)
