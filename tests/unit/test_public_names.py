"""Every public name is there, is documented, and says which arguments it takes."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dlkit

PACKAGE = Path(dlkit.__file__).parent
FILES = sorted(path for path in PACKAGE.rglob("*.py"))


def name_of(path):
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("name", sorted(dlkit._LAZY))
def test_every_lazy_name_leads_somewhere(name):
    found = getattr(dlkit, name)
    assert inspect.getdoc(found), f"dlkit.{name} has no docstring"
    assert name in dir(dlkit)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        dlkit.no_such_name  # noqa: B018


def test_what_users_write_works_in_a_fresh_process():
    code = "import dlkit; from dlkit import activations, Network; print(dlkit.losses.__name__)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "dlkit.losses\n"


def public(tree):
    """Yield (qualified name, node) of the public functions and classes of a file."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, node
            if isinstance(node, ast.ClassDef):
                for inner in node.body:
                    if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_"):
                        yield f"{node.name}.{inner.name}", inner


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_everything_public_has_a_docstring(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree) or not tree.body, f"{name_of(path)} does not say what it is for"
    bare = {name for name, node in public(tree) if not ast.get_docstring(node)}
    # A method that only fills in its base's does not repeat it.
    module = importlib.import_module(".".join(["dlkit", *_parts(path)])) if bare else None
    missing = {
        name
        for name in bare
        if not inspect.getdoc(inspect.getattr_static(*_owner(module, name), None))
        and not inspect.getdoc(getattr(*_owner(module, name), None))
    }
    assert not missing, f"{name_of(path)}: no docstring: {sorted(missing)}"


def _parts(path):
    parts = list(path.relative_to(PACKAGE).with_suffix("").parts)
    return parts[:-1] if parts[-1] == "__init__" else parts


def _owner(module, qualified):
    *outer, last = qualified.split(".")
    return (getattr(module, outer[0]) if outer else module), last


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_docstrings_name_every_argument(path):
    """A docstring with a list of parameters names them all, and none that is not there."""
    wrong = []
    for name, node in public(ast.parse(path.read_text(encoding="utf-8"))):
        text = ast.get_docstring(node) or ""
        if not isinstance(node, ast.FunctionDef) or "Parameters\n----------" not in text:
            continue
        listed = _listed(text)
        given = node.args
        taken = [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
        taken += [a.arg for a in (given.vararg, given.kwarg) if a is not None]
        taken = [argument for argument in taken if argument not in ("self", "cls")]
        # What several functions share may be described once, but it must be named, or said where.
        shared = "are those of `" in text
        missing = [] if shared else [a for a in taken if not re.search(rf"\b{a}\b", text)]
        invented = [a for a in listed if a not in taken]
        if missing or invented:
            wrong.append(f"{name}: not in the docstring {missing}, only there {invented}")
    assert not wrong, f"{name_of(path)}: " + "; ".join(wrong)


def _listed(docstring):
    """Return the names in the section Parameters of a NumPy-style docstring."""
    section = docstring.split("Parameters\n----------\n", 1)[1]
    names = []
    lines = section.splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if following and set(following) == {"-"}:
            break  # the next section
        if line and not line.startswith(" "):
            names += [name.strip(" *") for name in line.split(" : ")[0].split(",")]
    return names
