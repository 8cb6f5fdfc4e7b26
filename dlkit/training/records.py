"""What a run leaves behind: plain, immutable records that anyone may read at any time."""

import dataclasses
import math

import numpy as np

from dlkit import checks
from dlkit.training.config import TrainingConfig
from dlkit.training.layer_records import layer_columns


class _Fixed(dict):
    """A dictionary that refuses to change: what observers get is what the history keeps."""

    def _refuse(self, *_, **__):
        raise TypeError("A record cannot be changed. Change a copy of it: dict(record.metrics).")

    __setitem__ = __delitem__ = __ior__ = update = setdefault = pop = popitem = clear = _refuse

    def __reduce__(self):
        return _Fixed, (dict(self),)


@dataclasses.dataclass(frozen=True)
class BatchRecord:
    """One training step.

    Parameters
    ----------
    epoch, batch : int
        Where in the run, both counted from 1.
    step : int
        Number of the step since the start of the run, counted from 1.
    loss : float
        Loss of this batch alone, before its update.
    learning_rate : float
        Learning rate of its update.
    seconds : float
        How long it took.
    """

    epoch: int
    batch: int
    step: int
    loss: float
    learning_rate: float
    seconds: float


@dataclasses.dataclass(frozen=True)
class ChunkRecord:
    """Some batches that were trained in one go; iterate over it for one `BatchRecord` each.

    Parameters
    ----------
    epoch : int
        The epoch, counted from 1.
    batches : range
        Numbers of the batches within the epoch, counted from 1.
    losses : numpy.ndarray
        Loss of each batch, before its update; float64, as long as ``batches``.
    step : int
        Steps of the run before this chunk.
    learning_rates : tuple of float
        Learning rate of each batch.
    seconds : float
        How long the chunk took.
    """

    epoch: int
    batches: range
    losses: np.ndarray
    step: int = 0
    learning_rates: tuple = ()
    seconds: float = 0.0

    def __post_init__(self):
        losses = np.asarray(self.losses).view()
        losses.flags.writeable = False
        object.__setattr__(self, "losses", losses)

    def __iter__(self):
        each = self.seconds / len(self.batches)
        rows = zip(self.batches, self.losses, self.learning_rates, strict=True)
        for index, (batch, loss, rate) in enumerate(rows):
            yield BatchRecord(self.epoch, batch, self.step + index + 1, float(loss), rate, each)


@dataclasses.dataclass(frozen=True)
class EpochRecord:
    """One pass through the training data, and the validation after it.

    Parameters
    ----------
    epoch : int
        The epoch, counted from 1.
    loss : float
        Mean of the batch losses while the weights were changing, weighted by batch size (as in
        Keras).
    metrics : dict
        Running means on the training data: ``accuracy`` or ``mae``.
    val_loss : float or None
        Loss on the validation data after the epoch; None if there are none.
    val_metrics : dict
        Metrics on the validation data.
    learning_rate : float
        Learning rate of the epoch's last step.
    seconds : float
        How long training and validation took, pauses left out.
    layers : tuple of LayerRecord
        Gradient norm, update ratio and share of dead units of each layer; empty unless the
        configuration says ``record_layers``.
    """

    epoch: int
    loss: float
    metrics: dict
    val_loss: float | None
    val_metrics: dict
    learning_rate: float
    seconds: float
    layers: tuple = ()

    def __post_init__(self):
        object.__setattr__(self, "metrics", _Fixed(self.metrics))
        object.__setattr__(self, "val_metrics", _Fixed(self.val_metrics))

    @property
    def monitored(self):
        """The loss that early stopping looks at: ``val_loss``, or ``loss`` if there is none."""
        return self.loss if self.val_loss is None else self.val_loss


@dataclasses.dataclass(frozen=True)
class EndRecord:
    """The last record of a run.

    Parameters
    ----------
    state : str
        ``"finished"``, or ``"stopped"`` if the loss was not finite.
    reason : str
        Why the run ended, in words.
    """

    state: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Status:
    """Where a job is now: a snapshot that never changes once you hold it.

    Parameters
    ----------
    state : str
        ``"ready"``, ``"running"``, ``"paused"``, ``"stopped"``, ``"finished"`` or ``"failed"``.
    epoch, epochs : int
        The epoch being trained (0 before the first batch), and how many there will be.
    batch, batches : int
        Batches done in this epoch, and how many an epoch has.
    loss : float or None
        Mean of this epoch's batch losses so far.
    val_loss : float or None
        Validation loss after the last whole epoch.
    metrics : dict
        Metrics of the last whole epoch: ``accuracy`` and ``val_accuracy``, or ``mae`` ...
    best_epoch : int or None
        The epoch with the lowest validation loss so far, counted from 1.
    elapsed, remaining : float
        Seconds of training so far, and an estimate of those to come (None before the first batch).
    error : str or None
        What went wrong, in words, if ``state`` is ``"failed"``.
    message : str
        One sentence about the last thing that happened.
    """

    state: str = "ready"
    epoch: int = 0
    epochs: int = 0
    batch: int = 0
    batches: int = 0
    loss: float | None = None
    val_loss: float | None = None
    metrics: dict = dataclasses.field(default_factory=dict)
    best_epoch: int | None = None
    elapsed: float = 0.0
    remaining: float | None = None
    error: str | None = None
    message: str = ""

    def __post_init__(self):
        object.__setattr__(self, "metrics", _Fixed(self.metrics))


class History:
    """The numbers of a run up to now: a view that does not change while you read it.

    Parameters
    ----------
    records : sequence of EpochRecord
        The whole epochs, in order.
    batch_losses : numpy.ndarray
        Loss of every batch so far, shape (steps,), float64.
    config : TrainingConfig, optional
        The configuration of the run.
    stop_reason : str
        Why the run ended, in words; empty while it has not.
    """

    def __init__(self, records=(), batch_losses=(), config=None, stop_reason=""):
        if not isinstance(records, tuple | list) or not all(
            issubclass(kind, EpochRecord) for kind in set(map(type, records))
        ):
            raise TypeError(
                f"records must be a list of EpochRecord, but got {checks.describe(records)}."
            )
        if config is not None and not isinstance(config, TrainingConfig):
            raise TypeError(
                f"config must be a TrainingConfig or None, but got {checks.describe(config)}."
            )
        checks.text("stop_reason", stop_reason)
        batch_losses = checks.array(
            "batch_losses", batch_losses, ndim=1, finite=False, dtype="float64", allow_empty=True
        )
        self._records = tuple(records)
        self._batch_losses = batch_losses.view()
        self._batch_losses.flags.writeable = False
        self._config = config
        self._stop_reason = stop_reason
        self._cached_best = self._cached_columns = None

    @property
    def records(self):
        """The `EpochRecord` of each whole epoch, as a tuple."""
        return self._records

    @property
    def history(self):
        """A dictionary of lists, one value an epoch, with Keras's keys (a fresh copy).

        ``loss``, ``accuracy`` or ``mae``, and, with validation data, the same with ``val_``.
        """
        if self._cached_columns is None:  # made once: a history does not change
            self._cached_columns = _columns(self._records)
        return {name: list(values) for name, values in self._cached_columns.items()}

    @property
    def layers(self):
        """Numbers on each layer, by its name: a list with one dictionary an epoch (a fresh copy).

        ``gradient_norm``, ``update_ratio`` and ``dead_share``, as `LayerRecord` describes them;
        empty unless the configuration says ``record_layers``.
        """
        return layer_columns(self._records)

    @property
    def epoch(self):
        """Numbers of the whole epochs, counted from 0 as in Keras's ``History.epoch``."""
        return [record.epoch - 1 for record in self._records]

    @property
    def batch_losses(self):
        """Loss of every batch so far, shape (steps,), float64, read-only."""
        return self._batch_losses

    @property
    def best_epoch(self):
        """The epoch (from 1) whose weights are the best, by validation loss; None before any."""
        if self._cached_best is None:  # found once: a history does not change
            values = [record.monitored for record in self._records]
            self._cached_best = (best_epoch(values, _min_delta(self._config)),)
        return self._cached_best[0]

    @property
    def config(self):
        """The configuration of the run."""
        return self._config

    @property
    def stop_reason(self):
        """Why the run ended, in words; empty while it has not."""
        return self._stop_reason

    def __len__(self):
        return len(self._records)

    def __repr__(self):
        if not self._records:
            return f"History(epochs=0, batches={len(self._batch_losses)})"
        last = ", ".join(f"{name}={value:.4g}" for name, value in _row(self._records[-1]).items())
        return f"History(epochs={len(self)}, best_epoch={self.best_epoch}, {last})"


def _columns(records):
    """Return the values of all epochs by name."""
    if not records:
        return {}
    columns = {"loss": [record.loss for record in records]}
    for name in records[0].metrics:
        columns[name] = [record.metrics[name] for record in records]
    if records[0].val_loss is not None:
        columns["val_loss"] = [record.val_loss for record in records]
        for name in records[0].val_metrics:
            columns[f"val_{name}"] = [record.val_metrics[name] for record in records]
    return columns


def best_epoch(values, min_delta=0.0):
    """Return the number (from 1) of the last value that fell below the best by over ``min_delta``.

    Parameters
    ----------
    values : sequence of float
        One loss an epoch; NaN is never the best.
    min_delta : float
        How much lower a loss must be to count.

    Returns
    -------
    int or None
    """
    best = None, math.inf
    for number, value in enumerate(values, start=1):
        best = better(best, (number, value), min_delta)
    return best[0]


def better(best, candidate, min_delta=0.0):
    """Return the better one of two pairs (epoch, loss); the first pair of all is (None, inf)."""
    return candidate if candidate[1] < best[1] - min_delta else best


class Recorder:
    """Collects a run's records in the training thread, and hands out views of them.

    Parameters
    ----------
    config : TrainingConfig
        The configuration of the run.
    """

    def __init__(self, config):
        self._config = config
        # epochs, losses, how many of them, stop reason: replaced as one, so a reader in another
        # thread never sees half an update; losses beyond the count are room to grow
        self._now = ((), np.empty(1024), 0, "")
        self._best = None, math.inf

    def chunk(self, record):
        """Take in the losses of a `ChunkRecord`."""
        epochs, losses, count, reason = self._now
        total = count + len(record.losses)
        if total > len(losses):
            losses = np.concatenate([losses[:count], np.empty(2 * total)])
        losses[count:total] = record.losses
        self._now = (epochs, losses, total, reason)

    def epoch(self, record):
        """Take in an `EpochRecord`."""
        epochs, losses, count, reason = self._now
        self._now = ((*epochs, record), losses, count, reason)
        now = record.epoch, record.monitored
        self._best = better(self._best, now, _min_delta(self._config))

    def memory(self):
        """Return the records, the losses and the stop reason up to now; they do not change."""
        epochs, losses, count, reason = self._now
        return epochs, losses[:count], reason

    def recall(self, records, losses, reason):
        """Hold what `memory` gave, as if it had been recorded here."""
        for record in records:
            self.epoch(record)
        self._now = (tuple(records), np.array(losses, "float64"), len(losses), reason)

    @property
    def best_epoch(self):
        """The best epoch so far (see `History.best_epoch`), without looking through all of them."""
        return self._best[0]

    def end(self, reason):
        """Take in why the run ended."""
        self._now = (*self._now[:3], reason)

    def history(self):
        """Return the `History` up to now."""
        epochs, losses, count, reason = self._now
        return History(epochs, losses[:count], self._config, reason)


def _min_delta(config):
    return config.min_delta if config is not None and config.early_stopping else 0.0


def _row(record):
    """Return the values of one epoch under Keras's names, in Keras's order."""
    row = {"loss": record.loss, **record.metrics}
    if record.val_loss is not None:
        row["val_loss"] = record.val_loss
        row.update({f"val_{name}": value for name, value in record.val_metrics.items()})
    return row
