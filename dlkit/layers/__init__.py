"""Layers: forward and backward side by side, and the registry LAYERS."""

from dlkit.layers.activation import Activation
from dlkit.layers.base import Layer
from dlkit.layers.dense import Dense
from dlkit.layers.dropout import Dropout
from dlkit.layers.normalization import BatchNormalization
from dlkit.layers.reshaping import Flatten, Reshape

__all__ = [
    "LAYERS",
    "Activation",
    "BatchNormalization",
    "Dense",
    "Dropout",
    "Flatten",
    "Layer",
    "Reshape",
]

LAYERS = {
    kind.__name__: kind
    for kind in (Dense, Activation, Dropout, BatchNormalization, Flatten, Reshape)
}
