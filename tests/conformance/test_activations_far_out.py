"""Activations beside PyTorch, JAX and 150 digits: ordinary inputs and ±1000, values and gradients."""

import functools

import exact
import numpy as np
import peers
import pytest
import tensorflow as tf
from peers import by_jax, by_torch, jax, needs_jax, needs_torch, torch
from test_activations_agree import CASES, get

from dlkit.activations import ACTIVATIONS

# name -> the function of torch.nn.functional and its arguments; all are exact in binary
TORCH = {
    "sigmoid": ("sigmoid", {}),
    "tanh": ("tanh", {}),
    "relu": ("relu", {}),
    "leaky_relu": ("leaky_relu", {"negative_slope": 0.125}),
    "elu": ("elu", {"alpha": 0.5}),
    "selu": ("selu", {}),
    "gelu": ("gelu", {}),
    "gelu, approximate": ("gelu", {"approximate": "tanh"}),
    "silu": ("silu", {}),
    "softplus": ("softplus", {"threshold": 40.0}),  # by default it turns linear above 20
    "softsign": ("softsign", {}),
    "hard_sigmoid": ("hardsigmoid", {}),
    "mish": ("mish", {}),
    "linear": ("linear", {}),
    "softmax": ("softmax", {"dim": -1}),
    "log_softmax": ("log_softmax", {"dim": -1}),
}
JAX = {
    "sigmoid": ("sigmoid", {}),
    "tanh": ("tanh", {}),
    "relu": ("relu", {}),
    "leaky_relu": ("leaky_relu", {"negative_slope": 0.125}),
    "elu": ("elu", {"alpha": 0.5}),
    "selu": ("selu", {}),
    "gelu": ("gelu", {"approximate": False}),
    "gelu, approximate": ("gelu", {"approximate": True}),
    "silu": ("silu", {}),
    "softplus": ("softplus", {}),
    "softsign": ("soft_sign", {}),
    "hard_sigmoid": ("hard_sigmoid", {}),
    "mish": ("mish", {}),
    "linear": ("identity", {}),
    "softmax": ("softmax", {}),
    "log_softmax": ("log_softmax", {}),
}
TOLERANCE = 1e-12
# PyTorch rounds the slope 1/6 to float32; 150 digits settle it.
TORCH_ROUNDS = {"hard_sigmoid": 2e-8}
# At ±1000, at the ends of float64's exponential, and beyond all kinks (0, ±3).
FAR = np.array([1e3, -1e3, 709.0, -745.0, 100.0, -100.0, 37.0, -37.0, 20.5, -20.5, 12.5, -12.5])


def inputs():
    """Return rows of ordinary numbers, and rows that also hold numbers as large as ±1000."""
    generator = np.random.default_rng(12)
    ordinary = generator.normal(0, 3, (20, 6))
    mixed = generator.normal(0, 3, (20, 6))
    mixed[:, ::2] = generator.choice(FAR, (20, 3))
    equal = np.repeat(FAR, 6).reshape(-1, 6)
    return np.concatenate([ordinary, mixed, equal, [[1e3, -1e3, 0.5, 1e3, -1e3, 999.0]]])


X = inputs()
UPSTREAM = np.random.default_rng(13).normal(size=X.shape)


def ours(name):
    function = get(name)
    return function(X), function.vjp(X, UPSTREAM)


@functools.cache
def by_150_digits(name):
    """Return value and gradient of an elementwise activation, or of a row's softmax."""
    if "softmax" not in name:
        value, slope = exact.value_and_slope(name, X)
        return value, slope * UPSTREAM
    logs, shares = exact.log_softmax_rows(X)
    if name == "log_softmax":
        return logs, UPSTREAM - shares * UPSTREAM.sum(axis=-1, keepdims=True)
    return shares, shares * (UPSTREAM - (shares * UPSTREAM).sum(axis=-1, keepdims=True))


def test_the_tables_have_every_activation():
    assert set(TORCH) == set(JAX) == set(CASES)
    assert set(exact.ACTIVATIONS) == set(CASES) - {"softmax", "log_softmax"}
    assert {name.split(",")[0] for name in CASES} == set(ACTIVATIONS)


@pytest.mark.parametrize("name", CASES)
def test_agrees_with_150_digits(name):
    assert peers.worst(zip(ours(name), by_150_digits(name))) <= TOLERANCE


@pytest.mark.parametrize("name", CASES)
def test_agrees_with_keras_far_out(name):
    point = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(point)
        y = CASES[name].reference(point)
        total = tf.reduce_sum(y * UPSTREAM)
    expected = y.numpy(), tape.gradient(total, point).numpy()
    tolerance = max(TOLERANCE, CASES[name].tolerance)  # above it only where 150 digits settle it
    assert peers.worst(zip(ours(name), expected)) <= tolerance


@needs_torch
@pytest.mark.parametrize("name", TORCH)
def test_agrees_with_pytorch(name):
    function, arguments = TORCH[name]
    if name == "linear":
        expected = by_torch(torch.nn.Identity(), [X], UPSTREAM)
    else:
        function = getattr(torch.nn.functional, function)
        expected = by_torch(lambda x: function(x, **arguments), [X], UPSTREAM)
    pairs = list(zip(ours(name), [expected[0], expected[1][0]]))
    assert peers.worst(pairs[:1]) <= TOLERANCE
    assert peers.worst(pairs) <= TORCH_ROUNDS.get(name, TOLERANCE)


@needs_jax
@pytest.mark.parametrize("name", JAX)
def test_agrees_with_jax(name):
    function, arguments = JAX[name]
    function = getattr(jax.nn, function)
    value, gradients = by_jax(lambda x: function(x, **arguments), [X], UPSTREAM)
    assert peers.worst(zip(ours(name), [value, gradients[0]])) <= TOLERANCE


@pytest.mark.parametrize("name", CASES)
def test_a_relative_error_of_one_in_a_hundred_thousand_million_is_caught(name, monkeypatch):
    kind = type(get(name))
    for method in ("forward", "backward"):
        right = getattr(kind, method)
        with monkeypatch.context() as patch:
            patch.setattr(kind, method, lambda *a, r=right, **k: r(*a, **k) * (1 + 1e-11))
            assert peers.worst(zip(ours(name), by_150_digits(name))) > TOLERANCE
