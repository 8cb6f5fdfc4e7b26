"""What is built once for a model and then kept with it: compiled code and the state it changes."""

import json

import keras

from .losses import gives_logits, loss_for
from .program import CompiledProgram, PlainProgram, metric_for
from .saving import seed_states
from .state import Variables


class WarmModel:
    """A model with one loss and one optimizer, compiled.

    Parameters
    ----------
    model : keras.Model
        Built.
    data : dlkit.Data
        Its task decides the metric.
    loss : keras.losses.Loss
    optimizer : keras.optimizers.Optimizer
        Not used before.
    samples : tuple of numpy.ndarray
        Inputs and targets, for their shapes and dtypes.

    Attributes
    ----------
    runner : CompiledProgram or PlainProgram
    weights, optimizer, seeds : Variables
        The three groups of variables that a step changes.
    fresh : list of numpy.ndarray
        The optimizer's variables before the first step.
    """

    def __init__(self, model, data, loss, optimizer, samples):
        logits = getattr(loss, "from_logits", None)
        logits = gives_logits(model) if logits is None else logits
        self.metric_name, metric = metric_for(data.task_type, model.output_shape[-1], logits)
        kind = CompiledProgram if keras.backend.backend() == "tensorflow" else PlainProgram
        self.runner = kind(model, loss, metric, optimizer, *samples)
        self.weights = Variables(model.weights)
        self.optimizer = Variables(optimizer.variables)
        self.seeds = Variables(seed_states(model))
        self.fresh = self.optimizer.read()


def warm_model(model, data, config):
    """Return the warm model of a configuration, kept from an earlier run where there is one.

    Learning rate, batch size, seed and the numbers of samples make no difference to it; another
    optimizer, loss or kind of data does, and so do layers that were frozen or freed.

    Parameters
    ----------
    model : keras.Model
    data : dlkit.Data
    config : dlkit.TrainingConfig

    Returns
    -------
    WarmModel
    dict
        The parts ``"train"`` and ``"validation"`` as pairs (inputs, targets) of arrays, the targets
        in the form that the loss takes.

    Raises
    ------
    TypeError, ValueError
        If model, data and loss do not fit each other.
    """
    loss, targets = loss_for(model, data, config.loss)
    # one dtype for both parts: what the model takes, or tokens as the training part has them
    floats = data.x_train.dtype.kind == "f" or data.x_validation.dtype.kind == "f"
    dtype = model.inputs[0].dtype if floats else data.x_train.dtype
    parts = {
        part: (
            getattr(data, f"x_{part}").astype(dtype, copy=False),
            targets(getattr(data, f"y_{part}")),
        )
        for part in ("train", "validation")
    }
    rule = config.replace(learning_rate_schedule=None, learning_rate=0.001).build_optimizer()
    key = (
        data.task_type,
        type(loss).__name__ + json.dumps(loss.get_config(), default=str),
        type(rule).__name__ + json.dumps(rule.get_config(), default=str),
        tuple(id(variable) for variable in model.trainable_variables),
        *((array.shape[1:], str(array.dtype)) for array in parts["train"]),
    )
    kept = _kept_with(model)
    if key not in kept:
        kept[key] = WarmModel(model, data, loss, rule.to_keras(), parts["train"])
    return kept[key], parts


class _Store:
    """Warm models by key; no dictionary itself, so that Keras does not look inside when saving."""

    def __init__(self):
        self.by_key = {}


def _kept_with(model):
    """Return what is kept with a model, empty at first; it goes when the model goes."""
    if "_dlkit_store" not in model.__dict__:
        object.__setattr__(model, "_dlkit_store", _Store())  # past Keras's tracking
    return model._dlkit_store.by_key
