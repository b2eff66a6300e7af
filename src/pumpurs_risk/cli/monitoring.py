"""The command that compares two finished runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from pumpurs_risk.cli import ALL_WELL, SET_ASIDE, language, options, say


@click.command(help=say("help.monitor"), short_help=say("help.monitor_short"))
@click.argument("run1", type=options.path)
@click.argument("run2", type=options.path)
@click.option("--outcomes", type=options.path, default=None, metavar="DATA", help=say("help.monitor_outcomes"))
@click.option(
    "--horizon", type=click.Choice(["1y", "2y"]), default="1y", show_default=True, help=say("help.monitor_horizon")
)
@click.option("--out", type=options.path, default=None, metavar="FILE", help=say("help.monitor_out"))
@options.mapping
@options.key
@options.scope
@options.catalogue
@options.encoding
@options.lang
def monitor(run1: Path, run2: Path, **given: Any) -> None:
    """Compare two runs and write the account."""
    from pumpurs_risk.batch.monitoring import monitor_to_file

    made = monitor_to_file(run1, run2, **given)
    click.echo(made.found.headline(language()))
    for said, step in made.found.sentences(language()):
        click.echo(f"  - {said}\n    {step}")
    click.echo(say("monitor_done", path=made.path))
    sys.exit(ALL_WELL if made.all_well else SET_ASIDE)
