"""Measures the layers of a Keras model once an epoch; the numbers are those of the NumPy engine."""

import keras

from ..training.layer_records import LayerRecord, norms
from .outline import outline

WITH_UNITS = (
    keras.layers.Activation,
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    keras.layers.Dense,
    keras.layers.DepthwiseConv2D,
    keras.layers.EinsumDense,
)


class LayerWatch:
    """Knows which weights belong to which layer, and looks for units that never wake.

    Parameters
    ----------
    model : keras.Model
        Built.
    """

    def __init__(self, model):
        places = {id(variable): i for i, variable in enumerate(model.trainable_variables)}
        self._places = {  # layer name -> where its weights stand in model.trainable_variables
            name: [places[id(variable)] for variable in own]
            for name, own in trained_weights(model).items()
        }
        self._order = [name for name, _ in _rows(model)]
        rectified = _rectified(model)
        # layer name -> how many units or channels it has
        self._rectified = {name: output.shape[-1] for name, output in rectified.items()}
        self._awake = None
        if rectified:
            self._awake = _compiled(keras.Model(outline(model).inputs[0], list(rectified.values())))

    def measured(self, squares):
        """Return layer name → (gradient norm, update ratio).

        Parameters
        ----------
        squares : tuple of three arrays
            Sums of squares of each weight's gradient (or None), of its update, and of itself before.
        """
        gradient, update, weight = squares
        found = {}
        for name, own in self._places.items():
            known = 0.0 if gradient is None else gradient[own].sum()
            norm, ratio = norms(known, update[own].sum(), weight[own].sum())
            found[name] = (None if gradient is None else norm, ratio)
        return found

    def records(self, measured, x):
        """Return a `LayerRecord` of each layer that has trained weights or a ReLU, as a tuple.

        Parameters
        ----------
        measured : dict
            What `measured` gave.
        x : numpy.ndarray or tensor
            The samples that dead units are looked for with.
        """
        dead = {}
        if self._awake is not None:
            awake = self._awake(x).tolist()
            for (name, units), count in zip(self._rectified.items(), awake, strict=True):
                dead[name] = 1 - count / units
        return tuple(
            LayerRecord(name, *measured.get(name, (None, None)), dead.get(name))
            for name in self._order
            if name in self._places or name in dead
        )


def trained_weights(model):
    """Return layer name → its trained variables, for every layer of a built model that has some."""
    known = {id(variable) for variable in model.trainable_variables}
    found = {}
    for name, layer in _rows(model):
        own = [variable for variable in layer.trainable_variables if id(variable) in known]
        if own:
            found[name] = own
    return found


def _rows(model, prefix=""):
    """Return (name, layer) of all layers, those of a model within the model as ``inner/name``."""
    found = []
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            found += _rows(layer, f"{prefix}{layer.name}/")
        elif not isinstance(layer, keras.layers.InputLayer):
            found.append((prefix + layer.name, layer))
    return found


def _rectified(model):
    """Return layer name → output tensor of each layer whose output is that of a ReLU.

    Layers of a model within the model are left out: their outputs belong to another graph.
    """
    graph = outline(model)
    graph = getattr(graph, "_functional", None) or graph  # a Sequential keeps its graph inside
    found = {}
    for node in (node for nodes in graph._nodes_by_depth.values() for node in nodes):
        layer = node.operation
        if isinstance(layer, keras.layers.ReLU):
            rectifies = not layer.negative_slope
        else:
            activation = getattr(layer, "activation", None)
            rectifies = isinstance(layer, WITH_UNITS) and activation in (
                keras.activations.relu,
                keras.activations.relu6,
            )
        if rectifies:
            found.setdefault(layer.name, node.outputs[0])
    return {layer.name: found[layer.name] for layer in model.layers if layer.name in found}


def _compiled(probe):
    """Return a function of x: how many units of each output any sample wakes, as an array."""
    ops = keras.ops

    def awake(x):
        outputs = probe(x, training=False)
        outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
        some = [ops.any(y != 0, axis=tuple(range(len(y.shape) - 1))) for y in outputs]
        return ops.stack([ops.sum(ops.cast(units, "int32")) for units in some])

    if keras.backend.backend() != "tensorflow":
        return lambda x: ops.convert_to_numpy(awake(x))
    import tensorflow as tf  # only on that backend

    shape, dtype = probe.inputs[0].shape, probe.inputs[0].dtype

    @tf.function(autograph=False, input_signature=[tf.TensorSpec((None, *shape[1:]), dtype)])
    def look(x):
        return awake(x)

    concrete = look.get_concrete_function()
    return lambda x: concrete(tf.cast(x, dtype)).numpy()
