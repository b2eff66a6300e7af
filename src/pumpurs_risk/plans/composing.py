"""Writes one plan: every fact as a code, every text as a field that a person may change."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pumpurs_risk.explanation.placeholders import capitalised, learner_words, role_name
from pumpurs_risk.locale import form, number, text
from pumpurs_risk.plans.goals import Deadlines, goal_text, target_of
from pumpurs_risk.plans.matching import short_id
from pumpurs_risk.plans.needs import factor_value, strength_text, subjects_behind
from pumpurs_risk.plans.plan import (
    FieldKind,
    PlanField,
    PlanGoal,
    PlanRisk,
    PlanSigner,
    PlanStrength,
    PlanUnknown,
    SupportPlanDraft,
)

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue, Partner, SupportMeasure
    from pumpurs_risk.plans.frames import Pupil
    from pumpurs_risk.plans.matching import Match
    from pumpurs_risk.plans.needs import PupilNeeds, RiskWords

RISK_RESULTS = ("prevented", "eased", "unchanged", "worse")
MEASURE_RESULTS = ("done", "partly", "not")
READINESS = ("ready", "hesitant", "not_ready")
_MOST_UNKNOWN = 5


@dataclass(frozen=True)
class Common:
    """What all plans of one list share."""

    catalogue: Catalogue
    as_of: dt.date
    lang: str
    run: str
    model: str
    semester: str
    days: Deadlines
    months: float
    titles: Mapping[str, tuple[str, str]]


class Composer:
    """Composes the plan of one pupil.

    Parameters
    ----------
    common : Common
        What all plans share.
    pupil : Pupil
        What is known.
    needs : PupilNeeds
        Risks, told.
    match : Match
        Measures and partners.
    before, same : SupportPlanDraft or None
        The pupil's plan of an earlier semester; this semester's, as it was drafted before.
    proposed : mapping of (str, str) to int
        By school and measure, to how many pupils it is proposed.
    """

    def __init__(
        self,
        common: Common,
        pupil: Pupil,
        needs: PupilNeeds,
        match: Match,
        before: SupportPlanDraft | None,
        same: SupportPlanDraft | None,
        proposed: Mapping[tuple[str, str], int],
    ) -> None:
        self.common, self.pupil, self.needs, self.match, self.proposed = common, pupil, needs, match, proposed
        self.catalogue, self.lang, self.days = common.catalogue, common.lang, common.days
        self.before, self.same = before, same
        self.fields: dict[str, PlanField] = {}
        facts: Any = pupil.facts
        self.programme = str(facts.programme or "")
        self.age = float(facts.age)
        self.words = learner_words(self.programme, self.catalogue, self.lang)

    def plan(self, plan_id: str) -> SupportPlanDraft:
        """Compose the plan."""
        flag: Any = self.pupil.flag
        facts: Any = self.pupil.facts
        title, municipality = self.common.titles.get(str(flag.school_id), (str(flag.school_id), ""))
        first_status = self.catalogue.programme.statuses[0].id
        review = self._kept_day("next_review", self.days.after(self.catalogue.programme.review_weeks))
        self._head(first_status)
        risks = tuple(self._risk(words) for words in (*self.needs.risks, *self.needs.eased))
        strengths, unknown = tuple(self._strengths()), tuple(self._unknown())
        goals = tuple(self._goals())
        self._measures()
        self._partners()
        self._people()
        self._closing(review)
        signers = tuple(self._signers())
        return SupportPlanDraft(
            plan_id=plan_id,
            follows=self.before.plan_id if self.before is not None else self.same.follows if self.same else "",
            pupil_id=str(flag.pupil_id),
            school_id=str(flag.school_id),
            school=title,
            municipality=municipality,
            class_id=flag.class_id if isinstance(flag.class_id, str) else "",
            level=None if math.isnan(facts.level) else int(facts.level),
            programme=self.programme,
            age=None if math.isnan(self.age) else round(self.age, 2),
            profile=self.catalogue.programme.id,
            semester=self.common.semester,
            lang=self.lang,  # type: ignore[arg-type]
            as_of=self.common.as_of,
            run=self.common.run,
            model=self.common.model,
            expires=self.days.expires,
            review=review,
            status=first_status,
            tier=str(flag.tier),
            certainty=str(flag.certainty),
            risks=risks,
            strengths=strengths,
            unknown=unknown,
            goals=goals,
            measures=self.match.measures,
            partners=self.match.partners,
            signers=signers,
            fields=self.fields,
        )

    def _field(
        self,
        tag: str,
        drafted: str = "",
        kind: FieldKind = "text",
        choices: tuple[str, ...] = (),
        required: bool = False,
    ) -> None:
        self.fields[tag] = PlanField(drafted=drafted, value=drafted, kind=kind, choices=choices, required=required)

    def _date(self, tag: str, day: dt.date) -> None:
        self._field(tag, self._kept_day(tag, day).isoformat(), "date")

    def _kept_day(self, tag: str, day: dt.date) -> dt.date:
        """A day as this semester's plan had it: drafting again a week later moves none."""
        kept = None if self.same is None else self.same.fields.get(tag)
        try:
            return day if kept is None or not kept.drafted else dt.date.fromisoformat(kept.drafted)
        except ValueError:
            return day

    def _head(self, first_status: str) -> None:
        statuses = tuple(status.id for status in self.catalogue.programme.statuses)
        self._field("draft_mark", text("plans.draft_mark", self.lang))
        self._field("application.on_file", kind="tick", required=True)
        self._field("application.date", kind="date")
        self._field("status", first_status, "choice", statuses)
        self._field("preparer")

    def _risk(self, words: RiskWords) -> PlanRisk:
        import msgspec

        risk = words.risk
        self._field(f"risk.{risk.id}.justification", words.justification)
        self._field(f"risk.{risk.id}.tell_parents", kind="tick")
        self._field(f"risk.{risk.id}.result", kind="choice", choices=RISK_RESULTS)
        self._field(f"risk.{risk.id}.result_text")
        return msgspec.structs.replace(risk, measures=self.match.answered.get(risk.id, ()))

    def _strengths(self) -> list[PlanStrength]:
        found = []
        for row in self.pupil.reasons:
            if row.kind == "strength" and row.line == 0:
                name = short_id(row.construct)
                self._field(f"strength.{name}.text", strength_text(str(row.sentence), self.lang))
                found.append(PlanStrength(id=name, factor=row.factor, code=row.code, sensitivity=row.sensitivity))
        return found

    def _unknown(self) -> list[PlanUnknown]:
        """What is not recorded: told by its sentence, which says who can find out; then what is asked about."""
        said: dict[str, tuple[str, str, Any]] = {}
        factors = self.catalogue.factors
        for row in self.pupil.reasons:
            if row.kind == "unknown":
                ask = factors[row.factor].ask if row.factor in factors else ""
                said.setdefault(row.factor, (str(row.sentence), ask, row.sensitivity))
        for row in self.pupil.questions:
            if row.factor not in said and math.isnan(factor_value(self.pupil, row.factor)):
                said[row.factor] = (str(row.question), str(row.ask), factors[row.factor].sensitivity)
        found = []
        for factor, (sentence, role, sensitivity) in list(said.items())[:_MOST_UNKNOWN]:
            name = short_id(factor)
            self._field(f"unknown.{name}.text", sentence)
            found.append(PlanUnknown(id=name, factor=factor, role=role, sensitivity=sensitivity))
        return found

    def _goals(self) -> list[PlanGoal]:
        """A goal for the leading factor of every open risk, and for what a signal is about."""
        found: dict[str, PlanGoal] = {}
        for words in self.needs.risks:
            about = [factor for factor in words.factors[:1] if factor in self.catalogue.goals]
            about += [
                f for f in words.factors[1:] if words.signals and f in self.catalogue.goals and f in self._asked()
            ]
            for factor in about or [""]:
                name = short_id(factor or words.risk.id)
                if name not in found:
                    found[name] = self._goal(name, factor, words)
        return list(found.values())

    def _asked(self) -> set[str]:
        """Factors that a signal of the pupil is about."""
        columns = {self.catalogue.signals[s].column for w in self.needs.risks for s in w.signals}
        return columns | {f.id for f in self.catalogue.factors.values() if f.raw in columns}

    def _goal(self, name: str, factor_id: str, words: RiskWords) -> PlanGoal:
        goal, factor = self.catalogue.goals.get(factor_id), self.catalogue.factors.get(factor_id)
        if goal is None:
            by, target = self.days.after(self.catalogue.programme.review_weeks), None
            said = text("plans.goal_talk", self.lang, learner_acc=self.words["learner_acc"])
        else:
            by = self._kept_day(f"goal.{name}.by", self.days.before_end(goal.weeks_before_end))
            value = factor_value(self.pupil, factor_id)
            raw = factor_value(self.pupil, factor.raw) if factor and factor.raw else math.nan
            target = target_of(goal, value, raw, self.common.months)
            subjects = subjects_behind(self.pupil, [factor_id], self.catalogue)
            said = goal_text(
                goal, factor, value=value, target=target, by=by, subjects=subjects,
                programme=self.programme, catalogue=self.catalogue, lang=self.lang,
            )  # fmt: skip
        self._field(f"goal.{name}.text", said)
        self._date(f"goal.{name}.by", by)
        return PlanGoal(id=name, risk=words.risk.id, factor=factor_id, target=target)

    def _measures(self) -> None:
        for planned in self.match.measures:
            measure = self.catalogue.measures[planned.measure]
            factors = [f for w in self.needs.risks if w.risk.id in planned.risks for f in w.factors]
            answered = [f for f in dict.fromkeys(factors) if f in measure.answers]
            subjects = subjects_behind(self.pupil, answered, self.catalogue)
            tag = f"measure.{planned.id}"
            self._field(f"{tag}.what", self._what(measure, subjects))
            who = role_name(planned.role, self.programme, self.catalogue, self.lang) if planned.role else ""
            self._field(f"{tag}.who", capitalised(who))
            self._field(f"{tag}.frequency", capitalised(measure.frequency.get(self.lang, "")))
            self._date(f"{tag}.from", self.days.begin)
            self._date(f"{tag}.to", self.days.end if measure.weeks is None else self.days.after(measure.weeks))
            self._field(f"{tag}.success", self._said(measure.success, subjects))
            self._field(f"{tag}.result", kind="choice", choices=MEASURE_RESULTS)
            self._field(f"{tag}.result_text")

    def _what(self, measure: SupportMeasure, subjects: list[str]) -> str:
        said = self._said(measure.plan, subjects) or capitalised(measure.name[self.lang])
        if self.before is not None and measure.id in self.needs.unfinished:
            said += "; " + text("plans.goes_on", self.lang)
        return said

    def _few_places(self) -> list[str]:
        """Measures that are proposed to more pupils than the school has places for, with the places."""
        school = str(self.pupil.flag.school_id)
        return [
            text(
                "plans.places",
                self.lang,
                name=self.catalogue.measures[m].name[self.lang],
                n=number(o.places, self.lang),
            )
            for m, o in self.match.offers.items()
            if o.places is not None and self.proposed.get((school, m), 0) > o.places
        ]

    def _said(self, forms: Mapping[str, Any], subjects: list[str]) -> str:
        if not forms:
            return ""
        return form(forms[self.lang], self.lang, len(subjects)).format(subjects=", ".join(subjects))

    def _partners(self) -> None:
        for planned in self.match.partners:
            partner = next(p for p in self.catalogue.partners.values() if short_id(p.id) == planned.id)
            self._field(f"partner.{planned.id}.reason", self._reason(partner, planned.required_by_law))
            self._field(f"partner.{planned.id}.ground", partner.legal_ground.get(self.lang, ""))

    def _reason(self, partner: Partner, by_law: bool) -> str:
        """Why a body is named: the signs upon which the law asks for it, else what it is there for."""
        if not by_law:
            return text("plans.partner_if", self.lang, when=partner.when[self.lang])
        held = {signal for words in self.needs.risks for signal in words.signals}
        names = [self.catalogue.signals[s].name[self.lang] for s in partner.signals if s in held]
        said = "; ".join(names) + "."
        return f"{said} {partner.duty[self.lang]}" if partner.duty else said

    def _people(self) -> None:
        """What only people may fill in, the pupil's own view first."""
        adult = self.age >= self.catalogue.programme.adult_age
        self._field("readiness", kind="choice", choices=READINESS)
        self._field("pupil_view", required=True)
        self._field("parents_view", required=not adult)
        self._field("review")

    def _closing(self, review: dt.date) -> None:
        self._field("notes", self._notes())
        self._field("evaluation")
        self._field("next_review", review.isoformat(), "date")
        self._field("stop_reason")

    def _notes(self) -> str:
        lang, flag = self.lang, self.pupil.flag
        said = []
        if any(words.risk.sensitivity == "special" for words in self.needs.risks):
            said.append(text("plans.special", lang))
        if self.pupil.why_added is not None and self.needs.risks[0].risk.code != "added":
            why = " ".join(self.pupil.why_added.split())
            said.append(text("plans.added_why" if why else "plans.added", lang, why=why))
        if flag.certainty == "not_enough_data":
            said.append(text("plans.little_data", lang))
        if self.match.measures and all(measure.offered is None for measure in self.match.measures):
            said.append(text("plans.offers_unknown", lang))
        uncovered = [w for w in self.needs.risks if not self.match.answered[w.risk.id] and w.risk.construct]
        if uncovered:
            names = [self._risk_name(words.risk) for words in uncovered]
            said.append(text("plans.uncovered", lang, count=len(names), names="; ".join(dict.fromkeys(names))))
        if few := self._few_places():
            said.append(text("plans.few_places", lang, names="; ".join(few)))
        if self.before is not None and (told := " ".join(self.before.value("evaluation").split())):
            period = self.catalogue.calendar.period_text(self.before.semester, lang)
            said.append(text("plans.earlier_evaluation", lang, period=period, said=told))
        return " ".join(capitalised(sentence) for sentence in said)

    def _risk_name(self, risk: PlanRisk) -> str:
        factor = self.catalogue.factors.get(risk.factor)
        return factor.name[self.lang] if factor else risk.id

    def _signers(self) -> list[PlanSigner]:
        programme = self.catalogue.programme
        chains = programme.signatures or programme.approval
        chain = chains.get(self.programme, chains.get("general", ()))
        found = []
        for signer in chain:
            rule = programme.signer_ages.get(signer)
            if rule is not None:
                if math.isnan(self.age):
                    signs = rule.unknown
                else:
                    signs = (rule.min_age is None or self.age >= rule.min_age) and (
                        rule.max_age is None or self.age < rule.max_age
                    )
                if not signs:
                    continue
            self._field(f"sign.{signer}.name")
            self._field(f"sign.{signer}.date", kind="date")
            found.append(PlanSigner(id=signer))
        return found
