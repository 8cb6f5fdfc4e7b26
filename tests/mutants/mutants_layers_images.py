"""Faults in convolutions and poolings: padding shifted, strides lost, kernels flipped, ties."""

from mutant import Mutant

GEOMETRY = "tests/conformance/test_convolution_agrees.py"
BY_HAND = "tests/unit/test_convolution.py"


def layer(file):
    """Return a maker of mutants for the layers of one file, ``place`` being a method."""

    def fault(entry, place, find, replace, why, *more):
        return Mutant(entry, f"dlkit/layers/{file}.py: {place}", find, replace, why, more)

    return fault


convolution, pooling, sliding = layer("convolution"), layer("pooling"), layer("sliding")
LINEAR, BACK = "Conv2D.linear", "Conv2D.linear_gradients"
GLOBAL = "GlobalAveragePooling2D"


def shared(entry):
    """Return the faults that a convolution in one dimension and in two can have."""
    return [
        convolution(
            entry,
            BACK,
            "gradient += columns.T @",
            "gradient[...] = columns.T @",
            "kernel gradient of the last slab alone",
            f"{BY_HAND}::test_slabs_of_any_size_give_the_same",
        ),
        convolution(
            entry,
            BACK,
            ".sum(axis=0, out=self.gradients",
            ".mean(axis=0, out=self.gradients",
            "bias gradient averaged over the places",
        ),
        convolution(entry, LINEAR, 'places += self.parameters["bias"]', "places += 0", "no bias"),
        convolution(
            entry,
            "Conv2D.compute_gradients",
            "self.activation.backward(self.z, self.y, upstream)",
            "upstream",
            "upstream not multiplied by the slope",
        ),
        sliding(
            entry,
            "pads_for",
            "total // 2, total - total // 2",
            "total - total // 2, total // 2",
            "the odd zero goes left and above (MIPVerify.jl#23)",
        ),
    ]


MUTANTS = [
    *shared("Conv2D"),
    convolution(
        "Conv2D",
        "transposed",
        "[::-1, ::-1]",
        "[::-1]",
        "kernel flipped along one axis only in the backward pass",
    ),
    convolution(
        "Conv2D",
        "transposed",
        "kernel[own][::-1, ::-1]",
        "kernel[own]",
        "kernel not flipped in the backward pass",
    ),
    convolution(
        "Conv2D",
        LINEAR,
        'self.parameters["kernel"].reshape',
        'self.parameters["kernel"][::-1, ::-1].reshape',
        "a true convolution: kernel flipped",
    ),
    convolution(
        "Conv2D",
        "transposed",
        "divmod(r + p, s)",
        "divmod(r, s)",
        "padding left out of the stride's phase",
    ),
    *shared("Conv1D"),
    convolution(
        "Conv1D",
        "transposed",
        "kernel[own][::-1, ::-1]",
        "kernel[own]",
        "kernel not flipped in the backward pass",
    ),
    pooling(
        "MaxPooling2D",
        "MaxPooling2D.compute_output",
        "-np.inf",
        "0.0",
        "padded with 0, which beats negative numbers",
    ),
    pooling(
        "MaxPooling2D",
        "MaxPooling2D.winners",
        "            waiting &= ~won\n",
        "",
        "of equal maxima each gets the gradient",
    ),
    pooling(
        "MaxPooling2D",
        "MaxPooling2D.winners",
        "won = waiting & (each == self.y)",
        "won = waiting & (each <= self.y)",
        "the first place gets the gradient",
    ),
    pooling(
        "MaxPooling2D",
        "Pooling2D.spread",
        "view += part",
        "view[...] = part",
        "overlapping windows do not add up",
    ),
    pooling(
        "MaxPooling2D",
        "Pooling2D.shifted",
        "u::height, v::width",
        "v::height, u::width",
        "rows and columns of the window exchanged",
    ),
    pooling(
        "MaxPooling2D",
        "MaxPooling2D.compute_output",
        "np.maximum(",
        "np.minimum(",
        "smallest for largest",
    ),
    pooling(
        "AveragePooling2D",
        "AveragePooling2D.create",
        "sum(self.shifted(inside))",
        "self.dtype.type(self.pool_size[0] * self.pool_size[1])",
        "zeros of the padding counted (tf-encrypted#75)",
    ),
    pooling(
        "AveragePooling2D",
        "AveragePooling2D.compute_gradients",
        "upstream / self.count",
        "upstream",
        "gradient not shared among the places",
    ),
    pooling(
        "AveragePooling2D",
        "AveragePooling2D.compute_output",
        "        y /= self.count\n",
        "",
        "sum for mean",
    ),
    pooling(
        "AveragePooling2D",
        "Pooling2D.spread",
        "(-before, -after)",
        "(-after, -before)",
        "border cut off at the other end",
    ),
    pooling(
        "AveragePooling2D",
        "Pooling2D.spread",
        "view += part",
        "view[...] = part",
        "overlapping windows do not add up",
    ),
    pooling(
        "GlobalAveragePooling2D",
        f"{GLOBAL}.compute_gradients",
        " / np.prod(places)",
        "",
        "gradient not shared among the places",
    ),
    pooling(
        "GlobalAveragePooling2D",
        f"{GLOBAL}.compute_output",
        "mean(axis=1)",
        "max(axis=1)",
        "largest for mean",
    ),
    pooling(
        "GlobalAveragePooling2D",
        f"{GLOBAL}.compute_gradients",
        "np.prod(places)",
        "places[0]",
        "only the height divided by",
    ),
    pooling(
        "GlobalAveragePooling2D",
        f"{GLOBAL}.compute_output",
        "mean(axis=1)",
        "sum(axis=1)",
        "sum for mean",
    ),
    pooling(
        "GlobalAveragePooling1D",
        f"{GLOBAL}.compute_gradients",
        " / np.prod(places)",
        " / batch",
        "divided by the batch, not by the time steps",
    ),
    pooling(
        "GlobalAveragePooling1D",
        f"{GLOBAL}.compute_output",
        "mean(axis=1)",
        "sum(axis=1)",
        "sum for mean",
    ),
    pooling(
        "GlobalAveragePooling1D",
        f"{GLOBAL}.compute_output",
        "x.reshape(len(x), -1, x.shape[-1]).mean(axis=1)",
        "x[:, -1]",
        "the last time step alone",
    ),
]
for entry in ("Conv2D", "MaxPooling2D", "AveragePooling2D"):
    MUTANTS = [
        m._replace(tests=(*m.tests, f"{GEOMETRY}::{entry}")) if m.entry == entry else m
        for m in MUTANTS
    ]
