"""Predict first, then measure: a question whose answer the next cell reveals."""

from dlkit.display.cards import card, folded, paragraphs
from dlkit.display.quiz import Quiz, QuizResult, as_text, as_texts
from dlkit.display.words import Words, display

_NOT_YET = "What turned out (make your prediction above first, then open)"
_STANDS = (
    "This is revealed already, so your first prediction stands. "
    "Run the question's cell again to predict anew."
)


class Prediction(Quiz):
    """A question whose answer nobody tells you: predict, then run the next cell.

    The choice is only kept; `reveal` compares it with what was measured. Made with
    ``Quiz.predict(question, choices)``.

    Parameters
    ----------
    question : str
        What is going to happen?
    choices : sequence of str
        What may happen.
    """

    def __init__(self, question, choices):
        choices = as_texts("choices", choices)
        super().__init__(question, choices, None, [""] * len(choices))
        self._actual = None  # what turned out, in words; None until it is revealed
        self._actual_index = None
        self._because = ""
        self._late = False

    def _checked(self, answer):
        """Return None: nobody knows the answer yet."""
        return None

    def choose(self, choice):
        """Predict; see `Quiz.choose`.

        A prediction may change until it is revealed; after that the first one stands. Who predicts
        only after the reveal (all cells were run at once) gets the verdict at once.

        Parameters
        ----------
        choice : int or str
            The index counted from 0, the letter, or the text of the choice.

        Returns
        -------
        QuizResult
        """
        index = self._index("choice", choice)
        if self._actual is not None and self._result is not None:
            self._late = self._late or index != self._result.index
        else:
            self._result = QuizResult(index, self.choices[index], None, "")
            self._compare()
        self._refresh()
        return self._result

    def reveal(self, actual, because=""):
        """Show what turned out, beside what was predicted.

        Without a prediction (nobody clicked, as in an automatic run) a notebook keeps it folded,
        so that a stored notebook does not give it away; the plain text always says it.

        Parameters
        ----------
        actual : int or str
            Which choice came true: index from 0, letter or text; or, where none of them did, any
            other text that says what was measured.
        because : str
            One sentence: why.
        """
        fits = not isinstance(actual, str) or actual in self.choices or len(actual) == 1
        index = self._index("actual", actual) if fits else None
        outcome = as_text("actual", actual) if index is None else self.choices[index]
        self._actual, self._actual_index, self._because = outcome, index, str(because)
        self._compare()
        reasons = [self._because] if self._because else []
        if self._result is None:
            lines = [f"It turned out: {outcome}", "(You made no prediction this time.)", *reasons]
            html = folded(_NOT_YET, paragraphs("\n\n".join([lines[0], *reasons])))
        else:
            verdict = "✓ as you predicted" if self._result.correct else "✗ not so"
            lines = [
                f"You predicted: {self._result.choice}",
                f"It turned out: {outcome} {verdict}",
                *reasons,
            ]
            html = self._verdict()
        self._refresh()
        display(Words("\n".join(lines), html))

    def feedback(self):
        """Return the prediction, and once revealed what turned out, as HTML."""
        if self._result is None:
            return ""
        if self._actual is None:
            note = paragraphs("Run the next cell to see what turns out.")
            return card(repr(self._result), note, "open")
        return self._verdict(_STANDS if self._late else "")

    def mark(self, index):
        """Return the words that stand before a choice."""
        if self._result is not None and self._result.index == index:
            return "Your prediction: "
        return ""

    def _compare(self):
        """Bring the verdict on the prediction up to date, if there are both to compare."""
        if self._result is not None and self._actual is not None:
            index = self._result.index
            correct = index == self._actual_index
            self._result = QuizResult(index, self.choices[index], correct, self._because)

    def _verdict(self, note=""):
        title = "✓ As you predicted" if self._result.correct else "✗ It turned out otherwise"
        lines = [f"You predicted: {self._result.choice}", f"It turned out: {self._actual}"]
        text = "\n\n".join(line for line in [*lines, self._because, note] if line)
        return card(title, paragraphs(text), "passed" if self._result.correct else "failed")

    def _kind(self):
        return "Predict"
