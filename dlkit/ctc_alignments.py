"""All alignments of labels with time steps, summed along one table: the inside of `dlkit.ctc.CTC`.

The states of a sequence are its labels with a blank before, between and after them:
``1 2`` has the states ``0 1 0 2 0``. An alignment walks through them, one state per time step: it
stays, goes on to the next, or skips a blank. S is the number of states, T that of time steps.
"""

from typing import NamedTuple

import numpy as np

from dlkit.activations import log_softmax

BLANK = 0


class Alignments(NamedTuple):
    """Sums over the alignments of each sequence, as logarithms.

    Attributes
    ----------
    states : numpy.ndarray
        (batch, S): the class of each state.
    log_alpha : numpy.ndarray
        (batch, T, S): all beginnings that are in state s at time t, the probability at t included.
    log_beta : numpy.ndarray
        (batch, T, S): all endings from there on, the probability at t left out; -inf after the
        end of a sequence.
    log_likelihood : numpy.ndarray
        (batch,): all alignments.
    """

    states: np.ndarray
    log_alpha: np.ndarray
    log_beta: np.ndarray
    log_likelihood: np.ndarray


def states_of(labels):
    """Return the labels (batch, L) with blanks around them, (batch, 2 L + 1), without checks."""
    states = np.full((len(labels), 2 * labels.shape[1] + 1), BLANK, dtype=np.int64)
    states[:, 1::2] = labels
    return states


def may_skip(states):
    """Return (batch, S): whether state s may follow s - 2 at once, without checks.

    It may if a blank lies between two labels that differ; equal ones would be merged into one.
    """
    skip = np.zeros(states.shape, dtype=bool)
    skip[:, 2:] = (states[:, 2:] != BLANK) & (states[:, 2:] != states[:, :-2])
    return skip


def sum_alignments(labels, logits, label_length, input_length):
    """Return the `Alignments` of a batch, without checks.

    Parameters
    ----------
    labels : numpy.ndarray
        (batch, L), whole numbers, padded with 0.
    logits : numpy.ndarray
        (batch, T, classes).
    label_length, input_length : numpy.ndarray
        (batch,): labels and time steps of each sequence.

    Returns
    -------
    Alignments
        In float64: the logarithms grow with T, and their differences are what counts.
    """
    states = states_of(labels)
    skip = may_skip(states)
    log_p = log_softmax.forward(logits.astype(np.float64))
    log_p = np.take_along_axis(log_p, states[:, np.newaxis, :], axis=-1)  # (batch, T, S)
    last = np.asarray(input_length) - 1
    # an alignment ends in the last label or in the blank behind it
    end = 2 * np.asarray(label_length)[:, np.newaxis]
    place = np.arange(states.shape[1])
    ending = np.where((place == end) | (place == end - 1), 0.0, -np.inf)

    log_alpha = np.full(log_p.shape, -np.inf)
    log_alpha[:, 0, :2] = log_p[:, 0, :2]
    for t in range(1, log_p.shape[1]):
        stay, move, leap = _arriving(log_alpha[:, t - 1], skip)
        log_alpha[:, t] = log_p[:, t] + np.logaddexp(stay, np.logaddexp(move, leap))

    log_beta = np.full(log_p.shape, -np.inf)
    log_beta[np.arange(len(states)), last] = ending  # after its end a sequence has no endings
    for t in range(log_p.shape[1] - 2, -1, -1):
        stay, move, leap = _leaving(log_p[:, t + 1] + log_beta[:, t + 1], skip)
        inside = np.logaddexp(stay, np.logaddexp(move, leap))
        log_beta[:, t] = np.where((t == last)[:, np.newaxis], ending, inside)

    at_the_end = log_alpha[np.arange(len(states)), last] + ending
    return Alignments(states, log_alpha, log_beta, np.logaddexp.reduce(at_the_end, axis=-1))


def _arriving(before, skip):
    """Return what comes into each state from s, s - 1 and (where allowed) s - 2."""
    move, leap = np.full(before.shape, -np.inf), np.full(before.shape, -np.inf)
    move[:, 1:] = before[:, :-1]
    leap[:, 2:] = np.where(skip[:, 2:], before[:, :-2], -np.inf)
    return before, move, leap


def _leaving(after, skip):
    """Return what goes from each state to s, s + 1 and (where allowed) s + 2."""
    move, leap = np.full(after.shape, -np.inf), np.full(after.shape, -np.inf)
    move[:, :-1] = after[:, 1:]
    leap[:, :-2] = np.where(skip[:, 2:], after[:, 2:], -np.inf)
    return after, move, leap


def shares_of_classes(alignments, classes):
    """Return (batch, T, classes): the share of alignments with each class at each time.

    Unchecked. Each row sums to 1 within the sequence, and to 0 after its end.
    """
    states, log_alpha, log_beta, log_likelihood = alignments
    share = np.exp(log_alpha + log_beta - log_likelihood[:, np.newaxis, np.newaxis])
    of_class = states[:, :, np.newaxis] == np.arange(classes)  # (batch, S, classes)
    return share @ of_class.astype(share.dtype)


def best_path(logits):
    """Return the labels of the likeliest alignment of each sequence, unchecked.

    The likeliest class at each time step; what repeats is merged, then blanks are dropped. The
    likeliest labels may be others: many alignments of them may add up to more.

    Parameters
    ----------
    logits : numpy.ndarray
        (batch, T, classes).

    Returns
    -------
    list of numpy.ndarray
        One array of labels for each sequence.
    """
    path = logits.argmax(axis=-1)
    changed = np.diff(path, axis=1, prepend=BLANK) != 0
    return [row[new & (row != BLANK)] for row, new in zip(path, changed, strict=True)]
