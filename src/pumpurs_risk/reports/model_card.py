"""MODEL_CARD.md: what a trained or pooled model is, from what, how good, for whom, and what only people can say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pumpurs_risk.locale import text
from pumpurs_risk.reports.markdown import bullets, plain, table
from pumpurs_risk.reports.model_account import ModelAccount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pumpurs_risk.reports.model_facts import ModelFacts


def model_card(facts: ModelFacts, lang: str = "lv", *, groups_said: Sequence[str] = ()) -> str:
    """Write the card in Markdown.

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

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> from pumpurs_risk.model import load_model
    >>> from pumpurs_risk.reports.model_facts import ModelFacts, OwnerCard
    >>> facts = ModelFacts(load_model("literature-prior"), "ab" * 32, OwnerCard(owner="Board"), Catalogue.load())
    >>> card = model_card(facts, "en")
    >>> "| owner | Board |" in card, "**not approved**" in card, "**Not tested.**" in card
    (True, True, True)
    """
    account = ModelAccount(facts, lang)
    say = account.say
    lines = [
        f"# {say('title', name=plain(facts.model.name))}",
        "",
        f"{say('one_sentence')} {account.one_sentence()}",
        "",
    ]
    if account.made:
        lines += [say("made"), ""]
    lines += [f"## {say('who.heading')}", "", *table([say("who.what"), say("who.said")], account.who())]
    lines += [f"## {say('what.heading')}", "", *bullets(account.what())]
    learned = account.learned()
    if learned:
        lines += [f"## {say('learned.heading')}", "", *table([say("learned.count"), say("learned.value")], learned)]
    lines += [f"## {say('good.heading')}", "", account.judged(), ""]
    if facts.evaluation is not None:
        lines += [*bullets(account.sentences()), *figures_table(account), say("good.page"), ""]
    lines += [f"## {say('groups.heading')}", "", say("groups.not_factors"), "", *groups_part(account, groups_said)]
    heads = [say(f"factors.{key}") for key in ("factor", "spread", "range", "unknown")]
    lines += [f"## {say('factors.heading')}", "", say("factors.note"), "", *table(heads, account.factors())]
    lines += [f"## {say('uses.heading')}", "", say("uses.intended"), "", *bullets(account.intended())]
    lines += [say("uses.forbidden"), "", *bullets(account.forbidden())]
    lines += [f"## {say('limits.heading')}", "", *bullets(account.limits())]
    lines += ["---", "", say("generated", folder=f"models/{plain(facts.model.name)}")]
    return "\n".join(lines).rstrip() + "\n"


def figures_table(account: ModelAccount) -> list[str]:
    """Lines of the table of figures."""
    return table([account.say(f"good.{key}") for key in ("figure", "all", "within")], account.figures())


def groups_part(account: ModelAccount, groups_said: Sequence[str]) -> list[str]:
    """Lines about groups of pupils: sentences and a table, or that nothing is known."""
    rows = account.groups()
    if not rows:
        return [account.say("groups.none"), ""]
    keys = ("group", "n", "leavers", "selection", "miss", "false_alarm", "ratio")
    heads = [text(f"evaluation_page.groups.{key}", account.lang) for key in keys]
    return [*bullets(groups_said), *table(heads, rows)]
