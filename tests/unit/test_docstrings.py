"""Every public docstring of the mathematics says what it must: formula, arguments, errors, source."""

import inspect
import re

import pytest
from public_names import public_callables, unchecked

from dlkit import activations, layers, losses, optimizers, rules, schedules

MATHEMATICS = (
    "activations losses initializers regularizers rules optimizers schedules layers autodiff "
    "gradcheck Network Value check_gradients"
).split()
PUBLIC = {
    each.name: each
    for each in public_callables()
    if each.name.split(".")[0] in MATHEMATICS
    and not each.setting
    and not (each.owner and each.function.startswith("_"))
}


def said_about(thing):
    """Return the docstring of a function, or those of a class and all its bases."""
    kinds = thing.__mro__ if inspect.isclass(thing) else (thing,)
    return "\n".join(inspect.getdoc(kind) or "" for kind in kinds if kind is not object)


def said_about_method(each):
    """Return what is said where a method is written, in what it overrides, and of its class."""
    texts = [inspect.getdoc(vars(kind)[each.function]) or "" for kind in each.owner.__mro__
             if each.function in vars(kind)]  # fmt: skip
    return "\n".join(texts), said_about(each.owner)


@pytest.mark.parametrize("name", PUBLIC)
def test_it_says_what_each_argument_is_and_what_is_raised(name):
    each = PUBLIC[name]
    if each.owner is None:
        own = text = said_about(each.function)
    else:
        own, around = said_about_method(each)
        text = own + around
        if "as in a call" in own.lower():
            text += inspect.getdoc(each.owner.__call__)
    assert own.strip(), f"{name} has no docstring"
    if unchecked(each) is not None:  # pure formulae, and what is for those who write a layer
        return
    names = [one for one, taken in each.parameters().items() if taken.kind is not taken.VAR_KEYWORD]
    missing = [one for one in names if not re.search(rf"\b{one}\b", text)]
    assert not missing, f"{name} does not say what {missing} are"
    if names:
        assert re.search(r"^Raises\n------|[Rr]aise", text, re.MULTILINE), f"{name}: no Raises"
        assert "Parameters\n------" in text or each.owner, f"{name}: no Parameters"


# -- formula and source --------------------------------------------------------------------------

YEAR = re.compile(r"\b(19[0-9]{2}|20[0-2][0-9])\b")
# Nobody's in particular, or older than papers: no source.
NOBODYS = {
    "activations": "linear sigmoid tanh softmax log_softmax",
    "losses": (
        "mean_squared_error mean_absolute_error log_cosh binary_crossentropy "
        "categorical_crossentropy sparse_categorical_crossentropy"
    ),
    "layers": (
        "Dense Flatten Reshape Activation AveragePooling2D GlobalAveragePooling1D"
    ),
    "schedules": (
        "Constant StepDecay ExponentialDecay InverseTimeDecay PolynomialDecay"
    ),
}  # fmt: skip
REGISTRIES = {
    "activations": {name: type(each) for name, each in activations.ACTIVATIONS.items()},
    "losses": losses.LOSSES,
    "layers": layers.LAYERS,
    "schedules": schedules.SCHEDULES,
    "rules": rules.RULES,
    "optimizers": optimizers.OPTIMIZERS,
}
ENTRIES = [(kind, name) for kind, registry in REGISTRIES.items() for name in registry]


@pytest.mark.parametrize(("kind", "name"), ENTRIES)
def test_every_entry_has_a_formula_and_a_source(kind, name):
    text = inspect.getdoc(REGISTRIES[kind][name])
    assert re.search(r"\S = \S|::\n\n    ", text) or name == "Constant", f"{name}: no formula"
    if name not in NOBODYS.get(kind, "").split():
        assert YEAR.search(text), f"{name}: no source with its year"
    if kind == "rules":
        assert re.search(r"Source: .*\(", text, re.DOTALL) and re.search(
            r"equation|algorithm|program|section|lecture", text.split("Source:")[1]
        ), f"{name}: where in its source?"


def test_no_exception_is_stale():
    for kind, names in NOBODYS.items():
        assert set(names.split()) <= set(REGISTRIES[kind])
