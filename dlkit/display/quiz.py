"""One-click questions: choose, and read why."""

from dataclasses import dataclass

from dlkit import checks
from dlkit.display.cards import card, escape, paragraphs

_LETTERS = "ABCDEFGHIJ"


@dataclass(frozen=True)
class QuizResult:
    """What was chosen, and what there is to say about it.

    Attributes
    ----------
    index : int
        Which choice, counted from 0.
    choice : str
        Its text.
    correct : bool or None
        Whether it is right; None for a prediction that nothing has been compared with yet.
    explanation : str
        Why.
    """

    index: int
    choice: str
    correct: bool | None
    explanation: str

    def __repr__(self):
        letter = _LETTERS[self.index]
        if self.correct is None:
            return f"Your prediction: {letter}) {self.choice}"
        verdict = "✓ Right" if self.correct else "✗ Not right"
        return f"{verdict}: {letter}) {self.choice}\n{self.explanation}".strip()


class Quiz:
    """A question with a few choices, answered by one click or one key.

    Shown as a cell's last value it is a row of buttons (Tab and Enter work too); without a
    browser use `choose`. After each choice it says whether that was right, and why. In a stored
    notebook, where no buttons live, the question and its choices are printed.

    Parameters
    ----------
    question : str
        The question; LaTeX between dollar signs and code between backticks are allowed.
    choices : sequence of str
        Two to ten answers in plain text, all different.
    answer : int or str
        The right one: its index, counted from 0, or its text.
    explanations : sequence of str
        One for each choice: why it is right, or which idea it mistakes.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit; the message names it.

    Examples
    --------
    >>> quiz = Quiz("2 + 2?", ["3", "4"], 1, ["That is 2 + 1.", "Two and two are four."])
    >>> quiz.choose("A")
    ✗ Not right: A) 3
    That is 2 + 1.
    """

    def __init__(self, question, choices, answer, explanations):
        self.question = as_text("question", question)
        self.choices = as_texts("choices", choices)
        for index, choice in enumerate(self.choices):
            as_text(f"choices[{index}]", choice)
        if not 2 <= len(self.choices) <= len(_LETTERS):
            raise ValueError(
                f"choices must be 2 to {len(_LETTERS)} answers, but got {len(self.choices)}."
            )
        if len(set(self.choices)) < len(self.choices):
            raise ValueError("choices must all differ, but one of them stands there twice.")
        self._answer = self._checked(answer)
        self._explanations = as_texts("explanations", explanations)
        if len(self._explanations) != len(self.choices):
            raise ValueError(
                f"explanations must have one text for each of the {len(self.choices)} choices, "
                f"but got {len(self._explanations)}."
            )
        self._result = None
        self._view = None

    @staticmethod
    def predict(question, choices):
        """Return a `Prediction`: the same question form, answered by what the next cell measures.

        Parameters
        ----------
        question : str
            What is going to happen?
        choices : sequence of str
            What may happen.

        Returns
        -------
        dlkit.display.prediction.Prediction
        """
        from dlkit.display.prediction import Prediction

        return Prediction(question, choices)

    @property
    def lettered_choices(self):
        """The choices as they are shown, for example ``"A) about half"``."""
        return [f"{_LETTERS[index]}) {choice}" for index, choice in enumerate(self.choices)]

    @property
    def result(self):
        """The latest `QuizResult`, or None before the first choice."""
        return self._result

    def choose(self, choice):
        """Answer the question, as a click on the button does.

        Parameters
        ----------
        choice : int or str
            The index counted from 0, the letter, or the text of the choice.

        Returns
        -------
        QuizResult
        """
        index = self._index("choice", choice)
        self._result = QuizResult(
            index, self.choices[index], index == self._answer, self._explanations[index]
        )
        self._refresh()
        return self._result

    def widget(self):
        """Return the buttons as an ipywidgets container, made at the first call."""
        if self._view is None:
            from dlkit.display.quiz_view import QuizView

            self._view = QuizView(self)
            self._refresh()
        return self._view.box

    def feedback(self):
        """Return what there is to say now, as HTML: nothing before the first choice."""
        if self._result is None:
            return ""
        kind = "passed" if self._result.correct else "failed"
        title, _, explanation = repr(self._result).partition("\n")
        return card(title, paragraphs(explanation), kind)

    def mark(self, index):
        """Return the words that stand before a choice: a verdict, or nothing."""
        if self._result is None or self._result.index != index:
            return ""
        return "✓ Right: " if self._result.correct else "✗ Not right: "

    def __repr__(self):
        lines = [self._kind() + ": " + self.question]
        lines += ["  " + choice for choice in self.lettered_choices]
        if self._result is not None:
            lines.append(repr(self._result))
        return "\n".join(lines)

    def _repr_mimebundle_(self, include=None, exclude=None):
        data = {"text/plain": repr(self), "text/html": self._static_html()}
        try:
            view = self.widget()._repr_mimebundle_()
        except ImportError:  # no ipywidgets: the printed form still serves
            return data
        return {**view, **data}

    def _kind(self):
        return "Quiz"

    def _static_html(self):
        # The letters are words of the list: pages number an ordered list 1, 2, 3 as they please.
        items = "".join(f"<li>{escape(choice)}</li>" for choice in self.lettered_choices)
        listing = f'<ul style="list-style:none;margin:0.2em 0;padding:0 0 0 1em">{items}</ul>'
        return card(self._kind(), paragraphs(self.question) + listing, "open") + self.feedback()

    def _checked(self, answer):
        """Return the index of the right answer."""
        if answer is None:
            raise TypeError(
                "answer must be the index or the text of the right choice, but got None. For a "
                "question that a measurement answers, use Quiz.predict(question, choices)."
            )
        return self._index("answer", answer)

    def _index(self, name, choice):
        if isinstance(choice, str):
            if choice in self.choices:
                return self.choices.index(choice)
            letters = _LETTERS[: len(self.choices)]
            if len(choice) == 1 and choice.upper() in letters:
                return letters.index(choice.upper())
            checks.choice(name, choice, self.choices)
        return checks.whole_number(name, choice, minimum=0, maximum=len(self.choices) - 1)

    def _refresh(self):
        if self._view is not None:
            self._view.refresh()


def as_text(name, value):
    """Return a text that is not empty, or say what came instead.

    Parameters
    ----------
    name : str
        The argument's name.
    value : object
        What came.

    Returns
    -------
    str
    """
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a text, but got {checks.describe(value)}.")
    if not value.strip():
        raise ValueError(f"{name} must not be empty.")
    return value


def as_texts(name, values):
    """Return a list of texts, or say what came instead.

    Parameters
    ----------
    name : str
        The argument's name.
    values : object
        What came.

    Returns
    -------
    list of str
    """
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise TypeError(f"{name} must be a list of texts, but got {checks.describe(values)}.")
    values = list(values)
    for index, value in enumerate(values):
        if not isinstance(value, str):
            raise TypeError(
                f"{name}[{index}] must be a text, but got {checks.describe(value)}. "
                "Write numbers between quotes."
            )
    return values
