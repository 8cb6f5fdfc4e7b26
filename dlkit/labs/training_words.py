"""What the training lab says in words: where a run is, its report, the table of runs."""

import re
from html import escape

from dlkit.labs.architectures import ARCHITECTURES
from dlkit.report import Report
from dlkit.report.html import report_fragment

_COLUMNS = (
    "run",
    "data",
    "network",
    "engine",
    "optimizer",
    "learning rate",
    "batch size",
    "epochs run",
    "best epoch",
    "validation loss then",
    "diagnosis",
)


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
        return f"Ready for {status.epochs} epochs of {status.batches} batches. Press Start."
    where = f"epoch {status.epoch}, batch {status.batch} of {status.batches}"
    place = f"{where}, where the loss of the batch was {history.batch_losses[-1]:.3g}."
    if not columns:
        return f"{'Paused' if status.state == 'paused' else 'Now'} at {place}"
    words = f"Epoch {len(history)} of {status.epochs}: training loss {columns['loss'][-1]:.3g}"
    if "val_loss" in columns:
        words += f", validation loss {columns['val_loss'][-1]:.3g}"
        if "val_accuracy" in columns:
            words += f", validation accuracy {columns['val_accuracy'][-1]:.1%}"
        words += f"; best epoch so far {history.best_epoch}{_gap(columns)}"
    words = words.replace("%", " %") + "."
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


def runs_table(runs):
    """Return a table of the runs so far as HTML, "" if there are none.

    Parameters
    ----------
    runs : sequence of KeptRun
        Oldest first.

    Returns
    -------
    str
    """
    if not runs:
        return ""
    head = "".join(f'<th scope="col">{name}</th>' for name in _COLUMNS)
    rows = "".join(_row(run) for run in runs)
    return (
        "<details open><summary>Runs so far</summary>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></details>"
    )


def _row(run):
    settings, history = run.settings, run.history
    best = history.best_epoch
    losses = history.history.get("val_loss")
    cells = (
        settings["dataset"],
        ARCHITECTURES[settings["architecture"]].label,
        settings["engine"],
        settings["optimizer"],
        f"{settings['learning_rate']:.2g}",
        settings["batch_size"],
        len(history),
        best or "–",
        f"{losses[best - 1]:.3g}" if losses and best else "–",
        run.diagnosis.replace("_", " "),
    )
    data = "".join(f"<td>{escape(str(cell))}</td>" for cell in cells)
    return f'<tr><th scope="row">{run.number}</th>{data}</tr>'
