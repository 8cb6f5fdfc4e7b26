"""Attention, forward and backward: 128 time steps, batch 16, 64 features, 4 heads.

python tests/benchmarks/bench_attention.py

The limit is what the products of matrices alone take, sample by sample. PyTorch takes part where it
is installed: as it is by default, which gives the weights too, as dlkit's layer does, and without
them, which is its fused kernel.
"""

import measuring  # first: it sets how many threads the others use

# isort: split
import numpy as np

from dlkit import Network
from dlkit.layers import MultiHeadAttention

SIZES = {"batch": 16, "steps": 128, "features": 64, "heads": 4}
LIMIT, KERAS = "limit: matrix products alone", "Keras on TensorFlow"
PYTORCH, FUSED = "PyTorch", "PyTorch without weights"


def dlkit_work(batch, steps, features, heads):
    """Return a function that runs the layer forward and backward."""
    layer = MultiHeadAttention(heads, features // heads)
    Network([layer], (steps, features))
    x = np.random.default_rng(0).normal(size=(batch, steps, features)).astype("float32")
    upstream = np.ones_like(x)

    def run():
        layer.compute_output(x, True)
        layer.compute_gradients(upstream)

    return run


def products(batch, steps, features, heads):
    """Return a function that does the same products of matrices and nothing else."""
    rows = np.ones((batch * steps, features), "float32")
    square = np.ones((features, features), "float32")
    result, total = np.empty_like(rows), np.empty_like(square)
    size = features // heads
    vectors = np.ones((heads, steps, size), "float32")
    turned, weights = vectors.swapaxes(1, 2), np.ones((heads, steps, steps), "float32")
    found, scores = np.empty_like(vectors), np.empty_like(weights)

    def run():
        for _ in range(4):  # query, key, value, output: forward, ∂L/∂x, ∂L/∂W
            np.matmul(rows, square, out=result)
            np.matmul(rows, square.T, out=result)
            np.matmul(rows.T, rows, out=total)
        for _ in range(batch):
            for _ in range(2):  # the scores, ∂L/∂weights
                np.matmul(vectors, turned, out=scores)
            for _ in range(2):  # the result, ∂L/∂Q
                np.matmul(weights, vectors, out=found)
            for _ in range(2):  # ∂L/∂K, ∂L/∂V
                np.matmul(weights.swapaxes(1, 2), vectors, out=found)

    return run


def keras_work(batch, steps, features, heads):
    """Return a function that runs Keras's layer, compiled, forward and backward."""
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    layer = keras.layers.MultiHeadAttention(heads, features // heads)
    x = tf.random.normal((batch, steps, features))
    layer(x, x)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(layer(x, x, training=True))
        return tape.gradient(total, [x, *layer.trainable_variables])

    return lambda: [each.numpy() for each in step()]


def torch_work(batch, steps, features, heads, need_weights=True):
    """Return a function that runs PyTorch's layer, by default as it is by default."""
    import torch

    torch.set_num_threads(1)
    layer = torch.nn.MultiheadAttention(features, heads, batch_first=True)
    x = torch.randn(batch, steps, features, requires_grad=True)

    def run():
        layer.zero_grad()
        x.grad = None
        layer(x, x, x, need_weights=need_weights)[0].sum().backward()

    return run


def measure(turns):
    """Return the `measuring.Result`."""
    lines = []
    makers = {
        "dlkit": lambda: dlkit_work(**SIZES),
        LIMIT: lambda: products(**SIZES),
        KERAS: lambda: keras_work(**SIZES),
        PYTORCH: lambda: torch_work(**SIZES),
        FUSED: lambda: torch_work(**SIZES, need_weights=False),
    }
    times = measuring.in_turns(measuring.available(makers, lines), turns)
    lines += [f"{name:<28}{value:8.2f} ms" for name, value in measuring.best(times).items()]
    task = "attention, T = 128"
    goals = [
        measuring.versus(f"{task}: speed / {KERAS}", times, KERAS, "dlkit", 1.1, 1.3),
        measuring.versus(f"{task}: speed / {PYTORCH}", times, PYTORCH, "dlkit", 1.1, 1.3),
        measuring.versus(f"{task}: speed / {FUSED}", times, FUSED, "dlkit", None),
        measuring.versus(f"{task}: time / {LIMIT[7:]}", times, LIMIT, "dlkit", None, None, False),
    ]
    growing = {
        "batch": (4, 16, 64),
        "steps": (32, 64, 128, 256),
        "heads": (1, 2, 4, 8),
        "features": (32, 64, 128, 256),
    }
    growths = [
        measuring.growth(
            axis,
            values,
            {
                name: lambda value, make=make, axis=axis: make(**{**SIZES, axis: value})
                for name, make in (("dlkit", dlkit_work), (LIMIT, products))
            },
        )
        for axis, values in growing.items()
    ]
    return measuring.Result("Attention", goals, growths, lines)


if __name__ == "__main__":
    measuring.main(measure, __doc__)
