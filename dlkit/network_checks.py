"""What `Network` checks before it works."""

import numpy as np

from dlkit import checks, losses
from dlkit.layers.base import Layer
from dlkit.loss_base import check_takes_labels


def check_layers(layers):
    """Return the layers as a list, or say why they make no network."""
    if isinstance(layers, Layer | str | bytes | dict) or not hasattr(layers, "__iter__"):
        raise TypeError(f"layers must be a list of layers, but got {checks.describe(layers)}.")
    layers = list(layers)
    if not layers:
        raise ValueError("layers must hold at least one layer, but the list is empty.")
    for layer in layers:
        if not isinstance(layer, Layer):
            hint = " Write Dense(10) rather than Dense." if isinstance(layer, type) else ""
            raise TypeError(
                f"layers must hold layers of dlkit.layers, but got {checks.describe(layer)}.{hint}"
            )
        if layer.in_network:
            raise ValueError(f"{layer.name!r} belongs to a network already. Make a new layer.")
    if len({id(layer) for layer in layers}) < len(layers):
        raise ValueError("layers must not hold the same layer twice. Make a new layer for each.")
    given = [layer.name for layer in layers if layer.named_by_user]
    for name in given:
        if given.count(name) > 1:
            raise ValueError(f"The names of layers must differ, but {name!r} comes twice.")
    return layers


def check_shape(name, shape):
    """Return a shape as a tuple; a single whole number stands for one axis."""
    return checks.shape(name, shape)


def check_config(config):
    """Return the four entries of a network's configuration, or say what is wrong with it."""
    known = ("layers", "input_shape", "seed", "dtype")
    if not isinstance(config, dict) or set(config) != set(known):
        raise TypeError(
            f"config must be a dictionary with the entries {', '.join(known)}, as get_config() "
            f"returns it, but got {checks.describe(config)}."
        )
    if not isinstance(config["layers"], list | tuple):
        raise TypeError(
            "The entry layers of config must be a list with a dictionary for each layer, but got "
            f"{checks.describe(config['layers'])}."
        )
    return tuple(config[name] for name in known)


INSTEAD = {
    "EarlyStopping": "early_stopping=True, patience=…",
    "ReduceLROnPlateau": "plateau=dlkit.training.ReduceLROnPlateau(…)",
    "LearningRateScheduler": "learning_rate_schedule=… (see dlkit.schedules)",
    "ModelCheckpoint": "TrainingJob(…, checkpoint_dir=…)",
    "CSVLogger": "dlkit.CSVLog(…)",
    "TensorBoard": "dlkit.TensorBoardLog(…)",
    "LiveLoss": "dlkit.ProgressBar() (or train in dlkit.labs.TrainingLab, which draws its curves)",
}
"""Callbacks for other training loops, by the name of their class: what fit takes for them."""


def check_callbacks(callbacks):
    """Return the callbacks as a tuple, or raise unless each is a function."""
    found = tuple(callbacks) if isinstance(callbacks, list | tuple | set) else (callbacks,)
    for callback in found:
        if not callable(callback):
            raise TypeError(
                "callbacks must be a list of functions that take one record each, such as "
                f"CSVLog('run.csv') or ProgressBar(), but got {checks.describe(callback)}."
                f"{_instead_of(callback)}"
            )
    return found


def _instead_of(callback):
    """Return as a sentence what does here what a callback for Keras or for the loop does."""
    name = type(callback).__name__
    if name in INSTEAD:
        return f" Give {INSTEAD[name]} instead."
    if hasattr(callback, "on_epoch_end"):
        return " It is a callback for the fit of a Keras model; here write a function of a record."
    return ""


def unique_names(layers):
    """Return a name per layer: the user's, else numbered as in Keras (dense, dense_1, …)."""
    taken = {layer.name for layer in layers if layer.named_by_user}
    names = []
    for layer in layers:
        name, number = layer.name, 0
        while not layer.named_by_user and name in taken:
            number += 1
            name = f"{layer.name}_{number}"
        taken.add(name)
        names.append(name)
    return names


def check_inputs(network, x, name="x"):
    """Return x in the network's dtype, or say why it does not fit."""
    x = checks.array(name, x)
    if x.shape == network.input_shape and x.ndim:
        raise ValueError(
            f"{name} must be a batch of shape (samples, "
            f"{', '.join(map(str, network.input_shape))}), but its shape is {x.shape}. "
            f"For one sample write {name}[numpy.newaxis]."
        )
    x = checks.array(name, x, shape=(None, *network.input_shape), dtype=network.dtype)
    network.layers[0].check_values(x, name)
    return x


def check_upstream(network, upstream):
    """Return the gradient from above in the network's dtype, or say why it does not fit."""
    if network.batch is None:
        raise RuntimeError("Call forward(x) before backward(upstream).")
    shape = (network.batch, *network.output_shape)
    return checks.array("upstream", upstream, shape=shape, dtype=network.dtype)


def check_batch(network, x, y, loss):
    """Return x, y and the loss object, ready for the network, or say why they do not fit."""
    x = check_inputs(network, x)
    y = checks.array("y", y)
    checks.same_length(x=x, y=y if y.ndim else y.reshape(1))
    if loss is None:
        loss = losses.default_loss(y, network.output_activation, network.output_shape)
    loss = check_takes_labels(losses.get(loss))
    # even probabilities stand for the outputs, which are not there yet
    outputs = np.full((len(x), *network.output_shape), 1 / network.output_shape[-1], network.dtype)
    try:
        loss.check(y, outputs)
    except (TypeError, ValueError) as error:
        text = str(error).replace("y_true", "y").replace("y_pred", "the network's output")
        raise type(error)(text) from None
    return x, y, loss


def check_validation(network, validation_data, loss):
    """Return validation_data as (x, y), or (None, None), or say why they do not fit."""
    if validation_data is None:
        return None, None
    if not isinstance(validation_data, tuple | list) or len(validation_data) != 2:
        raise TypeError(
            f"validation_data must be a pair (x, y), but got {checks.describe(validation_data)}."
        )
    try:
        return check_batch(network, *validation_data, loss)[:2]
    except (TypeError, ValueError) as error:
        raise type(error)(f"validation_data does not fit: {error}") from None


def check_weights(weights, own):
    """Return the new arrays by name, or say which name, shape or value is wrong."""
    if not isinstance(weights, dict):
        raise TypeError(
            f"weights must be a dictionary of arrays by name, but got {checks.describe(weights)}."
        )
    for name in weights:
        checks.choice("a name in weights", name, own)
    missing = [name for name in own if name not in weights]
    if missing:
        raise ValueError(f"weights must hold every parameter, but lacks {', '.join(missing)}.")
    return {
        name: checks.array(name, weights[name], shape=array.shape) for name, array in own.items()
    }


def check_random_state(states, own):
    """Return a generator per layer in these states, or say why they are none."""
    if not isinstance(states, dict) or set(states) != set(own):
        raise ValueError(
            f"random_state must be a dictionary with the layers {sorted(own)}, but got "
            f"{sorted(states) if isinstance(states, dict) else checks.describe(states)}."
        )
    generators = {}
    for name, state in states.items():
        generators[name] = np.random.default_rng()
        try:
            generators[name].bit_generator.state = state
        except (TypeError, ValueError, KeyError) as error:
            raise ValueError(
                f"random_state[{name!r}] is no state of a generator: {error}."
            ) from None
    return generators
