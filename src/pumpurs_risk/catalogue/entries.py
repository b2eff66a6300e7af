"""What a catalogue entry is: the types behind the TOML files.

Every field is data that someone in the field can check and change. ``msgspec`` refuses unknown and missing fields.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Texts = dict[str, str]
"""A text per language, ``{"lv": ..., "en": ...}``."""
Forms = str | dict[str, str]
"""A sentence, or its forms by CLDR category (``one``, ``other``; ``none`` at exactly 0)."""
Kind = Literal["count", "share", "score", "number", "yes_no", "level"]
Sensitivity = Literal["ordinary", "sensitive", "special"]
Changeable = Literal["yes", "partly", "no"]
Evidence = Literal["trial", "observational", "practice"]
Positive = Annotated[float, msgspec.Meta(gt=0)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all entries: immutable, strict."""


class RiskGroup(_Entry, frozen=True):
    """One of the programme's four official risk groups."""

    name: Texts
    id: str = ""


class Together(_Entry, frozen=True):
    """What to do where many share a difficulty: one step for the class, for the school, or in a subject.

    The steps may hold ``{group}``, ``{group_acc}``, ``{group_gen}`` and ``{group_loc}``: "class" in its cases, in vocational
    education "group".
    """

    class_step: Texts
    class_role: str
    school_step: Texts
    school_role: str
    subject_step: Texts = {}
    """Where the difficulty is one of a subject."""
    subject_role: str = "subject_teacher"
    measure: str = ""
    """Id of the measure that it starts, if it is one."""


class Construct(_Entry, frozen=True):
    """What several factors measure together; its published odds ratio is split over them by ``prior_share``."""

    name: Texts
    odds_ratio: Positive
    source: str
    together: Together | None = None
    """What to do where many share it; without it no group is told of it."""
    id: str = ""


class Contrast(_Entry, frozen=True):
    """The day-one curve's points: 0 up to ``low``, the published effect at ``high``, 1.5 times it at ``extreme``."""

    low: float
    high: float
    extreme: float
    reason: str


class Typical(_Entry, frozen=True):
    """How a factor is spread over ordinary pupils: what "unknown" means on day one. Exactly one way is given."""

    source: str
    share: Share | None = None
    """Share of pupils with "yes" (yes/no factors)."""
    shares: tuple[float, ...] | None = None
    """Share of pupils at each whole value 0, 1, 2, ... (rated factors); sums to 1."""
    quantiles: tuple[float, float, float, float, float] | None = None
    """Values at .05, .25, .50, .75 and .95 (everything else)."""


class Applies(_Entry, frozen=True):
    """Whom a factor is about. An empty list or a missing limit means everyone.

    Levels are grades of general and evening programmes; a vocational course year is beyond them all, so that a
    ``min_level`` is met there and a ``max_level`` is not.
    """

    programmes: tuple[str, ...] = ()
    """Of ``general``, ``evening``, ``vocational``."""
    min_level: int | None = None
    max_level: int | None = None
    min_age: float | None = None
    max_age: float | None = None


class Details(_Entry, frozen=True):
    """How the facts behind a factor (subjects, dates) are put into its sentence, in one language."""

    lead: str = ": {details}"
    """Stands after the first clause; holds ``{details}``."""
    more: Forms = "+ {n}"
    """Ends a list that is cut short; ``{n}`` is how many facts are left out and chooses the form."""


class Sentences(_Entry, frozen=True):
    """How a reason is said in one language.

    The placeholders that it may use are listed in ``explanation/wording.py``; ``explanation/placeholders.py`` fills
    them.

    ``risk`` and ``strength`` say the recorded value; ``risk_raw`` says it by the raw count where one was recorded
    (``RiskFactor.raw``); ``unknown`` says that it is not recorded and who could find out. ``details`` puts facts
    behind it into the sentence; every sentence stands without them too.
    """

    risk: Forms
    strength: Forms
    unknown: str
    risk_raw: Forms | None = None
    strength_raw: Forms | None = None
    details: Details = Details()
    what_if: Forms | None = None
    """The condition of a what-if, a clause after "if": ``{value}`` is what the value would be, ``{word}`` its word, ``{now}``
    what it is."""
    what_if_raw: Forms | None = None
    """The same by the raw count."""
    shared: Forms | None = None
    """What several pupils have in common, said after "9 pupils of 22": ``{value}`` is the contrast's high point."""
    shared_in_subject: Forms | None = None
    """The same of one subject; for factors whose evidence names subjects."""


class Change(_Entry, frozen=True):
    """What a change of a factor for the better would be, for what-if: how small, how large, and with what it goes together."""

    step: Positive | None = None
    """The smallest change, in the factor's unit; None: one unit of the last decimal shown."""
    effort: Positive | None = None
    """How large a change counts as one unit of effort; None: a third of the way from the contrast's high point to its low."""
    most: Positive | None = None
    """The largest change that is realistic until the next list; None: any."""
    offered: bool = True
    """False: it is never said what would be if this were otherwise."""
    part_of: str = ""
    """Factor that counts this one in; it never falls below ``part_share`` times this factor's value."""
    part_share: Positive = 1
    follows: str = ""
    """Factor from which this one is reckoned: it moves by as much, and is never changed by itself."""
    needs: str = ""
    """Factor that must be ``needs_least`` or more for the best value to be possible at all."""
    needs_least: float = 0
    reason: str = ""
    """Why so large a step, so large a unit of effort, or why it is not offered."""


class Published(_Entry, frozen=True):
    """What the literature says of this factor on its own: cited in the model card, not used for the curve."""

    contrast: str
    sd: Positive
    source: str
    odds_ratio: Positive | None = None
    """None where there is no figure for the factor itself."""


class Computed(_Entry, frozen=True):
    """How a factor is counted from event tables: which rows, added up how, over what time."""

    table: Literal["absences", "marks", "incidents", "assessments"]
    aggregate: Literal["count", "sum", "max", "latest", "share"]
    """``share``: rows that ``where`` chooses of all the pupil's rows; ``latest``: of one day the greatest."""
    where: dict[str, tuple[str, ...]] = {}
    """By column, the values of rows that count; statuses and marks are those known on the day."""
    column: str = ""
    """What is summed, or of which the greatest or latest counts; not needed for ``count`` and ``share``."""
    per: Literal["", "lessons_held"] = ""
    """``lessons_held``: per 100 lessons held in the review window."""
    window: Literal["review_window", "30_days", "semester", "school_year", "ever"] = "review_window"
    """``semester``: from the first day of the review window up to the day of the list."""


class RiskFactor(_Entry, frozen=True, kw_only=True):
    """One risk factor, whole: what it means, how it is recorded, what is known of it, how it is said, what may help.

    Written as ``[factors.<id>]`` in a TOML file, or handed to `Catalogue.extend`.

    Parameters
    ----------
    version : int
        Goes up when the meaning changes.
    construct, group : str
        Ids of the construct it measures and of its risk group.
    prior_share : float in [0, 1]
        Share of the construct's published effect that it carries.
    name, heading, meaning, unit : dict of str to str
        Texts per language; a heading is the sheet's column and unique in each language.
    kind : {"count", "share", "score", "number", "yes_no", "level"}
        What its values are.
    range : (float, float), optional
        Smallest and largest plausible value, both allowed; None for levels.
    knots : tuple of float
        Where the curve may bend; contains the contrast's points; empty for levels.
    contrast : Contrast, optional
        None where the prior share is 0, and for levels.
    typical : Typical, optional
        How it is spread over ordinary pupils; None as for the contrast.
    direction : {-1, 0, 1}
        Whether the risk falls or rises with it; 0: not known.
    look_back : {"review_window", "30_days", "semester", "school_year", "ever"}
        The time that a value covers.
    tables : tuple of str
        Kinds of school records that it is computed from.
    changeable : {"yes", "partly", "no"}
        Whether a school can change it.
    sensitivity : {"ordinary", "sensitive", "special"}
        Who may see it; only ordinary factors are asked about, unless it is `askable` and the audience allows it.
    published : Published
        What the literature says of it.
    sentences : dict of str to Sentences
        How a reason is said, per language.
    question : dict of str to str
        Asked of a person when the factor is unknown, per language: a full question, ending in "?".
    ask : str
        Role (id in ``measures.toml``) who can find out.
    measures : tuple of str
        Ids of measures, the most fitting first.
    decimals : int, default=0
        Decimals shown to people (of the percentage for a share).
    core : bool, default=False
        Whether the standard sheet asks it for every pupil.
    cause : str, optional
        Which of the project's ten causes this is, if any.
    applies : Applies, optional
        Whom it is about; everyone by default.
    aliases : tuple of str, optional
        Other headings under which it is recognised.
    raw : str, optional
        Context column with the raw count that sentences print instead of the value.
    levels : tuple of str, optional
        Allowed values of a factor of kind ``level``.
    scale : dict of str to tuple of str, optional
        Words for the whole values of a rated factor, from its smallest, per language.
    revealing_words : dict of str to tuple of str, optional
        Words that give the factor away; an output whose audience may not see it contains none of them.
    compute : Computed, optional
        How it is counted from event tables; without it the library's own rule holds, or what people assessed.
    change : Change, optional
        What a change for the better would be; without it one follows from kind, decimals and contrast.
    askable : bool, default=False
        Whether a sensitive or special factor may be asked about at all, of those whose audience allows it.
    id : str
        Filled in from the table's name.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> factor = Catalogue.load().factors["motivation"]
    >>> factor.kind, factor.direction, factor.ask
    ('score', 1, 'class_teacher')
    """

    version: int
    construct: str
    prior_share: Share
    group: str
    name: Texts
    heading: Texts
    meaning: Texts
    unit: Texts
    kind: Kind
    range: tuple[float, float] | None = None
    knots: tuple[float, ...]
    contrast: Contrast | None = None
    typical: Typical | None = None
    direction: Literal[-1, 0, 1]
    look_back: Literal["review_window", "30_days", "semester", "school_year", "ever"]
    tables: tuple[str, ...]
    changeable: Changeable
    sensitivity: Sensitivity
    published: Published
    sentences: dict[str, Sentences]
    question: Texts
    ask: str
    measures: tuple[str, ...]
    decimals: int = 0
    core: bool = False
    cause: str = ""
    applies: Applies = Applies()
    aliases: tuple[str, ...] = ()
    raw: str = ""
    levels: tuple[str, ...] = ()
    scale: dict[str, tuple[str, ...]] = {}
    revealing_words: dict[str, tuple[str, ...]] = {}
    compute: Computed | None = None
    change: Change | None = None
    askable: bool = False
    id: str = ""


class Role(_Entry, frozen=True):
    """Who does something: cases are stored, never built from a nominative."""

    name: Texts
    dative: Texts
    """The form after "to" (in English simply the name)."""
    vocational_name: Texts = {}
    """What the same person is called in vocational education, where that differs."""
    vocational_dative: Texts = {}
    id: str = ""


class Partner(_Entry, frozen=True):
    """A body outside the school that may be involved, and on what legal ground."""

    name: Texts
    dative: Texts
    """The form after "to" (in English simply the name)."""
    when: Texts
    """What makes the school turn to it."""
    legal_ground: Texts = {}
    """The rule that asks for it or allows it; empty where there is none."""
    source: str = ""
    signals: tuple[str, ...] = ()
    """Signals upon which the law asks the school to turn to it."""
    factors: tuple[str, ...] = ()
    """Factors whose risk makes it a body worth asking."""
    duty: Texts = {}
    """What has to be done about it when a signal asks for it; a whole sentence."""
    id: str = ""


class SupportMeasure(_Entry, frozen=True):
    """What a school or municipality can offer.

    In ``plan`` and ``success``, ``{subjects}`` are the subjects that the evidence names; their number chooses the form
    (``none`` where none is named).
    """

    name: Texts
    step: Texts
    """The measure as a next step: a short imperative or noun phrase that stands alone in a cell."""
    role: str
    evidence: Evidence
    evidence_source: str
    answers: tuple[str, ...]
    """Ids of the factors it answers."""
    min_age: float | None = None
    max_age: float | None = None
    """Exclusive."""
    special_needs_only: bool = False
    partners: tuple[str, ...] = ()
    plan: dict[str, Forms] = {}
    """How a support plan says what is done; the name where nothing is given."""
    frequency: Texts = {}
    """How often; empty where a plan leaves it to people."""
    success: dict[str, Forms] = {}
    """How it is seen that it helps."""
    weeks: Positive | None = None
    """For how long it is proposed; to the end of the semester where nothing is given."""
    programmes: tuple[str, ...] = ()
    """Programmes of education in which it is offered; empty: all."""
    min_level: int | None = None
    max_level: int | None = None
    id: str = ""


class Goal(_Entry, frozen=True):
    """What a support plan sets out to reach about one factor, so that it can be checked; the table's name is the factor.

    Placeholders: ``{target}``, ``{value}`` (what is recorded now), ``{by}`` (date), ``{subjects}`` (those that the evidence
    names), the words for the learner.
    """

    text: dict[str, Forms]
    count: Literal["target", "subjects", ""] = ""
    """Which number chooses the form."""
    fixed: float | None = None
    """The target itself."""
    share: Share | None = None
    """The target as a share of what is recorded now; ``least`` and ``most`` bound it."""
    least: float = 0
    most: float | None = None
    per_month: bool = False
    """Whether the target is of a month, from a raw count of the review window (`RiskFactor.raw`, else the value)."""
    weeks_before_end: int = 0
    """How long before the end of the semester it is to be reached."""
    id: str = ""


class BaseRate(_Entry, frozen=True):
    """How many pupils of a programme and level leave within one year."""

    low: Share
    central: Share
    high: Share
    share_of_pupils: Share
    source: str


class Signal(_Entry, frozen=True):
    """A sign that reaches a person whatever the score says."""

    name: Texts
    column: str
    """Context column or factor id that carries it."""
    above: float
    """The signal holds where the value is greater than this."""
    sentence: dict[str, Forms]
    source: str
    """Where the rule was read."""
    ground: Texts
    """The rule as people cite it."""
    programmes: tuple[str, ...] = ()
    min_level: int | None = None
    max_level: int | None = None
    min_age: float | None = None
    """Inclusive."""
    max_age: float | None = None
    """Exclusive."""
    unknown_age: bool = True
    """Whether a pupil of unknown age counts as within the age limits."""
    work_limit: str = ""
    """Work limit (id in ``signals.toml``) that gives ``above``, so that one number need not be written twice."""
    valid_from: str = ""
    valid_until: str = ""
    role: str = ""
    step: Texts = {}
    """The next step that the signal itself asks for."""
    due_days: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """Days from the list's within which the step is due, 0 for the same day; None: as every step."""
    sensitivity: Sensitivity = "ordinary"
    id: str = ""


class WorkLimit(_Entry, frozen=True):
    """How many hours a week a pupil of some age and stage may work for pay, and the clause that says so in a reason."""

    total_hours: Positive
    """Hours a week that the law allows, lessons included where ``weekly_lessons`` is given."""
    clause: Texts
    """Ends a sentence on paid work: starts with "; ", has no full stop."""
    source: str
    weekly_lessons: float = 0
    """Lessons a week that count into the same limit; 0 where only the work itself is limited."""
    lesson_minutes: float = 40
    programmes: tuple[str, ...] = ()
    min_level: int | None = None
    max_level: int | None = None
    min_age: float | None = None
    """Inclusive."""
    max_age: float | None = None
    """Exclusive."""
    unknown_age: bool = True
    """Whether a pupil of unknown age counts as within the age limits."""
    id: str = ""

    @property
    def work_hours(self) -> float:
        """Hours a week left for paid work beside the lessons.

        Examples
        --------
        >>> WorkLimit(total_hours=35, weekly_lessons=36, lesson_minutes=40, clause={}, source="").work_hours
        11.0
        """
        return self.total_hours - self.weekly_lessons * self.lesson_minutes / 60


class Semester(_Entry, frozen=True):
    """A semester as the calendar has it; dates as ISO text."""

    from_: str = msgspec.field(name="from")
    to: str
    breaks: tuple[tuple[str, str], ...] = ()
    school_days: int | None = None
    source: str = ""
    id: str = ""


class CalendarRules(_Entry, frozen=True):
    """What holds in every school year: public holidays, the review window, usual ages."""

    public_holidays: tuple[str, ...]
    """Month and day, ``"11-18"``."""
    moved_to_monday: tuple[str, ...]
    """Those of them that are kept on the Monday after when they fall on a Saturday or Sunday."""
    easter_holidays: tuple[int, ...]
    """Days from Easter Sunday."""
    review_after_school_days: int
    """Counts run over the last completed semester until so many school days of the running one have passed."""
    usual_age: dict[str, int]
    """By programme: level plus this is the age reached in the calendar year in which the school year begins."""
    lessons_per_day: dict[str, tuple[Positive, ...]]
    """By programme: mean number of lessons a school day, level by level from level 1; used where nobody recorded them."""


class ContextColumn(_Entry, frozen=True):
    """A column of the factor table that says who and where, and is no factor."""

    name: Texts
    meaning: Texts
    kind: Literal["text", "number"] = "number"
    """What its values are; an unknown text of ``semester`` is empty."""
    semester_in: str = ""
    """Context column that names the one semester that its counts are of; else they are of ``semester``."""
    open_in: str = ""
    """Context column with the number of absences that may still be excused."""
    id: str = ""


class ProtectedAttribute(_Entry, frozen=True):
    """What a person is: used to audit the library, never to score with. Recognised by words, case and accents aside.

    A word that ends in ``*`` stands for all its endings.
    """

    name: Texts
    words: dict[str, tuple[str, ...]]
    """Words or phrases that give it away anywhere in a heading."""
    whole: dict[str, tuple[str, ...]] = {}
    """Words that give it away only when they are the whole heading ("name")."""
    unless: dict[str, tuple[str, ...]] = {}
    """Words beside which the heading speaks of something else ("mark in Latvian language")."""
    id: str = ""


class PlanStatus(_Entry, frozen=True):
    """A state that a support plan can be in."""

    id: str
    name: Texts
    next: tuple[str, ...] | None = None
    """States that may follow; None: the one listed after it."""
    needs: tuple[str, ...] = ()
    """Fields of the plan that must be filled in before it comes into this state."""
    needs_reason: bool = False


class SignerAge(_Entry, frozen=True):
    """At what age somebody signs a plan."""

    min_age: float | None = None
    """Inclusive."""
    max_age: float | None = None
    """Exclusive."""
    unknown: bool = True
    """Whether it holds where the age is not known."""


class LearnerWords(_Entry, frozen=True):
    """What a learner is called in one language; every case is stored."""

    nominative: str
    genitive: str
    dative: str
    accusative: str
    plural: str
    plural_genitive: str
    plural_dative: str


class Programme(_Entry, frozen=True):
    """A support programme under which schools write plans: its words, its order, whom it is for."""

    title: Texts
    plan: Texts
    """What the plan is called."""
    plan_short: Texts
    authority: Texts
    application: Texts
    """What must be signed before a plan is written."""
    statuses: tuple[PlanStatus, ...]
    """In the order in which a plan passes through them."""
    approval: dict[str, tuple[str, ...]]
    """By programme of education: roles and bodies that approve, in order."""
    approvers: dict[str, Texts]
    """Names of those in ``approval``."""
    mentor_min_age: float | None
    scope: dict[str, tuple[int, int]]
    """By programme of education: first and last level that is looked at."""
    on_request: dict[str, tuple[int, int]]
    """Levels that are looked at only when asked for."""
    learner: dict[str, dict[str, LearnerWords]]
    """By programme of education and language."""
    form_known: bool
    """Whether the official form of the plan could be read."""
    note: Texts
    source: str
    signatures: dict[str, tuple[str, ...]] = {}
    """By programme of education: who signs a plan, in order (ids in ``approvers``); ``approval`` where nothing is given."""
    signer_ages: dict[str, SignerAge] = {}
    """By id of a signer: at what age of the learner; the others always sign."""
    adult_age: float = 18
    """From which the parents' view is no longer required."""
    review_weeks: int = 8
    """After how many weeks a plan is looked at again; at the latest on the last school day of the semester."""
    id: str = ""
