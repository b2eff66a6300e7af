"""One school's paper, put together from the run's frames."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.errors import RunError
from pumpurs_risk.explanation.placeholders import role_name
from pumpurs_risk.explanation.reasons import reasons as reasons_of
from pumpurs_risk.flags.next_step import due_of
from pumpurs_risk.locale import date_text, text
from pumpurs_risk.reports import SchoolPaper

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from pumpurs_risk.batch.run import Run, RunSettings
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.flags import FlagPolicy


SAID_BY_WHY = ("worse", "same", "better")
"""Changes of which the reason says what they are: the words would stand twice."""


@dataclass(frozen=True)
class PaperMaker:
    """Holds what all papers of a run share.

    Parameters
    ----------
    run : Run
        The scored semester, in memory or opened from disk.
    policy : FlagPolicy
        How the list was cut.
    settings : RunSettings
        Municipality and so on.
    catalogue : Catalogue
        Words.
    name : str
        Short name of the run, for footers.
    names : pandas.DataFrame, optional
        ``pupil_id``, ``name``, ``own_id``: what people know pupils by. Without it pupils are called by the school's own id.
    """

    run: Run
    policy: FlagPolicy
    settings: RunSettings
    catalogue: Catalogue
    name: str
    names: pd.DataFrame | None = None

    def papers(self) -> Iterator[SchoolPaper]:
        """Give the paper of every school in turn, schools in the order of their titles."""
        run, pupils = self.run, self.pupils
        parts = {
            "pupils": pupils,
            "details": self._details(),
            "signals": self.signals,
            "questions": self.questions,
            "not_assessed": run.not_assessed,
            "out_of_scope": self.named(run.out_of_scope),
            "added": run.added,
            "missing": self.missing,
        }
        grouped = {
            name: {str(s): part for s, part in frame.groupby("school_id", sort=False)} for name, frame in parts.items()
        }
        for school in run.schools.itertuples(index=False):
            own = {name: grouped[name].get(str(school.school_id), frame.iloc[:0]) for name, frame in parts.items()}
            yield self._paper(school, own)

    def _paper(self, school: Any, own: dict[str, pd.DataFrame]) -> SchoolPaper:
        run, pupils, missing = self.run, own["pupils"], own["missing"]
        pupils = pupils.assign(change=pupils["change_text"])
        section = pupils["section"]
        known = missing["outcome"].ne("")
        return SchoolPaper(
            school_id=str(school.school_id),
            title=str(school.title),
            municipality=str(school.municipality or self.settings.municipality or ""),
            as_of=run.as_of,
            expires=expiry(self.catalogue, run.as_of),
            semester=self.catalogue.calendar.semester_of(run.as_of) or "",
            run=self.name,
            lang=run.lang,
            summary=self.summary(str(school.school_id)),
            listed=pupils[section.isin(("listed", "added"))],
            ask_first=pupils[section.eq("ask_first")],
            not_covered=pupils[section.eq("not_covered")],
            watch=pupils[section.eq("watch")],
            set_aside=pupils[section.eq("set_aside")],
            missing=missing,
            gone=missing[known].assign(text=self._outcome_words(missing.loc[known, "outcome"])),
            uncertain=pupils[pupils["uncertain_cut"]],
            questions=own["questions"],
            signals=own["signals"],
            details=own["details"][own["details"]["pupil_id"].isin(pupils.loc[section.ne("signal"), "pupil_id"])],
            not_assessed=own["not_assessed"],
            out_of_scope=own["out_of_scope"],
            added=own["added"],
            learner="trainee" if school.programme == "vocational" else "pupil",
            notes=(*self.notes, *self._shared(str(school.school_id))),
        )

    def _shared(self, school_id: str) -> list[str]:
        """Say what a class, subject or the school has in common, and one step for all of them: before any name."""
        found = self.run.patterns[self.run.patterns["school_id"] == school_id]
        columns = (found[name].tolist() for name in ("sentence", "proposal", "role_name", "due"))
        return [
            text("workbook.top.shared", self.run.lang, sentence=sentence, proposal=proposal, role=role,
                 due=date_text(dt.date.fromisoformat(str(due)[:10]), self.run.lang))
            for sentence, proposal, role, due in zip(*columns, strict=True)
        ]  # fmt: skip

    @cached_property
    def pupils(self) -> pd.DataFrame:
        """Everyone who may stand on a paper, with name, reasons and next step; sorted by school and order."""
        run = self.run
        some = run.flags[on_paper(run.flags)]
        risks = run.reasons[(run.reasons["kind"] == "risk") & (run.reasons["line"] == 0)]
        table = self.named(some)
        for rank in (1, 2):
            sentences = risks[risks["rank"] == rank].set_index("pupil_id")["sentence"]
            table[f"reason_{rank}"] = looked_up(sentences, table["pupil_id"])
        steps = run.next_steps.set_index("pupil_id")
        for column in ("step", "role_name", "due"):
            table[column] = table["pupil_id"].map(steps[column])
        decided = run.decisions.set_index("pupil_id")
        for column in ("decision", "note"):
            table[column] = looked_up(decided[column], table["pupil_id"])
        names = {signal.id: signal.name[run.lang] for signal in self.catalogue.signals.values()}
        joined = {ids: "; ".join(names.get(i, i) for i in ids.split(";") if i) for ids in table["always_look"].unique()}
        table["always_look"] = table["always_look"].map(joined)
        table["section"] = sections(table)
        table["change"] = looked_up(run.changes.set_index("pupil_id")["change"], table["pupil_id"])
        table["change_text"] = self.change_texts(table)
        table["why"] = looked_up(run.changes.set_index("pupil_id")["why"], table["pupil_id"])
        table = table.sort_values(["school_id", "order"], kind="stable").reset_index(drop=True)
        return table.assign(place=range(len(table)))

    def change_texts(self, table: pd.DataFrame, why: pd.Series[Any] | None = None) -> list[str]:
        """Say of every pupil what changed since the last list, with the reason where there is one.

        Parameters
        ----------
        table : pandas.DataFrame
            With ``pupil_id`` and the code ``change``.
        why : pandas.Series, optional
            By pupil, the reason as the readers may see it; in full by default.
        """
        told = self.run.changes.set_index("pupil_id")["why"] if why is None else why
        because = looked_up(told, table["pupil_id"])
        said = {
            code: text(f"changes.change.{code}", self.run.lang) if code else "" for code in table["change"].unique()
        }
        both = zip(table["change"], because, strict=True)
        return [f"{said[c]}: {reason}" if reason and c not in SAID_BY_WHY else reason or said[c] for c, reason in both]

    def _outcome_words(self, outcomes: pd.Series[Any]) -> list[str]:
        return [text(f"workbook.outcome.{outcome}", self.run.lang) for outcome in outcomes]

    @cached_property
    def missing(self) -> pd.DataFrame:
        """Who is on no roster now, with the day on which the last list had them."""
        missing = self.named(self.run.missing)
        return missing.assign(last_seen=pd.to_datetime(missing["last_seen"]).dt.date)

    @cached_property
    def signals(self) -> pd.DataFrame:
        """Always-look signals with the step that each asks for, in the order of the list."""
        run, lang, pupils = self.run, self.run.lang, self.pupils
        programmes = run.factors.set_index("pupil_id")["programme"]
        both = run.signals.merge(
            pupils[["pupil_id", "school_id", "shown", "class_id", "decision", "note", "place"]], on="pupil_id"
        )
        entries = self.catalogue.signals
        asked = list(zip(both["role"], both["pupil_id"].map(programmes).fillna(""), strict=True))
        names = {pair: role_name(*pair, self.catalogue, lang) if pair[0] else "" for pair in set(asked)}
        both = both.assign(
            source=both["signal"].map({signal: entry.ground[lang] for signal, entry in entries.items()}),
            step=both["signal"].map({signal: entry.step.get(lang, "") for signal, entry in entries.items()}),
            role_name=[names[pair] for pair in asked],
            due=both["signal"].map({signal: due_of(entry, run.as_of) for signal, entry in entries.items()}),
        )
        return both.sort_values("place", kind="stable").reset_index(drop=True)

    @cached_property
    def questions(self) -> pd.DataFrame:
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
        pupils = self.pupils[["pupil_id", "school_id", "shown", "class_id", "order", "place"]]
        both = asked.merge(pupils, on="pupil_id")
        return both.sort_values(["place", "rank"], kind="stable").reset_index(drop=True)

    @cached_property
    def told(self) -> pd.DataFrame:
        """Every line of the sum for those on paper, as `pumpurs_risk.explanation.reasons` gives it with details."""
        run = self.run
        some = run.factors[run.factors["pupil_id"].isin(set(self.pupils["pupil_id"]))].reset_index(drop=True)
        return reasons_of(
            run.model, some, run.lang, None, reference=run.peers, catalogue=self.catalogue, strengths=None, details=True,
            evidence=run.evidence,
        )  # fmt: skip

    def _details(self) -> pd.DataFrame:
        """Every line of the sum for those on the paper, so that staff can add it up."""
        pupils = self.pupils
        lines = self.told[(self.told["line"] == 0) & (self.told["kind"] != "rest")]
        totals = pd.DataFrame(
            {"pupil_id": pupils["pupil_id"], "kind": "total", "sentence": "", "contribution": pupils["log_odds"]}
        )
        both = pd.concat([lines[["pupil_id", "kind", "sentence", "contribution"]], totals], ignore_index=True)
        order = pd.Series(range(5), index=["base", "risk", "strength", "unknown", "total"])
        both = both.assign(part=both["kind"].map(order)).merge(
            pupils[["pupil_id", "school_id", "shown", "class_id", "place"]], on="pupil_id"
        )
        return both.sort_values(["place", "part"], kind="stable").reset_index(drop=True)

    def named(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Add what people know a pupil by: the name from the key file, else the school's own id."""
        shown = own_id(frame)
        if self.names is not None:
            names = self.names.drop_duplicates("pupil_id").set_index("pupil_id")
            for known in (names["own_id"], names["name"]):
                words = looked_up(known, frame["pupil_id"])
                shown = words.where(words.ne(""), shown)
        return frame.assign(shown=shown)

    def summary(self, school_id: str) -> dict[str, Any]:
        """Count one school's pupils, and say how its list was cut."""
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

    @property
    def notes(self) -> tuple[str, ...]:
        """Lines that stand on every paper below the first."""
        received = (self.settings.received(self.run.lang),) if self.settings.expected else ()
        return (*received, *self.settings.notes)


def maker_of(run: Run, catalogue: Catalogue | None = None, names: pd.DataFrame | None = None) -> PaperMaker:
    """Make the papers of a finished run again, as its run.json says that they were cut.

    Parameters
    ----------
    run : Run
        Opened from disk, or written.
    catalogue : Catalogue, optional
        The one that the run was made with; the shipped one by default.
    names : pandas.DataFrame, optional
        ``pupil_id``, ``name``, ``own_id``.

    Returns
    -------
    PaperMaker

    Raises
    ------
    RunError
        If the run was never written.
    """
    from pumpurs_risk.batch.run import RunSettings
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.flags import FlagPolicy

    if run.manifest is None or run.path is None:
        raise RunError("run_in_memory")
    stated = run.manifest.settings
    places = stated.get("places")
    policy = FlagPolicy(
        threshold=stated["threshold"],
        cut_by=stated["cut_by"],
        places=places if isinstance(places, int) else places or None,
    )
    return PaperMaker(run, policy, RunSettings.of(run.manifest), catalogue or Catalogue.load(), run.path.name, names)


def on_paper(flags: pd.DataFrame) -> pd.Series[bool]:
    """Say who may stand on a paper: everyone with a tier or a sign, above the threshold, near the cut, or named by staff."""
    named = flags["added"] | flags["set_aside"]
    return flags["tier"].ne("none") | flags["always_look"].ne("") | flags["above"] | flags["uncertain_cut"] | named


def sections(flags: pd.DataFrame) -> NDArray[np.object_]:
    """Say in which part of a paper each pupil stands; everyone stands in one."""
    listed = flags["listed"].to_numpy(bool)
    order = {
        "listed": listed,
        "set_aside": flags["set_aside"].to_numpy(bool),
        "added": flags["added"].to_numpy(bool),
        "ask_first": flags["tier"].eq("ask_first").to_numpy(),
        "not_covered": flags["above"].to_numpy(bool),
        "watch": flags["tier"].eq("watch").to_numpy(),
    }
    return np.select(list(order.values()), list(order), "signal").astype(object)


def looked_up(words: pd.Series[Any], ids: pd.Series[Any]) -> pd.Series[Any]:
    """Find each id's words; "" for those that have none. Text stays text even where nothing is found."""
    found = words.astype(object).reindex(ids.to_numpy())
    return pd.Series(found.where(found.notna(), "").to_numpy(dtype=object), index=ids.index, dtype=object)


def own_id(frame: pd.DataFrame) -> pd.Series[Any]:
    """Give the id that the school itself uses: without the school before it, which makes ids of several schools differ.

    Examples
    --------
    >>> own_id(pd.DataFrame({"pupil_id": ["kalvene:07", "08"], "school_id": ["kalvene", "kalvene"]})).tolist()
    ['07', '08']
    """
    starts = (frame["school_id"].astype(object) + ":").to_numpy()
    ids = frame["pupil_id"].to_numpy(dtype=object)
    own = [i.removeprefix(start) for i, start in zip(ids, starts, strict=True)]
    return pd.Series(own, index=frame.index, dtype=object)


def expiry(catalogue: Catalogue, as_of: dt.date) -> dt.date:
    """Last day of the semester in which the list was made, or of the coming one between two semesters."""
    return catalogue.calendar.expires(as_of)
