"""The checks and reference solutions of lesson 05's exercises."""

import math

import numpy as np

from dlkit.exercises.judging import FunctionCheck, Mistake


# --- 05.1 ---------------------------------------------------------------------------------------
def one_epoch(x, y, w, batch_size, learning_rate):
    """Return the weights of a linear model after one epoch of mini-batch SGD on squared error."""
    w = w.copy()  # the caller's array stays as it is
    for start in range(0, len(x), batch_size):
        part = slice(start, start + batch_size)
        error = x[part] @ w - y[part]  # (samples of this batch,)
        gradient = 2 * error @ x[part] / len(error)
        w -= learning_rate * gradient
    return w


def _epochs():
    generator = np.random.default_rng(5)
    return [
        (generator.normal(size=(7, 2)), generator.normal(size=7), np.array([0.4, -0.3]), 3, 0.1),
        (generator.normal(size=(10, 3)), generator.normal(size=10), np.full(3, 0.2), 4, 0.05),
    ]


def _epoch_sample_by_sample(x, y, w, batch_size, learning_rate):
    w = [float(value) for value in w]
    for start in range(0, len(x), batch_size):
        rows = range(start, min(start + batch_size, len(x)))
        slopes = [0.0] * len(w)
        for row in rows:
            error = sum(w[i] * x[row, i] for i in range(len(w))) - y[row]
            slopes = [slope + 2 * error * x[row, i] for i, slope in enumerate(slopes)]
        w = [value - learning_rate * slope / len(rows) for value, slope in zip(w, slopes)]
    return np.array(w)


def _steps(x, y, w, batch_size, learning_rate, *, factor=2.0, sign=1, divide=len, only=None,
           stale=False, whole=False, slopes_mixed=False, stride=None):  # fmt: skip
    now = w.copy()
    starts = range(0, len(x), batch_size) if stride is None else range(len(x) // batch_size)
    for start in list(starts)[:only]:
        part = slice(start, start + batch_size)
        if whole and start + batch_size > len(x):
            break
        error = x[part] @ (w if stale else now) - y[part]
        slopes = factor * error @ x[part] / divide(error)
        now = now - sign * learning_rate * (slopes.mean() if slopes_mixed else slopes)
    return now


EPOCH = FunctionCheck(
    arguments=("x", "y", "w", "batch_size", "learning_rate"),
    cases=_epochs,
    oracle=_epoch_sample_by_sample,
    praise="Seven samples in batches of three are three steps, and the last one is taken with a "
    "single sample.",
    mistakes=(
        Mistake(
            "You left the last, incomplete batch out. It is a batch like the others, only smaller.",
            lambda *case: _steps(*case, whole=True),
        ),
        Mistake(
            "You divided the last batch by batch_size. It has fewer samples: its mean is over those "
            "it has, `len(error)`.",
            lambda x, y, w, size, rate: _steps(x, y, w, size, rate, divide=lambda error: size),
        ),
        Mistake(
            "All your gradients were computed with the first weights. After each batch the next "
            "gradient must use the weights of now.",
            lambda *case: _steps(*case, stale=True),
        ),
        Mistake(
            "You stepped uphill: the step goes against the gradient, w − η · gradient.",
            lambda *case: _steps(*case, sign=-1),
        ),
        Mistake(
            "The 2 of the derivative is missing: the slope of (x·w − y)² is 2 (x·w − y) x.",
            lambda *case: _steps(*case, factor=1.0),
        ),
        Mistake(
            "You added up the gradients of a batch. The loss of a batch is a mean, so divide by its "
            "number of samples.",
            lambda *case: _steps(*case, divide=lambda error: 1),
        ),
        Mistake(
            "You took one step with all samples. An epoch has one step for each batch.",
            lambda x, y, w, size, rate: _steps(x, y, w, len(x), rate),
        ),
        Mistake(
            "That is the state after the first batch. Go on through all of them: is the `return` "
            "inside the loop?",
            lambda *case: _steps(*case, only=1),
        ),
        Mistake(
            "Your mean ran over the inputs too: one number moved all weights alike. Each weight has its "
            "own slope, the mean over the samples alone (`axis=0`).",
            lambda *case: _steps(*case, slopes_mixed=True),
        ),
        Mistake(
            "Your batches overlap: the first begins at 0, the next at batch_size. Use "
            "`range(0, len(x), batch_size)`.",
            lambda *case: _steps(*case, stride=1),
        ),
        Mistake(
            "You took one step for each single sample. Asked were batches of batch_size samples.",
            lambda x, y, w, size, rate: _steps(x, y, w, 1, rate),
        ),
    ),
)


# --- 05.2 ---------------------------------------------------------------------------------------
def accumulated(gradients, sizes):
    """Return the gradient of one large batch from those of its parts, of unequal sizes."""
    weights = sizes / sizes.sum()  # each part counts as many times as it has samples
    return weights @ gradients


def _parts():
    generator = np.random.default_rng(6)
    return [
        (generator.normal(size=(3, 5)), np.array([32, 32, 7])),
        (generator.normal(size=(4, 2)), np.array([8, 1, 16, 3])),
    ]


def _sample_by_sample(gradients, sizes):
    rows = [row for row, size in zip(gradients, sizes) for _ in range(int(size))]
    return np.array([math.fsum(column) / len(rows) for column in zip(*rows)])


ACCUMULATED = FunctionCheck(
    arguments=("gradients", "sizes"),
    cases=_parts,
    oracle=_sample_by_sample,
    praise="With equal sizes it is the plain mean, which is what `gradient_accumulation_steps` takes.",
    mistakes=(
        Mistake(
            "That is the plain mean. It is right for batches of equal size; a batch of 7 must count "
            "less than one of 32.",
            lambda g, sizes: g.mean(axis=0),
        ),
        Mistake(
            "You added the gradients up. Each of them is a mean already: the result must be a mean "
            "as well.",
            lambda g, sizes: g.sum(axis=0),
        ),
        Mistake(
            "You multiplied by the sizes, but did not divide by the number of all samples.",
            lambda g, sizes: sizes @ g,
        ),
        Mistake(
            "You divided by the number of batches. Once weighted by the sizes, divide by the number "
            "of samples.",
            lambda g, sizes: sizes @ g / len(sizes),
        ),
        Mistake(
            "You divided by the number of all samples, but did not weight the gradients: multiply each "
            "by its size first.",
            lambda g, sizes: g.sum(axis=0) / sizes.sum(),
        ),
        Mistake(
            "You divided by the sizes. Each gradient is a mean already: multiply by the size to get the "
            "sum back.",
            lambda g, sizes: (1 / sizes) @ g / sizes.sum(),
        ),
        Mistake("That is the last gradient only: the others were overwritten, not accumulated.",
                lambda g, sizes: g[-1]),
        Mistake(
            "The weights are upside down: a large batch must count more, not less.",
            lambda g, sizes: (1 / sizes) @ g / (1 / sizes).sum(),
        ),
        Mistake(
            "You took the mean along the wrong axis: there is one row per batch, and the result has "
            "one number per parameter.",
            lambda g, sizes: g.mean(axis=1),
        ),
    ),
)  # fmt: skip


# --- 05.3 ---------------------------------------------------------------------------------------
def warm_cosine(step, warm_up, steps, top):
    """Return the learning rate of each step: a straight rise, then half a cosine to a tenth."""
    rising = top * step / warm_up
    done = (step - warm_up) / (steps - warm_up)  # from 0 to 1
    wave = (1 + np.cos(np.pi * done)) / 2  # from 1 to 0
    falling = top * (0.1 + 0.9 * wave)
    return np.where(step < warm_up, rising, falling)


def _steps_asked():
    return [
        (np.arange(0, 101, 7), 20, 100, 0.3),
        (np.array([0, 1, 4, 5, 6, 33, 50]), 5, 50, 0.02),
    ]


def _rate_by_recurrence(step, warm_up, steps, top):
    # The same curve as the real part of a number that turns by the same angle at every step.
    turn = complex(math.cos(math.pi / (steps - warm_up)), math.sin(math.pi / (steps - warm_up)))
    rates, pointer = [], 1 + 0j
    for now in range(int(max(step)) + 1):
        if now < warm_up:
            rates.append(sum(top / warm_up for _ in range(now)))
        else:
            rates.append(top * (0.55 + 0.45 * pointer.real))
            pointer *= turn
    return np.array([rates[each] for each in step])


def _wave(done):
    return (1 + np.cos(np.pi * done)) / 2


def _cosine(done, top):
    return top * (0.1 + 0.9 * _wave(done))


WARM_COSINE = FunctionCheck(
    arguments=("step", "warm_up", "steps", "top"),
    cases=_steps_asked,
    oracle=_rate_by_recurrence,
    praise="`schedules.Warmup(schedules.CosineAnnealing(top, steps - warm_up, alpha=0.1), warm_up)` is the same.",
    mistakes=(
        Mistake(
            "Your rate falls to 0. It should end at a tenth of `top`: shrink the wave to nine tenths "
            "and lift it by one.",
            lambda s, w, n, top: np.where(s < w, top * s / w, top * _wave((s - w) / (n - w))),
        ),
        Mistake(
            "You lifted the wave by a tenth but did not shrink it, so that it begins above `top`.",
            lambda s, w, n, top: np.where(
                s < w, top * s / w, top * (0.1 + _wave((s - w) / (n - w)))
            ),
        ),
        Mistake(
            "You cut the wave off at a tenth, so that the last rates are all the same. Asked is half a "
            "wave that ends there: 0.1 + 0.9 · wave.",
            lambda s, w, n, top: np.where(
                s < w, top * s / w, top * np.maximum(_wave((s - w) / (n - w)), 0.1)
            ),
        ),
        Mistake(
            "The cosine must begin where the warm-up ends: count its steps from warm_up on, not from "
            "0. Your curve jumps.",
            lambda s, w, n, top: np.where(s < w, top * s / w, _cosine(s / n, top)),
        ),
        Mistake(
            "The cosine reaches its end too late: it has only steps − warm_up steps.",
            lambda s, w, n, top: np.where(s < w, top * s / w, _cosine((s - w) / n, top)),
        ),
        Mistake(
            "The cosine has the right length, but begins too early: count its steps from warm_up on, "
            "`step - warm_up`. Your curve jumps.",
            lambda s, w, n, top: np.where(s < w, top * s / w, _cosine(s / (n - w), top)),
        ),
        Mistake(
            "Your cosine runs backwards: after the warm-up the rate drops and rises again. It is "
            "1 + cos, not 1 − cos.",
            lambda s, w, n, top: np.where(
                s < w, top * s / w, 1.1 * top - _cosine((s - w) / (n - w), top)
            ),
        ),
        Mistake("The warm-up is missing.", lambda s, w, n, top: _cosine(s / n, top)),
        Mistake(
            "You multiplied rise and cosine. First the one, then the other: `np.where(step < warm_up, "
            "rising, falling)`.",
            lambda s, w, n, top: np.minimum(s / w, 1) * _cosine(s / n, top),
        ),
        Mistake(
            "After the warm-up your rate stays where it is. It should fall to a tenth.",
            lambda s, w, n, top: top * np.minimum(s / w, 1),
        ),
        Mistake(
            "It falls along a straight line. Asked was half a cosine wave, (1 + cos π·done) / 2.",
            lambda s, w, n, top: np.where(s < w, top * s / w, top * (1 - 0.9 * (s - w) / (n - w))),
        ),
        Mistake(
            "A whole wave: your rate falls to the end half-way and rises again. Half a wave is cos(π · done).",
            lambda s, w, n, top: np.where(s < w, top * s / w, _cosine(2 * (s - w) / (n - w), top)),
        ),
        Mistake(
            "Your cosine goes below 0. Lift it by 1 and halve it: (1 + cos π·done) / 2.",
            lambda s, w, n, top: np.where(
                s < w, top * s / w, top * np.cos(np.pi * (s - w) / (n - w))
            ),
        ),
        Mistake(
            "The highest rate is 1 in your curve: multiply by `top`.",
            lambda s, w, n, top: np.where(s < w, s / w, _cosine((s - w) / (n - w), 1.0)),
        ),
        Mistake(
            "Your warm-up begins one step too far: step 0 has the rate 0 here.",
            lambda s, w, n, top: np.where(
                s < w, top * (s + 1) / w, _cosine((s - w) / (n - w), top)
            ),
        ),
    ),
)
