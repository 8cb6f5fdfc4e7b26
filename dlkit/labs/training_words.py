"""What the training lab says in words: where a run is, how it looks, the table of runs."""

import re
from html import escape

from dlkit.display.numbers import counted, percent
from dlkit.labs.training_runs import differences, setting_in_words
from dlkit.report import Report
from dlkit.report.html import report_fragment

_SETTINGS = {
    "dataset": "data",
    "architecture": "network",
    "engine": "engine",
    "optimizer": "optimizer",
    "learning_rate": "learning rate",
    "batch_size": "batch size",
}
_RESULTS = (
    "epochs run",
    "best epoch",
    "validation loss then",
    "validation accuracy then",
    "diagnosis",
)
_SURE = ((0.8, "clear"), (0.6, "likely"), (0.0, "a guess"))


def ready_sentence(settings, samples):
    """Return what the next Start will do.

    Parameters
    ----------
    settings : dict
        Values of the controls.
    samples : int
        How many there are to train on.

    Returns
    -------
    str
    """
    batches = -(-samples // settings["batch_size"])
    return f"Ready for {counted(settings['epochs'], 'epoch')} of {counted(batches, 'batch')}. Press Start."


def progress_sentence(status, history):
    """Return what a run shows now, in one or two sentences.

    Parameters
    ----------
    status : Status
        Where it is.
    history : History
        Its numbers up to now.

    Returns
    -------
    str
    """
    columns = history.history
    if not len(history.batch_losses):
        return f"The run of {counted(status.epochs, 'epoch')} has not done its first batch yet."
    where = f"epoch {status.epoch}, batch {status.batch} of {status.batches}"
    place = f"{where}, where the loss of the batch was {history.batch_losses[-1]:.3g}."
    if not columns:
        return f"{'Paused' if status.state == 'paused' else 'Now'} at {place}"
    words = f"Epoch {len(history)} of {status.epochs}: training loss {columns['loss'][-1]:.3g}"
    if "val_loss" in columns:
        words += f", validation loss {columns['val_loss'][-1]:.3g}"
        if "val_accuracy" in columns:
            words += f", validation accuracy {percent(columns['val_accuracy'][-1], 1)}"
        so_far = "" if history.stop_reason else "so far "
        words += f"; best epoch {so_far}{history.best_epoch}{_gap(columns)}"
    words += "."
    if status.state == "paused":
        return f"Paused at {place} {words}"
    return f"{words} The run has ended: {history.stop_reason}." if history.stop_reason else words


def _gap(columns):
    """Say that validation falls behind, if it does so clearly and for three epochs or more."""
    pairs = zip(columns["loss"], columns["val_loss"], strict=True)
    gaps = [late - early for early, late in pairs]
    growing = 0
    while growing + 1 < len(gaps) and gaps[-1 - growing] > gaps[-2 - growing]:
        growing += 1
    wide = gaps[-1] > 0.3 * columns["val_loss"][-1]
    return f", gap growing for {growing} epochs" if growing >= 3 and wide else ""


def report_html(job):
    """Return the report of a job that rests: the finding first, the tables folded, as HTML."""
    report = Report(job.model, job.data, job.history)
    measures = ", ".join(f"{name} {value}" for name, value in report.measures())
    at = f"epoch {job.status.epoch}, batch {job.status.batch}"
    ended = job.status.state == "finished" and job.config.early_stopping
    weights = f"the best epoch, {job.history.best_epoch}" if ended else at
    return (
        f'<div class="dlkit-report"><p><strong>{escape(report.finding)}.</strong> '
        f"{escape(' '.join(report.diagnosis.evidence))}</p>"
        f"<p>{escape(measures)} (weights of {weights}).</p></div>"
        "<details><summary>Report of this run: all measures</summary>"
        f'<div class="dlkit-report">{_with_code(report_fragment(report))}</div></details>'
    )


def _with_code(html):
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html)


def diagnosis_html(diagnosis, epochs):
    """Return what a run that goes on looks like, with the evidence and the first advice, as HTML.

    Parameters
    ----------
    diagnosis : Diagnosis
    epochs : int
        Whole epochs so far.

    Returns
    -------
    str
    """
    sure = next(words for least, words in _SURE if diagnosis.confidence >= least)
    early = diagnosis.label == "not_enough_evidence"
    title = "Too early to tell" if early else f"{diagnosis.title} ({sure})"
    words = f"{escape(' '.join(diagnosis.evidence))}"
    if diagnosis.advice and not diagnosis.is_good and not early:
        words += f" <em>To try:</em> {_with_code(escape(diagnosis.advice[0]))}"
    return (
        '<div class="dlkit-report dlkit-so-far"><p>'
        f"<strong>Diagnosis after epoch {epochs}: {escape(title)}.</strong> {words}</p></div>"
    )


def met_html(goal, history):
    """Return the celebration of a goal that is met, as HTML."""
    values = history.history[goal.metric]
    at = next(i for i, value in enumerate(values, start=1) if value >= goal.at_least)
    return (
        '<div class="dlkit-met"><strong>✓ Challenge met. Well done!</strong> '
        f"{escape(goal.achievement(values[at - 1], at))} Press <strong>Next goal</strong> for a "
        "harder one.</div>"
    )


def paragraph(title, words):
    """Return a paragraph that begins with its title, as HTML; "" without words."""
    if not words:
        return ""
    return f"<p><strong>{escape(title)}</strong> {escape(words)}</p>"


def saved(files, framework):
    """Say what `TrainingLab.save_script` has written, by names alone.

    Parameters
    ----------
    files : list of Path
        The script first.
    framework : str
        ``"dlkit"`` or ``"keras"``.

    Returns
    -------
    str
    """
    script, *others = [file.name for file in files]
    words = f"Saved as {script}, beside this notebook"
    if others:
        words += f" (it needs {' and '.join(others)})"
    how = "repeats this run to the digit" if framework == "dlkit" else "trains by Keras's own fit"
    return f"{words}. It {how} and compares the losses: python {script}"


def runs_table(runs, settings):
    """Return a table of the runs so far as HTML, "" if there are none.

    Parameters
    ----------
    runs : sequence of KeptRun
        Oldest first.
    settings : dict or None
        Those of the present run: where another run differs, the cell is marked.

    Returns
    -------
    str
    """
    if not runs:
        return ""
    names = ("run", *_SETTINGS.values(), *_RESULTS)
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    rows = "".join(_row(run, settings or run.settings) for run in runs)
    return (
        '<div class="dlkit-scroll"><table><caption>Runs so far (underlined: differs from the run '
        f"shown)</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(run, settings):
    other = differences(run.settings, settings)
    data = ""
    for name in _SETTINGS:
        mark = ' class="right"' if name in other else ""
        data += f"<td{mark}>{escape(setting_in_words(name, run.settings[name]))}</td>"
    results = (
        len(run.history),
        run.history.best_epoch or "–",
        "–" if run.best_loss is None else f"{run.best_loss:.3g}",
        "–" if run.best_accuracy is None else percent(run.best_accuracy, 1),
        run.diagnosis.replace("_", " "),
    )
    data += "".join(f"<td>{escape(str(cell))}</td>" for cell in results)
    return f'<tr><th scope="row">{run.number}</th>{data}</tr>'
