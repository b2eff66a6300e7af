"""What a model's card and its technical documentation say alike: origin, figures, groups, factors, uses, limits."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

from pumpurs_risk.locale import date_text, number, percent, text
from pumpurs_risk.locale.texts import has_text
from pumpurs_risk.reports.evaluation_page import figure_rows, group_rows
from pumpurs_risk.reports.explain_model_page import is_made, origin_sentences, use_texts
from pumpurs_risk.reports.factor_words import factor_name, odds_text
from pumpurs_risk.reports.markdown import plain
from pumpurs_risk.reports.model_facts import SHOWN_DIGITS
from pumpurs_risk.reports.shape_pictures import importance

if TYPE_CHECKING:
    from pumpurs_risk.model.parts import Pooling, Training
    from pumpurs_risk.reports.model_facts import ModelFacts

FEW_LEAVERS = 30
"""Distinct leavers below which factors have no widths of their own, and the model is mostly its prior."""
Rows = list[list[str]]
_COUNTED = re.compile(r"^\d+ pupils(, \d+ schools)?(; )?")


class ModelAccount:
    """Answers about one model, in one language.

    Parameters
    ----------
    facts : ModelFacts
        What is known.
    lang : {"lv", "en"}
        The reader's language.
    """

    def __init__(self, facts: ModelFacts, lang: str) -> None:
        self.facts, self.lang = facts, lang
        self.model = facts.model

    @property
    def made(self) -> bool:
        """Whether the data are known to be made up."""
        return is_made(self.model)

    def one_sentence(self) -> str:
        """The verdict, or what there is instead of one; a factor that knows too much comes before either."""
        if self.facts.evaluation is not None:
            said = str(self.facts.evaluation["sentences"][self.lang][0])
        else:
            said = " ".join(origin_sentences(self.model, self.lang)) or self.judged()
        return " ".join(part for part in (self.suspicious(), said) if part)

    def who(self) -> Rows:
        """Version, owner, approval; what is missing is said to be."""
        card, digest = self.facts.card, self.facts.digest
        training = self.model.training
        missing = self.say("who.to_fill")
        rows = [[self.say("who.version"), f"`{digest[:SHOWN_DIGITS]}`"]]
        if training is not None and training.supersedes:
            rows.append([self.say("who.supersedes"), f"`{training.supersedes[:SHOWN_DIGITS]}`"])
        if self.facts.made_on is not None:
            rows.append([self.say("who.made_on"), date_text(self.facts.made_on, self.lang)])
        rows.append([self.say("who.owner"), plain(card.owner) or missing])
        rows.append([self.say("who.contact"), plain(card.contact) or missing])
        rows.append([self.say("who.approved"), self.approval()])
        if card.notes:
            rows.append([self.say("who.notes"), plain(card.notes)])
        return rows

    def approval(self) -> str:
        """Who approved which version: an approval belongs to one digest."""
        card = self.facts.card
        if not card.approved_by:
            return self.say("who.not_approved")
        on = plain(self._day(card.approved_on)) or self.say("who.no_date")
        stated: dict[str, Any] = {"by": plain(card.approved_by), "on": on}
        if card.approves(self.facts.digest):
            return self.say("who.approved_this", **stated)
        return self.say("who.approved_other", version=f"`{plain(card.approved_version)}`", **stated)

    def horizon(self) -> str:
        """How far ahead the model looks."""
        key = f"explain_model.horizon.{self.model.horizon}"
        return text(key, self.lang) if has_text(key, self.lang) else self.model.horizon

    def what(self) -> list[str]:
        """What kind of model it is."""
        later = "what.two_years" if self.model.two_years is not None else "what.no_two_years"
        return [
            self.say("what.form"), self.say("what.horizon", horizon=self.horizon()),
            *([self.say(later)] if self.model.horizon == "1y" else []), self.say("what.unknown"),
        ]  # fmt: skip

    def learned(self) -> Rows:
        """Counts of the training, or of the pool."""
        rows: Rows = []
        if self.model.training is not None:
            rows += self._trained(self.model.training)
        if self.model.two_years is not None and self.model.two_years.training is not None:
            rows += self._second(self.model.two_years.training)
        if self.model.pooling is not None:
            rows += self._pooled(self.model.pooling)
        return rows

    def _trained(self, training: Training) -> Rows:
        def count(n: float) -> str:
            return number(n, self.lang)

        width = self.say(f"width_by.{training.width_by}", width=number(training.width, self.lang, 2))
        rows = [
            ["rows", count(training.rows)], ["without", count(training.rows_without_outcome)],
            ["pupils", count(training.pupils)], ["leavers", count(training.leavers)], ["schools", count(training.schools)],
            ["days", ", ".join(self._day(day) for day in training.as_of)], ["place", self.place()],
            ["weight", count(training.weight)], ["prior", training.prior or self.say("none")], ["width", width],
            ["support", self.say("unknown") if training.rows_with_support is None else count(training.rows_with_support)],
            ["design", ", ".join(training.design)], ["conflict", self._factors(training.conflict)],
            ["freed", self._factors(training.freed)], ["protected", self._factors(training.protected)],
            ["left_out", ", ".join(name for name in training.left_out if name not in self._beside)],
        ]  # fmt: skip
        return [[self.say(f"learned.{key}"), said or self.say("none")] for key, said in rows]

    @property
    def _beside(self) -> set[str]:
        """Columns that place a row; that they are no factors needs no saying, and some of them are used."""
        return {"pupil_id", "as_of", *self.facts.catalogue.context}

    def _second(self, training: Training) -> Rows:
        """Counts of the curves for two years."""
        width = self.say(f"width_by.{training.width_by}", width=number(training.width, self.lang, 2))
        return [
            [self.say("learned.two_years_rows"), number(training.rows, self.lang)],
            [self.say("learned.two_years_leavers"), number(training.leavers, self.lang)],
            [self.say("learned.two_years_width"), width],
        ]

    def _pooled(self, pooling: Pooling) -> Rows:
        distances = ", ".join(
            f"{plain(member)}: {number(far, self.lang, 1)}"
            for member, far in zip(pooling.members, pooling.distances, strict=True)
        )
        return [
            [self.say("learned.pooled"), ", ".join(map(plain, pooling.members))],
            [self.say("learned.leavers"), self.say("at_least", n=number(sum(pooling.leavers), self.lang))],
            [self.say("learned.between"), number(pooling.between_sd, self.lang, 2)],
            [self.say("learned.distances"), distances],
        ]

    def place(self) -> str:
        """Where the pupils are from, without the counts that the scorer puts before it."""
        return plain(_COUNTED.sub("", self.model.provenance.population))

    def judged(self) -> str:
        """How the model was tested, or why it was not."""
        if self.facts.judged_by == "failed":
            said = self.say("good.failed", because=plain(self.facts.failed_because))
        else:
            said = self.say(f"good.{self.facts.judged_by}")
        two_years = self.model.two_years is not None and self.model.two_years.training is not None
        return f"{said} {self.say('good.two_years')}" if two_years else said

    def suspicious(self) -> str:
        """Factors that know too much, to be named before anything else; empty if the verdict says so, or there are none."""
        evaluation, training = self.facts.evaluation, self.model.training
        if evaluation is not None and evaluation["verdict"] == "suspicious":
            return ""
        found = [str(row["factor"]) for row in evaluation["suspicious"]] if evaluation is not None else []
        found += training.suspicious if training is not None else ()
        return self.say("suspicious", factors=self._factors(tuple(dict.fromkeys(found)))) if found else ""

    def sentences(self) -> list[str]:
        """The evaluation in words; empty without one."""
        return [] if self.facts.evaluation is None else list(self.facts.evaluation["sentences"][self.lang])

    def figures(self) -> Rows:
        """Figures of the model with intervals."""
        return [] if self.facts.evaluation is None else figure_rows(self.facts.evaluation, self.lang)

    def groups(self) -> Rows:
        """Figures by group of pupils."""
        if self.facts.evaluation is None or not self.facts.evaluation["groups"]:
            return []
        return group_rows(self.facts.evaluation["groups"], self.lang)

    def factors(self) -> Rows:
        """Factors, those first that tell pupils apart the most."""
        shapes = {shape.factor: shape for shape in self.model.shapes}
        rows = []
        for factor, sd in importance(self.model).items():
            shape = shapes[factor]
            low, high = odds_text(min(shape.values), self.lang), odds_text(max(shape.values), self.lang)
            named = plain(factor_name(factor, self.facts.catalogue, self.lang))
            rows.append(
                [
                    f"{named} (`{factor}`)",
                    number(sd, self.lang, 2),
                    f"{low} – {high}",
                    odds_text(shape.unknown, self.lang),
                ]
            )
        return rows

    def intended(self) -> list[str]:
        """Uses that the model and its owner intend."""
        own = self.facts.card.intended_uses
        return [plain(use) for use in [*use_texts(self.model.provenance.intended_uses, self.lang), *own]]

    def forbidden(self) -> list[str]:
        """Uses that the model and its owner forbid."""
        own = self.facts.card.forbidden_uses
        return [plain(use) for use in [*use_texts(self.model.provenance.forbidden_uses, self.lang), *own]]

    def limits(self) -> list[str]:
        """What always limits such a model, and what limits this one."""
        training = self.model.training
        said = []
        if training is not None and training.leavers < FEW_LEAVERS:
            leavers = self.say("leavers", count=training.leavers, n=number(training.leavers, self.lang))
            said.append(self.say("limits.few", leavers=leavers))
        if training is not None and training.rows_with_support:
            said.append(self.say("limits.supported"))
        if not self.model.has_local_outcomes:
            said.append(self.say("limits.published"))
        return [*said, *(self.say(f"limits.{key}") for key in ("person", "effect", "helps", "elsewhere"))]

    def missing_share(self) -> str:
        """Share of the training rows whose outcome is not known."""
        training = self.model.training
        if training is None or not training.rows + training.rows_without_outcome:
            return self.say("unknown")
        return percent(training.rows_without_outcome / (training.rows + training.rows_without_outcome), self.lang)

    def say(self, key: str, /, **params: Any) -> str:
        """Text of the card."""
        return text(f"model_card.{key}", self.lang, **params)

    def _factors(self, factors: tuple[str, ...]) -> str:
        return ", ".join(plain(factor_name(factor, self.facts.catalogue, self.lang)) for factor in factors)

    def _day(self, day: str) -> str:
        try:
            return date_text(dt.date.fromisoformat(day), self.lang)
        except ValueError:
            return day
