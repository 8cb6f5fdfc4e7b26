"""Choose Keras's loss for a model, a data set and a configuration, from logits where needed."""

import keras
import numpy as np

from .. import checks

# The losses whose formula differs between probabilities and logits.
CROSSENTROPIES = (
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
)


def gives_logits(model):
    """Say whether the outputs of a model are logits, not probabilities.

    The layer that gives the output decides: after a softmax or a sigmoid there are probabilities,
    after anything else logits. Views of a model's output (Flatten, Reshape) are looked through.

    Parameters
    ----------
    model : keras.Model
        A built model with one output.

    Returns
    -------
    bool
    """
    layer = _output_layer(model)
    activation = getattr(layer, "activation", layer)
    name = getattr(activation, "__name__", type(activation).__name__)
    return name.lower() not in ("softmax", "sigmoid")


def loss_for(model, data, loss=None):
    """Return Keras's loss for a model and data, and the targets in the form that it takes.

    Parameters
    ----------
    model : keras.Model
        A built model with one output.
    data : dlkit.Data
    loss : str or loss object, optional
        A name in ``dlkit.losses.LOSSES``, or such a loss; by default mean squared error for
        regression and cross-entropy for classification (binary after one unit, categorical for
        one-hot labels, else sparse categorical). A cross-entropy given by name works on logits
        if the model ends in neither softmax nor sigmoid; a loss object is taken as it is.

    Returns
    -------
    keras.losses.Loss
        Reduces to the mean over the batch, and computes in the dtype of the model's output.
    callable
        ``targets(y)`` gives the array that the loss takes.

    Raises
    ------
    ValueError
        If Keras has no such loss, or if it cannot work with the data's labels and the outputs.
    """
    outputs = model.output_shape[-1]
    one_hot = data.task_type == "classification" and data.y_train.dtype.kind == "f"
    name, arguments = _name_and_arguments(loss)
    if name is None and data.task_type == "regression":
        name = "mean_squared_error"
    elif name is None:
        sparse = "categorical_crossentropy" if one_hot else "sparse_categorical_crossentropy"
        name = "binary_crossentropy" if outputs == 1 else sparse
    if name in CROSSENTROPIES:
        arguments.setdefault("from_logits", gives_logits(model))
    _check_outputs(model, data, name)
    kind = getattr(keras.losses, "".join(word.capitalize() for word in name.split("_")), None)
    if name == "kl_divergence":
        kind = keras.losses.KLDivergence
    if kind is None:
        raise ValueError(
            f"loss={name!r} has no counterpart in Keras. Train a dlkit Network with it, or take "
            "another loss."
        )
    dtype = "float64" if model.outputs[0].dtype == "float64" else "float32"
    return kind(dtype=dtype, **arguments), _target_form(name, outputs, one_hot)


def _name_and_arguments(loss):
    if loss is None:
        return None, {}
    from dlkit import losses

    if isinstance(loss, str):
        return losses.get(loss).name, {}
    given = losses.get(loss)
    arguments = {key: value for key, value in given.get_config().items() if key != "name"}
    return given.name, arguments


def _check_outputs(model, data, name):
    outputs = model.output_shape[-1]
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
    if single and name in CROSSENTROPIES[1:]:
        raise ValueError(
            f"loss={name!r} needs one output per class, but the model gives one output. Use "
            "'binary_crossentropy', or build the model with output_dim=2."
        )


def _target_form(name, outputs, one_hot):
    def targets(y):
        if name == "sparse_categorical_crossentropy":
            return y.argmax(axis=-1) if one_hot else y
        if outputs == 1 and y.ndim > 1 and y.shape[-1] == 2 and one_hot:
            y = y.argmax(axis=-1)[..., None]
        elif outputs == 1 and y.shape[-1:] != (1,):
            y = y[..., None]
        elif not one_hot and y.dtype.kind in "iu":
            y = np.eye(outputs)[y]
        return y.astype("float64" if y.dtype == "float64" else "float32")

    return targets


def _output_layer(model):
    """Return the layer, or operation, that computes the output of a built model."""
    layer = model.outputs[0]._keras_history.operation
    while isinstance(layer, keras.layers.Flatten | keras.layers.Reshape):
        layer = layer.input._keras_history.operation
    nested = isinstance(layer, keras.Model) and getattr(layer, "outputs", None)
    return _output_layer(layer) if nested else layer


def check_model(model, data):
    """Raise an error unless ``model`` is a Keras model with one input and one output for ``data``.

    A `keras.Sequential` that has no input shape yet is built with that of the data.

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
    if not model.built:
        model.build(shape)
    if len(model.inputs or ()) != 1 or len(model.outputs or ()) != 1:
        raise ValueError(
            "model must be a Sequential or functional Keras model with one input and one output. "
            "Wrap others: keras.Model(inputs, outputs)."
        )
    wanted = tuple(model.inputs[0].shape)
    fits = len(wanted) == len(shape) and all(
        a is None or b is None or a == b for a, b in zip(wanted, shape, strict=True)
    )
    if not fits:
        raise ValueError(
            f"model takes inputs of shape {wanted[1:]}, but those of the data have shape "
            f"{shape[1:]}. Build it with the data's shape, or reshape the data."
        )
