"""Pooling: one number for each window of an image, or for all of it."""

import numpy as np

from dlkit import checks
from dlkit.layers import sliding
from dlkit.layers.base import Layer
from dlkit.layers.masking import MaskedLayer


class Pooling2D(Layer):
    """What both poolings share: windows that slide over each channel by itself.

    Parameters
    ----------
    pool_size : int or tuple of int
        (height, width) of a window; one number for both.
    strides : int, tuple of int or None
        From one window to the next; None for pool_size, windows side by side.
    padding : str
        ``"valid"``: only whole windows; ``"same"``: windows may reach over the border, where they
        see only what is inside (as in TensorFlow).
    name, seed
        See `Layer`. Inputs are (batch, height, width, channels).
    """

    def __init__(self, pool_size=2, strides=None, padding="valid", name=None, seed=0):
        super().__init__(name, seed)
        self.pool_size = sliding.lengths("pool_size", pool_size, 2)
        strides = self.pool_size if strides is None else strides
        self.strides = sliding.lengths("strides", strides, 2)
        self.padding = checks.choice("padding", padding, sliding.PADDINGS)

    def output_shape_for(self, input_shape):
        *image, channels = sliding.check_axes(self.name, input_shape, 3)
        windows = self.pool_size, self.strides, self.padding
        return (*sliding.output_size_for(self.name, image, *windows), channels)

    def create(self, input_shape):
        image = zip(input_shape[:-1], self.pool_size, self.strides)
        self.pads = [sliding.pads_for(*axis, self.padding) for axis in image]

    def shifted(self, x):
        """Yield for each place (u, v) in the window what all windows see there, as views."""
        (height, width), (rows, columns) = self.strides, self.output_shape[:2]
        for u, v in np.ndindex(*self.pool_size):
            yield x[:, u::height, v::width][:, :rows, :columns]

    def spread(self, parts):
        """Return ∂L/∂x, given in turn what each place (u, v) of all windows adds to it."""
        sizes = [length + sum(pair) for length, pair in zip(self.input_shape, self.pads)]
        border = np.zeros((len(self.x), *sizes, self.input_shape[-1]), self.dtype)
        for view, part in zip(self.shifted(border), parts):
            view += part
        return sliding.padded(border, [(-before, -after) for before, after in self.pads])

    def get_config(self):
        sizes = {"pool_size": list(self.pool_size), "strides": list(self.strides)}
        return {"name": self.name, **sizes, "padding": self.padding}


class MaxPooling2D(Pooling2D):
    """y = the largest x in each window (Zhou and Chellappa 1988; LeNet's averages before it).

    y[n, i, j, c] = max_{u, v} x[n, s i + u - p, s j + v - p, c]. The gradient goes to the place
    of the maximum alone; of equal ones to the first, row by row, as in TensorFlow.

    Parameters are those of `Pooling2D`.
    """

    def compute_output(self, x, training):
        self.x = sliding.padded(x, self.pads, -np.inf)
        first, *others = self.shifted(self.x)
        self.y = self.workspace("y", first.shape)
        self.y[...] = first
        for each in others:
            np.maximum(self.y, each, out=self.y)
        return self.y

    def compute_gradients(self, upstream):
        return self.spread(self.winners(upstream))

    def winners(self, upstream):
        """Yield upstream where this place of the window is the first maximum, and 0 elsewhere."""
        waiting = np.ones(self.y.shape, bool)
        for each in self.shifted(self.x):
            won = waiting & (each == self.y)
            waiting &= ~won
            yield upstream * won


class AveragePooling2D(Pooling2D):
    """y = the mean of x in each window (LeCun et al. 1989).

    y[n, i, j, c] = 1/count[i, j] Σ_{u, v} x[n, s i + u - p, s j + v - p, c], where count is the
    number of places inside the image; each of them gets the gradient upstream / count.

    Parameters are those of `Pooling2D`.
    """

    def create(self, input_shape):
        super().create(input_shape)
        inside = sliding.padded(np.ones((1, *input_shape[:2], 1), self.dtype), self.pads)
        self.count = sum(self.shifted(inside))

    def compute_output(self, x, training):
        self.x = x
        y = self.workspace("y", (len(x), *self.output_shape))
        y[...] = 0
        for each in self.shifted(sliding.padded(x, self.pads)):
            y += each
        y /= self.count
        return y

    def compute_gradients(self, upstream):
        share = upstream / self.count
        return self.spread(share for _ in np.ndindex(*self.pool_size))


class GlobalAveragePooling2D(Layer):
    """y[n, c] = mean of x[n, :, :, c]: one number per feature map (Lin et al. 2013).

    Every place gets the gradient upstream / (height · width).

    Parameters
    ----------
    keepdims : bool
        Whether the averaged axes stay, with length 1.
    name, seed
        See `Layer`. Inputs are (batch, height, width, channels).
    """

    axes = 2

    def __init__(self, keepdims=False, name=None, seed=0):
        super().__init__(name, seed)
        self.keepdims = checks.truth_value("keepdims", keepdims)

    def output_shape_for(self, input_shape):
        channels = sliding.check_axes(self.name, input_shape, self.axes + 1)[-1]
        return (1,) * (self.axes * self.keepdims) + (channels,)

    def compute_output(self, x, training):
        y = x.reshape(len(x), -1, x.shape[-1]).mean(axis=1)
        return y.reshape(len(x), *self.output_shape)

    def compute_gradients(self, upstream):
        batch, *places, channels = len(upstream), *self.input_shape
        share = upstream.reshape(batch, *(1,) * self.axes, channels) / np.prod(places)
        gradient = self.workspace("input_gradient", (batch, *self.input_shape))
        gradient[...] = share
        return gradient

    def get_config(self):
        return {"name": self.name, "keepdims": self.keepdims}


class GlobalAveragePooling1D(MaskedLayer, GlobalAveragePooling2D):
    """y[n, c] = mean of x[n, :, c] over the time steps, each of which gets upstream / time.

    Masked time steps are left out: y[n] = Σ_t mask[n, t] x[n, t] / Σ_t mask[n, t]. Where all of
    them are, y is 0 (in Keras NaN).

    Parameters are those of `GlobalAveragePooling2D`; inputs are (batch, time, channels).
    """

    axes = 1
    share = None  # of each time step in the mean, where there is a mask

    def compute_output(self, x, training, mask=None):
        self.share = None
        if mask is None:
            return GlobalAveragePooling2D.compute_output(self, x, training)
        count = np.maximum(mask.sum(axis=1, keepdims=True), 1)
        self.share = (mask / count).astype(self.dtype)[:, :, np.newaxis]  # (batch, time, 1)
        return (x * self.share).sum(axis=1).reshape(len(x), *self.output_shape)

    def compute_gradients(self, upstream):
        if self.share is None:
            return super().compute_gradients(upstream)
        return upstream.reshape(len(upstream), 1, -1) * self.share
