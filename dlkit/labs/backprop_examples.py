"""The graphs of BackpropLab: what they compute, with which numbers, and where their boxes stand."""

from dataclasses import dataclass

from dlkit.autodiff import Value
from dlkit.plots.graph_layout import GraphLayout

WIDTH, HEIGHT = 800.0, 322.0
"""Size of the drawing of a graph, in pixels."""


@dataclass(frozen=True, eq=False)
class Example:
    """One graph.

    Parameters
    ----------
    label : str
        Name in the menu.
    words : str
        What it is, in one sentence.
    opening : dict of str to float
        Leaf -> the number with which it opens.
    roles : dict of str to str
        Leaf -> "input", "weight" and so on.
    trainable : tuple of str
        The leaves that an update moves.
    build : callable
        Dictionary of leaf -> Value to the last node; every node gets a label.
    places : dict of str to (float, float)
        Node -> column and row of its box, from the top left.
    """

    label: str
    words: str
    opening: dict
    roles: dict
    trainable: tuple
    build: callable
    places: dict

    def graph(self, numbers):
        """Return the last node of a new graph with these numbers.

        Parameters
        ----------
        numbers : dict of str to float
            Leaf -> number.

        Returns
        -------
        Value
        """
        return self.build({name: Value(numbers[name], name) for name in self.opening})


def _named(node, label):
    node.label = label
    return node


def _neuron(leaf):
    p = _named(leaf["w"] * leaf["x"], "p")
    z = _named(p + leaf["b"], "z")
    a = _named(z.tanh(), "a")
    e = _named(a - leaf["y"], "e")
    return _named(e**2, "L")


def _network(leaf):
    hidden = []
    for unit in "12":
        products = [
            _named(leaf[f"w{unit}{source}"] * leaf[f"x{source}"], f"p{unit}{source}")
            for source in "12"
        ]
        z = _named(products[0] + products[1], f"z{unit}")
        hidden.append(_named(z.tanh(), f"h{unit}"))
    q1 = _named(leaf["v1"] * hidden[0], "q1")
    q2 = _named(leaf["v2"] * hidden[1], "q2")
    s = _named(q1 + q2, "s")
    o = _named(s.sigmoid(), "o")
    e = _named(o - leaf["y"], "e")
    return _named(e**2, "L")


def _shared(leaf):
    p = _named(leaf["w"] * leaf["x"], "p")
    h = _named(p.tanh(), "h")
    o = _named(leaf["w"] * h, "o")
    e = _named(o - leaf["y"], "e")
    return _named(e**2, "L")


def _softmax(leaf):
    exponentials = [_named(leaf[f"z{k}"].exp(), f"e{k}") for k in "123"]
    t = _named(exponentials[0] + exponentials[1], "t")
    s = _named(t + exponentials[2], "s")
    p = _named(exponentials[0] / s, "p")
    log_p = _named(p.log(), "g")
    return _named(-log_p, "L")


EXAMPLES = {
    "neuron": Example(
        "one neuron",
        "One neuron with tanh, and the squared error of its output: L = (tanh(w·x + b) − y)²",
        {"x": 2.0, "w": -0.5, "b": 0.2, "y": 1.0},
        {"x": "input", "w": "weight", "b": "bias", "y": "target"},
        ("w", "b"),
        _neuron,
        {
            "w": (0, 0.2), "x": (0, 1.8), "p": (1, 1), "b": (1, 2.4), "z": (2, 1), "a": (3, 1),
            "y": (3, 2.4), "e": (4, 1), "L": (5, 1),
        },
    ),
    "shared": Example(
        "a weight used twice",
        "The weight w is used twice, as in a recurrent network: L = (w·tanh(w·x) − y)²",
        {"x": 1.0, "w": 0.5, "y": 1.0},
        {"x": "input", "w": "weight", "y": "target"},
        ("w",),
        _shared,
        {
            "x": (0, 0.1), "w": (0, 1.9), "p": (1, 0.5), "h": (2, 0.5), "o": (3, 1), "y": (3, 2.4),
            "e": (4, 1), "L": (5, 1),
        },
    ),
    "network": Example(
        "two layers, 2-2-1",
        "Two inputs, two hidden units with tanh, one output with sigmoid (no biases), and the "
        "squared error",
        {
            "x1": 1.0, "x2": -0.5, "w11": 0.6, "w12": -0.4, "w21": -0.8, "w22": 0.5, "v1": 1.2,
            "v2": -0.9, "y": 0.2,
        },
        {"x1": "input", "x2": "input", "y": "target"}
        | dict.fromkeys(("w11", "w12", "w21", "w22", "v1", "v2"), "weight"),
        ("w11", "w12", "w21", "w22", "v1", "v2"),
        _network,
        {
            "w11": (0, 0), "x1": (0, 1), "w21": (0, 2), "w12": (0, 3), "x2": (0, 4), "w22": (0, 5),
            "p11": (1, 0.5), "p21": (1, 1.6), "p12": (1, 3.4), "p22": (1, 4.5),
            "z1": (2, 1.3), "z2": (2, 3.7), "h1": (3, 1.3), "h2": (3, 3.7),
            "v1": (3, 0.1), "v2": (3, 4.9), "q1": (4, 1.2), "q2": (4, 3.8),
            "s": (5, 1.2), "o": (6, 1.2), "e": (6, 3), "y": (5, 3.6), "L": (6, 4.8),
        },
    ),
    "softmax": Example(
        "softmax, cross-entropy",
        "Three logits, softmax, and the cross-entropy of class 1, the true one: "
        "L = −log(exp(z1) / Σ exp(z))",
        {"z1": 1.0, "z2": 2.0, "z3": -1.0},
        dict.fromkeys(("z1", "z2", "z3"), "logit"),
        ("z1", "z2", "z3"),
        _softmax,
        {
            "z1": (0, 0.1), "z2": (0, 1.3), "z3": (0, 2.5), "e1": (1, 0.1), "e2": (1, 1.3),
            "e3": (1, 2.5), "t": (2, 1.3), "s": (3, 1.3), "p": (4, 0.7), "g": (5, 0.7), "L": (6, 0.7),
        },
    ),
}  # fmt: skip


def layout_of(example):
    """Return where the boxes of an example stand, by their names.

    Parameters
    ----------
    example : Example

    Returns
    -------
    GraphLayout
        Its nodes are names.
    """
    columns = 1 + max(column for column, _ in example.places.values())
    rows = 1 + max(row for _, row in example.places.values())
    width = 86.0 if columns < 7 else 74.0
    height = 44.0 if rows > 5 else 52.0
    gap = (WIDTH - 4 - width) / (columns - 1)
    step = (HEIGHT - 4 - height) / (rows - 1)
    places = {
        name: (2 + width / 2 + column * gap, HEIGHT - 2 - height / 2 - row * step)
        for name, (column, row) in example.places.items()
    }
    last = example.graph(example.opening)
    names = last.names()
    edges = tuple((names[inner], names[node]) for node in last.nodes() for inner in node.inputs)
    return GraphLayout(WIDTH, HEIGHT, (width, height), places, edges)
