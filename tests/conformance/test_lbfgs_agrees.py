"""L-BFGS reaches the optima that SciPy and scikit-learn find; wrong ones do not."""

import ast
import functools
import inspect
import sys
import textwrap

import numpy as np
import pytest
from scipy import optimize
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from dlkit import NetworkLoss
from dlkit.layers import Dense
from dlkit.network import Network
from dlkit.optimizers import LBFGS, line_search
from dlkit.optimizers import lbfgs as host
from dlkit.rules import lbfgs as rule

CURVATURE = np.geomspace(1, 1e4, 12)  # a bad parabola: 10,000 times as steep across as along


def rosenbrock(x):
    return optimize.rosen(x), optimize.rosen_der(x)


def parabola(x):
    e = x - np.linspace(-1, 2, 12)
    return float(CURVATURE @ e**2) / 2, CURVATURE * e


@functools.cache
def cancer():
    data = load_breast_cancer()
    return StandardScaler().fit_transform(data.data), 2.0 * data.target - 1


def logistic(x):
    """Mean log(1 + exp(-t w·x)) + |w|² / 200, the last number a bias without penalty."""
    inputs, t = cancer()
    w = x.copy()
    w[-1] = 0
    score = t * (inputs @ x[:-1] + x[-1])
    pull = -t * np.exp(-np.logaddexp(0, score)) / len(t)
    value = np.mean(np.logaddexp(0, -score)) + w @ w / 200
    return float(value), np.append(pull @ inputs, pull.sum()) + w / 100


TASKS = {
    "Rosenbrock, 2": (rosenbrock, np.array([-1.2, 1.0])),
    "Rosenbrock, 10": (rosenbrock, np.tile([1.3, 0.7, 0.8, 1.9, 1.2], 2)),
    "bad parabola": (parabola, np.zeros(12)),
    "logistic regression": (logistic, np.zeros(31)),
}


@functools.cache
def by_scipy(name):
    """Return SciPy's optimum, by a method that writes the matrix down."""
    function, x0 = TASKS[name]
    found = optimize.minimize(function, x0, jac=True, method="BFGS", options={"gtol": 1e-9})
    return found.x


def distance(name, **arguments):
    function, x0 = TASKS[name]
    found = LBFGS(**arguments).minimize(function, x0, max_iterations=500)
    return float(np.abs(found.x - by_scipy(name)).max()), found


@pytest.mark.parametrize("learning_rate", [1e-4, 0.01, 10.0])
@pytest.mark.parametrize("name", TASKS)
def test_reaches_the_optimum_that_scipy_finds(name, learning_rate):
    far, found = distance(name, learning_rate=learning_rate)
    assert far <= 1e-5
    assert found.converged


@pytest.mark.parametrize("name", TASKS)
def test_takes_about_as_many_evaluations_as_scipys(name):
    """The paths differ, but a wrong direction or search would show as many more."""
    function, x0 = TASKS[name]
    options = {"gtol": 1e-8, "ftol": 1e-15, "maxcor": 10}
    theirs = optimize.minimize(function, x0, jac=True, method="L-BFGS-B", options=options)
    assert distance(name)[1].evaluations <= 1.5 * theirs.nfev + 15


def test_a_network_agrees_with_scikit_learn():
    inputs, t = cancer()
    classes = (t > 0).astype(int)
    network = Network([Dense(1, "sigmoid", kernel_regularizer="l2")], (30,), dtype="float64")
    network.layers[0].kernel_regularizer.l2 = 0.5 / len(t)
    network.fit(
        *(inputs, classes),
        **{"optimizer": "lbfgs", "batch_size": 569, "epochs": 100, "loss": "binary_crossentropy"},
    )
    theirs = LogisticRegression(C=1.0, tol=1e-10, max_iter=1000).fit(inputs, classes)
    np.testing.assert_allclose(network.parameters["dense/kernel"], theirs.coef_.T, atol=1e-5)
    function = NetworkLoss(network, inputs, classes, "binary_crossentropy")
    assert np.abs(function(network.flat_parameters)[1]).max() < 1e-7


# -- wrong ones --------------------------------------------------------------------------------


def edited(function, old, new):
    """Return a function of the kit with one text of its source replaced."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    tree.body[0].decorator_list = []
    tree.body[0].body = [
        line
        for line in tree.body[0].body
        if not (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))
    ]
    code = ast.unparse(tree)
    assert code.count(old) == 1, f"{old!r} stands there {code.count(old)} times:\n{code}"
    space = dict(vars(sys.modules[function.__module__]))
    exec(code.replace(old, new), space)  # noqa: S102, the text is this project's own source
    return space[function.__name__]


def one_pair_by_hand():
    """The direction with two remembered steps beside the matrices of equations 7.16 to 7.20."""
    steps = [np.array([1.0, 0.5, 0.0]), np.array([0.25, -1.0, 2.0])]
    changes = [np.array([4.0, 0.5, 1.0]), np.array([0.5, -3.0, 1.0])]
    g, identity = np.array([2.0, -1.0, 0.5]), np.eye(3)
    inverse = identity * (steps[-1] @ changes[-1]) / (changes[-1] @ changes[-1])
    for s, y in zip(steps, changes, strict=True):
        v = identity - np.outer(y, s) / (y @ s)
        inverse = v.T @ inverse @ v + np.outer(s, s) / (y @ s)
    return np.abs(rule.direction(g, steps, changes) + inverse @ g).max()


def test_an_unedited_copy_is_right(monkeypatch):
    monkeypatch.setattr(rule, "direction", staticmethod(edited(rule.direction, "q = q", "q = q")))
    assert one_pair_by_hand() < 1e-12


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return -r", "return r"),
        ("q = q - alpha * y", "q = q + alpha * y"),
        ("q = q - alpha * y", "q = q - alpha * s"),
        ("alpha - beta", "alpha + beta"),
        ("alpha - beta", "beta - alpha"),
        ("r = r + s * (", "r = r + y * ("),
        ("s @ y / (y @ y)", "(y @ y) / (s @ y)"),
        ("s @ y / (y @ y)", "(s @ s) / (s @ y)"),
        ("s @ y / (y @ y)", "1.0"),
        ("steps[-1], changes[-1]", "steps[0], changes[0]"),
        ("zip(reversed(steps), reversed(changes), strict=True)", "zip(steps, changes)"),
        ("zip(steps, changes, reversed(alphas), strict=True)", "zip(steps, changes, alphas)"),
        ("beta = y @ r / (y @ s)", "beta = s @ r / (y @ s)"),
        ("alpha = s @ q / (y @ s)", "alpha = y @ q / (y @ s)"),
    ],
)
def test_wrong_directions_are_caught(old, new, monkeypatch):
    monkeypatch.setattr(rule, "direction", staticmethod(edited(rule.direction, old, new)))
    assert one_pair_by_hand() > 1e-3


def wrong_somewhere():
    """Return whether some task is missed, or takes far longer than it should."""
    for name in TASKS:
        try:
            far, found = distance(name)
        except (ValueError, ZeroDivisionError):
            return True
        if far > 1e-5 or found.evaluations > 450:
            return True
    return False


def test_nothing_is_wrong_yet():
    assert not wrong_somewhere()


@pytest.mark.parametrize(
    ("place", "name", "old", "new"),
    [
        (host.LBFGS, "_advance", "there.x - here.x", "here.x - there.x"),
        (host.LBFGS, "_advance", "there.gradient - here.gradient", "there.gradient"),
        (host.LBFGS, "_advance", "self._steps, self._changes = (steps, changes)", "pass"),
        (host.LBFGS, "_search", "here.x + step * direction", "here.x - step * direction"),
        (host.LBFGS, "_search", "1.0 if steps else", "1e-3 if steps else"),
        (
            line_search,
            "strong_wolfe",
            "_zoom(along, start, previous, now,",
            "_zoom(along, start, now, now,",
        ),
        (line_search, "_zoom", "high = now", "low = now"),
        (line_search, "_between", "high.slope + d2 - d1", "high.slope - d2 - d1"),
    ],
)
def test_wrong_hosts_are_caught(place, name, old, new, monkeypatch):
    wrong = edited(getattr(place, name), old, new)
    monkeypatch.setattr(place, name, wrong)
    if place is line_search:
        monkeypatch.setattr(host, "strong_wolfe", line_search.strong_wolfe)
    with np.errstate(all="ignore"):
        assert wrong_somewhere()
