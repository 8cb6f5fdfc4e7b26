"""What a Keras callback hears of a ``fit``, kept as plain numbers."""

import math
from time import perf_counter

import keras

PAUSE = 0.1  # seconds at least between two looks within an epoch


class FitRecorder(keras.callbacks.Callback):
    """Keeps the numbers of a ``model.fit``, and calls ``changed`` now and then.

    Attributes
    ----------
    columns : dict of str to list of float
        One value an epoch, as in Keras's ``History.history``; NaN where an epoch has none.
    within : tuple of two lists
        Where within the epochs the running mean of the loss was looked at, and the mean there.
    epochs : int
        How many epochs this ``fit`` should have.
    state : str
        ``"ready"``, ``"running"`` or ``"finished"``.
    """

    def __init__(self):
        super().__init__()
        self.columns, self.within, self.epochs, self.state = {}, ([], []), 1, "ready"
        self._looked = -float("inf")

    def on_train_begin(self, logs=None):
        """Begin anew: a callback that is used for a second ``fit`` shows the second one."""
        self.columns, self.within, self.state = {}, ([], []), "running"
        self.epochs = int((self.params or {}).get("epochs") or 1)
        self.changed("begin")

    def on_epoch_begin(self, epoch, logs=None):
        """Count the epochs of this ``fit`` alone: with ``initial_epoch=3`` it has three fewer."""
        if not self._done():
            self.epochs = max(1, int((self.params or {}).get("epochs") or 1) - epoch)

    def on_train_batch_end(self, batch, logs=None):
        """Look at the running mean of the loss, ten times a second at most."""
        now = perf_counter()
        loss = (logs or {}).get("loss")
        if loss is None or now - self._looked < PAUSE:
            return
        self._looked = now
        steps = (self.params or {}).get("steps")
        if steps:
            self.within[0].append(self._done() + (batch + 1) / steps)
            self.within[1].append(float(loss))
            if len(self.within[0]) > 2000:  # a run of days keeps every other point
                self.within = (self.within[0][::2], self.within[1][::2])
        self.changed("batch")

    def on_epoch_end(self, epoch, logs=None):
        """Take in the numbers of an epoch."""
        logs, done = logs or {}, self._done()
        for name in {**self.columns, **logs}:  # with validation_freq=2 every other one is missing
            column = self.columns.setdefault(name, [math.nan] * done)
            column.append(float(logs.get(name, math.nan)))
        self.changed("epoch")

    def on_train_end(self, logs=None):
        """Note that the run is over."""
        self.state = "finished"
        self.changed("end")

    def changed(self, what):
        """React to news, of ``"begin"``, ``"batch"``, ``"epoch"`` or ``"end"``."""

    def _done(self):
        return len(next(iter(self.columns.values()), ()))
