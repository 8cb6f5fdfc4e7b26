"""The checks and reference solutions of lesson 09's exercises."""

import numpy as np

from dlkit.exercises.judging import FunctionCheck, Mistake


# --- 09.1 ---------------------------------------------------------------------------------------
def places(length, size, stride, border):
    """Return how many whole windows fit along an axis with ``border`` zeros at each end."""
    return (length + 2 * border - size) // stride + 1


def _places_by_walking(length, size, stride, border):
    count, start = 0, -border
    while start + size <= length + border:
        count, start = count + 1, start + stride
    return count


PLACES = FunctionCheck(
    arguments=("length", "size", "stride", "border"),
    cases=lambda: [(28, 5, 2, 1), (9, 3, 2, 0), (13, 7, 5, 6), (227, 11, 4, 0)],
    oracle=_places_by_walking,
    praise="The last of the four was AlexNet's first layer: 55 places along each side.",
    mistakes=(
        Mistake(
            "You forgot the 1: the first window needs no step.",
            lambda n, k, s, p: (n + 2 * p - k) // s,
        ),
        Mistake(
            "You counted the border at one end only. There are zeros before and after.",
            lambda n, k, s, p: (n + p - k) // s + 1,
        ),
        Mistake(
            "You left out the border: it makes the axis longer by 2 · border.",
            lambda n, k, s, p: (n - k) // s + 1,
        ),
        Mistake(
            "Steps that lead beyond the end do not count: round down, not up (`//`).",
            lambda n, k, s, p: -(-(n + 2 * p - k) // s) + 1,
        ),
        Mistake(
            "`round` goes to the nearest number, sometimes up. A step that is not whole does not "
            "count: use `//`.",
            lambda n, k, s, p: round((n + 2 * p - k) / s) + 1,
        ),
        Mistake(
            "You left out the stride: the window moves by `stride` pixels, not by one.",
            lambda n, k, s, p: n + 2 * p - k + 1,
        ),
        Mistake(
            "The result has a fraction, but windows come whole: use `//`.",
            lambda n, k, s, p: (n + 2 * p - k) / s + 1,
        ),
        Mistake(
            "You left out the size of the window: its last place is before the end.",
            lambda n, k, s, p: (n + 2 * p) // s + 1,
        ),
        Mistake(
            "The 1 belongs outside the division: count the steps, then add the first window.",
            lambda n, k, s, p: (n + 2 * p - k + 1) // s,
        ),
    ),
)


# --- 09.2 ---------------------------------------------------------------------------------------
def convolve(x, kernel, stride):
    """Return the sums under a kernel: x (height, width, channels), only whole windows."""
    height, width, _ = kernel.shape
    rows = (x.shape[0] - height) // stride + 1
    columns = (x.shape[1] - width) // stride + 1
    result = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            top, left = i * stride, j * stride
            result[i, j] = (x[top : top + height, left : left + width] * kernel).sum()
    return result


def _images():
    generator = np.random.default_rng(3)
    return [
        (generator.normal(size=(8, 9, 3)), generator.normal(size=(2, 3, 3)), 2),
        (generator.normal(size=(9, 6, 2)), generator.normal(size=(3, 2, 2)), 2),
    ]


def _convolve_by_shifts(x, kernel, stride):
    """One addition of the whole shifted image per weight: the loops the other way round."""
    height, width, channels = kernel.shape
    total = np.zeros((x.shape[0] - height + 1, x.shape[1] - width + 1))
    for u, v, c in np.ndindex(height, width, channels):
        total += kernel[u, v, c] * x[u : u + total.shape[0], v : v + total.shape[1], c]
    return total[::stride, ::stride]


def _windows_one_apart(x, kernel, stride):
    rows, columns = _convolve_by_shifts(x, kernel, stride).shape
    return _convolve_by_shifts(x, kernel, 1)[:rows, :columns]


CONVOLVE = FunctionCheck(
    arguments=("x", "kernel", "stride"),
    cases=_images,
    oracle=_convolve_by_shifts,
    praise="All channels end in one sum. A layer with 32 filters does this 32 times.",
    mistakes=(
        Mistake(
            "You flipped the kernel. That is the convolution of mathematics; layers do not flip.",
            lambda x, k, s: _convolve_by_shifts(x, k[::-1, ::-1], s),
        ),
        Mistake(
            "You ignored the stride: the window moves by `stride` pixels.",
            lambda x, k, s: _convolve_by_shifts(x, k, 1),
        ),
        Mistake(
            "The size is right, but the windows move by one pixel: the one for place (i, j) begins "
            "at pixel (i · stride, j · stride).",
            lambda x, k, s: _windows_one_apart(x, k, s),
        ),
        Mistake(
            "Only the first channel was used. The sum runs over all channels.",
            lambda x, k, s: _convolve_by_shifts(x[..., :1], k[..., :1], s),
        ),
        Mistake(
            "You took the mean of the products. A convolution adds them up.",
            lambda x, k, s: _convolve_by_shifts(x, k / k.size, s),
        ),
        Mistake(
            "You kept the channels apart. One kernel gives one map: sum over the channels too.",
            lambda x, k, s: np.stack(
                [_convolve_by_shifts(x[..., [c]], k[..., [c]], s) for c in range(x.shape[2])], -1
            ),
        ),
        Mistake(
            "Rows and columns of the result are swapped.",
            lambda x, k, s: _convolve_by_shifts(x, k, s).T,
        ),
        Mistake(
            "The stride counts along both axes; you used it for the columns only.",
            lambda x, k, s: _convolve_by_shifts(x, k, 1)[:, ::s],
        ),
    ),
)


# --- 09.3 ---------------------------------------------------------------------------------------
def max_pool(x, height, width):
    """Return the largest value in each window, side by side; x is (rows, columns, channels)."""
    rows, columns = x.shape[0] // height, x.shape[1] // width
    whole = x[: rows * height, : columns * width]
    windows = whole.reshape(rows, height, columns, width, -1)
    return windows.max(axis=(1, 3))


def _to_pool():
    generator = np.random.default_rng(4)
    # Mostly negative, so that a maximum which begins at 0 shows.
    shapes = [((7, 9, 2), 2, 3), ((6, 5, 3), 3, 2)]
    return [(generator.normal(-1, 1, shape), height, width) for shape, height, width in shapes]


def _pool_by_walking(x, height, width, choose=np.max):
    rows, columns, channels = x.shape[0] // height, x.shape[1] // width, x.shape[2]
    result = np.empty((rows, columns, channels))
    for i, j, c in np.ndindex(rows, columns, channels):
        result[i, j, c] = choose(x[i * height : (i + 1) * height, j * width : (j + 1) * width, c])
    return result


POOL = FunctionCheck(
    arguments=("x", "height", "width"),
    cases=_to_pool,
    oracle=_pool_by_walking,
    praise="No parameter to learn, and the place of each maximum is forgotten.",
    mistakes=(
        Mistake(
            "That is average pooling. Asked was the largest value of each window.",
            lambda x, h, w: _pool_by_walking(x, h, w, np.mean),
        ),
        Mistake(
            "Your maximum begins at 0, so it is wrong where all values are negative. Begin with a "
            "value of the window.",
            lambda x, h, w: np.maximum(_pool_by_walking(x, h, w), 0),
        ),
        Mistake(
            "That is the smallest value of each window.",
            lambda x, h, w: _pool_by_walking(x, h, w, np.min),
        ),
        Mistake(
            "You took the maximum over the channels too. Each channel is pooled by itself.",
            lambda x, h, w: _pool_by_walking(x, h, w).max(axis=2),
        ),
        Mistake(
            "You took the maximum over the channels too, so that all channels hold the same. Each "
            "channel is pooled by itself: `.max(axis=(0, 1))` of a window keeps them apart.",
            lambda x, h, w: (
                _pool_by_walking(x, h, w).max(axis=2, keepdims=True) + np.zeros(x.shape[2])
            ),
        ),
        Mistake(
            "You took the maximum over the channels too, and one channel is left. Each channel is "
            "pooled by itself.",
            lambda x, h, w: _pool_by_walking(x, h, w).max(axis=2, keepdims=True),
        ),
        Mistake(
            "Your windows overlap: they move by 1. Move them by their own height and width.",
            lambda x, h, w: np.lib.stride_tricks.sliding_window_view(x, (h, w), (0, 1)).max((3, 4)),
        ),
        Mistake(
            "Height and width of the window are swapped.",
            lambda x, h, w: _pool_by_walking(x, w, h),
        ),
        Mistake(
            "You took the first value of each window instead of the largest.",
            lambda x, h, w: _pool_by_walking(x, h, w, lambda part: part[0, 0]),
        ),
        Mistake(
            "A rest at the edge that fills no whole window is left out; you pooled it as well.",
            lambda x, h, w: _pool_with_rests(x, h, w),
        ),
    ),
)


def _pool_with_rests(x, height, width):
    rows, columns = -(-x.shape[0] // height), -(-x.shape[1] // width)
    return np.array(
        [
            [
                x[i * height : (i + 1) * height, j * width : (j + 1) * width].max(axis=(0, 1))
                for j in range(columns)
            ]
            for i in range(rows)
        ]
    )


# --- 09.4 ---------------------------------------------------------------------------------------
def field(layers):
    """Return how many pixels one output sees: layers is a list of (window size, stride)."""
    seen, apart = 1, 1  # pixels seen; pixels between two neighbours of this layer's input
    for size, stride in layers:
        seen += (size - 1) * apart
        apart *= stride
    return seen


def _field_backwards(layers):
    seen = 1  # outputs of the last layer; walk back to the pixels that they need
    for size, stride in reversed(layers):
        seen = (seen - 1) * stride + size
    return seen


FIELD = FunctionCheck(
    arguments=("layers",),
    cases=lambda: [
        ([(3, 1), (2, 2), (5, 1), (3, 2), (3, 1)],),
        ([(7, 2), (3, 2), (3, 1)],),
        ([(4, 3)],),
    ],
    oracle=_field_backwards,
    praise="Strides make the field grow fast: this is why depth and pooling go together.",
    mistakes=(
        Mistake(
            "You forgot the strides: after a stride of 2, neighbours stand two pixels apart, and "
            "every later window reaches twice as far.",
            lambda layers: 1 + sum(size - 1 for size, _ in layers),
        ),
        Mistake(
            "A layer's own stride counts for the layers after it, not for itself.",
            lambda layers: _field_with_own_stride(layers),
        ),
        Mistake(
            "One too few: before any layer an output sees one pixel, itself. Begin with 1.",
            lambda layers: _field_backwards(layers) - 1,
        ),
        Mistake(
            "Your steps go from the output back to the image, but you took the layers from the "
            "image on: use `reversed(layers)`.",
            lambda layers: _field_backwards(layers[::-1]),
        ),
        Mistake(
            "You added the sizes. Windows overlap: each adds size − 1 to what is seen already.",
            lambda layers: sum(size for size, _ in layers),
        ),
        Mistake(
            "You multiplied the sizes. Windows overlap: each adds (size − 1) times the distance of "
            "its inputs.",
            lambda layers: int(np.prod([size for size, _ in layers])),
        ),
        Mistake(
            "That is the distance between two neighbouring outputs, the product of the strides.",
            lambda layers: int(np.prod([stride for _, stride in layers])),
        ),
        Mistake(
            "Only the last layer's stride counted. Distances multiply through all layers.",
            lambda layers: (
                1
                + sum(
                    (size - 1) * before for (size, _), before in zip(layers, _last_strides(layers))
                )
            ),
        ),
    ),
)


def _field_with_own_stride(layers):
    seen, apart = 1, 1
    for size, stride in layers:
        apart *= stride
        seen += (size - 1) * apart
    return seen


def _last_strides(layers):
    return [1, *(stride for _, stride in layers[:-1])]


# --- 09.5 ---------------------------------------------------------------------------------------
def kernel_gradient(x, upstream):
    """Return ∂L/∂kernel of z[i, j] = Σ x[i + u, j + v] kernel[u, v], given upstream = ∂L/∂z."""
    rows, columns = upstream.shape
    height, width = x.shape[0] - rows + 1, x.shape[1] - columns + 1
    gradient = np.zeros((height, width))
    for u in range(height):
        for v in range(width):
            gradient[u, v] = (x[u : u + rows, v : v + columns] * upstream).sum()
    return gradient


def _gradient_cases():
    generator = np.random.default_rng(5)
    return [
        (generator.normal(size=(7, 6)), generator.normal(size=(5, 3))),
        (generator.normal(size=(5, 8)), generator.normal(size=(4, 6))),
    ]


def _gradient_by_nudging(x, upstream):
    # The loss Σ upstream · z is linear in the kernel, so a nudge of 1 gives the exact slope.
    rows, columns = upstream.shape
    shape = (x.shape[0] - rows + 1, x.shape[1] - columns + 1)
    gradient = np.empty(shape)
    for place in np.ndindex(shape):
        kernel = np.zeros((*shape, 1))
        kernel[place] = 1.0
        gradient[place] = (upstream * _convolve_by_shifts(x[..., np.newaxis], kernel, 1)).sum()
    return gradient


GRADIENT = FunctionCheck(
    arguments=("x", "upstream"),
    cases=_gradient_cases,
    oracle=_gradient_by_nudging,
    praise="The backward pass of a convolution is a convolution again, with upstream as the kernel.",
    mistakes=(
        Mistake(
            "You flipped upstream (or the result). For the kernel's gradient nothing is flipped.",
            lambda x, g: _gradient_by_nudging(x, g[::-1, ::-1]),
        ),
        Mistake(
            "The result is turned by 180 degrees: gradient[0, 0] belongs to the window's first pixel.",
            lambda x, g: _gradient_by_nudging(x, g)[::-1, ::-1],
        ),
        Mistake(
            "You took the mean over the places. A weight is used at every place, and the shares "
            "add up.",
            lambda x, g: _gradient_by_nudging(x, g) / g.size,
        ),
        Mistake(
            "You forgot upstream: that is the sum of the pixels alone.",
            lambda x, g: _gradient_by_nudging(x, np.ones_like(g)),
        ),
        Mistake(
            "Only the last place was counted: add the shares of all places up, with `+=`.",
            lambda x, g: x[g.shape[0] - 1 :, g.shape[1] - 1 :] * g[-1, -1],
        ),
        Mistake("You forgot x: that is the bias's gradient.", lambda x, g: g.sum()),
        Mistake(
            "Rows and columns of the gradient are swapped.",
            lambda x, g: _gradient_by_nudging(x, g).T,
        ),
    ),
)
