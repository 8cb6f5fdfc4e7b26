"""Exercises of lesson 10: unroll, count, reach back, cut windows, clip, and an LSTM by hand."""

from dlkit.exercises.checks_10 import (
    CLIP,
    COUNT,
    REACH,
    READ,
    WINDOWS,
    clip_together,
    count_parameters,
    reach,
    read_sequences,
    windows_and_targets,
)
from dlkit.exercises.lstm_by_hand import ADDER_WRONG_ANSWERS, adder, examine_adder
from dlkit.exercises.registry import Exercise

EXERCISES = (
    Exercise(
        id="10.1",
        title="Unroll it",
        level="fill in",
        statement=r"""
A SimpleRNN computes $h_t = \tanh(x_t W + h_{t-1} U + b)$ and starts from $h_0 = 0$. Let it read
a whole batch, and return the state after each and every time step.

`x` has shape (batch, time, features), `w` (features, units), `u` (units, units), `b` (units,).
Return an array of shape (batch, time, units).
""",
        starter="""def my_rnn(x, w, u, b):
    states = []
    h = ...  # before the first step: (batch, units)
    for t in range(x.shape[1]):
        h = ...
        states.append(h)
    return ...


check("10.1", my_rnn)
""",
        hints=(
            "How many rows and columns has h? One row for each sample, one column for each unit.",
            "`x[:, t]` is what all samples show at time step t, of shape (batch, features).",
            "In the loop: `h = np.tanh(x[:, t] @ w + h @ u + b)`; in the end "
            "`np.stack(states, axis=1)`.",
        ),
        solution=read_sequences,
        examine=READ,
        wrong_answers=READ.wrong_answers(),
    ),
    Exercise(
        id="10.2",
        title="What does a gate cost?",
        level="build",
        statement="""
Write a function that takes the number of features and of units and returns how many numbers a
SimpleRNN, an LSTM and a GRU learn, in this order, each with biases and as Keras builds them.

Keras's GRU keeps two biases for each of its sums: one for x W, one for h U.
""",
        starter="""def my_count(features, units):
    simple_rnn = ...
    lstm = ...
    gru = ...
    return simple_rnn, lstm, gru


check("10.2", my_count)
""",
        hints=(
            "Count the SimpleRNN first: what are the shapes of W, of U and of b?",
            "An LSTM is four such sums side by side (i, f, g, o), a GRU three (z, r, g).",
            "One sum has features·units + units·units + units numbers; in the GRU the bias counts "
            "twice.",
        ),
        solution=count_parameters,
        examine=COUNT,
        wrong_answers=COUNT.wrong_answers(),
    ),
    Exercise(
        id="10.3",
        title="How far does it reach?",
        level="build",
        statement=r"""
A SimpleRNN with a single unit: $h_t = \tanh(w x_t + u h_{t-1} + b)$, with numbers $w, u, b$ and
$h_0 = 0$. If somebody nudges $h_0$ a little, how much does the last state move?

Write a function that returns $\partial h_T / \partial h_0$. `x` has shape (time,).
""",
        starter="""def my_reach(x, w, u, b):
    ...


check("10.3", my_reach)
""",
        hints=(
            "Take one step first: how does $h_1$ move when $h_0$ moves?",
            "Chain rule: $\\partial h_t / \\partial h_{t-1} = u\\,(1 - h_t^2)$, and the steps "
            "multiply.",
            "Keep `h = 0.0` and `slope = 1.0`; in the loop compute the new h, then "
            "`slope *= u * (1 - h**2)`.",
        ),
        solution=reach,
        examine=REACH,
        wrong_answers=REACH.wrong_answers(),
    ),
    Exercise(
        id="10.4",
        title="Windows and their targets",
        level="build",
        statement="""
Cut a series into windows to learn from. Each window holds `width` values in a row; its target is
the value `ahead` time steps after the window's last value (`ahead=1`: the very next one). A new
window begins at every time step, and every window has a target.

Return `x` of shape (windows, width) and `y` of shape (windows,).
""",
        starter="""def my_windows(series, width, ahead):
    x = ...
    y = ...
    return x, y


check("10.4", my_windows)
""",
        hints=(
            "Write down by hand the windows of 0, 1, 2, 3, 4, 5 with width 3 and ahead 2.",
            "The window from `start` ends at `start + width - 1`; its target stands at "
            "`start + width - 1 + ahead`, which must be below `len(series)`.",
            "There are `len(series) - width - ahead + 1` windows; two list comprehensions over "
            "`start` do it.",
        ),
        solution=windows_and_targets,
        examine=WINDOWS,
        wrong_answers=WINDOWS.wrong_answers(),
    ),
    Exercise(
        id="10.5",
        title="Clip by the norm of all",
        level="build",
        statement=r"""
Keras's `global_clipnorm` takes the norm over all gradients together, the root of the sum of all
squares. If it is above the limit, every gradient is multiplied by limit / norm; if not, nothing
happens.

Write it for two arrays, and return both.
""",
        starter="""def my_clip(w_gradient, u_gradient, limit):
    ...


check("10.5", my_clip)
""",
        hints=(
            "Why one factor for both? Think of the direction of the step.",
            "norm = √(Σ w² + Σ u²). When is limit / norm above 1, and what must not happen then?",
            "`factor = min(1.0, limit / norm)`; return both arrays times the factor.",
        ),
        solution=clip_together,
        examine=CLIP,
        wrong_answers=CLIP.wrong_answers(),
    ),
    Exercise(
        id="10.6",
        title="Build the memory yourself",
        level="open",
        statement="""
One LSTM unit can solve the adding problem, and you can set its weights by hand. At each time step
it reads a number from 0 to 1 and its mark, 0 or 1; after 200 steps `scale` times its state h must
be the sum of the two marked numbers, off by less than 0.05.

Give `w` (2 rows: number, mark; 4 columns in Keras's order: input gate, forget gate, candidate,
output gate), `u` (1 row, 4 columns), `b` (4 numbers) and `scale` (one number).
""",
        starter="""w = ...  # 2 rows, 4 columns: i, f, g, o
u = ...  # 1 row, 4 columns
b = ...  # 4 numbers
scale = ...  # one number

check("10.6", (w, u, b, scale))
""",
        hints=(
            "When should the cell take something in? When should it forget?",
            "A gate with bias −10 is shut, with +10 open; a weight of 20 for the mark turns one "
            "into the other. The old state need not be asked: u = 0.",
            "tanh is nearly straight for small numbers: give the candidate a weight of 0.1 for the "
            "number, open the output gate, and take scale = 10.",
        ),
        solution=adder,
        examine=examine_adder,
        wrong_answers=ADDER_WRONG_ANSWERS,
        value=True,
    ),
)
