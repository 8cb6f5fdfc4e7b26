"""Gradient check: the gradients of ``backward`` against nudges of every parameter."""

import dataclasses

import numpy as np

from dlkit import checks, network_checks
from dlkit.network import Network

# Central differences of a loss near 1 carry rounding noise of about 1e-11: gradients whose norm is
# below this floor are compared absolutely.
FLOOR = 1e-4


@dataclasses.dataclass(frozen=True)
class ParameterCheck:
    """One parameter's line of the report.

    Attributes
    ----------
    name : str
    shape : tuple of int
    analytic, numeric : float
        The norms of the two gradients.
    relative_error : float
        ‖analytic - numeric‖ / max(‖analytic‖ + ‖numeric‖, floor), the floor being 1e-4, times the
        loss if that is above 1.
    """

    name: str
    shape: tuple
    analytic: float
    numeric: float
    relative_error: float


@dataclasses.dataclass(frozen=True)
class GradientReport:
    """What `check_gradients` found: a `ParameterCheck` per parameter, and the tolerance.

    Attributes
    ----------
    parameters : tuple of ParameterCheck
        The input comes last, under the name ``input``.
    tolerance : float
    """

    parameters: tuple
    tolerance: float

    @property
    def max_relative_error(self):
        """The largest relative error of all parameters."""
        return max(line.relative_error for line in self.parameters)

    @property
    def passed(self):
        """Whether every relative error is at most the tolerance."""
        return bool(self.max_relative_error <= self.tolerance)

    def __str__(self):
        width = max(len(line.name) for line in self.parameters)
        rows = [
            f"{line.name:<{width}}  {line.relative_error:.1e}  "
            + ("ok" if line.relative_error <= self.tolerance else "WRONG")
            for line in self.parameters
        ]
        verdict = "passed" if self.passed else "FAILED"
        last = f"{verdict}: largest relative error {self.max_relative_error:.1e}"
        return "\n".join([*rows, f"{last}, tolerance {self.tolerance:.0e}"])

    __repr__ = __str__


def check_gradients(
    network, x, y, loss=None, training=True, step=1e-5, tolerance=1e-6, input_gradient=True
):
    """Compare every gradient of a network with central differences, in float64.

    numeric_i = (L(p + step e_i) - L(p - step e_i)) / (2 step), for each number p_i of a parameter
    p. The two gradients are compared by norm, with an absolute floor: exactly zero gradients exist
    (a bias before batch normalization), and dividing by them would only measure rounding.

    Parameters
    ----------
    network : Network
        Left as it is: the check runs on a float64 copy. Dropout keeps the same mask throughout.
    x, y : array_like
        A small batch, as ``network.loss_and_gradients`` takes it.
    loss : str or Loss, optional
        By default `dlkit.losses.default_loss`.
    training : bool
        Whether to check the training or the inference computation.
    step : float
        How far to nudge; above 0. Too large is inexact, too small drowns in rounding.
    tolerance : float
        The largest relative error that passes; above 0.
    input_gradient : bool
        Whether to check ∂loss/∂x too.

    Returns
    -------
    GradientReport

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong.
    """
    if not isinstance(network, Network):
        raise TypeError(f"network must be a Network, but got {checks.describe(network)}.")
    training = checks.truth_value("training", training)
    input_gradient = checks.truth_value("input_gradient", input_gradient)
    step = checks.number("step", step, above=0)
    tolerance = checks.number("tolerance", tolerance, above=0)
    x, y, loss = network_checks.check_batch(network, x, y, loss)
    twin = network.copy("float64")
    x = x.astype("float64")  # a copy, which the nudges may change
    state = {name: array.copy() for name, array in twin.state.items()}
    random_state = twin.random_state

    def loss_of():
        """Return the loss, always from the same moving averages and the same dropout mask."""
        twin.random_state = random_state
        value = twin.loss_and_gradients(x, y, loss, training, check=False, to_input=input_gradient)
        for name, array in state.items():
            twin.state[name][...] = array
        return value

    floor = FLOOR * max(1.0, abs(loss_of()))
    analytic = {name: gradient.copy() for name, gradient in twin.gradients.items()}
    nudged = dict(twin.parameters)
    if input_gradient:
        analytic["input"] = twin.input_gradient
        nudged["input"] = x
    lines = [
        _compare(name, analytic[name], _numeric_gradient(loss_of, array, step), floor)
        for name, array in nudged.items()
    ]
    return GradientReport(tuple(lines), tolerance)


def _numeric_gradient(loss_of, array, step):
    """Return the central differences of the loss for each number of the array."""
    numeric = np.empty(array.shape)
    for index in np.ndindex(array.shape):
        original = array[index]
        array[index] = original + step
        above = loss_of()
        array[index] = original - step
        below = loss_of()
        array[index] = original
        numeric[index] = (above - below) / (2 * step)
    return numeric


def _compare(name, analytic, numeric, floor):
    sizes = float(np.linalg.norm(analytic)), float(np.linalg.norm(numeric))
    difference = float(np.linalg.norm(analytic - numeric))
    return ParameterCheck(name, analytic.shape, *sizes, difference / max(sum(sizes), floor))
