"""`SupportPlanDraft`: one pupil's support plan as data, fit for plan.json, for Word and for other tools."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

import msgspec

SCHEMA_VERSION = 1
LONGEST_TAG = 64
"""Characters that Word allows in the tag of a content control."""

FieldKind = Literal["text", "choice", "date", "tick"]
RiskState = Literal["new", "persisting", "eased", "not_known"]
Sensitivity = Literal["ordinary", "sensitive", "special"]
Grade = Literal["trial", "observational", "practice"]


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a plan; unknown fields are refused, so that a typing error cannot lose what somebody wrote."""


class PlanField(_Part, frozen=True, kw_only=True):
    """One text of the plan that a person may change; in Word a content control with the field's tag.

    A date is ISO text; a tick is ``"yes"`` or ``""``; a choice is one of the ids in `choices`, or ``""``.
    """

    drafted: str = ""
    """What the library wrote; empty where only a person may fill in."""
    value: str = ""
    """What stands there now."""
    kind: FieldKind = "text"
    choices: tuple[str, ...] = ()
    required: bool = False
    """Whether the plan is not complete without it."""

    @property
    def touched(self) -> bool:
        """Whether a person changed it."""
        return self.value != self.drafted


class PlanRisk(_Part, frozen=True, kw_only=True):
    """A risk with its justification (field ``risk.ID.justification``); every measure hangs on one or more of these."""

    id: str
    """The construct, such as ``attendance``; or ``signal.ID`` for a signal that reaches a person whatever the score says."""
    group: str
    """Risk group of the programme."""
    construct: str
    factor: str
    """The factor that leads; "" for a signal of none."""
    code: str
    """Stable reason code, such as ``absence_share.risk``."""
    params: dict[str, Any] = {}
    sensitivity: Sensitivity = "ordinary"
    state: RiskState = "not_known"
    since: dt.date | None = None
    """Date of the first list that named it."""
    date_from: dt.date | None = None
    date_to: dt.date | None = None
    """The time that the evidence covers."""
    source: str = ""
    role: str = ""
    """Where the evidence comes from, and which role judged; never a name."""
    evidence: tuple[str, ...] = ()
    """Facts behind it as text: subjects, dates, further factors of the construct."""
    measures: tuple[str, ...] = ()
    """Ids of the plan's measures that answer it; empty: the school offers none (uncovered need)."""


class PlanStrength(_Part, frozen=True, kw_only=True):
    """Something that supports the pupil (field ``strength.ID.text``)."""

    id: str
    factor: str
    code: str
    sensitivity: Sensitivity = "ordinary"


class PlanUnknown(_Part, frozen=True, kw_only=True):
    """What is not known, and who could find out (field ``unknown.ID.text``)."""

    id: str
    factor: str
    role: str
    sensitivity: Sensitivity = "ordinary"


class PlanGoal(_Part, frozen=True, kw_only=True):
    """A goal for the semester that can be checked (fields ``goal.ID.text``, ``goal.ID.by``)."""

    id: str
    risk: str
    factor: str
    target: float | None = None


class PlanMeasure(_Part, frozen=True, kw_only=True):
    """Proposed support (fields ``measure.ID.what``, ``.who``, ``.frequency``, ``.from``, ``.to``, ``.success``)."""

    id: str
    measure: str
    """Id in the catalogue; "" for one that a person added."""
    risks: tuple[str, ...]
    role: str = ""
    evidence: Grade | None = None
    offered: bool | None = None
    """Whether the school offers it; None where nobody stated what the school offers."""
    partners: tuple[str, ...] = ()
    sensitivity: Sensitivity = "ordinary"


class PlanPartner(_Part, frozen=True, kw_only=True):
    """A body outside the school to involve (fields ``partner.ID.reason``, ``partner.ID.ground``)."""

    id: str
    risks: tuple[str, ...] = ()
    required_by_law: bool = False
    sensitivity: Sensitivity = "ordinary"


class PlanSigner(_Part, frozen=True, kw_only=True):
    """One who signs, in order (fields ``sign.ID.name``, ``sign.ID.date``)."""

    id: str


class PlanAddition(_Part, frozen=True, kw_only=True):
    """A row or paragraph that a person wrote where the draft has no field; kept, and printed again."""

    place: str
    """Table (risks, measures, goals, ...) or ``text``."""
    cells: tuple[str, ...]
    by: str = ""
    """Name of the file it came from; never a person."""


class PlanChange(_Part, frozen=True, kw_only=True):
    """What a new draft, or a person, changed."""

    tag: str
    kind: Literal["added", "removed", "redrafted", "kept", "person", "conflict", "status"]
    """``kept``: a person's words stay although the draft would now say something else."""
    before: str = ""
    after: str = ""


class SupportPlanDraft(_Part, frozen=True, kw_only=True):
    """One pupil's plan: what the library drafted, what people wrote, and what changed. Never a name.

    Parameters
    ----------
    plan_id : str
        The same for a pupil and semester whenever it is drafted.
    pupil_id, school_id : str
        Whose plan it is; ids as in the run, never a name.
    as_of, expires, review : datetime.date
        Day of the list, last day of the semester, day on which the plan is looked at again.
    status : str
        Of the programme's chain; a new draft has its first.
    schema_version : int
        Of this form; a newer one is refused.
    version : int
        Goes up when drafting again changed something.
    follows : str
        Plan of an earlier semester that this one goes on from.
    school, municipality, class_id, programme, profile, semester, run, model, tier, certainty : str
        What stands at the top: titles, the programme of education, the support programme whose words and order hold, where the
        draft comes from.
    level : int, optional
        Grade or course.
    age : float, optional
        Years, on the day of the list.
    lang : {"lv", "en"}
        Language of the fields.
    fields : dict of str to PlanField
        Every text that a person may change, by its tag.
    risks, strengths, unknown, goals, measures, partners, signers : tuple
        The facts behind the fields, as codes for other tools.
    additions, removed : tuple
        What people added outside the fields; ids of parts (``"measure.mentor"``) that they took out, which are not proposed
        again.
    changes : tuple of PlanChange
        What the last drafting or merging changed.
    merged : tuple of str
        Digests of edited copies that were taken in already.
    printed, printed_parts : dict and tuple, optional
        What the files said when they were last written; written by this library only.

    Examples
    --------
    >>> import pumpurs_risk as pr
    >>> run = pr.score(pr.make_cohort(n_pupils=60, random_state=0), as_of="2027-01-15", lang="en")
    >>> plan = pr.draft_plans(run)[0]
    >>> plan.is_draft, plan.value("pupil_view"), all(m.risks for m in plan.measures)
    (True, '', True)
    """

    schema_version: int = SCHEMA_VERSION
    plan_id: str
    version: int = 1
    follows: str = ""
    """Plan of an earlier semester that this one goes on from."""
    pupil_id: str
    school_id: str
    school: str = ""
    municipality: str = ""
    class_id: str = ""
    level: int | None = None
    programme: str = ""
    """Programme of education: general, evening, vocational."""
    age: float | None = None
    profile: str = ""
    """Support programme whose words and order hold."""
    semester: str = ""
    lang: Literal["lv", "en"] = "lv"
    as_of: dt.date
    run: str = ""
    model: str = ""
    expires: dt.date
    review: dt.date
    status: str
    """Of the programme's chain; a new draft has its first."""
    tier: str = ""
    certainty: str = ""
    risks: tuple[PlanRisk, ...] = ()
    strengths: tuple[PlanStrength, ...] = ()
    unknown: tuple[PlanUnknown, ...] = ()
    goals: tuple[PlanGoal, ...] = ()
    measures: tuple[PlanMeasure, ...] = ()
    partners: tuple[PlanPartner, ...] = ()
    signers: tuple[PlanSigner, ...] = ()
    fields: dict[str, PlanField] = {}
    additions: tuple[PlanAddition, ...] = ()
    removed: tuple[str, ...] = ()
    changes: tuple[PlanChange, ...] = ()
    merged: tuple[str, ...] = ()
    """Digests of edited copies whose news are in it: none is taken in twice."""
    printed: dict[str, str] | None = None
    """What stood in the touched fields when the files were last written. What stands there otherwise was changed in the JSON
    since, and the Word file beside it does not know of it. None: not known."""
    printed_parts: tuple[str, ...] | None = None
    """Rows (``measure.mentor``) and additions (digests) that stood in the files when they were last written: what was not
    in a Word file cannot have been taken out of it. None: not known."""

    @property
    def is_draft(self) -> bool:
        """Whether nobody has taken the mark "draft" away (field ``draft_mark``)."""
        mark = self.fields.get("draft_mark")
        return mark is None or mark.value != ""

    def printed_value(self, tag: str) -> str:
        """Give what stood in a field when the files were last written.

        Parameters
        ----------
        tag : str
            Such as ``"pupil_view"``.

        Returns
        -------
        str
            Empty where there is no such field.
        """
        field = self.fields.get(tag)
        if field is None or self.printed is None:
            return self.value(tag)
        return self.printed.get(tag, field.drafted)

    def value(self, tag: str) -> str:
        """Give what stands in a field.

        Parameters
        ----------
        tag : str
            Such as ``"goal.absence_share.text"``.

        Returns
        -------
        str
            Empty where there is no such field.
        """
        field = self.fields.get(tag)
        return "" if field is None else field.value


class EditedPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in a copy of a plan that a person may have edited (Word)."""

    file: str
    plan_id: str
    version: int
    fields: dict[str, str]
    """By tag, as `PlanField.value` holds it."""
    additions: tuple[PlanAddition, ...] = ()
    missing: tuple[str, ...] = ()
    """Names of whole tables or sections that are no longer there; their fields keep what was last known."""
    modified: dt.datetime | None = None
    notes: tuple[tuple[str, dict[str, Any]], ...] = ()
    """What could not be read: locale keys below ``docx.read`` and their parameters."""
