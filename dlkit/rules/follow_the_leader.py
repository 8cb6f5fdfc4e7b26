"""FTRL: the one rule here that looks for the parameter's new place instead of a step."""

from dlkit.rules.base import Rule, not_negative, not_positive, positive


class ftrl(Rule):
    """FTRL-Proximal: go to the minimum of all gradients so far, held near the earlier places.

    ::

        power = -learning_rate_power
        l2 = l2_regularization_strength + beta / (2 * learning_rate)
        pull = gradient + 2 * l2_shrinkage_regularization_strength * parameter
        total = accumulator + gradient**2
        sigma = (total**power - accumulator**power) / learning_rate
        linear = linear + pull - sigma * parameter
        quadratic = total**power / learning_rate + 2 * l2
        kept = clip(linear, -l1_regularization_strength, l1_regularization_strength)
        delta = (kept - linear) / quadratic - parameter

    With an l1 strength, parameters that matter little become exactly zero, which is what it is
    for. It starts as if the parameter had been 0: with Keras's defaults, kept here, the first step
    erases the initial weights, which leaves a deep network where it cannot learn; with
    ``initial_accumulator_value=1e-6`` it learns. A schedule must not reach 0, because the rule
    divides by the learning rate. PyTorch has none.

    Source: McMahan et al. (2013), "Ad click prediction: a view from the trenches", algorithm 1;
    ``beta`` is folded into l2 as in Keras.
    """

    title = "Ftrl"
    divides_by_learning_rate = True
    hyperparameters = {
        "learning_rate_power": not_positive(-0.5),
        "initial_accumulator_value": positive(0.1),
        "l1_regularization_strength": not_negative(0.0),
        "l2_regularization_strength": not_negative(0.0),
        "l2_shrinkage_regularization_strength": not_negative(0.0),
        "beta": not_negative(0.0),
    }

    @staticmethod
    def init(xp, parameter, initial_accumulator_value, **_):
        return {
            "accumulator": xp.full_like(parameter, initial_accumulator_value),
            "linear": xp.zeros_like(parameter),
        }

    @staticmethod
    def update(
        xp,
        gradient,
        parameter,
        slots,
        scalars,
        learning_rate,
        learning_rate_power,
        l1_regularization_strength,
        l2_regularization_strength,
        l2_shrinkage_regularization_strength,
        beta,
        **_,
    ):
        accumulator, linear = slots["accumulator"], slots["linear"]
        power = -learning_rate_power
        l2 = l2_regularization_strength + beta / (2 * learning_rate)
        pull = gradient + 2 * l2_shrinkage_regularization_strength * parameter
        total = accumulator + gradient**2
        sigma = (total**power - accumulator**power) / learning_rate
        linear = linear + pull - sigma * parameter
        quadratic = total**power / learning_rate + 2 * l2
        kept = xp.clip(linear, -l1_regularization_strength, l1_regularization_strength)
        delta = (kept - linear) / quadratic - parameter
        return delta, {"accumulator": total, "linear": linear}
