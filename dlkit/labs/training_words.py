"""What the training lab says in words: where a run is, its report, the table of runs."""

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
    if not columns:
        return (
            f"Epoch 1 of {status.epochs}, batch {status.batch} of {status.batches}: "
            f"the loss of the last batch is {history.batch_losses[-1]:.3g}."
        )
    words = f"Epoch {len(history)} of {status.epochs}: training loss {columns['loss'][-1]:.3g}"
    if "val_loss" in columns:
        words += f", validation loss {columns['val_loss'][-1]:.3g}"
        if "val_accuracy" in columns:
            words += f", validation accuracy {columns['val_accuracy'][-1]:.1%}"
        words += f"; best epoch so far {history.best_epoch}{_gap(columns)}"
    ending = f" The run has ended: {history.stop_reason}." if history.stop_reason else ""
    return words.replace("%", " %") + "." + ending


def _gap(columns):
    gaps = [late - early for early, late in zip(columns["loss"], columns["val_loss"], strict=True)]
    growing = 0
    while growing + 1 < len(gaps) and gaps[-1 - growing] > gaps[-2 - growing]:
        growing += 1
    return f", gap growing for {growing} epochs" if growing >= 3 else ""


def report_html(job):
    """Return the report of a job that rests, with its diagnosis, as HTML."""
    fragment = report_fragment(Report(job.model, job.data, job.history))
    return (
        "<details open><summary>Report of this run</summary>"
        f'<div class="dlkit-report">{fragment}</div></details>'
    )


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
        f"{settings['learning_rate']:.3g}",
        settings["batch_size"],
        len(history),
        best or "–",
        f"{losses[best - 1]:.3g}" if losses and best else "–",
        run.diagnosis.replace("_", " "),
    )
    data = "".join(f"<td>{escape(str(cell))}</td>" for cell in cells)
    return f'<tr><th scope="row">{run.number}</th>{data}</tr>'
