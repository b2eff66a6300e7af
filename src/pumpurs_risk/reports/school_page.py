"""The school's report: one HTML file for a browser without internet, a USB stick or a printer; one per audience.

First what the school as a whole should do, then who needs a talk this week, then everybody with reasons and next step. All is
in the page when scripts are off; the script only filters, sorts and prints one pupil. Nothing is loaded and nothing is sent:
the page's own policy forbids it, and lets no script run but ours.
"""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pumpurs_risk.errors import RunError
from pumpurs_risk.reports.paper import SchoolReport
from pumpurs_risk.reports.school_page_pupils import PupilPages, sorted_pupils
from pumpurs_risk.reports.school_page_sections import (
    changes,
    class_key,
    classes,
    earlier,
    first_talks,
    patterns,
    plans,
    signal_talks,
)
from pumpurs_risk.reports.school_page_words import Words

if TYPE_CHECKING:
    from jinja2 import Environment

TALKS_OPEN = 5
"""Pupils under one heading of the week who stand open; the others are one click away, and on paper."""
_TEMPLATES = Path(__file__).resolve().parent / "templates"
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What HTML does not allow as text; shown as the sign for an unreadable character."""


def write_school_page(path: str | Path, report: SchoolReport) -> None:
    """Write one school's page for one audience.

    Parameters
    ----------
    path : str or pathlib.Path
        Where to write the ``.html``.
    report : SchoolReport
        What it says; everything in it is already filtered for the audience.

    Raises
    ------
    RunError
        If the file cannot be written.
    ValueError
        If a frame lacks a column.

    Examples
    --------
    >>> import datetime as dt, tempfile
    >>> summary = {"above": 0, "places": 3, "not_covered": 0, "threshold": 0.1}
    >>> report = SchoolReport(
    ...     "support_staff", "liepas", "Liepas vidusskola", dt.date(2027, 1, 15), dt.date(2027, 5, 28), summary
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "parskats.html"
    ...     write_school_page(path, report)
    ...     "<h1>Atbalsta pārskats: Liepas vidusskola</h1>" in path.read_text(encoding="utf-8")
    True
    """
    page = school_page(report)
    try:
        Path(path).write_text(page, encoding="utf-8", newline="\n")
    except OSError as error:
        raise RunError("cannot_write", path=str(path), detail=error.strerror or "") from None


def school_page(report: SchoolReport) -> str:
    """Give the page as text; see `write_school_page`."""
    _check_columns(report)
    words = Words(report)
    found = sorted_pupils(report)
    anchors = {str(row["pupil_id"]): f"p{place}" for place, row in enumerate(found, start=1)}
    pages = PupilPages(report, words)
    signals = signal_talks(report, words, anchors)
    pupils = [pages.page(row, anchors[str(row["pupil_id"])]) for row in found]
    by_class, choices = classes(report, words), _choices(pupils)
    sources = dict.fromkeys(found["source"] for talk in signals for found in talk.found if found["source"])
    title = words.say("title", school=report.title)
    foot = f"{words.say('confidential')} · {title} · {words.say('expires', day=words.day(report.expires))}"
    style = _part("school.css") + _page_foot(foot)
    script, mark = _part("school.js"), _part("school_mark.js")
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(mark)}' '{_digest(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    page = _environment().get_template("school.html.j2").render(
        report=report, say=words.say, words=words, title=title, policy=policy, style=style, script=script, mark=mark,
        patterns=patterns(report, words), signals=signals, first=first_talks(report, words, found, anchors, signals),
        changes=changes(report, words, anchors), earlier=earlier(report, words, anchors), by_class=by_class,
        plans=plans(report, words), pupils=pupils, choices=choices, one_class=words.one_class,
        columns=4 + (not words.one_class) + bool(choices["change"]), sources=list(sources), talks_open=TALKS_OPEN,
    )  # fmt: skip
    return _FORBIDDEN.sub("\ufffd", page)


def _choices(pupils: list[dict[str, Any]]) -> dict[str, list[tuple[str, str]]]:
    """What can be filtered by: value and word, only what occurs."""

    def of(value: str, word: str, rank: str) -> list[tuple[str, str]]:
        found = {(pupil[rank], pupil[value], pupil[word]) for pupil in pupils if pupil[word]}
        return [(name, shown) for _, name, shown in sorted(found)]

    return {
        "class": [(c, c) for c in sorted({pupil["class_id"] for pupil in pupils if pupil["class_id"]}, key=class_key)],
        "status": of("section", "status", "status_rank"),
        "certainty": of("certainty", "certainty_word", "certainty_rank"),
        "change": of("change", "change_word", "change_rank"),
    }


def _check_columns(report: SchoolReport) -> None:
    """Refuse a frame that lacks a column: what is missing would be missing on paper without a word."""
    whole = SchoolReport(report.audience, "", "", report.as_of, report.expires, {})
    for name in ("pupils", "reasons", "what_if", "questions", "signals", "trend", "patterns", "changes", "missing"):
        missing = [column for column in getattr(whole, name).columns if column not in getattr(report, name).columns]
        if missing:
            raise ValueError(f"SchoolReport.{name} lacks the columns {', '.join(missing)}")


def _page_foot(said: str) -> str:
    """Rule for the foot of every printed page; every sign but letters and digits escaped, so that it stays text."""
    escaped = "".join(
        c if c.isalnum() and c.isascii() else f"\\{ord(c):06x}" for c in _FORBIDDEN.sub("\ufffd", said)[:200]
    )
    return f'@page {{ @bottom-left {{ content: "{escaped}"; font: 8pt sans-serif; color: #444d57; }} }}\n'


def _digest(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


@cache
def _part(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
