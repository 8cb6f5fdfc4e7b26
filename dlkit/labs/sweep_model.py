"""What the sweep lab computes: many small networks, one for each cell of a map and each seed."""

import functools
import math
from dataclasses import dataclass, field

import numpy as np

from dlkit import datasets
from dlkit.training.config import TrainingConfig
from dlkit.training.together import together_by_epoch
from dlkit.training.trials import build_mlp

RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
BATCH_SIZES = (16, 32, 64, 128, 256)
METRICS = ("accuracy", "val_loss", "loss", "spread")


@dataclass(frozen=True)
class SweepSettings:
    """What decides a map.

    Parameters
    ----------
    dataset : str
        A name in ``dlkit.datasets.DATASETS``.
    width : int
        Units in the one hidden layer.
    epochs : int
        Of every run.
    optimizer : str
        A name in ``dlkit.optimizers.OPTIMIZERS``.
    seeds : int
        Runs in each cell: seeds 0 … seeds − 1.
    """

    dataset: str = "digits"
    width: int = 16
    epochs: int = 2
    optimizer: str = "sgd"
    seeds: int = 3

    @classmethod
    def among(cls, values):
        """Return the settings among the values of a lab's controls."""
        return cls(**{name: values[name] for name in cls.__dataclass_fields__})

    @property
    def networks(self):
        """How many networks the map takes."""
        return len(RATES) * len(BATCH_SIZES) * self.seeds


@dataclass(frozen=True, eq=False)
class SweepMap:
    """The histories of all runs of a map, up to now.

    Parameters
    ----------
    settings : SweepSettings
    histories : tuple of tuple of tuple of History
        ``histories[batch size][learning rate][seed]``, counted along `BATCH_SIZES` and `RATES`.
    """

    settings: SweepSettings
    histories: tuple
    _kept: dict = field(default_factory=dict, init=False, repr=False)

    @property
    def epochs(self):
        """Epochs that all runs have done, but for those that diverged."""
        return max(len(run) for row in self.histories for cell in row for run in cell)

    @property
    def done(self):
        """Whether no epoch is left."""
        return self.epochs == self.settings.epochs

    def scores(self, name):
        """Return a number of each run at its best epoch, shape (batch sizes, rates, seeds).

        Parameters
        ----------
        name : str
            A key of ``history.history``; the best epoch is that of the lowest validation loss.

        Returns
        -------
        numpy.ndarray
            0 for the accuracy and infinity for the loss of a run that diverged, as `sweep` counts.
        """
        if name not in self._kept:
            self._kept[name] = np.array(
                [[[_score(run, name) for run in cell] for cell in row] for row in self.histories]
            )
        return self._kept[name]

    @property
    def diverged(self):
        """How many runs of each cell diverged, shape (batch sizes, rates)."""
        if "diverged" not in self._kept:
            self._kept["diverged"] = np.array(
                [[sum(map(_diverged, cell)) for cell in row] for row in self.histories]
            )
        return self._kept["diverged"]

    def measure(self, metric):
        """Return the key of ``history.history`` that a metric reads, and whether higher is better.

        Parameters
        ----------
        metric : str
            One of `METRICS`.
        """
        if metric in ("val_loss", "loss"):
            return metric, False
        known = {
            name for row in self.histories for cell in row for run in cell for name in _keys(run)
        }
        return ("val_mae", False) if "val_mae" in known else ("val_accuracy", True)

    def statistics(self, metric):
        """Return mean and standard deviation over the seeds, shape (batch sizes, rates) each.

        ::

            spread = sqrt(sum((score - mean)^2) / (seeds - 1))

        One seed has no spread: NaN.
        """
        scores = self.scores(self.measure(metric)[0])
        mean = scores.mean(axis=2)
        if scores.shape[2] == 1:
            return mean, np.full(mean.shape, np.nan)
        with np.errstate(invalid="ignore"):
            return mean, scores.std(axis=2, ddof=1)

    def best(self, metric):
        """Return (row, column) of the cell with the best mean."""
        mean, _ = self.statistics(metric)
        worst_first = mean if self.measure(metric)[1] else -mean
        return np.unravel_index(int(np.argmax(np.nan_to_num(worst_first, nan=-np.inf))), mean.shape)

    def as_good(self, metric):
        """Return which cells the seeds cannot tell from the best, shape (batch sizes, rates).

        Their mean differs from the best one by no more than the larger of the two spreads. With one
        seed, which has none, it is the best alone.
        """
        mean, spread = self.statistics(metric)
        best = self.best(metric)
        with np.errstate(invalid="ignore"):
            near = np.abs(mean - mean[best]) <= np.maximum(spread, spread[best])
        near[best] = True
        return near & np.isfinite(mean)


def sweep_by_epoch(settings):
    """Train all networks of a map, and yield a `SweepMap` after each epoch.

    All learning rates and seeds of one batch size are trained at once.

    Parameters
    ----------
    settings : SweepSettings

    Yields
    ------
    SweepMap or None
        None after each part of an epoch: a moment to draw, or to stop.
    """
    data = datasets.get(settings.dataset)
    rows = [together_by_epoch(*_row(settings, data, size)) for size in BATCH_SIZES]
    latest = [None] * len(rows)
    for _ in range(settings.epochs):
        for index, row in enumerate(rows):
            latest[index] = next(row, latest[index])  # a row whose runs all diverged has ended
            yield None
        yield SweepMap(settings, tuple(_cells(each, settings.seeds) for each in latest))


@functools.cache
def training_samples(dataset):
    """Return how many training samples a data set has, looked up once."""
    return len(datasets.get(dataset).x_train)


@functools.lru_cache(maxsize=4)
def first_map(settings):
    """Return the whole map of some settings, computed at once and kept."""
    return [each for each in sweep_by_epoch(settings) if each is not None][-1]


def _row(settings, data, batch_size):
    plans = [(rate, seed) for rate in RATES for seed in range(settings.seeds)]
    # float64 prints alike on every machine; runs of one seed start from the same weights
    networks = {
        seed: build_mlp(data, seed, width=settings.width, dtype="float64")
        for seed in range(settings.seeds)
    }
    configs = [
        TrainingConfig(
            epochs=settings.epochs,
            batch_size=batch_size,
            optimizer=settings.optimizer,
            learning_rate=rate,
            seed=seed,
            early_stopping=False,
        )
        for rate, seed in plans
    ]
    return [networks[seed] for _, seed in plans], data, configs


def _cells(histories, seeds):
    return tuple(
        tuple(histories[start : start + seeds]) for start in range(0, len(histories), seeds)
    )


def _keys(run):
    records = run.records[:1]
    return [f"val_{name}" for record in records for name in record.val_metrics]


def _diverged(run):
    return "not finite" in run.stop_reason


def _score(run, name):
    worst = 0.0 if name == "val_accuracy" else math.inf
    if _diverged(run) or not run.best_epoch:
        return worst
    record = run.records[run.best_epoch - 1]
    known = {"loss": record.loss, "val_loss": record.val_loss}
    known |= {f"val_{key}": value for key, value in record.val_metrics.items()}
    value = known.get(name, worst)
    return value if math.isfinite(value) else worst
