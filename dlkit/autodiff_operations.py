"""The operations of `Value`: each with its value, its local derivatives, and both in words."""

import dataclasses
import math
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Operation:
    """One row of the table below.

    Attributes
    ----------
    symbol : str
        As shown in a node.
    compute : callable
        Inputs to value.
    derivatives : callable
        Inputs and value to the derivatives, one per input.
    formula : str
        With {a}, {b} for the inputs.
    derivative_formulas : tuple of str
        The same for the derivatives, {y} for the value.
    """

    symbol: str
    compute: Callable
    derivatives: Callable
    formula: str
    derivative_formulas: tuple

    def value(self, *numbers):
        """Return the value, or say for which numbers there is none."""
        shown = self.formula.format(**_letters([f"{number:g}" for number in numbers]))
        try:
            result = self.compute(*numbers)
        except ZeroDivisionError:
            raise ZeroDivisionError(f"{shown} divides by zero.") from None
        except ValueError:
            raise ValueError(f"{shown} is not defined.") from None
        except OverflowError:
            result = math.inf
        if not math.isfinite(result):
            raise OverflowError(f"{shown} is too large for a computer's number.")
        return result

    def slopes(self, node):
        """Return the local derivatives at the node's numbers, or say where there is none."""
        numbers = [inner.data for inner in node.inputs]
        try:
            return self.derivatives(*numbers, node.data)
        except (ZeroDivisionError, OverflowError):
            shown = self.formula.format(**_letters([f"{number:g}" for number in numbers]))
            raise ZeroDivisionError(f"The derivative of {shown} is infinite.") from None

    def text(self, node, names):
        """Return the node's formula in names and in numbers: ``z = x · w = 2 · (-3) = -6``."""
        in_names = self.formula.format(**_letters([names[inner] for inner in node.inputs]))
        in_numbers = self.formula.format(**_letters([_number(i.data) for i in node.inputs]))
        in_numbers = in_numbers.replace("((", "(").replace("))", ")")
        middle = "" if in_names == in_numbers else f" = {in_numbers}"
        return f"{names[node]} = {in_names}{middle} = {node.data:.4g}"

    def derivative_texts(self, node, names):
        """Return the formulae of the local derivatives, in names, one per input."""
        letters = _letters([names[inner] for inner in node.inputs]) | {"y": names[node]}
        return [formula.format(**letters) for formula in self.derivative_formulas]


def _letters(texts):
    return dict(zip("ab", texts, strict=False))


def _number(number):
    return f"({number:.4g})" if number < 0 else f"{number:.4g}"


def _sigmoid(a):
    e = math.exp(-abs(a))  # never overflows
    return 1 / (1 + e) if a >= 0 else e / (1 + e)


def _power(a, b):
    if a <= 0:
        raise ValueError  # the derivative by the exponent needs log(a)
    return a**b


def power_of(n):
    """Return the operation a ** n for a fixed number n."""

    def power(a):
        if a < 0 and n % 1:
            raise ValueError  # a root of a negative number is not real
        return a**n

    return Operation(
        f"**{n:g}",
        power,
        lambda a, y: (n * a ** (n - 1) if n else 0.0,),
        f"{{a}}**{n:g}",
        (f"{n:g} · {{a}}**{n - 1:g}",),
    )


OPERATIONS = {
    operation.symbol: operation
    for operation in (
        Operation("+", lambda a, b: a + b, lambda a, b, y: (1.0, 1.0), "{a} + {b}", ("1", "1")),
        Operation("-", lambda a, b: a - b, lambda a, b, y: (1.0, -1.0), "{a} - {b}", ("1", "-1")),
        Operation("*", lambda a, b: a * b, lambda a, b, y: (b, a), "{a} · {b}", ("{b}", "{a}")),
        Operation(
            "/",
            lambda a, b: a / b,
            lambda a, b, y: (1 / b, -a / b**2),
            "{a} / {b}",
            ("1 / {b}", "-{a} / {b}²"),
        ),
        Operation(
            "**",
            _power,
            lambda a, b, y: (b * a ** (b - 1), y * math.log(a)),
            "{a}**{b}",
            ("{b} · {a}**({b} - 1)", "{y} · log({a})"),
        ),
        Operation("negative", lambda a: -a, lambda a, y: (-1.0,), "-{a}", ("-1",)),
        Operation("exp", math.exp, lambda a, y: (y,), "exp({a})", ("{y}",)),
        Operation("log", math.log, lambda a, y: (1 / a,), "log({a})", ("1 / {a}",)),
        Operation("tanh", math.tanh, lambda a, y: (1 - y * y,), "tanh({a})", ("1 - {y}²",)),
        Operation(
            "sigmoid", _sigmoid, lambda a, y: (y * (1 - y),), "sigmoid({a})", ("{y} · (1 - {y})",)
        ),
        Operation(
            "relu",
            lambda a: max(a, 0.0),
            lambda a, y: (1.0 if a > 0 else 0.0,),
            "relu({a})",
            ("1 if {a} > 0 else 0",),
        ),
    )
}
