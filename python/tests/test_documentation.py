"""Examples in documentation run, and what is typed is there."""

import ast
import doctest
import importlib
from pathlib import Path

import pytest

import creode

FOLDER = Path(creode.__file__).parent


@pytest.mark.parametrize("name", ["creode", "creode._networks", "creode._arrays", "creode._runs", "creode._recorder"])
def test_examples_in_docstrings(name):
    result = doctest.testmod(importlib.import_module(name), raise_on_error=False)
    assert result.failed == 0


def test_everything_public_is_documented():
    for name in creode.__all__:
        thing = getattr(creode, name)
        assert thing.__doc__, name
        if isinstance(thing, type):
            own = [attribute for attribute in vars(thing) if not attribute.startswith("_")]
            undocumented = [a for a in own if callable(getattr(thing, a)) and not getattr(thing, a).__doc__]
            assert not undocumented, (name, undocumented)


def test_stubs_tell_what_the_extension_module_has():
    from creode import _native

    assert (FOLDER / "py.typed").exists()
    stubs = ast.parse((FOLDER / "_native.pyi").read_text())
    told = {}
    for node in stubs.body:
        if isinstance(node, ast.ClassDef):
            told[node.name] = {item.name for item in node.body if isinstance(item, ast.FunctionDef)} - {"__init__"}
        elif isinstance(node, ast.FunctionDef):
            told[node.name] = None
    there = {name for name in vars(_native) if not name.startswith("__")}
    assert there == set(told)
    for name, members in told.items():
        if members:
            own = {member for member in vars(getattr(_native, name)) if not member.startswith("__")}
            assert own == members, name
