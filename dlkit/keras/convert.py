"""From a `Network` to the same model in Keras, and back: layers, names and weights."""

import keras

from .. import activations, checks, initializers
from ..activation_base import snake_case
from ..layers import LAYERS
from ..network import Network

# The layers that both sides have under the same name with the same arguments.
CONVERTED = ("Dense", "Activation", "Dropout", "BatchNormalization", "Flatten", "Reshape")

# Activations whose parameters Keras takes in a layer of its own.
_WITH_PARAMETERS = {"leaky_relu": "LeakyReLU", "elu": "ELU"}


def to_keras(network):
    """Return a Keras model with the layers, names and weights of a network.

    Parameters
    ----------
    network : Network
        Of the layers in `CONVERTED`.

    Returns
    -------
    keras.Sequential
        Not compiled; of the network's dtype. It takes (batch, \\*input_shape), and its outputs
        agree with ``network.predict`` to 1e-6. The weights are copies.

    Raises
    ------
    TypeError
        If ``network`` is no `Network`.
    ValueError
        If it holds a layer that is not converted.
    """
    if not isinstance(network, Network):
        raise TypeError(f"network must be a dlkit.Network, but got {checks.describe(network)}.")
    dtype = network.dtype.name
    twins = [_keras_layer(layer, dtype) for layer in network.layers]
    model = keras.Sequential([keras.Input(network.input_shape, dtype=dtype), *twins])
    for layer, twin in zip(network.layers, twins, strict=True):
        arrays = {**layer.parameters, **layer.state}
        for variable in twin.weights:
            variable.assign(arrays[variable.name])
    return model


def from_keras(model, seed=0):
    """Return a network with the layers, names and weights of a Keras model.

    Parameters
    ----------
    model : keras.Sequential
        Built, of the layers in `CONVERTED`; a functional model in which each layer follows the one
        before it is allowed too.
    seed : int
        The network's seed, for dropout and for drawing weights anew.

    Returns
    -------
    Network
        In float64 if the model computes in float64, else in float32.

    Raises
    ------
    TypeError
        If ``model`` is no Keras model.
    ValueError
        If it is not built, not one chain of layers, or holds a layer that is not converted.
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"model must be a Keras model, but got {checks.describe(model)}.")
    seed = checks.whole_number("seed", seed, minimum=0)
    if not model.built or not model.inputs:
        raise ValueError(
            "model must be built, so that its shapes are known. Put keras.Input(...) first."
        )
    chain = [each for each in model.layers if not isinstance(each, keras.layers.InputLayer)]
    _check_chain(model, chain)
    layers = [_network_layer(each) for each in chain]
    dtype = "float64" if model.outputs[0].dtype == "float64" else "float32"
    network = Network(layers, model.input_shape[1:], seed=seed, dtype=dtype)
    network.set_weights(
        {
            f"{layer.name}/{variable.name}": keras.ops.convert_to_numpy(variable)
            for layer, twin in zip(network.layers, chain, strict=True)
            for variable in twin.weights
        }
    )
    return network


def _keras_layer(layer, dtype):
    kind = type(layer).__name__
    if kind not in CONVERTED:
        raise ValueError(
            f"network holds the layer {layer.name!r} ({kind}), which is not converted. "
            f"Converted are {', '.join(CONVERTED)}."
        )
    config = {key: _keras_value(key, value, dtype) for key, value in layer.get_config().items()}
    if kind == "Dropout":
        config["seed"] = layer.seed
    return getattr(keras.layers, kind)(dtype=dtype, **config)


def _keras_value(key, value, dtype):
    """Return one argument as Keras takes it: names stay, dictionaries become Keras's objects."""
    if key == "activation":
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


def _check_chain(model, chain):
    straight = len(model.inputs) == len(model.outputs) == 1
    tensor = model.inputs[0] if straight else None
    for layer in chain:
        kind = type(layer).__name__
        if kind not in CONVERTED:
            raise ValueError(
                f"model holds the layer {layer.name!r} ({kind}), which is not converted. "
                f"Converted are {', '.join(CONVERTED)}."
            )
        if straight and isinstance(model, keras.Sequential):
            continue
        straight = straight and layer.input is tensor
        tensor = layer.output if straight else None
    if not straight:
        raise ValueError(
            "model must be one chain of layers with one input and one output; a Network is a stack."
        )


def _network_layer(twin):
    """Return the layer of dlkit with the arguments of a Keras layer that it shares."""
    kind = LAYERS[type(twin).__name__]
    config = twin.get_config()
    if config.get("axis", -1) not in (-1, len(twin.input.shape) - 1):
        raise ValueError(f"{twin.name!r} normalizes axis {config['axis']}; only the last can be.")
    if config.get("noise_shape") is not None:
        raise ValueError(f"{twin.name!r} has a noise_shape, which dlkit's Dropout does not know.")
    known = set(kind(**_smallest(twin)).get_config())
    arguments = {key: value for key, value in config.items() if key in known}
    for key, value in arguments.items():
        if key == "activation":
            arguments[key] = _network_activation(twin.activation)
        elif isinstance(value, dict):
            arguments[key] = _network_value(_snake(value["class_name"]), value["config"])
    return kind(**arguments)


def _smallest(twin):
    """Return the arguments that a layer cannot do without."""
    needed = ("units", "rate", "target_shape")
    arguments = {name: getattr(twin, name) for name in needed if hasattr(twin, name)}
    return arguments | ({"activation": "linear"} if type(twin).__name__ == "Activation" else {})


def _network_activation(function):
    if isinstance(function, keras.layers.LeakyReLU):
        return activations.get("leaky_relu", negative_slope=float(function.negative_slope))
    if isinstance(function, keras.layers.ELU):
        return activations.get("elu", alpha=float(function.alpha))
    name = function.__name__
    if name == "leaky_relu":  # as a plain function Keras's slope is 0.2
        return activations.get(name, negative_slope=0.2)
    return activations.get(name)


def _network_value(name, settings):
    """Return an initializer or regularizer with the settings that dlkit knows (no seed)."""
    if name in initializers.INITIALIZERS:
        known = initializers.INITIALIZERS[name].defaults
        return {"name": name, **{key: settings[key] for key in known}}
    return {"name": name, **settings}


def _snake(name):
    return {"L1L2": "l1_l2", "L1": "l1", "L2": "l2"}.get(name, snake_case(name))
