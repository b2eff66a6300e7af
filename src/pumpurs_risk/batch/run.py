"""A semester's run: records in, one folder out (or nothing on disk), everything in between held together by `Run`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pandas as pd

from pumpurs_risk.batch.manifest import Manifest, SchoolCounts, read_manifest
from pumpurs_risk.errors import RunError
from pumpurs_risk.explanation.reasons import reasons as reasons_of
from pumpurs_risk.factors import factor_table
from pumpurs_risk.flags import FlagPolicy, flag, next_steps, questions, signals, summarise
from pumpurs_risk.model import AdditiveModel, PeerReference, load_model

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.school_records import SchoolRecords

Progress = Callable[[str, float], None]
"""Told the name of a step (key in ``cli.steps``) and the share of the whole that is done."""


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
    extra : dict
        Further settings, written into run.json as they are.
    """

    municipality: str = ""
    purpose: str = ""
    keep_until: dt.date | None = None
    not_received: tuple[str, ...] = ()
    expected: int = 0
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """A scored semester.

    Parameters
    ----------
    flags, reasons, factors : pandas.DataFrame
        One row per pupil; lines of reasons; the factor table X.
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
    records : SchoolRecords or None
        What was read; None for a run opened from disk.
    path : Path or None
        The folder; None in memory.
    manifest : Manifest or None
        What run.json says; None in memory.
    """

    flags: pd.DataFrame
    reasons: pd.DataFrame
    factors: pd.DataFrame
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
    records: SchoolRecords | None = None
    path: Path | None = None
    manifest: Manifest | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give flags, reasons, questions, next steps and signals as JSON-able records.

        Returns
        -------
        dict
            ``flags`` and ``reasons`` fit ``data_schema/flags.json`` and ``reasons.json``.
        """
        return {
            "as_of": self.as_of.isoformat(),
            "lang": self.lang,
            "flags": {"schema_version": 1, "flags": _plain_records(self.flags)},
            "reasons": {"schema_version": 1, "reasons": _plain_records(self.reasons)},
            "questions": _plain_records(self.questions),
            "next_steps": _plain_records(self.next_steps),
            "signals": _plain_records(self.signals),
            "summary": _plain_records(self.summary),
        }


def score(
    records: SchoolRecords | str | Path,
    *,
    as_of: dt.date | str | None = None,
    model: AdditiveModel | str | Path = "literature-prior",
    out: str | Path | None = None,
    policy: FlagPolicy | None = None,
    lang: str = "lv",
    top: int = 3,
    prevalence: float | None = None,
    previous: Sequence[str | Path] = (),
    catalogue: Catalogue | None = None,
    settings: RunSettings | None = None,
    progress: Progress | None = None,
) -> Run:
    """Score pupils, explain and cut the list; optionally write the run's folder.

    Parameters
    ----------
    records : SchoolRecords, str or Path
        What `read_records` or `SchoolRecords.from_tables` gave, or the file or folder to read.
    as_of : date or ISO text, optional
        The list's day; by default the one that the records carry, else today.
    model : AdditiveModel, str or Path
        The model, the name of a shipped one, or a path.
    out : str or Path, optional
        Folder to make; it must not exist. None: nothing touches the disk.
    policy : FlagPolicy, optional
        Places, threshold and so on. By default places as the records' schools state them.
    lang : {"lv", "en"}
        Language of sentences and papers.
    top : int
        Risk reasons per pupil.
    prevalence : float, optional
        Share of this run's pupils who leave within a year, where that is known; shifts the level.
    previous : sequence of paths
        Earlier runs whose answers and decisions are carried on, the oldest first.
    catalogue : Catalogue, optional
        With own factors; default the shipped one.
    settings : RunSettings, optional
        Municipality, purpose and so on.
    progress : callable, optional
        Told each step.

    Returns
    -------
    Run

    Raises
    ------
    RecordsError, ModelFileError
        If what is given cannot be read.
    RunError
        If no pupil can be scored, or the folder cannot be made. Nothing is written then.

    Examples
    --------
    >>> import pumpurs_risk as pr
    >>> run = pr.score(pr.make_cohort(n_pupils=300, random_state=0), as_of="2027-01-15", lang="en")
    >>> sorted(run.flags["tier"].unique())[0]
    'act_now'
    """
    from pumpurs_risk.batch.previous import EarlierWork

    tell = progress or (lambda step, share: None)
    settings = settings or RunSettings()
    catalogue = catalogue or _shipped_catalogue()
    if isinstance(records, str | Path):
        from pumpurs_risk.records import read_records

        tell("reading", 0.0)
        records = read_records(records, catalogue=catalogue, lang=lang)
    day = as_date(as_of) or day_of(records) or dt.date.today()
    chosen = model if isinstance(model, AdditiveModel) else load_model(model)
    earlier = EarlierWork.read(previous, catalogue, day)
    records = earlier.added_to(records)
    tell("factors", 0.3)
    X = factor_table(records, as_of=day, catalogue=catalogue)
    if not len(X):
        raise RunError("nothing_scored", detail=_why_nothing(records, lang))
    fitted = chosen.for_recorded(X)
    if prevalence is not None:
        fitted = fitted.at_prevalence(prevalence, X)
    peers = PeerReference.from_table(fitted, X)
    tell("flags", 0.5)
    policy = policy or FlagPolicy(places=places_of(records))
    flags = flag(fitted, X, policy, catalogue=catalogue, as_of=day)
    signs = signals(X, catalogue, as_of=day, lang=lang)
    asked = questions(fitted, X, flags, catalogue, lang=lang)
    tell("reasons", 0.6)
    on_paper = flags["tier"].ne("none") | flags["always_look"].ne("") | flags["above"] | flags["uncertain_cut"]
    some = X[on_paper.to_numpy()].reset_index(drop=True)
    told = reasons_of(fitted, some if out else X, lang, top, reference=peers, catalogue=catalogue)
    steps = next_steps(flags, told, asked, catalogue, day, lang, X=X)
    run = Run(
        flags=flags,
        reasons=told,
        factors=X,
        questions=asked,
        next_steps=steps,
        signals=signs,
        summary=summarise(flags, policy),
        answers=earlier.answers,
        decisions=earlier.decisions,
        added=earlier.added,
        not_understood=tuple(earlier.messages(lang)),
        model=fitted,
        peers=peers,
        as_of=day,
        lang=lang,
        records=records,
    )
    if out is None:
        return run
    from pumpurs_risk.batch.writing import write_run

    return write_run(run, Path(out), policy, settings, catalogue, top=top, previous=previous, progress=tell)


def open_run(path: str | Path) -> Run:
    """Open a finished run from disk.

    Parameters
    ----------
    path : str or Path
        The run's folder.

    Returns
    -------
    Run

    Raises
    ------
    RunError
        If there is no finished run, or it is damaged.
    """
    from pumpurs_risk.batch.writing import read_run_frames

    folder = Path(path)
    manifest = read_manifest(folder)
    frames, peers = read_run_frames(folder)
    return Run(
        **frames,  # type: ignore[arg-type]
        model=load_model(folder / "data" / "model.json"),
        peers=peers,
        as_of=manifest.as_of,
        lang=manifest.lang,
        path=folder,
        manifest=manifest,
    )


def as_date(value: dt.date | str | None) -> dt.date | None:
    """Read a date: ISO, or day.month.year.

    Raises
    ------
    RunError
        If the text is no date.

    Examples
    --------
    >>> as_date("15.01.2027.")
    datetime.date(2027, 1, 15)
    """
    if value is None or value == "":
        return None
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    for pattern in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            return dt.datetime.strptime(value.strip().rstrip("."), pattern).date()
        except ValueError:
            continue
    raise RunError("date_needed", value=value)


def places_of(records: SchoolRecords) -> dict[str, int]:
    """Places that the records' schools state, by school id."""
    schools = records.schools
    if "places" not in schools:
        return {}
    stated = schools.dropna(subset=["places"])
    return {str(s): int(p) for s, p in zip(stated["school_id"], stated["places"], strict=True)}


def school_counts(run: Run) -> tuple[SchoolCounts, ...]:
    """Count what became of every school's pupils; rows in = scored + out of scope + rejected."""
    records = run.records
    assert records is not None
    scored = run.factors.groupby("school_id").size()
    outside = records.out_of_scope.groupby("school_id").size()
    problems = records.report.problems
    aside = problems[problems["severity"] == "set_aside"]
    cells = aside[aside["action"] == "cell_unknown"].groupby("school_id").size()
    rows = records.report.counts.groupby("school_id")["rejected"].sum()
    summary = run.summary.set_index("school_id")
    titles = dict(zip(records.schools["school_id"], records.schools["title"], strict=True))
    counts = []
    for school in sorted({*titles, *scored.index}):
        n, out = int(scored.get(school, 0)), int(outside.get(school, 0))
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
        counts.append(
            SchoolCounts(
                school_id=str(school),
                title=str(titles.get(school) or school),
                pupils_in=n + out,
                scored=n,
                out_of_scope=out,
                rows_rejected=int(rows.get(school, 0)),
                cells_set_aside=int(cells.get(school, 0)),
                **listed,
            )
        )
    return tuple(counts)


def _shipped_catalogue() -> Catalogue:
    from pumpurs_risk.catalogue import Catalogue

    return Catalogue.load()


def day_of(records: SchoolRecords) -> dt.date | None:
    """Latest date that the records' own rows carry; None if they carry none."""
    days = pd.to_datetime(records.sheet["as_of"]).dropna() if "as_of" in records.sheet else pd.Series(dtype=object)
    return days.max().date() if len(days) else None


def _why_nothing(records: SchoolRecords, lang: str) -> str:
    said: Iterable[str] = dict.fromkeys(records.report.messages(lang))
    if len(records.out_of_scope):
        said = [*said, *records.out_of_scope["reason"].astype(str).unique()]
    return "; ".join(list(said)[:3]) or "0"


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


__all__ = ["Run", "RunSettings", "as_date", "day_of", "open_run", "places_of", "school_counts", "score"]
