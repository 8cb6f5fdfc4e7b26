"""The formula of attention, softmax(Q Kᵀ / √d) V, and its gradients: what all heads share.

`attention` is the formula as the paper has it. `attend` computes the same faster, and
`attend_gradients` goes back through it; a test holds the two together.
"""

import math

import numpy as np

# What replaces a score that must not count. exp(-1e9) is 0; and where a query may look at nothing at
# all, all its scores are equal and all its weights 1 / keys: finite, as in Keras.
HIDDEN_SCORE = -1e9
# Scores up to here can be summed after exp without overflow, in float32 too.
SMALL = 60.0


def attention(query, key, value, hidden=None):
    """Return softmax(Q Kᵀ / √d) V and the weights, unchecked, word for word.

    Each query is compared with every key by the scalar product; the softmax turns the scores of one
    query into weights that sum to 1, and the result is the mean of the values with these weights.
    √d keeps the variance of the scores at 1, whatever the length d of the vectors.

    Parameters
    ----------
    query : numpy.ndarray
        Q, (…, queries, d).
    key : numpy.ndarray
        K, (…, keys, d).
    value : numpy.ndarray
        V, (…, keys, value_dim).
    hidden : numpy.ndarray, optional
        Truth values that fit (…, queries, keys): True where a query must not look at a key.

    Returns
    -------
    result : numpy.ndarray
        (…, queries, value_dim).
    weights : numpy.ndarray
        (…, queries, keys); each row sums to 1.

    Notes
    -----
    Source: Vaswani et al., "Attention Is All You Need" (2017), equation 1.
    """
    d = query.shape[-1]
    scores = query @ key.swapaxes(-1, -2) / math.sqrt(d)
    if hidden is not None:
        scores = np.where(hidden, HIDDEN_SCORE, scores)
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = shares / shares.sum(axis=-1, keepdims=True)
    return weights @ value, weights


def attend(query, key, value, hidden=None, kept=None, small=False, out=None):
    """Return the result of `attention`, and the weights as shares / sums, unchecked.

    √d divides Q, and the sums divide the result: fewer numbers than the scores are.

    Parameters
    ----------
    query, key, value, hidden
        As in `attention`.
    kept : numpy.ndarray, optional
        Dropout's factors for the weights, (…, queries, keys): 0 or 1 / (1 - rate).
    small : bool
        Whether all scores are below `SMALL`. The largest one need then not be taken away before
        exp, which changes nothing but the danger of overflow.
    out : numpy.ndarray, optional
        Where to write the shares.

    Returns
    -------
    result : numpy.ndarray
        (…, queries, value_dim).
    shares : numpy.ndarray
        (…, queries, keys), before dropout.
    sums : numpy.ndarray
        (…, queries, 1).
    """
    d = query.shape[-1]
    shares = np.matmul(query / math.sqrt(d), key.swapaxes(-1, -2), out=out)
    if hidden is not None:
        np.copyto(shares, HIDDEN_SCORE, where=hidden)
    if not small or hidden is not None:
        shares -= shares.max(axis=-1, keepdims=True)
    np.exp(shares, out=shares)
    sums = shares @ np.ones((key.shape[-2], 1), shares.dtype)  # faster than shares.sum(axis=-1)
    result = np.matmul(shares if kept is None else shares * kept, value)
    return np.divide(result, sums, out=result), shares, sums


def attend_gradients(upstream, query, key, value, forward, hidden=None, kept=None):
    """Return ∂L/∂Q, ∂L/∂K and ∂L/∂V for the result of `attend`, unchecked.

    With W the weights and S = Q Kᵀ / √d the scores: ∂L/∂V = Wᵀ upstream, ∂L/∂W = upstream Vᵀ,
    ∂L/∂S = W (∂L/∂W - Σ_keys W ∂L/∂W), ∂L/∂Q = ∂L/∂S K / √d, ∂L/∂K = ∂L/∂Sᵀ Q / √d. The sum in it
    is the scalar product of upstream and result (Dao et al. 2022, appendix B.4). W = shares / sums:
    here again the sums divide the smaller array, upstream.

    Parameters
    ----------
    upstream : numpy.ndarray
        ∂L/∂result, (…, queries, value_dim).
    query, key, value, hidden, kept
        As in `attend`.
    forward : tuple of numpy.ndarray
        The result, the shares and the sums, as `attend` returned them.

    Returns
    -------
    tuple of numpy.ndarray
        Three, of the shapes of Q, K and V.
    """
    result, shares, sums = forward
    root = math.sqrt(query.shape[-1])
    upstream = upstream / sums
    used = shares if kept is None else shares * kept
    # (upstreamᵀ W)ᵀ rather than Wᵀ upstream: products are faster with the long axis last
    value_gradient = np.matmul(upstream.swapaxes(-1, -2), used).swapaxes(-1, -2)
    delta = np.matmul(upstream, value.swapaxes(-1, -2))  # ∂L/∂W
    if kept is not None:
        delta *= kept
    delta -= np.einsum("...qv,...qv->...q", upstream, result)[..., np.newaxis]
    delta *= shares  # ∂L/∂S
    if hidden is not None:  # where a whole row is hidden, its shares are not 0
        np.copyto(delta, 0, where=hidden)
    query_gradient = np.matmul(delta, key / root)
    key_gradient = np.matmul((query / root).swapaxes(-1, -2), delta).swapaxes(-1, -2)
    return query_gradient, key_gradient, value_gradient


def scores_are_small(query, key):
    """Return whether no score can exceed `SMALL`: Q Kᵀ ≤ the longest query times the longest key.

    The vectors of all heads, (…, heads, d), are taken as one: too long, and quickly done.
    """
    longest = [math.sqrt(np.einsum("...hd,...hd->...", each, each).max()) for each in (query, key)]
    return longest[0] * longest[1] / math.sqrt(query.shape[-1]) < SMALL
