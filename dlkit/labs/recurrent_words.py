"""The words of RecurrentLab: its sentences, and one time step of one unit with all its numbers."""

from html import escape

import numpy as np

from dlkit.display.numbers import counted, fixed, percent, short
from dlkit.labs.recurrent_gradient import NAMES
from dlkit.labs.recurrent_readers import shown
from dlkit.labs.recurrent_training import ALPHABET
from dlkit.labs.recurrent_writer import obeys_grammar

_SYMBOLS = {
    "input": "i",
    "forget": "f",
    "candidate": "g",
    "output": "o",
    "update": "z",
    "reset": "r",
}


def adding_sentence(reading, y, example, step, unit):
    """Return what the picture of the adding problem shows."""
    places = np.flatnonzero(reading.x[:, 1])
    marked = " and ".join(
        f"{fixed(float(reading.x[place, 0]))} at step {place + 1}" for place in places
    )
    answer = float(reading.outputs[-1, 0])
    return (
        f"{NAMES[reading.cell]} has read sequence {example + 1}: marked are {marked}, which add to "
        f"{fixed(y)}. It answers {fixed(answer)}, off by {fixed(abs(answer - y))}. "
        f"{_unit_words(reading, step, unit)}"
    )


def text_sentence(reading, text, step, unit):
    """Return what the picture of a text with gates shows."""
    letter = shown(("\n" + text)[step])
    return (
        f"{NAMES[reading.cell]} has read {_quoted(text)}. Step {step + 1} is “{letter}”. "
        f"{_unit_words(reading, step, unit)}"
    )


def unrolled_sentence(reading, parameters, step, unit):
    """Return what the picture of the unrolled network shows."""
    number, marked = reading.x[step]
    return (
        f"{NAMES[reading.cell]} unrolled over {counted(len(reading.hidden), 'time step')}: each "
        f"applies the same W, U and b, {parameters:,} numbers in all. Step {step + 1} takes x = "
        f"{fixed(float(number))} ({'' if marked else 'not '}marked) and the state of step {step}. "
        f"{_unit_words(reading, step, unit)}"
    )


def _unit_words(reading, step, unit):
    now, before = f"At step {step + 1}", f"state h {fixed(float(reading.hidden[step, unit]))}"
    gates = [
        f"{name} {'gate ' if name != 'candidate' else ''}{fixed(float(values[step, unit]))}"
        for name, values in reading.gates.items()
    ]
    if reading.memory is not None:
        gates.append(f"cell c {fixed(float(reading.memory[step, unit]))}")
    return f"{now}, unit {unit + 1} has {', '.join([*gates, before])}."


def next_sentence(cell, text, shares, temperature):
    """Return what the picture of the next character shows."""
    order = np.argsort(shares)[::-1][:3]
    likeliest = ", ".join(f"“{shown(ALPHABET[i])}” {percent(shares[i], 1)}" for i in order)
    place = f"After {_quoted(text)}" if text else "At the beginning of a line"
    return f"{place} {NAMES[cell]} expects, at temperature {fixed(temperature)}: {likeliest}."


def gradient_sentence(found, length, recurrent_scale, gate_bias):
    """Return what the picture of the gradient shows."""
    parts = [f"{NAMES[cell]} × {short(one.survival, 2)}" for cell, one in found.items()]
    return (
        f"{counted(length, 'time step')} back, with U times {fixed(recurrent_scale)} and the keeping gate's "
        f"bias at {fixed(gate_bias, 1)}, the gradient of the last state is left with: "
        f"{', '.join(parts)}. LSTM's cell has × {short(float(_cell_share(found)), 2)}."
    )


def ways_paragraph(found):
    """Return between which numbers each gradient stays on its way, as HTML."""
    parts = [
        f"{NAMES[cell]} ({'∂L/∂h' if one.cell is None else '∂L/∂c'}) from × "
        f"{short(float(one.way.min()), 2)} to × {short(float(one.way.max()), 2)}"
        for cell, one in found.items()
    ]
    return f"<p>Smallest and largest over all time steps: {', '.join(parts)}.</p>"


def _cell_share(found):
    lstm = found["lstm"]
    return lstm.cell[0] / lstm.hidden[-1]


def _quoted(text):
    text = text if len(text) <= 40 else "… " + text[-40:]
    return f"“{text}”" if text else "nothing yet"


def verdict(line, known):
    """Return what the grammar says to a line that was written, or "" where nobody can say.

    Parameters
    ----------
    line : str
    known : collection of str
        The lines of the corpus.

    Returns
    -------
    str
    """
    obeys = obeys_grammar()
    if obeys is None:
        return ""
    if not obeys(line):
        return "The line breaks the grammar of the corpus. Find out where!"
    also = "stands in it" if line in known else "is a new one: it does not stand in it"
    return f"The line obeys the grammar of the corpus, and {also}."


def step_table(cell, numbers, step, unit):
    """Return the computation of one unit at one time step as HTML.

    Parameters
    ----------
    cell : str
    numbers : dict
        From `step_in_numbers`.
    step, unit : int
        Counted from 0.

    Returns
    -------
    str
    """
    rows = {"simple_rnn": _simple_rows, "lstm": _lstm_rows, "gru": _gru_rows}[cell](numbers)
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td style="text-align:left">{escape(formula)}</td>'
        f'<td style="text-align:left">{escape(written)}</td></tr>'
        for name, formula, written in rows
    )
    return (
        f"<table><caption>{NAMES[cell]}, unit {unit + 1}, time step {step + 1}, in numbers"
        '</caption><thead><tr><th scope="col"></th><th scope="col">formula</th>'
        f'<th scope="col">numbers</th></tr></thead><tbody>{body}</tbody></table>'
    )


def _n(value):
    return fixed(value, 3)


def _plus(*values):
    """Write a sum: 0.5 − 0.2 + 1.0."""
    text = _n(values[0])
    for value in values[1:]:
        written = _n(value)
        text += f" − {written[1:]}" if written.startswith("−") else f" + {written}"
    return text


def _gate_rows(numbers, names):
    """Return the rows of the sigmoid gates, and their values."""
    rows, values = [], {}
    for name in names:
        parts = [numbers[f"{name} {part}"] for part in ("x W", "h U", "b")]
        parts[-1] += numbers[f"{name} b recurrent"]
        values[name] = float(1 / (1 + np.exp(-sum(parts))))
        symbol = _SYMBOLS[name]
        rows.append(
            (
                f"{name} gate {symbol}",
                f"σ(x W + h U + b), the columns of {symbol}",
                f"σ({_plus(*parts)}) = {_n(values[name])}",
            )
        )
    return rows, values


def _simple_rows(numbers):
    parts = [numbers[f" {part}"] for part in ("x W", "h U", "b")]
    return [
        ("state before", "h", _n(numbers["h before"])),
        ("new state", "h = tanh(x W + h U + b)", f"tanh({_plus(*parts)}) = {_n(numbers['h'])}"),
        ("slope", "1 − h²", _n(1 - numbers["h"] ** 2)),
    ]


def _lstm_rows(numbers):
    rows, gates = _gate_rows(numbers, ("input", "forget", "output"))
    parts = [numbers[f"candidate {part}"] for part in ("x W", "h U", "b")]
    candidate = float(np.tanh(sum(parts)))
    i, f, o = gates["input"], gates["forget"], gates["output"]
    c_before, c, h = numbers["c before"], numbers["c"], numbers["h"]
    return [
        *rows[:2],
        ("candidate g", "tanh(x W + h U + b), the columns of g",
         f"tanh({_plus(*parts)}) = {_n(candidate)}"),
        ("cell c", "c = f · c before + i · g",
         f"{_n(f)} · {_n(c_before)} + {_n(i)} · {_n(candidate)} = {_n(c)}".replace("+ −", "− ")),
        rows[2],
        ("state h", "h = o · tanh(c)", f"{_n(o)} · tanh({_n(c)}) = {_n(h)}"),
    ]  # fmt: skip


def _gru_rows(numbers):
    rows, gates = _gate_rows(numbers, ("update", "reset"))
    z, r = gates["update"], gates["reset"]
    through = numbers["candidate h U"] + numbers["candidate b recurrent"]
    of_x = numbers["candidate x W"] + numbers["candidate b"]
    candidate = float(np.tanh(of_x + r * through))
    before, h = numbers["h before"], numbers["h"]
    return [
        *rows,
        ("candidate g", "tanh(x W + b + r · (h U + b')), the columns of g",
         f"tanh({_n(of_x)} + {_n(r)} · {_n(through)}) = {_n(candidate)}"),
        ("state h", "h = z · h before + (1 − z) · g",
         f"{_n(z)} · {_n(before)} + {_n(1 - z)} · {_n(candidate)} = {_n(h)}".replace("+ −", "− ")),
    ]  # fmt: skip
