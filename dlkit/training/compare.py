"""compare: which of several ways to train is better, each at its own best learning rate."""

from collections.abc import Mapping

import numpy as np

from dlkit import checks
from dlkit.training.config import TrainingConfig, check_config
from dlkit.training.parts import check_data
from dlkit.training.sweep import Sweep
from dlkit.training.trials import check_seeds, check_ways, run_trials

RATES = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
TUNING_SEEDS = 2


class Comparison:
    """What came out of `compare`.

    Parameters
    ----------
    tuning : dict of str to Sweep
        The search for each variant's learning rate; empty where none was made.
    results : dict of str to Sweep
        The runs that are compared: one for each seed.
    """

    def __init__(self, tuning, results):
        self.tuning, self.results = dict(tuning), dict(results)

    @property
    def metric(self):
        """``val_accuracy`` (the higher, the better) or ``val_loss`` (the lower)."""
        return next(iter(self.results.values())).metric

    @property
    def histories(self):
        """Variant -> list of `History`, one for each seed."""
        return {
            name: [trial.history for trial in found.trials] for name, found in self.results.items()
        }

    @property
    def values(self):
        """Variant -> `metric` of each seed, as an array; the same seeds in the same order."""
        return {
            name: np.array([found.value(trial) for trial in found.trials])
            for name, found in self.results.items()
        }

    @property
    def table(self):
        """A pandas table, the best variant first: learning rate, mean, spread, lowest, highest."""
        import pandas

        rows = []
        for name, values in self.values.items():
            trial = self.results[name].trials[0]
            rows.append(
                {
                    "variant": name,
                    "learning_rate": trial.history.config.learning_rate,
                    "mean": float(values.mean()),
                    "spread": float(values.std()) if np.isfinite(values).all() else np.nan,
                    "lowest": float(values.min()),
                    "highest": float(values.max()),
                    "runs": len(values),
                }
            )
        table = pandas.DataFrame(rows)
        rising = self.metric != "val_accuracy"
        return table.sort_values("mean", ascending=rising, kind="stable").reset_index(drop=True)

    def difference(self, first, second):
        """Return how far two variants lie apart, and whether that is more than the seeds do.

        Parameters
        ----------
        first, second : str
            Two variants.

        Returns
        -------
        dict
            ``difference`` (mean of first minus mean of second), ``spread`` (the larger standard
            deviation over the seeds of the two), ``exceeds_spread``, and ``wins``: in how many
            seeds the first was better than the second.
        """
        for name, given in (("first", first), ("second", second)):
            checks.choice(name, given, self.results)
        a, b = self.values[first], self.values[second]
        sign = 1 if self.metric == "val_accuracy" else -1
        both = np.isfinite(a).all() and np.isfinite(b).all()
        spread = float(max(a.std(), b.std())) if both else 0.0
        difference = float(a.mean() - b.mean()) if both else float(np.subtract(*_worst(a, b)))
        return {
            "difference": difference,
            "spread": spread,
            "exceeds_spread": bool(abs(difference) > spread),
            "wins": int((sign * a > sign * b).sum()),
        }

    @property
    def no_best(self):
        """Why no variant is the best, in words; "" where one is."""
        return self.results[self.table["variant"].iloc[0]].no_best

    @property
    def summary(self):
        """The answer in words: the best variant, and which of the others the seeds could explain."""
        table = self.table
        best, *others = table["variant"]
        first = table.iloc[0]
        if self.no_best:
            return f"There is no best variant: {self.no_best}."
        text = (
            f"Best: {best} with a mean {self.metric} of {first['mean']:.3f} ± {first['spread']:.3f} "
            f"over {first['runs']} seeds at learning rate {first['learning_rate']:.2g}."
        )
        clear, close = [], []
        for name in others:
            found = self.difference(best, name)
            (clear if found["exceeds_spread"] else close).append(name)
        if clear:
            text += f" Better by more than the seed spread than {', '.join(clear)}."
        if close:
            text += f" The seeds alone could explain the difference from {', '.join(close)}."
        return text

    def __repr__(self):
        return f"Comparison({', '.join(self.results)}: {self.summary})"


def compare(
    data,
    variants,
    config=None,
    *,
    seeds=5,
    learning_rates=RATES,
    tuning_epochs=None,
    build=None,
    n_jobs=None,
    progress=False,
):
    """Train several variants fairly: same weights, same batches, each at its best learning rate.

    First each variant tries the same learning rates for a few epochs, with two seeds of its own
    (so that nobody is judged on the runs that it was tuned on). Then each trains at its best rate
    with every seed; equal seeds mean equal initial weights and equal batches.

    Parameters
    ----------
    data : Data
        What all are trained and validated on.
    variants : sequence of str, or dict
        Names of optimizers; or name -> settings, as ``sweep`` takes them:
        ``{"small": {"width": 8}, "large": {"width": 64}}``.
    config : TrainingConfig, optional
        What the settings do not say.
    seeds : int or sequence of int
        Runs of each variant, or their seeds.
    learning_rates : sequence of float or None
        The rates that each variant tries; None: train at the configuration's rate.
    tuning_epochs : int, optional
        Epochs of each try; by default a third of the configuration's, at least 2.
    build, n_jobs, progress
        See `sweep`.

    Returns
    -------
    Comparison
        ``table``, ``difference(first, second)``, ``summary``, ``histories``; ``plots.comparison``
        draws it.

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed; before anything is trained.
    """
    check_data(data)
    config = check_config(TrainingConfig() if config is None else config)
    variants = _check_variants(variants)
    seeds = check_seeds(seeds)
    check_ways(build, n_jobs, progress)
    if learning_rates is not None:
        learning_rates = checks.array("learning_rates", learning_rates, ndim=1, dtype="float64")
        for rate in learning_rates.tolist():
            checks.number("learning_rates", rate, above=0)
        if len(np.unique(learning_rates)) < len(learning_rates):
            raise ValueError(
                f"learning_rates must hold different numbers, but got {learning_rates.tolist()}."
            )
        for name, settings in variants.items():
            if "learning_rate" in settings:
                raise ValueError(
                    f"variants must not set learning_rate (as {name!r} does), since each is tuned: "
                    "give learning_rates=None to compare at rates of your own."
                )
    if tuning_epochs is None:
        tuning_epochs = max(2, config.epochs // 3)
    tuning_epochs = checks.whole_number("tuning_epochs", tuning_epochs)
    tuning = {}
    if learning_rates is not None:
        own = tuple(max(seeds) + 1 + i for i in range(TUNING_SEEDS))
        short = config.replace(epochs=tuning_epochs)
        plans = {
            name: [
                ({**_without_epochs(settings), "learning_rate": rate}, seed)
                for rate in learning_rates.tolist()
                for seed in own
            ]
            for name, settings in variants.items()
        }
        tuning = _run(plans, data, short, build, n_jobs, progress)
        variants = {
            name: {**settings, "learning_rate": _tuned(tuning[name], learning_rates)}
            for name, settings in variants.items()
        }
    plans = {name: [(settings, seed) for seed in seeds] for name, settings in variants.items()}
    return Comparison(tuning, _run(plans, data, config, build, n_jobs, progress))


def _tuned(found, learning_rates):
    """Return the best rate, or the smallest where all runs diverged: the comparison will say so."""
    return float(learning_rates.min()) if found.no_best else found.best["learning_rate"]


def _run(plans, data, config, build, n_jobs, progress):
    """Run the plans of all variants in one go, and sort the trials back."""
    flat = [plan for plan_list in plans.values() for plan in plan_list]
    trials = iter(run_trials(flat, data, config, build, n_jobs, progress=progress))
    return {
        name: Sweep([next(trials) for _ in plan_list], config) for name, plan_list in plans.items()
    }


def _check_variants(variants):
    if isinstance(variants, Mapping):
        for name, settings in variants.items():
            if not isinstance(name, str) or not isinstance(settings, Mapping):
                raise TypeError(
                    'variants must be names of optimizers, or {"name": {settings}}, but got '
                    f"{checks.describe(variants)}."
                )
            if "epochs" in settings:
                checks.whole_number("epochs", settings["epochs"])
            if "seed" in settings:
                raise ValueError(f"variants must not set seed (as {name!r} does): give seeds=….")
        named = {name: dict(settings) for name, settings in variants.items()}
    else:
        from dlkit.optimizers import OPTIMIZERS

        names = checks.texts("variants", variants, least=1)
        named = {name: {"optimizer": checks.choice("variants", name, OPTIMIZERS)} for name in names}
    if len(named) < 2:
        raise ValueError(f"variants must hold two or more to compare, but holds {len(named)}.")
    return named


def _without_epochs(settings):
    """Return the settings of a variant for its tuning, in which all have the same epochs."""
    return {name: value for name, value in settings.items() if name != "epochs"}


def _worst(a, b):
    """Return two means in which an infinite loss is a very large number, to tell who is worse."""
    return [np.nan_to_num(values, posinf=1e9).mean() for values in (a, b)]
