"""Class weights for Keras losses, as tensors."""

import keras

from ..training.class_weights import check_labels, weight_table
from .outline import outline


def class_weigher(model, data, class_weight):
    """Return a function that gives each sample's weight, or None without class weights.

    Parameters
    ----------
    model : keras.Model
        Built, with one output.
    data : dlkit.Data
    class_weight : Mapping or None
        Label → weight.

    Returns
    -------
    callable or None
        ``weigh(y)`` takes targets in the form of the loss, and gives one weight for each label,
        float32.

    Raises
    ------
    ValueError
        If the data are for regression, or a label is none of the model's classes.
    """
    if class_weight is None:
        return None
    classes = max(2, outline(model).output_shape[-1])
    check_labels(class_weight, classes, data.task_type)
    table = weight_table(class_weight, classes).astype("float32")
    ops = keras.ops

    def weigh(y):
        if not keras.backend.is_float_dtype(keras.backend.standardize_dtype(y.dtype)):
            labels = ops.cast(y, "int32")
        elif y.shape[-1] == 1:
            labels = ops.cast(y[..., 0] > 0.5, "int32")
        else:
            labels = ops.argmax(y, axis=-1)
        return ops.take(table, labels, axis=0)

    return weigh
