"""The one training loop, for every engine; whoever watches stands outside it."""

from time import perf_counter

import numpy as np

from dlkit import checks
from dlkit.training.config import check_config
from dlkit.training.protocol import Engine
from dlkit.training.records import ChunkRecord, EndRecord, EpochRecord


def training_loop(engine, config, chunk_size, callbacks=()):
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
        in ``at_end(engine)``.

    Yields
    ------
    ChunkRecord, EpochRecord, None, and at last one EndRecord
    """
    _check(engine, config, chunk_size, callbacks)
    good, step = engine.snapshot(), 0
    for epoch in range(1, config.epochs + 1):
        engine.begin_epoch(epoch)
        batch, seconds = 0, 0.0
        while batch < engine.batches_per_epoch:
            count = chunk_size(engine.batches_per_epoch - batch)
            if not count:
                yield None
                continue
            began, before = perf_counter(), engine.snapshot()
            losses = engine.run(batch, count)
            took = perf_counter() - began
            # weights whose very first loss is not finite were broken by the chunk before
            good = before if np.isfinite(losses[0]) else good
            diverged = not np.isfinite(losses).all()
            if diverged:
                losses = losses[: np.argmin(np.isfinite(losses)) + 1]
                engine.restore(good)
            numbers = range(batch + 1, batch + len(losses) + 1)
            rates = config.learning_rates(step, len(losses))
            yield ChunkRecord(epoch, numbers, losses, step, rates, took)
            if diverged:
                yield _diverged(losses[-1], epoch, f", batch {numbers[-1]}")
                return
            batch, step, seconds = batch + count, step + count, seconds + took
        began = perf_counter()
        metrics = engine.train_metrics()
        val_loss, val_metrics = engine.evaluate("validation")
        seconds += perf_counter() - began
        loss = metrics.pop("loss")
        record = EpochRecord(epoch, loss, metrics, val_loss, val_metrics, rates[-1], seconds)
        yield record
        if val_loss is not None and not np.isfinite(val_loss):
            engine.restore(good)
            yield _diverged(val_loss, epoch, " on the validation data")
            return
        reasons = [callback.after_epoch(engine, record) for callback in callbacks]
        if any(reasons):
            break
    for callback in callbacks:
        callback.at_end(engine)
    yield EndRecord("finished", next(filter(None, reasons), f"all {config.epochs} epochs are done"))


def _check(engine, config, chunk_size, callbacks):
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


def _diverged(loss, epoch, place):
    return EndRecord(
        "stopped",
        f"loss is not finite ({loss}) in epoch {epoch}{place}: the run diverged, and the weights "
        "from before are back; try a smaller learning rate",
    )
