"""Windows that slide over images: padding as TensorFlow pads, and patches as rows of a matrix."""

import math

import numpy as np

from dlkit import checks

PADDINGS = ("valid", "same")

# Columns of at most so many numbers are made at a time: they stay in the processor's cache.
SLAB = 2**17


def output_length(length, size, stride, padding):
    """Return how many windows fit along an axis.

    ``valid``: ⌊(length - size) / stride⌋ + 1, only whole windows; ``same``: ⌈length / stride⌉.

    Parameters
    ----------
    length, size, stride : int
        Of the axis, of the window, and from one window to the next.
    padding : str
        ``"valid"`` or ``"same"``.

    Returns
    -------
    int
        0 or less if a valid window is longer than the axis.
    """
    return -(-length // stride) if padding == "same" else (length - size) // stride + 1


def pads_for(length, size, stride, padding):
    """Return (before, after): how many zeros go to either end of an axis.

    As TensorFlow does it: total = max((⌈length / stride⌉ - 1) stride + size - length, 0), half of
    it before, rounded down, and the rest after. So an odd zero goes to the right or below.

    Parameters
    ----------
    length, size, stride, padding
        As in `output_length`.

    Returns
    -------
    tuple of int
    """
    if padding == "valid":
        return 0, 0
    total = max((output_length(length, size, stride, padding) - 1) * stride + size - length, 0)
    return total // 2, total - total // 2


def output_size_for(name, lengths, sizes, strides, padding):
    """Return `output_length` for each axis, or raise ``ValueError`` if no window fits.

    Parameters
    ----------
    name : str
        Of the layer, for the message.
    lengths, sizes, strides : tuple of int
        One number per axis.
    padding : str
        As in `output_length`.

    Returns
    -------
    tuple of int
    """
    axes = zip(lengths, sizes, strides)
    found = tuple(output_length(*axis, padding) for axis in axes)
    if min(found) < 1:
        raise ValueError(
            f"{name} has windows of {sizes}, which do not fit into inputs of {tuple(lengths)}. "
            "Make the window smaller, or write padding='same'."
        )
    return found


def check_axes(name, input_shape, axes):
    """Return the input shape if it has this many axes, the last one being the channels."""
    if len(input_shape) != axes:
        wanted = {3: "(height, width, channels)", 2: "(time, channels)"}[axes]
        raise ValueError(
            f"{name} takes inputs of shape {wanted} without the batch, but got {input_shape}. "
            f"Reshape can add an axis: Reshape({(*input_shape, 1)})."
        )
    return input_shape


def lengths(name, value, axes):
    """Return a size or stride as a tuple of whole numbers, one per axis; one number serves all.

    Parameters
    ----------
    name : str
        The argument's name.
    value : int or sequence of int
        What came.
    axes : int
        How many numbers are wanted.

    Returns
    -------
    tuple of int

    Raises
    ------
    TypeError, ValueError
        If it is neither.
    """
    if not isinstance(value, tuple | list):
        return (checks.whole_number(name, value),) * axes
    if len(value) != axes:
        raise ValueError(
            f"{name} must be a whole number or {axes} of them, but got {checks.describe(value)}."
        )
    return tuple(checks.whole_number(name, each) for each in value)


def padded(x, pads, value=0.0, out=None):
    """Return images with a border; a negative width cuts off.

    Parameters
    ----------
    x : numpy.ndarray
        (batch, height, width, channels).
    pads : sequence
        ((top, bottom), (left, right)).
    value : float
        What the border holds.
    out : numpy.ndarray, optional
        Where to; its border must hold ``value`` already.

    Returns
    -------
    numpy.ndarray
        (batch, top + height + bottom, left + width + right, channels); x itself without a border.
    """
    if out is None and not any(map(any, pads)):
        return x
    sizes = [length + sum(pair) for length, pair in zip(x.shape[1:], pads)]
    if out is None:
        out = np.full((len(x), *sizes, x.shape[3]), value, x.dtype)
    source, target = [slice(None)], [slice(None)]
    for length, (before, after) in zip(x.shape[1:], pads):
        first, last = max(0, -before), max(length + min(0, after), max(0, -before))
        source.append(slice(first, last))
        target.append(slice(first + before, last + before))
    out[tuple(target)] = x[tuple(source)]
    return out


def patches(x, size, strides, pads):
    """Yield the patches under a sliding window, each as one row of a matrix.

    With them a convolution is a product of matrices. All columns of a batch would be size² times
    as large as x and run through the whole memory; a slab of one image's rows (or of a few small
    images) is written, used and overwritten while it is in the processor's cache.

    Parameters
    ----------
    x : numpy.ndarray
        (batch, height, width, channels).
    size, strides : tuple of int
        Height and width of the window; steps from one window to the next.
    pads : sequence
        As `padded` takes them.

    Yields
    ------
    where : tuple of slice
        (images, rows): which part of the output this slab belongs to.
    columns : numpy.ndarray
        (places, size[0] · size[1] · channels), to be used before the next slab comes.
    """
    batch, channels = len(x), x.shape[3]
    sizes = [length + sum(pair) for length, pair in zip(x.shape[1:], pads)]
    height, width = (
        (length - each) // step + 1 for length, each, step in zip(sizes, size, strides)
    )
    row = width * math.prod(size) * channels
    images = min(batch, max(1, SLAB // (height * row)))
    rows = min(height, max(1, SLAB // row))
    border = np.zeros((images, *sizes, channels), x.dtype)
    image_step, down, right, next_channel = border.strides
    windows = np.ndarray(  # a view: the same number stands in several windows
        (images, height, width, *size, channels),
        x.dtype,
        border,
        strides=(image_step, strides[0] * down, strides[1] * right, down, right, next_channel),
    )
    buffer = np.empty(images * rows * row, x.dtype)
    for image in range(0, batch, images):
        count = min(images, batch - image)
        padded(x[image : image + count], pads, out=border[:count])
        for first in range(0, height, rows):
            window = windows[:count, first : first + rows]
            columns = buffer[: window.size].reshape(window.shape)
            columns[...] = window
            where = slice(image, image + count), slice(first, first + rows)
            yield where, columns.reshape(-1, row // width)
