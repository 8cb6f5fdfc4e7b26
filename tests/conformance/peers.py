"""PyTorch and JAX, where they are installed: values and gradients in float64.

Where one is missing its name here is None, and the tests marked ``peers`` are skipped.
"""

import contextlib

import numpy as np
import pytest

try:
    import torch
except ImportError:
    torch = None
try:
    import jax
except ImportError:
    jax = None
else:
    jax.config.update("jax_enable_x64", True)

needs_torch = pytest.mark.peers("torch")
needs_jax = pytest.mark.peers("jax")


def by_torch(function, arrays, upstream=None):
    """Return function(*arrays), and the gradient of Σ upstream · it for each array, by PyTorch."""
    points = [torch.tensor(array, requires_grad=array.dtype.kind == "f") for array in arrays]
    y = function(*points)
    upstream = torch.ones_like(y) if upstream is None else torch.tensor(upstream)
    (y * upstream).sum().backward()
    gradients = [None if point.grad is None else point.grad.numpy() for point in points]
    return y.detach().numpy(), gradients


def by_jax(function, arrays, upstream=None):
    """Return function(*arrays), and the gradient of Σ upstream · it for each array, by JAX."""
    y, back = jax.vjp(function, *(jax.numpy.asarray(array) for array in arrays))
    upstream = jax.numpy.ones_like(y) if upstream is None else jax.numpy.asarray(upstream)
    return np.asarray(y), [np.asarray(gradient) for gradient in back(upstream)]


@contextlib.contextmanager
def torch_in_float64():
    """Let PyTorch make new tensors in float64: its optimizers keep their step counts in them."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def worst(pairs):
    """Return the largest difference in pairs of arrays, relative where the second is above 1."""
    largest = 0.0
    for found, expected in pairs:
        found, expected = np.asarray(found, float), np.asarray(expected, float)
        assert found.shape == expected.shape
        assert np.isfinite(expected).all(), "a reference that overflows settles nothing"
        difference = np.abs(found - expected) / np.maximum(1, np.abs(expected))
        largest = max(largest, float(np.max(np.nan_to_num(difference, nan=np.inf))))
    return largest
