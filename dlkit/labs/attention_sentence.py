"""One attention over a typed sentence: the computation behind AttentionLab's first view.

The vectors of the words and the four projections are random, fixed by a seed: nothing here is
trained, so that what you see is the formula and nothing else.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np

from dlkit.layers.attend import attention
from dlkit.layers.masking import hidden_places
from dlkit.layers.positions import sinusoidal_table

FEATURES = 64
"""Numbers in the vector of a word; the heads share them among themselves."""

MOST_WORDS = 8
PADDING = "(pad)"
MASKS = ("none", "causal", "padding", "both")


@dataclass(frozen=True, eq=False)
class Look:
    """All numbers of one attention with several heads over one sentence.

    Attributes
    ----------
    tokens : tuple of str
        Words, then padding.
    x : numpy.ndarray
        (tokens, FEATURES), positions included.
    query, key, value : numpy.ndarray
        (heads, tokens, length).
    raw : numpy.ndarray
        Q Kᵀ, (heads, tokens, tokens).
    divisor : float
        What the raw scores are divided by.
    scores : numpy.ndarray
        raw / divisor.
    hidden : numpy.ndarray
        (tokens, tokens), True where a query must not look at a key.
    weights : numpy.ndarray
        (heads, tokens, tokens); rows sum to 1.
    result : numpy.ndarray
        (heads, tokens, length).
    """

    tokens: tuple
    x: np.ndarray
    query: np.ndarray
    key: np.ndarray
    value: np.ndarray
    raw: np.ndarray
    divisor: float
    scores: np.ndarray
    hidden: np.ndarray
    weights: np.ndarray
    result: np.ndarray

    def entropy(self, head, row):
        """Return -Σ w ln w of one row of weights, in nats: 0 for a single key, ln n for all alike."""
        w = self.weights[head, row]
        return float(-(w[w > 0] * np.log(w[w > 0])).sum())


def tokens_of(sentence, padding=0):
    """Return the words of a sentence, `MOST_WORDS` at most, and padding after them.

    Parameters
    ----------
    sentence : str
    padding : int
        How many tokens of padding. Where there is no word at all, there is one at least.

    Returns
    -------
    tuple of str
    """
    words = sentence.split()[:MOST_WORDS]
    return (*words, *[PADDING] * (padding if words else max(padding, 1)))


def usable_mask(tokens, mask):
    """Return the mask without its part for padding where there is no word to look at instead.

    A query for which every key is hidden would have no weights at all.
    """
    if all(token == PADDING for token in tokens):
        return {"padding": "none", "both": "causal"}.get(mask, mask)
    return mask


@functools.lru_cache(maxsize=256)
def word_vector(word, seed):
    """Return the vector of a word, (FEATURES,), normal with variance 1: the same each time."""
    return np.random.default_rng([seed, *word.encode()]).normal(size=FEATURES)


@functools.lru_cache(maxsize=16)
def projections(seed):
    """Return W_Q, W_K and W_V, (FEATURES, FEATURES) each, normal with variance 1 / FEATURES."""
    generator = np.random.default_rng([seed, 0])
    return tuple(generator.normal(size=(3, FEATURES, FEATURES)) / math.sqrt(FEATURES))


def look(
    sentence, heads=4, temperature=1.0, scaled=True, mask="none", positions=0.0, padding=0, seed=0
):
    """Return the attention of a sentence to itself, unchecked.

    Parameters
    ----------
    sentence : str
    heads : int
        A divisor of `FEATURES`; each has FEATURES / heads = d numbers.
    temperature : float
        Scores are divided by it, above 0.
    scaled : bool
        Whether scores are divided by √d as well.
    mask : str
        One of `MASKS`; see `usable_mask`.
    positions : float
        The position vectors are multiplied by this before they are added; 0 is off.
    padding : int
        Tokens of padding after the words.
    seed : int
        Of word vectors and projections.

    Returns
    -------
    Look
    """
    tokens = tokens_of(sentence, padding)
    n, d = len(tokens), FEATURES // heads
    x = np.stack([word_vector(token, seed) for token in tokens])
    x = x + positions * sinusoidal_table(n, FEATURES)
    query, key, value = ((x @ w).reshape(n, heads, d).swapaxes(0, 1) for w in projections(seed))
    mask = usable_mask(tokens, mask)
    real = (
        np.array([[token != PADDING for token in tokens]]) if mask in ("padding", "both") else None
    )
    found = hidden_places((n, n), mask in ("causal", "both"), key_mask=real)
    hidden = np.broadcast_to(False if found is None else found[0, 0], (n, n))
    # `attention` divides by √d: what else the scores are divided by is put on Q beforehand
    factor = (1.0 if scaled else math.sqrt(d)) / temperature
    result, weights = attention(query * factor, key, value, hidden)
    raw = query @ key.swapaxes(-1, -2)
    divisor = (math.sqrt(d) if scaled else 1.0) * temperature
    return Look(tokens, x, query, key, value, raw, divisor, raw / divisor, hidden, weights, result)


def twins(tokens):
    """Return pairs of places where the same word stands, padding left out."""
    return [
        (i, j)
        for i, first in enumerate(tokens)
        for j in range(i + 1, len(tokens))
        if first == tokens[j] != PADDING
    ]


def largest_difference(weights, pairs):
    """Return by how much the rows of the same word differ at most, over all heads and pairs."""
    return max((float(np.abs(weights[:, i] - weights[:, j]).max()) for i, j in pairs), default=0.0)
