"""Monitors two finished runs: what changed, what staff decided, what happened; the account is made in ``monitoring``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from pumpurs_risk.batch.opening import open_run
from pumpurs_risk.batch.previous import EarlierWork
from pumpurs_risk.batch.run import Run
from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.errors import RecordsError, RunError
from pumpurs_risk.factors.horizon import Horizon
from pumpurs_risk.locale import text

if TYPE_CHECKING:
    from pumpurs_risk.monitoring import MadeList, Monitoring
    from pumpurs_risk.records.school_records import SchoolRecords


@dataclass(frozen=True)
class WrittenMonitoring:
    """What `monitor_to_file` made.

    Parameters
    ----------
    found : Monitoring
        The account.
    path : Path
        The page, or the JSON file.
    all_well : bool
        Whether nothing of the outcomes was set aside while reading.
    """

    found: Monitoring
    path: Path
    all_well: bool


AUDITED = ("sex", "instruction_language", "special_education")
"""Columns of the records' table of pupils that serve auditing alone."""
HORIZONS = ("1y", "2y")


def monitor(
    run1: Run | str | Path,
    run2: Run | str | Path,
    outcomes: SchoolRecords | Any = None,
    *,
    attributes: Any = None,
    horizon: str = "1y",
    catalogue: Catalogue | None = None,
    random_state: int = 0,
) -> Monitoring:
    """Compare two finished runs, and what happened with what was said; nothing is trained anew.

    Parameters
    ----------
    run1, run2 : Run, str or Path
        Two runs of different days, in any order: the earlier one is what the later one is compared with.
    outcomes : SchoolRecords, data frame or path, optional
        What became of the earlier run's pupils: a frame with pupil_id, date and outcome (under the run's pupil ids), or
        records or a folder of a later day, whose rolls also show who was still there.
    attributes : data frame, optional
        ``pupil_id`` and one column per attribute (sex, language, special education), by which use and outcomes are told
        apart and for nothing else. By default what the records in `outcomes`, or the earlier run's own, say.
    horizon : {"1y", "2y"}
        Which of the list's risks is judged.
    catalogue : Catalogue, optional
        With own factors; default the shipped one.
    random_state : int
        Seed of every draw.

    Returns
    -------
    Monitoring
        ``str()`` of it, ``headline(lang)`` and ``sentences(lang)`` say it, ``table(name)`` gives frames, ``to_dict(lang)``
        JSON-able data.

    Raises
    ------
    RunError
        If a run is not finished or damaged, or both are the same run.
    RecordsError
        If outcomes or what people wrote cannot be read.
    ValueError
        For another horizon.

    Examples
    --------
    >>> import pumpurs_risk as pr
    >>> autumn = pr.score(pr.make_cohort(n_pupils=60, random_state=0), as_of="2026-09-15")
    >>> winter = pr.score(pr.make_cohort(n_pupils=60, random_state=0), as_of="2027-01-15")
    >>> found = monitor(autumn, winter)
    >>> found.outcomes.state, found.outcomes.horizon_end
    ('not_given', '2027-09-15')
    """
    from pumpurs_risk.monitoring import compare_lists  # statistics that scoring need not load

    if horizon not in HORIZONS:
        raise ValueError(f"horizon must be one of {', '.join(HORIZONS)}, got {horizon!r}")
    catalogue = catalogue or Catalogue.load()
    first, second = (run if isinstance(run, Run) else open_run(run) for run in (run1, run2))
    if first.as_of > second.as_of:
        first, second = second, first
    if _same(first, second):
        raise RunError("monitor_same_run", day=first.as_of.isoformat())
    records = _records_of(outcomes, catalogue)
    if attributes is None:
        attributes = _attributes(records if records is not None else first.records)
    end = Horizon.of(horizon).end(first.as_of)
    what_became = outcomes if records is None else records
    return compare_lists(
        _made(first, _decisions_on(first, records, catalogue)),
        _made(second, None),
        catalogue=catalogue,
        y=None if what_became is None else _labels(first, second, what_became, horizon, catalogue),
        outcomes_given=what_became is not None,
        horizon=horizon,
        horizon_end=end,
        attributes=attributes,
        random_state=random_state,
    )


def monitor_to_file(
    run1: Path,
    run2: Path,
    *,
    outcomes: Path | None = None,
    out: Path | None = None,
    horizon: str = "1y",
    lang: str | None = None,
    catalogue: Sequence[Path] = (),
    **reading: Any,
) -> WrittenMonitoring:
    """Monitor two runs and write the account beside the later one.

    Parameters
    ----------
    run1, run2 : Path
        Folders of two finished runs, in any order.
    outcomes : Path, optional
        File or folder that says what became of the pupils, or a later hand-in of the schools.
    out : Path, optional
        A page, or with the ending ``.json`` the same as data; must not exist. By default a page beside the later run, with
        both days in its name.
    horizon : {"1y", "2y"}
        Which of the list's risks is judged.
    lang : {"lv", "en"}, optional
        Language of the account; by default that of the later run.
    catalogue : sequence of Path
        TOML files with own factors.
    **reading
        ``key``, ``mapping``, ``id_scope``, ``encoding``: how the outcomes are read.

    Returns
    -------
    WrittenMonitoring

    Raises
    ------
    RunError
        If a run is not finished, or the file exists or cannot be written.
    RecordsError
        If the outcomes cannot be read.
    """
    from pumpurs_risk.reports.monitor_page import monitor_page

    if out is not None and out.exists():
        raise RunError("file_exists", path=str(out))
    runs = sorted((open_run(run1), open_run(run2)), key=lambda run: run.as_of)
    known = Catalogue.load(*catalogue)
    what_became, well = None, True
    if outcomes is not None:
        what_became, well = _read_outcomes(outcomes, runs, known, catalogue=catalogue, lang=lang, **reading)
    found = monitor(runs[0], runs[1], what_became, horizon=horizon, catalogue=known)
    language = lang or runs[1].lang
    place = runs[1].path
    assert place is not None
    path = out or _free(place.parent, f"{text('monitoring.file', language)}_{runs[0].as_of}_{runs[1].as_of}", ".html")
    document = found.to_dict(language)
    if path.suffix.lower() == ".json":
        written = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
        try:
            path.write_text(written, encoding="utf-8", newline="\n")
        except OSError as error:
            raise RunError("cannot_write", path=str(path), detail=error.strerror or "") from None
    else:
        monitor_page(document, language).save(path)
    return WrittenMonitoring(found, path, well)


def _read_outcomes(path: Path, runs: Sequence[Run], known: Catalogue, **reading: Any) -> tuple[Any, bool]:
    """Read what became of the pupils: records of a later day, or a file that says nothing else."""
    from pumpurs_risk.batch.outcomes_file import read_outcomes_file
    from pumpurs_risk.batch.semester import read_semester

    try:
        records = read_semester(path, **reading).records
    except RecordsError as error:
        if error.code != "no_pupils":
            raise
        ids = pd.Index(pd.concat([run.factors["pupil_id"] for run in runs]).unique())
        return read_outcomes_file(path, ids, known, encoding=reading.get("encoding")), True
    if records.outcomes is None:
        raise RecordsError("outcomes_needed")
    return records, records.report.ok


def _free(folder: Path, name: str, ending: str) -> Path:
    """A file name that is not taken: with _2, _3 ... behind it where needed."""
    path, n = folder / f"{name}{ending}", 1
    while path.exists():
        n += 1
        path = folder / f"{name}_{n}{ending}"
    return path


MADE = ("made data", "izdomāti dati")
"""Words by which made data are known, in a model's notes and in what a run says of itself."""


def _same(first: Run, second: Run) -> bool:
    """Whether one run was given twice, be it as a copy."""
    if first is second or (
        first.path is not None and second.path is not None and first.path.resolve() == second.path.resolve()
    ):
        return True
    return (
        first.as_of == second.as_of
        and first.model == second.model
        and first.factors.equals(second.factors)
        and first.flags.equals(second.flags)
    )


def _made_up(run: Run) -> bool:
    """Whether a run's model, its run.json or its schools' names say that the data are made."""
    said = [*run.model.provenance.notes, *_titles(run.records).values()]
    if (manifest := run.manifest) is not None:
        said += [manifest.municipality, manifest.purpose, *manifest.warnings, *manifest.model.notes]
        said += [school.title for school in manifest.schools]
    return any(word in each.casefold() for each in said for word in MADE)


def _made(run: Run, decided: tuple[pd.DataFrame, pd.DataFrame] | None) -> MadeList:
    """Give a run as the frames that are compared."""
    from pumpurs_risk.monitoring import MadeList

    manifest = run.manifest
    made = MadeList(
        as_of=run.as_of,
        factors=run.factors,
        flags=run.flags,
        model=run.model,
        digest=manifest.model.digest if manifest is not None else "",
        titles={c.school_id: c.title for c in manifest.schools} if manifest is not None else _titles(run.records),
        threshold=float(manifest.settings.get("threshold", 0.10)) if manifest is not None else 0.10,
        made_up=_made_up(run),
    )
    return made if decided is None else replace(made, decisions=decided[0], added=decided[1])


def _decisions_on(run: Run, records: SchoolRecords | None, catalogue: Catalogue) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What staff decided on a run by now, in its workbooks and in the records; and whom they added to it."""
    decisions, added = run.decisions, run.added
    if run.path is not None and run.path.is_dir():
        work = EarlierWork.read([run.path], catalogue, run.as_of)
        decisions, added = work.decisions, work.added
    if records is not None and records.decisions is not None:
        decisions = pd.concat([_decided(records.decisions, run, catalogue), decisions], ignore_index=True)
    known = decisions["as_of"].astype(str) <= run.as_of.isoformat()
    fresh = added["as_of"].astype(str) == run.as_of.isoformat()
    return decisions.loc[known, ["pupil_id", "decision"]], added.loc[fresh, ["school_id", "pupil_id"]]


def _records_of(outcomes: Any, catalogue: Catalogue) -> SchoolRecords | None:
    """Records, read first where a path is given; None for a frame, or for nothing."""
    from pumpurs_risk.records import read_records
    from pumpurs_risk.records.school_records import SchoolRecords

    if isinstance(outcomes, str | Path):
        return read_records(outcomes, catalogue=catalogue)
    return outcomes if isinstance(outcomes, SchoolRecords) else None


def _labels(first: Run, second: Run, outcomes: Any, horizon: str, catalogue: Catalogue) -> Any:
    """What became of the first run's pupils, in their order; None if what is known ends before the horizon does."""
    from pumpurs_risk.factors.history import stack_tables

    tables = [(run.as_of, run.factors) for run in (first, second)]
    if first.as_of == second.as_of:
        tables = tables[:1]
    try:
        X, y, _, _ = stack_tables(tables, outcomes, horizon, catalogue=catalogue)
    except RecordsError as error:
        if error.code == "horizon_not_reached":
            return None
        raise
    of_first = (X["as_of"] == pd.Timestamp(first.as_of)).to_numpy()
    labels = y[of_first].to_numpy(dtype=float)
    return labels if not pd.isna(labels).all() else None


def _attributes(records: SchoolRecords | None) -> pd.DataFrame | None:
    """What the records say for auditing: the latest semester's row of every pupil."""
    from pumpurs_risk.records.uniting.frames import as_pandas

    if records is None or records.pupils is None:
        return None
    pupils = records.pupils.collect() if hasattr(records.pupils, "collect") else records.pupils
    frame = as_pandas(pupils)
    audited = [name for name in AUDITED if name in frame]
    if not audited:
        return None
    latest = frame.sort_values("semester", kind="stable") if "semester" in frame else frame
    return latest.groupby(latest["pupil_id"].astype(str), sort=True)[audited].last().reset_index()


def _decided(written: Any, run: Run, catalogue: Catalogue) -> pd.DataFrame:
    """Decisions in the records' own table that are about a run's semester."""
    from pumpurs_risk.records.uniting.frames import as_pandas

    frame = as_pandas(written.collect() if hasattr(written, "collect") else written)
    if "semester" in frame:
        frame = frame[frame["semester"].astype(str) == catalogue.calendar.semester_of(run.as_of)]
    return frame[["pupil_id", "decision"]].astype(str).assign(as_of=run.as_of.isoformat())


def _titles(records: SchoolRecords | None) -> dict[str, str]:
    if records is None:
        return {}
    known = records.schools
    return {str(s): str(t) for s, t in zip(known["school_id"], known["title"], strict=True) if isinstance(t, str) and t}
