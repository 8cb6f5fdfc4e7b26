"""The Keras engine: any Keras model behind the same few questions as a `Network`.

What is slow in Keras is building: a new model, a new compilation. So the engine compiles once and
keeps what it compiled with the model; a new run resets weights, optimizer and random state, and
hands learning rate and batch size over as arguments.
"""

import keras
import numpy as np

from .. import checks, randomness
from ..datasets import Data
from ..training.config import TrainingConfig
from ..training.engine import epoch_order
from ..training.layer_records import measured_batch, probe_samples
from .describe import describe_model
from .losses import check_model
from .program import EVALUATION_SIZE
from .warm import warm_model


class KerasEngine:
    """Train a Keras model on `Data` by a `TrainingConfig`, some batches at a time.

    The loss and the optimizer come from the configuration, not from ``model.compile``; the
    optimizer is dlkit's own rule, hosted by Keras. On TensorFlow each chunk of batches is one call
    of a compiled function; other backends train batch by batch (and compile the model).

    Parameters
    ----------
    model : keras.Model
        With one input and one output; trained in place. It may be compiled or not. One that is
        not built is built with the data's input shape. The ``call`` of a class of your own must be
        made of Keras layers and ``keras.ops``.
    data : dlkit.Data
    config : dlkit.TrainingConfig

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, or if model, data and loss do not fit each other.
    """

    name = "keras"

    def __init__(self, model, data, config):
        _check_data(data)
        _check_config(config)
        check_model(model, data)
        self.model, self.data = model, data
        warm, parts = warm_model(model, data, config)
        self._initial = warm.weights.read()
        self._adopt(config, warm, parts)

    @property
    def batches_per_epoch(self):
        """Steps of one pass through the training data; the last batch may be smaller."""
        return -(-self._samples // self.config.batch_size)

    def begin_epoch(self, epoch):
        """Put the samples in the order of ``epoch`` (counted from 1) and start new running means."""
        self._epoch, self._measured = epoch, {}
        self._order = epoch_order(self._samples, self.config.seed, epoch, self.config.shuffle)
        self._sums = np.zeros(3)  # loss and metric, each times samples, and samples

    def run(self, first, count):
        """Train on batches ``first`` to ``first + count - 1`` of this epoch (counted from 0).

        Returns
        -------
        numpy.ndarray, shape (count,), float64
            The loss of each batch before its own step, regularization included. Losses that are
            not finite are returned as they are.
        """
        if not 0 <= first < first + count <= self.batches_per_epoch:
            raise ValueError(
                f"first={first} and count={count} must lie within the {self.batches_per_epoch} "
                "batches of an epoch."
            )
        if self._order is None:
            self.begin_epoch(1)
        rates = [self._rate_at(self._step + i) for i in range(count)]
        size = self.config.batch_size
        losses, right = self._train(rates, first)
        starts = (first + np.arange(count)) * size
        samples = np.minimum(size, len(self._order) - starts)
        rows = np.column_stack([losses * samples, right, samples])
        # added one by one, so that the size of chunks changes no bit
        self._sums = np.cumsum(np.vstack([self._sums, rows]), axis=0)[-1]
        self._step += count
        return losses

    def _train(self, rates, first):
        """Return losses and sums of the metric; measure the layers at the batch where it is due."""
        runner, size, count = self._warm.runner, self.config.batch_size, len(rates)
        batches = *self._parts["train"], self._order
        due = -1
        if self.config.record_layers:
            steps = self.config.gradient_accumulation_steps
            due = measured_batch(self._samples, size, first, self._step % steps, steps)
        if not first <= due < first + count:
            return runner.train(*batches, rates, first, size)
        losses, right, squares = runner.train_measured(*batches, rates, first, size, due - first)
        self._measured = self._warm.watch().measured(squares)
        return losses, right

    def layer_records(self):
        """Return a `LayerRecord` of each layer, for the epoch that has just been trained."""
        if not self.config.record_layers:
            return ()
        return self._warm.watch().records(self._measured, self._probe)

    def train_metrics(self):
        """Return this epoch's running means so far: ``loss``, and ``accuracy`` or ``mae``."""
        loss, metric, samples = self._sums
        samples = max(samples, 1.0)
        return {"loss": float(loss / samples), self._warm.metric_name: float(metric / samples)}

    def evaluate(self, part):
        """Return loss and metrics of ``"train"`` or ``"validation"`` with the weights of now."""
        part = checks.choice("part", part, self._parts)
        if self._parts[part] is None:
            return None, {}
        loss, metric = self._warm.runner.evaluate(*self._parts[part])
        return loss, {self._warm.metric_name: metric}

    def predict(self, x):
        """Return the model's outputs, shape (samples, ...), for ``x`` of shape (samples, ...)."""
        x = np.asarray(x)
        blocks = range(0, len(x), EVALUATION_SIZE)
        outputs = [self.model.predict_on_batch(x[i : i + EVALUATION_SIZE]) for i in blocks]
        return np.concatenate(outputs)

    @property
    def initial_weights(self):
        """The weights that `reset` brings back, in the order of ``model.weights``."""
        return self._initial

    def weights(self):
        """Return a copy of all weights and moving statistics, in the order of ``model.weights``."""
        return self._warm.weights.read()

    def set_weights(self, weights):
        """Bring back what `weights` returned; the optimizer's state stays."""
        self._warm.weights.write(weights)

    def snapshot(self):
        """Return a copy of everything that a step changes, as lists of arrays and plain numbers."""
        return {
            "weights": self.weights(),
            "optimizer": self._warm.optimizer.read(),
            "seeds": self._warm.seeds.read(),
            "sums": self._sums.copy(),
            "step": self._step,
            "epoch": self._epoch,
            "learning_rate": self._learning_rate,
            **({"layers": dict(self._measured)} if self.config.record_layers else {}),
        }

    def restore(self, snapshot):
        """Bring back what `snapshot` returned, to the bit."""
        self.set_weights(snapshot["weights"])
        self._warm.optimizer.write(snapshot["optimizer"])
        self._warm.seeds.write(snapshot["seeds"])
        self._learning_rate = snapshot["learning_rate"]
        if snapshot["epoch"] is None:
            self._forget_epoch()
        else:
            self.begin_epoch(int(snapshot["epoch"]))
        self._step, self._sums = int(snapshot["step"]), np.array(snapshot["sums"])
        self._measured = dict(snapshot.get("layers", {}))

    def reset(self):
        """Go back to the initial weights, a fresh optimizer and the first random numbers."""
        self.set_weights(self._initial)
        self._warm.optimizer.write(self._warm.fresh)
        number = len(self._warm.seeds.variables)
        streams = randomness.generators(self.config.seed, "dropout", number)
        self._warm.seeds.write([[each.integers(1, 2**31), 0] for each in streams])
        self._learning_rate, self._step = None, 0
        self._forget_epoch()

    def reconfigure(self, config):
        """Take another `TrainingConfig` without building the model anew, then `reset`.

        Learning rate, batch size and seed cost nothing; another optimizer or loss is compiled once
        and then kept.

        Raises
        ------
        TypeError, ValueError
            If the model cannot be trained so; nothing has changed then.
        """
        _check_config(config)
        self._adopt(config, *warm_model(self.model, self.data, config))

    def describe_model(self):
        """Return what the model is made of, as JSON values: a checkpoint fits no other one."""
        return describe_model(self.model)

    def set_learning_rate(self, value):
        """Use another learning rate from the next step on, until `reset` or `reconfigure`."""
        self._learning_rate = self.config.replace(learning_rate=value).learning_rate

    def _adopt(self, config, warm, parts):
        x = parts["train"][0]
        self._samples, self._probe = len(x), x[probe_samples(len(x))]
        if config.record_layers:
            warm.watch()  # compiles now, and not in the middle of the run
        if warm.runner.takes_tensors:
            tensor = keras.ops.convert_to_tensor
            parts = {
                name: pair and tuple(tensor(array) for array in pair)
                for name, pair in parts.items()
            }
        self.config, self._warm, self._parts = config, warm, parts
        self.reset()

    def _forget_epoch(self):
        self._epoch, self._order, self._sums = None, None, np.zeros(3)
        self._measured = {}

    def _rate_at(self, step):
        if self._learning_rate is not None:
            return self._learning_rate
        return self.config.learning_rate_at(step)


def _check_data(data):
    if not isinstance(data, Data):
        raise TypeError(f"data must be a dlkit.Data, but got {checks.describe(data)}.")


def _check_config(config):
    if not isinstance(config, TrainingConfig):
        raise TypeError(
            f"config must be a dlkit.TrainingConfig, but got {checks.describe(config)}."
        )
