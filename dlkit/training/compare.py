"""compare: which of several ways to train is better, each at its own best learning rate."""

from collections.abc import Mapping

import numpy as np

from dlkit import checks
from dlkit.training.chance import ALARM, clearly_apart, paired_p_value, seed_spread
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
        The runs that are compared: one for each seed, the same seeds in the same order.
    validation_samples : int, optional
        Of how many samples an accuracy is the share: it comes in steps of one of them.
    """

    def __init__(self, tuning, results, validation_samples=None):
        self.tuning, self.results = dict(tuning), dict(results)
        self.validation_samples = validation_samples

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
        """A pandas table, the best variant first: learning rate, mean, spread, lowest, highest.

        ``spread`` is the standard deviation over the seeds, the sum of squares divided by
        seeds - 1; NaN for one seed or where a run diverged to an infinite loss.
        """
        import pandas

        rows = []
        for name, values in self.values.items():
            trial = self.results[name].trials[0]
            rows.append(
                {
                    "variant": name,
                    "learning_rate": trial.history.config.learning_rate,
                    "mean": float(values.mean()),
                    "spread": seed_spread(values),
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
            ``difference`` (mean of first minus mean of second; infinite where one of them is, NaN
            where both are), ``spread`` (the larger standard deviation over the seeds of the two;
            NaN for one seed or where a run diverged to an infinite loss),
            ``p_value`` (how often two equal ways would differ by so much, see
            `dlkit.training.chance.paired_p_value`), ``exceeds_spread`` (whether that is less than
            5 %), and ``wins``: in how many seeds the first was better than the second.

        Notes
        -----
        Runs of one seed share initial weights and batches, so the test asks by how much the
        variants differ seed by seed: what a seed does to both alike drops out. It holds for two
        variants chosen beforehand; ``summary``, which compares whatever came out best with all
        others, is stricter.
        """
        for name, given in (("first", first), ("second", second)):
            checks.choice(name, given, self.results)
        a, b = self.values[first], self.values[second]
        sign = 1 if self.metric == "val_accuracy" else -1
        finite = self._finite_values()
        differences = finite[first] - finite[second]
        p_value = paired_p_value(differences, self._step)
        with np.errstate(invalid="ignore"):
            difference = float(a.mean() - b.mean())
        return {
            "difference": difference,
            "spread": float(np.maximum(seed_spread(a), seed_spread(b))),  # NaN if one is
            "p_value": p_value,
            "exceeds_spread": p_value < ALARM,
            "wins": int((sign * a > sign * b).sum()),
        }

    def _finite_values(self):
        """Return the values, an infinite loss as a very large number, to tell who is worse."""
        return {name: np.nan_to_num(values, posinf=1e9) for name, values in self.values.items()}

    @property
    def _step(self):
        accurate = self.metric == "val_accuracy" and self.validation_samples
        return 1 / self.validation_samples if accurate else 0.0

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
        if first["runs"] == 1:
            text = (
                f"Best: {best} with a {self.metric} of {first['mean']:.3f} at learning rate "
                f"{first['learning_rate']:.2g}. One seed cannot tell this from chance: give seeds=5 "
                "or more."
            )
            return text + self._edges()
        text = (
            f"Best: {best} with a mean {self.metric} of {first['mean']:.3f} ± {first['spread']:.3f} "
            f"over {first['runs']} seeds at learning rate {first['learning_rate']:.2g}."
        )
        apart = clearly_apart(self._finite_values(), self._step)
        worse = [name for name in others if {best, name} in apart]
        close = [name for name in others if name not in worse]
        if worse:
            text += f" Better by more than the seed spread than {', '.join(worse)}."
        if close:
            text += f" The seeds alone could explain the difference from {', '.join(close)}."
        return text + self._edges()

    def _edges(self):
        """Say which variants chose the smallest or largest learning rate of those they tried."""
        at = {"smallest": {}, "largest": {}}
        for name, found in self.tuning.items():
            table = found.summary  # the best first
            rates, means = table["learning_rate"], table["mean"]
            if found.no_best or len(table) == 1 or means[0] == means[1]:
                continue
            for word, edge in (("smallest", rates.min()), ("largest", rates.max())):
                if rates[0] == edge:
                    at[word].setdefault(edge, []).append(name)
        return "".join(
            f" {', '.join(names)}: the {word} rate tried ({edge:g}) was the best, so one beyond it "
            "may be better: widen learning_rates=."
            for word, found in at.items()
            for edge, names in found.items()
        )

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
        Names of optimizers, each once; or name -> settings, as ``sweep`` takes them:
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
        draws it. "More than the seed spread" is said by Student's paired t test, corrected for the
        number of variants (Holm): equal ones are called different in 5 of 100 comparisons.

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
    results = _run(plans, data, config, build, n_jobs, progress)
    return Comparison(
        tuning, results, None if data.y_validation is None else len(data.y_validation)
    )


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
        for name in names:
            if names.count(name) > 1:
                raise ValueError(
                    f"variants must name each optimizer once, but {name!r} comes twice. To train "
                    'one in several ways, give {"a": {"optimizer": '
                    f'"{name}", …}}, "b": {{…}}}}; seeds=… says how often each is run.'
                )
        named = {name: {"optimizer": checks.choice("variants", name, OPTIMIZERS)} for name in names}
    if len(named) < 2:
        raise ValueError(f"variants must hold two or more to compare, but holds {len(named)}.")
    return named


def _without_epochs(settings):
    """Return the settings of a variant for its tuning, in which all have the same epochs."""
    return {name: value for name, value in settings.items() if name != "epochs"}
