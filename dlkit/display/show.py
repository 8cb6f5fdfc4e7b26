"""Show the source that runs, with its formula; or a figure with its sentence under it."""

import sys

from dlkit import checks
from dlkit.display.cards import card, code_block, escape
from dlkit.display.named import by_name
from dlkit.display.png import png_bytes
from dlkit.display.source import (
    formula_of,
    highlighted,
    plain_formula_of,
    source_of,
    summary_of,
)
from dlkit.display.words import Words, display


def show(*things, docstring=True):
    """Show the very source of a rule, activation, loss, layer or function, or a figure.

    In a notebook the source is highlighted and the formulae of its docstring are typeset above
    it; in plain Python the source is printed. A figure is shown as a picture, and the sentence
    that says what can be seen in it is shown under it.

    Parameters
    ----------
    *things : object
        What to show, one after the other: a function, class or method, a rule, an activation, a
        loss, a layer, a schedule, or the name of one (``"adam"``); a matplotlib ``Figure`` or a
        `dlkit.plots.chart.Chart`.
    docstring : bool
        Whether the source keeps its docstrings; ``show(rules.adam, docstring=False)`` is short.

    Raises
    ------
    TypeError
        If one of the things is neither a figure nor written in Python, or nothing was given.
    ValueError
        If a name is unknown; the message suggests the nearest.
    """
    docstring = checks.truth_value("docstring", docstring)
    if not things:
        raise TypeError("show needs something to show, for example show(activations.relu).")
    things = [by_name(thing) if isinstance(thing, str) else thing for thing in things]
    pictures = [as_figure(thing) for thing in things]
    sources = [
        None if picture is not None else Source(thing, docstring=docstring)
        for thing, picture in zip(things, pictures, strict=True)
    ]
    for picture, source in zip(pictures, sources, strict=True):
        if picture is None:
            display(source)
        else:
            shown = Picture(picture)
            display(shown, plain="")
            display(Words(shown.sentence))


class Source:
    """The source of something, with its formula, as a cell's last value.

    Parameters
    ----------
    thing : object
        What to show; see `show`.
    docstring : bool
        Whether the docstrings stay.

    Attributes
    ----------
    text : str
        The plain source, exactly as it runs.
    formulae : list of str
        LaTeX without delimiters.
    summary : str
        The first sentence of the docstring.
    """

    def __init__(self, thing, docstring=True):
        self.text = source_of(thing, docstring=checks.truth_value("docstring", docstring))
        self.formulae = formula_of(thing)
        self.summary = summary_of(thing)
        # With its docstring the source says it itself.
        self._plain_formula = "" if docstring or self.formulae else plain_formula_of(thing)

    def __repr__(self):
        return self.text

    def _repr_mimebundle_(self, include=None, exclude=None):
        formulae = "".join(
            f'<div style="margin:0.4em 0">$${escape(formula)}$$</div>' for formula in self.formulae
        )
        if self._plain_formula:
            formulae = code_block(escape(self._plain_formula))
        body = formulae + code_block(highlighted(self.text))
        said = self.summary in " ".join(self.text.split())  # the docstring opens with it
        title = "" if said else self.summary.replace("``", "`")
        return {"text/plain": self.text, "text/html": card(title, body)}


class Picture:
    """A matplotlib figure as a PNG with its sentence as the text alternative.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to show.

    Attributes
    ----------
    sentence : str
        What can be seen, in words.
    """

    def __init__(self, figure):
        from dlkit.plots import figure_summary

        self.figure = figure
        self.sentence = figure_summary(figure)

    def __repr__(self):
        return self.sentence

    def png(self):
        """Return the picture as the bytes of a PNG file."""
        return png_bytes(self.figure, tight=True)

    def _repr_mimebundle_(self, include=None, exclude=None):
        data = {"text/plain": self.sentence, "image/png": self.png()}
        return data, {"image/png": {"alt": self.sentence}}


def as_figure(thing):
    """Return the matplotlib figure behind ``thing``, or None if it is no picture.

    Parameters
    ----------
    thing : object
        A figure, a chart, or anything else.

    Returns
    -------
    matplotlib.figure.Figure or None
    """
    # Looked up instead of imported: who has made a chart or a figure has loaded its module.
    chart_module = sys.modules.get("dlkit.plots.chart")
    if chart_module is not None and isinstance(thing, chart_module.Chart):
        from dlkit.plots.figure import to_figure

        return to_figure(thing)
    figure_module = sys.modules.get("matplotlib.figure")
    if figure_module is not None and isinstance(thing, figure_module.Figure):
        return thing
    return None
