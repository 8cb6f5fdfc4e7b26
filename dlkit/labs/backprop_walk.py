"""A walk through a computation graph: forward node by node, then backward node by node.

The walk is a pure function of the numbers and of how many steps were taken, so that stepping back
is nothing but taking one step less.
"""

from dataclasses import dataclass
from functools import cached_property

from dlkit.labs.backprop_examples import EXAMPLES


@dataclass(frozen=True)
class Walk:
    """What is known of a graph after some steps.

    With n computed nodes the walk has 2 n + 1 steps: n forward, one that says ∂L/∂L = 1, and n
    backward.

    Parameters
    ----------
    example : str
        A key of ``EXAMPLES``.
    numbers : dict of str to float
        Leaf -> number.
    steps : int
        How many steps were taken.
    """

    example: str
    numbers: dict
    steps: int

    @cached_property
    def _whole(self):
        result = EXAMPLES[self.example].graph(self.numbers)
        return result, tuple(result.backward_steps())

    @property
    def result(self):
        """The last node; its graph has all values and gradients, known to the learner or not."""
        return self._whole[0]

    @property
    def backward_steps(self):
        """The `BackwardStep` of every computed node, from the last to the first."""
        return self._whole[1]

    @cached_property
    def nodes(self):
        """Name -> node, each after its inputs."""
        names = self.result.names()
        return {names[node]: node for node in self.result.nodes()}

    @cached_property
    def computed(self):
        """The names of the computed nodes, in the order of the forward pass."""
        return [name for name, node in self.nodes.items() if node.inputs]

    @cached_property
    def forward_texts(self):
        """Name -> what the node computes, with the numbers."""
        return {step.node.label: step.text for step in self.result.forward_steps()}

    @property
    def loss(self):
        """The value of the last node."""
        return self.result.data

    @property
    def forward_count(self):
        """How many nodes are computed."""
        return len(self.computed)

    @property
    def last_step(self):
        """The number of steps of the whole walk."""
        return 2 * self.forward_count + 1

    @property
    def backward_taken(self):
        """How many nodes the backward pass has gone through."""
        return max(self.steps - self.forward_count - 1, 0)

    @property
    def going_backward(self):
        """Whether the backward pass has begun."""
        return self.steps > self.forward_count

    @property
    def present(self):
        """The name of the node of the last step; None before the first."""
        if self.steps == 0:
            return None
        if not self.going_backward:
            return self.computed[self.steps - 1]
        return self.computed[-max(self.backward_taken, 1)]

    @property
    def present_step(self):
        """The `BackwardStep` of the last step, or None if that was none."""
        if not self.backward_taken:
            return None
        return self.backward_steps[self.backward_taken - 1]

    def has_value(self, name):
        """Whether the value of a node is known."""
        node = self.nodes[name]
        return not node.inputs or self.computed.index(name) < self.steps

    def gradient(self, name):
        """Return (the gradient so far or None if nothing has arrived, whether it is complete)."""
        node = self.nodes[name]
        if node is self.result:
            return (1.0, True) if self.going_backward else (None, False)
        total, arrived = None, 0
        for step in self.backward_steps[: self.backward_taken]:
            for part in step.contributions:
                if part.input is node:
                    total, arrived = part.total, arrived + 1
        uses = sum(other.inputs.count(node) for other in self.nodes.values())
        return total, arrived == uses

    def local_derivative(self, inner, name):
        """Return ∂name/∂inner at the present numbers."""
        for step in self.backward_steps:
            if step.node.label == name:
                for part in step.contributions:
                    if part.input.label == inner:
                        return part.local_derivative
        raise KeyError((inner, name))


def loss_at(example, numbers):
    """Return the value of the last node.

    Parameters
    ----------
    example : str
        A key of ``EXAMPLES``.
    numbers : dict of str to float
        Leaf -> number.

    Returns
    -------
    float
    """
    return EXAMPLES[example].graph(numbers).data


def finite_difference(example, numbers, name, step):
    """Return how the loss answers when one number is nudged up and down.

    Parameters
    ----------
    example, numbers
        As for `loss_at`.
    name : str
        The leaf that is nudged.
    step : float
        How far, to each side.

    Returns
    -------
    tuple of float
        L(above), L(below), and (L(above) − L(below)) / (2 step).
    """
    above = loss_at(example, {**numbers, name: numbers[name] + step})
    below = loss_at(example, {**numbers, name: numbers[name] - step})
    return above, below, (above - below) / (2 * step)


def updated(example, numbers, learning_rate, limit):
    """Return the numbers after one step of gradient descent.

    Parameters
    ----------
    example, numbers
        As for `loss_at`.
    learning_rate : float
        How far a step goes against the gradient.
    limit : float
        Where a number stops, in either direction.

    Returns
    -------
    dict of str to float
    """
    result = EXAMPLES[example].graph(numbers)
    result.backward()
    gradients = {node.label: node.gradient for node in result.nodes()}
    moved = {
        name: min(max(numbers[name] - learning_rate * gradients[name], -limit), limit)
        for name in EXAMPLES[example].trainable
    }
    return {**numbers, **moved}
