"""Layer normalization, embedding, positions and residuals beside Keras's, with likely faults."""

import keras
import numpy as np
from layer_case import Case

from dlkit.keras import residual
from dlkit.keras.positions import Positions
from dlkit.layers import Dense, Embedding, LayerNormalization, PositionalEncoding, Residual

EXACT = {"epsilon": 2.0**-10}
NORMALIZED, LOOKED_UP = LayerNormalization.compute_gradients, Embedding.compute_gradients


def normalized(self, x, training, ddof=0, epsilon=None, outside=False, axis=-1):
    """LayerNormalization with a planted fault; what ``compute_gradients`` needs is kept."""
    epsilon = self.epsilon if epsilon is None else epsilon
    centred = x - x.mean(axis=axis, keepdims=True)
    variance = x.var(axis=axis, ddof=ddof, keepdims=True)
    self.root = np.sqrt(variance) + epsilon if outside else np.sqrt(variance + epsilon)
    self.normalized = centred / self.root
    return self.normalized * self.parameters["gamma"] + self.parameters["beta"]


def fault(**arguments):
    return "compute_output", lambda self, x, training: normalized(self, x, training, **arguments)


def averaged(self, upstream):
    result = NORMALIZED(self, upstream)
    self.gradients["gamma"] /= len(upstream)
    return result


def statistics_as_constants(self, upstream):
    NORMALIZED(self, upstream)
    return upstream * self.parameters["gamma"] / self.root


def gamma_forgotten(self, upstream):
    gamma = self.parameters["gamma"]
    kept = gamma.copy()
    gamma[...] = 1
    result = NORMALIZED(self, upstream)
    gamma[...] = kept
    return result


LAYER_NORMALIZATION_FAULTS = {
    "no epsilon": fault(epsilon=0.0),
    "epsilon outside the root": fault(outside=True),
    "variance by n - 1": fault(ddof=1),
    "over the batch": fault(axis=0),
    "statistics taken as constants": ("compute_gradients", statistics_as_constants),
    "gamma's gradient averaged over the batch": ("compute_gradients", averaged),
    "gamma forgotten in the backward pass": ("compute_gradients", gamma_forgotten),
}


def numbers_of_words(generator, shape):
    """Whole numbers below 5, many of them repeated, 4 never."""
    return generator.integers(0, 4, shape).astype(float)


def counted_once(self, upstream):
    gradient = self.gradients["embeddings"]
    gradient[...] = 0
    gradient[self.x.ravel()] += upstream.reshape(-1, self.output_dim)
    return np.zeros(self.x.shape)


def never_cleared(self, upstream):
    np.add.at(self.gradients["embeddings"], self.x, upstream)
    return np.zeros(self.x.shape)


def shared_by_occurrence(self, upstream):
    result = LOOKED_UP(self, upstream)
    self.gradients["embeddings"] /= np.maximum(np.bincount(self.x.ravel(), minlength=5), 1)[:, None]
    return result


def counted_from_one(self, x, training):
    self.x = x.astype(int)
    return self.parameters["embeddings"][self.x - 1]


def with_table(change):
    """Return a ``compute_output`` whose sinusoidal table is wrong."""

    def compute_output(self, x, training):
        t, i = np.arange(x.shape[1])[:, None], np.arange(x.shape[2])[None, :]
        return x + change(t, i, x.shape[2])

    return "compute_output", compute_output


def waves(angle, i, swapped=False):
    return np.where((i % 2 == 0) != swapped, np.sin(angle), np.cos(angle))


SINUSOIDAL_FAULTS = {
    "an angle for each column": with_table(lambda t, i, d: waves(t / 1e4 ** (i / d), i)),
    "sine and cosine swapped": with_table(
        lambda t, i, d: waves(t / 1e4 ** (2 * (i // 2) / d), i, swapped=True)
    ),
    "positions counted from 1": with_table(
        lambda t, i, d: waves((t + 1) / 1e4 ** (2 * (i // 2) / d), i)
    ),
    "1000 for 10000": with_table(lambda t, i, d: waves(t / 1e3 ** (2 * (i // 2) / d), i)),
    "sines in the first half": with_table(
        lambda t, i, d: np.where(
            i < d // 2, np.sin(t / 1e4 ** (2 * i / d)), np.cos(t / 1e4 ** (2 * i / d - 1))
        )
    ),
}


def averaged_table(self, upstream):
    self.gradients["table"][: self.time] = upstream.mean(axis=0)
    return upstream


def from_the_end(self, x, training):
    return x + self.parameters["table"][-self.time :]


def kept_rows(self, upstream):
    self.gradients["table"][: self.time] += upstream.sum(axis=0)
    return upstream


def inner(self, x):
    for layer in self.layers:
        x = layer.compute_output(x, False)
    return x


def inner_gradient(self, upstream):
    for layer in reversed(self.layers):
        upstream = layer.compute_gradients(upstream)
    return upstream


RESIDUAL_FAULTS = {
    "no short cut": ("compute_output", lambda self, x, training: inner(self, x)),
    "halved": ("compute_output", lambda self, x, training: (x + inner(self, x)) / 2),
    "short cut lost in the backward pass": ("compute_gradients", inner_gradient),
    "layers lost in the backward pass": (
        "compute_gradients",
        lambda self, upstream: upstream + 0 * inner_gradient(self, upstream),
    ),
    "added twice": (
        "compute_output",
        lambda self, x, training: x + inner(self, x + inner(self, x)),
    ),
}

SEQUENCE_CASES = {
    "LayerNormalization": Case(
        lambda: LayerNormalization(**EXACT),
        lambda: keras.layers.LayerNormalization(**EXACT),
        (4, 3),
        LAYER_NORMALIZATION_FAULTS,
    ),
    "LayerNormalization, bare": Case(
        lambda: LayerNormalization(center=False, scale=False, **EXACT),
        lambda: keras.layers.LayerNormalization(center=False, scale=False, **EXACT),
        (5,),
    ),
    "LayerNormalization, defaults, images": Case(
        lambda: LayerNormalization(),
        lambda: keras.layers.LayerNormalization(),
        (2, 2, 3),
    ),
    "Embedding": Case(
        lambda: Embedding(5, 3),
        lambda: keras.layers.Embedding(5, 3),
        (7,),
        {
            "repeated numbers counted once": ("compute_gradients", counted_once),
            "gradients never cleared": ("compute_gradients", never_cleared),
            "gradient averaged over repetitions": ("compute_gradients", shared_by_occurrence),
            "counted from 1": ("compute_output", counted_from_one),
        },
        inputs=numbers_of_words,
    ),
    "PositionalEncoding": Case(
        lambda: PositionalEncoding(),
        lambda: Positions(6, "sinusoidal"),
        (6, 5),
        SINUSOIDAL_FAULTS,
    ),
    "PositionalEncoding, learned": Case(
        lambda: PositionalEncoding(8, "learned"),
        lambda: Positions(8, "learned"),
        (6, 4),
        {
            "gradient averaged over the batch": ("compute_gradients", averaged_table),
            "gradients never cleared": ("compute_gradients", kept_rows),
            "counted from the end": ("compute_output", from_the_end),
        },
    ),
    "Residual": Case(
        lambda: Residual([Dense(4, "tanh"), Dense(3, "sigmoid")]),
        lambda: residual.Residual(
            [keras.layers.Dense(4, "tanh"), keras.layers.Dense(3, "sigmoid")]
        ),
        (2, 3),
        RESIDUAL_FAULTS,
    ),
}
