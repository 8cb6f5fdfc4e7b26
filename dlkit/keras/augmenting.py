"""The changes of `dlkit.datasets.augment` as Keras layers, which change images only while training."""

import keras

from dlkit import checks
from dlkit.datasets.augmenting import FILLS


def augmentation_layers(flip=True, shift=0.1, rotate=10.0, noise=0.0, fill="nearest", seed=0):
    """Return a model part that changes each image at random while training, and never else.

    Put it between the input and the first layer of a model. Keras draws from streams of its own, so
    that single images differ from those of `dlkit.datasets.augment`.

    Parameters
    ----------
    flip : bool
        Whether left and right are exchanged in half of the images.
    shift : float
        Largest shift in each direction, as a share of height and width, 0 to 1.
    rotate : float
        Largest angle in degrees, 0 to 180, to either side.
    noise : float
        Standard deviation of the noise, in the unit of the pixels, 0 or more.
    fill : {"nearest", "constant"}
        What comes in from outside: the nearest pixel of the border, or 0.
    seed : int
        Fixes what is drawn.

    Returns
    -------
    keras.Sequential

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.
    """
    flip = checks.truth_value("flip", flip)
    shift = checks.number("shift", shift, minimum=0, maximum=1)
    rotate = checks.number("rotate", rotate, minimum=0, maximum=180)
    noise = checks.number("noise", noise, minimum=0)
    checks.choice("fill", fill, FILLS)
    seed = checks.whole_number("seed", seed, minimum=0, maximum=2**32 - 5)
    layers = []
    if rotate:
        layers.append(keras.layers.RandomRotation(rotate / 360, fill_mode=fill, seed=seed + 1))
    if shift:
        layers.append(keras.layers.RandomTranslation(shift, shift, fill_mode=fill, seed=seed + 2))
    if flip:
        layers.append(keras.layers.RandomFlip("horizontal", seed=seed + 3))
    if noise:
        layers.append(keras.layers.GaussianNoise(noise, seed=seed + 4))
    return keras.Sequential(layers or [keras.layers.Identity()], name="augmentation")
