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
        If the model is a class of your own, or holds one.
    """
    for each in model._flatten_layers():
        if isinstance(each, keras.Model) and not draws_itself(each):
            what = "is" if each is model else "holds"
            raise ValueError(
                f"model must be Sequential or functional to be copied or written into a script, "
                f"but it {what} a class of your own, {type(each).__name__}: what its call does "
                "stands in your Python code alone. Before you train, call the same layers on "
                "inputs = keras.Input(...), and make the model of them: "
                "keras.Model(inputs, outputs)."
            )
    copy = keras.models.clone_model(model)
    for variable, values in zip(copy.weights, weights, strict=True):
        variable.assign(values)
    return copy
