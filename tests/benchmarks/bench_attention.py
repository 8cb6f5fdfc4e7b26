"""Speed of attention, as ratios measured in one run: python tests/benchmarks/bench_attention.py

One layer of self-attention, 128 time steps, batch 16, 64 features, 4 heads, forward and backward,
on one core. The candidates take turns, and the best processor time of each counts, so that a busy
machine harms all alike. The limit is what the matrix products alone take, sample by sample.
PyTorch takes part where it is installed: as it is by default, which gives the weights too, as
dlkit's layer does, and without them, which is its fused kernel. ``--plot growth.png`` draws the
growth.
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
from dlkit.layers import MultiHeadAttention


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


def growth(what, tasks):
    """Print how the time of dlkit's layer grows, and return it: the values and milliseconds."""
    works = {task: dlkit_work(*task) for _, task in tasks}
    times = best(works, 4)
    before = None
    for value, task in tasks:
        power = ""
        if before is not None:
            grown = np.log(times[task] / times[before[1]]) / np.log(value / before[0])
            power = f"   grows with power {grown:.1f}"
        print(f"{what:<18}{value:>6}{times[task]:>10.2f} ms{power}")
        before = value, task
    return [value for value, _ in tasks], [times[task] for _, task in tasks]


def plot(path, curves):
    """Draw the growth, one panel for each quantity."""
    from dlkit.plots import to_figure
    from dlkit.plots.chart import Chart, Line, Panel

    panels = [
        Panel([Line(x, y, what)], what, what, "milliseconds", x_scale="log", y_scale="log")
        for what, (x, y) in curves.items()
    ]
    chart = Chart(panels, "How the time of attention grows.", width=1000, height=300)
    to_figure(chart).savefig(path)


def main():
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=20, help="turns of each candidate")
    parser.add_argument("--plot", help="a PNG file for the growth")
    options = parser.parse_args()
    task = (16, 128, 64, 4)
    makers = {
        "dlkit": dlkit_work,
        "matrix products alone": products,
        "Keras on TensorFlow": keras_work,
        "PyTorch": torch_work,
        "PyTorch without weights": lambda *sizes: torch_work(*sizes, need_weights=False),
    }
    candidates = {}
    for name, make in makers.items():
        try:
            candidates[name] = make(*task)
        except ImportError as error:
            print(f"{name}: left out, {error.name} is not installed")
    times = best(candidates, options.turns)
    for name, value in times.items():
        print(f"{name:<28}{value:>9.2f} ms   this / dlkit = {value / times['dlkit']:.2f}")
    for name in list(times)[2:]:
        ratio = times[name] / times["dlkit"]
        print(f"target: 1.1 times as fast as {name}: {'ok' if ratio >= 1.1 else 'MISSED'}")
    print("\nHow the time grows, from batch 16, 128 steps, 64 features, 4 heads")
    curves = {
        "batch": growth("batch", [(n, (n, 128, 64, 4)) for n in (4, 16, 64)]),
        "time steps": growth("time steps", [(n, (16, n, 64, 4)) for n in (32, 64, 128, 256)]),
        "heads": growth("heads", [(n, (16, 128, 64, n)) for n in (1, 2, 4, 8)]),
        "features": growth("features", [(n, (16, 128, n, 4)) for n in (32, 64, 128, 256)]),
    }
    if options.plot:
        plot(options.plot, curves)


if __name__ == "__main__":
    main()
