"""The command that drafts support plans."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from pumpurs_risk.cli import ALL_WELL, SET_ASIDE, language, options, say
from pumpurs_risk.locale import text

_SHOWN = 20


@click.command(help=say("help.plans"), short_help=say("help.plans_short"))
@click.argument("run", type=options.path)
@click.option("--template", type=options.path, default=None, metavar="DOCX", help=say("help.plans_template"))
@click.option("--names", type=options.path, default=None, metavar="KEY", help=say("help.plans_names"))
@click.option("--pupil", multiple=True, metavar="ID", help=say("help.plans_pupil"))
@click.option("--out", type=options.path, default=None, metavar="FOLDER", help=say("help.plans_out"))
@options.catalogue
@options.lang
def plans(run: Path, **given: Any) -> None:
    """Draft the plans of a run and keep what people wrote into them."""
    from pumpurs_risk.batch.planning import write_plans

    made = write_plans(run, **given)
    if not made.written and not made.unchanged and not made.problems:
        click.echo(text("plans.cli.none", language()))
        sys.exit(ALL_WELL)
    click.echo(text("plans.cli.written", language(), written=made.written, unchanged=made.unchanged))
    click.echo(text("plans.cli.folder", language(), path=made.folder))
    for line in made.lines[:_SHOWN]:
        click.echo(f"  - {line}")
    if len(made.lines) > _SHOWN:
        click.echo(
            "  " + text("plans.cli.more", language(), count=len(made.lines) - _SHOWN, n=len(made.lines) - _SHOWN)
        )
    for problem in made.problems:
        click.echo(f"  - {problem}", err=True)
    sys.exit(ALL_WELL if made.all_well else SET_ASIDE)
