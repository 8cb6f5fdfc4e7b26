"""Boxes, arrows and their labels: how a computation graph is drawn."""

from dataclasses import dataclass

from dlkit.plots.chart import Arrow, Box, Line, Text
from dlkit.plots.graph_layout import LABEL_ROOM

_TEXT_SIZE, _LABEL_SIZE = 10.0, 10.5


@dataclass(frozen=True)
class NodeLook:
    """How one box is drawn.

    Parameters
    ----------
    lines : tuple of str
        Its text; the first line is bold.
    color, dash, border, filled
        As for `Box`.
    """

    lines: tuple
    color: str = "blue"
    dash: str = "solid"
    border: float = 1.5
    filled: bool = False


@dataclass(frozen=True)
class ArrowLook:
    """How one arrow is drawn.

    Parameters
    ----------
    label : str
        Beside it; "" for none.
    color, dash, width, opacity
        As for `Arrow`.
    backward : bool
        Whether its head is at the input.
    """

    label: str = ""
    color: str = "text"
    dash: str = "solid"
    width: float = 1.5
    opacity: float = 0.7
    backward: bool = False


def graph_marks(layout, looks, arrows):
    """Return the marks of a graph: arrows first, boxes on them, then the labels of the arrows.

    Parameters
    ----------
    layout : GraphLayout
        Where things are.
    looks : dict of node to NodeLook
        The boxes.
    arrows : dict of (node, node) to ArrowLook
        The arrow of each edge of the layout.

    Returns
    -------
    list
    """
    width, height = layout.box
    marks, labels = [], []
    for edge, (x, y, on_the_arrow) in layout.label_places.items():
        look = arrows[edge]
        way = layout.ways[edge]
        marks += _arrow(way[::-1] if look.backward else way, look)
        if look.label and on_the_arrow:
            room = 5.8 * len(look.label) + 4, LABEL_ROOM[1]
            labels.append(Box(x, y, *room, look.label, "grey", _LABEL_SIZE, border=0))
        elif look.label:
            labels.append(Text(x, y, look.label, size=_LABEL_SIZE, bold=look.width > 2))
    for node, look in looks.items():
        x, y = layout.places[node]
        marks.append(
            Box(
                x, y, width, height, "\n".join(look.lines), look.color, _TEXT_SIZE, look.filled,
                look.dash, look.border,
            )
        )  # fmt: skip
    return marks + labels


def number(value, digits=3):
    """Return a number in significant digits, zeros included: "2.00", "−0.312", "1.20e-5".

    Parameters
    ----------
    value : float
    digits : int

    Returns
    -------
    str
    """
    if abs(value) < 1e-12:
        return "0"
    size = abs(value)
    text = f"{size:.0f}" if 10**digits <= size < 1e5 else f"{size:#.{digits}g}".rstrip(".")
    text = text.replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")
    return ("−" if value < 0 else "") + text


def formula(node, names):
    """Return what a node computes, in names: "w · x", "tanh(z)", "e²"; "" for a leaf.

    Parameters
    ----------
    node : Value
    names : dict of Value to str

    Returns
    -------
    str
    """
    if not node.inputs:
        return ""
    letters = dict(zip("ab", (names[inner] for inner in node.inputs), strict=False))
    text = node._rule.formula.format(**letters)
    return text.replace("**2", "²").replace("-", "−")


def _arrow(points, look):
    style = {"color": look.color, "dash": look.dash, "width": look.width, "opacity": look.opacity}
    *way, (x0, y0), (x1, y1) = points
    marks = []
    if way:
        x, y = zip(*way, (x0, y0), strict=True)
        marks.append(Line(x, y, **style))
    return [*marks, Arrow(x0, y0, x1, y1, **style)]
