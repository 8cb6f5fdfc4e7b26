"""Whether a difference between ways to train is more than chance between the seeds."""

from itertools import combinations

import numpy as np

ALARM = 0.05  # share of equal ways that may be called different


def paired_p_value(differences, step=0.0):
    """Return how often equal ways would differ by so much: Student's t test on paired runs.

    t = mean(d) / (s / √n), s the standard deviation of the d (divided by n - 1); the answer is the
    probability of a |t| at least as large with n - 1 degrees of freedom.

    Parameters
    ----------
    differences : ndarray, shape (seeds,)
        d, one way's value minus the other's, of the same seed.
    step : float
        The values' grain, 1 / samples for an accuracy. A rounded value is off by step / √12, a
        difference by step / √6, which s is therefore at least: two differences that happen to be
        equal show no more than that.

    Returns
    -------
    float
        0 to 1; NaN for one seed, which shows no spread.

    References
    ----------
    Student, The probable error of a mean, Biometrika 6 (1908); C. Colas, O. Sigaud, P.-Y. Oudeyer,
    How many random seeds? (2018), on its use for trained networks.
    """
    from scipy.special import stdtr  # the distribution function of t

    count = len(differences)
    if count < 2:
        return float("nan")
    mean = float(np.mean(differences))
    if mean == 0:
        return 1.0
    error = max(float(np.std(differences, ddof=1)), step / np.sqrt(6)) / np.sqrt(count)
    return float(2 * stdtr(count - 1, -abs(mean) / error)) if error else 0.0


def seed_spread(values):
    """Return the standard deviation over the seeds, as of a sample of all seeds there might be.

    ::

        spread = sqrt(sum((value - mean)^2) / (seeds - 1))

    Parameters
    ----------
    values : array_like, shape (seeds,)

    Returns
    -------
    float
        NaN for one seed, which shows no spread, and where a run diverged to infinity.
    """
    values = np.asarray(values, dtype="float64")
    if len(values) < 2 or not np.isfinite(values).all():
        return float("nan")
    return float(values.std(ddof=1))


def holm(p_values):
    """Return p-values corrected for being several: one false alarm in all of them counts.

    The smallest of m is multiplied by m, the next by m - 1 and so on; none becomes less than the
    one before it, and none more than 1.

    Parameters
    ----------
    p_values : array_like, shape (m,)

    Returns
    -------
    ndarray, shape (m,)

    References
    ----------
    S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of
    Statistics 6 (1979).
    """
    p_values = np.asarray(p_values, dtype="float64")
    order = np.argsort(p_values)
    raised = p_values[order] * np.arange(len(p_values), 0, -1)
    corrected = np.empty_like(p_values)
    corrected[order] = np.minimum(np.maximum.accumulate(raised), 1)
    return corrected


def clearly_apart(values, step=0.0):
    """Return the pairs that differ by more than chance, with 5 % for one false alarm in all pairs.

    All pairs count, although ``compare`` speaks of those with the best only: which one is best is
    known afterwards, and the more there are, the further the luckiest of equal ones lies ahead.

    Parameters
    ----------
    values : dict of str to ndarray of shape (seeds,)
        The same seeds in the same order; finite.
    step : float
        See `paired_p_value`.

    Returns
    -------
    list of set of str
    """
    pairs = list(combinations(values, 2))
    found = holm([paired_p_value(values[a] - values[b], step) for a, b in pairs])
    return [set(pair) for pair, p_value in zip(pairs, found) if p_value < ALARM]
