"""TECHNICAL_DOCUMENTATION.md, in the order of Annex IV of the AI Act: what was measured is said, the rest is left to people."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pumpurs_risk.locale import number, text
from pumpurs_risk.reports.explain_model_page import origin_sentences
from pumpurs_risk.reports.factor_words import factor_name
from pumpurs_risk.reports.markdown import blank, bullets, plain, table
from pumpurs_risk.reports.model_account import ModelAccount
from pumpurs_risk.reports.model_card import figures_table, groups_part
from pumpurs_risk.reports.model_facts import SHOWN_DIGITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pumpurs_risk.reports.model_facts import ModelFacts


def technical_documentation(facts: ModelFacts, lang: str = "lv", *, groups_said: Sequence[str] = ()) -> str:
    """Write the documentation in Markdown.

    Parameters
    ----------
    facts : ModelFacts
        The model, its evaluation and its owner.
    lang : {"lv", "en"}
        The reader's language.
    groups_said : sequence of str
        Sentences about groups of pupils, in that language.

    Returns
    -------
    str
        Nine sections; ``[ ]`` marks what only people can fill in, and who.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> from pumpurs_risk.model import load_model
    >>> from pumpurs_risk.reports.model_facts import ModelFacts, OwnerCard
    >>> facts = ModelFacts(load_model("literature-prior"), "ab" * 32, OwnerCard(), Catalogue.load())
    >>> written = technical_documentation(facts, "en")
    >>> [line[3:4] for line in written.splitlines() if line.startswith("## ")]
    ['1', '2', '3', '4', '5', '6', '7', '8', '9']
    """
    return _Documentation(facts, lang, groups_said).written()


class _Documentation:
    def __init__(self, facts: ModelFacts, lang: str, groups_said: Sequence[str]) -> None:
        self.facts, self.lang, self.groups_said = facts, lang, groups_said
        self.model = facts.model
        self.account = ModelAccount(facts, lang)

    def written(self) -> str:
        lines = [f"# {self.say('title', name=plain(self.model.name))}", "", self.say("intro"), ""]
        if self.account.made:
            lines += [self.account.say("made"), ""]
        parts = (
            self.general, self.development, self.functioning, self.metrics, self.risks, self.changes, self.standards,
            self.declaration, self.monitoring,
        )  # fmt: skip
        for at, part in enumerate(parts, start=1):
            lines += [f"## {self.say(f's{at}.heading')}", "", *part()]
        return "\n".join(lines).rstrip() + "\n"

    def general(self) -> list[str]:
        python = ".".join(map(str, sys.version_info[:2]))
        return [
            self.say("s1.purpose"), "", *bullets(self.account.intended()), self.account.say("uses.forbidden"), "",
            *bullets(self.account.forbidden()), self.say("s1.version"), "",
            *table([self.account.say("who.what"), self.account.say("who.said")], self.account.who()),
            *self.paragraphs("s1", ("interaction",)),
            self.say("s1.software", version=version("pumpurs-risk"), python=python), "",
            *self.paragraphs("s1", ("forms", "hardware", "interface", "instructions")),
            *self.blanks("s1", provider="blank_provider"), *self.blanks("s1", provider="blank_product"),
        ]  # fmt: skip

    def development(self) -> list[str]:
        training = self.model.training
        prior = (training.prior if training is not None else "") or self.account.say("none")
        rows = number(training.rows if training is not None else 0, self.lang)
        lines = [self.say("s2.methods", prior=plain(prior)), "", *self.paragraphs("s2", ("logic", "tradeoff"))]
        lines += [self.say("s2.architecture", rows=rows), "", self.say("factors", n=len(self.model.shapes)), ""]
        lines += [self.say("s2.data"), "", *self._data()]
        lines += [self.say("s2.labels", horizon=self.account.horizon(), missing=self.account.missing_share()), ""]
        lines += [*self.paragraphs("s2", ("cleaning",)), *self.blanks("s2", data="blank_data")]
        lines += [*self.paragraphs("s2", ("oversight",)), *self.blanks("s2", head="blank_oversight")]
        lines += [*self.paragraphs("s2", ("changes",)), self.say("s2.testing"), "", self.account.judged(), ""]
        lines += figures_table(self.account) if self.facts.evaluation is not None else []
        lines += [*self.blanks("s2", owner="blank_signed"), *self.paragraphs("s2", ("security",))]
        return [*lines, *self.blanks("s2", it="blank_security")]

    def _data(self) -> list[str]:
        rows = self.account.learned()
        if not rows:
            return [" ".join(origin_sentences(self.model, self.lang)) or self.say("s2.no_data"), ""]
        return table([self.account.say("learned.count"), self.account.say("learned.value")], rows)

    def functioning(self) -> list[str]:
        return [
            self.say("s3.can"), "", *bullets([*self.account.sentences(), *self.account.limits()]), self.say("s3.groups"), "",
            *groups_part(self.account, self.groups_said), *self.paragraphs("s3", ("unintended", "oversight", "input")),
            *self.blanks("s3", data="blank_rights"),
        ]  # fmt: skip

    def metrics(self) -> list[str]:
        return self.paragraphs("s4", ("why", "beside"))

    def risks(self) -> list[str]:
        found = self._found() or [self.say("s5.nothing")]
        return [
            *self.paragraphs("s5", ("built", "found")), *bullets(found), *self.blanks("s5", provider="blank_risk"),
        ]  # fmt: skip

    def _found(self) -> list[str]:
        training, evaluation = self.model.training, self.facts.evaluation
        said = []
        if evaluation is not None and evaluation["suspicious"]:
            said.append(
                self.say("s5.suspicious", factors=self.named(row["factor"] for row in evaluation["suspicious"]))
            )
        if training is None:
            return said
        if training.conflict:
            said.append(self.say("s5.conflict", factors=self.named(training.conflict)))
        if training.freed:
            said.append(self.say("s5.freed", factors=self.named(training.freed)))
        if training.rows_with_support:
            said.append(self.say("s5.support", rows=number(training.rows_with_support, self.lang)))
        if training.ranking_with_design is not None:
            said.append(self.say("s5.ranking", share=number(training.ranking_with_design, self.lang, 3)))
        return said

    def changes(self) -> list[str]:
        training = self.model.training
        before = training.supersedes if training is not None else ""
        lines = [self.say("s6.later", digest=f"`{before[:SHOWN_DIGITS]}`") if before else self.say("s6.first"), ""]
        if self.model.provenance.notes:
            lines += [self.say("s6.notes"), "", *bullets(map(plain, self.model.provenance.notes))]
        return [*lines, *self.blanks("s6", owner="blank_changes")]

    def standards(self) -> list[str]:
        return [*self.paragraphs("s7", ("none",)), *self.blanks("s7", provider="blank")]

    def declaration(self) -> list[str]:
        return [*self.paragraphs("s8", ("none",)), *self.blanks("s8", provider="blank")]

    def monitoring(self) -> list[str]:
        return [*self.paragraphs("s9", ("tools",)), *self.blanks("s9", owner="blank")]

    def paragraphs(self, section: str, keys: Iterable[str]) -> list[str]:
        return [line for key in keys for line in (self.say(f"{section}.{key}"), "")]

    def blanks(self, section: str, **who: str) -> list[str]:
        return [
            line
            for person, key in who.items()
            for line in (blank(self.say(f"who.{person}"), self.say(f"{section}.{key}")), "")
        ]

    def named(self, factors: Iterable[str]) -> str:
        return ", ".join(plain(factor_name(factor, self.facts.catalogue, self.lang)) for factor in factors)

    def say(self, key: str, /, **params: Any) -> str:
        return text(f"technical.{key}", self.lang, **params)
