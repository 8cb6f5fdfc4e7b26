"""The checks and reference solutions of lesson 10's exercises, but for the LSTM by hand."""

import math

import numpy as np

from dlkit.exercises.judging import FunctionCheck, Mistake


# --- 10.1 ---------------------------------------------------------------------------------------
def read_sequences(x, w, u, b):
    """Return the state after every time step: x (batch, time, features), w, u, b of a SimpleRNN."""
    states = []
    h = np.zeros((len(x), len(u)))  # (batch, units)
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ w + h @ u + b)
        states.append(h)
    return np.stack(states, axis=1)  # (batch, time, units)


def _sequences():
    generator = np.random.default_rng(3)
    cases = []
    for batch, time, features, units in ((3, 5, 2, 4), (2, 4, 3, 2)):
        x = generator.normal(size=(batch, time, features))
        w = generator.normal(size=(features, units)) * 0.6
        u = generator.normal(size=(units, units)) * 0.5
        cases.append((x, w, u, generator.normal(size=units) * 0.4))
    return cases


def _by_numbers(x, w, u, b):
    batch, time, features = x.shape
    h = np.zeros((batch, time, len(u)))
    for sample in range(batch):
        for t in range(time):
            for unit in range(len(u)):
                z = b[unit]
                for i in range(features):
                    z += x[sample, t, i] * w[i, unit]
                for k in range(len(u)):
                    z += (h[sample, t - 1, k] if t else 0.0) * u[k, unit]
                h[sample, t, unit] = math.tanh(z)
    return h


def _unrolled(step, x, u, last=False, start=0.0):
    h, states = np.full((len(x), len(u)), start), []
    for t in range(x.shape[1]):
        h = step(x[:, t], h)
        states.append(h)
    return states[-1] if last else np.stack(states, axis=1)


READ = FunctionCheck(
    arguments=("x", "w", "u", "b"),
    cases=_sequences,
    oracle=_by_numbers,
    praise="The same three arrays at every time step: that is all there is to a recurrent layer.",
    mistakes=(
        Mistake(
            "That is the last state only. Asked was the state after every time step: collect them.",
            lambda x, w, u, b: _unrolled(
                lambda now, h: np.tanh(now @ w + h @ u + b), x, u, last=True
            ),
        ),
        Mistake(
            "The state does not travel: every step starts from zeros again. Set h before the loop, "
            "not in it.",
            lambda x, w, u, b: np.tanh(x @ w + b),
        ),
        Mistake(
            "You forgot the activation: each new state is tanh of the sum.",
            lambda x, w, u, b: _unrolled(lambda now, h: now @ w + h @ u + b, x, u),
        ),
        Mistake(
            "You took the sigmoid. The state of a SimpleRNN is the tanh of the sum.",
            lambda x, w, u, b: _unrolled(
                lambda now, h: 1 / (1 + np.exp(-(now @ w + h @ u + b))), x, u
            ),
        ),
        Mistake(
            "Before the first step the state is 0, not 1.",
            lambda x, w, u, b: _unrolled(
                lambda now, h: np.tanh(now @ w + h @ u + b), x, u, start=1.0
            ),
        ),
        Mistake(
            "You forgot the bias b.",
            lambda x, w, u, b: _unrolled(lambda now, h: np.tanh(now @ w + h @ u), x, u),
        ),
        Mistake(
            "The matrix u is the wrong way round: h @ u, with a row for each unit that sends.",
            lambda x, w, u, b: _unrolled(lambda now, h: np.tanh(now @ w + h @ u.T + b), x, u),
        ),
        Mistake(
            "You added h itself. The old state goes through its own matrix first: h @ u.",
            lambda x, w, u, b: _unrolled(lambda now, h: np.tanh(now @ w + h + b), x, u),
        ),
        Mistake(
            "The axes are in the wrong order: time comes first in your result. np.stack(states, "
            "axis=1) gives (batch, time, units).",
            lambda x, w, u, b: _by_numbers(x, w, u, b).swapaxes(0, 1),
        ),
        Mistake(
            "Your states begin with the zeros before the first step, and the last one is missing.",
            lambda x, w, u, b: np.pad(_by_numbers(x, w, u, b), ((0, 0), (1, 0), (0, 0)))[:, :-1],
        ),
        Mistake(
            "You read the sequence from its end.",
            lambda x, w, u, b: _by_numbers(x[:, ::-1], w, u, b),
        ),
    ),
)


# --- 10.2 ---------------------------------------------------------------------------------------
def count_parameters(features, units):
    """Return how many numbers SimpleRNN, LSTM and GRU (as Keras builds them) learn."""
    block = features * units + units * units  # W and U of one sum
    simple_rnn = block + units
    lstm = 4 * (block + units)  # three gates and the candidate
    gru = 3 * (block + 2 * units)  # two gates and the candidate; two biases each
    return simple_rnn, lstm, gru


def _counted(features, units):
    from dlkit.layers import GRU, LSTM, SimpleRNN

    counts = []
    for kind in (SimpleRNN, LSTM, GRU):
        layer = kind(units)
        layer.build((2, features))
        counts.append(sum(array.size for array in layer.parameters.values()))
    return tuple(counts)


COUNT = FunctionCheck(
    arguments=("features", "units"),
    cases=lambda: [(3, 5), (10, 4)],
    oracle=_counted,
    results=("simple_rnn", "lstm", "gru"),
    praise="Time does not occur in any of them: a longer sequence costs no parameter.",
    mistakes=(
        Mistake(
            "SimpleRNN: U is missing, the matrix from the old state to the new one, units × units.",
            lambda features, units: features * units + units,
        ),
        Mistake(
            "SimpleRNN: you forgot the bias, one number per unit.",
            lambda features, units: features * units + units * units,
        ),
        Mistake(
            "SimpleRNN: W has features × units numbers, and U units × units. You took features "
            "× features for one of them.",
            lambda features, units: features * features + units * units + units,
        ),
        Mistake(
            "LSTM: you counted the three gates and forgot the candidate g, which has W, U and b "
            "too.",
            lambda features, units: 3 * (features * units + units * units + units),
            part=1,
        ),
        Mistake(
            "LSTM: each of the four sums has its own bias: 4 · units.",
            lambda features, units: 4 * (features * units + units * units) + units,
            part=1,
        ),
        Mistake(
            "LSTM: you counted one sum. It has four: i, f, g and o.",
            lambda features, units: features * units + units * units + units,
            part=1,
        ),
        Mistake(
            "GRU: in Keras's GRU, with reset_after, x W and h U have a bias each: 2 · units for "
            "each of the three sums.",
            lambda features, units: 3 * (features * units + units * units + units),
            part=2,
        ),
        Mistake(
            "GRU: it has two gates and a candidate, three sums, not four.",
            lambda features, units: 4 * (features * units + units * units + 2 * units),
            part=2,
        ),
        Mistake(
            "GRU: that is an LSTM again. A GRU has three sums, two gates and a candidate, each with two "
            "biases.",
            lambda features, units: 4 * (features * units + units * units + units),
            part=2,
        ),
        Mistake(
            "GRU: you forgot the candidate. It has two gates and a candidate, three sums.",
            lambda features, units: 2 * (features * units + units * units + 2 * units),
            part=2,
        ),
    ),
)


# --- 10.3 ---------------------------------------------------------------------------------------
def reach(x, w, u, b):
    """Return ∂h_T/∂h_0 of a SimpleRNN with one unit: x (time,), w, u, b numbers, h_0 = 0."""
    h, slope = 0.0, 1.0
    for x_t in x:
        h = np.tanh(w * x_t + u * h + b)
        slope *= u * (1 - h**2)  # how h_t moves when h_{t-1} does
    return slope


def _reach_by_complex_step(x, w, u, b):
    h = 1e-30j
    for x_t in x:
        h = np.tanh(w * x_t + u * h + b)
    return h.imag / 1e-30


def _states(x, w, u, b):
    h = [0.0]
    for x_t in x:
        h.append(np.tanh(w * x_t + u * h[-1] + b))
    return np.array(h)


REACH = FunctionCheck(
    arguments=("x", "w", "u", "b"),
    cases=lambda: [
        (np.array([0.5, -1.0, 0.3, 0.8]), 0.7, 1.4, -0.2),
        (np.array([0.2, 0.9, -0.4]), -1.1, 0.6, 0.3),
    ],
    oracle=_reach_by_complex_step,
    praise="A product with a factor for every step: below 1 it vanishes, above 1 it explodes.",
    mistakes=(
        Mistake(
            "The slopes of tanh are missing: each step multiplies by u and by 1 − h².",
            lambda x, w, u, b: u ** len(x),
        ),
        Mistake(
            "The weight u is missing: the old state comes in through it, at every step.",
            lambda x, w, u, b: np.prod(1 - _states(x, w, u, b)[1:] ** 2),
        ),
        Mistake(
            "You multiplied by u once. The state passes through it at every time step.",
            lambda x, w, u, b: u * np.prod(1 - _states(x, w, u, b)[1:] ** 2),
        ),
        Mistake(
            "You took the slope at the old state h before the step. It is 1 − h² of the new one.",
            lambda x, w, u, b: np.prod(u * (1 - _states(x, w, u, b)[:-1] ** 2)),
        ),
        Mistake(
            "The slope of tanh is 1 − h², with a square.",
            lambda x, w, u, b: np.prod(u * (1 - _states(x, w, u, b)[1:])),
        ),
        Mistake(
            "You added the factors. One step after the other multiplies (chain rule).",
            lambda x, w, u, b: np.sum(u * (1 - _states(x, w, u, b)[1:] ** 2)),
        ),
        Mistake(
            "That is the slope of the last step alone. Multiply those of all steps.",
            lambda x, w, u, b: u * (1 - _states(x, w, u, b)[-1] ** 2),
        ),
        Mistake(
            "Every step has its own slope; you took that of the last step for all of them.",
            lambda x, w, u, b: (u * (1 - _states(x, w, u, b)[-1] ** 2)) ** len(x),
        ),
        Mistake(
            "Return one number, the product: what came are the factors of all steps.",
            lambda x, w, u, b: u * (1 - _states(x, w, u, b)[1:] ** 2),
        ),
        Mistake(
            "The state does not travel: each h is computed from x alone. The one before comes in "
            "through u.",
            lambda x, w, u, b: np.prod(u * (1 - np.tanh(w * x + b) ** 2)),
        ),
        Mistake(
            "You squared 1 − h. The slope of tanh is 1 − h²: square h first.",
            lambda x, w, u, b: np.prod(u * (1 - _states(x, w, u, b)[1:]) ** 2),
        ),
        Mistake(
            "You used w, through which x comes in. Back in time the way leads through u.",
            lambda x, w, u, b: np.prod(w * (1 - _states(x, w, u, b)[1:] ** 2)),
        ),
        Mistake(
            "The last step is missing in your product.",
            lambda x, w, u, b: np.prod(u * (1 - _states(x, w, u, b)[1:-1] ** 2)),
        ),
        Mistake(
            "That is the last state itself. Asked was how it moves when the state before the first "
            "step moves.",
            lambda x, w, u, b: _states(x, w, u, b)[-1],
        ),
    ),
)


# --- 10.4 ---------------------------------------------------------------------------------------
def windows_and_targets(series, width, ahead):
    """Return every window of a series, and the value so many steps after each window's last."""
    count = len(series) - width - ahead + 1
    x = np.array([series[start : start + width] for start in range(count)])
    y = np.array([series[start + width - 1 + ahead] for start in range(count)])
    return x, y


def _walked(series, width, ahead):
    x, y = [], []
    for target in range(len(series)):
        last = target - ahead
        if last - width + 1 >= 0:
            x.append([series[last - width + 1 + k] for k in range(width)])
            y.append(series[target])
    return np.array(x), np.array(y)


def _series():
    generator = np.random.default_rng(5)
    return [(generator.normal(size=12), 4, 1), (generator.normal(size=15), 3, 5)]


def _targets(series, width, ahead, shift):
    _, y = _walked(series, width, ahead)
    places = np.arange(len(y)) + width - 1 + shift
    return np.asarray(series)[np.minimum(places, len(series) - 1)]


WINDOWS = FunctionCheck(
    arguments=("series", "width", "ahead"),
    cases=_series,
    oracle=_walked,
    results=("x", "y"),
    praise="Never trust a forecast before you have seen one window with its target, in numbers.",
    mistakes=(
        Mistake(
            "Your windows do not overlap. A new one begins at every time step.",
            lambda series, width, ahead: _walked(series, width, ahead)[0][::width],
        ),
        Mistake(
            "The last window is missing: its target is the last value of the series.",
            lambda series, width, ahead: _walked(series, width, ahead)[0][:-1],
        ),
        Mistake(
            "There are windows for which no target exists: the series ends before it.",
            lambda series, width, ahead: _walked(series, width, 0)[0],
        ),
        Mistake(
            "Your windows run backwards in time. The oldest value comes first.",
            lambda series, width, ahead: _walked(series, width, ahead)[0][:, ::-1],
        ),
        Mistake(
            "Your windows hold one value too many.",
            lambda series, width, ahead: _walked(series, width + 1, max(ahead - 1, 0))[0],
        ),
        Mistake(
            "Your target is the last value of the window itself: the network sees its answer. This "
            "is the fault of section 6.",
            lambda series, width, ahead: _targets(series, width, ahead, 0),
            part=1,
        ),
        Mistake(
            "Your target comes one step too late. With ahead = 1 it is the value right after the "
            "window.",
            lambda series, width, ahead: _targets(series, width, ahead, ahead + 1),
            part=1,
        ),
        Mistake(
            "Your target is always the value right after the window. It lies `ahead` steps after "
            "the window's last value.",
            lambda series, width, ahead: _targets(series, width, ahead, 1),
            part=1,
        ),
        Mistake(
            "Your targets count from the first value of the window. They lie `ahead` steps after "
            "its last one.",
            lambda series, width, ahead: _targets(series, width, ahead, ahead - width + 1),
            part=1,
        ),
    ),
)


# --- 10.5 ---------------------------------------------------------------------------------------
def clip_together(w_gradient, u_gradient, limit):
    """Return both gradients, shortened by one factor so that together they are no longer than limit."""
    norm = np.sqrt(np.sum(w_gradient**2) + np.sum(u_gradient**2))
    factor = min(1.0, limit / norm)
    return w_gradient * factor, u_gradient * factor


def _clipped_flat(w_gradient, u_gradient, limit):
    flat = np.concatenate([w_gradient.ravel(), u_gradient.ravel()])
    length = math.sqrt(math.fsum(value * value for value in flat))
    if length > limit:
        flat = flat / length * limit
    cut = w_gradient.size
    return flat[:cut].reshape(w_gradient.shape), flat[cut:].reshape(u_gradient.shape)


def _norm(*arrays):
    return np.sqrt(sum(np.sum(array**2) for array in arrays))


def _gradients():
    generator = np.random.default_rng(8)
    w, u = generator.normal(size=(2, 3)), generator.normal(size=(3, 3)) * 4
    return [(w, u, 1.5), (w * 0.1, u * 0.1, 5.0)]


CLIP = FunctionCheck(
    arguments=("w_gradient", "u_gradient", "limit"),
    cases=_gradients,
    oracle=_clipped_flat,
    results=("w_gradient", "u_gradient"),
    praise="One factor for all: the step gets shorter, and keeps its direction.",
    mistakes=(
        Mistake(
            "You took the norm of this array alone. One norm is taken over both and gives one factor; "
            "otherwise the step changes its direction.",
            lambda w, u, limit: w * min(1.0, limit / _norm(w)),
        ),
        Mistake(
            "The fraction is upside down: the factor is limit / norm.",
            lambda w, u, limit: w * min(1.0, _norm(w, u) / limit),
        ),
        Mistake(
            "You took the larger of 1 and limit / norm. A factor above 1 would stretch: take min.",
            lambda w, u, limit: w * max(1.0, limit / _norm(w, u)),
        ),
        Mistake(
            "You took the largest number for the norm. The norm is the root of the sum of all squares.",
            lambda w, u, limit: w * min(1.0, limit / max(np.abs(w).max(), np.abs(u).max())),
        ),
        Mistake(
            "You clipped each number by itself (that is clipvalue). Shorten the whole gradient by "
            "one factor.",
            lambda w, u, limit: np.clip(w, -limit, limit),
        ),
        Mistake(
            "You also stretch gradients that are short enough. Shorten only what is longer than "
            "the limit.",
            lambda w, u, limit: w * limit / _norm(w, u),
        ),
        Mistake(
            "You divided by the norm and forgot the limit: the result has length 1.",
            lambda w, u, limit: w * min(1.0, 1 / _norm(w, u)),
        ),
        Mistake(
            "You divided by the squared norm: the root is missing.",
            lambda w, u, limit: w * min(1.0, limit / _norm(w, u) ** 2),
        ),
        Mistake(
            "You added the two norms. The norm of both together is the root of the sum of all "
            "squares.",
            lambda w, u, limit: w * min(1.0, limit / (_norm(w) + _norm(u))),
        ),
        Mistake("Nothing is clipped.", lambda w, u, limit: w),
        Mistake(
            "A gradient that is too long is thrown away in your function. Keep its direction, and "
            "shorten it.",
            lambda w, u, limit: w * (_norm(w, u) <= limit),
        ),
        Mistake(
            "The second array stays as it was: both take the same factor.",
            lambda w, u, limit: u,
            part=1,
        ),
    ),
)
