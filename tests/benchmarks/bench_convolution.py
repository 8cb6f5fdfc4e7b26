"""Convolution 1 → 32 → 64, kernels 3 × 3, padding same, batch 32 of 28 × 28, forward and backward.

python tests/benchmarks/bench_convolution.py

The limit is what the products of matrices alone take. PyTorch's default layout is channels-first;
its channels-last layout is printed beside.
"""

import measuring  # first: it sets how many threads the others use

# isort: split
import numpy as np

from dlkit import Network
from dlkit.layers import Conv2D

SIZES = (1, 32, 64)
LIMIT = "limit: matrix products alone"
TORCH = "PyTorch, default layout"


def dlkit_work(batch, side, kernel, channels):
    """Return a function that runs the layers forward and backward."""
    layers = [Conv2D(filters, kernel, padding="same") for filters in channels[1:]]
    network = Network(layers, (side, side, channels[0]))
    x = np.random.default_rng(0).normal(size=(batch, side, side, channels[0])).astype("float32")
    network.layers[0].needs_input_gradient = False  # in training nobody needs it
    upstream = np.ones((batch, *network.output_shape), "float32")

    def run():
        y = x
        for layer in network.layers:
            y = layer.compute_output(y, True)
        delta = upstream
        for layer in reversed(network.layers):
            delta = layer.compute_gradients(delta)

    return run


def products(batch, side, kernel, channels):
    """Return a function that does the same products of matrices and nothing else."""
    places, calls = side * side, []
    for index, (inputs, filters) in enumerate(zip(channels, channels[1:])):
        columns = np.ones((places, kernel * kernel * inputs), "float32")
        weights = np.ones((columns.shape[1], filters), "float32")
        delta = np.ones((places, filters), "float32")
        calls += [(columns, weights), (columns.T, delta)]
        if index:
            wide = np.ones((places, kernel * kernel * filters), "float32")
            calls.append((wide, np.ones((wide.shape[1], inputs), "float32")))
    calls = [(a, b, np.empty((a.shape[0], b.shape[1]), "float32")) for a, b in calls]

    def run():
        for a, b, out in calls:
            for _ in range(batch):
                np.matmul(a, b, out=out)

    return run


def keras_work(batch, side, kernel, channels):
    """Return a function that runs Keras's layers, compiled, forward and backward."""
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    layers = [keras.layers.Conv2D(filters, kernel, padding="same") for filters in channels[1:]]
    model = keras.Sequential([keras.Input((side, side, channels[0])), *layers])
    x = tf.random.normal((batch, side, side, channels[0]))

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(model(x, training=True))
        return tape.gradient(total, model.trainable_variables)

    return lambda: [each.numpy() for each in step()]


def torch_work(batch, side, kernel, channels, channels_last=False):
    """Return a function that runs PyTorch's layers forward and backward."""
    import torch

    torch.set_num_threads(1)
    layers = [
        torch.nn.Conv2d(*pair, kernel, padding="same") for pair in zip(channels, channels[1:])
    ]
    layout = torch.channels_last if channels_last else torch.contiguous_format
    model = torch.nn.Sequential(*layers).to(memory_format=layout)
    x = torch.randn(batch, channels[0], side, side).to(memory_format=layout)

    def run():
        model.zero_grad()
        model(x).sum().backward()

    return run


def measure(turns):
    """Return the `Result`."""
    lines, task = [], (32, 28, 3, SIZES)
    makers = {
        "dlkit": lambda: dlkit_work(*task),
        LIMIT: lambda: products(*task),
        "Keras on TensorFlow": lambda: keras_work(*task),
        TORCH: lambda: torch_work(*task),
        "PyTorch, channels-last": lambda: torch_work(*task, channels_last=True),
    }
    times = measuring.in_turns(measuring.available(makers, lines), turns)
    lines += [f"{name:<32}{value:8.2f} ms" for name, value in measuring.best(times).items()]
    what = "Conv 1→32→64, batch 32: time / "
    goals = [
        measuring.versus(what + peer, times, peer, "dlkit", commit, moonshot, at_least=False)
        for peer, commit, moonshot in (
            (TORCH, 1.3, 1.1),
            ("PyTorch, channels-last", None, None),
            ("Keras on TensorFlow", None, None),
            (LIMIT, None, None),
        )
    ]
    own = {"dlkit": dlkit_work, LIMIT: products}
    growths = [
        measuring.growth(axis, values, {name: change(make) for name, make in own.items()})
        for axis, values, change in (
            ("batch size", (8, 32, 128), lambda make: lambda n: make(n, 14, 3, (8, 16))),
            ("width of the image", (8, 16, 32), lambda make: lambda n: make(16, n, 3, (8, 16))),
            ("kernel", (1, 3, 5), lambda make: lambda n: make(16, 14, n, (8, 16))),
            ("filters", (8, 32, 128), lambda make: lambda n: make(16, 14, 3, (8, n))),
            (
                "depth, layers of 16",
                (1, 2, 4),
                lambda make: lambda n: make(16, 14, 3, (16,) * (n + 1)),
            ),
        )
    ]
    return measuring.Result("Convolution, forward and backward", goals, growths, lines)


if __name__ == "__main__":
    measuring.main(measure, __doc__, turns=10)
