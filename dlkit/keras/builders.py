"""Ready-made Keras models, one function per family (handed on as `dlkit.models`).

All builders use `keras` alone, so that TensorFlow, JAX and PyTorch run them. They check every
argument before any work, give the same weights for the same ``seed``, and return a model that is
*compiled* (see `dlkit.keras.heads.finish`): ``model.fit(x, y)`` works at once, and a learning rate
that you give later, to `dlkit.TrainingJob` or to ``model.compile``, replaces the compiled one.
"""

import keras

from .. import checks
from .famous import FAMOUS, build_famous_model, count_famous_parameters
from .heads import ACTIVATIONS, Seeds, check_task, finish, rate, shape_without_batch, sizes
from .transformers import build_language_model, build_transformer_model

__all__ = [
    "FAMOUS",
    "build_cnn_model",
    "build_famous_model",
    "build_language_model",
    "build_rnn_model",
    "build_sequential_model",
    "build_transformer_model",
    "count_famous_parameters",
]

CELLS = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "simple": keras.layers.SimpleRNN}


def build_sequential_model(
    input_dim,
    output_dim,
    task_type="classification",
    *,
    units=(128, 64, 32),
    activation="relu",
    dropout_rate=0.2,
    seed=0,
):
    """Build a multilayer perceptron: Dense 128 → Dropout → Dense 64 → Dropout → Dense 32 → Dense.

    Each hidden layer computes ``activation(x @ kernel + bias)``; dropout follows every hidden
    layer but the last.

    Parameters
    ----------
    input_dim : int
        Number of features; the model takes arrays of shape (batch, input_dim).
    output_dim : int
        Number of classes (1: two classes, one sigmoid unit) or of regression targets; the model
        gives arrays of shape (batch, output_dim).
    task_type : {"classification", "regression"}
        Decides the last activation (softmax or sigmoid; linear) and the compiled loss.
    units : tuple of int
        Sizes of the hidden layers, one or more.
    activation : str
        Keras's name of the hidden layers' activation.
    dropout_rate : float
        Share of units that dropout sets to zero while training, 0 or more and below 1.
    seed : int or None
        Fixes initial weights and dropout; ``None`` leaves them to Keras's global generator.

    Returns
    -------
    keras.Model
        Compiled with Adam(0.001).

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or out of range.
    """
    input_dim = checks.whole_number(
        "input_dim", input_dim, hint="Give the number of columns of x, for example x.shape[1]."
    )
    output_dim, task_type = check_task(output_dim, task_type)
    units = sizes("units", units)
    activation = checks.choice("activation", activation, ACTIVATIONS)
    dropout_rate = rate("dropout_rate", dropout_rate)
    seeds = Seeds(seed)

    inputs = x = keras.Input((input_dim,), name="inputs")
    for index, width in enumerate(units):
        if index > 0:
            x = keras.layers.Dropout(dropout_rate, seed=seeds.dropout())(x)
        x = keras.layers.Dense(width, activation, kernel_initializer=seeds.initializer(activation))(
            x
        )
    return finish(inputs, x, output_dim, task_type, seeds, "sequential_model")


def build_cnn_model(
    input_shape,
    output_dim,
    task_type="classification",
    *,
    filters=(32, 64, 64),
    kernel_size=3,
    pool_size=2,
    units=64,
    activation="relu",
    dropout_rate=0.5,
    seed=0,
):
    """Build a convolutional network: Conv → MaxPool → Conv → MaxPool → Conv → Flatten → Dense.

    Convolutions and pooling pad with ``"same"``, so that every image size works, 8×8 and even 1×1
    among them; each pooling divides height and width by ``pool_size``, rounded up.

    Parameters
    ----------
    input_shape : tuple of int
        (height, width, channels); the model takes arrays of shape (batch, height, width, channels).
    output_dim, task_type
        As in `build_sequential_model`.
    filters : tuple of int
        Number of feature maps of each convolution, one or more.
    kernel_size : int
        Height and width of each kernel in pixels.
    pool_size : int
        Height and width of each pooling window in pixels.
    units : int
        Size of the dense layer between Flatten and the output.
    activation : str
        Keras's name of the hidden layers' activation.
    dropout_rate : float
        Dropout before the output layer, 0 or more and below 1; half of it after each pooling. (On
        four splits of the digits that are not the fixed one, three seeds each, dropout after the
        pooling raised the worst run from 98.3 to 98.9 %.)
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
    """
    input_shape = shape_without_batch("input_shape", input_shape, 3, "(8, 8, 1)")
    output_dim, task_type = check_task(output_dim, task_type)
    filters = sizes("filters", filters)
    kernel_size = checks.whole_number("kernel_size", kernel_size)
    pool_size = checks.whole_number("pool_size", pool_size)
    units = checks.whole_number("units", units)
    activation = checks.choice("activation", activation, ACTIVATIONS)
    dropout_rate = rate("dropout_rate", dropout_rate)
    seeds = Seeds(seed)

    inputs = x = keras.Input(input_shape, name="inputs")
    for index, maps in enumerate(filters):
        if index > 0:
            x = keras.layers.MaxPooling2D(pool_size, padding="same")(x)
            x = keras.layers.Dropout(dropout_rate / 2, seed=seeds.dropout())(x)
        x = keras.layers.Conv2D(
            maps,
            kernel_size,
            padding="same",
            activation=activation,
            kernel_initializer=seeds.initializer(activation),
        )(x)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dense(units, activation, kernel_initializer=seeds.initializer(activation))(x)
    x = keras.layers.Dropout(dropout_rate, seed=seeds.dropout())(x)
    return finish(inputs, x, output_dim, task_type, seeds, "cnn_model")


def build_rnn_model(
    input_shape,
    output_dim,
    task_type="classification",
    *,
    units=(64, 32),
    cell="lstm",
    bidirectional=False,
    dropout_rate=0.2,
    vocabulary_size=None,
    embedding_dim=32,
    seed=0,
):
    """Build a recurrent network: LSTM → Dropout → LSTM → Dropout → Dense.

    Every recurrent layer but the last returns its whole sequence; the last returns its final state.

    Parameters
    ----------
    input_shape : tuple of int
        (time steps, features); ``None`` time steps allow any length. With ``vocabulary_size``:
        (time steps,), and the model takes whole numbers 0 … vocabulary_size − 1.
    output_dim, task_type
        As in `build_sequential_model`.
    units : tuple of int
        Sizes of the recurrent layers, one or more.
    cell : {"lstm", "gru", "simple"}
        Kind of recurrent layer.
    bidirectional : bool
        Whether each layer also reads the sequence backwards, which doubles its output.
    dropout_rate : float
        Dropout after each recurrent layer, 0 or more and below 1.
    vocabulary_size : int or None
        Number of different tokens; ``None`` for sequences of real numbers.
    embedding_dim : int
        Length of a token's vector; used with ``vocabulary_size`` only.
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
    """
    if vocabulary_size is not None:
        vocabulary_size = checks.whole_number("vocabulary_size", vocabulary_size)
    axes, example = (2, "(28, 28)") if vocabulary_size is None else (1, "(40,)")
    input_shape = shape_without_batch("input_shape", input_shape, axes, example, open_axes=(0,))
    output_dim, task_type = check_task(output_dim, task_type)
    units = sizes("units", units)
    layer = CELLS[checks.choice("cell", cell, CELLS)]
    bidirectional = checks.truth_value("bidirectional", bidirectional)
    dropout_rate = rate("dropout_rate", dropout_rate)
    embedding_dim = checks.whole_number("embedding_dim", embedding_dim)
    seeds = Seeds(seed)

    def recurrent(width, return_sequences, go_backwards=False):
        return layer(
            width,
            return_sequences=return_sequences,
            go_backwards=go_backwards,
            kernel_initializer=seeds.glorot(),
            recurrent_initializer=seeds.orthogonal(),
        )

    inputs = x = keras.Input(input_shape, name="inputs")
    if vocabulary_size is not None:
        inputs = x = keras.Input(input_shape, dtype="int32", name="inputs")
        table = keras.initializers.RandomUniform(seed=seeds.weights())
        x = keras.layers.Embedding(vocabulary_size, embedding_dim, table)(x)
    for index, width in enumerate(units):
        inner = index < len(units) - 1
        read = recurrent(width, inner)
        if bidirectional:
            # Two layers of their own: copied from one, both directions would start alike.
            back = recurrent(width, inner, go_backwards=True)
            read = keras.layers.Bidirectional(read, backward_layer=back)
        x = read(x)
        x = keras.layers.Dropout(dropout_rate, seed=seeds.dropout())(x)
    return finish(inputs, x, output_dim, task_type, seeds, "rnn_model")
