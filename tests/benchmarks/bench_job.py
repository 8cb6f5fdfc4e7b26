"""What holding a run costs: python tests/benchmarks/bench_job.py

Status: the price of one look. Stops: how long a run of the digits network goes on after a stop,
1,000 times. Checkpoints: the share of a run's time that they take.
"""

import argparse
import statistics
import tempfile
import time
import timeit
from pathlib import Path

from dlkit import Network, datasets
from dlkit.layers import Dense
from dlkit.training import TrainingConfig, TrainingJob, gate

DATA = datasets.digits(flat=True)


def make(epochs, folder=None):
    """Return a job that trains 64-128-64-32-10 on digits."""
    network = Network([*(Dense(n, "relu") for n in (128, 64, 32)), Dense(10, "softmax")], (64,))
    config = TrainingConfig(epochs=epochs, early_stopping=False)
    return TrainingJob(network, DATA, config, folder)


def status_seconds():
    """Return the seconds of one look at the status of a job that runs, the best of seven."""
    job = make(100_000)
    job.pace = 50.0
    job.start()
    took = min(timeit.repeat(lambda: job.status, number=20_000, repeat=7)) / 20_000
    job.stop()
    job.wait()
    return took


def stop_seconds(times):
    """Return the seconds from each stop to rest."""
    job, took = make(100_000), []
    for _ in range(times):
        job.start()
        time.sleep(0.005)
        began = time.perf_counter()
        job.stop()
        job.wait()
        took.append(time.perf_counter() - began)
    return took


def checkpoint_share(epochs, turns):
    """Return how much longer a run takes with checkpoints, as a share; the median of some pairs."""
    shares = []
    for _ in range(turns):
        times = []
        with tempfile.TemporaryDirectory() as folder:
            for place in (None, Path(folder, "run")):
                job = make(epochs, place)
                began = time.perf_counter()
                job.start()
                job.wait()
                times.append(time.perf_counter() - began)
        shares.append(times[1] / times[0] - 1)
    return statistics.median(shares)


def show(what, value, target):
    """Print one line with its verdict."""
    verdict = "ok" if value <= target else "MISSED"
    print(f"{what:<52} {value:9.3g}   target {target:g}: {verdict}")


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stops", type=int, default=1000)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    show("one look at the status, microseconds", 1e6 * status_seconds(), 5)
    took = stop_seconds(options.stops)
    most = 1000 * (gate.CHUNK_SECONDS + 0.05)
    show(f"longest of {len(took)} stops, milliseconds", 1000 * max(took), most)
    late = sum(each > most / 1000 for each in took)
    show("stops that came later than a chunk and 50 ms", late, 0)
    show(
        "time that checkpoints add to a run of 300 epochs",
        checkpoint_share(300, options.turns),
        0.1,
    )


if __name__ == "__main__":
    main()
