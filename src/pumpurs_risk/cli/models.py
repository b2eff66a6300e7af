"""Commands about models: train, evaluate, explain, pool, watch."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pumpurs_risk.cli import ALL_WELL, SET_ASIDE, language, options, say
from pumpurs_risk.cli.terminal import progress, show_problems

if TYPE_CHECKING:
    from pumpurs_risk.batch.past import Past

_ALL_CORES = -1

_days = click.option("--as-of", multiple=True, metavar="DATE", help=say("help.train_as_of"))
_outcomes = click.option("--outcomes", type=options.path, default=None, metavar="FILE", help=say("help.outcomes"))
_prior = click.option(
    "--prior", default="literature-prior", show_default=True, metavar="NAME|FILE", help=say("help.prior")
)


@click.command(help=say("help.train"), short_help=say("help.train_short"))
@click.argument("data", type=options.path, nargs=-1, required=True)
@_days
@click.option(
    "--horizon", type=click.Choice(["1y", "2y", "both"]), default="both", show_default=True, help=say("help.horizon")
)
@_prior
@click.option("--out", type=options.path, default=None, metavar="FOLDER", help=say("help.train_out"))
@click.option("--name", default=None, help=say("help.name"))
@_outcomes
@click.option("--shareable", is_flag=True, help=say("help.shareable"))
@click.option("--municipality", default=None, help=say("help.municipality"))
@click.option("--support-design", is_flag=True, help=say("help.support_design"))
@options.mapping
@options.key
@options.catalogue
@options.lang
@options.scope
@options.encoding
def train(data: tuple[Path, ...], **given: Any) -> None:
    """Learn from a place's own history."""
    from pumpurs_risk.batch.past import read_past
    from pumpurs_risk.batch.training import train_model

    training = {name: given.pop(name) for name in _TRAINING}
    with progress() as tell:
        past = read_past(data, **given)
        made = train_model(past, lang=given["lang"] or "lv", progress=tell, n_jobs=_ALL_CORES, **training)
    for line in made.lines(language()):
        click.echo(line)
    _show_messages(past)
    if past.records is not None:
        show_problems(past.records, to_error=True, written=False)
    sys.exit(ALL_WELL if made.all_well else SET_ASIDE)


def _show_messages(past: Past) -> None:
    """Say what in the lists could not be used."""
    for line in past.messages(language()):
        click.echo(f"  - {line}", err=True)


_TRAINING = ("horizon", "prior", "out", "name", "shareable", "municipality", "support_design")
"""Options of ``train`` that are not about reading."""


@click.command(help=say("help.evaluate"), short_help=say("help.evaluate_short"))
@click.argument("model")
@click.argument("data", type=options.path, nargs=-1, required=True)
@_days
@click.option("--horizon", type=click.Choice(["1y", "2y"]), default="1y", show_default=True, help=say("help.horizon"))
@click.option("--out", type=options.path, default=None, metavar="HTML", help=say("help.evaluate_out"))
@_outcomes
@options.mapping
@options.key
@options.catalogue
@options.lang
@options.scope
@options.encoding
def evaluate(model: str, data: tuple[Path, ...], horizon: str, out: Path | None, **given: Any) -> None:
    """Judge a finished model."""
    from pumpurs_risk.batch.account import account_page, evaluate_model
    from pumpurs_risk.batch.past import read_past

    lang = given["lang"] or "lv"
    out = account_page(out, lang)
    with progress() as tell:
        past = read_past(data, **given)
        tell("evaluating", 0.3)
        account = evaluate_model(model, past, horizon=horizon, out=out, lang=lang, n_jobs=_ALL_CORES)
    for line in account.lines(language()):
        click.echo(line)
    _show_messages(past)
    sys.exit(ALL_WELL if past.all_well else SET_ASIDE)


@click.command(help=say("help.pool"), short_help=say("help.pool_short"))
@click.argument("summaries", type=options.path, nargs=-1, required=True)
@click.option(
    "--out",
    type=options.path,
    default=Path("models/pooled"),
    show_default=True,
    metavar="FOLDER",
    help=say("help.pool_out"),
)
@_prior
@options.catalogue
@options.lang
def pool(summaries: tuple[Path, ...], lang: str | None, **given: Any) -> None:
    """Join summaries of municipalities."""
    from pumpurs_risk.batch.pooling import pool_summaries

    pooled = pool_summaries(summaries, lang=lang or "lv", **given)
    for line in pooled.lines(language()):
        click.echo(line)
    sys.exit(SET_ASIDE if pooled.failures else ALL_WELL)


@click.command("explain-model", help=say("help.explain_model"), short_help=say("help.explain_model_short"))
@click.argument("model")
@click.option("--out", type=options.path, default=None, metavar="HTML", help=say("help.explain_model_out"))
@click.option("--cards", is_flag=True, help=say("help.cards"))
@options.catalogue
@options.lang
def explain_model(model: str, lang: str | None, **given: Any) -> None:
    """Show a whole model on two pages."""
    from pumpurs_risk.batch.explaining import explain_model_file

    page, cards = explain_model_file(model, lang=lang or "lv", **given)
    click.echo(say("explained", path=page))
    if cards is not None:
        click.echo(say("carded", card=cards[0], technical=cards[1]))


COMMANDS: tuple[click.Command, ...] = (train, evaluate, pool, explain_model)
"""In the order in which they are needed."""
