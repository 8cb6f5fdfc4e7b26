"""Exercise 01.2: weights for XOR, judged by what each neuron computes."""

import numpy as np

from dlkit.exercises.registry import WrongAnswer
from dlkit.exercises.running import Mistaken
from dlkit.exercises.several_arrays import several_arrays

_INPUTS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
# The answers for (0,0), (0,1), (1,0), (1,1) -> the name of the function.
_NAMES = {
    (0, 0, 0, 0): "always 0",
    (1, 1, 1, 1): "always 1",
    (0, 1, 1, 1): "OR",
    (0, 0, 0, 1): "AND",
    (1, 0, 0, 0): "NOR",
    (1, 1, 1, 0): "NAND",
    (1, 0, 0, 1): "XNOR",
    (0, 1, 0, 1): "a copy of the second input",
    (0, 0, 1, 1): "a copy of the first input",
    (1, 0, 1, 0): "the opposite of the second input",
    (1, 1, 0, 0): "the opposite of the first input",
    (0, 0, 1, 0): "first input AND NOT second",
    (0, 1, 0, 0): "second input AND NOT first",
    (1, 0, 1, 1): "first input OR NOT second",
    (1, 1, 0, 1): "second input OR NOT first",
}
_SHAPES = {"w1": (2, 2), "b1": (2,), "w2": (2,), "b2": ()}


def xor_by_hand():
    """Return w1, b1, w2, b2 of a step network that computes XOR: OR, but not AND."""
    w1 = np.array([[1.0, 1.0], [1.0, 1.0]])  # both hidden neurons add up the inputs
    b1 = np.array([-0.5, -1.5])  # the first says 1 from one input on (OR), the second from two
    w2 = np.array([1.0, -2.0])  # OR speaks for, AND against
    b2 = -0.5
    return w1, b1, w2, b2


def examine_xor(answer):
    """Judge four arrays; say which function the network computes if it is not XOR."""
    w1, b1, w2, b2 = several_arrays(answer, _SHAPES)
    z_hidden = _INPUTS @ w1 + b1  # (4, 2)
    hidden = (z_hidden > 0).astype(float)
    z_output = hidden @ w2 + b2  # (4,)
    table = tuple(int(value) for value in z_output > 0)
    if table == (0, 1, 1, 0):
        return "Two lines cut out a strip that no single line can."
    parts = [_NAMES[tuple(int(value) for value in column)] for column in hidden.T > 0]
    seen = f"Your hidden neurons compute {parts[0]} and {parts[1]}, and the output {_NAMES[table]}."
    row = next(i for i in range(4) if table[i] != (0, 1, 1, 0)[i])
    first, second = (int(value) for value in _INPUTS[row])
    seen += f" For input ({first}, {second}) it says {table[row]}, and XOR is {1 - table[row]}."
    if _computes_xor(w1.T, b1, w2, b2):
        raise Mistaken(
            f"{seen}\n\nYour `w1` is turned: its rows belong to the inputs, and its columns to the "
            "hidden neurons. Transposed, these weights compute XOR."
        )
    raise Mistaken(f"{seen}\n\n{_advice(parts, table, z_hidden, z_output)}")


def _computes_xor(w1, b1, w2, b2):
    hidden = (_INPUTS @ w1 + b1 > 0).astype(float)
    return (hidden @ w2 + b2 > 0).tolist() == [False, True, True, False]


def _advice(parts, table, z_hidden, z_output):
    if parts[0] == parts[1]:
        return (
            "Both hidden neurons compute the same, so together they know no more than one. Give "
            "them different biases."
        )
    if any(part.startswith("always") for part in parts):
        return "A hidden neuron that always says the same tells nothing. Change its bias."
    if table == (1, 0, 0, 1):
        return (
            "That is exactly the opposite of XOR: turn the signs of the output's weights and bias."
        )
    if all("copy" in part or "opposite" in part for part in parts):
        return (
            "Hidden neurons that only pass an input on, or turn it round, leave the whole task to the "
            "output, and one neuron cannot do it. Let each hidden neuron look at both inputs."
        )
    if (z_hidden == 0).any() or (z_output == 0).any():
        return (
            "Somewhere z is exactly 0, and a step says 0 there. Move that bias by a half, so that "
            "no point lies on the line."
        )
    if table in ((0, 1, 1, 1), (1, 1, 1, 1)) and "AND" in parts:
        return (
            "The neuron that notices “both” must be able to overrule the other one: make its output "
            "weight more negative."
        )
    if table == (0, 0, 0, 0):
        return "The output never says 1: its bias is too negative, or its weights are too small."
    return (
        "XOR is “at least one, but not both”. Let one hidden neuron answer each half, and let the "
        "output combine them."
    )


_ONES = [[1, 1], [1, 1]]
XOR_WRONG_ANSWERS = (
    WrongAnswer(([[20, 20], [-20, -20]], [-10, 30], [20, 20], -30), "Your `w1` is turned"),
    WrongAnswer(([[1, 0], [0, 1]], [0, 0], [1, 1], -1), "only pass an input on"),
    WrongAnswer((_ONES, [-0.5, -0.5], [1, -2], -0.5), "Both hidden neurons compute the same"),
    WrongAnswer((_ONES, [-0.5, -1.5], [1, -1], 0.5), "overrule"),
    WrongAnswer((_ONES, [-0.5, -1.5], [1, 1], -0.5), "the output OR. For input (1, 1) it says 1"),
    WrongAnswer((_ONES, [-0.5, -1.5], [-1, 2], 0.5), "exactly the opposite of XOR"),
    WrongAnswer((_ONES, [-0.5, -2.5], [1, -2], -0.5), "always says the same"),
    WrongAnswer((_ONES, [0, -1], [0.5, -1], -0.5), "z is exactly 0"),
    WrongAnswer((_ONES, [-0.5, -1.5], [1, -2], -1.5), "The output never says 1"),
    WrongAnswer(([1, 1], [-0.5, -1.5], [1, -2], -0.5), "`w1` must be shape (2, 2)"),
    WrongAnswer((_ONES, [-0.5, -1.5], [1, -2]), "Give four things in this order"),
    WrongAnswer((_ONES, [-0.5, -1.5], ["one", -2], -0.5), "`w2` must hold numbers only"),
)
