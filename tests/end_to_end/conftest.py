"""The command line as people use it, in this process, so that a failure shows where."""

import sys
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch, capsys):
    """Run ``pumpurs-risk ARGS`` in the English terminal and give exit code and output."""
    from pumpurs_risk import cli

    monkeypatch.setattr(cli, "LANG", "en")

    def command(*args):
        monkeypatch.setattr(sys, "argv", ["pumpurs-risk", *map(str, args)])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = stop.code or 0
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return command
