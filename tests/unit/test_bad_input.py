"""Every argument of every public name refuses bad input in words, and leaves everything as it was.

The names are found by walking them, so that a new one is tested as soon as it is there; what its
arguments take stands in ``good_arguments.py``, what is wrong for each kind in ``bad_values.py``.
"""

import inspect
import json
import re

import numpy as np
import pytest
from bad_values import Argument, frozen
from good_arguments import arguments_for, fresh, good_arguments, instance_of, shown
from good_things import X
from hypothesis import given, settings
from hypothesis import strategies as st
from public_names import UNCHECKED, Callable, public_callables, unchecked

from dlkit import checks, labs, optimizers
from dlkit.network import Network
from dlkit.training import TrainingConfig

ALL = {each.name: each for each in public_callables()}
CHECKED = [name for name, each in ALL.items() if unchecked(each) is None]

# What Python and NumPy say of themselves; a user must never have to read it.
FOREIGN = re.compile(
    r"broadcast|operands|unsupported operand|object has no attribute|not subscriptable|"
    r"not iterable|setting an array element|invalid literal|could not convert|ufunc|unhashable|"
    r"positional argument|cannot unpack|values to unpack|list indices|has no len|not callable|"
    r"cannot reshape|inhomogeneous shape after|must be real number|cannot be interpreted|"
    r"not supported between|out of bounds|cannot convert|keyword argument"
)
ALLOWED = re.compile(
    r"\bmust\b|\bneeds?\b|\btakes\b|\bknows?\b|\bonly\b|\bThere (is|are)\b|\bhas no\b|\bcannot\b|"
    r"\bdoes not exist\b|\bmay\b|\bhold\b|parameters are|\bWrite\b|\bis damaged\b|\bis no\b"
)
# What is wrong with a value may be said of its parts.
WRONG_INSIDE = (
    *("empty", "NaN", "missing", "lacks", "masked", "no gradient", "dtype", "twice", "got none"),
    *("does not exist", "nodes", "hold none", "numbers of samples must agree"),
)
# These speak to learners: a wrong id is answered in words instead of an error.
TELLS = re.compile(r"exercises\.(check|hint|solution|statement)$")
# A call takes long, so that only a plain one is tried.
SLOW = re.compile(r"keras\.(builders|saving)\..*|labs\.\w+|Report\.save_html")
# Every call builds and compiles a Keras model: the odd values of all arguments are tried at once.
TOGETHER = re.compile(r"train_dl_model")
# The result does not depend on the values alone, or is compared elsewhere.
VARIES = re.compile(r"training\..*|Network\.(fit|save|load|copy)|labs\..*|show|Report.*|datasets.*")


@pytest.fixture(autouse=True)
def _no_file_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yield
    assert not list(tmp_path.iterdir())


def problem_with(each, instance, name, argument, value):
    """Return what is wrong with the way in which a callable refuses a value, or None."""
    arguments = {**good_arguments(each), **argument.beside, name: value}
    before = frozen(instance), frozen(arguments)
    try:
        result = each.call(instance, arguments)
        if inspect.isgenerator(result):
            next(result)
    except argument.errors as error:
        if isinstance(error, UnicodeError | RecursionError):
            return f"raised {type(error).__name__}: {error}"
        message = str(error)
    except BaseException as error:  # noqa: BLE001 - any other kind is what is looked for
        return f"raised {type(error).__name__}: {error}"
    else:
        if not TELLS.match(each.name):
            return "was taken without a word"
        message = repr(result)
    if (frozen(instance), frozen(arguments)) != before:
        return f"changed something before it raised: {message}"
    if FOREIGN.search(message):
        return f"raised somebody else's words: {message}"
    names = argument.names or (name,)
    if not any(re.search(rf"\b{re.escape(called)}", message) for called in names):
        return f"does not name the argument: {message}"
    if not ALLOWED.search(message):
        return f"does not say what is allowed: {message}"
    said = checks.describe(value) in message
    if not said and not any(word in message for word in what_came(value)):
        return f"does not say what came: {message}"
    return None


def what_came(value):
    """Return words of which an error about a value should have one."""
    words = [checks.describe(value), repr(value), str(value)[:30], f"got {type(value).__name__}"]
    if isinstance(value, list | tuple | set | dict):
        inside = [*value, *(value.values() if isinstance(value, dict) else ())]
        words += [word for each in inside for word in what_came(each)]
        words += [str(len(value)), str(tuple(value)), str(list(value))]
    elif isinstance(value, np.ndarray):
        words += [str(value.shape), str(len(value)) if value.ndim else "", str(value.dtype)]
        words += [str(value.shape[1:])]
        words += [f"{number:.6g}" for number in value.ravel() if value.dtype.kind in "fiu"]
    elif isinstance(value, int | float):
        words.append("its shape is ()")
    return [*(word for word in words if word), *WRONG_INSIDE]


def test_every_argument_is_known_here():
    """A new public name must come with good values, or with the reason why it checks nothing."""
    missing = [line for name in CHECKED for line in missing_arguments(ALL[name])]
    assert not missing, "\n".join(missing)


def missing_arguments(each):
    """Return what to do about a callable for which nobody has given good arguments."""
    try:
        arguments_for(each)
    except KeyError as argument:
        return [
            f"Nobody has said what {each.name} takes for {argument}: add it to ARGUMENTS in "
            "tests/unit/good_common.py or to SPECIAL in tests/unit/good_specials.py (or, if it "
            "checks nothing on purpose, with the reason to UNCHECKED in tests/unit/public_names.py)."
        ]
    return []


def test_no_reason_is_stale():
    assert not [row for row in UNCHECKED if not any(re.fullmatch(row, name) for name in ALL)]


@pytest.mark.parametrize("name", CHECKED)
def test_bad_input_is_refused_in_words(name):
    each = ALL[name]
    instance = instance_of(each.owner) if each.method else None
    problems = []
    for argument_name, argument in arguments_for(each).items():
        for value in argument.bad:
            problem = problem_with(each, instance, argument_name, argument, fresh(value))
            if problem:
                problems.append(f"{argument_name}={checks.describe(value)} {problem}")
                instance = instance_of(each.owner) if each.method else None
        for wrong, known in argument.misspelt:
            suggestion = replying(each, instance, {**argument.beside, argument_name: wrong})
            if f"Did you mean {known!r}?" not in suggestion:
                problems.append(f"{argument_name}={wrong!r} suggests no {known!r}: {suggestion}")
    if each.open_ended:
        words = replying(each, instance, {"no_such_argument": 1})
        if "no_such_argument" not in words:
            problems.append(f"no_such_argument=1 is not named: {words}")
    assert not problems, f"{name}: {len(problems)} problems\n  " + "\n  ".join(problems)


def replying(each, instance, arguments):
    """Return what a callable says to bad arguments; nothing if it says nothing."""
    try:
        each.call(instance, {**good_arguments(each), **arguments})
    except (TypeError, ValueError) as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", CHECKED)
def test_good_and_odd_input_works(name):
    """The good values are good (or the test above would prove nothing), and nothing changes them.

    Lists, read-only and strided arrays, other dtypes, NumPy's numbers: all give the same result.
    """
    each, known, problems = ALL[name], arguments_for(ALL[name]), []
    trials, in_plain = trials_of(each, known)
    expected = {}
    for changes in trials:
        what = ", ".join(f"{key}={checks.describe(value)}" for key, value in changes.items())
        what = what or "a plain call"
        instance = instance_of(each.owner) if each.method else None
        arguments = good_arguments(each)
        for argument_name, value in changes.items():
            arguments |= known[argument_name].beside | {argument_name: fresh(value)}
        watched = {key: given for key, given in arguments.items() if key not in each.in_place}
        before = frozen(watched, deep=False)
        try:
            result = each.call(instance, arguments)
            if inspect.isgenerator(result):
                next(result)
        except Exception as error:  # noqa: BLE001 - whatever it is, good input must not raise
            problems.append(f"{what} raised {type(error).__name__}: {error}")
            continue
        if frozen(watched, deep=False) != before:
            problems.append(f"{what} was changed by the call")
        if not changes:
            expected = {argument: (known[argument].good, result) for argument in in_plain}
        for argument_name, value in changes.items():
            first = expected.setdefault(argument_name, (value, result))
            if not VARIES.match(name) and not agree(*first, value, result):
                problems.append(f"{what} gives another result than {checks.describe(first[0])}")
    assert not problems, f"{name}: {len(problems)} problems\n  " + "\n  ".join(problems)


def trials_of(each, known):
    """Return the calls to try, as changes of a plain call, and the arguments that it has good."""
    plain, in_plain = good_arguments(each), set()
    values = {}
    for name, argument in known.items() if not SLOW.fullmatch(each.name) else ():
        there = name in plain and not argument.beside
        if there and frozen(plain[name]) == frozen(fresh(argument.good)):
            in_plain.add(name)  # its good value needs no call of its own
        good = () if name in in_plain else (argument.good,)
        values[name] = (*good, *argument.odd)
    if not TOGETHER.fullmatch(each.name):
        return [{}, *({name: value} for name in values for value in values[name])], in_plain
    most = max(map(len, values.values()))
    together = [
        {name: tried[number] for name, tried in values.items() if number < len(tried)}
        for number in range(most)
    ]
    return [{}, *together], in_plain


def agree(good, expected, odd, result):
    """Return whether two results are alike, if they are arrays of equal values."""
    if not isinstance(good, np.ndarray) or np.shape(odd) != good.shape:
        return True
    if not isinstance(expected, np.ndarray | float) or np.asarray(expected).dtype.kind != "f":
        return True
    wide = np.asarray(result, dtype="float64")
    return np.allclose(wide, np.asarray(expected, dtype="float64"), rtol=5e-3, atol=2e-3)


# -- the walk itself notices what it is there for ----------------------------------------------


def _raises_key_error(rate):
    return {1.0: 1}[rate]


def _takes_everything(rate):
    return rate


_SEEN = []


def _changes_first(rate):
    _SEEN.append(rate)
    raise ValueError(f"rate must be a number, but got {checks.describe(rate)}.")


def _hands_on(rate):
    return np.ones(3) + np.ones(rate)


def _names_another(rate):
    raise ValueError(f"speed must be a number, but got {checks.describe(rate)}.")


def _says_no_range(rate):
    raise ValueError(f"rate {checks.describe(rate)} is wrong.")


def _says_not_what_came(rate):
    raise ValueError("rate must be a number.")


def _is_right(rate):
    raise ValueError(f"rate must be a number, but got {checks.describe(rate)}.")


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (_raises_key_error, "raised KeyError"),
        (_takes_everything, "without a word"),
        (_changes_first, "changed something"),
        (_hands_on, "somebody else's words"),
        (_names_another, "does not name"),
        (_says_no_range, "what is allowed"),
        (_says_not_what_came, "what came"),
        (_is_right, None),
    ],
)
def test_the_walk_would_notice(function, words):
    _SEEN.clear()
    problem = problem_with(Callable("made_up", function), _SEEN, "rate", Argument(1.0), 7)
    assert problem is None if words is None else words in problem


def test_a_new_name_must_say_what_it_takes():
    def made_up(never_heard_of):
        """Do nothing."""

    (line,) = missing_arguments(Callable("made_up", made_up))
    assert "never_heard_of" in line and "good_common.py" in line


# -- what a list of values does not find -------------------------------------------------------

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
FEW = settings(max_examples=settings.default.max_examples // 2)
FIELDS = st.sampled_from([field for field in TrainingConfig().__dict__])


@FEW
@given(st.dictionaries(FIELDS | st.text(max_size=8), ANYTHING, max_size=3))
def test_any_json_makes_a_configuration_or_a_clear_error(values):
    try:
        config = TrainingConfig.from_json(json.dumps(values))
    except (TypeError, ValueError) as error:
        assert not FOREIGN.search(str(error)), str(error)
        assert any(repr(name)[1:-1] in str(error) for name in values), str(error)
    else:
        assert TrainingConfig.from_json(config.to_json()) == config


@given(
    st.lists(st.integers(0, 5), max_size=4), st.sampled_from(["f2", "f8", "i4", "?", "c8", "U1"])
)
def test_any_shape_fits_or_is_refused(shape, dtype):
    network = instance_of(Network)
    x = np.ones(shape).astype(dtype)
    if len(shape) == 2 and shape[0] and shape[1] == 4 and np.dtype(dtype).kind in "fib":
        assert network.predict(x).shape == (shape[0], 3)
        return
    with pytest.raises((TypeError, ValueError), match=r"\bx must\b") as caught:
        network.predict(x)
    assert not FOREIGN.search(str(caught.value))


@FEW
@given(st.dictionaries(st.sampled_from(["iterations", "m", "v", "learning_rate", "w"]), ANYTHING))
def test_any_state_is_loaded_or_leaves_the_optimizer_alone(state):
    optimizer = instance_of(optimizers.Adam)
    before = frozen(optimizer)
    try:
        optimizer.load_state(state)
    except (TypeError, ValueError) as error:
        assert frozen(optimizer) == before
        assert not FOREIGN.search(str(error)), str(error)


# -- labs --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", labs.__all__)
def test_controls_refuse_in_words(kind):
    """Setting several controls sets all of them or none."""
    lab = shown(getattr(labs, kind))
    before = lab.controls.values()
    for name, made in lab.controls.items():
        low, high, whole = getattr(made, "bounds", (0, 0, False))
        wrong = ["qqqq", None, np.nan, [], low - 1, high + 1, *([low + 0.5] if whole else [])]
        if not hasattr(made, "bounds"):
            too_long = "q" * (getattr(made, "longest", 3) + 1)  # for a text, else no option
            wrong = [too_long, None, [], object(), -3]
        for value in wrong:
            others = {other: before[other] for other in before if other != name}
            with pytest.raises((TypeError, ValueError), match=rf"^{name} must be"):
                lab.controls.set({**others, name: value})
            assert lab.controls.values() == before


def test_a_lab_says_in_words_what_does_not_fit():
    lab = labs.TrainingLab(dataset="iris")
    try:
        lab.controls.architecture.value = "cnn"
        lab._buttons["start"].click()  # as a learner does: nothing is raised
        assert "images" in lab.message and "Choose" in lab.message
        assert lab.job.status.state == "ready"
        before = lab.controls.values()
        lab.guard(lab.step, "three")
        assert "batches must be a whole number" in lab.message
        assert lab.controls.values() == before
    finally:
        lab.close()


def test_a_batch_of_integer_images_is_as_good_as_one_of_floats():
    network = instance_of(Network)
    pixels = (np.abs(X) * 4).astype("uint8")
    np.testing.assert_array_equal(network.predict(pixels), network.predict(pixels.tolist()))
