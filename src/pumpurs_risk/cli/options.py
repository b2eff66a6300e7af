"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

from pumpurs_risk.cli import say
from pumpurs_risk.locale import LANGUAGES

path = click.Path(path_type=Path)
lang = click.option("--lang", type=click.Choice(LANGUAGES), default=None, help=say("help.lang"))
mapping = click.option("--mapping", type=path, default=None, metavar="TOML", help=say("help.mapping"))
key = click.option("--key", type=path, default=None, metavar="JSON", help=say("help.key"))
catalogue = click.option("--catalogue", type=path, multiple=True, metavar="TOML", help=say("help.catalogue"))
scope = click.option(
    "--id-scope", type=click.Choice(["school", "municipality"]), default=None, help=say("help.id_scope")
)
encoding = click.option("--encoding", default=None, metavar="NAME", help=say("help.encoding"))
as_of = click.option("--as-of", default=None, metavar="DATE", help=say("help.as_of"))
