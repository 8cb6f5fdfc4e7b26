"""What the exercise functions return: words first, and a card in a notebook."""

from dataclasses import dataclass

from dlkit.display.cards import card, paragraphs


@dataclass(frozen=True)
class Note:
    """A titled text: a statement, a hint, or your progress.

    Attributes
    ----------
    title : str
        The first line.
    text : str
        What follows it.
    """

    title: str
    text: str

    def __repr__(self):
        return f"{self.title}\n{self.text}".strip()

    def _repr_mimebundle_(self, include=None, exclude=None):
        body = paragraphs(self.text)
        return {"text/plain": repr(self), "text/html": card(self.title, body, "open")}


@dataclass(frozen=True)
class CheckResult:
    """The verdict on one answer.

    Attributes
    ----------
    exercise : str
        The exercise, for example ``"01.2"``; empty if none was named.
    passed : bool
        Whether it is solved.
    attempted : bool
        False while the starter is untouched; nothing is wrong then.
    message : str
        What is right, what is likely wrong, or what to do first.
    """

    exercise: str
    passed: bool
    attempted: bool
    message: str

    @property
    def title(self):
        """The verdict in a few words."""
        if not self.exercise:
            return "Which exercise?"
        if self.passed:
            return f"✓ {self.exercise} solved"
        if self.attempted:
            return f"✗ {self.exercise} not yet"
        return f"… {self.exercise} not attempted yet"

    def __bool__(self):
        return self.passed

    def __repr__(self):
        return f"{self.title}\n{self.message}"

    def _repr_mimebundle_(self, include=None, exclude=None):
        kind = "passed" if self.passed else "failed" if self.attempted else "open"
        html = card(self.title, f'<div role="status">{paragraphs(self.message)}</div>', kind)
        return {"text/plain": repr(self), "text/html": html}
