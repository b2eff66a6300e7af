"""Tries a template out before it is used: on a plan in which everything stands, and on one in which almost nothing does."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import TYPE_CHECKING, Literal, cast

from pumpurs_risk.errors import PlanError
from pumpurs_risk.plans import PlanField, SupportPlanDraft
from pumpurs_risk.plans.plan import (
    PlanAddition,
    PlanGoal,
    PlanMeasure,
    PlanPartner,
    PlanRisk,
    PlanSigner,
    PlanStrength,
    PlanUnknown,
)
from pumpurs_risk.reports.docx_controls import CHOICES, choice_group
from pumpurs_risk.reports.docx_package import DOCUMENT, parse
from pumpurs_risk.reports.docx_segments import pieces
from pumpurs_risk.reports.docx_words import PARTS, SINGLE, kind_of

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.reports.docx import PlanTemplate

Language = Literal["lv", "en"]
REQUIRED = (
    "plan_id", "plan_version", "draft_mark", "status", "application.on_file", "pupil_view", "parents_view", "readiness",
    "review", "evaluation", "next_review",
)  # fmt: skip
"""Single fields without which a template does not print a plan of the programme."""
REQUIRED_OF_PARTS = {
    "risk": ("justification", "tell_parents", "result"),
    "strength": ("text",),
    "unknown": ("text",),
    "goal": ("text", "by"),
    "measure": ("what", "who", "frequency", "from", "to", "success", "result"),
    "partner": ("reason", "ground"),
    "sign": ("name", "date"),
}


def try_out(template: PlanTemplate, file: str) -> dict[str, str]:
    """Print two made plans with a template and see that all is there.

    Parameters
    ----------
    template : PlanTemplate
        A compiled template.
    file : str
        Its name, for errors.

    Returns
    -------
    dict of str to str
        Fingerprints of the headings of the tables, by part.

    Raises
    ------
    PlanError
        ``template_unknown`` or ``template_code`` from a tag, ``template_broken`` if what it prints is not a Word document,
        ``template_incomplete`` naming what it does not print.
    """
    from pumpurs_risk.reports.docx import parts_printed

    catalogue = _catalogue()
    tables: dict[str, str] = {}
    for plan in (full_plan(template.lang), empty_plan(template.lang)):
        rendered = template.rendered(plan, catalogue)
        try:
            roots = {name: parse(xml.encode(), file) for name, xml in rendered.items()}
        except PlanError:
            raise PlanError("template_broken", file=file) from None
        found = [piece for name in roots for piece in pieces(roots[name], lambda tag: tag != "")]
        if any("</w:" in piece.text or "{{" in piece.text or "{%" in piece.text for piece in found):
            raise PlanError("template_broken", file=file)
        body = pieces(roots[DOCUMENT], lambda tag: tag != "")
        tables |= {part: heading for part, heading in parts_printed(body).items() if heading}
        in_body = {piece.tag for piece in body}
        missing = [tag for tag in _wanted(plan) if tag not in in_body]
        if missing:
            raise PlanError("template_incomplete", file=file, missing=", ".join(missing))
    return tables


def _wanted(plan: SupportPlanDraft) -> list[str]:
    """What must stand in the body, as the template's author would write it: ``measure.*.what``."""
    wanted = list(REQUIRED)
    for tag in plan.fields:
        part, _, rest = tag.partition(".")
        if rest.rpartition(".")[2] in REQUIRED_OF_PARTS.get(part, ()):
            wanted.append(tag)
    wanted += [f"addition.{row.place}.{number}.1" for number, row in enumerate(plan.additions, 1)]
    return wanted


@cache
def _catalogue() -> Catalogue:
    from pumpurs_risk.catalogue import Catalogue

    return Catalogue.load()


def empty_plan(lang: str) -> SupportPlanDraft:
    """Return a plan in which only what must stand there stands there."""
    day = dt.date(2027, 1, 15)
    return SupportPlanDraft(
        plan_id="IAP-1",
        pupil_id="1",
        school_id="1",
        lang=cast(Language, lang),
        as_of=day,
        expires=day,
        review=day,
        status="draft",
    )


def full_plan(lang: str) -> SupportPlanDraft:
    """Return a plan in which every table has rows and every field something in it."""
    day = dt.date(2027, 1, 15)
    groups = tuple(_catalogue().groups)
    parts = {"risk": ("attendance", "signal.work"), "strength": ("grades",), "unknown": ("paid_work",), "goal": ("1",),
             "measure": ("1", "2"), "partner": ("education_board",), "sign": ("preparer", "parent")}  # fmt: skip
    fields = {tag: _field(tag) for tag in SINGLE}
    for part, ids in parts.items():
        for part_id in ids:
            for name in PARTS[part]:
                fields[f"{part}.{part_id}.{name}"] = _field(f"{part}.{part_id}.{name}")
    return SupportPlanDraft(
        plan_id="IAP-1", pupil_id="1", school_id="1", school="1", municipality="1", class_id="9.a", level=9,
        programme="general", semester="2026/2027-1",
        lang=cast(Language, lang), as_of=day, run="1", model="1", expires=day, review=day,
        status="stopped",
        risks=tuple(
            PlanRisk(
                id=risk, group=group, construct="attendance", factor="", code="", state="new", since=day, date_from=day,
                date_to=day, source="1", role="class_teacher", evidence=("1", "2"), measures=("1",) if number == 0 else (),
            )
            for number, (risk, group) in enumerate(zip(parts["risk"], groups, strict=False))
        ),
        strengths=(PlanStrength(id="grades", factor="", code=""),),
        unknown=(PlanUnknown(id="paid_work", factor="", role="class_teacher"),),
        goals=(PlanGoal(id="1", risk="attendance", factor=""),),
        measures=(
            PlanMeasure(id="1", measure="mentor", risks=("attendance",), role="mentor", evidence="trial", offered=True,
                        partners=("police",)),
            PlanMeasure(id="2", measure="", risks=("attendance", "signal.work"), evidence="practice", offered=False),
        ),
        partners=(PlanPartner(id="education_board", risks=("attendance",), required_by_law=True),),
        signers=tuple(PlanSigner(id=signer) for signer in parts["sign"]),
        fields=fields,
        additions=(PlanAddition(place="measures", cells=("1", "2")), PlanAddition(place="text", cells=("1",), by="1.docx")),
    )  # fmt: skip


def _field(tag: str) -> PlanField:
    kind = kind_of(tag)
    if kind == "choice":
        statuses = tuple(status.id for status in _catalogue().programme.statuses) if tag == "status" else ()
        return PlanField(kind=kind, choices=CHOICES.get(choice_group(tag), statuses))
    return PlanField(kind=kind, value={"tick": "yes", "date": "2027-01-15"}.get(kind, "1"))
