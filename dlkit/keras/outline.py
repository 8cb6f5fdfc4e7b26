"""The graph of layers of a model: its own, or one drawn by calling a model of your own class."""

import inspect

import keras

from .kept import kept_with


def outline(model):
    """Return a model with ``inputs``, ``outputs`` and the layers between them.

    Parameters
    ----------
    model : keras.Model
        Built; of your own class only after `draw_outline`.

    Returns
    -------
    keras.Model
        ``model`` itself, or its drawing. Both have the same layers; what the model does while it
        trains is known to the model alone.
    """
    return kept_with(model).outline or model


def draws_itself(model):
    """Say whether a model is Sequential or functional, and knows its graph by itself."""
    return isinstance(model, keras.Sequential) or getattr(model, "inputs", None) is not None


def draw_outline(model, shape, dtype):
    """Build a model of a class of its own, and keep the graph that its ``call`` makes.

    Parameters
    ----------
    model : keras.Model
        Its ``call`` takes one tensor, gives one, and is made of Keras layers and ``keras.ops``.
    shape : tuple of int
        Of one sample.
    dtype : str
        Of the input, where it is no float; floats are of the model's own dtype.

    Raises
    ------
    ValueError
        If the model cannot be called so.
    """
    kept = kept_with(model)
    if kept.outline is not None and kept.outline.input_shape[1:] == shape:
        return
    inputs = keras.Input(shape, dtype=model.variable_dtype if "float" in dtype else dtype)
    # called directly, so that the layers inside are seen; a training run calls the model itself
    options = inspect.signature(model.call).parameters
    training = {"training": False} if "training" in options else {}
    try:
        model(inputs, **training)  # builds it
        drawn = keras.Model(inputs, model.call(inputs, **training))
    except Exception as error:
        raise ValueError(
            f"model, of the class {type(model).__name__}, cannot be called with one input of shape "
            f"{shape}. Its call must take one tensor of the data's shape and give one, by Keras "
            "layers and keras.ops; or wrap it as keras.Model(inputs, outputs). What Keras says: "
            f"{error} ({type(error).__name__})"
        ) from error
    kept.outline = drawn
