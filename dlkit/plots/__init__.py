"""Pictures: records in, a chart or a matplotlib figure with a text alternative out."""

from importlib import import_module

_LAZY = {
    "Chart": "dlkit.plots.chart",
    "Panel": "dlkit.plots.chart",
    "to_figure": "dlkit.plots.figure",
    "figure_summary": "dlkit.plots.figure",
    "training_curves": "dlkit.plots.run_curves",
    "confusion_matrix": "dlkit.plots.predictions",
    "predicted_against_true": "dlkit.plots.predictions",
    "sample_images": "dlkit.plots.images",
    "answers_over_plane": "dlkit.plots.plane",
    "weights_as_images": "dlkit.plots.images",
    "sweep_map": "dlkit.plots.sweeps",
    "comparison": "dlkit.plots.comparisons",
    "learning_rate_range": "dlkit.plots.learning_rates",
    "value_graph": "dlkit.plots.graph",
}


def __getattr__(name):
    if name not in _LAZY:
        raise AttributeError(f"module 'dlkit.plots' has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)
