"""The pictures of RecurrentLab: states and gates over time, the gradient, the next character."""

import numpy as np

from dlkit.display.numbers import counted, fixed, percent, short
from dlkit.labs.recurrent_gradient import NAMES
from dlkit.labs.recurrent_readers import shown
from dlkit.labs.recurrent_training import ALPHABET
from dlkit.plots.chart import Area, Bars, Chart, Heat, Line, Panel, Points, Text

HEIGHT = 500
LETTERS_SHOWN = 60
_INK = "#202020"  # what is drawn on the states: they are light in a dark theme too
LOWEST, HIGHEST = 1e-12, 1e6  # where a gradient leaves the panel
# label, colour and dash of each curve; gates are dashed, states solid
LOOKS = {
    "input": ("input gate i", "orange", "dashed"),
    "forget": ("forget gate f", "green", "dashed"),
    "output": ("output gate o", "purple", "dotted"),
    "update": ("update gate z", "green", "dashed"),
    "reset": ("reset gate r", "orange", "dotted"),
    "candidate": ("candidate g", "grey", "dashdot"),
    "memory": ("cell c", "blue", "solid"),
    "hidden": ("state h", "vermillion", "solid"),
    "slope": ("slope of tanh, 1 − h²", "green", "dashed"),
}
CELL_LOOKS = {
    "simple_rnn": ("vermillion", "solid", "circle"),
    "lstm": ("blue", "dashed", "square"),
    "gru": ("green", "dashdot", "triangle"),
}


def adding_chart(reading, y, step, unit, summary):
    """Return the picture of a network that reads two marked numbers.

    Parameters
    ----------
    reading : Reading
    y : float
        The right answer.
    step, unit : int
        Counted from 0.
    summary : str

    Returns
    -------
    Chart
    """
    time, units = reading.hidden.shape
    answer = float(reading.outputs[-1, 0])
    marks = []
    for place in np.flatnonzero(reading.x[:, 1]):
        value, at_the_end = fixed(float(reading.x[place, 0])), place > time - 6
        words = f"{value} ↓" if at_the_end else f"↓ {value}"
        anchor = "end" if at_the_end else "start"
        marks.append(
            Text(
                place + 1 + (0.4 if at_the_end else -0.4),
                1.1 * units + 0.5,
                words,
                anchor,
                bold=True,
                size=12,
            )
        )
    title = f"{NAMES[reading.cell]} answers {fixed(answer)}, right is {fixed(y)}: h of all units"
    return _states_chart(reading, 0, step, unit, title, "time step", None, marks, summary)


def text_chart(reading, text, step, unit, summary):
    """Return the picture of a network that reads a line of text; arguments as for `adding_chart`."""
    letters = "\n" + text
    first = max(0, len(letters) - LETTERS_SHOWN)
    ticks = [(i + 1, shown(letters[i])) for i in range(first, len(letters))]
    title = f"{NAMES[reading.cell]} reads: h of all units after each character"
    label = "character read (⏎ begins the line)"
    return _states_chart(reading, first, step, unit, title, label, ticks, [], summary)


def _states_chart(reading, first, step, unit, title, x_label, ticks, marks, summary):
    time, units = reading.hidden.shape
    axis = {"x_label": x_label, "x_range": _time_range(first, time, ticks), "x_ticks": ticks}
    head = 1.2 if marks else 1.0
    cross = [
        Line([step + 0.5, step + 0.5, step + 1.5, step + 1.5], [0, units + 0.5, units + 0.5, 0],
             color=_INK, width=1.4),
        Line([first, time + 1], [unit + 0.5] * 2, color=_INK, width=0.8, dash="dotted"),
        Line([first, time + 1], [unit + 1.5] * 2, color=_INK, width=0.8, dash="dotted"),
    ]  # fmt: skip
    heat = Heat(reading.hidden[first:].T, first + 0.5, time + 0.5, 0.5, units + 0.5, low=-1, high=1)
    states = Panel(
        [heat, *cross, *marks],
        title=f"{title} (blue −1, orange +1)",
        y_label="unit",
        y_range=(0.5, head * units + 0.5),
        y_ticks=[(k, str(k)) for k in (1, units // 4, units // 2, 3 * units // 4, units)],
        **axis,
    )
    return Chart((states, _unit_panel(reading, first, step, unit, axis)), summary, 1, height=HEIGHT)


def _unit_panel(reading, first, step, unit, axis):
    curves = {name: values[:, unit] for name, values in reading.gates.items()}
    if reading.memory is not None:
        curves["memory"] = reading.memory[:, unit]
    curves["hidden"] = reading.hidden[:, unit]
    if not reading.gates:
        curves["slope"] = 1 - reading.hidden[:, unit] ** 2
    x = np.arange(first + 1, len(reading.hidden) + 1)
    lines = [
        Line(x, values[first:], *LOOKS[name], width=2.4 if LOOKS[name][2] == "solid" else 1.7)
        for name, values in curves.items()
    ]
    reach = float(np.abs(np.concatenate(list(curves.values()))).max())
    reach = next((r for r in (1.1, 2.2, 4.4, 8.8) if r >= reach), 20.0)
    now = Line([step + 1, step + 1], [-reach, reach], color="text", width=1.0)
    dots = [
        Points([step + 1], [values[step]], color=LOOKS[name][1], size=7)
        for name, values in curves.items()
    ]
    return Panel(
        [Line([first, 1000], [0, 0], color="text", width=0.8, opacity=0.6), now, *lines, *dots],
        title=f"Unit {unit + 1} {_doing(reading, step, unit)}",
        y_label="value",
        y_range=(-reach, reach),
        **axis,
    )


def _doing(reading, step, unit):
    """Return in a few words what a unit does at a step."""
    gates = {name: float(values[step, unit]) for name, values in reading.gates.items()}
    if "forget" in gates:
        return (
            f"at step {step + 1}: keeps {percent(gates['forget'])} of c, takes in "
            f"{percent(gates['input'])} of g, shows {percent(gates['output'])} of tanh(c)"
        )
    if "update" in gates:
        keeps = gates["update"]
        return (
            f"at step {step + 1}: keeps {percent(keeps)} of h and takes {percent(1 - keeps)} "
            "from the candidate"
        )
    slope = 1 - float(reading.hidden[step, unit]) ** 2
    return f"at step {step + 1}: h is overwritten, the slope for the gradient is {fixed(slope)}"


def next_chart(reading, text, shares, summary):
    """Return the state while a line is read, and the probability of each next character."""
    letters = "\n" + text
    first, time = max(0, len(letters) - LETTERS_SHOWN), len(letters)
    units = reading.hidden.shape[1]
    ticks = [(i + 1, shown(letters[i])) for i in range(first, time)]
    heat = Heat(reading.hidden[first:].T, first + 0.5, time + 0.5, 0.5, units + 0.5, low=-1, high=1)
    states = Panel(
        [heat],
        title=f"{NAMES[reading.cell]}: h of all units after each character (blue −1, orange +1)",
        x_label="character read (⏎ begins the line)",
        y_label="unit",
        x_range=_time_range(first, time, ticks),
        y_range=(0.5, units + 0.5),
        x_ticks=ticks,
    )
    best = int(np.argmax(shares))
    places = np.arange(len(ALPHABET))
    colors = ["orange" if i == best else "blue" for i in places]
    bars = Panel(
        [Bars(places, shares, color=colors)],
        title=f"Next it expects “{shown(ALPHABET[best])}” with {percent(shares[best])}",
        x_label="next character (␣ a space, ⏎ the end of the line)",
        y_label="probability",
        x_range=(-0.6, len(ALPHABET) - 0.4),
        y_range=(0, 1.02),
        x_ticks=[(i, shown(letter)) for i, letter in enumerate(ALPHABET)],
    )
    return Chart((states, bars), summary, 1, height=HEIGHT)


def gradient_chart(found, length, survives, summary):
    """Return ‖∂L/∂h_t‖ over time for the three cells.

    Parameters
    ----------
    found : dict of str to GradientThroughTime
    length : int
        Time steps.
    survives : tuple of (float, float)
        Between these multiples of its length at the end, a gradient has survived.
    summary : str

    Returns
    -------
    Chart
    """
    t = np.arange(length + 1)
    marks = [Area(None, None, *survives, "a tenth to ten times", "grey", 0.2)]
    for cell, one in found.items():
        color, dash, marker = CELL_LOOKS[cell]
        share = np.where(one.hidden > 0, one.hidden / one.hidden[-1], np.nan)
        marks.append(Line(t, share, f"{NAMES[cell]}, ∂L/∂h", color, dash, 2.4))
        few = slice(None, None, max(1, length // 10))
        marks.append(Points(t[few], share[few], color=color, marker=marker, size=7))
        if one.cell is not None:
            cell_share = np.where(one.cell > 0, one.cell / one.hidden[-1], np.nan)
            marks.append(Line(t, cell_share, f"{NAMES[cell]}, ∂L/∂c", "sky", "dotted", 2.2))
    words = ", ".join(f"{NAMES[cell]} × {short(one.survival, 2)}" for cell, one in found.items())
    powers = range(-12, 7, 3)
    panel = Panel(
        marks,
        title=f"{counted(length, 'step')} back the gradient is multiplied by: {words}",
        x_label=f"time step t (the loss looks at step {length} alone)",
        y_label="gradient at t, relative to the end",
        x_range=(0, length),
        y_range=(LOWEST, HIGHEST),
        y_scale="log",
        y_ticks=[(10.0**power, "1" if power == 0 else f"1e{power}") for power in powers],
    )
    return Chart((panel,), summary, height=HEIGHT - 60)


def _time_range(first, time, ticks):
    """A range that changes seldom while a text grows."""
    if ticks is None:
        return (0.5, time + 0.5)
    width = next(w for w in (20, 40, LETTERS_SHOWN) if w >= time - first)
    return (first + 0.5, first + width + 0.5)
