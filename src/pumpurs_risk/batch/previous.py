"""What people wrote into earlier lists: answers become known facts, decisions are carried on unchanged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow.parquet as pq

from pumpurs_risk.batch.manifest import read_manifest
from pumpurs_risk.errors import RunError
from pumpurs_risk.reports import Returned, read_returned

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.school_records import SchoolRecords

ANSWERS = ("pupil_id", "factor", "value", "as_of", "role")
DECISIONS = ("pupil_id", "school_id", "decision", "note", "as_of")
ADDED = ("school_id", "pupil_id", "shown", "class_id", "why", "as_of")


def _none(columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype="float64" if name == "value" else "str") for name in columns})


@dataclass(frozen=True)
class EarlierWork:
    """Everything that earlier runs hand on.

    Parameters
    ----------
    answers : pandas.DataFrame
        ``pupil_id``, ``factor``, ``value`` (number), ``as_of`` (ISO text: the date of the list that asked), ``role``; the
        latest answer per pupil and factor.
    decisions : pandas.DataFrame
        ``pupil_id``, ``school_id``, ``decision``, ``note``, ``as_of``; the latest per pupil.
    added : pandas.DataFrame
        Pupils whom staff added: ``school_id``, ``pupil_id`` (or empty), ``shown``, ``class_id``, ``why``, ``as_of``.
    returned : tuple of Returned
        The workbooks that were read, with what could not be used.
    """

    answers: pd.DataFrame = field(default_factory=lambda: _none(ANSWERS))
    decisions: pd.DataFrame = field(default_factory=lambda: _none(DECISIONS))
    added: pd.DataFrame = field(default_factory=lambda: _none(ADDED))
    returned: tuple[Returned, ...] = ()

    @classmethod
    def read(cls, runs: Sequence[str | Path], catalogue: Catalogue, as_of: dt.date) -> EarlierWork:
        """Read earlier runs, the oldest first; a later one's word counts.

        Parameters
        ----------
        runs : sequence of paths
            Finished runs.
        catalogue : Catalogue
            For the answers' kinds and words.
        as_of : datetime.date
            Lists made after this day are not known yet, and are refused.

        Returns
        -------
        EarlierWork

        Raises
        ------
        RunError
            If a run is damaged or was made for a later day.
        RecordsError
            If a workbook of it cannot be read: what people wrote is never left aside silently.
        """
        work = cls()
        for path in map(Path, runs):
            manifest = read_manifest(path)
            if manifest.as_of > as_of:
                raise RunError("previous_later", path=path.name, day=manifest.as_of, as_of=as_of)
            carried = _carried(path)
            work = carried._followed_by(work)  # an edit in an older workbook came after what this run had carried
            for workbook in sorted(path.glob("schools/*/support_staff/*.xls*")) + sorted(
                path.glob("schools/*/support_staff/*.ods")
            ):
                if not workbook.name.startswith(("~$", ".")):
                    returned = read_returned(workbook, catalogue=catalogue)
                    fresh = _as_work(returned, manifest.as_of)._without_repeats(carried)
                    work = replace(work._followed_by(fresh), returned=(*work.returned, returned))
        return work

    def added_to(self, records: SchoolRecords) -> SchoolRecords:
        """Give records that know the answers too."""
        if not len(self.answers):
            return records
        return replace(records, answers=pd.concat([records.answers, self.answers], ignore_index=True))

    def messages(self, lang: str) -> list[str]:
        """Say what could not be used in the newest list's workbooks; what stood in older ones was said before."""
        newest = self.returned[-1].run if self.returned else ""
        return [said for workbook in self.returned if workbook.run == newest for said in workbook.messages(lang)]

    def _followed_by(self, later: EarlierWork) -> EarlierWork:
        return replace(
            self,
            answers=_latest(self.answers, later.answers, ["pupil_id", "factor"]),
            decisions=_latest(self.decisions, later.decisions, ["pupil_id"]),
            added=_latest(self.added, later.added, ["school_id", "shown", "class_id"]),
            returned=(*self.returned, *later.returned),
        )

    def _without_repeats(self, carried: EarlierWork) -> EarlierWork:
        """Leave out what the workbook only repeats because it was printed there: nobody wrote it a second time."""
        return replace(
            self,
            answers=_not_in(self.answers, carried.answers, ["pupil_id", "factor", "value"]),
            decisions=_not_in(self.decisions, carried.decisions, ["pupil_id", "decision", "note"]),
        )


def _carried(run: Path) -> EarlierWork:
    """What a run itself had carried on when it was made."""
    frames = {}
    for name, columns in (("answers", ANSWERS), ("decisions", DECISIONS), ("added", ADDED)):
        try:
            frames[name] = pq.read_table(run / "data" / f"{name}.parquet", columns=list(columns)).to_pandas()
        except (OSError, ValueError) as error:
            raise RunError("run_damaged", path=str(run), detail=str(error)) from None
    return EarlierWork(answers=frames["answers"], decisions=frames["decisions"], added=frames["added"])


def _as_work(returned: Returned, as_of: dt.date) -> EarlierWork:
    """What stands in one workbook."""
    day = (returned.as_of or as_of).isoformat()
    answers = pd.DataFrame(
        {
            "pupil_id": returned.answers["pupil_id"],
            "factor": returned.answers["factor"],
            "value": returned.answers["number"].astype(float),
            "as_of": [d.isoformat() for d in returned.answers["as_of"]],
            "role": returned.answers["role"],
        }
    )
    decisions = returned.decisions[["pupil_id", "decision", "note"]].assign(school_id=returned.school_id, as_of=day)
    added = returned.added[["pupil_id", "shown", "class_id", "why"]].assign(school_id=returned.school_id, as_of=day)
    return EarlierWork(answers=answers, decisions=decisions[list(DECISIONS)], added=added[list(ADDED)])


def _latest(earlier: pd.DataFrame, later: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    if not len(earlier) or not len(later):
        return earlier if len(earlier) else later
    both = pd.concat([earlier, later], ignore_index=True)
    return both.drop_duplicates(key, keep="last").sort_values(key, kind="stable").reset_index(drop=True)


def _not_in(frame: pd.DataFrame, other: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    if not len(frame) or not len(other):
        return frame
    known = pd.MultiIndex.from_frame(other[key].astype(str))
    return frame[~pd.MultiIndex.from_frame(frame[key].astype(str)).isin(known)].reset_index(drop=True)
