"""AttentionLab: who looks at whom, in a typed sentence, in a trained model, and while it writes."""

import numpy as np

from dlkit import checks, sampling
from dlkit.datasets import characters
from dlkit.display.controls import button
from dlkit.display.lab import Lab
from dlkit.labs import attention_code, attention_words
from dlkit.labs.attention_controls import GROUPS, OPENING, control_groups
from dlkit.labs.attention_models import CONTEXT, LETTERS, SYMBOLS, look_inside, trained
from dlkit.labs.attention_picture import maps_chart, sentence_chart, visible, writing_chart
from dlkit.labs.attention_sentence import (
    MOST_WORDS,
    largest_difference,
    look,
    tokens_of,
    twins,
    usable_mask,
)

DIFFERENT = 0.1
"""The challenge asks for weights that differ by this much."""


class AttentionLab(Lab):
    """Follow an attention from the scores to the mix of the values, and see where models look.

    The first view computes the attention of a sentence that you type, with random word vectors and
    projections; the others look into three small trained Transformers.

    Parameters
    ----------
    challenge : str, optional
        What the learner should try.
    **values
        Opening values of the controls: ``view sentence query heads head temperature scaled mask
        positions padding seed model letters line place layer model_head prompt
        sampling_temperature top_k draw_seed``.

    Examples
    --------
    >>> lab = AttentionLab(view="write", prompt="the cats")   # doctest: +SKIP
    >>> lab.write_line()                                      # doctest: +SKIP
    >>> print(lab.summary())                                  # doctest: +SKIP
    """

    title = "Attention lab"
    question = "Which word looks at which, why, and what does it take away?"
    challenge = (
        "In a sentence of your own, let a word that comes twice look at the others in two different "
        f"ways (some weight differs by {DIFFERENT} or more), with positions at 0."
    )

    def control_groups(self):
        return control_groups()

    def prepare(self):
        self._decisions = []

    def _arrange(self):
        view = super()._arrange()
        self._follow_view()
        return view

    def buttons(self):
        self._buttons = {
            "step": button(
                "Step", lambda: self.guard(self.step), name="step", main=True,
                help="Draws the next character and writes it down.",
            ),
            "line": button(
                "Write the line", lambda: self.guard(self.write_line), name="line",
                help="Draws one character after the other until the line ends.",
            ),
            "reset": button(
                "Reset", lambda: self.guard(self.reset), name="reset",
                help="Takes back what was written after the beginning.",
            ),
        }  # fmt: skip
        return list(self._buttons.values())

    def changed(self, name):
        if name in ("view", "model"):
            self._follow_view()
        if name == "prompt":
            self._decisions = []
        self._say_what_is_left_out(name)

    def _follow_view(self):
        controls, view = self.controls, self.controls.view.value
        without = ()
        if view == "trained":
            without = ("letters",) if controls.model.value == "language_model" else ("line",)
        self.show_only(GROUPS[view], without=without)
        for made in self._buttons.values():
            made.layout.display = None if view == "write" else "none"

    def _say_what_is_left_out(self, name):
        value = self.controls[name].value
        if name == "sentence":
            if len(value.split()) > MOST_WORDS:
                self.say(f"Only the first {MOST_WORDS} words take part.")
            elif not value.split():
                self.say("Type a word or two.")
        elif name == "letters" and value.lower() != (letters := self._read_letters()):
            self.say(
                f"The model reads {LETTERS} letters from {SYMBOLS[0]} to {SYMBOLS[-1]}: here "
                f"“{letters}”. What is missing is filled up with {SYMBOLS[0]}; all else is left out."
            )
        elif name in ("line", "prompt") and _line(value) != value:
            self.say(
                "The model knows the letters of its sentences, the space and the full stop, all in "
                f"lower case, and {CONTEXT - 1} characters at most; the rest is left out."
            )

    # What the buttons do; each may be called from a cell just as well

    def step(self):
        """Draw the next character of the line and write it down.

        Returns
        -------
        str
            The character; "" if the line is at its end already.
        """
        self.controls.view.value = "write"
        self.say("")
        character = self._draw_next()
        if not character:
            end = "There is no room for more." if self.full else "The line is at its end."
            self.say(f"{end} Press Reset for another one.")
        self.refresh()
        return character

    def write_line(self):
        """Draw characters until the line ends.

        Returns
        -------
        str
            The whole line.
        """
        self.controls.view.value = "write"
        self.say("")
        while self._draw_next():
            pass
        self.refresh()
        return self.text

    def reset(self):
        """Take back what was written after the beginning."""
        self.controls.view.value = "write"
        self._decisions = []
        self.say("")
        self.refresh()

    @property
    def text(self):
        """What stands there in the third view: the beginning, and what was written after it."""
        written = "".join(step["character"] for step in self._decisions)
        return (_line(self.controls.prompt.value) + written).removesuffix(characters.END)

    @property
    def ended(self):
        """Whether the line is at its end, or fills the room that the model has."""
        return self._ends_itself or self.full

    @property
    def full(self):
        """Whether the room ran out before the line came to its end."""
        return len(self.text) >= CONTEXT - 1 and not self._ends_itself

    @property
    def _ends_itself(self):
        return bool(self._decisions) and self._decisions[-1]["character"] == characters.END

    def _draw_next(self):
        if self.ended:
            return ""
        before, after, weights = self._next()
        seed, count = self.controls.draw_seed.value, len(self._decisions)
        u = np.random.default_rng([seed, count]).random()
        drawn = int(sampling.draw(after, u))
        best = int(weights.argmax())
        self._decisions.append(
            {
                "character": characters.alphabet()[drawn],
                "before": float(before[drawn]),
                "after": float(after[drawn]),
                "rank": int((before > before[drawn]).sum()) + 1,
                "looked_at": (characters.END + self.text)[best],
                "steps_back": len(weights) - 1 - best,
            }
        )
        return self._decisions[-1]["character"]

    # State

    def state(self):
        return {**super().state(), "decisions": [dict(step) for step in self._decisions]}

    def restore(self, state):
        steps = state.get("decisions", [])
        if not isinstance(steps, list) or not all(map(_is_step, steps)):
            raise TypeError(
                "The entry decisions of state must be a list of steps, as lab.state() returns it, "
                f"but got {checks.describe(steps)}."
            )
        self._decisions = [dict(step) for step in steps]
        self.refresh()

    def met(self):
        """Whether a word of your own sentence looks in two ways although positions are off."""
        controls = self.controls
        if controls.view.value != "sentence" or controls.positions.value != 0:
            return False
        seen = self._look()
        if tokens_of(controls.sentence.value.lower()) == tokens_of(OPENING):
            return False
        return largest_difference(seen.weights, twins(seen.tokens)) >= DIFFERENT

    # The numbers of each view

    def _settings(self):
        names = ("heads", "temperature", "scaled", "mask", "positions", "padding", "seed")
        return {name: self.controls[name].value for name in names}

    def _look(self):
        return look(self.controls.sentence.value, **self._settings())

    def _chosen(self):
        """Return head and query of the first view, from 0, where they exist."""
        controls = self.controls
        tokens = tokens_of(controls.sentence.value, controls.padding.value)
        head = min(controls.head.value, controls.heads.value) - 1
        return head, min(controls.query.value, len(tokens)) - 1

    def _seen_text(self):
        """Return what the model of the second view sees: a character for each token, and tokens."""
        controls = self.controls
        if controls.model.value == "language_model":
            text = characters.END + _line(controls.line.value)
            return text, characters.encode(text)
        letters = self._read_letters()
        return letters, [SYMBOLS.index(letter) for letter in letters]

    def _read_letters(self):
        return _letters(self.controls.letters.value)[:LETTERS].ljust(LETTERS, SYMBOLS[0])

    def _map(self, weights):
        """Return one (tokens, tokens) of a model's weights, with its layer (from 0) and head."""
        layer = min(self.controls.layer.value, len(weights)) - 1
        head = min(self.controls.model_head.value, len(weights[layer]))
        chosen = weights[layer]
        return chosen.mean(axis=0) if head == 0 else chosen[head - 1], layer, head

    def _maps(self):
        text, tokens = self._seen_text()
        outputs, weights = look_inside(trained(self.controls.model.value), tokens)
        found, layer, head = self._map(weights)
        return text, tokens, outputs, found, layer, head

    def _place(self, text):
        return min(self.controls.place.value, len(text)) - 1

    def _next(self):
        """Return probabilities of the next character before and after, and where one looks."""
        tokens = characters.encode(characters.END + self.text)
        outputs, weights = look_inside(trained("language_model"), tokens)
        before = outputs[-1].astype("float64")
        before /= before.sum()
        controls = self.controls
        after = sampling.candidates(
            before, controls.sampling_temperature.value, controls.top_k.value
        )
        return before, after, self._map(weights)[0][-1]

    # The picture and the words

    def chart(self):
        """Return the picture of the present view, with its sentence."""
        view = self.controls.view.value
        if view == "sentence":
            seen, (head, row) = self._look(), self._chosen()
            words = attention_words.sentence_words(seen, head, row, self.controls.mask.value)
            return sentence_chart(seen, head, row, words)
        if view == "trained":
            text, _, outputs, found, layer, head = self._maps()
            row = self._place(text)
            words = attention_words.maps_words(
                self.controls.model.value, text, outputs, found, layer, head, row
            )
            best = int(found[row].argmax())
            return maps_chart(
                found,
                text,
                row,
                f"Layer {layer + 1}, {f'head {head}' if head else 'all heads'}: "
                + attention_words.finding(self.controls.model.value, found),
                f"Place {row + 1} looks most at place {best + 1}: {found[row, best]:.2f}",
                words,
            )
        before, after, weights = self._next()
        words = attention_words.writing_words(
            self.text, self._decisions, before, after, self.ended, self.full
        )
        best = (characters.END + self.text)[int(weights.argmax())]
        return writing_chart(
            self.text,
            before,
            after,
            characters.alphabet(),
            weights,
            "No room left for" if self.full else "The end" if self.ended else "Next",
            f"To decide, it looks most at “{visible(best)}”",
            words,
        )

    def details(self):
        """Return the chosen row written out, or the steps that were made, as tables."""
        view = self.controls.view.value
        if view == "sentence":
            return attention_words.row_table(self._look(), *self._chosen())
        return attention_words.decisions_table(self._decisions) if view == "write" else ""

    # The code

    def dlkit_code(self):
        return self._programs()[0]

    def keras_code(self):
        return self._programs()[1]

    def _programs(self):
        view = self.controls.view.value
        if view == "sentence":
            tokens = tokens_of(self.controls.sentence.value, self.controls.padding.value)
            settings = self._settings()
            settings["mask"] = usable_mask(tokens, settings["mask"])
            return attention_code.sentence_programs(tokens, settings, *self._chosen())
        if view == "trained":
            text, tokens, _, _, layer, head = self._maps()
            row = self._place(text)
            name = self.controls.model.value
            return attention_code.maps_programs(name, text, tokens, layer, head, row)
        tokens = characters.encode(characters.END + self.text)
        controls = self.controls
        return attention_code.writing_programs(
            self.text, tokens, controls.sampling_temperature.value, controls.top_k.value
        )


def _letters(text):
    return "".join(letter for letter in text.lower() if letter in SYMBOLS)


def _line(text):
    """Return what of a text the language model knows, as far as there is room for it."""
    known = characters.alphabet()[1:]
    return "".join(each for each in text.lower() if each in known)[: CONTEXT - 1]


_FIELDS = {"character": str, "before": float, "after": float, "rank": int, "looked_at": str,
           "steps_back": int}  # fmt: skip


def _is_step(step):
    return isinstance(step, dict) and all(
        isinstance(step.get(name), kind) for name, kind in _FIELDS.items()
    )
