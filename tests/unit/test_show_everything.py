"""Whatever stands in a registry can be shown, by name, class or instance, and its formula is right."""

import ast
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.mathtext import MathTextParser

from dlkit import activations, layers, losses, optimizers, rules, schedules, show
from dlkit.display import formulae
from dlkit.display.latex import latex
from dlkit.display.named import by_name, registries
from dlkit.display.show import Source
from dlkit.display.source import plain_formula_of

ENTRIES = [
    (kind, name, thing)
    for kind, registry in registries().items()
    for name, thing in registry.items()
]
TYPESET = ("rule", "optimizer", "activation", "loss", "layer")
# Their docstrings say in words what one line of code cannot.
IN_WORDS = {"Constant", "Warmup", "OneCycle"}


@pytest.mark.parametrize(
    ("kind", "name", "thing"), ENTRIES, ids=[f"{k} {n}" for k, n, _ in ENTRIES]
)
def test_every_entry_is_shown_by_name_class_and_instance(kind, name, thing, capsys):
    show(name, docstring=False)
    by_its_name = capsys.readouterr().out
    show(by_name(name), docstring=False)
    assert capsys.readouterr().out == by_its_name
    source = Source(thing, docstring=False)
    ast.parse(source.text)  # the plain text is code, and says the same on every machine
    assert " at 0x" not in source.text
    html = source._repr_mimebundle_()["text/html"]
    assert html.count("$$") == 2 * len(source.formulae)
    if kind in TYPESET or (kind == "schedule" and name not in IN_WORDS):
        assert source.formulae
    for formula in source.formulae:
        parses(formula)


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS)
def test_an_optimizer_stands_for_its_rule(name):
    kind = optimizers.OPTIMIZERS[name]
    rule = Source(kind.rule, docstring=False)
    for thing in (kind, kind()):
        assert Source(thing, docstring=False).text == rule.text
        assert Source(thing).formulae == (rule.formulae if name in rules.RULES else LBFGS)
    assert "def update(" in rule.text or name not in rules.RULES


LBFGS = list(formulae.OPTIMIZERS["LBFGS"])


def test_instances_stand_for_their_classes():
    for thing in (losses.Huber(2.0), layers.Dense(3), schedules.StepDecay(0.1, 5)):
        assert Source(thing).text == Source(type(thing)).text
        assert Source(thing).formulae == Source(type(thing)).formulae


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("adm", "Did you mean 'adam'"),
        ("Dence", "Did you mean 'Dense'"),
        ("qqqq", "must be that of a rule"),
    ],
)
def test_an_unknown_name_suggests_the_nearest(name, words):
    with pytest.raises(ValueError, match=words):
        show(name)


# -- the table of formulae -------------------------------------------------------------------------


def test_the_table_has_every_activation_loss_and_layer():
    kinds = {type(each).__name__ for each in activations.ACTIVATIONS.values()}
    assert set(formulae.ACTIVATIONS) == kinds
    assert set(formulae.LOSSES) == {each.__name__ for each in losses.LOSSES.values()}
    assert set(formulae.LAYERS) == set(layers.LAYERS)


def phi(x):
    return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


WORDS = {
    **{name: getattr(np, name) for name in "exp log tanh sqrt abs maximum minimum floor".split()},
    **{name: getattr(np, name) for name in "cos cosh sign clip where pi".split()},
    "sigma": lambda x: 1 / (1 + np.exp(-x)),
    "Phi": np.vectorize(lambda x: math.erfc(-x / math.sqrt(2)) / 2),
    "phi": phi,
    "mean_k": lambda x: x.mean(axis=-1),
    "sum_k": lambda x: x.sum(axis=-1),
    "sum_j": lambda x: x.sum(axis=-1, keepdims=True),
}


def run(lines, **values):
    """Run formulae as code; what is LaTeX is left out."""
    names = {**WORDS, **values}
    for line in lines:
        if "\\" not in line:
            exec(line, names)  # a line of our own table
    return names


numbers = st.lists(st.floats(-6, 6), min_size=3, max_size=3)
FEW = settings(max_examples=settings.default.max_examples // 10)


@pytest.mark.parametrize("name", activations.ACTIVATIONS)
@FEW
@given(x=numbers)
def test_the_formula_of_an_activation_is_what_runs(name, x):
    f, x = activations.get(name), np.asarray(x)
    x = np.where(np.abs(np.abs(x) - 3) < 1e-9, 2.9, np.where(np.abs(x) < 1e-9, 0.1, x))  # no kinks
    more = {**f.parameters, **{k: getattr(f, k) for k in ("alpha", "scale") if hasattr(f, k)}}
    found = run(formulae.ACTIVATIONS[type(f).__name__], x=x, x_j=x, **more)
    np.testing.assert_allclose(found["y"] + 0 * x, f(x), rtol=1e-12, atol=1e-12)
    if f.elementwise:
        np.testing.assert_allclose(found["slope"] + 0 * x, f.derivative(x), rtol=1e-11, atol=1e-12)


shares = st.lists(st.floats(0.05, 1.0), min_size=3, max_size=3)


@pytest.mark.parametrize(
    "name", [name for name, rows in formulae.LOSSES.items() if "\\" not in rows[0]]
)
@FEW
@given(t=shares, y=shares)
def test_the_formula_of_a_loss_is_what_runs(name, t, y):
    loss = losses.get(name)
    y, t = np.asarray([y]), np.asarray([t])
    if name in ("KLDivergence", "CategoricalCrossentropy"):
        y, t = y / y.sum(), t / t.sum()
    if name == "Hinge":
        t = np.where(t > 0.5, 1.0, -1.0)
    y = np.clip(y, 0.01, 0.99)
    y = np.where(np.abs(y - t) < 1e-6, y * 0.99, y)  # no kinks
    found = run(formulae.LOSSES[name], t=t, y=y, t_j=t, y_j=y, K=3, delta=1.0)
    assert float(np.mean(found["L"])) == pytest.approx(loss(t, y), rel=1e-10, abs=1e-12)
    np.testing.assert_allclose(found["loss_slope"], loss.gradient(t, y), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", rules.RULES)
def test_the_formula_of_a_rule_is_what_runs(name):
    """The lines of the docstring, run one after the other, make the very step."""
    rule = rules.RULES[name]
    kinds = [kind for kind in rule.__mro__ if issubclass(kind, rules.Rule)][:-1]
    lines = plain_formula_of(kinds[-1]).split("\n\n")[0].splitlines()
    given = {each: row.default for each, row in rule.hyperparameters.items()}
    generator = np.random.default_rng(0)
    parameter = generator.normal(size=5)
    slots, scalars = rule.init(np, parameter, **given), dict(rule.initial_scalars)
    state = {**slots, **scalars}
    for step in (1, 2, 3):
        gradient = generator.normal(size=5)
        scalars = rule.advance(step, scalars, **given)
        delta, slots = rule.update(np, gradient, parameter, slots, scalars, 0.01, **given)
        values = {"gradient": gradient, "parameter": parameter, "step": step, "learning_rate": 0.01}
        found = run(lines, **{**given, **state, **values})
        np.testing.assert_allclose(found["delta"], delta, rtol=1e-12, atol=1e-15)
        state = {each: found[each] for each in state}
        if name == "ftrl":
            state["accumulator"] = found["total"]
        parameter = parameter + delta


@pytest.mark.parametrize("name", ["StepDecay", "ExponentialDecay", "InverseTimeDecay"])
@FEW
@given(step=st.integers(0, 500))
def test_the_formula_of_a_schedule_is_what_runs(name, step):
    schedule = schedules.SCHEDULES[name](0.1, 7, 0.5)
    (line,) = plain_formula_of(type(schedule)).splitlines()
    value = run([f"rate = {line}"], step=step, **vars(schedule))["rate"]
    assert value == pytest.approx(schedule(step), rel=1e-12)


# -- LaTeX -----------------------------------------------------------------------------------------


def parses(formula):
    """Typeset a formula with matplotlib, which knows most of LaTeX; cases it does not know."""
    text = formula.replace(r"\operatorname", r"\mathrm").replace(r"\mathit", r"\mathrm")
    text = text.replace(r"\overrightarrow", r"\vec").replace(r"\overleftarrow", r"\vec")
    text = text.replace(r"\text{if }", "").replace(r"\text{else}", "").replace(r"\text", r"\mathrm")
    text = text.replace(r"\begin{cases}", "{").replace(r"\end{cases}", "}")
    text = text.replace("&", "").replace(r"\\", r"\ ").replace(r"\top", "T").replace(r"\ ", r"\;")
    MathTextParser("path").parse(f"${text}$")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("y = x", "y = x"),
        ("m = beta_1 * m + (1 - beta_1) * g",
         r"m \leftarrow \beta_{1} \, m + \left(1 - \beta_{1}\right) \, g"),
        ("delta = -learning_rate * g", r"\delta = -\mathit{learning\_rate} \, g"),
        ("a - (b - c)", r"a - \left(b - c\right)"),
        ("(a - b) - c", "a - b - c"),
        ("a - b * c", r"a - b \, c"),
        ("-(a + b)", r"-\left(a + b\right)"),
        ("a * -b", r"a \, \left(-b\right)"),
        ("-a / b", r"\frac{-a}{b}"),
        ("a - -b * c", r"a - \left(-b \, c\right)"),
        ("a * (b * c)", r"a \, \left(b \, c\right)"),
        ("a / b / c", r"\frac{\frac{a}{b}}{c}"),
        ("(a + b) ** 2", r"\left(a + b\right)^{2}"),
        ("a ** (b + 1)", "a^{b + 1}"),
        ("(-a) ** 2", r"\left(-a\right)^{2}"),
        ("exp(x) ** 2", r"\left(e^{x}\right)^{2}"),
        ("1 / (sqrt(v) + epsilon)", r"\frac{1}{\sqrt{v} + \epsilon}"),
        ("2 * 3", r"2 \cdot 3"),
        ("mean_k(a + b)", r"\frac{1}{K} \sum_{k} \left(a + b\right)"),
        ("maximum(x, 0)", r"\max\left(x, 0\right)"),
        ("where(x > 0, x, 0) / 2",
         r"\frac{\begin{cases} x & \text{if } x > 0 \\ 0 & \text{else} \end{cases}}{2}"),
    ],
)  # fmt: skip
def test_code_becomes_latex(code, expected):
    assert latex(code) == expected


@pytest.mark.parametrize("code", ["x[0]", "g(x)", "'a'", "import x", "x if y else z", "a or b"])
def test_what_is_no_formula_is_refused(code):
    with pytest.raises(ValueError, match="formula"):
        latex(code)
