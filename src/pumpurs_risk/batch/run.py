"""What a scored semester is: `Run` holds everything between the records and the papers."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pandas as pd

from pumpurs_risk.batch.composition import Composition, core_cells, expected_above, risk_groups
from pumpurs_risk.batch.frames import empty
from pumpurs_risk.batch.manifest import Manifest, SchoolCounts
from pumpurs_risk.locale import text
from pumpurs_risk.model import AdditiveModel, PeerReference

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.school_records import SchoolRecords


@dataclass(frozen=True)
class RunSettings:
    """What is stated about a run beside its data.

    Parameters
    ----------
    municipality, purpose : str
        Whose run it is, and what for; an empty purpose becomes the programme's own.
    keep_until : datetime.date, optional
        Until when the folder may be kept; by default a year after the list expires.
    not_received : tuple of str
        Titles of schools that were expected but handed nothing in.
    expected : int
        Number of schools expected; 0 if nothing was stated.
    notes : tuple of str
        Lines that stand on every paper and among the warnings of run.json.
    extra : dict
        Further settings, written into run.json as they are.
    """

    municipality: str = ""
    purpose: str = ""
    keep_until: dt.date | None = None
    not_received: tuple[str, ...] = ()
    expected: int = 0
    notes: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, manifest: Manifest) -> RunSettings:
        """What a finished run was told about itself."""
        missing = manifest.not_received
        return cls(
            municipality=manifest.municipality, purpose=manifest.purpose, keep_until=manifest.keep_until,
            not_received=missing, expected=len(manifest.schools) + len(missing) if missing else 0,
        )  # fmt: skip

    def received(self, lang: str) -> str:
        """Say how many of the expected schools sent data, and which did not."""
        n = self.expected - len(self.not_received)
        key = "cli.received_some" if self.not_received else "cli.received_all"
        return text(key, lang, n=n, expected=self.expected, missing=", ".join(self.not_received))


@dataclass(frozen=True)
class Run:
    """A scored semester.

    Parameters
    ----------
    flags, reasons, factors : pandas.DataFrame
        One row per pupil; lines of reasons; the factor table X. While a folder is written, only the reasons of pupils on
        paper are held in memory; `open_run` gives everybody's.
    evidence : pandas.DataFrame
        The facts behind the factors of pupils on paper: subjects, dates, source, role.
    questions, next_steps, signals, summary : pandas.DataFrame
        What to ask, what to do next, always-look signals, counts per school.
    answers, decisions, added : pandas.DataFrame
        What people wrote into earlier lists, and what this run carries on.
    model : AdditiveModel
        As it scored: level and shares adapted to the run.
    peers : PeerReference
        Whom pupils were compared with.
    as_of : datetime.date
        The list's day.
    lang : str
        Language of the sentences.
    not_understood : tuple of str
        What people wrote into earlier lists that could not be used, as sentences.
    schools, out_of_scope, not_assessed, offers : pandas.DataFrame
        The schools; pupils whom the list is not about; what was set aside, to be mended; what schools can offer.
    support, outcomes : pandas.DataFrame
        Support that pupils had, and what became of those who are gone, as far as people wrote it into lists and plans.
    changes, missing : pandas.DataFrame
        Since the last list; who was on an earlier roster, is on none now, and of whom nobody has said what became.
    patterns, what_if, trend : pandas.DataFrame
        What a class, subject or school has in common; what would bring a risk below the cut; the risk at earlier
        beginnings of semesters by today's model.
    records : SchoolRecords or None
        What was read; None for a run opened from disk.
    path : Path or None
        The folder; None in memory.
    manifest : Manifest or None
        What run.json says; None in memory.

    Examples
    --------
    >>> import pumpurs_risk as pr
    >>> run = pr.score(pr.make_cohort(n_pupils=60, random_state=0, form="sheet"), as_of="2027-01-15", lang="en")
    >>> len(run.flags), len(run.factors), int(run.summary["roll"].sum())
    (60, 60, 60)
    >>> listed = run.flags.loc[run.flags["tier"] == "act_now", "pupil_id"]
    >>> bool(listed.isin(run.next_steps["pupil_id"]).all())
    True
    """

    flags: pd.DataFrame
    reasons: pd.DataFrame
    factors: pd.DataFrame
    evidence: pd.DataFrame
    questions: pd.DataFrame
    next_steps: pd.DataFrame
    signals: pd.DataFrame
    summary: pd.DataFrame
    answers: pd.DataFrame
    decisions: pd.DataFrame
    added: pd.DataFrame
    model: AdditiveModel
    peers: PeerReference
    as_of: dt.date
    lang: str
    not_understood: tuple[str, ...] = ()
    schools: pd.DataFrame = field(default_factory=lambda: empty("schools"))
    out_of_scope: pd.DataFrame = field(default_factory=lambda: empty("out_of_scope"))
    not_assessed: pd.DataFrame = field(default_factory=lambda: empty("not_assessed"))
    offers: pd.DataFrame = field(default_factory=lambda: empty("offers"))
    support: pd.DataFrame = field(default_factory=lambda: empty("support"))
    outcomes: pd.DataFrame = field(default_factory=lambda: empty("outcomes"))
    changes: pd.DataFrame = field(default_factory=lambda: empty("changes"))
    patterns: pd.DataFrame = field(default_factory=lambda: empty("patterns"))
    what_if: pd.DataFrame = field(default_factory=lambda: empty("what_if"))
    missing: pd.DataFrame = field(default_factory=lambda: empty("missing"))
    trend: pd.DataFrame = field(default_factory=lambda: empty("trend"))
    records: SchoolRecords | None = None
    path: Path | None = None
    manifest: Manifest | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give flags, reasons, questions, next steps and signals as JSON-able records.

        Returns
        -------
        dict
            ``flags``, ``reasons``, ``changes``, ``patterns`` and ``what_if`` fit the files of these names in
            ``data_schema/``; NaN is None.

        Examples
        --------
        >>> import pumpurs_risk as pr
        >>> run = pr.score(pr.make_cohort(n_pupils=60, random_state=0, form="sheet"), as_of="2027-01-15", lang="en")
        >>> run.to_dict()["as_of"], len(run.to_dict()["flags"]["flags"])
        ('2027-01-15', 60)
        """
        return {
            "as_of": self.as_of.isoformat(),
            "lang": self.lang,
            "flags": {"schema_version": 1, "flags": _plain_records(self.flags)},
            "reasons": {"schema_version": 1, "reasons": _plain_records(self.reasons)},
            "questions": _plain_records(self.questions),
            "next_steps": _plain_records(self.next_steps),
            "signals": _plain_records(self.signals),
            "changes": {"schema_version": 1, "changes": _plain_records(self.changes)},
            "patterns": {"schema_version": 1, "patterns": _plain_records(self.patterns)},
            "what_if": {"schema_version": 1, "what_if": _plain_records(self.what_if)},
            "summary": _plain_records(self.summary),
        }


def school_counts(run: Run, catalogue: Catalogue | None = None) -> tuple[SchoolCounts, ...]:
    """Count what became of every school's pupils: in = scored + out of scope + not on the day's roll."""
    from pumpurs_risk.catalogue import Catalogue

    catalogue = catalogue or Catalogue.load()
    records = run.records
    assert records is not None
    scored = run.factors.groupby("school_id").size()
    outside = records.out_of_scope.groupby("school_id").size()
    known = records.pupils_known.groupby("school_id")["pupil_id"].nunique()
    problems = records.report.problems
    aside = problems[problems["severity"] == "set_aside"]
    cells = aside[aside["action"] == "cell_unknown"].groupby("school_id").size()
    rows = records.report.counts.groupby("school_id")["rejected"].sum()
    summary = run.summary.set_index("school_id")
    titles = dict(zip(records.schools["school_id"], records.schools["title"], strict=True))
    composition = expected_above(run.factors, run.flags)
    core = core_cells(run.factors, catalogue)
    groups = risk_groups(run.flags, run.reasons, catalogue)
    counts = []
    for school in sorted({*titles, *scored.index}):
        n, out = int(scored.get(school, 0)), int(outside.get(school, 0))
        everybody = max(int(known.get(school, 0)) + out, n + out)
        listed = {
            name: int(summary.loc[school, name]) if school in summary.index else 0
            for name in (
                "above",
                "above_low",
                "above_high",
                "places",
                "not_covered",
                "listed",
                "ask_first",
                "uncertain",
            )
        }
        of = composition.get(str(school), Composition(0, 0, 0.0, 0.0))
        counts.append(
            SchoolCounts(
                school_id=str(school),
                title=str(titles.get(school) or school),
                pupils_in=everybody,
                scored=n,
                out_of_scope=out,
                not_on_roll=everybody - n - out,
                rows_rejected=int(rows.get(school, 0)),
                cells_set_aside=int(cells.get(school, 0)),
                compared=of.compared,
                expected=round(of.expected, 3) if of.compared else None,
                expected_variance=round(of.variance, 3) if of.compared else None,
                compared_above=of.above,
                core_asked=core.get(str(school), (0, 0))[0],
                core_missing=core.get(str(school), (0, 0))[1],
                risk_groups=groups.get(str(school), {}),
                **listed,
            )
        )
    return tuple(counts)


def _plain_records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON-able dicts; unknown is None. By column, so that there is no work per cell that can be avoided."""
    columns = {}
    for name in frame.columns:
        column = frame[name]
        if pd.api.types.is_float_dtype(column.dtype):
            columns[name] = [None if np.isnan(v) else v for v in column.tolist()]
        elif column.dtype == object or pd.api.types.is_string_dtype(column.dtype):
            columns[name] = [None if v is None or v is pd.NA or v != v else v for v in column.tolist()]
        else:
            columns[name] = column.tolist()
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return msgspec.to_builtins(rows)  # type: ignore[no-any-return]
