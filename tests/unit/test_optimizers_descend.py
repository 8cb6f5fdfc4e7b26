"""Every optimizer goes down Rosenbrock's valley and a bad parabola at its own best learning rate."""

import functools

import numpy as np
import pytest

from dlkit import TrainingConfig, datasets, optimizers
from dlkit.layers import Dense
from dlkit.network import Network
from dlkit.optimizers import OPTIMIZERS
from dlkit.rules import RULES
from dlkit.training.engine import NumpyEngine

FACTOR, STEPS = 100, 3000  # what the start is to be divided by, in so many steps
GRID = np.outer(10.0 ** np.arange(-4, 2), [1, 2, 5]).reshape(-1, 1)  # learning rates
CURVATURE = np.array([1.0, 100.0])  # 100 times as steep across as along


def rosenbrock(x):
    """Return value and gradient of each row."""
    a, b = x[..., 0], x[..., 1]
    gradient = np.stack([-400 * a * (b - a**2) - 2 * (1 - a), 200 * (b - a**2)], axis=-1)
    return 100 * (b - a**2) ** 2 + (1 - a) ** 2, gradient


def bad_parabola(x):
    """Return value and gradient of each row."""
    e = x - np.array([1.5, -0.5])
    return e**2 @ CURVATURE / 2, CURVATURE * e


# From high up Rosenbrock's wall the first steps alone would do it; this is the bottom of the valley.
TASKS = {"Rosenbrock": (rosenbrock, [-1.0, 1.0]), "bad parabola": (bad_parabola, [-1.0, 1.0])}
# FTRL takes its place to be 0 at first, unless its accumulator starts small.
ARGUMENTS = {"ftrl": {"initial_accumulator_value": 1e-6}}


def losses_after(name, task, rates=GRID, steps=STEPS, sign=1):
    """Return the loss for each learning rate; all of them go at once, one in each row."""
    rule, (function, start) = RULES[name], TASKS[task]
    given = optimizers.get(name, **ARGUMENTS.get(name, {})).hyperparameters
    x, scalars = np.tile(start, (len(rates), 1)), dict(rule.initial_scalars)
    slots = rule.init(np, x, **given)
    with np.errstate(all="ignore"):
        for step in range(1, steps + 1):
            gradient = sign * function(x)[1]
            scalars = rule.advance(step, scalars, **given)
            delta, slots = rule.update(np, gradient, x, slots, scalars, rates, **given)
            x = x + delta
        return np.nan_to_num(function(x)[0], nan=np.inf)


@functools.cache
def best(name, task):
    """Return the lowest loss over the grid, and its learning rate."""
    losses = losses_after(name, task)
    return losses.min(), GRID[losses.argmin()].item()


def beginning(task):
    function, start = TASKS[task]
    return float(function(np.array(start))[0])


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", RULES)
def test_the_loss_falls_a_hundredfold_at_the_best_learning_rate(name, task):
    loss, rate = best(name, task)
    assert loss <= beginning(task) / FACTOR
    assert GRID.min() < rate < GRID.max() or name == "adadelta"  # the grid is wide enough


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", ["sgd", "nadam"])
def test_the_optimizer_itself_goes_the_same_way(name, task):
    function, start = TASKS[task]
    loss, rate = best(name, task)
    x, optimizer = np.array(start), optimizers.get(name, learning_rate=rate)
    for _ in range(STEPS):
        optimizer.apply(function(x)[1], x)
    assert function(x)[0] == pytest.approx(loss, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("task", TASKS)
def test_lbfgs_falls_a_millionfold_in_fifty_steps(task):
    assert list(OPTIMIZERS) == [*RULES, "lbfgs"]  # the others are above
    function, start = TASKS[task]
    x, optimizer = np.array(start), optimizers.LBFGS()
    for _ in range(50):
        optimizer.step(function, x)
    assert function(x)[0] <= beginning(task) / 1e6


@pytest.mark.parametrize("name", RULES)
def test_uphill_it_does_not(name):
    """The test above would notice a wrong sign."""
    for task in TASKS:
        assert losses_after(name, task, steps=300, sign=-1).min() > beginning(task) / FACTOR


def test_momentum_is_faster_than_plain_descent_on_the_parabola():
    """What it is for: at each one's own best learning rate, after 100 steps."""
    plain = losses_after("sgd", "bad parabola", steps=100).min()
    for name in ("momentum", "nesterov"):
        assert losses_after(name, "bad parabola", steps=100).min() < plain / 100


# -- batch, mini-batch and stochastic are batch sizes of one SGD -------------------------------

MOONS = datasets.moons()


def steps_of(batch_size):
    """Return the weights after one epoch in order, with plain SGD."""
    config = TrainingConfig(
        optimizer="sgd", learning_rate=0.125, batch_size=batch_size, shuffle=False
    )
    network = Network([Dense(2)], MOONS.input_shape, dtype="float64")
    engine = NumpyEngine(network, MOONS, config)
    engine.begin_epoch(1)
    engine.run(0, engine.batches_per_epoch)
    return engine, network


@pytest.mark.parametrize("batch_size", [1, 16, 10**6])
def test_one_sgd_is_stochastic_mini_batch_and_batch(batch_size):
    """An epoch is the rule applied to the mean gradient of each batch in turn, by hand."""
    engine, network = steps_of(batch_size)
    x, y = MOONS.x_train.astype("float64"), MOONS.y_train
    assert engine.batches_per_epoch == -(-len(x) // batch_size)
    by_hand = Network([Dense(2)], MOONS.input_shape, dtype="float64")
    kernel, bias = (by_hand.parameters[f"dense/{name}"].copy() for name in ("kernel", "bias"))
    for start in range(0, len(x), batch_size):
        batch, labels = x[start : start + batch_size], y[start : start + batch_size]
        scores = np.exp(batch @ kernel + bias)
        error = scores / scores.sum(axis=1, keepdims=True) - np.eye(2)[labels]
        kernel -= 0.125 * batch.T @ error / len(batch)
        bias -= 0.125 * error.mean(axis=0)
    np.testing.assert_allclose(network.parameters["dense/kernel"], kernel, rtol=1e-10)
    np.testing.assert_allclose(network.parameters["dense/bias"], bias, rtol=1e-10, atol=1e-12)
