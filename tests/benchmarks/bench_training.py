"""Speed of training, as ratios measured in one run: python tests/benchmarks/bench_training.py

Everything trains the same network, 64-128-64-32-10 on scikit-learn's digits, batch size 32, Adam.
The candidates take turns and the best turn of each counts, so that a busy machine harms all alike.
"""

import argparse
import os
import statistics
import threading
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

from dlkit import Network, datasets
from dlkit.layers import Dense
from dlkit.training import ChunkRecord, Status, TrainingConfig, TrainingJob
from dlkit.training.engine import NumpyEngine

EPOCHS = 10
DATA = datasets.digits(flat=True)
CONFIG = TrainingConfig(epochs=EPOCHS, early_stopping=False)


def network():
    """Return the network of the first lab."""
    return Network([*(Dense(n, "relu") for n in (128, 64, 32)), Dense(10, "softmax")], (64,))


def seconds(work, clock=time.perf_counter):
    """Return how long ``work()`` takes."""
    began = clock()
    work()
    return clock() - began


def best(candidates, turns, clock=time.perf_counter):
    """Return the best seconds of each candidate, after one turn to warm up."""
    times = {name: [] for name in candidates}
    for turn in range(turns + 1):
        for name, work in candidates.items():
            took = seconds(work, clock)
            if turn:
                times[name].append(took)
    return {name: min(values) for name, values in times.items()}


def paired_ratio(work, reference, turns):
    """Return the median ratio of processor times, for two per cent drown in wall-clock noise."""
    ratios = []
    for turn in range(turns):
        pair = [(work, 1), (reference, -1)][
            :: 1 if turn % 2 else -1
        ]  # each goes first half the time
        ratio = 1.0
        for run, sign in pair:
            ratio *= seconds(run, time.process_time) ** sign
        ratios.append(ratio)
    return statistics.median(ratios)


class TimedEngine(NumpyEngine):
    """The same engine, which adds up the processor time of its own work."""

    inside = 0.0

    def _timed(self, method, *arguments):
        began = time.thread_time()
        result = method(*arguments)
        self.inside += time.thread_time() - began
        return result

    def begin_epoch(self, epoch):
        self._timed(super().begin_epoch, epoch)

    def run(self, first, count):
        return self._timed(super().run, first, count)

    def train_metrics(self):
        return self._timed(super().train_metrics)

    def evaluate(self, part):
        return self._timed(super().evaluate, part)


def share_outside(turns):
    """Return the training thread's processor time outside the engine, over that inside.

    Outside are records, status, snapshots, pause and pace. One thread, one clock, one run: what
    the machine does besides falls on both sides alike.
    """
    engine = TimedEngine(network(), DATA, CONFIG)
    job, totals = TrainingJob(engine, DATA, CONFIG), []

    def observer(record):
        if isinstance(record, Status):  # the last one comes at the end of the training thread
            totals.append(time.thread_time())

    job.add_observer(observer)
    shares = []
    for _ in range(turns + 1):
        engine.inside = 0.0
        whole_run(job)
        shares.append(totals[-1] / engine.inside - 1)
    return statistics.median(shares[1:])


def bare_loop(engine):
    """Train without job, records, snapshots or observers."""
    engine.reset()
    for epoch in range(1, EPOCHS + 1):
        engine.begin_epoch(epoch)
        engine.run(0, engine.batches_per_epoch)
        engine.train_metrics()
        engine.evaluate("validation")


def whole_run(job):
    """Train from start to end in the background."""
    job.start()
    job.wait()


def scikit_learn():
    """Return a function that trains scikit-learn's network for as many epochs."""
    from sklearn.neural_network import MLPClassifier

    def train():
        model = MLPClassifier((128, 64, 32), batch_size=32, solver="adam", random_state=0)
        for _ in range(EPOCHS):
            model.partial_fit(DATA.x_train, DATA.y_train, classes=range(10))
            model.score(DATA.x_validation, DATA.y_validation)

    return train


def keras_model():
    """Return the same network in Keras, compiled."""
    import keras

    hidden = [keras.layers.Dense(n, "relu") for n in (128, 64, 32)]
    model = keras.Sequential([keras.Input((64,)), *hidden, keras.layers.Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def first_record(job, turns):
    """Return the median seconds from Start to the first record of a warm job."""
    times = []
    for turn in range(turns + 1):
        arrived, at = threading.Event(), []

        def observer(record, at=at, arrived=arrived):
            if isinstance(record, ChunkRecord) and not at:
                at.append(time.perf_counter())
                arrived.set()

        job.add_observer(observer)
        job.reconfigure(job.config.replace(learning_rate=0.001 * (turn + 1)))
        began = time.perf_counter()
        job.start()
        arrived.wait()
        times.append(at[0] - began)
        job.stop()
        job.wait()
        job.remove_observer(observer)
    return statistics.median(times[1:])


def show(what, value, unit, target):
    """Print one line; ``target`` is the most that is allowed."""
    verdict = (
        "" if target is None else f"   target {target:g}: {'ok' if value <= target else 'MISSED'}"
    )
    print(f"{what:<58}{value:>9.3f} {unit}{verdict}", flush=True)


def main():
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=20, help="turns of each candidate")
    parser.add_argument("--without-keras", action="store_true", help="leave Keras out")
    options = parser.parse_args()
    engine, job = NumpyEngine(network(), DATA, CONFIG), TrainingJob(network(), DATA, CONFIG)
    candidates = {"loop": lambda: bare_loop(engine), "job": lambda: whole_run(job)}
    candidates["scikit-learn"] = scikit_learn()
    times = best(candidates, options.turns)
    show("NumPy, an epoch of the job", times["job"] / EPOCHS * 1e3, "ms", None)
    ratio = paired_ratio(candidates["job"], candidates["loop"], 3 * options.turns)
    show("job and records / bare loop - 1", (ratio - 1) * 100, "%", 2)
    show("the same within one run: outside / inside the engine", share_outside(20) * 100, "%", 2)
    show("NumPy job / scikit-learn", times["job"] / times["scikit-learn"], "", 1)
    show("NumPy: Start to first record, warm", first_record(job, 10) * 1e3, "ms", 100)
    if options.without_keras:
        return
    fitted, model = keras_model(), keras_model()
    keras_job = TrainingJob(model, DATA, CONFIG)

    def fit():
        validation = (DATA.x_validation, DATA.y_validation)
        fitted.fit(DATA.x_train, DATA.y_train, 32, EPOCHS, verbose=0, validation_data=validation)

    turns = max(2, options.turns // 5)
    keras_times = best({"fit": fit, "job": lambda: whole_run(keras_job)}, turns)
    show("Keras fit / NumPy job", keras_times["fit"] / times["job"], "times", None)
    show("Keras job / Keras fit", keras_times["job"] / keras_times["fit"], "", 1)
    show("Keras: Start to first record, warm", first_record(keras_job, 10) * 1e3, "ms", 300)


if __name__ == "__main__":
    main()
