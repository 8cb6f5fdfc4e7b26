"""What is recorded of each layer, where it is measured, and how: the same for both engines."""

import dataclasses

import numpy as np

PROBE_SIZE = 128  # samples that dead units are looked for with; a unit is dead if none wakes it


@dataclasses.dataclass(frozen=True)
class LayerRecord:
    """One layer in one epoch.

    Gradient norm and update ratio belong to one step, the epoch's last one on a full batch (the
    last batch may be a few samples only); a layer is all its trained parameters together. With
    gradient accumulation it is the last such batch that completes a group.

    Parameters
    ----------
    name : str
        The layer's name.
    gradient_norm : float or None
        ‖g‖₂ with g = ∂(loss of that batch)/∂(parameters), penalties included, before clipping. None
        if the layer has no trained parameters or the epoch no such step.
    update_ratio : float or None
        ‖w_after − w_before‖₂ / ‖w_before‖₂ of that step; near 0.001 is usual. None as above, or if
        all weights were 0 before.
    dead_share : float or None
        Share, from 0 to 1, of the units (channels of a convolution) of a ReLU that are 0 for every
        one of 128 training samples, spread evenly over the training part, with the weights at the
        end of the epoch and without dropout. None for a layer without ReLU.
    """

    name: str
    gradient_norm: float | None = None
    update_ratio: float | None = None
    dead_share: float | None = None


def probe_samples(number):
    """Return which training samples dead units are looked for with: at most 128, evenly spread."""
    return np.linspace(0, number - 1, min(number, PROBE_SIZE)).round().astype("int64")


def measured_batch(samples, batch_size, first=0, pending=0, steps=1):
    """Return the batch (from 0) of an epoch at which gradient and update are measured.

    Parameters
    ----------
    samples, batch_size : int
        Training samples, and those of a batch.
    first, pending : int
        Before batch ``first`` of the epoch, ``pending`` batches of the open group are done.
    steps : int
        ``gradient_accumulation_steps``.

    Returns
    -------
    int
        The last full batch that is followed by an update; below 0 if the epoch has none.
    """
    last = max(samples // batch_size, 1) - 1
    return last - (pending - first + last + 1) % steps


def norms(gradient_square, update_square, weight_square):
    """Return (gradient norm, update ratio) of a layer, from sums of squares."""
    ratio = float(np.sqrt(update_square / weight_square)) if weight_square > 0 else None
    return float(np.sqrt(gradient_square)), ratio


def layer_columns(records):
    """Return layer name → list with one dictionary an epoch, of the epochs that have such records.

    Parameters
    ----------
    records : sequence of EpochRecord

    Returns
    -------
    dict
        As ``History.layers`` gives it.
    """
    columns = {}
    for record in records:
        for layer in record.layers:
            values = {
                "gradient_norm": layer.gradient_norm,
                "update_ratio": layer.update_ratio,
                "dead_share": layer.dead_share,
            }
            columns.setdefault(layer.name, []).append(values)
    return columns
