"""Transformer models in Keras: an encoder that classifies, a causal decoder that writes on."""

import keras
import numpy as np

from .. import checks
from .heads import Seeds, check_task, finish, rate, shape_without_batch
from .positions import POSITIONS, Positions


def build_transformer_model(
    input_shape,
    output_dim,
    task_type="classification",
    *,
    num_layers=2,
    num_heads=4,
    embedding_dim=64,
    intermediate_dim=128,
    dropout_rate=0.1,
    positions="learned",
    vocabulary_size=None,
    seed=0,
):
    """Build a transformer encoder whose time steps are averaged and then classified.

    Each of the ``num_layers`` blocks computes ``x = x + attention(normalize(x))`` and
    ``x = x + feed_forward(normalize(x))``, where every head of the attention is
    ``softmax(Q Kᵀ / sqrt(d)) V`` with ``d = embedding_dim / num_heads``. A last normalization, the
    mean over time and a dense layer follow.

    Parameters
    ----------
    input_shape : tuple of int
        (time steps, features), or (time steps,) with ``vocabulary_size``; the model then takes
        whole numbers 0 … vocabulary_size − 1.
    output_dim, task_type
        As in `build_sequential_model`.
    num_layers : int
        Number of encoder blocks.
    num_heads : int
        Number of attention heads; must divide ``embedding_dim``.
    embedding_dim : int
        Length of the vector of each time step.
    intermediate_dim : int
        Width of the hidden layer of each feed-forward part.
    dropout_rate : float
        Dropout on the attention weights and on each residual branch, 0 or more and below 1.
    positions : {"learned", "sinusoidal", "none"}
        What tells the model where in the sequence it is. Without positions an encoder cannot see
        the order of the time steps at all.
    vocabulary_size : int or None
        Number of different tokens; ``None`` for sequences of real numbers.
    seed : int or None
        As in `build_sequential_model`.

    Returns
    -------
    keras.Model
        Compiled with Adam(0.001); gives arrays of shape (batch, output_dim).

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or out of range.

    Notes
    -----
    Source: Vaswani et al., "Attention Is All You Need" (2017), equation 1; normalization before
    each part as in Xiong et al., "On Layer Normalization in the Transformer Architecture" (2020).
    """
    if vocabulary_size is not None:
        vocabulary_size = checks.whole_number("vocabulary_size", vocabulary_size)
    axes, example = (2, "(8, 8)") if vocabulary_size is None else (1, "(40,)")
    input_shape = shape_without_batch("input_shape", input_shape, axes, example)
    output_dim, task_type = check_task(output_dim, task_type)
    block = _check_block(num_layers, num_heads, embedding_dim, intermediate_dim, dropout_rate)
    positions = checks.choice("positions", positions, POSITIONS)
    seeds = Seeds(seed)

    if vocabulary_size is None:
        inputs = keras.Input(input_shape, name="inputs")
        x = keras.layers.Dense(block["embedding_dim"], kernel_initializer=seeds.glorot())(inputs)
    else:
        inputs, x = _tokens(input_shape, vocabulary_size, block["embedding_dim"], seeds)
    if positions != "none":
        x = Positions(input_shape[0], positions, seeds.weights(), name="positions")(x)
    x, redraws = _blocks(x, seeds, causal=False, **block)
    x = keras.layers.GlobalAveragePooling1D()(x)
    model = finish(inputs, x, output_dim, task_type, seeds, "transformer_model")
    _redraw(redraws)
    return model


def build_language_model(
    vocabulary_size,
    sequence_length=64,
    *,
    num_layers=2,
    num_heads=4,
    embedding_dim=64,
    intermediate_dim=128,
    dropout_rate=0.1,
    positions="learned",
    seed=0,
):
    """Build a causal transformer decoder that gives, at each time step, the next token's logits.

    The blocks are those of `build_transformer_model` with a causal mask: time step t attends to
    the steps 0 … t only, so that the output at t never depends on a later token.

    Parameters
    ----------
    vocabulary_size : int
        Number of different tokens; inputs are whole numbers 0 … vocabulary_size − 1.
    sequence_length : int
        The largest number of time steps; shorter inputs are allowed.
    num_layers, num_heads, embedding_dim, intermediate_dim, dropout_rate, positions, seed
        As in `build_transformer_model`.

    Returns
    -------
    keras.Model
        Takes (batch, time), gives logits of shape (batch, time, vocabulary_size); compiled with
        Adam(0.001) and sparse categorical cross-entropy from logits.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or out of range.

    Notes
    -----
    Source: Vaswani et al. (2017), section 3.2.3; Radford et al., "Language Models are Unsupervised
    Multitask Learners" (2019), section 2.3 (normalization before each part and at the end).
    """
    vocabulary_size = checks.whole_number("vocabulary_size", vocabulary_size)
    sequence_length = checks.whole_number("sequence_length", sequence_length)
    block = _check_block(num_layers, num_heads, embedding_dim, intermediate_dim, dropout_rate)
    positions = checks.choice("positions", positions, POSITIONS)
    seeds = Seeds(seed)

    inputs, x = _tokens((None,), vocabulary_size, block["embedding_dim"], seeds)
    if positions != "none":
        x = Positions(sequence_length, positions, seeds.weights(), name="positions")(x)
    x, redraws = _blocks(x, seeds, causal=True, **block)
    logits = keras.layers.Dense(vocabulary_size, kernel_initializer=seeds.glorot(), name="output")
    model = keras.Model(inputs, logits(x), name="language_model")
    _redraw(redraws)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(0.001), loss=loss, metrics=["accuracy"])
    return model


def _check_block(num_layers, num_heads, embedding_dim, intermediate_dim, dropout_rate):
    num_heads = checks.whole_number("num_heads", num_heads)
    embedding_dim = checks.whole_number("embedding_dim", embedding_dim)
    if embedding_dim % num_heads:
        raise ValueError(
            f"embedding_dim must be a multiple of num_heads, but got embedding_dim={embedding_dim} "
            f"and num_heads={num_heads}. Try embedding_dim={num_heads * 16}."
        )
    return {
        "num_layers": checks.whole_number("num_layers", num_layers),
        "num_heads": num_heads,
        "embedding_dim": embedding_dim,
        "intermediate_dim": checks.whole_number("intermediate_dim", intermediate_dim),
        "dropout_rate": rate("dropout_rate", dropout_rate),
    }


def _tokens(shape, vocabulary_size, embedding_dim, seeds):
    inputs = keras.Input(shape, dtype="int32", name="inputs")
    table = keras.initializers.RandomNormal(stddev=0.02, seed=seeds.weights())
    return inputs, keras.layers.Embedding(vocabulary_size, embedding_dim, table)(inputs)


def _blocks(x, seeds, causal, num_layers, num_heads, embedding_dim, intermediate_dim, dropout_rate):
    redraws = []
    for _ in range(num_layers):
        attention = keras.layers.MultiHeadAttention(
            num_heads, embedding_dim // num_heads, dropout=dropout_rate, seed=seeds.dropout()
        )
        normal = keras.layers.LayerNormalization(epsilon=1e-6)(x)
        branch = attention(normal, normal, use_causal_mask=causal)
        redraws.append((attention, [seeds.weights() for _ in range(4)]))
        branch = keras.layers.Dropout(dropout_rate, seed=seeds.dropout())(branch)
        x = keras.layers.Add()([x, branch])

        branch = keras.layers.LayerNormalization(epsilon=1e-6)(x)
        for width, activation in ((intermediate_dim, "gelu"), (embedding_dim, None)):
            dense = keras.layers.Dense(width, activation, kernel_initializer=seeds.glorot())
            branch = dense(branch)
        branch = keras.layers.Dropout(dropout_rate, seed=seeds.dropout())(branch)
        x = keras.layers.Add()([x, branch])
    return keras.layers.LayerNormalization(epsilon=1e-6)(x), redraws


def _redraw(redraws):
    """Draw the four kernels of each attention layer from seeds of their own.

    Keras copies one initializer for query, key, value and output; with a whole number as its seed
    the first three kernels would start as the same numbers. Each kernel is drawn as the matrix
    that it is: (features, heads · size) for the three, (heads · size, features) for the output.
    """
    for attention, seeds in redraws:
        kernels = [variable for variable in attention.weights if variable.name == "kernel"]
        for index, (kernel, seed) in enumerate(zip(kernels, seeds, strict=True)):
            if seed is not None:
                rows = int(np.prod(kernel.shape[: 2 if index == 3 else 1]))
                shape = rows, int(np.prod(kernel.shape)) // rows
                drawn = keras.initializers.GlorotUniform(seed=seed)(shape)
                kernel.assign(keras.ops.reshape(drawn, kernel.shape))
