"""What the overfitting lab says in words: where a run stands, and its diagnosis with evidence."""

from dataclasses import replace
from html import escape

from dlkit.display.numbers import counted, fixed, percent
from dlkit.training.diagnosis import diagnose

_CONTROLS = {
    "Set `early_stopping=True`": "Switch on “early stopping”",
    "`early_stopping=True`": "“early stopping”",
    "`early_stopping`": "“early stopping”",
    "`dropout_rate`": "“dropout”",
    "`weight_decay`": "“L2”",
    "`kernel_regularizer`": "“L1”",
    "`units` per layer": "“units per layer”",
    ' with `activation="relu"`': "",  # they all are
    "`learning_rate`": "“learning rate”",
    "`epochs`": "“epochs”",
}
"""What an advice names -> the control of the lab that does it."""


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
    """Return the `Diagnosis` of the curves of a run, or None before its first epoch.

    Where early stopping has brought weights back, the run is judged up to their epoch.
    """
    if not run.epochs:
        return None
    kept = run.kept or run.epochs
    found = diagnose({name: values[:kept] for name, values in run.columns.items()}, data)
    done = {"early_stopping"} if run.settings.get("early_stopping") else set()
    if run.kept and kept < run.epochs:
        done.add("epochs")
        ended = (
            f"That is up to epoch {kept}, whose weights were brought back: in the "
            f"{counted(run.epochs - kept, 'epoch')} after it the validation loss fell no further."
        )
        found = replace(found, evidence=(*found.evidence, ended))
    return replace(found, advice=tuple(each for each in found.advice if not done & {*each.change}))


def diagnosis_html(found):
    """Return a diagnosis with its evidence as HTML, with the advice that the lab's controls allow."""
    evidence = " ".join(found.evidence)
    html = f"<p><strong>{escape(found.title)}.</strong> {escape(evidence)}</p>"
    advice = [sentence for sentence in map(_in_controls, found.advice) if "`" not in sentence]
    if advice:
        listing = "".join(f"<li>{escape(sentence)}</li>" for sentence in advice)
        html += f"<details><summary>What to try</summary><ul>{listing}</ul></details>"
    return f'<div class="dlkit-report">{html}</div>'


def _in_controls(sentence):
    """Return an advice in the words of the controls; what no control can do keeps its backticks."""
    for argument, control in _CONTROLS.items():
        sentence = sentence.replace(argument, control)
    return sentence
