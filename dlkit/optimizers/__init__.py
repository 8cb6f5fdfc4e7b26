"""Optimizers: the update rules of `dlkit.rules`, with the state that they need.

Every rule has its class here, made from the rule's own declaration, so that names, defaults and
ranges stand in one place; L-BFGS, which needs the whole loss, has one of its own. ``OPTIMIZERS`` maps
a rule's name to its class.
"""

from dlkit import checks
from dlkit.optimizers.arguments import signature
from dlkit.optimizers.host import Optimizer
from dlkit.optimizers.lbfgs import LBFGS, Minimum
from dlkit.optimizers.pairing import NonFiniteGradientError
from dlkit.rules import RULES

_COMMON = """
    Parameters
    ----------
    learning_rate : float or Schedule
        Above 0.
    {hyperparameters}
    weight_decay : float, optional
        Before each step, ``learning_rate * weight_decay`` times itself is taken from every
        parameter (decoupled from the gradient, as in Keras).
    clipnorm : float, optional
        The largest norm of each parameter's gradient.
    clipvalue : float, optional
        The largest absolute value of each element of a gradient.
    global_clipnorm : float, optional
        The largest norm of all gradients together. At most one of the three may be given.

    Raises
    ------
    TypeError, ValueError
        For an unknown argument, or a value that is no number or out of range.
"""


def _words(limits):
    return ", ".join(f"{bound} {value}" for bound, value in limits.items())


def _host(rule):
    """Return the optimizer class that hosts a rule."""

    class Host(Optimizer):
        def __init__(self, learning_rate=rule.learning_rate, **arguments):
            super().__init__(learning_rate, **arguments)

    Host.rule = rule
    Host.__name__ = Host.__qualname__ = rule.title
    Host.__module__ = __name__
    Host.__signature__ = signature(rule)
    listing = "\n    ".join(
        f"{name} : {type(declared.default).__name__}\n        "
        f"Default {declared.default}; {_words(declared.limits) or 'True or False'}."
        for name, declared in rule.hyperparameters.items()
    )
    Host.__doc__ = (rule.__doc__ or "") + _COMMON.format(hyperparameters=listing or "")
    return Host


OPTIMIZERS = {name: _host(rule) for name, rule in RULES.items()} | {"lbfgs": LBFGS}

globals().update({host.__name__: host for host in OPTIMIZERS.values()})


def get(optimizer, **arguments):
    """Return an optimizer, by its name, class, configuration, or as it is.

    Parameters
    ----------
    optimizer : str or type or dict or Optimizer
        ``"adam"`` or ``"Adam"``; an optimizer class; what ``get_config()`` gave; or an optimizer.
    **arguments
        The optimizer's arguments. With an optimizer or a configuration they replace its own, and
        a new optimizer is returned.

    Returns
    -------
    Optimizer

    Raises
    ------
    TypeError
        If ``optimizer`` is something else.
    ValueError
        If the name is unknown; the message suggests the nearest known one.
    """
    if isinstance(optimizer, Optimizer):
        return get(optimizer.get_config(), **arguments) if arguments else optimizer
    if isinstance(optimizer, type) and issubclass(optimizer, Optimizer) and optimizer.rule:
        return optimizer(**arguments)
    if isinstance(optimizer, dict) and "name" in optimizer:
        settings = {**optimizer, **arguments}
        return get(settings.pop("name"), **settings)
    name = optimizer.lower() if isinstance(optimizer, str) else optimizer
    return OPTIMIZERS[checks.choice("optimizer", name, OPTIMIZERS)](**arguments)


__all__ = ["OPTIMIZERS", "Minimum", "NonFiniteGradientError", "Optimizer", "get"]
__all__ += [host.__name__ for host in OPTIMIZERS.values()]
