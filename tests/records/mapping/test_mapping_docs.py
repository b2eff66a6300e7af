"""docs/mapping.md says what really happens: its examples are read from it and run."""

import csv
import io
import re
from pathlib import Path

import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.errors import MappingError
from pumpurs_risk.records.contract import SheetContract
from pumpurs_risk.records.mapping import grammar as mapping_file
from pumpurs_risk.records.mapping import plan as mapping_plan
from pumpurs_risk.records.mapping.cells import texts
from pumpurs_risk.records.mapping.mapping import Mapping, shipped_mappings
from pumpurs_risk.records.reading.discovery import read_raw
from pumpurs_risk.records.tables.contract import TABLES
from pumpurs_risk.records.validation.report import ProblemLog

TEXT = (Path(__file__).parents[3] / "docs" / "mapping.md").read_text(encoding="utf-8")
SECTIONS = {section.splitlines()[0]: section for section in re.split(r"^## ", TEXT, flags=re.MULTILINE)}
EXAMPLES = {title.split(":")[0]: section for title, section in SECTIONS.items() if title.startswith("Example")}
REPORTED = {
    "Example 1": [("mapping.uncoded", 4, "Science", "?")],
    "Example 2": [("mapping.not_a_number", 9, "Note", "krank")],
    "Example 3": [
        ("mapping.not_a_number", 6, "Unexcused Oct", "sick"),
        ("mapping.division_by_zero", 7, "School days", "0"),
    ],
    "Example 4": [],
    "Example 5": [
        ("mapping.not_a_period", 3, "Mēnesis", "vakar"),
        ("mapping.not_a_period", 3, "Mēnesis", "vakar"),
        ("mapping.not_a_count", 3, "Nokavēja", "daudz"),
    ],
}


def blocks(section, kind):
    return re.findall(rf"```{kind}\n(.*?)```", section, re.DOTALL)


def as_csv(table):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table.columns)
    cells = [["" if cell is None else cell for cell in texts(column).to_pylist()] for column in table.columns.values()]
    writer.writerows(zip(*cells, strict=True))
    return out.getvalue()


@pytest.mark.parametrize("title", REPORTED)
def test_each_worked_example_gives_exactly_the_tables_that_the_page_prints(title, tmp_path):
    section = EXAMPLES[title]
    given, *printed = blocks(section, "csv")
    mapping = Mapping.from_text(blocks(section, "toml")[0])
    export = tmp_path / re.search(r"^`([\w-]+\.csv)`$", section, re.MULTILINE)[1]
    export.write_text(given, encoding="utf-8")
    [raw] = read_raw(export, heading_known=mapping.asks_for)
    log = ProblemLog()
    assert [as_csv(table) for table in mapping.apply_all(raw, log)] == printed
    assert list(log.frame()[["code", "row", "column", "value"]].itertuples(index=False, name=None)) == REPORTED[title]


def test_the_melted_form_of_example_2_counts_the_same_failing_subjects(tmp_path):
    export = tmp_path / "noten.csv"
    export.write_text(
        "Schüler-Nr;Klasse;Jahrgang;Deutsch;Mathematik;Physik\n0031;9b;9;2;3;1\n0044;9b;9;5;6;\n", "utf-8"
    )
    mapping = Mapping.from_text(blocks(EXAMPLES["Example 2"], "toml")[1])
    [raw] = read_raw(export, heading_known=mapping.asks_for)
    assert as_csv(mapping.apply(raw)) == "pupil_id,failing_subjects\n0031,0\n0044,2\n"


def test_every_toml_block_of_the_page_is_a_mapping():
    found = [block for block in blocks(TEXT, "toml") if block.count("\n") > 2]
    assert len(found) >= 7
    for block in found:
        assert all(section.columns for section in Mapping.from_text(block).sections)


CELLS = {
    "text": "text",
    "name": "text",
    "level": "whole number",
    "programme": "`general`, `evening` or `vocational`",
    "date": "date (`2027-01-15`, `15.01.2027`)",
    "year": "year",
    "number": "number",
    "whole": "whole number",
    "share": "share (`0.124`)",
    "yes_no": "1 = yes, 0 = no",
    "mark": "number",
    "rated": "0 to 3",
    "semester": "semester (`2026/2027-1`)",
}


def columns_table():
    lines = ["| id | heading | a cell holds | meaning |", "|---|---|---|---|"]
    for field in SheetContract.load(Catalogue.load()).fields.values():
        limits = f", {field.minimum:g} to {field.maximum:g}" if CELLS[field.kind].endswith("number") else ""
        lines.append(f"| `{field.id}` | {field.titles['en']} | {CELLS[field.kind]}{limits} | {field.meaning['en']} |")
    return "\n".join(lines) + "\n"


def test_the_page_lists_every_column_of_the_sheet():
    listed = re.search(r"<!-- columns: begin -->\n(.*?)<!-- columns: end -->", TEXT, re.DOTALL)[1]
    wanted = columns_table()
    assert listed == wanted, f"replace the table between the two marks in docs/mapping.md by:\n{wanted}"


def test_the_reference_names_every_section_key_and_operation():
    reference = SECTIONS["Reference"]
    keys = (*mapping_file.FILE_KEYS, *mapping_file.COLUMN_KEYS, *mapping_file.COVER_KEYS, *mapping_file.CONDITION_KEYS)
    words = {*keys, *mapping_plan.COMBINATIONS, *mapping_plan.AGGREGATES, *mapping_file.MELT_KEYS, "by"}
    words |= {*mapping_plan.PERIODS, *mapping_file.NOTICES}
    for word in words:
        assert re.search(rf"[`\"{{ ]{re.escape(word)}[`\" ]", reference), word
    for section in mapping_file.SECTIONS:
        assert f"`[{section}" in reference or f"`{section}`" in reference


def test_the_chapter_on_tables_names_every_key_table_and_shipped_mapping():
    chapter = SECTIONS["Tables of events"]
    for word in (*mapping_file.TABLE_KEYS, *TABLES, *shipped_mappings()):
        assert re.search(rf"[`\".[ ]{re.escape(word)}[`\".\] ]", chapter), word


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ('\n\n\n[columns]\npupil_id = "No"\n[columns.mean_mark]\nmultiplier = 2\nfrom = "M"', 0),
        ('\n\n\n\n\n\n[columns]\npupil_id = "No"\nmean_marks = "M"', 1),
    ],
)
def test_the_refusals_that_the_page_shows_are_the_real_ones(given, said):
    shown = blocks(SECTIONS["Reference"], "text")[-1].splitlines()[said]
    with pytest.raises(MappingError) as caught:
        Mapping.from_text(given, path="our-system.toml")
    message = caught.value.message("en")
    assert message.startswith(shown.split("value, ...")[0].removesuffix(" ..."))
