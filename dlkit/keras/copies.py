"""A second Keras model of the same layers, so that the first one is left alone."""

import keras

from .outline import draws_itself


def copy_with_weights(model, weights):
    """Return a new model with the layers of another.

    Parameters
    ----------
    model : keras.Model
        Built; not changed.
    weights : list of numpy.ndarray
        Of the copy, in the order of ``model.weights``.

    Returns
    -------
    keras.Model
        Not compiled.

    Raises
    ------
    ValueError
        If the model is a class of its own.
    """
    if not draws_itself(model):
        raise ValueError(
            f"model must be Sequential or functional to be copied, but its class is "
            f"{type(model).__name__}. Wrap it as keras.Model(inputs, outputs) before you train it."
        )
    copy = keras.models.clone_model(model)
    for variable, values in zip(copy.weights, weights, strict=True):
        variable.assign(values)
    return copy
