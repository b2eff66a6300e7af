"""Scores a semester: records in, a `Run` out, and its folder if one is wanted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pumpurs_risk.batch.changing import changes_of, standing_of
from pumpurs_risk.batch.frames import shaped
from pumpurs_risk.batch.further import facts_wanted, looked_further, patterns_of_run
from pumpurs_risk.batch.handed_in import handed_in
from pumpurs_risk.batch.leaving_out import leave_out
from pumpurs_risk.batch.missing import missing_pupils
from pumpurs_risk.batch.opening import open_run
from pumpurs_risk.batch.papers import on_paper
from pumpurs_risk.batch.previous import EarlierWork
from pumpurs_risk.batch.run import Run, RunSettings
from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.errors import RunError
from pumpurs_risk.explanation import reasons as reasons_of
from pumpurs_risk.factors import evidence as evidence_of
from pumpurs_risk.factors import factor_frame
from pumpurs_risk.flags import FlagPolicy, flag, next_steps, questions, signals, summarise
from pumpurs_risk.locale import check_language
from pumpurs_risk.model import AdditiveModel, PeerReference, load_model

if TYPE_CHECKING:
    from pumpurs_risk.records.school_records import SchoolRecords

Progress = Callable[[str, float], None]
"""Told the name of a step (key in ``cli.steps``) and the share of the whole that is done."""


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
    lists_only: bool = False,
    without: Literal["", "special", "sensitive"] = "",
    with_names: bool = True,
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
        With own factors; default the shipped one. Own factors with a prior share join the shipped prior.
    settings : RunSettings, optional
        Municipality, purpose and so on.
    progress : callable, optional
        Told each step.
    lists_only : bool
        Only the lists: no pages for a browser, no what-if, no course over earlier semesters. Pages are left out as well for more
        than `PAGES_UP_TO` pupils.
    without : {"", "special", "sensitive"}
        Facts that are left out of the whole run as if nobody had recorded them; what that costs is said on the papers.
    with_names : bool
        Whether names, where the key file knows them, stand on the schools' own papers; else the schools' own ids.

    Returns
    -------
    Run

    Raises
    ------
    RecordsError, ModelFileError
        If what is given cannot be read.
    RunError
        If the model is for two years only, no pupil can be scored, or the folder cannot be made. Nothing is written then.

    Examples
    --------
    >>> import pumpurs_risk as pr
    >>> run = pr.score(pr.make_cohort(n_pupils=300, random_state=0), as_of="2027-01-15", lang="en")
    >>> sorted(run.flags["tier"].unique())[0]
    'act_now'
    """
    check_language(lang)
    tell = progress or (lambda step, share: None)
    settings = settings or RunSettings()
    if catalogue is None:
        catalogue = Catalogue.load()
    if isinstance(records, str | Path):
        from pumpurs_risk.records import read_records

        tell("reading", 0.0)
        records = read_records(records, catalogue=catalogue, lang=lang)
    day = as_date(as_of) or records.as_of or dt.date.today()
    chosen = chosen_model(model, catalogue)
    if chosen.horizon != "1y":  # lists, thresholds and sentences are about one year
        raise RunError("score_horizon", model=chosen.name, horizon=chosen.horizon)
    earlier = EarlierWork.read(previous, catalogue, day)
    runs = [open_run(path) for path in previous]
    records = earlier.added_to(records)
    tell("factors", 0.3)
    X = factor_frame(records, day, catalogue=catalogue)
    if not len(X):
        raise RunError("nothing_scored", detail=_why_nothing(records, lang))
    earlier = earlier.recognised(records, X)
    policy = policy or FlagPolicy(places=places_of(records))
    if without:
        left = leave_out(chosen, X, catalogue, without, policy, prevalence=prevalence)
        X, records = left.X, left.records(records, catalogue)
        settings = replace(settings, notes=(*settings.notes, left.sentence(lang)))
        earlier = replace(earlier, answers=left.rows(earlier.answers))
    else:
        left = None
    fitted = chosen.for_recorded(X)
    if prevalence is not None:
        fitted = fitted.at_prevalence(prevalence, X)
    peers = PeerReference.from_table(fitted, X)
    tell("flags", 0.5)
    flags = flag(fitted, X, policy, catalogue=catalogue, as_of=day)
    standing = standing_of(
        fitted, X, flags, earlier.decisions, earlier.added, runs, as_of=day, peers=peers, catalogue=catalogue, lang=lang
    )
    if standing:
        flags = flag(
            fitted, X, policy, catalogue=catalogue, as_of=day,
            set_aside=standing.set_aside, added=standing.added, kept=standing.kept,
        )  # fmt: skip
    some = X[on_paper(flags).to_numpy()].reset_index(drop=True)
    asked_of = facts_wanted(X, flags, catalogue, lang)
    every = evidence_of(records, day, asked_of, catalogue=catalogue, lang=lang)
    every = every if left is None else left.rows(every)
    facts = every[every["pupil_id"].isin(set(some["pupil_id"]))].reset_index(drop=True)
    signs = signals(X, catalogue, as_of=day, lang=lang, evidence=facts)
    asked = questions(fitted, X, flags, catalogue, lang=lang)
    tell("reasons", 0.6)
    told = reasons_of(fitted, some if out else X, lang, top, reference=peers, catalogue=catalogue, evidence=facts)
    steps = next_steps(flags, told, asked, catalogue, day, lang, X=X)
    run = Run(
        flags=flags,
        reasons=told,
        factors=X,
        evidence=facts,
        questions=asked if left is None else left.rows(asked),
        next_steps=steps,
        signals=signs,
        summary=summarise(flags, policy),
        answers=earlier.answers,
        decisions=earlier.decisions,
        added=earlier.added,
        not_understood=tuple(earlier.messages(lang)),
        support=shaped(earlier.support, "support"),
        outcomes=shaped(earlier.outcomes, "outcomes"),
        missing=missing_pupils(X, runs[-1] if runs else None, earlier.outcomes, records),
        patterns=patterns_of_run(fitted, X, every, catalogue, day, lang),
        model=fitted,
        peers=peers,
        as_of=day,
        lang=lang,
        records=records,
        **handed_in(records, lang, settings.municipality),  # type: ignore[arg-type]
    )
    if runs:
        found = changes_of(run, runs[-1], judged=standing.judged, catalogue=catalogue)
        run = replace(run, changes=shaped(found, "changes"))
    if not lists_only:
        run = replace(run, **looked_further(run, policy, runs, catalogue))  # type: ignore[arg-type]
    if out is None:
        return run
    from pumpurs_risk.batch.writing import write_run

    return write_run(
        run, Path(out), policy, settings, catalogue, top=top, previous=previous, progress=tell, pages=not lists_only,
        names=with_names,
    )  # fmt: skip


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


def chosen_model(model: AdditiveModel | str | Path, catalogue: Catalogue) -> AdditiveModel:
    """Load the model; the shipped prior is made anew where the catalogue has own factors, so that they count too."""
    if isinstance(model, AdditiveModel):
        return model
    loaded = load_model(model)
    own = {f.id for f in catalogue.factors.values() if f.prior_share} - set(loaded.features)
    if str(model) == "literature-prior" and own:
        from pumpurs_risk.training.prior import build_prior

        return build_prior(catalogue)
    return loaded


def _why_nothing(records: SchoolRecords, lang: str) -> str:
    said: Iterable[str] = dict.fromkeys(records.report.messages(lang))
    if len(records.out_of_scope):
        said = [*said, *records.out_of_scope["reason"].astype(str).unique()]
    return "; ".join(list(said)[:3]) or "0"
