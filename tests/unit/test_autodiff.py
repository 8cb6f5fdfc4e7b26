"""Value: every operation against central differences, the walk node by node, and its words."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dlkit import Network, Value
from dlkit.autodiff_operations import OPERATIONS
from dlkit.layers import Dense

# symbol -> how it is written, and a formula of plain numbers to compare with
CASES = {
    "+": (lambda a, b: a + b, lambda a, b: a + b),
    "-": (lambda a, b: a - b, lambda a, b: a - b),
    "*": (lambda a, b: a * b, lambda a, b: a * b),
    "/": (lambda a, b: a / b, lambda a, b: a / b),
    "**": (lambda a, b: a**b, math.pow),
    "negative": (lambda a: -a, lambda a: 0 - a),
    "exp": (lambda a: a.exp(), math.exp),
    "log": (lambda a: a.log(), math.log),
    "tanh": (lambda a: a.tanh(), math.tanh),
    "sigmoid": (lambda a: a.sigmoid(), lambda a: 1 / (1 + math.exp(-a))),
    "relu": (lambda a: a.relu(), lambda a: max(a, 0)),
}


def test_the_table_has_every_operation():
    assert set(CASES) == set(OPERATIONS)


@pytest.mark.parametrize("symbol", CASES)
@pytest.mark.parametrize("numbers", [(1.5, 0.7), (0.3, 2.0), (2.0, -1.5), (-1.5, 2.5)])
def test_values_and_gradients(symbol, numbers):
    written, plain = CASES[symbol]
    numbers = numbers[: plain.__code__.co_argcount if hasattr(plain, "__code__") else None]
    if symbol in ("exp", "log", "tanh"):
        numbers = numbers[:1]
    if symbol in ("log", "**") and numbers[0] <= 0:
        with pytest.raises(ValueError, match="not defined"):
            written(*map(Value, numbers))
        return
    inputs = [Value(number) for number in numbers]
    y = written(*inputs)
    y.backward()
    assert y.data == pytest.approx(plain(*numbers), rel=1e-15)
    assert y.operation == symbol and y.inputs == tuple(inputs)
    for i, value in enumerate(inputs):
        above, below = list(numbers), list(numbers)
        above[i], below[i] = numbers[i] + 1e-6, numbers[i] - 1e-6
        numeric = (plain(*above) - plain(*below)) / 2e-6
        assert value.gradient == pytest.approx(numeric, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("n", [2, 3, -1, 0.5, 0, 1, -2.5])
def test_powers_of_a_fixed_exponent(n):
    x = Value(1.7)
    y = x**n
    y.backward()
    assert y.data == pytest.approx(1.7**n)
    assert x.gradient == pytest.approx((1.700001**n - 1.699999**n) / 2e-6, abs=1e-9)
    assert y.inputs == (x,)


def test_plain_numbers_on_either_side():
    x = Value(3.0, "x")
    for y, data, gradient in (
        (2 + x, 5, 1),
        (x + 2, 5, 1),
        (2 - x, -1, -1),
        (2 * x, 6, 2),
        (6 / x, 2, -2 / 3),
        (2**x, 8, 8 * math.log(2)),
        (np.float64(2) * x, 6, 2),
    ):
        y.backward()
        assert (y.data, x.gradient) == (pytest.approx(data), pytest.approx(gradient))
        assert [node.constant for node in y.inputs].count(True) == 1
    assert not x.constant


def test_a_neuron_worked_by_hand():
    x, w, b = Value(2.0, "x"), Value(-3.0, "w"), Value(7.0, "b")
    z = x * w + b
    loss = (z - 3) ** 2
    loss.backward()
    assert loss.data == 4.0
    assert (x.gradient, w.gradient, b.gradient) == (12.0, -8.0, -4.0)


def test_a_value_used_twice_gathers_both_contributions():
    a = Value(3.0)
    y = a * a + a
    y.backward()
    assert a.gradient == 7.0
    y.backward()
    assert a.gradient == 7.0  # replaced, not added to


small = st.floats(-3, 3)


@given(small, small, small)
def test_a_deep_expression_against_nudges(a, b, c):
    def formula(a, b, c, f):
        return f((a * b + c) * a - b / (c * c + 1)) * (a + 2 * b)

    values = Value(a), Value(b), Value(c)
    y = formula(*values, lambda v: v.tanh())
    y.backward()
    for i, value in enumerate(values):
        above, below = [a, b, c], [a, b, c]
        above[i] += 1e-6
        below[i] -= 1e-6
        numeric = (formula(*above, math.tanh) - formula(*below, math.tanh)) / 2e-6
        assert value.gradient == pytest.approx(numeric, rel=1e-5, abs=1e-6)


@given(st.floats(-20, 20), st.floats(-20, 20))
def test_laws(a, b):
    assume(abs(a) > 1e-3)
    x = Value(a)
    for y, slope in (
        (x.sigmoid() + (-x).sigmoid(), 0.0),
        (x.exp().log(), 1.0),
        (x * b - b * x, 0.0),
        (x / x, 0.0),
        (2 * (2 * x).sigmoid() - 1 - x.tanh(), 0.0),
        (x.relu() - (-x).relu(), 1.0),
    ):
        y.backward()
        assert x.gradient == pytest.approx(slope, abs=1e-9)


def test_a_network_of_values_agrees_with_the_network():
    network = Network([Dense(3, "tanh"), Dense(1, "sigmoid")], 2, dtype="float64")
    x, target = [0.5, -1.25], 1.0
    weights = {
        name: np.vectorize(Value, otypes=[object])(array)
        for name, array in network.get_weights().items()
    }
    hidden = [
        sum((weights["dense/kernel"][i, j] * x[i] for i in range(2)), weights["dense/bias"][j])
        for j in range(3)
    ]
    terms = [hidden[j].tanh() * weights["dense_1/kernel"][j, 0] for j in range(3)]
    y = sum(terms, weights["dense_1/bias"][0]).sigmoid()
    loss = (y - target) ** 2
    loss.backward()
    assert loss.data == pytest.approx(network.loss_and_gradients([x], [[target]], "mse"))
    for name, gradient in network.gradients.items():
        found = np.vectorize(lambda value: value.gradient)(weights[name])
        np.testing.assert_allclose(found, gradient, rtol=1e-12)


def test_nodes_come_after_their_inputs_always_in_the_same_order():
    x, w = Value(2.0, "x"), Value(3.0, "w")
    y = (x * w + x).tanh() * w
    order = y.nodes()
    assert order == y.nodes() and order[-1] is y and len(order) == len(set(order)) == 6
    for node in order:
        assert all(order.index(inner) < order.index(node) for inner in node.inputs)
    assert [node.operation for node in order] == ["", "", "*", "+", "tanh", "*"]


def test_a_graph_deeper_than_pythons_stack():
    x = Value(1.0)
    y = x
    for _ in range(20_000):
        y = y + x
    y.backward()
    assert x.gradient == 20_001.0


def test_backward_one_node_at_a_time():
    x, w, b = Value(2.0, "x"), Value(-3.0, "w"), Value(7.0, "b")
    product = x * w
    z = product + b
    z.label, product.label = "z", "p"
    x.gradient = 99.0  # a leftover must not count
    steps = z.backward_steps()
    first = next(steps)
    assert first.node is z and first.gradient == 1.0
    assert [c.input for c in first.contributions] == [product, b]
    assert (product.gradient, b.gradient, x.gradient) == (1.0, 1.0, 0.0)  # x is not reached yet
    second = next(steps)
    assert second.node is product
    to_x, to_w = second.contributions
    assert (to_x.local_derivative, to_x.amount, to_x.total) == (-3.0, -3.0, -3.0)
    assert (to_w.local_derivative, to_w.amount, to_w.total) == (2.0, 2.0, 2.0)
    assert to_x.local_text == "∂p/∂x = w = -3"
    assert to_x.chain_text == "∂z/∂x = ∂z/∂p · ∂p/∂x = 1 · (-3) = -3"
    assert next(steps, None) is None


def test_the_chain_rule_says_what_was_there_before():
    a = Value(3.0, "a")
    y = a * a
    y.label = "y"
    (step,) = y.backward_steps()
    assert step.contributions[0].chain_text == "∂y/∂a = ∂y/∂y · ∂y/∂a = 1 · 3 = 3"
    assert step.contributions[1].chain_text == "∂y/∂a = 3 + ∂y/∂y · ∂y/∂a = 3 + 1 · 3 = 6"


def test_forward_one_node_at_a_time():
    x, w = Value(2.0, "x"), Value(-3.0, "w")
    y = (x * w + 1).tanh()
    y.label = "y"
    x.data = 0.5
    texts = [step.text for step in y.forward_steps()]
    assert texts == [
        "v1 = x · w = 0.5 · (-3) = -1.5",
        "v2 = v1 + 1 = (-1.5) + 1 = -0.5",
        "y = tanh(v2) = tanh(-0.5) = -0.4621",
    ]
    assert y.data == math.tanh(-0.5)


def test_names_are_unique_for_what_was_computed():
    x, taken = Value(1.0, "x"), Value(2.0, "v1")
    y = x * taken + x
    names = list(y.names().values())
    assert names == ["x", "v1", "v2", "v3"]


def test_forward_follows_the_leaves_and_gradient_descent_finds_the_root():
    x = Value(3.0)
    loss = (x * x - 2) ** 2
    for _ in range(200):
        loss.backward()
        x.data -= 0.02 * x.gradient
        loss.forward()
    assert x.data == pytest.approx(math.sqrt(2), abs=1e-6)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Value("2"), TypeError, "data"),
        (lambda: Value(math.nan), ValueError, "data"),
        (lambda: Value(1.0, 3), TypeError, "label"),
        (lambda: Value(1.0) + "2", TypeError, "number"),
        (lambda: Value(1.0) * None, TypeError, "number"),
        (lambda: math.inf - Value(1.0), ValueError, "number"),
        (lambda: Value(1.0) ** "2", TypeError, "exponent"),
        (lambda: Value(1.0) / 0, ZeroDivisionError, "1 / 0"),
        (lambda: Value(0.0) ** -1, ZeroDivisionError, "divides by zero"),
        (lambda: Value(0.0).log(), ValueError, r"log\(0\)"),
        (lambda: Value(-1.0) ** 0.5, ValueError, "not defined"),
        (lambda: Value(-1.0) ** Value(2.0), ValueError, "not defined"),
        (lambda: Value(1000.0).exp(), OverflowError, "too large"),
        (lambda: Value(1e200) * Value(1e200), OverflowError, "too large"),
    ],
)
def test_bad_numbers(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_a_derivative_that_does_not_exist_touches_no_gradient():
    x = Value(0.0)
    y = x**0.5 + x
    x.gradient = 5.0
    with pytest.raises(ZeroDivisionError, match="infinite"):
        y.backward()
    assert x.gradient == 5.0


def test_a_forward_that_fails_changes_nothing():
    x = Value(2.0)
    y = (x + 1) * x.log()
    before = [node.data for node in y.nodes()]
    x.data = -2.0
    with pytest.raises(ValueError, match="not defined"):
        y.forward()
    after = [node.data for node in y.nodes()]
    assert [b for b, node in zip(before, y.nodes(), strict=True) if node.inputs] == [
        a for a, node in zip(after, y.nodes(), strict=True) if node.inputs
    ]


@pytest.mark.parametrize("symbol", OPERATIONS)
def test_a_wrong_derivative_is_caught(symbol, monkeypatch):
    import dataclasses

    right = OPERATIONS[symbol]
    wrong = dataclasses.replace(
        right,
        derivatives=lambda *numbers: tuple(1.001 * d for d in right.derivatives(*numbers)),
    )
    monkeypatch.setitem(OPERATIONS, symbol, wrong)
    with pytest.raises(AssertionError):
        test_values_and_gradients(symbol, (1.5, 0.7))
