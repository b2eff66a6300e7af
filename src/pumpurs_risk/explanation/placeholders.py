"""What the placeholders of a catalogue's sentences are filled with, besides numbers."""

from __future__ import annotations

from string import Formatter
from typing import TYPE_CHECKING

import numpy as np

from pumpurs_risk.explanation.applies import applies_to, word_column
from pumpurs_risk.locale import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from pumpurs_risk.catalogue import Catalogue

LEARNER = frozenset({"learner", "Learner", "learner_acc", "learner_dat", "learner_ins"})
_USUAL_PROGRAMME = "general"  # where a pupil's programme is not recorded


def placeholders(template: str | Mapping[str, str]) -> frozenset[str]:
    """Names of the placeholders in a text or in any of its number forms.

    Examples
    --------
    >>> sorted(placeholders({"one": "{value} lesson", "other": "{value} lessons{peer}"}))
    ['peer', 'value']
    """
    forms = [template] if isinstance(template, str) else list(template.values())
    return frozenset(name for one in forms for _, name, _, _ in Formatter().parse(one) if name)


def capitalised(sentence: str) -> str:
    """Give the sentence with a capital first letter; a placeholder may stand first."""
    return sentence[:1].upper() + sentence[1:]


def learner_words(programme: str | None, catalogue: Catalogue, lang: str) -> dict[str, str]:
    """Give what a pupil of a programme is called, by placeholder.

    Parameters
    ----------
    programme : str or None
        Programme of education; unknown ones are called as in general education.
    catalogue : Catalogue
        Whose support programme holds the words.
    lang : {"lv", "en"}

    Returns
    -------
    dict of str to str
        ``learner``, ``Learner``, ``learner_acc``, ``learner_dat`` and ``learner_ins`` (the form after "with": in
        Latvian the accusative).

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> learner_words("vocational", Catalogue.load(), "lv")["learner_ins"]
    'audzēkni'
    """
    by_programme = catalogue.programme.learner
    words = by_programme.get(programme or "", by_programme[_USUAL_PROGRAMME])[lang]
    return {
        "learner": words.nominative,
        "Learner": capitalised(words.nominative),
        "learner_acc": words.accusative,
        "learner_dat": words.dative,
        "learner_ins": words.accusative,
    }


def role_name(role_id: str, programme: str | None, catalogue: Catalogue, lang: str) -> str:
    """Give what a role is called, as vocational education calls it where that differs.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> role_name("class_teacher", "general", Catalogue.load(), "lv")
    'klases audzinātājs'
    """
    role = catalogue.roles[role_id]
    if programme == "vocational" and lang in role.vocational_name:
        return role.vocational_name[lang]
    return role.name[lang]


def peer_text(group: str, value: str, lang: str) -> str:
    """Say the peers' median in brackets.

    Parameters
    ----------
    group : str
        Label of a `PeerReference` group: a level (``"general-9"``) or a whole programme (``"general"``).
    value : str
        The median as printed.
    lang : {"lv", "en"}

    Returns
    -------
    str
        With a leading space.

    Examples
    --------
    >>> peer_text("general-9", "5.1%", "en"), peer_text("vocational-1", "7,2", "lv")
    (' (median of grade 9: 5.1%)', ' (1. kursu mediāna – 7,2)')
    """
    programme, _, level = group.rpartition("-")
    if not level.isdigit():
        return text("reasons.peer.programme", lang, value=value)
    which = "course" if programme == "vocational" else "grade"
    return text(f"reasons.peer.{which}", lang, level=level, value=value)


def period_text(semester: str | None, catalogue: Catalogue, lang: str) -> str:
    """Say the semester that a value covers, in the locative; "in the review period" where it is not known."""
    if not semester:
        return text("reasons.review_period", lang)
    return catalogue.calendar.period_text(semester, lang)


def semester_of(X: pd.DataFrame, column: str, catalogue: Catalogue) -> NDArray[np.object_]:
    """Semester that the counts of a column are of: the one that its context column names, else that of the row.

    Parameters
    ----------
    X : pandas.DataFrame
        The factor table.
    column : str
        A factor, or a context column such as ``unexcused_raw``.
    catalogue : Catalogue
        Knows which context column names a count's semester.

    Returns
    -------
    ndarray of object, shape (n_pupils,)
        Ids such as ``"2026/2027-1"``, or two joined by ``"+"``; "" where it is not known.

    Examples
    --------
    >>> import pandas as pd
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> X = pd.DataFrame({"semester": ["2026/2027-1+2026/2027-2"], "unexcused_semester": ["2026/2027-1"]})
    >>> semester_of(X, "unexcused_raw", Catalogue.load()).tolist()
    ['2026/2027-1']
    """
    covered = word_column(X, "semester")
    context = catalogue.context_columns.get(column)
    if context is None or not context.semester_in:
        return covered
    named = word_column(X, context.semester_in)
    return np.where(named == "", covered, named)


def work_limit_ids(X: pd.DataFrame, catalogue: Catalogue) -> NDArray[np.object_]:
    """Id of the limit on paid work that holds for each pupil, "" where none does; the first that fits holds."""
    found = np.full(len(X), "", dtype=object)
    for limit_id, limit in catalogue.work_limits.items():
        fits = applies_to(limit, X, unknown_level=False)
        found[fits & (found == "")] = limit_id
    return found
