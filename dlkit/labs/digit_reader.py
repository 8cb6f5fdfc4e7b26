"""The small convolutional network that ConvolutionLab looks into, and how it was trained.

Its weights lie beside this file, so that the lab opens at once and says the same everywhere.
``python -m dlkit.labs.digit_reader`` trains it again and stores it, in a quarter of a minute; a
test holds the stored weights to what training gives.
"""

import functools
from pathlib import Path

import numpy as np

from dlkit import Network, datasets, optimizers, schedules
from dlkit.layers import Conv2D, Dense, Flatten, MaxPooling2D

STORED = Path(__file__).with_name("digit_reader.npz")
COPIES = 3
"""How many augmented copies of each training digit it saw, besides the digit itself."""

_EPOCHS, _BATCH, _RATE = 25, 64, 0.005


def new_reader(seed=0):
    """Return the network before training: two convolutions, two poolings, one dense layer.

    8×8×1 → 8 maps 8×8 → 8 maps 4×4 → 16 maps 4×4 → 16 maps 2×2 → 10 probabilities; 1,898
    parameters, in float64.

    Parameters
    ----------
    seed : int
        Fixes the initial weights.

    Returns
    -------
    Network
    """
    options = {"padding": "same", "activation": "relu", "kernel_initializer": "he_uniform"}
    layers = [
        Conv2D(8, 3, **options, name="conv_1"),
        MaxPooling2D(2, name="pool_1"),
        Conv2D(16, 3, **options, name="conv_2"),
        MaxPooling2D(2, name="pool_2"),
        Flatten(),
        Dense(10, "softmax", name="output"),
    ]
    return Network(layers, (8, 8, 1), seed=seed, dtype="float64")


def train_reader(seed=0, epochs=_EPOCHS):
    """Return the network, trained on the training part of the digits and on shifted copies.

    Parameters
    ----------
    seed : int
        Fixes initial weights, copies and order.
    epochs : int
        Passes over the digits and their copies.

    Returns
    -------
    Network
    """
    data, reader = datasets.digits(), new_reader(seed)
    copies = [
        datasets.augment(data.x_train, seed + number, flip=False, shift=0.15, fill="constant")
        for number in range(COPIES)
    ]
    x = np.concatenate([data.x_train, *copies]).astype("float64")
    y = np.tile(data.y_train, 1 + COPIES)
    rate = schedules.CosineAnnealing(_RATE, epochs * -(-len(x) // _BATCH))
    reader.fit(x, y, epochs=epochs, batch_size=_BATCH, optimizer=optimizers.Adam(rate), seed=seed)
    return reader


@functools.cache
def digit_reader():
    """Return the trained network from its file. It is shared: do not change its weights.

    Returns
    -------
    Network
    """
    return Network.load(STORED)


def feature_maps(image):
    """Return what each layer of the reader makes of one image.

    Parameters
    ----------
    image : numpy.ndarray, shape (8, 8)
        0 paper to 1 ink.

    Returns
    -------
    dict of str to numpy.ndarray
        Name of the layer -> its output: (height, width, maps), and ``"output"`` -> (10,).
    """
    reader, outputs = digit_reader(), {}
    y = image[np.newaxis, :, :, np.newaxis]
    for layer in reader.layers:
        y = layer.forward(y)
        outputs[layer.name] = y[0].copy()
    return outputs


if __name__ == "__main__":
    trained = train_reader()
    trained.save(STORED)
    exam = datasets.digits()
    print("stored; accuracy", trained.evaluate(exam.x_validation, exam.y_validation)["accuracy"])
