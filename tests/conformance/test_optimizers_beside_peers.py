"""Every optimizer agrees with PyTorch's, or TensorFlow's own, step by step in float64."""

import keras
import numpy as np
import optimizer_cases as cases
import pytest
import tensorflow as tf
from optimizer_peers import TWINS, WITHOUT_TWIN, arguments_of, torch_trajectory
from peers import needs_torch, torch
from scipy import optimize

from dlkit import optimizers, schedules
from dlkit.rules import RULES

TOLERANCE = 1e-12
STEPS = [200, pytest.param(1000, marks=pytest.mark.full)]


def difference(name, steps, schedule=None, clipvalue=None, gradients=None):
    """Return the largest difference from PyTorch after each step."""
    gradients = cases.fed_gradients(steps, seed=4) if gradients is None else gradients
    rate = cases.CASES[name].learning_rate
    rates = schedule(np.arange(steps)) if schedule else np.full(steps, rate)
    expected = torch_trajectory(name, gradients, rates, clipvalue)
    arguments = arguments_of(name, clipvalue=clipvalue, learning_rate=schedule or rate)
    found = cases.trajectory(cases.ours(name, **arguments), gradients)
    return np.abs(found - expected).max(axis=1)


def sparse_gradients(steps):
    """Return gradients as an embedding has them: most rows are zero at most steps."""
    generator = np.random.default_rng(6)
    gradients = cases.fed_gradients(steps, seed=5)
    kernel = gradients[:, :15].reshape(steps, 5, 3)
    kernel[generator.random((steps, 5)) < 0.75] = 0.0
    assert np.mean(kernel == 0) > 0.7
    return gradients


def test_the_table_has_every_optimizer():
    assert set(TWINS) | WITHOUT_TWIN == set(RULES)
    assert set(RULES) | {"lbfgs"} == set(optimizers.OPTIMIZERS)


@needs_torch
@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("name", TWINS)
def test_agrees_with_pytorch_at_every_step(name, steps):
    differences = difference(name, steps)
    assert differences[0] <= TOLERANCE
    assert differences.max() <= TOLERANCE


@needs_torch
@pytest.mark.parametrize("name", TWINS)
def test_agrees_with_pytorch_under_a_schedule(name):
    rate = cases.CASES[name].learning_rate
    schedule = schedules.CosineAnnealing(2 * rate, 150, 0.125)
    assert difference(name, 200, schedule).max() <= TOLERANCE


@needs_torch
@pytest.mark.parametrize("name", TWINS)
def test_agrees_with_pytorch_on_clipped_gradients(name):
    assert difference(name, 200, clipvalue=0.25).max() <= TOLERANCE


@needs_torch
@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("name", TWINS)
def test_agrees_with_pytorch_on_rows_of_zeros(name, steps):
    assert difference(name, steps, gradients=sparse_gradients(steps)).max() <= TOLERANCE


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("name", RULES)
def test_agrees_with_keras_on_rows_of_zeros(name, steps, float64):
    case, gradients = cases.CASES[name], sparse_gradients(steps)
    arguments = {"learning_rate": case.learning_rate, **case.hyperparameters}
    decay = {"weight_decay": 2.0**-4} if name == "adamw" else {}
    expected = cases.keras_trajectory(case.reference(**arguments, **decay), gradients)
    found = cases.trajectory(cases.ours(name, **decay), gradients)
    assert np.abs(found - expected).max() <= case.tolerance


@pytest.mark.parametrize("steps", STEPS)
def test_ftrl_agrees_with_the_operation_of_tensorflow(steps):
    """TensorFlow's own FTRL, which knows no ``beta``."""
    arguments = {**cases.CASES["ftrl"].hyperparameters, "beta": 0.0}
    rate, gradients = 2.0**-4, cases.fed_gradients(steps, seed=7)
    variable = tf.Variable(cases.initial_parameters())
    accumulator = tf.Variable(np.full(19, arguments["initial_accumulator_value"]))
    linear = tf.Variable(np.zeros(19))
    optimizer = cases.ours("ftrl", **arguments, learning_rate=rate)
    found = cases.initial_parameters()
    for gradient in gradients:
        tf.raw_ops.ResourceApplyFtrlV2(
            var=variable.handle,
            accum=accumulator.handle,
            linear=linear.handle,
            grad=gradient,
            lr=np.float64(rate),
            l1=np.float64(arguments["l1_regularization_strength"]),
            l2=np.float64(arguments["l2_regularization_strength"]),
            l2_shrinkage=np.float64(arguments["l2_shrinkage_regularization_strength"]),
            lr_power=np.float64(arguments["learning_rate_power"]),
            multiply_linear_by_lr=False,
        )
        optimizer.apply(gradient, found)
        assert np.abs(found - variable.numpy()).max() <= TOLERANCE


@pytest.mark.parametrize("name", RULES)
def test_slices_in_keras_are_rows_of_zeros_in_numpy(name, float64):
    """An embedding's gradient in TensorFlow names its rows, some of them twice."""
    generator, rows = np.random.default_rng(0), np.array([1, 3, 1])
    decay = {"weight_decay": 2.0**-4} if name == "adamw" else {}
    hosted, optimizer = cases.ours(name, **decay).to_keras(), cases.ours(name, **decay)
    found = np.full((5, 3), 0.5)
    variable = keras.Variable(found)
    for _ in range(5):
        values = generator.normal(size=(3, 3))
        dense = np.zeros((5, 3))
        np.add.at(dense, rows, values)
        optimizer.apply(dense, found)
        slices = tf.IndexedSlices(tf.constant(values), tf.constant(rows), tf.constant([5, 3]))
        hosted.apply([slices], [variable])
        assert np.abs(found - variable.numpy()).max() <= TOLERANCE


@needs_torch
@pytest.mark.parametrize("size", [2, 6])
def test_lbfgs_reaches_the_optimum_that_pytorchs_reaches(size):
    """The paths differ by their line searches; the lowest place of the valley does not."""
    start = np.linspace(-1.2, 1.0, size)
    point = torch.tensor(start, requires_grad=True)
    settings = {"max_iter": 500, "tolerance_grad": 1e-10, "tolerance_change": 1e-14}
    optimizer = torch.optim.LBFGS([point], line_search_fn="strong_wolfe", **settings)

    def closure():
        optimizer.zero_grad()
        a, b = point[:-1], point[1:]
        value = ((1 - a) ** 2 + 100 * (b - a**2) ** 2).sum()
        value.backward()
        return value

    optimizer.step(closure)
    found = optimizers.LBFGS().minimize(lambda x: (optimize.rosen(x), optimize.rosen_der(x)), start)
    assert found.converged
    np.testing.assert_allclose(found.x, point.detach().numpy(), atol=1e-5)
