"""What the learning-rate lab computes: a range test, schedules, and runs with and without one."""

import functools
import math
from dataclasses import dataclass

import numpy as np

from dlkit import datasets, schedules
from dlkit.labs.sweep_model import training_samples
from dlkit.training.config import TrainingConfig
from dlkit.training.learning_rate_finder import find_learning_rate
from dlkit.training.together import together_by_epoch
from dlkit.training.trials import build_mlp

SEEDS = (0, 1, 2, 3, 4)
WIDTH = 32
NAMES = tuple(name for name in schedules.SCHEDULES if name != "Warmup")
"""The schedules of the menu; warm-up goes before any of them, by a slider of its own."""
STUDENT = 2.776


@dataclass(frozen=True)
class RateSettings:
    """What decides the runs.

    Parameters
    ----------
    dataset : str
        A name in ``dlkit.datasets.DATASETS``.
    depth : int
        Hidden layers of 32 units.
    optimizer : str
        A name in ``dlkit.optimizers.OPTIMIZERS``.
    batch_size, epochs : int
    learning_rate : float
        The highest rate of the schedule, and that of constant runs.
    schedule : str
        One of `NAMES`.
    warm_up : float
        Share of all steps in which the rate rises from 0, from 0 to 0.5.
    end : float
        Where the schedule ends, as a share of ``learning_rate``.
    reference : str
        What the runs are compared with: ``"constant"`` for the same rate throughout, or
        ``"no_warm_up"`` for the same schedule without warm-up.
    """

    dataset: str = "digits"
    depth: int = 3
    optimizer: str = "adam"
    batch_size: int = 128
    epochs: int = 8
    learning_rate: float = 0.03
    schedule: str = "CosineAnnealing"
    warm_up: float = 0.1
    end: float = 0.01
    reference: str = "constant"

    @classmethod
    def among(cls, values):
        """Return the settings among the values of a lab's controls."""
        return cls(**{name: values[name] for name in cls.__dataclass_fields__})

    @property
    def tested(self):
        """What the range test depends on."""
        return self.dataset, self.depth, self.optimizer, self.batch_size

    @property
    def steps(self):
        """Steps of a whole run."""
        return self.epochs * math.ceil(training_samples(self.dataset) / self.batch_size)

    @property
    def made(self):
        """The schedule itself, a `Schedule`."""
        return make_schedule(self.schedule, self.learning_rate, self.steps, self.warm_up, self.end)

    @property
    def compared(self):
        """The schedule of the runs it is compared with."""
        if self.reference == "constant":
            return schedules.Constant(self.learning_rate)
        return make_schedule(self.schedule, self.learning_rate, self.steps, 0.0, self.end)


def make_schedule(name, rate, steps, warm_up, end):
    """Return a schedule that fits a run.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    rate : float
        Its highest learning rate.
    steps : int
        Of the run, 2 or more.
    warm_up : float
        Share of the steps in which the rate rises from 0 before the schedule begins.
    end : float
        The rate after the last step, as a share of ``rate``; a staircase has four stairs, restarts
        come after a seventh and after three sevenths.

    Returns
    -------
    Schedule
    """
    rise = min(round(warm_up * steps), steps - 1)
    left = max(steps - rise, 2)
    stair = max(math.ceil(left / 4), 1)
    made = {
        "Constant": lambda: schedules.Constant(rate),
        "StepDecay": lambda: schedules.StepDecay(rate, stair, end ** (1 / 3)),
        "ExponentialDecay": lambda: schedules.ExponentialDecay(rate, left, end),
        "InverseTimeDecay": lambda: schedules.InverseTimeDecay(rate, left, 1 / end - 1),
        "PolynomialDecay": lambda: schedules.PolynomialDecay(rate, left, end * rate),
        "CosineAnnealing": lambda: schedules.CosineAnnealing(rate, left, end),
        "CosineRestarts": lambda: schedules.CosineRestarts(
            rate, max(math.ceil(left / 7), 1), alpha=end
        ),
        "OneCycle": lambda: schedules.OneCycle(rate, left, end_divisor=max(0.04 / end, 1.0)),
    }[name]()
    return schedules.Warmup(made, rise) if rise else made


@dataclass(frozen=True, eq=False)
class RateRuns:
    """Runs with a schedule and runs to compare them with, of the same seeds.

    Parameters
    ----------
    settings : RateSettings
    scheduled, compared : tuple of History
        One for each of `SEEDS`.
    """

    settings: RateSettings
    scheduled: tuple
    compared: tuple

    @property
    def epochs(self):
        """Epochs done so far, in the run that has most."""
        return max(len(run) for run in (*self.scheduled, *self.compared))

    @property
    def measure(self):
        """``val_accuracy``, the higher the better, or ``val_mae``, the lower the better."""
        known = {
            name
            for run in (*self.scheduled, *self.compared)
            for record in run.records[:1]
            for name in record.val_metrics
        }
        return "val_mae" if "mae" in known else "val_accuracy"

    @property
    def alike(self):
        """Whether both have the very same schedule, so that all runs come out alike."""
        return self.settings.made == self.settings.compared

    def ends(self, name):
        """Return a number after the last epoch, two arrays of shape (seeds,): scheduled, compared.

        Parameters
        ----------
        name : str
            ``val_loss``, ``val_accuracy`` or ``val_mae``; NaN for a run that diverged.
        """
        return tuple(
            np.array([_last(run, name) for run in runs]) for runs in (self.scheduled, self.compared)
        )

    def ratio(self):
        """Return how many times the other's validation loss the scheduled one is, and if by chance.

        ::

            ratio = exp(mean(r)),  r_seed = ln(scheduled / compared)

        Seed by seed, for both begin with the same weights and see the same batches.

        Returns
        -------
        ratio : float
            NaN if a run diverged.
        clear : bool
            Whether the mean of r lies more than 2.776 standard errors from 0: Student's t at 95 %
            for five seeds.
        """
        scheduled, compared = self.ends("val_loss")
        r = np.log(scheduled / compared)
        error = r.std(ddof=1) / math.sqrt(len(r))
        return float(np.exp(r.mean())), bool(abs(r.mean()) > STUDENT * error)


@functools.lru_cache(maxsize=8)
def range_test(dataset, depth, optimizer, batch_size):
    """Return the `LearningRateRange` of the lab's network with seed 0, kept for the next time."""
    data = datasets.get(dataset)
    config = TrainingConfig(optimizer=optimizer, batch_size=batch_size)
    network = build_mlp(data, 0, hidden_layers=(WIDTH,) * depth, dtype="float64")
    return find_learning_rate(network, data, config, minimum=1e-5, maximum=10.0, steps=150)


def runs_by_epoch(settings):
    """Train with the schedule and without, and yield `RateRuns` after each epoch.

    Parameters
    ----------
    settings : RateSettings

    Yields
    ------
    RateRuns
    """
    data = datasets.get(settings.dataset)
    networks, configs = [], []
    for schedule in (settings.made, settings.compared):
        for seed in SEEDS:
            networks.append(
                build_mlp(data, seed, hidden_layers=(WIDTH,) * settings.depth, dtype="float64")
            )
            configs.append(
                TrainingConfig(
                    epochs=settings.epochs,
                    batch_size=settings.batch_size,
                    optimizer=settings.optimizer,
                    learning_rate_schedule=schedule,
                    early_stopping=False,
                    seed=seed,
                )
            )
    for histories in together_by_epoch(networks, data, configs):
        yield RateRuns(settings, tuple(histories[: len(SEEDS)]), tuple(histories[len(SEEDS) :]))


@functools.lru_cache(maxsize=2)
def first_runs(settings):
    """Return the runs of some settings, computed at once and kept."""
    return list(runs_by_epoch(settings))[-1]


def _last(run, name):
    if not run.records or "not finite" in run.stop_reason:
        return math.nan
    record = run.records[-1]
    return record.val_loss if name == "val_loss" else record.val_metrics[name.removeprefix("val_")]
