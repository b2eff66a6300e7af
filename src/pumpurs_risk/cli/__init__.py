"""The command line: one command per job, the same words as the library."""

from __future__ import annotations

import locale as system_locale
import os
import sys
from itertools import pairwise
from typing import Any

import click

from pumpurs_risk.errors import PumpursError
from pumpurs_risk.locale import LANGUAGES, text

ALL_WELL, SET_ASIDE, NOTHING_DONE = 0, 1, 2


def terminal_language() -> str:
    """Language to speak on the terminal: ``--lang``, else PUMPURS_LANG, else the system's, else English."""
    words = [*sys.argv[1:], ""]
    for word, following in pairwise(words):
        if word == "--lang" and following in LANGUAGES:
            return following
        if word.startswith("--lang=") and word[7:] in LANGUAGES:
            return word[7:]
    said = os.environ.get("PUMPURS_LANG", "")
    if said in LANGUAGES:
        return said
    system = os.environ.get("LC_ALL") or os.environ.get("LANG") or (system_locale.getlocale()[0] or "")
    return "lv" if system.lower().startswith(("lv", "latvian")) else "en"


LANG = terminal_language()


def language() -> str:
    """Language in which the terminal speaks: ``LANG`` as it stands now."""
    return LANG


def say(name: str, /, **params: Any) -> str:
    """Text of the command line in the terminal's language."""
    return text(f"cli.{name}", LANG, **params)


def main() -> None:
    """Run the command line; errors become one sentence and exit code 2."""
    from pumpurs_risk.cli.commands import commands

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")  # Latvian on any console
    try:
        commands.main(prog_name="pumpurs-risk", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo(say("stopped"), err=True)
        sys.exit(NOTHING_DONE)
    except click.ClickException as error:
        error.show()
        sys.exit(NOTHING_DONE)
    except PumpursError as error:
        click.echo(error.message(LANG), err=True)
        sys.exit(NOTHING_DONE)
    except MemoryError:
        click.echo(say("no_memory"), err=True)
        sys.exit(NOTHING_DONE)
    except Exception as error:
        if os.environ.get("PUMPURS_TRACEBACK"):
            raise
        click.echo(say("unexpected", kind=type(error).__name__, said=" ".join(str(error).split())[:200]), err=True)
        sys.exit(NOTHING_DONE)
