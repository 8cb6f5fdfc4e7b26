"""From a `Network` to the same model in Keras, and back: layers, names and weights."""

import keras

from .. import checks
from ..network import Network
from .layer_twins import TWINS, check_kind, keras_layer, kind_of, network_layer, variables_of

# The layers that both sides have.
CONVERTED = tuple(TWINS)


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
    twins = [keras_layer(layer, dtype) for layer in network.layers]
    model = keras.Sequential([keras.Input(network.input_shape, dtype=dtype), *twins])
    for layer, twin in zip(network.layers, twins, strict=True):
        arrays = {**layer.parameters, **layer.state}
        for name, variable in variables_of(layer, twin).items():
            variable.assign(arrays[name])
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
    layers = [network_layer(each) for each in chain]
    dtype = "float64" if model.outputs[0].dtype == "float64" else "float32"
    network = Network(layers, model.input_shape[1:], seed=seed, dtype=dtype)
    network.set_weights(
        {
            f"{layer.name}/{name}": keras.ops.convert_to_numpy(variable)
            for layer, twin in zip(network.layers, chain, strict=True)
            for name, variable in variables_of(layer, twin).items()
        }
    )
    return network


def _check_chain(model, chain):
    straight = len(model.inputs) == len(model.outputs) == 1
    tensor = model.inputs[0] if straight else None
    for layer in chain:
        check_kind("model", layer.name, type(layer).__name__, kind_of(layer) is not None)
        if straight and isinstance(model, keras.Sequential):
            continue
        straight = straight and layer.input is tensor
        tensor = layer.output if straight else None
    if not isinstance(model, keras.Sequential):
        # Keras names a layer's first input and output only: one that is used again ends elsewhere.
        straight = straight and tensor is model.outputs[0]
    if not straight:
        raise ValueError(
            "model must be one chain of layers with one input and one output; a Network is a stack."
        )
