"""The rules are pure, elementwise, printable, and do what their docstrings say."""

import ast
import inspect
import re
import textwrap

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlkit.rules import RULES, Hyperparameter

# AdamW is Adam; its docstring shows what the host does for it.
WITH_FORMULA = [name for name in RULES if name != "adamw"]


def defaults(rule):
    return {name: declared.default for name, declared in rule.hyperparameters.items()}


def some_steps(rule, gradients, parameter):
    """Run a rule without any host; return parameter, slots and scalars after the last step."""
    slots = rule.init(np, parameter, **defaults(rule))
    scalars = dict(rule.initial_scalars)
    for step, gradient in enumerate(gradients, start=1):
        scalars = rule.advance(step, scalars, **defaults(rule))
        delta, slots = rule.update(np, gradient, parameter, slots, scalars, 0.01, **defaults(rule))
        parameter = parameter + delta
    return parameter, slots, scalars


def arrays(size):
    return st.lists(st.floats(-100, 100), min_size=size, max_size=size).map(np.array)


@pytest.mark.parametrize("name", RULES)
def test_declares_what_hosts_read(name):
    rule = RULES[name]
    assert rule.__name__ == name
    assert rule.title.lower() == name
    assert rule.learning_rate > 0
    for declared in rule.hyperparameters.values():
        assert isinstance(declared, Hyperparameter)
        assert declared.limits or isinstance(declared.default, bool)
    wanted = set(inspect.signature(rule.update).parameters) - {
        *("xp", "gradient", "parameter", "slots", "scalars", "learning_rate", "_")
    }
    assert wanted <= set(rule.hyperparameters)
    assert "Source:" in rule.__doc__


def test_titles_are_unique():
    assert len({rule.title for rule in RULES.values()}) == len(RULES)


def formula_lines_missing_in_code(docstring, functions):
    blocks = re.findall(r"::\n\n((?:    .*\n)+)", inspect.cleandoc(docstring) + "\n")
    lines = [line for block in blocks for line in ast.parse(textwrap.dedent(block)).body]
    formulas = {ast.unparse(line) for line in lines}
    assert formulas
    for function in functions:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
        assignments = [node for node in ast.walk(tree) if isinstance(node, ast.Assign)]
        formulas -= {ast.unparse(node).replace("xp.", "") for node in assignments}
    return formulas


@pytest.mark.parametrize("name", WITH_FORMULA)
def test_formula_and_code_say_the_same(name):
    """Every line of the docstring's formula is a line of the code, symbol for symbol."""
    rule = RULES[name]
    functions = [rule.advance, rule.update]
    assert not formula_lines_missing_in_code(rule.__doc__, functions)
    edited = rule.__doc__.replace("delta = ", "delta = 2 * ")
    assert formula_lines_missing_in_code(edited, functions)


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=25, deadline=None)
@given(gradient=arrays(6), parameter=arrays(6), before=arrays(6), step=st.integers(1, 500))
def test_is_pure(name, gradient, parameter, before, step):
    """Nothing that goes in has changed when the results come out, and twice gives the same."""
    rule = RULES[name]
    _, slots, scalars = some_steps(rule, [before, before], parameter)
    inputs = [gradient, parameter, *slots.values()]
    copies = [array.copy() for array in inputs]
    for array in inputs:
        array.flags.writeable = False
    kept_slots, kept_scalars = dict(slots), dict(scalars)
    results = []
    for _ in range(2):
        advanced = rule.advance(step, scalars, **defaults(rule))
        delta, updated = rule.update(
            np, gradient, parameter, slots, advanced, 0.01, **defaults(rule)
        )
        results.append((delta, updated))
    assert scalars == kept_scalars
    assert list(slots) == list(kept_slots) == list(updated)
    assert all(slots[key] is kept_slots[key] for key in slots)
    for array, copy in zip(inputs, copies, strict=True):
        np.testing.assert_array_equal(array, copy)
    np.testing.assert_array_equal(results[0][0], results[1][0])
    for key in updated:
        np.testing.assert_array_equal(results[0][1][key], results[1][1][key])


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=25, deadline=None)
@given(gradients=st.lists(arrays(9), min_size=1, max_size=3), cut=st.integers(1, 8))
def test_a_part_is_updated_as_in_the_whole(name, gradients, cut):
    rule = RULES[name]
    start = np.linspace(-1, 1, 9)
    whole = some_steps(rule, gradients, start)[0]
    first = some_steps(rule, [gradient[:cut] for gradient in gradients], start[:cut])[0]
    second = some_steps(rule, [gradient[cut:] for gradient in gradients], start[cut:])[0]
    np.testing.assert_array_equal(np.concatenate([first, second]), whole)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_keeps_the_dtype(name, dtype):
    parameter = np.linspace(-1, 1, 4).astype(dtype)
    parameter, slots, _ = some_steps(RULES[name], [parameter * 2, parameter], parameter)
    assert parameter.dtype == dtype
    assert all(slot.dtype == dtype for slot in slots.values())


@pytest.mark.parametrize("name", RULES)
def test_the_first_step_goes_against_the_gradient(name):
    parameter = np.zeros(3)
    moved = some_steps(RULES[name], [np.array([1.0, -2.0, 0.0])], parameter)[0]
    assert moved[0] < 0 < moved[1]
    assert moved[2] == 0


def test_adam_by_hand():
    """At the first step the corrected moments are g and g**2, so that the step is the rate."""
    rule = RULES["adam"]
    slots = rule.init(np, np.zeros(1))
    scalars = rule.advance(1, {}, beta_1=0.5, beta_2=0.75)
    # (1 - 3/4)**(1/2) / (1 - 1/2) = 1
    assert scalars == {"correction": 1.0}
    delta, slots = rule.update(
        np, np.array([8.0]), np.zeros(1), slots, scalars, 0.5, 0.5, 0.75, 1.0
    )
    # moments 4 and 16; -0.5 * 4 / (4 + 1)
    assert slots["first_moment"] == 4 and slots["second_moment"] == 16
    assert delta == -0.4
