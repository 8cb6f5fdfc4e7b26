"""Convolution and pooling beside Keras's, with faults that people make."""

import keras
import numpy as np
from layer_case import Case

from dlkit.layers import (
    AveragePooling2D,
    Conv1D,
    Conv2D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    MaxPooling2D,
    convolution,
    sliding,
)

# The right methods, which the wrong ones call.
BACKWARD, LINEAR, CREATE = Conv2D.linear_gradients, Conv2D.linear, Conv2D.create
MAXIMUM, AVERAGE = MaxPooling2D.compute_output, AveragePooling2D.create
GLOBAL = GlobalAveragePooling2D.compute_gradients


def other_half_before(self, input_shape):
    """The odd zero of padding goes to the left and above (PyTorch's older recipes)."""
    CREATE(self, input_shape)
    self.pads = [(after, before) for before, after in self.pads]


def flipped(self, x):
    """A true convolution, with the kernel turned round."""
    kernel = self.parameters["kernel"]
    kept = kernel.copy()
    turned = (slice(None, None, -1),) * self.axes
    kernel[...] = kept[turned]
    z = LINEAR(self, x)
    kernel[...] = kept
    return z


def without_bias(self, x):
    return LINEAR(self, x) - self.parameters["bias"]


def stride_ignored(self, delta):
    """Backward as if the stride were 1."""
    gradient = BACKWARD(self, delta)
    kernel = self.parameters["kernel"].reshape(*self.size, -1, self.filters)
    shape = convolution.as_images(gradient).shape
    spread = np.zeros((*shape[:3], self.filters))
    images = convolution.as_images(delta)
    spread[:, : images.shape[1], : images.shape[2]] = images
    pads = [((size - 1) // 2, size // 2) for size in self.size]
    convolution.transposed(spread, kernel, (1, 1), pads, out=convolution.as_images(gradient))
    return gradient


def not_flipped_backward(self, delta):
    """∂L/∂x by sliding the kernel itself over δ."""
    gradient = BACKWARD(self, delta)
    kernel = self.parameters["kernel"].reshape(*self.size, -1, self.filters)[::-1, ::-1]
    images = convolution.as_images(gradient)
    convolution.transposed(convolution.as_images(delta), kernel, self.steps, self.pads, out=images)
    return gradient


def divided(name, count):
    """Return a backward pass that averages a gradient where it must sum."""

    def backward(self, delta):
        result = BACKWARD(self, delta)
        self.gradients[name] /= count(delta)
        return result

    return "linear_gradients", backward


CONVOLUTION_FAULTS = {
    "padding shifted by one": ("create", other_half_before),
    "kernel flipped": ("linear", flipped),
    "no bias": ("linear", without_bias),
    "stride ignored in the backward pass": ("linear_gradients", stride_ignored),
    "kernel not flipped in the backward pass": ("linear_gradients", not_flipped_backward),
    "kernel gradient averaged over the batch": divided("kernel", len),
    "bias gradient averaged over the places": divided("bias", lambda delta: delta[0, ..., 0].size),
    "upstream not multiplied by the slope": (
        "compute_gradients",
        lambda self, upstream: self.linear_gradients(upstream),
    ),
}


def to_all_ties(self, upstream):
    for each in self.shifted(self.x):
        yield upstream * (each == self.y)


def shared_by_ties(self, upstream):
    count = sum(each == self.y for each in self.shifted(self.x))
    for each in self.shifted(self.x):
        yield upstream * (each == self.y) / count


def to_the_last(self, upstream):
    waiting = np.ones(self.y.shape, bool)
    parts = []
    for each in reversed(list(self.shifted(self.x))):
        won = waiting & (each == self.y)
        waiting &= ~won
        parts.append(upstream * won)
    yield from reversed(parts)


def zeros_outside(self, x, training):
    """Pad with 0, which is larger than anything negative."""
    y = MAXIMUM(self, x, training)
    seen = self.shifted(sliding.padded(x, self.pads, 0.0))
    return np.maximum.reduce([y, *seen])


def tied(generator, shape):
    """Whole numbers, many of them equal."""
    return generator.integers(-2, 1, shape).astype(float)


def negative(generator, shape):
    return generator.normal(-5, 1, shape)


def over_the_window(self, input_shape):
    """Divide by the size of the window at the border too."""
    AVERAGE(self, input_shape)
    self.count = np.full_like(self.count, np.prod(self.pool_size))


def summed(self, input_shape):
    AVERAGE(self, input_shape)
    self.count = np.ones_like(self.count)


def undivided(self, upstream):
    return self.spread(upstream for _ in np.ndindex(*self.pool_size))


def places(self):
    return np.prod(self.input_shape[:-1])


GLOBAL_FAULTS = {
    "sum for mean": (
        "compute_output",
        lambda self, x, training: (
            x.reshape(len(x), -1, x.shape[-1]).sum(axis=1).reshape(len(x), *self.output_shape)
        ),
    ),
    "gradient not divided": (
        "compute_gradients",
        lambda self, upstream: GLOBAL(self, upstream) * places(self),
    ),
    "gradient divided by the channels too": (
        "compute_gradients",
        lambda self, upstream: GLOBAL(self, upstream) / upstream.shape[-1],
    ),
    "maximum for mean": (
        "compute_output",
        lambda self, x, training: (
            x.reshape(len(x), -1, x.shape[-1]).max(axis=1).reshape(len(x), *self.output_shape)
        ),
    ),
}


def convolution_case(kind, shape, wrong=None, **arguments):
    """Return a case with the same arguments on both sides."""
    twin = getattr(keras.layers, kind.__name__)
    return Case(lambda: kind(4, **arguments), lambda: twin(4, **arguments), shape, wrong or {})


def pooling_case(kind, shape, wrong=None, **arguments):
    """Return a case with the same arguments on both sides; ``inputs`` belongs to the case."""
    inputs = arguments.pop("inputs", Case.inputs)
    twin = getattr(keras.layers, kind.__name__)
    return Case(
        lambda: kind(**arguments), lambda: twin(**arguments), shape, wrong or {}, inputs=inputs
    )


IMAGE_CASES = {
    "Conv2D": convolution_case(
        Conv2D,
        (7, 6, 3),
        CONVOLUTION_FAULTS,
        kernel_size=(4, 2),
        strides=2,
        padding="same",
        activation="tanh",
    ),
    "Conv2D, valid": convolution_case(Conv2D, (5, 7, 2), kernel_size=3, strides=(3, 1)),
    "Conv2D, no bias": convolution_case(Conv2D, (4, 4, 1), kernel_size=2, use_bias=False),
    "Conv2D, kernel larger than the image": convolution_case(
        Conv2D, (2, 3, 2), kernel_size=5, padding="same"
    ),
    "Conv1D": convolution_case(
        Conv1D,
        (9, 3),
        CONVOLUTION_FAULTS,
        kernel_size=4,
        strides=3,
        padding="same",
        activation="tanh",
    ),
    "Conv1D, valid": convolution_case(Conv1D, (9, 2), kernel_size=3, strides=2),
    "MaxPooling2D": pooling_case(
        MaxPooling2D,
        (5, 4, 2),
        {
            "gradient to all ties": ("winners", to_all_ties),
            "gradient shared by ties": ("winners", shared_by_ties),
            "gradient to the last of equals": ("winners", to_the_last),
        },
        inputs=tied,
    ),
    "MaxPooling2D, same": pooling_case(
        MaxPooling2D,
        (5, 5, 2),
        {"zeros outside": ("compute_output", zeros_outside)},
        pool_size=3,
        strides=2,
        padding="same",
        inputs=negative,
    ),
    "MaxPooling2D, overlapping": pooling_case(
        MaxPooling2D, (5, 6, 2), pool_size=(2, 3), strides=1, inputs=tied
    ),
    "MaxPooling2D, gaps": pooling_case(MaxPooling2D, (7, 7, 2), pool_size=2, strides=3),
    "AveragePooling2D": pooling_case(
        AveragePooling2D,
        (5, 4, 2),
        {
            "padding counted": ("create", over_the_window),
            "sum for mean": ("create", summed),
            "gradient not divided": ("compute_gradients", undivided),
        },
        pool_size=3,
        strides=2,
        padding="same",
    ),
    "AveragePooling2D, valid": pooling_case(AveragePooling2D, (5, 5, 2), pool_size=(3, 2)),
    "GlobalAveragePooling2D": pooling_case(GlobalAveragePooling2D, (3, 4, 2), GLOBAL_FAULTS),
    "GlobalAveragePooling2D, axes kept": pooling_case(
        GlobalAveragePooling2D, (3, 4, 2), keepdims=True
    ),
    "GlobalAveragePooling1D": pooling_case(GlobalAveragePooling1D, (5, 3), GLOBAL_FAULTS),
    "GlobalAveragePooling1D, axes kept": pooling_case(
        GlobalAveragePooling1D, (5, 3), keepdims=True
    ),
}
