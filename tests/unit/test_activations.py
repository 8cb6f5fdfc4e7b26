"""Activations: laws, kinks, extreme numbers, dtypes, and arguments that make no sense."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dlkit import activations
from dlkit.activations import ACTIVATIONS, Activation

ELEMENTWISE = [name for name, function in ACTIVATIONS.items() if function.elementwise]
ROWS = arrays.arrays(np.float64, (2, 3), elements=st.floats(-50, 50))
# Where a slope jumps; the numeric derivative there means nothing.
KINKS = {0.0, 3.0, -3.0}


def test_registry_holds_each_under_its_own_name():
    assert all(function.name == name for name, function in ACTIVATIONS.items())
    assert all(getattr(activations, name) is ACTIVATIONS[name] for name in ACTIVATIONS)
    names = "sigmoid tanh relu leaky_relu elu selu gelu silu softplus softsign hard_sigmoid mish"
    assert set(ACTIVATIONS) == {*names.split(), "linear", "softmax", "log_softmax"}


@pytest.mark.parametrize(
    ("name", "x", "y"),
    [
        ("sigmoid", 0.0, 0.5),
        ("sigmoid", np.log(3), 0.75),
        ("tanh", np.log(2), 0.6),
        ("relu", -2.0, 0.0),
        ("leaky_relu", -2.0, -0.02),
        ("elu", -np.log(2), -0.5),
        ("softplus", 0.0, np.log(2)),
        ("softsign", 3.0, 0.75),
        ("hard_sigmoid", 1.5, 0.75),
        ("linear", 7.0, 7.0),
        ("silu", 0.0, 0.0),
        ("gelu", 0.0, 0.0),
        ("mish", 0.0, 0.0),
    ],
)
def test_values_worked_by_hand(name, x, y):
    assert ACTIVATIONS[name](x) == pytest.approx(y, abs=1e-15)


def test_softmax_worked_by_hand():
    assert ACTIVATIONS["softmax"](np.log([1.0, 2.0, 5.0])) == pytest.approx([0.125, 0.25, 0.625])
    assert ACTIVATIONS["log_softmax"]([0.0, 0.0]) == pytest.approx([-np.log(2)] * 2)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gradient_is_the_central_difference(name):
    function, step = ACTIVATIONS[name], 1e-6
    generator = np.random.default_rng(1)
    x, upstream = generator.normal(0, 3, 9), generator.normal(size=9)
    assert min(abs(x[:, None] - list(KINKS)).ravel()) > 2 * step
    numeric = [
        np.sum(upstream * (function(x + step * e) - function(x - step * e))) / (2 * step)
        for e in np.eye(9)
    ]
    np.testing.assert_allclose(function.vjp(x, upstream), numeric, atol=1e-8)
    if function.elementwise:
        np.testing.assert_allclose(function.derivative(x) * upstream, numeric, atol=1e-8)


@pytest.mark.parametrize(
    ("name", "x", "slope"),
    [("relu", 0, 0), ("leaky_relu", 0, 0.01), ("hard_sigmoid", 3, 0), ("hard_sigmoid", -3, 0)],
)
def test_the_slope_at_a_kink_is_kerass(name, x, slope):
    assert ACTIVATIONS[name].derivative(float(x)) == slope
    assert ACTIVATIONS[name].vjp(float(x), 1.0) == slope


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_extreme_numbers_stay_finite(name, dtype):
    x = np.array([-1e3, -100, -1, 0, 1, 100, 1e3], dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        assert np.isfinite(ACTIVATIONS[name](x)).all()
        assert np.isfinite(ACTIVATIONS[name].vjp(x, np.ones_like(x))).all()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_dtypes(name):
    function = ACTIVATIONS[name]
    exact = function(np.array([-2.0, 0.0, 3.0]))
    for dtype, tolerance in (("float16", 2e-3), ("float32", 1e-6)):
        found = function(np.array([-2, 0, 3], dtype))
        assert found.dtype == dtype
        np.testing.assert_allclose(found, exact, rtol=tolerance, atol=tolerance)
    assert function([-2, 0, 3]).dtype == np.float64
    np.testing.assert_array_equal(function(np.array([-2, 0, 3], "int8")), exact)
    assert function.vjp(np.float32([1, 2]), [1, 1]).dtype == np.float32


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_inputs_are_left_alone_whatever_their_memory(name):
    function = ACTIVATIONS[name]
    base = np.random.default_rng(0).normal(size=(6, 8))
    x, upstream = base[::2, ::-2], base.T[::-2, :3].T
    x.flags.writeable = False
    before = base.copy()
    np.testing.assert_array_equal(function(x), function(x.copy()))
    found = function.vjp(x, upstream)
    np.testing.assert_array_equal(found, function.vjp(x.copy(), upstream.copy()))
    np.testing.assert_array_equal(base, before)
    assert not np.shares_memory(function(x), base) and not np.shares_memory(found, base)


@given(ROWS)
def test_softmax_sums_to_one_and_ignores_a_shift(x):
    y = ACTIVATIONS["softmax"](x)
    np.testing.assert_allclose(y.sum(axis=-1), 1, rtol=1e-14)
    np.testing.assert_allclose(ACTIVATIONS["softmax"](x + 7.5), y, rtol=1e-10, atol=1e-300)
    assert (y >= 0).all()


@given(ROWS)
def test_log_softmax_is_the_logarithm_of_softmax(x):
    np.testing.assert_allclose(
        np.exp(ACTIVATIONS["log_softmax"](x)), ACTIVATIONS["softmax"](x), rtol=1e-12, atol=1e-300
    )


@given(ROWS)
def test_softmax_gradients_are_orthogonal_to_a_shift(x):
    for name in ("softmax", "log_softmax"):
        gradient = ACTIVATIONS[name].vjp(x, np.cos(x))
        np.testing.assert_allclose(gradient.sum(axis=-1), 0, atol=1e-12)


@given(ROWS)
def test_identities_between_activations(x):
    f = ACTIVATIONS
    np.testing.assert_allclose(f["sigmoid"](x) + f["sigmoid"](-x), 1, rtol=1e-15)
    np.testing.assert_allclose(f["tanh"](x), 2 * f["sigmoid"](2 * x) - 1, atol=1e-15)
    np.testing.assert_allclose(f["softplus"](x) - f["softplus"](-x), x, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(f["softplus"].derivative(x), f["sigmoid"](x), rtol=1e-14)
    np.testing.assert_allclose(f["silu"](x), x * f["sigmoid"](x), rtol=1e-15)
    np.testing.assert_allclose(f["leaky_relu"](x, negative_slope=0), f["relu"](x))
    np.testing.assert_allclose(f["gelu"](x) - f["gelu"](-x), x, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_has_no_elementwise_derivative(name):
    with pytest.raises(TypeError, match=r"vjp"):
        ACTIVATIONS[name].derivative([1.0, 2.0])


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize(
    ("x", "error", "words"),
    [
        ([1.0, np.nan], ValueError, "finite"),
        ([np.inf, 1.0], ValueError, "finite"),
        ([], ValueError, "empty"),
        ("text", TypeError, "numbers"),
        (None, TypeError, "numbers"),
        ([1j], TypeError, "numbers"),
        ([[1.0], [1.0, 2.0]], ValueError, "same length"),
    ],
)
def test_bad_x_is_named(name, x, error, words):
    for call in (ACTIVATIONS[name], lambda x: ACTIVATIONS[name].vjp(x, x)):
        with pytest.raises(error, match=rf"^x .*{words}"):
            call(x)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_bad_upstream_is_named(name):
    for upstream in ([1.0, 2.0], [[1.0, np.nan, 2.0]], "no"):
        with pytest.raises((TypeError, ValueError), match="^upstream"):
            ACTIVATIONS[name].vjp([[1.0, 2.0, 3.0]], upstream)


@pytest.mark.parametrize(
    ("name", "parameters", "error", "words"),
    [
        ("leaky_relu", {"negative_slope": -0.1}, ValueError, "negative_slope"),
        ("leaky_relu", {"negative_slope": "0.1"}, TypeError, "quotes"),
        ("leaky_relu", {"alpha": 0.1}, TypeError, "negative_slope"),
        ("elu", {"alpha": np.nan}, ValueError, "alpha"),
        ("gelu", {"approximate": 1}, TypeError, "approximate"),
        ("relu", {"negative_slope": 0.1}, TypeError, "none"),
        ("rellu", {}, ValueError, "Did you mean 'relu'"),
        ("ReLU", {}, ValueError, "Did you mean 'relu'"),
        (3, {}, TypeError, "one of 'sigmoid'"),
        (np.tanh, {}, TypeError, "plain function"),
    ],
)
def test_bad_names_and_parameters(name, parameters, error, words):
    with pytest.raises(error, match=words):
        activations.get(name, **parameters)
    if name in ACTIVATIONS:
        with pytest.raises(error, match=words):
            ACTIVATIONS[name]([1.0], **parameters)


def test_get_and_configurations():
    assert activations.get(None) is activations.linear
    assert activations.get("relu") is activations.get(activations.relu) is activations.relu
    steep = activations.get("leaky_relu", negative_slope=0.5)
    assert steep(-2.0) == -1.0 and activations.leaky_relu(-2.0) == -0.02
    assert activations.leaky_relu(-2.0, negative_slope=0.5) == -1.0
    for function in (*ACTIVATIONS.values(), steep):
        again = activations.get(json.loads(json.dumps(function.get_config())))
        assert (again.name, again.parameters) == (function.name, function.parameters)


def test_an_activation_of_ones_own():
    class Square(Activation):
        def forward(self, x, out=None):
            return x * x

        def slope(self, x, y):
            return 2 * x

    assert activations.get(Square)(3.0) == 9.0
    assert activations.get(Square()).vjp([3.0], [2.0]) == 12.0
