"""One layer of dlkit as a Keras layer, and back: class, arguments, weights."""

import inspect

import keras

from ..layers import LAYERS
from ..layers.composite import Composite
from .argument_twins import keras_value, network_activation, network_value
from .positions import Positions
from .residual import Residual

# dlkit's name -> Keras's class, with the same arguments.
TWINS = {
    "Dense": keras.layers.Dense,
    "Conv2D": keras.layers.Conv2D,
    "Conv1D": keras.layers.Conv1D,
    "MaxPooling2D": keras.layers.MaxPooling2D,
    "AveragePooling2D": keras.layers.AveragePooling2D,
    "GlobalAveragePooling2D": keras.layers.GlobalAveragePooling2D,
    "GlobalAveragePooling1D": keras.layers.GlobalAveragePooling1D,
    "Activation": keras.layers.Activation,
    "Dropout": keras.layers.Dropout,
    "BatchNormalization": keras.layers.BatchNormalization,
    "LayerNormalization": keras.layers.LayerNormalization,
    "Flatten": keras.layers.Flatten,
    "Reshape": keras.layers.Reshape,
    "Embedding": keras.layers.Embedding,
    "PositionalEncoding": Positions,
    "Residual": Residual,
}

# Arguments that Keras has and dlkit has not, with the one value that means the same.
_NOT_IN_DLKIT = {
    "noise_shape": None,
    "data_format": "channels_last",
    "dilation_rate": 1,
    "groups": 1,
    "mask_zero": False,
    "rms_scaling": False,
}
# Arguments that say where random numbers come from: a network has one seed for all its layers.
_SEEDS = ("seed",)


def keras_layer(layer, dtype):
    """Return the Keras layer with the arguments of a layer of dlkit.

    Parameters
    ----------
    layer : Layer
    dtype : str
        ``"float32"`` or ``"float64"``.

    Returns
    -------
    keras.layers.Layer
        Not built.

    Raises
    ------
    ValueError
        If Keras has no such layer.
    """
    kind = type(layer).__name__
    check_kind("network", layer.name, kind, kind in TWINS)
    config = {key: keras_value(key, value, dtype) for key, value in layer.get_config().items()}
    if layer.uses_random and not isinstance(layer, Composite):
        config["seed"] = layer.seed
    if isinstance(layer, Composite):
        config["layers"] = [keras_layer(each, dtype) for each in layer.layers]
    if kind == "PositionalEncoding" and layer.sequence_length is None:
        config["sequence_length"] = layer.time
    return TWINS[kind](dtype=dtype, **config)


def network_layer(twin):
    """Return the layer of dlkit with the arguments of a Keras layer.

    Parameters
    ----------
    twin : keras.layers.Layer

    Returns
    -------
    Layer
        Not built.

    Raises
    ------
    ValueError
        If dlkit has no such layer, or not with these arguments.
    """
    kind = kind_of(twin)
    check_kind("model", twin.name, type(twin).__name__, kind is not None)
    config = twin.get_config()
    if not _only_the_last(twin, config.get("axis", -1)):
        raise ValueError(f"{twin.name!r} normalizes axis {config['axis']}; only the last can be.")
    for key, value in _NOT_IN_DLKIT.items():
        given = config.get(key, value)
        if given != value and set(_as_tuple(given)) != {value}:
            raise ValueError(
                f"{twin.name!r} has {key}={given!r}, which dlkit's {kind} does not know."
            )
    known = set(inspect.signature(LAYERS[kind]).parameters) - set(_SEEDS)
    arguments = {key: value for key, value in config.items() if key in known}
    for key, value in arguments.items():
        if key == "activation":
            arguments[key] = network_activation(twin.activation)
        elif key == "layers":
            arguments[key] = [network_layer(each) for each in twin.layers]
        elif isinstance(value, dict):
            arguments[key] = network_value(value["class_name"], value["config"])
    return LAYERS[kind](**arguments)


def variables_of(layer, twin):
    """Return the Keras variables of a built twin by the names of dlkit's arrays.

    Parameters
    ----------
    layer : Layer
    twin : keras.layers.Layer

    Returns
    -------
    dict of str to keras.Variable
    """
    if not isinstance(layer, Composite):
        return {variable.name: variable for variable in twin.weights}
    return {
        f"{inner.name}/{name}": variable
        for inner, inner_twin in zip(layer.layers, twin.layers, strict=True)
        for name, variable in variables_of(inner, inner_twin).items()
    }


def kind_of(twin):
    """Return dlkit's name for a Keras layer's class, or None if it has no such layer."""
    return next((name for name, kind in TWINS.items() if type(twin) is kind), None)


def check_kind(whose, name, kind, known):
    """Raise ``ValueError`` if this kind of layer is not converted."""
    if not known:
        raise ValueError(
            f"{whose} holds the layer {name!r} ({kind}), which is not converted. "
            f"Converted are {', '.join(TWINS)}."
        )


def _as_tuple(value):
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _only_the_last(twin, axis):
    """Return whether an axis, or a list of one, is the last of the layer's input."""
    if _as_tuple(axis) == (-1,):
        return True
    return _as_tuple(axis) == (len(twin.get_build_config()["input_shape"]) - 1,)
