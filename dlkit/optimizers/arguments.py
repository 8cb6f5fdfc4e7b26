"""The arguments of an optimizer: what there is, and whether it is allowed."""

import difflib
import inspect

from dlkit import checks

CLIPPING = ("clipnorm", "clipvalue", "global_clipnorm")

# What Keras says with an argument, and this kit with an optimizer of its own.
_ELSEWHERE = {
    "momentum": "Momentum, Nesterov and their velocity are optimizers of their own here: "
    "Momentum(momentum=0.9).",
    "nesterov": "Nesterov momentum is an optimizer of its own here: Nesterov(momentum=0.9).",
    "amsgrad": "AMSGrad is an optimizer of its own here: AMSGrad().",
    "lr": "Write learning_rate.",
    "betas": "Write beta_1 and beta_2.",
    "eps": "Write epsilon.",
    "alpha": "Write rho.",
    **dict.fromkeys(
        (
            "use_ema",
            "ema_momentum",
            "ema_overwrite_frequency",
            "loss_scale_factor",
            "gradient_accumulation_steps",
        ),
        "Keras alone has it: give it to to_keras().",
    ),
}


def signature(rule):
    """Return the signature of the optimizer that hosts ``rule``.

    Parameters
    ----------
    rule : type
        A rule.

    Returns
    -------
    inspect.Signature
        ``learning_rate`` first, then by name alone: the rule's hyper-parameters,
        ``weight_decay``, and the three ways to clip.
    """
    defaults = {name: declared.default for name, declared in rule.hyperparameters.items()}
    defaults |= {"weight_decay": rule.weight_decay} | dict.fromkeys(CLIPPING)
    first = inspect.Parameter(
        "learning_rate", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=rule.learning_rate
    )
    others = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
        for name, default in defaults.items()
    ]
    return inspect.Signature([first, *others])


def checked(rule, arguments):
    """Return all arguments of the optimizer that hosts ``rule``, checked, defaults filled in.

    Parameters
    ----------
    rule : type
        A rule.
    arguments : dict
        What the user gave, by name, without the learning rate.

    Returns
    -------
    dict
        Hyper-parameters, ``weight_decay``, ``clipnorm``, ``clipvalue``, ``global_clipnorm``.

    Raises
    ------
    TypeError
        For an unknown argument (with the nearest known one), or a value that is no number.
    ValueError
        For a value out of range, or more than one way to clip.
    """
    known = ["learning_rate", *rule.hyperparameters, "weight_decay", *CLIPPING]
    for name in arguments:
        if name not in known:
            raise TypeError(_unknown(rule, name, known))
    complete = {
        name: declared.check(name, arguments.get(name, declared.default))
        for name, declared in rule.hyperparameters.items()
    }
    decay = arguments.get("weight_decay", rule.weight_decay)
    complete["weight_decay"] = (
        None if decay is None else checks.number("weight_decay", decay, minimum=0)
    )
    for name in CLIPPING:
        value = arguments.get(name)
        complete[name] = None if value is None else checks.number(name, value, above=0)
    given = [name for name in CLIPPING if complete[name] is not None]
    if len(given) > 1:
        raise ValueError(
            f"Only one of clipnorm, clipvalue and global_clipnorm may be given, but got "
            f"{' and '.join(given)}. Leave out all but one."
        )
    return complete


def _unknown(rule, name, known):
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
    hint = _ELSEWHERE.get(name) or (f"Did you mean {near[0]!r}?" if near else "")
    listing = ", ".join(known)
    return f"{rule.title} has no argument {name!r}; it takes {listing}. {hint}".rstrip()
