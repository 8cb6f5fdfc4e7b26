"""The NumPy host: containers, blocks, state, errors that change nothing, and learning.

L-BFGS has a host, and a file, of its own.
"""

import copy
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlkit import optimizers, schedules
from dlkit.optimizers import OPTIMIZERS, NonFiniteGradientError, stepping
from dlkit.rules import RULES

SEGMENTS = [("kernel", 0, 15, (5, 3)), ("bias", 15, 19, (4,))]
CLIPPING = [{}, {"clipnorm": 0.5}, {"clipvalue": 0.25}, {"global_clipnorm": 0.5}]


def gradients_of(seed, steps, dtype="float64"):
    return np.random.default_rng(seed).normal(size=(steps, 19)).astype(dtype)


def named(flat):
    return {name: flat[start:stop].reshape(shape) for name, start, stop, shape in SEGMENTS}


def run(optimizer, gradients, parameters):
    for gradient in gradients:
        optimizer.apply(gradient, parameters)
    return parameters


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=10, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    clipping=st.sampled_from(CLIPPING),
    dtype=st.sampled_from(["float32", "float64"]),
    decay=st.sampled_from([None, 0.125]),
)
def test_lists_dicts_and_flat_buffers_give_the_same_bits(name, seed, clipping, dtype, decay):
    steps = gradients_of(seed, 4, dtype)
    start = gradients_of(seed + 1, 1, dtype)[0]
    results, states = [], []
    for kind in ("dict", "list", "flat", "strided"):
        optimizer = optimizers.get(name, **clipping, weight_decay=decay)
        flat = start.copy()
        if kind == "dict":
            run(optimizer, [named(step) for step in steps], named(flat))
        elif kind == "list":
            parts = [list(named(step).values()) for step in steps]
            run(optimizer, parts, list(named(flat).values()))
        elif kind == "strided":
            parts = {key: value.copy(order="F") for key, value in named(flat).items()}
            run(optimizer, [named(step) for step in steps], parts)
            flat = np.concatenate([part.ravel() for part in parts.values()])
        else:
            for step in steps:
                optimizer.apply_flat(step, flat, SEGMENTS)
        results.append(flat)
        states.append(optimizer.state)
    for result, state in zip(results, states, strict=True):
        np.testing.assert_array_equal(result, results[0])
        assert result.dtype == dtype
        assert list(state) == list(states[0])
        for key in state:
            np.testing.assert_array_equal(state[key], states[0][key])


@pytest.mark.parametrize("name", RULES)
def test_blocks_give_the_same_bits_as_the_whole(name, monkeypatch):
    steps, start = gradients_of(0, 70), gradients_of(1, 1)[0]
    whole, blocks = start.copy(), start.copy()
    optimizer = optimizers.get(name, clipnorm=1.0, weight_decay=0.01)
    for step in steps:
        optimizer.apply_flat(step, whole)
    monkeypatch.setattr(stepping, "BLOCK", 4)
    optimizer = optimizers.get(name, clipnorm=1.0, weight_decay=0.01)
    for step in steps:
        optimizer.apply_flat(step, blocks)
    np.testing.assert_array_equal(whole, blocks)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("scheduled", [False, True])
def test_resumes_with_the_same_bits(name, scheduled, tmp_path):
    """Also through a file, in a fresh optimizer, across a flush of subnormal numbers."""
    rate = schedules.CosineAnnealing(0.01, 1000) if scheduled else 0.01
    steps, start = gradients_of(0, 100, "float32"), gradients_of(1, 1, "float32")[0]
    through = start.copy()
    first = optimizers.get(name, learning_rate=rate)
    run(first, steps, through)

    broken = start.copy()
    second = optimizers.get(name, learning_rate=rate)
    run(second, steps[:37], broken)
    np.savez(tmp_path / "state.npz", **second.state)
    third = optimizers.get(name, learning_rate=rate)
    with np.load(tmp_path / "state.npz", allow_pickle=False) as stored:
        third.load_state({key: stored[key] for key in stored.files})
    assert third.iterations == 37
    run(third, steps[37:], broken)
    np.testing.assert_array_equal(through, broken)
    for key, value in first.state.items():
        np.testing.assert_array_equal(value, third.state[key])


def test_the_state_is_a_copy():
    optimizer, x = optimizers.Adam(), np.ones(3)
    optimizer.apply(np.ones(3), x)
    state = optimizer.state
    state["first_moment"][:] = 99
    assert optimizer.state["first_moment"].max() < 1
    optimizer.load_state(optimizer.state | {"first_moment": np.zeros(3)})
    given = optimizer.state
    fresh = optimizers.Adam()
    fresh.load_state(given)
    fresh.apply(np.ones(3), x)
    assert given["first_moment"].max() == 0


def test_a_learning_rate_that_was_changed_is_resumed():
    optimizer = optimizers.SGD(0.5)
    optimizer.learning_rate = 0.25
    again = optimizers.SGD(0.5)
    again.load_state(optimizer.state)
    assert again.learning_rate == 0.25


@pytest.mark.parametrize("name", RULES)
def test_reset_forgets_everything(name):
    steps, start = gradients_of(0, 5), gradients_of(1, 1)[0]
    optimizer = optimizers.get(name)
    first = run(optimizer, steps, start.copy())
    optimizer.reset()
    assert optimizer.iterations == 0
    np.testing.assert_array_equal(run(optimizer, steps, start.copy()), first)


# A bad parabola: 30 times as steep across as along, its lowest point away from 0.
GRID = (0.001, 0.01, 0.1, 1.0, 10.0)
CURVATURE, LOWEST = np.array([1.0, 30.0]), np.array([1.5, -0.5])


def loss_after(optimizer, steps=300):
    x = np.array([-1.0, 1.0])
    for _ in range(steps):
        optimizer.apply(np.clip(CURVATURE * (x - LOWEST), -1e6, 1e6), x)
    return float((CURVATURE * (x - LOWEST) ** 2).sum() / 2)


@pytest.mark.parametrize("name", RULES)
def test_learns_at_its_best_learning_rate(name):
    before = float((CURVATURE * (np.array([-1.0, 1.0]) - LOWEST) ** 2).sum() / 2)
    losses = [loss_after(optimizers.get(name, learning_rate=r)) for r in GRID]
    assert min(losses) < before / 100
    upward = type("upward", (RULES[name],), {"update": staticmethod(_upward(RULES[name]))})
    wrong = type("Upward", (OPTIMIZERS[name],), {"rule": upward})
    assert min(loss_after(wrong(r), 30) for r in (0.001, 0.01, 0.1)) > before / 100


def _upward(rule):
    def update(xp, gradient, *others, **hyperparameters):
        return rule.update(xp, -gradient, *others, **hyperparameters)

    return update


def test_subnormal_slots_are_cleared():
    optimizer, x = optimizers.Momentum(momentum=0.5), np.zeros(2, "float32")
    optimizer.apply(np.array([1e-30, 1.0], "float32"), x)
    for _ in range(stepping.FLUSH_EVERY - 1):
        optimizer.apply(np.zeros(2, "float32"), x)
    velocity = optimizer.state["velocity"]
    assert velocity[0] == 0 and velocity[1] != 0


def test_a_schedule_sets_each_step():
    optimizer, x = optimizers.SGD(schedules.StepDecay(1.0, 2, 0.5)), np.zeros(1)
    seen = []
    for _ in range(4):
        seen.append(optimizer.learning_rate)
        optimizer.apply(np.array([1.0]), x)
    assert seen == [1, 1, 0.5, 0.5] and x[0] == -3
    assert optimizer.schedule == schedules.StepDecay(1.0, 2, 0.5)
    optimizer.learning_rate = 0.125
    assert optimizer.schedule is None and optimizer.learning_rate == 0.125


def test_weight_decay_is_decoupled():
    optimizer, x = optimizers.SGD(0.5, weight_decay=0.25), np.array([8.0])
    optimizer.apply(np.array([2.0]), x)
    assert x[0] == 8 - 0.5 * 0.25 * 8 - 0.5 * 2


def test_adamw_decays_by_default():
    """Without a gradient Adam stands still, and AdamW shrinks by 0.004 times its learning rate."""
    adam, adamw = np.array([8.0]), np.array([8.0])
    optimizers.Adam(0.5).apply(np.zeros(1), adam)
    optimizers.AdamW(0.5).apply(np.zeros(1), adamw)
    assert adam[0] == 8 and adamw[0] == pytest.approx(8 - 0.5 * 0.004 * 8, rel=1e-15)


def test_clipping_by_hand():
    gradient = {"a": np.array([3.0, 4.0]), "b": np.array([0.0, 12.0])}  # norms 5, 12, 13
    moved = {}
    for argument, limit in (("clipnorm", 2.5), ("clipvalue", 3.5), ("global_clipnorm", 6.5)):
        x = {"a": np.zeros(2), "b": np.zeros(2)}
        optimizers.SGD(1.0, **{argument: limit}).apply(gradient, x)
        moved[argument] = [*-x["a"], *-x["b"]]
    assert moved["clipnorm"] == pytest.approx([1.5, 2, 0, 2.5])
    assert moved["clipvalue"] == [3, 3.5, 0, 3.5]
    assert moved["global_clipnorm"] == pytest.approx([1.5, 2, 0, 6])


def test_gradients_are_left_alone():
    gradient = np.array([3.0, 4.0])
    for clipping in CLIPPING:
        optimizers.Adam(**clipping).apply(gradient, np.zeros(2))
    assert gradient.tolist() == [3, 4]


def test_a_scalar_parameter_is_taken():
    x = np.array(1.0)
    optimizers.SGD(0.5).apply(1.0, x)
    assert x == 0.5


def test_the_order_of_names_does_not_matter():
    x = {"a": np.zeros(1), "b": np.zeros(1)}
    optimizers.SGD(1.0).apply({"b": np.array([2.0]), "a": np.array([1.0])}, x)
    assert x["a"] == -1 and x["b"] == -2


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_get_takes_names_classes_configurations_and_optimizers(name):
    cls = OPTIMIZERS[name]
    clipping = {} if name == "lbfgs" else {"clipvalue": 2.0}
    made = optimizers.get(name, learning_rate=0.5, **clipping)
    assert type(made) is type(optimizers.get(cls.__name__)) is type(optimizers.get(cls)) is cls
    assert getattr(optimizers, cls.__name__) is cls
    assert optimizers.get(made) is made
    config = json.loads(json.dumps(made.get_config()))
    assert optimizers.get(config).get_config() == made.get_config()
    changed = optimizers.get(made, learning_rate=0.25)
    assert changed.learning_rate == 0.25 and made.learning_rate == 0.5
    assert eval(repr(made), vars(optimizers)).get_config() == made.get_config()
    assert copy.deepcopy(made).get_config() == made.get_config()
    assert "learning_rate : float or Schedule" in cls.__doc__


def test_a_configuration_with_a_schedule_returns():
    made = optimizers.Adam(schedules.Warmup(schedules.CosineAnnealing(0.1, 50), 5))
    again = optimizers.get(json.loads(json.dumps(made.get_config())))
    assert again.schedule == made.schedule


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: optimizers.get("adm"), ValueError, "Did you mean 'adam'"),
        (lambda: optimizers.get(3), TypeError, "optimizer must be one of"),
        (lambda: optimizers.get(None), TypeError, "optimizer must be one of"),
        (lambda: optimizers.get({"learning_rate": 1}), TypeError, "optimizer must be one of"),
        (lambda: optimizers.Adam(-1), ValueError, "learning_rate must be"),
        (lambda: optimizers.Adam(0), ValueError, "learning_rate must be"),
        (lambda: optimizers.Adam(None), TypeError, "learning_rate must be"),
        (lambda: optimizers.Adam("0.1"), TypeError, "Remove the quotes"),
        (lambda: optimizers.Adam(np.nan), ValueError, "learning_rate must be"),
        (lambda: optimizers.Adam(beta_1=1.0), ValueError, "beta_1 must be"),
        (lambda: optimizers.Adam(beta_2=-0.1), ValueError, "beta_2 must be"),
        (lambda: optimizers.Adam(beta_1=True), TypeError, "beta_1 must be"),
        (lambda: optimizers.Adam(epsilon=0), ValueError, "epsilon must be"),
        (lambda: optimizers.Adam(beta1=0.9), TypeError, "Did you mean 'beta_1'"),
        (lambda: optimizers.Adam(amsgrad=True), TypeError, r"AMSGrad\(\)"),
        (lambda: optimizers.SGD(momentum=0.9), TypeError, r"Momentum\(momentum=0.9\)"),
        (lambda: optimizers.RMSProp(rho=1), ValueError, "rho must be"),
        (lambda: optimizers.RMSProp(momentum=1), ValueError, "momentum must be"),
        (lambda: optimizers.RMSProp(centered=1), TypeError, "centered must be True or False"),
        (lambda: optimizers.Adam(use_ema=True), TypeError, "to_keras"),
        (lambda: optimizers.Adam(betas=(0.9, 0.99)), TypeError, "beta_1 and beta_2"),
        (lambda: optimizers.Momentum(dampening=1), ValueError, "dampening must be"),
        (lambda: optimizers.AdaGrad(initial_accumulator_value=-1), ValueError, "initial_acc"),
        (lambda: optimizers.Ftrl(initial_accumulator_value=0), ValueError, "initial_acc"),
        (lambda: optimizers.Ftrl(learning_rate_power=0.5), ValueError, "learning_rate_power"),
        (lambda: optimizers.Ftrl(schedules.Warmup(0.1, 5)), ValueError, "above 0"),
        (lambda: optimizers.SGD(clipnorm=0), ValueError, "clipnorm must be"),
        (lambda: optimizers.SGD(clipvalue=-1), ValueError, "clipvalue must be"),
        (lambda: optimizers.SGD(clipnorm=1, clipvalue=1), ValueError, "Only one of"),
        (lambda: optimizers.SGD(weight_decay=-1), ValueError, "weight_decay must be"),
    ],
)
def test_wrong_arguments_are_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize(
    ("gradients", "parameters", "error", "words"),
    [
        ({"a": np.ones(2)}, {"a": np.ones(3)}, ValueError, "shape"),
        ({"b": np.ones(2)}, {"a": np.ones(2)}, ValueError, "no gradient for a"),
        ([np.ones(2)], [np.ones(2), np.ones(2)], ValueError, "no gradient for 1"),
        ([np.ones(2), np.ones(2)], [np.ones(2)], ValueError, "no parameter for the gradient 1"),
        ({}, {}, ValueError, "must not be empty"),
        (np.ones(2), np.ones(2, int), TypeError, "floating-point"),
        ([1.0, 2.0], [1.0, 2.0], TypeError, "NumPy array"),
        ("x", np.ones(2), TypeError, "gradients must be"),
        (np.array(["x", "y"]), np.ones(2), TypeError, "must hold numbers"),
        ({"a": None}, {"a": np.ones(2)}, TypeError, "gradient a must be"),
        (np.ones(0), np.ones(0), ValueError, "must not be empty"),
        ([np.ones(1), np.ones(1)], [np.ones(1), np.ones(1, "f4")], TypeError, "one dtype"),
        (np.array([1, np.nan]), np.ones(2), NonFiniteGradientError, "nothing was changed"),
        (np.array([np.inf, -np.inf]), np.ones(2), NonFiniteGradientError, "2 of 2"),
    ],
)
def test_wrong_gradients_change_nothing(gradients, parameters, error, words):
    optimizer = optimizers.Adam()
    before = copy.deepcopy(parameters)
    with pytest.raises(error, match=words):
        optimizer.apply(gradients, parameters)
    assert optimizer.iterations == 0 and list(optimizer.state) == ["iterations", "learning_rate"]
    assert repr(parameters) == repr(before)


def test_a_bad_gradient_in_the_middle_of_a_run_changes_nothing():
    optimizer, x = optimizers.Nadam(), np.ones(19)
    run(optimizer, gradients_of(0, 3), x)
    before, state = x.copy(), optimizer.state
    bad = np.ones(19)
    bad[17] = np.inf
    with pytest.raises(NonFiniteGradientError, match="the gradient bias .* 1 of 4"):
        optimizer.apply_flat(bad, x, SEGMENTS)
    np.testing.assert_array_equal(x, before)
    for key, value in optimizer.state.items():
        np.testing.assert_array_equal(value, state[key])


def test_large_but_finite_gradients_are_no_error():
    x = np.zeros(3, "float32")
    optimizers.SGD(1e-38).apply(np.full(3, 3e38, "float32"), x)
    assert np.isfinite(x).all() and (x < 0).all()


def test_read_only_parameters_are_refused():
    x = np.ones(2)
    x.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        optimizers.SGD().apply(np.ones(2), x)


@pytest.mark.parametrize(
    ("gradients", "parameters", "segments", "words"),
    [
        (np.ones(3), np.ones(4), None, "shape"),
        (np.ones((2, 2)), np.ones((2, 2)), None, "axes"),
        (np.ones(4), np.ones(4), [("a", 0, 3, (3,))], "cover all 4"),
        (np.ones(4), np.ones(4), [("a", 1, 4, (3,))], "without gaps"),
        (np.ones(4), np.ones(4), [("a", 0, 2, (2,)), ("b", 1, 4, (3,))], "without gaps"),
    ],
)
def test_wrong_flat_buffers_are_refused(gradients, parameters, segments, words):
    with pytest.raises(ValueError, match=words):
        optimizers.SGD().apply_flat(gradients, parameters, segments)


def test_another_network_needs_another_optimizer():
    optimizer = optimizers.Adam()
    optimizer.apply(np.ones(2), np.ones(2))
    with pytest.raises(ValueError, match="remembers 2 parameters"):
        optimizer.apply(np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match="dtype float64"):
        optimizer.apply(np.ones(2), np.ones(2, "float32"))
    assert optimizer.iterations == 1


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda s: 3, TypeError, "state must be a dict"),
        (lambda s: {**s, "velocity": np.ones(2)}, ValueError, "a key of state"),
        (lambda s: {k: v for k, v in s.items() if k != "iterations"}, ValueError, "iterations"),
        (lambda s: {k: v for k, v in s.items() if k != "product"}, ValueError, "product"),
        (lambda s: {k: v for k, v in s.items() if k != "first_moment"}, ValueError, "missing"),
        (lambda s: {**s, "iterations": -1}, ValueError, "iterations must be"),
        (lambda s: {**s, "first_moment": np.ones(3)}, ValueError, "same size"),
        (lambda s: {**s, "first_moment": np.array([1, np.nan])}, ValueError, "finite"),
        (lambda s: {**s, "learning_rate": -1}, ValueError, "learning_rate must be"),
    ],
)
def test_a_wrong_state_changes_nothing(change, error, words):
    optimizer = optimizers.Nadam()
    optimizer.apply(np.ones(2), np.ones(2))
    before = optimizer.state
    with pytest.raises(error, match=words):
        optimizer.load_state(change(optimizer.state))
    for key, value in optimizer.state.items():
        np.testing.assert_array_equal(value, before[key])


def test_the_base_class_is_no_optimizer():
    with pytest.raises(TypeError, match="base class"):
        optimizers.Optimizer(0.1)
    with pytest.raises(TypeError, match="optimizer must be one of"):
        optimizers.get(optimizers.Optimizer)
