"""Every activation agrees with Keras, TensorFlow's autodiff or SciPy in float64; wrong ones fail."""

import dataclasses
from collections.abc import Callable

import keras
import numpy as np
import pytest
import scipy.special
import tensorflow as tf

from dlkit import activations
from dlkit.activations import ACTIVATIONS, sigmoid


@dataclasses.dataclass
class Case:
    """The independent reference of one activation, and formulae that it must tell apart."""

    reference: Callable
    wrong: dict  # what is wrong -> (method, function)
    parameters: dict = dataclasses.field(default_factory=dict)
    tolerance: float = 1e-13


def keras_function(name, **parameters):
    return lambda x: getattr(keras.activations, name)(x, **parameters)


def gelu_by_scipy(x):
    """x Φ(x) with SciPy's Φ and its derivative, because Keras rounds a constant to float32."""

    @tf.custom_gradient
    def gelu(x):
        values = x.numpy()
        density = np.exp(-0.5 * values**2) / np.sqrt(2 * np.pi)
        slope = scipy.special.ndtr(values) + values * density
        return tf.constant(values * scipy.special.ndtr(values)), lambda upstream: upstream * slope

    return gelu(x)


# All parameters are exact in binary, so that both sides compute with the same numbers.
CASES = {
    "sigmoid": Case(
        keras_function("sigmoid"),
        {"slope without y": ("slope", lambda self, x, y: 1 - y)},
    ),
    "tanh": Case(
        keras_function("tanh"),
        {"slope 1 - y": ("slope", lambda self, x, y: 1 - y)},
    ),
    "relu": Case(
        keras_function("relu"),
        {
            "capped at 6": ("forward", lambda self, x, out=None: np.clip(x, 0, 6)),
            "slope x": ("backward", lambda self, x, y, upstream: upstream * y),
        },
    ),
    "leaky_relu": Case(
        keras_function("leaky_relu", negative_slope=0.125),
        {
            "slope added": ("forward", lambda self, x, out=None: np.where(x > 0, x, x + 0.125)),
            "slope 1": ("slope", lambda self, x, y: np.ones_like(x)),
        },
        {"negative_slope": 0.125},
    ),
    "elu": Case(
        keras_function("elu", alpha=0.5),
        {
            "without - 1": ("forward", lambda self, x, out=None: np.where(x > 0, x, np.exp(x) / 2)),
            "slope y": ("slope", lambda self, x, y: np.where(x > 0, 1, y)),
        },
        {"alpha": 0.5},
    ),
    "selu": Case(
        keras_function("selu"),
        {
            "scale on one side": (
                "forward",
                lambda self, x, out=None: np.where(
                    x > 0, self.scale * x, self.alpha * np.expm1(np.minimum(x, 0))
                ),
            ),
            "slope without scale": ("slope", lambda self, x, y: np.where(x > 0, 1, y)),
        },
    ),
    "gelu": Case(
        gelu_by_scipy,
        {
            "x sigmoid(1.702 x)": (
                "forward",
                lambda self, x, out=None: x * sigmoid.forward(1.702 * x),
            ),
            "slope without x φ(x)": ("slope", lambda self, x, y: y / x),
        },
    ),
    "gelu, approximate": Case(
        keras_function("gelu", approximate=True),
        {"exact instead": ("forward", lambda self, x, out=None: x * scipy.special.ndtr(x))},
        {"approximate": True},
        tolerance=1e-7,
    ),
    "silu": Case(
        keras_function("silu"),
        {"slope sigmoid": ("slope", lambda self, x, y: sigmoid.forward(x))},
    ),
    "softplus": Case(
        keras_function("softplus"),
        {
            "linear above 2": (
                "forward",
                lambda self, x, out=None: np.where(x > 2, x, np.logaddexp(0, x)),
            ),
            "slope tanh": ("slope", lambda self, x, y: np.tanh(x)),
        },
    ),
    "softsign": Case(
        keras_function("softsign"),
        {"slope not squared": ("slope", lambda self, x, y: 1 / (1 + np.abs(x)))},
    ),
    "hard_sigmoid": Case(
        keras_function("hard_sigmoid"),
        {
            "Keras 2's slope": (
                "forward",
                lambda self, x, out=None: np.clip(0.2 * x + 0.5, 0, 1),
            ),
            "slope everywhere": ("slope", lambda self, x, y: np.full_like(x, 1 / 6)),
        },
    ),
    "mish": Case(
        keras_function("mish"),
        {"slope tanh(softplus) alone": ("slope", lambda self, x, y: y / x)},
    ),
    "linear": Case(
        keras_function("linear"),
        {"slope 0": ("backward", lambda self, x, y, upstream: 0 * upstream)},
    ),
    "softmax": Case(
        keras_function("softmax"),
        {
            "first axis": (
                "forward",
                lambda self, x, out=None: np.exp(x) / np.exp(x).sum(axis=0),
            ),
            "diagonal only": ("backward", lambda self, x, y, upstream: upstream * y * (1 - y)),
        },
    ),
    "log_softmax": Case(
        keras_function("log_softmax"),
        {
            "log of the sigmoid": ("forward", lambda self, x, out=None: -np.logaddexp(0, -x)),
            "as softmax": (
                "backward",
                lambda self, x, y, upstream: upstream - np.exp(y) * (upstream * y).sum(-1)[:, None],
            ),
        },
    ),
}
MUTANTS = [(name, wrong) for name, case in CASES.items() for wrong in case.wrong]


def get(name):
    return activations.get(name.split(",")[0], **CASES[name].parameters)


def largest_difference(name):
    """Return by how much values and gradients differ from the reference, relative to 1 or more."""
    case, generator = CASES[name], np.random.default_rng(4)
    x = np.concatenate([generator.normal(0, 2.5, (40, 7)), generator.normal(0, 12, (10, 7))])
    upstream = generator.normal(size=x.shape)
    point = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(point)
        y = case.reference(point)
        total = tf.reduce_sum(y * upstream)
    expected = y.numpy(), tape.gradient(total, point).numpy()
    function = get(name)
    found = function(x), function.vjp(x, upstream)
    return max(
        float(np.max(np.abs(f - e) / np.maximum(1, np.abs(e))))
        for f, e in zip(found, expected, strict=True)
    )


def test_the_table_has_every_activation():
    assert {name.split(",")[0] for name in CASES} == set(ACTIVATIONS)


@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients_agree(name):
    assert largest_difference(name) <= CASES[name].tolerance


@pytest.mark.parametrize(("name", "wrong"), MUTANTS)
def test_a_wrong_formula_is_caught(name, wrong, monkeypatch):
    method, function = CASES[name].wrong[wrong]
    monkeypatch.setattr(type(get(name)), method, function)
    assert largest_difference(name) > 100 * CASES[name].tolerance


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("method", ["forward", "backward"])
def test_an_error_in_the_sixth_digit_is_caught(name, method, monkeypatch):
    kind = type(get(name))
    right = getattr(kind, method)
    monkeypatch.setattr(kind, method, lambda *given, **named: right(*given, **named) * (1 + 1e-6))
    assert largest_difference(name) > CASES[name].tolerance


@pytest.mark.parametrize("name", ["sigmoid", "softplus", "silu", "mish", "tanh", "log_softmax"])
def test_small_values_keep_their_digits(name):
    """Relative agreement far out, where 1 - something would lose everything."""
    x = np.linspace(-30, -5, 26).reshape(2, 13)
    expected = CASES[name].reference(tf.constant(x)).numpy()
    np.testing.assert_allclose(get(name)(x), expected, rtol=1e-13)


def test_textbook_defaults_differ_from_kerass_only_where_the_docstring_says_so():
    x = np.linspace(-2, 2, 9)
    assert not np.allclose(ACTIVATIONS["leaky_relu"](x), keras.activations.leaky_relu(x).numpy())
    assert "Keras" in type(ACTIVATIONS["leaky_relu"]).__doc__
    for name in set(ACTIVATIONS) - {"leaky_relu", "softmax", "log_softmax"}:
        expected = getattr(keras.activations, name)(tf.constant(x)).numpy()
        np.testing.assert_allclose(ACTIVATIONS[name](x), expected, atol=1e-7)
