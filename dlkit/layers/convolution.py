"""Conv2D and Conv1D: the same small weighted sum at every place of an image or a sequence."""

import math

import numpy as np

from dlkit import activations, checks, initializers, regularizers
from dlkit.layers import sliding
from dlkit.layers.base import Layer


class Conv2D(Layer):
    """Slide a small kernel over the image, the same weights at every place (LeCun et al. 1989).

    z[n, i, j, k] = Σ_u Σ_v Σ_c x[n, s i + u - p, s j + v - p, c] kernel[u, v, c, k] + bias[k],
    y = f(z), with stride s, p zeros of padding before, and x = 0 outside the image. (Strictly a
    cross-correlation: nothing is flipped, as in every framework.) With the patches under the
    kernel as the rows of a matrix it is a Dense layer: z = columns kernel + bias.

    Gradients, with δ = upstream · f'(z): ∂L/∂kernel = columnsᵀ δ, ∂L/∂bias = Σ δ over all places,
    ∂L/∂x[n, s t + r, …] = Σ_q δ[n, t + (r + p) div s - q, …] kernel[s q + (r + p) mod s, …]: again
    a convolution, of δ with the flipped kernel, for each remainder r of the stride.

    Parameters
    ----------
    filters : int
        The number of feature maps, k.
    kernel_size : int or tuple of int
        (height, width), u and v; one number for both.
    strides : int or tuple of int
        s: from one place to the next.
    padding : str
        ``"valid"``: only whole patches, so the image shrinks; ``"same"``: zeros around it, so that
        with stride 1 the size stays (as TensorFlow pads: an odd zero goes right or below).
    activation : str, Activation or None
        f; None for linear.
    use_bias : bool
    kernel_initializer, bias_initializer : str or Initializer
        Where kernel (height, width, channels, filters) and bias (filters,) start.
    kernel_regularizer, bias_regularizer : str, L1L2 or None
    name, seed
        See `Layer`. Inputs are (batch, height, width, channels).

    Attributes
    ----------
    feature_maps : numpy.ndarray
        The last output, (batch, height, width, filters).

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong.
    """

    axes = 2

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding="valid",
        *,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        name=None,
        seed=0,
    ):
        super().__init__(name, seed)
        self.filters = checks.whole_number("filters", filters)
        self.kernel_size = sliding.lengths("kernel_size", kernel_size, self.axes)
        self.strides = sliding.lengths("strides", strides, self.axes)
        self.padding = checks.choice("padding", padding, sliding.PADDINGS)
        self.activation = activations.get(activation)
        self.use_bias = checks.truth_value("use_bias", use_bias)
        self.kernel_initializer = checks.named(
            "kernel_initializer", initializers.get, kernel_initializer
        )
        self.bias_initializer = checks.named("bias_initializer", initializers.get, bias_initializer)
        self.kernel_regularizer = checks.named(
            "kernel_regularizer", regularizers.get, kernel_regularizer
        )
        self.bias_regularizer = checks.named("bias_regularizer", regularizers.get, bias_regularizer)
        self.feature_maps = None

    def output_shape_for(self, input_shape):
        *image, _ = sliding.check_axes(self.name, input_shape, self.axes + 1)
        size = sliding.output_size_for(
            self.name, image, self.kernel_size, self.strides, self.padding
        )
        return (*size, self.filters)

    def create(self, input_shape):
        shape = (*self.kernel_size, input_shape[-1], self.filters)
        self.add_parameter("kernel", shape, self.kernel_initializer, self.kernel_regularizer)
        if self.use_bias:
            self.add_parameter(
                "bias", (self.filters,), self.bias_initializer, self.bias_regularizer
            )
        # A sequence is an image of height 1.
        flat = (1,) * (2 - self.axes)
        self.size, self.steps = (*flat, *self.kernel_size), (*flat, *self.strides)
        image = zip((*flat, *input_shape[:-1]), self.size, self.steps)
        self.pads = [sliding.pads_for(*axis, self.padding) for axis in image]

    def compute_output(self, x, training):
        z = self.linear(x)
        self.y = self.activation.forward(z, out=self.workspace("y", z.shape))
        self.feature_maps = self.y
        return self.y

    def compute_gradients(self, upstream):
        return self.linear_gradients(self.activation.backward(self.z, self.y, upstream))

    def linear(self, x):
        """Return z, the output before the activation (logits), unchecked."""
        kernel = self.parameters["kernel"].reshape(-1, self.filters)
        z = self.workspace("z", (len(x), *self.output_shape))
        self.x, self.z, images = x, z, as_images(z)
        for where, columns in sliding.patches(as_images(x), self.size, self.steps, self.pads):
            places = images[where].reshape(-1, self.filters)
            np.matmul(columns, kernel, out=places)
            if self.use_bias:
                places += self.parameters["bias"]
        return z

    def linear_gradients(self, delta):
        """Write ∂L/∂kernel and ∂L/∂bias and return ∂L/∂x, given δ = ∂L/∂z, unchecked."""
        images, delta = as_images(self.x), as_images(np.ascontiguousarray(delta))
        gradient = self.gradients["kernel"].reshape(-1, self.filters)
        gradient[...] = 0
        for where, columns in sliding.patches(images, self.size, self.steps, self.pads):
            gradient += columns.T @ delta[where].reshape(-1, self.filters)
        if self.use_bias:
            delta.reshape(-1, self.filters).sum(axis=0, out=self.gradients["bias"])
        if not self.needs_input_gradient:
            return None
        kernel = self.parameters["kernel"].reshape(*self.size, -1, self.filters)
        input_gradient = self.workspace("input_gradient", self.x.shape)
        transposed(delta, kernel, self.steps, self.pads, out=as_images(input_gradient))
        return input_gradient

    def get_config(self):
        config = {"name": self.name, "filters": self.filters, "padding": self.padding}
        config |= {"kernel_size": list(self.kernel_size), "strides": list(self.strides)}
        config |= {"activation": self.activation.get_config(), "use_bias": self.use_bias}
        for which in ("kernel", "bias"):
            config[f"{which}_initializer"] = getattr(self, f"{which}_initializer").get_config()
            regularizer = getattr(self, f"{which}_regularizer")
            config[f"{which}_regularizer"] = regularizer and regularizer.get_config()
        return config


class Conv1D(Conv2D):
    """Slide a small kernel along a sequence: Conv2D for (batch, time, channels) (Waibel et al. 1989).

    z[n, t, k] = Σ_u Σ_c x[n, s t + u - p, c] kernel[u, c, k] + bias[k], y = f(z).

    Parameters are those of `Conv2D`; ``kernel_size`` and ``strides`` are one number each, and the
    kernel has the shape (kernel_size, channels, filters).
    """

    axes = 1


def as_images(x):
    """Return a view with four axes: (batch, time, channels) becomes (batch, 1, time, channels)."""
    return x if x.ndim == 4 else x[:, np.newaxis]


def transposed(delta, kernel, strides, pads, out):
    """Write ∂L/∂x of a convolution to ``out`` (the formula stands in `Conv2D`).

    Places of x whose remainders r by the stride agree meet the same weights of the kernel, every
    s-th one, in reverse order: so each remainder is a convolution with stride 1.

    Parameters
    ----------
    delta : numpy.ndarray
        ∂L/∂z, (batch, out height, out width, filters).
    kernel : numpy.ndarray
        (height, width, channels, filters).
    strides : tuple of int
    pads : sequence
        ((top, bottom), (left, right)) of the forward pass.
    out : numpy.ndarray
        (batch, height, width, channels).
    """
    for remainders in np.ndindex(*strides):
        phases = [divmod(r + p, s) for r, (p, _), s in zip(remainders, pads, strides)]
        own = tuple(slice(phase, None, s) for (_, phase), s in zip(phases, strides))
        place = (slice(None), *(slice(r, None, s) for r, s in zip(remainders, strides)))
        flipped = kernel[own][::-1, ::-1].swapaxes(2, 3)
        *size, _, channels = flipped.shape
        part = out[place]
        if math.prod(size) == 0 or part.size == 0:
            part[...] = 0  # the stride jumps over these places
            continue
        borders = [
            (q - 1 - shift, length + shift - there)
            for q, (shift, _), length, there in zip(size, phases, part.shape[1:], delta.shape[1:])
        ]
        flipped = flipped.reshape(-1, channels)
        for where, columns in sliding.patches(delta, tuple(size), (1, 1), borders):
            places = part[where]
            if places.flags.c_contiguous:  # stride 1: write in place
                np.matmul(columns, flipped, out=places.reshape(-1, channels))
            else:
                places[...] = (columns @ flipped).reshape(places.shape)
