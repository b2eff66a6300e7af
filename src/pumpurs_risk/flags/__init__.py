"""Who needs a look first, how sure that is, what to ask and what to do next.

A *tier* is what the list says of a pupil: ``act_now`` (inside the cut), ``watch``, ``ask_first`` (too little is
known) or ``none``. The *cut* is where a school's list ends, by its places or by the threshold. *Places* are how many
pupils a school can support; how many are above the threshold and not covered is always said beside them. Who was
*dismissed* with a reason is set aside until something material changes; `changes` says what did since the last list.
"""

from pumpurs_risk.flags.asking import questions
from pumpurs_risk.flags.changes import ChangePolicy, changes, expired
from pumpurs_risk.flags.listing import flag, summarise
from pumpurs_risk.flags.moves import moves
from pumpurs_risk.flags.next_step import next_steps
from pumpurs_risk.flags.patterns import patterns
from pumpurs_risk.flags.policy import FlagPolicy
from pumpurs_risk.flags.returning import returning
from pumpurs_risk.flags.signals import signals

__all__ = [
    "ChangePolicy",
    "FlagPolicy",
    "changes",
    "expired",
    "flag",
    "moves",
    "next_steps",
    "patterns",
    "questions",
    "returning",
    "signals",
    "summarise",
]
