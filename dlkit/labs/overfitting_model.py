"""The computation of the overfitting lab: its data, its network, and both losses measured alike."""

from dataclasses import dataclass

import numpy as np

from dlkit import datasets
from dlkit.datasets import Data, augment
from dlkit.layers import BatchNormalization, Dense, Dropout
from dlkit.network import Network
from dlkit.regularizers import L1L2
from dlkit.training.config import TrainingConfig
from dlkit.training.parts import loss_for

PERIODS = 1.5
POOL = 1000  # points of a made data set: 800 to choose the training points from, 200 to validate
JITTER = 0.1
BATCH_SIZE = 32
MOMENTUM = 0.9  # of batch normalization: small data sets make few steps
GRID = 41


@dataclass(frozen=True)
class Problem:
    """An entry of the problem menu.

    Parameters
    ----------
    label : str
        What the menu says.
    task : str
        ``"regression"`` or ``"classification"``.
    opening : dict
        Values of controls that show the gap on this problem.
    """

    label: str
    task: str
    opening: dict


PROBLEMS = {
    "curve": Problem(
        "a curve (1-D regression)",
        "regression",
        {"samples": 20, "noise": 0.4, "layers": 3, "width": 64, "epochs": 600}
        | {"learning_rate": 0.01},
    ),
    "moons": Problem(
        "two moons (2-D classes)",
        "classification",
        {"samples": 50, "noise": 0.3, "layers": 3, "width": 64, "epochs": 400}
        | {"learning_rate": 0.01},
    ),
    "circles": Problem(
        "two rings (2-D classes)",
        "classification",
        {"samples": 50, "noise": 0.24, "layers": 3, "width": 64, "epochs": 400}
        | {"learning_rate": 0.01},
    ),
    "digits": Problem(
        "digits (10 classes)",
        "classification",
        {"samples": 150, "noise": 0.16, "layers": 2, "width": 128, "epochs": 60}
        | {"learning_rate": 0.001},
    ),
}


def truth(x):
    """Return the curve behind the noisy points of the problem ``curve``: sin(π · 1.5 · x / 3)."""
    return np.sin(np.pi * PERIODS * x / 3)


def make_data(problem, samples, noise, seed):
    """Return the training points and the validation part of a problem, in float64.

    The validation part stays the same when ``samples`` changes, and fewer training points are the
    first of more.

    Parameters
    ----------
    problem : str
        A key of `PROBLEMS`.
    samples : int
        Training points.
    noise : float
        Standard deviation of the noise on y (curve) or on both coordinates (moons, circles), or
        the share of wrong labels (digits); in training and validation alike.
    seed : int
        Fixes points and noise; for digits which labels are wrong.

    Returns
    -------
    Data
    """
    if problem == "digits":
        pool = datasets.digits(flat=True)
    elif problem == "curve":
        pool = datasets.sine(seed=seed, samples=POOL, noise=noise, periods=PERIODS)
    else:
        pool = datasets.get(problem, seed=seed, samples=POOL, noise=noise)
    x, y, checked = pool.x_train[:samples], pool.y_train[:samples], pool.y_validation
    if problem == "digits":
        y, checked = with_wrong_labels(y, noise, seed), with_wrong_labels(checked, noise, seed)
    exact = "float64" if pool.task_type == "regression" else "int64"
    return Data(
        x.astype("float64"),
        y.astype(exact),
        pool.x_validation.astype("float64"),
        checked.astype(exact),
        task_type=pool.task_type,
        name=problem,
        class_names=pool.class_names,
    )


def with_wrong_labels(y, share, seed, classes=10):
    """Return a copy of labels of which a share is wrong.

    Parameters
    ----------
    y : ndarray of int, shape (samples,)
    share : float
        0 to 1.
    seed : int
        Fixes which labels are wrong, and what stands there instead.
    classes : int

    Returns
    -------
    ndarray of int
    """
    generator = np.random.default_rng(seed)
    wrong = generator.permutation(len(y))[: round(share * len(y))]
    y = y.copy()
    y[wrong] = (y[wrong] + generator.integers(1, classes, len(wrong))) % classes
    return y


def augmented(data, copies, seed):
    """Return the training points with changed copies of them: shifted and turned, or jittered.

    Parameters
    ----------
    data : Data
        Digits are shifted by a pixel and turned by ten degrees at most; points get normal noise.
    copies : int
        How many changed copies of each point.
    seed : int

    Returns
    -------
    x, y : ndarray
        ``copies + 1`` times as many points.
    """
    x, y = data.x_train, data.y_train
    generator = np.random.default_rng(seed)
    made = [x]
    for copy in range(copies):
        if data.name == "digits":
            images = x.reshape(-1, 8, 8, 1)
            moved = augment(images, copy, flip=False, shift=0.125, rotate=10, fill="constant")
            made.append(moved.reshape(x.shape))
        else:
            made.append(x + generator.normal(0, JITTER, x.shape))
    return np.concatenate(made), np.concatenate([y] * (copies + 1))


def build_network(settings, data):
    """Return the network that the controls describe: layers of equal width, in float64.

    Parameters
    ----------
    settings : dict
        Values of the controls.
    data : Data

    Returns
    -------
    Network
    """
    penalty = None
    if settings["l1"] or settings["l2"]:
        penalty = L1L2(settings["l1"], settings["l2"])
    layers = []
    for _ in range(settings["layers"]):
        layers.append(Dense(settings["width"], "relu", kernel_regularizer=penalty))
        if settings["batch_normalization"]:
            layers.append(BatchNormalization(momentum=MOMENTUM))
        if settings["dropout"]:
            layers.append(Dropout(settings["dropout"]))
    last = "softmax" if data.task_type == "classification" else "linear"
    layers.append(Dense(data.output_dim, last, kernel_regularizer=penalty))
    return Network(layers, data.input_shape, seed=settings["seed"], dtype="float64")


def config_for(settings):
    """Return the `TrainingConfig` that the controls describe."""
    return TrainingConfig(
        epochs=settings["epochs"],
        batch_size=BATCH_SIZE,
        learning_rate=settings["learning_rate"],
        early_stopping=settings["early_stopping"],
        patience=patience(settings["epochs"]),
        seed=settings["seed"],
    )


def patience(epochs):
    """Return after how many epochs without improvement early stopping ends a run."""
    return max(5, epochs // 20)


def measure(network, data, record):
    """Return both losses as they compare: no dropout, no penalty, the points without their copies.

    Parameters
    ----------
    network : Network
        With the weights of the end of the epoch.
    data : Data
        Not augmented, and in float64.
    record : EpochRecord
        Of that epoch: its validation part is measured already, but with the penalty.

    Returns
    -------
    dict
        ``loss val_loss`` and, for classes, ``accuracy val_accuracy``.
    """
    penalty = network.regularization_loss()
    training = network.evaluate(data.x_train, data.y_train, loss_for(network, data), check=False)
    measured = {"loss": training["loss"] - penalty, "val_loss": record.val_loss - penalty}
    if "accuracy" in training:
        measured["accuracy"] = training["accuracy"]
        measured["val_accuracy"] = record.val_metrics["accuracy"]
    return measured


def answers_on_grid(network, problem):
    """Return what the network answers between the points: the fit, or the surface.

    Parameters
    ----------
    network : Network
    problem : str

    Returns
    -------
    ndarray or None
        The curve at 241 places from −3 to 3; the probability of class 1 on a square grid, row 0
        at the bottom; None for digits.
    """
    if problem == "digits":
        return None
    if problem == "curve":
        return network.predict(np.linspace(-3, 3, 241)[:, None])[:, 0]
    x0, x1, y0, y1 = FRAMES[problem]
    across, up = np.linspace(x0, x1, GRID), np.linspace(y0, y1, GRID)
    points = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    return network.predict(points, batch_size=len(points))[:, 1].reshape(GRID, GRID)


FRAMES = {"moons": (-2.0, 3.0, -1.9, 2.4), "circles": (-2.0, 2.0, -2.0, 2.0)}
"""What of the plane is drawn: x from, x to, y from, y to."""
