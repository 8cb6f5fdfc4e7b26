"""The update rules, pure: the only copy, run by the NumPy engine and by Keras.

Each rule is a name for three functions, which change nothing they are given:

- ``init(xp, parameter, **hyperparameters)`` returns its slots: arrays of the parameter's shape that
  it remembers;
- ``advance(step, scalars, **hyperparameters)`` returns what belongs to a step and not to a
  parameter, once per step, counted from 1;
- ``update(xp, gradient, parameter, slots, scalars, learning_rate, **hyperparameters)`` returns what
  to add to the parameter (``delta``, in the parameter's units) and the new slots.

``xp`` is ``numpy`` or ``keras.ops``. L-BFGS, which needs the whole loss, has a host of its own and is
not in `RULES`. To add an optimizer, write its rule and add it to `RULES`.
"""

from dlkit.rules.adam_family import adamax, adamw, amsgrad, lion
from dlkit.rules.adaptive import adadelta, adagrad, rmsprop
from dlkit.rules.base import Hyperparameter, Rule
from dlkit.rules.descent import momentum, nesterov, sgd
from dlkit.rules.follow_the_leader import ftrl
from dlkit.rules.moments import adam, nadam
from dlkit.rules.quasi_newton import lbfgs

RULES = {
    "sgd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adam": adam,
    "nadam": nadam,
    "adadelta": adadelta,
    "adamw": adamw,
    "adamax": adamax,
    "amsgrad": amsgrad,
    "lion": lion,
    "ftrl": ftrl,
}

__all__ = ["RULES", "Hyperparameter", "Rule", *RULES, "lbfgs"]
