"""Why a pupil's risk is what it is: exact contributions, and reasons in words.

A *contribution* is how far one factor moves a pupil's log-odds from the reference's; the base term and the
contributions sum to the log-odds exactly, so there is no second model that explains the first. A *reason* is a
construct (attendance, grades, ...) with the sum of its factors' contributions, said in a sentence about its leading
factor. A *what-if* is the smallest change that would bring the score below a number; a *useful unknown* is the missing
fact whose answer is most likely to carry it over the cut.
"""

from pumpurs_risk.explanation.applies import applies_to
from pumpurs_risk.explanation.explain import contributions_by_construct, explain
from pumpurs_risk.explanation.reasons import MATERIAL, reasons
from pumpurs_risk.explanation.what_if import as_if, what_if
from pumpurs_risk.explanation.what_to_ask import most_useful_unknown

__all__ = [
    "MATERIAL",
    "applies_to",
    "as_if",
    "contributions_by_construct",
    "explain",
    "most_useful_unknown",
    "reasons",
    "what_if",
]
