"""What a report says of the run itself: epochs, best epoch, losses, parameters, time."""

import numpy as np

from dlkit.report.metrics import count_parameters


def describe_run(curves, history, model):
    """Return the facts of a run as a dictionary; what is unknown is None.

    Parameters
    ----------
    curves : dict of numpy.ndarray
        Name -> one value per epoch.
    history : History or anything with such curves
        May know the best epoch, the configuration, why the run ended and how long it took.
    model : object or None
        Whose parameters are counted.

    Returns
    -------
    dict
        ``seconds`` is the time for training and validation, pauses left out.
    """
    loss, val_loss = curves["loss"], curves.get("val_loss")
    watched = loss if val_loss is None else val_loss
    finite = np.isfinite(watched)
    best = getattr(history, "best_epoch", None)
    if best is None and finite.any():
        best = int(np.nanargmin(np.where(finite, watched, np.nan))) + 1
    config = getattr(history, "config", None)
    records = getattr(history, "records", None)
    return {
        "epochs": len(loss),
        "epochs_asked": getattr(config, "epochs", None),
        "best_epoch": best,
        "loss": _last(loss),
        "val_loss": None if val_loss is None else _last(val_loss),
        "best_val_loss": None if val_loss is None or not best else float(val_loss[best - 1]),
        "stop_reason": str(getattr(history, "stop_reason", "") or ""),
        "parameters": None if model is None else count_parameters(model),
        "seconds": sum(record.seconds for record in records) if records else None,
    }


def facts_of(run):
    """Return what `describe_run` found, without times, as (name in words, value in words)."""
    asked = f" of {run['epochs_asked']}" if run["epochs_asked"] else ""
    facts = [("epochs run", f"{run['epochs']}{asked}")]
    if run["best_epoch"]:
        facts.append(("best epoch", str(run["best_epoch"])))
    for key, name in (
        ("loss", "final training loss"),
        ("val_loss", "final validation loss"),
        ("best_val_loss", "validation loss of the best epoch"),
    ):
        if run[key] is not None:
            facts.append((name, f"{run[key]:.4f}"))
    if run["stop_reason"]:
        facts.append(("ended because", run["stop_reason"]))
    if run["parameters"] is not None:
        facts.append(("trained parameters", f"{run['parameters']:,}"))
    return facts


def _last(values):
    return float(values[-1]) if len(values) else None
