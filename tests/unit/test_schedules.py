"""Schedules against Keras where it has them, against hand-worked numbers everywhere."""

import math

import numpy as np
import pytest

from dlkit import schedules

EXAMPLES = {
    # name: (schedule, {step: learning rate by hand})
    "Constant": (schedules.Constant(0.25), {0: 0.25, 1000: 0.25}),
    "StepDecay": (schedules.StepDecay(1.0, 10, 0.5), {0: 1, 9: 1, 10: 0.5, 29: 0.25, 30: 0.125}),
    "ExponentialDecay": (
        schedules.ExponentialDecay(1.0, 10, 0.25),
        {0: 1, 5: 0.5, 10: 0.25, 20: 0.0625},
    ),
    "InverseTimeDecay": (
        schedules.InverseTimeDecay(1.0, 10, 1.0),
        {0: 1, 10: 0.5, 30: 0.25, 5: 1 / 1.5},
    ),
    "PolynomialDecay": (
        schedules.PolynomialDecay(1.0, 10, 0.5, power=2.0),
        {0: 1, 5: 0.625, 10: 0.5, 99: 0.5},
    ),
    "CosineAnnealing": (
        schedules.CosineAnnealing(2.0, 12, alpha=0.5),
        {0: 2, 4: 1.75, 6: 1.5, 8: 1.25, 12: 1, 50: 1},
    ),
    "CosineRestarts": (
        # cycles of 2, 4, 8 steps, which start at 1, 1/2, 1/4
        schedules.CosineRestarts(1.0, 2, t_mul=2.0, m_mul=0.5),
        {0: 1, 1: 0.5, 2: 0.5, 4: 0.25, 6: 0.25, 10: 0.125, 14: 0.125},
    ),
    "Warmup": (
        schedules.Warmup(schedules.StepDecay(1.0, 10, 0.5), 4, initial_learning_rate=0.5),
        {0: 0.5, 1: 0.625, 2: 0.75, 4: 1, 13: 1, 14: 0.5},
    ),
    "OneCycle": (
        # up over 4 of 8 intervals, down over 4
        schedules.OneCycle(1.0, 9, rise_fraction=0.5, start_divisor=5.0, end_divisor=2.0),
        {0: 0.2, 2: 0.6, 4: 1, 6: 0.55, 8: 0.1, 20: 0.1},
    ),
}


def test_the_table_has_every_schedule():
    assert list(EXAMPLES) == list(schedules.SCHEDULES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_agrees_with_numbers_by_hand(name):
    schedule, expected = EXAMPLES[name]
    for step, value in expected.items():
        assert schedule(step) == pytest.approx(value, rel=1e-12)
        assert isinstance(schedule(step), float)


@pytest.mark.parametrize("name", EXAMPLES)
def test_takes_many_steps_at_once(name):
    schedule, _ = EXAMPLES[name]
    steps = np.arange(40)
    np.testing.assert_allclose(schedule(steps), [schedule(step) for step in steps], rtol=1e-14)
    assert (schedule(steps) >= 0).all()


@pytest.mark.parametrize("name", EXAMPLES)
def test_returns_from_its_configuration(name):
    schedule, _ = EXAMPLES[name]
    again = schedules.get(schedule.get_config())
    assert again == schedule and hash(again) == hash(schedule)
    assert eval(repr(schedule), vars(schedules)) == schedule
    assert schedule != schedules.Constant(0.123)


def test_restarts_come_on_time():
    """Cycles 1.5 times as long each: a restart is where the wave is at its top."""
    schedule = schedules.CosineRestarts(1.0, 64, t_mul=1.5)
    start = 0
    for length in (64, 96, 144, 216, 324, 486, 729):
        assert schedule(start) == pytest.approx(1.0)
        assert schedule(start + length - 1) < 0.01
        start += length


def test_equal_cycles():
    schedule = schedules.CosineRestarts(1.0, 10, t_mul=1.0)
    np.testing.assert_allclose(schedule(np.arange(10)), schedule(np.arange(10, 20)), atol=1e-12)


def test_decay_halves_when_it_says():
    assert schedules.ExponentialDecay(1.0, 100, 0.5)(50) == pytest.approx(math.sqrt(0.5))


def test_get_takes_names_numbers_and_schedules():
    constant = schedules.Constant(0.5)
    assert schedules.get(constant) is constant
    assert schedules.get(0.5) == constant
    assert schedules.get("Constant", learning_rate=0.5) == constant


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: schedules.Constant(0), ValueError, "learning_rate must be"),
        (lambda: schedules.Constant("0.1"), TypeError, "Remove the quotes"),
        (lambda: schedules.StepDecay(0.1, 0), ValueError, "decay_steps must be"),
        (lambda: schedules.StepDecay(0.1, 2.5), ValueError, "whole number"),
        (lambda: schedules.StepDecay(0.1, 5, 1.5), ValueError, "decay_rate must be"),
        (lambda: schedules.ExponentialDecay(0.1, 5, 0), ValueError, "decay_rate must be"),
        (lambda: schedules.ExponentialDecay(math.nan, 5), ValueError, "initial_learning_rate"),
        (lambda: schedules.InverseTimeDecay(0.1, 5, -1), ValueError, "decay_rate must be"),
        (lambda: schedules.PolynomialDecay(0.1, 5, -1), ValueError, "end_learning_rate must be"),
        (lambda: schedules.PolynomialDecay(0.1, 5, 0, 0), ValueError, "power must be"),
        (lambda: schedules.CosineAnnealing(0.1, 5, 2), ValueError, "alpha must be"),
        (lambda: schedules.CosineRestarts(0.1, 5, 0.5), ValueError, "t_mul must be"),
        (lambda: schedules.CosineRestarts(0.1, 5, 2, 0), ValueError, "m_mul must be"),
        (lambda: schedules.Warmup(-1), ValueError, "learning_rate must be"),
        (lambda: schedules.Warmup(0.1, 0), ValueError, "warmup_steps must be"),
        (lambda: schedules.OneCycle(0.1, 1), ValueError, "total_steps must be"),
        (lambda: schedules.OneCycle(0.1, 9, 1), ValueError, "rise_fraction must be"),
        (lambda: schedules.OneCycle(0.1, 9, 0.3, 0.5), ValueError, "start_divisor must be"),
        (lambda: schedules.get("Constnt"), ValueError, "Did you mean 'Constant'"),
        (lambda: schedules.get({"learning_rate": 1}), TypeError, "schedule must be one of"),
        (lambda: schedules.get(0.1, decay_steps=3), TypeError, "arguments are for"),
        (lambda: schedules.Constant(0.1)(-1), ValueError, "step must be"),
        (lambda: schedules.Constant(0.1)([0, -1]), ValueError, "step must not be negative"),
        (lambda: schedules.Constant(0.1)("1"), TypeError, "step must be"),
        (lambda: schedules.Constant(0.1)(math.inf), ValueError, "step must be"),
    ],
)
def test_wrong_arguments_are_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()
