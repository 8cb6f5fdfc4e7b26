"""The buttons of a quiz."""

import ipywidgets

from dlkit.display.accessibility import Accessibility
from dlkit.display.cards import paragraphs

# Long answers wrap instead of being cut off; the focus ring stays visible in every theme.
_STYLE = """<style>
.dlkit-quiz .dlkit-quiz-choice {
  white-space: normal; height: auto; min-height: 2.4em; line-height: 1.35;
  text-align: left; padding: 0.35em 0.8em; width: auto; overflow: visible;
  color: var(--jp-ui-font-color1, inherit);
  background: var(--jp-layout-color2, rgba(128, 128, 128, 0.12));
}
.dlkit-quiz .dlkit-quiz-choice:focus-visible { outline: 3px solid #56B4E9; outline-offset: 1px; }
</style>"""


class QuizView:
    """The widgets that show one quiz: the question, a button for each choice, the feedback.

    Parameters
    ----------
    quiz : dlkit.display.quiz.Quiz
        What to ask. The view calls ``quiz.choose`` and reads ``quiz.feedback()``.

    Attributes
    ----------
    box : ipywidgets.VBox
        The container to display.
    buttons : list of ipywidgets.Button
        In the order of the choices.
    """

    def __init__(self, quiz):
        self._quiz = quiz
        question = ipywidgets.HTMLMath(
            _STYLE
            + f'<div style="font-weight:bold;line-height:1.4">{paragraphs(quiz.question)}</div>'
        )
        self.buttons = [self._button(index) for index in range(len(quiz.choices))]
        self._feedback = ipywidgets.HTMLMath()
        self.box = ipywidgets.VBox([question, *self.buttons, self._feedback, Accessibility()])
        self.box.layout.max_width = "60em"
        self.box.add_class("dlkit-quiz")
        self.refresh()

    def refresh(self):
        """Bring the buttons' words and the feedback up to date."""
        choices = self._quiz.lettered_choices
        for index, (button, choice) in enumerate(zip(self.buttons, choices, strict=True)):
            button.description = self._quiz.mark(index) + choice
        feedback = self._quiz.feedback()
        # An alert that is inserted is read out by screen readers; an empty one would be noise.
        self._feedback.value = f'<div role="alert">{feedback}</div>' if feedback else ""

    def _button(self, index):
        button = ipywidgets.Button(layout=ipywidgets.Layout(width="auto", height="auto"))
        button.add_class("dlkit-quiz-choice")
        button.on_click(lambda _: self._quiz.choose(index))
        return button
