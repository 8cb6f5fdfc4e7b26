"""Trials: settings and a seed, trained to the end; together where possible, else in parallel."""

import contextlib
import dataclasses
import difflib
import inspect
import math

import numpy as np

from dlkit import checks, layers
from dlkit.network import Network
from dlkit.training.config import TrainingConfig
from dlkit.training.job import TrainingJob
from dlkit.training.together import can_train_together, check_jobs, has_no_extras, train_together

MODEL_SETTINGS = ("hidden_layers", "width", "depth", "dropout_rate", "activation")
"""What `build_mlp` takes; every other setting is a field of `TrainingConfig`."""


@dataclasses.dataclass(frozen=True)
class Trial:
    """One run of a sweep or a comparison.

    Parameters
    ----------
    settings : dict
        What was set, by name.
    seed : int
        Of the initial weights, the order of the samples and dropout.
    history : History
        The run.
    model : Network, keras.Model or None
        The trained model where it was asked for.
    """

    settings: dict
    seed: int
    history: object
    model: object = None

    @property
    def score(self):
        """Values of the best epoch by name, and whether the run diverged."""
        history = self.history.history
        best = self.history.best_epoch
        found = {"best_epoch": best, "epochs": len(self.history)}
        for name in ("loss", "accuracy", "mae", "val_loss", "val_accuracy", "val_mae"):
            if name in history:
                found[name] = history[name][best - 1] if best else math.nan
        diverged = "not finite" in self.history.stop_reason
        return {**found, "diverged": diverged, "stop_reason": self.history.stop_reason}


def build_mlp(
    data,
    seed,
    *,
    hidden_layers=None,
    width=None,
    depth=None,
    dropout_rate=0.0,
    activation="relu",
    dtype="float32",
):
    """Build a multilayer perceptron for some data.

    Parameters
    ----------
    data : Data
        Gives the input shape, the task and the number of outputs.
    seed : int
        Of the initial weights.
    hidden_layers : sequence of int, optional
        Units of each hidden layer; (32,) by default.
    width, depth : int, optional
        Instead of ``hidden_layers``: ``depth`` layers (1 by default) of ``width`` units (32).
    dropout_rate : float
        After each hidden layer.
    activation : str
        Of the hidden layers; their weights begin as suits it: He for ReLU and its kin, else Glorot.
    dtype : {"float32", "float64"}

    Returns
    -------
    Network

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed, or ``hidden_layers`` comes with width or depth.
    """
    if hidden_layers is not None and (width is not None or depth is not None):
        raise ValueError("hidden_layers must be left out where width or depth is given.")
    if hidden_layers is None:
        width = checks.whole_number("width", 32 if width is None else width)
        hidden_layers = (width,) * checks.whole_number("depth", 1 if depth is None else depth)
    initializer = "he_normal" if "elu" in str(activation) else "glorot_uniform"
    stack = [layers.Flatten()] if len(data.input_shape) > 1 else []
    for units in hidden_layers:
        stack.append(layers.Dense(units, activation, kernel_initializer=initializer))
        if dropout_rate:
            stack.append(layers.Dropout(dropout_rate))
    last = "softmax" if data.task_type == "classification" else "linear"
    stack.append(layers.Dense(data.output_dim, last))
    return Network(stack, data.input_shape, seed=seed, dtype=dtype)


def run_trials(plans, data, config, build=None, n_jobs=None, keep_models=False, progress=False):
    """Train one model for each plan; plans that differ in rate and seed only are trained at once.

    Parameters
    ----------
    plans : list of (dict, int)
        Settings and seed of each run.
    data : Data
    config : TrainingConfig
        What the settings do not say.
    build : callable, optional
        ``build(data, seed, **settings)`` returns the model; `build_mlp` by default. It gets the
        settings that are no fields of `TrainingConfig`.
    n_jobs : int, optional
        Parallel jobs, as joblib counts them; None: what its ``parallel_config`` says, else 1.
    keep_models : bool
        Whether the trials carry their trained models.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    list of Trial
        In the order of ``plans``.
    """
    import joblib

    build = build_mlp if build is None else build
    fields = [field.name for field in dataclasses.fields(TrainingConfig)]
    _check_names({name: None for settings, _ in plans for name in settings}, fields, build)
    groups, trained_at_once = {}, {}
    for number, (settings, seed) in enumerate(plans):
        changes = {name: value for name, value in settings.items() if name in fields}
        model = {name: value for name, value in settings.items() if name not in fields}
        run_config = config.replace(**changes, seed=seed)
        _check_rate(changes, run_config)
        shape = repr(sorted(model.items()))
        if shape not in trained_at_once:  # one model of each shape tells for all of them
            trained_at_once[shape] = can_train_together(build(data, seed, **model), run_config)
        alike = run_config.replace(learning_rate=1.0, seed=0, learning_rate_schedule=None)
        together = trained_at_once[shape] and can_share(run_config)
        key = (shape, alike.to_json()) if together else number
        groups.setdefault(key, []).append((number, model, run_config))
    tasks = list(groups.values())
    parallel = joblib.Parallel(n_jobs=n_jobs, return_as="generator")
    threads = -1 if parallel.n_jobs == 1 else 1  # one job alone has all the cores
    work = parallel(
        joblib.delayed(_train_group)(group, data, build, keep_models, threads) for group in tasks
    )
    found = {}
    with _bar(len(plans), progress) as bar:
        for group, results in zip(tasks, work, strict=True):
            for (number, *_), (history, model) in zip(group, results, strict=True):
                found[number] = Trial(dict(plans[number][0]), plans[number][1], history, model)
            bar.update(len(group))
    return [found[number] for number in range(len(plans))]


def _check_names(names, fields, build):
    """Raise ``ValueError`` if a setting is neither a field of the configuration nor of ``build``."""
    try:
        arguments = list(inspect.signature(build).parameters.values())[2:]  # after data and seed
    except (TypeError, ValueError):  # what is written in C may tell nothing
        return
    if any(each.kind is each.VAR_KEYWORD for each in arguments):
        return
    own = [each.name for each in arguments if each.kind is not each.VAR_POSITIONAL]
    fields = [name for name in fields if name != "seed"]
    for name in names:
        if name not in (*own, *fields):
            builder = "build_mlp" if build is build_mlp else "build"
            near = difflib.get_close_matches(name, own + fields, n=1, cutoff=0.5)
            suggestion = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(
                f"There is no setting {name!r}. It must be an argument of {builder} "
                f"({', '.join(own) or 'it takes none'}) or a field of TrainingConfig "
                f"({', '.join(fields)}).{suggestion}"
            )


def _check_rate(changes, config):
    """Raise ``ValueError`` if a learning rate is to be tried that something else decides."""
    if config.learning_rate_schedule is not None:
        cause = "the learning_rate_schedule"
    elif config.learning_rate != changes.get("learning_rate", config.learning_rate):
        cause = "the optimizer object with a learning rate of its own"
    else:
        return
    if "learning_rate" in changes:
        raise ValueError(
            f"learning_rate {changes['learning_rate']:g} would have no effect, because {cause} "
            "decides it. Leave that out (name the optimizer instead), or do not vary the "
            "learning_rate; compare takes learning_rates=None."
        )


def can_share(config):
    """Return whether a configuration lets its run be trained together with others."""
    return has_no_extras(config)


def _train_group(group, data, build, keep_models, threads):
    """Train the models of one group; runs in a worker, perhaps on another machine."""
    models = [build(data, config.seed, **settings) for _, settings, config in group]
    configs = [config for *_, config in group]
    if len(group) > 1:
        histories = train_together(models, data, configs, n_jobs=threads)
    else:
        histories = [_train(models[0], data, configs[0])]
    return [(history, model if keep_models else None) for history, model in zip(histories, models)]


def _train(model, data, config):
    """Train one model to its end."""
    job = TrainingJob(model, data, config)
    job.start()
    job.wait()
    return job.history


def _bar(total, progress):
    if not progress:
        return contextlib.nullcontext(_Silent())
    from tqdm.auto import tqdm

    return tqdm(total=total, unit="run", desc="training")


class _Silent:
    def update(self, count):
        pass


def check_ways(build, n_jobs, progress):
    """Raise unless these three arguments, which `sweep` and `compare` share, are allowed."""
    if build is not None and not callable(build):
        raise TypeError(f"build must be a function or None, but got {checks.describe(build)}.")
    if n_jobs is not None:
        check_jobs(n_jobs)
    checks.truth_value("progress", progress)


def check_seeds(seeds):
    """Return seeds as a tuple: those given, or 0 … n − 1 for a number n."""
    if isinstance(seeds, int | np.integer) and not isinstance(seeds, bool):
        return tuple(range(checks.whole_number("seeds", seeds)))
    if isinstance(seeds, str | bytes | dict) or not hasattr(seeds, "__iter__"):
        raise TypeError(
            f"seeds must be a whole number or a list of them, but got {checks.describe(seeds)}."
        )
    seeds = tuple(checks.whole_number("seeds", seed, minimum=0) for seed in seeds)
    if not seeds or len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds must hold one or more different numbers, but got {seeds}.")
    return seeds
