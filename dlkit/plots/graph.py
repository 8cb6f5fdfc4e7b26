"""The computation graph of a `Value` as a picture: boxes with numbers, arrows with derivatives."""

from dlkit import checks
from dlkit.autodiff import Value
from dlkit.plots.chart import Chart, Panel
from dlkit.plots.graph_layers import layered
from dlkit.plots.graph_marks import ArrowLook, NodeLook, formula, graph_marks, number

_MOST_NODES = 60


def value_graph(result):
    """Return the graph of a result: values, gradients, and the local derivative at each arrow.

    Parameters
    ----------
    result : Value
        The last node. Call its ``backward`` first: until then all gradients are 0.

    Returns
    -------
    Chart

    Raises
    ------
    TypeError
        If ``result`` is no Value.
    ValueError
        If it is a single number, or its graph has more than 60 nodes.
    """
    if not isinstance(result, Value):
        raise TypeError(
            f"result must be a Value, but got {checks.describe(result)}. "
            "Build it from Values: (Value(2.0) * Value(3.0)).tanh()."
        )
    nodes, names = result.nodes(), result.names()
    if not 1 < len(nodes) <= _MOST_NODES:
        raise ValueError(
            f"result must have 2 to {_MOST_NODES} nodes to be drawn, but got {len(nodes)}."
        )
    computed = [node for node in nodes if node.inputs]
    looks, arrows = {}, {}
    for node in nodes:
        looks[node] = NodeLook(
            (
                f"{names[node]} = {number(node.data)}",
                formula(node, names) or ("number" if node.constant else "given"),
                f"grad {number(node.gradient)}",
            ),
            color="blue" if node.inputs else "grey",
        )
        slopes = node._rule.slopes(node) if node.inputs else ()
        for inner, slope in zip(node.inputs, slopes, strict=True):
            before = arrows[inner, node].label + ", " if (inner, node) in arrows else ""
            arrows[inner, node] = ArrowLook(f"{before}×{number(slope)}")  # twice in x · x
    layout = layered(result)
    top = names[result]
    leaves = [node for node in nodes if not node.inputs and not node.constant]
    shares = ", ".join(f"∂{top}/∂{names[leaf]} = {number(leaf.gradient)}" for leaf in leaves)
    panel = Panel(
        graph_marks(layout, looks, arrows),
        title=f"{top} = {number(result.data)}, computed in {len(computed)} "
        f"{'step' if len(computed) == 1 else 'steps'}",
        x_range=(0, layout.width),
        y_range=(0, layout.height),
        axes=False,
    )
    summary = (
        f"Computation graph of {top} = {number(result.data)}: {len(leaves)} given and "
        f"{len(computed)} computed numbers. {shares}."
    )
    return Chart(panel, summary, width=round(layout.width) + 8, height=round(layout.height) + 28)
