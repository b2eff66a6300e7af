"""Drafts the support plans of a run and keeps them in a folder beside it, without losing a word that people wrote."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pandas as pd

from pumpurs_risk.batch.opening import open_run
from pumpurs_risk.batch.papers import own_id
from pumpurs_risk.batch.plan_files import (
    FOLDER,
    PlansFolder,
    latest_before,
)
from pumpurs_risk.batch.plan_writing import PlansWritten, PlanWriting, merge_loose
from pumpurs_risk.batch.run import Run
from pumpurs_risk.batch.settings import find_settings
from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.errors import PlanError
from pumpurs_risk.explanation.reasons import reasons as reasons_of
from pumpurs_risk.flags import signals as signals_of
from pumpurs_risk.locale import check_language
from pumpurs_risk.plans import PlanFrames, SupportPlanDraft, draft
from pumpurs_risk.plans.drafting import TIERS, plan_semester

if TYPE_CHECKING:
    pass

RISKS, STRENGTHS = 5, 3
"""Risks and strengths that a plan tells at most; a list tells fewer."""
_SPEAKS_FOR_ITSELF = ("marks", "assessments", "answers")
"""Sources whose facts are the same words in every language."""


def draft_plans(
    run: Run | str | Path,
    offers: pd.DataFrame | None = None,
    previous: Run | str | Path | Iterable[SupportPlanDraft] | None = None,
    lang: str | None = None,
    *,
    only: Iterable[str] | None = None,
    catalogue: Catalogue | None = None,
    tiers: Collection[str] = TIERS,
    kept: Iterable[SupportPlanDraft] = (),
) -> list[SupportPlanDraft]:
    """Draft a support plan for each pupil on the list whom staff did not dismiss. Nothing is written.

    Parameters
    ----------
    run : Run, str or Path
        A scored semester.
    offers : pandas.DataFrame, optional
        What the schools offer: ``school_id``, ``measure``, ``role``, ``places``; by default what the run knows.
    previous : Run, str or Path, or iterable of SupportPlanDraft, optional
        The last semester's run, or its plans: since when a risk is known, and what people wrote when they evaluated it.
    lang : {"lv", "en"}, optional
        By default the run's.
    only : iterable of str, optional
        Ids of pupils on any list whose plan is wanted.
    catalogue : Catalogue, optional
        With own measures, goals or programme; default the shipped one.
    tiers : collection of str
        Tiers of which everybody gets a plan; those whom staff confirmed or added and those with a signal get one anyway.
    kept : iterable of SupportPlanDraft, optional
        This semester's plans as they were drafted before: drafting again moves none of their days.

    Returns
    -------
    list of SupportPlanDraft
        JSON of each (`SupportPlanDraft` with ``msgspec.json``) fits ``data_schema/plan.json``.

    Raises
    ------
    PlanError
        If a pupil of `only` is not in the run, is on no list, or was dismissed by staff.
    RunError
        If the run is not finished, damaged or of a newer version.

    Examples
    --------
    >>> import pumpurs_risk as pr
    >>> run = pr.score(pr.make_cohort(n_pupils=60, random_state=0), as_of="2027-01-15", lang="en")
    >>> plans = draft_plans(run)
    >>> plans[0].status, plans[0].semester, len(plans[0].risks) > 0
    ('draft', '2026/2027-2', True)
    """
    scored = run if isinstance(run, Run) else open_run(run)
    known = catalogue or Catalogue.load()
    language = lang or scored.lang
    check_language(language)
    plans, before = (None, None)
    if isinstance(previous, Run | str | Path):
        before = previous if isinstance(previous, Run) else open_run(previous)
    elif previous is not None:
        plans = latest_before(previous, _starts(known), plan_semester(known, scored.as_of))
    drafted = draft(
        _frames(scored, before, known, language, offers),
        known,
        as_of=scored.as_of,
        lang=language,
        run=scored.path.name if scored.path is not None else "",
        model=scored.model.name,
        only=only,
        before=plans,
        kept={plan.pupil_id: plan for plan in kept},
        tiers=tiers,
    )
    return _with_own_measures(drafted, plans or {})


def write_plans(
    run: str | Path,
    *,
    out: Path | None = None,
    template: Path | None = None,
    names: Path | None = None,
    pupil: Sequence[str] = (),
    lang: str | None = None,
    catalogue: Sequence[Path] = (),
    tiers: Collection[str] = TIERS,
) -> PlansWritten:
    """Draft a run's plans and bring them together with what lies in the folder of plans.

    Parameters
    ----------
    run : path
        A finished run.
    out : Path, optional
        The folder of plans; by default ``plans`` beside the run.
    template : Path, optional
        A Word template of one's own.
    names : Path, optional
        Key file: names are put into the DOCX files and nowhere else.
    pupil : sequence of str
        Ids of pupils whose plan is wanted (the school's own id is enough); everybody's by default.
    lang : {"lv", "en"}, optional
        By default the run's.
    catalogue : sequence of Path
        TOML files with own measures, goals and programme, besides those of ``pumpurs.toml``.
    tiers : collection of str
        As in `draft_plans`.

    Returns
    -------
    PlansWritten

    Raises
    ------
    PlanError
        If a pupil is unknown or on no list, the template cannot be used, or a plan is damaged or of a newer version. Then
        nothing is written.
    RunError, RecordsError
        If the run cannot be opened, or the key is not the run's.
    """
    from pumpurs_risk.batch.names import names_from, refuse_inside_run
    from pumpurs_risk.reports.docx import PlanTemplate

    place = Path(run)
    scored = open_run(place)
    known = _catalogue(place, catalogue)
    folder = out or place.resolve().parent / FOLDER
    shown = {} if names is None else names_from(names, scored.manifest)
    refuse_inside_run(folder)
    language = lang or scored.lang
    only = [_pupil(scored, each) for each in pupil] or None
    lying = PlansFolder.read(folder)
    semester = plan_semester(known, scored.as_of)
    merged = {key: each.merged() for key, each in lying.kept.items() if each.plan.semester != semester}
    earlier = latest_before(merged.values(), _starts(known), semester)
    drafted = draft(
        _frames(scored, _run_before(scored), known, language, None),
        known,
        as_of=scored.as_of,
        lang=language,
        run=place.name,
        model=scored.model.name,
        only=only,
        before=earlier,
        kept={each.plan.pupil_id: each.plan for each in lying.kept.values() if each.plan.semester == semester},
        tiers=tiers,
    )
    writing = PlanWriting(
        scored, known, lying, language, shown, {language: PlanTemplate.load(template, language)}, template
    )
    new = {plan.plan_id: plan for plan in _with_own_measures(drafted, earlier)}
    for key, plan in new.items():
        kept = lying.kept.get(key)
        writing.write(kept, merge_loose(plan, lying) if kept is None else kept.merged(plan))
    writing.alone(set(new))
    for key, kept in sorted(lying.kept.items()):
        if key not in new and (only is None or kept.plan.pupil_id in only):
            writing.write(kept, writing.noted(merged.get(key) or kept.merged(), kept.plan.semester == semester))
    return writing.account()


def _with_own_measures(
    drafted: list[SupportPlanDraft], before: Mapping[str, SupportPlanDraft]
) -> list[SupportPlanDraft]:
    """Take the measures that people added to last semester's plan over into the next, each with the plan it comes from."""
    found = []
    for plan in drafted:
        last = before.get(plan.pupil_id)
        own = () if last is None else tuple(added for added in last.additions if added.place == "measures")
        taken = tuple(msgspec.structs.replace(added, by=added.by if last is None else last.plan_id) for added in own)
        found.append(msgspec.structs.replace(plan, additions=(*plan.additions, *taken)) if taken else plan)
    return found


def _catalogue(run: Path, own: Sequence[Path]) -> Catalogue:
    """The catalogue that holds for a run: with what ``pumpurs.toml`` above it states."""
    found = find_settings(run)
    stated = found.settings
    files = [*(found.path(each) for each in stated.catalogue), *own]
    programme = found.path_or_name(stated.programme) if stated.programme else "pumpurs"
    return Catalogue.load(*files, programme=programme)


def _frames(run: Run, before: Run | None, catalogue: Catalogue, lang: str, offers: pd.DataFrame | None) -> PlanFrames:
    """The run as plans need it: more risks than a list tells, and every sentence in the plan's language."""
    some = _on_paper(run)
    evidence, asked, signs = run.evidence, run.questions, run.signals
    if lang != run.lang:
        evidence = evidence[evidence["source"].isin(_SPEAKS_FOR_ITSELF)]
        words = {factor: catalogue.factors[factor].question[lang] for factor in asked["factor"].unique()}
        asked = asked.assign(question=asked["factor"].map(words))
        signs = signals_of(some, catalogue, as_of=run.as_of, lang=lang, evidence=evidence)
    told = reasons_of(
        run.model,
        some,
        lang,
        RISKS,
        evidence,
        reference=run.peers,
        catalogue=catalogue,
        strengths=STRENGTHS,
        details=True,
    )
    return PlanFrames(
        flags=run.flags,
        reasons=told,
        factors=run.factors,
        evidence=evidence,
        questions=asked,
        signals=signs,
        schools=run.schools,
        offers=run.offers if offers is None else offers,
        decisions=run.decisions,
        added=run.added,
        earlier_reasons=_earlier_reasons(before, set(some["pupil_id"])),
    )


def _on_paper(run: Run) -> pd.DataFrame:
    """Factor rows of everybody who may get a plan."""
    flags = run.flags
    ids = set(flags.loc[flags["tier"].ne("none") | flags["always_look"].ne(""), "pupil_id"])
    ids |= set(run.added["pupil_id"]) | set(run.decisions["pupil_id"])
    return run.factors[run.factors["pupil_id"].isin(ids)].reset_index(drop=True)


def _earlier_reasons(before: Run | None, ids: set[str]) -> pd.DataFrame:
    """Risks that an earlier list told of some pupils; a row without a construct for everyone it scored."""
    if before is None:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in ("pupil_id", "construct", "as_of")})
    told = before.reasons[(before.reasons["kind"] == "risk") & (before.reasons["line"] == 0)]
    told = told.loc[told["pupil_id"].isin(ids), ["pupil_id", "construct"]]
    scored = before.flags.loc[before.flags["pupil_id"].isin(ids), ["pupil_id"]].assign(construct="")
    return pd.concat([told, scored], ignore_index=True).assign(as_of=before.as_of.isoformat())


def _run_before(run: Run) -> Run | None:
    """The newest earlier run that this one carried on from, if it still lies beside it."""
    if run.path is None or run.manifest is None:
        return None
    for name in reversed(run.manifest.previous):
        path = run.path.resolve().parent / name
        if (path / "run.json").is_file():
            return open_run(path)
    return None


def _starts(catalogue: Catalogue) -> dict[str, str]:
    return {name: semester.from_ for name, semester in catalogue.calendar.items()}


def _pupil(run: Run, given: str) -> str:
    """The pupil whom an id means: the run's, or the school's own if one pupil has it."""
    ids = run.flags["pupil_id"]
    if (ids == given).any():
        return given
    found = ids[own_id(run.flags) == given]
    if len(found) > 1:
        raise PlanError("plan_pupil_ambiguous", n=len(found))
    if not len(found):
        raise PlanError("plan_pupil_unknown", n=1)
    return str(found.iloc[0])
