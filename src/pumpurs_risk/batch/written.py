"""What people wrote into the copies of one list: its own workbooks, and those that came back into ``decisions/``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from pumpurs_risk.reports import Returned, read_returned
from pumpurs_risk.reports.pupil_sheets import decision_text
from pumpurs_risk.reports.returned_words import read_decision

if TYPE_CHECKING:
    from pumpurs_risk.batch.manifest import Manifest
    from pumpurs_risk.batch.previous import EarlierWork
    from pumpurs_risk.catalogue import Catalogue

ENDINGS = (".xlsx", ".xlsm", ".xls", ".ods")
_PLACE = ["file", "sheet", "row"]


@dataclass(frozen=True)
class ListCopy:
    """One copy of a school's list.

    Parameters
    ----------
    path : Path
        The workbook.
    label : str
        How it is named to people: below the folder of the runs, with forward slashes.
    returned : Returned
        What it says.
    """

    path: Path
    label: str
    returned: Returned

    def is_of(self, manifest: Manifest) -> bool:
        """Whether it is a copy of this run's list; of a workbook without its hidden sheet the place decides."""
        known = {school.school_id for school in manifest.schools}
        school, day = self.returned.school_id, self.returned.as_of
        return (not school or school in known) and (day is None or day == manifest.as_of)

    def labelled(self, several: bool) -> Returned:
        """What it says, each place with the label instead of the bare file name where there are several copies."""
        return _with_file(self.returned, self.label) if several else self.returned


def copies_of(run: Path, catalogue: Catalogue) -> list[ListCopy]:
    """Read a run's own workbooks, then those in ``decisions/RUN`` beside it, under any names.

    Parameters
    ----------
    run : Path
        The run.
    catalogue : Catalogue
        For the answers.

    Returns
    -------
    list of ListCopy

    Raises
    ------
    RecordsError
        If one cannot be read.
    """
    return [
        ListCopy(path, label_of(path, run), read_returned(path, catalogue=catalogue))
        for path in (*own_workbooks(run), *workbooks_in(decisions_folder(run)))
    ]


def own_workbooks(run: Path) -> list[Path]:
    """Workbooks that the run itself holds for its schools' support staff."""
    return [book for place in sorted(run.glob("schools/*/support_staff")) for book in workbooks_in(place)]


def decisions_folder(run: Path) -> Path:
    """Where copies of this run's lists are kept: ``decisions/RUN`` beside it."""
    whole = run.resolve()
    return whole.parent / "decisions" / whole.name


def workbooks_in(folder: Path) -> list[Path]:
    """Workbooks in a folder and below it; without the locks that programs leave beside an open one."""
    if not folder.is_dir():
        return []
    found = (path for path in sorted(folder.rglob("*")) if path.suffix.lower() in ENDINGS and path.is_file())
    return [path for path in found if not path.name.startswith(("~$", "."))]


def label_of(path: Path, run: Path) -> str:
    """Name a workbook below the folder in which the run lies."""
    whole, beside = path.resolve(), run.resolve().parent
    return whole.relative_to(beside).as_posix() if whole.is_relative_to(beside) else path.name


def typed_into(copies: Sequence[ListCopy], manifest: Manifest) -> dict[str, pd.DataFrame]:
    """Put what all copies say into one table each: answers, decisions, added, outcomes; with file, sheet and row."""
    frames: dict[str, list[pd.DataFrame]] = {"answers": [], "decisions": [], "added": [], "outcomes": []}
    for copy in copies:
        returned = copy.labelled(True)
        school, day = returned.school_id, (returned.as_of or manifest.as_of).isoformat()
        answers = returned.answers.rename(columns={"value": "typed", "number": "value"})
        frames["answers"].append(
            answers.assign(
                school_id=school, value=answers["value"].astype(float), as_of=[d.isoformat() for d in answers["as_of"]]
            )
        )
        for name in ("decisions", "added", "outcomes"):
            frames[name].append(getattr(returned, name).assign(school_id=school, as_of=day))
    return {name: _stacked(parts, _COLUMNS[name]) for name, parts in frames.items()}


_COLUMNS = {
    "answers": ["pupil_id", "school_id", "factor", "typed", "value", "as_of", "role", *_PLACE],
    "decisions": ["pupil_id", "school_id", "decision", "note", "as_of", *_PLACE],
    "added": ["school_id", "pupil_id", "shown", "class_id", "why", "as_of", *_PLACE],
    "outcomes": ["pupil_id", "school_id", "outcome", "date", "as_of", "note", *_PLACE],
}


def without_printed(typed: dict[str, pd.DataFrame], carried: EarlierWork) -> dict[str, pd.DataFrame]:
    """Leave out what a workbook only repeats because it was printed there: nobody wrote it a second time.

    Parameters
    ----------
    typed : dict of str to pandas.DataFrame
        As `typed_into` gives it.
    carried : EarlierWork
        What the run had carried on when its workbooks were made.

    Returns
    -------
    dict of str to pandas.DataFrame
        The same tables with what people changed.
    """
    about = typed["decisions"]["pupil_id"]
    printed = carried.decisions[carried.decisions["pupil_id"].isin(about)]
    read = [read_decision(decision_text(row.decision, row.note, "lv")) for row in printed.itertuples(index=False)]
    printed = pd.DataFrame(
        [(pupil, *said) for pupil, said in zip(printed["pupil_id"], read, strict=True)],
        columns=["pupil_id", "decision", "note"],
    )
    outcomes = _with_what_stood(typed["outcomes"], carried.outcomes)
    return {
        "answers": _not_in(typed["answers"], carried.answers, ["pupil_id", "factor", "value"]),
        "decisions": _not_in(typed["decisions"], printed, ["pupil_id", "decision", "note"]),
        "added": _not_in(typed["added"], carried.added, ["school_id", "shown", "class_id", "why"]),
        "outcomes": _not_in(outcomes, carried.outcomes, ["pupil_id", "outcome", "date", "note"]),
    }


def _with_what_stood(typed: pd.DataFrame, carried: pd.DataFrame) -> pd.DataFrame:
    """Fill the outcome that was not understood, and the day that was not printed, with what is known from before."""
    before = {row.pupil_id: (row.outcome, row.date) for row in carried.itertuples(index=False)}
    filled = []
    for row in typed.itertuples(index=False):
        outcome, date = before.get(row.pupil_id, ("", ""))
        same = row.outcome in ("", outcome)
        filled.append((row.outcome or outcome, row.date or (date if same else "")))
    columns = pd.DataFrame(filled, columns=["outcome", "date"], index=typed.index, dtype=object)
    return typed.assign(outcome=columns["outcome"], date=columns["date"])


def _not_in(frame: pd.DataFrame, other: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    if not len(frame) or not len(other):
        return frame
    known = pd.MultiIndex.from_frame(_comparable(other, key))
    return frame[~pd.MultiIndex.from_frame(_comparable(frame, key)).isin(known)].reset_index(drop=True)


def _comparable(frame: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    return pd.DataFrame({name: [" ".join(str(cell).split()) for cell in frame[name]] for name in key})


def _stacked(parts: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    filled = [part for part in parts if len(part)]
    both = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=list(columns))
    return both[list(columns)]


def _with_file(returned: Returned, label: str) -> Returned:
    frames = {name: getattr(returned, name).assign(file=label) for name in _frames()}
    return replace(returned, **frames)


def _frames() -> Iterator[str]:
    yield from ("answers", "decisions", "added", "outcomes", "problems")
