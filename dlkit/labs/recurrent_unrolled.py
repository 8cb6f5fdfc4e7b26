"""The unrolled network of RecurrentLab: the same cell, drawn once for each time step."""

from dlkit.display.numbers import counted, fixed
from dlkit.labs.recurrent_gradient import NAMES
from dlkit.plots.chart import Arrow, Box, Chart, Panel, Text

CELLS_SHOWN = 5
_WIDTH, _HEIGHT = 760, 400
_FIRST, _APART = 76, 152  # middle of the first cell, and from one middle to the next
_X, _CELL, _H = 95, 205, 325  # heights of the three rows
_HALF = 46  # of a cell's width
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def unrolled_chart(reading, parameters, step, unit, summary):
    """Return the picture of some cells side by side, around a time step.

    Parameters
    ----------
    reading : Reading
        Of the adding problem: x_t is a number and whether it is marked.
    parameters : int
        How many numbers W, U and b have together.
    step, unit : int
        Counted from 0.
    summary : str

    Returns
    -------
    Chart
    """
    time = len(reading.hidden)
    first = min(max(step - CELLS_SHOWN // 2, 0), time - CELLS_SHOWN)
    marks = []
    for place, t in enumerate(range(first, first + CELLS_SHOWN)):
        marks += _one_step(reading, _FIRST + place * _APART, t, unit, t == step)
    marks += _between(_FIRST + CELLS_SHOWN * _APART, first + CELLS_SHOWN, reading, time)
    marks += [
        Text(_FIRST, _H + 34, f"h of unit {unit + 1}", size=11),
        Text(4, 22, "→ forwards: what is remembered", "start", size=12),
        Text(300, 22, "⇠ backwards: the gradient, through the same weights at every step", "start",
             "vermillion"),
    ]  # fmt: skip
    title = (
        f"{counted(time, 'step')}, one {NAMES[reading.cell]}: the same W, U and b in each, "
        f"{parameters:,} numbers in all"
    )
    panel = Panel(
        marks, title=title, x_range=(0, _WIDTH), y_range=(0, _HEIGHT), axes=False, legend=False
    )
    return Chart(panel, summary, width=_WIDTH, height=_HEIGHT + 28)


def _one_step(reading, x, t, unit, chosen):
    """Return the column of a time step: x_t, the cell, h_t, and what comes from the step before."""
    number, marked = reading.x[t]
    color = "vermillion" if chosen else "blue"
    cell = f"{NAMES[reading.cell]}\nW, U, b"
    border = 3.0 if chosen else 1.5
    return [
        Box(x, _X, 84, 42, f"x{_sub(t)}\n{fixed(number)}{' ↓' * bool(marked)}", "grey"),
        Arrow(x, _X + 21, x, _CELL - 32),
        Text(x + 7, (_X + _CELL) / 2 - 10, "W", "start", size=11, bold=True),
        Box(x, _CELL, 2 * _HALF, 64, cell, color, 12, filled=chosen, border=border),
        Arrow(x, _CELL + 32, x, _H - 21),
        Box(x, _H, 84, 42, f"h{_sub(t)}\n{fixed(reading.hidden[t, unit])}", color),
        *_between(x, t, reading, len(reading.hidden)),
    ]


def _between(x, t, reading, time):
    """Return the arrows between the cell of step t (in the middle of x) and the one before it."""
    if t == time:  # nothing follows the last step
        return []
    left, right = max(x - _APART + _HALF, 2), min(x - _HALF, _WIDTH - 2)
    marks = [
        Arrow(left, _CELL + 22, right, _CELL + 22),
        Arrow(right, _CELL - 22, left, _CELL - 22, "", "vermillion", "dashed"),
    ]
    if reading.memory is not None:
        marks.append(Arrow(left, _CELL, right, _CELL))
    if right - left > 50:  # at the edges of the picture there is no room for names
        marks.append(Text(x - _APART / 2, _CELL + 34, f"h{_sub(t - 1)} U", size=11, bold=True))
        if reading.memory is not None:
            marks.append(Text(x - _APART / 2, _CELL + 9, f"c{_sub(t - 1)}"))
    return marks


def _sub(t):
    """Return the number of a time step as a subscript; steps count from 1, and h₀ is 0."""
    return str(t + 1).translate(_SUBSCRIPTS)
