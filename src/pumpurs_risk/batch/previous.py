"""What people wrote into earlier lists: answers become known facts, decisions and outcomes are carried on unchanged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow.parquet as pq

from pumpurs_risk.batch.copies import CONFLICTS, Merging, conflict_line
from pumpurs_risk.batch.frames import empty, shaped
from pumpurs_risk.batch.manifest import Manifest, read_manifest
from pumpurs_risk.batch.written import ListCopy, copies_of, typed_into, without_printed
from pumpurs_risk.errors import RunError
from pumpurs_risk.locale import text
from pumpurs_risk.reports.returned_rows import LEFT

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.school_records import SchoolRecords
    from pumpurs_risk.reports import Returned

ANSWERS = ("pupil_id", "factor", "value", "as_of", "role")
DECISIONS = ("pupil_id", "school_id", "decision", "note", "as_of")
ADDED = ("school_id", "pupil_id", "shown", "class_id", "why", "as_of")
OUTCOMES = ("pupil_id", "school_id", "outcome", "date", "as_of", "note")
_KEYS = {
    "answers": ["pupil_id", "factor"],
    "decisions": ["pupil_id"],
    "added": ["school_id", "shown", "class_id"],
    "outcomes": ["pupil_id"],
}


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
    outcomes : pandas.DataFrame
        What became of pupils who are on no roster any more: ``pupil_id``, ``school_id``, ``outcome`` (empty if it could not
        be understood, or is told differently), ``date`` (ISO text or empty), ``as_of`` (of the list that asked), ``note``;
        the latest per pupil.
    support : pandas.DataFrame
        Support given, as evaluated plans and earlier runs tell it: the run's table ``support``.
    conflicts : pandas.DataFrame
        Copies of the same list that say different things, and are not settled: see `pumpurs_risk.batch.copies.Merging`.
    returned : tuple of Returned
        The workbooks that were read, with what could not be used.
    remarks : tuple of (run, key, params)
        What else to say: key in ``collect.remark``.
    """

    answers: pd.DataFrame = field(default_factory=lambda: _none(ANSWERS))
    decisions: pd.DataFrame = field(default_factory=lambda: _none(DECISIONS))
    added: pd.DataFrame = field(default_factory=lambda: _none(ADDED))
    outcomes: pd.DataFrame = field(default_factory=lambda: empty("outcomes"))
    support: pd.DataFrame = field(default_factory=lambda: empty("support"))
    conflicts: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(CONFLICTS)))
    returned: tuple[Returned, ...] = ()
    remarks: tuple[tuple[str, str, dict[str, Any]], ...] = ()

    @classmethod
    def read(cls, runs: Sequence[str | Path], catalogue: Catalogue, as_of: dt.date) -> EarlierWork:
        """Read earlier runs with the copies of their lists in ``decisions/`` beside them, the oldest first.

        A later list's word counts. Of several copies of one list a cell that only one of them changed counts; where two
        changed it differently, the more cautious decision counts until people agree, and no answer and no outcome does.

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
            carried = carried_by(path)
            work = carried._followed_by(work)  # an edit in an older workbook came after what this run had carried
            fresh = written_into(path, manifest, carried, copies_of(path, catalogue))
            work = work._settled_by(carried, fresh)._followed_by(fresh)
            work = replace(work, remarks=(*work.remarks, *_about_gone(path.name, fresh, work.outcomes)))
        evaluated = _evaluated_beside(map(Path, runs))
        return replace(work, support=_latest_records(work.support, evaluated)) if len(evaluated) else work

    def added_to(self, records: SchoolRecords) -> SchoolRecords:
        """Give records that know the answers too."""
        if not len(self.answers):
            return records
        return replace(records, answers=pd.concat([records.answers, self.answers], ignore_index=True))

    def recognised(self, records: SchoolRecords, X: pd.DataFrame) -> EarlierWork:
        """Find whom staff added among the pupils of their school: a list prints only those on it, so it cannot know them.

        By name or the school's own id, and by class where several are called the same; whoever is not found so stays as written.
        """
        unknown = self.added["pupil_id"].fillna("").astype(str).eq("")
        if not unknown.any():
            return self
        names = records.names[["pupil_id", "school_id", "name", "own_id"]].astype(str)
        here = X[["pupil_id", "school_id"]].astype(str).assign(class_id=X["class_id"].fillna("").astype(str))
        called = here.merge(names.drop(columns="school_id"), on="pupil_id", how="left").fillna("")
        own = here["pupil_id"].str.partition(":")[2]
        spelt = pd.concat(
            [called.assign(shown=called["name"]), called.assign(shown=called["own_id"]), here.assign(shown=own)]
        )[["pupil_id", "school_id", "class_id", "shown"]]
        spelt["shown"] = _folded(spelt["shown"])
        spelt = spelt[spelt["shown"].ne("")].drop_duplicates()
        asked = self.added.loc[unknown, ["school_id", "shown", "class_id"]].astype(str).reset_index()
        asked["shown"], asked["wanted"] = _folded(asked["shown"]), _folded(asked.pop("class_id"))
        found = asked.merge(spelt, on=["school_id", "shown"])
        several = found.groupby("index")["pupil_id"].transform("nunique").gt(1)
        found = found[~several | found["wanted"].eq(_folded(found["class_id"]))]
        found = found[found.groupby("index")["pupil_id"].transform("nunique").eq(1)].drop_duplicates("index")
        ids = self.added["pupil_id"].copy()
        ids.loc[found["index"]] = found["pupil_id"].to_numpy(dtype=object)
        return replace(self, added=self.added.assign(pupil_id=ids))

    def messages(self, lang: str) -> list[str]:
        """Say what could not be used in the newest list's workbooks, and what contradicts; the rest was said before."""
        newest = self.returned[-1].run if self.returned else ""
        books = [workbook for workbook in self.returned if workbook.run == newest]
        said = [f"{_file(book)}{line}" for book in books for line in book.messages(lang)]
        said += [text(f"collect.remark.{key}", lang, **params) for run, key, params in self.remarks if run == newest]
        return said + [conflict_line(row, lang) for row in self.conflicts.itertuples(index=False)]

    def _followed_by(self, later: EarlierWork) -> EarlierWork:
        frames = {name: _latest(getattr(self, name), getattr(later, name), key) for name, key in _KEYS.items()}
        return replace(
            self,
            **frames,
            support=_latest_records(self.support, later.support),
            conflicts=_below(self.conflicts, later.conflicts),
            returned=(*self.returned, *later.returned),
            remarks=(*self.remarks, *later.remarks),
        )

    def _settled_by(self, carried: EarlierWork, fresh: EarlierWork) -> EarlierWork:
        """Forget contradictions in older lists on which people have had a say in this one: it showed what counted."""
        if not len(self.conflicts):
            return self
        shown = carried.decisions[["pupil_id", "decision"]].rename(columns={"decision": "used"})
        decided = _among(self.conflicts, shown) | _among(self.conflicts, fresh.decisions[["pupil_id"]])
        answered = _among(self.conflicts, fresh.answers[["pupil_id", "factor"]])
        known = _among(self.conflicts, fresh.outcomes.loc[fresh.outcomes["outcome"].ne(""), ["pupil_id"]])
        kind = self.conflicts["kind"]
        settled = (
            (kind.eq("decision") & decided) | (kind.eq("answer") & answered) | (kind.str.startswith("outcome") & known)
        )
        return replace(self, conflicts=self.conflicts[~settled].reset_index(drop=True))


def carried_by(run: Path) -> EarlierWork:
    """What a run itself had carried on when it was made, and printed into its workbooks."""
    frames: dict[str, Any] = {}
    for name, columns in (("answers", ANSWERS), ("decisions", DECISIONS), ("added", ADDED)):
        frames[name] = _read(run, name)[list(columns)]
    for name in ("outcomes", "support"):
        there = (run / "data" / f"{name}.parquet").exists()  # a run of the first version has neither
        frames[name] = shaped(_read(run, name), name) if there else empty(name)
    return EarlierWork(**frames)


def _read(run: Path, name: str) -> pd.DataFrame:
    try:
        table: pd.DataFrame = pq.read_table(run / "data" / f"{name}.parquet").to_pandas()
    except (OSError, ValueError) as error:
        raise RunError("run_damaged", path=str(run), detail=str(error)) from None
    return table


def written_into(path: Path, manifest: Manifest, carried: EarlierWork, copies: Sequence[ListCopy]) -> EarlierWork:
    """What people wrote into the copies of one list beyond what was printed there; what contradicts is named."""
    ours = [copy for copy in copies if copy.is_of(manifest)]
    strange = [copy for copy in copies if not copy.is_of(manifest)]
    typed = without_printed(typed_into(ours, manifest), carried)
    merging = Merging(path.name, manifest.lang)
    answers, decisions = merging.answers(typed["answers"]), merging.decisions(typed["decisions"])
    added, outcomes = merging.added(typed["added"]), merging.outcomes(typed["outcomes"])
    return EarlierWork(
        answers=answers[list(ANSWERS)],
        decisions=decisions[list(DECISIONS)],
        added=added[list(ADDED)],
        outcomes=shaped(outcomes, "outcomes"),
        conflicts=merging.conflicts,
        returned=tuple(replace(copy.labelled(len(copies) > 1), run=path.name) for copy in ours),
        remarks=tuple((path.name, "other_list", {"file": c.label, "day": str(c.returned.as_of)}) for c in strange),
    )


def _about_gone(run: str, fresh: EarlierWork, outcomes: pd.DataFrame) -> tuple[tuple[str, str, dict[str, Any]], ...]:
    """Say how many of the new decisions are about pupils who are gone; both are kept."""
    left = outcomes.loc[outcomes["outcome"].isin(LEFT), "pupil_id"]
    n = int(fresh.decisions["pupil_id"].isin(left).sum())
    return ((run, "decided_about_gone", {"count": n, "n": n}),) if n else ()


def _evaluated_beside(runs: Iterable[Path]) -> pd.DataFrame:
    """Support that plans beside the runs tell of, where people evaluated them."""
    from pumpurs_risk.batch.plan_files import FOLDER, read_plans
    from pumpurs_risk.plans import plans_support

    folders = dict.fromkeys(run.resolve().parent / FOLDER for run in runs)
    plans = [plan for folder in folders if folder.is_dir() for plan, _ in read_plans(folder)]
    return shaped(plans_support(plans), "support") if plans else empty("support")


def _latest_records(earlier: pd.DataFrame, later: pd.DataFrame) -> pd.DataFrame:
    """Put support together; a corrected record repeats its number, and the later one counts."""
    both = _below(earlier, later)
    again = both["record_id"].ne("") & both.duplicated(["pupil_id", "record_id"], keep="last")
    return both[~again].drop_duplicates(ignore_index=True)


def _folded(words: pd.Series[str]) -> pd.Series[str]:
    """Give words so that upper case, outer and double spaces, and a full stop behind a class do not matter."""
    return words.str.split().str.join(" ").str.casefold().str.rstrip(".")


def _file(book: Returned) -> str:
    return f"{book.problems['file'].iloc[0]}: " if len(book.problems) and "/" in book.problems["file"].iloc[0] else ""


def _latest(earlier: pd.DataFrame, later: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    if not len(earlier) or not len(later):
        return earlier if len(earlier) else later
    both = pd.concat([earlier, later], ignore_index=True)
    return both.drop_duplicates(key, keep="last").sort_values(key, kind="stable").reset_index(drop=True)


def _below(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    if not len(one) or not len(other):
        return one if len(one) else other
    return pd.concat([one, other], ignore_index=True)


def _among(frame: pd.DataFrame, known: pd.DataFrame) -> pd.Series[bool]:
    """Say of each row whether its values stand in the other frame."""
    key = list(known)
    there = pd.MultiIndex.from_frame(frame[key].astype(str)).isin(pd.MultiIndex.from_frame(known.astype(str)))
    return pd.Series(there, index=frame.index)
