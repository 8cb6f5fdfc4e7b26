"""What the arguments of recurrent layers take: of constructors and of methods."""

import numpy as np
from bad_values import Argument, Made, array, choice, truth
from good_common import ACTIVATION, fraction, optional

from dlkit import layers

UNITS = 3  # as ARGUMENTS says
STEP, STATE = (
    array(np.ones((6, 2), "float32"), names=("x", "h")),
    np.full((6, UNITS), 0.5, "float32"),
)
H = array(STATE)
NO_STATE = (3.0, "text", {}, STATE[:3], STATE[:, :1], STATE * np.nan, STATE.astype(str), STATE[0])
NO_PAIR = (*NO_STATE, STATE, (STATE,), (STATE,) * 3, (STATE, None), (STATE, STATE[:3]))
PAIR = Argument((STATE, STATE), NO_PAIR, ([STATE, STATE], None))

FUNCTION = optional(ACTIVATION)
FUNCTION = Argument(**{**vars(FUNCTION), "bad": (*FUNCTION.bad, "softmax", "log_softmax")})
SHARED = {"activation": FUNCTION, "recurrent_activation": FUNCTION, "dropout": fraction()}
SHARED |= {
    name: truth(False)
    for name in ("unit_forget_bias", "return_sequences", "go_backwards", "reset_after")
}
NOT_RECURRENT = (3, "text", [], {}, True, object(), layers.LSTM, {"kind": "LSTN", "units": 3})
NOT_RECURRENT += ({"kind": "LSTM"}, Made(lambda: layers.Dense(3)))


def forward(states):
    """Return what ``forward`` and ``backward`` of a layer with such states take."""
    return {"initial_state": states, "final_gradient": states}


RECURRENT_CONSTRUCTORS = {
    **dict.fromkeys(("SimpleRNN", "LSTM", "GRU"), SHARED),
    "Bidirectional": {
        "layer": Argument(Made(lambda: layers.LSTM(3)), (None, *NOT_RECURRENT)),
        "merge_mode": choice("sum", ("concat", "sum", "mul", "ave")),
        "backward_layer": Argument(
            Made(lambda: layers.LSTM(3, go_backwards=True)),
            (
                *NOT_RECURRENT,
                Made(lambda: layers.LSTM(3)),
                Made(lambda: layers.LSTM(3, go_backwards=True, return_sequences=True)),
            ),
            (None,),
        ),
    },
}

RECURRENT = {
    **{
        f"layers.{kind}.{method}": forward(PAIR if kind == "LSTM" else optional(array(STATE)))
        for kind in ("SimpleRNN", "LSTM", "GRU")
        for method in ("forward", "backward")
    },
    **{f"layers.{kind}.step": {"x": STEP, "h": H, "c": H} for kind in ("SimpleRNN", "LSTM", "GRU")},
}
