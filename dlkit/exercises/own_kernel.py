"""Exercise 09.6: a kernel of one's own for falling strokes, judged by what it answers."""

import numpy as np

from dlkit.exercises.registry import WrongAnswer
from dlkit.exercises.running import Mistaken, NotAttempted, untouched

_SIDE = 7
_TIMES = 2.0


def _stroke(*pixels):
    image = np.zeros((_SIDE, _SIDE))
    image[tuple(zip(*pixels, strict=True))] = 1.0
    return image


_MIDDLE = _SIDE // 2
_FALLING = _stroke(*[(i, i) for i in range(_SIDE)])
_OTHERS = {
    "a rising stroke (/)": _FALLING[::-1],
    "a level stroke (–)": _stroke(*[(_MIDDLE, i) for i in range(_SIDE)]),
    "an upright stroke (|)": _stroke(*[(i, _MIDDLE) for i in range(_SIDE)]),
}


def falling_kernel():
    """Return a kernel that answers falling strokes: for its diagonal, against the rest."""
    kernel = np.full((3, 3), -1.0)
    np.fill_diagonal(kernel, 2.0)  # 3 · 2 − 6 · 1 = 0: nothing on an even area
    return kernel


def examine_kernel(answer):
    """Judge nine weights by their answers to strokes and to an even area."""
    kernel = _weights(answer)
    reach = np.abs(kernel).sum()
    if reach < 1e-9:
        raise Mistaken("All weights are 0, so the answer is 0 everywhere.")
    if abs(kernel.sum()) > 1e-6 * reach:
        raise Mistaken(
            f"On an even area your kernel answers {kernel.sum():.3g} times the grey value, because "
            "its weights add up to that. Asked was 0: let positive and negative weights balance."
        )
    wanted = _strongest(_FALLING, kernel)
    if wanted <= 0:
        raise Mistaken(
            "A falling stroke (\\) gives no positive answer anywhere. The weights along the "
            "diagonal from the upper left to the lower right must speak for it."
        )
    answers = {name: _strongest(image, kernel) for name, image in _OTHERS.items()}
    name, got = max(answers.items(), key=lambda pair: pair[1])
    if got * _TIMES > wanted + 1e-9:
        raise Mistaken(
            f"To {name} your kernel answers up to {got:.3g}, and to a falling one (\\) {wanted:.3g}: "
            f"that is less than {_TIMES:g} times as much. Look which weights lie under that stroke "
            "when the answer is largest, and make them smaller."
        )
    return "A filter is a small picture of what it looks for. Training finds such pictures alone."


def _strongest(image, kernel):
    windows = np.lib.stride_tricks.sliding_window_view(image, (3, 3))
    return float((windows * kernel).sum(axis=(2, 3)).max())


def _weights(answer):
    if untouched(answer):
        raise NotAttempted
    try:
        kernel = np.array(answer, dtype=float)
    except (TypeError, ValueError):
        raise Mistaken("The kernel must be three rows of three numbers.") from None
    if kernel.shape != (3, 3):
        raise Mistaken(f"The kernel must have shape (3, 3), but its shape is {kernel.shape}.")
    if not np.isfinite(kernel).all():
        raise Mistaken("The kernel holds NaN or infinity.")
    return kernel


KERNEL_WRONG_ANSWERS = (
    WrongAnswer([[1, 0, 0], [0, 1, 0], [0, 0, 1]], "its weights add up to that"),
    WrongAnswer([[-1, -1, 2], [-1, 2, -1], [2, -1, -1]], "To a rising stroke (/)"),
    WrongAnswer([[-1, 2, -1], [-1, 2, -1], [-1, 2, -1]], "To an upright stroke (|)"),
    WrongAnswer([[-1, -1, -1], [2, 2, 2], [-1, -1, -1]], "To a level stroke (–)"),
    WrongAnswer([[-2, 1, 1], [1, -2, 1], [1, 1, -2]], "To a rising stroke (/)"),
    WrongAnswer([[0, 0, 0], [0, 0, 0], [0, 0, 0]], "All weights are 0"),
    WrongAnswer([[1, -1], [-1, 1]], "must have shape (3, 3)"),
    WrongAnswer([["a", 0, 0], [0, 0, 0], [0, 0, 0]], "three rows of three numbers"),
)
