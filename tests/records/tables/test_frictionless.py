"""The published schemas mean what this library does: frictionless accepts them and refuses the same cells."""

import itertools

import numpy as np
import pytest

from pumpurs_risk.records.tables import TABLES
from pumpurs_risk.records.tables.contract import table_document
from pumpurs_risk.resources import resource

frictionless = pytest.importorskip("frictionless")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")

# What a cell of each kind may hold in the spelling of the schema, and what not. Left out on purpose is what we read and the
# schema does not: decimal commas, dd.mm.yyyy., words for codes, percent signs, times; words of the catalogue (factor,
# measure, role) are no list in the schema, which does not know a user's own; a value is read by its factor here alone.
GOOD = {
    "text": ["abc", "Ā b"],
    "date": ["2026-10-05", "2027-01-15"],
    "number": ["1", "2.5", "3"],
    "whole": ["1", "2"],
    "yes_no": ["0", "1", "jā", "nē"],
    "rated": ["0", "1", "3"],
    "level": ["9", "10"],
    "year": ["2011"],
    "programme": ["general", "vocational"],
    "semester": ["2026/2027-1"],
    "mark_cell": ["7", "7.5", "7(p.d.)", "4|7", "85%", "nv", "7 8(p.d.) nv", "7/10", "S"],
}
BAD = {
    "date": ["2026-02-31", "1985-01-01", "rīt"],
    "number": ["-1", "abc"],
    "whole": ["-1", "2.5", "abc"],
    "yes_no": ["varbūt", "2"],
    "rated": ["4", "-1", "abc"],
    "level": ["13", "abc"],
    "year": ["1929", "abc"],
    "programme": ["zirgi"],
    "code": ["zirgi"],
    "mark_cell": ["11", "0", "abc", "7(4)", "120%"],
}
ONLY_OURS = {("semester",), ("value",)}


def test_frictionless_finds_the_package_and_every_example_valid():
    report = frictionless.validate(str(resource("data_schema", "datapackage.json")))
    assert report.valid, report.flatten(["rowNumber", "fieldName", "type", "message"])
    assert {task.name for task in report.tasks} == {"factor_sheet", *TABLES}


@pytest.mark.parametrize("name", TABLES)
def test_this_library_finds_every_example_valid(name, read):
    document = table_document(name)
    header = [entry["name"] for entry in document["fields"]]
    columns = {each: list(cells) for each, cells in zip(header, zip(*document["examples"], strict=True), strict=True)}
    found = read(name, columns)
    assert not len(found.problems), found.report.messages("en")
    assert set(found.rows.source) == set(range(len(document["examples"])))


def cells_of(entry, catalogue, rng, size):
    """Random cells of a column: mostly good, some bad, some empty where that is allowed."""
    kind, limits = entry["kind"], entry.get("constraints", {})
    if entry.get("words_from"):
        known = getattr(catalogue, entry["words_from"])
        good, bad = [each for each in known if each != "programme_level"][:3], []
    elif kind == "code":
        good, bad = list(entry["words"]), BAD["code"]
    else:
        good, bad = GOOD[kind], BAD.get(kind, [])
    if entry["name"] in ("value", "corrected_mark"):  # of one factor's kind; one mark and no more
        good, bad = ["1"], []
    if kind == "number" and "minimum" not in limits:
        bad = []
    if entry["name"] == "school_days":
        good = ["74"]
    empty = [] if limits.get("required") else [""]
    chances = [(good, 0.8), (bad, 0.12), (empty, 0.08)]
    pools = [pool for pool, _ in chances if pool]
    weights = np.array([weight for pool, weight in chances if pool])
    picked = rng.choice(len(pools), size, p=weights / weights.sum())
    return [str(rng.choice(pools[at])) for at in picked]


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("seed", range(3))
def test_frictionless_and_this_library_refuse_the_same_cells(name, seed, read, catalogue, tmp_path):
    rng, size = np.random.default_rng([seed, TABLES.index(name)]), 40
    document = table_document(name)
    columns = {entry["name"]: cells_of(entry, catalogue, rng, size) for entry in document["fields"]}
    for each in ("pupil_id", "school_id"):  # whose row it is, is found elsewhere
        if each in columns:
            columns[each] = [f"{each[0]}{n}" for n in range(size)]
    if name == "assessments":
        columns["factor"] = ["motivation"] * size
    if name == "marks":  # a mark's day may be its semester's
        columns["date"] = [cell or "2026-10-05" for cell in columns["date"]]
        columns["semester"] = [""] * size
    if "lessons_held" in columns and "lessons_missed" in columns:
        columns["lessons_held"] = ["7"] * size
    for late, early, _ in document.get("not_before", ()):  # what two columns say together is not the schema's matter
        columns[late] = ["2027-02-01" if cell in GOOD["date"] else cell for cell in columns[late]]
        assert early in columns
    path = tmp_path / f"{name}.csv"
    rows = zip(*([each, *cells] for each, cells in columns.items()), strict=True)
    path.write_text("\n".join(",".join(row) for row in rows) + "\n", encoding="utf-8")
    alone = {key: each for key, each in document.items() if key not in ("foreignKeys", "primaryKey")}
    schema = frictionless.Schema.from_descriptor(alone)
    theirs = frictionless.Resource(path=path.name, basepath=str(tmp_path), schema=schema).validate()
    refused = {(row, column) for row, column in theirs.flatten(["rowNumber", "fieldName"]) if column}
    found = read(name, columns)
    ours = found.problems[found.problems["severity"] == "set_aside"]
    named = set(zip(ours["row"], ours["column"], strict=True))
    assert named == refused, [(row, column, columns[column][row - 2]) for row, column in named ^ refused]
    lost = {row for row, column in refused if column in document["needed_in_row"]}
    assert set(found.rows.rejected + 2) == lost
    assert len(list(itertools.chain(found.rows.rejected, set(found.rows.source)))) <= size
