"""Commands of a semester: the sheet to fill in, its check, the list."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from pumpurs_risk.cli import ALL_WELL, SET_ASIDE, language, options, say
from pumpurs_risk.cli.terminal import progress, show_problems
from pumpurs_risk.locale import text


@click.command(help=say("help.score"), short_help=say("help.score_short"))
@click.argument("data", type=options.path)
@click.option("--out", type=options.path, default=None, metavar="FOLDER", help=say("help.out"))
@options.as_of
@click.option("--places", type=click.IntRange(min=0), default=None, help=say("help.places"))
@click.option(
    "--threshold", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=None, help=say("help.threshold")
)
@click.option("--cut-by", type=click.Choice(["places", "probability", "both"]), default=None, help=say("help.cut_by"))
@click.option(
    "--prevalence", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=None, help=say("help.prevalence")
)
@click.option("--model", default=None, metavar="NAME|FILE", help=say("help.model"))
@options.mapping
@click.option("--previous", type=options.path, multiple=True, metavar="RUN", help=say("help.previous"))
@click.option("--no-previous", is_flag=True, help=say("help.no_previous"))
@click.option("--lists-only", is_flag=True, help=say("help.lists_only"))
@click.option("--without", type=click.Choice(["special", "sensitive"]), default=None, help=say("help.without"))
@click.option("--no-names", is_flag=True, help=say("help.no_names"))
@options.lang
@options.key
@options.scope
@options.catalogue
@options.encoding
def score(data: Path, **given: Any) -> None:
    """Score pupils and write the list."""
    from pumpurs_risk.batch.semester import run_semester

    with progress() as tell:
        made = run_semester(data, progress=tell, **given)
    run = made.run
    assert run.path is not None and run.manifest is not None and run.records is not None
    for line in made.lines(language()):
        click.echo(line)
    show_problems(run.records, to_error=True)
    sys.exit(ALL_WELL if made.all_well else SET_ASIDE)


@click.command(help=say("help.template"), short_help=say("help.template_short"))
@click.argument("out", type=options.path, required=False)
@click.option("--all", "all_factors", is_flag=True, help=say("help.all"))
@click.option("--school", default="", help=say("help.school"))
@options.as_of
@click.option("--rows", type=click.IntRange(1, 20_000), default=200, show_default=True, help=say("help.rows"))
@options.lang
@options.catalogue
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


@click.command(help=say("help.check"), short_help=say("help.check_short"))
@click.argument("data", type=options.path)
@options.as_of
@options.mapping
@options.lang
@options.scope
@options.catalogue
@options.encoding
@click.option("--json", "as_json", is_flag=True, help=say("help.json"))
def check(data: Path, as_json: bool, **given: Any) -> None:
    """Read and check, write nothing."""
    import json

    from pumpurs_risk.batch.semester import read_semester

    found = read_semester(data, **given)
    report = found.records.report
    if as_json:
        click.echo(json.dumps(report.to_dict(given["lang"] or language()), ensure_ascii=False, indent=1, default=str))
    else:
        for line in found.lines(language()):
            click.echo(line)
        show_problems(found.records, most=None)
    sys.exit(ALL_WELL if report.ok else SET_ASIDE)


@click.command("describe-data", help=say("help.describe"), short_help=say("help.describe_short"))
@click.argument("data", type=options.path)
@options.as_of
@options.mapping
@options.lang
@options.scope
@options.catalogue
@options.encoding
def describe(data: Path, **given: Any) -> None:
    """Describe the data table by table, write nothing."""
    from pumpurs_risk.batch.semester import read_semester
    from pumpurs_risk.records.description import describe_text

    found = read_semester(data, **given)
    click.echo(describe_text(found.records, language()))
    sys.exit(ALL_WELL if found.records.report.ok else SET_ASIDE)


@click.command(help=say("help.pseudonymise"), short_help=say("help.pseudonymise_short"))
@click.argument("data", type=options.path)
@click.option("--out", type=options.path, required=True, metavar="FILE", help=say("help.pseudonymise_out"))
@click.option("--key", type=options.path, required=True, metavar="JSON", help=say("help.key_needed"))
@click.option("--id-column", default=None, metavar="HEADING", help=say("help.id_column"))
@options.encoding
@options.lang
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


@click.command(help=say("help.demo"), short_help=say("help.demo_short"))
@click.option(
    "--out", type=options.path, default=Path("demo"), show_default=True, metavar="FOLDER", help=say("help.demo_out")
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help=say("help.seed"))
@options.lang
def demo(out: Path, seed: int, lang: str | None) -> None:
    """Make a municipality and score it."""
    from pumpurs_risk.batch.demo import run_demo
    from pumpurs_risk.batch.planning import write_plans

    with progress() as tell:
        semesters = run_demo(out, seed=seed, lang=lang or "lv", progress=tell)
    for made in semesters:
        for line in made.lines(language()):
            click.echo(line)
    last = semesters[-1].run
    assert last.path is not None and last.records is not None
    plans = write_plans(last.path, names=last.records.key.path if last.records.key else None, lang=lang)
    click.echo(text("plans.cli.written", language(), written=plans.written, unchanged=plans.unchanged))
    click.echo(text("plans.cli.folder", language(), path=plans.folder))
    # the made mistakes are part of the show: what they set aside is no failure of the demonstration


@click.command(help=say("help.schema"), short_help=say("help.schema_short"))
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
