"""RecurrentLab: states and gates over time, the gradient through time, and the next character."""

from dlkit.display.controls import button
from dlkit.display.lab import Lab
from dlkit.display.numbers import counted
from dlkit.labs import recurrent_code as code
from dlkit.labs import recurrent_words as words
from dlkit.labs.recurrent_controls import control_groups
from dlkit.labs.recurrent_gradient import CELLS, gradient_through_time
from dlkit.labs.recurrent_picture import (
    LETTERS_SHOWN,
    adding_chart,
    gradient_chart,
    next_chart,
    text_chart,
)
from dlkit.labs.recurrent_readers import (
    adding_examples,
    adding_reader,
    character_reader,
    known_text,
    read_adding,
    read_text,
    step_in_numbers,
)
from dlkit.labs.recurrent_training import ADDING_LENGTH, CHARACTER_UNITS, corpus_lines
from dlkit.labs.recurrent_unrolled import unrolled_chart
from dlkit.labs.recurrent_writer import LONGEST_LINE, next_character, probabilities

SURVIVES = (0.1, 10.0)
"""A gradient survives if it is between these multiples of the last one at every time step."""

_CHALLENGE_LENGTH = 100
_ADDING = ("adding", "unrolled")  # the views of the adding problem
_USED = {
    "adding": {"cell", "example", "step", "unit"},
    "unrolled": {"cell", "example", "step", "unit"},
    "text": {"cell", "step", "unit", "text", "temperature", "seed"},
    "next": {"cell", "text", "temperature", "seed"},
    "gradient": {"length", "recurrent_scale", "gate_bias", "seed"},
}


class RecurrentLab(Lab):
    """Look into recurrent networks: what they keep, what reaches back through time, what they write.

    The networks were trained beforehand (`dlkit.labs.recurrent_training`): six of them, SimpleRNN,
    LSTM and GRU on the adding problem and on the characters of ``data/sentences``. For the gradient
    the layers are fresh.

    Parameters
    ----------
    challenge : str, optional
        What the learner should try.
    **values
        Opening values of the controls: ``view cell example step unit text temperature length
        recurrent_scale gate_bias seed``.

    Examples
    --------
    >>> lab = RecurrentLab(view="gradient", length=100)   # doctest: +SKIP
    >>> lab.controls.gate_bias.value = 2.0                # doctest: +SKIP
    >>> print(lab.summary())                              # doctest: +SKIP
    """

    title = "Recurrent lab"
    question = "What does a recurrent network keep, and how far back can it learn from?"
    challenge = (
        "In the view “gradient through time”, with 100 time steps, let the gradients of LSTM's cell c "
        "and of GRU both come through: at every time step between a tenth and ten times what the "
        "gradient of h was at the end."
    )

    def control_groups(self):
        return control_groups()

    def prepare(self):
        self._follow_view()
        self._follow_text()

    def buttons(self):
        return [
            button(
                "Next character", lambda: self.guard(self.write), name="write", main=True,
                help="Draws the next character by its probability and puts it behind the text.",
            ),
            button(
                "Rest of the line", lambda: self.guard(self.write_line), name="write-line",
                help="Goes on until the network ends the line.",
            ),
            button(
                "Clear text", lambda: self.guard(self.clear), name="clear",
                help="An empty line, to type or to let the network begin.",
            ),
        ]  # fmt: skip

    # What the buttons do; each may be called from a cell just as well

    def write(self):
        """Draw the next character and put it behind the text; say so when the line ends there.

        Returns
        -------
        str
            The character, or "" at the end of the line.
        """
        text, _ = known_text(self.controls.text.value)
        letter = self._draw(text)
        if letter:
            self._set_text(text + letter)
        else:
            self._set_text(text)
            full = len(text) >= LONGEST_LINE
            end = "The line is full." if full else "Here the network ends the line."
            self.say(f"{end} {self._verdict(text)}".strip())
        return letter

    def write_line(self):
        """Let the network write until it ends the line, or the line is 120 characters long.

        Returns
        -------
        str
            The whole line.
        """
        text, _ = known_text(self.controls.text.value)
        while letter := self._draw(text):
            text += letter
        self._set_text(text)
        self.say(self._verdict(text))
        return text

    def clear(self):
        """Begin an empty line."""
        self._set_text("")

    def _draw(self, text):
        controls = self.controls
        if len(text) >= LONGEST_LINE:
            return ""
        temperature, seed = float(controls.temperature.value), controls.seed.value
        return next_character(controls.cell.value, text, temperature, seed).strip("\n")

    def _set_text(self, text):
        with self.quietly():
            self.controls.text.value = text
            if self.controls.view.value not in ("text", "next"):
                self.controls.view.value = "next"
        self._follow_view()
        self.say("")
        self.refresh()

    def _verdict(self, line):
        try:
            known = {line for lines in corpus_lines() for line in lines}
        except FileNotFoundError:
            return ""
        return words.verdict(line, known)

    # What is shown

    def changed(self, name):
        if name == "view":
            self._follow_view()
        self._follow_text()

    def _follow_view(self):
        """Let only those controls be moved that matter in this view."""
        used = _USED[self.controls.view.value]
        for name, control in self.controls.items():
            control.disabled = name != "view" and name not in used

    def _follow_text(self):
        text, unknown = known_text(self.controls.text.value)
        if unknown and self.controls.view.value in ("text", "next"):
            self.say(f"The network has never seen {' '.join(unknown)}: left out.")
        elif self.controls.step.value > ADDING_LENGTH and self.controls.view.value in _ADDING:
            self.say(f"These sequences have {ADDING_LENGTH} steps; the last one is shown.")
        elif self.controls.view.value == "text":
            self._say_which_step(len(text) + 1)
        elif self.controls.unit.value > self._units and self.controls.view.value in _ADDING:
            self.say(f"This network has {self._units} units; unit {self._units} is shown.")

    def _say_which_step(self, time):
        step = self._step(time) + 1
        if step < self.controls.step.value:
            self.say(
                f"With the ⏎ before it the text has {counted(time, 'step')}; the last is shown."
            )
        elif step > self.controls.step.value:
            self.say(f"The picture holds the last {LETTERS_SHOWN} steps; step {step} is shown.")

    @property
    def _units(self):
        return 16 if self.controls.view.value in _ADDING else CHARACTER_UNITS

    def _place(self, reading):
        """Return step and unit, counted from 0, as far as there are so many and they are shown."""
        step = self._step(len(reading.hidden))
        return step, min(self.controls.unit.value, reading.hidden.shape[1]) - 1

    def _step(self, time):
        return min(max(self.controls.step.value, time - LETTERS_SHOWN + 1), time) - 1

    def _reading(self):
        controls = self.controls
        if controls.view.value in _ADDING:
            return read_adding(controls.cell.value, controls.example.value - 1)
        return read_text(controls.cell.value, known_text(controls.text.value)[0])

    def _gradients(self):
        controls = self.controls
        settings = (
            controls.length.value,
            float(controls.recurrent_scale.value),
            float(controls.gate_bias.value),
            controls.seed.value,
        )
        return {cell: gradient_through_time(cell, *settings) for cell in CELLS}

    def met(self):
        """Whether the gradients of LSTM's cell and of GRU survive a hundred time steps or more."""
        controls = self.controls
        if controls.view.value != "gradient" or controls.length.value < _CHALLENGE_LENGTH:
            return False
        found = self._gradients()
        ways = [found[cell].way for cell in ("lstm", "gru")]
        return all(SURVIVES[0] <= way.min() and way.max() <= SURVIVES[1] for way in ways)

    def chart(self):
        """Return the picture of the present view, with its sentence."""
        controls = self.controls
        if controls.view.value == "gradient":
            found, length = self._gradients(), controls.length.value
            scale, bias = float(controls.recurrent_scale.value), float(controls.gate_bias.value)
            summary = words.gradient_sentence(found, length, scale, bias)
            return gradient_chart(found, length, SURVIVES, summary)
        reading, text = self._reading(), known_text(controls.text.value)[0]
        step, unit = self._place(reading)
        if controls.view.value == "adding":
            example = controls.example.value - 1
            y = float(adding_examples()[1][example])
            summary = words.adding_sentence(reading, y, example, step, unit)
            return adding_chart(reading, y, step, unit, summary)
        if controls.view.value == "unrolled":
            weights = adding_reader(reading.cell).layers[0].parameters
            count = sum(values.size for values in weights.values())
            summary = words.unrolled_sentence(reading, count, step, unit)
            return unrolled_chart(reading, count, step, unit, summary)
        if controls.view.value == "text":
            summary = words.text_sentence(reading, text, step, unit)
            return text_chart(reading, text, step, unit, summary)
        temperature = float(controls.temperature.value)
        shares = probabilities(reading.outputs[-1], temperature)
        summary = words.next_sentence(reading.cell, text, shares, temperature)
        return next_chart(reading, text, shares, summary)

    def details(self):
        """Return one time step of one unit with all its numbers, or how far the gradients reach."""
        view, cell = self.controls.view.value, self.controls.cell.value
        if view == "gradient":
            return words.ways_paragraph(self._gradients())
        if view == "next":
            return ""
        reading = self._reading()
        step, unit = self._place(reading)
        network = adding_reader(cell) if view in _ADDING else character_reader(cell)
        numbers = step_in_numbers(network, reading, step, unit)
        return words.step_table(cell, numbers, step, unit)

    def dlkit_code(self):
        """Return the present view as a program in dlkit."""
        return self._programs()[0]

    def keras_code(self):
        """Return the present view as a program in Keras."""
        return self._programs()[1]

    def _programs(self):
        controls = self.controls
        cell, view = controls.cell.value, controls.view.value
        if view == "gradient":
            scale, bias = float(controls.recurrent_scale.value), float(controls.gate_bias.value)
            return code.gradient_code(controls.length.value, scale, bias, controls.seed.value)
        reading = self._reading()
        step, unit = self._place(reading)
        if view in _ADDING:
            return code.adding_code(cell, controls.example.value - 1, step, unit)
        text, temperature = known_text(controls.text.value)[0], float(controls.temperature.value)
        return code.text_code(cell, text, step, unit, temperature)
