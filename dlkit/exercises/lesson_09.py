"""Exercises of lesson 09: sizes, sums, pooling, what one output sees, gradients, an own kernel."""

from dlkit.exercises.checks_09 import (
    CONVOLVE,
    FIELD,
    GRADIENT,
    PLACES,
    POOL,
    convolve,
    field,
    kernel_gradient,
    max_pool,
    places,
)
from dlkit.exercises.own_kernel import KERNEL_WRONG_ANSWERS, examine_kernel, falling_kernel
from dlkit.exercises.registry import Exercise

EXERCISES = (
    Exercise(
        id="09.1",
        title="How many places?",
        level="fill in",
        statement="""
A window of `size` pixels moves along an axis of `length` pixels in steps of `stride`. Before it
starts, `border` zeros are put at each end of the axis. Write a function that returns at how many
places the whole window fits.
""",
        starter="""def my_places(length, size, stride, border):
    ...


check("09.1", my_places)
""",
        hints=(
            "Draw seven squares and a window of three. With stride 2: at which squares can it begin?",
            "How long is the axis with its zeros? Take the window away: that is the way it can go.",
            "The way is `length + 2 * border - size`. How many whole steps is that? And 1 for the "
            "place where it starts.",
        ),
        solution=places,
        examine=PLACES,
        wrong_answers=PLACES.wrong_answers(),
    ),
    Exercise(
        id="09.2",
        title="Convolve in colour",
        level="build",
        statement="""
Write a convolution for an image with channels, with loops: `x` has shape (height, width, channels),
`kernel` (kernel height, kernel width, channels), and the window moves by `stride` pixels, only over
whole windows. No bias, no activation. Return one map, shape (rows, columns).
""",
        starter="""def my_convolution(x, kernel, stride):
    ...


check("09.2", my_convolution)
""",
        hints=(
            "First find the number of rows and columns of the result (exercise 09.1, without border).",
            "For place (i, j) the window begins at pixel (i · stride, j · stride). Cut it out with all "
            "its channels.",
            "`(x[top : top + height, left : left + width] * kernel).sum()` is one number of the "
            "result; two loops fill the rest.",
        ),
        solution=convolve,
        examine=CONVOLVE,
        wrong_answers=CONVOLVE.wrong_answers(),
    ),
    Exercise(
        id="09.3",
        title="Max pooling",
        level="build",
        statement="""
Write max pooling with windows of `height` × `width` pixels that lie side by side. `x` has shape
(rows, columns, channels). Pixels at the right and lower edge that fill no whole window are left
out. Return the maxima, shape (rows // height, columns // width, channels).
""",
        starter="""def my_max_pool(x, height, width):
    ...


check("09.3", my_max_pool)
""",
        hints=(
            "Two loops over the windows do it; the maximum goes over two axes of three.",
            "Window (i, j) is `x[i * height : (i + 1) * height, j * width : (j + 1) * width]`.",
            "`.max(axis=(0, 1))` of that window leaves one number per channel. Put them into an "
            "array of zeros of the right shape.",
        ),
        solution=max_pool,
        examine=POOL,
        wrong_answers=POOL.wrong_answers(),
    ),
    Exercise(
        id="09.4",
        title="What one output sees",
        level="build",
        statement="""
The receptive field of an output is the number of pixels (along one axis) that can change it.
`layers` is a list of pairs (window size, stride), convolutions and poolings alike, from the image
to the output. Write a function that returns the receptive field.
""",
        starter="""def my_field(layers):
    ...


check("09.4", my_field)
""",
        hints=(
            "Two 3 × 3 convolutions with stride 1 see 5 pixels. Draw why it is not 6.",
            "Keep two numbers: how many pixels are seen, and how many pixels two neighbours of the "
            "present layer's input stand apart.",
            "Start with 1 and 1. For each layer: `seen += (size - 1) * apart`, then `apart *= stride`.",
        ),
        solution=field,
        examine=FIELD,
        wrong_answers=FIELD.wrong_answers(),
    ),
    Exercise(
        id="09.5",
        title="The kernel's gradient",
        level="build",
        statement=r"""
One channel, stride 1, no padding: $z_{i,j} = \sum_{u,v} x_{i+u,\,j+v}\, k_{u,v}$. Given `x` (height,
width) and `upstream` $= \partial L / \partial z$ (rows, columns), return $\partial L / \partial k$.
Its shape follows from the other two.
""",
        starter="""def my_kernel_gradient(x, upstream):
    ...


check("09.5", my_kernel_gradient)
""",
        hints=(
            "Which pixels does the weight k[0, 0] meet on its way over the image, and which output "
            "does each of these products go into?",
            "One weight is used at every place, so its shares add up over all places: multiply each "
            "upstream with the pixel that the weight met there.",
            "gradient[u, v] is the sum of `x[u : u + rows, v : v + columns] * upstream`; the kernel "
            "has `x.shape[0] - rows + 1` rows.",
        ),
        solution=kernel_gradient,
        examine=GRADIENT,
        wrong_answers=GRADIENT.wrong_answers(),
    ),
    Exercise(
        id="09.6",
        title="A kernel of your own",
        level="open",
        statement=r"""
Design a 3 × 3 kernel that finds strokes which fall from left to right, like a backslash. It must
answer 0 on an even area, and its largest answer to such a stroke, one pixel thick, must be at least
twice its largest answer to a rising, a level and an upright stroke. There are many.
""",
        starter="""row1 = ...  # three numbers
row2 = ...  # three numbers
row3 = ...  # three numbers

check("09.6", (row1, row2, row3))
""",
        hints=(
            "A filter is a small picture of what it looks for. What does the stroke look like in "
            "nine pixels?",
            "Positive weights on the diagonal; and so that even areas give 0, the nine weights must "
            "add up to 0.",
            "Three times 2 on the diagonal is 6. Spread −6 over the six other weights.",
        ),
        solution=falling_kernel,
        examine=examine_kernel,
        wrong_answers=KERNEL_WRONG_ANSWERS,
        value=True,
    ),
)
