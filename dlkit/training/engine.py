"""The engines: NumPy's for a `Network`, written out here, and Keras's for a Keras model."""

import contextlib
import math

import numpy as np

from dlkit import checks, randomness
from dlkit.blas import SMALL, OneThread
from dlkit.network import Network
from dlkit.network_loss import NetworkLoss
from dlkit.optimizers import NonFiniteGradientError
from dlkit.training.accumulation import optimizer_for
from dlkit.training.class_weights import WeightedLoss, check_labels, weight_table
from dlkit.training.config import check_config
from dlkit.training.layer_watch import LayerWatch
from dlkit.training.parts import check_data, checked_parts, loss_for
from dlkit.training.plateau import check_monitor
from dlkit.training.protocol import Engine, epoch_order
from dlkit.training.validation_split import with_validation

__all__ = ["Engine", "NumpyEngine", "engine_for", "epoch_order"]

FOLD = 64  # batches whose scores are kept until the running metrics take them in


class NumpyEngine:
    """Trains a `Network` with a ``dlkit`` optimizer (see `Engine` for the methods).

    Parameters
    ----------
    network : Network
        Trained in place.
    data : Data
        What to train and validate on.
    config : TrainingConfig
        Batch size, optimizer, loss and seed.

    Raises
    ------
    TypeError, ValueError
        If the data do not fit the network's input and output, or the loss.
    """

    name = "numpy"

    def __init__(self, network, data, config):
        self.network = network
        self._data = check_data(data)
        self._initial = network.get_weights()
        self.reconfigure(config)

    def reconfigure(self, config):
        """Take another configuration and go back to the initial weights."""
        _check_precision(config)
        data = with_validation(self._data, config)
        loss = loss_for(self.network, data, config.loss)
        parts = checked_parts(self.network, data, loss)
        samples = len(parts["train"][0])
        _check_whole_loss(config, samples)
        if config.plateau is not None:  # only one sample tells which metrics the loss has
            x, y = parts["train"]
            measured = self.network.evaluate(x[:1], y[:1], loss, check=False)
            check_monitor(config, [name for name in measured if name != "loss"])
        self._trained_loss = self._weighted(loss, data, config)
        self._config, self._parts, self.loss = config, parts, loss
        self.batches_per_epoch = math.ceil(samples / config.batch_size)
        small = self.network.products_at_once * config.batch_size < SMALL
        self._blas = OneThread if small else contextlib.nullcontext
        self.reset()

    def reset(self):
        """Go back to the initial weights, a fresh optimizer and the first random numbers."""
        network = self.network
        network.set_weights(self._initial)
        randomness.restart(network.layers, self._config.seed)
        self.optimizer = optimizer_for(self._config)
        self._watch = None
        if self._config.record_layers:
            self._watch = LayerWatch(network, self._parts["train"][0], self._config)
        self._forget_means()

    def _weighted(self, loss, data, config):
        """Return the loss that is trained on: ``loss``, or the same with a weight for each class."""
        if config.class_weight is None:
            return loss
        if loss.name == "ctc":
            raise ValueError(
                "class_weight must be left out with the loss 'ctc', whose labels are sequences, but "
                f"got {dict(config.class_weight)}."
            )
        classes = max(2, self.network.output_shape[-1])
        check_labels(config.class_weight, classes, data.task_type)
        return WeightedLoss(loss, weight_table(config.class_weight, classes))

    def begin_epoch(self, epoch):
        """Gather the samples in this epoch's order, once, so that each batch is a slice."""
        self._x, self._y = self._parts["train"]
        if self._config.shuffle:
            order = epoch_order(len(self._x), self._config.seed, epoch)
            self._x, self._y = self._x.take(order, axis=0), self._y.take(order, axis=0)
        if self._watch is not None:
            self._watch.measured = {}
        self._forget_means()

    def _forget_means(self):
        self._sums, self._samples, self._scores = {"loss": 0.0}, 0, []

    def run(self, first, count):
        """Train on some batches: forward, backward, step; return the loss of each.

        Ends early, with a loss that is not finite, where the loss or a gradient is not finite.
        """
        if self._watch is not None:
            return self._watch.run(self._train, first, count, self.optimizer)
        return self._train(first, count)

    def _train(self, first, count):
        size, batch_losses = self._config.batch_size, []
        with self._blas(), np.errstate(all="ignore"):
            for start in range(first * size, (first + count) * size, size):
                x, y = self._x[start : start + size], self._y[start : start + size]
                loss = self._step(x, y)
                batch_losses.append(loss)
                if not math.isfinite(loss):
                    break
                self._sums["loss"] += loss * len(x)
                if len(self._scores) == FOLD:
                    self._fold()
        return np.array(batch_losses)

    def _step(self, x, y):
        """Train on one batch; return its loss, which is NaN where a gradient is not finite."""
        network, optimizer = self.network, self.optimizer
        whole = optimizer.needs_whole_loss
        random_state = network.random_state if whole else None
        loss = network.loss_and_gradients(x, y, self._trained_loss, check=False)
        if not math.isfinite(loss):
            return loss
        scores = network.scores.copy()
        try:
            if whole:
                again = NetworkLoss.unchecked(network, x, y, self._trained_loss, random_state)
                here = loss, network.flat_gradients
                optimizer.step(again, network.flat_parameters, here)
            else:
                optimizer.apply_flat(
                    network.flat_gradients, network.flat_parameters, network.segments
                )
        except NonFiniteGradientError:
            return math.nan
        self._scores.append(scores)
        return loss

    def _fold(self):
        """Enter the scores kept since the last time into the running metrics.

        Not chunk by chunk but after a fixed number of batches, so that the sums are the same to
        the bit, however fast the run was.
        """
        stop = self._samples + sum(len(scores) for scores in self._scores)
        truth = self._y[self._samples : stop]
        loss = self.loss.on_logits() if self.network.scores_are_logits else self.loss
        for name, value in loss.metrics(truth, np.concatenate(self._scores)).items():
            self._sums[name] = self._sums.get(name, 0.0) + value * len(truth)
        self._samples, self._scores = stop, []

    def train_metrics(self):
        """Return this epoch's running means by name: ``loss``, and ``accuracy`` or ``mae``."""
        if self._scores:
            self._fold()
        return {name: total / self._samples for name, total in self._sums.items()}

    def evaluate(self, part):
        """Return loss and metrics of ``"train"`` or ``"validation"`` with the weights of now."""
        if self._parts[part] is None:
            return None, {}
        with self._blas(), np.errstate(all="ignore"):
            metrics = self.network.evaluate(*self._parts[part], self.loss, check=False)
        return metrics.pop("loss"), metrics

    def layer_records(self):
        """Return a `LayerRecord` of each layer, for the epoch that has just been trained."""
        with self._blas():
            return () if self._watch is None else self._watch.records()

    def predict(self, x):
        """Return the network's outputs for ``x``, first axis the samples."""
        return self.network.predict(x)

    @property
    def initial_weights(self):
        """The weights that `reset` brings back, in the form of `weights`."""
        return self._initial

    def weights(self):
        """Return a copy of all weights and moving statistics."""
        return self.network.get_weights()

    def set_weights(self, weights):
        """Bring back what `weights` returned; the optimizer's state stays."""
        self.network.set_weights(weights)

    def snapshot(self):
        """Return a copy of everything that a step changes."""
        network = self.network
        return {
            "parameters": network.flat_parameters.copy(),
            "state": {name: array.copy() for name, array in network.state.items()},
            "optimizer": self.optimizer.state,
            "random_state": network.random_state,
            "running": (dict(self._sums), self._samples, list(self._scores)),
            **({} if self._watch is None else {"layers": dict(self._watch.measured)}),
        }

    def restore(self, snapshot):
        """Bring back what `snapshot` returned, to the bit."""
        self.network.flat_parameters[...] = snapshot["parameters"]
        for name, array in self.network.state.items():
            array[...] = snapshot["state"][name]
        self.optimizer.reset()
        self.optimizer.load_state(snapshot["optimizer"])
        self.network.random_state = snapshot["random_state"]
        sums, self._samples, scores = snapshot["running"]
        self._sums, self._scores = dict(sums), list(scores)
        if self._watch is not None:
            self._watch.measured = dict(snapshot["layers"])

    def describe_model(self):
        """Return what the network is made of, as JSON values: a checkpoint fits no other one."""
        config = self.network.get_config()
        config.pop("seed")  # it decides the initial weights alone, and they are kept themselves
        return config

    def set_learning_rate(self, value):
        """Use another learning rate from the next step on."""
        self.optimizer.learning_rate = value


def _check_precision(config):
    """Raise ``ValueError`` if the configuration asks for what Keras alone has."""
    if config.mixed_precision is not None:
        raise ValueError(
            f"mixed_precision must be None for a Network, but got {config.mixed_precision!r}: NumPy "
            "computes in the network's own dtype. Leave it out, or train network.to_keras()."
        )


def _check_whole_loss(config, samples):
    """Raise ``ValueError`` if the optimizer needs all samples at once, and batches are smaller."""
    if config.build_optimizer().needs_whole_loss and config.batch_size < samples:
        raise ValueError(
            f"optimizer={config.optimizer!r} needs the loss of all samples at each step, so "
            f"batch_size must be {samples} or more here, but got {config.batch_size}. Set "
            f"batch_size={samples}, or choose an optimizer that trains on batches, such as 'adam'."
        )


def engine_for(model, data, config):
    """Return the engine that trains ``model``.

    Parameters
    ----------
    model : Network, keras.Model or Engine
        An engine of your own is used as it is.
    data : Data
        What to train and validate on.
    config : TrainingConfig
        How.

    Returns
    -------
    Engine

    Raises
    ------
    TypeError, ValueError
        If one of them is something else, or if they do not fit each other.
    """
    check_config(config)
    if isinstance(model, Network):
        return NumpyEngine(model, data, config)
    if isinstance(model, Engine):
        return model
    if not any(kind.__module__.split(".")[0] == "keras" for kind in type(model).__mro__):
        raise TypeError(
            f"model must be a Network or a Keras model, but got {checks.describe(model)}."
        )
    # Lazily, and only here, training reaches up to Keras: no NumPy run pays for its import.
    from dlkit.keras.engine import KerasEngine

    return KerasEngine(model, data, config)
