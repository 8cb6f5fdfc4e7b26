"""Relatives of Adam: AdamW, AdaMax, AMSGrad and Lion."""

from dlkit.rules.base import Rule, fraction
from dlkit.rules.moments import adam


class adamw(adam):
    """AdamW: Adam, with weight decay beside the gradient instead of inside it.

    ::

        parameter = parameter - learning_rate * weight_decay * parameter

    and then Adam's step. The host does this for every rule that is given a ``weight_decay``, so
    that AdamW differs from Adam by its default of 0.004 alone (PyTorch's is 0.01). Added to the
    gradient, as in PyTorch's ``Adam(weight_decay=...)``, it would be divided by the root of the
    second moment like everything else, and large weights with large gradients would hardly decay.

    Source: Loshchilov and Hutter (2019), "Decoupled weight decay regularization", algorithm 2.
    """

    title = "AdamW"
    weight_decay = 0.004


class adamax(Rule):
    """AdaMax: Adam with the largest gradient of late in place of the root of the mean square.

    ::

        correction = 1 / (1 - beta_1**step)
        first_moment = beta_1 * first_moment + (1 - beta_1) * gradient
        norm = maximum(beta_2 * norm, abs(gradient))
        delta = -learning_rate * correction * first_moment / (norm + epsilon)

    ``epsilon`` is added after the maximum, as in Keras; PyTorch adds it inside.

    Source: Kingma and Ba (2015), "Adam: a method for stochastic optimization", algorithm 2.
    """

    title = "AdaMax"
    hyperparameters = adam.hyperparameters

    @staticmethod
    def init(xp, parameter, **_):
        return {"first_moment": xp.zeros_like(parameter), "norm": xp.zeros_like(parameter)}

    @staticmethod
    def advance(step, scalars, beta_1, **_):
        correction = 1 / (1 - beta_1**step)
        return {"correction": correction}

    @staticmethod
    def update(xp, gradient, parameter, slots, scalars, learning_rate, beta_1, beta_2, epsilon):
        first_moment, norm = slots["first_moment"], slots["norm"]
        correction = scalars["correction"]
        first_moment = beta_1 * first_moment + (1 - beta_1) * gradient
        norm = xp.maximum(beta_2 * norm, xp.abs(gradient))
        delta = -learning_rate * correction * first_moment / (norm + epsilon)
        return delta, {"first_moment": first_moment, "norm": norm}


class amsgrad(Rule):
    """AMSGrad: Adam whose divisor never falls.

    ::

        correction = (1 - beta_2**step) ** 0.5 / (1 - beta_1**step)
        first_moment = beta_1 * first_moment + (1 - beta_1) * gradient
        second_moment = beta_2 * second_moment + (1 - beta_2) * gradient**2
        largest = maximum(largest, second_moment)
        delta = -learning_rate * correction * first_moment / (sqrt(largest) + epsilon)

    The maximum is that of the raw second moment, as in Keras (``Adam(amsgrad=True)``) and PyTorch;
    optax takes that of the corrected one. The paper has no correction.

    Source: Reddi, Kale and Kumar (2018), "On the convergence of Adam and beyond", algorithm 2.
    """

    title = "AMSGrad"
    hyperparameters = adam.hyperparameters
    advance = adam.advance

    @staticmethod
    def init(xp, parameter, **_):
        return {
            "first_moment": xp.zeros_like(parameter),
            "second_moment": xp.zeros_like(parameter),
            "largest": xp.zeros_like(parameter),
        }

    @staticmethod
    def update(xp, gradient, parameter, slots, scalars, learning_rate, beta_1, beta_2, epsilon):
        first_moment, second_moment = slots["first_moment"], slots["second_moment"]
        correction, largest = scalars["correction"], slots["largest"]
        first_moment = beta_1 * first_moment + (1 - beta_1) * gradient
        second_moment = beta_2 * second_moment + (1 - beta_2) * gradient**2
        largest = xp.maximum(largest, second_moment)
        delta = -learning_rate * correction * first_moment / (xp.sqrt(largest) + epsilon)
        return delta, {
            "first_moment": first_moment,
            "second_moment": second_moment,
            "largest": largest,
        }


class lion(Rule):
    """Lion: steps of one size, in the direction of the sign of a mean gradient.

    ::

        direction = sign(beta_1 * mean + (1 - beta_1) * gradient)
        mean = beta_2 * mean + (1 - beta_2) * gradient
        delta = -learning_rate * direction

    Every element moves by ``learning_rate`` at every step, so that it wants a learning rate three
    to ten times smaller than Adam's. Keras and the paper agree; PyTorch has none.

    Source: Chen et al. (2023), "Symbolic discovery of optimization algorithms", program 1.
    """

    title = "Lion"
    hyperparameters = {"beta_1": fraction(0.9), "beta_2": fraction(0.99)}

    @staticmethod
    def init(xp, parameter, **_):
        return {"mean": xp.zeros_like(parameter)}

    @staticmethod
    def update(xp, gradient, parameter, slots, scalars, learning_rate, beta_1, beta_2):
        mean = slots["mean"]
        direction = xp.sign(beta_1 * mean + (1 - beta_1) * gradient)
        mean = beta_2 * mean + (1 - beta_2) * gradient
        delta = -learning_rate * direction
        return delta, {"mean": mean}
