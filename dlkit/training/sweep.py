"""sweep: train every combination of some settings, several seeds each, and say which is best."""

import itertools
import json
import math
from collections.abc import Mapping, Set

import numpy as np

from dlkit import checks
from dlkit.training.chance import seed_spread
from dlkit.training.config import TrainingConfig, check_config
from dlkit.training.parts import check_data
from dlkit.training.trials import check_seeds, check_ways, run_trials

METHODS = ("grid", "random")
_TRY = "try a smaller learning_rate; .table says how each run ended"


class Sweep:
    """The finished runs of a sweep.

    Parameters
    ----------
    trials : list of Trial
        One for each combination and seed.
    config : TrainingConfig
        What all runs had in common.
    never_drawn : dict of str to list, optional
        Setting -> those values of its list that no random draw has taken.
    """

    def __init__(self, trials, config, never_drawn=None):
        self.trials, self.config = tuple(trials), config
        self.settings = tuple(self.trials[0].settings)
        self.never_drawn = dict(never_drawn or {})

    @property
    def metric(self):
        """What "best" means: ``val_accuracy`` (the higher), or ``val_loss`` (the lower)."""
        known = {name for trial in self.trials for name in trial.history.history}
        return next((name for name in ("val_accuracy", "val_loss") if name in known), "loss")

    @property
    def table(self):
        """A pandas table with one row a run: settings, seed, and the values of its best epoch."""
        import pandas

        rows = [{**_cells(each.settings), "seed": each.seed, **each.score} for each in self.trials]
        return pandas.DataFrame(rows)

    @property
    def summary(self):
        """A pandas table with one row a combination, the best first.

        ``mean`` and ``spread`` (standard deviation over the seeds, the sum of squares divided by
        seeds - 1; NaN for one seed) of `metric`, ``runs`` and how many of them ``diverged``. A
        diverged run counts as the worst value there is: accuracy 0, or an infinite loss.
        """
        import pandas

        rows = []
        for settings, trials in self._groups():
            values = [self.value(trial) for trial in trials]
            rows.append(
                {
                    **_cells(settings),
                    "mean": float(np.mean(values)),
                    "spread": seed_spread(values),
                    "runs": len(trials),
                    "diverged": sum(trial.score["diverged"] for trial in trials),
                }
            )
        falling = self.metric == "val_accuracy"
        table = pandas.DataFrame(rows).sort_values("mean", ascending=not falling, kind="stable")
        return table.reset_index(drop=True)

    @property
    def best(self):
        """The settings with the best mean, as a dictionary that ``sweep`` and builders take.

        Raises ``ValueError`` where there is none, because every run diverged.
        """
        if self.no_best:
            raise ValueError(f"There is no best: {self.no_best}.")
        sign = -1 if self.metric == "val_accuracy" else 1
        groups = self._groups()
        means = [sign * np.mean([self.value(trial) for trial in trials]) for _, trials in groups]
        return dict(groups[int(np.argmin(means))][0])

    @property
    def no_best(self):
        """Why no settings are the best, in words; "" where some are."""
        if all(trial.score["diverged"] for trial in self.trials):
            return f"every run diverged ({_TRY})"
        if not np.isfinite(self.summary["mean"].iloc[0]):
            return f"in every combination a run diverged ({_TRY})"
        return ""

    @property
    def spread(self):
        """The standard deviation over the seeds, of the best settings; NaN where there is none."""
        return math.nan if self.no_best else float(self.summary["spread"].iloc[0])

    def history(self, seed=None, **settings):
        """Return the `History` of one run.

        Parameters
        ----------
        seed : int, optional
            The first one by default.
        **settings
            Which combination; the best one's values for what is left out.

        Returns
        -------
        History
        """
        for name in settings:
            checks.choice("a setting", name, self.settings)
        wanted = settings if len(settings) == len(self.settings) else {**self.best, **settings}
        for trial in self.trials:
            if trial.settings == wanted and seed in (None, trial.seed):
                return trial.history
        raise ValueError(f"No run has {wanted} with seed {seed}: look into .table for those done.")

    def value(self, trial):
        """Return `metric` of one run at its best epoch; the worst value there is if it diverged."""
        # a run that diverged in its first epoch has no values at all
        value, higher = trial.score.get(self.metric, math.nan), self.metric == "val_accuracy"
        if trial.score["diverged"] or not math.isfinite(value):
            return 0.0 if higher else math.inf
        return value

    def _groups(self):
        groups = {}
        for trial in self.trials:
            groups.setdefault(_key(trial.settings), (trial.settings, []))[1].append(trial)
        return list(groups.values())

    def __repr__(self):
        if self.no_best:
            return f"Sweep({len(self.trials)} runs, no best: {self.no_best})"
        best = ", ".join(f"{name}={value!r}" for name, value in self.best.items())
        row = self.summary.iloc[0]
        spread = f"± {row['spread']:.3f}" if row["runs"] > 1 else "(one seed has no spread)"
        return (
            f"Sweep({len(self.trials)} runs, best {self.metric} {row['mean']:.3f} {spread} with "
            f"{best})"
        )


def sweep(
    data,
    space,
    config=None,
    *,
    method="grid",
    samples=None,
    seeds=3,
    build=None,
    n_jobs=None,
    progress=False,
    seed=0,
):
    """Train a model for every combination of settings, with several seeds each.

    Multilayer perceptrons on the NumPy engine are trained together, all learning rates and seeds
    at once. Everything else is trained one by one, by joblib: ``n_jobs=-1`` uses all cores, and
    ``with joblib.parallel_config(backend="dask")`` takes the same sweep to a cluster.

    Parameters
    ----------
    data : Data
        What all runs are trained and validated on.
    space : dict
        Setting -> list of values. A setting is a field of `TrainingConfig` (``learning_rate``,
        ``batch_size``, ``optimizer``, …) or an argument of ``build``: without one, ``width``,
        ``depth``, ``hidden_layers``, ``dropout_rate`` or ``activation`` of an MLP. For
        ``method="random"`` a value may also be a frozen SciPy distribution (or anything with
        ``rvs(random_state=…)``). No value may come twice: ``seeds`` says how often each is run.
    config : TrainingConfig, optional
        What the settings do not say.
    method : {"grid", "random"}
        All combinations, or ``samples`` drawn at random (Bergstra and Bengio 2012).
    samples : int, optional
        How many combinations to draw; for ``method="random"`` only. None is trained twice: of
        fewer combinations all are taken, and one that a distribution draws again is left out.
    seeds : int or sequence of int
        How many runs each combination gets, or their seeds. The same seeds for all: the same
        initial weights and the same batches.
    build : callable, optional
        ``build(data, seed, **settings)`` returns a `Network` or an uncompiled or compiled Keras
        model; it gets those settings that are no fields of `TrainingConfig`.
    n_jobs : int, optional
        Parallel jobs, as in joblib; −1 for as many as there are cores. None takes what a
        surrounding ``joblib.parallel_config`` says, and 1 where there is none.
    progress : bool
        Whether to show a progress bar.
    seed : int
        Of the random draws.

    Returns
    -------
    Sweep
        ``table``, ``summary``, ``best``, ``spread``, ``never_drawn``, ``history()``;
        ``plots.sweep_map`` draws it.

    Raises
    ------
    TypeError, ValueError
        If an argument or any combination is not allowed; before anything is trained.
    """
    check_data(data)
    config = check_config(TrainingConfig() if config is None else config)
    checks.choice("method", method, METHODS)
    seeds = check_seeds(seeds)
    check_ways(build, n_jobs, progress)
    seed = checks.whole_number("seed", seed, minimum=0, maximum=2**32 - 1)
    _check_space(space, method)
    if method == "grid":
        if samples is not None:
            raise ValueError('samples must be left out for method="grid"; use method="random".')
        combinations = [dict(zip(space, values)) for values in itertools.product(*space.values())]
    else:
        if samples is None:
            raise ValueError('samples must say how many combinations method="random" draws.')
        combinations = _drawn(space, checks.whole_number("samples", samples), seed)
    plans = [(settings, each) for settings in combinations for each in seeds]
    trials = run_trials(plans, data, config, build, n_jobs, progress=progress)
    return Sweep(trials, config, _never_drawn(space, combinations))


def _never_drawn(space, combinations):
    """Return setting -> values of its list that are in no combination, where there are some."""
    left = {}
    for name, values in space.items():
        if not hasattr(values, "rvs"):
            drawn = {_key(each[name]) for each in combinations}
            left[name] = [value for value in values if _key(value) not in drawn]
    return {name: values for name, values in left.items() if values}


def _drawn(space, samples, seed):
    from sklearn.model_selection import ParameterSampler

    if not any(hasattr(values, "rvs") for values in space.values()):
        samples = min(samples, math.prod(len(values) for values in space.values()))
    drawn = ParameterSampler({name: space[name] for name in space}, samples, random_state=seed)
    combinations = [{name: each[name] for name in space} for each in drawn]
    return list({_key(each): each for each in combinations}.values())


def _check_space(space, method):
    if not isinstance(space, Mapping) or not space:
        raise TypeError(
            'space must be a dictionary such as {"learning_rate": [0.001, 0.01]}, but got '
            f"{checks.describe(space)}."
        )
    for name, values in space.items():
        if not isinstance(name, str) or name == "seed":
            raise ValueError(f"space must not hold {name!r}: seeds are given as seeds=….")
        if method == "random" and hasattr(values, "rvs"):
            continue
        single = isinstance(values, str | bytes | Set | Mapping) or not hasattr(values, "__len__")
        if single or getattr(values, "ndim", 1) == 0 or not len(values):
            raise ValueError(
                f"space must give a list of one or more values for {name!r}, but got "
                f"{checks.describe(values)}."
            )
        _check_different(name, list(values))


def _check_different(name, values):
    """Raise ``ValueError`` if a value comes twice: its runs would count as further seeds."""
    keys = [_key(value) for value in values]
    for i, value in enumerate(values):
        if keys[i] in keys[:i] or any(_equal(value, other) for other in values[:i]):
            raise ValueError(
                f"space must give each value of {name!r} once, but {value!r} comes twice. To train "
                "with the same settings several times, give seeds=…."
            )


def _equal(a, b):
    equal = a == b  # an array where one of them is
    return isinstance(equal, bool | np.bool_) and bool(equal)


def _cells(settings):
    """Return settings for a table: what is no number or word is written out."""
    return {
        name: value if isinstance(value, int | float | str | np.generic) else str(value)
        for name, value in settings.items()
    }


def _key(settings):
    return json.dumps(settings, sort_keys=True, default=str)
