"""The formula of attention, softmax(Q Kᵀ / √d) V, and its gradients: what all heads share."""

import math

import numpy as np

# What replaces a score that must not count. exp(-1e9) is 0; and where a query may look at nothing at
# all, all its scores are equal and all its weights 1 / keys: finite, as in Keras.
HIDDEN_SCORE = -1e9


def attend(query, key, value, hidden=None, kept=None, weights=None):
    """Return softmax(Q Kᵀ / √d) V and the weights, unchecked.

    Each query is compared with every key by the scalar product; the softmax turns the scores of one
    query into shares that sum to 1, and the result is the mean of the values with these shares. √d
    keeps the variance of the scores at 1, whatever the length d of the vectors.

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
    kept : numpy.ndarray, optional
        Dropout's factors for the weights, (…, queries, keys): 0 or 1 / (1 - rate).
    weights : numpy.ndarray, optional
        Where to write the weights.

    Returns
    -------
    result : numpy.ndarray
        (…, queries, value_dim).
    weights : numpy.ndarray
        (…, queries, keys), before dropout; each row sums to 1.

    Notes
    -----
    Source: Vaswani et al., "Attention Is All You Need" (2017), equation 1; the dropout as in its
    published code. Dividing Q by √d rather than Q Kᵀ is the same and touches fewer numbers.
    """
    d = query.shape[-1]
    scores = np.matmul(query / math.sqrt(d), key.swapaxes(-1, -2), out=weights)
    if hidden is not None:
        np.copyto(scores, HIDDEN_SCORE, where=hidden)
    weights = softmax(scores)
    return np.matmul(weights if kept is None else weights * kept, value), weights


def softmax(scores):
    """Turn scores into exp(scores) / Σ exp(scores) along the last axis, in place."""
    scores -= scores.max(axis=-1, keepdims=True)  # changes nothing but the danger of overflow
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    return scores


def attend_gradients(upstream, query, key, value, weights, hidden=None, kept=None):
    """Return ∂L/∂Q, ∂L/∂K and ∂L/∂V for the result of `attend`, unchecked.

    With W the weights and S = Q Kᵀ / √d the scores: ∂L/∂V = Wᵀ upstream, ∂L/∂W = upstream Vᵀ,
    ∂L/∂S = W (∂L/∂W - Σ_keys W ∂L/∂W), ∂L/∂Q = ∂L/∂S K / √d, ∂L/∂K = ∂L/∂Sᵀ Q / √d.

    Parameters
    ----------
    upstream : numpy.ndarray
        ∂L/∂result, (…, queries, value_dim).
    query, key, value, weights, hidden, kept
        As in `attend`; the weights as it returned them.

    Returns
    -------
    tuple of numpy.ndarray
        Three, of the shapes of Q, K and V.
    """
    root = math.sqrt(query.shape[-1])
    used = weights if kept is None else weights * kept
    value_gradient = np.matmul(used.swapaxes(-1, -2), upstream)
    delta = np.matmul(upstream, value.swapaxes(-1, -2))  # ∂L/∂W
    if kept is not None:
        delta *= kept
    delta -= np.einsum("...qk,...qk->...q", weights, delta)[..., np.newaxis]
    delta *= weights  # ∂L/∂S
    if hidden is not None:  # where a whole row is hidden, the weights are not 0
        np.copyto(delta, 0, where=hidden)
    query_gradient = np.matmul(delta, key / root)
    key_gradient = np.matmul(delta.swapaxes(-1, -2), query / root)
    return query_gradient, key_gradient, value_gradient
