"""Convolutional networks that made history, each in a few lines, full size or as narrow as you like.

An entry of `FAMOUS` says when a network came, for which images, and how many parameters it is
known to have; a test holds every builder to that number.
"""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass

import keras

from .. import checks
from .famous_parts import Parts
from .heads import Seeds, check_task, finish, shape_without_batch


def lenet5(x, parts):
    """Two convolutions, two poolings, three dense layers: it read the digits on bank cheques."""
    for filters in (6, 16):
        x = parts.convolution(filters, 5, padding="valid", activation="tanh")(x)
        x = keras.layers.AveragePooling2D(2)(x)
    x = keras.layers.Flatten()(x)
    for units in (120, 84):
        x = parts.dense(units, "tanh")(x)
    return x


def alexnet(x, parts):
    """Eight layers on two graphics cards: three of its convolutions see one half of the maps each."""
    pool = keras.layers.MaxPooling2D
    x = pool(3, 2)(parts.convolution(96, 11, 4, padding="valid")(x))
    x = pool(3, 2)(parts.halves(256, 5)(x))
    x = parts.convolution(384, 3)(x)
    x = parts.halves(384, 3)(x)
    x = pool(3, 2)(parts.halves(256, 3)(x))
    x = keras.layers.Flatten()(x)
    for _ in range(2):
        x = parts.dropout(0.5)(parts.dense(4096)(x))
    return x


def vgg16(x, parts):
    """Nothing but 3 × 3: two of them see 5 × 5 pixels, three see 7 × 7, with fewer weights."""
    for filters, times in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(times):
            x = parts.convolution(filters, 3)(x)
        x = keras.layers.MaxPooling2D(2)(x)
    x = keras.layers.Flatten()(x)
    for _ in range(2):
        x = parts.dropout(0.5)(parts.dense(4096)(x))
    return x


def googlenet(x, parts):
    """Nine inception blocks, and a mean over each map instead of large dense layers."""
    pool = keras.layers.MaxPooling2D
    x = pool(3, 2, padding="same")(parts.convolution(64, 7, 2)(x))
    x = parts.convolution(192, 3)(parts.convolution(64, 1)(x))
    for blocks in (
        ((64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64)),
        (
            (192, 96, 208, 16, 48, 64),
            (160, 112, 224, 24, 64, 64),
            (128, 128, 256, 24, 64, 64),
            (112, 144, 288, 32, 64, 64),
            (256, 160, 320, 32, 128, 128),
        ),
        ((256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128)),
    ):
        x = pool(3, 2, padding="same")(x)
        for filters in blocks:
            x = parts.inception(*filters)(x)
    return parts.dropout(0.4)(keras.layers.GlobalAveragePooling2D()(x))


def resnet18(x, parts):
    """Eight blocks of two 3 × 3 convolutions, each with a short cut around it."""
    return _residual(x, parts, parts.basic_block, (2, 2, 2, 2))


def resnet50(x, parts):
    """Sixteen blocks of 1 × 1, 3 × 3 and 1 × 1, each with a short cut around it."""
    return _residual(x, parts, parts.bottleneck_block, (3, 4, 6, 3))


def _residual(x, parts, block, times):
    x = parts.normalized(64, 7, 2)(x)
    x = keras.layers.MaxPooling2D(3, 2, padding="same")(x)
    for stage, count in enumerate(times):
        for index in range(count):
            x = block(x, 64 * 2**stage, 2 if stage and not index else 1)
    return keras.layers.GlobalAveragePooling2D()(x)


@dataclass(frozen=True)
class FamousNetwork:
    """A network that made history.

    Attributes
    ----------
    title : str
        Its usual name.
    year : int
        When it was published, or first won.
    input_shape : tuple of int
        (height, width, channels) of its images.
    output_dim : int
        Its classes.
    parameters : int
        How many numbers it trains: the published count of this form.
    smallest : int
        Least height and width that it can take.
    features : callable
        ``features(x, parts)`` builds all but the last layer.
    source : str
        The paper.
    """

    title: str
    year: int
    input_shape: tuple
    output_dim: int
    parameters: int
    smallest: int
    features: Callable
    source: str


_IMAGENET = ((224, 224, 3), 1000)
FAMOUS = {
    "lenet5": FamousNetwork("LeNet-5", 1998, (32, 32, 1), 10, 61_706, 16, lenet5,
        "Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, Gradient-based learning applied to document "
        "recognition (1998), with all maps connected and a softmax at the end"),
    "alexnet": FamousNetwork("AlexNet", 2012, (227, 227, 3), 1000, 60_965_224, 67, alexnet,
        "A. Krizhevsky, I. Sutskever and G. E. Hinton, ImageNet classification with deep "
        "convolutional neural networks (2012), without local response normalization"),
    "vgg16": FamousNetwork("VGG-16", 2014, *_IMAGENET, 138_357_544, 32, vgg16,
        "K. Simonyan and A. Zisserman, Very deep convolutional networks for large-scale image "
        "recognition (2014), configuration D"),
    "googlenet": FamousNetwork("GoogLeNet", 2014, *_IMAGENET, 6_998_552, 1, googlenet,
        "C. Szegedy and others, Going deeper with convolutions (2014), without its two helper "
        "outputs"),
    "resnet18": FamousNetwork("ResNet-18", 2015, *_IMAGENET, 11_689_512, 1, resnet18,
        "K. He, X. Zhang, S. Ren and J. Sun, Deep residual learning for image recognition (2015)"),
    "resnet50": FamousNetwork("ResNet-50", 2015, *_IMAGENET, 25_557_032, 1, resnet50,
        "K. He, X. Zhang, S. Ren and J. Sun, Deep residual learning for image recognition (2015)"),
}  # fmt: skip
"""Name -> what it is; in the order in which they came."""


def build_famous_model(
    name, input_shape, output_dim, task_type="classification", *, width=1.0, seed=0
):
    """Build a convolutional network that made history, for your own images and classes.

    Parameters
    ----------
    name : str
        ``"lenet5"``, ``"alexnet"``, ``"vgg16"``, ``"googlenet"``, ``"resnet18"`` or ``"resnet50"``:
        the entries of ``FAMOUS``.
    input_shape : tuple of int
        (height, width, channels); LeNet-5 needs 16 × 16 pixels or more, VGG-16 32 × 32, AlexNet
        67 × 67.
    output_dim : int
        Number of classes (1: two classes, one sigmoid unit) or of regression targets.
    task_type : {"classification", "regression"}
        Decides the last activation and the compiled loss.
    width : float
        Every layer gets this multiple of its filters or units, 0.01 to 4: 1 is the real thing,
        1/16 one that a laptop trains.
    seed : int or None
        Fixes initial weights and dropout; None leaves them to Keras's global generator.

    Returns
    -------
    keras.Model
        Compiled with Adam(0.001); gives arrays of shape (batch, output_dim).

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or out of range.
    """
    famous, arguments = _check(name, input_shape, output_dim, width)
    output_dim, task_type = check_task(output_dim, task_type)
    seeds = Seeds(seed)
    inputs = keras.Input(arguments[0], name="inputs")
    features = famous.features(inputs, Parts(arguments[2], seeds))
    return finish(inputs, features, output_dim, task_type, seeds, name)


def count_famous_parameters(name, input_shape=None, output_dim=None, *, width=1.0):
    """Return how many numbers a famous network trains, without making a single one of them.

    Parameters
    ----------
    name : str
        An entry of ``FAMOUS``.
    input_shape, output_dim : optional
        As in `build_famous_model`; by default those of the paper.
    width : float
        As in `build_famous_model`.

    Returns
    -------
    int
        Kernels, biases, scales and shifts; not the moving averages of batch normalization.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or out of range.
    """
    famous = FAMOUS[checks.choice("name", name, FAMOUS)]
    input_shape = famous.input_shape if input_shape is None else input_shape
    output_dim = famous.output_dim if output_dim is None else output_dim
    famous, (input_shape, output_dim, width) = _check(name, input_shape, output_dim, width)
    found = []

    def count():
        # Variables that are made in here have a shape and no value.
        with keras.StatelessScope(initialize_variables=False):
            inputs = keras.Input(input_shape)
            features = famous.features(inputs, Parts(width, Seeds(0)))
            model = keras.Model(inputs, keras.layers.Dense(output_dim)(features))
        found.append(sum(math.prod(variable.shape) for variable in model.trainable_variables))

    # Keras keeps a list of them for each thread, so this one takes the list with it.
    thread = threading.Thread(target=count, name="dlkit-count")
    thread.start()
    thread.join()
    return found[0]


def _check(name, input_shape, output_dim, width):
    famous = FAMOUS[checks.choice("name", name, FAMOUS)]
    example = str(famous.input_shape)
    input_shape = shape_without_batch("input_shape", input_shape, 3, example)
    output_dim, _ = check_task(output_dim, "classification")
    width = checks.number("width", width, minimum=0.01, maximum=4)
    if min(input_shape[:2]) < famous.smallest:
        raise ValueError(
            f"input_shape must be at least {famous.smallest} pixels high and wide for "
            f"{famous.title}, but got {input_shape}. Enlarge the images, for example with "
            "x.repeat(4, axis=1).repeat(4, axis=2)."
        )
    return famous, (input_shape, output_dim, width)
