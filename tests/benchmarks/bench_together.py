"""64 networks (64-32-10, 5 epochs of the digits, batch 128), each with its own learning rate.

python tests/benchmarks/bench_together.py

Together in dlkit, one by one in dlkit, and one by one in scikit-learn. All in float32. Timed twice:
the processor's time on one core, and by the clock with every core that there is, where dlkit shares
the networks out among threads (BLAS threads do not help scikit-learn with matrices this small).
"""

import measuring  # first: it sets how many threads the others use

# isort: split
import time
import warnings

import numpy as np

from dlkit import Network, TrainingConfig, TrainingJob, datasets, layers
from dlkit.training import train_together

RUNS = 64
TOGETHER, ALONE, PEER = "dlkit, together", "dlkit, one by one", "scikit-learn, one by one"
DATA = datasets.digits(flat=True)
CONFIG = TrainingConfig(epochs=5, batch_size=128, early_stopping=False)


def learning_rates(runs):
    """Return the learning rate of each run."""
    return np.geomspace(0.0003, 0.03, runs).tolist()


def plans(runs):
    """Return a fresh network and a configuration for each run."""
    rates = enumerate(learning_rates(runs))
    configs = [CONFIG.replace(learning_rate=rate, seed=i) for i, rate in rates]
    stacks = ([layers.Dense(32, "relu"), layers.Dense(10, "softmax")] for _ in configs)
    return [Network(stack, (64,), seed=i) for i, stack in enumerate(stacks)], configs


def together(runs=RUNS):
    """Return a function that trains all at once."""
    return lambda: train_together(*_data_between(plans(runs)))


def _data_between(pair):
    networks, configs = pair
    return networks, DATA, configs


def alone(runs=RUNS):
    """Return a function that trains them one after the other."""

    def run():
        for network, config in zip(*plans(runs)):
            job = TrainingJob(network, DATA, config)
            job.start()
            job.wait()

    return run


def peer(runs=RUNS):
    """Return a function that trains as many networks with scikit-learn."""
    from sklearn.neural_network import MLPClassifier

    def run():
        for seed, rate in enumerate(learning_rates(runs)):
            model = MLPClassifier(
                (32,),
                batch_size=128,
                max_iter=5,
                alpha=0,
                learning_rate_init=rate,
                random_state=seed,
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # five epochs are too few for it, it says
                model.fit(DATA.x_train, DATA.y_train)

    return run


def measure(turns):
    """Return the `measuring.Result`."""
    lines = []
    makers = {TOGETHER: together, ALONE: alone, PEER: peer}
    times = measuring.in_turns(measuring.available(makers, lines), turns)
    best = measuring.best(times)
    lines += [f"{name:<26}{value / 1000:7.3f} s" for name, value in best.items()]
    task = "64 networks at once"
    goals = [
        measuring.versus(f"{task}, scikit-learn / dlkit", times, PEER, TOGETHER, 8, 15),
        measuring.versus(f"{task}, one by one / together", times, ALONE, TOGETHER, None),
        measuring.Goal(task, best[TOGETHER] / 1000, 0.3, at_least=False, unit="s"),
    ]
    with measuring.all_cores() as cores:
        sides = {TOGETHER: together(), PEER: peer()}
        clock = measuring.in_turns(sides, turns, time.perf_counter)
    task = f"{task}, by the clock on {cores} cores"
    goals += [
        measuring.versus(f"{task}, scikit-learn / dlkit", clock, PEER, TOGETHER, 8, 15),
        measuring.Goal(task, measuring.best(clock)[TOGETHER] / 1000, 0.3, at_least=False, unit="s"),
    ]
    growth = measuring.growth("runs", (1, 4, 16, 64, 256), {TOGETHER: together})
    return measuring.Result("Many networks at once", goals, [growth], lines)


if __name__ == "__main__":
    measuring.main(measure, __doc__, turns=5)
