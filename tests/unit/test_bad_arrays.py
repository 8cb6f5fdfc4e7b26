"""Any spoilt array, at any entry of the registries, is refused in words and left as it was.

Where ``test_bad_input.py`` tries a list of wrong values at every public name, here hypothesis
chooses: which entry, which array, what is wrong with it and where. The other way round, arrays that
are only unusual (half precision, strided, read-only, big-endian, one sample) must work.
"""

import functools

import numpy as np
import pytest
from good_arguments import arguments_for, good_arguments, instance_of
from hypothesis import assume, given
from hypothesis import strategies as st
from public_names import public_callables
from test_bad_input import FOREIGN

from dlkit import activations, layers, losses, optimizers

# (the registry's classes, the methods that take arrays, the arguments that are arrays)
FAMILIES = (
    (activations.Activation, ("__call__", "derivative", "vjp"), ("x", "upstream")),
    (losses.Loss, ("__call__", "gradient"), ("y_true", "y_pred")),
    (layers.Layer, ("forward", "backward"), ("x", "upstream")),
    (optimizers.Optimizer, ("apply_flat",), ("flat_gradients",)),
)


def _arrays(each):
    """Return the arguments of a callable that are arrays, if it belongs to one of the families."""
    for kind, methods, names in FAMILIES:
        if each.owner and issubclass(each.owner, kind) and each.function in methods:
            return [name for name in names if name in each.parameters()]
    return []


@functools.cache
def places():
    """Return (callable, argument) for every array that an entry of the registries takes."""
    found = [(each, name) for each in public_callables() for name in _arrays(each)]
    bases = {kind for kind, _, _ in FAMILIES}
    whole = {activations.Softmax, activations.LogSoftmax}  # they have no elementwise derivative
    return [
        (each, name)
        for each, name in found
        if each.owner not in bases
        and not (each.owner in whole and each.function == "derivative")
        and not (each.owner is optimizers.LBFGS and each.function == "apply_flat")  # always refuses
        and _known(each.owner)
    ]


@functools.cache
def _known(kind):
    """Return whether good values are there; where not, ``test_bad_input.py`` asks for them."""
    try:
        instance_of(kind)
    except KeyError:
        return False
    return True


def test_all_registries_are_among_them():
    owners = {each.owner for each, _ in places()}
    for registry in (losses.LOSSES, layers.LAYERS):
        missing = {
            kind.__name__ for kind in registry.values() if kind not in owners and _known(kind)
        }
        assert not missing - {"TripletLoss"}  # it takes three arrays of other names
    assert len(places()) > 80


def spoil(draw, good):
    """Return a copy of an array with one thing wrong, and what that is."""
    what = draw(st.sampled_from(["NaN", "infinite", "empty", "object", "text", "complex", "rank"]))
    if what in ("NaN", "infinite"):
        wide = good.astype(draw(st.sampled_from(["float32", "float64"])))
        place = draw(st.integers(0, wide.size - 1))
        wide.flat[place] = np.nan if what == "NaN" else draw(st.sampled_from([np.inf, -np.inf]))
        return wide, what
    if what == "empty":
        return good[:0], what
    if what == "rank":
        return good.reshape((1, 1, 1, *good.shape)), what
    kinds = {"object": object, "text": str, "complex": complex}
    wrong = good.astype(kinds[what])
    return (wrong + 1j if what == "complex" else wrong), what


@given(st.data())
def test_a_spoilt_array_is_refused_in_words_and_left_alone(data):
    each, name = data.draw(st.sampled_from(places()), label="where")
    good = good_arguments(each)
    value, what = spoil(data.draw, np.asarray(good[name]))
    elementwise = issubclass(each.owner, activations.Activation)
    assume(not (what == "rank" and elementwise and name == "x" and "upstream" not in good))
    before = value.copy() if what != "object" else None
    others = {key: np.array(array) for key, array in good.items() if key != name}
    instance = instance_of(each.owner)
    with pytest.raises((TypeError, ValueError)) as caught:
        each.call(instance, {**good, name: value})
    message = str(caught.value)
    assert not FOREIGN.search(message), (each.name, message)
    named = arguments_for(each)[name].names or (name,)
    others_named = [*named, *good, "gradient", "parameter"] if what in ("rank", "empty") else named
    assert any(each_name in message for each_name in (*others_named, "gradient")), message
    if before is not None:
        np.testing.assert_array_equal(value, before)
    for key, array in others.items():
        np.testing.assert_array_equal(good[key], array)


FORMS = {
    "half": lambda array: array.astype("float16") if array.dtype.kind == "f" else array,
    "double": lambda array: array.astype("float64") if array.dtype.kind == "f" else array,
    "read-only": lambda array: _read_only(array),
    "strided": lambda array: np.repeat(array, 2, axis=0)[::2],
    "reversed": lambda array: array[::-1][::-1],
    "column order": lambda array: np.asfortranarray(array),
    "big-endian": lambda array: array.astype(array.dtype.newbyteorder(">")),
    "list": lambda array: array.tolist(),
}


def _read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


@given(st.data())
def test_an_unusual_array_works_and_is_left_alone(data):
    each, name = data.draw(st.sampled_from(places()), label="where")
    form = data.draw(st.sampled_from(list(FORMS)), label="form")
    assume(not (each.function == "apply_flat" and form == "list"))  # buffers are arrays
    good = good_arguments(each)
    value = FORMS[form](np.asarray(good[name]))
    before = np.array(value)
    each.call(instance_of(each.owner), {**good, name: value})
    np.testing.assert_array_equal(np.array(value), before, strict=True)


@given(
    kind=st.sampled_from([kind for kind in layers.LAYERS.values() if _known(kind)]),
    training=st.booleans(),
    dtype=st.sampled_from(["float32", "float16", "uint8"]),
)
def test_a_batch_of_one_gives_finite_outputs_and_gradients(kind, training, dtype):
    """Batch normalization too: the variance of one sample is 0, not NaN."""
    layer = instance_of(kind)
    x = np.ones((1, *layer.input_shape), dtype)  # a whole number, for what takes only these
    y = layer.forward(x, training=training)
    assert len(y) == 1 and np.isfinite(y).all()
    assert np.isfinite(layer.backward(np.ones_like(y))).all()
    assert all(np.isfinite(array).all() for array in layer.gradients.values())
