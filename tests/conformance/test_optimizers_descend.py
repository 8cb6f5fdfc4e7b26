"""Each rule, at its own best learning rate, gets down a bad parabola and Rosenbrock's valley."""

import numpy as np
import pytest
from optimizer_cases import CASES, wrong_variant

from dlkit.rules import RULES

STEPS = 2000
RATES = 10.0 ** np.arange(-5, 1.6, 0.25)[:, np.newaxis]  # all tried at once, a row for each
STEEP, LOWEST = np.array([1.0, 100.0]), np.array([1.5, -0.5])


def parabola(x):
    """Return ((a - 1.5)² + 100 (b + 0.5)²) / 2 and its gradient: a hundred times as steep across.

    The lowest point is not 0, where FTRL's first step leads by itself.
    """
    return (STEEP * (x - LOWEST) ** 2).sum(axis=1) / 2, STEEP * (x - LOWEST)


def rosenbrock(x):
    """Return (1 - a)² + 100 (b - a²)² and its gradient (Rosenbrock 1960)."""
    a, b = x.T
    across = b - a**2
    gradient = np.stack([-2 * (1 - a) - 400 * a * across, 200 * across], axis=1)
    return (1 - a) ** 2 + 100 * across**2, gradient


VALLEYS = {"parabola": (parabola, (-1.0, 0.5)), "rosenbrock": (rosenbrock, (-1.2, 1.0))}


def descend(name, valley, steps=STEPS):
    """Return the first value, and that after the last step for each learning rate."""
    function, start = VALLEYS[valley]
    rule = RULES[name]
    arguments = {key: each.default for key, each in rule.hyperparameters.items()}
    x = np.tile(start, (len(RATES), 1))
    slots, scalars = rule.init(np, x, **arguments), dict(rule.initial_scalars)
    before = function(x[:1])[0][0]
    with np.errstate(all="ignore"):  # a learning rate that is too large runs away
        for step in range(1, steps + 1):
            scalars = rule.advance(step, scalars, **arguments)
            _, gradient = function(x)
            delta, slots = rule.update(np, gradient, x, slots, scalars, RATES, **arguments)
            x = x + delta
        after = function(x)[0]
    return before, np.where(np.isfinite(after), after, np.inf)


@pytest.mark.parametrize("valley", VALLEYS)
@pytest.mark.parametrize("name", RULES)
def test_the_loss_falls_by_a_factor_of_a_hundred(name, valley):
    before, after = descend(name, valley)
    assert after.min() <= before / 100


@pytest.mark.parametrize("valley", VALLEYS)
@pytest.mark.parametrize("name", RULES)
def test_a_wrong_sign_does_not_get_down(name, valley, monkeypatch):
    for part, function in wrong_variant(name, CASES[name].wrong["wrong sign"]).items():
        monkeypatch.setattr(RULES[name], part, function)
    before, after = descend(name, valley, steps=200)
    assert after.min() > before / 100
