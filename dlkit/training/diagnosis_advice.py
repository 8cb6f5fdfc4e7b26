"""What to try after a diagnosis, the likeliest help first, each naming the argument to change."""


def advise(case, curves):
    """Return sentences for one case.

    Parameters
    ----------
    case : str
        A label of a diagnosis, or ``"few_epochs"``, ``"no_validation"``, ``"still_falling"``.
    curves : Curves
        Their ``config``, where known, puts today's value beside the advice.

    Returns
    -------
    list of str
    """
    config = curves.config
    rate = getattr(config, "learning_rate", None)
    epochs = getattr(config, "epochs", None) or curves.epochs
    stopping = bool(getattr(config, "early_stopping", False))
    lower, much_lower, higher = _rate(rate, 1 / 3), _rate(rate, 1 / 10), _rate(rate, 10)
    table = {
        "diverging": [
            f"Lower `learning_rate` to a tenth{much_lower}.",
            "Set `clipnorm=1.0`, so that no step can be too long.",
            (
                "Scale the inputs (and, for regression, the targets) to mean 0 and standard "
                "deviation 1, and look for missing values."
            ),
        ],
        "unstable": [
            f"Lower `learning_rate` to a third{lower}.",
            "Raise `batch_size`, so that each step follows more samples.",
            "Set `clipnorm=1.0`.",
        ],
        "not_learning": _not_learning(curves, much_lower, higher),
        "learning_rate_too_low": [
            f"Raise `learning_rate` by a factor of 3 to 10{higher}.",
            f"Raise `epochs` (now {epochs}).",
            'Use `optimizer="adam"`, which finds its own step lengths.',
        ],
        "overfitting": [
            *(
                ["`early_stopping` is on: the weights of the best epoch are the ones kept."]
                if stopping
                else ["Set `early_stopping=True`: it keeps the weights of the best epoch."]
            ),
            "Raise `dropout_rate` (0.2 to 0.5) or `weight_decay`.",
            "Use more training data, or augmented data; or fewer `units` per layer.",
        ],
        "underfitting": [
            "Use a larger network: more `units` per layer or one more hidden layer.",
            "Lower `dropout_rate` and `weight_decay`, if they are above 0.",
            f"Raise `epochs` (now {epochs}), or try another `learning_rate`{higher}.",
        ],
        "good_fit_reached_early": (
            ["Nothing needs to change; fewer `epochs` would do."]
            if stopping
            else [
                f"Nothing needs to change; fewer `epochs` than {epochs}, or `early_stopping=True`, would do."
            ]
        ),
        "healthy": [],
        "still_falling": [f"More `epochs` (now {epochs}) may still gain a little."],
        "few_epochs": ["Raise `epochs` to 10 or more, or wait."],
        "no_validation": ["Give `validation_data`, so that both curves can be compared."],
    }
    return table[case]


def _not_learning(curves, much_lower, higher):
    rate = getattr(curves.config, "learning_rate", None)
    thrown = rate is not None and rate >= 0.05
    if curves.epochs:
        thrown = thrown or curves.loss[0] > 2 * curves.end > 0
    slower = f"Lower `learning_rate` to a tenth{much_lower}: steps this long can kill all units."
    faster = f"Raise `learning_rate` by a factor of 10{higher}."
    return [
        slower if thrown else faster,
        (
            "Check that `y` belongs to `x` row by row, that the inputs are scaled, and that `loss` and "
            "the last layer's `activation` fit the task."
        ),
        (
            'Add a hidden layer with `activation="relu"`: without one, only straight borders can be '
            "learnt."
        ),
        *([] if thrown else [slower.replace(": steps this long can kill all units", "")]),
    ]


def _rate(rate, factor):
    if rate is None:
        return ""
    return f" (now {rate:g}, try {rate * factor:.2g})"
