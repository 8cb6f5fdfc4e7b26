"""Every argument of every public name refuses bad input in words, and leaves everything as it was."""

import inspect
import re

import pytest
from bad_values import frozen
from good_arguments import arguments_for, fresh, good_arguments, instance_of
from public_names import UNCHECKED, public_callables, unchecked

from dlkit import checks

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


# These speak to learners: a wrong id is answered in words instead of an error.
TELLS = re.compile(r"exercises\.(check|hint|solution|statement)$")


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
    return None


@pytest.mark.parametrize("name", ALL)
def test_every_argument_is_known_here(name):
    """A new public name must come with good values, or with the reason why it checks nothing."""
    each = ALL[name]
    if unchecked(each) is not None:
        return
    try:
        arguments = arguments_for(each)
    except KeyError as missing:
        pytest.fail(
            f"Nobody has said what {name} takes for {missing}: add it to ARGUMENTS or SPECIAL in "
            "tests/unit/good_arguments.py (or, if it checks nothing on purpose, add it with the "
            "reason to UNCHECKED in tests/unit/public_names.py)."
        )
    for argument in arguments.values():
        assert not isinstance(argument.good, Exception)


def test_no_exception_is_stale():
    stale = [row for row in UNCHECKED if not any(re.fullmatch(row, name) for name in ALL)]
    assert not stale


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
            try:
                beside = {**good_arguments(each), **argument.beside}
                each.call(instance, {**beside, argument_name: wrong})
                problems.append(f"{argument_name}={wrong!r} was taken without a word")
            except Exception as error:  # noqa: BLE001 - whatever it is, it must suggest
                if f"Did you mean {known!r}?" not in str(error):
                    problems.append(
                        f"{argument_name}={wrong!r} does not suggest {known!r}: {error}"
                    )
    if each.open_ended:
        problem = _unknown_name(each, instance)
        problems += [problem] if problem else []
    assert not problems, f"{name}: {len(problems)} problems\n  " + "\n  ".join(problems)


def _unknown_name(each, instance):
    try:
        each.call(instance, {**good_arguments(each), "no_such_argument": 1})
    except (TypeError, ValueError) as error:
        return None if "no_such_argument" in str(error) else f"unknown name: {error}"
    except BaseException as error:  # noqa: BLE001
        return f"unknown name raised {type(error).__name__}: {error}"
    return "an unknown name was taken without a word"


# A call takes long, so that only a plain one is tried.
SLOW = re.compile(r"keras\.(builders|saving)\..*|labs\.\w+|Report\.save_html")


@pytest.mark.parametrize("name", CHECKED)
def test_good_and_odd_input_works(name):
    """The good values are good (or the test above would prove nothing), and nothing changes them."""
    each = ALL[name]
    problems = []
    trials, known = [("", None)], arguments_for(each)
    for argument_name, argument in known.items():
        if not SLOW.fullmatch(name):
            trials += [(argument_name, value) for value in (argument.good, *argument.odd)]
    for argument_name, value in trials:
        instance = instance_of(each.owner) if each.method else None
        arguments = good_arguments(each)
        if argument_name:
            arguments |= known[argument_name].beside | {argument_name: fresh(value)}
        watched = {key: given for key, given in arguments.items() if key not in each.in_place}
        before = frozen(watched, deep=False)
        try:
            result = each.call(instance, arguments)
            if inspect.isgenerator(result):
                next(result)
        except Exception as error:  # noqa: BLE001
            what = f"{argument_name}={checks.describe(value)}" if argument_name else "a plain call"
            problems.append(f"{what} raised {type(error).__name__}: {error}")
            continue
        if frozen(watched, deep=False) != before:
            problems.append(f"{argument_name}={checks.describe(value)} was changed by the call")
    assert not problems, f"{name}: {len(problems)} problems\n  " + "\n  ".join(problems)
