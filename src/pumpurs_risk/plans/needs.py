"""A pupil's risks as a plan names them: which, since when, by which facts, and what the last plan said of them."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pumpurs_risk.locale import date_text, text
from pumpurs_risk.plans.matching import Need, short_id
from pumpurs_risk.plans.plan import PlanRisk, RiskState, Sensitivity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pumpurs_risk.catalogue import Catalogue, Signal
    from pumpurs_risk.plans.composing import Common
    from pumpurs_risk.plans.frames import Pupil
    from pumpurs_risk.plans.plan import SupportPlanDraft

MATERIAL = 0.05
"""Log-odds from which a further factor of a construct is told in its justification; as for reasons."""
FURTHER = 2
"""Further factors that a justification tells at most."""
AT_MOST = 5
"""Facts that a risk lists at most."""
_STATED = ("assessments", "answers")
_UNFINISHED = ("", "partly", "not")
_IN_BRACKETS = re.compile(r" \([^()]*\)$")
ADDED, LISTED = "added", "listed"
"""Ids of the risk that stands where staff added a pupil, or the list names one, without a single reason that is sure."""


@dataclass
class RiskWords:
    """A risk, the sentences of its justification, and the numbers behind it."""

    risk: PlanRisk
    sentences: list[str]
    factors: tuple[str, ...]
    """Those that are told, the leading one first."""
    signals: list[str] = field(default_factory=list)

    @property
    def justification(self) -> str:
        """The justification as it is drafted."""
        return " ".join(sentence for sentence in self.sentences if sentence)

    @property
    def need(self) -> Need:
        """The risk as measures see it."""
        return Need(self.risk.id, self.factors, tuple(self.signals), self.risk.sensitivity)


@dataclass(frozen=True)
class PupilNeeds:
    """A pupil's risks, those that have eased apart, and the last plan's measures that go on."""

    risks: tuple[RiskWords, ...]
    eased: tuple[RiskWords, ...]
    unfinished: tuple[str, ...] = ()

    @property
    def open_needs(self) -> list[Need]:
        """Risks that measures should answer."""
        return [words.need for words in self.risks]


def needs_of(pupil: Pupil, last: SupportPlanDraft | None, same: SupportPlanDraft | None, common: Common) -> PupilNeeds:
    """Put together a pupil's risks.

    Parameters
    ----------
    pupil : Pupil
        What is known.
    last : SupportPlanDraft or None
        The pupil's plan of an earlier semester.
    same : SupportPlanDraft or None
        This semester's, as it was drafted before: what it says of a risk's history holds.
    common : Common
        What all plans share.

    Returns
    -------
    PupilNeeds
        Told risks in their order, then signals that no told risk is about; a signal about a told risk joins it.
    """
    found: dict[str, RiskWords] = {}
    for row in pupil.reasons:
        if row.kind == "risk" and row.line == 0:
            found[row.construct] = _from_reason(row, pupil, common)
    for row in pupil.signals:
        signal = common.catalogue.signals.get(row.signal)
        if signal is not None:
            _add_signal(found, row, signal, pupil, common)
    if not found:
        found[ADDED if pupil.why_added is not None else LISTED] = _without_reason(pupil, common)
    risks = tuple(_with_history(words, pupil, last, same, common) for words in found.values())
    told = {words.risk.id for words in risks}
    eased = () if last is None else tuple(_eased(risk, pupil, common) for risk in last.risks if risk.id not in told)
    unfinished = () if last is None else tuple(_unfinished(last))
    return PupilNeeds(risks, tuple(words for words in eased if words is not None), unfinished)


def subjects_behind(pupil: Pupil, factors: Sequence[str], catalogue: Catalogue) -> list[str]:
    """Subjects that the evidence of some factors names, each once; if a factor counts subjects, only those it counts."""
    names = {
        factor: [
            _IN_BRACKETS.sub("", str(row.detail))
            for row in pupil.evidence
            if row.factor == factor and row.source == "marks" and row.detail
        ]
        for factor in factors
    }
    counted = [f for f in factors if names[f] and f in catalogue.factors and catalogue.factors[f].kind == "count"]
    return list(dict.fromkeys(name for factor in counted or factors for name in names[factor]))[:AT_MOST]


def factor_value(pupil: Pupil, name: str) -> float:
    """A number of the factor table; NaN where it is not there or not recorded."""
    try:
        value = float(getattr(pupil.facts, name, math.nan))
    except (TypeError, ValueError):
        return math.nan
    return value


def _from_reason(row: Any, pupil: Pupil, common: Common) -> RiskWords:
    factor = common.catalogue.factors.get(row.factor)
    further = [
        each
        for each in pupil.reasons
        if each.construct == row.construct
        and each.line > 0
        and each.factor != row.factor
        and str(each.code).endswith(".risk")
        and each.contribution >= MATERIAL
    ][:FURTHER]
    facts = [one for one in pupil.evidence if one.factor == row.factor]
    first, last, source, role = _span(facts)
    sentences = [str(row.sentence), *(str(each.sentence) for each in further)]
    if source not in _STATED:
        sentences.append(_source_text(source, first, last, common))
    risk = PlanRisk(
        id=short_id(row.construct),
        group=factor.group if factor else "",
        construct=row.construct,
        factor=row.factor,
        code=row.code,
        params=dict(row.params),
        sensitivity=_strictest([row.sensitivity, *(each.sensitivity for each in further)]),
        date_from=first,
        date_to=last,
        source=source,
        role=role,
        evidence=tuple(str(one.detail) for one in facts if one.detail)[:AT_MOST],
    )
    return RiskWords(risk, sentences, (row.factor, *(each.factor for each in further)))


def _add_signal(found: dict[str, RiskWords], row: Any, signal: Signal, pupil: Pupil, common: Common) -> None:
    """Let a signal join the risk that it is about, or stand as a risk of its own."""
    factor_id = _factor_of(signal, common.catalogue)
    factor = common.catalogue.factors.get(factor_id)
    construct = factor.construct if factor else ""
    about = next((words for words in found.values() if construct and words.risk.construct == construct), None)
    if about is not None:
        about.signals.append(signal.id)
        if factor_id not in about.factors:
            about.sentences.insert(len(about.sentences) - 1, str(row.sentence))
            about.factors = (*about.factors, factor_id)
        return
    facts = [one for one in pupil.evidence if one.factor == factor_id]
    first, last, source, role = _span(facts)
    risk = PlanRisk(
        id=short_id(f"signal.{signal.id}"),
        group=factor.group if factor else "",
        construct=construct,
        factor=factor_id,
        code=f"signal.{signal.id}",
        params={"value": float(row.value)},
        sensitivity=row.sensitivity,
        date_from=first,
        date_to=last,
        source=source,
        role=role,
        evidence=tuple(str(one.detail) for one in facts if one.detail)[:AT_MOST],
    )
    shown = [] if source in _STATED else [_source_text(source, first, last, common)]
    found[risk.id] = RiskWords(risk, [str(row.sentence), *shown], (factor_id,) if factor_id else (), [signal.id])


def _factor_of(signal: Signal, catalogue: Catalogue) -> str:
    """The factor that a signal speaks of: its column, or the factor whose raw count that is."""
    if signal.column in catalogue.factors:
        return signal.column
    return next((f.id for f in catalogue.factors.values() if f.raw == signal.column), "")


def _without_reason(pupil: Pupil, common: Common) -> RiskWords:
    """What stands for a risk where no single reason is sure: a plan without a justification would be none."""
    if pupil.why_added is not None:
        why = " ".join(pupil.why_added.split())
        said = text("plans.added_why", common.lang, why=why) if why else text("plans.added", common.lang)
        name, source = ADDED, ADDED
    else:
        said, name, source = text("plans.listed", common.lang), LISTED, ""
    risk = PlanRisk(id=name, group="", construct="", factor="", code=name, source=source, date_to=common.as_of)
    return RiskWords(risk, [said], ())


def _with_history(
    words: RiskWords, pupil: Pupil, last: SupportPlanDraft | None, same: SupportPlanDraft | None, common: Common
) -> RiskWords:
    """Say since when a risk is known, and what the last plan's evaluation said of it."""
    import msgspec

    state: RiskState = "not_known"
    since: dt.date | None = common.as_of
    told_then = pupil.since.get(words.risk.construct)
    then = None if last is None else next((one for one in last.risks if one.id == words.risk.id), None)
    now = None if same is None else next((one for one in same.risks if one.id == words.risk.id), None)
    if last is not None and then is not None:
        state, since = "persisting", then.since or last.as_of
        words.sentences.append(_quoted(last, then.id, common))
    elif now is not None:
        state, since = now.state, now.since
    elif told_then is not None and words.risk.construct:
        state, since = "persisting", dt.date.fromisoformat(told_then)
    elif last is not None or pupil.on_earlier_list:
        state = "new"
    words.risk = msgspec.structs.replace(words.risk, state=state, since=since)
    return words


def _quoted(last: SupportPlanDraft, risk: str, common: Common) -> str:
    """Quote what people wrote of a risk when they evaluated the last plan."""
    said = " ".join(last.value(f"risk.{risk}.result_text").split())
    result = last.value(f"risk.{risk}.result")
    period = common.catalogue.calendar.period_text(last.semester, common.lang)
    if result:
        word = text(f"plans.risk_result.{result}", common.lang)
        key = "plans.evaluated_said" if said else "plans.evaluated"
        return text(key, common.lang, period=period, result=word, said=said)
    return text("plans.evaluated_words", common.lang, period=period, said=said) if said else ""


def _eased(risk: PlanRisk, pupil: Pupil, common: Common) -> RiskWords | None:
    """Carry on a risk of the last plan that is not told any more: eased, or not recorded this time."""
    import msgspec

    if risk.state == "eased" or not risk.construct:
        return None
    factors = [f.id for f in common.catalogue.factors.values() if f.construct == risk.construct]
    known = any(not math.isnan(factor_value(pupil, factor)) for factor in factors)
    strength = next((r for r in pupil.reasons if r.kind == "strength" and r.construct == risk.construct), None)
    if strength is not None:
        said = strength_text(str(strength.sentence), common.lang)
        said = text("plans.eased_now", common.lang, said=said)
    else:
        said = text("plans.eased" if known else "plans.not_recorded_now", common.lang)
    state: RiskState = "eased" if known else "not_known"
    kept = msgspec.structs.replace(
        risk, state=state, measures=(), evidence=(), date_from=None, date_to=common.as_of, source="", role="", params={}
    )
    return RiskWords(kept, [said], ())


def strength_text(sentence: str, lang: str) -> str:
    """A strength's sentence without the words that introduce it: it stands below the heading that says them."""
    lead = text("plans.strength_lead", lang)
    rest = sentence.removeprefix(lead)
    return rest[:1].upper() + rest[1:]


def _unfinished(last: SupportPlanDraft) -> list[str]:
    """Measures of the last plan that nobody marked as done, if it was carried out at all."""
    if last.status == "":
        return []
    return [m.measure for m in last.measures if m.measure and last.value(f"measure.{m.id}.result") in _UNFINISHED]


def _span(facts: Sequence[Any]) -> tuple[dt.date | None, dt.date | None, str, str]:
    """First and last day that facts cover, their source and the role that judged."""
    first = min((day for day in (_day(one.date_from) for one in facts) if day), default=None)
    last = max((day for day in (_day(one.date_to) for one in facts) if day), default=None)
    source = str(facts[0].source or "") if facts else ""
    return first, last, source, str(facts[0].role or "") if facts else ""


def _day(value: Any) -> dt.date | None:
    if value is None or value != value:
        return None
    return value.date() if hasattr(value, "date") else value  # type: ignore[no-any-return]


def _source_text(source: str, first: dt.date | None, last: dt.date | None, common: Common) -> str:
    lang = common.lang
    name = text(f"plans.sources.{source or 'sheet'}", lang)
    if first is None or last is None:
        return text("plans.source_day", lang, source=name, day=date_text(common.as_of, lang))
    if first == last:
        return text("plans.source_day", lang, source=name, day=date_text(first, lang))
    return text("plans.source_span", lang, source=name, first=date_text(first, lang), last=date_text(last, lang))


_ORDER: dict[Sensitivity, int] = {"ordinary": 0, "sensitive": 1, "special": 2}


def _strictest(each: list[Sensitivity]) -> Sensitivity:
    return max(each, key=lambda one: _ORDER[one])
