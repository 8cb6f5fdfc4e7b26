"""Every optimizer agrees with Keras, step by step in float64, and wrong ones are caught."""

import functools
import inspect

import keras
import numpy as np
import optimizer_cases as cases
import pytest

from dlkit import optimizers, schedules
from dlkit.optimizers import stepping
from dlkit.rules import RULES

CASES = cases.CASES
SCHEDULE = {"decay_steps": 64, "decay_rate": 0.5}

# Each run has one way to clip; schedule and weight decay come along, so that three runs show all.
SETTINGS = {
    "clipnorm, schedule": ({"clipnorm": 0.5}, True),
    "clipvalue, weight decay": ({"clipvalue": 0.25, "weight_decay": 0.0625}, False),
    "global clipnorm, schedule, weight decay": (
        {"global_clipnorm": 2.0, "weight_decay": 0.0625},
        True,
    ),
}


pytestmark = pytest.mark.usefixtures("module_in_float64")


def arguments_of(name, setting):
    arguments, scheduled = SETTINGS[setting]
    return ({"weight_decay": 0.0625} if name == "adamw" else {}) | arguments, scheduled


@functools.cache
def reference(name, setting):
    arguments, scheduled = arguments_of(name, setting)
    rate = CASES[name].learning_rate
    if scheduled:
        # Keras computes a schedule in float32, unless the dtype of its first value says otherwise.
        rate = keras.optimizers.schedules.InverseTimeDecay(np.float64(2 * rate), **SCHEDULE)
    theirs = CASES[name].reference(learning_rate=rate, **CASES[name].hyperparameters, **arguments)
    return cases.keras_trajectory(theirs, cases.fed_gradients(200, seed=1))


def agrees_in(name, setting):
    arguments, scheduled = arguments_of(name, setting)
    rate = CASES[name].learning_rate
    if scheduled:
        rate = schedules.InverseTimeDecay(2 * rate, **SCHEDULE)
    mine = cases.ours(name, learning_rate=rate, **arguments)
    got = cases.trajectory(mine, cases.fed_gradients(200, seed=1))
    return np.abs(got - reference(name, setting)).max() <= CASES[name].tolerance


def test_the_table_has_every_optimizer():
    """L-BFGS, whose host is its own, is compared in ``test_lbfgs_agrees.py``."""
    assert [*CASES, "lbfgs"] == [*RULES, "lbfgs"] == list(optimizers.OPTIMIZERS)
    assert all(len(case.wrong) >= 3 for case in CASES.values())


@pytest.mark.parametrize("name", CASES)
def test_agrees_with_keras_at_every_step(name):
    differences = cases.differences(name, 200)
    assert differences[0] <= CASES[name].tolerance
    assert differences.max() <= CASES[name].tolerance


@pytest.mark.full
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_keras_for_a_thousand_steps(name):
    assert cases.agrees(name, 1000)


@pytest.mark.parametrize("steps", [200, pytest.param(1000, marks=pytest.mark.full)])
@pytest.mark.parametrize("form", cases.FORMS)
def test_other_forms_agree_with_keras(form, steps):
    assert cases.differences(form, steps)[0] <= 1e-12
    assert cases.agrees(form, steps)


WRONG_FORMS = [(form, wrong) for form, row in cases.FORMS.items() for wrong in row[2]]


@pytest.mark.parametrize(("form", "wrong"), WRONG_FORMS, ids=[f"{n}: {w}" for n, w in WRONG_FORMS])
def test_wrong_variants_of_other_forms_are_caught(form, wrong, monkeypatch):
    name, _, edits = cases.FORMS[form]
    for part, function in cases.wrong_variant(name, edits[wrong]).items():
        monkeypatch.setattr(RULES[name], part, function)
    with np.errstate(all="ignore"):
        assert not cases.agrees(form)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_clipping_decay_and_schedule(name, setting):
    assert agrees_in(name, setting)


def test_nadam_differs_from_keras_by_its_rounded_constant_alone(monkeypatch):
    rounded = f"momentum = beta_1 * (1 - 0.5 * {float(np.float32(0.96))!r}"
    exact_product = "product * (beta_1 * (1 - 0.5 * 0.96 ** step))"
    edits = [
        ("product * momentum", exact_product),
        ("momentum = beta_1 * (1 - 0.5 * 0.96", rounded),
    ]
    for part, function in cases.wrong_variant("nadam", edits).items():
        monkeypatch.setattr(RULES["nadam"], part, function)
    assert cases.differences("nadam", 200).max() <= 1e-12


WRONG = [(name, wrong) for name, case in CASES.items() for wrong in case.wrong]


@pytest.mark.parametrize(("name", "wrong"), WRONG, ids=[f"{n}: {w}" for n, w in WRONG])
def test_wrong_variants_are_caught(name, wrong, monkeypatch):
    for part, function in cases.wrong_variant(name, CASES[name].wrong[wrong]).items():
        monkeypatch.setattr(RULES[name], part, function)
    with np.errstate(all="ignore"):
        assert not cases.agrees(name)


@pytest.mark.parametrize("name", CASES)
def test_an_unedited_copy_of_the_source_agrees(name, monkeypatch):
    for part, function in cases.wrong_variant(name, []).items():
        monkeypatch.setattr(RULES[name], part, function)
    assert cases.agrees(name)


def scales_of_all(segments, clipnorm=None, global_clipnorm=None):
    return right_scales(segments, None, clipnorm or global_clipnorm)


def scales_of_each(segments, clipnorm=None, global_clipnorm=None):
    return right_scales(segments, clipnorm or global_clipnorm, None)


def scales_that_also_stretch(segments, clipnorm=None, global_clipnorm=None):
    allowed = clipnorm or global_clipnorm
    return [allowed / max(np.linalg.norm(s.gradient), 1e-12) for s in segments]


def scales_by_the_square(segments, clipnorm=None, global_clipnorm=None):
    return [scale**2 for scale in right_scales(segments, clipnorm, global_clipnorm)]


right_scales = stepping.clip_scales


@pytest.mark.parametrize(
    ("setting", "wrong"),
    [
        ("clipnorm, schedule", scales_of_all),
        ("clipnorm, schedule", scales_that_also_stretch),
        ("clipnorm, schedule", scales_by_the_square),
        ("global clipnorm, schedule, weight decay", scales_of_each),
        ("global clipnorm, schedule, weight decay", scales_by_the_square),
    ],
)
def test_wrong_clipping_is_caught(setting, wrong, monkeypatch):
    assert agrees_in("sgd", setting)
    monkeypatch.setattr(stepping, "clip_scales", wrong)
    assert not agrees_in("sgd", setting)


@pytest.mark.parametrize("name", ["momentum", "adam", "rmsprop"])
def test_a_schedule_one_step_late_is_caught(name, monkeypatch):
    setting = "clipnorm, schedule"
    assert agrees_in(name, setting)
    right = schedules.InverseTimeDecay.value
    monkeypatch.setattr(
        schedules.InverseTimeDecay, "value", lambda self, xp, step: right(self, xp, step + 1)
    )
    assert not agrees_in(name, setting)


@pytest.mark.parametrize("name", ["adam", "adamw", "rmsprop"])
def test_weight_decay_inside_the_gradient_is_caught(name, monkeypatch):
    """PyTorch's ``Adam(weight_decay=...)``, which is not what Keras's does."""
    setting = "clipvalue, weight decay"
    assert agrees_in(name, setting)
    right = stepping.take_step

    def coupled(rule, segments, whole, step, slots, scalars, rate, arguments, *others):
        decay = arguments["weight_decay"]
        segments = [s._replace(gradient=s.gradient + decay * s.parameter) for s in segments]
        plain = {**arguments, "weight_decay": None}
        right(rule, segments, None, step, slots, scalars, rate, plain, *others)

    monkeypatch.setattr(optimizers.host, "take_step", coupled)
    assert not agrees_in(name, setting)


def test_momentum_as_a_moving_average_by_hand():
    """With momentum 1/2, dampening 1/2 and learning rate 1: v = v/2 - g/2, by hand."""
    optimizer = optimizers.Momentum(1.0, momentum=0.5, dampening=0.5)
    x = np.array([10.0])
    seen = []
    for gradient in (4.0, 8.0, -2.0):
        optimizer.apply(np.array([gradient]), x)
        seen.append(float(x[0]))
    # v: -2, then -1 - 4 = -5, then -2.5 + 1 = -1.5
    assert seen == [8.0, 3.0, 1.5]


def test_momentum_forms_differ_by_their_scale_alone():
    """The moving average's steps are (1 - momentum) times those of the heavy ball."""
    gradients = cases.fed_gradients(200)
    ball = cases.trajectory(optimizers.Momentum(2.0**-5, momentum=0.875), gradients)
    mean = cases.trajectory(
        optimizers.Momentum(2.0**-5, momentum=0.875, dampening=0.875), gradients
    )
    start = cases.initial_parameters()
    np.testing.assert_allclose(mean - start, (ball - start) / 8, rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    "edits",
    [
        [("(1 - dampening) * ", "")],
        [("(1 - dampening)", "dampening ** 2")],
        [("(1 - dampening)", "(1 + dampening)")],
    ],
)
def test_wrong_dampening_is_caught(edits, monkeypatch):
    for part, function in cases.wrong_variant("momentum", edits).items():
        monkeypatch.setattr(RULES["momentum"], part, function)
    with pytest.raises(AssertionError):
        test_momentum_as_a_moving_average_by_hand()


KERAS_ALONE = {
    *("use_ema", "ema_momentum", "ema_overwrite_frequency", "loss_scale_factor"),
    *("gradient_accumulation_steps", "name", "kwargs"),
}
ITS_OWN_OPTIMIZER = {
    "sgd": {"momentum", "nesterov"},
    **dict.fromkeys(("adam", "adamw"), {"amsgrad"}),
    "momentum": {"nesterov"},
    "amsgrad": {"amsgrad"},
    "nesterov": {"nesterov"},
}


@pytest.mark.parametrize("name", CASES)
def test_every_argument_of_kerass_is_there_or_is_told_where_it_is(name):
    theirs = type(CASES[name].reference(learning_rate=0.125))
    missing = set(inspect.signature(theirs).parameters) - KERAS_ALONE
    missing -= set(inspect.signature(type(optimizers.get(name))).parameters)
    assert missing == ITS_OWN_OPTIMIZER.get(name, set())
    for argument in missing | (KERAS_ALONE - {"name", "kwargs"}):
        with pytest.raises(TypeError, match=rf"{argument}.*(of its own|of their own|to_keras)"):
            optimizers.get(name, **{argument: 1})
