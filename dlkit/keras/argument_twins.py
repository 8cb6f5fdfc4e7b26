"""Arguments of layers as Keras takes them, and back: activations, initializers, regularizers."""

import keras

from .. import activations, initializers
from ..activation_base import snake_case

# Activations whose parameters Keras takes in a layer of its own.
_WITH_PARAMETERS = {"leaky_relu": "LeakyReLU", "elu": "ELU"}


def keras_value(key, value, dtype):
    """Return one argument as Keras takes it: names stay, dictionaries become Keras's objects."""
    if key.endswith("activation"):
        return _keras_activation(activations.get(value), dtype)
    if not isinstance(value, dict):
        return value
    arguments = {name: each for name, each in value.items() if name != "name"}
    if value["name"] == "l1_l2":
        return keras.regularizers.L1L2(**arguments)
    camel = "".join(word.capitalize() for word in value["name"].split("_"))
    return getattr(keras.initializers, camel)(**arguments)


def _keras_activation(activation, dtype):
    name, parameters = activation.name, activation.parameters
    if name in _WITH_PARAMETERS and parameters:
        return getattr(keras.layers, _WITH_PARAMETERS[name])(dtype=dtype, **parameters)
    if name not in activations.ACTIVATIONS or parameters != activations.get(name).parameters:
        raise ValueError(f"activation {activation!r} has no counterpart in Keras.")
    return name


def network_activation(function):
    """Return the activation of dlkit for a function or an activation layer of Keras."""
    if isinstance(function, keras.layers.LeakyReLU):
        return activations.get("leaky_relu", negative_slope=float(function.negative_slope))
    if isinstance(function, keras.layers.ELU):
        return activations.get("elu", alpha=float(function.alpha))
    name = getattr(function, "__name__", None)
    if getattr(keras.activations, str(name), None) is not function:
        raise ValueError(f"activation must be one of Keras's own, but got {function!r}.")
    if name == "leaky_relu":  # as a plain function Keras's slope is 0.2
        return activations.get(name, negative_slope=0.2)
    return activations.get(name)


def network_value(class_name, settings):
    """Return an initializer or regularizer with the settings that dlkit knows (no seed)."""
    name = _snake(class_name)
    if name in initializers.INITIALIZERS:
        known = initializers.INITIALIZERS[name].defaults
        return {"name": name, **{key: settings[key] for key in known}}
    return {"name": name, **settings}


def _snake(name):
    return {"L1L2": "l1_l2", "L1": "l1", "L2": "l2"}.get(name, snake_case(name))
