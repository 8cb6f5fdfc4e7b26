"""What the overfitting lab says in words: where a run stands, and its diagnosis with evidence."""

from html import escape

from dlkit.display.cards import inline
from dlkit.display.numbers import counted, fixed, percent
from dlkit.training.diagnosis import diagnose


def sentence(run, reference, state):
    """Return what the lab shows, in a few short sentences.

    Parameters
    ----------
    run : Measured
        The present run.
    reference : Measured or None
    state : str
        Where the job is.

    Returns
    -------
    str
    """
    settings = run.settings
    if not run.epochs:
        layers = f"{counted(settings['layers'], 'hidden layer')} of {settings['width']} units"
        return (
            f"Ready: {settings['samples']} training points, "
            f"{layers if settings['layers'] else 'no hidden layer'}, {settings['epochs']} epochs. "
            "Press Start."
        )
    numbers = run.numbers
    words = f"Epoch {run.kept or run.epochs}"
    words += f" (brought back; {run.epochs} were run)" if run.kept else f" of {settings['epochs']}"
    words += f": training loss {fixed(numbers['loss'], 3)}, validation loss "
    words += f"{fixed(numbers['val_loss'], 3)}, gap {fixed(run.gap, 3)}"
    if reference is not None and reference.gap is not None:
        words += (
            f" (reference: validation loss {fixed(reference.numbers['val_loss'], 3)}, gap "
            f"{fixed(reference.gap, 3)})"
        )
    if "accuracy" in numbers:
        words += (
            f"; accuracy {percent(numbers['accuracy'], 1)} in training, "
            f"{percent(numbers['val_accuracy'], 1)} in validation"
        )
    best = run.best
    if best is not None and not run.kept:
        words += f". Lowest validation loss {fixed(best[1], 3)}, in epoch {best[0]}"
    return f"{words}. Paused." if state == "paused" else f"{words}."


def diagnosis_of(run, data):
    """Return the `Diagnosis` of the curves of a run, or None before its first epoch."""
    return diagnose(run.columns, data) if run.epochs else None


def diagnosis_html(found):
    """Return a diagnosis with its evidence as HTML."""
    evidence = " ".join(found.evidence)
    html = f"<p><strong>{escape(found.title)}.</strong> {escape(evidence)}</p>"
    if found.advice:
        listing = "".join(f"<li>{inline(sentence)}</li>" for sentence in found.advice)
        html += f"<details><summary>What to try</summary><ul>{listing}</ul></details>"
    return f'<div class="dlkit-report">{html}</div>'
