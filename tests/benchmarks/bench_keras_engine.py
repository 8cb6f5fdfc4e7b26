"""Time the Keras engine against ``model.fit``, in one run on one machine.

Run it with ``python tests/benchmarks/bench_keras_engine.py``. It prints milliseconds per epoch for
the digits network 64-128-64-32-10 with batches of 32, the ratio, and how long a warm start takes to
its first loss. It exits with 1 if a goal is missed.
"""

import statistics
import sys
from time import perf_counter

from dlkit import TrainingConfig, datasets, models
from dlkit.keras.engine import KerasEngine

ROUNDS, EPOCHS = 5, 5
LEAST_RATIO, LONGEST_START = 3.0, 0.3


def epoch_times(engine):
    """Return seconds per epoch of ``model.fit`` and of the engine, measured in turns."""
    model, data = engine.model, engine.data
    fit_times, engine_times = [], []
    for _ in range(ROUNDS):
        began = perf_counter()
        model.fit(data.x_train, data.y_train, batch_size=32, epochs=EPOCHS, verbose=0)
        fit_times.append((perf_counter() - began) / EPOCHS)
        began = perf_counter()
        for epoch in range(1, EPOCHS + 1):
            engine.begin_epoch(epoch)
            engine.run(0, engine.batches_per_epoch)
        engine_times.append((perf_counter() - began) / EPOCHS)
    return fit_times, engine_times


def warm_start(engine):
    """Return the seconds from a new engine for a known model to its first batch loss."""
    times = []
    for rate in (0.001, 0.003, 0.01, 0.03, 0.1):
        began = perf_counter()
        again = KerasEngine(engine.model, engine.data, TrainingConfig(learning_rate=rate))
        again.begin_epoch(1)
        again.run(0, 1)
        times.append(perf_counter() - began)
    return times


def main():
    """Measure, print, and return whether all goals are met."""
    data = datasets.digits(flat=True)
    model = models.build_sequential_model(64, 10, dropout_rate=0.0)
    engine = KerasEngine(model, data, TrainingConfig(batch_size=32))
    engine.run(0, engine.batches_per_epoch)
    model.fit(data.x_train, data.y_train, batch_size=32, verbose=0)  # both are compiled now
    fit_times, engine_times = epoch_times(engine)
    ratio = statistics.median(a / b for a, b in zip(fit_times, engine_times, strict=True))
    start = statistics.median(warm_start(engine))
    print(f"model.fit       {1000 * statistics.median(fit_times):7.1f} ms per epoch")
    print(f"Keras engine    {1000 * statistics.median(engine_times):7.1f} ms per epoch")
    print(f"ratio           {ratio:7.1f}    (goal: {LEAST_RATIO} or more)")
    print(f"warm start      {1000 * start:7.1f} ms to the first loss (goal: {LONGEST_START:.1f} s)")
    return ratio >= LEAST_RATIO and start <= LONGEST_START


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
