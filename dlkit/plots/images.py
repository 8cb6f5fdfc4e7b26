"""Grids of small images: samples of a data set, and weights as images."""

import numpy as np

from dlkit import checks
from dlkit.plots.chart import Chart, Heat, Panel, Text
from dlkit.plots.predictions import class_names_for, labels
from dlkit.plots.run_curves import say

CELL = 1.0
STEP_X, STEP_Y = 1.12, 1.3


def sample_images(x, y=None, predictions=None, class_names=None, columns=10, title=""):
    """Return images in a grid, each with its label, and where it differs with the prediction.

    Parameters
    ----------
    x : array_like, shape (images, height, width), (images, height, width, 1) or (images, pixels)
        Grey values, 0 paper to 1 ink; flat ones must be square.
    y, predictions : array_like, shape (images,), optional
        True and predicted labels.
    class_names : sequence of str, optional
        One per class.
    columns : int
        Images in a row.
    title : str
        By default how many images, and how many are wrong.

    Returns
    -------
    Chart

    Raises
    ------
    TypeError, ValueError
        If the shapes do not fit, or there are more than 400 images.
    """
    images = _as_images("x", x)
    columns = checks.whole_number("columns", columns, maximum=50)
    checks.text("title", title)
    y, predictions = (
        None if values is None else labels(key, checks.array(key, values, shape=(len(images),)))
        for key, values in (("y", y), ("predictions", predictions))
    )
    if predictions is not None and y is None:
        raise ValueError("predictions need y beside them, to tell right from wrong.")
    given = [values for values in (y, predictions) if values is not None]
    classes = max((int(values.max()) + 1 for values in given), default=0)
    names = class_names_for(classes, class_names)

    def name(label):
        return names[label]

    texts, wrong = [], 0
    for index in range(len(images) if y is not None else 0):
        text = name(y[index])
        if predictions is not None and predictions[index] != y[index]:
            text, wrong = f"{name(predictions[index])} (is {text})", wrong + 1
        texts.append(text)
    finding = f"{len(images)} image{'s' * (len(images) != 1)}"
    if predictions is not None:
        finding += f", {wrong} taken for something else"
    summary = f"{finding}, {images.shape[1]} × {images.shape[2]} pixels each"
    summary += f"; labels in order: {', '.join(texts)}." if texts else "."
    low, high = min(0.0, float(images.min())), max(1.0, float(images.max()))
    return _grid(images, texts, columns, low, high, "ink", title or finding, summary)


def weights_as_images(kernel, image_shape=None, columns=8, units=None, title=""):
    """Return the weights of each unit or filter as an image: blue negative, vermillion positive.

    Parameters
    ----------
    kernel : array_like
        Of a dense layer, shape (inputs, units), or of a convolution, shape (height, width,
        channels, filters); of several channels the mean is shown.
    image_shape : tuple of int, optional
        (height, width) of the inputs of a dense layer; square by default.
    columns : int
        Images in a row.
    units : sequence of int, optional
        Which units, counted from 0; the first 32 by default.
    title : str
        By default how many units, and the range of the weights.

    Returns
    -------
    Chart
        All images share one scale, so their colours can be compared.

    Raises
    ------
    TypeError, ValueError
        If the shapes do not fit or a unit does not exist.
    """
    kernel = checks.array("kernel", kernel, ndim=(2, 4), dtype="float64")
    columns = checks.whole_number("columns", columns, maximum=50)
    checks.text("title", title)
    if image_shape is not None:
        image_shape = checks.shape("image_shape", image_shape)
    if units is not None and not isinstance(units, list | tuple | range | np.ndarray):
        raise TypeError(f"units must be a list of whole numbers, but got {checks.describe(units)}.")
    if kernel.ndim == 4:
        images = np.moveaxis(kernel.mean(axis=2), -1, 0)
    else:
        images = _as_images("kernel", kernel.T, image_shape, most=None)
    units = range(min(32, len(images))) if units is None else units
    units = [
        checks.whole_number("units", unit, minimum=0, maximum=len(images) - 1) for unit in units
    ]
    if not units:
        raise ValueError("units must name at least one unit, but is empty.")
    images = images[units]
    largest = float(np.abs(images).max()) or 1.0
    strongest = units[int(np.abs(images).max(axis=(1, 2)).argmax())]
    word = ("filter" if kernel.ndim == 4 else "unit") + "s" * (len(units) != 1)
    title = (
        title or f"Weights of {len(units)} {word}: blue negative, orange positive, ±{say(largest)}"
    )
    summary = (
        f"Weights of {len(units)} {word} as images of {images.shape[1]} × {images.shape[2]} pixels, "
        f"from {say(images.min())} to {say(images.max())}; the largest is in number {strongest}."
    )
    texts = [str(unit) for unit in units]
    return _grid(images, texts, columns, -largest, largest, "diverging", title, summary)


def _as_images(name, values, image_shape=None, most=400):
    values = checks.array(name, values, ndim=(2, 3, 4), dtype="float64")
    if most is not None and len(values) > most:
        raise ValueError(
            f"{name} holds {len(values)} images, but {most} are the most that can be seen. "
            f"Choose some, such as {name}[:40]."
        )
    if values.ndim == 4:
        if values.shape[-1] != 1:
            raise ValueError(f"{name} must have one channel, but its shape is {values.shape}.")
        return values[..., 0]
    if values.ndim == 3:
        return values
    if image_shape is None:
        side = int(np.sqrt(values.shape[1]))
        image_shape = (side, side)
    if len(image_shape) != 2:
        raise ValueError(f"image_shape must be (height, width), but got {image_shape}.")
    height, width = image_shape
    if height * width != values.shape[1]:
        raise ValueError(
            f"{name} must have {height} × {width} pixels per image, but has "
            f"{values.shape[1]} pixels. "
            "Give images of shape (height, width)"
            + (", or image_shape=(height, width)." if name == "kernel" else ".")
        )
    return values.reshape(-1, height, width)


def _grid(images, texts, columns, low, high, color_map, title, summary):
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    height = images.shape[1] / images.shape[2]
    step_y = height + STEP_Y - CELL
    marks = []
    for index, image in enumerate(images):
        left, top = (index % columns) * STEP_X, -(index // columns) * step_y
        marks.append(Heat(image, left, left + CELL, top, top - height, low, high, color_map))
        if texts:
            at = top + 0.5 * (STEP_Y - CELL)
            marks.append(Text(left + CELL / 2, at, texts[index], size=11))
    panel = Panel(
        marks,
        title=title,
        axes=False,
        equal=True,
        x_range=(-0.06, columns * STEP_X - 0.06),
        y_range=(-rows * step_y + 0.2, 0.32),
    )
    size = 72
    return Chart(
        panel,
        summary,
        width=max(int(columns * STEP_X * size) + 20, 9 * len(title) + 40, 360),
        height=int(rows * step_y * size) + 50,
    )
