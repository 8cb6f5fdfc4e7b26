"""One neuron, its tasks and how it learns: the computation behind NeuronLab, without a widget.

x1, x2 are the inputs, w1, w2 the weights, b the bias; ``parameters`` is the array (w1, w2, b).
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from dlkit.activation_base import Activation
from dlkit.activations import ACTIVATIONS
from dlkit.losses import BinaryCrossentropy, MeanSquaredError
from dlkit.rules import sgd


class Step(Activation):
    """f(z) = 1 where z > 0, else 0; its slope is 0 (McCulloch and Pitts 1943)."""

    def forward(self, x, out=None):
        return np.greater(x, 0, out=out).astype(x.dtype)

    def slope(self, x, y):
        return np.zeros_like(x)


NEURON_ACTIVATIONS = {
    "step": Step(),
    **{name: function for name, function in ACTIVATIONS.items() if function.elementwise},
}
"""What a single neuron can use: the step, and every elementwise activation of the kit."""

LIMIT = 10.0
"""Weights and bias stay between -LIMIT and LIMIT, where their sliders end."""


@dataclass(frozen=True, eq=False)
class Task:
    """Points in the plane with a class each.

    Parameters
    ----------
    label : str
        Name in the menu.
    x : numpy.ndarray, shape (points, 2)
        Inputs, each between 0 and 1.
    y : numpy.ndarray, shape (points,)
        Classes, 0 or 1.
    classes : tuple of str
        Names of class 0 and class 1.
    inputs : tuple of str
        What x1 and x2 are.
    """

    label: str
    x: np.ndarray
    y: np.ndarray
    classes: tuple = ("0 (false)", "1 (true)")
    inputs: tuple = ("x1", "x2")


TASK_LABELS = {
    "and": "AND",
    "or": "OR",
    "xor": "XOR",
    "iris": "iris: setosa, versicolor",
    "iris_overlapping": "iris: versicolor, virginica",
}

_CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
_TRUTH = {"and": np.logical_and, "or": np.logical_or, "xor": np.logical_xor}


@cache
def task(name):
    """Return the task of that name (a key of ``TASK_LABELS``).

    The iris flowers are the real ones (Fisher 1936); petal length and width are scaled so that the
    smallest of the two species is 0 and the largest 1.
    """
    if name in _TRUTH:
        y = _TRUTH[name](*_CORNERS.T.astype(bool)).astype(float)
        return Task(TASK_LABELS[name], _CORNERS, y)
    from sklearn.datasets import load_iris

    first = {"iris": 0, "iris_overlapping": 1}[name]
    loaded = load_iris()
    chosen = np.isin(loaded.target, (first, first + 1))
    petals = loaded.data[chosen, 2:4]
    x = (petals - petals.min(axis=0)) / np.ptp(petals, axis=0)
    names = tuple(str(species) for species in loaded.target_names[first : first + 2])
    y = (loaded.target[chosen] - first).astype(float)
    return Task(TASK_LABELS[name], x, y, names, ("petal length", "petal width"))


def weighted_sum(x, parameters):
    """Return z = w1 x1 + w2 x2 + b.

    Parameters
    ----------
    x : numpy.ndarray, shape (points, 2)
    parameters : numpy.ndarray, shape (3,)
        (w1, w2, b).

    Returns
    -------
    numpy.ndarray, shape (points,)
    """
    w1, w2, b = parameters
    return w1 * x[:, 0] + w2 * x[:, 1] + b


def targets(activation):
    """Return the outputs that stand for class 0 and class 1: (0, 1), or (-1, 1) for tanh."""
    return (-1.0, 1.0) if activation.name in ("tanh", "softsign") else (0.0, 1.0)


@cache
def boundary(name):
    """Return the z at which the output is halfway between the two targets.

    Where z is larger the neuron says class 1. Found by halving an interval: all activations of
    the menu cross that value once.
    """
    activation = NEURON_ACTIVATIONS[name]
    halfway = sum(targets(activation)) / 2
    low, high = -1.0, 3.0
    for _ in range(60):
        middle = (low + high) / 2
        if activation.forward(np.array([middle]))[0] > halfway:
            high = middle
        else:
            low = middle
    return round((low + high) / 2, 12) + 0.0


def says_one(x, parameters, activation):
    """Return for each point whether the neuron says class 1 (bool, shape (points,))."""
    return weighted_sum(x, parameters) > boundary(activation.name)


def loss_name(activation):
    """Return which loss is minimised: cross-entropy after a sigmoid, squared error otherwise."""
    return "binary cross-entropy" if activation.name == "sigmoid" else "mean squared error"


def loss_and_gradient(x, y, parameters, activation):
    """Return the loss over all points, and its gradient.

    Parameters
    ----------
    x : numpy.ndarray, shape (points, 2)
    y : numpy.ndarray, shape (points,)
        Classes, 0 or 1.
    parameters : numpy.ndarray, shape (3,)
        (w1, w2, b).
    activation : Activation
        Of ``NEURON_ACTIVATIONS``.

    Returns
    -------
    loss : float
    gradient : numpy.ndarray, shape (3,)
        (∂L/∂w1, ∂L/∂w2, ∂L/∂b) = Σ_i ∂L/∂z_i (x1_i, x2_i, 1).
    """
    z = weighted_sum(x, parameters)[:, None]
    if activation.name == "sigmoid":
        # Taken together, sigmoid and cross-entropy have the gradient (sigmoid(z) - y) / points.
        loss, dz = BinaryCrossentropy(from_logits=True).value_and_gradient(y, z)
    else:
        low, high = targets(activation)
        output = activation.forward(z)
        loss, upstream = MeanSquaredError().value_and_gradient(low + (high - low) * y, output)
        dz = activation.backward(z, output, upstream)
    dw = x.T @ dz[:, 0]
    db = dz.sum()
    return loss, np.append(dw, db)


def descend(x, y, parameters, activation, learning_rate):
    """Take one step of gradient descent.

    Returns
    -------
    gradient : numpy.ndarray, shape (3,)
    moved : numpy.ndarray, shape (3,)
        The new (w1, w2, b), kept between -LIMIT and LIMIT.
    """
    _, gradient = loss_and_gradient(x, y, parameters, activation)
    delta, _ = sgd.update(np, gradient, parameters, {}, {}, learning_rate)
    return gradient, np.clip(parameters + delta, -LIMIT, LIMIT)
