"""What stands before and around the table of pupils: patterns, talks of the week, changes, counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from math import isfinite
from typing import Any, cast

import pandas as pd

from pumpurs_risk.locale import sort_key
from pumpurs_risk.reports.paper import SchoolReport
from pumpurs_risk.reports.school_page_words import CHANGES, SECTIONS, Words, as_day, said

_FIRST = 5
"""Pupils from the top of the list that are named among the talks of the week, beside those with a sign to be checked."""
_NAMES_AT_ONCE = 8
"""Names of one kind of change that stand open; the others are one click away."""
Row = dict[str, Any]


@dataclass(frozen=True)
class Talk:
    """One pupil to talk with: who, and for each thing found what to do, who and until when."""

    shown: str
    class_id: str
    anchor: str
    found: list[Row]


@dataclass(frozen=True)
class Named:
    """Pupils under one heading, with a text each."""

    title: str
    note: str
    people: list[Row]
    open: int


def patterns(report: SchoolReport, words: Words) -> list[Row]:
    """Give each pattern with its figures in words, its proposal, role and day."""
    made = []
    for row in rows(report.patterns):
        found = {name: as_number(row, name) for name in ("observed", "n", "share", "lower", "upper", "expected_share")}
        counts = {name: words.count(found[name]) for name in ("observed", "n") if isfinite(found[name])}
        figures = ""
        if all(isfinite(value) for value in found.values()):
            shares = {name: words.share(found[name]) for name in ("share", "lower", "upper")}
            figures = words.say("patterns.figures", **counts, **shares, expected=words.share(found["expected_share"]))
        elif len(counts) == len(("observed", "n")):
            figures = words.say("patterns.figures_plain", **counts)
        group = said(row, "group") or words.say("patterns.school")
        made.append({**row_texts(row, "sentence", "proposal", "role_name", "name"), "group": group, "figures": figures,
                     "due": words.day(row.get("due"))})  # fmt: skip
    return made


def signal_talks(report: SchoolReport, words: Words, anchors: Mapping[str, str]) -> list[Talk]:
    """Give those with a sign that must always be checked: in the order of the list, by name where a rank may not be told."""
    found: dict[str, list[Row]] = {}
    for row in _told(report, report.signals):
        found.setdefault(str(row["pupil_id"]), []).append(row)
    return [
        Talk(
            said(signs[0], "shown"), said(signs[0], "class_id"), anchors.get(pupil, ""),
            [
                {**row_texts(sign, "sentence", "source", "step", "role_name"), "due": words.day(sign.get("due"))}
                for sign in signs
            ],
        )
        for pupil, signs in found.items()
    ]  # fmt: skip


def first_talks(
    report: SchoolReport, words: Words, pupils: Iterable[Row], anchors: Mapping[str, str], but: Iterable[Talk]
) -> list[Talk]:
    """Give the top of the list: those to act on now whom nobody has dismissed or put off; all where a rank may not be told."""
    named = {talk.anchor for talk in but if talk.anchor}
    to_act = [
        row
        for row in pupils
        if row["section"] == "listed"
        and row.get("decision") not in ("dismissed", "deferred")
        and anchors[str(row["pupil_id"])] not in named
    ]
    why = first_reasons(report)
    chosen = to_act if report.numbers != "full" else sorted(to_act, key=lambda row: as_number(row, "order"))[:_FIRST]
    return [
        Talk(
            said(row, "shown"), said(row, "class_id"), anchors[str(row["pupil_id"])],
            [{"sentence": " ".join(why.get(str(row["pupil_id"]), [])), "source": "",
              **row_texts(row, "step", "role_name"), "due": words.day(row.get("due"))}],
        )
        for row in chosen
    ]  # fmt: skip


def first_reasons(report: SchoolReport, most: int = 2) -> dict[str, list[str]]:
    """Sentences of each pupil's first reasons; the neutral line where all are hidden."""
    found: dict[str, list[str]] = {}
    neutral: dict[str, str] = {}
    for row in sorted(rows(report.reasons), key=lambda row: (as_number(row, "rank", 0.0), as_number(row, "line", 0.0))):
        pupil = str(row["pupil_id"])
        if row["kind"] == "risk" and not as_number(row, "line", 0.0) and len(found.setdefault(pupil, [])) < most:
            found[pupil].append(said(row, "sentence"))
        elif row["kind"] == "hidden":
            neutral[pupil] = said(row, "sentence")
    return {
        pupil: found.get(pupil) or [neutral[pupil]]
        for pupil in {*found, *neutral}
        if found.get(pupil) or pupil in neutral
    }


def changes(report: SchoolReport, words: Words, anchors: Mapping[str, str]) -> list[Named]:
    """Give what changed since the last list, one heading per kind of change; those that did not change last, closed."""
    by_code: dict[str, list[Row]] = {}
    for row in _told(report, report.changes):
        by_code.setdefault(str(row["change"]), []).append(row)
    order = [*(code for code in dict.fromkeys([*CHANGES, *by_code]) if code != "same"), "same"]
    named = []
    for code in (code for code in order if code in by_code):
        short = words.change(code)
        people = [_person(row, anchors, _behind(short, said(row, "text"))) for row in by_code[code]]
        named.append(Named(short[:1].upper() + short[1:], "", people, 0 if code == "same" else _open(people)))
    return named


def earlier(report: SchoolReport, words: Words, anchors: Mapping[str, str]) -> list[Named]:
    """Give those who came back although dismissed, those who stay set aside, and those missing from the roster."""
    dismissed = [row for row in _told(report, report.pupils) if row.get("decision") == "dismissed"]
    back = [row for row in dismissed if row["section"] != "set_aside" and said(row, "change_text")]
    aside = [row for row in _told(report, report.pupils) if row["section"] == "set_aside"]
    missing = rows(report.missing)
    seen = [words.day(row.get("last_seen")) for row in missing]
    found = {
        "returned": [_person(row, anchors, said(row, "change_text"), said(row, "note")) for row in back],
        "set_aside": [_person(row, anchors, said(row, "note") or said(row, "change_text")) for row in aside],
        "missing": [
            _person(row, anchors, words.say("changes.last_seen", day=day) if day else "")
            for row, day in zip(missing, seen, strict=True)
        ],
    }
    # Only support staff have the file to write decisions in.
    notes = dict.fromkeys(found, "") | {"missing": words.say("changes.missing_note_others")}
    if report.audience == "support_staff":
        notes = {key: words.say(f"changes.{key}_note") for key in found}
    return [
        Named(words.say(f"changes.{key}"), notes[key], people, _open(people)) for key, people in found.items() if people
    ]


def classes(report: SchoolReport, words: Words) -> Row:
    """Count pupils by class and by what is to be done; only what occurs, classes in their order, the sum last."""
    pairs = Counter((said(row, "class_id"), str(row["section"])) for row in rows(report.pupils))
    used = [section for section in SECTIONS if any(found == section for _, found in pairs)]
    names = sorted({class_id for class_id, _ in pairs}, key=class_key)
    table = [(name or words.say("classes.no_class"), [pairs[name, section] for section in used]) for name in names]
    totals = [sum(pairs[name, section] for name in names) for section in used]
    return {"heads": [words.say(f"section.{section}") for section in used], "rows": table, "totals": totals}


def plans(report: SchoolReport, words: Words) -> list[tuple[str, int]]:
    """Count plans by status, and those to act on who have none; nothing where no plan has been drafted."""
    statuses = Counter(said(row, "plan") for row in rows(report.pupils) if said(row, "plan"))
    if not statuses:
        return []
    without = sum(not said(row, "plan") and row["section"] in ("listed", "added") for row in rows(report.pupils))
    none = [(words.say("plans.no_plan"), without)] if without else []
    return [*sorted(statuses.items(), key=lambda found: sort_key(found[0])), *none]


def class_key(class_id: str) -> tuple[Any, ...]:
    """Key that sorts classes by grade and letter, "10.a" behind "9.b".

    Examples
    --------
    >>> sorted(["10.a", "9.b", "9.ā", "9.a", ""], key=class_key)
    ['', '9.a', '9.ā', '9.b', '10.a']
    """
    parts = ["".join(part) for _, part in groupby(class_id, str.isdecimal)]
    return tuple((0, int(part), ()) if part.isdecimal() else (1, 0, sort_key(part)) for part in parts)


def rows(frame: pd.DataFrame) -> list[Row]:
    """Rows of a frame as mappings."""
    return cast("list[Row]", frame.to_dict("records"))


def row_texts(row: Mapping[str, Any], *names: str) -> Row:
    """Texts of a row under their names."""
    return {name: said(row, name) for name in names}


def as_number(row: Mapping[str, Any], name: str, otherwise: float = float("nan")) -> float:
    """Read a number of a row; ``otherwise`` where there is none."""
    value = row.get(name)
    return otherwise if value is None or pd.isna(value) else float(value)


def _behind(heading: str, words: str) -> str:
    """Leave out what the heading above has said already."""
    return words.removeprefix(heading).removeprefix(":").strip()


def _told(report: SchoolReport, frame: pd.DataFrame) -> list[Row]:
    """Rows in the order in which they came, by name where their order would tell a rank."""
    found = rows(frame)
    return found if report.numbers == "full" else sorted(found, key=lambda row: sort_key(said(row, "shown")))


def _person(row: Mapping[str, Any], anchors: Mapping[str, str], *texts: str) -> Row:
    return {
        "shown": said(row, "shown"), "class_id": said(row, "class_id"), "anchor": anchors.get(str(row["pupil_id"]), ""),
        "text": " ".join(part for part in texts if part), "day": as_day(row.get("last_seen")),
    }  # fmt: skip


def _open(people: list[Row]) -> int:
    return len(people) if len(people) <= _NAMES_AT_ONCE + 2 else _NAMES_AT_ONCE
