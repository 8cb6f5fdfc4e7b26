"""A mutant: one deliberate fault in the mathematics, applied in memory and never on disk.

The text of one module is changed while Python imports it. Where the text to change is not there, or
stands there twice, the table of mutants has rotted, and applying the mutant is an error.
"""

import ast
import functools
import importlib.abc
import importlib.util
import sys
import textwrap
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]


class Mutant(NamedTuple):
    """A fault, where it goes, and what has to notice it.

    Attributes
    ----------
    entry : str
        The key of the registry whose mathematics is spoilt.
    place : str
        ``"dlkit/rules/moments.py: adam.update"``: the file, and the class or function in it. The
        docstrings of both do not count.
    find, replace : str
        The text that must stand there exactly once, and the fault.
    why : str
        The fault in words, with a source where people are known to have made it.
    tests : tuple of str
        Beyond those of the family: ``"tests/unit/test_rules.py::adam"`` means every test of that
        file with this name, or with this value among its parameters.
    """

    entry: str
    place: str
    find: str
    replace: str
    why: str
    tests: tuple = ()

    @property
    def name(self):
        """The entry and the fault, as one line."""
        return f"{self.entry}: {self.why}"

    @property
    def file(self):
        """The path of the module that is spoilt."""
        return ROOT / self.place.partition(":")[0]

    @property
    def module(self):
        """The module's name, such as ``dlkit.rules.moments``."""
        return ".".join(self.file.relative_to(ROOT).with_suffix("").parts)

    def source(self):
        """Return the module's text with the fault in it.

        Raises
        ------
        LookupError
            If the place is not there, the text does not stand in it exactly once, or the fault
            changes nothing or adds lines.
        """
        text = self.file.read_text(encoding="utf-8")
        first, start, stop = code_of(text, self.place.partition(":")[2].strip())
        count = text.count(self.find, start, stop)
        if count != 1:
            raise LookupError(
                f"The mutant {self.name!r} looks for {self.find!r} in {self.place}, where it stands "
                f"{count} times. Bring the table of mutants up to date."
            )
        fewer = self.find.count("\n") - self.replace.count("\n")
        if fewer < 0:
            raise LookupError(
                f"The mutant {self.name!r} adds lines: then tracebacks point elsewhere."
            )
        # A line that is left out stays as an empty one, for all that looks at sources by number.
        changed = text[start:stop].replace(self.find, self.replace + fewer * "\n")
        if meaning(text[first:stop]) == meaning(text[first:start] + changed):
            raise LookupError(f"The mutant {self.name!r} changes nothing.")
        return text[:start] + changed + text[stop:]


def meaning(code):
    """Return what a class or function says, without comments and layout."""
    return ast.dump(ast.parse(textwrap.dedent(code)))


parse = functools.cache(ast.parse)  # the same few files, for each of their mutants


def code_of(text, name):
    """Return where a class or function begins in a text, and where its code starts and stops.

    Parameters
    ----------
    text : str
        The source of a module.
    name : str
        ``"adam.update"``; empty for the whole module.

    Returns
    -------
    tuple of int
        Positions in the text; the code starts after the docstring.
    """
    node = parse(text)
    for part in filter(None, name.split(".")):
        inside = [each for each in node.body if getattr(each, "name", None) == part]
        if len(inside) != 1:
            raise LookupError(f"{part!r} of {name!r} is there {len(inside)} times.")
        node = inside[0]
    lines = text.splitlines(keepends=True)
    first = node.lineno - 1 if name else 0
    start = first
    if ast.get_docstring(node, clean=False) is not None:
        start = node.body[0].end_lineno
    last = node.end_lineno if name else len(lines)
    return tuple(len("".join(lines[:line])) for line in (first, start, last))


class Spoiler(importlib.abc.MetaPathFinder):
    """Hands the import system the spoilt text of one module."""

    def __init__(self, mutant):
        self.mutant, self.text = mutant, mutant.source()
        self.used = False

    def find_spec(self, name, path=None, target=None):
        if name != self.mutant.module:
            return None
        file = str(self.mutant.file)
        return importlib.util.spec_from_file_location(name, file, loader=_Loader(self, name, file))

    def install(self):
        """Spoil the module in this process, which must not have imported dlkit yet."""
        loaded = [name for name in sys.modules if name.partition(".")[0] == "dlkit"]
        if loaded:
            raise RuntimeError(f"dlkit is imported already ({loaded[0]}), too late for a mutant.")
        sys.meta_path.insert(0, self)


class _Loader(SourceFileLoader):
    def __init__(self, spoiler, name, file):
        super().__init__(name, file)
        self.spoiler = spoiler

    def get_code(self, fullname):
        self.spoiler.used = True
        return compile(self.spoiler.text, self.path, "exec", dont_inherit=True)
