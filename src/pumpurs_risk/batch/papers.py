"""One school's paper, put together from the run's frames."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.explanation.placeholders import role_name
from pumpurs_risk.explanation.reasons import reasons as reasons_of
from pumpurs_risk.reports import SchoolPaper

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pumpurs_risk.batch.run import Run, RunSettings
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.flags import FlagPolicy


@dataclass(frozen=True)
class PaperMaker:
    """Holds what all papers of a run share.

    Parameters
    ----------
    run : Run
        The scored semester, with its records.
    policy : FlagPolicy
        How the list was cut.
    settings : RunSettings
        Municipality and so on.
    catalogue : Catalogue
        Words.
    name : str
        Short name of the run, for footers.
    """

    run: Run
    policy: FlagPolicy
    settings: RunSettings
    catalogue: Catalogue
    name: str

    def papers(self) -> Iterator[SchoolPaper]:
        """Give the paper of every school in turn, schools in the order of their titles."""
        run = self.run
        assert run.records is not None
        pupils = self._pupils()
        parts = {
            "pupils": pupils,
            "details": self._details(pupils),
            "signals": self._signals(pupils),
            "questions": self._questions(pupils),
            "not_assessed": self._not_assessed(),
            "out_of_scope": self._named(run.records.out_of_scope),
            "added": run.added,
        }
        grouped = {
            name: {str(s): part for s, part in frame.groupby("school_id", sort=False)} for name, frame in parts.items()
        }
        for school in run.records.schools.itertuples(index=False):
            own = {name: grouped[name].get(str(school.school_id), frame.iloc[:0]) for name, frame in parts.items()}
            yield self._paper(school, own)

    def _paper(self, school: Any, own: dict[str, pd.DataFrame]) -> SchoolPaper:
        run, pupils = self.run, own["pupils"]
        listed = pupils["listed"]
        first = pupils["tier"].eq("ask_first") & ~listed
        uncovered = pupils["above"] & ~listed & ~first
        watch = pupils["tier"].eq("watch") & ~listed & ~uncovered & ~first
        explained = set(pupils.loc[listed | first | uncovered | watch, "pupil_id"])
        return SchoolPaper(
            school_id=str(school.school_id),
            title=str(school.title),
            municipality=str(school.municipality or self.settings.municipality or ""),
            as_of=run.as_of,
            expires=expiry(self.catalogue, run.as_of),
            semester=self.catalogue.calendar.semester_of(run.as_of) or "",
            run=self.name,
            lang=run.lang,
            summary=self._summary(str(school.school_id)),
            listed=pupils[listed],
            ask_first=pupils[first],
            not_covered=pupils[uncovered],
            watch=pupils[watch],
            uncertain=pupils[pupils["uncertain_cut"]],
            questions=own["questions"],
            signals=own["signals"],
            details=own["details"][own["details"]["pupil_id"].isin(explained)],
            not_assessed=own["not_assessed"],
            out_of_scope=own["out_of_scope"],
            added=own["added"],
            learner="trainee" if school.programme == "vocational" else "pupil",
            notes=self._notes(),
        )

    @cached_property
    def _names(self) -> pd.DataFrame:
        """Names and own ids, by pupil."""
        assert self.run.records is not None
        return self.run.records.names.drop_duplicates("pupil_id").set_index("pupil_id")

    def _pupils(self) -> pd.DataFrame:
        """Everyone who may stand on a paper, with name, reasons and next step; sorted by school and order."""
        run = self.run
        some = run.flags[
            run.flags["tier"].ne("none")
            | run.flags["always_look"].ne("")
            | run.flags["above"]
            | run.flags["uncertain_cut"]
        ]
        risks = run.reasons[(run.reasons["kind"] == "risk") & (run.reasons["line"] == 0)]
        table = self._named(some)
        for rank in (1, 2):
            sentences = risks[risks["rank"] == rank].set_index("pupil_id")["sentence"]
            table[f"reason_{rank}"] = _looked_up(sentences, table["pupil_id"])
        steps = run.next_steps.set_index("pupil_id")
        for column in ("step", "role_name", "due"):
            table[column] = table["pupil_id"].map(steps[column])
        decided = run.decisions.set_index("pupil_id")
        for column in ("decision", "note"):
            table[column] = _looked_up(decided[column], table["pupil_id"])
        names = {signal.id: signal.name[run.lang] for signal in self.catalogue.signals.values()}
        joined = {ids: "; ".join(names.get(i, i) for i in ids.split(";") if i) for ids in table["always_look"].unique()}
        table["always_look"] = table["always_look"].map(joined)
        table = table.sort_values(["school_id", "order"], kind="stable").reset_index(drop=True)
        return table.assign(place=range(len(table)))

    def _signals(self, pupils: pd.DataFrame) -> pd.DataFrame:
        """Always-look signals with the step that each asks for, in the order of the list."""
        run, lang = self.run, self.run.lang
        programmes = run.factors.set_index("pupil_id")["programme"]
        both = run.signals.merge(
            pupils[["pupil_id", "school_id", "shown", "class_id", "decision", "note", "due", "place"]], on="pupil_id"
        )
        entries = self.catalogue.signals
        asked = list(zip(both["role"], both["pupil_id"].map(programmes).fillna(""), strict=True))
        names = {pair: role_name(*pair, self.catalogue, lang) if pair[0] else "" for pair in set(asked)}
        both = both.assign(
            source=both["signal"].map({signal: entry.ground[lang] for signal, entry in entries.items()}),
            step=both["signal"].map({signal: entry.step.get(lang, "") for signal, entry in entries.items()}),
            role_name=[names[pair] for pair in asked],
        )
        return both.sort_values("place", kind="stable").reset_index(drop=True)

    def _questions(self, pupils: pd.DataFrame) -> pd.DataFrame:
        """Questions in the order of the list, with the limits that an answer must keep."""
        asked = self.run.questions.drop(columns=["class_id", "school_id"])
        asked = asked.rename(columns={"ask": "role", "ask_name": "role_name", "order": "rank"})
        factors = {f: self.catalogue.factors[f] for f in asked["factor"].unique()}
        units = {f: factor.unit[self.run.lang] for f, factor in factors.items()}
        limits = {
            f: factor.range for f, factor in factors.items() if factor.range and factor.kind in ("count", "number")
        }
        asked = asked.assign(
            unit=asked["factor"].map(units),
            low=asked["factor"].map({f: low for f, (low, _) in limits.items()}).astype(float),
            high=asked["factor"].map({f: high for f, (_, high) in limits.items()}).astype(float),
            answer="",
        )
        both = asked.merge(pupils[["pupil_id", "school_id", "shown", "class_id", "order", "place"]], on="pupil_id")
        return both.sort_values(["place", "rank"], kind="stable").reset_index(drop=True)

    def _details(self, pupils: pd.DataFrame) -> pd.DataFrame:
        """Every line of the sum for those on the paper, so that staff can add it up."""
        run = self.run
        some = run.factors[run.factors["pupil_id"].isin(set(pupils["pupil_id"]))].reset_index(drop=True)
        if not len(some):
            return pd.DataFrame(
                columns=["pupil_id", "school_id", "shown", "class_id", "kind", "sentence", "contribution"]
            )
        lines = reasons_of(
            run.model, some, run.lang, None, reference=run.peers, catalogue=self.catalogue, strengths=None, details=True,
            evidence=run.evidence,
        )  # fmt: skip
        lines = lines[(lines["line"] == 0) & (lines["kind"] != "rest")]
        totals = pd.DataFrame(
            {"pupil_id": some["pupil_id"], "kind": "total", "sentence": "", "contribution": run.model.log_odds(some)}
        )
        both = pd.concat([lines[["pupil_id", "kind", "sentence", "contribution"]], totals], ignore_index=True)
        order = pd.Series(range(5), index=["base", "risk", "strength", "unknown", "total"])
        both = both.assign(part=both["kind"].map(order)).merge(
            pupils[["pupil_id", "school_id", "shown", "class_id", "place"]], on="pupil_id"
        )
        return both.sort_values(["place", "part"], kind="stable").reset_index(drop=True)

    def _named(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Add the name that people know: from the key file, else the school's own id."""
        names = self._names
        name, own = _looked_up(names["name"], frame["pupil_id"]), _looked_up(names["own_id"], frame["pupil_id"])
        shown = name.where(name.ne(""), own)
        return frame.assign(shown=shown.where(shown.ne(""), frame["pupil_id"].astype(object)))

    def _summary(self, school_id: str) -> dict[str, Any]:
        found = self.run.summary[self.run.summary["school_id"] == school_id]
        counts: dict[str, Any] = (
            {str(name): value for name, value in found.iloc[0].drop("school_id").items()}
            if len(found)
            else dict.fromkeys(("above", "above_low", "above_high", "places", "not_covered"), 0)
        )
        stated = self.policy.places
        given = stated is not None and (isinstance(stated, int) or stated.get(school_id) is not None)
        return counts | {
            "threshold": self.policy.threshold,
            "places_given": given,
            "cut_by": self.policy.cut_by_for(self.run.model),
            "has_local_outcomes": self.run.model.has_local_outcomes,
        }

    def _not_assessed(self) -> pd.DataFrame:
        """Everything that was set aside, with what to mend; by school."""
        assert self.run.records is not None
        report = self.run.records.report
        aside = (report.problems["severity"] == "set_aside").to_numpy()
        words = np.array(report.messages(self.run.lang, where=False), dtype=object)[aside]
        return report.problems.loc[aside].assign(message=words)

    def _notes(self) -> tuple[str, ...]:
        return (self.settings.received(self.run.lang),) if self.settings.expected else ()


def _looked_up(words: pd.Series[Any], ids: pd.Series[Any]) -> pd.Series[Any]:
    """Find each id's words; "" for those that have none. Text stays text even where nothing is found."""
    found = words.astype(object).reindex(ids.to_numpy())
    return pd.Series(found.where(found.notna(), "").to_numpy(dtype=object), index=ids.index, dtype=object)


def expiry(catalogue: Catalogue, as_of: dt.date) -> dt.date:
    """Last day of the semester in which the list was made, or of the coming one between two semesters."""
    return catalogue.calendar.expires(as_of)
