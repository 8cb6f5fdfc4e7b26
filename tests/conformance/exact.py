"""Activations in 150 digits, straight from their definitions: a reference without any rounding.

Nothing here is written for floating point; no exponential overflows, no difference cancels. Slopes
are central differences, which in so many digits are exact too. It settles what a peer's rounded
constants leave open.
"""

from decimal import Decimal, localcontext

import numpy as np

ONE = Decimal(1)
STEP = Decimal(10) ** -40
PI = Decimal(
    "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899863"
)


def exp(x):
    return x.exp()


def tanh(x):
    return (exp(x) - exp(-x)) / (exp(x) + exp(-x))


def softplus(x):
    return (1 + exp(x)).ln()


def sigmoid(x):
    return 1 / (1 + exp(-x))


def normal_distribution(x):
    """Φ(x): its series around 0, and beyond ±12 the 0 or 1 that it is to 32 digits."""
    if abs(x) > 12:
        return ONE if x > 0 else Decimal(0)
    term, total, n = x, x, 0
    while abs(term) > Decimal(10) ** -90:
        n += 1
        term *= -x * x / (2 * n)
        total += term / (2 * n + 1)
    return ONE / 2 + total / (2 * PI).sqrt()


def selu(x):
    # The constants as they are printed in the paper's code (Klambauer et al. 2017).
    alpha, scale = Decimal("1.6732632423543772848170429916717"), Decimal("1.0507009873554804934193")
    return scale * (x if x > 0 else alpha * (exp(x) - 1))


ACTIVATIONS = {
    "sigmoid": sigmoid,
    "tanh": tanh,
    "relu": lambda x: max(x, Decimal(0)),
    "leaky_relu": lambda x: x if x > 0 else x / 8,
    "elu": lambda x: x if x > 0 else (exp(x) - 1) / 2,
    "selu": selu,
    "gelu": lambda x: x * normal_distribution(x),
    "gelu, approximate": lambda x: (
        x / 2 * (1 + tanh((2 / PI).sqrt() * (x + Decimal("0.044715") * x**3)))
        if abs(x) < 30
        else max(x, Decimal(0))
    ),
    "silu": lambda x: x * sigmoid(x),
    "softplus": softplus,
    "softsign": lambda x: x / (1 + abs(x)),
    "hard_sigmoid": lambda x: min(max(x / 6 + ONE / 2, Decimal(0)), ONE),
    "mish": lambda x: x * tanh(softplus(x)),
    "linear": lambda x: x,
}


def value_and_slope(name, x):
    """Return f(x) and df/dx as float64 arrays, each correct to its last digit."""
    f = ACTIVATIONS[name]
    values, slopes = np.empty(x.shape), np.empty(x.shape)
    with localcontext() as context:
        context.prec = 150
        for place, number in np.ndenumerate(x):
            point = Decimal(float(number))
            values[place] = float(f(point))
            slopes[place] = float((f(point + STEP) - f(point - STEP)) / (2 * STEP))
    return values, slopes


def log_softmax_rows(x):
    """Return log softmax along the last axis, and softmax, as float64 arrays."""
    logs, shares = np.empty(x.shape), np.empty(x.shape)
    with localcontext() as context:
        context.prec = 60
        for i, row in enumerate(x):
            powers = [exp(Decimal(float(number))) for number in row]
            for j, power in enumerate(powers):
                logs[i, j] = float((power / sum(powers)).ln())
                shares[i, j] = float(power / sum(powers))
    return logs, shares
