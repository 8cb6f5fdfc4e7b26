"""What was recorded of each layer, as arrays over the epochs."""

from dataclasses import dataclass

import numpy as np

RECORDED = ("gradient_norm", "update_ratio", "dead_share")


@dataclass(frozen=True, eq=False)
class LayerCurves:
    """What was recorded of one layer, one entry per epoch, NaN where nothing was.

    Parameters
    ----------
    name : str
    gradient_norm, update_ratio, dead_share : ndarray, shape (epochs,)
        As `LayerRecord` describes them.
    """

    name: str
    gradient_norm: np.ndarray
    update_ratio: np.ndarray
    dead_share: np.ndarray


def read_layers(history):
    """Return a tuple of `LayerCurves`, in the order of the layers; empty if none were recorded."""
    columns = {}  # layer name -> one row of the recorded numbers an epoch
    for name, rows in (getattr(history, "layers", None) or {}).items():
        columns[name] = [[row[key] for key in RECORDED] for row in rows]
    # None becomes NaN
    return tuple(
        LayerCurves(name, *np.array(rows, "float64").T) for name, rows in columns.items() if rows
    )
