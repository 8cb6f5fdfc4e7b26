"""Every check passes the reference, names every mistake of its catalogue, and harms nothing."""

import contextlib
import json
import math
import re
import sys
import threading
import time

import numpy as np
import pytest

import dlkit
from dlkit.exercises import check, get, hint, progress, record, solution, statement
from dlkit.exercises.inputs import in_short
from dlkit.exercises.judging import FunctionCheck
from dlkit.exercises.registry import LESSONS, LEVELS, exercises
from dlkit.exercises.running import Mistaken, call, limited, same

ALL = list(exercises().values())
CATALOGUE = [(exercise, wrong) for exercise in ALL for wrong in exercise.wrong_answers]


@pytest.fixture(autouse=True)
def private_record(tmp_path, monkeypatch):
    """Keep the tests away from the record of whoever runs them."""
    file = tmp_path / "folder with space" / "progress.json"
    monkeypatch.setenv(record.VARIABLE, str(file))
    return file


def _name(value):
    if isinstance(value, str):
        return value
    return getattr(value, "id", "")


# --- every exercise -----------------------------------------------------------------------------
@pytest.mark.parametrize("exercise", ALL, ids=_name)
def test_the_reference_passes(exercise):
    result = check(exercise.id, exercise.reference)
    assert result.passed and result.attempted, result.message
    assert repr(result).startswith(f"✓ {exercise.id} solved\n")


@pytest.mark.parametrize(
    ("exercise", "wrong"),
    CATALOGUE,
    ids=[f"{exercise.id}-{wrong.message[:30]}" for exercise, wrong in CATALOGUE],
)
def test_every_wrong_answer_is_rejected_by_name(exercise, wrong):
    result = check(exercise.id, wrong.answer)
    assert result.attempted and not result.passed
    assert wrong.message in result.message
    assert exercise.id not in record.solved()


@pytest.mark.parametrize("exercise", ALL, ids=_name)
def test_an_untouched_starter_says_what_to_do(exercise):
    cell = compile(exercise.starter, "starter", "exec")
    results = []
    scope = {"check": lambda *arguments: results.append(check(*arguments)), "np": np}
    exec(cell, scope)  # noqa: S102 - the starter is a notebook cell of ours
    (result,) = results
    assert not result.attempted and not result.passed
    assert repr(result).startswith(f"… {exercise.id} not attempted yet\nReplace the `...`")


@pytest.mark.parametrize("exercise", ALL, ids=_name)
def test_an_exercise_is_complete(exercise):
    assert len(exercise.hints) == 3 and all(exercise.hints)
    assert len(exercise.wrong_answers) >= 5
    assert len({wrong.message for wrong in exercise.wrong_answers}) >= 5
    assert exercise.level in LEVELS
    assert exercise.statement.strip() and exercise.title
    assert f'check("{exercise.id}"' in exercise.starter
    assert "def " in repr(solution(exercise.id))


@pytest.mark.parametrize("exercise", ALL, ids=_name)
def test_the_check_does_not_run_the_reference_for_the_learner(exercise, monkeypatch):
    answer = exercise.reference
    module = sys.modules[exercise.solution.__module__]
    name = exercise.solution.__name__
    assert getattr(module, name) is exercise.solution
    monkeypatch.delattr(module, name)  # a check that called it would now fail
    assert check(exercise.id, answer).passed


def test_there_are_three_or_more_in_each_lesson_from_fill_in_to_open():
    for lesson in LESSONS:
        mine = [exercise for exercise in ALL if exercise.lesson == lesson]
        assert len(mine) >= 3
        assert mine[0].level == "fill in" and mine[-1].level == "open"
        assert [exercise.id for exercise in mine] == [
            f"{lesson}.{number}" for number in range(1, len(mine) + 1)
        ]


@pytest.mark.parametrize("exercise", ALL, ids=_name)
@pytest.mark.parametrize("answer", [3, "text", [1, 2], {}, np.zeros(3), lambda: 0, object()])
def test_nonsense_is_answered_in_words(exercise, answer):
    result = check(exercise.id, answer)
    assert result.attempted and not result.passed and result.message


def _loop_without_bias(x, w, b):
    outputs = []
    for sample in x:
        outputs.append(np.tanh(sum(a * c for a, c in zip(sample, w, strict=True))))
    return outputs


def _central_differences(f, x, step, back):
    """Return the gradient; each value is moved in place, and ``back`` steps undo it at the end."""
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        x[i] += step
        above = f(x)
        x[i] -= 2 * step
        gradient[i] = (above - f(x)) / (2 * step)
        x[i] += back * step
    return gradient


def _restores_with_rounding_errors(f, x, step):
    return _central_differences(f, x, step, back=0)


def _puts_back_with_rounding_errors(f, x, step):
    return _central_differences(f, x, step, back=1)


def _backward_with(delta):
    def answer(x, w, b, upstream):
        dz = delta(x, w, b, upstream)
        return x.T @ dz, dz.sum(axis=0), dz @ w.T

    return answer


def _detective(is_wrong, as_result=list):
    def answer(loss, parameters, gradients):
        found = []
        for name, values in parameters.items():
            others = {key: array for key, array in parameters.items() if key != name}
            measured = get("03.3").solution(
                lambda nudged, name=name, others=others: loss({**others, name: nudged}),
                values,
                1e-5,
            )
            if is_wrong(gradients[name], measured):
                found.append(name)
        return as_result(found)

    return answer


def _pooled(x, height, width, largest):
    result = np.zeros((x.shape[0] // height, x.shape[1] // width, x.shape[2]))
    for i in range(result.shape[0]):
        for j in range(result.shape[1]):
            part = x[i * height : (i + 1) * height, j * width : (j + 1) * width]
            result[i, j] = largest(part)
    return result


def _faded(query, key, slope):
    scores = query @ key.T / np.sqrt(query.shape[1])
    scores[np.triu_indices(len(query), 1)] = -1e9
    weights = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    distance = np.subtract.outer(np.arange(len(query)), np.arange(len(key)))
    return weights * slope * distance


# Typed the way learners type, not the way the catalogue is written.
TYPED = [
    ("00.1", lambda sizes: int(np.dot(sizes[:-1], sizes[1:])), "forgot the biases"),
    ("00.2", lambda n, b, e: int(n / b) * e, "dropped the last, smaller batch"),
    ("00.3", lambda p, y: np.mean([c in np.argsort(r)[-2:] for r, c in zip(p, y)]) * 100, "percentage"),
    ("00.3", lambda p, y: (p.argmax(axis=1) == y).mean(), "plain accuracy"),
    ("00.4", lambda h: (h["val_loss"].index(min(h["val_loss"])), 0.22), "from 0"),
    ("01.1", _loop_without_bias, "forgot the bias"),
    ("01.3", lambda x: 1 / (1 + np.exp(-2 * x)), "first half of the product rule"),
    ("01.4", lambda x, w, b: [j for j in range(len(b)) if b[j] < 0], "bias alone"),
    ("01.4", lambda x, w, b: np.where((x @ w + b).mean(0) < 0)[0], "by the mean of z"),
    ("01.5", lambda w, b: [w[0] / w[1], -b / w[1]], "slope has the wrong sign"),
    (
        "02.1",
        lambda x, w1, b1, w2, b2: np.tanh(x @ w1 + b1) @ w2 + b2,
        "Those are the logits",
    ),
    ("02.2", lambda t, y, q: max(q * np.mean(t - y), (q - 1) * np.mean(t - y)), "not right yet"),
    (
        "02.3",
        lambda z, y: np.mean(
            [np.mean(np.log(np.exp(z[y == c]).sum(1)) - z[y == c, c]) for c in set(y)]
        ),
        "not with ±1000",
    ),
    (
        "02.3",
        lambda z, y: dlkit.losses.SparseCategoricalCrossentropy(from_logits=True)(y, z),
        "a large class outvotes",
    ),
    ("02.4", lambda p, y: (p.argmax(1) == y).mean(), "the plain accuracy"),
    (
        "02.4",
        lambda p, y: np.mean([np.mean(y[p.argmax(1) == c] == c) for c in set(p.argmax(1))]),
        "the precision",
    ),
    ("02.5", lambda y, q: (y.mean(), y.mean(), np.quantile(y, q)), "pulls equally hard"),
    (
        "03.1",
        lambda x, w, b, g: (x.T @ g, g.sum(0), g @ w.T),
        "forgot the slope of tanh in `dw`",
    ),
    ("03.1", lambda x, w, b, g: x @ g, "ValueError: matmul"),
    ("03.1", _backward_with(lambda x, w, b, g: g * np.tanh(x @ w + b)), "tanh itself"),
    ("03.1", _backward_with(lambda x, w, b, g: g * (1 - np.tanh(x @ w) ** 2)), "forgot the bias"),
    ("03.1", _backward_with(lambda x, w, b, g: 1 - np.tanh(x @ w + b) ** 2), "forgot upstream"),
    (
        "03.2",
        lambda z, y, t: -np.eye(z.shape[1])[y] * np.exp(-z / t)
        * np.exp(z / t).sum(1, keepdims=True) / len(z),
        "with respect to the probabilities",
    ),
    ("03.3", _restores_with_rounding_errors, "in place"),
    ("03.3", _puts_back_with_rounding_errors, "by rounding alone"),
    ("03.3", lambda f, x, h: (f(x + h) - f(x - h)) / (2 * h), "all elements at once"),
    ("03.4", lambda nodes: get("03.4").solution(nodes)[::-1], "from the last node to the first"),
    ("03.5", _detective(lambda given, measured: abs((given - measured).sum()) > 1e-6), "exchanged"),
    ("03.5", _detective(lambda given, measured: (given - measured).max() > 1e-6), "absolute value"),
    ("03.5", _detective(lambda given, measured: not np.allclose(given, measured, atol=1e-6)), "tiny"),
    ("03.5", lambda loss, parameters, gradients: [loss(gradients["output/bias"])], "has no names"),
    ("09.3", lambda x, h, w: _pooled(x, h, w, lambda part: part.max()), "hold the same"),
    ("11.3", lambda q, k, v, slope: _faded(q, k, slope) @ v, "after the softmax"),
]  # fmt: skip


@pytest.mark.parametrize(("id", "answer", "words"), TYPED, ids=[row[2] for row in TYPED])
def test_answers_as_learners_type_them(id, answer, words):
    result = check(id, answer)
    assert not result.passed and words in result.message


def _close(given, measured):
    return not np.allclose(given, measured)


RIGHT = [
    ("01.2", ([[1, 1], [1, 1]], [[-0.5, -1.5]], [[1], [-2]], [-0.5])),
    ("03.3", lambda f, x, step: get("03.3").solution(f, x, step).astype("float32")),
    ("03.4", lambda nodes: np.array(get("03.4").solution(nodes))),
    ("03.5", _detective(_close, np.array)),
    ("03.5", _detective(_close, set)),
]


@pytest.mark.parametrize(("id", "answer"), RIGHT)
def test_right_answers_in_another_form_are_taken(id, answer):
    assert check(id, answer).passed


FUNCTIONS = [exercise for exercise in ALL if not exercise.value]


@pytest.mark.parametrize("exercise", FUNCTIONS, ids=_name)
@pytest.mark.parametrize(
    "returned", [0.0, float("nan"), "text", [[1], [1, 2]], np.zeros((2, 9, 2)), (1,), {}, [None, 1]]
)
def test_any_returned_thing_is_answered_in_words(exercise, returned):
    result = check(exercise.id, lambda *arguments: returned)
    assert not result.passed and result.message
    assert "Traceback" not in result.message


@pytest.mark.parametrize("exercise", FUNCTIONS, ids=_name)
def test_an_argument_changed_in_place_is_noticed(exercise):
    def spoiling(*arguments):
        right = exercise.solution(*arguments)
        for argument in arguments:
            if isinstance(argument, np.ndarray):
                argument += 1
            elif isinstance(argument, list):
                argument.append(1)
            elif isinstance(argument, dict):
                next(iter(argument.values()))[0] = 7
        return right

    takes_data = any(
        isinstance(argument, np.ndarray | list | dict)
        for case in getattr(exercise.examine, "cases", list)()
        for argument in case
    )
    if takes_data:
        result = check(exercise.id, spoiling)
        assert not result.passed and "in place" in result.message


def test_values_handed_in_stay_as_they_are():
    weights = [np.array(part, dtype=float) for part in get("01.2").reference]
    before = [part.copy() for part in weights]
    for part in weights:
        part.flags.writeable = False
    assert check("01.2", weights).passed
    assert all(map(np.array_equal, before, weights))


# --- running a learner's code --------------------------------------------------------------------
def test_an_endless_loop_is_ended_after_five_seconds():
    turns = []

    def endless(sizes):
        while True:
            turns.append(len(sizes))
            turns.clear()

    start = time.monotonic()
    result = check("00.1", endless)
    assert 4.5 < time.monotonic() - start < 8
    assert not result.passed and "still running after 5 seconds" in result.message
    time.sleep(0.1)
    assert not [thread for thread in threading.enumerate() if thread.name == "dlkit-exercise"]


@pytest.mark.parametrize("swallow", [Exception, BaseException])
def test_a_loop_that_swallows_errors_ends_as_well(swallow):
    attempts = []

    def stubborn():
        while len(attempts) < 3:
            try:
                while True:
                    time.sleep(0.001)
            except swallow:
                attempts.append(1)

    with pytest.raises(TimeoutError):
        limited(stubborn, seconds=0.1)
    time.sleep(0.1)
    assert not [thread for thread in threading.enumerate() if thread.name == "dlkit-exercise"]


def test_checks_work_from_other_threads_too():
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(check("00.2", get("00.2").solution)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.passed for result in results] == [True] * 4


def test_an_error_names_the_line_of_the_learner():
    def broken(sizes):
        total = 0
        return total / 0  # my own line

    result = check("00.1", broken)
    assert result.attempted
    assert "ZeroDivisionError: division by zero" in result.message
    assert "return total / 0  # my own line" in result.message
    line = broken.__code__.co_firstlineno + 2
    assert f"line {line} of `broken`" in result.message
    assert "Traceback" not in result.message and "/" not in result.message.split("\n")[0]


def test_leaving_from_a_learners_function_is_told_in_words():
    assert "leaves the program" in check("00.1", lambda sizes: sys.exit()).message


def test_an_endless_recursion_is_told_in_words():
    def again(sizes):
        return again(sizes)

    message = check("00.1", again).message
    assert "RecursionError" in message and "return again(sizes)" in message


def _undefined(sizes):
    return ceil(sizes[0])  # noqa: F821 - what is tested


def _misspelt(sizes):
    totla = 0  # noqa: F841
    return total  # noqa: F821


def _without_start(sizes):
    for size in sizes:
        total = total + size  # noqa: F821, F823
    return total


def _without_numpy(sizes):
    return numpy.prod(sizes)  # noqa: F821


def _one_too_far(sizes):
    return sum(sizes[i] * sizes[i + 1] for i in range(len(sizes)))


def _round_parentheses(sizes):
    return sizes(0)


def _kept_append(sizes):
    return sizes.copy().append(1) + 1


def _float_range(sizes):
    return len(range(sizes[0] / 2))


CAUSES = [
    (_undefined, "name 'ceil' is not defined", "from math import ceil"),
    (_misspelt, "name 'total' is not defined", "Did you mean `totla`"),
    (_without_start, "UnboundLocalError", "has no value yet"),
    (_without_numpy, "name 'numpy' is not defined", "Run `import numpy` first"),
    (_one_too_far, "IndexError", "the last one has no next"),
    (_round_parentheses, "not callable", "square brackets"),
    (_kept_append, "NoneType", "`return`"),
    (_float_range, "cannot be interpreted as an integer", "`//`"),
    (lambda sizes: np.ones(4) + np.ones(7), "broadcast together", "(4,) and (7,)"),
    (lambda sizes: np.ones((2, 3)) @ np.ones((2, 3)), "matmul", "`axis=`"),
    (lambda sizes: max(np.ones(2), 0), "truth value of an array", "`np.maximum`"),
    (lambda sizes: np.ones(3)[3], "out of bounds", "the last one has no next"),
    (lambda sizes: np.ones(4)[np.ones(5) > 0], "boolean index", "as long as"),
    (lambda sizes: np.ones(4)["loss"], "only integers", "has no names"),
    (lambda sizes: np.argmax(np.ones(4), axis=1), "AxisError", "has axis 0 only"),
    (lambda sizes: sizes - [1], "unsupported operand", "as a whole"),
    (lambda sizes: sizes * 0.5, "multiply sequence", "`np.array(values)`"),
    (lambda sizes: sizes + 1, "concatenate list", "Take one element"),
    (lambda sizes: sizes.mean(), "no attribute 'mean'", "This is a plain list"),
    (lambda sizes: {"loss": 1}.history, "no attribute 'history'", "This is a dictionary"),
    (lambda sizes: {"val_loss": 1}["validation_loss"], "KeyError", "no entry of that name"),
    (lambda sizes: math.exp(np.ones(3)), "TypeError", "such as `np.exp`"),
    (lambda sizes: 1 / 0, "ZeroDivisionError", "below the division line is 0"),
]


@pytest.mark.parametrize(("answer", "error", "cause"), CAUSES, ids=[row[2] for row in CAUSES])
def test_frequent_errors_come_with_their_likely_cause(answer, error, cause):
    message = check("00.1", answer).message
    assert error in message
    told = message.partition(error)[2]
    assert cause in told.partition("\n\n")[2]


def test_a_rare_error_is_told_without_a_guess():
    def broken(sizes):
        raise LookupError("loss")

    assert check("00.1", broken).message.endswith("LookupError: loss")


def test_an_error_inside_numpy_names_the_learners_line():
    def broken(x, w, b):
        return np.concatenate(x @ w.reshape(7, 7), b)

    message = check("01.1", broken).message
    assert "x @ w.reshape(7, 7)" in message and "ValueError" in message


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_leaving_the_program_is_not_swallowed_silently(error):
    def leaving():
        raise error

    with pytest.raises(error):
        limited(leaving)


def test_not_implemented_and_half_filled_starters_are_not_attempted():
    def raises(sizes):
        raise NotImplementedError

    def half(sizes):
        total = ...
        return total + 1

    for answer in (raises, half, None, ..., NotImplemented, lambda sizes: NotImplemented):
        assert not check("00.1", answer).attempted


def _only_prints(sizes):
    print(sum(sizes))


def _forgets_return(sizes):
    total = 0
    for size in sizes:
        total += size


def _bare_return(sizes):
    total = sum(sizes)
    if total < 0:
        return


@pytest.mark.parametrize("answer", [_only_prints, _forgets_return, _bare_return, print])
def test_a_function_that_returns_nothing_has_been_attempted(answer, capsys):
    result = check("00.1", answer)
    assert result.attempted and not result.passed
    assert "Your function returned nothing (None). Did you forget `return`?" in result.message


def _stub(sizes): ...


def _described_stub(sizes):
    """Count."""


def _described_stub_with_dots(sizes):
    """Count."""
    ...


def _passing_stub(sizes):
    pass


@pytest.mark.parametrize(
    "answer", [_stub, _described_stub, _described_stub_with_dots, _passing_stub]
)
def test_an_empty_body_has_not_been_attempted(answer):
    result = check("00.1", answer)
    assert not result.attempted and "Replace the `...`" in result.message


def test_a_check_without_an_answer_asks_for_it():
    assert check("00.1").message == 'Give your function: `check("00.1", my_count)`.'
    assert check("01.2").message == 'Give your values: `check("01.2", (w1, b1, w2, b2))`.'
    for exercise in ALL:
        assert not check(exercise.id).attempted


def test_one_missing_result_of_several_is_named():
    result = check("00.4", lambda history: (1, ...))
    assert result.attempted and "`gap` is still missing" in result.message
    assert not check("00.4", lambda history: (..., None)).attempted


def test_wrong_arguments_and_results_are_named():
    assert "these arguments: (samples, batch_size, epochs)" in check("00.2", lambda a: 1).message
    assert "without parentheses" in check("00.2", 210).message
    assert "return epoch, gap" in check("00.4", lambda history: 3).message
    assert "a number or an array" in check("00.2", lambda a, b, c: "many").message
    shapes = check("01.1", lambda x, w, b: np.ones((5, 1))).message
    assert "must have shape (5,), for `x` of shape (5, 3) (it" in shapes
    assert "NaN" in check("01.1", lambda x, w, b: np.full(len(x), np.nan)).message
    listed = check("02.2", lambda y_true, y_pred, q: [0.0]).message
    assert "has shape (1,), but it must be a single number" in listed


def test_signs_and_constant_factors_are_noticed():
    right = get("01.1").solution
    assert "wrong sign" in check("01.1", lambda x, w, b: -right(x, w, b)).message
    assert "3 times what it should be" in check("01.1", lambda x, w, b: 3 * right(x, w, b)).message
    nearly = check("03.3", lambda f, x, step: 1.00001 * get("03.3").solution(f, x, step))
    assert "1.00001 times" in nearly.message
    message = check("01.1", lambda x, w, b: right(x, w, b) + 0.01 * x[:, 0]).message
    assert "at position [0] it is" in message and "it should be" in message


def test_the_input_that_fails_is_named():
    message = check(
        "00.1", lambda sizes: get("00.1").solution(sizes) + (len(sizes) > 3) * 10
    ).message
    assert message.endswith("it is 517, and it should be 507, for `sizes = [13, 24, 6, 3]`.")
    message = check("00.2", lambda n, b, e: 7 if n == 96 else get("00.2").solution(n, b, e)).message
    assert "for `samples = 96`, `batch_size = 32`, `epochs = 3`." in message
    message = check("00.3", lambda p, y: 0.123).message
    assert "`probabilities` of shape (7, 4) (it begins with 0." in message
    assert "`f` a function, `x = [" in check("03.3", lambda f, x, step: x * 0.123).message
    assert "NaN or infinity, for `w = [1.5, -2.5]`, `b = 0.7`." in (
        check("01.5", lambda w, b: (float("nan"), 1)).message
    )


@pytest.mark.parametrize(
    "exercise",
    [exercise for exercise in ALL if isinstance(exercise.examine, FunctionCheck)],
    ids=_name,
)
def test_every_check_names_its_input_shortly(exercise):
    for case in exercise.examine.cases():
        told = in_short(exercise.examine.arguments, case)
        assert all(re.search(rf"`{name}[` ]", told) for name in exercise.examine.arguments)
        assert len(told) <= 90 * len(case) and " at 0x" not in told and "\n" not in told


def test_call_gives_copies_and_compares_them():
    data = np.arange(3.0)
    assert call(lambda x: x + 1, data) is not data
    with pytest.raises(Mistaken, match="in place"):
        call(lambda x: x.sort() or x.fill(0) or 1, data)
    assert data.tolist() == [0, 1, 2]
    assert same([{"a": (1, np.array([np.nan]))}], [{"a": (1, np.array([np.nan]))}])
    assert not same({"a": 1}, {"b": 1})
    assert not same(np.zeros(2), [0, 0])
    assert not same(np.zeros(2), np.zeros(2, dtype="float32"))


# --- hints, solutions, statements ---------------------------------------------------------------
def test_hints_come_one_after_the_other(monkeypatch):
    monkeypatch.setattr("dlkit.exercises._given", {})
    first, second, third, again = (hint("01.1") for _ in range(4))
    hints = get("01.1").hints
    for level, note in enumerate((first, second, third), start=1):
        assert note.title == f"Hint {level} of 3 for 01.1"
        assert hints[level - 1] in note.text
    assert 'solution("01.1")' in third.text
    assert again == third
    assert hints[0] in hint("01.1", 1).text
    assert hints[1] in hint("01.1").text
    for level in (0, 4, 1.5, "1"):
        with pytest.raises((TypeError, ValueError), match="level must be"):
            hint("01.1", level)


def test_a_solution_is_the_source_that_passes():
    assert repr(solution("01.1")).startswith("def tanh_neuron(x, w, b):")


def test_statements_print_and_show():
    note = statement("01.3")
    assert repr(note).startswith("Exercise 01.3 (build): The slope of an activation\n")
    bundle = note._repr_mimebundle_()
    assert bundle["text/plain"] == repr(note)
    assert "$f(x) = x \\cdot s(2x)$" in bundle["text/html"]


WRONG_IDS = [
    ((), 'quotes: `{}("00.1"'),
    ((0.1,), 'quotes: `{}("00.1"'),
    ((1.2,), 'quotes: `{}("01.2"'),
    (("1.2",), 'quotes: `{}("01.2"'),
    (("01.9",), "no exercise '01.9'. There are 01.1, 01.2"),
    ((9.9,), "no exercise '09.9'. There are"),
    (("",), "There are"),
    (([],), "in quotes"),
    ((True,), "in quotes"),
    ((7,), "in quotes"),
    ((lambda sizes: 1,), 'Name the exercise first, and then your function: `{}("00.1"'),
]


@pytest.mark.parametrize("function", [check, hint, solution, statement])
@pytest.mark.parametrize(("arguments", "words"), WRONG_IDS, ids=[row[1] for row in WRONG_IDS])
def test_a_wrong_id_is_answered_with_what_to_write(function, arguments, words):
    note = function(*arguments)
    assert repr(note).startswith("Which exercise?\n")
    assert words.format(function.__name__) in repr(note)
    assert "<strong>Which exercise?</strong>" in note._repr_mimebundle_()["text/html"]
    if function is check:
        assert not note.passed and not note.attempted


def test_get_raises_for_an_unknown_exercise():
    with pytest.raises(ValueError, match=r"no exercise '01\.9'. There are 01\.1, 01\.2"):
        get("01.9")
    with pytest.raises(TypeError, match="in quotes"):
        get(1.2)


@pytest.mark.parametrize("exercise", ALL, ids=_name)
def test_no_text_holds_markup_that_is_shown_raw(exercise):
    texts = [exercise.statement, exercise.title, *exercise.hints]
    texts += [wrong.message for wrong in exercise.wrong_answers]
    if isinstance(exercise.examine, FunctionCheck):
        texts.append(exercise.examine.praise)
    for text in texts:
        assert text.count("`") % 2 == 0, text
        bare = re.sub(r"`[^`]*`|\$[^$]*\$", "", text)  # code and formulae are rendered
        assert not re.search(r"[*_]{1,2}\w[^*_]*\w[*_]|^#|</?\w+>", bare), text


def test_the_example_of_a_statement_is_right_and_no_mistake_gives_its_number():
    assert "`[2, 3, 1]`" in get("00.1").statement and "13\nparameters" in get("00.1").statement
    assert get("00.1").solution([2, 3, 1]) == 13
    assert all(mistake.wrong([2, 3, 1]) != 13 for mistake in get("00.1").examine.mistakes)


def test_solutions_run_as_they_are_shown():
    for exercise in ALL:
        scope = {"np": np}
        exec(solution(exercise.id).text, scope)  # noqa: S102 - our own source
        mine = scope[exercise.solution.__name__]
        assert check(exercise.id, mine() if exercise.value else mine).passed, exercise.id


def test_results_have_words_in_both_forms():
    for answer, sign, word in [
        (get("00.1").solution, "✓", "solved"),
        (lambda sizes: 1, "✗", "not yet"),
        (None, "…", "not attempted"),
    ]:
        bundle = check("00.1", answer)._repr_mimebundle_()
        assert bundle["text/plain"].startswith(f"{sign} 00.1 {word}")
        assert f"{sign} 00.1 {word}" in bundle["text/html"]
    assert bool(check("00.1", get("00.1").solution)) is True
    hostile = check("00.1", lambda sizes: [][sizes[0]] or "<b>")
    assert "<b>" not in hostile._repr_mimebundle_()["text/html"]


# --- progress -----------------------------------------------------------------------------------
def test_progress_survives_a_restart(private_record):
    assert progress().title == f"Solved 0 of {len(ALL)} exercises"
    assert not private_record.exists()
    check("00.1", get("00.1").solution)
    check("00.2", lambda samples, batch_size, epochs: 0)
    assert json.loads(private_record.read_text()) == {"format": 1, "solved": ["00.1"]}
    text = repr(progress())
    assert f"Solved 1 of {len(ALL)}" in text
    assert "- 00.1 How many numbers does training change? ✓ solved" in text
    assert "- 00.2 How often do the weights change? … open" in text
    assert "- 00.4 Read a run: … open" in text
    assert [file.name for file in private_record.parent.iterdir()] == ["progress.json"]


def test_two_notebooks_add_to_the_same_record(private_record):
    check("00.1", get("00.1").solution)
    private_record.write_text(json.dumps({"format": 1, "solved": ["00.1", "01.1"]}))
    check("00.2", get("00.2").solution)
    assert record.solved() == {"00.1", "00.2", "01.1"}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"solved": 3}', '{"solved": [[1], 2]}', "\0"])
def test_a_broken_record_counts_as_empty_and_is_replaced(private_record, content):
    private_record.parent.mkdir()
    private_record.write_text(content)
    assert "Solved 0" in progress().title
    assert check("00.1", get("00.1").solution).passed
    assert record.solved() == {"00.1"}


@pytest.mark.parametrize("content", ["{", "[]", '{"solved": 3}', '{"solved": ["00.2", "00.3"'])
def test_a_broken_record_is_kept_beside_the_new_one(private_record, content):
    private_record.parent.mkdir()
    private_record.write_text(content)
    assert record.add("00.1") == ""
    assert private_record.with_name("progress.json.broken").read_text() == content
    assert record.solved() == {"00.1"}


def test_a_record_saved_by_an_editor_with_a_byte_order_mark_is_read(private_record):
    private_record.parent.mkdir()
    private_record.write_text('{"format": 1, "solved": ["00.2"]}', encoding="utf-8-sig")
    assert record.solved() == {"00.2"}
    assert record.add("00.1") == ""
    assert record.solved() == {"00.1", "00.2"}


def test_a_record_that_cannot_be_read_is_left_alone(private_record, monkeypatch):
    record.add("00.1")
    before = private_record.read_bytes()

    def refused(*arguments, **settings):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.read_text", refused)
        assert "could not be saved: Permission denied" in record.add("00.2")
    assert private_record.read_bytes() == before
    assert [file.name for file in private_record.parent.iterdir()] == ["progress.json"]


def test_a_crash_while_writing_leaves_the_old_record(private_record, monkeypatch):
    check("00.1", get("00.1").solution)

    def crash(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", crash)
    result = check("00.2", get("00.2").solution)
    assert result.passed and "could not be saved: No space left on device" in result.message
    assert record.solved() == {"00.1"}
    assert [file.name for file in private_record.parent.iterdir()] == ["progress.json"]


def test_a_record_in_memory_touches_no_file(monkeypatch, private_record):
    monkeypatch.setenv(record.VARIABLE, "memory")
    monkeypatch.setattr(record, "_memory", set())
    assert record.path() is None
    check("00.1", get("00.1").solution)
    assert record.solved() == {"00.1"}
    assert not private_record.parent.exists()


def test_by_default_the_record_lies_in_the_users_own_folder(monkeypatch):
    monkeypatch.delenv(record.VARIABLE)
    assert record.path().name == "progress.json"
    assert "dlkit" in str(record.path().parent)


def test_the_names_are_handed_on():
    with contextlib.suppress(KeyError):
        del vars(dlkit)["check"]
    assert dlkit.check is check and dlkit.hint is hint
    assert dlkit.solution is solution and dlkit.progress is progress
