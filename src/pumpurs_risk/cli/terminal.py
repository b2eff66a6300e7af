"""What every command shows on the terminal: progress while it works, and what has to be mended."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from pumpurs_risk.cli import language, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from pumpurs_risk.records.school_records import SchoolRecords

_SHOWN_PROBLEMS = 12


def show_problems(
    records: SchoolRecords, *, to_error: bool = False, most: int | None = _SHOWN_PROBLEMS, written: bool = True
) -> None:
    """Name what has to be mended first, then what is only noted; ``most`` lines of them.

    ``written``: whether the command writes rejected.csv files, where all can be read.
    """
    report = records.report
    words = report.messages(language())
    aside = (report.problems["severity"] == "set_aside").tolist()
    ordered = [w for w, a in zip(words, aside, strict=True) if a] + [
        w for w, a in zip(words, aside, strict=True) if not a
    ]
    shown = ordered if most is None else ordered[:most]
    for line in shown:
        click.echo(f"  - {line}", err=to_error)
    if len(ordered) > len(shown):
        more = "more_problems" if written else "more_problems_read"
        click.echo(f"  {say(more, n=len(ordered) - len(shown))}", err=to_error)


class progress:  # noqa: N801
    """A progress bar on a terminal, nothing in a pipe."""

    def __enter__(self) -> Callable[[str, float], None]:
        self.bar: Any = None
        if not sys.stderr.isatty():
            return lambda step, share: None
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self.bar = Progress(TextColumn("{task.description}"), BarColumn(), console=Console(stderr=True), transient=True)
        self.bar.start()
        task = self.bar.add_task(say("steps.reading"), total=1.0)
        return lambda step, share: self.bar.update(task, description=say(f"steps.{step}"), completed=share)

    def __exit__(self, *exc: object) -> None:
        if self.bar is not None:
            self.bar.stop()
