"""What the catalogue's sentences may hold: placeholders that can be filled in, and number forms that can be chosen.

The values come from ``explanation/wording.py``, ``explanation/placeholders.py``, ``flags/signals.py`` and
``flags/asking.py``; a test compares the lists below with what is given there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from string import Formatter

from pumpurs_risk.catalogue.sources import EntryError
from pumpurs_risk.catalogue.tables import Tables

LEARNER = ("learner", "Learner", "learner_acc", "learner_dat", "learner_ins")
REASON = ("value", "period", "peer", "role", "limit", "name", *LEARNER)
"""In ``risk``, ``strength``, ``risk_raw`` and ``strength_raw``."""
RATED = ("word", "top")
"""There too, of a factor with a scale of words."""
UNKNOWN = ("period", "peer", "role", "limit", "name", *LEARNER)
QUESTION = LEARNER
SIGNAL = ("value", "limit", "period", "details", "open", *LEARNER)
LEAD = ("details",)
"""In the lead of a factor's details; it must be there."""
MORE = ("n",)
"""In the end of a list that is cut short."""
CLAUSE = ()
"""The clause of a work limit is put into a sentence as it is."""
CHANGED = ("value", "now", *LEARNER)
"""In the condition of a what-if."""
CHANGED_WORD = ("word",)
"""There too, and in what is shared, of a rated factor."""
SHARED = ("value",)
"""In what several pupils have in common."""
TOGETHER = ("group", "group_acc", "group_gen", "group_loc")
"""In the one step for a class, a school or a subject."""
MEASURE = ("subjects",)
"""In what a plan says of a measure."""
GOAL = ("target", "value", "by", "subjects", *LEARNER)
FORMS = ("none", "zero", "one", "other")


def check_sentence(
    entry: str | Mapping[str, str], known: Collection[str], tables: Tables, table: str, entry_id: str, *path: str
) -> None:
    """Refuse a sentence that could not be filled in when it is said.

    Parameters
    ----------
    entry : str or mapping of str to str
        The sentence, or its number forms.
    known : collection of str
        Placeholders that are filled in.
    tables : Tables
        Knows where everything was written.
    table, entry_id, *path : str
        Where the sentence stands.

    Raises
    ------
    EntryError
        If a form is missing or unknown, a brace is not closed, or a placeholder is not known.
    """

    def refusal(code: str, *key: str, **params: object) -> EntryError:
        return tables.error(code, table, entry_id, [*path, *key], **params)

    forms = {"": entry} if isinstance(entry, str) else entry
    if not isinstance(entry, str) and ("other" not in forms or not set(forms) <= set(FORMS)):
        strange = [name for name in forms if name not in FORMS]
        raise refusal("catalogue_forms", *strange[:1], known=FORMS, found=list(forms) or ["–"])
    for name, sentence in forms.items():
        key = (name,) if name else ()
        try:
            found = list(_placeholders(sentence))
        except ValueError:
            raise refusal("catalogue_braces", *key) from None
        for placeholder in found:
            if placeholder not in known:
                code = "catalogue_placeholder" if known else "catalogue_placeholder_none"
                raise refusal(code, *key, found=placeholder, known=[f"{{{one}}}" for one in known])


def _placeholders(sentence: str) -> Iterator[str]:
    """Give each placeholder as it is written, with what follows its name (``value:d``)."""
    for _, name, form, conversion in Formatter().parse(sentence):
        if name is not None:
            yield name + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "")
