"""One layer of dlkit as a Keras layer, and back: class, arguments, weights."""

import inspect

import keras

from ..layers import LAYERS
from ..layers.composite import Composite
from . import attention
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
    "MultiHeadAttention": attention.SelfAttention,
    "TransformerEncoder": attention.TransformerEncoder,
    "TransformerDecoder": attention.TransformerDecoder,
    "SimpleRNN": keras.layers.SimpleRNN,
    "LSTM": keras.layers.LSTM,
    "GRU": keras.layers.GRU,
    "Bidirectional": keras.layers.Bidirectional,
    "Residual": Residual,
}

# Keras's class -> the twin that stands for it, where dlkit needs one of its own.
_SAME_KIND = {keras.layers.MultiHeadAttention: attention.SelfAttention}

# The layers inside a Bidirectional: argument -> attribute, on both sides.
_TWO_WAYS = {"layer": "forward_layer", "backward_layer": "backward_layer"}

# Options that Keras has and dlkit has not: the value that means the same as leaving them out, where
# that is not Keras's own default.
_LEFT_OUT = {"data_format": "channels_last", "attention_axes": (1,)}
# Options that change no number: where random numbers come from (a network has one seed for all its
# layers), the weights to start from (they are copied), and how Keras computes.
_WITHOUT_EFFECT = ("seed", "weights", "unroll", "use_cudnn", "flash_attention", "kwargs")


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
    config = layer.get_config()
    inside = [each for each in _TWO_WAYS if each in config]
    try:
        for key in config.keys() - inside:
            config[key] = keras_value(key, config[key], dtype)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{layer.name!r} ({kind}) cannot be converted: {error}") from None
    for key in inside:
        config[key] = keras_layer(getattr(layer, _TWO_WAYS[key]), dtype)
    if "layers" in config:
        config["layers"] = [keras_layer(each, dtype) for each in layer.layers]
    elif layer.uses_random and not inside:
        config["seed"] = layer.seed
    if config.pop("context_dim", None) is not None:
        raise ValueError(f"{layer.name!r} ({kind}) needs a context, which no stack of layers has.")
    if kind == "PositionalEncoding" and layer.sequence_length is None:
        config["sequence_length"] = layer.time
    return TWINS[kind](dtype=dtype, **config)


def network_layer(twin, **call):
    """Return the layer of dlkit with the arguments of a Keras layer.

    Parameters
    ----------
    twin : keras.layers.Layer
    **call
        Arguments of dlkit's layer that Keras takes in the call.

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
    known = set(inspect.signature(LAYERS[kind]).parameters) - {"seed"}
    _check_options(twin, kind, config, known)
    arguments = {key: value for key, value in config.items() if key in known} | call
    if "layers" in arguments:
        arguments["layers"] = [network_layer(each) for each in twin.layers]
    for key in arguments.keys() & _TWO_WAYS.keys():
        arguments[key] = network_layer(getattr(twin, _TWO_WAYS[key]))
    try:
        for key, value in arguments.items():
            if key.endswith("activation"):
                arguments[key] = network_activation(getattr(twin, key))
            elif isinstance(value, dict):
                arguments[key] = network_value(value["class_name"], value["config"])
        return LAYERS[kind](**arguments)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{twin.name!r} ({kind}) cannot be converted: {error}") from None


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
    if isinstance(twin, keras.layers.MultiHeadAttention):
        return {"/".join(each.path.split("/")[-2:]): each for each in twin.weights}
    inside = twin.layers if hasattr(twin, "layers") else [twin.forward_layer, twin.backward_layer]
    return {
        f"{inner.name}/{name}": variable
        for inner, inner_twin in zip(layer.layers, inside, strict=True)
        for name, variable in variables_of(inner, inner_twin).items()
    }


def kind_of(twin):
    """Return dlkit's name for a Keras layer's class, or None if it has no such layer."""
    kind = _SAME_KIND.get(type(twin), type(twin))
    return next((name for name, each in TWINS.items() if each is kind), None)


def check_kind(whose, name, kind, known):
    """Raise ``ValueError`` if this kind of layer is not converted."""
    if not known:
        raise ValueError(
            f"{whose} holds the layer {name!r} ({kind}), which is not converted. "
            f"Converted are {', '.join(TWINS)}."
        )


def _check_options(twin, kind, config, known):
    """Raise ``ValueError`` for an option of Keras's layer that dlkit's would have to leave out."""
    if not _only_the_last(twin, config.get("axis", -1)):
        raise ValueError(
            f"{twin.name!r} ({kind}) has axis={config['axis']!r}, but only the last axis (-1) can "
            "be normalized."
        )
    taken = inspect.signature(type(twin)).parameters
    allowed = {key: each.default for key, each in taken.items() if key not in known}
    allowed |= {key: value for key, value in _LEFT_OUT.items() if key in allowed}
    given = {key: config.get(key, value) for key, value in allowed.items()}
    # Every layer of Keras has these two, whether its constructor names them or not.
    allowed |= {"activity_regularizer": None, "trainable": True}
    given |= {
        key: getattr(twin, key, allowed[key]) for key in ("activity_regularizer", "trainable")
    }
    for key, value in given.items():
        if key in (*_WITHOUT_EFFECT, "axis") or _same(value, allowed[key]):
            continue
        raise ValueError(
            f"{twin.name!r} ({kind}) has {key}={value!r}, which dlkit's {kind} does not know; only "
            f"{key}={allowed[key]!r} can be converted."
        )


def _same(value, allowed):
    return value == allowed or set(_as_tuple(value)) == set(_as_tuple(allowed))


def _as_tuple(value):
    return [str(each) for each in value] if isinstance(value, list | tuple) else [str(value)]


def _only_the_last(twin, axis):
    """Return whether an axis, or a list of one, is the last of the layer's input."""
    axes = tuple(axis) if isinstance(axis, list | tuple) else (axis,)
    return axes == (-1,) or axes == (len(twin.get_build_config()["input_shape"]) - 1,)
