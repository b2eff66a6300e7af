"""Why a pupil's risk is what it is: exact contributions, and reasons in words.

A *contribution* is how far one factor moves a pupil's log-odds from the reference's; the base term and the
contributions sum to the log-odds exactly, so there is no second model that explains the first. A *reason* is a
construct (attendance, grades, ...) with the sum of its factors' contributions, said in a sentence about its leading
factor.
"""

from pumpurs_risk.explanation.applies import applies_to
from pumpurs_risk.explanation.explain import contributions_by_construct, explain
from pumpurs_risk.explanation.reasons import MATERIAL, reasons

__all__ = ["MATERIAL", "applies_to", "contributions_by_construct", "explain", "reasons"]
