"""Rules that divide each gradient by the size that it usually has."""

from dlkit.rules.base import Rule, fraction, not_negative, positive, truth_value


class adagrad(Rule):
    """AdaGrad: divide by the root of the sum of all squared gradients so far.

    ::

        accumulator = accumulator + gradient**2
        delta = -learning_rate * gradient / sqrt(accumulator + epsilon)

    The accumulator only grows, so that the steps only shrink. As in Keras, ``epsilon`` stands
    inside the root and the accumulator starts at ``initial_accumulator_value=0.1``; in PyTorch
    ``epsilon`` stands outside and the accumulator starts at 0.

    Source: Duchi, Hazan and Singer (2011), "Adaptive subgradient methods for online learning and
    stochastic optimization", equation 1 with a diagonal matrix.
    """

    title = "AdaGrad"
    hyperparameters = {
        "initial_accumulator_value": not_negative(0.1),
        "epsilon": positive(1e-7),
    }

    @staticmethod
    def init(xp, parameter, initial_accumulator_value, **_):
        return {"accumulator": xp.full_like(parameter, initial_accumulator_value)}

    @staticmethod
    def update(xp, gradient, parameter, slots, scalars, learning_rate, epsilon, **_):
        accumulator = slots["accumulator"]
        accumulator = accumulator + gradient**2
        delta = -learning_rate * gradient / xp.sqrt(accumulator + epsilon)
        return delta, {"accumulator": accumulator}


class rmsprop(Rule):
    """RMSProp: divide by the root of the moving average of the squared gradients.

    ::

        mean_square = rho * mean_square + (1 - rho) * gradient**2
        spread = mean_square
        step = learning_rate * gradient / sqrt(spread + epsilon)
        delta = -step

    ``centered=True`` divides by the spread of the gradients around their own moving average::

        mean = rho * mean + (1 - rho) * gradient
        spread = maximum(mean_square - mean**2, 0)

    (rounding alone can make the difference negative), and ``momentum`` above 0 keeps part of the
    velocity, in units of the parameter::

        velocity = momentum * velocity + step
        delta = -velocity

    As in Keras, ``epsilon`` stands inside the root, ``rho`` is 0.9 and the learning rate is inside
    the velocity. In PyTorch ``epsilon`` stands outside, ``rho`` is called ``alpha`` and is 0.99,
    and the learning rate is outside, which is the same while it is constant.

    Source: Hinton, Srivastava and Swersky (2012), "Neural networks for machine learning", lecture
    6e; centred and with momentum Graves (2013), "Generating sequences with recurrent neural
    networks", equations 38 to 41.
    """

    title = "RMSProp"
    hyperparameters = {
        "rho": fraction(0.9),
        "momentum": fraction(0.0),
        "epsilon": positive(1e-7),
        "centered": truth_value(False),
    }

    @staticmethod
    def init(xp, parameter, momentum=0.0, centered=False, **_):
        names = ["mean_square"] + ["mean"] * centered + ["velocity"] * (momentum > 0)
        return {name: xp.zeros_like(parameter) for name in names}

    @staticmethod
    def update(
        xp,
        gradient,
        parameter,
        slots,
        scalars,
        learning_rate,
        rho,
        epsilon,
        momentum=0.0,
        centered=False,
    ):
        mean_square = slots["mean_square"]
        mean_square = rho * mean_square + (1 - rho) * gradient**2
        updated = {"mean_square": mean_square}
        spread = mean_square
        if centered:
            mean = slots["mean"]
            mean = rho * mean + (1 - rho) * gradient
            spread = xp.maximum(mean_square - mean**2, 0)
            updated["mean"] = mean
        step = learning_rate * gradient / xp.sqrt(spread + epsilon)
        delta = -step
        if momentum > 0:
            velocity = slots["velocity"]
            velocity = momentum * velocity + step
            delta = -velocity
            updated["velocity"] = velocity
        return delta, updated


class adadelta(Rule):
    """Adadelta: steps whose size comes from the steps before, instead of a learning rate.

    ::

        mean_square = rho * mean_square + (1 - rho) * gradient**2
        change = -sqrt(mean_square_change + epsilon) / sqrt(mean_square + epsilon) * gradient
        mean_square_change = rho * mean_square_change + (1 - rho) * change**2
        delta = learning_rate * change

    ``change`` has the parameter's units. The paper has no learning rate, that is
    ``learning_rate=1``, PyTorch's default; Keras's default 0.001, kept here, hardly moves.

    Source: Zeiler (2012), "Adadelta: an adaptive learning rate method", algorithm 1.
    """

    title = "Adadelta"
    hyperparameters = {"rho": fraction(0.95), "epsilon": positive(1e-7)}

    @staticmethod
    def init(xp, parameter, **_):
        return {
            "mean_square": xp.zeros_like(parameter),
            "mean_square_change": xp.zeros_like(parameter),
        }

    @staticmethod
    def update(xp, gradient, parameter, slots, scalars, learning_rate, rho, epsilon):
        mean_square, mean_square_change = slots["mean_square"], slots["mean_square_change"]
        mean_square = rho * mean_square + (1 - rho) * gradient**2
        change = -xp.sqrt(mean_square_change + epsilon) / xp.sqrt(mean_square + epsilon) * gradient
        mean_square_change = rho * mean_square_change + (1 - rho) * change**2
        delta = learning_rate * change
        return delta, {"mean_square": mean_square, "mean_square_change": mean_square_change}
