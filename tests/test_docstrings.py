"""The public docstrings are complete: what it is for, what goes in, what comes out, an example that runs."""

import functools
import inspect
import re

import pytest

import pumpurs_risk as pr

# The refusals are one class with different texts: PumpursError shows how to catch and read all of them.
_WITHOUT_EXAMPLE = {"CatalogueError", "MappingError", "ModelFileError", "RecordsError", "RunError"}
# Nobody calls these classes: a class method makes them, so they say what they hold instead of what they are made from.
_MADE_BY_A_METHOD = {"Catalogue"}
_NAMES = [name for name in pr.__all__ if name != "__version__"]


def _members(cls):
    """Public methods and properties that a class of ours defines itself, as (name, function, is it a property)."""
    for owner in cls.__mro__:
        if not owner.__module__.startswith("pumpurs_risk"):
            continue
        for name, member in vars(owner).items():
            if name.startswith("_"):
                continue
            if isinstance(member, property | functools.cached_property):
                yield name, member, True
            elif isinstance(member, staticmethod | classmethod):
                yield name, member.__func__, False
            elif inspect.isfunction(member):
                yield name, member, False


def _documented():
    for name in _NAMES:
        thing = getattr(pr, name)
        if not inspect.isclass(thing):
            yield pytest.param(thing, False, id=name)
            continue
        for member_name, member, is_property in _members(thing):
            yield pytest.param(member, is_property, id=f"{name}.{member_name}")


def _sections(thing):
    """Titles of the numpydoc sections of a docstring, each with its lines."""
    lines = inspect.cleandoc(thing.__doc__ or "").splitlines()
    found = {"": []}
    title = ""
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if line and re.fullmatch("-{3,}", below) and len(below) == len(line):
            title = line
            found[title] = []
        elif not re.fullmatch("-{3,}", line):
            found[title].append(line)
    return found


def _named(lines):
    """Names at the margin of a Parameters section: ``a, b : type``."""
    heads = [line.split(" : ")[0] for line in lines if line and not line.startswith(" ")]
    return {name.strip().lstrip("*") for head in heads for name in head.split(",")}


def _parameters(function):
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    found = inspect.signature(function).parameters.values()
    return {p.name for p in found if p.kind not in kinds and p.name not in ("self", "cls")}


@pytest.mark.parametrize(("thing", "is_property"), list(_documented()))
def test_functions_methods_and_properties(thing, is_property):
    sections = _sections(thing)
    assert any(sections[""]), "no docstring"
    if is_property:
        return
    assert _parameters(thing) - _named(sections.get("Parameters", [])) == set(), "not under Parameters"
    gives = inspect.signature(thing).return_annotation
    if gives not in (None, "None"):
        assert any(sections.get("Returns", sections.get("Yields", []))), "no Returns"


@pytest.mark.parametrize("name", sorted(set(_NAMES) - _WITHOUT_EXAMPLE))
def test_every_public_name_has_an_example(name):
    assert any(line.startswith(">>> ") for line in _sections(getattr(pr, name)).get("Examples", [])), "no Examples"


@pytest.mark.parametrize("name", sorted(_WITHOUT_EXAMPLE))
def test_an_allowed_exception_is_an_exception_class_and_says_what_it_is(name):
    thing = getattr(pr, name)
    assert issubclass(thing, pr.PumpursError)
    assert any(_sections(thing)[""])


@pytest.mark.parametrize("name", [name for name in _NAMES if inspect.isclass(getattr(pr, name))])
def test_what_a_class_is_made_from_is_documented(name):
    thing = getattr(pr, name)
    if "__init__" not in vars(thing) and not getattr(thing, "__struct_fields__", ()):
        return  # made by a function or a class method, or as its base class
    sections = _sections(thing)
    if name in _MADE_BY_A_METHOD:
        assert any(sections.get("Attributes", [])), "no Attributes"
        return
    assert _parameters(thing) - _named(sections.get("Parameters", [])) == set(), "not under Parameters"
