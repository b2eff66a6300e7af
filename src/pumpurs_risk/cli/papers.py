"""The command that makes papers for each audience out of a finished list."""

from __future__ import annotations

from pathlib import Path

import click

from pumpurs_risk.cli import options, say


@click.command(help=say("help.reports"), short_help=say("help.reports_short"))
@click.argument("run", type=options.path)
@click.option("--audience", multiple=True, metavar="NAME", help=say("help.audience"))
@click.option("--out", type=options.path, default=None, metavar="FOLDER", help=say("help.reports_out"))
@click.option("--names", type=options.path, default=None, metavar="KEY", help=say("help.names_key"))
@options.catalogue
def reports(
    run: Path, audience: tuple[str, ...], out: Path | None, names: Path | None, catalogue: tuple[Path, ...]
) -> None:
    """Make the papers of a finished list anew."""
    from pumpurs_risk.batch.again import write_reports
    from pumpurs_risk.batch.settings import find_settings
    from pumpurs_risk.catalogue import Catalogue

    found = find_settings(run)
    own = [*(found.path(path) for path in found.settings.catalogue), *catalogue]
    known = Catalogue.load(*own, programme=found.settings.programme or "pumpurs")
    written = write_reports(run, audience or None, out=out, names=names, catalogue=known)
    for path in written:
        click.echo(f"  {path}")
    click.echo(say("reports_done", n=len(written)))
