"""What a template of a plan can print: the plan's facts as words, its fields as content controls.

docs/plan-template.md describes every name for those who change the template.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pumpurs_risk.locale import date_text, has_text, text
from pumpurs_risk.plans import PlanField, SupportPlanDraft
from pumpurs_risk.plans.plan import FieldKind
from pumpurs_risk.reports.docx_controls import TICKED, UNTICKED, Control, choice_words

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue

PLACES = (
    "risks", "strengths", "unknown", "goals", "measures", "partners", "evaluation_measures", "evaluation_risks", "signatures",
)  # fmt: skip
"""Tables in which people may have added rows; what stands elsewhere is ``text`` or ``comment``."""
PARTS = {
    "risk": ("justification", "tell_parents", "result", "result_text"),
    "strength": ("text",),
    "unknown": ("text",),
    "goal": ("text", "by"),
    "measure": ("what", "who", "frequency", "from", "to", "success", "result", "result_text"),
    "partner": ("reason", "ground"),
    "sign": ("name", "date"),
}
SINGLE = (
    "draft_mark", "application.on_file", "application.date", "status", "preparer", "readiness", "pupil_view", "parents_view",
    "review", "notes", "evaluation", "next_review", "stop_reason",
)  # fmt: skip
_KINDS: dict[str, FieldKind] = {
    "application.on_file": "tick", "application.date": "date", "status": "choice", "readiness": "choice", "next_review": "date",
    "tell_parents": "tick", "result": "choice", "by": "date", "from": "date", "to": "date", "date": "date",
}  # fmt: skip


def kind_of(tag: str) -> FieldKind:
    """Return the kind of a field that a plan does not hold (yet).

    Examples
    --------
    >>> kind_of("goal.attendance.by"), kind_of("pupil_view")
    ('date', 'text')
    """
    return _KINDS.get(tag if tag in _KINDS else tag.rpartition(".")[2], "text")


class PlanWords:
    """One plan, ready to be printed.

    Parameters
    ----------
    plan : SupportPlanDraft
        The plan.
    catalogue : Catalogue
        For the names of risks, roles, partners and statuses.
    shown : str
        How the pupil is called on paper: a name, or empty for the pupil's own id.
    own_places : collection of str
        Tables to which the template adds people's rows; what people added elsewhere is printed as text.
    """

    def __init__(self, plan: SupportPlanDraft, catalogue: Catalogue, shown: str, own_places: Iterable[str]) -> None:
        self.plan = plan
        self.catalogue = catalogue
        self.statuses = {status.id: status.name[plan.lang] for status in catalogue.programme.statuses}
        self.own_places = frozenset(own_places)
        self.shown = shown or plan.pupil_id.removeprefix(f"{plan.school_id}:")
        self._used: set[str] = set()

    def context(self) -> dict[str, Any]:
        """Return what the template's tags see.

        Returns
        -------
        dict of str to object
            The names that docs/plan-template.md describes.
        """
        plan, lang = self.plan, self.plan.lang
        titles = {risk.id: self._title(risk) for risk in plan.risks}
        risks = {risk.id: self._risk(risk, titles[risk.id]) for risk in plan.risks}
        measures = [self._measure(number, measure, titles) for number, measure in enumerate(plan.measures, 1)]
        learner = self.catalogue.programme.learner
        words = {
            "plan": self._plan(),
            "learner": learner.get(plan.programme, learner["general"])[lang],
            **self._singles(),
            "groups": self._groups(risks),
            "risks": list(risks.values()),
            "uncovered": ", ".join(titles[risk.id] for risk in plan.risks if not risk.measures),
            "strengths": [self._part("strength", one.id) for one in plan.strengths],
            "unknown": [self._part("unknown", one.id, role=_capitalised(self._role(one.role))) for one in plan.unknown],
            "goals": [self._part("goal", one.id, risk=titles.get(one.risk, one.risk)) for one in plan.goals],
            "measures": measures,
            "partners": [
                self._part("partner", one.id, name=_capitalised(self._partner(one.id))) for one in plan.partners
            ],
            "signers": [self._part("sign", one.id, role=_capitalised(self._signer(one.id))) for one in plan.signers],
            "added": self._added(),
        }
        words["other"] = [
            SimpleNamespace(tag=tag, control=self._control(tag)) for tag in plan.fields if tag not in self._used
        ]
        return words

    def _plan(self) -> SimpleNamespace:
        plan, lang, programme = self.plan, self.plan.lang, self.catalogue.programme
        name = programme.plan[lang]
        return SimpleNamespace(
            id=Control("plan_id", PlanField(value=plan.plan_id), lang, locked=True),
            version=Control("plan_version", PlanField(value=str(plan.version)), lang, locked=True),
            title=_capitalised(name),
            short=programme.plan_short[lang],
            programme=programme.title[lang],
            authority=programme.authority[lang],
            application_note=programme.application[lang],
            shown=Control("shown", PlanField(value=self.shown), lang),
            school=plan.school or plan.school_id,
            municipality=plan.municipality,
            class_name=plan.class_id,
            semester=semester_words(plan.semester, lang),
            as_of=date_text(plan.as_of, lang),
            expires=date_text(plan.expires, lang),
            review=date_text(plan.review, lang),
            run=plan.run,
            model=plan.model,
            is_draft=plan.is_draft,
            stopped=plan.status == "stopped" or plan.value("stop_reason") != "",
        )

    def _singles(self) -> dict[str, Any]:
        words: dict[str, Any] = {tag: self._control(tag) for tag in SINGLE if "." not in tag}
        words["application"] = SimpleNamespace(
            on_file=self._control("application.on_file"), date=self._control("application.date")
        )
        return words

    def _control(self, tag: str) -> Control:
        self._used.add(tag)
        field = self.plan.fields.get(tag)
        if field is None:
            field = PlanField(kind=kind_of(tag))
        lang = self.plan.lang
        words = choice_words(tag, lang, self.statuses) if field.kind == "choice" else {}
        if field.kind == "choice" and not field.choices:
            field = PlanField(value=field.value, kind="choice", choices=tuple(words))
        return Control(tag, field, lang, words)

    def _part(self, part: str, part_id: str, **facts: Any) -> SimpleNamespace:
        fields = {name: self._control(f"{part}.{part_id}.{name}") for name in PARTS[part]}
        return SimpleNamespace(id=part_id, **facts, **fields)

    def _risk(self, risk: Any, title: str) -> SimpleNamespace:
        lang = self.plan.lang
        since = text("docx.period.from", lang, first=date_text(risk.since, lang)) if risk.since else ""
        return self._part(
            "risk", risk.id, title=title, group=risk.group, since=since, state=text(f"docx.state.{risk.state}", lang),
            period=_period(risk.date_from, risk.date_to, lang), source=risk.source, role=self._role(risk.role),
            evidence=list(risk.evidence), uncovered=not risk.measures,
        )  # fmt: skip

    def _measure(self, number: int, measure: Any, titles: Mapping[str, str]) -> SimpleNamespace:
        lang = self.plan.lang
        evidence = text(f"docx.evidence.{measure.evidence}", lang) if measure.evidence else ""
        offered = "" if measure.offered is None else text(f"docx.offered.{'yes' if measure.offered else 'no'}", lang)
        partners = ", ".join(map(self._partner, measure.partners))
        part = self._part(
            "measure", measure.id, number=number, risks=", ".join(titles.get(risk, risk) for risk in measure.risks),
            evidence=evidence, offered=offered, partners=partners, role=self._role(measure.role),
        )  # fmt: skip
        part.name = str(part.what)
        return part

    def _groups(self, risks: Mapping[str, SimpleNamespace]) -> list[SimpleNamespace]:
        by_group: dict[str, list[SimpleNamespace]] = defaultdict(list)
        for risk in risks.values():
            by_group[risk.group].append(risk)
        names = {group: entry.name[self.plan.lang] for group, entry in self.catalogue.groups.items()}
        names |= {group: group for group in by_group if group not in names}
        return [
            SimpleNamespace(
                id=group, name=_capitalised(name), ticked=bool(by_group[group]),
                box=TICKED if by_group[group] else UNTICKED, risks=by_group[group],
            )
            for group, name in names.items()
        ]  # fmt: skip

    def _title(self, risk: Any) -> str:
        signal = self.catalogue.signals.get(risk.id.removeprefix("signal.")) if risk.id.startswith("signal.") else None
        construct = self.catalogue.constructs.get(risk.construct or risk.id)
        named = signal or construct or self.catalogue.factors.get(risk.factor)
        return _capitalised(named.name[self.plan.lang] if named else risk.id)

    def _role(self, role_id: str) -> str:
        role = self.catalogue.roles.get(role_id)
        if role is None:
            return role_id
        vocational = self.plan.programme == "vocational" and role.vocational_name
        return (role.vocational_name if vocational else role.name)[self.plan.lang]

    def _partner(self, partner_id: str) -> str:
        partner = self.catalogue.partners.get(partner_id)
        return partner.name[self.plan.lang] if partner else partner_id

    def _signer(self, signer: str) -> str:
        lang = self.plan.lang
        approver = self.catalogue.programme.approvers.get(signer)
        if approver:
            return approver[lang]
        if has_text(f"docx.signers.{signer}", lang):
            return text(f"docx.signers.{signer}", lang)
        return self._role(signer)

    def _added(self) -> SimpleNamespace:
        rows: dict[str, list[SimpleNamespace]] = {place: [] for place in (*PLACES, "text")}
        for number, addition in enumerate(self.plan.additions, 1):
            place = addition.place if addition.place in self.own_places else "text"
            stem = f"addition.{addition.place if addition.place in (*PLACES, 'comment') else 'text'}.{number}"
            cells = [
                Control(f"{stem}.{column}", PlanField(value=cell), self.plan.lang)
                for column, cell in enumerate(addition.cells, 1)
            ]
            kind = text("docx.mark.comment", self.plan.lang) if addition.place == "comment" else ""
            rows[place].append(SimpleNamespace(cells=cells, by=addition.by, kind=kind))
        return SimpleNamespace(**rows)


def _capitalised(words: str) -> str:
    return words[:1].upper() + words[1:]


def semester_words(semester: str, lang: str) -> str:
    """Say a semester in words.

    Examples
    --------
    >>> semester_words("2026/2027-1", "lv")
    '2026./2027. mācību gada 1. semestris'
    """
    year, _, number = semester.partition("-")
    if not number:
        return semester
    if lang == "lv":
        year = year.replace("/", "./")
    return text("docx.semester.full", lang, year=year, number=number)


def _period(first: Any, last: Any, lang: str) -> str:
    if first and last:
        return text("docx.period.both", lang, first=date_text(first, lang), last=date_text(last, lang))
    if first:
        return text("docx.period.from", lang, first=date_text(first, lang))
    return text("docx.period.until", lang, last=date_text(last, lang)) if last else ""
