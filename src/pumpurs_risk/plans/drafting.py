"""Drafts a plan per pupil: risks with their justification, goals, measures that the school has, and fields for people."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from pumpurs_risk.errors import PlanError
from pumpurs_risk.locale import check_language
from pumpurs_risk.plans.composing import Common, Composer
from pumpurs_risk.plans.goals import Deadlines, semester_months
from pumpurs_risk.plans.matching import Learner, Match, match, offers_by_school
from pumpurs_risk.plans.needs import PupilNeeds, needs_of

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.plans.frames import PlanFrames, Pupil
    from pumpurs_risk.plans.plan import SupportPlanDraft

TIERS = ("act_now",)
KNOWN_TIERS = ("act_now", "watch", "ask_first", "none")
"""Tiers of which everybody gets a plan; beside them those whom staff confirmed or added, and those with a signal."""
_ID_DIGITS = 10  # of 4 bits: among 20,000 plans of a semester two meet with probability 2e-4


class _Earlier(NamedTuple):
    """A pupil's plans so far: the last semester's, and this one's."""

    last: SupportPlanDraft | None
    same: SupportPlanDraft | None


_NONE = _Earlier(None, None)


def draft(
    frames: PlanFrames,
    catalogue: Catalogue,
    *,
    as_of: dt.date,
    lang: str = "lv",
    run: str = "",
    model: str = "",
    only: Iterable[str] | None = None,
    before: Mapping[str, SupportPlanDraft] | None = None,
    kept: Mapping[str, SupportPlanDraft] | None = None,
    tiers: Collection[str] = TIERS,
) -> list[SupportPlanDraft]:
    """Draft support plans: one for each pupil on the list whom staff did not dismiss.

    Parameters
    ----------
    frames : PlanFrames
        A scored semester.
    catalogue : Catalogue
        Factors, measures, partners, goals, and the support programme's words and order.
    as_of : datetime.date
        Day of the list.
    lang : {"lv", "en"}
        Language of the drafted texts; that of the sentences in `frames`.
    run, model : str
        Names, for the plan's own account.
    only : iterable of str, optional
        Ids of pupils on any list whose plan is wanted; by default all of `tiers`, those whom staff confirmed or added and
        those with a signal.
    before : mapping of str to SupportPlanDraft, optional
        By pupil the plan of an earlier semester, from which the new one goes on.
    kept : mapping of str to SupportPlanDraft, optional
        By pupil this semester's plan as it was drafted before: drafting again moves none of its days.
    tiers : collection of str
        Tiers of which everybody gets a plan.

    Returns
    -------
    list of SupportPlanDraft
        In the order of ``frames.flags``. The same input gives the same plans; who else is asked for changes none of them.

    Raises
    ------
    PlanError
        If a pupil of `only` is not in the run, is on no list, or was dismissed by staff.

    Examples
    --------
    >>> import pumpurs_risk as pr
    >>> from pumpurs_risk.plans import PlanFrames
    >>> run = pr.score(pr.make_cohort(n_pupils=60, random_state=0, form="sheet"), as_of="2027-01-15", lang="en")
    >>> frames = PlanFrames(run.flags, run.reasons, run.factors, signals=run.signals)
    >>> plans = draft(frames, pr.Catalogue.load(), as_of=run.as_of, lang="en")
    >>> plans[0].status, plans[0].value("draft_mark"), plans[0].fields["pupil_view"].required
    ('draft', 'Draft', True)
    """
    check_language(lang)
    wanted = None if only is None else {only} if isinstance(only, str) else set(only)
    ids = _everybody(frames, tiers)
    asked = ids if wanted is None else _asked(frames, wanted)
    everybody = frames.pupils(ids | asked)
    earlier = {pupil: _Earlier(plan, None) for pupil, plan in (before or {}).items()}
    for pupil_id, plan in (kept or {}).items():
        earlier[pupil_id] = _Earlier(earlier.get(pupil_id, _NONE).last, plan)
    common = Common(
        catalogue=catalogue,
        as_of=as_of,
        lang=lang,
        run=run,
        model=model,
        semester=plan_semester(catalogue, as_of),
        days=Deadlines(as_of, catalogue.calendar.expires(as_of), catalogue),
        months=semester_months(catalogue, as_of),
        titles=frames.titles,
    )
    offers = offers_by_school(frames.offers)
    found: list[tuple[Pupil, PupilNeeds, Match, _Earlier]] = []
    proposed: Counter[tuple[str, str]] = Counter()
    for pupil in everybody:
        school = str(pupil.flag.school_id)
        then = earlier.get(str(pupil.flag.pupil_id), _NONE)
        needs = needs_of(pupil, then.last, then.same, common)
        matched = match(needs.open_needs, learner_of(pupil), catalogue, offers.get(school), needs.unfinished)
        found.append((pupil, needs, matched, then))
        if pupil.flag.pupil_id in ids:  # what one more pupil is asked about does not change what others read
            proposed.update((school, measure.measure) for measure in matched.measures)
    return [
        Composer(common, pupil, needs, matched, then.last, then.same, proposed).plan(
            plan_id(str(pupil.flag.pupil_id), str(pupil.flag.school_id), common.semester)
        )
        for pupil, needs, matched, then in found
        if pupil.flag.pupil_id in asked
    ]


def plan_id(pupil_id: str, school_id: str, semester: str) -> str:
    """Give the id of a pupil's plan for a semester: the same whenever it is drafted, in any language.

    Parameters
    ----------
    pupil_id, school_id : str
        Whose plan.
    semester : str
        Such as ``"2026/2027-2"``.

    Returns
    -------
    str
        Such as ``"IAP-2026-27-2-0C1D2E3F4A"``.

    Examples
    --------
    >>> plan_id("7", "kalvene", "2026/2027-2")
    'IAP-2026-27-2-7EE862C92F'
    """
    digest = hashlib.sha256(f"{pupil_id}|{school_id}|{semester}".encode()).hexdigest()[:_ID_DIGITS].upper()
    years = re.fullmatch(r"(\d{4})/\d\d(\d\d)-(\d+)", semester)
    named = f"{years[1]}-{years[2]}-{years[3]}" if years else re.sub(r"\W+", "-", semester)
    return f"IAP-{named}-{digest}"


def plan_semester(catalogue: Catalogue, as_of: dt.date) -> str:
    """Semester that a plan made on a day is for: the running one, or between two semesters the coming one."""
    return catalogue.calendar.semester_of(catalogue.calendar.expires(as_of))


def learner_of(pupil: Pupil) -> Learner:
    """What decides whether a measure is meant for a pupil."""
    facts: Any = pupil.facts
    return Learner(age=float(facts.age), programme=str(facts.programme or ""), level=float(facts.level))


def _everybody(frames: PlanFrames, tiers: Collection[str]) -> set[str]:
    flags = frames.flags
    if unknown := set(tiers) - set(KNOWN_TIERS):
        raise ValueError(f"tiers are among {', '.join(KNOWN_TIERS)}; got {', '.join(map(repr, sorted(unknown)))}")
    on_list = flags["tier"].isin(list(tiers)) | flags["always_look"].ne("")
    ids = set(flags.loc[on_list, "pupil_id"]) | (frames.by_people() & set(flags["pupil_id"]))
    return ids - frames.dismissed()


def _asked(frames: PlanFrames, wanted: set[str]) -> set[str]:
    """Check that a plan may be drafted for the pupils that were asked for."""
    flags = frames.flags
    if missing := wanted - set(flags["pupil_id"]):
        raise PlanError("plan_pupil_unknown", n=len(missing))
    if wanted & frames.dismissed():
        raise PlanError("plan_pupil_dismissed")
    on_list = flags["tier"].ne("none") | flags["always_look"].ne("")
    if wanted - set(flags.loc[on_list, "pupil_id"]) - frames.by_people():
        raise PlanError("plan_pupil_not_listed")
    return wanted
