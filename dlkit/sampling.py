"""Sampling: from the probabilities of a language model to the next token, and to whole texts."""

import numpy as np

from dlkit import checks


def candidates(probabilities, temperature=1.0, top_k=None):
    """Return the probabilities from which the next token is drawn.

    q_i = p_i^(1/T) / Σ_j p_j^(1/T), which is softmax(logits / T). With ``top_k`` only the k most
    probable tokens stay, and are divided by their sum. T below 1 favours the favourites, T above 1
    evens out.

    Parameters
    ----------
    probabilities : array_like
        p, (…, tokens): 0 or more, each row sums to 1.
    temperature : float
        T, above 0.
    top_k : int, optional
        k, 1 or more; None keeps all tokens. Of equal ones at the border the first stay.

    Returns
    -------
    numpy.ndarray
        q, of the shape of p, float64.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong.

    Notes
    -----
    Source: Ackley, Hinton and Sejnowski, "A learning algorithm for Boltzmann machines" (1985), for
    the temperature; Fan, Lewis and Dauphin, "Hierarchical neural story generation" (2018), section
    5.1, for top-k.
    """
    p = checks.array("probabilities", probabilities, ndim=(1, 2, 3), dtype="float64")
    temperature = checks.number("temperature", temperature, above=0)
    if (p < 0).any() or not np.allclose(p.sum(axis=-1), 1, atol=1e-3):
        raise ValueError(
            "probabilities must be 0 or more and sum to 1 along the last axis. If you have logits, "
            "take dlkit.activations.softmax of them first."
        )
    with np.errstate(divide="ignore"):
        scores = np.log(p) / temperature
    if top_k is not None:
        top_k = checks.whole_number("top_k", top_k)
        rank = np.argsort(np.argsort(-scores, axis=-1, kind="stable"), axis=-1)
        scores = np.where(rank < top_k, scores, -np.inf)
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True)


def draw(probabilities, u):
    """Return the token at which the running sum of the probabilities passes u.

    Parameters
    ----------
    probabilities : array_like
        (…, tokens), as `candidates` returns them.
    u : array_like
        (…), numbers from 0 to below 1: where on the line from 0 to 1 the pin falls.

    Returns
    -------
    numpy.ndarray
        Whole numbers, (…).

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong.
    """
    p = checks.array("probabilities", probabilities, ndim=(1, 2, 3), dtype="float64")
    u = checks.array("u", u, shape=p.shape[:-1], dtype="float64")
    if (u < 0).any() or (u >= 1).any():
        raise ValueError(f"u must be 0 or more and below 1, but got {u.min():g} … {u.max():g}.")
    sums = np.cumsum(p, axis=-1)
    return (u[..., np.newaxis] * sums[..., -1:] < sums).argmax(axis=-1)


def write(network, prompt, count=1, temperature=1.0, top_k=None, seed=0, end=0):
    """Return texts that a causal model writes, one token after the other, until they end.

    Parameters
    ----------
    network : Network
        Takes (batch, time) whole numbers and gives (batch, time, tokens) probabilities of the next
        token, of which those at t depend on the steps 0 … t alone.
    prompt : array_like
        Whole numbers, (tokens,), one or more, fewer than the network's time steps.
    count : int
        How many texts.
    temperature, top_k
        As in `candidates`.
    seed : int
        Fixes what is drawn.
    end : int
        The token that ends a text.

    Returns
    -------
    list of numpy.ndarray
        What follows the prompt, without the end. A text that fills the network's time steps is
        returned as it is.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong.
    """
    time = network.input_shape[0]
    prompt = checks.array("prompt", prompt, ndim=1)
    if not 1 <= len(prompt) < time:
        raise ValueError(f"prompt must have 1 to {time - 1} tokens, but got {len(prompt)}.")
    count = checks.whole_number("count", count)
    end = checks.whole_number("end", end, minimum=0)
    generator = np.random.default_rng(checks.whole_number("seed", seed, minimum=0))
    texts = np.zeros((count, time), dtype="int64")
    texts[:, : len(prompt)] = prompt
    lengths = np.full(count, time)
    going = np.arange(count)
    for t in range(len(prompt), time):
        # the steps from t on are zeros still, and the model does not look at them
        p = network.predict(texts[going])[:, t - 1]
        texts[going, t] = draw(candidates(p, temperature, top_k), generator.random(len(going)))
        ended = texts[going, t] == end
        lengths[going[ended]] = t
        going = going[~ended]
        if not len(going):
            break
    return [text[len(prompt) : length] for text, length in zip(texts, lengths, strict=True)]
