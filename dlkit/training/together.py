"""Many small networks trained at once, with a leading axis of runs instead of a loop.

For a network of a few thousand weights, Python's calls cost more than the arithmetic. Here 64
networks of one shape are one (`dlkit.training.runs_axis`), so that every call does the work of 64,
and the cores share them.
"""

import dataclasses
import math
from concurrent.futures import ThreadPoolExecutor, as_completed

import numpy as np

from dlkit import checks, layers
from dlkit.blas import OneThread
from dlkit.network import Network
from dlkit.training import owners
from dlkit.training.config import TrainingConfig
from dlkit.training.parts import check_data
from dlkit.training.runs_axis import Runs

KINDS = (layers.Dense, layers.Dropout, layers.Activation, layers.Flatten)
FREE = ("learning_rate", "learning_rate_schedule", "seed")  # what may differ between the runs
AT_ONCE = 2**20  # weights that are trained at once; more than that outgrows the cache
KEPT = 2**25 - 2**13  # bytes; glibc learns nothing from larger blocks
SHARE = 2**17  # numbers in a layer's output that are worth a thread of their own


def can_train_together(network, config):
    """Return whether a network is of a kind, and trained in a way, that many can share.

    Parameters
    ----------
    network : Network
        Dense layers with dropout and activations between them, without regularizers; all of one
        axis, so that anything else begins with Flatten.
    config : TrainingConfig
        Without the options that `has_no_extras` names.

    Returns
    -------
    bool
    """
    plain = isinstance(network, Network) and all(
        type(layer) in KINDS and (len(layer.input_shape) == 1 or isinstance(layer, layers.Flatten))
        for layer in network.layers
    )
    if not plain or not any(isinstance(layer, layers.Dense) for layer in network.layers):
        return False
    penalized = any(
        getattr(layer, f"{which}_regularizer", None) is not None
        for layer in network.layers
        for which in ("kernel", "bias")
    )
    return not penalized and has_no_extras(config)


def has_no_extras(config):
    """Return whether a configuration asks for nothing that runs trained together do not have.

    That is clipping, a plateau, an optimizer that needs the whole loss, gradient accumulation,
    class weights, mixed precision, a validation split, and records of layers.
    """
    extras = (
        config.clipnorm,
        config.clipvalue,
        config.global_clipnorm,
        config.plateau is not None,
        config.gradient_accumulation_steps > 1,
        config.class_weight is not None,
        config.mixed_precision is not None,
        config.validation_split,
        config.record_layers,
    )
    return not (any(extras) or config.build_optimizer().needs_whole_loss)


def train_together(networks, data, configs, n_jobs=-1):
    """Train networks of one architecture, each with its own learning rate and seed.

    Each ends with the weights and the history that `TrainingJob` would give it alone, but for
    rounding (float64: 1e-9 relative over some epochs); a run whose loss is not finite gets the
    weights from before that epoch back.

    Parameters
    ----------
    networks : list of Network
        Trained in place; see `can_train_together`. They may differ in their weights only.
    data : Data
        What all are trained and validated on.
    configs : list of TrainingConfig
        One for each network; they may differ in learning rate, schedule and seed only.
    n_jobs : int
        Threads to share them out among, as joblib counts jobs; −1 for as many as there are cores.
        Fewer are used where there is too little to compute. The results do not depend on it.

    Returns
    -------
    list of History
        In the order of ``networks``.

    Raises
    ------
    TypeError, ValueError
        If the networks or configurations cannot be trained together, or do not fit the data.
    RuntimeError
        If a job is training one of the networks.
    """
    check_data(data)
    _check(networks, configs)
    check_jobs(n_jobs)
    size = max(1, AT_ONCE // networks[0].flat_parameters.size)
    histories = []
    for first in range(0, len(networks), size):
        some = slice(first, first + size)
        for after_epoch in _by_epoch(networks[some], data, configs[some], n_jobs):
            groups = after_epoch
        histories += _histories(groups)
    return histories


def together_by_epoch(networks, data, configs):
    """Train as `train_together` does, and hand out what is known after each epoch.

    Whoever asks for no further epoch has stopped the runs; the networks hold their weights once
    all epochs are done.

    Parameters
    ----------
    networks, data, configs
        As for `train_together`.

    Yields
    ------
    list of History
        Of all runs, in the order of ``networks``.
    """
    check_data(data)
    _check(networks, configs)
    for groups in _by_epoch(networks, data, configs):
        yield _histories(groups)


def check_jobs(n_jobs):
    """Raise unless ``n_jobs`` is a number of jobs as joblib counts them."""
    if checks.whole_number("n_jobs", n_jobs, minimum=-1024) == 0:
        raise ValueError("n_jobs must not be 0: 1 works here, −1 uses all cores, but got 0.")


def _by_epoch(networks, data, configs, n_jobs=-1):
    """Share the runs out among threads; yield the list of groups after each epoch.

    NumPy lets go of Python's lock while it computes, so threads do not hold each other up as long
    as there is enough to compute; small batches are faster in one. Neighbours go to different
    threads: the runs of a high learning rate, which may end early, are then shared out too.
    """
    import joblib  # lazily: it takes longer to load than NumPy

    cores = n_jobs if n_jobs > 0 else joblib.cpu_count() + 1 + n_jobs
    widest = max(math.prod(layer.output_shape) for layer in networks[0].layers)
    batch_size = min(configs[0].batch_size, len(data.x_train))
    enough = len(networks) * batch_size * widest // SHARE
    threads = max(1, min(cores, len(networks), enough))
    # glibc keeps freed memory, up to twice the largest block that it has seen freed; without this
    # every step would give its arrays back to the system and fetch them anew, a tenth of the time
    np.empty(KEPT, np.uint8)
    owners.take_all(networks)  # a job that rests on one of them cannot go on after this
    groups = [Runs(networks[i::threads], data, configs[i::threads]) for i in range(threads)]
    while any(group.runs for group in groups):
        with OneThread():
            _one_epoch(groups)
        yield groups


def _one_epoch(groups):
    """Train one epoch with every group, in a thread for each if there are several."""
    if len(groups) == 1:
        groups[0].epoch(threads=1)
        return
    with ThreadPoolExecutor(len(groups)) as pool:
        try:
            epochs = [pool.submit(group.epoch, threads=len(groups)) for group in groups]
            for epoch in as_completed(epochs):  # a fault is seen whichever thread it comes from
                epoch.result()
        except BaseException:  # an interrupt, or a fault in one of them: the others stop as well
            for group in groups:
                group.interrupted = True
            raise


def _histories(groups):
    """Return the histories of all runs up to now, in the order of the networks."""
    histories = [None] * sum(len(group.everyone) for group in groups)
    for i, group in enumerate(groups):
        histories[i :: len(groups)] = [run.recorder.history() for run in group.everyone]
    return histories


def _check(networks, configs):
    for name, given in (("networks", networks), ("configs", configs)):
        if not isinstance(given, list | tuple) or not given:
            raise TypeError(f"{name} must be a list with one entry a run, but got {given!r:.80}.")
    checks.same_length(networks=networks, configs=configs)
    for config in configs:
        if not isinstance(config, TrainingConfig):
            raise TypeError(
                f"configs must hold TrainingConfigs, but got {checks.describe(config)}."
            )
    common = _in_common(configs[0])
    for network, config in zip(networks, configs):
        if not can_train_together(network, config):
            raise ValueError(
                "networks must be of Dense, Dropout, Activation and Flatten layers, flat from the "
                "first of them on and without regularizers, and configs without clipping, plateau, "
                "L-BFGS, gradient accumulation, class weights, mixed precision, a validation split "
                f"or records of layers, to be trained together, but got {network!r:.80} and {config!r:.200}. "
                "Train it with a TrainingJob."
            )
        if _in_common(config) != common:
            raise ValueError("configs must be alike but for learning_rate, schedule and seed.")
    shape = _shape_of(networks[0])
    if any(_shape_of(network) != shape for network in networks[1:]):
        raise ValueError("networks must have the same layers, input_shape and dtype.")


def _in_common(config):
    return {
        field.name: getattr(config, field.name)
        for field in dataclasses.fields(config)
        if field.name not in FREE
    }


def _shape_of(network):
    return {**network.get_config(), "seed": 0}
