"""Make the gallery anew: python tests/gallery/make_gallery.py [share].

Draws descriptions, trains them, keeps the runs whose planted fault took effect (`gallery_criteria`),
and stores them. About ten minutes on one core. Other processors give other third digits, and so
perhaps a few other runs: the stored gallery is the one that is measured, and stays as it is.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import sys
import time
from collections import Counter

import numpy as np
from gallery_criteria import facts_of, took_effect
from gallery_data import DEVELOPMENT, HELD_OUT
from gallery_plants import PLANTS, changed, suits
from gallery_runs import train
from gallery_store import pack, save

WANTED = {
    "development": dict.fromkeys(PLANTS, 32) | {"healthy": 120, "good_fit_reached_early": 40},
    "held_out": dict.fromkeys(PLANTS, 18) | {"healthy": 160, "good_fit_reached_early": 20},
}
"""Runs of each label in each part. The held-out part has data sets and seeds of its own."""
SETS = {"development": DEVELOPMENT, "held_out": HELD_OUT}
FIRST_SEED = {"development": 1, "held_out": 100_001}
KERAS_EVERY = 30  # one try in so many is trained by Keras
MOST_TRIES = 12  # for each run that is wanted


def make_part(part, share=1.0):
    """Return the runs of one part, and how often each plant was tried."""
    runs, tries = [], Counter()
    for number, (label, wanted) in enumerate(WANTED[part].items()):
        names = [name for name in SETS[part] if suits(label, name)]
        random = np.random.default_rng([FIRST_SEED[part], number])
        kept, wanted = 0, max(1, round(wanted * share))
        began = time.process_time()
        while kept < wanted and tries[label] < MOST_TRIES * wanted:
            seed = FIRST_SEED[part] + 400 * number + tries[label]
            name = names[tries[label] % len(names)]
            tries[label] += 1
            spec, control = PLANTS[label](name, seed, random)
            if tries[label] % KERAS_EVERY == 5:
                spec["engine"] = "keras"
            run = try_run(label, spec, control)
            if run is not None:
                about = {"label": label, "part": part, "control": control, **spec}
                runs.append(pack(about, run))
                kept += 1
        seconds = time.process_time() - began
        print(f"{part:12} {label:24} {kept:4} of {tries[label]:4} {seconds:6.1f} s", flush=True)
    return runs


def try_run(label, spec, control):
    """Return the history of a description, or None if the fault did not take effect."""
    history, data = train(spec)
    facts = facts_of(history, data)
    other = facts
    if control and facts.finite:
        plain = changed(spec, control)
        other = facts_of(*train({**plain, "engine": "numpy"}))
    return history if took_effect(label, facts, other) else None


if __name__ == "__main__":
    share = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    everything = [run for part in WANTED for run in make_part(part, share)]
    save(everything)
    print(len(everything), "runs")
