"""PyTorch's twin of each layer, as a function of x and of dlkit's parameters.

The parameters come as tensors in dlkit's shapes and are turned into PyTorch's inside the graph, so
that its gradients come back in dlkit's shapes.
"""

from typing import NamedTuple

import numpy as np
from peers import jax, torch

from dlkit.layers import (
    GRU,
    LSTM,
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Bidirectional,
    Conv1D,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    LayerNormalization,
    MaxPooling2D,
    MultiHeadAttention,
    PositionalEncoding,
    Reshape,
    Residual,
    SimpleRNN,
    TransformerDecoder,
    TransformerEncoder,
)


class Row(NamedTuple):
    """A layer, its input shape, PyTorch's (x, parameters) -> y, and inputs where not normal."""

    make: object
    input_shape: tuple
    twin: object
    inputs: object = lambda generator, shape: generator.normal(size=shape)


def F():
    return torch.nn.functional


def dense(x, p, name=""):
    return F().linear(x, p[f"{name}kernel"].T, p[f"{name}bias"])


def channels_first(x):
    return x.movedim(-1, 1)


def channels_last(x):
    return x.movedim(1, -1)


def convolution(strides, pads=None):
    """Return a convolution; ``pads`` as in PyTorch, last axis first, each before and after."""

    def twin(x, p):
        kernel = p["kernel"].movedim((-1, -2), (0, 1))
        images = F().pad(channels_first(x), pads or [0] * 2 * (x.ndim - 2))
        convolve = F().conv2d if x.ndim == 4 else F().conv1d
        return channels_last(convolve(images, kernel, p["bias"], strides))

    return twin


def lstm(x, p, name="", flipped=False):
    """Gates in the order i, f, g, o on both sides; PyTorch has two biases, which are added."""
    weights = [p[f"{name}kernel"].T, p[f"{name}recurrent_kernel"].T, p[f"{name}bias"]]
    return recurrent("LSTM", x, [*weights, torch.zeros_like(weights[2])], flipped)


def gru(x, p, name="", flipped=False):
    """Gates z, r, g here and r, z, n in PyTorch."""

    def ordered(array):
        z, r, g = torch.chunk(array, 3, dim=-1)
        return torch.cat([r, z, g], dim=-1)

    bias, recurrent_bias = p[f"{name}bias"]
    weights = [ordered(p[f"{name}{part}"]).T for part in ("kernel", "recurrent_kernel")]
    return recurrent("GRU", x, [*weights, ordered(bias), ordered(recurrent_bias)], flipped)


def simple_rnn(x, p):
    weights = [p["kernel"].T, p["recurrent_kernel"].T, p["bias"], torch.zeros_like(p["bias"])]
    return recurrent("RNN", x, weights)


def recurrent(kind, x, weights, flipped=False):
    """Return the states after all time steps, of PyTorch's own layer."""
    layer = getattr(torch.nn, kind)(x.shape[-1], weights[1].shape[1], batch_first=True)
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    x = x.flip(1) if flipped else x
    y, _ = torch.func.functional_call(layer.double(), dict(zip(names, weights)), (x,))
    return y.flip(1) if flipped else y


def attention_weights(p, name, prefix):
    """Return PyTorch's parameters of an attention, under the names of its module."""
    parts = [f"{name}{part}/" for part in ("query", "key", "value")]
    output = f"{name}attention_output/"
    own = {
        "in_proj_bias": torch.cat([p[f"{part}bias"] for part in parts]),
        "out_proj.weight": p[f"{output}kernel"].T,
        "out_proj.bias": p[f"{output}bias"],
        "in_proj_weight": torch.cat([p[f"{part}kernel"].T for part in parts]),
    }
    return {f"{prefix}{key}": value for key, value in own.items()}


def causal_mask(time):
    return torch.ones(time, time, dtype=torch.bool).triu(1)


def attention(causal):
    def twin(x, p):
        layer = torch.nn.MultiheadAttention(x.shape[-1], 2, batch_first=True).double()
        mask = causal_mask(x.shape[1]) if causal else None
        own = attention_weights(p, "", "")
        options = {"need_weights": False, "attn_mask": mask}
        return torch.func.functional_call(layer, own, (x, x, x), options)[0]

    return twin


def transformer(normalize_first, causal=False):
    """Return PyTorch's encoder layer; with a causal mask it is a decoder without a context."""

    def twin(x, p):
        layer = torch.nn.TransformerEncoderLayer(
            x.shape[-1], 2, 6, dropout=0.0, batch_first=True, norm_first=normalize_first
        ).double()
        own = attention_weights(p, "self_attention/", "self_attn.")
        for theirs, ours in (("linear1", "intermediate"), ("linear2", "output")):
            own[f"{theirs}.weight"] = p[f"feedforward_{ours}/kernel"].T
            own[f"{theirs}.bias"] = p[f"feedforward_{ours}/bias"]
        for theirs, ours in (("norm1", "self_attention"), ("norm2", "feedforward")):
            own[f"{theirs}.weight"] = p[f"{ours}_norm/gamma"]
            own[f"{theirs}.bias"] = p[f"{ours}_norm/beta"]
        mask = causal_mask(x.shape[1]) if causal else None
        return torch.func.functional_call(layer, own, (x,), {"src_mask": mask})

    return twin


def sinusoids(x, p):
    """As in PyTorch's tutorial on transformers, for an even number of features."""
    time, features = x.shape[1:]
    position = torch.arange(time).unsqueeze(1)
    rates = torch.exp(torch.arange(0, features, 2).double() * (-np.log(10000.0) / features))
    table = torch.zeros(time, features, dtype=torch.double)
    table[:, 0::2] = torch.sin(position * rates)
    table[:, 1::2] = torch.cos(position * rates)
    return x + table


def both_ways(x, p):
    forwards = lstm(x, p, "forward_lstm/")
    backwards = lstm(x, p, "backward_lstm/", flipped=True)
    return torch.cat([forwards, backwards], dim=-1)


BLOCK = {"intermediate_dim": 6, "num_heads": 2, "dropout": 0.0}
ROWS = {
    "Dense": Row(lambda: Dense(4, "tanh"), (3,), lambda x, p: torch.tanh(dense(x, p))),
    "Activation": Row(lambda: Activation("mish"), (2, 3), lambda x, p: F().mish(x)),
    "Dropout": Row(lambda: Dropout(0.0), (3,), lambda x, p: F().dropout(x, 0.0)),
    "Flatten": Row(lambda: Flatten(), (2, 3, 2), lambda x, p: torch.nn.Flatten()(x)),
    "Reshape": Row(lambda: Reshape((3, -1)), (2, 6), lambda x, p: x.reshape(len(x), 3, 4)),
    "Conv2D": Row(
        lambda: Conv2D(4, (3, 2), strides=(2, 1), padding="same"),
        (6, 5, 3),
        convolution((2, 1), [0, 1, 0, 1]),  # the odd zero comes after, as in TensorFlow
    ),
    "Conv2D, valid": Row(lambda: Conv2D(4, 3, strides=2), (7, 6, 2), convolution((2, 2))),
    "Conv1D": Row(
        lambda: Conv1D(4, 4, padding="same", strides=2), (8, 3), convolution((2,), [1, 1])
    ),
    "Conv1D, valid": Row(lambda: Conv1D(4, 3), (8, 3), convolution((1,))),
    "MaxPooling2D": Row(
        lambda: MaxPooling2D((2, 3), strides=2),
        (6, 7, 2),
        lambda x, p: channels_last(F().max_pool2d(channels_first(x), (2, 3), 2)),
    ),
    "AveragePooling2D": Row(
        lambda: AveragePooling2D((2, 3), strides=2, padding="same"),
        (6, 7, 2),
        lambda x, p: channels_last(
            F().avg_pool2d(channels_first(x), (2, 3), 2, (0, 1), count_include_pad=False)
        ),
    ),
    "GlobalAveragePooling2D": Row(
        lambda: GlobalAveragePooling2D(),
        (3, 4, 2),
        lambda x, p: F().adaptive_avg_pool2d(channels_first(x), 1).flatten(1),
    ),
    "GlobalAveragePooling1D": Row(
        lambda: GlobalAveragePooling1D(),
        (5, 3),
        lambda x, p: F().adaptive_avg_pool1d(channels_first(x), 1).flatten(1),
    ),
    "BatchNormalization": Row(
        lambda: BatchNormalization(epsilon=2.0**-10),
        (3, 2),
        lambda x, p: channels_last(
            F().batch_norm(channels_first(x), None, None, p["gamma"], p["beta"], True, eps=2.0**-10)
        ),
    ),
    "LayerNormalization": Row(
        lambda: LayerNormalization(epsilon=2.0**-10),
        (3, 4),
        lambda x, p: F().layer_norm(x, (4,), p["gamma"], p["beta"], 2.0**-10),
    ),
    "Embedding": Row(
        lambda: Embedding(5, 3),
        (6,),
        lambda x, p: F().embedding(x.long(), p["embeddings"]),
        lambda generator, shape: generator.integers(0, 4, shape).astype(float),
    ),
    "PositionalEncoding": Row(lambda: PositionalEncoding(), (6, 4), sinusoids),
    "PositionalEncoding, learned": Row(
        lambda: PositionalEncoding(8, "learned"),
        (6, 4),
        lambda x, p: x + F().embedding(torch.arange(6), p["table"]),
    ),
    "SimpleRNN": Row(lambda: SimpleRNN(4), (6, 3), lambda x, p: simple_rnn(x, p)[:, -1]),
    "SimpleRNN, sequences": Row(lambda: SimpleRNN(4, return_sequences=True), (6, 3), simple_rnn),
    "LSTM": Row(lambda: LSTM(4), (6, 3), lambda x, p: lstm(x, p)[:, -1]),
    "LSTM, sequences": Row(lambda: LSTM(4, return_sequences=True), (6, 3), lstm),
    "GRU": Row(lambda: GRU(4), (6, 3), lambda x, p: gru(x, p)[:, -1]),
    "GRU, sequences": Row(lambda: GRU(4, return_sequences=True), (6, 3), gru),
    "Bidirectional": Row(lambda: Bidirectional(LSTM(4, return_sequences=True)), (6, 3), both_ways),
    "MultiHeadAttention": Row(lambda: MultiHeadAttention(2, 3), (5, 6), attention(False)),
    "MultiHeadAttention, causal": Row(
        lambda: MultiHeadAttention(2, 3, causal=True), (5, 6), attention(True)
    ),
    "TransformerEncoder": Row(lambda: TransformerEncoder(**BLOCK), (5, 4), transformer(False)),
    "TransformerEncoder, normalizing first": Row(
        lambda: TransformerEncoder(normalize_first=True, **BLOCK), (5, 4), transformer(True)
    ),
    "TransformerDecoder": Row(
        lambda: TransformerDecoder(**BLOCK), (5, 4), transformer(False, causal=True)
    ),
    "TransformerDecoder, normalizing first": Row(
        lambda: TransformerDecoder(normalize_first=True, **BLOCK),
        (5, 4),
        transformer(True, causal=True),
    ),
    "Residual": Row(
        lambda: Residual([Dense(4, "tanh"), Dense(3)]),
        (3,),
        lambda x, p: x + dense(torch.tanh(dense(x, p, "dense/")), p, "dense_1/"),
    ),
}


def jax_attention(x, p):
    """Causal attention with JAX's softmax; its own attention takes the softmax in float32."""
    maps = {part: x @ p[f"{part}/kernel"] + p[f"{part}/bias"] for part in ("query", "key", "value")}
    q, k, v = (array.reshape(*x.shape[:2], 2, 3) for array in maps.values())
    scores = jax.numpy.einsum("bqhd,bkhd->bhqk", q, k) / 3**0.5
    future = jax.numpy.triu(jax.numpy.ones(scores.shape[2:], bool), 1)
    weights = jax.nn.softmax(jax.numpy.where(future, -jax.numpy.inf, scores))
    y = jax.numpy.einsum("bhqk,bkhd->bqhd", weights, v).reshape(*x.shape[:2], 6)
    return y @ p["attention_output/kernel"] + p["attention_output/bias"]


def jax_convolution(x, p):
    return (
        jax.lax.conv_general_dilated(
            x, p["kernel"], (2, 2), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        + p["bias"]
    )


# Where JAX has an operation of its own: the row, and its function of (x, parameters).
JAX_TWINS = {
    "Conv2D, valid": jax_convolution,
    "LayerNormalization": lambda x, p: (
        jax.nn.standardize(x, axis=-1, epsilon=2.0**-10) * p["gamma"] + p["beta"]
    ),
    "MultiHeadAttention, causal": jax_attention,
}
