"""Pictures of results in one place: curves, predictions, images. Each returns a `Chart`."""

from dlkit.plots.images import sample_images, weights_as_images
from dlkit.plots.plane import answers_over_plane
from dlkit.plots.predictions import confusion_matrix, predicted_against_true
from dlkit.plots.run_curves import training_curves

__all__ = [
    "answers_over_plane",
    "confusion_matrix",
    "predicted_against_true",
    "sample_images",
    "training_curves",
    "weights_as_images",
]
