"""The controls of RecurrentLab."""

from dlkit.display.controls import menu, slider, text_field
from dlkit.labs.recurrent_gradient import CELLS, NAMES
from dlkit.labs.recurrent_training import CHARACTER_UNITS, EXAMPLES
from dlkit.labs.recurrent_writer import LONGEST_LINE

VIEWS = {
    "adding": "states: adding",
    "text": "states: your text",
    "next": "next character",
    "gradient": "gradient through time",
    "unrolled": "unrolled: cell by cell",
}


def control_groups():
    """Return the controls of RecurrentLab, by the headings under which they stand."""
    return {
        "What to see": {
            "view": menu(
                "adding", [(label, name) for name, label in VIEWS.items()], label="view",
                help="The states of a trained network, what it expects next, or the gradient.",
            ),
            "cell": menu(
                "lstm", [(NAMES[name], name) for name in CELLS], label="cell",
                help="Which recurrent layer; the view of the gradient shows all three.",
            ),
        },
        "Reading": {
            "example": slider(
                3, 1, EXAMPLES, whole=True, label="sequence",
                help="Which of twenty sequences with two marked numbers, none trained on.",
            ),
            "step": slider(
                10, 1, LONGEST_LINE + 1, whole=True, label="time step",
                help="The step whose gates are written out under the picture: one of the 60 of a "
                "sequence, or of the last 60 of a text.",
            ),
            "unit": slider(
                7, 1, CHARACTER_UNITS, whole=True, label="unit",
                help="Whose gates are drawn: 16 units add numbers, 64 read text.",
            ),
        },
        "Your text": {
            "text": text_field(
                "the cats that see a dog sleep", label="text", longest=LONGEST_LINE,
                help="What the network reads. It knows the small letters, space and full stop of "
                "its 2,058 sentences about cats, dogs and robots.",
            ),
            "temperature": slider(
                1.0, 0.1, 2.0, step=0.05, label="temperature",
                help="What the logits are divided by: small is cautious, large is wild.",
            ),
        },
        "Gradient": {
            "length": slider(
                60, 1, 150, whole=True, label="time steps",
                help="From the first step to the one that the loss looks at.",
            ),
            "recurrent_scale": slider(
                1.0, 0.1, 2.0, step=0.05, label="scale of U",
                help="The orthogonal matrix U, through which h comes back, times this number.",
            ),
            "gate_bias": slider(
                1.0, -2.0, 6.0, step=0.1, label="gate bias",
                help="Bias of the gate that keeps the old state: LSTM's forget gate (Keras "
                "starts it at 1) and GRU's update gate (Keras: 0).",
            ),
        },
        "Chance": {
            "seed": slider(
                0, 0, 50, whole=True, label="seed",
                help="Draws other weights for the gradient, and other characters.",
            ),
        },
    }  # fmt: skip
