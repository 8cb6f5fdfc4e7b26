"""A run that writes a checkpoint after every chunk, to be killed: ``killed_run.py engine folder``."""

import sys

import numpy as np

from dlkit import Data, Network, layers, schedules
from dlkit.training import TrainingConfig, TrainingJob, checkpoint

CONFIG = TrainingConfig(
    epochs=6,
    batch_size=4,
    optimizer="nadam",
    patience=2,
    learning_rate_schedule=schedules.CosineAnnealing(0.01, 100),
)


def make_data():
    """Return a few samples of three classes."""
    random = np.random.default_rng(3)
    x = random.normal(size=(70, 5)).astype("float32")
    y = (x[:, 0] > 0).astype("int64") + (x[:, 1] > 0)
    return Data(x[:50], y[:50], x[50:], y[50:])


def make_model(engine, seed=0):
    """Return a network with everything that has a state: dropout and moving statistics."""
    if engine == "numpy":
        stack = [
            layers.Dense(6, "relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Dense(3, "softmax"),
        ]
        return Network(stack, 5, seed=seed)
    import keras

    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((5,)),
            keras.layers.Dense(6, "relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(3, "softmax"),
        ]
    )


def outcome(job):
    """Return all numbers of a run as one array of bytes: weights, losses, history."""
    weights = job.engine.weights()
    weights = list(weights.values()) if isinstance(weights, dict) else weights
    history = [np.array(column) for column in job.history.history.values()]
    numbers = [*weights, job.history.batch_losses, *history]
    return b"".join(np.ascontiguousarray(each).tobytes() for each in numbers)


def write_always():
    """Write a checkpoint after each chunk, whatever it costs."""
    checkpoint.SECONDS, checkpoint.SHARE = 0.0, float("inf")


def main(engine, folder):
    """Begin a run, or go on with it, and say when it goes."""
    write_always()
    model, data = make_model(engine), make_data()
    try:
        job = TrainingJob.from_checkpoint(folder, model, data)
    except FileNotFoundError:
        job = TrainingJob(model, data, CONFIG, folder)
    job.pace = 150.0
    job.resume()
    print("going", flush=True)
    job.wait()
    print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
