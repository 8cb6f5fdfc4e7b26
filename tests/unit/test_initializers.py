"""Initializers: mean, variance and bounds within what chance allows; names and arguments."""

import json
import math

import keras
import numpy as np
import pytest

from dlkit import initializers
from dlkit.initializers import INITIALIZERS, Constant, compute_fans

SHAPE = (200, 300)
# name -> the variance that the paper asks for, given fan_in and fan_out
VARIANCES = {
    "glorot_uniform": lambda i, o: 2 / (i + o),
    "glorot_normal": lambda i, o: 2 / (i + o),
    "he_uniform": lambda i, o: 2 / i,
    "he_normal": lambda i, o: 2 / i,
    "lecun_uniform": lambda i, o: 1 / i,
    "lecun_normal": lambda i, o: 1 / i,
    "random_normal": lambda i, o: 0.05**2,
    "random_uniform": lambda i, o: 0.1**2 / 12,
    # a normal distribution cut at two standard deviations keeps 0.774 of its variance
    "truncated_normal": lambda i, o: 0.05**2 * 0.7737413,
    "orthogonal": lambda i, o: 1 / max(i, o),
}
FIXED = {"zeros": 0.0, "ones": 1.0, "constant": 0.0}


def test_every_initializer_is_in_one_of_the_tables():
    assert set(VARIANCES) | set(FIXED) == set(INITIALIZERS)
    for name in INITIALIZERS:
        assert getattr(keras.initializers, INITIALIZERS[name].__name__)


@pytest.mark.parametrize("shape", [SHAPE, (3, 3, 40, 60)])
@pytest.mark.parametrize("name", VARIANCES)
def test_mean_and_variance(name, shape):
    values = initializers.get(name)(shape, 5, "float64")
    fans = compute_fans(shape)
    if name == "orthogonal":
        fans = math.prod(shape[:-1]), shape[-1]
    variance = VARIANCES[name](*fans)
    n = values.size
    assert abs(values.mean()) < 5 * math.sqrt(variance / n)
    # five standard deviations of a sample variance (kurtosis at most that of the normal, 3)
    assert abs(values.var() / variance - 1) < 5 * math.sqrt(2 / n)


@pytest.mark.parametrize("name", FIXED)
def test_fixed_values(name):
    assert (initializers.get(name)((3, 4)) == FIXED[name]).all()
    assert (Constant(value=0.25)((2,)) == 0.25).all()


@pytest.mark.parametrize("name", ["glorot_normal", "he_normal", "lecun_normal", "truncated_normal"])
def test_nothing_lies_beyond_two_standard_deviations(name):
    values = np.abs(initializers.get(name)(SHAPE, 1, "float64"))
    if name == "truncated_normal":
        bound = 0.1
    else:
        bound = 2 * math.sqrt(VARIANCES[name](*SHAPE)) / 0.87962566103423978
    assert bound * 0.99 < values.max() <= bound


@pytest.mark.parametrize("name", VARIANCES)
def test_kerass_draws_have_the_same_spread(name):
    """A wrong fan, scale or truncation would show as a ratio far from 1."""
    twin = keras.initializers.get(name)
    theirs = np.asarray(twin(SHAPE)).astype("float64")
    ours = initializers.get(name)(SHAPE, 2, "float64")
    assert ours.std() / theirs.std() == pytest.approx(1, abs=0.02)
    if name != "orthogonal":  # its entries are as good as normal: the largest is a matter of luck
        tail = 0.12 if name == "random_normal" else 0.02
        assert np.abs(ours).max() / np.abs(theirs).max() == pytest.approx(1, abs=tail)


@pytest.mark.parametrize("shape", [(4, 9), (9, 4), (2, 3, 5, 7)])
def test_orthogonal_rows_or_columns(shape):
    matrix = initializers.get("orthogonal", gain=2.0)(shape, 0, "float64").reshape(-1, shape[-1])
    product = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-13)


def test_orthogonal_draws_have_no_favourite_sign():
    """All orthogonal matrices are equally likely; a plain QR has every first element below 0."""
    first = [initializers.get("orthogonal")((4, 4), seed, "float64")[0, 0] for seed in range(100)]
    # five standard deviations of a hundred tosses of a coin
    assert abs(np.sum(np.array(first) > 0) - 50) < 25


@pytest.mark.parametrize(
    ("shape", "fans"),
    [
        ((), (1, 1)),
        ((7,), (7, 7)),
        ((7, 5), (7, 5)),
        ((3, 3, 2, 8), (18, 72)),
        ((4, 2, 8), (8, 32)),
    ],
)
def test_fans(shape, fans):
    assert compute_fans(shape) == fans


@pytest.mark.parametrize("name", INITIALIZERS)
def test_same_seed_same_numbers_in_every_dtype(name):
    initializer = initializers.get(name)
    first, second = initializer((6, 5), 3), initializer((6, 5), 3)
    np.testing.assert_array_equal(first, second)
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, initializer((6, 5), 3, "float64").astype("float32"))
    if name in VARIANCES:
        assert (first != initializer((6, 5), 4)).any()


def test_get_and_configurations():
    for name, kind in INITIALIZERS.items():
        for given in (name, kind.__name__, kind, kind(), initializers.get(name).get_config()):
            assert type(initializers.get(given)) is kind
    wide = initializers.get("random_normal", stddev=3.0)
    again = initializers.get(json.loads(json.dumps(wide.get_config())))
    np.testing.assert_array_equal(again((4,), 1), wide((4,), 1))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: initializers.get("glorot"), ValueError, "Did you mean 'glorot_"),
        (lambda: initializers.get(3), TypeError, "initializer"),
        (lambda: initializers.get("random_normal", stddev=-1), ValueError, "stddev"),
        (lambda: initializers.get("random_normal", mean=np.nan), ValueError, "mean"),
        (lambda: initializers.get("zeros", value=1), TypeError, "value"),
        (lambda: initializers.get("random_uniform", minval=1.0), ValueError, "minval"),
        (lambda: initializers.get("zeros")((0, 3)), ValueError, "shape"),
        (lambda: initializers.get("zeros")((2.5,)), ValueError, "shape"),
        (lambda: initializers.get("zeros")((2,), -1), ValueError, "generator"),
        (lambda: initializers.get("zeros")((2,), 0, "int32"), ValueError, "dtype"),
        (lambda: initializers.get("orthogonal")((5,)), ValueError, "two axes"),
    ],
)
def test_bad_arguments(call, error, words):
    with pytest.raises(error, match=words):
        call()
