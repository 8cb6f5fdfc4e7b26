"""Speed of convolution, as ratios measured in one run: python tests/benchmarks/bench_convolution.py

Two layers 1 → 32 → 64, kernels 3 × 3, padding same, batch 32 of 28 × 28, forward and backward, on
one core. The candidates take turns, and the best processor time of each counts, so that a busy
machine harms all alike. The limit is what the matrix products alone take.
"""

import argparse
import os
import time

# Read once, while NumPy and TensorFlow are imported.
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import numpy as np

from dlkit import Network
from dlkit.layers import Conv2D

SIZES = (1, 32, 64)


def best(candidates, turns):
    """Return the best processor time of each candidate in ms, after one turn to warm up."""
    times = {name: [] for name in candidates}
    for turn in range(turns + 1):
        for name, work in candidates.items():
            began = time.process_time()
            work()
            if turn:
                times[name].append((time.process_time() - began) * 1e3)
    return {name: min(values) for name, values in times.items()}


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


def torch_work(batch, side, kernel, channels):
    """Return a function that runs PyTorch's layers in its default layout."""
    import torch

    torch.set_num_threads(1)
    layers = [
        torch.nn.Conv2d(*pair, kernel, padding="same") for pair in zip(channels, channels[1:])
    ]
    model = torch.nn.Sequential(*layers)
    x = torch.randn(batch, channels[0], side, side)

    def run():
        model.zero_grad()
        model(x).sum().backward()

    return run


def main():
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=10, help="turns of each candidate")
    parser.add_argument("--side", type=int, default=28, help="height and width of the images")
    options = parser.parse_args()
    task = (32, options.side, 3, SIZES)
    makers = {
        "dlkit": dlkit_work,
        "matrix products alone": products,
        "Keras on TensorFlow": keras_work,
        "PyTorch": torch_work,
    }
    candidates = {}
    for name, make in makers.items():
        try:
            candidates[name] = make(*task)
        except ImportError as error:
            print(f"{name}: left out, {error.name} is not installed")
    times = best(candidates, options.turns)
    for name, value in times.items():
        print(f"{name:<28}{value:>9.2f} ms   dlkit / this = {times['dlkit'] / value:.2f}")
    if "PyTorch" in times:
        ratio = times["dlkit"] / times["PyTorch"]
        print(f"target: at most 1.3 of PyTorch's time: {'ok' if ratio <= 1.3 else 'MISSED'}")
    print("\nHow the time grows (ms, and per multiplication of the products in ns)")
    for what, changed in (
        ("batch", [(n, 14, 3, (8, 16)) for n in (8, 32, 128)]),
        ("width of the image", [(16, n, 3, (8, 16)) for n in (8, 16, 32)]),
        ("kernel", [(16, 14, n, (8, 16)) for n in (1, 3, 5)]),
        ("filters", [(16, 14, 3, (8, n)) for n in (8, 32, 128)]),
    ):
        for batch, side, kernel, channels in changed:
            work = dlkit_work(batch, side, kernel, channels)
            took = best({"it": work}, 3)["it"]
            products_count = 2 * batch * side**2 * kernel**2 * channels[0] * channels[1]
            shape = f"batch {batch}, {side} × {side}, kernel {kernel}, {channels}"
            print(f"{what:<20}{shape:<42}{took:>9.2f} ms {took * 1e6 / products_count:>9.3f} ns")


if __name__ == "__main__":
    main()
