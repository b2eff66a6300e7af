"""Words as data: what the library knows of the field lives in TOML files that people can read and change.

A **factor** is one thing recorded of a pupil; factors that measure the same thing form a **construct**; every factor
belongs to one of the four official **risk groups**. A **measure** is what a school can offer, a **role** who does it, a
**partner** whom the school may involve. A **signal** reaches a person whatever the score says. **Base rates** say how
many pupils of a level leave; the **calendar** knows semesters; a **programme** gives the words and the order of a
support programme. **Protected attributes** are never factors.
"""

from pumpurs_risk.catalogue.audience import AUDIENCES, Audience
from pumpurs_risk.catalogue.catalogue import Catalogue
from pumpurs_risk.catalogue.entries import (
    Applies,
    BaseRate,
    CalendarRules,
    Change,
    Construct,
    ContextColumn,
    Contrast,
    Details,
    Goal,
    LearnerWords,
    Partner,
    PlanStatus,
    Programme,
    ProtectedAttribute,
    Published,
    RiskFactor,
    RiskGroup,
    Role,
    Semester,
    Sentences,
    Signal,
    SignerAge,
    SupportMeasure,
    Together,
    Typical,
    WorkLimit,
)

__all__ = [
    "AUDIENCES",
    "Applies",
    "Audience",
    "BaseRate",
    "CalendarRules",
    "Catalogue",
    "Change",
    "Construct",
    "ContextColumn",
    "Contrast",
    "Details",
    "Goal",
    "LearnerWords",
    "Partner",
    "PlanStatus",
    "Programme",
    "ProtectedAttribute",
    "Published",
    "RiskFactor",
    "RiskGroup",
    "Role",
    "Semester",
    "Sentences",
    "Signal",
    "SignerAge",
    "SupportMeasure",
    "Together",
    "Typical",
    "WorkLimit",
]
