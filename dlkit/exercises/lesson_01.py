"""Exercises of lesson 01: what one neuron computes, where its line lies, when it is dead."""

from dlkit.exercises.checks_01 import (
    DEAD,
    LINE,
    NEURON,
    SLOPE,
    dead_units,
    decision_line,
    swish_slope,
    tanh_neuron,
)
from dlkit.exercises.registry import Exercise
from dlkit.exercises.xor import XOR_WRONG_ANSWERS, examine_xor, xor_by_hand

EXERCISES = (
    Exercise(
        id="01.1",
        title="One neuron, a whole batch",
        level="fill in",
        statement=r"""
Write a neuron with a tanh activation, $\tanh(\sum_i w_i x_i + b)$, that answers for a whole batch
at once.

`x` has shape (batch, inputs), `w` has shape (inputs,), `b` is a number. Return one output per
sample, shape (batch,).
""",
        starter="""def my_neuron(x, w, b):
    ...


check("01.1", my_neuron)
""",
        hints=(
            "Compute z for the first sample alone. What changes when there are five samples?",
            "`x @ w` multiplies each row of `x` with `w` and adds up, for all rows at once.",
            "z is `x @ w + b`; the output is `np.tanh(z)`.",
        ),
        solution=tanh_neuron,
        examine=NEURON,
        wrong_answers=NEURON.wrong_answers(),
    ),
    Exercise(
        id="01.2",
        title="XOR by hand",
        level="build",
        statement="""
One neuron cannot compute XOR; two hidden neurons and one output neuron can. Choose their weights
by hand. Every neuron here is a step: it says 1 if z > 0, and 0 otherwise.

    hidden = step(x @ w1 + b1)        output = step(hidden @ w2 + b2)

Give `w1` (2 rows for the inputs, 2 columns for the hidden neurons), `b1` (2 numbers), `w2` (2
numbers) and `b2` (one number), in this order. The output must be 1 for (0, 1) and (1, 0), and 0
for (0, 0) and (1, 1).
""",
        starter="""w1 = ...  # two rows, two columns
b1 = ...  # two numbers
w2 = ...  # two numbers
b2 = ...  # one number

check("01.2", (w1, b1, w2, b2))
""",
        hints=(
            (
                "XOR is “at least one, but not both”. Two hidden neurons can each answer one half of "
                "this."
            ),
            (
                "Let the first hidden neuron compute OR (weights 1 and 1, bias −0.5) and the second "
                "AND (weights 1 and 1, bias −1.5)."
            ),
            (
                "The output must be 1 when OR says 1 and AND says 0: give OR a positive weight, AND a "
                "larger negative one, and a small negative bias."
            ),
        ),
        solution=xor_by_hand,
        examine=examine_xor,
        wrong_answers=XOR_WRONG_ANSWERS,
        value=True,
    ),
    Exercise(
        id="01.3",
        title="The slope of an activation",
        level="build",
        statement=r"""
The activation $f(x) = x \cdot s(2x)$, with the sigmoid $s(u) = 1 / (1 + e^{-u})$, belongs to the
family called Swish (Ramachandran, Zoph and Le 2017). Derive its slope on paper, then write a
function that returns $f'(x)$ for every element of an array.
""",
        starter="""def my_slope(x):
    ...


check("01.3", my_slope)
""",
        hints=(
            "f is a product of x and s(2x). Which rule is that?",
            (
                "(u v)' = u' v + u v'. For s(2x) you need the chain rule too: the slope of s(u) is s "
                "(1 − s), times the inner derivative."
            ),
            (
                "With `s = 1 / (1 + np.exp(-2 * x))` the slope is `s + x * (slope of s(2x))`, and the "
                "slope of s(2x) is `2 * s * (1 - s)`."
            ),
        ),
        solution=swish_slope,
        examine=SLOPE,
        wrong_answers=SLOPE.wrong_answers(),
    ),
    Exercise(
        id="01.4",
        title="Find the dead units",
        level="build",
        statement="""
A ReLU unit is dead on a data set when its output is 0 for every sample. Write a function that
finds the dead units of a layer.

`x` has shape (batch, inputs), `w` has shape (inputs, units), `b` has shape (units,). Return the
numbers of the dead units in rising order, counted from 0.
""",
        starter="""def my_dead_units(x, w, b):
    ...


check("01.4", my_dead_units)
""",
        hints=(
            "First compute z for all samples and all units: an array of shape (batch, units).",
            (
                "`z > 0` tells where a unit is active. You need the columns in which that never "
                "happens."
            ),
            (
                "`(z > 0).any(axis=0)` is True for units that some sample activates; "
                "`np.flatnonzero(~...)` gives the numbers of the others."
            ),
        ),
        solution=dead_units,
        examine=DEAD,
        wrong_answers=DEAD.wrong_answers(),
    ),
    Exercise(
        id="01.5",
        title="Where does the neuron change its mind?",
        level="open",
        statement="""
A neuron with two inputs draws a line through the plane: on one side z is positive, on the other
negative. Write a function that takes `w` (two numbers, the second not 0) and `b`, and returns
the slope and the intercept of that line, with x1 to the right and x2 upwards.
""",
        starter="""def my_line(w, b):
    ...


check("01.5", my_line)
""",
        hints=(
            "What is z on the line?",
            "Write down w[0] x1 + w[1] x2 + b = 0 and solve for x2.",
            "x2 = −(w[0] / w[1]) x1 − b / w[1]. Return the two numbers: `return slope, intercept`.",
        ),
        solution=decision_line,
        examine=LINE,
        wrong_answers=LINE.wrong_answers(),
    ),
)
