"""The checks and reference solutions of lesson 11's exercises."""

import math

import numpy as np

from dlkit.exercises.judging import FunctionCheck, Mistake


def _softmax(scores, axis=-1):
    shares = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return shares / shares.sum(axis=axis, keepdims=True)


# --- 11.1 ---------------------------------------------------------------------------------------
def keys_in_use(scores):
    """Return e to the entropy of each query's weights: scores (queries, keys)."""
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights = shares / shares.sum(axis=1, keepdims=True)
    entropy = -(weights * np.log(weights)).sum(axis=1)  # (queries,)
    return np.exp(entropy)


def _scores():
    generator = np.random.default_rng(110)
    return [(generator.normal(size=(3, 5)),), (1.5 * generator.normal(size=(4, 2)) + 0.3,)]


def _number_by_hand(scores):
    found = []
    for row in scores:
        total = math.fsum(math.exp(score) for score in row)
        # e to -Σ w ln w, with ln w = score - ln total
        found.append(total * math.exp(-math.fsum(math.exp(s) * s for s in row) / total))
    return np.array(found)


def _plogp(weights):
    return -(weights * np.log(weights))


def _over_all(shares):
    return shares / shares.sum()


KEYS_IN_USE = FunctionCheck(
    arguments=("scores",),
    cases=_scores,
    oracle=_number_by_hand,
    praise="1 means that one key takes it all; who looks at all keys alike has the number of keys.",
    mistakes=(
        Mistake(
            "That is the entropy. Asked is e to the entropy, a number of keys: np.exp of it.",
            lambda s: _plogp(_softmax(s)).sum(axis=1),
        ),
        Mistake(
            "You took e to each summand. First add up along the keys, then np.exp of the sum.",
            lambda s: np.exp(_plogp(_softmax(s))).sum(axis=1),
        ),
        Mistake(
            "That is 1 / Σ w², another number of keys in use. Asked is e to the entropy.",
            lambda s: 1 / (_softmax(s) ** 2).sum(axis=1),
        ),
        Mistake(
            "The sign is missing: ln w is negative for w below 1, so the entropy is −Σ w ln w.",
            lambda s: np.exp(-_plogp(_softmax(s)).sum(axis=1)),
        ),
        Mistake(
            "You took the softmax along the queries. Each query (row) has weights of its own: they "
            "sum to 1 along the keys.",
            lambda s: np.exp(_plogp(_softmax(s, axis=0)).sum(axis=1)),
        ),
        Mistake(
            "You summed over the queries. The entropy belongs to a query: sum over its keys.",
            lambda s: np.exp(_plogp(_softmax(s)).sum(axis=0)),
        ),
        Mistake(
            "You raised e to an entropy in bits. To e belongs the natural logarithm, np.log.",
            lambda s: np.exp(_plogp(_softmax(s)).sum(axis=1) / math.log(2)),
        ),
        Mistake(
            "You took the mean over the keys. The entropy is the sum.",
            lambda s: np.exp(_plogp(_softmax(s)).mean(axis=1)),
        ),
        Mistake(
            "You added up all queries. Each has an entropy of its own: shape (queries,).",
            lambda s: np.exp(_plogp(_softmax(s)).sum()),
        ),
        Mistake(
            "The weights are not normalised: divide exp(scores) by its sum over the keys first.",
            lambda s: np.exp(-(np.exp(s) * s).sum(axis=1)),
        ),
        Mistake(
            "The shares are no weights yet: divide them by their sum over the keys.",
            lambda s: np.exp(_plogp(np.exp(s - s.max(axis=1, keepdims=True))).sum(axis=1)),
        ),
        Mistake(
            "You divided by the sum of all shares. Each query (row) has a sum of its own: axis=1.",
            lambda s: np.exp(
                _plogp(_over_all(np.exp(s - s.max(axis=1, keepdims=True)))).sum(axis=1)
            ),
        ),
        Mistake(
            "You left out the factor w: each ln w counts as much as its weight.",
            lambda s: np.exp(-np.log(_softmax(s)).sum(axis=1)),
        ),
    ),
)


# --- 11.2 ---------------------------------------------------------------------------------------
def window_mask(length, width):
    """Return (length, length): True where query t must not look, that is outside t-width … t."""
    query = np.arange(length)[:, None]
    key = np.arange(length)[None, :]
    return (key > query) | (key < query - width)


def _windows():
    return [(6, 2), (5, 0), (4, 9), (7, 3)]


def _window_by_walking(length, width):
    hidden = np.ones((length, length), bool)
    for t in range(length):
        for step in range(width + 1):
            if t - step >= 0:
                hidden[t, t - step] = False
    return hidden


def _band(length, low, high):
    difference = np.arange(length)[:, None] - np.arange(length)[None, :]  # query - key
    return (difference < low) | (difference > high)


WINDOW = FunctionCheck(
    arguments=("length", "width"),
    cases=_windows,
    oracle=_window_by_walking,
    praise="With such a window the work grows with length · width instead of length²; several layers "
    "reach further back.",
    mistakes=(
        Mistake(
            "That is True where the query may look. Asked was the opposite: what is hidden.",
            lambda n, w: ~_band(n, 0, w),
        ),
        Mistake(
            "The future is not hidden: query t must not look at keys after t.",
            lambda n, w: _band(n, -n, w),
        ),
        Mistake(
            "You hide the future only. The far past, more than width steps back, is hidden too.",
            lambda n, w: _band(n, 0, n),
        ),
        Mistake(
            "That is a window to both sides. The half in the future must be hidden.",
            lambda n, w: _band(n, -w, w),
        ),
        Mistake(
            "The window is one step too short: key t − width may be seen.",
            lambda n, w: _band(n, 0, w - 1),
        ),
        Mistake(
            "The query does not see its own place: key t may be seen.",
            lambda n, w: _band(n, 1, w),
        ),
        Mistake(
            "Rows and columns are swapped: rows are queries, columns are keys.",
            lambda n, w: _band(n, 0, w).T,
        ),
        Mistake(
            "The window is one step too long: key t − width − 1 must be hidden.",
            lambda n, w: _band(n, 0, w + 1),
        ),
        Mistake(
            "Both edges may be seen: key t itself and key t − width. Compare with < and >, not with "
            "<= and >=.",
            lambda n, w: _band(n, 1, w - 1),
        ),
        Mistake(
            "Nothing is hidden: no key lies in the future and in the far past. Join the two with "
            "`|` (or), not with `&` (and).",
            lambda n, w: np.zeros((n, n), bool),
        ),
    ),
)


# --- 11.3 ---------------------------------------------------------------------------------------
def attention_with_distance(query, key, value, slope):
    """Return causal attention whose scores fall by slope for each step that a key lies back."""
    n, d = query.shape
    back = np.arange(n)[:, None] - np.arange(n)[None, :]  # steps from key to query
    scores = query @ key.T / np.sqrt(d) - slope * back
    scores = np.where(back < 0, -np.inf, scores)
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True) @ value


def _sequences():
    generator = np.random.default_rng(113)
    return [
        (generator.normal(size=(5, 3)), generator.normal(size=(5, 3)),
         generator.normal(size=(5, 2)), 0.4),
        (generator.normal(size=(4, 6)), generator.normal(size=(4, 6)),
         generator.normal(size=(4, 5)), 1.1),
    ]  # fmt: skip


def _distance_by_walking(query, key, value, slope):
    result = []
    for i in range(len(query)):
        shares = [
            math.exp(math.fsum(query[i] * key[j]) / math.sqrt(query.shape[1]) - slope * (i - j))
            for j in range(i + 1)
        ]
        total = math.fsum(shares)
        result.append(
            sum((share / total * value[j] for j, share in enumerate(shares)), 0 * value[0])
        )
    return np.array(result)


def _attend(query, key, value, *, divisor=None, bias=0.0, causal=True, axis=-1, inside=False):
    n, d = query.shape
    back = np.arange(n)[:, None] - np.arange(n)[None, :]
    bias = bias(back) if callable(bias) else bias
    divisor = math.sqrt(d) if divisor is None else divisor
    scores = (query @ key.T + bias) / divisor if inside else query @ key.T / divisor + bias
    if causal:
        scores = np.where(back < 0, -1e30, scores)
    return _softmax(scores, axis) @ value


def _scores_of(query, key, slope):
    n, d = query.shape
    back = np.arange(n)[:, None] - np.arange(n)[None, :]
    return query @ key.T / math.sqrt(d) - slope * back


def _back(n):
    return np.arange(n)[:, None] - np.arange(n)[None, :]


def _hidden(scores):
    return np.where(_back(len(scores)) < 0, -1e30, scores)


# What may be done to the weights w by mistake, with the distance `back` and the slope m.
_AFTER_THE_SOFTMAX = (
    lambda w, back, m: w * m * back,
    lambda w, back, m: w * -m * back,
    lambda w, back, m: w * (1 - m * back),
    lambda w, back, m: w * np.exp(-m * back),
    lambda w, back, m: w - m * back,
    lambda w, back, m: w - m * np.maximum(back, 0),
    lambda w, back, m: np.where(back < 0, 0.0, w - m * back),
)


def _weights_changed(query, key, slope, change):
    back = _back(len(query))
    weights = _softmax(_hidden(_scores_of(query, key, 0)))
    return change(weights, back, slope)


def _hidden_late(scores):
    return np.tril(_softmax(scores))


DISTANCE = FunctionCheck(
    arguments=("query", "key", "value", "slope"),
    cases=_sequences,
    oracle=_distance_by_walking,
    praise="So positions need no vectors at all: the distance alone tells near from far.",
    mistakes=(
        Mistake(
            "The sign of the distance is wrong: a key that lies far back must get a lower score.",
            lambda q, k, v, m: _attend(q, k, v, bias=lambda back: m * back),
        ),
        Mistake(
            "The distance is missing: subtract slope · (i − j) from the score of query i and key j.",
            lambda q, k, v, m: _attend(q, k, v),
        ),
        Mistake(
            "You forgot to divide q · k by √d.",
            lambda q, k, v, m: _attend(q, k, v, divisor=1.0, bias=lambda back: -m * back),
        ),
        Mistake(
            "You divided by d. The scores are divided by its root, √d.",
            lambda q, k, v, m: _attend(q, k, v, divisor=q.shape[1], bias=lambda back: -m * back),
        ),
        Mistake(
            "You divided by the root of the length of the values. d is the length of queries and keys.",
            lambda q, k, v, m: _attend(
                q, k, v, divisor=math.sqrt(v.shape[1]), bias=lambda back: -m * back
            ),
        ),
        Mistake(
            "The future is not hidden: query i looks at the keys 0 … i only.",
            lambda q, k, v, m: _attend(q, k, v, causal=False, bias=lambda back: -m * np.abs(back)),
        ),
        Mistake(
            "The future is not hidden, and by your formula later keys even gain: query i looks at "
            "the keys 0 … i only.",
            lambda q, k, v, m: _attend(q, k, v, causal=False, bias=lambda back: -m * back),
        ),
        Mistake(
            "You divided the distance by √d as well. It is subtracted after that.",
            lambda q, k, v, m: _attend(q, k, v, bias=lambda back: -m * back, inside=True),
        ),
        Mistake(
            "The softmax ran along the queries. The weights of one query sum to 1 over the keys.",
            lambda q, k, v, m: _attend(q, k, v, bias=lambda back: -m * back, axis=0),
        ),
        Mistake(
            "You hid the weights after the softmax, so the rows no longer sum to 1. Hide the scores "
            "before it.",
            lambda q, k, v, m: _hidden_late(_scores_of(q, k, m)) @ v,
        ),
        Mistake(
            "A hidden score of 0 is not hidden: exp(0) is 1. It must be −inf, or −1e9.",
            lambda q, k, v, m: _softmax(np.tril(_scores_of(q, k, m))) @ v,
        ),
        *(
            Mistake(
                "You changed the weights by the distance, after the softmax, so that they no longer "
                "sum to 1. Subtract slope · (i − j) from the scores, before it.",
                lambda q, k, v, m, change=change: _weights_changed(q, k, m, change) @ v,
            )
            for change in _AFTER_THE_SOFTMAX
        ),
        Mistake(
            "You multiplied the scores by the distance. Subtract slope · (i − j) from them.",
            lambda q, k, v, m: _softmax(_hidden(_scores_of(q, k, 0) * m * _back(len(q)))) @ v,
        ),
        Mistake(
            "You multiplied the scores by the distance. Subtract slope · (i − j) from them.",
            lambda q, k, v, m: _softmax(_hidden(_scores_of(q, k, 0) * -m * _back(len(q)))) @ v,
        ),
        Mistake(
            "That is still the formula of the lesson: the distance and the mask are missing.",
            lambda q, k, v, m: _attend(q, k, v, causal=False),
        ),
        Mistake(
            "Rows and columns of the scores are swapped: rows are queries, query @ key.T.",
            lambda q, k, v, m: _attend(k, q, v, bias=lambda back: -m * back),
        ),
    ),
)


# --- 11.4 ---------------------------------------------------------------------------------------
def nucleus(probabilities, top_p):
    """Return the probabilities of the fewest favourites that reach top_p, divided by their sum."""
    order = np.argsort(-probabilities)
    before = np.cumsum(probabilities[order]) - probabilities[order]  # what the better ones hold
    kept = np.zeros(len(probabilities), bool)
    kept[order] = before < top_p
    chosen = np.where(kept, probabilities, 0.0)
    return chosen / chosen.sum()


def _distributions():
    return [
        (np.array([0.07, 0.41, 0.02, 0.3, 0.2]), 0.55),
        (np.array([0.55, 0.05, 0.25, 0.15]), 0.6),
        (np.array([0.1, 0.62, 0.28]), 0.65),
    ]


def _nucleus_by_walking(probabilities, top_p):
    left = list(range(len(probabilities)))
    result, held = np.zeros(len(probabilities)), 0.0
    while held < top_p:
        best = max(left, key=lambda i: probabilities[i])
        left.remove(best)
        result[best] = probabilities[best]
        held += probabilities[best]
    return result / held


def _keep(p, condition, normal=True):
    order = np.argsort(-p)
    kept = np.zeros(len(p), bool)
    kept[order] = condition(np.cumsum(p[order]), p[order])
    chosen = np.where(kept, p, 0.0)
    return chosen / max(chosen.sum(), 1e-12) if normal else chosen


def _chosen(p, kept):
    return np.where(kept, p, 0.0) / p[kept].sum()


def _smallest_first(p, top_p):
    order = np.argsort(p)
    kept = np.zeros(len(p), bool)
    kept[order] = np.cumsum(p[order]) - p[order] < top_p
    return kept


NUCLEUS = FunctionCheck(
    arguments=("probabilities", "top_p"),
    cases=_distributions,
    oracle=_nucleus_by_walking,
    praise="Where the model is sure only one or two stay, where it is not many do. Top-k keeps the "
    "same number in both cases.",
    mistakes=(
        Mistake(
            "What stays must sum to 1 again: divide by its sum.",
            lambda p, t: _keep(p, lambda sums, each: sums - each < t, normal=False),
        ),
        Mistake(
            "The one with which the sum reaches top_p belongs to the chosen. You stopped before it.",
            lambda p, t: _keep(p, lambda sums, each: sums <= t),
        ),
        Mistake(
            "You compared each probability with top_p. What counts is the sum of the favourites.",
            lambda p, t: _keep(p, lambda sums, each: each >= t),
        ),
        Mistake(
            "You kept those that are not favourites: sort from the largest to the smallest.",
            lambda p, t: _keep(p, lambda sums, each: sums - each >= t),
        ),
        Mistake(
            "The order got lost: the result must have each token at its old place. Put the values back "
            "where they came from.",
            lambda p, t: np.sort(_nucleus_by_walking(p, t))[::-1],
        ),
        Mistake(
            "You added up in the order in which they stand. Sort first, the largest in front.",
            lambda p, t: np.where(np.cumsum(p) - p < t, p, 0) / p[np.cumsum(p) - p < t].sum(),
        ),
        Mistake(
            "You sorted from the smallest up. The favourites come first: np.argsort(-probabilities).",
            lambda p, t: _chosen(p, _smallest_first(p, t)),
        ),
        Mistake(
            "Your truth values are in the order of the sorted tokens, the probabilities are not. Put "
            "the answer back: kept[order] = …",
            lambda p, t: _chosen(p, np.cumsum(np.sort(p)[::-1]) - np.sort(p)[::-1] < t),
        ),
        Mistake(
            "You kept one too many: stop as soon as the sum reaches top_p.",
            lambda p, t: _keep(p, lambda sums, each: np.append(True, (sums - each < t)[:-1])),
        ),
        Mistake(
            "Nothing was left out: the fewest favourites that reach top_p together stay.",
            lambda p, t: p,
        ),
    ),
)


# --- 11.5 ---------------------------------------------------------------------------------------
def perplexity(probabilities, tokens, lengths):
    """Return exp of the mean of -ln p over the first ``lengths`` tokens of each text."""
    real = np.arange(tokens.shape[1]) < lengths[:, None]
    p = np.take_along_axis(probabilities, tokens[..., None], axis=-1)[..., 0]  # (batch, time)
    return np.exp(-np.log(p[real]).mean())


def _batches():
    generator = np.random.default_rng(115)
    cases = []
    for batch, time, count in ((3, 5, 4), (2, 6, 7)):
        p = _softmax(generator.normal(size=(batch, time, count)))
        lengths = np.array([time, time - 2, time - 3][:batch])
        real = np.arange(time)[None, :] < lengths[:, None]
        tokens = np.where(real, generator.integers(0, count, (batch, time)), 0)
        cases.append((p, tokens, lengths))
    return cases


def _perplexity_by_walking(probabilities, tokens, lengths):
    product, count = 1.0, 0
    for n in range(len(tokens)):
        for t in range(lengths[n]):
            product *= probabilities[n, t, tokens[n, t]]
            count += 1
    return np.array(product ** (-1 / count))


def _of_truth(p, tokens):
    return np.take_along_axis(p, tokens[..., None], axis=-1)[..., 0]


def _real(p, lengths):
    return np.arange(p.shape[1]) < lengths[:, None]


def _losses_by_text(p, tokens, lengths):
    return [
        -np.log(row[:length]).mean()
        for row, length in zip(_of_truth(p, tokens), lengths, strict=True)
    ]


PERPLEXITY = FunctionCheck(
    arguments=("probabilities", "tokens", "lengths"),
    cases=_batches,
    oracle=_perplexity_by_walking,
    praise="A perplexity of 2 means: on average as unsure as somebody who tosses a coin.",
    mistakes=(
        Mistake(
            "Padding is counted too. Only the first `lengths` tokens of each text were to be guessed.",
            lambda p, y, n: np.exp(-np.log(_of_truth(p, y)).mean()),
        ),
        Mistake(
            "That is the mean loss. The perplexity is exp of it.",
            lambda p, y, n: -np.log(_of_truth(p, y)[_real(p, n)]).mean(),
        ),
        Mistake(
            "The sign is missing: exp of the mean of −ln p.",
            lambda p, y, n: np.exp(np.log(_of_truth(p, y)[_real(p, n)]).mean()),
        ),
        Mistake(
            "You took the mean of 1/p. First the mean of −ln p, then exp of it.",
            lambda p, y, n: (1 / _of_truth(p, y)[_real(p, n)]).mean(),
        ),
        Mistake(
            "You averaged the probabilities and took 1 over that. Average their logarithms.",
            lambda p, y, n: 1 / _of_truth(p, y)[_real(p, n)].mean(),
        ),
        Mistake(
            "You added up instead of taking the mean over the real tokens.",
            lambda p, y, n: np.exp(-np.log(_of_truth(p, y)[_real(p, n)]).sum()),
        ),
        Mistake(
            "You took the largest probability at each place. What counts is the one that the model gave "
            "to the true token.",
            lambda p, y, n: np.exp(-np.log(p.max(axis=-1)[_real(p, n)]).mean()),
        ),
        Mistake(
            "You divided by all places, padding included. Divide by the number of real tokens.",
            lambda p, y, n: np.exp(-np.log(_of_truth(p, y)[_real(p, n)]).sum() / y.size),
        ),
        Mistake(
            "You took a mean for each text first. All real tokens count alike: one mean over them.",
            lambda p, y, n: np.exp(np.mean(_losses_by_text(p, y, n))),
        ),
        Mistake(
            "That is the mean of the texts' perplexities. All real tokens count alike: one mean over "
            "them, then exp.",
            lambda p, y, n: np.mean(np.exp(_losses_by_text(p, y, n))),
        ),
        Mistake(
            "Token 0 may be a real one too. What is real is said by `lengths`.",
            lambda p, y, n: np.exp(-np.log(_of_truth(p, y)[y != 0]).mean()),
        ),
    ),
)


# --- 11.6 ---------------------------------------------------------------------------------------
def parameter_count(vocabulary, features, intermediate, layers):
    """Return how many numbers such a language model learns, all biases included."""
    attention = 4 * (features * features + features)  # Q, K, V, output, for all heads together
    hidden = features * intermediate + intermediate
    output = intermediate * features + features
    norms = 2 * 2 * features  # two normalizations, each with a scale and a shift
    embedding = vocabulary * features
    last = 2 * features + features * vocabulary + vocabulary
    return embedding + layers * (attention + hidden + output + norms) + last


def _sizes():
    return [(27, 48, 96, 2), (1000, 64, 256, 3), (8, 6, 10, 1)]


def _count_by_building(vocabulary, features, intermediate, layers):
    from dlkit.layers import Dense, Embedding, LayerNormalization, TransformerDecoder
    from dlkit.network import Network

    blocks = [TransformerDecoder(intermediate, 2, normalize_first=True) for _ in range(layers)]
    stack = [Embedding(vocabulary, features), *blocks, LayerNormalization(), Dense(vocabulary)]
    return np.array(Network(stack, (4,)).flat_parameters.size)


def _parts(v, f, h, n, *, attention=None, ffn=None, norms=None, last=None, first=None):
    attention = 4 * f * (f + 1) if attention is None else attention
    ffn = f * h + h + h * f + f if ffn is None else ffn
    norms = 4 * f if norms is None else norms
    last = 2 * f + f * v + v if last is None else last
    first = v * f if first is None else first
    return first + n * (attention + ffn + norms) + last


COUNT = FunctionCheck(
    arguments=("vocabulary", "features", "intermediate", "layers"),
    cases=_sizes,
    oracle=_count_by_building,
    praise="More heads cost nothing: they share the features among themselves.",
    mistakes=(
        Mistake(
            "4 · features are missing in each layer: the biases of the attention's four maps, or the "
            "scale and shift of the two normalizations. Which of them did you leave out?",
            lambda v, f, h, n: _parts(v, f, h, n, attention=4 * f * f),
        ),
        Mistake(
            "The attention has four maps: Q, K, V, and the output, which mixes the heads.",
            lambda v, f, h, n: _parts(v, f, h, n, attention=3 * f * (f + 1)),
        ),
        Mistake(
            "A normalization learns a scale and a shift for each feature: two numbers, not one.",
            lambda v, f, h, n: _parts(v, f, h, n, norms=2 * f, last=f + f * v + v),
        ),
        Mistake(
            "The normalizations are missing: two in each block and one after the last, each with a "
            "scale and a shift for each feature.",
            lambda v, f, h, n: _parts(v, f, h, n, norms=0, last=f * v + v),
        ),
        Mistake(
            "Each block has two normalizations, one for the attention and one for the Dense layers.",
            lambda v, f, h, n: _parts(v, f, h, n, norms=2 * f),
        ),
        Mistake(
            "The biases are missing, all of them: every map and every Dense layer has one for each of "
            "its outputs.",
            lambda v, f, h, n: _parts(
                v, f, h, n, attention=4 * f * f, ffn=2 * f * h, last=2 * f + f * v
            ),
        ),
        Mistake(
            "The last normalization is missing, the one before the last Dense layer.",
            lambda v, f, h, n: _parts(v, f, h, n, last=f * v + v),
        ),
        Mistake(
            "The network for each time step has two layers: one to `intermediate` units, and one back.",
            lambda v, f, h, n: _parts(v, f, h, n, ffn=f * h + h),
        ),
        Mistake(
            "The biases of the two Dense layers of each block are missing.",
            lambda v, f, h, n: _parts(v, f, h, n, ffn=2 * f * h),
        ),
        Mistake(
            "The embeddings are missing: one vector for each token of the vocabulary.",
            lambda v, f, h, n: _parts(v, f, h, n, first=0),
        ),
        Mistake(
            "You counted a single block. There are `layers` of them.",
            lambda v, f, h, n: _parts(v, f, h, 1),
        ),
        Mistake(
            "The bias of the last layer is missing: one number for each token of the vocabulary.",
            lambda v, f, h, n: _parts(v, f, h, n, last=2 * f + f * v),
        ),
    ),
)
