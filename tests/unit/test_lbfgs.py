"""L-BFGS: its direction beside matrices, its line search, its memory, resumption, networks."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlkit import NetworkLoss, TrainingConfig, TrainingJob, datasets, optimizers
from dlkit.layers import BatchNormalization, Dense, Dropout
from dlkit.network import Network
from dlkit.optimizers import LBFGS, NonFiniteGradientError
from dlkit.optimizers import lbfgs as host
from dlkit.optimizers.line_search import Trial, _between, strong_wolfe
from dlkit.rules import lbfgs
from dlkit.training.engine import NumpyEngine


def rosenbrock(x):
    """Return value and gradient, written out for two numbers."""
    a, b = x
    value = 100 * (b - a**2) ** 2 + (1 - a) ** 2
    return value, np.array([-400 * a * (b - a**2) - 2 * (1 - a), 200 * (b - a**2)])


START = np.array([-1.2, 1.0])


def pairs(seed, count, size, skew=1.0):
    """Return steps and changes of a gradient, as a positive definite curvature makes them."""
    generator = np.random.default_rng(seed)
    root = generator.normal(size=(size, size)) * skew ** np.arange(size)
    steps = list(generator.normal(size=(count, size)))
    return steps, [root.T @ root @ s + 0.5 * s for s in steps], generator.normal(size=size)


def by_matrices(gradient, steps, changes):
    """Return the direction from the inverse Hessian written down: equations 7.16 to 7.20."""
    identity = np.eye(len(gradient))
    inverse = identity
    if steps:
        inverse = identity * (steps[-1] @ changes[-1]) / (changes[-1] @ changes[-1])
    for s, y in zip(steps, changes, strict=True):
        rho = 1 / (y @ s)
        v = identity - rho * np.outer(y, s)
        inverse = v.T @ inverse @ v + rho * np.outer(s, s)
    return -inverse @ gradient


@given(st.integers(0, 2**32 - 1), st.integers(0, 6), st.integers(1, 7))
def test_the_two_loops_are_the_matrices(seed, count, size):
    steps, changes, gradient = pairs(seed, count, size)
    expected = by_matrices(gradient, steps, changes)
    found = lbfgs.direction(gradient, steps, changes)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8 * np.abs(expected).max())


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_the_newest_step_explains_its_change(seed, count):
    """The secant equation: the guessed inverse Hessian takes the last y to the last s."""
    steps, changes, _ = pairs(seed, count, 6)
    found = lbfgs.direction(changes[-1], steps, changes)
    np.testing.assert_allclose(-found, steps[-1], rtol=1e-7, atol=1e-7)


def test_the_direction_by_hand():
    """One step s = (1, 0), y = (2, 1): rho 1/2, gamma 2/5; q = g - alpha y, alpha = rho s·g."""
    s, y = np.array([1.0, 0.0]), np.array([2.0, 1.0])
    # g = (4, 1): alpha 2, q (0, -1), r (0, -0.4), beta -0.2, r + 2.2 s = (2.2, -0.4)
    np.testing.assert_allclose(lbfgs.direction(np.array([4.0, 1.0]), [s], [y]), [-2.2, 0.4])
    assert lbfgs.direction(np.array([4.0, 1.0]), [], []).tolist() == [-4.0, -1.0]


FUNCTIONS = {
    "parabola": lambda s: (s * s - 8 * s, 2 * s - 8),
    "quartic": lambda s: ((s - 3) ** 4 / 50, 4 * (s - 3) ** 3 / 50),
    "waves": lambda s: (0.05 * s * s - np.sin(s), 0.1 * s - np.cos(s)),
    "cliff": lambda s: (np.inf, np.nan) if s >= 2 else (-s - np.log(2 - s), -1 + 1 / (2 - s)),
    "steep": lambda s: (np.exp(-s) + 1e-3 * s, -np.exp(-s) + 1e-3),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@given(st.floats(-6, 4))
def test_the_line_search_keeps_both_conditions(name, exponent):
    def along(step):
        return Trial(step, *(float(number) for number in FUNCTIONS[name](step)))

    start = along(0.0)
    assert start.slope < 0
    found = strong_wolfe(along, start, 10.0**exponent)
    assert found.step > 0
    assert found.value <= start.value + 1e-4 * found.step * start.slope
    assert abs(found.slope) <= 0.9 * abs(start.slope)


@pytest.mark.parametrize("ends", [(0.25, 1.75), (1.75, 0.25), (-0.5, 2.0)])
def test_the_cubic_is_exact(ends):
    """t³ - 3 t has its valley at 1, whichever end is the lower one."""
    trials = [Trial(t, t**3 - 3 * t, 3 * t**2 - 3) for t in ends]
    assert _between(*trials) == pytest.approx(1, rel=1e-12)


def test_a_line_that_only_rises_gives_no_step():
    tried = []

    def along(step):
        tried.append(step)
        return Trial(step, 1.0 + step, 1.0)

    assert strong_wolfe(along, Trial(0.0, 1.0, -1.0), 1.0) is None
    assert len(tried) <= 25


def test_the_first_step_begins_with_the_learning_rate():
    tried = []

    def function(x):
        tried.append(x.copy())
        return rosenbrock(x)

    LBFGS(2.0**-10).step(function, START.copy())
    gradient = rosenbrock(START)[1]
    np.testing.assert_allclose(tried[1], START - 2.0**-10 * gradient, rtol=1e-14)


def test_memory_keeps_the_newest():
    optimizer, x = LBFGS(memory=3), START.copy()
    places = [x.copy()]
    for _ in range(8):
        optimizer.step(rosenbrock, x)
        places.append(x.copy())
    state = optimizer.state
    assert state["steps"].shape == (3, 2) and optimizer.iterations == 8
    np.testing.assert_array_equal(state["steps"], np.diff(places, axis=0)[-3:])
    gradients = [rosenbrock(place)[1] for place in places]
    np.testing.assert_array_equal(state["changes"], np.diff(gradients, axis=0)[-3:])


def test_a_step_without_curvature_is_not_remembered(monkeypatch):
    """Where the line search runs out of trials, step · change may be 0 or less."""

    def any_step(along, start, first):
        return along(0.25)

    monkeypatch.setattr(host, "strong_wolfe", any_step)
    optimizer, x = LBFGS(), np.array([1.0, 2.0])
    optimizer.step(lambda x: (float(-x @ x), -2 * x), x)  # a hill: the gradient grows with the step
    assert x.tolist() == [1.5, 3.0] and "steps" not in optimizer.state
    optimizer.step(lambda x: (float(x.sum()), np.ones(2)), x)  # a slope: it does not change
    assert "steps" not in optimizer.state
    optimizer.step(lambda x: (float(x @ x), 2 * x), x)
    assert optimizer.state["steps"].shape == (1, 2)


def test_a_memory_that_misleads_is_dropped():
    optimizer, x = LBFGS(), START.copy()
    wrong = {"steps": [[1.0, 1e-9]], "changes": [[1e-9, 1.0]]}  # nearly at right angles
    optimizer.load_state({"iterations": 3, **wrong})
    before = rosenbrock(x)[0]
    for _ in range(60):
        optimizer.step(rosenbrock, x)
    assert rosenbrock(x)[0] < before / 1e6


def test_minimize():
    found = LBFGS().minimize(rosenbrock, START)
    assert found.converged and "no element" in found.reason
    np.testing.assert_allclose(found.x, [1, 1], atol=1e-8)
    assert found.value == rosenbrock(found.x)[0]
    np.testing.assert_array_equal(found.gradient, rosenbrock(found.x)[1])
    assert 10 < found.iterations <= found.evaluations < 100
    again = LBFGS().minimize(rosenbrock, START)
    np.testing.assert_array_equal(again.x, found.x)
    few = LBFGS().minimize(rosenbrock, START, max_iterations=4)
    assert few.iterations == 4 and not few.converged and "all 4 iterations" in few.reason
    at_once = LBFGS().minimize(rosenbrock, [1.0, 1.0])
    assert at_once.iterations == 0 and at_once.evaluations == 1 and at_once.converged


def test_minimize_takes_arrays_of_any_shape_and_keeps_x0():
    target, x0 = np.arange(6.0).reshape(2, 3), np.zeros((2, 3), "float32")
    found = LBFGS().minimize(lambda x: (((x - target) ** 2).sum(), 2 * (x - target)), x0)
    np.testing.assert_allclose(found.x, target, atol=1e-7)
    assert found.gradient.shape == (2, 3) and not x0.any()


def test_where_nothing_lower_is_found_it_says_so():
    found = LBFGS().minimize(lambda x: (abs(x[0]), np.array([1.0])), [0.0])
    assert not found.converged and "no lower place" in found.reason
    assert found.x == [0.0]


def test_a_region_without_a_loss_is_walked_around():
    def barrier(x):  # defined above 0 alone
        if x[0] <= 0:
            return np.nan, np.array([np.nan])
        return float(x[0] - np.log(x[0])), 1 - 1 / x

    found = LBFGS(100.0).minimize(barrier, [5.0])
    np.testing.assert_allclose(found.x, [1.0], atol=1e-7)


@pytest.mark.parametrize("cut", [1, 7, 20])
@pytest.mark.parametrize("through", ["npz", "json"])
def test_resumes_with_the_same_bits(cut, through, tmp_path):
    x, optimizer = START.copy(), LBFGS(memory=5)
    for _ in range(30):
        optimizer.step(rosenbrock, x)
    y, first = START.copy(), LBFGS(memory=5)
    for _ in range(cut):
        first.step(rosenbrock, y)
    if through == "npz":
        np.savez(tmp_path / "state.npz", **first.state)
        with np.load(tmp_path / "state.npz", allow_pickle=False) as stored:
            state = {name: stored[name] for name in stored.files}
    else:
        plain = {name: np.asarray(value).tolist() for name, value in first.state.items()}
        state = json.loads(json.dumps(plain))
    second = LBFGS(memory=5)
    second.load_state(state)
    assert second.iterations == cut
    for _ in range(30 - cut):
        second.step(rosenbrock, y)
    np.testing.assert_array_equal(x, y)
    for name, value in optimizer.state.items():
        np.testing.assert_array_equal(second.state[name], value)


def test_the_state_is_a_copy_and_reset_forgets():
    optimizer, x = LBFGS(), START.copy()
    for _ in range(3):
        optimizer.step(rosenbrock, x)
    state = optimizer.state
    state["steps"][:] = 99
    assert optimizer.state["steps"].max() < 99
    optimizer.reset()
    assert optimizer.state == {"iterations": 0, "learning_rate": 0.01}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"changes": None}, "steps alone"),
        ({"steps": np.ones((3, 2))}, "one shape"),
        ({"steps": np.ones((11, 2)), "changes": np.ones((11, 2))}, "10 rows at most"),
        ({"steps": np.full((2, 2), np.nan)}, "finite"),
        ({"steps": -np.ones((2, 2)), "changes": np.ones((2, 2))}, "above 0"),
        ({"iterations": -1}, "iterations"),
        ({"step": 1}, "a key of state"),
    ],
)
def test_a_wrong_state_changes_nothing(change, words):
    optimizer, x = LBFGS(), START.copy()
    for _ in range(2):
        optimizer.step(rosenbrock, x)
    before = optimizer.state
    state = {name: value for name, value in {**before, **change}.items() if value is not None}
    with pytest.raises(ValueError, match=words):
        optimizer.load_state(state)
    for name, value in optimizer.state.items():
        np.testing.assert_array_equal(value, before[name])


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: LBFGS(memory=0), ValueError, "memory must be"),
        (lambda: LBFGS(memory=2.5), ValueError, "memory must be"),
        (lambda: LBFGS(0.0), ValueError, "learning_rate must be"),
        (lambda: LBFGS(clipnorm=1.0), ValueError, "has no clipnorm"),
        (lambda: LBFGS(weight_decay=0.1), ValueError, "kernel_regularizer"),
        (lambda: LBFGS(memmory=3), TypeError, "Did you mean 'memory'"),
        (lambda: LBFGS().apply(np.ones(2), np.ones(2)), TypeError, "minimize"),
        (lambda: LBFGS().apply_flat(np.ones(2), np.ones(2)), TypeError, "minimize"),
        (lambda: LBFGS().to_keras(), ValueError, "has no host in Keras"),
        (lambda: LBFGS().minimize(3, [1.0]), TypeError, "function must be"),
        (lambda: LBFGS().minimize(rosenbrock, "ab"), TypeError, "x0 must"),
        (lambda: LBFGS().minimize(rosenbrock, START, 0), ValueError, "max_iterations must"),
        (lambda: LBFGS().minimize(rosenbrock, START, tolerance=0), ValueError, "tolerance must"),
        (lambda: LBFGS().minimize(lambda x: 3.0, START), TypeError, "pair"),
        (lambda: LBFGS().minimize(lambda x: (x, x), START), ValueError, "one number"),
        (lambda: LBFGS().minimize(lambda x: (1.0, x[:1]), START), ValueError, "must have shape"),
        (lambda: LBFGS().minimize(lambda x: (np.inf, x), START), ValueError, "finite value"),
        (lambda: LBFGS().step(rosenbrock, [1.0, 2.0]), TypeError, "parameters must"),
        (lambda: LBFGS().step(rosenbrock, np.array([1, 2])), TypeError, "parameters must"),
    ],
)
def test_wrong_arguments_are_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_a_gradient_that_is_not_finite_changes_nothing():
    optimizer, x = LBFGS(), START.copy()
    optimizer.step(rosenbrock, x)
    before, state = x.copy(), optimizer.state
    with pytest.raises(NonFiniteGradientError, match="finite gradient"):
        optimizer.step(lambda x: (1.0, np.full(2, np.nan)), x)
    with pytest.raises(ZeroDivisionError):
        optimizer.step(lambda x: 1 / 0, x)
    with pytest.raises(ValueError, match="remembers steps of 2 parameters"):
        optimizer.step(lambda x: (1.0, np.ones(3)), np.ones(3))
    np.testing.assert_array_equal(x, before)
    assert optimizer.iterations == state["iterations"]


def test_found_in_the_registry():
    made = optimizers.get("LBFGS", memory=4)
    assert isinstance(made, LBFGS) and made is optimizers.get(made)
    assert repr(made) == "LBFGS(learning_rate=0.01, memory=4)"
    assert optimizers.get(json.loads(json.dumps(made.get_config()))).get_config() == (
        made.get_config()
    )


# -- networks ----------------------------------------------------------------------------------


def small_network(**arguments):
    stack = [Dense(8, "tanh"), BatchNormalization(), Dropout(0.25), Dense(3, "softmax")]
    return Network(stack, (4,), **arguments)


def everything(network):
    parts = [network.flat_parameters, network.flat_gradients, *network.state.values()]
    return [part.copy() for part in parts], network.random_state


IRIS = datasets.iris()


def test_the_loss_of_a_network_is_a_function_and_leaves_it_alone():
    network = small_network(dtype="float64")
    function = NetworkLoss(network, IRIS.x_train, IRIS.y_train)
    before = everything(network)
    x = network.flat_parameters + 0.01
    value, gradient = function(x)
    network.layers[2].random.random(7)
    before = before[0], network.random_state
    assert function(x)[0] == value  # the same units are dropped, whatever was drawn meanwhile
    for now, then in zip(everything(network)[0], before[0], strict=True):
        np.testing.assert_array_equal(now, then)
    assert network.random_state == before[1]
    direction = np.random.default_rng(0).normal(size=x.size)
    slope = (function(x + 1e-6 * direction)[0] - function(x - 1e-6 * direction)[0]) / 2e-6
    assert direction @ gradient == pytest.approx(slope, rel=1e-6)
    with pytest.raises(ValueError, match="flat_parameters"):
        function(x[:-1])
    with pytest.raises(TypeError, match="network must be"):
        NetworkLoss(3, IRIS.x_train, IRIS.y_train)


def test_a_network_is_minimized_alone():
    network = Network([Dense(3, kernel_regularizer="l2")], (4,), dtype="float64")
    function = NetworkLoss(network, IRIS.x_train, IRIS.y_train)
    found = LBFGS().minimize(function, network.flat_parameters, tolerance=1e-7)
    assert found.converged and found.value < function(network.flat_parameters)[0]
    network.flat_parameters[...] = found.x
    assert network.evaluate(IRIS.x_train, IRIS.y_train)["loss"] == pytest.approx(found.value)


def test_fit_goes_down_at_every_step_and_learns():
    network = Network([Dense(8, "tanh"), Dense(3, "softmax")], (4,))
    history = network.fit(IRIS.x_train, IRIS.y_train, optimizer="lbfgs", epochs=25, batch_size=1000)
    losses = history.history["loss"]
    assert (np.diff(losses) <= 0).all() and losses[-1] < losses[0] / 20
    assert history.history["accuracy"][-1] > 0.97


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_run_comes_back_to_the_bit(dtype):
    """With dropout and moving statistics; snapshot and restore in the middle, and a fresh run."""
    config = TrainingConfig(optimizer="lbfgs", batch_size=500, epochs=9)
    network = small_network(dtype=dtype)
    moving = network.state["batch_normalization/moving_mean"].copy()
    engine = NumpyEngine(network, IRIS, config)

    def epochs(first, last):
        losses = []
        for epoch in range(first, last):
            engine.begin_epoch(epoch)
            losses += [*engine.run(0, 1), engine.train_metrics()["accuracy"]]
        return [
            *losses,
            *network.flat_parameters,
            *network.state["batch_normalization/moving_mean"],
        ]

    epochs(1, 4)
    snapshot = engine.snapshot()
    first = epochs(4, 9)
    engine.restore(snapshot)
    assert epochs(4, 9) == first
    assert np.isfinite(first).all()
    assert not np.array_equal(network.state["batch_normalization/moving_mean"], moving)


def test_moving_statistics_move_once_a_step():
    """As often as with any other optimizer, however many places the line search has tried."""
    ours, others = small_network(), small_network()
    for network, name in ((ours, "lbfgs"), (others, "sgd")):
        config = TrainingConfig(optimizer=name, batch_size=500)
        engine = NumpyEngine(network, IRIS, config)
        engine.begin_epoch(1)
        engine.run(0, 1)
    for name, value in ours.state.items():
        np.testing.assert_array_equal(value, others.state[name])
    assert ours.random_state == others.random_state


def test_the_line_search_sees_the_dropout_of_the_first_loss(monkeypatch):
    seen, right = [], LBFGS.step

    def step(self, function, parameters, start):
        seen.append((function(parameters)[0], start[0]))
        return right(self, function, parameters, start)

    monkeypatch.setattr(LBFGS, "step", step)
    engine = NumpyEngine(small_network(), IRIS, TrainingConfig(optimizer="lbfgs", batch_size=500))
    for epoch in (1, 2):
        engine.begin_epoch(epoch)
        engine.run(0, 1)
    assert all(again == first for again, first in seen) and len(seen) == 2


def test_a_keras_model_is_refused_before_anything_changes():
    model = small_network().to_keras()
    with pytest.raises(ValueError, match="has no host in Keras"):
        TrainingJob(model, IRIS, TrainingConfig(optimizer="lbfgs", batch_size=500))


def test_a_run_goes_on_from_a_checkpoint_to_the_same_bits(tmp_path):
    config = TrainingConfig(optimizer="lbfgs", batch_size=500, epochs=8, early_stopping=False)
    through = TrainingJob(small_network(), IRIS, config)
    through.start()
    through.wait()
    job = TrainingJob(small_network(), IRIS, config, checkpoint_dir=tmp_path)
    job.step(5)
    job.stop()
    again = TrainingJob.from_checkpoint(tmp_path, small_network(seed=9), IRIS)
    again.resume()
    again.wait()
    assert again.history.history == through.history.history
    np.testing.assert_array_equal(again.model.flat_parameters, through.model.flat_parameters)


def test_batches_are_refused_before_anything_changes():
    network = small_network()
    config = TrainingConfig(optimizer="lbfgs", batch_size=32)
    with pytest.raises(ValueError, match=r"batch_size must be 120 or more here, but got 32"):
        TrainingJob(network, IRIS, config)
    job = TrainingJob(network, IRIS, TrainingConfig(epochs=1))
    with pytest.raises(ValueError, match="batch_size must be 120"):
        job.reconfigure(config)
    assert job.config.optimizer == "adam" and job.engine.optimizer.name == "adam"
    with pytest.raises(ValueError, match="has no global_clipnorm"):
        TrainingConfig(optimizer="lbfgs", global_clipnorm=1.0)
    assert TrainingConfig(optimizer=LBFGS(memory=7)).optimizer_arguments == {"memory": 7}


@settings(max_examples=10)
@given(st.integers(0, 2**32 - 1))
def test_a_loss_at_its_last_digits_stays_where_it_is(seed):
    """In float32 no lower place is found at the end: nothing moves, and nothing breaks."""
    x = np.random.default_rng(seed).normal(size=3).astype("float32")

    def function(x):
        return np.float32(1000) + np.float32(x @ x), 2 * x

    optimizer = LBFGS()
    values = [optimizer.step(function, x) for _ in range(12)]
    assert (np.diff(values) <= 0).all() and np.isfinite(x).all() and x.dtype == np.float32
