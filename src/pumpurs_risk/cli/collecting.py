"""The command that takes lists which came back."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pumpurs_risk.cli import ALL_WELL, NOTHING_DONE, SET_ASIDE, language, options, say


@click.command(help=say("help.collect"), short_help=say("help.collect_short"))
@click.argument("run", type=options.path)
@click.argument("files", type=options.path, nargs=-1, required=True, metavar="FILE...")
@options.catalogue
@options.lang
def collect(run: Path, files: tuple[Path, ...], catalogue: tuple[Path, ...], lang: str | None) -> None:
    """Take copies of lists that came back."""
    from pumpurs_risk.batch.collect import collect as collect_copies
    from pumpurs_risk.catalogue import Catalogue

    done = collect_copies(run, files, catalogue=Catalogue.load(*catalogue))
    for line in done.lines(lang or language()):
        click.echo(line)
    sys.exit(NOTHING_DONE if done.nothing else ALL_WELL if done.all_well else SET_ASIDE)
