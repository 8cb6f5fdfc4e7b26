"""What ConvolutionLab computes: kernels, the window at one place, what covering a patch does."""

import functools
from dataclasses import dataclass

import numpy as np
import sklearn.datasets  # noqa: F401 - the digits need it; importing may take a second, opening not

from dlkit import checks, datasets
from dlkit.labs.digit_reader import digit_reader
from dlkit.layers import Conv2D, sliding

SIDE = 8
"""Height and width of a digit in pixels."""

SAMPLES = 30
"""How many unseen digits of each class can be chosen."""

KNOWN_KERNELS = {
    "identity": ((0, 0, 0), (0, 1, 0), (0, 0, 0)),
    "blur": ((1 / 9,) * 3,) * 3,
    "sharpen": ((0, -1, 0), (-1, 5, -1), (0, -1, 0)),
    "sobel_x": ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)),
    "sobel_y": ((-1, -2, -1), (0, 0, 0), (1, 2, 1)),
    "laplacian": ((0, 1, 0), (1, -4, 1), (0, 1, 0)),
    "emboss": ((-2, -1, 0), (-1, 1, 1), (0, 1, 2)),
}
"""Name -> weights, row by row. Sobel and Feldman (1968); the others are older than their names."""

LEARNT = tuple(f"learnt_{number}" for number in range(1, 9))
"""The filters of the reader's first layer."""

KERNELS = (*KNOWN_KERNELS, *LEARNT)


def kernel_named(name):
    """Return the 3 × 3 weights of a known kernel, or of a filter that the reader has learnt.

    Parameters
    ----------
    name : str
        One of ``KERNELS``.

    Returns
    -------
    numpy.ndarray, shape (3, 3)

    Raises
    ------
    ValueError
        If there is no such kernel.
    """
    checks.choice("kernel", name, KERNELS)
    if name in KNOWN_KERNELS:
        return np.array(KNOWN_KERNELS[name], dtype=float)
    learnt = digit_reader().layers[0].parameters["kernel"]
    return learnt[:, :, 0, LEARNT.index(name)].copy()


@functools.cache
def _places_of(digit):
    """The positions of one digit in the validation part, which the reader has never seen."""
    return np.flatnonzero(_digits().y_validation == digit)


@functools.cache
def _digits():
    return datasets.digits()


def digit_index(digit, sample):
    """Return where in the validation part the unseen digit number ``sample`` (from 1) stands."""
    return int(_places_of(digit)[sample - 1])


def digit_image(digit, sample):
    """Return that digit, shape (8, 8), from 0 paper to 1 ink, in float64."""
    image = _digits().x_validation[digit_index(digit, sample), :, :, 0]
    return image.astype("float64")  # sixteenths: exact in both


@dataclass(frozen=True)
class Slide:
    """A kernel slid over an image, and its window at one place.

    Attributes
    ----------
    padded : numpy.ndarray
        The image with its border of zeros, (top + 8 + bottom, left + 8 + right).
    pads : tuple
        ((top, bottom), (left, right)).
    result : numpy.ndarray
        One number per place, (rows, columns).
    place : tuple of int
        (row, column) of the place that is looked at, in the result, from 0.
    corner : tuple of int
        (row, column) of the window's first pixel in ``padded``.
    window, kernel, products : numpy.ndarray, shape (3, 3)
        Pixels under the window, weights, and pixel times weight.
    """

    padded: np.ndarray
    pads: tuple
    result: np.ndarray
    place: tuple
    corner: tuple
    window: np.ndarray
    kernel: np.ndarray

    @property
    def products(self):
        """Pixel times weight, (3, 3); their sum is the result at the place."""
        return self.window * self.kernel

    @property
    def strongest(self):
        """The place (row, column) of the result that is farthest from 0, and its value."""
        place = np.unravel_index(int(np.abs(self.result).argmax()), self.result.shape)
        return tuple(int(at) for at in place), float(self.result[place])


def result_size(stride, padding):
    """Return how many places the window has along each axis of an 8 × 8 image."""
    return sliding.output_length(SIDE, 3, stride, padding)


def slide(image, kernel, stride, padding, row, column):
    """Slide a kernel over an image with `Conv2D`, and cut out its window at one place.

    Parameters
    ----------
    image : numpy.ndarray, shape (8, 8)
    kernel : numpy.ndarray, shape (3, 3)
    stride : int
        From one place to the next.
    padding : str
        ``"valid"`` or ``"same"``.
    row, column : int
        The place, from 0; beyond the last one it is the last one.

    Returns
    -------
    Slide
    """
    layer = Conv2D(1, 3, strides=stride, padding=padding, use_bias=False)
    layer.build((SIDE, SIDE, 1), dtype="float64")
    layer.parameters["kernel"][...] = kernel[:, :, np.newaxis, np.newaxis]
    images = image[np.newaxis, :, :, np.newaxis]
    result = layer.forward(images)[0, :, :, 0]
    pads = tuple(layer.pads)
    padded = sliding.padded(images, pads)[0, :, :, 0]
    place = tuple(min(at, length - 1) for at, length in zip((row, column), result.shape))
    corner = tuple(at * stride for at in place)
    window = padded[corner[0] : corner[0] + 3, corner[1] : corner[1] + 3]
    return Slide(padded, pads, result, place, corner, window, kernel)


@functools.cache
def largest_outputs():
    """Return, for each layer of the reader, the largest output for any unseen digit."""
    y, found = _digits().x_validation.astype("float64"), {}
    for layer in digit_reader().layers:
        y = layer.forward(y)
        found[layer.name] = float(y.max())
    return found


def probabilities(image):
    """Return the reader's ten probabilities for one image, shape (8, 8)."""
    return digit_reader().predict(image[np.newaxis, :, :, np.newaxis])[0]


@dataclass(frozen=True)
class Occlusion:
    """What covering a patch of an image does to what the reader says.

    Attributes
    ----------
    said : int
        The digit that the reader sees in the whole image.
    before : numpy.ndarray, shape (10,)
        Its probabilities then.
    left : numpy.ndarray
        The probability of ``said`` that is left, for every place of the patch,
        (9 - size, 9 - size).
    worst : tuple of int
        (row, column) of the patch's first pixel where least is left, from 0.
    after : numpy.ndarray, shape (10,)
        The probabilities with the patch there.
    covered : numpy.ndarray, shape (8, 8)
        The image with the patch there.
    """

    said: int
    before: np.ndarray
    left: np.ndarray
    worst: tuple
    after: np.ndarray
    covered: np.ndarray

    @property
    def changes_nothing(self):
        """Whether the answer is the same wherever the patch lies, as on an empty sheet."""
        return bool(np.allclose(self.left, self.before[self.said], rtol=0, atol=1e-12))

    @property
    def halved(self):
        """At how many places the patch takes half or more of the probability of ``said``."""
        return int((self.left <= self.before[self.said] / 2).sum())


def occlude(image, size, value):
    """Cover every patch of an image in turn, and ask the reader again (Zeiler and Fergus 2013).

    Parameters
    ----------
    image : numpy.ndarray, shape (8, 8)
    size : int
        Height and width of the patch in pixels.
    value : float
        What the patch is filled with: 0 paper, 1 ink.

    Returns
    -------
    Occlusion
    """
    count = SIDE - size + 1
    copies = np.repeat(image[np.newaxis], count * count, axis=0)
    for copy, (row, column) in zip(copies, np.ndindex(count, count), strict=True):
        copy[row : row + size, column : column + size] = value
    answers = digit_reader().predict(copies[..., np.newaxis])
    before = probabilities(image)
    said = int(before.argmax())
    left = answers[:, said].reshape(count, count)
    lowest = int(left.argmin())
    return Occlusion(said, before, left, divmod(lowest, count), answers[lowest], copies[lowest])
