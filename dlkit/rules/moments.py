"""Adam and Nadam: a mean of the gradients, divided by the root of a mean of their squares."""

from dlkit.rules.base import Rule, fraction, positive


class adam(Rule):
    """Adam: the mean gradient, divided by the root of the mean squared gradient.

    ::

        correction = (1 - beta_2**step) ** 0.5 / (1 - beta_1**step)
        first_moment = beta_1 * first_moment + (1 - beta_1) * gradient
        second_moment = beta_2 * second_moment + (1 - beta_2) * gradient**2
        delta = -learning_rate * correction * first_moment / (sqrt(second_moment) + epsilon)

    Both moments start at zero and are too small at first; ``correction`` makes up for it. This is
    the order of computation proposed at the end of the paper's section 2, as in Keras: ``epsilon``
    is added to the uncorrected root. The paper's algorithm 1 and PyTorch add it to the corrected
    root, which is as if ``epsilon`` here were ``sqrt(1 - beta_2**step)`` times as large.

    Source: Kingma and Ba (2015), "Adam: a method for stochastic optimization", section 2.
    """

    title = "Adam"
    hyperparameters = {
        "beta_1": fraction(0.9),
        "beta_2": fraction(0.999),
        "epsilon": positive(1e-7),
    }

    @staticmethod
    def init(xp, parameter, **_):
        return {
            "first_moment": xp.zeros_like(parameter),
            "second_moment": xp.zeros_like(parameter),
        }

    @staticmethod
    def advance(step, scalars, beta_1, beta_2, **_):
        correction = (1 - beta_2**step) ** 0.5 / (1 - beta_1**step)
        return {"correction": correction}

    @staticmethod
    def update(xp, gradient, parameter, slots, scalars, learning_rate, beta_1, beta_2, epsilon):
        first_moment, second_moment = slots["first_moment"], slots["second_moment"]
        correction = scalars["correction"]
        first_moment = beta_1 * first_moment + (1 - beta_1) * gradient
        second_moment = beta_2 * second_moment + (1 - beta_2) * gradient**2
        delta = -learning_rate * correction * first_moment / (xp.sqrt(second_moment) + epsilon)
        return delta, {"first_moment": first_moment, "second_moment": second_moment}


class nadam(Rule):
    """Nadam: Adam with Nesterov's look ahead.

    ::

        momentum = beta_1 * (1 - 0.5 * 0.96**step)
        next_momentum = beta_1 * (1 - 0.5 * 0.96 ** (step + 1))
        product = product * momentum
        ahead = next_momentum / (1 - product * next_momentum)
        here = (1 - momentum) / (1 - product)
        square_correction = 1 / (1 - beta_2**step)
        first_moment = beta_1 * first_moment + (1 - beta_1) * gradient
        second_moment = beta_2 * second_moment + (1 - beta_2) * gradient**2
        mean = ahead * first_moment + here * gradient
        root = sqrt(square_correction * second_moment)
        delta = -learning_rate * mean / (root + epsilon)

    The momentum warms up from about half of ``beta_1`` to ``beta_1``, as in Keras, by
    ``0.96**step``; PyTorch's default is ``0.96**(0.004 * step)``, which warms up 250 times as
    slowly.

    Source: Dozat (2016), "Incorporating Nesterov momentum into Adam", algorithm 2 with the warm-up
    of its section 3.
    """

    title = "Nadam"
    hyperparameters = adam.hyperparameters
    initial_scalars = {"product": 1.0}

    @staticmethod
    def init(xp, parameter, **_):
        return {
            "first_moment": xp.zeros_like(parameter),
            "second_moment": xp.zeros_like(parameter),
        }

    @staticmethod
    def advance(step, scalars, beta_1, beta_2, **_):
        momentum = beta_1 * (1 - 0.5 * 0.96**step)
        next_momentum = beta_1 * (1 - 0.5 * 0.96 ** (step + 1))
        product = scalars["product"]
        product = product * momentum
        ahead = next_momentum / (1 - product * next_momentum)
        here = (1 - momentum) / (1 - product)
        square_correction = 1 / (1 - beta_2**step)
        return {
            "product": product,
            "ahead": ahead,
            "here": here,
            "square_correction": square_correction,
        }

    @staticmethod
    def update(xp, gradient, parameter, slots, scalars, learning_rate, beta_1, beta_2, epsilon):
        first_moment, second_moment = slots["first_moment"], slots["second_moment"]
        ahead, here = scalars["ahead"], scalars["here"]
        square_correction = scalars["square_correction"]
        first_moment = beta_1 * first_moment + (1 - beta_1) * gradient
        second_moment = beta_2 * second_moment + (1 - beta_2) * gradient**2
        mean = ahead * first_moment + here * gradient
        root = xp.sqrt(square_correction * second_moment)
        delta = -learning_rate * mean / (root + epsilon)
        return delta, {"first_moment": first_moment, "second_moment": second_moment}
