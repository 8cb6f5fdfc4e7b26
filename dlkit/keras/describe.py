"""What a Keras model is made of, free of the names and settings that differ from build to build."""

_LEFT_OUT = ("seed", "build_config", "compile_config", "seed_generator")


def describe_model(model):
    """Return the layers of a model and its weights' shapes, as JSON values.

    Two models that the same lines have built give the same, whatever Keras has called their layers.

    Parameters
    ----------
    model : keras.Model
        Built.

    Returns
    -------
    dict
    """
    layers = list(model._flatten_layers(include_self=False))
    names = {layer.name: f"layer {index}" for index, layer in enumerate(layers)}
    names[model.name] = "the model"
    shapes = [[list(weight.shape), str(weight.dtype)] for weight in model.weights]
    kinds = [type(layer).__name__ for layer in layers]
    frozen = [index for index, layer in enumerate(layers) if not layer.trainable]
    try:
        config = _plain(model.get_config(), names)
    except NotImplementedError:  # a class of its own that cannot describe itself
        config = type(model).__name__
    return {"kinds": kinds, "weights": shapes, "frozen": frozen, "config": config}


def _plain(value, names):
    if isinstance(value, dict):
        return {key: _plain(value[key], names) for key in value if key not in _LEFT_OUT}
    if isinstance(value, list | tuple):
        return [_plain(each, names) for each in value]
    if isinstance(value, str):
        return names.get(value, value)
    return value if value is None or isinstance(value, int | float) else type(value).__name__
