"""An epoch of the digits network 64-128-64-32-10, batch 32, Adam, against the other kits.

python tests/benchmarks/bench_mlp.py

Every side trains on the same 1437 images, in a new order each epoch, and looks at the loss of each
batch (Keras's ``fit`` keeps a running mean). The limit is what the products of matrices alone take.
"""

import measuring  # first: it sets how many threads the others use

# isort: split
import numpy as np

from dlkit import Network, TrainingConfig, datasets
from dlkit.layers import Dense
from dlkit.training.engine import NumpyEngine

HIDDEN, BATCH = (128, 64, 32), 32
DATA = datasets.digits(flat=True)
LIMIT = "limit: matrix products alone"


def dlkit_epoch(hidden=HIDDEN, batch=BATCH, data=DATA):
    """Return a function that trains an epoch with this kit's engine."""
    layers = [*(Dense(units, "relu") for units in hidden), Dense(10, "softmax")]
    network = Network(layers, data.input_shape)
    engine = NumpyEngine(network, data, TrainingConfig(batch_size=batch))
    epoch = 0

    def run():
        nonlocal epoch
        epoch += 1
        engine.begin_epoch(epoch)
        engine.run(0, engine.batches_per_epoch)
        engine.train_metrics()

    return run


def products(hidden=HIDDEN, batch=BATCH, data=DATA):
    """Return a function that does the products of matrices of an epoch, and nothing else."""
    sizes, batches = (data.input_shape[0], *hidden, 10), -(-len(data.x_train) // batch)
    calls = []
    for index, (inputs, units) in enumerate(zip(sizes, sizes[1:])):
        x, w, delta = (
            np.ones(shape, "float32")
            for shape in ((batch, inputs), (inputs, units), (batch, units))
        )
        calls += [(x, w), (x.T, delta)]
        if index:  # nobody needs the gradient of the first layer's input
            calls.append((delta, w.T))
    calls = [(a, b, np.empty((len(a), b.shape[1]), "float32")) for a, b in calls]

    def run():
        for _ in range(batches):
            for a, b, out in calls:
                np.matmul(a, b, out=out)

    return run


def scikit_learn_epoch(hidden=HIDDEN, batch=BATCH, data=DATA):
    """Return a function that trains an epoch with ``MLPClassifier``."""
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(hidden, batch_size=batch, solver="adam", alpha=0.0, random_state=0)
    return lambda: model.partial_fit(data.x_train, data.y_train, classes=range(10))


def torch_epoch(hidden=HIDDEN, batch=BATCH, data=DATA):
    """Return a function that trains an epoch with PyTorch as its users write it (eager)."""
    import torch

    torch.set_num_threads(1)
    sizes, layers = (data.input_shape[0], *hidden), []
    for pair in zip(sizes, sizes[1:]):
        layers += [torch.nn.Linear(*pair), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers, torch.nn.Linear(sizes[-1], 10))
    optimizer = torch.optim.Adam(model.parameters())
    loss = torch.nn.CrossEntropyLoss()
    x, y = torch.tensor(data.x_train), torch.tensor(data.y_train)

    def run():
        order = torch.randperm(len(x))
        shuffled_x, shuffled_y = x[order], y[order]
        losses = []
        for start in range(0, len(x), batch):
            part = slice(start, start + batch)
            optimizer.zero_grad()
            value = loss(model(shuffled_x[part]), shuffled_y[part])
            value.backward()
            optimizer.step()
            losses.append(value.item())

    return run


def keras_epoch(hidden=HIDDEN, batch=BATCH, data=DATA):
    """Return a function that trains an epoch with ``model.fit``."""
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    layers = [keras.layers.Dense(units, "relu") for units in hidden]
    model = keras.Sequential(
        [keras.Input(data.input_shape), *layers, keras.layers.Dense(10, "softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    return lambda: model.fit(data.x_train, data.y_train, batch_size=batch, verbose=0)


def jax_epoch(hidden=HIDDEN, batch=BATCH, data=DATA):
    """Return a function that trains an epoch with JAX: the whole epoch is one compiled function."""
    import jax
    import jax.numpy as jnp

    sizes, generator = (data.input_shape[0], *hidden, 10), np.random.default_rng(0)
    weights = [
        (generator.normal(0, pair[0] ** -0.5, pair).astype("float32"), np.zeros(pair[1], "float32"))
        for pair in zip(sizes, sizes[1:])
    ]

    def loss(weights, x, y):
        for w, b in weights[:-1]:
            x = jax.nn.relu(x @ w + b)
        logits = x @ weights[-1][0] + weights[-1][1]
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], 1))

    def step(state, batch):
        weights, first, second, number = state
        value, slope = jax.value_and_grad(loss)(weights, *batch)
        number = number + 1
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, slope)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, slope)
        rate = 0.001 * jnp.sqrt(1 - 0.999**number) / (1 - 0.9**number)
        weights = jax.tree.map(
            lambda w, m, v: w - rate * m / (jnp.sqrt(v) + 1e-7), weights, first, second
        )
        return (weights, first, second, number), value

    whole = len(data.x_train) // batch * batch

    @jax.jit
    def epoch(state, x, y):
        shapes = ((-1, batch, *x.shape[1:]), (-1, batch))
        batches = [part[:whole].reshape(shape) for part, shape in zip((x, y), shapes)]
        state, losses = jax.lax.scan(step, state, batches)
        if whole < len(x):
            state, last = step(state, (x[whole:], y[whole:]))
            losses = jnp.append(losses, last)
        return state, losses

    zeros = jax.tree.map(jnp.zeros_like, weights)
    state = (weights, zeros, zeros, jnp.float32(0))

    def run():
        nonlocal state
        order = generator.permutation(len(data.x_train))
        state, losses = epoch(state, data.x_train[order], data.y_train[order])
        np.asarray(losses)

    return run


PEERS = {
    "scikit-learn": scikit_learn_epoch,
    "PyTorch eager": torch_epoch,
    "Keras fit": keras_epoch,
    "JAX compiled": jax_epoch,
}


def measure(turns):
    """Return the `Result`."""
    lines = []
    makers = {"dlkit": dlkit_epoch, LIMIT: products, **PEERS}
    times = measuring.in_turns(measuring.available(makers, lines), turns)
    lines += [f"{name:<30}{value:8.2f} ms" for name, value in measuring.best(times).items()]
    task = "digits MLP, batch 32, Adam"
    goals = [
        measuring.versus(f"{task}: speed / {peer}", times, peer, "dlkit", commit, moonshot)
        for peer, commit, moonshot in (
            ("scikit-learn", 2.5, 3.5),
            ("PyTorch eager", 2.5, 4),
            ("Keras fit", 8, 15),
            ("JAX compiled", None, 0.7),
        )
    ]
    both = {"dlkit": dlkit_epoch, LIMIT: products, "scikit-learn": scikit_learn_epoch}
    with_batch = {name: lambda n, f=make: f(batch=n) for name, make in both.items()}
    with_width = {name: lambda n, f=make: f((n, n, n)) for name, make in both.items()}
    with_depth = {name: lambda n, f=make: f((64,) * n) for name, make in both.items()}
    growths = [
        measuring.growth("batch size", (8, 32, 128, 512), with_batch),
        measuring.growth("width of three layers", (16, 64, 256, 512), with_width),
        measuring.growth("depth, layers of 64", (1, 2, 4, 8), with_depth),
    ]
    return measuring.Result("An epoch of the digits MLP", goals, growths, lines)


if __name__ == "__main__":
    measuring.main(measure, __doc__)
