"""The source that runs, and the formula it implements: found, shortened and highlighted."""

import ast
import dataclasses
import functools
import inspect
import re
import textwrap

from dlkit.display.cards import escape
from dlkit.display.formulae import FORMULAE
from dlkit.display.latex import latex
from dlkit.rules import Rule
from dlkit.schedules import Schedule

# Token kinds of Pygments -> JupyterLab's editor colours, which follow the theme. Elsewhere the
# text keeps the page's own colour; bold tells keywords apart. Comments are italic only: the dark
# theme's colour for them is too faint to read.
_STYLES = (
    ("Token.Comment", "font-style:italic"),
    ("Token.Literal.String", "color:var(--jp-mirror-editor-string-color, inherit)"),
    ("Token.Literal.Number", "color:var(--jp-mirror-editor-number-color, inherit)"),
    ("Token.Keyword", "color:var(--jp-mirror-editor-keyword-color, inherit);font-weight:bold"),
    ("Token.Operator.Word", "color:var(--jp-mirror-editor-keyword-color, inherit)"),
    ("Token.Name.Function", "color:var(--jp-mirror-editor-def-color, inherit);font-weight:bold"),
    ("Token.Name.Class", "color:var(--jp-mirror-editor-def-color, inherit);font-weight:bold"),
    ("Token.Name.Builtin", "color:var(--jp-mirror-editor-builtin-color, inherit)"),
)


def parts_of(thing):
    """Return the functions or classes whose source makes up ``thing``, in reading order.

    Parameters
    ----------
    thing : object
        A function, method or class; or an object built from functions (a rule, an activation);
        or an instance, which stands for its class.

    Returns
    -------
    list
        Functions and classes; never empty.

    Raises
    ------
    TypeError
        If there is no Python source behind it.
    """
    if isinstance(thing, functools.partial):
        return parts_of(thing.func)
    thing = inspect.unwrap(thing) if callable(thing) else thing
    rule = getattr(thing, "rule", None)
    if inspect.isclass(rule) and issubclass(rule, Rule):
        thing = rule  # an optimizer is its rule, in a host
    if inspect.isclass(thing) and issubclass(thing, Rule):
        found = [kind for kind in thing.__mro__ if issubclass(kind, Rule) and kind is not Rule]
    elif inspect.isroutine(thing) or inspect.isclass(thing) or inspect.ismodule(thing):
        found = [thing]
    else:
        found = _functions_inside(thing) or [type(thing)]
    try:
        for part in found:
            inspect.getsource(part)
    except (TypeError, OSError):
        raise TypeError(
            f"show needs something written in Python (a rule, an activation, a loss, a layer, a "
            f"function or a class), but got {_name(thing)} without Python source. "
            "Write show(rules.adam), for example, without calling it."
        ) from None
    return found


def source_of(thing, docstring=True):
    """Return the very source of ``thing`` as text, outermost indentation removed.

    Parameters
    ----------
    thing : object
        See `parts_of`.
    docstring : bool
        Whether the docstrings stay; without them the code is short enough for a slide.

    Returns
    -------
    str
    """
    sources = [textwrap.dedent(inspect.getsource(part)).strip("\n") for part in parts_of(thing)]
    if not docstring:
        sources = [without_docstrings(source) for source in sources]
    return "\n\n\n".join(sources)


def without_docstrings(source):
    """Return Python source with its docstrings cut out, and everything else as it was.

    Parameters
    ----------
    source : str
        Source that compiles on its own.

    Returns
    -------
    str
    """
    lines = source.split("\n")
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
            continue
        if ast.get_docstring(node, clean=False) is None or len(node.body) < 2:
            continue
        first = node.body[0]
        last = first.end_lineno
        if last < len(lines) and not (lines[last] or "").strip() and len(node.body) > 1:
            last += 1  # the empty line after it goes too
        for index in range(first.lineno - 1, last):
            lines[index] = None
    return "\n".join(line for line in lines if line is not None)


def formula_of(thing):
    """Return the formulae of ``thing`` as LaTeX, without delimiters.

    They are found in its docstring, as ``.. math::`` blocks, between ``$$`` or between ``\\[`` and
    ``\\]``; else, for an activation, a loss or a layer, in `dlkit.display.formulae`; else as the
    lines of code that the docstring holds after ``::``, where they are a formula.

    Parameters
    ----------
    thing : object
        See `parts_of`.

    Returns
    -------
    list of str
    """
    docstrings = [inspect.getdoc(part) or "" for part in (thing, *parts_of(thing))]
    found = [formula for text in docstrings for formula in _formulae(text)]
    return list(dict.fromkeys(found)) or _formulae_of_kind(thing) or _formulae_in_code(thing)


def _formulae_of_kind(thing):
    """Return the formulae of an activation, a loss or a layer."""
    kind = thing if inspect.isclass(thing) else type(thing)
    if not kind.__module__.startswith("dlkit."):
        return []
    lines = FORMULAE.get(kind.__name__, ())
    return [line if "\\" in line else latex(line) for line in lines]


def _formulae_in_code(thing):
    """Return the lines after the first ``::`` of a rule or schedule as LaTeX; nothing for words.

    What a later block holds is a variant, which only the words around it explain.
    """
    (*_, last) = parts = [part for part in parts_of(thing) if inspect.isclass(part)] or [None]
    if last is None or not issubclass(last, Rule | Schedule):
        return []
    blocks = [plain_formula_of(part).split("\n\n")[0] for part in parts]
    lines = [line for block in blocks for line in block.split("\n") if line.strip()]
    try:
        return [latex(line) for line in lines]
    except (SyntaxError, ValueError):
        return []


def plain_formula_of(thing):
    """Return the formulae that a docstring writes as code, in blocks after ``::``.

    Parameters
    ----------
    thing : object
        See `parts_of`.

    Returns
    -------
    str
        The blocks without their indentation; empty if there is none.
    """
    block = re.compile(r"^(?!.*\.\. )[^\n]*::\n\n((?:(?:    [^\n]*)?\n)+)", re.MULTILINE)
    texts = [inspect.getdoc(part) or "" for part in parts_of(thing)]
    found = [match for text in texts for match in block.findall(text + "\n")]
    return "\n\n".join(textwrap.dedent(match).strip("\n") for match in found)


def summary_of(thing):
    """Return the first sentence of the docstring of ``thing``, or an empty string."""
    candidates = [inspect.getdoc(part) or "" for part in parts_of(thing)]
    own = getattr(thing, "__doc__", None)
    if own and own != type(thing).__doc__:
        candidates.insert(0, inspect.cleandoc(own))
    first = next((text for text in candidates if text), "")
    return " ".join(first.split("\n\n")[0].split())


def highlighted(source):
    """Return Python source as HTML spans with theme-safe colours (plain text without Pygments)."""
    try:
        from pygments import lex
        from pygments.lexers import PythonLexer
    except ImportError:  # outside Jupyter
        return escape(source)
    pieces = []
    for token, text in lex(source, PythonLexer(stripnl=False, ensurenl=False)):
        style = next((style for kind, style in _STYLES if str(token).startswith(kind)), None)
        text = escape(text)
        pieces.append(f'<span style="{style}">{text}</span>' if style and text.strip() else text)
    return "".join(pieces)


def _functions_inside(thing):
    """The functions that an object was built from: the fields of a rule, an activation."""
    if dataclasses.is_dataclass(thing):
        values = [getattr(thing, field.name) for field in dataclasses.fields(thing)]
    else:
        values = list(getattr(thing, "__dict__", {}).values())
    functions = [value for value in values if inspect.isfunction(value)]
    return list(dict.fromkeys(functions))


def _formulae(text):
    block = re.compile(
        r"^(?P<indent>[ \t]*)\.\. math::[ \t]*(?P<same>[^\n]*)\n"
        r"(?P<body>(?:[ \t]*\n|(?P=indent)[ \t]+[^\n]*(?:\n|$))*)",
        re.MULTILINE,
    )
    found = []
    for match in block.finditer(text + "\n"):
        body = textwrap.dedent(match["body"]).strip()
        joined = "\n".join(part for part in (match["same"].strip(), body) if part)
        found.extend(part.strip() for part in re.split(r"\n\s*\n", joined) if part.strip())
    for pattern in (r"\$\$(.+?)\$\$", r"\\\[(.+?)\\\]"):
        found.extend(match.strip() for match in re.findall(pattern, text, re.DOTALL))
    return found


def _name(thing):
    return getattr(thing, "__name__", None) or f"an object of type {type(thing).__name__}"
