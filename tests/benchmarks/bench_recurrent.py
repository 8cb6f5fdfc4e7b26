"""Recurrent layers, forward and backward: T = 100, batch 32, 64 units, 64 features, last state out.

python tests/benchmarks/bench_recurrent.py

Twice: a training step as one takes it (the layer, a Dense unit, mean squared error, SGD), in Keras by
``fit``; and the layer alone, in Keras as one compiled function with nothing around it. ∂L/∂x is left
out everywhere, as in a network's first layer. The limit is what the products of matrices alone take.
PyTorch takes part where it is installed.
"""

import measuring  # first: it sets how many threads the others use

# isort: split
import numpy as np

from dlkit import Network, layers, losses, optimizers

SIZES = {"batch": 32, "time": 100, "units": 64, "features": 64}
BLOCKS = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}
LIMIT, KERAS = "limit: matrix products alone", "Keras on TensorFlow"


def inputs(batch, time, features):
    """Return x, the same for every side."""
    return np.random.default_rng(0).normal(size=(batch, time, features)).astype("float32")


def dlkit_step(kind, batch, time, units, features):
    """Return a function that runs this kit's layer forward and backward."""
    layer = getattr(layers, kind)(units)
    Network([layer], (time, features))
    layer.needs_input_gradient = False
    x, upstream = inputs(batch, time, features), np.ones((batch, units), "float32")

    def run():
        layer.compute_output(x, True)
        layer.compute_gradients(upstream)

    return run


def products(kind, batch, time, units, features):
    """Return a function that does the products of matrices, and nothing else."""
    width = BLOCKS[kind] * units
    x, z = np.ones((batch * time, features), "float32"), np.ones((batch * time, width), "float32")
    states, kernel = (
        np.ones((batch * time, units), "float32"),
        np.ones((features, width), "float32"),
    )
    h, recurrent_kernel = states[:batch], np.ones((units, width), "float32")
    delta, back = z[:batch].copy(), np.empty_like(h)
    recurrent = np.empty_like(delta)

    def run():
        np.matmul(x, kernel, out=z)
        for _ in range(time):
            np.matmul(h, recurrent_kernel, out=recurrent)
        for _ in range(time):
            np.matmul(delta, recurrent_kernel.T, out=back)
        x.T @ z
        states.T @ z

    return run


def keras_step(kind, batch, time, units, features):
    """Return a function that runs Keras's layer forward and backward, compiled."""
    import keras
    import tensorflow as tf

    one_thread()
    layer = getattr(keras.layers, kind)(units)
    model = keras.Sequential([keras.Input((time, features)), layer])
    x = tf.constant(inputs(batch, time, features))

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(model(x, training=True))
        return tape.gradient(total, model.trainable_variables)

    return lambda: [each.numpy() for each in step()]


def torch_step(kind, batch, time, units, features):
    """Return a function that runs PyTorch's layer forward and backward."""
    import torch

    torch.set_num_threads(1)
    layer = getattr(torch.nn, kind.removeprefix("Simple"))(features, units, batch_first=True)
    x = torch.tensor(inputs(batch, time, features))

    def run():
        layer.zero_grad()
        layer(x)[0][:, -1].sum().backward()

    return run


FIT_BATCHES = 8


def dlkit_training(kind, batch, time, units, features):
    """Return a function that takes some training steps with this kit."""
    network = Network([getattr(layers, kind)(units), layers.Dense(1)], (time, features))
    optimizer, loss = optimizers.SGD(0.001), losses.MeanSquaredError()
    x, y = inputs(batch, time, features), np.ones((batch, 1), "float32")

    def run():
        for _ in range(FIT_BATCHES):
            network.loss_and_gradients(x, y, loss, check=False)
            optimizer.apply_flat(network.flat_gradients, network.flat_parameters, network.segments)

    return run


def keras_training(kind, batch, time, units, features):
    """Return a function that takes as many training steps with Keras's ``fit``."""
    import keras

    one_thread()
    model = keras.Sequential(
        [keras.Input((time, features)), getattr(keras.layers, kind)(units), keras.layers.Dense(1)]
    )
    model.compile(keras.optimizers.SGD(0.001), "mean_squared_error")
    x = np.concatenate([inputs(batch, time, features)] * FIT_BATCHES)
    y = np.ones((len(x), 1), "float32")
    return lambda: model.fit(x, y, batch_size=batch, verbose=0)


def one_thread():
    """Keep TensorFlow to one thread, like the others."""
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:  # it has begun to compute, and was told before that
        pass


SIDES = {"dlkit": dlkit_step, LIMIT: products, KERAS: keras_step, "PyTorch": torch_step}


def measure(turns):
    """Return the `measuring.Result` of the three layers."""
    lines, goals, growths = [], [], []
    for kind in BLOCKS:
        makers = {
            name: lambda make=make, kind=kind: make(kind, **SIZES) for name, make in SIDES.items()
        }
        times = measuring.in_turns(measuring.available(makers, lines), turns)
        found = ", ".join(f"{name} {ms:.1f} ms" for name, ms in measuring.best(times).items())
        lines.append(f"{kind}: {found}")
        torch = 1.25 if kind == "LSTM" else None
        training = measuring.in_turns(
            {"dlkit": dlkit_training(kind, **SIZES), "Keras": keras_training(kind, **SIZES)}, turns
        )
        what = f"{kind}, dlkit / products alone"
        goals += [
            measuring.versus(
                f"{kind}, training step, Keras `fit` / dlkit",
                training,
                "Keras",
                "dlkit",
                torch and 1.3,
            ),
            measuring.versus(
                f"{kind}, layer alone, Keras compiled / dlkit", times, KERAS, "dlkit", None
            ),
            measuring.versus(
                f"{kind}, dlkit / PyTorch",
                times,
                "PyTorch",
                "dlkit",
                torch and 1.5,
                torch,
                at_least=False,
            ),
            measuring.versus(what, times, LIMIT, "dlkit", None, at_least=False),
        ]
    growing = {"batch": (4, 16, 64), "units": (16, 32, 64, 128), "time": (25, 50, 100, 200)}
    for axis, values in growing.items():
        makers = {
            f"{kind}{ending}": lambda value, kind=kind, make=make, axis=axis: make(
                kind, **{**SIZES, axis: value}
            )
            for kind in BLOCKS
            for ending, make in (("", dlkit_step), (f", {LIMIT}", products))
        }
        growths.append(measuring.growth(axis, values, makers))
    return measuring.Result(
        "Recurrent layers, T = 100, batch 32, 64 units", goals, growths, list(dict.fromkeys(lines))
    )


if __name__ == "__main__":
    measuring.main(measure, __doc__)
