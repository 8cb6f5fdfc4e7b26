"""The Keras engine of the training loop against Keras's own ``fit``: digits, batch 32.

python tests/benchmarks/bench_keras_engine.py

The engine records the loss of every batch and can be stopped between chunks; ``fit`` keeps a
running mean. How long a stop takes is a matter of wall-clock time, and includes whatever else the
machine does.
"""

import measuring  # first: it sets how many threads the others use

# isort: split
import statistics
import time

import tensorflow as tf

from dlkit import TrainingConfig, TrainingJob, datasets, models
from dlkit.keras.engine import KerasEngine
from dlkit.training import ChunkRecord

EPOCHS = 3
STOP_AFTER = 0.05  # seconds beyond the chunk in hand


def engine_epochs(engine):
    """Train some epochs with the engine; return how many batch losses came back."""
    count = 0
    for epoch in range(1, EPOCHS + 1):
        engine.begin_epoch(epoch)
        count += len(engine.run(0, engine.batches_per_epoch))
    return count


def warm_start(engine):
    """Return the seconds from a new engine for a known model to its first batch loss."""
    times = []
    for rate in (0.001, 0.003, 0.01, 0.03, 0.1):
        began = time.perf_counter()
        again = KerasEngine(engine.model, engine.data, TrainingConfig(learning_rate=rate))
        again.begin_epoch(1)
        again.run(0, 1)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def beyond_the_chunk(model, data, turns):
    """Return the seconds from ``stop`` to rest, less the longest chunk: the median over turns."""
    beyond = []
    job = TrainingJob(model, data, TrainingConfig(epochs=500, early_stopping=False))
    for _ in range(turns):
        chunks = []
        observer = lambda record, chunks=chunks: (  # noqa: E731
            chunks.append(record.seconds) if isinstance(record, ChunkRecord) else None
        )
        job.rewind()
        job.add_observer(observer)
        job.start()
        time.sleep(0.4)
        asked = time.perf_counter()
        job.stop()
        job.wait()
        beyond.append(time.perf_counter() - asked - max(chunks))
        job.remove_observer(observer)
    return max(0.0, statistics.median(beyond))


def measure(turns):
    """Return the `Result`."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    data = datasets.digits(flat=True)
    model = models.build_sequential_model(64, 10, dropout_rate=0.0)
    engine = KerasEngine(model, data, TrainingConfig(batch_size=32))
    losses = engine_epochs(engine)
    x, y = data.x_train, data.y_train
    sides = {
        "Keras engine": lambda: engine_epochs(engine),
        "Keras fit": lambda: model.fit(x, y, batch_size=32, epochs=EPOCHS, verbose=0),
    }
    times = measuring.in_turns(sides, turns)
    lines = [
        f"{name:<32}{value / EPOCHS:8.2f} ms an epoch"
        for name, value in measuring.best(times).items()
    ]
    task, batches = "Keras engine, digits, batch 32", EPOCHS * engine.batches_per_epoch
    beyond = 1e3 * beyond_the_chunk(model, data, max(3, turns // 3))
    goals = [
        measuring.versus(f"{task}: speed / Keras fit", times, "Keras fit", "Keras engine", 3, 6),
        measuring.Goal(
            f"{task}: share of batch losses recorded", 100 * losses / batches, 100, unit="%"
        ),
        measuring.Goal(
            f"{task}: stop, beyond the chunk", beyond, 1e3 * STOP_AFTER, at_least=False, unit="ms"
        ),
        measuring.Goal(
            f"{task}: warm start to first loss", 1e3 * warm_start(engine), 300, None, False, "ms"
        ),
    ]
    return measuring.Result("The Keras engine against Keras's own fit", goals, [], lines)


if __name__ == "__main__":
    measuring.main(measure, __doc__, turns=7)
