"""A thousand training runs in one process: what each leaves behind in memory.

python tests/benchmarks/bench_memory.py

A run is a new network, a new job and an epoch on the digits; on Keras, where building is what
leaks, it is a new job for the same model. The slope of a line through the process's size says what
a run leaves behind; the first fifth, in which caches fill, is left out.
"""

import measuring  # first: it sets how many threads the others use

# isort: split
import gc
import sys

import numpy as np

from dlkit import Network, TrainingConfig, TrainingJob, datasets, models
from dlkit.layers import Dense

NUMPY_RUNS, KERAS_RUNS = 1000, 60
DATA = datasets.digits(flat=True)


def resident():
    """Return the megabytes of this process in memory, or None where that cannot be read."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * 4096 / 2**20
    except OSError:
        return None


def numpy_run(number):
    """Train a new network for an epoch."""
    layers = [*(Dense(units, "relu") for units in (128, 64, 32)), Dense(10, "softmax")]
    config = TrainingConfig(epochs=1, seed=number, batch_size=128)
    finish(TrainingJob(Network(layers, (64,), seed=number), DATA, config))


def keras_run(model, number):
    """Train a known model for an epoch from its initial weights, with another learning rate."""
    config = TrainingConfig(epochs=1, seed=number, learning_rate=0.001 * (1 + number % 10))
    job = TrainingJob(model, DATA, config)
    finish(job)
    job.rewind()


def finish(job):
    """Run a job to its end, and look at what it gives."""
    job.start()
    job.wait()
    assert job.status.state == "finished" and np.isfinite(job.history.batch_losses).all()


def per_run(run, runs):
    """Return the megabytes that each run leaves behind, or None where that cannot be read."""
    sizes = []
    for number in range(runs):
        run(number)
        if number % 10 == 9:
            gc.collect()
            sizes.append(resident())
    if sizes[0] is None:
        return None
    settled = sizes[len(sizes) // 5 :]
    return float(max(0.0, np.polyfit(np.arange(len(settled)) * 10, settled, 1)[0]))


def measure(turns):
    """Return the `Result`; ``turns`` are per cent of the runs."""
    runs, keras_runs = (max(50, each * turns // 100) for each in (NUMPY_RUNS, KERAS_RUNS))
    note = "" if sys.platform == "linux" else "read on Linux only"
    model = models.build_sequential_model(64, 10)
    limits = (
        (f"{runs} runs on NumPy", per_run(numpy_run, runs), 0.01),
        (f"{keras_runs} runs on Keras", per_run(lambda n: keras_run(model, n), keras_runs), 0.2),
    )
    goals = [
        measuring.Goal(f"memory left by each of {what}", leaves, limit, None, False, "MB", note)
        for what, leaves, limit in limits
    ]
    return measuring.Result("Many runs in one process", goals)


if __name__ == "__main__":
    measuring.main(measure, __doc__, turns=100)
