"""The line locator agrees with tomllib about the keys, and with the eye about the lines."""

import tomllib
from pathlib import Path

import pytest

from pumpurs_risk.catalogue.toml_lines import key_lines

HARD = r'''# a comment with [brackets] and a = 1
title = "a # that is no comment \" = x"   # but this is
site."lower.key".'third' = 1

[file]
delimiter = ";"
missing = [
    "NULL",   # with a "quote" in the comment
    "-",
]

[columns.age]
from = "Age [years]"
multiply = -1.5e3

["columns"."mean_mark"]   # quoted header
from = ["A", "B"]
recode = { A = 10, "B, or b" = 8, 'C=c' = { deep = 1 } }
note = """
[not.a.table]
key = "neither"
still \""""
[columns]
motivation.from = "higher"
motivation.recode.yes = 0
"pupil\u005fid" = 'No.'
empty = {}
[[rows]]
a = 1
[[rows]]
a = [ { b = 2 },
      { b = 3 } ]
[rows.inner]
c = 1979-05-27
'''


def paths(value, path=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key)
            yield from paths(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            if isinstance(inner, dict):
                yield from paths(inner, (*path, str(number)))


def test_every_key_that_tomllib_sees_has_a_line():
    lines = key_lines(HARD)
    wanted = set(paths(tomllib.loads(HARD)))
    assert len(wanted) > 25
    assert wanted <= set(lines)


@pytest.mark.parametrize(
    ("path", "starts"),
    [
        (("title",), "title ="),
        (("site", "lower.key", "third"), "site."),
        (("file",), "[file]"),
        (("file", "missing"), "missing ="),
        (("columns", "age", "multiply"), "multiply = -1.5e3"),
        (("columns", "mean_mark"), '["columns"."mean_mark"]'),
        (("columns", "mean_mark", "recode", "B, or b"), "recode ="),
        (("columns", "mean_mark", "recode", "C=c", "deep"), "recode ="),
        (("columns", "motivation", "recode", "yes"), "motivation.recode.yes"),
        (("columns", "pupil_id"), '"pupil'),
        (("columns", "empty"), "empty ="),
        (("rows", "1", "a", "1", "b"), "      { b = 3 }"),
        (("rows", "1", "inner", "c"), "c = 1979"),
    ],
)
def test_the_line_is_where_the_eye_finds_the_key(path, starts):
    assert HARD.splitlines()[key_lines(HARD)[path] - 1].startswith(starts)


def test_windows_line_ends_count_once():
    assert key_lines("a = 1\r\n\r\n[b]\r\nc = '''x\r\ny'''\r\nd = 2\r\n") == {
        ("a",): 1,
        ("b",): 3,
        ("b", "c"): 4,
        ("b", "d"): 6,
    }


def test_text_without_a_final_line_end_or_with_nothing_is_read():
    assert key_lines("") == {}
    assert key_lines("# only this") == {}
    assert key_lines("a={b=1}#x") == {("a",): 1, ("a", "b"): 1}


@pytest.mark.parametrize("file", sorted((Path(__file__).parents[2] / "examples").glob("*.toml")), ids=lambda f: f.name)
def test_every_key_of_the_examples_has_a_line(file):
    text = file.read_text(encoding="utf-8")
    assert set(paths(tomllib.loads(text))) <= set(key_lines(text))
