"""What must hold of changes and of what is shared: words that can be filled in, pointers that lead somewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pumpurs_risk.catalogue.entries import Construct, RiskFactor
from pumpurs_risk.catalogue.entry_types import nearest
from pumpurs_risk.catalogue.sentences import CHANGED, CHANGED_WORD, SHARED, TOGETHER, check_sentence
from pumpurs_risk.catalogue.tables import Tables
from pumpurs_risk.locale import LANGUAGES

_SAID = ("what_if", "what_if_raw", "shared", "shared_in_subject")


def check_changes(
    factors: Mapping[str, RiskFactor],
    constructs: Mapping[str, Construct],
    known: Mapping[str, Mapping[str, Any]],
    tables: Tables,
) -> None:
    """Check how factors change, and what constructs ask of a group.

    Parameters
    ----------
    factors, constructs : mapping
        Typed entries by id.
    known : mapping of str to mapping
        The other tables by name (``roles``, ``measures``).
    tables : Tables
        Knows where everything was written.

    Raises
    ------
    EntryError
        For the first problem, in one sentence that names file, line, entry and field.
    """
    for factor in factors.values():
        _check_change(factor, factors, tables)
        _check_words(factor, tables)
    for construct in constructs.values():
        _check_together(construct, known, tables)


def _check_change(factor: RiskFactor, factors: Mapping[str, RiskFactor], tables: Tables) -> None:
    change = factor.change
    if change is None:
        return
    for field in ("part_of", "follows", "needs"):
        other = getattr(change, field)
        if other and (other not in factors or other == factor.id):
            others = [f for f in factors if f != factor.id]
            near = nearest(other, others)
            path = ("change", field)
            raise tables.error(
                "catalogue_reference", "factors", factor.id, path, value=other, target="factors", known=near
            )
    led = factors[change.follows].change if change.follows else None
    if led is not None and led.follows:
        path = ("change", "follows")
        raise tables.error(
            "catalogue_change_chain", "factors", factor.id, path, value=change.follows, leader=led.follows
        )
    if change.most is not None and change.step is not None and change.most < change.step:
        params = {"most": f"{change.most:g}", "step": f"{change.step:g}"}
        raise tables.error("catalogue_change_most", "factors", factor.id, ("change", "most"), **params)


def _check_words(factor: RiskFactor, tables: Tables) -> None:
    rated = factor.kind == "score"
    for name in _SAID:
        given = [lang for lang in LANGUAGES if getattr(factor.sentences[lang], name) is not None]
        for lang in LANGUAGES:
            path = ("sentences", lang, name)
            if given and lang not in given:
                raise tables.error("catalogue_language_missing", "factors", factor.id, path[::2], language=lang)
            if given:
                words = (CHANGED if name.startswith("what_if") else SHARED) + (CHANGED_WORD if rated else ())
                check_sentence(getattr(factor.sentences[lang], name), words, tables, "factors", factor.id, *path)


def _check_together(construct: Construct, known: Mapping[str, Mapping[str, Any]], tables: Tables) -> None:
    together = construct.together
    if together is None:
        return
    for name in ("class_step", "school_step", "subject_step"):
        steps = getattr(together, name)
        for lang in LANGUAGES:
            if not steps.get(lang) and (steps or name != "subject_step"):
                path = ("together", name)
                raise tables.error("catalogue_language_missing", "constructs", construct.id, path, language=lang)
            if steps:
                check_sentence(steps[lang], TOGETHER, tables, "constructs", construct.id, "together", name, lang)
    pointers = [(name, "roles") for name in ("class_role", "school_role", "subject_role")]
    for field, target in [*pointers, ("measure", "measures")]:
        value = getattr(together, field)
        if (value or target == "roles") and value not in known[target]:
            near = nearest(value, list(known[target]))
            path = ("together", field)
            raise tables.error(
                "catalogue_reference", "constructs", construct.id, path, value=value, target=target, known=near
            )
