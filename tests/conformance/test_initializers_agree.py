"""Every initializer draws from Keras's (or PyTorch's) distribution, by the test of Kolmogorov and Smirnov.

Two samples of 30,000 numbers each: a scale that is off by 8 % is caught, as a test shows.
"""

import keras
import numpy as np
import peers
import pytest
import scipy.stats

from dlkit import initializers
from dlkit.initializers import INITIALIZERS

SHAPES = {"dense": (150, 200), "convolution": (3, 5, 20, 100)}
FIXED = ("zeros", "ones", "constant")
DRAWN = [name for name in INITIALIZERS if name not in FIXED]
# PyTorch has these; its other normal ones are not truncated.
TORCH = {
    "glorot_uniform": lambda init, kernel: init.xavier_uniform_(kernel),
    "he_uniform": lambda init, kernel: init.kaiming_uniform_(kernel, nonlinearity="relu"),
    "lecun_uniform": lambda init, kernel: init.kaiming_uniform_(kernel, nonlinearity="linear"),
    "random_normal": lambda init, kernel: init.normal_(kernel, std=0.05),
    "random_uniform": lambda init, kernel: init.uniform_(kernel, -0.05, 0.05),
    "truncated_normal": lambda init, kernel: init.trunc_normal_(kernel, std=0.05, a=-0.1, b=0.1),
    "orthogonal": lambda init, kernel: init.orthogonal_(kernel),
}


def probability(ours, theirs):
    """Return how likely two samples of one distribution differ as much as these."""
    return scipy.stats.ks_2samp(ours.ravel(), theirs.ravel()).pvalue


def by_keras(name, shape):
    twin = getattr(keras.initializers, INITIALIZERS[name].__name__)
    return np.asarray(twin() if name in FIXED else twin(seed=3)(shape, "float32"))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", DRAWN)
def test_the_distribution_is_kerass(name, shape):
    ours = initializers.get(name)(SHAPES[shape], 1, "float64")
    assert probability(ours, by_keras(name, SHAPES[shape])) > 1e-3


@pytest.mark.parametrize("name", FIXED)
def test_fixed_values_are_kerass(name):
    twin = getattr(keras.initializers, INITIALIZERS[name].__name__)()
    np.testing.assert_array_equal(initializers.get(name)((3, 4)), np.asarray(twin((3, 4))))


@pytest.mark.parametrize("name", DRAWN)
def test_a_scale_that_is_off_by_eight_percent_is_caught(name):
    ours = initializers.get(name)(SHAPES["dense"], 1, "float64") * 1.08
    assert probability(ours, by_keras(name, SHAPES["dense"])) < 1e-3


@pytest.mark.parametrize("shape", [(40, 25), (25, 40), (3, 3, 4, 20)])
def test_orthogonal_matrices_are_orthogonal_as_kerass(shape):
    """All singular values are the gain, in both."""
    found = initializers.get("orthogonal", gain=2.0)(shape, 0, "float64").reshape(-1, shape[-1])
    theirs = np.asarray(keras.initializers.Orthogonal(2.0, seed=0)(shape)).reshape(-1, shape[-1])
    for matrix, tolerance in ((found, 1e-13), (theirs, 1e-5)):
        values = np.linalg.svd(matrix, compute_uv=False)
        np.testing.assert_allclose(values, 2.0, atol=tolerance)


def test_orthogonal_matrices_are_as_likely_one_way_as_another():
    """Compared with SciPy's uniform draw; without the signs of R the diagonal would lean."""
    generator = np.random.default_rng(0)
    draw = initializers.get("orthogonal").draw
    ours = np.array([draw((3, 3), generator) for _ in range(4000)])
    theirs = scipy.stats.ortho_group.rvs(3, size=4000, random_state=1)
    for place in np.ndindex(3, 3):
        assert probability(ours[(slice(None), *place)], theirs[(slice(None), *place)]) > 1e-4


@peers.needs_torch
@pytest.mark.parametrize("name", TORCH)
def test_the_distribution_is_pytorchs(name):
    shape = SHAPES["dense"]
    kernel = peers.torch.empty(shape[::-1], dtype=peers.torch.float64)  # (units, inputs)
    peers.torch.manual_seed(4)
    TORCH[name](peers.torch.nn.init, kernel)
    ours = initializers.get(name)(shape, 1, "float64")
    assert probability(ours, kernel.numpy()) > 1e-3
