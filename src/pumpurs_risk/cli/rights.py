"""Commands for the rights of pupils and families, and for the end of keeping."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pumpurs_risk.cli import ALL_WELL, SET_ASIDE, language, options, say
from pumpurs_risk.locale import text


@click.command(help=say("help.pupil"), short_help=say("help.pupil_short"))
@click.argument("pupil_id", metavar="ID")
@click.option("--extract", type=options.path, default=None, metavar="FOLDER", help=say("help.pupil_extract"))
@click.option("--erase", type=options.path, default=None, metavar="FOLDER", help=say("help.pupil_erase"))
@click.option("--out", type=options.path, default=None, metavar="FOLDER", help=say("help.pupil_out"))
@click.option("--dry-run", is_flag=True, help=say("help.dry_run"))
@options.key
@options.catalogue
@options.lang
def pupil(
    pupil_id: str,
    extract: Path | None,
    erase: Path | None,
    out: Path | None,
    dry_run: bool,
    key: Path | None,
    catalogue: tuple[Path, ...],
    lang: str | None,
) -> None:
    """Hand out or erase what is held about one pupil."""
    if (extract is None) == (erase is None):
        raise click.UsageError(say("pupil_one_of"))
    if extract is not None:
        from pumpurs_risk.batch.retention import extract_pupil

        made = extract_pupil(extract, pupil_id, out=out, key=key, catalogue=catalogue, lang=lang or "lv")
        click.echo(text("retention.extract.done", language(), path=made.path))
        return
    from pumpurs_risk.batch.retention import erase_pupil

    assert erase is not None
    done = erase_pupil(erase, pupil_id, key=key, dry_run=dry_run)
    for line in done.lines(language()):
        click.echo(line)
    sys.exit(SET_ASIDE if done.mentions else ALL_WELL)


@click.command(help=say("help.purge"), short_help=say("help.purge_short"))
@click.argument("folder", type=options.path)
@click.option("--today", default=None, metavar="DATE", help=say("help.purge_today"))
@click.option("--dry-run", is_flag=True, help=say("help.dry_run"))
@click.option("--yes", is_flag=True, help=say("help.purge_yes"))
def purge(folder: Path, today: str | None, dry_run: bool, yes: bool) -> None:
    """Remove runs that may no longer be kept."""
    from pumpurs_risk.batch.retention import purge as purge_runs
    from pumpurs_risk.batch.scoring import as_date

    day = as_date(today)
    found = purge_runs(folder, today=day, dry_run=dry_run or not yes)
    for line in found.lines(language()):
        click.echo(line)
    asked = found.runs and not (yes or dry_run) and sys.stdin.isatty()
    if asked and click.confirm(text("retention.purge.ask", language())):
        for line in purge_runs(folder, today=day, dry_run=False).lines(language()):
            click.echo(line)


COMMANDS = (pupil, purge)
