"""What to try after a diagnosis, the likeliest help first, each naming the argument to change."""

from dlkit.training.advice import Advice

USUAL = {"sgd": 0.03, "momentum": 0.01, "nesterov": 0.01, "adagrad": 0.01, "adadelta": 0.1}
"""Optimizer -> a learning rate that often does; 0.002 for all others, which scale their steps."""


def advise(case, curves):
    """Return the advice for one case, the likeliest help first.

    Parameters
    ----------
    case : str
        A label of a diagnosis, or ``"few_epochs"``, ``"few_validated"``, ``"no_validation"``,
        ``"below_zero"``, ``"still_falling"``, ``"on_its_way"``.
    curves : Curves
        Their ``config``, where known, puts today's value beside the advice.

    Returns
    -------
    list of Advice
    """
    advice = _CASES[case](curves)
    if not curves.largest_class_only or case in _NO_RARE_CLASS:
        return advice
    rare = Advice(
        f"The accuracy is no more than the share of the largest class "
        f"({100 * curves.baseline_accuracy:.0f} %), which always naming that class would reach: "
        "give the rare classes more `class_weight`, and look at the recall of each."
    )
    return [rare, *advice]


def rate_share(curves):
    """Return the learning rate over the usual one of the optimizer; NaN where it is unknown."""
    rate = getattr(curves.config, "learning_rate", None)
    return float("nan") if rate is None else rate / _usual_rate(curves)


def thrown_far(curves):
    """Whether the learning rate is known to be ten times the usual one or more."""
    return rate_share(curves) >= 10


def _usual_rate(curves):
    return USUAL.get(curves.config.optimizer, 0.002)


def _diverging(curves):
    return [
        _lower(curves, 1 / 10, "a tenth"),
        Advice("Set `clipnorm=1.0`, so that no step can be too long.", {"clipnorm": 1.0}),
        Advice(
            "Scale the inputs (and, for regression, the targets) to mean 0 and standard "
            "deviation 1, and look for missing values.",
            {"data": "scale"},
        ),
    ]


def _unstable(curves):
    far = (1 / 10, "a tenth") if thrown_far(curves) else (1 / 3, "a third")
    return [
        _lower(curves, *far, to_usual=False),  # it does learn: much shorter steps may be too slow
        Advice(
            "Raise `batch_size`, so that each step follows more samples.",
            {"batch_size": 2 * curves.config.batch_size} if curves.config else {},
        ),
        Advice("Set `clipnorm=1.0`.", {"clipnorm": 1.0}),
    ]


def _not_learning(curves):
    slower = _lower(curves, 1 / 10, "a tenth", ": steps this long can kill all units")
    check = Advice(
        "Check that `y` belongs to `x` row by row, that the inputs are scaled and tell something, "
        "and that `loss` and the last layer's `activation` fit the task.",
        {"data": "check"},
    )
    wider = Advice(
        'Add a hidden layer with `activation="relu"`: without one, only straight borders can be '
        "learnt.",
        {"units": 2},
    )
    thrown = thrown_far(curves) or (curves.epochs and curves.loss[0] > 2 * curves.end > 0)
    slow = not thrown and rate_share(curves) < 1 / 3
    faster = _raise(curves, 10, "a factor of 10")
    if thrown:
        return [slower, check, wider]
    return [faster, check, wider] if slow else [check, wider, faster]


def _too_low(curves):
    return [
        _raise(curves, 10, "a factor of 3 to 10"),
        _more_epochs(curves, "Raise `epochs`", "."),
        Advice('Use `optimizer="adam"`, which finds its own step lengths.', {"optimizer": "adam"}),
    ]


def _overfitting(curves):
    if getattr(curves.config, "early_stopping", False):
        kept = " `early_stopping` is on: the weights of the best epoch are the ones kept."
    else:
        kept = ""
    regular = Advice(
        f"Raise `dropout_rate` (0.2 to 0.5) or `weight_decay`.{kept}", {"dropout_rate": 0.3}
    )
    stop = Advice(
        "Set `early_stopping=True`: it keeps the weights of the best epoch.",
        {"early_stopping": True},
    )
    more = Advice(
        "Use more training data, or augmented data; or fewer `units` per layer.", {"units": 0.5}
    )
    return [regular, more] if kept else [stop, regular, more]


def _underfitting(curves):
    larger = Advice(
        "Use a larger network: more `units` per layer or one more hidden layer.", {"units": 4}
    )
    freer = Advice(
        "Lower `dropout_rate` and `weight_decay`, and leave out `kernel_regularizer`, where they are set.",
        {"dropout_rate": 0.0, "kernel_regularizer": None, "weight_decay": None},
    )
    # Training far above validation shows dropout; good accuracy at a high loss, a penalty.
    held_back = curves.val_loss is not None and curves.val_end < 0.9 * curves.end
    held_back = held_back or curves.good_accuracy
    first = [freer, larger] if held_back else [larger, freer]
    return [*first, _more_epochs(curves, "Raise `epochs`", ", or try another `learning_rate`.")]


def _vanishing(curves):
    return [
        Advice(
            'Use `activation="relu"` with `kernel_initializer="he_normal"` in the hidden layers: '
            "the gradient then keeps its size from layer to layer.",
            {"activation": "relu", "kernel_initializer": "he_normal"},
        ),
        Advice(
            "Put a `BatchNormalization` after each hidden layer, or a `Residual` around pairs of "
            "them.",
        ),
        Advice("Use fewer hidden layers (a shorter list of `units`)."),
    ]


def _exploding(curves):
    return [
        Advice(
            'Use `kernel_initializer="he_normal"` (or `"glorot_uniform"`): the initial weights are '
            "too large, or the inputs are not scaled.",
            {"kernel_initializer": "he_normal"},
        ),
        Advice("Set `clipnorm=1.0`, so that no step can be too long.", {"clipnorm": 1.0}),
        _lower(curves, 1 / 10, "a tenth"),
    ]


def _dead(curves):
    scale = Advice(
        "Scale the inputs to mean 0 and standard deviation 1 (`StandardScaler`): far from 0 they "
        "push whole layers to one side.",
        {"data": "scale"},
    )
    leaky = Advice(
        'Use `activation="leaky_relu"` or `"elu"`, which let a gradient through on both sides, '
        'with `bias_initializer="zeros"`.',
        {"activation": "elu", "bias_initializer": "zeros"},
    )
    slower = _lower(curves, 1 / 10, "a tenth", ": one long step can kill all units")
    if curves.unscaled:
        return [scale, leaky, slower]
    return [slower, leaky, scale] if thrown_far(curves) else [leaky, slower, scale]


def _early(curves):
    epochs = _epochs(curves)
    if getattr(curves.config, "early_stopping", False):
        return [Advice("Nothing needs to change; fewer `epochs` would do.")]
    return [
        Advice(
            f"Nothing needs to change; fewer `epochs` than {epochs}, or `early_stopping=True`, "
            "would do.",
            {"epochs": max(1, epochs // 2)},
        )
    ]


def _lower(curves, factor, words, why="", to_usual=True):
    rate = getattr(curves.config, "learning_rate", None)
    if rate is None:
        return Advice(f"Lower `learning_rate` to {words}{why}.")
    new, usual = rate * factor, _usual_rate(curves)
    if to_usual and thrown_far(curves):  # a tenth of far too much is too much still
        new = min(new, usual)
        words = words if new >= 0.05 * rate else f"{usual:g} or less"
    return _to_rate(f"Lower `learning_rate` to {words}", rate, new, why)


def _raise(curves, factor, words):
    rate = getattr(curves.config, "learning_rate", None)
    if rate is None:
        return Advice(f"Raise `learning_rate` by {words}.")
    return _to_rate(f"Raise `learning_rate` by {words}", rate, rate * factor)


def _to_rate(sentence, rate, new, why=""):
    new = float(f"{new:.2g}")
    return Advice(f"{sentence} (now {rate:g}, try {new:.2g}){why}.", {"learning_rate": new})


def _more_epochs(curves, sentence, rest):
    epochs = _epochs(curves)
    return Advice(f"{sentence} (now {epochs}){rest}", {"epochs": 2 * epochs})


def _epochs(curves):
    return getattr(curves.config, "epochs", None) or curves.epochs


_CASES = {
    "diverging": _diverging,
    "unstable": _unstable,
    "not_learning": _not_learning,
    "learning_rate_too_low": _too_low,
    "overfitting": _overfitting,
    "underfitting": _underfitting,
    "vanishing_gradients": _vanishing,
    "exploding_gradients": _exploding,
    "dead_relu": _dead,
    "good_fit_reached_early": _early,
    "healthy": lambda curves: [],
    "still_falling": lambda curves: [
        _more_epochs(curves, "More `epochs`", " may still gain a little.")
    ],
    "on_its_way": lambda curves: [_more_epochs(curves, "Raise `epochs`", ".")],
    "below_zero": lambda curves: [
        Advice(
            "Record a metric with a known scale beside it, such as `accuracy` or the mean absolute "
            "error; if the loss is 0 all along, look whether `y` reaches it."
        )
    ],
    "few_validated": lambda curves: [
        Advice(
            "Validate on more samples: a larger `validation_split`, more data, or cross-validation."
        )
    ],
    "few_epochs": lambda curves: [Advice("Raise `epochs` to 10 or more, or wait.", {"epochs": 10})],
    "no_validation": lambda curves: [
        Advice(
            "Give `validation_data`, so that both curves can be compared.",
            {"validation_split": 0.2},
        )
    ],
}

_NO_RARE_CLASS = ("diverging", "unstable", "exploding_gradients", "few_epochs")
