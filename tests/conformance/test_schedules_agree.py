"""Every schedule agrees with PyTorch's scheduler of the same kind, step by step.

Those of Keras are compared in ``test_keras_optimizer.py``, through the optimizers that use them.
"""

import numpy as np
import pytest
from peers import needs_torch, torch, torch_in_float64
from test_keras_optimizer import REFERENCES

from dlkit import schedules
from dlkit.schedules import SCHEDULES

RATE, STEPS = 0.125, 120


def linear_then_cosine(optimizer):
    rise = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=2.0**-6, total_iters=8)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 40, eta_min=RATE / 8)
    return torch.optim.lr_scheduler.SequentialLR(optimizer, [rise, fall], [8])


# name -> (schedule, PyTorch's scheduler for an optimizer of rate RATE, steps on which both are alike)
ROWS = {
    "Constant": (
        schedules.Constant(RATE),
        lambda o, s: s.ConstantLR(o, factor=1.0),
        STEPS,
    ),
    "StepDecay": (
        schedules.StepDecay(RATE, 7, 0.75),
        lambda o, s: s.StepLR(o, step_size=7, gamma=0.75),
        STEPS,
    ),
    "ExponentialDecay": (
        schedules.ExponentialDecay(RATE, 7, 0.75),
        lambda o, s: s.ExponentialLR(o, gamma=0.75 ** (1 / 7)),
        STEPS,
    ),
    "PolynomialDecay": (
        schedules.PolynomialDecay(RATE, 40, end_learning_rate=0.0, power=1.5),
        lambda o, s: s.PolynomialLR(o, total_iters=40, power=1.5),
        STEPS,
    ),
    # PyTorch's goes up again after the end.
    "CosineAnnealing": (
        schedules.CosineAnnealing(RATE, 40, 0.125),
        lambda o, s: s.CosineAnnealingLR(o, 40, eta_min=RATE / 8),
        41,
    ),
    "CosineRestarts": (
        schedules.CosineRestarts(RATE, 7, t_mul=2.0, m_mul=1.0, alpha=0.125),
        lambda o, s: s.CosineAnnealingWarmRestarts(o, 7, T_mult=2, eta_min=RATE / 8),
        STEPS,
    ),
    "Warmup": (
        schedules.Warmup(schedules.CosineAnnealing(RATE, 40, 0.125), 8, 2.0**-9),
        lambda o, s: linear_then_cosine(o),
        49,
    ),
    # PyTorch's rise ends one step earlier than its share: at 0.25 · 60 - 1 = 14 of 59.
    "OneCycle": (
        schedules.OneCycle(RATE, 60, rise_fraction=14 / 59, start_divisor=16, end_divisor=64),
        lambda o, s: s.OneCycleLR(o, RATE, 60, pct_start=0.25, div_factor=16, final_div_factor=64),
        60,
    ),
}
# No scheduler of PyTorch's is like these.
KERAS_ALONE = {"InverseTimeDecay"}


def test_every_schedule_has_an_independent_reference():
    assert set(ROWS) | KERAS_ALONE == set(SCHEDULES)
    assert set(REFERENCES) >= KERAS_ALONE


@needs_torch
@pytest.mark.filterwarnings("ignore:Detected call of")
@pytest.mark.filterwarnings("ignore:The epoch parameter")
@pytest.mark.parametrize("name", ROWS)
def test_agrees_with_pytorch(name):
    schedule, make, steps = ROWS[name]
    with torch_in_float64():
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=RATE)
        scheduler = make(optimizer, torch.optim.lr_scheduler)
        expected = []
        for _ in range(steps):
            expected.append(float(optimizer.param_groups[0]["lr"]))
            optimizer.step()
            if len(expected) < steps:
                scheduler.step()
    np.testing.assert_allclose(schedule(np.arange(steps)), expected, rtol=0, atol=1e-12)
