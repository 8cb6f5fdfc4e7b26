"""What a run's curves say about it, on which numbers, and what to try next."""

from dataclasses import asdict, dataclass

from dlkit.training.curves import read_curves
from dlkit.training.diagnosis_rules import RULES

TITLES = {
    "healthy": "Healthy",
    "good_fit_reached_early": "Good fit, reached early",
    "overfitting": "Overfitting",
    "underfitting": "Underfitting",
    "unstable": "Unstable",
    "diverging": "Diverging",
    "exploding_gradients": "Exploding gradients",
    "vanishing_gradients": "Vanishing gradients",
    "dead_relu": "Dead ReLUs",
    "not_learning": "Not learning",
    "learning_rate_too_low": "Learning rate too low",
    "not_enough_evidence": "Not enough evidence",
}
"""Label -> the same in words. Only the first two mean that nothing is wrong."""


@dataclass(frozen=True)
class Diagnosis:
    """What was found in the curves of a run.

    Parameters
    ----------
    label : str
        A key of ``TITLES``.
    evidence : tuple of str
        Sentences with the numbers and epochs (counted from 1) that the label rests on.
    confidence : float
        From 0 (a guess) to 1 (certain): how far the numbers lie beyond the border of the rule. It
        is no probability.
    advice : tuple of Advice
        What to change, the likeliest help first: sentences that name the very argument, each with
        the same as a dictionary, ``change``.
    """

    label: str
    evidence: tuple
    confidence: float
    advice: tuple

    @property
    def title(self):
        """The label in words."""
        return TITLES[self.label]

    @property
    def is_good(self):
        """Whether nothing is wrong with the run."""
        return self.label in ("healthy", "good_fit_reached_early")

    def text(self):
        """Return the whole diagnosis as one readable paragraph."""
        how_sure = (
            "clear" if self.confidence >= 0.8 else "likely" if self.confidence >= 0.6 else "a guess"
        )
        first = f"{self.title} ({how_sure})."
        advice = " ".join(self.advice)
        return " ".join([first, *self.evidence, *([f"What to try: {advice}"] if advice else [])])

    def to_dict(self):
        """Return the fields as a dictionary that JSON can hold."""
        return {
            **asdict(self),
            "title": self.title,
            "evidence": list(self.evidence),
            "advice": list(self.advice),
        }

    def __str__(self):
        return self.text()


def diagnose(history, data=None):
    """Say what the curves of a run show: healthy, overfitting, underfitting, unstable and so on.

    The rules stand in ``diagnosis_rules.RULES`` and are asked in order; the first that finds
    something speaks. They look at ratios only, so multiplying all losses by a constant changes
    nothing.

    Parameters
    ----------
    history : History, Keras History, or mapping of lists
        ``loss`` per epoch, and as far as there are ``val_loss``, ``accuracy``, ``val_accuracy``.
        A run that is still going on may be asked too.
    data : Data, optional
        What it was trained on. It tells what guessing would reach, and so makes the difference
        between "underfitting" and "not learning" sharper.

    Returns
    -------
    Diagnosis

    Raises
    ------
    TypeError, ValueError
        If ``history`` is no history, has no ``loss``, or its lists do not fit each other.

    Examples
    --------
    >>> found = diagnose({"loss": [1.0, 0.6, 0.4, 0.2, 0.1, 0.05, 0.02, 0.01],
    ...                   "val_loss": [1.0, 0.8, 0.7, 0.7, 0.8, 0.9, 1.1, 1.2]})
    >>> found.label
    'overfitting'
    """
    curves = read_curves(history, data)
    for rule in RULES:
        finding = rule(curves)
        if finding is not None:
            label, sureness, evidence, advice = finding
            certain = not curves.finite or label == "not_enough_evidence"
            experience = 1.0 if certain else min(1.0, 0.7 + 0.03 * curves.epochs)
            confidence = round(min(0.98, max(0.0, sureness * experience)), 2)
            return Diagnosis(label, tuple(evidence), confidence, tuple(advice))
    raise AssertionError("the last rule always answers")
