"""What the overfitting lab says in words: where a run stands, and its diagnosis with evidence."""

from html import escape

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
        return (
            f"Ready: {settings['samples']} training points, {settings['layers']} hidden layers of "
            f"{settings['width']} units, {settings['epochs']} epochs. Press Start."
        )
    numbers = run.numbers
    words = f"Epoch {run.kept or run.epochs}"
    words += f" (brought back; {run.epochs} were run)" if run.kept else f" of {settings['epochs']}"
    words += f": training loss {numbers['loss']:.3f}, validation loss {numbers['val_loss']:.3f}"
    words += f", gap {run.gap:.3f}"
    if reference is not None and reference.gap is not None:
        words += (
            f" (reference: validation loss {reference.numbers['val_loss']:.3f}, gap "
            f"{reference.gap:.3f})"
        )
    if "accuracy" in numbers:
        words += (
            f"; accuracy {100 * numbers['accuracy']:.1f} % in training, "
            f"{100 * numbers['val_accuracy']:.1f} % in validation"
        )
    best = run.best
    if best is not None and not run.kept:
        words += f". Lowest validation loss {best[1]:.3f}, in epoch {best[0]}"
    words = words.replace("-", "−") + "."
    return f"{words} Paused." if state == "paused" else words


def diagnosis_of(run, data):
    """Return the `Diagnosis` of the curves of a run, or None before its first epoch."""
    return diagnose(run.columns, data) if run.epochs else None


def diagnosis_html(found):
    """Return a diagnosis with its evidence as HTML."""
    evidence = " ".join(found.evidence)
    html = f"<p><strong>{escape(found.title)}.</strong> {escape(evidence)}</p>"
    if found.advice:
        listing = "".join(f"<li>{_with_code(sentence)}</li>" for sentence in found.advice)
        html += f"<details><summary>What to try</summary><ul>{listing}</ul></details>"
    return f'<div class="dlkit-report">{html}</div>'


def _with_code(text):
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if at % 2 else part for at, part in enumerate(parts))
