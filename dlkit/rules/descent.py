"""Gradient descent and its two forms of momentum."""

from dlkit.rules.base import Rule, fraction


class sgd(Rule):
    """Gradient descent: walk against the gradient.

    ::

        delta = -learning_rate * gradient

    Whether it is batch, mini-batch or stochastic gradient descent depends only on how many samples
    the gradient was averaged over. Keras and PyTorch agree.

    Source: Robbins and Monro (1951), "A stochastic approximation method", equation 6.
    """

    title = "SGD"
    learning_rate = 0.01

    @staticmethod
    def update(xp, gradient, parameter, slots, scalars, learning_rate):
        delta = -learning_rate * gradient
        return delta, {}


class momentum(Rule):
    """Momentum: a heavy ball that keeps part of its velocity at each step.

    ::

        velocity = momentum * velocity - learning_rate * (1 - dampening) * gradient
        delta = velocity

    ``dampening=0`` is the heavy ball, whose velocity is a sum of gradients; ``dampening=momentum``
    is the other textbook form, whose velocity is their moving average, so that its steps are
    ``1 - momentum`` times as long. The learning rate stands inside the velocity, as in Keras;
    PyTorch multiplies by it outside, which is the same while it is constant, and leaves its first
    dampened step undamped.

    Source: Polyak (1964), "Some methods of speeding up the convergence of iteration methods",
    equation 9.
    """

    title = "Momentum"
    learning_rate = 0.01
    hyperparameters = {"momentum": fraction(0.9), "dampening": fraction(0.0)}

    @staticmethod
    def init(xp, parameter, **_):
        return {"velocity": xp.zeros_like(parameter)}

    @staticmethod
    def update(xp, gradient, parameter, slots, scalars, learning_rate, momentum, dampening):
        velocity = slots["velocity"]
        velocity = momentum * velocity - learning_rate * (1 - dampening) * gradient
        delta = velocity
        return delta, {"velocity": velocity}


class nesterov(Rule):
    """Nesterov momentum: as momentum, but looking one step ahead.

    ::

        velocity = momentum * velocity - learning_rate * gradient
        delta = momentum * velocity - learning_rate * gradient

    The parameters that you see are the ones looked ahead to, so that the gradient is asked for at
    the place where the next step begins. Keras has it as ``SGD(momentum=..., nesterov=True)``;
    PyTorch's form is the same while the learning rate is constant.

    Source: Nesterov (1983); in this form Sutskever et al. (2013), "On the importance of
    initialization and momentum in deep learning", equations 3 and 4, and Bengio et al. (2013),
    "Advances in optimizing recurrent networks", equation 7.
    """

    title = "Nesterov"
    learning_rate = 0.01
    hyperparameters = {"momentum": fraction(0.9)}

    @staticmethod
    def init(xp, parameter, **_):
        return {"velocity": xp.zeros_like(parameter)}

    @staticmethod
    def update(xp, gradient, parameter, slots, scalars, learning_rate, momentum):
        velocity = slots["velocity"]
        velocity = momentum * velocity - learning_rate * gradient
        delta = momentum * velocity - learning_rate * gradient
        return delta, {"velocity": velocity}
