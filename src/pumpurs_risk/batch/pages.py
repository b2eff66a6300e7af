"""What a run tells each audience on a page, filtered before it is handed on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.batch.papers import SAID_BY_WHY, PaperMaker, expiry, looked_up
from pumpurs_risk.catalogue import Audience
from pumpurs_risk.explanation.placeholders import role_name
from pumpurs_risk.flags.next_step import DUE_AFTER, next_steps
from pumpurs_risk.locale import text
from pumpurs_risk.reports.paper import REPORT_PATTERN_COLUMNS, REPORT_PUPIL_COLUMNS, SchoolReport

if TYPE_CHECKING:
    from pumpurs_risk.batch.run import Run
    from pumpurs_risk.catalogue import Catalogue

BANDS = (0.05, 0.10, 0.20, 0.40)
"""Where the bands of a risk begin that is not told exactly (own default: wide enough that an interval seldom crosses two)."""
NEUTRAL_ROLE = "social_pedagogue"
"""Who coordinates where the readers may not see why."""
_NUMBERS = ("base", "rest", "total")


@dataclass(frozen=True)
class PageMaker:
    """Gives every school's page for one audience.

    Parameters
    ----------
    papers : PaperMaker
        The run's papers: pupils, reasons, signals, questions with their names.
    audience : Audience
        Who reads the pages.
    plans : mapping of str to str, optional
        By pupil, the state of the support plan in words.
    """

    papers: PaperMaker
    audience: Audience
    plans: dict[str, str] | None = None

    @property
    def run(self) -> Run:
        """The scored semester."""
        return self.papers.run

    @property
    def catalogue(self) -> Catalogue:
        """Words."""
        return self.papers.catalogue

    def reports(self) -> Iterator[SchoolReport]:
        """Give one page per school, or per class where the audience sees one class alone; schools as they are sorted."""
        for school in self.run.schools.itertuples(index=False):
            whole = self._school(school)
            if not self.audience.class_only:
                yield whole
                continue
            for class_id, pupils in whole.pupils.groupby("class_id", sort=True):
                yield self._class(whole, str(class_id), pupils)

    def _school(self, school: Any) -> SchoolReport:
        run, papers = self.run, self.papers
        pupils = self.pupils[self.pupils["school_id"] == school.school_id]
        mine = set(pupils["pupil_id"])
        semester = self.catalogue.calendar.semester_of(run.as_of) or ""
        patterns, missing = self._patterns, papers.missing
        changes = self._changes
        return SchoolReport(
            audience=self.audience.id,
            school_id=str(school.school_id),
            title=str(school.title or school.school_id),
            municipality=str(school.municipality or papers.settings.municipality or ""),
            as_of=run.as_of,
            expires=expiry(self.catalogue, run.as_of),
            semester=semester,
            run=papers.name,
            lang=run.lang,
            summary=papers.summary(str(school.school_id)),
            learner="trainee" if school.programme == "vocational" else "pupil",
            notes=papers.notes,
            numbers=self.audience.numbers,
            pupils=pupils[list(REPORT_PUPIL_COLUMNS)].reset_index(drop=True),
            reasons=_of(self._reasons, mine),
            what_if=_of(self._what_if, mine),
            questions=_of(self._questions, mine),
            signals=_of(self._signals, mine),
            trend=_of(self._trend, mine),
            patterns=patterns.loc[patterns["school_id"] == school.school_id, list(REPORT_PATTERN_COLUMNS)],
            changes=changes[changes["school_id"] == school.school_id].drop(columns="school_id"),
            missing=missing.loc[
                (missing["school_id"] == school.school_id) & missing["outcome"].eq(""),
                ["pupil_id", "shown", "class_id", "last_seen"],
            ],
        )

    def _class(self, whole: SchoolReport, class_id: str, pupils: pd.DataFrame) -> SchoolReport:
        mine = set(pupils["pupil_id"])
        by_pupil = ("reasons", "what_if", "questions", "signals", "trend")
        frames: dict[str, Any] = {name: _of(getattr(whole, name), mine) for name in by_pupil}
        own_class = whole.patterns["scope"].eq("class") & whole.patterns["group"].eq(class_id)
        return replace(
            whole,
            group=class_id,
            pupils=pupils.reset_index(drop=True),
            patterns=whole.patterns[own_class | whole.patterns["scope"].eq("school")],
            changes=whole.changes[whole.changes["class_id"].eq(class_id)],
            missing=whole.missing[whole.missing["class_id"].eq(class_id)],
            **frames,
        )

    # ------------------------------------------------------------------ what the audience may see
    @cached_property
    def pupils(self) -> pd.DataFrame:
        """Everyone on paper, as the audience may see them."""
        papers, lang, exact = self.papers, self.run.lang, self.audience.numbers == "full"
        table = papers.pupils.copy()
        programmes = self.run.factors.drop_duplicates("pupil_id").set_index("pupil_id")["programme"]
        table["programme"] = looked_up(programmes, table["pupil_id"])
        table["class_id"] = table["class_id"].fillna("").astype(str)
        table["band"] = band_words(table["risk"], lang) if self.audience.numbers != "none" else ""
        table["per_100"] = (100 * table["risk"]).round() if exact else np.nan
        steps = self._steps.drop_duplicates("pupil_id").set_index("pupil_id")
        for column in ("step", "role_name", "due"):
            table[column] = table["pupil_id"].map(steps[column])
        if not exact:
            table[["risk", "risk_2y"]] = np.nan
        if not self.audience.notes:
            table["note"] = ""
        signs = {s.id: s.name[lang] for s in self.catalogue.signals.values() if self.audience.sees(s)}
        flagged = self.run.flags.set_index("pupil_id")["always_look"]
        hidden = self.audience.neutral("signal", lang)
        joined = {
            ids: "; ".join(dict.fromkeys(signs.get(i, hidden) for i in ids.split(";") if i)) for ids in flagged.unique()
        }
        table["always_look"] = table["pupil_id"].map(flagged).map(joined)
        if not self.audience.sees_everything:
            why = self._why(self.run.changes).set_axis(self.run.changes["pupil_id"])
            table["change_text"] = papers.change_texts(table, why)
        for column in ("change_text", "step", "note"):
            table[column] = self._safe(table[column])
        table["plan"] = [(self.plans or {}).get(pupil, "") for pupil in table["pupil_id"]]
        return table

    @cached_property
    def _seen(self) -> pd.DataFrame:
        return self.audience.filter_reasons(self.papers.told, self.run.lang)

    @cached_property
    def _steps(self) -> pd.DataFrame:
        """Next steps that follow from what the readers see, so that none tells of what they do not see.

        Pupils of whom they see the same get the same step, whatever else is known of them; where all is hidden the step is to get
        in touch with the support staff.
        """
        run, lang, seen = self.run, self.run.lang, self._seen
        if self.audience.sees_everything:
            return run.next_steps
        asked = self.audience.filter_questions(run.questions, lang)
        steps = next_steps(
            self.audience.filter_flags(run.flags), seen, asked, self.catalogue, run.as_of, lang, X=run.factors
        )
        shown = {kind: set(seen.loc[seen["kind"].eq(kind), "pupil_id"]) for kind in ("risk", "hidden")}
        nothing = steps["code"].eq("default") & steps["pupil_id"].isin(shown["hidden"] - shown["risk"])
        rest = run.next_steps[~run.next_steps["pupil_id"].isin(steps.loc[~nothing, "pupil_id"])]
        rest = rest.assign(
            step=self.audience.neutral("step", lang), role=NEUTRAL_ROLE, code=NEUTRAL_ROLE, due=run.as_of + DUE_AFTER,
            role_name=role_name(NEUTRAL_ROLE, None, self.catalogue, lang),
        )  # fmt: skip
        return self.audience.filter_steps(pd.concat([steps[~nothing], rest], ignore_index=True), seen, lang)

    @cached_property
    def _reasons(self) -> pd.DataFrame:
        """Reasons with the names of constructs and factors; numbers only for those who may see them."""
        lang, exact = self.run.lang, self.audience.numbers == "full"
        lines = self._seen
        if exact:
            pupils = self.papers.pupils
            totals = pd.DataFrame(
                {"pupil_id": pupils["pupil_id"], "kind": "total", "rank": 1, "line": 0, "construct": "", "factor": "",
                 "sentence": "", "contribution": pupils["log_odds"]}
            )  # fmt: skip
            lines = pd.concat([lines, totals], ignore_index=True)
        else:
            lines = lines[~lines["kind"].isin(_NUMBERS) & lines["line"].eq(0)].assign(contribution=np.nan)
        constructs = {c: entry.name[lang] for c, entry in self.catalogue.constructs.items()}
        factors = {f: entry.name[lang] for f, entry in self.catalogue.factors.items()}
        by_construct = lines["construct"].map(constructs).fillna(lines["factor"].map(factors)).fillna("")
        by_factor = lines["factor"].map(factors).fillna("")
        return lines.assign(name=by_factor.where(lines["line"] > 0, by_construct))

    @cached_property
    def _what_if(self) -> pd.DataFrame:
        found = self.audience.filter_what_if(self.run.what_if, self.run.lang)
        return found if self.audience.numbers == "full" else found.assign(risk_after=np.nan)

    @cached_property
    def _questions(self) -> pd.DataFrame:
        return self.audience.filter_questions(self.papers.questions, self.run.lang)

    @cached_property
    def _signals(self) -> pd.DataFrame:
        found = self.audience.filter_signals(self.papers.signals, self.run.lang)
        return found if self.audience.notes else found.assign(note="")

    @cached_property
    def _trend(self) -> pd.DataFrame:
        found = self.run.trend.assign(as_of=pd.to_datetime(self.run.trend["as_of"]).dt.date)
        return found if self.audience.numbers == "full" else found.iloc[:0]

    @cached_property
    def _patterns(self) -> pd.DataFrame:
        found = self.audience.filter_patterns(self.run.patterns, self.run.lang)
        names = {factor: self.audience.name_of(factor, self.run.lang) for factor in found["factor"].unique()}
        return found.assign(name=[names[factor] for factor in found["factor"]])

    @cached_property
    def _changes(self) -> pd.DataFrame:
        run = self.run
        named = self.papers.named(run.changes)
        said = {code: text(f"changes.change.{code}", run.lang) for code in named["change"].unique()}
        texts = self._safe(self._why(named))
        words = [
            f"{said[code]}: {why}" if why and code not in SAID_BY_WHY else why or said[code]
            for code, why in zip(named["change"], texts, strict=True)
        ]
        table = named.assign(text=words, class_id=named["class_id"].fillna("").astype(str))
        return table[["school_id", "change", "pupil_id", "shown", "class_id", "text"]]

    def _why(self, changes: pd.DataFrame) -> pd.Series[Any]:
        """Say why a pupil's place changed, as far as the readers may see what it names."""
        seen = changes["sensitivity"].isin(self.audience.rules.sensitivities) | self.audience.sees_everything
        return changes["why"].where(seen, changes["why_plain"])

    def _safe(self, words: pd.Series[Any]) -> list[str]:
        """Leave out texts that would give away what the audience may not see; each distinct text is looked at once."""
        plain = words.where(words.notna(), "").astype(str)
        kept = {said: "" if self.audience.hides(said, self.run.lang) else said for said in plain.unique()}
        return [kept[said] for said in plain]


def band_words(risk: pd.Series[Any], lang: str) -> list[str]:
    """Say about how many of 100 pupils like this are expected to leave within a year, without stating a number exactly.

    Examples
    --------
    >>> band_words(pd.Series([0.02, 0.13]), "en")
    ['fewer than 5 in 100', 'about 10–20 in 100']
    """
    edges = [round(100 * edge) for edge in BANDS]
    words = [text("pages.band.below", lang, high=edges[0])]
    words += [text("pages.band.between", lang, low=low, high=high) for low, high in pairwise(edges)]
    words.append(text("pages.band.above", lang, low=edges[-1]))
    return [words[i] for i in np.digitize(risk, BANDS)]


def _of(frame: pd.DataFrame, pupils: set[str]) -> pd.DataFrame:
    return frame[frame["pupil_id"].isin(pupils)].reset_index(drop=True)
