"""The networks that the menu of a training lab offers, each made for the data at hand."""

from dataclasses import dataclass

from dlkit import checks
from dlkit.layers import BatchNormalization, Dense, Dropout, Flatten
from dlkit.network import Network


@dataclass(frozen=True)
class Architecture:
    """An entry of the menu.

    Parameters
    ----------
    label : str
        What the menu says.
    hidden : tuple of int or None
        Sizes of the hidden dense layers; None for a network that only Keras builds.
    dropout_rate : float
        Share of units dropped after each hidden layer.
    batch_normalization : bool
        Whether each hidden layer is followed by batch normalization.
    builder : str
        Name of the Keras builder in `dlkit.models`, for ``hidden=None``.
    """

    label: str
    hidden: tuple | None = None
    dropout_rate: float = 0.0
    batch_normalization: bool = False
    builder: str = ""


ARCHITECTURES = {
    "linear": Architecture("no hidden layer", ()),
    "mlp_16": Architecture("MLP 16", (16,)),
    "mlp_128_64_32": Architecture("MLP 128-64-32", (128, 64, 32)),
    "mlp_dropout": Architecture("MLP with dropout 0.3", (128, 64, 32), dropout_rate=0.3),
    "mlp_batch_normalization": Architecture(
        "MLP with batch norm.", (128, 64, 32), batch_normalization=True
    ),
    "cnn": Architecture("CNN (Keras)", builder="build_cnn_model"),
    "rnn": Architecture("LSTM over rows (Keras)", builder="build_rnn_model"),
    "transformer": Architecture("Transformer (Keras)", builder="build_transformer_model"),
}


def build_model(architecture, engine, data, seed=0):
    """Return the network of an architecture for a data set.

    Parameters
    ----------
    architecture : str
        A key of `ARCHITECTURES`.
    engine : str
        ``"numpy"`` or ``"keras"``; an MLP starts from the same weights on both.
    data : Data
        Decides the shapes of input and output.
    seed : int
        Fixes the initial weights.

    Returns
    -------
    Network or keras.Model

    Raises
    ------
    ValueError
        If the architecture does not fit the engine or the data; the message says what would.
    """
    check_fit(architecture, engine, data)
    chosen = ARCHITECTURES[architecture]
    if chosen.hidden is not None:
        # float64 prints alike on every machine, so a stored lesson stays true; Keras keeps float32
        if engine == "numpy":
            return _dense_network(chosen, data, seed, "float64")
        return _dense_network(chosen, data, seed, "float32").to_keras()
    from dlkit import models

    shape = data.input_shape if architecture == "cnn" else _rows(data.input_shape)
    build = getattr(models, chosen.builder)
    model = build(shape, data.output_dim, data.task_type, seed=seed)
    return model if architecture == "cnn" else _reading_rows(model, data.input_shape)


def check_fit(architecture, engine, data):
    """Raise ``ValueError`` if an architecture does not fit the engine or the data.

    Parameters
    ----------
    architecture, engine, data
        As for `build_model`.
    """
    chosen = ARCHITECTURES[checks.choice("architecture", architecture, ARCHITECTURES)]
    checks.choice("engine", engine, ("numpy", "keras"))
    if chosen.hidden is not None:
        return
    if engine == "numpy":
        raise ValueError(f"{chosen.label} runs on the Keras engine. Set the menu engine to Keras.")
    if len(data.input_shape) != 3:
        raise ValueError(
            f"{chosen.label} needs images, but the samples of {data.name} are "
            f"{data.input_shape[0]} numbers in a row. Choose the data set digits, or an MLP."
        )


def _dense_network(chosen, data, seed, dtype):
    layers = [Flatten()] if len(data.input_shape) > 1 else []
    for units in chosen.hidden:
        layers.append(Dense(units, activation="relu"))
        if chosen.batch_normalization:
            layers.append(BatchNormalization())
        if chosen.dropout_rate:
            layers.append(Dropout(chosen.dropout_rate))
    last = "softmax" if data.task_type == "classification" else "linear"
    layers.append(Dense(data.output_dim, activation=last))
    return Network(layers, data.input_shape, seed=seed, dtype=dtype)


def _rows(shape):
    height, width, channels = shape
    return (height, width * channels)


def _reading_rows(model, shape):
    """Return a model that reads an image as a sequence of its rows."""
    import keras

    inputs = keras.Input(shape)
    return keras.Model(inputs, model(keras.layers.Reshape(_rows(shape))(inputs)))
