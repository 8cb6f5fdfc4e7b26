"""The checks and reference solutions of lesson 03's exercises."""

import numpy as np

from dlkit.exercises.judging import FunctionCheck, Mistake


# --- 03.1 ---------------------------------------------------------------------------------------
def tanh_layer_backward(x, w, b, upstream):
    """Return dw, db, dx of y = tanh(x w + b), where upstream = dL/dy has shape (batch, units)."""
    y = np.tanh(x @ w + b)  # (batch, units)
    dz = upstream * (1 - y**2)  # back through tanh
    dw = x.T @ dz  # (inputs, units)
    db = dz.sum(axis=0)  # (units,)
    dx = dz @ w.T  # (batch, inputs)
    return dw, db, dx


def _layers():
    generator = np.random.default_rng(11)
    cases = []
    for batch, inputs, units in ((5, 3, 2), (2, 4, 6)):
        x = generator.normal(size=(batch, inputs)) * 0.7
        w = generator.normal(size=(inputs, units)) * 0.5
        b = generator.normal(size=units) * 0.3
        cases.append((x, w, b, generator.normal(size=(batch, units))))
    return cases


def _complex_step(function, array):
    """The gradient of a scalar function: the imaginary part of f(x + ih) / h, exact."""
    gradient = np.empty_like(array)
    for index in np.ndindex(array.shape):
        nudged = array.astype(complex)
        nudged[index] += 1e-30j
        gradient[index] = function(nudged).imag / 1e-30
    return gradient


def _layer_measured(x, w, b, upstream):
    return (
        _complex_step(lambda nudged: (upstream * np.tanh(x @ nudged + b)).sum(), w),
        _complex_step(lambda nudged: (upstream * np.tanh(x @ w + nudged)).sum(), b),
        _complex_step(lambda nudged: (upstream * np.tanh(nudged @ w + b)).sum(), x),
    )


def _dz(x, w, b, upstream, slope=lambda z, y: 1 - y**2):
    z = x @ w + b
    return upstream * slope(z, np.tanh(z))


BACKWARD = FunctionCheck(
    arguments=("x", "w", "b", "upstream"),
    cases=_layers,
    oracle=_layer_measured,
    results=("dw", "db", "dx"),
    praise="Each gradient has the shape of the thing it belongs to, which is a good first test.",
    mistakes=(
        Mistake(
            "You forgot the slope of tanh in `dw`: multiply upstream by 1 − y² before anything "
            "else.",
            lambda x, w, b, g: x.T @ g,
        ),
        Mistake(
            "The slope of tanh is 1 − y², with the output y. You used 1 − z², with the z before "
            "the activation.",
            lambda x, w, b, g: x.T @ _dz(x, w, b, g, lambda z, y: 1 - z**2),
        ),
        Mistake(
            "The square is missing: the slope of tanh is 1 − y², not 1 − y.",
            lambda x, w, b, g: x.T @ _dz(x, w, b, g, lambda z, y: 1 - y),
        ),
        Mistake(
            "`z > 0` is the slope of ReLU, which the lesson used. The slope of tanh is 1 − y².",
            lambda x, w, b, g: x.T @ _dz(x, w, b, g, lambda z, y: z > 0),
        ),
        Mistake(
            "y (1 − y) is the slope of the sigmoid. The slope of tanh is 1 − y².",
            lambda x, w, b, g: x.T @ _dz(x, w, b, g, lambda z, y: y * (1 - y)),
        ),
        Mistake(
            "You multiplied upstream by tanh itself. Through tanh goes its slope, 1 − y².",
            lambda x, w, b, g: x.T @ _dz(x, w, b, g, lambda z, y: y),
        ),
        Mistake(
            "You forgot the bias on the way forward: the slope is taken at z = x w + b.",
            lambda x, w, b, g: x.T @ _dz(x, w, 0, g),
        ),
        Mistake(
            "You forgot upstream: the chain rule multiplies it by the slope of tanh.",
            lambda x, w, b, g: x.T @ _dz(x, w, b, np.ones_like(g)),
        ),
        Mistake(
            "`dw` is transposed. It must have the shape of w: inputs first, units second.",
            lambda x, w, b, g: _dz(x, w, b, g).T @ x,
        ),
        Mistake(
            "`dw` is divided by the batch size. Upstream already carries the mean that the loss "
            "took; here the samples are only added up.",
            lambda x, w, b, g: x.T @ _dz(x, w, b, g) / len(x),
        ),
        Mistake(
            "What you return as `dw` is the derivative with respect to x; asked was w. Return dw, "
            "db, dx in this order.",
            lambda x, w, b, g: _dz(x, w, b, g) @ w.T,
        ),
        Mistake(
            "You forgot the slope of tanh in `db`: add up dz, not upstream.",
            lambda x, w, b, g: g.sum(axis=0),
            part=1,
        ),
        Mistake(
            "`db` still has one row per sample. The bias serves all samples, so its gradient is "
            "their sum along axis 0.",
            _dz,
            part=1,
        ),
        Mistake(
            "`db` is a mean over the batch. The bias acts on every sample and the shares add up: "
            "use the sum.",
            lambda x, w, b, g: _dz(x, w, b, g).mean(axis=0),
            part=1,
        ),
        Mistake(
            "`db` is a single number. Each unit has a bias of its own: sum along axis 0 only.",
            lambda x, w, b, g: _dz(x, w, b, g).sum(),
            part=1,
        ),
        Mistake(
            "`db` is summed along the units. Sum along the samples, axis 0, to keep one number per "
            "unit.",
            lambda x, w, b, g: _dz(x, w, b, g).sum(axis=1),
            part=1,
        ),
        Mistake(
            "You forgot the slope of tanh in `dx`: send dz back through the weights, not upstream.",
            lambda x, w, b, g: g @ w.T,
            part=2,
        ),
        Mistake(
            "`dx` is transposed. It must have the shape of x: samples first, inputs second.",
            lambda x, w, b, g: w @ _dz(x, w, b, g).T,
            part=2,
        ),
        Mistake(
            "What you return as `dx` is the derivative with respect to w; asked was x.",
            lambda x, w, b, g: x.T @ _dz(x, w, b, g),
            part=2,
        ),
    ),
)


# --- 03.2 ---------------------------------------------------------------------------------------
def cross_entropy_gradient(z, labels, temperature):
    """Return the gradient of the mean cross-entropy of softmax(z / temperature) with respect to z.

    z (batch, classes), labels (batch,) whole numbers.
    """
    u = z / temperature
    e = np.exp(u - u.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)  # (batch, classes)
    target = np.eye(z.shape[1])[labels]  # one-hot
    return (p - target) / (temperature * len(z))  # inner derivative 1/T, mean over the batch


def _logits():
    generator = np.random.default_rng(12)
    return [
        (generator.normal(size=(6, 4)), np.array([0, 3, 1, 2, 2, 0]), 2.5),
        (generator.normal(size=(2, 5)), np.array([4, 1]), 0.6),
    ]


def _softmax(u, axis=1):
    e = np.exp(u)
    return e / e.sum(axis=axis, keepdims=True)


def _cross_entropy_measured(z, labels, temperature):
    def loss(nudged):
        p = _softmax(nudged / temperature)
        return -np.log(p[np.arange(len(labels)), labels]).mean()

    return _complex_step(loss, z)


def _one_hot(z, labels):
    return np.eye(z.shape[1])[labels]


CROSS_ENTROPY = FunctionCheck(
    arguments=("z", "labels", "temperature"),
    cases=_logits,
    oracle=_cross_entropy_measured,
    praise="Prediction minus truth: the gradient is as large as the mistake.",
    mistakes=(
        Mistake(
            "The mean over the batch is missing: divide by the number of samples.",
            lambda z, y, t: (_softmax(z / t) - _one_hot(z, y)) / t,
        ),
        Mistake(
            "The inner derivative is missing: z is divided by the temperature, so the gradient is "
            "as well.",
            lambda z, y, t: (_softmax(z / t) - _one_hot(z, y)) / len(z),
        ),
        Mistake(
            "Both the mean over the batch and the inner derivative 1 / temperature are missing.",
            lambda z, y, t: _softmax(z / t) - _one_hot(z, y),
        ),
        Mistake(
            "The temperature is missing inside the softmax: it is softmax(z / temperature).",
            lambda z, y, t: (_softmax(z) - _one_hot(z, y)) / (t * len(z)),
        ),
        Mistake(
            "You multiplied by the temperature. The inner derivative of z / T is 1 / T.",
            lambda z, y, t: (_softmax(z / t) - _one_hot(z, y)) * t / len(z),
        ),
        Mistake(
            "You forgot the labels: subtract 1 from the probability of each sample's right class.",
            lambda z, y, t: _softmax(z / t) / (t * len(z)),
        ),
        Mistake(
            "The sign is wrong: it is prediction minus truth, p − target.",
            lambda z, y, t: (_one_hot(z, y) - _softmax(z / t)) / (t * len(z)),
        ),
        Mistake(
            "Your softmax runs over the samples. Each sample's probabilities must add up to 1: use "
            "axis 1.",
            lambda z, y, t: (_softmax(z / t, axis=0) - _one_hot(z, y)) / (t * len(z)),
        ),
        Mistake(
            "You divided by the number of all elements. The mean is over the samples only.",
            lambda z, y, t: (_softmax(z / t) - _one_hot(z, y)) / (t * z.size),
        ),
        Mistake(
            "−1 / p is the derivative with respect to the probabilities. One more link of the chain "
            "leads through the softmax to z.",
            lambda z, y, t: -_one_hot(z, y) / _softmax(z / t) / len(z),
        ),
        Mistake(
            "You multiplied z by the temperature. A high temperature makes the probabilities more "
            "alike: it is z / temperature.",
            lambda z, y, t: (_softmax(z * t) - _one_hot(z, y)) * t / len(z),
        ),
    ),
)


# --- 03.3 ---------------------------------------------------------------------------------------
def numerical_gradient(f, x, step):
    """Return the gradient of f at x by central differences; x may have any shape."""
    gradient = np.empty_like(x)
    for index in np.ndindex(x.shape):
        nudged = x.copy()
        nudged[index] = x[index] + step
        above = f(nudged)
        nudged[index] = x[index] - step
        below = f(nudged)
        gradient[index] = (above - below) / (2 * step)
    return gradient


class _Cubic:
    """f(x) = Σ c x³ + x[first] x[last], whose central difference is known in closed form."""

    def __init__(self, coefficients):
        self.coefficients = coefficients

    def __call__(self, x):
        if np.shape(x) != self.coefficients.shape:
            raise ValueError(
                f"f needs an array of shape {self.coefficients.shape}, but got {np.shape(x)}"
            )
        return float((self.coefficients * x**3).sum() + x.flat[0] * x.flat[-1])

    def central_difference(self, x, step):
        # ((x + h)³ − (x − h)³) / 2h = 3x² + h²; the product is linear in each of its factors.
        quotient = self.coefficients * (3 * x**2 + step**2)
        quotient.flat[0] += x.flat[-1]
        quotient.flat[-1] += x.flat[0]
        return quotient


def _functions():
    generator = np.random.default_rng(13)
    return [
        (_Cubic(generator.normal(size=shape)), generator.normal(size=shape), step)
        for shape, step in (((4,), 0.1), ((2, 3), 0.05))
    ]


def _quotient(f, x, step, up, down, divisor):
    """(f(x + up) − f(x − down)) / divisor for each element."""
    result = np.empty_like(x)
    for position in range(x.size):
        nudge = np.zeros(x.size)
        nudge[position] = step
        nudge = nudge.reshape(x.shape)
        result.flat[position] = (f(x + up * nudge) - f(x - down * nudge)) / divisor
    return result


NUMERICAL = FunctionCheck(
    arguments=("f", "x", "step"),
    cases=_functions,
    oracle=lambda f, x, step: f.central_difference(x, step),
    praise="Two calls of f for every number: far too slow to train with, and just right to test "
    "with.",
    mistakes=(
        Mistake(
            "That is a forward difference: f(x + h) − f(x). The central one, f(x + h) − f(x − h), "
            "is far more accurate.",
            lambda f, x, h: _quotient(f, x, h, 1, 0, h),
        ),
        Mistake(
            "That is a backward difference: f(x) − f(x − h). Nudge to both sides.",
            lambda f, x, h: _quotient(f, x, h, 0, 1, h),
        ),
        Mistake(
            "The factor 2 is missing: from x − h to x + h it is two steps, so divide by 2 h.",
            lambda f, x, h: _quotient(f, x, h, 1, 1, h),
        ),
        Mistake(
            "`/ 2 * step` divides by 2 and then multiplies by the step. Put 2 * step between "
            "parentheses.",
            lambda f, x, h: _quotient(f, x, h, 1, 1, 2 / h),
        ),
        Mistake(
            "The sign is wrong: it is f(x + h) minus f(x − h).",
            lambda f, x, h: _quotient(f, x, h, -1, -1, 2 * h),
        ),
        Mistake(
            "You nudged all elements at once. A gradient has one number per element, so nudge one "
            "at a time and put it back.",
            lambda f, x, h: (f(x + h) - f(x - h)) / (2 * h),
        ),
        Mistake(
            "Every element gets the same number, because you nudged all elements at once. Nudge "
            "one at a time, in a copy of x.",
            lambda f, x, h: np.full(x.shape, (f(x + h) - f(x - h)) / (2 * h)),
        ),
        Mistake(
            "You nudge by a step of your own. Use the `step` that your function is given.",
            lambda f, x, h: _quotient(f, x, 1e-5, 1, 1, 2e-5),
        ),
        Mistake(
            "Your gradient is flat. It must have the shape of x.",
            lambda f, x, h: _quotient(f, x, h, 1, 1, 2 * h).ravel(),
        ),
    ),
)
