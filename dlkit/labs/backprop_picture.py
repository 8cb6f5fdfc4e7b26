"""The picture of BackpropLab: the graph as far as it is known, and the present node's chain rule."""

from functools import cache

from dlkit.labs.backprop_examples import EXAMPLES, HEIGHT, WIDTH, layout_of
from dlkit.plots.chart import Chart, Panel, Text
from dlkit.plots.graph_marks import ArrowLook, NodeLook, formula, graph_marks, number

_LINE_HEIGHT = 19.0
_FOOT = 3 * _LINE_HEIGHT + 4  # room for three lines under the graph


@cache
def _layout(example):
    layout = layout_of(EXAMPLES[example])
    for name, (x, y) in layout.places.items():
        layout.places[name] = (x, y + _FOOT)
    return layout


def backprop_chart(walk, title, rules, remark, summary):
    """Return the picture.

    Parameters
    ----------
    walk : Walk
        How far the learner has come.
    title : str
        What was found in this step.
    rules : list of str
        The mathematics of the step, at most two lines, under the graph.
    remark : str
        One line under them.
    summary : str
        The text alternative.

    Returns
    -------
    Chart
    """
    names = walk.result.names()
    looks = {name: _node(walk, name, names) for name in walk.nodes}
    layout = _layout(walk.example)
    arrows = {edge: _arrow(walk, *edge) for edge in layout.edges}
    words = [
        Text(4, _FOOT - 10 - index * _LINE_HEIGHT, line, "start", size=12.5, bold=line != remark)
        for index, line in enumerate([*rules, remark])
    ]
    panel = Panel(
        [*graph_marks(layout, looks, arrows), *words],
        title=title,
        x_range=(0, WIDTH),
        y_range=(0, HEIGHT + _FOOT),
        axes=False,
    )
    return Chart(panel, summary, width=round(WIDTH) + 8, height=round(HEIGHT + _FOOT) + 28)


def _node(walk, name, names):
    node, known = walk.nodes[name], walk.has_value(name)
    digits = 3 if _layout(walk.example).box[0] > 80 else 2
    gradient, complete = walk.gradient(name)
    if gradient is None:
        share = "grad ?"
    else:
        share = f"grad {number(gradient, digits)}" if complete else f"so far {number(gradient, 2)}"
    what = formula(node, names) or EXAMPLES[walk.example].roles[name]
    lines = (f"{name} = {number(node.data, digits) if known else '?'}", what, share)
    if name == walk.present:
        return NodeLook(lines, "vermillion", border=4.0, filled=True)
    if not known:
        return NodeLook(lines, "grey", dash="dashed")
    if node.inputs:
        color = "green" if complete else "blue"
    else:
        color = "purple" if name in EXAMPLES[walk.example].trainable else "grey"
    return NodeLook(lines, color, filled=complete)


def _arrow(walk, inner, name):
    if not walk.has_value(name):
        return ArrowLook("", "grey", "dashed", 1.2)
    label = f"×{number(walk.local_derivative(inner, name), 2)}"
    if name != walk.present or (walk.going_backward and not walk.backward_taken):
        return ArrowLook(label)
    return ArrowLook(label, "vermillion", "solid", 3.0, 1.0, backward=walk.going_backward)
