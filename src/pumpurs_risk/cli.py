"""The command line: one command per job, the same words as the library."""

from __future__ import annotations

import locale as system_locale
import os
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pumpurs_risk.errors import PumpursError
from pumpurs_risk.locale import LANGUAGES, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from pumpurs_risk.records.school_records import SchoolRecords

ALL_WELL, SET_ASIDE, NOTHING_DONE = 0, 1, 2
_SHOWN_PROBLEMS = 12


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


def say(name: str, /, **params: Any) -> str:
    """Text of the command line in the terminal's language."""
    return text(f"cli.{name}", LANG, **params)


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
_path = click.Path(path_type=Path)
_lang = click.option("--lang", type=click.Choice(LANGUAGES), default=None, help=say("help.lang"))
_mapping = click.option("--mapping", type=_path, default=None, metavar="TOML", help=say("help.mapping"))
_key = click.option("--key", type=_path, default=None, metavar="JSON", help=say("help.key"))
_catalogue = click.option("--catalogue", type=_path, multiple=True, metavar="TOML", help=say("help.catalogue"))
_scope = click.option(
    "--id-scope", type=click.Choice(["school", "municipality"]), default=None, help=say("help.id_scope")
)
_encoding = click.option("--encoding", default=None, metavar="NAME", help=say("help.encoding"))
_as_of = click.option("--as-of", default=None, metavar="DATE", help=say("help.as_of"))


@click.group(cls=Commands, context_settings=_SETTINGS, help=say("help.group"), epilog=say("help.epilog"))
@click.version_option(package_name="pumpurs-risk", prog_name="pumpurs-risk", message="%(prog)s %(version)s")
def commands() -> None:
    """Hold the commands; the words are in the locale files."""


@commands.command(help=say("help.score"), short_help=say("help.score_short"))
@click.argument("data", type=_path)
@click.option("--out", type=_path, default=None, metavar="FOLDER", help=say("help.out"))
@_as_of
@click.option("--places", type=click.IntRange(min=0), default=None, help=say("help.places"))
@click.option(
    "--threshold", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=None, help=say("help.threshold")
)
@click.option("--cut-by", type=click.Choice(["places", "probability", "both"]), default=None, help=say("help.cut_by"))
@click.option(
    "--prevalence", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=None, help=say("help.prevalence")
)
@click.option("--model", default=None, metavar="NAME|FILE", help=say("help.model"))
@_mapping
@click.option("--previous", type=_path, multiple=True, metavar="RUN", help=say("help.previous"))
@click.option("--no-previous", is_flag=True, help=say("help.no_previous"))
@_lang
@_key
@_scope
@_catalogue
@_encoding
def score(data: Path, **options: Any) -> None:
    """Score pupils and write the list."""
    from pumpurs_risk.batch.semester import run_semester

    with _progress() as tell:
        made = run_semester(data, progress=tell, **options)
    run = made.run
    assert run.path is not None and run.manifest is not None and run.records is not None
    for line in made.lines(LANG):
        click.echo(line)
    _show_problems(run.records, to_error=True)
    sys.exit(ALL_WELL if made.all_well else SET_ASIDE)


@commands.command(help=say("help.template"), short_help=say("help.template_short"))
@click.argument("out", type=_path, required=False)
@click.option("--all", "all_factors", is_flag=True, help=say("help.all"))
@click.option("--school", default="", help=say("help.school"))
@_as_of
@click.option("--rows", type=click.IntRange(1, 20_000), default=200, show_default=True, help=say("help.rows"))
@_lang
@_catalogue
def template(
    out: Path | None,
    all_factors: bool,
    school: str,
    as_of: str | None,
    rows: int,
    lang: str | None,
    catalogue: tuple[Path, ...],
) -> None:
    """Write the sheet to fill in."""
    from pumpurs_risk.batch.scoring import as_date
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.errors import RunError
    from pumpurs_risk.records.template.template import write_template

    language = lang or "lv"
    target = out or Path(text("cli.template_file", language))
    if target.exists():
        raise RunError("file_exists", path=str(target))
    try:
        write_template(
            target, lang=language, all_factors=all_factors, catalogue=Catalogue.load(*catalogue), school=school,
            as_of=as_date(as_of), n_rows=rows,
        )  # fmt: skip
    except OSError as error:
        raise RunError("cannot_write", path=str(target), detail=error.strerror or "") from None
    click.echo(say("template_done", path=target))


@commands.command(help=say("help.check"), short_help=say("help.check_short"))
@click.argument("data", type=_path)
@_as_of
@_mapping
@_lang
@_scope
@_catalogue
@_encoding
@click.option("--json", "as_json", is_flag=True, help=say("help.json"))
def check(data: Path, as_json: bool, **options: Any) -> None:
    """Read and check, write nothing."""
    import json

    from pumpurs_risk.batch.semester import read_semester

    found = read_semester(data, **options)
    report = found.records.report
    if as_json:
        click.echo(json.dumps(report.to_dict(options["lang"] or LANG), ensure_ascii=False, indent=1, default=str))
    else:
        for line in found.lines(LANG):
            click.echo(line)
        _show_problems(found.records, most=None)
    sys.exit(ALL_WELL if report.ok else SET_ASIDE)


@commands.command("describe-data", help=say("help.describe"), short_help=say("help.describe_short"))
@click.argument("data", type=_path)
@_as_of
@_mapping
@_lang
@_scope
@_catalogue
@_encoding
def describe(data: Path, **options: Any) -> None:
    """Describe the data table by table, write nothing."""
    from pumpurs_risk.batch.semester import read_semester
    from pumpurs_risk.records.description import describe_text

    found = read_semester(data, **options)
    click.echo(describe_text(found.records, LANG))
    sys.exit(ALL_WELL if found.records.report.ok else SET_ASIDE)


@commands.command(help=say("help.pseudonymise"), short_help=say("help.pseudonymise_short"))
@click.argument("data", type=_path)
@click.option("--out", type=_path, required=True, metavar="FILE", help=say("help.pseudonymise_out"))
@click.option("--key", type=_path, required=True, metavar="JSON", help=say("help.key_needed"))
@click.option("--id-column", default=None, metavar="HEADING", help=say("help.id_column"))
@_encoding
@_lang
def pseudonymise(
    data: Path, out: Path, key: Path, id_column: str | None, encoding: str | None, lang: str | None
) -> None:
    """Replace ids and names by keyed pseudonyms."""
    from pumpurs_risk.batch.pseudonymise import pseudonymise_file

    done = pseudonymise_file(data, out, key, id_column=id_column, encoding=encoding)
    click.echo(say("pseudonymise_done", rows=done.rows, out=out, key=key, fingerprint=done.fingerprint))
    click.echo(say("pseudonymise_codes", cells=done.codes))
    if done.copied:
        click.echo(say("pseudonymise_copied", headings=", ".join(done.copied)), err=True)
    if done.ambiguous_rows:
        rows = ", ".join(map(str, done.ambiguous_rows))
        click.echo(say("pseudonymise_left_out", left_out=len(done.ambiguous_rows), rows=rows), err=True)
        sys.exit(SET_ASIDE)


@commands.command(help=say("help.demo"), short_help=say("help.demo_short"))
@click.option("--out", type=_path, default=Path("demo"), show_default=True, metavar="FOLDER", help=say("help.demo_out"))
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help=say("help.seed"))
@_lang
def demo(out: Path, seed: int, lang: str | None) -> None:
    """Make a municipality and score it."""
    from pumpurs_risk.batch.demo import run_demo

    with _progress() as tell:
        semesters = run_demo(out, seed=seed, lang=lang or "lv", progress=tell)
    for made in semesters:
        for line in made.lines(LANG):
            click.echo(line)
    # the made mistakes are part of the show: what they set aside is no failure of the demonstration


@commands.command(help=say("help.schema"), short_help=say("help.schema_short"))
@click.argument("name", required=False)
def schema(name: str | None) -> None:
    """Print a JSON Schema."""
    import json

    from pumpurs_risk.batch.manifest import schemas
    from pumpurs_risk.records.tables import TABLES
    from pumpurs_risk.resources import resource

    stored = ("factor_sheet.json", *(f"{table}.json" for table in TABLES))
    found = schemas() | {name: json.loads(resource("data_schema", name).read_text("utf-8")) for name in stored}
    if name is None:
        for key in found:
            click.echo(key.removesuffix(".json"))
        return
    key = name.removesuffix(".json") + ".json"
    if key not in found:
        raise click.BadParameter(
            say("schema_unknown", name=name, known=", ".join(k.removesuffix(".json") for k in found))
        )
    click.echo(json.dumps(found[key], ensure_ascii=False, indent=1))


def main() -> None:
    """Run the command line; errors become one sentence and exit code 2."""
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


def _show_problems(records: SchoolRecords, *, to_error: bool = False, most: int | None = _SHOWN_PROBLEMS) -> None:
    report = records.report
    words = report.messages(LANG)
    aside = (report.problems["severity"] == "set_aside").tolist()
    ordered = [w for w, a in zip(words, aside, strict=True) if a] + [
        w for w, a in zip(words, aside, strict=True) if not a
    ]
    shown = ordered if most is None else ordered[:most]
    for line in shown:
        click.echo(f"  - {line}", err=to_error)
    if len(ordered) > len(shown):
        click.echo(f"  {say('more_problems', n=len(ordered) - len(shown))}", err=to_error)


class _progress:  # noqa: N801
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


if __name__ == "__main__":
    main()
