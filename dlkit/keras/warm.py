"""What is built once for a model and then kept with it: compiled code and the state it changes."""

import json

import keras

from ..training.plateau import check_monitor
from ..training.validation_split import with_validation
from .class_weights import class_weigher
from .kept import kept_with
from .layer_watch import LayerWatch
from .losses import gives_logits, loss_for
from .outline import outline
from .precision import check_precision
from .program import CompiledProgram, PlainProgram, metric_for
from .saving import random_states
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
    weigh : callable, optional
        The weight of each sample, see `class_weigher`.
    precision : str, optional
        See `computing_in`.

    Attributes
    ----------
    runner : CompiledProgram or PlainProgram
    weights, optimizer, seeds : Variables
        The three groups of variables that a step changes.
    fresh : list of numpy.ndarray
        The optimizer's variables before the first step.
    """

    def __init__(self, model, data, loss, optimizer, samples, weigh=None, precision=None):
        logits = getattr(loss, "from_logits", None)
        logits = gives_logits(model) if logits is None else logits
        self.metric_name, metric = metric_for(
            data.task_type, outline(model).output_shape[-1], logits
        )
        kind = CompiledProgram if keras.backend.backend() == "tensorflow" else PlainProgram
        self.runner = kind(model, loss, metric, optimizer, *samples, weigh, precision)
        self._model, self._watch = model, None
        self.weights = Variables(model.weights)
        self.optimizer = Variables(optimizer.variables)
        self.seeds = Variables(random_states(model))
        self.fresh = self.optimizer.read()

    def watch(self):
        """Return the `LayerWatch` of the model, made at the first call."""
        if self._watch is None:
            self._watch = LayerWatch(self._model)
            self.runner.prepare_measuring()
        return self._watch


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
        in the form that the loss takes; None for validation where there are no such data.

    Raises
    ------
    TypeError, ValueError
        If model, data and loss do not fit each other.
    """
    data = with_validation(data, config)
    check_precision(model, config.mixed_precision)
    weigh = class_weigher(model, data, config.class_weight)
    loss, targets = loss_for(model, data, config.loss)
    check_monitor(config, metric_for(data.task_type, outline(model).output_shape[-1], False)[:1])
    # one dtype for both parts: what the model takes, or tokens as the training part has them
    given = {
        part: (getattr(data, f"x_{part}"), getattr(data, f"y_{part}"))
        for part in ("train", "validation")
    }
    floats = any(x is not None and x.dtype.kind == "f" for x, _ in given.values())
    dtype = outline(model).inputs[0].dtype if floats else data.x_train.dtype
    parts = {
        part: None if x is None else (x.astype(dtype, copy=False), targets(y))
        for part, (x, y) in given.items()
    }
    rule = config.replace(learning_rate_schedule=None, learning_rate=0.001).build_optimizer()
    key = (
        data.task_type,
        type(loss).__name__ + json.dumps(loss.get_config(), default=str),
        type(rule).__name__ + json.dumps(rule.get_config(), default=str),
        tuple(id(variable) for variable in model.trainable_variables),
        config.gradient_accumulation_steps,
        config.mixed_precision,
        None if config.class_weight is None else tuple(sorted(config.class_weight.items())),
        *((array.shape[1:], str(array.dtype)) for array in parts["train"]),
    )
    kept = kept_with(model).by_key
    if key not in kept:
        steps = config.gradient_accumulation_steps
        optimizer = rule.to_keras(**({"gradient_accumulation_steps": steps} if steps > 1 else {}))
        kept[key] = WarmModel(
            model, data, loss, optimizer, parts["train"], weigh, config.mixed_precision
        )
    return kept[key], parts
