"""Several copies of one list become one word: cell by cell, and where two people wrote different things, that is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pandas as pd

from pumpurs_risk.locale import text

CONFLICTS = (
    "kind", "run", "school_id", "pupil_id", "factor", "file", "sheet", "row", "value", "other_file", "other_sheet",
    "other_row", "other_value", "used",
)  # fmt: skip
CAUTION = ("confirmed", "added", "deferred", "dismissed", "")
"""Of contradicting decisions the first in this order counts until people agree: nobody loses support by a mistake."""
_PLACE = ("file", "sheet", "row")


class Merging:
    """Joins what people typed into the copies of one list; rows that only repeat what was printed are gone already.

    Parameters
    ----------
    run : str
        Name of the run.
    lang : {"lv", "en"}
        Language of the list, for what is put into notes.
    """

    def __init__(self, run: str, lang: str) -> None:
        self.run, self.lang = run, lang
        self._conflicts: list[dict[str, Any]] = []

    @property
    def conflicts(self) -> pd.DataFrame:
        """What contradicts: two places, what stands there, and what is used until people agree ("" for nothing)."""
        return pd.DataFrame(self._conflicts, columns=list(CONFLICTS))

    def decisions(self, typed: pd.DataFrame) -> pd.DataFrame:
        """One row per pupil; of different decisions the more cautious one counts, with the other one in its note."""
        return self._joined(typed, ["pupil_id"], ["decision", "note"], self._decision)

    def answers(self, typed: pd.DataFrame) -> pd.DataFrame:
        """One row per pupil and factor; of different answers none counts."""
        return self._joined(typed, ["pupil_id", "factor"], ["value"], self._answer)

    def outcomes(self, typed: pd.DataFrame) -> pd.DataFrame:
        """One row per pupil; of different outcomes none counts, and both stand in the note; of different days no day."""
        return self._joined(typed, ["pupil_id"], ["outcome", "date", "note"], self._outcome)

    def added(self, typed: pd.DataFrame) -> pd.DataFrame:
        """One row per person; different reasons are all kept."""
        return self._joined(typed, ["school_id", "shown", "class_id"], ["why"], self._addition)

    def _joined(
        self, typed: pd.DataFrame, key: list[str], said: list[str], join: Callable[[list[Any]], dict[str, Any] | None]
    ) -> pd.DataFrame:
        """Keep what all copies agree on, and join the rest group by group."""
        different = typed.drop_duplicates([*key, *said])
        several = different.duplicated(key, keep=False)
        rows = [joined for group in _groups(different[several], key) if (joined := join(group)) is not None]
        parts = [different[~several], pd.DataFrame(rows, columns=typed.columns)]
        return pd.concat([part for part in parts if len(part)] or [different[~several]], ignore_index=True)

    def _decision(self, group: list[Any]) -> dict[str, Any]:
        ordered = sorted(group, key=lambda row: CAUTION.index(row.decision))
        used = ordered[0]
        others = [row for row in ordered if row.decision not in (used.decision, "")]
        notes = [row.note for row in ordered if row.decision in (used.decision, "")]
        for other in _first_of_each(others, "decision"):
            said = self._words("decision", used), self._words("decision", other)
            self._conflict("decision", used, other, said, used.decision)
        notes += [text("collect.other_copy", self.lang, said=self._words("decision", other)) for other in others]
        return _like(used, note=_all_of(notes))

    def _answer(self, group: list[Any]) -> None:
        first, *others = group
        for other in others:
            self._conflict("answer", first, other, (first.typed, other.typed), "")

    def _outcome(self, group: list[Any]) -> dict[str, Any]:
        told = _first_of_each([row for row in group if row.outcome], "outcome")
        notes = [row.note for row in group]
        if len(told) > 1:
            first, *others = told
            for other in others:
                said = self._words("outcome", first), self._words("outcome", other)
                self._conflict("outcome", first, other, said, "")
            words = [self._words("outcome", row, with_note=False) for row in told]
            return _like(first, outcome="", date="", note=_all_of([*words, *notes]))
        used = told[0] if told else group[0]
        days = _first_of_each([row for row in group if row.date], "date")
        for other in days[1:]:
            self._conflict("outcome_date", days[0], other, (days[0].date, other.date), used.outcome)
        notes += [row.date for row in days] if len(days) > 1 else []
        return _like(used, date=days[0].date if len(days) == 1 else "", note=_all_of(notes))

    def _addition(self, group: list[Any]) -> dict[str, Any]:
        named = next((row.pupil_id for row in group if row.pupil_id), "")
        return _like(group[0], pupil_id=named, why=_all_of([row.why for row in group]))

    def _words(self, room: str, row: Any, *, with_note: bool = True) -> str:
        """Say a decision or an outcome as it stands in the cell."""
        code = getattr(row, room)
        word = text(f"workbook.{room}.{code}", self.lang) if code else ""
        if room == "outcome" and row.date:
            word = f"{word}, {row.date}"
        note = row.note if with_note else ""
        return text("workbook.list.noted", self.lang, decision=word, note=note) if word and note else word or note

    def _conflict(self, kind: str, one: Any, other: Any, values: tuple[str, str], used: str) -> None:
        row = {"kind": kind, "run": self.run, "school_id": one.school_id, "pupil_id": one.pupil_id, "used": used}
        row |= {"factor": getattr(one, "factor", ""), "value": values[0], "other_value": values[1]}
        for name in _PLACE:
            row |= {name: getattr(one, name), f"other_{name}": getattr(other, name)}
        self._conflicts.append(row)


def conflict_line(conflict: Any, lang: str) -> str:
    """Say one row of `Merging.conflicts`: both places with file, sheet and row, and what counts until people agree."""
    used = text(f"workbook.decision.{conflict.used}", lang) if conflict.kind == "decision" else ""
    places = [
        text("collect.place", lang, file=file, sheet=sheet, row=row, value=value)
        for file, sheet, row, value in (
            (conflict.file, conflict.sheet, conflict.row, conflict.value),
            (conflict.other_file, conflict.other_sheet, conflict.other_row, conflict.other_value),
        )
    ]
    return text(f"collect.conflict.{conflict.kind}", lang, one=places[0], other=places[1], used=used)


def _groups(frame: pd.DataFrame, key: list[str]) -> Iterator[list[Any]]:
    for _, group in frame.groupby(key, sort=False):
        yield list(group.itertuples(index=False))


def _like(row: Any, **changed: Any) -> dict[str, Any]:
    return {**row._asdict(), **changed}


def _first_of_each(rows: Sequence[Any], name: str) -> list[Any]:
    firsts: dict[str, Any] = {}
    for row in rows:
        firsts.setdefault(getattr(row, name), row)
    return list(firsts.values())


def _all_of(notes: Sequence[str]) -> str:
    """Join notes; one that stands within another is not repeated.

    >>> _all_of(["mācās citur", "", "strādā", "mācās citur"])
    'mācās citur; strādā'
    """
    kept: list[str] = []
    for note in dict.fromkeys(note for note in notes if note):
        if not any(note in other for other in kept):
            kept = [other for other in kept if other not in note] + [note]
    return "; ".join(kept)
