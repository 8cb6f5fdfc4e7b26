"""What all builders share: checked sizes, streams of seeds, and the last layer with its loss."""

import keras
import numpy as np

from .. import checks, randomness

TASK_TYPES = ("classification", "regression")
ACTIVATIONS = [
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "mish",
    "softplus",
    "softsign",
    "tanh",
    "sigmoid",
    "hard_sigmoid",
    "linear",
]


def shape_without_batch(name, value, axes, example, open_axes=()):
    """Return ``value`` as a tuple of ``axes`` sizes; ``None`` is allowed for the open axes."""
    hint = f"Give the shape of one sample without the batch axis, for example {name}={example}."
    if not isinstance(value, tuple | list) or len(value) != axes:
        what = checks.describe(value)
        raise ValueError(f"{name} must be a tuple of {axes} sizes, but got {what}. {hint}")
    return tuple(
        None
        if size is None and axis in open_axes
        else checks.whole_number(f"{name}[{axis}]", size, hint=hint)
        for axis, size in enumerate(value)
    )


def sizes(name, value):
    """Return one or more positive whole numbers as a tuple; a single number is allowed."""
    if not isinstance(value, tuple | list):
        value = (value,)
    if not value:
        raise ValueError(f"{name} must hold at least one size, but got {checks.describe(value)}.")
    return tuple(checks.whole_number(f"{name}[{i}]", size) for i, size in enumerate(value))


def rate(name, value):
    """Return a dropout rate: 0 or more and below 1."""
    return checks.number(name, value, minimum=0, below=1, hint="A usual value is 0.2.")


def check_task(output_dim, task_type):
    """Return the checked pair ``(output_dim, task_type)``."""
    task_type = checks.choice("task_type", task_type, TASK_TYPES)
    hint = "Give the number of classes, or of target columns for regression."
    return checks.whole_number("output_dim", output_dim, hint=hint), task_type


class Seeds:
    """Two endless streams of seeds, one for weights and one for dropout, from a single ``seed``.

    The streams are those of `dlkit.randomness`, so that another number of dropout layers leaves
    the initial weights alone. With ``seed=None`` both give ``None``: Keras then draws
    from its own global generator, which `keras.utils.set_random_seed` governs.

    Parameters
    ----------
    seed : int or None
        0 or more.
    """

    def __init__(self, seed):
        self.seed = None if seed is None else checks.whole_number("seed", seed, minimum=0)
        self._weights, self._dropout = (
            np.random.default_rng(randomness.stream(self.seed or 0, name))
            for name in ("weights", "dropout")
        )

    def weights(self):
        """Return the next seed for initial weights."""
        return None if self.seed is None else int(self._weights.integers(1, 2**31))

    def dropout(self):
        """Return the next seed for a dropout layer."""
        return None if self.seed is None else int(self._dropout.integers(1, 2**31))

    def glorot(self):
        """Return Keras's usual initializer (Glorot uniform) with the next seed."""
        return keras.initializers.GlorotUniform(seed=self.weights())

    def orthogonal(self):
        """Return Keras's usual recurrent initializer with the next seed."""
        return keras.initializers.Orthogonal(seed=self.weights())

    def initializer(self, activation):
        """Return He initialisation for the ReLU family and Glorot for everything else."""
        if activation in ("relu", "leaky_relu"):
            return keras.initializers.HeUniform(seed=self.weights())
        return self.glorot()


def finish(inputs, features, output_dim, task_type, seeds, name):
    """Put the output layer on ``features`` and return the compiled model.

    Classification ends in a softmax over ``output_dim`` classes, or in one sigmoid unit where
    ``output_dim`` is 1 (two classes, labels 0 and 1); regression ends in ``output_dim`` linear
    units. The model is compiled with Adam(0.001), the loss of its task for integer labels, and
    accuracy or mean absolute error. Compile it again for another learning rate or one-hot labels;
    `dlkit.TrainingJob` takes its own optimizer and loss from its configuration and ignores these.
    """
    activation = "linear"
    loss, metric = "mean_squared_error", "mae"
    if task_type == "classification":
        activation = "sigmoid" if output_dim == 1 else "softmax"
        loss = "binary_crossentropy" if output_dim == 1 else "sparse_categorical_crossentropy"
        metric = "accuracy"
    outputs = keras.layers.Dense(
        output_dim, activation=activation, kernel_initializer=seeds.glorot(), name="output"
    )(features)
    model = keras.Model(inputs, outputs, name=name)
    model.compile(optimizer=keras.optimizers.Adam(0.001), loss=loss, metrics=[metric])
    return model
