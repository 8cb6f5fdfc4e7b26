"""Small things to call public names with: data, networks, pictures, saved files."""

import functools
import tempfile
from pathlib import Path

import numpy as np

from dlkit import autodiff, datasets, layers
from dlkit.network import Network
from dlkit.training import TrainingConfig, TrainingJob

random = np.random.default_rng(7)
X = np.round(random.normal(size=(6, 4)), 2).astype("float32")
LABELS = np.array([0, 1, 2, 0, 1, 2])
ONE_HOT = np.eye(3, dtype="float32")[LABELS]
SHARES = random.dirichlet(np.ones(3), 6).astype("float32")
IMAGES = random.integers(0, 2, (6, 4, 4)).astype("float32")
CURVES = {"loss": [1.0, 0.6, 0.4], "val_loss": [1.1, 0.8, 0.9]}
QUIZ = ("Two and two?", ["3", "4"], 1, ["One too few.", "Yes."])
PARAMETERS = {"w": np.ones((2, 3), "float32")}
GRADIENTS = {"w": np.full((2, 3), 0.5, "float32")}


def network():
    """Return a small network with something of everything, after a step."""
    stack = [
        layers.Dense(5, "relu", kernel_regularizer="l2"),
        layers.BatchNormalization(),
        layers.Dropout(0.2),
        layers.Dense(3, "softmax"),
    ]
    made = Network(stack, 4)
    made.loss_and_gradients(X, LABELS)
    made.forward(X)
    return made


@functools.cache
def data():
    """Return a small `Data` of three classes."""
    return datasets.Data(X, LABELS, X, LABELS, X, LABELS, name="six points")


def job():
    """Return a job that has not begun."""
    return TrainingJob(network(), data(), TrainingConfig(epochs=1))


@functools.cache
def finished_job():
    """Return a job that has come to its end."""
    made = job()
    made.start()
    made.wait()
    return made


@functools.cache
def keras_model():
    """Return a small Keras model."""
    return network().to_keras()


@functools.cache
def picture():
    """Return a chart and its figure."""
    from dlkit import plots

    chart = plots.training_curves(CURVES)
    return chart, plots.to_figure(chart)


@functools.cache
def _temporary():
    return tempfile.TemporaryDirectory(prefix="dlkit-bad-input-")


def folder():
    """Return a folder for files; it goes when the tests end."""
    return Path(_temporary().name)


@functools.cache
def saved(kind):
    """Return the file of a saved network or Keras model."""
    if kind == "network":
        network().save(folder() / "saved.npz")
        return folder() / "saved.npz"
    from dlkit.keras.saving import save_model

    return save_model(keras_model(), folder() / "saved.keras")


@functools.cache
def checkpoints():
    """Return a folder with the checkpoints of a run of `network` on `data`."""
    made = TrainingJob(network(), data(), TrainingConfig(epochs=1), folder() / "checkpoints")
    made.start()
    made.wait()
    return folder() / "checkpoints"


def value_of(x):
    """Return a result with a graph."""
    return autodiff.Value(x, "x").tanh() * 2
