"""Read a functional Keras model as a stack of dlkit's layers: chains, short cuts, self-attention."""

import inspect
from types import SimpleNamespace

import keras

from ..layers import Residual
from .layer_twins import check_kind, kind_of, network_layer

NO_STACK = (
    "model must be one chain of layers with one input and one output; a Network is a stack. Short "
    "cuts Add([x, f(x)]) and MultiHeadAttention(x, x) may stand in it, but {problem}."
)


def stack_of(model):
    """Return dlkit's layers for a functional model, and beside each its twin.

    ``Add([x, f(x)])`` becomes a `Residual` of the layers of f, whose twin is an object with these
    ``layers``; ``MultiHeadAttention(x, x)`` becomes self-attention, causal if the call says so.

    Parameters
    ----------
    model : keras.Model
        Functional.

    Returns
    -------
    list of tuple
        (layer, twin), from the input to the output; see `layer_twins.variables_of`.

    Raises
    ------
    ValueError
        If the model is anything else, or holds a layer that is not converted.
    """
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        sizes = f"this one has {len(model.inputs)} inputs and {len(model.outputs)} outputs"
        raise ValueError(NO_STACK.format(problem=sizes))
    places = {id(model.inputs[0]): (-1, None)}
    for place, layer in enumerate(model.layers):
        if not isinstance(layer, keras.layers.InputLayer):
            known = kind_of(layer) is not None or isinstance(layer, keras.layers.Add)
            check_kind("model", layer.name, type(layer).__name__, known)
            places[id(layer.output)] = place, layer
    pairs = _chain(model.outputs[0], model.inputs[0], places)
    if places.keys() != {id(model.inputs[0])}:
        left = next(layer for _, layer in places.values() if layer is not None)
        raise ValueError(NO_STACK.format(problem=f"{left.name!r} stands beside the chain"))
    return pairs


def _chain(tensor, start, places):
    """Return the pairs between two tensors, walking back from the later one; take their places."""
    pairs = []
    while tensor is not start:
        place, layer = places.pop(id(tensor), (-1, None))
        if place < 0:
            raise ValueError(NO_STACK.format(problem="the Add in it joins other branches"))
        inputs = layer.input if isinstance(layer.input, list) else [layer.input]
        if isinstance(layer, keras.layers.Add):
            # x comes before f(x), whichever is named first
            x, f = sorted(inputs, key=lambda each: places.get(id(each), (-1,))[0])[:2]
            inside = _chain(f, x, places)
            if len(inputs) != 2 or not inside:
                raise ValueError(NO_STACK.format(problem=f"{layer.name!r} (Add) joins others"))
            layers, twins = zip(*inside, strict=True)
            pairs.append((Residual(list(layers)), SimpleNamespace(layers=twins)))
            tensor = x
            continue
        if any(each is not inputs[0] for each in inputs):
            raise ValueError(NO_STACK.format(problem=f"{layer.name!r} has several inputs"))
        pairs.append((network_layer(layer, **_call_of(layer)), layer))
        tensor = inputs[0]
    return pairs[::-1]


def _call_of(layer):
    """Return what the call of an attention says, as arguments of dlkit's layer."""
    if not isinstance(layer, keras.layers.MultiHeadAttention):
        return {}
    node = layer._inbound_nodes[0]  # Keras keeps the arguments of a call nowhere else
    call = inspect.signature(layer.call).bind(*node.arguments.args, **node.arguments.kwargs)
    given = call.arguments
    for name in ("attention_mask", "return_attention_scores"):
        if given.get(name) is not None and given.get(name) is not False:
            raise ValueError(NO_STACK.format(problem=f"{layer.name!r} is called with {name}"))
    return {"causal": bool(given["use_causal_mask"])} if "use_causal_mask" in given else {}
