"""From a `Network` to the same model in Keras, and back: layers, names and weights."""

import keras

from .. import checks
from ..network import Network
from .graph import stack_of
from .layer_twins import TWINS, check_kind, keras_layer, kind_of, network_layer, variables_of
from .outline import draws_itself
from .positions import Positions

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
            variable.assign(arrays[name].reshape(variable.shape))  # Keras has an axis for the heads
    return model


def from_keras(model, seed=0, input_shape=None):
    """Return a network with the layers, names and weights of a Keras model.

    Parameters
    ----------
    model : keras.Sequential
        Built, of the layers in `CONVERTED`. A functional model is allowed too, if each layer
        follows the one before it, or stands in a short cut ``Add([x, f(x)])`` (see `Residual`);
        so are its calls ``MultiHeadAttention(x, x, use_causal_mask=...)``.
    seed : int
        The network's seed, for dropout and for drawing weights anew.
    input_shape : tuple of int, optional
        Where the model leaves an axis open; by default as many time steps as it has positions for.

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
    if not draws_itself(model):
        raise ValueError(
            f"model must be Sequential or functional, but its class is {type(model).__name__}. Call "
            "the same layers on inputs = keras.Input(...): keras.Model(inputs, outputs)."
        )
    if not model.built or not model.inputs:
        raise ValueError(
            "model must be built, so that its shapes are known. Put keras.Input(...) first."
        )
    if isinstance(model, keras.Sequential):
        for each in model.layers:
            check_kind("model", each.name, type(each).__name__, kind_of(each) is not None)
        pairs = [(network_layer(each), each) for each in model.layers]
    else:
        pairs = stack_of(model)
    layers, twins = zip(*pairs, strict=True)
    dtype = "float64" if model.outputs[0].dtype == "float64" else "float32"
    shape = _input_shape(model.input_shape[1:], input_shape, twins)
    network = Network(list(layers), shape, seed=seed, dtype=dtype)
    weights = {
        f"{layer.name}/{name}": keras.ops.convert_to_numpy(variable)
        for layer, twin in zip(network.layers, twins, strict=True)
        for name, variable in variables_of(layer, twin).items()
    }
    own = network.parameters | network.state
    network.set_weights({name: array.reshape(own[name].shape) for name, array in weights.items()})
    return network


def _input_shape(shape, wanted, twins):
    """Return the shape of one sample, with what the model leaves open."""
    if wanted is not None:
        wanted = checks.shape("input_shape", wanted)
    else:
        times = [each.sequence_length for each in twins if isinstance(each, Positions)]
        wanted = (*times[:1], *shape[1:]) if times and shape[0] is None else shape
    fits = len(wanted) == len(shape) and all(
        each in (None, own) for own, each in zip(wanted, shape)
    )
    if not fits or None in wanted:
        raise ValueError(
            f"input_shape must be a shape without the batch that fits the model's {shape}, such as "
            f"{tuple(each or 64 for each in shape)}, but got {checks.describe(wanted)}."
        )
    return tuple(wanted)
