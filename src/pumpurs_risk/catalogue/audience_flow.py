"""The one way from a run's frames to what a reader gets: every frame through its filter, families by what was ticked for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pumpurs_risk.catalogue.audience_frames import rows_seen

if TYPE_CHECKING:
    import pandas as pd

    from pumpurs_risk.catalogue.audience import Audience


def filter_frames(
    audience: Audience,
    frames: Mapping[str, pd.DataFrame],
    lang: str,
    *,
    also: Mapping[str, Sequence[str]] | None = None,
    classes: Iterable[str] | None = None,
) -> dict[str, pd.DataFrame]:
    """Filter all frames of a run at once: the one way from a run to what a reader gets.

    Parameters
    ----------
    frames : mapping of str to pandas.DataFrame
        By name: flags, reasons, factors, evidence, questions, next_steps, signals, what_if, patterns, decisions, added, changes,
        plans, trend, answers, support, outcomes. Frames of other names are left out unless the readers see everything.
    lang : {"lv", "en"}
        Language of the texts.
    also : mapping of str to sequence of str, optional
        By pupil, the constructs that support staff ticked for the family.
    classes : iterable of str, optional
        Class ids whose pupils and patterns stay; None for all.

    Returns
    -------
    dict of str to pandas.DataFrame
        For an audience that gets no pupils, nothing.
    """
    import pandas as pd

    if not audience.pupils:
        return {}
    given = {name: frame.reset_index(drop=True) for name, frame in frames.items()}
    if classes is not None:
        given = _of_classes(given, set(classes))
    ticked: dict[frozenset[str], list[str]] = {}
    for pupil, constructs in (also or {}).items():
        ticked.setdefault(frozenset(constructs), []).append(pupil)
    special = {pupil for pupils in ticked.values() for pupil in pupils}
    parts = [_filtered(audience, _of_pupils(given, lambda ids: ~ids.isin(special), True), lang)]
    for chosen, pupils in ticked.items():
        own = _of_pupils(given, lambda ids, among=pupils: ids.isin(among), False)  # type: ignore[misc]
        parts.append(_filtered(audience.ticking(chosen), own, lang))
    return {
        name: parts[0][name] if len(parts) == 1 else pd.concat([p[name] for p in parts if name in p], ignore_index=True)
        for name in parts[0]
    }


def _filtered(audience: Audience, frames: Mapping[str, pd.DataFrame], lang: str) -> dict[str, pd.DataFrame]:
    ways: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
        "flags": audience.filter_flags,
        "reasons": lambda frame: audience.filter_reasons(frame, lang),
        "factors": audience.filter_factors,
        "evidence": lambda frame: audience.filter_evidence(frame, lang),
        "questions": lambda frame: audience.filter_questions(frame, lang),
        "next_steps": lambda frame: audience.filter_steps(frame, frames.get("reasons"), lang),
        "signals": lambda frame: audience.filter_signals(frame, lang),
        "what_if": lambda frame: audience.filter_what_if(frame, lang),
        "patterns": lambda frame: audience.filter_patterns(frame, lang),
        "decisions": audience.filter_decisions,
        "added": audience.filter_decisions,
        "changes": lambda frame: audience.filter_changes(frame, lang),
        "plans": audience.filter_plans,
        "trend": lambda frame: frame if audience.numbers == "full" else frame.iloc[:0],
        "answers": lambda frame: rows_seen(audience, frame, ["factor"]),
        "outcomes": audience.filter_decisions,
    }
    if audience.sees_everything:
        return {name: ways[name](frame) if name in ways else frame for name, frame in frames.items()}
    return {name: ways[name](frame) for name, frame in frames.items() if name in ways}


def _of_pupils(
    frames: Mapping[str, pd.DataFrame], which: Callable[[pd.Series[Any]], pd.Series[bool]], groups: bool
) -> dict[str, pd.DataFrame]:
    chosen = {name: frame[which(frame["pupil_id"])] for name, frame in frames.items() if "pupil_id" in frame}
    return chosen | ({name: f for name, f in frames.items() if "pupil_id" not in f} if groups else {})


def _of_classes(frames: Mapping[str, pd.DataFrame], classes: set[str]) -> dict[str, pd.DataFrame]:
    flags = frames.get("flags")
    own = set() if flags is None else set(flags.loc[flags["class_id"].isin(classes), "pupil_id"])
    chosen = {}
    for name, frame in frames.items():
        if "pupil_id" in frame and flags is not None:
            chosen[name] = frame[frame["pupil_id"].isin(own)]
        elif "class_id" in frame:
            chosen[name] = frame[frame["class_id"].isin(classes)]
        elif "scope" in frame:
            chosen[name] = frame[frame["scope"].ne("class") | frame["group"].isin(classes)]
        else:
            chosen[name] = frame
    return chosen
