"""Value: numbers that remember how they were computed, and so know their gradients.

Each operation makes a node that keeps its inputs. ``backward`` walks the graph from the result to
the inputs and applies the chain rule at each node: ∂L/∂input += ∂L/∂node · ∂node/∂input.
(Reverse-mode differentiation: Linnainmaa 1970; a graph of scalars in this small a form is known
from micrograd, Karpathy 2020.)
"""

import dataclasses

from dlkit import checks
from dlkit.autodiff_operations import OPERATIONS, power_of


class Value:
    """A number in a computation graph.

    Parameters
    ----------
    data : float
        The number; finite.
    label : str
        A name for drawings and formulae, such as ``"w"``.

    Attributes
    ----------
    data : float
        May be set; ``forward()`` of a result then brings everything in between up to date.
    gradient : float
        ∂result/∂this after ``result.backward()``; 0 before.
    label : str
    operation : str
        What computed it (``"*"``, ``"tanh"`` …); empty for a leaf, which was given.
    inputs : tuple of Value
        What it was computed from; empty for a leaf.
    constant : bool
        Whether it is a plain number that was written into a formula, such as the 1 in ``x + 1``.

    Examples
    --------
    >>> x, w = Value(2.0, "x"), Value(-3.0, "w")
    >>> y = x * w + 1
    >>> y.backward()
    >>> y.data, x.gradient, w.gradient
    (-5.0, -3.0, 2.0)

    Raises
    ------
    TypeError, ValueError
        If ``data`` is no finite number or ``label`` no text; from an operation, if it has no finite
        result.
    """

    __array_ufunc__ = None  # NumPy's numbers and arrays leave the operation to us

    def __init__(self, data, label=""):
        self.data = data
        self.gradient = 0.0
        if not isinstance(label, str):
            raise TypeError(f"label must be a text, but got {checks.describe(label)}.")
        self.label = label
        self.inputs = ()
        self.constant = False
        self._rule = None

    @property
    def data(self):
        """The node's number; settable, for a parameter that takes a step."""
        return self._data

    @data.setter
    def data(self, number):
        self._data = checks.number("data", number)

    @property
    def operation(self):
        """The symbol of the operation that made the node; empty for an input."""
        return self._rule.symbol if self._rule else ""

    # -- building the graph ------------------------------------------------------------------

    def __add__(self, other):
        return _node("+", self, other)

    def __sub__(self, other):
        return _node("-", self, other)

    def __mul__(self, other):
        return _node("*", self, other)

    def __truediv__(self, other):
        return _node("/", self, other)

    def __pow__(self, exponent):
        if isinstance(exponent, Value):
            return _node("**", self, exponent)
        return _apply(power_of(checks.number("exponent", exponent)), (self,))

    def __radd__(self, other):
        return _node("+", other, self)

    def __rsub__(self, other):
        return _node("-", other, self)

    def __rmul__(self, other):
        return _node("*", other, self)

    def __rtruediv__(self, other):
        return _node("/", other, self)

    def __rpow__(self, base):
        return _node("**", base, self)

    def __neg__(self):
        return _node("negative", self)

    def exp(self):
        """Return e to the power of this, as a new node."""
        return _node("exp", self)

    def log(self):
        """Return the natural logarithm, as a new node; ``ValueError`` unless data is above 0."""
        return _node("log", self)

    def tanh(self):
        """Return the hyperbolic tangent, as a new node."""
        return _node("tanh", self)

    def sigmoid(self):
        """Return 1 / (1 + exp(-this)), as a new node."""
        return _node("sigmoid", self)

    def relu(self):
        """Return max(this, 0), as a new node."""
        return _node("relu", self)

    # -- walking it --------------------------------------------------------------------------

    def nodes(self):
        """Return this node and all it depends on, each after its inputs (topological order).

        Returns
        -------
        list of Value
            The same order each time; this node is the last.
        """
        ordered, seen, stack = [], set(), [(self, False)]
        while stack:  # a loop and not a recursion: graphs can be deeper than Python's stack
            node, inputs_are_done = stack.pop()
            if inputs_are_done:
                ordered.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack.extend((inner, False) for inner in reversed(node.inputs))
        return ordered

    def names(self):
        """Return a name for every node of the graph, for drawings and formulae.

        Returns
        -------
        dict of Value to str
            The label; else the number of a leaf, or ``v1``, ``v2`` … for what was computed.
        """
        names, count, taken = {}, 0, {node.label for node in self.nodes()}
        for node in self.nodes():
            if node.label or not node.inputs:
                names[node] = node.label or f"{node.data:g}"
                continue
            count += 1
            while f"v{count}" in taken:
                count += 1
            names[node] = f"v{count}"
        return names

    def forward(self):
        """Compute the whole graph again from the data of its leaves; return the new ``data``.

        Raises
        ------
        ValueError, OverflowError, ZeroDivisionError
            If a node has no finite value; all data are then as before.
        """
        before = [(node, node._data) for node in self.nodes()]
        try:
            for _ in self.forward_steps():
                pass
        except (ArithmeticError, ValueError):
            for node, data in before:
                node._data = data
            raise
        return self.data

    def forward_steps(self):
        """Compute the graph again, one node at a time.

        Yields
        ------
        ForwardStep
            For each computed node, inputs first: the node is up to date when its step is yielded.
        """
        names = self.names()
        for node in self.nodes():
            if node.inputs:
                numbers = [inner.data for inner in node.inputs]
                node._data = node._rule.value(*numbers)
                yield ForwardStep(node, node._rule.text(node, names))

    def backward(self):
        """Set ``gradient`` of every node of the graph to ∂this/∂node.

        Gradients of an earlier call are replaced, not added to.
        """
        for _ in self.backward_steps():
            pass

    def backward_steps(self):
        """Apply the chain rule one node at a time, from this node back to the leaves.

        Before the first step all gradients of the graph are 0 but this node's, which is 1.

        Yields
        ------
        BackwardStep
            For each computed node, when all that depends on it is done. Its contributions have
            been added to its inputs' gradients.
        """
        nodes, names = self.nodes(), self.names()
        computed = [node for node in reversed(nodes) if node.inputs]
        # all local derivatives first: if one does not exist, no gradient has been touched
        local_derivatives = [node._rule.slopes(node) for node in computed]
        for node in nodes:
            node.gradient = 0.0
        self.gradient = 1.0
        for node, locals_here in zip(computed, local_derivatives, strict=True):
            contributions = []
            rules = node._rule.derivative_texts(node, names)
            for inner, local, rule in zip(node.inputs, locals_here, rules, strict=True):
                before = inner.gradient
                amount = node.gradient * local
                inner.gradient += amount
                texts = (
                    _local_text(names[node], names[inner], rule, local),
                    _chain_text(names, self, node, inner, before, local),
                )
                contributions.append(Contribution(inner, local, amount, inner.gradient, *texts))
            yield BackwardStep(node, node.gradient, tuple(contributions))

    def __repr__(self):
        label = f"{self.label}: " if self.label else ""
        return f"Value({label}data={self.data:.6g}, gradient={self.gradient:.6g})"


@dataclasses.dataclass(frozen=True)
class ForwardStep:
    """One node computed: ``node``, and ``text`` such as ``z = x · w = 2 · -3 = -6``."""

    node: Value
    text: str


@dataclasses.dataclass(frozen=True)
class Contribution:
    """What one node gives to the gradient of one of its inputs.

    Attributes
    ----------
    input : Value
    local_derivative : float
        ∂node/∂input, with the numbers of now.
    amount : float
        ∂result/∂node · ∂node/∂input, what is added to the input's gradient.
    total : float
        The input's gradient after it.
    local_text, chain_text : str
        The local derivative and the chain rule, written out with the numbers.
    """

    input: Value
    local_derivative: float
    amount: float
    total: float
    local_text: str
    chain_text: str


@dataclasses.dataclass(frozen=True)
class BackwardStep:
    """The chain rule at one node: ``node``, its ``gradient``, and its ``contributions``."""

    node: Value
    gradient: float
    contributions: tuple


def _node(symbol, *inputs):
    """Return the node of an operation; plain numbers among the inputs become leaves."""
    wrapped = []
    for other in inputs:
        if not isinstance(other, Value):
            checks.number("the other number", other, hint="Use a plain number or a Value.")
            other = Value(other)
            other.constant = True
        wrapped.append(other)
    return _apply(OPERATIONS[symbol], tuple(wrapped))


def _apply(rule, inputs):
    node = Value(rule.value(*(inner.data for inner in inputs)))
    node.inputs, node._rule = inputs, rule
    return node


def _local_text(node, inner, rule, local):
    number = f"{local:.4g}"
    return f"∂{node}/∂{inner} = {rule}" + ("" if rule == number else f" = {number}")


def _chain_text(names, result, node, inner, before, local):
    top = names[result]
    rule = f"∂{top}/∂{names[node]} · ∂{names[node]}/∂{names[inner]}"
    numbers = f"{_bracketed(node.gradient)} · {_bracketed(local)}"
    if before:  # the input has received something from another node already
        rule, numbers = f"{before:.4g} + {rule}", f"{before:.4g} + {numbers}"
    return f"∂{top}/∂{names[inner]} = {rule} = {numbers} = {inner.gradient:.4g}"


def _bracketed(number):
    return f"({number:.4g})" if number < 0 else f"{number:.4g}"
