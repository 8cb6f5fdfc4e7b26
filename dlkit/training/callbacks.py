"""What may end a run or speak about it after an epoch."""

import logging
import math

from dlkit.training.plateau import ReduceLROnPlateau, plateau
from dlkit.training.records import better

__all__ = ["EarlyStopping", "EpochLog", "ReduceLROnPlateau", "sentence", "standard_callbacks"]

_log = logging.getLogger("dlkit.training")


class EarlyStopping:
    """Stop when the validation loss no longer falls, and bring the best weights back at the end.

    Without validation data it looks at the training loss.

    Parameters
    ----------
    patience : int
        Epochs without improvement before the run ends.
    min_delta : float
        By how much the loss must fall to count as an improvement.
    """

    def __init__(self, patience=5, min_delta=0.0):
        self.patience = patience
        self.min_delta = min_delta
        self.best = None, math.inf  # the epoch, counted from 1, and its loss
        self.best_weights = None

    def after_epoch(self, engine, record):
        """Keep the weights if they are the best so far; return a reason if patience is over."""
        now = record.epoch, record.monitored
        if better(self.best, now, self.min_delta) is now:
            self.best, self.best_weights = now, engine.weights()
        waited = record.epoch - (self.best[0] or 0)
        if waited < self.patience:
            return None
        what = "training" if record.val_loss is None else "validation"
        return f"early stopping: {what} loss has not improved for {waited} epochs"

    def at_end(self, engine):
        """Bring the best weights back."""
        if self.best_weights is not None:
            engine.set_weights(self.best_weights)


class EpochLog:
    """Write one line to the log ``dlkit.training`` each ``every`` epochs, and at the last one.

    A line goes to `logging` and never to ``print``: a print from a background thread would land in
    whatever cell happens to run. ``logging.basicConfig(level="INFO")`` shows the lines.

    Parameters
    ----------
    every : int
        Epochs between two lines.
    epochs : int
        How many epochs there will be.
    """

    def __init__(self, every, epochs):
        self.every = every
        self.epochs = epochs
        self._waiting = None

    def after_epoch(self, engine, record):
        """Write the line if it is time."""
        self._waiting = record
        if record.epoch % self.every == 0 or record.epoch == self.epochs:
            self.at_end(engine)

    def at_end(self, engine):
        """Write the line of the last epoch, if it is still to be written."""
        if self._waiting is not None and _log.isEnabledFor(logging.INFO):
            _log.info("%s", sentence(self._waiting, self.epochs))
        self._waiting = None

    def state(self):
        """Return what a checkpoint needs: nothing."""
        return {}

    def load_state(self, state):
        """Begin as after an epoch whose line is written."""


def standard_callbacks(config):
    """Return the callbacks that a configuration asks for, ready for one run.

    Parameters
    ----------
    config : TrainingConfig
        Says how often to log, whether to stop early, and whether to lower the learning rate.

    Returns
    -------
    list
    """
    callbacks = [EpochLog(config.log_interval, config.epochs)]
    if config.early_stopping:
        callbacks.append(EarlyStopping(config.patience, config.min_delta))
    if config.plateau is not None:
        callbacks.append(plateau(config.plateau))
    return callbacks


def sentence(record, epochs):
    """Return one epoch in words: ``epoch 12 of 50: training loss 0.21, validation loss 0.34``.

    Parameters
    ----------
    record : EpochRecord
        The epoch.
    epochs : int
        How many there will be.

    Returns
    -------
    str
    """
    text = f"epoch {record.epoch} of {epochs}: training loss {record.loss:.3g}"
    if record.val_loss is not None:
        text += f", validation loss {record.val_loss:.3g}"
    return text
