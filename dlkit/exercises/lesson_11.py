"""Exercises of lesson 11: weights, masks, positions without vectors, sampling, and what it costs."""

from dlkit.exercises.checks_11 import (
    COUNT,
    DISTANCE,
    KEYS_IN_USE,
    NUCLEUS,
    PERPLEXITY,
    WINDOW,
    attention_with_distance,
    keys_in_use,
    nucleus,
    parameter_count,
    perplexity,
    window_mask,
)
from dlkit.exercises.registry import Exercise

EXERCISES = (
    Exercise(
        id="11.1",
        title="At how many keys does a query look?",
        level="fill in",
        statement=r"""
The lesson measured with the entropy $-\sum_j w_j \ln w_j$ how widely a query spreads its weights.
Raise e to it, and you have a number of keys: 1 if one key takes all, 3 if three share alike.
Complete the function: `scores` has shape (queries, keys), and each row goes through a softmax of
its own. Return e to the entropy, one number per query, shape (queries,).
""",
        starter="""def my_keys_in_use(scores):
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights = ...  # (queries, keys), each row sums to 1
    return ...


check("11.1", my_keys_in_use)
""",
        hints=(
            "What is still missing between shares and weights?",
            "`weights = shares / shares.sum(axis=1, keepdims=True)`: now each row sums to 1.",
            "Multiply each weight with its np.log, add up along the keys (axis 1), mind the sign, and take "
            "np.exp of the sum.",
        ),
        solution=keys_in_use,
        examine=KEYS_IN_USE,
        wrong_answers=KEYS_IN_USE.wrong_answers(),
    ),
    Exercise(
        id="11.2",
        title="A window into the past",
        level="build",
        statement=r"""
For long texts some models let a token look only a little way back: query $t$ sees the keys
$t - width, \dots, t$, and nothing else. Write a function that returns what is hidden: truth values
of shape (length, length), True where the query (row) must not look at the key (column).
""",
        starter="""def my_window(length, width):
    ...


check("11.2", my_window)
""",
        hints=(
            "Draw it for length 4 and width 1. How many cells of each row are free?",
            (
                "With `query = np.arange(length)[:, None]` and `key = np.arange(length)[None, :]` you "
                "can compare every query with every key at once."
            ),
            "Hidden is the future, `key > query`, or (`|`) what lies too far back: `key < query - …`.",
        ),
        solution=window_mask,
        examine=WINDOW,
        wrong_answers=WINDOW.wrong_answers(),
    ),
    Exercise(
        id="11.3",
        title="Positions without position vectors",
        level="build",
        statement=r"""
Press, Smith and Lewis (2021) leave the position vectors away and let each score fall with the
distance: query $i$ and key $j \le i$ have the score
$q_i \cdot k_j / \sqrt d - slope \cdot (i - j)$, and later keys are hidden. Write this attention:
`query` and `key` have shape (n, d), `value` has shape (n, m). Return the result, shape (n, m).
""",
        starter="""def my_attention(query, key, value, slope):
    ...


check("11.3", my_attention)
""",
        hints=(
            "Start with the formula of the lesson. What has to change before the softmax?",
            (
                "`back = np.arange(n)[:, None] - np.arange(n)[None, :]` holds i − j; where it is "
                "negative the key lies in the future."
            ),
            (
                "`scores = query @ key.T / np.sqrt(d) - slope * back`, then −inf where back < 0, "
                "softmax along the keys, and `@ value`."
            ),
        ),
        solution=attention_with_distance,
        examine=DISTANCE,
        wrong_answers=DISTANCE.wrong_answers(),
    ),
    Exercise(
        id="11.4",
        title="Top-p: the fewest that will do",
        level="build",
        statement="""
Top-k keeps the same number of candidates whether the model is sure or not. Top-p (Holtzman et al.
2019) keeps the fewest favourites whose probabilities together reach `top_p`, the one with which
the sum reaches it included. Take `probabilities`, shape (tokens,), and return what is left, shape
(tokens,): zeros where a token is out, the others at their old places, with the sum 1.
""",
        starter="""def my_top_p(probabilities, top_p):
    ...


check("11.4", my_top_p)
""",
        hints=(
            "Sort the tokens from the most probable one down, and add up. When do you stop?",
            (
                "`order = np.argsort(-probabilities)`; a token stays if those before it in this order "
                "hold less than top_p together."
            ),
            (
                "`before = np.cumsum(p[order]) - p[order]`, `kept[order] = before < top_p` puts the "
                "answer back to the old places; zeros elsewhere, and divide by the sum."
            ),
        ),
        solution=nucleus,
        examine=NUCLEUS,
        wrong_answers=NUCLEUS.wrong_answers(),
    ),
    Exercise(
        id="11.5",
        title="Perplexity",
        level="build",
        statement=r"""
Language models are compared by their perplexity, $\exp(-\frac{1}{n} \sum \ln p)$ over the $n$ real
tokens: $p$ is the probability that the model gave to the token that came. `probabilities` has shape
(batch, time, vocabulary), `tokens` (batch, time) holds the tokens that came, and `lengths` (batch,) how many of them are real
in each text; the rest only fills it up. Return one number.
""",
        starter="""def my_perplexity(probabilities, tokens, lengths):
    ...


check("11.5", my_perplexity)
""",
        hints=(
            "First pick, for each place, the probability of the token that came there.",
            "`np.take_along_axis(probabilities, tokens[..., None], axis=-1)[..., 0]` picks them.",
            (
                "`real = np.arange(tokens.shape[1]) < lengths[:, None]` says where a token is real: keep "
                "those with `[real]`, then np.log, mean, the sign, and np.exp at the very end."
            ),
        ),
        solution=perplexity,
        examine=PERPLEXITY,
        wrong_answers=PERPLEXITY.wrong_answers(),
    ),
    Exercise(
        id="11.6",
        title="What does a language model learn?",
        level="open",
        statement="""
How many numbers does a language model like that of the lesson learn, if its positions are fixed
sines? It has an Embedding (`vocabulary` tokens, `features` numbers each), then `layers` blocks
TransformerDecoder with `intermediate` hidden units per time step, a LayerNormalization, and a
Dense layer back to the vocabulary. Biases count, and so do scale and shift of each normalization.
Write a function that returns the number for any sizes. (Why is the number of heads not asked for?)
""",
        starter="""def my_count(vocabulary, features, intermediate, layers):
    ...


check("11.6", my_count)
""",
        hints=(
            (
                "Let the kit list the parts of a small one: `print(Network([...], (4,)).summary())`, and "
                "look at the names and shapes in `.parameters`."
            ),
            (
                "A block has four maps of features × features (Q, K, V, output), two Dense layers, two "
                "normalizations. Each map has a bias for each of its outputs."
            ),
            (
                "4 (f² + f) + (f h + h) + (h f + f) + 4 f for each block with f features and h hidden "
                "units; before them v f, after them 2 f + f v + v."
            ),
        ),
        solution=parameter_count,
        examine=COUNT,
        wrong_answers=COUNT.wrong_answers(),
    ),
)
