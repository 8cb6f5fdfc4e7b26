"""A smaller learning rate where the loss no longer falls."""

from dlkit import checks

MONITORS = ("val_loss", "loss", "val_accuracy", "accuracy", "val_mae", "mae")


class ReduceLROnPlateau:
    """Multiply the learning rate by ``factor`` when a number has not improved for some epochs.

    ::

        learning_rate = max(factor * learning_rate, min_lr)

    as soon as the number has failed ``patience`` times to be better than its best by more than
    ``min_delta``; after that it rests for ``cooldown`` epochs, the last of which counts again.
    Names, defaults and the counting are those of Keras. Give it to a run as
    ``TrainingConfig(plateau=...)``; where that stops early, it needs less patience than early
    stopping has, or the run ends before the learning rate is lowered.

    Parameters
    ----------
    monitor : str
        ``"val_loss"``, ``"loss"``, ``"val_accuracy"``, ``"accuracy"``, ``"val_mae"`` or ``"mae"``.
        Without validation data the one of training is taken, as early stopping does.
    factor : float
        Above 0, below 1.
    patience : int
        Epochs without improvement, 1 or more.
    mode : {"auto", "min", "max"}
        Whether smaller or larger is better; ``"auto"``: larger for an accuracy, else smaller.
    min_delta : float
        By how much the number must improve to count, 0 or more, in its units.
    cooldown : int
        Epochs of rest after a reduction, 0 or more; 0 and 1 are the same.
    min_lr : float
        The learning rate below which it never goes, 0 or more.

    Raises
    ------
    TypeError, ValueError
        If a value is not allowed.

    Source: Keras 3, ``keras.callbacks.ReduceLROnPlateau``.
    """

    def __init__(
        self,
        monitor="val_loss",
        factor=0.1,
        patience=10,
        mode="auto",
        min_delta=1e-4,
        cooldown=0,
        min_lr=0.0,
    ):
        self.monitor = checks.choice("monitor", monitor, MONITORS)
        self.factor = checks.number("factor", factor, above=0, below=1)
        self.patience = checks.whole_number("patience", patience)
        self.mode = checks.choice("mode", mode, ("auto", "min", "max"))
        self.min_delta = checks.number("min_delta", min_delta, minimum=0)
        self.cooldown = checks.whole_number("cooldown", cooldown, minimum=0)
        self.min_lr = checks.number("min_lr", min_lr, minimum=0)
        self.best = None
        self.wait = self.cooldown_counter = 0
        self.learning_rate = None  # that of the next step, once it was reduced

    def after_epoch(self, engine, record):
        """Lower the engine's learning rate if it is time, without checks; never end the run."""
        now = self._monitored(record)
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self._is_better(now):
            self.best, self.wait = now, 0
        elif self.cooldown_counter == 0:
            self.wait += 1
            smaller = max(self.factor * record.learning_rate, self.min_lr)
            if self.wait >= self.patience and 0 < smaller < record.learning_rate:
                engine.set_learning_rate(smaller)
                self.learning_rate = smaller
                self.cooldown_counter, self.wait = self.cooldown, 0

    def at_end(self, engine):
        """Nothing is left to do."""

    def get_config(self):
        """Return the arguments, ready for JSON; what it has seen of a run is not part of them."""
        names = ("monitor", "factor", "patience", "mode", "min_delta", "cooldown", "min_lr")
        return {name: getattr(self, name) for name in names}

    def _monitored(self, record):
        validation = {f"val_{name}": value for name, value in record.val_metrics.items()}
        known = {"loss": record.loss, **record.metrics, **validation}
        if record.val_loss is not None:
            known["val_loss"] = record.val_loss
        training = self.monitor.removeprefix("val_")
        if self.monitor not in known and (training not in known or record.val_loss is not None):
            raise _unknown(self.monitor, known)
        return known.get(self.monitor, known.get(training))

    def _is_better(self, now):
        larger = self.mode == "max" or (self.mode == "auto" and "accuracy" in self.monitor)
        if self.best is None:
            return True
        return now - self.min_delta > self.best if larger else now + self.min_delta < self.best

    def __eq__(self, other):
        """Return whether the other has the same arguments."""
        return isinstance(other, ReduceLROnPlateau) and self.get_config() == other.get_config()

    def __hash__(self):
        """Return a hash that equal ones share."""
        return hash(repr(self.get_config()))

    def __repr__(self):
        """Return how to write this callback."""
        inside = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"ReduceLROnPlateau({inside})"


def check_monitor(config, metrics):
    """Raise ``ValueError`` if the plateau of a configuration watches what its runs do not measure.

    Parameters
    ----------
    config : TrainingConfig
    metrics : iterable of str
        What the runs measure beside the loss, such as ``accuracy``.
    """
    if config.plateau is None:
        return
    known = [prefix + name for prefix in ("", "val_") for name in ("loss", *metrics)]
    if config.plateau.monitor not in known:
        raise _unknown(config.plateau.monitor, known)


def _unknown(monitor, known):
    return ValueError(
        f"monitor must be one of {', '.join(known)} in this run, but got {monitor!r}."
    )


def plateau(value):
    """Return a `ReduceLROnPlateau`, fresh, from another or from its ``get_config()``.

    Parameters
    ----------
    value : ReduceLROnPlateau or dict

    Returns
    -------
    ReduceLROnPlateau

    Raises
    ------
    TypeError, ValueError
        If it is neither, or an argument is unknown or wrong.
    """
    if isinstance(value, ReduceLROnPlateau):
        value = value.get_config()
    if not isinstance(value, dict):
        raise TypeError(
            "plateau must be a ReduceLROnPlateau, such as ReduceLROnPlateau(factor=0.5, patience=3),"
            f" or None, but got {checks.describe(value)}."
        )
    for name in value:
        checks.choice("an argument of plateau", name, ReduceLROnPlateau().get_config())
    return ReduceLROnPlateau(**value)
