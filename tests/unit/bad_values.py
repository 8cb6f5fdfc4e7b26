"""Kinds of arguments: for each a good value, values that must be refused, and odd ones that work."""

import math
from dataclasses import dataclass, field, replace

import numpy as np


@dataclass(frozen=True)
class Argument:
    """What a test knows of one argument.

    Attributes
    ----------
    good : object
        For an ordinary call. Functions that make the value are wrapped in `Made`.
    bad : tuple
        Each must be refused, with a message that names the argument.
    odd : tuple
        Unusual, but allowed: each must work.
    names : tuple of str
        What the message may call it; by default its own name alone.
    misspelt : tuple of (str, str)
        A wrong name, and the known one that the message must suggest.
    errors : tuple of type
        What may be raised.
    beside : dict
        Other arguments that it needs beside it.
    """

    good: object
    bad: tuple = ()
    odd: tuple = ()
    names: tuple = ()
    misspelt: tuple = ()
    errors: tuple = (TypeError, ValueError)
    beside: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Made:
    """A good value that is made afresh for each call, because the call uses it up."""

    make: object


def number(
    good, minimum=None, above=None, maximum=None, below=None, whole=False, optional=False, **more
):
    """Return a number in a range, as `dlkit.checks.number` takes it."""
    bad = ["3", "", True, math.nan, math.inf, -math.inf]
    bad += [
        [1, 2],
        (),
        {},
        1j,
        np.array([1.0, 2.0]),
        np.array([]),
        object(),
        b"3",
        np.float32("nan"),
    ]
    bad += [] if optional else [None]
    bad += [good + 0.5] if whole else []
    if minimum is not None:
        bad += [minimum - 1, -(10**30)]
    if above is not None:
        bad += [above, above - 1, -1e-300 if above == 0 else above]
    if maximum is not None:
        bad += [maximum + 1]
    if below is not None:
        bad += [below, below + 1]
    odd = [np.float64(good), np.array(good)]
    odd += [np.int64(good), np.uint16(good), float(good)] if whole and good >= 0 else []
    return Argument(good, tuple(bad), tuple(odd), **more)


def count(good=2, **more):
    """Return a whole number of 1 or more."""
    return number(good, minimum=1, whole=True, **more)


def truth(good, **more):
    """Return True or False."""
    bad = ("yes", "", 1, 0, 1.0, None, math.nan, [], [True], np.array([True, False]), object())
    return Argument(good, bad, (np.bool_(good),), **more)


def text(good, optional=False, empty=True, **more):
    """Return any text."""
    bad = (3, 2.5, True, b"bytes", ["a"], {}, math.nan, object())
    bad += () if optional else (None,)
    bad += () if empty else ("",)
    return Argument(good, bad, (np.str_(good),) if isinstance(good, str) else (), **more)


def choice(good, known, optional=False, others=(), **more):
    """Return one of the known names; a misspelt one must suggest the nearest."""
    bad = (3, 2.5, "", True, [], [good], (good,), {}, object(), math.nan, b"name", "qqqqqqqqqqqq")
    bad += () if optional else (None,)
    longest = max(known, key=len)
    misspelt = [(longest[:-1] + "q", longest), (longest.upper() + "x", longest)]
    return Argument(good, bad + tuple(others), (), misspelt=tuple(misspelt), **more)


def array(good, any_shape=False, none=False, width=True, alone=False, integers=False, **more):
    """Return a numeric array of a fixed shape.

    Parameters
    ----------
    good : array_like
        First axis the samples.
    any_shape : bool
        Whether every shape is allowed.
    none : bool
        Whether None is allowed.
    width : bool
        Whether the length of the last axis matters.
    alone : bool
        Whether the number of samples is free, because nothing stands beside it.
    integers : bool
        Whether it holds whole numbers, in whatever dtype.
    **more
        Fields of `Argument`.
    """
    good = np.asarray(good)
    bad = ["text", {}, {1.0}, object(), good.astype(str), good.astype(object) + 1.0]
    bad += [good.astype(complex) + 1j, [[1.0, 2.0], [3.0]], [None, 1.0], [["a"], ["b"]]]
    bad += [np.array(["2020-01-01"], "datetime64[D]"), lambda: good]
    bad += [_with(good, math.nan), _with(good, math.inf), _with(good, -math.inf)]
    bad += [] if none else [None]
    bad += [np.zeros((0, *good.shape[1:])), [], np.ma.masked_array(good, good == good.flat[0])]
    if not any_shape:
        bad += [3.0, good[np.newaxis], good[..., np.newaxis, np.newaxis]]
        bad += [] if alone else [good[: len(good) // 2]]
        bad += [good[..., :-1]] if width and good.ndim > 1 else []
    alone = [good[:1]] if alone else []  # a batch of one
    odd = (*alone, *_same_in_other_forms(good, integers))
    return Argument(good, tuple(bad), odd, **more)


def labels(good, classes, **more):
    """Return whole class labels from 0 to ``classes`` - 1."""
    base = array(good, integers=True, **more)
    bad = (_with(base.good, -1), _with(base.good, 0.5))
    bad += (_with(base.good, classes), _with(base.good, 10**6)) if classes else ()
    return replace(base, bad=base.bad + bad)


def probabilities(good, **more):
    """Return numbers between 0 and 1."""
    base = array(good, **more)
    return replace(base, bad=(*base.bad, _with(base.good, 1.5), _with(base.good, -0.1)))


def shape(good, **more):
    """Return lengths of axes without the batch."""
    bad = ("4", "", b"4", 2.5, None, (), [], {}, ("4",), (None,), (0,), (-1,), (2.5,), (math.nan,))
    bad += ((True,), ((4,),), object(), True, math.nan, (10**30,))
    return Argument(good, bad, (list(good), tuple(np.int64(n) for n in good)), **more)


def thing(good, *others, optional=False, **more):
    """Return an object of one kind, which nothing else can stand for."""
    bad = (3, "text", "", 2.5, True, object(), [], {}, (1, 2), math.nan, *others)
    bad += () if optional else (None,)
    return Argument(good, bad, **more)


def function(good, **more):
    """Return something that can be called."""
    return Argument(good, (None, 3, "print", [], {}, True, math.nan, object()), **more)


def dictionary(good, *others, **more):
    """Return a dictionary."""
    bad = (None, 3, "text", [], (), {1}, True, math.nan, object(), [("a", 1)], *others)
    return Argument(good, bad, **more)


def path(good, *others, **more):
    """Return the path of a file."""
    errors = (TypeError, ValueError, OSError)
    bad = (None, 3, 2.5, "", [], {}, True, math.nan, object(), b"bytes", "nul\0byte", *others)
    more.setdefault("names", ("path", "folder", "There is no file", *(str(o) for o in others)))
    return Argument(good, bad, errors=errors, **more)


def _with(good, value):
    """Return a copy with one element replaced, in a dtype that can hold it."""
    changed = np.array(good, dtype=np.result_type(good, np.asarray(value)))
    changed.flat[-1] = value
    return changed


def _same_in_other_forms(good, integers):
    yield good.tolist()
    fixed = good.copy()
    fixed.flags.writeable = False
    yield fixed
    spread = np.zeros((*good.shape[:-1], 2 * good.shape[-1]), good.dtype)[..., ::2]
    spread[...] = good
    yield spread
    yield np.asfortranarray(good)
    yield good.astype(good.dtype.newbyteorder())  # as files from another machine may hold it
    if good.dtype.kind == "f":
        yield good.astype("float64")
        yield good.astype("float16")
        yield good.astype("longdouble")
    if integers:
        yield good.astype("uint8")
        yield good.astype("float32")


def frozen(thing, seen=None, deep=True):
    """Return a picture of all that an object holds, to be compared before and after a call.

    Where ``deep`` is False, of a network only what its user sees: weights and random state.
    """
    seen = {} if seen is None else seen
    if thing is None or isinstance(thing, bool | int | float | complex | str | bytes):
        return repr(thing)
    if id(thing) in seen:
        return "seen before"
    seen[id(thing)] = thing  # kept alive, so that no id comes twice
    if isinstance(thing, np.ndarray) and thing.dtype != object:
        return thing.shape, thing.dtype.str, thing.flags.writeable, thing.tobytes()
    if isinstance(thing, np.ndarray):
        return thing.shape, [frozen(each, seen, deep) for each in thing.ravel()]
    if not deep and hasattr(thing, "get_weights"):  # a network computes in arrays of its own
        return frozen(thing.get_weights()), frozen(getattr(thing, "random_state", None))
    if isinstance(thing, np.random.Generator):
        return repr(thing.bit_generator.state)
    if isinstance(thing, dict):
        return [(repr(key), frozen(value, seen, deep)) for key, value in thing.items()]
    if isinstance(thing, list | tuple | set | frozenset):
        return [type(thing).__name__, *(frozen(each, seen, deep) for each in thing)]
    ours = type(thing).__module__.split(".")[0] == "dlkit"
    if ours and hasattr(thing, "__dict__"):
        held = {key: value for key, value in vars(thing).items() if not key.startswith("_cached")}
        return type(thing).__name__, frozen(held, seen, deep)
    return id(thing)
