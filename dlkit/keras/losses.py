"""Choose Keras's loss for a model, a data set and a configuration, from logits where needed."""

import keras
import numpy as np

from .. import checks, losses
from .outline import draw_outline, draws_itself, outline

# These need one output per class.
CATEGORICAL = ("categorical_crossentropy", "sparse_categorical_crossentropy")


def output_activation(model):
    """Return the name of the function that gives a model's output, in lower case.

    Parameters
    ----------
    model : keras.Model
        A built model with one output. Flatten and Reshape at its end are looked through.

    Returns
    -------
    str
        ``"softmax"`` and ``"sigmoid"`` mean probabilities; anything else means logits.
    """
    layer = _output_layer(model)
    activation = getattr(layer, "activation", layer)
    return getattr(activation, "__name__", type(activation).__name__).lower()


def gives_logits(model):
    """Say whether the outputs of a built model are logits, not probabilities."""
    return output_activation(model) not in ("softmax", "sigmoid")


def mixes_softmax_and_sigmoid(model, loss):
    """Say whether a binary cross-entropy stands behind a softmax, or a categorical one behind a sigmoid."""
    binary = isinstance(loss, keras.losses.BinaryCrossentropy)
    return output_activation(model) == ("softmax" if binary else "sigmoid")


def loss_for(model, data, loss=None):
    """Return Keras's loss for a model and data, and the targets in the form that it takes.

    Parameters
    ----------
    model : keras.Model
        A built model with one output.
    data : dlkit.Data
    loss : str or loss object, optional
        A name in ``dlkit.losses.LOSSES``, or such a loss; by default mean squared error for
        regression and cross-entropy for classification (binary after one unit or a sigmoid,
        categorical for one-hot labels, else sparse categorical). A cross-entropy given by name
        works on logits if the model ends in neither softmax nor sigmoid; a loss object is taken as
        it is.

    Returns
    -------
    keras.losses.Loss
        Reduces to the mean over the batch, and computes in the dtype of the model's output.
    callable
        ``targets(y)`` gives the array that the loss takes.

    Raises
    ------
    TypeError, ValueError
        If the loss is unknown, or if it cannot work with the data's labels and the outputs.
    """
    classify = data.task_type == "classification"
    one_hot = classify and data.y_train.dtype.kind == "f"
    if loss is None:
        loss = _default_name(model, classify, one_hot)
    chosen = losses.get(loss)
    arguments = chosen.arguments()
    if isinstance(loss, str) and "from_logits" in arguments:
        arguments["from_logits"] = gives_logits(model)
    kind, name = type(chosen).__name__, chosen.name
    _check_outputs(model, data, name)
    # Keras's CTC has no metric here, and its labels another form than all other targets.
    if not hasattr(keras.losses, kind) or name == "ctc":
        raise ValueError(
            f"loss must be one that the Keras engine can train with, but got {name!r}. Train a "
            "dlkit Network with it, or use model.compile and model.fit of Keras itself."
        )
    dtype = "float64" if outline(model).outputs[0].dtype == "float64" else "float32"
    keras_loss = getattr(keras.losses, kind)(dtype=dtype, **arguments)
    return keras_loss, _target_form(name, outline(model).output_shape[-1], one_hot, dtype)


def _default_name(model, classify, one_hot):
    if not classify:
        return "mean_squared_error"
    if outline(model).output_shape[-1] == 1 or output_activation(model) == "sigmoid":
        return "binary_crossentropy"
    return "categorical_crossentropy" if one_hot else "sparse_categorical_crossentropy"


def _check_outputs(model, data, name):
    outputs = outline(model).output_shape[-1]
    if data.task_type == "regression":
        if outputs != data.output_dim:
            raise ValueError(
                f"model gives {outputs} numbers per sample, but the data have {data.output_dim} "
                f"targets. Build it with output_dim={data.output_dim}."
            )
        return
    single = outputs == 1 and data.output_dim == 2
    if outputs < data.output_dim and not single:
        raise ValueError(
            f"model gives {outputs} outputs, but the data have {data.output_dim} classes. Build "
            f"it with output_dim={data.output_dim}."
        )
    if single and name in CATEGORICAL:
        raise ValueError(
            f"loss={name!r} needs one output per class, but the model gives one output. Use "
            "'binary_crossentropy', or build the model with output_dim=2."
        )


def _target_form(name, outputs, one_hot, dtype):
    def targets(y):
        if name == "sparse_categorical_crossentropy":
            return y.argmax(axis=-1) if one_hot else y
        if outputs == 1 and one_hot and y.shape[-1] == 2:
            y = y.argmax(axis=-1)
        if outputs > 1 and y.dtype.kind in "iu":
            y = np.eye(outputs)[y]
        if outputs == 1 and y.shape[-1:] != (1,):
            y = y[..., None]
        return y.astype(dtype)

    return targets


def _output_layer(model):
    """Return the layer, or operation, that computes the output of a built model."""
    layer = outline(model).outputs[0]._keras_history.operation
    while isinstance(layer, keras.layers.Flatten | keras.layers.Reshape):
        layer = layer.input._keras_history.operation
    if not isinstance(layer, keras.Model):
        return layer
    if not draws_itself(layer):
        inputs = layer._inbound_nodes[0].input_tensors[0]
        draw_outline(layer, tuple(inputs.shape[1:]), inputs.dtype)
    return _output_layer(layer)


def check_model(model, data):
    """Raise an error unless ``model`` is a Keras model with one input and one output for ``data``.

    A model that has no input shape yet is built with that of the data.

    Raises
    ------
    TypeError, ValueError
        If it is no Keras model, or if the shapes do not fit.
    """
    if not isinstance(model, keras.Model):
        raise TypeError(
            f"model must be a Keras model, but got {checks.describe(model)}. "
            "dlkit.models.build_sequential_model(...) builds one."
        )
    shape = (None, *data.input_shape)
    if not draws_itself(model):
        draw_outline(model, shape[1:], str(data.x_train.dtype))
    elif not model.built:
        model.build(shape)
    graph = outline(model)
    if len(graph.inputs or ()) != 1 or len(graph.outputs or ()) != 1:
        raise ValueError(
            "model must be a Keras model with one input and one output. "
            "Wrap others: keras.Model(inputs, outputs)."
        )
    wanted = tuple(graph.inputs[0].shape)
    fits = len(wanted) == len(shape) and all(
        a is None or b is None or a == b for a, b in zip(wanted, shape, strict=True)
    )
    if not fits:
        raise ValueError(
            f"model takes inputs of shape {wanted[1:]}, but those of the data have shape "
            f"{shape[1:]}. Build it with the data's shape, or reshape the data."
        )
    _output_layer(model)  # draws a model within the model, if that gives the output
