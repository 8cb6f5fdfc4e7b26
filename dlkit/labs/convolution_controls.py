"""The controls of ConvolutionLab."""

from dlkit.display.controls import menu, slider, stops
from dlkit.labs.convolution_model import KERNELS, SAMPLES, SIDE
from dlkit.labs.convolution_words import KERNEL_NAMES

INK = {"lifted": None, "ink": 1.0, "grey": 0.5, "paper": 0.0}
"""What each pen leaves behind."""


PLACES = ("row", "column")


def control_groups():
    """Return the controls of the lab: group title -> field name -> widget."""
    kernels = [(KERNEL_NAMES[name], name) for name in KERNELS]
    return {
        "What to look at": {
            "view": menu(
                "slide",
                [
                    ("a kernel that slides", "slide"),
                    ("the layers of a network", "layers"),
                    ("a patch that covers", "occlusion"),
                ],
                label="view",
                help="The kernel at work; a trained network from the image to its answer; or "
                "what the network says when a patch of the image is covered.",
            ),
            "source": menu(
                "digit",
                [("a digit of the data set", "digit"), ("your sheet", "sheet")],
                label="image",
                help="A digit that the network has not seen in training, or what you draw.",
            ),
            "digit": stops(
                3, range(10), label="digit", help="Which digit; copy it to draw on it."
            ),
            "sample": slider(
                1,
                1,
                SAMPLES,
                whole=True,
                label="number",
                help=f"Which of {SAMPLES} people's digits.",
            ),
        },
        "The kernel": {
            "kernel": menu(
                "sobel_x",
                kernels,
                label="kernel",
                help="Nine weights: made by hand, or learnt by the network's first layer "
                "(without its bias and its ReLU).",
            ),
            "stride": slider(
                1, 1, 3, whole=True, label="stride", help="Pixels from one place to the next."
            ),
            "padding": menu(
                "valid",
                ("valid", "same"),
                label="padding",
                help="valid: only whole windows; same: zeros around the image, so that with "
                "stride 1 its size stays.",
            ),
            **{
                name: slider(
                    value, 1, SIDE, whole=True, label=name, help=f"The {name} of the result "
                    "whose nine products are written out.",
                )
                for name, value in zip(PLACES, (2, 2), strict=True)
            },
        },
        "The covering patch": {
            "patch": slider(
                2, 1, 4, whole=True, label="size", unit="pixels", help="Its height and width."
            ),
            "cover": menu(
                "paper",
                [(name, name) for name in ("paper", "grey", "ink")],
                label="cover with",
                help="What the patch is filled with: paper rubs ink out.",
            ),
        },
        "Your pen": {
            "pen": menu(
                "lifted",
                [(name, name) for name in INK],
                label="pen",
                help="A pen that is not lifted marks every pixel it is moved to. With the "
                "mouse: press the squares below.",
            ),
            **{
                f"pen_{name}": slider(
                    1, 1, SIDE, whole=True, label=f"pen {name}", help=f"The {name} of the pen."
                )
                for name in PLACES
            },
        },
    }  # fmt: skip
