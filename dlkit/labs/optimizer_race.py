"""Races of update rules on a surface: the computation of OptimizerLab.

Every rule is `dlkit.rules`' own. A rule works element by element, so that one call moves many runs
at once, each with its own learning rate; the search for the best rate costs little more than a run.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from dlkit.labs.optimizer_surfaces import STEPS, surface
from dlkit.rules import RULES

RATES = tuple(float(f"{10**power:.2g}") for power in np.arange(-4, 0.01, 0.25))
"""The learning rates that the search tries: four to each power of ten, from 0.0001 to 1."""

SEARCH_SEEDS = (1001, 1002)
"""Of the noise in the search; a race has others, so that no rate is judged on what it was found with."""

LAST = STEPS // 4
"""The search judges by the mean loss over the last so many steps, as a power of ten."""

_GOOD_ENOUGH = 1e-8  # a loss this near to the lowest is as good as any
_FAR = 1e6  # who is farther away than this is lost


@dataclass(frozen=True, eq=False)
class Path:
    """One optimizer's way.

    Parameters
    ----------
    name : str
        A key of ``RULES``.
    learning_rate : float
    places : numpy.ndarray, shape (steps + 1, 2)
        The start first; NaN once it is lost.
    losses : numpy.ndarray, shape (steps + 1,)
        Of the surface itself, without noise.
    gradients : numpy.ndarray, shape (steps, 2)
        What the rule was given at each step, noise included.
    slots : dict of str to numpy.ndarray, shape (steps, 2)
        What the rule remembers after each step.
    """

    name: str
    learning_rate: float
    places: np.ndarray
    losses: np.ndarray
    gradients: np.ndarray
    slots: dict

    @property
    def moves(self):
        """The steps taken, shape (steps, 2): each place minus the one before."""
        return np.diff(self.places, axis=0)

    @property
    def lost(self):
        """Whether it ran away."""
        return not np.isfinite(self.losses[-1])


class Runs:
    """Many runs of one rule, each with its own learning rate.

    Parameters
    ----------
    name : str
        A key of ``RULES``.
    rates : array_like, shape (rates,)
        Their learning rates.
    places : numpy.ndarray, shape (seeds, rates, 2)
        Where they start.
    """

    def __init__(self, name, rates, places):
        self.rule = RULES[name]
        self.settings = {key: given.default for key, given in self.rule.hyperparameters.items()}
        self.rates = np.asarray(rates, dtype=float)[:, None]
        self.places = places
        self.slots = self.rule.init(np, self.places, **self.settings)
        self.scalars = dict(self.rule.initial_scalars)
        self.steps = 0

    def step(self, gradients, places):
        """Move all runs by one step, given their gradients, and write where that leads into ``places``."""
        self.steps += 1
        self.scalars = self.rule.advance(self.steps, self.scalars, **self.settings)
        if self.rule.weight_decay:  # decoupled, before the rule, as the optimizers' host does it
            self.places = self.places - self.rates * self.rule.weight_decay * self.places
        delta, self.slots = self.rule.update(
            np, gradients, self.places, self.slots, self.scalars, self.rates, **self.settings
        )
        self.places = np.add(self.places, delta, out=places)


@lru_cache(maxsize=32)
def race(surface_name, names, start, learning_rate=None, noise=0.0, seed=0):
    """Let optimizers race on a surface: the same start, the same noise at the same step.

    Parameters
    ----------
    surface_name : str
        One of ``NAMES``.
    names : tuple of str
        Keys of ``RULES``.
    start : tuple of (float, float)
    learning_rate : float or "default", optional
        The same for all, or each rule's own default. If nothing is given, each runs at its own best of ``RATES``: all rates run from the
        start, with two draws of the noise of the search's own (where there is any), and the one
        whose loss over the last 50 steps lies lowest, as a mean of powers of ten, is taken; among
        those that come within 1e-8 of the lowest loss, the one that was quickest on the way.
    noise : float
        In units of the surface's `noise_unit`.
    seed : int
        Of the race's noise.

    Returns
    -------
    tuple of Path
        In the order of ``names``.
    """
    if not names:
        return ()
    ground = surface(surface_name)
    if learning_rate is None:
        rates = [RATES] * len(names)
    elif learning_rate == "default":
        rates = [(RULES[name].learning_rate,) for name in names]
    else:
        rates = [(learning_rate,)] * len(names)
    is_noisy = noise > 0 or ground.sampled is not None
    seeds = (seed, *SEARCH_SEEDS) if learning_rate is None and is_noisy else (seed,)
    places, gradients, slots = _run(ground, names, rates, start, noise, seeds)
    with np.errstate(all="ignore"):
        lost = ~(np.abs(places) < _FAR).all(-1)  # also where it is NaN
        places[np.logical_or.accumulate(lost, axis=0)] = np.nan
        losses = ground.loss(places)  # (steps + 1, names, seeds, rates)
    best = _best(losses[:, :, -len(SEARCH_SEEDS) :], ground.lowest)
    return tuple(
        Path(
            name,
            rates[i][b],
            places[:, i, 0, b].copy(),  # a view would keep all runs of the search in memory
            losses[:, i, 0, b].copy(),
            gradients[:, i, 0, b].copy(),
            {slot: np.array([step[slot][0, b] for step in slots[i]]) for slot in slots[i][0]},
        )
        for i, (name, b) in enumerate(zip(names, best, strict=True))
    )


def _run(ground, names, rates, start, noise, seeds):
    """Take all steps of all runs: as many rates for each name; the race's seed is the first."""
    shape = (len(names), len(seeds), len(rates[0]), 2)
    at = [ground.gradients(seed) for seed in seeds]
    shake = np.stack([ground.noise(noise, seed) for seed in seeds], 1)[:, :, None]  # all rates
    places, gradients = np.empty((STEPS + 1, *shape)), np.empty((STEPS, *shape))
    slots = [[] for _ in names]
    places[0] = start
    every = [
        Runs(name, tried, here) for name, tried, here in zip(names, rates, places[0], strict=True)
    ]
    with np.errstate(all="ignore"):  # who diverges, diverges
        for step in range(STEPS):
            here, slope = places[step], gradients[step]
            if ground.sampled is None:
                slope[...] = ground.gradient(here)
            else:  # each draw asks another sample
                for draw, gradient_at in enumerate(at):
                    slope[:, draw] = gradient_at(step, here[:, draw])
            slope += shake[step]
            for index, runs in enumerate(every):
                runs.step(slope[index], places[step + 1, index])
                slots[index].append(runs.slots)
    return places, gradients, slots


def _best(losses, lowest):
    """Return for each name which rate is best; ``losses`` is (steps + 1, names, seeds, rates)."""
    if losses.shape[-1] == 1:
        return [0] * losses.shape[1]
    gap = np.nan_to_num(losses - lowest, nan=1e12, posinf=1e12)
    powers = np.log10(np.clip(gap, _GOOD_ENOUGH, 1e12)).mean(axis=2)  # over the seeds
    scores = powers[-LAST:].mean(axis=0) + 1e-3 * powers.mean(axis=0)
    return scores.argmin(axis=1).tolist()
