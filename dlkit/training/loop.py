"""The one training loop, for every engine; whoever watches stands outside it."""

import dataclasses
from time import perf_counter

import numpy as np

from dlkit import checks
from dlkit.training.config import check_config
from dlkit.training.protocol import Engine, all_done
from dlkit.training.records import ChunkRecord, EndRecord, EpochRecord


@dataclasses.dataclass
class Place:
    """Where a run stands between two batches: with the engine's snapshot, all that resuming needs.

    Parameters
    ----------
    epoch : int
        The epoch that goes on or comes next, counted from 1.
    batch : int
        Batches done in it.
    step : int
        Batches done in the whole run.
    seconds : float
        How long this epoch has taken so far.
    reason : str or None
        Why a callback has ended the run; None while it goes on.
    learning_rate : float or None
        What a callback has set it to; None while it is the configuration's.
    """

    epoch: int = 1
    batch: int = 0
    step: int = 0
    seconds: float = 0.0
    reason: str | None = None
    learning_rate: float | None = None

    def learning_rates(self, config, step, count):
        """Return the learning rates of ``count`` steps from ``step`` on, without checks."""
        if self.learning_rate is None:
            return config.learning_rates(step, count)
        return (self.learning_rate,) * count


def training_loop(engine, config, chunk_size, callbacks=(), place=None, keep=None):
    """Train epoch by epoch, chunk by chunk, and yield a record of each.

    Parameters
    ----------
    engine : Engine
        Holds the model, the data and the optimizer.
    config : TrainingConfig
        How many epochs, and what the callbacks need.
    chunk_size : callable
        ``chunk_size(left)`` says how many of the ``left`` batches of this epoch to train now. If it
        says 0, the loop yields None, and asks again when it is continued: this is how a run is
        paused.
    callbacks : sequence
        Each may end the run with ``after_epoch(engine, record) -> reason or None``, and tidies up
        in ``at_end(engine)``. One that sets the engine's learning rate keeps it in its attribute
        ``learning_rate``, from where it comes into the records.
    place : Place, optional
        Where to go on; the engine must stand there too. By default before the first batch. It is
        changed as the run goes.
    keep : callable, optional
        ``keep(place)`` is called after each chunk and each epoch, when engine, callbacks and place
        fit each other and every record has been taken: this is how checkpoints are made.

    Yields
    ------
    ChunkRecord, EpochRecord, None, and at last one EndRecord
    """
    place, keep = _check(engine, config, chunk_size, callbacks, place, keep)
    good = engine.snapshot()
    while place.epoch <= config.epochs and place.reason is None:
        epoch = place.epoch
        if place.batch == 0:
            engine.begin_epoch(epoch)
        while place.batch < engine.batches_per_epoch:
            count = chunk_size(engine.batches_per_epoch - place.batch)
            if not count:
                yield None
                continue
            began, before = perf_counter(), engine.snapshot()
            losses = engine.run(place.batch, count)
            took = perf_counter() - began
            # weights whose very first loss is not finite were broken by the chunk before
            good = before if np.isfinite(losses[0]) else good
            diverged = not np.isfinite(losses).all()
            if diverged:
                losses = losses[: np.argmin(np.isfinite(losses)) + 1]
                engine.restore(good)
            numbers = range(place.batch + 1, place.batch + len(losses) + 1)
            rates = place.learning_rates(config, place.step, len(losses))
            yield ChunkRecord(epoch, numbers, losses, place.step, rates, took)
            if diverged:
                yield _diverged(losses[-1], epoch, f", batch {numbers[-1]}")
                return
            place.batch, place.step = place.batch + count, place.step + count
            place.seconds += took
            keep(place)
        record = _finish_epoch(engine, config, place)
        yield record
        if record.val_loss is not None and not np.isfinite(record.val_loss):
            engine.restore(good)
            yield _diverged(record.val_loss, epoch, " on the validation data")
            return
        reasons = [callback.after_epoch(engine, record) for callback in callbacks]
        place.reason = next(filter(None, reasons), None)
        rates = [getattr(callback, "learning_rate", None) for callback in callbacks]
        place.learning_rate = next(filter(None, rates), place.learning_rate)
        place.epoch, place.batch, place.seconds = epoch + 1, 0, 0.0
        keep(place)
    for callback in callbacks:
        callback.at_end(engine)
    yield EndRecord("finished", place.reason or all_done(config.epochs))


def _check(engine, config, chunk_size, callbacks, place, keep):
    """Return where to begin, and a ``keep`` that can be called, if the arguments are right."""
    if not isinstance(engine, Engine):
        raise TypeError(f"engine must be an Engine, but got {checks.describe(engine)}.")
    check_config(config)
    if not callable(chunk_size):
        raise TypeError(
            "chunk_size must be a function of the batches left, but got "
            f"{checks.describe(chunk_size)}."
        )
    known = isinstance(callbacks, list | tuple)
    if not known or not all(hasattr(callback, "after_epoch") for callback in callbacks):
        raise TypeError(
            "callbacks must be a list of objects with after_epoch and at_end, but got "
            f"{checks.describe(callbacks)}."
        )
    if place is not None and not isinstance(place, Place):
        raise TypeError(f"place must be a Place or None, but got {checks.describe(place)}.")
    if keep is not None and not callable(keep):
        raise TypeError(
            f"keep must be a function of the place or None, but got {checks.describe(keep)}."
        )
    return place or Place(), keep or (lambda place: None)


def _finish_epoch(engine, config, place):
    """Return the record of the epoch whose batches are all done."""
    began = perf_counter()
    metrics = engine.train_metrics()
    val_loss, val_metrics = engine.evaluate("validation")
    # an engine of one's own may know nothing of layers
    layers = getattr(engine, "layer_records", tuple)() if config.record_layers else ()
    seconds = place.seconds + perf_counter() - began
    (rate,) = place.learning_rates(config, place.step - 1, 1)
    loss = metrics.pop("loss")
    return EpochRecord(place.epoch, loss, metrics, val_loss, val_metrics, rate, seconds, layers)


def _diverged(loss, epoch, place):
    return EndRecord(
        "stopped",
        f"loss is not finite ({loss}) in epoch {epoch}{place}: the run diverged, and the weights "
        "from before are back; try a smaller learning rate",
    )
