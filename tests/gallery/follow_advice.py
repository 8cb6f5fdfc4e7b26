"""Does the first advice help? python tests/gallery/follow_advice.py [every nth run].

Takes stored runs, changes what the first advice of their diagnosis names, trains again, and compares
the validation loss of the weights that each run would leave behind.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import dataclasses
import sys
from collections import Counter

import numpy as np
from gallery_plants import changed
from gallery_runs import MODEL, data_of, network_of
from gallery_store import load

from dlkit.training.config import TrainingConfig
from dlkit.training.diagnosis import diagnose
from dlkit.training.job import TrainingJob

BETTER = 0.99  # a loss below this share of the old one is an improvement
LOST = 0.01  # half the epochs are one, too, if they lose no more than this share of all gained
SPELLED = {"kernel_regularizer": {"l2": 0.0}, "bias_initializer": {"bias": 0.0}}  # as in MODEL


def left_behind(history):
    """Return the validation loss of the weights that a run leaves; infinite if it failed."""
    losses = history.history.get("val_loss", [])
    if not losses or "finite" in history.stop_reason or not np.isfinite(losses).all():
        return np.inf
    return min(losses) if history.config.early_stopping else float(np.median(losses[-3:]))


def follow(spec, change):
    """Return the description with an advice followed; data faults are mended by hand."""
    new = {"config": {}, "model": {}}
    fields = {field.name for field in dataclasses.fields(TrainingConfig)}
    for name, value in change.items():
        if name in fields:
            new["config"][name] = value
        elif name == "units":
            units = {**MODEL, **spec["model"]}["units"] or [8 * (value > 1)]
            new["model"]["units"] = [max(2, int(value * count)) for count in units]
        elif name == "data":
            # checking whether rows belong together finds the planted fault, and nothing else does
            new |= {"data": {}} if value == "check" else {}
        elif name in SPELLED:
            new["model"] |= SPELLED[name]
        else:
            new["model"][name] = value
    return changed({**spec, "engine": "numpy"}, new)


def train_again(spec, change):
    """Train with an advice followed; return its history."""
    new = follow(spec, change)
    data = data_of(new)
    if change.get("data") == "scale":
        mean, spread = data.x_train.mean(axis=0), data.x_train.std(axis=0)
        spread = np.where(spread > 0, spread, 1).astype(mean.dtype)
        parts = {
            name: (getattr(data, name) - mean) / spread for name in ("x_train", "x_validation")
        }
        data = dataclasses.replace(data, **parts)
    job = TrainingJob(
        network_of(new, data), data, TrainingConfig(**{"seed": new["seed"], **new["config"]})
    )
    with np.errstate(all="ignore"):
        job.start()
        job.wait()
    return job.history


def helped(spec, history):
    """Return (label, whether the first advice helped), or None if nothing is to be changed."""
    found = diagnose(history, data_of(spec))
    change = found.advice[0].change if found.advice else {}
    if not change:
        return None
    before, after = left_behind(history), left_behind(train_again(spec, change))
    limit = BETTER * before
    if found.label == "good_fit_reached_early":
        limit = before + LOST * (history.history["val_loss"][0] - before)
    return found.label, bool(after < limit)


def follow_all(runs):
    """Return Counters of what was tried and what helped, by the diagnosis's label."""
    tried, good = Counter(), Counter()
    for spec, history in runs:
        answer = helped(spec, history)
        if answer is not None:
            tried[answer[0]] += 1
            good[answer[0]] += answer[1]
    return tried, good


if __name__ == "__main__":
    tried, good = follow_all(load()[:: int(sys.argv[1]) if len(sys.argv) > 1 else 1])
    for label in tried:
        print(f"{label:24} {good[label]:4} of {tried[label]:4}")
    print(f"{'all':24} {sum(good.values()):4} of {sum(tried.values()):4}")
