"""The checks and reference solutions of lesson 04's exercises about noise and fair comparison."""

import itertools

import numpy as np

from dlkit.exercises.judging import FunctionCheck, Mistake


# --- 04.4 ---------------------------------------------------------------------------------------
def batch_noise(gradients, batch_size):
    """Return the standard deviation, in each parameter, of a mean over a random batch."""
    spread = gradients.std(axis=0)  # of single samples
    return spread / np.sqrt(batch_size)


def _noise_by_trying_all(gradients, batch_size):
    every = itertools.product(range(len(gradients)), repeat=batch_size)
    means = np.array([gradients[list(batch)].mean(axis=0) for batch in every])
    return np.sqrt(((means - means.mean(axis=0)) ** 2).mean(axis=0))


NOISE = FunctionCheck(
    arguments=("gradients", "batch_size"),
    cases=lambda: [
        (np.random.default_rng(1).normal(size=(6, 4)) + 1, 3),
        (np.random.default_rng(2).exponential(size=(5, 3)), 2),
    ],
    oracle=_noise_by_trying_all,
    praise="Four times the batch, half the noise: that is why large batches pay less and less.",
    mistakes=(
        Mistake(
            "That is the noise of a single sample. A batch averages it out.",
            lambda g, b: g.std(axis=0),
        ),
        Mistake(
            "Noise does not fall as fast as that: errors partly cancel, so divide by the root of "
            "the batch size.",
            lambda g, b: g.std(axis=0) / b,
        ),
        Mistake(
            "Larger batches are less noisy: divide by the root, do not multiply.",
            lambda g, b: g.std(axis=0) * np.sqrt(b),
        ),
        Mistake(
            "That is the variance. Asked was the standard deviation, its root.",
            lambda g, b: g.var(axis=0) / b,
        ),
        Mistake(
            "You took the spread along the wrong axis: samples are rows, parameters columns.",
            lambda g, b: g.std(axis=1) / np.sqrt(b),
        ),
        Mistake(
            "That is one number for all parameters. Each parameter has noise of its own: `axis=0`.",
            lambda g, b: g.std() / np.sqrt(b),
        ),
        Mistake(
            "You divided by the number of samples instead of the batch size.",
            lambda g, b: g.std(axis=0) / np.sqrt(len(g)),
        ),
        Mistake(
            "You used n − 1 (`ddof=1`), which guesses the spread of samples one has not got. Here the "
            "batch is drawn from these very samples.",
            lambda g, b: g.std(axis=0, ddof=1) / np.sqrt(b),
        ),
        Mistake(
            "That is right if no sample can come twice. Here each draw is from all samples.",
            lambda g, b: g.std(axis=0) / np.sqrt(b) * np.sqrt((len(g) - b) / (len(g) - 1)),
        ),
        Mistake(
            "That is the mean gradient. Asked was how far a batch strays from it.",
            lambda g, b: g.mean(axis=0),
        ),
    ),
)


# --- 04.5 ---------------------------------------------------------------------------------------
def fair_race(tuning, racing):
    """Return each optimizer's mean at its own best rate, and whether the best one leads clearly."""
    rates = tuning.mean(axis=2).argmax(axis=1)  # chosen on seeds that do not race
    scores = racing[np.arange(len(racing)), rates]  # (optimizers, seeds)
    means, spreads = scores.mean(axis=1), scores.std(axis=1)
    second, first = np.argsort(means)[-2:]
    lead = means[first] - means[second]
    return means, lead > max(spreads[first], spreads[second])


def _race_cases():
    generator = np.random.default_rng(5)

    def scores(centres, seeds, spread):
        centres = np.asarray(centres)
        return centres[..., None] + spread * generator.standard_normal((*centres.shape, seeds))

    close = [[0.5, 0.90, 0.7, 0.2], [0.8, 0.91, 0.60, 0.3], [0.2, 0.5, 0.6, 0.899]]
    clear = [[0.3, 0.70, 0.60], [0.2, 0.4, 0.9], [0.6, 0.2, 0.1], [0.72, 0.5, 0.4]]
    lucky_tuning = scores(close, 2, 0.004)
    lucky_tuning[0, 0] = [0.99, 0.1]  # one lucky seed, bad on average
    lucky_racing = scores(close, 5, 0.03)
    lucky_racing[1, 0] = [0.99, 0.98, 0.97, 0.99, 0.98]  # whoever tunes on the race takes this rate
    wide = scores(clear, 5, 0.01)
    wide[0, 1] = [0.68, 0.98, 0.68, 0.98, 0.78]  # the second best strays by more than the lead
    wide[3, 0] = [0.62, 0.66, 0.58, 0.6, 0.64]
    near = scores([[0.4, 0.80], [0.85, 0.3]], 4, 0.002)
    near[1, 0] = [0.95, 0.75, 0.9, 0.85]  # leads by less than it strays
    apart = scores([[0.3, 0.9], [0.6, 0.2], [0.85, 0.4]], 4, 0.002)
    wild = apart.copy()
    apart[0, 1] = [0.87, 0.93, 0.87, 0.93]  # leads by more than it or the second strays,
    apart[2, 0] = [0.82, 0.88, 0.82, 0.88]  # but by less than both together
    wild[1, 0] = [0.4, 0.8, 0.4, 0.8]  # the third strays widely, and does not matter
    even = scores([[0.5, 0.9], [0.91, 0.2]], 4, 0.002)
    even[0, 1] = [0.88, 0.96, 0.84, 0.92]
    even[1, 0] = [0.93, 0.85, 0.97, 0.89]  # leads by less than either strays
    three = scores([[0.3, 0.9], [0.6, 0.2], [0.85, 0.4]], 2, 0.002)
    return [
        (lucky_tuning, lucky_racing),
        (scores(clear, 3, 0.01), wide),
        (scores([[0.4, 0.80], [0.85, 0.3]], 2, 0.002), near),
        (three, apart),
        (three, wild),
        (scores([[0.5, 0.9], [0.91, 0.2]], 2, 0.002), even),
    ]


def _race_by_walking(tuning, racing):
    rows = []
    for tried, raced in zip(tuning.tolist(), racing.tolist(), strict=True):
        sums = [sum(seeds) for seeds in tried]
        rows.append(raced[sums.index(max(sums))])
    means = [sum(row) / len(row) for row in rows]
    spreads = [
        (sum((score - mean) ** 2 for score in row) / len(row)) ** 0.5
        for row, mean in zip(rows, means, strict=True)
    ]
    order = sorted(range(len(rows)), key=means.__getitem__, reverse=True)
    first, second = order[:2]
    return np.array(means), means[first] - means[second] > max(spreads[first], spreads[second])


def _chosen(racing, rates):
    return racing[np.arange(len(racing)), rates]


def _verdict(spread, who=np.max):
    def clear(tuning, racing):
        scores = _chosen(racing, tuning.mean(axis=2).argmax(axis=1))
        means, spreads = scores.mean(axis=1), spread(scores)
        second, first = np.argsort(means)[-2:]
        return means[first] - means[second] > who(spreads[[first, second]])

    return clear


RACE = FunctionCheck(
    arguments=("tuning", "racing"),
    cases=_race_cases,
    oracle=_race_by_walking,
    results=("means", "clear"),
    praise="Tuned on some seeds, judged on others, and honest about luck: that is a fair race.",
    mistakes=(
        Mistake(
            "You chose the rates by the scores of the race itself. Who is judged by the runs it was "
            "tuned on looks better than it is: choose by `tuning`.",
            lambda t, r: _chosen(r, r.mean(axis=2).argmax(axis=1)).mean(axis=1),
        ),
        Mistake(
            "You chose one rate for all. Each optimizer has its own best: `argmax` along the rates.",
            lambda t, r: r[:, t.mean(axis=(0, 2)).argmax()].mean(axis=1),
        ),
        Mistake(
            "You chose each rate by its luckiest seed. Choose by the mean over the seeds.",
            lambda t, r: _chosen(r, t.max(axis=2).argmax(axis=1)).mean(axis=1),
        ),
        Mistake(
            "Those are the means of the tuning runs. Judge by `racing`, at the rates you chose.",
            lambda t, r: t.mean(axis=2).max(axis=1),
        ),
        Mistake(
            "You report the best seed of each. Report the mean.",
            lambda t, r: _chosen(r, t.mean(axis=2).argmax(axis=1)).max(axis=1),
        ),
        Mistake(
            "You averaged over all rates, good and bad. Take each optimizer at its best rate only.",
            lambda t, r: r.mean(axis=(1, 2)),
        ),
        Mistake(
            "You chose the worst rate of each: a higher accuracy is better.",
            lambda t, r: _chosen(r, t.mean(axis=2).argmin(axis=1)).mean(axis=1),
        ),
        Mistake(
            "You compare the lead with the smaller of the two spreads. One that strays widely is "
            "enough to make the order a matter of luck: take the larger.",
            _verdict(lambda s: s.std(axis=1), np.min),
            part=1,
        ),
        Mistake(
            "You look at the spread of the best alone. The second best may stray too: take the "
            "larger of the two.",
            _verdict(lambda s: s.std(axis=1), lambda both: both[0]),
            part=1,
        ),
        Mistake(
            "You added the two spreads up. Asked was the larger of the two.",
            _verdict(lambda s: s.std(axis=1), np.sum),
            part=1,
        ),
        Mistake(
            "You took the largest spread of all. Only the best and the second best are compared.",
            _verdict(lambda s: np.full(len(s), s.std(axis=1).max())),
            part=1,
        ),
        Mistake(
            "You call every lead clear. It must be larger than what the seeds alone do.",
            lambda t, r: True,
            part=1,
        ),
        Mistake(
            "You call no lead clear, but one of them is larger than both spreads.",
            lambda t, r: False,
            part=1,
        ),
        Mistake(
            "`clear` is the wrong way round: True where the lead is larger than the spread.",
            lambda t, r: not _verdict(lambda s: s.std(axis=1))(t, r),
            part=1,
        ),
    ),
)
