"""The sentences of ConvolutionLab."""

import numpy as np

from dlkit.display.numbers import counted, exact, fixed
from dlkit.labs.convolution_picture import LAYERS, percent, zeros

KERNEL_NAMES = {
    "identity": "identity",
    "blur": "blur (mean of nine)",
    "sharpen": "sharpen",
    "sobel_x": "Sobel, left to right",
    "sobel_y": "Sobel, top to bottom",
    "laplacian": "Laplacian",
    "emboss": "emboss",
    **{f"learnt_{number}": f"learnt filter {number}" for number in range(1, 9)},
}
"""Name of a kernel -> how it is called in the menu."""


def image_in_words(digit, sample, changed=None):
    """Return what the image is: a digit of the data set, or a sheet with changed pixels.

    Parameters
    ----------
    digit, sample : int or None
        Which digit, or which one the sheet began with; None for a sheet that began empty.
    changed : int, optional
        How many pixels of the sheet differ from that; None for a digit of the data set.

    Returns
    -------
    str
    """
    if digit is None:
        return (
            f"Your sheet, empty but for {counted(changed, 'pixel')}"
            if changed
            else "Your empty sheet"
        )
    if changed is None:
        return f"Digit {digit}, number {sample}"
    return f"Your sheet, digit {digit}, number {sample} with {counted(changed, 'pixel')} changed"


def slide_words(image, slide, kernel, stride, padding):
    """Return the sentence for a sliding window.

    Parameters
    ----------
    image : str
        What `image_in_words` returned.
    slide : Slide
    kernel : str
        Its name.
    stride : int
    padding : str

    Returns
    -------
    str
    """
    row, column = slide.place
    count = len(slide.result)
    (at_row, at_column), value = slide.strongest
    strongest = (
        f"the strongest place is row {at_row + 1}, column {at_column + 1} with {exact(value)}"
    )
    return (
        f"{image}, under the kernel “{KERNEL_NAMES[kernel]}”: with stride {stride} and padding "
        f"“{padding}” 8 × 8 pixels become {count} × {count}. At row {row + 1}, column {column + 1} "
        f"of the result nine products add up to {exact(slide.products.sum())}; "
        f"{strongest if value else 'all the others are 0 too'}."
    )


def layers_words(image, maps):
    """Return the sentence for the maps of all layers; arguments as above and in `layers_chart`."""
    answers = maps["output"]
    said, second = (int(digit) for digit in np.argsort(-answers)[:2])
    parts = []
    for name, words in LAYERS.items():
        height, _, count = maps[name].shape
        share = percent(zeros(maps[name]))
        parts.append(f"{words} has {count} maps of {height} × {height} ({share} zeros)")
    return (
        f"{image}: {', '.join(parts)}. The network reads {said} with {percent(answers[said])}; "
        f"next comes {second} with {percent(answers[second])}."
    )


def occlusion_words(image, occlusion, size):
    """Return the sentence for a covered patch; ``size`` is that of the patch in pixels."""
    o, (row, column) = occlusion, occlusion.worst
    now = int(o.after.argmax())
    if o.changes_nothing:
        return (
            f"{image}: the network reads {o.said} with {percent(o.before[o.said])}, and with the same "
            f"wherever {size} × {size} pixels are covered."
        )
    verdict = "and it still reads it so" if now == o.said else f"and it reads {now} instead"
    rows = f"row {row + 1}" if size == 1 else f"rows {row + 1} to {row + size}"
    columns = f"column {column + 1}" if size == 1 else f"columns {column + 1} to {column + size}"
    return (
        f"{image}: the network reads {o.said} with {percent(o.before[o.said])}. Covering {rows}, "
        f"{columns} hurts most: {percent(o.after[o.said])} is left, {verdict}. On average over "
        f"{o.left.size} places {percent(o.left.mean())} is left."
    )


def sum_written_out(slide):
    """Return the nine products and their sum as one line, row by row.

    Parameters
    ----------
    slide : Slide

    Returns
    -------
    str
    """
    terms = []
    for pixel, weight in zip(slide.window.ravel(), slide.kernel.ravel(), strict=True):
        w = exact(weight)
        terms.append(f"{exact(pixel)} · {f'({w})' if weight < 0 else w}")
    return f"{' + '.join(terms)} = {fixed(slide.products.sum(), 4)}"
