"""What the terminal says of a training: what is suspicious first, then from what, how well, what to know, where it lies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pumpurs_risk.batch.model_folder import CARD
from pumpurs_risk.locale import date_text, number, percent, text
from pumpurs_risk.reports.factor_words import factor_name
from pumpurs_risk.reports.model_account import FEW_LEAVERS
from pumpurs_risk.reports.model_facts import SHOWN_DIGITS

if TYPE_CHECKING:
    from pumpurs_risk.batch.training import MadeModel

SAME_RANKING = 0.98
"""Rank correlation with and without the support given, below which the order of pupils counts as another."""


def training_lines(made: MadeModel, lang: str) -> list[str]:
    """Say it in a person's language, one line each."""
    told = _Told(made, lang)
    return [*told.suspicious(), *told.history(), *told.doubts(), *told.how_good(), *told.folder()]


class _Told:
    def __init__(self, made: MadeModel, lang: str) -> None:
        self.made, self.lang = made, lang
        training = made.model.training
        assert training is not None
        self.training = training

    def suspicious(self) -> list[str]:
        return [
            text(
                f"evaluation.suspicious.{row['sign']}", self.lang, factor=self.leaking(row),
                auroc=number(100 * row["auroc"], self.lang), rows=number(row["rows"], self.lang),
                leavers=number(row["leavers"], self.lang),
            )
            for row in self.made.counted.suspicious
        ]  # fmt: skip

    def leaking(self, row: dict[str, Any]) -> str:
        """Name of a factor that knows too much, with the school or class where it does."""
        name, level = self.factor(str(row["factor"])), str(row.get("level") or "")
        return f"{name} ({level})" if level else name

    def history(self) -> list[str]:
        past, training = self.made.past, self.training
        used = {dt.date.fromisoformat(day) for day in training.as_of}
        unused = [day for day in past.days if day not in used]
        lines = [self.say("made")] if past.made else []
        lines.append(self.say("days_assumed" if past.days_assumed else "days_given", days=self.days(sorted(used))))
        if unused:
            horizon = self.say(f"horizon_genitive.{self.made.model.horizon}")
            lines.append(self.say("days_unused", days=self.days(unused), horizon=horizon))
        left = self.say("left", count=training.leavers, n=self.number(training.leavers))
        whole = training.rows + training.rows_without_outcome
        lines.append(
            self.say(
                "learned", rows=self.number(training.rows), pupils=self.number(training.pupils), left=left,
                without=self.number(training.rows_without_outcome),
                share=percent(training.rows_without_outcome / whole, self.lang),
            )
        )  # fmt: skip
        return lines

    def doubts(self) -> list[str]:
        """What a person should know before using the model."""
        training, counted = self.training, self.made.counted
        prior = training.prior or "–"
        lines = []
        if not counted.one_row_each:
            lines.append(self.say("two_rows"))
        if training.leavers < FEW_LEAVERS:
            lines.append(self.say("few", needed=FEW_LEAVERS, prior=prior))
        if len(counted.leavers_by_school) == 1 and training.leavers > 1 and training.schools > 1:
            school = next(iter(counted.leavers_by_school))
            lines.append(self.say("one_school", school=self.made.past.titles.get(school) or school))
        for key, factors in (
            ("conflict", training.conflict),
            ("freed", training.freed),
            ("protected", training.protected),
        ):
            if factors:
                lines.append(self.say(key, factors=", ".join(map(self.factor, factors)), prior=prior))
        return [*lines, *self.supported()]

    def supported(self) -> list[str]:
        training = self.training
        if training.ranking_with_design is not None:
            key = "ranking_same" if training.ranking_with_design >= SAME_RANKING else "ranking_changes"
            return [self.say(key, share=number(training.ranking_with_design, self.lang, 2))]
        if training.rows_with_support:
            return [self.say("support", rows=self.number(training.rows_with_support))]
        return []

    def how_good(self) -> list[str]:
        judged, horizon = self.made.judged, self.made.model.horizon
        lines = []
        if (missing := self.made.counted.two_years_missing) is not None:
            lines.append(self.say("two_years_missing", because=missing.message(self.lang)))
        elif self.made.model.two_years is not None:
            lines.append(self.say("two_years"))
        if judged.evaluation is None:
            return [*lines, self.say("failed", because=judged.because(self.lang))]
        known = judged.by == "later"
        lines.append(
            self.say("later", train=self.days(judged.train), test=self.days(judged.test))
            if known
            else self.say("folds", horizon=self.say(f"horizon.{horizon}"))
        )
        leaks = len(judged.evaluation.suspicious)
        said = judged.evaluation.sentences(self.lang)
        return [*lines, said[0], *(f"  - {sentence}" for sentence in said[1 + leaks :])]

    def folder(self) -> list[str]:
        made, card = self.made, self.made.folder / CARD
        lines = [self.say("paper_failed", paper=paper) for paper in made.failures]
        if made.earlier is not None:
            digest = made.earlier.digest[:SHOWN_DIGITS]
            lines.append(self.say("supersedes", digest=digest, folder=made.earlier.folder))
        if (refused := made.counted.summary_refused) is not None:
            lines.append(self.say("not_shared", because=refused.message(self.lang)))
        elif (made.folder / "summary.json").is_file():
            lines.append(self.say("shared", path=made.folder / "summary.json"))
        lines += [self.say("written", folder=made.folder), *(f"  {path}" for path in sorted(made.folder.iterdir()))]
        approved = bool(made.facts.card.approved_by)
        lines.append(self.say("approval_other" if approved else "approval_needed", card=card))
        return [*lines, self.say("score", folder=made.folder)]

    def factor(self, factor: str) -> str:
        return factor_name(factor, self.made.past.catalogue, self.lang)

    def days(self, days: Iterable[dt.date]) -> str:
        return ", ".join(date_text(day, self.lang) for day in days)

    def number(self, n: float) -> str:
        return number(n, self.lang)

    def say(self, key: str, /, **params: Any) -> str:
        return text(f"training.{key}", self.lang, **params)
