"""Exercise 10.6: an LSTM with one unit that adds marked numbers, its weights chosen by hand."""

import numpy as np

from dlkit.exercises.registry import WrongAnswer
from dlkit.exercises.running import Mistaken
from dlkit.exercises.several_arrays import several_arrays

_SHAPES = {"w": (2, 4), "u": (1, 4), "b": (4,), "scale": ()}
_LENGTH, _SAMPLES, _MARKS, _ENOUGH = 200, 40, 2, 0.05


def adder():
    """Return w (2, 4), u (1, 4), b (4,) of an LSTM with one unit, and the factor behind it."""
    w = np.zeros((2, 4))
    w[1, 0] = 20.0  # the mark opens the input gate ...
    w[0, 2] = 0.1  # ... for the number, kept small so that tanh is nearly a straight line
    u = np.zeros((1, 4))  # the old state need not be asked
    b = np.array([-10.0, 15.0, 0.0, 10.0])  # input shut, forget open, output open
    scale = 10.0  # undoes the 0.1
    return w, u, b, scale


def examine_adder(answer):
    """Judge the weights by what they do with long sequences; name the part that fails."""
    w, u, b, scale = several_arrays(answer, _SHAPES)
    x, y = _sequences()
    h, gates = _run(x, w, u, b)
    off = np.abs(h * scale - y)
    if off.max() < _ENOUGH:
        return (
            f"{_LENGTH} time steps, off by {off.max():.3f} at most: you have built by hand what "
            "training found in section 1, and with a single unit."
        )
    raise Mistaken(
        f"Over {_LENGTH} time steps your LSTM is off by {off.max():.2f} at worst.\n\n"
        f"{_advice(x, y, h, gates, scale)}"
    )


def _sequences():
    generator = np.random.default_rng(10)
    x = np.zeros((_SAMPLES, _LENGTH, 2))
    x[..., 0] = generator.uniform(0, 1, (_SAMPLES, _LENGTH))
    for row in x:
        row[generator.choice(_LENGTH, _MARKS, replace=False), 1] = 1
    return x, (x[..., 0] * x[..., 1]).sum(axis=1)


def _run(x, w, u, b):
    """Return the last h (samples,), and the values of the four blocks (4, samples, time)."""
    h = c = np.zeros((len(x), 1))
    blocks = []
    with np.errstate(over="ignore"):
        for t in range(x.shape[1]):
            z = x[:, t] @ w + h @ u + b
            i, f, o = (1 / (1 + np.exp(-z[:, [k]])) for k in (0, 1, 3))
            g = np.tanh(z[:, [2]])
            c = f * c + i * g
            h = o * np.tanh(c)
            blocks.append([i[:, 0], f[:, 0], g[:, 0], o[:, 0]])
    return h[:, 0], np.array(blocks).transpose(1, 2, 0)


def _advice(x, y, h, gates, scale):
    marked = x[..., 1] == 1
    i, f, g, o = gates
    left = f.mean() ** _LENGTH
    if left < 0.95:
        return (
            f"The forget gate stands at {f.mean():.{2 if f.mean() < 0.99 else 4}f}: after {_LENGTH} "
            f"steps only {left:.2g} of the cell is left. Its bias (the second) must be large."
        )
    if i[marked].mean() < 0.5:
        return (
            f"The input gate stands at {i[marked].mean():.2f} where a number is marked: hardly "
            "anything gets in. The mark must open it."
        )
    if i[~marked].mean() > 0.0005:  # 198 numbers of one half on average: 0.05 too much
        return (
            f"The input gate stands at {i[~marked].mean():.2g} where no number is marked, so the "
            "other 198 get in as well. Shut it with a negative bias, and let the mark open it."
        )
    if np.abs(g).max() < 1e-6:
        return "The candidate g is always 0: it needs a weight for the number."
    if np.abs(g[marked]).max() > 0.4 or np.abs(h / np.maximum(o[:, -1], 1e-9)).max() > 0.4:
        return (
            f"The candidate or the cell gets into the bend of tanh (g up to "
            f"{np.abs(g[marked]).max():.2f}). Make the numbers small on the way in, so that tanh is "
            "nearly straight, and large again with `scale`."
        )
    if np.corrcoef(h, y)[0, 1] > 0.999:
        factor = float((h @ y) / (h @ h))
        return (
            f"All is right but the factor: multiply h by about {factor:.3g}, not by {scale:.3g}. "
            "A gate that is half open counts too."
        )
    return (
        "Follow the cell c: what comes in where a number is marked, and what is left of it at the "
        "end? RecurrentLab shows how a trained LSTM does it (unit 7)."
    )


_W = [[0, 0, 0.1, 0], [20, 0, 0, 0]]
_U = [[0, 0, 0, 0]]
_B = [-10, 15, 0, 10]
ADDER_WRONG_ANSWERS = (
    WrongAnswer((_W, _U, [-10, 0, 0, 10], 10), "The forget gate stands at 0.50"),
    WrongAnswer((_W, _U, [-10, 2, 0, 10], 10), "The forget gate stands at 0.88"),
    WrongAnswer((_W, _U, [-10, 5, 0, 10], 10), "stands at 0.9933: after 200 steps only 0.26"),
    WrongAnswer((_W, _U, [10, 15, 0, 10], 10), "where no number is marked"),
    WrongAnswer(
        ([[0, 0, 0.1, 0], [10, 0, 0, 0]], _U, [-5, 15, 0, 10], 10),
        "stands at 0.0067 where no number is marked",
    ),
    WrongAnswer(([[0, 0, 0.1, 0], [0, 0, 0, 0]], _U, _B, 10), "hardly anything gets in"),
    WrongAnswer(([[20, 0, 0.1, 0], [0, 0, 0, 0]], _U, _B, 10), "hardly anything gets in"),
    WrongAnswer(([[0, 0, 3, 0], [20, 0, 0, 0]], _U, _B, 1), "the bend of tanh"),
    WrongAnswer(([[0, 0, 0, 0], [20, 0, 0, 0]], _U, _B, 10), "The candidate g is always 0"),
    WrongAnswer((_W, _U, _B, 1), "All is right but the factor"),
    WrongAnswer((_W, _U, [-10, 15, 0, 0], 10), "A gate that is half open counts too"),
    WrongAnswer((np.array(_W).T.tolist(), _U, _B, 10), "`w` must be shape (2, 4)"),
    WrongAnswer((_W, _U, _B), "Give four things in this order"),
)
