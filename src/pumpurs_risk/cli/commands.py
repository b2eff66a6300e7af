"""All commands under one name; ``score`` is what a bare path means."""

from __future__ import annotations

import click

from pumpurs_risk.cli import collecting, models, monitoring, papers, plans, rights, say, scoring


class Commands(click.Group):
    """A group whose default command is ``score``: ``pumpurs-risk or.xlsx`` equals ``pumpurs-risk score or.xlsx``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put ``score`` in front of a path."""
        own = {"--help", "--version", "-h"}
        if args and args[0] not in self.commands and not own.intersection(args[:1]):
            paths = [a for a in args if not a.startswith("-")]
            if paths:
                args = ["score", *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Commands in the order in which they are needed, not by the alphabet."""
        return list(self.commands)


_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(cls=Commands, context_settings=_SETTINGS, help=say("help.group"), epilog=say("help.epilog"))
@click.version_option(package_name="pumpurs-risk", prog_name="pumpurs-risk", message="%(prog)s %(version)s")
def commands() -> None:
    """Hold the commands; the words are in the locale files."""


for each in (
    scoring.score, scoring.template, scoring.check, scoring.describe, papers.reports, collecting.collect, plans.plans,
    *models.COMMANDS,
    monitoring.monitor, *rights.COMMANDS, scoring.pseudonymise, scoring.demo, scoring.schema,
):  # fmt: skip
    commands.add_command(each)
