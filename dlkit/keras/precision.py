"""Mixed precision while a model trains: the layers compute in bfloat16, the weights stay float32."""

import contextlib

import keras

from .outline import outline


@contextlib.contextmanager
def computing_in(model, policy):
    """Let the layers of a model compute by a policy while the block runs; then as before.

    The layer that gives the output stays in float32, as Keras advises: a softmax in 8 bits loses
    the small probabilities. So do layers with a policy of their own.

    Parameters
    ----------
    model : keras.Model
        Built.
    policy : str or None
        ``"mixed_bfloat16"``; None changes nothing.
    """
    last = _output_layers(model)
    changed = [
        layer
        for layer in model._flatten_layers(include_self=False)
        if policy is not None
        and layer.dtype_policy.name == "float32"
        and layer not in last
        and not isinstance(layer, keras.Model | keras.layers.InputLayer)
    ]
    before = [layer.dtype_policy for layer in changed]
    try:
        for layer in changed:
            layer.dtype_policy = policy
        yield
    finally:
        for layer, its_own in zip(changed, before, strict=True):
            layer.dtype_policy = its_own


def check_precision(model, policy):
    """Raise ``ValueError`` unless the model can train by the policy."""
    wrong = {weight.dtype for weight in model.trainable_variables} - {"float32"}
    if policy is not None and wrong:
        raise ValueError(
            f"mixed_precision={policy!r} needs a model with float32 weights, but this one has "
            f"{', '.join(sorted(wrong))}. Leave it out, or build the model in float32."
        )


def _output_layers(model):
    """Return the layer that computes the output, its own inner layers, and what only reshapes it."""
    layer = outline(model).outputs[0]._keras_history.operation
    found = [layer]
    while isinstance(layer, keras.layers.Flatten | keras.layers.Reshape):
        layer = layer.input._keras_history.operation
        found.append(layer)
    if isinstance(layer, keras.Model):
        return found + _output_layers(layer)
    return found + (layer._flatten_layers(False) if isinstance(layer, keras.Layer) else [])
