"""Compare what a learner's function returns with an independent reference, and name the mistake.

A catalogue of mistakes drives both sides: the check computes what each of them would give on the
same inputs, and says its name when the learner's result is that one; the tests hand each of them
in as an answer.
"""

import inspect
import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dlkit.exercises import inputs, running
from dlkit.exercises.registry import WrongAnswer
from dlkit.exercises.running import Mistaken


@dataclass(frozen=True)
class Mistake:
    """A mistake that people make, as code that makes it.

    Attributes
    ----------
    message : str
        What to tell the learner: the mistake's name, and the way out.
    wrong : callable
        Takes what the exercise's function takes; returns the wrong value of one result.
    part : int
        Which result, where the function returns several.
    """

    message: str
    wrong: Callable
    part: int = 0


@dataclass(frozen=True)
class FunctionCheck:
    """The check of an exercise that asks for a function.

    Attributes
    ----------
    arguments : tuple of str
        The names of the function's arguments, for messages.
    cases : callable
        ``cases()`` returns the inputs, a list of tuples of arguments, made anew for each check.
    oracle : callable
        The right result for such a tuple, computed in another way than the reference solution.
    mistakes : tuple of Mistake
        In the order in which they are looked for.
    results : tuple of str
        The names of the function's results; several mean that it returns a tuple.
    praise : str
        What to say when it is right.
    tolerance : float
        The largest relative difference that is allowed.
    """

    arguments: tuple[str, ...]
    cases: Callable
    oracle: Callable
    mistakes: tuple[Mistake, ...]
    praise: str
    results: tuple[str, ...] = ("result",)
    tolerance: float = 1e-6

    def __call__(self, answer):
        """Return the praise, or raise `Mistaken` or `NotAttempted`."""
        self._check_signature(answer)
        cases = self.cases()
        given = [self._results_of(running.call(answer, *case)) for case in cases]
        expected = [self._expected(case) for case in cases]
        self._check_order(given, expected)
        for part, name in enumerate(self.results):
            self._judge(
                name,
                [results[part] for results in given],
                [results[part] for results in expected],
                [
                    (mistake.message, [np.asarray(mistake.wrong(*case)) for case in cases])
                    for mistake in self.mistakes
                    if mistake.part == part
                ],
                cases,
            )
        return self.praise

    def wrong_answers(self):
        """Return each mistake as a whole answer, for the catalogue."""
        return tuple(
            WrongAnswer(self._answer_with(mistake), mistake.message) for mistake in self.mistakes
        )

    def _answer_with(self, mistake):
        def answer(*arguments):
            if len(self.results) == 1:
                return mistake.wrong(*arguments)
            parts = list(self.oracle(*arguments))
            parts[mistake.part] = mistake.wrong(*arguments)
            return tuple(parts)

        return answer

    def _expected(self, case):
        right = self.oracle(*case)
        return [np.asarray(part) for part in (right if len(self.results) > 1 else (right,))]

    def _check_signature(self, answer):
        if not callable(answer):
            raise Mistaken(
                "The check needs your function itself: give its name without parentheses and "
                f"arguments. What came is {type(answer).__name__}."
            )
        try:
            inspect.signature(answer).bind(*self.arguments)
        except TypeError:
            listing = ", ".join(self.arguments)
            raise Mistaken(f"Your function must take these arguments: ({listing}).") from None
        except ValueError:  # a built-in without a signature
            return

    def _results_of(self, result):
        """The results as a list of numeric arrays."""
        if len(self.results) == 1:
            parts = [result]
        elif _unpacks_to(result, len(self.results)):
            parts = list(result)
        else:
            listing = ", ".join(self.results)
            raise Mistaken(
                f"Your function must return {len(self.results)} things, `return {listing}`, but "
                f"it returned {_kind(result)}."
            )
        for name, part in zip(self.results, parts, strict=True):
            if part is None or part is Ellipsis:
                raise Mistaken(f"`{name}` is still missing; the rest is there.")
        return [_numeric(name, part) for name, part in zip(self.results, parts, strict=True)]

    def _check_order(self, given, expected):
        """Say so when all results are right but stand in another order."""

        def right(order):
            return all(
                self._agree(mine[at], theirs[part])
                for mine, theirs in zip(given, expected, strict=True)
                for part, at in enumerate(order)
            )

        own, *others = itertools.permutations(range(len(self.results)))
        if not right(own) and any(map(right, others)):
            listing = ", ".join(self.results)
            raise Mistaken(f"These are the right results in another order: `return {listing}`.")

    def _judge(self, name, given, expected, mistakes, cases):
        if all(map(self._agree, given, expected)):
            return
        for message, wrong in mistakes:
            if all(map(self._agree, given, wrong)):
                raise Mistaken(message)
        subject = "The result" if name == "result" else f"`{name}`"
        for mine, right, case in zip(given, expected, cases, strict=True):
            tried = inputs.in_short(self.arguments, case)
            if mine.shape != right.shape:
                wanted = f"have shape {right.shape}" if right.shape else "be a single number"
                raise Mistaken(
                    f"{subject} has shape {mine.shape}, but it must {wanted}, for {tried}."
                )
            if not np.isfinite(mine).all():
                raise Mistaken(f"{subject} holds NaN or infinity, for {tried}.")
        raise Mistaken(self._difference(subject, given, expected, cases))

    def _difference(self, subject, given, expected, cases):
        mine = np.concatenate([np.ravel(values) for values in given]).astype(float)
        right = np.concatenate([np.ravel(values) for values in expected]).astype(float)
        if self._agree(mine, -right):
            return f"{subject} has the wrong sign; everything else is right."
        nonzero = np.abs(right) > 1e-9
        ratios = mine[nonzero] / right[nonzero]
        if ratios.size > 1 and ratios[0] != 0 and np.allclose(mine, ratios[0] * right, rtol=1e-6):
            digits = 4 if abs(ratios[0] - 1) > 1e-3 else 8  # "1 times" would help nobody
            return f"{subject} is {ratios[0]:.{digits}g} times what it should be, everywhere."
        index = next(
            index
            for index, (a, b) in enumerate(zip(given, expected, strict=True))
            if not self._agree(a, b)
        )
        mine, right = given[index], expected[index]
        near = np.isclose(mine, right, rtol=self.tolerance, atol=self.tolerance)
        place = tuple(int(i) for i in np.argwhere(~near)[0])
        where = f"at position {list(place)} " if place else ""
        return (
            f"{subject} is not right yet: {where}it is {mine[place]:.6g}, and it should be "
            f"{right[place]:.6g}, for {inputs.in_short(self.arguments, cases[index])}."
        )

    def _agree(self, first, second):
        # A mistake may be to return NaN; what is right never holds one.
        return first.shape == second.shape and np.allclose(
            first, second, rtol=self.tolerance, atol=self.tolerance, equal_nan=True
        )


def _unpacks_to(result, count):
    """Whether ``a, b = result`` works, for as many names as there are results."""
    if isinstance(result, np.ndarray):
        return result.ndim > 0 and len(result) == count
    return isinstance(result, tuple | list) and len(result) == count


def _numeric(name, part):
    subject = "Your function returned" if name == "result" else f"`{name}` is"
    try:
        values = np.asarray(part)
    except (ValueError, TypeError):
        values = None
    if values is None or values.dtype.kind not in "biuf":
        raise Mistaken(f"{subject} {_kind(part)}, but a number or an array of numbers is needed.")
    return values


def _kind(value):
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)} things"
    return f"something of type {type(value).__name__}"
