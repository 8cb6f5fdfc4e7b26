"""A second Keras model of the same layers, so that the first one is left alone."""

import keras


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
    """
    copy = keras.models.clone_model(model)
    for variable, values in zip(copy.weights, weights, strict=True):
        variable.assign(values)
    return copy
